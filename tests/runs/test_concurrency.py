"""Steps that are taken side by side give what they would give one by one."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from batch.runs.live_reads import concurrently
from tests.runs.fakes import Keyboard, until


@pytest.mark.parametrize("at_once", [1, 2, 7, 100])
@pytest.mark.parametrize("steps", [0, 1, 2, 50])
def test_each_step_is_taken_once_and_gives_its_own_in_order(steps: int, at_once: int) -> None:
    taken: list[int] = []

    def step(number: int) -> int:
        taken.append(number)
        return number * 10

    assert concurrently([partial(step, n) for n in range(steps)], at_once) == [n * 10 for n in range(steps)]
    assert sorted(taken) == list(range(steps))


def test_no_more_are_taken_at_a_time_than_allowed() -> None:
    lock, under_way, most = threading.Lock(), 0, 0
    together = threading.Barrier(3)

    def step() -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        together.wait(10)
        with lock:
            under_way -= 1

    concurrently([step] * 9, 3)
    assert most == 3


def test_what_fails_is_raised_and_nothing_more_is_begun() -> None:
    taken: list[int] = []

    def step(number: int) -> None:
        taken.append(number)
        if number == 1:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        concurrently([partial(step, n) for n in range(1000)], 2)
    assert len(taken) < 1000


def test_ctrl_c_leaves_what_hangs_to_itself() -> None:
    hangs, began = threading.Event(), threading.Semaphore(0)
    taken: list[int] = []

    def step(number: int) -> None:
        taken.append(number)
        began.release()
        hangs.wait(10)

    with Keyboard() as keyboard:

        def press() -> None:
            for _ in range(2):
                began.acquire()
            keyboard.ctrl_c()

        threading.Thread(target=press).start()
        with pytest.raises(KeyboardInterrupt):
            concurrently([partial(step, n) for n in range(10)], 2)
    hangs.set()
    until(lambda: not any(thread.name.startswith("read-") for thread in threading.enumerate()))
    assert sorted(taken) == [0, 1]
