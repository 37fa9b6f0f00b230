"""A clock that is none: time passes only by waiting, or when told to."""

from __future__ import annotations

import datetime as dt
import threading

from batch.pbx.throttle import Clock


class FakeTime:
    """Time that passes only by waiting, or when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waits: list[float] = []
        self.skew = dt.timedelta()
        """By how much the clock on the wall has jumped."""
        self._asleep: list[threading.Event] = []

    @property
    def asleep(self) -> int:
        """How many threads wait until they are woken."""
        return len(self._asleep)

    def wait(self, seconds: float | None, event: threading.Event) -> bool:
        if seconds is None:
            self._asleep.append(event)
            try:
                return event.wait(10)
            finally:
                self._asleep.remove(event)
        self.waits.append(seconds)
        if not event.is_set():
            self.seconds += seconds
        return event.is_set()

    @property
    def clock(self) -> Clock:
        epoch = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
        return Clock(
            monotonic=lambda: self.seconds,
            now=lambda: epoch + dt.timedelta(seconds=self.seconds) + self.skew,
            wait=self.wait,
        )
