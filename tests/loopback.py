"""A port of loopback that behaves as badly as a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def port_that(behave: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[int]]]:
    """Listen on loopback; every connection goes to the behaviour and is counted."""
    met: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        over = threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                met.append(1)
                connection.settimeout(5)
                with connection:
                    try:
                        behave(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1], met
        finally:
            over.set()
            thread.join()
