"""Moved DIDs: those that one trunk gives up and another gets, from the column *Move from* to what becomes of a list.

Pure. The row of a move belongs to the trunk that gets the DID. The trunk that gives it up needs no row: where the sheet
Trunks has none, the cell *Move from* stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from batch.schema.column_model import CLEAR, Mode, TrunkType
from batch.schema.columns import DIDS, LIST_SHEETS, TRUNKS
from batch.schema.problems import Finding, Problem
from batch.tables.rows import Tables
from batch.tables.single_lists import trunks_named_in
from batch.tables.table import Table
from batch.trunks import rules
from batch.trunks.diff import ChangeKind, Desired, Difference
from batch.trunks.entries import Entries
from batch.trunks.list_merge import put_back
from batch.trunks.live import Did, LiveTrunk
from batch.trunks.model import DidRow, DidRows, ListEdit, Move, Record

FROM: Final = "move_from"


def trunks_that_add(table: Table, owners: npt.NDArray[np.int64], modes: Mapping[int, Mode]) -> set[int]:
    """Return the Trunks rows, of those whose mode is blank, of which each row on the sheet DIDs says *Move from*."""
    texts = table.texts(FROM)
    if not any(texts):
        return set()
    faulty = table.faulty.get(FROM, frozenset())
    moves = np.fromiter(
        (bool(text) or row in faulty for row, text in zip(table.rows(), texts, strict=True)), dtype=bool
    )
    only_moving: set[int] = set(np.setdiff1d(owners[moves], owners[~moves]).tolist())
    return only_moving - modes.keys() - {0}


class FoundMoves(NamedTuple):
    """What the column *Move from* says."""

    givers: Sequence[Record] = ()
    """The trunks that it names, each at the cell that names it first."""
    named_at: Mapping[int, int] = MappingProxyType({})
    """For each that has a row of its own, by that row, the row of its record here."""
    moves: tuple[Move, ...] = ()
    problems: Sequence[Problem] = ()


def read_moves(
    tables: Tables, entries: Entries[DidRow], rows_of: Callable[[str], Sequence[int]], cut: Mapping[int, Finding]
) -> FoundMoves:
    """Find which trunk each DID moves from.

    ``rows_of`` gives the rows of the sheet Trunks that a text names; ``cut`` what is wrong with a cell, by its place
    among the rows.
    """
    table = tables.dids
    texts = table.texts(FROM)
    named = {text: rows_of(text) for text in dict.fromkeys(texts) if text}
    if not named:
        return FoundMoves()
    faults = {text: rules.unowned(text, rows, "") for text, rows in named.items() if len(rows) > 1}
    faults[CLEAR] = Finding("clear-not-allowed", "Move from cannot be emptied.", "Clear the cell.")
    givers = _beyond_the_sheet(tables, named.keys() - faults.keys())
    rows = {text: named[text][0] if named[text] else giver.row for text, giver in givers.items()}
    named_at = {rows[text]: giver.row for text, giver in reversed(givers.items()) if named[text]}
    problems: list[Problem] = []
    giver_of: dict[int, int] = {}
    for i, (row, text) in enumerate(zip(table.rows(), texts, strict=True)):
        if fault := cut.get(i) or faults.get(text):
            problems.append(table.found(row, FROM, fault, text))
        elif text:
            giver_of[row] = rows[text]
    problems += [
        _contradicted(table, row, f"{CLEAR} empties the list of this trunk, and no DID moves by it.", "Clear the cell.")
        for row in entries.clears
        if row in giver_of
    ]
    moves = tuple(
        Move(row=row, number=number, receiver=trunk, giver=giver_of[row])
        for (row, number, _), trunk in zip(entries.rows, entries.trunks.tolist(), strict=True)
        if trunk and row in giver_of
    )
    return FoundMoves([*givers.values()], named_at, moves, problems)


def _beyond_the_sheet(tables: Tables, texts: AbstractSet[str]) -> dict[str, Record]:
    """Make a record beyond the sheet Trunks of each trunk that the column *Move from* names, by what it says."""
    if not texts:
        return {}
    others = set(tables.dids.texts(FROM)) - texts
    named = trunks_named_in(tables.dids, FROM, others)
    more = tables.add_to_trunks(named)
    cells = zip(named.rows(), named.texts("id"), named.texts("name"), strict=True)
    return {
        trunk_id or name: Record(row=row + more, id=int(trunk_id) if trunk_id else None, name=name, gives_only=True)
        for row, trunk_id, name in cells
    }


def _contradicted(table: Table, row: int, message: str, fix: str, value: str = "") -> Problem:
    return table.problem("move-contradicts", row, FROM, message, fix, value=value or table.text(FROM, row))


def check_moves(tables: Tables, records: Iterable[Record], moves: Iterable[Move]) -> list[Problem]:
    """Report moves that something else in the workbook stands against; ``records`` are those of both sides."""
    table, by_row = tables.dids, {record.row: record for record in records}
    problems: dict[int, Problem] = {}
    """By row: a range is one."""
    seen: dict[tuple[int, str], Move] = {}
    comes: dict[tuple[int, str], Move] = {}
    moves = list(moves)
    for move in moves:
        comes.setdefault((move.receiver, move.key), move)
    kept = _kept_by_rows(by_row, moves)
    for move in moves:
        if move.row in problems:
            continue
        giver = by_row[move.giver]
        problem = _between(tables, move, by_row[move.receiver], giver)
        first = move if problem is not None else seen.setdefault((move.giver, move.key), move)
        back = comes.get((move.giver, move.key))
        if problem is None and first.receiver != move.receiver:
            problem = _again(table, move, first, f"takes {move.number} from {giver.label} as well")
        elif problem is None and back is not None:
            problem = _again(table, move, back, f"brings {move.number} to {giver.label} in the same run")
        elif problem is None and (row := kept.get((move.giver, move.key))) is not None:
            where = f"{table.name}!{table.cell('did', row, move.number)}"
            message = f"{move.number} is to leave {giver.label}, but {where} keeps it there."
            problem = _contradicted(table, move.row, message, f"Delete the row of {where}, or clear this cell.")
        if problem is not None:
            problems[move.row] = problem
    return list(problems.values())


def _kept_by_rows(by_row: Mapping[int, Record], moves: Iterable[Move]) -> dict[tuple[int, str], int]:
    """Return which DIDs the trunks' own rows keep or add, by trunk and key, and the row of each."""
    givers = (by_row[row] for row in dict.fromkeys(move.giver for move in moves))
    edits = ((giver.row, giver.dids) for giver in givers if giver.dids and giver.dids.mode is not Mode.REMOVE)
    return {(giver, row.key): row.row for giver, edit in edits for row in edit.rows}


