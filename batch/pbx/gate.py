"""The gate: the one door through which every request to a PBX goes, whichever thread sends it.

First come, first served. Only the thread at the head of the queue watches the clock; the others sleep until they
are woken, so nothing spins.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from batch.pbx.clocks import Clock
from batch.pbx.pacing import Brake, Pace


class Stopped(Exception):
    """The gate was shut to this request before its turn: it was not sent."""


class Gate:
    """Lets requests start when rate, concurrency and pauses allow it. Shared by all threads.

    It shuts in two steps: winding down lets through only what settles, for a while; stopping lets nothing through.
    A last request gets out even then.
    """

    def __init__(self, pace: Pace, brake: Brake, clock: Clock, notice: Callable[[str], None] | None = None) -> None:
        """Make a gate.

        Args:
            pace: the rate limit.
            brake: the concurrency.
            clock: where time comes from.
            notice: is told once, in words, when the PBX first asks for less.
        """
        self._pace = pace
        self._brake = brake
        self._clock = clock
        self._notice = notice
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._in_flight = 0
        self._free_since = -math.inf
        self._stopped = False
        self._shuts_at = math.inf
        self._shutting = threading.Event()
        self.hurried = False
        """Whether somebody is waiting for the end: then last requests get hardly any time."""

    @contextmanager
    def passing(self, *, writes: bool = False) -> Iterator[float]:
        """Wait for this request's turn, and hold its place until it is settled.

        Args:
            writes: whether it can change what the PBX holds.

        Yields:
            When it started, in seconds of the monotonic clock.

        Raises:
            Stopped: if the gate is stopped first, or winding down and this a write, or wound down.
        """
        started = self._enter(writes=writes)
        try:
            yield started
        finally:
            self._leave()

    @contextmanager
    def leaving(self, patience: float) -> Iterator[float]:
        """Let a last request out, also through a stopped gate.

        Args:
            patience: the most seconds to wait for its turn; then it goes all the same, since a token that is not
                given back costs more than one request too early. A pause that lasts longer is not waited for.

        Yields:
            When it started, in seconds of the monotonic clock.
        """
        started = self._enter(leave_by=self._clock.monotonic() + patience)
        try:
            yield started
        finally:
            self._leave()

    def succeeded(self, elapsed: float) -> None:
        """Tell of a clean reply after so many seconds."""
        with self._lock:
            self._brake.succeeded(self._clock.monotonic(), elapsed)
            self._freed()

    def stumbled(self) -> None:
        """Tell of a reply that was not clean, yet does not ask for less."""
        with self._lock:
            self._brake.stumbled()

    def slow_down(self, elapsed: float, retry_after: float | None = None) -> None:
        """Tell that the PBX asked for less, or did not answer in time.

        Args:
            elapsed: seconds that the request took.
            retry_after: seconds for which nothing shall start, if it said so.
        """
        with self._lock:
            halved = self._brake.slow_down(self._clock.monotonic(), elapsed, retry_after)
            allowed = self._brake.allowed
            notice, self._notice = (self._notice, None) if halved else (None, self._notice)
        if notice is not None:
            notice(_less(allowed, retry_after))

    def wind_down(self, seconds: float) -> None:
        """Let no write through any more, and nothing at all once so many seconds are over.

        Until then whatever reads, and so may settle what is in flight, passes; not even a pause that the PBX asked
        for holds it up, if that would outlast them. Winding down again can only shorten the time; at first it may be
        infinite.
        """
        with self._lock:
            self._shuts_at = min(self._shuts_at, self._clock.monotonic() + seconds)
            self._shut()

    def stop(self) -> None:
        """Let nothing more through; threads that wait leave with `Stopped`."""
        with self._lock:
            self._stopped = True
            self._shut()

    def hurry(self) -> None:
        """Give last requests hardly any time: somebody is waiting for the end. Shuts nothing by itself."""
        self.hurried = True

    def rest(self, seconds: float) -> None:
        """Wait so long, outside of the queue.

        Raises:
            Stopped: at once when the gate is stopped or winding down.
        """
        if self._clock.wait(seconds, self._shutting):
            raise Stopped

    @property
    def stopped(self) -> bool:
        """Whether the gate lets nothing more through."""
        return self._is_shut(self._clock.monotonic(), writes=False)

    @property
    def ceiling(self) -> int:
        """The most requests that may ever be under way at once."""
        return self._brake.ceiling

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return self._in_flight == 0

    def _is_shut(self, now: float, *, writes: bool) -> bool:
        return self._stopped or now >= self._shuts_at or (writes and self._shutting.is_set())

    def _shut(self) -> None:
        """Wake whoever waits, so that each sees whether it may still pass."""
        self._shutting.set()
        for waiter in self._queue:
            waiter.set()

    def _enter(self, *, writes: bool = False, leave_by: float = math.inf) -> float:
        last = leave_by < math.inf
        arrived = self._clock.monotonic()
        waiter = threading.Event()
        with self._lock:
            self._queue.append(waiter)
        try:
            while True:
                with self._lock:
                    now = self._clock.monotonic()
                    if not last and self._is_shut(now, writes=writes):
                        raise Stopped
                    until = leave_by if last else self._shuts_at
                    seconds = self._seconds_left(waiter, now, until)
                    if seconds <= 0 or (last and now >= until):
                        self._in_flight += 1
                        self._pace.started(now, max(arrived, self._free_since, self._brake.pause_until))
                        return now
                    seconds = min(seconds, max(0.0, until - now))
                    waiter.clear()
                self._clock.wait(None if seconds == math.inf else seconds, waiter)
        finally:
            with self._lock:
                self._queue.remove(waiter)
                self._wake_head()

    def _seconds_left(self, waiter: threading.Event, now: float, until: float) -> float:
        if self._queue[0] is not waiter or self._in_flight >= self._brake.allowed:
            return math.inf
        pause = 0.0 if self._brake.pause_until > until else self._brake.wait(now)
        return max(pause, self._pace.wait(now))

    def _leave(self) -> None:
        with self._lock:
            self._in_flight -= 1
            self._freed()

    def _freed(self) -> None:
        """Note that a place may have become free, and let the head of the queue look again."""
        if self._in_flight == self._brake.allowed - 1:
            self._free_since = self._clock.monotonic()
        self._wake_head()

    def _wake_head(self) -> None:
        if self._queue:
            self._queue[0].set()


def _less(allowed: int, retry_after: float | None) -> str:
    going_on = f"going on with {allowed} request{'' if allowed == 1 else 's'} at a time."
    if retry_after:
        return f"The PBX asks for less; pausing for {retry_after:.0f} s, then {going_on}"
    return f"The PBX asks for less; {going_on}"
