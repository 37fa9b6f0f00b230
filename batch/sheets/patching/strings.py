"""Strings: texts that a workbook keeps apart from its cells, and that must not outlive the cells they stood in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Final
from xml.sax.saxutils import unescape

from batch.secrets import HIDDEN
from batch.sheets.answers import AnsweredSheet
from batch.sheets.formats.packages import Package
from batch.sheets.patching.books import Book
from batch.sheets.patching.edits import PackageEdit, Unpatchable
from batch.sheets.patching.frames import Frame
from batch.sheets.patching.sheets import cells_of, rows_of
from batch.sheets.workbooks import CellValue

_SHARED: Final = re.compile(rb"\st\s*=\s*[\"']s[\"'][^>]*>\s*<(?:[\w.-]+:)?v\s*>\s*(\d+)")
_TEXT: Final = re.compile(rb"<((?:[\w.-]+:)?)si\b[^>]*?(?:/>|>.*?</(?:[\w.-]+:)?si>)", re.DOTALL)


_VALUE: Final = re.compile(rb"\sv(?:al)?\s*=\s*\"([^\"]*)\"")
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}
_MEMORIES: Final = ("pivotCache", "revisionLog")
"""Words in the kinds of parts that remember what cells say."""


class Secrets:
    """What is written over in a workbook so that nobody reads it there any more.

    Args:
        edit: The workbook.
    """

    def __init__(self, edit: PackageEdit) -> None:
        self._edit = edit
        self._cells: dict[str, dict[int, set[int]]] = {}
        self._texts: set[str] = set()

    def add(self, part: str, sheet: AnsweredSheet) -> None:
        """Take note of the cells of a sheet that are to say something else."""
        raw = sheet.raw
        rows: dict[int, set[int]] = {}
        for column, texts in sheet.replaced.items():
            cells = raw.columns[column - raw.first_column]
            for row in texts:
                rows.setdefault(row, set()).add(column)
                self._texts.add(_as_kept(cells[row - raw.first_row]))
        if rows:
            self._cells[part] = rows

    def blank(self) -> None:
        """Blank the shared texts of these cells, unless other cells say them too.

        Raises:
            Unpatchable: One of them would stay elsewhere in the workbook: a pivot table's memory, a filter.
        """
        book = Book(self._edit)
        self._refuse_memories()
        table = next((to for kind, to in book.links.values() if kind.endswith("/sharedStrings")), "")
        if not self._edit.find(table):
            return
        gone: Counter[int] = Counter()
        for part, rows in self._cells.items():
            gone.update(_numbers(self._edit, part, rows))
        if not gone:
            return
        left: Counter[int] = Counter()
        for part in book.parts().values():
            left.update(number for number in _all_numbers(self._edit.package, part) if number in gone)
        blank = frozenset(number for number, count in gone.items() if left[number] <= count)
        self._edit.rewrite(table, lambda pieces: _without(pieces, blank))

    def _refuse_memories(self) -> None:
        texts = self._texts - {"", HIDDEN}
        if not texts:
            return
        edit = self._edit
        for name in edit.names():
            if any(word in edit.content_type(name) for word in _MEMORIES) and texts & _values(edit.read(name)):
                raise Unpatchable("it keeps passwords in a pivot table or in its history too")
        for part in self._cells:
            head, tail = Frame(edit.package.chunks(part)).halves()
            if texts & _values(head + tail):
                raise Unpatchable("it keeps passwords in a filter too")


def _as_kept(value: CellValue) -> str:
    """Return a value as it stands in the attributes of a part."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _values(content: bytes) -> set[str]:
    """Return what the values in a part's attributes say."""
    return {unescape(found.decode("utf-8", "replace"), _QUOTES) for found in _VALUE.findall(content)}


def _numbers(edit: PackageEdit, part: str, rows: Mapping[int, Collection[int]]) -> Iterator[int]:
    """Yield the numbers of the shared texts of these cells as they were."""
    frame = Frame(edit.package.chunks(part))
    last = max(rows, default=0)
    for row in rows_of(edit.package.chunks(part), frame.prefix):
        if row.number > last:
            return
        if row.number in rows and row.content:
            wanted = rows[row.number]
            for column, cell in cells_of(row.content, frame.prefix):
                found = _SHARED.search(cell[0]) if column in wanted else None
                if found is not None:
                    yield int(found[1])


def _all_numbers(package: Package, part: str) -> Iterator[int]:
    """Yield the numbers of the shared texts of all cells of a sheet as it was."""
    rest = b""
    for piece in package.chunks(part) if package.find(part) else ():
        rest += piece
        # Never within a cell: its number stands a little behind the word that says that it is one.
        cut = max(rest.rfind(b"c>"), 0)
        yield from map(int, _SHARED.findall(rest[:cut]))
        rest = rest[cut:]
    yield from map(int, _SHARED.findall(rest))


def _without(pieces: Iterator[bytes], gone: Collection[int]) -> Iterator[bytes]:
    """Yield the table of shared texts with some of them blank, all at the places that they had."""
    number = -1
    rest = b""
    for piece in pieces:
        rest += piece
        before = rest.rfind(b"si>")
        if before < 0:
            continue
        end = before + len(b"si>")
        whole, rest = rest[:end], rest[end:]

        def kept(found: re.Match[bytes]) -> bytes:
            nonlocal number
            number += 1
            return b"<%bsi><%bt/></%bsi>" % (found[1], found[1], found[1]) if number in gone else found[0]

        yield _TEXT.sub(kept, whole)
    yield rest
