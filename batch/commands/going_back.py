"""Going back: what the trunks of a way back, or of an export that is restored, are put against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

from batch.commands.check import Checked
from batch.trunks.change_plan import Change
from batch.trunks.live import Inventory, LiveTrunk
from batch.trunks.live_checks import Hazard
from batch.trunks.live_moves import AllChanges, GoingBack
from batch.trunks.model import Record
from batch.trunks.way_back import (
    OVERWRITE,
    Return,
    WayBack,
    overwritten,
    plan_back,
    restored,
    way_back_of,
    with_names_given_up,
)
from batch.trunks.way_back_moves import moves_back, only_with_both, with_moves_told


def going_back_of(
    checked: Checked, inventory: Inventory, exported: Mapping[int, LiveTrunk], live: Mapping[int, LiveTrunk]
) -> GoingBack:
    """Return what puts a trunk that goes back against what it goes back to; None where the workbook does not say it."""
    backs = {trunk.id: back for trunk in live.values() if (back := find_way_back(checked, exported.get(trunk.id)))}
    may_overwrite = partial(_may_overwrite, checked)
    named = [
        (r, live[r.row], backs[live[r.row].id]) for r in checked.chosen if r.row in live and live[r.row].id in backs
    ]
    freed = with_names_given_up(inventory, named, may_overwrite)

    def going_back(record: Record, trunk: LiveTrunk) -> tuple[Change, list[Hazard], list[Return]] | None:
        if trunk.id not in backs:
            return None
        overwrite = may_overwrite(trunk)
        return plan_back(checked.tables, record, trunk, freed, backs[trunk.id], overwrite=overwrite)

    return going_back


def find_way_back(checked: Checked, then: LiveTrunk | None) -> WayBack | None:
    """Return what a record's trunk goes back to; None where the workbook is one that goes on."""
    if then is None:
        return None
    if checked.settings.restores:
        return restored(then)
    if not checked.goes_back or (back := way_back_of(then)) is None:
        return None
    return replace(back, password_wrote=checked.passwords_wrote.get(then.id))


def with_moves_back(
    put: AllChanges,
    checked: Checked,
    exported: Mapping[int, LiveTrunk],
    live: Mapping[int, LiveTrunk],
    stopped: Collection[int],
) -> AllChanges:
    """Return what goes back with its moves in order, and without those of which only one half can go back.

    ``live`` are the trunks of the workbook that are there, by id, also those that were not chosen; nothing is written
    in the rows that are ``stopped``.
    """
    backs = {number: back for number, then in exported.items() if (back := find_way_back(checked, then))}
    sound = [change for change in put.changes if change.record.row not in stopped]
    sound, returns = only_with_both(sound, put.returns, backs, live)
    made = {change.record.row: change for change in sound}
    changes = [made.get(change.record.row, change) for change in put.changes]
    moves = moves_back(changes) if checked.settings.read_back else put.moves
    changes = with_moves_told(changes, moves)
    lines: defaultdict[int, list[Return]] = defaultdict(list)
    for line in returns:
        lines[line.row].append(line)
    dangers = [hazard for c in changes for hazard in overwritten(c.record, c.live, lines[c.record.row])]
    return replace(put, changes=changes, returns=returns, moves=moves, hazards=[*dangers, *put.hazards])


def _may_overwrite(checked: Checked, trunk: LiveTrunk) -> bool:
    granted = {OVERWRITE, f"{OVERWRITE}={trunk.name}", f"{OVERWRITE}={trunk.id}"}
    return not granted.isdisjoint(checked.settings.allow)
