"""Brokers and workers as they really are: Redis on a free port of loopback, `trunk-batch worker` in a process."""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.forked import Forked

REDIS: Final = shutil.which("redis-server")
PATIENCE_S: Final = 20


def until(true: Callable[[], object], said: Callable[[], str] = str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, said()
        time.sleep(0.01)


class Redis:
    """A Redis that keeps what it is told, so that it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        assert REDIS is not None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._command = [REDIS, "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "yes"]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self, *options: str) -> None:
        """Start it, also after it was killed; with options of its own it may be asked for TLS."""
        command = [*self._command, *(options or ("--port", str(self.port)))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - Debian's
        until(lambda: self._answers(plain=not options))

    def _answers(self, *, plain: bool) -> bool:
        with suppress(OSError), self._connected() as connection:
            connection.sendall(b"PING\r\n")
            return not plain or connection.recv(100).startswith(b"+PONG")
        return False

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def push(self, queue: str, text: str) -> None:
        """Put something into a queue that need be no message of anybody's."""
        with self._connected() as connection:
            words = [b"LPUSH", queue.encode(), text.encode()]
            connection.sendall(b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
            assert connection.recv(100).startswith(b":")

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            yield connection

    @contextmanager
    def monitored(self) -> Iterator[list[bytes]]:
        """Listen to all that it is told, and in the end read all that it has kept."""
        heard: list[bytes] = []
        with self._connected() as connection:
            connection.sendall(b"MONITOR\r\n")
            connection.settimeout(0.1)
            over = threading.Event()

            def listen() -> None:
                while not over.is_set():
                    with suppress(TimeoutError):
                        heard.append(connection.recv(1 << 20))

            thread = threading.Thread(target=listen)
            thread.start()
            try:
                yield heard
            finally:
                over.set()
                thread.join()
        folder = Path(self._command[self._command.index("--dir") + 1])
        heard += [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def unwrapped(content: bytes) -> bytes:
    """Return bytes with what is in them in base64, and in a workbook in that, as deep as it goes."""
    found = [content]
    for piece in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", content):
        with suppress(binascii.Error):
            inner = base64.b64decode(piece)
            found.append(unwrapped(inner) if inner.startswith((b"[", b"{", b"PK")) else inner)
    if content.startswith(b"PK"):
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(content)) as book:
            found += [book.read(name) for name in book.namelist()]
    return b"\n".join(found)


def profiles(folder: Path, **tables: Mapping[str, object]) -> Path:
    """Write profiles of a machine."""
    lines = [
        line
        for name, table in tables.items()
        for line in (f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()))
    ]
    path = folder / "trunk-batch.toml"
    path.write_text("\n".join([*lines, ""]))
    return path


@contextmanager
def worker(broker: str, site: str, folder: Path, *words: object, **environment: str) -> Iterator[Forked]:
    """Have a worker with the profiles of a folder, where its runs go, too; once it listens."""
    process = Forked(
        "worker", "--site", site, "--profile-file", folder / "trunk-batch.toml", "--runs", folder / "runs", *words,
        env={**os.environ, "TRUNK_BATCH_WORKERS": broker, **environment},
    )  # fmt: skip
    try:
        until(lambda: "is ready" in process.said or process.poll() is not None, lambda: process.said)
        assert process.poll() is None, process.said
        yield process
    finally:
        process.kill()
