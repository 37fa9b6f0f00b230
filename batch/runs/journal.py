"""The journal: each write before it leaves and after it is settled, on disk before anything else happens.

SQLite in the run's folder, write-ahead log, full synchronisation, one commit a record. Another process may read
along. It holds no secret: of a body it keeps only which fields it sets.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from batch.errors import OutputError
from batch.pbx.replies import Answer, Garbled, NoAnswer, NotSent, Reply
from batch.runs.outcomes import Outcome

FILE: Final = "journal.sqlite"

_SCHEMA: Final = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE wanted (row INTEGER PRIMARY KEY, trunk_id INTEGER NOT NULL, name TEXT NOT NULL, fields TEXT NOT NULL);
CREATE TABLE writes (
    seq INTEGER PRIMARY KEY, row INTEGER NOT NULL, trunk_id INTEGER NOT NULL, attempt INTEGER NOT NULL,
    sent_at TEXT NOT NULL, settled_at TEXT, reply TEXT, errcode INTEGER, reason TEXT, http_status INTEGER,
    elapsed_ms INTEGER
);
CREATE TABLE outcomes (row INTEGER PRIMARY KEY, trunk_id INTEGER, ending TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE sign_ins (at TEXT NOT NULL);
"""


@dataclass(slots=True, kw_only=True)
class _Record:
    """A record on its way to the disk."""

    statement: str
    values: tuple[object, ...]
    number: int = 0
    settled: bool = False
    failure: BaseException | None = None


class Journal:
    """One run's journal, open for writing. Every method may be called from any thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use an open connection; see `create`."""
        self._connection = connection
        self._lock = threading.Lock()
        self._waiting: deque[_Record] = deque()

    def _commit(self, statement: str, values: Iterable[object]) -> int:
        """Write one record and return once it is on disk.

        Whoever comes first commits for all who wait behind: with many threads that is one synchronisation for
        several records, and with one it is one each.
        """
        record = _Record(statement=statement, values=tuple(values))
        self._waiting.append(record)
        with self._lock:
            if not record.settled:
                self._commit_waiting()
        if record.failure is not None:
            raise record.failure
        return record.number

    def _commit_waiting(self) -> None:
        records = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            with self._connection:
                for record in records:
                    record.number = self._connection.execute(record.statement, record.values).lastrowid or 0
        except BaseException as error:  # noqa: BLE001 - raised above, by each thread whose record it was
            for record in records:
                record.failure = error
        for record in records:
            record.settled = True

    def close(self) -> None:
        """Close it once nobody is writing: threads may outlive a run that was cut short."""
        with self._lock:
            self._connection.close()

    def fact(self, name: str, value: object) -> None:
        """Keep one fact about the run, as JSON."""
        self._commit("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value, ensure_ascii=False)))

    def want(self, trunks: Iterable[tuple[int, int, str, Iterable[str]]]) -> None:
        """Keep which trunks are to be written: row, id, name, and the names of the fields to set."""
        with self._lock, self._connection:
            self._connection.executemany(
                "INSERT INTO wanted VALUES (?, ?, ?, ?)",
                [(row, trunk_id, name, ",".join(fields)) for row, trunk_id, name, fields in trunks],
            )

    def intend(self, row: int, trunk_id: int, attempt: int) -> int:
        """Record a write that is about to leave; returns its number."""
        return self._commit(
            "INSERT INTO writes (row, trunk_id, attempt, sent_at) VALUES (?, ?, ?, ?)",
            (row, trunk_id, attempt, _now()),
        )

    def settle(self, seq: int, reply: Reply) -> None:
        """Record what came of a write."""
        errcode = reply.errcode if isinstance(reply, Answer) else None
        status = reply.http_status if isinstance(reply, Answer | Garbled) else None
        reason = reply.errmsg if isinstance(reply, Answer) else reply.reason
        self._commit(
            "UPDATE writes SET settled_at=?, reply=?, errcode=?, reason=?, http_status=?, elapsed_ms=? WHERE seq=?",
            (_now(), _KINDS[type(reply)], errcode, reason, status, round(reply.elapsed * 1000), seq),
        )

    def end(self, outcome: Outcome) -> None:
        """Record how a trunk ended."""
        self._commit(
            "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?)",
            (outcome.row, outcome.trunk_id, str(outcome.ending), _now()),
        )

    def signing_in(self, at: datetime) -> None:
        """Record that a token is about to be asked for: when, never which."""
        self._commit("INSERT INTO sign_ins VALUES (?)", (at.isoformat(),))


_KINDS: Final[Mapping[type, str]] = {
    Answer: "answer",
    NotSent: "not sent",
    NoAnswer: "no answer",
    Garbled: "garbled",
}


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="milliseconds")


@contextmanager
def create(folder: Path) -> Iterator[Journal]:
    """Make the journal of a new run, and close it at the end.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        connection = sqlite3.connect(folder / FILE, check_same_thread=False)
    except sqlite3.Error as error:
        raise OutputError(folder / FILE, str(error)) from error
    journal = Journal(connection)
    try:
        _set_up(connection, folder / FILE)
        yield journal
    finally:
        journal.close()


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_SCHEMA)
    except sqlite3.Error as error:
        raise OutputError(path, str(error)) from error


def is_finished(path: Path) -> bool:
    """Tell whether a run came to its end, results written. One whose journal cannot be read did not."""
    try:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA query_only=1")
    except sqlite3.Error:
        return False
    try:
        return connection.execute("SELECT 1 FROM facts WHERE name = 'finished'").fetchone() is not None
    except sqlite3.Error:
        return False
    finally:
        connection.close()
