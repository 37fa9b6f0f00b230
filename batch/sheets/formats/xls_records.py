"""Records of an ``.xls`` workbook, as far as xlrd does not tell of them: which cells have a formula.

Where xlrd gives up, they also tell of errors, hidden rows and merged cells, which calamine drops. Source: [MS-XLS] 2.4.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Final

import xlrd
from xlrd.compdoc import CompDoc, CompDocError

from batch.sheets.formats.grids import Look
from batch.sheets.workbooks import Block, CellError

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMULA: Final = "=…"
"""What is said of a formula whose text is not known."""

_OLE: Final = b"\xd0\xcf\x11\xe0"
_BEGINNINGS: Final = frozenset({0x0009, 0x0209, 0x0409, 0x0809})
_END: Final = 0x000A
_SHEET: Final = 0x0085
_FORMULAS: Final = frozenset({0x0006, 0x0206, 0x0406})
_ERROR_OR_BOOLEAN: Final = 0x0205
_ROW: Final = 0x0208
_MERGED: Final = 0x00E5

_WORKSHEET: Final = 0x00
_HIDDEN: Final = 0x20
"""fDyZero in a row's flags (2.4.221, Row)."""
_ERROR_RESULT: Final = b"\x02"
_NO_NUMBER: Final = b"\xff\xff"
"""What the last two bytes of a formula's result say where it is no number; the first byte says what it is then."""


def look_at_records(content: bytes) -> list[Look]:
    """Return what the records of each worksheet tell, in the workbook's order; nothing where they cannot be followed.

    Args:
        content: All of the file.
    """
    stream = _stream(content)
    try:
        starts = list(_worksheets(stream)) or [0]
        return [_look(stream, start) for start in starts]
    except (struct.error, _BrokenOffError):
        return []


class _BrokenOffError(Exception):
    """Records that go on past the end of the file."""


def _stream(content: bytes) -> bytes:
    if not content.startswith(_OLE):
        return content
    try:
        files = CompDoc(content, logfile=io.StringIO(), ignore_workbook_corruption=True)
        found = (files.get_named_stream(name) for name in ("Workbook", "Book"))
        return bytes(next(filter(None, found), b""))
    except (CompDocError, AssertionError, LookupError, UnicodeError, struct.error):
        return b""


def _records(stream: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, place and length of the records of one substream, those of others inside of it left out."""
    depth = 0
    while place + 4 <= len(stream):
        number, length = struct.unpack_from("<HH", stream, place)
        if number in _BEGINNINGS:
            depth += 1
        elif number == _END:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield number, place + 4, length
        place += 4 + length
    raise _BrokenOffError


def _worksheets(stream: bytes) -> Iterator[int]:
    for number, place, length in _records(stream, 0):
        if number == _SHEET and length >= 6:
            start, _, kind = struct.unpack_from("<IBB", stream, place)
            if kind == _WORKSHEET:
                yield start


def _look(stream: bytes, start: int) -> Look:
    look = Look()
    for number, place, length in _records(stream, start):
        if number in _FORMULAS and length >= 14:
            row, column = struct.unpack_from("<HH", stream, place)
            look.formulas.setdefault(column, {})[row + 1] = FORMULA
            result = stream[place + 6 : place + 14]
            if result.startswith(_ERROR_RESULT) and result.endswith(_NO_NUMBER):
                look.cells[row, column] = _error(result[2])
        elif number == _ERROR_OR_BOOLEAN and length >= 8:
            row, column, _, code, is_error = struct.unpack_from("<HHHBB", stream, place)
            if is_error:
                look.cells[row, column] = _error(code)
        elif number == _ROW and length >= 14:
            row, flags = struct.unpack_from("<H10xH", stream, place)
            if flags & _HIDDEN:
                look.hidden_rows.append(row + 1)
        elif number == _MERGED and length >= 2:
            for top, bottom, left, right in struct.iter_unpack("<HHHH", stream[place + 2 : place + length]):
                look.merged.append(Block(top + 1, left, bottom + 1, right))
    return look


def _error(code: int) -> CellError:
    return CellError(xlrd.error_text_from_code.get(code, "#ERROR!"))
