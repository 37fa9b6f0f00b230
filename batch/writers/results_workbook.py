"""What the tool writes for people: the results and plan workbooks, and the results as a CSV folder.

Text goes out as text: no formula is ever written from what somebody typed or a PBX answered.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from xlsxwriter import Workbook

from batch.errors import OutputError
from batch.readers.packages import Package
from batch.schema.columns import IMPRINT, MARK
from batch.schema.file_metadata import NO_IMPRINT, FileKind, FileMetadata
from batch.schema.naming import sheet_names
from batch.tables.password_cells import SecretSearch
from batch.tables.row_results import AnsweredSheet, ChangeLine, CodeCount, Count, RowResult, Summary, Tone
from batch.writers.atomic import place_file
from batch.writers.csv_results import Advance, SheetCopy, write_results_folder
from batch.writers.given_back import PALETTE, Giveback, renewed
from batch.writers.listings import CHANGES, add_changes, add_imprint, add_problems, streamed
from batch.writers.styles import Styles, make_styles
from batch.writers.summary import SUMMARY, add_summary

if TYPE_CHECKING:
    from xlsxwriter.format import Format

    from batch.schema.problems import Problem

__all__ = [
    "AnsweredSheet",
    "ChangeLine",
    "CodeCount",
    "Count",
    "RowResult",
    "Summary",
    "Tone",
    "Written",
    "write_into",
    "write_plan",
    "write_results",
    "write_results_folder",
]


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
    metadata: FileMetadata = NO_IMPRINT,
    made_at: str = "",
    advance: Advance | None = None,
    private: bool = False,
) -> Path:
    """Write the results workbook anew: Summary, the user's sheets with eight columns more, Changes.

    Of the user's sheets it has the values only, and none of those that cannot be read. `write_into` keeps all the rest
    too, where that can be.

    Args:
        path: Where it shall lie; a file there is replaced.
        sheets: All sheets of the user's, in the user's order.
        summary: What the Summary says.
        changes: Read once, in order.
        metadata: What the file that was read said of itself.
        made_at: When this one is made, as ``2026-11-23T02:14:07+01:00``.
        advance: Told about every 1,000 of the user's rows.
        private: Whether only its owner may ever read it.

    Returns:
        Where it lies: ``path``, or a name beside it if a program holds ``path`` open.

    Raises:
        OutputError: It cannot be written there; then nothing is.
    """
    sheets = [sheet for sheet in sheets if not sheet.raw.unreadable]
    names = sheet_names([sheet.raw.name for sheet in sheets])

    def fill(book: Workbook, styles: Styles) -> None:
        add_summary(book, styles, summary, column="Result")
        for name, sheet in zip(names, sheets, strict=True):
            target = book.add_worksheet(name)
            if sheet.header_row is None and sheet.raw.hidden:
                target.hide()
            SheetCopy(target, sheet, styles).write(advance)
        places = {sheet.raw.name: (name, sheet) for name, sheet in zip(names, sheets, strict=True)}
        add_changes(book, styles, changes, places=places)
        add_imprint(book, renewed(metadata, made_at, {SUMMARY, CHANGES}))

    return _save(path, FileKind.RESULTS, summary, fill, private=private)


def write_into(  # noqa: PLR0913 - everything that a results workbook is made of
    path: Path,
    original: Path,
    sheets: Sequence[AnsweredSheet],
    summary: Summary,
    changes: Iterable[ChangeLine],
    *,
    search: SecretSearch | None = None,
    metadata: FileMetadata = NO_IMPRINT,
    made_at: str = "",
    ahead: Path | None = None,
    private: bool = False,
) -> Written:
    """Write the results workbook by putting the answers into the user's own, of which all else stays as it was.

    Args:
        path: Where it shall lie; a file there is replaced.
        original: The ``.xlsx`` or ``.xlsm`` file that was read, byte for byte.
        sheets: All sheets of the user's.
        summary: What the Summary says.
        changes: Read once, in order.
        search: Finds the passwords that are to stand nowhere in it.
        metadata: What the file that was read said of itself.
        made_at: When this one is made, as ``2026-11-23T02:14:07+01:00``.
        ahead: The changes as `write_changes` has written them already; else that is done now.
        private: Whether only its owner may ever read it.

    Returns:
        Where it lies, and what could not be kept.

    Raises:
        OutputError: It cannot be written there; then nothing is.
        Unpatchable: The file is laid out in a way that cannot be patched with certainty; then nothing is written.
    """
    giveback = Giveback(original, metadata)
    front, end = giveback.free_names((SUMMARY, CHANGES))

    def fill(book: Workbook, styles: Styles) -> None:
        add_summary(book, styles, summary, column="Result", name=front)
        add_imprint(book, renewed(metadata, made_at, {*giveback.kept, front, end}))
        palette = book.add_worksheet(PALETTE)
        for row, style in enumerate(_put_in(styles)):
            palette.write_blank(row, 0, None, style)

    try:
        with tempfile.TemporaryDirectory(prefix="trunk-batch-", ignore_cleanup_errors=True) as folder:
            donor = Path(folder) / "ours.xlsx"
            with donor.open("wb") as file:
                _write(path, file, FileKind.RESULTS, fill, title=summary.title, practice=summary.practice)
            if ahead is None or end != CHANGES:
                ahead = Path(folder) / "changes.xlsx"
                names = [sheet.raw.name for sheet in sheets]
                write_changes(ahead, changes, names, name=end, practice=summary.practice)
            giveback.put_in(Package(ahead), (), (end,))
            giveback.put_in(Package(donor), (front,), (IMPRINT,))
            content = giveback.content(sheets, search or SecretSearch(()), practice=summary.practice)
    except OSError as error:
        raise OutputError(path, f"there was no room for it on the way ({error})") from error
    return Written(path=place_file(path, content, private=private), notes=tuple(giveback.notes))


def write_changes(
    path: Path, changes: Iterable[ChangeLine], names: Iterable[str], *, name: str = CHANGES, practice: bool
) -> None:
    """Write a workbook with the Changes sheet alone, to be put into the user's own.

    Args:
        path: Where it shall lie.
        changes: Read once, in order.
        names: Of the user's sheets: cells stay where they are, so links go where they went.
        name: Of the Changes sheet.
        practice: Whether it is to say so in print.

    Raises:
        OutputError: There is no room for it.
        OSError: The same.
    """
    places = {title: (title, None) for title in names}

    def fill(book: Workbook, styles: Styles) -> None:
        add_changes(book, styles, changes, places=places, name=name)

    content = io.BytesIO()  # zipped, so not large; a full disk would leave a zip that cannot be closed
    _write(path, content, FileKind.RESULTS, fill, practice=practice)
    path.write_bytes(content.getbuffer())


def _put_in(styles: Styles) -> Iterator[Format | None]:
    """Yield the formats that are needed on the user's own sheets, as `Giveback` expects them."""
    yield from (styles.tone[tone] for tone in Tone)
    yield styles.ours
    yield from (None, styles.centred, None, styles.centred, styles.centred, styles.thousands, None, None)


