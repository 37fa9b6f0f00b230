"""Comment shapes: where the notes of a sheet are drawn. A drawing in VML, as Excel has it for them to this day.

Such drawings hold buttons and pictures of the user's too, and old ones are not well-formed, so shapes are put in and
taken out by their bytes; everything else stays as it is.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from batch.xlsx_edit.package import PackageEdit, Unpatchable, attribute

CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"

_BLOCK: Final = 1024
"""Shapes are numbered in blocks of so many; no two drawings of a workbook share one."""
_SPACES: Final = {
    b"v": b"urn:schemas-microsoft-com:vml",
    b"o": b"urn:schemas-microsoft-com:office:office",
    b"x": b"urn:schemas-microsoft-com:office:excel",
}
_ROOT: Final = re.compile(rb"<xml\b[^>]*>")
_EMPTY: Final = re.compile(rb"<xml\b([^>]*)/>\s*\Z")
_END: Final = re.compile(rb"</xml\s*>")
NEW: Final = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel">'
    b'<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data=""/></o:shapelayout></xml>'
)
_KIND_OF_SHAPE: Final = (
    b'<v:shapetype%s id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SHAPE: Final = (
    '<v:shape{spaces} id="_x0000_s{id}" type="#_x0000_t202" style="position:absolute;width:{width}pt;'
    'height:{height}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
    '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
    "<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)

_SHAPES: Final = re.compile(
    rb"<(?P<prefix>[\w.-]+:)?shape\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>.*?</(?P=prefix)?shape\s*>\s*", re.DOTALL
)
_ROW: Final = re.compile(rb"<(?:[\w.-]+:)?Row>\s*(\d+)\s*<")
_COLUMN: Final = re.compile(rb"<(?:[\w.-]+:)?Column>\s*(\d+)\s*<")
_ANCHOR: Final = re.compile(rb"(?<=Anchor>)[^<]*(?=<)")
_NOTE: Final = re.compile(rb"ObjectType\s*=\s*[\"']Note[\"']")
_IDMAP: Final = re.compile(rb"(<(?:[\w.-]+:)?idmap\b[^>]*?\bdata\s*=\s*[\"'])([^\"']*)")
_SHAPE_ID: Final = re.compile(rb"_x0000_s(\d+)")
_DRAWN: Final = re.compile(rb"<(?:[\w.-]+:)?(?:shape|rect|roundrect|group|image|oval|line|polyline|arc|curve)\b")

Sides: TypeAlias = tuple[int, ...]
"""Where a shape stands: column, pixels in it, row, pixels in it of its upper left corner, then of its lower right."""

_CELL_WIDTH: Final = 64
"""Pixels of a column whose width nobody changed."""
_CELL_HEIGHT: Final = 20.0
_WIDTH: Final = 330
_LETTERS_ACROSS: Final = 52
_LINE: Final = 15
_MOST_LINES: Final = 40
_LETTERS_IN_OTHERS: Final = 22
"""Letters across a balloon that Excel made, which is as wide as two columns."""
_SIDES: Final = 8
_LAST_COLUMN: Final = 16_383
_COL: Final = re.compile(rb"<(?:[\w.-]+:)?col\s[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGrid:
    """How wide and high the cells of a sheet are, in pixels."""

    widths: Mapping[int, int] = field(default_factory=dict)
    """By column (0 is A), where they are not the usual ones."""
    width: int = _CELL_WIDTH
    height: float = _CELL_HEIGHT


def cell_grid(head: bytes) -> CellGrid:
    """Return a sheet's grid from what its XML says ahead of the rows."""
    usual = re.search(rb"<(?:[\w.-]+:)?sheetFormatPr\b[^>]*>", head)
    width, height = _CELL_WIDTH, _CELL_HEIGHT
    if usual is not None:
        width = _pixels(attribute(usual[0], b"defaultColWidth"), width)
        height = _number(attribute(usual[0], b"defaultRowHeight"), height * 0.75) / 0.75 or _CELL_HEIGHT
    widths: dict[int, int] = {}
    for column in _COL.findall(head):
        first, last = (int(_number(attribute(column, name), 0)) for name in (b"min", b"max"))
        shown = attribute(column, b"hidden") not in {b"1", b"true"}
        pixels = _pixels(attribute(column, b"width"), width) if shown else 0
        if first:
            widths |= dict.fromkeys(range(first - 1, min(last, first + _BLOCK)), pixels)
    return CellGrid(widths=widths, width=width, height=height)


def _number(text: bytes | None, otherwise: float) -> float:
    try:
        return float(text) if text is not None else otherwise
    except ValueError:
        return otherwise


def _pixels(width: bytes | None, otherwise: int) -> int:
    return round(_number(width, (otherwise - 5) / 7) * 7 + 5)


