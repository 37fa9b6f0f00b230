"""A list alone is a workbook: which list it is, whose its rows are, and the trunks that it names."""

from __future__ import annotations

from typing import Any

import pytest

from batch.readers.workbook import CellValue, RawSheet
from batch.schema.column_model import Sheet
from batch.schema.columns import CALLER_IDS, DIDS, SHEETS, TRUNKS
from batch.secrets import Secret
from batch.tables.columns_file import parse_columns
from batch.tables.single_lists import ListOptions, kind_by_headers
from batch.trunks.grouping import group
from tests.builders import read, sheet, tabulate, told, workbook

LONDON = ListOptions(trunk="London-1", typed=("trunk-batch", "check", "list.csv"))


def numbers(*cells: CellValue, **where: Any) -> RawSheet:
    return RawSheet(name="list", columns=[list(cells)], **where)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Trunk|DID|DID name", DIDS),
        ("DID/DDI|DID/DDI Name", DIDS),
        ("Durchwahl|Bemerkung", DIDS),
        ("Trunk|DID 1|DID 2", DIDS),
        ("TelephoneNumber|NumberType|ActivationState", DIDS),
        ("From|To", None),
        ("Caller ID", CALLER_IDS),
        ("Trunk|Rufnummer", None),
        ("Trunk|Phone number", None),
        ("Trunk|Option|Caller ID|Extensions", CALLER_IDS),
        ("Create Method|Short Code|Outbound Caller ID|Outbound Caller ID Name|Associated Extensions", CALLER_IDS),
        ("Name|Hostname|Port", TRUNKS),
        ("Name|Hostname|DID", TRUNKS),
        ("Trunk ID|Enabled", TRUNKS),
        ("Number", None),
        ("Name|Number", None),
        ("Site|Remark", None),
        ("442079460100", None),
    ],
)
def test_headers_say_which_sheet_it_is_or_leave_it_open(header: str, kind: Sheet | None) -> None:
    assert kind_by_headers(sheet("Sheet1", header, "x|y")) is kind


@pytest.mark.parametrize("name", ["Sheet1", "Tabelle1", "DIDs", "dids", "Numbers of May"])
def test_the_only_sheet_is_a_list_whatever_its_name(name: str) -> None:
    tables, records, problems = read(workbook(sheet(name, "Trunk|DID", "London-1|442079460100", "12|442079460101")))
    assert problems == []
    assert [(r.row, r.id, r.name, r.entries) for r in records.trunks] == [(2, None, "London-1", 1), (3, 12, "", 1)]
    assert (tables.trunks.name, tables.dids.name) == (name, name)
    assert [table.sheet for table in tables.counted] == [CALLER_IDS, DIDS]
    assert records.sizes() == {2: 1, 3: 1}


def test_a_trunk_has_the_row_in_which_it_stands_first() -> None:
    lines = [f"{trunk}|44207946010{i}" for i, trunk in enumerate(["Leeds-1", "London-1", "Leeds-1"])]
    _, records, _ = read(workbook(sheet("dids", "Trunk|DID", *lines)))
    assert [(r.row, r.name, r.entries) for r in records.trunks] == [(2, "Leeds-1", 2), (3, "London-1", 1)]


def test_two_lists_name_their_trunks_together_each_where_it_stands_first() -> None:
    dids = sheet("DIDs", "Trunk|DID", "London-1|442079460100", "Leeds-1|441134960100")
    callers = sheet("Caller IDs", "Trunk|Option|Caller ID|Extensions", "London-1|shared|442079460100|1001", "Bath 1|x")
    tables, records, problems = read(workbook(dids, callers))
    assert [r.name for r in records.trunks] == ["London-1", "Leeds-1", ""]
    assert [(r.lists.keys() == {DIDS}, r.lists.keys() == {DIDS, CALLER_IDS}) for r in records.trunks[:2]] == [
        (False, True),
        (True, False),
    ]
    # a trunk that only the second list names is at its own cell there
    assert "Caller IDs!A3 bad-characters" in told(problems)
    home, row = tables.trunks.origin(records.trunks[2].row)
    assert (home.name, row, home.cell("name", row)) == ("Caller IDs", 3, "A3")
    assert records.sizes() == {records.trunks[0].row: 2, records.trunks[1].row: 1, records.trunks[2].row: 1}


