from __future__ import annotations

import pytest

from batch.readers.workbook import CellError, CellValue
from batch.schema.column_model import Mode, TrunkType
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.trunks.grouping import group
from batch.trunks.model import CallerIdRow, DidRow, ListEdit
from tests.builders import book, check, read, records, sheet, tabulate, told, workbook


def one(problems: list[Problem], code: str) -> Problem:
    (found,) = [p for p in problems if p.code == code]
    return found


def test_a_row_becomes_a_record_of_the_fields_it_fills() -> None:
    (record,) = records(
        book(["Trunk ID|Type|Name|Enabled|Port|Password|Domain|Action", "5|Peer|Paris|no|5061|Sample-1|<clear>|update"])
    )
    assert (record.row, record.id, record.name, record.type, record.skip) == (2, 5, "Paris", TrunkType.PEER, False)
    assert record.fields == {"name": "Paris", "enable": 0, "port": 5061, "password": Secret("Sample-1"), "domain": ""}
    assert (record.dids, record.caller_ids) == (None, None)
    assert "Sample-1" not in repr(record)


def test_a_name_without_an_id_finds_the_trunk_and_is_not_sent() -> None:
    (record,) = records(book(["Name|Port", "London|5060"]))
    assert (record.id, record.name, record.fields, record.label) == (None, "London", {"port": 5060}, "London")
    assert records(book(["Trunk ID", "5"]))[0].label == "trunk 5"


def test_rows_gather_under_their_trunk_in_the_sheets_order() -> None:
    london, paris = records(
        book(
            ["Trunk ID|Name|DIDs mode|Caller IDs mode", "1|London|add|", "|Paris||remove"],
            dids=["Paris|300|", "1|100|Desk", "Paris|200|", "London|050|<clear>"],
            caller_ids=["Paris|shared|300|ignored|||", "London|Shared|100|Acme||1001,#7|Sales", "01|range|100-109"],
        )
    )
    assert london.dids == ListEdit(mode=Mode.ADD, explicit=True, rows=[DidRow(3, "100", "Desk"), DidRow(5, "050", "")])
    assert paris.dids == ListEdit(
        mode=Mode.REPLACE, explicit=False, rows=[DidRow(2, "300", None), DidRow(4, "200", None)]
    )
    assert paris.caller_ids == ListEdit(
        mode=Mode.REMOVE, explicit=True, rows=[CallerIdRow(2, "shared", "300", None, None, None, None)]
    )
    assert london.caller_ids is not None
    assert [row.key for row in london.caller_ids.rows] == [("shared", "100"), ("range", "100-109")]


def test_a_trunk_id_is_tried_and_a_name_too() -> None:
    given = book(["Trunk ID|Name", "12|London", "|0012x"], dids=["12|1", "012|2", "London|3", "0012x|4"])
    first, second = records(given)
    assert first.dids is not None
    assert second.dids is not None
    assert ([r.number for r in first.dids.rows], [r.number for r in second.dids.rows]) == (["1", "2", "3"], ["4"])


def test_a_trunk_cell_that_fits_two_rows_is_a_problem() -> None:
    problem = one(check(book(["Trunk ID|Name", "12|London", "|12"], dids=["12|100"])), "trunk-ambiguous")
    assert (problem.cell, problem.value, problem.trunk) == ("A2", "12", None)
    assert problem.message == "'12' matches more than one trunk on the Trunks sheet: row 2 and row 3."
    assert problem.fix == "Type the Trunk ID or Name that only one of them has."


