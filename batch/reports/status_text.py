"""Text about runs: how they stand, for somebody who looks from a second terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batch.reports.next_steps import command
from batch.runs.outcomes import Ending
from batch.runs.run_status import RunStatus, State
from batch.wording import BRIEF, Shown, counted, moment

if TYPE_CHECKING:
    from batch.runs.locks import Holder

_TO_CORRECT = (Ending.INVALID, Ending.BLOCKED, Ending.REFUSED, Ending.PARTIAL)
_MEANS = {
    State.FINISHED: "finished",
    State.UNFINISHED: "at its end, and something is left that resume takes up",
    State.INTERRUPTED: "interrupted by somebody",
    State.LOST: "ended early: the PBX could not be reached or used any more",
    State.BROKE_OFF: "broke off: nobody is at it, and it never said how it ended (a crash, or it was killed)",
}


def status_text(standing: RunStatus, holder: Holder | None, results: Path | None) -> Iterator[str]:
    """Tell how one run stands.

    Args:
        standing: how it stands.
        holder: who is at it, if somebody is.
        results: the results workbook in its folder, if there is one.
    """
    yield f"Run {standing.id}: {_how_it_stands(standing, holder)}"
    yield f"Started: {moment(standing.started)}" + (f"; ended: {moment(standing.ended)}" if standing.ended else "")
    if standing.workbook:
        yield f"Workbook: {standing.workbook}"
    if standing.pbx:
        yield f"PBX: {standing.pbx}"
    if standing.legs:
        done, of = _settled(standing)
        not_chosen = f", {standing.not_chosen:,} not chosen" if standing.not_chosen else ""
        yield f"{done:,} of {counted(of, 'trunk')} settled{not_chosen}:"
    for ending in Ending:
        if standing.counts[str(ending)]:
            yield f"  {standing.counts[str(ending)]:>9,} rows {ending}"
    if standing.sent:
        yield _sent_text(standing)
    yield f"Folder: {standing.folder}"
    if results is not None and standing.state is not State.RUNNING:
        yield f"Results: {results}"
    yield from _what_next(standing)


def _settled(standing: RunStatus) -> tuple[int, int]:
    """Return how many of how many trunks that the run was to do are settled."""
    return standing.settled - standing.not_chosen, standing.trunks - standing.not_chosen


def _sent_text(standing: RunStatus) -> str:
    """Tell of what was sent something and has no ending yet."""
    them = f"{counted(standing.sent, 'trunk')} {'was' if standing.sent == 1 else 'were'} sent something and"
    one = standing.sent == 1
    if standing.state is State.RUNNING:
        return f"{them} {'is' if one else 'are'} being settled."
    what = "it" if one else "them"
    return f"{them} {'is' if one else 'are'} not settled yet: resume or verify settles {what} by a look."


def _how_it_stands(standing: RunStatus, holder: Holder | None) -> str:
    if standing.state is State.UNFINISHED and standing.how == "stopped":
        return "ended early: its journal could not be written any more."
    if standing.state is not State.RUNNING:
        return f"{_MEANS[standing.state]}."
    who = f"process {standing.pid}" if standing.pid else "by a process that cannot be named"
    if holder is not None and holder.command:
        return f"running: {holder.command}, {who}, since {moment(holder.started)}."
    return f"running: {who}."


def _what_next(standing: RunStatus) -> Iterator[str]:
    """Say what comes next for a run."""
    folder = standing.folder
    match standing.state:
        case State.RUNNING:
            yield f"Ctrl-C in its window stops it in good order. Look again:  {command('status', folder)}"
        case State.FINISHED if any(standing.counts[str(ending)] for ending in _TO_CORRECT):
            yield "Next: do in the results what their column What to do says, then plan with them as the workbook."
        case State.FINISHED:
            yield f"Nothing is left to be done. To compare the PBX with it:  {command('verify', folder)}"
        case _ if not standing.legs:
            yield "It wrote nothing down, so it sent nothing that writes. Apply the workbook anew."
        case _:
            yield f"Go on with it:  {command('resume', folder)}"
            if standing.counts[str(Ending.UNKNOWN)] or standing.sent:
                what = "what was sent" if standing.sent else "the unknown"
                yield f"Or look first, without writing, what became of {what}:  {command('verify', folder)}"


def runs_text(standings: Sequence[RunStatus], shown: Shown = BRIEF) -> Iterator[str]:
    """Tell of runs, a line each, oldest first."""
    if not standings:
        yield "No runs here. They lie in the folder NAME.runs beside their workbook:  trunk-batch runs WORKBOOK"
        return
    listed = standings if shown.trunks is None else standings[-shown.trunks :]
    if len(listed) < len(standings):
        yield f"… {len(standings) - len(listed):,} earlier ones; -v or --json shows every one."
    width = max(len(standing.id) for standing in listed)
    for standing in listed:
        done = "{:,}/{:,} trunks".format(*_settled(standing))
        silent = "a record of its journal is damaged" if standing.damaged else "its journal says nothing"
        pbx = silent if standing.damaged else "PRACTICE" if standing.practice else standing.pbx or silent
        yield f"{standing.id:<{width}}  {standing.state!s:<11}  {moment(standing.started)}  {done:>15}  {pbx}"
    open_ones = [standing for standing in standings if standing.state is not State.FINISHED] or standings
    yield f"More about one:  {command('status', open_ones[-1].folder)}"
