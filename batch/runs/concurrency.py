"""Concurrency: reads that do not depend on each other, several at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_POLL_S: Final = 0.2
"""The waiting thread wakes this often, so that Ctrl-C is heard on Windows too."""


def concurrently(steps: Sequence[Callable[[], T]], at_once: int) -> list[T]:
    """Take steps in threads of their own and return what each gave, in their order.

    After one that fails no other is begun, and those under way are waited for; only Ctrl-C leaves them to themselves.

    Args:
        steps: what to do.
        at_once: the most threads; how many of them may send at a time is up to the throttle.

    Raises:
        BaseException: whatever the first one to fail raised.
    """
    if len(steps) <= 1 or at_once <= 1:
        return [step() for step in steps]
    left = deque(enumerate(steps))
    found: dict[int, T] = {}
    failures: list[BaseException] = []
    working = min(at_once, len(steps))
    lock, over = threading.Lock(), threading.Event()

    def take() -> tuple[int, Callable[[], T]] | None:
        with lock:
            return left.popleft() if left and not failures else None

    def work() -> None:
        nonlocal working
        try:
            while taken := take():
                place, step = taken
                found[place] = step()
        except BaseException as failure:  # noqa: BLE001 - raised below, in the thread that waits
            failures.append(failure)
        finally:
            with lock:
                working -= 1
                if not working:
                    over.set()

    try:  # from here on Ctrl-C may come at any moment, also while they start
        for number in range(working):
            threading.Thread(target=work, name=f"read-{number + 1}", daemon=True).start()
        while not over.wait(_POLL_S):
            pass
    finally:
        left.clear()
    if failures:
        raise failures[0]
    return [found[place] for place in range(len(steps))]
