"""Settling: one trunk's write, from its first send to its ending.

A write is sent again only after a look has shown that it did not take effect and that nobody changed the trunk
meanwhile. What no look can settle is *unknown*, never a success.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from batch.errors import PbxError
from batch.pbx.clocks import Clock
from batch.pbx.errcodes import explain, faults_of
from batch.pbx.gate import Stopped
from batch.pbx.replies import Answer, Garbled, NotSent, Reply
from batch.pbx.requests import update_trunk
from batch.runs.asking import Asker, persist
from batch.runs.decisions import FIRST_PAUSE, Again, LookAgain, Refuse, SignInAgain, StopPbx, Taken
from batch.runs.journal import Journal
from batch.runs.outcomes import Ending, Outcome
from batch.trunks.differences import Difference, compare
from batch.trunks.live import LiveTrunk
from batch.trunks.payloads import payload
from batch.trunks.plans import Change

CHANGED_SINCE: Final = "Changed on the PBX since the plan, so it was not written. Plan again to see what it holds now."
GONE: Final = "The trunk is no longer on the PBX."
NOT_READ_BACK: Final = "Not read back."


@dataclass(slots=True, kw_only=True)
class Work:
    """One trunk on its way. In one thread's hands at a time."""

    change: Change
    attempts: int = 0
    looks: int = 0
    """Looks after the PBX said that it is still at it."""
    reply: Reply | None = None
    """The last one."""
    answer: Answer | None = None
    """The last one that was the API's."""
    processing: bool = False
    unclear: bool = False
    """Whether some attempt may have taken effect."""
    reached: bool = False
    """Whether some attempt may have reached the PBX."""
    started: float = 0.0
    ended: float = 0.0

    @property
    def trunk_id(self) -> int:
        """The trunk's id on the PBX."""
        return self.change.live.id


