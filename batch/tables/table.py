"""Table: the rows of one of the three sheets, by column.

A row's key is its row number on its sheet; it is the index of the frame and stays with the row until its result
is written. Nothing is ever joined by position.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from batch.readers.workbook import RawSheet
from batch.schema.column_model import Sheet, plain_field
from batch.schema.problems import Finding, Problem
from batch.tables.acceptance import NOTHING_ACCEPTED, Acceptance
from batch.tables.combined_columns import holds
from batch.tables.headers import Headers
from batch.wording import letters

if TYPE_CHECKING:
    import pandas as pd


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
    """Per field, the rows whose cell held a plain number, which cannot keep a ``+`` or zeros in front."""
    spread: Mapping[str, Mapping[int, int]] = field(default_factory=dict, repr=False)
    """Per field, the rows whose value stands in a cell merged with theirs, and the row of that cell."""
    sources: Mapping[str, Mapping[int, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    """Per field, the rows whose text does not come from the field's own column alone: by line of the text, the column
    that it comes from, as `headers` names it."""
    accepted: Acceptance = NOTHING_ACCEPTED

    @property
    def name(self) -> str:
        """The sheet's name as the user wrote it."""
        return self.raw.name if self.raw else self.sheet.title

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The columns as a pandas frame, named by field and indexed by row number."""
        import pandas as pd  # noqa: PLC0415 - only scripts want frames

        index = pd.Index(self.row_numbers, name="row")
        columns = {name: pd.Series(texts, index=index, dtype=object) for name, texts in self.columns.items()}
        return pd.DataFrame(columns, index=index, copy=False)

    @property
    def height(self) -> int:
        """How many rows it has."""
        return self.row_numbers.size

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

    def text_of(self, column: str, row: int) -> str:
        """Return what a field's text says of one of its columns: ``did``, ``did+2``."""
        name = plain_field(column)
        return dict(self.parts(name, row, self.text(name, row))).get(column, "")

    def accepts(self, row: int, column: str, text: str, code: str) -> bool:
        """Tell whether somebody has accepted what would be read of a cell in spite of what is wrong with it."""
        return self.accepted.covers(code, self.name, self.cell(column, row), text)

    def cell(self, field_name: str, row: int) -> str:
        """Name a cell of this sheet, as ``C14``."""
        return f"{letters(self.headers.columns.get(field_name, 0))}{row}"

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
        """Make a problem at a cell of this sheet; of several columns, at that which says ``value``."""
        if field_name in self.sources:
            field_name = self.holding(field_name, row, value)[0]
        return Problem(
            code=code,
            sheet=self.name,
            row=row,
            column=self.headers.columns.get(field_name, 0),
            header=self.headers.texts.get(field_name, self.sheet.column(field_name).label),
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
