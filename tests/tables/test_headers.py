from __future__ import annotations

import pytest

from batch.readers.workbook import CellError, CellValue, NoValue
from batch.schema.columns import CALLER_IDS, DIDS, TRUNKS
from batch.tables.headers import match_headers
from tests.builders import check, sheet, told, workbook


def match(*texts: object, of: object = TRUNKS, ours: bool = False) -> tuple[dict[str, int], list[str]]:
    sheet_of = of if of in (TRUNKS, CALLER_IDS, DIDS) else TRUNKS
    headers, problems = match_headers(sheet_of, "S", 1, dict(enumerate(texts)), ours=ours)  # type: ignore[arg-type] # any cell
    return dict(headers.columns), told(problems)


@pytest.mark.parametrize(
    "header",
    ["Trunk ID", "trunk id", "TRUNKID", " Trunk  ID ", "trunk_id", "Trunk-ID", "Trunk ID*", "Trunk ID *", "id", "ID"],
)
def test_case_blanks_dashes_and_a_star_do_not_count(header: str) -> None:
    assert match(header) == ({"id": 0}, [])


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("host", "hostname"),
        ("enb_outbound_proxy", "enb_outbound_proxy"),
        ("Outbound proxy (on/off)", "enb_outbound_proxy"),
        ("def_outbound_cid", "def_outbound_cid"),
        ("Codec", "codec_sel"),
    ],
)
def test_api_names_and_aliases_are_headers_too(header: str, field: str) -> None:
    assert match("Name", header) == ({"name": 0, field: 1}, [])


def test_columns_come_in_any_order() -> None:
    assert match("DID name", "DID", "Trunk", of=DIDS) == ({"did_name": 0, "did": 1, "trunk": 2}, [])


def test_a_header_within_two_edits_is_asked_about() -> None:
    _, problems = match_headers(TRUNKS, "Trunks", 3, {1: "Name", 4: "Hostnmae"}, ours=False)
    (problem,) = problems
    assert (problem.code, problem.cell, problem.header, problem.value) == (
        "header-near",
        "E3",
        "Hostnmae",
        "Hostnmae",
    )
    assert problem.message == "The column 'Hostnmae' is not known; did you mean Hostname?"
    assert problem.fix == "Type Hostname, or #Hostnmae if it is a column of your own."


def test_a_header_three_edits_away_is_the_users_own() -> None:
    assert match("Name", "Hosttt") == ({"name": 0}, ["S!B1 own-column"])


def test_a_near_header_of_a_column_that_is_there_is_the_users_own() -> None:
    assert match("Name", "Port", "Ports") == ({"name": 0, "port": 1}, ["S!C1 own-column"])


def test_two_headers_for_one_field_are_a_problem_at_the_later_one() -> None:
    _, (problem,) = match_headers(TRUNKS, "Trunks", 1, {0: "Name", 1: "trunk name"}, ours=False)
    assert (problem.code, problem.cell) == ("header-twice", "B1")
    assert problem.message == "'trunk name' and 'Name' in A1 both mean Name."
    assert problem.fix == "Keep one of the two columns; put # in front of the other's header to keep it as your own."


@pytest.mark.parametrize("number", ["442079460100", "+44 20 7946 0100", 442079460100.0, "442079460100-199"])
def test_a_telephone_number_where_a_header_belongs_is_a_problem(number: CellValue) -> None:
    headers, (problem,) = match_headers(DIDS, "S", 1, {0: "Trunk", 1: "DID", 2: number}, ours=False)
    assert (problem.code, problem.cell, sorted(headers.columns)) == ("header-unreadable", "C1", ["did", "trunk"])
    assert "is a phone number, not a header" in problem.message


@pytest.mark.parametrize("header", ["2026", "01.02.2026", "#442079460100", "10000123", "2024-2026"])
def test_other_digits_in_a_header_are_the_users_own(header: str) -> None:
    _, (notice,) = match_headers(DIDS, "S", 1, {0: "Trunk", 1: "DID", 2: header}, ours=False)
    assert (notice.code, notice.cell) == ("own-column", "C1")


