"""The results as a folder of CSV files, for those who sent CSV; the user's sheets with result columns beside."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from batch.readers.workbook import CellError, CellValue, CsvDialect, NoValue
from batch.schema.columns import MARK, RESULT_HEADERS
from batch.schema.naming import file_names
from batch.tables.row_results import RESULT_WIDTHS, AnsweredSheet, ChangeLine, RowResult, Summary, pages_across
from batch.writers.atomic import place_folder
from batch.writers.styles import Styles, write_text
from batch.writers.summary import NO_CODE, PRACTICE_NOTE

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


Advance: TypeAlias = Callable[[int], None]
"""Told how many rows were written since it was last told."""

_EACH: Final = 1_000
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
            if advance and (row - self.top) % _EACH == _EACH - 1:
                advance(_EACH)
                told += _EACH
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


CSV_MARK: Final = f"{MARK} results"
"""First cell of ``summary.csv``; it is how a folder of ours is known when it comes back."""

_SUMMARY: Final = "summary.csv"
_CHANGES: Final = "changes.csv"
_CHANGE_HEADERS: Final = ("Sheet", "Cell", "Trunk", "Field", "Before", "Wanted", "Found")
_EVERY: Final = 1_000
_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins with one of these may be run as a formula by a spreadsheet program that opens the file; the last
four are the wide ones of East Asia."""
_FALL_BACK: Final = "utf-8-sig"
_OURS: Final = CsvDialect(encoding=_FALL_BACK, delimiter=",")
_BLANKS: Final = ("",) * len(RESULT_HEADERS)


def write_results_folder(
    path: Path,
    sheets: Sequence[AnsweredSheet],
    summary: Summary,
    changes: Iterable[ChangeLine],
    *,
    advance: Advance | None = None,
) -> Path:
    """Write the results as CSV files in a folder: the user's own, ``summary.csv`` and ``changes.csv``.

    The user's files are written as they were (separator, encoding), in UTF-8 with a mark where that encoding lacks
    a character; ours always in UTF-8 with a mark. The user's cells stay as typed; cells of ours that a spreadsheet
    program would run get an apostrophe in front.

    Args:
        path: The folder. One that lies there is replaced if it holds nothing but earlier results.
        sheets: All files of the user's, in the user's order.
        summary: What ``summary.csv`` says.
        changes: Read once, in order.
        advance: Told about every 1,000 of the user's rows.

    Returns:
        Where it lies: ``path``, or a name beside it where ``path`` is open or holds something else.

    Raises:
        OutputError: It cannot be written there; then nothing is.
    """
    names = file_names([sheet.raw.name for sheet in sheets])
    first = next((sheet.raw.dialect for sheet in sheets if sheet.raw.dialect), _OURS)
    ours = CsvDialect(encoding=_FALL_BACK, delimiter=first.delimiter)  # the reader looks for the mark in UTF-8

    def fill(folder: Path) -> None:
        for name, sheet in zip(names, sheets, strict=True):
            _write(folder / name, sheet.raw.dialect or _OURS, _told(_sheet_rows(sheet), advance))
        _write(folder / _SUMMARY, ours, _summary_rows(summary))
        _write(folder / _CHANGES, ours, _change_rows(changes, {sheet.raw.name: sheet for sheet in sheets}))

    expected = {*names, _SUMMARY, _CHANGES}
    return place_folder(path, fill, ours=lambda place: _holds_only(place, expected))


def _holds_only(folder: Path, expected: AbstractSet[str]) -> bool:
    """Tell whether a folder is empty or holds earlier results and nothing else."""
    there = {entry.name for entry in folder.iterdir()}
    if not there:
        return True
    if not there <= expected or _SUMMARY not in there:
        return False
    return (folder / _SUMMARY).read_bytes().removeprefix(codecs.BOM_UTF8).startswith(CSV_MARK.encode())


