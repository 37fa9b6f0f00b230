"""What calamine drops of an Excel worksheet: first whether there is any, then what, element by element.

Single words in the XML betray it, so most sheets need no closer look. Of a big sheet only a few cells are worth one, so
cells that hide nothing are cut out of the XML before the parser sees it: a fifth of the time that parsing them takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from batch.readers import packages
from batch.readers.number_formats import CellFormats, is_on
from batch.readers.workbook import Block, CellDetails, CellError, CellPicture, NoValue, damaged
from batch.wording import column_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from batch.readers.packages import Package


_WORD_BORDER: Final = 256
"""Bytes kept from the chunk before, so that no word is missed where two meet."""
_ROWS_BEGIN = re.compile(rb"<(?:[\w.-]+:)?sheetData\b[^>]*>")
_ROWS_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>")
_PREFIXED = re.compile(rb"<[\w.-]+:worksheet\b")
_MARGIN_WORDS = re.compile(rb"hidden|width\s*=\s*[\"']0|filter|mergeCell\b|tablePart\b", re.IGNORECASE)

_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_HIDDEN = re.compile(rb"hidden\s*=\s*[\"'](?:1|true)")
_FLAT = re.compile(rb"ht=[\"']0(?:\.0*)?[\"']")
_SHAPES: Final = bytes.maketrans(
    b"'0123456789" + bytes(range(ord("B"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1)),
    b'"0000000000' + b"A" * 51,
)
"""Any letter as A, any digit as 0, any quotation mark as a double one."""
_FAR_SHAPES: Final = (b'"AA0', b'"AAA0', b'0000000"')
"""Of a place beyond column Z or row 999,999, and of little else."""
_FAR_COLUMN = re.compile(rb"(?:r=|\s)[\"']([A-Za-z]{2,})\d")
_FAR_ROW = re.compile(rb"[=\s][\"'][A-Za-z]?\d{7,}[\"']")
_ODD_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")

SPELT_VALUE = re.compile(rb"(<(?:[\w.-]+:)?v\s*>)([^<&]*(?:&#|<!\[CDATA\[).*?)(?=</)", re.DOTALL)
"""A cell's value with entities or sections of text in it."""

WIDE: Final = 32
"""Columns up to which a sheet of fewer than a million rows cannot fill the memory, however its cells lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescan:
    """What single words in a sheet's XML betray."""

    far: bool
    """Whether cells may lie so far apart that the space between them would fill the memory."""
    commented: bool
    """Whether comments stand among the cells, or digits are spelt as entities: half of a value would be read."""
    closer: bool
    """Whether it may hold error cells, formulas, hidden rows, or numbers that look otherwise than they are."""
    margins: bytes = b""
    """The XML before and after the rows, where it says of columns, merged cells or filters something of note."""


def prescan_sheet(package: Package, part: str, styles: Collection[str] = (), struck: Collection[str] = ()) -> Prescan:
    """Stream a sheet's XML past a handful of words. Costs a third of what reading its values does.

    ``styles`` are those whose numbers look otherwise than they are, ``struck`` those whose text is struck through.

    Raises:
        WorkbookError: It is not well-formed in a way that has calamine read half a number: ``4&nothing;2`` as 4.
    """
    whole = _Whole()
    styled = [patterns for patterns in (_cells_of(styles, _NUMBER), _cells_of(struck, _NOT_BLANK)) if patterns]
    margins = _Margins()
    closer = False
    for text in margins.rows(whole.watched(package.chunks(part))):
        if not closer:
            closer = _betrays(text, b":f" if margins.prefixed else b"<f")
            closer = closer or any(all(pattern.search(text) for pattern in patterns) for patterns in styled)
    if whole.odd:  # or only where such things may stand
        packages.feed(package, part, packages.strict_parser(package, part))
    around = bytes(margins.around)
    return Prescan(
        far=whole.far,
        commented=whole.commented,
        closer=closer,
        margins=around if _MARGIN_WORDS.search(around) else b"",
    )


