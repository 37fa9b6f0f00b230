"""What a fleet gives back: each row with what its own PBX's run says of it, a sheet PBXs, and a valid input again."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from batch.runs.journal_reader import read_history
from tests.fleet.fleet_bench import AWAY, FleetBench, fleet_bench
from tests.flows.shell import Json, lines_of, register, rows_of
from tests.soundness import faults_of

HEADER = ("Note", "PBX", "Wave", "Name", "Hostname")
FAILING = {"call": "trunk/update", "match": {"id": 2}, "do": "status", "status": 500, "times": "always"}
ALLOWED = ("--allow", "size", "--allow", "removals")
SHEETS = ("Trunks", "Caller IDs", "DIDs")


def live(number: int) -> list[Json]:
    return [
        register(1, "Main", f"+49{number}0001", f"+49{number}0002"),
        register(2, "Fax", f"+49{number}0003"),
        register(3, "Old", f"+49{number}0009"),
    ]


def workbook() -> dict[str, Any]:
    """Return lines of three PBXs, mixed, with a DID that moves from a trunk that has no row."""
    names = ("berlin", "paris", "rome")
    return {
        "names": names,
        "live": {name: live(number) for number, name in enumerate(names, 1)},
        "trunks": [
            HEADER,
            *(
                (f"Ann's {name} {trunk}", name, 1 + (name == "rome"), trunk, "new.example")
                for trunk in ("Main", "Fax")
                for name in names
            ),
        ],
        "dids": [
            ("PBX", "Trunk", "DID", "DID name", "Move from", "Carrier"),
            *(
                (name, "Main", f"+49{number}{entry}", f"Desk {entry}", "Old" if entry == "0009" else None, "mine")
                for entry in ("0001", "0002", "0009")
                for number, name in enumerate(names, 1)
            ),
        ],
        "caller_ids": [
            ("Trunk", "PBX", "Option", "Caller ID", "Extensions"),
            ("Fax", "rome", "shared", "+4935555", "1001"),
            ("Fax", "berlin", "shared", "+4915555", "1002"),
        ],
    }


def by_sheet(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {
        sheet: [(row["PBX"], row["Result"], str(row["Errcode"])) for row in rows_of(path, sheet)] for sheet in SHEETS
    }


def check_rows(bench: FleetBench) -> None:
    """Hold every row of the results against what its own PBX's run wrote down of its trunk."""
    folder, rows = bench.runs[-1], rows_of(bench.results, "Trunks")
    for number, row in enumerate(rows, 2):
        outcome = read_history(folder / row["PBX"]).outcomes[number]
        assert (str(outcome.ending), outcome.errcode) == (row["Result"], row["Errcode"])
    ended = {(row["PBX"], row["Name"]): row["Result"] for row in rows}
    for sheet in SHEETS[1:]:
        for row in rows_of(bench.results, sheet):
            assert row["Result"] == ended[row["PBX"], row["Trunk"]]


