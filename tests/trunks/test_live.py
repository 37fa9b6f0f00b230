from __future__ import annotations

import json
from typing import Any

import pytest

from batch.schema.column_model import TrunkType
from batch.trunks.live import (
    WHOLE_TRUNK,
    CallerId,
    Did,
    Extension,
    extension_ids,
    parse_groups,
    parse_listed,
    parse_trunk,
)
from tests.builders import inventory, live, shared


def test_what_the_pbx_says_is_read_leniently() -> None:
    trunk = parse_trunk(
        {
            "id": "8",
            "name": "London",
            "type": "register",
            "status": "1",
            "port": "5060",
            "enable": True,
            "outbound_proxy_port": 5060.0,
            "codec_sel": "ULAW, alaw",
            "transport": "UDP",
            "domain": None,
            "password": "Sample-1",
            "transparent_trans_180_msg": 1,
        }
    )
    assert (trunk.id, trunk.status, trunk.type) == (8, 1, TrunkType.REGISTER)
    values = [trunk.value(f) for f in ("port", "enable", "outbound_proxy_port", "codec_sel", "transport", "domain")]
    assert values == [5060, 1, 5060, "ulaw,alaw", "udp", ""]
    assert trunk.value("hostname") == ""
    assert trunk.whole["transparent_trans_180_msg"] == 1
    assert "Sample-1" not in repr(trunk)


@pytest.mark.parametrize("odd", ["--5", "5²", "five", 5.5, float("nan")])
def test_an_integer_that_is_none_is_shown_as_it_came(odd: object) -> None:
    assert live(port=odd).value("port") == str(odd)
    assert live(status=odd).status is None


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("register", TrunkType.REGISTER),
        ("peer", TrunkType.PEER),
        ("peer_did", TrunkType.PEER),
        ("peer_port", TrunkType.PEER),
        ("peer_private", TrunkType.PEER),
        ("account", TrunkType.ACCOUNT),
        ("webtrunk", None),
        ("FXO", None),
        ("", None),
    ],
)
def test_kinds_of_trunk_are_those_that_the_api_edits(kind: str, found: TrunkType | None) -> None:
    assert live(kind=kind).type is found


def test_lists_keep_their_order_and_say_which_keys_are_not_known() -> None:
    trunk = live(
        did_list=[{"id": 3, "did": "200"}, {"did": "100", "did_name": "Desk", "short_code": "1"}],
        outbound_cid_list=[
            {
                "id": 1,
                "outbound_cid_option": "shared",
                "outbound_cid": "200",
                "ext_list": [{"id": "4", "ext_number": "1004"}, {"id": 2, "ext_name": "Sales"}],
                "dod_label": "x",
            },
            {"outbound_cid_option": "range", "outbound_cid": "1-2", "outbound_cid_to_ext_range": "11-12"},
        ],
    )
    assert trunk.dids.entries == (Did("200"), Did("100", "Desk"))
    assert trunk.dids.unknown_keys == {"short_code"}
    first, second = trunk.caller_ids.entries
    assert first.order == (Extension("extension", 4, "1004"), Extension("ext_group", 2, "Sales"))
    assert second == CallerId("range", "1-2", "", "11-12")
    assert trunk.caller_ids.unknown_keys == {"dod_label"}


def test_the_order_of_the_extensions_of_an_entry_means_nothing() -> None:
    one, two = Extension("extension", 1, "1001"), Extension("extension", 2)
    assert CallerId("shared", "1", "", "", frozenset({one, two}), (one, two)) == CallerId(
        "shared", "1", "", "", frozenset({one, two}), (two, one)
    )


