"""Comments: ours in the cells of a sheet, beside those of the user's, and taken off again.

A note of ours begins with the tool's name. In a cell that has a comment already it stands behind it, below a line. A
cell under discussion (a thread of comments) is left alone: programs that know threads do not show what else is there.

Notes are drawn in VML, as Excel has it for them to this day. Such drawings hold buttons and pictures of the user's too,
and old ones are not well-formed, so shapes are put in and taken out by their bytes; everything else stays as it is.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final, TypeAlias

from lxml import etree

from batch.readers.packages import OFFICE
from batch.wording import column_of, letters
from batch.xlsx_edit.book import Book
from batch.xlsx_edit.package import PackageEdit, Unpatchable, parse_part, serialise
from batch.xlsx_edit.sheet import SheetPatch
from batch.xlsx_edit.sheet_frame import LAST_COLUMN, CellGrid, cell_grid

AUTHOR: Final = "trunk-batch"
BEGIN: Final = f"{AUTHOR}: "
"""What each note of ours begins with."""
_DIVIDER: Final = "\n-----\n"
"""Stands between a comment of the user's and ours."""

_COMMENTS: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_OURS_BEHIND: Final = re.compile(rf"(?:_x000D_)?\r?\n?-----\s*{re.escape(BEGIN.strip())}")
_THREAD: Final = "tc="
"""What the author of a comment begins with that stands for a thread."""
_CELL: Final = re.compile(r"([A-Z]+)(\d+)")
_LONGEST: Final = 30_000
"""Characters; Excel takes 32,767."""


def add_notes(patch: SheetPatch, texts: Mapping[tuple[int, int], str]) -> None:
    """Put notes into cells of a sheet.

    Args:
        patch: Of the sheet; what is to be otherwise in its part is left for the caller to apply.
        texts: By row number as people see it and column (0 is A); without the tool's name in front.
    """
    if not texts:
        return
    edit, part, frame = patch.edit, patch.part, patch.frame
    office = Book(edit).office
    name = next(iter(edit.linked(part, "/comments")), None)
    root = _new_comments(Book(edit).namespace) if name is None else parse_part(edit.read(name))
    _write(root, {place: _clean(BEGIN + text) for place, text in sorted(texts.items())})
    drawing = _drawing_of(patch)
    before = _NEW_DRAWING if drawing is None else edit.read(drawing)
    there = {_place_of(shape[0]) for shape in _SHAPES.finditer(before)}
    missing = {place: text for place, text in _comment_texts(root) if place not in there}
    drawn = _draw(before, missing, cell_grid(frame), _first_free_block(edit))
    if name is None:
        name = edit.free_name("xl/comments{}.xml")
        edit.link(part, f"{office}/comments", name)
        edit.put(name, serialise(root), _COMMENTS)
    else:
        edit.put(name, serialise(root))
    if drawing is None:
        drawing = edit.free_name("xl/drawings/vmlDrawing{}.vml")
        frame.drop_drawing()  # which leads nowhere
        frame.link_drawing(edit.link(part, f"{OFFICE}/vmlDrawing", drawing), office)  # in strict packages too
    edit.put(drawing, drawn)
    edit.declare_type(drawing, _VML)


def _drawing_of(patch: SheetPatch) -> str | None:
    link = patch.frame.drawing_link
    part = None if link is None else patch.edit.links(patch.part).get(link, ("", None))[1]
    return None if part is None else patch.edit.find(part)


def _clean(text: str) -> str:
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _new_comments(space: str) -> etree._Element:
    root = etree.Element(f"{{{space}}}comments", nsmap={None: space})  # type: ignore[dict-item] # None stands for the default namespace
    etree.SubElement(root, f"{{{space}}}authors")
    etree.SubElement(root, f"{{{space}}}commentList")
    return root


def _write(root: etree._Element, notes: Mapping[tuple[int, int], str]) -> None:
    space = etree.QName(root).namespace
    authors, comments = (_child(root, space, name) for name in ("authors", "commentList"))
    root.insert(0, authors)
    names = [author.text or "" for author in authors]
    known = {comment.get("ref", ""): comment for comment in comments.iterchildren("*")}
    ours: int | None = None
    for (row, column), text in notes.items():
        cell = f"{letters(column)}{row}"
        theirs = known.get(cell)
        if theirs is None:
            if ours is None:
                ours = _author(authors, space, names)
            comment = etree.SubElement(comments, f"{{{space}}}comment", ref=cell, authorId=str(ours))
            _append_run(etree.SubElement(comment, f"{{{space}}}text"), text)
        elif not _is_thread(theirs, names):
            _append_run(_child(theirs, space, "text"), _DIVIDER + text)


