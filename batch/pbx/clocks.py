"""Clocks: time as a parameter, so that tests need not wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _wait(seconds: float | None, event: threading.Event) -> bool:
    return event.wait(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The three things that this room asks of time."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds since some moment; never jumps back."""
    now: Callable[[], datetime] = _now
    """The aware date and time in UTC."""
    wait: Callable[[float | None, threading.Event], bool] = _wait
    """Wait for the event, at most so many seconds (None: for ever); True if the event came."""


SYSTEM_CLOCK: Final = Clock()
"""This machine's own time."""
