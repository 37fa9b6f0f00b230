"""A Trunks sheet with its DIDs in columns, through the commands: each row has one ending, and cells are named there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter

from tests.cli.shell import Rows, Shell, at, pbx, rows_of

pytestmark = pytest.mark.usefixtures("secret")

HEADER = ("Name", "Hostname", "DID 1", "DID 2", "DID 3")
ROWS: Rows = (
    ("London-1", "new.carrier.example", "442079460100", "442079460101", ""),
    ("Leeds-1", "", "441134960100", "", "441134960102"),
)


def written(path: Path, *rows: Sequence[object]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Trunks")
        for number, row in enumerate((HEADER, *rows)):
            page.write_row(number, 0, row)
    return path


def trunk(number: int, name: str, *dids: str) -> dict[str, object]:
    return {
        "id": number,
        "name": name,
        "did_list": [{"id": i, "did": did, "did_name": ""} for i, did in enumerate(dids)],
    }


def test_they_are_applied_with_one_ending_a_row_and_results_are_valid_input(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "book.xlsx", *ROWS)
    with pbx(trunk(1, "London-1"), trunk(2, "Leeds-1")) as served:
        ran = shell("apply", path, "--yes", "--json", *at(served))
        assert (ran.code, ran.json["counts"]["applied"]) == (0, 2)
        held = [[entry["did"] for entry in served.state.trunks[n]["did_list"]] for n in (1, 2)]
        assert held == [["442079460100", "442079460101"], ["441134960100", "441134960102"]]
        results = tmp_path / "book-results.xlsx"
        assert [row[:6] for row in rows_of(results, "Trunks")] == [
            [*HEADER, "Result"],
            *([text or None for text in row] + ["applied"] for row in ROWS),
        ]
        cells = {row[1] for row in rows_of(results, "Changes")[1:]}
        assert cells == {"B2", "C2", "D2", "C3", "E3"}
        assert shell("apply", results, "--yes", "--json", *at(served)).json["counts"]["unchanged"] == 2


def test_a_refused_number_is_quoted_at_its_cell(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "book.xlsx", *ROWS)
    refused = {"field": "did", "value": "442079460101", "validation_type": "charset"}
    body = {"errcode": 40002, "errmsg": "PARAMETER ERROR", "invalid_param_list": [refused]}
    fault = {"call": "trunk/update", "do": "answer", "body": body}
    with pbx(trunk(1, "London-1"), trunk(2, "Leeds-1"), faults=[fault]) as served:
        shell("apply", path, "--yes", *at(served))
    (london, leeds) = rows_of(tmp_path / "book-results.xlsx", "Trunks")[1:]
    assert (london[5], leeds[5]) == ("refused", "applied")
    assert '"442079460101" (charset) (Trunks!D2)' in london[8]


def test_a_number_that_lost_its_plus_is_asked_about_in_every_column(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "book.xlsx", ("London-1", "", 442079460100, 442079460101, ""))
    with pbx(trunk(1, "London-1", "+442079460101")) as served:
        ran = shell("plan", path, "--json", *at(served)[:4])
    stopping = [problem for problem in ran.json["problems"] if problem["severity"] == "problem"]
    assert [(problem["code"], problem["cell"]) for problem in stopping] == [("cell-number-cut", "D2")]


def test_failed_rows_alone_hold_their_numbers(shell: Shell, tmp_path: Path) -> None:
    path, failed = (
        written(tmp_path / "book.xlsx", ROWS[0], ("Leeds-1", "", "44-11", "", "441134960102")),
        tmp_path / "f.xlsx",
    )
    with pbx(trunk(1, "London-1"), trunk(2, "Leeds-1")) as served:
        shell("apply", path, "--yes", "--skip-invalid", "--failed-only", failed, *at(served))
    assert [row[:5] for row in rows_of(failed, "Trunks")][1:] == [["Leeds-1", None, "44-11", None, "441134960102"]]
    (problem,) = [p for p in shell("check", failed, "--json").json["problems"] if p["severity"] == "problem"]
    assert (problem["sheet"], problem["cell"]) == ("Trunks", "C2")


def test_the_marked_workbook_shows_what_is_wrong_at_the_number(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "book.xlsx", ROWS[0], ("Leeds-1", "", "44-11", "", ""))
    shell("check", path, "--marked", tmp_path / "marked.xlsx")
    listed = rows_of(tmp_path / "marked.xlsx", "Problems")[3]
    assert listed[1:4] == ["Trunks", "C3", "DID 1"]


def test_removed_numbers_point_to_their_trunk(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "book.xlsx", ROWS[0])
    with pbx(trunk(1, "London-1", "442079460999")) as served:
        assert shell("plan", path, *at(served)[:4]).code == 4
        assert shell("plan", path, "--mode", "add", *at(served)[:4]).code == 0
