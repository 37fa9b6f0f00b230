"""What people read: every message names the cell or the trunk and says what to do."""

from __future__ import annotations

import errno
import io
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from batch.cli.console import Bar, Console, Terminal
from batch.reports.check_text import problems_text, unseen_text
from batch.runs.outcomes import Ending, Outcome
from batch.schema.problems import Problem
from batch.wording import IN_FULL, duration, quoted, size
from tests.cli.shell import LOSING_NUMBERS, Shell, at, pbx, plan_at, write_book


def problem(row: int, message: str = "Wrong.", fix: str = "Type it right.", value: str = "x") -> Problem:
    return Problem(code="required", sheet="DIDs", row=row, column=2, value=value, message=message, fix=fix)


class TestProblems:
    def test_the_same_words_in_many_rows_are_said_once_with_the_rows(self) -> None:
        assert list(problems_text([problem(2), problem(3), problem(9)])) == [
            "ERROR  A cell must not be blank (3 times)  [required; spreadsheet editor]",
            '    DIDs, column C, rows 2-3, 9 "x": Wrong.',
            "        Type it right.",
        ]

    def test_what_differs_only_by_its_value_is_one_line_with_the_rows_and_an_example(self) -> None:
        many = [
            problem(row, message=f'"{row}" is no DID.', fix=f"Type {row}0.", value=str(row)) for row in range(2, 402)
        ]
        assert list(problems_text(many)) == [
            "ERROR  A cell must not be blank (400 times; -v lists every one)  [required; spreadsheet editor]",
            '    DIDs, column C, rows 2-401: e.g. C2 "2": "2" is no DID.',
            "        Type 20.",
        ]
        whole = list(problems_text(many, IN_FULL))
        assert len(whole) == 801
        assert whole[-2:] == ['    DIDs!C401 "401": "401" is no DID.', "        Type 4010."]

    def test_up_to_three_of_them_are_told_one_by_one(self) -> None:
        few = [problem(row, message=f"Wrong in {row}.", value="") for row in range(2, 5)]
        assert [line for line in problems_text(few) if "Wrong" in line] == [
            "    DIDs!C2: Wrong in 2.",
            "    DIDs!C3: Wrong in 3.",
            "    DIDs!C4: Wrong in 4.",
        ]

    def test_columns_and_other_words_are_not_thrown_together(self) -> None:
        found = [
            replace(problem(row, value=""), column=row % 2, message=words) for row in range(2, 12) for words in "AB"
        ]
        assert [line.strip() for line in problems_text(found) if ": " in line] == [
            "DIDs, column A, rows 2, 4, 6, 8, 10: A",
            "DIDs, column A, rows 2, 4, 6, 8, 10: B",
            "DIDs, column B, rows 3, 5, 7, 9, 11: A",
            "DIDs, column B, rows 3, 5, 7, 9, 11: B",
        ]

    def test_many_wordings_are_counted_and_verbose_lists_them(self) -> None:
        many = [problem(row, message=f"Wrong {chr(63 + row)}.", value="") for row in range(2, 22)]
        assert list(problems_text(many))[-1] == "    … and 8 more of this kind; -v lists every one."
        assert list(problems_text(many, IN_FULL))[-2:] == ["    DIDs!C21: Wrong T.", "        Type it right."]

    def test_what_may_have_been_meant_is_said_for_each_cell(self) -> None:
        dates = [
            replace(
                problem(row, message=f'"{row}-Jan" is a date.', value=f"{row}-Jan"), offers=(f"1-{row}", f"{row}-1")
            )
            for row in range(2, 6)
        ]
        assert list(problems_text(dates))[-1] == (
            '        Type: C2 "1-2" or "2-1"; C3 "1-3" or "3-1"; C4 "1-4" or "4-1"; C5 "1-5" or "5-1".'
        )

    def test_an_offer_that_the_fix_names_is_not_said_twice(self) -> None:
        said = replace(problem(2, fix="Type 1-2."), offers=("1-2",))
        assert list(problems_text([said]))[-1] == "        Type 1-2."

    def test_only_what_nobody_sees_is_named_where_notices_are_not_told(self) -> None:
        hidden = Problem(code="rows-hidden", sheet="DIDs", row=7, message="Row 7 is hidden.", fix="Show it.")
        assert list(unseen_text([problem(2), hidden])) == ["DIDs!A7: Row 7 is hidden."]

    def test_many_scattered_rows_are_cut_short_too(self) -> None:
        many = [problem(row) for row in range(2, 60, 2)]
        assert " …" in list(problems_text(many))[1]
        assert " …" not in list(problems_text(many, IN_FULL))[1]

    def test_a_fix_that_is_none_is_not_said_and_a_long_value_is_cut(self) -> None:
        lines = list(problems_text([problem(2, fix="Nothing to do, if that is meant.", value="y" * 99)]))
        assert len(lines) == 2
        assert f'"{"y" * 59}…"' in lines[1]


