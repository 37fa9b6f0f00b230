"""Text about a plan: what would change on the PBX, what stands against it, and what comes next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.commands.approval import apply_command
from batch.commands.command_lines import allowing, command, how, to_allow, where, which
from batch.reports.check_text import first_code, more_about, problems_text, secrets_text, unseen_text
from batch.reports.run_text import left_to_people_text
from batch.reports.way_back_text import way_back_text
from batch.runs.run_report import plan_headline
from batch.schema.columns import TRUNKS
from batch.schema.file_metadata import plain_stem
from batch.trunks.change_plan import tally
from batch.trunks.diff import ChangeKind, EntryChange, changed_text, entry_text, value_text
from batch.wording import BRIEF, Shown, counted, duration, list_entries, named

if TYPE_CHECKING:
    from batch.commands.flow import Planned
    from batch.schema.problems import Problem
    from batch.settings import Settings
    from batch.trunks.change_plan import Change
    from batch.trunks.diff import Difference
    from batch.trunks.live_checks import Hazard

_SEEN_AT_ONCE: Final = 3
"""Of so many trunks the totals are still on the screen."""
_SIGNS: Final = {
    ChangeKind.ADDED: "+",
    ChangeKind.REMOVED: "-",
    ChangeKind.RENAMED: "~",
    ChangeKind.CHANGED: "~",
    ChangeKind.MOVED: "↕",
}


def plan_text(planned: Planned, shown: Shown = BRIEF, *, notices: bool = True) -> Iterator[str]:
    """Tell a plan: what changes on each trunk, problems, hazards, cost, digest, and what comes next."""
    yield from offer_text(planned, shown, notices=notices)
    yield from _unfinished_text(planned)
    yield from _next_of_resume(planned) if _is_resumed(planned) else _next_text(planned)


def offer_text(planned: Planned, shown: Shown = BRIEF, *, notices: bool = True) -> Iterator[str]:
    """Tell a plan to somebody who is going to be asked about it."""
    yield from _head_text(planned)
    updates = planned.plan.updates
    paragraphs = _paragraphs(updates, shown)
    listed = paragraphs[: shown.trunks]
    yield from [""] if listed else []
    for changes, lines in listed:
        yield _called(changes[0]) if len(changes) == 1 else _called_alike(changes, shown)
        yield from lines
    left = len(updates) - sum(len(changes) for changes, _ in listed)
    if left:
        where_all = "-v or --json" if _is_resumed(planned) else "-v, plan -o FILE.xlsx or --json"
        yield f"… and {counted(left, 'more trunk')}; {where_all} shows every one."
    yield from [""] if listed else []
    yield from _left_alone_text(planned, shown)
    yield from way_back_text(planned.returns, shown)
    yield from problems_text(planned.plan.problems, shown, notices=notices)
    yield from _hazards_text(planned, shown)
    yield from secrets_text(planned.checked, shown)
    yield from left_to_people_text(planned.listed)
    yield from _cost_text(planned)


def _paragraphs(changes: Iterable[Change], shown: Shown) -> list[tuple[list[Change], Sequence[str]]]:
    """Tell what changes on each trunk; in brief, trunks with the same change are told together."""
    told = [(change, tuple(_difference_text(change.difference, shown))) for change in changes]
    if shown.trunks is None:
        return [([change], lines) for change, lines in told]
    alike: dict[Sequence[str], list[Change]] = defaultdict(list)
    for change, lines in told:
        alike[lines].append(change)
    return [(together, lines) for lines, together in alike.items()]


def _called_alike(changes: Sequence[Change], shown: Shown) -> str:
    names = named((change.live.name for change in changes), shown)
    return f"{counted(len(changes), 'trunk')} with the same change: {names}"


def differs_text(planned: Planned, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell what is otherwise than it was approved, last before the question that it raises."""
    listed = planned.differs[: shown.items]
    yield from listed
    if len(planned.differs) > len(listed):
        yield f"… and {counted(len(planned.differs) - len(listed), 'more trunk')}; -v shows every one."


def running_text(planned: Planned) -> Iterator[str]:
    """Tell shortly what is about to be written, to somebody who is not going to be asked."""
    yield from _head_text(planned)
    yield from way_back_text(planned.returns)
    yield from problems_text(planned.plan.problems, notices=False)
    yield from unseen_text(planned.plan.problems)
    yield from _hazards_text(planned)
    yield from _unfinished_text(planned)
    yield from secrets_text(planned.checked)
    yield from _cost_text(planned)
    yield from differs_text(planned)


def _is_resumed(planned: Planned) -> bool:
    return planned.checked.settings.resumed


def _head_text(planned: Planned) -> Iterator[str]:
    settings = planned.checked.settings
    rest = f", what is left of run {_run(settings).name}" if _is_resumed(planned) else ""
    if settings.undoes is not None and not rest:
        yield f"Way back on {planned.address}: what the run {settings.undoes.name} wrote"
    elif settings.restores and not rest:
        made = planned.checked.workbook.metadata.made_at
        yield f"Way back on {planned.address}: all that the export {settings.workbook.name} holds, made {_on(made)}"
        yield "An export has no passwords: those stay as they are on the PBX."
    else:
        yield f"Plan for {planned.address}, workbook {settings.workbook.name}{rest}"
    yield from planned.notes
    yield plan_headline(planned.plan)
    yield from (f"{label}: {said}" for label, said in planned.facts)


