"""Decisions: what a reply means for what comes next. One pure function; tenacity drives it.

For a write nothing here ever says "send again" without a look first: `Again` means wait, read the trunk, and only
then send, if it is as planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from batch.errors import AddressBlocked, PbxError, PbxUnreachable
from batch.pbx.errcodes import Verdict, explain, verdict_of
from batch.pbx.replies import Answer, Garbled, NoAnswer, NotSent, Reply
from batch.pbx.requests import Request

FIRST_PAUSE: Final = 0.5
"""Seconds before the second attempt; doubled for each further one."""
LONGEST_PAUSE: Final = 30.0
"""Seconds; a ``Retry-After`` may ask for more."""
TRIES_AT_THE_DOOR: Final = 3
"""So often an address that was never reached is tried before it is called unreachable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient a run is."""

    attempts: int = 5
    """Most sends of one write, and most tries of one read."""
    give_up_after: float = 300.0
    """Seconds of asking without a useful answer after which the PBX counts as lost."""
    read_back: bool = True
    """Whether what was written is read back."""


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
    request: Request, reply: Reply, *, attempt: int, policy: Policy, silent_for: float
) -> Decision:
    """Decide what comes after a reply.

    Args:
        request: what was sent.
        reply: what came of it.
        attempt: which attempt this was, counted from 1.
        policy: how patient to be.
        silent_for: for how many seconds the PBX has been asked without a useful answer, by anybody; infinite if it
            never gave one.
    """
    pause = pause_after(attempt)
    tries_left = attempt < policy.attempts
    patient = tries_left or silent_for < policy.give_up_after
    match reply:
        case Answer():
            verdict = verdict_of(reply)
            match verdict:
                case Verdict.DONE:
                    return Taken()
                case Verdict.PARTIAL | Verdict.PROCESSING if not request.writes:
                    return Again(pause, unclear=False) if tries_left else StopPbx(_unreadable(reply, attempt))
                case Verdict.PARTIAL:
                    return Taken()
                case Verdict.PROCESSING:
                    return LookAgain(pause)
                case Verdict.TRANSIENT | Verdict.RETRY if not request.writes:
                    go_on = patient if verdict is Verdict.TRANSIENT else tries_left
                    seconds = reply.retry_after or pause
                    return Again(seconds, unclear=False) if go_on else StopPbx(_unreadable(reply, attempt))
                case Verdict.TRANSIENT | Verdict.RETRY:
                    return Again(reply.retry_after or pause, unclear=verdict is Verdict.RETRY)
                case Verdict.SIGN_IN_AGAIN:
                    return SignInAgain()
                case Verdict.STOP_PBX:
                    return StopPbx(_stopped_by(reply))
                case Verdict.PERMANENT:
                    return Refuse()
                case _:
                    assert_never(verdict)
        case NotSent(reason=reason):
            if silent_for >= policy.give_up_after and attempt >= TRIES_AT_THE_DOOR:
                return StopPbx(_unreachable(reason))
            return Again(pause, unclear=False)
        case NoAnswer() | Garbled() if not request.writes:
            if not patient:
                return StopPbx(_unreachable(reply.reason))
            return Again(_asked(reply) or pause, unclear=False)
        case NoAnswer() | Garbled():
            return Again(_asked(reply) or pause, unclear=True)
        case _:
            assert_never(reply)


def _asked(reply: NoAnswer | Garbled) -> float | None:
    return reply.retry_after if isinstance(reply, Garbled) else None


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
        "Check the address, the network or VPN, and that the PBX is running; then run again.",
    )


def _stopped_by(answer: Answer) -> PbxError:
    known = explain(answer.errcode)
    message = f"The PBX answered {answer.errcode} {answer.errmsg or known.errmsg}. {known.meaning}"
    error = AddressBlocked if answer.errcode == 70004 else PbxError
    return error(message, known.next_step)
