from collections.abc import Callable
from typing import Any

import pytest

from batch.practice.state import PbxState, from_json
from batch.practice.updates import update_trunk

OK = {"errcode": 0, "errmsg": "SUCCESS"}


def refused(state: PbxState, **fields: Any) -> list[tuple[str, str]]:
    """Send an update that breaks value rules; return which, having seen that nothing was changed."""
    before = dict(state.trunks)
    answer = update_trunk(state, fields)
    assert state.trunks == before
    assert answer["errcode"] == 40002
    return [(entry["field"], entry["validation_type"]) for entry in answer["invalid_param_list"]]


def caller_id(**fields: Any) -> dict[str, Any]:
    return {"outbound_cid_option": "shared", "outbound_cid": "100", "ext_list": [{"id": 1}]} | fields


def caller_range(caller_ids: str, extensions: str = "1001-1010", **fields: Any) -> dict[str, Any]:
    return {
        "outbound_cid_option": "range",
        "outbound_cid": caller_ids,
        "outbound_cid_to_ext_range": extensions,
        **fields,
    }


def test_what_is_not_sent_stays(state: PbxState) -> None:
    before = state.trunks[8]
    assert update_trunk(state, {"id": 8, "name": "carrier-new"}) == OK
    assert state.trunks[8] == before | {"name": "carrier-new"}


def test_null_is_as_good_as_not_sent(state: PbxState) -> None:
    before = state.trunks[8]
    assert update_trunk(state, {"id": 8, "port": None, "did_list": None, "name": "carrier-a"}) == OK
    assert state.trunks[8] == before


def test_a_list_replaces_the_list_whole_and_keeps_its_order(state: PbxState) -> None:
    dids = [{"did": "200"}, {"did": "100", "did_name": "one"}, {"did": "200", "did_name": "again"}]
    assert update_trunk(state, {"id": 8, "did_list": dids}) == OK
    assert state.trunks[8]["did_list"] == [
        {"did": "200", "did_name": ""},
        {"did": "100", "did_name": "one"},
        {"did": "200", "did_name": "again"},
    ]
    assert update_trunk(state, {"id": 8, "did_list": []}) == OK
    assert state.trunks[8]["did_list"] == []


def test_a_range_among_the_dids_is_one_literal(state: PbxState) -> None:
    assert update_trunk(state, {"id": 8, "did_list": [{"did": "442079460100-442079460199"}]}) == OK
    assert state.trunks[8]["did_list"] == [{"did": "442079460100-442079460199", "did_name": ""}]


def test_rewritten_caller_ids_get_new_ids_and_lose_keys_nobody_sent(state: PbxState) -> None:
    entries = [
        caller_id(outbound_cid="{{.Ext}}00", ext_list=[{"type": None, "id": 3}, {"type": "ext_group", "id": 3}]),
        caller_range("+4420100-+4420109", outbound_cid_name="Desk", ext_list=[]),
    ]
    assert update_trunk(state, {"id": 8, "outbound_cid_list": entries}) == OK
    assert state.trunks[8]["outbound_cid_list"] == [
        {
            "id": 2,
            "outbound_cid_option": "shared",
            "outbound_cid": "{{.Ext}}00",
            "outbound_cid_name": "",
            "ext_list": [
                {"type": "extension", "id": 3, "ext_number": "1003", "ext_name": "Cy"},
                {"type": "ext_group", "id": 3, "ext_number": "Sales", "ext_name": "Sales"},
            ],
        },
        {
            "id": 3,
            "outbound_cid_option": "range",
            "outbound_cid": "+4420100-+4420109",
            "outbound_cid_name": "Desk",
            "outbound_cid_to_ext_range": "1001-1010",
        },
    ]


