"""Passwords hidden in a package wherever they stand: shared strings, comments, drawings, names, links."""

from __future__ import annotations

import codecs
import html
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import unquote
from xml.sax.saxutils import unescape

from lxml import etree

from batch.readers.packages import Package
from batch.secrets import HIDDEN
from batch.tables.password_cells import SecretSearch, as_text
from batch.tables.row_results import AnsweredSheet
from batch.xlsx_edit.book import Book
from batch.xlsx_edit.package import PackageEdit, Unpatchable, parse_part, serialise
from batch.xlsx_edit.sheet import cells_of, rows_of
from batch.xlsx_edit.sheet_frame import Frame

_XML: Final = (".xml", ".rels", ".vml")
_FORMULAS: Final = frozenset(
    {
        *("f", "formula", "formula1", "formula2", "definedName", "calculatedColumnFormula", "totalsRowFormula"),
        *("oldFormula", "FmlaMacro", "FmlaLink", "FmlaRange"),
    }
)
"""Elements that say a formula, in which only what stands in quotes is text."""
_PARAGRAPHS: Final = frozenset({"text", "si", "is", "p"})
"""Elements whose text may be cut into pieces that look different."""
_STRUCTURE: Final = frozenset(
    {"id", "Id", "Type", "ref", "sqref", "r", "uid", "uri", "name", "displayName", "Requires"}
)
"""Attributes that other parts go by."""
_QUOTED: Final = re.compile(r'"(?:[^"]|"")*"')
_CODES: Final = re.compile(r'(&(?:"[^"]*"|K[0-9A-Fa-f]{6}|[0-9]{1,3}|[A-Za-z]))')
_NUMBERS: Final = frozenset({"n", "v"})
"""Elements that hold a number where it is one."""
_TAG: Final = re.compile(rb"<[^>]*>")
_ELSEWHERE: Final = "about:blank"


def with_hidden(name: str, content: bytes, search: SecretSearch, also: SecretSearch, whole: Collection[str]) -> bytes:
    """Return a part in which no password is to be read any more; the very bytes where there was none.

    Args:
        name: Of the part.
        content: Of the part.
        search: Finds passwords, also as part of a text.
        also: Finds what cells said that are written over.
        whole: What cells said that are written over; hidden where it stands alone in an attribute.

    Raises:
        Unpatchable: It holds one and is not to be understood.
    """
    if not name.casefold().endswith(_XML):
        return content
    plain = content
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        plain = content.decode("utf-16", "replace").encode()
    spellings = [plain, _TAG.sub(b"", plain)]
    if b"&#" in plain:
        spellings += [html.unescape(each.decode("utf-8", "replace")).encode() for each in spellings]
    if not any(one and one.may_be_in(each) for one in (search, also) for each in spellings):
        return content
    root = _understood(content)
    if root is None:
        said = [html.unescape(each.decode("utf-8", "replace")) for each in spellings]
        if any(one.hidden(each) != each for one in (search, also) for each in said):
            raise Unpatchable(f"its part {name} cannot be read and holds a password, so it is left out")
        return content
    if not hide_in(root, search, whole):
        return content
    declared = plain.lstrip(codecs.BOM_UTF8).startswith(b"<?xml")
    return serialise(root) if declared else bytes(etree.tostring(root))


def _understood(content: bytes) -> etree._Element | None:
    """Return a part parsed; None where it is not well-formed, or entities may say anything in it."""
    with suppress(Unpatchable):
        root = parse_part(content)
        return root if root.getroottree().docinfo.internalDTD is None else None
    return None


def hide_in(root: etree._Element, search: SecretSearch, whole: Collection[str]) -> bool:
    """Hide passwords in all texts of a part; tell whether there were any."""
    found = False
    for element in root.iter("*"):
        kind = etree.QName(element).localname
        found = _in_attributes(element, kind, search, whole) or found
        if (text := element.text) and (hidden := _text(kind, text, search)) != text:
            element.text, found = hidden, True
        if (tail := element.tail) and (hidden := _text("", tail, search)) != tail:
            element.tail, found = hidden, True
        if kind in _PARAGRAPHS:
            found = _in_pieces(element, search) or found
    return found


