"""Crews: who carries out the tasks of a fleet. `LocalCrew` does it in processes of this machine.

A process takes one task after the other, so that what it imports is loaded once. One that dies takes its task with it
and nothing else: another one comes in its place.
"""

from __future__ import annotations

import _thread
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from queue import SimpleQueue
from types import FrameType, ModuleType
from typing import Any, Final, Literal, NamedTuple, Protocol

from batch.fleet.tasks import Task, TaskAnswer, empty_answer


class Event(NamedTuple):
    """What came in of a task. Each task has one that is no progress, its last."""

    pbx: str
    kind: Literal["progress", "answer", "lost"]
    """``lost``: it ended, or was not heard of, without an answer."""
    said: dict[str, Any]
    """``{"done", "of", "failed"}``; the answer; or why it is lost, as ``{"message"}``."""


class Crew(Protocol):
    """Who carries tasks out."""

    def begin(self, task: Task) -> None:
        """Take a task on, and come back at once; it is carried out once its turn has come."""

    def events(self, timeout: float) -> list[Event]:
        """Return what came in since; waits at most so many seconds for the first."""

    def stop(self, pbx: str | None = None) -> None:
        """Have one task, or all that were begun, settle what is under way and answer; a second call changes nothing.

        As the call is often for a Ctrl-C, which may have come while events were handed over, the last ones are
        handed over again.
        """

    def close(self) -> None:
        """Send everybody home; nothing more is heard of a task that has not ended."""


class Inbox:
    """What came in of tasks, from one thread to another one, which a Ctrl-C may hit at any moment."""

    def __init__(self) -> None:
        self._events: dict[int, Event] = {}
        self._count = self._taken = self._before = 0
        self._news = threading.Event()

    def put(self, event: Event) -> None:
        """Leave an event; one thread does."""
        self._events[self._count] = event
        self._count += 1
        self._news.set()

    def take(self, timeout: float) -> list[Event]:
        """Return what came in since; waits at most so many seconds for the first."""
        for number in [number for number in list(self._events) if number < self._before]:
            self._events.pop(number, None)
        if self._taken == self._count:
            self._news.wait(timeout)
        self._news.clear()
        self._before = self._taken
        found = [self._events[number] for number in range(self._taken, self._count)]
        self._taken += len(found)
        return found

    def take_back(self) -> None:
        """Hand the last ones out again next time: a Ctrl-C may have come in between."""
        self._taken = self._before


Carry = Callable[[Task, Callable[[dict[str, Any]], None]], TaskAnswer]
"""Carries a task out in the main thread of a process, telling of its progress; KeyboardInterrupt has it settle."""

