"""What it takes to move 5,000 DIDs between 40 trunks, and to take that back, with faults and with kills.

Run with ``pytest -m benchmark -s tests/benchmarks/test_moving.py``. The practice PBX is in this process and answers in
20 ms; commands are in processes of their own. Every write that it takes is followed: no DID is ever on no trunk.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from subprocess import PIPE
from typing import Any

import pytest

from batch.practice.faults import Fault, Faults
from batch.practice.server import RunningPbx, running
from batch.practice.state import PbxState
from samples.making.files import Page, write_workbook
from tests.benchmarks.moves import NAMES, Entry, Migration, census, lists_of, migration
from tests.benchmarks.scaling import COMMAND, LIMIT, Cost, cost_of, growth_of
from tests.flows.crashes import run_folders
from tests.flows.shell import Json

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

LATENCY_S = 0.02
AT_ONCE = 4
MOVES = 5_000
SECRET = {"TRUNK_BATCH_CLIENT_SECRET": "Sample-practice-secret"}
FAST = ("--json", "--allow", "size", "--settle-wait", "0", "--rate", "10000", "--concurrency", str(AT_ONCE))
KINDS: tuple[Json, ...] = (
    {"do": "drop_before"},
    {"do": "drop_after"},
    {"do": "half_body"},
    {"do": "status", "status": 502},
    {"do": "status", "status": 502, "effect": True},
    {"do": "errcode", "errcode": -2, "effect": True},
    {"do": "expire_tokens"},
)


class Drawn(Faults):
    """Breaks a share of the requests, reads and writes alike; the first two that count are writes."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__(latency=LATENCY_S)
        self._share = share
        self._rng = Random(seed)  # noqa: S311 - not for secrets
        self._kinds = [Faults.from_json([{"call": "*", "times": "always", **kind}]) for kind in KINDS]
        self._asked: Counter[str] = Counter()
        self.fired: Counter[str] = Counter()

    def next(self, call: str, params: Mapping[str, Any]) -> Fault | None:
        self._asked[call] += 1
        if not self._share or call == "get_token":
            return None
        surely = call == "trunk/update" and self._asked[call] in {5, 30}
        if not surely and self._rng.random() >= self._share:
            return None
        self.fired[call] += 1
        return self._rng.choice(self._kinds).next(call, params)


@dataclass(slots=True, kw_only=True)
class Watch:
    """Sees what a PBX holds after each write that it takes, and kills who writes at some of them."""

    planned: Migration
    kills: list[int] = field(default_factory=list)
    """At which writes, counted from the first."""
    held: Mapping[int, Sequence[Entry]] = field(default_factory=dict)
    changes: int = 0
    """How many writes made a difference."""
    accepted: int = 0
    on_none: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    process: subprocess.Popen[str] | None = None

    def see(self, state: PbxState) -> None:
        now = lists_of(state)
        self.accepted += 1
        self.changes += now != self.held
        self.held = now
        counts = census(now)
        on = {i: {did for did, _ in entries} for i, entries in now.items()}
        for number, giver, receiver, _ in self.planned.moves:
            if number not in on[giver] and number not in on[receiver]:
                self.on_none.add(number)
            elif counts[number] > (number in on[giver]) + (number in on[receiver]):
                self.elsewhere.add(number)
        if self.process is not None and self.kills and self.accepted >= self.kills[0]:
            self.kills.pop(0)
            self.process.send_signal(signal.SIGKILL)


@dataclass(slots=True, kw_only=True)
class There:
    """A workbook, its PBX, and what commands took."""

    planned: Migration
    workbook: Path
    pbx: RunningPbx
    watch: Watch
    faults: Drawn
    seconds: dict[str, float] = field(default_factory=dict)
    kills: int = 0

    def run(self, name: str, *words: object) -> tuple[int, Json]:
        """Run a command in a process of its own; returns its exit code and what it said, nothing if it was killed."""
        command, started = [*COMMAND, *map(str, words)], time.perf_counter()
        with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True, env=os.environ | SECRET) as process:  # noqa: S603 - our own command
            self.watch.process = process
            out, err = process.communicate(timeout=600)
        self.watch.process = None
        self.kills += process.returncode == -signal.SIGKILL
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        assert process.returncode in {0, 5, -signal.SIGKILL}, out + err
        return process.returncode, json.loads(out) if out else {}

    def plan(self) -> Json:
        return self.run("plan", "plan", self.workbook, *self._where, *FAST)[1]

    def apply(self) -> Json:
        return self._to_the_end("apply", "apply", self.workbook, *self._where, *FAST, "--yes")

    def undo(self) -> Json:
        return self._to_the_end("undo", "undo", self._last_run, "--yes", "--json", "--allow", "size")

    @property
    def _where(self) -> Sequence[str]:
        return ("--url", self.pbx.url, "--client-id", "practice")

    @property
    def _last_run(self) -> Path:
        return run_folders(self.workbook)[-1]

    def _to_the_end(self, name: str, *words: object) -> Json:
        """Run a command, and go on with it until all is as wanted."""
        code, said = self.run(name, *words)
        for _ in range(9):
            if code == 0:
                return said
            code, said = self.run(f"resumes of {name}", "resume", self._last_run, "--yes", "--json")
        raise AssertionError(said)

    @property
    def sent(self) -> int:
        """How many writes arrived, also those that the PBX did not take."""
        return sum(request.call == "trunk/update" for request in self.pbx.requests)

    @property
    def took(self) -> str:
        return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())


