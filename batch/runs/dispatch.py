"""Dispatch: the changes of a plan onto the PBX, several at a time, each looked at just before and read back after.

A trunk passes three stations: look (is it still as planned?), write, read back. Looks and read-backs go in batches,
looks only a little ahead of the writes. A trunk is in one thread's hands at a time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from batch.runs.asking import BATCH
from batch.runs.outcomes import Ending, Outcome
from batch.runs.settling import Settler, Work
from batch.trunks.plans import Change

_FAULTY: Final = frozenset({Ending.REFUSED, Ending.FAILED, Ending.PARTIAL, Ending.UNKNOWN})
_POLL_S: Final = 0.2
"""The main thread wakes this often, so that Ctrl-C is heard on Windows too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to start nothing more."""

    workers: int = 4
    """Threads; how many of them may send at once is the gate's matter."""
    batch: int = BATCH
    """Most trunks looked at, or read back, in one call; a second's worth of writes keeps looks fresh."""
    max_failures: int | None = None
    """Stop after so many trunks that did not end well; None for never."""


class Dispatch:
    """Brings the changes of one plan onto one PBX."""

    def __init__(
        self,
        changes: Iterable[Change],
        settler: Settler,
        limits: Limits,
        stopping: threading.Event,
        settled: Callable[[Outcome], None],
    ) -> None:
        """Prepare the work; `run` does it.

        Args:
            changes: what to write, in order.
            settler: writes and reads back.
            limits: threads and failures.
            stopping: is set once nothing new is to be started, so that the settler's pauses end.
            settled: is told of each ending, in the thread that found it, one at a time.
        """
        self._settler = settler
        self._limits = limits
        self._tell = settled
        self._changed = threading.Condition()
        self._to_look = deque(Work(change=change) for change in changes)
        self._ready: deque[Work] = deque()
        self._written: deque[Work] = deque()
        self._looking = 0
        self._writing = 0
        self._failures = 0
        self._stopped: str | None = None
        self._stopping = stopping
        self.interrupted = False
        """Whether the user stopped it."""

    def run(self) -> None:
        """Do all the work; the endings go to ``settled``.

        Ctrl-C starts nothing new and lets what runs settle; a second one lets through no request more.

        Raises:
            KeyboardInterrupt: at the second Ctrl-C, once the requests under way are over.
        """
        with ThreadPoolExecutor(self._limits.workers, thread_name_prefix="trunk") as pool:
            futures = [pool.submit(self._work) for _ in range(self._limits.workers)]
            try:
                while self._going_on(futures):
                    pass
            except BaseException:
                self.stop("Stopped by you before its turn.")
                raise
        for future in futures:
            future.result()

    def _going_on(self, futures: Collection[Future[None]]) -> bool:
        """Wait a little; tell whether some thread is still at work."""
        try:
            return bool(wait(futures, timeout=_POLL_S).not_done)
        except KeyboardInterrupt:
            again, self.interrupted = self.interrupted, True
            self.stop("Stopped by you before its turn.")
            if again:
                self._settler.abandon()
                raise
            return True

    def stop(self, why: str) -> None:
        """Start nothing new; what is not written yet ends *not run* with this reason."""
        with self._changed:
            self._stopped = self._stopped or why
            self._stopping.set()
            self._changed.notify_all()

    def _work(self) -> None:
        finished = False
        try:
            while station := self._next():
                station()
            finished = True
        finally:
            if not finished:
                self.stop("Stopped by a fault of this tool.")

    def _next(self) -> Callable[[], None] | None:
        """Wait for something to do; None when all is done."""
        with self._changed:
            while True:
                if self._settler.lost is not None and self._stopped is None:
                    self.stop(self._settler.lost.message)
                if self._stopped is not None:
                    self._drop_the_rest(self._stopped)
                if len(self._written) >= self._limits.batch or (self._written and self._writes_are_over()):
                    return self._read_back(self._take(self._written))
                self._look_again_at_stale()
                if self._to_look and not self._looking and len(self._ready) < self._limits.workers:
                    self._looking += 1
                    return self._look(self._take(self._to_look))
                if self._ready:
                    self._writing += 1
                    return self._write(self._ready.popleft())
                if self._writes_are_over() and not self._written:
                    self._changed.notify_all()
                    return None
                self._changed.wait()

    def _look_again_at_stale(self) -> None:
        """Send back what had to wait for its write too long."""
        stale: list[Work] = []
        while self._ready and not self._settler.fresh(self._ready[0]):
            stale.append(self._ready.popleft())
        self._to_look.extendleft(reversed(stale))

    def _writes_are_over(self) -> bool:
        return not (self._to_look or self._ready or self._looking or self._writing)

    def _take(self, queue: deque[Work]) -> list[Work]:
        return [queue.popleft() for _ in range(min(self._limits.batch, len(queue)))]

    def _drop_the_rest(self, why: str) -> None:
        for queue in (self._ready, self._to_look):
            while queue:
                self._settled(self._settler.left(queue.popleft(), why))

    def _look(self, works: list[Work]) -> Callable[[], None]:
        def station() -> None:
            ready: list[Work] = []
            over: list[Outcome] = []
            try:
                ready, over = self._settler.look(works)
            finally:
                with self._changed:
                    self._looking -= 1
                    self._ready.extend(ready)
                    for outcome in over:
                        self._settled(outcome)
                    self._changed.notify_all()

        return station

    def _write(self, work: Work) -> Callable[[], None]:
        def station() -> None:
            outcome = None
            sent = False
            try:
                outcome = self._settler.write(work)
                sent = True
            finally:
                with self._changed:
                    self._writing -= 1
                    if outcome is not None:
                        self._settled(outcome)
                    elif sent:
                        self._written.append(work)
                    self._changed.notify_all()

        return station

    def _read_back(self, works: list[Work]) -> Callable[[], None]:
        def station() -> None:
            outcomes = self._settler.read_back(works)
            with self._changed:
                for outcome in outcomes:
                    self._settled(outcome)
                self._changed.notify_all()

        return station

    def _settled(self, outcome: Outcome) -> None:
        self._tell(outcome)
        if outcome.ending in _FAULTY:
            self._failures += 1
            most = self._limits.max_failures
            if most is not None and self._failures >= most and self._stopped is None:
                self._stopped = f"Stopped after {self._failures} trunk{'s' if self._failures > 1 else ''} went wrong."
                self._stopping.set()
