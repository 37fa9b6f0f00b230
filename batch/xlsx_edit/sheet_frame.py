"""Everything in a sheet's part but its rows: widths, filters, print settings, links, in the order Excel insists on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from lxml import etree

from batch.xlsx_edit.package import STRICT, Unpatchable, number_of, parse_part, serialise

_ORDER: Final = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection"),
    *("protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells"),
    *("phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins"),
    *("pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors"),
    *("smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls"),
    *("webPublishItems", "tableParts", "extLst"),
)
"""Elements of a sheet in the order that the schema demands (ECMA-376, CT_Worksheet)."""
_BEGIN: Final = re.compile(rb"<((?:[\w.-]+:)?)sheetData\b[^>]*?(/?)>")
_ENCODING: Final = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)")


class Frame:
    """A sheet without its rows.

    Args:
        pieces: The sheet's part.

    Raises:
        Unpatchable: It is no sheet of cells, or written as no spreadsheet program writes it.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        head, self.prefix, rest = _head(pieces)
        tail = _tail(pieces, self.prefix, rest)
        said = _ENCODING.search(head)
        if said and said[1].lower() not in {b"utf-8", b"us-ascii", b"ascii"}:
            raise Unpatchable(f"a sheet is in {said[1].decode('ascii', 'replace')}")
        self.root = parse_part(head + b"<%ssheetData/>" % self.prefix + tail)
        self.namespace = etree.QName(self.root).namespace or ""
        self._as_read = etree.tostring(self.root)

    @property
    def is_as_read(self) -> bool:
        """Whether nothing of it is otherwise than it was."""
        return bool(etree.tostring(self.root) == self._as_read)

    def find(self, name: str) -> etree._Element | None:
        """Return the first element of this name that the sheet has."""
        return self.root.find(f"{{{self.namespace}}}{name}")

    def place(self, name: str) -> etree._Element:
        """Return the element of this name, put in where the schema wants it if it is not there."""
        found = self.find(name)
        if found is not None:
            return found
        element = self.element(name)
        later = set(_ORDER[_ORDER.index(name) + 1 :])
        behind = next((c for c in self.root.iterchildren("*") if _name(c) in later), None)
        if behind is None:
            self.root.append(element)
        else:
            behind.addprevious(element)
        return element

    def element(self, name: str, **attributes: str) -> etree._Element:
        """Make an element of the sheet's own namespace, which stands nowhere yet."""
        return self.root.makeelement(f"{{{self.namespace}}}{name}", attributes)

    def column_style(self, column: int) -> int:
        """Return the style of the blank cells of a column (0 is A)."""
        found = next((c for c in self._columns() if _first(c) <= column + 1 <= _last(c)), None)
        return 0 if found is None else number_of(found, "style")

    def set_column(self, column: int, width: float, style: int = 0) -> None:
        """Give a column (0 is A) a width in characters and a style, and bring it into sight."""
        columns = self.place("cols")
        number = column + 1
        for there in self._columns():
            if not _first(there) <= number <= _last(there):
                continue
            if number < _last(there):
                right = deepcopy(there)
                right.set("min", str(number + 1))
                there.addnext(right)
            if _first(there) < number:
                there.set("max", str(number - 1))
            else:
                columns.remove(there)
        new = self.element("col", min=str(number), max=str(number), width=f"{width + 0.7109375}", customWidth="1")
        if style:
            new.set("style", str(style))
        later = next((there for there in self._columns() if _first(there) > number), None)
        if later is None:
            columns.append(new)
        else:
            later.addprevious(new)

    def _columns(self) -> list[etree._Element]:
        columns = self.find("cols")
        return [] if columns is None else list(columns.iterchildren("*"))

    def halves(self) -> tuple[bytes, bytes]:
        """Return the XML up to the rows and from there on, with the tags that begin and end the rows."""
        for rows in self.root.findall(f"{{{self.namespace}}}sheetData"):
            rows.text = None
        mark = b"<%ssheetData/>" % self.prefix
        head, _, tail = serialise(self.root).partition(mark)
        name = mark[1:-2]
        return head + b"<%s>" % name, b"</%s>" % name + tail


def _name(element: etree._Element) -> str:
    """Return what an element is; of several to choose from, what the first of them is."""
    name = etree.QName(element).localname
    if name != "AlternateContent":
        return name
    return next((etree.QName(feature).localname for choice in element for feature in choice.iterchildren("*")), name)


def _first(column: etree._Element) -> int:
    return number_of(column, "min", 1)


def _last(column: etree._Element) -> int:
    return number_of(column, "max", 1)


def _head(pieces: Iterator[bytes]) -> tuple[bytes, bytes, bytes]:
    """Return what is ahead of the rows, the prefix of the sheet's names, and what was read beyond."""
    head = b""
    for piece in pieces:
        head += piece
        found = _BEGIN.search(head)
        if found:
            rest = head[found.end() :]
            return head[: found.start()], found[1], b"</%ssheetData>" % found[1] + rest if found[2] else rest
    raise Unpatchable("a sheet has no rows")


def _tail(pieces: Iterator[bytes], prefix: bytes, rest: bytes) -> bytes:
    """Return what is behind the rows."""
    end = b"</%ssheetData>" % prefix
    while True:
        at = rest.find(end)
        if b"<!" in (rest if at < 0 else rest[:at]):
            raise Unpatchable("there are comments between the rows of a sheet")
        if at >= 0:
            return rest[at + len(end) :] + b"".join(pieces)
        piece = next(pieces, None)
        if piece is None:
            raise Unpatchable("the rows of a sheet have no end")
        rest = rest[-len(end) :] + piece


def rows_between(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield of a sheet's part only what stands between the tags that begin and end its rows."""
    _, prefix, rest = _head(pieces)
    end = b"</%ssheetData>" % prefix
    while True:
        at = rest.find(end)
        if at >= 0:
            yield rest[:at]
            return
        safe = len(rest) - len(end)
        if safe > 0:
            yield rest[:safe]
            rest = rest[safe:]
        rest += next(pieces)


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
    depth = begun = 0
    tag = b""
    for found in _TAG.finditer(sheet, tail_start(sheet)):
        if found["name"] is None:
            continue
        if depth == 0:
            begun, tag = found.start(), found[0]
        depth += -1 if found["close"] else not found["empty"]
        if depth <= 0:
            name = (_WRAPPED.match(sheet, begun, found.end()) or found)["name"]
            yield Element(name=name, tag=tag, start=begun, end=found.end())
        if depth < 0:
            return
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
