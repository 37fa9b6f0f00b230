"""The user's sheets as they are given back: results beside their rows, and passwords hidden wherever they stand.

That is in cells, and in all parts of a package: shared strings, comments, drawings, names, links.
"""

from __future__ import annotations

import codecs
import html
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import unquote
from xml.sax.saxutils import unescape

from lxml import etree

from batch.readers.packages import Package
from batch.readers.workbook import RawSheet, Workbook
from batch.runs.outcomes import Ending, Outcome, RowEndings
from batch.schema.columns import RESULT_HEADERS
from batch.schema.file_metadata import BASE
from batch.secrets import HIDDEN
from batch.tables.cells import TYPE_AGAIN
from batch.tables.password_cells import SecretSearch, as_text, cells_to_hide, hidden_values
from batch.tables.row_results import AnsweredSheet
from batch.tables.rows import Tables
from batch.tables.sheets import is_ours
from batch.tables.table import Table
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

    What cells said that are written over (``whole``, found by ``also``) is hidden where it is all of an attribute.

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
        table = next(iter(self._edit.linked(book.part, "/sharedStrings")), None)
        if table is None:
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


_FINISHED: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED})


def secrets_in(workbook: Workbook, tables: Tables) -> SecretSearch:
    """Return what finds the passwords of a workbook: those typed, those looked up, and those of the user's own."""
    trunks = tables.trunks
    found = {secret.reveal() for _, secret in trunks.filled("password")}
    if trunks.raw is not None and trunks.has("password"):
        cells = trunks.raw.columns[trunks.headers.columns["password"] - trunks.raw.first_column]
        typed = (as_text(cells[row - trunks.raw.first_row]).strip() for row in trunks.rows())
        found |= {text for text in typed if text not in {TYPE_AGAIN, HIDDEN}}
    for raw, header_row, columns in _own_columns(workbook, tables):
        for column, rows in cells_to_hide(raw, header_row, columns).items():
            own = (as_text(raw.columns[column - raw.first_column][row - raw.first_row]).strip() for row in rows)
            found |= {text for text in own if not text.isdecimal()}  # else it could be any extension or port
    return SecretSearch(text for text in found if not _only_names(text))


def _only_names(text: str) -> bool:
    """Tell whether a cell says where the password is to be found."""
    return text.strip().casefold().startswith(("env:", "file:"))


def _own_columns(workbook: Workbook, tables: Tables) -> Iterator[tuple[RawSheet, int, Sequence[int]]]:
    """Yield the sheets, the row of their header and which of their columns are the user's own, from the first on."""
    by_name = tables.by_name
    for raw in workbook.sheets:
        table = by_name.get(raw.name)
        if table is not None and table.raw is raw:
            yield raw, table.header_row, [position - raw.first_column for position in table.headers.own]
        elif not is_ours(raw, workbook.metadata):
            yield raw, raw.first_row, range(len(raw.columns))


def answered_sheets(
    workbook: Workbook,
    tables: Tables,
    endings: RowEndings,
    outcomes: Mapping[int, Outcome],
    search: SecretSearch,
) -> list[AnsweredSheet]:
    """Put the results beside the user's own sheets, all of them, in the user's order; passwords are hidden."""
    by_name = tables.by_name
    own = {raw.name: cells_to_hide(raw, header, columns) for raw, header, columns in _own_columns(workbook, tables)}
    sheets = []
    for raw in workbook.sheets:
        table = by_name.get(raw.name)
        if table is not None and table.raw is raw:
            sheet = _answered(table, endings, outcomes, own[raw.name], ours=workbook.ours)
            sheets.append(_without_values(sheet, search, _meant(table)))
        elif raw.name in own:
            sheets.append(_without_values(AnsweredSheet(raw=raw, replaced=own[raw.name]), search, {}))
        elif raw.name == BASE:  # without it, nobody could tell any more what was changed since an export
            sheets.append(AnsweredSheet(raw=raw))
    return sheets


def _meant(table: Table) -> dict[int, range]:
    """Return the cells that say what is to be sent, and the header, by column: they stay as they are."""
    last = max(table.rows(), default=table.header_row)
    known = {*table.headers.columns.values(), *table.did_columns} - {table.headers.columns.get("password")}
    rows = range(table.header_row, last + 1)
    raw = table.raw
    columns = () if raw is None else range(raw.first_column, raw.first_column + len(raw.columns))
    return {column: rows if column in known else rows[:1] for column in columns}


def _without_values(sheet: AnsweredSheet, search: SecretSearch, kept: Mapping[int, range]) -> AnsweredSheet:
    """Hide passwords in a sheet wherever they stand, but for cells that are kept."""
    if not search:
        return sheet
    raw = sheet.raw
    found = hidden_values(raw, search, kept)
    stays = {
        column: {
            row
            for row in rows
            if row not in sheet.replaced.get(column, ())
            and row in raw.formulas.get(column, ())
            and search.hidden(raw.formulas[column][row]) == raw.formulas[column][row]
        }
        for column, rows in found.items()
    }
    return replace(sheet.with_texts(found), recalculated=stays)


def _answered(
    table: Table,
    endings: RowEndings,
    outcomes: Mapping[int, Outcome],
    own: Mapping[int, Mapping[int, str]],
    *,
    ours: bool,
) -> AnsweredSheet:
    raw = table.raw
    if raw is None:
        raise ValueError("a sheet that is not in the workbook has no results")
    replaced, again = dict(own), list[int]()
    if table.has("password"):
        position = table.headers.columns["password"]
        replaced[position] = _passwords(raw, position, outcomes)
        again = [row for row, text in replaced[position].items() if text == TYPE_AGAIN]
    for name, rows in table.spread.items():  # a new file has no merged cells: each row says itself what it means
        position = table.headers.columns[name]
        replaced[position] = {row: text for row, text in table.filled(name) if row in rows}
    taken = {header.casefold() for header in RESULT_HEADERS}
    answered = AnsweredSheet(
        raw=raw,
        header_row=table.header_row,
        results=endings.by_sheet[table.sheet.title],
        dropped=table.headers.ours,
        renamed={}
        if ours
        else {p: f"{text} (yours)" for p, text in table.headers.own.items() if text.strip().casefold() in taken},
        replaced=replaced,
    ).to_be_done_besides(again, "Before this workbook is run again, type the password again.")
    unheaded = {at: table.sheet.column(name).label for name, at in table.unheaded.items()}
    return answered.headed(unheaded) if unheaded else answered


def _passwords(raw: RawSheet, position: int, outcomes: Mapping[int, Outcome]) -> dict[int, str]:
    """Hide the passwords; what only names where the password lies comes back as typed."""
    replaced: dict[int, str] = {}
    for offset, value in enumerate(raw.columns[position - raw.first_column]):
        row = raw.first_row + offset
        text = str(value)
        if row in outcomes and text.strip() and not _only_names(text):
            finished = outcomes[row].ending in _FINISHED or text == HIDDEN
            replaced[row] = HIDDEN if finished else TYPE_AGAIN
    return replaced
