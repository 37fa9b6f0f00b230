"""Results: a run's answers put into the user's own workbook, of which all else stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from batch.sheets.answers import RESULT_WIDTHS, AnsweredSheet, RowResult, Tone, pages_across
from batch.sheets.layout import RESULT_HEADERS, letters
from batch.sheets.patching.cells import Fillings, filling
from batch.sheets.patching.edits import PackageEdit
from batch.sheets.patching.sheets import CellChange, SheetPatch
from batch.sheets.patching.tables import TableRange, block_of, rename_column, tables_of
from batch.sheets.workbooks import NoValue

LAST_COLUMN: Final = 16_383
"""XFD."""
_PRACTICE: Final = '&C&"Calibri,Bold"PRACTICE'
_A4: Final = "9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Styles, in the workbook's own numbers, of what is put in."""

    tone: Mapping[Tone, int]
    header: int
    beside: Sequence[int]
    """Of the eight result columns; that of the first is its tone's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What was done to one sheet, as far as it bears on the rest of the workbook."""

    filter: str = ""
    """The cells of its filter, where that is new: ``$A$1:$K$31``."""
    over_formulas: bool = False
    """Whether cells that were written over held formulas."""
    note: str = ""
    """What could not be put in."""


def put_results(edit: PackageEdit, part: str, sheet: AnsweredSheet, looks: Looks, *, practice: bool) -> Placed:
    """Put the answers, and what is to be said instead of passwords, into one of the user's sheets.

    Args:
        edit: The workbook.
        part: The sheet's part.
        sheet: As it was read from this very workbook, and its answers. Columns that an earlier run wrote are written
            over in place; what is missing of the eight comes right of everything.
        looks: Of what is put in.
        practice: Whether the sheet is to say so in print.

    Raises:
        Unpatchable: The sheet is laid out in a way that cannot be patched with certainty.
    """
    patch = SheetPatch(edit, part)
    for column, rows in sheet.replaced.items():
        cells = sheet.raw.columns[column - sheet.raw.first_column]
        for row, text in rows.items():
            if cells[row - sheet.raw.first_row] != "":  # cells behind merged ones stay blank: the merge itself is kept
                patch.change(row, column, CellChange(text=text))
    placed = Placed()
    if sheet.header_row is not None:
        placed = _put_beside(edit, patch, sheet, sheet.header_row, looks)
    _say_practice(patch, practice=practice)
    touched = {*sheet.replaced, *sheet.dropped, *sheet.renamed}
    patch.apply()
    return Placed(filter=placed.filter, note=placed.note, over_formulas=any(_has_formulas(sheet, c) for c in touched))


def _has_formulas(sheet: AnsweredSheet, column: int) -> bool:
    place = column - sheet.raw.first_column
    cells = sheet.raw.columns[place] if 0 <= place < len(sheet.raw.columns) else ()
    return column in sheet.raw.formulas or any(cell.__class__ is NoValue for cell in cells)


def _put_beside(edit: PackageEdit, patch: SheetPatch, sheet: AnsweredSheet, header: int, looks: Looks) -> Placed:
    tables = [t for t in tables_of(edit, patch.part) if t.block.first_row <= sheet.raw.first_row + sheet.raw.height]
    for column, text in sheet.renamed.items():
        patch.change(header, column, CellChange(text=text))
        for table in tables:
            if table.block.first_row == header:
                rename_column(edit, table, column, text)
    free = _first_free(patch, sheet, header, tables)
    columns = _columns(sheet, header, free)
    there = [column for column in columns if column is not None]
    for place, width in zip(columns, RESULT_WIDTHS, strict=True):
        if place is not None and place not in sheet.dropped:
            patch.frame.set_column(place, width)
    patch.put_beside(frozenset({*there, *sheet.dropped}), _answers(patch, sheet, header, columns, looks))
    last = max([free - 1, *there])
    _fit_on_pages(patch, last + 1)
    lost = [label for label, column in zip(RESULT_HEADERS, columns, strict=True) if column is None]
    note = (
        f"The sheet {sheet.raw.name} has no room right of column {letters(LAST_COLUMN)} for {', '.join(lost)}."
        if lost
        else ""
    )
    return Placed(filter=_filter(patch, sheet, header, tables, (free - 1, last)), note=note)


