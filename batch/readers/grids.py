"""Grids of values by column, and how what the fast reader drops is put back into them."""

from __future__ import annotations

import gc
import io
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

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
from batch.readers.workbook import BLANK, Block, CellValue, RawSheet, damaged, encrypted, far_cell
from batch.wording import letters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

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

    def refuse_far_cells(self, path: Path, sheet: str) -> None:
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


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking over lists that only grow, for as long as they are built."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
