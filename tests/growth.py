"""How much longer four times as much takes: four times if it grows with the work, sixteen if with its square."""

from __future__ import annotations

import time
from collections.abc import Callable

STEEP = 9.0
"""Between the two, and far from either: a busy machine must not decide."""


def for_four_times(make: Callable[[int], Callable[[], object]], n: int, *, rounds: int = 5) -> float:
    """Return how many times longer 4n takes than n, the best of some rounds each, in this thread's processor time.

    Args:
        make: makes what is needed for so many, and returns what is to be timed.
        n: so many that it takes a few milliseconds.
        rounds: so often.
    """
    few, many = make(n), make(4 * n)
    few_s = many_s = float("inf")
    for _ in range(rounds):
        few_s, many_s = min(few_s, _seconds(few)), min(many_s, _seconds(many))
    return many_s / few_s


def _seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began
