"""Merge: what a record, or what a person changed in an export, makes together with what the PBX holds by now.

Three sides: *base*, what the trunk held at the time of the export, kept on a hidden sheet of the workbook and without
passwords; *live*, what it holds now; *yours*, what the workbook says. A cell that still says what the base says counts
as blank, so what only the PBX changed since is left alone. Where both sides changed it, each otherwise, there is a
conflict: the person's side is then taken, and somebody has to allow it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from batch.readers.workbook import Workbook
from batch.schema.column_model import CLEAR, ListSheet, Mode
from batch.schema.columns import LIST_SHEETS, TRUNKS
from batch.schema.file_metadata import BASE
from batch.schema.problems import Problem
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks.diff import (
    NO_DIFFERENCE,
    ChangeKind,
    Desired,
    Difference,
    Key,
    ListDifference,
    alike,
    compare_lists,
    entry_text,
    keyed,
    live_value,
    value_text,
)
from batch.trunks.entries import Filling, ambiguous, applied
from batch.trunks.group_names import split_groups
from batch.trunks.live import CallerId, Did, Entry, Extension, Inventory, LiveTrunk, entry_json, parse_trunk
from batch.trunks.live_checks import Conflict, Hazard, Held
from batch.trunks.model import DidRow, EntryRow, ListEdit, Record
from batch.trunks.numbers import RawId
from batch.wording import some_of

_PIECE: Final = 30_000
"""Most characters put into one cell: Excel takes 32,767."""
_KEPT: Final = ("id", "name", "type", "shared", *(c.field for c in TRUNKS.columns if c.sent and c.field != "password"))


def base_lines(trunks: Iterable[LiveTrunk]) -> Iterator[tuple[str, ...]]:
    """Return the lines of the hidden sheet: a trunk's id, then what it held as JSON, over as many cells as it takes."""
    for trunk in trunks:
        text = json.dumps(_kept(trunk), ensure_ascii=True, separators=(",", ":"))
        yield (str(trunk.id), *(text[at : at + _PIECE] for at in range(0, len(text), _PIECE)))


def _kept(trunk: LiveTrunk) -> dict[str, Any]:
    held: dict[str, Any] = {name: trunk.whole[name] for name in _KEPT if trunk.whole.get(name) is not None}
    lists = {s.api: [entry_json(e) for e in trunk.lists[s].entries] for s in LIST_SHEETS if s.api not in trunk.unread}
    return held | lists


def read_base(workbook: Workbook) -> dict[int, LiveTrunk] | None:
    """Read the trunks, by id, that a workbook was exported with; None where it is none, or its hidden sheet is gone.

    A trunk whose line was damaged is left out: it then counts as one that was never exported. A list that the workbook
    could not say is among `LiveTrunk.unread`.
    """
    sheet = next((sheet for sheet in workbook.sheets if sheet.name == BASE), None)
    if sheet is None:
        return None
    trunks = {}
    for line in zip(*sheet.columns, strict=True):
        try:
            trunk = parse_trunk(json.loads("".join(str(cell) for cell in line[1:])))
        except (ValueError, TypeError, AttributeError):
            continue
        trunks[trunk.id] = trunk
    return trunks


GROUP_KIND: Final = "ext_group"


def asked_for(record: Record, base: LiveTrunk, inventory: Inventory) -> Record:
    """Return what a person asks for: the record without the cells that say what they said at the time of the export.

    A list in which nothing was touched is left alone; of one with mode *remove* or ``<clear>`` all rows stay, as does a
    password: the export had none. A list that the export could not say has nothing to be compared with.
    """
    lists: dict[ListSheet, ListEdit[Any]] = {}
    for sheet, edit in record.lists.items():
        known = sheet.api not in base.unread
        touched = _touched(edit, base.lists[sheet].entries, inventory) if known else edit
        if touched is not None:
            lists[sheet] = touched
    return replace(
        record,
        fields={
            name: value
            for name, value in record.fields.items()
            if name == "password" or not alike(name, value, live_value(base, name))
        },
        lists=lists,
    )


