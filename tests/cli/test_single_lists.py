"""A list alone through all commands: from a file of numbers to results that are such a file again."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter

import batch
from batch.cli.main import main
from tests.cli.shell import Shell, at, last_run, pbx, rows_of

pytestmark = pytest.mark.usefixtures("secret")

LONDON = ("--trunk", "London-1")
NUMBERS = "442079460100\n442079460101\n442079460102\n"
TWO_TRUNKS = "Trunk;DID;Site\nLondon-1;442079460100;a\nLeeds-1;441134960100;b\nLondon-1;442079460101;c\n"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def spreadsheet(path: Path, sheet: str, rows: Sequence[Sequence[str]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return path


def rows_in(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def london(*dids: str, name: str = "London-1") -> dict[str, object]:
    return {"id": 7, "name": name, "did_list": [{"id": i, "did": did, "did_name": ""} for i, did in enumerate(dids)]}


def printed_command(said: str) -> list[str]:
    """The command that a message ends with, as it would be typed."""
    (line,) = {line for line in said.splitlines() if ": trunk-batch check" in line}
    return shlex.split(line[line.index("trunk-batch check") :])[1:]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dids.csv", "DID/DDI,DID/DDI Name\n442079460100,Reception\n"),
        ("carrier list.txt", "Our numbers\n442079460100\n"),
        ("one-column.txt", NUMBERS),
        ("numbers.tsv", "Number\tRemark\n442079460100\tx\n"),
        ("DIDs.CSV", "Trunk;DID\nLondon-1;442079460100\n"),
    ],
)
def test_what_a_message_offers_runs_as_printed(shell: Shell, tmp_path: Path, name: str, text: str) -> None:
    ran = shell("check", written(tmp_path / name, text).name)
    while ran.code:
        assert ran.code == 3
        ran = shell(*printed_command(ran.out))
    assert "No errors." in ran.out


def test_when_the_kind_is_clear_only_the_trunk_is_asked_for(shell: Shell, tmp_path: Path) -> None:
    written(tmp_path / "list.csv", "DID\n442079460100\n")
    assert printed_command(shell("check", "list.csv").out) == ["check", "list.csv", *LONDON]
    written(tmp_path / "list.csv", "Trunk,Number\nLondon-1,442079460100\n")
    assert printed_command(shell("check", "list.csv").out) == ["check", "list.csv", "--as", "dids"]
    written(tmp_path / "list.csv", NUMBERS)
    ran = shell("check", "list.csv", *LONDON, "--mode", "add")
    assert printed_command(ran.out) == ["check", "list.csv", *LONDON, "--mode", "add", "--as", "dids"]


def test_a_list_that_is_not_understood_is_told_before_what_was_chosen_of_it(shell: Shell, tmp_path: Path) -> None:
    ran = shell("check", written(tmp_path / "list.txt", NUMBERS), "--only", "London-1")
    assert (ran.code, "neither the name of the sheet nor its headers say so" in ran.out) == (3, True)


def test_the_next_command_repeats_what_was_said(shell: Shell, tmp_path: Path) -> None:
    written(tmp_path / "list.txt", NUMBERS)
    said = shell("check", "list.txt", "--as", "dids", *LONDON, "--mode", "add").out
    assert "Next: trunk-batch plan list.txt --as dids --trunk London-1 --mode add" in said


def test_a_list_is_applied_and_every_row_has_its_ending_in_a_file_like_it(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", TWO_TRUNKS)
    with pbx(london(), {"id": 9, "name": "Leeds-1", "did_list": []}) as served:
        ran = shell("apply", path, "--yes", "--json", *at(served))
        assert ran.code == 0
        assert (ran.json["counts"]["applied"], set(ran.json["sheets"])) == (3, {"DIDs", "Caller IDs"})
        assert [(t["name"], t["ending"]) for t in ran.json["trunks"]] == [
            ("London-1", "applied"),
            ("Leeds-1", "applied"),
        ]
        found = rows_in(tmp_path / "list-results.csv", ";")
        assert [(row["Trunk"], row["Site"], row["Result"]) for row in found] == [
            ("London-1", "a", "applied"),
            ("Leeds-1", "b", "applied"),
            ("London-1", "c", "applied"),
        ]
        assert rows_of(tmp_path / "list-results.xlsx", "list")[1][:4] == ["London-1", "442079460100", "a", "applied"]
        # both are valid input again, and nothing is left to be done
        for again in ("list-results.csv", "list-results.xlsx"):
            ran = shell("apply", tmp_path / again, "--yes", "--json", *at(served))
            assert (ran.code, ran.json["counts"]["unchanged"]) == (0, 3)


def test_a_list_without_a_header_gets_one_in_its_results(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "list.txt", NUMBERS)
    said = ("--as", "dids", *LONDON)
    with pbx(london(), faults=[{"call": "trunk/update", "do": "errcode", "errcode": 40002}]) as served:
        ran = shell("apply", path, "--yes", *said, *at(served))
        assert ran.code == 5
    found = rows_in(tmp_path / "list-results.txt")
    assert [(row["DID"], row["Result"]) for row in found] == [(n, "refused") for n in NUMBERS.split()]
    with pbx(london()) as served:
        ran = shell("apply", tmp_path / "list-results.txt", "--yes", "--json", *said, *at(served))
        assert (ran.code, ran.json["counts"]["applied"]) == (0, 3)


def test_cells_are_named_where_they_stand_in_results_with_a_row_put_in_above(shell: Shell, tmp_path: Path) -> None:
    path = spreadsheet(tmp_path / "list.xlsx", "Tabelle1", [["442079460100"], ["442079460101 x"], ["442079460102"]])
    shell("apply", path, "--yes", "--skip-invalid", "--as", "dids", *LONDON, "--practice")
    header, *rows = rows_of(tmp_path / "list-PRACTICE-results.xlsx", "Tabelle1")
    assert header[:3] == ["DID", "Result", "What to do"]
    assert [row[1] for row in rows] == ["blocked", "invalid", "blocked"]
    assert rows[0][2] == "Correct Tabelle1!A3, then have it run again."
    told = [text for row in rows_of(tmp_path / "list-PRACTICE-results.xlsx", "Summary") for text in row if text]
    assert "London-1: invalid. Correct Tabelle1!A3." in told
    assert rows[1][2].startswith("A3: ")


def test_resume_and_verify_need_nothing_said_again(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "list.txt", NUMBERS)
    fault = {"call": "trunk/update", "do": "status", "status": 503, "times": 1}
    with pbx(london("442079460999"), faults=[fault]) as served:
        flags = ("--as", "dids", *LONDON, "--mode", "add", "--attempts", "1")
        assert shell("apply", path, "--yes", *flags, *at(served)).code == 5
        run = last_run(path)
        path.unlink()  # the run has its own copy, under another name
        ran = shell("resume", run, "--yes", "--json")
        assert (ran.code, ran.json["counts"]["applied"]) == (0, 3)
        assert shell("verify", run, "--json").json == {"match": 1, "differ": []}
        assert shell("status", run, "--json").json["counts"]["applied"] == 3
        assert last_run(path).name in shell("runs", path).out
        assert [did["did"] for did in served.state.trunks[7]["did_list"]] == ["442079460999", *NUMBERS.split()]


def test_a_list_of_new_numbers_says_how_to_add_them(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "list.txt", NUMBERS)
    said = ("--as", "dids", *LONDON)
    with pbx(london("442079460999")) as served:
        ran = shell("plan", path, *said, *at(served)[:4])
        assert ran.code == 4
        assert "To keep them, use --mode add," in ran.out
        assert shell("plan", path, *said, "--mode", "add", *at(served)[:4]).code == 0


@pytest.mark.parametrize("where", ["column", "flag"])
def test_a_trunk_that_the_pbx_lacks_is_named_at_the_list(shell: Shell, tmp_path: Path, where: str) -> None:
    text = "Trunk,DID\nLondon-2,442079460100\nLondon-2,442079460101\n" if where == "column" else "DID\n442079460100\n"
    path = written(tmp_path / "list.csv", text)
    flags = ("--trunk", "London-2") if where == "flag" else ()
    with pbx(london()) as served:
        ran = shell("plan", path, "--json", *flags, *at(served)[:4])
    (problem,) = [p for p in ran.json["problems"] if p["severity"] == "problem"]
    assert (problem["code"], problem["sheet"], problem["cell"]) == ("trunk-gone", "list", "A2")
    named = "--trunk London-2: " if where == "flag" else ""
    assert problem["message"].startswith(f"{named}The PBX has no trunk named London-2; did you mean London-1?")
    assert problem["fix"] == "Type London-1, or its Trunk ID 7."


class TestTrunksOfDigits:
    """A list says the Trunk ID or the Name in one column."""

    def plan(self, shell: Shell, tmp_path: Path, *trunks: dict[str, object]) -> list[str]:
        path = written(tmp_path / "list.csv", "Trunk,DID\n7001,442079460100\n")
        with pbx(*trunks) as served:
            found = shell("plan", path, "--json", *at(served)[:4]).json
        return [*(p["code"] for p in found["problems"] if p["severity"] == "problem")] or [
            f"{change['trunk']['id']} {change['trunk']['name']}" for change in found["changes"]
        ]

    def test_an_id_is_found(self, shell: Shell, tmp_path: Path) -> None:
        assert self.plan(shell, tmp_path, {"id": 7001, "name": "London-1"}) == ["7001 London-1"]

    def test_a_name_is_found(self, shell: Shell, tmp_path: Path) -> None:
        assert self.plan(shell, tmp_path, {"id": 3, "name": "7001"}) == ["3 7001"]

    def test_both_at_once_are_asked_about(self, shell: Shell, tmp_path: Path) -> None:
        assert self.plan(shell, tmp_path, {"id": 3, "name": "7001"}, {"id": 7001, "name": "x"}) == ["trunk-ambiguous"]


def test_a_folder_without_trunks_is_a_workbook(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    written(folder / "dids.csv", "Trunk,DID\nLondon-1,442079460100\n")
    callers = "Trunk,Option,Caller ID,Extensions\nLeeds-1,shared,441134960100,1001\nLondon-1,shared,442079460100,1002\n"
    written(folder / "caller_ids.csv", callers)
    with pbx(london(), {"id": 9, "name": "Leeds-1"}) as served:
        ran = shell("apply", folder, "--yes", "--json", *at(served))
    assert (ran.code, ran.json["counts"]["applied"]) == (0, 3)
    assert [row["Result"] for row in rows_in(tmp_path / "lists-results" / "caller_ids.csv")] == ["applied", "applied"]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_marked_list_is_corrected_and_checked_again(shell: Shell, tmp_path: Path, ending: str) -> None:
    rows = [["DID", "Site"], ["442079460100 x", "a"], ["442079460101", "b"]]
    path = tmp_path / f"list.{ending}"
    if ending == "csv":
        written(path, "\n".join(",".join(row) for row in rows))
    else:
        spreadsheet(path, "Sheet1", rows)
    marked = tmp_path / "marked.xlsx"
    ran = shell("check", path, *LONDON, "--marked", marked)
    assert (ran.code, marked.exists()) == (3, True)
    assert shell("check", marked, *LONDON, "--json").json["counts"]["problem"] == 1


def test_failed_rows_alone_are_a_list_again(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", TWO_TRUNKS.replace("441134960100", "44-1134"))
    failed = tmp_path / "failed.xlsx"
    with pbx(london(), {"id": 9, "name": "Leeds-1"}) as served:
        shell("apply", path, "--yes", "--skip-invalid", "--failed-only", failed, *at(served))
    assert [row[:3] for row in rows_of(failed, "list")] == [["Trunk", "DID", "Site"], ["Leeds-1", "44-1134", "b"]]
    assert shell("check", failed, "--json").json["problems"][0]["cell"] == "B2"
    assert "Leeds-1: invalid. Correct list!B2." in [text for row in rows_of(failed, "Summary") for text in row if text]


def test_results_do_not_replace_the_list_itself(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "list-results.csv", "DID\n442079460100\n")
    before = path.read_bytes()
    shell("apply", path, "--yes", *LONDON, "--practice", "--results", tmp_path / "list-results.xlsx")
    assert path.read_bytes() == before


def test_the_python_api_takes_the_same(tmp_path: Path) -> None:
    path = written(tmp_path / "list.txt", NUMBERS)
    settings = batch.Settings(workbook=path, as_="dids", trunk="London-1", mode="add", practice=True)
    assert not batch.check(settings).stops
    done = batch.apply(settings)
    assert isinstance(done, batch.Report)
    assert (done.exit_code, done.endings.counts()["DIDs"]["applied"], len(done.frame())) == (0, 3, 3)


def test_what_cannot_be_said_is_refused(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "list.txt", NUMBERS)
    assert shell("check", path, "--as", "numbers").code == 2
    assert shell("check", path, "--mode", "append").code == 2
    ran = shell("check", path, "--as", "trunks", *LONDON)
    assert (ran.code, "Leave one of them out." in ran.err) == (2, True)
    assert main(["check", str(path), "--as", "dids", *LONDON]) == 0


def test_one_trunk_by_its_id_and_by_its_name_is_to_be_called_the_same(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", "Trunk,DID\n7,442079460100\nLondon-1,442079460101\n")
    with pbx(london()) as served:
        ran = shell("plan", path, "--json", *at(served)[:4])
    (problem,) = [p for p in ran.json["problems"] if p["severity"] == "problem"]
    assert (problem["code"], problem["cell"]) == ("same-live-trunk", "A3")
    assert problem["fix"] == "Type the same name or ID in all its rows."