def test_an_unknown_trunk_is_a_problem_with_the_nearest_name() -> None:
    problems = check(book(["Name", "London", "Paris"], dids=["Lodnon|100", "Quito|200", "|300", "<clear>|400"]))
    assert [(p.code, p.cell, p.message, p.fix) for p in problems] == [
        (
            "trunk-unknown",
            "A2",
            "There is no trunk 'Lodnon' on the Trunks sheet; did you mean London?",
            "Type London, or add the trunk to the Trunks sheet.",
        ),
        (
            "trunk-unknown",
            "A3",
            "There is no trunk 'Quito' on the Trunks sheet.",
            "Add the trunk to the Trunks sheet.",
        ),
        ("required", "A4", "Trunk must not be blank.", "Type the trunk's Name or Trunk ID."),
        ("clear-not-allowed", "A5", "Trunk cannot be emptied.", "Type the trunk's Name or Trunk ID."),
    ]
    assert {p.trunk for p in problems} == {None}


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        *(
            (text, "Type the Name or Trunk ID of a trunk on the Trunks sheet.")
            for text in ("Bonn; Rome", "=A2", "Old one")
        ),
        ("London !", "Type London."),
        (
            "442079460100",
            "Type the Name or Trunk ID of a trunk on the Trunks sheet; a number goes under its own header.",
        ),
        ("Bonn-1", "Add the trunk to the Trunks sheet."),
    ],
)
def test_only_what_can_be_a_trunks_name_is_offered_to_be_added(text: str, fix: str) -> None:
    assert one(check(book(["Name", "London", "Paris"], dids=[f"{text}|100"])), "trunk-unknown").fix == fix


def test_a_trunks_row_must_say_which_trunk() -> None:
    problem = one(check(book(["Port|Name", "5060|"])), "trunk-unnamed")
    assert (problem.cell, problem.trunk) == ("B2", 2)
    assert check(book(["Port|Name|Trunk ID", "5060||"]))[0].cell == "C2"


def test_a_trunk_stands_on_one_row() -> None:
    problems = check(book(["Trunk ID|Name", "5|", "05|", "|London", "|London"]))
    assert [(p.code, p.cell, p.message, p.trunk) for p in problems] == [
        ("trunk-twice", "A3", "The same trunk is also in A2.", 3),
        ("trunk-twice", "B5", "The same trunk is also in B4.", 5),
    ]


def test_two_trunks_to_one_name_are_a_problem_at_the_later() -> None:
    problem = one(check(book(["Trunk ID|Name", "5|London", "6|London"])), "name-twice")
    assert (problem.cell, problem.message) == ("B3", "The name London is also in B2.")
    assert told(check(book(["Trunk ID|Name", "5|London", "|London"]))) == ["Trunks!B3 name-twice"]


def test_all_cells_at_fault_are_told_in_one_pass_and_tied_to_their_trunk() -> None:
    problems = check(
        book(
            ["Name|Type|Port|Enabled|Codecs", "London|sip|70000|perhaps|pcmu", "Paris"],
            dids=["London|4 4", "Paris|", "Paris|1-2|" + "é" * 64],
            caller_ids=[
                "London|both|4 4||1-|x|;",
                "London|range|100|| 1|1001|Sales",
                "Paris|shared|4 4||1-2|1-2|<clear>",
                "Paris||",
            ],
        )
    )
    assert [(f"{p.sheet}!{p.cell}", p.code, p.trunk) for p in problems] == [
        ("Trunks!B2", "not-a-choice", 2),
        ("Trunks!D2", "not-a-choice", 2),
        ("Trunks!C2", "not-a-number", 2),
        ("Trunks!E2", "codec-unknown", 2),
        ("Caller IDs!B2", "not-a-choice", 2),
        ("Caller IDs!E2", "range-malformed", 2),
        ("Caller IDs!F2", "extension-malformed", 2),
        ("Caller IDs!G2", "extension-malformed", 2),
        ("Caller IDs!C3", "range-malformed", 2),
        ("Caller IDs!E3", "range-malformed", 2),
        ("Caller IDs!F3", "option-mismatch", 2),
        ("Caller IDs!G3", "option-mismatch", 2),
        ("Caller IDs!C4", "bad-characters", 3),
        ("Caller IDs!E4", "option-mismatch", 3),
        ("Caller IDs!F4", "extension-malformed", 3),
        ("Caller IDs!G4", "clear-not-allowed", 3),
        ("Caller IDs!B5", "required", 3),
        ("Caller IDs!C5", "required", 3),
        ("DIDs!C4", "too-long", 3),
        ("DIDs!B2", "bad-characters", 2),
        ("DIDs!B3", "required", 3),
        ("DIDs!B4", "dash-unclear", 3),
    ]


