"""How cost grows: the same work at n, 2n and 4n, each time in a new process, and the exponent that fits.

The cost of starting is taken off first (it is measured at a hundredth of n), or else a heavy start would hide how the
rest grows. What counts is processor time: whoever shares the machine has a say in the wall clock.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

COMMAND = (sys.executable, "-c", "import sys; from batch.cli import run; sys.argv[0] = 'trunk-batch'; run()")
"""Starts trunk-batch in a process of its own; its arguments follow."""
LIMIT = 1.1
"""The greatest exponent that still counts as growing with the work."""
ROUNDS = 3


class Cost(NamedTuple):
    """What one process took."""

    cpu: float
    """Seconds of processor time, its own and the system's for it."""
    wall: float
    """Seconds from its start to its end."""
    mib: float
    """The most memory it had, in MiB."""

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.cpu:.2f} s of CPU), {self.mib:.0f} MiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What the same work took at several sizes, the best of each."""

    start: Cost
    costs: Mapping[int, Cost]

    @property
    def exponent(self) -> float:
        """How the processor time without the start grows: 1 with the work, 2 with its square."""
        work = {size: max(cost.cpu - self.start.cpu, 0.001) for size, cost in self.costs.items()}
        least, most = min(work), max(work)
        return math.log(work[most] / work[least]) / math.log(most / least)

    def __str__(self) -> str:
        sizes = "; ".join(f"{size:,}: {cost}" for size, cost in self.costs.items())
        return f"start: {self.start}; {sizes}; exponent {self.exponent:.2f} (at most {LIMIT:.2f})"


def cost_of(command: Sequence[str], *, code: int = 0, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a process to its end, which must have the exit code; what it says on stdout is dropped."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603 - our own command
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == code
    per_mib = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, mib=usage.ru_maxrss / per_mib)


def growth_of(work: Callable[[int], Cost], n: int, *, rounds: int = ROUNDS) -> Growth:
    """Measure work at n, 2n and 4n; the sizes take turns, and the best of each counts.

    Args:
        work: does it at one size, in a new process, and returns what that took; what it needs it makes beforehand and
            keeps from round to round.
        n: the smallest size, large enough that it takes longer than starting does.
        rounds: so many times.
    """
    sizes = (n // 100, n, 2 * n, 4 * n)
    costs = {size: [work(size)] for size in sizes}
    for _ in range(rounds - 1):
        for size in sizes:
            costs[size].append(work(size))
    start, *rest = ((size, min(found)) for size, found in costs.items())
    return Growth(start=start[1], costs=dict(rest))
