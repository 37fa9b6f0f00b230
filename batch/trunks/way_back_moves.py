"""Moves on the way back: a DID goes back from one trunk to another on both, or stays where it is. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change
from batch.trunks.diff import ChangeKind, Desired, ListDifference, compare
from batch.trunks.list_merge import put_back
from batch.trunks.live import WHOLE_TRUNK, Did, LiveTrunk
from batch.trunks.moved_dids import PlannedMove
from batch.trunks.schedule import did_keys
from batch.trunks.way_back import Restoration, Return, WayBack

_Keys: TypeAlias = Mapping[int, Collection[str]]
"""DIDs by the id of the trunk that has them."""


def moves_back(changes: Iterable[Change]) -> tuple[PlannedMove, ...]:
    """Return the DIDs that leave one trunk on the way back and come back to another: both halves have an order."""
    gone: defaultdict[str, list[int]] = defaultdict(list)
    come: defaultdict[str, list[tuple[Did, int]]] = defaultdict(list)
    for change in changes:
        for kind, _, entry, *_ in change.difference.lists.get(DIDS, ListDifference()).changes:
            if kind is ChangeKind.REMOVED and isinstance(entry, Did):
                gone[entry.key].append(change.record.row)
            elif kind is ChangeKind.ADDED and isinstance(entry, Did):
                come[entry.key].append((entry, change.record.row))
    return tuple(
        PlannedMove(entry=found[0][0], giver=gone[key][0], receiver=found[0][1])
        for key, found in come.items()
        if len(found) == 1 == len(gone[key])
    )


def with_moves_told(changes: Sequence[Change], moves: Iterable[PlannedMove]) -> list[Change]:
    """Say in the changes of each DID that comes back by a move from which trunk, or to which.

    Their lists count as nobody's replacing on purpose: it is the way back that names them whole.
    """
    names = {change.record.row: change.live.label for change in changes}
    others: dict[tuple[int, ChangeKind, str], str] = {}
    for entry, giver, receiver in moves:
        others[receiver, ChangeKind.ADDED, entry.key] = names[giver]
        others[giver, ChangeKind.REMOVED, entry.key] = names[receiver]
    return [_unasked(_told(change, others)) for change in changes]


def _unasked(change: Change) -> Change:
    lists = {sheet: replace(edit, explicit=False) for sheet, edit in change.record.lists.items()}
    return replace(change, record=replace(change.record, lists=lists))


def _told(change: Change, others: Mapping[tuple[int, ChangeKind, str], str]) -> Change:
    differs, row = change.difference.lists.get(DIDS), change.record.row
    if differs is None:
        return change
    told = tuple(one._replace(other=others.get((row, one.kind, str(one.new.key)), "")) for one in differs.changes)
    lists = {**change.difference.lists, DIDS: replace(differs, changes=told)}
    return replace(change, difference=replace(change.difference, lists=lists))


def only_with_both(
    changes: Iterable[Change],
    returns: Sequence[Return],
    backs: Mapping[int, WayBack],
    live: Mapping[int, LiveTrunk],
) -> tuple[list[Change], list[Return]]:
    """Leave DIDs where they are that would else be on no trunk, or on two, because one side cannot go back.

    Args:
        changes: those that are made.
        returns: what becomes of each field and entry.
        backs: what every trunk goes back to, by its id.
        live: those of them that are there, by id.
    """
    sides = _sides(backs, changes := list(changes), live)
    told, made = {(line.row, line.field): place for place, line in enumerate(returns)}, list[Change]()
    lines = list(returns)
    for change in changes:
        stays = sides.stays(change) if change.live.id in backs and DIDS in change.desired.lists else {}
        made.append(_without(change, stays) if stays else change)
        names = {e.key: e.number for side in (backs[change.live.id].wrote, change.live) for e in side.dids.entries}
        names |= {entry.key: entry.number for entry in _wanted(change)}
        for key, why in stays.items():
            place = told.get((change.record.row, f"{DIDS.column(DIDS.number).label} {names[key]}"))
            if place is not None:
                lines[place] = replace(lines[place], fate=Restoration.LOST, why=why, later=False)
    return made, lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """Where DIDs were, where the run put them, and where they are once everything is back that can be."""

    names: Mapping[int, str]
    after: _Keys
    homes: Mapping[str, Sequence[int]]
    """By DID, the trunks that had it before."""
    guests: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By DID, the trunks that it was put on since, by the run or by somebody."""

    def stays(self, change: Change) -> dict[str, str]:
        """Return the DIDs of a trunk that are to be left as they are, and why."""
        own, has, wants = change.live.id, did_keys(change), self.after[change.live.id]
        found = dict[str, str]()
        for key in {entry.key for entry in _wanted(change)} - has:
            still = [i for i in self.guests.get(key, ()) if i != own and key in self.after[i]]
            if still:
                found[key] = f"It stays on {self.names[still[0]]}, so it would be on two trunks."
        for key in has.difference(wants):
            homes = [i for i in self.homes.get(key, ()) if i != own]
            if homes and not any(key in self.after[i] for i in (*homes, *self.guests.get(key, ())) if i != own):
                found[key] = f"It was on {self.names[homes[0]]}, which does not take it back: it would be on no trunk."
        return found


def _sides(backs: Mapping[int, WayBack], changes: Iterable[Change], live: Mapping[int, LiveTrunk]) -> _Sides:
    after: dict[int, Collection[str]] = dict.fromkeys(backs, frozenset[str]())
    homes: defaultdict[str, list[int]] = defaultdict(list)
    guests: defaultdict[str, list[int]] = defaultdict(list)
    for number, back in backs.items():
        wrote = {entry.key for entry in back.wrote.dids.entries}
        before = {e.key for e in back.entries(DIDS) if isinstance(e, Did)} if DIDS.api in back.before else wrote
        if number in live:
            after[number] = wrote if _is_unread(live[number]) else {e.key for e in live[number].dids.entries}
        for key in before:
            homes[key].append(number)
        for key in wrote.union(after[number]) - before:
            guests[key].append(number)
    after |= {change.live.id: {entry.key for entry in _wanted(change)} for change in changes}
    names = {number: live[number].label if number in live else back.wrote.label for number, back in backs.items()}
    return _Sides(names=names, after=after, homes=homes, guests=guests)


def _is_unread(trunk: LiveTrunk) -> bool:
    return WHOLE_TRUNK in trunk.unread or DIDS.api in trunk.unread


def _wanted(change: Change) -> Sequence[Did]:
    return [e for e in change.desired.lists.get(DIDS, change.live.dids.entries) if isinstance(e, Did)]


def _without(change: Change, stays: Collection[str]) -> Change:
    """Return a change that leaves some DIDs as they are."""
    live = change.live.dids.entries
    here = {entry.key for entry in live}
    entries = put_back([e for e in _wanted(change) if e.key in here or e.key not in stays], stays, live)
    lists = {sheet: wanted for sheet, wanted in change.desired.lists.items() if sheet is not DIDS}
    desired = Desired(fields=change.desired.fields, lists=lists if entries == tuple(live) else {**lists, DIDS: entries})
    return replace(change, desired=desired, difference=compare(change.live, desired))
