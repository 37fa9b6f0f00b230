"""Soundness of workbooks: what a strict spreadsheet program would refuse or repair in a package of Office Open XML."""

from __future__ import annotations

import itertools
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias, cast

from lxml import etree
from openpyxl.utils.cell import range_boundaries

Area: TypeAlias = tuple[int, int, int, int]
"""First column and row, last column and row, counted from 1."""
_XML = etree.XMLParser(resolve_entities=False, huge_tree=True)
_MAIN = {".xlsx": "spreadsheetml.sheet.main+xml", ".xlsm": "ms-excel.sheet.macroenabled.main+xml"}
_NAMED = (
    "@*[contains(namespace-uri(), '/relationships')][contains(' id embed link pict ', concat(' ', local-name(), ' '))]"
)
_LINKED, _LINK = etree.XPath(f"//{_NAMED}"), etree.XPath(_NAMED)
"""The links that a part, or an element, names."""
_BAD_NAME = re.compile(r"[\[\]:*?/\\]|^'|'$|^$|^.{32,}$")
WORKSHEET = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection"),
    *("protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells"),
    *("phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins"),
    *("pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors"),
    *("smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls"),
    *("webPublishItems", "tableParts", "extLst"),
)
"""Elements of a sheet in the order of ECMA-376, CT_Worksheet."""
_STYLES = (
    *("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles"),
    *("colors", "extLst"),
)
_COLUMNS, _ROWS = 16_384, 1_048_576
_USED = {"fontId": "fonts", "fillId": "fills", "borderId": "borders", "xfId": "cellStyleXfs"}


def faults_of(path: Path) -> list[str]:
    """Return what is unsound in a workbook, in words; nothing if it is sound."""
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            parts = {name: package.read(name) for name in names if not name.endswith("/")}
    except (zipfile.BadZipFile, zipfile.zlib.error) as error:  # type: ignore[attr-defined] # it re-exports it
        return [f"no zip: {error}"]
    twice = _twice("part", (name.casefold() for name in names))
    return [*twice, *_Package(path, parts).faults()]


def _twice(what: str, things: Iterable[object]) -> list[str]:
    return [f"{what} twice: {thing}" for thing, count in Counter(things).items() if count > 1]


def _name(element: etree._Element) -> str:
    """Return what an element is; of several to choose from, what the first of them is."""
    name = etree.QName(element).localname
    inner = (etree.QName(one).localname for choice in element for one in choice.iterchildren("*"))
    return next(inner, name) if name == "AlternateContent" else name


def _children(parent: etree._Element | None) -> list[etree._Element]:
    return [] if parent is None else list(parent.iterchildren("*"))


def _texts(element: etree._Element) -> str:
    return "".join(t.text or "" for t in element.iter("{*}t") if _name(t.getparent()) != "rPh")  # type: ignore[arg-type] # each has one


@cache
def _area(reference: str | None) -> Area | None:
    if not reference:
        return None
    try:
        left, top, right, bottom = range_boundaries(reference.replace("$", ""))
    except ValueError:
        return None
    return left or 1, top or 1, right or _COLUMNS, bottom or _ROWS  # which whole columns and rows do not say


def _overlap(a: Area, b: Area) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _link(element: etree._Element) -> str:
    return next(iter(cast("list[str]", _LINK(element))), "")


