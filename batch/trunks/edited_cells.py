"""Edited cells: what a person changed in an export, cell by cell.

A cell that still says what it said at the time of the export asks for nothing: it counts as blank, which leaves alone
what the PBX holds. So a change that only the PBX saw since is not undone by a cell that nobody touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from batch.schema.column_model import ListSheet, Mode
from batch.trunks.diff import alike, keyed, live_value
from batch.trunks.live import CallerId, Did, Entry, Extension, Inventory, LiveTrunk
from batch.trunks.model import DidRow, EntryRow, ListEdit, Record
from batch.trunks.numbers import RawId, split_groups

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
    if row.groups is not None:
        groups = members(was, "extension_groups")
        known = inventory.groups.keys() | {group.number for group in groups if group.number}
        if _are(split_groups(row.groups, known), groups, inventory.groups.get):
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