def draw(drawing: bytes, notes: Mapping[tuple[int, int], str], grid: CellGrid, first: int) -> bytes:
    """Return a drawing with a hidden balloon more for each note.

    Args:
        drawing: As it is, or `NEW`.
        notes: By row and column, both counted from 0: what the note says, for its size.
        grid: Of the sheet.
        first: The block from which on shapes are numbered.

    Raises:
        Unpatchable: The drawing is none.
    """
    content = _EMPTY.sub(rb"<xml\1></xml>", drawing)
    root, ends = _ROOT.search(content), [*_END.finditer(content)]
    if root is None or not ends:
        raise Unpatchable("the drawing of its notes has no end")
    if not notes:
        return drawing
    end = ends[-1].start()
    blocks = range(first, first + 1 + len(notes) // _BLOCK)
    # What is declared further in, on each shape, does not hold for ours.
    spaces = b"".join(b' xmlns:%s="%s"' % item for item in _SPACES.items() if b'xmlns:%s="%s"' % item not in root[0])
    kind = b"" if re.search(rb"shapetype\b[^>]*_x0000_t202\b", content) else _KIND_OF_SHAPE % spaces
    shapes = [
        _shape(first * _BLOCK + number, row, column, text, grid, spaces.decode())
        for number, ((row, column), text) in enumerate(notes.items(), 1)
    ]
    drawn = content[:end] + kind + "".join(shapes).encode() + content[end:]
    more = ",".join(map(str, blocks)).encode()
    return _IDMAP.sub(lambda found: found[1] + b",".join(filter(None, (found[2], more))), drawn, count=1)


def first_free_block(edit: PackageEdit) -> int:
    """Return the first block of numbers that no drawing of a workbook uses, nor any later one."""
    taken = {0}
    for name in edit.names():
        if name.casefold().endswith(".vml") or edit.content_type(name) == CONTENT_TYPE:
            content = edit.read(name)
            for _, blocks in _IDMAP.findall(content):
                taken |= {int(block) for block in blocks.split(b",") if block.strip().isdigit()}
            taken |= {int(number) // _BLOCK for number in _SHAPE_ID.findall(content)}
    return max(taken) + 1


def _shape(number: int, row: int, column: int, text: str, grid: CellGrid, spaces: str) -> str:
    height = min(_lines(text, _LETTERS_ACROSS), _MOST_LINES) * _LINE + 14
    left = min(column + 1, _LAST_COLUMN - 6)
    right, rest = left, 15 + _WIDTH
    while rest > grid.widths.get(right, grid.width) and right < _LAST_COLUMN:
        rest -= grid.widths.get(right, grid.width)
        right += 1
    top = max(row - 1, 0)
    below = 4 + height
    bottom, beyond = divmod(below, grid.height)
    anchor = (left, 15, top, 4, right, rest, top + int(bottom), int(beyond))
    return _SHAPE.format(
        spaces=spaces,
        id=number,
        width=round(_WIDTH * 0.75),
        height=round(height * 0.75),
        anchor=", ".join(map(str, anchor)),
        row=row,
        column=column,
    )


def _lines(text: str, across: int) -> int:
    return sum(1 if len(line) <= across else len(textwrap.wrap(line, across)) for line in text.split("\n"))


def erase(drawing: bytes, places: Collection[tuple[int, int]]) -> bytes:
    """Return a drawing without the balloons of some cells, by row and column counted from 0."""
    return _SHAPES.sub(lambda found: b"" if _place_of(found[0]) in places else found[0], drawing)


def places(drawing: bytes) -> set[tuple[int, int]]:
    """Return the cells that have a balloon, by row and column counted from 0."""
    found = (_place_of(shape[0]) for shape in _SHAPES.finditer(drawing))
    return {place for place in found if place is not None}


def _place_of(shape: bytes) -> tuple[int, int] | None:
    row, column = _ROW.search(shape), _COLUMN.search(shape)
    return (int(row[1]), int(column[1])) if row and column and _NOTE.search(shape) else None


def stretched(drawing: bytes, texts: Mapping[tuple[int, int], str]) -> bytes:
    """Return a drawing in which balloons have room for more text.

    Args:
        drawing: As it is.
        texts: By row and column, both counted from 0: what was put behind that which was there.
    """
    return _moved(drawing, {place: _rows_for(text) for place, text in texts.items()})


def shrunk(drawing: bytes, texts: Mapping[tuple[int, int], str]) -> bytes:
    """Undo what `stretched` did for the same texts."""
    return _moved(drawing, {place: -_rows_for(text) for place, text in texts.items()})


def _rows_for(text: str) -> int:
    return math.ceil(_lines(text.strip(), _LETTERS_IN_OTHERS) * _LINE / _CELL_HEIGHT)


def _moved(drawing: bytes, bottoms: Mapping[tuple[int, int], int]) -> bytes:
    """Return a drawing in which the lower ends of balloons are so many rows further down."""

    def resized(place: tuple[int, int] | None, sides: Sides) -> Sides:
        rows = bottoms.get(place or (-1, -1), 0)
        return (*sides[:6], max(sides[2] + 1, sides[6] + rows) if rows else sides[6], sides[7])

    return rearranged(drawing, resized) if bottoms else drawing


def rearranged(drawing: bytes, change: Callable[[tuple[int, int] | None, Sides], Sides]) -> bytes:
    """Return a drawing whose shapes stand elsewhere.

    Args:
        drawing: As it is.
        change: Takes the cell of a balloon, by row and column counted from 0, or None for any other shape, and where
            the shape stands; returns where it shall stand.
    """

    def again(found: re.Match[bytes]) -> bytes:
        shape = found[0]
        anchor = _ANCHOR.search(shape)
        texts = [] if anchor is None else anchor[0].split(b",")
        if anchor is None or len(texts) != _SIDES or not all(text.strip().isdigit() for text in texts):
            return shape
        sides: Sides = tuple(map(int, texts))
        changed = change(_place_of(shape), sides)
        if changed == sides:
            return shape
        return shape[: anchor.start()] + b", ".join(b"%d" % side for side in changed) + shape[anchor.end() :]

    return _SHAPES.sub(again, drawing)


def is_empty_drawing(drawing: bytes) -> bool:
    """Tell whether nothing is left in a drawing."""
    return _DRAWN.search(drawing) is None
