"""Workbooks of Excel since 2007 (``.xlsx``, ``.xlsm``).

calamine gives the values. It turns error cells and formulas without a value into blanks and does not know hidden
rows, so a second look streams each sheet's XML beside it: first for single words that betray such a thing
(`glance`), and only where one was found element by element (`look_closer`).
"""

from __future__ import annotations

import io
import re
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from batch.sheets.formats import packages, refusals
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
from batch.sheets.formats.packages import Package
from batch.sheets.workbooks import CellError, NoValue, RawSheet

_BORDER: Final = 64
"""Bytes kept from the chunk before, so that no word is missed where two meet."""

_ERROR = re.compile(rb"t=[\"']e[\"']")
_FAR = re.compile(rb"r=[\"'](?:[A-Z][A-Z]|\d{7})")
_COLUMN = re.compile(rb"r=[\"']([A-Z]{2,})\d")
_ROW_MILLIONS = re.compile(rb"r=[\"'][A-Z]*\d{7}")
_PREFIXED = re.compile(rb"<[\w.-]+:worksheet\b")
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_HIDDEN = re.compile(rb"hidden\s*=\s*[\"'](?:1|true)")
_ERROR_VALUE = re.compile(
    rb"(<(?:[\w.-]+:)?c\b[^>]*\bt\s*=\s*[\"']e[\"'][^>]*>"
    rb"(?:<(?:[\w.-]+:)?f\b[^>]*/>|<(?:[\w.-]+:)?f\b[^>]*>[^<]*</(?:[\w.-]+:)?f>)?"
    rb"<(?:[\w.-]+:)?v>)[^<]*"
)

WIDE: Final = 32
"""Columns up to which a sheet of fewer than a million rows cannot fill the memory, however its cells lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What single words in a sheet's XML betray."""

    closer: bool
    """Whether it may hold error cells, formulas or hidden rows."""
    far: bool
    """Whether cells may lie so far apart that the space between them would fill the memory."""


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
            glances = {name: pool.submit(glance, package, part) for name, part in parts.items()}
            book = calamine_book(path, ".xlsx", ".xlsm")
            sheets = []
            for index, meta in worksheets(book):
                if meta.name not in parts:
                    raise refusals.damaged(path, f'its sheet "{meta.name}" is listed but not there')
                part = parts[meta.name]
                look = _second_look(package, part, meta.name, glances[meta.name].result(), pool)
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


def _second_look(package: Package, part: str, sheet: str, found: Glance, pool: ThreadPoolExecutor) -> Future[Look]:
    """Start the closer look where it is due; where cells may lie far apart, also wait for it and refuse."""
    look: Future[Look] = Future()
    if found.closer or found.far:
        look = pool.submit(look_closer, package, part)
    else:
        look.set_result(Look())
    if found.far:
        look.result().refuse_far_cells(package.path, sheet)
    return look


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


def glance(package: Package, part: str) -> Glance:
    """Stream a sheet's XML past a handful of words. Costs a fifth of what reading its values does."""
    closer = far = False
    widest = 0
    before = b""
    prefixed: bool | None = None
    for chunk in package.chunks(part):
        text = before + chunk
        if prefixed is None:
            prefixed = _PREFIXED.search(text) is not None
        if not closer:
            closer = _betrays(text, b":f" if prefixed else b"<f")
        if not far and _FAR.search(text):
            widest = max([widest, *map(_column_number, set(_COLUMN.findall(text)))])
            far = widest > WIDE or _ROW_MILLIONS.search(text) is not None
        before = text[-_BORDER:]
    return Glance(closer=closer, far=far)


def _betrays(text: bytes, formula: bytes) -> bool:
    if _ERROR.search(text):
        return True
    if formula in text and _FORMULA.search(text):
        return True
    return b"hidden" in text and _HIDDEN.search(text) is not None


def _column_number(name: bytes | str) -> int:
    """Return a column's number counted from 1: A is 1, AA is 27."""
    number = 0
    for letter in name.encode() if isinstance(name, str) else name:
        number = number * 26 + letter - 64
    return number


def look_closer(package: Package, part: str) -> Look:
    """Walk over a sheet's XML element by element and note what calamine drops.

    Raises:
        WorkbookError: It is not well-formed, or declares entities.
    """
    walk = _Walk()
    parser = packages.strict_parser(package, part)
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    packages.feed(package, part, parser)
    return walk.look


class _Walk:
    """Where the walk is. Cells and rows may leave out their number: then each is the one after the last."""

    def __init__(self) -> None:
        self.look = Look()
        self.row = -1
        self.column = -1
        self.type = ""
        self.formula: list[str] | None = None
        self.value: list[str] | None = None
        self.into: list[str] | None = None
        self.shared = ""
        self.formulas: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "c":
                self._start_cell(attributes)
            case "v" | "is":
                self.into = self.value = []
            case "f":
                self.into = self.formula = []
                self.shared = attributes.get("si", "")
            case "row":
                number = attributes.get("r", "")
                self.row = int(number) - 1 if number.isdecimal() else self.row + 1
                self.column = -1
                if attributes.get("hidden") in {"1", "true"}:
                    self.look.hidden_rows.append(self.row + 1)
            case _:
                pass

    def _start_cell(self, attributes: dict[str, str]) -> None:
        name = attributes.get("r", "")
        column = name.rstrip("0123456789")
        if column.isascii() and column.isupper():
            self.column = _column_number(column) - 1
            self.row = int(name[len(column) :] or 0) - 1
        else:
            self.column += 1
        self.type = attributes.get("t", "")
        self.formula = self.value = None

    def text(self, text: str) -> None:
        if self.into is not None:
            self.into.append(text)

    def end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "v" | "is" | "f":
                self.into = None
            case "c":
                self._end_cell()
            case _:
                pass

    def _end_cell(self) -> None:
        if self.formula is None and self.value is None:
            return
        self.look.reach(self.row, self.column, self.row, self.column)
        value = "".join(self.value or ())
        if self.type == "e":
            self.look.cells[self.row, self.column] = CellError(value.strip() or "#ERROR!")
        elif self.formula is not None:
            formula = "".join(self.formula)
            if formula and self.shared:
                self.formulas[self.shared] = formula
            if not value and not (self.type == "str" and self.value is not None):
                known = formula or self.formulas.get(self.shared, "")
                self.look.cells[self.row, self.column] = NoValue(f"={known}")
