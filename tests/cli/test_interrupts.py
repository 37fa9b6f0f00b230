"""Ctrl-C, a polite end from outside, no as an answer, and readers that leave early."""

from __future__ import annotations

import _thread
import getpass
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import batch
from batch.cli.console import Console, Terminal
from batch.cli.main import main, plain_interrupts
from batch.commands.flow import Declined, Report, apply
from batch.commands.run import Unattended
from batch.errors import Interrupted
from batch.secrets import Secret
from batch.settings import Settings
from batch.wording import quoted
from tests.afflictions import speak, swallow_an_interrupt
from tests.cli.shell import (
    DIDS,
    FAST,
    LOSING_NUMBERS,
    SECRET,
    Person,
    Ran,
    Shell,
    at,
    calls,
    last_run,
    pbx,
    rows_of,
    write_book,
)
from tests.forked import Forked

RUN = "from batch.cli import run; run()"
HEARS = "import signal; signal.signal(2, signal.default_int_handler)"
"""Also where whoever started the tests has told them not to hear it."""
WE = (sys.executable, "-c", RUN)
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and terminals of Unix")


HEARING = (
    sys.executable,
    "-c",
    "import signal; [signal.signal(n, signal.SIG_DFL) for n in (1, 15)]; from batch.cli import run; run()",
)
"""The same, also where whoever started the tests has told them not to hear a terminal that closes."""


class Impatient(io.StringIO):
    """Somebody who presses Ctrl-C whenever the last words come."""

    def flush(self) -> None:
        signal.raise_signal(signal.SIGINT)


class TestTheEnd:
    def test_nothing_is_sent_once_somebody_wanted_to_stop_even_if_a_library_swallowed_it(self, tmp_path: Path) -> None:
        book = write_book(tmp_path / "b.xlsx", dids=DIDS)
        with pbx() as served:
            env = {**os.environ, "TRUNK_BATCH_CLIENT_SECRET": SECRET}
            stopped = Forked("apply", book, *at(served), "--yes", env=env, first=swallow_an_interrupt)
            _, err = stopped.communicate(timeout=60)
            assert "trunk/update" not in calls(served)
        assert stopped.returncode == 130
        assert "Stopped by you" in err

    def test_a_ctrl_c_that_comes_when_all_is_over_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", Impatient())
        monkeypatch.setattr(sys, "stderr", Impatient())

        assert main(["--version"]) == 0
        assert main(["check", "none.xlsx"]) == 3

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    def test_a_ctrl_c_while_the_program_is_still_being_loaded_is_one(self) -> None:
        class Pressed:
            def __set_name__(self, owner: type, name: str) -> None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), plain_interrupts():
            type("Loaded", (), {"field": Pressed()})
        with pytest.raises(RuntimeError, match="another one"), plain_interrupts():
            raise RuntimeError("another one")


