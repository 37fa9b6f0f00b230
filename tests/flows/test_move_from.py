"""Moves of DIDs between trunks end to end: plan, apply, results, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from samples.making.files import Page, write_csv, write_workbook
from tests.flows.shell import Bench, Json, bench, endings, pbx, register, rows_of, run, serving

TRUNKS = (("Name", "Port"), ("London-1", ""), ("Paris-1", ""))
HEADER = ("Trunk", "DID", "DID name", "Move from")
DIDS = (HEADER, ("London-1", "442079460100-102", "", "Leeds-1"), ("Paris-1", "442079460200", "", "London-1"))
LIVE = (
    register(1, "Leeds-1", "442079460100", "442079460101", "442079460102", "442079460103"),
    register(2, "London-1", "442079460200"),
    register(3, "Paris-1"),
)
NAMES = {1: "Leeds-1", 2: "London-1", 3: "Paris-1"}


def held(there: Bench) -> dict[str, list[str]]:
    """Return the last digits of all DIDs, by trunk."""
    return {NAMES[i]: [one["did"][-3:] for one in trunk["did_list"]] for i, trunk in there.pbx.state.trunks.items()}


BEFORE = {"Leeds-1": ["100", "101", "102", "103"], "London-1": ["200"], "Paris-1": []}
AFTER = {"Leeds-1": ["103"], "London-1": ["100", "101", "102"], "Paris-1": ["200"]}


@pytest.fixture(autouse=True)
def _small_pbx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNK_BATCH_SIZE_PERCENT", "100")


def test_the_plan_says_where_each_did_comes_from_and_goes_to(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE) as there:
        planned = there.run("plan", "-v")
        assert planned.code == 0
        for line in (
            "3 trunks would be written, 4 DIDs moved to another trunk.",
            "      + 442079460100 from Leeds-1",
            "      - 442079460200 to Paris-1",
            "      - 442079460102 to London-1",
        ):
            assert line in planned.out.splitlines()
        found = there.run("plan", "--json").json
        assert found["counts"]["dids_moved"] == 4
        assert (found["counts"]["entries_added"], found["counts"]["entries_removed"]) == (0, 0)
        assert found["changes"][1]["dids"]["added"] == [
            {"did": "442079460200", "did_name": "", "moves_from": "London-1"}
        ]
        assert found["changes"][2]["trunk"] == {"id": 1, "name": "Leeds-1"}
        assert found["changes"][2]["dids"]["removed"][0] == {
            "did": "442079460100",
            "did_name": "",
            "moves_to": "London-1",
        }
        assert found["hazards"] == []


def test_the_plan_as_a_workbook_names_the_other_trunk(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE) as there:
        assert there.run("plan", "-o", tmp_path / "plan.xlsx").code == 0
        lines = rows_of(tmp_path / "plan.xlsx", "Changes")
        assert [(row["Trunk"], row["Field"], row["Cell"]) for row in lines[2:5]] == [
            ("London-1", "DID from Leeds-1", "B2"),
            ("London-1", "DID to Paris-1", "B3"),
            ("Paris-1", "DID from London-1", "B3"),
        ]
    page = tmp_path / "plan.html"
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE) as there:
        assert there.run("plan", "--summary", page).code == 0
    words = page.read_text(encoding="utf-8")
    assert "DIDs, 3 moved from Leeds-1: 442079460100 to 442079460102, 3 in all" in words
    assert words.index("<h2>What changes") < words.index("<h2>Follow-up") < words.index("<h2>Test calls")


@pytest.mark.parametrize("order", ["add-first", "remove-first"])
def test_all_of_it_is_done_and_done_once(tmp_path: Path, order: str) -> None:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE) as there:
        ran = there.apply("--move-order", order)
        assert (ran.code, endings(ran.json)) == (0, ["applied"] * 3)
        assert held(there) == AFTER
        assert ran.json["counts"]["applied"] == 4, "two rows of Trunks and two of DIDs; Leeds-1 has none"
        changes = rows_of(there.results, "Changes")
        assert {(row["Trunk"], row["Sheet"], row["Cell"]) for row in changes} == {
            ("London-1", "DIDs", "B2"),
            ("London-1", "DIDs", "B3"),
            ("Paris-1", "DIDs", "B3"),
            ("Leeds-1", "DIDs", "B2"),
        }
        again = there.run("plan", workbook=there.results)
        assert "No changes: 3 trunks are already up to date." in again.out
        assert "442079460200 is on Paris-1 already, and not on London-1: there is nothing to move." in again.out


def test_one_bad_move_leaves_out_only_the_trunks_that_it_touches(tmp_path: Path) -> None:
    dids = (*DIDS, ("Paris-1", "442079460999", "", "Leeds-1"))
    with bench(tmp_path, trunks=TRUNKS, dids=dids, live=LIVE) as there:
        assert there.apply().code == 3
        ran = there.apply("--skip-invalid")
        assert ran.code == 5
        assert held(there) == {"Leeds-1": ["103"], "London-1": ["200", "100", "101", "102"], "Paris-1": []}
        found = rows_of(there.results, "DIDs")
        assert [row["Result"] for row in found] == ["applied", "blocked", "invalid"]
        assert "442079460999 is neither on Leeds-1 nor on Paris-1." in str(found[2]["What to do"])


def test_a_giver_that_is_not_chosen_gives_and_its_rows_are_not_run(tmp_path: Path) -> None:
    trunks = (("Name", "Port"), ("London-1", ""), ("Leeds-1", "5999"))
    with bench(tmp_path, trunks=trunks, dids=DIDS[:2], live=LIVE) as there:
        assert there.apply("--only", "London-1").code == 0
        assert held(there) == {"Leeds-1": ["103"], "London-1": ["200", "100", "101", "102"], "Paris-1": []}
        assert there.pbx.state.trunks[1]["port"] != 5999
        rows = rows_of(there.results, "Trunks")
        assert [row["Result"] for row in rows] == ["applied", "not run"]


@pytest.mark.parametrize("name", ["dids.csv", "folder"])
def test_csv_files_move_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
        write_csv(path / "trunks.csv", TRUNKS, delimiter=",", encoding="utf-8")
        write_csv(path / "dids.csv", DIDS, delimiter=",", encoding="utf-8")
    else:
        write_csv(path, DIDS, delimiter=",", encoding="utf-8")
    with serving(path, pbx(LIVE)) as there:
        assert there.run("plan").code == 0
        assert run("apply", path, "--yes", *where(there), environment=SECRET).code == 0
        assert held(there) == AFTER


def test_an_export_is_edited_by_naming_another_trunk_and_the_old_one(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE) as there:
        export = tmp_path / "pbx.xlsx"
        assert run("export", "-o", export, *where(there), environment=SECRET).code == 0
        book = load_workbook(export)
        for row in book["DIDs"].iter_rows(min_row=2):
            if row[1].value == "442079460101":
                row[0].value, row[3].value = "Paris-1", "Leeds-1"
        book.save(export)
        planned = there.run("plan", workbook=export)
        assert planned.code == 0
        assert "2 trunks would be written, 1 already up to date, 1 DID moved to another trunk." in planned.out


def test_a_rehearsal_makes_up_trunks_that_have_what_they_give_up(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_workbook(path, Page(name="Trunks", lines=TRUNKS), Page(name="DIDs", lines=DIDS))
    ran = run("apply", path, "--practice", "--yes", "--json", "--settle-wait", "0", "--rate", "10000")
    assert (ran.code, endings(ran.json)) == (0, ["applied"] * 3)


SECRET = {"TRUNK_BATCH_CLIENT_SECRET": "Sample-practice-secret"}


def where(there: Bench) -> tuple[str, ...]:
    return ("--url", there.pbx.url, "--client-id", "practice")


def fault(trunk: int, **more: object) -> Json:
    return {"call": "trunk/update", "match": {"id": trunk}, **more}


class TestGoingOn:
    ONE_BY_ONE = ("--concurrency", "1", "--on-error", "stop")

    @pytest.mark.parametrize("order", ["add-first", "remove-first"])
    @pytest.mark.parametrize("trunk", [1, 2, 3])
    def test_a_write_that_failed_is_made_by_resume(self, tmp_path: Path, order: str, trunk: int) -> None:
        """Also that of the first trunk, which has no row."""
        faults = [fault(trunk, do="drop_before", times=2)]
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=faults) as there:
            assert there.apply("--move-order", order, "--attempts", "2", *self.ONE_BY_ONE).code == 5
            again = there.resume("--yes")
            assert (again.code, endings(again.json)) == (0, ["applied"] * 3)
            assert held(there) == AFTER

    @pytest.mark.parametrize("order", ["add-first", "remove-first"])
    @pytest.mark.parametrize("trunk", [1, 2, 3])
    def test_what_a_stopped_run_left_is_done_by_resume(self, tmp_path: Path, order: str, trunk: int) -> None:
        faults = [fault(trunk, do="errcode", errcode=10009)]
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=faults) as there:
            there.apply("--move-order", order, *self.ONE_BY_ONE)
            everything = sorted(number for numbers in held(there).values() for number in numbers)
            assert set(everything) == {"100", "101", "102", "103", "200"}
            there.resume("--yes")
            again = there.run("apply", "--yes", "--json")
            assert again.code in {0, 5}
            assert held(there) == AFTER
