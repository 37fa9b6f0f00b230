"""Schedule: in which order trunks are written where DIDs go from one to another, or a name does. Pure.

A move is two writes, one on either trunk, and the second needs the first. So one trunk waits for another; where they
wait for each other in a circle, one of them is written twice: first what others wait for, in the end the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from typing import Final, NamedTuple, TypeAlias

from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change
from batch.trunks.diff import keyed
from batch.trunks.list_merge import put_between
from batch.trunks.live import Entry
from batch.trunks.moved_dids import PlannedMove

_TRIED_OUT: Final = 12
"""Of so many trunks that wait for each other, those to be written twice are the fewest there can be."""


class MoveOrder(StrEnum):
    """Which half of a move comes first."""

    ADD_FIRST = "add-first"
    """For a moment the DID is on both trunks, and no call is lost."""
    REMOVE_FIRST = "remove-first"
    """For a moment it is on none, for a PBX that takes no DID twice."""


class Halves(NamedTuple):
    """The rows of the two trunks of a move, in the order in which they are written."""

    first: int
    second: int


def halves(move: PlannedMove, order: MoveOrder) -> Halves:
    """Return which trunk of a move is written first."""
    both = Halves(move.receiver, move.giver)
    return both if order is MoveOrder.ADD_FIRST else Halves(*reversed(both))


_Waiting: TypeAlias = Mapping[int, Collection[int]]
"""By row of a trunk, the rows of those that it waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What the writes of a plan wait for. Trunks are known by their rows."""

    after: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """For each trunk that waits, those whose first write must have been read back as wanted before its last."""
    twice: frozenset[int] = frozenset()
    """Those that are written twice. Their first write waits for nothing."""
    held_names: Mapping[int, int] = field(default_factory=dict)
    """For each trunk whose wanted name another one gives up, that other one."""


def temporary_name(trunk_id: int) -> str:
    """Return the name of a trunk in between, where names go round in a circle; nobody else gives it."""
    return f"trunk-{trunk_id}-gets-its-name"


def schedule(changes: Iterable[Change], moves: Sequence[PlannedMove], order: MoveOrder) -> Schedule:
    """Say which writes wait for which, and which trunks are written twice so that none waits for ever.

    Those are as few as can be where up to `_TRIED_OUT` trunks wait for each other, and few beyond that.
    """
    written = {change.record.row: change for change in changes if change.difference}
    after: defaultdict[int, set[int]] = defaultdict(set)
    moving = written.keys() & {row for move in moves for row in (move.giver, move.receiver)}
    has = {row: did_keys(written[row]) for row in moving}
    for move in moves:
        first, second = halves(move, order)
        if first in written and second in written and is_to_come(move, first, has[first]):
            after[second].add(first)
    names = _held_names(written.values())
    for row, holder in names.items():
        after[row].add(holder)
    return Schedule(
        after={row: frozenset(rows) for row, rows in after.items()}, twice=_fewest_twice(after), held_names=names
    )


def did_keys(change: Change) -> frozenset[str]:
    """Return what the DIDs of a change's trunk are known by, as it is now."""
    return frozenset(entry.key for entry in change.live.lists[DIDS].entries)


def is_to_come(move: PlannedMove, row: int, keys: Collection[str]) -> bool:
    """Tell whether one of the trunks of a move, which has DIDs of these keys, still is as it was before the move."""
    return (move.entry.key in keys) is (row == move.giver)


def put_back(entries: Sequence[Entry], keys: Collection[str], was: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return entries with those of some keys among them that were there before, each behind what it was behind."""
    there = keyed(entries)
    merged = {**{key: entry for key, entry in keyed(was).items() if entry.key in keys}, **there}
    head, order = put_between(list(there), keyed(was), merged)
    return tuple(merged[key] for key in [*head, *order])


def _held_names(written: Iterable[Change]) -> dict[int, int]:
    renamed = [change for change in written if change.renames]
    holders = {change.live.name: change.record.row for change in renamed}
    wanted = {change.record.row: str(change.desired.fields["name"]) for change in renamed}
    return {row: holders[name] for row, name in wanted.items() if holders.get(name, row) != row}


def _fewest_twice(after: _Waiting) -> frozenset[int]:
    twice: set[int] = set()
    left = _circular(after)
    while left:
        part = _together(left)
        chosen = _fewest(part) if len(part) <= _TRIED_OUT else {_busiest(part)}
        twice |= chosen
        left = _circular(_without(left, chosen))
    return frozenset(twice)


def _circular(after: _Waiting) -> dict[int, frozenset[int]]:
    """Leave out all that wait for nobody, or that nobody waits for, until none of those is left."""
    left = {row: frozenset(rows) for row, rows in after.items() if rows}
    while True:
        waited_for = frozenset().union(*left.values())
        kept = {row: rows & left.keys() for row, rows in left.items() if row in waited_for}
        kept = {row: rows for row, rows in kept.items() if rows}
        if len(kept) == len(left):
            return kept
        left = kept


def _without(after: _Waiting, gone: Collection[int]) -> dict[int, frozenset[int]]:
    return {row: frozenset(rows).difference(gone) for row, rows in after.items() if row not in gone}


def _together(after: _Waiting) -> dict[int, frozenset[int]]:
    """Return those that hang together with the first one."""
    beside: defaultdict[int, set[int]] = defaultdict(set)
    for row, rows in after.items():
        for other in rows:
            beside[row].add(other)
            beside[other].add(row)
    found, left = set[int](), [min(after)]
    while left:
        row = left.pop()
        if row not in found:
            found.add(row)
            left += beside[row]
    return {row: frozenset(after[row]) for row in found if row in after}


def _fewest(after: _Waiting) -> set[int]:
    for count in range(1, len(after) + 1):
        for chosen in combinations(sorted(after), count):
            if not _goes_round(_without(after, chosen)):
                return set(chosen)
    return set(after)


def _goes_round(after: _Waiting) -> bool:
    try:
        TopologicalSorter(after).prepare()
    except CycleError:
        return True
    return False


def _busiest(after: _Waiting) -> int:
    waited_for: defaultdict[int, int] = defaultdict(int)
    for rows in after.values():
        for row in rows:
            waited_for[row] += 1
    return max(sorted(after), key=lambda row: len(after[row]) * waited_for[row])
