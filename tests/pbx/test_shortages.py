from __future__ import annotations

import datetime as dt
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from batch.errors import PbxError, TokensExhausted
from batch.pbx.messages import Answer, get_trunk
from batch.pbx.session import Endpoint, Session, connect
from batch.pbx.sign_ins import clock_time, judge_shortage
from batch.pbx.throttle import SYSTEM_CLOCK, ConcurrencyLimit, RateLimiter, Stopped, Throttle
from batch.pbx.wire import Wire
from batch.secrets import Secret
from tests.fake_time import FakeTime
from tests.pbx.conftest import ScriptedPbx
from tests.pbx.threads import in_threads, until

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = "https://pbx.example:8088"
ENDPOINT = Endpoint(base_url=URL, client_id="client", secret=Secret("Sample-client-secret"), rate=1000)
FULL = {"errcode": 60002, "errmsg": "MAX LIMITATION EXCEEDED"}
GRANTED = {"errcode": 0, "errmsg": "SUCCESS"}
ANSWER = Answer(errcode=60002, errmsg="MAX LIMITATION EXCEEDED", body=FULL)
NOON = dt.datetime(2030, 1, 1, 12, 0, 7).astimezone()
"""By the clock on the wall of wherever the tests run."""


def minutes(number: float) -> dt.timedelta:
    return dt.timedelta(minutes=number)


class Waiting:
    """A session whose PBX has no token left, and what it says meanwhile."""

    def __init__(self, wire: Wire, patience: float, ages: Sequence[dt.timedelta] = ()) -> None:
        self.told: list[str] = []
        begun = wire.clock.now()
        self.session = Session(
            wire,
            base_url=URL,
            client_id="client",
            secret=Secret("Sample-client-secret"),
            patience=patience,
            tokens_out=lambda: [begun - age for age in ages],
            notice=self.told.append,
        )


def test_our_own_tokens_say_when_one_must_be_free() -> None:
    shortage = judge_shortage(ANSWER, [NOON - minutes(5), NOON - minutes(20), NOON - minutes(12)], NOON)
    assert (shortage.ours, shortage.free_at, shortage.seconds) == (3, NOON + minutes(10), 600.0)
    assert shortage.waiting(900) == (
        "All eight access tokens of this API client are out (60002 MAX LIMITATION EXCEEDED). "
        "3 of them may be ours, from runs that broke off or go on; one is free at 12:10:07 at the latest. "
        "Waiting for it, up to 900 s (--give-up-after)."
    )


def test_one_of_our_own_is_singular() -> None:
    assert "1 of them may be ours, from a run that broke off or goes on; it is free at 12:10:07 at the latest." in (
        judge_shortage(ANSWER, [NOON - minutes(20)], NOON).waiting(900)
    )


def test_without_our_own_another_program_is_at_it_and_one_is_free_in_half_an_hour() -> None:
    shortage = judge_shortage(ANSWER, [], NOON)
    assert (shortage.ours, shortage.seconds) == (0, 1800.0)
    assert shortage.waiting(300) == (
        "All eight access tokens of this API client are out (60002 MAX LIMITATION EXCEEDED). "
        "None is known to be ours: another program uses this client. One is free at 12:30:07 at the latest. "
        "That is longer than the 300 s of --give-up-after; waiting so long all the same, since one may be given "
        "back earlier."
    )


def test_what_has_run_out_does_not_count() -> None:
    shortage = judge_shortage(ANSWER, [NOON - minutes(30), NOON - minutes(95), NOON - minutes(29)], NOON)
    assert (shortage.ours, shortage.free_at) == (1, NOON + minutes(1))


def test_no_more_than_eight_can_be_ours() -> None:
    assert judge_shortage(ANSWER, [NOON] * 11, NOON).ours == 8


def test_a_token_from_the_future_lives_no_longer_than_any_other() -> None:
    shortage = judge_shortage(ANSWER, [NOON + minutes(60)], NOON)
    assert (shortage.ours, shortage.seconds) == (1, 1800.0)


def test_a_moment_of_another_day_bears_its_date() -> None:
    night = NOON.replace(hour=23, minute=50)
    assert clock_time(night + minutes(5), night) == "23:55:07"
    assert clock_time(night + minutes(20), night) == "2030-01-02 00:10:07"