def test_every_row_of_all_three_sheets_ends_as_its_own_pbx_says_and_own_columns_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, **workbook(), faults={"paris": [FAILING]}) as bench:
        ran = bench.apply(
            *ALLOWED, "--attempts", "1", "--max-failures", "9", "--failed-only", "left.xlsx", "--summary", "s.html"
        )
        assert ran.code == 5
        assert ran.json["failed_only"] == "left.xlsx"
        check_rows(bench)
        rows = rows_of(bench.results, "Trunks")
        assert [row["Note"] for row in rows] == [line[0] for line in workbook()["trunks"][1:]]
        assert {row["Carrier"] for row in rows_of(bench.results, "DIDs")} == {"mine"}
        assert [(row["PBX"], row["Name"]) for row in rows if row["Result"] != "applied"] == [("paris", "Fax")]
        assert [(row["PBX"], row["Name"]) for row in rows_of(Path("left.xlsx"), "Trunks")] == [("paris", "Fax")]
        assert bench.states() == {"berlin": (1, "as wanted"), "paris": (1, "unfinished"), "rome": (2, "as wanted")}
        (paris,) = [line for line in bench.sheet("PBXs") if line["PBX"] == "paris"]
        assert (paris["Trunks"], paris["As wanted"], paris["Open"]) == (2, 1, 1)
        assert paris["Address"] == bench.pbxs["paris"].url
        assert Path(paris["Run"]) == bench.runs[-1] / "paris"
        changes = {(line[1], line[2], line[3]) for line in lines_of(bench.results, "Changes")[1:]}
        assert {("E2", "Main (berlin)", "Hostname"), ("E7", "Fax (rome)", "Hostname")} <= changes
        assert ("C10", "Main (rome)", "DID") in {
            (cell, trunk, field.partition(" ")[0]) for cell, trunk, field in changes
        }
        assert {row["PBX"] for row in bench.sheet("Test calls")} == {"berlin", "paris", "rome"}
        page = Path("s.html").read_text(encoding="utf-8")
        assert all(f">{name}<" in page for name in bench.pbxs)
        assert "unfinished" in page
        for path in (bench.results, Path("left.xlsx")):
            assert faults_of(path) == []
        moved = {name: [did["did"][-4:] for did in bench.pbxs[name].state.trunks[1]["did_list"]] for name in bench.pbxs}
        assert list(moved.values()) == [["0001", "0002", "0009"]] * 3


def test_results_are_a_valid_input_that_writes_what_is_left_and_then_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, **workbook(), away=["paris"]) as bench:
        assert bench.apply(*ALLOWED, *AWAY).code == 5
        written = bench.writes()
        bench.return_to("paris")
        assert bench.apply(*ALLOWED, workbook=bench.results).code == 0
        assert {name: count for name, count in bench.writes().items() if name != "paris"} == {
            name: count for name, count in written.items() if name != "paris"
        }
        again = bench.plan(workbook=bench.results)
        assert again.code == 0
        assert [pbx["plan"]["counts"]["trunks_to_write"] for pbx in again.json["pbxs"]] == [0, 0, 0]


def test_a_folder_of_csv_files_is_a_fleet_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_bench(tmp_path, monkeypatch, **workbook()) as bench:
        folder = tmp_path / "lists"
        folder.mkdir()
        for sheet, name in zip(SHEETS, ("trunks", "caller_ids", "dids"), strict=True):
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(lines_of(bench.workbook, sheet))
        bench.workbook = folder
        ran = bench.apply(*ALLOWED)
        assert ran.code == 0, ran.said
        with (tmp_path / "lists-results" / "trunks.csv").open(encoding="utf-8-sig", newline="") as file:
            assert {row["Result"] for row in csv.DictReader(file)} == {"applied"}
        assert (tmp_path / "lists-results" / "pbxs.csv").exists() or bench.results.exists()
        assert json.loads((bench.runs[-1] / "fleet.json").read_text())["copy"] == "input"
        assert bench.on_run("resume", "--yes").code == 0


def test_results_go_where_they_are_wanted_and_a_place_that_is_no_place_stops_it_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris")) as bench:
        (tmp_path / "mine.xlsx").write_bytes(b"mine")
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "file").touch()
        for flags in (
            ("--results", "nowhere/r.xlsx"),
            ("--failed-only", "mine.xlsx"),
            ("--run-dir", "full"),
            ("--summary", "nowhere/s.html"),
        ):
            refused = bench.apply(*flags)
            assert refused.code == 2, flags
        assert set(bench.writes().values()) == {0}
        ran = bench.apply("--results", "r.xlsx", "--run-dir", "night")
        assert (ran.code, ran.json["results"], ran.json["run"]) == (0, "r.xlsx", "night")
        assert set(bench.endings(Path("r.xlsx")).values()) == {"applied"}
        assert bench.on_run("undo", "--yes", run_folder=Path("night")).code == 0
        assert set(bench.endings(Path("r.xlsx")).values()) == {"applied"}
