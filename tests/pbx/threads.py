"""Threads: the same work in many at once, and waiting for what another one does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from batch.errors import BatchError
from batch.pbx.throttle import Stopped


def in_threads(count: int, work: Callable[[], Any]) -> list[Any]:
    """Run the same in many threads at once; collect what each returned or raised."""
    results: list[Any] = []
    ready = threading.Barrier(count)

    def run() -> None:
        ready.wait()
        try:
            results.append(work())
        except (BatchError, Stopped) as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def until(true: Callable[[], bool]) -> None:
    """Wait until something that another thread does has happened."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)
