"""Stylesheets: a workbook's looks, to which others are added while every number that is in use stays what it is."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Final, TypeAlias

from lxml import etree

from batch.readers.packages import MAIN
from batch.xlsx_edit.package import Unpatchable, kind_of, number_of, parse_part, put_before, serialise

BLANK_STYLESHEET: Final = (
    f'<styleSheet xmlns="{MAIN}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
).encode()
"""The stylesheet of a workbook that has none."""

_ORDER: Final = (
    "numFmts",
    "fonts",
    "fills",
    "borders",
    "cellStyleXfs",
    "cellXfs",
    "cellStyles",
    "dxfs",
    "tableStyles",
    "colors",
    "extLst",
)
_FIRST_OWN_FORMAT: Final = 164
"""Number formats below this one are built into every program."""

_Key: TypeAlias = "tuple[str, str, tuple[tuple[str, str], ...], tuple[_Key, ...]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Where the looks of another stylesheet are to be found in this one."""

    cells: tuple[int, ...]
    """By the other's style of a cell (``s``): the style here. The other's style 0 is this one's style 0."""
    conditional: tuple[int, ...]
    """By the other's conditional look (``dxfId``): the one here."""


class Stylesheet:
    """The looks of a workbook's cells.

    Args:
        content: The part that holds them, or `BLANK_STYLESHEET`.
    """

    def __init__(self, content: bytes) -> None:
        self._root = parse_part(content)
        name = etree.QName(self._root)
        if name.localname != "styleSheet":
            raise Unpatchable("the part with the styles is something else")
        self._namespace = name.namespace or ""
        self._known: dict[str, dict[_Key, int]] = {}
        self._filled: dict[tuple[int, str], int] = {}
        self._styles = self._section("cellXfs")
        if not len(self._styles):
            self._append(self._styles, self._element("xf", numFmtId="0", fontId="0", fillId="0", borderId="0"))

    def to_bytes(self) -> bytes:
        """Return the part with everything that was added."""
        for section in self._root:
            if section.get("count") is not None:
                section.set("count", str(len(_elements(section))))
        return serialise(self._root)

    def filled(self, style: int, rgb: str) -> int:
        """Return the style that looks the same, only on a plain colour (``FFFFC7CE``)."""
        if (style, rgb) not in self._filled:
            pattern = self._element("patternFill", patternType="solid")
            pattern.append(self._element("fgColor", rgb=rgb))
            pattern.append(self._element("bgColor", indexed="64"))
            fill = self._element("fill")
            fill.append(pattern)
            copy = deepcopy(self._style(style))
            copy.set("fillId", str(self._place("fills", fill)))
            copy.set("applyFill", "1")
            self._filled[style, rgb] = self._place("cellXfs", copy)
        return self._filled[style, rgb]

    def fill_of(self, style: int) -> str:
        """Return what is behind the text, as XML of a stylesheet; ``""`` if nothing is."""
        fills = _elements(self._section("fills"))
        number = number_of(self._style(style), "fillId")
        if not 0 < number < len(fills) or _is_plain(fills[number]):
            return ""
        # Always in the same words, so that two workbooks' fills can be compared as text.
        alone = etree.fromstring(f'<fill xmlns="{MAIN}"/>')
        for child in _elements(fills[number]):
            alone.append(_moved(child, self._namespace, MAIN))
        return etree.tostring(alone, encoding="unicode")

    def refill(self, fills: Mapping[str, str]) -> None:
        """Put back what was behind the text, for all cells on one of these plain colours at once.

        Args:
            fills: By colour (``FFFFC7CE``), what shall be there instead, as `fill_of` gave it; what is no fill is taken
                for none.
        """
        colours = [_plain_colour(fill) for fill in _elements(self._section("fills"))]
        for style in _elements(self._styles):
            number = number_of(style, "fillId")
            if number < len(colours) and colours[number] in fills:
                style.set("fillId", str(self._fill(fills[colours[number]])))
        self._known.pop("cellXfs", None)
        self._filled.clear()

    def _fill(self, fill: str) -> int:
        try:
            element = parse_part(fill.encode()) if fill else None
        except Unpatchable:
            element = None
        if element is None or etree.QName(element).localname != "fill":
            return 0
        return self._place("fills", self._here(element))

    def add(self, other: Stylesheet) -> Added:
        """Add all looks of another stylesheet; what is there already is not added twice."""
        formats = self._add_formats(other)
        parts = {
            "fontId": self._add_all("fonts", other),
            "fillId": self._add_all("fills", other),
            "borderId": self._add_all("borders", other),
        }
        named = self._root.find(f"{{{self._namespace}}}cellStyleXfs") is not None
        cells = [0]
        for style in _elements(other._styles)[1:]:
            copy = self._here(style)
            for attribute, places in parts.items():
                copy.set(attribute, str(places[number_of(copy, attribute)]))
            # A value that is set only counts in some programs where it is said that it is to be applied.
            copy.set("applyFont", "1")
            number = number_of(copy, "numFmtId")
            copy.set("numFmtId", str(formats.get(number, number)))
            if named:
                copy.set("xfId", "0")
            else:  # there is no look by name that it could go by
                copy.attrib.pop("xfId", "")
            cells.append(self._place("cellXfs", copy))
        return Added(cells=tuple(cells), conditional=tuple(self._add_conditional(other, formats)))

    def _add_formats(self, other: Stylesheet) -> dict[int, int]:
        """Add the number formats and return their numbers by the numbers they had."""
        section = self._root.find(f"{{{self._namespace}}}numFmts")
        there = (
            {} if section is None else {f.get("formatCode", ""): number_of(f, "numFmtId") for f in _elements(section)}
        )
        theirs = other._root.find(f"{{{other._namespace}}}numFmts")
        placed = {}
        for number_format in () if theirs is None else _elements(theirs):
            code = number_format.get("formatCode", "")
            if code not in there:
                there[code] = max([_FIRST_OWN_FORMAT - 1, *there.values()]) + 1
                new = self._element("numFmt", numFmtId=str(there[code]), formatCode=code)
                self._append(self._section("numFmts"), new)
            placed[number_of(number_format, "numFmtId")] = there[code]
        return placed

    def _add_all(self, section: str, other: Stylesheet) -> list[int]:
        return [self._place(section, self._here(element)) for element in _elements(other._section(section))]

    def _add_conditional(self, other: Stylesheet, formats: dict[int, int]) -> list[int]:
        theirs = other._root.find(f"{{{other._namespace}}}dxfs")
        placed = []
        for look in () if theirs is None else _elements(theirs):
            copy = self._here(look)
            for number_format in copy.findall(f"{{{self._namespace}}}numFmt"):
                number = number_of(number_format, "numFmtId")
                number_format.set("numFmtId", str(formats.get(number, number)))
            placed.append(self._place("dxfs", copy))
        return placed

    def _style(self, style: int) -> etree._Element:
        styles = _elements(self._styles)
        return styles[style if 0 <= style < len(styles) else 0]

    def _place(self, section: str, element: etree._Element) -> int:
        """Return the number of an element in its section, where it is put at the end if it is not there yet."""
        parent = self._section(section)
        known = self._known.get(section)
        if known is None:
            known = self._known[section] = {}
            for number, there in enumerate(_elements(parent)):
                known.setdefault(_key(there), number)
        key = _key(element)
        if key not in known:
            known[key] = len(_elements(parent))
            self._append(parent, element)
        return known[key]

    def _append(self, parent: etree._Element, element: etree._Element) -> None:
        put_before(parent, element, ("extLst",))
        parent.set("count", str(len(_elements(parent))))

    def _section(self, name: str) -> etree._Element:
        """Return a section of the stylesheet, put in where the schema wants it if it is not there.

        It then begins as `BLANK_STYLESHEET` has it: cells that name no look are shown with the first of each.
        """
        found = self._root.find(f"{{{self._namespace}}}{name}")
        if found is not None:
            return found
        section = self._element(name, count="0")
        put_before(self._root, section, _ORDER[_ORDER.index(name) + 1 :])
        for element in etree.fromstring(BLANK_STYLESHEET).iterfind(f"{{{MAIN}}}{name}/*"):
            self._append(section, self._here(element))
        return section

    def _element(self, name: str, **attributes: str) -> etree._Element:
        return self._root.makeelement(f"{{{self._namespace}}}{name}", attributes)

    def _here(self, element: etree._Element) -> etree._Element:
        """Return a copy of an element with this stylesheet's namespace instead of the one it has."""
        return _moved(element, etree.QName(element).namespace or "", self._namespace)