def test_whose_all_rows_are_can_be_said() -> None:
    given = workbook(sheet("list", "DID|DID name", "442079460100|Reception", "442079460101|"))
    tables, records, problems = read(given, LONDON)
    assert (problems, [(r.row, r.name, r.entries) for r in records.trunks]) == ([], [(2, "London-1", 2)])
    assert tables.dids.texts("trunk") == ["London-1", "London-1"]
    assert [r.id for r in read(given, ListOptions(trunk="12"))[1].trunks] == [12]


def test_without_it_the_command_is_offered_that_says_it() -> None:
    given = workbook(sheet("list", "DID", "442079460100"))
    (problem,) = tabulate(given, Secret, options=ListOptions(typed=("trunk-batch", "check", "my list.csv")))[1]
    assert (problem.code, problem.cell) == ("header-missing", "A1")
    assert problem.fix.endswith(": trunk-batch check 'my list.csv' --trunk London-1")


def test_with_trunks_beside_the_command_names_one_of_them() -> None:
    given = workbook(sheet("Trunks", "Name", "Paris-1"), sheet("DIDs", "DID", "442079460100"))
    (problem,) = tabulate(given, Secret)[1]
    assert problem.fix.endswith("belong to one trunk: trunk-batch check WORKBOOK --trunk Paris-1")
    _, records, problems = read(given, ListOptions(trunk="Paris-1"))
    assert (problems, [(r.row, r.entries) for r in records.trunks]) == ([], [(2, 1)])


def test_a_blank_trunk_cell_is_filled_in_and_another_trunk_is_a_problem() -> None:
    given = workbook(sheet("list", "Trunk|DID", "|442079460100", "London-1|442079460101", "Paris-1|442079460102"))
    tables, _, problems = read(given, LONDON)
    assert told(problems) == ["list!A4 trunk-contradicts"]
    assert problems[0].message == "The row is for trunk Paris-1, but --trunk gives London-1."
    assert tables.dids.texts("trunk") == ["London-1", "London-1", "Paris-1"]


def test_without_any_list_it_is_refused_since_it_may_be_meant_to_choose() -> None:
    (problem,) = read(workbook(sheet("Trunks", "Name|Hostname", "London-1|a.example", "Leeds-1|b.example")), LONDON)[2]
    assert (problem.code, problem.sheet, problem.cell) == ("trunk-contradicts", "Trunks", "A1")
    assert problem.fix == "Leave it out. To take only one trunk of the workbook, give --only London-1."


def test_a_trunk_that_the_trunks_sheet_lacks_is_told_once_and_named_as_the_flag() -> None:
    given = workbook(sheet("Trunks", "Name", "Paris-1"), sheet("DIDs", "DID", "442079460100", "442079460101"))
    problems = read(given, ListOptions(trunk="Pariss-1"))[2]
    assert told(problems) == ["DIDs!A2 trunk-unknown"]
    assert problems[0].message.startswith("--trunk Pariss-1: There is no trunk 'Pariss-1' on the Trunks sheet")


def test_what_is_wrong_with_a_trunk_of_many_rows_is_told_at_the_first_with_their_number() -> None:
    given = workbook(sheet("list", "Trunk|DID", "Bath 1|442079460100", "Bath 1|442079460101"))
    (problem,) = read(given)[2]
    assert (problem.sheet, problem.cell, problem.header) == ("list", "A2", "Trunk")
    assert problem.message.endswith(" 2 rows name it.")


