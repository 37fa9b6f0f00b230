"""What befalls a command in a process of its own before it begins; `Forked` calls one of these there."""

from __future__ import annotations

import contextlib
import ctypes
import datetime as dt
import io
import os
import random
import signal
import sys
from argparse import Namespace

from batch.cli import main
from batch.cli.console import Console
from batch.secrets import Secret


def fill_up(process: int) -> None:
    """Let every write of a process to a file fail from now on, as a full disk would."""
    import resource

    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def find_it_full() -> None:
    fill_up(0)


def give_up_rights() -> None:
    """Be held to the modes of folders: root is not, unless it gives up what makes it root (Linux, capset(2))."""
    if os.geteuid() == 0:
        version_3, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        assert ctypes.CDLL(None).capset(version_3, none) == 0


def let_clocks_jump() -> None:
    """Let the time of day be another by up to two days whenever the tool looks."""
    real, fate = dt.datetime, random.Random(1)  # noqa: S311 - not for secrets

    class Jumping(real):  # type: ignore[misc, valid-type]  # a class that is known only here
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return real.now(tz) + dt.timedelta(seconds=fate.uniform(-200_000, 200_000))

    ours = [module for name, module in sys.modules.items() if name.partition(".")[0] == "batch"]
    looking = [module for module in ours if getattr(module, "datetime", None) is real]
    assert len(looking) > 5
    for module in looking:
        module.datetime = Jumping  # type: ignore[attr-defined]  # they have one


def swallow_an_interrupt() -> None:
    """Let `apply` be interrupted while a library in C is at work, which loses what is raised in it."""

    def swallowing(flags: Namespace, console: Console) -> int:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return apply(flags, console)

    apply = main._COMMANDS["apply"]  # noqa: SLF001 - where commands are found
    main._COMMANDS["apply"] = swallowing  # noqa: SLF001 - as above


def be_at_fault() -> None:
    """Let `check` fail as only a fault of ours does, a secret at hand."""

    def faulty(flags: Namespace, console: Console) -> int:  # noqa: ARG001 - as commands are called
        secret = Secret("Sample-" + "x")
        return int(f"{secret}" and 1 / 0)

    main._COMMANDS["check"] = faulty  # noqa: SLF001 - where commands are found


def speak(encoding: str) -> None:
    """Have a terminal of another encoding, as ``PYTHONIOENCODING`` says it."""
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(encoding=encoding, errors="strict" if stream is sys.stdout else "backslashreplace")
