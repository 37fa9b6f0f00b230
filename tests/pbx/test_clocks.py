from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from batch.pbx.messages import Answer, get_trunk
from batch.pbx.session import Endpoint, connect
from batch.pbx.throttle import SYSTEM_CLOCK, clock_counting_sleep
from batch.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake_time import FakeTime
    from tests.pbx.conftest import ScriptedPbx

ENDPOINT = Endpoint(base_url="https://pbx.example:8088", client_id="client", secret=Secret("Sample-secret"), rate=1000)


def near(clock: Callable[[], float], number: int) -> bool:
    return clock() == pytest.approx(time.clock_gettime(number), abs=1.0)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has it")
def test_on_linux_the_clock_counts_the_time_for_which_the_machine_sleeps() -> None:
    boottime: int = time.CLOCK_BOOTTIME
    assert near(clock_counting_sleep("linux"), boottime)
    assert clock_counting_sleep("linux") is not time.monotonic
    assert near(SYSTEM_CLOCK.monotonic, boottime)


@pytest.mark.skipif(not hasattr(time, "CLOCK_MONOTONIC"), reason="Windows has it not")
def test_on_macos_it_is_not_the_one_that_python_reads_and_that_stops() -> None:
    assert near(clock_counting_sleep("darwin"), time.CLOCK_MONOTONIC)
    assert clock_counting_sleep("darwin") is not time.monotonic


@pytest.mark.parametrize("platform", ["win32", "freebsd14", ""])
def test_elsewhere_it_is_the_one_that_python_knows(platform: str) -> None:
    assert clock_counting_sleep(platform) is time.monotonic


def test_a_system_that_denies_the_clock_gets_the_one_that_python_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 4_711, raising=False)
    assert clock_counting_sleep("linux") is time.monotonic


def test_it_never_runs_backwards() -> None:
    seen = [SYSTEM_CLOCK.monotonic() for _ in range(1000)]
    assert seen == sorted(seen)


def test_a_clock_on_the_wall_that_jumps_an_hour_back_and_forth_harms_nothing(
    pbx: ScriptedPbx, fake_time: FakeTime
) -> None:
    hour = dt.timedelta(hours=1)
    replies: list[Any] = []
    with connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        for number in range(60):
            fake_time.skew = (-hour, dt.timedelta(), hour)[number % 3]
            replies.append(api.send(get_trunk(8)))
            fake_time.seconds += 30
    assert [reply.errcode for reply in replies] == [0] * 60
    assert [reply.elapsed for reply in replies] == [pytest.approx(0.05)] * 60
    assert all((seconds or 0) < 0.01 for seconds in fake_time.waits)
    # the first token has run out by the end, and only the second is given back
    assert pbx.calls() == ["get_token", *["trunk/get"] * 58, "refresh_token", *["trunk/get"] * 2, "del_token"]


@pytest.mark.parametrize(("skew", "pause"), [(-1, 600.0), (1, 0.0)])
def test_an_hour_wrong_a_date_to_come_back_at_costs_ten_minutes_at_most(
    pbx: ScriptedPbx, fake_time: FakeTime, skew: int, pause: float
) -> None:
    pbx.script(
        "trunk/get",
        httpx.Response(200, json={"errcode": 70082}, headers={"Retry-After": "Tue, 01 Jan 2030 00:17:10 GMT"}),
        {"errcode": 0},
    )
    fake_time.skew = dt.timedelta(hours=skew)
    with connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        api.send(get_trunk(8))
        before = fake_time.seconds
        fake_time.skew = dt.timedelta(hours=-skew)
        reply = api.send(get_trunk(8))
    assert isinstance(reply, Answer)
    assert fake_time.seconds - before == pytest.approx(pause, abs=0.1)
