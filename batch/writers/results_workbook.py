"""Results workbook, written anew or into the user's own; the plan workbook; and the sheet Changes of both.

That sheet is the longest by far, so it is written while the run goes on, each trunk as soon as it has ended: a run
mostly waits for the PBX. What goes wrong there costs only time: the results are then written as if there were none.
"""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from batch.errors import OutputError
from batch.readers.packages import Package
from batch.runs.outcomes import Outcome
from batch.runs.plan_document import PlanDocument
from batch.runs.run_report import change_lines
from batch.schema.file_metadata import (
    METADATA_SHEET,
    NO_METADATA,
    OWN_LISTS,
    PROBLEM_SHEET,
    FileKind,
    FileMetadata,
    Seal,
    sheet_names,
)
from batch.tables.password_cells import SecretSearch
from batch.tables.row_results import AnsweredSheet, ChangeLine, ListedSheet, Summary, Tone
from batch.tables.rows import Tables
from batch.trunks.change_plan import Change
from batch.writers.answer_columns import put_results
from batch.writers.atomic import place_file
from batch.writers.hidden_passwords import Secrets
from batch.writers.marked_workbook import prepare_workbook
from batch.writers.new_workbook import (
    DocumentProperties,
    NewSheet,
    NewWorkbook,
    SheetCell,
    quoted_sheet,
    workbook_bytes,
    write_workbook,
)
from batch.writers.own_sheets import add_listed, add_problems
from batch.writers.results_anew import RESULT_STYLES, SheetCopy
from batch.writers.styles import row_height
from batch.writers.summary_sheet import SUMMARY, add_plan_summary, add_summary
from batch.xlsx_edit.book import Book, copy_sheets, drop_macros, open_at, set_mark
from batch.xlsx_edit.package import PackageEdit, Unpatchable

