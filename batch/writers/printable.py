"""The printable page: a plan for whoever approves it, or results for the archive, as one HTML file.

It needs no network, no script and no other file, and says what its charts show in numbers beside their bars. Text goes
out as text: nothing that somebody typed or a PBX answered is ever taken for HTML.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from batch.runs.outcomes import Ending
from batch.schema.columns import TRUNKS
from batch.schema.problems import UNSEEN
from batch.tables.row_results import EndingCount, Summary, Tone
from batch.trunks.change_plan import Change, Plan, tally
from batch.trunks.diff import ChangeKind, EntryChange, entry_text, value_text
from batch.trunks.live import Entry
from batch.trunks.live_checks import Hazard
from batch.wording import counted, some_of, visible
from batch.writers.atomic import place_file
from batch.writers.own_sheets import (
    PRACTICE_NOTE,
    Chart,
    ChartBar,
    chart_of_codes,
    chart_of_endings,
    label_of,
    worst_tone,
)
from batch.writers.styles import BAR, DARK, FILL, LINE, PLAIN_BAR

_MOST_BARS: Final = 8
_NAMED: Final = 3
"""So many list entries or hazards are told one by one where there are no more."""
_FOLDED: Final = 8
"""So many trunks of one kind of hazard are named."""
_EXPECTED: Final = {
    str(Ending.APPLIED): "Would be written, and read back.",
    str(Ending.UNCHANGED): "The PBX already holds this; nothing would be sent.",
    str(Ending.NOT_RUN): "Not chosen.",
}
"""What an ending means as long as nothing was sent, where that is other words than afterwards."""


def plan_page(summary: Summary, workbook: str, plan: Plan, refused: Collection[Hazard], minutes: int) -> Page:
    """Put a plan onto a page that somebody can approve.

    Args:
        workbook: its file's name.
        refused: those of its hazards that nothing allows.
    """
    count = tally(plan.changes)
    stopping = sum(problem.stops for problem in plan.problems)
    entries = _entries(plan.updates)
    amounts = [
        ("trunks to be written", count["update"]),
        ("already as wanted", count["keep"]),
        ("renamed", count["renames"]),
        ("switched off", count["disabled"]),
        ("list entries added", entries["added"]),
        ("list entries removed", entries["removed"]),
        ("problems", stopping),
        ("minutes, about", minutes),
    ]
    bars = [
        ChartBar(label=what, amount=amount, colour=BAR[Tone.BAD] if what == "removed" else PLAIN_BAR)
        for what, amount in entries.items()
    ]
    return Page(
        summary=_to_approve(summary, plan, refused),
        subject=f"{workbook} on {plan.pbx}",
        tone=Tone.BAD if stopping or refused else Tone.GOOD,
        column="Expected result",
        amounts=amounts,
        charts=[Chart(title="List entries (DIDs and caller IDs)", bars=bars)] if any(entries.values()) else [],
        listing=Listing(
            title="What changes",
            header=("Trunk", "What changes"),
            rows=[(change.live.name, _change_text(change)) for change in plan.updates],
            what="trunks",
        ),
        more_in="the plan has every one (plan -o FILE.xlsx)",
        to_sign="This stands for the plan with the digest above, and for no other: apply --expect DIGEST refuses any "
        "plan that is not the same.",
    )


def results_page(summary: Summary, workbook: str, pbx: str) -> Page:
    """Put results onto a page for the archive: of a workbook by its file's name, and of a PBX by its address."""
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
        listing=Listing(
            title="The PBX's answers",
            header=("Errcode", "Rows", "Errmsg", "What it means", "Who can help"),
            rows=[(label_of(code), f"{code.rows:,}", code.errmsg, code.meaning, code.who) for code in summary.codes],
            what="errcodes",
        ),
        more_in="the results workbook has every one",
    )


def _to_approve(summary: Summary, plan: Plan, refused: Collection[Hazard]) -> Summary:
    """Say besides what stands against the plan, what nobody sees in the workbook, and which hazards are allowed."""
    first = [problem for problem in plan.problems if problem.stops]
    first += [problem for problem in plan.problems if problem.code in UNSEEN]
    return replace(
        summary,
        attention=[*(f"{problem.sheet}!{problem.cell}: {problem.message}" for problem in first), *summary.attention],
        counts=[replace(count, meaning=_EXPECTED.get(count.ending, count.meaning)) for count in summary.counts],
        hazards=list(_hazards(plan.hazards, refused)),
    )


def _hazards(hazards: Iterable[Hazard], refused: Collection[Hazard]) -> Iterator[str]:
    """Tell of hazards, those of one kind together."""
    kinds: dict[tuple[bool, str], list[Hazard]] = {}
    not_allowed = frozenset(refused)
    for hazard in hazards:
        kinds.setdefault((hazard not in not_allowed, hazard.code), []).append(hazard)
    for (allowed, code), same in sorted(kinds.items(), key=lambda kind: kind[0]):
        fate = "Allowed." if allowed else f"NOT ALLOWED so far; --allow {code} would."
        if len(same) > _NAMED:
            trunks = list(dict.fromkeys(hazard.trunk for hazard in same))  # one may have conflicts in many cells
            yield f"{code} on {counted(len(trunks), 'trunk')}. {fate} {some_of(trunks, _FOLDED)}."
        else:
            yield from (f"{code} on {hazard.trunk}. {fate} {hazard.message}" for hazard in same)


def _entries(changes: Iterable[Change]) -> dict[str, int]:
    counted = Counter(entry.kind for change in changes for entry in change.difference.entries)
    return {str(kind): counted[kind] for kind in ChangeKind}


def _change_text(change: Change) -> str:
    fields = [
        f"{TRUNKS.column(name).label}: {value_text(name, old)} → {value_text(name, new)}"
        for name, (old, new) in change.difference.fields.items()
    ]
    lists = change.difference.lists.items()
    return "; ".join([*fields, *(f"{sheet.title}: {_list(differs.changes)}" for sheet, differs in lists)])


def _list(changes: Iterable[EntryChange]) -> str:
    parts: dict[str, list[Entry]] = defaultdict(list)
    for change in changes:
        word = "renamed or changed" if change.kind in {ChangeKind.RENAMED, ChangeKind.CHANGED} else str(change.kind)
        parts[word].append(change.new)
    return ", ".join(f"{len(entries):,} {word}{_named(entries)}" for word, entries in parts.items())


def _named(entries: Sequence[Entry]) -> str:
    return f" ({', '.join(entry_text(entry) for entry in entries)})" if len(entries) <= _NAMED else ""


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
    """Write the page; returns and raises as `place_file`."""
    return place_file(path, page_html(page).encode(), private=private)


def page_html(page: Page) -> str:
    """Return the page as HTML."""
    summary = page.summary
    endings = [ending for ending in summary.counts if ending.total]
    name = f"{'PRACTICE ' if summary.practice else ''}{summary.title}: {page.subject}"
    parts = [
        _tag("h1", f"{plain(summary.title)} <small>{plain(page.subject)}</small>"),
        _tag("p", plain(PRACTICE_NOTE), "practice") if summary.practice else "",
        _tag("p", plain(summary.headline), f"headline {page.tone}"),
        _amounts(page.amounts),
        _sentences("Look at these first", summary.attention, page.more_in),
        _sentences("Hazards", summary.hazards, page.more_in),
        _charts(page, endings),
        _endings(endings, page.column, summary.sheets),
        _listing(page.listing, page.more_in) if page.listing else "",
        _facts(summary.facts),
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
    drawings = [drawn(chart) for chart in (chart_of_endings(endings, page.column), *page.charts) if chart.bars]
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