def _touched(edit: ListEdit[Any], base: Sequence[Entry], inventory: Inventory) -> ListEdit[Any] | None:
    if edit.mode is Mode.REMOVE or edit.clear is not None:
        return edit
    was, rows = keyed(base), keyed(edit.rows)
    left = {key: _blanked(row, was[key], inventory) if key in was else row for key, row in rows.items()}
    touched = [row for key, row in left.items() if key not in was or filled_cells(row)]
    as_it_was = not touched and (edit.mode is Mode.ADD or list(rows) == list(was))
    return None if as_it_was else replace(edit, rows=touched)


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


def _blanked(row: EntryRow, was: Entry, inventory: Inventory) -> EntryRow:
    left = row._replace(name=None) if row.name == was.name else row
    if isinstance(left, DidRow) or isinstance(row, DidRow) or isinstance(was, Did):
        return left
    if row.extension_range == was.extension_range:
        left = left._replace(extension_range=None)
    if row.extensions is not None and _are(row.extensions, members(was, "extensions"), inventory.extensions.get):
        left = left._replace(extensions=None)
    groups = members(was, "extension_groups")
    known = inventory.groups.keys() | {group.number for group in groups if group.number}
    if row.groups is not None and _are(split_groups(row.groups, known), groups, inventory.groups.get):
        left = left._replace(groups=None)
    return left


def members(entry: CallerId, field: str) -> tuple[Extension, ...]:
    """Return the extensions of an entry, or its extension groups."""
    return tuple(member for member in entry.order if (member.type == GROUP_KIND) is (field == "extension_groups"))


def _are(named: Iterable[str | RawId], were: Sequence[Extension], id_of: Callable[[str], int | None]) -> bool:
    """Tell whether names and raw ids mean the extensions that an entry had.

    What bears a name now may be another one than at the time of the export; then the name means the earlier one.
    """
    then = {member.number: member.id for member in were if member.number}
    ids = [name.id if isinstance(name, RawId) else then.get(name, id_of(name)) for name in named]
    return set(ids) == {member.id for member in were}