def _comment_texts(root: etree._Element) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield where each comment stands, counted from 0, and what it says."""
    for comment in root.iter(f"{{{etree.QName(root).namespace}}}comment"):
        text = "".join(text.text or "" for text in _texts(comment))
        yield from ((place, text) for place in _places(comment))


def _child(parent: etree._Element, space: str | None, name: str) -> etree._Element:
    found = parent.find(f"{{{space}}}{name}")
    return etree.SubElement(parent, f"{{{space}}}{name}") if found is None else found


def _author(authors: etree._Element, space: str | None, names: list[str]) -> int:
    if AUTHOR in names:
        return names.index(AUTHOR)
    etree.SubElement(authors, f"{{{space}}}author").text = AUTHOR
    return len(authors) - 1


def _is_thread(comment: etree._Element, names: list[str]) -> bool:
    number = comment.get("authorId", "")
    return number.isdecimal() and int(number) < len(names) and names[int(number)].startswith(_THREAD)


def _append_run(text: etree._Element, words: str) -> None:
    """Add words to a comment's text, as a run of their own, which keeps what else is there as it looks."""
    space = etree.QName(text).namespace
    for plain in text.findall(f"{{{space}}}t"):  # which may not stand beside runs
        run = etree.Element(f"{{{space}}}r")
        text.replace(plain, run)
        run.append(plain)
    run = etree.SubElement(text, f"{{{space}}}r")
    look = etree.SubElement(run, f"{{{space}}}rPr")
    for name, value in (("sz", "9"), ("color", None), ("rFont", "Tahoma"), ("family", "2")):
        property_ = etree.SubElement(look, f"{{{space}}}{name}")
        property_.set("indexed" if value is None else "val", "81" if value is None else value)
    words_of = etree.SubElement(run, f"{{{space}}}t")
    words_of.text = words
    for said in text.iter(f"{{{space}}}t"):
        _keep_blanks(said)


def _keep_blanks(text: etree._Element) -> None:
    """Have the blanks at both ends of a text count."""
    if text.text and text.text != text.text.strip():
        text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def drop_notes(edit: PackageEdit, part: str) -> None:
    """Take our notes off a sheet: those of our own, and what we put behind comments of the user's.

    A note of ours that somebody began anew in words of their own is theirs, and stays.
    """
    name = next(iter(edit.linked(part, "/comments")), None)
    if name is None or BEGIN.strip().encode() not in edit.read(name):
        return
    root = parse_part(edit.read(name))
    comments = _child(root, etree.QName(root).namespace, "commentList")
    gone: set[tuple[int, int]] = set()
    for comment in list(comments.iterchildren("*")):
        said = "".join(text.text or "" for text in _texts(comment))
        behind = _OURS_BEHIND.search(said)
        if said.lstrip().startswith(BEGIN.strip()):
            comments.remove(comment)
            gone.update(_places(comment))
        elif behind is not None:
            _cut(comment, behind.start())
    if len(comments):
        edit.put(name, serialise(root))
    else:
        _cut_off(edit, part, name)
    _erase(SheetPatch(edit, part), gone)


def _erase(patch: SheetPatch, gone: Collection[tuple[int, int]]) -> None:
    edit, drawing = patch.edit, _drawing_of(patch)
    if drawing is None:
        return
    left = _SHAPES.sub(lambda found: b"" if _place_of(found[0]) in gone else found[0], edit.read(drawing))
    if not _DRAWN.search(left):
        _cut_off(edit, patch.part, drawing)
        patch.frame.drop_drawing()
        patch.apply()
    else:
        edit.put(drawing, left)


def move_notes(edit: PackageEdit, part: str, moved: Callable[[int], int | None]) -> bool:
    """Have the notes of a sheet go with their rows; tell whether a drawing of notes that was there is still needed.

    Args:
        moved: Takes the number of a row and returns the one that it has then; None where it goes, with its notes.
    """
    _move_comments(edit, part, moved)

    def beside(cell: tuple[int, int] | None, sides: Sides) -> Sides:
        place = None if cell is None else moved(cell[0] + 1)
        return sides if cell is None or place is None else _down(sides, place - 1 - cell[0])

    def again(found: re.Match[bytes]) -> bytes:
        where = _place_of(found[0])
        if where is None:
            return found[0]
        place = moved(where[0] + 1)
        return b"" if place is None else _ROW.sub(lambda row: row[0].replace(row[1], b"%d" % (place - 1)), found[0])

    for name in edit.linked(part, "/vmlDrawing"):
        drawing = _SHAPES.sub(again, rearranged(edit.read(name), beside))
        if not _DRAWN.search(drawing):
            _cut_off(edit, part, name)
            return False
        edit.put(name, drawing)
    return True


