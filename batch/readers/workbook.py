"""Workbooks as they were read: every cell where it stood and as what it stood; and why a file is not read.

The values are calamine's; what it drops, a closer look at the file notes (`CellDetails`), and both make a sheet.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from batch.errors import WorkbookError
from batch.schema.file_metadata import NO_METADATA, FileKind, FileMetadata
from batch.wording import letters


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell in which the spreadsheet program shows an error."""

    text: str
    """What it shows: ``#N/A``, ``#REF!``."""


@dataclass(frozen=True, slots=True)
class CellPicture(CellError):
    """A cell with a picture in it, which older programs take for an error."""

    text: str = "a picture"


@dataclass(frozen=True, slots=True)
class NoValue:
    """A formula whose result is not in the file (never calculated, or written by a program that does not)."""

    formula: str


CellValue: TypeAlias = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta | CellError | NoValue
"""``""`` is a blank cell. Numbers of a spreadsheet come as float, also whole ones."""


class Format(StrEnum):
    """What kind of file the workbook came as."""

    XLSX = "xlsx"
    XLSM = "xlsm"
    XLS = "xls"
    XLSB = "xlsb"
    ODS = "ods"
    CSV = "csv"
    """A folder of CSV files."""
    ZIP = "zip"
    """A zip of such a folder."""
    CSV_FILE = "csv file"
    """One such file alone, whatever its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvDialect:
    """How a CSV file was written, so that its results are written likewise."""

    encoding: str
    delimiter: str


class Block(NamedTuple):
    """A rectangle of cells. Rows are counted from 1 as people see them, columns from 0 for A; all are included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSheet:
    """One sheet, by column. All columns are equally long."""

    name: str
    columns: Sequence[list[CellValue]] = field(repr=False)
    first_row: int = 1
    """Row number, counted from 1 as people see it, of the first item of each column."""
    first_column: int = 0
    """Where the first column stands; 0 is A."""
    hidden: bool = False
    hidden_rows: tuple[int, ...] = ()
    """Row numbers of hidden and filtered rows, ascending."""
    hidden_columns: tuple[int, ...] = ()
    """Columns (0 is A) that a person does not see, ascending."""
    filtered: bool = False
    """Whether a filter is active: some of the hidden rows are hidden by it."""
    merged: tuple[Block, ...] = ()
    """Cells that are merged into one; the value stands in the first of them, the others are blank."""
    totals: tuple[Block, ...] = ()
    """Totals rows of Excel tables, as far as the file says which they are."""
    formats: Mapping[int, Mapping[int, str]] = field(default_factory=dict, repr=False)
    """By column (0 is A) and row number: the number format of those numbers and dates that a person sees otherwise
    than the value tells (``0000000000``, ``d-mmm``), in Excel's own notation."""
    formulas: Mapping[int, Mapping[int, str]] = field(default_factory=dict, repr=False)
    """By column (0 is A) and row number: the formula, from ``=`` on, of cells whose value is a formula's result."""
    struck: Mapping[int, Collection[int]] = field(default_factory=dict, repr=False)
    """By column (0 is A): rows whose cell, or a part of its text, is struck through."""
    dialect: CsvDialect | None = None
    """For CSV only."""
    unreadable: bool = False
    """Whether it is a sheet of the user's own that cannot be read: it holds something else than the nothing here."""

    @property
    def height(self) -> int:
        """Number of rows from the first to the last."""
        return len(self.columns[0]) if self.columns else 0


