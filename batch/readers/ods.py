"""Workbooks of LibreOffice and other office programs (``.ods``): calamine for values, a look for what it drops.

A cell without a style of its own has that of its row, or else that of its column; rows, columns and cells may stand
for many equal ones. What a person sees of numbers and dates is told in Excel's notation. Source: OpenDocument 1.3
part 3, 16.29 (data styles) and 17.18 (cell styles).
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from batch.readers import packages
from batch.readers.number_formats import shows_otherwise, whole_number
from batch.readers.packages import Package, local
from batch.readers.workbook import (
    Block,
    CellDetails,
    CellError,
    NoValue,
    RawSheet,
    calamine_book,
    calamine_failures,
    damaged,
    protected,
    read_sheets,
)

_DATA_STYLES: Final = frozenset(
    {"number-style", "currency-style", "percentage-style", "date-style", "time-style", "text-style", "boolean-style"}
)
_LINE_THROUGH: Final = ("text-line-through-style", "text-line-through-type")
_TEXTS: Final = frozenset({"text", "embedded-text", "currency-symbol"})
_SHORT_AND_LONG: Final = {
    "day": ("d", "dd"),
    "month": ("m", "mm"),
    "year": ("yy", "yyyy"),
    "day-of-week": ("ddd", "dddd"),
    "hours": ("h", "hh"),
    "minutes": ("m", "mm"),
    "seconds": ("s", "ss"),
}
_BARE: Final = frozenset(" -+/.:,()%")
"""What Excel's notation has without quotes around it."""

_NOTHING: Final = re.compile(r"0(?:\.0*)?[a-z]*")
_MAX_DIGITS: Final = 40


@dataclass(slots=True, kw_only=True)
class _DataStyle:
    pieces: list[str] = field(default_factory=list)
    """In order; ``""`` is where the digits stand."""
    digits: int = 0
    grouped: bool = False
    decimals: int = 0
    embedded: list[tuple[int, str]] = field(default_factory=list)
    """Text between the digits, each with how many digits stand behind it."""
    elapsed: bool = False
    for_positive: str = ""
    """Name of the style for positive numbers, where this one is for the others."""

    def number(self) -> str:
        whole = "#,##0" if self.grouped and self.digits <= 1 else "0" * self.digits or "#"
        for place, text in sorted(self.embedded, reverse=True):
            whole = whole.rjust(place, "#")
            whole = whole[: len(whole) - place] + _quoted(text) + whole[len(whole) - place :]
        return whole + ("." + "0" * self.decimals if self.decimals else "")


def _quoted(text: str) -> str:
    return text if set(text) <= _BARE else f'"{text}"'


