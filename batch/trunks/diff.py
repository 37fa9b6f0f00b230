"""Diff: two states of a trunk or of one of its lists, compared. Pure, and the same for plan and read-back."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic

from batch.schema.column_model import Parser
from batch.schema.columns import TRUNKS
from batch.secrets import Secret
from batch.trunks.live import CallerId, Did, Entry, LiveTrunk, is_masked
from batch.trunks.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What a trunk shall hold. Only what the workbook speaks of; lists are complete and in order."""

    fields: Mapping[str, Value] = field(default_factory=dict)
    dids: tuple[Did, ...] | None = None
    """None leaves the list alone."""
    caller_ids: tuple[CallerId, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Generic[Entry]):
    """An entry that stands elsewhere. Positions count from 1."""

    entry: Entry
    was: int
    becomes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDifference(Generic[Entry]):
    """What tells two lists apart."""

    added: tuple[Entry, ...] = ()
    removed: tuple[Entry, ...] = ()
    renamed: tuple[tuple[Entry, Entry], ...] = ()
    """Old and new of entries with the same key whose name differs, and nothing else."""
    changed: tuple[tuple[Entry, Entry], ...] = ()
    """Old and new of entries with the same key that differ otherwise."""
    moved: tuple[Moved[Entry], ...] = ()
    stays: int = 0
    """How many entries are in both, moved and changed ones included."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renamed or self.changed or self.moved)

    @property
    def only_moved(self) -> bool:
        """Whether both lists hold the same entries, in another order."""
        return bool(self.moved) and not (self.added or self.removed or self.renamed or self.changed)

    @property
    def touched(self) -> int:
        """How many entries are not the same in both; one that is renamed and moved counts once."""
        both = {new.key for _, new in (*self.renamed, *self.changed)} | {moved.entry.key for moved in self.moved}
        return len(self.added) + len(self.removed) + len(both)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What tells a trunk from what it shall be. Empty, and false, when nothing does."""

    fields: Mapping[str, tuple[str | int | Secret, Value]] = field(default_factory=dict)
    """Old and new."""
    dids: ListDifference[Did] = ListDifference()
    caller_ids: ListDifference[CallerId] = ListDifference()

    def __bool__(self) -> bool:
        return bool(self.fields or self.dids or self.caller_ids)


NO_DIFFERENCE: Final = Difference()


def compare(live: LiveTrunk, desired: Desired) -> Difference:
    """Compare a trunk with what it shall be."""
    return Difference(
        fields={
            name: (old, wanted)
            for name, wanted in desired.fields.items()
            if not alike(name, old := live_value(live, name), wanted)
        },
        dids=compare_lists(live.dids.entries, desired.dids),
        caller_ids=compare_lists(live.caller_ids.entries, desired.caller_ids),
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


def said(name: str, value: object) -> str:
    """Write a field's value as a cell would say it; a password says ``<hidden>``."""
    if isinstance(value, Secret) and is_masked(value.reveal()):
        return "(not shown by the PBX)"
    if value == "":
        return "(blank)"
    if name in _YES_NO and value in {0, 1}:
        return "yes" if value else "no"
    return str(value)


def described(entry: Did | CallerId) -> str:
    """Write a list entry on one line."""
    if isinstance(entry, Did):
        return f"{entry.did} ({entry.name})" if entry.name else entry.did
    name = f" ({entry.name})" if entry.name else ""
    if entry.option == "range":
        return f"{entry.caller_id}{name} for {entry.extension_range}"
    members = ", ".join(e.number or f"#{e.id}" for e in entry.order)
    return f"{entry.caller_id}{name} for {members}"


def compare_lists(old: Sequence[Entry], new: Sequence[Entry] | None) -> ListDifference[Entry]:
    """Compare two lists; ``None`` stands for leaving the old one alone."""
    if new is None or tuple(old) == tuple(new):
        return ListDifference(stays=len(old))
    was, becomes = _keyed(old), _keyed(new)
    both = [key for key in was if key in becomes]
    pairs = [(was[key][1], becomes[key][1]) for key in both if was[key][1] != becomes[key][1]]
    resting = _longest_rising([becomes[key][0] for key in both])
    return ListDifference(
        added=tuple(entry for key, (_, entry) in becomes.items() if key not in was),
        removed=tuple(entry for key, (_, entry) in was.items() if key not in becomes),
        renamed=tuple(pair for pair in pairs if _only_renamed(*pair)),
        changed=tuple(pair for pair in pairs if not _only_renamed(*pair)),
        moved=tuple(
            Moved(entry=becomes[key][1], was=was[key][0] + 1, becomes=becomes[key][0] + 1)
            for key in both
            if becomes[key][0] not in resting
        ),
        stays=len(both),
    )


def _keyed(entries: Sequence[Entry]) -> dict[Hashable, tuple[int, Entry]]:
    """Give each entry a key of its own, also where the PBX holds the same one twice."""
    seen: dict[Hashable, int] = defaultdict(int)
    keyed: dict[Hashable, tuple[int, Entry]] = {}
    for position, entry in enumerate(entries):
        seen[entry.key] += 1
        keyed[entry.key, seen[entry.key]] = (position, entry)
    return keyed


def _only_renamed(old: Did | CallerId, new: Did | CallerId) -> bool:
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
