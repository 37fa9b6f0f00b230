"""Whatever shape a PBX gives to one trunk, it can be planned against, and the trunk beside it exports as ever."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from batch.schema.columns import LIST_OF
from batch.trunks.live import parse_trunk
from batch.writers.exportable import find_exportable
from tests.builders import book, dids, inventory, judged, live, shared

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WHOLE = live(2, "Odd", hostname="h.example", port=5060, did_list=dids("1=A"), outbound_cid_list=[shared("2", 1)]).whole
GIVEN = book(
    ["Trunk ID|Hostname|DIDs mode", "2|new.example|add"], dids=["2|442079460100"], caller_ids=["2|shared|3|||1001|"]
)


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """Spoil a trunk at any one place: drop a key, or put anything in place of a value, however deep."""
    trunk: Any = copy.deepcopy(dict(WHOLE))
    place: Any = trunk
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from([key for key in keys if place is not trunk or key != "id"]))
        deeper = place[key]
        if isinstance(deeper, dict | list) and deeper and draw(st.booleans()):
            place = deeper
            continue
        if draw(st.booleans()):
            del place[key]
        else:
            place[key] = draw(JSON)
        return dict(trunk)


@given(spoiled())
def test_a_spoiled_trunk_is_read_planned_and_exported_beside_a_sound_one(whole: dict[str, Any]) -> None:
    odd = parse_trunk(whole)
    sound = live(1, "Sound", did_list=dids("7"))
    around = inventory(sound, odd)
    _, hazards, problems = judged(GIVEN, odd, around)
    unread = {name for name in LIST_OF if name in odd.unread}
    assert not unread or hazards or any(problem.stops for problem in problems)
    said = find_exportable([sound, odd], around)
    assert said.trunks[0].dids.entries == sound.dids.entries
    named = {unsaid.what for unsaid in said.not_exportable if unsaid.trunk.id == 2}
    assert unread <= named or "" in named
    assert all(unsaid.trunk.id == 2 for unsaid in said.not_exportable)
