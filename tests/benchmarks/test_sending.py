"""What a migration takes, from the start of the process to the results: beside a careful script, and as it grows.

Run with ``pytest -m benchmark -s tests/benchmarks/test_sending.py``. The PBX is `lean_pbx` in a process of its own,
which closes each connection; rows are as people have them: host, credentials, DIDs and caller IDs. Processes take
turns, and the best of each counts. The wait for the statuses after the last write (``--settle-wait``) is left out: the
script has none.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.benchmarks.migrations import ENVIRONMENT, at, calls_since, careful_script, command, cut_off, lean_pbx
from tests.benchmarks.migrations import write_workbook as write_migration
from tests.benchmarks.scaling import LIMIT, Cost, cost_of, growth_of

AT_ONCE = 20
ROUNDS = 2
SCRIPT_S = 9.4
"""Seconds that the careful script takes where the limit for the wire was set; a slower machine has slower answers."""


def migrated(folder: Path, trunks: int, dids: int, latency: float) -> tuple[Cost, int]:
    """Apply a migration to a PBX that knows nothing of it yet; returns what it took, and its requests."""
    workbook = folder / f"trunks-{trunks}.xlsx"
    if not workbook.exists():
        write_migration(workbook, trunks, dids)
    with lean_pbx(trunks, dids, latency) as url:
        cost = cost_of(command("apply", str(workbook), "--yes", *at(url)), environment=ENVIRONMENT)
        calls = calls_since(url)
    assert calls["trunk/update"] == trunks
    return cost, sum(calls.values())


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_2000_trunks_take_less_than_a_careful_script_needs_and_half_as_long_again_as_the_wire(tmp_path: Path) -> None:
    trunks, dids, latency = 2_000, 8, 0.05
    ours, theirs, requests = [], [], 0
    for _ in range(ROUNDS):
        cost, requests = migrated(tmp_path, trunks, dids, latency)
        ours.append(cost)
        with lean_pbx(trunks, dids, latency) as url:
            workbook = tmp_path / f"trunks-{trunks}.xlsx"
            theirs.append(cost_of(careful_script(workbook, url, tmp_path / "theirs.xlsx"), environment=ENVIRONMENT))
            assert calls_since(url)["trunk/update"] == trunks
    tool, script = (min(costs, key=lambda cost: cost.wall) for costs in (ours, theirs))
    slower = max(1.0, script.wall / SCRIPT_S)
    scaled = [migrated(tmp_path, trunks, dids, latency * slower)[0].wall for _ in range(ROUNDS)]
    ideal = requests * latency / AT_ONCE
    print(
        f"\nours {tool}; careful script {script}; {requests} requests, ideal {ideal:.2f} s: "
        f"{tool.wall / script.wall:.2f} x the script (at most 0.90), {tool.wall / ideal:.2f} x the wire; "
        f"answers of {latency * slower * 1000:.0f} ms, as this machine is slower: {min(scaled):.2f} s, "
        f"{min(scaled) / (ideal * slower):.2f} x the wire (at most 1.50)"
    )
    assert tool.wall / script.wall <= 0.9
    assert min(scaled) / (ideal * slower) <= 1.5


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_a_write_at_4000_trunks_takes_hardly_longer_than_one_at_500(tmp_path: Path) -> None:
    walls: dict[int, list[float]] = {500: [], 4_000: []}
    for _ in range(ROUNDS):
        for trunks, found in walls.items():
            found.append(migrated(tmp_path, trunks, 16, 0.01)[0].wall / trunks)
    few, many = (min(found) * 1000 for found in walls.values())
    print(f"\na write at 500 trunks {few:.2f} ms, at 4,000 {many:.2f} ms: {many / few:.2f} x (at most 1.20)")
    assert many / few <= 1.2


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("job", ["plan", "apply", "resume", "verify"])
def test_what_a_job_costs_grows_with_the_trunks_up_to_10000(tmp_path: Path, job: str) -> None:
    with ExitStack() as stack:
        urls: dict[int, str] = {}

        def work(trunks: int) -> Cost:
            if trunks not in urls:
                urls[trunks] = stack.enter_context(lean_pbx(trunks, 8, 0.001))
            return done(job, tmp_path / str(trunks), trunks, urls[trunks])

        growth = growth_of(work, 2_500, rounds=1)
    print(f"\n{job}: {growth}")
    assert growth.exponent <= LIMIT


def done(job: str, folder: Path, trunks: int, url: str) -> Cost:
    """Do one job, for the first time at this PBX."""
    folder.mkdir()
    workbook = folder / "trunks.xlsx"
    write_migration(workbook, trunks, 8)
    apply = ["apply", str(workbook), "--yes", *at(url)]
    if job == "resume":
        cut_off(apply, url)
    elif job == "verify":
        cost_of(command(*apply), environment=ENVIRONMENT)
    if job in {"resume", "verify"}:
        (run,) = (folder / "trunks.runs").iterdir()
        again = ["--yes"] if job == "resume" else []
        where = ["--url", url, "--client-id", "lean", "--rate", "10000", "--concurrency", str(AT_ONCE)]
        return cost_of(command(job, str(run), *where, *again), environment=ENVIRONMENT)
    return cost_of(command(*(apply if job == "apply" else ["plan", str(workbook), *at(url)])), environment=ENVIRONMENT)
