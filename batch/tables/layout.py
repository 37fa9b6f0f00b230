"""Layout: what stands in the rows of a table and is hidden, struck through or merged, or is a total or a remark."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from batch.readers.workbook import Block, CellValue, RawSheet
from batch.schema.column_model import CLEAR, ListSheet, Parser, Sheet
from batch.schema.problems import Problem
from batch.tables.headers import Headers
from batch.tables.password_cells import names_secret
from batch.tables.regions import Region, is_blank
from batch.tables.unknown_columns import shown_cell
from batch.wording import letters, listed, spans


def hidden_rows(raw: RawSheet, occupied: Collection[int]) -> Iterator[Problem]:
    """Tell of rows that count and that a person does not see."""
    rows = [row for row in raw.hidden_rows if row in occupied]
    if not rows:
        return
    how = "hidden or filtered" if raw.filtered else "hidden"
    yield Problem(
        code="rows-hidden",
        sheet=raw.name,
        row=rows[0],
        message=f"{len(rows):,} rows of {raw.name} are {how} and are used all the same: {spans(rows)}."
        if len(rows) > 1
        else f"Row {rows[0]} of {raw.name} is {how}; it is used all the same.",
        fix=f"{'Clear the filter and show' if raw.filtered else 'Show'} all rows to see them; "
        "delete those that should not be sent.",
    )


def struck_cells(raw: RawSheet, occupied: Collection[int], columns: Iterable[int]) -> Iterator[Problem]:
    """Tell of rows that count and have cells struck through, in columns that count."""
    struck = {(row, column) for column in columns for row in raw.struck.get(column, ()) if row in occupied}
    if not struck:
        return
    row, column = min(struck)
    rows = sorted({row for row, _ in struck})
    yield Problem(
        code="cells-struck",
        sheet=raw.name,
        row=row,
        column=column,
        message=f"{len(rows):,} rows of {raw.name} have struck-through cells and are used all the same: {spans(rows)}."
        if len(rows) > 1
        else f"Row {row} of {raw.name} has a struck-through cell; it is used all the same.",
        fix="Delete the rows that you no longer need, or set their trunk's Action to skip.",
    )


def hidden_column_problems(raw: RawSheet, row: int, headers: Headers) -> Iterator[Problem]:
    """Tell of columns that count and that a person does not see."""
    hidden = {at: headers.texts[name] for name, at in headers.columns.items() if at in raw.hidden_columns}
    if not hidden:
        return
    first = min(hidden)
    called = ", ".join(f"{text!r} ({letters(at)})" for at, text in sorted(hidden.items()))
    yield Problem(
        code="columns-hidden",
        sheet=raw.name,
        row=row,
        column=first,
        header=hidden[first],
        message=f"The hidden column{'s' if len(hidden) > 1 else ''} {called} of {raw.name} "
        f"{'are' if len(hidden) > 1 else 'is'} used all the same.",
        fix="Show all columns and look; put # in front of the header of a column that should not be sent.",
    )


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

    A column that says which trunk is meant, or which PBX, counts for every row that it is merged over.
    """
    links = {
        headers.columns[column.field]: column.field
        for column in (*sheet.columns, *sheet.of_fleets)
        if (column.parser is Parser.TRUNK or column in sheet.of_fleets) and column.field in headers.columns
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
            _merged_problem(raw, headers, block, known[position], row, shown if position == block.first_column else "")
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


def _merged_problem(raw: RawSheet, headers: Headers, block: Block, name: str, row: int, shown: str) -> Problem:
    position = headers.columns[name]
    first = f"{letters(block.first_column)}{block.first_row}"
    return Problem(
        code="cell-merged",
        sheet=raw.name,
        row=row,
        column=position,
        header=headers.texts[name],
        message=f"{letters(position)}{row} is merged with {first}, so it has no value of its own.",
        fix=f"Unmerge the cells and fill in each one{f', like {shown} here' if shown else ''}.",
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
        message=f"{first} is merged with the cells up to {letters(block.last_column)}{block.last_row}, so those have "
        "no values of their own.",
        fix="Unmerge the cells and fill in each one.",
    )


def _counts(raw: RawSheet, headers: Headers, name: str, rows: list[int]) -> Problem:
    return Problem(
        code="cells-merged",
        sheet=raw.name,
        row=rows[0],
        column=headers.columns[name],
        header=headers.texts[name],
        message=f"Merged cells of {headers.texts[name]} apply to all their rows: row{'s' if len(rows) > 1 else ''} "
        f"{spans(sorted(rows))} too.",
    )


_TOTALS: Final = re.compile(
    r"(?:(?:grand|sub|zwischen|gesamt)[\s-]*)?(?:totals?|totaux|totales|sum|summe|suma|somme|sous[\s-]*tota(?:l|ux)"
    r"|insgesamt|gesamt|gesamt(?:an)?zahl|anzahl|count|number of|nombre de|cantidad|recuento)\b.*"
    r"|.*\s(?:totals?|summe|gesamt):?|(?:合计|小计|总计|總計|共计).*|[\u03a3\u2211].*",
    re.IGNORECASE | re.DOTALL,
)
_DATE: Final = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}(?:[ T].*)?")
_NUMBER: Final = re.compile(r"(?:[0-9XZN][\s()./-]?){7}", re.IGNORECASE)
"""So many digits are a number that somebody may have meant."""
_DIGIT: Final = re.compile("[0-9]")
_ODD: Final = re.compile(r"[\s:./]")
_SHORT: Final = re.compile(r"[0-9.,]*")
_FEWEST: Final = 3
"""So many words are a remark rather than a name that was mistyped."""
_SHOWN: Final = 4


