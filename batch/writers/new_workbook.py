"""New workbook: made with openpyxl, and the one way to put text into it, which stays text whatever it looks like.

openpyxl makes styles and all that surrounds the rows. The rows go beside it into a file of their own, as they come, and
are set into their sheets at the end: openpyxl's write-only mode would take nine times as long for them.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, cast
from xml.sax.saxutils import escape

from batch.errors import OutputError
from batch.readers.packages import Package
from batch.schema.file_metadata import MARK, METADATA_SHEET, FileKind, FileMetadata, Seal, metadata_lines
from batch.wording import letters
from batch.writers.atomic import place_file
from batch.writers.styles import CELL_STYLES
from batch.xlsx_edit.book import Book
from batch.xlsx_edit.package import PackageEdit
from batch.xlsx_edit.sheet import filling

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.worksheet.dimensions import ColumnDimension
    from openpyxl.worksheet.header_footer import HeaderFooterItem
    from openpyxl.worksheet.worksheet import Worksheet

LAST_ROW: Final = 1_048_576
"""Excel's."""
_A4: Final = 9
_PADDING: Final = 0.7109375
"""What Excel leaves free beside the characters of a column."""
_CORE: Final = "docProps/core.xml"
_MODIFIED: Final = re.compile(rb"(<dcterms:created[^>]*>)([^<]*)(.*<dcterms:modified[^>]*>)[^<]*", re.DOTALL)
_REACH: Final = re.compile(rb"<dimension [^>]*/>")
_ROWS_END: Final = re.compile(rb"<sheetData ?/>|</sheetData>")
_BEFORE_LINKS: Final = re.compile(rb"<(?:printOptions|pageMargins)\b|</worksheet>")
_BEFORE_IGNORED: Final = re.compile(rb"<(?:drawing|legacyDrawing|tableParts)\b|</worksheet>")
_NUMBERS_ARE_TEXT: Final = (
    b'<ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors>'
)

_Item = TypeVar("_Item")
CellContent: TypeAlias = str | float | None
SheetCell: TypeAlias = tuple[CellContent, str, int]
"""What stands in a cell, its style's name, and over how many columns it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDown:
    """A list to choose from."""

    source: str
    """What is to choose from: ``"yes,no"`` in quotes, or the cells that say it."""
    style: Literal["warning", "information"] | None = None
    """What other texts are met with; None for a stop."""
    title: str
    """Of the message that they are met with."""
    words: str


Fill: TypeAlias = "Callable[[NewWorkbook], None]"
"""Puts sheets into a workbook, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentProperties:
    """What a workbook says of itself as a document."""

    kind: FileKind | None = None
    """What it bears as the tool's mark."""
    title: str = ""
    subject: str = ""
    practice: bool = False
    """Whether all its sheets are to say PRACTICE in print."""
    created: dt.datetime | None = None
    """None for now."""


def write_workbook(path: Path, fill: Fill, properties: DocumentProperties, *, private: bool = False) -> Path:
    """Write a workbook; one that is private only its owner may ever read.

    Returns:
        Where it lies: ``path``, or a name beside it if a program holds ``path`` open.

    Raises:
        OutputError: It cannot be written there; then nothing is.
    """
    try:
        content = workbook_bytes(fill, properties)
    except OSError as error:
        raise OutputError(path, f"there was no room for it on the way ({error})") from error
    return place_file(path, content, private=private)


def workbook_bytes(fill: Fill, properties: DocumentProperties) -> bytes:
    """Make a workbook.

    Raises:
        OSError: There is no room for what is written on the way.
    """
    with tempfile.TemporaryDirectory(prefix="trunk-batch-", ignore_cleanup_errors=True) as folder:
        book = NewWorkbook(Path(folder))
        try:
            fill(book)
            return book.content(properties)
        finally:
            book.close()


