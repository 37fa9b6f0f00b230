"""The Summary sheet: what happened, in an order in which a person asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from batch.tables.row_results import CodeCount, EndingCount, Summary, Tone, by_ending
from batch.writers.styles import BAR, DARK, PLAIN_BAR, Styles, row_height, write_text

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.chart import Chart
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

SUMMARY: Final = "Summary"
PRACTICE_NOTE: Final = "PRACTICE: this was the practice PBX, no real trunk was touched"
NO_CODE: Final = "none"
COLOURS: Final = {
    Tone.GOOD: ("green", "As wanted."),
    Tone.QUIET: ("grey", "Left as it was."),
    Tone.WARN: ("amber", "Somebody should look at it."),
    Tone.BAD: ("red", "Something has to be put right first."),
}
_Bar: TypeAlias = tuple[str | int, int, str]
"""Label, rows, colour."""
_WORST_FIRST: Final = (Tone.BAD, Tone.WARN, Tone.GOOD, Tone.QUIET)
_MOST_BARS: Final = 12
_FIRST: Final = 18
_WIDE: Final = 44
"""Width, in characters, of the columns with sentences."""


def add_summary(book: Workbook, styles: Styles, summary: Summary, *, column: str, name: str = SUMMARY) -> None:
    """Add the Summary sheet to a workbook that has none yet.

    Args:
        book: Of XlsxWriter, in constant-memory mode.
        styles: Of that workbook.
        summary: What it says.
        column: What the endings are called here: ``Result``, or in a plan ``Expected result``.
        name: Of the sheet.
    """
    sheet = book.add_worksheet(name)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")
    endings = by_ending(summary.counts)
    page = _Page(sheet, styles, sheets=list(dict.fromkeys(count.sheet for count in summary.counts)))
    page.title(summary, worst_tone(endings))
    page.sentences("Look at these first", summary.attention, Tone.WARN)
    page.sentences("Hazards", summary.hazards, Tone.WARN)
    page.facts(summary.facts)
    endings_at = page.endings(endings, column)
    codes_at = page.codes(summary.codes)
    page.charts(book, (endings_at, endings), (codes_at, summary.codes), column)
    page.colours(endings)


class _Page:
    """The sheet and the next free row (counted from 0): constant-memory mode only goes down."""

    def __init__(self, sheet: Worksheet, styles: Styles, sheets: Sequence[str]) -> None:
        self.sheet = sheet
        self.styles = styles
        self.sheets = sheets
        self.all = 1 + max(1, len(sheets))
        """Column of the rows of all sheets together; two columns of sentences follow."""
        self.last = self.all + 2
        self.row = 0
        sheet.set_column(0, 0, _FIRST)
        sheet.set_column(1, self.all - 1, 12)
        sheet.set_column(self.all, self.all, max(12, 12 * (5 - self.all)))
        sheet.set_column(self.all + 1, self.last, _WIDE)
        self.narrow = 12 * (self.all - 1) + max(12, 12 * (5 - self.all))
        """Characters from the second column to `all`."""
        self.whole = _FIRST + self.narrow + 2 * _WIDE

    def title(self, summary: Summary, tone: Tone) -> None:
        self.sheet.set_row(self.row, 30)
        write_text(self.sheet, self.row, 0, summary.title, self.styles.title)
        self.row += 1
        if summary.practice:
            self.sheet.set_row(self.row, 36)
            self.across(0, self.last, PRACTICE_NOTE, self.styles.practice)
            self.row += 1
        self.tall((summary.headline * 2, self.whole), least=26)
        self.across(0, self.last, summary.headline, self.styles.headline[tone])
        self.row += 2

    def sentences(self, heading: str, sentences: Sequence[str], tone: Tone) -> None:
        if not sentences:
            return
        self.heading(heading)
        for sentence in sentences:
            self.tall((sentence, self.whole))
            self.across(0, self.last, sentence, self.styles.tone_wrapped[tone])
            self.row += 1
        self.row += 1

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        for label, text in facts:
            self.tall((label, _FIRST), (text, self.narrow + _WIDE))
            write_text(self.sheet, self.row, 0, label, self.styles.label)
            self.across(1, self.all + 1, text, self.styles.cell)
            self.row += 1
        self.row += bool(facts)

    def endings(self, endings: Sequence[EndingCount], column: str) -> int:
        """Write the table and return the row of its first ending."""
        self.heading(f"Rows by {column.lower()}")
        self.header((column, *(self.sheets or ("Rows",)), "All sheets", "What it means", "What next"))
        first = self.row
        for ending in endings:
            self.tall((ending.meaning, _WIDE), (ending.next_step, _WIDE))
            text = self.styles.cell if ending.total else self.styles.never
            word = self.styles.tone_wrapped[ending.tone] if ending.total else text
            write_text(self.sheet, self.row, 0, ending.ending, word)
            for place, sheet in enumerate(self.sheets, 1):
                self.sheet.write_number(self.row, place, ending.rows.get(sheet, 0), self.styles.number)
            self.sheet.write_number(self.row, self.all, ending.total, self.styles.number)
            write_text(self.sheet, self.row, self.all + 1, ending.meaning, text)
            write_text(self.sheet, self.row, self.last, ending.next_step, text)
            self.row += 1
        write_text(self.sheet, self.row, 0, "Total", self.styles.total)
        for place, sheet in enumerate(self.sheets, 1):
            rows = sum(ending.rows.get(sheet, 0) for ending in endings)
            self.sheet.write_number(self.row, place, rows, self.styles.total_number)
        self.sheet.write_number(self.row, self.all, sum(ending.total for ending in endings), self.styles.total_number)
        self.row += 2
        return first

    def codes(self, codes: Sequence[CodeCount]) -> int:
        """Write the table and return the row of its first code."""
        if not codes:
            return self.row
        self.heading("Rows by the PBX's answer")
        self.header(("Errcode", "Rows", *("Errmsg", *[""] * (self.all - 2)), "What it means", "Who can help"))
        first = self.row
        for code in codes:
            self.tall((code.errmsg, self.narrow - 12), (code.meaning, _WIDE), (code.who, _WIDE))
            if code.errcode is None:
                write_text(self.sheet, self.row, 0, NO_CODE, self.styles.label)
            else:
                self.sheet.write_number(self.row, 0, code.errcode, self.styles.label)
            self.sheet.write_number(self.row, 1, code.rows, self.styles.number)
            self.across(2, self.all, code.errmsg, self.styles.cell)
            write_text(self.sheet, self.row, self.all + 1, code.meaning, self.styles.cell)
            write_text(self.sheet, self.row, self.last, code.who, self.styles.cell)
            self.row += 1
        self.row += 1
        return first

    def charts(
        self,
        book: Workbook,
        endings: tuple[int, Sequence[EndingCount]],
        codes: tuple[int, Sequence[CodeCount]],
        column: str,
    ) -> None:
        """Put both charts side by side below the tables, in rows that stay blank."""
        first_ending, counted = endings
        bars: list[_Bar] = [(ending.ending, ending.total, BAR[ending.tone]) for ending in counted if ending.total]
        first_code, answers = codes
        answer_bars: list[_Bar] = [
            (NO_CODE if code.errcode is None else code.errcode, code.rows, PLAIN_BAR) for code in answers[:_MOST_BARS]
        ]
        most = max(len(bars), len(answer_bars))
        if not most:
            return
        height = 90 + 26 * most
        wide = self.all + 1
        if bars:
            chart = _bars(
                book, self.sheet.name, f"Rows by {column.lower()}", bars, row=first_ending, value_column=self.all
            )
            chart.set_size({"width": 500, "height": height})
            self.sheet.insert_chart(self.row, 0, chart, {"object_position": 1})
        if answer_bars:
            chart = _bars(book, self.sheet.name, "Rows by errcode", answer_bars, row=first_code, value_column=1)
            chart.set_size({"width": 500, "height": height})
            self.sheet.insert_chart(self.row, wide, chart, {"object_position": 1, "x_offset": 40})
        self.row += height // 20 + 2

    def colours(self, endings: Sequence[EndingCount]) -> None:
        self.heading("What the colours mean")
        for tone, (colour, meaning) in COLOURS.items():
            words = ", ".join(ending.ending for ending in endings if ending.tone is tone)
            write_text(self.sheet, self.row, 0, colour, self.styles.tone_wrapped[tone])
            text = f"{meaning} {words[0].upper()}{words[1:]}." if words else meaning
            self.tall((text, self.narrow + _WIDE))
            self.across(1, self.all + 1, text, self.styles.cell)
            self.row += 1

    def heading(self, text: str) -> None:
        self.sheet.set_row(self.row, 20)
        self.across(0, self.last, text, self.styles.section)
        self.row += 1

    def header(self, texts: Sequence[str]) -> None:
        for place, text in enumerate(texts):
            write_text(self.sheet, self.row, place, text, self.styles.ours)
        self.row += 1

    def across(self, first: int, last: int, text: str, style: Format) -> None:
        """Write one text over several columns of the row."""
        if last > first:
            self.sheet.merge_range(self.row, first, self.row, last, "", style)
        write_text(self.sheet, self.row, first, text, style)

    def tall(self, *texts: tuple[str, int], least: float = 0) -> None:
        """Make the row high enough for texts wrapped at a width in characters."""
        self.sheet.set_row(self.row, max(row_height(texts), least))


def worst_tone(endings: Sequence[EndingCount]) -> Tone:
    """Return the tone of the worst ending that occurred."""
    there = {ending.tone for ending in endings if ending.total}
    return next((tone for tone in _WORST_FIRST if tone in there), Tone.QUIET)


def _bars(book: Workbook, sheet: str, title: str, bars: Sequence[_Bar], *, row: int, value_column: int) -> Chart:
    """Make a bar chart of a table's rows; the numbers are put in too, for viewers that do not calculate."""
    chart = book.add_chart({"type": "bar"})
    last = row + len(bars) - 1
    chart.add_series(
        {
            "name": "Rows",
            "categories": [sheet, row, 0, last, 0],
            "values": [sheet, row, value_column, last, value_column],
            "categories_data": [label for label, _, _ in bars],
            "values_data": [rows for _, rows, _ in bars],
            "points": [{"fill": {"color": colour}, "border": {"color": DARK}} for _, _, colour in bars],
            "data_labels": {"value": True, "num_format": "#,##0"},
            "gap": 40,
        }
    )
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "num_font": {"size": 10}})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}, "min": 0})
    return chart
