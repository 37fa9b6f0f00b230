from collections.abc import Callable
from typing import Any

import pytest

from batch.practice.state import PbxState, from_json, invent_state, to_json


def test_a_state_that_is_written_and_read_again_is_the_same(state: PbxState) -> None:
    assert from_json(to_json(state)) == state


def test_inbound_routes_are_kept_and_none_are_not_the_same_as_no_calls_for_them() -> None:
    route = {"id": 1, "name": "Main", "trunk_list": [{"id": 8}]}
    state = from_json({"inbound_routes": [route]})
    assert to_json(state)["inbound_routes"] == [route]
    assert to_json(from_json({"inbound_routes": []}))["inbound_routes"] == []
    assert "inbound_routes" not in to_json(from_json({}))
    with pytest.raises(ValueError, match="entry 1 of inbound_routes needs a name, a text"):
        from_json({"inbound_routes": [{"id": 1}]})


def test_a_trunk_of_three_fields_gets_the_rest_it_needs() -> None:
    state = from_json({"trunks": [{"id": 1, "name": "a", "type": "account"}, {"id": 2, "name": "b", "type": "peer"}]})
    assert state.trunks[1] == {
        "id": 1,
        "name": "a",
        "type": "account",
        "status": 1,
        "enable": 1,
        "outbound_cid_list": [],
    }
    assert state.trunks[2]["did_list"] == []


def test_a_disabled_trunk_without_a_status_is_shown_as_disabled() -> None:
    state = from_json({"trunks": [{"id": 1, "name": "a", "type": "peer", "enable": 0}]})
    assert state.trunks[1]["status"] == 44


def test_a_trunk_that_no_call_can_edit_gets_no_lists(state: PbxState) -> None:
    assert state.trunks[11] == {"id": 11, "name": "analogue", "type": "FXO", "status": 1, "enable": 1}


def test_extensions_of_a_caller_id_are_filled_in_from_their_ids_and_unknown_keys_stay(state: PbxState) -> None:
    assert state.trunks[8]["outbound_cid_list"] == [
        {
            "id": 1,
            "outbound_cid_option": "shared",
            "outbound_cid": "442079460100",
            "outbound_cid_name": "Sales",
            "ext_list": [
                {"type": "extension", "id": 1, "ext_number": "1001", "ext_name": "Ann"},
                {"type": "ext_group", "id": 3, "ext_number": "Sales", "ext_name": "Sales"},
            ],
            "short_code": "*7",
        }
    ]
    assert state.trunks[8]["force_dod_from"] == 1


def test_an_id_alone_is_an_extension_before_it_is_a_group(state: PbxState) -> None:
    assert state.find_extension({"id": 3}) == {
        "type": "extension",
        "id": 3,
        "ext_number": "1003",
        "ext_name": "Cy",
    }
    assert state.find_extension({"id": 4}) == {
        "type": "ext_group",
        "id": 4,
        "ext_number": "Support",
        "ext_name": "Support",
    }
    assert state.find_extension({"type": "extension", "id": 4}) is None
    assert state.find_extension({"type": "ext_group", "id": 1}) is None


def test_an_edit_from_elsewhere_replaces_the_trunk_and_leaves_the_old_object_alone(state: PbxState) -> None:
    before = state.trunks[8]
    state.edit_trunk(8, {"hostname": "elsewhere", "outbound_cid_list": [{"outbound_cid": "1"}]})
    assert before["hostname"] == "sip.example.net"
    assert state.trunks[8]["hostname"] == "elsewhere"
    assert state.trunks[8]["outbound_cid_list"] == [{"id": 1, "outbound_cid": "1"}]
    state.edit_trunk(8, {"port": 1})
    assert state.trunks[8]["outbound_cid_list"] == [{"id": 1, "outbound_cid": "1"}]


def test_nothing_secret_is_in_the_repr(make_state: Callable[..., PbxState]) -> None:
    assert "Sample-" not in repr(make_state(client_secret="Sample-other"))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the state must be a JSON object"),
        ({"trunk": []}, "unknown part 'trunk'"),
        ({"trunks": {}}, "trunks must be a list"),
        ({"trunks": [1]}, "entry 1 of trunks must be an object"),
        ({"trunks": [{"name": "a", "type": "peer"}]}, "entry 1 of trunks needs an id"),
        ({"trunks": [{"id": True, "name": "a", "type": "peer"}]}, "entry 1 of trunks needs an id"),
        ({"trunks": [{"id": 1, "name": "a"}]}, "entry 1 of trunks needs a type"),
        ({"extensions": [{"id": 1, "number": 1001}]}, "entry 1 of extensions needs a number"),
        ({"extension_groups": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "entry 2 .* the id 1 of"),
        ({"extension_groups": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}, "entry 2 .* the name 'a' of"),
        ({"trunks": [{"id": 1, "name": "a", "type": "peer", "did_list": "1"}]}, "trunk 1: did_list must be"),
        ({"trunks": [{"id": 1, "name": "a", "type": "peer", "did_list": ["1"]}]}, "trunk 1: did_list must be"),
        ({"settings": {"cloudy": True}}, "settings.cloudy: Extra inputs"),
        ({"settings": {"max_page_size": "8"}}, "settings.max_page_size: Input should be a valid integer"),
    ],
)
def test_a_bad_state_is_refused_with_its_place(document: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(document)


def test_a_pbx_is_invented_around_what_the_workbook_says() -> None:
    dids = [{"did": "442079460100", "did_name": ""}]
    state = invent_state(
        [{"name": "north", "type": "peer", "did_list": dids}, {"id": 1, "name": None, "type": None}, {"id": 7}],
        [{"number": "1001"}, {"id": 12}],
        [{"name": "Sales"}, {"id": 5}],
    )
    assert state.trunks[2] == {
        "id": 2,
        "name": "north",
        "type": "peer",
        "status": 1,
        "enable": 1,
        "transport": "udp",
        "hostname": "old-2.carrier.example",
        "port": 5060,
        "domain": "old-2.carrier.example",
        "codec_sel": "ulaw,alaw",
        "def_outbound_cid": "",
        "def_outbound_cid_name": "",
        "outbound_cid_list": [],
        "did_list": dids,
    }
    assert [(trunk["id"], trunk["name"], trunk["type"]) for trunk in state.trunks.values()] == [
        (2, "north", "peer"),
        (1, "trunk-1", "register"),
        (7, "trunk-7", "register"),
    ]
    assert state.trunks[7]["password"] == "Sample-old-7"
    assert state.extensions == {
        1: {"id": 1, "number": "1001", "caller_id_name": "Extension 1001"},
        12: {"id": 12, "number": "9012", "caller_id_name": "Extension 9012"},
    }
    assert state.extension_groups == {1: {"id": 1, "name": "Sales"}, 5: {"id": 5, "name": "group-5"}}


def test_the_same_workbook_invents_the_same_pbx() -> None:
    trunks = [{"name": "a"}, {"name": "b", "type": "account"}]
    assert invent_state(trunks) == invent_state(trunks)


def test_a_trunk_of_an_uneditable_type_is_invented_without_sip_fields() -> None:
    state = invent_state([{"id": 3, "type": "GSM"}])
    assert state.trunks[3] == {"id": 3, "name": "trunk-3", "type": "GSM", "status": 1, "enable": 1}
