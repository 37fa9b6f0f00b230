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
from batch.trunks.moved_dids import PlannedMove

_TRIED_OUT: Final = 12
"""Of so many trunks that wait for each other in no plain way, those to be written twice are found by trying."""


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

    Those are as few as can be where, all plain circles put aside, up to `_TRIED_OUT` trunks wait for each other, and
    few beyond that.
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


def _held_names(written: Iterable[Change]) -> dict[int, int]:
    renamed = [change for change in written if change.renames]
    holders = {change.live.name: change.record.row for change in renamed}
    wanted = {change.record.row: str(change.desired.fields["name"]) for change in renamed}
    return {row: holders[name] for row, name in wanted.items() if holders.get(name, row) != row}


def _fewest_twice(after: _Waiting) -> frozenset[int]:
    circles, twice = _Circles(after), set[int]()
    while circles.after or circles.due:
        twice |= circles.reduce()
        part = circles.part()
        chosen = _fewest(part) if len(part) <= _TRIED_OUT else {circles.busiest()}
        for row in chosen:
            circles.take_out(row)
        twice |= chosen
    return frozenset(twice)


class _Circles:
    """Trunks that wait for each other, until none is left that goes round in a circle."""

    def __init__(self, after: _Waiting) -> None:
        self.after: dict[int, set[int]] = {row: set() for rows in after.values() for row in rows}
        self.after |= {row: set(rows) for row, rows in after.items()}
        self._before: dict[int, set[int]] = {row: set() for row in self.after}
        for row, rows in after.items():
            for other in rows:
                self._before[other].add(row)
        self.due = sorted(self.after)
        """Those that something has changed for."""

    def take_out(self, row: int) -> None:
        """Let nobody wait for a trunk, nor it for anybody."""
        after, before = self.after.pop(row), self._before.pop(row)
        for other in after - {row}:
            self._before[other].remove(row)
        for other in before - {row}:
            self.after[other].remove(row)
        self.due += (after | before) - {row}

    def reduce(self) -> set[int]:
        """Take out all that is plain; returns those that wait for themselves, and so are written twice.

        Through a trunk that waits for one only, or that only one waits for, goes no circle that does not go through
        that other one: it is left out, and who waited for it waits for what it waited for.
        """
        twice = set[int]()
        while self.due:
            row = self.due.pop()
            if row not in self.after:
                continue
            after, before = self.after[row], self._before[row]
            if row in after:
                twice.add(row)
            elif min(len(after), len(before)) > 1:
                continue
            else:
                for other in before:
                    self.after[other] |= after
                for other in after:
                    self._before[other] |= before
            self.take_out(row)
        return twice

    def part(self) -> dict[int, set[int]]:
        """Return those that hang together with the first one; where they are too many to be tried out, some of them."""
        found, left = set[int](), [min(self.after)] if self.after else []
        while left and len(found) <= _TRIED_OUT:
            row = left.pop()
            if row not in found:
                found.add(row)
                left += self.after[row] | self._before[row]
        return {row: self.after[row] for row in found}

    def busiest(self) -> int:
        """Return who waits for many, and is waited for by many."""
        return max(sorted(self.after), key=lambda row: len(self.after[row]) * len(self._before[row]))


def _fewest(after: _Waiting) -> set[int]:
    for count in range(len(after)):
        for chosen in combinations(sorted(after), count):
            if not _goes_round({row: {*rows}.difference(chosen) for row, rows in after.items() if row not in chosen}):
                return set(chosen)
    return set(after)


def _goes_round(after: _Waiting) -> bool:
    try:
        TopologicalSorter(after).prepare()
    except CycleError:
        return True
    return False
