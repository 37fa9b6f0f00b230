"""Every reply, to a read and to a write, and what comes next."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from batch.errors import AddressBlocked, PbxError, PbxUnreachable
from batch.pbx.error_codes import ERRCODES, Verdict
from batch.pbx.messages import Answer, InvalidResponse, NoResponse, NotSent, Reply, Request, query_trunks, update_trunk
from batch.runs.retries import (
    FAILURES_TO_OPEN,
    Again,
    Decision,
    LookAgain,
    Outage,
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


NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
NEVER = Outage()
"""At the door: nobody ever answered."""
HEARD = Outage(heard=True)


def silent(seconds: float, failures: int = FAILURES_TO_OPEN) -> Outage:
    """Say that a PBX that was there has been silent for so long."""
    return Outage(heard=True, since=1000.0, seconds=seconds, failures=failures)


def after(request: Request, reply: Reply, attempt: int = 1, outage: Outage = HEARD, **policy: Any) -> Decision:
    return decide(request, reply, attempt=attempt, policy=Policy(**policy), outage=outage, now=NOW)


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
    for reply in (
        NoResponse(reason="x"),
        NoResponse(reason="x", timed_out=True),
        InvalidResponse(reason="x", http_status=502),
    ):
        assert after(WRITE, reply, attempt) == Again(pause_after(attempt), unclear=True)


def test_a_write_that_was_not_sent_has_certainly_no_effect() -> None:
    assert after(WRITE, NotSent(reason="x")) == Again(0.5, unclear=False)


def test_retry_after_is_heeded_whoever_says_it() -> None:
    assert after(WRITE, said(70082, retry_after=90.0)) == Again(90.0, unclear=False)
    assert after(READ, said(70082, retry_after=90.0)) == Again(90.0, unclear=False)
    assert after(WRITE, said(-2, retry_after=3.0)) == Again(3.0, unclear=True)
    assert after(WRITE, InvalidResponse(reason="x", http_status=503, retry_after=90.0)) == Again(90.0, unclear=True)
    assert after(READ, InvalidResponse(reason="x", http_status=503, retry_after=90.0)) == Again(90.0, unclear=False)
    assert after(WRITE, said(70082, retry_after=0.0)) == Again(0.5, unclear=False)


def test_pauses_double_up_to_thirty_seconds_however_many_there_were() -> None:
    assert [pause_after(attempt) for attempt in (1, 2, 3, 6, 7, 8)] == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0]
    assert pause_after(5000) == 30.0


@pytest.mark.parametrize("code", [-2, 1, 2])
def test_a_read_that_the_pbx_keeps_answering_badly_ends_after_so_many_attempts(code: int) -> None:
    assert isinstance(after(READ, said(code), 4), Again)
    assert after(READ, said(code), 5) == Refuse()  # it says nothing of what else is asked for


NO_API: list[Reply] = [
    NotSent(reason="connection refused"),
    NoResponse(reason="no answer within 30 s", timed_out=True),
    InvalidResponse(reason="HTML", http_status=502),
]
BUSY: list[Reply] = [said(70082), InvalidResponse(reason="HTML", http_status=503, retry_after=7.0)]


@pytest.mark.parametrize("reply", NO_API)
@pytest.mark.parametrize("attempt", [1, 50])
def test_a_pbx_that_was_heard_before_is_waited_for_until_it_has_been_away_too_long(reply: Reply, attempt: int) -> None:
    assert isinstance(after(READ, reply, attempt, silent(299.9)), Again)
    lost = after(READ, reply, attempt, silent(300.0))
    assert isinstance(lost, StopPbx)
    assert isinstance(lost.error, PbxUnreachable)
    assert isinstance(after(READ, reply, attempt, silent(20), give_up_after=20), StopPbx)


@pytest.mark.parametrize("reply", NO_API)
def test_one_failure_loses_nobody_however_long_it_took(reply: Reply) -> None:
    assert isinstance(after(READ, reply, 1, silent(30, failures=1), give_up_after=5), Again)
    assert isinstance(after(READ, reply, 2, silent(60, failures=2), give_up_after=5), Again)
    assert isinstance(after(READ, reply, 3, silent(90, failures=3), give_up_after=5), StopPbx)


@pytest.mark.parametrize("reply", BUSY)
def test_one_that_says_it_is_busy_is_asked_at_least_so_many_times_and_for_so_long(reply: Reply) -> None:
    assert isinstance(after(READ, reply, 5, silent(299, failures=0)), Again)
    assert isinstance(after(READ, reply, 4, silent(301, failures=0)), Again)
    assert isinstance(after(READ, reply, 5, silent(301, failures=0)), StopPbx)


def test_an_address_never_reached_is_tried_three_times() -> None:
    refused = NotSent(reason="connection refused")
    assert isinstance(after(READ, refused, 2, NEVER), Again)
    decision = after(READ, refused, 3, NEVER)
    assert isinstance(decision, StopPbx)
    assert isinstance(decision.error, PbxUnreachable)
    assert "connection refused" in decision.error.message
    assert isinstance(after(WRITE, refused, 3, NEVER), StopPbx)


@pytest.mark.parametrize("reply", [*NO_API[1:], *BUSY])
def test_one_that_never_gave_a_useful_answer_is_read_so_many_times(reply: Reply) -> None:
    assert isinstance(after(READ, reply, 4, NEVER), Again)
    assert isinstance(after(READ, reply, 5, NEVER), StopPbx)
    assert isinstance(after(READ, reply, 2, NEVER, attempts=2), StopPbx)


def test_a_write_that_cannot_be_sent_any_more_loses_the_pbx_and_one_without_an_answer_is_looked_at_first() -> None:
    assert isinstance(after(WRITE, NO_API[0], 1, silent(299)), Again)
    assert isinstance(after(WRITE, NO_API[0], 1, silent(300)), StopPbx)
    assert isinstance(after(WRITE, NO_API[1], 9, silent(900)), Again)


def test_a_write_whose_turn_came_too_late_is_looked_at_again_at_once() -> None:
    late = NotSent(reason="its turn came too late", late=True)
    assert after(WRITE, late, 9, silent(900)) == Again(0.0, unclear=False)


def told(outage: Outage, *replies: tuple[float, Reply]) -> Outage:
    """Let replies come in at these moments."""
    for at, reply in replies:
        outage = outage.after(reply, at)
    return outage


def test_silence_begins_with_the_first_failure_and_ends_with_a_useful_answer() -> None:
    asleep = NoResponse(reason="reset", elapsed=28_800.0)
    outage = told(HEARD, (100.0, asleep), (110.0, NotSent(reason="refused")))
    assert outage == Outage(heard=True, since=100.0, seconds=10.0, failures=2)
    assert not outage.away
    assert told(outage, (111.0, NoResponse(reason="x"))).away
    assert told(outage, (111.0, said(0))) == HEARD
    assert told(outage, (111.0, said(10004))) == HEARD


def test_being_busy_is_an_answer_but_no_useful_one() -> None:
    refused = NotSent(reason="refused")
    outage = told(HEARD, *[(100.0, refused)] * 3, (110.0, said(70082)))
    assert outage == Outage(heard=True, since=100.0, seconds=10.0, failures=0)
    assert told(NEVER, (100.0, said(70082))).heard is False


def test_asking_for_patience_is_neither_an_answer_nor_a_failure() -> None:
    refused: Reply = NotSent(reason="refused")
    patience: Reply = InvalidResponse(reason="HTML", http_status=503, retry_after=0.0)
    assert told(HEARD, *[(100.0, patience)] * 9).failures == 0
    assert told(HEARD, *[(100.0, refused), (101.0, patience)] * 2, (102.0, refused)).away
    assert told(HEARD, *[(100.0, refused)] * 3, (101.0, patience)).away


def test_a_gateway_that_answers_in_its_place_is_a_failure() -> None:
    assert told(HEARD, *[(100.0, InvalidResponse(reason="HTML", http_status=502))] * 3).away


def test_an_answer_to_a_probe_lets_all_go_on_and_ends_no_silence() -> None:
    outage = told(HEARD, *[(100.0, NotSent(reason="refused"))] * 3)
    assert not outage.after_probe(said(0), 110.0).away
    assert outage.after_probe(said(70082), 110.0).since == 100.0
    assert told(outage.after_probe(said(0), 110.0), (140.0, NoResponse(reason="x"))).seconds == 40.0
    assert outage.after_probe(NoResponse(reason="x"), 110.0).failures == 4


def test_a_request_that_never_left_tells_nothing() -> None:
    late = NotSent(reason="its turn came too late", late=True)
    assert told(HEARD, *[(100.0, late)] * 9) == HEARD


def test_nobody_is_away_who_was_never_there() -> None:
    assert not told(NEVER, *[(100.0, NotSent(reason="refused"))] * 9).away


def test_a_blocked_address_is_an_error_of_its_own() -> None:
    blocked, denied = after(WRITE, said(70004)), after(READ, said(10005))
    assert isinstance(blocked, StopPbx)
    assert isinstance(denied, StopPbx)
    assert type(blocked.error) is AddressBlocked
    assert type(denied.error) is PbxError
    assert "10005 WORDS" in denied.error.message


def test_a_blocked_address_is_told_until_when_it_is() -> None:
    for request in (READ, WRITE):
        decision = after(request, said(70004, body={"block_expire_time": int(NOW.timestamp()) + 600}))
        assert isinstance(decision, StopPbx)
        assert f"until {(NOW + dt.timedelta(minutes=10)).astimezone():%Y-%m-%d %H:%M}" in decision.error.message
        assert "70004 WORDS" in decision.error.message


def test_words_of_the_table_stand_in_where_the_pbx_gives_none() -> None:
    stopped = after(READ, dataclasses.replace(said(10005), errmsg=""))
    assert isinstance(stopped, StopPbx)
    assert "10005 ACCESS DENIED" in stopped.error.message
