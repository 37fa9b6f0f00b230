"""Checks: what is wrong with a workbook, grouped for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from batch.sheets.problems import Problem
from batch.sheets.rows import spans
from batch.telling.amounts import BRIEF, Shown, counted, shortened
from batch.telling.commands import command, which

if TYPE_CHECKING:
    from batch.checking import Checked
    from batch.errors import BatchError


def problems_text(problems: Sequence[Problem], shown: Shown = BRIEF, *, notices: bool = True) -> Iterator[str]:
    """Tell problems and notices grouped by kind, the gravest first, the same message in many rows once."""
    for stops in (True, False) if notices else (True,):
        kind = [problem for problem in problems if problem.stops is stops]
        by_code = sorted(kind, key=lambda p: (p.code,))
        for code, group in groupby(by_code, key=lambda p: p.code):
            yield from _kind_text(code, list(group), shown, stops=stops)


def _kind_text(code: str, problems: list[Problem], shown: Shown, *, stops: bool) -> Iterator[str]:
    kind = problems[0].kind
    label = "PROBLEM" if stops else "notice"
    times = f" ({len(problems):,} times)" if len(problems) > 1 else ""
    yield f"{label}  {kind.title}{times}  [{code}; {kind.who}]"
    by_words: dict[tuple[str, str, str, str], list[Problem]] = {}
    for problem in problems:
        words = (problem.sheet, problem.header, problem.message, problem.fix)
        by_words.setdefault(words, []).append(problem)
    for i, ((sheet, _, message, fix), same) in enumerate(by_words.items()):
        if i == shown.items:
            yield f"    … and {len(by_words) - i:,} more of this kind; -v lists every one."
            break
        cells = f"{sheet}!{same[0].cell}"
        if len(same) > 1:
            column = same[0].cell.rstrip("0123456789")
            cells = f"{sheet}, column {column}, rows {_some_spans([problem.row for problem in same], shown)}"
        value = f' "{shortened(same[0].value)}"' if same[0].value and len({p.value for p in same}) == 1 else ""
        yield f"    {cells}{value}: {message}"
        if not fix.startswith("Nothing to do"):
            yield f"        {fix}"


def _some_spans(rows: list[int], shown: Shown) -> str:
    parts = spans(sorted(set(rows))).split(", ")
    return ", ".join(parts[: shown.items]) + (" …" if len(parts) > len(parts[: shown.items]) else "")


def check_text(checked: Checked, shown: Shown = BRIEF, *, notices: bool = True) -> Iterator[str]:
    """Tell what a check found."""
    found = list(problems_text(checked.problems, shown, notices=notices))
    yield from [*found, ""] if found else []
    drafts, tables = checked.drafts, checked.tables
    yield (
        f"{checked.workbook.path.name}: {counted(len(tables.trunks.frame), 'trunk')}, "
        f"{counted(len(tables.caller_ids.frame), 'caller-ID row')}, {counted(len(tables.dids.frame), 'DID row')}."
    )
    if drafts.trunks and not checked.stops:
        yield (
            f"{counted(drafts.trunks, 'trunk')} would be sent; the largest request is that of {drafts.largest}, "
            f"{drafts.largest_bytes / 1024:,.1f} KiB."
        )
    stopping = sum(problem.stops for problem in checked.problems)
    if stopping:
        them = "they are" if stopping > 1 else "it is"
        yield f"{counted(stopping, 'problem')}. Nothing will be sent until {them} corrected."
        yield f"Correct {'them' if stopping > 1 else 'it'} and check again."
    else:
        yield "No problems."
        yield "To see what would change on the PBX, give --url and --client-id, or --practice to rehearse without one:"
        yield f"Next: {command('plan', checked.workbook.path, which(checked.settings))}"


def unreadable(error: BatchError) -> Problem:
    """Tell of a file that is no workbook in the shape of a problem."""
    return Problem(code="not-readable", sheet="Trunks", message=error.message, fix=error.hint)
