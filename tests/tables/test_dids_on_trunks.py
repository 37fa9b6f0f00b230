"""DIDs in columns of the Trunks sheet: one row per trunk, with all its numbers in it."""

from __future__ import annotations

import pytest

from batch.readers.workbook import RawSheet
from batch.schema.columns import CALLER_IDS, TRUNKS
from batch.secrets import Secret
from batch.tables.columns_file import parse_columns
from tests.builders import read, sheet, tabulate, told, workbook


def trunks(*lines: str) -> RawSheet:
    return sheet("Trunks", *lines)


@pytest.mark.parametrize("header", ["DIDs", "DID", "DDI", "DID numbers", "Durchwahlen", "DID 1"])
def test_a_column_of_dids_is_the_list_of_the_trunk_in_its_row(header: str) -> None:
    given = workbook(
        trunks(f"Name|{header}|Hostname", "London-1|442079460100|sbc.example", "Leeds-1||", "Bath-1|441225460100|")
    )
    tables, records, problems = read(given)
    assert told(problems) == ["Trunks!B1 columns-combined"]
    assert problems[0].message == f"The column {header!r} (B) is read as the DIDs of the trunk in each row."
    assert [(r.name, r.dids and [row.number for row in r.dids.rows]) for r in records.trunks] == [
        ("London-1", ["442079460100"]),
        ("Leeds-1", None),
        ("Bath-1", ["441225460100"]),
    ]
    assert [table.sheet for table in tables.counted] == [TRUNKS, CALLER_IDS]
    assert records.sizes() == {2: 1, 3: 1, 4: 1}


def test_forty_columns_and_many_in_a_cell_are_one_list_in_their_order() -> None:
    header = "|".join(f"DID {n}" for n in range(1, 41))
    numbers = [f"4420794601{n:02}" for n in range(40)]
    given = workbook(trunks(f"Name|{header}", f"London-1|{'|'.join(numbers)}", "Leeds-1||441134960100"))
    _, records, problems = read(given)
    assert told(problems) == ["Trunks!B1 columns-combined"]
    assert (
        problems[0].message == "The columns 'DID 1' (B) to 'DID 40' (AO) are read as the DIDs of the trunk in each row."
    )
    assert [r.dids and [row.number for row in r.dids.rows] for r in records.trunks] == [numbers, ["441134960100"]]
    _, records, _ = read(workbook(trunks("Name|DIDs", "London-1|442079460100; 442079460101")))
    assert records.trunks[0].entries == 2


def test_what_is_wrong_with_a_number_is_told_at_its_own_cell_and_stops_its_trunk() -> None:
    given = workbook(trunks("Name|DID 1|DID 2", "London-1|442079460100|44-20", "Leeds-1|441134960100|"))
    _, _, problems = read(given)
    (problem,) = [problem for problem in problems if problem.stops]
    assert (problem.sheet, problem.cell, problem.header, problem.trunk) == ("Trunks", "C2", "DID 2", 2)


def test_a_number_twice_on_a_trunk_is_told_at_the_second_column() -> None:
    (*_, problem) = read(workbook(trunks("Name|DID 1|DID 2", "London-1|442079460100|442079460100")))[2]
    assert (problem.code, problem.cell) == ("did-twice", "C2")


def test_rows_on_the_sheet_dids_as_well_are_a_problem_and_no_guess() -> None:
    given = workbook(trunks("Name|DIDs", "London-1|442079460100"), sheet("DIDs", "Trunk|DID", "London-1|442079460101"))
    (problem,) = read(given)[2]
    assert (problem.code, problem.sheet, problem.cell) == ("dids-on-two-sheets", "Trunks", "B1")
    assert problem.message == "DIDs are in the column 'DIDs' here and on the sheet DIDs; it is not clear which to use."


def test_a_blank_sheet_dids_does_no_harm() -> None:
    given = workbook(trunks("Name|DIDs", "London-1|442079460100"), sheet("DIDs", "Trunk|DID|DID name"))
    _, records, problems = read(given)
    assert (told(problems), records.trunks[0].entries) == (["Trunks!B1 columns-combined"], 1)


def test_numbers_in_rows_that_name_no_trunk_are_not_lost_in_silence() -> None:
    given = workbook(trunks("Name|DID", "London-1|442079460100", "|442079460101"))
    problems = [problem for problem in read(given)[2] if problem.stops]
    assert told(problems) == ["Trunks!B3 trunk-unnamed"]
    assert problems[0].trunk is None


def test_counts_of_dids_are_not_taken_for_numbers() -> None:
    problems = read(workbook(trunks("Name|DIDs", "London-1|100", "Leeds-1|20")))[2]
    assert told(problems) == ["Trunks!B1 column-unknown"]


def test_mode_and_clear_work_as_on_the_sheet_dids() -> None:
    given = workbook(trunks("Name|DIDs mode|DIDs", "London-1|add|442079460100", "Leeds-1||<clear>"))
    _, records, _ = read(given)
    assert [(r.dids.mode, r.dids.explicit, r.dids.clear) for r in records.trunks if r.dids] == [
        ("add", True, None),
        ("replace", True, 3),
    ]


def test_an_account_trunk_has_none() -> None:
    problems = read(workbook(trunks("Name|Type|DIDs", "London-1|account|442079460100")))[2]
    (problem,) = [problem for problem in problems if problem.stops]
    assert (problem.code, problem.cell, problem.fix) == (
        "field-not-of-type",
        "C2",
        "Clear the cell, or type the DID in the row of the trunk that receives it.",
    )


def test_a_column_that_is_said_to_be_ones_own_stays_so() -> None:
    said = parse_columns("c.toml", '[Trunks]\nown = ["DIDs"]\n')
    tables, problems = tabulate(workbook(trunks("Name|DIDs", "London-1|442079460100")), Secret, said)
    assert (tables.dids.height, [p.code for p in problems if p.stops]) == (0, [])
    assert told(read(workbook(trunks("Name|#DIDs", "London-1|442079460100")))[2]) == ["Trunks!B1 own-column"]


@pytest.mark.parametrize("header", ["Caller ID", "Caller ID 1", "Outbound caller IDs", "Number"])
def test_a_column_of_caller_ids_is_a_problem_that_says_what_they_need(header: str) -> None:
    (problem,) = read(workbook(trunks(f"Name|{header}", "London-1|442079460100")))[2]
    assert (problem.code, problem.cell, problem.stops) == ("column-unknown", "B1", True)
