"""List merge: a list at the time of an export, what a person made of its rows, and what the PBX holds by now.

A row that says what the list said then counts for nothing, so what only the PBX changed since stays. Where both changed
an entry, each otherwise, the person's side is taken, and it is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from batch.schema.column_model import CLEAR, Mode
from batch.trunks.diff import Key, entry_text, keyed
from batch.trunks.entries import Filling
from batch.trunks.live import CallerId, Entry, Extension
from batch.trunks.model import DidRow, EntryRow, ListEdit
from batch.wording import some_of

GROUP_KIND: Final = "ext_group"


_ENTRY: Final = "entry"
_LIST: Final = "list"
_ORDER: Final = "order"
"""What conflicts where it is more than one cell of an entry; its place is the cell of the DID or caller ID."""
_MEMBERS: Final = frozenset({"extensions", "extension_groups"})
_NAMED: Final = 5
"""So many entries are named where many conflict at once."""


LIST_PARTS: Final = {
    _ENTRY: "{label} {number} of {trunk}",
    _LIST: "the {label} list of {trunk}",
    _ORDER: "the order of the {label} list of {trunk}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListConflict:
    """What both sides changed, in words; None where an entry is absent."""

    row: int | None
    """Of its sheet; None where the person deleted it."""
    field: str
    """Its column; or `_ENTRY`, `_LIST`, `_ORDER`."""
    number: str
    """The entry's DID or caller ID; blank for the whole list."""
    base: str | None
    live: str | None
    yours: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedList:
    """A list that three sides agree on, or that a person has the last word on."""

    entries: tuple[Entry, ...] = ()
    conflicts: tuple[ListConflict, ...] = ()
    mine: frozenset[Key] = frozenset()
    """Entries that the person added, changed or deleted."""
    reordered: bool = False
    """Whether the person put entries into another order."""


def filled_cells(row: EntryRow) -> list[str]:
    """Name the cells of a row that ask for anything, leaving out those that tell which entry it is."""
    if isinstance(row, DidRow):
        return ["did_name"] if row.name is not None else []
    cells = {
        "outbound_cid_name": row.name,
        "outbound_cid_to_ext_range": row.extension_range,
        "extensions": row.extensions,
        "extension_groups": row.groups,
    }
    return [field for field, value in cells.items() if value is not None]


def members(entry: CallerId, field: str) -> tuple[Extension, ...]:
    """Return the extensions of an entry, or its extension groups."""
    return tuple(member for member in entry.order if (member.type == GROUP_KIND) is (field == "extension_groups"))


def merge_list(
    edit: ListEdit[Any], asked: ListEdit[Any], base: Sequence[Entry], live: Sequence[Entry], filled: Filling
) -> MergedList:
    """Merge a list: all rows of the sheet, those of them that a person touched, the list then, and the list now."""
    if edit.clear is not None:
        return _cleared(edit.clear, base, live)
    was: Mapping[Key, Entry] = keyed(base)
    now: Mapping[Key, Entry] = keyed(live)
    rows: Mapping[Key, EntryRow] = keyed(edit.rows)
    touched: Mapping[Key, EntryRow] = keyed(asked.rows)
    kept = {key for key in now if key in rows or key not in was or edit.mode is Mode.ADD}
    merged = {key: now[key] for key in now if key in kept}
    conflicts: list[ListConflict] = []
    for key, row in touched.items():
        then, current = was.get(key), now.get(key)
        merged[key] = filled(row, current or then)
        conflicts += _both_changed(row, then, current, merged[key])
    deleted: list[Key] = [key for key in was if key not in rows] if edit.mode is Mode.REPLACE else []
    conflicts += [_deleted_though_changed(was[key], now[key]) for key in deleted if key in now and now[key] != was[key]]
    order, reordered = list(merged), False
    if edit.mode is Mode.REPLACE:
        order, reordered = merged_order(merged.keys(), was, now, rows)
        conflicts += _both_reordered(edit.rows[0].row, was, now, rows) if reordered else []
    return MergedList(
        entries=tuple(merged[key] for key in order),
        conflicts=tuple(conflicts),
        mine=frozenset([*touched, *deleted]),
        reordered=reordered,
    )


