"""Long lists of ours, written row by row whatever their size: the Changes and Problems sheets, with a filter."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.utility import quote_sheetname, xl_col_to_name

from batch.errors import OutputError
from batch.schema.columns import IMPRINT
from batch.schema.file_metadata import FileMetadata, metadata_lines
from batch.tables.row_results import AnsweredSheet, ChangeLine, Tone
from batch.writers.styles import Styles, row_height, write_text

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from batch.schema.problems import Problem


@contextlib.contextmanager
def streamed(path: Path, out: BinaryIO) -> Iterator[Workbook]:
    """Open a new workbook of XlsxWriter in constant-memory mode; what is put into it is written out at the end.

    Rows are written from top to bottom, one sheet after the other. Text stays text: nothing becomes a formula, a
    number or a link.

    Args:
        path: Only named where there is no room for it.
        out: Takes the file's bytes.

    Raises:
        OutputError: There is no room for it on the way.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="trunk-batch-", ignore_cleanup_errors=True) as folder:
            book = Workbook(
                out,
                {
                    "constant_memory": True,
                    "tmpdir": folder,
                    "use_zip64": True,
                    "strings_to_formulas": False,
                    "strings_to_numbers": False,
                    "strings_to_urls": False,
                    "remove_timezone": True,
                },
            )
            with _rows_closed(book):
                yield book
                book.close()
    except (OSError, XlsxWriterException) as error:
        raise OutputError(path, f"there was no room for it on the way ({error})") from error


@contextlib.contextmanager
def _rows_closed(book: Workbook) -> Iterator[None]:
    # XlsxWriter leaves its files of rows open when it is stopped half-way, and Windows then cannot delete them.
    try:
        yield
    finally:
        for sheet in book.worksheets():
            with contextlib.suppress(OSError):
                sheet.row_data_fh.close()


_SPECIAL: Final = re.compile(r"[&<>\x00-\x1f\ud800-\udfff\ufffe\uffff]|_x|^\s|\s$")
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LOOKS_ESCAPED: Final = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LONGEST: Final = 32_767
"""Units of UTF-16 in a cell, by Excel."""


class TextRows:
    """Rows of texts, put straight into a sheet's file of rows: through XlsxWriter each takes ten times as long.

    They come from the first row on; the last row of the sheet has to go through XlsxWriter, which then knows how far
    the sheet goes.
    """

    def __init__(self, target: Worksheet, formats: Sequence[Format]) -> None:
        """Make it for a sheet in constant-memory mode.

        Args:
            target: a sheet in which nothing stands yet.
            formats: of the columns, where a cell has none of its own.
        """
        self._file = target.row_data_fh
        self._before = [_styled(style) for style in formats]
        self._letters = [xl_col_to_name(column) for column in range(len(formats))]
        self._known: dict[Format, str] = {}

    def write(
        self, row: int, texts: Sequence[str], styles: Sequence[Format | None], height: float | None = None
    ) -> None:
        """Write a row, counted from 0: a text for each column, ``""`` for none, and its own format if it has one."""
        number = row + 1
        cells = [
            f'<c r="{letter}{number}{before if style is None else self._styled(style)}{_content(text)}</t></is></c>'
            for letter, text, style, before in zip(self._letters, texts, styles, self._before, strict=False)
            if text
        ]
        high = "" if height is None else f' ht="{height:g}" customHeight="1"'
        self._file.write(f'<row r="{number}"{high}>{"".join(cells)}</row>')

    def _styled(self, style: Format) -> str:
        known = self._known.get(style)
        if known is None:
            known = self._known[style] = _styled(style)
        return known


def _styled(style: Format) -> str:
    return f'" s="{_number(style)}" t="inlineStr"><is><t'


def _number(style: Format) -> int:
    number: int = style._get_xf_index()  # noqa: SLF001 - XlsxWriter tells the number of a format in no other way
    return number


@lru_cache(256)  # a cell says what the one beside it or above it says, mostly
def _content(text: str) -> str:
    """Return a text as it stands in a cell's element, from the end of its start tag on."""
    if len(text) > _LONGEST // 2:
        text = text.encode("utf-16-le", "surrogatepass")[: 2 * _LONGEST].decode("utf-16-le", "replace")
    if _SPECIAL.search(text) is None:
        return f">{text}"
    text = _LONE_SURROGATE.sub("\ufffd", text)
    blank = ' xml:space="preserve"' if text != text.strip() else ""
    text = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _LOOKS_ESCAPED.sub("_x005F_", text))
    return f"{blank}>" + text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_Item = TypeVar("_Item")

CHANGES: Final = "Changes"
LINKED_CHANGES: Final = 20_000
"""Changes beyond this many are no links: Excel takes 65,530 on a sheet, and slows down long before."""
LAST_LISTED_ROW: Final = 1_048_576
"""Excel's; rows of ours that do not fit are counted in its last one."""

_CHANGE_HEADERS: Final = ("Sheet", "Cell", "Trunk", "Field", "Before", "Wanted")
_CHANGE_WIDTHS: Final = (14, 9, 24, 22, 34, 34, 34)
_PROBLEM_HEADERS: Final = (
    "Severity",
    "Sheet",
    "Cell",
    "Column",
    "Value",
    "What is wrong",
    "What to type instead",
    "Who",
)
_PROBLEM_WIDTHS: Final = (10, 14, 8, 18, 26, 50, 50, 20)
_HEADER_HEIGHT: Final = 20
_ONE_LINE: Final = row_height([])


