"""The retrying client: the one way in which a command sends anything.

It has the session renew a token that has run out, whoever notices first.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar, cast

from tenacity import RetryCallState, Retrying, retry_if_result, stop_never

from batch.errors import PbxError
from batch.pbx import messages
from batch.pbx.error_codes import Verdict, verdict_of
from batch.pbx.messages import Answer, InvalidResponse, NotSent, Reply, Request
from batch.pbx.session import Session
from batch.pbx.sign_ins import SignInUnanswered, may_pass
from batch.pbx.throttle import Clock, Stopped
from batch.runs.live_reads import LiveReads
from batch.runs.retries import (
    FIRST_CONTACT_TRIES,
    Again,
    Decision,
    Outage,
    Policy,
    SignInAgain,
    StopPbx,
    decide,
    pause_after,
)

T = TypeVar("T")

_PROBE: Final = messages.list_trunks(1, 1)


def notify_nobody(_words: str) -> None:
    """Keep it to oneself."""


class RetryingClient(LiveReads):
    """Sends to one PBX, from any thread; while that is away, all wait in one place."""

    def __init__(
        self,
        session: Session,
        policy: Policy,
        stopping: threading.Event | None = None,
        *,
        notice: Callable[[str], None] = notify_nobody,
        barred: PbxError | None = None,
        until: float = math.inf,
    ) -> None:
        """Make one.

        Once ``stopping`` is set, a pause ends with `Stopped`; after the moment ``until`` of the monotonic clock nothing
        is waited for. ``notice`` is told, in words, that the PBX does not answer any more, and that it does again;
        ``barred`` is why nothing may be sent, if that is known already.
        """
        super().__init__(session.throttle.ceiling, notice)
        self.policy = policy
        self._session = session
        self.clock = session.wire.clock
        self._stopping = stopping or threading.Event()
        self._abandoned = threading.Event()
        self._circuit_breaker = CircuitBreaker(policy, self.clock, self._stopping, notice, barred)
        self._until = until
        self._unanswered: SignInUnanswered | None = None
        """Why nobody was ever met at this address: it knows best what to advise."""

    def send(self, request: Request, attempt: int) -> tuple[Reply, Decision]:
        """Send a request once, signing in again as often as tokens run out; that uses up no attempt.

        While the PBX is away it waits instead, which uses up none either.

        Raises:
            PbxError: a token was needed and is refused for good, the PBX has told somebody to stay away, or it has
                been away for too long.
            Stopped: nothing more is to be sent.
        """
        while True:
            self._circuit_breaker.enter(self._probe)
            try:
                reply = self._session.send(request)
                decision = self._decide(request, reply, attempt)
                if not (isinstance(decision, SignInAgain) and isinstance(reply, Answer)):
                    return reply, decision
                self._session.renew(reply.sign_in)
            except SignInUnanswered as error:
                unsent = self._unsent(request, error)
                return unsent, self._decide(request, unsent, attempt)

    def _probe(self, attempt: int) -> None:
        try:
            reply = self._session.send(_PROBE)
        except SignInUnanswered as error:
            reply = self._unsent(_PROBE, error)
        self._judge(_PROBE, reply, attempt, self._circuit_breaker.note_probe(reply))

    def _unsent(self, request: Request, error: SignInUnanswered) -> Reply:
        """Return what stands for the reply to a request for which no token could be had just now: it was not sent.

        As long as nobody was met at the address, a read is judged by what the sign-in came to.
        """
        if not self._circuit_breaker.heard:
            self._unanswered = error
            if not may_pass(error.reply):
                raise error
            if not request.writes:
                return _unmet(error.reply)
        if isinstance(error.reply, NotSent):
            return error.reply
        return NotSent(reason=error.message.rstrip(".") if isinstance(error.reply, Answer) else error.reply.reason)

    def _decide(self, request: Request, reply: Reply, attempt: int) -> Decision:
        return self._judge(request, reply, attempt, self._circuit_breaker.note_reply(reply))

    def _judge(self, request: Request, reply: Reply, attempt: int, outage: Outage) -> Decision:
        """Decide what comes next; what ends it for all bars the circuit."""
        now = self.clock.now()
        decision = decide(request, reply, attempt=attempt, policy=self.policy, outage=outage, now=now)
        for_all = verdict_of(reply) is Verdict.STOP_PBX if isinstance(reply, Answer) else outage.heard
        if isinstance(decision, StopPbx) and for_all:
            self._circuit_breaker.bar(decision.error)
        return decision

    def for_last_looks(self) -> RetryingClient:
        """Return one for last looks: it goes on when all is to stop, but gives up after a few tries."""
        attempts = min(self.policy.attempts, FIRST_CONTACT_TRIES)
        policy = replace(self.policy, attempts=attempts, give_up_after=0.0)
        return RetryingClient(
            self._session, policy, self._abandoned, barred=self._circuit_breaker.barred, until=self._until
        )

    def stop(self) -> None:
        """Let no write through any more; who waits for one, for the end of a pause or for the PBX leaves at once."""
        self._shut(math.inf)

    def wind_down(self) -> None:
        """Stop, and let reads through, which settle what is in flight, only as long as one request may take."""
        self._until = min(self._until, self.clock.monotonic() + self._session.wire.timeout)
        self._shut(self._session.wire.timeout)

    def abandon(self) -> None:
        """Let nothing more through, for anybody, and give the end of all hardly any time."""
        self._session.throttle.hurry()
        self._session.throttle.stop()
        self._abandoned.set()
        self._stopping.set()
        self._circuit_breaker.wake()

    def leave(self) -> None:
        """Abandon all, and give the tokens back while others may still wait for an answer."""
        self.abandon()
        self._session.close()

    def go_on(self) -> None:
        """Let pauses wait again after a stop."""
        self._stopping.clear()

    def _shut(self, seconds: float) -> None:
        self._session.throttle.wind_down(seconds)
        self._stopping.set()
        self._circuit_breaker.wake()

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: nothing more is to be sent, or would be when the wait is over.
        """
        if self.clock.monotonic() + seconds > self._until or self.clock.wait(seconds, self._stopping):
            raise Stopped

    def ask(self, request: Request) -> Answer:
        """Read, trying again as the decisions say; returns an answer with errcode 0, or one that says no for good.

        Raises:
            PbxError: the PBX cannot be read.
            Stopped: nothing more is to be sent.
        """
        attempts = itertools.count(1)

        def once() -> Answer | Again:
            reply, decision = self.send(request, next(attempts))
            if isinstance(decision, StopPbx):
                raise decision.error if self._circuit_breaker.heard or self._unanswered is None else self._unanswered
            return decision if isinstance(decision, Again) else cast("Answer", reply)  # nothing else ends a read

        return cast("Answer", persistent(self.pause)(once))


