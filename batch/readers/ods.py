"""Workbooks of LibreOffice and other office programs (``.ods``): calamine for values, a look for what it drops.

A cell without a style of its own has that of its row, or else that of its column; rows, columns and cells may stand
for many equal ones.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import TYPE_CHECKING, Final

from python_calamine import CalamineError, CalamineWorkbook

from batch.readers import packages, refusals
from batch.readers.grids import (
    CellDetails,
    calamine_book,
    calamine_failures,
    collector_paused,
    grid_of,
    is_hidden,
    worksheets,
)
from batch.readers.ods_styles import OdsStyles
from batch.readers.workbook import Block, CellError, NoValue, RawSheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from batch.readers.packages import Package

CONTENT: Final = "content.xml"
STYLES: Final = "styles.xml"

MIMETYPE: Final = "mimetype"
SPREADSHEET: Final = "application/vnd.oasis.opendocument.spreadsheet"

_MANIFEST: Final = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{SPREADSHEET}"/></manifest:manifest>'
)
_INDENTED: Final = re.compile(rb">\s+(?=</?(?:table|office|calcext|style|number|draw):|<text:p\b)")
"""White space between elements; between pieces of a text it would belong to the text."""

MOST_COLUMNS: Final = 16_384

_NUMERIC: Final = frozenset({"float", "date", "time", "currency", "percentage"})

_REFERENCE: Final = re.compile(r"\[\.?([^\]\"]*)\]")
_DURATION: Final = re.compile(r"PT(\d{2,5})H(\d\d?)M(\d\d?)(?:[.,]\d*)?S")
_WRAPPERS: Final = frozenset({"tracked-changes", "annotation"})
"""Elements whose cells and paragraphs are not the sheet's; nor are those of what is drawn."""
_DRAWING: Final = "draw:"
_BLANKS: Final = {"s": " ", "tab": "\t", "line-break": "\n"}
_MOST_BLANKS: Final = 1_000


def read_opendocument(package: Package) -> tuple[RawSheet, ...]:
    """Read all worksheets, in the workbook's order.

    Raises:
        WorkbookError: The package is damaged, encrypted, an attack, or spans more cells than fit into memory.
    """
    path = package.path
    manifest = package.find("META-INF/manifest.xml")
    if manifest is not None and any(tag == "encryption-data" for tag, _ in package.elements(manifest)):
        raise refusals.protected(path)
    sheets = []
    with collector_paused(), calamine_failures(path):
        looks = _looks(package)
        book = _book(package)
        for (index, meta), (_, look) in zip(worksheets(book), looks, strict=True):
            grid = grid_of(book.get_sheet_by_index(index))
            sheets.append(grid.to_sheet(meta.name, hidden=is_hidden(meta), look=look))
    return tuple(sheets)


def holds_a_spreadsheet(package: Package) -> bool:
    """Tell whether a package is a spreadsheet by what it holds; some programs leave out the part that says so."""
    content = package.find(CONTENT)
    before = b""
    for chunk in package.chunks(content) if content else ():
        if b"<office:spreadsheet" in before + chunk:
            return True
        before = chunk[-32:]
    return False


def _book(package: Package) -> CalamineWorkbook:
    """Return the file opened by calamine; where it is packed as calamine does not understand, a plain copy of it."""
    content = package.find(CONTENT)
    if content is not None and not package.odd and package.find(MIMETYPE) is not None:
        try:
            return calamine_book(package.path, ".ods")
        except CalamineError:
            pass
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(MIMETYPE, SPREADSHEET)
        archive.writestr(CONTENT, _INDENTED.sub(b">", packages.without_comments(package.read(content or CONTENT))))
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
    copy.seek(0)
    return CalamineWorkbook.from_filelike(copy)


def _looks(package: Package) -> list[tuple[str, CellDetails]]:
    content = package.find(CONTENT)
    if content is None:
        raise refusals.damaged(package.path, "it has no content")
    styles = OdsStyles()
    walk = _Walk(package.path, styles)
    if (common := package.find(STYLES)) is not None:
        _run(package, common, styles)
    _run(package, content, walk)
    return walk.looks


def _run(package: Package, part: str, walk: OdsStyles | _Walk) -> None:
    parser = packages.strict_parser(package, part)
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    packages.feed(package, part, parser)


