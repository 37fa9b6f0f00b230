"""One sheet: what is to be otherwise in it, done row by row as its part goes by."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple, TypeAlias

from batch.wording import column_of, letters
from batch.xlsx_edit.package import PackageEdit, Unpatchable, attribute
from batch.xlsx_edit.sheet_frame import Frame, rows_between

_LONGEST: Final = 32_767
"""Units of UTF-16 that Excel takes in a cell."""
_LOOKS_ESCAPED: Final = re.compile(r"(_x[0-9A-Fa-f]{4}_)")
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_PLAIN: Final = re.compile(r"(?: ?[!-%'-;=?-^`-~]){1,1000}")
"""What most cells say, which is in XML as it is."""
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def escaped(text: str) -> bytes:
    """Return a text as a sheet's XML holds it: what XML cannot hold in Excel's own notation."""
    if len(text) > _LONGEST // 2:
        text = text.encode("utf-16-le", "surrogatepass")[: 2 * _LONGEST].decode("utf-16-le", "replace")
    if not text.isascii():
        text = _LONE_SURROGATE.sub("\ufffd", text)
    if "_x" in text:
        text = _LOOKS_ESCAPED.sub(r"_x005F\1", text)
    text = _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()


@lru_cache(2048, typed=True)  # a cell says what the one beside it or above it says, mostly
def filling(value: str | float | None, style: int, prefix: bytes = b"") -> bytes:
    """Return what stands in a cell's XML behind its address.

    Args:
        value: A text, which stays one whatever it looks like; a number; yes or no; None or ``""`` for a blank cell.
        style: Of the cell.
    """
    look = b' s="%d"' % style if style else b""
    if value is None or value == "":
        return look + b"/>"
    end = b"</%sc>" % prefix
    if isinstance(value, bool):
        return look + b' t="b"><%sv>%d</%sv>' % (prefix, value, prefix) + end
    if not isinstance(value, str):
        return look + b"><%sv>%s</%sv>" % (prefix, repr(value).encode(), prefix) + end
    if _PLAIN.fullmatch(value):
        text = b"<%st>%s</%st>" % (prefix, value.encode(), prefix)
    else:
        kept = b' xml:space="preserve"' if value != value.strip() or "\n" in value else b""
        text = b"<%st%s>%s</%st>" % (prefix, kept, escaped(value), prefix)
    return look + b' t="inlineStr"><%sis>%s</%sis>' % (prefix, text, prefix) + end


class Fillings:
    """Cells beside each other, made once and written into many rows.

    Args:
        cells: By column (0 is A), what `filling` made.
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


Restyling: TypeAlias = Callable[[int], int]
"""Takes the style that a cell has and returns the one that it shall have."""
Beside: TypeAlias = Callable[[int], Fillings | None]
"""Takes a row number and returns the cells that stand there in the columns of ours; None for a row left as it is."""