@pytest.mark.usefixtures("secret")
class TestTheQuestion:
    def ask(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch, line: str | None, *flags: str
    ) -> tuple[Ran, list[str]]:
        monkeypatch.setattr(sys, "stdin", Person(line))
        trunks = ({"id": 1, "name": "London", "did_list": [{"did": "1"}]}, {"id": 2, "name": "Paris"})
        with pbx(*trunks) as served:
            ran = shell("apply", book, *at(served), "--allow", "removals", *LOSING_NUMBERS, *flags)
            assert served.count_valid_tokens() == 0
            return ran, [call for call in calls(served) if call == "trunk/update"]

    @pytest.fixture
    def book(self, tmp_path: Path) -> Path:
        return write_book(
            tmp_path / "book.xlsx",
            trunks=[
                ("Trunk ID", "Name", "Enabled", "DIDs mode"),
                ("1", "London-2", "", ""),
                ("", "Paris", "no", "replace"),
            ],
            dids=[("Trunk", "DID"), ("London-2", "442079460100"), ("Paris", "442079460200")],
        )

    def test_it_names_pbx_trunks_renames_removals_and_unfinished_runs(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = book.with_name("book.runs") / "20261123-010101-aaaa"
        folder.mkdir(parents=True)
        (folder / "journal.sqlite").touch()
        ran, writes = self.ask(shell, book, monkeypatch, "no\n")
        assert writes == []
        asked = ran.err.splitlines()
        start = next(i for i, line in enumerate(asked) if line.startswith("Write "))
        assert asked[start].startswith("Write 2 trunks on http://127.0.0.1:")
        assert asked[start + 1 : start + 7] == [
            "    London, Paris",
            "    1 renamed: London → London-2",
            "    1 switched off: Paris",
            "    1 list entry removed: London (1)",
            "    1 list replaced on purpose",
            "    An earlier run of this workbook did not come to the end: 20261123-010101-aaaa.",
        ]
        assert asked[start + 7] == f"    To go on with it instead:  trunk-batch resume {quoted(folder)}"
        assert asked[start + 8].startswith("Type yes to go on: ")
        assert "London  (id 1, register)" in ran.out
        assert "Next:" not in ran.out

    @pytest.mark.parametrize("line", ["no\n", "\n", "", "yess\n"])
    def test_anything_but_yes_sends_nothing_and_is_130(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch, line: str
    ) -> None:
        ran, writes = self.ask(shell, book, monkeypatch, line, "--json")
        assert (ran.code, writes) == (130, [])
        assert ran.error["code"] == "declined"
        assert not book.with_name("book-results.xlsx").exists()
        assert not book.with_name("book.runs").exists()

    @pytest.mark.parametrize("line", ["yes\n", "Y\n"])
    def test_yes_goes_on(self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
        ran, writes = self.ask(shell, book, monkeypatch, line, "-q")
        assert (ran.code, len(writes)) == (0, 2)
        assert "Write 2 trunks on" in ran.err

    def test_ctrl_c_there_sends_nothing(self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ran, writes = self.ask(shell, book, monkeypatch, None, "--json")
        assert (ran.code, writes) == (130, [])
        assert ran.error["message"] == "Stopped by you. Nothing was sent."

    def test_trunks_left_out_for_their_problems_are_counted(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [("Name", "Port"), ("London", "many"), ("Paris", "5061")]
        book = write_book(tmp_path / "b.xlsx", trunks=rows)
        ran, _ = self.ask(shell, book, monkeypatch, "no\n", "--skip-invalid")
        assert "    1 trunk with errors left out" in ran.err

    def test_a_rehearsal_says_that_it_is_one(self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", Person("no\n"))
        ran = shell("apply", book, "--practice")
        assert "Write 2 trunks on PRACTICE PBX, where no real trunk is touched?" in ran.err


def test_the_prompt_for_the_secret_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(Console(json=False), assume_yes=True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("Sample-x\n"))
    assert terminal.prompt_secret("Secret: ") == ""
    monkeypatch.setattr(sys, "stdin", None)
    assert terminal.prompt_secret("Secret: ") == ""
    assert Console(json=False).ask("Well? ") == ""


def test_the_prompt_for_the_secret_does_not_mind_the_end_of_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(_text: str) -> str:
        raise EOFError

    terminal = Terminal(Console(json=False), assume_yes=True)
    monkeypatch.setattr(sys, "stdin", Person(""))
    monkeypatch.setattr(getpass, "getpass", ended)  # it talks to the terminal itself, past every parameter
    assert terminal.prompt_secret("Secret: ") == ""
    monkeypatch.setattr(getpass, "getpass", lambda text: f"Sample-{text}")
    assert terminal.prompt_secret("x") == "Sample-x"


@pytest.mark.usefixtures("secret")
class TestDuringTheRun:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_starts_nothing_new_and_gives_results(
        self, shell: Shell, tmp_path: Path, number: signal.Signals
    ) -> None:
        names = [f"T{i}" for i in range(30)]
        book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Hostname"), *((n, "new.example") for n in names)])
        trunks = [{"id": i, "name": n} for i, n in enumerate(names, 1)]
        once: list[int] = []

        def press(_state: Any) -> None:
            if not once:
                once.append(1)
                _thread.interrupt_main(number)

        with pbx(
            *trunks, on_change=press, faults=[{"call": "trunk/update", "times": "always", "latency": 0.1}]
        ) as served:
            ran = shell("apply", book, *at(served), "--yes", "--concurrency", "1", "--json")
            assert served.count_valid_tokens() == 0
        assert ran.code == 130
        counts = ran.json["counts"]
        assert counts["applied"] >= 1
        assert counts["not run"] >= 20
        assert counts["applied"] + counts["not run"] == 30
        assert "Stopped by you. Writes under way were settled first." in ran.err
        assert rows_of(Path(ran.json["results"]), "Trunks")[30][2] == "not run"

    def test_ctrl_c_while_waiting_for_registrations_keeps_the_results(self, book: Path) -> None:
        class Hurried(Unattended):
            def tell(self, text: str) -> None:
                if text.startswith("Waiting"):
                    raise KeyboardInterrupt

        with pbx() as served:
            report = apply(settings_for(book, served.url, settle_wait=5), Hurried())
        assert isinstance(report, Report)
        assert report.exit_code == 130
        assert report.attention == ("Whether the trunks are up again was not looked at: stopped by you.",)
        assert all(outcome.as_wanted for outcome in report.outcomes.values())
        assert report.results.path is not None
        assert report.results.path.exists()

    def test_ctrl_c_where_no_good_end_is_possible_does_not_claim_that_nothing_was_sent(self, book: Path) -> None:
        class Impatient(Unattended):
            def watch(self, total: int) -> Any:  # noqa: ARG002 - as `UserInterface` has it
                raise KeyboardInterrupt

        with pbx() as served:
            with pytest.raises(Interrupted) as caught:
                apply(settings_for(book, served.url), Impatient())
            assert served.count_valid_tokens() == 0
        assert caught.value.exit_code == 130
        assert "Nothing was sent" not in caught.value.message
        assert str(book.with_name("book.runs")) in caught.value.hint

    def test_no_is_said_by_an_exception_in_scripts(self, book: Path) -> None:
        class No(Unattended):
            def confirm(self, planned: Any) -> bool:
                return not planned

        with pbx() as served, pytest.raises(Declined):
            apply(settings_for(book, served.url), No())


def settings_for(book: Path, url: str, settle_wait: float = 0) -> Settings:
    secret = Secret(SECRET)
    return Settings(workbook=book, url=url, client_id="script", secret=secret, rate=1000, settle_wait=settle_wait)


@POSIX
class TestSignals:
    @pytest.fixture(autouse=True)
    def _secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", SECRET)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_plan_that_is_stopped_gives_its_token_back_and_one_object(self, book: Path, number: int) -> None:
        slow = {"call": "trunk/list", "times": "always", "latency": 1}
        with pbx(faults=[slow]) as served:
            running = Forked("plan", book, *at(served)[:4], "--json", env=os.environ)
            while "get_token" not in calls(served):
                time.sleep(0.02)
            time.sleep(0.3)
            running.send_signal(number)
            out, err = running.communicate(timeout=20)
            assert served.count_valid_tokens() == 0
        assert running.returncode == 130
        assert json.loads(out)["error"] == {
            "code": "interrupted",
            "message": "Stopped by you. Nothing was sent.",
            "hint": "Run it again when you are ready.",
        }
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        ("after", "numbers"),
        [(0.0, [signal.SIGTERM]), (0.15, [signal.SIGINT] * 3), (0.3, [signal.SIGTERM]), (0.5, [signal.SIGINT] * 3)],
    )
    def test_whoever_stops_while_results_are_written_is_left_with_whole_files_or_none(
        self, shell: Shell, tmp_path: Path, after: float, numbers: list[signal.Signals]
    ) -> None:
        names = [f"T{i}" for i in range(40)]
        rows = [("Name", "Hostname", "Password"), *((name, "new.example", f"Sample-pw-{name}") for name in names)]
        book = write_book(tmp_path / "b.xlsx", trunks=rows)
        with pbx(*({"id": i, "name": name} for i, name in enumerate(names, 1))) as served:
            running = Forked("apply", book, *at(served), "--yes", env=os.environ)
            while calls(served).count("trunk/update") < len(names) and running.poll() is None:
                time.sleep(0.01)
            time.sleep(after)
            for number in numbers:
                running.send_signal(number)
                time.sleep(0.03)
            _, err = running.communicate(timeout=60)
            files = [path for path in tmp_path.rglob("*") if path.is_file()]
            assert not [path for path in files if ".part" in path.name]
            assert all(zipfile.is_zipfile(path) for path in files if path.suffix == ".xlsx")
            if running.returncode == 130:
                assert "Traceback" not in err
                assert "Stopping" in err or "Stopped by you" in err
            else:  # it was over by then
                assert running.returncode in {0, *(-number for number in numbers)}
            assert shell("resume", last_run(book), "--yes").code == 0
        assert {row[3] for row in rows_of(tmp_path / "b-results.xlsx", "Trunks")[1:]} == {"applied"}

    def test_nohup_is_respected(self, book: Path) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            assert main(["check", str(book)]) == 0
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGHUP, before)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_the_practice_pbx_serves_until_it_is_stopped(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
    ) -> None:
        words = ("practice", "--port", "0", "--json", "--state", str(tmp_path / "state.json"))
        running = subprocess.Popen(  # noqa: S603 - our own command
            [*HEARING, *words], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert running.stdout is not None
        where = json.loads(running.stdout.readline())
        assert set(where) == {"url", "client_id"}
        book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Hostname"), ("London-1", "new.example")])
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", "Sample-practice-secret")
        there = ("--url", where["url"], "--client-id", where["client_id"], *FAST)
        assert shell("apply", book, *there, "--yes").code == 0
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
        assert (running.returncode, out) == (0, "")
        assert "Traceback" not in err
        assert '"hostname": "new.example"' in (tmp_path / "state.json").read_text()


@POSIX
class TestFromTheFirstMoment:
    """Ctrl-C at many moments from the start of the process.

    Until our entry is reached, Python itself has the word: it ends with a traceback of its own, of which only is asked
    that it names no file of ours.
    """

    DELAYS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8)
    LATE = (0.15, 0.3, 0.5)
    """When commands have begun to differ."""

    def pressed(self, delay: float, *words: object) -> tuple[int, str, str]:
        running = subprocess.Popen(  # noqa: S603 - our own command
            [
                sys.executable,
                "-c",
                f"import signal; signal.signal(2, signal.default_int_handler); {RUN}",
                *map(str, words),
            ],
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        time.sleep(delay)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        return running.returncode, out, err

    @pytest.mark.parametrize("words", [("apply", "--practice", "--yes", "--json"), ("check",), ("runs",)])
    def test_it_ends_with_a_line_and_leaves_nothing_unfinished(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        command, *flags = words
        for number, delay in enumerate(self.DELAYS if command == "apply" else self.LATE):
            folder = tmp_path / str(number)
            folder.mkdir()
            book = write_book(folder / "book.xlsx", dids=DIDS)
            code, out, err = self.pressed(delay, command, book, *flags)
            ours = str(Path(batch.__file__).parent)
            assert ours not in err, f"after {delay} s"
            if "Traceback" in err:  # Python's own, before we are there
                assert list(folder.iterdir()) == [book]
            elif code == 130:
                assert "Stopped by you" in err
                assert "--json" not in flags or json.loads(out)
            else:
                assert code in {0, -signal.SIGINT}
            assert not [path for path in folder.rglob("*") if ".part" in path.name]
            if "Nothing was sent" in err:
                assert not (folder / "book.runs").exists()

    @pytest.mark.parametrize("words", [("check", "none.xlsx"), ("check", "none.xlsx", "--json")])
    def test_what_a_module_raises_or_swallows_on_its_way_in_is_not_seen(self, words: tuple[str, ...]) -> None:
        code = f"""
import builtins, signal, sys
real = builtins.__import__
def importing(name, *more):
    if name == "argparse":
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Error calling __set_name__") from None
    return real(name, *more)
builtins.__import__ = importing
sys.argv[1:] = {words!r}
{HEARS}
{RUN}
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert (done.returncode, done.stderr) == (130, "Stopped by you. Nothing was sent.\n")
        assert done.stdout.count("\n") == ("--json" in words)

    def test_whoever_has_it_ignored_from_outside_is_not_stopped(self) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            running = subprocess.Popen([*WE, "--version"], stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        finally:
            signal.signal(signal.SIGINT, before)
        for _ in range(20):
            time.sleep(0.02)
            running.send_signal(signal.SIGINT)
        assert running.communicate(timeout=60)[0].startswith("trunk-batch ")

    def test_little_is_loaded_before_it_is_heard(self) -> None:
        code = "import os, sys; before = set(sys.modules); import batch.cli; print(*(set(sys.modules) - before))"
        done = subprocess.run(  # noqa: S603 - ours
            [sys.executable, "-S", "-c", code],
            cwd=Path(batch.__file__).parents[1],
            capture_output=True,
            text=True,
            check=True,
        )
        assert set(done.stdout.split()) == {"__future__", "batch", "batch.cli"}


@POSIX
class TestReadersThatLeave:
    def test_head_changes_neither_what_is_written_nor_the_exit_code(self, tmp_path: Path) -> None:
        names = [f"T{i}" for i in range(60)]
        book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Port"), *((name, "5061") for name in names)])
        read, write = os.pipe()
        os.close(read)
        trunks = [{"id": i, "name": name} for i, name in enumerate(names, 1)]
        with pbx(*trunks) as served:
            done = subprocess.run(  # noqa: S603 - our own command
                [*WE, "apply", str(book), *at(served), "--yes", "-v", "--allow", "size"],
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                env={**os.environ, "TRUNK_BATCH_CLIENT_SECRET": SECRET},
                check=False,
                timeout=60,
            )
            assert calls(served).count("trunk/update") == 60
        os.close(write)
        assert done.returncode == 0
        assert book.with_name("b-results.xlsx").exists()

    def test_a_command_goes_on_without_a_reader(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w", buffering=1) as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            assert main(["apply", str(book), "--practice", "--yes", *FAST]) == 0
        assert book.with_name("book-PRACTICE-results.xlsx").exists()

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
    def test_words_that_find_no_room_are_not_success(
        self, book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with Path("/dev/full").open("w") as full:
            monkeypatch.setattr(sys, "stdout", full)
            assert main(["check", str(book)]) == 2
        assert capsys.readouterr().err.startswith("Standard output cannot be written: no space left on device.")

    def test_a_check_with_problems_stays_3(self, tmp_path: Path) -> None:
        book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Port"), *((f"T{i}", "many") for i in range(500))])
        line = f'{sys.executable} -c "from batch.cli import run; run()" check {book} -v|head -1; exit $PIPESTATUS'
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
        assert done.returncode == 3
        assert done.stdout.count("\n") == 1
        assert done.stderr == ""

    @pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
    def test_closed_streams_are_no_fault_of_ours(self, book: Path, closed: str) -> None:
        line = f"{shlex.join(WE)} plan {book} --practice {closed}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
        assert done.returncode == 0
        assert "Traceback" not in done.stderr


class Stopper(io.StringIO):
    """Presses Ctrl-C as soon as it is told the address."""

    def write(self, text: str) -> int:
        written = super().write(text)
        if "client_id" in text:
            _thread.interrupt_main()
        return written


def test_the_practice_pbx_tells_people_and_programs_where_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Stopper()
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["practice", "--port", "0", "--json"]) == 0
    assert set(json.loads(out.getvalue())) == {"url", "client_id"}
    assert "until you press Ctrl-C" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_no_encoding_of_the_terminal_stops_a_word(tmp_path: Path, encoding: str) -> None:
    book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Hostname"), ("Łódź", "new.example")], dids=DIDS[:1])
    ran = Forked("plan", book, "--practice", env=os.environ, first=partial(speak, encoding))
    out, err = ran.communicate(timeout=60)
    assert ran.returncode in {0, 3}
    assert "Traceback" not in err
    assert "Plan for PRACTICE PBX" in out