class _Package:
    def __init__(self, path: Path, parts: dict[str, bytes]) -> None:
        self.ending = path.suffix.casefold()
        self.parts = parts
        self.known = {name.casefold(): name for name in parts}
        self.xml: dict[str, etree._Element] = {}

    def faults(self) -> Iterator[str]:
        for name, content in self.parts.items():
            if name.casefold().endswith((".xml", ".rels", ".vml")):
                try:
                    self.xml[name] = etree.fromstring(content, _XML)
                except etree.XMLSyntaxError as error:
                    yield f"{name} is no XML: {error}"
        if "[Content_Types].xml" not in self.xml:
            yield "no content types"
            return
        yield from self._type_faults()
        yield from self._link_faults()
        book = next((to for kind, to in self.links("").values() if kind.endswith("/officeDocument")), "")
        if book not in self.xml:
            yield "no workbook"
            return
        if _MAIN.get(self.ending, "") not in self.type_of(book):
            yield f"the workbook is of the type {self.type_of(book)}"
        yield from self._book_faults(book, self.xml[book])

    def type_of(self, name: str) -> str:
        types = self.xml["[Content_Types].xml"]
        extension = name.rpartition("/")[2].rpartition(".")[2].casefold()
        for child in types:
            if child.get("PartName", "").casefold() == f"/{name.casefold()}":
                return child.get("ContentType", "").casefold()
        found = (c.get("ContentType", "") for c in types if c.get("Extension", "").casefold() == extension)
        return next(found, "").casefold()

    def links(self, part: str) -> dict[str, tuple[str, str]]:
        folder, name = posixpath.split(part)
        root = self.xml.get(self.known.get(posixpath.join(folder, "_rels", f"{name}.rels").casefold(), ""))
        found = {}
        for link in _children(root):
            target = link.get("Target", "").replace("\\", "/")
            if link.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                target = self.known.get(target.casefold(), target)
            found[link.get("Id", "")] = (link.get("Type", ""), target)
        return found

    def _type_faults(self) -> Iterator[str]:
        types = self.xml["[Content_Types].xml"]
        said = [child.get("PartName", child.get("Extension", "")).casefold() for child in _children(types)]
        yield from _twice("type", said)
        yield from (f"type without a part: {n}" for n in said if n.startswith("/") and n[1:] not in self.known)
        yield from (f"no type: {n}" for n in self.parts if n != "[Content_Types].xml" and not self.type_of(n))

    def _link_faults(self) -> Iterator[str]:
        reached = {"[content_types].xml"}
        for name in ["", *self.parts]:
            folder, file = posixpath.split(name)
            links = self.known.get(posixpath.join(folder, "_rels", f"{file}.rels").casefold(), "")
            reached.add(links.casefold())
            yield from _twice(f"link in {links}", (link.get("Id", "") for link in _children(self.xml.get(links))))
            there = self.links(name)
            outside = {link.get("Id") for link in _children(self.xml.get(links)) if link.get("TargetMode")}
            for key, (_, to) in there.items():
                reached.add(to.casefold())
                if key not in outside and to.casefold() not in self.known and not to.startswith("#"):
                    yield f"{name} links to {to}, which is not there"
            if name in self.xml and not name.endswith(".rels"):
                used = set(cast("list[str]", _LINKED(self.xml[name])))
                yield from (f"{name} uses the link {link}, which it has not" for link in used - there.keys() - {""})
        yield from (f"nothing links to {name}" for low, name in self.known.items() if low not in reached)

    def _book_faults(self, part: str, root: etree._Element) -> Iterator[str]:
        links = self.links(part)
        sheets = _children(root.find("{*}sheets"))
        for what in ("name", "sheetId"):
            yield from _twice(f"sheet's {what}", (sheet.get(what, "").casefold() for sheet in sheets))
        yield from _twice("sheet's link", map(_link, sheets))
        yield from (f"sheet's name: {s.get('name')}" for s in sheets if _BAD_NAME.search(s.get("name", "")))
        for view in root.iter("{*}workbookView"):
            active = int(view.get("activeTab", "0"))
            if active >= len(sheets) or sheets[active].get("state", "visible") != "visible":
                yield f"the sheet in front is {active}, hidden or none"
        names = [*root.iter("{*}definedName")]
        yield from _twice("name", ((n.get("name", "").casefold(), n.get("localSheetId")) for n in names))
        yield from (
            f"name on sheet {n.get('localSheetId')}" for n in names if int(n.get("localSheetId", "0")) >= len(sheets)
        )
        kinds = {kind.rpartition("/")[2]: self.xml[to] for kind, to in links.values() if to in self.xml}
        yield from _style_faults(kinds["styles"]) if "styles" in kinds else ()
        self.looks = len(_children(kinds["styles"].find("{*}cellXfs"))) if "styles" in kinds else 1
        self.conditions = len(_children(kinds["styles"].find("{*}dxfs"))) if "styles" in kinds else 0
        self.strings = _children(kinds.get("sharedStrings"))
        self.tables: list[tuple[str, str]] = []
        formulas: dict[str, set[str]] = {}
        for position, sheet in enumerate(sheets):
            target = links.get(_link(sheet), ("", ""))[1]
            found = self.xml.get(target)
            if found is not None and _name(found) == "worksheet":
                label = sheet.get("name", "")
                yield from (f"{label}: {fault}" for fault in self._sheet_faults(target, found))
                cells = (c for c in found.iter("{*}c") if c.find("{*}f") is not None)
                formulas[sheet.get("sheetId", "")] = {c.get("r", "") for c in cells}
                yield from (f"{label}: {fault}" for fault in _filter_faults(found, names, str(position)))
        for which in (0, 1):
            yield from _twice("table", (table[which] for table in self.tables))
        yield from _chain_faults(kinds.get("calcChain"), formulas)

    def _sheet_faults(self, part: str, root: etree._Element) -> Iterator[str]:
        order = [_name(child) for child in root.iterchildren("*")]
        yield from (f"unknown element {name}" for name in order if name not in WORKSHEET)
        if order != sorted(order, key=lambda name: WORKSHEET.index(name) if name in WORKSHEET else 99):
            yield f"order of elements: {order}"
        yield from _twice("element", (name for name in order if name != "conditionalFormatting"))
        widths = [(int(c.get("min", "0")), int(c.get("max", "0"))) for c in root.iter("{*}col")]
        if not all(first <= last < nxt for (first, last), (nxt, _) in itertools.pairwise([*widths, (16_385, 0)])):
            yield f"columns: {widths}"
        looks = [c.get("style") for c in root.iter("{*}col")] + [r.get("s") for r in root.iter("{*}row", "{*}c")]
        yield from (f"look {look}" for look in set(looks) if look is not None and int(look) >= self.looks)
        conditions = {int(rule.get("dxfId", "-1")) for rule in root.iter("{*}cfRule")}
        yield from (f"conditional look {look}" for look in conditions if look >= self.conditions)
        yield from self._cell_faults(root)
        merged = [area for m in root.iter("{*}mergeCell") if (area := _area(m.get("ref")))]
        yield from (
            f"merged cells overlap: {a} {b}" for a, b in itertools.combinations(merged[:500], 2) if _overlap(a, b)
        )
        for name in ("mergeCells", "dataValidations", "hyperlinks", "cols", "tableParts"):
            for parent in root.findall(f"{{*}}{name}"):
                if not _children(parent) or parent.get("count", str(len(parent))) != str(len(_children(parent))):
                    yield f"{name} are none, or counted wrong"
        yield from self._table_faults(part, root, merged)
        yield from self._note_faults(part, root)
        for kind, to in self.links(part).values():
            if kind.endswith("/drawing") and to in self.xml:
                yield from _drawing_faults(self.xml[to])

    def _cell_faults(self, root: etree._Element) -> Iterator[str]:
        last = 0
        for row in root.iter("{*}row"):
            number = int(row.get("r", str(last + 1)))
            if not last < number <= 1_048_576:
                yield f"row {number} after {last}"
            last, column = number, 0
            for cell in row.findall("{*}c"):
                place = _area(cell.get("r"))
                if place is not None and (place[1] != number or place[0] <= column):
                    yield f"cell {cell.get('r')} after column {column} of row {number}"
                column = column + 1 if place is None else place[0]
                if column > 16_384:
                    yield f"cell {cell.get('r')}"
                kind = cell.get("t")
                if kind == "s" and int(value := cell.findtext("{*}v", "-1")) >= len(self.strings):
                    yield f"cell {cell.get('r')} is text {value} of {len(self.strings)}"
                if kind == "inlineStr" and sum(map(len, cell.itertext())) > 32_767 < len(_texts(cell)):
                    yield f"cell {cell.get('r')} is too long"

    def _table_faults(self, part: str, root: etree._Element, merged: list[Area]) -> Iterator[str]:
        links, areas = self.links(part), list[Area]()
        for link in root.iter("{*}tablePart"):
            table = self.xml[links[_link(link)][1]]
            self.tables.append((table.get("id", ""), table.get("displayName", "").casefold()))
            area = _area(table.get("ref"))
            names = [column.get("name", "") for column in table.iter("{*}tableColumn")]
            if area is None or len(names) != area[2] - area[0] + 1:
                yield f"table {table.get('ref')} has {len(names)} columns"
                continue
            yield from _twice("table's column", (name.casefold() for name in names))
            yield from _twice("table's column's id", (column.get("id") for column in table.iter("{*}tableColumn")))
            filtered = table.find("{*}autoFilter")
            bottom = area[3] - int(table.get("totalsRowCount", "0"))
            if filtered is not None and _area(filtered.get("ref")) != (*area[:3], bottom):
                yield f"table {table.get('ref')} is filtered in {filtered.get('ref')}"
            if table.get("headerRowCount") != "0":
                headers = [
                    re.sub(r"_x000(?i:[ad])_|\s+", " ", self._text_at(root, area[1], c))
                    for c in range(area[0], area[2] + 1)
                ]
                wanted = [re.sub(r"_x000(?i:[ad])_|\s+", " ", name) for name in names]
                yield from (
                    f"table's column {name!r} is headed {text!r}"
                    for name, text in zip(wanted, headers, strict=True)
                    if name.strip() != text.strip()
                )
            own = _area(None if (there := root.find("{*}autoFilter")) is None else there.get("ref"))
            others = [*merged, *areas, *([own] if own else [])]
            yield from (f"table {table.get('ref')} overlaps {other}" for other in others if _overlap(area, other))
            areas.append(area)

    def _text_at(self, root: etree._Element, row: int, column: int) -> str:
        for cell in root.iter("{*}c"):
            if _area(cell.get("r")) == (column, row, column, row):
                value = cell.findtext("{*}v") or ""
                return _texts(self.strings[int(value)]) if cell.get("t") == "s" else value or _texts(cell)
        return ""

    def _note_faults(self, part: str, root: etree._Element) -> Iterator[str]:
        links = self.links(part)
        yield from _twice(
            "kind of link", (k for k, _ in links.values() if k.rpartition("/")[2] in {"comments", "drawing"})
        )
        comments = [self.xml[to] for kind, to in links.values() if kind.endswith("/comments") and to in self.xml]
        drawings = {links[_link(e)][1] for e in root.iter("{*}legacyDrawing") if _link(e) in links}
        if len(drawings) > 1 or (comments and not drawings):
            yield f"{len(drawings)} drawings of notes"
        noted = [comment.get("ref", "") for one in comments for comment in one.iter("{*}comment")]
        yield from _twice("comment", noted)
        for one in comments:
            authors = len(_children(one.find("{*}authors")))
            yield from ("comment of nobody" for c in one.iter("{*}comment") if int(c.get("authorId", "0")) >= authors)
        shapes = [shape for name in drawings if name in self.xml for shape in self.xml[name].iter("{*}shape")]
        yield from _twice("shape", (shape.get("id") for shape in shapes))
        drawn = [
            (s.findtext(".//{*}Column"), s.findtext(".//{*}Row")) for s in shapes if s.find(".//{*}Row") is not None
        ]
        yield from _twice("balloon", drawn)
        areas = filter(None, map(_area, noted))
        if comments and {(str(c - 1), str(r - 1)) for c, r, *_ in areas} != set(drawn):
            yield "comments and balloons do not agree"


