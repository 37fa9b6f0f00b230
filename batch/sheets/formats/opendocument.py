"""Workbooks of LibreOffice and other office programs (``.ods``): calamine for values, a look for what it drops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from batch.sheets.formats import packages, refusals
from batch.sheets.formats.grids import (
    Look,
    calamine_book,
    calamine_failures,
    collector_paused,
    grid_of,
    is_hidden,
    worksheets,
)
from batch.sheets.workbooks import CellError, NoValue, RawSheet

if TYPE_CHECKING:
    from pathlib import Path

    from batch.sheets.formats.packages import Package

CONTENT: Final = "content.xml"

_WRAPPERS: Final = frozenset({"tracked-changes", "annotation"})
"""Elements whose cells and paragraphs are not the sheet's."""


def read_opendocument(package: Package) -> tuple[RawSheet, ...]:
    """Read all worksheets, in the workbook's order.

    Raises:
        WorkbookError: The package is damaged, encrypted, an attack, or spans more cells than fit into memory.
    """
    path = package.path
    package.refuse_entities(name for name in package.names if name.casefold().endswith((".xml", ".rdf")))
    manifest = package.find("META-INF/manifest.xml")
    if manifest is not None and any(tag == "encryption-data" for tag, _ in package.elements(manifest)):
        raise refusals.protected(path)
    sheets = []
    with collector_paused(), calamine_failures(path):
        looks = _looks(package)
        book = calamine_book(path, ".ods")
        for (index, meta), (_, look) in zip(worksheets(book), looks, strict=True):
            grid = grid_of(book.get_sheet_by_index(index))
            sheets.append(grid.to_sheet(meta.name, hidden=is_hidden(meta), look=look))
    return tuple(sheets)


def _looks(package: Package) -> list[tuple[str, Look]]:
    content = package.find(CONTENT)
    if content is None:
        raise refusals.damaged(package.path, "it has no content")
    walk = _Walk(package.path)
    parser = packages.strict_parser(package, content)
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    packages.feed(package, content, parser)
    return walk.looks


class _Walk:
    """Where the walk is. Rows and cells may stand for many equal ones."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.looks: list[tuple[str, Look]] = []
        self.wrapped = 0
        self.row = self.rows = 0
        self.column = self.columns = 0
        self.hidden = False
        self.attributes: dict[str, str] = {}
        self.shown: list[str] = []
        self.in_text = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = packages.local(tag)
        if name in _WRAPPERS:
            self.wrapped += 1
        if self.wrapped:
            return
        match name:
            case "table":
                look = Look()
                self.looks.append((attributes.get("table:name", ""), look))
                self.row = self.rows = 0
            case "table-row":
                self.row += self.rows
                self.rows = int(attributes.get("table:number-rows-repeated", "1"))
                self.hidden = attributes.get("table:visibility", "visible") != "visible"
                self.column = self.columns = 0
            case "table-cell" | "covered-table-cell":
                self.column += self.columns
                self.columns = int(attributes.get("table:number-columns-repeated", "1"))
                self.attributes = attributes
                self.shown = []
            case "p":
                self.in_text = True
            case _:
                pass

    def text(self, text: str) -> None:
        if self.in_text and not self.wrapped:
            self.shown.append(text)

    def end(self, tag: str) -> None:
        name = packages.local(tag)
        if name in _WRAPPERS:
            self.wrapped -= 1
        elif self.wrapped:
            return
        elif name == "p":
            self.in_text = False
        elif name in {"table-cell", "covered-table-cell"}:
            self._end_cell()

    def _end_cell(self) -> None:
        kind = self.attributes.get("office:value-type")
        formula = self.attributes.get("table:formula")
        shown = "".join(self.shown)
        if kind is None and formula is None and not shown:
            return
        sheet, look = self.looks[-1]
        bottom, right = self.row + self.rows - 1, self.column + self.columns - 1
        look.reach(self.row, self.column, bottom, right)
        look.refuse_far_cells(self.path, sheet)
        if self.hidden and (not look.hidden_rows or look.hidden_rows[-1] <= self.row):
            look.hidden_rows.extend(range(self.row + 1, bottom + 2))
        cell: CellError | NoValue
        if self.attributes.get("calcext:value-type") == "error" or (
            formula is not None and shown.startswith(("#", "Err:")) and kind in {None, "string"}
        ):
            cell = CellError(shown or "#ERROR!")
        elif formula is not None and kind is None:
            cell = NoValue("=" + formula.partition("=")[2])
        else:
            return
        look.cells.update(
            ((row, column), cell) for row in range(self.row, bottom + 1) for column in range(self.column, right + 1)
        )
