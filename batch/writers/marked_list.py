"""Marked list: the sheet of a marked workbook on which all problems stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xlsxwriter.utility import quote_sheetname

from batch.schema.problems import Problem
from batch.schema.spellings import spans
from batch.wording import Who
from batch.writers.marked_findings import Line, lines
from batch.writers.styles import DARK, LINE, Styles, row_height, write_text

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_LINKS: Final = 60_000
"""Links on a sheet; Excel takes 65,530."""
MOST_LINES: Final = 100_000
"""Lines that are written out; the others are counted."""

_COLUMNS: Final = (
    ("No.", 7),
    ("Sheet", 14),
    ("Cell", 9),
    ("Column", 18),
    ("Value", 24),
    ("What is wrong", 52),
    ("What to type instead", 52),
    ("Who must fix it", 27),
)
_HEADER: Final = 2
"""Row of the headers, counted from 0."""
_WIDTH: Final = sum(width for _, width in _COLUMNS)
_WHO: Final = {
    Who.EDITOR: "You, in this workbook",
    Who.ADMINISTRATOR: "PBX administrator",
    Who.CARRIER: "Carrier",
    Who.OPERATOR: "Who runs trunk-batch",
}
_NOBODY: Final = "Nobody, if it is as meant"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looks:
    """Formats of this sheet alone."""

    headline: Format
    advice: Format
    number: Mapping[bool, Format]
    """By whether it is a problem."""
    link: Format
    cell: Format
    value: Format


def add_listing(
    book: Workbook, styles: Styles, name: str, problems: Sequence[Problem], sheets: Collection[str], left_out: str = ""
) -> None:
    """Add the sheet with all problems: a line each, with a link to the cell.

    Args:
        book: Of XlsxWriter, in constant-memory mode.
        styles: Of that workbook.
        name: Of the sheet.
        problems: Problems and notices in the order in which they are listed.
        sheets: Names of the sheets that can be linked to.
        left_out: What could not be taken over into this workbook, in a sentence.
    """
    target = book.add_worksheet(name)
    looks = _looks(book)
    listed = list(lines(problems))
    target.set_landscape()
    target.set_paper(9)
    target.fit_to_pages(1, 0)
    target.repeat_rows(_HEADER)
    target.set_footer("&L&F&RPage &P of &N")
    target.hide_gridlines(2)
    target.freeze_panes(_HEADER + 1, 0)
    target.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    for column, (_, width) in enumerate(_COLUMNS):
        target.set_column(column, column, width, styles.plain)
    _write_head(target, looks, problems, left_out)
    target.set_row(_HEADER, 22)
    for column, (header, _) in enumerate(_COLUMNS):
        target.write_string(_HEADER, column, header, styles.ours)
    for number, line in enumerate(listed[:MOST_LINES], 1):
        _write_line(target, looks, number, line, linked=line.problem.sheet in sheets)
    last = _HEADER + min(len(listed), MOST_LINES)
    if len(listed) > MOST_LINES:
        more = f"and {len(listed) - MOST_LINES:,} more; trunk-batch check --json lists them all"
        target.write_string(last + 1, 1, more)
    target.autofilter(_HEADER, 0, max(last, _HEADER + 1), len(_COLUMNS) - 1)
    target.set_tab_color("#C62828" if any(problem.stops for problem in problems) else "#2E7D32")


def _looks(book: Workbook) -> _Looks:
    line = {"border": 1, "border_color": LINE, "valign": "top"}
    text = {**line, "text_wrap": True, "align": "left", "indent": 1}
    return _Looks(
        headline=book.add_format(
            {"bold": True, "font_size": 15, "font_color": DARK, "text_wrap": True, "valign": "vcenter", "indent": 1}
        ),
        advice=book.add_format({"text_wrap": True, "valign": "top", "indent": 1, "font_color": "#37474F"}),
        number={
            True: book.add_format({**line, "align": "center", "bg_color": "#FFC7CE", "bold": True}),
            False: book.add_format({**line, "align": "center", "bg_color": "#FFF4CD"}),
        },
        link=book.add_format({**line, "font_color": "#0B5394", "underline": 1, "align": "left", "indent": 1}),
        cell=book.add_format(text),
        value=book.add_format({**text, "num_format": "@"}),
    )


def _write_head(target: Worksheet, looks: _Looks, problems: Sequence[Problem], left_out: str) -> None:
    advice = _advice(problems)
    if left_out:
        advice = f"{advice}\n{left_out}"
    for row, (text, look, least) in enumerate(
        ((problems_headline(problems), looks.headline, 30.0), (advice, looks.advice, 16.0))
    ):
        target.set_row(row, max(least, row_height([(text, _WIDTH)])))
        target.merge_range(row, 0, row, len(_COLUMNS) - 1, "", look)
        write_text(target, row, 0, text, look)


def problems_headline(problems: Sequence[Problem]) -> str:
    """Say in a sentence how much there is to correct."""
    count = Counter(problem.stops for problem in problems)
    told = _amount(count[False], "note") if count[False] else ""
    if not count[True]:
        return f"No problems.{f' {told}, listed below.' if told else ' There is nothing to correct.'}"
    cells = len({problem.place for problem in problems if problem.stops})
    amount = _amount(count[True], "problem")
    where = f" in {_amount(cells, 'cell')}" if cells != count[True] else ""
    return f"{amount}{where} to correct{f'; {told}' if told else ''}."


def _amount(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _advice(problems: Sequence[Problem]) -> str:
    if not any(problem.stops for problem in problems):
        return "Nothing in this workbook has to be corrected. This sheet is not taken for one of yours."
    return (
        "Click a cell's name to go there. Pink cells are wrong: the note in each says what to type. Pale yellow cells "
        "were understood, but look at them once.\nCorrect the cells, save this file and send it back as it is: the "
        "colours, the notes and this sheet are taken off when it is read again."
    )


def _write_line(target: Worksheet, looks: _Looks, number: int, line: Line, *, linked: bool) -> None:
    problem = line.problem
    row = _HEADER + number
    wrong = problem.message if not line.rows else f"{problem.message} (rows {_shortened(spans(line.rows))})"
    idle = not problem.stops and problem.fix.startswith("Nothing to do")
    texts = (problem.sheet, problem.cell if linked else "", problem.header, problem.value, wrong, problem.fix)
    who = _NOBODY if idle else _WHO[problem.kind.who]
    wrapped = zip((problem.header, problem.value, wrong, problem.fix, who), _WIDTHS, strict=True)
    target.set_row(row, row_height(wrapped))
    target.write_number(row, 0, number, looks.number[problem.stops])
    for column, text in enumerate((*texts, who), 1):
        write_text(target, row, column, text, looks.value if column == _VALUE else looks.cell)
    if linked and number <= MOST_LINKS:
        place = f"internal:{quote_sheetname(problem.sheet)}!{problem.cell}"
        target.write_url(row, _CELL, place, looks.link, problem.cell)


_CELL: Final = 2
_VALUE: Final = 4
_WIDTHS: Final = tuple(width for _, width in _COLUMNS[3:])
_LONGEST_SPANS: Final = 300


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SPANS else f"{text[:_LONGEST_SPANS].rpartition(',')[0]} …"
