"""The printable page: a plan for whoever approves it, or results for the archive, as one HTML file.

It needs no network, no script and no other file, and says what its charts show in numbers beside their bars. Text goes
out as text: nothing that somebody typed or a PBX answered is ever taken for HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from batch.tables.row_results import EndingCount, Summary, Tone, by_ending
from batch.wording import visible
from batch.writers.atomic import place_file
from batch.writers.styles import BAR, DARK, FILL, LINE, PLAIN_BAR
from batch.writers.summary import PRACTICE_NOTE

if TYPE_CHECKING:
    from pathlib import Path


FONT: Final = "Segoe UI, Helvetica Neue, Arial, Liberation Sans, sans-serif"


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
    amounts: Sequence[tuple[str, int]] = ()
    """Large numbers at the top, with what they count."""
    charts: Sequence[Chart] = ()
    """Beside the one of the rows by ending."""
    listing: Listing | None = None
    more_in: str = ""
    """Where whatever was cut short is whole."""
    to_sign: str = ""
    """What the signature stands for; blank where there is nothing to sign."""


def write_page(path: Path, page: Page, *, private: bool = False) -> Path:
    """Write the page; one that is private only its owner may ever read.

    Returns:
        Where it lies: ``path``, or a name beside it if a program holds ``path`` open.

    Raises:
        OutputError: It cannot be written there; then nothing is.
    """
    return place_file(path, page_html(page).encode(), private=private)


def page_html(page: Page) -> str:
    """Return the page as HTML."""
    summary = page.summary
    endings = [ending for ending in by_ending(summary.counts) if ending.total]
    name = f"{'PRACTICE ' if summary.practice else ''}{summary.title}: {page.subject}"
    parts = [
        _tag("h1", f"{plain(summary.title)} <small>{plain(page.subject)}</small>"),
        _tag("p", plain(PRACTICE_NOTE), "practice") if summary.practice else "",
        _tag("p", plain(summary.headline), f"headline {page.tone}"),
        _amounts(page.amounts),
        _sentences("Look at these first", summary.attention, page.more_in),
        _sentences("Hazards", summary.hazards, page.more_in),
        _charts(page, endings),
        _endings(endings, page.column, list(dict.fromkeys(count.sheet for count in summary.counts))),
        _listing(page.listing, page.more_in) if page.listing else "",
        _facts(summary.facts),
        _signature(page.to_sign) if page.to_sign else "",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{plain(name)}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
    )


def plain(text: str) -> str:
    """Return text as HTML that shows it, also what else could not be seen or would turn its order."""
    return escape(visible(" ".join(text.split())))


def _shortened(text: str) -> str:
    return plain(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _tag(tag: str, html: str, style: str = "") -> str:
    return f'<{tag} class="{style}">{html}</{tag}>' if style else f"<{tag}>{html}</{tag}>"


def _amounts(amounts: Sequence[tuple[str, int]]) -> str:
    if not amounts:
        return ""
    tiles = "".join(f"<li><b>{amount:,}</b> {plain(label)}</li>" for label, amount in amounts)
    return f'<ul class="amounts">{tiles}</ul>'


def _sentences(title: str, sentences: Sequence[str], more_in: str) -> str:
    if not sentences:
        return ""
    lines = [_tag("li", _shortened(sentence)) for sentence in sentences[:_MOST_SENTENCES]]
    if left := len(sentences) - len(lines):
        lines.append(_tag("li", plain(_more(left, "", more_in)), "more"))
    return f'<section class="look">{_tag("h2", plain(title))}<ul>{"".join(lines)}</ul></section>'


def _more(left: int, what: str, more_in: str) -> str:
    place = f": {more_in}" if more_in else ""
    return f"… and {left:,} more{f' {what}' if what else ''}{place}"


def _charts(page: Page, endings: Sequence[EndingCount]) -> str:
    bars = [ChartBar(label=ending.ending, amount=ending.total, colour=BAR[ending.tone]) for ending in endings]
    charts = [Chart(title=f"Rows by {page.column.lower()}", bars=bars), *page.charts]
    drawings = [drawn(chart) for chart in charts if chart.bars]
    return f'<div class="charts">{"".join(drawings)}</div>' if drawings else ""


def _endings(endings: Sequence[EndingCount], column: str, sheets: Sequence[str]) -> str:
    if not endings:
        return ""
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
            ("All sheets", ' class="number"'),
            ("What it means", ""),
        )
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}{last}</tbody></table>"


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
    rows = [_cells(map(_shortened, row)) for row in listing.rows[:_MOST_ROWS]]
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
    fields = "".join(f"<p><i></i>{label}</p>" for label in ("Name", "Date", "Signature"))
    return f'<section class="signature">{_tag("h2", "Approval")}<p>{plain(stands_for)}</p><div>{fields}</div></section>'


def _tones(colours: Mapping[Tone, str]) -> Iterator[str]:
    for tone, colour in colours.items():
        yield f".{tone} {{ background: {colour}; }}\n"


_STYLE: Final = f"""\
@page {{ margin: 10mm 12mm; }}
:root {{ color-scheme: light; }}
* {{ box-sizing: border-box; -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
body {{ margin: 0; background: #fff; color: #1b2429;
  font: 9pt/1.3 {FONT}; }}
main {{ max-width: 190mm; margin: 0 auto; overflow-wrap: anywhere; }}
h1 {{ margin: 0 0 2mm; font-size: 20pt; line-height: 1.1; color: {DARK}; }}
h1 small {{ font-size: 11pt; font-weight: normal; color: #1b2429; }}
h2 {{ margin: 3mm 0 1mm; font-size: 11pt; color: {DARK}; border-bottom: 1px solid {LINE}; }}
ul {{ margin: 0; padding: 0 0 0 4.5mm; }}
.practice {{ margin: 0 0 2mm; padding: 2mm 3mm; border: 3px double #000; background: #fff;
  font-size: 13pt; font-weight: bold; text-align: center; }}
.headline {{ margin: 0 0 2mm; padding: 2mm 3mm; border-left: 4px solid {DARK}; font-size: 12pt; font-weight: bold; }}
.amounts {{ display: flex; flex-wrap: wrap; gap: 2mm; margin: 0; padding: 0; list-style: none; }}
.amounts li {{ flex: 1 1 18mm; padding: 1mm; border: 1px solid {LINE}; text-align: center; font-size: 8.5pt; }}
.amounts b {{ display: block; font-size: 15pt; line-height: 1.2; color: {DARK}; }}
.charts {{ display: flex; flex-wrap: wrap; gap: 5mm; margin: 3mm 0 2mm; }}
table {{ width: 100%; border-collapse: collapse; margin: 1mm 0 0; font-size: 8.5pt; }}
th {{ text-align: left; background: #eceff1; white-space: nowrap; }}
th, td {{ padding: .7mm 2mm; border-bottom: 1px solid {LINE}; vertical-align: top; }}
td:first-child {{ min-width: 24mm; }}
.charts table {{ flex: 1 1 70mm; break-inside: avoid; }}
.charts caption {{ text-align: left; font-weight: bold; font-size: 9pt; color: {DARK}; }}
.charts th, .charts td {{ border: 0; background: none; font-weight: normal; vertical-align: middle; }}
.charts th {{ width: 24mm; text-align: right; }}
.charts td {{ border-left: 1px solid {DARK}; padding-left: 0; }}
.charts i {{ display: inline-block; height: 3.5mm; min-width: 1px; border: 1px solid {DARK}; vertical-align: middle; }}
tr {{ break-inside: avoid; }}
.number {{ text-align: right; white-space: nowrap; }}
.total td {{ font-weight: bold; border-bottom: 0; }}
.ending {{ padding: 0 1.5mm; border: 1px solid {LINE}; font-weight: bold; white-space: nowrap; }}
.more {{ font-style: italic; }}
dl {{ columns: 2; column-gap: 6mm; margin: 3mm 0 0; font-size: 8.5pt; }}
dl div {{ display: flex; gap: 2mm; break-inside: avoid; }}
dt {{ flex: 0 0 19mm; font-weight: bold; color: {DARK}; }}
dd {{ flex: 1; margin: 0; }}
.signature {{ break-inside: avoid; }}
.signature p {{ margin: 0; }}
.signature div {{ display: flex; gap: 6mm; margin-top: 8mm; }}
.signature div p {{ flex: 1; font-size: 8.5pt; }}
.signature div p:last-child {{ flex: 1.6; }}
.signature i {{ display: block; border-top: 1px solid #000; }}
{"".join(_tones(FILL))}@media screen {{ main {{ padding: 8mm 4mm; }} }}
"""
