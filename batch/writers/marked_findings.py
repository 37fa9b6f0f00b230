"""Marked findings: what is said in a marked workbook, by cell and line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from batch.readers.workbook import RawSheet
from batch.schema.problem_kinds import Severity
from batch.schema.problems import Problem

Place: TypeAlias = tuple[int, int]
"""Row number as people see it, and column (0 is A)."""

MOST_NOTES: Final = 10_000
"""Cells of a sheet that get a note. Excel takes more, but takes minutes to open them."""
_MOST_NOTED: Final = 2_000
"""Cells of a sheet that are only noted, up to which they are marked: beyond, it is how the sheet is."""

_DEEPEST_MERGE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFindings:
    """What is marked on one sheet."""

    wrong: frozenset[Place] = frozenset()
    """Cells with a problem."""
    noted: frozenset[Place] = frozenset()
    """Cells whose value was taken otherwise than it stands there; none of them is wrong."""
    notes: Mapping[Place, str] = field(default_factory=dict)
    """What the note of a cell says."""


def by_sheet(problems: Iterable[Problem], sheets: Iterable[RawSheet]) -> dict[str, SheetFindings]:
    """Return what is marked, by sheet. Sheets that are not there have nothing to be marked on."""
    known = {sheet.name: sheet for sheet in sheets}
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.sheet in known:
            found.setdefault(problem.sheet, []).append(problem)
    return {name: _findings(known[name], listed) for name, listed in found.items()}


def _findings(sheet: RawSheet, problems: Sequence[Problem]) -> SheetFindings:
    wrong: dict[Place, list[str]] = {}
    noted: dict[Place, list[str]] = {}
    covered = _covered(sheet)
    for problem in problems:
        if problem.stops or _is_about_value(problem):
            into = wrong if problem.stops else noted
            place = (problem.row, problem.column)
            into.setdefault(covered.get(place, place), []).append(f"{problem.message}\n{problem.fix}")
    only_noted = {place: texts for place, texts in noted.items() if place not in wrong}
    if len(only_noted) > _MOST_NOTED:
        only_noted = {}
    notes = {place: [*texts, *noted.get(place, ())] for place, texts in wrong.items()} | only_noted
    return SheetFindings(
        wrong=frozenset(wrong),
        noted=frozenset(only_noted),
        notes={place: "\n\n".join(dict.fromkeys(texts)) for place, texts in list(notes.items())[:MOST_NOTES]},
    )


def _is_about_value(problem: Problem) -> bool:
    """Tell whether a notice is about what stands in its cell, rather than about rows, columns or sheets."""
    return problem.code.startswith("cell-") or problem.kind.severity is Severity.PROBLEM


def _covered(sheet: RawSheet) -> dict[Place, Place]:
    """Return the cells that nobody sees because they are merged with others, and the one that is seen instead."""
    return {
        (row, column): (block.first_row, block.first_column)
        for block in sheet.merged
        for row in range(block.first_row, min(block.last_row, block.first_row + _DEEPEST_MERGE) + 1)
        for column in range(block.first_column, block.last_column + 1)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the list: a problem; or a notice, with all rows that it holds for."""

    problem: Problem
    rows: Sequence[int] = ()
    """Of a notice, where there are several."""


def lines(problems: Sequence[Problem]) -> Iterator[Line]:
    """Yield problems, each by itself, then notices, those that say the same at once; all as they are in order."""
    notices: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        if problem.stops:
            yield Line(problem=problem)
        else:
            words = (problem.sheet, problem.code, problem.header, problem.message, problem.fix)
            notices.setdefault(words, []).append(problem)
    for same in notices.values():
        first = same[0]
        if len(same) == 1:
            yield Line(problem=first)
        else:
            alike = len({problem.value for problem in same}) == 1
            yield Line(
                problem=first if alike else replace(first, value=""), rows=sorted({problem.row for problem in same})
            )
