"""Changes ahead: the Changes sheet of the results, written while the run goes on, each trunk as soon as it has ended.

It is the longest sheet by far, and a run mostly waits for the PBX. What goes wrong here costs only time: the results
are then written as if there were none of this.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from batch.errors import OutputError
from batch.runs.outcomes import Outcome
from batch.runs.run_report import change_lines
from batch.tables.row_results import ChangeLine
from batch.tables.rows import Tables
from batch.trunks.change_plan import Change
from batch.writers.results_workbook import write_changes

_PATIENCE_S: Final = 1.0
"""So long a run that is cut short waits for the sheet to be given up."""


class ChangesAhead:
    """Writes the sheet in a thread of its own; a context that is entered before the run sends, and left after it."""

    def __init__(
        self,
        tables: Tables,
        changes: Iterable[Change],
        outcomes: Mapping[int, Outcome],
        waiting: Iterable[int],
        *,
        practice: bool,
        place: Path | None = None,
    ) -> None:
        """Make it.

        Args:
            tables: the workbook's.
            changes: what the sheet is about, in its order.
            outcomes: by row of the Trunks sheet; filled while the run goes on.
            waiting: rows whose outcomes are not known yet.
            practice: whether the sheet is to say so.
            place: the folder for what is written only for a while; None for the system's.
        """
        self._tables = tables
        self._changes = list(changes)
        self._outcomes = outcomes
        self._waiting = set(waiting)
        self._practice = practice
        self._changed = threading.Condition()
        self._given_up = False
        self._place = place
        self._written: Path | None = None
        self._done = threading.Event()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._write, name="changes", daemon=True)

    def __enter__(self) -> Self:
        """Begin to write."""
        self._thread.start()
        return self

    def __exit__(self, *_how: object) -> None:
        """Give it up, if it is not written by now, and remove it."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()
        self._left.set()
        self._thread.join(_PATIENCE_S)

    def told(self, outcomes: Iterable[Outcome]) -> None:
        """Hear of trunks that have ended; their outcomes stay as they are."""
        with self._changed:
            self._waiting.difference_update(outcome.row for outcome in outcomes)
            self._changed.notify_all()

    def finished(self) -> Path | None:
        """Return the workbook with the sheet once it is written, with whatever has ended; None if that cannot be."""
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()
        self._done.wait()
        return self._written

    def lines(self) -> Iterator[ChangeLine]:
        """List the changes of each trunk, in order, as soon as it has ended; what never ends is left out."""
        for change in self._changes:
            row = change.record.row
            with self._changed:
                while row in self._waiting and not self._given_up:
                    self._changed.wait()
            if self._given_up:
                return
            if row in self._outcomes:
                yield from change_lines(self._tables, [change], self._outcomes)

    def _write(self) -> None:
        names = [table.name for table in self._tables if table.raw is not None]
        try:
            with (
                suppress(OutputError, OSError),  # the results say it, if there is no room for them either
                tempfile.TemporaryDirectory(
                    prefix="trunk-batch-", dir=self._place, ignore_cleanup_errors=True
                ) as folder,
            ):
                path = Path(folder) / "changes.xlsx"
                write_changes(path, self.lines(), names, practice=self._practice)
                self._written = path
                self._done.set()
                self._left.wait()
        finally:
            self._done.set()
