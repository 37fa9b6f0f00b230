"""The worker pool: a plan onto the PBX, several changes at a time, each looked at just before and read back after.

A trunk passes three steps: look (is it still as planned?), write, read back. Looks and read-backs go in batches,
looks only a little ahead of the writes. A trunk is in one thread's hands at a time.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

from batch.errors import OutputError
from batch.runs.live_reads import BATCH
from batch.runs.outcomes import Ending, Outcome
from batch.runs.retrying_client import notify_nobody
from batch.runs.trunk_writer import TrunkWriter, Work
from batch.runs.write_order import WriteOrder
from batch.wording import counted

STOPPED_BY_YOU: Final = "Stopped by you before its turn."
STOPPING: Final = (
    "Stopping: nothing new is started; what is being written is settled first. Press Ctrl-C again to end at once."
)

_FAULTY: Final = frozenset({Ending.REFUSED, Ending.FAILED, Ending.PARTIAL, Ending.UNKNOWN})
_TURN_S: Final = 0.0005
"""So long a thread that calculates keeps one waiting that has heard from the PBX; a tenth of Python's own."""
_POLL_S: Final = 0.2
"""The main thread wakes this often, so that Ctrl-C is heard on Windows too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many threads, how many trunks a read, and after how many failures to stop."""

    workers: int = 4
    """Threads; how many of them may send at once is up to the throttle."""
    batch: int = BATCH
    """Most trunks looked at, or read back, in one call; a second's worth of writes keeps looks fresh."""
    max_failures: int | None = None
    """Stop after so many trunks that did not end well; None for never."""


