"""The trunk writer: one trunk's write, from its first send to its ending.

A write is sent again only after a look has shown that it did not take effect and that nobody changed the trunk
meanwhile. What no look can settle is *unknown*, never a success.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from batch.errors import OutputError, PbxError, PbxUnreachable
from batch.pbx.error_codes import Verdict, explain, faults_of, verdict_of
from batch.pbx.messages import Answer, InvalidResponse, NotSent, Reply, update_trunk
from batch.pbx.throttle import Stopped
from batch.runs.outcomes import Ending, Outcome
from batch.runs.retries import Again, LookAgain, Refuse, SignInAgain, StopPbx, Taken, pause_after
from batch.runs.retrying_client import RetryingClient, persistent
from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change
from batch.trunks.diff import Desired, Difference, comparable, compare
from batch.trunks.live import WHOLE_TRUNK, LiveTrunk

CHANGED_SINCE: Final = "Changed on the PBX since the plan, so it was not written. Plan again to see what it holds now."
TRUNK_GONE: Final = "The trunk is no longer on the PBX."
NOT_READ_BACK: Final = "Not read back."
NOT_AGAIN: Final = "Stopped before it could be tried again."
STILL_AT_IT: Final = "The PBX was still working on it, and had not changed anything yet, when this was stopped."
PASSWORD_NOT_COMPARED: Final = "Password not compared: the PBX does not show it."  # noqa: S105 - words
PASSWORD_UNKNOWN: Final = "The PBX does not show passwords, so whether it took this one cannot be told."  # noqa: S105
_PARTIAL_SUCCESS: Final = 1
_LOOKS_AGAIN: Final = (1 / 7, 2 / 7, 4 / 7)
"""When a difference is looked at again: after these shares of the time that is given to it."""
_MOST_IN_VAIN: Final = 3
FRESH_S: Final = 10.0
"""A look older than so many seconds is not "just before" a write any more, unless the pace allows nothing closer."""

Lost: TypeAlias = PbxError | OutputError
"""Why a run cannot go on: the PBX cannot be used any more, or the journal cannot be written."""
_LOST: Final = (PbxError, OutputError)


@dataclass(slots=True, kw_only=True)
class Work:
    """One trunk on its way. In one thread's hands at a time."""

    change: Change
    seen: LiveTrunk | None = None
    """As it was last read; None if it never was."""
    gone: bool = False
    """Whether it was not there any more."""
    looked_at: float = -math.inf
    """When it was last seen to be as planned, in seconds of the monotonic clock."""
    attempts: int = 0
    looks: int = 0
    """Looks after the PBX said that it is still at it."""
    reply: Reply | None = None
    answer: Answer | None = None
    """The last one that was the API's."""
    processing: bool = False
    unclear: bool = False
    """Whether some attempt may have taken effect."""
    reached: bool = False
    """Whether some attempt may have reached the PBX."""
    late: int = 0
    """How often its turn came too late for its look."""
    started: float = 0.0
    ended: float = 0.0

    @property
    def write_by(self) -> float:
        """The moment of the monotonic clock after which its look is too old to be written on.

        One that came too late before may take longer: at a few requests a minute no turn comes within ten seconds.
        """
        return self.looked_at + FRESH_S * (1 + self.late)

    @property
    def trunk_id(self) -> int:
        """The trunk's id on the PBX."""
        return self.change.live.id

    def see(self, found: Mapping[int, LiveTrunk]) -> LiveTrunk | None:
        """Take note of how it is, among trunks that were read; returns that, None if it is not there any more."""
        now = found.get(self.trunk_id)
        self.gone = now is None
        if now is not None and not {WHOLE_TRUNK, DIDS.api} & now.unread.keys():
            self.seen = now
        return now


