from __future__ import annotations

from batch.trunks.model import draft
from tests.builders import book, records


def test_a_draft_shows_what_a_record_alone_asks_for_and_no_password() -> None:
    (record,) = records(
        book(
            ["Trunk ID|Name|Port|Password", "8|London|5061|Sample-1"],
            dids=["8|100|Desk", "8|200"],
            caller_ids=["8|shared|100|Acme||1001,#7|Sales;#2", "8|range|100-109||1001-1010", "8|shared|300"],
        )
    )
    assert draft(record) == {
        "id": 8,
        "name": "London",
        "port": 5061,
        "password": "",
        "outbound_cid_list": [
            {
                "outbound_cid_option": "shared",
                "outbound_cid": "100",
                "outbound_cid_name": "Acme",
                "ext_list": [
                    {"type": "extension", "ext_number": "1001"},
                    {"type": "extension", "id": 7},
                    {"type": "ext_group", "ext_number": "Sales"},
                    {"type": "ext_group", "id": 2},
                ],
            },
            {
                "outbound_cid_option": "range",
                "outbound_cid": "100-109",
                "outbound_cid_name": "",
                "outbound_cid_to_ext_range": "1001-1010",
            },
            {"outbound_cid_option": "shared", "outbound_cid": "300", "outbound_cid_name": "", "ext_list": []},
        ],
        "did_list": [{"did": "100", "did_name": "Desk"}, {"did": "200", "did_name": ""}],
    }


def test_a_draft_of_a_record_without_lists_has_none() -> None:
    (record,) = records(book(["Name|Enabled", "London|no"]))
    assert draft(record) == {"id": None, "enable": 0}
