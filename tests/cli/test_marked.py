"""``check --marked``: the workbook back with what is wrong shown in it, corrected, and run."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from batch.readers.detect import read_workbook
from batch.schema.file_metadata import FileKind
from tests.cli.shell import TRUNKS, Shell, at, ending_of, pbx, rows_of, write_book

DIDS = (("Trunk", "DID", "DID name"), ("London", "442079460100", "Main"), ("Paris", "", "Blank"))


def faulty(path: Path) -> Path:
    return write_book(path, TRUNKS, DIDS)


def pink(path: Path) -> list[str]:
    return [
        f"{page.title}!{cell.coordinate}"
        for page in load_workbook(path).worksheets
        if page.title in {"Trunks", "DIDs"}
        for row in page.iter_rows()
        for cell in row
        if cell.comment or str(cell.fill.fgColor.rgb).startswith("FFFFC")
    ]


def test_check_says_where_the_marked_workbook_is(shell: Shell, tmp_path: Path) -> None:
    ran = shell("check", faulty(tmp_path / "book.xlsx"), "--marked", "marked.xlsx")
    assert ran.code == 3
    assert ran.out.splitlines()[-1] == "Marked workbook: marked.xlsx (1 cell, sheet Problems in front)"
    assert pink(tmp_path / "marked.xlsx") == ["DIDs!B3"]


def test_a_workbook_without_problems_is_written_all_the_same(shell: Shell, tmp_path: Path) -> None:
    ran = shell("check", write_book(tmp_path / "book.xlsx"), "--marked", "marked.xlsx")
    assert ran.code == 0
    assert "Marked workbook: marked.xlsx (0 cells, sheet Problems in front)" in ran.out
    assert rows_of(tmp_path / "marked.xlsx", "Problems")[0][0] == "No errors. There is nothing to correct."


def test_json_has_every_problem_and_keeps_its_shape(shell: Shell, tmp_path: Path) -> None:
    book = faulty(tmp_path / "book.xlsx")
    plain = shell("check", book, "--json")
    ran = shell("check", book, "--marked", "marked.xlsx", "--json")
    assert ran.json == plain.json
    assert "Marked workbook" in ran.err


def test_the_same_file_is_written_anew_while_nobody_works_in_it(shell: Shell, tmp_path: Path) -> None:
    book = faulty(tmp_path / "book.xlsx")
    assert shell("check", book, "--marked", "marked.xlsx").code == 3
    assert shell("check", book, "--marked", "marked.xlsx").code == 3
    corrected = load_workbook("marked.xlsx")
    corrected["DIDs"]["B3"] = "442079460101"
    corrected.save("marked.xlsx")
    ran = shell("check", book, "--marked", "marked.xlsx")
    assert ran.code == 2
    assert "somebody may have worked in it" in ran.err
    assert load_workbook("marked.xlsx")["DIDs"]["B3"].value == "442079460101"


def test_the_workbook_itself_is_never_written_over(shell: Shell, tmp_path: Path) -> None:
    book = faulty(tmp_path / "book.xlsx")
    before = book.read_bytes()
    assert shell("check", book, "--marked", book).code == 2
    assert book.read_bytes() == before


def test_where_there_is_no_workbook_nothing_is_written(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_text("no workbook")
    assert shell("check", "book.xlsx", "--marked", "marked.xlsx").code == 3
    assert not (tmp_path / "marked.xlsx").exists()


def test_a_workbook_that_lacks_its_sheet_is_marked_by_the_list_alone(shell: Shell, tmp_path: Path) -> None:
    book = load_workbook(write_book(tmp_path / "book.xlsx"))
    book["Trunks"].title = "Something"
    book["Something"]["A1"] = "Site"
    book.save("book.xlsx")
    ran = shell("check", "book.xlsx", "--marked", "marked.xlsx")
    assert ran.code == 3
    listed = rows_of(tmp_path / "marked.xlsx", "Problems")[3]
    assert listed[1:3] == ["Something", "A1"]


@pytest.mark.usefixtures("secret")
def test_a_corrected_copy_runs_and_its_results_bear_no_marks(shell: Shell, tmp_path: Path) -> None:
    shell("check", faulty(tmp_path / "book.xlsx"), "--marked", "marked.xlsx")
    corrected = load_workbook("marked.xlsx")
    corrected["DIDs"]["B3"] = "442079460101"
    corrected.save("marked.xlsx")
    with pbx() as served:
        ran = shell("apply", "marked.xlsx", "--yes", "--json", "--allow", "removals", *at(served))
    assert ran.code == 0
    assert ending_of(ran) == {"London": "applied", "Paris": "applied"}
    results = tmp_path / "marked-results.xlsx"
    assert pink(results) == []
    ours = ["Changes", "Census", "Census by prefix", "Follow-up", "Test calls", "trunk-batch"]
    assert load_workbook(results).sheetnames == ["Summary", "Trunks", "Caller IDs", "DIDs", *ours]
    assert read_workbook(results).metadata.kinds == {FileKind.RESULTS}


@pytest.mark.usefixtures("secret")
def test_results_can_be_marked_and_are_results_still(shell: Shell, tmp_path: Path) -> None:
    write_book(tmp_path / "book.xlsx")
    with pbx() as served:
        assert shell("apply", "book.xlsx", "--yes", *at(served)).code == 0
    book = load_workbook("book-results.xlsx")
    book["Trunks"]["B2"] = "not a host"
    book.save("book-results.xlsx")
    ran = shell("check", "book-results.xlsx", "--marked", "marked.xlsx")
    assert ran.code == 3
    assert read_workbook(tmp_path / "marked.xlsx").metadata.kinds == {FileKind.RESULTS, FileKind.MARKED}
    assert pink(tmp_path / "marked.xlsx") == ["Trunks!B2"]
    again = shell("check", "marked.xlsx", "--json")
    assert [problem["cell"] for problem in again.json["problems"]] == ["B2"]