class _Whole:
    """Sees what has to be known of a sheet's XML before its values are read.

    However a cell's place is spelt (``r = 'aaa7'``), one beyond column Z or row 999,999 is seen. Up to there, cells
    cannot lie far apart.
    """

    def __init__(self) -> None:
        self.far = self.commented = self.odd = False

    def watched(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Give the chunks on as they are."""
        before = b""
        for chunk in chunks:
            before = self._look(before + chunk)
            yield chunk
        self._look(before + b" " * _BORDER)

    def _look(self, text: bytes) -> bytes:
        if b"!" in text or b"&" in text:
            spelt = b"&#" in text or b"CDATA" in text
            self.commented = self.commented or b"<!--" in text or (spelt and SPELT_VALUE.search(text) is not None)
            self.odd = self.odd or _ODD_ENTITY.search(text, 0, len(text) - _BORDER + 1) is not None
        self.far = self.far or _reaches_far(text)
        return text[-_BORDER:]


def _reaches_far(text: bytes) -> bool:
    shapes = text.translate(_SHAPES)
    if not any(shape in shapes for shape in _FAR_SHAPES):
        return False
    widest = max((column_of(name.decode()) for name in set(_FAR_COLUMN.findall(text))), default=0)
    return widest >= WIDE or _FAR_ROW.search(text) is not None


class _Margins:
    def __init__(self) -> None:
        self.around = bytearray()
        self.prefixed = False

    def rows(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the XML of the rows only, each piece beginning with the last bytes of the one before."""
        for chunk in chunks:
            seen = max(len(self.around) - _WORD_BORDER, 0)
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
            before = text[-_WORD_BORDER:]


_NUMBER: Final = rb"(?![^>]*\bt=[\"'](?:s|str|inlineStr|b|e)[\"'])[^>]*>\s*<(?:[\w.-]+:)?[vf]\b"
_NOT_BLANK: Final = rb"[^>]*(?<!/)>\s*<(?!/)"
"""How a cell's tag goes on behind its name and style."""


def _cells_of(styles: Collection[str], content: bytes) -> tuple[re.Pattern[bytes], ...]:
    """Return what is found where a cell of this content has one of these styles: first a word, then the cell."""
    if not styles:
        return ()
    style = rb"s=[\"'](?:" + "|".join(map(re.escape, styles)).encode() + rb")[\"']"
    return re.compile(style), re.compile(rb"<(?:[\w.-]+:)?c\s(?=[^<>]*\b" + style + rb")" + content)


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


_YES: Final = frozenset({"1", "true"})
_NUMERIC: Final = frozenset({"", "n", "d"})
"""Types of cell that hold a number, a date or a time."""

_CRITERIA: Final = frozenset({"filters", "top10", "customFilters", "dynamicFilter", "colorFilter", "iconFilter"})

_NAMELESS = re.compile(rb"<c(?! r=\"[A-Z]+\d+\")[\s/>]")
_BORDER: Final = 64


def read_details(
    package: Package,
    part: str,
    styles: CellFormats,
    struck_texts: Collection[int] = (),
    pictures: Collection[str] = (),
    *,
    far: bool,
) -> CellDetails:
    """Walk over a sheet's XML element by element and note what calamine drops.

    ``struck_texts`` are the places of those shared texts of which a part is struck through, ``pictures`` what cells
    with a picture in them say in ``vm``; the rectangle of the filled cells is wanted as well where they may be ``far``.

    Raises:
        WorkbookError: It is not well-formed, or declares entities.
    """
    walk = _Walk(styles, struck_texts, pictures)
    parser = packages.strict_parser(package, part)
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    cut = re.compile(b"|".join(_cut_out(styles, shared=not struck_texts, far=far)))
    if not _every_cell_named(package, part):
        packages.feed(package, part, parser)
    else:
        packages.feed_chunks(package, part, (cut.sub(b"", chunk) for chunk in package.chunks(part)), parser)
    return walk.details


def _cut_out(styles: CellFormats, *, shared: bool, far: bool) -> Iterator[bytes]:
    """Yield patterns of whole cells that hide nothing: blank, of text, also ``shared``, or a plain number."""
    cell = rb'<c r="[A-Z]+\d+"'
    yield cell + rb'(?: s="\d+")?(?: ?/>|></c>)'
    if far:
        return
    text = _other_style(styles.struck)
    if shared:
        yield cell + text + rb' t="s"><v>\d+</v></c>'
    yield cell + text + rb' t="(?:str|inlineStr)"><(?:v|is><t(?: [^>]*)?)>[^<]*</(?:v|t></is)></c>'
    yield cell + _other_style({*styles.formats, *styles.struck}) + rb'(?: t="n")?><v>[^<]*</v></c>'


def _other_style(styles: Collection[str]) -> bytes:
    return rb'(?: s="(?!(?:' + "|".join(styles).encode() + rb')")\d+")?' if styles else rb'(?: s="\d+")?'


def _every_cell_named(package: Package, part: str) -> bool:
    """Tell whether each cell says where it stands: one that does not stands after the one before it."""
    before = b""
    for chunk in package.chunks(part):
        text = before + chunk
        if any(found.start() < len(text) - _BORDER for found in _NAMELESS.finditer(text)):  # else it may be cut off
            return False
        before = text[-_BORDER:]
    return _NAMELESS.search(before) is None


def read_margins(package: Package, part: str, margins: bytes, details: CellDetails) -> None:
    """Note hidden columns, merged cells and active filters from what stands around the rows.

    Raises:
        WorkbookError: It is not well-formed.
    """
    if not margins:
        return
    walk = _MarginWalk(details)
    parser = packages.strict_parser(package, part)
    parser.StartElementHandler, parser.EndElementHandler = walk.start, walk.end
    try:
        parser.Parse(margins, True)
    except expat.ExpatError:
        raise damaged(package.path, f"its part {part} is not well-formed XML") from None
    for table in packages.targets(package, part, "/table").values():
        for tag, attributes in package.elements(table):
            details.filtered = details.filtered or tag in _CRITERIA
            if tag == "table" and (totals := _totals(attributes)):
                details.totals.append(totals)


def _totals(table: Mapping[str, str]) -> Block | None:
    count, block = table.get("totalsRowCount", "0"), block_of(table.get("ref", ""))
    if block is None or not count.isdecimal() or int(count) == 0:
        return None
    return block._replace(first_row=block.last_row - int(count) + 1)


class _MarginWalk:
    """Where the walk is. Views that somebody keeps aside have filters of their own."""

    def __init__(self, details: CellDetails) -> None:
        self.details = details
        self.aside = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = packages.local(tag)
        if name == "customSheetViews":
            self.aside += 1
        if self.aside:
            return
        match name:
            case "sheetPr":
                self.details.filtered = self.details.filtered or attributes.get("filterMode") in _YES
            case "col":
                if attributes.get("hidden") in _YES or _is_zero(attributes.get("width", "")):
                    first, last = int(attributes.get("min", "1")), int(attributes.get("max", "1"))
                    self.details.hidden_columns.append((first - 1, last - 1))
            case "mergeCell":
                reference = attributes.get("ref", "")
                if ":" in reference and (block := block_of(reference)):
                    self.details.merged.append(block)
            case _ if name in _CRITERIA:
                self.details.filtered = True
            case _:
                pass

    def end(self, tag: str) -> None:
        self.aside -= packages.local(tag) == "customSheetViews"


def _is_zero(text: str) -> bool:
    return re.fullmatch(r"0(?:\.0*)?", text) is not None


def block_of(reference: str) -> Block | None:
    """Return the cells of a reference (``A1:C9``, ``B2``); None if it is none, or whole columns or rows."""
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?", reference)
    if found is None:
        return None
    return Block(
        first_row=int(found[2]),
        first_column=column_of(found[1]),
        last_row=int(found[4] or found[2]),
        last_column=column_of(found[3] or found[1]),
    )


class _Walk:
    """Where the walk is. Cells and rows may leave out their number: then each is the one after the last."""

    def __init__(self, styles: CellFormats, struck_texts: Collection[int], pictures: Collection[str]) -> None:
        self.details = CellDetails()
        self.styles = styles.formats
        self.struck_styles = styles.struck
        self.struck_texts = struck_texts
        self.struck = False
        self.pictures = pictures
        self.picture = False
        self.row = -1
        self.column = -1
        self.type = ""
        self.style = ""
        self.formula: list[str] | None = None
        self.value: list[str] | None = None
        self.into: list[str] | None = None
        self.shared = ""
        self.formulas: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "c":
                self._start_cell(attributes)
            case "v" | "is":
                self.into = self.value = []
            case "f":
                self.into = self.formula = []
                self.shared = attributes.get("si", "")
            case "strike":
                self.struck = self.struck or is_on(attributes)
            case "row":
                number = attributes.get("r", "")
                self.row = int(number) - 1 if number.isdecimal() else self.row + 1
                self.column = -1
                if attributes.get("hidden") in _YES or _is_zero(attributes.get("ht", "")):
                    self.details.hidden_rows.append(self.row + 1)
            case _:
                pass

    def _start_cell(self, attributes: dict[str, str]) -> None:
        name = attributes.get("r", "")
        column = name.rstrip("0123456789")
        if column.isascii() and column.isalpha():
            self.column = column_of(column)
            self.row = int(name[len(column) :] or 0) - 1
        else:
            self.column += 1
        self.type = attributes.get("t", "")
        self.style = attributes.get("s", "")
        self.picture = attributes.get("vm", "") in self.pictures
        self.formula = self.value = None
        self.struck = self.style in self.struck_styles

    def text(self, text: str) -> None:
        if self.into is not None:
            self.into.append(text)

    def end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "v" | "is" | "f":
                self.into = None
            case "c":
                self._end_cell()
            case _:
                pass

    def _end_cell(self) -> None:
        if self.formula is None and self.value is None:
            return
        details, place = self.details, (self.row, self.column)
        details.include(*place, *place)
        value = "".join(self.value or ())
        if value and (self.struck or (self.type == "s" and self.struck_texts and int(value) in self.struck_texts)):
            details.struck.setdefault(self.column, set()).add(self.row + 1)
        found = self._found(value)
        if found is not None:
            details.cells[place] = found
            return
        if self.formula is not None:
            details.formulas.setdefault(self.column, {})[self.row + 1] = self._formula_text()
        if value and self.style in self.styles and self.type in _NUMERIC:
            details.formats.setdefault(self.column, {})[self.row + 1] = self.styles[self.style]

    def _found(self, value: str) -> CellError | CellPicture | NoValue | None:
        """Return what stands in a cell that the fast reader gives as something else; None for any other cell."""
        if self.type == "e":
            return CellPicture() if self.picture else CellError(value.strip() or "#ERROR!")
        blank_text = self.type == "str" and self.value is not None
        return None if self.formula is None or value or blank_text else NoValue(self._formula_text())

    def _formula_text(self) -> str:
        formula = "".join(self.formula or ())
        if formula and self.shared:
            self.formulas[self.shared] = formula
        return "=" + (formula or self.formulas.get(self.shared, ""))