class SheetBeingRead(RawSheet):
    """A sheet whose cells are still being read: whoever asks for more than its name waits until they are there."""

    __slots__ = ("_read",)

    @classmethod
    def begun(cls, name: str, *, hidden: bool, read: Callable[[], RawSheet]) -> RawSheet:
        """Return the sheet; ``read`` waits for what it holds, and raises what is wrong with it."""
        sheet = cls.__new__(cls)
        for attribute, value in {"name": name, "hidden": hidden, "dialect": None, "_read": read}.items():
            object.__setattr__(sheet, attribute, value)
        return sheet

    def give_up(self) -> None:
        """Leave the sheet blank: it cannot be read, and nobody needs what it holds."""
        blank = RawSheet(name=self.name, columns=(), hidden=self.hidden, unreadable=True)
        object.__setattr__(self, "_read", lambda: blank)

    def __getattr__(self, attribute: str) -> Any:  # only called for what is not there yet
        read: RawSheet = self._read()
        for of_sheet in fields(RawSheet):
            object.__setattr__(self, of_sheet.name, getattr(read, of_sheet.name))
        return object.__getattribute__(self, attribute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """A file as it was read."""

    path: Path
    sha256: str
    """Of the file's bytes; for a folder, of its three files' bytes one after the other."""
    format: Format
    sheets: tuple[RawSheet, ...]
    """All sheets in the workbook's order."""
    metadata: FileMetadata = NO_METADATA
    """What the tool has left in the file for itself."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """Per sheet name, what was detected and should be told (a CSV's encoding and separator)."""

    @property
    def ours(self) -> bool:
        """Whether a run of ours wrote it as results: its result columns are then ours."""
        return FileKind.RESULTS in self.metadata.kinds

    def wait(self, needed: Callable[[RawSheet], bool] = lambda _: True) -> Workbook:
        """Wait until all its sheets are read.

        Args:
            needed: Which of them must be; others that cannot be are `RawSheet.unreadable` then.

        Raises:
            WorkbookError: One of them cannot be.
        """
        for sheet in self.sheets:
            try:
                sheet.height  # noqa: B018 - asking for it is what waits
            except WorkbookError:
                if needed(sheet) or not isinstance(sheet, SheetBeingRead):
                    raise
                sheet.give_up()
        return self


BLANK: Final = ""


SAVE_AS_XLSX: Final = (
    'Open it in Excel or LibreOffice and save it as "Excel workbook (.xlsx)", then give that file instead.'
)


def not_a_spreadsheet(path: Path, seems: str, hint: str = SAVE_AS_XLSX) -> WorkbookError:
    """Return the error for a file that is something else; ``seems`` continues "it seems to be"."""
    return WorkbookError(f'"{path}" is not a spreadsheet: it seems to be {seems}.', hint)


def cannot_be_opened(path: Path, error: OSError) -> WorkbookError:
    """Return the error for a file that the system does not open."""
    return WorkbookError(
        f'"{path}" cannot be opened: {error.strerror or "the system refuses it"}.',
        "Close it if it is open elsewhere, and check that you may read it.",
    )


def protected(path: Path) -> WorkbookError:
    """Return the error for a file that is encrypted."""
    return WorkbookError(
        f'"{path}" is protected with a password.',
        "Open it with the password and save it without one, then try again.",
    )


def encrypted(path: Path) -> WorkbookError:
    """Return the error for an Office file that is encrypted: with a password, or with the one Excel knows itself."""
    return WorkbookError(
        f'"{path}" is encrypted: it is protected with a password, or the structure of the workbook is protected.',
        "If Excel opens it without a password, choose Review, Protect Workbook there to switch that off, and save it "
        "again. Otherwise open it with the password and save it without one.",
    )


def damaged(path: Path, what: str) -> WorkbookError:
    """Return the error for a file that breaks off or contradicts itself."""
    return WorkbookError(
        f'"{path}" is damaged: {what}.',
        "Copy or download it again. If it opens in Excel or LibreOffice, save it from there under a new name.",
    )


def too_large(path: Path, what: str) -> WorkbookError:
    """Return the error for a file that would fill the memory."""
    return WorkbookError(
        f'"{path}" is not read, because {what}.',
        "If it opens in Excel or LibreOffice, copy only the filled rows into a new template and use that.",
    )


def far_cell(path: Path, sheet: str, cell: str) -> WorkbookError:
    """Return the error for a sheet that spans far more cells than it fills."""
    return WorkbookError(
        f'"{path}" is not read, because the sheet "{sheet}" reaches as far as cell {cell}.',
        "Go to that cell (Ctrl+End in Excel), delete the rows and columns that do not belong to the table, and save.",
    )


def entities(path: Path, part: str) -> WorkbookError:
    """Return the error for XML that declares entities, which no spreadsheet program writes."""
    return WorkbookError(
        f'"{path}" is not read, because its part {part} declares document types or entities, '
        "which spreadsheets do not have.",
        "Do not open it unless you trust its sender. " + SAVE_AS_XLSX,
    )


MAX_CELLS: Final = 32_000_000
"""Most cells between a sheet's first and last filled one: all rows with thirty columns, about 1 GiB."""


@dataclass(slots=True, kw_only=True)
class CellDetails:
    """What a closer look at a sheet found. Rows and columns are counted from 0."""

    cells: dict[tuple[int, int], CellValue] = field(default_factory=dict)
    """Cells that the fast reader gives as blank or as something else, by row and column."""
    hidden_rows: list[int] = field(default_factory=list)
    """Row numbers counted from 1, ascending."""
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    """First and last of columns that a person does not see."""
    filtered: bool = False
    """Whether a filter is active."""
    merged: list[Block] = field(default_factory=list)
    totals: list[Block] = field(default_factory=list)
    """As `RawSheet.totals` has them."""
    formats: dict[int, dict[int, str]] = field(default_factory=dict)
    """As `RawSheet.formats` has it, its row numbers counted from 1."""
    formulas: dict[int, dict[int, str]] = field(default_factory=dict)
    """As `RawSheet.formulas` has it, its row numbers counted from 1."""
    struck: dict[int, set[int]] = field(default_factory=dict)
    """As `RawSheet.struck` has it, its row numbers counted from 1."""
    top: int | None = None
    left: int | None = None
    bottom: int = -1
    right: int = -1
    """The rectangle of cells with content; ``top`` and ``left`` are None where there is none."""

    def include(self, row: int, column: int, last_row: int, last_column: int) -> None:
        """Take a block of cells with content into the rectangle."""
        self.top = row if self.top is None else min(self.top, row)
        self.left = column if self.left is None else min(self.left, column)
        self.bottom = max(self.bottom, last_row)
        self.right = max(self.right, last_column)

    def check_far_cells(self, path: Path, sheet: str) -> None:
        """Refuse a sheet whose rectangle would fill the memory.

        Raises:
            WorkbookError: It spans more than `MAX_CELLS`.
        """
        if self.top is None or self.left is None:
            return
        if (self.bottom - self.top + 1) * (self.right - self.left + 1) > MAX_CELLS:
            raise far_cell(path, sheet, f"{letters(self.right)}{self.bottom + 1}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Values by column, all equally long, and where the first one stood (counted from 0)."""

    columns: list[list[CellValue]]
    row: int = 0
    column: int = 0

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.columns[0]) if self.columns else 0

    def with_cells(self, cells: dict[tuple[int, int], CellValue]) -> Grid:
        """Return the grid with these cells put in; it grows where they stand outside of it."""
        if not cells:
            return self
        rows = [row for row, _ in cells]
        columns = [column for _, column in cells]
        top, left, bottom, right = min(rows), min(columns), max(rows), max(columns)
        if self.columns:
            top, left = min(top, self.row), min(left, self.column)
            bottom = max(bottom, self.row + self.height - 1)
            right = max(right, self.column + len(self.columns) - 1)
        grown = self._grown(top, left, bottom, right)
        for (row, column), value in cells.items():
            grown[column - left][row - top] = value
        return Grid(columns=grown, row=top, column=left)

    def _grown(self, top: int, left: int, bottom: int, right: int) -> list[list[CellValue]]:
        height = bottom - top + 1
        above = self.row - top
        below = height - above - self.height
        grown: list[list[CellValue]] = []
        for column in range(left, right + 1):
            if 0 <= column - self.column < len(self.columns):
                kept = self.columns[column - self.column]
                grown.append([BLANK] * above + kept + [BLANK] * below if above or below else kept)
            else:
                grown.append([BLANK] * height)
        return grown

    def to_sheet(self, name: str, *, hidden: bool, details: CellDetails) -> RawSheet:
        """Return the sheet with what the look found in it; hidden rows and columns outside the table are left out."""
        whole = self.with_cells(details.cells)
        first = whole.row + 1
        columns = range(whole.column, whole.column + len(whole.columns))
        return RawSheet(
            name=name,
            columns=whole.columns,
            first_row=first,
            first_column=whole.column,
            hidden=hidden,
            hidden_rows=tuple(row for row in details.hidden_rows if first <= row < first + whole.height),
            hidden_columns=tuple(
                column for column in columns if any(left <= column <= right for left, right in details.hidden_columns)
            ),
            filtered=details.filtered,
            merged=tuple(sorted(details.merged)),
            totals=tuple(sorted(details.totals)),
            formats=details.formats,
            formulas=details.formulas,
            struck=details.struck,
        )


def by_column(rows: Sequence[Sequence[Any]], width: int) -> list[list[CellValue]]:
    """Return equally long rows turned into columns (faster than ``zip`` for many short rows)."""
    return [[row[index] for row in rows] for index in range(width)]


def grid_of(sheet: CalamineSheet) -> Grid:
    """Return what calamine read of a sheet; whole numbers are floats, as in every format."""
    rows = sheet.to_python(skip_empty_area=True)
    row, column = sheet.start or (0, 0)
    return Grid(columns=by_column(rows, sheet.width if rows else 0), row=row, column=column)


def calamine_book(path: Path, *suffixes: str) -> CalamineWorkbook:
    """Return the file opened by calamine.

    Where its name ends with one of the suffixes by which calamine takes it for what it is, it is read without asking
    Python for each piece, so that other threads get on; else it is given the bytes.
    """
    if path.suffix.casefold() in suffixes:
        return CalamineWorkbook.from_path(path)
    return CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))


