"""The Summary sheet: what happened, in an order in which a person asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from batch.schema.spellings import letters
from batch.tables.row_results import CodeCount, EndingCount, Summary, Tone, by_ending
from batch.writers.new_workbook import CellContent, NewSheet, NewWorkbook, SheetCell, quoted_sheet
from batch.writers.styles import BAR, DARK, PLAIN_BAR, row_height

if TYPE_CHECKING:
    from openpyxl.chart import BarChart

SUMMARY: Final = "Summary"
PRACTICE_NOTE: Final = "PRACTICE: this was the practice PBX, no real trunk was touched"
NO_CODE: Final = "none"
COLOURS: Final = {
    Tone.GOOD: ("green", "As wanted."),
    Tone.QUIET: ("grey", "Left as it was."),
    Tone.WARN: ("amber", "Somebody should look at it."),
    Tone.BAD: ("red", "Something has to be put right first."),
}


class _Bar(NamedTuple):
    label: str | int
    rows: int
    colour: str


_WORST_FIRST: Final = (Tone.BAD, Tone.WARN, Tone.GOOD, Tone.QUIET)
_MOST_BARS: Final = 12
_FIRST: Final = 18
_WIDE: Final = 44
"""Width, in characters, of the columns with sentences."""


def add_summary(book: NewWorkbook, summary: Summary, *, column: str, name: str = SUMMARY) -> None:
    """Add the Summary sheet to a workbook.

    Args:
        book: Gets it.
        summary: What it says.
        column: What the endings are called here: ``Result``, or in a plan ``Expected result``.
        name: Of the sheet.
    """
    sheet = book.sheet(name)
    sheet.page.sheet_view.showGridLines = False
    sheet.print_across()
    sheet.foot("&A")
    endings = by_ending(summary.counts)
    page = _Page(sheet, sheets=list(dict.fromkeys(count.sheet for count in summary.counts)))
    page.title(summary, worst_tone(endings))
    page.sentences("Look at these first", summary.attention)
    page.sentences("Hazards", summary.hazards)
    page.facts(summary.facts)
    endings_at = page.endings(endings, column)
    codes_at = page.codes(summary.codes)
    page.charts((endings_at, endings), (codes_at, summary.codes), column)
    page.colours(endings)


class _Page:
    """The sheet and the number of its next free row."""

    def __init__(self, sheet: NewSheet, sheets: Sequence[str]) -> None:
        self.sheet = sheet
        self.sheets = sheets
        self.all = 1 + max(1, len(sheets))
        """Column of the rows of all sheets together; two columns of sentences follow."""
        self.row = 1
        totals = max(12, 12 * (5 - self.all))
        sheet.set_columns([_FIRST, *[12] * (self.all - 1), totals, _WIDE, _WIDE])
        self.narrow = 12 * (self.all - 1) + totals
        """Characters from the second column to `all`."""
        self.whole = _FIRST + self.narrow + 2 * _WIDE

    def line(self, *blocks: SheetCell, tall: Iterable[tuple[str, int]] = (), least: float = 0) -> None:
        """Write a row, high enough for texts wrapped at a width in characters."""
        self.sheet.add(self.row, blocks, max(row_height(tall), least))
        self.row += 1

    def across(self, text: str, style: str, *, tall: str = "", least: float = 0) -> None:
        """Write one text over all columns."""
        self.line((text, style, self.all + 3), tall=[(tall, self.whole)], least=least)

    def title(self, summary: Summary, tone: Tone) -> None:
        self.line((summary.title, "title", 1), least=30)
        if summary.practice:
            self.across(PRACTICE_NOTE, "practice", least=36)
        self.across(summary.headline, f"{tone} headline", tall=summary.headline * 2, least=26)
        self.row += 1

    def sentences(self, heading: str, sentences: Sequence[str]) -> None:
        if not sentences:
            return
        self.across(heading, "section", least=20)
        for sentence in sentences:
            self.across(sentence, f"{Tone.WARN} sentence", tall=sentence)
        self.row += 1

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        for label, text in facts:
            tall = ((label, _FIRST), (text, self.narrow + _WIDE))
            self.line((label, "label", 1), (text, "cell", self.all + 1), tall=tall)
        self.row += bool(facts)

    def endings(self, endings: Sequence[EndingCount], column: str) -> int:
        """Write the table and return the row of its first ending."""
        self.across(f"Rows by {column.lower()}", "section", least=20)
        self.header(column, *(self.sheets or ("Rows",)), "All sheets", "What it means", "What next")
        blank: list[SheetCell] = [] if self.sheets else [("", "", 1)]
        first = self.row
        for ending in endings:
            text = "cell" if ending.total else "never"
            self.line(
                (ending.ending, f"{ending.tone} sentence" if ending.total else text, 1),
                *blank,
                *((ending.rows.get(sheet, 0), "number", 1) for sheet in self.sheets),
                (ending.total, "number", 1),
                (ending.meaning, text, 1),
                (ending.next_step, text, 1),
                tall=((ending.meaning, _WIDE), (ending.next_step, _WIDE)),
            )
        totals = [sum(ending.rows.get(sheet, 0) for ending in endings) for sheet in self.sheets]
        all_rows = sum(ending.total for ending in endings)
        self.line(("Total", "total", 1), *blank, *((rows, "total number", 1) for rows in (*totals, all_rows)))
        self.row += 1
        return first

    def codes(self, codes: Sequence[CodeCount]) -> int:
        """Write the table and return the row of its first code."""
        if not codes:
            return self.row
        self.across("Rows by the PBX's answer", "section", least=20)
        self.header("Errcode", "Rows", "Errmsg", *[""] * (self.all - 2), "What it means", "Who can help")
        first = self.row
        for code in codes:
            self.line(
                (_label(code), "label", 1),
                (code.rows, "number", 1),
                (code.errmsg, "cell", self.all - 1),
                (code.meaning, "cell", 1),
                (code.who, "cell", 1),
                tall=((code.errmsg, self.narrow - 12), (code.meaning, _WIDE), (code.who, _WIDE)),
            )
        self.row += 1
        return first

    def charts(
        self, endings: tuple[int, Sequence[EndingCount]], codes: tuple[int, Sequence[CodeCount]], column: str
    ) -> None:
        """Put both charts side by side below the tables, in rows that stay blank."""
        first_ending, counted = endings
        first_code, answers = codes
        bars = [_Bar(ending.ending, ending.total, BAR[ending.tone]) for ending in counted if ending.total]
        answer_bars = [_Bar(_label(code), code.rows, PLAIN_BAR) for code in answers[:_MOST_BARS]]
        most = max(len(bars), len(answer_bars))
        if not most:
            return
        height = 90 + 26 * most
        for title, shown, row, values, place in (
            (f"Rows by {column.lower()}", bars, first_ending, self.all, 0),
            ("Rows by errcode", answer_bars, first_code, 1, self.all + 1),
        ):
            if shown:
                chart = _bars(self.sheet.name, title, shown, row=row, values=values)
                chart.width, chart.height = 12, round(height * 2.54 / 96)  # centimetres
                self.sheet.page.add_chart(chart, f"{letters(place)}{self.row}")
        self.row += height // 20 + 2

    def colours(self, endings: Sequence[EndingCount]) -> None:
        self.across("What the colours mean", "section", least=20)
        for tone, (colour, meaning) in COLOURS.items():
            words = ", ".join(ending.ending for ending in endings if ending.tone is tone)
            text = f"{meaning} {words[0].upper()}{words[1:]}." if words else meaning
            tall = [(text, self.narrow + _WIDE)]
            self.line((colour, f"{tone} sentence", 1), (text, "cell", self.all + 1), tall=tall)

    def header(self, *texts: CellContent) -> None:
        self.line(*((text, "our header", 1) for text in texts))


def _label(code: CodeCount) -> str | int:
    return NO_CODE if code.errcode is None else code.errcode


def worst_tone(endings: Sequence[EndingCount]) -> Tone:
    """Return the tone of the worst ending that occurred."""
    there = {ending.tone for ending in endings if ending.total}
    return next((tone for tone in _WORST_FIRST if tone in there), Tone.QUIET)


def _bars(sheet: str, title: str, bars: Sequence[_Bar], *, row: int, values: int) -> BarChart:
    """Make a bar chart of a table's rows; the numbers are put in too, for viewers that do not calculate."""
    from openpyxl.chart import BarChart  # noqa: PLC0415 - takes half a second that only those wait who write
    from openpyxl.chart.data_source import (  # noqa: PLC0415 - as above
        AxDataSource,
        NumData,
        NumDataSource,
        NumRef,
        NumVal,
        StrData,
        StrRef,
        StrVal,
    )
    from openpyxl.chart.label import DataLabelList  # noqa: PLC0415 - as above
    from openpyxl.chart.marker import DataPoint  # noqa: PLC0415 - as above
    from openpyxl.chart.series import Series, SeriesLabel  # noqa: PLC0415 - as above
    from openpyxl.chart.title import title_maker  # noqa: PLC0415 - as above

    def cells(column: int) -> str:
        name = letters(column)
        return f"{quoted_sheet(sheet)}!${name}${row}:${name}${row + len(bars) - 1}"

    labels = StrData(ptCount=len(bars), pt=[StrVal(idx=n, v=str(bar.label)) for n, bar in enumerate(bars)])
    rows = NumData(ptCount=len(bars), pt=[NumVal(idx=n, v=str(bar.rows)) for n, bar in enumerate(bars)])
    series = Series(
        idx=0,
        order=0,
        tx=SeriesLabel(v="Rows"),
        cat=AxDataSource(strRef=StrRef(f=cells(0), strCache=labels)),
        val=NumDataSource(numRef=NumRef(f=cells(values), numCache=rows)),
    )
    for number, bar in enumerate(bars):
        point = DataPoint(idx=number)
        point.graphicalProperties.solidFill = bar.colour.removeprefix("#")
        point.graphicalProperties.line.solidFill = DARK.removeprefix("#")
        series.dPt.append(point)
    series.dLbls = DataLabelList(
        numFmt="#,##0", showVal=True, showSerName=False, showCatName=False, showLegendKey=False, showPercent=False
    )
    chart = BarChart(barDir="bar", gapWidth=40)
    chart.append(series)
    chart.title = title_maker(title)
    chart.title.overlay = False
    chart.legend = None
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.delete = False
    chart.y_axis.delete = True
    chart.y_axis.majorGridlines = None
    chart.y_axis.scaling.min = 0
    return chart