def test_a_cell_that_does_not_go_with_the_option_says_where_it_belongs() -> None:
    problems = check(book(["Name", "L"], caller_ids=["L|range|100-109||1001-1010|1001", "L|shared|100||1001-1010"]))
    assert [(p.cell, p.message, p.fix) for p in problems] == [
        (
            "F2",
            "With option range, Extensions is not used.",
            "Clear the cell and fill in Extension range, or choose option shared.",
        ),
        (
            "E3",
            "With option shared, Extension range is not used.",
            "Clear the cell and fill in Extensions or Extension groups, or choose option range.",
        ),
    ]


def test_ranges_of_different_size_are_a_problem_at_the_extension_range() -> None:
    problem = one(check(book(["Name", "L"], caller_ids=["L|range|+44100-+44109||1001-1005"])), "range-unequal")
    assert (problem.cell, problem.value) == ("E2", "1001-1005")
    assert problem.message == "The Caller ID has 10 numbers (+44100-+44109), but Extension range has 5 (1001-1005)."
    assert problem.fix == "For 10 extensions type 1001-1010, or change the Caller ID."


def test_a_range_of_dids_is_written_out_and_told() -> None:
    _, found, problems = read(book(["Name", "L"], dids=["L|442079460100-102|Desk", "L|7"]))
    assert found.trunks[0].dids is not None
    assert found.trunks[0].dids.rows == [
        DidRow(2, "442079460100", "Desk"),
        DidRow(2, "442079460101", "Desk"),
        DidRow(2, "442079460102", "Desk"),
        DidRow(3, "7", None),
    ]
    (notice,) = problems
    assert (notice.code, notice.cell, notice.stops) == ("range-expanded", "B2", False)
    assert notice.message == "442079460100-102 becomes 3 DIDs, 442079460100 to 442079460102."


@pytest.mark.parametrize("mode", ["", "replace"])
def test_clear_as_a_trunks_only_row_empties_the_list_explicitly(mode: str) -> None:
    (record,) = records(
        book(["Name|DIDs mode|Caller IDs mode", f"L|{mode}|{mode}"], dids=["L|<CLEAR>"], caller_ids=["L||<clear>"])
    )
    for edit in (record.dids, record.caller_ids):
        assert edit is not None
        assert (edit.mode, edit.explicit, edit.rows, edit.clear) == (Mode.REPLACE, True, (), 2)


def test_clear_beside_other_rows_or_in_another_mode_is_a_problem() -> None:
    problems = check(
        book(
            ["Name|DIDs mode|Caller IDs mode", "L|add|", "M||replace"],
            dids=["L|<clear>", "M|<clear>", "M|<clear>"],
            caller_ids=["L||<clear>", "M|shared|100|||1001", "M||<clear>"],
        )
    )
    assert [(f"{p.sheet}!{p.cell}", p.code, p.trunk) for p in problems if p.stops] == [
        ("Caller IDs!C4", "clear-not-alone", 3),
        ("DIDs!B2", "clear-not-alone", 2),
        ("DIDs!B3", "clear-not-alone", 3),
        ("DIDs!B4", "clear-not-alone", 3),
    ]


def test_clear_on_a_row_of_no_trunk_is_only_a_row_of_no_trunk() -> None:
    assert told(check(book(["Name", "L"], dids=["x|<clear>", "y|<clear>"]))) == [
        "DIDs!A2 trunk-unknown",
        "DIDs!A3 trunk-unknown",
    ]