def worksheets(book: CalamineWorkbook) -> list[tuple[int, SheetMetadata]]:
    """Return the sheets that hold cells, each with its place in the workbook; chart sheets are skipped."""
    return [(index, sheet) for index, sheet in enumerate(book.sheets_metadata) if sheet.typ is SheetTypeEnum.WorkSheet]


def is_hidden(sheet: SheetMetadata) -> bool:
    """Return whether a person does not see the sheet."""
    return sheet.visible is not SheetVisibleEnum.Visible


def read_sheets(book: CalamineWorkbook, noted: Sequence[CellDetails]) -> tuple[RawSheet, ...]:
    """Read all worksheets, each with what a closer look found in it."""
    return tuple(
        grid_of(book.get_sheet_by_index(index)).to_sheet(meta.name, hidden=is_hidden(meta), details=details)
        for (index, meta), details in zip(worksheets(book), noted, strict=True)
    )


@contextmanager
def calamine_failures(path: Path) -> Iterator[None]:
    """Turn calamine's errors, and panics of the Rust under it, into one about the file."""
    try:
        yield
    except WorkbookError:
        raise
    except PasswordError:
        raise encrypted(path) from None
    except (CalamineError, OSError, OverflowError, ValueError):
        raise damaged(path, "what is inside does not fit together") from None
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":  # it is no Exception, and cannot be imported
            raise
        raise damaged(path, "what is inside cannot be understood") from None
