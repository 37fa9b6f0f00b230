"""Glances: what single words in the XML of an Excel worksheet betray, so that most sheets need no closer look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from batch.sheets.formats.packages import Package

_BORDER: Final = 256
"""Bytes kept from the chunk before, so that no word is missed where two meet."""

_ROWS_BEGIN = re.compile(rb"<(?:[\w.-]+:)?sheetData\b[^>]*>")
_ROWS_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>")
_PREFIXED = re.compile(rb"<[\w.-]+:worksheet\b")
_MARGIN_WORDS = re.compile(rb"hidden|width\s*=\s*[\"']0|filter|mergeCell\b|tablePart\b", re.IGNORECASE)

_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_HIDDEN = re.compile(rb"hidden\s*=\s*[\"'](?:1|true)")
_FLAT = re.compile(rb"ht=[\"']0(?:\.0*)?[\"']")
_COLUMN = re.compile(rb"r=[\"']([A-Za-z]{2,})\d")

_SHAPES: Final = bytes.maketrans(
    b"'0123456789" + bytes(range(ord("B"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1)),
    b'"0000000000' + b"A" * 51,
)
"""Any letter as A, any digit as 0, any quotation mark as a double one."""
_BEYOND_Z: Final = (b'="AA0', b'="AAA0')
_MILLIONS: Final = (b'="0000000', b'="A0000000')
_LONGEST: Final = 16
"""Bytes in which any of these shapes fits."""

WIDE: Final = 32
"""Columns up to which a sheet of fewer than a million rows cannot fill the memory, however its cells lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a sheet's values have to be read."""

    far: bool
    """Whether cells may lie so far apart that the space between them would fill the memory."""
    commented: bool
    """Whether comments stand among the cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What single words in a sheet's XML betray."""

    closer: bool
    """Whether it may hold error cells, formulas, hidden rows, or numbers that look otherwise than they are."""
    margins: bytes = b""
    """The XML before and after the rows, where it says of columns, merged cells or filters something of note."""


def reach(package: Package, part: str) -> Reach:
    """Stream a sheet's XML past what has to be known before its values are read.

    However a cell's place is spelt (``r = 'aaa7'``), one beyond column Z or row 999,999 is seen. Up to there, cells
    cannot lie far apart.
    """
    far = commented = False
    before = cells = b""
    for chunk in package.chunks(part):
        commented = commented or b"<!--" in before + chunk
        before = chunk[-_LONGEST:]
        if not far:
            cells = cells[-_LONGEST:] + chunk.translate(None, b" \t\r\n")
            shapes = cells.translate(_SHAPES)
            if any(shape in shapes for shape in _BEYOND_Z):
                far = max(map(column_number, set(_COLUMN.findall(cells))), default=0) > WIDE
            far = far or any(shape in shapes for shape in _MILLIONS)
    return Reach(far=far, commented=commented)


def glance(package: Package, part: str, styles: Collection[str] = (), struck: Collection[str] = ()) -> Glance:
    """Stream a sheet's XML past a handful of words. Costs a fifth of what reading its values does.

    Args:
        package: The package.
        part: The sheet's part.
        styles: Names of the styles whose numbers look otherwise than they are.
        struck: Names of the styles whose text is struck through.
    """
    styled = [patterns for patterns in (_numbers_of(styles), _cells_of(struck)) if patterns]
    margins = _Margins()
    closer = False
    for text in margins.rows(package.chunks(part)):
        if not closer:
            closer = _betrays(text, b":f" if margins.prefixed else b"<f")
            closer = closer or any(all(pattern.search(text) for pattern in patterns) for patterns in styled)
    around = bytes(margins.around)
    return Glance(closer=closer, margins=around if _MARGIN_WORDS.search(around) else b"")


class _Margins:
    """Parts the rows of a sheet from what stands before and after them."""

    def __init__(self) -> None:
        self.around = bytearray()
        self.prefixed = False

    def rows(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the XML of the rows only, each piece beginning with the last bytes of the one before."""
        for chunk in chunks:
            seen = max(len(self.around) - _BORDER, 0)
            self.around += chunk
            if begin := _ROWS_BEGIN.search(self.around, seen):
                rest = bytes(self.around[begin.end() :])
                del self.around[begin.end() :]
                self.prefixed = _PREFIXED.search(self.around) is not None
                if not begin[0].endswith(b"/>"):
                    yield from self._until_end(chain([rest], chunks))
                else:
                    self.around += rest
                break
        for chunk in chunks:
            self.around += chunk

    def _until_end(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        before = b""
        for chunk in chunks:
            text = before + chunk
            if b"heetData" in text and (end := _ROWS_END.search(text)):
                self.around += text[end.start() :]
                yield text[: end.start()]
                return
            yield text
            before = text[-_BORDER:]


def _numbers_of(styles: Collection[str]) -> tuple[re.Pattern[bytes], ...]:
    """Return what is found where a number has one of these styles: first a word, then the cell around it."""
    if not styles:
        return ()
    style = rb"s=[\"'](?:" + "|".join(map(re.escape, styles)).encode() + rb")[\"']"
    return (
        re.compile(style),
        re.compile(
            rb"<(?:[\w.-]+:)?c\s(?=[^<>]*\b" + style + rb")(?![^>]*\bt=[\"'](?:s|str|inlineStr|b|e)[\"'])[^>]*>"
            rb"\s*<(?:[\w.-]+:)?[vf]\b"
        ),
    )


def _cells_of(styles: Collection[str]) -> tuple[re.Pattern[bytes], ...]:
    """Return what is found where a cell that is not blank has one of these styles, as `_numbers_of` does."""
    if not styles:
        return ()
    style = rb"s=[\"'](?:" + "|".join(map(re.escape, styles)).encode() + rb")[\"']"
    cell = rb"<(?:[\w.-]+:)?c\s(?=[^<>]*\b" + style + rb")[^>]*(?<!/)>\s*<(?!/)"
    return (re.compile(style), re.compile(cell))


def _betrays(text: bytes, formula: bytes) -> bool:
    if b't="e"' in text or b"t='e'" in text:
        return True
    if formula in text and _FORMULA.search(text):
        return True
    if b"strike" in text:
        return True
    if b"hidden" in text and _HIDDEN.search(text):
        return True
    return _FLAT.search(text) is not None


def column_number(name: bytes | str) -> int:
    """Return a column's number counted from 1: A is 1, AA is 27."""
    number = 0
    for letter in (name.encode() if isinstance(name, str) else name).upper():
        number = number * 26 + letter - 64
    return number
