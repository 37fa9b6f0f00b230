"""A workbook's sheets: listed, set in from another workbook, taken out; what a package says of itself as a whole."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, TypeAlias

from lxml import etree

from batch.readers.packages import OFFICE, RELATIONS, Package
from batch.schema.file_metadata import MARK
from batch.xlsx_edit.package import (
    STRICT,
    Borrowed,
    PackageEdit,
    Unpatchable,
    number_of,
    parse_part,
    put_before,
    serialise,
    whole_tags,
)
from batch.xlsx_edit.stylesheet import BLANK_STYLESHEET, Added, Stylesheet

NewPosition: TypeAlias = Callable[[int], int]

_BEHIND_NAMES: Final = frozenset(
    {
        *("calcPr", "oleSize", "customWorkbookViews", "pivotCaches", "smartTagPr", "smartTagTypes", "webPublishing"),
        *("fileRecoveryPr", "webPublishObjects", "extLst"),
    }
)


class Book:
    """The list of a workbook's sheets, in order. Nothing is changed in the package before `save` or `remove`."""

    def __init__(self, edit: PackageEdit) -> None:
        self.edit = edit
        self.part = next(iter(edit.linked("", "/officeDocument")), "")
        if not self.part:
            raise Unpatchable("it has no list of sheets")
        self.root = parse_part(edit.read(self.part))
        self.namespace = etree.QName(self.root).namespace or ""
        self.links = edit.links(self.part)
        self.office = STRICT if STRICT in set(self.root.nsmap.values()) else OFFICE
        """What the links' types begin with."""
        listed = self.root.find(self._tag("sheets"))
        if listed is None:
            raise Unpatchable("it has no list of sheets")
        self._list = listed

    def _tag(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}"

    @property
    def sheets(self) -> list[etree._Element]:
        """The entries of all sheets, also of those that hold no cells."""
        return list(self._list.iterchildren("*"))

    @property
    def names(self) -> list[str]:
        """Names of all sheets, in order."""
        return [sheet.get("name", "") for sheet in self.sheets]

    def free_name(self, wanted: str) -> str:
        """Return a name that no sheet has: ``Summary``, else ``Summary (trunk-batch)``, ``Summary (trunk-batch 2)``."""
        taken = {name.casefold() for name in self.names}
        more = (f"{wanted} (trunk-batch{number})" for number in ("", *(f" {n}" for n in range(2, len(taken) + 3))))
        return next(name for name in (wanted, *more) if name.casefold() not in taken)

    def parts(self) -> dict[str, str]:
        """Return which part holds which sheet, by the sheet's name; sheets without a part are left out."""
        found = {}
        for sheet in self.sheets:
            _, part = self.links.get(self._link_of(sheet), ("", ""))
            if self.edit.find(part) is not None:
                found[sheet.get("name", "")] = part
        return found

    def _link_of(self, sheet: etree._Element) -> str:
        return next((str(value) for key, value in sheet.attrib.items() if str(key).endswith("}id")), "")

    def state(self, name: str) -> str:
        """Return how a sheet is hidden: ``hidden``, ``veryHidden``, or ``""`` if it is in sight."""
        found = self.sheets[self.names.index(name)].get("state", "")
        return "" if found == "visible" else found

    def show(self, name: str) -> None:
        """Bring a hidden sheet into sight."""
        self.sheets[self.names.index(name)].attrib.pop("state", "")

    def insert(self, position: int, name: str, part: str, state: str = "") -> None:
        """Enter a sheet at a position counted from 0."""
        if name.casefold() in {there.casefold() for there in self.names}:
            raise Unpatchable(f"there is a sheet {name!r} already")
        numbers = [number_of(sheet, "sheetId") for sheet in self.sheets]
        entry = self.root.makeelement(self._tag("sheet"))
        self._list.insert(position, entry)
        entry.set("name", name)
        entry.set("sheetId", str(max(numbers, default=0) + 1))
        if state:
            entry.set("state", state)
        link = self.edit.link(self.part, f"{self.office}/worksheet", part)
        entry.set(f"{{{self.office}}}id", link)
        self.links = self.edit.links(self.part)
        self._renumber(lambda index: index + (index >= position))

    def remove(self, name: str) -> None:
        """Take a sheet out, with all parts that only it has; saves the list."""
        position = self.names.index(name)
        entry = self.sheets[position]
        link = self._link_of(entry)
        for names in self.root.findall(self._tag("definedNames")):
            for defined in names.findall(self._tag("definedName")):
                if defined.get("localSheetId") == str(position):
                    names.remove(defined)
            if not len(names):
                self.root.remove(names)
        self._list.remove(entry)
        self._renumber(lambda index: index - (index > position))
        self.save()
        self.edit.cut(self.part, link)
        _forget_titles(self.edit)

    def _renumber(self, moved: NewPosition) -> None:
        """Correct everything that counts sheets."""
        for defined in self.root.iter(self._tag("definedName")):
            if "localSheetId" in defined.attrib:
                defined.set("localSheetId", str(moved(number_of(defined, "localSheetId"))))
        last = max(0, len(self.sheets) - 1)
        for view in self.root.iter(self._tag("workbookView")):
            view.set("activeTab", str(min(last, moved(number_of(view, "activeTab")))))
            view.attrib.pop("firstSheet", "")

    def define(self, name: str, sheet: str, text: str, *, hidden: bool = False) -> None:
        """Set a name that belongs to a sheet: ``_xlnm._FilterDatabase`` of ``DIDs`` is ``DIDs!$A$1:$C$9``."""
        position = str(self.names.index(sheet))
        names = self.root.find(self._tag("definedNames"))
        if names is None:
            names = etree.Element(self._tag("definedNames"))
            put_before(self.root, names, _BEHIND_NAMES)
        for there in names.findall(self._tag("definedName")):
            if there.get("name") == name and there.get("localSheetId") == position:
                names.remove(there)
        defined = etree.SubElement(names, self._tag("definedName"), name=name, localSheetId=position)
        if hidden:
            defined.set("hidden", "1")
        defined.text = text

    def defined(self, sheet: str) -> dict[str, etree._Element]:
        """Return the names that belong to a sheet."""
        position = str(self.names.index(sheet))
        return {
            d.get("name", ""): d for d in self.root.iter(self._tag("definedName")) if d.get("localSheetId") == position
        }

    def forget_order(self) -> None:
        """Take out in what order formulas are calculated: it names cells that hold none any more."""
        self.edit.cut_links(self.part, "/calcChain")

    def save(self) -> None:
        """Put the list into the package."""
        self.edit.put(self.part, serialise(self.root))


