"""Workbooks of Excel before 2007 (``.xls``), read by xlrd: slower than calamine, but it drops nothing."""

from __future__ import annotations

import datetime as dt
import io
import struct
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import xlrd
from xlrd.xldate import xldate_as_datetime

from batch.sheets.formats import refusals
from batch.sheets.formats.grids import Grid, Look, collector_paused
from batch.sheets.workbooks import BLANK, CellError, CellValue, RawSheet

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

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

_NO_WORKBOOK: Final = "Can't find workbook"
_ENCRYPTED: Final = "encrypted"


def read_xls(path: Path) -> tuple[RawSheet, ...]:
    """Read all worksheets, in the workbook's order.

    Raises:
        WorkbookError: It is protected with a password, damaged, or another kind of Office file.
    """
    try:
        with (
            collector_paused(),
            xlrd.open_workbook(
                file_contents=path.read_bytes(),
                logfile=io.StringIO(),
                formatting_info=True,  # else it does not say which rows are hidden
                ragged_rows=True,
            ) as book,
        ):
            return tuple(_sheet(sheet, book.datemode) for sheet in book.sheets())
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError) as error:
        if _ENCRYPTED in str(error).casefold():
            raise refusals.protected(path) from None
        if _NO_WORKBOOK in str(error):
            raise refusals.not_a_spreadsheet(
                path, "an older Office file of another kind (a letter, slides or a mail)"
            ) from None
        raise refusals.damaged(path, "it begins like an .xls workbook, but does not go on like one") from None
    except _CORRUPT:
        raise refusals.damaged(path, "what is inside does not fit together") from None


def _sheet(sheet: Any, datemode: int) -> RawSheet:
    rows = [
        [_value(kind, value, datemode) for kind, value in zip(sheet.row_types(row), sheet.row_values(row), strict=True)]
        for row in range(sheet.nrows)
    ]
    while rows and not any(value != BLANK for value in rows[-1]):
        rows.pop()
    columns = [list(column) for column in zip_longest(*rows, fillvalue=BLANK)]
    while columns and not any(value != BLANK for value in columns[-1]):
        columns.pop()
    look = Look(hidden_rows=sorted(row + 1 for row, seen in sheet.rowinfo_map.items() if seen.hidden))
    return Grid(columns=columns).to_sheet(sheet.name, hidden=sheet.visibility != 0, look=look)


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
