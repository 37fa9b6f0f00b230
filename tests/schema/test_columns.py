from __future__ import annotations

from collections import Counter

import pytest

from batch.schema.column_model import Parser, Sheet, TrunkType
from batch.schema.columns import CALLER_IDS, DIDS, SHEETS, TRUNKS
from batch.schema.dialects import ONLY_ON_DIDS, ONLY_ON_TRUNKS, PBX_HEADERS
from batch.wording import folded, letters


@pytest.mark.parametrize(("column", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_the_letters_that_people_see(column: int, name: str) -> None:
    assert letters(column) == name


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.title)
def test_no_header_means_two_columns(sheet: Sheet) -> None:
    every = (*sheet.columns, *sheet.of_fleets)
    texts = Counter(text for column in every for text in {folded(h) for h in column.headers})
    assert [text for text, times in texts.items() if times > 1] == []
    elsewhere = {"Trunks": ONLY_ON_DIDS, "DIDs": ONLY_ON_TRUNKS, "Caller IDs": (*ONLY_ON_DIDS, *ONLY_ON_TRUNKS)}
    reserved = (*PBX_HEADERS, *elsewhere[sheet.title])
    assert not texts.keys() & {folded(text) for text in reserved}


def test_no_name_means_two_sheets() -> None:
    texts = Counter(text for sheet in SHEETS for text in {folded(n) for n in (sheet.title, *sheet.aliases)})
    assert [text for text, times in texts.items() if times > 1] == []


def test_only_what_the_design_names_can_be_cleared() -> None:
    assert {column.label for sheet in SHEETS for column in sheet.columns if column.clearable} == {
        "Domain",
        "Auth name",
        "Outbound proxy server",
        "Default caller ID",
        "Default caller ID name",
        "Caller ID",
        "Caller ID name",
        "DID",
        "DID name",
    }


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (TrunkType.REGISTER, set()),
        (
            TrunkType.PEER,
            {"username", "password", "auth_name", "enb_outbound_proxy", "outbound_proxy_server", "outbound_proxy_port"},
        ),
        (
            TrunkType.ACCOUNT,
            {
                "hostname",
                "port",
                "domain",
                "enb_outbound_proxy",
                "outbound_proxy_server",
                "outbound_proxy_port",
                "dids_mode",
            },
        ),
    ],
)
def test_each_type_lacks_what_the_vendors_page_does_not_list_for_it(kind: TrunkType, fields: set[str]) -> None:
    assert {column.field for column in TRUNKS.columns if kind not in column.types} == fields


def test_the_password_is_the_only_secret_since_it_is_kept_apart_by_its_name() -> None:
    assert [c.field for sheet in SHEETS for c in sheet.columns if c.parser is Parser.SECRET] == ["password"]


def test_every_column_explains_itself() -> None:
    for sheet in SHEETS:
        for column in sheet.columns:
            assert column.help.endswith((".", "|"))
            assert column.example
            assert sheet.column(column.field) is column


def test_required_columns_are_the_keys_of_list_entries() -> None:
    assert [column.label for sheet in (TRUNKS, CALLER_IDS, DIDS) for column in sheet.columns if column.required] == [
        "Trunk",
        "Option",
        "Caller ID",
        "Trunk",
        "DID",
    ]