class TestOneColumn:
    def test_a_number_in_the_first_row_counts_and_a_notice_says_so(self) -> None:
        given = workbook(numbers("442079460100", "442079460101"))
        tables, records, problems = read(given, ListOptions(sheet=DIDS, trunk="London-1"))
        assert told(problems) == ["list!A1 only-column"]
        assert problems[0].message == "No header was found: column A is read as DID, and row 1 counts as its first row."
        assert tables.dids.texts("did") == ["442079460100", "442079460101"]
        assert [(r.row, r.entries) for r in records.trunks] == [(1, 2)]

    @pytest.mark.parametrize(
        "first", ["+44 20 7946 0100", "(020) 7946-0100", "442079460100-199", "4420794601XX", 4.4e11]
    )
    def test_whatever_a_number_looks_like(self, first: CellValue) -> None:
        given = workbook(numbers(first, "442079460201"))
        tables, _, _ = read(given, ListOptions(sheet=DIDS, trunk="London-1"))
        assert tables.dids.rows() == [1, 2]

    def test_any_other_text_is_the_header_of_the_numbers(self) -> None:
        given = workbook(numbers("Our numbers", "442079460100", "442079460101"))
        tables, _, problems = read(given, ListOptions(sheet=DIDS, trunk="London-1"))
        assert (told(problems), tables.dids.rows()) == (["list!A1 only-column"], [2, 3])

    def test_blank_rows_above_do_no_harm(self) -> None:
        given = workbook(numbers("", "442079460100", first_row=3, first_column=1))
        tables, _, problems = read(given, ListOptions(sheet=DIDS, trunk="London-1"))
        assert (told(problems), tables.dids.rows(), tables.dids.cell("did", 4)) == (["list!B4 only-column"], [4], "B4")

    def test_a_column_of_words_is_not_taken_for_numbers(self) -> None:
        given = workbook(numbers("Remarks", "call back", "gone"))
        assert "list!A1 header-missing" in told(read(given, ListOptions(sheet=DIDS, trunk="London-1"))[2])

    def test_the_trunk_cannot_be_asked_for_in_a_row_that_there_is_not(self) -> None:
        (_, problem) = tabulate(workbook(numbers("442079460100")), Secret, options=ListOptions(sheet=DIDS))[1]
        assert (problem.code, problem.cell) == ("header-missing", "A1")
        assert problem.fix.startswith("Add a column with the header Trunk in a row above the first; or,")


class TestWhatIsSaid:
    def test_the_only_sheet_is_what_is_said_of_it_whatever_its_name(self) -> None:
        given = workbook(sheet("dids", "Trunk|Number", "London-1|442079460100"))
        assert tabulate(given, Secret, options=ListOptions(sheet=CALLER_IDS))[0].caller_ids.height == 1

    def test_of_several_it_is_the_one_that_fits_else_the_first_filled_one(self) -> None:
        blank, notes = sheet("Blank"), sheet("Notes", "a", "b")
        fits, also = sheet("May", "Trunk|DID", "London-1|442079460100"), sheet("June", "Trunk|Number", "a|1")
        said = ListOptions(sheet=DIDS)
        assert tabulate(workbook(blank, notes, fits), Secret, options=said)[0].dids.name == "May"
        assert tabulate(workbook(blank, also, notes), Secret, options=said)[0].dids.name == "June"
        assert tabulate(workbook(notes, also), Secret, options=said)[0].dids.name == "June"
        ours, contacts = numbers("442079460100", "442079460101"), sheet("Contacts", "Name|Phone", "Anna|442079460102")
        assert tabulate(workbook(ours, contacts), Secret, options=said)[0].dids.texts("did") == [
            "442079460100",
            "442079460101",
        ]

    def test_the_mode_that_is_said_counts_where_no_cell_says_it(self) -> None:
        adding = ListOptions(mode="add")
        _, records, _ = read(workbook(sheet("dids", "Trunk|DID", "London-1|442079460100")), adding)
        assert [edit.mode for record in records.trunks for edit in record.lists.values()] == ["add"]
        trunks = sheet("Trunks", "Name|DIDs mode", "London-1|", "Leeds-1|replace")
        dids = sheet("DIDs", "Trunk|DID", "London-1|442079460100", "Leeds-1|441134960100")
        _, records, problems = read(workbook(trunks, dids), adding)
        assert problems == []
        assert [(r.dids.mode, r.dids.explicit) for r in records.trunks if r.dids] == [("add", True), ("replace", True)]

    def test_what_nothing_says_is_asked_with_all_that_is_missing(self) -> None:
        options = ListOptions(typed=("trunk-batch", "check", "list.csv"))
        (problem,) = tabulate(workbook(numbers("442079460100")), Secret, options=options)[1]
        assert (problem.code, problem.sheet) == ("sheet-missing", "list")
        assert problem.fix.endswith(": trunk-batch check list.csv --as dids --trunk London-1")
        with_trunk = workbook(sheet("list", "Trunk|Number", "London-1|442079460100"))
        (problem,) = tabulate(with_trunk, Secret, options=options)[1]
        assert problem.fix.endswith(": trunk-batch check list.csv --as dids")


