"""The bar never holds up a run, whatever becomes of the terminal."""

from __future__ import annotations

import io
import os
import queue
import sys
import threading
import time

import pytest

from batch.cli.console import Bar, Console, Terminal, request_text, wrapped
from batch.runs.outcomes import Ending, Outcome


class Window(io.StringIO):
    """A terminal of so many columns."""

    def __init__(self, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        monkeypatch.setattr(os, "get_terminal_size", lambda _fd: os.terminal_size((columns, 24)))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


LONG = "    DIDs!A23 'Pariss-1': There is no trunk 'Pariss-1' on the Trunks sheet; did you mean Paris-1?"


def said(console: Console, *lines: str) -> str:
    console.say(lines)
    return shown_on(sys.stdout)


def shown_on(stream: object) -> str:
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


class TestATerminal:
    def test_lines_are_broken_at_words_and_the_rest_is_indented(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", Window(60, monkeypatch))
        told = said(Console(json=False), LONG).splitlines()
        assert len(told) == 2
        assert max(map(len, told)) <= 60
        assert told[1].startswith("      ")
        assert " ".join(" ".join(told).split()) == LONG.strip()

    def test_what_is_to_be_typed_stays_in_one_line(self) -> None:
        command = f"Next: trunk-batch plan {'x' * 40} --only {'y' * 40}"
        assert wrapped(command, 60) == [command]
        assert wrapped("x" * 100, 60) == ["x" * 100]
        assert wrapped(LONG, 20) == wrapped(LONG, 40)

    def test_what_a_line_begins_with_is_coloured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", Window(60, monkeypatch))
        told = said(Console(json=False), "HAZARD  London loses 2 DIDs", "      + 44\x1b[31m", "plain")
        assert told == "\x1b[1;31mHAZARD\x1b[0m  London loses 2 DIDs\n\x1b[32m      + \x1b[0m44<U+001B>[31m\nplain\n"

    def test_no_color_and_a_dumb_terminal_are_heard(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
            with monkeypatch.context() as patched:
                patched.setattr(sys, "stdout", Window(60, patched))
                patched.setenv(name, value)
                assert said(Console(json=False), "HAZARD") == "HAZARD\n"

    def test_a_file_gets_neither_unless_it_is_wanted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        console = Console(json=False)
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        assert said(console, f"HAZARD {LONG}") == f"HAZARD {LONG}\n"
        console.colour = "always"
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        assert said(console, "HAZARD") == "\x1b[1;31mHAZARD\x1b[0m\n"
        console.colour = "never"
        monkeypatch.setattr(sys, "stdout", Window(60, monkeypatch))
        assert said(console, "HAZARD") == "HAZARD\n"

    def test_json_is_left_as_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        console = Console(json=True)
        console.colour = "always"
        monkeypatch.setattr(sys, "stdout", Window(60, monkeypatch))
        console.hand_over({"message": "HAZARD " * 30})
        assert shown_on(sys.stdout) == f'{{"message": "{"HAZARD " * 30}"}}\n'


def test_a_bar_counts_what_was_not_run_apart_and_does_not_end_at_100_percent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", Window(100, monkeypatch))
    bar = Bar(4, hidden=False)
    for ending in (Ending.APPLIED, Ending.FAILED, Ending.NOT_RUN, Ending.NOT_RUN):
        bar.settled(Outcome(row=2, ending=ending))
    last = shown_on(sys.stderr).replace("\n", "").split("\r")[-1]
    assert " 50%" in last
    assert "2/4" in last
    assert "failed=1, not run=2" in last


def test_a_request_without_a_trunk_names_none() -> None:
    assert request_text({"call": "trunk/list", "trunk": None, "ids": [1, 2]}) == "call=trunk/list  ids=1,2"


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


def test_what_is_told_while_somebody_is_asked_stands_on_lines_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Keyboard(io.StringIO):
        typed: queue.Queue[str] = queue.Queue()

        def isatty(self) -> bool:
            return True

        def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override] # of text, unlike its base's
            return self.typed.get()

    monkeypatch.setattr("sys.stdin", Keyboard())
    terminal = Terminal(Console(json=False), assume_yes=True)
    answer, shown = terminal.listen("Type yes: "), ""
    while "Type yes: " not in shown:
        shown += capsys.readouterr().err
    terminal.tell("30 s left.")
    assert capsys.readouterr().err == "\n30 s left.\nType yes: \n"
    Keyboard.typed.put("yes\n")
    while not answer():
        time.sleep(0.01)
    terminal.tell("Confirmed.")
    assert capsys.readouterr().err == "Confirmed.\n"
