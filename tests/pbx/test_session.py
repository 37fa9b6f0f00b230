from __future__ import annotations

import datetime as dt
import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from batch.errors import AddressBlocked, PbxError, PbxUnreachable, SignInRefused
from batch.pbx.messages import list_trunks
from batch.pbx.session import Session
from batch.pbx.sign_ins import SignInUnanswered
from batch.pbx.throttle import Stopped, Throttle
from batch.secrets import Secret
from tests.pbx.threads import in_threads

if TYPE_CHECKING:
    from batch.pbx.wire import Wire
    from tests.fake_time import FakeTime
    from tests.pbx.conftest import ScriptedPbx

URL = "https://pbx.example:8088"
REFUSED = {
    "errcode": -1,
    "errmsg": "FAILURE",
    "invalid_param_list": [{"field": "username or password", "value": "error"}],
}


@pytest.fixture
def session(wire: Wire) -> Session:
    return Session(wire, base_url=URL, client_id="client", secret=Secret("Sample-client-secret"))


def tokens_given_back(pbx: ScriptedPbx) -> list[str]:
    return [sent.url.params["access_token"] for sent in pbx.requests if sent.url.path.endswith("del_token")]


def test_it_signs_in_at_first_need_and_once(session: Session, pbx: ScriptedPbx) -> None:
    assert pbx.calls() == []
    assert session.token() == (Secret("Sample-token-1"), 1)
    assert session.token() == (Secret("Sample-token-1"), 1)
    assert pbx.calls() == ["get_token"]
    assert json.loads(pbx.requests[0].content) == {"username": "client", "password": "Sample-client-secret"}


def test_many_threads_share_one_sign_in(session: Session, pbx: ScriptedPbx) -> None:
    assert in_threads(12, session.token) == [(Secret("Sample-token-1"), 1)] * 12
    assert pbx.calls() == ["get_token"]


def test_it_renews_by_the_refresh_token_a_minute_before_the_end(
    session: Session, pbx: ScriptedPbx, fake_time: FakeTime
) -> None:
    session.token()
    fake_time.seconds += 1739
    assert session.token()[1] == 1
    fake_time.seconds += 2
    assert session.token() == (Secret("Sample-token-2"), 2)
    assert pbx.calls() == ["get_token", "refresh_token"]
    assert json.loads(pbx.requests[1].content) == {"refresh_token": "Sample-refresh-1"}


def test_those_who_come_while_somebody_fails_do_not_try_in_turn(wire: Wire) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        time.sleep(0.2)
        raise httpx.ConnectError("")

    slow_wire = replace(wire, transport=httpx.MockTransport(answer))
    slow = Session(slow_wire, base_url=URL, client_id="client", secret=Secret("Sample-secret"))
    results = in_threads(20, slow.token)
    assert [type(result) for result in results] == [SignInUnanswered] * 20
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [{"errcode": -1}, {"errcode": 10004}, httpx.ReadTimeout("")])
def test_a_failed_refresh_falls_back_to_signing_in(
    session: Session, pbx: ScriptedPbx, fake_time: FakeTime, answer: Any
) -> None:
    session.token()
    pbx.script("refresh_token", answer)
    fake_time.seconds += 1750
    assert session.token() == (Secret("Sample-token-2"), 2)
    assert pbx.calls() == ["get_token", "refresh_token", "get_token"]


