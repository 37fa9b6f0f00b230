"""Binary workbooks (``.xlsb``): values by calamine, error cells and hidden rows by pyxlsb's record reader."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from pyxlsb import biff12
from pyxlsb.handlers import CellHandler
from pyxlsb.reader import BIFF12Reader

from batch.sheets.formats import packages, refusals
from batch.sheets.formats.grids import (
    Look,
    calamine_book,
    calamine_failures,
    collector_paused,
    grid_of,
    is_hidden,
    worksheets,
)
from batch.sheets.workbooks import CellError, RawSheet

if TYPE_CHECKING:
    from typing import Any

    from batch.sheets.formats.packages import Package

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

_TEXT_IN_PLACE: Final = 0x06
"""A cell with its text in it ([MS-XLSB] 2.4.311, BrtCellSt), which pyxlsb passes over."""


class _Row:
    """Reads a row record: its number, and whether it is hidden; pyxlsb's own leaves the latter out."""

    def read(self, record: Any, _number: int, _length: int) -> tuple[int, bool]:
        row = record.read_int() or 0
        record.skip(4 + 2 + 1)
        return row, bool((record.read_byte() or 0) & _HIDDEN_BIT)


def read_xlsb(package: Package) -> tuple[RawSheet, ...]:
    """Read all worksheets, in the workbook's order.

    Raises:
        WorkbookError: The package is damaged, or spans more cells than fit into memory.
    """
    path = package.path
    package.refuse_entities(name for name in package.names if name.casefold().endswith((".xml", ".rels")))
    for name in package.names:
        for _ in package.chunks(name):
            pass
    try:
        looks = {name: _look(package.read(part)) for name, part in _parts(package).items()}
    except (TypeError, LookupError):  # pyxlsb, at a record that is too short
        raise refusals.damaged(path, "one of its records breaks off") from None
    sheets = []
    with collector_paused(), calamine_failures(path):
        book = calamine_book(path, ".xlsb")
        for index, meta in worksheets(book):
            look = looks.get(meta.name)
            if look is None:
                raise refusals.damaged(path, f'its sheet "{meta.name}" is listed but not there')
            look.refuse_far_cells(path, meta.name)
            grid = grid_of(book.get_sheet_by_index(index))
            sheets.append(grid.to_sheet(meta.name, hidden=is_hidden(meta), look=look))
    return tuple(sheets)


def _parts(package: Package) -> dict[str, str]:
    book = packages.list_of_sheets(package)
    links = packages.targets(package, book)
    parts: dict[str, str] = {}
    for number, sheet in BIFF12Reader(fp=io.BytesIO(package.read(book))):
        if number == biff12.SHEET:
            if sheet.rId not in links or sheet.name is None:  # calamine would panic
                raise refusals.damaged(package.path, f'its sheet "{sheet.name}" is listed but not there')
            parts[sheet.name] = links[sheet.rId]
    return parts


def _look(records: bytes) -> Look:
    look = Look()
    row = 0
    reader = BIFF12Reader(fp=io.BytesIO(records))
    reader.handlers = {**BIFF12Reader.handlers, biff12.ROW: _Row(), _TEXT_IN_PLACE: CellHandler()}
    for number, record in reader:
        if number == biff12.ROW:
            row, hidden = record
            if hidden:
                look.hidden_rows.append(row + 1)
        elif biff12.BLANK < number <= biff12.FORMULA_BOOLERR:
            look.reach(row, record.c, row, record.c)
            if number in {biff12.BOOLERR, biff12.FORMULA_BOOLERR}:
                look.cells[row, record.c] = CellError(ERRORS.get(int(record.v, 16), "#ERROR!"))
    return look
