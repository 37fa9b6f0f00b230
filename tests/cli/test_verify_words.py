"""Comparing the PBX with what a run wanted: the counts, the cells, what was settled, and what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import batch
from batch.reports.run_text import verified_text
from batch.runs.outcomes import Ending
from batch.runs.run_status import RunStatus, State, read_status
from batch.settings import Settings
from batch.tables.row_results import ChangeLine
from batch.wording import IN_FULL, quoted
from batch.writers.run_results import Results
from tests.cli.shell import SECRET, Shell, at, calls, last_run, pbx, rows_of, write_book

DENIED = {"call": "trunk/update", "match": {"id": 2}, "do": "errcode", "errcode": 10005}
"""Paris makes the tool stop, so that what became of London is not read any more."""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """London gets a host, a password and a list of DIDs; Paris a host."""
    return write_book(
        tmp_path / "book.xlsx",
        trunks=[
            ("Name", "Hostname", "Password", "DIDs mode"),
            ("London", "new.example", "Sample-new-password", "replace"),
            ("Paris", "new.example", "", ""),
        ],
        dids=[("Trunk", "DID", "DID name"), ("London", "442079460100", "Main"), ("London", "442079460101", "")],
    )


@pytest.mark.usefixtures("secret")
class TestVerify:
    def test_0_when_everything_is_as_wanted(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            shell("apply", book, *at(served), "--yes")
            sent = calls(served).count("trunk/update")
            ran = shell("verify", last_run(book))
            assert shell("verify", last_run(book).name, "--json").json == {"match": 2, "differ": []}
            assert calls(served).count("trunk/update") == sent
            assert served.count_valid_tokens() == 0
        assert ran.code == 0
        assert ran.out.splitlines() == ["All 2 trunks are as the run wanted."]

    def test_5_when_something_differs_cell_by_cell_without_a_secret(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            shell("apply", book, *at(served), "--yes")
            served.state.edit_trunk(
                1,
                {
                    "hostname": "",
                    "password": "Sample-other-password",
                    "did_list": [{"did": "442079460100", "did_name": "Front"}, {"did": "9"}],
                },
            )
            ran = shell("verify", last_run(book))
            told = shell("verify", last_run(book), "--json", "-v")
        assert ran.code == told.code == 5
        assert ran.out.splitlines() == [
            "1 trunk is as the run wanted, 1 differs.",
            "  Trunks!B2 London Hostname: wanted new.example, found (blank)",
            "  Trunks!C2 London Password: not the wanted one",
            "  DIDs!B3 London DID: wanted 442079460101, it is not there",
            "  Trunks!D2 London DID: not wanted, and there: 9",
            "  DIDs!B2 London DID: wanted 442079460100 (Main), found 442079460100 (Front)",
            "Either the run could not write it, or somebody has changed it since. To see what would put it right:",
            f"    trunk-batch plan {quoted(book)} --url {served.url} --client-id script",
        ]
        assert told.json["match"] == 1
        assert told.json["differ"][:2] == [
            {"sheet": "Trunks", "cell": "B2", "trunk": "London", "field": "Hostname", "wanted": "new.example",
             "found": ""},
            {"sheet": "Trunks", "cell": "C2", "trunk": "London", "field": "Password", "wanted": "<hidden>",
             "found": "<hidden>"},
        ]  # fmt: skip
        for said in (ran, told):
            assert not any(word in said.out + said.err for word in ("Sample-", SECRET))

    def test_a_trunk_that_is_gone_differs(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            shell("apply", book, *at(served), "--yes")
            del served.state.trunks[2]
            ran = shell("verify", last_run(book))
        assert ran.code == 5
        assert "  Trunks!A3 Paris Name: wanted Paris, found no such trunk" in ran.out

    def test_what_was_unknown_is_settled_also_where_the_run_was_cut_short(self, shell: Shell, book: Path) -> None:
        with pbx(faults=[DENIED]) as served:
            first = shell("apply", book, *at(served), "--yes", "--concurrency", "1", "--json")
            assert [trunk["ending"] for trunk in first.json["trunks"]] == ["unknown", "refused"]
            ran = shell("verify", last_run(book))
        assert ran.code == 5
        assert "1 trunk that was unknown: 1 applied." in ran.out.splitlines()
        results = book.with_name("book-results.xlsx")
        assert f"The results were written again: {results}" in ran.out.splitlines()
        assert [row[4] for row in rows_of(results, "Trunks")[1:]] == ["applied", "refused"]
        told = shell("status", last_run(book), "--json").json
        assert (told["state"], told["counts"]["unknown"], told["counts"]["applied"] > 0) == ("finished", 0, True)

    def test_results_are_made_anew_where_the_run_is_over(self, shell: Shell, book: Path) -> None:
        lost = {"call": "trunk/update", "match": {"id": 1}, "do": "drop_after"}
        with pbx(faults=[lost]) as served:
            first = shell("apply", book, *at(served), "--yes", "--no-read-back", "--json")
            assert [trunk["ending"] for trunk in first.json["trunks"]] == ["unknown", "applied"]
            ran = shell("verify", last_run(book))
        results = book.with_name("book-results.xlsx")
        assert ran.out.splitlines() == [
            "All 2 trunks are as the run wanted.",
            "1 trunk that was unknown: 1 applied.",
            f"The results were written again: {results}",
        ]
        assert [row[4] for row in rows_of(results, "Trunks")[1:]] == ["applied", "applied"]

    def test_6_when_the_pbx_cannot_be_read(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            shell("apply", book, *at(served), "--yes")
        ran = shell("verify", last_run(book), "--give-up-after", "0", "--attempts", "1", "--json")
        assert (ran.code, ran.error["code"]) == (6, "pbx-unreachable")

    def test_requests_are_shown_and_logged_if_asked_for(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            shell("apply", book, *at(served), "--yes")
            ran = shell("verify", last_run(book), "-v", "--log", "log.jsonl")
        assert "call=trunk/query  ids=1,2" in ran.err
        assert '"call": "trunk/query"' in Path("log.jsonl").read_text()

    def test_a_rehearsal_says_that_it_is_one(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / "b.xlsx", trunks=[("Name", "Hostname"), ("London", "new.example")])
        shell("apply", book, "--practice", "--yes", "--settle-wait", "0")
        assert shell("verify", last_run(book)).out == "PRACTICE: 1 trunk is as the run wanted.\n"


class TestWords:
    @pytest.fixture
    def verified(self, book: Path) -> batch.Verified:
        settings = Settings(workbook=book, practice=True, rate=1000, settle_wait=0)
        report = batch.apply(settings)
        assert isinstance(report, batch.Report)
        return batch.verify(report.folder.path)

    def told(self, verified: batch.Verified, standing: RunStatus | None = None) -> Sequence[str]:
        there = standing or read_status(verified.folder)
        return list(verified_text(verified, there))

    def test_many_cells_are_counted_and_verbose_lists_them(self, verified: batch.Verified) -> None:
        one = ChangeLine("Trunks", "B2", "London", "Port", before="", wanted="5061", found="5060")
        many = replace(verified, differ=tuple(one._replace(cell=f"B{row}") for row in range(2, 52)))
        said = self.told(many)
        assert said[41] == "  … and 10 more; -v or --json shows every one."
        whole = verified_text(many, read_status(many.folder), IN_FULL)
        assert "  Trunks!B51 London Port: wanted 5061, found 5060" in list(whole)

    def test_what_was_settled_is_counted_by_ending(self, verified: batch.Verified) -> None:
        settled = replace(
            verified,
            settled=Counter({Ending.APPLIED: 2, Ending.FAILED: 1}),
            results=Results(path=None, note="The disk is full."),
        )
        assert self.told(settled)[1:] == ["3 trunks that were unknown: 2 applied, 1 failed.", "The disk is full."]

    def test_results_that_do_not_say_so_yet_are_had_by_resuming(self, verified: batch.Verified) -> None:
        settled = replace(verified, settled=Counter({Ending.APPLIED: 1}))
        assert self.told(settled)[-1] == (
            f"The results do not show this yet. To write them again:  trunk-batch resume {quoted(verified.folder)}"
        )

    def test_a_run_that_is_not_at_its_end_is_gone_on_with(self, verified: batch.Verified) -> None:
        standing = replace(read_status(verified.folder), state=State.UNFINISHED)
        assert self.told(verified, standing)[-1] == (
            f"The run is not at its end. Go on with it:  trunk-batch resume {quoted(verified.folder)}"
        )
