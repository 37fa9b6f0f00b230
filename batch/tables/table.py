"""A table: the rows of one of the three sheets, its headers matched, its cells as text, by column.

A row's key is its row number on its sheet; it is the index of the frame and stays with the row until its result
is written. Nothing is ever joined by position.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from batch.readers.workbook import CellError, CellValue, NoValue, RawSheet
from batch.schema.column_model import Sheet, plain_field
from batch.schema.dialects import SheetDialect
from batch.schema.problems import Finding, Problem
from batch.tables.acceptance import NOTHING_ACCEPTED, Acceptance
from batch.tables.columns_file import NO_FIT, Fit
from batch.tables.combined_columns import holds
from batch.tables.headers import Headers
from batch.wording import letters

if TYPE_CHECKING:
    import pandas as pd


class Constant(NamedTuple):
    """A field whose text is the same in all rows."""

    text: str
    said_by: str
    """What says so, for people: ``--trunk``."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows of one sheet."""

    sheet: Sheet
    raw: RawSheet | None
    """None where the workbook has no such sheet."""
    header_row: int = 1
    headers: Headers = field(default_factory=Headers)
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict, repr=False)
    """The text of each known column that the sheet has, by field; ``""`` is blank; the password column holds `Secret`.
    All are equally long; wholly blank rows are left out."""
    row_numbers: npt.NDArray[np.int64] = field(default_factory=partial(np.arange, 0), repr=False)
    """Row numbers as people see them, ascending."""
    faulty: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Per field, the rows whose cell could not be read: blank in the frame, but not blank, and already reported."""
    numbers: Mapping[str, AbstractSet[int]] = field(default_factory=dict, repr=False)
    """Per column, the rows whose cell held a plain number, which cannot keep a ``+`` or zeros in front."""
    spread: Mapping[str, Mapping[int, int]] = field(default_factory=dict, repr=False)
    """Per field, the rows whose value stands in a cell merged with theirs, and the row of that cell."""
    sources: Mapping[str, Mapping[int, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    """Per field, the rows whose text does not come from the field's own column alone: by line of the text, the column
    that it comes from, as `headers` names it."""
    accepted: Acceptance = NOTHING_ACCEPTED
    dialect: SheetDialect | None = None
    """How the sheet is written, if another system wrote it."""
    fit: Fit = NO_FIT
    """What columns file and dialect say of its columns."""
    skipped: Mapping[int, str] = field(default_factory=dict, repr=False)
    """Rows that are left out, and why, in a sentence; they are none of ``row_numbers``."""
    not_in_use: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By header, what marks rows as not in use which the columns file does not leave out."""
    constants: Mapping[str, Constant] = field(default_factory=dict)
    """What is said by field of every row that does not say it itself."""
    did_columns: Sequence[int] = ()
    """Positions of the columns of the Trunks sheet that hold DIDs."""
    unheaded: Mapping[str, int] = field(default_factory=dict)
    """Position by field of a column that is known without a header, where the list has none."""
    times: Mapping[int, int] | None = None
    """Of one made of another's sheet: how many rows of that say what each of its rows does. They are counted, and get
    their results, there."""
    of_sheets: Sequence[tuple[int, Table]] = ()
    """Of one made of several sheets: a table for each, and how much larger its row numbers are in this one."""

    @property
    def name(self) -> str:
        """The sheet's name as the user wrote it."""
        return self.raw.name if self.raw else self.sheet.title

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The columns as a pandas frame of text, named by field and indexed by row number; passwords are objects."""
        import pandas as pd  # noqa: PLC0415 - only scripts want frames

        index = pd.Index(self.row_numbers, name="row")
        columns = {
            name: pd.Series(texts, index=index, dtype="object" if name == "password" else "str")
            for name, texts in self.columns.items()
        }
        return pd.DataFrame(columns, index=index, copy=False)

    @property
    def height(self) -> int:
        """How many rows it has."""
        return self.row_numbers.size

    @cached_property
    def header_texts(self) -> Mapping[int, str]:
        """The headers of all columns that have one, ours and others, by position."""
        return {**self.headers.own, **{at: self.headers.texts[name] for name, at in self.headers.columns.items()}}

    def beside(self, position: int) -> list[str]:
        """Return what the cells of any column say, on one line each, in the order of the rows."""
        if self.raw is None:
            return []
        cells, first = self.raw.columns[position - self.raw.first_column], self.raw.first_row
        return [text_of_cell(cells[row - first]) for row in self.rows()]

    def without(self, rows: AbstractSet[int]) -> Table:
        """Return it without some rows, with what is known of them."""
        return self.at(np.flatnonzero(~np.isin(self.row_numbers, list(rows))))

    def at(self, places: npt.NDArray[np.int64]) -> Table:
        """Return it with the rows at these places alone, counted from 0, with what is known of them."""
        chosen, numbers = places.tolist(), self.row_numbers[places]
        rows = frozenset(numbers.tolist())
        return replace(
            self,
            columns={name: [column[i] for i in chosen] for name, column in self.columns.items()},
            row_numbers=numbers,
            faulty={name: found & rows for name, found in self.faulty.items()},
            numbers={name: found & rows for name, found in self.numbers.items()},
        )

    def has(self, field_name: str) -> bool:
        """Tell whether the sheet has the column."""
        return field_name in self.headers.columns

    def texts(self, field_name: str) -> Sequence[Any]:
        """Return one column, `Secret` for the password and text otherwise; blank where the sheet lacks it."""
        return self.columns.get(field_name) or [""] * self.height

    def rows(self) -> Sequence[int]:
        """Return the row numbers, ascending."""
        return self._rows

    @cached_property
    def _rows(self) -> Sequence[int]:
        rows: list[int] = self.row_numbers.tolist()
        return rows

    def filled(self, field_name: str) -> list[tuple[int, Any]]:
        """Return row number and text of every cell of a column that is not blank."""
        return [(row, text) for row, text in zip(self.rows(), self.texts(field_name), strict=True) if text]

    def text(self, field_name: str, row: int) -> str:
        """Return what one cell says; a password says ``<hidden>``."""
        return str(self.columns[field_name][bisect_left(self.rows(), row)])

    def blank(self, field_name: str, row: int, text: str) -> bool:
        """Tell whether a cell is blank because nobody filled it, rather than because it could not be read."""
        return not text and row not in self.faulty.get(field_name, ())

    def lacks(self, field_name: str, row: int, text: str) -> bool:
        """Tell whether a cell that must be filled is not; a column that is missing is told once, at the header."""
        return self.has(field_name) and self.blank(field_name, row, text)

    def parts(self, field_name: str, row: int, text: str) -> Sequence[tuple[str, str]]:
        """Return the texts that a field's text is made of, each with the column that it comes from."""
        sources = self.sources.get(field_name, {}).get(row)
        return list(zip(sources, text.split("\n"), strict=True)) if sources else [(field_name, text)]

    def holding(self, field_name: str, row: int, number: str) -> Sequence[str]:
        """Return the columns that say a number in a row, from left to right; the field's own where none does."""
        if row not in self.sources.get(field_name, ()):
            return [field_name]
        parts = self.parts(field_name, row, self.text(field_name, row))
        return [column for column, text in parts if holds(text, number)] or [parts[0][0]]

    def filled_in(self, column: str) -> list[tuple[int, str]]:
        """Return row number and text of what a field's texts have from one of its columns: ``did``, ``did+2``."""
        name = plain_field(column)
        if not self.sources.get(name):
            return self.filled(name)
        parts = ((row, *part) for row, text in self.filled(name) for part in self.parts(name, row, text))
        return [(row, text) for row, part, text in parts if part == column]

    def text_of(self, column: str, row: int) -> str:
        """Return what a field's text says of one of its columns: ``did``, ``did+2``."""
        name = plain_field(column)
        return dict(self.parts(name, row, self.text(name, row))).get(column, "")

    def filled_of(self, column: str) -> list[tuple[int, Any]]:
        """Return row number and text of what each row says in one column of a field; a block's columns say its ends."""
        name = plain_field(column)
        if self.sources.get(name):
            return self.filled_in(column)
        ends = [other for other in self.headers.columns if plain_field(other) == name]
        if len(ends) < 2:  # a field of one column
            return self.filled(column)
        at = {name: 0, f"{name}_to": -1}.get(column)
        said = [] if at is None else self.filled(name)
        return [(row, text.split("..")[at or 0]) for row, text in said if at == 0 or ".." in text]

    def accepts(self, row: int, column: str, text: str, code: str) -> bool:
        """Tell whether somebody has accepted what would be read of a cell in spite of what is wrong with it."""
        return self.accepted.covers(code, self.name, self.cell(column, row), text)

    def cell(self, field_name: str, row: int, number: str = "") -> str:
        """Name a cell of this sheet, as ``C14``; of several columns, that which says ``number``."""
        if field_name in self.sources and number:
            field_name = self.holding(field_name, row, number)[0]
        there, at = self.origin(row)
        return f"{letters(there.headers.columns.get(field_name, 0))}{at}"

    def place(self, field_name: str, row: int, number: str = "") -> str:
        """Name a cell with its sheet, as ``DIDs!C14``."""
        return f"{self.origin(row)[0].name}!{self.cell(field_name, row, number)}"

    def origin(self, row: int) -> tuple[Table, int]:
        """Return the table on whose sheet a row stands, and its number there."""
        return next(((part, row - more) for more, part in reversed(self.of_sheets) if row > more), (self, row))

    def problem(
        self,
        code: str,
        row: int,
        field_name: str,
        message: str,
        fix: str,
        *,
        value: str = "",
        offers: tuple[str, ...] = (),
    ) -> Problem:
        """Make a problem at a cell of this sheet, or of the one that its row stands on.

        Of several columns it is at that which says ``value``.
        """
        if field_name in self.sources:
            field_name = self.holding(field_name, row, value)[0]
        there, row = self.origin(row)
        header = there.headers.texts.get(field_name, self.sheet.column(plain_field(field_name)).label)
        if field_name in there.constants and not there.has(field_name):
            text, header = there.constants[field_name]
            message = f"{header} {text}: {message}"
        elif there.times is not None and (rows := there.times.get(row, 1)) > 1:
            message += f" {rows:,} rows name it."
        return Problem(
            code=code,
            sheet=there.name,
            row=row,
            column=there.headers.columns.get(field_name, 0),
            header=header,
            value=value,
            message=message,
            fix=fix,
            offers=offers,
        )

    def found(self, row: int, field_name: str, finding: Finding, text: str) -> Problem:
        """Make a problem of what was found in a cell of this sheet that says ``text``."""
        problem = self.problem(
            finding.code, row, field_name, finding.message, finding.fix, value=text, offers=finding.offers
        )
        return replace(problem, reading=finding.reading) if finding.reading else problem


def text_of_cell(value: CellValue) -> str:
    """Return what a cell says, on one line: a whole number as its digits, an error as nothing."""
    if isinstance(value, CellError | NoValue):
        return ""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else " ".join(str(value).split())