def test_without_patience_it_is_said_at_once_and_another_try_may_succeed(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script("get_token", FULL, GRANTED)
    waiting = Waiting(wire, 0)
    with pytest.raises(TokensExhausted, match="eight"):
        waiting.session.token()
    assert waiting.told == []
    assert waiting.session.token()[1] == 1


def test_our_own_leftovers_are_given_back_before_anything_is_waited_for(wire: Wire, pbx: ScriptedPbx) -> None:
    waiting = Waiting(wire, 300)
    waiting.session.token()
    pbx.script("get_token", FULL, GRANTED)
    assert waiting.session.renew(1)[1] == 2
    assert pbx.calls() == ["get_token", "get_token", "del_token", "get_token"]
    assert pbx.requests[2].url.params["access_token"] == "Sample-token-1"
    assert waiting.told == []


def test_a_token_is_waited_for_and_asked_for_every_half_minute(
    wire: Wire, pbx: ScriptedPbx, fake_time: FakeTime
) -> None:
    pbx.script("get_token", FULL, FULL, FULL, FULL, GRANTED)
    waiting = Waiting(wire, 300)
    assert waiting.session.token() == (Secret("Sample-token-1"), 1)
    assert pbx.calls() == ["get_token"] * 5
    assert [seconds for seconds in fake_time.waits if seconds and seconds > 1] == [30.0] * 4
    assert len(waiting.told) == 1


def test_it_is_asked_for_right_after_the_moment_at_which_one_must_be_free(
    wire: Wire, pbx: ScriptedPbx, fake_time: FakeTime
) -> None:
    pbx.script("get_token", FULL, FULL, FULL, GRANTED)
    waiting = Waiting(wire, 300, [minutes(29.8), minutes(10), minutes(31)])
    waiting.session.token()
    assert [seconds for seconds in fake_time.waits if seconds and seconds > 1] == pytest.approx([13, 30, 30], abs=0.1)
    [told] = waiting.told
    assert "2 of them may be ours" in told


def test_when_patience_is_over_the_facts_are_in_the_message(wire: Wire, pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    pbx.script("get_token", FULL)
    begun = fake_time.clock.now()
    waiting = Waiting(wire, 100, [minutes(20), minutes(15)])
    with pytest.raises(TokensExhausted) as caught:
        waiting.session.token()
    moment = f"{(begun + minutes(10)).astimezone():%H:%M:%S}"
    assert caught.value.message == (
        "All eight access tokens of this API client are out (60002 MAX LIMITATION EXCEEDED). "
        f"2 of them may be ours, from runs that broke off or go on; one is free at {moment} at the latest. "
        "None was given back in 100 s."
    )
    assert (
        caught.value.hint == f"Try again after {moment}. Close other programs that use this client to have one earlier."
    )
    assert len(waiting.told) == 1
    assert "longer than the 100 s" in waiting.told[0]
    assert fake_time.clock.now() - begun == pytest.approx(dt.timedelta(seconds=100), abs=dt.timedelta(seconds=1))
    assert pbx.calls() == ["get_token"] * 5


def test_what_else_comes_meanwhile_is_judged_as_ever(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script("get_token", FULL, {"errcode": -1, "errmsg": "FAILURE"})
    with pytest.raises(PbxError, match="client secret is wrong"):
        Waiting(wire, 300).session.token()
    assert pbx.calls() == ["get_token"] * 2


class JumpingTime(FakeTime):
    """Time whose clock on the wall jumps an hour back and forth whenever somebody waits."""

    def wait(self, seconds: float | None, event: threading.Event) -> bool:
        self.skew = dt.timedelta(hours=-1) if self.skew > dt.timedelta() else dt.timedelta(hours=1)
        return super().wait(seconds, event)


def test_a_clock_that_jumps_meanwhile_prolongs_nothing() -> None:
    jumping = JumpingTime()
    pbx = ScriptedPbx(jumping)
    pbx.script("get_token", FULL)
    asked_at = jumping.clock.now() - minutes(20)
    with (
        pytest.raises(TokensExhausted, match="None was given back in 300 s"),
        connect(
            ENDPOINT,
            patience=300,
            tokens_out=lambda: [asked_at],
            clock=jumping.clock,
            transport=httpx.MockTransport(pbx),
        ) as api,
    ):
        api.send(get_trunk(8))
    assert jumping.seconds == pytest.approx(1300, abs=1)
    assert len(pbx.calls()) <= 12


def test_one_thread_waits_for_all_and_nobody_asks_twice() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.rpartition("/")[2])
        time.sleep(0.01)
        return httpx.Response(200, json=FULL if len(asked) < 2 else {"errcode": 0, "access_token": "Sample-token"})

    throttle = Throttle(RateLimiter(1000), ConcurrencyLimit(4), SYSTEM_CLOCK)
    told: list[str] = []
    transport = httpx.MockTransport(answer)
    wire = Wire(transport=transport, base_url=URL, throttle=throttle, clock=SYSTEM_CLOCK, timeout=30)
    now = SYSTEM_CLOCK.now()
    session = Session(
        wire,
        base_url=URL,
        client_id="client",
        secret=Secret("Sample-client-secret"),
        patience=30,
        tokens_out=lambda: [now - minutes(30) + dt.timedelta(seconds=0.2)],
        notice=told.append,
    )
    results = in_threads(20, session.token)
    assert results == [(Secret("Sample-token"), 1)] * 20
    assert asked == ["get_token"] * 2
    assert len(told) == 1


def test_those_who_come_while_one_waits_in_vain_share_the_end_of_it(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script("get_token", FULL)
    waiting = Waiting(wire, 60)
    waiting.session._lock.acquire()  # noqa: SLF001 - so that all of them are waiting before the first may try
    threading.Timer(0.2, waiting.session._lock.release).start()  # noqa: SLF001 - the same
    results = in_threads(8, waiting.session.token)
    assert [type(result) for result in results] == [TokensExhausted] * 8
    assert pbx.calls() == ["get_token"] * 3
    assert len(waiting.told) == 1


@pytest.mark.parametrize("shut", ["stop", "wind down"])
def test_waiting_ends_at_once_for_everybody_when_all_is_to_stop(shut: str) -> None:
    asked: list[str] = []
    ended: list[object] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.rpartition("/")[2])
        return httpx.Response(200, json=FULL)

    told: list[str] = []
    with connect(ENDPOINT, patience=300, notice=told.append, transport=httpx.MockTransport(answer)) as api:
        working = threading.Thread(target=lambda: ended.extend(in_threads(20, lambda: api.send(get_trunk(8)))))
        working.start()
        until(lambda: bool(told))
        time.sleep(0.05)
        begun = time.monotonic()
        api.throttle.stop() if shut == "stop" else api.throttle.wind_down(30.0)
        working.join()
    assert time.monotonic() - begun < 5
    assert [type(result) for result in ended] == [Stopped] * 20
    assert asked == ["get_token"]
