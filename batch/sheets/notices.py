"""Notices by column: what goes for thousands of cells is kept as columns, and made cell by cell where it is listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, overload

from batch.sheets.problems import Problem

FEW: Final = 100
"""So many notices of one kind in one column are made one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNotice:
    """A notice that goes for many cells of one column, in each with the cell's own value."""

    code: str
    """A key of `KINDS`: that of a notice."""
    sheet: str
    column: int
    header: str
    message: str
    """With ``{value}`` where the cell's value stands."""
    fix: str
    rows: Sequence[int]
    values: Sequence[str]
    trunks: Sequence[int]
    """For each row, the row of its trunk on the Trunks sheet. All three are equally long."""

    def __len__(self) -> int:
        return len(self.rows)

    def each(self) -> Iterator[Problem]:
        """Make the notice of each cell."""
        return map(self.at, range(len(self.rows)))

    def at(self, index: int) -> Problem:
        """Make the notice of one cell."""
        value = self.values[index]
        return Problem(
            code=self.code,
            sheet=self.sheet,
            row=self.rows[index],
            column=self.column,
            header=self.header,
            value=value,
            message=self.message.replace("{value}", value),
            fix=self.fix,
            trunk=self.trunks[index],
        )


@dataclass(frozen=True, kw_only=True)
class Problems(Sequence[Problem]):
    """Problems and notices in the workbook's order; those kept by column are made when they are listed."""

    single: Sequence[Problem] = ()
    by_column: Sequence[ColumnNotice] = ()
    sheets: Sequence[str] = field(default=())
    """Names of the sheets, in the order in which their problems are listed; without, they are listed as they came."""

    @cached_property
    def _each(self) -> Sequence[Problem]:
        if not self.by_column:
            return self.in_order
        return self._sorted([*self.single, *(problem for notice in self.by_column for problem in notice.each())])

    @cached_property
    def in_order(self) -> Sequence[Problem]:
        """Those that are not kept by column, as they stand in the workbook, notices after problems."""
        return self._sorted(self.single)

    def _sorted(self, problems: Iterable[Problem]) -> Sequence[Problem]:
        if not self.sheets:
            return tuple(problems)
        place = {name: i for i, name in enumerate(self.sheets)}
        return tuple(
            sorted(problems, key=lambda p: (not p.stops, place.get(p.sheet, -1), p.row, p.column, p.code, p.message))
        )

    def __len__(self) -> int:
        return len(self.single) + sum(map(len, self.by_column))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._each)

    @overload
    def __getitem__(self, index: int) -> Problem: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Problem]: ...

    def __getitem__(self, index: int | slice) -> Problem | Sequence[Problem]:
        return self._each[index]

    @property
    def stopping(self) -> list[Problem]:
        """Those that stand against sending, in no order."""
        return [problem for problem in self.single if problem.stops]
