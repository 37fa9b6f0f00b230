"""Carriers for the crews of tests: a task says by its command what becomes of it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batch.fleet.tasks import FORMAT, Task, TaskAnswer, empty_answer, own_version


def task(pbx: str, command: str = "answer", **facts: Any) -> Task:
    return {"format": FORMAT, "version": own_version(), "fleet": "F", "pbx": pbx, "command": command, **facts}


def answer(told: Task, exit_code: int = 0, **facts: Any) -> TaskAnswer:
    return {**empty_answer(told, exit_code, "", "", ""), "error": None, "process": os.getpid(), **facts}


def carry(told: Task, heard: Callable[[dict[str, Any]], None]) -> TaskAnswer:
    try:
        return _COMMANDS[told["command"]](told, heard)
    except KeyboardInterrupt:
        heard({"done": 0, "of": 0, "failed": 0})
        return answer(told, 130, settled=True)


def _tell(told: Task, heard: Callable[[dict[str, Any]], None]) -> TaskAnswer:
    for done in range(3):
        heard({"done": done, "of": 2, "failed": 0})
    return answer(told)


def _wait_to_be_stopped(_told: Task, heard: Callable[[dict[str, Any]], None]) -> TaskAnswer:
    heard({"done": 0, "of": 1, "failed": 0})
    while True:
        time.sleep(60)


def _count(told: Task, _heard: Callable[[dict[str, Any]], None]) -> TaskAnswer:
    """Say how many are at work side by side: each leaves a file while it is."""
    folder = Path(told["folder"])
    mine = folder / told["pbx"]
    mine.touch()
    time.sleep(0.02)
    beside = len(list(folder.iterdir()))
    mine.unlink()
    return answer(told, beside=beside)


def _raise(told: Task, _heard: Callable[[dict[str, Any]], None]) -> TaskAnswer:
    raise ZeroDivisionError(told["secret"])


def _die(told: Task, _heard: Callable[[dict[str, Any]], None]) -> TaskAnswer:
    os.kill(os.getpid(), signal.SIGKILL)
    return answer(told)


def _settle_on_paper(told: Task, heard: Callable[[dict[str, Any]], None]) -> TaskAnswer:
    """Write down that it was stopped: nobody may be left to be told."""
    place = Path(told["folder"]) / told["pbx"]
    try:
        heard({"done": 0, "of": 1, "failed": 0, "process": os.getpid()})
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        place.write_text("settled")
        raise


def _see(told: Task, _heard: Callable[[dict[str, Any]], None]) -> TaskAnswer:
    return answer(
        told,
        in_main_thread=threading.current_thread() is threading.main_thread(),
        variable=os.environ.get("TRUNK_BATCH_SEEN"),
        input=sys.stdin.read() if sys.stdin else "",
    )


_COMMANDS: dict[str, Callable[[Task, Callable[[dict[str, Any]], None]], TaskAnswer]] = {
    "answer": lambda told, _: answer(told),
    "tell": _tell,
    "wait": _wait_to_be_stopped,
    "count": _count,
    "raise": _raise,
    "die": _die,
    "paper": _settle_on_paper,
    "see": _see,
}
