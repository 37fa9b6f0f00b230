"""Cells: how text and numbers are written into a sheet's XML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from batch.sheets.layout import letters

_LONGEST: Final = 32_767
"""Characters that Excel takes in a cell."""
_LOOKS_ESCAPED: Final = re.compile(r"(_x[0-9A-Fa-f]{4}_)")
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def escaped(text: str) -> bytes:
    """Return a text as a sheet's XML holds it: what XML cannot hold in Excel's own notation."""
    text = _LONE_SURROGATE.sub("\ufffd", text[:_LONGEST])
    if "_x" in text:
        text = _LOOKS_ESCAPED.sub(r"_x005F\1", text)
    text = _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()


def filling(value: str | float | None, style: int, prefix: bytes = b"") -> bytes:
    """Return what stands in a cell's XML behind its address.

    Args:
        value: A text, which stays one whatever it looks like; a number; None or ``""`` for a blank cell.
        style: Of the cell.
        prefix: Of the names in this sheet's XML.
    """
    look = b' s="%d"' % style if style else b""
    if value is None or value == "":
        return look + b"/>"
    end = b"</%sc>" % prefix
    if not isinstance(value, str):
        return look + b"><%sv>%s</%sv>" % (prefix, repr(value).encode(), prefix) + end
    kept = b' xml:space="preserve"' if value != value.strip() or "\n" in value else b""
    text = b"<%st%s>%s</%st>" % (prefix, kept, escaped(value), prefix)
    return look + b' t="inlineStr"><%sis>%s</%sis>' % (prefix, text, prefix) + end


class Fillings:
    """Cells beside each other, made once and written into many rows.

    Args:
        cells: By column (0 is A), what `filling` made.
        prefix: Of the names in this sheet's XML.
    """

    __slots__ = ("_begin", "_pieces", "cells")

    def __init__(self, cells: Mapping[int, bytes], prefix: bytes = b"") -> None:
        self.cells = cells
        self._begin = b'<%sc r="' % prefix
        self._pieces: list[bytes] = []
        before = b""
        for column in sorted(cells):
            self._pieces.append(before + self._begin + letters(column).encode())
            before = b'"' + cells[column]
        self._pieces.append(before)

    def at(self, row: bytes) -> bytes:
        """Return all the cells in order, in the row of this number."""
        return row.join(self._pieces) if self.cells else b""

    def each(self, row: bytes) -> dict[int, bytes]:
        """Return each cell by its column, in the row of this number."""
        return {
            column: self._begin + letters(column).encode() + row + b'"' + cell for column, cell in self.cells.items()
        }