def test_in_mode_remove_only_the_key_of_an_entry_counts() -> None:
    given = book(
        ["Name|DIDs mode|Caller IDs mode", "L|remove|remove"],
        dids=["L|100|" + "é" * 64],
        caller_ids=["L|shared|100|" + "é" * 64 + "|not read|x|;"],
    )
    assert check(given) == []


def test_names_of_entries_have_127_bytes() -> None:
    problems = check(
        book(["Name", "L"], dids=["L|1|" + "é" * 63, "L|2|" + "é" * 64], caller_ids=["L|shared|3|" + "x" * 128])
    )
    assert told([p for p in problems if p.stops]) == ["Caller IDs!D2 too-long", "DIDs!C3 too-long"]


def test_a_setting_that_the_type_lacks_is_a_problem_at_its_cell() -> None:
    header = "Name|Type|Transport|Hostname|Port|Domain|Username|Password|Auth name|Outbound proxy|DIDs mode"
    row = "dnsnaptr|h|1|d|u|Sample-1|a|yes|add"
    problems = check(book([header, f"A|account|{row}", f"P|peer|{row}", f"R|register|{row}"], dids=["A|100", "A|200"]))
    assert told(problems) == [
        "Trunks!D2 field-not-of-type",
        "Trunks!E2 field-not-of-type",
        "Trunks!F2 field-not-of-type",
        "Trunks!J2 field-not-of-type",
        "Trunks!K2 field-not-of-type",
        "Trunks!C2 field-not-of-type",
        "Trunks!G3 field-not-of-type",
        "Trunks!H3 field-not-of-type",
        "Trunks!I3 field-not-of-type",
        "Trunks!J3 field-not-of-type",
        "DIDs!B2 field-not-of-type",
        "DIDs!B3 field-not-of-type",
    ]
    assert problems[0].message == "Hostname is not a setting of an account trunk."
    assert problems[5].message == "An account trunk cannot use dnsnaptr."
    assert problems[7].value == "<hidden>"
    assert problems[10].message == "A is an account trunk, and such trunks have no DIDs."


def test_an_account_trunk_has_no_dids_to_clear_either() -> None:
    assert told(check(book(["Name|Type", "A|account"], dids=["A|<clear>"]))) == ["DIDs!B2 field-not-of-type"]


def test_the_same_did_twice_on_a_trunk_is_reported_at_the_later_cell() -> None:
    problems = check(
        book(
            ["Name", "L"],
            dids=["L|442079460105", "L|442079460100-109", "L|442079460108-119", "L|9", "L|9", "L|9"],
        )
    )
    assert [(p.cell, p.value, p.message) for p in problems if p.stops] == [
        ("B3", "442079460105", "442079460105 is already on this trunk, in B2."),
        ("B4", "442079460108", "442079460108 is already on this trunk, in B3."),
        ("B6", "9", "9 is already on this trunk, in B5."),
        ("B7", "9", "9 is already on this trunk, in B5."),
    ]


def test_the_same_did_on_two_trunks_is_told_once_each_and_names_the_first() -> None:
    problems = check(book(["Name", "L", "M", "N"], dids=["L|X.", "M|X.", "N|X."]))
    assert [(p.code, p.cell, p.message, p.stops) for p in problems] == [
        ("did-on-two-trunks", "B3", "X. is also on another trunk, in B2.", False),
        ("did-on-two-trunks", "B4", "X. is also on another trunk, in B2.", False),
    ]


def test_moving_a_did_from_trunk_to_trunk_is_no_double() -> None:
    given = book(["Name|DIDs mode", "L|remove", "M|add", "N|remove"], dids=["L|1", "M|1", "N|1", "L|1"])
    assert told(check(given)) == ["DIDs!B5 did-twice"]


def test_rows_of_no_trunk_are_not_compared() -> None:
    assert told(check(book(["Name", "L"], dids=["x|1", "y|1", "L|1"]))) == [
        "DIDs!A2 trunk-unknown",
        "DIDs!A3 trunk-unknown",
    ]


