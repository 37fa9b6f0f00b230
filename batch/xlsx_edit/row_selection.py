"""Row selection: some rows of a sheet kept, in their order, right below its header; all others go.

What is about whole columns (drop-downs, colours by rule, filters, tables, widths) stays; what is about single rows
(notes, links) goes with them. Formulas of rows that stay give way to what they came to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from batch.readers.prescan import block_of
from batch.readers.workbook import Block
from batch.wording import letters
from batch.xlsx_edit.book import Book
from batch.xlsx_edit.comments import move_notes
from batch.xlsx_edit.package import PackageEdit, parse_part, serialise
from batch.xlsx_edit.sheet import cells_of, rows_of
from batch.xlsx_edit.sheet_frame import Frame
from batch.xlsx_edit.sheet_objects import TableRange, reference_of, tables_of

_NUMBER: Final = re.compile(rb"(\sr\s*=\s*[\"'])\d+")
_ADDRESS: Final = re.compile(rb"(\sr\s*=\s*[\"'][A-Z]{1,3})\d+")
_UNWANTED: Final = re.compile(rb"\s(?:hidden|cm)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
"""Of a row, that a filter hid it; of a cell, that its formula spills."""
_FORMULA: Final = re.compile(rb"<(?:[\w.-]+:)?f\b[^>]*?(?:/>|>.*?</(?:[\w.-]+:)?f>)", re.DOTALL)
_OF_SINGLE_ROWS: Final = ("rowBreaks", "cellWatches", "sortState", "scenarios")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSelection:
    """Which rows of a sheet stay, and where they stand then."""

    header: int
    """Number of the header's row; whatever is above it stays too."""
    places: Mapping[int, int]
    """By the number of each row below the header that stays, its new one."""

    @property
    def last(self) -> int:
        """Number of the last row then; a table and a filter need one below the header."""
        return max(self.places.values(), default=self.header + 1)

    def of(self, row: int) -> int | None:
        """Return where a row stands then; None for one that goes."""
        return row if row <= self.header else self.places.get(row)

    def block(self, block: Block) -> Block | None:
        """Return which cells a range is about then; None for those of rows that go."""
        first_below = self.header + 1
        if block.last_row <= self.header or (block.first_row <= first_below < block.last_row):
            return block
        rows = [new for row in range(block.first_row, block.last_row + 1) if (new := self.of(row)) is not None]
        return block._replace(first_row=rows[0], last_row=rows[-1]) if rows else None

    def references(self, text: str) -> str:
        """Return ranges (``B2:B9 D4``) as they are then; blank where none is left."""
        kept = []
        for one in text.split():
            block = block_of(one)
            moved = None if block is None else self.block(block)
            if block is None or moved == block:
                kept.append(one)
            elif moved is not None:
                kept.append(reference_of(moved))
        return " ".join(kept)


def keep_rows(edit: PackageEdit, name: str, selection: RowSelection) -> None:
    """Keep some rows of a sheet alone.

    Raises:
        Unpatchable: The sheet is laid out in a way that cannot be patched with certainty.
    """
    book = Book(edit)
    part = book.parts()[name]
    frame = Frame(edit.chunks(part))
    _keep_tables(edit, part, frame, selection)
    if not move_notes(edit, part, selection.of):
        frame.drop_drawing()
    _keep_frame(frame, selection)
    filtered = frame.find("autoFilter")
    if filtered is not None and "_xlnm._FilterDatabase" in book.defined(name):
        cells = re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", filtered.get("ref", ""))
        quoted = name.replace("'", "''")
        book.define("_xlnm._FilterDatabase", name, f"'{quoted}'!{cells}", hidden=True)
    book.forget_order()
    book.save()
    edit.rewrite(part, lambda pieces: _rewritten(pieces, frame, selection))


def _rewritten(pieces: Iterator[bytes], frame: Frame, selection: RowSelection) -> Iterator[bytes]:
    head, tail = frame.halves()
    yield head
    for row in rows_of(pieces, frame.prefix):
        place = selection.of(row.number)
        if place is None:
            continue
        tag, content = row.tag, row.content
        if row.number > selection.header:
            tag = _UNWANTED.sub(b"", _NUMBER.sub(b"\\g<1>%d" % place, tag))
            content = None if content is None else _moved(content, b"%d" % place, frame.prefix)
        yield row.lead + tag + (b"" if content is None else content + b"</%brow>" % frame.prefix)
    yield tail


