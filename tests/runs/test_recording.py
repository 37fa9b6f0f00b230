"""Log lines and requests from the first request on, also before a run has its folder."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from batch.errors import OutputError
from batch.pbx.messages import Answer, NoResponse, list_trunks, sign_in, update_trunk
from batch.runs import journal
from batch.runs.folders import recording
from batch.runs.journal import JournalError
from batch.secrets import Secret

SIGN_IN = sign_in("client", Secret("Sample-client-secret"))
WRITE = update_trunk({"id": 8, "hostname": "new.example"})


def test_a_file_gets_every_entry_from_the_first_on(tmp_path: Path) -> None:
    with recording() as record:
        record.log({"call": "get_token"})
        record.into_file(tmp_path / "early")
        record.log({"call": "trunk/list", "path": tmp_path, "word": "Zürich"})
        record.into_file(tmp_path / "late")
        record.log({"call": "trunk/get"})
        lines = (tmp_path / "early").read_text(encoding="utf-8").splitlines()
        assert lines == (tmp_path / "late").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["call"] for entry in entries] == ["get_token", "trunk/list", "trunk/get"]
    assert all(dt.datetime.fromisoformat(entry["at"]).tzinfo for entry in entries)
    assert "Zürich" in lines[1]
    assert stat.S_IMODE((tmp_path / "late").stat().st_mode) == 0o600


def test_what_comes_after_the_end_is_not_written_and_does_no_harm(tmp_path: Path) -> None:
    with recording() as record:
        record.into_file(tmp_path / "log")
    record.log({"call": "late"})
    assert (tmp_path / "log").read_text(encoding="utf-8") == ""


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    with recording() as record:
        record.into_file(tmp_path / "log")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: record.log({"n": i, "long": "x" * 500}), range(200)))
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["n"] for line in lines) == list(range(200))


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with recording() as record, pytest.raises(OutputError, match="gone"):
        record.into_file(tmp_path / "gone" / "log")


def requests_of(folder: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / journal.JOURNAL)) as kept:
        return kept.execute("SELECT call, ids, sign_in, reply, errcode FROM requests ORDER BY seq").fetchall()


SAID_YES = Answer(errcode=0, errmsg="SUCCESS", body={})


def test_a_journal_gets_every_request_once_from_the_first_on(tmp_path: Path) -> None:
    with recording() as record, journal.create_journal(tmp_path) as book:
        record.settled(record.leaving(SIGN_IN, 0), SAID_YES)
        record.leaving(list_trunks(1, 10), 1)
        record.into_journal(book)
        record.settled(record.leaving(WRITE, 1), NoResponse(reason="silence"))
        record.leaving(WRITE, 1)
    assert requests_of(tmp_path) == [
        ("get_token", "", 0, "answer", 0),
        ("trunk/list", "", 1, None, None),
        ("trunk/update", "8", 1, "no answer", None),
        ("trunk/update", "8", 1, None, None),
    ]


def test_what_leaves_after_the_end_is_kept_nowhere_and_does_no_harm(tmp_path: Path) -> None:
    with recording() as record, journal.create_journal(tmp_path) as book:
        record.into_journal(book)
        number = record.leaving(list_trunks(1, 10), 1)
    record.settled(number, SAID_YES)
    record.settled(record.leaving(list_trunks(1, 10), 1), SAID_YES)
    assert requests_of(tmp_path) == [("trunk/list", "", 1, None, None)]


def test_where_the_journal_takes_no_more_reads_may_leave_and_writes_may_not(tmp_path: Path) -> None:
    with recording() as record, journal.create_journal(tmp_path) as book:
        record.into_journal(book)
        number = record.leaving(WRITE, 1)
        book.close()
        record.settled(number, SAID_YES)
        assert record.leaving(list_trunks(1, 10), 1) == 0
        with pytest.raises(JournalError, match="journal"):
            record.leaving(WRITE, 1)


def test_a_log_that_takes_no_more_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    with recording() as record:
        record.into_file(tmp_path / "log")
        record._files[tmp_path / "log"].close()  # noqa: SLF001 - a disk that is full, as near as it gets
        record._files[tmp_path / "log"] = Path("/dev/full").open("a", encoding="utf-8")  # noqa: SLF001, SIM115
        record.log({"call": "trunk/list"})
        record.log({"call": "trunk/get"})
        assert record.unwritten == [f"The log {tmp_path / 'log'} ends early: No space left on device."]
