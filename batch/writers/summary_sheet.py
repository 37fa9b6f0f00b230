"""Summary sheet: how a run went, or what a plan comes to, in tables and charts; of a plan, to be signed as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from batch.runs.plan_document import GOING_BACK, PlanDocument
from batch.tables.row_results import CodeCount, EndingCount, Summary, Tone
from batch.wording import letters
from batch.writers.new_workbook import CellContent, NewSheet, NewWorkbook, SheetCell, quoted_sheet
from batch.writers.styles import BAR, DARK, PLAIN_BAR, row_height

if TYPE_CHECKING:
    from openpyxl.chart import BarChart

SUMMARY: Final = "Summary"
PRACTICE_NOTE: Final = "PRACTICE: this was the practice PBX, no real trunk was touched"
PRACTICE_PLAN_NOTE: Final = "PRACTICE: this plan is for the practice PBX, no real trunk is touched"
SIGNED_BY: Final = ("Approved by", "Date", "Ticket")
"""What is filled in on the Summary of a plan by whoever approves it; the ticket may stay blank."""
NO_CODE: Final = "none"
COLOURS: Final = {
    Tone.GOOD: ("green", "Nothing is left to do."),
    Tone.QUIET: ("grey", "Left as it was."),
    Tone.WARN: ("amber", "Somebody should look at it."),
    Tone.BAD: ("red", "Something has to be put right first."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartBar:
    """One bar."""

    label: str
    amount: int
    colour: str = PLAIN_BAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars of one kind, from the top down."""

    title: str
    bars: Sequence[ChartBar]


def chart_of_endings(endings: Sequence[EndingCount], column: str) -> Chart:
    """Return the chart of the endings that occurred."""
    bars = [ChartBar(label=e.ending, amount=e.total, colour=BAR[e.tone]) for e in endings if e.total]
    return Chart(title=f"Rows by {column.lower()}", bars=bars)


def chart_of_codes(codes: Sequence[CodeCount]) -> Chart:
    """Return the chart of what the PBX answered."""
    return Chart(title="Rows by errcode", bars=[ChartBar(label=label_of(code), amount=code.rows) for code in codes])


def label_of(code: CodeCount) -> str:
    """Return an errcode as it is shown."""
    return NO_CODE if code.errcode is None else str(code.errcode)


_WORST_FIRST: Final = (Tone.BAD, Tone.WARN, Tone.GOOD, Tone.QUIET)
_MOST_BARS: Final = 12
_BLANK_ROW: Final = 15
"""Points of a row without text."""
_PAGE_WIDTH: Final = 784
_PAGE_HEIGHT: Final = 516
"""Points of an A4 page in landscape between its margins, for as long as nothing is made smaller to fit its width."""
_SURELY: Final = 0.7
"""Of a page: so much of it fits on one with whatever fonts a program has."""
_CHARACTER: Final = 5.5
"""Points of a column for each character that it is wide, with what lies between columns."""
_BOLD: Final = 0.85
"""Of the letters that fit into a line: so many of bold ones."""
_FIRST: Final = 18
_WIDE: Final = 44
"""Width, in characters, of the columns with sentences."""


def add_summary(book: NewWorkbook, summary: Summary, *, column: str, name: str = SUMMARY) -> None:
    """Add the Summary sheet to a workbook.

    Args:
        column: What the endings are called here: ``Result``, or in a plan ``Expected result``.
    """
    page = _page(book, name, summary)
    endings = summary.endings
    page.title(summary, worst_tone(endings), PRACTICE_NOTE)
    page.sentences("Look at these first", summary.attention)
    page.sentences("Hazards that were allowed", summary.hazards)
    page.facts(summary.facts)
    endings_at = page.endings(summary, column)
    codes_at = page.codes(summary.codes)
    page.charts((endings_at, chart_of_endings(endings, column)), (codes_at, chart_of_codes(summary.codes[:_MOST_BARS])))
    page.colours(endings)


