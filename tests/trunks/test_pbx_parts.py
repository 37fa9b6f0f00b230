from dataclasses import replace

from batch.readers.workbook import Block
from tests.builders import check, read, sheet, told, workbook

TRUNKS = ("Trunks", "PBX|Wave|Name")
DIDS = ("DIDs", "PBX|Trunk|DID")


def test_a_trunks_name_and_its_dids_are_judged_on_its_pbx_alone() -> None:
    given = workbook(
        sheet(*TRUNKS, "berlin||Main", "hamburg||Main", "berlin||Main"),
        sheet(*DIDS, "berlin|Main|442079460100", "berlin|Main|442079460100", "hamburg|Main|442079460200"),
    )
    assert told(check(given)) == ["Trunks!C4 trunk-twice", "DIDs!B2 trunk-ambiguous", "DIDs!B3 trunk-ambiguous"]


def test_a_did_twice_on_a_trunk_is_an_error_and_on_two_pbxs_a_warning() -> None:
    given = workbook(
        sheet(*TRUNKS, "berlin||Main", "hamburg||Main"),
        sheet(*DIDS, "berlin|Main|442079460100", "berlin|Main|442079460100", "hamburg|Main|442079460100"),
    )
    assert told(check(given)) == ["DIDs!C3 did-twice", "DIDs!C4 did-on-two-pbxs"]


def test_a_did_that_one_pbx_gives_up_is_no_double_on_the_other() -> None:
    given = workbook(
        sheet("Trunks", "PBX|Name|DIDs mode", "berlin|Main|remove", "hamburg|Main|add"),
        sheet(*DIDS, "berlin|Main|442079460100", "hamburg|Main|442079460100"),
    )
    assert told(check(given)) == []


def test_a_row_without_a_pbx_belongs_to_the_only_one_that_has_its_trunk() -> None:
    given = workbook(
        sheet(*TRUNKS, "berlin||Main", "hamburg||Docks"),
        sheet("DIDs", "Trunk|DID", "Docks|442079460100", "Main|442079460200"),
    )
    _, records, problems = read(given)
    assert problems == []
    assert {record.name: [row.number for row in record.dids.rows] for record in records.trunks if record.dids} == {
        "Main": ["442079460200"],
        "Docks": ["442079460100"],
    }


def test_a_row_whose_trunk_is_on_two_pbxs_must_say_which() -> None:
    given = workbook(sheet(*TRUNKS, "berlin||Main", "hamburg||Main"), sheet("DIDs", "Trunk|DID", "Main|442079460100"))
    (problem,) = check(given)
    assert (problem.cell, problem.code) == ("A2", "trunk-ambiguous")
    assert problem.message == "'Main' is the name of a trunk on several PBXs: berlin, hamburg."


def test_a_row_that_names_another_pbx_than_its_trunk_is_told_where_that_is() -> None:
    given = workbook(sheet(*TRUNKS, "berlin||Main", "hamburg||Docks"), sheet(*DIDS, "berlin|Docks|442079460100"))
    (problem,) = check(given)
    assert (problem.cell, problem.code) == ("B2", "trunk-unknown")
    assert problem.message == "The PBX berlin has no trunk 'Docks' on the Trunks sheet; it is on hamburg."
    assert problem.fix == "Type hamburg as its PBX, or correct the trunk."


def test_a_trunk_that_names_no_pbx_is_an_error_where_others_do() -> None:
    given = workbook(sheet(*TRUNKS, "berlin||Main", "||Docks"), sheet(*DIDS, "|Docks|442079460100"))
    assert told(check(given)) == ["Trunks!A3 required"]


def test_a_pbx_is_in_one_wave() -> None:
    given = workbook(sheet(*TRUNKS, "berlin|1|Main", "berlin|2|Docks", "hamburg||Gate", "hamburg|0|Quay"))
    assert told(check(given)) == ["Trunks!B3 wave-contradicts", "Trunks!B5 not-a-number"]


def test_a_list_that_names_pbxs_needs_them_on_the_trunks_sheet_too() -> None:
    given = workbook(sheet("Trunks", "Name", "Main"), sheet(*DIDS, "berlin|Main|442079460100"))
    assert told(check(given)) == ["DIDs!A1 header-reserved"]


def test_a_trunk_that_gives_dids_up_is_looked_for_on_its_own_pbx() -> None:
    given = workbook(
        sheet(*TRUNKS, "berlin||Main", "hamburg||Main", "hamburg||Docks"),
        sheet("DIDs", "PBX|Trunk|DID|Move from", "hamburg|Main|442079460100|Docks", "berlin|Main|442079460200|Old"),
    )
    _, records, problems = read(given)
    assert told(problems) == []
    trunks = {record.row: record.name for record in records.trunks}
    assert [(trunks[move.giver], trunks[move.receiver], move.number) for move in records.moves] == [
        ("Docks", "Main", "442079460100"),
        ("Old", "Main", "442079460200"),
    ]


def test_a_pbx_that_is_merged_over_its_trunks_counts_for_all_of_them() -> None:
    merged = Block(first_row=2, last_row=3, first_column=0, last_column=0)
    trunks = replace(sheet(*TRUNKS, "berlin|1|Main", "||Docks", "hamburg||Gate"), merged=(merged,))
    given = workbook(trunks, sheet("DIDs", "Trunk|DID", "Docks|442079460100"))
    assert {problem.code for problem in check(given)} == {"cells-merged"}
