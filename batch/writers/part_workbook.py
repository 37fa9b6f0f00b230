"""Part workbook: the rows of one PBX out of a workbook for many, each where it stands there, with what was understood.

So every cell that is named while the part is carried out is one of the whole workbook. The user's own columns and
sheets are not in it, nor what is of another PBX.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from batch.schema.column_model import plain_field
from batch.schema.columns import TRUNKS
from batch.schema.file_metadata import BASE, FileMetadata
from batch.schema.fleet_columns import PBX, WAVE
from batch.secrets import Secret
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.writers.new_workbook import CellContent, DocumentProperties, NewWorkbook, write_workbook

_NOT_OF_A_PART: Final = frozenset({PBX.field, WAVE.field})
_SOURCES: Final = ("env:", "file:")


def write_part(
    path: Path, tables: Tables, metadata: FileMetadata, base: Iterable[Sequence[str]] = (), left_out: Iterable[int] = ()
) -> Path:
    """Write the rows of one PBX; only the file's owner may read it.

    Args:
        path: Where to.
        tables: The rows of that PBX.
        metadata: What the part says of itself.
        base: Of an export: the lines of its hidden sheet that are of this PBX.
        left_out: Rows of the Trunks sheet whose trunks are not in it, with all their rows.

    Returns:
        Where it lies.

    Raises:
        OutputError: It cannot be written there.
    """

    def fill(book: NewWorkbook) -> None:
        _add_rows(book, tables, frozenset(left_out))
        book.add_metadata(metadata)
        if lines := [*base]:
            book.add_hidden(BASE, lines, "text")

    return write_workbook(path, fill, DocumentProperties(title="Part of a workbook"), private=True)


def _add_rows(book: NewWorkbook, tables: Tables, left_out: AbstractSet[int]) -> None:
    for table in (table for table in tables.counted if table.raw is not None):
        sheet, gone = book.sheet(table.name), left_out if table.sheet is TRUNKS else frozenset()
        for row, cells in _rows(tables, table, gone).items():
            texts = map(cells.get, range(max(cells) + 1))
            sheet.add(row, [(text, "text" if text else "", 1) for text in texts])


def _rows(tables: Tables, table: Table, gone: AbstractSet[int]) -> dict[int, dict[int, CellContent]]:
    """Return what is written of a sheet: by row, from the header down, by column; without the rows that are gone."""
    rows: defaultdict[int, dict[int, CellContent]] = defaultdict(dict)
    beside = [one for one in tables if one is not table and one.times is not None and one.raw is table.raw]
    for one in (table, *beside):
        for position, header, cells in _columns(one):
            rows[table.header_row][position] = header
            for row, content in cells:
                rows[row][position] = content
    return {row: rows[row] for row in sorted(rows.keys() - gone)}


def _columns(table: Table) -> Iterator[tuple[int, str, Iterator[tuple[int, CellContent]]]]:
    """Yield position, header and filled cells of every column that says something of a trunk."""
    placed = {name: at for name, at in table.headers.columns.items() if name not in _NOT_OF_A_PART}
    free = max(table.header_texts, default=0) + 1
    said_once = [name for name in table.columns if name not in table.headers.columns]
    for position, name in (*((at, name) for name, at in placed.items()), *enumerate(said_once, free)):
        yield position, _header(table, name), _cells(table, name)


def _header(table: Table, name: str) -> str:
    """Return a header that means a column without a file that says so."""
    if name in table.headers.texts and name not in table.fit.positions:
        return table.headers.texts[name]
    return f"{table.sheet.column(name).label} {name.partition('+')[2]}".rstrip()


def _cells(table: Table, name: str) -> Iterator[tuple[int, CellContent]]:
    """Yield row and content; a plain number stays one, since it may have lost what stood in front of it."""
    numbers = table.numbers.get(name, frozenset())
    for row, text in table.filled_of(name):
        if isinstance(text, Secret):
            yield row, _password(table, name, row, text)
        elif row in numbers and text.isdecimal() and not text.startswith("0") and len(text) <= 15:
            yield row, int(text)
        else:
            yield row, text
    if table.sheet is TRUNKS and name == plain_field("password"):
        for row in {*table.rows()} - {row for row, _ in table.filled_of(name)}:
            if place := _place_of_password(table, name, row):  # not to be had here, but where the part is carried out
                yield row, place


def _password(table: Table, name: str, row: int, secret: Secret) -> str:
    """Return what the cell says: where a password is found stays its place."""
    return _place_of_password(table, name, row) or secret.reveal()


def _place_of_password(table: Table, name: str, row: int) -> str:
    raw = table.raw
    cell = "" if raw is None else raw.columns[table.headers.columns[name] - raw.first_column][row - raw.first_row]
    said = str(cell).strip()
    return said if said.casefold().startswith(_SOURCES) else ""


def plain_passwords(tables: Tables) -> Mapping[int, str]:
    """Return the cells of the Trunks sheet, by row, that hold a password themselves instead of where it is found."""
    table, name = tables.trunks, plain_field("password")
    return {
        row: table.cell(name, row)
        for row, secret in table.filled(name)
        if not _password(table, name, row, secret).casefold().startswith(_SOURCES)
    }
