"""Nothing of a live list entry that no row speaks of is lost without a hazard, whatever the mode and the key."""

from __future__ import annotations

from typing import Any

import pytest

from batch.schema.columns import CALLER_IDS
from batch.trunks.diff import ChangeKind
from batch.trunks.live_checks import refusals
from tests.builders import Line, book, judged, live

MEMBERS = [{"type": "extension", "id": 1, "ext_number": "1001"}, {"type": "ext_group", "id": 2, "ext_number": "Sales"}]
SHARED = {"outbound_cid_option": "shared", "outbound_cid": "200", "outbound_cid_name": "Desk", "ext_list": MEMBERS}
RANGE = {
    "outbound_cid_option": "range",
    "outbound_cid": "300-301",
    "outbound_cid_name": "Desks",
    "outbound_cid_to_ext_range": "1001-1002",
}
DID = {"did": "100", "did_name": "Main"}
ODD_MEMBER = {"type": "extension", "id": 3, "ext_number": "1003", "ring": 1}
MORE: dict[str, list[tuple[str, Any]]] = {
    "shared": [("outbound_cid_to_ext_range", "1001-1002"), ("dod_label", "x"), ("ext_list", [*MEMBERS, ODD_MEMBER])],
    "range": [("ext_list", MEMBERS), ("ext_list", [ODD_MEMBER]), ("dod_label", "x"), ("short_code", None)],
    "did": [("short_code", "77"), ("did_ring", {"a": 1}), ("tags", [])],
}
KINDS: dict[str, dict[str, Any]] = {"shared": SHARED, "range": RANGE, "did": DID}
ROWS: dict[str, tuple[Line, Line]] = {
    "shared": ("1|shared|200||||", "1|shared|999|||1001|"),
    "range": ("1|range|300-301||||", "1|shared|999|||1001|"),
    "did": ("1|100|", "1|999|"),
}
OTHER: dict[str, dict[str, Any]] = {"did": {"did": "555"}, "caller": SHARED | {"outbound_cid": "555"}}


@pytest.mark.parametrize("mode", ["add", "remove", "replace", ""])
@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [(kind, *more) for kind, extra in MORE.items() for more in [*KINDS[kind].items(), *extra]],
)
def test_what_no_row_speaks_of_is_sent_back_as_it_was_or_is_a_hazard(
    mode: str, kind: str, key: str, value: Any
) -> None:
    entry = KINDS[kind] | {key: value, "id": 4}
    itself, new = ROWS[kind]
    name, other = ("did_list", OTHER["did"]) if kind == "did" else ("outbound_cid_list", OTHER["caller"])
    gone = "1|555|" if kind == "did" else "1|shared|555||||"
    rows = {"add": [new], "remove": [gone]}.get(mode, [itself, new])
    modes = f"1|{mode}" if kind == "did" else f"1||{mode}"
    sheets: Any = {"dids" if kind == "did" else "caller_ids": rows}
    held: Any = {name: [entry, other]}
    given = book(["Trunk ID|DIDs mode|Caller IDs mode", modes], **sheets)
    change, hazards, problems = judged(given, live(1, **held))
    assert [problem.code for problem in problems if problem.stops] == []
    body = change.body()
    assert change.live.type is not None
    assert refusals(change.live.type, body) == []
    sent = next(one for one in body[name] if "555" not in one.values() and "999" not in one.values())
    lost = {name for name in entry if name != "id" and sent.get(name) != entry[name]}
    assert not lost or [hazard.code for hazard in hazards if hazard.code == "unknown-keys"], lost


def test_a_range_whose_extensions_the_pbx_lists_as_well_is_found_as_it_was_sent() -> None:
    given = book(["Trunk ID|Caller IDs mode", "1|add"], caller_ids=["1|shared|999|||1001|"])
    change = judged(given, live(1, outbound_cid_list=[RANGE | {"ext_list": MEMBERS}]))[0]
    assert change.body()["outbound_cid_list"][0] == RANGE | {"ext_list": MEMBERS}
    assert change.difference.of(CALLER_IDS, ChangeKind.CHANGED) == []
