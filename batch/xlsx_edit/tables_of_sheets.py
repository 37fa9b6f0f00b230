"""Tables of sheets: the ranges of a sheet that the spreadsheet program itself treats as tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from batch.readers.workbook import Block
from batch.schema.spellings import column_of, letters
from batch.xlsx_edit.package import PackageEdit, number_of, parse_part, serialise


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRange:
    """One such table."""

    part: str
    block: Block
    """Its cells, the header's included."""
    header: bool
    """Whether its first row is its header."""
    fed: bool
    """Whether it is filled from elsewhere: by a query, from XML."""


def block_of(reference: str) -> Block | None:
    """Return the cells of a reference (``A1:C9``, ``B2``); None if it is none, or whole columns or rows."""
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?", reference)
    if found is None:
        return None
    return Block(
        first_row=int(found[2]),
        first_column=column_of(found[1]),
        last_row=int(found[4] or found[2]),
        last_column=column_of(found[3] or found[1]),
    )


def tables_of(edit: PackageEdit, part: str) -> list[TableRange]:
    """Return the tables of a sheet.

    Raises:
        Unpatchable: One is not well-formed.
    """
    found = []
    for kind, target in edit.links(part).values():
        if kind.endswith("/table") and edit.find(target):
            root = parse_part(edit.read(target))
            block = block_of(root.get("ref", ""))
            if block is not None:
                header, fed = root.get("headerRowCount") != "0", root.get("tableType", "worksheet") != "worksheet"
                found.append(TableRange(part=target, block=block, header=header, fed=fed))
    return found


def pivots_of(edit: PackageEdit, part: str) -> list[Block]:
    """Return the cells of a sheet's pivot tables.

    Raises:
        Unpatchable: One is not well-formed.
    """
    parts = (to for kind, to in edit.links(part).values() if kind.endswith("/pivotTable") and edit.find(to))
    places = (place for pivot in parts for place in parse_part(edit.read(pivot)).iter("{*}location"))
    return [block for place in places if (block := block_of(place.get("ref", ""))) is not None]


def grow(edit: PackageEdit, table: TableRange, headers: Sequence[str]) -> bool:
    """Have a table take in the columns right of it; tell whether it could.

    Its filter and its order of rows reach as far, so that whatever moves its rows moves these columns too.

    Args:
        edit: The workbook.
        table: Which one.
        headers: What the header cells of these columns say. No two columns of a table may say the same.

    Raises:
        Unpatchable: It is not to be understood.
    """
    root = parse_part(edit.read(table.part))
    columns = root.find("{*}tableColumns")
    if columns is None or table.fed:
        return False
    there = columns.findall("{*}tableColumn")
    names = [column.get("name", "").casefold() for column in there]
    if set(names) & {header.casefold() for header in headers}:
        return False
    last = max((number_of(column, "id") for column in there), default=0)
    for number, header in enumerate(headers, last + 1):
        column = columns.makeelement(f"{{{etree.QName(columns).namespace}}}tableColumn", {"id": str(number)})
        column.set("name", header)
        columns.append(column)
    columns.set("count", str(len(there) + len(headers)))
    widen(root, table.block.last_column, table.block.last_column + len(headers))
    for ordered in root.iter("{*}autoFilter", "{*}sortState"):
        widen(ordered, table.block.last_column, table.block.last_column + len(headers))
    edit.put(table.part, serialise(root))
    return True


def widen(element: etree._Element, last: int, wanted: int) -> None:
    """Have what an element refers to reach to another column (0 is A), if it reaches to the last one."""
    block = block_of(element.get("ref", ""))
    if block is not None and block.last_column == last:
        element.set("ref", reference_of(block._replace(last_column=wanted)))


def reference_of(block: Block) -> str:
    """Return a reference to some cells: ``A1:C9``."""
    first, last = letters(block.first_column), letters(block.last_column)
    return f"{first}{block.first_row}:{last}{block.last_row}"


def rename_column(edit: PackageEdit, table: TableRange, column: int, name: str) -> None:
    """Have a table call a column of the sheet (0 is A) by another name: the one that its header cell now says."""
    root = parse_part(edit.read(table.part))
    columns = list(root.iter("{*}tableColumn"))
    place = column - table.block.first_column
    if 0 <= place < len(columns):
        columns[place].set("name", name)
        edit.put(table.part, serialise(root))