class TestSheetsBesideAList:
    def test_a_sheet_that_may_be_trunks_is_not_passed_over(self) -> None:
        given = workbook(
            sheet("DIDs", "Trunk|DID", "London-1|442079460100"), sheet("Ours", "Name|Hostname", "London-1|x")
        )
        (problem,) = tabulate(given, Secret)[1]
        assert (problem.code, problem.sheet) == ("sheet-missing", "Ours")
        assert problem.message == "There is no sheet named Trunks, but 'Ours' has headers like those of Trunks."

    def test_any_other_is_kept_and_not_read(self) -> None:
        given = workbook(sheet("DIDs", "Trunk|DID", "London-1|442079460100"), sheet("Notes", "a", "b"))
        assert told(tabulate(given, Secret)[1]) == ["Notes!A1 own-sheet"]

    def test_two_lists_of_one_kind_are_a_problem(self) -> None:
        given = workbook(sheet("May", "Trunk|DID", "a|442079460100"), sheet("June", "Trunk|DID", "a|442079460101"))
        assert "June!A1 sheet-twice" in told(tabulate(given, Secret)[1])

    def test_a_list_under_another_name_is_asked_about_and_not_passed_over(self) -> None:
        trunks, more = sheet("Trunks", "Name", "London-1"), sheet("May", "Trunk|DID", "London-1|442079460100")
        tables, problems = tabulate(workbook(trunks, more), Secret)
        (problem,) = problems
        assert (told(problems), tables.dids.height) == (["May!A1 sheet-missing"], 0)
        assert problem.message == "The sheet 'May' has the headers of DIDs, and its name is not known."
        assert problem.fix == "Rename it to DIDs; or if it is your own, put # in front of its name: '#May'."
        dids = sheet("DIDs", "Trunk|DID", "London-1|442079460101")
        for given in (workbook(trunks, dids, more), workbook(dids, more)):
            tables, problems = tabulate(given, Secret)
            (problem,) = problems
            assert (told(problems), tables.dids.height) == (["May!A1 sheet-twice"], 1)
            assert problem.message == "The sheet 'May' has the headers of DIDs too, and only 'DIDs' is read."
            assert problem.fix == "Move its rows to 'DIDs'; or if it is your own, put # in front of its name: '#May'."

    @pytest.mark.parametrize("name", ["#May", "#DIDs"])
    def test_a_sheet_with_a_hash_in_front_stays_ones_own(self, name: str) -> None:
        given = workbook(sheet("Trunks", "Name", "London-1"), sheet(name, "Trunk|DID", "London-1|442079460100"))
        tables, problems = tabulate(given, Secret)
        assert (told(problems), tables.dids.height) == ([f"{name}!A1 own-sheet"], 0)

    @pytest.mark.parametrize("lines", [[], ["Trunk|DID"], ["Trunk|phone_number", "a|1"], ["DID|Site", "1|a"]])
    def test_a_sheet_that_is_no_whole_list_stays_ones_own(self, lines: list[str]) -> None:
        given = workbook(sheet("Trunks", "Name", "a"), sheet("DIDs", "Trunk|DID", "a|100"), sheet("May", *lines))
        assert told(tabulate(given, Secret)[1]) == ["May!A1 own-sheet"]

    @pytest.mark.parametrize("header", ["DID", "From|To|Qty", "Number|Name"])
    def test_two_lists_of_one_trunk_are_a_problem(self, header: str) -> None:
        lines = ["442079460100|442079460109|10"]
        given = workbook(sheet("London", header, *lines), sheet("Leeds", header, *lines), sheet("Notes", "a", "b"))
        _, problems = tabulate(given, Secret, options=ListOptions(sheet=DIDS, trunk="London-1"))
        assert [line for line in told(problems) if "sheet" in line] == ["Notes!A1 own-sheet", "Leeds!A1 sheet-twice"]


