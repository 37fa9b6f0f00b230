"""Single cells of a sheet, found among half a million by their bytes and given another style.

Only rows that hold such a cell are looked at one by one; all others keep the bytes they had, unread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from batch.schema.spellings import letters
from batch.xlsx_edit import sheet_frame
from batch.xlsx_edit.package import Unpatchable, attribute

Restyle: TypeAlias = Callable[[int], int]
"""Given the number of the style that a cell has: that of the style that it shall have."""

_CELL: Final = re.compile(rb"<(?:[\w.-]+:)?c(?=[\s/>])[^>]*>")
_CELL_NAME: Final = re.compile(rb"([A-Z]{1,3})\d+")
_COLUMNS: Final = re.compile(rb"<(?:[\w.-]+:)?col\s[^>]*>")
_SPANS: Final = re.compile(rb"\sspans\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_NAME: Final = re.compile(rb"<[^>]*?\sr\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_STYLE: Final = re.compile(rb"(\ss\s*=\s*)(?:\"[^\"]*\"|'[^']*')")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row of a sheet, by its bytes."""

    start: int
    inside: int
    """Where its start tag ends."""
    cells_end: int
    """Where its cells end; `inside` for a row that is one tag."""
    end: int


def restyle(sheet: bytes, styles: Mapping[tuple[int, int], Restyle]) -> bytes:
    """Return a sheet in which some cells have another style; cells that are not there yet are made.

    Args:
        sheet: Its XML.
        styles: By row number as people see it and column (0 is A): which style the cell gets. A cell that is not
            there yet has the style of its row or column.

    Raises:
        Unpatchable: The sheet has no rows.
    """
    wanted: dict[int, list[int]] = {}
    for row, column in sorted(styles):
        wanted.setdefault(row, []).append(column)
    return _Spots(sheet, styles).patched(wanted) if wanted else sheet


