"""The printable page: a plan for whoever approves it, or results for the archive, as one HTML file.

It needs no network, no script and no other file, and says what its charts show in numbers beside their bars. Text goes
out as text: nothing that somebody typed or a PBX answered is ever taken for HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from batch.runs.plan_document import GOING_BACK, ChangeGroup, PlanDocument, PlanLine
from batch.schema.file_metadata import PBX_LIST
from batch.tables.row_results import EndingCount, ListedSheet, Summary, Tone
from batch.wording import visible
from batch.writers.atomic import place_file
from batch.writers.styles import BAR, DARK, FILL, LINE, PLAIN_BAR
from batch.writers.summary_sheet import (
    PRACTICE_NOTE,
    PRACTICE_PLAN_NOTE,
    SIGNED_BY,
    Chart,
    ChartBar,
    chart_of_codes,
    chart_of_endings,
    label_of,
    worst_tone,
)

_MOST_BARS: Final = 8


def plan_page(document: PlanDocument, listed: Iterable[ListedSheet] = ()) -> Page:
    """Put a plan onto a page that somebody can approve: all of it, however long it is, and what it leaves to people."""
    entries = {kind: document.counts[f"entries_{kind}"] for kind in ("added", "removed", "changed")}
    entries |= {"to another trunk": document.counts["dids_moved"], "to another place": document.counts["entries_moved"]}
    bars = [
        ChartBar(label=what, amount=amount, colour=BAR[Tone.BAD] if what == "removed" else PLAIN_BAR)
        for what, amount in entries.items()
        if amount
    ]
    return Page(
        summary=document.summary,
        subject=f"{document.workbook} on {document.pbx}",
        tone=document.tone,
        column="Expected result",
        practice_note=PRACTICE_PLAN_NOTE,
        dangers=[hazard.text for hazard in document.hazards],
        amounts=[
            *((label, f"{amount:,}") for label, amount in document.totals),
            (document.cost, document.takes),
        ],
        charts=[Chart(title="List entries (DIDs and caller IDs)", bars=bars)] if bars else [],
        groups=document.groups,
        listings=[*_told_of(listed)],
        closing=[
            ("How to apply it", [document.why_not] if document.why_not else [_TO_APPLY, document.command]),
            ("How to go back", [*GOING_BACK, *document.going_back]),
        ],
        to_sign="" if document.why_not else f"{_TO_SIGN} {document.allows}",
    )


_TO_SIGN: Final = "This is for the plan with the digest above and for no other."
_TO_APPLY: Final = "With this command, which refuses any plan that is not the one with the digest above:"


def results_page(summary: Summary, workbook: str, pbx: str, listed: Iterable[ListedSheet] = ()) -> Page:
    """Put results onto a page for the archive: of a workbook by its file's name, and of a PBX by its address.

    It has what is left to people too, and each PBX where there are many.
    """
    chart = chart_of_codes(summary.codes[:_MOST_BARS])
    if rest := summary.codes[_MOST_BARS:]:
        more = ChartBar(label=f"{len(rest)} more", amount=sum(code.rows for code in rest))
        chart = replace(chart, bars=[*chart.bars, more])
    return Page(
        summary=summary,
        subject=f"{workbook} on {pbx}",
        tone=worst_tone(summary.counts),
        column="Result",
        charts=[chart],
        listings=[
            Listing(
                title="The PBX's answers",
                header=("Errcode", "Rows", "Errmsg", "What it means", "Who can help"),
                rows=[(label_of(one), f"{one.rows:,}", one.errmsg, one.meaning, one.who) for one in summary.codes],
                what="errcodes",
            ),
            *_told_of(listed),
        ],
        more_in="the results workbook has every one",
    )


def _told_of(listed: Iterable[ListedSheet]) -> Iterator[Listing]:
    for one in listed:
        if one.answers or one.name == PBX_LIST:
            rows = [tuple(map(str, line)) for line in one.lines]
            yield Listing(title=one.name, header=tuple(one.columns), rows=rows, what="lines")


_TEMPLATE: Final = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def drawn(chart: Chart) -> str:
    """Return the chart as a table with bars. Each has a border, so that it is seen in print without colour too."""
    most = max((bar.amount for bar in chart.bars), default=0)
    rows = (
        f'<tr><th scope="row">{plain(bar.label)}</th><td>{_drawn_bar(bar, most)} {bar.amount:,}</td></tr>'
        for bar in chart.bars
    )
    return f"<table><caption>{plain(chart.title)}</caption>{''.join(rows)}</table>"


def _drawn_bar(bar: ChartBar, most: int) -> str:
    width = f"{_LONGEST_BAR * bar.amount / most:.1f}" if bar.amount else ""
    return f'<i style="width: {width}%; background: {bar.colour}"></i>' if width else ""


_LONGEST_BAR: Final = 75
"""Per cent of its cell; its number stands behind it."""
_MOST_SENTENCES: Final = 10
_MOST_ROWS: Final = 20
"""So many lines of a list are on the page, which is for an overview; the others are counted."""
_SHORT: Final = 60
"""Characters of a change that stands beside others."""
_LONGEST: Final = 160
"""Characters of one text in a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list that is cut short with a count where it would not fit."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    what: str
    """What a row is, in the plural: ``trunks``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that stands on the page."""

    summary: Summary
    subject: str
    """What it is about: the workbook's name and the PBX."""
    tone: Tone
    """Of how it stands."""
    column: str
    """What the endings are called: ``Result``, or in a plan ``Expected result``."""
    practice_note: str = PRACTICE_NOTE
    dangers: Sequence[str] = ()
    """Said in red before all else."""
    amounts: Sequence[tuple[str, str]] = ()
    """What is counted, and the number; in large letters."""
    charts: Sequence[Chart] = ()
    """Beside the one of the rows by ending."""
    listings: Sequence[Listing] = ()
    groups: Sequence[ChangeGroup] = ()
    closing: Sequence[tuple[str, Sequence[str]]] = ()
    """Headings with their paragraphs."""
    more_in: str = ""
    """Where whatever was cut short is whole; blank where nothing is to be cut short."""
    to_sign: str = ""
    """What the signature stands for; blank where there is nothing to sign."""


