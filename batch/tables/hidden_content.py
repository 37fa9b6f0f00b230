"""Hidden content: what stands on a sheet and is not seen by who looks at it, and what merged cells show only once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from batch.readers.workbook import Block, CellValue, RawSheet
from batch.schema.column_model import Parser, Sheet
from batch.schema.problems import Problem
from batch.schema.spellings import letters, spans
from batch.tables.headers import Headers
from batch.tables.table_range import Region, is_blank


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


def hidden_column_problems(raw: RawSheet, row: int, headers: Headers) -> list[Problem]:
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


_NAMED: Final = 2000
"""So many covered cells of one block are named one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merges:
    """What merged cells come to in the rows of a table."""

    spread: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """By field and row number: the row above it whose value counts there as well."""
    blocks: Sequence[Block] = ()
    """Merged cells, anywhere in the table's rows, whose value does not count in all of them."""


def merges_of(sheet: Sheet, raw: RawSheet, region: Region, headers: Headers) -> Merges:
    """Look at the merged cells in the rows of a table.

    A column that says which trunk is meant counts for every row that it is merged over.
    """
    links = {
        headers.columns[column.field]: column.field
        for column in sheet.columns
        if column.parser is Parser.TRUNK and column.field in headers.columns
    }
    spread: dict[str, dict[int, int]] = {name: {} for name in links.values()}
    blocks = []
    for block in raw.merged:
        if _value(raw, block) is None or block.first_row <= region.header_row or block.first_row >= region.end:
            continue
        name = links.get(block.first_column)
        if name is None or block.first_column != block.last_column:
            blocks.append(block)
        else:
            last = min(block.last_row, region.end - 1)
            spread[name].update(dict.fromkeys(range(block.first_row + 1, last + 1), block.first_row))
    return Merges(spread={name: rows for name, rows in spread.items() if rows}, blocks=blocks)


def _value(raw: RawSheet, block: Block) -> CellValue | None:
    column, offset = block.first_column - raw.first_column, block.first_row - raw.first_row
    if not (0 <= column < len(raw.columns) and 0 <= offset < raw.height):
        return None
    value = raw.columns[column][offset]
    return None if is_blank(value) else value


def merge_problems(
    sheet: Sheet, raw: RawSheet, headers: Headers, merges: Merges, occupied: Collection[int], header_row: int
) -> list[Problem]:
    """Tell which cells have no value of their own, in rows that count, and which values count for several rows.

    A block that covers more cells than anybody wants to read of is told at the header, and so stops everything.
    """
    known = {position: name for name, position in headers.columns.items()}
    problems: list[Problem] = []
    for block in merges.blocks:
        covered = list(islice(_covered(block, known, occupied), _NAMED + 1))
        if len(covered) > _NAMED:
            problems.append(_large(raw, headers, block, known[covered[0][1]], header_row))
            continue
        value = _value(raw, block)
        name = known.get(block.first_column)
        shown = value if isinstance(value, str) and name and sheet.column(name).parser is not Parser.SECRET else ""
        problems += [
            _problem(raw, headers, block, known[position], row, shown if position == block.first_column else "")
            for row, position in covered
        ]
    for name, rows in merges.spread.items():
        counted = [row for row in rows if row in occupied]
        if counted:
            problems.append(_counts(raw, headers, name, counted))
    return problems


def _covered(block: Block, known: Mapping[int, str], occupied: Collection[int]) -> Iterator[tuple[int, int]]:
    """Return row and position of every cell that counts and has no value because another one is spread over it."""
    positions = [at for at in sorted(known) if block.first_column <= at <= block.last_column]
    for row in range(block.first_row, block.last_row + 1):
        if row in occupied:
            yield from ((row, at) for at in positions if (row, at) != (block.first_row, block.first_column))


def _problem(raw: RawSheet, headers: Headers, block: Block, name: str, row: int, shown: str) -> Problem:
    position = headers.columns[name]
    first = f"{letters(block.first_column)}{block.first_row}"
    return Problem(
        code="cell-merged",
        sheet=raw.name,
        row=row,
        column=position,
        header=headers.texts[name],
        message=f"{letters(position)}{row} is merged with {first}, so it has no value of its own.",
        fix=f"Unmerge the cells and fill in each of them{f', like {shown} here' if shown else ''}.",
        offers=(shown,) if shown else (),
    )


def _large(raw: RawSheet, headers: Headers, block: Block, name: str, header_row: int) -> Problem:
    first = f"{letters(block.first_column)}{block.first_row}"
    return Problem(
        code="cell-merged",
        sheet=raw.name,
        row=header_row,
        column=headers.columns[name],
        header=headers.texts[name],
        message=f"{first} is merged with all cells up to {letters(block.last_column)}{block.last_row}, so these have "
        "no values of their own.",
        fix="Unmerge the cells and fill in each of them.",
    )


def _counts(raw: RawSheet, headers: Headers, name: str, rows: list[int]) -> Problem:
    return Problem(
        code="cells-merged",
        sheet=raw.name,
        row=rows[0],
        column=headers.columns[name],
        header=headers.texts[name],
        message=f"Merged cells of {headers.texts[name]} count for all their rows: "
        f"row{'s' if len(rows) > 1 else ''} {spans(sorted(rows))} too.",
        fix="Nothing to do.",
    )
