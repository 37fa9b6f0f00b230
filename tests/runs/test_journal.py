"""The journal: on disk before anything leaves, readable by others, and without a secret."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from batch.errors import OutputError
from batch.pbx.replies import Answer, Garbled, NoAnswer, NotSent, Reply
from batch.runs import journal
from batch.runs.journal import FILE, Journal, is_finished
from batch.runs.outcomes import Ending, Outcome
from tests.runs.fakes import FakePbx, changes, running


def rows(folder: Path, query: str) -> list[Any]:
    """Read along as another process would."""
    book = sqlite3.connect(f"{(folder / FILE).as_uri()}?mode=ro", uri=True)
    try:
        return book.execute(query).fetchall()
    finally:
        book.close()


def test_a_write_is_on_record_before_it_leaves_and_settled_after(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Hostname", "1|new.example")
    seen: list[Any] = []
    pbx.at_write = lambda _: seen.extend(
        rows(tmp_path, "SELECT row, trunk_id, attempt, sent_at IS NOT NULL, settled_at, reply FROM writes")
    )
    with running(pbx, tmp_path) as run:
        run.dispatch(planned)
        assert seen == [(2, 1, 1, 1, None, None)]
        assert rows(tmp_path, "SELECT attempt, reply, errcode, http_status, reason FROM writes") == [
            (1, "answer", 0, 200, "SUCCESS")
        ]


def test_every_attempt_has_a_record_of_its_own_with_what_came_of_it(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Hostname", "1|new.example")
    pbx.script("trunk/update", "timeout", "html", "down", "ok")
    with running(pbx, tmp_path) as run:
        run.dispatch(planned)
    assert rows(tmp_path, "SELECT attempt, reply, errcode, http_status, reason FROM writes ORDER BY seq") == [
        (1, "no answer", None, None, "no answer within 30 s"),
        (2, "garbled", None, 502, "an HTML page instead of JSON (HTTP 502)"),
        (3, "not sent", None, None, "connection refused"),
        (4, "answer", 0, 200, "SUCCESS"),
    ]


@contextmanager
def made(folder: Path) -> Iterator[Journal]:
    with journal.create(folder) as book:
        yield book


def test_what_a_run_keeps_can_be_read_while_it_is_open(tmp_path: Path) -> None:
    at = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    with made(tmp_path) as book:
        book.fact("run", "Ä-1")
        book.fact("run", "Ä-2")
        book.want([(2, 8, "London", ["hostname", "password"]), (3, 9, "Paris", [])])
        book.signing_in(at)
        book.end(Outcome(row=2, ending=Ending.NOT_RUN, trunk_id=8))
        book.end(Outcome(row=2, ending=Ending.APPLIED, trunk_id=8))
        replies: list[Reply] = [
            Answer(errcode=-2, errmsg="WORDS", body={}, http_status=200, elapsed=0.25),
            NotSent(reason="refused"),
            NoAnswer(reason="silence"),
            Garbled(reason="HTML", http_status=502),
        ]
        for number, reply in enumerate(replies, 1):
            assert book.intend(2, 8, number) == number
            book.settle(number, reply)
        assert rows(tmp_path, "SELECT * FROM facts") == [("run", '"Ä-2"')]
        assert rows(tmp_path, "SELECT * FROM wanted") == [(2, 8, "London", "hostname,password"), (3, 9, "Paris", "")]
        assert rows(tmp_path, "SELECT at FROM sign_ins") == [("2030-01-01T00:00:00+00:00",)]
        assert rows(tmp_path, "SELECT row, trunk_id, ending FROM outcomes") == [(2, 8, "applied")]
        assert rows(tmp_path, "SELECT reply, errcode, reason, http_status, elapsed_ms FROM writes") == [
            ("answer", -2, "WORDS", 200, 250),
            ("not sent", None, "refused", None, 0),
            ("no answer", None, "silence", None, 0),
            ("garbled", None, "HTML", 502, 0),
        ]


def test_it_is_written_ahead_and_synchronised_fully(tmp_path: Path) -> None:
    with made(tmp_path) as book:
        assert rows(tmp_path, "PRAGMA journal_mode") == [("wal",)]
        own = book._connection  # noqa: SLF001 - how it synchronises is a matter of this connection alone
        assert own.execute("PRAGMA synchronous").fetchone() == (2,)


def test_many_threads_lose_no_record_and_get_each_a_number_of_their_own(tmp_path: Path) -> None:
    with made(tmp_path) as book, ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda i: book.intend(i, i, 1), range(200)))
        assert sorted(numbers) == list(range(1, 201))
        kept = dict(rows(tmp_path, "SELECT seq, row FROM writes"))
    assert kept == {number: i for i, number in enumerate(numbers)}


class Broken(sqlite3.Connection):
    """A disk that is full for some records, or a value that cannot be kept."""

    error: Exception = sqlite3.OperationalError("database or disk is full")
    entered = threading.Event()
    go_on = threading.Event()

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement.startswith("INSERT INTO writes"):
            self.entered.set()
            self.go_on.wait(5)
            raise self.error
        return super().execute(statement, *values)


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk is full"), OverflowError("too large")])
def test_a_record_that_cannot_be_kept_is_an_error_for_everyone_who_waits_for_it(
    tmp_path: Path, error: Exception
) -> None:
    connection = sqlite3.connect(tmp_path / "x", factory=Broken, check_same_thread=False)
    connection.error = error
    connection.entered, connection.go_on = threading.Event(), threading.Event()
    book = Journal(connection)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(book.intend, 1, 1, 1)
        assert connection.entered.wait(5)
        others = [pool.submit(book.intend, i, i, 1) for i in (2, 3)]
        connection.go_on.set()
        failures = [future.exception() for future in (first, *others)]
    connection.close()
    assert [type(failure) for failure in failures] == [type(error)] * 3


@pytest.mark.parametrize("obstacle", ["missing", "taken", "folder"])
def test_a_journal_that_cannot_be_made_is_told_and_nothing_was_sent(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "run"
    if obstacle != "missing":
        folder.mkdir()
    if obstacle == "taken":
        (folder / FILE).write_text("no journal at all" * 100)
    if obstacle == "folder":
        (folder / FILE).mkdir()
    with pytest.raises(OutputError, match="journal"), journal.create(folder):
        raise AssertionError


def test_finished_is_a_run_whose_journal_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a #1 50%" / FILE
    path.parent.mkdir()
    assert not is_finished(path)
    with made(path.parent) as book:
        assert not is_finished(path)
        book.fact("finished", "now")
        assert is_finished(path)
    assert is_finished(path)
    path.write_text("spoilt")
    assert not is_finished(path)
    path.write_bytes(b"")
    assert not is_finished(path)
