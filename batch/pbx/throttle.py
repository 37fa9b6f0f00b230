"""The throttle: how soon the next request may start, how many may run at once, and whose turn it is.

The rate limit spaces starts evenly (GCRA: the earliest next start in one float) and also keeps the last starts, so that
no window of one second can hold more than its rate whatever jitter does to the sleeps. Concurrency begins with one at a
time, lets success earn more (twice as many each round trip, until the PBX first hesitates; one more each time after
that), and gives way when told to. First come, first served: only the thread at the head of the queue watches the clock.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Final

from batch.errors import UsageError

_COUNTING_SLEEP: Final = MappingProxyType({"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"})
"""By platform, the clock that goes on while the machine sleeps, where `time.monotonic` stands still meanwhile."""


def clock_counting_sleep(platform: str) -> Callable[[], float]:
    """Return the platform's clock that never jumps and counts the time for which the machine sleeps, too.

    A laptop may be closed in the midst of a run: what was "10 s old" is hours old when it wakes, and a token has
    expired. Linux has CLOCK_BOOTTIME for that, macOS counts sleep in CLOCK_MONOTONIC (and not in the clock that
    `time.monotonic` reads there); on Windows and elsewhere `time.monotonic` does, as far as anything does.
    """
    number = getattr(time, _COUNTING_SLEEP.get(platform, ""), None)
    if number is None:
        return time.monotonic
    try:
        time.clock_gettime(number)
    except OSError:  # a kernel, or a sandbox around us, that does not have it
        return time.monotonic
    return partial(time.clock_gettime, number)


_monotonic: Final = clock_counting_sleep(sys.platform)


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _wait(seconds: float | None, event: threading.Event) -> bool:
    return event.wait(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The three things that this package asks of time."""

    monotonic: Callable[[], float] = _monotonic
    """Seconds since some moment; never jumps, and goes on while the machine sleeps."""
    now: Callable[[], datetime] = _now
    """The aware date and time in UTC. May jump: only for words, and for what is bounded anyhow."""
    wait: Callable[[float | None, threading.Event], bool] = _wait
    """Wait for the event, at most so many seconds awake (None: for ever); True if the event came."""


SYSTEM_CLOCK: Final = Clock()


LEAST_RATE: Final = 0.1
MOST_RATE: Final = 10_000.0

_SHARE: Final = 0.985
"""Share of the rate at which starts are spaced: jitter on the way must not fill a second at the PBX."""
_CATCH_UP_S: Final = 0.010
"""Lateness of a start (sleep overshoot, a busy machine) that is made good by the next ones."""
_WINDOW_S: Final = 1.0001
"""One second, and a little more than floats and `_EPSILON_S` can lose."""
_EPSILON_S: Final = 0.000_001
"""A wait too short to be worth it, or to be told from rounding."""

_SOON_S: Final = 0.1
"""Whom rate and pauses hold up no longer than this, waits for a place."""
_QUICK_S: Final = 1.0
"""A reply within this is quick on any PBX."""
_QUICK_TIMES: Final = 3.0
"""A reply within so many times the quickest one seen is quick on this PBX."""


class RateLimiter:
    """The rate limit of one PBX: at most ``rate`` starts in any one second, evenly, one at a time.

    After a pause there is no saved-up allowance: the first start is free, the next is one interval later.
    """

    def __init__(self, rate: float) -> None:
        """Make one.

        Raises:
            UsageError: if it is outside of that.
        """
        if not LEAST_RATE <= rate <= MOST_RATE:
            raise UsageError(
                f"A rate of {rate:g} requests a second cannot be kept.",
                f"Give --rate a number from {LEAST_RATE:g} to {MOST_RATE:,.0f}.",
            )
        self.rate = rate
        self._interval = 1.0 / (rate * _SHARE)
        self._starts: deque[float] = deque(maxlen=math.ceil(rate))
        self._due = -math.inf

    def wait(self, now: float) -> float:
        """Return the seconds until the next start is allowed; 0.0 if it is now."""
        seconds = self._due - now
        if len(self._starts) == self._starts.maxlen:
            seconds = max(seconds, self._starts[0] + _WINDOW_S - now)
        return seconds if seconds > _EPSILON_S else 0.0

    def started(self, now: float, ready: float) -> None:
        """Record a start.

        Lateness after ``ready``, since when nothing but the rate held it back, is made good, up to 10 ms; idleness
        before it earns nothing.
        """
        fair = max(self._due, min(ready, now), now - _CATCH_UP_S)
        self._due = fair + self._interval
        self._starts.append(now)


