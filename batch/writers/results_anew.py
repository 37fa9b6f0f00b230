"""The user's sheets copied, values only, with results beside: into a new workbook, or a folder of CSV files."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final, assert_never

from batch.errors import OutputError
from batch.readers.csv_files import RESULTS_TITLE, SUMMARY_FILE
from batch.readers.workbook import CellError, CellValue, CsvDialect, NoValue
from batch.schema.columns import RESULT_HEADERS
from batch.schema.file_metadata import file_names
from batch.tables.row_results import RESULT_WIDTHS, AnsweredSheet, ChangeLine, RowResult, Summary, pages_across
from batch.wording import letters
from batch.writers.atomic import place_folder
from batch.writers.new_workbook import NewSheet
from batch.writers.summary_sheet import PRACTICE_NOTE, label_of
from batch.xlsx_edit.sheet import Fillings, filling

RESULT_STYLES: Final = ("", "", "centred", "", "centred", "centred", "thousands", "")
"""Of the eight result columns, only where figures would touch their neighbours; the first goes by its tone."""
_SAMPLE: Final = 200
_DEEPEST_FREEZE: Final = 13
_DIALLED: Final = frozenset("+0123456789")
_EARLIEST: Final = dt.date(1900, 1, 1)


class ResultCells:
    """The eight result columns as cells, made once per result.

    Args:
        columns: Where they stand, in their order (0 is A); None for one that has no room.
        prefix: Of the names in the sheet's XML.
    """

    def __init__(self, columns: Sequence[int | None], styles: Mapping[str, int], prefix: bytes = b"") -> None:
        self._columns = columns
        self._styles = styles
        self._prefix = prefix
        self.header = self._made(RESULT_HEADERS, ["our header"] * len(columns))
        self._known: dict[int, tuple[Fillings, RowResult]] = {}
        """By the result's identity, and kept with it so that no other result can take that identity."""

    def of(self, result: RowResult) -> Fillings:
        """Return the cells of a result."""
        known = self._known.get(id(result))
        if known is None:
            cells = self._made(result.cells, [result.tone, *RESULT_STYLES[1:]])
            known = self._known[id(result)] = (cells, result)
        return known[0]

    def _made(self, values: Iterable[str | float | None], styles: Iterable[str]) -> Fillings:
        placed = {
            column: (value, style)
            for column, value, style in zip(self._columns, values, styles, strict=True)
            if column is not None and value is not None and value != ""
        }
        cells = {  # from left to right, in whichever order an earlier run had them
            column: filling(value, self._styles[style], self._prefix)
            for column, (value, style) in sorted(placed.items())
        }
        return Fillings(cells, self._prefix)


class SheetCopy:
    """One of the user's sheets on its way into the workbook."""

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
        self.results = ResultCells(range(self.right, self.right + len(RESULT_HEADERS)), target.book.styles)

    def write(self) -> None:
        """Write all cells, and what surrounds them."""
        self._set_widths()
        self.target.numbers_are_text()
        header = self.sheet.header_row
        if header is not None:
            self._frame(header)
        numbers = self.target.book.styles
        styles = [numbers[style] for style in self.styles]
        headers = [numbers["their header"]] * len(styles)
        for row, cells in enumerate(zip(*self.columns, strict=True), self.sheet.raw.first_row):
            written = self._cells(b"%d" % row, cells, headers if row == header else styles)
            self.target.add_cells(b"%d" % row, written + self._beside(row))

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
            self.target.width = self.right + len(RESULT_HEADERS)
            return self.results.header.at(b"%d" % row)
        result = self.sheet.results.get(row)
        return b"" if result is None else self.results.of(result).at(b"%d" % row)


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


