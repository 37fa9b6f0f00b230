"""Sheets as other systems write them: known by their headers, read in our words, what of them is not sent told."""

from __future__ import annotations

import pytest

from batch.readers.workbook import RawSheet, Workbook
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.dialect_sheets import dialect_in, set_by_hand
from batch.tables.rows import Tables
from batch.tables.single_lists import ListOptions
from batch.trunks.group_names import split_groups
from tests.builders import check, records, sheet, tabulate, told, workbook

TRUNKS = sheet("Trunks", "Name", "London-1", "Leeds-1")
FREEPBX = "Trunk|cidnum|extension|destination|description|mohclass"
THREE_CX = "Trunk|PRIORITY|NAME|TYPE|MASK|PORTS|INOFFICE_DEST_TYPE|INOFFICE_DEST_NUMBER|SPECIFIC_HOURS"
CUCM = "Trunk|Device Name|Description|Directory Number 1|Route Partition 1|Display 1|External Phone Number Mask 1"
PORTAL = "Trunk|Create Method|Short Code|Outbound Caller ID|Outbound Caller ID Name|Associated Extensions"


def dids(*lines: str) -> Workbook:
    return workbook(TRUNKS, sheet("DIDs", *lines))


def read(*lines: str) -> tuple[Tables, list[Problem]]:
    return tabulate(dids(*lines), Secret)


def only(problems: list[Problem], code: str) -> Problem:
    (found,) = [problem for problem in problems if problem.code == code]
    return found


def test_a_list_of_freepbx_is_read_and_its_destinations_are_named() -> None:
    tables, problems = read(
        FREEPBX,
        "London-1||442079460100|ext-group,600,1|Reception|default",
        "London-1||_4420794601XX|from-did-direct,1001,1||default",
    )
    assert tables.dids.texts("did") == ["442079460100", "4420794601XX"]
    assert tables.dids.texts("did_name") == ["Reception", ""]
    assert told(problems) == ["DIDs!A1 dialect-read", "DIDs!D1 set-by-hand"]
    assert only(problems, "dialect-read").message == (
        "DIDs: read as FreePBX's list of DIDs (Bulk Handler). 'extension' (C) is DID, 'description' (E) is DID "
        "name. The _ in front of 1 number was removed. Not sent: 'cidnum', 'destination', 'mohclass'."
    )
    by_hand = only(problems, "set-by-hand")
    assert by_hand.message == "'destination' is not part of a trunk, so what 2 rows say there is not sent."
    assert (
        by_hand.fix == "Set it by hand in an inbound route of the PBX; the results list it row by row in the "
        "column What to do."
    )
    assert set_by_hand(tables.dids) == {
        2: "destination ext-group,600,1 in an inbound route of the PBX",
        3: "destination from-did-direct,1001,1 in an inbound route of the PBX",
    }


def test_a_route_without_a_number_and_one_that_has_it_again_are_skipped_and_told() -> None:
    tables, problems = read(
        FREEPBX,
        "London-1||442079460100|ext-group,600,1||",
        "London-1|442079999999|442079460100|ext-group,601,1||",
        "Leeds-1||442079460100|ext-group,602,1||",
        "London-1|||app-blackhole,hangup,1|any|",
        "|||app-blackhole,hangup,1||",
    )
    assert tables.dids.rows() == [2, 4]
    route = "in an inbound route of the PBX."
    assert tables.dids.skipped == {
        3: f"Row 2 has the same number. Set by hand: destination ext-group,601,1, cidnum 442079999999 {route}",
        5: f"The row has no number. Set by hand: destination app-blackhole,hangup,1 {route}",
        6: f"The row has no number. Set by hand: destination app-blackhole,hangup,1 {route}",
    }
    assert [problem.message for problem in problems if problem.code == "rows-skipped"] == [
        "2 rows of DIDs are skipped (rows 5-6): they have no number.",
        "1 row of DIDs is skipped (row 3): its number is in a row above it.",
    ]


def test_a_cell_at_fault_is_told_and_not_skipped_for_want_of_a_number() -> None:
    _, problems = read(FREEPBX, "London-1||4.42E+11|ext-group,600,1||")
    assert [problem.code for problem in problems if problem.stops] == ["cell-number-lost"]