class Settler:
    """Writes and reads back, and makes an outcome of it."""

    def __init__(self, asker: Asker, journal: Journal, clock: Clock) -> None:
        """Make one.

        Args:
            asker: the way to the PBX.
            journal: is told of each write before it leaves and after it is settled.
            clock: where time comes from.
        """
        self._asker = asker
        self._journal = journal
        self._clock = clock
        self._policy = asker.policy
        self.lost: PbxError | None = None
        """Why nothing more may be sent to this PBX, once that is so."""

    def look(self, works: Sequence[Work]) -> tuple[list[Work], list[Outcome]]:
        """Read trunks just before their writes; returns those still as planned, and the endings of the others."""
        try:
            found = self._asker.trunks([work.trunk_id for work in works])
        except PbxError as error:
            self.lost = self.lost or error
            return [], [self.left(work, error.message) for work in works]
        except Stopped:
            return [], [self.left(work, "Stopped before its turn.") for work in works]
        ready, over = [], []
        for work in works:
            now = found.get(work.trunk_id)
            if now is None:
                over.append(self._outcome(work, Ending.NOT_RUN, GONE))
            elif not compare(now, work.change.desired):
                over.append(self._outcome(work, Ending.UNCHANGED))
            elif not work.change.as_planned(now):
                over.append(self._outcome(work, Ending.NOT_RUN, CHANGED_SINCE))
            else:
                ready.append(work)
        return ready, over

    def write(self, work: Work) -> Outcome | None:
        """Write one trunk, as often as the decisions say; returns its ending, or None if it is to be read back."""
        try:
            found: Outcome | Taken = persist(lambda: self._next_step(work), self._asker.pause)
        except Stopped:
            return self._stopped(work)
        except PbxError as error:
            self.lost = self.lost or error
            return self.left(work, error.message)
        if isinstance(found, Outcome):
            return found
        if self._policy.read_back:
            return None
        clear = work.answer is not None and work.answer.errcode == 0
        return self._outcome(work, Ending.APPLIED if clear else Ending.UNKNOWN, NOT_READ_BACK)

    def read_back(self, works: Sequence[Work]) -> list[Outcome]:
        """Read trunks after their writes and compare them with what was written."""
        try:
            found = self._asker.trunks([work.trunk_id for work in works])
        except PbxError as error:
            self.lost = self.lost or error
            return [self.left(work, error.message) for work in works]
        except Stopped:
            return [self.left(work, "Stopped before it was read back.") for work in works]
        return [self._compared(work, found.get(work.trunk_id)) for work in works]

    def left(self, work: Work, why: str) -> Outcome:
        """Make the ending of a trunk that nothing more can be done about."""
        if not work.reached:
            return self._outcome(work, Ending.NOT_RUN, why)
        if not work.unclear and isinstance(work.reply, Answer) and work.reply.errcode not in {0, 1, 2}:
            return self._outcome(work, Ending.FAILED, why)
        return self._outcome(work, Ending.UNKNOWN, why)

    def _next_step(self, work: Work) -> Outcome | Taken | Again:
        """Take one step: a look, unless it is the first send; then a send, if the look allows it."""
        if work.reply is not None:
            now = self._asker.trunks([work.trunk_id]).get(work.trunk_id)
            settled = self._looked(work, now)
            if settled is not None:
                return settled
            if work.processing:
                work.looks += 1
                return Again(FIRST_PAUSE * 2**work.looks, unclear=True)
        return self._send(work)

    def _looked(self, work: Work, now: LiveTrunk | None) -> Outcome | None:
        """Settle a trunk by what it holds now; None if it is as planned and there are tries left."""
        if now is None or not compare(now, work.change.written):
            return self._compared(work, now)
        if work.change.as_planned(now):
            tries = work.looks + 1 if work.processing else work.attempts
            return self._outcome(work, Ending.FAILED) if tries >= self._policy.attempts else None
        if work.unclear:
            return self._compared(work, now)
        return self._outcome(work, Ending.NOT_RUN, CHANGED_SINCE)

    def _send(self, work: Work) -> Outcome | Taken | Again:
        body = payload(work.change.trunk_type, work.change.body())
        work.attempts += 1
        number = self._journal.intend(work.change.record.row, work.trunk_id, work.attempts)
        started = self._clock.monotonic()
        work.started = work.started or started
        reply, decision = self._asker.send(update_trunk(body), work.attempts)
        work.ended = self._clock.monotonic()
        self._journal.settle(number, reply)
        work.reply = reply
        work.answer = reply if isinstance(reply, Answer) else work.answer
        work.reached |= not isinstance(reply, NotSent)
        match decision:
            case Taken():
                return decision
            case Refuse():
                return self._outcome(work, Ending.REFUSED, self._advice(reply))
            case StopPbx(error):
                self.lost = self.lost or error
                return self._refused_or_left(work, reply, error)
            case LookAgain(seconds):
                work.processing = work.unclear = True
                return self._waiting(work, Again(seconds, unclear=True))
            case Again():
                work.unclear |= decision.unclear
                return self._waiting(work, decision)
            case SignInAgain():
                raise AssertionError("the asker signs in again by itself")

    def _refused_or_left(self, work: Work, reply: Reply, error: PbxError) -> Outcome:
        if isinstance(reply, Answer):
            return self._outcome(work, Ending.REFUSED, self._advice(reply))
        return self.left(work, error.message)

    def _waiting(self, work: Work, again: Again) -> Outcome | Again:
        """Go on to a look after a pause, if looking is wanted at all."""
        if not self._policy.read_back and work.unclear:
            return self._outcome(work, Ending.UNKNOWN, NOT_READ_BACK)
        return again

    def _stopped(self, work: Work) -> Outcome:
        """End a trunk whose tries were cut short: if its write may have taken effect, one look settles it."""
        if work.unclear and self._policy.read_back:
            try:
                now = self._asker.trunks([work.trunk_id]).get(work.trunk_id)
            except (PbxError, Stopped):
                return self.left(work, "Stopped before it could be settled.")
            if now is not None and work.change.as_planned(now):
                return self._outcome(work, Ending.FAILED, "Stopped before it could be tried again.")
            return self._compared(work, now)
        return self.left(
            work, "Stopped before it could be tried again." if work.reached else "Stopped before its turn."
        )

    def _compared(self, work: Work, now: LiveTrunk | None) -> Outcome:
        if now is None:
            return self._outcome(work, Ending.PARTIAL, GONE)
        difference = compare(now, work.change.written)
        return self._outcome(work, Ending.PARTIAL if difference else Ending.APPLIED, difference=difference)

    @staticmethod
    def _advice(reply: Reply) -> str:
        return explain(reply.errcode).next_step if isinstance(reply, Answer) else ""

    def _outcome(
        self,
        work: Work,
        ending: Ending,
        note: str = "",
        difference: Difference = Difference(),  # noqa: B008 - frozen
    ) -> Outcome:
        answer, last = work.answer, work.reply
        return Outcome(
            row=work.change.record.row,
            ending=ending,
            trunk_id=work.trunk_id,
            name=work.change.live.name,
            note=note,
            errcode=answer.errcode if answer else None,
            errmsg=_said(last),
            http_status=last.http_status if isinstance(last, Answer | Garbled) else None,
            attempts=work.attempts,
            elapsed_ms=round((work.ended - work.started) * 1000) if work.attempts else None,
            finished_at=self._clock.now(),
            faults=faults_of(answer) if answer else (),
            difference=difference,
        )


def _said(reply: Reply | None) -> Any:
    match reply:
        case None:
            return ""
        case Answer():
            return reply.errmsg or explain(reply.errcode).errmsg
        case _:
            return reply.reason
