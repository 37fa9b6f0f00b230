"""Views: what stands on a sheet and is not seen by who looks at it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from batch.sheets.headers import Headers
from batch.sheets.layout import letters
from batch.sheets.problems import Problem
from batch.sheets.spellings import spans
from batch.sheets.workbooks import RawSheet


def hidden_rows(raw: RawSheet, occupied: Collection[int]) -> list[Problem]:
    """Tell of rows that count and that a person does not see."""
    rows = [row for row in raw.hidden_rows if row in occupied]
    if not rows:
        return []
    how = "hidden or filtered" if raw.filtered else "hidden"
    return [
        Problem(
            code="rows-hidden",
            sheet=raw.name,
            row=rows[0],
            message=f"{len(rows):,} {how} rows of {raw.name} count as rows: {spans(rows)}."
            if len(rows) > 1
            else f"Row {rows[0]} of {raw.name} is {how}; it counts all the same.",
            fix=f"{'Clear the filter and show' if raw.filtered else 'Show'} all rows to see them; "
            "delete those that are not meant.",
        )
    ]


def struck_cells(raw: RawSheet, occupied: Collection[int], columns: Iterable[int]) -> list[Problem]:
    """Tell of rows that count and have cells struck through, in columns that count."""
    struck = {(row, column) for column in columns for row in raw.struck.get(column, ()) if row in occupied}
    if not struck:
        return []
    row, column = min(struck)
    rows = sorted({row for row, _ in struck})
    return [
        Problem(
            code="cells-struck",
            sheet=raw.name,
            row=row,
            column=column,
            message=f"{len(rows):,} rows of {raw.name} have struck-through cells and count all the same: {spans(rows)}."
            if len(rows) > 1
            else f"Row {row} of {raw.name} has a struck-through cell; it counts all the same.",
            fix="Delete the rows that are not meant any more, or set their trunk's Action to skip.",
        )
    ]


def hidden_columns(raw: RawSheet, row: int, headers: Headers) -> list[Problem]:
    """Tell of columns that count and that a person does not see."""
    hidden = {at: headers.texts[name] for name, at in headers.columns.items() if at in raw.hidden_columns}
    if not hidden:
        return []
    first = min(hidden)
    called = ", ".join(f"{text!r} ({letters(at)})" for at, text in sorted(hidden.items()))
    return [
        Problem(
            code="columns-hidden",
            sheet=raw.name,
            row=row,
            column=first,
            header=hidden[first],
            message=f"The hidden column{'s' if len(hidden) > 1 else ''} {called} of {raw.name} "
            f"count{'' if len(hidden) > 1 else 's'} all the same.",
            fix="Show all columns to see what stands there; put # in front of the header of one that is not meant.",
        )
    ]
