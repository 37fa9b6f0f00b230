"""The empty workbook that people fill in, and its twin as a CSV folder; both made from `columns.SHEETS` alone.

Each column is text all the way down and says what it is; closed lists are drop-downs. The sheet Glossary says what the
words mean. An export looks the same.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter

from batch.errors import OutputError
from batch.schema import columns, glossary
from batch.schema.columns import Column, Sheet
from batch.writers import guides

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


LAST_ROW: Final = 1_048_575
_A4: Final = 9
_MESSAGE: Final = 255
"""Most characters Excel takes in the message of a drop-down."""

_FONT: Final = {"font_name": "Calibri", "font_size": 11}
_CELL: Final = {**_FONT, "valign": "vcenter", "text_wrap": True}
_LINES: Final = {"border": 1, "border_color": "#BFC9D4", "indent": 1}
_HEADER: Final = {
    **_FONT,
    **_LINES,
    "bold": True,
    "text_wrap": True,
    "valign": "vcenter",
    "align": "left",
    "font_color": "#FFFFFF",
}
_STYLES: Final[dict[str, dict[str, Any]]] = {
    "text": {**_FONT, "num_format": "@"},
    "header": {**_HEADER, "bg_color": "#1F4E79"},
    "required": {**_HEADER, "bg_color": "#C55A11"},
    "title": {**_FONT, "bold": True, "font_size": 20, "font_color": "#1F4E79", "valign": "vcenter"},
    "section": {**_FONT, "bold": True, "font_size": 14, "font_color": "#1F4E79", "bottom": 1,
                "bottom_color": "#1F4E79", "valign": "bottom"},
    "subtitle": {**_FONT, "bold": True, "valign": "vcenter"},
    "prose": _CELL,
    "topic": {**_CELL, **_LINES, "bold": True, "bg_color": "#EAF1F8"},
    "cell": {**_CELL, **_LINES, "num_format": "@"},
    "sample": {**_CELL, **_LINES, "num_format": "@", "bg_color": "#FFF7E0"},
    "command": {**_CELL, **_LINES, "font_name": "Consolas", "bg_color": "#F2F2F2"},
}  # fmt: skip

_TABS: Final = {columns.TRUNKS.title: "#1F4E79", columns.CALLER_IDS.title: "#2E75B6", columns.DIDS.title: "#9DC3E6"}
_FROZEN: Final = {columns.TRUNKS.title: 3}
"""Columns that stay in sight; elsewhere the first one."""


def make_form_styles(book: Any) -> dict[str, Any]:
    """Make the formats of a workbook, by what they are for."""
    return {name: book.add_format(style) for name, style in _STYLES.items()}


def lay_out(
    page: Any,
    sheet: Sheet,
    styles: Mapping[str, Any],
    *,
    lists: Mapping[str, Mapping[str, Any]] | None = None,
    remark: str = "",
) -> None:
    """Lay a sheet out: headers with notes, columns of text, drop-downs, print.

    Args:
        page: Of XlsxWriter, with nothing in it yet.
        sheet: What it is to be.
        styles: Of that workbook, as `make_form_styles` made them.
        lists: By field, drop-downs besides those of closed lists, as XlsxWriter takes them.
        remark: Put under the note of the first header.
    """
    drop_downs = {**{c.field: _drop_down(c) for c in sheet.columns if c.choices}, **(lists or {})}
    for index, column in enumerate(sheet.columns):
        page.set_column(index, index, column.width, styles["text"])
        page.write_string(0, index, guides.header(column), styles["required" if column.required else "header"])
        text = guides.note(column) + (f"\n{remark}" if remark and not index else "")
        page.write_comment(
            0, index, text, {"author": "trunk-batch", "x_scale": 2.4, "y_scale": 0.3 + 0.24 * lines_in(text, 46)}
        )
        if column.field in drop_downs:
            page.data_validation(1, index, LAST_ROW, index, drop_downs[column.field])
    last = len(sheet.columns) - 1
    page.set_row(0, 33)
    page.autofilter(0, 0, LAST_ROW, last)
    page.freeze_panes(1, _FROZEN.get(sheet.title, 1))
    page.ignore_errors({"number_stored_as_text": f"A1:{columns.letters(last)}{LAST_ROW + 1}"})
    page.set_tab_color(_TABS[sheet.title])
    set_print(page)
    page.repeat_rows(0)
    if sheet is columns.TRUNKS:  # too many columns for one page to be read; every page says which trunk it is about
        name = sheet.columns.index(sheet.column("name"))
        page.fit_to_pages(2, 0)
        page.repeat_columns(name, name)


def _drop_down(column: Column) -> dict[str, Any]:
    choices = [*column.choices, *([columns.CLEAR] if column.clearable else [])]
    words = f"Choose one of: {', '.join(choices)}."
    words += " Or leave the cell empty; then that setting stays as it is." if column.may_be_blank else ""
    return {
        "validate": "list",
        "source": choices,
        "ignore_blank": True,
        "error_title": "This is not in the list",
        "error_message": words
        if len(words) <= _MESSAGE
        else f"Choose one from the list{', or leave the cell empty' if column.may_be_blank else ''}.",
        "error_type": "stop",
    }


def set_print(page: Any) -> None:
    """Print a sheet across A4, numbered."""
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&L&A&RPage &P of &N")


def lines_in(text: str, width: float) -> int:
    """Return how many lines a text takes where a line holds so many characters."""
    return sum(max(1, math.ceil(len(line) / width)) for line in text.split("\n"))


_GLOSSARY_WIDTHS: Final = (2, 20, 96)
"""Of its columns, in characters: a margin, the word, what it means."""
_ROOM: Final = 1.1
"""How many characters of running text a column takes for each that its width says."""


def write_glossary(page: Any, styles: Mapping[str, Any]) -> None:
    """Write the sheet.

    Args:
        page: Of XlsxWriter, with nothing in it yet.
        styles: As `make_form_styles` made them.
    """
    for index, width in enumerate(_GLOSSARY_WIDTHS):
        page.set_column(index, index, width)
    page.hide_gridlines(2)
    page.set_tab_color("#70AD47")
    set_print(page)
    page.set_portrait()
    page.set_row(0, 36)
    page.write_string(0, 1, glossary.GLOSSARY_SHEET, styles["title"])
    page.set_row(1, 24)
    page.merge_range(1, 1, 1, 2, glossary.GLOSSARY_LEAD, styles["prose"])
    for column, text in enumerate(("Word", "What it means"), 1):
        page.write_string(2, column, text, styles["header"])
    page.repeat_rows(2)
    page.freeze_panes(3, 0)
    for row, term in enumerate(glossary.GLOSSARY, 3):
        page.write_string(row, 1, term.word, styles["topic"])
        page.write_string(row, 2, term.meaning, styles["cell"])
        page.set_row(row, 5 + 15 * lines_in(term.meaning, _GLOSSARY_WIDTHS[2] * _ROOM))


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
        for sheet in columns.SHEETS:
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
        styles = make_form_styles(book)
        guide = book.add_worksheet(guides.GUIDE)
        for sheet in columns.SHEETS:
            lay_out(book.add_worksheet(sheet.title), sheet, styles)
        write_guide(guide, styles)
        write_glossary(book.add_worksheet(glossary.GLOSSARY_SHEET), styles)
        guide.activate()
    return content.getvalue()


def write_guide(
    page: Any, styles: Mapping[str, Any], origin: Sequence[tuple[str, str]] = (), steps: Sequence[str] = guides.STEPS
) -> None:
    """Write the help sheet.

    Args:
        page: Of XlsxWriter, with nothing in it yet.
        styles: As `make_form_styles` made them.
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
        self._line([(guides.GUIDE, "title", 7)], height=36)
        self._line([(guides.GUIDE_LEAD, "prose", 7)])
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
        for sheet in columns.SHEETS:
            self._line([(sheet.title, "topic", 1), (sheet.help, "cell", 6)])
        self._section("Colours")
        for text, style, words in guides.COLOUR_MEANINGS:
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
        for sheet in columns.SHEETS:
            cells = list(zip(sheet.columns, guides.example_row(sheet), strict=True))
            self._line([(sheet.title, "subtitle", 7)], height=30)
            for start in range(0, len(cells), self.last):
                band = cells[start : start + self.last]
                self._line([(guides.header(c), "required" if c.required else "header", 1) for c, _ in band])
                self._line([(value, "sample", 1) for _, value in band])

    def _columns(self) -> None:
        for sheet in columns.SHEETS:
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
