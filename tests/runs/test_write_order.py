"""DIDs that go from trunk to trunk: the second half waits for the first, and what fails is taken back."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.runs.outcomes import Ending
from batch.runs.write_order import WriteOrder
from batch.schema.columns import DIDS
from batch.trunks.live import Did, parse_trunk
from batch.trunks.schedule import MoveOrder, schedule, temporary_name
from tests.runs.fakes import FakePbx, running
from tests.runs.moving import Wanted, Watch, changed, order_of, planned, said, trunks_with, where, writes

ADD, REMOVE = MoveOrder.ADD_FIRST, MoveOrder.REMOVE_FIRST
ONE: Wanted = [("100", 1, 2)]
CHAIN: Wanted = [("100", 1, 2), ("200", 2, 3)]
SWAP: Wanted = [("100", 1, 2), ("200", 2, 1)]
LISTS = (["100", "101"], ["200", "201"], ["300"])


@pytest.fixture
def pbx() -> FakePbx:
    made = FakePbx()
    trunks_with(made, *LISTS)
    return made


@pytest.mark.parametrize(("order", "first", "second"), [(ADD, 2, 1), (REMOVE, 1, 2)])
def test_a_move_writes_either_trunk_once_in_the_order_that_was_chosen(
    pbx: FakePbx, tmp_path: Path, order: MoveOrder, first: int, second: int
) -> None:
    watch = Watch(pbx)
    with running(pbx, tmp_path) as run:
        run.dispatch(order_of(pbx, ONE, order))
    assert pbx.written == [first, second]
    assert where(pbx) == {"100": [2], "101": [1], "200": [2], "201": [2], "300": [3]}
    assert (watch.fewest("100"), watch.most("100")) == ((1, 2) if order is ADD else (0, 1))
    assert said(run.outcomes) == {
        1: ("applied", "1 DID went to T2."),
        2: ("applied", "1 DID came from T1."),
    }


def test_a_chain_writes_each_trunk_once_and_a_swap_only_one_of_them_twice(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        run.dispatch(order_of(pbx, CHAIN))
    assert pbx.written == [3, 2, 1]
    trunks_with(pbx, *LISTS)
    pbx.written.clear()
    (tmp_path / "swap").mkdir()
    with running(pbx, tmp_path / "swap") as run:
        run.dispatch(order_of(pbx, SWAP))
    assert sorted(writes(pbx).values()) == [1, 2]
    assert where(pbx) == {"101": [1], "200": [1], "201": [2], "100": [2], "300": [3]}
    assert {outcome.attempts for outcome in run.outcomes} == {1, 2}


def test_a_second_half_that_is_refused_takes_the_first_back(pbx: FakePbx, tmp_path: Path) -> None:
    before = where(pbx)
    pbx.script("trunk/update", "ok", "40002")
    with running(pbx, tmp_path) as run:
        run.dispatch(order_of(pbx, ONE))
    assert pbx.written == [2, 1, 2]
    assert where(pbx) == before
    assert said(run.outcomes) == {
        1: (
            "refused",
            "Correct the field that the PBX names, then have it run again. 100 stays here and did not go to T2.",
        ),
        2: ("failed", "100 did not come from T1: T1 was refused (40002 WORDS)."),
    }


def test_with_remove_first_a_number_that_could_not_be_added_goes_back_to_its_old_place(
    pbx: FakePbx, tmp_path: Path
) -> None:
    pbx.script("trunk/update", "ok", "40002")
    with running(pbx, tmp_path) as run:
        run.dispatch(order_of(pbx, ONE, REMOVE))
    assert pbx.written == [1, 2, 1]
    assert [entry["did"] for entry in pbx.trunks[1]["did_list"]] == ["100", "101"]
    assert {row: ending for row, (ending, _) in said(run.outcomes).items()} == {1: "failed", 2: "refused"}


def test_a_first_half_that_fails_lets_the_giver_keep_that_number_and_give_the_others(
    pbx: FakePbx, tmp_path: Path
) -> None:
    pbx.script("trunk/update", "40002")
    with running(pbx, tmp_path, concurrency=1) as run:
        run.dispatch(order_of(pbx, [("100", 1, 2), ("101", 1, 3)]), workers=1)
    assert where(pbx) == {"100": [1], "101": [3], "200": [2], "201": [2], "300": [3]}
    assert said(run.outcomes)[1] == (
        "partial",
        "1 DID went to T3. 100 stays here and did not go to T2: T2 was refused (40002 WORDS).",
    )


def test_a_giver_that_is_gone_by_then_loses_nobody_a_number(pbx: FakePbx, tmp_path: Path) -> None:
    def delete(number: int) -> None:
        if number == 2:
            pbx.trunks.pop(1)

    pbx.at_write = delete
    with running(pbx, tmp_path) as run:
        run.dispatch(order_of(pbx, ONE))
    assert where(pbx)["100"] == [2]
    assert said(run.outcomes)[2] == ("applied", "1 DID came from T1.")


def test_a_giver_that_somebody_changed_meanwhile_is_not_written_and_the_number_goes_back(
    pbx: FakePbx, tmp_path: Path
) -> None:
    others = [{"did": did, "did_name": ""} for did in ("100", "101", "999")]
    pbx.at_write = lambda number: pbx.edit(1, did_list=others) if number == 2 and pbx.written == [2] else None
    with running(pbx, tmp_path) as run:
        run.dispatch(order_of(pbx, ONE))
    assert where(pbx)["100"] == [1]
    assert [entry["did"] for entry in pbx.trunks[1]["did_list"]] == ["100", "101", "999"]
    assert {row: ending for row, (ending, _) in said(run.outcomes).items()} == {1: "not run", 2: "failed"}
    assert pbx.broken == []


def test_ctrl_c_finishes_what_is_half_moved_and_begins_nothing_new(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path, concurrency=1) as run:
        pool = run.prepared(order_of(pbx, [("100", 1, 2), ("300", 3, 1)]), workers=1, batch=1)
        pbx.at_write = lambda number: pool.stop("Stopped by you before its turn.") if pbx.written == [number] else None
        pool.run()
    assert all(len(trunks) == 1 for trunks in where(pbx).values())
    done = [did for did, (old, new) in {"100": (1, 2), "300": (3, 1)}.items() if where(pbx)[did] == [new] != [old]]
    assert len(done) == 1
    assert {outcome.row for outcome in run.outcomes} == {1, 2, 3}


def test_a_lost_pbx_leaves_the_number_on_both_and_says_so(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.at_write = lambda _: pbx.outages.append((pbx.time.seconds + 0.04, 9e9, "down")) if pbx.written == [2] else None
    with running(pbx, tmp_path, give_up_after=1) as run:
        run.dispatch(order_of(pbx, ONE))
    assert where(pbx)["100"] == [1, 2]
    assert {row: ending for row, (ending, _) in said(run.outcomes).items()} == {1: "not run", 2: "unknown"}
    assert "100 may be here, on T1 or on both" in said(run.outcomes)[2][1]


def test_names_that_cross_pass_through_a_temporary_one(pbx: FakePbx, tmp_path: Path) -> None:
    one, two = (parse_trunk(pbx.trunks[number]) for number in (1, 2))
    changes = [
        changed(one, one.lists[DIDS].entries, name="T2"),
        changed(two, two.lists[DIDS].entries, name="T1"),
    ]
    names: list[set[str]] = []
    pbx.at_write = lambda _: names.append({whole["name"] for whole in pbx.trunks.values()})
    with running(pbx, tmp_path) as run:
        run.dispatch(WriteOrder(changes))
    assert [pbx.trunks[number]["name"] for number in (1, 2)] == ["T2", "T1"]
    assert all(len(found) == 3 for found in names)
    assert any(temporary_name(number) in found for found in names for number in (1, 2))
    assert set(run.endings.values()) == {"applied"}


def test_a_name_that_its_holder_could_not_give_up_is_not_taken(pbx: FakePbx, tmp_path: Path) -> None:
    one, two = (parse_trunk(pbx.trunks[number]) for number in (1, 2))
    changes = [
        changed(one, [Did("555")], name="T2"),
        changed(two, two.lists[DIDS].entries, name="new"),
    ]
    pbx.script("trunk/update", "40002")
    with running(pbx, tmp_path) as run:
        run.dispatch(WriteOrder(changes))
    assert pbx.trunks[1]["name"] == "T1"
    assert where(pbx)["555"] == [1]
    assert said(run.outcomes)[1] == ("partial", "Another trunk, id 2, still has the name T2.")


WORDS = ("ok", "40002", "timeout", "timeout+")
GRAPHS: dict[str, Wanted] = {"one": ONE, "chain": CHAIN, "swap": SWAP}


@pytest.mark.parametrize("order", [ADD, REMOVE])
@pytest.mark.parametrize("graph", GRAPHS)
def test_no_order_of_failures_loses_a_number_or_leaves_it_twice_unsaid(
    tmp_path: Path, graph: str, order: MoveOrder
) -> None:
    wanted = GRAPHS[graph]
    for turn, words in enumerate(product(WORDS, repeat=3)):
        pbx = FakePbx()
        trunks_with(pbx, *LISTS)
        _keeps_its_promises(pbx, tmp_path / str(turn), wanted, order, words)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[list[str]], list[tuple[str, int, int]], list[str]]:
    count = draw(st.integers(2, 6))
    lists = [[f"{number}{place:02}" for place in range(draw(st.integers(0, 4)))] for number in range(1, count + 1)]
    everywhere = [(did, number) for number, dids in enumerate(lists, 1) for did in dids]
    moved = draw(st.lists(st.sampled_from(everywhere), unique=True, max_size=8)) if everywhere else []
    others = st.integers(1, count - 1)
    wanted = [(did, giver, (giver - 1 + draw(others)) % count + 1) for did, giver in moved]
    return lists, wanted, draw(st.lists(st.sampled_from([*WORDS, "1-", "reset", "-2", "half+", "ok"]), max_size=10))


@given(worlds(), st.sampled_from([ADD, REMOVE]))
def test_drawn_moves_keep_their_promises(
    tmp_path_factory: pytest.TempPathFactory,
    world: tuple[list[list[str]], list[tuple[str, int, int]], list[str]],
    order: MoveOrder,
) -> None:
    lists, wanted, words = world
    pbx = FakePbx()
    trunks_with(pbx, *lists)
    _keeps_its_promises(pbx, tmp_path_factory.mktemp("run"), wanted, order, words)


def _keeps_its_promises(
    pbx: FakePbx, folder: Path, wanted: Wanted, order: MoveOrder, words: tuple[str, ...] | list[str]
) -> None:
    folder.mkdir(exist_ok=True)
    before = where(pbx)
    changes, moves = planned(pbx, wanted)
    twice = schedule(changes, moves, order).twice
    watch = Watch(pbx)
    pbx.script("trunk/update", *words)
    with running(pbx, folder, attempts=2, settle_wait=0) as run:
        run.dispatch(WriteOrder(changes, moves, order), workers=3, batch=2)
    outcomes = {outcome.row: outcome for outcome in run.outcomes}
    assert len(outcomes) == len(run.outcomes)
    assert outcomes.keys() == {change.record.row for change in changes if change.difference}
    well = {Ending.APPLIED, Ending.UNCHANGED}
    for did, giver, receiver in wanted:
        fewest, most = watch.fewest(did), watch.most(did)
        assert (fewest == 1 and most <= 2) if order is ADD else most == 1
        end = where(pbx).get(did, [])
        both_well = all(outcomes[row].ending in well for row in (giver, receiver))
        if both_well:
            assert end == [receiver]
        elif end not in ([giver], [receiver]):
            said_so = " ".join(outcomes[row].note for row in (giver, receiver))
            assert "both" in said_so or "neither" in said_so, (words, said_so)
    if all(word == "ok" for word in words):
        assert Counter(pbx.written) == {row: 1 + (row in twice) for row in outcomes}
        assert {did: trunks for did, trunks in where(pbx).items() if did not in {w[0] for w in wanted}} == {
            did: trunks for did, trunks in before.items() if did not in {w[0] for w in wanted}
        }
    for row, outcome in outcomes.items():
        if outcome.ending in well:
            desired = next(change.desired for change in changes if change.record.row == row)
            (entries,) = desired.lists.values()
            assert [entry["did"] for entry in pbx.trunks[row]["did_list"]] == [entry.number for entry in entries]


@given(worlds(), st.sampled_from([ADD, REMOVE]))
def test_as_few_trunks_as_can_be_are_written_twice(
    world: tuple[list[list[str]], list[tuple[str, int, int]], list[str]], order: MoveOrder
) -> None:
    lists, wanted, _ = world
    pbx = FakePbx()
    trunks_with(pbx, *lists)
    changes, moves = planned(pbx, wanted)
    found = schedule(changes, moves, order)
    rows = sorted(found.after)
    for count in range(len(found.twice)):
        for chosen in _subsets(rows, count):
            left = {row: after - set(chosen) for row, after in found.after.items() if row not in chosen}
            assert _goes_round(left), (found, chosen)


RING = [(n, n % 40 + 1) for n in range(1, 41)]
LADDER = [way for n in range(1, 40) for way in ((n, n + 1), (n + 1, n))]
"""Each swaps with the next one."""
EIGHTS = [(n, m) for n in range(1, 9) for m in range(1, 9) if n != m]
"""Each gives to each of the others."""


@pytest.mark.parametrize(
    ("ways", "twice"),
    [
        (RING, 1),
        (LADDER, 20),
        (EIGHTS, 7),
        ([*RING, (1, 21), (21, 1)], 1),
        ([*EIGHTS, *((a + 20, b + 20) for a, b in EIGHTS), (1, 21), (22, 2), (2, 50), (50, 51), (51, 52)], 14),
    ],
    ids=["ring", "ladder", "eight", "crossed ring", "two eights"],
)
@pytest.mark.parametrize("order", [ADD, REMOVE])
def test_many_trunks_in_circles_are_written_twice_as_seldom_as_can_be(
    pbx: FakePbx, ways: list[tuple[int, int]], twice: int, order: MoveOrder
) -> None:
    trunks_with(pbx, *([f"{n}-{m}" for m in range(60)] for n in range(1, 61)))
    wanted = [(f"{giver}-{receiver}", giver, receiver) for giver, receiver in ways]
    assert len(schedule(*planned(pbx, wanted), order).twice) == twice


def _subsets(rows: list[int], count: int) -> list[tuple[int, ...]]:
    return [chosen for chosen in product(rows, repeat=count) if len(set(chosen)) == count]


def _goes_round(after: dict[int, frozenset[int]]) -> bool:
    left = dict(after)
    while True:
        free = [row for row, rows in left.items() if not rows & left.keys()]
        if not free:
            return bool(left)
        for row in free:
            del left[row]
