"""The journal: every write on disk before it leaves, and what came of it before the next one does.

SQLite in the run's folder, write-ahead log, full synchronisation. Another process may read along (`journal_reader`).
It holds no secret: of requests only which call about which trunks, of wishes everything but passwords.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from batch.errors import OutputError, UsageError
from batch.pbx.messages import Answer, InvalidResponse, Reply, Request
from batch.runs.outcomes import Outcome
from batch.runs.serialization import Intent, outcome_json
from batch.wording import quoted

JOURNAL: Final = "journal.sqlite"
VERSION: Final = 4
"""Of the tables below; a journal of another version is not gone on with."""

COMPLETE: Final = 0
"""What the file says where all records are in it, or in the one beside it."""
LACKS: Final = 0x74620001
"""And what it says by itself, without the one beside it: SQLite keeps both numbers as ``application_id``."""
_COMMITS: Final = 500
"""After so many the records go over from the file beside it into the journal's own, which keeps the former small."""

_SCHEMA: Final = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE invocations (
    invocation INTEGER PRIMARY KEY, command TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL,
    settled_rows TEXT NOT NULL, ended TEXT, how TEXT, counts TEXT
);
CREATE TABLE wanted (
    row INTEGER PRIMARY KEY, invocation INTEGER NOT NULL, trunk_id INTEGER NOT NULL, name TEXT NOT NULL,
    rows INTEGER NOT NULL, writes TEXT NOT NULL, desired TEXT NOT NULL
);
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY, invocation INTEGER NOT NULL, call TEXT NOT NULL, ids TEXT NOT NULL,
    sign_in INTEGER NOT NULL, sent_at TEXT NOT NULL, settled_at TEXT, reply TEXT, errcode INTEGER, reason TEXT,
    http_status INTEGER, elapsed_ms INTEGER
);
CREATE TABLE outcomes (
    row INTEGER PRIMARY KEY, invocation INTEGER NOT NULL, ending TEXT NOT NULL, outcome TEXT NOT NULL
);
"""
_FACT: Final = "INSERT OR REPLACE INTO facts VALUES (?, ?)"
_INVOCATION: Final = "INSERT INTO invocations (invocation, command, pid, started, settled_rows) VALUES (?, ?, ?, ?, ?)"
_INTEND: Final = "INSERT INTO requests (invocation, call, ids, sign_in, sent_at) VALUES (?, ?, ?, ?, ?)"
_KEPT: Final = (
    "INSERT INTO requests (invocation, call, ids, sign_in, sent_at, settled_at, reply, errcode, reason, http_status, "
    "elapsed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SETTLE: Final = (
    "UPDATE requests SET settled_at=?, reply=?, errcode=?, reason=?, http_status=?, elapsed_ms=? WHERE seq=?"
)
_END: Final = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?)"
_WANT: Final = "INSERT OR REPLACE INTO wanted VALUES (?, ?, ?, ?, ?, ?, ?)"
_Step: TypeAlias = tuple[str, tuple[object, ...]]
"""A statement and its values."""


class JournalError(OutputError):
    """The journal cannot be written: nothing may be sent any more that it would not know of."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.hint = f"Make room there; then go on with: trunk-batch resume {quoted(path.parent)}"


@dataclass(slots=True, kw_only=True)
class Kept:
    """One request, as it is kept until there is a journal to write it to."""

    request: Request
    sign_in: int
    sent_at: datetime
    reply: Reply | None = None
    settled_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class _Record:
    steps: tuple[_Step, ...]
    number: int = 0
    settled: bool = False
    failure: BaseException | None = None


