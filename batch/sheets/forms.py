"""Forms: how the three sheets look when they are made anew, in the template as in an export.

Each column is text all the way down and says what it is; closed lists are drop-downs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from batch.sheets import guides, layout
from batch.sheets.layout import Column, Sheet

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

_TABS: Final = {layout.TRUNKS.title: "#1F4E79", layout.CALLER_IDS.title: "#2E75B6", layout.DIDS.title: "#9DC3E6"}
_FROZEN: Final = {layout.TRUNKS.title: 3}
"""Columns that stay in sight; elsewhere the first one."""


def make_styles(book: Any) -> dict[str, Any]:
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
        styles: Of that workbook, as `make_styles` made them.
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
    page.ignore_errors({"number_stored_as_text": f"A1:{layout.letters(last)}{LAST_ROW + 1}"})
    page.set_tab_color(_TABS[sheet.title])
    set_print(page)
    page.repeat_rows(0)
    if sheet is layout.TRUNKS:  # too many columns for one page to be read; every page says which trunk it is about
        name = sheet.columns.index(sheet.column("name"))
        page.fit_to_pages(2, 0)
        page.repeat_columns(name, name)


def _drop_down(column: Column) -> dict[str, Any]:
    choices = [*column.choices, *([layout.CLEAR] if column.clearable else [])]
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
