"""Reading (section 2 of the contract)."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.contracts.endpoint import Endpoint, Json

NOT_THERE = 99999999
SIP = {"register", "peer", "peer_did", "peer_port", "peer_private", "account"}
STATUSES = {0, 1, 2, 3, 4, 41, 42, 43, 44, 45}


@pytest.fixture(scope="session")
def total(pbx: Endpoint) -> int:
    return int(pbx.get("trunk/list", page=1, page_size=1)["total_number"])


@pytest.fixture(scope="session")
def rows(pbx: Endpoint, total: int) -> list[Json]:
    """Page through the trunks, in three pages or more, until there are enough or no more."""
    found: list[Json] = []
    for page in range(1, total + 1):
        more = pbx.rows("trunk/list", page=page, page_size=math.ceil(total / 3))
        found += more
        if not more or len(found) >= total:
            break
    return found or pytest.skip("there are no trunks on this PBX")


@pytest.fixture(scope="session")
def trunks(pbx: Endpoint, rows: list[Json]) -> list[Json]:
    """Read up to twenty trunks whole, in one call."""
    return pbx.rows("trunk/query", ids=",".join(str(row["id"]) for row in rows[:20]))


def every(trunks: list[Json], name: str) -> list[Any]:
    """Return one field of all trunks that have it."""
    return [trunk[name] for trunk in trunks if name in trunk] or pytest.skip(f"no trunk here has {name}")


@pytest.mark.doc
def test_paging_until_total_number_sees_every_trunk_once(rows: list[Json], total: int) -> None:
    assert len({row["id"] for row in rows}) == len(rows) == total


@pytest.mark.doc
def test_a_page_holds_no_more_than_page_size(pbx: Endpoint) -> None:
    assert len(pbx.rows("trunk/list", page=1, page_size=1)) <= 1


@pytest.mark.guess
def test_a_page_size_that_is_too_large_is_cut_without_a_word(pbx: Endpoint, rows: list[Json]) -> None:
    assert 1 <= len(pbx.rows("trunk/list", page=1, page_size=10000)) <= len(rows)


@pytest.mark.guess
def test_a_page_behind_the_last_is_empty(pbx: Endpoint, total: int) -> None:
    assert pbx.rows("trunk/list", page=total + 1, page_size=1) == []


@pytest.mark.doc
def test_a_row_has_id_status_name_and_type(rows: list[Json]) -> None:
    assert {tuple(type(row[n]) for n in ("id", "status", "name", "type")) for row in rows} == {(int, int, str, str)}
    assert {row["status"] for row in rows} <= STATUSES


@pytest.mark.doc
def test_a_row_has_no_lists_and_lacks_what_does_not_apply(rows: list[Json]) -> None:
    assert [name for row in rows for name, value in row.items() if value is None or isinstance(value, list)] == []


@pytest.mark.doc
@pytest.mark.parametrize("column", ["name", "host_port", "username"])
def test_a_search_finds_a_part_of_a_column(pbx: Endpoint, rows: list[Json], column: str) -> None:
    row = next((row for row in rows if len(row.get(column, "")) > 2), None) or pytest.skip(f"no row has {column}")
    answer = pbx.get("trunk/search", search_value=row[column][1:], page=1, page_size=100)
    cut_off = len(answer["data"]) < int(answer["total_number"])
    assert cut_off or row["id"] in {found["id"] for found in answer["data"]}


@pytest.mark.doc
def test_one_trunk_is_an_object_or_an_array_of_one(pbx: Endpoint, rows: list[Json]) -> None:
    (trunk,) = pbx.rows("trunk/get", id=rows[0]["id"])
    assert [trunk[name] for name in ("id", "name", "type")] == [rows[0][name] for name in ("id", "name", "type")]


@pytest.mark.doc
def test_many_trunks_come_in_one_call_as_they_come_one_by_one(pbx: Endpoint, trunks: list[Json]) -> None:
    many = {trunk["id"]: {**trunk, "status": 0} for trunk in trunks}  # the status moves by itself
    one_by_one = [{**trunk, "status": 0} for number in list(many)[:3] for trunk in pbx.rows("trunk/get", id=number)]
    assert [trunk["id"] for trunk in one_by_one if trunk != many[trunk["id"]]] == []


@pytest.mark.guess
def test_asking_for_many_leaves_out_those_that_are_not_there(pbx: Endpoint, rows: list[Json]) -> None:
    found = pbx.rows("trunk/query", ids=f"{NOT_THERE},{rows[0]['id']}")
    assert [trunk["id"] for trunk in found] == [rows[0]["id"]]


@pytest.mark.doc
def test_a_trunk_that_is_not_there_is_answered_with_60001(pbx: Endpoint) -> None:
    assert pbx.get("trunk/get", id=NOT_THERE)["errcode"] == 60001


@pytest.mark.doc
def test_lists_are_lists_of_objects(trunks: list[Json]) -> None:
    sip = [trunk for trunk in trunks if trunk["type"] in SIP]
    lists = [trunk.get("outbound_cid_list") for trunk in sip]
    lists += [trunk.get("did_list") for trunk in sip if trunk["type"] != "account"]
    assert {type(entries) for entries in lists} <= {list}
    assert {type(entry) for entries in lists for entry in entries or []} <= {dict}


@pytest.mark.doc
def test_entries_have_the_documented_keys(trunks: list[Json]) -> None:
    caller_ids = [entry for trunk in trunks for entry in trunk.get("outbound_cid_list", [])]
    dids = [entry for trunk in trunks for entry in trunk.get("did_list", [])]
    assert {type(number) for number in every(caller_ids + dids, "did") + every(caller_ids, "outbound_cid")} == {str}
    assert {entry["outbound_cid_option"] for entry in caller_ids} <= {"range", "shared"}


@pytest.mark.guess
def test_each_caller_id_has_an_id_of_its_own(trunks: list[Json]) -> None:
    for entries in every(trunks, "outbound_cid_list"):
        assert len({entry.get("id") for entry in entries} - {None}) == len(entries)


@pytest.mark.doc
def test_the_password_comes_in_clear(trunks: list[Json]) -> None:
    masked = [bool(password) and not password.strip("*") for password in every(trunks, "password")]
    assert not any(masked)


@pytest.mark.doc
def test_codecs_are_one_text_joined_by_commas(trunks: list[Json]) -> None:
    assert [codecs for codecs in every(trunks, "codec_sel") if not isinstance(codecs, str) or " " in codecs] == []


@pytest.mark.seen
def test_ports_are_numbers_perhaps_as_text(trunks: list[Json]) -> None:
    assert all(int(port) in range(65536) for port in every(trunks, "port"))


@pytest.mark.doc
def test_an_extension_has_a_whole_id_and_its_number_as_text(pbx: Endpoint) -> None:
    found = pbx.rows("extension/list", page=1, page_size=20) or pytest.skip("there are no extensions here")
    assert {(type(row["id"]), type(row["number"])) for row in found} == {(int, str)}


@pytest.mark.seen
def test_groups_are_listed_or_else_in_a_menu_with_their_ids_as_text(pbx: Endpoint) -> None:
    if pbx.get("extensiongroup/list")["errcode"] == 10001:
        options = pbx.rows("system/get_menuoptions", menu="ext_group")
        assert {(type(row["value"]), type(row["text"])) for row in options} <= {(str, str)}
    else:
        groups = pbx.rows("extensiongroup/list")
        assert {(type(row["id"]), type(row["name"])) for row in groups} <= {(int, str)}
