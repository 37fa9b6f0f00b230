"""Rows that are no data: totals, legends, dates and remarks between and below the rows of a list."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from batch.readers.workbook import Block, RawSheet
from batch.schema.column_model import CLEAR, Sheet
from batch.schema.columns import CALLER_IDS
from batch.schema.problems import Problem
from batch.schema.spellings import listed, spans
from batch.tables.headers import Headers
from batch.tables.table_range import Region, is_blank
from batch.tables.unknown_columns import shown_cell
from batch.tables.vocabulary import names_secret

if TYPE_CHECKING:
    import pandas as pd

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
            f"the totals row{'' if one else 's'} of a table; {'it is' if one else 'they are'} left out.",
            fix="Nothing to do.",
        )
    ]


def asides(
    sheet: Sheet, raw: RawSheet, frame: pd.DataFrame, headers: Headers, trunks: Collection[str]
) -> tuple[list[int], list[Problem]]:
    """Find the rows of a sheet that are no data, and say so once.

    A row that names a trunk, or that holds a number of seven digits or more, is a row, whatever else is wrong with it.

    Args:
        sheet: which of the three it is.
        raw: its cells.
        frame: the text of its rows, by field.
        headers: what its columns mean.
        trunks: every name and ID on the Trunks sheet; for that sheet itself, nothing.
    """
    shy = {headers.columns.get("password"), *(at for at, text in headers.own.items() if names_secret(text))}
    found: dict[int, tuple[int, str]] = {}
    strange = {} if sheet.required else _of_list(sheet, frame, trunks)
    below, has_numbers = _table_below(frame, strange, _key(sheet))
    for row in _of_trunks(frame) if sheet.required else [row for row, is_data in strange.items() if not is_data]:
        at, label = _first_filled(raw, row)
        texts = [str(text) for text in frame.loc[row] if text]
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
        message=f"Row{'' if one else 's'} {spans(rows)} of {raw.name} {'is' if one else 'are'} no data: "
        f"{listed((label for _, label in found.values()), _SHOWN)}.",
        fix=f"Delete {'it' if one else 'them'}, or move {'it' if one else 'them all'} to a sheet of your own.",
    )


def _perhaps_a_table(raw: RawSheet, rows: Sequence[int]) -> Problem:
    at, label = _first_filled(raw, rows[0])
    return Problem(
        code="rows-no-data",
        sheet=raw.name,
        row=rows[0],
        column=at,
        value=label,
        message=f"Rows {spans(rows)} of {raw.name} name no trunk of the Trunks sheet; they look like another table, "
        f"which begins with {label!r}.",
        fix="Move them to a sheet of your own; or if numbers in them are meant, type the trunk of each under Trunk.",
    )


def _of_list(sheet: Sheet, frame: pd.DataFrame, trunks: Collection[str]) -> dict[int, bool]:
    """Return the rows of a list that name no trunk of the Trunks sheet, and whether they hold a number or an ID."""
    key = _key(sheet)
    if key not in frame or "trunk" not in frame:
        return {}
    owners = frame["trunk"].tolist()
    unknown = set(owners) - set(trunks)
    if not unknown:
        return {}
    found: dict[int, bool] = {}
    for row, owner, number in zip(frame.index.tolist(), owners, frame[key].tolist(), strict=True):
        if owner in unknown:
            is_number = _NUMBER.search(number) and not _DATE.fullmatch(number)
            found[row] = bool(owner.isdecimal() or number == CLEAR or is_number)
    return found


def _key(sheet: Sheet) -> str:
    """Return the field of a list that holds its numbers."""
    return "outbound_cid" if sheet is CALLER_IDS else "did"


def _table_below(frame: pd.DataFrame, strange: Mapping[int, bool], key: str) -> tuple[Sequence[int], bool]:
    """Find another table below the list: behind a blank row, headed by words, without a trunk to its end.

    Returns its rows, and whether there are numbers or IDs in it.
    """
    rows = frame.index.tolist()
    begin = len(rows)
    while begin and rows[begin - 1] in strange:
        begin -= 1
    for at in range(max(begin, 1), len(rows) - 1):
        if rows[at] - rows[at - 1] > 1 and not strange[rows[at]]:
            header = [text for text in frame.loc[rows[at]].tolist() if text]
            worded = (len(header) > 1 or header[0].endswith(":")) and not any(map(_DIGIT.search, header))
            owner, *below = frame["trunk"].tolist()[at:]
            if not worded or (owner and owner in below):
                return (), False
            numbers = frame[key].tolist()[at:]
            return rows[at:], any(map(strange.get, rows[at:])) or any(
                _DIGIT.search(number) and not _DATE.fullmatch(number) for number in numbers
            )
    return (), False


def _of_trunks(frame: pd.DataFrame) -> Iterator[int]:
    """Yield the rows of the Trunks sheet that begin with what cannot be a name."""
    if len(frame.columns) < 2 or "name" not in frame:
        return
    for row, name in zip(frame.index.tolist(), frame["name"].tolist(), strict=True):
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
    """Tell whether a row is a few words, alone or with a date."""
    if any(text != label and not _DATE.fullmatch(text) for text in texts):
        return False
    words = len(label.split())
    return bool(_DATE.fullmatch(label)) or words >= (_FEWEST if sheet.required else 2) or (":" in label and words > 1)