@dataclass(slots=True, kw_only=True)
class _Styles:
    """The styles of a document, taken in element by element as they stand in ``styles.xml`` and ``content.xml``."""

    flat: set[str] = field(default_factory=set)
    """Names of row and column styles of no height or width."""
    _lines: dict[tuple[str, str], bool] = field(default_factory=dict)
    """By family and name of a style that says so: whether its text is struck through."""
    _parents: dict[tuple[str, str], str] = field(default_factory=dict)
    """By family and name: the style that it is derived from."""
    _data: dict[str, _DataStyle] = field(default_factory=dict)
    _of_cells: dict[str, str] = field(default_factory=dict)
    """By the name of a cell style: its data style."""
    _codes: dict[str, str | None] = field(default_factory=dict)
    _current: _DataStyle | None = None
    _name: str = ""
    _family: str = ""
    _place: int | None = None
    _text: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        named = {local(key): value for key, value in attributes.items()}
        if name == "style":
            self._name, self._family = named.get("name", ""), named.get("family", "")
            self._parents[self._family, self._name] = named.get("parent-style-name", "")
            if self._family == "table-cell":
                self._of_cells[self._name] = named.get("data-style-name", "")
        elif name in {"table-row-properties", "table-column-properties"}:
            if any(_NOTHING.fullmatch(named.get(size, "")) for size in ("row-height", "column-width")):
                self.flat.add(self._name)
        elif name == "text-properties":
            if lines := [named[key] for key in _LINE_THROUGH if key in named]:
                self._lines[self._family, self._name] = any(line != "none" for line in lines)
        elif name in _DATA_STYLES:
            self._current = _DataStyle(elapsed=named.get("truncate-on-overflow") == "false")
            self._data[named.get("name", "")] = self._current
        elif self._current is not None:
            self._start_piece(self._current, name, named)

    def _start_piece(self, style: _DataStyle, name: str, named: dict[str, str]) -> None:
        match name:
            case "number":
                style.digits = min(whole_number(named.get("min-integer-digits", "")), _MAX_DIGITS)
                style.decimals = min(whole_number(named.get("decimal-places", "")), _MAX_DIGITS)
                style.grouped = named.get("grouping") == "true"
                style.pieces.append("")
            case "embedded-text":
                self._place, self._text = min(whole_number(named.get("position", "")), _MAX_DIGITS), []
            case "text" | "currency-symbol":
                self._place, self._text = None, []
            case "scientific-number":
                style.pieces.append("0E+0")
            case "fraction":
                style.pieces.append("# ?/?")
            case "am-pm":
                style.pieces.append("AM/PM")
            case "map" if re.match(r"value\(\)>=?0", named.get("condition", "")):
                style.for_positive = named.get("apply-style-name", "")
            case _ if name in _SHORT_AND_LONG:
                code = _SHORT_AND_LONG[name][named.get("style") == "long"]
                if named.get("textual") == "true":
                    code = "m" * (len(code) + 2)
                if style.elapsed:
                    code, style.elapsed = f"[{code[0]}]", False
                style.pieces.append(code)
            case _:
                pass

    def text(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        name = local(tag)
        if name in _DATA_STYLES:
            self._current = None
        elif name in _TEXTS and self._current is not None and self._text:
            text, self._text = "".join(self._text), None
            if self._place is None:
                self._current.pieces.append(_quoted(text))
            else:
                self._current.embedded.append((self._place, text))

    def code_of(self, style: str) -> str | None:
        """Return the notation of a cell style, if its numbers look otherwise than they are."""
        if style not in self._codes:
            known = map(self._of_cells.get, self._lineage("table-cell", style))
            code = self._notation(next(filter(None, known), ""))
            self._codes[style] = code if code is not None and shows_otherwise(code) else None
        return self._codes[style]

    def strikes(self, family: str, style: str) -> bool:
        """Tell whether a style strikes its text through, by itself or by the one it is derived from."""
        if True not in self._lines.values():
            return False
        said = (self._lines.get((family, name)) for name in self._lineage(family, style))
        return next((line for line in said if line is not None), False)

    def _lineage(self, family: str, style: str) -> Iterator[str]:
        """Yield a style and those it is derived from; a ring of them ends where no chain is so deep."""
        for _ in range(16):
            yield style
            style = self._parents.get((family, style), "")

    def _notation(self, name: str) -> str | None:
        style = self._data.get(name)
        if style is not None and style.for_positive in self._data:
            style = self._data[style.for_positive]
        return None if style is None else "".join(piece or style.number() for piece in style.pieces)


CONTENT: Final = "content.xml"
STYLES: Final = "styles.xml"
MIMETYPE: Final = "mimetype"
SPREADSHEET: Final = "application/vnd.oasis.opendocument.spreadsheet"

_MANIFEST: Final = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{SPREADSHEET}"/></manifest:manifest>'
)
_INDENTED: Final = re.compile(rb">\s+(?=</?(?:table|office|calcext|style|number|draw):|<text:p\b)")
"""White space between elements; between pieces of a text it would belong to the text."""

MOST_COLUMNS: Final = 16_384
_NUMERIC: Final = frozenset({"float", "date", "time", "currency", "percentage"})
_REFERENCE: Final = re.compile(r"\[\.?([^\]\"]*)\]")
_DURATION: Final = re.compile(r"PT(\d{2,5})H(\d\d?)M(\d\d?)(?:[.,]\d*)?S")
_WRAPPERS: Final = frozenset({"tracked-changes", "annotation"})
"""Elements whose cells and paragraphs are not the sheet's; nor are those of what is drawn."""
_DRAWING: Final = "draw:"
_BLANKS: Final = {"s": " ", "tab": "\t", "line-break": "\n"}
_MOST_BLANKS: Final = 1_000


