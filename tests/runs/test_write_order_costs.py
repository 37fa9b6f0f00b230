"""What it costs to order writes grows with the DIDs that move, however they are spread over trunks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from batch.runs.outcomes import Ending, Outcome
from batch.runs.write_order import WriteOrder
from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change
from batch.trunks.live import Did, LiveTrunk, parse_trunk
from batch.trunks.moved_dids import PlannedMove
from batch.trunks.schedule import MoveOrder
from tests.growth import STEEP, for_four_times
from tests.runs.fakes import trunk
from tests.runs.moving import changed

WAYS: dict[str, Callable[[int], list[tuple[int, int]]]] = {
    "all between two trunks": lambda n: [(0, 1)] * n,
    "half there and half back": lambda n: [(i % 2, 1 - i % 2) for i in range(n)],
    "twenty each from many to one": lambda n: [(1 + i // 20, 0) for i in range(n)],
    "twenty each from one to many": lambda n: [(0, 1 + i // 20) for i in range(n)],
    "from twenty to twelve": lambda n: [(i % 20, 20 + i // 20 % 12) for i in range(n)],
    "down a chain": lambda n: [(i // 20, i // 20 + 1) for i in range(n)],
}
"""By giver and receiver of each DID."""


def planned(ways: list[tuple[int, int]]) -> tuple[list[Change], list[PlannedMove]]:
    gives: dict[int, list[Did]] = {}
    gets: dict[int, list[Did]] = {}
    moves = []
    for i, (giver, receiver) in enumerate(ways):
        did = Did(str(442_000_000_000 + i), f"Desk {i}")
        gives.setdefault(giver, []).append(did)
        gets.setdefault(receiver, []).append(did)
        moves.append(PlannedMove(entry=did, giver=giver, receiver=receiver))
    live = [with_dids(number, gives.get(number, [])) for number in sorted({*gives, *gets})]
    return [changed(one, gets.get(one.id, [])) for one in live], moves


def with_dids(number: int, dids: list[Did]) -> LiveTrunk:
    return parse_trunk(trunk(number, did_list=[{"did": did.number, "did_name": did.name} for did in dids]))


def carry_out(changes: list[Change], moves: list[PlannedMove], order: MoveOrder) -> None:
    """Carry it all out on trunks that take everything, in the order in which it is given out."""
    writes = WriteOrder(changes, moves, order)
    assert not writes.begin()
    while ready := writes.ready():
        for work in ready:
            change = work.change
            work.seen = with_dids(change.live.id, list(change.desired.lists[DIDS]))  # type: ignore[arg-type] # DIDs
            writes.ended(Outcome(row=change.record.row, ending=Ending.APPLIED, trunk_id=change.live.id, name=""))
    assert not writes.waiting


@pytest.mark.parametrize("order", MoveOrder)
@pytest.mark.parametrize("way", WAYS)
def test_four_times_as_many_moves_take_about_four_times_as_long(way: str, order: MoveOrder) -> None:
    def carried_out(n: int) -> Callable[[], object]:
        changes, moves = planned(WAYS[way](n))
        return lambda: carry_out(changes, moves, order)

    assert for_four_times(carried_out, 1_000) < STEEP
