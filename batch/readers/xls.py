"""Workbooks of Excel before 2007 (``.xls``), read by xlrd: slower than calamine, but it drops hardly anything.

It does not tell rows hidden by a filter from rows hidden by hand; which cells have a formula, the records say. What it
gives up at, calamine reads, as far as values go; then the records also tell of errors, hidden rows and merged cells.
Sources: [MS-CFB] 2.2 to 2.6 for the file within the file, [MS-XLS] 2.4 for the records.
"""

from __future__ import annotations

import datetime as dt
import io
import struct
from array import array
from contextlib import suppress
from dataclasses import replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Final

import xlrd
from python_calamine import CalamineWorkbook
from xlrd.compdoc import CompDoc, CompDocError
from xlrd.xldate import xldate_as_datetime

from batch.errors import WorkbookError
from batch.readers.number_formats import shows_otherwise
from batch.readers.workbook import (
    BLANK,
    Block,
    CellDetails,
    CellError,
    CellValue,
    Grid,
    RawSheet,
    calamine_failures,
    damaged,
    encrypted,
    not_a_spreadsheet,
    read_sheets,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import Any


_OLE: Final = b"\xd0\xcf\x11\xe0"
_HEADER: Final = 512
_IN_HEADER: Final = 109
"""Sectors of the table of chains that the header itself names."""
_ENTRY: Final = 128
"""Bytes that the directory has for each file."""


def runs_in_circles(content: bytes) -> bool:
    """Tell whether following the sectors of a container never ends, as readers do until the memory is full."""
    if not content.startswith(_OLE) or len(content) < _HEADER:
        return False
    size = 1 << min(struct.unpack_from("<H", content, 30)[0], 16)
    directory, small, named = (struct.unpack_from("<I", content, place)[0] for place in (48, 60, 68))
    tables = list(struct.unpack_from(f"<{_IN_HEADER}I", content, 76))
    seen: set[int] = set()
    while (sector := _sector(content, named, size)) and len(sector) == size:
        if named in seen:
            return True
        seen.add(named)
        *further, named = struct.unpack(f"<{size // 4}I", sector)
        tables += further
    follow = _numbers(_sector(content, table, size) for table in dict.fromkeys(tables))
    if _is_circle(follow, [directory, small]):
        return True
    entries = b"".join(_sector(content, place, size) for place in _chain(follow, directory))
    starts = [
        struct.unpack_from("<I", entries, place + 116)[0] for place in range(0, len(entries) - _ENTRY + 1, _ENTRY)
    ]
    follow_small = _numbers(_sector(content, place, size) for place in _chain(follow, small))
    return _is_circle(follow, starts) or _is_circle(follow_small, starts)


def _sector(content: bytes, number: int, size: int) -> bytes:
    start = max(size, _HEADER) + number * size
    return content[start : start + size]


def _numbers(sectors: Iterable[bytes]) -> Sequence[int]:
    table = b"".join(sectors)
    return array("I", chain.from_iterable(struct.iter_unpack("<I", table[: len(table) // 4 * 4])))


def _chain(follow: Sequence[int], start: int) -> Iterator[int]:
    while start < len(follow):
        yield start
        start = follow[start]


def _is_circle(follow: Sequence[int], starts: Iterable[int]) -> bool:
    """Tell whether one of some chains comes back to where it was."""
    known: set[int] = set()
    for start in starts:
        way: dict[int, None] = {}
        place = start
        while place < len(follow) and place not in known:
            if place in way:
                return True
            way[place] = None
            place = follow[place]
        known.update(way)
    return False


FORMULA: Final = "=…"
"""What is said of a formula whose text is not known."""

_BEGINNINGS: Final = frozenset({0x0009, 0x0209, 0x0409, 0x0809})
_END: Final = 0x000A
_SHEET: Final = 0x0085

_WORKSHEET: Final = 0x00
_HIDDEN: Final = 0x20
"""fDyZero in a row's flags (2.4.221, Row)."""
_ERROR_RESULT: Final = b"\x02"
_NO_NUMBER: Final = b"\xff\xff"
"""What the last two bytes of a formula's result say where it is no number; the first byte says what it is then."""


def read_records(content: bytes) -> list[CellDetails]:
    """Return what the records of each sheet tell, in the workbook's order; nothing where they cannot be followed."""
    stream = _stream(content)
    try:
        starts = list(_worksheets(stream)) or [0]
        return [_details(stream, start) for start in starts]
    except (struct.error, _BrokenOffError):
        return []


class _BrokenOffError(Exception):
    """Records that go on past the end of the file."""


def _stream(content: bytes) -> bytes:
    if not content.startswith(_OLE):
        return content
    try:
        files = CompDoc(content, logfile=io.StringIO(), ignore_workbook_corruption=True)
        found = (files.get_named_stream(name) for name in ("Workbook", "Book"))
        return bytes(next(filter(None, found), b""))
    except (CompDocError, AssertionError, LookupError, UnicodeError, struct.error):
        return b""


def _records(stream: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, place and length of the records of one substream, those of others inside of it left out."""
    depth = 0
    header = struct.Struct("<HH")
    while place + 4 <= len(stream):
        number, length = header.unpack_from(stream, place)
        if number in _BEGINNINGS:
            depth += 1
        elif number == _END:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield number, place + 4, length
        place += 4 + length
    raise _BrokenOffError


def _worksheets(stream: bytes) -> Iterator[int]:
    for number, place, length in _records(stream, 0):
        if number == _SHEET and length >= 6:
            start, _, kind = struct.unpack_from("<IBB", stream, place)
            if kind == _WORKSHEET:
                yield start


def _details(stream: bytes, start: int) -> CellDetails:
    details = CellDetails()
    for number, place, length in _records(stream, start):
        if number in _NOTES:
            least, note = _NOTES[number]
            if length >= least:
                note(details, stream[place : place + length])
    return details


def _note_formula(details: CellDetails, record: bytes) -> None:
    row, column = struct.unpack_from("<HH", record)
    details.formulas.setdefault(column, {})[row + 1] = FORMULA
    result = record[6:14]
    if result.startswith(_ERROR_RESULT) and result.endswith(_NO_NUMBER):
        details.cells[row, column] = _error(result[2])


def _note_error(details: CellDetails, record: bytes) -> None:
    row, column, _, code, is_error = struct.unpack_from("<HHHBB", record)
    if is_error:
        details.cells[row, column] = _error(code)


def _note_hidden_row(details: CellDetails, record: bytes) -> None:
    row, flags = struct.unpack_from("<H10xH", record)
    if flags & _HIDDEN:
        details.hidden_rows.append(row + 1)


def _note_merged(details: CellDetails, record: bytes) -> None:
    for top, bottom, left, right in struct.iter_unpack("<HHHH", record[2:]):
        details.merged.append(Block(top + 1, left, bottom + 1, right))


_NOTES: Final = {
    **dict.fromkeys((0x0006, 0x0206, 0x0406), (14, _note_formula)),
    0x0205: (8, _note_error),
    0x0208: (14, _note_hidden_row),
    0x00E5: (2, _note_merged),
}
"""By number of a record: the least bytes that it must have, and what is noted of it."""


def _error(code: int) -> CellError:
    return CellError(xlrd.error_text_from_code.get(code, "#ERROR!"))


_CORRUPT: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    xlrd.formula.FormulaError,
)
"""What xlrd raises, beside its own errors, when records contradict each other."""

_NUMERIC: Final = frozenset({xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE})
_EMPTY: Final = frozenset({xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK})
_NO_WORKBOOK: Final = "Can't find workbook"
_ENCRYPTED: Final = "encrypted"


ONLY_VALUES: Final = (
    "{} is laid out in a way of which only values, formulas, errors, merged cells and hidden rows can be told: not "
    "number formats (a date, zeros in front), hidden columns or struck-through cells."
)


def read_xls(path: Path) -> tuple[tuple[RawSheet, ...], dict[str, str]]:
    """Read all worksheets, in the workbook's order.

    Returns:
        The sheets, and what is to be told of each, by its name.

    Raises:
        WorkbookError: It is encrypted, damaged, or another kind of Office file.
    """
    content = path.read_bytes()
    if runs_in_circles(content):
        raise damaged(path, "its pieces follow each other in a circle")
    noted = read_records(content)
    try:
        return _by_xlrd(path, content, noted), {}
    except _Unread as unread:
        if unread.corrupt:
            with suppress(_Unread):
                return _by_xlrd(path, content, noted, corrupt=True), {}
        sheets = _by_calamine(path, content, noted, unread.refusal)
    return sheets, {sheet.name: ONLY_VALUES.format(path.name) for sheet in sheets}


class _Unread(Exception):
    """What xlrd gives up at."""

    def __init__(self, refusal: WorkbookError, *, corrupt: bool = False) -> None:
        self.refusal = refusal
        self.corrupt = corrupt
        """Whether it may go on if it is told to."""


def _by_xlrd(path: Path, content: bytes, noted: list[CellDetails], *, corrupt: bool = False) -> tuple[RawSheet, ...]:
    try:
        with xlrd.open_workbook(
            file_contents=content,
            logfile=io.StringIO(),
            formatting_info=True,  # else it says neither what is hidden or merged nor how numbers look
            ragged_rows=True,
            ignore_workbook_corruption=corrupt,
        ) as book:
            styles = _styles(book)
            fonts = frozenset(number for number, font in enumerate(book.font_list) if font.struck_out)
            struck = frozenset(number for number, style in enumerate(book.xf_list) if style.font_index in fonts)
            sheets = book.sheets()
            formulas = [details.formulas for details in noted] if len(noted) == len(sheets) else [{} for _ in sheets]
            return tuple(
                replace(_sheet(sheet, book.datemode, styles, struck, fonts), formulas=cells)
                for sheet, cells in zip(sheets, formulas, strict=True)
            )
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError) as error:
        if _ENCRYPTED in str(error).casefold():
            raise encrypted(path) from None
        if _NO_WORKBOOK in str(error):
            raise not_a_spreadsheet(path, "an older Office file of another kind (a letter, slides or a mail)") from None
        refusal = damaged(path, "it begins like an .xls workbook, but does not go on like one")
        raise _Unread(refusal, corrupt=isinstance(error, xlrd.compdoc.CompDocError)) from None
    except _CORRUPT:
        raise _Unread(damaged(path, "what is inside does not fit together")) from None


def _by_calamine(path: Path, content: bytes, noted: list[CellDetails], refusal: WorkbookError) -> tuple[RawSheet, ...]:
    """Read the values of a workbook that xlrd gives up at, if the records tell at least as many sheets."""
    if not noted:
        raise refusal
    try:
        with calamine_failures(path):
            return read_sheets(CalamineWorkbook.from_filelike(io.BytesIO(content)), noted)
    except WorkbookError:
        raise refusal from None


def _styles(book: Any) -> dict[int, str]:
    codes = {number: str(book.format_map[style.format_key].format_str) for number, style in enumerate(book.xf_list)}
    return {number: code for number, code in codes.items() if shows_otherwise(code)}


def _sheet(
    sheet: Any, datemode: int, styles: dict[int, str], struck: frozenset[int], struck_fonts: frozenset[int]
) -> RawSheet:
    rows = [
        [_value(kind, value, datemode) for kind, value in zip(sheet.row_types(row), sheet.row_values(row), strict=True)]
        for row in range(sheet.nrows)
    ]
    while rows and not any(value != BLANK for value in rows[-1]):
        rows.pop()
    columns = [list(column) for column in zip_longest(*rows, fillvalue=BLANK)]
    while columns and not any(value != BLANK for value in columns[-1]):
        columns.pop()
    details = CellDetails(
        hidden_rows=sorted(row + 1 for row, seen in sheet.rowinfo_map.items() if seen.hidden),
        hidden_columns=[
            (column, column) for column, seen in sheet.colinfo_map.items() if seen.hidden or not seen.width
        ],
        merged=[Block(top + 1, left, bottom, right - 1) for top, bottom, left, right in sheet.merged_cells],
        formats=_formats(sheet, styles) if styles else {},
        struck=_struck(sheet, struck, struck_fonts) if struck_fonts else {},
    )
    return Grid(columns=columns).to_sheet(sheet.name, hidden=sheet.visibility != 0, details=details)


def _formats(sheet: Any, styles: dict[int, str]) -> dict[int, dict[int, str]]:
    formats: dict[int, dict[int, str]] = {}
    for row in range(sheet.nrows):
        for column, kind in enumerate(sheet.row_types(row)):
            if kind in _NUMERIC and (code := styles.get(sheet.cell_xf_index(row, column))) is not None:
                formats.setdefault(column, {})[row + 1] = code
    return formats


def _struck(sheet: Any, styles: frozenset[int], fonts: frozenset[int]) -> dict[int, set[int]]:
    """Return the rows of cells that are struck through, whole or in part, by column."""
    found: dict[int, set[int]] = {}
    for row in range(sheet.nrows):
        for column, kind in enumerate(sheet.row_types(row)):
            if kind not in _EMPTY and sheet.cell_xf_index(row, column) in styles:
                found.setdefault(column, set()).add(row + 1)
    for (row, column), runs in sheet.rich_text_runlist_map.items():
        if any(font in fonts for _, font in runs):
            found.setdefault(column, set()).add(row + 1)
    return found


def _value(kind: int, value: Any, datemode: int) -> CellValue:
    match kind:
        case xlrd.XL_CELL_TEXT:
            return str(value)
        case xlrd.XL_CELL_NUMBER:
            return float(value)
        case xlrd.XL_CELL_BOOLEAN:
            return bool(value)
        case xlrd.XL_CELL_ERROR:
            return CellError(xlrd.error_text_from_code.get(value, "#ERROR!"))
        case xlrd.XL_CELL_DATE:
            return _moment(float(value), datemode)
        case _:
            return BLANK


def _moment(serial: float, datemode: int) -> CellValue:
    """Return the date, time or both that a serial number stands for; itself where it stands for none."""
    try:
        moment: dt.datetime = xldate_as_datetime(serial, datemode)
    except (OverflowError, ValueError):
        return serial
    if 0 <= serial < 1:
        return moment.time()
    return moment.date() if moment.time() == dt.time() else moment