def _moved(element: etree._Element, theirs: str, ours: str) -> etree._Element:
    name = etree.QName(element)
    copy = element.makeelement(f"{{{ours}}}{name.localname}" if (name.namespace or "") == theirs else name.text)
    for key, value in element.attrib.items():
        copy.set(key, value)
    copy.text = element.text
    for child in _elements(element):
        copy.append(_moved(child, theirs, ours))
    return copy


def _elements(parent: etree._Element) -> list[etree._Element]:
    """Return the children that are elements, without comments."""
    return list(parent.iterchildren("*"))


def _key(element: etree._Element) -> _Key:
    """Return what makes two elements the same, however they are written."""
    name = etree.QName(element)
    attributes = tuple(sorted((str(key), str(value)) for key, value in element.attrib.items()))
    return name.localname, name.namespace or "", attributes, tuple(map(_key, _elements(element)))


def _is_plain(fill: etree._Element) -> bool:
    patterns = _elements(fill)
    return not patterns or (kind_of(patterns[0]) == "patternFill" and patterns[0].get("patternType", "none") == "none")


def _plain_colour(fill: etree._Element) -> str:
    """Return the colour of a fill that is nothing but a colour: ``FFFFC7CE``; ``""`` for any other fill."""
    pattern = next(fill.iterchildren("*"), None)
    if pattern is None or pattern.get("patternType") != "solid":
        return ""
    colours = [child for child in _elements(pattern) if kind_of(child) == "fgColor"]
    return f"FF{colours[0].get('rgb', '')[-6:]}".upper() if colours else ""