def _in_attributes(element: etree._Element, kind: str, search: SecretSearch, whole: Collection[str]) -> bool:
    """Hide passwords in what is said of an element; tell whether there were any."""
    found = False
    for key, value in element.attrib.items():
        if etree.QName(key).localname not in _STRUCTURE:
            hidden = _attribute(element, kind, str(key), str(value), search, whole)
            found = found or hidden != value
            element.set(key, hidden)
    return found


def _attribute(
    element: etree._Element, kind: str, key: str, value: str, search: SecretSearch, whole: Collection[str]
) -> str:
    if kind == "Relationship":
        outside = element.get("TargetMode") == "External" and key == "Target"
        return _ELSEWHERE if outside and any(search.hidden(v) != v for v in (value, unquote(value))) else value
    hidden = HIDDEN if value in whole and key in {"v", "val"} else search.hidden(value)
    return _as_number(kind, value, hidden)


def _text(kind: str, value: str, search: SecretSearch) -> str:
    if kind in _FORMULAS:
        if value.isdecimal():
            return f'"{HIDDEN}"' if search.hidden(value) != value else value
        return _QUOTED.sub(lambda quoted: search.hidden(quoted[0]), value)
    if kind.endswith(("Header", "Footer")):
        return _in_page_header(value, search)
    return _as_number(kind, value, search.hidden(value))


def _in_page_header(value: str, search: SecretSearch) -> str:
    """Hide passwords between the codes of a page's header: ``&C`` for the middle, ``&&`` for the sign itself."""
    pieces = _CODES.split(value.replace("&&", "\0"))
    texts = [search.hidden(piece.replace("\0", "&")).replace("&", "&&") for piece in pieces[::2]]
    pieces[::2] = texts
    return "".join(pieces)


def _as_number(kind: str, value: str, hidden: str) -> str:
    """Return what stands instead of a password; where a number must stand, one does."""
    return "0" if hidden != value and kind in _NUMBERS and value.isdecimal() else hidden


def _in_pieces(paragraph: etree._Element, search: SecretSearch) -> bool:
    """Hide passwords that stand across several pieces of a text; tell whether there were any."""
    pieces = [piece for piece in paragraph.iter("{*}t") if piece.text]
    said = "".join(piece.text or "" for piece in pieces)
    hidden = search.hidden(said) if len(pieces) > 1 else said
    if hidden == said:
        return False
    for piece in pieces:
        piece.text = ""
    pieces[0].text = hidden
    return True


_SHARED: Final = re.compile(rb"\st\s*=\s*[\"']s[\"'][^>]*>\s*<(?:[\w.-]+:)?v\s*>\s*(\d+)")
_TEXT: Final = re.compile(rb"<((?:[\w.-]+:)?)si\b[^>]*?(?:/>|>.*?</(?:[\w.-]+:)?si>)", re.DOTALL)
_PRONOUNCED: Final = re.compile(rb"<(?:[\w.-]+:)?rPh\b.*?</(?:[\w.-]+:)?rPh>", re.DOTALL)
_ENTITIES: Final = {"&quot;": '"', "&apos;": "'"}
_LEFT: Final = ("styles+xml", "theme+xml", "calcChain+xml", "worksheet+xml", "sharedStrings+xml")
"""How the kinds of parts end that say nothing, or whose cells and texts are looked at one by one."""


