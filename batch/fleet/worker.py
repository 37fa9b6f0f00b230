"""A worker: carries out the tasks of its site near the PBXs, by its own profiles, and answers with outcomes only.

Whoever can write to the broker can ask it for something. It does what a task of ours can say, for the PBXs of its own
site, and nothing else; and never a second time what it has begun once.
"""

from __future__ import annotations

import base64
import logging
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from batch.errors import BatchError, OutputError
from batch.fleet.broker import (
    AT_WORK,
    SETTLE,
    TASK,
    broker_name,
    check_broker,
    errors_of,
    is_wanted,
    make_app,
    queue_of,
)
from batch.fleet.crew import Event, LocalCrew, not_begun
from batch.fleet.tasks import FORMAT, Task, TaskAnswer, empty_answer, is_task, only_outcomes, own_version
from batch.runs.serialization import fits
from batch.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

_BEAT_S: Final = 2.0
"""How often it says at least that it is at work on a task."""
_PROGRESS_S: Final = 0.5
"""How often it says at most how far it is."""
_TRY_AGAIN_S: Final = 1.0
_AS_WANTED: Final = {"applied", "unchanged", "skipped"}


def work(
    broker_url: str,
    site: str,
    *,
    profile_settings: Callable[[str], Settings],
    runs: Path,
    at_a_time: int,
    ready: Callable[[], None],
    tell: Callable[[str], None],
) -> None:
    """Carry out the tasks of a site, until Ctrl-C or SIGTERM; then what is at work is settled and answered.

    Args:
        broker_url: With user and password, if it needs them.
        site: Whose queue it is.
        profile_settings: Returns the settings that this machine has for a PBX; raises UsageError if it has none.
        runs: The folder for the runs; it is made.
        at_a_time: How many PBXs it works on at most.
        ready: Called once it listens; again after each time that the broker was away.
        tell: Hears what goes on, a line each.

    Raises:
        UsageError: the broker cannot be used.
    """
    app = make_app(broker_url)
    check_broker(app, broker_url)
    app.conf.result_backend_always_retry = True
    app.set_default()  # what is carried out in a thread asks for that
    crew = LocalCrew(at_a_time)
    desk = _Desk(site, profile_settings, runs, crew, tell)
    _take_part(app, site, desk)
    left: list[Executor] = []
    threads = _threads(left, desk)
    with _told_to_leave(desk), _heard(tell, broker_name(broker_url)):
        while not desk.leaving.is_set():
            app.WorkController(
                pool=threads,
                concurrency=at_a_time,
                use_eventloop=False,
                hostname=f"{uuid4()}@{queue_of(site).name}",
                ready_callback=lambda _: ready(),
                without_mingle=True,
                without_gossip=True,
                without_heartbeat=True,
            ).start()
            desk.leaving.wait(_TRY_AGAIN_S)  # unless we leave, the broker went away, which it does not always survive
        for executor in left:
            executor.shutdown()
    crew.close()
    app.close()


@contextmanager
def _told_to_leave(desk: _Desk) -> Iterator[None]:
    """Leave at Ctrl-C or SIGTERM, once what is at work has been settled; at a second one at once."""
    from celery.worker import state  # noqa: PLC0415 - only where there are workers

    def leave(*_: object) -> None:
        state.should_stop = 0
        for number in before:
            signal.signal(number, signal.default_int_handler)
        desk.leave()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, leave)
        yield
    finally:
        state.should_stop = None
        for number, handler in before.items():
            signal.signal(number, handler)


def _threads(left: list[Executor], desk: _Desk) -> Any:
    """Return Celery's pool of threads, but one that outlives its connection to the broker, with all that it has."""
    from celery.concurrency.thread import TaskPool  # noqa: PLC0415 - only where there are workers

    class Threads(TaskPool):  # type: ignore[misc] # it has no types
        def on_stop(self) -> None:
            self.executor.shutdown(wait=False, cancel_futures=desk.leaving.is_set())
            left.append(self.executor)

    return Threads