_DOCUMENT: Final = "http://schemas.openxmlformats.org/officeDocument/2006"
_STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument"
_CUSTOM: Final = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_FORMAT_ID: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
"""Of all properties that people and programs make up themselves."""


def set_mark(edit: PackageEdit, kind: str) -> None:
    """Have a workbook bear our mark: the custom document property `file_metadata.MARK`. All other properties stay."""
    strict = Book(edit).office == STRICT
    values = f"{_STRICT if strict else _DOCUMENT}/docPropsVTypes"
    part = next(iter(edit.linked("", "/custom-properties", "/customProperties")), None)
    if part is None:
        part = "docProps/custom.xml"
        names = f"{_STRICT}/customProperties" if strict else f"{_DOCUMENT}/custom-properties"
        edit.put(part, f'<Properties xmlns="{names}" xmlns:vt="{values}"/>'.encode(), _CUSTOM)
        edit.link("", f"{STRICT}/customProperties" if strict else f"{OFFICE}/custom-properties", part)
    root = parse_part(edit.read(part))
    for there in list(root.iterchildren("*")):
        if there.get("name") == MARK:
            root.remove(there)
    numbers = [number_of(there, "pid", 1) for there in root.iterchildren("*")]
    entry = root.makeelement(f"{{{etree.QName(root).namespace}}}property")
    root.append(entry)
    entry.set("fmtid", _FORMAT_ID)
    entry.set("pid", str(max(numbers, default=1) + 1))
    entry.set("name", MARK)
    etree.SubElement(entry, f"{{{values}}}lpwstr").text = kind
    edit.put(part, serialise(root))


_WITHOUT: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_WITH: Final = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


def make_workbook(edit: PackageEdit) -> None:
    """Make a template a workbook: under a workbook's name, Excel refuses to open one."""
    part = Book(edit).part
    kind = edit.content_type(part).casefold()
    if kind not in {_WITH.casefold(), _WITHOUT.casefold()}:
        edit.put(part, edit.read(part), _WITH if "macroenabled" in kind else _WITHOUT)


def drop_macros(edit: PackageEdit) -> bool:
    """Take the macros out of a workbook, so that it is one without; tell whether it was one with."""
    book = Book(edit)
    if edit.linked(book.part, "/xlMacrosheet", "/xlIntlMacrosheet"):
        raise Unpatchable("it has sheets that are made of macros")
    had = edit.cut_links(book.part, "/vbaProject") or "macroenabled" in edit.content_type(book.part).casefold()
    if had:
        edit.cut_links("", "/ui/extensibility")  # buttons that would call them
        edit.put(book.part, edit.read(book.part), _WITHOUT)
    return had


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


def copy_sheets(edit: PackageEdit, donor: bytes, *, front: Sequence[str] = (), end: Sequence[str] = ()) -> Added:
    """Set sheets of a workbook into another one.

    Drawings, charts, notes and links come along under names that are free; so do print titles and filters, and
    whether the sheet is hidden. Names must be free in the other workbook, as charts and links go by them.

    Args:
        donor: The workbook that has them, as the tool writes it: without shared strings.
        front: Names of the sheets that come before all others, in order.
        end: Names of the sheets that come behind all others, in order.

    Returns:
        Where the donor's looks are to be found.
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


def open_at(edit: PackageEdit, name: str) -> None:
    """Have a workbook open with this sheet in front, and none selected beside it.

    Sheets that are selected together take in together whatever is typed.
    """
    book = Book(edit)
    for view in book.root.iter(f"{{{book.namespace}}}workbookView"):
        view.set("activeTab", str(book.names.index(name)))
        view.attrib.pop("firstSheet", "")
    book.save()
    for sheet, part in book.parts().items():
        if sheet == name:
            edit.rewrite(part, partial(_with_views, b'sheetView tabSelected="1"'))
        elif any(_SELECTED.search(view) for view in _VIEW.findall(_head(edit.chunks(part)))):
            edit.rewrite(part, partial(_with_views, b"sheetView"))


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
    for part in edit.linked("", "/extended-properties"):
        root = parse_part(edit.read(part))
        lists = [*root.iterchildren("{*}HeadingPairs", "{*}TitlesOfParts")]
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
