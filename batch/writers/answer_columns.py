"""Answer columns: a run's results put into the user's own workbook, of which all else stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from batch.readers.prescan import block_of
from batch.readers.workbook import Block, CellValue, NoValue
from batch.schema.columns import RESULT_HEADERS
from batch.tables.row_results import RESULT_WIDTHS, AnsweredSheet, pages_across
from batch.wording import letters
from batch.writers.results_anew import ResultCells
from batch.xlsx_edit.package import PackageEdit
from batch.xlsx_edit.sheet import CellChange, Fillings, SheetPatch
from batch.xlsx_edit.sheet_frame import LAST_COLUMN, cell_grid
from batch.xlsx_edit.sheet_objects import (
    Making,
    TableRange,
    grow,
    make_room,
    pivots_of,
    reference_of,
    rename_column,
    tables_of,
    widen,
)

_PRACTICE: Final = '&C&"Calibri,Bold"PRACTICE'
_A4: Final = "9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What was done to one sheet, as far as it bears on the rest of the workbook."""

    filter: str = ""
    """The cells of its filter, where that is new: ``$A$1:$K$31``."""
    over_formulas: bool = False
    """Whether cells that were written over held formulas."""
    note: str = ""
    """What could not be put in."""


def put_results(
    edit: PackageEdit,
    part: str,
    sheet: AnsweredSheet,
    styles: Mapping[str, int],
    hide: Callable[[etree._Element], None],
    *,
    practice: bool,
) -> Placed:
    """Put the answers, and what is to be said instead of passwords, into one of the user's sheets.

    Args:
        sheet: As it was read from this very workbook, and its answers. Columns that an earlier run wrote are written
            over in place; what is missing of the eight comes right of everything.
        styles: By name, the workbook's numbers of the styles of what is put in.
        hide: Hides passwords in what surrounds the rows.

    Raises:
        Unpatchable: The sheet is laid out in a way that cannot be patched with certainty.
    """
    patch = SheetPatch(edit, part)
    for column, rows in sheet.replaced.items():
        cells = sheet.raw.columns[column - sheet.raw.first_column]
        for row, text in rows.items():
            if cells[row - sheet.raw.first_row] != "":  # cells behind merged ones stay blank: the merge itself is kept
                keeps = row in sheet.recalculated.get(column, ())
                patch.change(row, column, CellChange(text=text, keeps_formula=keeps))
    placed = Placed()
    if sheet.header_row is not None:
        placed = _put_beside(edit, patch, sheet, sheet.header_row, styles)
    _set_practice_header(patch, practice=practice)
    touched = {*sheet.replaced, *sheet.dropped, *sheet.renamed}
    hide(patch.frame.root)
    patch.apply()
    return Placed(filter=placed.filter, note=placed.note, over_formulas=any(_has_formulas(sheet, c) for c in touched))


def _has_formulas(sheet: AnsweredSheet, column: int) -> bool:
    place = column - sheet.raw.first_column
    cells = sheet.raw.columns[place] if 0 <= place < len(sheet.raw.columns) else ()
    return column in sheet.raw.formulas or any(cell.__class__ is NoValue for cell in cells)


def _put_beside(
    edit: PackageEdit, patch: SheetPatch, sheet: AnsweredSheet, header: int, styles: Mapping[str, int]
) -> Placed:
    bottom = sheet.raw.first_row + sheet.raw.height
    tables = [table for table in tables_of(edit, patch.part) if table.block.first_row <= bottom]
    headed = [table for table in tables if table.block.first_row == header]
    for column, text in sheet.renamed.items():
        patch.change(header, column, CellChange(text=text))
        for table in headed:
            rename_column(edit, table, column, text)
    ground = _Ground(edit, patch, sheet, header, tables)
    columns = _columns(sheet, header, ground.free)
    there = [column for column in columns if column is not None]
    new = sorted({*there} - sheet.dropped)
    before = cell_grid(patch.frame)
    for place, width in zip(columns, RESULT_WIDTHS, strict=True):
        if place is not None and place not in sheet.dropped:
            patch.frame.set_column(place, width)
    patch.put_beside(
        frozenset({*there, *sheet.dropped}), _answers(sheet, header, ResultCells(columns, styles, patch.prefix))
    )
    if new:
        rows = range(header - 1, max(header, bottom - 1))
        room = Making(first=new[0], last=new[-1], rows=rows, before=before, after=cell_grid(patch.frame))
        make_room(edit, patch.part, patch.frame, room)
    last = max([*there, *ground.used])
    _fit_on_pages(patch, last + 1)
    labels = {column: label for label, column in zip(RESULT_HEADERS, columns, strict=True) if column is not None}
    lost = [label for label in RESULT_HEADERS if label not in labels.values()]
    note = (
        f"The sheet {sheet.raw.name} has no room right of column {letters(LAST_COLUMN)} for {', '.join(lost)}."
        if lost
        else ""
    )
    if ground.table is not None:
        reached = _with_table(edit, ground.table, labels)
        return Placed(note=" ".join(filter(None, (note, "" if reached else _outside(sheet, "table")))))
    filtered, reached = _filter(patch, ground, last if ground.home is None else max(there, default=0))
    return Placed(filter=filtered, note=" ".join(filter(None, (note, "" if reached else _outside(sheet, "filter")))))


def _outside(sheet: AnsweredSheet, what: str) -> str:
    return (
        f"On the sheet {sheet.raw.name} the results are outside its {what}, because of what is beside it: "
        f"sorting by the {what} does not move them along. To sort, select all columns first."
    )


