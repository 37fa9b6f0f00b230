"""What the tool writes for people: the results and plan workbooks, and the results as a CSV folder.

Text goes out as text: no formula is ever written from what somebody typed or a PBX answered.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from batch.errors import OutputError
from batch.readers.packages import Package
from batch.schema.file_metadata import IMPRINT, NO_IMPRINT, FileKind, FileMetadata, sheet_names
from batch.schema.spellings import letters
from batch.tables.password_cells import SecretSearch
from batch.tables.row_results import AnsweredSheet, ChangeLine, CodeCount, Count, RowResult, Summary, Tone
from batch.writers.atomic import place_file
from batch.writers.copied_values import RESULT_STYLES, SheetCopy
from batch.writers.csv_results import Advance, write_results_folder
from batch.writers.new_workbook import LAST_ROW, NewSheet, NewWorkbook, Says, SheetCell, workbook_bytes, write_workbook
from batch.writers.results_package import ResultsPackage, renewed
from batch.writers.styles import row_height
from batch.writers.summary import SUMMARY, add_summary

if TYPE_CHECKING:
    from batch.schema.problems import Problem

__all__ = [
    "CHANGES",
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


CHANGES: Final = "Changes"


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

    def fill(book: NewWorkbook) -> None:
        add_summary(book, summary, column="Result")
        for name, sheet in zip(names, sheets, strict=True):
            target = book.sheet(name)
            if sheet.header_row is None and sheet.raw.hidden:
                target.page.sheet_state = "hidden"
            SheetCopy(target, sheet).write(advance)
        places = {sheet.raw.name: (name, sheet) for name, sheet in zip(names, sheets, strict=True)}
        add_changes(book, changes, places=places)
        book.add_metadata(renewed(metadata, made_at, {SUMMARY, CHANGES}))

    return write_workbook(path, fill, _says(FileKind.RESULTS, summary), private=private)


def _says(kind: FileKind, summary: Summary) -> Says:
    return Says(kind=kind, title=summary.title, practice=summary.practice)


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
    package = ResultsPackage(original, metadata)
    front, end = package.free_names((SUMMARY, CHANGES))

    looks: dict[str, int] = {}

    def fill(book: NewWorkbook) -> None:
        add_summary(book, summary, column="Result", name=front)
        book.add_metadata(renewed(metadata, made_at, {*package.kept, front, end}))
        looks.update({style: book.styles[style] for style in (*Tone, "our header", *RESULT_STYLES)})

    try:
        with tempfile.TemporaryDirectory(prefix="trunk-batch-", ignore_cleanup_errors=True) as folder:
            donor = Path(folder) / "ours.xlsx"
            donor.write_bytes(workbook_bytes(fill, _says(FileKind.RESULTS, summary)))
            if ahead is None or end != CHANGES:
                ahead = Path(folder) / "changes.xlsx"
                names = [sheet.raw.name for sheet in sheets]
                write_changes(ahead, changes, names, name=end, practice=summary.practice)
            package.put_in(Package(ahead), (), (end,))
            package.put_in(Package(donor), (front,), (IMPRINT,), looks)
            content = package.content(sheets, search or SecretSearch(()), practice=summary.practice)
    except OSError as error:
        raise OutputError(path, f"there was no room for it on the way ({error})") from error
    return Written(path=place_file(path, content, private=private), notes=tuple(package.notes))


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
        OSError: There is no room for it.
    """
    places = {title: (title, None) for title in names}

    def fill(book: NewWorkbook) -> None:
        add_changes(book, changes, places=places, name=name)

    path.write_bytes(workbook_bytes(fill, Says(kind=FileKind.RESULTS, practice=practice)))


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

    def fill(book: NewWorkbook) -> None:
        add_summary(book, summary, column="Expected result")
        add_changes(book, changes, places=None)
        add_problems(book, problems)

    return write_workbook(path, fill, _says(FileKind.PLAN, summary))


_Item = TypeVar("_Item")

LINKED_CHANGES: Final = 20_000
"""Changes beyond this many are no links: Excel takes 65,530 on a sheet, and slows down long before."""
_CHANGE_HEADERS: Final = ("Sheet", "Cell", "Trunk", "Field", "Before", "Wanted")
_CHANGE_WIDTHS: Final = (14, 9, 24, 22, 34, 34, 34)
_PROBLEM_HEADERS: Final = (
    "Severity",
    "Sheet",
    "Cell",
    "Column",
    "Value",
    "What is wrong",
    "What to type instead",
    "Who",
)
_PROBLEM_WIDTHS: Final = (10, 14, 8, 18, 26, 50, 50, 20)
_HEADER_HEIGHT: Final = 20
_ONE_LINE: Final = row_height([])


def add_changes(
    book: NewWorkbook,
    changes: Iterable[ChangeLine],
    *,
    places: Mapping[str, tuple[str, AnsweredSheet | None]] | None,
    name: str = CHANGES,
) -> None:
    """Add the Changes sheet.

    Args:
        book: Gets it.
        changes: Read once, in order.
        places: By the name under which a sheet of the user's was read, its name in this workbook and the sheet, or
            None where its cells stay where they were; cells are links to it. None in a plan, where those sheets are in
            another file: cells are no links then, and there is no *Found*.
        name: Of the sheet.
    """
    headers = _CHANGE_HEADERS if places is None else (*_CHANGE_HEADERS, "Found")
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

    write_list(target, headers, _CHANGE_WIDTHS, changes, write)


def add_problems(book: NewWorkbook, problems: Iterable[Problem]) -> None:
    """Add the Problems sheet: problems and notices in the order given."""
    target = book.sheet("Problems")

    def write(row: int, problem: Problem) -> None:
        texts = (
            problem.sheet,
            problem.cell,
            problem.header,
            problem.value,
            problem.message,
            problem.fix,
            problem.kind.who,
        )
        height = row_height(zip(texts, _PROBLEM_WIDTHS[1:], strict=True))
        word, tone = ("problem", Tone.BAD) if problem.stops else ("notice", Tone.WARN)
        blocks: list[SheetCell] = [(word, f"{tone} sentence", 1), *((text, "cell", 1) for text in texts)]
        target.add(row, blocks, height if height > _ONE_LINE else 0)

    write_list(target, _PROBLEM_HEADERS, _PROBLEM_WIDTHS, problems, write)


def write_list(
    target: NewSheet,
    headers: Sequence[str],
    widths: Sequence[int],
    items: Iterable[_Item],
    write: Callable[[int, _Item], None],
    *,
    last_row: int = LAST_ROW,
) -> None:
    """Write a sheet of ours: styled, frozen header, a row per item, a filter over all of it.

    Args:
        target: With nothing in it yet.
        headers: One per column.
        widths: In characters; as many as headers or more.
        items: What is listed.
        write: Writes one item into the row of a number.
        last_row: The sheet's last row number; items that do not fit are counted there.
    """
    target.print_across(header=1)
    target.page.freeze_panes = "A2"
    target.numbers_are_text()
    target.set_columns(widths[: len(headers)], "plain")
    target.add(1, [(header, "our header", 1) for header in headers], _HEADER_HEIGHT)
    row = 1
    for row, item in enumerate(items, 2):
        if row < last_row:
            write(row, item)
    if row >= last_row:
        target.add(last_row, [(f"and {row - last_row + 1:,} more, for which a sheet has no room", "plain", 1)])
    target.page.auto_filter.ref = f"A1:{letters(len(headers) - 1)}{min(row, last_row)}"