class NewWorkbook:
    """A workbook on its way."""

    def __init__(self, folder: Path) -> None:
        from openpyxl import Workbook  # noqa: PLC0415 - takes half a second that only those wait who write

        self._folder = folder
        self._book = Workbook()
        self._book.remove(self._book.worksheets[0])
        self.styles = _StyleNumbers(self._book)
        self.sheets: dict[str, NewSheet] = {}
        self.seals: Mapping[str, Seal] = {}
        """Take in all that is put into the sheets of these names."""

    def sheet(self, name: str) -> NewSheet:
        """Add a sheet behind all others."""
        page = self._book.create_sheet()
        page.title = name
        made = self.sheets[name] = NewSheet(self, page, self._folder / f"{len(self.sheets)}.rows")
        return made

    def add_metadata(self, metadata: FileMetadata) -> None:
        """Add the hidden sheet that says what the file is."""
        self.add_hidden(METADATA_SHEET, metadata_lines(metadata))

    def add_hidden(self, name: str, lines: Iterable[Sequence[str]], style: str = "") -> None:
        """Add a sheet that only programs see."""
        sheet = self.sheet(name)
        sheet.page.sheet_state = "veryHidden"
        for row, texts in enumerate(lines, 1):
            sheet.add_texts(row, texts, style)

    def content(self, properties: DocumentProperties) -> bytes:
        """Return the whole workbook."""
        from openpyxl.packaging.custom import StringProperty  # noqa: PLC0415 - as above

        document = self._book.properties
        document.creator, document.title, document.subject = (
            "trunk-batch",
            properties.title or None,
            properties.subject or None,
        )
        document.description = "PRACTICE" if properties.practice else None
        document.created = properties.created or document.created
        if properties.kind is not None:
            mark = StringProperty(name=MARK, value=str(properties.kind))
            self._book.custom_doc_props.append(mark)  # type: ignore[attr-defined] # which its types lack
        if properties.practice:
            for sheet in self.sheets.values():
                sheet.head.center.font, sheet.head.center.text = "Calibri,Bold", "PRACTICE"
        seen = [page for page in self._book.worksheets if page.sheet_state == "visible"]
        seen[0].sheet_view.tabSelected = True
        frame, saved = self._folder / "frame.xlsx", io.BytesIO()
        self._book.save(saved)  # into a file without room, it would be closed once more, later and by nobody
        frame.write_bytes(saved.getbuffer())
        edit = PackageEdit(Package(frame))
        edit.put(_CORE, _MODIFIED.sub(rb"\1\2\3\2", edit.read(_CORE)))
        for name, part in Book(edit).parts().items():
            edit.rewrite(part, self.sheets[name].with_rows)
        return edit.content()

    def close(self) -> None:
        """Close the files of rows: Windows deletes none that is open."""
        for sheet in self.sheets.values():
            sheet.close()


