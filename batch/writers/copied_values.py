"""Copied values: one of the user's sheets in a new workbook, its results beside it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Final, assert_never

from batch.readers.workbook import CellError, CellValue, NoValue
from batch.schema.columns import RESULT_HEADERS
from batch.schema.spellings import letters
from batch.tables.row_results import RESULT_WIDTHS, AnsweredSheet, RowResult, pages_across
from batch.writers.csv_results import Advance
from batch.writers.new_workbook import NewSheet
from batch.xlsx_edit.sheet import Fillings, filling

RESULT_STYLES: Final = ("", "centred", "", "centred", "centred", "thousands", "", "")
"""Of the eight result columns, only where figures would touch their neighbours; the first goes by its tone."""
_EACH: Final = 1_000
_SAMPLE: Final = 200
_DEEPEST_FREEZE: Final = 13
_DIALLED: Final = frozenset("+0123456789")
_EARLIEST: Final = dt.date(1900, 1, 1)


class SheetCopy:
    """One of the user's sheets on its way into the workbook.

    Args:
        target: With nothing in it yet.
        sheet: As it was read, and its results.
    """

    def __init__(self, target: NewSheet, sheet: AnsweredSheet) -> None:
        self.target = target
        self.sheet = sheet
        self.columns = sheet.columns()
        self.left = sheet.raw.first_column
        self.right = self.left + len(self.columns)
        """The first column of ours."""
        target.width = self.right
        self.styles = [self._style(cells) for cells in self.columns]
        self.addresses = [f'<c r="{letters(column)}'.encode() for column in range(self.left, self.right)]
        self.answers: dict[int, tuple[Fillings, RowResult]] = {}
        """Cells, made once per result; the key is the result's identity, and it is kept here so that no other result
        can take that identity."""

    def write(self, advance: Advance | None) -> None:
        """Write all cells, and what surrounds them."""
        self._set_widths()
        self.target.numbers_are_text()
        header = self.sheet.header_row
        if header is not None:
            self._frame(header)
        numbers = self.target.book.styles
        styles = [numbers[style] for style in self.styles]
        headers = [numbers["their header"]] * len(styles)
        row = told = 0
        for row, cells in enumerate(zip(*self.columns, strict=True), self.sheet.raw.first_row):
            written = self._cells(b"%d" % row, cells, headers if row == header else styles)
            self.target.add_cells(b"%d" % row, written + self._beside(row))
            if advance and (row - self.sheet.raw.first_row) % _EACH == _EACH - 1:
                advance(_EACH)
                told += _EACH
        rest = row + 1 - self.sheet.raw.first_row - told if row else 0
        if advance and rest:
            advance(rest)

    def _frame(self, header: int) -> None:
        last = max(header, self.sheet.raw.first_row + self.sheet.raw.height - 1)
        end = letters(self.right + len(RESULT_HEADERS) - 1)
        page = self.target.page
        page.auto_filter.ref = f"{letters(self.left)}{header}:{end}{last}"
        if header < _DEEPEST_FREEZE:
            page.freeze_panes = f"A{header + 1}"
        self.target.print_across(pages=pages_across(self.right + len(RESULT_HEADERS)), header=header)
        for column, (width, style) in enumerate(zip(RESULT_WIDTHS, RESULT_STYLES, strict=True), self.right):
            self.target.set_columns([width], style, column)

    def _style(self, cells: Sequence[CellValue]) -> str:
        sample = self._sample(cells)
        dialled = any(value.__class__ is str and str(value)[:1] in _DIALLED for value in sample if value)
        return "text" if dialled and self.sheet.header_row is not None else ""

    def _sample(self, cells: Sequence[CellValue]) -> Sequence[CellValue]:
        first = 0 if self.sheet.header_row is None else self.sheet.header_row - self.sheet.raw.first_row
        return cells[first : first + _SAMPLE]

    def _set_widths(self) -> None:
        for column, (cells, style) in enumerate(zip(self.columns, self.styles, strict=True), self.left):
            longest = max((len(str(value)) for value in self._sample(cells)), default=0)
            self.target.set_columns([min(max(longest + 3, 9), 42)], style, column)

    def _cells(self, row: bytes, cells: Sequence[CellValue], styles: Sequence[int]) -> bytes:
        written = []
        for address, value, style in zip(self.addresses, cells, styles, strict=True):
            if value.__class__ is str:
                if value:
                    written.append(b'%s%s"%s' % (address, row, filling(str(value), style)))
            elif other := self._other(value, style):
                written.append(b'%s%s"%s' % (address, row, other))
        return b"".join(written)

    def _other(self, value: CellValue, style: int) -> bytes:
        numbers = self.target.book.styles
        match value:
            case int() | float() if not math.isfinite(value):
                return filling(str(value), style)
            case bool():
                return filling(value, style)
            case int() | float():
                long = value == int(value) and abs(value) >= 1e11  # which else shows as 4.42E+11
                return filling(value, numbers["long number"] if long else style)
            case dt.datetime() | dt.date() | dt.time() | dt.timedelta():
                return _moment(value, self.target)
            case CellError(text=text) | str(text):
                return filling(text, style)
            case NoValue():
                return b""
            case _:
                assert_never(value)

    def _beside(self, row: int) -> bytes:
        if row == self.sheet.header_row:
            headers = [(text, "our header", 1) for text in RESULT_HEADERS]
            return self.target.cells(row, headers, first=self.right)
        result = self.sheet.results.get(row)
        if result is None:
            return b""
        known = self.answers.get(id(result))
        if known is None:
            numbers = self.target.book.styles
            styles = (result.tone, *RESULT_STYLES[1:])
            cells = {
                column: filling(value, numbers[style])
                for column, (value, style) in enumerate(zip(result.cells, styles, strict=True), self.right)
                if value is not None and value != ""
            }
            known = self.answers[id(result)] = (Fillings(cells), result)
        return known[0].at(b"%d" % row)


def _moment(value: dt.date | dt.time | dt.timedelta, target: NewSheet) -> bytes:
    from openpyxl.utils.datetime import to_excel  # noqa: PLC0415 - takes half a second that only those wait who write

    match value:
        case dt.datetime():
            style, value = "date time", value.replace(tzinfo=None)
        case dt.date():
            style = "date"
        case dt.time():
            style, value = "time", value.replace(tzinfo=None)
        case _:
            style = "duration"
    day = value.date() if isinstance(value, dt.datetime) else value
    if isinstance(day, dt.date) and day < _EARLIEST:  # which Excel cannot hold as a date
        return filling(str(value), 0)
    serial: float = to_excel(value)  # type: ignore[no-untyped-call] # which its types lack
    return filling(serial, target.book.styles[style])