_ENTRY: Final = "entry"
_LIST: Final = "list"
_ORDER: Final = "order"
"""What conflicts where it is more than one cell of an entry; its place is the cell of the DID or caller ID."""
_MEMBERS: Final = frozenset({"extensions", "extension_groups"})
_NAMED: Final = 5
"""So many entries are named where many conflict at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a trunk shall hold, and how it came to that."""

    asked: Record
    """What the workbook asks for; of an export, only what a person changed in it."""
    desired: Desired
    problems: Sequence[Problem] = ()
    conflicts: Sequence[Hazard] = ()
    """Cells that a person and the PBX changed since the export; `desired` takes the person's side."""
    left_alone: Difference = NO_DIFFERENCE
    """What only the PBX changed since the export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ListConflict:
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
class _MergedList:
    """A list that three sides agree on, or that a person has the last word on."""

    entries: tuple[Entry, ...] = ()
    conflicts: tuple[_ListConflict, ...] = ()
    mine: frozenset[Key] = frozenset()
    """Entries that the person added, changed or deleted."""
    reordered: bool = False
    """Whether the person put entries into another order."""


_WORDS: Final = {
    _ENTRY: "{label} {number} of {trunk}",
    _LIST: "the {label} list of {trunk}",
    _ORDER: "the order of the {label} list of {trunk}",
}


def merge(
    tables: Tables, record: Record, live: LiveTrunk, inventory: Inventory, base: LiveTrunk | None = None
) -> Merged:
    """Put what a record asks for, or what a person changed in it since the export, upon a trunk as it is now."""
    asked = record if base is None else asked_for(record, base, inventory)
    filling = Filling(tables, inventory)
    lists: dict[ListSheet, _MergedList] = {}
    problems: list[Problem] = []
    for sheet, asking in asked.lists.items():
        now = live.lists[sheet].entries
        problems += ambiguous(tables, sheet, asking, now)
        if base is None or sheet.api in {*base.unread, *live.unread} or asking.mode is Mode.REMOVE:
            mine = frozenset((row.key, 1) for row in asking.rows) if base else frozenset()
            lists[sheet] = _MergedList(entries=applied(asking, now, filling), mine=mine)
        else:  # there is something to compare with, and a need to
            lists[sheet] = _merge_list(record.lists[sheet], asking, base.lists[sheet].entries, now, filling)
    desired = Desired(fields=asked.fields, lists={sheet: merged.entries for sheet, merged in lists.items()})
    merged = Merged(asked=asked, desired=desired, problems=[*problems, *filling.problems])
    if base is None:
        return merged
    clashes = [_lists_in_conflict(tables, sheet, asked, live, lists[sheet].conflicts) for sheet in reversed(lists)]
    return replace(
        merged,
        conflicts=[*_fields_in_conflict(tables.trunks, asked, base, live), *chain.from_iterable(clashes)],
        left_alone=Difference(
            fields=dict(_fields_left_alone(asked, base, live)), lists=_lists_left_alone(base, live, lists)
        ),
    )


def _fields_in_conflict(table: Table, asked: Record, base: LiveTrunk, live: LiveTrunk) -> Iterator[Hazard]:
    for name, wanted in asked.fields.items():
        was, now = live_value(base, name), live_value(live, name)
        if name != "password" and not alike(name, now, was) and not alike(name, now, wanted):
            what = f"{table.sheet.column(name).label} of {live.name}"
            sides = (_held(was), _held(now), _held(wanted))
            yield _conflict(asked.row, live.name, table, table.cell(name, asked.row), what, sides, name)


def _held(value: object) -> Held:
    return value if isinstance(value, int) else str(value)


def _fields_left_alone(asked: Record, base: LiveTrunk, live: LiveTrunk) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for column in TRUNKS.columns:
        name = column.field
        if not column.sent or name == "password" or name in asked.fields or live.type not in column.types:
            continue
        was, now = live_value(base, name), live_value(live, name)
        if not alike(name, was, now):
            yield name, (was, now)


def _lists_in_conflict(
    tables: Tables, sheet: ListSheet, record: Record, live: LiveTrunk, conflicts: Sequence[_ListConflict]
) -> Iterator[Hazard]:
    """Say in which cells a list conflicts; for a row that is there no more it is the trunk's own."""
    for conflict in conflicts:
        field = sheet.number if conflict.field in _WORDS else conflict.field
        label = sheet.column(field).label
        if conflict.row is None:
            (where, row), named = tables.trunks.origin(record.row), record.found_by
        else:
            where, row, named = tables.of(sheet), conflict.row, field
        what = _WORDS.get(conflict.field, "{label} of {number} on {trunk}").format(
            label=label, number=conflict.number, trunk=live.name
        )
        sides = (conflict.base, conflict.live, conflict.yours)
        yield _conflict(record.row, live.name, where, where.cell(named, row), what, sides)


def _conflict(
    row: int, trunk: str, table: Table, cell: str, what: str, sides: tuple[Held, Held, Held], field: str = ""
) -> Hazard:
    base, live, yours = sides
    was, now, wanted = ("absent" if side is None else value_text(field, side) for side in sides)
    return Hazard(
        code="conflicts",
        row=row,
        trunk=trunk,
        message=f"{table.name}!{cell}: {what} was {was} at the export, is {now} on the PBX now, and is {wanted} in the "
        f"workbook.",
        conflict=Conflict(sheet=table.name, cell=cell, base=base, live=live, yours=yours),
    )


def _lists_left_alone(
    base: LiveTrunk, live: LiveTrunk, lists: Mapping[ListSheet, _MergedList]
) -> dict[ListSheet, ListDifference]:
    """Return what the PBX changed in lists since the export, leaving out what the person changed as well."""
    found: dict[ListSheet, ListDifference] = {}
    for sheet in LIST_SHEETS:
        since = compare_lists(base.lists[sheet].entries, live.lists[sheet].entries)
        merged = lists.get(sheet, _MergedList())
        mine = {key for key, _ in merged.mine}
        theirs = [change for change in since.changes if change.new.key not in mine]
        if merged.reordered:
            theirs = [change for change in theirs if change.kind is not ChangeKind.MOVED]
        if theirs and sheet.api not in {*base.unread, *live.unread}:
            found[sheet] = replace(since, changes=tuple(theirs))
    return found