def test_the_same_caller_id_twice_on_a_trunk_is_a_problem_for_each_option() -> None:
    problem = one(
        check(
            book(
                ["Name", "L", "M"],
                caller_ids=[
                    "L|shared|100|||1001",
                    "M|shared|100|||1001",
                    "L|range|100-100||1002-1002",
                    "L|shared|100|||1003",
                ],
            )
        ),
        "caller-id-twice",
    )
    assert (problem.cell, problem.message) == ("C5", "100 is already on this trunk, in C2.")


def test_an_extension_in_two_entries_is_told_since_the_first_wins() -> None:
    problems = check(
        book(
            ["Name", "L"],
            caller_ids=["L|shared|100|||1001,1003,#9", "L|range|200-209||1001-1010", "L|shared|300|||1005,1001,#9"],
        )
    )
    assert [(p.code, p.cell, p.value, p.message) for p in problems] == [
        (
            "extension-in-two-entries",
            "E3",
            "1001",
            (
                "Extension 1001 (and 1 more of this cell) already has a caller ID on this trunk, in row 2; the "
                "PBX shows the first."
            ),
        ),
        (
            "extension-in-two-entries",
            "F4",
            "1005",
            "Extension 1005 already has a caller ID on this trunk, in row 3; the PBX shows the first.",
        ),
        (
            "extension-in-two-entries",
            "F4",
            "1001",
            "Extension 1001 already has a caller ID on this trunk, in row 2; the PBX shows the first.",
        ),
    ]


@pytest.mark.parametrize("did", ["100", "+100", "1XX", "10!", "[1]."])
def test_a_caller_id_among_the_dids_or_their_patterns_is_fine(did: str) -> None:
    assert check(book(["Name", "L"], dids=[f"L|{did}"], caller_ids=["L|shared|+100|||1001"])) == []


@pytest.mark.parametrize(("numbers", "kept"), [(100, 0), (101, 1)])
def test_caller_ids_that_are_no_dids_are_kept_by_column_where_they_are_many(numbers: int, kept: int) -> None:
    lines = [f"London|shared|{number}||||" for number in range(1000, 1000 + numbers)]
    given = book(["Name", "London"], dids=["London|1"], caller_ids=[*lines, "London|range|1-3||1001-1003||"])
    tables, _ = tabulate(given, Secret)
    records, found = group(tables)
    assert len(found.by_column) == kept
    assert [(p.row, p.value, p.trunk, p.message) for p in found if p.code == "caller-id-not-a-did"][-2:] == (
        [
            (numbers + 1, "1099", 2, "1099 is not among the trunk's DIDs."),
            (numbers + 2, "1-3", 2, "2 (and 1 more of this range) is not among the trunk's DIDs."),
        ]
        if not kept
        else [
            (numbers, "1099", 2, "1099 is not among the trunk's DIDs."),
            (numbers + 1, "1100", 2, "1100 is not among the trunk's DIDs."),
        ]
    )
    assert len(found) == numbers + 1
    assert len(records.trunks) == 1


def test_a_caller_id_that_is_not_among_the_dids_is_told() -> None:
    problems = check(
        book(
            ["Name", "L"],
            dids=["L|100", "L|20X"],
            caller_ids=["L|shared|101|||1001", "L|range|199-202||1011-1014", "L|shared|{{.Ext}}|||1002", "L|range|8-9"],
        )
    )
    assert [(p.code, p.cell, p.message, p.stops) for p in problems] == [
        ("caller-id-not-a-did", "C2", "101 is not among the trunk's DIDs.", False),
        ("caller-id-not-a-did", "C3", "199 is not among the trunk's DIDs.", False),
        ("caller-id-not-a-did", "C5", "8 (and 1 more of this range) is not among the trunk's DIDs.", False),
    ]


