"""Telling: what people and programs get to read, as text and as JSON shapes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from batch.secrets import Secret
from batch.sheets.problems import Problem
from batch.sheets.rows import spans
from batch.trunks.differences import ListDifference
from batch.trunks.live import CallerId, Did

if TYPE_CHECKING:
    from batch.checking import Checked
    from batch.errors import BatchError
    from batch.pipeline import Planned, Report
    from batch.trunks.plans import Change

_SHOWN = 12
"""So many cells of one kind of problem, or entries of one list, are named before the rest is counted."""
_CHANGES_SHOWN = 40


def problems_text(problems: Sequence[Problem], *, notices: bool = True) -> Iterator[str]:
    """Tell problems and notices grouped by kind, the gravest first, the same message in many rows once."""
    for stops in (True, False) if notices else (True,):
        kind = [problem for problem in problems if problem.stops is stops]
        by_code = sorted(kind, key=lambda p: (p.code,))
        for code, group in groupby(by_code, key=lambda p: p.code):
            yield from _kind_text(code, list(group), stops=stops)


def _kind_text(code: str, problems: list[Problem], *, stops: bool) -> Iterator[str]:
    kind = problems[0].kind
    label = "PROBLEM" if stops else "notice"
    times = f" ({len(problems):,} times)" if len(problems) > 1 else ""
    yield f"{label}  {kind.title}{times}  [{code}; {kind.who}]"
    by_words: dict[tuple[str, str, str, str], list[Problem]] = {}
    for problem in problems:
        words = (problem.sheet, problem.header, problem.message, problem.fix)
        by_words.setdefault(words, []).append(problem)
    for i, ((sheet, _, message, fix), same) in enumerate(by_words.items()):
        if i == _SHOWN:
            yield f"    … and {len(by_words) - _SHOWN:,} more of this kind; --json lists every one."
            break
        cells = f"{sheet}!{same[0].cell}"
        if len(same) > 1:
            column = same[0].cell.rstrip("0123456789")
            cells = f"{sheet}, column {column}, rows {_some_spans([problem.row for problem in same])}"
        value = f' "{_short(same[0].value)}"' if same[0].value and len({p.value for p in same}) == 1 else ""
        yield f"    {cells}{value}: {message}"
        if fix != "Nothing to do.":
            yield f"        {fix}"


def _some_spans(rows: list[int]) -> str:
    parts = spans(sorted(set(rows))).split(", ")
    return ", ".join(parts[:_SHOWN]) + (" …" if len(parts) > _SHOWN else "")


def _short(text: str, limit: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def check_text(checked: Checked, *, notices: bool = True) -> Iterator[str]:
    """Tell what a check found."""
    found = list(problems_text(checked.problems, notices=notices))
    yield from [*found, ""] if found else []
    drafts, tables = checked.drafts, checked.tables
    yield (
        f"{checked.workbook.path.name}: {_n(len(tables.trunks.frame), 'trunk')}, "
        f"{_n(len(tables.caller_ids.frame), 'caller-ID row')}, {_n(len(tables.dids.frame), 'DID row')}."
    )
    if drafts.trunks:
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
        yield f"Next: trunk-batch plan {quoted(checked.workbook.path)}    shows what would change on the PBX."


def quoted(path: object) -> str:
    """Write a path as it is typed on a command line."""
    text = str(path)
    return f'"{text}"' if " " in text else text


def _n(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def plan_text(planned: Planned) -> Iterator[str]:
    """Tell a plan: what changes on each trunk, hazards, forecast, digest."""
    from batch.runs.reports import plan_headline  # noqa: PLC0415 - a check needs none of the runs

    settings = planned.checked.settings
    yield f"Plan for {planned.address}, workbook {settings.workbook.name}"
    yield from planned.notes
    yield plan_headline(planned.plan)
    yield ""
    updates = planned.plan.updates
    for change in updates[:_CHANGES_SHOWN]:
        yield from _change_text(change)
    if len(updates) > _CHANGES_SHOWN:
        yield f"… and {len(updates) - _CHANGES_SHOWN:,} more trunks; plan -o FILE.xlsx or --json shows every one."
    if updates:
        yield ""
    yield from problems_text(planned.plan.problems)
    for hazard in planned.plan.hazards:
        allowed = "" if hazard in planned.refused_hazards else " (allowed)"
        yield f"HAZARD  {hazard.message}{allowed}"
        if not allowed:
            yield f"    If that is meant: {hazard.flag}"
    if planned.unfinished:
        yield f"An earlier run of this workbook did not come to its end: {', '.join(planned.unfinished)}."
    yield from _plan_ending(planned)


def _plan_ending(planned: Planned) -> Iterator[str]:
    settings = planned.checked.settings
    forecast = planned.forecast
    if planned.exit_code == 3:
        stopping = [problem for problem in planned.plan.problems if problem.stops]
        them = "they are" if len(stopping) > 1 else "it is"
        yield f"{_n(len(stopping), 'problem')}. Nothing is sent until {them} corrected"
        if all(problem.trunk is not None for problem in stopping):
            trunks = len({problem.trunk for problem in stopping})
            yield f"(or --skip-invalid leaves out the {_n(trunks, 'trunk')} concerned, whole)."
        return
    if not planned.expected:
        yield f"This plan's digest is {planned.digest}, not the expected {settings.expect}."
        yield "Workbook or PBX have changed since that plan: read this one, then give its digest to --expect."
        return
    if planned.plan.updates:
        yield f"About {forecast.requests:,} requests, {_duration(forecast.seconds)}."
        yield f"Digest: {planned.digest}"
        if planned.refused_hazards:
            yield "Nothing is sent until every hazard is allowed by name, as shown above."
        else:
            where = " --practice" if planned.practice else ""
            yield f"Next: trunk-batch apply {quoted(settings.workbook)}{where} --expect {planned.digest}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min"


def _change_text(change: Change) -> Iterator[str]:
    yield f"{change.live.name}  (id {change.live.id}, {change.live.vendor_type})"
    for name, (old, new) in change.difference.fields.items():
        yield f"    {name}: {_value(old)} → {_value(new)}"
    yield from _list_text("DIDs", change.difference.dids)
    yield from _list_text("caller IDs", change.difference.caller_ids)


def _value(value: object) -> str:
    return str(value) if isinstance(value, Secret) or value != "" else "(blank)"


def _list_text(what: str, differs: ListDifference[Did] | ListDifference[CallerId]) -> Iterator[str]:
    from batch.runs.reports import described  # noqa: PLC0415 - a check needs none of the runs

    if not differs:
        return
    yield f"    {what}: {differs.stays:,} stay"
    for sign, entries in (("+", differs.added), ("-", differs.removed)):
        for entry in entries[:_SHOWN]:
            yield f"      {sign} {described(entry)}"
        if len(entries) > _SHOWN:
            yield f"      {sign} … {len(entries) - _SHOWN:,} more"
    pairs = (*differs.renamed, *differs.changed)
    for old, new in pairs[:_SHOWN]:
        yield f"      ~ {described(old)} → {described(new)}"
    if len(pairs) > _SHOWN:
        yield f"      ~ … {len(pairs) - _SHOWN:,} more"
    for moved in differs.moved[:_SHOWN]:
        yield f"      ↕ {described(moved.entry)}: place {moved.was} → {moved.becomes}"
    if len(differs.moved) > _SHOWN:
        yield f"      ↕ … {len(differs.moved) - _SHOWN:,} more"


def question(planned: Planned) -> Iterator[str]:
    """Put the question before anything is written."""
    from batch.trunks.plans import tally  # noqa: PLC0415 - a check needs none of it

    count = tally(planned.plan.changes)
    yield ""
    yield f"Write {_n(count['update'], 'trunk')} on {planned.address}?"
    for word, label in (("renames", "renamed"), ("disabled", "switched off")):
        named = [c for c in planned.plan.updates if (c.renames if word == "renames" else c.disables)]
        if named:
            yield f"    {len(named):,} {label}: {_names(named)}"
    losing = [change for change in planned.plan.updates if change.removals]
    if losing:
        yield f"    {count['removals']:,} list entries removed, on {_names(losing)}"
    if count["replacements"]:
        yield f"    {count['replacements']:,} lists replaced on purpose"


def _names(changes: Sequence[Change]) -> str:
    names = [change.live.name for change in changes]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")


def report_text(report: Report) -> Iterator[str]:
    """Tell how a run went, ending with where the results lie."""
    from batch.runs.outcomes import ENDINGS, Ending  # noqa: PLC0415 - a check needs none of the runs
    from batch.runs.reports import headline  # noqa: PLC0415

    yield f"{headline(report.outcomes.values())}" + ("  (PRACTICE)" if report.planned.practice else "")
    yield from report.attention
    if report.lost is not None:
        yield f"{report.lost.message} {report.lost.hint}"
    total = report.endings.total()
    for ending in Ending:
        if total[str(ending)]:
            yield f"  {total[str(ending)]:>9,} rows {ending!s:<10} {ENDINGS[ending].means}"
    for outcome in [o for o in report.outcomes.values() if not o.as_wanted][:_SHOWN]:
        said = f" {outcome.errcode} {outcome.errmsg}." if outcome.errcode else ""
        why = f" {outcome.note}" if outcome.note else ""
        yield f"  {outcome.name}: {outcome.ending}.{said}{why}"
    if report.results.note:
        yield report.results.note
    if report.results.folder is not None:
        yield f"Results as CSV: {report.results.folder}"
    yield f"Run: {report.folder.path}"
    yield f"Results: {report.results.path}"


def unreadable(error: BatchError) -> Problem:
    """Tell of a file that is no workbook in the shape of a problem."""
    return Problem(code="not-readable", sheet="Trunks", message=error.message, fix=error.hint)


# JSON


def check_json(problems: Iterable[Problem]) -> dict[str, Any]:
    """Make what ``check --json`` prints."""
    listed = [problem.to_json() for problem in problems]
    count = Counter(problem["severity"] for problem in listed)
    return {"problems": listed, "counts": {"problem": count["problem"], "notice": count["notice"]}}


def plan_json(planned: Planned) -> dict[str, Any]:
    """Make what ``plan --json`` prints: always whole, also with problems or hazards."""
    return {
        "digest": planned.digest,
        "changes": [_change_json(change) for change in planned.plan.changes],
        "hazards": [
            {"code": hazard.code, "trunk": hazard.trunk, "message": hazard.message} for hazard in planned.plan.hazards
        ],
        "problems": [problem.to_json() for problem in planned.plan.problems],
        "forecast": {"requests": planned.forecast.requests, "seconds": planned.forecast.seconds},
    }


def no_plan_json(problems: Iterable[Problem]) -> dict[str, Any]:
    """Make what ``plan --json`` prints when there is no workbook to plan from."""
    return {
        "digest": "",
        "changes": [],
        "hazards": [],
        "problems": [problem.to_json() for problem in problems],
        "forecast": {"requests": 0, "seconds": 0},
    }


def _change_json(change: Change) -> dict[str, Any]:
    dids, caller_ids = change.difference.dids, change.difference.caller_ids
    return {
        "trunk": {"id": change.live.id, "name": change.live.name},
        "kind": change.kind,
        "fields": {name: [_plain(old), _plain(new)] for name, (old, new) in change.difference.fields.items()},
        "dids": {
            "added": [{"did": e.did, "did_name": e.name} for e in dids.added],
            "removed": [{"did": e.did, "did_name": e.name} for e in dids.removed],
            "renamed": [{"did": new.did, "old": old.name, "new": new.name} for old, new in dids.renamed],
            "moved": [{"did": m.entry.did, "from": m.was, "to": m.becomes} for m in dids.moved],
        },
        "caller_ids": {
            "added": [_caller_json(e) for e in caller_ids.added],
            "removed": [_caller_json(e) for e in caller_ids.removed],
            "renamed": [{**_key(new), "old": old.name, "new": new.name} for old, new in caller_ids.renamed],
            "changed": [
                {**_key(new), "old": _caller_json(old), "new": _caller_json(new)} for old, new in caller_ids.changed
            ],
            "moved": [{**_key(m.entry), "from": m.was, "to": m.becomes} for m in caller_ids.moved],
        },
    }


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Secret) else value


def _key(entry: CallerId) -> dict[str, Any]:
    return {"option": entry.option, "caller_id": entry.caller_id}


def _caller_json(entry: CallerId) -> dict[str, Any]:
    whom = (
        {"extension_range": entry.extension_range}
        if entry.option == "range"
        else {"extensions": [{"type": e.type, "id": e.id, "number": e.number} for e in entry.order]}
    )
    return {**_key(entry), "name": entry.name, **whom}


def report_json(report: Report) -> dict[str, Any]:
    """Make what ``apply --json`` prints."""
    return {
        "run": str(report.folder.path),
        "results": str(report.results.path),
        "counts": _all_endings(report.endings.total()),
        "sheets": {title: _all_endings(count) for title, count in report.endings.counts().items()},
        "trunks": [
            {
                "id": outcome.trunk_id,
                "name": outcome.name,
                "ending": str(outcome.ending),
                "errcode": outcome.errcode,
                "errmsg": outcome.errmsg,
                "attempts": outcome.attempts,
            }
            for _, outcome in sorted(report.outcomes.items())
        ],
    }


def _all_endings(count: Mapping[str, int]) -> dict[str, int]:
    from batch.runs.outcomes import Ending  # noqa: PLC0415 - a check needs none of the runs

    return {str(ending): count.get(str(ending), 0) for ending in Ending}


def error_json(error: BatchError) -> dict[str, Any]:
    """Make what any command prints with ``--json`` when it cannot be carried out."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
