"""Drifts: what the PBX holds otherwise than a run wanted it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from batch.returning import NOT_COMPARED
from batch.secrets import HIDDEN
from batch.telling.amounts import BRIEF, Shown, counted, named, shortened
from batch.telling.commands import command, where
from batch.watching import Standing, State

if TYPE_CHECKING:
    from batch.pipeline import Drift, Verified

_ABSENT = "absent"


def verified_text(verified: Verified, standing: Standing, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell what a verification found, what it settled, and what comes next.

    Args:
        verified: what it found.
        standing: how the run stands after it.
        shown: how much is listed.
    """
    settings = verified.checked.settings
    differing = len({drift.trunk for drift in verified.differ})
    yield ("PRACTICE: " if verified.practice else "") + _headline(verified.match, differing)
    listed = verified.differ[: shown.trunks]
    yield from (f"  {_told(drift)}" for drift in listed)
    if len(verified.differ) > len(listed):
        yield f"  … and {len(verified.differ) - len(listed):,} more; -v or --json shows every one."
    if verified.not_compared:
        yield f"The PBX does not show the password, so it is not compared: {named(verified.not_compared)}."
    yield from _settled_text(verified)
    if standing.state is not State.FINISHED:
        yield f"The run is not at its end. Go on with it:  {command('resume', verified.folder)}"
        return
    if verified.settled and verified.results is None:
        yield f"The results do not say so yet. To have them made anew:  {command('resume', verified.folder)}"
    if verified.differ:
        yield "Either the run could not write it, or somebody has changed it since. To see what would put it right:"
        yield f"    {command('plan', settings.workbook, where(settings))}"


def _headline(match: int, differing: int) -> str:
    are = "is" if match == 1 else "are"
    if not differing:
        return f"{'All ' if match > 1 else ''}{counted(match, 'trunk')} {are} as the run wanted."
    return (
        f"{counted(match, 'trunk')} {are} as the run wanted, {differing:,} {'differs' if differing == 1 else 'differ'}."
    )


def _told(drift: Drift) -> str:
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
        yield f"The results were made anew: {verified.results.path}"