class TrunkWriter:
    """Writes and reads back, and makes an outcome of it."""

    def __init__(self, client: RetryingClient) -> None:
        """Make one; ``client`` is the way to the PBX."""
        self._client = client
        self._clock = client.clock
        self._policy = client.policy
        self._why = "Stopped before its turn."
        self._in_vain = 0
        """How often in vain differences were looked at again."""
        self.lost: Lost | None = None
        """Why nothing more may be sent to this PBX, once that is so."""

    def look(self, works: Sequence[Work]) -> tuple[list[Work], list[Outcome]]:
        """Read trunks just before their writes; returns those still as planned, and the endings of the others."""
        try:
            found = self._client.trunks([work.trunk_id for work in works], [work.change.live for work in works])
        except _LOST as error:
            self.lost = self.lost or error
            return [], [self.left(work, error.message) for work in works]
        except Stopped:
            return [], [self.left(work, self._why) for work in works]
        ready, over = [], []
        for work in works:
            outcome = self._untouched(work, work.see(found))
            if outcome is not None:
                over.append(outcome)
            else:
                work.looked_at = self._clock.monotonic()
                ready.append(work)
        return ready, over

    def fresh(self, work: Work) -> bool:
        """Tell whether it was looked at so shortly before that it may be written."""
        return self._clock.monotonic() <= work.write_by

    def stop(self, why: str) -> None:
        """Write nothing more, for this reason; what was written is still read back."""
        self._why = why
        self._client.stop()

    def wind_down(self, why: str) -> None:
        """Write nothing more, for this reason, and read only for so long as one request may take."""
        self._why = why
        self._client.wind_down()

    def abandon(self) -> None:
        """Let nothing more through, not even what would settle something."""
        self._client.abandon()

    def _untouched(self, work: Work, now: LiveTrunk | None) -> Outcome | None:
        """Make the ending of a trunk that no write of ours has changed; None if it is as planned."""
        if now is work.change.live:
            return None
        if now is None:
            return self._outcome(work, Ending.NOT_RUN, TRUNK_GONE)
        if WHOLE_TRUNK in now.unread:
            return self._outcome(work, Ending.NOT_RUN, _unreadable(now))
        difference = compare(now, work.change.desired)
        if not difference:
            return self._outcome(work, Ending.APPLIED if work.reached else Ending.UNCHANGED, read=True)
        if not work.change.as_planned(now):
            return self._outcome(work, Ending.NOT_RUN, CHANGED_SINCE, difference, read=True)
        return None

    def write(self, work: Work) -> Outcome | None:
        """Write one trunk, as often as the decisions say; returns its ending, or None if it is to be read back."""
        try:
            found = persistent(self._client.pause)(self._next_step, work)
        except Stopped:
            return self._cut_short(work, NOT_AGAIN if work.reached else self._why)
        except OutputError as error:
            self.lost = self.lost or error
            return self._cut_short(work, error.message)
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
        """Read trunks after their writes and compare them with what was written.

        A PBX may say yes before it is done, so a difference after a clear yes is looked at again before it is
        believed; where that was in vain a few times, it is not done any more.
        """
        outcomes = self._read_back(works)
        again: list[int] = []
        for share in _LOOKS_AGAIN:
            again = [at for at, one in enumerate(outcomes) if one.ending is Ending.PARTIAL and one.errcode == 0]
            if not (again and self._policy.settle_wait and self._in_vain < _MOST_IN_VAIN):
                return outcomes
            try:
                self._client.pause(self._policy.settle_wait * share)
            except Stopped:
                return outcomes
            for at, seen in zip(again, self._read_back([works[at] for at in again]), strict=True):
                outcomes[at] = seen if seen.read else outcomes[at]
        self._in_vain += all(outcomes[at].ending is Ending.PARTIAL for at in again)
        return outcomes

    def _read_back(self, works: Sequence[Work]) -> list[Outcome]:
        try:
            found = self._last_look(work.trunk_id for work in works)
        except _LOST as error:
            self.lost = self.lost or error
            return [self.left(work, error.message) for work in works]
        except Stopped:
            return [self.left(work, "Stopped before it was read back.") for work in works]
        return [self._compared(work, work.see(found)) for work in works]

    def left(self, work: Work, why: str) -> Outcome:
        """Make the ending of a trunk that nothing more can be done about."""
        if not work.reached:
            return self._outcome(work, Ending.NOT_RUN, self.lost.message if self.lost is not None else why)
        taken = isinstance(work.reply, Answer) and work.reply.errcode in {0, 1, 2}
        return self._outcome(work, Ending.UNKNOWN if taken or work.unclear else Ending.FAILED, why)

    def _last_look(self, trunk_ids: Iterable[int]) -> dict[int, LiveTrunk]:
        """Read trunks whose writes are over; also when all is to stop, unless the PBX is known to be away.

        Raises:
            PbxError: the PBX cannot be read.
            OutputError: reading is not recorded, and not done without.
            Stopped: nothing whatever is to be sent any more.
        """
        ids = list(trunk_ids)
        if isinstance(self.lost, PbxUnreachable):
            raise self.lost
        try:
            return self._client.trunks(ids)
        except Stopped:
            return self._client.for_last_looks().trunks(ids)

    def _next_step(self, work: Work) -> Outcome | Taken | Again:
        """Take one step: a look, unless it is the first send; then a send, if the look allows it."""
        if work.reply is not None:
            now = work.see(self._client.trunks([work.trunk_id]))
            work.looked_at = self._clock.monotonic()
            settled = self._looked(work, now)
            if settled is not None:
                return settled
            if work.processing:
                work.looks += 1
                return Again(pause_after(work.looks + 1), unclear=True)
        return self._send(work)

    def _looked(self, work: Work, now: LiveTrunk | None) -> Outcome | None:
        """Settle a trunk by what it holds now; None if more tries or looks are worth it."""
        if not work.unclear and (settled := self._untouched(work, now)):
            return settled
        written = work.change.written
        if (
            now is None
            or WHOLE_TRUNK in now.unread
            or (_tells(readable := comparable(written, now, work.change.live)) and not compare(now, readable))
        ):
            return self._compared(work, now)
        tries = work.looks + 1 if work.processing else work.attempts
        over = tries >= self._policy.attempts
        if work.change.as_planned(now):
            return self._failed(work, now) if over else None
        return self._compared(work, now) if over or not work.processing else None

    def _send(self, work: Work) -> Outcome | Taken | Again:
        request = replace(update_trunk(work.change.body()), not_after=work.write_by)
        reply, decision = self._client.send(request, work.attempts + 1)
        if isinstance(reply, NotSent) and reply.late:
            work.late += 1
            work.reply = work.reply or reply
            return Again(0.0, unclear=False)
        work.attempts += 1
        work.ended = self._clock.monotonic()
        work.started = work.started or work.ended - reply.elapsed
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
                raise AssertionError("the client signs in again by itself")

    def _refused_or_left(self, work: Work, reply: Reply, error: PbxError) -> Outcome:
        if isinstance(reply, Answer) and verdict_of(reply) is Verdict.STOP_PBX:
            return self._outcome(work, Ending.REFUSED, self._advice(reply))
        return self.left(work, error.message)

    def _waiting(self, work: Work, again: Again) -> Outcome | Again:
        """Go on to a look after a pause, if looking is wanted at all."""
        if not self._policy.read_back and work.unclear:
            return self._outcome(work, Ending.UNKNOWN, NOT_READ_BACK)
        return again

    def _cut_short(self, work: Work, why: str) -> Outcome:
        """End a trunk whose tries were cut short: if its write may have taken effect, one look settles it."""
        if not work.unclear or not self._policy.read_back:
            return self.left(work, why)
        try:
            now = work.see(self._last_look([work.trunk_id]))
        except _LOST as error:
            self.lost = self.lost or error
            return self.left(work, error.message)
        except Stopped:
            return self.left(work, "Stopped before it could be settled.")
        if now is None or not work.change.as_planned(now):
            return self._compared(work, now)
        if work.processing:
            return self._outcome(work, Ending.UNKNOWN, STILL_AT_IT, compare(now, work.change.desired), read=True)
        return self._failed(work, now, why)

    def _compared(self, work: Work, now: LiveTrunk | None) -> Outcome:
        if now is None:
            return self._outcome(work, Ending.PARTIAL, TRUNK_GONE)
        if WHOLE_TRUNK in now.unread:
            return self._outcome(work, Ending.UNKNOWN, _unreadable(now))
        change = work.change
        desired = comparable(change.desired, now, change.live)
        difference = compare(now, desired)
        if difference:
            return self._outcome(work, Ending.PARTIAL, "", difference, read=True)
        if desired == change.desired or "password" not in change.written.fields:
            return self._outcome(work, Ending.APPLIED, read=True)
        code = None if work.answer is None else work.answer.errcode
        if code == 0 or (_tells(comparable(change.written, now, change.live)) and code != _PARTIAL_SUCCESS):
            return self._outcome(work, Ending.APPLIED, PASSWORD_NOT_COMPARED, read=True)
        return self._outcome(work, Ending.UNKNOWN, PASSWORD_UNKNOWN, read=True)

    def _failed(self, work: Work, now: LiveTrunk, note: str = "") -> Outcome:
        return self._outcome(work, Ending.FAILED, note, compare(now, work.change.desired), read=True)

    @staticmethod
    def _advice(reply: Reply) -> str:
        return explain(reply.errcode).next_step if isinstance(reply, Answer) else ""

    def _outcome(
        self,
        work: Work,
        ending: Ending,
        note: str = "",
        difference: Difference = Difference(),  # noqa: B008 - frozen
        *,
        read: bool = False,
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
            http_status=last.http_status if isinstance(last, Answer | InvalidResponse) else None,
            attempts=work.attempts,
            elapsed_ms=round((work.ended - work.started) * 1000) if work.attempts else None,
            finished_at=self._clock.now(),
            faults=faults_of(answer) if answer else (),
            difference=difference,
            read=read,
            reached=work.reached,
        )


def _tells(written: Desired) -> bool:
    return bool(written.fields or written.lists)


def _unreadable(now: LiveTrunk) -> str:
    return f"The trunk cannot be read: {now.unread[WHOLE_TRUNK]}."


def _said(reply: Reply | None) -> str:
    match reply:
        case None:
            return ""
        case Answer():
            return reply.errmsg or explain(reply.errcode).errmsg
        case _:
            return reply.reason
