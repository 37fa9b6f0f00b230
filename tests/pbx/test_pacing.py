from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.errors import UsageError
from batch.pbx.throttle import Brake, Pace

RATES = st.one_of(st.floats(0.1, 10_000), st.sampled_from([0.1, 0.5, 1.0, 2.5, 10.0, 50.0, 200.0, 1000.0]))


def starts_of(pace: Pace, lateness: list[float], count: int) -> list[float]:
    """Start as soon as allowed, each time late by the next jitter (in seconds)."""
    now, starts = 5.0, []
    for number in range(count):
        ready = now
        now += lateness[number % len(lateness)]
        while (seconds := pace.wait(now)) > 0:
            now += seconds
        pace.started(now, ready)
        starts.append(now)
    return starts


def worst_window(starts: list[float]) -> int:
    """Count the most starts in any window of one second, its end not included."""
    worst = first = 0
    for number, start in enumerate(starts):
        while start - starts[first] >= 1.0:
            first += 1
        worst = max(worst, number - first + 1)
    return worst


@settings(max_examples=150, deadline=None)
@given(RATES, st.lists(st.floats(0, 3), min_size=1, max_size=40))
def test_no_window_ever_holds_more_than_the_rate(rate: float, lateness: list[float]) -> None:
    assert worst_window(starts_of(Pace(rate), lateness, 400)) <= math.ceil(rate)


@settings(max_examples=60, deadline=None)
@given(RATES, st.lists(st.floats(0, 0.0001), min_size=1, max_size=40))
def test_a_little_lateness_costs_no_throughput(rate: float, lateness: list[float]) -> None:
    starts = starts_of(Pace(rate), lateness, 500)
    assert 0.97 * rate <= (len(starts) - 1) / (starts[-1] - starts[0]) <= rate


@pytest.mark.parametrize("rate", [10, 50, 200, 1000])
def test_sleeps_that_overshoot_by_milliseconds_cost_no_throughput(rate: int) -> None:
    pace, now, starts = Pace(rate), 0.0, []
    for number in range(rate * 5):
        if (seconds := pace.wait(now)) > 0:
            now += seconds + (number * 7 % 50) / 10_000  # 0 to 5 ms too long
        while (seconds := pace.wait(now)) > 0:
            now += seconds
        pace.started(now, 0.0)  # somebody is waiting all the time
        starts.append(now)
    assert (len(starts) - 1) / (starts[-1] - starts[0]) >= 0.97 * rate
    assert worst_window(starts) <= rate


def test_starts_are_even_and_one_at_a_time() -> None:
    starts = starts_of(Pace(10), [0.0], 20)
    assert all(0.1 <= later - earlier <= 0.103 for earlier, later in pairwise(starts))


def test_idleness_earns_no_burst() -> None:
    pace = Pace(1000)
    pace.started(0.0, 0.0)
    assert pace.wait(60.0) == 0
    pace.started(60.0, 60.0)
    assert pace.wait(60.0) == pytest.approx(1 / 985)


def test_a_stall_is_made_good_by_ten_milliseconds_at_most() -> None:
    pace = Pace(1000)
    pace.started(0.0, 0.0)
    pace.started(1.0, 0.0)  # it was ready all the time, and woke a second late
    assert pace.wait(1.0) == 0
    burst = 1
    while pace.wait(1.0) == 0:
        pace.started(1.0, 0.0)
        burst += 1
    assert burst <= 11


@pytest.mark.parametrize("rate", [0.0, -1.0, 0.05, 10_001.0, math.nan, math.inf])
def test_a_rate_that_cannot_be_kept_is_a_usage_error(rate: float) -> None:
    with pytest.raises(UsageError, match="cannot be kept") as caught:
        Pace(rate)
    assert "--rate" in caught.value.hint


def test_concurrency_begins_with_one_and_each_reply_of_a_pbx_that_never_hesitated_earns_one_more() -> None:
    brake, seen = Brake(4), []
    for number in range(5):
        brake.succeeded(float(number), 0.05)
        seen.append(brake.allowed)
    assert seen == [2, 3, 4, 4, 4]


@pytest.mark.parametrize("hesitating", ["slow", "not clean", "asks for less"])
def test_once_the_pbx_has_hesitated_as_many_replies_as_are_allowed_earn_one_more(hesitating: str) -> None:
    brake, seen = Brake(4), []
    match hesitating:
        case "slow":
            brake.succeeded(1.0, 0.05)
            brake.succeeded(8.0, 5.0)
            brake.allowed = 1
        case "not clean":
            brake.stumbled()
        case _:
            brake.slow_down(8.0, 0.05, None)
    for number in range(12):
        brake.succeeded(10.0 + number, 0.05)
        seen.append(brake.allowed)
    assert seen == [2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]


def test_slow_replies_and_stumbles_end_the_row() -> None:
    brake = Brake(4)
    brake.stumbled()
    brake.succeeded(1.0, 0.05)
    brake.succeeded(2.0, 0.05)
    brake.succeeded(8.0, 5.0)
    brake.succeeded(9.0, 0.05)
    brake.stumbled()
    brake.succeeded(10.0, 0.05)
    assert brake.allowed == 2
    brake.succeeded(11.0, 0.05)
    assert brake.allowed == 3


def test_on_a_slow_pbx_its_own_usual_time_is_quick() -> None:
    brake = Brake(2)
    brake.succeeded(10.0, 4.0)
    assert brake.allowed == 2


def test_being_told_to_slow_down_halves_once_per_round_trip() -> None:
    brake = Brake(16)
    brake.allowed = 16
    assert brake.slow_down(100.0, 0.5, None)
    assert not brake.slow_down(100.2, 0.5, None)
    assert brake.allowed == 8
    assert brake.slow_down(101.0, 0.5, None)
    assert brake.allowed == 4


def test_it_never_goes_below_one() -> None:
    brake = Brake(1)
    assert brake.slow_down(1.0, 0.1, None)
    assert brake.allowed == 1


def test_replies_to_what_started_before_the_halving_earn_nothing() -> None:
    brake = Brake(8)
    brake.allowed = 2
    brake.slow_down(10.0, 0.1, None)
    brake.succeeded(10.05, 0.1)
    assert brake.allowed == 1
    brake.succeeded(10.2, 0.1)
    assert brake.allowed == 2


def test_retry_after_pauses_everyone_and_the_longest_wins() -> None:
    brake = Brake(4)
    assert brake.wait(0.0) == 0
    brake.slow_down(10.0, 0.1, 5.0)
    brake.slow_down(10.05, 0.1, 2.0)
    assert brake.wait(11.0) == pytest.approx(4.0)
    assert brake.wait(15.0) == 0


def test_a_ceiling_below_one_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="lets nothing through"):
        Brake(0)


@given(st.integers(1, 32), st.lists(st.tuples(st.sampled_from("sxd"), st.floats(0, 3)), max_size=60))
def test_whatever_comes_it_stays_between_one_and_the_ceiling(ceiling: int, events: list[tuple[str, float]]) -> None:
    brake, now = Brake(ceiling), 0.0
    for kind, elapsed in events:
        now += elapsed
        before = brake.allowed
        if kind == "s":
            brake.succeeded(now, elapsed)
            assert brake.allowed in (before, before + 1)
        elif kind == "x":
            brake.stumbled()
        else:
            brake.slow_down(now, elapsed, None)
            assert brake.allowed in (before, max(1, before // 2))
        assert 1 <= brake.allowed <= ceiling