@pytest.mark.parametrize("header", ["Move from", "move_from", "Verschieben von", "PBX ID", "PBX SN*"])
def test_a_reserved_header_is_a_problem_rather_than_silently_ignored(header: str) -> None:
    assert match("Name", header) == ({"name": 0}, ["S!B1 header-reserved"])


@pytest.mark.parametrize(
    "header", ["PBX", "pbx_name", "PBX URL", "Anlage", "TK-Anlage", "IPBX", "Centralita", "\u4ea4\u6362\u673a"]
)
def test_the_column_of_pbxs_is_known_on_every_sheet(header: str) -> None:
    assert match("Name", header) == ({"name": 0, "pbx": 1}, [])
    headers, problems = match_headers(DIDS, "S", 1, {0: "Trunk", 1: "DID", 2: header}, ours=False)
    assert (dict(headers.columns), problems) == ({"trunk": 0, "did": 1, "pbx": 2}, [])


def test_a_wave_is_one_of_the_trunks_and_not_of_a_list() -> None:
    assert match("Name", "Wave") == ({"name": 0, "wave": 1}, [])
    _, (problem,) = match_headers(DIDS, "S", 1, {0: "Trunk", 1: "DID", 2: "Wave"}, ours=False)
    assert (problem.code, problem.message) == ("header-reserved", "The column 'Wave' belongs on the sheet Trunks.")


@pytest.mark.parametrize("header", ["#PBX", "#Name", "# Hostnmae"])
def test_a_column_that_begins_with_a_hash_is_always_the_users_own(header: str) -> None:
    assert match("Name", header) == ({"name": 0}, ["S!B1 own-column"])


def test_own_columns_are_named_in_one_notice() -> None:
    headers, (notice,) = match_headers(TRUNKS, "Trunks", 1, {0: "Site", 1: "Name", 2: "", 3: "#PBX"}, ours=False)
    assert notice.message == "'Site', '#PBX' are columns of your own, kept as they are and not sent."
    assert (notice.cell, notice.stops, dict(headers.own)) == ("A1", False, {0: "Site", 3: "#PBX"})


def test_our_result_columns_are_set_aside_in_a_file_of_ours_and_kept_in_any_other() -> None:
    cells = {0: "Name", 1: "Result", 2: "What to do", 3: "Result (yours)"}
    headers, _ = match_headers(TRUNKS, "Trunks", 1, cells, ours=True)
    assert (headers.ours, dict(headers.own)) == (frozenset({1, 2}), {3: "Result (yours)"})
    headers, _ = match_headers(TRUNKS, "Trunks", 1, cells, ours=False)
    assert (headers.ours, dict(headers.own)) == (frozenset(), {1: "Result", 2: "What to do", 3: "Result (yours)"})


def test_missing_columns_are_reported_at_the_header_row() -> None:
    _, problems = match_headers(CALLER_IDS, "Caller IDs", 4, {0: "Trunk"}, ours=False)
    assert [(p.code, p.cell, p.message, p.fix) for p in problems] == [
        (
            "header-missing",
            "A4",
            "The sheet Caller IDs has no column Option.",
            "Add a column with the header Option in row 4, and shared or range below it.",
        ),
        (
            "header-missing",
            "A4",
            "The sheet Caller IDs has no column Caller ID.",
            "Add a column with the header Caller ID in row 4.",
        ),
    ]


@pytest.mark.parametrize("cell", ["442079460100, 442079460101, etc.", "442079460100 onwards", "from 442079460100"])
def test_what_is_unclear_below_a_header_of_several_numbers_is_told_at_its_cell(cell: str) -> None:
    (problem,) = check(workbook(sheet("Trunks", "Name", "L"), sheet("DIDs", "Trunk|DIDs", f"L|{cell}")))
    assert (problem.cell, problem.header, problem.stops) == ("B2", "DIDs", True)


