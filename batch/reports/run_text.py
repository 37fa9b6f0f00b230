"""Text about runs: how one went, what is left of it, what has drifted since, and how it stands by now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batch.commands.command_lines import allowing, command, how, where, which
from batch.commands.outputs import undo_command
from batch.commands.previous_run import NOT_COMPARED
from batch.errors import OutputError
from batch.reports.check_text import more_about
from batch.reports.way_back_text import way_back_text
from batch.runs.outcomes import ENDINGS, Ending, Outcome, failure_groups
from batch.runs.resuming import TAKEN_UP
from batch.runs.run_report import run_headline
from batch.runs.run_status import RunStatus, State
from batch.secrets import HIDDEN
from batch.wording import BRIEF, Shown, counted, moment, named, shortened, trunks_and_rows

if TYPE_CHECKING:
    from batch.commands.flow import Report, Verified
    from batch.runs.locks import Holder
    from batch.tables.row_results import ChangeLine, ListedSheet


_ABSENT = "absent"


def verified_text(verified: Verified, status: RunStatus, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell what a verification found, what it settled, and what comes next."""
    settings = verified.checked.settings
    differing = len({drift.trunk for drift in verified.differ})
    yield ("PRACTICE: " if verified.practice else "") + _drift_headline(verified.match, differing)
    listed = verified.differ[: shown.trunks]
    yield from (f"  {_drift_text(drift)}" for drift in listed)
    if len(verified.differ) > len(listed):
        yield f"  … and {len(verified.differ) - len(listed):,} more; -v or --json shows every one."
    if verified.not_compared:
        yield f"The PBX does not show the password, so it is not compared: {named(verified.not_compared)}."
    yield from _settled_text(verified)
    if status.state is not State.FINISHED:
        yield f"The run is not at its end. Go on with it:  {command('resume', verified.folder)}"
        return
    if verified.settled and verified.results is None:
        yield f"The results do not show this yet. To write them again:  {command('resume', verified.folder)}"
    if verified.differ:
        yield "Either the run could not write it, or somebody has changed it since. To see what would put it right:"
        yield f"    {command('plan', settings.workbook, where(settings))}"


def _drift_headline(match: int, differing: int) -> str:
    are = "is" if match == 1 else "are"
    if not differing:
        return f"{'All ' if match > 1 else ''}{counted(match, 'trunk')} {are} as the run wanted."
    return (
        f"{counted(match, 'trunk')} {are} as the run wanted, {differing:,} {'differs' if differing == 1 else 'differ'}."
    )


def _drift_text(drift: ChangeLine) -> str:
    place = f"{drift.sheet}!{drift.cell} {drift.trunk} {drift.field}"
    if drift.found == NOT_COMPARED:
        return f"{place}: {drift.found}"
    if drift.wanted == drift.found == HIDDEN:
        return f"{place}: not the wanted one"
    if drift.wanted == _ABSENT:
        return f"{place}: not wanted, and there: {_value(drift.found)}"
    found = "it is not there" if drift.found == _ABSENT else f"found {_value(drift.found)}"
    return f"{place}: wanted {_value(drift.wanted)}, {found}"


def _value(text: str) -> str:
    return shortened(text) or "(blank)"


def _settled_text(verified: Verified) -> Iterator[str]:
    if not verified.settled:
        return
    total = verified.settled.total()
    endings = ", ".join(f"{number:,} {ending}" for ending, number in verified.settled.most_common())
    yield f"{counted(total, 'trunk')} that {'was' if total == 1 else 'were'} unknown: {endings}."
    if verified.results is None:
        return
    if verified.results.note:
        yield verified.results.note
    if verified.results.path is not None:
        yield f"The results were written again: {verified.results.path}"