_LOADED: Final = (
    "batch.commands.flow", "batch.commands.undo", "httpx", "lxml.etree", "openpyxl", "pandas", "phonenumbers", "tqdm"
)  # fmt: skip
"""What each task needs: loaded once, and there in all processes that come of it."""
_LEAVE_S: Final = 5.0
"""How long somebody without work may take to go home."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Member:
    process: Any
    pipe: Connection
    task: Task | None = None
    has_come: bool = False
    is_free: bool = False
    is_stopped: bool = False


class LocalCrew:
    """Processes on this machine, as many as were allowed at most.

    A thread leads them: no exception that comes into the caller's own, like a Ctrl-C, cuts a message in half.
    """

    def __init__(self, at_a_time: int, carry: str = "batch.fleet.carrying:carry", *, spawn: bool = False) -> None:
        """Have at most so many at work; ``carry`` is a module and what is called in it, a function.

        With ``spawn`` a process loads all by itself, as it must on Windows.
        """
        self._at_a_time, self._carry = at_a_time, carry
        self._context: ForkServerContext | SpawnContext = multiprocessing.get_context("spawn")
        if os.name == "posix" and not spawn:
            self._context = multiprocessing.get_context("forkserver")
            self._context.set_forkserver_preload([carry.partition(":")[0], *_LOADED])
        self._waiting: deque[Task] = deque()
        self._members: dict[Connection, _Member] = {}
        self._orders: deque[Callable[[], None]] = deque()
        self._doorbell, self._button = multiprocessing.Pipe(duplex=False)
        self._inbox = Inbox()
        self._is_open = True
        self._leader = threading.Thread(target=self._lead, name="crew", daemon=True)
        self._leader.start()

    def begin(self, task: Task) -> None:
        """Take a task on, and come back at once."""
        self._order(lambda: self._waiting.append(task))

    def events(self, timeout: float) -> list[Event]:
        """Return what came in since; waits at most so many seconds for the first."""
        return self._inbox.take(timeout)

    def stop(self, pbx: str | None = None) -> None:
        """Have one task, or all that were begun, settle and answer; a second call changes nothing."""
        self._inbox.take_back()
        self._order(lambda: self._stop(pbx))

    def close(self) -> None:
        """Send everybody home; who is at work settles first, and is not waited for."""
        self._order(self._send_home)
        self._leader.join()

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        with suppress(OSError):  # closed
            self._button.send_bytes(b"!")

    def _lead(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            resource_tracker.ensure_running()  # which lets signals in again when it starts
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # who is started here hears no Ctrl-C either
        while self._is_open:
            for ready in wait([self._doorbell, *self._members]):
                if ready is self._doorbell:
                    self._doorbell.recv_bytes()
                else:
                    self._hear(self._members[ready])  # type: ignore[index] # what was waited for
            while self._orders:
                self._orders.popleft()()
            self._hand_out()

    def _hear(self, member: _Member) -> None:
        try:
            kind, said = member.pipe.recv()
        except (EOFError, OSError):
            self._part_with(member)
            return
        if kind == "ready":
            member.has_come = member.is_free = True
        elif member.task is not None:
            self._tell(member.task, kind, said)
            if kind == "answer":
                member.task = None

    def _part_with(self, member: _Member) -> None:
        del self._members[member.pipe]
        member.pipe.close()
        member.process.join(_LEAVE_S)
        if not member.has_come and self._waiting:  # nor would another
            member.task = self._waiting.popleft()
        if member.task is not None:
            how = member.process.exitcode
            end = f"was killed by signal {-how}" if how is not None and how < 0 else "ended"
            self._tell(member.task, "lost", {"message": f"Its process {end} before it could answer."})

    def _tell(self, task: Task, kind: Literal["progress", "answer", "lost"], said: dict[str, Any]) -> None:
        self._inbox.put(Event(task["pbx"], kind, said))

    def _hand_out(self) -> None:
        for member in self._members.values():
            if member.is_free and self._waiting:
                task = self._waiting.popleft()
                try:
                    member.pipe.send(task)
                    member.task, member.is_free = task, False
                except OSError:  # it has died, which is heard of next
                    self._waiting.appendleft(task)
                    member.is_free = False
        coming = sum(member.task is None for member in self._members.values())
        while self._is_open and coming < len(self._waiting) and len(self._members) < self._at_a_time:
            try:
                self._start()
            except OSError as error:  # there is no room for one more: those that are there take all
                self._give_up_unless_somebody_is_there(error)
                return
            coming += 1

    def _start(self) -> None:
        with ExitStack() as stack:
            ours, theirs = map(stack.enter_context, multiprocessing.Pipe())
            process = self._context.Process(target=serve, args=(theirs, self._carry, dict(os.environ)), daemon=True)
            with _main_hidden():
                process.start()
            stack.pop_all()
        theirs.close()
        self._members[ours] = _Member(process=process, pipe=ours)

    def _give_up_unless_somebody_is_there(self, error: OSError) -> None:
        while self._waiting and not self._members:
            why = f"No process could be started for it: {error.strerror or error}."
            self._tell(self._waiting.popleft(), "lost", {"message": why})

    def _stop(self, pbx: str | None) -> None:
        for task in [task for task in self._waiting if pbx in {None, task["pbx"]}]:
            self._waiting.remove(task)
            self._tell(task, "answer", not_begun(task))
        for member in self._members.values():
            if member.task is not None and not member.is_stopped and pbx in {None, member.task["pbx"]}:
                member.is_stopped = True
                with suppress(OSError):
                    member.pipe.send(None)

    def _send_home(self) -> None:
        self._is_open = False
        for member in self._members.values():
            member.pipe.close()
        for member in self._members.values():
            if member.task is None:
                member.process.join(_LEAVE_S)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep the program that was started from being run once more in each process: nothing of it is needed there."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def not_begun(task: Task) -> TaskAnswer:
    """Answer a task that was stopped before anything of it was carried out."""
    return empty_answer(
        task, 130, "interrupted", "Stopped by you. Nothing was sent.", "Run it again when you are ready."
    )


def serve(pipe: Connection, carry: str, environment: Mapping[str, str]) -> None:
    """Be a process of a crew, until the other end of the pipe is closed; or, if stopped, until the answer is given."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to everybody; who leads us says what to do
    os.environ.clear()
    os.environ.update(environment)
    module, _, name = carry.partition(":")
    _Hand(pipe, getattr(importlib.import_module(module), name)).serve()