@pytest.mark.parametrize("odd", [{}, {"id": "x"}, {"id": None}, {"id": True}, {"id": 8.5}, {"id": [8]}, {"id": {}}])
def test_what_has_no_usable_id_is_no_trunk(odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="without an id"):
        parse_trunk({"name": "London", **odd})


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ("100", "did_list is no list"),
        ({"did": "100"}, "did_list is no list"),
        ([100], "did_list holds something else than objects"),
        ([{"did": "100"}, None], "did_list holds something else than objects"),
        ([{"did": "100"}, {"did": ["200"]}], "did of its entry 2 is no text"),
        ([{"did": True}], "did of its entry 1 is no text"),
        ([{"did": "100", "did_name": 1.5}], "did_name of its entry 1 is no text"),
        (None, "the PBX does not show it"),
        ("", "the PBX does not show it"),
    ],
)
def test_a_list_that_cannot_be_understood_says_why_and_hides_nothing_else(odd: Any, why: str) -> None:
    trunk = live(port="5060", did_list=odd, outbound_cid_list=[shared("200", 1)])
    assert trunk.unread == {"did_list": why}
    assert (trunk.dids.entries, trunk.value("port"), len(trunk.caller_ids.entries)) == ((), 5060, 1)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"ext_list": [{"ext_number": "1001"}]}, "an extension of its entry 1 has no usable id"),
        ({"ext_list": "1001"}, "ext_list is no list"),
        ({"ext_list": ["1001"]}, "ext_list holds something else than objects"),
        ({"outbound_cid": {}}, "outbound_cid of its entry 1 is no text"),
    ],
)
def test_so_does_a_list_of_caller_ids(entry: dict[str, Any], why: str) -> None:
    trunk = live(did_list=[{"did": "100"}], outbound_cid_list=[entry])
    assert trunk.unread == {"outbound_cid_list": why}
    assert trunk.dids.entries == (Did("100"),)


@pytest.mark.parametrize("odd", [{}, [], {"a": 1}, ["x"]])
def test_a_field_of_an_odd_shape_is_shown_as_the_json_that_it_is(odd: Any) -> None:
    assert live(hostname=odd).value("hostname") == json.dumps(odd)
    assert live(port=odd).value("port") == json.dumps(odd)
    assert live(name=odd).name == ""


@pytest.mark.parametrize(
    ("word", "means"), [("Yes", 1), ("TRUE", 1), ("1", 1), ("off", 0), (False, 0), ("maybe", "maybe")]
)
def test_switches_are_understood_in_words(word: object, means: object) -> None:
    assert live(enable=word).value("enable") == means


def test_trunks_that_cannot_be_told_apart_or_asked_for_are_listed_as_that() -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "name": "A"},
        {"id": 2, "name": "B"},
        {"id": "2", "name": "C"},
        {"id": None, "name": "D"},
    ]
    found = parse_listed([row | {"type": "register"} for row in rows])
    assert [(trunk.id, trunk.name, trunk.unread.get(WHOLE_TRUNK, "")) for trunk in found] == [
        (1, "A", ""),
        (2, "B", "the PBX gives the id 2 to B and C"),
        (2, "C", "the PBX gives the id 2 to B and C"),
        (0, "D", "the PBX lists it without a usable id"),
    ]


@pytest.mark.parametrize(
    ("mark", "is_shared"), [(1, True), ("1", True), (True, True), ("yes", True), (0, False), (None, False)]
)
def test_a_shared_trunk_is_known_by_its_mark(mark: object, is_shared: bool) -> None:  # noqa: FBT001 - a table
    assert live(shared=mark).shared is is_shared
    assert not live().shared


def test_extensions_and_groups_are_looked_up_whatever_the_call() -> None:
    assert extension_ids([{"id": 5, "number": "1001"}, {"id": "6", "number": 1002}]) == {"1001": 5, "1002": 6}
    assert parse_groups([{"id": 3, "name": "Sales"}]) == {"Sales": 3}
    assert parse_groups([{"value": "3", "text": "Sales"}]) == {"Sales": 3}


@pytest.mark.parametrize("odd", [{}, {"id": None, "number": "1002"}, {"id": 7}, {"id": 7, "number": ["1002"]}])
def test_an_extension_of_an_odd_shape_hides_no_other(odd: dict[str, Any]) -> None:
    assert extension_ids([odd, {"id": 5, "number": "1001"}]) == {"1001": 5}
    assert parse_groups([odd | {"name": odd.get("number")}, {"id": 5, "name": "Sales"}]) == {"Sales": 5}


def test_a_census_finds_trunks_and_knows_the_cloud() -> None:
    found = inventory(live(1, "L"), live(2, "P", "peer"))
    assert (found.by_id[2].name, found.by_name["L"].id, found.cloud) == ("P", 1, False)
    assert inventory(live(3, "C", "peer_did")).cloud