_CHANGES: Final = "changes.csv"
_CHANGE_HEADERS: Final = ("Sheet", "Cell", "Trunk", "Field", "Before", "Wanted", "Found")
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
) -> Path:
    """Write the results as CSV files in a folder: the user's own, ``summary.csv`` and ``changes.csv``.

    The user's files are written as they were (separator, encoding), in UTF-8 with a mark where that encoding lacks
    a character; ours always in UTF-8 with a mark. The user's cells stay as typed; cells of ours that a spreadsheet
    program would run get an apostrophe in front.

    Args:
        path: The folder. One that lies there is replaced if it holds nothing but earlier results.
        sheets: All files of the user's, in the user's order.

    Returns and raises as `place_folder`.
    """
    names = file_names([sheet.raw.name for sheet in sheets])
    first = next((sheet.raw.dialect for sheet in sheets if sheet.raw.dialect), _OURS)
    ours = CsvDialect(encoding=_FALL_BACK, delimiter=first.delimiter)  # the reader looks for the mark in UTF-8

    def fill(folder: Path) -> None:
        for name, sheet in zip(names, sheets, strict=True):
            _write(folder / name, sheet.raw.dialect or _OURS, _sheet_rows(sheet))
        _write(folder / SUMMARY_FILE, ours, _summary_rows(summary))
        _write(folder / _CHANGES, ours, _change_rows(changes, {sheet.raw.name: sheet for sheet in sheets}))

    expected = {*names, SUMMARY_FILE, _CHANGES}
    return place_folder(path, fill, ours=lambda place: _holds_only(place, expected))


def write_results_file(path: Path, sheet: AnsweredSheet) -> Path:
    """Write the results of one CSV file as a file like it, which only its owner can read, and return where it is.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        path.touch(0o600)
        _write(path, sheet.raw.dialect or _OURS, _sheet_rows(sheet))
    except OSError as error:
        raise OutputError(path, (error.strerror or str(error)).lower()) from error
    return path


def _holds_only(folder: Path, expected: AbstractSet[str]) -> bool:
    """Tell whether a folder is empty or holds earlier results and nothing else."""
    there = {entry.name for entry in folder.iterdir()}
    if not there:
        return True
    if not there <= expected or SUMMARY_FILE not in there:
        return False
    return (folder / SUMMARY_FILE).read_bytes().removeprefix(codecs.BOM_UTF8).startswith(RESULTS_TITLE.encode())


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


def _sheet_rows(sheet: AnsweredSheet) -> Iterator[list[str]]:
    raw = sheet.raw
    columns = sheet.columns()
    margin = [""] * raw.first_column
    yield from ([""] * (raw.first_column + len(columns)) for _ in range(1, raw.first_row))
    made: dict[int, tuple[Sequence[str], RowResult]] = {}
    for row, cells in enumerate(zip(*columns, strict=True), raw.first_row):
        line = margin + [value if value.__class__ is str else _text(value) for value in cells]
        if sheet.header_row is not None:
            line += RESULT_HEADERS if row == sheet.header_row else _answers(sheet.results.get(row), made)
        yield line


def _answers(result: RowResult | None, made: dict[int, tuple[Sequence[str], RowResult]]) -> Sequence[str]:
    """Return the result columns, made once per result; it is kept with them, so that its id stays its own."""
    if result is None:
        return _BLANKS
    if id(result) not in made:
        made[id(result)] = ["" if cell is None else _harmless(str(cell)) for cell in result.cells], result
    return made[id(result)][0]


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
    yield [RESULTS_TITLE]
    if summary.practice:
        yield [PRACTICE_NOTE]
    yield [_harmless(summary.headline)]
    yield from ([label, _harmless(text)] for label, text in summary.facts)
    yield from (["Look at this first", _harmless(text)] for text in summary.attention)
    yield from (["Hazard", _harmless(text)] for text in summary.hazards)
    yield []
    yield ["Sheet", "Result", "Rows", "What it means", "What next"]
    for count in summary.counts:
        for sheet, rows in count.rows.items():
            yield [_harmless(sheet), count.ending, str(rows), count.meaning, count.next_step]
    yield ["Total", "", str(sum(count.total for count in summary.counts))]
    yield []
    yield ["Errcode", "Errmsg", "Rows", "What it means", "Who can help"]
    for code in summary.codes:
        yield [label_of(code), _harmless(code.errmsg), str(code.rows), code.meaning, code.who]


def _change_rows(changes: Iterable[ChangeLine], sheets: Mapping[str, AnsweredSheet]) -> Iterator[list[str]]:
    yield list(_CHANGE_HEADERS)
    for change in changes:
        sheet = sheets.get(change.sheet)
        cell = sheet.moved(change.cell) if sheet else change.cell
        texts = (change.trunk, change.field, change.before, change.wanted, change.found)
        yield [_harmless(change.sheet), cell, *map(_harmless, texts)]
