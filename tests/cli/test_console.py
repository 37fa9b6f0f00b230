"""The bar never holds up a run, whatever becomes of the terminal."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from batch.cli.console import Bar
from batch.runs.outcomes import Ending, Outcome


class Gone(io.StringIO):
    """A terminal that is closed after the first words."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return True


def test_a_terminal_that_goes_away_in_one_thread_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bar = Bar(3, hidden=False)
    monkeypatch.setattr(sys, "stderr", Gone())
    other = Bar(3, hidden=False)

    def settle() -> None:
        for watched in (bar, other):
            watched.settled(Outcome(row=2, ending=Ending.APPLIED))

    threads = [threading.Thread(target=settle, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
