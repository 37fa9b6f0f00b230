"""Tables: the ranges of a sheet that the spreadsheet program itself treats as tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

from batch.sheets.patching.edits import PackageEdit, parse, serialise
from batch.sheets.spellings import column_of
from batch.sheets.workbooks import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRange:
    """One such table."""

    part: str
    block: Block
    """Its cells, the header's included."""


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
            block = block_of(parse(edit.read(target)).get("ref", ""))
            if block is not None:
                found.append(TableRange(part=target, block=block))
    return found


def rename_column(edit: PackageEdit, table: TableRange, column: int, name: str) -> None:
    """Have a table call a column of the sheet (0 is A) by another name: the one that its header cell now says."""
    root = parse(edit.read(table.part))
    columns = list(root.iter("{*}tableColumn"))
    place = column - table.block.first_column
    if 0 <= place < len(columns):
        columns[place].set("name", name)
        edit.put(table.part, serialise(root))