def write_page(path: Path, page: Page, *, private: bool = False) -> Path:
    """Write the page; returns and raises as `place_file`."""
    return place_file(path, page_html(page).encode(), private=private)


def page_html(page: Page) -> str:
    """Return the page as HTML."""
    summary = page.summary
    endings = [ending for ending in summary.counts if ending.total]
    name = f"{'PRACTICE ' if summary.practice else ''}{summary.title}: {page.subject}"
    parts = [
        _tag("h1", f"{plain(summary.title)} <small>{plain(page.subject)}</small>"),
        _tag("p", plain(page.practice_note), "practice") if summary.practice else "",
        _tag("p", plain(summary.headline), f"headline {page.tone}"),
        _sentences("Hazards", page.dangers, page.more_in, "dangers"),
        _sentences("Look at these first", summary.attention, page.more_in),
        _sentences("Hazards that were allowed", summary.hazards, page.more_in),
        _amounts(page.amounts),
        _facts(summary.facts),
        _charts(page, endings),
        _endings(endings, page.column, summary) if endings else "",
        _groups(page.groups),
        *(_listing(listing, page.more_in) for listing in page.listings),
        *(_closing(title, paragraphs) for title, paragraphs in page.closing),
        _signature(page.to_sign) if page.to_sign else "",
    ]
    return _TEMPLATE.substitute(
        title=plain(name),
        dark=DARK,
        line=LINE,
        tones="".join(f".{tone} {{ background: {colour}; }}\n" for tone, colour in FILL.items()),
        body="\n".join(filter(None, parts)),
    )


def plain(text: str) -> str:
    """Return text as HTML that shows it, also what else could not be seen or would turn its order."""
    return escape(visible(" ".join(text.split())))


