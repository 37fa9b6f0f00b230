from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

import pytest

from batch.pbx.clocks import SYSTEM_CLOCK, Clock
from batch.pbx.messages import get_trunk, revoke, update_trunk
from batch.pbx.throttle import Brake, Gate, Pace, Stopped
from batch.pbx.wire import Pass
from batch.secrets import Secret
from tests.pbx.threads import in_threads, until

if TYPE_CHECKING:
    from batch.pbx.wire import Wire
    from tests.pbx.conftest import FakeTime, ScriptedPbx

PERMIT = Pass(token=Secret("Sample-token-1"), serial=1)


class CountedClock:
    """The machine's own time, and how often somebody waited."""

    def __init__(self) -> None:
        self.waits = 0
        self.clock = Clock(monotonic=SYSTEM_CLOCK.monotonic, now=SYSTEM_CLOCK.now, wait=self._wait)

    def _wait(self, seconds: float | None, event: threading.Event) -> bool:
        self.waits += 1
        return event.wait(seconds)


def passed(gate: Gate, *, writes: bool = False) -> float:
    with gate.passing(writes=writes) as started:
        return started


def test_winding_down_lets_no_write_through_and_reads_for_a_while(fake_time: FakeTime) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.wind_down(30.0)
    with pytest.raises(Stopped):
        passed(gate, writes=True)
    assert passed(gate) == 1000.0
    assert not gate.stopped
    fake_time.seconds = 1029.9
    assert passed(gate) == 1029.9
    fake_time.seconds = 1030.0
    with pytest.raises(Stopped):
        passed(gate)
    assert gate.stopped


def test_the_wire_knows_which_of_its_requests_write(wire: Wire, gate: Gate, pbx: ScriptedPbx) -> None:
    gate.wind_down(30.0)
    with pytest.raises(Stopped):
        wire.send(update_trunk({"id": 8}), PERMIT)
    wire.send(get_trunk(8), PERMIT)
    assert pbx.calls() == ["trunk/get"]


def test_a_pause_that_would_outlast_it_does_not_hold_up_a_read(fake_time: FakeTime) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.slow_down(0.1, 600.0)
    gate.wind_down(30.0)
    assert passed(gate) == 1000.0
    assert passed(gate) - 1000.0 == pytest.approx(1 / 9.85)


def test_a_pause_that_ends_in_time_is_kept(fake_time: FakeTime) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.slow_down(0.1, 20.0)
    gate.wind_down(30.0)
    assert passed(gate) == pytest.approx(1020.0)


def test_a_pause_asked_for_meanwhile_does_not_hold_it_up_either(fake_time: FakeTime) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.wind_down(30.0)
    gate.slow_down(0.1, 600.0)
    assert passed(gate) == 1000.0


@pytest.mark.parametrize(("first", "second"), [(5.0, 60.0), (60.0, 5.0)])
def test_winding_down_twice_keeps_the_earlier_end(fake_time: FakeTime, first: float, second: float) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.wind_down(first)
    gate.wind_down(second)
    fake_time.seconds += 5.0
    with pytest.raises(Stopped):
        passed(gate)


def test_without_an_end_reads_go_on_and_keep_to_every_pause(fake_time: FakeTime) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.slow_down(0.1, 600.0)
    gate.wind_down(math.inf)
    with pytest.raises(Stopped):
        passed(gate, writes=True)
    assert passed(gate) == pytest.approx(1600.0)
    assert not gate.stopped
    gate.wind_down(5.0)
    fake_time.seconds += 5.0
    with pytest.raises(Stopped):
        passed(gate)


def test_no_time_at_all_is_the_end_at_once(fake_time: FakeTime) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.wind_down(0.0)
    with pytest.raises(Stopped):
        passed(gate)


def test_stopping_is_still_the_hard_stop(fake_time: FakeTime) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.wind_down(30.0)
    gate.stop()
    with pytest.raises(Stopped):
        passed(gate)


def test_the_token_is_given_back_though_everything_is_wound_down(
    wire: Wire, gate: Gate, pbx: ScriptedPbx, fake_time: FakeTime
) -> None:
    gate.wind_down(30.0)
    fake_time.seconds += 31
    wire.send_last(revoke(), PERMIT)
    assert pbx.calls() == ["del_token"]


def test_a_last_request_does_not_wait_for_a_pause_longer_than_its_patience(fake_time: FakeTime) -> None:
    gate = Gate(Pace(10), Brake(1), fake_time.clock)
    gate.slow_down(0.1, 600.0)
    with gate.leaving(5.0) as started:
        assert started == 1000.0


def test_writes_that_wait_out_a_long_pause_leave_at_once_and_reads_go_on() -> None:
    time_counted = CountedClock()
    gate = Gate(Pace(10_000), Brake(1), time_counted.clock)
    gate.slow_down(0.1, 600.0)
    begun = time.monotonic()
    ended: list[str] = []

    def work(*, writes: bool) -> None:
        try:
            passed(gate, writes=writes)
            ended.append("passed")
        except Stopped:
            ended.append("stopped")

    threads = [threading.Thread(target=work, kwargs={"writes": number % 2 == 0}) for number in range(12)]
    for thread in threads:
        thread.start()
    until(lambda: len(gate._queue) == 12)  # noqa: SLF001 - that they wait shows nowhere else
    gate.wind_down(30.0)
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["passed"] * 6 + ["stopped"] * 6
    assert time.monotonic() - begun < 5
    assert time_counted.waits < 100


def test_reads_that_find_no_place_leave_when_the_time_is_over_and_nobody_spins() -> None:
    time_counted = CountedClock()
    gate = Gate(Pace(10_000), Brake(1), time_counted.clock)
    left: list[float] = []

    def work() -> None:
        with pytest.raises(Stopped):
            passed(gate)
        left.append(time.monotonic())

    with gate.passing():
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        until(lambda: len(gate._queue) == 6)  # noqa: SLF001 - that they wait shows nowhere else
        begun = time.monotonic()
        gate.wind_down(0.3)
        for thread in threads:
            thread.join()
    assert all(0.25 < moment - begun < 2 for moment in left)
    assert time_counted.waits < 60


def test_resting_takes_its_time(fake_time: FakeTime) -> None:
    Gate(Pace(10), Brake(1), fake_time.clock).rest(30.0)
    assert fake_time.seconds == 1030.0


@pytest.mark.parametrize("shut", [Gate.stop, lambda gate: gate.wind_down(30.0)])
def test_whoever_rests_leaves_at_once_when_the_gate_shuts(shut: object) -> None:
    gate = Gate(Pace(10), Brake(1), SYSTEM_CLOCK)
    threading.Timer(0.1, shut, [gate]).start()  # type: ignore[arg-type] # both take a gate
    begun = time.monotonic()
    assert [type(ended) for ended in in_threads(4, lambda: gate.rest(60.0))] == [Stopped] * 4
    assert time.monotonic() - begun < 5
    with pytest.raises(Stopped):
        gate.rest(60.0)
