"""How much longer four times as much takes: four times if it grows with the work, sixteen if with its square."""

from __future__ import annotations

import time
from collections.abc import Callable

STEEP = 9.0
"""Between the two, and far from either: a busy machine must not decide."""


def for_four_times(make: Callable[[int], Callable[[], object]], n: int, *, rounds: int = 5) -> float:
    """Return how many times longer 4n takes than n, in this thread's processor time.

    The best of all rounds of n is put against the first round of 4n that is not steep, else the best.

    Args:
        make: makes what is needed for so many, and returns what is to be timed.
        n: so many that it takes a few milliseconds.
        rounds: so often at the most.
    """
    few, many = make(n), make(4 * n)
    least = min(_seconds(few) for _ in range(rounds))
    times = float("inf")
    for _ in range(rounds):
        times = min(times, _seconds(many) / least)
        if times < STEEP:
            break
    return times


def _seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began
