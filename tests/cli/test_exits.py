"""Every exit code, the JSON shape that belongs to it, and what goes to stdout and to stderr."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from batch.cli.console import Console
from batch.cli.main import _crashes_in_json
from tests.afflictions import be_at_fault
from tests.cli.shell import DIDS, LOSING_NUMBERS, SECRET, Shell, at, calls, pbx, plan_at, rows_of, write_book
from tests.forked import Forked

PLAN = {
    *("schema", "pbx", "practice", "workbook", "digest", "exit_code", "command", "counts"),
    *("changes", "hazards", "problems", "forecast", "census", "follow_up", "test_calls"),
    *("approval", "seal"),
}
REPORT = {"run", "results", "undo", "counts", "sheets", "trunks", "census", "follow_up", "test_calls"}
ENDINGS = (
    "applied",
    "unchanged",
    "skipped",
    "invalid",
    "blocked",
    "refused",
    "failed",
    "partial",
    "unknown",
    "not run",
)
LOSING = ({"id": 1, "name": "London", "did_list": [{"did": "1"}, {"did": "2"}]}, {"id": 2, "name": "Paris"})
REFUSING = {"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 40002, "times": "always"}


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """Paris has a port that is none."""
    return write_book(
        tmp_path / "wrong.xlsx",
        trunks=[("Name", "Hostname", "Port"), ("London", "new.carrier.example", ""), ("Paris", "", "many")],
    )


class TestTemplate:
    def test_0(self, shell: Shell, tmp_path: Path) -> None:
        ran = shell("template", "--json")
        assert (ran.code, ran.json) == (0, {"template": "trunks.xlsx"})
        assert "trunk-batch check trunks.xlsx" in ran.err
        ran = shell("template", "-o", "folder")
        assert ran.code == 0
        assert "Fill in its CSV files" in ran.out
        assert (tmp_path / "folder" / "trunks.csv").exists()


class TestCheck:
    def test_0_with_notices_only(self, shell: Shell, book: Path) -> None:
        ran = shell("check", book, "--json")
        assert ran.code == 0
        assert ran.json["counts"]["problem"] == 0
        assert ran.err == ""

    def test_3_with_problems(self, shell: Shell, wrong: Path) -> None:
        ran = shell("check", wrong, "--json")
        assert ran.code == 3
        assert ran.json["counts"] == {"problem": 1, "notice": 0}
        assert list(ran.json["problems"][0]) == [
            "severity", "code", "sheet", "cell", "row", "column", "value", "message", "fix", "who",
        ]  # fmt: skip
        assert (ran.json["problems"][0]["cell"], ran.json["problems"][0]["value"]) == ("C3", "many")
        ran = shell("check", wrong)
        assert ran.code == 3
        assert "Trunks!C3" in ran.out
        assert "1 error. Nothing will be sent until it is corrected." in ran.out
        assert ran.out.splitlines()[-1] == "More about not-a-number:  trunk-batch explain not-a-number"

    def test_2_for_a_trunk_that_the_workbook_does_not_have(self, shell: Shell, book: Path) -> None:
        ran = shell("check", book, "--only", "Lndon", "--json")
        assert (ran.code, ran.error["code"]) == (2, "usage")
        assert ran.error["message"] == "--only names Lndon, which the workbook does not have."
        assert ran.error["hint"] == "Did you mean London? Give a Name or Trunk ID as it is in the workbook."


@pytest.mark.usefixtures("secret")
class TestPlan:
    def test_0(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            ran = shell("plan", book, *plan_at(served), "--json", "-o", "plan.xlsx")
            assert "trunk/update" not in calls(served)
            assert served.count_valid_tokens() == 0
        assert ran.code == 0
        plan = ran.json
        assert set(plan) == PLAN
        assert plan["changes"][0]["trunk"] == {"id": 1, "name": "London"}
        assert plan["changes"][0]["fields"] == {"hostname": ["old.carrier.example", "new.carrier.example"]}
        assert plan["changes"][0]["dids"]["added"] == [{"did": "442079460100", "did_name": "Main"}]
        assert plan["changes"][0]["caller_ids"]["added"][0]["extensions"] == [
            {"type": "extension", "id": 1, "number": "1001"}
        ]
        assert [change["kind"] for change in plan["changes"]] == ["update", "update"]
        assert plan["forecast"]["requests"] > 0
        assert "Plan: plan.xlsx" in ran.err
        assert rows_of(Path("plan.xlsx"), "Changes")[0][0] == "Sheet"

    def test_0_when_nothing_is_to_be_done(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / "same.xlsx", trunks=[("Name", "Hostname"), ("London", "old.carrier.example")])
        with pbx() as served:
            ran = shell("plan", book, *plan_at(served))
            assert shell("plan", book, *plan_at(served), "--json").json["changes"][0]["kind"] == "keep"
        assert ran.code == 0
        assert "No changes: 1 trunk is already up to date." in ran.out
        assert "Next:" not in ran.out

    def test_3_is_whole_all_the_same(self, shell: Shell, wrong: Path) -> None:
        with pbx() as served:
            ran = shell("plan", wrong, *plan_at(served), "--json")
            assert ran.code == 3
            assert set(ran.json) == PLAN
            assert [change["trunk"]["name"] for change in ran.json["changes"]] == ["London"]
            ran = shell("plan", wrong, *plan_at(served))
            assert ran.code == 3
            assert "1 error. Nothing is sent until it is corrected." in ran.out
            assert "Or leave out the 1 trunk concerned entirely with --skip-invalid." in ran.out
            assert ran.out.splitlines()[-1] == "More about not-a-number:  trunk-batch explain not-a-number"
            assert shell("plan", wrong, *plan_at(served), "--skip-invalid").code == 0

    def test_3_that_cannot_be_skipped_offers_no_skipping(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / "b.xlsx", dids=[("Trunk", "DID"), ("Nobody", "442079460100")])
        with pbx() as served:
            ran = shell("plan", book, *plan_at(served), "--skip-invalid")
        assert ran.code == 3
        assert "with --skip-invalid" not in ran.out

    def test_4_for_hazards_until_they_are_allowed_by_name(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / "b.xlsx", dids=DIDS)
        with pbx(*LOSING) as served:
            ran = shell("plan", book, *plan_at(served), "--json")
            assert ran.code == 4
            assert [(hazard["code"], hazard["trunk"]) for hazard in ran.json["hazards"]] == [
                ("removals", "London"),
                ("did-orphaned", "London"),
                ("size", ""),
            ]
            ran = shell("plan", book, *plan_at(served))
            assert ran.code == 4
            assert "To allow it: --allow removals=London" in ran.out
            assert "Nothing is sent until every hazard is allowed by name." in ran.out
            *_, more, offered = ran.out.splitlines()
            assert more == "More about removals:  trunk-batch explain removals"
            said, _, words = offered.partition(": trunk-batch ")
            assert said == "To allow all of them"
            ran = shell(*shlex.split(words))
            assert ran.code == 0
            assert "--allow removals=London --allow did-orphaned=London --allow size --rate 1000 --expect " in ran.out
            for hazard in ("removals", "removals=London", "removals=1"):
                ran = shell("plan", book, *plan_at(served), "--allow", hazard, *LOSING_NUMBERS)
                assert ran.code == 0
                assert "(allowed)" in ran.out
                assert f"--allow {hazard} --allow did-orphaned --allow size --rate 1000 --expect " in ran.out

    def test_4_for_several_hazards_offers_one_command_that_allows_them_all(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(
            tmp_path / "b.xlsx",
            trunks=[("Trunk ID",), ("1",), ("2",)],
            dids=[("Trunk", "DID"), ("1", "442079460100"), ("2", "442079460101")],
        )
        lists = {"did_list": [{"id": 1, "did": "441"}, {"id": 2, "did": "442"}]}
        with pbx({"id": 1, "name": "London", **lists}, {"id": 2, "name": "Paris and Lyon", **lists}) as served:
            ran = shell("plan", book, *plan_at(served))
            assert ran.code == 4
            said, _, words = ran.out.splitlines()[-1].partition(": trunk-batch ")
            assert said == "To allow all of them"
            ran = shell(*shlex.split(words))
        assert ran.code == 0
        assert ran.out.count("(allowed)") == 5

    def test_4_for_another_digest(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            ran = shell("apply", book, *at(served), "--yes", "--expect", "0" * 32)
            assert "trunk/update" not in calls(served)
        assert ran.code == 4
        assert f"This is not the expected plan: its digest is not {'0' * 32}. Nothing was sent." in ran.out


@pytest.mark.usefixtures("secret")
class TestApply:
    def test_0_and_the_plans_own_next_command_brings_it_about(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            planned = shell("plan", book, *plan_at(served))
            following = planned.out.splitlines()[-1]
            assert following.startswith(
                f"Next: trunk-batch apply {book} --url {served.url} --client-id script --rate 1000 --expect "
            )
            ran = shell(*following.removeprefix("Next: trunk-batch ").split(), "--yes", "--json", *at(served)[4:])
            assert served.count_valid_tokens() == 0
        assert ran.code == 0
        report = ran.json
        assert set(report) == REPORT
        assert tuple(report["counts"]) == ENDINGS
        assert report["counts"]["applied"] == 4
        assert {sheet: tuple(count) for sheet, count in report["sheets"].items()} == dict.fromkeys(
            ("Trunks", "Caller IDs", "DIDs"), ENDINGS
        )
        assert report["sheets"]["DIDs"]["applied"] == 1
        assert report["trunks"][0] == {
            "id": 1, "name": "London", "ending": "applied", "errcode": 0, "errmsg": "SUCCESS", "attempts": 1,
        }  # fmt: skip
        assert Path(report["results"]) == book.with_name("book-results.xlsx")
        assert Path(report["run"]).parent == book.with_name("book.runs")

    def test_2_without_a_terminal_and_without_yes(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            ran = shell("apply", book, *at(served), "--json")
            assert calls(served) == []
        assert (ran.code, ran.error["code"]) == (2, "usage")
        assert "--yes" in ran.error["hint"]

    def test_3_and_4_print_the_plan_and_begin_no_run(self, shell: Shell, wrong: Path, tmp_path: Path) -> None:
        losing = write_book(tmp_path / "losing.xlsx", dids=DIDS)
        with pbx(*LOSING) as served:
            for book, code in ((wrong, 3), (losing, 4)):
                ran = shell("apply", book, *at(served), "--yes", "--json")
                assert ran.code == code
                assert set(ran.json) == PLAN
                assert shell("apply", book, *at(served), "--yes").code == code
            assert "trunk/update" not in calls(served)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["losing.xlsx", "wrong.xlsx"]

    def test_5_when_some_rows_are_not_as_wanted(self, shell: Shell, book: Path) -> None:
        with pbx(faults=[REFUSING]) as served:
            ran = shell("apply", book, *at(served), "--yes", "--json")
            assert ran.code == 5
            assert set(ran.json) == REPORT
            assert [(trunk["ending"], trunk["errcode"]) for trunk in ran.json["trunks"]] == [
                ("refused", 40002), ("applied", 0),
            ]  # fmt: skip
            ran = shell("apply", book, *at(served), "--yes")
        assert "1 of 2 trunks need" in ran.out
        assert "  London: refused. 40002 " in ran.out
        assert ran.out.splitlines()[-1] == f"Results: {book.with_name('book-results.xlsx')}"
        assert f"trunk-batch plan {book.with_name('book-results.xlsx')} --url {served.url}" in ran.out

    def test_5_when_the_pbx_is_lost_after_something_was_sent(self, shell: Shell, book: Path) -> None:
        stop = {"call": "trunk/update", "match": {"id": 2}, "do": "errcode", "errcode": 10005, "times": "always"}
        with pbx(faults=[stop]) as served:
            ran = shell("apply", book, *at(served), "--yes", "--concurrency", "1", "--json")
        assert ran.code == 5
        assert [trunk["ending"] for trunk in ran.json["trunks"]] == ["unknown", "refused"]

    def test_6_when_it_is_lost_before_anything_was_sent_gives_an_error_and_results_all_the_same(
        self, shell: Shell, book: Path
    ) -> None:
        looks = {"call": "trunk/query", "do": "errcode", "errcode": 10005, "after": 1, "times": "always"}
        with pbx(faults=[looks]) as served:
            ran = shell("apply", book, *at(served), "--yes", "--json")
            assert "trunk/update" not in calls(served)
        assert ran.code == 6
        assert "10005" in ran.error["message"]
        assert rows_of(book.with_name("book-results.xlsx"), "Trunks")[1][2] == "not run"


@pytest.mark.usefixtures("secret")
class TestVoice:
    def test_quiet_says_the_result_and_nothing_by_the_way(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / "b.xlsx", dids=[("Trunk", "DID"), ("London", "442079460100-119")])
        assert "range-expanded" in shell("check", book).out
        assert "range-expanded" not in shell("check", book, "-q").out
        with pbx() as served:
            assert "range-expanded" not in shell("plan", book, *plan_at(served), "-q").out
            ran = shell("apply", book, *at(served), "--yes", "-q")
        assert ran.err == ""
        assert ran.out.splitlines()[0] == "All 2 trunks are up to date."

    def test_verbose_prints_every_request_redacted_and_cuts_no_list_short(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / "b.xlsx", dids=[("Trunk", "DID"), ("London", "442079460100-119")])
        with pbx() as served:
            brief, whole = shell("plan", book, *plan_at(served)), shell("plan", book, *plan_at(served), "-v")
            ran = shell("apply", book, *at(served), "--yes", "-v")
            asked = [request.call for request in served.requests]
        assert "+ … 8 more" in brief.out
        assert "442079460119" not in brief.out.partition("warning")[0]
        assert "+ 442079460119" in whole.out
        assert "call=trunk/query  ids=1,2  sign_in=1  reply=answer  http_status=200  errcode=0" in whole.err
        assert brief.err == f"PBX: {served.url} (from --url)\n"
        told = [line for line in ran.err.splitlines() if "call=" in line]
        assert len(told) == len(asked) - asked.index("del_token") * 2 - 2
        for said in (whole, ran):
            assert SECRET not in said.out + said.err
            assert "access_token" not in said.out + said.err

    def test_yes_prints_the_plans_head_and_hazards_but_no_entries(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / "b.xlsx", dids=DIDS)
        with pbx(*LOSING) as served:
            ran = shell("apply", book, *at(served), "--yes", "--allow", "removals", *LOSING_NUMBERS)
        assert ran.code == 0
        assert "2 trunks would be written, 2 list entries removed." in ran.out
        assert "HAZARD  London would lose 2 DIDs" in ran.out
        assert "Digest: " in ran.out
        assert "442079460100" not in ran.out
        assert "Next:" not in ran.out

    def test_the_log_has_every_request_and_nothing_secret(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            assert shell("plan", book, *plan_at(served), "--log", "log.jsonl").code == 0
            asked = calls(served)
        lines = [json.loads(line) for line in Path("log.jsonl").read_text().splitlines()]
        assert [line["call"] for line in lines] == asked
        assert SECRET not in Path("log.jsonl").read_text()


def test_a_fault_of_ours_gives_the_object_first_then_the_usual_trace(shell: Shell) -> None:
    done = Forked("check", "book.xlsx", "--json", env=os.environ, first=be_at_fault)
    out, err = done.communicate(timeout=60)
    assert done.returncode == 1
    assert json.loads(out)["error"]["code"] == "crash"
    assert "ZeroDivisionError" in err
    assert "Sample-" not in err
    assert shell("check", "book.xlsx").code == 3


def test_only_a_fault_of_ours_gives_that_object(capsys: pytest.CaptureFixture[str]) -> None:
    for error, said in ((ZeroDivisionError(), True), (KeyboardInterrupt(), False), (SystemExit(0), False)):
        with pytest.raises(type(error)), _crashes_in_json(Console(json=True)):
            raise error
        assert bool(capsys.readouterr().out) is said
    with pytest.raises(ZeroDivisionError), _crashes_in_json(Console(json=False)):
        raise ZeroDivisionError
    assert capsys.readouterr().out == ""