def test_a_refresh_that_never_left_can_be_tried_again(session: Session, pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    session.token()
    pbx.script("refresh_token", httpx.ConnectError(""), {"errcode": 0, "errmsg": "SUCCESS"})
    fake_time.seconds += 1750
    with pytest.raises(SignInUnanswered):
        session.token()
    assert session.token()[1] == 2
    assert pbx.calls() == ["get_token", "refresh_token", "refresh_token"]


def test_a_block_met_while_refreshing_sends_no_secret(session: Session, pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    session.token()
    pbx.script("refresh_token", {"errcode": 70004})
    fake_time.seconds += 1750
    with pytest.raises(AddressBlocked):
        session.token()
    assert pbx.calls() == ["get_token", "refresh_token"]


def test_without_a_valid_refresh_token_it_signs_in(session: Session, pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    pbx.script("get_token", {"errcode": 0, "access_token": "Sample-a"})
    session.token()
    fake_time.seconds += 1750
    assert session.token()[1] == 2
    assert pbx.calls() == ["get_token", "get_token"]


def test_after_a_long_sleep_the_refresh_token_is_not_tried(
    session: Session, pbx: ScriptedPbx, fake_time: FakeTime
) -> None:
    session.token()
    fake_time.seconds += 90_000
    assert session.token()[1] == 2
    assert pbx.calls() == ["get_token", "get_token"]


def test_an_expiry_in_a_burst_costs_one_sign_in_for_all(session: Session, pbx: ScriptedPbx) -> None:
    _, serial = session.token()
    assert in_threads(12, lambda: session.renew(serial)) == [(Secret("Sample-token-2"), 2)] * 12
    assert pbx.calls() == ["get_token", "get_token"]


def test_a_stale_report_gets_the_newer_token_without_a_request(session: Session, pbx: ScriptedPbx) -> None:
    session.token()
    session.renew(1)
    assert session.renew(1) == (Secret("Sample-token-2"), 2)
    assert len(pbx.requests) == 2


def test_a_refused_secret_is_sent_exactly_once(session: Session, pbx: ScriptedPbx) -> None:
    pbx.script("get_token", REFUSED)
    results = in_threads(6, session.token)
    assert [type(result) for result in results] == [SignInRefused] * 6
    with pytest.raises(SignInRefused) as caught:
        session.token()
    assert "client secret is wrong" in caught.value.message
    assert "Sample-" not in caught.value.message + caught.value.hint + repr(caught.value)
    assert pbx.calls() == ["get_token"]


def test_a_block_says_until_when_and_stops_at_once(session: Session, pbx: ScriptedPbx) -> None:
    pbx.script("get_token", {"errcode": 70004, "errmsg": "ACCOUNT IP BLOCKED", "block_expire_time": "600"})
    with pytest.raises(AddressBlocked):
        session.token()
    with pytest.raises(AddressBlocked) as caught:
        session.token()
    until = dt.datetime(2030, 1, 1, 0, 26, 40, 50_000, tzinfo=dt.UTC)
    assert f"until {until.astimezone().isoformat(sep=' ', timespec='seconds')}" in caught.value.message
    assert pbx.calls() == ["get_token"]


@pytest.mark.parametrize("errcode", [10001, 10002, 10003, 10005, 70087, 70123])
def test_codes_that_stop_the_pbx_stop_it_in_words(session: Session, pbx: ScriptedPbx, errcode: int) -> None:
    pbx.script("get_token", {"errcode": errcode, "errmsg": "NO"})
    for _ in range(2):
        with pytest.raises(PbxError, match=f"{errcode} NO"):
            session.token()
    assert pbx.calls() == ["get_token"]


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": 70082},
        {"errcode": -2},
        {"errcode": 0, "errmsg": "no token"},
        {"errcode": 0, "access_token": 7},
        httpx.ConnectError(""),
        httpx.ReadTimeout(""),
        httpx.Response(502, text="<html>"),
    ],
)
def test_no_usable_answer_is_unreachable_and_may_be_tried_again(
    session: Session, pbx: ScriptedPbx, answer: Any
) -> None:
    pbx.script("get_token", answer, {"errcode": 0, "errmsg": "SUCCESS"})
    with pytest.raises(PbxUnreachable) as caught:
        session.token()
    assert isinstance(caught.value, SignInUnanswered)
    assert caught.value.reply is not None
    assert session.token()[1] == 1


def test_threads_that_waited_share_a_failure_instead_of_trying_in_turn(session: Session, pbx: ScriptedPbx) -> None:
    pbx.script("get_token", httpx.ConnectError(""))
    session._lock.acquire()  # noqa: SLF001 - so that all of them are waiting before the first may try
    release = threading.Timer(0.2, session._lock.release)  # noqa: SLF001 - the same
    release.start()
    results = in_threads(8, session.token)
    assert [type(result) for result in results] == [SignInUnanswered] * 8
    assert len({id(result) for result in results}) == 8
    assert pbx.calls() == ["get_token"]


def test_tokens_that_never_work_are_not_asked_for_without_end(session: Session, pbx: ScriptedPbx) -> None:
    _, serial = session.token()
    for _ in range(4):
        _, serial = session.renew(serial)
    for _ in range(2):
        with pytest.raises(PbxError, match="calls every token expired"):
            session.renew(serial)
    assert pbx.calls() == ["get_token"] * 5


def test_tokens_that_work_for_a_while_may_be_renewed_without_end(session: Session) -> None:
    _, serial = session.token()
    for _ in range(20):
        session.send(list_trunks(1, 1))
        _, serial = session.renew(serial)
    assert serial == 21


def test_closing_gives_the_token_back(session: Session, pbx: ScriptedPbx, throttle: Throttle) -> None:
    session.token()
    throttle.stop()
    assert session.close()
    assert session.close()
    assert tokens_given_back(pbx) == ["Sample-token-1"]
    with pytest.raises(Stopped):
        session.token()
    with pytest.raises(Stopped):
        session.renew(1)


def test_closing_gives_back_every_token_that_may_still_be_valid(
    session: Session, pbx: ScriptedPbx, fake_time: FakeTime
) -> None:
    session.token()
    fake_time.seconds += 1750
    session.token()
    session.renew(2)
    assert session.close()
    assert tokens_given_back(pbx) == ["Sample-token-1", "Sample-token-2", "Sample-token-3"]


def test_closing_does_not_give_back_what_has_run_out(session: Session, pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    session.token()
    fake_time.seconds += 1801
    assert session.close()
    assert tokens_given_back(pbx) == []


def test_closing_without_a_sign_in_sends_nothing(session: Session, pbx: ScriptedPbx) -> None:
    assert session.close()
    assert pbx.calls() == []


@pytest.mark.parametrize("answer", [httpx.ConnectError(""), {"errcode": -1}, httpx.Response(502)])
def test_closing_never_raises_and_tells_that_a_token_is_left(session: Session, pbx: ScriptedPbx, answer: Any) -> None:
    session.token()
    pbx.script("del_token", answer)
    assert not session.close()


def test_a_pbx_that_hangs_is_asked_to_take_back_one_token_and_not_each_in_turn(
    session: Session, pbx: ScriptedPbx
) -> None:
    session.token()
    session.renew(1)
    session.renew(2)
    pbx.script("del_token", httpx.ReadTimeout(""), {"errcode": 0})
    assert not session.close()
    assert tokens_given_back(pbx) == ["Sample-token-1"]
    assert session.close()
    assert tokens_given_back(pbx) == ["Sample-token-1", "Sample-token-2", "Sample-token-3"]


def test_a_token_that_the_pbx_has_forgotten_counts_as_given_back(session: Session, pbx: ScriptedPbx) -> None:
    session.token()
    pbx.script("del_token", {"errcode": 10004})
    assert session.close()


def test_nobody_is_signed_in_through_a_stopped_gate(session: Session, throttle: Throttle, pbx: ScriptedPbx) -> None:
    throttle.stop()
    with pytest.raises(Stopped):
        session.token()
    assert pbx.calls() == []