@dataclass(slots=True)
class Journal:
    """One run's journal, open for writing. Every method may be called from any thread.

    Every method raises `JournalError` where the disk does not take the record.
    """

    path: Path
    _connection: sqlite3.Connection
    invocation: int = 1
    """Which invocation of the run is being written: 1 for ``apply``, one more for each ``resume``."""
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _waiting: deque[_Record] = field(default_factory=deque)
    _committing: bool = False
    """Whether somebody uses the connection."""
    _commits: int = 0

    def _commit(self, *steps: _Step, waits: bool = True) -> int:
        """Write all of it or nothing, and return once it is on disk; returns the number of the last record.

        One that does not wait while another one is committed goes to the disk with the next: then 0 is returned.

        Whoever comes while nobody commits does so for all who wait by then: with many threads that is one
        synchronisation for several records, and with one it is one each. Nobody waits for one that is not about their
        own record.
        """
        record = _Record(steps=steps)
        commits = False
        try:
            with self._turn:
                self._waiting.append(record)
                while waits and self._committing and not record.settled:
                    self._turn.wait()
                if not record.settled and not self._committing:
                    commits = self._committing = True
            if commits:
                self._commit_waiting()
        finally:
            if commits:
                with self._turn:
                    self._committing = False
                    self._turn.notify_all()
        if isinstance(record.failure, sqlite3.Error):
            raise JournalError(self.path, str(record.failure)) from record.failure
        if record.failure is not None:
            raise record.failure
        return record.number

    def _commit_waiting(self) -> None:
        records = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            with self._connection:
                for record in records:
                    for statement, values in record.steps:
                        record.number = self._connection.execute(statement, values).lastrowid or 0
        except BaseException as error:  # noqa: BLE001 - raised above, by each thread whose record it was
            for record in records:
                record.failure = error
        for record in records:
            record.settled = True
        self._commits += 1
        if self._commits % _COMMITS == 0:
            with suppress(sqlite3.Error):  # the records are on disk, in the file beside it
                _gather(self._connection)

    def close(self) -> None:
        """Close it once nobody is writing: threads may outlive a run that was cut short."""
        with self._turn:
            while self._committing:
                self._turn.wait()
            if self._waiting:
                self._commit_waiting()
            with suppress(sqlite3.Error):
                self._connection.execute(f"PRAGMA application_id={COMPLETE}")  # should `_gather` have been cut short
            self._connection.close()

    def begin_invocation(
        self,
        command: str,
        *,
        facts: Mapping[str, object],
        wanted: Iterable[Intent],
        settled_rows: Mapping[str, int],
        outcomes: Iterable[Outcome] = (),
    ) -> None:
        """Begin an invocation of the run, all in one: a run that was cut off before it has not begun.

        Args:
            command: ``apply`` or ``resume``.
            facts: about the run, fit for JSON; those of earlier invocations stay where they are not given again.
            wanted: what each trunk shall hold; what an earlier invocation wanted of it is replaced.
            settled_rows: rows of all sheets by ending, of the trunks that this invocation sends nothing for.
            outcomes: of those trunks.
        """
        self._commit(
            *((_FACT, (name, _text(value))) for name, value in facts.items()),
            *((_WANT, _wish(self.invocation, one)) for one in wanted),
            (_INVOCATION, (self.invocation, command, os.getpid(), _now(), _text(dict(settled_rows)))),
            *self._endings(outcomes, self.invocation),
        )

    def end_invocation(self, how: str, counts: Mapping[str, int], outcomes: Iterable[Outcome] = ()) -> None:
        """Say how the invocation ended, and count the rows of all sheets by ending.

        The outcomes are those of all trunks, should the disk not have taken some of them when they were found.
        """
        query = "UPDATE invocations SET ended=?, how=?, counts=? WHERE invocation=?"
        ending = (_now(), how, _text(dict(counts)), self.invocation)
        self._commit(*self._endings(outcomes, self.invocation), (query, ending))

    def correct(self, outcomes: Iterable[Outcome], counts: Mapping[str, int] | None) -> None:
        """Put the outcomes of earlier invocations right, without an invocation of its own."""
        last = self.invocation - 1
        recount = ("UPDATE invocations SET counts=? WHERE invocation=?", (_text(dict(counts or {})), last))
        self._commit(*self._endings(outcomes, last), *([recount] if counts is not None else []))

    def leaving(self, request: Request, sign_in: int) -> int:
        """Record a request that is about to leave; returns its number."""
        return self._commit((_INTEND, (self.invocation, *_intent(request), sign_in, _now())))

    def settled(self, number: int, reply: Reply) -> None:
        """Record what came of a request, at the latest before the next one leaves.

        Should the process end before that, the journal says that the request left, and a look settles it.
        """
        self._commit((_SETTLE, (_now(), *_result(reply), number)), waits=False)

    def take_over(self, kept: Iterable[Kept]) -> None:
        """Record the requests from before there was this journal, all in one."""
        self._commit(*((_KEPT, self._whole(one)) for one in kept))

    def _whole(self, kept: Kept) -> tuple[object, ...]:
        result: tuple[object, ...] = (None,) * 6
        if kept.reply is not None:
            result = (_time(kept.settled_at or kept.sent_at), *_result(kept.reply))
        return (self.invocation, *_intent(kept.request), kept.sign_in, _time(kept.sent_at), *result)

    def end(self, outcomes: Iterable[Outcome]) -> None:
        """Record how trunks ended, all in one."""
        self._commit(*self._endings(outcomes, self.invocation))

    @staticmethod
    def _endings(outcomes: Iterable[Outcome], invocation: int) -> Iterator[_Step]:
        for outcome in outcomes:
            yield _END, (outcome.row, invocation, str(outcome.ending), _text(outcome_json(outcome)))