class _Ground:
    """Where on a sheet there is room for columns of ours.

    Args:
        tables: Those that are not below all rows.
    """

    def __init__(
        self, edit: PackageEdit, patch: SheetPatch, sheet: AnsweredSheet, header: int, tables: Sequence[TableRange]
    ) -> None:
        raw = sheet.raw
        self.sheet, self.header = sheet, header
        self.bottom = max(header, raw.first_row + raw.height - 1)
        self.used = sorted(
            column
            for column, cells in enumerate(raw.columns, raw.first_column)
            if column not in sheet.dropped and _has_cells(cells[max(header - raw.first_row, 0) :])
        )
        """Columns in which something stands beside the rows."""
        self.table = min(
            (table for table in tables if table.block.first_row == header + (not table.header)),
            key=lambda table: table.block.first_column,
            default=None,
        )
        """The table that the rows stand in."""
        others = [table.block for table in tables if table is not self.table]
        self.blocks = [*others, *pivots_of(edit, patch.part)]
        """Ranges that nothing of ours may be in, nor any filter over them."""
        merged = [block for block in raw.merged if block.last_row >= header]
        lines = (
            block_of(str(where.text)) for where in patch.frame.root.iter("{*}sqref") if _parent(where) == "sparkline"
        )
        self._taken = [*self.blocks, *merged, *(block for block in lines if block is not None)]
        there = patch.frame.find("autoFilter")
        filtered = None if there is None else block_of(there.get("ref", ""))
        home = filtered if filtered and filtered.first_row == header else None
        self.home = home if self.table is None else self.table.block
        """What moves the rows when it is sorted: the table, or the sheet's filter."""
        self.free = self._first_free()
        """The first column for ours."""

    def _first_free(self) -> int:
        """Return the column beside the table or filter, if there is room, else the one right of everything."""
        dropped = (self.sheet.raw.columns[column - self.sheet.raw.first_column] for column in self.sheet.dropped)
        written = {str(c[self.header - self.sheet.raw.first_row]).strip() for c in dropped}
        count = len(set(RESULT_HEADERS) - written)
        if self.home is not None:
            beside = self.home.last_column + 1
            room = range(beside, beside + count)
            taken = any(b.first_column < room.stop and b.last_column >= beside for b in self._taken)
            if not taken and not {*self.used, *self.sheet.dropped} & {*room} and room.stop <= LAST_COLUMN + 1:
                return beside
        home = [] if self.home is None else [self.home.last_column]
        above = [
            column
            for column, cells in enumerate(self.sheet.raw.columns, self.sheet.raw.first_column)
            if _has_cells(cells)
        ]
        return max([-1, *above, *self.sheet.dropped, *home, *(block.last_column for block in self._taken)]) + 1

    def is_gap_before(self, last: int) -> bool:
        """Tell whether a blank column lies between the filter and a column."""
        end = -1 if self.home is None else self.home.last_column
        return not {*range(end + 1, last)} <= {*self.used, *self.sheet.dropped, *range(self.free, last)}


def _has_cells(cells: Sequence[CellValue]) -> bool:
    return cells.count("") < len(cells)


def _parent(within: etree._Element) -> str:
    parent = within.getparent()
    return "" if parent is None else etree.QName(parent).localname


def _with_table(edit: PackageEdit, table: TableRange, labels: Mapping[int, str]) -> bool:
    """Have the table take in our columns that follow it; tell whether all of them are in it then."""
    end = table.block.last_column
    following: list[str] = []
    while end + 1 + len(following) in labels:
        following.append(labels[end + 1 + len(following)])
    grown = not following or grow(edit, table, following)
    return grown and all(column <= end + len(following) for column in labels)


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


def _answers(sheet: AnsweredSheet, header: int, cells: ResultCells) -> Callable[[int], Fillings | None]:
    nothing = Fillings({}) if sheet.dropped else None

    def beside(row: int) -> Fillings | None:
        if row <= header:
            return cells.header if row == header else None
        result = sheet.results.get(row)
        return nothing if result is None else cells.of(result)

    return beside


def _filter(patch: SheetPatch, ground: _Ground, last: int) -> tuple[str, bool]:
    """Have the filter take in the columns of ours too.

    Returns:
        Its cells, or nothing where it stays as it is; and whether our columns are in it, if there is one.
    """
    raw = ground.sheet.raw
    there, home = patch.frame.find("autoFilter"), ground.home
    if there is not None and home is None:
        return "", True
    area = home or Block(ground.header, raw.first_column, ground.bottom, last)
    if home is not None and home.last_column >= last:
        return "", True
    wanted = area._replace(last_column=last)
    if any(_overlap(wanted, block) for block in ground.blocks) or (home is not None and ground.is_gap_before(last)):
        return "", home is None
    if there is None:
        there = patch.frame.place("autoFilter")
    ordered = [*there.iter("{*}sortState"), *filter(None, [patch.frame.find("sortState")])]
    for element in ordered:
        widen(element, area.last_column, last)
    there.set("ref", reference_of(wanted))
    first, end = letters(wanted.first_column), letters(last)
    return f"${first}${wanted.first_row}:${end}${wanted.last_row}", True


def _overlap(one: Block, other: Block) -> bool:
    return (
        one.first_column <= other.last_column
        and other.first_column <= one.last_column
        and one.first_row <= other.last_row
        and other.first_row <= one.last_row
    )


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


def _set_practice_header(patch: SheetPatch, *, practice: bool) -> None:
    there = patch.frame.find("headerFooter")
    if practice and there is None:
        header = patch.frame.element("oddHeader")
        header.text = _PRACTICE
        patch.frame.place("headerFooter").append(header)
    elif not practice and there is not None and [child.text for child in there] == [_PRACTICE]:
        patch.frame.root.remove(there)
