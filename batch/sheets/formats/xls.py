"""Workbooks of Excel before 2007 (``.xls``), read by xlrd: slower than calamine, but it drops hardly anything.

It does not tell formulas from values, nor rows hidden by a filter from rows hidden by hand.
"""

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
from batch.sheets.formats.number_formats import shows_otherwise
from batch.sheets.workbooks import BLANK, Block, CellError, CellValue, RawSheet

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

_NUMERIC: Final = frozenset({xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE})
_EMPTY: Final = frozenset({xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK})
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
                formatting_info=True,  # else it says neither what is hidden or merged nor how numbers look
                ragged_rows=True,
            ) as book,
        ):
            styles = _styles(book)
            fonts = frozenset(number for number, font in enumerate(book.font_list) if font.struck_out)
            struck = frozenset(number for number, style in enumerate(book.xf_list) if style.font_index in fonts)
            return tuple(_sheet(sheet, book.datemode, styles, struck, fonts) for sheet in book.sheets())
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


def _styles(book: Any) -> dict[int, str]:
    """Return the notation of the styles whose numbers look otherwise than they are, by the style's number."""
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
    look = Look(
        hidden_rows=sorted(row + 1 for row, seen in sheet.rowinfo_map.items() if seen.hidden),
        hidden_columns=[
            (column, column) for column, seen in sheet.colinfo_map.items() if seen.hidden or not seen.width
        ],
        merged=[Block(top + 1, left, bottom, right - 1) for top, bottom, left, right in sheet.merged_cells],
        formats=_formats(sheet, styles) if styles else {},
        struck=_struck(sheet, struck, struck_fonts) if struck_fonts else {},
    )
    return Grid(columns=columns).to_sheet(sheet.name, hidden=sheet.visibility != 0, look=look)


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