def test_registration_is_looked_at_again_only_when_something_bears_on_it(state: PbxState) -> None:
    state.edit_trunk(8, {"status": 42, "fails_registration": True})
    assert update_trunk(state, {"id": 8, "codec_sel": "g722,opus", "def_outbound_cid": ""}) == OK
    assert state.trunks[8]["status"] == 42
    assert update_trunk(state, {"id": 8, "password": "Sample-new"}) == OK
    assert state.trunks[8]["status"] == 41
    assert update_trunk(state, {"id": 8, "enable": 0}) == OK
    assert state.trunks[8]["status"] == 44
    assert update_trunk(state, {"id": 9, "hostname": "192.0.2.10"}) == OK
    assert state.trunks[9]["status"] == 1


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"id": "8"}, "id", "cannot unmarshal string into Go struct field TrunkUpdate.id of type int"),
        ({"id": 8, "port": "5060"}, "port", "unmarshal string into Go struct field TrunkUpdate.port of type int"),
        ({"id": 8, "port": 50.5}, "port", "unmarshal number 50.5 into Go struct field TrunkUpdate.port of type int"),
        ({"id": 8, "enable": True}, "enable", "unmarshal bool into Go struct field TrunkUpdate.enable of type int"),
        ({"id": 8, "name": 7}, "name", "unmarshal number into Go struct field TrunkUpdate.name of type string"),
        ({"id": 8, "name": {}}, "name", "unmarshal object into Go struct field TrunkUpdate.name of type string"),
        ({"id": 8, "did_list": "1"}, "did_list", "unmarshal string into Go struct field TrunkUpdate.did_list of"),
        ({"id": 8, "did_list": [[]]}, "did_list", "unmarshal array into Go struct field TrunkUpdate.did_list of"),
        ({"id": 8, "did_list": [{"did": 44}]}, "did", "unmarshal number into Go struct field TrunkUpdate.did_list.did"),
        (
            {"id": 8, "outbound_cid_list": [{}, {"ext_list": [{"id": "1"}]}]},
            "id",
            "unmarshal string into Go struct field TrunkUpdate.outbound_cid_list.ext_list.id of type int",
        ),
    ],
)
def test_a_wrong_json_type_is_answered_by_the_decoder(
    state: PbxState, fields: dict[str, Any], field: str, message: str
) -> None:
    answer = update_trunk(state, fields)
    assert answer["errcode"] == -2
    assert message in answer["errmsg"]
    assert [entry["field"] for entry in answer["invalid_param_list"]] == [field]


