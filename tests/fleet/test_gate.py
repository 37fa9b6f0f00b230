"""The gate's decision: a command that is not there, says no, never ends, says secrets; a question; Ctrl-C."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from batch.fleet.gate import ask_command, gate_json, why_shut
from batch.fleet.waves import Gate, PbxDone
from batch.pbx.redaction import Redactor
from tests.cli.json_schema import faults

ENDINGS = {"applied": ["A", "B"], "refused": ["C"]}
BERLIN = PbxDone(pbx="berlin", exit_code=5, endings=ENDINGS, down=[], wrote=3, seconds=12.34)
ROME = PbxDone(pbx="rome", exit_code=None, endings={}, down=[], why="No route.")
GATE = Gate(wave=2, done=[BERLIN, ROME], reasons=[])
LATER = {3: ("oslo", "bonn"), 4: ("ulm",)}
FACTS = gate_json(GATE, "20261129-213000-ab12", LATER)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell")


def asked(command: str, seconds: float = 60, *, facts: dict[str, Any] = FACTS, clean: Redactor | None = None) -> str:
    return ask_command(command, facts, (clean or Redactor()).clean, seconds)


class TestACommand:
    def test_that_is_not_there_keeps_it_shut(self) -> None:
        told = asked("no-such-command-here --please")
        assert told.startswith("--gate-command has ended with exit code 127, not 0. It said: ")
        assert "no-such-command-here" in told

    def test_that_may_not_be_run_keeps_it_shut(self, tmp_path: Path) -> None:
        (tmp_path / "gate").write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
        assert asked(shlex.quote(str(tmp_path / "gate"))).startswith("--gate-command has ended with exit code 126, ")

    @pytest.mark.parametrize("command", ["true \0", f"true {'x' * 5_000_000}"])
    def test_that_no_shell_can_be_given_keeps_it_shut(self, command: str) -> None:
        assert asked(command).startswith("--gate-command cannot be run: ")

    def test_that_says_no_is_told_with_its_last_words(self) -> None:
        command = 'for at in 1 2 3 4 5 6 7 8 9; do echo "line $at"; done; echo; echo lost: berlin >&2; exit 3'
        assert asked(command) == (
            "--gate-command has ended with exit code 3, not 0. "
            "It said: line 6 / line 7 / line 8 / line 9 / lost: berlin"
        )
        assert asked("exit 3") == "--gate-command has ended with exit code 3, not 0."

    def test_that_is_killed_keeps_it_shut(self) -> None:
        assert asked("kill -9 $$") == "--gate-command was ended by signal 9."

    def test_that_does_not_decide_in_time_is_ended_with_what_it_started(self, tmp_path: Path) -> None:
        held, ended = tmp_path / "held", []
        os.mkfifo(held)
        watcher = threading.Thread(target=lambda: ended.append(held.read_bytes()))  # until nobody has it open
        watcher.start()
        told = asked(f"exec 9>{held}; trap '' TERM; sleep 600 & echo waiting; while :; do sleep 600; done", 0.5)
        assert told == "--gate-command has not decided within 1 s and was ended. It said: waiting"
        watcher.join(60)
        assert ended == [b""]

    def test_that_leaves_something_behind_is_not_waited_for(self, tmp_path: Path) -> None:
        pid = tmp_path / "pid"
        assert asked(f"sleep 600 & echo $! >{pid}; exit 0") == ""
        os.kill(int(pid.read_text(encoding="utf-8")), signal.SIGKILL)

    def test_that_says_secrets_or_no_end_of_words_is_told_without_them(self) -> None:
        redactor = Redactor()
        redactor.learn("Sample-secret")
        assert asked("echo token Sample-secret was refused; exit 1", clean=redactor) == (
            "--gate-command has ended with exit code 1, not 0. It said: token <hidden> was refused"
        )
        told = asked("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1", clean=redactor)
        assert told == "--gate-command has ended with exit code 1, not 0. It said: the end"
        told = asked("head -c 900 /dev/zero | tr '\\0' x; exit 1", clean=redactor)
        assert len(told) < 300
        assert asked("printf 'bye \\351\\n'; exit 1").endswith("It said: bye \ufffd")

    def test_that_reads_nothing_of_very_much_opens_it(self) -> None:
        assert asked("exit 0", facts={"pbxs": ["x" * 1000] * 1000}) == ""

    def test_gets_the_wave_on_stdin_and_the_environment_as_it_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OF_THE_NIGHT", "yes")
        before = set(os.environ)
        read, found = tmp_path / "read", tmp_path / "found"
        assert (
            asked(f"cat >{read}; {sys.executable} -c 'import os; print(*os.environ)' >{found}; test $OF_THE_NIGHT")
            == ""
        )
        assert json.loads(read.read_text(encoding="utf-8")) == FACTS
        assert set(found.read_text(encoding="utf-8").split()) - before <= {"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"}

    def test_is_ended_by_ctrl_c_which_is_not_swallowed(self, tmp_path: Path) -> None:
        pid, read = tmp_path / "pid", tmp_path / "pipe"
        os.mkfifo(read)

        def interrupt() -> None:
            pid.write_text(read.read_text(encoding="utf-8"), encoding="utf-8")  # there once the command is at work
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        watcher = threading.Thread(target=interrupt)
        watcher.start()
        with pytest.raises(KeyboardInterrupt):
            asked(f"echo $$ >{read}; exec sleep 600")
        watcher.join()
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text(encoding="utf-8")), 0)


class TestWhoDecides:
    def test_nobody_is_asked_where_something_speaks_against_it(self, tmp_path: Path) -> None:
        shut = Gate(wave=2, done=[BERLIN], reasons=["berlin: 1 trunk unknown: A."])
        for decider in (f"touch {tmp_path / 'asked'}", pytest.fail, None):
            assert why_shut(shut, "id", LATER, decider, str) == "berlin: 1 trunk unknown: A."
        assert not list(tmp_path.iterdir())

    def test_a_question_is_answered_with_yes_or_it_stays_shut(self) -> None:
        yes = "Begin wave 3, 2 PBXs: oslo, bonn?".__eq__
        assert why_shut(GATE, "id", LATER, yes, str) == ""
        assert why_shut(GATE, "id", {4: ("ulm",)}, yes, str) == "It was not answered with yes."

    def test_a_command_decides_and_yes_goes_on(self) -> None:
        assert why_shut(GATE, "id", LATER, "exit 7", str) == "--gate-command has ended with exit code 7, not 0."
        assert why_shut(GATE, "id", LATER, "exit 0", str) == ""
        assert why_shut(GATE, "id", LATER, None, str) == ""

    def test_behind_the_last_wave_nobody_is_asked(self) -> None:
        assert why_shut(GATE, "id", {}, pytest.fail, str) == ""
        assert why_shut(GATE, "id", {}, "exit 7", str) == ""


def test_what_a_command_reads_is_in_the_schema() -> None:
    assert faults("gate", FACTS) == []
    assert faults("gate", {**FACTS, "more": 1})
    assert FACTS["failures"] == 1
    assert FACTS["later"] == [{"wave": 3, "pbxs": ["oslo", "bonn"]}, {"wave": 4, "pbxs": ["ulm"]}]
    assert FACTS["pbxs"][0] == {
        "pbx": "berlin",
        "exit_code": 5,
        "endings": ENDINGS,
        "down": [],
        "why": "",
        "wrote": 3,
        "seconds": 12.34,
    }
    assert FACTS["pbxs"][1]["exit_code"] is None
