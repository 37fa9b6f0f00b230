"""The changes of a plan: desired against live, for all chosen trunks, and in which order their lists are wanted. Pure.

The PBX takes the first entry that fits, so an order is part of what is wanted. A workbook that a person wrote says it
by the order of its rows. In an export or in results those may just have been sorted. Of results, a trunk that was
finished has the order that was wanted, so it stays; of one that was not, the order of the rows counts as long as it
is the one that the run was to write. Everything else is asked: the hazard ``reorder``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from batch.schema.column_model import ListSheet, Mode
from batch.schema.columns import DIDS, LIST_SHEETS, TRUNKS
from batch.schema.file_metadata import FileKind, FileMetadata
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks import rules
from batch.trunks.diff import (
    NO_DIFFERENCE,
    ChangeKind,
    Desired,
    Difference,
    EntryChange,
    ListDifference,
    canonical,
    compare,
    entry_text,
    live_value,
)
from batch.trunks.live import WHOLE_TRUNK, Inventory, LiveTrunk, entry_json
from batch.trunks.live_checks import (
    Hazard,
    check_live,
    hazards,
    incomplete,
    unread,
    unreadable_trunk_problem,
)
from batch.trunks.merge import merge
from batch.trunks.model import DidRow, ListEdit, Record
from batch.trunks.moved_dids import NO_MOVES, MovesOf, PlannedMove
from batch.wording import nearest_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one trunk of the workbook becomes."""

    record: Record
    live: LiveTrunk
    desired: Desired
    difference: Difference
    left_alone: Difference = NO_DIFFERENCE
    """For a trunk of an export: what only the PBX changed since, from then to now."""
    given: Sequence[DidRow] = ()
    """Rows of the sheet DIDs that take what goes to other trunks."""

    @property
    def kind(self) -> str:
        """``update`` when something is to be written, ``keep`` when it already is as wanted."""
        return "update" if self.difference else "keep"

    @property
    def renames(self) -> bool:
        """Whether the trunk gets another name."""
        return "name" in self.difference.fields

    @property
    def disables(self) -> bool:
        """Whether the trunk is switched off."""
        return self.difference.fields.get("enable", (1, 1))[1] == 0

    @property
    def removals(self) -> int:
        """How many list entries it loses, not counting DIDs that go to another trunk."""
        return sum(one.kind is ChangeKind.REMOVED and not one.other for one in self.difference.entries)

    @property
    def moves(self) -> int:
        """How many DIDs it gets from other trunks."""
        return sum(one.kind is ChangeKind.ADDED and bool(one.other) for one in self.difference.entries)

    @property
    def bears_on_registration(self) -> bool:
        """Whether the write can cost the trunk its registration."""
        return any(TRUNKS.column(name).registration for name in self.difference.fields)

    @property
    def written(self) -> Desired:
        """What the write sets, and nothing else: what reading back must find."""
        return Desired(
            fields={name: new for name, (_, new) in self.difference.fields.items()},
            lists={sheet: self.desired.lists[sheet] for sheet in self.difference.lists},
        )

    def as_planned(self, now: LiveTrunk) -> bool:
        """Tell whether everything that the write replaces still is what the plan saw."""
        return (
            (now.name, now.vendor_type) == (self.live.name, self.live.vendor_type)
            and self.replaces(now) == self.replaces()
            and all(
                now.lists[sheet].unknown_keys == self.live.lists[sheet].unknown_keys for sheet in self.difference.lists
            )
        )

    def body(self) -> dict[str, Any]:
        """Make the body of the write: nothing that does not change, lists complete.

        A new password stands in it in clear, so it is made just before it is sent and never kept.
        """
        body: dict[str, Any] = {"id": self.live.id}
        for name, (_, wanted) in self.difference.fields.items():
            body[name] = wanted.reveal() if isinstance(wanted, Secret) else wanted
        lists = [sheet for sheet in reversed(LIST_SHEETS) if sheet in self.difference.lists]
        return body | {sheet.api: [entry_json(entry) for entry in self.desired.lists[sheet]] for sheet in lists}

    def replaces(self, now: LiveTrunk | None = None) -> dict[str, Any]:
        """Return the values of the plan's trunk, or of the trunk now, that the write replaces, secrets as `Secret`."""
        lists = (sheet.api for sheet in self.difference.lists)
        return values_of(now or self.live, [*self.difference.fields, *lists])