class _Walk:
    """Where the walk is."""

    def __init__(self, path: Path, styles: OdsStyles) -> None:
        self.path = path
        self.styles = styles
        self.in_tables = False
        self.looks: list[tuple[str, CellDetails]] = []
        self.wrapped = self.folded_away = 0
        self.row = self.rows = 0
        self.column = self.columns = 0
        self.hidden = False
        self.row_style = ""
        self.column_styles: list[str] = []
        self.attributes: dict[str, str] = {}
        self.shown: list[str] = []
        self.in_text = False
        self.struck = False
        self.drawn = False
        """Whether something drawn hangs at the cell, whose text the fast reader takes for the cell's."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = packages.local(tag)
        if not self.in_tables and name != "table":
            self.styles.start(tag, attributes)
            return
        if _is_wrapper(tag):
            self.wrapped += 1
            self.drawn = self.drawn or tag.startswith(_DRAWING)
        if self.wrapped:
            return
        match name:
            case "table":
                self.in_tables = True
                self.looks.append((attributes.get("table:name", ""), CellDetails()))
                self.row = self.rows = self.folded_away = 0
                self.column_styles = []
            case "table-column":
                self._start_columns(attributes)
            case "table-row":
                self._start_row(attributes)
            case "table-cell" | "covered-table-cell":
                self.column += self.columns
                self.columns = int(attributes.get("table:number-columns-repeated", "1"))
                self.attributes = attributes
                self.shown = []
                self.struck = self.drawn = False
            case "table-row-group" | "table-column-group":
                if self.folded_away or attributes.get("table:display") == "false":
                    self.folded_away += 1
            case _:
                self._start_within_cell(name, attributes)

    def _start_within_cell(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "p":
                self.shown += ["\n"] if self.shown else []
                self.in_text = True
            case "s" | "tab" | "line-break":
                self.shown.append(_BLANKS[name] * min(int(attributes.get("text:c", "1")), _MOST_BLANKS))
            case "span":
                self.struck = self.struck or self.styles.strikes("text", attributes.get("text:style-name", ""))
            case _:
                pass

    def _start_columns(self, attributes: dict[str, str]) -> None:
        first = len(self.column_styles)
        count = min(int(attributes.get("table:number-columns-repeated", "1")), MOST_COLUMNS - first)
        self.column_styles += [attributes.get("table:default-cell-style-name", "")] * count
        if self._is_hidden(attributes):
            self.looks[-1][1].hidden_columns.append((first, first + count - 1))

    def _start_row(self, attributes: dict[str, str]) -> None:
        self.row += self.rows
        self.rows = int(attributes.get("table:number-rows-repeated", "1"))
        self.hidden = self._is_hidden(attributes)
        self.row_style = attributes.get("table:default-cell-style-name", "")
        self.column = self.columns = 0
        if attributes.get("table:visibility") == "filter":
            self.looks[-1][1].filtered = True

    def _is_hidden(self, attributes: dict[str, str]) -> bool:
        return (
            self.folded_away > 0
            or attributes.get("table:visibility", "visible") != "visible"
            or attributes.get("table:style-name") in self.styles.flat
        )

    def text(self, text: str) -> None:
        if not self.in_tables:
            self.styles.text(text)
        elif self.in_text and not self.wrapped:
            self.shown.append(text)

    def end(self, tag: str) -> None:
        name = packages.local(tag)
        if not self.in_tables:
            self.styles.end(tag)
        elif _is_wrapper(tag):
            self.wrapped -= 1
        elif self.wrapped:
            return
        elif name == "p":
            self.in_text = False
        elif name in {"table-cell", "covered-table-cell"}:
            self._end_cell()
        elif name in {"table-row-group", "table-column-group"} and self.folded_away:
            self.folded_away -= 1

    def _end_cell(self) -> None:
        sheet, look = self.looks[-1]
        self._note_merged(look)
        kind = self.attributes.get("office:value-type")
        formula = self.attributes.get("table:formula")
        shown = "".join(self.shown)
        if kind is None and formula is None and not shown:
            return
        bottom, right = self.row + self.rows - 1, self.column + self.columns - 1
        look.reach(self.row, self.column, bottom, right)
        look.refuse_far_cells(self.path, sheet)
        rows = range(self.row + 1, bottom + 2)
        if self.hidden and (not look.hidden_rows or look.hidden_rows[-1] <= self.row):
            look.hidden_rows.extend(rows)
        found = _found(self.attributes, shown)
        if found is None and self.drawn and kind == "string":
            found = shown
        for column in range(self.column, right + 1):
            if self.struck or self.styles.strikes("table-cell", self._style(column)):
                look.struck.setdefault(column, set()).update(rows)
            if found is not None:
                look.cells.update(((row - 1, column), found) for row in rows)
            if not isinstance(found, CellError | NoValue):
                self._note_value(look, column, rows)

    def _note_merged(self, look: CellDetails) -> None:
        wide = int(self.attributes.get("table:number-columns-spanned", "1"))
        high = int(self.attributes.get("table:number-rows-spanned", "1"))
        if wide > 1 or high > 1:
            look.merged.append(Block(self.row + 1, self.column, self.row + high, self.column + wide - 1))

    def _note_value(self, look: CellDetails, column: int, rows: Sequence[int]) -> None:
        formula = self.attributes.get("table:formula")
        if formula is not None:
            look.formulas.setdefault(column, {}).update(dict.fromkeys(rows, _in_excel(formula)))
        if self.attributes.get("office:value-type") in _NUMERIC and (code := self._code(column)) is not None:
            look.formats.setdefault(column, {}).update(dict.fromkeys(rows, code))

    def _code(self, column: int) -> str | None:
        return self.styles.code_of(self._style(column))

    def _style(self, column: int) -> str:
        of_column = self.column_styles[column] if column < len(self.column_styles) else ""
        return self.attributes.get("table:style-name") or self.row_style or of_column


def _is_wrapper(tag: str) -> bool:
    return tag.startswith(_DRAWING) or packages.local(tag) in _WRAPPERS


def _found(attributes: Mapping[str, str], shown: str) -> CellError | NoValue | dt.timedelta | str | None:
    """Return what stands in a cell that the fast reader takes for blank or text; None for any other cell."""
    kind, formula = attributes.get("office:value-type"), attributes.get("table:formula")
    calculated, time = attributes.get("calcext:value-type"), attributes.get("office:time-value", "")
    if calculated == "error" or (formula is not None and shown.startswith(("#", "Err:")) and kind in {None, "string"}):
        return CellError(shown or "#ERROR!")
    if formula is not None and kind is None:
        return NoValue(_in_excel(formula))
    return _long_duration(time) if kind == "time" else None


def _long_duration(text: str) -> dt.timedelta | None:
    """Return a time of a day and more, which the fast reader takes for text."""
    found = _DURATION.fullmatch(text)
    if found is None or int(found[1]) < 24:
        return None
    hours, minutes, seconds = map(int, found.groups())
    return dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _in_excel(formula: str) -> str:
    """Return a formula from ``=`` on, without the name of its language; ``[.A2]`` is ``A2``."""
    return "=" + _REFERENCE.sub(lambda found: found[1].replace(":.", ":"), formula.partition("=")[2])
