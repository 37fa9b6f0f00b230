"""What stands on a sheet besides cells (tables, pivots, charts, pictures, notes), kept clear of columns put in.

What stands beside the data moves right, by as many columns as are put in; whatever else reaches into them keeps the
size that it has, although they become wider. A table takes in the columns that follow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from batch.readers.prescan import block_of
from batch.readers.workbook import Block
from batch.wording import letters
from batch.xlsx_edit.comments import Sides, rearranged
from batch.xlsx_edit.package import PackageEdit, Unpatchable, number_of, parse_part, serialise
from batch.xlsx_edit.sheet_frame import LAST_COLUMN, CellGrid, Frame

EMU: Final = 9_525
"""English metric units in a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Room that is made on a sheet for columns that are put in."""

    first: int
    """The first of them (0 is A)."""
    last: int
    rows: range
    """Those in which they have cells, counted from 0."""
    before: CellGrid
    after: CellGrid

    def moved(self, column: int, offset: float, rows: tuple[int, int], width: float) -> tuple[int, float]:
        """Return where something begins.

        Args:
            column: In which it began so far.
            offset: Pixels from there.
            rows: The first and the last row beside it.
        """
        begins = self.before.left_of(column) + offset
        beside = rows[0] < self.rows.stop and rows[1] >= self.rows.start
        if not beside or begins + width <= self.before.left_of(self.first):
            return column, offset
        if column >= self.first:
            return min(column + self.last - self.first + 1, LAST_COLUMN), offset
        return min(self.last + 1, LAST_COLUMN), 0

    def between(
        self, first: tuple[int, float], last: tuple[int, float], rows: tuple[int, int], *, stays: bool = False
    ) -> tuple[tuple[int, float], tuple[int, float]]:
        """Return where something begins and ends, by column and pixels in it, from where it did; as wide as it was."""
        if last[0] < self.first:
            return first, last
        width = self.before.left_of(last[0]) + last[1] - self.before.left_of(first[0]) - first[1]
        begins = first if stays else self.moved(*first, rows, width)
        return begins, self.after.at(self.after.left_of(begins[0]) + begins[1] + width)

    def sides(self, cell: tuple[int, int] | None, sides: Sides) -> Sides:
        """Return where a shape of the notes' drawing stands; a note stays at its cell."""
        column, offset, top, down, end, beyond, bottom, below = sides
        (column, left), (end, right) = self.between(
            (column, offset), (end, beyond), (top, bottom), stays=cell is not None
        )
        return column, round(left), top, down, end, round(right), bottom, below


def make_room(edit: PackageEdit, part: str, frame: Frame, room: Making) -> None:
    """Keep what is drawn on a sheet clear of columns that are put in."""
    for anchor in frame.root.iter("{*}anchor"):
        _between_cells(anchor, room)
    for drawing in edit.linked(part, "/vmlDrawing"):
        before = edit.read(drawing)
        after = rearranged(before, room.sides)
        if after != before:
            edit.put(drawing, after)
    for drawing in edit.linked(part, "/drawing"):
        root = parse_part(edit.read(drawing))
        before = serialise(root)
        for anchor in root.iter("{*}twoCellAnchor", "{*}oneCellAnchor", "{*}absoluteAnchor"):
            _anchor(anchor, room)
        if (after := serialise(root)) != before:
            edit.put(drawing, after)


def _anchor(anchor: etree._Element, room: Making) -> None:
    match etree.QName(anchor).localname:
        case "twoCellAnchor":
            _between_cells(anchor, room)
        case "oneCellAnchor":
            _from_a_cell(anchor, room)
        case _:
            _nowhere(anchor, room)


def _between_cells(anchor: etree._Element, room: Making) -> None:
    first, last = anchor.find("{*}from"), anchor.find("{*}to")
    if first is None or last is None:
        return
    (column, offset, top), (end, beyond, bottom) = _corner(first), _corner(last)
    begin, end_ = room.between((column, offset), (end, beyond), (top, bottom))
    _set_corner(first, *begin)
    _set_corner(last, *end_)


def _from_a_cell(anchor: etree._Element, room: Making) -> None:
    first, size = anchor.find("{*}from"), anchor.find("{*}ext")
    if first is None or size is None:
        return
    column, offset, top = _corner(first)
    bottom = top + int(_whole(size.get("cy")) / EMU / room.before.height)
    _set_corner(first, *room.moved(column, offset, (top, bottom), _whole(size.get("cx")) / EMU))


