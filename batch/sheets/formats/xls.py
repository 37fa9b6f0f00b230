"""Workbooks of Excel before 2007 (``.xls``), read by xlrd: slower than calamine, but it drops hardly anything.

It does not tell rows hidden by a filter from rows hidden by hand; which cells have a formula, the records say. What it
gives up at, calamine reads, as far as values go.
"""

from __future__ import annotations

import datetime as dt
import io
import struct
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import xlrd
from python_calamine import CalamineWorkbook
from xlrd.xldate import xldate_as_datetime

from batch.errors import WorkbookError
from batch.sheets.formats import refusals
from batch.sheets.formats.grids import (
    Grid,
    Look,
    calamine_failures,
    collector_paused,
    grid_of,
    is_hidden,
    worksheets,
)
from batch.sheets.formats.number_formats import shows_otherwise
from batch.sheets.formats.xls_containers import runs_in_circles
from batch.sheets.formats.xls_records import look_at_records
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
        raise refusals.damaged(path, "its pieces follow each other in a circle")
    looks = look_at_records(content)
    try:
        return _by_xlrd(path, content, looks), {}
    except _Unread as unread:
        if unread.corrupt:
            with suppress(_Unread):
                return _by_xlrd(path, content, looks, corrupt=True), {}
        sheets = _by_calamine(path, content, looks, unread.refusal)
    return sheets, {sheet.name: ONLY_VALUES.format(path.name) for sheet in sheets}


class _Unread(Exception):
    """What xlrd gives up at."""

    def __init__(self, refusal: WorkbookError, *, corrupt: bool = False) -> None:
        self.refusal = refusal
        self.corrupt = corrupt
        """Whether it may go on if it is told to."""


def _by_xlrd(path: Path, content: bytes, looks: list[Look], *, corrupt: bool = False) -> tuple[RawSheet, ...]:
    try:
        with (
            collector_paused(),
            xlrd.open_workbook(
                file_contents=content,
                logfile=io.StringIO(),
                formatting_info=True,  # else it says neither what is hidden or merged nor how numbers look
                ragged_rows=True,
                ignore_workbook_corruption=corrupt,
            ) as book,
        ):
            styles = _styles(book)
            fonts = frozenset(number for number, font in enumerate(book.font_list) if font.struck_out)
            struck = frozenset(number for number, style in enumerate(book.xf_list) if style.font_index in fonts)
            sheets = book.sheets()
            formulas = [look.formulas for look in looks] if len(looks) == len(sheets) else [{} for _ in sheets]
            return tuple(
                replace(_sheet(sheet, book.datemode, styles, struck, fonts), formulas=cells)
                for sheet, cells in zip(sheets, formulas, strict=True)
            )
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError) as error:
        if _ENCRYPTED in str(error).casefold():
            raise refusals.encrypted(path) from None
        if _NO_WORKBOOK in str(error):
            raise refusals.not_a_spreadsheet(
                path, "an older Office file of another kind (a letter, slides or a mail)"
            ) from None
        refusal = refusals.damaged(path, "it begins like an .xls workbook, but does not go on like one")
        raise _Unread(refusal, corrupt=isinstance(error, xlrd.compdoc.CompDocError)) from None
    except _CORRUPT:
        raise _Unread(refusals.damaged(path, "what is inside does not fit together")) from None


def _by_calamine(path: Path, content: bytes, looks: list[Look], refusal: WorkbookError) -> tuple[RawSheet, ...]:
    """Read the values of a workbook that xlrd gives up at, if the records tell at least as many sheets."""
    sheets: list[RawSheet] = []
    if not looks:
        raise refusal
    try:
        with collector_paused(), calamine_failures(path):
            book = CalamineWorkbook.from_filelike(io.BytesIO(content))
            found = worksheets(book)
            if len(found) != len(looks):
                raise refusal
            for (index, meta), look in zip(found, looks, strict=True):
                grid = grid_of(book.get_sheet_by_index(index))
                sheets.append(grid.to_sheet(meta.name, hidden=is_hidden(meta), look=look))
    except WorkbookError:
        raise refusal from None
    return tuple(sheets)


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
