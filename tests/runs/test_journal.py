"""The journal: on disk before anything leaves, readable by others, and without a secret."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batch.errors import OutputError, UsageError
from batch.pbx.messages import Answer, InvalidResponse, NoResponse, NotSent, Reply, query_trunks, update_trunk
from batch.runs import journal
from batch.runs.journal import JOURNAL, Journal, JournalError
from batch.runs.journal_reader import read_history
from batch.runs.outcomes import Ending, Outcome
from batch.runs.serialization import intent_of
from tests.runs.fakes import FakePbx, changes, running

WRITE = update_trunk({"id": 8, "hostname": "new.example"})


def rows(folder: Path, query: str) -> list[Any]:
    """Read along as another process would."""
    book = sqlite3.connect(f"{(folder / JOURNAL).as_uri()}?mode=ro", uri=True)
    try:
        return book.execute(query).fetchall()
    finally:
        book.close()


def test_every_request_is_on_record_before_it_leaves_and_settled_after(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Hostname", "1|new.example")
    seen: list[Any] = []
    pbx.at_call = lambda _: seen.append(rows(tmp_path, "SELECT call, settled_at FROM requests ORDER BY seq DESC")[0])
    with running(pbx, tmp_path) as run:
        run.dispatch(planned)
    calls = ["get_token", "trunk/query", "trunk/update", "trunk/query", "del_token"]
    assert seen == [(call, None) for call in calls]
    kept = "SELECT call, ids, sign_in, reply, errcode, http_status, settled_at IS NOT NULL FROM requests ORDER BY seq"
    assert rows(tmp_path, kept) == [
        ("get_token", "", 0, "answer", 0, 200, 1),
        ("trunk/query", "1", 1, "answer", 0, 200, 1),
        ("trunk/update", "1", 1, "answer", 0, 200, 1),
        ("trunk/query", "1", 1, "answer", 0, 200, 1),
        ("del_token", "", 1, "answer", 0, 200, 1),
    ]


def test_every_attempt_has_a_record_of_its_own_with_what_came_of_it(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Hostname", "1|new.example")
    pbx.script("trunk/update", "timeout", "html", "down", "ok")
    with running(pbx, tmp_path) as run:
        run.dispatch(planned)
    query = "SELECT reply, errcode, reason, http_status FROM requests WHERE call = 'trunk/update' ORDER BY seq"
    assert rows(tmp_path, query) == [
        ("no answer", None, "no answer within 30 s", None),
        ("garbled", None, "an HTML page instead of JSON (HTTP 502)", 502),
        ("not sent", None, "connection refused", None),
        ("answer", 0, "SUCCESS", 200),
    ]


def test_what_a_run_keeps_can_be_read_while_it_is_open(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Hostname|Password", "1|new.example|Sample-new", "2|old.example|")
    with journal.create_journal(tmp_path) as book:
        book.begin_invocation(
            "apply",
            facts={"run": "Ä-2", "practice": True},
            wanted=[intent_of(change, 5) for change in planned],
            settled_rows={"unchanged": 5},
            outcomes=[Outcome(row=2, ending=Ending.NOT_RUN, trunk_id=1), Outcome(row=3, ending=Ending.UNCHANGED)],
        )
        book.end([Outcome(row=2, ending=Ending.APPLIED, trunk_id=1)])
        replies: list[Reply] = [
            Answer(errcode=-2, errmsg="WORDS", body={}, http_status=200, elapsed=0.25),
            NotSent(reason="refused"),
            NoResponse(reason="silence"),
            InvalidResponse(reason="HTML", http_status=502),
        ]
        for number, reply in enumerate(replies, 1):
            assert book.leaving(WRITE, 3) == number
            book.settled(number, reply)
        assert book.leaving(query_trunks([8, 9]), 3) == 5
        assert dict(rows(tmp_path, "SELECT * FROM facts")) == {"run": '"Ä-2"', "practice": "true"}
        assert rows(tmp_path, "SELECT invocation, row, trunk_id, name, rows, writes FROM wanted") == [
            (1, 2, 1, "T1", 5, "hostname,password"),
            (1, 3, 2, "T2", 5, ""),
        ]
        assert rows(tmp_path, "SELECT invocation, row, ending FROM outcomes") == [
            (1, 2, "applied"),
            (1, 3, "unchanged"),
        ]
        assert rows(tmp_path, "SELECT ids, reply, errcode, reason, http_status, elapsed_ms FROM requests") == [
            ("8", "answer", -2, "WORDS", 200, 250),
            ("8", "not sent", None, "refused", None, 0),
            ("8", "no answer", None, "silence", None, 0),
            ("8", "garbled", None, "HTML", 502, 0),
            ("8,9", None, None, None, None, None),
        ]
        assert rows(tmp_path, "SELECT invocation, command, settled_rows, ended FROM invocations") == [
            (1, "apply", '{"unchanged": 5}', None)
        ]
        book.end_invocation("finished", {"applied": 5, "unchanged": 5})
        assert rows(tmp_path, "SELECT how, counts FROM invocations") == [("finished", '{"applied": 5, "unchanged": 5}')]
    assert b"Sample-new" not in (tmp_path / JOURNAL).read_bytes()


def test_a_journal_that_is_gone_on_with_begins_another_invocation(tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book:
        book.begin_invocation("apply", facts={}, wanted=[], settled_rows={})
        book.leaving(WRITE, 1)
    for invocation in (2, 3):
        with journal.reopen(tmp_path) as book:
            assert book.invocation == invocation
            book.begin_invocation("resume", facts={}, wanted=[], settled_rows={})
            book.leaving(WRITE, 1)
    with journal.reopen(tmp_path):
        pass
    assert rows(tmp_path, "SELECT invocation, command FROM invocations") == [(1, "apply"), (2, "resume"), (3, "resume")]
    assert rows(tmp_path, "SELECT seq, invocation FROM requests") == [(1, 1), (2, 2), (3, 3)]


def test_a_invocation_begins_whole_or_not_at_all(tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book:
        with pytest.raises(TypeError):
            book.begin_invocation("apply", facts={"run": "x", "odd": object()}, wanted=[], settled_rows={})
        book._connection.execute("DROP TABLE invocations")  # noqa: SLF001 - a disk that takes only some of it, as near as it gets
        with pytest.raises(JournalError):
            book.begin_invocation("apply", facts={"run": "x"}, wanted=[], settled_rows={})
    assert rows(tmp_path, "SELECT * FROM facts") == []


def test_what_is_known_better_later_is_put_right_without_a_invocation_of_its_own(tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book:
        book.begin_invocation("apply", facts={}, wanted=[], settled_rows={})
        book.end([Outcome(row=2, ending=Ending.UNKNOWN)])
        book.end_invocation("finished", {"unknown": 1})
    with journal.reopen(tmp_path) as book:
        book.correct([Outcome(row=2, ending=Ending.APPLIED)], {"applied": 1})
    assert rows(tmp_path, "SELECT invocation, how, counts FROM invocations") == [(1, "finished", '{"applied": 1}')]
    assert rows(tmp_path, "SELECT row, ending FROM outcomes") == [(2, "applied")]


def test_only_a_journal_of_this_version_is_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"), journal.reopen(tmp_path):
        raise AssertionError
    (tmp_path / JOURNAL).write_text("no journal at all" * 100)
    with pytest.raises(JournalError, match="not a database"), journal.reopen(tmp_path):
        raise AssertionError
    (tmp_path / JOURNAL).unlink()
    with journal.create_journal(tmp_path):
        pass
    with sqlite3.connect(tmp_path / JOURNAL) as other:
        other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(UsageError, match="another version"), journal.reopen(tmp_path):
        raise AssertionError


def test_it_is_written_ahead_and_synchronised_fully(tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book:
        assert rows(tmp_path, "PRAGMA journal_mode") == [("wal",)]
        own = book._connection  # noqa: SLF001 - how it synchronises is a matter of this connection alone
        assert own.execute("PRAGMA synchronous").fetchone() == (2,)


def test_many_threads_lose_no_record_and_get_each_a_number_of_their_own(tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book, ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda i: book.leaving(update_trunk({"id": i}), 1), range(200)))
        assert sorted(numbers) == list(range(1, 201))
        kept = dict(rows(tmp_path, "SELECT seq, CAST(ids AS INTEGER) FROM requests"))
    assert kept == {number: i for i, number in enumerate(numbers)}


class Held(sqlite3.Connection):
    """A disk that takes its time over the second request that leaves."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.requests = 0
        self.entered, self.go_on = threading.Event(), threading.Event()

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement.startswith("INSERT INTO requests"):
            self.requests += 1
            if self.requests == 2:
                self.entered.set()
                assert self.go_on.wait(5)
        return super().execute(statement, *values)


