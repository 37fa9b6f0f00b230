from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.errors import UsageError
from batch.pbx.throttle import ConcurrencyLimit, RateLimiter

RATES = st.one_of(st.floats(0.1, 10_000), st.sampled_from([0.1, 0.5, 1.0, 2.5, 10.0, 50.0, 200.0, 1000.0]))


def starts_of(rate_limiter: RateLimiter, lateness: list[float], count: int) -> list[float]:
    """Start as soon as allowed, each time late by the next jitter (in seconds)."""
    now, starts = 5.0, []
    for number in range(count):
        ready = now
        now += lateness[number % len(lateness)]
        while (seconds := rate_limiter.wait(now)) > 0:
            now += seconds
        rate_limiter.started(now, ready)
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


@given(RATES, st.lists(st.floats(0, 3), min_size=1, max_size=40))
def test_no_window_ever_holds_more_than_the_rate(rate: float, lateness: list[float]) -> None:
    assert worst_window(starts_of(RateLimiter(rate), lateness, 400)) <= math.ceil(rate)


@given(RATES, st.lists(st.floats(0, 0.0001), min_size=1, max_size=40))
def test_a_little_lateness_costs_no_throughput(rate: float, lateness: list[float]) -> None:
    starts = starts_of(RateLimiter(rate), lateness, 500)
    assert 0.97 * rate <= (len(starts) - 1) / (starts[-1] - starts[0]) <= rate


@pytest.mark.parametrize("rate", [10, 50, 200, 1000])
def test_sleeps_that_overshoot_by_milliseconds_cost_no_throughput(rate: int) -> None:
    rate_limiter, now, starts = RateLimiter(rate), 0.0, []
    for number in range(rate * 5):
        if (seconds := rate_limiter.wait(now)) > 0:
            now += seconds + (number * 7 % 50) / 10_000  # 0 to 5 ms too long
        while (seconds := rate_limiter.wait(now)) > 0:
            now += seconds
        rate_limiter.started(now, 0.0)  # somebody is waiting all the time
        starts.append(now)
    assert (len(starts) - 1) / (starts[-1] - starts[0]) >= 0.97 * rate
    assert worst_window(starts) <= rate


def test_starts_are_even_and_one_at_a_time() -> None:
    starts = starts_of(RateLimiter(10), [0.0], 20)
    assert all(0.1 <= later - earlier <= 0.103 for earlier, later in pairwise(starts))


def test_idleness_earns_no_burst() -> None:
    rate_limiter = RateLimiter(1000)
    rate_limiter.started(0.0, 0.0)
    assert rate_limiter.wait(60.0) == 0
    rate_limiter.started(60.0, 60.0)
    assert rate_limiter.wait(60.0) == pytest.approx(1 / 985)


def test_a_stall_is_made_good_by_ten_milliseconds_at_most() -> None:
    rate_limiter = RateLimiter(1000)
    rate_limiter.started(0.0, 0.0)
    rate_limiter.started(1.0, 0.0)  # it was ready all the time, and woke a second late
    assert rate_limiter.wait(1.0) == 0
    burst = 1
    while rate_limiter.wait(1.0) == 0:
        rate_limiter.started(1.0, 0.0)
        burst += 1
    assert burst <= 11


@pytest.mark.parametrize("rate", [0.0, -1.0, 0.05, 10_001.0, math.nan, math.inf])
def test_a_rate_that_cannot_be_kept_is_a_usage_error(rate: float) -> None:
    with pytest.raises(UsageError, match="cannot be kept") as caught:
        RateLimiter(rate)
    assert "--rate" in caught.value.hint


def test_concurrency_begins_with_one_and_each_reply_of_a_pbx_that_never_hesitated_earns_one_more() -> None:
    concurrency_limit, seen = ConcurrencyLimit(4), []
    for number in range(5):
        concurrency_limit.succeeded(float(number), 0.05)
        seen.append(concurrency_limit.allowed)
    assert seen == [2, 3, 4, 4, 4]


