"""Deadlines: connections are cut off at a moment, however slowly something still comes in.

A time-out of a socket begins anew with every byte, so it never ends an answer that drips in, header or body.
"""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

_CONNECTED: Final = ("connect_tcp.complete", "start_tls.complete")
"""What httpcore says when there is a connection, and when it became another one."""


class Deadlines:
    """Watches over the connections of one PBX; used by any thread."""

    def __init__(self) -> None:
        """Watch over none yet."""
        self._changed = threading.Condition()
        self._watched: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._awake = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[Deadline]:
        """Cut off, after so many seconds, whatever is connected with `Deadline.trace` inside."""
        deadline = Deadline(watcher=self, at=time.monotonic() + seconds)
        try:
            yield deadline
        finally:
            with self._changed:
                deadline.connection = None

    def watch(self, deadline: Deadline, connection: socket.socket) -> None:
        """Take up a connection, or another one in its place."""
        with self._changed:
            if deadline.connection is None:
                heapq.heappush(self._watched, (deadline.at, next(self._numbers), deadline))
            deadline.connection = connection
            if not self._awake:
                self._awake = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif self._watched[0][2] is deadline:
                self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._watched:
                at, _, deadline = self._watched[0]
                left = at - time.monotonic()
                if deadline.connection is not None and left > 0:
                    self._changed.wait(left)
                    continue
                heapq.heappop(self._watched)
                if deadline.connection is not None:
                    deadline.passed = True
                    with suppress(OSError):  # closed already
                        socket.socket.shutdown(deadline.connection, socket.SHUT_RDWR)
            self._awake = False


@dataclass(slots=True, kw_only=True)
class Deadline:
    """The moment at which one request ends, answered or not."""

    watcher: Deadlines
    at: float
    """In seconds of `time.monotonic`."""
    connection: socket.socket | None = None
    passed: bool = False
    """Whether it was cut off."""

    def trace(self, event: str, about: Mapping[str, Any]) -> None:
        """Hear from httpcore how far the request is; see its ``trace`` extension."""
        if event.endswith(_CONNECTED):
            connection = about["return_value"].get_extra_info("socket")
            if isinstance(connection, socket.socket):
                self.watcher.watch(self, connection)