class _Spots:
    """Where the rows of a sheet are, and what becomes of some of them."""

    def __init__(self, sheet: bytes, styles: Mapping[tuple[int, int], Restyle]) -> None:
        self.styles = styles
        self.sheet, self.first, self.last = _opened(sheet)
        prefix = sheet_frame.prefix_of(sheet).encode()
        self.names = {name: prefix + name for name in (b"row", b"c")}
        self.row_tags = re.compile(b"<%s(?=[\\s/>])[^>]*>" % re.escape(self.names[b"row"]))
        self.columns = sheet_frame.head_of(sheet)

    def patched(self, wanted: Mapping[int, list[int]]) -> bytes:
        """Return the sheet with these columns of these rows restyled; rows ascending."""
        pieces = []
        copied = 0
        for number, (row, place) in zip(wanted, self._found(list(wanted)), strict=True):
            pieces.append(self.sheet[copied:place])
            if row is None:
                pieces.append(self._new_row(number, wanted[number]))
                copied = place
            else:
                pieces.append(self._patched_row(row, number, wanted[number]))
                copied = row.end
        return b"".join([*pieces, self.sheet[copied:]])

    def _found(self, numbers: list[int]) -> list[tuple[_Row | None, int]]:
        """Return each row and where it begins, or None and where it is to be put in."""
        found: list[tuple[_Row | None, int]] = []
        place = self.first
        for number in numbers:
            # As nearly all programs write it; a search for bytes is a hundred times quicker than one for a pattern.
            start = self.sheet.find(b'<%s r="%d"' % (self.names[b"row"], number), place, self.last)
            if start < 0:
                return self._found_tag_by_tag(numbers)
            row = self._row_at(start, self.sheet.index(b">", start) + 1)
            found.append((row, start))
            place = row.end
        return found

    def _found_tag_by_tag(self, numbers: list[int]) -> list[tuple[_Row | None, int]]:
        found: list[tuple[_Row | None, int]] = []
        todo = iter(numbers)
        number: int | None = next(todo, None)
        last = 0
        for tag in self.row_tags.finditer(self.sheet, self.first, self.last):
            said = attribute(tag[0], b"r")
            last = int(said) if said is not None and said.isdigit() else last + 1
            while number is not None and number < last:
                found.append((None, tag.start()))
                number = next(todo, None)
            if number is None:
                return found
            if number == last:
                found.append((self._row_at(tag.start(), tag.end()), tag.start()))
                number = next(todo, None)
        while number is not None:
            found.append((None, self.last))
            number = next(todo, None)
        return found

    def _row_at(self, start: int, inside: int) -> _Row:
        if self.sheet[inside - 2 : inside - 1] == b"/":
            return _Row(start=start, inside=inside, cells_end=inside, end=inside)
        end = self.sheet.find(b"</%s" % self.names[b"row"], inside, self.last)
        if end < 0:
            raise Unpatchable("a row has no end")
        return _Row(start=start, inside=inside, cells_end=end, end=self.sheet.index(b">", end) + 1)

    def _new_row(self, number: int, columns: Iterable[int]) -> bytes:
        name = self.names[b"row"]
        cells = b"".join(self._new_cell(number, column, b"") for column in columns)
        return b'<%s r="%d">%s</%s>' % (name, number, cells, name)

    def _new_cell(self, row: int, column: int, tag_of_row: bytes) -> bytes:
        style = attribute(tag_of_row, b"s") if attribute(tag_of_row, b"customFormat") in {b"1", b"true"} else None
        had = _number(style) if style is not None else self._style_of(column)
        return b'<%s r="%s%d" s="%d"/>' % (
            self.names[b"c"],
            letters(column).encode(),
            row,
            self.styles[row, column](had),
        )

    def _style_of(self, column: int) -> int:
        for tag in _COLUMNS.findall(self.columns):
            if _number(attribute(tag, b"min")) <= column + 1 <= _number(attribute(tag, b"max")):
                return _number(attribute(tag, b"style"))
        return 0

    def _patched_row(self, row: _Row, number: int, columns: list[int]) -> bytes:
        tag = self.sheet[row.start : row.inside]
        cells = self.sheet[row.inside : row.cells_end]
        pieces = []
        copied = 0
        made = False
        todo = list(columns)
        for column, start, end in _cells(cells):
            while todo and todo[0] < column:
                pieces += [cells[copied:start], self._new_cell(number, todo.pop(0), tag)]
                copied, made = start, True
            if todo and todo[0] == column:
                pieces += [cells[copied:start], self._restyled(cells[start:end], self.styles[number, column])]
                copied = end
                todo.pop(0)
        pieces.append(cells[copied:])
        made = made or bool(todo)
        pieces += [self._new_cell(number, column, tag) for column in todo]
        if made:  # what a row says of its width is then no more true, and need not be said
            tag = _SPANS.sub(b"", tag)
        closing = self.sheet[row.cells_end : row.end]
        if not closing:
            tag = tag.removesuffix(b"/>").rstrip() + b">"
            closing = b"</%s>" % self.names[b"row"]
        return b"".join([tag, *pieces, closing])

    def _restyled(self, tag: bytes, restyle: Restyle) -> bytes:
        style = b"%d" % restyle(_number(attribute(tag, b"s")))
        if _STYLE.search(tag):
            return _STYLE.sub(lambda found: found[1] + b'"' + style + b'"', tag, count=1)
        name = _NAME.match(tag)
        begin = len(self.names[b"c"]) + 1 if name is None else name.end()
        return tag[:begin] + b' s="' + style + b'"' + tag[begin:]


def _opened(sheet: bytes) -> tuple[bytes, int, int]:
    """Return a sheet whose rows have a start and an end tag, and where the rows begin and end."""
    behind = sheet_frame.tail_start(sheet)
    begin = len(sheet_frame.head_of(sheet))
    inside = sheet.index(b">", begin) + 1
    if inside != behind:
        return sheet, inside, sheet.rindex(b"<", 0, behind)
    tag = sheet[begin:inside].removesuffix(b"/>").rstrip()
    name = tag[1:].split()[0]
    return sheet[:begin] + tag + b"></" + name + b">" + sheet[inside:], begin + len(tag) + 1, begin + len(tag) + 1


def _cells(cells: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the column of each cell of a row, and where its start tag begins and ends."""
    column = -1
    for tag in _CELL.finditer(cells):
        name = _CELL_NAME.fullmatch(attribute(tag[0], b"r") or b"")
        column = column + 1 if name is None else _column(name[1])
        yield column, tag.start(), tag.end()


def _column(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number - 1


def _number(text: bytes | None) -> int:
    return int(text) if text is not None and text.isdigit() else 0