class ConcurrencyLimit:
    """How many requests may run at once on one PBX: from one up to a ceiling, by its answers."""

    def __init__(self, ceiling: int) -> None:
        """Make a limit.

        Raises:
            UsageError: if it is less than 1.
        """
        if ceiling < 1:
            raise UsageError(f"A concurrency of {ceiling} lets nothing through.", "Give --concurrency a number from 1.")
        self.ceiling = ceiling
        self.allowed = 1
        """So many requests may run at once now."""
        self.pause_until = -math.inf
        """Nothing may start before this moment (seconds of the monotonic clock)."""
        self._row = 0
        self._hesitated = False
        """Whether some reply was slow, not clean, or asked for less."""
        self._quickest = math.inf
        self._halved_at = -math.inf

    def succeeded(self, now: float, elapsed: float) -> None:
        """Count a clean reply; each quick one earns one more at a time until the PBX first hesitates.

        From then on as many in a row as are now allowed do.

        Replies to what started before the last halving tell nothing about the load since, and are not counted.
        """
        self._quickest = min(self._quickest, elapsed)
        if now - elapsed < self._halved_at:
            return
        if elapsed > max(_QUICK_S, _QUICK_TIMES * self._quickest):
            self.stumbled()
            return
        self._row += 1
        if self._row >= (self.allowed if self._hesitated else 1) and self.allowed < self.ceiling:
            self.allowed += 1
            self._row = 0

    def stumbled(self) -> None:
        """End the row of clean replies: this one was not, but it did not ask for less either."""
        self._row = 0
        self._hesitated = True

    def slow_down(self, now: float, elapsed: float, retry_after: float | None) -> bool:
        """Halve what is allowed, once per round trip, and pause for everyone as long as was asked.

        What started before the last halving does not halve again.

        Returns:
            Whether this was the one that halved.
        """
        self.stumbled()
        if retry_after is not None:
            self.pause_until = max(self.pause_until, now + retry_after)
        if now - elapsed < self._halved_at:
            return False
        self.allowed = max(1, self.allowed // 2)
        self._halved_at = now
        return True

    def wait(self, now: float) -> float:
        """Return the seconds until the pause is over; 0.0 if there is none."""
        return max(0.0, self.pause_until - now)


class Stopped(Exception):
    """The throttle was shut to this request before its turn: it was not sent."""


class Throttle:
    """Lets requests start when rate, concurrency and pauses allow it. Shared by all threads.

    It shuts in two steps: winding down lets through only what settles, for a while; stopping lets nothing through.
    A last request gets out even then.
    """

    def __init__(
        self,
        rate_limiter: RateLimiter,
        concurrency_limit: ConcurrencyLimit,
        clock: Clock,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        """Make one.

        ``notice`` is told once, in words, when the PBX first asks for less.
        """
        self._rate_limiter = rate_limiter
        self._concurrency_limit = concurrency_limit
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
    def passing(self, *, writes: bool = False, prepare: Callable[[], None] | None = None) -> Iterator[float]:
        """Wait for this request's turn, and hold its place until it is settled.

        Args:
            writes: whether it is shut out as soon as the throttle winds down.
            prepare: is called at most once, outside of any lock, if nothing but a free place is waited for and one of
                the next is this request's; what it raises goes through, and the turn is given up.

        Yields:
            When it started, in seconds of the monotonic clock.

        Raises:
            Stopped: if it is stopped first, or winding down and this a write, or wound down.
        """
        started = self._enter(writes=writes, prepare=prepare)
        try:
            yield started
        finally:
            self._leave()

    @contextmanager
    def leaving(self, patience: float) -> Iterator[float]:
        """Let a last request out, also through a stopped throttle.

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
            self._concurrency_limit.succeeded(self._clock.monotonic(), elapsed)
            self._freed()

    def stumbled(self) -> None:
        """Tell of a reply that was not clean, yet does not ask for less."""
        with self._lock:
            self._concurrency_limit.stumbled()

    def slow_down(self, elapsed: float, retry_after: float | None = None) -> None:
        """Tell that the PBX asked for less, or did not answer in time."""
        with self._lock:
            halved = self._concurrency_limit.slow_down(self._clock.monotonic(), elapsed, retry_after)
            allowed = self._concurrency_limit.allowed
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
            Stopped: at once when it is stopped or winding down.
        """
        if self._clock.wait(seconds, self._shutting):
            raise Stopped

    @property
    def stopped(self) -> bool:
        """Whether it lets nothing more through."""
        return self._is_shut(self._clock.monotonic(), writes=False)

    @property
    def ceiling(self) -> int:
        """The most requests that may ever be under way at once."""
        return self._concurrency_limit.ceiling

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

    def _enter(
        self, *, writes: bool = False, prepare: Callable[[], None] | None = None, leave_by: float = math.inf
    ) -> float:
        arrived = self._clock.monotonic()
        waiter = threading.Event()
        with self._lock:
            self._queue.append(waiter)
        try:
            while True:
                with self._lock:
                    now = self._clock.monotonic()
                    seconds = self._seconds_to_wait(waiter, now, writes=writes, leave_by=leave_by)
                    if seconds <= 0:
                        self._in_flight += 1
                        self._rate_limiter.started(
                            now, max(arrived, self._free_since, self._concurrency_limit.pause_until)
                        )
                        return now
                    waiter.clear()
                    due = prepare if prepare is not None and self._is_near(waiter, now) else None
                if due is not None:
                    due()
                    prepare = None
                else:
                    self._clock.wait(None if seconds == math.inf else seconds, waiter)
        finally:
            with self._lock:
                self._queue.remove(waiter)
                self._wake_head()
                if len(self._queue) > self._near:
                    self._queue[self._near].set()

    def _seconds_to_wait(self, waiter: threading.Event, now: float, *, writes: bool, leave_by: float) -> float:
        last = leave_by < math.inf
        if not last and self._is_shut(now, writes=writes):
            raise Stopped
        until = leave_by if last else self._shuts_at
        return min(self._seconds_left(waiter, now, until), max(0.0, until - now))

    @property
    def _near(self) -> int:
        """How many in the queue, behind its head, may prepare themselves: few, since no place is theirs yet."""
        return self._concurrency_limit.allowed // 2

    def _is_near(self, waiter: threading.Event, now: float) -> bool:
        """Tell whether only a place is missing, and this one is among the next to have one."""
        full = self._in_flight >= self._concurrency_limit.allowed
        held_up = max(self._concurrency_limit.wait(now), self._rate_limiter.wait(now)) > _SOON_S
        return full and not held_up and waiter in islice(self._queue, 1 + self._near)

    def _seconds_left(self, waiter: threading.Event, now: float, until: float) -> float:
        if self._queue[0] is not waiter or self._in_flight >= self._concurrency_limit.allowed:
            return math.inf
        pause = 0.0 if self._concurrency_limit.pause_until > until else self._concurrency_limit.wait(now)
        return max(pause, self._rate_limiter.wait(now))

    def _leave(self) -> None:
        with self._lock:
            self._in_flight -= 1
            self._freed()

    def _freed(self) -> None:
        """Note that a place may have become free, and let the head of the queue look again."""
        if self._in_flight == self._concurrency_limit.allowed - 1:
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
