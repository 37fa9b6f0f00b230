"""Progress: done, failed, rate and time left, on stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from batch.runs.outcomes import AS_WANTED, Outcome

# One lock of one process, and no thread of tqdm's own: its default, which can span processes, stays held for ever when
# Ctrl-C comes between its two halves.
tqdm.set_lock(threading.RLock())
tqdm.monitor_interval = 0


class Bar:
    """A bar that counts trunks."""

    def __init__(self, total: int, *, hidden: bool) -> None:
        """Show a bar for so many trunks, unless hidden; where it is not a terminal, seldom."""
        seen = sys.stderr is not None and sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            unit="trunk",
            disable=hidden or not total or sys.stderr is None,
            dynamic_ncols=True,
            mininterval=0.1 if seen else 30,
            leave=True,
        )
        self._left = total
        self._failed = 0

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
            yield
        except OSError:
            self._bar.disable = True