class Secrets:
    """What is written over in a workbook so that nobody reads it there any more.

    Args:
        edit: The workbook.
        search: Finds the passwords that are to stand nowhere in it.
        unreadable: Parts of sheets that cannot be read; they are not searched cell by cell.
    """

    def __init__(self, edit: PackageEdit, search: SecretSearch, unreadable: Collection[str] = ()) -> None:
        self._edit = edit
        self._search = search
        self._unreadable = unreadable
        self._ours = frozenset(edit.names()) - frozenset(edit.package.names)
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
                self._texts.add(as_text(cells[row - raw.first_row]))
        if rows:
            self._cells[part] = rows

    @property
    def _remembered(self) -> frozenset[str]:
        """What cells said that are written over; filters and pivot tables remember it whole."""
        return frozenset(self._texts - {"", HIDDEN})

    def hide_around(self, root: etree._Element) -> None:
        """Hide them in what surrounds the rows of a sheet: its filter, its drop-downs, its page headers."""
        if self._search or self._remembered:
            hide_in(root, self._search, self._remembered)

    def hide(self) -> None:
        """Hide them in all other parts, and blank the shared texts that no cell says any more.

        Raises:
            Unpatchable: A part that holds one is not to be understood.
        """
        self._blank()
        if not self._search and not self._remembered:
            return
        remembered = SecretSearch(self._remembered)
        for name in self._edit.names():
            left = self._edit.content_type(name).endswith(_LEFT) and name not in self._unreadable
            if name in self._ours or left:
                continue
            content = self._edit.read(name)
            changed = with_hidden(name, content, self._search, remembered, self._remembered)
            if changed != content:
                self._edit.put(name, changed)

    def _blank(self) -> None:
        book = Book(self._edit)
        table = next((to for kind, to in book.links.values() if kind.endswith("/sharedStrings")), "")
        if not self._edit.find(table):
            return
        gone: Counter[int] = Counter()
        for part, rows in self._cells.items():
            gone.update(_numbers(self._edit, part, rows))
        if self._search:
            gone.update(dict.fromkeys(_secret_numbers(self._edit.chunks(table), self._search), 0))
        if not gone:
            return
        left: Counter[int] = Counter()
        for part in set(book.parts().values()) - set(self._unreadable):
            left.update(number for number in _all_numbers(self._edit.package, part) if number in gone)
        blank = frozenset(number for number, count in gone.items() if left[number] <= count)
        if blank:
            self._edit.rewrite(table, lambda pieces: _without(pieces, blank))


def _secret_numbers(pieces: Iterator[bytes], search: SecretSearch) -> Iterator[int]:
    """Yield the numbers of the shared texts that hold a password."""
    number = 0
    for whole in _whole(pieces):
        texts = [found[0] for found in _TEXT.finditer(whole)]
        said = [_TAG.sub(b"", _PRONOUNCED.sub(b"", text)).decode("utf-8", "replace") for text in texts]
        yield from (number + place for place in search.among([unescape(text, _ENTITIES) for text in said]))
        number += len(texts)


def _whole(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the table of shared texts in pieces that end where a text does; last what stands behind them."""
    rest = b""
    for piece in pieces:
        rest += piece
        end = rest.rfind(b"si>") + len(b"si>")
        if end >= len(b"si>"):
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _numbers(edit: PackageEdit, part: str, rows: Mapping[int, Collection[int]]) -> Iterator[int]:
    """Yield the numbers of the shared texts of these cells as they were."""
    frame = Frame(edit.package.chunks(part))
    last = max(rows, default=0)
    for row in rows_of(edit.package.chunks(part), frame.prefix):
        if row.number > last:
            return
        wanted = rows.get(row.number)
        if wanted and row.content:
            cells = (cell[0] for column, cell in cells_of(row.content, frame.prefix) if column in wanted)
            yield from (int(found[1]) for found in map(_SHARED.search, cells) if found)


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

    def kept(found: re.Match[bytes]) -> bytes:
        nonlocal number
        number += 1
        return b"<%bsi><%bt/></%bsi>" % (found[1], found[1], found[1]) if number in gone else found[0]

    for whole in _whole(pieces):
        yield _TEXT.sub(kept, whole)
