"""Tails: what stands behind the rows in a sheet's XML, an element per feature, in an order that Excel insists on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from batch.sheets.patching.edits import STRICT, Unpatchable

_TAG: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|<(?P<close>/?)(?P<prefix>[\w.-]+:)?(?P<name>[\w.-]+)(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(?P<empty>/?)>",
    re.DOTALL,
)
_BEHIND_LEGACY: Final = frozenset(
    {
        *(b"legacyDrawingHF", b"drawingHF", b"picture", b"oleObjects", b"controls", b"webPublishItems"),
        *(b"tableParts", b"extLst", b"AlternateContent"),
    }
)
"""Elements ahead of which that of the notes stands."""
_LEGACY_LINK: Final = re.compile(rb"legacyDrawing\b[^>]*?:id\s*=\s*[\"']([^\"']*)")
_CHOICE: Final = (
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    '<mc:Choice xmlns:v="urn:schemas-microsoft-com:vml" Requires="v">{}</mc:Choice></mc:AlternateContent>'
)


_WRAPPED: Final = re.compile(
    rb"<(?:[\w.-]+:)?AlternateContent\b[^>]*>\s*<(?:[\w.-]+:)?\w+\b[^>]*[^/]>\s*<(?:[\w.-]+:)?(?P<name>[\w.-]+)"
)
"""The first feature in a choice of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A feature of the sheet, by where it stands in the sheet's XML."""

    name: bytes
    """Without its prefix; of several to choose from, that of the first."""
    tag: bytes
    """The start tag."""
    start: int
    end: int


def tail_start(sheet: bytes) -> int:
    """Return where the rows of a sheet end.

    Raises:
        Unpatchable: It has none.
    """
    found = sheet.rfind(b"sheetData")
    end = sheet.find(b">", found)
    if found < 0 or end < 0:
        raise Unpatchable("a sheet has no rows")
    return end + 1


def head_of(sheet: bytes) -> bytes:
    """Return what a sheet's XML says ahead of the rows.

    Raises:
        Unpatchable: It has no rows.
    """
    found = sheet.find(b"sheetData")
    if found < 0:
        raise Unpatchable("a sheet has no rows")
    return sheet[: sheet.rfind(b"<", 0, found)]


def features(sheet: bytes) -> Iterator[Element]:
    """Yield the elements behind the rows, and last the end of the sheet itself."""
    depth = 0
    begun = -1
    tag = b""
    for found in _TAG.finditer(sheet, tail_start(sheet)):
        name = found["name"]
        if name is None:
            continue
        if found["close"]:
            depth -= 1
        elif depth == 0:
            begun, tag = found.start(), found[0]
        if not found["close"] and not found["empty"]:
            depth += 1
        if depth < 0:
            yield Element(name=name, tag=found[0], start=found.start(), end=found.end())
            return
        if depth == 0:
            wrapped = _WRAPPED.match(sheet, begun, found.end())
            yield Element(name=wrapped["name"] if wrapped else name, tag=tag, start=begun, end=found.end())
    raise Unpatchable("a sheet has no end")


def legacy_drawing(sheet: bytes) -> str | None:
    """Return the id of the sheet's link to the drawing of its notes; None if it has none."""
    for feature in features(sheet):
        if feature.name == b"legacyDrawing":
            found = _LEGACY_LINK.search(sheet, feature.start, feature.end)
            return None if found is None else found[1].decode()
    return None


def with_legacy_drawing(sheet: bytes, link: str, office: str) -> bytes:
    """Return a sheet that has a drawing of notes.

    Args:
        sheet: Its XML.
        link: Id of its link to the drawing.
        office: The namespace of links, `Book.office`.
    """
    prefix = prefix_of(sheet)
    element = f'<{prefix}legacyDrawing xmlns:r="{office}" r:id="{link}"/>'
    if office == STRICT:  # whose schema knows no such drawing; Excel puts it there like this
        element = _CHOICE.format(element)
    *inside, end = features(sheet)
    place = next((feature.start for feature in inside if feature.name in _BEHIND_LEGACY), end.start)
    return sheet[:place] + element.encode() + sheet[place:]


def without_legacy_drawing(sheet: bytes) -> bytes:
    """Return a sheet that has no drawing of notes."""
    for feature in features(sheet):
        if feature.name == b"legacyDrawing":
            return sheet[: feature.start] + sheet[feature.end :]
    return sheet


def prefix_of(sheet: bytes) -> str:
    """Return what the names of a sheet's own elements begin with: mostly nothing, else like ``x:``."""
    found = re.search(rb"<([\w.-]+:)?worksheet\b", sheet[: 1 << 16])
    return "" if found is None or found[1] is None else found[1].decode()