def add_plan_summary(book: NewWorkbook, document: PlanDocument) -> NewSheet:
    """Add the Summary sheet of a plan: what is decided, the dangers first, and fields to sign it."""
    summary = document.summary
    page = _page(book, SUMMARY, summary)
    page.title(summary, document.tone, PRACTICE_PLAN_NOTE)
    page.sentences("Hazards", [hazard.text for hazard in document.hazards], Tone.BAD)
    page.sentences("Look at these first", summary.attention)
    page.facts(summary.facts)
    page.across("What would be done", "section", least=20)
    page.amounts([*((label, f"{amount:,}") for label, amount in document.totals), (document.cost, document.takes)])
    page.endings(summary, "Expected result")
    page.sheet.break_page(page.row - 1)
    page.across("Approval", "section", least=20)
    if document.why_not:
        page.paragraphs([document.why_not])
    else:
        page.paragraphs(filter(None, (_TO_SIGN, document.allows)))
        page.fields(SIGNED_BY)
        page.paragraphs([_TO_APPLY])
        page.across(document.command, "command", tall=document.command)
    page.gap()
    page.across("How to go back", "section", least=20)
    page.paragraphs([*GOING_BACK, *document.going_back])
    return page.sheet


_TO_SIGN: Final = (
    "Whoever approves it fills in the yellow cells (the ticket may stay blank), saves this file and gives it back. "
    "Nothing else in it may be changed; rows may be sorted and filtered."
)
_TO_APPLY: Final = "It is applied with this command, which refuses it if workbook, plan or PBX are no longer the same:"


def _page(book: NewWorkbook, name: str, summary: Summary) -> _Page:
    sheet = book.sheet(name)
    sheet.page.sheet_view.showGridLines = False
    sheet.print_across()
    return _Page(sheet, sheets=summary.sheets)


