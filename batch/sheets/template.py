"""The empty workbook that people fill in, and its twin as a CSV folder; both made from `layout.SHEETS` alone."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter

from batch.errors import OutputError
from batch.sheets import guides, layout, terms
from batch.sheets.forms import lay_out, lines_in, make_styles, set_print
from batch.sheets.glossaries import write_glossary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

README: Final = "README.txt"

_CREATED: Final = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - spreadsheets know no time zones
"""Fixed, so that the same layout always gives the same bytes."""

_WIDTHS: Final = (2, 24, 24, 24, 24, 24, 24, 24)
"""Of the help sheet's columns, in characters: a margin, then seven equal ones."""


def write_template(path: Path) -> Path:
    """Write the empty workbook and return where it is.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_workbook_bytes())
    except OSError as error:
        raise OutputError(path, error.strerror or "the system refuses it") from None
    return path


def write_template_folder(path: Path) -> Path:
    """Write the empty CSV folder (header lines only, and a README) and return where it is.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        for sheet in layout.SHEETS:
            line = ",".join(column.label for column in sheet.columns)
            (path / sheet.csv).write_bytes(f"{line}\r\n".encode("utf-8-sig"))
        (path / README).write_bytes(guides.csv_readme().encode("utf-8-sig"))
    except OSError as error:
        raise OutputError(path, error.strerror or "the system refuses it") from None
    return path


def _workbook_bytes() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(
        content,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    ) as book:
        book.set_properties({"title": "trunk-batch template", "created": _CREATED})
        styles = make_styles(book)
        guide = book.add_worksheet(guides.TITLE)
        for sheet in layout.SHEETS:
            lay_out(book.add_worksheet(sheet.title), sheet, styles)
        write_guide(guide, styles)
        write_glossary(book.add_worksheet(terms.TITLE), styles)
        guide.activate()
    return content.getvalue()


def write_guide(
    page: Any, styles: Mapping[str, Any], origin: Sequence[tuple[str, str]] = (), steps: Sequence[str] = guides.STEPS
) -> None:
    """Write the help sheet.

    Args:
        page: Of XlsxWriter, with nothing in it yet.
        styles: As `make_styles` made them.
        origin: Where the workbook comes from: topics, and what there is to say of each.
        steps: What to do with it.
    """
    _Guide(page, styles).write(origin, steps)


class _Guide:
    """Writes the help sheet from top to bottom, in blocks that each know how many rows they take."""

    def __init__(self, page: Any, styles: Mapping[str, Any]) -> None:
        self.page = page
        self.styles = styles
        self.row = 0
        self.last = len(_WIDTHS) - 1

    def write(self, origin: Sequence[tuple[str, str]], steps: Sequence[str]) -> None:
        """Write all of it."""
        for index, width in enumerate(_WIDTHS):
            self.page.set_column(index, index, width)
        self.page.hide_gridlines(2)
        self.page.set_tab_color("#70AD47")
        set_print(self.page)
        self._line([(guides.TITLE, "title", 7)], height=36)
        self._line([(guides.LEAD, "prose", 7)])
        if origin:
            self._section("Where this workbook comes from")
            for topic, words in origin:
                self._line([(topic, "topic", 1), (words, "sample", 6)])
        self._section("In short")
        for number, step in enumerate(steps, 1):
            self._line([(f"{number}.  {step}", "prose", 7)])
        self._section("What to run")
        for command, words in guides.COMMANDS:
            self._line([(command, "command", 2), (words, "cell", 5)])
        self._line([(guides.COMMANDS_NOTE, "prose", 7)])
        self._section("The three sheets")
        for sheet in layout.SHEETS:
            self._line([(sheet.title, "topic", 1), (sheet.help, "cell", 6)])
        self._section("Colours")
        for text, style, words in guides.COLOURS:
            self._line([(text, style, 1), (words, "cell", 6)])
        breaks = [self.row]
        self._section("Good to know")
        for topic, words in guides.TOPICS:
            self._line([(topic, "topic", 1), (words, "cell", 6)])
        self._examples()
        breaks.append(self.row)
        self._columns()
        self.page.set_h_pagebreaks(breaks)

    def _examples(self) -> None:
        self._section("One filled row of each sheet")
        for sheet in layout.SHEETS:
            cells = list(zip(sheet.columns, guides.example_row(sheet), strict=True))
            self._line([(sheet.title, "subtitle", 7)], height=30)
            for start in range(0, len(cells), self.last):
                band = cells[start : start + self.last]
                self._line([(guides.header(c), "required" if c.required else "header", 1) for c, _ in band])
                self._line([(value, "sample", 1) for _, value in band])

    def _columns(self) -> None:
        for sheet in layout.SHEETS:
            self._section(f"Every column of the sheet {sheet.title}")
            self._line(
                [
                    ("Column", "header", 1),
                    ("What it is", "header", 3),
                    ("What may stand in it", "header", 1),
                    ("Example", "header", 1),
                    ("Trunk types", "header", 1),
                ]
            )
            for column in sheet.columns:
                self._line(
                    [
                        (guides.header(column), "topic", 1),
                        (column.help, "cell", 3),
                        (guides.allowed(column), "cell", 1),
                        (column.example, "cell", 1),
                        (guides.types(column), "cell", 1),
                    ]
                )

    def _section(self, title: str) -> None:
        self.page.set_row(self.row, 12)
        self.row += 1
        self._line([(title, "section", 7)], height=26)

    def _line(self, blocks: Sequence[tuple[str, str, int]], height: float = 0) -> None:
        """Write blocks of text side by side, each over so many columns, and make the row as high as needed."""
        column = 1
        lines = 1
        for text, style, span in blocks:
            if span > 1:
                self.page.merge_range(self.row, column, self.row, column + span - 1, text, self.styles[style])
            else:
                self.page.write_string(self.row, column, text, self.styles[style])
            lines = max(lines, lines_in(text, sum(_WIDTHS[column : column + span]) * 1.15 - 3))
            column += span
        self.page.set_row(self.row, height or 6 + 15 * lines)
        self.row += 1