def _take_part(app: Celery, site: str, desk: _Desk) -> None:
    """Have the app hand over what comes in the site's queue, and what all workers are told."""
    from celery.exceptions import Ignore  # noqa: PLC0415 - only where there are workers
    from celery.worker.control import Panel  # noqa: PLC0415

    app.conf.task_queues = [queue_of(site)]
    away = errors_of(app)

    def take(this: Any, *args: Any, task: Any = None, **others: Any) -> TaskAnswer:
        beats = iter(range(2**53))

        def beat(progress: dict[str, Any]) -> None:
            with suppress(*away):  # the next one may arrive
                this.update_state(state=AT_WORK, meta={"beat": next(beats), "progress": progress})

        wanted = is_wanted(app, this.request.id)
        answer = desk.take(this.request.id, None if args or others else task, beat) if wanted else None
        if answer is None:
            raise Ignore
        return answer

    app.task(name=TASK, bind=True, shared=False)(take)
    Panel.data.clear()  # whoever can write to the broker has no more to say than this
    Panel.meta.clear()
    Panel.register(lambda _state, ids=(): desk.settle(ids), name=SETTLE)


class _Desk:
    """Where tasks come in, each in a thread of its own that waits for its answer."""

    def __init__(
        self,
        site: str,
        profile_settings: Callable[[str], Settings],
        runs: Path,
        crew: LocalCrew,
        tell: Callable[[str], None],
    ) -> None:
        self._site, self._profile_settings, self._runs = site, profile_settings, runs
        self._crew, self._tell = crew, tell
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._heard: dict[str, SimpleQueue[Event]] = {}
        self._at_work: dict[str, str] = {}
        """The PBX at work, by the id of its message."""
        self._to_settle: set[str] = set()
        self.leaving = threading.Event()
        threading.Thread(target=self._listen, name="desk", daemon=True).start()

    def take(self, number: str, said: Any, beat: Callable[[dict[str, Any]], None]) -> TaskAnswer | None:
        """Carry out what came in a message, and return the answer; None to what is no task of ours.

        ``beat`` is told at least every two seconds how far it is.
        """
        if not is_task(said):
            if refused := _of_another_version(said):
                self._tell(f"Refused: {refused['error']['message']}")
                return refused
            self._tell("Dropped a message that is no task of ours.")
            return None
        pbx, what = said["pbx"], f"{said['pbx']}, {said['command']} {said['fleet']}".rstrip()
        try:
            settings = self._settings_of(said)
        except BatchError as error:
            self._tell(f"Refused {what}: {error.message}")
            message = f"The worker of site {self._site} is not allowed to work on {pbx}: {error.message}"
            return empty_answer(said, 6, "not-allowed", message, error.hint)
        while not self._turns[pbx].acquire(timeout=_BEAT_S):
            beat({})
        try:
            self._tell(f"Begun: {what}")
            answer = self._carried(number, said, settings, beat)
        except OSError as error:
            answer = _of(said, OutputError(error.filename or self._runs, (error.strerror or str(error)).lower()))
        finally:
            self._turns[pbx].release()
        self._tell(f"Ended: {what}, exit code {answer['exit_code']}")
        return only_outcomes(answer)

    def settle(self, numbers: Any) -> None:
        """Have tasks settle, by the ids of their messages; also those that are still to come."""
        for number in numbers if fits(numbers, [str]) else ():
            self._to_settle.add(number)
            if number in self._at_work:
                self._crew.stop(self._at_work[number])

    def leave(self) -> None:
        """Have all tasks settle, and begin no other."""
        self.leaving.set()
        self._crew.stop()

    def _settings_of(self, task: Task) -> Settings:
        settings = self._profile_settings(task["pbx"])
        if settings.site != self._site:
            raise _NotOfThisSite(f"its profile is of site {settings.site}.")
        if not (settings.url or task["settings"].get("practice")):
            raise _NotOfThisSite("its profile has no address.")
        return settings

    def _carried(
        self, number: str, task: Task, settings: Settings, beat: Callable[[dict[str, Any]], None]
    ) -> TaskAnswer:
        if not task["fleet"] or task.get("asks"):  # nothing is kept of what is only looked at
            self._runs.mkdir(mode=0o700, parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self._runs, prefix="plan-") as draft:
                return self._in_folder(Path(draft), number, task, settings, beat)
        return self._in_folder(self._runs / task["fleet"], number, task, settings, beat)

    def _in_folder(
        self, folder: Path, number: str, task: Task, settings: Settings, beat: Callable[[dict[str, Any]], None]
    ) -> TaskAnswer:
        part, again = folder / f"{task['slug']}.xlsx", {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if task["command"] in {"apply", "undo"} and (folder / task["slug"]).exists():
            again = {"command": "status"}  # it came a second time
        elif "workbook" in task:
            _write_part(part, task["workbook"])
        named = self._runs / f"{task['slug']}.xlsx"  # a practice PBX goes by its name
        own = {"settings": settings, "folder": str(folder), "part": str(part), "workbook": str(named)}
        if "undoes" in task:
            own["undone"] = str(self._runs / task["undoes"] / task["slug"])
        kept = {name: value for name, value in task.items() if name != "workbook"}
        answer = self._done(number, {**kept, **again, "own": own}, beat)
        if again:
            endings = {ending for ending, count in answer["counts"].items() if count}
            exit_code = 0 if endings <= _AS_WANTED else 5
            return {**answer, "command": task["command"], "exit_code": answer["exit_code"] or exit_code}
        return answer

    def _done(self, number: str, task: Task, beat: Callable[[dict[str, Any]], None]) -> TaskAnswer:
        """Hand a task to a process, and wait for its end."""
        pbx, progress = task["pbx"], dict[str, Any]()
        heard = self._heard[pbx] = SimpleQueue()
        self._at_work[number] = pbx
        beat(progress)
        try:
            if self.leaving.is_set() or number in self._to_settle:
                return not_begun(task)
            self._crew.begin(task)
            beaten = time.monotonic()
            while (event := _next(heard)) is None or event.kind == "progress":
                progress = progress if event is None else event.said
                if time.monotonic() - beaten > (_BEAT_S if event is None else _PROGRESS_S):
                    beat(progress)
                    beaten = time.monotonic()
            if event.kind == "answer":
                return event.said
            hint = "resume asks the journal of its run, and goes on."
            return empty_answer(task, 5, "lost", event.said["message"], hint)
        finally:
            del self._at_work[number], self._heard[pbx]
            self._to_settle.discard(number)

    def _listen(self) -> None:
        before: list[Event] = []
        while True:
            events = self._crew.events(60)
            for event in events:
                again = any(event is one for one in before)  # after a stop the last ones are handed over once more
                if event.pbx in self._heard and not again:
                    self._heard[event.pbx].put(event)
            before = events


def _next(heard: SimpleQueue[Event]) -> Event | None:
    try:
        return heard.get(timeout=_PROGRESS_S)
    except Empty:
        return None


class _NotOfThisSite(BatchError):
    def __init__(self, message: str) -> None:
        super().__init__(message, "Correct the profile on the worker's machine, or hand the PBX to another site.")


def _of(task: Task, error: BatchError) -> TaskAnswer:
    return empty_answer(task, error.exit_code, error.code, error.message, error.hint)


def _of_another_version(said: Any) -> TaskAnswer | None:
    """Answer a task that another version of this tool has sent; None to what is none."""
    names = ("fleet", "pbx", "command", "version")
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in names):
        return None
    if type(said.get("format")) is not int or said["format"] == FORMAT:
        return None
    return empty_answer(
        said,
        2,
        "other-version",
        f"The worker is version {own_version()} of this tool (format {FORMAT}) and cannot do what version "
        f"{said['version']} (format {said['format']}) asks for.",
        "Install the same version on both machines.",
    )


