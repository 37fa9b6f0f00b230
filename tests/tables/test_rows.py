from __future__ import annotations

import datetime as dt

import pytest

from batch.readers.workbook import CellError, CsvDialect, RawSheet, Workbook
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.rows import Tables
from batch.wording import spans
from tests.builders import book, check, sheet, tabulate, told, workbook


def tables(given: Workbook) -> tuple[Tables, list[Problem]]:
    return tabulate(given, Secret)


@pytest.mark.parametrize("name", ["Trunks", "trunks", "SIP-Trunks", "TRUNK *"])
def test_sheets_are_found_however_they_are_written(name: str) -> None:
    found, problems = tables(workbook(sheet(name, "Name", "London")))
    assert (found.trunks.name, list(found.trunks.rows()), problems) == (name, [2], [])


def test_missing_and_empty_list_sheets_mean_no_rows() -> None:
    found, problems = tables(workbook(sheet("Trunks", "Name", "London"), sheet("DIDs"), sheet("Caller IDs", "|", " |")))
    assert ([list(table.rows()) for table in found], problems) == ([[2], [], []], [])
    assert (found.dids.name, found.caller_ids.texts("outbound_cid")) == ("DIDs", [])


def test_without_trunks_and_lists_nothing_can_be_done() -> None:
    (problem,) = tables(workbook(sheet("Sites", "x"), sheet("Notes", "y")))[1][-1:]
    assert (problem.code, problem.sheet, problem.cell, problem.trunk) == ("sheet-missing", "Trunks", "A1", None)
    assert problem.message == "There is no sheet named Trunks; the file has 'Sites', 'Notes'."


def test_a_workbook_without_any_sheet_says_so() -> None:
    (problem,) = tables(workbook())[1]
    assert problem.message == "There is no sheet named Trunks; the file has no sheet at all."


def test_a_near_sheet_name_is_asked_about_and_not_also_reported_missing() -> None:
    (problem,) = tables(workbook(sheet("Trunsk", "Name", "London")))[1]
    assert (problem.code, problem.sheet, problem.value) == ("sheet-near", "Trunsk", "Trunsk")
    assert problem.message == "The sheet 'Trunsk' is not known; did you mean Trunks?"
    assert problem.fix == "Rename it to Trunks. If it is your own, give it a name that is not like Trunks."


def test_a_list_whose_name_is_almost_right_is_only_asked_about() -> None:
    assert told(tables(workbook(sheet("DIDss", "Trunk|DID", "London|1")))[1]) == ["DIDss!A1 sheet-near"]


def test_two_sheets_of_one_name_are_a_problem_at_the_later() -> None:
    (problem,) = tables(workbook(sheet("Trunks", "Name", "London"), sheet("SIP trunks", "Name", "Paris")))[1]
    assert (problem.code, problem.sheet) == ("sheet-twice", "SIP trunks")
    assert problem.message == "The sheets 'Trunks' and 'SIP trunks' both mean Trunks."


def test_own_sheets_are_told_but_for_those_that_we_wrote() -> None:
    given = [sheet("Trunks", "Name", "London"), sheet("Summary", "x"), sheet("How to fill this in", "x")]
    assert told(tables(workbook(*given))[1]) == ["Summary!A1 own-sheet"]
    assert tables(workbook(*given, ours=True))[1] == []


def test_telephone_numbers_on_own_sheets_are_told() -> None:
    lines = ["Region|First|Size", "Bonn|442079460100|10"]
    given = workbook(sheet("Trunks", "Name", "London"), sheet("Costs", "Month|Sum", "5|1234567"), sheet("Old", *lines))
    (notice,) = tables(given)[1]
    assert notice.message == (
        "The sheets 'Costs', 'Old' are your own; they are kept and not read. "
        "'Old' holds what look like telephone numbers."
    )
    assert notice.fix == "If those are meant, move them to the sheet DIDs or Caller IDs."


def test_several_own_sheets_are_one_notice() -> None:
    (notice,) = tables(workbook(sheet("Trunks", "Name", "London"), sheet("Contacts", "x"), sheet("Costs", "x")))[1]
    assert (notice.code, notice.sheet) == ("own-sheet", "Contacts")
    assert notice.message == "The sheets 'Contacts', 'Costs' are your own; they are kept and not read."


def test_cells_of_a_csv_file_that_become_formulas_are_told_once_a_column() -> None:
    dialect = CsvDialect(encoding="utf-8", delimiter=",")
    lines = ("Name|Hostname|#Note", "London|a.example|=1+1", "Paris|b.example|a=b", "Rome|c.example|=cmd()")
    _, problems = tabulate(workbook(sheet("Trunks", *lines, dialect=dialect)), Secret)
    (found,) = (problem for problem in problems if problem.code == "csv-formula")
    assert (found.cell, found.stops) == ("C2", False)
    assert found.message == (
        "The cell begins with =, and 1 more in this column: a spreadsheet program that opens the file, or its results, "
        "runs it as a formula."
    )
    _, problems = tabulate(workbook(sheet("Trunks", *lines)), Secret)
    assert "csv-formula" not in [problem.code for problem in problems]


def test_hidden_columns_that_count_are_told_once() -> None:
    _, problems = tables(workbook(sheet("Trunks", "Name|Site|Port", "London||5060", hidden_columns=(0, 1, 2, 9))))
    (notice,) = [p for p in problems if p.code != "own-column"]
    assert (notice.code, notice.cell, notice.stops) == ("columns-hidden", "A1", False)
    assert notice.message == "The hidden columns 'Name' (A), 'Port' (C) of Trunks are used all the same."


