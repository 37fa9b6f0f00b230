"""Retries: what a reply means for what comes next. One pure function; tenacity drives it.

For a write nothing here ever says "send again" without a look first: `Again` means wait, read the trunk, and only
then send, if it is as planned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from batch.errors import PbxError, PbxUnreachable
from batch.pbx.error_codes import Verdict, explain, verdict_of
from batch.pbx.messages import Answer, InvalidResponse, NoResponse, NotSent, Reply, Request
from batch.pbx.sign_ins import COMPARE, blocked

FIRST_PAUSE: Final = 0.5
"""Seconds before the second attempt; doubled for each further one."""
LONGEST_PAUSE: Final = 30.0
"""Seconds; a ``Retry-After`` may ask for more."""
FIRST_CONTACT_TRIES: Final = 3
"""So often an address that was never reached is tried before it is called unreachable."""
FAILURES_TO_OPEN: Final = 3
"""After so many failures in a row, by anybody, a PBX counts as away."""

_BLOCKED: Final = 70004
_DENIED: Final = 10005


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient a run is."""

    attempts: int = 5
    """Most sends of one write, and most tries of one read."""
    give_up_after: float = 300.0
    """Seconds of asking without a useful answer after which the PBX counts as lost."""
    read_back: bool = True
    settle_wait: float = 0.0
    """Seconds over which a difference after a clear yes is looked at again before it is believed; 0 for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """How it stands with hearing from a PBX, as of the last reply to anybody."""

    heard: bool = False
    """Whether it ever gave a useful answer."""
    since: float | None = None
    """When the first request failed, in seconds of the monotonic clock; None if the last answer was useful.
    What was before does not count: somebody may have thought about a plan for an hour, or closed the laptop for a
    night in the midst of a request.
    """
    seconds: float = 0.0
    failures: int = 0
    """Requests in a row that did not reach the API."""

    @property
    def away(self) -> bool:
        """Whether a PBX that was there before does not seem to be any more."""
        return self.heard and self.failures >= FAILURES_TO_OPEN

    def after(self, reply: Reply, now: float) -> Outage:
        """Return how it stands after a reply.

        A PBX that says it is busy is there, and has not answered yet. A request for patience is neither an answer
        of the API nor a failure: the throttle pauses for it.
        """
        match reply:
            case Answer() if verdict_of(reply) is not Verdict.TRANSIENT:
                return Outage(heard=True)
            case NotSent(late=True):
                return self
            case Answer():
                failures = 0
            case InvalidResponse(retry_after=float()):
                failures = self.failures
            case NotSent() | NoResponse() | InvalidResponse():
                failures = self.failures + 1
            case _:
                assert_never(reply)
        since = now if self.since is None else self.since
        return Outage(heard=self.heard, since=since, seconds=now - since, failures=failures)

    def after_probe(self, reply: Reply, now: float) -> Outage:
        """Return how it stands after a reply to a probe.

        An answer shows that the PBX is there; whether it answers what matters is still to be seen.
        """
        if isinstance(reply, Answer):
            return replace(self, failures=0)
        return self.after(reply, now)


@dataclass(frozen=True, slots=True)
class Taken:
    """The PBX answered for good: a read has its data, a write is to be read back."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """The PBX is still at it: look after so many seconds, and do not send."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Again:
    """Wait so many seconds, then again; a write only after a look."""

    seconds: float
    unclear: bool
    """Whether the request may have taken effect."""


@dataclass(frozen=True, slots=True)
class SignInAgain:
    """The token has run out; this uses up no attempt."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The PBX said no, and will again."""


@dataclass(frozen=True, slots=True)
class StopPbx:
    """Nothing more may be sent to this PBX."""

    error: PbxError


Decision: TypeAlias = Taken | LookAgain | Again | SignInAgain | Refuse | StopPbx


def pause_after(attempt: int) -> float:
    """Return how many seconds to wait after so many attempts, where the PBX does not say."""
    return min(FIRST_PAUSE * float(2 ** min(attempt - 1, 10)), LONGEST_PAUSE)