@pytest.mark.parametrize(
    ("trunk_id", "fields", "wrong"),
    [
        (8, {"name": ""}, [("name", "required")]),
        (8, {"name": "x" * 64}, [("name", "max")]),
        (8, {"name": "two words"}, [("name", "charset")]),
        (8, {"name": "a/b"}, [("name", "charset")]),
        (8, {"enable": 2}, [("enable", "oneof")]),
        (8, {"enb_outbound_proxy": -1}, [("enb_outbound_proxy", "oneof")]),
        (8, {"transport": "sctp"}, [("transport", "oneof")]),
        (10, {"transport": "dnsnaptr"}, [("transport", "oneof")]),
        (8, {"port": 65536}, [("port", "range")]),
        (8, {"outbound_proxy_port": -1}, [("outbound_proxy_port", "range")]),
        (
            8,
            {"hostname": "", "username": "", "password": ""},
            [
                ("hostname", "required"),
                ("username", "required"),
                ("password", "required"),
            ],
        ),
        (8, {"hostname": "h" * 256, "auth_name": "a" * 256}, [("hostname", "max"), ("auth_name", "max")]),
        (8, {"codec_sel": "ulaw, alaw"}, [("codec_sel", "oneof")]),
        (8, {"codec_sel": ""}, [("codec_sel", "oneof")]),
        (8, {"def_outbound_cid": "1" * 32}, [("def_outbound_cid", "max")]),
        (8, {"def_outbound_cid": "1 2"}, [("def_outbound_cid", "charset")]),
        (8, {"def_outbound_cid_name": "ü" * 64}, [("def_outbound_cid_name", "max")]),
        (8, {"country": "general", "status": 1}, [("country", "unsupported"), ("status", "unsupported")]),
        (
            9,
            {"username": "u", "outbound_proxy_server": "p"},
            [
                ("username", "unsupported"),
                ("outbound_proxy_server", "unsupported"),
            ],
        ),
        (10, {"hostname": "h", "did_list": []}, [("hostname", "unsupported"), ("did_list", "unsupported")]),
        (
            8,
            {"did_list": [{}, {"did": "1" * 32}, {"did": "1_2"}]},
            [
                ("did", "required"),
                ("did", "max"),
                ("did", "charset"),
            ],
        ),
        (
            8,
            {"did_list": [{"did": "1", "did_name": "n" * 128, "id": 4}]},
            [
                ("id", "unsupported"),
                ("did_name", "max"),
            ],
        ),
    ],
)
def test_a_bad_value_is_named(
    state: PbxState, trunk_id: int, fields: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    assert refused(state, id=trunk_id, **fields) == wrong


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ({}, [("outbound_cid", "required"), ("outbound_cid_option", "required")]),
        (caller_id(outbound_cid_option="both"), [("outbound_cid_option", "oneof")]),
        (caller_id(outbound_cid="1!"), [("outbound_cid", "charset")]),
        (caller_id(outbound_cid="{{.Name}}"), [("outbound_cid", "charset")]),
        (caller_id(outbound_cid_name="n" * 128), [("outbound_cid_name", "max")]),
        (caller_id(ext_list=[]), [("ext_list", "required")]),
        (caller_id(ext_list=[{}]), [("id", "required")]),
        (caller_id(ext_list=[{"id": 1, "type": "queue"}]), [("type", "oneof")]),
        (caller_id(ext_list=[{"id": 1, "extra": 1}]), [("extra", "unsupported")]),
        (caller_id(id=7), [("id", "unsupported")]),
        (caller_range("100"), [("outbound_cid", "range")]),
        (caller_range("+100-109"), [("outbound_cid", "range")]),
        (caller_range("99-108"), [("outbound_cid", "range")]),
        (caller_range("109-100"), [("outbound_cid", "range")]),
        (caller_range("1000-1500", "1000-1500"), [("outbound_cid", "range")]),
        (caller_range("1" * 32 + "-" + "1" * 32, "1-1"), [("outbound_cid", "range")]),
        (caller_range("100-109", "1001-1009"), [("outbound_cid_to_ext_range", "range")]),
        (caller_range("100-109", "1010-1001"), [("outbound_cid_to_ext_range", "range")]),
        (caller_range("100-109", "12345678-12345687"), [("outbound_cid_to_ext_range", "range")]),
        (caller_range("", ""), [("outbound_cid", "required"), ("outbound_cid_to_ext_range", "required")]),
    ],
)
def test_a_bad_caller_id_is_named(state: PbxState, entry: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    assert refused(state, id=8, outbound_cid_list=[entry]) == wrong


def test_what_just_keeps_the_rules_is_taken(state: PbxState) -> None:
    fields = {
        "name": "x" * 63,
        "port": 65535,
        "hostname": "h" * 255,
        "domain": "",
        "auth_name": "",
        "transport": "dnsnaptr",
        "def_outbound_cid": "{{.Ext}}",
        "def_outbound_cid_name": "n" * 127,
        "did_list": [{"did": "[27-9]XZN.!*#()+", "did_name": "ü" * 63}],
        "outbound_cid_list": [caller_range("1000-1499", "1000-1499")],
    }
    assert update_trunk(state, {"id": 8, **fields}) == OK


def test_the_cloud_edition_takes_no_brackets_in_a_did(make_state: Callable[..., PbxState]) -> None:
    state = make_state(cloud=True)
    assert refused(state, id=8, did_list=[{"did": "44[1-3]"}, {"did": "44!"}, {"did": "44X."}]) == [
        ("did", "charset"),
        ("did", "charset"),
    ]
    assert update_trunk(state, {"id": 9, "did_list": [{"did": "44[1-3]"}]}) == OK


def test_the_value_is_quoted_unless_there_is_none(state: PbxState) -> None:
    answer = update_trunk(state, {"id": 8, "name": "", "port": 70000})
    assert answer["invalid_param_list"] == [
        {"field": "name", "validation_type": "required"},
        {"field": "port", "value": 70000, "validation_type": "range"},
    ]


def test_an_update_without_an_id_or_of_an_unknown_trunk_is_refused(state: PbxState) -> None:
    assert refused(state, name="x") == [("id", "required")]
    assert update_trunk(state, {"id": 99, "name": "x"})["errcode"] == 60001


def test_a_name_that_another_trunk_has_is_a_duplicate(state: PbxState) -> None:
    assert update_trunk(state, {"id": 9, "name": "carrier-a"}) == {
        "errcode": 40003,
        "errmsg": "DUPLICATE KEY VALUE",
        "submsg": "Trunk update fail for duplicate fields",
        "duplicate_field_list": [
            {
                "field": "name",
                "value": "carrier-a",
                "external_source": "trunk",
                "external_source_name": "carrier-a",
            }
        ],
    }
    assert state.trunks[9]["name"] == "carrier-b"


def test_an_extension_that_is_gone_is_named(state: PbxState) -> None:
    members = [{"type": "extension", "id": 1}, {"type": "extension", "id": 77}]
    entries = [caller_range("100-109"), caller_id(ext_list=members)]
    assert update_trunk(state, {"id": 8, "outbound_cid_list": entries}) == {
        "errcode": 60001,
        "errmsg": "DATA NOT FOUND",
        "invalid_param_list": [{"field": "id", "value": 77, "validation_type": "exist"}],
    }


def test_a_line_card_cannot_be_edited(state: PbxState) -> None:
    assert update_trunk(state, {"id": 11, "name": "x"}) == {"errcode": 70084, "errmsg": "ACTION FORBIDDEN"}


def test_a_shared_trunk_takes_caller_ids_and_nothing_else(state: PbxState) -> None:
    assert update_trunk(state, {"id": 12, "did_list": []})["errcode"] == 70084
    assert update_trunk(state, {"id": 12, "def_outbound_cid": "1", "outbound_cid_list": [caller_id()]}) == OK


@pytest.mark.parametrize("kind", ["peer_did", "peer_port", "peer_private"])
def test_the_cloud_types_of_peer_are_peers(kind: str) -> None:
    state = from_json({"trunks": [{"id": 1, "name": "a", "type": kind}]})
    assert update_trunk(state, {"id": 1, "hostname": "h", "did_list": [{"did": "1"}]}) == OK
    assert refused(state, id=1, password="Sample-x") == [("password", "unsupported")]
