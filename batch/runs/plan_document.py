"""Plan document: a plan as the person who approves it reads it, one value behind the page, the workbook and the JSON.

It has all that is decided, whole, and nothing that has not happened.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from batch.runs.outcomes import Ending
from batch.schema.column_model import ListSheet
from batch.schema.columns import TRUNKS
from batch.schema.problems import UNSEEN
from batch.tables.row_results import EndingCount, Summary, Tone
from batch.trunks.change_plan import Change, Plan, tally
from batch.trunks.diff import (
    ChangeKind,
    Difference,
    EntryChange,
    ListDifference,
    changed_text,
    entry_text,
    follows,
    value_text,
)
from batch.trunks.live import Did, Entry
from batch.trunks.live_checks import Hazard
from batch.wording import counted, some_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardLine:
    """A hazard as it is shown."""

    message: str
    flag: str
    """The narrow flag that allows it, as the terminal prints it."""
    allowed: bool

    @property
    def text(self) -> str:
        """All of it in one paragraph."""
        return (
            f"Allowed: {self.message}"
            if self.allowed
            else f"NOT ALLOWED YET: {self.message} To let it happen: {self.flag}"
        )


class PlanLine(NamedTuple):
    """One thing that changes."""

    text: str
    loses: bool = False
    """Whether something is there no longer: entries of a list, or the whole trunk, which is switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup:
    """Trunks that change alike."""

    trunks: tuple[str, ...]
    lines: tuple[PlanLine, ...]
    """What changes, a line for each setting and for each kind of change in a list."""

    @property
    def called(self) -> str:
        """Whose change it is."""
        names = ", ".join(self.trunks)
        return f"{counted(len(self.trunks), 'trunk')}: {names}" if len(self.trunks) > 1 else names


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDocument:
    """Everything that a plan says to whoever approves it."""

    summary: Summary
    """What would become of the rows, and of which file, for which PBX; what to look at first."""
    workbook: str
    """The workbook's file name."""
    pbx: str
    hazards: Sequence[HazardLine]
    """Those that are not allowed first."""
    counts: Mapping[str, int]
    """As `plan_counts` has them."""
    requests: int
    takes: str
    """``about 11 s``."""
    groups: Sequence[ChangeGroup]
    command: str
    """What applies it, as it is typed; blank where nothing can be applied."""
    going_back: Sequence[str] = ()
    """What an undo could not bring back, a sentence each."""
    why_not: str = ""
    """Why it cannot be approved as it is; blank where it can."""

    @property
    def tone(self) -> Tone:
        """Of how it stands."""
        return Tone.BAD if self.why_not or any(not hazard.allowed for hazard in self.hazards) else Tone.GOOD

    @property
    def allows(self) -> str:
        """What whoever signs lets happen besides; blank where there is no hazard."""
        if not self.hazards:
            return ""
        one = len(self.hazards) == 1
        what = "the hazard" if one else f"the {len(self.hazards):,} hazards"
        return f"Whoever signs allows {what} above: the command lets {'it' if one else 'them'} happen."

    @property
    def cost(self) -> str:
        """What it takes so long for."""
        return f"for {counted(self.requests, 'request')}"

    @property
    def totals(self) -> list[tuple[str, int]]:
        """What is counted, in words; what there is none of is left out, but for what is always asked."""
        counts = self.counts
        told = {name: words for name, words in _TOTALS.items() if counts[name] or name in _ALWAYS_TOLD}
        return [(one if counts[name] == 1 else many, counts[name]) for name, (one, many) in told.items()]


_TOTALS: Final = {
    "trunks_to_write": ("trunk to be written", "trunks to be written"),
    "trunks_unchanged": ("trunk already up to date", "trunks already up to date"),
    "trunks_renamed": ("trunk renamed", "trunks renamed"),
    "trunks_switched_off": ("trunk switched off", "trunks switched off"),
    "dids_moved": ("DID moved to another trunk", "DIDs moved to another trunk"),
    "entries_added": ("list entry added", "list entries added"),
    "entries_removed": ("list entry removed", "list entries removed"),
    "entries_changed": ("list entry renamed or changed", "list entries renamed or changed"),
    "entries_moved": ("list entry put into another place", "list entries put into another place"),
    "lists_reordered": ("list put into another order", "lists put into another order"),
    "lists_replaced": ("list replaced on purpose", "lists replaced on purpose"),
    "hazards": ("hazard", "hazards"),
    "problems": ("error", "errors"),
}
"""What is counted, one of it and many."""
_ALWAYS_TOLD: Final = frozenset({"trunks_to_write", "entries_removed", "hazards", "problems"})

