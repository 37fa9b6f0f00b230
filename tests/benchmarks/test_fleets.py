"""What many PBXs in one night take: so many at a time, on this machine and on workers, beside the ideal.

Run with ``pytest -m benchmark -s tests/benchmarks/test_fleets.py``. The practice PBXs are in two processes of their own
and answer in 50 ms; every trunk is read, written, read back, and counted. The ideal is what one PBX takes alone, in the
same run, times how often a batch of so many fits into all.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.offices import Offices, Took, run_watched
from tests.benchmarks.scaling import COMMAND

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]

FAST = ("--yes", "--json", "--settle-wait", "0", "--allow", "did-orphaned", "--allow", "size")
FORTY = Offices(pbxs=40, trunks=25, dids=20)


def take(offices: Offices, folder: Path, *flags: str) -> Took:
    """Apply the workbook to new PBXs; all of it must come to be as wanted."""
    folder.mkdir(parents=True)
    offices.write(folder)
    with offices.open(folder):
        command = [*COMMAND, "apply", "trunks.xlsx", *FAST, "--profile-file", "trunk-batch.toml", *flags]
        return run_watched(command, folder)


def beside(wall: float, ideal: float) -> str:
    """Put a time beside the ideal."""
    return f"ideal {ideal:.1f} s, {wall / ideal:.2f} times it"


def alone(offices: Offices, folder: Path) -> float:
    """Return how long one of the PBXs takes alone, in seconds."""
    return take(Offices(pbxs=1, trunks=offices.trunks, dids=offices.dids), folder).wall


@pytest.mark.parametrize("at_a_time", [1, 8, 20, 40])
def test_forty_offices_take_little_longer_than_the_slowest_of_each_batch(tmp_path: Path, at_a_time: int) -> None:
    one = alone(FORTY, tmp_path / "one")
    took = take(FORTY, tmp_path / "all", "--pbxs", str(at_a_time))
    ideal = one * -(-FORTY.pbxs // at_a_time)
    print(
        f"\n40 PBXs of 25 trunks, {at_a_time:>2} at a time: {took}; ideal {ideal:.1f} s, {took.wall / ideal:.2f} of it"
    )


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_forty_offices_on_workers(tmp_path: Path, workers: int) -> None:
    pytest.importorskip("celery")
    folder = tmp_path / "all"
    folder.mkdir()
    offices = replace(FORTY, password="env:SIP_CARRIER")
    offices.write(folder)
    with offices.open(folder), at_work(folder, workers) as broker:
        for i in range(FORTY.pbxs):
            put_site(folder / "trunk-batch.toml", f"office-{i:03}", f"site-{i % workers}")
        command = [*COMMAND, "apply", "trunks.xlsx", *FAST, "--profile-file", "trunk-batch.toml", "--pbxs", "40"]
        took = run_watched(command, folder, {"TRUNK_BATCH_WORKERS": broker})
    print(f"\n40 PBXs of 25 trunks on {workers} workers of 20 at a time: {took} (without the workers' own)")


def put_site(file: Path, pbx: str, site: str) -> None:
    """Say in a profile which site's workers reach the PBX."""
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f"[{pbx}]\n", f'[{pbx}]\nsite = "{site}"\n'), encoding="utf-8")


@contextmanager
def at_work(folder: Path, workers: int) -> Iterator[str]:
    """Have workers at work, each for a site of its own; gives the broker's address."""
    (folder / "broker").mkdir()
    broker = f"filesystem://{folder / 'broker'}"
    environment = {**os.environ, "TRUNK_BATCH_WORKERS": broker, "XDG_STATE_HOME": str(folder / "worker-state")}
    environment |= {"SIP_CARRIER": "Sample-carrier"}
    with ExitStack() as stack:
        for number in range(workers):
            flags = ["--site", f"site-{number}", "--pbxs", "20", "--profile-file", "trunk-batch.toml"]
            log = stack.enter_context((folder / f"worker-{number}.log").open("w"))
            process = subprocess.Popen(  # noqa: S603 - ours
                [*COMMAND, "worker", *flags, "--runs", f"worker-{number}"], cwd=folder, env=environment, stderr=log,
                stdout=log,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.send_signal, signal.SIGTERM)
        until = time.monotonic() + 60
        while any("ready" not in (folder / f"worker-{n}.log").read_text() for n in range(workers)):
            assert time.monotonic() < until, "the workers do not come"
            time.sleep(0.2)
        yield broker


def test_a_slow_pbx_costs_the_others_little(tmp_path: Path) -> None:
    twenty = Offices(pbxs=20, trunks=25, dids=20)
    among = Offices(pbxs=20, trunks=25, dids=20, slow=(0, 5.0))
    flags = ("--pbxs", "20")
    without = the_others(take(twenty, tmp_path / "without", *flags).said)
    with_it = the_others(take(among, tmp_path / "beside", *flags).said)
    print(
        f"\n19 PBXs take {without:.1f} s, and beside one of 5 s an answer {with_it:.1f} s: {with_it / without - 1:+.1%}"
    )


def the_others(said: Mapping[str, Any]) -> float:
    """Return how long the writing of all PBXs but the first took, in seconds."""
    times = [(datetime.fromisoformat(p["started"]), datetime.fromisoformat(p["ended"])) for p in said["pbxs"][1:]]
    return (max(ended for _, ended in times) - min(began for began, _ in times)).total_seconds()


def test_three_hundred_customers(tmp_path: Path) -> None:
    many = Offices(pbxs=300, trunks=10, dids=10)
    one = alone(many, tmp_path / "one")
    took = take(many, tmp_path / "all", "--pbxs", "40")
    ideal = one * -(-many.pbxs // 40)
    shutil.rmtree(tmp_path / "all")
    print(f"\n300 PBXs of 10 trunks, 40 at a time: {took}; {beside(took.wall, ideal)}")