def _unmet(reply: Reply) -> Reply:
    """Return what a sign-in came to as no answer of a PBX that was met: that only a token shows."""
    if not isinstance(reply, Answer):
        return reply
    reason = f"it answers {reply.errcode} {reply.errmsg}".rstrip()
    return InvalidResponse(
        reason=reason, http_status=reply.http_status, elapsed=reply.elapsed, retry_after=reply.retry_after
    )


def persistent(pause: Callable[[float], None]) -> Retrying:
    """Return what calls something until something else than `Again` comes back, pausing as each `Again` asks."""
    return Retrying(
        retry=retry_if_result(lambda found: isinstance(found, Again)), wait=_asked_for, stop=stop_never, sleep=pause
    )


def _asked_for(state: RetryCallState) -> float:
    decision = state.outcome.result() if state.outcome else None
    return decision.seconds if isinstance(decision, Again) else 0.0


class CircuitBreaker:
    """Where all threads wait while a PBX is away, until one of them has asked it in vain for too long.

    It is closed while requests go through. Failures in a row, by any thread, open it: then only probes leave, one at a
    time and at growing pauses, and any answer of the API closes it again. `StopPbx` from `decide` bars it, which ends
    the run for all threads.
    """

    def __init__(
        self,
        policy: Policy,
        clock: Clock,
        stopping: threading.Event,
        notice: Callable[[str], None],
        barred: PbxError | None = None,
    ) -> None:
        """Make one that is closed.

        Once ``stopping`` is set nobody waits any more; `wake` lets them see it. ``notice`` is told, in words, when the
        PBX is away, and when it has given somebody a useful answer again.
        """
        self._policy = policy
        self._clock = clock
        self._stopping = stopping
        self._notice = notice
        self._lock = threading.Lock()
        self._waiters: deque[threading.Event] = deque()
        self._outage = Outage()
        self._announced = False
        self._probes = 0
        self._probe_at = math.inf
        self._barred = barred

    @property
    def heard(self) -> bool:
        """Whether the PBX ever gave a useful answer."""
        return self._outage.heard

    @property
    def barred(self) -> PbxError | None:
        """Why nothing may be sent any more."""
        return self._barred

    def note_reply(self, reply: Reply) -> Outage:
        """Hear of a reply to anybody; returns how it stands after it."""
        return self._changed(reply, Outage.after)

    def note_probe(self, reply: Reply) -> Outage:
        """Hear of a reply to a probe; returns how it stands after it."""
        return self._changed(reply, Outage.after_probe)

    def _changed(self, reply: Reply, transition: Callable[[Outage, Reply, float], Outage]) -> Outage:
        words = ""
        with self._lock:
            now = self._clock.monotonic()
            before, after = self._outage, transition(self._outage, reply, now)
            self._outage = after
            if after.away and not before.away:
                self._probes, self._probe_at = 0, self._next_probe(now, 1)
                waits = after.seconds < self._policy.give_up_after and not self._stopping.is_set()
                if waits and not self._announced and not isinstance(reply, Answer):
                    self._announced = True
                    words = _opened(reply.reason, self._policy.give_up_after)
            if before.away and not after.away:
                self._wake()
            if self._announced and before.since is not None and after.since is None:
                self._announced = False
                words = _closed(now - before.since)
        if words:
            self._notice(words)
        return after

    def bar(self, error: PbxError) -> None:
        """Let nothing more through, and let everybody leave with this error."""
        with self._lock:
            self._barred = self._barred or error
            self._wake()

    def wake(self) -> None:
        """Let those who wait see whether all is to stop."""
        with self._lock:
            self._wake()

    def enter(self, probe: Callable[[int], None]) -> None:
        """Go through; while it is open, wait. Who has waited longest probes meanwhile.

        ``probe`` sends something small, once, and tells of the reply; it is given which probe this is, from 1.

        Raises:
            PbxError: nothing may be sent any more.
            Stopped: all is to stop, so that nobody waits.
        """
        waiter = threading.Event()
        with self._lock:
            self._waiters.append(waiter)
        try:
            while (seconds := self._seconds_left(waiter)) is not None:
                if seconds > 0:
                    self._clock.wait(None if seconds == math.inf else seconds, waiter)
                    continue
                self._probes += 1  # nobody else does: this one is first in the queue, and stays so
                probe(self._probes)
                self._probe_at = self._next_probe(self._clock.monotonic(), self._probes)
        finally:
            with self._lock:
                self._waiters.remove(waiter)
                if self._waiters:
                    self._waiters[0].set()

    def _next_probe(self, now: float, probes: int) -> float:
        """Return when to probe next: after a growing pause, the last time when patience ends and not beyond it."""
        since = self._outage.since
        end = math.inf if since is None else since + self._policy.give_up_after
        pause = now + pause_after(probes)
        return min(pause, end) if now < end else pause

    def _seconds_left(self, waiter: threading.Event) -> float | None:
        """Return the seconds until it may probe, infinite while another one does; None if it may go through."""
        with self._lock:
            if self._barred is not None:
                raise self._barred
            if not self._outage.away:
                return None
            if self._stopping.is_set():
                raise Stopped
            waiter.clear()
            return self._probe_at - self._clock.monotonic() if self._waiters[0] is waiter else math.inf

    def _wake(self) -> None:
        for waiter in self._waiters:
            waiter.set()


def _opened(reason: str, patience: float) -> str:
    return f"The PBX does not answer ({reason}). Waiting for it, up to {patience:g} s (--give-up-after)."


def _closed(seconds: float) -> str:
    return f"The PBX answers again after {seconds:.0f} s; going on."
