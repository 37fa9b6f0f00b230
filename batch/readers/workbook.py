"""Workbooks as they were read: every cell where it stood and as what it stood; and why a file is not read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from batch.errors import WorkbookError
from batch.schema.file_metadata import NO_IMPRINT, FileKind, FileMetadata


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
    metadata: FileMetadata = NO_IMPRINT
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
