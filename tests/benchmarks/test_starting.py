"""How long ``trunk-batch --help`` takes beside a bare Python. Run with ``pytest -m benchmark -s``."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

ROUNDS = 15
HELP = "import sys; from batch.cli import run; sys.argv = ['trunk-batch', '--help']; run()"


def best(code: str) -> float:
    """Run Python on some code, several times; returns the quickest run's wall seconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own code
        times.append(time.perf_counter() - started)
    return min(times)


@pytest.mark.benchmark
def test_help_costs_at_most_four_bare_pythons() -> None:
    bare, helped = best("pass"), best(HELP)
    print(f"\nbare {bare * 1000:.0f} ms; --help {helped * 1000:.0f} ms: {helped / bare:.2f} x")
    assert helped / bare <= 4