def _shortened(text: str) -> str:
    return plain(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _tag(tag: str, html: str, style: str = "") -> str:
    return f'<{tag} class="{style}">{html}</{tag}>' if style else f"<{tag}>{html}</{tag}>"


def _amounts(amounts: Sequence[tuple[str, str]]) -> str:
    if not amounts:
        return ""
    tiles = "".join(f"<li><b>{plain(amount)}</b> {plain(label)}</li>" for label, amount in amounts)
    return f'<ul class="amounts">{tiles}</ul>'


def _sentences(title: str, sentences: Sequence[str], more_in: str, style: str = "look") -> str:
    if not sentences:
        return ""
    shown, written = (sentences[:_MOST_SENTENCES], _shortened) if more_in else (sentences, plain)
    lines = [_tag("li", written(sentence)) for sentence in shown]
    if left := len(sentences) - len(lines):
        lines.append(_tag("li", plain(_more(left, "", more_in)), "more"))
    return f'<section class="{style}">{_tag("h2", plain(title))}<ul>{"".join(lines)}</ul></section>'


def _groups(groups: Sequence[ChangeGroup]) -> str:
    if not groups:
        return ""
    parts = (f"{_tag('h3', plain(group.called))}<ul>{''.join(map(_change, group.lines))}</ul>" for group in groups)
    return f'<section class="changes">{_tag("h2", "What changes")}{"".join(parts)}</section>'


def _change(line: PlanLine) -> str:
    styles = ("short" if len(line.text) <= _SHORT else "", "lost" if line.loses else "")
    return _tag("li", plain(line.text), " ".join(filter(None, styles)))


def _closing(title: str, paragraphs: Sequence[str]) -> str:
    return f"<section>{_tag('h2', plain(title))}{''.join(_tag('p', plain(text)) for text in paragraphs)}</section>"


def _more(left: int, what: str, more_in: str) -> str:
    place = f": {more_in}" if more_in else ""
    return f"… and {left:,} more{f' {what}' if what else ''}{place}"


def _charts(page: Page, endings: Sequence[EndingCount]) -> str:
    drawings = [drawn(chart) for chart in (chart_of_endings(endings, page.column), *page.charts) if chart.bars]
    return f'<div class="charts">{"".join(drawings)}</div>' if drawings else ""


def _endings(endings: Sequence[EndingCount], column: str, summary: Summary) -> str:
    sheets = summary.sheets
    rows = [
        _cells(
            [_tag("span", plain(ending.ending), f"ending {ending.tone}")],
            [ending.rows.get(sheet, 0) for sheet in sheets],
            [ending.total],
            [plain(ending.meaning)],
        )
        for ending in endings
    ]
    totals = [sum(ending.rows.get(sheet, 0) for ending in endings) for sheet in sheets]
    last = _cells(["Total"], totals, [sum(totals)], [""]).replace("<tr>", '<tr class="total">', 1)
    head = "".join(
        f'<th scope="col"{style}>{plain(text)}</th>'
        for text, style in (
            (column, ""),
            *((sheet, ' class="number"') for sheet in sheets),
            ("All rows", ' class="number"'),
            ("What it means", ""),
        )
    )
    caption = _tag("caption", plain(f"{column}: {summary.amount}"))
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}{last}</tbody></table>"


def _cells(*groups: Iterable[str | int]) -> str:
    """Write a row of cells that are HTML already; numbers stand at the right."""
    cells = (
        f'<td class="number">{cell:,}</td>' if isinstance(cell, int) else f"<td>{cell}</td>"
        for group in groups
        for cell in group
    )
    return f"<tr>{''.join(cells)}</tr>"


def _listing(listing: Listing, more_in: str) -> str:
    if not listing.rows:
        return ""
    head = "".join(f'<th scope="col">{plain(text)}</th>' for text in listing.header)
    shown, written = (listing.rows[:_MOST_ROWS], _shortened) if more_in else (listing.rows, plain)
    rows = [_cells(map(written, row)) for row in shown]
    left = len(listing.rows) - len(rows)
    if left:
        more = plain(_more(left, listing.what, more_in))
        rows.append(f'<tr class="more"><td colspan="{len(listing.header)}">{more}</td></tr>')
    return (
        f"<section>{_tag('h2', plain(listing.title))}"
        f'<table class="listing"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></section>'
    )


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f"<div><dt>{plain(label)}</dt><dd>{plain(text)}</dd></div>" for label, text in facts)
    return f"<dl>{lines}</dl>" if lines else ""


def _signature(stands_for: str) -> str:
    fields = "".join(f"<p><i></i>{label}</p>" for label in (*SIGNED_BY, "Signature"))
    return f'<section class="signature">{_tag("h2", "Approval")}<p>{plain(stands_for)}</p><div>{fields}</div></section>'
