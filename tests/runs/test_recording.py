"""Log lines and sign-in times from the first request on, also before a run has its folder."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from batch.errors import OutputError
from batch.runs import journal
from batch.runs.recording import recording

AT = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


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


def test_a_journal_gets_every_sign_in_once_from_the_first_on(tmp_path: Path) -> None:
    with recording() as record, journal.create(tmp_path) as book:
        record.signing_in(AT)
        record.into_journal(book)
        record.signing_in(AT + dt.timedelta(minutes=30))
        record.end_journal()
        record.signing_in(AT + dt.timedelta(minutes=60))
    kept = sqlite3.connect(tmp_path / journal.FILE)
    assert kept.execute("SELECT at FROM sign_ins").fetchall() == [
        ("2030-01-01T00:00:00+00:00",),
        ("2030-01-01T00:30:00+00:00",),
    ]
    kept.close()