_AT_ONCE: Final = 1_000
"""Rows given out in one piece."""
_NUMBER: Final = re.compile(rb"\sr\s*=\s*[\"'](\d+)")
_ADDRESS: Final = re.compile(rb"\sr\s*=\s*[\"']([A-Z]{1,3})\d")
_SPANS: Final = re.compile(rb"\s+spans\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_STYLE: Final = re.compile(rb"\ss\s*=\s*[\"'](\d+)[\"']")
_FORMULA: Final = re.compile(rb"<(?:[\w.-]+:)?f\b[^>]*?(?:/>|>.*?</(?:[\w.-]+:)?f>)", re.DOTALL)
_BUILT_ON: Final = re.compile(rb"<(?:[\w.-]+:)?f\b[^>]*\sref\s*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """What is to be otherwise in one cell."""

    text: str | None = None
    """What it shall say; ``""`` for a blank cell, None for what it says by now."""
    keeps_formula: bool = False
    """Whether what it says is the result of its formula, which stays."""
    restyling: Restyling | None = None
    """How it shall look, from how it looks by now; None for the same."""


class XmlRow(NamedTuple):
    """A row of a sheet's part, as it is written there; or many that nobody asked for, all of them in its lead."""

    number: int
    """0 for rows that nobody asked for."""
    lead: bytes
    """What stands ahead of it: blanks, if anything."""
    tag: bytes
    content: bytes | None
    """None where the row's tag is its end too."""


class SheetPatch:
    """What is to be otherwise in one sheet. Rows are counted from 1, columns from 0 for A."""

    def __init__(self, edit: PackageEdit, part: str) -> None:
        self.edit = edit
        self.part = part
        self.frame = Frame(edit.chunks(part))
        self.prefix = self.frame.prefix
        self._changes: dict[int, dict[int, CellChange]] = {}
        self._beside: Beside = lambda _: None
        self._ours: frozenset[int] = frozenset()
        self._begin = b"<%bc " % self.prefix

    def change(self, row: int, column: int, change: CellChange) -> None:
        """Have one cell changed; it is made if it is not there."""
        self._changes.setdefault(row, {})[column] = change

    def put_beside(self, columns: frozenset[int], beside: Beside) -> None:
        """Have cells put into some columns, whatever stands there, in each row for which there are any.

        Args:
            columns: Those that the cells of ours stand in; of what was there in such a row nothing stays.
            beside: Asked for every row that the sheet has, in order.
        """
        self._ours = columns
        self._beside = beside

    def apply(self) -> None:
        """Have all of it done when the workbook is written, the frame's changes too; else the part keeps its bytes."""
        if not self._changes and not self._ours and self.frame.is_as_read:
            return
        self._grow()
        self.edit.rewrite(self.part, self._rewritten)

    def _grow(self) -> None:
        dimension = self.frame.find("dimension")
        columns = [*self._ours, *(column for cells in self._changes.values() for column in cells)]
        if dimension is None or not columns:
            return
        first, _, last = dimension.get("ref", "A1").partition(":")
        grown = re.fullmatch(r"([A-Z]+)(\d+)", last or first)
        if grown:
            column = max(*map(_column, (grown[1].encode(), letters(max(columns)).encode())))
            dimension.set("ref", f"{first}:{letters(column)}{max(int(grown[2]), *self._changes, 1)}")

    def _rewritten(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        head, tail = self.frame.halves()
        yield head
        out: list[bytes] = []
        waiting = sorted(self._changes, reverse=True)
        for row in rows_of(pieces, self.prefix, None if self._ours else self._changes):
            while waiting and waiting[-1] < row.number:
                out.append(self._made(waiting.pop()))
            if waiting and waiting[-1] == row.number:
                waiting.pop()
            self._write(out, row)
            if len(out) >= 4 * _AT_ONCE or not row.tag:
                yield b"".join(out)
                out.clear()
        out += [self._made(number) for number in reversed(waiting)]
        yield b"".join(out)
        yield tail

    def _write(self, out: list[bytes], row: XmlRow) -> None:
        changes = self._changes.get(row.number)
        fillings = self._beside(row.number)
        if changes is None and fillings is None:
            out += (row.lead, row.tag)
            if row.content is not None:
                out += (row.content, b"</%srow>" % self.prefix)
            return
        tag = _SPANS.sub(b"", row.tag) if b"spans" in row.tag else row.tag
        content = row.content
        if content is None:
            tag, content = tag[:-2].rstrip() + b">", b""
        number = b"%d" % row.number
        if changes is None and fillings is not None and self._last_column(content) < min(self._ours):
            content += fillings.at(number)
        else:
            content = self._merged(tag, content, number, changes or {}, fillings)
        out += (row.lead, tag, content, b"</%srow>" % self.prefix)

    def _last_column(self, content: bytes) -> int:
        """Return the column of a row's last cell; -1 if it has none, a very large one if it does not say."""
        at = content.rfind(self._begin)
        if at < 0:
            return 1 << 20 if b"<%bc>" % self.prefix in content else -1
        found = _ADDRESS.search(content, at, content.find(b">", at))
        return 1 << 20 if found is None else _column(found[1])

    def _merged(
        self, tag: bytes, content: bytes, number: bytes, changes: dict[int, CellChange], fillings: Fillings | None
    ) -> bytes:
        """Return a row's cells with those that are new or otherwise, in order."""
        cells: dict[int, bytes] = {}
        start = end = 0
        for column, found in cells_of(content, self.prefix):
            start, end = start if cells else found.start(), found.end()
            cell = found[0]
            if _ADDRESS.search(found[1]) is None:
                at = len(self._begin) - 1
                cell = b'%b r="%b%b"%b' % (cell[:at], letters(column).encode(), number, cell[at:])
            cells[column] = cell
        if fillings is not None:
            for ours in self._ours & cells.keys():
                _check_base(cells.pop(ours))
            cells |= fillings.each(number)
        for place, change in changes.items():
            cells[place] = self._changed(cells.get(place), tag, place, number, change)
        return content[:start] + b"".join(cells[place] for place in sorted(cells)) + content[end:]

    def _changed(self, cell: bytes | None, row_tag: bytes, column: int, number: bytes, change: CellChange) -> bytes:
        begin = b'%br="%b%b"' % (self._begin, letters(column).encode(), number)
        if cell is None:
            style = self._blank_style(row_tag, column)
            return begin + filling(
                change.text, style if change.restyling is None else change.restyling(style), self.prefix
            )
        end = cell.index(b">")
        found = _STYLE.search(cell, 0, end)
        style = 0 if found is None else int(found[1])
        wanted = style if change.restyling is None else change.restyling(style)
        formula = _FORMULA.search(cell) if change.keeps_formula else None
        if change.text is not None and formula is not None:
            value = b"<%bv>%b</%bv></%bc>" % (self.prefix, escaped(change.text), self.prefix, self.prefix)
            look = b' s="%d"' % wanted if wanted else b""
            return begin + look + b' t="str">' + formula[0] + value
        if change.text is not None:
            _check_base(cell)
            return begin + filling(change.text, wanted, self.prefix)
        if found is not None:
            return cell[: found.start()] + b' s="%d"' % wanted + cell[found.end() :]
        at = len(self._begin) - 1
        return cell[:at] + b' s="%d"' % wanted + cell[at:]

    def _blank_style(self, row_tag: bytes, column: int) -> int:
        """Return how a cell looks that is not there: as its row, else as its column."""
        if attribute(row_tag, b"customFormat") in {b"1", b"true"}:
            found = _STYLE.search(row_tag)
            return 0 if found is None else int(found[1])
        return self.frame.column_style(column)

    def _made(self, number: int) -> bytes:
        tag = b'<%brow r="%d">' % (self.prefix, number)
        return tag + self._merged(tag, b"", b"%d" % number, self._changes[number], None) + b"</%brow>" % self.prefix


def _check_base(cell: bytes) -> None:
    if _BUILT_ON.search(cell):
        raise Unpatchable("a cell to be written holds a formula that other cells go by")


def rows_of(pieces: Iterator[bytes], prefix: bytes, wanted: Collection[int] | None = None) -> Iterator[XmlRow]:
    """Yield the rows of a sheet's part.

    Args:
        wanted: Numbers of the rows that matter; of the others there may be very many, which come unread then.
    """
    begin, end = b"<%brow" % prefix, b"</%brow>" % prefix
    number = 0
    rest = b""
    waiting = None if wanted is None else sorted(wanted, reverse=True)
    for piece in rows_between(pieces):
        rest += piece
        if waiting is not None:
            rest, number = yield from _unread(rest, begin, end, waiting, number)
        *whole, rest = rest.split(end)
        number = yield from _rows_in(whole, begin, number)
        while waiting and waiting[-1] <= number:
            waiting.pop()
    ours = begin + b">"
    for row in _rows_in([rest + ours], begin, number):
        if row.content is None:
            yield row
        elif row.content or row.tag != ours:
            raise Unpatchable("a sheet has a row without an end")


def _unread(
    text: bytes, begin: bytes, end: bytes, waiting: list[int], number: int
) -> Generator[XmlRow, None, tuple[bytes, int]]:
    """Yield the rows that are waited for, as far as they are written as nearly all programs do, the others unread.

    A search for bytes is a hundred times quicker than one for a pattern.

    Returns:
        What is left of the text, and the number of the row before it.
    """
    place = 0
    while waiting:
        start = text.find(b'%b r="%d"' % (begin, waiting[-1]), place)
        stop = text.find(b">", start)
        empty = text[stop - 1 : stop] == b"/"
        close = stop if empty else text.find(end, stop)
        if start < 0 or stop < 0 or close < 0:
            break
        number = waiting.pop()
        yield XmlRow(0, text[place:start], b"", None)
        yield XmlRow(number, b"", text[start : stop + 1], None if empty else text[stop + 1 : close])
        place = stop + 1 if empty else close + len(end)
    last = text.rfind(begin, place)
    found = _NUMBER.search(text, last, text.find(b">", last)) if last > place else None
    if found is not None and (not waiting or waiting[-1] >= int(found[1])):
        yield XmlRow(0, text[place:last], b"", None)
        return text[last:], int(found[1]) - 1
    return text[place:], number


def _rows_in(texts: Iterable[bytes], begin: bytes, number: int) -> Generator[XmlRow, None, int]:
    """Yield rows, the first of them behind that of this number, and return the number of the last.

    Args:
        texts: Each ends where the content of a row does; ahead of that row there may be some without content.
    """
    for text in texts:
        at, content = 0, None
        while content is None:
            start = text.find(begin, at)
            stop = text.find(b">", start)
            if start < 0 or stop < 0:
                raise Unpatchable("a sheet has a row without a beginning")
            tag = text[start : stop + 1]
            found = _NUMBER.search(tag)
            number = number + 1 if found is None else int(found[1])
            content = None if tag[-2] == _SLASH else text[stop + 1 :]
            yield XmlRow(number, text[at:start], tag, content)
            at = stop + 1
    return number


def cells_of(content: bytes, prefix: bytes) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Yield the cells of a row: column (0 is A), and the cell as found there, its first group the attributes."""
    column = -1
    for found in _cell(prefix).finditer(content):
        said = _ADDRESS.search(found[1])
        column = column + 1 if said is None else _column(said[1])
        yield column, found


@cache
def _cell(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<%bc\b([^>]*?)(?:/>|>(?:.*?)</%bc>)" % (re.escape(prefix), re.escape(prefix)), re.DOTALL)


_SLASH: Final = ord("/")


@cache
def _column(name: bytes) -> int:
    return column_of(name.decode())
