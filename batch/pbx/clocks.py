"""Clocks: time as a parameter, so that tests need not wait for it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Final

_COUNTING_SLEEP: Final = MappingProxyType({"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"})
"""By platform, the clock that goes on while the machine sleeps, where `time.monotonic` stands still meanwhile."""


def clock_counting_sleep(platform: str) -> Callable[[], float]:
    """Return the platform's clock that never jumps and counts the time for which the machine sleeps, too.

    A laptop may be closed in the midst of a run: what was "10 s old" is hours old when it wakes, and a token has
    expired. Linux has CLOCK_BOOTTIME for that, macOS counts sleep in CLOCK_MONOTONIC (and not in the clock that
    `time.monotonic` reads there); on Windows and elsewhere `time.monotonic` does, as far as anything does.

    Args:
        platform: as `sys.platform` has it.
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
    """The three things that this room asks of time."""

    monotonic: Callable[[], float] = _monotonic
    """Seconds since some moment; never jumps, and goes on while the machine sleeps."""
    now: Callable[[], datetime] = _now
    """The aware date and time in UTC. May jump: only for words, and for what is bounded anyhow."""
    wait: Callable[[float | None, threading.Event], bool] = _wait
    """Wait for the event, at most so many seconds awake (None: for ever); True if the event came."""


SYSTEM_CLOCK: Final = Clock()
"""This machine's own time."""
