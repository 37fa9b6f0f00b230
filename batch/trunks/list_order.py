"""List order: in which order the lists of a trunk are wanted, by a file that may have been sorted to read it.

The PBX takes the first entry that fits, so an order is part of what is wanted. A workbook that a person wrote says it
by the order of its rows. In an export or in results those may just have been sorted. Of results, a trunk that was
finished has the order that was wanted, so it stays; of one that was not, the order of the rows counts as long as it
is the one that the run was to write. Everything else is asked: the hazard ``reorder``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from batch.schema.column_model import ListSheet, Mode
from batch.schema.file_metadata import FileKind, FileMetadata
from batch.schema.problems import Problem
from batch.tables.rows import Table, Tables
from batch.trunks.change_plan import Change
from batch.trunks.diff import ChangeKind, EntryChange, ListDifference, compare, described
from batch.trunks.hazards import Hazard
from batch.trunks.model import ListEdit, Record


def remember(
    metadata: FileMetadata, run_on: str, records: Iterable[Record], finished: Mapping[int, int | None]
) -> FileMetadata:
    """Return what results say of themselves about orders.

    Args:
        metadata: what the file that was read says of itself.
        run_on: address of the run's PBX.
        records: all trunks of the workbook.
        finished: ids of the trunks that are as wanted, by their row on the Trunks sheet.
    """
    left = [record for record in records if record.row not in finished]
    return replace(
        metadata,
        run_on=run_on,
        finished=frozenset(number for number in finished.values() if number is not None),
        orders=frozenset(_order(record, sheet, edit) for record in left for sheet, edit in record.lists.items()),
    )


def _order(record: Record, sheet: ListSheet, edit: ListEdit[Any]) -> str:
    """Return what the rows of a list are known by in this order, and in no other."""
    said = json.dumps([sheet.name, record.label, [row.key for row in edit.rows]])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def settle_orders(
    tables: Tables, change: Change, metadata: FileMetadata, *, same_pbx: bool
) -> tuple[Change, list[Hazard], list[Problem]]:
    """Settle what becomes of lists whose entries would be moved.

    Args:
        tables: the workbook.
        change: what one of its trunks would become.
        metadata: what the workbook says of itself.
        same_pbx: whether it is results of a run on this PBX.

    Returns:
        The change without lists that stay as they are; what is to be allowed; what is to be told.
    """
    results = FileKind.RESULTS in metadata.kinds
    if not results and FileKind.EXPORT not in metadata.kinds:
        return change, [], []
    hazards, notices, lists = [], [], {**change.desired.lists}
    for sheet, edit in change.record.lists.items():
        differs = change.difference.lists.get(sheet, ListDifference())
        if edit.mode is not Mode.REPLACE:
            continue
        as_the_run = results and _order(change.record, sheet, edit) in metadata.orders
        moved = differs.of(ChangeKind.MOVED)
        if not moved:
            left = results and same_pbx and change.live.id not in metadata.finished
            if left and not differs.changes and len(edit.rows) > 1 and metadata.orders and not as_the_run:
                hazards.append(_order_lost(change, sheet.words))
            continue
        if results and same_pbx and change.live.id in metadata.finished and len(moved) == len(differs.changes):
            del lists[sheet]
            notices.append(_order_left(tables.of(sheet), change, sheet.words))
        elif not as_the_run:
            hazards.append(_reorder(change, sheet.words, moved, differs.stays))
    if notices:
        desired = replace(change.desired, lists=lists)
        change = replace(change, desired=desired, difference=compare(change.live, desired))
    return change, hazards, notices


def _order_left(table: Table, change: Change, label: str) -> Problem:
    return Problem(
        code="order-left",
        sheet=table.name,
        row=table.header_row,
        message=f"The {label} of {change.live.label} are all on the PBX, in another order, which stays: the trunk was "
        "as wanted when its run ended, and results may be sorted to read them.",
        fix="Nothing to do. To change the order, put the rows into a workbook that is no results.",
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
        f"{of_all:,} moved, {described(first.new)} from place {first.was:,} to {first.becomes:,}), "
        "and the first that fits a call wins. If the file was only sorted to read it, put its rows back.",
    )
