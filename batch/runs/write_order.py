"""Write order: which trunk is written next, and with what, as far as that depends on how others have ended. Pure.

A move is two writes. The second leaves only when the first was read back as wanted; where it fails, the first is
taken back. A trunk's ending is known once nothing of it can change any more, so it may come long after its write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from batch.runs.moves import OVER, UNREADABLE, WELL, MoveState, MovingDid, MovingTrunk, ended_how, what_became
from batch.runs.outcomes import Ending, Outcome
from batch.runs.trunk_writer import Work
from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change
from batch.trunks.diff import Desired, Difference, comparable, compare
from batch.trunks.list_merge import put_back
from batch.trunks.live import LiveTrunk
from batch.trunks.moved_dids import PlannedMove
from batch.trunks.schedule import MoveOrder, did_keys, halves, is_to_come, schedule, temporary_name


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
            change.record.row: MovingTrunk(
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
        linked = [trunk for trunk in self._trunks.values() if trunk.is_linked]
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
            move = MovingDid(entry=planned, first=first, second=second, ours=ours)
            if move.is_done_on(first):
                move.state = MoveState.DONE if move.is_done_on(second) else MoveState.HALF
            elif not first.change.difference:
                move.state = MoveState.OFF
            move.join()

    @staticmethod
    def _leave_out(planned: PlannedMove, trunk: MovingTrunk | None) -> None:
        """Let a trunk keep out of a move whose other trunk is not written."""
        if trunk is not None:
            move = MovingDid(entry=planned, first=trunk, second=trunk, ours=False, state=MoveState.OFF)
            move.state = MoveState.STUCK if move.is_done_on(trunk) else MoveState.OFF
            move.why = "the other trunk of the move is not written"
            move.join()

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
        return self._open > 0 and any(trunk.has_begun for trunk in self._trunks.values())

    def ended(self, outcome: Outcome) -> list[Outcome]:
        """Hear what came of a write; returns the trunks that have thereby ended."""
        trunk = self._trunks[outcome.row]
        work, trunk.under_way = trunk.under_way, None
        if not trunk.is_linked:
            trunk.ended = True
            return [outcome]
        trunk.outcomes.append(outcome)
        trunk.writes += 1
        if work is not None and outcome.ending is not Ending.UNKNOWN:
            trunk.see(work)
        if outcome.ending not in WELL:
            trunk.failed = trunk.failed or outcome
        for one in (trunk, *trunk.waited_for):
            one.settled = False
        for move in trunk.moves:
            self._judge(move, trunk, outcome)
        return self._advance(trunk)

    def _judge(self, move: MovingDid, trunk: MovingTrunk, outcome: Outcome) -> None:
        """Say how far a move is after a write of one of its trunks."""
        known, done = outcome.ending is not Ending.UNKNOWN, move.is_done_on(trunk)
        if move.state in OVER:
            return
        if trunk is move.first:
            self._judge_first(move, outcome, known=known, done=done)
        elif move.state is MoveState.HALF and (done or not known):
            move.become(MoveState.DONE if done and known else MoveState.LOST)
            move.blame(trunk, UNREADABLE)
        elif trunk.failed is not None:
            move.blame(trunk, ended_how(trunk.failed))
            if move.state is MoveState.HALF:
                self._take_back(move)
            elif move.first.under_way is None:
                move.become(MoveState.OFF)

    def _judge_first(self, move: MovingDid, outcome: Outcome, *, known: bool, done: bool) -> None:
        if not known:
            move.become(MoveState.LOST)
            move.blame(move.first, UNREADABLE)
        elif move.state is MoveState.TO_TAKE_BACK:
            move.become(MoveState.STUCK if done else MoveState.OFF)
        elif not done or outcome.ending not in WELL:
            move.blame(move.first, ended_how(outcome))
            move.become(MoveState.OFF)
            if done:
                self._take_back(move)
        elif move.second.failed is not None or move.second.ended:
            move.blame(move.second, "was not written" if move.second.failed is None else ended_how(move.second.failed))
            self._take_back(move)
        else:
            move.become(MoveState.DONE if move.is_done_on(move.second) else MoveState.HALF)

    @staticmethod
    def _take_back(move: MovingDid) -> None:
        move.become(MoveState.TO_TAKE_BACK if move.ours else MoveState.STUCK)

    def stop(self, why: str) -> list[Outcome]:
        """Begin no move and no write any more; what is half done is finished. Returns the trunks that end thereby."""
        self._stopped, self._why = True, why
        if not self._open:
            return []
        for trunk in self._trunks.values():
            for move in trunk.moves:
                if move.state is MoveState.TO_COME and move.first.under_way is None:
                    move.become(MoveState.OFF, "stopped before its turn")
        return [ended for trunk in self._trunks.values() for ended in self._advance_one(trunk)]

    def still_due(self, work: Work) -> bool:
        """Tell whether something given out finishes what is half done, and leave all else out of it."""
        trunk = self._trunks[work.change.record.row]
        if not trunk.finishes:
            return False
        for move in trunk.moves:
            if move.state is MoveState.TO_COME and move.first is trunk:
                move.become(MoveState.OFF, "stopped before its turn")
        work.change = self._next_change(trunk) or work.change
        return True

    def _advance(self, trunk: MovingTrunk) -> list[Outcome]:
        """See what can be written, or has ended, now that a trunk's write has."""
        ended: list[Outcome] = []
        left = self._beside(trunk)
        while left:
            one = next(iter(left))
            del left[one]
            over = self._advance_one(one)
            ended += over
            if over:  # who waited for it need not wait any more
                left |= self._beside(one)
        return ended

    @staticmethod
    def _beside(trunk: MovingTrunk) -> dict[MovingTrunk, None]:
        """Return a trunk and those that it has to do with, each once."""
        others = (other for move in trunk.moves for other in (move.first, move.second))
        return dict.fromkeys((trunk, *others, *trunk.waited_for))

    def _advance_one(self, trunk: MovingTrunk) -> list[Outcome]:
        if trunk.under_way is not None or trunk.ended:
            return []
        change = self._next_change(trunk) if not self._stopped or trunk.finishes else None
        if change is not None:
            trunk.under_way = Work(change=change)
            self._ready.append(trunk.under_way)
            return []
        if trunk.waits and not self._given_up(trunk):
            return []
        if not trunk.is_over:
            return []
        trunk.ended = True
        self._open -= trunk.is_linked
        return self._outcome(trunk)

    def _given_up(self, trunk: MovingTrunk) -> bool:
        return self._stopped and not trunk.finishes

    def _next_change(self, trunk: MovingTrunk) -> Change | None:
        """Return what is to be written of a trunk now; None if that is nothing, or has to wait."""
        waits = trunk.waits
        if trunk.settled or (waits and (not trunk.twice or trunk.writes)):
            return None
        if trunk.failed is not None:
            change = self._taken_back(trunk)
        else:
            change = _changed(trunk, self._desired(trunk, waits=waits))
        trunk.settled = change is None and not waits
        return change

    @staticmethod
    def _desired(trunk: MovingTrunk, *, waits: bool) -> Desired:
        """Return what a trunk is to hold next: all that is wanted, but for moves that are off or have to wait."""
        wanted = trunk.change.desired
        fields = dict(wanted.fields) if not trunk.writes else {k: v for k, v in wanted.fields.items() if k == "name"}
        if "name" in fields and trunk.is_held:
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
    def _taken_back(trunk: MovingTrunk) -> Change | None:
        """Return the write that undoes halves on a trunk whose own write did not go well."""
        undone = [move for move in trunk.moves if move.state is MoveState.TO_TAKE_BACK and move.first is trunk]
        if not undone:
            return None
        absent = {move.entry.entry.key for move in undone if move.entry.receiver == trunk.row}
        kept = {move.entry.entry.key for move in undone if move.entry.giver == trunk.row}
        entries = [entry for entry in trunk.seen.lists[DIDS].entries if entry.key not in absent]
        return _changed(trunk, Desired(lists={DIDS: put_back(entries, kept, trunk.change.live.lists[DIDS].entries)}))

    def _outcome(self, trunk: MovingTrunk) -> list[Outcome]:
        """Make a trunk's ending of what its writes came to, and of what became of its moves."""
        if not trunk.outcomes and not trunk.change.difference:
            return []  # it is as wanted, and was not written
        last = trunk.failed or (trunk.outcomes[-1] if trunk.outcomes else self._never_written(trunk))
        made = replace(
            last,
            attempts=sum(one.attempts for one in trunk.outcomes),
            reached=any(one.reached for one in trunk.outcomes),
        )
        left = self._left(trunk) if trunk.open_moves or trunk.is_held else Difference()
        written = any(one.ending is Ending.APPLIED for one in trunk.outcomes)
        if left and (trunk.failed is None or (written and trunk.failed.ending is not Ending.UNKNOWN)):
            untouched = trunk.change.replaces(trunk.seen) == trunk.change.replaces()
            ending = Ending.NOT_RUN if not written else Ending.FAILED if untouched else Ending.PARTIAL
            made = replace(made, ending=ending, difference=left, read=True)
        return [replace(made, note=" ".join(filter(None, (last.note, *what_became(trunk)))))]

    @staticmethod
    def _left(trunk: MovingTrunk) -> Difference:
        """Return what a trunk lacks of all that was wanted of it, as far as reading can tell."""
        change = trunk.change
        return compare(trunk.seen, comparable(change.desired, trunk.seen, change.live))

    def _never_written(self, trunk: MovingTrunk) -> Outcome:
        live = trunk.change.live
        note = self._why if self._stopped else ""
        return Outcome(row=trunk.row, ending=Ending.NOT_RUN, trunk_id=live.id, name=live.name, note=note)


def _changed(trunk: MovingTrunk, desired: Desired) -> Change | None:
    difference = compare(trunk.seen, desired)
    if not difference:
        return None
    return replace(trunk.change, live=trunk.seen, desired=desired, difference=difference)
