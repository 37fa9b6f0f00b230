"""Copied sheets: one workbook's set into another, with looks, charts, notes and names; and taken out again."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from lxml import etree

from batch.readers.packages import Package
from batch.xlsx_edit.book import Book
from batch.xlsx_edit.package import (
    RELATIONS,
    STRICT,
    Borrowed,
    PackageEdit,
    Unpatchable,
    parse_part,
    serialise,
    whole_tags,
)
from batch.xlsx_edit.stylesheet import BLANK_STYLESHEET, Added, Stylesheet

_STYLES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_STYLE_NUMBER: Final = re.compile(
    rb"(<(?:c(?> r=\"[A-Z]++\d++\" s|\b[^>]*?\ss(?==)|ol\b[^>]*?\sstyle)|row\b[^>]*?\ss)=\")(\d+)"
)
"""Of a cell, column or row; a cell of ours has it right behind its address, and there are very many of them."""
_CONDITION_NUMBER: Final = re.compile(rb"(<cfRule\b[^>]*?\sdxfId=\")(\d+)")
_VIEW: Final = re.compile(rb"<(?:[\w.-]+:)?sheetView\b[^>]*>")
_SELECTED: Final = re.compile(rb"\s+tabSelected\s*=\s*[\"'][^\"']*[\"']")
_STRICT_NAMES: Final = tuple(
    (f"http://schemas.openxmlformats.org/{ours}".encode(), f"http://purl.oclc.org/ooxml/{strict}".encode())
    for ours, strict in (
        ("spreadsheetml/2006/main", "spreadsheetml/main"),
        ("officeDocument/2006/relationships", "officeDocument/relationships"),
        ("drawingml/2006/main", "drawingml/main"),
        ("drawingml/2006/chart", "drawingml/chart"),
        ("drawingml/2006/spreadsheetDrawing", "drawingml/spreadsheetDrawing"),
    )
)
"""Namespaces of what openpyxl writes, and what they are in packages of the strict kind."""


def styles_of(edit: PackageEdit) -> tuple[str, Stylesheet]:
    """Return the part with the workbook's looks, and them; both are made where there are none.

    What is added to them is for the caller to put into the part.

    Raises:
        Unpatchable: It is no workbook, or its looks are not to be understood.
    """
    book = Book(edit)
    part = next(iter(edit.linked(book.part, "/styles")), None)
    if part is not None:
        return part, Stylesheet(edit.read(part))
    # Some programs look for this very name.
    part = edit.free_name("xl/styles{}.xml") if edit.find("xl/styles.xml") else "xl/styles.xml"
    edit.put(part, BLANK_STYLESHEET, _STYLES)
    edit.link(book.part, f"{book.office}/styles", part)
    return part, Stylesheet(BLANK_STYLESHEET)


def graft(edit: PackageEdit, donor: bytes, *, front: Sequence[str] = (), end: Sequence[str] = ()) -> Added:
    """Set sheets of a workbook into another one.

    Drawings, charts, notes and links come along under names that are free; so do print titles and filters, and
    whether the sheet is hidden. Names must be free in the other workbook, as charts and links go by them.

    Args:
        donor: The workbook that has them, as the tool writes it: without shared strings.
        front: Names of the sheets that come before all others, in order.
        end: Names of the sheets that come behind all others, in order.

    Returns:
        Where the donor's looks are to be found.

    Raises:
        Unpatchable: A name is taken, or the package is not to be understood.
    """
    giver = PackageEdit(Package(edit.package.path, donor))
    theirs = Book(giver)
    if giver.linked(theirs.part, "/sharedStrings"):
        raise Unpatchable("the sheets to be set in keep their texts elsewhere")
    part, styles = styles_of(edit)
    _, looks = styles_of(giver)
    added = styles.add(looks)
    edit.put(part, styles.to_bytes())
    book = Book(edit)
    parts = theirs.parts()
    for position, name in [*enumerate(front), *enumerate(end, len(book.names) + len(front))]:
        copied = _Copying(edit, giver, strict=book.office == STRICT).copy(parts[name], added)
        book.insert(position, name, copied, theirs.state(name))
    for name in (*front, *end):
        for key, defined in theirs.defined(name).items():
            book.define(key, name, defined.text or "", hidden=defined.get("hidden") == "1")
    book.save()
    _forget_titles(edit)
    return added


def remove_sheet(edit: PackageEdit, name: str) -> None:
    """Take a sheet out of a workbook, with all parts that only it has.

    Raises:
        Unpatchable: The package is not to be understood.
    """
    book = Book(edit)
    link = book.remove(name)
    book.save()
    edit.cut(book.part, link)
    _forget_titles(edit)


def open_at(edit: PackageEdit, name: str) -> None:
    """Have a workbook open with this sheet in front, and none selected beside it.

    Sheets that are selected together take in together whatever is typed.

    Raises:
        Unpatchable: It has no list of sheets.
    """
    book = Book(edit)
    for view in book.root.iter(f"{{{book.namespace}}}workbookView"):
        view.set("activeTab", str(book.names.index(name)))
        view.attrib.pop("firstSheet", "")
    book.save()
    for sheet, part in book.parts().items():
        if sheet == name:
            edit.rewrite(part, partial(_with_views, b'sheetView tabSelected="1"'))
        elif _is_selected(edit.chunks(part)):
            edit.rewrite(part, partial(_with_views, b"sheetView"))


def _is_selected(pieces: Iterator[bytes]) -> bool:
    return any(_SELECTED.search(view) for view in _VIEW.findall(_head(pieces)))


def _head(pieces: Iterator[bytes]) -> bytes:
    """Return a sheet's part as far as its rows, or a little further."""
    head = b""
    for piece in pieces:
        head += piece
        if b"sheetData" in head:
            break
    return head


