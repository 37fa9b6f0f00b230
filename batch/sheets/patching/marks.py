"""Marks: what a package says of itself as a whole: that the tool wrote it, and as what."""

from __future__ import annotations

from typing import Final

from lxml import etree

from batch.sheets.layout import MARK
from batch.sheets.patching.books import Book
from batch.sheets.patching.edits import OFFICE, STRICT, PackageEdit, number_of, parse, serialise

_DOCUMENT: Final = "http://schemas.openxmlformats.org/officeDocument/2006"
_STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument"
_CUSTOM: Final = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_FORMAT_ID: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
"""Of all properties that people and programs make up themselves."""
_KINDS: Final = ("/custom-properties", "/customProperties")


def set_mark(edit: PackageEdit, kind: str) -> None:
    """Have a workbook bear our mark: the custom document property `layout.MARK`. All other properties stay.

    Raises:
        Unpatchable: Its properties are not to be understood.
    """
    strict = Book(edit).office == STRICT
    values = f"{_STRICT if strict else _DOCUMENT}/docPropsVTypes"
    linked = (to for kind_, to in edit.links("").values() if kind_.endswith(_KINDS) and edit.find(to))
    part = next(linked, None)
    if part is None:
        part = "docProps/custom.xml"
        names = f"{_STRICT}/customProperties" if strict else f"{_DOCUMENT}/custom-properties"
        edit.put(part, f'<Properties xmlns="{names}" xmlns:vt="{values}"/>'.encode(), _CUSTOM)
        edit.link("", f"{STRICT}/customProperties" if strict else f"{OFFICE}/custom-properties", part)
    root = parse(edit.read(part))
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
