"""Diff: two states of a trunk or of one of its lists, compared. Pure, and the same for plan and read-back."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

from batch.schema.column_model import ListSheet, Parser
from batch.schema.columns import TRUNKS
from batch.secrets import Secret
from batch.trunks.live import CallerId, Did, Entry, LiveTrunk, is_masked
from batch.trunks.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What a trunk shall hold. Only what the workbook speaks of; lists are complete and in order."""

    fields: Mapping[str, Value] = field(default_factory=dict)
    lists: Mapping[ListSheet, tuple[Entry, ...]] = field(default_factory=dict)
    """A list that is not among them is left alone."""


class ChangeKind(StrEnum):
    """What becomes of an entry of a list."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    """Nothing but its name is another."""
    CHANGED = "changed"
    """Something else than its name is another."""
    MOVED = "moved"


NO_NAME: Final = "(no name)"
_ADDED, _REMOVED, _RENAMED, _CHANGED, _MOVED = ChangeKind


class EntryChange(NamedTuple):
    """An entry that is not the same in two lists, or stands elsewhere."""

    kind: ChangeKind
    old: Entry
    new: Entry
    """One that is only in one of the lists is both old and new."""
    was: int = 0
    """The place of one that is moved, counted from 1."""
    becomes: int = 0
    other: str = ""
    """Of a DID that moves between trunks: where it comes from, if it is added, or goes to, if it is removed."""

    @property
    def way(self) -> str:
        """The same in words; blank where it moves between no trunks."""
        return f" {'from' if self.kind is ChangeKind.ADDED else 'to'} {self.other}" if self.other else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDifference:
    """What tells two lists apart."""

    changes: tuple[EntryChange, ...] = ()
    """In the order of `ChangeKind`; one that is moved and renamed or changed is there twice."""
    stays: int = 0
    """How many entries are in both, moved and changed ones included."""

    def of(self, kind: ChangeKind) -> Sequence[EntryChange]:
        """Return the changes of a kind."""
        return [change for change in self.changes if change.kind is kind]

    @property
    def touched(self) -> int:
        """How many entries are not the same in both; one that is there twice counts once."""
        one_sided = [change for change in self.changes if change.kind in {_ADDED, _REMOVED}]
        both = {change.new.key for change in self.changes[len(one_sided) :]}
        return len(one_sided) + len(both)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What tells a trunk from what it shall be. Empty, and false, when nothing does."""

    fields: Mapping[str, tuple[str | int | Secret, Value]] = field(default_factory=dict)
    """Old and new."""
    lists: Mapping[ListSheet, ListDifference] = field(default_factory=dict)
    """Those that differ."""

    def __bool__(self) -> bool:
        return bool(self.fields or self.lists)

    def of(self, sheet: ListSheet, kind: ChangeKind) -> Sequence[EntryChange]:
        """Return the changes of a kind in one list."""
        return self.lists[sheet].of(kind) if sheet in self.lists else ()

    @property
    def entries(self) -> Iterator[EntryChange]:
        """The changes of all lists."""
        return chain.from_iterable(differs.changes for differs in self.lists.values())


NO_DIFFERENCE: Final = Difference()


def compare(live: LiveTrunk, desired: Desired) -> Difference:
    """Compare a trunk with what it shall be."""
    lists = {sheet: compare_lists(live.lists[sheet].entries, new) for sheet, new in desired.lists.items()}
    return Difference(
        fields={
            name: (old, wanted)
            for name, wanted in desired.fields.items()
            if not alike(name, old := live_value(live, name), wanted)
        },
        lists={sheet: differs for sheet, differs in lists.items() if differs.changes},
    )


_HOSTS: Final = frozenset(column.field for column in TRUNKS.columns if column.parser is Parser.HOST)


def canonical(name: str, value: Value) -> Value:
    """Return what a field's value is compared by; all passwords that the PBX does not show are one."""
    if isinstance(value, Secret):
        return Secret("") if is_masked(value.reveal()) else value
    return value.casefold().rstrip(".") if isinstance(value, str) and name in _HOSTS else value


def alike(name: str, one: Value, other: Value) -> bool:
    """Tell whether two values of a field are one to the PBX."""
    return one == other or canonical(name, one) == canonical(name, other)


def comparable(desired: Desired, now: LiveTrunk, before: LiveTrunk) -> Desired:
    """Leave out what reading cannot tell: a password that the PBX masks, or shows as little as it did before."""
    password = str(now.value("password"))
    if "password" not in desired.fields or not is_masked(password) or not (password or before.hides_password):
        return desired
    return replace(desired, fields={name: value for name, value in desired.fields.items() if name != "password"})


