"""The user's sheets on their way into the results workbook, with the eight result columns beside them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from batch.sheets.answers import RESULT_WIDTHS, AnsweredSheet, RowResult, pages_across
from batch.sheets.layout import RESULT_HEADERS
from batch.sheets.styles import Styles, write_text
from batch.sheets.workbooks import CellError, CellValue, NoValue

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

Advance: TypeAlias = Callable[[int], None]
"""Told how many rows were written since it was last told."""

_EVERY: Final = 1_000
_SAMPLE: Final = 200
_DEEPEST_FREEZE: Final = 12
_DIALLED: Final = frozenset("+0123456789")
_EARLIEST: Final = dt.date(1900, 1, 1)


class SheetCopy:
    """One of the user's sheets on its way into the workbook. Rows and columns here are counted from 0."""

    def __init__(self, target: Worksheet, sheet: AnsweredSheet, styles: Styles) -> None:
        self.target = target
        self.sheet = sheet
        self.styles = styles
        self.columns = sheet.columns()
        self.top = sheet.raw.first_row - 1
        self.left = sheet.raw.first_column
        self.right = self.left + len(self.columns)
        """The first column of ours."""
        self.header = None if sheet.header_row is None else sheet.header_row - 1
        self.cells: dict[int, tuple[list[tuple[int, str]], list[tuple[int, int]], RowResult]] = {}
        """Texts and numbers by column, made once per result; the key is the result's identity, and it is kept here
        so that no other result can take that identity."""

    def write(self, advance: Advance | None) -> None:
        """Write all cells, then what surrounds them."""
        self._set_widths()
        self.target.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        if self.header is not None:
            self._frame(self.header)
        results = self.sheet.results
        row = self.top - 1
        told = 0
        for row, cells in enumerate(zip(*self.columns, strict=True), self.top):
            if row == self.header:
                self._write_header(row, cells)
            else:
                for column, value in enumerate(cells, self.left):
                    if value.__class__ is not str:
                        self._write_other(row, column, value)
                    elif value:
                        write_text(self.target, row, column, value)
            result = results.get(row + 1)
            if result is not None:
                self._write_result(row, result)
            if advance and (row - self.top) % _EVERY == _EVERY - 1:
                advance(_EVERY)
                told += _EVERY
        rest = row + 1 - self.top - told
        if advance and rest:
            advance(rest)

    def _frame(self, header: int) -> None:
        last = max(header, self.top + self.sheet.raw.height - 1)
        self.target.autofilter(header, self.left, last, self.right + len(RESULT_HEADERS) - 1)
        if header < _DEEPEST_FREEZE:
            self.target.freeze_panes(header + 1, 0)
        self.target.set_landscape()
        self.target.set_paper(9)
        self.target.fit_to_pages(pages_across(self.right + len(RESULT_HEADERS)), 0)
        self.target.repeat_rows(header)
        # Only where figures would touch their neighbours: a format costs XlsxWriter a fifth of the cell's time.
        looks = {"Errcode": self.styles.centred, "HTTP status": self.styles.centred}
        looks |= {"Attempts": self.styles.centred, "Elapsed ms": self.styles.thousands}
        for column, (label, width) in enumerate(zip(RESULT_HEADERS, RESULT_WIDTHS, strict=True), self.right):
            self.target.set_column(column, column, width, looks.get(label))

    def _set_widths(self) -> None:
        first = 0 if self.header is None else self.header - self.top
        for column, cells in enumerate(self.columns, self.left):
            sample = cells[first : first + _SAMPLE]
            longest = max((len(str(value)) for value in sample), default=0)
            dialled = any(value.__class__ is str and str(value)[:1] in _DIALLED for value in sample if value)
            style = self.styles.text if dialled and self.header is not None else None
            self.target.set_column(column, column, min(max(longest + 3, 9), 42), style)

    def _write_header(self, row: int, cells: Sequence[CellValue]) -> None:
        for column, value in enumerate(cells, self.left):
            if isinstance(value, str):
                write_text(self.target, row, column, value, self.styles.theirs)
            else:
                self._write_other(row, column, value)
        for column, text in enumerate(RESULT_HEADERS, self.right):
            self.target.write_string(row, column, text, self.styles.ours)

    def _write_other(self, row: int, column: int, value: CellValue) -> None:
        styles = self.styles
        match value:
            case bool():
                self.target.write_boolean(row, column, value)
            case int() | float():
                _write_number(self.target, row, column, value, styles)
            case dt.datetime() | dt.date() | dt.time() | dt.timedelta():
                _write_moment(self.target, row, column, value, styles)
            case CellError(text=text) | str(text):
                write_text(self.target, row, column, text)
            case NoValue():
                pass
            case _:
                assert_never(value)

    def _write_result(self, row: int, result: RowResult) -> None:
        cells = self.cells.get(id(result))
        if cells is None:
            cells = self.cells[id(result)] = (*_split(result), result)
        texts, numbers, _ = cells
        target = self.target
        right = self.right
        write_text(target, row, right, result.result, self.styles.tone[result.tone])
        for column, text in texts:
            write_text(target, row, right + column, text)
        for column, number in numbers:
            target.write_number(row, right + column, number)


def _split(result: RowResult) -> tuple[list[tuple[int, str]], list[tuple[int, int]]]:
    """Return texts and numbers of the cells after the first, with how many columns they stand from it."""
    later = list(enumerate(result.cells))[1:]
    texts = [(column, value) for column, value in later if isinstance(value, str) and value]
    numbers = [(column, value) for column, value in later if isinstance(value, int)]
    return texts, numbers


def _write_number(target: Worksheet, row: int, column: int, value: float, styles: Styles) -> None:
    if not math.isfinite(value):
        target.write_string(row, column, str(value))
    elif value == int(value) and abs(value) >= 1e11:
        target.write_number(row, column, value, styles.long_number)  # which else shows as 4.42E+11
    else:
        target.write_number(row, column, value)


def _write_moment(
    target: Worksheet, row: int, column: int, value: dt.date | dt.time | dt.timedelta, styles: Styles
) -> None:
    match value:
        case dt.datetime():
            style = styles.date_time
        case dt.date():
            style = styles.date
        case dt.time():
            style = styles.time
        case _:
            style = styles.duration
    day = value.date() if isinstance(value, dt.datetime) else value
    if isinstance(day, dt.date) and day < _EARLIEST:  # which Excel cannot hold as a date
        target.write_string(row, column, str(value))
    else:
        target.write_datetime(row, column, value, style)