def _with_views(begin: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Have the views of a sheet begin otherwise, and say nothing else of being selected."""
    head = _head(pieces)
    yield _VIEW.sub(lambda found: _SELECTED.sub(b"", found[0]).replace(b"sheetView", begin, 1), head)
    yield from pieces


def _forget_titles(edit: PackageEdit) -> None:
    """Take the list of sheets out of the document's properties, which programs make anew when they save."""
    part = next(iter(edit.linked("", "/extended-properties")), None)
    if part is None:
        return
    root = parse_part(edit.read(part))
    lists = [
        child for child in root.iterchildren("*") if etree.QName(child).localname in {"HeadingPairs", "TitlesOfParts"}
    ]
    for child in lists:
        root.remove(child)
    if lists:
        edit.put(part, serialise(root))


class _Copying:
    """One sheet on its way, with everything that it links to."""

    def __init__(self, edit: PackageEdit, giver: PackageEdit, *, strict: bool) -> None:
        self.edit = edit
        self.giver = giver
        self.names = _STRICT_NAMES if strict else ()
        self.copied: dict[str, str] = {}
        """By the name of a part there, its name here."""

    def copy(self, part: str, looks: Added | None = None) -> str:
        """Copy a part and what it links to, and return its name here."""
        if part in self.copied:
            return self.copied[part]
        kind = self.giver.content_type(part)
        stem, extension = posixpath.splitext(part)
        name = self.copied[part] = self.edit.free_name(stem.rstrip("0123456789") + "{}" + extension)
        if extension == ".xml":
            self.edit.put(name, Borrowed(self.giver, part), kind)
            if looks is not None:
                self.edit.rewrite(name, partial(_restyled, looks))
            if self.names:
                self.edit.rewrite(name, lambda pieces: map(self._translated, whole_tags(pieces)))
        else:
            self.edit.put(name, self.giver.read(part))
            self.edit.declare_type(name, kind)
        self._copy_links(part, name)
        return name

    def _copy_links(self, part: str, name: str) -> None:
        folder, file = posixpath.split(part)
        links = self.giver.find(f"{folder}/_rels/{file}.rels")
        if links is None:
            return
        root = parse_part(self.giver.read(links))
        targets = self.giver.links(part)
        for link in root.findall(f"{{{RELATIONS}}}Relationship"):
            if link.get("TargetMode") != "External":
                link.set("Target", f"/{self.copy(targets[link.get('Id', '')][1])}")
        folder, file = posixpath.split(name)
        self.edit.put(f"{folder}/_rels/{file}.rels", self._translated(serialise(root)))

    def _translated(self, content: bytes) -> bytes:
        for ours, theirs in self.names:
            content = content.replace(ours, theirs)
        return content


def _restyled(looks: Added, sheet: Iterable[bytes]) -> Iterator[bytes]:
    """Give the cells, rows, columns and conditions of a sheet the looks' new numbers.

    Texts, of which there may be very many, get theirs beforehand, a style at a time; a mark that no XML holds keeps
    them from getting another one.
    """
    texts = [
        (b'" s="%d" t="inlineStr">' % was, b'" s=\0"%d" t="inlineStr">' % now) for was, now in enumerate(looks.cells)
    ]
    cells = {b"%d" % was: b"%d" % now for was, now in enumerate(looks.cells)}
    conditions = {b"%d" % was: b"%d" % now for was, now in enumerate(looks.conditional)}
    for piece in whole_tags(sheet):
        styled = piece
        for was, now in texts:
            styled = styled.replace(was, now)
        styled = _STYLE_NUMBER.sub(lambda found: found[1] + cells[found[2]], styled).replace(b"\0", b"")
        yield _CONDITION_NUMBER.sub(lambda found: found[1] + conditions[found[2]], styled)
