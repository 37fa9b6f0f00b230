"""Styles: how cells of our workbooks look, one table for all of them; and how high a row of wrapped text is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from batch.tables.row_results import Tone

FILL: Final = {Tone.GOOD: "#D5EBD8", Tone.QUIET: "#ECEFF1", Tone.WARN: "#FFE8A3", Tone.BAD: "#F5B7B1"}
"""Behind text. Printed without colour they are four greys, and the word stands in the cell."""
BAR: Final = {Tone.GOOD: "#2E7D32", Tone.QUIET: "#90A4AE", Tone.WARN: "#F2A900", Tone.BAD: "#C62828"}
"""In charts."""
PLAIN_BAR: Final = "#546E7A"
DARK: Final = "#1F3A4D"
LINE: Final = "#B0BEC5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a cell looks."""

    font: str = "Calibri"
    size: int = 11
    bold: bool = False
    underline: bool = False
    colour: str = ""
    fill: str = ""
    lines: str = ""
    """Colour of thin lines on all sides."""
    top: bool = False
    """A thicker line above."""
    bottom: str = ""
    """Colour of a line below alone."""
    align: str = ""
    valign: str = ""
    indent: int = 0
    wrap: bool = False
    format: str = "General"


_TEXT: Final = Style(format="@")
_TABLE: Final = Style(lines=LINE, align="left", valign="center", indent=1)
_NUMBER: Final = replace(_TABLE, align="right", format='#,##0;-#,##0;"-"')
_LISTED: Final = Style(lines=LINE, valign="top")
_PROSE: Final = Style(valign="center", wrap=True)
_FORM: Final = replace(_PROSE, lines="#BFC9D4", indent=1)
_HEADER: Final = replace(_FORM, bold=True, align="left", colour="#FFFFFF")
_LOUD: Final = frozenset({Tone.BAD, Tone.WARN})

CELL_STYLES: Final[Mapping[str, Style]] = {
    # columns and cells of the user's
    "text": _TEXT,  # numbers that are text, so that what people type into it later stays as typed
    "their header": Style(bold=True, fill="#E3E8EB", bottom=DARK),
    "long number": Style(format="0"),
    "date": Style(format="yyyy-mm-dd", align="left"),
    "date time": Style(format="yyyy-mm-dd hh:mm:ss", align="left"),
    "time": Style(format="hh:mm:ss", align="left"),
    "duration": Style(format="[h]:mm:ss", align="left"),
    # results and lists
    "our header": Style(bold=True, fill=DARK, colour="#FFFFFF", align="left", valign="center", indent=1),
    "plain": Style(align="left", indent=1),
    "centred": Style(align="center"),
    "thousands": Style(format="#,##0", align="right", indent=1),
    "link": Style(colour="#0B5394", underline=True, align="left", indent=1),
    "cell": replace(_TABLE, wrap=True),
    "label": replace(_TABLE, bold=True, fill="#F5F7F8", wrap=True),
    "field": replace(_TABLE, fill="#FFF7C2", wrap=True, format="@"),  # to be filled in
    "never": replace(_TABLE, colour="#607D8B", wrap=True),  # an ending that did not occur
    "number": _NUMBER,
    "total": replace(_TABLE, bold=True, top=True),
    "total number": replace(_NUMBER, bold=True, top=True),
    "title": Style(bold=True, size=20, colour=DARK),
    "practice": Style(bold=True, size=22, fill="#F2A900", lines="#000000", align="center", valign="center"),
    "section": Style(bold=True, size=13, colour=DARK, bottom=DARK),
    **{tone: Style(fill=FILL[tone], bold=tone in _LOUD, align="left", indent=1) for tone in Tone},
    **{f"{tone} sentence": replace(_TABLE, fill=FILL[tone], bold=tone in _LOUD, wrap=True) for tone in Tone},
    **{
        f"{tone} headline": Style(
            fill=FILL[tone], bold=True, size=14, wrap=True, align="left", valign="center", indent=1
        )
        for tone in Tone
    },
    # the list of what is wrong
    "problems headline": Style(bold=True, size=15, colour=DARK, wrap=True, valign="center", indent=1),
    "advice": Style(wrap=True, valign="top", indent=1, colour="#37474F"),
    "problem": replace(_LISTED, align="center", fill="#FFC7CE", bold=True),
    "notice": replace(_LISTED, align="center", fill="#FFF4CD"),
    "listed link": replace(_LISTED, colour="#0B5394", underline=True, align="left", indent=1),
    "listed": replace(_LISTED, wrap=True, align="left", indent=1),
    "listed value": replace(_LISTED, wrap=True, align="left", indent=1, format="@"),
    **{
        f"{tone} listed": replace(_LISTED, wrap=True, align="left", indent=1, format="@", fill=FILL[tone])
        for tone in Tone
    },
    "answer": replace(_LISTED, align="center", lines="#000000", fill="#FFFFFF", bold=True),
    # template and export
    "header": replace(_HEADER, fill="#1F4E79"),
    "required": replace(_HEADER, fill="#C55A11"),
    "guide title": Style(bold=True, size=20, colour="#1F4E79", valign="center"),
    "guide section": Style(bold=True, size=14, colour="#1F4E79", bottom="#1F4E79", valign="bottom"),
    "subtitle": Style(bold=True, valign="center"),
    "prose": _PROSE,
    "topic": replace(_FORM, bold=True, fill="#EAF1F8"),
    "help": replace(_FORM, format="@"),
    "sample": replace(_FORM, format="@", fill="#FFF7E0"),
    "command": replace(_FORM, font="Consolas", fill="#F2F2F2"),
}
"""By what they are for."""

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
