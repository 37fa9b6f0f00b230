"""Binary workbooks (``.xlsb``): values by calamine, and what it drops by pyxlsb's record reader.

That a cell has a formula is known, but not which one. Filters of tables are not seen, those of the sheet are.
Source of the records: [MS-XLSB] 2.4.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Final

from pyxlsb import biff12
from pyxlsb.handlers import CellHandler
from pyxlsb.reader import BIFF12Reader

from batch.readers import packages
from batch.readers.number_formats import CellFormats, mattering
from batch.readers.workbook import (
    Block,
    CellDetails,
    CellError,
    RawSheet,
    calamine_book,
    calamine_failures,
    damaged,
    read_sheets,
    worksheets,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from batch.readers.packages import Package

ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""Excel's numbers for errors, the same in ``.xls`` and ``.xlsb`` ([MS-XLSB] 2.5.98.2, BErr)."""

_HIDDEN_BIT: Final = 0x10
"""fDyZero in the second byte of a row's flags ([MS-XLSB] 2.4.741, BrtRowHdr)."""

_WITH_FORMULA: Final = frozenset(
    {biff12.FORMULA_STRING, biff12.FORMULA_FLOAT, biff12.FORMULA_BOOL, biff12.FORMULA_BOOLERR}
)
_NUMERIC: Final = frozenset({biff12.NUM, biff12.FLOAT, biff12.FORMULA_FLOAT})
_ERRORS: Final = frozenset({biff12.BOOLERR, biff12.FORMULA_BOOLERR})
_FORMULA: Final = "=…"
"""What is said of a formula whose text is not known."""

_MERGED: Final = 0x01B0
_FORMAT: Final = 0x2C
_FONT: Final = 0x2B
_CRITERIA: Final = frozenset({0x01A5, 0x01A8, 0x01A9, 0x01AA, 0x01AB, 0x01AC})
"""What a column can be filtered by: values, colours, icons, the top ten, dates, conditions."""

_STYLE: Final = 0xFFFFFF
"""The bits of a cell's second number that name its style."""

_TEXT_IN_PLACE: Final = 0x06
"""A cell with its text in it ([MS-XLSB] 2.4.311, BrtCellSt), which pyxlsb passes over."""

_SHORT: Final = range(0x0C, 0x13)
"""Cells that do not say their column but stand right of the one before ([MS-XLSB] 2.4.811 on, BrtShortBlank …
BrtShortIsst), which both readers pass over. Programs other than Excel write them."""
_SHORTER_BY: Final = _SHORT.start - biff12.BLANK
"""Their numbers lie so far above those of the cells that say it."""


class _Reader:
    """Reads a record as pyxlsb wants it: by a function of the record and its number."""

    def __init__(self, read: Callable[[Any, int], Any]) -> None:
        self._read = read

    def read(self, record: Any, number: int, _length: int) -> Any:
        return self._read(record, number)


def _short_cell(record: Any, number: int) -> tuple[int, Any]:
    """Read a cell that does not say its column: its style, and what stands in it; of shared texts their number."""
    style = record.read_int()
    match number - _SHORTER_BY:
        case biff12.NUM:
            value = record.read_float()
        case biff12.BOOLERR:
            value = hex(record.read_byte())
        case biff12.BOOL:
            value = record.read_byte()
        case biff12.FLOAT:
            value = record.read_double()
        case code if code == _TEXT_IN_PLACE:
            value = record.read_string()
        case biff12.STRING:
            value = record.read_int()
        case _:
            return style, None
    if value is None:
        raise LookupError
    return style, value


def _columns(record: Any, _number: int) -> tuple[int, int, bool]:
    """Read of which columns a record tells, the first and the last, and whether they are hidden."""
    first, last, width = record.read_int() or 0, record.read_int() or 0, record.read_int() or 0
    record.skip(4)
    return first, last, not width or bool((record.read_short() or 0) & 1)


def _style(record: Any, _number: int) -> tuple[int, int]:
    record.skip(2)
    return record.read_short() or 0, record.read_short() or 0


def _is_struck(record: Any, _number: int) -> bool:
    """Read whether a font strikes its text through: fStrikeout ([MS-XLSB] 2.4.149, BrtFont)."""
    record.skip(2)
    return bool((record.read_short() or 0) & 0x08)


def _row(record: Any, _number: int) -> tuple[int, bool]:
    """Read the number of a row, and whether it is hidden; pyxlsb's own leaves the latter out."""
    row = record.read_int() or 0
    record.skip(4 + 2 + 1)
    return row, bool((record.read_byte() or 0) & _HIDDEN_BIT)


_NOTHING: Final = _Reader(lambda _record, _number: ())
"""Of a record that only has to be there."""


def read_xlsb(package: Package) -> tuple[RawSheet, ...]:
    """Read all worksheets, in the workbook's order.

    Raises:
        WorkbookError: The package is damaged, or spans more cells than fit into memory.
    """
    path = package.path
    for name in package.names:
        if name.casefold().endswith((".bin", ".rels")):
            for _ in package.chunks(name):
                pass
    try:
        styles = _styles(package)
        texts = functools.cache(lambda: _texts(package))
        noted = {name: _details(package.read(part), styles, texts) for name, part in _parts(package).items()}
    except (TypeError, LookupError):  # pyxlsb, at a record that is too short
        raise damaged(path, "one of its records breaks off") from None
    with calamine_failures(path):
        book = calamine_book(path, ".xlsb")
        for _, meta in worksheets(book):
            if meta.name not in noted:
                raise damaged(path, f'its sheet "{meta.name}" is listed but not there')
            noted[meta.name].check_far_cells(path, meta.name)
        return read_sheets(book, [noted[meta.name] for _, meta in worksheets(book)])