def _between(tables: Tables, move: Move, receiver: Record, giver: Record) -> Problem | None:
    """Report what stands against any move between two trunks."""
    table, trunks = tables.dids, tables.trunks
    if move.receiver == move.giver:
        return _contradicted(
            table,
            move.row,
            f"{receiver.label} is the trunk that gets the DID, so it cannot be the one that gives it up.",
            "Type the trunk that gives it up; or clear the cell, if the DID stays where it is.",
        )
    if receiver.modes.get(DIDS.mode) is Mode.REMOVE:
        said = trunks.constants.get(DIDS.mode)
        where = said.said_by if said else f"{trunks.name}!{trunks.cell(DIDS.mode, receiver.row)}"
        return _contradicted(
            table,
            move.row,
            f"The {TRUNKS.column(DIDS.mode).label} of {receiver.label} is remove ({where}), so it gets no DID.",
            f"Clear the cell, if the DID is to be removed; or let {where} say {Mode.ADD}.",
        )
    if giver.skip:
        where = f"{trunks.name}!{trunks.cell('action', giver.row)}"
        return _contradicted(
            table,
            move.row,
            f"{giver.label} is left out (skip in {where}), so it gives no DID up.",
            f"Clear {where}, or take this row out.",
        )
    if giver.type is TrunkType.ACCOUNT:
        return without_dids(table, move.row, giver.label)
    return None


