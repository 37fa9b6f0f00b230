"""Marked workbook: colours, notes and the list of problems in the user's own workbook; put in, and taken off again.

Each fill that was there before has a shade of its own; nobody sees the difference. So a shade alone tells what to put
back, wherever its cell has gone meanwhile: sorted, moved by rows put in above, or saved by another program. Whether a
marked file still is what the tool wrote, its checksum tells: any program that saves it breaks that.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.errors import OutputError, UsageError, WorkbookError
from batch.readers.detect import fingerprint
from batch.readers.packages import Package
from batch.readers.workbook import Format, RawSheet, Workbook
from batch.schema.file_metadata import METADATA_SHEET, OWN_SHEETS, PROBLEM_SHEET, FileKind, FileMetadata, sheet_names
from batch.tables.acceptance import accepted_here
from batch.tables.row_results import AnsweredSheet
from batch.wording import quoted
from batch.writers.atomic import place_file
from batch.writers.new_workbook import DocumentProperties, NewWorkbook, workbook_bytes
from batch.writers.own_sheets import SheetFindings, add_problems, by_sheet
from batch.writers.results_anew import SheetCopy
from batch.xlsx_edit.book import Book, copy_sheets, make_workbook, open_at, set_mark, styles_of
from batch.xlsx_edit.comments import add_notes, drop_notes
from batch.xlsx_edit.package import PackageEdit, Unpatchable
from batch.xlsx_edit.sheet import CellChange, Restyling, SheetPatch
from batch.xlsx_edit.stylesheet import Stylesheet

if TYPE_CHECKING:
    from batch.schema.problems import Problem


WRONG: Final = (0xFF, 0xC7, 0xCF)
"""Pink."""
NOTED: Final = (0xFF, 0xF4, 0xCD)
"""Pale yellow."""

_OF_EXCEL: Final = "FFFFC7CE"
"""The pink of Excel's own style *Bad*, which is the user's."""
_COLOUR: Final = re.compile("[0-9A-F]{8}")
_STEPS: Final = 24
"""Shades on each of two scales: the colour's green and blue go down by one at a time."""


class Palette:
    """The shades of one marking.

    Args:
        styles: Of the workbook; gets the styles that are needed.
        before: What the shades of an earlier marking stood for. They are taken again, so that marking a workbook many
            times does not use up ever more of them.
    """

    def __init__(self, styles: Stylesheet, before: Mapping[str, str]) -> None:
        self._styles = styles
        taken = set(_COLOUR.findall(styles.to_bytes().upper().decode()))
        self._shades: dict[tuple[tuple[int, int, int], str], str] = {}
        self._free: dict[tuple[int, int, int], Iterator[str]] = {}
        for base in (WRONG, NOTED):
            ours = list(_shades(base))
            self._shades |= {(base, before[shade]): shade for shade in ours if shade in before}
            self._free[base] = iter([shade for shade in ours if shade not in taken and shade not in before])

    @property
    def colours(self) -> dict[str, str]:
        """What was behind the text before, by shade."""
        return {shade: fill for (_, fill), shade in self._shades.items()}

    def on(self, base: tuple[int, int, int]) -> Restyling:
        """Return what gives each style its like on a shade of this colour."""

        @cache
        def restyle(style: int) -> int:
            key = (base, self._styles.fill_of(style))
            if key not in self._shades:
                shade = next(self._free[base], None)
                if shade is None:
                    raise Unpatchable("its cells have too many different colours")
                self._shades[key] = shade
            return self._styles.filled(style, self._shades[key])

        return restyle


def _shades(base: tuple[int, int, int]) -> Iterator[str]:
    red, green, blue = base
    for step in range(_STEPS * _STEPS):
        down, further = divmod(step, _STEPS)
        shade = f"FF{red:02X}{green - down:02X}{blue - further:02X}"
        if shade != _OF_EXCEL:
            yield shade


ALL_SHADES: Final = frozenset({*_shades(WRONG), *_shades(NOTED)})
"""For a workbook that has lost what it says of itself."""


OPEN: Final = "0" * 64
"""Stands in the hidden sheet until the rest of the file is made."""
_TYPES: Final = "[content_types].xml"


def note_checksum(edit: PackageEdit) -> None:
    """Seal a workbook in whose hidden sheet `OPEN` stands; nothing may be changed in it afterwards."""
    metadata = Book(edit).parts()[METADATA_SHEET]
    parts = ((name, _sum(edit.chunks(name))) for name in edit.names())
    edit.put(metadata, edit.read(metadata).replace(OPEN.encode(), _checksum_of(parts, metadata).encode()))


