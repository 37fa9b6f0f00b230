"""Recording: log and journal, kept from the first request on, also before a run has its folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from batch.errors import OutputError
from batch.pbx.messages import Reply, Request
from batch.pbx.throttle import Stopped
from batch.runs.folders import open_private
from batch.runs.journal import Journal, JournalError, Kept


class Recording:
    """Takes log entries and requests from any thread, and writes them where they belong once that is known."""

    def __init__(self) -> None:
        """Begin with nothing to write to."""
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._kept: list[Kept] = []
        self._files: dict[Path, TextIO] = {}
        self._journal: Journal | None = None
        self.unwritten: list[str] = []
        """What could not be written any more, in words: a run goes on without its log."""

    def log(self, entry: Mapping[str, Any]) -> None:
        """Keep one entry, redacted by whoever made it."""
        at = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, **entry}, default=str, ensure_ascii=False) + "\n"
        with self._lock:
            self._lines.append(line)
            for path, file in list(self._files.items()):
                try:
                    file.write(line)
                    file.flush()
                except OSError as error:  # a full disk must not end a run: what was written is in the journal
                    del self._files[path]
                    with suppress(OSError):
                        file.close()
                    self.unwritten.append(f"The log {path} ends early: {error.strerror or error}.")

    def leaving(self, request: Request, sign_in: int) -> int:
        """Keep a request that is about to leave; returns its number, negative before there is a journal.

        Raises:
            JournalError: it is a write, and it cannot be recorded: it must not leave.
            Stopped: it is a write, and there is no journal.
        """
        with self._lock:
            if self._journal is None and request.writes:
                raise Stopped  # the books are not open yet, or closed already
            if self._journal is None:
                self._kept.append(Kept(request=request, sign_in=sign_in, sent_at=datetime.now(tz=UTC)))
                return -len(self._kept)
            journal = self._journal
        try:
            return journal.leaving(request, sign_in)
        except JournalError:
            if request.writes:
                raise
            return 0  # a read harms nobody, and may settle what was written

    def settled(self, number: int, reply: Reply) -> None:
        """Keep what came of a request. Where that fails, the journal still says that it left."""
        with self._lock:
            if number < 0 and self._journal is None:
                kept = self._kept[-number - 1]
                kept.reply, kept.settled_at = reply, datetime.now(tz=UTC)
                return
            journal = self._journal
        if number > 0 and journal is not None:
            with suppress(JournalError):
                journal.settled(number, reply)

    def into_file(self, path: Path) -> None:
        """Write to this file too, from the first entry on; what stands in it stays.

        Raises:
            OutputError: it cannot be written.
        """
        with self._lock:
            try:
                file = self._files[path] = open_private(path, append=True)
                file.writelines(self._lines)
                file.flush()
            except OSError as error:
                raise OutputError(path, error.strerror or str(error)) from error

    def into_journal(self, journal: Journal) -> None:
        """Write the requests to this journal too, from the first on.

        Raises:
            JournalError: it does not take them.
        """
        with self._lock:
            journal.take_over(self._kept)
            self._journal, self._kept = journal, []

    def close(self) -> None:
        """Write to nothing any more."""
        with self._lock:
            self._journal = None
            for file in self._files.values():
                with suppress(OSError):
                    file.close()
            self._files = {}


@contextmanager
def recording() -> Iterator[Recording]:
    """Record until the end, whatever happens."""
    record = Recording()
    try:
        yield record
    finally:
        record.close()
