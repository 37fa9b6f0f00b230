"""Whose order counts: the first entry that fits a call wins, and files are sorted to be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.flows.shell import CLIENT_SECRET, Bench, Json, bench, register, run, serving

HELD = ("100100100", "100100200", "100100300")
WANTED = ("100100300", "100100100", "100100200")
REFUSED: list[Json] = [{"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 10009}]
DROPPED: list[Json] = [{"call": "trunk/update", "match": {"id": 1}, "do": "answer", "body": {"errcode": 0}}]


def workbook(folder: Path, faults: list[Json], *more: tuple[str, str]) -> Any:
    return bench(
        folder,
        trunks=[("Name", "DIDs mode", "Port"), ("T1", "replace", ""), ("T2", "replace", "5061")],
        dids=[("Trunk", "DID"), *(("T1", did) for did in WANTED), *(("T2", did) for did in HELD), *more],
        live=[register(1, "T1", *HELD), register(2, "T2", *HELD)],
        faults=faults,
    )


def held(there: Bench, number: int) -> tuple[str, ...]:
    return tuple(entry["did"] for entry in there.pbx.state.trunks[number]["did_list"])


def sort(path: Path, column: str = "DID", *, backwards: bool = False) -> Path:
    """Sort the sheet of DIDs by one of its columns, as people do to read it."""
    book = load_workbook(path)
    page = book["DIDs"]
    header = [str(cell.value).rstrip(" *") for cell in page[1]]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
    rows.sort(key=lambda row: str(row[header.index(column)]), reverse=backwards)
    for number, row in enumerate(rows, 2):
        for at, value in enumerate(row, 1):
            page.cell(number, at).value = value
    book.save(path)
    return path


def test_an_order_that_a_workbook_says_is_written_and_told_and_asks_for_nothing(tmp_path: Path) -> None:
    with workbook(tmp_path, []) as there:
        planned = there.run("plan", "--json").json
        assert planned["hazards"] == []
        assert planned["changes"][0]["dids"]["moved"] == [{"did": "100100300", "from": 3, "to": 1}]
        assert there.apply().code == 0
        assert (held(there, 1), held(there, 2)) == (WANTED, HELD)


@pytest.mark.parametrize(("faults", "ending"), [(REFUSED, "refused"), (DROPPED, "partial")])
@pytest.mark.parametrize("file", ["results", "failed rows"])
def test_an_order_that_failed_is_written_when_results_or_failed_rows_are_applied_again(
    tmp_path: Path, faults: list[Json], ending: str, file: str
) -> None:
    failed = tmp_path / "failed.xlsx"
    with workbook(tmp_path, faults) as there:
        first = there.apply("--failed-only", failed)
        assert [trunk["ending"] for trunk in first.json["trunks"]] == [ending, "applied"]
        assert held(there, 1) == HELD
        again = there.run("apply", "--yes", workbook=there.results if file == "results" else failed)
        assert again.code == 0, again.said
        assert held(there, 1) == WANTED


def test_sorted_results_leave_finished_trunks_as_they_are_and_ask_about_the_others(tmp_path: Path) -> None:
    with workbook(tmp_path, REFUSED) as there:
        assert there.apply().code == 5
        sort(there.results, backwards=True)
        refused = there.run("apply", "--yes", "--json", workbook=there.results)
        assert refused.code == 4
        assert [(hazard["code"], hazard["trunk"]) for hazard in refused.json["hazards"]] == [("reorder", "T1")]
        assert [problem["code"] for problem in refused.json["problems"]].count("order-left") == 1
        writes = len(there.writes())
        allowed = there.run("apply", "--yes", "--allow", "reorder=T1", workbook=there.results)
        assert allowed.code == 0
        assert len(there.writes()) == writes + 1
        assert (held(there, 1), held(there, 2)) == (("100100300", "100100200", "100100100"), HELD)


@pytest.mark.parametrize("faults", [REFUSED, DROPPED])
@pytest.mark.parametrize("file", ["results", "failed rows"])
def test_sorting_the_rows_into_the_order_that_should_have_changed_is_no_success(
    tmp_path: Path, faults: list[Json], file: str
) -> None:
    failed = tmp_path / "failed.xlsx"
    with workbook(tmp_path, faults) as there:
        assert there.apply("--failed-only", failed).code == 5
        sorted_again = sort(there.results if file == "results" else failed)
        writes = len(there.writes())
        asked = there.run("apply", "--yes", "--json", workbook=sorted_again)
        assert asked.code == 4
        assert [(hazard["code"], hazard["trunk"]) for hazard in asked.json["hazards"]] == [("reorder", "T1")]
        assert "which is not the order that the run was to write" in asked.json["hazards"][0]["message"]
        assert there.run("apply", "--yes", "--allow", "reorder=T1", workbook=sorted_again).code == 0
        assert len(there.writes()) == writes
        assert held(there, 1) == HELD


def test_results_of_a_rehearsal_say_nothing_about_what_the_real_pbx_holds(tmp_path: Path) -> None:
    with workbook(tmp_path, []) as there:
        rehearsed = run(
            "apply",
            there.workbook,
            "--practice",
            "--yes",
            "--allow",
            "did-doubled",
            "--settle-wait",
            "0",
            "--rate",
            "9999",
        )
        assert rehearsed.code == 0, rehearsed.said
        (results,) = tmp_path.glob("*results.xlsx")
        planned = there.run("plan", "--json", workbook=results)
        assert [(hazard["code"], hazard["trunk"]) for hazard in planned.json["hazards"]] == [("reorder", "T1")]


def test_finished_trunks_are_known_again_on_a_server_that_got_another_port(tmp_path: Path) -> None:
    with workbook(tmp_path, []) as there:
        assert there.apply().code == 0
    sort(there.results)
    with serving(there.workbook, there.pbx.state) as again:
        assert again.run("apply", "--yes", workbook=there.results).code == 0
        assert again.writes() == []


def test_a_sorted_export_says_so_in_the_headline_and_is_asked_about(tmp_path: Path) -> None:
    with workbook(tmp_path, []) as there:
        book = tmp_path / "export.xlsx"
        where = ("--url", there.pbx.url, "--client-id", "practice")
        assert run("export", "-o", book, *where, environment={"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET}).code == 0
        untouched = there.run("apply", "--yes", "--json", workbook=book)
        assert (untouched.code, untouched.json["counts"]["unchanged"]) == (0, 8)
        sort(book, backwards=True)
        planned = there.run("plan", workbook=book)
        assert planned.code == 4
        assert "2 trunks would be written, 2 lists put into another order." in planned.out
        assert "To allow it: --allow reorder=T1" in planned.out
        assert there.run("apply", "--yes", workbook=book).code == 4
        assert there.writes() == []
        assert there.run("apply", "--yes", "--allow", "reorder", workbook=book).code == 0
        assert held(there, 1) == held(there, 2) == HELD[::-1]
