from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from batch.errors import AddressBlocked
from batch.pbx.messages import Answer, InvalidResponse, NoResponse, NotSent
from batch.pbx.sign_ins import Failure, Grant, blocked, blocked_until, may_pass, read_sign_in

URL = "https://pbx.example:8088"
NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("block_expire_time", "seconds"),
    [(600, 600), ("600", 600), (int(NOW.timestamp()) + 600, 600), ((int(NOW.timestamp()) + 600) * 1000, 600)],
)
def test_the_end_of_a_block_may_be_a_date_or_seconds_left(block_expire_time: Any, seconds: int) -> None:
    reply = Answer(errcode=70004, errmsg="", body={"block_expire_time": block_expire_time})
    failure = read_sign_in(reply, base_url=URL, now=NOW)
    until = (NOW + dt.timedelta(seconds=seconds)).astimezone().isoformat(sep=" ", timespec="seconds")
    assert isinstance(failure, Failure)
    assert f"until {until}" in failure.message


@pytest.mark.parametrize("value", [None, "soon", True, 0, -5, []])
def test_a_block_without_a_readable_end_is_about_ten_minutes(value: Any) -> None:
    reply = Answer(errcode=70004, errmsg="", body={"block_expire_time": value})
    failure = read_sign_in(reply, base_url=URL, now=NOW)
    assert isinstance(failure, Failure)
    assert "about ten minutes" in failure.message


@pytest.mark.parametrize(
    ("reply", "message", "hint"),
    [
        (
            InvalidResponse(reason="an HTML page instead of JSON (HTTP 404)", http_status=404),
            "No P-Series PBX answers at https://pbx.example:8088: an HTML page instead of JSON (HTTP 404).",
            "usually it is https://pbx.example:8088 for a PBX on premises",
        ),
        (
            NotSent(reason="connection refused"),
            "No P-Series PBX answers at https://pbx.example:8088: connection refused.",
            "Check --url",
        ),
        (NotSent(reason="not trusted", distrusted=True), "not trusted", "Compare the certificate's"),
        (NotSent(reason="an http port?", speaks="http"), "an http port?", "Check the port in --url"),
        (InvalidResponse(reason="x", http_status=503), "x", "wait a little"),
        (InvalidResponse(reason="x", http_status=401), "x", "asks for a sign-in of its own"),
    ],
)
def test_each_way_of_not_answering_has_its_advice(reply: Any, message: str, hint: str) -> None:
    failure = read_sign_in(reply, base_url=URL, now=NOW)
    assert isinstance(failure, Failure)
    assert message in failure.message
    assert hint in failure.hint


def test_what_a_proxy_may_have_refused_is_not_laid_to_the_address_alone() -> None:
    failure = read_sign_in(NotSent(reason="connection refused"), base_url=URL, now=NOW, proxied=True)
    assert isinstance(failure, Failure)
    assert failure.hint == (
        "Check --url, and the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names; or leave out --proxy."
    )


def test_whoever_speaks_http_to_an_https_port_is_given_the_address() -> None:
    reply = NoResponse(reason="http was spoken to an https port", speaks="https")
    failure = read_sign_in(reply, base_url="http://pbx.example:8088", now=NOW)
    assert isinstance(failure, Failure)
    assert failure.hint == "Begin --url with https:  https://pbx.example:8088"


@pytest.mark.parametrize(
    ("reply", "passes"),
    [
        (NotSent(reason="x"), True),
        (NotSent(reason="x", distrusted=True), False),
        (NotSent(reason="x", speaks="http"), False),
        (NoResponse(reason="x"), True),
        (NoResponse(reason="x", speaks="https"), False),
    ],
)
def test_what_another_try_would_meet_again_does_not_pass(reply: Any, *, passes: bool) -> None:
    assert may_pass(reply) is passes


@pytest.mark.parametrize(
    ("life", "after"), [("1800", 1740.0), (1800, 1740.0), (100, 90.0), (5, 4.5), (None, 1740.0), (0, 1740.0)]
)
def test_a_token_is_renewed_a_little_before_its_end(life: Any, after: float) -> None:
    body = {"access_token": "Sample-a", "access_token_expire_time": life}
    grant = read_sign_in(Answer(errcode=0, errmsg="", body=body), base_url=URL, now=NOW)
    assert isinstance(grant, Grant)
    assert grant.renew_after == after
    assert "Sample-" not in repr(grant)


def test_a_block_says_the_same_whichever_call_it_answers() -> None:
    answer = Answer(errcode=70004, errmsg="", body={"errcode": 70004, "block_expire_time": 600})
    error = blocked(answer, NOW).error()
    until = (NOW + dt.timedelta(seconds=600)).astimezone().isoformat(sep=" ", timespec="seconds")
    assert isinstance(error, AddressBlocked)
    assert error.message == (
        f"The PBX has blocked this machine's address after failed sign-ins, until {until} (70004 ACCOUNT IP BLOCKED)."
    )
    assert read_sign_in(answer, base_url=URL, now=NOW) == blocked(answer, NOW)
    assert blocked_until(answer.body, NOW) == f"until {until}"
