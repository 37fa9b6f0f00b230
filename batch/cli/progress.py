"""Progress: done, failed, rate and time left, on stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tqdm import tqdm

from batch.runs.outcomes import AS_WANTED, Outcome


class _NoLock:
    """What tqdm takes for its lock: its own stays held for ever if writing to the terminal fails; `Bar` has one."""

    def acquire(self, *_how: object, **_how_long: object) -> bool:
        """Do nothing."""
        return True

    def release(self) -> None:
        """Do nothing."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, *_error: object) -> None:
        """Do nothing."""


tqdm.set_lock(_NoLock())
tqdm.monitor_interval = 0


class Bar:
    """A bar that counts trunks."""

    def __init__(self, total: int, *, hidden: bool) -> None:
        """Show a bar for so many trunks, unless hidden; where it is not a terminal, seldom."""
        seen = sys.stderr is not None and sys.stderr.isatty()
        shown = partial(tqdm, total=total, unit="trunk", dynamic_ncols=True, mininterval=0.1 if seen else 30)
        try:
            self._bar = shown(disable=hidden or not total or sys.stderr is None)
        except (OSError, ValueError):
            self._bar = shown(disable=True)
        self._left = total
        self._failed = 0
        self._lock = threading.Lock()

    def settled(self, outcome: Outcome) -> None:
        """Count one."""
        if outcome.ending not in AS_WANTED:
            self._failed += 1
        self._left -= 1
        with self._heard():
            self._bar.set_postfix(failed=self._failed, refresh=False)
            self._bar.update()
            if not self._left:
                self._bar.close()

    def clear(self) -> None:
        """Make room for a line of other words; the bar comes back with the next trunk."""
        with self._heard():
            self._bar.clear()

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Show nothing more once nobody can see it: a run does not stop for that."""
        try:
            with self._lock:
                yield
        except (OSError, ValueError):
            self._bar.disable = True