def test_users_of_teams_without_a_number_are_skipped_and_what_stands_behind_one_is_for_the_hand() -> None:
    tables, problems = read(
        "Trunk|UserPrincipalName|DisplayName|LineURI|UsageLocation",
        "London-1|anna@example.com|Anna Bell|tel:+442079460100;ext=100|GB",
        "London-1|ben@example.com|Ben Cole||GB",
        "London-1|cleo@example.com|Cleo Dunn|tel:+442079460101|GB",
        "London-1|dan@example.com|Dan Ellis|tel:+442079460100;ext=103|GB",
    )
    assert tables.dids.texts("did") == ["+442079460100", "+442079460101"]
    assert tables.dids.texts("did_name") == ["Anna Bell", "Cleo Dunn"]
    assert set(tables.dids.skipped) == {3, 5}
    assert tables.dids.skipped[3] == "The row has no number."
    assert tables.dids.skipped[5].startswith(
        "Row 2 has the same number. Set by hand: UserPrincipalName dan@example.com,"
    )
    assert set_by_hand(tables.dids) == {
        2: "UserPrincipalName anna@example.com, ext 100 in an inbound route of the PBX, to the user's extension",
        4: "UserPrincipalName cleo@example.com in an inbound route of the PBX, to the user's extension",
    }
    assert not [problem for problem in problems if problem.stops]
    assert "Of 3 addresses (tel: or sip:) only the number is used." in only(problems, "dialect-read").message
    assert "cell-repaired" not in {problem.code for problem in problems}
    by_hand = only(problems, "set-by-hand").message
    assert by_hand == "'UserPrincipalName', 'ext' are not part of a trunk, so what 4 rows say there is not sent."


def test_3cx_has_its_star_taken_off_and_rules_for_callers_are_asked_about() -> None:
    tables, problems = read(
        THREE_CX, "London-1|1|Sales|1|*442079460100|10000|2|1001|0", "London-1|2|Block|2|442079999999|10000|6||0"
    )
    assert tables.dids.texts("did") == ["442079460100", "442079999999"]
    asked = only(problems, "rows-not-in-use")
    assert (asked.cell, asked.stops) == ("D1", True)
    assert 'skip_where = {TYPE = ["2"]}' in asked.fix


def test_masks_of_cucm_are_filled_in_and_a_blank_one_leaves_the_number_that_can_be_called() -> None:
    tables, problems = read(
        CUCM,
        "London-1|SEP1|Anna|1100|PT|Anna Bell|442079460XXX",
        "London-1|SEP2|Ben|\\+442079460101|PT|Ben Cole|",
        "London-1|SEP3|Lobby|1102|PT||",
        "London-1|SEP4|Anna|1100|PT|Anna Bell|442079460XXX",
        "London-1|SEP5|Odd|12|PT||442079460XXX",
    )
    assert tables.dids.texts("did") == ["442079460100", "+442079460101", ""]
    assert tables.dids.rows() == [2, 3, 6]
    assert set(tables.dids.skipped) == {4, 5}
    fault = only(problems, "no-number")
    assert (fault.cell, fault.message) == (
        "G6",
        "442079460XXX needs the last 3 digits of Directory Number 1, which is '12'.",
    )


def test_without_masks_a_directory_number_of_cucm_is_one_only_if_it_can_be_called_from_outside() -> None:
    tables, problems = read(
        "Trunk|pattern|routePartitionName|description",
        "London-1|\\+442079460100|PT|Anna",
        "London-1|1100|PT|Ben",
        "London-1|44207946XXXX|PT|Block",
    )
    assert tables.dids.texts("did") == ["+442079460100", "44207946XXXX"]
    assert tables.dids.skipped == {3: "The row has no number."}
    assert not [problem for problem in problems if problem.stops]


def test_the_portals_caller_ids_are_parted_into_extensions_groups_and_ranges() -> None:
    given = workbook(
        TRUNKS,
        sheet(
            "Caller IDs",
            PORTAL,
            "London-1|single|7|442079460100|Reception|1001&1002&Sales",
            "London-1|range||442079460110-442079460114||1010-1014",
            "London-1|||442079460101|blank|1003",
            'London-1|single||442079460102||R&D&1004&Night shift&"Quoted", Inc',
        ),
    )
    tables, problems = tabulate(given, Secret)
    table = tables.caller_ids
    assert table.texts("outbound_cid_option") == ["single", "range", "shared", "single"]
    assert table.texts("extensions") == ["1001, 1002", "", "1003", "1004"]
    groups = [split_groups(text, {"R&D"}) for text in table.texts("extension_groups")]
    assert groups == [("Sales",), (), (), ("R&D", "Night shift", '"Quoted", Inc')]
    assert split_groups(table.texts("extension_groups")[3])[:2] == ("R", "D")
    assert table.texts("outbound_cid_to_ext_range") == ["", "1010-1014", "", ""]
    assert [problem for problem in check(given) if problem.stops] == []
    assert only(problems, "dialect-read").message == (
        "Caller IDs: read as the PBX's own list of outbound caller IDs. 1 blank Option was read as single. "
        "Not sent: 'Short Code'."
    )
    assert set_by_hand(table) == {2: "Short Code 7 in the portal, among the trunk's outbound caller IDs"}