def _on(made_at: str) -> str:
    try:
        return f"on {datetime.fromisoformat(made_at):%Y-%m-%d %H:%M}"
    except ValueError:
        return "some time ago"


def _run(settings: Settings) -> Path:
    return settings.run_dir or settings.workbook


def _hazards_text(planned: Planned, shown: Shown = BRIEF) -> Iterator[str]:
    clashing: dict[int, list[Hazard]] = defaultdict(list)
    refused = frozenset(planned.refused_hazards)
    for hazard in planned.plan.hazards:
        if hazard.conflict is not None:
            clashing[hazard.row].append(hazard)
            continue
        allowed = "" if hazard in refused else " (allowed)"
        yield f"HAZARD  {hazard.message}{allowed}"
        if not allowed:
            yield f"    To allow it: {hazard.flag}"
    for conflicts in clashing.values():
        yield from _conflicts_text(conflicts, shown, allowed=conflicts[0] not in refused)


def _conflicts_text(conflicts: Sequence[Hazard], shown: Shown, *, allowed: bool) -> Iterator[str]:
    """Tell in which cells of a trunk a person and the PBX changed the same since the export."""
    trunk, flag = conflicts[0].trunk, conflicts[0].flag
    cells = "1 cell was" if len(conflicts) == 1 else f"{len(conflicts):,} cells were"
    so = " (allowed: the workbook wins)" if allowed else ""
    yield f"HAZARD  {trunk}: {cells} changed both in the workbook and on the PBX since the export{so}."
    listed = conflicts[: shown.items]
    yield from (f"    {hazard.message}" for hazard in listed)
    if len(conflicts) > len(listed):
        yield f"    … and {counted(len(conflicts) - len(listed), 'more cell')}; -v or --json shows every one."
    if not allowed:
        yield f"    Correct the cells, or export anew. To let the workbook win: {flag}"


def _unfinished_text(planned: Planned) -> Iterator[str]:
    settings = planned.checked.settings
    ids = [run_id for run_id in planned.unfinished if run_id != _run(settings).name]
    if ids:
        runs = "An earlier run" if len(ids) == 1 else f"{len(ids)} earlier runs"
        folder = settings.workbook.with_name(f"{plain_stem(settings.workbook)}.runs") / ids[-1]
        yield f"{runs} of this workbook did not come to the end: {', '.join(ids[-3:])}."
        yield f"To go on with {'it' if len(ids) == 1 else 'the last one'} instead:  {command('resume', folder)}"


def _cost_text(planned: Planned) -> Iterator[str]:
    """Repeat the totals, which may have left the screen, and tell what it costs."""
    if len(planned.plan.updates) > _SEEN_AT_ONCE:
        yield f"In all: {plan_headline(planned.plan)}"
    if planned.plan.updates and planned.exit_code != 3:
        yield f"About {counted(planned.forecast.requests, 'request')}, {duration(planned.forecast.seconds)}."
        if not _is_resumed(planned):
            yield f"Digest: {planned.digest}"


def _next_text(planned: Planned) -> Iterator[str]:
    settings = planned.checked.settings
    if planned.exit_code == 3:
        stopping = [problem for problem in planned.plan.problems if problem.stops]
        them = "they are" if len(stopping) > 1 else "it is"
        yield f"{counted(len(stopping), 'error')}. Nothing is sent until {them} corrected."
        if all(problem.trunk is not None for problem in stopping):
            trunks = len(planned.plan.stopped)
            yield f"Or leave out the {counted(trunks, 'trunk')} concerned entirely with --skip-invalid."
        elif settings.skip_invalid:
            yield _not_skippable(stopping)
        yield more_about(first_code(stopping))
    elif not planned.expected:
        yield f"This is not the expected plan: its digest is not {settings.expect}. Nothing was sent."
        yield "Workbook, PBX or flags are not as they were then: read this plan, then give its digest to --expect."
    elif planned.refused_hazards:
        yield "Nothing is sent until every hazard is allowed by name."
        yield more_about(planned.refused_hazards[0].code)
        yield _to_allow_them(planned)
    elif planned.plan.updates:
        yield f"Next: {apply_command(planned)}"


def _to_allow_them(planned: Planned) -> str:
    """Offer the command that allows every hazard: a plan that was signed with them can be applied."""
    settings = planned.checked.settings
    if settings.approved is not None:
        return f"To apply what was signed: {apply_command(planned, settings.approved)}"
    allow = allowing(settings, to_allow(planned.refused_hazards))
    flags = [*where(settings), *which(settings), *allow, *how(settings)]
    them = "all of them" if len(planned.refused_hazards) > 1 else "it"
    if settings.undoes is not None:
        return f"To allow {them}: {command('undo', settings.undoes, allow)}"
    return f"To allow {them}: {command('restore' if settings.restores else 'plan', settings.workbook, flags)}"


