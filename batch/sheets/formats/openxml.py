"""Workbooks of Excel since 2007 (``.xlsx``, ``.xlsm``).

calamine gives the values. It turns error cells and formulas without a value into blanks and does not know hidden
rows or number formats, so a second look streams each sheet's XML beside it: first for single words that betray such
a thing (`glance`), and only where one was found element by element (`look_closer`).
"""

from __future__ import annotations

import io
import re
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor

from python_calamine import CalamineError, CalamineWorkbook

from batch.sheets.formats import packages, refusals
from batch.sheets.formats.glances import Glance, glance
from batch.sheets.formats.grids import (
    Grid,
    Look,
    calamine_book,
    calamine_failures,
    collector_paused,
    grid_of,
    is_hidden,
    worksheets,
)
from batch.sheets.formats.looks import look_at_margins, look_closer
from batch.sheets.formats.number_formats import read_styles
from batch.sheets.formats.packages import Package
from batch.sheets.workbooks import CellError, RawSheet

_ERROR_VALUE = re.compile(
    rb"(<(?:[\w.-]+:)?c\b[^>]*\bt\s*=\s*[\"']e[\"'][^>]*>"
    rb"(?:<(?:[\w.-]+:)?f\b[^>]*/>|<(?:[\w.-]+:)?f\b[^>]*>[^<]*</(?:[\w.-]+:)?f>)?"
    rb"<(?:[\w.-]+:)?v>)[^<]*"
)


def read_openxml(package: Package) -> tuple[RawSheet, ...]:
    """Read all worksheets, in the workbook's order.

    Raises:
        WorkbookError: The package is damaged, an attack, or spans more cells than fit into memory.
    """
    path = package.path
    parts = worksheet_parts(package)
    _verify(package, frozenset(parts.values()))
    pool = ThreadPoolExecutor(1, thread_name_prefix="second-look")
    try:
        with collector_paused(), calamine_failures(path):
            styles = _styles(package)
            glances = {name: pool.submit(glance, package, part, styles) for name, part in parts.items()}
            book = calamine_book(path, ".xlsx", ".xlsm")
            sheets = []
            for index, meta in worksheets(book):
                if meta.name not in parts:
                    raise refusals.damaged(path, f'its sheet "{meta.name}" is listed but not there')
                part = parts[meta.name]
                found = glances[meta.name].result()
                look = _second_look(package, part, found, styles, pool)
                if found.far:
                    look.result().refuse_far_cells(path, meta.name)
                grid = _values(book, index, package, part, look)
                sheets.append(grid.to_sheet(meta.name, hidden=is_hidden(meta), look=look.result()))
        return tuple(sheets)
    finally:
        pool.shutdown(cancel_futures=True)


def worksheet_parts(package: Package) -> dict[str, str]:
    """Return which part holds which worksheet, by the sheet's name.

    Raises:
        WorkbookError: The package has no list of sheets, or its XML is not well-formed.
    """
    package.refuse_entities(name for name in package.names if name.casefold().endswith((".xml", ".rels", ".vml")))
    book = packages.list_of_sheets(package)
    links = packages.targets(package, book)
    parts: dict[str, str] = {}
    for tag, attributes in package.elements(book):
        if tag == "sheet":
            part = links.get(attributes.get("id", ""))
            if part is not None:
                parts[attributes.get("name", "")] = part
    return parts


def _verify(package: Package, sheets: frozenset[str]) -> None:
    """Unpack once what calamine unpacks when it opens the file; the sheets are unpacked by `glance`."""
    for name in package.names:
        if name not in sheets:
            for _ in package.chunks(name):
                pass


def _styles(package: Package) -> dict[str, str]:
    """Return the notation of the styles whose numbers look otherwise than they are, by the style's number."""
    part = next(iter(packages.targets(package, packages.list_of_sheets(package), "/styles").values()), None)
    return {} if part is None else read_styles(package.elements(part))


def _second_look(
    package: Package, part: str, found: Glance, styles: dict[str, str], pool: ThreadPoolExecutor
) -> Future[Look]:
    """Start the closer look where it is due."""

    def look_at_it() -> Look:
        look = look_closer(package, part, styles, far=found.far) if found.closer or found.far else Look()
        look_at_margins(package, part, found.margins, look)
        return look

    return pool.submit(look_at_it)


def _values(book: CalamineWorkbook, index: int, package: Package, part: str, look: Future[Look]) -> Grid:
    try:
        return grid_of(book.get_sheet_by_index(index))
    except CalamineError:
        if not any(isinstance(cell, CellError) for cell in look.result().cells.values()):
            raise
        return grid_of(CalamineWorkbook.from_filelike(with_known_errors(package, part)).get_sheet_by_index(index))


def with_known_errors(package: Package, part: str) -> io.BytesIO:
    """Return the package with this sheet's errors written as one that calamine knows: it gives up at ``#SPILL!``.

    Other worksheets are left out as far as their size goes; what the errors really were, the look knows.
    """
    sheets = set(worksheet_parts(package).values())
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as archive:
        for name in package.names:
            if name == part:
                archive.writestr(name, _ERROR_VALUE.sub(rb"\1#N/A", package.read(name)))
            elif name not in sheets:
                archive.writestr(name, package.read(name))
    copy.seek(0)
    return copy