if TYPE_CHECKING:
    from batch.schema.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A workbook that was written."""

    path: Path
    """Where it lies."""
    notes: tuple[str, ...] = ()
    """What could not be kept or put in, a sentence each."""


def write_results(  # noqa: PLR0913 - everything that a results workbook is made of
    path: Path,
    sheets: Sequence[AnsweredSheet],
    summary: Summary,
    changes: Iterable[ChangeLine],
    *,
    listed: Sequence[ListedSheet] = (),
    metadata: FileMetadata = NO_METADATA,
    made_at: str = "",
    private: bool = False,
) -> Path:
    """Write the results workbook anew: Summary, the user's sheets with eight columns more, Changes, what is listed.

    Of the user's sheets it has the values only, and none of those that cannot be read. `write_into` keeps all the rest
    too, where that can be. It is ``made_at`` ``2026-11-23T02:14:07+01:00``. Returns and raises as `write_workbook`.
    """
    sheets = [sheet for sheet in sheets if not sheet.raw.unreadable]
    names = sheet_names([sheet.raw.name for sheet in sheets])

    def fill(book: NewWorkbook) -> None:
        add_summary(book, summary, column="Result")
        for name, sheet in zip(names, sheets, strict=True):
            target = book.sheet(name)
            if sheet.header_row is None and sheet.raw.hidden:
                target.page.sheet_state = "hidden"
            SheetCopy(target, sheet).write()
        places = {sheet.raw.name: (name, sheet) for name, sheet in zip(names, sheets, strict=True)}
        add_changes(book, changes, places=places)
        for one in listed:
            add_listed(book, one)
        book.add_metadata(results_metadata(metadata, made_at, {SUMMARY, CHANGES, *(one.name for one in listed)}))

    return write_workbook(path, fill, _properties(FileKind.RESULTS, summary), private=private)


def _properties(kind: FileKind, summary: Summary) -> DocumentProperties:
    return DocumentProperties(kind=kind, title=summary.title, practice=summary.practice)


def write_into(  # noqa: PLR0913 - everything that a results workbook is made of
    path: Path,
    original: Path,
    sheets: Sequence[AnsweredSheet],
    summary: Summary,
    changes: Iterable[ChangeLine],
    *,
    listed: Sequence[ListedSheet] = (),
    search: SecretSearch | None = None,
    metadata: FileMetadata = NO_METADATA,
    made_at: str = "",
    ahead: bytes | None = None,
    private: bool = False,
) -> Written:
    """Write the results workbook by putting the answers into the user's own, of which all else stays as it was.

    Args:
        original: The ``.xlsx`` or ``.xlsm`` file that was read, byte for byte.
        search: Finds the passwords that are to stand nowhere in it.
        made_at: When this one is made, as ``2026-11-23T02:14:07+01:00``.
        ahead: What `changes_workbook` has made already; else that is done now.

    Returns:
        Where it lies, and what could not be kept.

    Raises:
        OutputError: It cannot be written there; then nothing is.
        Unpatchable: The file is laid out in a way that cannot be patched with certainty; then nothing is written.
    """
    edit = PackageEdit(Package(original))
    notes = ["The macros are left out; everything else is as it was."] if drop_macros(edit) else []
    prepare_workbook(edit, metadata)
    kept = _without_ours(edit, metadata)
    front, end = Book(edit).free_name(SUMMARY), Book(edit).free_name(CHANGES)
    lists = {Book(edit).free_name(one.name): one for one in listed}
    styles: dict[str, int] = {}

    def fill(book: NewWorkbook) -> None:
        add_summary(book, summary, column="Result", name=front)
        for name, one in lists.items():
            add_listed(book, one, name=name)
        book.add_metadata(results_metadata(metadata, made_at, {*kept, front, end, *lists}))
        styles.update({style: book.styles[style] for style in (*Tone, "our header", *RESULT_STYLES)})

    try:
        if ahead is None or end != CHANGES:
            names = [sheet.raw.name for sheet in sheets]
            ahead = changes_workbook(changes, names, name=end, practice=summary.practice)
        copy_sheets(edit, ahead, end=(end,))
        added = copy_sheets(
            edit,
            workbook_bytes(fill, _properties(FileKind.RESULTS, summary)),
            front=(front,),
            end=(*lists, METADATA_SHEET),
        )
        open_at(edit, front)
        placed = {style: added.cells[number] for style, number in styles.items()}
        notes += _put_answers(edit, sheets, placed, search or SecretSearch(()), practice=summary.practice)
        content = edit.content()
    except OSError as error:
        raise OutputError(path, f"there was no room for it on the way ({error})") from error
    return Written(path=place_file(path, content, private=private), notes=tuple(notes))


def _without_ours(edit: PackageEdit, metadata: FileMetadata) -> frozenset[str]:
    """Take out the sheets of ours that are made anew, or not at all; returns those that stay: help, read-only lists."""
    names = Book(edit).names
    ours = frozenset(name for name in names if metadata.is_own_sheet(name))
    gone = {
        name for name in ours if name.removesuffix(" (trunk-batch)") in {SUMMARY, CHANGES, PROBLEM_SHEET, *OWN_LISTS}
    }
    for name in names:
        if name in gone or name == METADATA_SHEET:
            Book(edit).remove(name)
    return ours - gone


_TO_CORRECT: Final = "Correct these cells in the workbook, save it, and plan again."
_NOTHING_TO_CORRECT: Final = "Nothing in the workbook has to be corrected."


def write_plan(
    path: Path,
    document: PlanDocument,
    changes: Iterable[ChangeLine],
    problems: Sequence[Problem],
    metadata: FileMetadata = NO_METADATA,
    listed: Sequence[ListedSheet] = (),
) -> Path:
    """Write the plan as a workbook: Summary, Changes, what is listed, Problems; sealed, to be signed on its Summary.

    Changes have no *Found* there, and their cells are no links: the user's sheets are in another file. Returns and
    raises as `write_workbook`.
    """

    def fill(book: NewWorkbook) -> None:
        signed = (one.name for one in listed if not one.answers)
        seals = {name: Seal() for name in (SUMMARY, CHANGES, *signed, PROBLEM_SHEET)}
        book.seals = seals
        add_plan_summary(book, document)
        add_changes(book, changes, places=None)
        for one in listed:
            add_listed(book, one)
        stops = any(problem.stops for problem in problems)
        add_problems(book, problems, _TO_CORRECT if stops else _NOTHING_TO_CORRECT)
        sealed = {name: str(seal) for name, seal in seals.items()}
        ours = frozenset([*seals, *(one.name for one in listed)])
        book.add_metadata(replace(metadata, kinds=frozenset({FileKind.PLAN}), sheets=ours, seals=sealed))

    return write_workbook(path, fill, _properties(FileKind.PLAN, document.summary))


def results_metadata(metadata: FileMetadata, made_at: str, sheets: Collection[str]) -> FileMetadata:
    """Return what results say of themselves. Marks are taken off in them.

    Args:
        metadata: What the file said that they are results of.
        made_at: When they are made. Of an export its own time stays: that is what its base goes by.
        sheets: The tool's sheets that are in them.
    """
    kinds = (metadata.kinds - {FileKind.PLAN, FileKind.MARKED}) | {FileKind.RESULTS}
    made = metadata.made_at if FileKind.EXPORT in metadata.kinds else made_at
    return replace(metadata, kinds=kinds, made_at=made, sheets=frozenset(sheets), colours={})


def _put_answers(
    edit: PackageEdit,
    sheets: Sequence[AnsweredSheet],
    styles: Mapping[str, int],
    search: SecretSearch,
    *,
    practice: bool,
) -> Iterator[str]:
    """Put the answers into the user's sheets and hide passwords everywhere; yields what could not be put in.

    Raises:
        Unpatchable: It cannot be done with certainty; or what has to be hidden would stay somewhere in the file.
    """
    parts = Book(edit).parts()
    readable = [sheet for sheet in sheets if not sheet.raw.unreadable]
    missing = [sheet.raw.name for sheet in readable if sheet.raw.name not in parts]
    if missing:
        raise Unpatchable(f"its sheet {missing[0]} cannot be found")
    unreadable = {parts[sheet.raw.name] for sheet in sheets if sheet.raw.name in parts and sheet.raw.unreadable}
    secrets = Secrets(edit, search, unreadable)
    filters = {}
    for sheet in readable:
        part = parts[sheet.raw.name]
        secrets.add(part, sheet)
        placed = put_results(edit, part, sheet, styles, secrets.hide_around, practice=practice)
        if placed.note:
            yield placed.note
        if placed.filter:
            filters[sheet.raw.name] = placed.filter
        if placed.over_formulas:
            Book(edit).forget_order()
    secrets.hide()
    book = Book(edit)
    for name, cells in filters.items():  # as spreadsheet programs name them
        book.define("_xlnm._FilterDatabase", name, f"{quoted_sheet(name)}!{cells}", hidden=True)
    for sheet in sheets:
        if sheet.header_row is not None:
            book.show(sheet.raw.name)
    book.save()
    set_mark(edit, FileKind.RESULTS)


CHANGES: Final = "Changes"
LINKED_CHANGES: Final = 20_000
"""Changes beyond this many are no links: Excel takes 65,530 on a sheet, and slows down long before."""
_PLACES: Final = {"Sheet": 14, "Cell": 9, "Trunk": 24, "Field": 22}
_COLUMNS: Final = {**_PLACES, "Before": 34, "Wanted": 34, "Found": 34}
_NARROW: Final = 22
_WIDE: Final = 60
_PLANNED_COLUMNS: Final = {**_PLACES, "Before": _WIDE, "Wanted": _WIDE}
_SURELY: Final = 0.8
"""Of a column's width, what is filled whatever the letters are."""
_SPARE: Final = 15.5
"""Points of a line more, since a long word begins a line of its own in some programs."""
_HIGHEST: Final = 1_000
"""Characters of a value that a row shows whole."""
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
    target = book.sheet(name)
    if places is None:
        target.add_list(_PLANNED_COLUMNS, _in_pieces(changes), lambda row, change: _add_planned(target, row, change))
    else:
        target.add_list(_COLUMNS, changes, lambda row, change: _add_found(target, row, change, places))


