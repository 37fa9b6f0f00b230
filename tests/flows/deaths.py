"""Deaths: a run in this process whose journal dies at a certain record, and whatever would unwind writes nothing more.

What is patched is how SQLite connections are made: each journal gets one that counts its commits. Nothing else.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from unittest import mock


class Died(BaseException):
    """The process has come to its end here."""


class When(Enum):
    """On which side of a record the end lies."""

    RIGHT_BEFORE = "right before"
    """What the record is about has happened, and is not written down."""
    RIGHT_AFTER = "right after"


@dataclass(slots=True)
class Fate:
    """When a run dies, and how it then looked."""

    at: int
    """The record, counted from 1."""
    when: When
    records: int = 0
    died: bool = False
    left: dict[str, bytes] = field(default_factory=dict)
    """The files of the run's folder at that moment, by name; of the journal what it holds."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reach(self, when: When, folder: Path) -> None:
        """Come to a record.

        Raises:
            Died: it is the one, or the run is dead already.
        """
        with self._lock:
            if not self.died:
                self.records += when is When.RIGHT_BEFORE
                if self.records != self.at or when is not self.when:
                    return
                self.died, self.left = True, files_of(folder)
        raise Died

    def live(self) -> None:
        """Go on.

        Raises:
            Died: not any more.
        """
        if self.died:
            raise Died


def files_of(folder: Path) -> dict[str, bytes]:
    """Return what lies in a run's folder, but for locks and the log, which no run goes on from."""
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    kept = {name: content for name, content in files.items() if not name.startswith((".", "lock", "log", "journal"))}
    with closing(sqlite3.connect(folder / "journal.sqlite")) as journal:
        return kept | {"journal": "\n".join(journal.iterdump()).encode()}


@contextmanager
def dying(fate: Fate) -> Iterator[None]:
    """Let the journals that are written meanwhile die when it is fated."""
    connect = sqlite3.connect

    def mortal(path: Any, **how: Any) -> sqlite3.Connection:
        if "check_same_thread" not in how:  # somebody who only reads
            read: sqlite3.Connection = connect(path, **how)
            return read
        return _mortal(fate, Path(path).parent)(path, **how)

    with mock.patch("sqlite3.connect", mortal):
        yield


def _mortal(fate: Fate, folder: Path) -> type[sqlite3.Connection]:
    class Mortal(sqlite3.Connection):
        """Comes to its end with a commit, or just before."""

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> Literal[False]:
            if error is None:
                try:
                    fate.reach(When.RIGHT_BEFORE, folder)
                except Died:
                    self.rollback()
                    raise
            super().__exit__(kind, error, trace)
            if error is None:
                fate.reach(When.RIGHT_AFTER, folder)
            return False

        def execute(self, *statement: Any) -> sqlite3.Cursor:
            fate.live()
            return super().execute(*statement)

    return Mortal