def test_a_fault_in_the_portals_column_is_told_at_it() -> None:
    given = workbook(TRUNKS, sheet("Caller IDs", PORTAL, "London-1|range||442079460110-442079460114||1010-1012"))
    assert told([problem for problem in check(given) if problem.stops]) == ["Caller IDs!F2 range-unequal"]


def test_types_of_the_cloud_are_peers() -> None:
    given = workbook(sheet("Trunks", "Name|Trunk Status|Trunk Type|Hostname/IP", "London-1|0|did_based|sip.example"))
    tables, problems = tabulate(given, Secret)
    assert tables.trunks.texts("enable") == ["0"]
    assert [problem for problem in check(given) if problem.stops] == []
    assert told(problems) == ["Trunks!A1 dialect-read"]
    assert problems[0].message == "Trunks: read as the PBX's own list of trunks. did_based was read as peer."


def test_types_may_be_called_as_the_portals_page_calls_them() -> None:
    header = "Name|Trunk Status|Trunk Type|Hostname/IP"
    rows = ["A|1|Register Trunk|h", "B|1|Peer Trunk|h", "C|1|port_based|h"]
    given = workbook(sheet("Trunks", header, *rows))
    assert [problem for problem in check(given) if problem.stops] == []
    assert [record.type for record in records(given)] == ["register", "peer", "peer"]
    assert tabulate(given, Secret)[1][0].message.endswith("trunks. port_based was read as peer.")


def test_a_header_of_ours_goes_before_the_dialects() -> None:
    tables, _ = read(f"{FREEPBX}|DID name", "London-1||442079460100|ext-group,600,1|Reception||Front desk")
    assert tables.dids.texts("did_name") == ["Front desk"]


def test_a_column_that_the_system_does_not_write_is_asked_about_as_ever() -> None:
    _, problems = read(
        "Trunk|phone_number|status|connection_name|New DID", "London-1|442079460100|active|SBC|442079460999"
    )
    assert [problem.code for problem in problems if problem.stops] == ["column-unknown"]


def test_lines_above_the_header_do_no_harm() -> None:
    tables, problems = read("#TYPE Selected.User", "Trunk|DisplayName|LineURI", "London-1|Anna Bell|tel:+442079460100")
    assert (tables.dids.header_row, tables.dids.texts("did")) == (2, ["+442079460100"])
    assert "DIDs!A2 header-found" in told(problems)


def test_a_password_in_a_column_of_theirs_is_no_part_of_what_is_told() -> None:
    _, problems = read(f"{CUCM}|Secure Shell Password", "London-1|SEP1|A|1100|PT||442079460100|Sample-secret-1")
    assert "Sample-secret-1" not in str(problems)


@pytest.mark.parametrize("raw", [sheet("DIDs"), sheet("DIDs", "Trunk|DID", "London-1|442079460100")])
def test_other_sheets_are_in_no_dialect(raw: RawSheet) -> None:
    assert dialect_in(raw) is None


def test_a_sheet_of_any_name_is_known_beside_the_trunks_where_no_other_is_that_list() -> None:
    carrier = sheet("Carrier", "Trunk|phone_number|status|connection_name", "London-1|442079460100|active|SBC")
    tables, problems = tabulate(workbook(TRUNKS, carrier), Secret)
    assert (tables.dids.name, tables.dids.texts("did")) == ("Carrier", ["442079460100"])
    assert "Carrier!A1 dialect-read" in told(problems)
    tables, problems = tabulate(workbook(TRUNKS, carrier, sheet("DIDs", "Trunk|DID", "London-1|1")), Secret)
    assert (tables.dids.name, told(problems)) == ("DIDs", ["Carrier!A1 own-sheet"])


def test_two_sheets_that_are_known_as_one_list_are_asked_about() -> None:
    header = "Trunk|phone_number|status|connection_name"
    one, two = (sheet(name, header, "London-1|442079460100|active|SBC") for name in ("A", "B"))
    _, problems = tabulate(workbook(TRUNKS, one, two), Secret)
    assert "B!A1 sheet-twice" in told(problems)