def test_without_dids_to_compare_with_a_caller_id_is_left_in_peace() -> None:
    assert check(book(["Name|DIDs mode", "L|add"], dids=["L|1"], caller_ids=["L|shared|101|||1001"])) == []
    assert check(book(["Name"], dids=[], caller_ids=[])) != []
    assert check(book(["Name", "L"], dids=["L|<clear>"], caller_ids=["L|shared|101|||1001"])) == []
    assert check(book(["Name|Caller IDs mode", "L|remove"], dids=["L|1"], caller_ids=["L|shared|101"])) == []


def test_replace_without_rows_leaves_the_list_alone_and_says_so() -> None:
    problems = check(book(["Name|DIDs mode|Caller IDs mode", "L|replace|replace", "M|add|remove"]))
    assert [(p.code, p.cell, p.message, p.fix, p.stops) for p in problems] == [
        (
            "mode-without-rows",
            "B2",
            "The sheet DIDs has no row for this trunk, so the list on the PBX stays as it is.",
            "To empty the list, add a row for the trunk to DIDs and type <clear> as its number.",
            False,
        ),
        (
            "mode-without-rows",
            "C2",
            "The sheet Caller IDs has no row for this trunk, so the list on the PBX stays as it is.",
            "To empty the list, add a row for the trunk to Caller IDs and type <clear> as its number.",
            False,
        ),
    ]


def test_a_row_at_fault_is_a_row_all_the_same() -> None:
    assert told(check(book(["Name|DIDs mode", "L|replace"], dids=["L|1-2"]))) == ["DIDs!B2 dash-unclear"]


def test_every_row_knows_its_trunk() -> None:
    _, found, _ = read(book(["Name", "L", "", "M"], dids=["M|1", "x|2", "L|3"]))
    assert [found.owners["DIDs"].of(row) for row in (2, 3, 4, 99)] == [4, None, 2, None]
    assert [found.owners["Trunks"].of(row) for row in (2, 3, 4)] == [2, None, 4]


def test_skip_is_kept_on_the_record() -> None:
    assert records(book(["Name|Action", "L|skip"]))[0].skip


def test_problems_of_reading_are_tied_to_their_trunk_too() -> None:
    (problem,) = check(workbook(sheet("Trunks", "Name", "L"), sheet("DIDs", "Trunk|DID", ["L", CellError("#N/A")])))
    assert (problem.code, problem.trunk) == ("cell-error", 2)


@pytest.mark.parametrize(
    ("name", "offers"),
    [("007", ("007", "7")), ("7.0", ("7.0", "7"))],
)
def test_a_number_is_no_trunk_id_where_a_name_has_its_digits_and_zeros(name: str, offers: tuple[str, ...]) -> None:
    problems = check(
        workbook(sheet("Trunks", "Trunk ID|Name", "7|London", f"8|{name}"), sheet("DIDs", "Trunk|DID", [7.0, "100"]))
    )
    (problem,) = [problem for problem in problems if problem.stops]
    assert (problem.code, problem.sheet, problem.cell, problem.value) == ("cell-number-cut", "DIDs", "A2", "7")
    assert problem.offers == offers
    assert problem.fix == f"Format the cell as text and type {name}, or 7 for the trunk with that ID."


def test_a_number_that_is_no_trunk_id_still_asks_for_the_name_that_it_may_have_been() -> None:
    problems = check(workbook(sheet("Trunks", "Name", "007"), sheet("DIDs", "Trunk|DID", [7.0, "100"])))
    (problem,) = [problem for problem in problems if problem.stops]
    assert (problem.code, problem.offers) == ("cell-number-cut", ("007",))
    assert problem.fix == "Format the cell as text and type 007."


@pytest.mark.parametrize("cell", [7.0, "7", "7.0"])
def test_a_number_is_a_trunk_id_where_no_name_speaks_against_it(cell: CellValue) -> None:
    given = workbook(sheet("Trunks", "Trunk ID|Name", "7|London", "8|Paris"), sheet("DIDs", "Trunk|DID", [cell, "100"]))
    (first, _) = records(given)
    assert first.dids is not None
    assert [row.number for row in first.dids.rows] == ["100"]
