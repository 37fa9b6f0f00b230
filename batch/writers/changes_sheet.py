"""The sheet Changes: the longest by far, so it is written while the run goes on, each trunk as soon as it has ended.

A run mostly waits for the PBX. What goes wrong there costs only time: the results are then written as if there were
none of this.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final, Self

from batch.runs.outcomes import Outcome
from batch.runs.run_report import change_lines
from batch.schema.file_metadata import FileKind
from batch.tables.row_results import AnsweredSheet, ChangeLine, Tone
from batch.tables.rows import Tables
from batch.trunks.change_plan import Change
from batch.writers.new_workbook import DocumentProperties, NewWorkbook, SheetCell, workbook_bytes

CHANGES: Final = "Changes"
LINKED_CHANGES: Final = 20_000
"""Changes beyond this many are no links: Excel takes 65,530 on a sheet, and slows down long before."""
_COLUMNS: Final = {"Sheet": 14, "Cell": 9, "Trunk": 24, "Field": 22, "Before": 34, "Wanted": 34}
_PATIENCE_S: Final = 1.0
"""So long a run that is cut short waits for the sheet to be given up."""


def add_changes(
    book: NewWorkbook,
    changes: Iterable[ChangeLine],
    *,
    places: Mapping[str, tuple[str, AnsweredSheet | None]] | None,
    name: str = CHANGES,
) -> None:
    """Add the Changes sheet.

    Args:
        places: By the name under which a sheet of the user's was read, its name in this workbook and the sheet, or
            None where its cells stay where they were; cells are links to it. None in a plan, where those sheets are in
            another file: cells are no links then, and there is no *Found*.
    """
    known = places or {}
    target = book.sheet(name)

    def write(row: int, change: ChangeLine) -> None:
        title, sheet = known.get(change.sheet, (change.sheet, None))
        cell = change.cell if sheet is None else sheet.moved(change.cell)
        texts = (title, cell, change.trunk, change.field, change.before, change.wanted)
        blocks: list[SheetCell] = [(text, "plain" if text else "", 1) for text in texts]
        if cell and row <= LINKED_CHANGES + 1 and change.sheet in known:
            target.link(f"B{row}", title, cell)
            blocks[1] = (cell, "link", 1)
        if places is not None and change.found:
            blocks.append((change.found, "plain" if change.found == change.wanted else Tone.WARN, 1))
        target.add(row, blocks)

    columns = _COLUMNS if places is None else _COLUMNS | {"Found": 34}
    target.add_list(columns, changes, write)


def changes_workbook(
    changes: Iterable[ChangeLine], names: Iterable[str], *, name: str = CHANGES, practice: bool
) -> bytes:
    """Make a workbook with the Changes sheet alone, to be put into the user's own.

    Args:
        names: Of the user's sheets: cells stay where they are, so links go where they went.

    Raises:
        OSError: There is no room for it on the way.
    """
    places = {title: (title, None) for title in names}

    def fill(book: NewWorkbook) -> None:
        add_changes(book, changes, places=places, name=name)

    return workbook_bytes(fill, DocumentProperties(kind=FileKind.RESULTS, practice=practice))


class ChangesWriter:
    """Writes the sheet in a thread of its own; a context that is entered before the run sends, and left after it.

    Args:
        changes: What the sheet is about, in its order.
        outcomes: By row of the Trunks sheet; filled while the run goes on.
        waiting: Rows whose outcomes are not known yet.
    """

    def __init__(
        self,
        tables: Tables,
        changes: Iterable[Change],
        outcomes: Mapping[int, Outcome],
        waiting: Iterable[int],
        *,
        practice: bool,
    ) -> None:
        self._tables = tables
        self._changes = list(changes)
        self._outcomes = outcomes
        self._waiting = set(waiting)
        self._practice = practice
        self._changed = threading.Condition()
        self._given_up = False
        self._written: bytes | None = None
        self._thread = threading.Thread(target=self._write, name="changes", daemon=True)

    def __enter__(self) -> Self:
        """Begin to write."""
        self._thread.start()
        return self

    def __exit__(self, *_how: object) -> None:
        """Give it up, if it is not written by now."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()
        self._thread.join(_PATIENCE_S)

    def told(self, outcomes: Iterable[Outcome]) -> None:
        """Hear of trunks that have ended; their outcomes stay as they are."""
        with self._changed:
            self._waiting.difference_update(outcome.row for outcome in outcomes)
            self._changed.notify_all()

    def finished(self) -> bytes | None:
        """Return the workbook with the sheet once it is made, with whatever has ended; None if that cannot be."""
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join()
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
        with suppress(OSError):  # the results say it, if there is no room for them either
            self._written = changes_workbook(self.lines(), names, practice=self._practice)
