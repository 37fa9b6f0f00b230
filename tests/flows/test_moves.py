"""DIDs that move between trunks, on the real HTTP path: whatever fails and wherever it is killed, none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from batch.practice.state import PbxState
from tests.flows.crashes import FLAGS, SEED, command, ended, run_folders, until
from tests.flows.shell import LOSING_NUMBERS, Bench, Json, bench, register

ORDERS = ("add-first", "remove-first")


@dataclass(slots=True, kw_only=True)
class World:
    """Trunks, what moves between them, and where every DID was after each write."""

    lists: dict[int, list[str]]
    moves: list[tuple[str, int, int]]
    """DID, id of the trunk that gives it up, and of that which gets it."""
    rng: Random
    states: list[dict[str, list[int]]] = field(default_factory=list)

    @classmethod
    def drawn(cls, seed: str) -> World:
        rng = Random(seed)  # noqa: S311 - not for secrets
        count = rng.randint(2, 8)
        lists = {n: [f"44113496{n}{i:03}" for i in range(rng.randint(1, 6))] for n in range(1, count + 1)}
        everywhere = [(did, n) for n, dids in lists.items() for did in dids]
        moved = rng.sample(everywhere, rng.randint(1, min(12, len(everywhere))))
        moves = [(did, giver, rng.choice([n for n in lists if n != giver])) for did, giver in moved]
        return cls(lists=lists, moves=moves, rng=rng)

    def live(self) -> list[Json]:
        return [register(n, f"T{n}", *dids) for n, dids in self.lists.items()]

    def rows(self) -> list[Sequence[str]]:
        named = [self.rng.choice([f"T{n}", str(n)]) for _, n, _ in self.moves]
        rows = [(f"T{to}", did, giver) for (did, _, to), giver in zip(self.moves, named, strict=True)]
        return [("Trunk", "DID", "Move from"), *rows]

    def faults(self, share: float) -> list[Json]:
        """Draw what goes wrong with so large a share of the writes."""
        kinds: list[Json] = [
            {"do": "errcode", "errcode": 40002},
            {"do": "errcode", "errcode": -2, "effect": True},
            {"do": "drop_before"},
            {"do": "drop_after"},
            {"do": "half_body"},
            {"do": "status", "status": 502},
        ]
        after = [at for at in range(3 * len(self.lists)) if self.rng.random() < share]
        return [{"call": "trunk/update", "after": at, **self.rng.choice(kinds)} for at in after]

    def see(self, state: PbxState) -> None:
        found: dict[str, list[int]] = {}
        for number, whole in state.trunks.items():
            for entry in whole["did_list"]:
                found.setdefault(entry["did"], []).append(number)
        self.states.append(found)

    def must_be_moved(self) -> None:
        wanted = {did: [n] for n, dids in self.lists.items() for did in dids}
        wanted |= {did: [to] for did, _, to in self.moves}
        assert self.states[-1] == wanted

    def must_never_have_lost_one(self, order: str) -> None:
        for state in self.states:
            for did, giver, to in self.moves:
                where = state.get(did, [])
                assert set(where) <= {giver, to}
                assert len(where) >= 1 if order == "add-first" else len(where) <= 1


@pytest.fixture(params=range(4))
def seed(request: pytest.FixtureRequest) -> str:
    return f"{SEED}-{request.param}"


def play(world: World, folder: Path, order: str, share: float = 0.0) -> None:
    """Apply with faults, go on with it, and apply once more what was refused: in the end all have moved."""
    with bench(
        folder,
        trunks=[("Name",), *((f"T{n}",) for n in world.lists)],
        dids=world.rows(),
        live=world.live(),
        faults=world.faults(share),
        on_change=world.see,
    ) as there:
        world.see(there.pbx.state)
        flags = ("--move-order", order, "--attempts", "2")
        ran = there.apply(*flags, *LOSING_NUMBERS)
        for _ in range(2):
            world.must_never_have_lost_one(order)
            _must_say_what_is_on_both(world, there, ran.json)
            if ran.code == 5:
                ran = there.resume("--yes")
        if ran.code == 5:
            ran = there.run("apply", "--yes", "--json", *flags, *LOSING_NUMBERS)
            ran = there.run("apply", "--yes", "--json", *flags, *LOSING_NUMBERS) if ran.code == 5 else ran
        assert ran.code == 0, ran.said
        world.must_be_moved()
        world.must_never_have_lost_one(order)


def _must_say_what_is_on_both(world: World, there: Bench, report: Json) -> None:
    """Whoever reads that both trunks are as wanted finds the DID on the new one alone."""
    assert "trunks" in report, report
    well = {one["id"] for one in report["trunks"] if one["ending"] in {"applied", "unchanged"}}
    for did, giver, to in world.moves:
        if {giver, to} <= well:
            assert world.states[-1][did] == [to]
    assert there.pbx.count_valid_tokens() == 0


@pytest.mark.parametrize("order", ORDERS)
def test_moves_come_about_in_the_end_whatever_fails(seed: str, order: str, tmp_path: Path) -> None:
    play(World.drawn(seed + order), tmp_path, order, share=0.3)


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(500))
def test_500_drawn_worlds(number: int, tmp_path: Path) -> None:
    play(World.drawn(f"{SEED}-night-{number}"), tmp_path, ORDERS[number % 2], share=0.2)


@pytest.mark.parametrize("order", ORDERS)
def test_a_run_killed_between_the_halves_is_gone_on_with(seed: str, order: str, tmp_path: Path) -> None:
    killed(World.drawn(f"{seed}-{order}-killed"), tmp_path, order)


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(100))
def test_100_runs_killed_between_the_halves(number: int, tmp_path: Path) -> None:
    killed(World.drawn(f"{SEED}-killed-{number}"), tmp_path, ORDERS[number % 2])


def killed(world: World, folder: Path, order: str) -> None:
    with bench(
        folder,
        trunks=[("Name",), *((f"T{n}",) for n in world.lists)],
        dids=world.rows(),
        live=world.live(),
        on_change=world.see,
        faults=[{"call": "trunk/update", "times": "always", "latency": 0.03}],
    ) as there:
        world.see(there.pbx.state)
        where = ("--url", there.pbx.url, "--client-id", "practice")
        kill_at = world.rng.randint(1, 1 + len(world.lists))
        words: Sequence[object] = ("apply", there.workbook, *where, *FLAGS, *LOSING_NUMBERS, "--move-order", order)
        ran = None
        for turn in range(3):
            begun = len(there.writes())
            process = command(*words)
            if turn < 2:
                until(lambda begun=begun: len(there.writes()) - begun >= kill_at, process)  # type: ignore[misc] # mypy knows no default of a lambda
                process.kill()
            ran = ended(process)
            folders = run_folders(there.workbook)
            if folders:
                words = ("resume", folders[-1], "--json")
            if ran.code >= 0:
                break
        assert ran is not None
        assert ran.code == 0, ran.said
        world.must_never_have_lost_one(order)
        world.must_be_moved()


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("add-first", "Each is added before it is removed (--move-order add-first); in between it is on both trunks"),
        (
            "remove-first",
            "Each is removed before it is added (--move-order remove-first); in between it is on no trunk",
        ),
    ],
)
def test_a_plan_says_in_how_many_writes_dids_move_and_where_each_is_in_between(
    order: str, said: str, tmp_path: Path
) -> None:
    live = [register(1, "T1", "4411349600"), register(2, "T2", "4411349601")]
    swap = [("Trunk", "DID", "Move from"), ("T2", "4411349600", "T1"), ("T1", "4411349601", "T2")]
    with bench(tmp_path, trunks=[("Name",), ("T1",), ("T2",)], dids=swap, live=live) as there:
        plan = there.run("plan", "--move-order", order).out
    assert f"Moves: 2 DIDs in 3 writes. {said}" in plan


def test_moves_are_not_written_without_reading_back(tmp_path: Path) -> None:
    live = [register(1, "T1", "4411349600"), register(2, "T2")]
    rows = [("Trunk", "DID", "Move from"), ("T2", "4411349600", "T1")]
    with bench(tmp_path, trunks=[("Name",), ("T2",)], dids=rows, live=live) as there:
        ran = there.apply("--no-read-back", *LOSING_NUMBERS)
        assert (ran.code, there.writes()) == (2, [])
    assert ran.json["error"]["message"] == "--no-read-back and the column Move from do not go together."