def live_value(live: LiveTrunk, name: str) -> str | int | Secret:
    """Return a plain field of a trunk, the password as a `Secret`."""
    value = live.value(name)
    return Secret(str(value)) if name == "password" else value


_YES_NO: Final = frozenset(column.field for column in TRUNKS.columns if column.parser is Parser.YES_NO)


def value_text(name: str, value: object) -> str:
    """Write a field's value as a cell would say it; a password says ``<hidden>``."""
    if isinstance(value, Secret) and is_masked(value.reveal()):
        return "(not shown by the PBX)"
    if value == "":
        return "(blank)"
    if name in _YES_NO and value in {0, 1}:
        return "yes" if value else "no"
    return str(value)


def entry_text(entry: Entry) -> str:
    """Write a list entry on one line."""
    named = f"{entry.number} ({entry.name})" if entry.name else entry.number
    if isinstance(entry, Did):
        return named
    if entry.option == "range":
        return f"{named} for {entry.extension_range}"
    return f"{named} for {', '.join(e.number or f'#{e.id}' for e in entry.order)}"


def changed_text(change: EntryChange) -> str:
    """Write on one line what a list entry was and becomes; of one that is renamed, both names."""
    old, new = change.old, change.new
    if change.kind is ChangeKind.RENAMED and old.number == new.number:
        return f"{new.number}: {old.name or NO_NAME} → {new.name or NO_NAME}"
    return f"{entry_text(old)} → {entry_text(new)}"


def follows(one: str, other: str) -> bool:
    """Tell whether a number is the one after another, in the same notation."""
    old, new = one.removeprefix("+"), other.removeprefix("+")
    alike = len(one) == len(other) and one[:1].isdecimal() == other[:1].isdecimal()
    return alike and old.isascii() and old.isdecimal() and new.isdecimal() and int(new) == int(old) + 1


def compare_lists(old: Sequence[Entry], new: Sequence[Entry]) -> ListDifference:
    """Compare two lists."""
    if tuple(old) == tuple(new):
        return ListDifference(stays=len(old))
    was, becomes = keyed(old), keyed(new)
    both = [key for key in was if key in becomes]
    pairs = [(was[key], becomes[key]) for key in both if was[key] != becomes[key]]
    return ListDifference(
        changes=(
            *[EntryChange(_ADDED, entry, entry) for key, entry in becomes.items() if key not in was],
            *[EntryChange(_REMOVED, entry, entry) for key, entry in was.items() if key not in becomes],
            *[EntryChange(_RENAMED, *pair) for pair in pairs if _only_renamed(*pair)],
            *[EntryChange(_CHANGED, *pair) for pair in pairs if not _only_renamed(*pair)],
            *(_moves(was, becomes, both) if both else ()),
        ),
        stays=len(both),
    )


def _moves(was: Mapping[Key, Entry], becomes: Mapping[Key, Entry], both: Sequence[Key]) -> Iterator[EntryChange]:
    old_places, places = ({key: place for place, key in enumerate(side, 1)} for side in (was, becomes))
    resting = _longest_rising([places[key] for key in both])
    for key in both:
        if places[key] not in resting:
            yield EntryChange(_MOVED, was[key], becomes[key], old_places[key], places[key])


Key: TypeAlias = tuple[Hashable, int]
"""What tells an entry from all others of its list, also where a list holds the same one twice."""


class _Keyed(Protocol):
    @property
    def key(self) -> Hashable: ...


KeyedT = TypeVar("KeyedT", bound=_Keyed)


def keyed(entries: Iterable[KeyedT]) -> dict[Key, KeyedT]:
    """Give each entry or row a key of its own, in their order."""
    seen: dict[Hashable, int] = {}
    found: dict[Key, KeyedT] = {}
    for entry in entries:
        key = entry.key
        turn = seen[key] = seen.get(key, 0) + 1
        found[key, turn] = entry
    return found


def _only_renamed(old: Entry, new: Entry) -> bool:
    if isinstance(old, CallerId) and isinstance(new, CallerId):
        return (old.extension_range, old.extensions) == (new.extension_range, new.extensions)
    return True


def _longest_rising(positions: Sequence[int]) -> set[int]:
    """Return the largest set of positions that are in order already; the others have moved."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for i, position in enumerate(positions):
        at = bisect_left(tails, position)
        before.append(ends[at - 1] if at else None)
        tails[at : at + 1] = [position]
        ends[at : at + 1] = [i]
    rising: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        rising.add(positions[last])
        last = before[last]
    return rising
