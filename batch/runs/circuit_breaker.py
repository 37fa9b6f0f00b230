"""Circuit breaker: where all threads wait while a PBX is away, until one of them has asked it in vain for too long.

It is closed while requests go through. Failures in a row, by any thread, open it: then only probes leave, one at a time
and at growing pauses, and any answer of the API closes it again. How long it may stay open is decided in `retries`,
where every reply is judged: `StopPbx` from there bars it, which ends the run for all threads.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable

from batch.errors import PbxError
from batch.pbx.clocks import Clock
from batch.pbx.messages import Answer, Reply
from batch.pbx.throttle import Stopped
from batch.runs.retries import Outage, Policy, pause_after


class CircuitBreaker:
    """The circuit breaker of one PBX, shared by all threads."""

    def __init__(
        self,
        policy: Policy,
        clock: Clock,
        stopping: threading.Event,
        notice: Callable[[str], None],
        barred: PbxError | None = None,
    ) -> None:
        """Make one that is closed.

        Args:
            policy: how long a PBX that is away is waited for.
            clock: where time comes from.
            stopping: once set, nobody waits any more; `wake` lets them see it.
            notice: is told, in words, when the PBX is away, and when it has given somebody a useful answer again.
            barred: why nothing may be sent, if that is known already.
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

    def told(self, reply: Reply) -> Outage:
        """Hear of a reply to anybody; returns how it stands after it."""
        return self._now(reply, Outage.after)

    def probed(self, reply: Reply) -> Outage:
        """Hear of a reply to a probe; returns how it stands after it."""
        return self._now(reply, Outage.after_probe)

    def _now(self, reply: Reply, transition: Callable[[Outage, Reply, float], Outage]) -> Outage:
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

        Args:
            probe: sends something small, once, and tells of the reply; is given which probe this is, from 1.

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