def _cleared(row: int, base: Sequence[Entry], live: Sequence[Entry]) -> MergedList:
    """Empty a list; what came up on the PBX since, or was changed there, nobody has seen who wanted that."""
    was: Mapping[Key, Entry] = keyed(base)
    now: Mapping[Key, Entry] = keyed(live)
    unseen = [entry_text(entry) for key, entry in now.items() if was.get(key) != entry]
    conflict = ListConflict(
        row=row,
        field=_LIST,
        number="",
        base=_some(map(entry_text, base)),
        live=f"changed: {_some(unseen)}",
        yours=CLEAR,
    )
    return MergedList(entries=(), conflicts=(conflict,) if unseen else (), mine=frozenset([*was, *now]))


def _deleted_though_changed(was: Entry, now: Entry) -> ListConflict:
    return ListConflict(
        row=None, field=_ENTRY, number=was.number, base=entry_text(was), live=entry_text(now), yours=None
    )


def _both_changed(row: EntryRow, then: Entry | None, current: Entry | None, wanted: Entry) -> Iterator[ListConflict]:
    """Find the cells of a touched row in which the PBX holds neither what it held then nor what is wanted."""
    if current is None and then is None:
        return
    for field in filled_cells(row):
        before, now, new = (_part(entry, field) for entry in (then, current, wanted))
        if now not in (before, new):
            yield ListConflict(
                row=row.row,
                field=field,
                number=row.number,
                base=_said(then, field),
                live=_said(current, field),
                yours=_said(wanted, field),
            )


def _part(entry: Entry | None, field: str) -> Hashable:
    if isinstance(entry, CallerId) and field in _MEMBERS:
        return frozenset(members(entry, field))
    if isinstance(entry, CallerId) and field == "outbound_cid_to_ext_range":
        return entry.extension_range
    return None if entry is None else entry.name


def _said(entry: Entry | None, field: str) -> str | None:
    if isinstance(entry, CallerId) and field in _MEMBERS:
        return ", ".join(member.number or f"#{member.id}" for member in members(entry, field))
    part = _part(entry, field)
    return None if part is None else str(part)


def merged_order(
    merged: Collection[Key], was: Iterable[Key], now: Iterable[Key], rows: Iterable[Key]
) -> tuple[list[Key], bool]:
    """Put the entries in order, and tell whether the person put those of the export into another one.

    The PBX's order counts, with new rows behind those that stand before them on the sheet; or the sheet's, where the
    person changed it, with what came up on the PBX behind what stands before it there.
    """
    sheet, earlier = list(rows), set(was)
    theirs = [key for key in sheet if key in earlier and key in merged]
    placed = set(theirs)
    if theirs == [key for key in was if key in placed]:
        head, order = put_between([key for key in now if key in merged], sheet, merged)
        return head + order, False
    tail, order = put_between([key for key in sheet if key in merged], now, merged)
    return order + tail, True


def put_between(order: Sequence[Key], guide: Iterable[Key], merged: Collection[Key]) -> tuple[list[Key], list[Key]]:
    """Put what is not in the order behind what is before it in the guide; what has nothing before it comes apart."""
    placed, behind, last = set(order), defaultdict[Key | None, list[Key]](list), None
    for key in guide:
        if key in placed:
            last = key
        elif key in merged:
            behind[last].append(key)
    return behind[None], [each for key in order for each in (key, *behind[key])]


def put_back(entries: Sequence[Entry], keys: Collection[str], was: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return entries with those of some keys among them that were there before, each behind what it was behind."""
    there = keyed(entries)
    merged = {**{key: entry for key, entry in keyed(was).items() if entry.key in keys}, **there}
    head, order = put_between(list(there), keyed(was), merged)
    return tuple(merged[key] for key in [*head, *order])


def _both_reordered(
    row: int, was: Mapping[Key, Entry], now: Mapping[Key, Entry], rows: Mapping[Key, EntryRow]
) -> Iterator[ListConflict]:
    then = [key for key in was if key in now and key in rows]
    both = set(then)
    current, wanted = ([key for key in side if key in both] for side in (now, rows))
    if current not in (then, wanted):
        numbers = {key: was[key].number for key in then}
        before, live, new = (_some(numbers[key] for key in side) for side in (then, current, wanted))
        yield ListConflict(row=row, field=_ORDER, number="", base=before, live=live, yours=new)


def _some(texts: Iterable[str]) -> str:
    return some_of(texts, _NAMED)
