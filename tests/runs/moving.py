"""Trunks that give DIDs to each other, and a look at each state that a PBX passes through meanwhile."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from batch.runs.outcomes import Outcome
from batch.runs.write_order import WriteOrder
from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change
from batch.trunks.diff import Desired, compare
from batch.trunks.live import Did, parse_trunk
from batch.trunks.model import Record
from batch.trunks.moved_dids import PlannedMove
from batch.trunks.schedule import MoveOrder
from tests.runs.fakes import FakePbx, trunk

Wanted = Sequence[tuple[str, int, int]]
"""DID, and the ids of the trunks that give and get it."""


def trunks_with(pbx: FakePbx, *lists: Sequence[str]) -> None:
    """Put trunks 1, 2, … with these DIDs onto a PBX that has no others."""
    pbx.trunks.clear()
    for number, dids in enumerate(lists, 1):
        pbx.add(trunk(number, did_list=[{"did": did, "did_name": f"of {number}"} for did in dids]))


def planned(pbx: FakePbx, wanted: Wanted) -> tuple[list[Change], list[PlannedMove]]:
    """Plan moves by hand: rows are ids, what is given goes to the end of the list that gets it."""
    live = {number: parse_trunk(copy.deepcopy(whole)) for number, whole in pbx.trunks.items()}
    lists = {number: list(one.lists[DIDS].entries) for number, one in live.items()}
    moves = []
    for number, giver, receiver in wanted:
        entry = next((e for e in lists[giver] if e.number == number), Did(number, f"of {giver}"))
        lists[giver] = [e for e in lists[giver] if e.number != number]
        lists[receiver] = [*[e for e in lists[receiver] if e.number != number], entry]
        moves.append(PlannedMove(entry=entry, giver=giver, receiver=receiver))
    return [changed(live[number], lists[number]) for number in live], moves


def changed(live: Any, entries: Iterable[Did], **fields: Any) -> Change:
    desired = Desired(fields=fields, lists={DIDS: tuple(entries)})
    record = Record(row=live.id, id=live.id)
    return Change(record=record, live=live, desired=desired, difference=compare(live, desired))


@dataclass
class Watch:
    """Sees where every DID is after each write that changed something."""

    pbx: FakePbx
    states: list[dict[str, list[int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        take = self.pbx.take

        def taken(number: int, fields: Any) -> None:
            take(number, fields)
            self.states.append(where(self.pbx))

        self.pbx.take = taken  # type: ignore[method-assign] # to see each state there is
        self.states.append(where(self.pbx))

    def fewest(self, did: str) -> int:
        return min(len(state.get(did, [])) for state in self.states)

    def most(self, did: str) -> int:
        return max(len(state.get(did, [])) for state in self.states)


def where(pbx: FakePbx) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, whole in pbx.trunks.items():
        for entry in whole["did_list"]:
            found.setdefault(entry["did"], []).append(number)
    return found


def order_of(pbx: FakePbx, wanted: Wanted, order: MoveOrder = MoveOrder.ADD_FIRST) -> WriteOrder:
    changes, moves = planned(pbx, wanted)
    return WriteOrder(changes, moves, order)


def said(outcomes: Sequence[Outcome]) -> dict[int, tuple[str, str]]:
    return {outcome.row: (str(outcome.ending), outcome.note) for outcome in outcomes}


def writes(pbx: FakePbx) -> Counter[int]:
    return Counter(pbx.written)


__all__ = ["Watch", "changed", "order_of", "planned", "replace", "said", "trunks_with", "where", "writes"]
