"""Edited cells: what a person changed in an export, cell by cell.

A cell that still says what it said at the time of the export asks for nothing: it counts as blank, which leaves alone
what the PBX holds. So a change that only the PBX saw since is not undone by a cell that nobody touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol, TypeAlias, TypeVar

from batch.schema.column_model import Mode
from batch.trunks.diff import alike, live_value
from batch.trunks.live import CallerId, Did, Entry, Extension, Inventory, LiveTrunk
from batch.trunks.model import CallerIdRow, DidRow, EntryRow, ListEdit, Record
from batch.trunks.numbers import RawId, split_groups

Key: TypeAlias = tuple[Hashable, int]
"""What tells an entry from all others of its list, also where a list holds the same one twice."""

GROUP_KIND: Final = "ext_group"


class _Keyed(Protocol):
    @property
    def key(self) -> Hashable: ...


KeyedT = TypeVar("KeyedT", bound=_Keyed)


def asked_for(record: Record, base: LiveTrunk, inventory: Inventory) -> Record:
    """Return what a person asks for: the record without the cells that say what they said at the time of the export.

    A list in which nothing was touched is None; of one with mode *remove* or ``<clear>`` all rows stay, as does a
    password: the export had none. A list that the export could not say has nothing to be compared with.
    """

    def blanked_caller_id(row: CallerIdRow, was: CallerId) -> CallerIdRow:
        return _blanked_caller_id(row, was, inventory)

    dids, caller_ids = record.dids, record.caller_ids
    if "did_list" not in base.unread:
        dids = _touched(dids, base.dids.entries, _blanked_did)
    if "outbound_cid_list" not in base.unread:
        caller_ids = _touched(caller_ids, base.caller_ids.entries, blanked_caller_id)
    return replace(
        record,
        fields={
            name: value
            for name, value in record.fields.items()
            if name == "password" or not alike(name, value, live_value(base, name))
        },
        dids=dids,
        caller_ids=caller_ids,
    )


def keyed(entries: Iterable[KeyedT]) -> dict[Key, KeyedT]:
    """Give each entry or row a key of its own, in their order."""
    seen: Counter[Hashable] = Counter()
    found: dict[Key, KeyedT] = {}
    for entry in entries:
        seen[entry.key] += 1
        found[entry.key, seen[entry.key]] = entry
    return found


def _touched(
    edit: ListEdit[EntryRow] | None, base: Sequence[Entry], blanked: Callable[[EntryRow, Entry], EntryRow]
) -> ListEdit[EntryRow] | None:
    if edit is None or edit.mode is Mode.REMOVE or edit.clear is not None:
        return edit
    was, rows = keyed(base), keyed(edit.rows)
    left = {key: blanked(row, was[key]) if key in was else row for key, row in rows.items()}
    touched = [row for key, row in left.items() if key not in was or filled_cells(row)]
    as_it_was = not touched and (edit.mode is Mode.ADD or list(rows) == list(was))
    return None if as_it_was else replace(edit, rows=touched)


def filled_cells(row: DidRow | CallerIdRow) -> list[str]:
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


def _blanked_did(row: DidRow, was: Did) -> DidRow:
    return row if row.name is None or row.name != was.name else row._replace(name=None)


def _blanked_caller_id(row: CallerIdRow, was: CallerId, inventory: Inventory) -> CallerIdRow:
    left = row
    if row.name == was.name:
        left = left._replace(name=None)
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
