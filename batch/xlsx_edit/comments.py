"""Comments: ours in the cells of a sheet, beside those of the user's, and taken off again.

A note of ours begins with the tool's name. In a cell that has a comment already it stands behind it, below a line. A
cell under discussion (a thread of comments) is left alone: programs that know threads do not show what else is there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from lxml import etree

from batch.schema.spellings import letters
from batch.xlsx_edit import comment_shapes, sheet_frame
from batch.xlsx_edit.book import Book
from batch.xlsx_edit.package import OFFICE, PackageEdit, parse_part, serialise

AUTHOR: Final = "trunk-batch"
BEGIN: Final = f"{AUTHOR}: "
"""What each note of ours begins with."""
_LINE: Final = "\n-----\n"
"""Stands between a comment of the user's and ours."""

_COMMENTS: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_OURS_BEHIND: Final = re.compile(rf"(?:_x000D_)?\r?\n?-----\s*{re.escape(BEGIN.strip())}")
_THREAD: Final = "tc="
"""What the author of a comment begins with that stands for a thread."""
_CELL: Final = re.compile(r"([A-Z]+)(\d+)")
_LONGEST: Final = 30_000
"""Characters; Excel takes 32,767."""


def add_notes(edit: PackageEdit, part: str, texts: Mapping[tuple[int, int], str]) -> None:
    """Put notes into cells of a sheet.

    Args:
        edit: The workbook.
        part: The sheet's part.
        texts: By row number as people see it and column (0 is A); without the tool's name in front.

    Raises:
        Unpatchable: The sheet's comments are laid out in a way that cannot be added to.
    """
    if not texts:
        return
    name = _linked(edit, part, "/comments")
    root = _new_comments(Book(edit).namespace) if name is None else parse_part(edit.read(name))
    notes = {place: _clean(BEGIN + text) for place, text in sorted(texts.items())}
    longer = _write(root, notes)
    sheet = edit.read(part)
    link = sheet_frame.legacy_drawing(sheet)
    drawing = None if link is None else edit.links(part).get(link, ("", None))[1]
    drawn = comment_shapes.NEW if drawing is None or not edit.find(drawing) else edit.read(drawing)
    drawn = comment_shapes.stretched(drawn, {(row - 1, column): _LINE + notes[row, column] for row, column in longer})
    there = comment_shapes.places(drawn)
    drawn = comment_shapes.draw(
        drawn,
        {place: text for place, text in _said(root) if place not in there},
        comment_shapes.cell_grid(sheet_frame.head_of(sheet)),
        comment_shapes.first_free_block(edit),
    )
    office = Book(edit).office
    if name is None:
        name = edit.free_name("xl/comments{}.xml")
        edit.link(part, f"{office}/comments", name)
        edit.put(name, serialise(root), _COMMENTS)
    else:
        edit.put(name, serialise(root))
    if drawing is None:
        drawing = edit.free_name("xl/drawings/vmlDrawing{}.vml")
        link = edit.link(part, f"{OFFICE}/vmlDrawing", drawing)  # in strict packages too
        edit.put(part, sheet_frame.with_legacy_drawing(sheet, link, office))
    edit.put(drawing, drawn)
    edit.say_type(drawing, comment_shapes.CONTENT_TYPE)


def _linked(edit: PackageEdit, part: str, kind: str) -> str | None:
    found = (target for link, target in edit.links(part).values() if link.endswith(kind))
    return next((target for target in found if edit.find(target)), None)


def _clean(text: str) -> str:
    """Return a text without what XML cannot hold."""
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _new_comments(space: str) -> etree._Element:
    root = etree.Element(f"{{{space}}}comments", nsmap={None: space})  # type: ignore[dict-item] # None stands for the default namespace
    etree.SubElement(root, f"{{{space}}}authors")
    etree.SubElement(root, f"{{{space}}}commentList")
    return root


def _write(root: etree._Element, notes: Mapping[tuple[int, int], str]) -> list[tuple[int, int]]:
    """Put notes among the comments; returns where one is longer now."""
    space = etree.QName(root).namespace
    authors, comments = (_child(root, space, name) for name in ("authors", "commentList"))
    root.insert(0, authors)
    names = [author.text or "" for author in authors]
    known = {comment.get("ref", ""): comment for comment in comments.iterchildren("*")}
    longer = []
    ours: int | None = None
    for (row, column), text in notes.items():
        cell = f"{letters(column)}{row}"
        theirs = known.get(cell)
        if theirs is None:
            if ours is None:
                ours = _author(authors, space, names)
            comment = etree.SubElement(comments, f"{{{space}}}comment", ref=cell, authorId=str(ours))
            _say(etree.SubElement(comment, f"{{{space}}}text"), text)
        elif not _is_thread(theirs, names):
            _say(_child(theirs, space, "text"), _LINE + text)
            longer.append((row, column))
    return longer


def _said(root: etree._Element) -> Iterator[tuple[tuple[int, int], str]]:
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


def _say(text: etree._Element, words: str) -> None:
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

    Raises:
        Unpatchable: The sheet's comments are not well-formed.
    """
    name = _linked(edit, part, "/comments")
    if name is None or BEGIN.strip().encode() not in edit.read(name):
        return
    root = parse_part(edit.read(name))
    comments = _child(root, etree.QName(root).namespace, "commentList")
    gone: list[tuple[int, int]] = []
    shorter: dict[tuple[int, int], str] = {}
    for comment in list(comments.iterchildren("*")):
        said = "".join(text.text or "" for text in _texts(comment))
        behind = _OURS_BEHIND.search(said)
        if said.lstrip().startswith(BEGIN.strip()):
            comments.remove(comment)
            gone += _places(comment)
        elif behind is not None:
            _cut(comment, behind.start())
            shorter |= dict.fromkeys(_places(comment), said[behind.start() :])
    if len(comments):
        edit.put(name, serialise(root))
    else:
        _cut_off(edit, part, name)
    _redraw(edit, part, gone, shorter)


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
        column = 0
        for letter in found[1]:
            column = column * 26 + ord(letter) - 64
        yield int(found[2]) - 1, column - 1


def _cut(comment: etree._Element, length: int) -> None:
    """Shorten a comment to so many characters."""
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


def _redraw(
    edit: PackageEdit, part: str, gone: Collection[tuple[int, int]], shorter: Mapping[tuple[int, int], str]
) -> None:
    sheet = edit.read(part)
    link = sheet_frame.legacy_drawing(sheet)
    drawing = None if link is None else edit.links(part).get(link, ("", None))[1]
    if drawing is None or edit.find(drawing) is None:
        return
    left = comment_shapes.shrunk(comment_shapes.erase(edit.read(drawing), frozenset(gone)), shorter)
    if comment_shapes.is_empty_drawing(left):
        _cut_off(edit, part, drawing)
        edit.forget_unused_extension("vml")
        edit.put(part, sheet_frame.without_legacy_drawing(sheet))
    else:
        edit.put(drawing, left)
