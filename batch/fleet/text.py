"""Text and JSON about a fleet: its plan, how its run went and how it stands, a line for each PBX."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from batch.commands.approval import UNSIGNED, json_seal
from batch.commands.command_lines import allowing, command, how, profile_of, which
from batch.fleet.results import GATE_SHUT, NOT_RUN, FleetReport, on, state_of
from batch.reports.check_text import first_code, more_about, problems_text
from batch.reports.json_shapes import SCHEMA, status_json
from batch.reports.run_text import left_to_people_text
from batch.runs.outcomes import ENDINGS, Ending, Outcome, failure_groups
from batch.runs.run_report import run_headline
from batch.runs.run_status import FleetStatus
from batch.settings import OPTIONS, Settings
from batch.wording import BRIEF, Shown, counted, duration, named, trunks_and_rows

if TYPE_CHECKING:
    from batch.fleet.fleet_interface import FleetPlanned
    from batch.fleet.pbxs import Pbx

_FEW: Final = 3
"""Of so few PBXs the plans are told in full."""
_NOT_BEGUN: Final = (Ending.INVALID, Ending.BLOCKED, Ending.NOT_RUN)
_OF_FLEETS: Final = ("only_pbx", "skip_pbx", "waves", "window", "time_zone", "gate_command", "pbxs")


def fleet_plan_text(planned: FleetPlanned, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell the plans of all PBXs, and what comes next."""
    yield from fleet_offer_text(planned, shown)
    yield from _next_text(planned)