class _Hand:
    """A process of a crew as it is inside: the main thread carries out, one listens and one speaks.

    A stop comes into the main thread as KeyboardInterrupt, once, and only while the task is being carried out: an
    answer that is there already is not lost to it.
    """

    def __init__(self, pipe: Connection, carry: Carry) -> None:
        self._pipe, self._carry = pipe, carry
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._said: SimpleQueue[tuple[str, dict[str, Any]] | None] = SimpleQueue()
        self._at_work = self._asked_to_stop = self._interrupted = False

    def serve(self) -> None:
        signal.signal(signal.SIGTERM, self._interrupt)
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        speaker = threading.Thread(target=self._speak, name="speaker", daemon=True)
        speaker.start()
        try:
            while not self._asked_to_stop:
                self._said.put(("ready", {}))
                if (task := self._tasks.get()) is None:
                    break
                self._at_work = True
                self._carry_out(task)
                self._at_work = False
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._said.put(None)
            speaker.join()

    def _carry_out(self, task: Task) -> None:
        answer = empty_answer(
            task,
            1,
            "crash",
            "A fault of this tool; the trace is on stderr.",
            "If it was writing, the run's journal has it: resume goes on with it.",
        )
        try:
            answer = not_begun(task) if self._asked_to_stop else self._carry(task, self._hear_of)
        except KeyboardInterrupt:
            answer = empty_answer(task, 130, "interrupted", "Stopped by you.", "If something was sent, resume goes on.")
        finally:  # a fault of ours ends the process, with its trace
            self._said.put(("answer", answer))

    def _hear_of(self, progress: dict[str, Any]) -> None:
        self._said.put(("progress", progress))

    def _listen(self) -> None:
        with suppress(EOFError, OSError):  # whoever leads us has gone
            while (task := self._pipe.recv()) is not None:
                self._tasks.put(task)
        self._asked_to_stop = True
        self._tasks.put(None)
        while self._at_work and not self._interrupted:
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
            else:
                _thread.interrupt_main(signal.SIGTERM)
            time.sleep(0.05)

    def _speak(self) -> None:
        with suppress(OSError):  # nobody listens any more
            while (said := self._said.get()) is not None:
                self._pipe.send(said)

    def _interrupt(self, _number: int, frame: FrameType | None) -> None:
        self._asked_to_stop = True
        if not self._at_work:
            raise SystemExit
        while frame is not None and not self._interrupted:
            if frame.f_code is self._carry.__code__:
                self._interrupted = True
                raise KeyboardInterrupt
            frame = frame.f_back
