"""Anchors: where charts, pictures, shapes and notes stand on a sheet, kept clear of columns that are put in.

What stands beside the data moves right, by as many columns as are put in; whatever else reaches into them keeps the
size that it has, although they become wider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from batch.xlsx_edit import comment_shapes
from batch.xlsx_edit.package import PackageEdit, Unpatchable, number_of, parse_part, serialise
from batch.xlsx_edit.sheet_frame import Frame

EMU: Final = 9_525
"""English metric units in a pixel."""
_DIGIT: Final = 7
"""Pixels of a digit in the usual font, in which widths are counted."""
_USUAL_WIDTH: Final = 64
"""Pixels of a column whose width nobody changed."""
_USUAL_HEIGHT: Final = 15.0
"""Points of a row."""
_LAST_COLUMN: Final = 16_383


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """How wide the columns of a sheet are, in pixels."""

    usual: int = _USUAL_WIDTH
    own: Mapping[int, int] = field(default_factory=dict)
    """By column (0 is A), where they are otherwise."""

    def of(self, column: int) -> int:
        """Return the width of a column."""
        return self.own.get(column, self.usual)

    def left_of(self, column: int) -> int:
        """Return how far a column stands from the sheet's left edge."""
        return column * self.usual + sum(w - self.usual for c, w in self.own.items() if c < column)

    def at(self, place: float) -> tuple[int, float]:
        """Return the column at so many pixels from the left edge, and how far in it."""
        column = 0
        while place >= self.of(column) and column < _LAST_COLUMN:
            place -= self.of(column)
            column += 1
        return column, place


def widths_of(frame: Frame) -> Widths:
    """Return the widths of a sheet's columns as they are by now."""
    usual = frame.find("sheetFormatPr")
    said = None if usual is None else usual.get("defaultColWidth")
    default = _USUAL_WIDTH if said is None else round(_decimal(said) * _DIGIT)
    own: dict[int, int] = {}
    columns = frame.find("cols")
    for column in () if columns is None else columns.iterchildren("*"):
        hidden = column.get("hidden") in {"1", "true"}
        width = 0 if hidden else round(_decimal(column.get("width"), default / _DIGIT) * _DIGIT)
        own |= dict.fromkeys(range(number_of(column, "min", 1) - 1, number_of(column, "max", 1)), width)
    return Widths(usual=default, own=own)


def _decimal(text: str | None, otherwise: float = 0.0) -> float:
    try:
        return otherwise if text is None else float(text)
    except ValueError:
        raise Unpatchable(f"one of its parts says {text!r} where a number belongs") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Room that is made on a sheet for columns that are put in."""

    first: int
    """The first of them (0 is A)."""
    last: int
    rows: range
    """Those in which they have cells, counted from 0."""
    before: Widths
    after: Widths

    def moved(self, column: int, offset: float, rows: tuple[int, int], width: float) -> tuple[int, float]:
        """Return where something begins.

        Args:
            column: In which it began so far.
            offset: Pixels from there.
            rows: The first and the last row beside it.
            width: Of it, in pixels.
        """
        begins = self.before.left_of(column) + offset
        beside = rows[0] < self.rows.stop and rows[1] >= self.rows.start
        if not beside or begins + width <= self.before.left_of(self.first):
            return column, offset
        if column >= self.first:
            return min(column + self.last - self.first + 1, _LAST_COLUMN), offset
        return min(self.last + 1, _LAST_COLUMN), 0

    def between(
        self, first: tuple[int, float], last: tuple[int, float], rows: tuple[int, int], *, stays: bool = False
    ) -> tuple[tuple[int, float], tuple[int, float]]:
        """Return where something begins and ends, by column and pixels in it, from where it did; as wide as it was."""
        if last[0] < self.first:
            return first, last
        width = self.before.left_of(last[0]) + last[1] - self.before.left_of(first[0]) - first[1]
        begins = first if stays else self.moved(*first, rows, width)
        return begins, self.after.at(self.after.left_of(begins[0]) + begins[1] + width)

    def sides(self, cell: tuple[int, int] | None, sides: comment_shapes.Sides) -> comment_shapes.Sides:
        """Return where a shape of the notes' drawing stands; a note stays at its cell."""
        column, offset, top, down, end, beyond, bottom, below = sides
        (column, left), (end, right) = self.between(
            (column, offset), (end, beyond), (top, bottom), stays=cell is not None
        )
        return column, round(left), top, down, end, round(right), bottom, below


def make_room(edit: PackageEdit, part: str, frame: Frame, room: Making) -> None:
    """Keep what is drawn on a sheet clear of columns that are put in.

    Args:
        edit: The workbook.
        part: The sheet's part.
        frame: The sheet without its rows, in which controls are.
        room: What is put in.

    Raises:
        Unpatchable: A drawing is not to be understood.
    """
    for anchor in frame.root.iter("{*}anchor"):
        _between_cells(anchor, room)
    for kind, to in edit.links(part).values():
        if edit.find(to) is None:
            continue
        if kind.endswith("/vmlDrawing"):
            before = edit.read(to)
            after = comment_shapes.rearranged(before, room.sides)
        elif kind.endswith("/drawing"):
            root = parse_part(edit.read(to))
            before = serialise(root)
            for anchor in root.iter("{*}twoCellAnchor", "{*}oneCellAnchor", "{*}absoluteAnchor"):
                _anchor(anchor, room, frame)
            after = serialise(root)
        else:
            continue
        if after != before:
            edit.put(to, after)


def _anchor(anchor: etree._Element, room: Making, frame: Frame) -> None:
    match etree.QName(anchor).localname:
        case "twoCellAnchor":
            _between_cells(anchor, room)
        case "oneCellAnchor":
            _from_a_cell(anchor, room)
        case _:
            _nowhere(anchor, room, frame)


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
    bottom = top + int(_whole(size.get("cy")) / EMU * 0.75 / _USUAL_HEIGHT)
    _set_corner(first, *room.moved(column, offset, (top, bottom), _whole(size.get("cx")) / EMU))


def _nowhere(anchor: etree._Element, room: Making, frame: Frame) -> None:
    place, size = anchor.find("{*}pos"), anchor.find("{*}ext")
    if place is None or size is None:
        return
    usual = frame.find("sheetFormatPr")
    height = _decimal(None if usual is None else usual.get("defaultRowHeight"), _USUAL_HEIGHT) or _USUAL_HEIGHT
    column, offset = room.before.at(_whole(place.get("x")) / EMU)
    top = _whole(place.get("y"))
    first, last = (int(y / EMU * 0.75 / height) for y in (top, top + _whole(size.get("cy"))))
    then = room.moved(column, offset, (first, last), _whole(size.get("cx")) / EMU)
    if then != (column, offset):
        place.set("x", str(round((room.after.left_of(then[0]) + then[1]) * EMU)))


def _corner(corner: etree._Element) -> tuple[int, float, int]:
    """Return column, pixels in it, and row."""
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
