"""How our workbooks look: colours, fonts, borders; and the one way to put text into a cell."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from batch.tables.row_results import Tone

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

FILL: Final = {Tone.GOOD: "#D5EBD8", Tone.QUIET: "#ECEFF1", Tone.WARN: "#FFE8A3", Tone.BAD: "#F5B7B1"}
"""Behind text. Printed without colour they are four greys, and the word stands in the cell."""
BAR: Final = {Tone.GOOD: "#2E7D32", Tone.QUIET: "#90A4AE", Tone.WARN: "#F2A900", Tone.BAD: "#C62828"}
"""In charts."""
PLAIN_BAR: Final = "#546E7A"
DARK: Final = "#1F3A4D"
LINE: Final = "#B0BEC5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Styles:
    """The formats of one workbook."""

    tone: Mapping[Tone, Format]
    """A result cell."""
    tone_wrapped: Mapping[Tone, Format]
    """A whole sentence on its tone's colour."""
    theirs: Format
    """A header of the user's."""
    ours: Format
    """A header of ours."""
    link: Format
    text: Format
    """A column of numbers that are text, so that what people type into it later stays as typed."""
    long_number: Format
    date: Format
    date_time: Format
    time: Format
    duration: Format
    plain: Format
    """A column of texts of ours."""
    centred: Format
    """A column of short numbers of ours."""
    thousands: Format
    title: Format
    headline: Mapping[Tone, Format]
    practice: Format
    section: Format
    label: Format
    cell: Format
    """A wrapped text of a table."""
    never: Format
    """An ending that did not occur."""
    number: Format
    total: Format
    total_number: Format


def make_styles(book: Workbook) -> Styles:
    """Make the formats of a workbook."""

    def style(**properties: Any) -> Format:
        return book.add_format(properties)

    table = {"border": 1, "border_color": LINE, "align": "left", "valign": "vcenter", "indent": 1}
    number = {**table, "align": "right", "num_format": '#,##0;-#,##0;"-"'}
    return Styles(
        tone={
            tone: style(bg_color=FILL[tone], bold=tone in {Tone.BAD, Tone.WARN}, align="left", indent=1)
            for tone in Tone
        },
        tone_wrapped={
            tone: style(**table, bg_color=FILL[tone], bold=tone in {Tone.BAD, Tone.WARN}, text_wrap=True)
            for tone in Tone
        },
        theirs=style(bold=True, bg_color="#E3E8EB", bottom=1, bottom_color=DARK),
        ours=style(bold=True, bg_color=DARK, font_color="#FFFFFF", align="left", valign="vcenter", indent=1),
        link=style(font_color="#0B5394", underline=1, align="left", indent=1),
        text=style(num_format="@"),
        long_number=style(num_format="0"),
        date=style(num_format="yyyy-mm-dd", align="left"),
        date_time=style(num_format="yyyy-mm-dd hh:mm:ss", align="left"),
        time=style(num_format="hh:mm:ss", align="left"),
        duration=style(num_format="[h]:mm:ss", align="left"),
        plain=style(align="left", indent=1),
        centred=style(align="center"),
        thousands=style(num_format="#,##0", align="right", indent=1),
        headline={
            tone: style(
                bg_color=FILL[tone], bold=True, font_size=14, text_wrap=True, align="left", valign="vcenter", indent=1
            )
            for tone in Tone
        },
        title=style(bold=True, font_size=20, font_color=DARK),
        practice=style(bold=True, font_size=22, bg_color="#F2A900", align="center", valign="vcenter", border=2),
        section=style(bold=True, font_size=13, font_color=DARK, bottom=2, bottom_color=DARK),
        label=style(**table, bold=True, bg_color="#F5F7F8"),
        cell=style(**table, text_wrap=True),
        never=style(**table, font_color="#607D8B", text_wrap=True),
        number=style(**number),
        total=style(**{**table, "bold": True, "top": 2}),
        total_number=style(**{**number, "bold": True, "top": 2}),
    )


_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_RICH: Final = "<r>"
_LONGEST_RICH: Final = 16_000


def write_text(sheet: Worksheet, row: int, column: int, text: str, style: Format | None = None) -> None:
    """Write a text cell, whatever the text is; never a formula, a number or a link.

    Args:
        sheet: Of XlsxWriter, in constant-memory mode.
        row: Counted from 0.
        column: Counted from 0.
        text: Half a surrogate pair, which no file can hold, becomes U+FFFD; what is above Excel's 32,767
            characters is cut off.
        style: Of the cell.
    """
    if not text.isascii():
        text = _LONE_SURROGATE.sub("\ufffd", text)
    if text.startswith(_RICH):
        _write_rich_looking(sheet, row, column, text, style)
    else:
        sheet.write_string(row, column, text, style)


def _write_rich_looking(sheet: Worksheet, row: int, column: int, text: str, style: Format | None) -> None:
    # XlsxWriter takes a string from <r> to </r> for its own XML and writes it unescaped into the file.
    if len(text) > _LONGEST_RICH:
        sheet.write_string(row, column, text[:_LONGEST_RICH].rstrip(">"), style)
    elif text.endswith("</r>"):
        rest = text.removeprefix(_RICH)
        parts = (_RICH[:1], _RICH[1:], rest)
        sheet.write_rich_string(row, column, *parts, *([style] if style else []))
    else:
        sheet.write_string(row, column, text, style)


_LINE_POINTS: Final = 15.5
_MOST_LINES: Final = 25


def row_height(texts: Iterable[tuple[str, int]]) -> float:
    """Return the height, in points, of a row that holds texts wrapped in columns of some width in characters.

    Merged cells never grow with their text, and LibreOffice leaves other cells of our files low too.
    """
    lines = 1
    for text, width in texts:
        room = int(width * 1.1) - 2  # the usual letter is narrower than the digit that widths are counted in
        lines = max(
            lines, sum(len(textwrap.wrap(line, room)) or 1 if len(line) > room else 1 for line in text.split("\n"))
        )
    return _LINE_POINTS * min(lines, _MOST_LINES) + 1
