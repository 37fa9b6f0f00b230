"""Strips: one known column of one sheet, and how what was found in its cells is told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from batch.secrets import HIDDEN
from batch.sheets.damage.cares import Care, care_of
from batch.sheets.damage.findings import LEFT_AS_TAKEN, Finding
from batch.sheets.layout import Column, Parser
from batch.sheets.problems import KINDS, Problem, Severity
from batch.sheets.spellings import spans

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
        return care_of(self.column)

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