def read_opendocument(package: Package) -> tuple[RawSheet, ...]:
    """Read all worksheets, in the workbook's order.

    Raises:
        WorkbookError: The package is damaged, encrypted, an attack, or spans more cells than fit into memory.
    """
    path = package.path
    manifest = package.find("META-INF/manifest.xml")
    if manifest is not None and any(tag == "encryption-data" for tag, _ in package.elements(manifest)):
        raise protected(path)
    content = package.find(CONTENT)
    if content is None:
        raise damaged(path, "it has no content")
    with calamine_failures(path):
        styles = _Styles()
        walk = _Walk(path, styles)
        if (common := package.find(STYLES)) is not None:
            _run(package, common, styles)
        _run(package, content, walk)
        return read_sheets(_book(package, content), [details for _, details in walk.noted])


def holds_a_spreadsheet(package: Package) -> bool:
    """Tell whether a package is a spreadsheet by what it holds; some programs leave out the part that says so."""
    content = package.find(CONTENT)
    before = b""
    for chunk in package.chunks(content) if content else ():
        if b"<office:spreadsheet" in before + chunk:
            return True
        before = chunk[-32:]
    return False


def _book(package: Package, content: str) -> CalamineWorkbook:
    """Return the file opened by calamine; where it is packed as calamine does not understand, a plain copy of it."""
    if not package.odd and package.find(MIMETYPE) is not None:
        try:
            return calamine_book(package.path, ".ods")
        except CalamineError:
            pass
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(MIMETYPE, SPREADSHEET)
        archive.writestr(CONTENT, _INDENTED.sub(b">", packages.without_comments(package.read(content))))
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
    copy.seek(0)
    return CalamineWorkbook.from_filelike(copy)


def _run(package: Package, part: str, walk: _Styles | _Walk) -> None:
    parser = packages.strict_parser(package, part)
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    packages.feed(package, part, parser)