class _Page:
    """The sheet and the number of its next free row."""

    def __init__(self, sheet: NewSheet, sheets: Sequence[str]) -> None:
        self.sheet = sheet
        self.sheets = sheets
        self.all = 1 + max(1, len(sheets))
        """Column of the rows of all sheets together; two columns of sentences follow."""
        self.row = 1
        self.height = 0.0
        """Of the rows so far, in points."""
        totals = max(12, 12 * (5 - self.all))
        sheet.set_columns([_FIRST, *[12] * (self.all - 1), totals, _WIDE, _WIDE])
        self.narrow = 12 * (self.all - 1) + totals
        """Characters from the second column to `all`."""
        self.whole = _FIRST + self.narrow + 2 * _WIDE

    def line(self, *blocks: SheetCell, tall: Iterable[tuple[str, int]] = (), least: float = 0) -> None:
        """Write a row, high enough for texts wrapped at a width in characters."""
        height = max(row_height(tall), least)
        self.sheet.add(self.row, blocks, height)
        self.row += 1
        self.height += height

    def gap(self, rows: int = 1) -> None:
        self.row += rows
        self.height += rows * _BLANK_ROW

    def across(self, text: str, style: str, *, tall: str = "", least: float = 0) -> None:
        self.line((text, style, self.all + 3), tall=[(tall, self.whole)], least=least)

    def title(self, summary: Summary, tone: Tone, practice_note: str) -> None:
        self.line((summary.title, "title", 1), least=30)
        if summary.practice:
            self.across(practice_note, "practice", least=36)
        self.across(summary.headline, f"{tone} headline", tall=summary.headline * 3, least=26)
        self.gap()

    def sentences(self, heading: str, sentences: Sequence[str], tone: Tone = Tone.WARN) -> None:
        if not sentences:
            return
        self.across(heading, "section", least=20)
        for sentence in sentences:
            self.line((sentence, f"{tone} sentence", self.all + 3), tall=[(sentence, int(self.whole * _BOLD))])
        self.gap()

    def amounts(self, amounts: Sequence[tuple[str, str]]) -> None:
        """Write numbers with what they count behind them."""
        for label, amount in amounts:
            self.line((amount, "total number", 1), (label, "cell", self.all))
        self.gap()

    def paragraphs(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.across(text, "prose", tall=text)

    def fields(self, labels: Sequence[str]) -> None:
        """Put cells to be filled in beside their labels."""
        for label in labels:
            self.line((label, "label", 1), ("", "field", self.all + 1), least=24)

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        for label, text in facts:
            tall = ((label, _FIRST), (text, self.narrow + _WIDE))
            self.line((label, "label", 1), (text, "cell", self.all + 1), tall=tall)
        self.gap(bool(facts))

    def endings(self, summary: Summary, column: str) -> int:
        """Write the table and return the row of its first ending."""
        endings = summary.endings
        self.across(f"{column}: {summary.amount}", "section", least=20)
        self.header(column, *(self.sheets or ("Rows",)), "All rows", "What it means", "What next")
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
        self.gap()
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
                (NO_CODE if code.errcode is None else code.errcode, "label", 1),
                (code.rows, "number", 1),
                (code.errmsg, "cell", self.all - 1),
                (code.meaning, "cell", 1),
                (code.who, "cell", 1),
                tall=((code.errmsg, self.narrow - 12), (code.meaning, _WIDE), (code.who, _WIDE)),
            )
        self.gap()
        return first

    def charts(self, endings: tuple[int, Chart], codes: tuple[int, Chart]) -> None:
        """Put both charts side by side below the tables, in rows that stay blank, and on one page in print.

        Each comes with the row of the table where its first bar is.
        """
        most = max(len(chart.bars) for _, chart in (endings, codes))
        if not most:
            return
        height = 90 + 26 * most
        page = _PAGE_HEIGHT * max(1.0, self.whole * _CHARACTER / _PAGE_WIDTH)
        if self.height + height * 0.75 > page * _SURELY:
            self.sheet.break_page(self.row - 1)
        for (row, shown), values, place in ((endings, self.all, 0), (codes, 1, self.all + 1)):
            if shown.bars:
                chart = _drawn(self.sheet.name, shown, row=row, values=values)
                chart.width, chart.height = 12, round(height * 2.54 / 96)  # centimetres
                self.sheet.page.add_chart(chart, f"{letters(place)}{self.row}")
        self.gap(height // 20 + 2)

    def colours(self, endings: Sequence[EndingCount]) -> None:
        self.across("What the colours mean", "section", least=20)
        for tone, (colour, meaning) in COLOURS.items():
            words = ", ".join(ending.ending for ending in endings if ending.tone is tone)
            text = f"{meaning} {words[0].upper()}{words[1:]}." if words else meaning
            tall = [(text, self.narrow + _WIDE)]
            self.line((colour, f"{tone} sentence", 1), (text, "cell", self.all + 1), tall=tall)

    def header(self, *texts: CellContent) -> None:
        self.line(*((text, "our header", 1) for text in texts))


def worst_tone(endings: Sequence[EndingCount]) -> Tone:
    """Return the tone of the worst ending that occurred."""
    there = {ending.tone for ending in endings if ending.total}
    return next((tone for tone in _WORST_FIRST if tone in there), Tone.QUIET)


def _drawn(sheet: str, shown: Chart, *, row: int, values: int) -> BarChart:
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

    bars = shown.bars

    def cells(column: int) -> str:
        name = letters(column)
        return f"{quoted_sheet(sheet)}!${name}${row}:${name}${row + len(bars) - 1}"

    labels = StrData(ptCount=len(bars), pt=[StrVal(idx=n, v=bar.label) for n, bar in enumerate(bars)])
    rows = NumData(ptCount=len(bars), pt=[NumVal(idx=n, v=str(bar.amount)) for n, bar in enumerate(bars)])
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
    chart.title = title_maker(shown.title)
    chart.title.overlay = False
    chart.legend = None
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.delete = False
    chart.y_axis.delete = True
    chart.y_axis.majorGridlines = None
    chart.y_axis.scaling.min = 0
    return chart
