"""The gate between two waves: who decides that the next one may begin, once nothing speaks against it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict
from threading import Event, Thread
from typing import IO, Any, Final

from batch.fleet.waves import Gate
from batch.wording import counted, duration, named, shortened

GATE_FORMAT: Final = 1
GATE_SECONDS: Final = 900.0
"""So long a command may take to decide."""
_GRACE_S: Final = 1.0
_POLL_S: Final = 0.02
_WAIT_S: Final = 0.2
_MOST_BYTES: Final = 16_000
_MOST_LINES: Final = 5
_MOST_CHARACTERS: Final = 200
"""So much is told of what a command says: of the last lines, and of each."""


def gate_json(gate: Gate, fleet: str, later: Mapping[int, Collection[str]]) -> dict[str, Any]:
    """Make what a gate's command reads: how the wave went, and which PBXs come next. Names and numbers alone."""
    return {
        "format": GATE_FORMAT,
        "fleet": fleet,
        "wave": gate.wave,
        "failures": gate.failures,
        "pbxs": [asdict(one) for one in gate.done],
        "later": [{"wave": wave, "pbxs": list(pbxs)} for wave, pbxs in later.items()],
    }


def why_shut(
    gate: Gate,
    fleet: str,
    later: Mapping[int, Collection[str]],
    decider: str | Callable[[str], bool] | None,
    clean: Callable[[str], str],
) -> str:
    """Let somebody decide whether the next wave may begin; returns why not, in a sentence, or nothing.

    Args:
        gate: how the wave went. Where something speaks against it, nobody is asked.
        fleet: the id of the fleet's run.
        later: the PBXs of the waves to come.
        decider: the command behind ``--gate-command``; who asks a question; or None for ``--yes``.
        clean: takes secrets out of what a command says.
    """
    if gate.reasons:
        return gate.reasons[0]
    if decider is None or not later:
        return ""
    if isinstance(decider, str):
        return ask_command(decider, gate_json(gate, fleet, later), clean)
    wave, pbxs = next(iter(later.items()))
    opens = decider(f"Begin wave {wave}, {counted(len(pbxs), 'PBX')}: {named(pbxs)}?")
    return "" if opens else "It was not answered with yes."


def ask_command(
    command: str, facts: Mapping[str, Any], clean: Callable[[str], str], seconds: float = GATE_SECONDS
) -> str:
    """Let a command decide; returns why the gate stays shut, in a sentence, or nothing where it opens.

    The shell runs it as it was typed, with JSON on its stdin and the environment of this process. Exit code 0 opens.
    On Ctrl-C, or when it has not decided after so many seconds, it is ended with all that it started.
    """
    stop = Event()
    with ThreadPoolExecutor(1) as pool:  # where no Ctrl-C is heard, which would lose a process that is being made
        try:
            told = pool.submit(_run, command, facts, clean, seconds, stop)
            while not told.done():
                wait([told], _WAIT_S)  # Windows hears no Ctrl-C meanwhile
        finally:
            stop.set()
    return told.result()


def _run(command: str, facts: Mapping[str, Any], clean: Callable[[str], str], seconds: float, stop: Event) -> str:
    with tempfile.TemporaryFile() as stdin:  # a pipe would wait for a command that does not read it
        stdin.write(json.dumps(facts).encode())
        stdin.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S602 - the operator typed it to be run
                command,
                shell=True,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return f"--gate-command cannot be run: {getattr(error, 'strerror', None) or error}."
    heard: list[bytes] = []
    listener = Thread(target=_listen, args=(process.stdout, heard), daemon=True)
    listener.start()
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until and not stop.wait(_POLL_S):
        pass
    code = process.poll()
    if code == 0:
        return ""
    if code is None:
        _end(process)
        how = f"has not decided within {duration(seconds)} and was ended"
    else:
        how = f"has ended with exit code {code}, not 0" if code > 0 else f"was ended by signal {-code}"
    listener.join(_GRACE_S)
    last = _last_lines(b"".join(heard), clean)
    return f"--gate-command {how}. It said: {last}" if last else f"--gate-command {how}."


def _listen(stream: IO[bytes], heard: list[bytes]) -> None:
    """Keep the last of what a command says."""
    with stream:
        while some := os.read(stream.fileno(), _MOST_BYTES):
            heard[:] = [b"".join([*heard, some])[-_MOST_BYTES:]]


def _last_lines(said: bytes, clean: Callable[[str], str]) -> str:
    """Tell the last lines, but one that may have lost its beginning: half a secret is not known as one."""
    whole = said.partition(b"\n")[2] if len(said) == _MOST_BYTES else said
    lines = [line for line in whole.decode(errors="replace").splitlines() if line.strip()]
    return " / ".join(shortened(clean(line), _MOST_CHARACTERS) for line in lines[-_MOST_LINES:])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command, with all that it started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], check=False, capture_output=True)  # noqa: S603, S607 - a part of Windows
        process.wait()
        return
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError, subprocess.TimeoutExpired):  # none is left
            os.killpg(process.pid, how)
            process.wait(_GRACE_S)