def _parts(package: Package) -> dict[str, str]:
    book = packages.list_of_sheets(package)
    links = packages.targets(package, book)
    parts: dict[str, str] = {}
    for number, sheet in BIFF12Reader(fp=io.BytesIO(package.read(book))):
        if number == biff12.SHEET:
            if sheet.rId not in links or sheet.name is None:  # calamine would panic
                raise damaged(package.path, f'its sheet "{sheet.name}" is listed but not there')
            parts[sheet.name] = links[sheet.rId]
    return parts


def _styles(package: Package) -> CellFormats:
    part = next(iter(packages.targets(package, packages.list_of_sheets(package), "/styles").values()), None)
    codes: dict[int, str] = {}
    formats: dict[str, int] = {}
    fonts: list[bool] = []
    struck: set[str] = set()
    of_cells = False
    reader = BIFF12Reader(fp=io.BytesIO(package.read(part) if part else b""))
    reader.handlers = {
        _FORMAT: _Reader(lambda record, _: (record.read_short() or 0, record.read_string() or "")),
        _FONT: _Reader(_is_struck),
        biff12.XF: _Reader(_style),
        biff12.CELLXFS: _NOTHING,
        biff12.CELLXFS_END: _NOTHING,
    }
    for number, record in reader:
        if number == _FORMAT:
            codes[record[0]] = record[1]
        elif number == _FONT:
            fonts.append(record)
        elif number == biff12.XF and of_cells:
            name = str(len(formats))
            formats[name], font = record
            if font < len(fonts) and fonts[font]:
                struck.add(name)
        elif number in {biff12.CELLXFS, biff12.CELLXFS_END}:
            of_cells = number == biff12.CELLXFS
    return CellFormats(formats=mattering(formats, codes), struck=frozenset(struck))


def _texts(package: Package) -> list[str]:
    parts = packages.targets(package, packages.list_of_sheets(package), "/sharedStrings").values()
    reader = BIFF12Reader(fp=io.BytesIO(b"".join(package.read(part) for part in parts)))
    return [record.t or "" for number, record in reader if number == biff12.SI]


def _details(records: bytes, styles: CellFormats, texts: Callable[[], list[str]]) -> CellDetails:
    details = CellDetails()
    row = column = 0
    reader = BIFF12Reader(fp=io.BytesIO(records))
    reader.handlers = {
        **BIFF12Reader.handlers,
        biff12.ROW: _Reader(_row),
        biff12.COL: _Reader(_columns),
        _MERGED: _Reader(lambda record, _: tuple(record.read_int() or 0 for _ in range(4))),
        _TEXT_IN_PLACE: CellHandler(),
        **dict.fromkeys(_SHORT, _Reader(_short_cell)),
        **dict.fromkeys(_CRITERIA, _NOTHING),
    }
    for number, record in reader:
        if number == biff12.ROW:
            (row, hidden), column = record, -1
            if hidden:
                details.hidden_rows.append(row + 1)
        elif biff12.BLANK <= number <= biff12.FORMULA_BOOLERR:
            column = record.c
            if number != biff12.BLANK:
                _note_cell(details, row, number, record, styles)
        elif number in _SHORT:
            column += 1
            _note_short_cell(details, (row, column), number - _SHORTER_BY, record, styles, texts)
        elif number == biff12.COL:
            first, last, hidden = record
            if hidden:
                details.hidden_columns.append((first, last))
        elif number == _MERGED:
            top, bottom, left, right = record
            details.merged.append(Block(top + 1, left, bottom + 1, right))
        elif number in _CRITERIA:
            details.filtered = True
    return details


def _note_short_cell(
    details: CellDetails,
    place: tuple[int, int],
    number: int,
    record: tuple[int, Any],
    styles: CellFormats,
    texts: Callable[[], list[str]],
) -> None:
    style, value = record
    if number == biff12.BLANK:
        return
    if number == biff12.STRING:
        value = texts()[value]
    elif number == biff12.BOOL:
        value = value != 0
    details.cells[place] = value
    row, column = place
    _note_cell(details, row, number, CellHandler.cls(column, value, None, style), styles)


def _note_cell(details: CellDetails, row: int, number: int, record: Any, styles: CellFormats) -> None:
    details.include(row, record.c, row, record.c)
    style = str(record.style & _STYLE)
    if style in styles.struck:
        details.struck.setdefault(record.c, set()).add(row + 1)
    if number in _ERRORS:
        details.cells[row, record.c] = CellError(ERRORS.get(int(record.v, 16), "#ERROR!"))
        return
    if number in _WITH_FORMULA:
        details.formulas.setdefault(record.c, {})[row + 1] = _FORMULA
    if number in _NUMERIC and (code := styles.formats.get(style)) is not None:
        details.formats.setdefault(record.c, {})[row + 1] = code