@pytest.mark.parametrize("hesitating", ["slow", "not clean", "asks for less"])
def test_once_the_pbx_has_hesitated_as_many_replies_as_are_allowed_earn_one_more(hesitating: str) -> None:
    concurrency_limit, seen = ConcurrencyLimit(4), []
    match hesitating:
        case "slow":
            concurrency_limit.succeeded(1.0, 0.05)
            concurrency_limit.succeeded(8.0, 5.0)
            concurrency_limit.allowed = 1
        case "not clean":
            concurrency_limit.stumbled()
        case _:
            concurrency_limit.slow_down(8.0, 0.05, None)
    for number in range(12):
        concurrency_limit.succeeded(10.0 + number, 0.05)
        seen.append(concurrency_limit.allowed)
    assert seen == [2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]


def test_slow_replies_and_stumbles_end_the_row() -> None:
    concurrency_limit = ConcurrencyLimit(4)
    concurrency_limit.stumbled()
    concurrency_limit.succeeded(1.0, 0.05)
    concurrency_limit.succeeded(2.0, 0.05)
    concurrency_limit.succeeded(8.0, 5.0)
    concurrency_limit.succeeded(9.0, 0.05)
    concurrency_limit.stumbled()
    concurrency_limit.succeeded(10.0, 0.05)
    assert concurrency_limit.allowed == 2
    concurrency_limit.succeeded(11.0, 0.05)
    assert concurrency_limit.allowed == 3


def test_on_a_slow_pbx_its_own_usual_time_is_quick() -> None:
    concurrency_limit = ConcurrencyLimit(2)
    concurrency_limit.succeeded(10.0, 4.0)
    assert concurrency_limit.allowed == 2


def test_being_told_to_slow_down_halves_once_per_round_trip() -> None:
    concurrency_limit = ConcurrencyLimit(16)
    concurrency_limit.allowed = 16
    assert concurrency_limit.slow_down(100.0, 0.5, None)
    assert not concurrency_limit.slow_down(100.2, 0.5, None)
    assert concurrency_limit.allowed == 8
    assert concurrency_limit.slow_down(101.0, 0.5, None)
    assert concurrency_limit.allowed == 4


def test_it_never_goes_below_one() -> None:
    concurrency_limit = ConcurrencyLimit(1)
    assert concurrency_limit.slow_down(1.0, 0.1, None)
    assert concurrency_limit.allowed == 1


def test_replies_to_what_started_before_the_halving_earn_nothing() -> None:
    concurrency_limit = ConcurrencyLimit(8)
    concurrency_limit.allowed = 2
    concurrency_limit.slow_down(10.0, 0.1, None)
    concurrency_limit.succeeded(10.05, 0.1)
    assert concurrency_limit.allowed == 1
    concurrency_limit.succeeded(10.2, 0.1)
    assert concurrency_limit.allowed == 2


def test_retry_after_pauses_everyone_and_the_longest_wins() -> None:
    concurrency_limit = ConcurrencyLimit(4)
    assert concurrency_limit.wait(0.0) == 0
    concurrency_limit.slow_down(10.0, 0.1, 5.0)
    concurrency_limit.slow_down(10.05, 0.1, 2.0)
    assert concurrency_limit.wait(11.0) == pytest.approx(4.0)
    assert concurrency_limit.wait(15.0) == 0


def test_a_ceiling_below_one_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="lets nothing through"):
        ConcurrencyLimit(0)


@given(st.integers(1, 32), st.lists(st.tuples(st.sampled_from("sxd"), st.floats(0, 3)), max_size=60))
def test_whatever_comes_it_stays_between_one_and_the_ceiling(ceiling: int, events: list[tuple[str, float]]) -> None:
    concurrency_limit, now = ConcurrencyLimit(ceiling), 0.0
    for kind, elapsed in events:
        now += elapsed
        before = concurrency_limit.allowed
        if kind == "s":
            concurrency_limit.succeeded(now, elapsed)
            assert concurrency_limit.allowed in (before, before + 1)
        elif kind == "x":
            concurrency_limit.stumbled()
        else:
            concurrency_limit.slow_down(now, elapsed, None)
            assert concurrency_limit.allowed in (before, max(1, before // 2))
        assert 1 <= concurrency_limit.allowed <= ceiling