def _move_comments(edit: PackageEdit, part: str, moved: Callable[[int], int | None]) -> None:
    for name in edit.linked(part, "/comments", "/threadedComment"):
        root = parse_part(edit.read(name))
        for comment in [*root.iter("{*}comment", "{*}threadedComment")]:
            _move(comment, moved)
        if next(root.iter("{*}comment", "{*}threadedComment"), None) is None:
            _cut_off(edit, part, name)
        else:
            edit.put(name, serialise(root))


def _move(comment: etree._Element, moved: Callable[[int], int | None]) -> None:
    above = comment.getparent()
    for row, column in _places(comment):
        place = moved(row + 1)
        if place is not None:
            comment.set("ref", f"{letters(column)}{place}")
        elif above is not None:
            above.remove(comment)


def _down(sides: Sides, rows: int) -> Sides:
    column, offset, top, down, end, beyond, bottom, below = sides
    return column, offset, max(top + rows, 0), down, end, beyond, max(bottom + rows, 1), below


def _texts(comment: etree._Element) -> Iterator[etree._Element]:
    """Yield the pieces of a comment's text, without those that say how it is pronounced."""
    space = etree.QName(comment).namespace
    for text in comment.iter(f"{{{space}}}t"):
        above = text.getparent()
        if above is not None and etree.QName(above).localname != "rPh":
            yield text


def _places(comment: etree._Element) -> Iterator[tuple[int, int]]:
    found = _CELL.fullmatch(comment.get("ref", "").replace("$", ""))
    if found is not None:
        yield int(found[2]) - 1, column_of(found[1])


def _cut(comment: etree._Element, length: int) -> None:
    for text in list(_texts(comment)):
        said = text.text or ""
        text.text = said[:length]
        _keep_blanks(text)
        length = max(length - len(said), 0)
        run = text.getparent()
        if not text.text and run is not None and etree.QName(run).localname == "r":
            above = run.getparent()
            if above is not None:
                above.remove(run)


def _cut_off(edit: PackageEdit, part: str, target: str) -> None:
    for link, (_, linked) in edit.links(part).items():
        if linked == target:
            edit.cut(part, link)


_VML: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"

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
_NEW_DRAWING: Final = (
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

_WIDTH: Final = 330
_LETTERS_ACROSS: Final = 52
_LINE_HEIGHT: Final = 15
_MOST_LINES: Final = 40
_SIDES: Final = 8


def _draw(drawing: bytes, notes: Mapping[tuple[int, int], str], grid: CellGrid, first: int) -> bytes:
    """Return a drawing with a hidden balloon more for each note.

    Args:
        drawing: As it is, or `_NEW_DRAWING`.
        notes: By row and column, both counted from 0: what the note says, for its size.
        first: The block from which on shapes are numbered.
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


def _first_free_block(edit: PackageEdit) -> int:
    """Return the first block of numbers that no drawing of a workbook uses, nor any later one."""
    taken = {0}
    for name in edit.names():
        if name.casefold().endswith(".vml") or edit.content_type(name) == _VML:
            content = edit.read(name)
            for _, blocks in _IDMAP.findall(content):
                taken |= {int(block) for block in blocks.split(b",") if block.strip().isdigit()}
            taken |= {int(number) // _BLOCK for number in _SHAPE_ID.findall(content)}
    return max(taken) + 1


def _shape(number: int, row: int, column: int, text: str, grid: CellGrid, spaces: str) -> str:
    height = min(_lines(text, _LETTERS_ACROSS), _MOST_LINES) * _LINE_HEIGHT + 14
    left = min(column + 1, LAST_COLUMN - 6)
    right, rest = left, 15 + _WIDTH
    while rest > grid.of(right) and right < LAST_COLUMN:
        rest -= grid.of(right)
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


def _place_of(shape: bytes) -> tuple[int, int] | None:
    row, column = _ROW.search(shape), _COLUMN.search(shape)
    return (int(row[1]), int(column[1])) if row and column and _NOTE.search(shape) else None


def rearranged(drawing: bytes, change: Callable[[tuple[int, int] | None, Sides], Sides]) -> bytes:
    """Return a drawing whose shapes stand elsewhere.

    Args:
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
