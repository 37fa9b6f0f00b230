"""Printable: what a plan or the results put onto the printable page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from batch.runs.outcomes import Ending
from batch.schema.columns import TRUNKS
from batch.schema.problems import UNSEEN
from batch.tables.row_results import Summary, Tone, by_ending
from batch.trunks.change_plan import Change, Plan, tally
from batch.trunks.diff import ChangeKind, EntryChange, entry_text, value_text
from batch.trunks.live import Entry
from batch.trunks.live_checks import Hazard
from batch.writers.html_page import Chart, ChartBar, Listing, Page
from batch.writers.styles import BAR, PLAIN_BAR
from batch.writers.summary import worst_tone

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
        summary: what its Summary says.
        workbook: its file's name.
        plan: what would be done.
        refused: those of its hazards that nothing allows.
        minutes: how long it would take.
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
            rows=[(change.live.name, _told(change)) for change in plan.updates],
            what="trunks",
        ),
        more_in="the plan has every one (plan -o FILE.xlsx)",
        to_sign="This stands for the plan with the digest above, and for no other: apply --expect DIGEST refuses any "
        "plan that is not the same.",
    )


def results_page(summary: Summary, workbook: str, pbx: str) -> Page:
    """Put results onto a page for the archive.

    Args:
        summary: what their Summary says.
        workbook: its file's name.
        pbx: its address.
    """
    codes = [("none" if code.errcode is None else str(code.errcode), code) for code in summary.codes]
    bars = [ChartBar(label=number, amount=code.rows) for number, code in codes[:_MOST_BARS]]
    if rest := sum(code.rows for _, code in codes[_MOST_BARS:]):
        bars.append(ChartBar(label=f"{len(codes) - _MOST_BARS} more", amount=rest))
    return Page(
        summary=summary,
        subject=f"{workbook} on {pbx}",
        tone=worst_tone(by_ending(summary.counts)),
        column="Result",
        charts=[Chart(title="Rows by errcode", bars=bars)],
        listing=Listing(
            title="The PBX's answers",
            header=("Errcode", "Rows", "Errmsg", "What it means", "Who can help"),
            rows=[(number, f"{code.rows:,}", code.errmsg, code.meaning, code.who) for number, code in codes],
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
            names = ", ".join(trunks[:_FOLDED])
            rest = f" and {len(trunks) - _FOLDED:,} more" if len(trunks) > _FOLDED else ""
            yield f"{code} on {len(trunks):,} trunk{'s' if len(trunks) > 1 else ''}. {fate} {names}{rest}."
        else:
            yield from (f"{code} on {hazard.trunk}. {fate} {hazard.message}" for hazard in same)


def _entries(changes: Iterable[Change]) -> dict[str, int]:
    """Count what becomes of list entries."""
    counted = Counter(entry.kind for change in changes for entry in change.difference.entries)
    return {str(kind): counted[kind] for kind in ChangeKind}


def _told(change: Change) -> str:
    """Say in a line what changes on a trunk."""
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
