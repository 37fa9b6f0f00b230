"""Live moves: what moves of DIDs between trunks do to both as the PBX holds them. Pure.

What a trunk gives up is taken from what its own rows make of its list; who gets a DID has a row for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from batch.schema.columns import DIDS
from batch.schema.file_metadata import FileMetadata
from batch.schema.problems import Problem
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks.change_plan import Change, check_orders, plan_change, stopped_by
from batch.trunks.diff import ChangeKind, compare
from batch.trunks.live import Did, Inventory, LiveTrunk
from batch.trunks.live_checks import Hazard, deserted, not_sendable
from batch.trunks.model import DidRow, Move, Record, Records
from batch.trunks.moved_dids import FROM, NO_MOVES, MovesOf, PlannedMove, TakenDid, check_moves, without_dids
from batch.trunks.numbers import did_key
from batch.trunks.patterns import Matcher, is_pattern
from batch.trunks.way_back import Return

GoingBack: TypeAlias = Callable[[Record, LiveTrunk], tuple[Change, list[Hazard], list[Return]] | None]
"""Puts a trunk that goes back against what it goes back to; None for one that does not."""


class LiveMove(NamedTuple):
    """A move that is still to be done."""

    move: Move
    entry: Did
    """As the trunk that gives it up holds it; or held it, before a run that is gone on with."""


def only_giving(records: Records, chosen: AbstractSet[int]) -> list[Record]:
    """Return the trunks that give DIDs up to those of the chosen rows, and of which nothing else is done.

    Their rows, if they have any, are not run.
    """
    giving = {move.giver for move in records.moves if move.receiver in chosen} - chosen
    rows = {records.named_at.get(row, row) for row in giving}
    return [record for record in records.trunks if record.row in rows]


def rows_of_givers(records: Iterable[Record], ids: Mapping[int, int], inventory: Inventory) -> dict[int, int]:
    """Return, for givers beyond the sheet whose trunk has a row all the same, or an earlier giver, that row.

    ``ids`` says by row which trunk of the PBX a record means; of one that is left out by *skip* it is found here.
    """
    records, first = list(records), dict[int, int]()
    for record in (record for record in records if record.skip):
        trunk = inventory.by_name.get(record.name) if record.id is None else inventory.by_id.get(record.id)
        if trunk is not None:
            first.setdefault(trunk.id, record.row)
    for record in (record for record in records if record.row in ids):
        first.setdefault(ids[record.row], record.row)
    givers = (record.row for record in records if record.gives_only and record.row in ids)
    return {row: first[ids[row]] for row in givers if first[ids[row]] != row}


def check_moves_live(
    tables: Tables, moves: Iterable[Move], live: Mapping[int, LiveTrunk], before: Mapping[int, LiveTrunk]
) -> tuple[list[LiveMove], list[Problem]]:
    """Put moves against the trunks as they are, by their row; what is done already is told, and left out.

    ``before`` has the trunks, by id, as they were before a run that is gone on with: what is on neither trunk by now,
    and was on the giving one then, is on its way.
    """
    table = tables.dids
    moves = [move for move in moves if move.giver != move.receiver]  # a problem of the workbook alone
    held = {row: _by_key(live[row]) for row in {row for move in moves for row in (move.giver, move.receiver)}}
    was = {row: _by_key(before[trunk.id]) for row, trunk in live.items() if trunk.id in before}
    ready: list[LiveMove] = []
    faults: dict[tuple[int, int], Problem | None] = {}
    numbers: dict[tuple[str, int], list[Move]] = defaultdict(list)
    for move in moves:
        pair = (move.giver, move.receiver)
        if pair not in faults:
            faults[pair] = _giver_at_fault(table, move.row, live[move.giver])
        there = held[move.giver].get(move.key, ()) or was.get(move.giver, {}).get(move.key, ())
        if faults[pair] is not None:
            continue
        if move.key in held[move.receiver] and move.key not in held[move.giver]:
            numbers["move-done", move.row].append(move)
        elif len(there) == 1:
            ready.append(LiveMove(move, there[0]))
        else:
            numbers["key-ambiguous" if there else "move-not-there", move.row].append(move)
    problems = [fault for fault in faults.values() if fault is not None]
    matchers = {
        move.giver: _patterns_of(live[move.giver]) for (code, _), found in numbers.items() for move in found[:1]
    }
    problems += [_unmoved(table, code, found, live, matchers) for (code, _), found in numbers.items()]
    return ready, problems


def _by_key(trunk: LiveTrunk) -> dict[str, list[Did]]:
    found: dict[str, list[Did]] = {}
    for entry in trunk.dids.entries:
        found.setdefault(entry.key, []).append(entry)
    return found


def _giver_at_fault(table: Table, row: int, giver: LiveTrunk) -> Problem | None:
    """Report a trunk that can give no DID up at all."""
    if giver.type is not None and giver.type not in DIDS.types:
        return without_dids(table, row, giver.label)
    unread = giver.unread.get(DIDS.api)
    if giver.type is None:
        code, fix = "trunk-not-editable", "Move its DIDs in the PBX's web interface."
        message = f"{giver.label} is a {giver.vendor_type or 'trunk of unknown type'}, which the API cannot edit."
    elif giver.shared:
        code, fix = "trunk-shared", "Take the row out; only the trunk's owner can change its DIDs."
        message = f"{giver.label} is a shared trunk; only its caller IDs can be changed here."
    elif unread is not None:
        code, fix = "live-entry-incomplete", "Check that trunk on the PBX, then plan again; or take the row out."
        message = f"The DIDs of {giver.label} cannot be read ({unread})."
    else:
        return None
    return table.problem(code, row, FROM, message, fix, value=table.text(FROM, row))


def _patterns_of(trunk: LiveTrunk) -> tuple[Sequence[str], Matcher]:
    patterns = [entry.number for entry in trunk.dids.entries if is_pattern(entry.number)]
    return patterns, Matcher(pattern.lstrip("+") for pattern in patterns)


def _unmoved(
    table: Table,
    code: str,
    moves: Sequence[Move],
    live: Mapping[int, LiveTrunk],
    matchers: Mapping[int, tuple[Sequence[str], Matcher]],
) -> Problem:
    """Say why DIDs of one row cannot move, or need not."""
    move, *rest = moves
    number, giver, receiver = move.number, live[move.giver], live[move.receiver]
    called = number + (f" (and {len(rest):,} more of this cell)" if rest else "")
    if code == "move-done":
        message = f"{called} is on {receiver.label} already, and not on {giver.label}: there is nothing to move."
        return table.problem(code, move.row, FROM, message, "Nothing to do.", value=table.text(FROM, move.row))
    patterns, matcher = matchers[move.giver]
    plain = number.lstrip("+")
    taker = matcher.first_for(plain) if is_pattern(number) else matcher.first(plain)
    other = next((one for one in (f"+{plain}", plain) if one != number and _has(giver, one)), "")
    if code == "key-ambiguous":
        message = f"{called} is on {giver.label} more than once, so it is not clear which one moves."
        fix = "Remove the duplicates on the PBX."
    elif other:
        message = f"{called} is not on {giver.label}, which has {other}."
        fix = f"Type {other}."
    elif taker is not None:
        code = "move-in-pattern"
        message = f"{giver.label} has no entry {called}: its pattern {patterns[taker]} covers it."
        fix = f"Type {patterns[taker]} to move the pattern whole; or write its numbers out on {giver.label} first."
    else:
        message = f"{called} is neither on {giver.label} nor on {receiver.label}."
        fix = f"Correct the DID, or its Move from; clear Move from for a number that is new on {receiver.label}."
    return table.problem(code, move.row, "did", message, fix, value=number)


def _has(trunk: LiveTrunk, number: str) -> bool:
    return any(entry.key == did_key(number) for entry in trunk.dids.entries)


def check_both_sound(
    tables: Tables, moves: Iterable[Move], at_fault: Mapping[int, str], names: Mapping[int, str]
) -> tuple[set[int], list[Problem]]:
    """Follow moves from trunks at fault: who gets a DID from one that is not written is not written either.

    ``at_fault`` says where the fault is, by row. Returns the rows of all that are not written.
    """
    table = tables.dids
    given: dict[int, list[Move]] = defaultdict(list)
    for move in moves:
        given[move.giver].append(move)
    places, problems = dict(at_fault), list[Problem]()
    queue = [giver for giver in given if giver in places]
    while queue:
        giver = queue.pop()
        for move in given.get(giver, ()):
            if move.receiver in places:
                continue
            problem = table.problem(
                "move-blocked",
                move.row,
                FROM,
                f"{move.number} is to leave {names[giver]}, which is not written ({places[giver]}).",
                f"Put that right, or take out the rows that move a DID from {names[giver]}.",
                value=table.text(FROM, move.row),
            )
            problems.append(problem)
            places[move.receiver] = f"{problem.sheet}!{problem.cell}"
            queue.append(move.receiver)
    return set(places), problems


def moves_by_trunk(
    ready: Iterable[LiveMove],
    kept: Iterable[Move],
    names: Mapping[int, str],
    exported: Mapping[int, LiveTrunk],
) -> dict[int, MovesOf]:
    """Gather what moves do to each trunk, by row.

    ``kept`` are moves that are not made, ``names`` what the trunks are called, ``exported`` how those that give up were
    when the workbook was exported.
    """
    takes, gives = defaultdict[int, dict[str, TakenDid]](dict), defaultdict[int, dict[str, str]](dict)
    rows, keeps = defaultdict[int, list[DidRow]](list), defaultdict[int, set[str]](set)
    then = {row: {entry.key: entry.name for entry in trunk.dids.entries} for row, trunk in exported.items()}
    for move, entry in ready:
        key = move.key
        exported_as = then.get(move.giver, {}).get(key)
        takes[move.receiver][key] = TakenDid(entry=entry, giver=names[move.giver], exported=exported_as)
        gives[move.giver][key] = names[move.receiver]
        rows[move.giver].append(DidRow(move.row, move.number, None))
    for move in kept:
        keeps[move.giver].add(move.key)
    return {
        row: MovesOf(takes=takes.get(row, {}), gives=gives.get(row, {}), keeps=frozenset(keeps[row]), rows=rows[row])
        for row in {*takes, *gives, *keeps}
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AllChanges:
    """What becomes of all trunks of a plan."""

    changes: Sequence[Change]
    moves: tuple[PlannedMove, ...]
    """Those between them that are to be made."""
    hazards: Sequence[Hazard]
    problems: Sequence[Problem]
    returns: Sequence[Return] = ()
    """What becomes of each field and entry that goes back."""


NO_CHANGES: Final = AllChanges(changes=(), moves=(), hazards=(), problems=())


@dataclass(frozen=True, kw_only=True)
class Against:
    """What the records of a workbook are put against."""

    tables: Tables
    records: Records
    metadata: FileMetadata
    inventory: Inventory
    ids: Mapping[int, int]
    """Which trunk each record means, by row."""
    live: Mapping[int, LiveTrunk]
    """Those of them that could be read, by row."""
    exported: Mapping[int, LiveTrunk]
    """By id, what a workbook that was exported began with."""
    before: Mapping[int, LiveTrunk]
    """By id, the trunks as they were before a run that is gone on with."""
    stopping: Sequence[Problem]
    """What stops trunks already."""
    same_pbx: bool
    """Whether results that the workbook may be are of this PBX."""
    going_back: GoingBack | None = None
    """Puts a trunk against what it goes back to; None where the workbook is one that goes on."""

    def put_all(self, records: Sequence[Record], as_told: Callable[[list[Problem]], Sequence[Problem]]) -> AllChanges:
        """Put records against their live trunks, and leave out who is to get a DID from one that is not written.

        ``as_told`` ties problems to their trunks, and makes notices of those that stop nothing.
        """
        chosen = {record.row for record in records if not record.gives_only}
        beyond = rows_of_givers(self.records.trunks, self.ids, self.inventory)
        row_of = {giver: row for giver, row in self.records.named_at.items() if giver not in chosen}
        row_of |= {giver: beyond.get(row, row) for giver, row in row_of.items()} | beyond
        records = [record for record in records if record.row not in beyond]
        moves = [move._replace(giver=row_of.get(move.giver, move.giver)) for move in self.records.moves]
        asked = [move for move in moves if move.receiver in chosen]
        known = [move for move in asked if move.giver in self.live and move.receiver in self.live]
        ready, found = check_moves_live(self.tables, known, self.live, self.before)
        found += check_moves(self.tables, self.records.trunks, asked) if beyond else []  # two were not known to be one
        waiting = [*(move for move, _ in ready), *(move for move in asked if not {*move[2:]} <= self.live.keys())]
        names = {r.row: self.live[r.row].label if r.row in self.live else r.label for r in self.records.trunks}
        then = {row: self.exported[trunk] for row, trunk in self.ids.items() if trunk in self.exported}
        puts: dict[int, _Put] = {}
        left: AbstractSet[int] = frozenset()
        blocked: list[Problem] = []
        while True:
            sound = [move for move in ready if move.move.receiver not in left]
            kept = [move for move in moves if move.receiver in left or move.receiver not in chosen]
            of = moves_by_trunk(sound, kept, names, then)
            again = [r for r in records if r.row in self.live and r.row not in left and not _is_put(r, puts, of)]
            if not again:
                break
            puts |= {record.row: self._put(record, of.get(record.row, NO_MOVES)) for record in again}
            told = as_told([*found, *(problem for put in puts.values() for problem in put.problems)])
            left, blocked = check_both_sound(self.tables, waiting, self._at_fault(records, puts, told), names)
        written = [puts[r.row] for r in records if r.row in puts and not (r.gives_only and r.row in left)]
        problems = [problem for put in puts.values() for problem in put.problems]
        unordered = () if self.going_back else _unordered(self.tables, [put.change for put in written])
        return AllChanges(
            changes=[put.change for put in written],
            moves=tuple(_planned(sound, {row: put.change for row, put in puts.items()})),
            hazards=[hazard for put in written for hazard in put.hazards],
            returns=[line for put in written for line in put.returns],
            problems=as_told([*found, *problems, *blocked, *unordered]),
        )

    def _put(self, record: Record, moves: MovesOf) -> _Put:
        tables, live = self.tables, self.live[record.row]
        if self.going_back is not None and (back := self.going_back(record, live)) is not None:
            change, hazards, returns = back
            asked, desired = moves.applied(change.record, change.desired, live)
            difference = moves.told(compare(live, desired))
            change = replace(change, record=asked, desired=desired, difference=difference)
            sends = change.difference and record.row not in self.stopped
            return _Put(
                change, hazards, not_sendable(tables, record, live, change.body()) if sends else [], moves, returns
            )
        then = self.exported.get(live.id)
        change, hazards, problems = plan_change(tables, record, live, self.inventory, then, moves)
        if record.gives_only and not moves.gives:  # nothing is asked of it
            return _Put(change, (), (), moves)
        problems += [] if then is None else deserted(tables, self.records, record, then, moves.gives)
        problems += self._another_by_that_name(record, live)
        change, reorders, order = check_orders(tables, change, self.metadata, same_pbx=self.same_pbx)
        problems += order
        if change.difference and record.row not in self.stopped and not any(problem.stops for problem in problems):
            problems += not_sendable(tables, record, live, change.body())
        return _Put(change, [*hazards, *reorders], problems, moves)

    def _at_fault(self, records: Iterable[Record], puts: Mapping[int, _Put], told: Iterable[Problem]) -> dict[int, str]:
        """Return the rows of trunks that are not written, and the cell that says why."""
        places: dict[int, str] = {}
        for problem in (problem for problem in (*self.stopping, *told) if problem.stops):
            for row in (problem.trunk, problem.partner):
                if row is not None:
                    places.setdefault(row, _place(problem))
        for record in records:
            if record.row not in self.live:
                table, row = self.tables.trunks.origin(record.row)
                places.setdefault(record.row, f"{table.name}!{table.cell(record.found_by, row)}")
            elif record.gives_only:  # what is wrong with it is at a cell of another trunk
                of_it = [_place(problem) for problem in puts[record.row].problems if problem.stops]
                places |= {record.row: of_it[0]} if of_it else {}
        return places

    def _another_by_that_name(self, record: Record, trunk: LiveTrunk) -> list[Problem]:
        """Report a trunk found by a name that another one bore at the time of the export."""
        was = self._named_then.get(record.name)
        if record.id is not None or was is None or was.id == trunk.id:
            return []
        return [
            self.tables.trunks.problem(
                "trunk-ambiguous",
                record.row,
                "name",
                f"When this was exported, the trunk of this name had the Trunk ID {was.id}; the one of now has "
                f"{trunk.id}.",
                f"Type {was.id} as the Trunk ID if the trunk of then is meant, {trunk.id} if that of now is.",
                value=record.name,
            )
        ]

    @cached_property
    def _named_then(self) -> Mapping[str, LiveTrunk]:
        """The trunks of then by name."""
        return {then.name: then for then in reversed([*self.exported.values()])}

    @cached_property
    def stopped(self) -> frozenset[int]:
        """Rows of trunks that problems stand against already."""
        return stopped_by(self.stopping)


class _Put(NamedTuple):
    """A record put against its live trunk."""

    change: Change
    hazards: Sequence[Hazard]
    problems: Sequence[Problem]
    moves: MovesOf
    returns: Sequence[Return] = ()


def _is_put(record: Record, puts: Mapping[int, _Put], moves: Mapping[int, MovesOf]) -> bool:
    return record.row in puts and puts[record.row].moves == moves.get(record.row, NO_MOVES)


def _place(problem: Problem) -> str:
    return f"{problem.sheet}!{problem.cell}"


def _planned(moves: Iterable[LiveMove], changes: Mapping[int, Change]) -> Iterator[PlannedMove]:
    """Say of each move how the DID is to stand on the trunk that gets it; not if it is to stay, or not to come."""
    lists: dict[int, Mapping[str, Did]] = {}
    for (_, _, giver, receiver), key in ((move, move.key) for move, _ in moves):
        for row in {giver, receiver} - lists.keys():
            change = changes[row]
            wanted = change.desired.lists.get(DIDS, change.live.dids.entries)
            lists[row] = {one.key: one for one in wanted if isinstance(one, Did)}
        if key in lists[receiver] and key not in lists[giver]:
            yield PlannedMove(entry=lists[receiver][key], giver=giver, receiver=receiver)


def _unordered(tables: Tables, changes: Sequence[Change]) -> Iterator[Problem]:
    """Tell of DIDs that leave one trunk and come to another without *Move from*: the two writes have no order."""
    gone: dict[Hashable, LiveTrunk] = {}
    for change in changes:
        gone |= {one.old.key: change.live for one in change.difference.of(DIDS, ChangeKind.REMOVED) if not one.other}
    for change in changes if gone else ():
        come = {one.new.key for one in change.difference.of(DIDS, ChangeKind.ADDED) if not one.other} & gone.keys()
        found: dict[str, list[DidRow]] = defaultdict(list)
        for row in change.record.dids.rows if change.record.dids and come else ():
            found[gone[row.key].label if row.key in come else ""].append(row)
        yield from (_from_elsewhere(tables.dids, rows, of, change) for of, rows in found.items() if of)


def _from_elsewhere(table: Table, rows: Sequence[DidRow], giver: str, change: Change) -> Problem:
    first, *rest = rows
    more = f" So do {len(rest):,} more." if len(rest) > 1 else " So does 1 more." if rest else ""
    return table.problem(
        "move-unordered",
        first.row,
        FROM if table.has(FROM) else "did",
        f"{first.number} leaves {giver} and comes to {change.live.label} without an order between the two, so calls to "
        f"it may fail for a moment.{more}",
        f"Type {giver} as its Move from: then it is on one of them all the time.",
        value=first.number,
    )
