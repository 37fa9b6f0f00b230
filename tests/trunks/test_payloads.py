from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from batch.schema.column_model import TrunkType
from batch.trunks.live_checks import MODELS, refusals

EVERYTHING: dict[str, Any] = {
    "id": 8,
    "name": "London",
    "enable": 1,
    "transport": "tls",
    "hostname": "h",
    "port": 5061,
    "domain": "",
    "username": "u",
    "password": "Sample-1",
    "auth_name": "",
    "enb_outbound_proxy": 0,
    "outbound_proxy_server": "",
    "outbound_proxy_port": 0,
    "codec_sel": "ulaw,opus",
    "def_outbound_cid": "",
    "def_outbound_cid_name": "",
    "outbound_cid_list": [
        {
            "outbound_cid_option": "shared",
            "outbound_cid": "100",
            "outbound_cid_name": "",
            "ext_list": [{"type": "extension", "id": 1, "ext_number": "1001"}, {"type": "ext_group", "id": 2}],
        },
        {
            "outbound_cid_option": "range",
            "outbound_cid": "+100-+109",
            "outbound_cid_name": "x",
            "outbound_cid_to_ext_range": "1001-1010",
        },
    ],
    "did_list": [{"did": "100", "did_name": ""}],
}
FIELDS = set(EVERYTHING)
CREDENTIALS = {"username", "password", "auth_name"}
PROXY = {"enb_outbound_proxy", "outbound_proxy_server", "outbound_proxy_port"}


def refused(kind: TrunkType, body: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        MODELS[kind].model_validate({"id": 8} | body)
    return str(caught.value)


def test_a_register_trunk_takes_everything() -> None:
    assert refusals(TrunkType.REGISTER, EVERYTHING) == []


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (TrunkType.REGISTER, FIELDS),
        (TrunkType.PEER, FIELDS - CREDENTIALS - PROXY),
        (TrunkType.ACCOUNT, FIELDS - {"hostname", "port", "domain", "did_list"} - PROXY),
    ],
)
def test_each_type_has_exactly_the_fields_of_its_table(kind: TrunkType, fields: set[str]) -> None:
    assert set(MODELS[kind].model_fields) == fields


@pytest.mark.parametrize("kind", list(TrunkType))
def test_a_little_is_enough(kind: TrunkType) -> None:
    assert refusals(kind, {"id": 8, "enable": 0}) == []
    assert refusals(kind, {"id": 8, "outbound_cid_list": []}) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (TrunkType.PEER, {"username": "u"}),
        (TrunkType.PEER, {"outbound_proxy_port": 1}),
        (TrunkType.ACCOUNT, {"hostname": "h"}),
        (TrunkType.ACCOUNT, {"did_list": []}),
        (TrunkType.ACCOUNT, {"transport": "dnsnaptr"}),
        (TrunkType.REGISTER, {}),
        (TrunkType.REGISTER, {"id": 0, "enable": 1}),
        (TrunkType.REGISTER, {"id": "8", "enable": 1}),
        (TrunkType.REGISTER, {"country": "x"}),
        (TrunkType.REGISTER, {"type": "peer"}),
        (TrunkType.REGISTER, {"enable": True}),
        (TrunkType.REGISTER, {"enable": 2}),
        (TrunkType.REGISTER, {"enable": "1"}),
        (TrunkType.REGISTER, {"port": 65536}),
        (TrunkType.REGISTER, {"port": "5060"}),
        (TrunkType.REGISTER, {"port": 5060.0}),
        (TrunkType.REGISTER, {"port": None}),
        (TrunkType.REGISTER, {"name": ""}),
        (TrunkType.REGISTER, {"name": "x" * 64}),
        (TrunkType.REGISTER, {"name": "a b"}),
        (TrunkType.REGISTER, {"hostname": ""}),
        (TrunkType.REGISTER, {"hostname": "h" * 256}),
        (TrunkType.REGISTER, {"transport": "sctp"}),
        (TrunkType.REGISTER, {"codec_sel": "ulaw, alaw"}),
        (TrunkType.REGISTER, {"codec_sel": "ulaw\n"}),
        (TrunkType.REGISTER, {"codec_sel": ""}),
        (TrunkType.REGISTER, {"def_outbound_cid": "1" * 32}),
        (TrunkType.REGISTER, {"def_outbound_cid_name": "x" * 128}),
        (TrunkType.REGISTER, {"did_list": [{"did": ""}]}),
        (TrunkType.REGISTER, {"did_list": [{"did": "1", "id": 3}]}),
        (TrunkType.REGISTER, {"did_list": [{"did": "1" * 32}]}),
        (TrunkType.REGISTER, {"did_list": [{"did": "1", "did_name": "x" * 128}]}),
        (TrunkType.REGISTER, {"did_list": [{"did": "1", "did_name": None}]}),
        (TrunkType.REGISTER, {"did_list": ["1"]}),
        (TrunkType.REGISTER, {"outbound_cid_list": [{"outbound_cid_option": "shared", "outbound_cid": "1"}]}),
        (
            TrunkType.REGISTER,
            {"outbound_cid_list": [{"outbound_cid_option": "shared", "outbound_cid": "1", "ext_list": []}]},
        ),
        (TrunkType.REGISTER, {"outbound_cid_list": [{"outbound_cid_option": "range", "outbound_cid": "1-2"}]}),
        (TrunkType.REGISTER, {"outbound_cid_list": [{"outbound_cid_option": "other", "outbound_cid": "1-2"}]}),
        (
            TrunkType.REGISTER,
            {
                "outbound_cid_list": [
                    {"outbound_cid_option": "range", "outbound_cid": "1-2", "outbound_cid_to_ext_range": "1001"}
                ]
            },
        ),
        (
            TrunkType.REGISTER,
            {
                "outbound_cid_list": [
                    {"outbound_cid_option": "shared", "outbound_cid": "1", "ext_list": [{"type": "phone", "id": 1}]}
                ]
            },
        ),
        (
            TrunkType.REGISTER,
            {"outbound_cid_list": [{"outbound_cid_option": "shared", "outbound_cid": "1", "ext_list": [{"id": 1}]}]},
        ),
    ],
)
def test_what_the_vendors_page_does_not_allow_cannot_be_said(kind: TrunkType, body: dict[str, Any]) -> None:
    assert "validation error" in refused(kind, body)


def test_no_password_stands_in_an_error_or_in_a_repr() -> None:
    assert "Sample-" not in refused(TrunkType.PEER, {"password": "Sample-1"})
    assert "Sample-" not in refused(TrunkType.REGISTER, {"password": "Sample-" + "x" * 255})
    assert "Sample-" not in refused(TrunkType.REGISTER, {"password": "Sample-1", "port": "Sample-2"})
    assert "Sample-" not in repr(MODELS[TrunkType.REGISTER].model_validate({"id": 8, "password": "Sample-1"}))