def _write(path: Path, dialect: CsvDialect, rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file in the dialect, or in UTF-8 with a mark if its encoding lacks a character."""
    with path.open("w", encoding=_FALL_BACK, errors="replace", newline="") as out:
        csv.writer(out, delimiter=dialect.delimiter, lineterminator="\r\n").writerows(rows)
    encoding = codecs.lookup(dialect.encoding).name
    if encoding == _FALL_BACK:
        return
    recoded = path.with_name(f".{path.name}.part")
    try:
        with (
            path.open(encoding=_FALL_BACK, newline="") as given,
            recoded.open("w", encoding=encoding, newline="") as out,
        ):
            if encoding in {"utf-16-le", "utf-16-be"}:
                out.write("\ufeff")  # which Python writes only where the byte order is left open
            shutil.copyfileobj(given, out, 1 << 20)
    except UnicodeEncodeError:
        recoded.unlink()
    else:
        recoded.replace(path)


def _told(rows: Iterable[list[str]], advance: Advance | None) -> Iterator[list[str]]:
    count = 0
    for count, row in enumerate(rows, 1):
        yield row
        if advance and count % _EVERY == 0:
            advance(_EVERY)
    if advance and count % _EVERY:
        advance(count % _EVERY)


def _sheet_rows(sheet: AnsweredSheet) -> Iterator[list[str]]:
    raw = sheet.raw
    columns = sheet.columns()
    margin = [""] * raw.first_column
    yield from ([""] * (raw.first_column + len(columns)) for _ in range(1, raw.first_row))
    answers: dict[int, tuple[list[str], RowResult]] = {}  # the result is kept, so that its id stays its own
    for row, cells in enumerate(zip(*columns, strict=True), raw.first_row):
        line = margin + [value if value.__class__ is str else _text(value) for value in cells]
        if sheet.header_row is not None:
            result = sheet.results.get(row)
            if row == sheet.header_row:
                line += RESULT_HEADERS
            elif result is None:
                line += _BLANKS
            else:
                if id(result) not in answers:
                    answers[id(result)] = (_answers(result), result)
                line += answers[id(result)][0]
        yield line


def _answers(result: RowResult) -> list[str]:
    return ["" if cell is None else _harmless(str(cell)) for cell in result.cells]


def _text(value: CellValue) -> str:
    match value:
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime():
            return value.isoformat(sep=" ")
        case CellError(text=text):
            return text
        case NoValue():
            return ""
        case _:
            return str(value)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_RUNS) or text.lstrip().startswith(_RUNS) else text


def _summary_rows(summary: Summary) -> Iterator[list[str]]:
    yield [CSV_MARK]
    if summary.practice:
        yield [PRACTICE_NOTE]
    yield [_harmless(summary.headline)]
    yield from ([label, _harmless(text)] for label, text in summary.facts)
    yield from (["Look at this first", _harmless(text)] for text in summary.attention)
    yield from (["Hazard", _harmless(text)] for text in summary.hazards)
    yield []
    yield ["Sheet", "Result", "Rows", "What it means", "What next"]
    for count in summary.counts:
        yield [_harmless(count.sheet), count.ending, str(count.rows), count.meaning, count.next_step]
    yield ["Total", "", str(sum(count.rows for count in summary.counts))]
    yield []
    yield ["Errcode", "Errmsg", "Rows", "What it means", "Who can help"]
    for code in summary.codes:
        errcode = NO_CODE if code.errcode is None else str(code.errcode)
        yield [errcode, _harmless(code.errmsg), str(code.rows), code.meaning, code.who]


def _change_rows(changes: Iterable[ChangeLine], sheets: Mapping[str, AnsweredSheet]) -> Iterator[list[str]]:
    yield list(_CHANGE_HEADERS)
    for change in changes:
        sheet = sheets.get(change.sheet)
        cell = sheet.moved(change.cell) if sheet else change.cell
        texts = (change.trunk, change.field, change.before, change.wanted, change.found)
        yield [_harmless(change.sheet), cell, *map(_harmless, texts)]