def totals_rows(raw: RawSheet, region: Region) -> tuple[tuple[Block, ...], list[Problem]]:
    """Return the totals rows of Excel tables that lie in the list, and tell of them."""
    rows = range(region.header_row + 1, region.end)
    width = range(raw.first_column, raw.first_column + len(raw.columns))
    found = tuple(b for b in raw.totals if b.first_row in rows and b.last_row in rows and b.first_column in width)
    if not found:
        return found, []
    numbers = sorted({row for block in found for row in range(block.first_row, block.last_row + 1)})
    one = len(numbers) == 1
    return found, [
        Problem(
            code="totals-row",
            sheet=raw.name,
            row=numbers[0],
            column=found[0].first_column,
            message=f"Row{'' if one else 's'} {spans(numbers)}: the file says that {'this is' if one else 'these are'} "
            f"the totals row{'' if one else 's'} of a table; {'it is' if one else 'they are'} ignored.",
        )
    ]


def rows_without_data(
    sheet: Sheet,
    raw: RawSheet,
    rows: Sequence[int],
    columns: Mapping[str, Sequence[Any]],
    headers: Headers,
    trunks: Collection[str],
) -> tuple[list[int], list[Problem]]:
    """Find the rows of a sheet that are no data, and say so once.

    A row that names a trunk, or that holds a number of seven digits or more, is a row, whatever else is wrong with it.
    ``columns`` have the text of its rows, by field; ``trunks`` every name and ID on the Trunks sheet, for it nothing.
    """
    shy = {headers.columns.get("password"), *(at for at, text in headers.own.items() if names_secret(text))}
    found: dict[int, tuple[int, str]] = {}
    key = sheet.number if isinstance(sheet, ListSheet) else ""
    strange = _of_list(key, rows, columns, trunks) if key else {}
    below, has_numbers = _table_below(rows, columns, strange, key)
    asides = [row for row, is_data in strange.items() if not is_data]
    for row in _of_trunks(rows, columns) if sheet.required else asides:
        at, label = _first_filled(raw, row)
        texts = [str(text) for text in _cells(columns, bisect_left(rows, row)) if text]
        is_aside = row in below or _is_total(label, texts, sheet) or _is_remark(label, texts, sheet)
        if at not in shy and is_aside and not (has_numbers and row in below):
            found[row] = (at, label)
    problems = [_no_data(raw, found)] if found else []
    if not has_numbers:
        return list(found), problems
    return [*found, *below], [*problems, _perhaps_a_table(raw, below)]


def _no_data(raw: RawSheet, found: Mapping[int, tuple[int, str]]) -> Problem:
    """Name rows that are no data; by row, where its first filled cell stands and what it says."""
    rows = list(found)
    one = len(rows) == 1
    return Problem(
        code="rows-no-data",
        sheet=raw.name,
        row=rows[0],
        column=found[rows[0]][0],
        value=found[rows[0]][1],
        message=f"Row{'' if one else 's'} {spans(rows)} of {raw.name} {'is' if one else 'are'} not data: "
        f"{listed((label for _, label in found.values()), _SHOWN)}.",
        fix=f"Delete {'it' if one else 'them'}, or move {'it' if one else 'them all'} to another sheet.",
    )


