"""Own sheets: those that the tool itself adds to a workbook, Summary and Problems; and what is marked on the user's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from batch.readers.workbook import RawSheet
from batch.schema.problems import Problem, Severity
from batch.tables.row_results import CodeCount, EndingCount, Summary, Tone
from batch.wording import Who, counted, letters, spans
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
_FIRST: Final = 18
_WIDE: Final = 44
"""Width, in characters, of the columns with sentences."""


def add_summary(book: NewWorkbook, summary: Summary, *, column: str, name: str = SUMMARY) -> None:
    """Add the Summary sheet to a workbook.

    Args:
        column: What the endings are called here: ``Result``, or in a plan ``Expected result``.
    """
    sheet = book.sheet(name)
    sheet.page.sheet_view.showGridLines = False
    sheet.print_across()
    endings = summary.endings
    page = _Page(sheet, sheets=summary.sheets)
    page.title(summary, worst_tone(endings))
    page.sentences("Look at these first", summary.attention)
    page.sentences("Hazards", summary.hazards)
    page.facts(summary.facts)
    endings_at = page.endings(endings, column)
    codes_at = page.codes(summary.codes)
    page.charts((endings_at, chart_of_endings(endings, column)), (codes_at, chart_of_codes(summary.codes[:_MOST_BARS])))
    page.colours(endings)


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

    def title(self, summary: Summary, tone: Tone) -> None:
        self.line((summary.title, "title", 1), least=30)
        if summary.practice:
            self.across(PRACTICE_NOTE, "practice", least=36)
        self.across(summary.headline, f"{tone} headline", tall=summary.headline * 2, least=26)
        self.gap()

    def sentences(self, heading: str, sentences: Sequence[str]) -> None:
        if not sentences:
            return
        self.across(heading, "section", least=20)
        for sentence in sentences:
            self.across(sentence, f"{Tone.WARN} sentence", tall=sentence)
        self.gap()

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        for label, text in facts:
            tall = ((label, _FIRST), (text, self.narrow + _WIDE))
            self.line((label, "label", 1), (text, "cell", self.all + 1), tall=tall)
        self.gap(bool(facts))

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


Place: TypeAlias = tuple[int, int]
"""Row number as people see it, and column (0 is A)."""

MOST_NOTES: Final = 10_000
"""Cells of a sheet that get a note. Excel takes more, but takes minutes to open them."""
_MOST_NOTED: Final = 2_000
"""Cells of a sheet that are only noted, up to which they are marked: beyond, it is how the sheet is."""

_DEEPEST_MERGE: Final = 10_000
_LONGEST_SPANS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFindings:
    """What is marked on one sheet."""

    wrong: frozenset[Place] = frozenset()
    """Cells with a problem."""
    noted: frozenset[Place] = frozenset()
    """Cells whose value was taken otherwise than it stands there; none of them is wrong."""
    notes: Mapping[Place, str] = field(default_factory=dict)
    """What the note of a cell says."""


def by_sheet(problems: Iterable[Problem], sheets: Iterable[RawSheet]) -> dict[str, SheetFindings]:
    """Return what is marked, by sheet. Sheets that are not there have nothing to be marked on."""
    known = {sheet.name: sheet for sheet in sheets}
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.sheet in known:
            found.setdefault(problem.sheet, []).append(problem)
    return {name: _findings(known[name], listed) for name, listed in found.items()}


def _findings(sheet: RawSheet, problems: Sequence[Problem]) -> SheetFindings:
    wrong: dict[Place, list[str]] = {}
    noted: dict[Place, list[str]] = {}
    covered = _covered(sheet)
    for problem in problems:
        if problem.stops or _is_about_value(problem):
            into = wrong if problem.stops else noted
            place = (problem.row, problem.column)
            into.setdefault(covered.get(place, place), []).append(f"{problem.message}\n{problem.fix}")
    only_noted = {place: texts for place, texts in noted.items() if place not in wrong}
    if len(only_noted) > _MOST_NOTED:
        only_noted = {}
    notes = {place: [*texts, *noted.get(place, ())] for place, texts in wrong.items()} | only_noted
    return SheetFindings(
        wrong=frozenset(wrong),
        noted=frozenset(only_noted),
        notes={place: "\n\n".join(dict.fromkeys(texts)) for place, texts in list(notes.items())[:MOST_NOTES]},
    )


def _is_about_value(problem: Problem) -> bool:
    """Tell whether a notice is about what stands in its cell, rather than about rows, columns or sheets."""
    return problem.code.startswith("cell-") or problem.kind.severity is Severity.PROBLEM


def _covered(sheet: RawSheet) -> dict[Place, Place]:
    """Return the cells that nobody sees because they are merged with others, and the one that is seen instead."""
    return {
        (row, column): (block.first_row, block.first_column)
        for block in sheet.merged
        for row in range(block.first_row, min(block.last_row, block.first_row + _DEEPEST_MERGE) + 1)
        for column in range(block.first_column, block.last_column + 1)
    }


def lines(problems: Sequence[Problem]) -> Iterator[tuple[Problem, Sequence[int]]]:
    """Yield problems, each by itself, then notices, those that say the same at once with their rows; all in order."""
    notices: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        if problem.stops:
            yield problem, ()
        else:
            words = (problem.sheet, problem.code, problem.header, problem.message, problem.fix)
            notices.setdefault(words, []).append(problem)
    for first, *more in notices.values():
        alike = all(problem.value == first.value for problem in more)
        rows = sorted({problem.row for problem in (first, *more)}) if more else ()
        yield first if alike else replace(first, value=""), rows


PROBLEMS: Final = "Problems"
MOST_LINKS: Final = 60_000
"""Links on a sheet; Excel takes 65,530."""
MOST_LINES: Final = 100_000
"""Lines that are written out; the others are counted."""

_COLUMNS: Final = {
    "Severity": 10,
    "Sheet": 14,
    "Cell": 9,
    "Column": 18,
    "Value": 24,
    "What is wrong": 52,
    "What to type instead": 52,
    "Who must fix it": 27,
}
_HEADER: Final = 3
"""Row of the headers."""
_WHO: Final = {
    Who.EDITOR: "You, in this workbook",
    Who.ADMINISTRATOR: "PBX administrator",
    Who.CARRIER: "Carrier",
    Who.OPERATOR: "Who runs trunk-batch",
}
_NOBODY: Final = "Nobody, if it is as meant"


def add_problems(
    book: NewWorkbook, problems: Sequence[Problem], advice: str, *, name: str = PROBLEMS, sheets: Collection[str] = ()
) -> None:
    """Add the sheet with all problems: what to do, then a line each, with a link to the cell.

    Args:
        sheets: Names of the workbook's sheets, which can be linked to; none where they are in another file.
    """
    target = book.sheet(name)
    for row, (text, style, least) in enumerate(
        ((problems_headline(problems), "problems headline", 30.0), (advice, "advice", 16.0)), 1
    ):
        target.add(row, [(text, style, len(_COLUMNS))], max(least, row_height([(text, sum(_COLUMNS.values()))])))

    def write(row: int, line: tuple[Problem, Sequence[int]]) -> None:
        there = line[0].sheet in sheets
        cell = line[0].cell if there or not sheets else ""
        _write_line(target, row, *line, cell, linked=there and row <= _HEADER + MOST_LINKS)

    last_row = _HEADER + MOST_LINES + 1
    target.add_list(_COLUMNS, lines(problems), write, header=_HEADER, last_row=last_row, rest="which --json lists")
    target.page.sheet_view.showGridLines = False
    target.page.sheet_properties.tabColor = "C62828" if any(problem.stops for problem in problems) else "2E7D32"


def problems_headline(problems: Sequence[Problem]) -> str:
    """Say in a sentence how much there is to correct."""
    count = Counter(problem.stops for problem in problems)
    told = counted(count[False], "note") if count[False] else ""
    if not count[True]:
        return f"No problems.{f' {told}, listed below.' if told else ' There is nothing to correct.'}"
    cells = len({problem.place for problem in problems if problem.stops})
    amount = counted(count[True], "problem")
    where = f" in {counted(cells, 'cell')}" if cells != count[True] else ""
    return f"{amount}{where} to correct{f'; {told}' if told else ''}."


def _write_line(target: NewSheet, row: int, problem: Problem, same: Sequence[int], cell: str, *, linked: bool) -> None:
    rows = spans(same)
    rows = rows if len(rows) <= _LONGEST_SPANS else f"{rows[:_LONGEST_SPANS].rpartition(',')[0]} …"
    wrong = f"{problem.message} (rows {rows})" if rows else problem.message
    idle = not problem.stops and problem.fix.startswith("Nothing to do")
    who = _NOBODY if idle else _WHO[problem.kind.who]
    severity = "problem" if problem.stops else "notice"
    texts = (problem.sheet, cell, problem.header, problem.value, wrong, problem.fix, who)
    styles = ("listed", "listed link" if linked else "listed", "listed", "listed value", *("listed",) * 3)
    blocks: list[SheetCell] = [(severity, severity, 1)]
    blocks += [(text, style, 1) for text, style in zip(texts, styles, strict=True)]
    target.add(row, blocks, row_height(zip(texts, list(_COLUMNS.values())[1:], strict=True)))
    if linked:
        target.link(f"C{row}", problem.sheet, cell)