@pytest.mark.parametrize("then", ["leaves", "closes"])
def test_what_came_of_a_request_keeps_nobody_and_is_on_disk_before_the_next_one_leaves(
    tmp_path: Path, then: str
) -> None:
    with journal.create_journal(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / journal.JOURNAL, factory=Held, check_same_thread=False)
    book = Journal(tmp_path / journal.JOURNAL, connection)
    number = book.leaving(WRITE, 1)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(book.leaving, WRITE, 1)
        assert connection.entered.wait(5)
        book.settled(number, Answer(errcode=0, errmsg="SUCCESS", body={}, http_status=200, elapsed=0.05))
        assert not second.done()
        connection.go_on.set()
        second.result()
    if then == "leaves":
        book.leaving(WRITE, 1)
    else:
        book.close()
    kept = rows(tmp_path, "SELECT reply, errcode FROM requests ORDER BY seq")
    assert kept[:2] == [("answer", 0), (None, None)]
    connection.close()


class Broken(sqlite3.Connection):
    """A disk that is full for some records, or a value that cannot be kept."""

    error: Exception = sqlite3.OperationalError("database or disk is full")
    entered = threading.Event()
    go_on = threading.Event()

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement.startswith("INSERT INTO requests"):
            self.entered.set()
            self.go_on.wait(5)
            raise self.error
        return super().execute(statement, *values)