def test_totals_and_remarks_below_a_list_are_told_and_no_trunks() -> None:
    lines = ["London-1|442079460100", "London-1|442079460101", "Total|2"]
    tables, _, problems = read(workbook(sheet("dids", "Trunk|DID", *lines)))
    assert told(problems) == ["dids!A4 rows-no-data"]
    assert tables.trunks.texts("name") == ["London-1"]
    lines = ["442079460100", "442079460101", "Total: 2 numbers"]
    tables, _, problems = read(workbook(sheet("list", "DID", *lines)), LONDON)
    assert (told(problems), tables.dids.rows()) == (["list!A4 rows-no-data"], [2, 3])


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        ("From|To", "+49 30 5550100|+49 30 5550109", "list!A2 range-malformed"),
        ("From|To|Qty", "020 7946 0100|020 7946 0109|10", "list!A2 range-malformed"),
        ("Remark|From|To", "two words|020 7946 0100|020 7946 0109", "list!B2 range-malformed"),
        ("DID|Count", "(020) 7946 0100|10", "list!A2 range-malformed"),
        ("Trunk|DID|Count", "London-1|(020) 7946 0100|10", "list!B2 range-malformed"),
    ],
)
def test_a_block_with_blanks_in_its_numbers_is_no_remark(header: str, line: str, said: str) -> None:
    options = ListOptions(sheet=DIDS, trunk="" if "Trunk" in header else "London-1")
    _, _, problems = read(workbook(sheet("list", header, line)), options)
    (problem,) = [problem for problem in problems if problem.stops]
    assert told([problem]) == [said]


def test_short_numbers_are_rows_too() -> None:
    tables, _, problems = read(workbook(sheet("dids", "Trunk|DID", "London-1|100", "London-1|101")))
    assert (problems, tables.dids.rows()) == ([], [2, 3])


def test_every_kind_can_be_said() -> None:
    from batch.settings import OPTIONS
    from batch.tables.single_lists import SHEET_OPTIONS

    assert set(SHEET_OPTIONS) == set(OPTIONS["as_"].choices)
    assert set(SHEET_OPTIONS.values()) == set(SHEETS)


def test_a_columns_file_says_the_same_of_a_list_alone() -> None:
    said = parse_columns("carrier.toml", '[DIDs]\ntrunk = "London-1"\n[Trunks]\ndids_mode = "add"\n')
    tables, problems = tabulate(workbook(sheet("DIDs", "DID", "442079460100")), Secret, said)
    assert told(problems) == ["DIDs!A1 columns-mapped"]
    (record,) = group(tables)[0].trunks
    assert (record.name, record.dids and record.dids.mode) == ("London-1", "add")


def test_where_nothing_is_filled_in_that_is_said() -> None:
    (problem,) = (p for p in tabulate(workbook(sheet("Sheet1", " |", "|")), Secret)[1] if p.stops)
    assert problem.message == "Nothing is filled in: the file has 'Sheet1', and all cells are empty."
