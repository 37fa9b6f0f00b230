"""Returns: what became of each field and entry that was to go back, as a sheet of plan and results. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from batch.runs.outcomes import Ending, Outcome
from batch.tables.row_results import ListedSheet, Tone
from batch.trunks.way_back import Restoration, Return

_SHEET: Final = "Way back"
_COLUMNS: Final = {
    "Trunk": 24,
    "Field": 30,
    "Before the run": 30,
    "Written by it": 30,
    "On the PBX now": 30,
    "What becomes of it": 22,
    "Why": 60,
}
_SINCE_EXPORT: Final = {"Before the run": "In the file", "Written by it": "At the export"}
"""What two of the columns are called where an export is restored."""
_BACK: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED})


def ended_returns(returns: Sequence[Return], outcomes: Mapping[int, Outcome]) -> list[Return]:
    """Say what became of each: what was to be restored and was not written as wanted is not restored."""
    return [_ended(line, outcomes.get(line.row)) for line in returns]


def _ended(line: Return, outcome: Outcome | None) -> Return:
    if line.fate is not Restoration.RESTORED or outcome is None or outcome.ending in _BACK:
        return line
    return replace(line, fate=Restoration.LOST, why=f"Its trunk ended {outcome.ending}. {outcome.note}".rstrip())


def left_behind(returns: Iterable[Return]) -> list[Return]:
    """Return what did not go back."""
    return [line for line in returns if line.fate in {Restoration.KEPT, Restoration.LOST}]


def with_way_back(listed: Iterable[ListedSheet], returns: Sequence[Return], *, restores: bool) -> list[ListedSheet]:
    """Put the sheet about them before all others, if there are any; what did not go back stands first."""
    others = [sheet for sheet in listed if sheet.name != _SHEET]
    if not returns:
        return others
    behind = left_behind(returns)
    tones = {Restoration.KEPT: Tone.WARN, Restoration.LOST: Tone.BAD}
    in_order = sorted(returns, key=lambda line: line.fate not in tones)
    ours = ListedSheet(
        name=_SHEET,
        says="What becomes of each field and list entry that goes back, and of what cannot.",
        columns={(_SINCE_EXPORT.get(name, name) if restores else name): width for name, width in _COLUMNS.items()},
        lines=[
            (line.trunk, line.field, line.before, line.wrote, line.now, str(line.fate), line.why) for line in in_order
        ],
        tones=[tones.get(line.fate) for line in in_order],
        tone=Tone.WARN if behind else Tone.GOOD,
    )
    return [ours, *others]
