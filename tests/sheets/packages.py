"""Packages of Office Open XML for tests: made, bent, taken apart, and looked at as a strict program would."""

from __future__ import annotations

import itertools
import posixpath
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
from lxml import etree
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from xlsxwriter import Workbook

WORKSHEET = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection"),
    *("protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells"),
    *("phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins"),
    *("pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors"),
    *("smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "picture", "oleObjects", "controls"),
    *("webPublishItems", "tableParts", "extLst"),
)
"""Elements of a sheet in the order of ECMA-376, CT_Worksheet."""


def parts(path: Path) -> dict[str, bytes]:
    """Return every part of a package."""
    with zipfile.ZipFile(path) as package:
        names = package.namelist()
        assert len(names) == len(set(names))
        return {name: package.read(name) for name in names}


def repacked(path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Path:
    """Write a package again with its parts changed."""
    changed = change(parts(path))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in changed.items():
            package.writestr(name, content)
    return path


def made(path: Path, fill: Callable[[Workbook], Any], **options: Any) -> Path:
    """Make a workbook with XlsxWriter."""
    with Workbook(path, options) as book:
        fill(book)
    return path


def prefixed(content: bytes) -> bytes:
    """Return a part whose own elements all have the prefix ``x:``."""
    content = re.sub(rb"<(/?)([A-Za-z]+)(?=[\s/>])", rb"<\1x:\2", content)
    return content.replace(b"xmlns=", b"xmlns:x=")


def strict(content: bytes) -> bytes:
    """Return a part in the namespaces of the strict kind."""
    names = {
        b"spreadsheetml/2006/main": b"spreadsheetml/main",
        b"officeDocument/2006/relationships": b"officeDocument/relationships",
        b"drawingml/2006/main": b"drawingml/main",
        b"drawingml/2006/chart": b"drawingml/chart",
        b"drawingml/2006/spreadsheetDrawing": b"drawingml/spreadsheetDrawing",
    }
    for loose, tight in names.items():
        content = content.replace(b"http://schemas.openxmlformats.org/" + loose, b"http://purl.oclc.org/ooxml/" + tight)
    return content


def look_through(path: Path) -> None:
    """Fail where a package is not what a strict program expects: types, links, numbers, the order of elements."""
    found = parts(path)
    types = etree.fromstring(found["[Content_Types].xml"])
    overrides = [child.get("PartName", "") for child in types.findall("{*}Override")]
    defaults = {child.get("Extension", "") for child in types.findall("{*}Default")}
    assert len(overrides) == len(set(overrides))
    assert {name.lstrip("/") for name in overrides} <= found.keys()
    for name in found.keys() - {"[Content_Types].xml"}:
        assert f"/{name}" in overrides or name.rpartition(".")[2] in defaults, name
    for name, content in found.items():
        if name.endswith(".rels"):
            folder = posixpath.dirname(posixpath.dirname(name))
            links = etree.fromstring(content)
            assert len({link.get("Id") for link in links}) == len(links)
            for link in links:
                if link.get("TargetMode") != "External":
                    target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", ""))).lstrip("/")
                    assert target in found, f"{name}: {target}"
        if name.endswith(".xml") and etree.QName(etree.fromstring(content)).localname == "worksheet":
            _look_at_sheet(name, content)
    book = etree.fromstring(
        next(content for content in found.values() if b"<sheets>" in content or b":sheets>" in content)
    )
    sheets = book.find("{*}sheets")
    assert sheets is not None
    assert len({sheet.get("sheetId") for sheet in sheets}) == len(sheets)
    assert len({sheet.get("name", "").casefold() for sheet in sheets}) == len(sheets)
    assert all(int(name.get("localSheetId", "0")) < len(sheets) for name in book.iter("{*}definedName"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says what it would lose on saving
        opened = openpyxl.load_workbook(path)
    assert len(opened.sheetnames) == len(sheets)
    opened.close()


def _look_at_sheet(name: str, content: bytes) -> None:
    root = etree.fromstring(content)
    order = [etree.QName(child).localname for child in root.iterchildren("*")]
    assert order == sorted(order, key=WORKSHEET.index), f"{name}: {order}"
    last = 0
    for row in root.iter("{*}row"):
        number = int(row.get("r", str(last + 1)))
        assert number > last, f"{name}: row {number}"
        last, column = number, 0
        for cell in row.findall("{*}c"):
            place = coordinate_from_string(cell.get("r", "A1"))
            assert place[1] == number, name
            index = column_index_from_string(place[0])
            assert index > column, f"{name}: {cell.get('r')}"
            column = index
    widths = [(int(c.get("min", "0")), int(c.get("max", "0"))) for c in root.iter("{*}col")]
    assert all(first <= end < following for (first, end), (following, _) in itertools.pairwise(widths))