def _wish(invocation: int, wanted: Intent) -> tuple[object, ...]:
    writes = ",".join(sorted(wanted.writes))
    return wanted.row, invocation, wanted.trunk_id, wanted.name, wanted.rows, writes, _text(wanted.desired)


def _intent(request: Request) -> tuple[str, str]:
    return request.call, ",".join(map(str, request.ids))


def _result(reply: Reply) -> tuple[str, int | None, str, int | None, int]:
    errcode = reply.errcode if isinstance(reply, Answer) else None
    status = reply.http_status if isinstance(reply, Answer | InvalidResponse) else None
    reason = reply.errmsg if isinstance(reply, Answer) else reply.reason
    return reply.kind, errcode, reason, status, round(reply.elapsed * 1000)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _now() -> str:
    return _time(datetime.now(tz=UTC))


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


@contextmanager
def create_journal(folder: Path) -> Iterator[Journal]:
    """Make the journal of a new run, and close it at the end.

    Raises:
        JournalError: it cannot be made.
    """
    _make_private(folder / JOURNAL)
    with _opened(folder / JOURNAL) as connection:
        try:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version={VERSION}")
            _gather(connection)
        except sqlite3.Error as error:
            raise JournalError(folder / JOURNAL, str(error)) from error
        yield from _closing(Journal(folder / JOURNAL, connection))


def _make_private(path: Path) -> None:
    """Make the file, for its owner alone; SQLite's files beside it get the same rights."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise JournalError(path, error.strerror or str(error)) from error


@contextmanager
def reopen(folder: Path) -> Iterator[Journal]:
    """Go on with the journal of a run, and close it at the end.

    Raises:
        UsageError: there is none, or another version of this tool wrote it.
        JournalError: it cannot be written.
    """
    path = folder / JOURNAL
    if not path.is_file():
        raise UsageError(f"{folder} holds no run.", "Name the folder of a run: trunk-batch runs lists them.")
    with _opened(path) as connection:
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (invocations,) = (
                connection.execute("SELECT count(*) FROM invocations").fetchone() if version == VERSION else (0,)
            )
            if version == VERSION:
                _gather(connection)
        except sqlite3.Error as error:
            raise JournalError(path, str(error)) from error
        if version != VERSION:
            raise UsageError(
                f"{path} was written by another version of this tool.", "Use that version, or apply the workbook anew."
            )
        yield from _closing(Journal(path, connection, invocations + 1))


def _gather(connection: sqlite3.Connection) -> None:
    """Bring all records into the journal's own file, marked as lacking what goes into the one beside it from now on.

    Only there it says that it is whole: a copy without that one shows what it is. That one begins anew with nothing in
    it, so that whatever it holds afterwards was written to it since.
    """
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute(f"PRAGMA application_id={LACKS}")
    connection.execute("PRAGMA wal_checkpoint(FULL)").fetchall()
    connection.execute(f"PRAGMA application_id={COMPLETE}")


def _closing(journal: Journal) -> Iterator[Journal]:
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
    except sqlite3.Error as error:
        raise JournalError(path, str(error)) from error
    try:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")  # `_gather` does it, and says so
        except sqlite3.Error as error:
            raise JournalError(path, str(error)) from error
        yield connection
    finally:
        connection.close()
