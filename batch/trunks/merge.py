"""Merge: what a record, or what a person changed in an export, makes together with what the PBX holds by now.

Three sides: *base*, what the trunk held at the time of the export, kept on a hidden sheet of the workbook and without
passwords; *live*, what it holds now; *yours*, what the workbook says. A cell that still says what the base says counts
as blank, so what only the PBX changed since is left alone. Where both sides changed it, each otherwise, there is a
conflict: the person's side is then taken, and somebody has to allow it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from batch.readers.workbook import Workbook
from batch.schema.column_model import ListSheet, Mode
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
    ListDifference,
    alike,
    compare_lists,
    keyed,
    live_value,
    value_text,
)
from batch.trunks.entries import Filling, ambiguous, applied
from batch.trunks.group_names import split_groups
from batch.trunks.list_merge import LIST_PARTS, ListConflict, MergedList, filled_cells, members, merge_list
from batch.trunks.live import Did, Entry, Extension, Inventory, LiveTrunk, entry_json, parse_trunk
from batch.trunks.live_checks import Conflict, Hazard, Held
from batch.trunks.model import DidRow, EntryRow, ListEdit, Record
from batch.trunks.numbers import RawId

_PIECE: Final = 30_000
"""Most characters put into one cell: Excel takes 32,767."""
WAY_BACK: Final = "way_back"
"""Under this name the hidden sheet says what a trunk goes back to, beside what a run wrote."""
_PBX: Final = "pbx"
"""Under this name the hidden sheet of an export of many PBXs says whose trunk it is."""
_SENT: Final = (c.field for c in TRUNKS.columns if c.sent and c.field != "password")
_KEPT: Final = ("id", "name", "type", "shared", *_SENT, WAY_BACK)


def base_lines(trunks: Iterable[LiveTrunk], pbx: str = "") -> Iterator[tuple[str, ...]]:
    """Return the lines of the hidden sheet: a trunk's id, then what it held as JSON, over as many cells as it takes.

    In an export of many PBXs that says whose trunk it is, too.
    """
    for trunk in trunks:
        yield _line(trunk.id, ({_PBX: pbx} if pbx else {}) | _kept(trunk))


def _line(trunk_id: object, held: Mapping[str, Any]) -> tuple[str, ...]:
    text = json.dumps(held, ensure_ascii=True, separators=(",", ":"))
    return (str(trunk_id), *(text[at : at + _PIECE] for at in range(0, len(text), _PIECE)))


def _kept(trunk: LiveTrunk) -> dict[str, Any]:
    held: dict[str, Any] = {name: trunk.whole[name] for name in _KEPT if trunk.whole.get(name) is not None}
    lists = {s.api: [entry_json(e) for e in trunk.lists[s].entries] for s in LIST_SHEETS if s.api not in trunk.unread}
    return held | lists


def read_base(workbook: Workbook, pbx: str | None = None) -> dict[int, LiveTrunk] | None:
    """Read the trunks, by id, that a workbook was exported with; None where it is none, or its hidden sheet is gone.

    A trunk whose line was damaged is left out: it then counts as one that was never exported. A list that the workbook
    could not say is among `LiveTrunk.unread`. Of an export of many PBXs those of one can be asked for.
    """
    held = _read_held(workbook)
    if held is None:
        return None
    trunks = {}
    for one in held:
        try:
            if one.pop(_PBX, "") == pbx or pbx is None:
                trunk = parse_trunk(one)
                trunks[trunk.id] = trunk
        except (ValueError, TypeError, AttributeError):
            continue
    return trunks


def base_lines_of(workbook: Workbook) -> dict[str, list[tuple[str, ...]]]:
    """Return the lines of the hidden sheet of an export of many PBXs: those of each, as its own export would have them.

    A line that was damaged is left out.
    """
    lines: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for one in _read_held(workbook) or ():
        if isinstance(pbx := one.pop(_PBX, ""), str) and pbx:
            lines[pbx].append(_line(one.get("id", ""), one))
    return dict(lines)


def _read_held(workbook: Workbook) -> Iterator[dict[str, Any]] | None:
    """Read what the lines of the hidden sheet say, as far as it is an object; None where there is no such sheet."""
    sheet = next((sheet for sheet in workbook.sheets if sheet.name == BASE), None)
    if sheet is None:
        return None
    return (held for line in zip(*sheet.columns, strict=True) if isinstance(held := _parsed(line), dict))


def _parsed(line: Sequence[object]) -> Any:
    try:
        return json.loads("".join(str(cell) for cell in line[1:]))
    except ValueError:
        return None


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


def _are(named: Iterable[str | RawId], were: Sequence[Extension], id_of: Callable[[str], int | None]) -> bool:
    """Tell whether names and raw ids mean the extensions that an entry had.

    What bears a name now may be another one than at the time of the export; then the name means the earlier one.
    """
    then = {member.number: member.id for member in were if member.number}
    ids = [name.id if isinstance(name, RawId) else then.get(name, id_of(name)) for name in named]
    return set(ids) == {member.id for member in were}


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


def merge(
    tables: Tables, record: Record, live: LiveTrunk, inventory: Inventory, base: LiveTrunk | None = None
) -> Merged:
    """Put what a record asks for, or what a person changed in it since the export, upon a trunk as it is now."""
    asked = record if base is None else asked_for(record, base, inventory)
    filling = Filling(tables, inventory)
    lists: dict[ListSheet, MergedList] = {}
    problems: list[Problem] = []
    for sheet, asking in asked.lists.items():
        now = live.lists[sheet].entries
        problems += ambiguous(tables, sheet, asking, now)
        if base is None or sheet.api in {*base.unread, *live.unread} or asking.mode is Mode.REMOVE:
            mine = frozenset((row.key, 1) for row in asking.rows) if base else frozenset()
            lists[sheet] = MergedList(entries=applied(asking, now, filling), mine=mine)
        else:  # there is something to compare with, and a need to
            lists[sheet] = merge_list(record.lists[sheet], asking, base.lists[sheet].entries, now, filling)
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
    tables: Tables, sheet: ListSheet, record: Record, live: LiveTrunk, conflicts: Sequence[ListConflict]
) -> Iterator[Hazard]:
    """Say in which cells a list conflicts; for a row that is there no more it is the trunk's own."""
    for conflict in conflicts:
        field = sheet.number if conflict.field in LIST_PARTS else conflict.field
        label = sheet.column(field).label
        if conflict.row is None:
            (where, row), named = tables.trunks.origin(record.row), record.found_by
        else:
            where, row, named = tables.of(sheet), conflict.row, field
        what = LIST_PARTS.get(conflict.field, "{label} of {number} on {trunk}").format(
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
    base: LiveTrunk, live: LiveTrunk, lists: Mapping[ListSheet, MergedList]
) -> dict[ListSheet, ListDifference]:
    """Return what the PBX changed in lists since the export, leaving out what the person changed as well."""
    found: dict[ListSheet, ListDifference] = {}
    for sheet in LIST_SHEETS:
        since = compare_lists(base.lists[sheet].entries, live.lists[sheet].entries)
        merged = lists.get(sheet, MergedList())
        mine = {key for key, _ in merged.mine}
        theirs = [change for change in since.changes if change.new.key not in mine]
        if merged.reordered:
            theirs = [change for change in theirs if change.kind is not ChangeKind.MOVED]
        if theirs and sheet.api not in {*base.unread, *live.unread}:
            found[sheet] = replace(since, changes=tuple(theirs))
    return found