def values_of(live: LiveTrunk, names: Iterable[str]) -> dict[str, Any]:
    """Return a trunk's values of these fields and lists, the password as a `Secret`."""
    lists: dict[str, Any] = {sheet.api: live.lists[sheet].entries for sheet in LIST_SHEETS}
    lists |= {name: live.whole.get(name) for name in live.unread}  # to be put back as it was, it must not have changed
    return {name: lists[name] if name in lists else canonical(name, live_value(live, name)) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done, and what stands against it."""

    pbx: str
    """The PBX's address."""
    changes: tuple[Change, ...] = ()
    """One per chosen trunk without problems, in the workbook's order."""
    moves: tuple[PlannedMove, ...] = ()
    """DIDs that go from one of these trunks to another, as far as that is not done yet."""
    hazards: tuple[Hazard, ...] = ()
    problems: Sequence[Problem] = ()
    """All problems and notices, of the workbook and of the PBX."""

    @property
    def updates(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(change for change in self.changes if change.difference)

    @property
    def stopped(self) -> frozenset[int]:
        """Rows of the Trunks sheet that problems stand against."""
        return stopped_by(self.problems)

    def digest(self) -> str:
        """Return 32 hexadecimal digits that stand for address, chosen trunks, ordered writes and the values replaced.

        Passwords are part of the writes; deriving a key from all of it makes it useless for guessing one.
        """
        seed = hashlib.sha256(self.pbx.encode())
        for change in self.changes:
            before = {
                name: value.reveal() if isinstance(value, Secret) else _plain(value)
                for name, value in change.replaces().items()
            }
            body: dict[str, Any] = change.body() if change.difference else {"id": change.live.id}
            for entry in [*body.get("outbound_cid_list", ()), *before.get("outbound_cid_list", ())]:
                entry.get("ext_list", []).sort(key=lambda member: (member["type"], member["id"]))
            seed.update(json.dumps([body, before], sort_keys=True).encode())
        return hashlib.pbkdf2_hmac("sha256", seed.digest(), self.pbx.encode(), 100_000, 16).hex()


def stopped_by(problems: Iterable[Problem]) -> frozenset[int]:
    """Return the rows of the Trunks sheet that problems stand against."""
    rows = {row for problem in problems if problem.stops for row in (problem.trunk, problem.partner)}
    return frozenset(row for row in rows if row is not None)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [entry_json(entry) for entry in value]
    return value


def resolve(tables: Tables, records: Iterable[Record], inventory: Inventory) -> tuple[dict[int, int], list[Problem]]:
    """Find each record's trunk, by id or by exact name: trunk ids by row of the Trunks sheet, and what is wrong.

    The trunk of one that only gives DIDs up may be that of another record as well.
    """
    table = tables.trunks
    by_id, by_name = inventory.by_id, inventory.by_name
    records = list(records)
    gone = [r.name for r in records if (by_name.get(r.name) if r.id is None else by_id.get(r.id)) is None]
    near = nearest_names(gone, by_name)
    ids: dict[int, int] = {}
    taken: dict[int, int] = {}
    problems: list[Problem] = []
    for record in records:
        if record.id is None and not record.name:
            continue
        listed = table.origin(record.row)[0].times is not None
        trunk, other = _meant(record, inventory, either=listed)
        if trunk is None:
            problems.append(_gone(tables, record, by_name.get(near.get(record.name, ""))))
        elif other is not None:
            problems.append(_also_a_name(table, record, trunk, other))
        elif WHOLE_TRUNK in trunk.unread:
            problems.append(unreadable_trunk_problem(tables, record, trunk))
        elif trunk.id != record.id and trunk.name in inventory.doubled:
            problems.append(_doubled(table, record))
        elif record.gives_only:
            ids[record.row] = trunk.id
        elif trunk.id in taken:
            problems.append(_the_same(table, record, trunk, taken[trunk.id]))
        else:
            ids[record.row] = trunk.id
            taken[trunk.id] = record.row
    return ids, problems


def _doubled(table: Table, record: Record) -> Problem:
    return table.problem(
        "trunk-ambiguous",
        record.row,
        record.found_by,
        f"The PBX has more than one trunk named {record.name or record.id}.",
        "Type the Trunk ID of the right one.",
        value=record.name or str(record.id),
    )


def _the_same(table: Table, record: Record, trunk: LiveTrunk, first: int) -> Problem:
    home, row = table.origin(first)
    there = f"row {row}" if table.times is None else f"row {row} of {home.name}"
    problem = table.problem(
        "same-live-trunk",
        record.row,
        record.found_by,
        f"This row and {there} are for the same trunk on the PBX: {trunk.name}, id {trunk.id}.",
        "Put all its changes into one row, and delete the other."
        if table.times is None
        else "Type the same name or ID in all its rows.",
        value=record.label,
    )
    return replace(problem, partner=first)


def _meant(record: Record, inventory: Inventory, *, either: bool) -> tuple[LiveTrunk | None, LiveTrunk | None]:
    """Return the trunk that a record means, and another one that it may mean as well.

    With ``either`` what looks like a Trunk ID may be a Name: a list says both in one column.
    """
    if record.id is None:
        return inventory.by_name.get(record.name), None
    trunk = inventory.by_id.get(record.id)
    namesake = inventory.by_name.get(str(record.id)) if either else None
    if trunk is None or namesake is None or namesake is trunk:
        return trunk or namesake, None
    return trunk, namesake


def _also_a_name(table: Table, record: Record, trunk: LiveTrunk, namesake: LiveTrunk) -> Problem:
    return table.problem(
        "trunk-ambiguous",
        record.row,
        record.found_by,
        f"On the PBX, {record.id} is the Trunk ID of {trunk.name} and also the name of another trunk.",
        f"For the first, type {trunk.name}; for the other, type its Trunk ID, {namesake.id}.",
        value=str(record.id),
    )


def _gone(tables: Tables, record: Record, near: LiveTrunk | None) -> Problem:
    what = f"named {record.name}" if record.id is None else f"with the id {record.id}"
    listed = tables.trunks.origin(record.row)[0].times is not None
    return tables.trunks.problem(
        "trunk-gone",
        record.row,
        record.found_by,
        f"The PBX has no trunk {what}" + (f"; did you mean {near.name}?" if near else "."),
        f"Type {near.name}, or its Trunk ID {near.id}."
        if near
        else f"Correct it{'' if listed else ', or delete the row'}; this tool does not create trunks.",
        value=record.name if record.id is None else str(record.id),
    )


def plan_change(
    tables: Tables,
    record: Record,
    live: LiveTrunk,
    inventory: Inventory,
    base: LiveTrunk | None = None,
    moves: MovesOf = NO_MOVES,
) -> tuple[Change, list[Hazard], list[Problem]]:
    """Put one record against its live trunk; where it was exported, with what the trunk was then between them."""
    record = moves.named(record, live)
    merged = merge(tables, record, live, inventory, base)
    asked, desired = moves.applied(merged.asked, merged.desired, live)
    difference = moves.told(compare(live, desired))
    problems = [*merged.problems, *check_live(tables, asked, live, inventory)]
    if asked.caller_ids and (asked.dids is None or asked.dids.mode is not Mode.REPLACE):
        numbers = [entry.number for entry in desired.lists.get(DIDS, live.dids.entries)]
        problems += rules.caller_id_not_a_did(tables.caller_ids, asked, numbers)
    problems += [*incomplete(tables, asked, live, desired, difference), *unread(tables, asked, live)]
    left_alone, given = merged.left_alone, moves.rows
    change = Change(
        record=record, live=live, desired=desired, difference=difference, left_alone=left_alone, given=given
    )
    return change, [*merged.conflicts, *hazards(asked, live, difference, moves.gives)], problems


def tally(changes: Iterable[Change]) -> Counter[str]:
    """Count what stands at the top of a plan, from updates and keeps to lists replaced on purpose."""
    count: Counter[str] = Counter()
    for change in changes:
        count[change.kind] += 1
        count["renames"] += change.renames
        count["disabled"] += change.disables
        count["removals"] += change.removals
        count["moves"] += change.moves
        for sheet, differs in change.difference.lists.items():
            edit = change.record.lists.get(sheet)
            count["reorders"] += differs.changes[-1].kind is ChangeKind.MOVED  # they come last
            count["replacements"] += bool(edit and edit.explicit and edit.mode is Mode.REPLACE)
    return count


def not_allowed(found: Iterable[Hazard], allowed: Iterable[str], changes: Iterable[Change]) -> tuple[Hazard, ...]:
    """Return the hazards that no ``--allow`` covers.

    ``allowed`` holds what was typed: ``removals`` for all trunks, ``removals=TRUNK`` for one, by name or id.
    """
    ids = {change.record.row: str(change.live.id) for change in changes}
    granted = set(allowed)
    return tuple(
        hazard
        for hazard in found
        if not granted & {hazard.code, f"{hazard.code}={hazard.trunk}", f"{hazard.code}={ids.get(hazard.row)}"}
    )


def with_orders(
    metadata: FileMetadata, run_on: str, records: Iterable[Record], finished: Mapping[int, int | None]
) -> FileMetadata:
    """Return what results say of themselves about orders.

    ``finished`` has the ids of the trunks that are as wanted, by their row on the Trunks sheet.
    """
    left = [record for record in records if record.row not in finished]
    return replace(
        metadata,
        run_on=run_on,
        finished=frozenset(number for number in finished.values() if number is not None),
        orders=frozenset(_order(record, sheet, edit) for record in left for sheet, edit in record.lists.items()),
    )


def _order(record: Record, sheet: ListSheet, edit: ListEdit[Any]) -> str:
    text = json.dumps([sheet.name, record.label, [row.key for row in edit.rows]])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def check_orders(
    tables: Tables, change: Change, metadata: FileMetadata, *, same_pbx: bool
) -> tuple[Change, list[Hazard], list[Problem]]:
    """Say what becomes of lists whose entries would be moved, in a file that may be results of a run on this PBX.

    Returns the change without lists that stay as they are; what is to be allowed; what is to be told.
    """
    if metadata.kinds.isdisjoint({FileKind.RESULTS, FileKind.EXPORT}):
        return change, [], []
    edits = {sheet: edit for sheet, edit in change.record.lists.items() if edit.mode is Mode.REPLACE}
    judged = {sheet: _judged_order(tables, change, sheet, edit, metadata, same_pbx) for sheet, edit in edits.items()}
    left = {sheet: one for sheet, one in judged.items() if isinstance(one, Problem)}
    if left:
        lists = {sheet: entries for sheet, entries in change.desired.lists.items() if sheet not in left}
        differs = {sheet: one for sheet, one in change.difference.lists.items() if sheet not in left}
        desired, difference = replace(change.desired, lists=lists), replace(change.difference, lists=differs)
        change = replace(change, desired=desired, difference=difference)
    return change, [one for one in judged.values() if isinstance(one, Hazard)], list(left.values())


def _judged_order(
    tables: Tables,
    change: Change,
    sheet: ListSheet,
    edit: ListEdit[Any],
    metadata: FileMetadata,
    same_pbx: bool,  # noqa: FBT001 - as `check_orders` has it
) -> Problem | Hazard | None:
    """Say what becomes of the order of one list: it stays, it is asked about, or it is written as it is wanted."""
    differs = change.difference.lists.get(sheet, ListDifference())
    moved = differs.of(ChangeKind.MOVED)
    results = FileKind.RESULTS in metadata.kinds
    finished = change.live.id in metadata.finished if results and same_pbx else None
    if finished and moved and len(moved) == len(differs.changes):
        return _order_left(tables.of(sheet), change, sheet.words)
    if results and _order(change.record, sheet, edit) in metadata.orders:
        return None
    if moved:
        return _reorder(change, sheet.words, moved, differs.stays)
    lost = finished is False and not differs.changes and len(edit.rows) > 1 and metadata.orders
    return _order_lost(change, sheet.words) if lost else None


def _order_left(table: Table, change: Change, label: str) -> Problem:
    return Problem(
        code="order-left",
        sheet=table.name,
        row=table.header_row,
        message=f"The {label} of {change.live.label} are all on the PBX in a different order, and that order is kept: "
        "the trunk was finished when its run ended, and results may be sorted for reading.",
        fix="Nothing to do. To change the order, copy the rows into a workbook that is not a results file.",
        trunk=change.record.row,
    )


def _order_lost(change: Change, label: str) -> Hazard:
    return Hazard(
        code="reorder",
        row=change.record.row,
        trunk=change.live.name or str(change.live.id),
        message=f"The {label} of {change.live.label} are on the PBX in the order of these rows, which is not the order "
        "that the run was to write and did not, and the first that fits a call wins. If the file was only sorted to "
        "read it, put its rows back.",
    )


def _reorder(change: Change, label: str, moved: Sequence[EntryChange], of_all: int) -> Hazard:
    first = moved[0]
    return Hazard(
        code="reorder",
        row=change.record.row,
        trunk=change.live.name or str(change.live.id),
        message=f"The {label} of {change.live.label} would be put into another order ({len(moved):,} of "
        f"{of_all:,} moved, {entry_text(first.new)} from place {first.was:,} to {first.becomes:,}), "
        "and the first that fits a call wins. If the file was only sorted to read it, put its rows back.",
    )