class TestCommands:
    @pytest.mark.skipif(os.name == "nt", reason="how a Unix shell wants it")
    def test_a_name_is_quoted_where_a_shell_would_trip_over_it(self) -> None:
        assert quoted(Path("my book.xlsx")) == "'my book.xlsx'"
        assert quoted("a&b.xlsx") == "'a&b.xlsx'"
        assert quoted("book.xlsx") == "book.xlsx"

    def test_a_check_repeats_the_flags_that_choose_trunks(self, shell: Shell, book: Path) -> None:
        ran = shell("check", book, "--only", "London", "Paris", "--first", "1")
        assert ran.out.splitlines()[-1] == f"Next: trunk-batch plan {book} --only London Paris --first 1 --practice"

    @pytest.mark.usefixtures("secret")
    def test_a_plan_repeats_every_flag_that_bears_on_it(self, shell: Shell, book: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("Sample-client-secret")
        flags = [
            "--secret-file",
            "secret",
            "--proxy",
            "env",
            "--only",
            "London",
            "--allow",
            "removals",
            "--skip-invalid",
        ]
        with pbx() as served:
            ran = shell("plan", book, *plan_at(served), *flags)
            where = f"--url {served.url} --client-id script --secret-file secret --proxy env"
            assert (
                f"apply {book} {where} --only London --allow removals --skip-invalid --rate 1000 --expect " in ran.out
            )
            ran = shell("plan", book, *plan_at(served), "--insecure")
        assert "--client-id script --insecure --rate 1000 --expect" in ran.out
        assert "PBX's certificate is not checked" in ran.out

    def test_a_check_asks_for_no_pbx_that_is_known_already(
        self, shell: Shell, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "give --url and --client-id in place of --practice" in shell("check", book).out
        monkeypatch.setenv("TRUNK_BATCH_URL", "https://192.0.2.10:8088")
        assert "give --url and --client-id in place of --practice" in shell("check", book).out
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_ID", "script")
        said = "To see what would change on https://192.0.2.10:8088 (add --practice to rehearse without it):"
        assert said in shell("check", book).out
        (tmp_path / "trunk-batch.toml").write_text("what is this")
        assert "give --url and --client-id in place of --practice" in shell("check", book).out

    def test_a_check_counts_the_dids_that_rows_of_blocks_are(self, shell: Shell, tmp_path: Path) -> None:
        rows = [("Trunk", "DID"), ("London", "442079460100-199"), ("London", "442079460200")]
        ran = shell("check", write_book(tmp_path / "b.xlsx", dids=rows))
        assert "b.xlsx: 2 trunks, 0 caller-ID rows, 2 DID rows with 101 DIDs.\n" in ran.out

    def test_what_a_check_offers_runs_as_it_is_printed(self, shell: Shell, book: Path, tmp_path: Path) -> None:
        *_, offered = shell("check", book).out.splitlines()
        assert shell(*shlex.split(offered.removeprefix("Next: trunk-batch "))).code == 0
        profiles = tmp_path / "profiles.toml"
        profiles.write_text("[night]\nrate = 5\n")
        *_, offered = shell("check", book, "--profile", "night", "--profile-file", profiles).out.splitlines()
        assert offered == f"Next: trunk-batch plan {book} --profile night --profile-file {profiles}"

    def test_a_workbook_that_asks_for_nothing_has_no_largest_request(self, shell: Shell, tmp_path: Path) -> None:
        ran = shell("check", write_book(tmp_path / "b.xlsx", trunks=[("Name",), ("London",)]))
        assert ran.code == 0
        assert "largest" not in ran.out


class TestPlans:
    @pytest.mark.usefixtures("secret")
    def test_every_kind_of_change_has_its_line(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(
            tmp_path / "b.xlsx",
            trunks=[("Name", "Domain", "DIDs mode"), ("London", "<clear>", "replace")],
            dids=[
                ("Trunk", "DID", "DID name"),
                ("London", "3", "New"),
                ("London", "2", ""),
                ("London", "1", "Renamed"),
            ],
            caller_ids=[
                ("Trunk", "Option", "Caller ID", "Extension range", "Extensions"),
                ("London", "shared", "442079460100", "", "1001, 1002"),
                ("London", "range", "442079460110-442079460111", "1001-1002", ""),
            ],
        )
        one = {
            "outbound_cid_option": "shared",
            "outbound_cid": "442079460100",
            "ext_list": [{"type": "extension", "id": 1}],
        }
        dids = [{"did": d, "did_name": f"Old {d}"} for d in ("0", "1", "2")]
        with pbx({"id": 1, "name": "London", "domain": "d", "did_list": dids, "outbound_cid_list": [one]}) as served:
            ran = shell("plan", book, *plan_at(served))
            as_json = shell("plan", book, *plan_at(served), "--json").json["changes"][0]
            assert shell("apply", book, *at(served), "--yes", *LOSING_NUMBERS).code == 0
        assert "    Domain: d → (blank)" in ran.out
        for line in ("DIDs: ", "+ 3 (New)", "- 0 (Old 0)", "~ 1: Old 1 → Renamed", "↕ ", "place "):
            assert line in ran.out
        assert "~ 442079460100 for 1001 → 442079460100 for 1001, 1002" in ran.out
        assert "+ 442079460110-442079460111 for 1001-1002" in ran.out
        assert as_json["dids"]["renamed"] == [{"did": "1", "old": "Old 1", "new": "Renamed"}]
        assert as_json["dids"]["removed"] == [{"did": "0", "did_name": "Old 0"}]
        assert set(as_json["dids"]["moved"][0]) == {"did", "from", "to"}
        assert as_json["caller_ids"]["changed"][0]["caller_id"] == "442079460100"
        assert as_json["caller_ids"]["added"][0]["extension_range"] == "1001-1002"

    @pytest.mark.usefixtures("secret")
    def test_many_trunks_are_counted_and_verbose_lists_them(self, shell: Shell, tmp_path: Path) -> None:
        names = [f"T{i}" for i in range(1, 51)]
        book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Port"), *((name, "5061") for name in names)])
        refused = {"call": "trunk/update", "do": "errcode", "errcode": 10009, "times": "always"}
        with pbx(*({"id": i, "name": name} for i, name in enumerate(names, 1)), faults=[refused]) as served:
            brief = shell("plan", book, *plan_at(served)).out
            assert "\n50 trunks with the same change: T1, T2, " in brief
            assert "T12 and 38 more\n    Port: (blank) → 5061\n" in brief
            assert brief.count("Port: ") == 1
            assert brief.count("50 trunks would be written.") == 2, "in front, and where the screen ends"
            assert "T50  (id 50, register)" in shell("plan", book, *plan_at(served), "-v").out
            ran = shell("apply", book, *at(served), "--yes")
        assert "  50 trunks refused: T1, " in ran.out
        assert " and 38 more. 10009 OPERATION FAILED. " in ran.out
        assert "\n  The results workbook has every one.\n  More about 10009:  trunk-batch explain 10009\n" in ran.out

    @pytest.mark.usefixtures("secret")
    def test_trunks_that_change_otherwise_are_told_one_by_one_up_to_forty(self, shell: Shell, tmp_path: Path) -> None:
        rows = [(f"T{i}", f"h{i}.example") for i in range(1, 51)]
        book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Hostname"), *rows])
        with pbx(*({"id": i, "name": name} for i, (name, _) in enumerate(rows, 1))) as served:
            told = shell("plan", book, *plan_at(served)).out
        assert told.count("Hostname: ") == 40
        assert "… and 10 more trunks; -v, plan -o FILE.xlsx or --json shows every one." in told

    def test_sizes_below_a_kibibyte_are_told_in_bytes(self) -> None:
        assert [size(amount) for amount in (0, 1, 51, 1023, 1024, 1_600_000)] == [
            "0 bytes",
            "1 byte",
            "51 bytes",
            "1,023 bytes",
            "1.0 KiB",
            "1,562.5 KiB",
        ]

    def test_an_hour_is_told_in_minutes(self) -> None:
        assert duration(3600) == "60 min"
        assert duration(0.2) == "1 s"


class TestReports:
    @pytest.mark.usefixtures("secret")
    def test_what_never_answered_is_said_at_its_trunk(self, shell: Shell, book: Path) -> None:
        silent = {"call": "trunk/update", "match": {"id": 1}, "do": "drop_before", "times": "always"}
        with pbx(faults=[silent]) as served:
            ran = shell("apply", book, *at(served), "--yes", "--attempts", "1")
        assert ran.code == 5
        assert "  London: failed. The connection was closed without an HTTP answer." in ran.out

    @pytest.mark.usefixtures("secret")
    def test_a_csv_folder_gets_csv_results_as_well(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "sheets"
        folder.mkdir()
        (folder / "trunks.csv").write_text("Name,Hostname\nLondon,new.carrier.example\n")
        with pbx() as served:
            ran = shell("apply", folder, *at(served), "--yes", "--log", "log.jsonl")
        assert ran.code == 0
        assert f"Results as CSV: {tmp_path / 'sheets-results'}" in ran.out

    @pytest.mark.usefixtures("secret")
    def test_a_trunk_that_lost_its_registration_is_named_first(self, shell: Shell, book: Path) -> None:
        with pbx({"id": 1, "name": "London", "fails_registration": True}, {"id": 2, "name": "Paris"}) as served:
            ran = shell("apply", book, *at(served), "--settle-wait", "0.1", "--yes")
        assert ran.code == 0
        assert "London was up before (idle) and is now registration failed: look at it first." in ran.out
        assert "Waiting 0.1 s, then looking whether the trunks are up again." in ran.err

    @pytest.mark.usefixtures("secret")
    def test_statuses_that_cannot_be_read_change_no_ending(self, shell: Shell, book: Path) -> None:
        lost = {"call": "trunk/list", "do": "errcode", "errcode": 10005, "after": 1, "times": "always"}
        with pbx(faults=[lost]) as served:
            ran = shell("apply", book, *at(served), "--settle-wait", "0.1", "--yes")
        assert ran.code == 0
        assert "Whether the trunks are up again could not be read: " in ran.out


class Gone(io.StringIO):
    """A stream whose reader has left."""

    def isatty(self) -> bool:
        return True

    def write(self, _text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


class TestProgress:
    def outcome(self, ending: Ending) -> Outcome:
        return Outcome(row=2, ending=ending)

    def test_done_and_failed_are_counted(self, capsys: pytest.CaptureFixture[str]) -> None:
        bar = Bar(2, hidden=False)
        bar.settled(self.outcome(Ending.APPLIED))
        bar.clear()
        bar.settled(self.outcome(Ending.REFUSED))
        assert "2/2" in capsys.readouterr().err.rpartition("\r")[2]

    def test_failures_are_shown(self, capsys: pytest.CaptureFixture[str]) -> None:
        bar = Bar(1, hidden=False)
        bar.settled(self.outcome(Ending.FAILED))
        assert "failed=1" in capsys.readouterr().err

    def test_a_hidden_bar_and_one_of_nothing_say_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        Bar(1, hidden=True).settled(self.outcome(Ending.APPLIED))
        Bar(0, hidden=False).clear()
        assert capsys.readouterr().err == ""

    def test_it_goes_on_when_nobody_looks_any_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bar = Bar(2, hidden=False)
        bar.settled(self.outcome(Ending.APPLIED))
        bar._bar.fp = Gone()  # noqa: SLF001 - a terminal that goes away in the middle
        monkeypatch.setattr(sys, "stderr", Gone())
        bar.clear()
        bar.settled(self.outcome(Ending.APPLIED))

    def test_other_words_do_not_run_into_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        terminal = Terminal(Console(json=False), assume_yes=True)
        terminal.watch(2).settled(self.outcome(Ending.APPLIED))
        terminal.tell("The PBX asks for less.")
        assert capsys.readouterr().err.endswith("The PBX asks for less.\n")