def _add_found(
    target: NewSheet, row: int, change: ChangeLine, places: Mapping[str, tuple[str, AnsweredSheet | None]]
) -> None:
    title, sheet = places.get(change.sheet, (change.sheet, None))
    cell = change.cell if sheet is None else sheet.moved(change.cell)
    texts = (title, cell, change.trunk, change.field, change.before, change.wanted)
    blocks: list[SheetCell] = [(text, "plain" if text else "", 1) for text in texts]
    if cell and row <= LINKED_CHANGES + 1 and change.sheet in places:
        target.link(f"B{row}", title, cell)
        blocks[1] = (cell, "link", 1)
    if change.found:
        blocks.append((change.found, "plain" if change.found == change.wanted else Tone.WARN, 1))
    target.add(row, blocks)


def _add_planned(target: NewSheet, row: int, change: ChangeLine) -> None:
    """Add a change with long values wrapped, so that they are seen whole in print too."""
    texts = (change.sheet, change.cell, change.trunk, change.field, change.before, change.wanted)
    high = max(len(change.before), len(change.wanted)) > _WIDE or max(len(change.trunk), len(change.field)) > _NARROW
    room = zip(texts, [int(width * _SURELY) for width in _PLANNED_COLUMNS.values()], strict=True)
    style = f"{Tone.BAD} listed" if change.loses else "listed" if high else "plain"
    cells: list[SheetCell] = [(text, style if text else "", 1) for text in texts]
    target.add(row, cells, row_height(room) + _SPARE if high else 0)


def _in_pieces(changes: Iterable[ChangeLine]) -> Iterator[ChangeLine]:
    """Spread values that are higher than a row can be over several rows."""
    for change in changes:
        if max(len(change.before), len(change.wanted)) <= _HIGHEST:
            yield change
            continue
        pieces = [
            *zip_longest(*(textwrap.wrap(text, _HIGHEST) for text in (change.before, change.wanted)), fillvalue="")
        ]
        for part, (before, wanted) in enumerate(pieces, 1):
            yield change._replace(field=f"{change.field} ({part} of {len(pieces)})", before=before, wanted=wanted)


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
        self._thread.start()
        return self

    def __exit__(self, *_how: object) -> None:
        with self._changed:
            self._given_up = True
            self._changed.notify_all()
        self._thread.join(_PATIENCE_S)

    def add_ended(self, outcomes: Iterable[Outcome]) -> None:
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
