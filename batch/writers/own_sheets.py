"""Own sheets: the list of problems that the tool adds to a workbook, and what is marked on the user's sheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Final, TypeAlias

from batch.readers.workbook import RawSheet
from batch.schema.file_metadata import PROBLEM_SHEET
from batch.schema.problems import Problem, Severity
from batch.tables.acceptance import ACCEPT
from batch.tables.row_results import ListedSheet, Tone
from batch.wording import Who, counted, letters, spans
from batch.writers.new_workbook import DropDown, NewSheet, NewWorkbook, SheetCell
from batch.writers.styles import BAR, row_height

Place: TypeAlias = tuple[int, int]
"""Row number as people see it, and column (0 is A)."""

MOST_NOTES: Final = 10_000
"""Cells of a sheet that get a note. Excel takes more, but takes minutes to open them."""
_MOST_NOTED: Final = 2_000
"""Cells of a sheet that are only noted, up to which they are marked: beyond, it is how the sheet is."""

_DEEPEST_MERGE: Final = 10_000
_LONGEST_SPANS: Final = 300


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


def lines(problems: Sequence[Problem]) -> Iterator[tuple[Problem, Sequence[int]]]:
    """Yield problems, each by itself, then notices, those that say the same at once with their rows; all in order."""
    notices: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        if problem.stops:
            yield problem, ()
        else:
            words = (problem.sheet, problem.code, problem.header, problem.message, problem.fix)
            notices.setdefault(words, []).append(problem)
    for first, *more in notices.values():
        alike = all(problem.value == first.value for problem in more)
        rows = sorted({problem.row for problem in (first, *more)}) if more else ()
        yield first if alike else replace(first, value=""), rows


MOST_LINKS: Final = 60_000
"""Links on a sheet; Excel takes 65,530."""
MOST_LINES: Final = 100_000
"""Lines that are written out; the others are counted."""

_COLUMNS: Final = {
    "Severity": 10,
    "Sheet": 14,
    "Cell": 9,
    "Column": 18,
    "Value": 27,
    "What is wrong": 52,
    "What to type instead": 52,
    "Who must fix it": 27,
}
_HEADER: Final = 3
"""Row of the headers."""
_WHO: Final = {
    Who.EDITOR: "You, in this workbook",
    Who.ADMINISTRATOR: "PBX administrator",
    Who.CARRIER: "Carrier",
    Who.OPERATOR: "Who runs trunk-batch",
}
_NOBODY: Final = "Nobody, if it is as meant"


def add_problems(
    book: NewWorkbook,
    problems: Sequence[Problem],
    advice: str,
    *,
    name: str = PROBLEM_SHEET,
    sheets: Collection[str] = (),
) -> None:
    """Add the sheet with all problems: what to do, then a line each, with a link to the cell.

    Args:
        sheets: Names of the workbook's sheets, which can be linked to; none where they are in another file. Where they
            are there, what can be accepted has a cell for a yes.
    """
    target = book.sheet(name)
    asks = bool(sheets) and any(problem.reading for problem in problems)
    columns = _COLUMNS | ({ACCEPT: 10} if asks else {})
    for row, (text, style, least) in enumerate(
        ((problems_headline(problems), "problems headline", 30.0), (advice, "advice", 16.0)), 1
    ):
        target.add(row, [(text, style, len(columns))], max(least, row_height([(text, sum(columns.values()))])))
    asked: list[int] = []

    def write(row: int, line: tuple[Problem, Sequence[int]]) -> None:
        there = line[0].sheet in sheets
        cell = line[0].cell if there or not sheets else ""
        answer = _answer(line[0]) if asks else None
        asked.extend([row] if answer else [])
        _write_line(target, row, *line, cell, answer, linked=there and row <= _HEADER + MOST_LINKS)

    last_row = _HEADER + MOST_LINES + 1
    target.add_list(columns, lines(problems), write, header=_HEADER, last_row=last_row, rest="which --json lists")
    if asked:
        at = letters(len(columns) - 1)
        target.add_drop_down(f"{at}{asked[0]}:{at}{asked[-1]}", _YES)
    target.page.sheet_view.showGridLines = False
    target.page.sheet_properties.tabColor = "C62828" if any(problem.stops for problem in problems) else "2E7D32"


def add_listed(book: NewWorkbook, listed: ListedSheet, *, name: str = "") -> None:
    """Add a sheet of ours that lists something; columns for people to fill in are yellow."""
    target = book.sheet(name or listed.name)
    widths = [*listed.columns.values()]
    target.add(1, [(listed.says, "advice", len(widths))], max(20.0, row_height([(listed.says, sum(widths))])))

    def write(row: int, line: tuple[Sequence[str | int], Tone | None]) -> None:
        texts, tone = line
        plain = "listed value" if tone is None else f"{tone} listed"
        cells: list[SheetCell] = [
            (text, "field" if header in listed.answers else "number" if isinstance(text, int) else plain, 1)
            for header, text in zip(listed.columns, texts, strict=True)
        ]
        target.add(row, cells, row_height(zip(map(str, texts), widths, strict=True)))

    target.add_list(listed.columns, zip_longest(listed.lines, listed.tones), write, header=2)
    if listed.tone is not None:
        target.page.sheet_properties.tabColor = BAR[listed.tone].removeprefix("#")


_YES: Final = DropDown(
    source='"yes"',
    title="yes, or nothing",
    words="Choose yes if the numbers that this line lists are meant; leave it blank if they are not.",
)


def _answer(problem: Problem) -> SheetCell | None:
    """Return the cell for a yes, of what can be accepted; it says so already where it was."""
    return ("" if problem.stops else "yes", "answer", 1) if problem.reading else None


def problems_headline(problems: Sequence[Problem]) -> str:
    """Say in a sentence how much there is to correct."""
    count = Counter(problem.stops for problem in problems)
    told = counted(count[False], "warning") if count[False] else ""
    if not count[True]:
        return f"No errors.{f' {told}, listed below.' if told else ' There is nothing to correct.'}"
    cells = len({problem.place for problem in problems if problem.stops})
    amount = counted(count[True], "error")
    where = f" in {counted(cells, 'cell')}" if cells != count[True] else ""
    return f"{amount}{where} to correct{f'; {told}' if told else ''}."


def _write_line(
    target: NewSheet,
    row: int,
    problem: Problem,
    same: Sequence[int],
    cell: str,
    answer: SheetCell | None,
    *,
    linked: bool,
) -> None:
    rows = spans(same)
    rows = rows if len(rows) <= _LONGEST_SPANS else f"{rows[:_LONGEST_SPANS].rpartition(',')[0]} …"
    wrong = f"{problem.message} (rows {rows})" if rows else problem.message
    idle = not problem.stops and problem.fix.startswith("Nothing to do")
    who = _NOBODY if idle else _WHO[problem.kind.who]
    severity = "problem" if problem.stops else "notice"
    texts = (problem.sheet, cell, problem.header, problem.value, wrong, problem.fix, who)
    styles = ("listed", "listed link" if linked else "listed", "listed", "listed value", *("listed",) * 3)
    blocks: list[SheetCell] = [(Severity(severity).called, severity, 1)]
    blocks += [(text, style, 1) for text, style in zip(texts, styles, strict=True)]
    blocks += [answer] if answer else []
    target.add(row, blocks, row_height(zip(texts, list(_COLUMNS.values())[1:], strict=True)))
    if linked:
        target.link(f"C{row}", problem.sheet, cell)
