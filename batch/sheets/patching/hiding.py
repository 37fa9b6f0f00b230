"""Hiding: passwords in the parts of a package that are no cells: comments, drawings, names, links, memories."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote

from lxml import etree

from batch.secrets import HIDDEN
from batch.sheets.patching.edits import parse, serialise
from batch.sheets.secrecy import SecretSearch

_XML: Final = (".xml", ".rels", ".vml")
_FORMULAS: Final = frozenset(
    {
        *("f", "formula", "formula1", "formula2", "definedName", "calculatedColumnFormula", "totalsRowFormula"),
        *("oldFormula", "FmlaMacro", "FmlaLink", "FmlaRange"),
    }
)
"""Elements that say a formula, in which only what stands in quotes is text."""
_PARAGRAPHS: Final = frozenset({"text", "si", "is", "p"})
"""Elements whose text may be cut into pieces that look different."""
_STRUCTURE: Final = frozenset(
    {"id", "Id", "Type", "ref", "sqref", "r", "uid", "uri", "name", "displayName", "Requires"}
)
"""Attributes that other parts go by."""
_QUOTED: Final = re.compile(r'"(?:[^"]|"")*"')
_CODES: Final = re.compile(r'(&(?:"[^"]*"|K[0-9A-Fa-f]{6}|[0-9]{1,3}|[A-Za-z]))')
_NUMBERS: Final = frozenset({"n", "v"})
"""Elements that hold a number where it is one."""
_TAG: Final = re.compile(rb"<[^>]*>")
_ELSEWHERE: Final = "about:blank"


def with_hidden(name: str, content: bytes, search: SecretSearch, also: SecretSearch, whole: Collection[str]) -> bytes:
    """Return a part in which no password is to be read any more; the very bytes where there was none.

    Args:
        name: Of the part.
        content: Of the part.
        search: Finds passwords, also as part of a text.
        also: Finds what cells said that are written over.
        whole: What cells said that are written over; hidden where it stands alone in an attribute.

    Raises:
        Unpatchable: It holds one and is not to be understood.
    """
    if not name.casefold().endswith(_XML):
        return content
    plain = content
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        plain = content.decode("utf-16", "replace").encode()
    if not any(one and (one.may_be_in(plain) or one.may_be_in(_TAG.sub(b"", plain))) for one in (search, also)):
        return content
    root = parse(content)
    if not hide_in(root, search, whole):
        return content
    declared = plain.lstrip(codecs.BOM_UTF8).startswith(b"<?xml")
    return serialise(root) if declared else bytes(etree.tostring(root))


def hide_in(root: etree._Element, search: SecretSearch, whole: Collection[str]) -> bool:
    """Hide passwords in all texts of a part; tell whether there were any."""
    found = False
    for element in root.iter("*"):
        kind = etree.QName(element).localname
        for key, value in element.attrib.items():
            if etree.QName(key).localname not in _STRUCTURE:
                hidden = _attribute(element, kind, str(key), str(value), search, whole)
                found = found or hidden != value
                element.set(key, hidden)
        for place in ("text", "tail"):
            value = getattr(element, place)
            if value:
                hidden = _text(kind if place == "text" else "", value, search)
                found = found or hidden != value
                setattr(element, place, hidden)
        if kind in _PARAGRAPHS:
            found = _in_pieces(element, search) or found
    return found


def _attribute(
    element: etree._Element, kind: str, key: str, value: str, search: SecretSearch, whole: Collection[str]
) -> str:
    if kind == "Relationship":
        outside = element.get("TargetMode") == "External" and key == "Target"
        return _ELSEWHERE if outside and any(search.hidden(v) != v for v in (value, unquote(value))) else value
    hidden = HIDDEN if value in whole and key in {"v", "val"} else search.hidden(value)
    return _as_number(kind, value, hidden)


def _text(kind: str, value: str, search: SecretSearch) -> str:
    if kind in _FORMULAS:
        if value.isdecimal():
            return f'"{HIDDEN}"' if search.hidden(value) != value else value
        return _QUOTED.sub(lambda quoted: search.hidden(quoted[0]), value)
    if kind.endswith(("Header", "Footer")):
        return _in_page_header(value, search)
    return _as_number(kind, value, search.hidden(value))


def _in_page_header(value: str, search: SecretSearch) -> str:
    """Hide passwords between the codes of a page's header: ``&C`` for the middle, ``&&`` for the sign itself."""
    pieces = _CODES.split(value.replace("&&", "\0"))
    texts = [search.hidden(piece.replace("\0", "&")).replace("&", "&&") for piece in pieces[::2]]
    pieces[::2] = texts
    return "".join(pieces)


def _as_number(kind: str, value: str, hidden: str) -> str:
    """Return what stands instead of a password; where a number must stand, one does."""
    return "0" if hidden != value and kind in _NUMBERS and value.isdecimal() else hidden


def _in_pieces(paragraph: etree._Element, search: SecretSearch) -> bool:
    """Hide passwords that stand across several pieces of a text; tell whether there were any."""
    pieces = [piece for piece in paragraph.iter("{*}t") if piece.text]
    said = "".join(piece.text or "" for piece in pieces)
    hidden = search.hidden(said) if len(pieces) > 1 else said
    if hidden == said:
        return False
    for piece in pieces:
        piece.text = ""
    pieces[0].text = hidden
    return True
