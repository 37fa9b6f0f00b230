"""Marked files: the marked workbook beside the one that was checked, and where it must not go."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.errors import OutputError, UsageError
from batch.readers.detect import fingerprint
from batch.readers.packages import Package
from batch.readers.workbook import Format, RawSheet, Workbook
from batch.schema.columns import IMPRINT
from batch.schema.file_metadata import FileKind
from batch.schema.naming import sheet_names
from batch.tables.row_results import AnsweredSheet
from batch.wording import quoted
from batch.writers.atomic import place_file
from batch.writers.copied_values import SheetCopy
from batch.writers.marked_findings import by_sheet
from batch.writers.marked_workbook import PROBLEMS, Marks, is_unbroken, put_marks, take_marks_off
from batch.writers.new_workbook import NewWorkbook, Says, workbook_bytes
from batch.xlsx_edit.book import make_workbook
from batch.xlsx_edit.package import PackageEdit, Unpatchable

if TYPE_CHECKING:
    from batch.schema.problems import Problem

_PATCHED: Final = {Format.XLSX: ".xlsx", Format.XLSM: ".xlsm"}
_SIGNATURE: Final = "/digital-signature/origin"
"""Type of the link to signatures, which are not valid for a file that was changed."""
_ONLY_VALUES: Final = (
    "The file was a {}, so this is an .xlsx file with its values only: its colours, widths and drop-downs could not "
    "be taken over."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The marked workbook."""

    path: Path
    """Where it lies."""
    marks: Marks
    note: str = ""
    """What is otherwise than asked for, if anything."""


def refuse_place(workbook: Path, target: Path) -> None:
    """Refuse a place for the marked workbook where it cannot be, or where something of somebody's is.

    Raises:
        UsageError: It is such a place.
    """
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"--marked {target} cannot be written: no such folder.", "Name a file in a folder there is.")
    if target.suffix.casefold() not in {".xlsx", ".xlsm"}:
        raise UsageError(f"--marked {target} does not end in .xlsx.", "Name a file that ends in .xlsx.")
    if workbook.is_dir() and target.parent.samefile(workbook):
        raise UsageError(f"--marked {target} lies among the workbook's own files.", "Name a file in another folder.")
    if not target.exists():
        return
    if workbook.exists() and target.samefile(workbook):
        raise UsageError(f"--marked {target} is the workbook itself.", "Name another file: this would replace it.")
    if not is_unbroken(target):
        raise UsageError(
            f"--marked {target} is there already, and is not as this tool marked it: somebody may have worked in it.",
            f"Name another file. To check that one: trunk-batch check {quoted(target)}",
        )


def write_marked(workbook: Workbook, problems: Sequence[Problem], target: Path, *, private: bool = False) -> Marked:
    """Write the workbook with what is wrong shown in its cells.

    Args:
        workbook: As it was read.
        problems: Problems and notices in the order in which they are listed.
        target: Where it shall lie; `refuse_place` has been asked.
        private: Whether only its owner may read it.

    Raises:
        UsageError: The target's ending is not the workbook's, or the workbook was saved again meanwhile.
        OutputError: It cannot be written there; then nothing is.
    """
    ending = _PATCHED.get(workbook.format, ".xlsx")
    if target.suffix.casefold() != ending:
        macros = " It has macros, which an .xlsx file cannot hold." if ending == ".xlsm" else ""
        raise UsageError(f"--marked {target} must end in {ending}.{macros}", f"Name a file that ends in {ending}.")
    try:
        content, marks, left_out = _made(workbook, problems)
        same = fingerprint(workbook.path) == workbook.sha256
    except OSError as error:
        raise OutputError(target, (error.strerror or str(error)).lower()) from error
    if not same:
        raise UsageError(f"{workbook.path} was saved again while it was checked.", "Check it again.")
    placed = place_file(target, content, private=private)
    notes = [left_out] if left_out else []
    if placed != target:
        notes.append(f"{target.name} is open elsewhere, so it is in {placed.name}.")
    notes += [f"The notes could not be added to the sheet {sheet}." for sheet in marks.without_notes]
    return Marked(path=placed, marks=marks, note=" ".join(notes))


def _kind(kind: Format) -> str:
    return {Format.CSV: "folder of CSV files", Format.ZIP: "zip of CSV files"}.get(kind, f".{kind} file")


def _made(workbook: Workbook, problems: Sequence[Problem]) -> tuple[bytes, Marks, str]:
    """Return the marked workbook, and what could not be taken over into it."""
    if workbook.format in _PATCHED:
        try:
            return *_patched(workbook, problems), ""
        except Unpatchable as reason:
            left_out = f"The file could not be marked as it is ({reason}), so this holds its values only."
    else:
        left_out = _ONLY_VALUES.format(_kind(workbook.format))
    return *_copied(workbook, problems, left_out), left_out


def _patched(workbook: Workbook, problems: Sequence[Problem]) -> tuple[bytes, Marks]:
    edit = PackageEdit(Package(workbook.path))
    for link, (kind, _) in edit.links("").items():
        if kind.endswith(_SIGNATURE):
            edit.cut("", link)
    make_workbook(edit)
    take_marks_off(edit, workbook.metadata)
    findings = by_sheet(problems, workbook.sheets)
    with tempfile.TemporaryDirectory(prefix="trunk-batch-", ignore_cleanup_errors=True) as folder:
        marks = put_marks(edit, workbook.metadata, findings, problems, Path(folder))
        return edit.content(), marks


def _copied(workbook: Workbook, problems: Sequence[Problem], left_out: str) -> tuple[bytes, Marks]:
    """Return a new workbook with the old one's values, marked."""
    sheets = [sheet for sheet in workbook.sheets if not sheet.unreadable and not _is_mark(sheet, workbook)]
    names = dict(zip((sheet.name for sheet in sheets), sheet_names([sheet.name for sheet in sheets]), strict=True))

    def fill(book: NewWorkbook) -> None:
        for sheet in sheets:
            target = book.sheet(names[sheet.name])
            if sheet.hidden and not all(other.hidden for other in sheets):
                target.page.sheet_state = "hidden"
            SheetCopy(target, AnsweredSheet(raw=sheet)).write(None)

    with tempfile.TemporaryDirectory(prefix="trunk-batch-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "copy.xlsx"
        path.write_bytes(workbook_bytes(fill, Says()))
        edit = PackageEdit(Package(path))
        renamed = [replace(problem, sheet=names.get(problem.sheet, problem.sheet)) for problem in problems]
        findings = by_sheet(renamed, [replace(sheet, name=names[sheet.name]) for sheet in sheets])
        metadata = replace(workbook.metadata, kinds=workbook.metadata.kinds - {FileKind.MARKED}, colours={})
        marks = put_marks(edit, metadata, findings, renamed, Path(folder), left_out)
        return edit.content(), marks


def _is_mark(sheet: RawSheet, workbook: Workbook) -> bool:
    ours = sheet.name.startswith(PROBLEMS) and workbook.metadata.is_sheet_of_ours(sheet.name)
    return sheet.name == IMPRINT or ours