def _style_faults(root: etree._Element) -> Iterator[str]:
    order = [_name(child) for child in root.iterchildren("*")]
    if order != sorted(order, key=_STYLES.index):
        yield f"order of styles: {order}"
    sections = {name: _children(root.find(f"{{*}}{name}")) for name in _STYLES}
    for section in root.iterchildren("*"):
        if section.get("count", str(len(_children(section)))) != str(len(_children(section))):
            yield f"{_name(section)} are {len(_children(section))}, not {section.get('count')}"
    formats = [number.get("numFmtId") for number in sections["numFmts"]]
    yield from _twice("number format", formats)
    for look in (*sections["cellStyleXfs"], *sections["cellXfs"]):
        yield from (
            f"look with {used}" for used, of in _USED.items() if int(look.get(used, "0")) >= max(1, len(sections[of]))
        )
        number = look.get("numFmtId", "0")
        if int(number) >= 164 and number not in formats:
            yield f"look with the number format {number}"


def _filter_faults(root: etree._Element, names: Iterable[etree._Element], position: str) -> Iterator[str]:
    there = root.find("{*}autoFilter")
    area = _area(None if there is None else there.get("ref"))
    for name in names:
        of_filter = name.get("name") == "_xlnm._FilterDatabase" and name.get("localSheetId") == position
        if of_filter and area and _area((name.text or "").rpartition("!")[2]) != area:
            yield f"the filter is {area}, its name says {name.text}"


def _chain_faults(chain: etree._Element | None, formulas: dict[str, set[str]]) -> Iterator[str]:
    sheet = ""
    for cell in _children(chain):
        sheet = cell.get("i", sheet)
        if sheet in formulas and cell.get("r") not in formulas[sheet]:
            yield f"calculated: {sheet} {cell.get('r')}, which has no formula"


def _drawing_faults(root: etree._Element) -> Iterator[str]:
    yield from _twice("drawn thing", (thing.get("id") for thing in root.iter("{*}cNvPr")))
    for anchor in root.iterchildren("{*}twoCellAnchor"):
        first, last = (
            [int(anchor.findtext(f"{{*}}{end}/{{*}}{axis}", "0")) for axis in ("col", "row")] for end in ("from", "to")
        )
        if any(a > b for a, b in zip(first, last, strict=True)) or last[0] >= 16_384:
            yield f"drawn from {first} to {last}"
