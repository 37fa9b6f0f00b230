from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from batch.pbx.throttle import SYSTEM_CLOCK, ConcurrencyLimit, RateLimiter, Stopped, Throttle
from tests.pbx.threads import until

if TYPE_CHECKING:
    from tests.fake_time import FakeTime


def opened(allowed: int, *, ceiling: int | None = None) -> ConcurrencyLimit:
    """Make a brake that has already earned so many at a time."""
    concurrency_limit = ConcurrencyLimit(ceiling or allowed)
    concurrency_limit.allowed = allowed
    return concurrency_limit


def test_the_first_passes_at_once_and_the_next_waits_for_the_rate(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    with throttle.passing() as first:
        pass
    with throttle.passing() as second:
        pass
    assert first == 1000.0
    assert second - first == pytest.approx(1 / 9.85)
    assert len(fake_time.waits) == 1


def test_a_pause_holds_everyone_for_as_long_as_was_asked(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.slow_down(0.1, 30.0)
    with throttle.passing() as started:
        assert started == pytest.approx(1030.0)


def test_the_notice_comes_once_and_in_words(fake_time: FakeTime) -> None:
    told: list[str] = []
    throttle = Throttle(RateLimiter(10), opened(4), fake_time.clock, told.append)
    throttle.slow_down(0.1)
    fake_time.seconds += 5
    throttle.slow_down(0.1)
    assert told == ["The PBX asks for less; going on with 2 requests at a time."]


def test_the_notice_names_the_pause_and_one_is_singular(fake_time: FakeTime) -> None:
    told: list[str] = []
    Throttle(RateLimiter(10), opened(2), fake_time.clock, told.append).slow_down(0.1, 12.0)
    assert told == ["The PBX asks for less; pausing for 12 s, then going on with 1 request at a time."]


def test_without_anybody_to_tell_it_slows_down_all_the_same(fake_time: FakeTime) -> None:
    concurrency_limit = opened(4)
    Throttle(RateLimiter(10), concurrency_limit, fake_time.clock).slow_down(0.1)
    assert concurrency_limit.allowed == 2


def test_no_more_run_at_once_than_are_allowed_and_growth_lets_the_next_in() -> None:
    throttle = Throttle(RateLimiter(10_000), ConcurrencyLimit(3), SYSTEM_CLOCK)
    lock, finish = threading.Lock(), threading.Event()
    running: list[int] = []

    def work(number: int) -> None:
        with throttle.passing():
            with lock:
                running.append(number)
            finish.wait(10)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(running) == 1)
    time.sleep(0.03)
    assert len(running) == 1
    throttle.succeeded(0.01)
    until(lambda: len(running) == 2)
    time.sleep(0.03)
    assert len(running) == 2
    finish.set()
    for thread in threads:
        thread.join()
    assert len(running) == 4


def test_first_come_first_served() -> None:
    throttle = Throttle(RateLimiter(10_000), ConcurrencyLimit(1), SYSTEM_CLOCK)
    order: list[int] = []
    threads = []

    def work(number: int) -> None:
        with throttle.passing():
            order.append(number)

    with throttle.passing():
        for number in range(12):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            until(lambda: len(throttle._queue) == number + 1)  # noqa: B023, SLF001 - only after this may the next come
    for thread in threads:
        thread.join()
    assert order == list(range(12))


def test_stopping_makes_whoever_waits_leave_and_lets_nobody_in() -> None:
    throttle = Throttle(RateLimiter(10_000), ConcurrencyLimit(1), SYSTEM_CLOCK)
    left: list[int] = []

    def work(number: int) -> None:
        try:
            with throttle.passing():
                pass
        except Stopped:
            left.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    with throttle.passing():
        for thread in threads:
            thread.start()
        until(lambda: len(throttle._queue) == 5)  # noqa: SLF001 - that they wait shows nowhere else
        assert not throttle.stopped
        throttle.stop()
        for thread in threads:
            thread.join()
    assert sorted(left) == [0, 1, 2, 3, 4]
    assert throttle.stopped
    with pytest.raises(Stopped), throttle.passing():
        pass


def test_the_last_request_gets_out_though_the_gate_is_stopped_and_full(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    with throttle.passing():
        throttle.stop()
        with throttle.leaving(5.0) as started:
            assert started == 1005.0


def test_the_last_request_keeps_to_the_rate_if_there_is_time(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    with throttle.passing():
        pass
    with throttle.leaving(5.0) as started:
        assert started == pytest.approx(1000 + 1 / 9.85)


def test_a_place_is_free_again_after_an_error() -> None:
    throttle = Throttle(RateLimiter(10_000), ConcurrencyLimit(1), SYSTEM_CLOCK)
    with pytest.raises(RuntimeError), throttle.passing():
        raise RuntimeError
    with throttle.passing():
        pass


def test_threads_together_use_the_rate_and_never_exceed_it() -> None:
    rate = 200
    throttle = Throttle(RateLimiter(rate), opened(16), SYSTEM_CLOCK)
    starts: list[float] = []
    end = time.monotonic() + 2.0

    def work() -> None:
        while time.monotonic() < end:
            with throttle.passing() as started:
                starts.append(started)
                time.sleep(0.02)
            throttle.succeeded(0.02)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts.sort()
    assert all(later - start >= 1.0 for start, later in zip(starts, starts[rate:], strict=False))
    assert (len(starts) - 1) / (starts[-1] - starts[0]) >= 0.90 * rate  # 0.97 and more on a quiet machine


def test_passing_costs_little_more_than_the_lock_that_it_takes() -> None:
    throttle = Throttle(RateLimiter(10_000), ConcurrencyLimit(1), SYSTEM_CLOCK)
    lock = threading.Lock()

    @contextmanager
    def locked() -> Iterator[float]:
        with lock:
            yield time.monotonic()

    spent, least = [], []
    for _ in range(50):
        time.sleep(0.0002)
        begun = time.perf_counter()
        with throttle.passing():
            pass
        throttle.succeeded(0.01)
        passed = time.perf_counter()
        with locked():
            pass
        spent.append(passed - begun)
        least.append(time.perf_counter() - passed)
    assert min(spent) < 15 * min(least)


def test_stumbling_earns_nothing(fake_time: FakeTime) -> None:
    concurrency_limit = opened(2, ceiling=4)
    throttle = Throttle(RateLimiter(10), concurrency_limit, fake_time.clock)
    throttle.stumbled()
    throttle.succeeded(0.1)
    throttle.stumbled()
    throttle.succeeded(0.1)
    assert concurrency_limit.allowed == 2
    throttle.succeeded(0.1)
    assert concurrency_limit.allowed == 3


def test_the_next_few_prepare_themselves_while_all_places_are_taken_and_no_others() -> None:
    throttle = Throttle(RateLimiter(10_000), opened(4), SYSTEM_CLOCK)
    finish, prepared, passed = threading.Event(), [], []

    def work(number: int) -> None:
        with throttle.passing(prepare=lambda: prepared.append(number)):
            passed.append(number)
            finish.wait(10)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(9)]
    for number, thread in enumerate(threads):
        thread.start()
        until(lambda: len(passed) + len(throttle._queue) == number + 1)  # noqa: B023, SLF001 - shows nowhere else
    until(lambda: len(prepared) == 3)
    time.sleep(0.03)
    assert passed == [0, 1, 2, 3]
    assert sorted(prepared) == [4, 5, 6]
    finish.set()
    for thread in threads:
        thread.join()
    assert sorted(passed) == list(range(9))
    assert len(prepared) == len(set(prepared))


def test_nobody_prepares_who_waits_for_the_rate_or_for_the_end_of_a_pause() -> None:
    for rate, pause in ((1, 0.0), (10_000, 30.0)):
        throttle = Throttle(RateLimiter(rate), ConcurrencyLimit(1), SYSTEM_CLOCK)
        prepared: list[float] = []

        def wait() -> None:
            with pytest.raises(Stopped), throttle.passing(prepare=lambda: prepared.append(pause)):  # noqa: B023
                pass

        thread = threading.Thread(target=wait)
        with throttle.passing():
            throttle.slow_down(0.1, pause)
            thread.start()
            until(lambda: len(throttle._queue) == 1)  # noqa: B023, SLF001 - that it waits shows nowhere else
            time.sleep(0.03)
            throttle.stop()
            thread.join()
        assert prepared == []


def test_what_goes_wrong_with_preparing_gives_the_turn_up() -> None:
    throttle = Throttle(RateLimiter(10_000), ConcurrencyLimit(1), SYSTEM_CLOCK)

    def fail() -> None:
        raise RuntimeError

    with throttle.passing():
        with pytest.raises(RuntimeError), throttle.passing(prepare=fail):
            pass
        assert not throttle._queue  # noqa: SLF001 - who stays in it would hold up all others
    assert throttle.idle
