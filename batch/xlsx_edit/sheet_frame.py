"""Everything in a sheet's part but its rows: widths, filters, print settings, links, in the order Excel insists on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from batch.xlsx_edit.package import STRICT, Unpatchable, kind_of, number_of, parse_part, put_before, serialise

_ORDER: Final = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection"),
    *("protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells"),
    *("phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins"),
    *("pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors"),
    *("smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls"),
    *("webPublishItems", "tableParts", "extLst"),
)
"""Elements of a sheet in the order that the schema demands (ECMA-376, CT_Worksheet)."""
_CHOICE: Final = (
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    '<mc:Choice xmlns:v="urn:schemas-microsoft-com:vml" Requires="v"/></mc:AlternateContent>'
)
_BEGIN: Final = re.compile(rb"<((?:[\w.-]+:)?)sheetData\b[^>]*?(/?)>")
_ENCODING: Final = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)")


class Frame:
    """A sheet without its rows."""

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
        put_before(self.root, element, _ORDER[_ORDER.index(name) + 1 :])
        return element

    def element(self, name: str, **attributes: str) -> etree._Element:
        """Make an element of the sheet's own namespace, which stands nowhere yet."""
        return self.root.makeelement(f"{{{self.namespace}}}{name}", attributes)

    @property
    def drawing_link(self) -> str | None:
        """Id of the sheet's link to the drawing of its notes; None if it has none."""
        found = self._legacy_drawing()
        linked = () if found is None else found.iter("{*}legacyDrawing")
        ids = (str(value) for each in linked for key, value in each.attrib.items() if str(key).endswith("}id"))
        return next(ids, None)

    def link_drawing(self, link: str, office: str) -> None:
        """Have the sheet have a drawing of notes.

        Args:
            office: The namespace of links, `Book.office`.
        """
        drawing = self.place("legacyDrawing")
        drawing.set(f"{{{office}}}id", link)
        if office == STRICT:  # whose schema knows no such drawing; Excel puts it there like this
            choice = etree.fromstring(_CHOICE)
            drawing.addprevious(choice)
            choice[0].append(drawing)

    def drop_drawing(self) -> None:
        """Have the sheet have no drawing of notes."""
        found = self._legacy_drawing()
        if found is not None:
            self.root.remove(found)

    def _legacy_drawing(self) -> etree._Element | None:
        return next((child for child in self.root.iterchildren("*") if kind_of(child) == "legacyDrawing"), None)

    def column_style(self, column: int) -> int:
        """Return the style of the blank cells of a column (0 is A)."""
        found = next((c for c in self.columns() if _first(c) <= column + 1 <= _last(c)), None)
        return 0 if found is None else number_of(found, "style")

    def set_column(self, column: int, width: float) -> None:
        """Give a column (0 is A) a width in characters, and bring it into sight."""
        columns = self.place("cols")
        number = column + 1
        for there in self.columns():
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
        later = next((there for there in self.columns() if _first(there) > number), None)
        if later is None:
            columns.append(new)
        else:
            later.addprevious(new)

    def columns(self) -> list[etree._Element]:
        """Return what is said of columns, in order."""
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


_DIGIT: Final = 7
"""Pixels of a digit in the usual font, in which widths are counted."""
_POINTS: Final = 0.75
"""In a pixel."""
_USUAL_WIDTH: Final = 64
"""Pixels of a column whose width nobody changed."""
_USUAL_HEIGHT: Final = 20.0
LAST_COLUMN: Final = 16_383
"""XFD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGrid:
    """How wide the columns of a sheet are and how high its usual rows, in pixels."""

    usual: int = _USUAL_WIDTH
    own: Mapping[int, int] = field(default_factory=dict)
    """By column (0 is A), where they are otherwise."""
    height: float = _USUAL_HEIGHT

    def of(self, column: int) -> int:
        """Return the width of a column."""
        return self.own.get(column, self.usual)

    def left_of(self, column: int) -> int:
        """Return how far a column stands from the sheet's left edge."""
        return column * self.usual + sum(w - self.usual for c, w in self.own.items() if c < column)

    def at(self, place: float) -> tuple[int, float]:
        """Return the column at so many pixels from the left edge, and how far in it."""
        column = 0
        while place >= self.of(column) and column < LAST_COLUMN:
            place -= self.of(column)
            column += 1
        return column, place


def cell_grid(frame: Frame) -> CellGrid:
    """Return a sheet's grid as it is by now."""
    usual = frame.find("sheetFormatPr")
    said, high = (None, None) if usual is None else (usual.get("defaultColWidth"), usual.get("defaultRowHeight"))
    default = _USUAL_WIDTH if said is None else round(_decimal(said) * _DIGIT)
    own: dict[int, int] = {}
    for column in frame.columns():
        hidden = column.get("hidden") in {"1", "true"}
        width = 0 if hidden else round(_decimal(column.get("width"), default / _DIGIT) * _DIGIT)
        own |= dict.fromkeys(range(_first(column) - 1, _last(column)), width)
    return CellGrid(usual=default, own=own, height=_decimal(high) / _POINTS or _USUAL_HEIGHT)


def _decimal(text: str | None, otherwise: float = 0.0) -> float:
    try:
        return otherwise if text is None else float(text)
    except ValueError:
        raise Unpatchable(f"one of its parts says {text!r} where a number belongs") from None
