"""Write order: which trunk is written next, and with what, as far as that depends on how others have ended. Pure.

A move is two writes. The second leaves only when the first was read back as wanted; where it fails, the first is
taken back. A trunk's ending is known once nothing of it can change any more, so it may come long after its write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

from batch.runs.outcomes import Ending, Outcome
from batch.runs.trunk_writer import Work
from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change, PlannedMove
from batch.trunks.diff import Desired, Difference, comparable, compare
from batch.trunks.live import LiveTrunk
from batch.trunks.schedule import MoveOrder, did_keys, halves, is_to_come, put_back, schedule, temporary_name
from batch.wording import some_of

_WELL: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED})
_NAMED: Final = 3
_UNREADABLE: Final = "could not be read afterwards"


class _State(Enum):
    """How far a move is."""

    TO_COME = auto()
    HALF = auto()
    """The first half was read back as wanted."""
    DONE = auto()
    TO_TAKE_BACK = auto()
    OFF = auto()
    """Neither half is done, or both were undone."""
    STUCK = auto()
    """One half is done and stays so: the other one failed, and it could not be taken back."""
    LOST = auto()
    """What one of the trunks holds is not known."""


_OVER: Final = frozenset({_State.DONE, _State.OFF, _State.STUCK, _State.LOST})


@dataclass(slots=True, kw_only=True, eq=False)
class _Move:
    entry: PlannedMove
    first: _Trunk
    second: _Trunk
    ours: bool
    """Whether the first half is none that was there before the run."""
    state: _State = _State.TO_COME
    why: str = ""
    """Why it is not done: what became of a trunk."""
    blamed: _Trunk | None = None
    """That trunk."""

    @property
    def number(self) -> str:
        return self.entry.entry.number

    def blame(self, trunk: _Trunk, what: str) -> None:
        """Say whose fault it is that it is not done; the first one that is at fault stays so."""
        if self.blamed is None:
            self.blamed, self.why = trunk, f"{trunk.name} {what}"

    def is_done_on(self, trunk: _Trunk) -> bool:
        """Tell whether its half on one of its trunks is done."""
        return not is_to_come(self.entry, trunk.row, trunk.keys)

    def wants(self, trunk: _Trunk, *, started: bool) -> bool:
        """Tell whether one of its trunks is to hold what it holds after the move; ``started`` if it may be begun."""
        if trunk is self.first:
            return self.state in {_State.HALF, _State.DONE, _State.STUCK, _State.LOST} or (
                self.state is _State.TO_COME and started
            )
        return self.state in {_State.HALF, _State.DONE}


@dataclass(slots=True, kw_only=True, eq=False)
class _Trunk:
    change: Change
    seen: LiveTrunk
    """As it was last read."""
    keys: frozenset[str]
    """Of the DIDs that it then had."""
    moves: list[_Move] = field(default_factory=list)
    twice: bool = False
    holder: _Trunk | None = None
    """Who has the name that it is to get."""
    waited_for: list[_Trunk] = field(default_factory=list)
    """Those that are to get its name."""
    under_way: Work | None = None
    writes: int = 0
    """How many have ended."""
    failed: Outcome | None = None
    """What its own write came to, where that did not go well."""
    outcomes: list[Outcome] = field(default_factory=list)
    ended: bool = False

    @property
    def row(self) -> int:
        return self.change.record.row

    @property
    def name(self) -> str:
        return self.change.live.label

    def see(self, work: Work) -> None:
        """Take note of how a write left it."""
        self.seen = work.seen or self.seen
        self.keys = frozenset() if work.gone else frozenset(entry.key for entry in self.seen.lists[DIDS].entries)


class WriteOrder:
    """Gives out what is to be written, hears what came of it, and tells how trunks ended."""

    def __init__(
        self,
        changes: Iterable[Change],
        moves: Sequence[PlannedMove] = (),
        order: MoveOrder = MoveOrder.ADD_FIRST,
        before: Mapping[int, LiveTrunk] | None = None,
    ) -> None:
        """Take the changes of a plan; of trunks that are as wanted only those count that moves are about.

        ``before`` has, by id, what trunks held before the run, where it is gone on with.
        """
        listed = list(changes)
        planned = schedule(listed, moves, order)
        self._trunks = {
            change.record.row: _Trunk(
                change=change,
                seen=change.live,
                keys=did_keys(change) if moves else frozenset(),
                twice=change.record.row in planned.twice,
            )
            for change in listed
        }
        for row, holder in planned.held_names.items():
            self._trunks[row].holder = self._trunks[holder]
            self._trunks[holder].waited_for.append(self._trunks[row])
        self._why = ""
        self._stopped = False
        self._begin(moves, order, before or {})
        self._ready: list[Work] = []
        linked = [trunk for trunk in self._trunks.values() if _is_linked(trunk)]
        self._open = len(linked)
        """How many trunks that others have to do with have not ended."""

    def _begin(self, moves: Sequence[PlannedMove], order: MoveOrder, before: Mapping[int, LiveTrunk]) -> None:
        held: dict[int, frozenset[str]] = {}
        for planned in moves:
            rows = halves(planned, order)
            first, second = (self._trunks.get(row) for row in rows)
            if first is None or second is None:
                self._leave_out(planned, first or second)
                continue
            if first.change.live.id not in held:
                then = before.get(first.change.live.id, first.change.live)
                held[first.change.live.id] = frozenset(entry.key for entry in then.lists[DIDS].entries)
            ours = is_to_come(planned, first.row, held[first.change.live.id])
            move = _Move(entry=planned, first=first, second=second, ours=ours)
            if move.is_done_on(first):
                move.state = _State.DONE if move.is_done_on(second) else _State.HALF
            elif not first.change.difference:
                move.state = _State.OFF
            first.moves.append(move)
            second.moves.append(move)

    @staticmethod
    def _leave_out(planned: PlannedMove, trunk: _Trunk | None) -> None:
        """Let a trunk keep out of a move whose other trunk is not written."""
        if trunk is not None:
            move = _Move(entry=planned, first=trunk, second=trunk, ours=False, state=_State.OFF)
            move.state = _State.STUCK if move.is_done_on(trunk) else _State.OFF
            move.why = "the other trunk of the move is not written"
            trunk.moves.append(move)

    def begin(self) -> list[Outcome]:
        """See what can be written from the start; returns the trunks that end at once, because none of it can be."""
        return [ended for trunk in self._trunks.values() for ended in self._advance_one(trunk)]

    def ready(self) -> list[Work]:
        """Give out what can be looked at and written now, each once."""
        ready, self._ready = self._ready, []
        return ready

    @property
    def waiting(self) -> bool:
        """Whether something may still come, once what is under way has ended."""
        return self._open > 0

    @property
    def has_begun(self) -> bool:
        """Whether a move is half done, or its first half is under way."""
        return self._open > 0 and any(self._is_begun(move) for trunk in self._trunks.values() for move in trunk.moves)

    def _is_begun(self, move: _Move) -> bool:
        return move.state in {_State.HALF, _State.TO_TAKE_BACK} or (
            move.state is _State.TO_COME and move.first.under_way is not None
        )

    def ended(self, outcome: Outcome) -> list[Outcome]:
        """Hear what came of a write; returns the trunks that have thereby ended."""
        trunk = self._trunks[outcome.row]
        work, trunk.under_way = trunk.under_way, None
        if not _is_linked(trunk):
            trunk.ended = True
            return [outcome]
        trunk.outcomes.append(outcome)
        trunk.writes += 1
        if work is not None and outcome.ending is not Ending.UNKNOWN:
            trunk.see(work)
        if outcome.ending not in _WELL:
            trunk.failed = trunk.failed or outcome
        for move in trunk.moves:
            self._judge(move, trunk, outcome)
        return self._advance(trunk)

    def _judge(self, move: _Move, trunk: _Trunk, outcome: Outcome) -> None:
        """Say how far a move is after a write of one of its trunks."""
        known, done = outcome.ending is not Ending.UNKNOWN, move.is_done_on(trunk)
        if move.state in _OVER:
            return
        if trunk is move.first:
            self._judge_first(move, outcome, known=known, done=done)
        elif move.state is _State.HALF and (done or not known):
            move.state = _State.DONE if done and known else _State.LOST
            move.blame(trunk, _UNREADABLE)
        elif trunk.failed is not None:
            move.blame(trunk, _ended_how(trunk.failed))
            if move.state is _State.HALF:
                self._take_back(move)
            elif move.first.under_way is None:
                move.state = _State.OFF

    def _judge_first(self, move: _Move, outcome: Outcome, *, known: bool, done: bool) -> None:
        if not known:
            move.state = _State.LOST
            move.blame(move.first, _UNREADABLE)
        elif move.state is _State.TO_TAKE_BACK:
            move.state = _State.STUCK if done else _State.OFF
        elif not done or outcome.ending not in _WELL:
            move.blame(move.first, _ended_how(outcome))
            move.state = _State.OFF
            if done:
                self._take_back(move)
        elif move.second.failed is not None or move.second.ended:
            move.blame(move.second, "was not written" if move.second.failed is None else _ended_how(move.second.failed))
            self._take_back(move)
        else:
            move.state = _State.DONE if move.is_done_on(move.second) else _State.HALF

    @staticmethod
    def _take_back(move: _Move) -> None:
        move.state = _State.TO_TAKE_BACK if move.ours else _State.STUCK

    def stop(self, why: str) -> list[Outcome]:
        """Begin no move and no write any more; what is half done is finished. Returns the trunks that end thereby."""
        self._stopped, self._why = True, why
        if not self._open:
            return []
        for trunk in self._trunks.values():
            for move in trunk.moves:
                if move.state is _State.TO_COME and move.first.under_way is None:
                    move.state, move.why = _State.OFF, "stopped before its turn"
        return [ended for trunk in self._trunks.values() for ended in self._advance_one(trunk)]

    def still_due(self, work: Work) -> bool:
        """Tell whether something given out finishes what is half done, and leave all else out of it."""
        trunk = self._trunks[work.change.record.row]
        if not self._finishes(trunk):
            return False
        for move in trunk.moves:
            if move.state is _State.TO_COME and move.first is trunk:
                move.state, move.why = _State.OFF, "stopped before its turn"
        work.change = self._next_change(trunk) or work.change
        return True

    @staticmethod
    def _finishes(trunk: _Trunk) -> bool:
        """Tell whether a write of a trunk finishes something that is half done."""
        return any(
            (move.state is _State.HALF and move.second is trunk)
            or (move.state is _State.TO_TAKE_BACK and move.first is trunk)
            for move in trunk.moves
        )

    def _advance(self, trunk: _Trunk) -> list[Outcome]:
        """See what can be written, or has ended, now that a trunk's write has."""
        beside = {id(other): other for move in trunk.moves for other in (move.first, move.second)}
        beside |= {id(other): other for other in (trunk, *trunk.waited_for)}
        ended: list[Outcome] = []
        left = list(beside.values())
        while left:
            one = left.pop(0)
            over = self._advance_one(one)
            ended += over
            if over:  # who waited for it need not wait any more
                left += [other for move in one.moves for other in (move.first, move.second) if not other.ended]
                left += one.waited_for
        return ended

    def _advance_one(self, trunk: _Trunk) -> list[Outcome]:
        if trunk.under_way is not None or trunk.ended:
            return []
        change = self._next_change(trunk) if not self._stopped or self._finishes(trunk) else None
        if change is not None:
            trunk.under_way = Work(change=change)
            self._ready.append(trunk.under_way)
            return []
        if self._waits(trunk) and not self._given_up(trunk):
            return []
        if any(move.state not in _OVER for move in trunk.moves):
            return []
        trunk.ended = True
        self._open -= _is_linked(trunk)
        return self._outcome(trunk)

    def _given_up(self, trunk: _Trunk) -> bool:
        return self._stopped and not self._finishes(trunk)

    @staticmethod
    def _waits(trunk: _Trunk) -> bool:
        """Tell whether a trunk's last write has to wait for another trunk."""
        if trunk.failed is not None:
            return False
        return _waits_for_name(trunk) or any(
            move.state is _State.TO_COME and move.second is trunk for move in trunk.moves
        )

    def _next_change(self, trunk: _Trunk) -> Change | None:
        """Return what is to be written of a trunk now; None if that is nothing, or has to wait."""
        if trunk.failed is not None:
            return self._taken_back(trunk)
        waits = self._waits(trunk)
        if waits and (not trunk.twice or trunk.writes):
            return None
        return _changed(trunk, self._desired(trunk, waits=waits))

    @staticmethod
    def _desired(trunk: _Trunk, *, waits: bool) -> Desired:
        """Return what a trunk is to hold next: all that is wanted, but for moves that are off or have to wait."""
        wanted = trunk.change.desired
        fields = dict(wanted.fields) if not trunk.writes else {k: v for k, v in wanted.fields.items() if k == "name"}
        if "name" in fields and _is_held(trunk):
            del fields["name"]
            if waits:
                fields["name"] = temporary_name(trunk.change.live.id)
        lists = dict(wanted.lists) if not trunk.writes else {s: e for s, e in wanted.lists.items() if s is DIDS}
        not_now = [move for move in trunk.moves if not move.wants(trunk, started=True)]
        if DIDS in lists and not_now:
            absent = {move.entry.entry.key for move in not_now if move.entry.receiver == trunk.row}
            kept = {move.entry.entry.key for move in not_now if move.entry.giver == trunk.row}
            entries = tuple(entry for entry in lists[DIDS] if entry.key not in absent)
            lists[DIDS] = put_back(entries, kept, trunk.change.live.lists[DIDS].entries)
        return Desired(fields=fields, lists=lists)

    @staticmethod
    def _taken_back(trunk: _Trunk) -> Change | None:
        """Return the write that undoes halves on a trunk whose own write did not go well."""
        undone = [move for move in trunk.moves if move.state is _State.TO_TAKE_BACK and move.first is trunk]
        if not undone:
            return None
        absent = {move.entry.entry.key for move in undone if move.entry.receiver == trunk.row}
        kept = {move.entry.entry.key for move in undone if move.entry.giver == trunk.row}
        entries = [entry for entry in trunk.seen.lists[DIDS].entries if entry.key not in absent]
        return _changed(trunk, Desired(lists={DIDS: put_back(entries, kept, trunk.change.live.lists[DIDS].entries)}))

    def _outcome(self, trunk: _Trunk) -> list[Outcome]:
        """Make a trunk's ending of what its writes came to, and of what became of its moves."""
        open_ones = [move for move in trunk.moves if move.state is not _State.DONE]
        if not trunk.outcomes and not trunk.change.difference:
            return []  # it is as wanted, and was not written
        last = trunk.failed or (trunk.outcomes[-1] if trunk.outcomes else self._never_written(trunk))
        made = replace(
            last,
            attempts=sum(one.attempts for one in trunk.outcomes),
            reached=any(one.reached for one in trunk.outcomes),
        )
        left = self._left(trunk) if open_ones or _is_held(trunk) else Difference()
        written = any(one.ending is Ending.APPLIED for one in trunk.outcomes)
        if left and (trunk.failed is None or (written and trunk.failed.ending is not Ending.UNKNOWN)):
            untouched = trunk.change.replaces(trunk.seen) == trunk.change.replaces()
            ending = Ending.NOT_RUN if not written else Ending.FAILED if untouched else Ending.PARTIAL
            made = replace(made, ending=ending, difference=left, read=True)
        return [replace(made, note=" ".join(filter(None, (last.note, *self._said(trunk, open_ones)))))]

    @staticmethod
    def _left(trunk: _Trunk) -> Difference:
        """Return what a trunk lacks of all that was wanted of it, as far as reading can tell."""
        change = trunk.change
        return compare(trunk.seen, comparable(change.desired, trunk.seen, change.live))

    def _never_written(self, trunk: _Trunk) -> Outcome:
        live = trunk.change.live
        note = self._why if self._stopped else ""
        return Outcome(row=trunk.row, ending=Ending.NOT_RUN, trunk_id=live.id, name=live.name, note=note)

    def _said(self, trunk: _Trunk, open_ones: Sequence[_Move]) -> Iterator[str]:
        """Say what became of a trunk's moves, those alike in one sentence."""
        done = [move for move in trunk.moves if move.state is _State.DONE]
        for came in (True, False):
            others = [_other(move, trunk).name for move in done if (move.entry.receiver == trunk.row) is came]
            if others:
                count = "1 DID" if len(others) == 1 else f"{len(others):,} DIDs"
                names = some_of(dict.fromkeys(others), _NAMED)
                yield f"{count} came from {names}." if came else f"{count} went to {names}."
        if _is_held(trunk) and trunk.holder is not None and not self._stopped:
            held = trunk.change.desired.fields["name"]
            yield f"Another trunk, id {trunk.holder.change.live.id}, still has the name {held}."
        alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for move in open_ones:
            alike[_where(move, trunk), "" if move.blamed is trunk else move.why].append(move.number)
        for (where, why), numbers in alike.items():
            yield f"{some_of(numbers, _NAMED)} {where}{f': {why}' if why else ''}."


