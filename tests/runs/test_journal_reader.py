"""The past of a run: what its journal says, read without disturbing anybody."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from pathlib import Path

import pytest

from batch.errors import UsageError
from batch.pbx.messages import Answer, NoResponse, NotSent, Reply, Request, refresh, revoke, sign_in, update_trunk
from batch.runs import journal
from batch.runs.journal import JOURNAL, Kept
from batch.runs.journal_reader import History, Tries, is_finished, read_history, tokens_out
from batch.runs.outcomes import Ending, Outcome
from batch.runs.serialization import intent_of
from batch.secrets import Secret
from tests.runs.fakes import FakePbx, changes

YES = Answer(errcode=0, errmsg="SUCCESS", body={})
SIGN_IN = sign_in("client", Secret("Sample-client-secret"))
WRITE = update_trunk({"id": 1})


def test_it_is_what_was_written_down(pbx: FakePbx, tmp_path: Path) -> None:
    wanted = [intent_of(change, 3) for change in changes(pbx, "Trunk ID|Hostname", "1|new.example", "2|old.example")]
    with journal.create_journal(tmp_path) as book:
        facts = {"pbx": "https://pbx.example", "practice": False}
        book.begin_invocation("apply", facts=facts, wanted=wanted, settled_rows={"unchanged": 3})
        for reply in (YES, NotSent(reason="refused"), Answer(errcode=40002, errmsg="", body={}), NoResponse(reason="")):
            book.settled(book.leaving(WRITE, 1), reply)
        book.leaving(update_trunk({"id": 2}), 1)
        book.end([Outcome(row=2, ending=Ending.UNKNOWN, trunk_id=1)])
        past = read_history(tmp_path)
    assert past.facts == {"pbx": "https://pbx.example", "practice": False}
    assert list(past.wanted.values()) == wanted
    nobody_lived_to_settle = Outcome(row=3, ending=Ending.UNKNOWN, trunk_id=2, name="T2", attempts=1, reached=True)
    assert past.outcomes == {2: Outcome(row=2, ending=Ending.UNKNOWN, trunk_id=1), 3: nobody_lived_to_settle}
    assert past.unsettled == {3}
    assert past.tries == {
        1: Tries(sent=3, invocation=1, errcode=40002, http_status=200),
        2: Tries(sent=1, invocation=1),
    }
    assert (past.sent(1), past.sent(2), past.sent(3), past.sent(None)) == (3, 1, 0, 0)
    (invocation,) = past.invocations
    assert (invocation.number, invocation.command, invocation.pid, invocation.settled_rows) == (
        1,
        "apply",
        os.getpid(),
        {"unchanged": 3},
    )
    assert (invocation.ended, invocation.how, invocation.counts) == (None, "", {})
    assert invocation.started.tzinfo is not None
    assert not past.finished


@pytest.mark.parametrize(("how", "finished"), [("finished", True), ("interrupted", False), ("lost", False)])
def test_a_run_is_finished_if_its_last_invocation_came_to_its_end_in_good_order(
    tmp_path: Path, how: str, *, finished: bool
) -> None:
    with journal.create_journal(tmp_path) as book:
        assert not is_finished(tmp_path / JOURNAL)
        book.begin_invocation("apply", facts={}, wanted=[], settled_rows={})
        assert not is_finished(tmp_path / JOURNAL)
        book.end_invocation(how, {"applied": 3})
    assert is_finished(tmp_path / JOURNAL) is finished
    past = read_history(tmp_path)
    assert (past.finished, past.invocations[0].how, past.invocations[0].counts) == (finished, how, {"applied": 3})
    with journal.reopen(tmp_path) as book:
        book.begin_invocation("resume", facts={}, wanted=[], settled_rows={})
    assert not is_finished(tmp_path / JOURNAL)


EXPIRED = Answer(errcode=10004, errmsg="TOKEN EXPIRED", body={})
SAID_NO = Answer(errcode=40002, errmsg="PARAMETER ERROR", body={})
FAILED = Outcome(row=2, ending=Ending.FAILED, trunk_id=1, attempts=1)


@pytest.mark.parametrize(
    ("replies", "recorded", "ending"),
    [
        ([], None, None),
        ([NotSent(reason="")], None, None),
        ([EXPIRED], None, None),
        ([None], None, Ending.UNKNOWN),
        ([YES], None, Ending.UNKNOWN),
        ([SAID_NO], None, Ending.REFUSED),
        ([SAID_NO, None], None, Ending.UNKNOWN),
        ([NotSent(reason="")], FAILED, Ending.FAILED),
        ([EXPIRED], FAILED, Ending.FAILED),
        ([None], FAILED, Ending.UNKNOWN),
        ([SAID_NO], FAILED, Ending.REFUSED),
    ],
)
def test_what_was_sent_after_the_last_outcome_counts(
    pbx: FakePbx, tmp_path: Path, replies: list[Reply | None], recorded: Outcome | None, ending: Ending | None
) -> None:
    wanted = [intent_of(change, 1) for change in changes(pbx, "Trunk ID|Hostname", "1|new.example")]
    with journal.create_journal(tmp_path) as book:
        book.begin_invocation("apply", facts={}, wanted=wanted, settled_rows={})
        if recorded is not None:
            book.settled(book.leaving(WRITE, 1), NoResponse(reason=""))
            book.end([recorded])
    with journal.reopen(tmp_path) as book:
        book.begin_invocation("resume", facts={}, wanted=wanted, settled_rows={})
        for reply in replies:
            number = book.leaving(WRITE, 1)
            if reply is not None:
                book.settled(number, reply)
    past = read_history(tmp_path)
    assert [outcome.ending for outcome in past.outcomes.values()] == ([ending] if ending else [])
    assert past.unsettled == (frozenset({2}) if ending in {Ending.UNKNOWN, Ending.REFUSED} else frozenset())


@pytest.mark.parametrize(
    ("errcode", "later", "refused"),
    [
        (40002, None, True),
        (10005, None, True),
        (0, None, False),
        (70082, None, False),
        (40002, NoResponse(reason=""), False),
    ],
)
def test_a_no_that_another_try_would_not_change_is_known_as_one(
    tmp_path: Path, errcode: int, later: Reply | None, *, refused: bool
) -> None:
    with journal.create_journal(tmp_path) as book:
        for reply in (Answer(errcode=errcode, errmsg="", body={}), later):
            if reply is not None:
                book.settled(book.leaving(WRITE, 1), reply)
        assert read_history(tmp_path).tries[1].refused is refused


def told(folder: Path) -> str:
    with pytest.raises(UsageError) as error:
        read_history(folder)
    return error.value.message


def test_what_is_no_journal_of_ours_is_told(tmp_path: Path) -> None:
    assert "holds no run" in told(tmp_path)
    path = tmp_path / JOURNAL
    for content in (b"", b"spoilt" * 500):
        path.write_bytes(content)
        assert str(path) in told(tmp_path)
        assert not is_finished(path)
        assert tokens_out([tmp_path], "https://pbx.example", "client") == []


def test_damage_is_told(pbx: FakePbx, tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book:
        wanted = [intent_of(change, 1) for change in changes(pbx, "Trunk ID|Hostname", "1|new.example")]
        book.begin_invocation("apply", facts={}, wanted=wanted, settled_rows={})
    with sqlite3.connect(tmp_path / JOURNAL) as other:
        other.execute("UPDATE wanted SET desired = '{'")
    other.close()
    assert "it is damaged" in told(tmp_path)


_ODD = ("null", "-1", '"x"', "[[]]", '{"a": 1}', "[null]", "1e999", '"2026-11-28T18:24:02"', '"../x"')
_WHERE = (
    *("facts.started", "facts.settings", "facts.workbook", "facts.problems", "facts.chosen", "facts.practice"),
    *(
        "invocations.settled_rows",
        "invocations.counts",
        "invocations.started",
        "wanted.desired",
        "wanted.name",
        "wanted.rows",
    ),
    *("outcomes.outcome", "requests.errcode", "requests.ids"),
)
_SOUND = (
    *(("invocations.settled_rows", '{"a": 1}'), ("invocations.counts", '{"a": 1}')),
    *(("requests.errcode", "-1"), ("requests.ids", "-1")),
)


@pytest.mark.parametrize(
    ("where", "odd"), [(where, odd) for where in _WHERE for odd in _ODD if (where, odd) not in _SOUND]
)
def test_what_this_tool_never_wrote_is_told_whatever_it_is(tmp_path: Path, where: str, odd: str) -> None:
    with journal.create_journal(tmp_path) as book:
        book.begin_invocation("apply", facts={}, wanted=[], settled_rows={})
        book.settled(book.leaving(WRITE, 1), Answer(errcode=40002, errmsg="", body={}))
        book.end([Outcome(row=2, ending=Ending.UNKNOWN, trunk_id=1)])
    table, column = where.split(".")
    with sqlite3.connect(tmp_path / JOURNAL) as other:
        if table == "facts":
            other.execute("INSERT INTO facts VALUES (?, ?)", (column, odd))
        else:
            other.execute("INSERT OR IGNORE INTO wanted VALUES (2, 1, 1, 'T1', 1, '', '{\"fields\": {}}')")
            other.execute("UPDATE invocations SET ended = started, counts = '{}'")
            value = odd.encode() if column == "name" else odd
            other.execute(f"UPDATE {table} SET {column} = ?", (value,))  # noqa: S608 - both names stand above
    other.close()
    assert "it is damaged" in told(tmp_path)


def test_a_run_beside_it_that_is_damaged_keeps_nobody_from_counting_tokens(tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book:
        facts = {"pbx": "https://pbx.example", "client_id": "client"}
        book.begin_invocation("apply", facts=facts, wanted=[], settled_rows={})
        book.leaving(SIGN_IN, 0)
    with sqlite3.connect(tmp_path / JOURNAL) as other:
        other.execute("UPDATE requests SET sent_at = 'at night'")
    other.close()
    assert tokens_out([tmp_path], "https://pbx.example", "client") == []


def test_reading_along_leaves_the_writer_alone_and_sees_what_is_committed(tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book:
        book.begin_invocation("apply", facts={}, wanted=[], settled_rows={})
        seen: list[History] = []
        for row in range(2, 30):
            book.end([Outcome(row=row, ending=Ending.APPLIED)])
            seen.append(read_history(tmp_path))
    assert [len(past.outcomes) for past in seen] == list(range(1, 29))


AT = dt.datetime(2030, 1, 1, 2, tzinfo=dt.UTC)


def signed_in(folder: Path, *kept: tuple[Request, int, Reply | None], address: str = "https://pbx.example") -> Path:
    """Make a run that asked for tokens a minute after the other."""
    folder.mkdir(exist_ok=True)
    with journal.create_journal(folder) as book:
        book.begin_invocation("apply", facts={"pbx": address, "client_id": "client"}, wanted=[], settled_rows={})
        times = (AT + dt.timedelta(minutes=minute) for minute in range(len(kept)))
        book.take_over(
            Kept(request=request, sign_in=number, sent_at=at, reply=reply, settled_at=at)
            for at, (request, number, reply) in zip(times, kept, strict=True)
        )
    return folder


REFRESH = refresh(Secret("Sample-r1"))
NO = Answer(errcode=60002, errmsg="MAX LIMITATION EXCEEDED", body={})


@pytest.mark.parametrize(
    ("kept", "minutes"),
    [
        ([(SIGN_IN, 0, YES)], [0]),
        ([(SIGN_IN, 0, YES), (revoke(), 1, YES)], []),
        ([(SIGN_IN, 0, YES), (revoke(), 1, Answer(errcode=10004, errmsg="", body={}))], []),
        ([(SIGN_IN, 0, YES), (revoke(), 1, NoResponse(reason=""))], [0]),
        ([(SIGN_IN, 0, YES), (revoke(), 1, None)], [0]),
        ([(SIGN_IN, 0, NO), (SIGN_IN, 0, NotSent(reason="")), (SIGN_IN, 0, YES), (revoke(), 1, YES)], []),
        ([(SIGN_IN, 0, NoResponse(reason="")), (SIGN_IN, 0, YES), (revoke(), 1, YES)], [0]),
        ([(SIGN_IN, 0, YES), (REFRESH, 0, YES), (revoke(), 2, YES)], [0]),
        ([(SIGN_IN, 0, YES), (REFRESH, 0, None)], [0, 1]),
    ],
)
def test_tokens_that_may_be_out_are_those_asked_for_and_not_given_back(
    tmp_path: Path, kept: list[tuple[Request, int, Reply | None]], minutes: list[int]
) -> None:
    folder = signed_in(tmp_path / "run", *kept)
    found = tokens_out([folder], "https://pbx.example", "client")
    assert found == [AT + dt.timedelta(minutes=minute) for minute in minutes]


def test_tokens_of_other_pbxs_and_clients_do_not_count(tmp_path: Path) -> None:
    here = signed_in(tmp_path / "here", (SIGN_IN, 0, YES))
    there = signed_in(tmp_path / "there", (SIGN_IN, 0, YES), address="https://other.example")
    gone = tmp_path / "gone"
    assert tokens_out([gone, there, here, here], "https://pbx.example", "client") == [AT]
    assert tokens_out([here], "https://pbx.example", "somebody else") == []