def test_a_hidden_sheet_and_what_was_detected_of_a_file_are_told() -> None:
    problems = tables(workbook(sheet("Trunks", "Name", "London", hidden=True), remarks={"Trunks": "Read as Latin-1."}))[
        1
    ]
    assert [(p.code, p.message, p.stops) for p in problems] == [
        ("sheet-hidden", "The sheet Trunks is hidden; its rows are used all the same.", False),
        ("file-detected", "Read as Latin-1.", False),
    ]


@pytest.mark.parametrize("lines", [[], ["Name"], ["Name", " "]])
def test_trunks_without_a_row_is_a_problem(lines: list[str]) -> None:
    (problem,) = tables(workbook(sheet("Trunks", *lines)))[1]
    assert (problem.code, problem.cell) == ("sheet-empty", "A1")
    assert problem.message == "The sheet Trunks has no rows, so there is nothing to do."


def test_trunks_without_rows_is_reported_beside_problems_of_other_sheets() -> None:
    assert told(tables(book(["Name"], dids=[["London", CellError("#N/A")]]))[1]) == [
        "DIDs!B2 cell-error",
        "Trunks!A1 sheet-empty",
    ]


def test_blank_rows_anywhere_neither_end_a_sheet_nor_count() -> None:
    found, problems = tables(
        workbook(sheet("Trunks", "", " ", "Name|Site", "", "London", "|only a remark", " ", "Paris"))
    )
    assert (list(found.trunks.rows()), found.trunks.texts("name")) == ([5, 8], ["London", "Paris"])
    assert found.trunks.header_row == 3
    assert told(problems) == ["Trunks!B3 own-column"]


def test_a_sheet_that_begins_elsewhere_keeps_its_cells_where_they_stand() -> None:
    found, problems = tables(
        workbook(sheet("Trunks", ["Port", "Name"], ["", "London"], [1.5, "Paris"], first_row=3, first_column=1))
    )
    assert (list(found.trunks.rows()), found.trunks.cell("name", 5)) == ([4, 5], "C5")
    assert told(problems) == ["Trunks!B5 cell-fraction"]


def test_a_row_whose_only_cell_cannot_be_read_is_a_row() -> None:
    found, problems = tables(book(["Name|Port"], dids=[["", CellError("#REF!")]]))
    assert list(found.dids.rows()) == [2]
    assert found.dids.texts("did") == [""]
    assert found.dids.faulty["did"] == {2}
    assert told(problems)[0] == "DIDs!B2 cell-error"


def test_a_cell_that_cannot_be_read_is_not_also_called_blank() -> None:
    problems = check(
        book(
            ["Name", [CellError("#N/A")], "London"],
            dids=[[CellError("#N/A"), "100"], ["London", dt.date(2026, 1, 2)]],
            caller_ids=[["London", CellError("#N/A"), "100"], ["London", "shared", CellError("#VALUE!")]],
        )
    )
    assert told(problems) == [
        "Trunks!A2 cell-error",
        "Caller IDs!B2 cell-error",
        "Caller IDs!C3 cell-error",
        "DIDs!A2 cell-error",
        "DIDs!B3 cell-date",
    ]


def test_hidden_rows_count_and_are_told_once() -> None:
    (notice,) = tables(workbook(sheet("Trunks", "Name", "A", "B", "", "C", hidden_rows=(1, 2, 3, 4, 5))))[1]
    assert (notice.code, notice.cell, notice.stops) == ("rows-hidden", "A2", False)
    assert notice.message == "3 rows of Trunks are hidden and are used all the same: 2-3, 5."
    assert notice.fix == "Show all rows to see them; delete those that should not be sent."


def test_rows_that_a_filter_hides_are_told_as_such() -> None:
    (notice,) = tables(workbook(sheet("Trunks", "Name", "A", "B", hidden_rows=(3,), filtered=True)))[1]
    assert notice.message == "Row 3 of Trunks is hidden or filtered; it is used all the same."
    assert notice.fix == "Clear the filter and show all rows to see them; delete those that should not be sent."


def test_hidden_blank_rows_are_not_worth_a_word() -> None:
    assert tables(workbook(sheet("Trunks", "Name", "A", "", hidden_rows=(3,))))[1] == []


def test_passwords_are_secrets_in_the_table() -> None:
    found, _ = tables(book(["Name|Password", "London|Sample-1", "Paris|"]))
    assert found.trunks.texts("password") == [Secret("Sample-1"), ""]
    assert found.trunks.filled("password") == [(2, Secret("Sample-1"))]
    assert found.trunks.has("password")
    assert "Sample-1" not in repr(found)


def test_result_columns_of_ours_are_never_read() -> None:
    found, problems = tables(workbook(sheet("Trunks", "Name|Result|Port", "London|applied|5060"), ours=True))
    assert (sorted(found.trunks.headers.columns), problems) == (["name", "port"], [])


@pytest.mark.parametrize(("rows", "text"), [([2], "2"), ([2, 3, 4], "2-4"), ([2, 4, 5, 9], "2, 4-5, 9"), ([], "")])
def test_row_numbers_are_written_shortly(rows: list[int], text: str) -> None:
    assert spans(rows) == text


def test_a_raw_sheet_knows_its_height() -> None:
    assert (RawSheet(name="x", columns=[]).height, sheet("x", "a", "b").height) == (0, 2)


@pytest.mark.parametrize("name", ["Kids", "TDS", "Bids", "Vids", "Trucks", "Tracks", "Thanks", "IDs"])
def test_a_sheet_of_an_ordinary_name_is_the_users_own(name: str) -> None:
    _, problems = tables(workbook(sheet("Trunks", "Name", "London"), sheet(name, "A|B", "1|2")))
    assert told(problems) == [f"{name}!A1 own-sheet"]