def _nowhere(anchor: etree._Element, room: Making) -> None:
    place, size = anchor.find("{*}pos"), anchor.find("{*}ext")
    if place is None or size is None:
        return
    column, offset = room.before.at(_whole(place.get("x")) / EMU)
    top = _whole(place.get("y"))
    first, last = (int(y / EMU / room.before.height) for y in (top, top + _whole(size.get("cy"))))
    then = room.moved(column, offset, (first, last), _whole(size.get("cx")) / EMU)
    if then != (column, offset):
        place.set("x", str(round((room.after.left_of(then[0]) + then[1]) * EMU)))


def _corner(corner: etree._Element) -> tuple[int, float, int]:
    column, offset, row = (_whole(corner.findtext(f"{{*}}{name}")) for name in ("col", "colOff", "row"))
    return column, offset / EMU, row


def _whole(text: str | None) -> int:
    try:
        return int(text or "0")
    except ValueError:
        raise Unpatchable(f"one of its drawings says {text!r} where a number belongs") from None


def _set_corner(corner: etree._Element, column: int, offset: float) -> None:
    if _corner(corner)[:2] == (column, offset):
        return
    for name, number in (("col", column), ("colOff", round(offset * EMU))):
        there = corner.find(f"{{*}}{name}")
        if there is not None:
            there.text = str(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRange:
    """One such table."""

    part: str
    block: Block
    """Its cells, the header's included."""
    header: bool
    """Whether its first row is its header."""
    fed: bool
    """Whether it is filled from elsewhere: by a query, from XML."""


def tables_of(edit: PackageEdit, part: str) -> list[TableRange]:
    """Return the tables of a sheet."""
    found = []
    for target in edit.linked(part, "/table"):
        root = parse_part(edit.read(target))
        block = block_of(root.get("ref", ""))
        if block is not None:
            header, fed = root.get("headerRowCount") != "0", root.get("tableType", "worksheet") != "worksheet"
            found.append(TableRange(part=target, block=block, header=header, fed=fed))
    return found


def pivots_of(edit: PackageEdit, part: str) -> list[Block]:
    """Return the cells of a sheet's pivot tables."""
    places = (
        place
        for pivot in edit.linked(part, "/pivotTable")
        for place in parse_part(edit.read(pivot)).iter("{*}location")
    )
    return [block for place in places if (block := block_of(place.get("ref", ""))) is not None]


def grow(edit: PackageEdit, table: TableRange, headers: Sequence[str]) -> bool:
    """Have a table take in the columns right of it; tell whether it could.

    Its filter and its order of rows reach as far, so that whatever moves its rows moves these columns too.

    Args:
        headers: What the header cells of these columns say. No two columns of a table may say the same.
    """
    root = parse_part(edit.read(table.part))
    columns = root.find("{*}tableColumns")
    if columns is None or table.fed:
        return False
    there = columns.findall("{*}tableColumn")
    names = [column.get("name", "").casefold() for column in there]
    if set(names) & {header.casefold() for header in headers}:
        return False
    last = max((number_of(column, "id") for column in there), default=0)
    for number, header in enumerate(headers, last + 1):
        column = columns.makeelement(f"{{{etree.QName(columns).namespace}}}tableColumn", {"id": str(number)})
        column.set("name", header)
        columns.append(column)
    columns.set("count", str(len(there) + len(headers)))
    widen(root, table.block.last_column, table.block.last_column + len(headers))
    for ordered in root.iter("{*}autoFilter", "{*}sortState"):
        widen(ordered, table.block.last_column, table.block.last_column + len(headers))
    edit.put(table.part, serialise(root))
    return True


def widen(element: etree._Element, last: int, wanted: int) -> None:
    """Have what an element refers to reach to another column (0 is A), if it reaches to the last one."""
    block = block_of(element.get("ref", ""))
    if block is not None and block.last_column == last:
        element.set("ref", reference_of(block._replace(last_column=wanted)))


def reference_of(block: Block) -> str:
    """Return a reference to some cells: ``A1:C9``."""
    first, last = letters(block.first_column), letters(block.last_column)
    return f"{first}{block.first_row}:{last}{block.last_row}"


def rename_column(edit: PackageEdit, table: TableRange, column: int, name: str) -> None:
    """Have a table call a column of the sheet (0 is A) by another name: the one that its header cell now says."""
    root = parse_part(edit.read(table.part))
    columns = list(root.iter("{*}tableColumn"))
    place = column - table.block.first_column
    if 0 <= place < len(columns):
        columns[place].set("name", name)
        edit.put(table.part, serialise(root))