class NewSheet:
    """A sheet on its way. Rows are counted from 1 and go from the top down, columns from 0 for A.

    Args:
        page: What surrounds the rows, by openpyxl.
        place: The file that takes the rows.
    """

    def __init__(self, book: NewWorkbook, page: Worksheet, place: Path) -> None:
        self.book = book
        self.page = page
        self.width = 0
        """How many columns there are, from A on."""
        self._seal = book.seals.get(page.title)
        self._last_row = b"1"
        self._out = place.open("w+b")
        self._links: list[str] = []
        self._numbers_are_text = False

    @property
    def name(self) -> str:
        """What its tab says."""
        return str(self.page.title)

    def close(self) -> None:
        """Close the file of rows."""
        self._out.close()

    def set_columns(self, widths: Iterable[float], style: str = "", first: int = 0) -> None:
        """Make columns so many characters wide; what is typed into them looks so."""
        for column, width in enumerate(widths, first):
            dimension = self.page.column_dimensions[letters(column)]
            dimension.width = width + _PADDING
            if style:
                dress(dimension, style)

    def add(self, row: int, blocks: Sequence[SheetCell], height: float = 0, *, first: int = 0) -> None:
        """Add a row of cells side by side.

        Args:
            blocks: Its cells; blank ones without a style are left out.
            height: In points; 0 for that of a line.
        """
        if self._seal is not None:
            self._seal.add(_in_their_columns(blocks, first))
        pieces: list[bytes] = []
        styles, number = self.book.styles, b'%d"' % row
        column = first
        for value, style, span in blocks:
            if value or style or value == 0:
                look = styles[style]
                pieces += (_cell_start(column), number, filling(value, look))
                if span > 1:
                    for beside in range(column + 1, column + span):
                        pieces += (_cell_start(beside), number, filling(None, look))
                    self.page.merged_cells.add(f"{letters(column)}{row}:{letters(column + span - 1)}{row}")
            column += span
        self.width = max(self.width, column)
        self.add_cells(b"%d" % row, b"".join(pieces), height)

    def add_texts(self, row: int, texts: Iterable[str], style: str) -> None:
        """Add a row of texts that all look the same; blank ones are left out."""
        self.add(row, [(text, style if text else "", 1) for text in texts])

    def add_cells(self, row: bytes, cells: bytes, height: float = 0) -> None:
        """Add a row whose cells are XML already."""
        self._last_row = row
        high = b' ht="%g" customHeight="1"' % height if height else b""
        self._out.write(b'<row r="%s"%s>%s</row>' % (row, high, cells))

    def add_list(
        self,
        columns: Mapping[str, int],
        items: Iterable[_Item],
        write: Callable[[int, _Item], None],
        *,
        header: int = 1,
        last_row: int = LAST_ROW,
        rest: str = "for which a sheet has no room",
    ) -> None:
        """Add a list: a header that stays in sight, a row per item, a filter over all of it.

        Args:
            columns: What the header says, and how many characters wide each is.
            write: Writes one item into the row of a number.
            last_row: The last row's number; items that do not fit are counted there.
            rest: What is said of those.
        """
        self.print_across(header=header)
        self.page.freeze_panes = f"A{header + 1}"
        self.numbers_are_text()
        self.set_columns(columns.values(), "plain")
        self.add(header, [(text, "our header", 1) for text in columns], 20)
        row = header
        for row, item in enumerate(items, header + 1):
            if row < last_row:
                write(row, item)
        if row >= last_row:
            self.add(last_row, [(f"and {row - last_row + 1:,} more, {rest}", "plain", 1)])
        self.page.auto_filter.ref = f"A{header}:{letters(len(columns) - 1)}{min(row, last_row)}"

    def link(self, cell: str, sheet: str, target: str) -> None:
        """Have a cell link to a cell of a sheet of this workbook."""
        self._links.append(f'<hyperlink ref="{cell}" location="{_attribute(sheet)}!{target}" display="{target}"/>')

    def note(self, column: int, text: str, style: str, note: str, size: tuple[int, int]) -> None:
        """Put a cell into the first row, with a note of a size in pixels."""
        from openpyxl.comments import Comment  # noqa: PLC0415 - as above

        self.width = max(self.width, column + 1)
        cell = self.page.cell(1, column + 1)
        cell.value = text
        dress(cell, style)
        cell.comment = Comment(note, "trunk-batch", width=size[0], height=size[1])

    def add_drop_down(self, cells: str, choice: DropDown) -> None:
        """Let people choose from a list in some cells (``A2:A100``)."""
        from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415 - as above

        rule = DataValidation(
            type="list",
            formula1=choice.source,
            allow_blank=True,
            errorStyle=choice.style,
            errorTitle=choice.title,
            error=choice.words,
            showErrorMessage=True,
            showInputMessage=True,
        )
        rule.add(cells)
        self.page.add_data_validation(rule)

    def break_page(self, row: int) -> None:
        """Begin a new printed page behind a row."""
        from openpyxl.worksheet.pagebreak import Break  # noqa: PLC0415 - as above

        self.page.row_breaks.append(Break(row))

    def numbers_are_text(self) -> None:
        """Have Excel not remark on each number that is kept as text."""
        self._numbers_are_text = True

    def print_across(self, *, pages: int = 1, header: int = 0, landscape: bool = True) -> None:
        """Print it on A4, so many pages wide, with its header row on each and its name at the foot."""
        from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415 - as above

        self.page.page_setup.orientation = "landscape" if landscape else "portrait"
        self.page.page_setup.paperSize = _A4
        self.page.page_setup.fitToWidth, self.page.page_setup.fitToHeight = pages if pages > 1 else None, 0
        self.page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        margins = self.page.page_margins
        margins.left, margins.right, margins.top, margins.bottom = 0.4, 0.4, 0.5, 0.6
        margins.header = margins.footer = 0.3
        foot = cast("HeaderFooterItem", self.page.oddFooter)  # openpyxl makes it with the sheet
        foot.left.text, foot.right.text = "&A", "Page &P of &N"
        if header:
            self.page.print_title_rows = f"{header}:{header}"

    @property
    def head(self) -> HeaderFooterItem:
        """What each printed page says above."""
        return cast("HeaderFooterItem", self.page.oddHeader)  # openpyxl makes it with the sheet

    def with_rows(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Set the rows, and what goes by them, into the sheet's XML."""
        reach = b'<dimension ref="A1:%s%s"/>' % (letters(max(self.width, 1) - 1).encode(), self._last_row)
        frame = _REACH.sub(reach, b"".join(pieces), count=1)
        end = _ROWS_END.search(frame)
        if end is None:
            raise ValueError("openpyxl has written a sheet without rows")
        yield frame[: end.start()] + (b"<sheetData>" if end[0].endswith(b"/>") else b"")
        self._out.seek(0)
        yield from iter(partial(self._out.read, 1 << 18), b"")
        tail = b"</sheetData>" + frame[end.end() :]
        if self._links:
            links = f"<hyperlinks>{''.join(self._links)}</hyperlinks>".encode()
            tail = _BEFORE_LINKS.sub(lambda found: links + found[0], tail, count=1)
        if self._numbers_are_text:
            tail = _BEFORE_IGNORED.sub(lambda found: _NUMBERS_ARE_TEXT + found[0], tail, count=1)
        yield tail


def _in_their_columns(blocks: Sequence[SheetCell], first: int) -> list[CellContent]:
    """Return what stands in each column of a row, from A on."""
    cells: list[CellContent] = [None] * first
    for value, _, span in blocks:
        cells.append(value)
        if span > 1:
            cells += [None] * (span - 1)
    return cells


def quoted_sheet(name: str) -> str:
    """Return a sheet's name as formulas and links write it: in quotes unless nothing could be mistaken about it."""
    if name.isascii() and name.isalpha() and len(name) > len("XFD"):
        return name
    return "'{}'".format(name.replace("'", "''"))


@lru_cache(256)
def _attribute(sheet: str) -> str:
    return escape(quoted_sheet(sheet), {'"': "&quot;"})


@lru_cache(16_384)
def _cell_start(column: int) -> bytes:
    return b'<c r="' + letters(column).encode()


class _StyleNumbers(dict[str, int]):
    """The numbers of the styles of `CELL_STYLES` that are in use, by name; that of ``""`` is 0."""

    def __init__(self, book: Workbook) -> None:
        super().__init__({"": 0})
        self._book = book

    def __missing__(self, name: str) -> int:
        from openpyxl.cell import Cell  # noqa: PLC0415 - as above

        cell = Cell(self._book.worksheets[0], row=1, column=1)
        dress(cell, name)
        self[name] = int(cell.style_id)
        return self[name]


def dress(target: Cell | MergedCell | ColumnDimension, name: str) -> None:
    """Give a cell or column a style of `CELL_STYLES`."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side  # noqa: PLC0415 - as above

    style = CELL_STYLES[name]
    target.font = Font(
        name=style.font,
        sz=style.size,
        b=style.bold,
        u="single" if style.underline else None,
        color=_rgb(style.colour) if style.colour else None,
    )
    if style.fill:
        target.fill = PatternFill("solid", fgColor=_rgb(style.fill))
    side = Side("thin", _rgb(style.lines)) if style.lines else Side()
    target.border = Border(
        left=side,
        right=side,
        top=Side("medium", _rgb(style.lines)) if style.top else side,
        bottom=Side("thin", _rgb(style.bottom)) if style.bottom else side,
    )
    target.alignment = Alignment(
        horizontal=style.align or ("left" if style.indent else None),
        vertical=style.valign or None,
        indent=style.indent,
        wrap_text=style.wrap or None,
    )
    target.number_format = style.format


def _rgb(colour: str) -> str:
    return f"FF{colour.removeprefix('#')}"
