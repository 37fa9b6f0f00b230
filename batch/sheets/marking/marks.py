"""Marks: colours, notes and the list of problems in the user's own workbook; put in, and taken off again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.sheets.formats.packages import Package
from batch.sheets.imprints import Imprint, Kind
from batch.sheets.layout import IMPRINT, OWN_SHEETS
from batch.sheets.lists import add_imprint
from batch.sheets.marking import seals
from batch.sheets.marking.colours import ALL_SHADES, NOTED, WRONG, Palette
from batch.sheets.marking.findings import SheetFindings
from batch.sheets.marking.listings import add_listing
from batch.sheets.patching.books import Book, sheet_parts
from batch.sheets.patching.edits import PackageEdit, Unpatchable
from batch.sheets.patching.grafts import graft, open_at, remove_sheet, styles_of
from batch.sheets.patching.marks import set_mark
from batch.sheets.patching.notes import add_notes, drop_notes
from batch.sheets.patching.spots import restyle
from batch.sheets.styles import make_styles

if TYPE_CHECKING:
    from batch.sheets.problems import Problem

PROBLEMS: Final = "Problems"


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
    imprint: Imprint,
    findings: Mapping[str, SheetFindings],
    problems: Sequence[Problem],
    folder: Path,
    left_out: str = "",
) -> Marks:
    """Mark a workbook, from which marks of before were taken off.

    Args:
        edit: The workbook.
        imprint: What it says of itself.
        findings: What is marked, by sheet.
        problems: What is listed, in order.
        folder: Where a file may lie until the edit's content is made.
        left_out: What could not be taken over into this workbook, in a sentence.

    Raises:
        Unpatchable: The workbook is laid out in a way that cannot be patched.
    """
    parts = sheet_parts(edit)
    colours = _colour(edit, imprint, {parts[name]: found for name, found in findings.items() if name in parts})
    without_notes = [name for name, found in findings.items() if name in parts and not _note(edit, parts[name], found)]
    name = _free_name(Book(edit).names)
    marked = _marked(imprint, colours, name, parts)
    donor = _donor(folder, name, problems, parts, marked, left_out)
    if IMPRINT in parts:
        remove_sheet(edit, IMPRINT)
    graft(edit, donor, front=[name], end=[IMPRINT])
    open_at(edit, name)
    if not imprint.kinds - {Kind.MARKED}:
        set_mark(edit, Kind.MARKED)
    seals.seal(edit)
    cells = sum(len(found.wrong) + len(found.noted) for sheet, found in findings.items() if sheet in parts)
    return Marks(sheet=name, cells=cells, without_notes=without_notes)


def _colour(edit: PackageEdit, imprint: Imprint, findings: Mapping[str, SheetFindings]) -> Mapping[str, str]:
    """Colour the cells of each part; returns what was behind them."""
    where, styles = styles_of(edit)
    palette = Palette(styles, imprint.colours)
    wrong, noted = palette.on(WRONG), palette.on(NOTED)
    for part, found in findings.items():
        wanted = dict.fromkeys(found.wrong, wrong) | dict.fromkeys(found.noted, noted)
        if wanted:
            edit.put(part, restyle(edit.read(part), wanted))
    edit.put(where, styles.to_bytes())
    return palette.colours


def _note(edit: PackageEdit, part: str, found: SheetFindings) -> bool:
    try:
        add_notes(edit, part, found.notes)
    except Unpatchable:
        return False
    return True


def _free_name(names: Collection[str]) -> str:
    taken = {name.casefold() for name in names}
    wanted = [
        PROBLEMS,
        f"{PROBLEMS} (trunk-batch)",
        *(f"{PROBLEMS} (trunk-batch {n})" for n in range(2, len(taken) + 3)),
    ]
    return next(name for name in wanted if name.casefold() not in taken)


def _marked(imprint: Imprint, colours: Mapping[str, str], name: str, sheets: Collection[str]) -> Imprint:
    ours = imprint.sheets or (set(OWN_SHEETS) & set(sheets) if imprint.kinds - {Kind.MARKED} else set())
    return replace(
        imprint,
        kinds=imprint.kinds | {Kind.MARKED},
        sheets=frozenset({*ours & set(sheets), name}),
        colours=colours,
        seal=seals.OPEN,
    )


def _donor(
    folder: Path, name: str, problems: Sequence[Problem], sheets: Collection[str], imprint: Imprint, left_out: str
) -> Package:
    from xlsxwriter import Workbook  # noqa: PLC0415 - a check without marks needs none

    path = folder / "listing.xlsx"
    options = {"constant_memory": True, "tmpdir": str(folder), "strings_to_formulas": False}
    book = Workbook(path, options | {"strings_to_numbers": False, "strings_to_urls": False})
    add_listing(book, make_styles(book), name, problems, sheets, left_out)
    add_imprint(book, imprint)
    book.close()
    return Package(path)


def take_marks_off(edit: PackageEdit, imprint: Imprint) -> None:
    """Take off what an earlier marking put in: colours, notes and its list. What there was before is there again.

    The hidden sheet and the document's property stay; they are for the caller to write anew.

    Args:
        edit: The workbook.
        imprint: What it says of itself.

    Raises:
        Unpatchable: The workbook is laid out in a way that cannot be patched.
    """
    if Kind.MARKED not in imprint.kinds:
        return
    where, styles = styles_of(edit)
    styles.refill(imprint.colours or dict.fromkeys(ALL_SHADES, ""))
    edit.put(where, styles.to_bytes())
    for name, part in sheet_parts(edit).items():
        if name.startswith(PROBLEMS) and imprint.is_sheet_of_ours(name):
            remove_sheet(edit, name)
        else:
            drop_notes(edit, part)