def report_text(report: Report, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell how a run went, ending with where the results lie."""
    if report.only_rewritten:
        yield "The run had already ended: nothing was sent; only its results were written again from its journal."
    yield ("PRACTICE: " if report.practice else "") + _headline(report)
    yield from _cut_short_text(report)
    yield from report.attention
    yield from _endings_text(report)
    yield from way_back_text(report.returns, shown)
    open_ones = [outcome for outcome in report.outcomes.values() if not outcome.as_wanted]
    yield from _open_text(open_ones, shown, "the results workbook has" if report.results.path else "-v shows")
    if report.census is not None:
        yield from (f"{label}: {said}." for label, said in report.census.facts[1:])
    yield from left_to_people_text(report.listed)
    if undo := undo_command(report.folder, report.outcomes):
        yield f"To take it back:  {undo}"
    if report.results.note:
        yield report.results.note
    if report.results.folder is not None:
        yield f"Results as CSV: {report.results.folder}"
    yield f"Run: {report.folder.path}"
    yield from _next_text(report, open_ones)
    for output in report.outputs:
        yield from output.lines
    yield f"Results: {report.results.path or 'none yet'}"


def left_to_people_text(listed: Iterable[ListedSheet]) -> Iterator[str]:
    """Count what is left to people, and name the sheets that list it; nothing where nothing is."""
    left = [f"{len(one.lines):,} on the sheet {one.name}" for one in listed if one.answers]
    if left:
        yield f"Left to people: {', '.join(left)}."


def confirmation_text(report: Report, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell what came of the wait for a run's confirmation."""
    said = report.confirmation
    if said is None:
        return
    if said.undone is not None:
        yield from report_text(said.undone, shown)
        back = "did not go back whole, as said above" if said.undone.exit_code else "went back"
        yield f"The run {report.folder.id} {back}: {said.by}."
    elif said.failed:
        yield f"The run {report.folder.id} should have gone back ({said.by}) and could not: {said.failed}"
        yield f"What it wrote is still on the PBX. To take it back:  {command('undo', report.folder.path)}"
    elif said.taken_back:
        yield f"The run was taken back by {said.by}."
    else:
        yield f"Confirmed: {said.by}. What was written stays."


def _endings_text(report: Report) -> Iterator[str]:
    total, trunks = report.endings.total(), Counter(str(outcome.ending) for outcome in report.outcomes.values())
    amounts = {e: trunks_and_rows(trunks[str(e)], total[str(e)]) for e in Ending if total[str(e)]}
    width = max(map(len, amounts.values()), default=0)
    for ending, amount in amounts.items():
        yield f"  {amount:>{width}} {ending!s:<10} {ENDINGS[ending].means}"
    if len(amounts) > 1:
        yield f"  {trunks_and_rows(trunks.total(), total.total()):>{width}} in all"


def _cut_short_text(report: Report) -> Iterator[str]:
    if report.interrupted:
        if not report.unfinished:
            yield "Stopped by you after everything was written."
        elif any(outcome.ending is Ending.UNKNOWN for outcome in report.outcomes.values()):
            yield "Stopped by you. Some writes under way could not be settled: see what is unknown."
        else:
            yield "Stopped by you. Writes under way were settled first."
    if isinstance(report.lost, OutputError):
        yield f"The run stopped: {report.lost.message} Without its journal nothing more is written to the PBX."
        yield f"Make room, or mend what is wrong with {report.folder.path}, before you go on."
    elif report.lost is not None:
        yield f"{report.lost.message} {report.lost.hint}"


def _headline(report: Report) -> str:
    """Say how it went; of a run that was over already, how it had gone, since nobody has looked again."""
    if report.ended is None:
        return run_headline(report.outcomes.values())
    then = run_headline(report.outcomes.values(), f"when the run ended ({moment(report.ended)})")
    return f"{then} For now:  {command('verify', report.folder.path)}"


def _open_text(open_ones: Iterable[Outcome], shown: Shown, where_all: str) -> Iterator[str]:
    """List what is open, the worst first, trunks with the same words together."""
    folded = failure_groups(open_ones)
    listed = folded[: shown.items]
    for trouble in listed:
        yield f"  {trouble.describe(named(trouble.names, shown))}"
    more = sum(len(trouble.names) for trouble in folded[len(listed) :])
    if more:
        yield f"  … and {counted(more, 'more trunk')}; {where_all} every one."
    elif shown.items is not None and any(len(trouble.names) > shown.items for trouble in listed):
        yield f"  {where_all[:1].upper()}{where_all[1:]} every one."
    said = next((trouble.errcode for trouble in folded if trouble.errcode), None)
    if said is not None:
        yield f"  {more_about(said)}"


def _next_text(report: Report, open_ones: Sequence[Outcome]) -> Iterator[str]:
    """Say what comes next: going on with the run, correcting what it leaves alone, or first the one, then the other."""
    left = [outcome for outcome in open_ones if outcome.ending in TAKEN_UP]
    faulty = len(open_ones) - len(left)
    run = report.folder.path
    if report.results.path is None:
        yield f"Make room; then go on with it, which writes the results too:  {command('resume', run)}"
    elif left:
        what = f"the {counted(len(left), 'trunk')} left" if faulty else "it"
        yield f"Go on with {what}:  {command('resume', run)}"
    if any(outcome.ending is Ending.UNKNOWN for outcome in left):
        yield f"To look first, without writing, at what is unknown:  {command('verify', run)}"
    if faulty and report.results.path is not None:
        settings = report.checked.settings
        flags = [*where(settings), *which(settings), *allowing(settings), *how(settings)]
        verb = "restore" if settings.restores else "plan"
        if left:
            others = "the other trunk" if faulty == 1 else f"the other {faulty:,} trunks"
            what = f"do in the results what their column What to do says, then {verb} with them"
            yield f"Resume leaves {others} alone: {what}:"
        else:
            what = "do what the column What to do of the results says"
            yield f"Next: {what}, then {verb} with the results as the workbook:"
        yield f"    {command(verb, report.results.path, flags)}"


_TO_CORRECT = (Ending.INVALID, Ending.BLOCKED, Ending.REFUSED, Ending.PARTIAL)
_MEANS = {
    State.FINISHED: "finished",
    State.UNFINISHED: "at its end, and something is left that resume takes up",
    State.INTERRUPTED: "interrupted by somebody",
    State.LOST: "ended early: the PBX could not be reached or used any more",
    State.BROKE_OFF: "broke off: no process is running it, and it did not end by itself (a crash, or it was killed)",
}


def status_text(status: RunStatus, holder: Holder | None, results: Path | None) -> Iterator[str]:
    """Tell how one run stands.

    Args:
        results: the results workbook in its folder, if there is one.
    """
    yield f"Run {status.id}: {_how_it_stands(status, holder)}"
    yield f"Started: {moment(status.started)}" + (f"; ended: {moment(status.ended)}" if status.ended else "")
    if status.undoes:
        yield f"It takes back the run {status.undoes}."
    if status.workbook:
        yield f"Workbook: {status.workbook}"
    if status.pbx:
        yield f"PBX: {status.pbx}"
    if status.approval is not None:
        yield f"Approved by: {status.approval}"
    if status.invocations:
        done, of = _settled(status)
        not_chosen = f", {status.not_chosen:,} not chosen" if status.not_chosen else ""
        yield f"{done:,} of {counted(of, 'trunk')} settled{not_chosen}:"
    for ending in Ending:
        if status.counts[str(ending)]:
            yield f"  {counted(status.counts[str(ending)], 'row'):>14} {ending}"
    if status.sent:
        yield _sent_text(status)
    yield f"Folder: {status.folder}"
    if results is not None and status.state is not State.RUNNING:
        yield f"Results: {results}"
    yield from _what_next(status)


def _settled(status: RunStatus) -> tuple[int, int]:
    """Return how many of how many trunks that the run was to do are settled."""
    return status.settled - status.not_chosen, status.trunks - status.not_chosen


def _sent_text(status: RunStatus) -> str:
    """Tell of the trunks whose writes are in the journal and that have no ending yet."""
    trunks, one = counted(status.sent, "trunk"), status.sent == 1
    if status.state is State.RUNNING:
        return f"{trunks} {'is' if one else 'are'} being written."
    was, its, what = ("was", "is", "it") if one else ("were", "are", "them")
    sent = f"{trunks} {was} sent something, or about to be, and {its} not settled yet"
    return f"{sent}: resume or verify settles {what} by a look."


def _how_it_stands(status: RunStatus, holder: Holder | None) -> str:
    if status.state is State.UNFINISHED and status.how == "stopped":
        return "ended early: its journal could not be written any more."
    if status.state is not State.RUNNING:
        return f"{_MEANS[status.state]}."
    who = f"process {status.pid}" if status.pid else "by a process that cannot be named"
    if holder is not None and holder.command:
        return f"running: {holder.command}, {who}, since {moment(holder.started)}."
    return f"running: {who}."


def _what_next(status: RunStatus) -> Iterator[str]:
    folder = status.folder
    if status.open_until is not None:
        yield from _to_be_confirmed(status)
        return
    if status.taken_back:
        yield f"It was taken back by {status.taken_back}. The status of that one says whether all of it went back."
        return
    match status.state:
        case State.RUNNING:
            yield f"Ctrl-C in its window stops it cleanly. Look again:  {command('status', folder)}"
        case State.FINISHED if any(status.counts[str(ending)] for ending in _TO_CORRECT):
            yield "Next: do what the column What to do of the results says, then plan with the results as the workbook."
        case State.FINISHED:
            yield f"Nothing is left to do. To compare the PBX with it:  {command('verify', folder)}"
        case _ if not status.invocations:
            yield "Its journal is empty, so it wrote nothing to the PBX. Apply the workbook again."
        case _:
            yield f"Go on with it:  {command('resume', folder)}"
            if status.counts[str(Ending.UNKNOWN)] or status.sent:
                what = "what was sent" if status.sent else "what is unknown"
                yield f"To look first, without writing, at {what}:  {command('verify', folder)}"


def _to_be_confirmed(status: RunStatus) -> Iterator[str]:
    """Tell of a run that is to be confirmed, and of one whose wait was cut off."""
    if status.is_waited_for:
        yield f"It waits to be confirmed until {status.open_until}, and then goes back by itself."
        yield f"To keep what it wrote:  {command('confirm', status.folder)}"
    elif status.state is not State.RUNNING:
        yield "It was to go back unless somebody confirmed it. Nobody did, and no process is waiting to take it back."
        yield f"To take it back:  {command('undo', status.folder)}"
        yield f"To keep what it wrote:  {command('confirm', status.folder)}"
    else:
        yield "It is to be confirmed once it is at its end, else it goes back by itself."


def _way_back(status: RunStatus) -> str:
    """Say in a few words whether a run takes another one back, went back, or may yet."""
    words = [f"takes back {status.undoes}"] if status.undoes else []
    words += ["taken back"] if status.taken_back else ["not confirmed"] if status.open_until is not None else []
    return "".join(f", {word}" for word in words)


def runs_text(statuses: Sequence[RunStatus], shown: Shown = BRIEF) -> Iterator[str]:
    """Tell of runs, a line each, oldest first."""
    if not statuses:
        yield "No runs here. They are in the folder NAME.runs beside their workbook:  trunk-batch runs WORKBOOK"
        return
    listed = statuses if shown.trunks is None else statuses[-shown.trunks :]
    if len(listed) < len(statuses):
        yield f"… {len(statuses) - len(listed):,} earlier ones; -v or --json shows every one."
    width = max(len(status.id) for status in listed)
    for status in listed:
        done = "{:,}/{:,} trunks".format(*_settled(status))
        silent = "a record of its journal is damaged" if status.damaged else "its journal says nothing"
        pbx = silent if status.damaged else "PRACTICE" if status.practice else status.pbx or silent
        also = _way_back(status)
        yield f"{status.id:<{width}}  {status.state!s:<11}  {moment(status.started)}  {done:>15}  {pbx}{also}"
    open_ones = [status for status in statuses if status.state is not State.FINISHED] or statuses
    yield f"More about one:  {command('status', open_ones[-1].folder)}"