def fleet_offer_text(planned: FleetPlanned, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell the plans of all PBXs to somebody who is going to be asked about them."""
    pbxs = [pbx for pbx in planned.pbxs.values() if pbx.chosen]
    waves = sorted({pbx.wave for pbx in pbxs})
    where_to = f" in {len(waves)} waves" if len(waves) > 1 else ""
    back = "Plan to take back a run on" if planned.command == "undo" else "Plan for"
    yield f"{back} {counted(len(pbxs), 'PBX')}{where_to}, workbook {planned.checked.settings.workbook.name}"
    if planned.checked.settings.practice:
        yield "PRACTICE: each PBX is a practice PBX, no real trunk is touched."
    if planned.stopping:
        yield from problems_text(planned.stopping, shown)
        return
    in_full = len(pbxs) <= _FEW or shown.trunks is None
    for wave in waves:
        yield from ["", f"Wave {wave}"] if len(waves) > 1 else [""]
        for pbx in (pbx for pbx in pbxs if pbx.wave == wave):
            yield from _of_pbx(pbx, planned, shown, in_full=in_full)
    yield ""
    if not in_full:
        yield "-v shows what changes on each trunk; --json has all of it."
    yield f"In all: {counted(planned.to_write, 'trunk')} to write on {counted(len(planned.plannable), 'PBX')}."
    if planned.to_write:
        costs = [pbx.answer["plan"]["forecast"] for pbx in planned.plannable]
        requests, longest = sum(cost["requests"] for cost in costs), max(cost["seconds"] for cost in costs)
        yield f"About {counted(requests, 'request')}; the longest PBX takes {duration(longest)}."
    if planned.digest and planned.plannable:
        yield f"Digest: {planned.digest}"


def _of_pbx(pbx: Pbx, planned: FleetPlanned, shown: Shown, *, in_full: bool) -> Iterator[str]:
    plan = pbx.answer.get("plan") or {}
    kept = len(plan.get("changes", ())) - pbx.updates
    said = f"{counted(pbx.updates, 'trunk')} to write, {kept} already up to date." if plan else pbx.trouble
    yield f"  {pbx.name}: {said}" if pbx.digest else f"  {pbx.name}: {state_of(pbx)}. {said}".rstrip()
    text = [f"    {line}" for line in pbx.answer.get("text", ())[2:] if _is_of_pbx(line)]
    if in_full and text:
        yield from text
    elif not pbx.digest:
        yield from _stands_against(plan or {"problems": _found_in(pbx, planned)}, shown)


def _found_in(pbx: Pbx, planned: FleetPlanned) -> list[dict[str, Any]]:
    """Return what is wrong with the rows of a PBX, also with those that belong to none of its trunks."""
    rows = {*pbx.rows}
    stopping = planned.checked.problems.stopping
    return [one.to_json() for one in stopping if one.trunk in rows or one.pbx == pbx.name]


def _is_of_pbx(line: str) -> bool:
    return bool(line) and not line.startswith(("Digest:", "The practice PBX "))


def _stands_against(plan: Mapping[str, Any], shown: Shown) -> Iterator[str]:
    stopping = [p for p in plan.get("problems", ()) if p["severity"] == "problem"]
    for problem in stopping[: shown.items]:
        yield f"    {problem['sheet']}!{problem['cell']}: {problem['message']} {problem['fix']}"
    refused = [hazard for hazard in plan.get("hazards", ()) if not hazard["allowed"]]
    for hazard in refused[: shown.items]:
        yield f"    HAZARD  {hazard['message']} To allow it: {hazard['flag']}"
    more = len(stopping[shown.items or len(stopping) :]) + len(refused[shown.items or len(refused) :])
    if more:
        yield f"    … and {more:,} more; -v shows every one."


def flags_again(settings: Settings) -> list[object]:
    """Repeat the flags that were given, as they count for the next command too."""
    fleet: list[object] = []
    for name in _OF_FLEETS:
        value, option = getattr(settings, name), OPTIONS[name]
        if value != option.usual:
            fleet += [option.flags[0], *(value if isinstance(value, tuple) else [value])]
    return [*_by_whom(settings), *which(settings), *fleet, *allowing(settings), *how(settings)]


def _by_whom(settings: Settings) -> list[object]:
    """Repeat the flags that say which PBXs are meant, and who carries it out; no password of a broker."""
    broker = settings.workers.reveal() if settings.workers else "@"
    workers = [] if "@" in broker else [OPTIONS["workers"].flags[0], broker]
    return [*(["--practice"] if settings.practice else []), *profile_of(settings), *workers]


def _next_text(planned: FleetPlanned) -> Iterator[str]:
    settings = planned.checked.settings
    if planned.stopping:
        yield f"{counted(len(planned.stopping), 'error')} about all PBXs together. Nothing is sent."
        yield more_about(first_code(planned.stopping))
    elif planned.exit_code == 4:
        if settings.expect.strip().casefold() not in {"", planned.digest}:
            yield f"This is not the expected plan: its digest is not {settings.expect}. Nothing was sent."
            yield "Workbook, PBXs or flags are not as they were then: read this plan, then give its digest to --expect."
        else:
            yield "Nothing is sent until every hazard is allowed by name, or its PBX is left out with --skip-pbx."
    elif not planned.plannable:
        yield "No PBX can be done. Nothing was sent."
    elif planned.command == "plan" and (typed := fleet_apply_command(planned)):
        yield f"Next: {typed}"
    if planned.left and planned.plannable and planned.exit_code == 5:
        names = named([pbx.name for pbx in planned.left])
        yield f"Left as they are: {names}. The others do not wait for them."


def fleet_apply_command(planned: FleetPlanned) -> str:
    """Return the command that applies these very plans; blank where there is nothing to write."""
    if planned.stopping or not planned.to_write:
        return ""
    flags = [*flags_again(planned.checked.settings), "--expect", planned.digest]
    return command("apply", planned.checked.settings.workbook, flags)


def fleet_question(planned: FleetPlanned) -> Iterator[str]:
    """Say what is asked before anything is sent."""
    verb = "taken back" if planned.command == "undo" else "written"
    names = [pbx.name for pbx in planned.plannable if pbx.updates]
    yield f"{counted(planned.to_write, 'trunk')} on {counted(len(names), 'PBX')} would be {verb}: {named(names)}."
    if planned.left:
        yield f"Left as they are: {named([pbx.name for pbx in planned.left])}."


def fleet_report_text(report: FleetReport, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell how a run over many PBXs went, ending with where the results lie."""
    chosen = [pbx for pbx in report.pbxs.values() if pbx.chosen]
    yield ("PRACTICE: " if report.folder.practice else "") + run_headline(report.outcomes.values())
    if report.interrupted:
        yield "Stopped by you. What was under way on each PBX was settled first."
    states = Counter(map(state_of, chosen))
    back = "Taken back on " if report.folder.command == "undo" else ""
    each = ", ".join(f"{number} {state}" for state, number in states.most_common())
    yield f"{back}{counted(len(chosen), 'PBX')}: {each}."
    left = [pbx for pbx in chosen if state_of(pbx) != "as wanted"]
    yield from _left_text(report, left, shown)
    yield from report.attention
    yield from _endings_text(report)
    for trouble in failure_groups(_open_trunks(report))[: shown.items]:
        yield f"  {trouble.describe(named(trouble.names, shown))}"
    yield from left_to_people_text(report.listed)
    yield from _verified_text(chosen)
    yield from _next_steps(report, left)
    for output in report.outputs:
        yield from output.lines
    if report.results.note:
        yield report.results.note
    yield f"Results: {report.results.path or 'none yet'}"


def _left_text(report: FleetReport, left: Sequence[Pbx], shown: Shown) -> Iterator[str]:
    """Say of PBXs why they are not as wanted, once where that is the same for many; not again what a gate has said."""
    told: dict[str, list[str]] = {}
    for pbx in left:
        if pbx.error != GATE_SHUT and (pbx.trouble or state_of(pbx) != NOT_RUN):
            kept_back = report.folder.command == "undo" and state_of(pbx) == "unfinished" and not pbx.trouble
            why = "What was not taken back, and why, is on the sheet Way back." if kept_back else pbx.trouble
            told.setdefault(f"{state_of(pbx)}. {why}".rstrip(), []).append(f"{pbx.name} (wave {pbx.wave})")
    yield from (f"  {named(names, shown)}: {why}" for why, names in told.items())


def _next_steps(report: FleetReport, left: Sequence[Pbx]) -> Iterator[str]:
    path, results = report.folder.path, report.results.path
    if any(outcome.reached for outcome in report.outcomes.values()) and report.folder.command != "undo":
        yield f"To take it back:  {command('undo', path)}"
    yield f"Run: {path}"
    if report.exit_code and (report.interrupted or any(not pbx.is_to_correct for pbx in left)):
        yield f"Go on with it:  {command('resume', path)}"
    if results and any(pbx.is_to_correct for pbx in left):
        again = command("apply", results, _by_whom(report.checked.settings))
        yield f"What is to correct, correct it in the results, then:  {again}"
    if begun := [pbx.slug for pbx in left if pbx.answer.get("run")]:
        yield f"One PBX alone:  {command('status', path / begun[0])}"


def _open_trunks(report: FleetReport) -> Iterator[Outcome]:
    """Yield the trunks that are not as wanted, but those not begun with, where it is told of their PBX why."""
    for pbx in report.pbxs.values():
        for outcome in filter(None, map(report.outcomes.get, pbx.rows)):
            if outcome.ending not in _NOT_BEGUN or not (pbx.trouble or state_of(pbx) == NOT_RUN):
                yield outcome


def _endings_text(report: FleetReport) -> Iterator[str]:
    total, trunks = report.endings.total(), Counter(str(outcome.ending) for outcome in report.outcomes.values())
    amounts = {e: trunks_and_rows(trunks[str(e)], total[str(e)]) for e in Ending if total[str(e)]}
    width = max(map(len, amounts.values()), default=0)
    for ending, amount in amounts.items():
        yield f"  {amount:>{width}} {ending!s:<10} {ENDINGS[ending].means}"


def _verified_text(pbxs: Sequence[Pbx]) -> Iterator[str]:
    found = {pbx.name: verified for pbx in pbxs if (verified := pbx.answer.get("verified"))}
    if not found:
        return
    match = sum(verified["match"] for verified in found.values())
    yield f"Read just now on {counted(len(found), 'PBX')}: {counted(match, 'trunk')} as wanted."
    for name, verified in found.items():
        for drift in verified["differ"]:
            place = f"{drift['sheet']}!{drift['cell']} {drift['trunk']} on {name}"
            yield f"  {place}, {drift['field']}: {drift['wanted']} wanted, {drift['found']} found."


def fleet_status_text(status: FleetStatus) -> Iterator[str]:
    """Tell how a run over many PBXs stands, a line for each."""
    whole = status.whole
    yield f"Run {whole.id}: {whole.state}, {counted(len(status.pbxs), 'PBX')}."
    yield f"Workbook: {whole.workbook}"
    width = max((len(pbx.name) for pbx, _ in status.pbxs), default=0)
    for pbx, one in status.pbxs:
        what = "not begun" if one is None else f"{one.state}, {one.settled:,} of {counted(one.trunks, 'trunk')} settled"
        yield f"  {pbx.name:<{width}}  wave {pbx.wave}  {what}"
    for ending in Ending:
        if whole.counts[str(ending)]:
            yield f"  {counted(whole.counts[str(ending)], 'row'):>14} {ending}"
    yield f"Folder: {whole.folder}"
    if str(whole.state) not in {"running", "finished"}:
        yield f"Go on with it:  {command('resume', whole.folder)}"


def fleet_plan_json(planned: FleetPlanned) -> dict[str, Any]:
    """Make what ``plan --json`` prints of a workbook for many PBXs."""
    checked = planned.checked
    shape = {
        "schema": SCHEMA,
        "pbx": planned.address,
        "practice": checked.settings.practice,
        "workbook": {"path": str(checked.workbook.path), "sha256": checked.workbook.sha256},
        "digest": planned.digest,
        "exit_code": planned.exit_code,
        "command": fleet_apply_command(planned),
        "problems": [problem.to_json() for problem in planned.stopping],
        "pbxs": [
            {**_pbx_json(pbx), **({"state": "planned"} if pbx.digest else {}), "plan": _plan_json(pbx)}
            for pbx in planned.pbxs.values()
        ],
    }
    return {**shape, "approval": UNSIGNED, "seal": json_seal(shape)}


def _plan_json(pbx: Pbx) -> dict[str, Any] | None:
    """Return a PBX's plan without what it is approved by alone."""
    plan = pbx.answer.get("plan")
    alone = {"schema", "approval", "seal", "command"}
    return plan and {name: value for name, value in plan.items() if name not in alone}


def _pbx_json(pbx: Pbx) -> dict[str, Any]:
    answer = pbx.answer
    return {
        "pbx": pbx.name,
        "wave": pbx.wave,
        "state": state_of(pbx),
        "exit_code": pbx.exit_code,
        "why": pbx.trouble,
        "digest": pbx.digest,
        **{name: str(answer.get(name, "")) for name in ("address", "started", "ended", "run")},
        "counts": {str(ending): dict(answer.get("counts", {})).get(str(ending), 0) for ending in Ending},
    }


def fleet_report_json(report: FleetReport) -> dict[str, Any]:
    """Make what the other commands print with ``--json`` of a run over many PBXs."""
    return {
        "run": str(report.folder.path),
        "results": None if report.results.path is None else str(report.results.path),
        **{one.key: None if one.path is None else str(one.path) for one in report.outputs if one.key},
        "exit_code": report.exit_code,
        "counts": {str(ending): report.endings.total().get(str(ending), 0) for ending in Ending},
        "attention": list(report.attention),
        "pbxs": [
            _pbx_json(pbx)
            | ({"verified": verified} if (verified := pbx.answer.get("verified")) else {})
            | {"trunks": _trunks_json(report, pbx)}
            for pbx in report.pbxs.values()
        ],
    }


def _trunks_json(report: FleetReport, pbx: Pbx) -> Sequence[dict[str, Any]]:
    ended = [report.outcomes[row] for row in pbx.rows if row in report.outcomes]
    names = ("errcode", "errmsg", "attempts")
    return [
        {"id": o.trunk_id, "name": o.name.removesuffix(on(pbx.name, "")), "ending": str(o.ending)}
        | {name: getattr(o, name) for name in names}
        for o in ended
    ]


def fleet_status_json(status: FleetStatus) -> dict[str, Any]:
    """Make what ``status --json`` prints of a run over many PBXs."""
    pbxs = [
        {"pbx": pbx.name, "wave": pbx.wave, "status": None if one is None else status_json(one)}
        for pbx, one in status.pbxs
    ]
    return {**status_json(status.whole), "pbxs": pbxs}
