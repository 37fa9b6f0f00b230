"""Column data: one known column of one sheet, what may be put right in its cells, and how findings are told.

What goes for thousands of cells is kept as columns, and made cell by cell only where it is listed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Final, overload

from batch.schema.column_model import Column, Parser
from batch.schema.problem_kinds import KINDS, Severity
from batch.schema.problems import LEFT_AS_TAKEN, Finding, Problem
from batch.schema.spellings import spans
from batch.secrets import HIDDEN


class Care(StrEnum):
    """How much of a cell's text carries meaning."""

    NUMBER = "one number or pattern"
    SPAN = "a range of extensions"
    LIST = "extensions with commas between"
    COUNT = "a whole number that has a value rather than digits"
    WORD = "a word out of a closed list"
    ACCOUNT = "a sign-in name, often a number"
    NAME = "a name that must be spelled exactly, without blanks"
    TRUNK = "a trunk's name or ID"
    FREE = "a name that people read"
    SECRET = "a password"  # noqa: S105 - what the column holds


_CARES: Final[Mapping[Parser, Care]] = {
    Parser.TEXT: Care.ACCOUNT,
    Parser.NAME: Care.NAME,
    Parser.HOST: Care.NAME,
    Parser.LABEL: Care.FREE,
    Parser.GROUPS: Care.FREE,
    Parser.YES_NO: Care.WORD,
    Parser.CHOICE: Care.WORD,
    Parser.CODECS: Care.WORD,
    Parser.NUMBER: Care.COUNT,
    Parser.DIAL: Care.NUMBER,
    Parser.EXTENSIONS: Care.LIST,
    Parser.EXTENSION_RANGE: Care.SPAN,
    Parser.TRUNK: Care.TRUNK,
    Parser.SECRET: Care.SECRET,
}


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


TYPE_AGAIN: Final = "<type again>"
"""What results write into a password cell whose trunk is not finished."""

MAX_TOLD: Final = 1_000
"""Notices of one kind in one column that are told one by one; the rest of them is told at once, with the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One known column of one sheet, from its first row below the header down."""

    sheet_name: str
    column: Column
    position: int
    """0 is A."""
    header: str
    first_row: int
    formats: Mapping[int, str] = field(default_factory=dict)
    """By row number: as `RawSheet.formats` has it."""
    formulas: Mapping[int, str] = field(default_factory=dict)
    """By row number: as `RawSheet.formulas` has it."""

    @property
    def care(self) -> Care:
        """What its cells are."""
        return _CARES[self.column.parser]

    def problem(
        self, code: str, offset: int, message: str, fix: str, value: str = "", *, offers: tuple[str, ...] = ()
    ) -> Problem:
        """Make a problem at the cell ``offset`` rows down; of a password, neither value nor offers are kept."""
        secret = self.column.parser is Parser.SECRET
        return Problem(
            code=code,
            sheet=self.sheet_name,
            row=self.first_row + offset,
            column=self.position,
            header=self.header,
            value=HIDDEN if secret and value != TYPE_AGAIN else value,
            message=message,
            fix=fix,
            offers=() if secret else offers,
        )

    def found(self, offset: int, finding: Finding) -> Problem:
        """Make a problem or notice of what was found in the cell ``offset`` rows down."""
        problem = self.problem(finding.code, offset, finding.message, finding.fix, finding.found, offers=finding.offers)
        return replace(problem, retype=finding.retype) if problem.offers and finding.retype else problem


def problems_of(strip: Strip, found: Iterable[tuple[int, Finding]]) -> Iterator[Problem]:
    """Make problems and notices of what was found, each with how many rows down it is.

    Notices of one kind that the column is full of are told at once by their rows; a problem is told by itself.
    """
    told: Counter[str] = Counter()
    rest: dict[str, list[int]] = defaultdict(list)
    for offset, finding in found:
        told[finding.code] += KINDS[finding.code].severity is Severity.NOTICE
        if told[finding.code] > MAX_TOLD:
            rest[finding.code].append(offset)
        else:
            yield strip.found(offset, finding)
    for code, offsets in rest.items():
        yield same_for(strip, code, sorted(offsets))


def same_for(strip: Strip, code: str, offsets: Sequence[int]) -> Problem:
    """Tell a notice of many cells at once, with their rows; ``offsets`` are ascending."""
    rows = spans(strip.first_row + offset for offset in offsets)
    message = f"The same goes for {len(offsets):,} more cells of this column: rows {rows}."
    return strip.problem(code, offsets[0], message, LEFT_AS_TAKEN)
