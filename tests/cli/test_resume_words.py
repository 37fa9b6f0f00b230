"""Going on with a run from the command line: what it takes, what it asks, and what people read of it."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import batch
from batch.cli.arguments import parse
from batch.cli.console import Console
from batch.cli.main import _show_report
from batch.cli.profiles import given_again
from batch.errors import OutputError, PbxUnreachable
from batch.reports.json_shapes import report_json
from batch.reports.plan_text import differs_text
from batch.reports.run_text import report_text
from batch.runs.journal import create_journal
from batch.runs.journal_reader import read_history
from batch.runs.locks import Holder, holding, place_of_run
from batch.runs.outcomes import Ending, Outcome
from batch.runs.resuming import CHANGED_AFTER, Rest, deviations
from batch.runs.serialization import intent_of
from batch.schema import columns
from batch.secrets import Secret
from batch.settings import Origin, settings_given
from batch.trunks.diff import ChangeKind, Difference, EntryChange, ListDifference
from batch.trunks.live import Did
from batch.wording import IN_FULL, moment, quoted
from tests.builders import book as make_book
from tests.builders import judged, live
from tests.cli.shell import (
    DIDS,
    LOSING_NUMBERS,
    SECRET,
    Person,
    Ran,
    Shell,
    at,
    calls,
    ending_of,
    last_run,
    pbx,
    plan_at,
    rows_of,
    write_book,
)

REPORT = {"run", "results", "undo", "counts", "sheets", "trunks", "census", "follow_up", "test_calls"}
STOPS = {"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 40002, "errmsg": "NO"}
"""London is refused once."""
SILENT = {"call": "trunk/update", "match": {"id": 1}, "do": "drop_before"}
"""London's first write gets no answer, and has not arrived."""
DENIED = {"call": "trunk/update", "match": {"id": 2}, "do": "errcode", "errcode": 10005}
"""Paris makes the tool stop, so that what became of London is not read any more."""
ONE_BY_ONE = ("--yes", "--concurrency", "1")
STOPPING = (*ONE_BY_ONE, "--on-error", "stop")


def ended(run: Path) -> str:
    """When the last command at a run ended, as people read it."""
    at_last = read_history(run).invocations[-1].ended
    assert at_last is not None
    return moment(at_last)


def writes(served: Any) -> int:
    return calls(served).count("trunk/update")


