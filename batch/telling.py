"""Telling: what people and programs get to read, as text and as JSON shapes. Pure."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from batch.secrets import Secret
from batch.settings import Settings
from batch.sheets.problems import Problem
from batch.sheets.rows import spans
from batch.trunks.differences import ListDifference
from batch.trunks.live import CallerId, Did

if TYPE_CHECKING:
    from batch.checking import Checked
    from batch.errors import BatchError
    from batch.pipeline import Planned, Report
    from batch.runs.outcomes import Outcome
    from batch.trunks.plans import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How much is listed before the rest is only counted; None is all of it."""

    trunks: int | None
    items: int | None
    """Cells of one kind of problem, or entries of one list."""


BRIEF: Final = Shown(trunks=40, items=12)
WHOLE: Final = Shown(trunks=None, items=None)


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
        value = f' "{_short(same[0].value)}"' if same[0].value and len({p.value for p in same}) == 1 else ""
        yield f"    {cells}{value}: {message}"
        if not fix.startswith("Nothing to do"):
            yield f"        {fix}"


def _some_spans(rows: list[int], shown: Shown) -> str:
    parts = spans(sorted(set(rows))).split(", ")
    return ", ".join(parts[: shown.items]) + (" …" if len(parts) > len(parts[: shown.items]) else "")


def _short(text: str, limit: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def check_text(checked: Checked, shown: Shown = BRIEF, *, notices: bool = True) -> Iterator[str]:
    """Tell what a check found."""
    found = list(problems_text(checked.problems, shown, notices=notices))
    yield from [*found, ""] if found else []
    drafts, tables = checked.drafts, checked.tables
    yield (
        f"{checked.workbook.path.name}: {_n(len(tables.trunks.frame), 'trunk')}, "
        f"{_n(len(tables.caller_ids.frame), 'caller-ID row')}, {_n(len(tables.dids.frame), 'DID row')}."
    )
    if drafts.trunks and not checked.stops:
        yield (
            f"{_n(drafts.trunks, 'trunk')} would be sent; the largest request is that of {drafts.largest}, "
            f"{drafts.largest_bytes / 1024:,.1f} KiB."
        )
    stopping = sum(problem.stops for problem in checked.problems)
    if stopping:
        them = "they are" if stopping > 1 else "it is"
        yield f"{_n(stopping, 'problem')}. Nothing will be sent until {them} corrected."
        yield f"Correct {'them' if stopping > 1 else 'it'} and check again."
    else:
        yield "No problems."
        yield "To see what would change on the PBX, give --url and --client-id, or --practice to rehearse without one:"
        yield f"Next: {_command('plan', checked.workbook.path, _which(checked.settings))}"


def _command(name: str, workbook: object, flags: Iterable[object] = ()) -> str:
    """Write a command as it is typed."""
    return " ".join(["trunk-batch", name, quoted(workbook), *map(quoted, flags)])


def quoted(word: object) -> str:
    """Write a path or a name as it is typed on this machine's command line."""
    text = str(word)
    if os.name != "nt":
        return shlex.quote(text)
    return f'"{text}"' if re.search(r"[\s&^()|<>;,=%!]", text) else text


def _which(settings: Settings) -> list[object]:
    """Repeat the flags that choose trunks."""
    flags: list[object] = []
    if settings.only:
        flags += ["--only", *settings.only]
    if settings.first is not None:
        flags += ["--first", settings.first]
    return flags


def _where(settings: Settings) -> list[object]:
    """Repeat the flags that choose the PBX."""
    if settings.practice:
        return ["--practice"]
    flags: list[object] = ["--url", settings.url, "--client-id", settings.client_id]
    for flag, value in (
        ("--secret-file", settings.secret_file),
        ("--ca-file", settings.ca_file),
        ("--fingerprint", settings.fingerprint),
        ("--proxy", settings.proxy),
    ):
        flags += [flag, value] if value else []
    return [*flags, "--insecure"] if settings.insecure else flags


_HOW = ("rate", "concurrency", "attempts", "timeout", "on_error", "max_failures", "give_up_after", "settle_wait")


def _how(settings: Settings) -> list[object]:
    """Repeat the flags that say how carefully to go."""
    usual = Settings(workbook=settings.workbook)
    flags: list[object] = []
    for name in (
        "rate",
        "concurrency",
        "attempts",
        "timeout",
        "on_error",
        "max_failures",
        "give_up_after",
        "settle_wait",
    ):
        if getattr(settings, name) != getattr(usual, name):
            value = getattr(settings, name)
            flags += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else value]
    return flags if settings.read_back else [*flags, "--no-read-back"]


def _allowing(settings: Settings) -> list[object]:
    """Repeat the flags that let a plan through."""
    flags: list[object] = []
    for hazard in settings.allow:
        flags += ["--allow", hazard]
    return [*flags, "--skip-invalid"] if settings.skip_invalid else flags