@pytest.mark.parametrize("header", ["Phone", "Phone number", "Telephone"])
def test_a_dialects_own_number_goes_before_another_column_that_could_be_one(header: str) -> None:
    tables, problems = read(f"Trunk|DisplayName|{header}|LineURI", "London-1|Anna|+441134960100|tel:+442079460100")
    assert tables.dids.texts("did") == ["+442079460100"]
    assert f"Not sent: '{header}'." in only(problems, "dialect-read").message
    tables, _ = read("Trunk|DisplayName|DID|LineURI", "London-1|Anna|+441134960100|tel:+442079460100")
    assert tables.dids.texts("did") == ["+441134960100"]


def test_an_outbound_proxy_that_is_off_is_left_out_where_the_type_has_none() -> None:
    header = "Name|Trunk Status|Trunk Type|Hostname/IP|Enable Outbound Proxy|Outbound Proxy Server|Outbound Proxy Port"
    given = workbook(
        sheet(
            "Trunks",
            header,
            "London-1|1|register|sip.example|0||5060",
            "Leeds-1|1|peer|sip.example|0||5060",
            "York-1|1|did_based|sip.example|No||",
            "Bath-1|1|peer|sip.example|1|proxy.example|5060",
        )
    )
    tables, problems = tabulate(given, Secret)
    assert tables.trunks.texts("enb_outbound_proxy") == ["0", "", "", "1"]
    assert tables.trunks.texts("outbound_proxy_port") == ["5060", "", "", "5060"]
    said = "That Outbound proxy is off is not sent of 2 peer trunks: such a trunk has none."
    assert said in only(problems, "dialect-read").message
    assert {p.cell for p in check(given) if p.code == "field-not-of-type"} == {"E5", "F5", "G5"}


def test_where_two_sheets_are_known_by_their_headers_a_new_name_is_not_offered() -> None:
    given = [
        sheet(name, "Trunk|DID", f"{name}-1|{number}") for name, number in (("Berlin", 493023125), ("Bonn", 49228))
    ]
    (twice,) = [problem for problem in tabulate(workbook(*given), Secret)[1] if problem.code == "sheet-twice"]
    assert (twice.sheet, twice.message) == ("Bonn", "The sheets 'Berlin' and 'Bonn' both mean DIDs.")
    assert twice.fix == (
        "Put the rows of both on one of them and delete the other; or, to leave 'Bonn' out, put # in front of its "
        "name: '#Bonn'."
    )
    own = sheet("#Bonn", "Trunk|DID", "Bonn-1|49228")
    assert told(tabulate(workbook(given[0], own), Secret)[1]) == ["#Bonn!A1 own-sheet"]
    given[1] = sheet("Bonn", "#Trunk|#DID", "Bonn-1|49228")
    assert told(tabulate(workbook(*given), Secret)[1]) == ["Bonn!A1 own-sheet"]


EXTENSIONS = "extension|password|name|voicemail|outboundcid|tech|secret"


def test_extensions_of_freepbx_are_the_caller_ids_that_they_show() -> None:
    given = workbook(
        sheet(
            "export",
            EXTENSIONS,
            '1001||Anna|novm|"Front desk" <442079460100>|pjsip|Sample-1',
            "1002||Ben|novm|442079460101|pjsip|Sample-2",
            "1003||Carl|novm||pjsip|Sample-3",
            "1004||Dora|default|442079460100|pjsip|Sample-4",
            "1005||Emil|novm|hidden|pjsip|Sample-5",
        )
    )
    tables, problems = tabulate(given, Secret, options=ListOptions(trunk="London-1"))
    caller_ids = tables.caller_ids
    assert caller_ids.texts("outbound_cid") == ["442079460100", "442079460101"]
    assert caller_ids.texts("outbound_cid_name") == ["Front desk", ""]
    assert caller_ids.texts("outbound_cid_option") == ["shared", "shared"]
    assert caller_ids.texts("extensions") == ["1001, 1004", "1002"]
    assert caller_ids.skipped[4].startswith("The row has no number.")
    assert caller_ids.skipped[6].startswith("The row has no number.")
    assert caller_ids.skipped[5].startswith("Row 2 has the same number.")
    said = only(problems, "dialect-read").message
    assert "read as FreePBX's list of extensions (Bulk Handler)." in said
    assert "Extensions with the same number become one entry." in said
    assert "Sample-" not in str(problems)
    assert not [problem for problem in problems if problem.stops]