@pytest.mark.usefixtures("secret")
class TestGoingOn:
    def test_what_is_left_is_written_and_the_object_is_that_of_apply(self, shell: Shell, book: Path) -> None:
        with pbx(faults=[STOPS]) as served:
            first = shell("apply", book, *at(served), *STOPPING, "--json")
            assert ending_of(first) == {"London": "refused", "Paris": "not run"}
            ran = shell("resume", last_run(book), "--json")
            assert served.count_valid_tokens() == 0
        assert (ran.code, set(ran.json)) == (5, REPORT)
        assert ending_of(ran) == {"London": "refused", "Paris": "applied"}
        assert ran.json["run"] == first.json["run"] == str(last_run(book))
        assert ran.json["results"] == first.json["results"] == str(book.with_name("book-results.xlsx"))
        assert f"1 trunk is left of run {last_run(book).name}, as when it was approved." in ran.err

    def test_a_run_is_named_by_its_id_by_its_folder_or_by_where_one_stands(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pbx(faults=[{**SILENT, "times": 3}]) as served:
            assert shell("apply", book, *at(served), "--yes", "--attempts", "1").code == 5
            run = last_run(book)
            assert shell("resume", run.name).code == 5
            assert shell("resume", f"{run}/").code == 5
            monkeypatch.chdir(run)
            ran = shell("resume", ".")
        assert ran.code == 0
        assert f"0 are left of run {run.name}" not in ran.err
        assert f"1 trunk is left of run {run.name}, as when it was approved." in ran.err

    def test_a_run_that_is_over_says_so_and_sends_nothing(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            assert shell("apply", book, *at(served), "--yes").code == 0
            sent = len(served.requests)
            ran = shell("resume", last_run(book))
            assert len(served.requests) == sent
        assert ran.code == 0
        assert ran.out.splitlines()[:2] == [
            "The run had already ended: nothing was sent; only its results were written again from its journal.",
            (
                f"All 2 trunks were up to date when the run ended ({ended(last_run(book))}). "
                f"For now:  trunk-batch verify {quoted(last_run(book))}"
            ),
        ]
        assert "resume" not in ran.out
        assert ran.out.splitlines()[-1] == f"Results: {book.with_name('book-results.xlsx')}"

    def test_a_run_that_is_over_and_left_something_says_what_it_had_come_to(self, shell: Shell, book: Path) -> None:
        with pbx(faults=[STOPS]) as served:
            shell("apply", book, *at(served), "--yes")
            ran = shell("resume", last_run(book))
        assert ran.out.splitlines()[1] == (
            f"1 of 2 trunks needed attention when the run ended ({ended(last_run(book))}): 1 refused. "
            f"For now:  trunk-batch verify {quoted(last_run(book))}"
        )

    def test_the_command_that_apply_prints_goes_on_with_the_run(self, shell: Shell, book: Path) -> None:
        with pbx(faults=[SILENT]) as served:
            ran = shell("apply", book, *at(served), "--yes", "--attempts", "1")
            (line,) = [line for line in ran.out.splitlines() if line.startswith("Go on with it:  trunk-batch ")]
            again = shell(*line.removeprefix("Go on with it:  trunk-batch ").split())
        assert (ran.code, again.code) == (5, 0)
        assert "trunk-batch plan" not in ran.out

    def test_quiet_says_the_result_alone_and_verbose_every_request(self, shell: Shell, book: Path) -> None:
        with pbx(faults=[{**SILENT, "times": 2}]) as served:
            assert shell("apply", book, *at(served), "--yes", "--attempts", "1").code == 5
            told = shell("resume", last_run(book), "-v")
            assert shell("resume", last_run(book), "-q").err == ""
        assert "call=trunk/update  ids=1" in told.err
        assert SECRET not in told.out + told.err

    def test_where_the_results_and_the_log_go_can_be_said_anew(self, shell: Shell, book: Path) -> None:
        with pbx(faults=[SILENT]) as served:
            shell("apply", book, *at(served), "--yes", "--attempts", "1")
            ran = shell("resume", last_run(book), "--results", "other.xlsx", "--log", "log.jsonl", "--json")
        assert ran.json["results"] == "other.xlsx"
        assert rows_of(Path("other.xlsx"), "Trunks")[1][2] == "applied"
        assert "trunk/update" in Path("log.jsonl").read_text()


@pytest.mark.usefixtures("secret")
class TestTheQuestion:
    """Paris was not run, and somebody has edited it since."""

    def resume(self, shell: Shell, book: Path, *flags: str) -> tuple[Ran, int]:
        with pbx(faults=[STOPS]) as served:
            shell("apply", book, *at(served), *STOPPING)
            served.state.edit_trunk(2, {"hostname": "theirs.example"})
            before = writes(served)
            ran = shell("resume", last_run(book), *flags)
            assert served.count_valid_tokens() == 0
            return ran, writes(served) - before

    def test_without_a_terminal_the_plan_is_shown_and_nothing_sent(self, shell: Shell, book: Path) -> None:
        ran, sent = self.resume(shell, book, "-q")
        assert (ran.code, sent) == (2, 0)
        run = last_run(book).name
        assert ran.out.splitlines()[0].endswith(f", workbook book.xlsx, what is left of run {run}")
        assert "    Hostname: theirs.example → new.carrier.example" in ran.out
        assert ran.err.splitlines() == [
            "Paris: Hostname is theirs.example now, was old.carrier.example when it was approved.",
            (
                "Some trunks are not as they were when the run was approved, and there is no terminal to ask on. "
                "Nothing was sent; the run is as it was."
            ),
            "Read the plan above; to approve it, give the same command with --yes.",
        ]

    def test_without_a_terminal_a_program_gets_the_error(self, shell: Shell, book: Path) -> None:
        ran, sent = self.resume(shell, book, "--json")
        assert (ran.code, sent, ran.error["code"]) == (2, 0, "usage")
        assert "theirs.example" in ran.err

    def test_yes_goes_on_without_asking(self, shell: Shell, book: Path) -> None:
        ran, sent = self.resume(shell, book, "--yes", "--json")
        assert (ran.code, sent) == (5, 1)
        assert ending_of(ran) == {"London": "refused", "Paris": "applied"}
        assert "1 trunk is left of run" in ran.err
        assert "not as when it was approved: Paris." in ran.err

    @pytest.mark.parametrize(("line", "code", "sent"), [("yes\n", 5, 1), ("no\n", 130, 0)])
    def test_on_a_terminal_it_is_put(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch, line: str, code: int, sent: int
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Person(line))
        ran, count = self.resume(shell, book)
        assert (ran.code, count) == (code, sent)
        assert "Write 1 trunk on http://127.0.0.1:" in ran.err
        assert "    Paris\n" in ran.err
        lines = ran.err.splitlines()
        asked = next(i for i, line in enumerate(lines) if line.startswith("Write 1 trunk on "))
        assert lines[asked - 1] == (
            "Paris: Hostname is theirs.example now, was old.carrier.example when it was approved."
        )
        assert "Digest" not in ran.out
        assert "did not come to the end" not in ran.out + ran.err

    def test_ctrl_c_there_leaves_the_run_as_it_was(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Person(None))
        ran, sent = self.resume(shell, book, "--json")
        assert (ran.code, sent, ran.error["code"]) == (130, 0, "interrupted")
        assert quoted(last_run(book)) in ran.error["hint"]

    def test_it_is_not_put_where_everything_is_as_it_was_approved(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Person(None))
        with pbx(faults=[STOPS]) as served:
            shell("apply", book, *at(served), *STOPPING)
            ran = shell("resume", last_run(book))
        assert ran.code == 5
        assert "Type yes" not in ran.err


@pytest.mark.usefixtures("secret")
class TestWhatIsOtherwise:
    """What the question names: of each trunk what is not as it was approved."""

    BLANK = "Paris: Default caller ID is 999 now, was (blank) when it was approved."

    @pytest.fixture
    def book(self, tmp_path: Path) -> Path:
        """Both get a host, a password, a caller ID to show and a DID."""
        return write_book(
            tmp_path / "book.xlsx",
            trunks=[
                ("Name", "Hostname", "Password", "Default caller ID"),
                ("London", "new.carrier.example", "Sample-new", "442079460100"),
                ("Paris", "new.carrier.example", "Sample-new", "33123456789"),
            ],
            dids=[("Trunk", "DID"), ("London", "442079460100"), ("Paris", "33123456789")],
        )

    def lines(self, shell: Shell, book: Path, *flags: str, first: Sequence[str] = (), **edits: Any) -> list[str]:
        """Stop at London, edit the trunks named, and go on; returns what was said on stderr."""
        with pbx(faults=[STOPS]) as served:
            shell("apply", book, *at(served), *STOPPING, "--allow", "removals", *LOSING_NUMBERS, *first)
            for number, fields in edits.items():
                served.state.edit_trunk(int(number[1:]), fields)
            return shell("resume", last_run(book), "-q", *flags).err.splitlines()

    def test_a_field_is_shown_as_it_is_and_as_it_was(self, shell: Shell, book: Path) -> None:
        assert self.lines(shell, book, t2={"def_outbound_cid": "999"})[0] == self.BLANK

    def test_of_a_password_and_a_list_only_that_they_are_others(self, shell: Shell, book: Path) -> None:
        said = self.lines(shell, book, t2={"password": "Sample-theirs", "did_list": [{"did": "1"}]})
        assert said[0] == ("Paris: the DIDs are not as they were; the password is not as it was when it was approved.")
        assert "Sample-" not in " ".join(said)

    def test_what_was_never_approved_is_called_that(self, shell: Shell, book: Path) -> None:
        said = self.lines(shell, book, "--only", "Paris", first=("--only", "London"))
        assert said[0] == "Paris was not part of what was approved."

    def test_a_trunk_that_was_written_and_then_changed_by_hand_is_left_alone_and_named(
        self, shell: Shell, book: Path
    ) -> None:
        with pbx(faults=[{**STOPS, "match": {"id": 2}, "errcode": 10009}]) as served:
            shell("apply", book, *at(served), *STOPPING)
            served.state.edit_trunk(1, {"hostname": "theirs.example"})
            run = last_run(book)
            journal = sqlite3.connect(run / "journal.sqlite")
            with journal:  # as if Paris had not been sent anything yet
                journal.execute("DELETE FROM requests WHERE call = 'trunk/update' AND ids = '2'")
                journal.execute("DELETE FROM outcomes WHERE row = 3")
            journal.close()
            served.state.edit_trunk(2, {"def_outbound_cid": "999"})
            ran = shell("resume", run)
        alone = (
            "London: changed since it was written, left alone: "
            "Hostname is theirs.example now, wanted new.carrier.example."
        )
        assert ran.err.splitlines()[:4] == [
            f"PBX: {served.url} (from the run {run.name})",
            (
                f"1 trunk is left of run {run.name}; not as when it was approved: Paris. "
                "Changed since written, left alone: London."
            ),
            self.BLANK,
            alone,
        ]

    def test_what_would_be_written_otherwise_is_named_too(self) -> None:
        now = live(2, "Paris", hostname="old.example")
        change, _, _ = judged(make_book(["Name|Hostname", "Paris|new.example"]), now)
        approved = replace(intent_of(change, 1), desired={"fields": {"hostname": "another.example"}})
        rest = Rest(stays={}, again={2: change}, new=frozenset({2}))
        assert deviations(rest, {2: approved}, {2: now}) == (
            "Paris: what would be written is not what was approved: Hostname.",
        )

    def test_another_type_another_name_and_long_values_are_told_on_one_line(self) -> None:
        then = live(2, "Paris", hostname="a" * 99)
        now = live(2, "Lutetia", kind="peer", hostname="old.example")
        change, _, _ = judged(make_book(["Trunk ID|Hostname", "2|new.example"]), now)
        approved = replace(intent_of(change, 1), writes=frozenset({"hostname"}))
        assert deviations(Rest(stays={}, again={2: change}, new=frozenset({2})), {2: approved}, {2: then}) == (
            (
                "Lutetia: its type is peer now, was register; "
                f"Hostname is old.example now, was {'a' * 59}…; Name is Lutetia now, was Paris when it was approved."
            ),
        )

    def test_lists_and_passwords_that_were_changed_by_hand_are_named_without_their_values(self) -> None:
        difference = Difference(
            fields={"password": (Secret("Sample-theirs"), Secret("Sample-ours"))},
            lists={columns.DIDS: ListDifference(changes=(EntryChange(ChangeKind.ADDED, Did("1"), Did("1")),))},
        )
        changed = Outcome(row=2, name="Paris", ending=Ending.PARTIAL, note=CHANGED_AFTER, difference=difference)
        assert deviations(Rest(stays={2: changed}), {}, {}) == (
            (
                "Paris: changed since it was written, left alone: "
                "the password is not the wanted one; the DIDs are not the wanted ones."
            ),
        )

    def test_of_many_the_first_dozen_and_with_verbose_all(self, book: Path) -> None:
        planned = replace(batch.plan(batch.Settings(workbook=book, practice=True)), differs=("T: so.",) * 15)
        assert list(differs_text(planned))[-1] == "… and 3 more trunks; -v shows every one."
        assert len(list(differs_text(planned, IN_FULL))) == 15


class TestWhatIsGiven:
    @pytest.fixture
    def run(self, shell: Shell, book: Path, secret: str) -> Iterator[tuple[Any, Path]]:
        assert secret
        with pbx(faults=[{**SILENT, "times": 2}]) as served:
            shell("apply", book, *at(served), "--yes", "--attempts", "1")
            yield served, last_run(book)

    def test_neither_the_environment_nor_the_usual_profile_says_which_pbx_it_is(
        self, shell: Shell, run: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRUNK_BATCH_URL", "https://pbx.invalid:8088")
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_ID", "nobody")
        Path("trunk-batch.toml").write_text('[default]\nurl = "https://pbx.invalid:8088"\nrate = 0.2\n')
        assert shell("resume", run[1], "--attempts", "5").code == 0
        assert shell("verify", run[1]).code == 0
        assert read_history(run[1]).facts["settings"]["rate"] == 1000

    def test_a_profile_that_is_named_counts_and_flags_win_over_it(self, tmp_path: Path) -> None:
        (tmp_path / "book.runs").mkdir()
        own = tmp_path / "home" / ".config" / "trunk-batch"
        own.mkdir(parents=True)
        (own / "trunk-batch.toml").write_text('[slow]\nrate = 7\ntimeout = 3\nfingerprint = "3F"\n')
        told: list[str] = []
        run = tmp_path / "book.runs" / "one"
        flags = parse(["resume", "one", "--profile", "slow", "--timeout", "4", "--allow", "removals"])
        again = given_again(flags, run, told.append)
        assert {name: value for name, value in again.items() if value} == {
            "rate": 7,
            "timeout": 4,
            "fingerprint": "3F",
            "allow": ("removals",),
            "profile": "slow",
            "url_from": Origin(),
        }
        given = given_again(parse(["verify", "one", "--profile", "slow", "--insecure"]), run, told.append)
        assert (given["insecure"], given["fingerprint"]) == (True, "")
        (own / "trunk-batch.toml").write_text('[slow]\nrate = 7\nca_file = "pbx.pem"\n')
        given = given_again(parse(["verify", "one", "--profile", "slow", "--insecure"]), run, told.append)
        assert given["ca_file"] is None
        assert settings_given(given) == given, "what the flag puts aside is not given"
        with pytest.raises(batch.BatchError, match="no profile quick"):
            given_again(parse(["resume", "one", "--profile", "quick"]), run, told.append)
        assert told == []

    @pytest.mark.parametrize("command", ["resume", "verify"])
    def test_a_run_that_somebody_else_began_does_not_say_where_the_secret_goes_and_what_is_read(
        self, shell: Shell, run: tuple[Any, Path], command: str
    ) -> None:
        served, folder = run
        before = calls(served)
        journal = sqlite3.connect(folder / "journal.sqlite")
        with journal:  # as it comes from elsewhere
            journal.execute("UPDATE facts SET value = '\"20261123-010101-abcd\"' WHERE name = 'run'")
        journal.close()
        ran = shell(command, folder, "--json")
        assert (ran.code, calls(served)) == (2, before)
        assert ran.error["message"] == (
            f"There is no client secret for script@{served.url}, an address from the run 20261123-010101-abcd. "
            "TRUNK_BATCH_CLIENT_SECRET is not sent there: it may be meant for another PBX."
        )
        assert f"--url {served.url}" in ran.error["hint"]
        assert shell(command, folder, "--url", served.url).code in {0, 5}

    @pytest.mark.parametrize("command", ["resume", "verify"])
    def test_another_pbx_is_refused_however_it_is_named(
        self, shell: Shell, run: tuple[Any, Path], command: str
    ) -> None:
        Path("trunk-batch.toml").write_text('[other]\nurl = "https://pbx.invalid:8088"\n')
        for flags in (("--url", "https://pbx.invalid:8088"), ("--profile", "other"), ("--practice",)):
            ran = shell(command, run[1], *flags, "--json")
            assert (ran.code, ran.error["code"]) == (2, "usage")
            assert ran.error["message"].startswith(f"The run is about {run[0].url}, not ")
        assert shell("verify", run[1], "--url", f"{run[0].url}/").code == 5

    def test_the_secret_is_found_anew(
        self, shell: Shell, run: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("TRUNK_BATCH_CLIENT_SECRET")
        ran = shell("resume", run[1], "--json")
        assert ran.code == 2
        assert ran.error["message"].startswith("There is no client secret for script@http")
        (tmp_path / "secret").write_text(SECRET)
        assert shell("resume", run[1], "--secret-file", "secret", "--attempts", "5").code == 0

    def test_what_is_given_counts_for_this_once(self, shell: Shell, run: tuple[Any, Path]) -> None:
        ran = shell("resume", run[1], "--rate", "500", "--attempts", "5", "--json")
        assert (ran.code, ran.json["trunks"][0]["ending"]) == (0, "applied")
        kept = read_history(run[1]).facts["settings"]
        assert (kept["rate"], kept["attempts"]) == (1000, 1)


class TestErrors:
    @pytest.mark.parametrize("command", ["resume", "verify", "status"])
    def test_no_such_run(self, shell: Shell, command: str) -> None:
        ran = shell(command, "20260101-000000-0000", "--json")
        assert (ran.code, ran.error["code"]) == (2, "usage")
        assert ran.error["message"].startswith("There is no run 20260101-000000-0000.")

    @pytest.mark.usefixtures("secret")
    @pytest.mark.parametrize("command", ["resume", "verify"])
    def test_a_pbx_out_of_reach_is_that_of_the_run_and_not_a_wrong_url(
        self, shell: Shell, book: Path, command: str
    ) -> None:
        with pbx(faults=[SILENT]) as served:
            shell("apply", book, *at(served), "--yes", "--attempts", "1", "--timeout", "1")
        ran = shell(command, last_run(book), "--json")
        assert (ran.code, ran.error["code"]) == (6, "pbx-unreachable")
        assert ran.error["hint"] == (
            "Can this machine reach the PBX of the run (VPN, network)? Nothing was sent; the run is as it was."
        )

    @pytest.mark.parametrize("command", ["resume", "verify"])
    def test_of_one_that_somebody_is_at_ctrl_c_comes_first_and_ending_its_process_last(
        self, shell: Shell, tmp_path: Path, command: str
    ) -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "journal.sqlite").touch()
        holder = Holder(command="apply", pid=4711, started=datetime.now(tz=UTC), run=str(tmp_path / "run"))
        with holding(place_of_run(tmp_path / "run"), "run", holder):
            hint = shell(command, "run", "--json").error["hint"]
        assert hint.endswith(
            "To stop it, press Ctrl-C in its window; only if that does not help, end process 4711. "
            "What it did is kept, and `trunk-batch resume` goes on from there."
        )

    @pytest.mark.parametrize("command", ["resume", "verify", "status"])
    def test_a_damaged_journal(self, shell: Shell, tmp_path: Path, command: str) -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "journal.sqlite").write_text("what a disk leaves behind" * 99)
        ran = shell(command, "run", "--json")
        assert (ran.code, ran.error["code"]) == (2, "usage")
        assert ran.error["message"].startswith("The journal ")
        assert "ask for help" in ran.error["hint"]

    @pytest.mark.usefixtures("secret")
    def test_a_damaged_record_is_called_one_by_every_command(self, shell: Shell, book: Path, tmp_path: Path) -> None:
        folder = tmp_path / "book.runs" / "20260101-000000-aaaa"
        folder.mkdir(parents=True)
        with create_journal(folder) as made:
            made.begin_invocation("apply", facts={"run": "x"}, wanted=[], settled_rows={})
            log = bytearray((folder / "journal.sqlite-wal").read_bytes())
            whole = (folder / "journal.sqlite").read_bytes()
        log[5000] ^= 4
        (folder / "journal.sqlite").write_bytes(whole)
        (folder / "journal.sqlite-wal").write_bytes(log)
        for command in ("resume", "verify", "status"):
            ran = shell(command, folder, "--json")
            assert (ran.code, ran.error["code"]) == (2, "usage")
            assert ran.error["message"].startswith(f"A record of the run in {folder} is damaged: journal.sqlite-wal ")
        ran = shell("runs", book)
        assert ran.code == 0
        assert ran.out.splitlines()[0].endswith("  a record of its journal is damaged")

    @pytest.mark.parametrize("command", ["resume", "verify", "status"])
    def test_a_run_of_another_version(self, shell: Shell, tmp_path: Path, command: str) -> None:
        (tmp_path / "run").mkdir()
        with sqlite3.connect(tmp_path / "run" / "journal.sqlite") as journal:
            journal.execute("PRAGMA user_version=99")
        journal.close()
        ran = shell(command, "run", "--json")
        assert (ran.code, ran.error["code"]) == (2, "usage")
        assert "another version of this tool" in ran.error["message"]

    @pytest.mark.usefixtures("secret")
    def test_a_copy_of_the_workbook_that_cannot_be_read_is_an_error_to_verify(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            shell("apply", book, *at(served), "--yes")
            (last_run(book) / "input.xlsx").write_text("nothing of the kind")
            ran = shell("verify", last_run(book), "--json")
        assert (ran.code, ran.error["code"]) == (3, "not-readable")


@pytest.mark.usefixtures("secret")
class TestWhatStandsAgainstIt:
    def test_a_problem_that_came_up_since_says_how_to_go_on(self, shell: Shell, book: Path) -> None:
        with pbx(faults=[STOPS]) as served:
            shell("apply", book, *at(served), *STOPPING)
            served.state.edit_trunk(2, {"name": "Lutetia"})
            run = last_run(book)
            ran = shell("resume", run)
            assert shell("resume", run, "--json").json["problems"][0]["code"] == "trunk-gone"
            again = shell("resume", run, "--skip-invalid", "--json")
        assert ran.code == 3
        assert ran.out.splitlines()[-5:] == [
            "1 error, so nothing was sent; the run is as it was.",
            f"Put right what it names, then:  trunk-batch resume {quoted(run)}",
            f"Or leave out the 1 trunk concerned entirely:  trunk-batch resume {quoted(run)} --skip-invalid",
            "If the workbook itself must change: a run keeps the one it was approved with, so apply the changed one.",
            "More about trunk-gone:  trunk-batch explain trunk-gone",
        ]
        assert ending_of(again) == {"London": "refused", "Paris": "invalid"}

    def test_a_hazard_that_came_up_since_says_which_flag_lets_it_happen(self, shell: Shell, tmp_path: Path) -> None:
        rows = [*DIDS, ("Paris", "33123456789", "")]
        book = write_book(tmp_path / "book.xlsx", dids=rows)
        trunks = ({"id": 1, "name": "London", "did_list": [{"did": "9"}]}, {"id": 2, "name": "Paris"})
        with pbx(*trunks, faults=[STOPS]) as served:
            shell("apply", book, *at(served), *STOPPING, "--allow", "removals=London", *LOSING_NUMBERS)
            served.state.edit_trunk(2, {"did_list": [{"did": "1"}]})
            run = last_run(book)
            ran = shell("resume", run, "--yes")
            allow = "--allow removals=London --allow did-orphaned --allow size --allow removals=Paris"
            following = f"trunk-batch resume {quoted(run)} {allow}"
            assert ran.out.splitlines()[-2:] == [
                "Nothing was sent; the run is as it was. To let all of it happen:",
                f"    {following}",
            ]
            again = shell(*following.split()[1:], "--yes", "--json")
        assert ran.code == 4
        assert ending_of(again)["Paris"] == "applied"

    def test_a_plan_and_an_apply_name_the_command_that_goes_on_with_an_earlier_run(
        self, shell: Shell, book: Path
    ) -> None:
        with pbx(faults=[{**DENIED, "times": 1}]) as served:
            shell("apply", book, *at(served), *ONE_BY_ONE)
            run = last_run(book)
            said = [
                f"An earlier run of this workbook did not come to the end: {run.name}.",
                f"To go on with it instead:  trunk-batch resume {quoted(run)}",
            ]
            for ran in (shell("plan", book, *plan_at(served)), shell("apply", book, *at(served), "--yes")):
                assert [line for line in ran.out.splitlines() if line in said] == said


def told(report: batch.Report, **changes: Any) -> list[str]:
    return list(report_text(replace(report, **changes)))


def outcomes(**endings: Ending) -> Mapping[int, Outcome]:
    names = enumerate(endings.items(), 2)
    return {row: Outcome(row=row, name=name, ending=ending, reached=True) for row, (name, ending) in names}


class TestWords:
    """What is said at the end, for every way in which a run can end."""

    @pytest.fixture
    def report(self, book: Path) -> batch.Report:
        settings = batch.Settings(workbook=book, practice=True, rate=1000, settle_wait=0)
        report = batch.apply(settings)
        assert isinstance(report, batch.Report)
        return report

    def test_only_what_resume_takes_up_is_left(self, report: batch.Report) -> None:
        said = told(report, outcomes=outcomes(London=Ending.FAILED, Paris=Ending.NOT_RUN))
        run = quoted(report.folder.path)
        assert said[-3:] == [
            f"Run: {report.folder.path}",
            f"Go on with it:  trunk-batch resume {run}",
            f"Results: {report.results.path}",
        ]

    def test_only_what_needs_a_correction_is_left(self, report: batch.Report) -> None:
        said = told(report, outcomes=outcomes(London=Ending.REFUSED, Paris=Ending.INVALID))
        assert said[-3] == (
            "Next: do what the column What to do of the results says, then plan with the results as the workbook:"
        )
        assert said[-2].startswith(f"    trunk-batch plan {quoted(report.results.path)} --practice")
        assert "resume" not in " ".join(said)

    def test_both_are_left(self, report: batch.Report) -> None:
        said = told(
            report,
            outcomes=outcomes(A=Ending.NOT_RUN, B=Ending.FAILED, C=Ending.REFUSED, D=Ending.PARTIAL, E=Ending.APPLIED),
        )
        assert said[-4] == f"Go on with the 2 trunks left:  trunk-batch resume {quoted(report.folder.path)}"
        assert said[-3].startswith("Resume leaves the other 2 trunks alone: do in the results what ")
        assert said[-2].startswith("    trunk-batch plan ")

    def test_for_the_unknown_there_is_verify_as_well(self, report: batch.Report) -> None:
        said = told(report, outcomes=outcomes(London=Ending.UNKNOWN, Paris=Ending.APPLIED))
        run = quoted(report.folder.path)
        assert said[-3:-1] == [
            f"Go on with it:  trunk-batch resume {run}",
            f"To look first, without writing, at what is unknown:  trunk-batch verify {run}",
        ]

    def test_nothing_is_left(self, report: batch.Report) -> None:
        said = told(report)
        assert said[-2:] == [f"Run: {report.folder.path}", f"Results: {report.results.path}"]

    def test_ctrl_c_says_what_is_true_of_what_was_being_written(self, report: batch.Report) -> None:
        left = outcomes(London=Ending.APPLIED, Paris=Ending.NOT_RUN)
        unclear = outcomes(London=Ending.UNKNOWN, Paris=Ending.NOT_RUN)
        assert told(report, interrupted=True, outcomes=left)[1] == (
            "Stopped by you. Writes under way were settled first."
        )
        assert told(report, interrupted=True, outcomes=unclear)[1] == (
            "Stopped by you. Some writes under way could not be settled: see what is unknown."
        )
        assert told(report, interrupted=True)[1] == "Stopped by you after everything was written."

    def test_a_lost_pbx_is_told_in_its_own_words(self, report: batch.Report) -> None:
        lost = PbxUnreachable("Nothing answers.", "Is the VPN up?")
        assert told(report, lost=lost)[1] == "Nothing answers. Is the VPN up?"

    def test_a_journal_that_takes_no_more_is_told_as_one(self, report: batch.Report) -> None:
        lost = OutputError("journal.sqlite", "no space left on device")
        said = told(report, lost=lost, outcomes=outcomes(London=Ending.UNKNOWN, Paris=Ending.NOT_RUN))
        assert said[1:3] == [
            (
                "The run stopped: Cannot write journal.sqlite: no space left on device. "
                "Without its journal nothing more is written to the PBX."
            ),
            f"Make room, or mend what is wrong with {report.folder.path}, before you go on.",
        ]

    def test_results_that_no_disk_took_can_be_had_by_resuming(self, report: batch.Report) -> None:
        results = replace(report.results, path=None, note="The disk is full.")
        said = told(report, results=results, outcomes=outcomes(London=Ending.APPLIED, Paris=Ending.REFUSED))
        assert said[-4:] == [
            "The disk is full.",
            f"Run: {report.folder.path}",
            (
                "Make room; then go on with it, which writes the results too:  "
                f"trunk-batch resume {quoted(report.folder.path)}"
            ),
            "Results: none yet",
        ]

    def test_a_journal_that_took_nothing_before_anything_was_sent_is_an_error_to_programs(
        self, report: batch.Report, capsys: pytest.CaptureFixture[str]
    ) -> None:
        capsys.readouterr()
        nothing = {2: Outcome(row=2, name="London", ending=Ending.NOT_RUN)}
        lost = OutputError("journal.sqlite", "no space left on device")
        assert _show_report(replace(report, lost=lost, outcomes=nothing), Console(json=True)) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "cannot-write"

    def test_programs_get_null_for_them(self, report: batch.Report) -> None:
        assert report_json(report)["results"] == str(report.results.path)
        assert report_json(replace(report, results=replace(report.results, path=None)))["results"] is None

    def test_many_trunks_are_cut_short_and_it_is_said_where_the_rest_is(self, report: batch.Report) -> None:
        many = {row: Outcome(row=row, name=f"T{row}", ending=Ending.FAILED, note=f"Why {row}.") for row in range(20)}
        assert "  … and 8 more trunks; the results workbook has every one." in told(report, outcomes=many)
        nowhere = replace(report.results, path=None)
        assert "  … and 8 more trunks; -v shows every one." in told(report, outcomes=many, results=nowhere)
        whole = list(report_text(replace(report, outcomes=many), IN_FULL))
        assert "  T19: failed. Why 19." in whole
        assert not any("every one" in line for line in whole)

    def test_the_worst_comes_first(self, report: batch.Report) -> None:
        mixed = outcomes(
            A=Ending.NOT_RUN, B=Ending.INVALID, C=Ending.REFUSED, D=Ending.FAILED, E=Ending.UNKNOWN, F=Ending.PARTIAL
        )
        listed = [line for line in told(report, outcomes=mixed) if line.startswith("  ") and ":" in line[:5]]
        assert listed == [
            "  F: partial.",
            "  E: unknown.",
            "  D: failed.",
            "  C: refused.",
            "  B: invalid.",
            "  A: not run.",
        ]

    def test_trunks_with_the_same_words_share_a_line(self, report: batch.Report) -> None:
        why = "Stopped by you before its turn."
        left = {row: Outcome(row=row, name=f"T{row}", ending=Ending.NOT_RUN, note=why) for row in range(8, 41)}
        left[41] = Outcome(row=41, name="T41", ending=Ending.FAILED, errmsg="reset by peer")
        said = told(report, outcomes=left)
        names = ", ".join(f"T{row}" for row in range(8, 20))
        first = said.index("  T41: failed. Reset by peer.")
        assert said[first + 1 : first + 3] == [
            f"  33 trunks not run: {names} and 21 more. {why}",
            "  The results workbook has every one.",
        ]
        assert any(f"T39, T40. {why}" in line for line in report_text(replace(report, outcomes=left), IN_FULL))

    def test_what_the_note_says_already_is_not_said_twice(self, report: batch.Report) -> None:
        note = "The PBX does not answer: connection refused."
        lost = {2: Outcome(row=2, name="London", ending=Ending.UNKNOWN, errmsg="Connection refused", note=note)}
        assert f"  London: unknown. {note}" in told(report, outcomes=lost)

    def test_a_partial_trunk_without_words_says_how_much_differs(self, report: batch.Report) -> None:
        one = Difference(fields={"hostname": ("a", "b")})
        did, moved = Did(number="1", name=""), Did(number="2", name="")
        changes = (
            EntryChange(ChangeKind.ADDED, did, did),
            EntryChange(ChangeKind.RENAMED, moved, moved),
            EntryChange(ChangeKind.MOVED, moved, moved, was=1, becomes=2),
        )
        some = {columns.DIDS: ListDifference(changes=changes)}
        for difference, words in (
            (one, "1 field differs; the sheet Changes lists it."),
            (replace(one, lists=some), "1 field and 2 list entries differ; the sheet Changes lists them."),
            (Difference(lists=some), "2 list entries differ; the sheet Changes lists them."),
        ):
            partial = {2: Outcome(row=2, name="London", ending=Ending.PARTIAL, difference=difference, read=True)}
            assert f"  London: partial. {words}" in told(report, outcomes=partial)

    def test_after_a_lost_pbx_there_is_one_thing_to_do(self, shell: Shell, book: Path, secret: str) -> None:
        assert secret
        gone = {"call": "*", "do": "drop_before", "times": "always", "after": 6}
        with pbx(faults=[gone]) as served:
            ran = shell("apply", book, *at(served), "--yes", "--attempts", "1", "--give-up-after", "0.1")
        assert ran.code == 5
        assert "Go on with it:  trunk-batch resume " in ran.out
        assert "run again" not in ran.out.replace("Whoever runs it resumes the run, or runs it again.", "")