def _n(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def plan_text(planned: Planned, shown: Shown = BRIEF, *, notices: bool = True) -> Iterator[str]:
    """Tell a plan: what changes on each trunk, problems, hazards, cost, digest, and what comes next."""
    yield from offer_text(planned, shown, notices=notices)
    yield from _next_text(planned)


def offer_text(planned: Planned, shown: Shown = BRIEF, *, notices: bool = True) -> Iterator[str]:
    """Tell a plan to somebody who is going to be asked about it."""
    yield from _head_text(planned)
    updates = planned.plan.updates
    listed = updates[: shown.trunks]
    yield from [""] if listed else []
    for change in listed:
        yield from _change_text(change, shown)
    if len(updates) > len(listed):
        yield f"… and {len(updates) - len(listed):,} more trunks; -v, plan -o FILE.xlsx or --json shows every one."
    yield from [""] if listed else []
    yield from problems_text(planned.plan.problems, shown, notices=notices)
    yield from _hazards_text(planned)
    yield from _unfinished_text(planned)
    yield from _cost_text(planned)


def running_text(planned: Planned) -> Iterator[str]:
    """Tell shortly what is about to be written, to somebody who is not going to be asked."""
    yield from _head_text(planned)
    yield from problems_text(planned.plan.problems, notices=False)
    yield from _hazards_text(planned)
    yield from _unfinished_text(planned)
    yield from _cost_text(planned)


def _head_text(planned: Planned) -> Iterator[str]:
    from batch.runs.reports import plan_headline  # noqa: PLC0415 - a check needs none of the runs

    yield f"Plan for {planned.address}, workbook {planned.checked.settings.workbook.name}"
    yield from planned.notes
    yield plan_headline(planned.plan)


def _hazards_text(planned: Planned) -> Iterator[str]:
    for hazard in planned.plan.hazards:
        allowed = "" if hazard in planned.refused_hazards else " (allowed)"
        yield f"HAZARD  {hazard.message}{allowed}"
        if not allowed:
            yield f"    Or, to let it happen: {hazard.flag}"


def _unfinished_text(planned: Planned) -> Iterator[str]:
    if planned.unfinished:
        runs = "An earlier run" if len(planned.unfinished) == 1 else f"{len(planned.unfinished)} earlier runs"
        yield f"{runs} of this workbook did not come to the end: {', '.join(planned.unfinished[-3:])}."


def _cost_text(planned: Planned) -> Iterator[str]:
    if planned.plan.updates and planned.exit_code != 3:
        yield f"About {_n(planned.forecast.requests, 'request')}, {_duration(planned.forecast.seconds)}."
        yield f"Digest: {planned.digest}"


def _next_text(planned: Planned) -> Iterator[str]:
    settings = planned.checked.settings
    if planned.exit_code == 3:
        stopping = [problem for problem in planned.plan.problems if problem.stops]
        them = "they are" if len(stopping) > 1 else "it is"
        yield f"{_n(len(stopping), 'problem')}. Nothing is sent until {them} corrected."
        if all(problem.trunk is not None for problem in stopping):
            trunks = len(planned.plan.stopped)
            yield f"Or leave out the {_n(trunks, 'trunk')} concerned, whole, with --skip-invalid."
        elif settings.skip_invalid:
            problem = next(problem for problem in stopping if problem.trunk is None)
            yield f"{problem.sheet}!{problem.cell} belongs to no single trunk, so --skip-invalid cannot leave it out."
    elif not planned.expected:
        yield f"This is not the expected plan: its digest is not {settings.expect}. Nothing was sent."
        yield "Workbook, PBX or flags are not as they were then: read this plan, then give its digest to --expect."
    elif planned.refused_hazards:
        yield "Nothing is sent until every hazard is allowed by name, as shown above."
    elif planned.plan.updates:
        flags = [*_where(settings), *_which(settings), *_allowing(settings), *_how(settings)]
        flags += ["--expect", planned.digest]
        yield f"Next: {_command('apply', settings.workbook, flags)}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def _change_text(change: Change, shown: Shown) -> Iterator[str]:
    yield f"{change.live.name}  (id {change.live.id}, {change.live.vendor_type})"
    for name, (old, new) in change.difference.fields.items():
        yield f"    {name}: {_value(old)} → {_value(new)}"
    yield from _list_text("DIDs", change.difference.dids, shown)
    yield from _list_text("caller IDs", change.difference.caller_ids, shown)


def _value(value: object) -> str:
    return str(value) if isinstance(value, Secret) or value != "" else "(blank)"


def _list_text(what: str, differs: ListDifference[Did] | ListDifference[CallerId], shown: Shown) -> Iterator[str]:
    from batch.runs.reports import described  # noqa: PLC0415 - a check needs none of the runs

    if not differs:
        return
    yield f"    {what}: {differs.stays:,} {'stays' if differs.stays == 1 else 'stay'}"
    lines = {
        "+": [described(entry) for entry in differs.added],
        "-": [described(entry) for entry in differs.removed],
        "~": [f"{described(old)} → {described(new)}" for old, new in (*differs.renamed, *differs.changed)],
        "↕": [f"{described(moved.entry)}: place {moved.was} → {moved.becomes}" for moved in differs.moved],
    }
    for sign, entries in lines.items():
        yield from (f"      {sign} {entry}" for entry in entries[: shown.items])
        if left := len(entries) - len(entries[: shown.items]):
            yield f"      {sign} … {left:,} more"


def question(planned: Planned) -> Iterator[str]:
    """Put the question before anything is written."""
    from batch.trunks.plans import tally  # noqa: PLC0415 - a check needs none of it

    count = tally(planned.plan.changes)
    updates = planned.plan.updates
    rehearsal = ", where no real trunk is touched" if planned.practice else ""
    yield ""
    yield f"Write {_n(count['update'], 'trunk')} on {planned.address}{rehearsal}?"
    yield f"    {_names(change.live.name for change in updates)}"
    renamed = [change for change in updates if change.renames]
    if renamed:
        names = _names(f"{change.live.name} → {change.desired.fields['name']}" for change in renamed)
        yield f"    {len(renamed):,} renamed: {names}"
    switched_off = [change.live.name for change in updates if change.disables]
    if switched_off:
        yield f"    {len(switched_off):,} switched off: {_names(switched_off)}"
    losing = [change for change in updates if change.removals]
    if losing:
        names = _names(f"{change.live.name} ({change.removals:,})" for change in losing)
        yield f"    {_entries(count['removals'])} removed: {names}"
    if count["replacements"]:
        yield f"    {_n(count['replacements'], 'list')} replaced on purpose"
    left_out = planned.plan.stopped
    if left_out:
        yield f"    {_n(len(left_out), 'trunk')} with problems left out"
    yield from (f"    {line}" for line in _unfinished_text(planned))


def _entries(number: int) -> str:
    return f"{number:,} list {'entry' if number == 1 else 'entries'}"


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    named = listed[: BRIEF.items]
    return ", ".join(named) + (f" and {len(listed) - len(named):,} more" if len(listed) > len(named) else "")


def report_text(report: Report, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell how a run went, ending with where the results lie."""
    from batch.runs.outcomes import ENDINGS, Ending  # noqa: PLC0415 - a check needs none of the runs
    from batch.runs.reports import headline  # noqa: PLC0415

    settings = report.planned.checked.settings
    yield ("PRACTICE: " if report.planned.practice else "") + headline(report.outcomes.values())
    if report.interrupted:
        yield "Stopped by you. What was being written then was settled first."
    yield from report.attention
    if report.lost is not None:
        yield f"{report.lost.message} {report.lost.hint}"
    total = report.endings.total()
    for ending in Ending:
        if total[str(ending)]:
            yield f"  {total[str(ending)]:>9,} rows {ending!s:<10} {ENDINGS[ending].means}"
    open_ones = [outcome for outcome in report.outcomes.values() if not outcome.as_wanted]
    listed = open_ones[: shown.items]
    for outcome in listed:
        yield f"  {outcome.name}: {' '.join(filter(None, (f'{outcome.ending}.', _said(outcome), outcome.note)))}"
    if len(open_ones) > len(listed):
        yield f"  … and {len(open_ones) - len(listed):,} more trunks; the results workbook has every one."
    if report.results.note:
        yield report.results.note
    if report.results.folder is not None:
        yield f"Results as CSV: {report.results.folder}"
    yield f"Run: {report.folder.path}"
    if open_ones:
        flags = [*_where(settings), *_which(settings), *_allowing(settings), *_how(settings)]
        yield "Next: do in the results what their column What to do says, then plan with them as the workbook:"
        yield f"    {_command('plan', report.results.path, flags)}"
    yield f"Results: {report.results.path}"


def _said(outcome: Outcome) -> str:
    """Quote what came last, where it was not plain success."""
    if outcome.errcode:
        return f"{outcome.errcode} {outcome.errmsg}".strip().rstrip(".") + "."
    if outcome.errcode is None and outcome.errmsg:
        return f"{outcome.errmsg[:1].upper()}{outcome.errmsg[1:]}".rstrip(".") + "."
    return ""


def request_text(entry: Mapping[str, Any]) -> str:
    """Tell of one request, from its line in the log."""
    return "  ".join(f"{name}={_joined(value)}" for name, value in entry.items())


def _joined(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def unreadable(error: BatchError) -> Problem:
    """Tell of a file that is no workbook in the shape of a problem."""
    return Problem(code="not-readable", sheet="Trunks", message=error.message, fix=error.hint)