def _moved(content: bytes, row: bytes, prefix: bytes) -> bytes:
    cells: list[bytes] = []
    start = end = 0
    for _, found in cells_of(content, prefix):
        start, end = start if cells else found.start(), found.end()
        close = found[0].index(b">")
        tag = _UNWANTED.sub(b"", _ADDRESS.sub(b"\\g<1>%b" % row, found[0][:close]))
        cells.append(tag + _FORMULA.sub(b"", found[0][close:]))
    return content[:start] + b"".join(cells) + content[end:]


def _keep_tables(edit: PackageEdit, part: str, frame: Frame, selection: RowSelection) -> None:
    links = {target: link for link, (_, target) in edit.links(part).items()}
    for table in tables_of(edit, part):
        if table.block.first_row == selection.header + (not table.header):
            _shrink(edit, table, selection)
        elif table.block.last_row > selection.header:
            for named in [*frame.root.iter("{*}tablePart")]:
                if links[table.part] in named.attrib.values():
                    _take_out(named)
            edit.cut(part, links[table.part])


def _shrink(edit: PackageEdit, table: TableRange, selection: RowSelection) -> None:
    root = parse_part(edit.read(table.part))
    root.attrib.pop("totalsRowCount", "")
    for element in (root, *root.iter("{*}autoFilter")):
        element.set("ref", reference_of(table.block._replace(last_row=selection.last)))
    for element in [*root.iter("{*}filterColumn", "{*}sortState")]:
        _take_out(element)
    edit.put(table.part, serialise(root))


def _keep_frame(frame: Frame, selection: RowSelection) -> None:
    root = frame.root
    for name in _OF_SINGLE_ROWS:
        if (gone := frame.find(name)) is not None:
            root.remove(gone)
    for view in root.iter("{*}sheetView", "{*}pane"):  # not scrolled down any more
        corner = block_of(view.get("topLeftCell", ""))
        if corner is not None:
            view.set("topLeftCell", f"{letters(corner.first_column)}{min(corner.first_row, selection.header + 1)}")
    for element in [*root.iter("{*}selection", "{*}sparklineGroups", "{*}filterColumn")]:
        _take_out(element)
    for name in ("dimension", "autoFilter"):
        found = frame.find(name)
        block = None if found is None else block_of(found.get("ref", ""))
        if found is not None and block is not None and block.last_row > selection.header:
            found.set("ref", reference_of(block._replace(last_row=max(block.first_row, selection.last))))
    _keep_ranges(root, selection)


def _keep_ranges(root: etree._Element, selection: RowSelection) -> None:
    for element in [*root.iter("{*}mergeCell")]:
        block = block_of(element.get("ref", ""))
        if block is None or block.last_row > selection.header:
            _take_out(element)
    for element in [*root.iter("{*}hyperlink")]:
        _refer(element, "ref", selection)
    for element in [*root.iterfind(".//*[@sqref]")]:
        _refer(element, "sqref", selection)
    for element in [*root.iter("{*}sqref")]:
        element.text = selection.references(element.text or "")
        above = element.getparent()
        if not element.text and above is not None:
            _take_out(above)


def _refer(element: etree._Element, attribute: str, selection: RowSelection) -> None:
    kept = selection.references(element.get(attribute, ""))
    if kept:
        element.set(attribute, kept)
    else:
        _take_out(element)


def _take_out(element: etree._Element) -> None:
    """Take an element out, and the list that it was the last of; others are counted anew."""
    above = element.getparent()
    if above is None:
        return
    above.remove(element)
    if "count" in above.attrib:
        above.set("count", str(len(above)))
    if not len(above) and etree.QName(above).localname in _LISTS:
        _take_out(above)


_LISTS: Final = frozenset(
    {
        "mergeCells",
        "hyperlinks",
        "dataValidations",
        "tableParts",
        "ignoredErrors",
        "ext",
        "extLst",
        "protectedRanges",
        "conditionalFormattings",
    }
)
