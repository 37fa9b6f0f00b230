"""``--accept``, and a yes in the marked workbook: what is not sure is read as its problem says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from batch.readers.detect import read_workbook
from tests.cli.shell import FAST, Shell, at, ending_of, pbx, rows_of, write_book
from tests.office import saved_again

TRUNKS = (("Name", "DIDs mode"), ("London", "replace"), ("Paris", "replace"))
DIDS = (
    ("Trunk", "DID", "DID name"),
    ("London", "442079460100, 101, 102", "Sales"),
    ("Paris", "33144556600\n601", "Accueil"),
    ("London", "442079460200 x 3", "Fax"),
)
LISTS = ("--accept", "lists")
BOTH = (*LISTS, "--accept", "counts")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_book(tmp_path / "book.xlsx", TRUNKS, DIDS)


def codes(ran_json: dict[str, list[dict[str, str]]]) -> list[str]:
    return [f"{problem['cell']} {problem['code']}" for problem in ran_json["problems"]]


def wanted(shell: Shell, *words: object) -> list[str]:
    """Return the DIDs that a plan adds."""
    ran = shell("plan", *words, "--practice", "--json")
    return [entry["did"] for change in ran.json["changes"] for entry in change["dids"]["added"]]


def answer(path: Path, *cells: str) -> None:
    """Choose yes for some cells on the list of problems, and save."""
    opened = load_workbook(path)
    page = opened.worksheets[0]
    assert isinstance(page, Worksheet)
    header = [cell.value for cell in page[3]]
    for row in page.iter_rows(min_row=4):
        if row[header.index("Cell")].value in cells:
            row[header.index("Accept")].value = "yes"
    opened.save(path)


def test_lists_are_accepted_in_one_go(shell: Shell, book: Path) -> None:
    assert codes(shell("check", book, "--json").json) == ["B2 many-numbers", "B3 many-numbers", "B4 number-count"]
    assert codes(shell("check", book, *LISTS, "--json").json) == [
        "B4 number-count",
        "B2 list-expanded",
        "B3 list-expanded",
    ]
    ran = shell("check", book, *BOTH, "--json")
    assert (ran.code, codes(ran.json)) == (0, ["B2 list-expanded", "B3 list-expanded", "B4 list-expanded"])
    assert ran.json["problems"][0]["message"] == (
        "3 numbers in B2: 442079460100, 442079460101, 442079460102. Accepted as read."
    )


def test_what_is_offered_next_accepts_the_same(shell: Shell, book: Path) -> None:
    assert f"trunk-batch plan {book} --accept lists --accept counts --practice\n" in shell("check", book, *BOTH).out
    assert "--accept lists --accept counts --expect" in shell("plan", book, *BOTH, "--practice").out
    assert wanted(shell, book, *BOTH) == [
        *("442079460100", "442079460101", "442079460102", "442079460200", "442079460201", "442079460202"),
        *("33144556600", "33144556601"),
    ]


def test_what_cannot_be_accepted_is_said(shell: Shell, book: Path) -> None:
    ran = shell("check", book, "--accept", "everything")
    assert ran.code == 2
    assert "--accept: nothing is called 'everything' that could be accepted; there are lists and counts." in ran.err


def test_a_yes_in_the_marked_workbook_accepts_its_cell(shell: Shell, book: Path) -> None:
    assert shell("check", book, "--marked", "marked.xlsx").code == 3
    answer(Path("marked.xlsx"), "B2", "B4")
    assert codes(shell("check", "marked.xlsx", "--json").json) == [
        "B3 many-numbers",
        "B2 list-expanded",
        "B4 list-expanded",
    ]


def test_a_yes_counts_only_while_the_cell_says_the_same(shell: Shell, book: Path) -> None:
    shell("check", book, "--marked", "marked.xlsx")
    answer(Path("marked.xlsx"), "B2", "B3", "B4")
    opened = load_workbook("marked.xlsx")
    opened["DIDs"]["B2"] = "442079460100, 101, 109"
    opened["DIDs"]["B3"] = "33144556600; 33144556601"
    opened.save("marked.xlsx")
    assert codes(shell("check", "marked.xlsx", "--json").json) == [
        "B2 many-numbers",
        "B3 list-expanded",
        "B4 list-expanded",
    ]


def test_a_yes_goes_with_its_cell_when_a_row_above_is_deleted(shell: Shell, tmp_path: Path) -> None:
    lines = (DIDS[0], ("London", "tbc", ""), *DIDS[1:])
    shell("check", write_book(tmp_path / "book.xlsx", TRUNKS, lines), "--marked", "marked.xlsx")
    answer(Path("marked.xlsx"), "B3", "B5")
    opened = load_workbook("marked.xlsx")
    opened["DIDs"].delete_rows(2)
    opened.save("marked.xlsx")
    assert codes(shell("check", "marked.xlsx", "--json").json) == [
        "B3 many-numbers",
        "B2 list-expanded",
        "B4 list-expanded",
    ]


def test_a_yes_counts_for_its_cell_alone_where_another_that_says_the_same_has_none(
    shell: Shell, tmp_path: Path
) -> None:
    lines = (DIDS[0], ("London", "442079460200 x 3", ""), ("Paris", "442079460200 x 3", ""))
    shell("check", write_book(tmp_path / "book.xlsx", TRUNKS, lines), "--marked", "marked.xlsx")
    answer(Path("marked.xlsx"), "B3")
    assert codes(shell("check", "marked.xlsx", "--json").json) == ["B2 number-count", "B3 list-expanded"]


@pytest.mark.libreoffice
def test_a_yes_is_kept_when_the_workbook_is_marked_again_and_saved_by_another_program(
    shell: Shell, book: Path, tmp_path: Path
) -> None:
    shell("check", book, "--marked", "marked.xlsx")
    answer(Path("marked.xlsx"), "B2", "B4")
    assert shell("check", "marked.xlsx", "--marked", "again.xlsx").code == 3
    answer(Path("again.xlsx"), "B3")
    assert shell("check", "again.xlsx").code == 0
    (saved,) = saved_again([tmp_path / "again.xlsx"], tmp_path / "elsewhere")
    assert shell("check", saved).code == 0


def test_the_marked_workbook_says_where_to_accept_and_names_no_flag(shell: Shell, book: Path, tmp_path: Path) -> None:
    shell("check", book, "--marked", "marked.xlsx")
    marked = load_workbook(tmp_path / "marked.xlsx")
    notes = [marked["DIDs"][cell].comment for cell in ("B2", "B4")]
    fixes = [str(row[6]) for row in rows_of(tmp_path / "marked.xlsx", "Problems")[3:]]
    for said in (*(note.text for note in notes if note), fixes[0], fixes[2]):
        assert "--" not in said
        assert re.search("Or, if (the numbers that are listed|all of them) are meant, choose yes under Accept in", said)
    assert "delete rows last" in str(rows_of(tmp_path / "marked.xlsx", "Problems")[1][0])
    assert "--accept counts" in shell("check", book).out


def test_a_problem_that_cannot_be_accepted_has_no_room_for_a_yes(shell: Shell, tmp_path: Path) -> None:
    lines = (DIDS[0], ("London", "442079460100 or 442079460101", ""))
    shell("check", write_book(tmp_path / "book.xlsx", TRUNKS, lines), "--marked", "marked.xlsx")
    assert "Accept" not in rows_of(tmp_path / "marked.xlsx", "Problems")[2]


@pytest.mark.usefixtures("secret")
def test_results_remember_what_was_accepted(shell: Shell, book: Path, tmp_path: Path) -> None:
    with pbx() as served:
        ran = shell("apply", book, *BOTH, "--yes", "--json", *at(served))
        assert (ran.code, ending_of(ran)) == (0, {"London": "applied", "Paris": "applied"})
        results = tmp_path / "book-results.xlsx"
        assert len(read_workbook(results).metadata.accepted) == 3
        again = shell("plan", results, "--json", *at(served))
        assert (again.code, [change["kind"] for change in again.json["changes"]]) == (0, ["keep", "keep"])
        opened = load_workbook(results)
        opened["DIDs"]["B2"] = "442079460100, 101, 103"
        opened.save(results)
        assert codes(shell("check", results, "--json").json)[0] == "B2 many-numbers"


@pytest.mark.usefixtures("secret")
def test_a_run_keeps_what_was_accepted(shell: Shell, book: Path) -> None:
    with pbx() as served:
        run = shell("apply", book, *BOTH, "--only", "London", "--yes", "--json", *at(served)).json["run"]
        assert shell("verify", run, "--json", *FAST[:2]).json == {"match": 1, "differ": []}
