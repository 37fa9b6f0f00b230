"""Recording: log and sign-in times, kept from the first request on, also before a run has its folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from batch.errors import OutputError
from batch.runs.folders import open_private
from batch.runs.journal import Journal


class Recording:
    """Takes log entries and sign-in times from any thread, and writes them where they belong once that is known."""

    def __init__(self) -> None:
        """Begin with nothing to write to."""
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._sign_ins: list[datetime] = []
        self._files: list[TextIO] = []
        self._journal: Journal | None = None

    def log(self, entry: Mapping[str, Any]) -> None:
        """Keep one entry, redacted by whoever made it."""
        at = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, **entry}, default=str, ensure_ascii=False) + "\n"
        with self._lock:
            self._lines.append(line)
            for file in list(self._files):
                try:
                    file.write(line)
                    file.flush()
                except OSError:  # a full disk must not end a run: what was written is in the journal
                    self._files.remove(file)

    def signing_in(self, at: datetime) -> None:
        """Keep when a token is about to be asked for."""
        with self._lock:
            self._sign_ins.append(at)
            if self._journal is not None:
                self._journal.signing_in(at)

    def into_file(self, path: Path) -> None:
        """Write to this file too, from the first entry on.

        Raises:
            OutputError: it cannot be written.
        """
        with self._lock:
            try:
                file = open_private(path)
                self._files.append(file)
                file.writelines(self._lines)
                file.flush()
            except OSError as error:
                raise OutputError(path, error.strerror or str(error)) from error

    def into_journal(self, journal: Journal) -> None:
        """Write the sign-ins to this journal too, from the first on."""
        with self._lock:
            self._journal = journal
            for at in self._sign_ins:
                journal.signing_in(at)

    def end_journal(self) -> None:
        """Write to no journal any more: it is being closed."""
        with self._lock:
            self._journal = None

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for file in self._files:
                file.close()
            self._files = []


@contextmanager
def recording() -> Iterator[Recording]:
    """Record until the end, whatever happens."""
    record = Recording()
    try:
        yield record
    finally:
        record.close()
