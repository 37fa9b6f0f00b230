"""Commands in processes of their own that need not load the program first: they are forked from one that has.

To load it takes longer than most commands do. What is killed, stopped or held up is a process like any other.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import batch

_START = multiprocessing.get_context("forkserver") if os.name == "posix" else multiprocessing.get_context("spawn")
if os.name == "posix":
    _START.set_forkserver_preload(
        [
            *(found.name for found in pkgutil.walk_packages(batch.__path__, "batch.")),
            *(
                "lxml.etree",
                "openpyxl",
                "tqdm",
                "celery.worker.worker",
                "celery.concurrency.thread",
                "celery.apps.worker",
            ),
            *("celery.backends.redis", "celery.backends.filesystem", "kombu.transport.redis"),
        ]
    )


class Forked:
    """A command that has been started, with what a ``subprocess.Popen`` offers.

    Args:
        words: What is typed behind ``trunk-batch``.
        env: Its environment.
        first: What is done there before it begins; a function that the other process can import.
    """

    def __init__(self, *words: object, env: Mapping[str, str], first: Callable[[], None] | None = None) -> None:
        out, err = (_START.Pipe(duplex=False) for _ in range(2))
        given = (out[1], err[1], [str(word) for word in words], dict(env), first)
        self._process = _START.Process(target=_run, args=given, daemon=True)
        self._process.start()
        self.pid = self._process.pid or 0
        self._said = dict.fromkeys((1, 2), b"")
        self._hearing = [
            threading.Thread(target=self._hear, args=(number, there)) for number, (there, _) in enumerate((out, err), 1)
        ]
        for (_, theirs), thread in zip((out, err), self._hearing, strict=True):
            theirs.close()
            thread.start()

    def _hear(self, number: int, there: Connection) -> None:
        with there, open(there.fileno(), "rb", closefd=False) as stream:
            while said := stream.read1():
                self._said[number] += said

    @property
    def said(self) -> str:
        """What it said so far, on either stream."""
        return b"".join(self._said.values()).decode(errors="replace")

    @property
    def returncode(self) -> int:
        code = self.poll()
        assert code is not None
        return code

    def poll(self) -> int | None:
        """Return the exit code, or the signal that killed it, negative; None while it runs."""
        return self._process.exitcode

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for its end, and return what it said on either stream."""
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("trunk-batch", timeout)
        for thread in self._hearing:
            thread.join()
        return self._said[1].decode(errors="replace"), self._said[2].decode(errors="replace")


def _run(
    out: Connection, err: Connection, words: list[str], env: dict[str, str], first: Callable[[], None] | None
) -> None:
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined] # noqa: SLF001 - it may have processes of its own
    if os.name == "posix":
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # a crew may have started the server of forks
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    for number, stream in ((1, out), (2, err)):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - open as long as the process
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    sys.argv = ["trunk-batch", *words]
    if first is not None:
        first()
    from batch.cli import run

    run()
