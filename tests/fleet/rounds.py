"""Rounds of a bad night: PBXs handed to workers, and somebody killed at a random moment, then gone on with."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from batch.runs.locks import held_by, place_of_run
from tests.brokers import Redis, until
from tests.fleet.night import FAST, NEW, Night, night
from tests.flows.crashes import sent_by
from tests.flows.shell import Ran, rows_of
from tests.forked import Forked

SEED: Final = os.environ.get("CRASH_SEED") or secrets.token_hex(4)
"""What all moments are drawn from; told where a round fails, so that it can be had again."""
VICTIMS: Final = ("worker", "coordinator", "broker", "process")
_PBXS: Final = 2
_TRUNKS: Final = 4
_SILENT_S: Final = 3
_MOST_RESUMES: Final = 8
_ENDINGS: Final = {"applied", "unchanged"}


class Site:
    """Where the PBXs of all rounds are, one after the other: a worker, its broker, and its profiles and runs."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.redis, self.folder = redis, folder
        self._stack = ExitStack()
        self.worker: Forked | None = None

    def have_worker(self, told: Night) -> None:
        if self.worker is None or self.worker.poll() is not None:
            self.worker = self._stack.enter_context(told.worker())

    def kill_worker(self) -> None:
        assert self.worker is not None
        self.worker.kill()
        until(lambda: self.worker is None or self.worker.poll() is not None)

    def close(self) -> None:
        self._stack.close()
        self.redis.kill()


@dataclass(slots=True, kw_only=True)
class Round:
    """One of them."""

    told: Night
    site: Site
    rng: Random
    in_flight: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each trunk was on its way when the process that wrote it was killed."""
    said: list[str] = field(default_factory=list)

    def tell(self, victim: str) -> Ran:
        """Apply, kill, and go on until nothing is left."""
        words = ("apply", self.told.workbook, "--profile-file", self.told.folder / "trunk-batch.toml", "--json")
        limits = (*FAST, "--give-up-after", _SILENT_S)
        coordinator = Forked(*words, *limits, env={**os.environ, **self.told.environment})
        try:
            self._kill(victim, coordinator)
            code = coordinator.poll() if victim == "coordinator" else None
            if code is None:
                self.said.append("".join(coordinator.communicate(timeout=60)))
        finally:
            coordinator.kill()
        for _ in range(_MOST_RESUMES):
            runs = sorted((self.told.folder / "book.runs").glob("*-FLEET"))
            ran = self.told.run("resume", runs[-1], "--yes") if runs else self.told.run("apply", None, *limits)
            self.said.append(ran.said)
            if ran.code == 0:
                return ran
        raise AssertionError(self.said)

    def _kill(self, victim: str, coordinator: Forked) -> None:
        most = self.rng.randint(0, _PBXS * (2 * _TRUNKS + 8))
        until(lambda: coordinator.poll() is not None or self._requests() >= most)
        time.sleep(self.rng.uniform(0, 0.1))
        match victim:
            case "coordinator":
                coordinator.kill()
                until(lambda: coordinator.poll() is not None)
            case "broker":
                self.site.redis.kill()
                time.sleep(self.rng.uniform(0, 0.5))
                self.site.redis.start()
            case "worker":
                self.site.kill_worker()
                self.site.have_worker(self.told)
            case _:
                self._kill_process()

    def _kill_process(self) -> None:
        """Kill what is at work on a PBX, if anything is."""
        known = {path.name for path in self.told.folder.glob("book.runs/*-FLEET")}
        for run in (path for path in self.told.there.glob("runs/*-FLEET/berlin?") if path.parent.name in known):
            holder = held_by(place_of_run(run))
            if holder is not None and holder.pid:  # 0 is who is not known yet, and would be all of us
                with suppress(ProcessLookupError):
                    os.kill(holder.pid, signal.SIGKILL)
                    until(lambda run=run: held_by(place_of_run(run)) is None)  # type: ignore[misc] # of this turn
                self.in_flight += Counter({(run.name, trunk): n for trunk, n in _in_flight(run).items()})
                return

    def _requests(self) -> int:
        return sum(len(pbx.requests) for pbx in self.told.pbxs.values())

    def must_be_well(self, last: Ran) -> None:
        """Each PBX is as planned, each row has one ending, and nothing was written twice but what was in flight."""
        assert self.told.hosts() == {NEW}
        report = last.json
        assert {ending for ending, n in report["counts"].items() if n} <= _ENDINGS, report
        assert sum(report["counts"].values()) == _PBXS * _TRUNKS, report
        results = [str(row["Result"]) for row in rows_of(Path(report["results"]), "Trunks")]
        assert len(results) == _PBXS * _TRUNKS
        assert {*results} <= _ENDINGS
        for trunk, count in self.told.writes().items():
            assert count <= 1 + self.in_flight[trunk], (trunk, count, self.in_flight)


def _in_flight(run: Path) -> Counter[int]:
    return sent_by(run, in_flight=True) if (run / "journal.sqlite").exists() else Counter()


def play(number: int, site: Site, folder: Path) -> None:
    """Play one round; where it fails, say how to have it again."""
    rng = Random(f"{SEED}-{number}")  # noqa: S311 - not for secrets
    victim, latency = VICTIMS[number % len(VICTIMS)], rng.uniform(0.01, 0.04)
    try:
        with night(folder, site.redis.url, pbxs=_PBXS, trunks=_TRUNKS, latency=latency, there=site.folder) as told:
            site.have_worker(told)
            one = Round(told=told, site=site, rng=rng)
            one.must_be_well(one.tell(victim))
    except Exception as error:
        error.add_note(f"Round {number}, {victim} killed. The same again: CRASH_SEED={SEED}")
        raise