def _first_free(patch: SheetPatch, sheet: AnsweredSheet, header: int, tables: Iterable[TableRange]) -> int:
    """Return the column right of everything that a row of the sheet's has, sparklines included."""
    raw = sheet.raw
    used = [column for column, cells in enumerate(raw.columns, raw.first_column) if cells.count("") < len(cells)]
    merged = [block.last_column for block in raw.merged if block.last_row >= header]
    lines = (block_of(str(where.text)) for where in patch.frame.root.iter("{*}sqref") if _parent(where) == "sparkline")
    drawn = [block.last_column for block in lines if block is not None]
    return max([-1, *used, *merged, *drawn, *sheet.dropped, *(table.block.last_column for table in tables)]) + 1


def _parent(within: etree._Element) -> str:
    parent = within.getparent()
    return "" if parent is None else etree.QName(parent).localname


def _columns(sheet: AnsweredSheet, header: int, free: int) -> list[int | None]:
    """Return the columns of the eight, in their order: where an earlier run wrote them, else from the free one on."""
    raw = sheet.raw
    earlier: dict[str, int] = {}
    for column in sorted(sheet.dropped):
        text = str(raw.columns[column - raw.first_column][header - raw.first_row]).strip()
        earlier.setdefault(text, column)
    columns: list[int | None] = []
    for label in RESULT_HEADERS:
        if label in earlier:
            columns.append(earlier[label])
        else:
            columns.append(free if free <= LAST_COLUMN else None)
            free += 1
    return columns


def _answers(
    patch: SheetPatch, sheet: AnsweredSheet, header: int, columns: Sequence[int | None], looks: Looks
) -> Callable[[int], Fillings | None]:
    made: dict[int, tuple[Fillings, RowResult]] = {}
    # By the answer's identity, and kept with it so that no other answer can take that identity.
    prefix = patch.prefix
    headers = zip(columns, RESULT_HEADERS, strict=True)
    labels = Fillings({c: filling(text, looks.header, prefix) for c, text in headers if c is not None}, prefix)
    nothing = Fillings({}, prefix)

    def made_of(result: RowResult) -> Fillings:
        styles = (looks.tone[result.tone], *looks.beside[1:])
        return Fillings(
            {
                column: filling(value, style, prefix)
                for column, value, style in zip(columns, result.cells, styles, strict=True)
                if column is not None and value is not None and value != ""
            },
            prefix,
        )

    def beside(row: int) -> Fillings | None:
        if row <= header:
            return labels if row == header else None
        result = sheet.results.get(row)
        if result is None:
            return nothing if sheet.dropped else None
        known = made.get(id(result))
        if known is None:
            known = made[id(result)] = (made_of(result), result)
        return known[0]

    return beside


def _filter(
    patch: SheetPatch, sheet: AnsweredSheet, header: int, tables: Sequence[TableRange], columns: tuple[int, int]
) -> str:
    """Have the filter take in the columns of ours too; return its cells, or nothing where it stays as it is.

    Args:
        patch: Of the sheet.
        sheet: As it was read.
        header: Row number of the header.
        tables: They have filters of their own.
        columns: The last one that was there, and the last one by now.
    """
    raw = sheet.raw
    used, last = columns
    there = patch.frame.find("autoFilter")
    if there is None:
        if tables:
            return ""
        there = patch.frame.place("autoFilter")
        first, bottom = raw.first_column, max(header, raw.first_row + raw.height - 1)
    else:
        block = block_of(there.get("ref", ""))
        if block is None or block.first_row != header or block.last_column < used or block.last_column >= last:
            return ""
        first, bottom = block.first_column, block.last_row
    there.set("ref", f"{letters(first)}{header}:{letters(last)}{bottom}")
    return f"${letters(first)}${header}:${letters(last)}${bottom}"


def _fit_on_pages(patch: SheetPatch, columns: int) -> None:
    """Have the sheet print in landscape, over as many pages as can be read, unless somebody has set how it prints."""
    frame = patch.frame
    if frame.find("pageSetup") is not None:
        return
    wide = str(pages_across(columns))
    for name, value in (("paperSize", _A4), ("fitToWidth", wide), ("fitToHeight", "0"), ("orientation", "landscape")):
        frame.place("pageSetup").set(name, value)
    properties = frame.place("sheetPr")
    fit = properties.find(f"{{{frame.namespace}}}pageSetUpPr")
    if fit is None:
        fit = frame.element("pageSetUpPr")
        properties.append(fit)
    fit.set("fitToPage", "1")


def _say_practice(patch: SheetPatch, *, practice: bool) -> None:
    there = patch.frame.find("headerFooter")
    if practice and there is None:
        header = patch.frame.element("oddHeader")
        header.text = _PRACTICE
        patch.frame.place("headerFooter").append(header)
    elif not practice and there is not None and [child.text for child in there] == [_PRACTICE]:
        patch.frame.root.remove(there)