def _merge_list(
    edit: ListEdit[Any], asked: ListEdit[Any], base: Sequence[Entry], live: Sequence[Entry], filled: Filling
) -> _MergedList:
    """Merge a list: all rows of the sheet, those of them that a person touched, the list then, and the list now."""
    if edit.clear is not None:
        return _cleared(edit.clear, base, live)
    was: Mapping[Key, Entry] = keyed(base)
    now: Mapping[Key, Entry] = keyed(live)
    rows: Mapping[Key, EntryRow] = keyed(edit.rows)
    touched: Mapping[Key, EntryRow] = keyed(asked.rows)
    kept = {key for key in now if key in rows or key not in was or edit.mode is Mode.ADD}
    merged = {key: now[key] for key in now if key in kept}
    conflicts: list[_ListConflict] = []
    for key, row in touched.items():
        then, current = was.get(key), now.get(key)
        merged[key] = filled(row, current or then)
        conflicts += _both_changed(row, then, current, merged[key])
    deleted: list[Key] = [key for key in was if key not in rows] if edit.mode is Mode.REPLACE else []
    conflicts += [_deleted_though_changed(was[key], now[key]) for key in deleted if key in now and now[key] != was[key]]
    order, reordered = list(merged), False
    if edit.mode is Mode.REPLACE:
        order, reordered = _ordered(merged.keys(), was, now, rows)
        conflicts += _both_reordered(edit.rows[0].row, was, now, rows) if reordered else []
    return _MergedList(
        entries=tuple(merged[key] for key in order),
        conflicts=tuple(conflicts),
        mine=frozenset([*touched, *deleted]),
        reordered=reordered,
    )


def _cleared(row: int, base: Sequence[Entry], live: Sequence[Entry]) -> _MergedList:
    """Empty a list; what came up on the PBX since, or was changed there, nobody has seen who wanted that."""
    was: Mapping[Key, Entry] = keyed(base)
    now: Mapping[Key, Entry] = keyed(live)
    unseen = [entry_text(entry) for key, entry in now.items() if was.get(key) != entry]
    conflict = _ListConflict(
        row=row,
        field=_LIST,
        number="",
        base=_some(map(entry_text, base)),
        live=f"changed: {_some(unseen)}",
        yours=CLEAR,
    )
    return _MergedList(entries=(), conflicts=(conflict,) if unseen else (), mine=frozenset([*was, *now]))


def _deleted_though_changed(was: Entry, now: Entry) -> _ListConflict:
    return _ListConflict(
        row=None, field=_ENTRY, number=was.number, base=entry_text(was), live=entry_text(now), yours=None
    )


def _both_changed(row: EntryRow, then: Entry | None, current: Entry | None, wanted: Entry) -> Iterator[_ListConflict]:
    """Find the cells of a touched row in which the PBX holds neither what it held then nor what is wanted."""
    if current is None and then is None:
        return
    for field in filled_cells(row):
        before, now, new = (_part(entry, field) for entry in (then, current, wanted))
        if now not in (before, new):
            yield _ListConflict(
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


def _ordered(
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
        head, order = _put_between([key for key in now if key in merged], sheet, merged)
        return head + order, False
    tail, order = _put_between([key for key in sheet if key in merged], now, merged)
    return order + tail, True


def _put_between(order: Sequence[Key], guide: Iterable[Key], merged: Collection[Key]) -> tuple[list[Key], list[Key]]:
    """Put what is not in the order behind what is before it in the guide; what has nothing before it comes apart."""
    placed, behind, last = set(order), defaultdict[Key | None, list[Key]](list), None
    for key in guide:
        if key in placed:
            last = key
        elif key in merged:
            behind[last].append(key)
    return behind[None], [each for key in order for each in (key, *behind[key])]


def _both_reordered(
    row: int, was: Mapping[Key, Entry], now: Mapping[Key, Entry], rows: Mapping[Key, EntryRow]
) -> Iterator[_ListConflict]:
    then = [key for key in was if key in now and key in rows]
    both = set(then)
    current, wanted = ([key for key in side if key in both] for side in (now, rows))
    if current not in (then, wanted):
        numbers = {key: was[key].number for key in then}
        before, live, new = (_some(numbers[key] for key in side) for side in (then, current, wanted))
        yield _ListConflict(row=row, field=_ORDER, number="", base=before, live=live, yours=new)


def _some(texts: Iterable[str]) -> str:
    return some_of(texts, _NAMED)