@contextmanager
def serving(folder: Path, planned: Migration, share: float = 0.0, seed: int = 0) -> Iterator[There]:
    """Write the workbook, and serve the PBX; such a share of the requests goes wrong."""
    path = folder / "moves.xlsx"
    receivers = dict.fromkeys(move.receiver for move in planned.moves)
    trunks = [("Name",), *((NAMES[i],) for i in receivers)]
    write_workbook(path, Page(name="Trunks", lines=trunks), Page(name="DIDs", lines=planned.rows))
    watch, faults = Watch(planned=planned, held=planned.before), Drawn(share, seed)
    with running(planned.state(), faults=faults, on_change=watch.see) as served:
        yield There(planned=planned, workbook=path, pbx=served, watch=watch, faults=faults)


def must_be_moved(there: There) -> None:
    held = lists_of(there.pbx.state)
    assert {i: dict(entries) for i, entries in held.items()} == there.planned.after
    assert set(census(held).values()) == {1}


def must_have_been_on_its_way_only(there: There) -> None:
    assert not there.watch.on_none
    assert not there.watch.elsewhere


def counted(said: Json) -> str:
    """Say in a line what the tool's census comes to."""
    shape = said["census"]
    different = f", {shape['differences']} not as planned" if "differences" in shape else ""
    return f"{shape['before']:,} before, {shape['after']:,} after, {shape['moved']:,} moved{different}"


def must_count(said: Json, planned: Migration, *, run: bool = True) -> None:
    """What the tool has counted is what there is."""
    every = sum(map(len, planned.before.values()))
    shape, moved = said["census"], len(planned.moves)
    assert (shape["before"], shape["after"], shape["moved"], shape["kept"]) == (every, every, moved, every - moved)
    assert (shape["added"], shape["removed"], shape["renamed"]) == (0, 0, 0)
    assert shape.get("differences") == (0 if run else None)


def ideal(writes: int) -> float:
    """Return the seconds that so many writes take on the wire."""
    return writes * LATENCY_S / AT_ONCE


def test_5000_moves_take_the_least_possible_number_of_writes(tmp_path: Path) -> None:
    planned = migration(MOVES)
    with serving(tmp_path, planned) as there:
        must_count(there.plan(), planned, run=False)
        must_count(there.apply(), planned)
        must_be_moved(there)
        must_have_been_on_its_way_only(there)
        applied = there.sent
        must_count(there.undo(), planned)
        assert lists_of(there.pbx.state) == planned.before
    undone = there.sent - applied
    print(
        f"\n{len(planned.moves):,} moves, {len(planned.trunks)} trunks: {applied} writes, {undone} to undo them, "
        f"the least is {planned.least_writes}; {there.took}; the writes alone at least {ideal(applied):.2f} s each way"
    )
    must_have_been_on_its_way_only(there)
    assert applied == undone == planned.least_writes


@pytest.mark.parametrize("seed", range(3))
def test_5000_moves_with_faults_and_two_kills_end_as_they_shall_and_go_back(tmp_path: Path, seed: int) -> None:
    planned = migration(MOVES, seed=seed)
    rng, least = Random(seed), planned.least_writes  # noqa: S311 - not for secrets
    with serving(tmp_path, planned, share=0.03, seed=seed) as there:
        plan = there.plan()
        must_count(plan, planned, run=False)
        before = census(lists_of(there.pbx.state))
        there.watch.kills += [rng.randint(5, least // 2), rng.randint(least // 2 + 3, least - 5)]
        applied = there.apply()
        must_count(applied, planned)
        must_be_moved(there)
        must_have_been_on_its_way_only(there)
        after, sent, changes, killed = census(lists_of(there.pbx.state)), there.sent, there.watch.changes, there.kills
        undone = there.undo()
        must_count(undone, planned)
        assert lists_of(there.pbx.state) == planned.before
        back = census(lists_of(there.pbx.state))
    print(
        f"\n{len(planned.moves):,} moves, {len(planned.trunks)} trunks, {sum(there.faults.fired.values())} of "
        f"{len(there.pbx.requests)} requests fail, {there.faults.fired['trunk/update']} of them writes, {killed} kills"
        f"\ncensus of the plan: {counted(plan)}; of the run: {counted(applied)}; of the undo: {counted(undone)}"
        f"\non the PBX: {before.total():,} before, {after.total():,} after, {back.total():,} after undo, each DID on "
        f"{max(*before.values(), *after.values(), *back.values())} trunk"
        f"\nwrites: {changes} that changed something and {sent - changes} more for faults and kills; to undo them "
        f"{there.watch.changes - changes} and {there.sent - sent - there.watch.changes + changes}; the least is {least}"
        f"\n{there.took}; the writes alone at least {ideal(least):.2f} s each way"
    )
    must_have_been_on_its_way_only(there)
    assert before == after == back
    assert killed == 2
    assert changes == there.watch.changes - changes == least


def test_a_plan_grows_with_the_moves_up_to_20000(tmp_path: Path) -> None:
    def plan(moves: int) -> Cost:
        folder = tmp_path / str(moves)
        folder.mkdir(exist_ok=True)
        with serving(folder, migration(moves)) as there:
            where = ("--url", there.pbx.url, "--client-id", "practice", *FAST)
            return cost_of([*COMMAND, "plan", str(there.workbook), *where], environment=os.environ | SECRET)

    growth = growth_of(plan, MOVES, rounds=2)
    print(f"\nplan of so many moves: {growth}")
    assert growth.exponent <= LIMIT
