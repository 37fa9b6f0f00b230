"""What the tool writes for people: the results and plan workbooks, and the results as a CSV folder.

Text goes out as text: no formula is ever written from what somebody typed or a PBX answered.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException

from batch.errors import OutputError
from batch.sheets.answers import (
    AnsweredSheet,
    ChangeLine,
    CodeCount,
    Count,
    RowResult,
    Summary,
    Tone,
)
from batch.sheets.copies import Advance, SheetCopy
from batch.sheets.csv_writing import write_results_folder
from batch.sheets.layout import MARK
from batch.sheets.lists import add_changes, add_problems
from batch.sheets.naming import sheet_names
from batch.sheets.placing import place_file
from batch.sheets.styles import Styles, make_styles
from batch.sheets.summaries import add_summary

if TYPE_CHECKING:
    from batch.sheets.problems import Problem

__all__ = [
    "AnsweredSheet",
    "ChangeLine",
    "CodeCount",
    "Count",
    "RowResult",
    "Summary",
    "Tone",
    "write_plan",
    "write_results",
    "write_results_folder",
]


def write_results(
    path: Path,
    sheets: Sequence[AnsweredSheet],
    summary: Summary,
    changes: Iterable[ChangeLine],
    *,
    advance: Advance | None = None,
) -> Path:
    """Write the results workbook: Summary, the user's sheets with eight columns more, Changes.

    Args:
        path: Where it shall lie; a file there is replaced.
        sheets: All sheets of the user's, in the user's order.
        summary: What the Summary says.
        changes: Read once, in order.
        advance: Told about every 1,000 of the user's rows.

    Returns:
        Where it lies: ``path``, or a name beside it if a program holds ``path`` open.

    Raises:
        OutputError: It cannot be written there; then nothing is.
    """
    names = sheet_names([sheet.raw.name for sheet in sheets])

    def fill(book: Workbook, styles: Styles) -> None:
        add_summary(book, styles, summary, column="Result")
        for name, sheet in zip(names, sheets, strict=True):
            target = book.add_worksheet(name)
            if sheet.header_row is None and sheet.raw.hidden:
                target.hide()
            SheetCopy(target, sheet, styles).write(advance)
        places = {sheet.raw.name: (name, sheet) for name, sheet in zip(names, sheets, strict=True)}
        add_changes(book, styles, changes, places=places)

    return _save(path, "results", summary, fill)


def write_plan(path: Path, summary: Summary, changes: Iterable[ChangeLine], problems: Sequence[Problem]) -> Path:
    """Write the plan as a workbook: Summary, Changes, Problems.

    Changes have no *Found* there, and their cells are no links: the user's sheets are in another file.

    Args:
        path: Where it shall lie; a file there is replaced.
        summary: What the Summary says.
        changes: Read once, in order.
        problems: Problems and notices, in the order in which they are listed.

    Returns:
        Where it lies: ``path``, or a name beside it if a program holds ``path`` open.

    Raises:
        OutputError: It cannot be written there; then nothing is.
    """

    def fill(book: Workbook, styles: Styles) -> None:
        add_summary(book, styles, summary, column="Expected result")
        add_changes(book, styles, changes, places=None)
        add_problems(book, styles, problems)

    return _save(path, "plan", summary, fill)


def _save(path: Path, kind: str, summary: Summary, fill: Callable[[Workbook, Styles], None]) -> Path:
    content = io.BytesIO()
    try:
        with tempfile.TemporaryDirectory(prefix="trunk-batch-", ignore_cleanup_errors=True) as folder:
            book = Workbook(
                content,
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
                book.set_custom_property(MARK, kind)
                book.set_properties({"title": summary.title, "comments": "PRACTICE" if summary.practice else ""})
                fill(book, make_styles(book))
                if summary.practice:
                    for sheet in book.worksheets():
                        sheet.set_header('&C&"Calibri,Bold"PRACTICE')
                book.close()
    except (OSError, XlsxWriterException) as error:
        raise OutputError(path, f"there was no room for it on the way ({error})") from error
    return place_file(path, content.getbuffer())


@contextlib.contextmanager
def _rows_closed(book: Workbook) -> Iterator[None]:
    # XlsxWriter leaves its files of rows open when it is stopped half-way, and Windows then cannot delete them.
    try:
        yield
    finally:
        for sheet in book.worksheets():
            with contextlib.suppress(OSError):
                sheet.row_data_fh.close()
