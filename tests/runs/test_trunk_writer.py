"""One write and whatever may come of it: settled by looking, never sent again in the blind, never a false success."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from batch.errors import AddressBlocked, PbxUnreachable
from batch.pbx.messages import get_trunk
from batch.runs.journal import JOURNAL
from batch.runs.outcomes import Ending, Outcome
from batch.runs.trunk_writer import (
    CHANGED_SINCE,
    NOT_READ_BACK,
    PASSWORD_NOT_COMPARED,
    PASSWORD_UNKNOWN,
    STILL_AT_IT,
    TRUNK_GONE,
    Work,
)
from batch.trunks.change_plan import Change
from tests.runs.fakes import FakePbx, Run, answer, changes, running, trunk

HEADER = "Trunk ID|Hostname|Port|Enabled"
NEW = "1|new.example|5060|no"
"""The port is wanted as it already is."""


def one(pbx: FakePbx) -> Change:
    (change,) = changes(pbx, HEADER, NEW)
    return change


def write(pbx: FakePbx, folder: Path, *words: str, **policy: Any) -> tuple[Outcome, Run]:
    """Write one trunk while the PBX answers the writes with these words."""
    change = one(pbx)
    pbx.script("trunk/update", *words)
    with running(pbx, folder, **policy) as run:
        run.dispatch([change])
        assert pbx.broken == []
        return run.only, run


def holds(pbx: FakePbx) -> tuple[Any, Any]:
    return pbx.trunks[1]["hostname"], pbx.trunks[1].get("enable")


OLD_STATE, NEW_STATE = ("old.example", None), ("new.example", 0)
UNCLEAR = ["timeout", "reset", "cut", "half", "html", "empty", "list", "-2", "slow"]


def test_a_clear_yes_is_read_back(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, _ = write(pbx, tmp_path)
    assert pbx.calls() == ["trunk/query", "trunk/update", "trunk/query"]
    assert (outcome.ending, outcome.errcode, outcome.attempts, outcome.read) == (Ending.APPLIED, 0, 1, True)
    assert (outcome.errmsg, outcome.http_status, outcome.note) == ("SUCCESS", 200, "")
    assert outcome.elapsed_ms is not None
    assert outcome.elapsed_ms >= 50
    assert outcome.finished_at is not None
    assert holds(pbx) == NEW_STATE


@pytest.mark.parametrize("word", UNCLEAR)
def test_an_unclear_answer_after_the_write_took_effect_is_settled_by_looking(
    pbx: FakePbx, tmp_path: Path, word: str
) -> None:
    outcome, _ = write(pbx, tmp_path, f"{word}+")
    assert (outcome.ending, outcome.attempts) == (Ending.APPLIED, 1)
    assert pbx.calls() == ["trunk/query", "trunk/update", "trunk/query"]
    assert outcome.errcode == (-2 if word == "-2" else None)


@pytest.mark.parametrize("word", UNCLEAR)
def test_one_before_it_took_effect_is_looked_at_and_then_sent_again(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    outcome, _ = write(pbx, tmp_path, word, word, "ok")
    assert (outcome.ending, outcome.attempts, outcome.errcode) == (Ending.APPLIED, 3, 0)
    assert pbx.calls() == ["trunk/query", *["trunk/update", "trunk/query"] * 3]


@pytest.mark.parametrize("word", UNCLEAR)
def test_attempts_run_out_and_reading_shows_the_old_state(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    outcome, run = write(pbx, tmp_path, *[word] * 9)
    assert (outcome.ending, outcome.attempts, outcome.read) == (Ending.FAILED, 5, True)
    assert outcome.difference.fields["hostname"] == ("old.example", "new.example")
    assert pbx.calls()[-1] == "trunk/query"
    assert run.trunk_writer.lost is None
    assert holds(pbx) == OLD_STATE


@pytest.mark.parametrize("word", UNCLEAR)
def test_it_is_not_sent_again_once_somebody_changed_the_trunk_meanwhile(
    pbx: FakePbx, tmp_path: Path, word: str
) -> None:
    pbx.script("trunk/query", "ok", "edit")
    outcome, _ = write(pbx, tmp_path, word)
    assert (outcome.ending, outcome.attempts) == (Ending.PARTIAL, 1)
    assert outcome.difference.fields["hostname"] == ("foreign-1.example", "new.example")
    assert pbx.written == [1]


def test_a_late_effect_is_found_by_the_next_look(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, _ = write(pbx, tmp_path, "timeout~", "timeout", "timeout")
    assert outcome.ending is Ending.APPLIED
    assert len(pbx.written) <= 2


def test_a_half_that_was_taken_is_partial(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, _ = write(pbx, tmp_path, "1")
    assert (outcome.ending, outcome.errcode, outcome.attempts) == (Ending.PARTIAL, 1, 1)
    assert list(outcome.difference.fields) == [next(iter(one(FakePbx(trunks={1: pbx.trunks[1]})).difference.fields))]


def test_errcode_1_is_read_back_and_believed_only_then(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, _ = write(pbx, tmp_path, "1+")
    assert (outcome.ending, outcome.errcode) == (Ending.APPLIED, 1)


def test_errcode_1_without_any_effect_is_partial_and_not_sent_again(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, _ = write(pbx, tmp_path, "1-")
    assert (outcome.ending, outcome.attempts) == (Ending.PARTIAL, 1)


@pytest.mark.parametrize(("word", "looks"), [("2+", 1), ("2", 2)])
def test_errcode_2_waits_and_looks(pbx: FakePbx, tmp_path: Path, word: str, looks: int) -> None:
    outcome, _ = write(pbx, tmp_path, word)
    assert (outcome.ending, outcome.errcode, outcome.attempts) == (Ending.APPLIED, 2, 1)
    assert pbx.calls() == ["trunk/query", "trunk/update", *["trunk/query"] * looks]


def test_errcode_2_that_never_ends_fails_without_another_send(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, _ = write(pbx, tmp_path, "2-", attempts=12)
    assert (outcome.ending, outcome.attempts) == (Ending.FAILED, 1)
    assert pbx.calls().count("trunk/query") == 1 + 12
    assert max(pbx.time.waits) == 30.0


def test_errcode_2_with_half_of_it_done_is_waited_for(pbx: FakePbx, tmp_path: Path) -> None:
    def begin(number: int) -> None:
        pbx.trunks[number]["hostname"] = "new.example"

    pbx.at_write = begin
    outcome, _ = write(pbx, tmp_path, "2")
    assert outcome.ending is Ending.APPLIED
    outcome, _ = write(FakePbx(trunks={1: pbx.trunks[1] | {"hostname": "old.example", "enable": 1}}), _sub(tmp_path))
    assert outcome.ending is Ending.APPLIED


def test_errcode_2_that_stays_half_done_is_partial(pbx: FakePbx, tmp_path: Path) -> None:
    def begin(number: int) -> None:
        pbx.trunks[number]["hostname"] = "new.example"

    pbx.at_write = begin
    outcome, _ = write(pbx, tmp_path, "2-", attempts=3)
    assert outcome.ending is Ending.PARTIAL
    assert list(outcome.difference.fields) == ["enable"]
    assert pbx.written == [1]


def _sub(folder: Path) -> Path:
    (folder / "2").mkdir()
    return folder / "2"


@pytest.mark.parametrize("word", ["-1", "10001", "10009", "40001", "40002", "40003", "60001", "60002", "-2p", "12345"])
def test_a_no_is_never_sent_again(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    outcome, _ = write(pbx, tmp_path, word)
    assert (outcome.ending, outcome.attempts, outcome.errmsg) == (Ending.REFUSED, 1, "WORDS")
    assert outcome.note != ""
    assert pbx.calls() == ["trunk/query", "trunk/update"]
    assert [fault.field for fault in outcome.faults] == (["hostname"] if word == "-2p" else [])


@pytest.mark.parametrize("word", ["busy", "busy9"])
def test_an_overloaded_pbx_is_asked_again_after_a_look(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    outcome, _ = write(pbx, tmp_path, word, word, "ok")
    assert (outcome.ending, outcome.attempts) == (Ending.APPLIED, 3)
    assert pbx.calls() == ["trunk/query", *["trunk/update", "trunk/query"] * 3]
    assert (9.0 in pbx.time.waits) is (word == "busy9")


def test_one_that_stays_overloaded_fails(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, _ = write(pbx, tmp_path, *["busy"] * 9)
    assert (outcome.ending, outcome.attempts, outcome.errcode) == (Ending.FAILED, 5, 70082)


def test_a_retry_after_longer_than_our_patience_is_waited_for_and_no_silence(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.script("trunk/query", "ok", *["down"] * 6)
    outcome, _ = write(pbx, tmp_path, "slow", give_up_after=5)
    assert outcome.ending is Ending.UNKNOWN
    pbx = FakePbx(trunks={1: pbx.trunks[1] | {"hostname": "old.example"}})
    pbx.script("trunk/query", "ok", "down", "down")
    outcome, _ = write(pbx, _sub(tmp_path), "slow", give_up_after=60)
    assert outcome.ending is Ending.APPLIED


@pytest.mark.parametrize("word", ["busy", "down"])
def test_a_change_by_somebody_else_before_anything_of_ours_is_not_run(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    pbx.script("trunk/query", "ok", "edit")
    outcome, _ = write(pbx, tmp_path, word)
    assert (outcome.ending, outcome.note) == (Ending.NOT_RUN, CHANGED_SINCE)
    assert outcome.difference.fields["hostname"][0] == "foreign-1.example"


def test_a_trunk_deleted_meanwhile_ends_by_what_was_sent(pbx: FakePbx, tmp_path: Path) -> None:
    def delete(call: str) -> None:
        if call == "trunk/query" and pbx.calls().count("trunk/update"):
            pbx.trunks.pop(1, None)

    pbx.at_call = delete
    outcome, _ = write(pbx, tmp_path, "busy")
    assert (outcome.ending, outcome.note) == (Ending.NOT_RUN, TRUNK_GONE)
    pbx.add(FakePbx().trunks.get(1, {"id": 1, "name": "T1", "type": "register", "hostname": "old.example"}))
    pbx.requests.clear()
    outcome, _ = write(pbx, _sub(tmp_path), "timeout")
    assert (outcome.ending, outcome.note) == (Ending.PARTIAL, TRUNK_GONE)


def test_what_somebody_else_did_in_our_stead_is_unchanged_if_nothing_of_ours_arrived(
    pbx: FakePbx, tmp_path: Path
) -> None:
    def same(call: str) -> None:
        if call == "trunk/query" and len(pbx.calls()) > 1:
            pbx.trunks[1] |= {"hostname": "new.example", "enable": 0}

    pbx.at_call = same
    outcome, _ = write(pbx, tmp_path, "down")
    assert outcome.ending is Ending.UNCHANGED
    pbx.trunks[1] |= {"hostname": "old.example", "enable": 1}
    pbx.requests.clear()
    outcome, _ = write(pbx, _sub(tmp_path), "busy")
    assert outcome.ending is Ending.APPLIED


def test_an_edit_right_after_ours_is_partial_and_not_overwritten(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, _ = write(pbx, tmp_path, "edit+")
    assert (outcome.ending, outcome.errcode) == (Ending.PARTIAL, 0)
    assert pbx.written == [1]


def test_applied_means_all_that_was_wanted_not_only_what_was_written(pbx: FakePbx, tmp_path: Path) -> None:
    def move_the_port(number: int) -> None:
        pbx.edit(number, port=5070)

    pbx.at_write = move_the_port
    outcome, _ = write(pbx, tmp_path)
    assert outcome.ending is Ending.PARTIAL
    assert outcome.difference.fields == {"port": (5070, 5060)}


@pytest.mark.parametrize("word", ["timeout", "reset", "html", "half"])
@pytest.mark.parametrize("reads", ["down", "html", "timeout"])
def test_unknown_is_only_what_cannot_be_read_either(pbx: FakePbx, tmp_path: Path, word: str, reads: str) -> None:
    pbx.script("trunk/query", "ok", *[reads] * 100)
    outcome, run = write(pbx, tmp_path, word)
    assert (outcome.ending, outcome.attempts) == (Ending.UNKNOWN, 1)
    assert isinstance(run.trunk_writer.lost, PbxUnreachable)
    assert outcome.note == run.trunk_writer.lost.message
    assert pbx.written == [1]


def test_a_success_that_cannot_be_read_back_is_unknown(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.script("trunk/query", "ok", "10009")
    pbx.script("trunk/get", "10009")
    outcome, run = write(pbx, tmp_path)
    assert (outcome.ending, outcome.errcode) == (Ending.UNKNOWN, 0)
    assert outcome.note == "The trunk cannot be read: the PBX answers 10009 WORDS when asked for it."
    assert run.trunk_writer.lost is None  # what one trunk is refused says nothing of the others


@pytest.mark.parametrize("word", ["70004", "70087", "10005"])
def test_a_code_that_stops_the_pbx_refuses_this_trunk_and_sends_nothing_more(
    pbx: FakePbx, tmp_path: Path, word: str
) -> None:
    planned = changes(pbx, HEADER, NEW, "2|new.example||", "3|new.example||")
    pbx.script("trunk/update", "ok", word)
    with running(pbx, tmp_path, concurrency=1) as run:
        run.dispatch(planned, workers=1)
    assert run.endings == {2: "refused", 3: "not run", 1: "unknown"}
    assert pbx.calls() == ["trunk/query", "trunk/update", "trunk/update"]
    assert isinstance(run.trunk_writer.lost, AddressBlocked) is (word == "70004")


def test_a_pbx_that_lets_nobody_connect_any_more_leaves_the_trunk_not_run(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.script("trunk/query", "ok", *["down"] * 100)
    outcome, run = write(pbx, tmp_path, "down")
    assert outcome.ending is Ending.NOT_RUN
    assert run.trunk_writer.lost is not None
    assert outcome.note == run.trunk_writer.lost.message
    assert pbx.written == []


def test_a_run_without_any_patience_gives_up_at_the_third_failure_in_a_row(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.script("trunk/query", "ok", "down", "down")
    outcome, run = write(pbx, tmp_path, "down", give_up_after=0)
    assert (outcome.ending, outcome.attempts) == (Ending.NOT_RUN, 1)
    assert isinstance(run.trunk_writer.lost, PbxUnreachable)
    assert run.words == []


def test_the_write_whose_failure_loses_the_pbx_is_not_run_either(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path, give_up_after=0) as run:
        (work,) = run.looked_at(one(pbx))
        pbx.script("trunk/get", "down", "down")
        pbx.script("trunk/update", "down")
        for _ in range(2):
            run.client.send(get_trunk(1), 1)
        outcome = run.trunk_writer.write(work)
    assert outcome is not None
    assert (outcome.ending, outcome.attempts, outcome.reached) == (Ending.NOT_RUN, 1, False)
    assert run.trunk_writer.lost is not None
    assert outcome.note == run.trunk_writer.lost.message


def test_writes_that_cannot_be_sent_while_reads_can_fail_after_so_many_attempts(pbx: FakePbx, tmp_path: Path) -> None:
    outcome, run = write(pbx, tmp_path, *["down"] * 9, give_up_after=0)
    assert (outcome.ending, outcome.attempts, outcome.reached) == (Ending.FAILED, 5, False)
    assert run.trunk_writer.lost is None


def test_overload_and_then_nothing_at_all_failed_and_is_not_unknown(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.script("trunk/query", "ok", "ok", *["down"] * 100)
    outcome, _ = write(pbx, tmp_path, "busy", "down")
    assert (outcome.ending, outcome.attempts) == (Ending.FAILED, 2)


def test_a_token_that_cannot_be_had_for_the_write_leaves_it_unsent_and_uncounted(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.script("get_token", "ok", "-1")
    pbx.script("refresh_token", "-1")
    outcome, run = write(pbx, tmp_path, "expired")
    assert (outcome.ending, outcome.attempts, outcome.elapsed_ms) == (Ending.NOT_RUN, 0, None)
    assert run.trunk_writer.lost is not None
    assert "refused" in outcome.note
    with sqlite3.connect(tmp_path / JOURNAL) as book:
        rows = book.execute("SELECT errcode, settled_at IS NOT NULL FROM requests WHERE call='trunk/update'").fetchall()
    book.close()
    assert rows == [(10004, 1)]


def test_an_abandoned_write_is_not_counted_and_takes_no_time(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        run.client.listed()
        run.trunk_writer.abandon()
        outcome = run.trunk_writer.write(Work(change=one(pbx)))
    assert outcome is not None
    assert (outcome.ending, outcome.attempts, outcome.elapsed_ms) == (Ending.NOT_RUN, 0, None)
    assert outcome.note == "Stopped before its turn."


@pytest.mark.parametrize(
    ("word", "ending", "note"),
    [
        ("ok", Ending.APPLIED, NOT_READ_BACK),
        ("1+", Ending.UNKNOWN, NOT_READ_BACK),
        ("2+", Ending.UNKNOWN, NOT_READ_BACK),
        *((word, Ending.UNKNOWN, NOT_READ_BACK) for word in UNCLEAR),
    ],
)
def test_without_reading_back_only_a_clear_yes_is_applied(
    pbx: FakePbx, tmp_path: Path, word: str, ending: Ending, note: str
) -> None:
    outcome, _ = write(pbx, tmp_path, word, read_back=False)
    assert (outcome.ending, outcome.note, outcome.read, outcome.attempts) == (ending, note, False, 1)
    assert pbx.calls() == ["trunk/query", "trunk/update"]


@pytest.mark.parametrize("word", ["busy", "down"])
def test_without_reading_back_a_second_send_still_looks_first(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    outcome, _ = write(pbx, tmp_path, word, read_back=False)
    assert (outcome.ending, outcome.attempts) == (Ending.APPLIED, 2)
    assert pbx.calls() == ["trunk/query", "trunk/update", "trunk/query", "trunk/update"]


@pytest.mark.parametrize(
    ("words", "ending", "note"),
    [
        (("timeout+",), Ending.APPLIED, ""),
        (("timeout",), Ending.FAILED, "Stopped before it could be tried again."),
        (("busy",), Ending.FAILED, "Stopped before it could be tried again."),
        (("down",), Ending.NOT_RUN, "Stopped before its turn."),
    ],
)
def test_a_stop_in_the_middle_settles_what_may_have_been_written(
    pbx: FakePbx, tmp_path: Path, words: tuple[str, ...], ending: Ending, note: str
) -> None:
    change = one(pbx)
    pbx.script("trunk/update", *words)
    with running(pbx, tmp_path) as run:
        (work,) = run.looked_at(change)
        run.stopping.set()
        outcome = run.trunk_writer.write(work)
    assert outcome is not None
    assert (outcome.ending, outcome.note, outcome.attempts) == (ending, note, 1)


@pytest.mark.parametrize("looks", [0, 1])
def test_a_write_that_the_pbx_was_still_working_on_at_the_stop_is_unknown(
    pbx: FakePbx, tmp_path: Path, looks: int
) -> None:
    pbx.script("trunk/update", "2-")
    with running(pbx, tmp_path) as run:
        (work,) = run.looked_at(one(pbx))
        before = len(pbx.calls())
        pbx.at_call = lambda _: run.stopping.set() if len(pbx.calls()) == before + looks else None
        outcome = run.trunk_writer.write(work)
    assert outcome is not None
    assert (outcome.ending, outcome.note, outcome.errcode) == (Ending.UNKNOWN, STILL_AT_IT, 2)
    assert pbx.written == [1]


@pytest.mark.parametrize(("reads", "ending"), [("html", Ending.APPLIED), ("down", Ending.APPLIED)])
def test_a_hiccup_while_stopping_costs_no_read_back(pbx: FakePbx, tmp_path: Path, reads: str, ending: Ending) -> None:
    with running(pbx, tmp_path) as run:
        (work,) = run.looked_at(one(pbx))
        assert run.trunk_writer.write(work) is None
        run.stopping.set()
        pbx.script("trunk/query", reads, reads)
        (outcome,) = run.trunk_writer.read_back([work])
    assert outcome.ending is ending


@pytest.mark.parametrize("abandoned", [True, False])
def test_a_stop_in_which_nothing_can_be_read_is_unknown(pbx: FakePbx, tmp_path: Path, *, abandoned: bool) -> None:
    def give_up(call: str) -> None:
        if call == "trunk/query" and abandoned:
            run.trunk_writer.abandon()

    with running(pbx, tmp_path) as run:
        written, unclear = run.looked_at(*changes(pbx, HEADER, NEW, "2|new.example||"))
        pbx.script("trunk/update", "ok", "timeout+")
        assert run.trunk_writer.write(written) is None
        run.stopping.set()
        pbx.script("trunk/query", *["html"] * 20)
        pbx.at_call = give_up
        second = run.trunk_writer.write(unclear)
        (first,) = run.trunk_writer.read_back([written])
    assert second is not None
    assert (first.ending, second.ending) == (Ending.UNKNOWN, Ending.UNKNOWN)
    words = ("Stopped before it was read back.", "Stopped before it could be settled.")
    if abandoned:
        assert (first.note, second.note) == words
    else:
        assert "does not answer" in first.note
        assert "does not answer" in second.note


def test_a_look_stopped_before_its_turn_leaves_all_not_run(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        run.client.listed()
        run.stopping.set()
        pbx.script("trunk/query", "html")
        ready, over = run.trunk_writer.look([Work(change=one(pbx))])
    assert ready == []
    assert [(outcome.ending, outcome.note) for outcome in over] == [(Ending.NOT_RUN, "Stopped before its turn.")]


def test_the_look_just_before_sorts_out_what_is_not_to_be_written(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Hostname", "1|new.example", "2|new.example", "3|new.example")
    pbx.edit(1)
    pbx.trunks[2]["hostname"] = "new.example"
    del pbx.trunks[3]
    with running(pbx, tmp_path) as run:
        run.dispatch(planned)
    assert run.endings == {1: "not run", 2: "unchanged", 3: "not run"}
    assert [outcome.note for outcome in run.outcomes] == [CHANGED_SINCE, "", TRUNK_GONE]
    assert pbx.written == []


def test_a_change_of_what_the_write_leaves_alone_does_not_stop_it(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Hostname", "1|new.example")
    pbx.edit(1, codec_sel="alaw", did_list=[])
    with running(pbx, tmp_path) as run:
        run.dispatch(planned)
    assert run.endings == {1: "applied"}


def test_the_password_goes_out_in_clear_and_into_no_book(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Password", "1|Sample-brand-new")
    pbx.script("trunk/update", "40001")
    with running(pbx, tmp_path) as run:
        run.dispatch(planned)
    assert b"Sample-brand-new" in pbx.requests[2].content
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert kept != b""
    assert b"Sample-" not in kept
    assert "Sample-" not in repr(run.only)


@pytest.mark.parametrize(("wait", "ending", "looks"), [(10.0, Ending.APPLIED, 3), (0.0, Ending.PARTIAL, 1)])
def test_a_pbx_that_says_yes_before_it_is_done_is_looked_at_again(
    pbx: FakePbx, tmp_path: Path, wait: float, ending: Ending, looks: int
) -> None:
    outcome, run = write(pbx, tmp_path, "ok~", settle_wait=wait)
    assert (outcome.ending, outcome.attempts) == (ending, 1)
    assert pbx.calls() == ["trunk/query", "trunk/update", *["trunk/query"] * looks]
    assert sum(pbx.time.waits) <= wait
    assert run.trunk_writer.lost is None


def test_a_difference_that_stays_is_believed_after_the_time_that_is_given_to_it(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.answers["trunk/update"] = lambda _: answer()
    outcome, _ = write(pbx, tmp_path, settle_wait=7.0)
    assert outcome.ending is Ending.PARTIAL
    assert pbx.time.waits == pytest.approx([1.0, 2.0, 4.0])


def test_a_pbx_that_never_comes_round_is_not_waited_for_at_every_trunk(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.add(*(trunk(number) for number in range(4, 11)))
    planned = changes(pbx, HEADER, *(f"{number}|new.example||" for number in range(1, 11)))
    pbx.answers["trunk/update"] = lambda _: answer()
    with running(pbx, tmp_path, concurrency=1, settle_wait=7.0) as run:
        run.dispatch(planned, workers=1, batch=1)
    assert set(run.endings.values()) == {"partial"}
    assert sum(pbx.time.waits) == pytest.approx(21.0)


PASSWORD = "Trunk ID|Password|Hostname"
LENGTHS = itertools.count(1)
Whole = dict[str, Any]
NOT_SHOWN: dict[str, Callable[[Whole], Whole]] = {
    "masked": lambda whole: whole | {"password": "********"},
    "of another length each time": lambda whole: whole | {"password": "*" * next(LENGTHS)},
    "dots": lambda whole: whole | {"password": "••••"},
    "blank": lambda whole: whole | {"password": ""},
    "absent": lambda whole: {name: value for name, value in whole.items() if name != "password"},
}


def hiding(pbx: FakePbx, how: str) -> None:
    def shown(request: httpx.Request) -> httpx.Response:
        ids = request.url.params["ids"].split(",")
        return answer(data=[NOT_SHOWN[how](pbx.trunks[int(number)]) for number in ids])

    pbx.answers["trunk/query"] = shown


@pytest.mark.parametrize("how", NOT_SHOWN)
@pytest.mark.parametrize(
    ("line", "words", "ending", "note"),
    [
        ("1|Sample-new|", ["ok"], Ending.APPLIED, PASSWORD_NOT_COMPARED),
        ("1|Sample-new|new.example", ["ok"], Ending.APPLIED, PASSWORD_NOT_COMPARED),
        ("1|Sample-new|new.example", ["timeout+"], Ending.APPLIED, PASSWORD_NOT_COMPARED),
        ("1|Sample-new|new.example", ["timeout", "ok"], Ending.APPLIED, PASSWORD_NOT_COMPARED),
        ("1|Sample-new|", ["timeout", "ok"], Ending.APPLIED, PASSWORD_NOT_COMPARED),
        ("1|Sample-new|", ["1+"], Ending.UNKNOWN, PASSWORD_UNKNOWN),
        ("1||new.example", ["ok"], Ending.APPLIED, ""),
    ],
)
def test_a_password_that_is_not_shown_is_not_compared_and_that_is_said(
    pbx: FakePbx, tmp_path: Path, how: str, line: str, words: list[str], ending: Ending, note: str
) -> None:
    hiding(pbx, how)
    for number in list(pbx.trunks):
        pbx.trunks[number] = NOT_SHOWN[how](pbx.trunks[number])
    (change,) = changes(pbx, PASSWORD, line)
    pbx.script("trunk/update", *words)
    with running(pbx, tmp_path) as run:
        run.dispatch([change])
    assert (run.only.ending, run.only.note) == (ending, note)


def test_a_password_that_is_blank_where_it_was_shown_before_is_not_the_wanted_one(pbx: FakePbx, tmp_path: Path) -> None:
    (change,) = changes(pbx, PASSWORD, "1|Sample-new|")

    def emptied(_: httpx.Request) -> httpx.Response:
        pbx.trunks[1]["password"] = ""
        return answer()

    pbx.answers["trunk/update"] = emptied
    with running(pbx, tmp_path) as run:
        run.dispatch([change])
    assert run.only.ending is Ending.PARTIAL
