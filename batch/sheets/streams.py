"""Streams: workbooks of ours that are written row by row, whatever their size."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.utility import xl_col_to_name

from batch.errors import OutputError

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet


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
