"""Merge: what a record and the live trunk make together.

The PBX replaces lists whole, so what is desired is always a complete list: the live one with the record's edit
applied to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch.schema.column_model import ListSheet, Mode
from batch.schema.problems import Problem
from batch.tables.rows import Table, Tables
from batch.trunks.diff import NO_DIFFERENCE, Desired, Difference
from batch.trunks.live import CallerId, Did, Entry, Extension, Inventory, LiveTrunk
from batch.trunks.live_checks import Hazard
from batch.trunks.model import CallerIdRow, DidRow, EntryRow, ListEdit, Record
from batch.trunks.numbers import RawId, split_groups


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


def merge(tables: Tables, record: Record, live: LiveTrunk, inventory: Inventory) -> Merged:
    """Apply a record to its live trunk."""
    filling = Filling(tables, inventory)
    problems: list[Problem] = []
    lists: dict[ListSheet, tuple[Entry, ...]] = {}
    for sheet, edit in record.lists.items():
        held = live.lists[sheet].entries
        problems += ambiguous(tables, sheet, edit, held)
        lists[sheet] = applied(edit, held, filling)
    return Merged(
        asked=record,
        desired=Desired(fields=record.fields, lists=lists),
        problems=[*problems, *filling.problems],
    )


class Filling:
    """Makes entries from rows, and collects what stands in the way."""

    def __init__(self, tables: Tables, inventory: Inventory) -> None:
        """Make one for the rows of a workbook, whose extensions and groups are looked up in an inventory."""
        self.problems: list[Problem] = []
        self._tables = tables
        self._inventory = inventory

    def __call__(self, row: EntryRow, old: Entry | None) -> Entry:
        """Make an entry from a row and the entry that its blank cells leave alone, if there is one."""
        name = row.name if row.name is not None else old.name if old else ""
        if isinstance(row, DidRow):
            return Did(row.number, name)
        span, order = (old.extension_range, old.order) if isinstance(old, CallerId) else ("", ())
        table, faults = self._tables.caller_ids, []
        if row.option == "range":
            span = row.extension_range or span
            faults = [] if span else [_missing(table, row, "extension-range-missing", "outbound_cid_to_ext_range")]
        else:
            order, faults = _extensions(table, row, order, self._inventory)
            if not order and not faults:
                faults = [_missing(table, row, "extensions-missing", "extensions")]
        self.problems += faults
        return CallerId(row.option, row.number, name, span, frozenset(order), order)


def applied(edit: ListEdit[Any], live: Sequence[Entry], filled: Filling) -> tuple[Entry, ...]:
    """Apply an edit to a list."""
    old: dict[Hashable, Entry] = {entry.key: entry for entry in reversed(live)}
    match edit.mode:
        case Mode.REPLACE:
            return tuple(filled(row, old.get(row.key)) for row in edit.rows)
        case Mode.ADD:
            new: dict[Hashable, Entry] = {row.key: filled(row, old.get(row.key)) for row in edit.rows}
            kept = tuple(new.get(entry.key, entry) for entry in live)
            return kept + tuple(entry for key, entry in new.items() if key not in old)
        case Mode.REMOVE:
            gone = {row.key for row in edit.rows}
            return tuple(entry for entry in live if entry.key not in gone)


def ambiguous(tables: Tables, sheet: ListSheet, edit: ListEdit[Any], live: Sequence[Entry]) -> list[Problem]:
    """Report rows of add and remove that fit two live entries, and removals of what is not there."""
    if edit.mode is Mode.REPLACE:
        return []
    table, field = tables.of(sheet), sheet.number
    count: Counter[Hashable] = Counter(entry.key for entry in live)
    problems = []
    absent: dict[int, list[str]] = {}
    for row in edit.rows:
        text = row.number
        if count[row.key] > 1:
            problems.append(
                table.problem(
                    "key-ambiguous",
                    row.row,
                    field,
                    f"{text} stands {count[row.key]} times on the PBX, so it is not clear which one is meant.",
                    "Remove the doubles on the PBX, or replace the whole list.",
                    value=text,
                )
            )
        elif edit.mode is Mode.REMOVE and not count[row.key]:
            absent.setdefault(row.row, []).append(text)
    return problems + [_not_there(table, field, row, numbers) for row, numbers in absent.items()]


def _not_there(table: Table, field: str, row: int, numbers: Sequence[str]) -> Problem:
    more = f" (and {len(numbers) - 1} more of this cell)" if len(numbers) > 1 else ""
    return table.problem(
        "entry-not-there",
        row,
        field,
        f"{numbers[0]}{more} is not on the trunk, so there is nothing to remove.",
        "Nothing to do, if it is gone already; otherwise check the number.",
        value=numbers[0],
    )


def _extensions(
    table: Table, row: CallerIdRow, live: Sequence[Extension], inventory: Inventory
) -> tuple[tuple[Extension, ...], list[Problem]]:
    """Look up the extensions and groups of a row; a blank cell keeps the live ones of its kind."""
    groups = split_groups(row.groups, inventory.groups) if row.groups else ()
    extensions, strange = _looked_up("extension", row.extensions or (), inventory.extensions)
    ext_groups, strange_groups = _looked_up("ext_group", groups, inventory.groups)
    if row.extensions is None:
        extensions = [one for one in live if one.type == "extension"]
    if row.groups is None:
        ext_groups = [one for one in live if one.type != "extension"]
    problems = [_unknown(table, row, "extension-unknown", "extensions", number) for number in strange]
    for name in strange_groups:
        near = inventory.nearest_group(name)
        problems.append(_unknown(table, row, "group-unknown", "extension_groups", name, near))
    return tuple(dict.fromkeys([*extensions, *ext_groups])), problems


def _looked_up(kind: str, wanted: Iterable[str | RawId], ids: Mapping[str, int]) -> tuple[list[Extension], list[str]]:
    """Look up what a cell names, by number or name; also return what the PBX does not have."""
    found: list[Extension] = []
    strange: list[str] = []
    for one in wanted:
        if isinstance(one, RawId):
            found.append(Extension(kind, one.id))
        elif one in ids:
            found.append(Extension(kind, ids[one], one))
        else:
            strange.append(one)
    return found, strange


def _unknown(table: Table, row: CallerIdRow, code: str, field: str, name: str, near: str | None = None) -> Problem:
    what = "extension" if field == "extensions" else "extension group"
    return table.problem(
        code,
        row.row,
        field,
        f"The PBX has no {what} {name}" + (f"; did you mean {near}?" if near else "."),
        f"Type {near}." if near else f"Correct it, or let the administrator add the {what} first.",
        value=name,
    )


def _missing(table: Table, row: CallerIdRow, code: str, field: str) -> Problem:
    needed = "Extensions or Extension groups" if field == "extensions" else "Extension range"
    return table.problem(
        code,
        row.row,
        field,
        f"{row.number} is new on this trunk, so {needed} must say for whom it is.",
        f"Fill in {needed}.",
        value="",
    )