def _not_skippable(stopping: Iterable[Problem]) -> str:
    problem = next(problem for problem in stopping if problem.trunk is None)
    return f"{problem.sheet}!{problem.cell} belongs to no single trunk, so --skip-invalid cannot leave it out."


def _next_of_resume(planned: Planned) -> Iterator[str]:
    yield from differs_text(planned)
    settings = planned.checked.settings
    run = _run(settings)
    if planned.exit_code == 3:
        stopping = [problem for problem in planned.plan.problems if problem.stops]
        one = len(stopping) == 1
        yield f"{counted(len(stopping), 'error')}, so nothing was sent; the run is as it was."
        yield f"Put right what {'it names' if one else 'they name'}, then:  {command('resume', run)}"
        if all(problem.trunk is not None for problem in stopping):
            trunks = counted(len(planned.plan.stopped), "trunk")
            yield f"Or leave out the {trunks} concerned entirely:  {command('resume', run, ['--skip-invalid'])}"
        elif settings.skip_invalid:
            yield _not_skippable(stopping)
        yield "If the workbook itself must change: a run keeps the one it was approved with, so apply the changed one."
        yield more_about(first_code(stopping))
    else:
        yield "Nothing was sent; the run is as it was. To let all of it happen:"
        yield f"    {command('resume', run, allowing(settings, to_allow(planned.refused_hazards)))}"


def _called(change: Change) -> str:
    return f"{change.live.name}  (id {change.live.id}, {change.live.vendor_type})"


def _difference_text(difference: Difference, items: Shown) -> Iterator[str]:
    for name, (old, new) in difference.fields.items():
        yield f"    {TRUNKS.column(name).label}: {value_text(name, old)} → {value_text(name, new)}"
    for sheet, differs in difference.lists.items():
        yield f"    {sheet.words}: {differs.stays:,} {'stays' if differs.stays == 1 else 'stay'}"
        yield from _entries_text(differs.changes, items)


def _left_alone_text(planned: Planned, shown: Shown) -> Iterator[str]:
    """Tell what only the PBX changed since the workbook was exported from it."""
    changes = [change for change in planned.plan.changes if change.left_alone]
    if not changes:
        return
    yield "Only the PBX changed this since the export, so it is left alone:"
    for change in changes[: shown.trunks]:
        yield _called(change)
        yield from _difference_text(change.left_alone, shown)
    if len(changes) > len(changes[: shown.trunks]):
        yield f"… and {len(changes) - len(changes[: shown.trunks]):,} more trunks; -v or --json shows every one."
    yield ""


def _entries_text(changes: Iterable[EntryChange], shown: Shown) -> Iterator[str]:
    signs: dict[str, list[EntryChange]] = defaultdict(list)
    for change in changes:
        signs[_SIGNS[change.kind]].append(change)
    for sign, same in signs.items():
        listed = same[: shown.items]
        yield from (f"      {sign} {_entry_text(change)}" for change in listed)
        if left := len(same) - len(listed):
            yield f"      {sign} … {left:,} more"


def _entry_text(change: EntryChange) -> str:
    match change.kind:
        case ChangeKind.ADDED | ChangeKind.REMOVED:
            return f"{entry_text(change.new)}{change.way}"
        case ChangeKind.MOVED:
            return f"{entry_text(change.new)}: place {change.was} → {change.becomes}"
        case _:
            return changed_text(change)


def question(planned: Planned, shown: Shown = BRIEF) -> Iterator[str]:
    """Put the question before anything is written."""
    count = tally(planned.plan.changes)
    updates = planned.plan.updates
    rehearsal = ", where no real trunk is touched" if planned.practice else ""
    yield ""
    yield from differs_text(planned, shown)
    yield f"Write {counted(count['update'], 'trunk')} on {planned.address}{rehearsal}?"
    yield f"    {named(change.live.name for change in updates)}"
    renamed = [change for change in updates if change.renames]
    if renamed:
        them = named(f"{change.live.name} → {change.desired.fields['name']}" for change in renamed)
        yield f"    {len(renamed):,} renamed: {them}"
    switched_off = [change.live.name for change in updates if change.disables]
    if switched_off:
        yield f"    {len(switched_off):,} switched off: {named(switched_off)}"
    getting = [change for change in updates if change.moves]
    if getting:
        them = named(f"{change.live.name} ({change.moves:,})" for change in getting)
        yield f"    {counted(count['moves'], 'DID')} moved to {them}"
    losing = [change for change in updates if change.removals]
    if losing:
        them = named(f"{change.live.name} ({change.removals:,})" for change in losing)
        yield f"    {list_entries(count['removals'])} removed: {them}"
    if count["replacements"]:
        yield f"    {counted(count['replacements'], 'list')} replaced on purpose"
    left_out = planned.plan.stopped
    if left_out:
        yield f"    {counted(len(left_out), 'trunk')} with errors left out"
    yield from (f"    {line}" for line in secrets_text(planned.checked, shown))
    yield from (f"    {line}" for line in unseen_text(planned.plan.problems))
    yield from (f"    {line}" for line in _unfinished_text(planned))