def without_dids(table: Table, row: int, name: str) -> Problem:
    """Report a trunk of a type that has no DIDs to give up."""
    return table.problem(
        "field-not-of-type",
        row,
        FROM,
        f"{name} is an account trunk, and such trunks have no DIDs.",
        "Type the trunk that has the DID, or clear the cell.",
        value=table.text(FROM, row),
    )


def _again(table: Table, move: Move, first: Move, what: str) -> Problem:
    where = f"{table.name}!{table.cell(FROM, first.row)}"
    problem = table.problem(
        "move-twice",
        move.row,
        FROM,
        f"{where} {what}.",
        "Keep one of the two rows; a DID moves once in a run.",
        value=table.text(FROM, move.row),
    )
    return replace(problem, partner=first.receiver)


class PlannedMove(NamedTuple):
    """One DID on its way from one trunk to another."""

    entry: Did
    """As the trunk that gets it shall have it."""
    giver: int
    """Row of the trunk that gives it up."""
    receiver: int
    """Row of the trunk that gets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenDid:
    """A DID that a trunk gets from another one."""

    entry: Did
    """As the other one holds it."""
    giver: str
    """Name of the other one."""
    exported: str | None = None
    """The name that the DID had there when the workbook was exported; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesOf:
    """What moves do to the DIDs of one trunk, by the key of the DID."""

    takes: Mapping[str, TakenDid] = field(default_factory=dict)
    gives: Mapping[str, str] = field(default_factory=dict)
    """With the name of the trunk that gets it."""
    keeps: AbstractSet[str] = frozenset()
    """What it keeps, because the trunk that was to get it is left out."""
    rows: Sequence[DidRow] = ()
    """Of the sheet DIDs, those that name what it gives up."""

    def named(self, record: Record, live: LiveTrunk) -> Record:
        """Let DIDs that the trunk gets keep the names that they have, where the rows give them none."""
        edit = record.dids
        if edit is None or not self.takes:
            return record
        held = {entry.key for entry in live.dids.entries}
        taken = {key: taken for key, taken in self.takes.items() if key not in held}
        names = [_name_of(row, taken.get(row.key)) for row in edit.rows]
        rows = DidRows([row.row for row in edit.rows], [row.number for row in edit.rows], names)
        return replace(record, lists={**record.lists, DIDS: replace(edit, rows=rows)})

    def applied(self, asked: Record, desired: Desired, live: LiveTrunk) -> tuple[Record, Desired]:
        """Take what the trunk gives up from what it shall hold, and put back what it keeps."""
        if not self.gives and not self.keeps:
            return asked, desired
        own = desired.lists.get(DIDS, live.dids.entries)
        left = [entry for entry in own if entry.key not in self.gives]
        if DIDS not in asked.lists and not self.gives:
            return asked, desired
        edits = {DIDS: ListEdit(mode=Mode.REMOVE, explicit=True, rows=self.rows), **asked.lists}
        lists = {**desired.lists, DIDS: put_back(left, self.keeps, live.dids.entries)}
        return (
            replace(asked, lists={sheet: edits[sheet] for sheet in LIST_SHEETS if sheet in edits}),
            replace(desired, lists={sheet: lists[sheet] for sheet in LIST_SHEETS if sheet in lists}),
        )

    def told(self, difference: Difference) -> Difference:
        """Say of each DID that comes or goes by a move from which trunk, or to which."""
        differs = difference.lists.get(DIDS)
        if differs is None or not (self.takes or self.gives):
            return difference
        changes = tuple(change._replace(other=self._other(change.kind, change.new.key)) for change in differs.changes)
        return replace(difference, lists={**difference.lists, DIDS: replace(differs, changes=changes)})

    def _other(self, kind: ChangeKind, key: object) -> str:
        if kind is ChangeKind.ADDED:
            return self.takes[str(key)].giver if key in self.takes else ""
        return self.gives.get(str(key), "") if kind is ChangeKind.REMOVED else ""


NO_MOVES: Final = MovesOf()


def _name_of(row: DidRow, taken: TakenDid | None) -> str | None:
    return taken.entry.name if taken is not None and row.name in {None, taken.exported} else row.name