class _Walk:
    def __init__(self, path: Path, styles: _Styles) -> None:
        self.path = path
        self.styles = styles
        self.in_tables = False
        self.noted: list[tuple[str, CellDetails]] = []
        self.wrapped = self.folded_away = 0
        self.row = self.rows = 0
        self.column = self.columns = 0
        self.hidden = False
        self.row_style = ""
        self.column_styles: list[str] = []
        self.attributes: dict[str, str] = {}
        self.shown: list[str] = []
        self.in_text = False
        self.struck = False
        self.drawn = False
        """Whether something drawn hangs at the cell, whose text the fast reader takes for the cell's."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if not self.in_tables and name != "table":
            self.styles.start(tag, attributes)
            return
        if _is_wrapper(tag):
            self.wrapped += 1
            self.drawn = self.drawn or tag.startswith(_DRAWING)
        if self.wrapped:
            return
        match name:
            case "table":
                self.in_tables = True
                self.noted.append((attributes.get("table:name", ""), CellDetails()))
                self.row = self.rows = self.folded_away = 0
                self.column_styles = []
            case "table-column":
                self._start_columns(attributes)
            case "table-row":
                self._start_row(attributes)
            case "table-cell" | "covered-table-cell":
                self.column += self.columns
                self.columns = int(attributes.get("table:number-columns-repeated", "1"))
                self.attributes = attributes
                self.shown = []
                self.struck = self.drawn = False
            case "table-row-group" | "table-column-group":
                if self.folded_away or attributes.get("table:display") == "false":
                    self.folded_away += 1
            case _:
                self._start_within_cell(name, attributes)

    def _start_within_cell(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "p":
                self.shown += ["\n"] if self.shown else []
                self.in_text = True
            case "s" | "tab" | "line-break":
                self.shown.append(_BLANKS[name] * min(int(attributes.get("text:c", "1")), _MOST_BLANKS))
            case "span":
                self.struck = self.struck or self.styles.strikes("text", attributes.get("text:style-name", ""))
            case _:
                pass

    def _start_columns(self, attributes: dict[str, str]) -> None:
        first = len(self.column_styles)
        count = min(int(attributes.get("table:number-columns-repeated", "1")), MOST_COLUMNS - first)
        self.column_styles += [attributes.get("table:default-cell-style-name", "")] * count
        if self._is_hidden(attributes):
            self.noted[-1][1].hidden_columns.append((first, first + count - 1))

    def _start_row(self, attributes: dict[str, str]) -> None:
        self.row += self.rows
        self.rows = int(attributes.get("table:number-rows-repeated", "1"))
        self.hidden = self._is_hidden(attributes)
        self.row_style = attributes.get("table:default-cell-style-name", "")
        self.column = self.columns = 0
        if attributes.get("table:visibility") == "filter":
            self.noted[-1][1].filtered = True

    def _is_hidden(self, attributes: dict[str, str]) -> bool:
        return (
            self.folded_away > 0
            or attributes.get("table:visibility", "visible") != "visible"
            or attributes.get("table:style-name") in self.styles.flat
        )

    def text(self, text: str) -> None:
        if not self.in_tables:
            self.styles.text(text)
        elif self.in_text and not self.wrapped:
            self.shown.append(text)

    def end(self, tag: str) -> None:
        name = local(tag)
        if not self.in_tables:
            self.styles.end(tag)
        elif _is_wrapper(tag):
            self.wrapped -= 1
        elif self.wrapped:
            return
        elif name == "p":
            self.in_text = False
        elif name in {"table-cell", "covered-table-cell"}:
            self._end_cell()
        elif name in {"table-row-group", "table-column-group"} and self.folded_away:
            self.folded_away -= 1

    def _end_cell(self) -> None:
        sheet, details = self.noted[-1]
        self._note_merged(details)
        kind = self.attributes.get("office:value-type")
        formula = self.attributes.get("table:formula")
        shown = "".join(self.shown)
        if kind is None and formula is None and not shown:
            return
        bottom, right = self.row + self.rows - 1, self.column + self.columns - 1
        details.include(self.row, self.column, bottom, right)
        details.check_far_cells(self.path, sheet)
        rows = range(self.row + 1, bottom + 2)
        if self.hidden and (not details.hidden_rows or details.hidden_rows[-1] <= self.row):
            details.hidden_rows.extend(rows)
        found = _found(self.attributes, shown)
        if found is None and self.drawn and kind == "string":
            found = shown
        for column in range(self.column, right + 1):
            if self.struck or self.styles.strikes("table-cell", self._style(column)):
                details.struck.setdefault(column, set()).update(rows)
            if found is not None:
                details.cells.update(((row - 1, column), found) for row in rows)
            if not isinstance(found, CellError | NoValue):
                self._note_value(details, column, rows)

    def _note_merged(self, details: CellDetails) -> None:
        wide = int(self.attributes.get("table:number-columns-spanned", "1"))
        high = int(self.attributes.get("table:number-rows-spanned", "1"))
        if wide > 1 or high > 1:
            details.merged.append(Block(self.row + 1, self.column, self.row + high, self.column + wide - 1))

    def _note_value(self, details: CellDetails, column: int, rows: Sequence[int]) -> None:
        formula = self.attributes.get("table:formula")
        if formula is not None:
            details.formulas.setdefault(column, {}).update(dict.fromkeys(rows, _in_excel(formula)))
        if (
            self.attributes.get("office:value-type") in _NUMERIC
            and (code := self.styles.code_of(self._style(column))) is not None
        ):
            details.formats.setdefault(column, {}).update(dict.fromkeys(rows, code))

    def _style(self, column: int) -> str:
        of_column = self.column_styles[column] if column < len(self.column_styles) else ""
        return self.attributes.get("table:style-name") or self.row_style or of_column


def _is_wrapper(tag: str) -> bool:
    return tag.startswith(_DRAWING) or local(tag) in _WRAPPERS


def _found(attributes: Mapping[str, str], shown: str) -> CellError | NoValue | dt.timedelta | str | None:
    """Return what stands in a cell that the fast reader takes for blank or text; None for any other cell."""
    kind, formula = attributes.get("office:value-type"), attributes.get("table:formula")
    calculated, time = attributes.get("calcext:value-type"), attributes.get("office:time-value", "")
    if calculated == "error" or (formula is not None and shown.startswith(("#", "Err:")) and kind in {None, "string"}):
        return CellError(shown or "#ERROR!")
    if formula is not None and kind is None:
        return NoValue(_in_excel(formula))
    long = _DURATION.fullmatch(time) if kind == "time" else None
    if long is None or int(long[1]) < 24:  # the fast reader takes a time of a day and more for text
        return None
    return dt.timedelta(hours=int(long[1]), minutes=int(long[2]), seconds=int(long[3]))


def _in_excel(formula: str) -> str:
    """Return a formula from ``=`` on, without the name of its language; ``[.A2]`` is ``A2``."""
    return "=" + _REFERENCE.sub(lambda found: found[1].replace(":.", ":"), formula.partition("=")[2])
