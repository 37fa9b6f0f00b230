"""What safety costs: the journal, the fresh look before each write, and reading back, each beside a run without it.

Run with ``pytest -m benchmark -s tests/benchmarks/test_overheads.py``. The PBX is the practice PBX in a process of its
own, which answers in 5 ms; every variant writes the same trunks, at 200 requests a second and at full speed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from batch.commands.check import check
from batch.commands.connection import open_connection
from batch.commands.plan import make_plan
from batch.commands.run import Unattended
from batch.pbx.messages import Request, get_trunk
from batch.runs import journal
from batch.runs.folders import Recording
from batch.runs.outcomes import Ending, Outcome
from batch.runs.trunk_writer import TrunkWriter, Work
from batch.runs.worker_pool import Limits, WorkerPool
from batch.runs.write_order import WriteOrder
from batch.secrets import Secret
from batch.settings import Settings
from tests.benchmarks.practices import practice, write_workbook

TRUNKS = 1_000
AT_ONCE = 20
ROUNDS = 2


class Blind(TrunkWriter):
    """Writes without looking whether the trunk still is as planned."""

    def look(self, works: Sequence[Work]) -> tuple[list[Work], list[Outcome]]:
        for work in works:
            work.looked_at = self._clock.monotonic() + 3600
        return list(works), []

    def fresh(self, work: Work) -> bool:  # noqa: ARG002
        return True


class Unbooked(Recording):
    """Lets writes leave without a journal."""

    def leaving(self, request: Request, sign_in: int) -> int:  # noqa: ARG002
        return 0


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What is left out of a run."""

    journaled: bool = True
    looks: bool = True
    reads_back: bool = True


WHOLE = Variant()


def seconds(folder: Path, url: str, hostname: str, rate: float, variant: Variant) -> float:
    """Write every trunk once more; returns the wall seconds from the first look to the last outcome."""
    folder.mkdir()
    write_workbook(folder / "trunks.xlsx", TRUNKS, hostname)
    settings = Settings(
        workbook=folder / "trunks.xlsx",
        url=url,
        client_id="practice",
        secret=Secret("Sample-practice-secret"),
        rate=rate,
        concurrency=AT_ONCE,
        settle_wait=0,
        read_back=variant.reads_back,
    )
    checked = check(settings)
    ended: list[Outcome] = []
    with ExitStack() as stack:
        record = Recording() if variant.journaled else Unbooked()
        stack.callback(record.close)
        book = stack.enter_context(journal.create_journal(folder))
        connection = stack.enter_context(
            open_connection(checked.settings, Unattended(), record, checked.records.trunks)
        )
        client = connection.client
        planned = make_plan(checked, connection)
        for _ in range(AT_ONCE * AT_ONCE // 2):  # until concurrency has opened: 1 + 2 + … + 19 clean replies
            client.ask(get_trunk(1))
        if variant.journaled:
            record.into_journal(book)
        make = TrunkWriter if variant.looks else Blind
        trunk_writer = make(client)

        def settled(outcomes: Sequence[Outcome]) -> None:
            ended.extend(outcomes)
            if variant.journaled:
                book.end(outcomes)

        dispatch = WorkerPool(
            WriteOrder(planned.plan.updates), trunk_writer, Limits(workers=AT_ONCE, batch=50), settled
        )
        started = time.perf_counter()
        dispatch.run()
        wall = time.perf_counter() - started
        client.pause(0)  # nothing was stopped
    assert [outcome.ending for outcome in ended] == [Ending.APPLIED] * TRUNKS
    return wall


@pytest.mark.benchmark
@pytest.mark.timeout(900)
@pytest.mark.parametrize("rate", [200.0, 10_000.0])
def test_the_journal_costs_at_most_a_twentieth_at_200_requests_a_second(tmp_path: Path, rate: float) -> None:
    variants = {
        "whole": WHOLE,
        "without journal": Variant(journaled=False),
        "without fresh look": Variant(looks=False),
        "without read-back": Variant(reads_back=False),
    }
    walls: dict[str, list[float]] = {name: [] for name in variants}
    with practice(tmp_path, TRUNKS, latency=0.005) as url:
        for turn in range(ROUNDS):
            for name, variant in variants.items():
                host = f"{name.replace(' ', '-')}-{turn}.example"
                walls[name].append(seconds(tmp_path / host, url, host, rate, variant))
    best = {name: min(found) for name, found in walls.items()}
    print(f"\n{TRUNKS} trunks at {rate:g} a second, best of {ROUNDS}:")
    for name, wall in best.items():
        print(f"  {name:<20} {wall:6.2f} s   whole : this = {best['whole'] / wall:.3f} x")
    if rate == 200.0:
        assert best["whole"] / best["without journal"] <= 1.05
