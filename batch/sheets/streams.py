"""Streams: workbooks of ours that are written row by row, whatever their size."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException

from batch.errors import OutputError


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
