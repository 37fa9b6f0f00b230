"""Pacing: how soon the next request may start, and how many may run at once. Pure: time comes in.

`Pace` is the rate limit. It spaces starts evenly (GCRA: the earliest next start in one float) and also keeps the
last starts, so that no window of one second can hold more than its rate whatever jitter does to the sleeps.
`Brake` is the concurrency: it begins with one at a time, lets success earn more (twice as many each round trip, until
the PBX first hesitates; one more each time after that), and gives way when told to.
Neither locks anything: `gate.Gate` is the door that uses both.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from batch.errors import UsageError

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

_QUICK_S: Final = 1.0
"""A reply within this is quick on any PBX."""
_QUICK_TIMES: Final = 3.0
"""A reply within so many times the quickest one seen is quick on this PBX."""


class Pace:
    """The rate limit of one PBX: at most ``rate`` starts in any one second, evenly, one at a time.

    After a pause there is no saved-up allowance: the first start is free, the next is one interval later.
    """

    def __init__(self, rate: float) -> None:
        """Make a pace.

        Args:
            rate: starts a second, from 0.1 to 10,000.

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

        Args:
            now: when it started.
            ready: since when nothing but the rate held it back. Lateness after that moment is made good, up to
                10 ms; idleness before it earns nothing.
        """
        fair = max(self._due, min(ready, now), now - _CATCH_UP_S)
        self._due = fair + self._interval
        self._starts.append(now)


class Brake:
    """How many requests may run at once on one PBX: from one up to a ceiling, by its answers."""

    def __init__(self, ceiling: int) -> None:
        """Make a brake.

        Args:
            ceiling: the most that may ever run at once, from 1.

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

        Args:
            now: the moment of the reply.
            elapsed: its seconds; what started before the last halving does not halve again.
            retry_after: seconds asked for, if any.

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