def _perhaps_a_table(raw: RawSheet, rows: Sequence[int]) -> Problem:
    at, label = _first_filled(raw, rows[0])
    return Problem(
        code="rows-no-data",
        sheet=raw.name,
        row=rows[0],
        column=at,
        value=label,
        message=f"Rows {spans(rows)} of {raw.name} name no trunk from the Trunks sheet and look like another table, "
        f"which begins with {label!r}.",
        fix="Move them to another sheet; or, if they contain numbers to send, type the trunk of each in the column "
        "Trunk.",
    )


def _cells(columns: Mapping[str, Sequence[Any]], at: int) -> list[Any]:
    return [column[at] for column in columns.values()]


def _of_list(
    key: str, rows: Sequence[int], columns: Mapping[str, Sequence[Any]], trunks: Collection[str]
) -> dict[int, bool]:
    """Return the rows of a list that name no trunk of the Trunks sheet, and whether they hold a number or an ID."""
    if key not in columns or "trunk" not in columns:
        return {}
    owners = columns["trunk"]
    unknown = set(owners) - set(trunks)
    if not unknown:
        return {}
    found: dict[int, bool] = {}
    for row, owner, number in zip(rows, owners, columns[key], strict=True):
        if owner in unknown:
            found[row] = owner.isdecimal() or number == CLEAR or _is_number(number)
    return found


def trunks_with_numbers(owners: Sequence[str], numbers: Sequence[str]) -> set[str]:
    """Return the trunks that rows with a number name: what a list alone, without a Trunks sheet, knows of trunks."""
    return {owner for owner, number in zip(owners, numbers, strict=True) if owner and _is_number(number)}


def _is_number(text: str) -> bool:
    return _NUMBER.search(text) is not None and not _DATE.fullmatch(text)


def _table_below(
    rows: Sequence[int], columns: Mapping[str, Sequence[Any]], strange: Mapping[int, bool], key: str
) -> tuple[Sequence[int], bool]:
    """Find another table below the list: behind a blank row, headed by words, without a trunk to its end.

    Returns its rows, and whether there are numbers or IDs in it.
    """
    begin = len(rows)
    while begin and rows[begin - 1] in strange:
        begin -= 1
    for at in range(max(begin, 1), len(rows) - 1):
        if rows[at] - rows[at - 1] > 1 and not strange[rows[at]]:
            header = [text for text in _cells(columns, at) if text]
            worded = (len(header) > 1 or header[0].endswith(":")) and not any(map(_DIGIT.search, header))
            owner, *below = columns["trunk"][at:]
            if not worded or (owner and owner in below):
                return (), False
            numbers = columns[key][at:]
            return rows[at:], any(map(strange.get, rows[at:])) or any(
                _DIGIT.search(number) and not _DATE.fullmatch(number) for number in numbers
            )
    return (), False


def _of_trunks(rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Iterator[int]:
    """Yield the rows of the Trunks sheet that begin with what cannot be a name."""
    if len(columns) < 2 or "name" not in columns:
        return
    for row, name in zip(rows, columns["name"], strict=True):
        if not name or _ODD.search(name) or _TOTALS.fullmatch(name):
            yield row


def _first_filled(raw: RawSheet, row: int) -> tuple[int, str]:
    """Return where the first filled cell of a row stands, and what it says."""
    for at, column in enumerate(raw.columns, raw.first_column):
        value = column[row - raw.first_row]
        if not is_blank(value):
            return at, shown_cell(value)
    return raw.first_column, ""


def _is_total(label: str, texts: Sequence[str], sheet: Sheet) -> bool:
    """Tell whether a row counts others; one of a trunk that is called so would hold more than numbers."""
    if not any(map(_TOTALS.fullmatch, {label, *texts[:1]})):
        return False
    return not sheet.required or all(text == label or _SHORT.fullmatch(text) for text in texts)


def _is_remark(label: str, texts: Sequence[str], sheet: Sheet) -> bool:
    if any(text != label and not _DATE.fullmatch(text) for text in texts):
        return False
    words = len(label.split())
    return bool(_DATE.fullmatch(label)) or words >= (_FEWEST if sheet.required else 2) or (":" in label and words > 1)