def _write_part(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(base64.b64decode(content))


@contextmanager
def _heard(tell: Callable[[str], None], broker: str) -> Iterator[None]:
    """Tell what Celery logs in words of ours, a line each; it would repeat messages, and the broker's address."""
    ears, log = _Ears(tell, broker), logging.getLogger("celery")
    log.addHandler(ears)
    log.setLevel(logging.INFO)
    propagated, log.propagate = log.propagate, False
    try:
        yield
    finally:
        log.removeHandler(ears)
        log.setLevel(logging.NOTSET)
        log.propagate = propagated


class _Ears(logging.Handler):
    def __init__(self, tell: Callable[[str], None], broker: str) -> None:
        super().__init__(logging.INFO)
        self._tell, self._broker = tell, broker
        self._is_away = False

    def emit(self, record: logging.LogRecord) -> None:
        said, error = str(record.msg), record.exc_info[1] if record.exc_info else None
        if said.startswith("Connected to"):
            if self._is_away:
                self._tell(f"The broker {self._broker} is there again.")
            self._is_away = False
        elif record.levelno >= logging.WARNING and ("Unrecoverable" in said or "onnect" in said):
            if not self._is_away:
                self._tell(f"The broker {self._broker} is away; waiting for it.")
            self._is_away = True
        elif any(words in said for words in _NOT_OURS):
            self._tell("Dropped a message that is no task of ours.")
        elif record.name == "celery.app.trace" and error is not None and record.levelno >= logging.ERROR:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            where = f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}" if trace else "?"
            self._tell(f"A fault of this tool, a {type(error).__name__}: {where}")


_NOT_OURS: Final = ("unknown message", "unregistered task", "invalid task message", "decode message body")
"""What Celery says where it drops a message."""