def _other(move: _Move, trunk: _Trunk) -> _Trunk:
    return move.second if move.first is trunk else move.first


def _where(move: _Move, trunk: _Trunk) -> str:
    """Say where the number of a move is that is not done, as one of its trunks sees it."""
    other = _other(move, trunk)
    one = other is trunk
    comes = move.entry.receiver == trunk.row
    match move.state:
        case _State.STUCK if one:
            return "is only half moved"
        case _State.STUCK if move.first.row == move.entry.receiver:
            return f"is on both trunks, here and on {other.name}"
        case _State.STUCK:
            return f"is on neither trunk, not here and not on {other.name}"
        case _State.LOST:
            return f"may be on both trunks, here and on {other.name}, or on one of them"
        case _ if comes:
            return "did not come" if one else f"did not come from {other.name}"
        case _:
            return "stays here" if one else f"stays here and did not go to {other.name}"


def _ended_how(outcome: Outcome) -> str:
    """Say in a few words what kept a trunk from its half of a move."""
    said = f"{outcome.errcode} {outcome.errmsg}".strip() if outcome.errcode else outcome.errmsg or outcome.note
    said = said.rstrip(".")
    ending = "was not written" if outcome.ending is Ending.NOT_RUN else f"was {outcome.ending}"
    if outcome.ending is Ending.FAILED:
        ending = "could not be written"
    if outcome.ending is Ending.PARTIAL:
        ending = "was not read back as wanted"
    return f"{ending} ({said})" if said else ending


def _is_held(trunk: _Trunk) -> bool:
    """Tell whether another trunk still has the name that one is to get."""
    if trunk.holder is None or "name" not in trunk.change.desired.fields:
        return False
    return trunk.holder.seen.name == trunk.change.desired.fields["name"]


def _waits_for_name(trunk: _Trunk) -> bool:
    holder = trunk.holder
    return _is_held(trunk) and holder is not None and not holder.ended and holder.failed is None


def _is_linked(trunk: _Trunk) -> bool:
    """Tell whether the writes of other trunks have to do with those of one."""
    return bool(trunk.moves or trunk.holder or trunk.waited_for)


def _changed(trunk: _Trunk, desired: Desired) -> Change | None:
    difference = compare(trunk.seen, desired)
    if not difference:
        return None
    return replace(trunk.change, live=trunk.seen, desired=desired, difference=difference)
