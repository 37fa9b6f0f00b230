"""Every reply, to a read and to a write, and what comes next."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from batch.errors import AddressBlocked, PbxError, PbxUnreachable
from batch.pbx.errcodes import ERRCODES, Verdict
from batch.pbx.replies import Answer, Garbled, NoAnswer, NotSent, Reply
from batch.pbx.requests import Request, query_trunks, update_trunk
from batch.runs.decisions import (
    Again,
    Decision,
    LookAgain,
    Policy,
    Refuse,
    SignInAgain,
    StopPbx,
    Taken,
    decide,
    pause_after,
)

READ = query_trunks([1])
WRITE = update_trunk({"id": 1, "enable": 1})


def said(errcode: int, **more: Any) -> Answer:
    return Answer(errcode=errcode, errmsg="WORDS", body={"errcode": errcode, **more.pop("body", {})}, **more)


def after(request: Request, reply: Reply, attempt: int = 1, silent_for: float = 0.0, **policy: Any) -> Decision:
    return decide(request, reply, attempt=attempt, policy=Policy(**policy), silent_for=silent_for)


WRITES = {
    Verdict.DONE: Taken(),
    Verdict.PARTIAL: Taken(),
    Verdict.PROCESSING: LookAgain(0.5),
    Verdict.TRANSIENT: Again(0.5, unclear=False),
    Verdict.RETRY: Again(0.5, unclear=True),
    Verdict.SIGN_IN_AGAIN: SignInAgain(),
    Verdict.PERMANENT: Refuse(),
}
READS = {
    Verdict.DONE: Taken(),
    Verdict.PARTIAL: Again(0.5, unclear=False),
    Verdict.PROCESSING: Again(0.5, unclear=False),
    Verdict.TRANSIENT: Again(0.5, unclear=False),
    Verdict.RETRY: Again(0.5, unclear=False),
    Verdict.SIGN_IN_AGAIN: SignInAgain(),
    Verdict.PERMANENT: Refuse(),
}


@pytest.mark.parametrize("code", [*ERRCODES, 99999])
def test_every_errcode_says_what_comes_next_for_a_write_and_for_a_read(code: int) -> None:
    verdict = ERRCODES[code].verdict if code in ERRCODES else Verdict.PERMANENT
    if verdict is Verdict.STOP_PBX:
        assert isinstance(after(WRITE, said(code)), StopPbx)
        assert isinstance(after(READ, said(code)), StopPbx)
    else:
        assert after(WRITE, said(code)) == WRITES[verdict]
        assert after(READ, said(code)) == READS[verdict]


def test_the_tables_of_this_test_cover_every_verdict() -> None:
    assert WRITES.keys() | {Verdict.STOP_PBX} == READS.keys() | {Verdict.STOP_PBX} == set(Verdict)


def test_a_stumble_that_names_a_field_is_a_refusal() -> None:
    reply = said(-2, body={"invalid_param_list": [{"field": "port"}]})
    assert after(WRITE, reply) == Refuse()
    assert after(READ, reply) == Refuse()


@pytest.mark.parametrize("attempt", [1, 5, 50])
def test_a_write_without_an_answer_is_never_given_up_here_but_looked_at(attempt: int) -> None:
    for reply in (NoAnswer(reason="x"), NoAnswer(reason="x", timed_out=True), Garbled(reason="x", http_status=502)):
        assert after(WRITE, reply, attempt) == Again(pause_after(attempt), unclear=True)


def test_a_write_that_was_not_sent_has_certainly_no_effect() -> None:
    assert after(WRITE, NotSent(reason="x")) == Again(0.5, unclear=False)


def test_retry_after_is_heeded_whoever_says_it() -> None:
    assert after(WRITE, said(70082, retry_after=90.0)) == Again(90.0, unclear=False)
    assert after(READ, said(70082, retry_after=90.0)) == Again(90.0, unclear=False)
    assert after(WRITE, said(-2, retry_after=3.0)) == Again(3.0, unclear=True)
    assert after(WRITE, Garbled(reason="x", http_status=503, retry_after=90.0)) == Again(90.0, unclear=True)
    assert after(READ, Garbled(reason="x", http_status=503, retry_after=90.0)) == Again(90.0, unclear=False)
    assert after(WRITE, said(70082, retry_after=0.0)) == Again(0.5, unclear=False)


def test_pauses_double_up_to_thirty_seconds_however_many_there_were() -> None:
    assert [pause_after(attempt) for attempt in (1, 2, 3, 6, 7, 8)] == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0]
    assert pause_after(5000) == 30.0


@pytest.mark.parametrize("code", [-2, 1, 2])
def test_a_read_that_the_pbx_keeps_answering_badly_ends_after_so_many_attempts(code: int) -> None:
    assert isinstance(after(READ, said(code), 4), Again)
    decision = after(READ, said(code), 5)
    assert isinstance(decision, StopPbx)
    assert str(code) in decision.error.message
    assert "5 tries" in decision.error.message


@pytest.mark.parametrize(
    "reply", [NoAnswer(reason="no answer within 30 s"), Garbled(reason="HTML", http_status=502), said(70082)]
)
def test_a_pbx_that_was_heard_before_is_waited_for_until_it_has_been_away_too_long(reply: Reply) -> None:
    assert isinstance(after(READ, reply, 5, silent_for=299), Again)
    assert isinstance(after(READ, reply, 4, silent_for=301), Again)
    assert isinstance(after(READ, reply, 5, silent_for=300), StopPbx)
    assert isinstance(after(READ, reply, 2, silent_for=math.inf, attempts=2), StopPbx)


def test_an_address_never_reached_is_tried_three_times() -> None:
    assert isinstance(after(READ, NotSent(reason="refused"), 2, silent_for=math.inf), Again)
    decision = after(READ, NotSent(reason="connection refused"), 3, silent_for=math.inf)
    assert isinstance(decision, StopPbx)
    assert isinstance(decision.error, PbxUnreachable)
    assert "connection refused" in decision.error.message
    assert isinstance(after(WRITE, NotSent(reason="refused"), 3, silent_for=math.inf), StopPbx)
    assert isinstance(after(READ, NotSent(reason="refused"), 30, silent_for=299), Again)
    assert isinstance(after(READ, NotSent(reason="refused"), 30, silent_for=20, give_up_after=20), StopPbx)


def test_a_blocked_address_is_an_error_of_its_own() -> None:
    blocked, denied = after(WRITE, said(70004)), after(READ, said(10005))
    assert isinstance(blocked, StopPbx)
    assert isinstance(denied, StopPbx)
    assert type(blocked.error) is AddressBlocked
    assert type(denied.error) is PbxError
    assert "10005 WORDS" in denied.error.message


def test_words_of_the_table_stand_in_where_the_pbx_gives_none() -> None:
    decision = after(READ, dataclasses.replace(said(-2), errmsg=""), 9)
    assert isinstance(decision, StopPbx)
    assert "-2 INTERNAL SERVER ERROR" in decision.error.message
    stopped = after(READ, dataclasses.replace(said(10005), errmsg=""))
    assert isinstance(stopped, StopPbx)
    assert "10005 ACCESS DENIED" in stopped.error.message
