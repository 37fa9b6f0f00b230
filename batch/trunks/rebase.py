"""Rebase: what a person changed in an export, put upon what the PBX holds by now.

Three sides: *base*, what the trunk held at the time of the export; *live*, what it holds now; *yours*, what the
workbook says. What only one side changed is taken from it; where both did, each otherwise, there is a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic

from batch.schema.columns import TRUNKS, Mode
from batch.schema.problems import Problem
from batch.tables.rows import Table, Tables
from batch.trunks.diff import Desired, Difference, ListDifference, alike, compare_lists, live_value, said
from batch.trunks.edited_cells import asked_for
from batch.trunks.hazards import Conflict, Held
from batch.trunks.list_merge import ENTRY, LIST, ORDER, Clash, Woven, weave
from batch.trunks.live import Entry, Inventory, LiveList, LiveTrunk
from batch.trunks.merge import CallerIdFilling, Merged, ambiguous, applied, filled_did
from batch.trunks.model import EntryRow, ListEdit, Record

_WORDS: Final = {
    ENTRY: "{label} {number} of {trunk}",
    LIST: "the {label} list of {trunk}",
    ORDER: "the order of the {label} list of {trunk}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides(Generic[EntryRow, Entry]):
    """One list of a trunk, from all sides."""

    edit: ListEdit[EntryRow] | None
    """Its rows, all of them."""
    asked: ListEdit[EntryRow] | None
    """Its rows, as far as a person touched them."""
    base: Sequence[Entry] | None
    """None where nobody knows what it was, or what it is: then there is nothing to compare with."""
    live: Sequence[Entry]


def rebase(tables: Tables, record: Record, base: LiveTrunk, live: LiveTrunk, inventory: Inventory) -> Merged:
    """Put what a person changed in an export upon a trunk as it is now.

    Args:
        tables: the workbook.
        record: what it says of the trunk.
        base: the trunk at the time of the export.
        live: the trunk now.
        inventory: what extensions and groups are looked up in.
    """
    asked = asked_for(record, base, inventory)
    hidden = base.unread.keys() | live.unread.keys()

    def known(name: str, held: LiveList[Entry]) -> Sequence[Entry] | None:
        return None if name in hidden else held.entries

    filling = CallerIdFilling(tables.caller_ids, inventory)
    did_sides = _Sides(edit=record.dids, asked=asked.dids, base=known("did_list", base.dids), live=live.dids.entries)
    caller_sides = _Sides(
        edit=record.caller_ids,
        asked=asked.caller_ids,
        base=known("outbound_cid_list", base.caller_ids),
        live=live.caller_ids.entries,
    )
    dids, caller_ids = _list(did_sides, filled_did), _list(caller_sides, filling)
    return Merged(
        asked=asked,
        desired=Desired(
            fields=asked.fields,
            dids=None if asked.dids is None else dids.entries,
            caller_ids=None if asked.caller_ids is None else caller_ids.entries,
        ),
        problems=[
            *_ambiguous(tables.dids, "did", did_sides),
            *_ambiguous(tables.caller_ids, "outbound_cid", caller_sides),
            *filling.problems,
        ],
        conflicts=[
            *_fields_in_conflict(tables.trunks, asked, base, live),
            *_clashing(tables, tables.caller_ids, "outbound_cid", asked, live, caller_ids.clashes),
            *_clashing(tables, tables.dids, "did", asked, live, dids.clashes),
        ],
        left_alone=Difference(
            fields=dict(_fields_left_alone(asked, base, live)),
            dids=_list_left_alone(did_sides, dids),
            caller_ids=_list_left_alone(caller_sides, caller_ids),
        ),
    )


def _fields_in_conflict(table: Table, asked: Record, base: LiveTrunk, live: LiveTrunk) -> Iterator[Conflict]:
    for name, wanted in asked.fields.items():
        was, now = live_value(base, name), live_value(live, name)
        if name != "password" and not alike(name, now, was) and not alike(name, now, wanted):
            label = table.sheet.column(name).label
            sides = (_held(was), _held(now), _held(wanted))
            yield _conflict(table, table.cell(name, asked.row), f"{label} of {live.name}", sides, name)


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


def _list(sides: _Sides[EntryRow, Entry], filled: Callable[[EntryRow, Entry | None], Entry]) -> Woven[Entry]:
    """Make the list that a trunk shall have; that of an edit which asks for nothing is not looked at."""
    if sides.edit is None or sides.asked is None:
        return Woven(entries=())
    if sides.base is None or sides.asked.mode is Mode.REMOVE:
        return Woven(
            entries=applied(sides.asked, sides.live, filled),
            mine=frozenset((row.key, 1) for row in sides.asked.rows),
        )
    return weave(sides.edit, sides.asked, sides.base, sides.live, filled)


def _ambiguous(table: Table, field: str, sides: _Sides[EntryRow, Entry]) -> list[Problem]:
    return [] if sides.asked is None else ambiguous(table, field, sides.asked, sides.live)


def _clashing(
    tables: Tables, table: Table, key_field: str, record: Record, live: LiveTrunk, clashes: Sequence[Clash]
) -> Iterator[Conflict]:
    """Say in which cells a list clashes; for a row that is there no more it is the trunk's own."""
    for clash in clashes:
        field = key_field if clash.field in _WORDS else clash.field
        label = table.sheet.column(field).label
        if clash.row is None:
            where, cell = tables.trunks, tables.trunks.cell("name" if record.id is None else "id", record.row)
        else:
            where, cell = table, table.cell(field, clash.row)
        what = _WORDS.get(clash.field, "{label} of {number} on {trunk}").format(
            label=label, number=clash.number, trunk=live.name
        )
        yield _conflict(where, cell, what, (clash.base, clash.live, clash.yours))


def _conflict(table: Table, cell: str, what: str, sides: tuple[Held, Held, Held], field: str = "") -> Conflict:
    base, live, yours = sides
    was, now, wanted = ("absent" if side is None else said(field, side) for side in sides)
    return Conflict(
        sheet=table.name,
        cell=cell,
        base=base,
        live=live,
        yours=yours,
        message=f"{table.name}!{cell}: {what} was {was} when it was exported, is {now} on the PBX now, "
        f"and the workbook says {wanted}.",
    )


def _list_left_alone(sides: _Sides[EntryRow, Entry], woven: Woven[Entry]) -> ListDifference[Entry]:
    """Return what the PBX changed in a list since the export, leaving out what the person changed as well."""
    if sides.base is None:
        return ListDifference()
    since = compare_lists(sides.base, sides.live)
    mine = {key for key, _ in woven.mine}
    return replace(
        since,
        added=tuple(entry for entry in since.added if entry.key not in mine),
        removed=tuple(entry for entry in since.removed if entry.key not in mine),
        renamed=tuple(pair for pair in since.renamed if pair[1].key not in mine),
        changed=tuple(pair for pair in since.changed if pair[1].key not in mine),
        moved=() if woven.reordered else tuple(moved for moved in since.moved if moved.entry.key not in mine),
    )