@pytest.mark.parametrize(
    ("error", "told"),
    [(sqlite3.OperationalError("disk is full"), JournalError), (OverflowError("too large"), OverflowError)],
)
def test_a_record_that_cannot_be_kept_is_an_error_for_everyone_who_waits_for_it(
    tmp_path: Path, error: Exception, told: type[Exception]
) -> None:
    connection = sqlite3.connect(tmp_path / "x", factory=Broken, check_same_thread=False)
    connection.error = error
    connection.entered, connection.go_on = threading.Event(), threading.Event()
    book = Journal(tmp_path / "x", connection)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(book.leaving, WRITE, 1)
        assert connection.entered.wait(5)
        others = [pool.submit(book.leaving, WRITE, 1) for _ in (2, 3)]
        connection.go_on.set()
        failures = [future.exception() for future in (first, *others)]
    connection.close()
    assert [type(failure) for failure in failures] == [told] * 3


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path) -> None:
    with journal.create_journal(tmp_path) as book:
        book.close()
        with pytest.raises(JournalError) as told:
            book.end([Outcome(row=2, ending=Ending.APPLIED)])
    assert str(tmp_path / JOURNAL) in told.value.message
    assert "trunk-batch resume" in told.value.hint


@pytest.mark.parametrize("obstacle", ["missing", "taken", "folder"])
def test_a_journal_that_cannot_be_made_is_told_and_nothing_was_sent(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "run"
    if obstacle != "missing":
        folder.mkdir()
    if obstacle == "taken":
        (folder / JOURNAL).write_text("no journal at all" * 100)
    if obstacle == "folder":
        (folder / JOURNAL).mkdir()
    with pytest.raises(OutputError, match="journal"), journal.create_journal(folder):
        raise AssertionError


def copied(folder: Path, to: Path, *names: str) -> Path:
    to.mkdir()
    for name in names:
        shutil.copyfile(folder / name, to / name)
    return to


@pytest.mark.parametrize("commits", [0, 1, 499, 500, 501, 1100])
def test_a_copy_without_the_file_beside_it_is_called_what_it_is_and_never_misread(tmp_path: Path, commits: int) -> None:
    folder, wal = tmp_path / "run", f"{JOURNAL}-wal"
    folder.mkdir()
    with journal.create_journal(folder) as books:
        books.begin_invocation("apply", facts={"run": "x"}, wanted=[], settled_rows={})
        for _ in range(commits):
            books.leaving(WRITE, 1)
        torn = copied(folder, tmp_path / "torn", JOURNAL)
        whole = copied(folder, tmp_path / "whole", JOURNAL, wal)
    with pytest.raises(UsageError) as caught:
        read_history(torn)
    assert caught.value.message == (
        f"The journal {torn / JOURNAL} lacks its latest records: {wal}, which belongs beside it, is missing or empty."
    )
    (torn / wal).touch()
    with pytest.raises(UsageError, match="lacks its latest records"):
        read_history(torn)
    assert read_history(whole).sent(8) == commits
    assert not (folder / wal).exists()
    assert read_history(copied(folder, tmp_path / "closed", JOURNAL)).sent(8) == commits
    with closing(sqlite3.connect(whole / JOURNAL)) as somebody:  # whose program gathers the records in its own way
        somebody.execute("SELECT count(*) FROM requests").fetchone()
    assert not (whole / wal).exists()
    assert read_history(whole).sent(8) == commits
    with journal.reopen(folder) as books:
        books.begin_invocation("resume", facts={}, wanted=[], settled_rows={})
        torn = copied(folder, tmp_path / "torn-again", JOURNAL)
    with pytest.raises(UsageError, match="lacks its latest records"):
        read_history(torn)