BOTH = (
    "DID over column A and DID to over B, if those are the first and last number of a block; DID 1, DID 2 and so "
    "on, if each is a number of its row"
)


@pytest.mark.parametrize(
    ("lines", "fix"),
    [
        ("FullNumber|City\n2125550100|NY\n2125550101|NY", "If the numbers are those of column A, type DID in A1."),
        (
            "442079460100|Reception\n442079460101|Sales",
            "Row 1 is not a header row: insert one above it, with DID over column A.",
        ),
        (
            "442079460100|442079460199\n442079460200|442079460299",
            f"Row 1 is not a header row: insert one above it, with {BOTH}.",
        ),
        ("Alpha|Omega\n442079460100|442079460199", f"Type headers for the columns of numbers in row 1: {BOTH}."),
        ("Alpha|Omega\none|two", "Add a column with the header DID in row 1."),
    ],
)
def test_a_list_without_a_header_that_is_known_is_told_where_it_goes(lines: str, fix: str) -> None:
    given = workbook(sheet("Trunks", "Name", "London-1"), sheet("DIDs", *lines.splitlines()))
    missing = [problem for problem in check(given) if problem.code == "header-missing"]
    assert [problem.fix for problem in missing if problem.message.endswith(" DID.")] == [fix]


def test_the_trunks_sheet_needs_an_id_or_a_name() -> None:
    assert match("Hostname") == ({"hostname": 0}, ["S!A1 header-missing"])


@pytest.mark.parametrize("header", ["Names", "Trunk IT"])
def test_a_header_that_is_almost_right_is_not_reported_missing_as_well(header: str) -> None:
    assert match(header, "Enabled", "Port")[1] == ["S!A1 header-near"]


@pytest.mark.parametrize(
    ("cell", "value", "message"),
    [
        (CellError("#REF!"), "#REF!", "The header cell shows the spreadsheet error #REF!."),
        (NoValue("=A9"), "=A9", "The header is a formula, but the file does not contain its result."),
    ],
)
def test_a_header_that_cannot_be_read_is_a_problem(cell: object, value: str, message: str) -> None:
    _, (problem,) = match_headers(TRUNKS, "Trunks", 1, {0: "Name", 1: cell}, ours=False)  # type: ignore[dict-item] # either
    assert (problem.code, problem.cell, problem.value, problem.message) == ("header-unreadable", "B1", value, message)


def test_a_number_may_be_an_own_header() -> None:
    assert match("Name", 2026.0) == ({"name": 0}, ["S!B1 own-column"])


def test_header_problems_belong_to_no_trunk_and_so_stop_everything() -> None:
    (problem,) = check(workbook(sheet("Trunks", "Name|Hostnmae", "London|x")))
    assert (problem.code, problem.trunk, problem.stops) == ("header-near", None, True)


@pytest.mark.parametrize(
    "header",
    [
        "Ort",
        "PO",
        "Cost",
        "Cert",
        "Art",
        "Code",
        "True",
        "Post",
        "Sort",
        "Part",
        "Game",
        "Kost",
        "Wort",
        "Porto",
        "Fort",
        "Nase",
        "Dame",
        "Section",
        "Caption",
        "Auktion",
        "Nation",
        "Romain",
        "Domino",
        "Truck",
        "Typo",
        "Surname",
    ],
)
def test_an_ordinary_word_is_never_taken_for_a_misspelt_header(header: str) -> None:
    assert match("Trunk ID", header) == ({"id": 0}, ["S!B1 own-column"])


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("Prt", False),
        ("Pot", False),
        ("Prot", True),
        ("Porrt", True),
        ("Tyype", True),
        ("Naem", True),
        ("Hostnmae", True),
        ("Transpotr", True),
        ("Transpoort", True),
        ("Usernmea", True),
        ("Enabld", True),
        ("Codexs", True),
    ],
)
def test_short_words_may_be_one_edit_away_and_long_ones_two(header: str, *, asked: bool) -> None:
    assert match("Trunk ID", header)[1] == ["S!B1 header-near" if asked else "S!B1 own-column"]
