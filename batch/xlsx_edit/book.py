"""The part of a package that lists its sheets, what counts them, and what a package says of itself as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from lxml import etree

from batch.schema.file_metadata import MARK
from batch.xlsx_edit.package import OFFICE, STRICT, PackageEdit, Unpatchable, number_of, parse_part, serialise

NewPosition: TypeAlias = Callable[[int], int]

_BEHIND_NAMES: Final = frozenset(
    {
        *("calcPr", "oleSize", "customWorkbookViews", "pivotCaches", "smartTagPr", "smartTagTypes", "webPublishing"),
        *("fileRecoveryPr", "webPublishObjects", "extLst"),
    }
)


class Book:
    """The list of a workbook's sheets, in order. Nothing is changed in the package before `save`.

    Raises:
        Unpatchable: It has no such list.
    """

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
        self._list = self.root.find(self._tag("sheets"))
        if self._list is None:
            raise Unpatchable("it has no list of sheets")

    def _tag(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}"

    @property
    def sheets(self) -> list[etree._Element]:
        """The entries of all sheets, also of those that hold no cells."""
        return [] if self._list is None else list(self._list.iterchildren("*"))

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
        """Enter a sheet at a position counted from 0.

        Raises:
            Unpatchable: There is a sheet of this name.
        """
        if self._list is None or name.casefold() in {there.casefold() for there in self.names}:
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

    def remove(self, name: str) -> str:
        """Take a sheet out of the list and return the id of the link to its part, which is for the caller to cut."""
        position = self.names.index(name)
        entry = self.sheets[position]
        link = self._link_of(entry)
        for names in self.root.findall(self._tag("definedNames")):
            for defined in names.findall(self._tag("definedName")):
                if defined.get("localSheetId") == str(position):
                    names.remove(defined)
            if not len(names):
                self.root.remove(names)
        if self._list is not None:
            self._list.remove(entry)
        self._renumber(lambda index: index - (index > position))
        return link

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
            behind = next((c for c in self.root.iterchildren("*") if etree.QName(c).localname in _BEHIND_NAMES), None)
            if behind is None:
                self.root.append(names)
            else:
                behind.addprevious(names)
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
    """Have a workbook bear our mark: the custom document property `file_metadata.MARK`. All other properties stay.

    Raises:
        Unpatchable: Its properties are not to be understood.
    """
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
    """Make a template a workbook: under a workbook's name, Excel refuses to open one.

    Raises:
        Unpatchable: It has no list of sheets.
    """
    part = Book(edit).part
    kind = edit.content_type(part).casefold()
    if kind not in {_WITH.casefold(), _WITHOUT.casefold()}:
        edit.put(part, edit.read(part), _WITH if "macroenabled" in kind else _WITHOUT)


def drop_macros(edit: PackageEdit) -> bool:
    """Take the macros out of a workbook, so that it is one without; tell whether it was one with.

    Raises:
        Unpatchable: It has sheets that are made of macros.
    """
    book = Book(edit)
    if edit.linked(book.part, "/xlMacrosheet", "/xlIntlMacrosheet"):
        raise Unpatchable("it has sheets that are made of macros")
    had = edit.cut_links(book.part, "/vbaProject") or "macroenabled" in edit.content_type(book.part).casefold()
    if had:
        edit.cut_links("", "/ui/extensibility")  # buttons that would call them
        edit.put(book.part, edit.read(book.part), _WITHOUT)
    return had