_OLD_VALUES: Final = (
    "Before its first write the run keeps every trunk above as it is now, in the file snapshot.jsonl of its folder. "
    "trunk-batch undo RUN takes back what the run wrote, entry by entry, and keeps what somebody changed since; the "
    "run names that command at its end. Its results list every old value on the sheet Changes, column Before. Old "
    "passwords are in snapshot.jsonl alone."
)
GOING_BACK: Final = (
    _OLD_VALUES,
    "Ctrl-C stops a run: what is being written then is settled first, and no other trunk is touched.",
)
"""How to go back, a paragraph each."""
_NAMED: Final = 12
"""So many trunks are named in a sentence."""


def not_undone(changes: Iterable[Change]) -> list[str]:
    """Name what an undo could not bring back once these changes are written, a sentence each."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for change in changes:
        for what, why in _not_undone(change):
            found[what, why].append(change.live.label)
    return [f"Cannot be undone: {what} of {some_of(names, _NAMED)}: {why}." for (what, why), names in found.items()]


def _not_undone(change: Change) -> Iterator[tuple[str, str]]:
    live = change.live
    for name in change.difference.fields:
        column = TRUNKS.column(name)
        if name == "password" and live.hides_password:
            yield "the old password", "the PBX does not show it"
        elif name != "password" and live.value(name) == "" and not column.clearable:
            yield column.label, "it is blank now, and the API cannot empty it"
    for sheet in change.difference.lists:
        if sheet.api in live.unread:
            yield f"the {sheet.words}", f"what they are is not known ({live.unread[sheet.api]})"
        if keys := live.lists[sheet].unknown_keys:
            yield f"the settings {', '.join(sorted(keys))} of the {sheet.words}", "this tool does not know them"


_EXPECTED: Final[Mapping[Ending, tuple[str, str, str]]] = {
    Ending.APPLIED: ("to be written", "Would be written, and read back.", ""),
    Ending.UNCHANGED: ("unchanged", "The PBX already holds this; nothing would be sent.", ""),
    Ending.SKIPPED: ("skipped", "The row's trunk says skip, or the row is left out; nothing would be sent.", ""),
    Ending.INVALID: (
        "invalid",
        "There is an error in this row; its trunk would not be written.",
        "Correct the cell that is named, then plan again.",
    ),
    Ending.BLOCKED: (
        "blocked",
        "Another row of the same trunk is at fault; it would not be written.",
        "Correct that row, then plan again.",
    ),
    Ending.NOT_RUN: ("not chosen", "Its trunk is not among those that were chosen; nothing would be sent.", ""),
}
"""What an ending is called, means and asks for as long as nothing was sent."""


def plan_counts(plan: Plan, refused: Collection[Hazard]) -> dict[str, int]:
    """Count what a plan would do, by the names that ``plan --json`` has for it."""
    count = tally(plan.changes)
    kinds = Counter(one.kind for update in plan.updates for one in update.difference.entries if not one.other)
    stopping = sum(problem.stops for problem in plan.problems)
    return {
        "trunks_to_write": count["update"],
        "trunks_unchanged": count["keep"],
        "trunks_renamed": count["renames"],
        "trunks_switched_off": count["disabled"],
        "dids_moved": count["moves"],
        "entries_added": kinds[ChangeKind.ADDED],
        "entries_removed": kinds[ChangeKind.REMOVED],
        "entries_changed": kinds[ChangeKind.RENAMED] + kinds[ChangeKind.CHANGED],
        "entries_moved": kinds[ChangeKind.MOVED],
        "lists_reordered": count["reorders"],
        "lists_replaced": count["replacements"],
        "hazards": len(plan.hazards),
        "hazards_not_allowed": len(refused),
        "problems": stopping,
        "notices": len(plan.problems) - stopping,
    }


def to_be_approved(summary: Summary, plan: Plan) -> Summary:
    """Say besides which problems stand against the plan and what nobody sees in the workbook, and what rows expect."""
    first = [problem for problem in plan.problems if problem.stops]
    first += [problem for problem in plan.problems if problem.code in UNSEEN]
    told = [f"{problem.sheet}!{problem.cell}: {problem.message} {problem.fix}" for problem in first]
    return replace(
        summary,
        attention=[*told, *summary.attention],
        counts=[_expected(count) for count in summary.counts if count.total],
    )


def _expected(count: EndingCount) -> EndingCount:
    ending, meaning, next_step = _EXPECTED[Ending(count.ending)]
    return replace(count, ending=ending, meaning=meaning, next_step=next_step)


def hazard_lines(hazards: Iterable[Hazard], refused: Collection[Hazard]) -> list[HazardLine]:
    """Return the hazards as they are shown, those that are not allowed first."""
    not_allowed = frozenset(refused)
    lines = [HazardLine(message=h.message, flag=h.flag, allowed=h not in not_allowed) for h in hazards]
    return sorted(lines, key=lambda line: line.allowed)


def like_changes(changes: Iterable[Change]) -> list[ChangeGroup]:
    """Group the trunks that change alike, in the order of the first of each."""
    groups: dict[tuple[PlanLine, ...], list[str]] = {}
    for change in changes:
        groups.setdefault(tuple(difference_lines(change.difference)), []).append(change.live.label)
    return [ChangeGroup(trunks=tuple(names), lines=lines) for lines, names in groups.items()]


def difference_lines(difference: Difference) -> Iterator[PlanLine]:
    """Say what changes on a trunk, a line for each setting and for each kind of change in a list; nothing is cut."""
    for name, (old, new) in difference.fields.items():
        text = f"{TRUNKS.column(name).label}: {value_text(name, old)} → {value_text(name, new)}"
        yield PlanLine(text, loses=name == "enable" and new == 0)
    for sheet, differs in difference.lists.items():
        yield from _list_lines(sheet, differs)


def _list_lines(sheet: ListSheet, differs: ListDifference) -> Iterator[PlanLine]:
    kinds: dict[tuple[ChangeKind, str], list[EntryChange]] = defaultdict(list)
    for change in differs.changes:
        kinds[change.kind, change.way].append(change)
    for (kind, way), same in kinds.items():
        what = ChangeKind.MOVED if way else kind
        text = f"{sheet.title}, {len(same):,} {what}{way}: {'; '.join(_entries(kind, same))}"
        yield PlanLine(text, loses=kind is ChangeKind.REMOVED and not way)
    removed = differs.of(ChangeKind.REMOVED)
    if differs.stays:
        yield PlanLine(f"{sheet.title}, {differs.stays:,} {'stays' if differs.stays == 1 else 'stay'}")
    elif removed:
        yield PlanLine(f"{sheet.title}, none stays", loses=any(not change.other for change in removed))


def _entries(kind: ChangeKind, changes: Sequence[EntryChange]) -> Iterator[str]:
    match kind:
        case ChangeKind.ADDED | ChangeKind.REMOVED:
            yield from entry_runs([change.new for change in changes])
        case ChangeKind.MOVED:
            yield from (f"{entry_text(change.new)} from place {change.was} to {change.becomes}" for change in changes)
        case _:
            yield from map(changed_text, changes)


def entry_runs(entries: Sequence[Entry]) -> Iterator[str]:
    """Write list entries shortly: DIDs of one name that follow each other are one, with both ends and how many."""
    runs: list[list[Entry]] = []
    for entry in entries:
        if runs and _follows(runs[-1][-1], entry):
            runs[-1].append(entry)
        else:
            runs.append([entry])
    for first, *more in runs:
        if len(more) < _SHORTEST_RUN - 1:
            yield from map(entry_text, (first, *more))
        else:
            name = f" ({first.name})" if first.name else ""
            yield f"{first.number} to {more[-1].number}{name}, {len(more) + 1:,} in all"


_SHORTEST_RUN: Final = 3


def _follows(one: Entry, other: Entry) -> bool:
    named_alike = isinstance(one, Did) and isinstance(other, Did) and one.name == other.name
    return named_alike and follows(one.number, other.number)