def write_plan(path: Path, summary: Summary, changes: Iterable[ChangeLine], problems: Sequence[Problem]) -> Path:
    """Write the plan as a workbook: Summary, Changes, Problems.

    Changes have no *Found* there, and their cells are no links: the user's sheets are in another file.

    Args:
        path: Where it shall lie; a file there is replaced.
        summary: What the Summary says.
        changes: Read once, in order.
        problems: Problems and notices, in the order in which they are listed.

    Returns:
        Where it lies: ``path``, or a name beside it if a program holds ``path`` open.

    Raises:
        OutputError: It cannot be written there; then nothing is.
    """

    def fill(book: Workbook, styles: Styles) -> None:
        add_summary(book, styles, summary, column="Expected result")
        add_changes(book, styles, changes, places=None)
        add_problems(book, styles, problems)

    return _save(path, FileKind.PLAN, summary, fill)


def _save(
    path: Path, kind: FileKind, summary: Summary, fill: Callable[[Workbook, Styles], None], *, private: bool = False
) -> Path:
    content = io.BytesIO()
    _write(path, content, kind, fill, title=summary.title, practice=summary.practice)
    return place_file(path, content.getbuffer(), private=private)


def _write(
    path: Path,
    out: BinaryIO,
    kind: FileKind,
    fill: Callable[[Workbook, Styles], None],
    *,
    title: str = "",
    practice: bool,
) -> None:
    """Write a workbook of ours; ``path`` is only named where there is no room for it."""
    with streamed(path, out) as book:
        book.set_custom_property(MARK, kind)
        book.set_properties({"title": title, "comments": "PRACTICE" if practice else ""})
        fill(book, make_styles(book))
        if practice:
            for sheet in book.worksheets():
                sheet.set_header('&C&"Calibri,Bold"PRACTICE')