def decide(  # noqa: C901, PLR0911, PLR0912 - one exhaustive match, a return for each case
    request: Request, reply: Reply, *, attempt: int, policy: Policy, outage: Outage, now: datetime
) -> Decision:
    """Decide what comes after a reply.

    Args:
        request: what was sent.
        reply: what came of it.
        attempt: which attempt this was, counted from 1.
        policy: how patient to be.
        outage: how it stands with hearing from the PBX after this reply.
        now: the aware time of the reply, for saying until when an address is blocked.
    """
    pause = pause_after(attempt)
    tries_left = attempt < policy.attempts
    match reply:
        case Answer():
            verdict = verdict_of(reply)
            match verdict:
                case Verdict.DONE:
                    return Taken()
                case Verdict.PARTIAL | Verdict.PROCESSING if not request.writes:
                    return Again(pause, unclear=False) if tries_left else Refuse()
                case Verdict.PARTIAL:
                    return Taken()
                case Verdict.PROCESSING:
                    return LookAgain(pause)
                case Verdict.RETRY if not request.writes:
                    return Again(reply.retry_after or pause, unclear=False) if tries_left else Refuse()
                case Verdict.TRANSIENT if not request.writes:
                    waits = outage.heard and outage.seconds < policy.give_up_after
                    seconds = reply.retry_after or pause
                    return (
                        Again(seconds, unclear=False) if tries_left or waits else StopPbx(_unreadable(reply, attempt))
                    )
                case Verdict.TRANSIENT | Verdict.RETRY:
                    return Again(reply.retry_after or pause, unclear=verdict is Verdict.RETRY)
                case Verdict.SIGN_IN_AGAIN:
                    return SignInAgain()
                case Verdict.STOP_PBX if request.may_be_denied and reply.errcode == _DENIED:
                    return Refuse()
                case Verdict.STOP_PBX:
                    return StopPbx(_stopped_by(reply, now))
                case Verdict.PERMANENT:
                    return Refuse()
                case _:
                    assert_never(verdict)
        case NotSent(late=True):
            return Again(0.0, unclear=False)
        case NotSent(distrusted=True, reason=reason):
            return StopPbx(PbxUnreachable(f"What answers in the PBX's place is not trusted: {reason}.", COMPARE))
        case NotSent() | NoResponse() | InvalidResponse():
            unclear = request.writes and not isinstance(reply, NotSent)
            if not unclear and _is_lost(reply, attempt, policy, outage):
                return StopPbx(_unreachable(reply.reason))
            return Again(_asked(reply) or pause, unclear=unclear)
        case _:
            assert_never(reply)


def _is_lost(reply: NotSent | NoResponse | InvalidResponse, attempt: int, policy: Policy, outage: Outage) -> bool:
    if not outage.heard:
        return attempt >= (FIRST_CONTACT_TRIES if isinstance(reply, NotSent) else policy.attempts)
    repeated = outage.away or (_asked(reply) is not None and attempt >= policy.attempts)
    return repeated and outage.seconds >= policy.give_up_after


def _asked(reply: NotSent | NoResponse | InvalidResponse) -> float | None:
    return reply.retry_after if isinstance(reply, InvalidResponse) else None


def _unreadable(answer: Answer, attempt: int) -> PbxError:
    """Say that a read fails too often: this PBX cannot be judged, so nothing can be done safely any more."""
    known = explain(answer.errcode)
    return PbxError(
        f"The PBX answered {answer.errcode} {answer.errmsg or known.errmsg} to {attempt} tries of reading. "
        f"{known.meaning}",
        known.next_step,
    )


def _unreachable(reason: str) -> PbxUnreachable:
    return PbxUnreachable(
        f"The PBX does not answer: {reason}.",
        "Check the address, the network or VPN, and that the PBX is running.",
    )


def _stopped_by(answer: Answer, now: datetime) -> PbxError:
    if answer.errcode == _BLOCKED:
        return blocked(answer, now).error()
    known = explain(answer.errcode)
    return PbxError(
        f"The PBX answered {answer.errcode} {answer.errmsg or known.errmsg}. {known.meaning}", known.next_step
    )