class WorkerPool:
    """Brings the changes of one plan onto one PBX."""

    def __init__(
        self,
        order: WriteOrder,
        trunk_writer: TrunkWriter,
        limits: Limits,
        settled: Callable[[Sequence[Outcome]], None],
        tell: Callable[[str], None] = notify_nobody,
    ) -> None:
        """Prepare the work; `run` does it.

        ``settled`` is told of endings in the order found, in one of the threads, never in two at a time, and not any
        more once `run` is over. What it raises is a fault, unless it is an `OutputError`: that ends the run as a lost
        PBX does. ``tell`` is told in words, at the first Ctrl-C, what happens now.
        """
        self._trunk_writer = trunk_writer
        self._limits = limits
        self._settled = settled
        self._tell = tell
        self._changed = threading.Condition()
        self._order = order
        self._to_look: deque[Work] = deque()
        self._ready: deque[Work] = deque()
        self._written: deque[Work] = deque()
        self._working = limits.workers
        self._changes: SimpleQueue[None] = SimpleQueue()
        self._orders: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._looking = 0
        self._writing = 0
        self._settling = 0
        self._failures = 0
        self._stopped: str | None = None
        self._shut = False
        """Whether nothing more may be sent, not even what finishes something."""
        self._winding_down = False
        self._faults: list[BaseException] = []
        self._unreported: list[Outcome] = []
        self._reporting = threading.Lock()
        self._left = False
        self._has_left = False
        self.interrupted = False

    def run(self) -> None:
        """Do all the work; the endings go to ``settled``.

        Ctrl-C starts nothing new and lets what runs settle, for as long as one request may take. A second one ends
        it at once: threads that hang in a request are left to themselves, and what becomes of it nobody is told.

        Raises:
            KeyboardInterrupt: at the second Ctrl-C.
        """
        sys.setswitchinterval(_TURN_S)
        names = (f"trunk-{number}" for number in range(1, self._limits.workers + 1))
        threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        orders = threading.Thread(target=self._obey, name="trunk-orders", daemon=True)
        orders.start()
        try:
            with self._changed:  # nothing is sent before all are there: Ctrl-C while they start ends it at once
                self._note_ended(self._order.begin())
                for thread in threads:
                    thread.start()
            self._wait()
        except BaseException:
            self._orders.put(self._leave)
            self._wait_until(lambda: self._has_left)
            raise
        finally:
            self._orders.put(None)
        for thread in (*threads, orders):
            thread.join()
        if self._faults:
            raise self._faults[0]

    def _obey(self) -> None:
        """Do what Ctrl-C asks for: in the main thread, the next one could leave a lock taken for ever."""
        while order := self._orders.get():
            try:
                order()
            except BaseException as fault:  # noqa: BLE001 - `run` raises it, in the main thread
                self._fail(fault)

    def _wait(self) -> None:
        try:
            self._wait_until(lambda: not self._working)
        except KeyboardInterrupt:
            self.interrupted = True
            self._orders.put(self._wind_down)
            self._wait_until(lambda: not self._working)

    def _wait_until(self, true: Callable[[], bool]) -> None:
        """Wait for other threads; joining them would take one for over that Ctrl-C was heard in (3.11)."""
        while not true():
            with suppress(Empty):
                self._changes.get(timeout=_POLL_S)

    def _wind_down(self) -> None:
        self._winding_down = True
        self.stop(STOPPED_BY_YOU)
        self._tell(STOPPING)

    def _leave(self) -> None:
        """Let nothing more be sent or told; only what is being told just now is waited for."""
        self._left = True
        try:
            self._trunk_writer.abandon()
            with self._reporting:
                pass
        finally:
            self._has_left = True
            self._changes.put(None)

    def stop(self, why: str) -> None:
        """Start nothing new; what is not written yet ends *not run* with this reason."""
        with self._changed:
            if self._stopped is None:
                self._stopped = why
                self._note_ended(self._order.stop(why))
            self._shut_once_finished()
            self._changed.notify_all()

    def _shut_once_finished(self) -> None:
        """Let nothing more leave, once all is to stop and no move is half done."""
        if self._stopped is None or (self._order.has_begun and self._trunk_writer.lost is None):
            return
        if self._winding_down:
            self._winding_down = False
            self._trunk_writer.wind_down(self._stopped)
        if not self._shut:
            self._shut = True
            self._trunk_writer.stop(self._stopped)

    def _fail(self, fault: BaseException) -> None:
        """Start nothing new for a fault of this tool; `run` raises it in the end."""
        self._faults.append(fault)
        self.stop("Stopped by a fault of this tool.")

    def _work(self) -> None:
        try:
            self._report_outcomes()  # of trunks of which nothing can be written
            while step := self._next():
                step()
                self._report_outcomes()
        except BaseException as fault:  # noqa: BLE001 - `run` raises it, in the main thread
            self._fail(fault)
        finally:
            with self._changed:
                self._working -= 1
                if not self._working:
                    self._changes.put(None)

    def _report_outcomes(self) -> None:
        """Tell of what has ended, unless another thread is at it, which then goes on with this."""
        while self._unreported and self._reporting.acquire(blocking=False):
            try:
                with self._changed:
                    outcomes, self._unreported = self._unreported, []
                if outcomes and not self._left:
                    self._settled(outcomes)
            except OutputError as error:
                self._trunk_writer.lost = self._trunk_writer.lost or error
                self.stop(error.message)
            finally:
                self._reporting.release()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while (step := self._due_step()) is None and not self._is_over():
                self._changed.wait()
            if step is None:
                self._changed.notify_all()
            return step

    def _due_step(self) -> Callable[[], None] | None:
        """Return the step to be taken now; None when there is none, or only after what is under way."""
        if self._trunk_writer.lost is not None and self._stopped is None:
            self.stop(self._trunk_writer.lost.message)
        if self._stopped is not None and (works := self._not_due_any_more()):
            self._settling += 1
            return partial(self._drop, works, self._stopped)
        if len(self._written) >= self._limits.batch or (self._written and self._writes_are_over()):
            self._settling += 1
            return partial(self._read_back, self._take(self._written))
        self._look_again_at_stale()
        ahead = min(self._limits.workers, self._limits.batch)
        if self._to_look and not self._looking and len(self._ready) < ahead:
            self._looking += 1
            return partial(self._look, self._take(self._to_look))
        if self._ready:
            self._writing += 1
            return partial(self._write, self._ready.popleft())
        return None

    def _not_due_any_more(self) -> list[Work]:
        """Take out what is not to be written now that all is to stop."""
        lost = self._trunk_writer.lost is not None
        works = [work for queue in (self._ready, self._to_look) for work in queue]
        dropped = [work for work in works if lost or not self._order.still_due(work)]
        gone = set(map(id, dropped))
        for queue in (self._ready, self._to_look):
            left = [work for work in queue if id(work) not in gone]
            queue.clear()
            queue.extend(left)
        return dropped

    def _look_again_at_stale(self) -> None:
        """Send back what had to wait for its write too long."""
        stale: list[Work] = []
        while self._ready and not self._trunk_writer.fresh(self._ready[0]):
            stale.append(self._ready.popleft())
        self._to_look.extendleft(reversed(stale))

    def _writes_are_over(self) -> bool:
        return not (self._to_look or self._ready or self._looking or self._writing)

    def _is_over(self) -> bool:
        over = self._writes_are_over() and not (self._written or self._settling)
        if over and self._order.waiting and not self._faults:
            raise AssertionError("trunks wait for each other")
        return over

    def _take(self, queue: deque[Work]) -> list[Work]:
        return [queue.popleft() for _ in range(min(self._limits.batch, len(queue)))]

    def _drop(self, works: list[Work], why: str) -> None:
        outcomes = [self._trunk_writer.left(work, why) for work in works]
        with self._changed:
            self._settling -= 1
            self._end(outcomes)

    def _look(self, works: list[Work]) -> None:
        ready: list[Work] = []
        over: list[Outcome] = []
        try:
            ready, over = self._trunk_writer.look(works)
        finally:
            with self._changed:
                self._looking -= 1
                self._ready.extend(ready)
                self._end(over)

    def _write(self, work: Work) -> None:
        over: list[Outcome] = []
        sent = False
        try:
            outcome = self._trunk_writer.write(work)
            over, sent = ([], True) if outcome is None else ([outcome], False)
        finally:
            with self._changed:
                self._writing -= 1
                if sent:
                    self._written.append(work)
                self._end(over)

    def _read_back(self, works: list[Work]) -> None:
        outcomes: list[Outcome] = []
        try:
            outcomes = self._trunk_writer.read_back(works)
        finally:
            with self._changed:
                self._settling -= 1
                self._end(outcomes)

    def _end(self, outcomes: Sequence[Outcome]) -> None:
        """Hear what writes came to; what that ends is told of once the lock is given back."""
        self._note_ended([ended for outcome in outcomes for ended in self._order.ended(outcome)])
        self._shut_once_finished()
        self._changed.notify_all()

    def _note_ended(self, outcomes: Sequence[Outcome]) -> None:
        """Take up what can be written now, and count the trunks that did not end well."""
        self._to_look += self._order.ready()
        self._unreported += outcomes
        self._failures += sum(outcome.ending in _FAULTY for outcome in outcomes)
        most = self._limits.max_failures
        if most is not None and self._failures >= most and self._stopped is None:
            self.stop(f"Stopped after {counted(self._failures, 'trunk')} went wrong.")