def add_changes(
    book: Workbook,
    styles: Styles,
    changes: Iterable[ChangeLine],
    *,
    places: Mapping[str, tuple[str, AnsweredSheet | None]] | None,
    name: str = CHANGES,
) -> None:
    """Add the Changes sheet.

    Args:
        book: Of XlsxWriter, in constant-memory mode.
        styles: Of that workbook.
        changes: Read once, in order.
        places: By the name under which a sheet of the user's was read, its name in this workbook and the sheet, or
            None where its cells stay where they were; cells are links to it. None in a plan, where those sheets are in
            another file: cells are no links then, and there is no *Found*.
        name: Of the sheet.
    """
    headers = _CHANGE_HEADERS if places is None else (*_CHANGE_HEADERS, "Found")
    target = book.add_worksheet(name)
    _lay_out(target, styles, headers, _CHANGE_WIDTHS)
    rows = TextRows(target, [styles.plain] * len(headers))
    texts: Sequence[str] = headers
    looks: Sequence[Format | None] = [styles.ours] * len(headers)
    row = 0
    for row, change in enumerate(changes, 1):
        if row > LAST_LISTED_ROW - 2:
            continue
        rows.write(row - 1, texts, looks, _HEADER_HEIGHT if row == 1 else None)
        title, sheet = (places or {}).get(change.sheet, (change.sheet, None))
        cell = change.cell if sheet is None else sheet.moved(change.cell)
        link = styles.link if change.sheet in (places or {}) and cell and row <= LINKED_CHANGES else None
        if link is not None:
            target.ignore_write_string = True  # the text is written with its row
            target.write_url(row, 1, f"internal:{quote_sheetname(title)}!{cell}", link, cell)
            target.ignore_write_string = False
        amiss = styles.tone[Tone.WARN] if change.found != change.wanted else None
        texts = (title, cell, change.trunk, change.field, change.before, change.wanted, change.found)[: len(headers)]
        looks = (None, link, None, None, None, None, amiss)
    if not row:
        target.set_row(0, _HEADER_HEIGHT)
    for column, text in enumerate(texts):
        if text:
            write_text(target, min(row, LAST_LISTED_ROW - 2), column, text, looks[column])
    _finish(target, row, len(headers), LAST_LISTED_ROW)


def add_problems(book: Workbook, styles: Styles, problems: Iterable[Problem]) -> None:
    """Add the Problems sheet: problems and notices in the order given."""
    target = book.add_worksheet("Problems")

    def write(row: int, problem: Problem) -> None:
        texts = (
            problem.sheet,
            problem.cell,
            problem.header,
            problem.value,
            problem.message,
            problem.fix,
            problem.kind.who,
        )
        height = row_height(zip(texts, _PROBLEM_WIDTHS[1:], strict=True))
        if height > _ONE_LINE:
            target.set_row(row, height)
        tone = Tone.BAD if problem.stops else Tone.WARN
        write_text(target, row, 0, "problem" if problem.stops else "notice", styles.tone_wrapped[tone])
        for column, text in enumerate(texts, 1):
            write_text(target, row, column, text, styles.cell)

    write_list(target, styles, _PROBLEM_HEADERS, _PROBLEM_WIDTHS, problems, write)


def add_imprint(book: Workbook, metadata: FileMetadata) -> None:
    """Add the hidden sheet that says what the file is."""
    target = book.add_worksheet(IMPRINT)
    target.very_hidden()
    for row, words in enumerate(metadata_lines(metadata)):
        for column, word in enumerate(words):
            write_text(target, row, column, word)


def write_list(
    target: Worksheet,
    styles: Styles,
    headers: Sequence[str],
    widths: Sequence[int],
    items: Iterable[_Item],
    write: Callable[[int, _Item], None],
    *,
    last_row: int = LAST_LISTED_ROW,
) -> None:
    """Write a sheet of ours: styled, frozen header, a row per item, a filter over all of it.

    Args:
        target: A sheet in which nothing stands yet, in constant-memory mode.
        styles: Of its workbook.
        headers: One per column.
        widths: In characters; as many as headers or more.
        items: What is listed.
        write: Writes one item into a row counted from 0.
        last_row: The sheet's last row number; items that do not fit are counted there.
    """
    _lay_out(target, styles, headers, widths)
    for column, header in enumerate(headers):
        target.write_string(0, column, header, styles.ours)
    target.set_row(0, _HEADER_HEIGHT)
    row = 0
    for row, item in enumerate(items, 1):
        if row < last_row - 1:
            write(row, item)
    _finish(target, row, len(headers), last_row)


def _lay_out(target: Worksheet, styles: Styles, headers: Sequence[str], widths: Sequence[int]) -> None:
    target.set_landscape()
    target.set_paper(9)
    target.fit_to_pages(1, 0)
    target.repeat_rows(0)
    target.freeze_panes(1, 0)
    target.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    for column, width in enumerate(widths[: len(headers)]):
        target.set_column(column, column, width, styles.plain)


def _finish(target: Worksheet, items: int, columns: int, last_row: int) -> None:
    """Count what had no room, and set the filter."""
    beyond = items - (last_row - 2)
    if beyond > 0:
        target.write_string(last_row - 1, 0, f"and {beyond:,} more, for which a sheet has no room")
    target.autofilter(0, 0, min(items, last_row - 1), columns - 1)
