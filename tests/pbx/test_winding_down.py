from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

import pytest

from batch.pbx.messages import get_trunk, revoke, update_trunk
from batch.pbx.throttle import SYSTEM_CLOCK, Clock, ConcurrencyLimit, RateLimiter, Stopped, Throttle
from batch.pbx.wire import AccessToken
from batch.secrets import Secret
from tests.pbx.threads import in_threads, until

if TYPE_CHECKING:
    from batch.pbx.wire import Wire
    from tests.fake_time import FakeTime
    from tests.pbx.conftest import ScriptedPbx

PERMIT = AccessToken(token=Secret("Sample-token-1"), serial=1)


class CountedClock:
    """The machine's own time, and how often somebody waited."""

    def __init__(self) -> None:
        self.waits = 0
        self.clock = Clock(monotonic=SYSTEM_CLOCK.monotonic, now=SYSTEM_CLOCK.now, wait=self._wait)

    def _wait(self, seconds: float | None, event: threading.Event) -> bool:
        self.waits += 1
        return event.wait(seconds)


def passed(throttle: Throttle, *, writes: bool = False) -> float:
    with throttle.passing(writes=writes) as started:
        return started


def test_winding_down_lets_no_write_through_and_reads_for_a_while(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.wind_down(30.0)
    with pytest.raises(Stopped):
        passed(throttle, writes=True)
    assert passed(throttle) == 1000.0
    assert not throttle.stopped
    fake_time.seconds = 1029.9
    assert passed(throttle) == 1029.9
    fake_time.seconds = 1030.0
    with pytest.raises(Stopped):
        passed(throttle)
    assert throttle.stopped


def test_the_wire_knows_which_of_its_requests_write(wire: Wire, throttle: Throttle, pbx: ScriptedPbx) -> None:
    throttle.wind_down(30.0)
    with pytest.raises(Stopped):
        wire.send(update_trunk({"id": 8}), PERMIT)
    wire.send(get_trunk(8), PERMIT)
    assert pbx.calls() == ["trunk/get"]


def test_a_pause_that_would_outlast_it_does_not_hold_up_a_read(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.slow_down(0.1, 600.0)
    throttle.wind_down(30.0)
    assert passed(throttle) == 1000.0
    assert passed(throttle) - 1000.0 == pytest.approx(1 / 9.85)


def test_a_pause_that_ends_in_time_is_kept(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.slow_down(0.1, 20.0)
    throttle.wind_down(30.0)
    assert passed(throttle) == pytest.approx(1020.0)


def test_a_pause_asked_for_meanwhile_does_not_hold_it_up_either(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.wind_down(30.0)
    throttle.slow_down(0.1, 600.0)
    assert passed(throttle) == 1000.0


@pytest.mark.parametrize(("first", "second"), [(5.0, 60.0), (60.0, 5.0)])
def test_winding_down_twice_keeps_the_earlier_end(fake_time: FakeTime, first: float, second: float) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.wind_down(first)
    throttle.wind_down(second)
    fake_time.seconds += 5.0
    with pytest.raises(Stopped):
        passed(throttle)


def test_without_an_end_reads_go_on_and_keep_to_every_pause(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.slow_down(0.1, 600.0)
    throttle.wind_down(math.inf)
    with pytest.raises(Stopped):
        passed(throttle, writes=True)
    assert passed(throttle) == pytest.approx(1600.0)
    assert not throttle.stopped
    throttle.wind_down(5.0)
    fake_time.seconds += 5.0
    with pytest.raises(Stopped):
        passed(throttle)


def test_no_time_at_all_is_the_end_at_once(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.wind_down(0.0)
    with pytest.raises(Stopped):
        passed(throttle)


def test_stopping_is_still_the_hard_stop(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.wind_down(30.0)
    throttle.stop()
    with pytest.raises(Stopped):
        passed(throttle)


def test_the_token_is_given_back_though_everything_is_wound_down(
    wire: Wire, throttle: Throttle, pbx: ScriptedPbx, fake_time: FakeTime
) -> None:
    throttle.wind_down(30.0)
    fake_time.seconds += 31
    wire.send_last(revoke(), PERMIT)
    assert pbx.calls() == ["del_token"]


def test_a_last_request_does_not_wait_for_a_pause_longer_than_its_patience(fake_time: FakeTime) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock)
    throttle.slow_down(0.1, 600.0)
    with throttle.leaving(5.0) as started:
        assert started == 1000.0


def test_writes_that_wait_out_a_long_pause_leave_at_once_and_reads_go_on() -> None:
    time_counted = CountedClock()
    throttle = Throttle(RateLimiter(10_000), ConcurrencyLimit(1), time_counted.clock)
    throttle.slow_down(0.1, 600.0)
    begun = time.monotonic()
    ended: list[str] = []

    def work(*, writes: bool) -> None:
        try:
            passed(throttle, writes=writes)
            ended.append("passed")
        except Stopped:
            ended.append("stopped")

    threads = [threading.Thread(target=work, kwargs={"writes": number % 2 == 0}) for number in range(12)]
    for thread in threads:
        thread.start()
    until(lambda: len(throttle._queue) == 12)  # noqa: SLF001 - that they wait shows nowhere else
    throttle.wind_down(30.0)
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["passed"] * 6 + ["stopped"] * 6
    assert time.monotonic() - begun < 5
    assert time_counted.waits < 100


def test_reads_that_find_no_place_leave_when_the_time_is_over_and_nobody_spins() -> None:
    time_counted = CountedClock()
    throttle = Throttle(RateLimiter(10_000), ConcurrencyLimit(1), time_counted.clock)
    left: list[float] = []

    def work() -> None:
        with pytest.raises(Stopped):
            passed(throttle)
        left.append(time.monotonic())

    with throttle.passing():
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        until(lambda: len(throttle._queue) == 6)  # noqa: SLF001 - that they wait shows nowhere else
        begun = time.monotonic()
        throttle.wind_down(0.3)
        for thread in threads:
            thread.join()
    assert all(0.25 < moment - begun < 2 for moment in left)
    assert time_counted.waits < 60


def test_resting_takes_its_time(fake_time: FakeTime) -> None:
    Throttle(RateLimiter(10), ConcurrencyLimit(1), fake_time.clock).rest(30.0)
    assert fake_time.seconds == 1030.0


@pytest.mark.parametrize("shut", [Throttle.stop, lambda throttle: throttle.wind_down(30.0)])
def test_whoever_rests_leaves_at_once_when_the_gate_shuts(shut: object) -> None:
    throttle = Throttle(RateLimiter(10), ConcurrencyLimit(1), SYSTEM_CLOCK)
    threading.Timer(0.1, shut, [throttle]).start()  # type: ignore[arg-type] # both take a gate
    begun = time.monotonic()
    assert [type(ended) for ended in in_threads(4, lambda: throttle.rest(60.0))] == [Stopped] * 4
    assert time.monotonic() - begun < 5
    with pytest.raises(Stopped):
        throttle.rest(60.0)