def is_unbroken(path: Path) -> bool:
    """Tell whether a file is a marked workbook in which nobody has worked since."""
    try:
        edit = PackageEdit(Package(path))
        metadata = Book(edit).parts().get(METADATA_SHEET)
    except (WorkbookError, Unpatchable, OSError):
        return False
    if metadata is None:
        return False
    with zipfile.ZipFile(path) as archive:
        parts = [(entry.filename, entry.CRC) for entry in archive.infolist()]
    return _checksum_of(parts, metadata).encode() in edit.read(metadata)


def _sum(pieces: Iterable[bytes]) -> int:
    crc = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
    return crc


def _checksum_of(parts: Iterable[tuple[str, int]], metadata: str) -> str:
    counted = sorted(f"{name} {crc:08x}" for name, crc in parts if name != metadata and name.casefold() != _TYPES)
    return hashlib.sha256("\n".join(counted).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What was put in."""

    sheet: str
    """Name of the sheet with the list."""
    cells: int
    """Cells that were coloured."""
    without_notes: Collection[str] = ()
    """Sheets whose comments could not be added to; their cells are coloured all the same."""


def put_marks(
    edit: PackageEdit,
    metadata: FileMetadata,
    findings: Mapping[str, SheetFindings],
    problems: Sequence[Problem],
    left_out: str = "",
) -> Marks:
    """Mark a workbook, from which marks of before were taken off.

    Args:
        left_out: What could not be taken over into this workbook, in a sentence.

    Raises:
        Unpatchable: The workbook is laid out in a way that cannot be patched.
    """
    parts = Book(edit).parts()
    there = {name: found for name, found in findings.items() if name in parts}
    where, styles = styles_of(edit)
    palette = Palette(styles, metadata.colours)
    without_notes = [name for name, found in there.items() if not _mark_sheet(edit, parts[name], found, palette)]
    edit.put(where, styles.to_bytes())
    name = Book(edit).free_name(PROBLEM_SHEET)
    marked = _marked(metadata, palette.colours, name, parts)

    def fill(book: NewWorkbook) -> None:
        advice = "\n".join(filter(None, (_advice(problems), left_out)))
        add_problems(book, problems, advice, name=name, sheets=parts)
        book.add_metadata(marked)

    if METADATA_SHEET in parts:
        Book(edit).remove(METADATA_SHEET)
    copy_sheets(edit, workbook_bytes(fill, DocumentProperties()), front=[name], end=[METADATA_SHEET])
    open_at(edit, name)
    if not metadata.kinds - {FileKind.MARKED}:
        set_mark(edit, FileKind.MARKED)
    note_checksum(edit)
    cells = sum(len(found.wrong) + len(found.noted) for found in there.values())
    return Marks(sheet=name, cells=cells, without_notes=without_notes)


def _mark_sheet(edit: PackageEdit, part: str, found: SheetFindings, palette: Palette) -> bool:
    """Colour cells and put notes into them; tell whether its comments could be added to."""
    wanted = dict.fromkeys(found.wrong, palette.on(WRONG)) | dict.fromkeys(found.noted, palette.on(NOTED))
    if not wanted:
        return True
    edit.put(part, edit.read(part))  # unpacked once
    patch = SheetPatch(edit, part)
    for (row, column), restyling in wanted.items():
        patch.change(row, column, CellChange(restyling=restyling))
    try:
        add_notes(patch, found.notes)
    except Unpatchable:
        noted = False
    else:
        noted = True
    patch.apply()
    edit.put(part, edit.read(part))  # made once, for the checksum and for the file
    return noted


def _marked(metadata: FileMetadata, colours: Mapping[str, str], name: str, sheets: Collection[str]) -> FileMetadata:
    ours = metadata.sheets or (set(OWN_SHEETS) & set(sheets) if metadata.kinds - {FileKind.MARKED} else set())
    return replace(
        metadata,
        kinds=metadata.kinds | {FileKind.MARKED},
        sheets=frozenset({*ours & set(sheets), name}),
        colours=colours,
        checksum=OPEN,
    )


def _advice(problems: Sequence[Problem]) -> str:
    if not any(problem.stops for problem in problems):
        return "Nothing in this workbook has to be corrected. This sheet is not taken for one of yours."
    accept = (
        "\nWhere a line has a frame under Accept, choose yes there if the numbers that it lists are meant: its cell "
        "can stay as it is."
        if any(problem.reading for problem in problems)
        else ""
    )
    return (
        "Click a cell's name to go there. Pink cells are wrong: the note in each says what to type. Pale yellow cells "
        "were understood, but look at them once.\nCorrect the cells (delete rows last: the cells below them then have "
        "other names than here), save this file and send it back as it is: the "
        f"colours, the notes and this sheet are taken off when it is read again.{accept}"
    )


def prepare_workbook(edit: PackageEdit, metadata: FileMetadata) -> None:
    """Make a file a workbook that things can be put into: no template, without signatures and earlier marks.

    Raises:
        Unpatchable: The workbook is laid out in a way that cannot be patched.
    """
    make_workbook(edit)
    edit.cut_links("", "/digital-signature/origin")  # which is not valid for a file that was changed
    take_marks_off(edit, metadata)


def take_marks_off(edit: PackageEdit, metadata: FileMetadata) -> None:
    """Take off what an earlier marking put in: colours, notes and its list. What there was before is there again.

    The hidden sheet and the document's property stay; they are for the caller to write anew.

    Raises:
        Unpatchable: The workbook is laid out in a way that cannot be patched.
    """
    if FileKind.MARKED not in metadata.kinds:
        return
    where, styles = styles_of(edit)
    styles.refill(metadata.colours or dict.fromkeys(ALL_SHADES, ""))
    edit.put(where, styles.to_bytes())
    for name, part in Book(edit).parts().items():
        if name.startswith(PROBLEM_SHEET) and metadata.is_own_sheet(name):
            Book(edit).remove(name)
        else:
            drop_notes(edit, part)


_PATCHED: Final = {Format.XLSX: ".xlsx", Format.XLSM: ".xlsm"}
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


def check_marked_target(workbook: Path, target: Path) -> None:
    """Refuse a place for the marked workbook where it cannot be, or where something of somebody's is.

    Raises:
        UsageError: It is such a place.
    """
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"--marked {target} cannot be written: no such folder.", "Name a file in a folder there is.")
    if target.suffix.casefold() not in {".xlsx", ".xlsm"}:
        raise UsageError(f"--marked {target} does not end in .xlsx.", "Name a file that ends in .xlsx.")
    if workbook.is_dir() and target.parent.samefile(workbook):
        raise UsageError(f"--marked {target} is one of the workbook's own files.", "Name a file in another folder.")
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
        target: Where it shall lie; `check_marked_target` has been asked.

    Raises:
        UsageError: The target's ending is not the workbook's, or the workbook was saved again meanwhile.
        OutputError: It cannot be written there; then nothing is.
    """
    ending = _PATCHED.get(workbook.format, ".xlsx")
    if target.suffix.casefold() != ending:
        macros = " It has macros, which an .xlsx file cannot hold." if ending == ".xlsm" else ""
        raise UsageError(f"--marked {target} must end in {ending}.{macros}", f"Name a file that ends in {ending}.")
    try:
        content, marks, left_out = _made(workbook, [accepted_here(problem) for problem in problems])
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


def _made(workbook: Workbook, problems: Sequence[Problem]) -> tuple[bytes, Marks, str]:
    """Return the marked workbook, and what could not be taken over into it."""
    if workbook.format in _PATCHED:
        try:
            return *_patched(workbook, problems), ""
        except Unpatchable as reason:
            left_out = f"The file could not be marked as it is ({reason}), so this holds its values only."
    else:
        kinds = {Format.CSV: "folder of CSV files", Format.ZIP: "zip of CSV files", Format.CSV_FILE: "CSV file"}
        left_out = _ONLY_VALUES.format(kinds.get(workbook.format, f".{workbook.format} file"))
    return *_copied(workbook, problems, left_out), left_out


def _patched(workbook: Workbook, problems: Sequence[Problem]) -> tuple[bytes, Marks]:
    edit = PackageEdit(Package(workbook.path))
    prepare_workbook(edit, workbook.metadata)
    marks = put_marks(edit, workbook.metadata, by_sheet(problems, workbook.sheets), problems)
    return edit.content(), marks


def _copied(workbook: Workbook, problems: Sequence[Problem], left_out: str) -> tuple[bytes, Marks]:
    sheets = [sheet for sheet in workbook.sheets if not sheet.unreadable and not _is_mark(sheet, workbook)]
    names = dict(zip((sheet.name for sheet in sheets), sheet_names([sheet.name for sheet in sheets]), strict=True))

    def fill(book: NewWorkbook) -> None:
        for sheet in sheets:
            target = book.sheet(names[sheet.name])
            if sheet.hidden and not all(other.hidden for other in sheets):
                target.page.sheet_state = "hidden"
            SheetCopy(target, AnsweredSheet(raw=sheet)).write()

    edit = PackageEdit(Package(workbook.path, workbook_bytes(fill, DocumentProperties())))
    renamed = [replace(problem, sheet=names.get(problem.sheet, problem.sheet)) for problem in problems]
    findings = by_sheet(renamed, [replace(sheet, name=names[sheet.name]) for sheet in sheets])
    metadata = replace(workbook.metadata, kinds=workbook.metadata.kinds - {FileKind.MARKED}, colours={})
    marks = put_marks(edit, metadata, findings, renamed, left_out)
    return edit.content(), marks


def _is_mark(sheet: RawSheet, workbook: Workbook) -> bool:
    ours = sheet.name.startswith(PROBLEM_SHEET) and workbook.metadata.is_own_sheet(sheet.name)
    return sheet.name == METADATA_SHEET or ours
