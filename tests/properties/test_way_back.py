"""What holds for every run that is taken back, whatever it wrote and whatever somebody changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from batch.schema.column_model import ListSheet
from batch.schema.columns import LIST_OF, LIST_SHEETS
from batch.trunks.diff import alike, keyed, live_value
from batch.trunks.grouping import group
from batch.trunks.live import CallerId, Did, Entry, Extension, LiveTrunk, entry_json, parse_trunk
from batch.trunks.way_back import Restoration, Return, plan_back, way_back_of
from batch.writers.export_workbook import read_again
from batch.writers.way_back_workbook import Overwritten, way_back_export
from tests.builders import inventory

FIELDS: Mapping[str, Sequence[Any]] = {
    "name": ("London", "Paris", "Rome"),
    "hostname": ("a.example", "b.example", "c.example"),
    "domain": ("", "d.example", "e.example"),
    "port": (5060, 5061, 5062),
    "enable": (0, 1),
    "def_outbound_cid": ("", "441", "442"),
}
Sides = tuple[LiveTrunk, LiveTrunk, LiveTrunk]
"""Before the run, after it, and when it is undone."""

names = st.sampled_from(["", "a", "b"])
dids = st.lists(st.builds(Did, st.sampled_from("123456"), names), max_size=6, unique_by=lambda entry: entry.number)
members = st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True)


def caller_id(number: str, name: str, ids: Sequence[int], *, group_too: bool) -> CallerId:
    order = [Extension("extension", one, str(1000 + one)) for one in ids]
    order += [Extension("ext_group", 1, "Sales")] if group_too else []
    return CallerId("shared", number, name, "", frozenset(order), tuple(order))


caller_ids = st.lists(
    st.builds(caller_id, st.sampled_from("1234"), names, members, group_too=st.booleans()),
    max_size=4,
    unique_by=lambda entry: entry.number,
)
states = st.fixed_dictionaries(
    {
        **{name: st.sampled_from(values) for name, values in FIELDS.items()},
        "did_list": dids,
        "outbound_cid_list": caller_ids,
    }
)


def trunk(state: Mapping[str, Any]) -> LiveTrunk:
    whole = {name: [entry_json(one) for one in value] if name in LIST_OF else value for name, value in state.items()}
    return parse_trunk({"id": 8, "type": "register", "transport": "udp", **whole})


@st.composite
def later(draw: st.DrawFn) -> Sides:
    """Draw a run of one trunk, and somebody who changed some of it, and of the rest, since."""
    before, wrote, now = draw(states), draw(states), draw(states)
    some = draw(st.sets(st.sampled_from(sorted(wrote))))
    after = {name: wrote[name] if name in some else value for name, value in before.items()}
    others = draw(st.sets(st.sampled_from(sorted(now))))
    return trunk(before), trunk(after), trunk({n: now[n] if n in others else value for n, value in after.items()})


def entries(one: LiveTrunk, sheet: ListSheet) -> tuple[Entry, ...]:
    return tuple(one.lists[sheet].entries)


def written(before: LiveTrunk, after: LiveTrunk) -> frozenset[str]:
    fields = {name for name in FIELDS if not alike(name, live_value(before, name), live_value(after, name))}
    lists = {sheet.api for sheet in LIST_SHEETS if entries(before, sheet) != entries(after, sheet)}
    return frozenset(fields | lists)


def undone(
    before: LiveTrunk, after: LiveTrunk, now: LiveTrunk, *, overwrite: bool = False
) -> tuple[LiveTrunk, Sequence[Return]]:
    """Take a run back, by way of the cells; what it wrote is what tells before and after apart."""
    if not (names := written(before, after)):
        return now, ()
    export = way_back_export([Overwritten(before=before, wrote=after, names=names)], run="1", pbx="pbx.example")
    assert [line.what for line in export.read_only] == []
    tables, problems = read_again(export.sheets)
    records, faults = group(tables)
    assert [problem for problem in [*problems, *faults.single] if problem.stops] == []
    (line,) = export.base
    back = way_back_of(parse_trunk(json.loads("".join(line[1:]))))
    assert back is not None
    (record,) = records.trunks
    change, _, lines = plan_back(tables, record, now, inventory(now), back, overwrite=overwrite)
    return parse_trunk({**now.whole, **change.body()}), lines


def same(one: LiveTrunk, other: LiveTrunk) -> bool:
    return written(one, other) == frozenset()


@given(later())
def test_a_run_that_is_undone_leaves_the_trunk_as_it_was_whole_and_in_list_order(sides: Sides) -> None:
    before, after, _ = sides
    back, lines = undone(before, after, after)
    assert same(back, before)
    assert {line.fate for line in lines} <= {Restoration.RESTORED}


@given(later())
def test_an_undo_that_is_undone_is_the_run_once_more(sides: Sides) -> None:
    before, after, _ = sides
    back, _ = undone(before, after, after)
    again, _ = undone(after, back, back)
    assert same(again, after)


@given(later())
def test_an_undo_that_is_done_again_finds_everything_back(sides: Sides) -> None:
    before, after, _ = sides
    back, _ = undone(before, after, after)
    twice, lines = undone(before, after, back)
    assert same(twice, back)
    assert {line.fate for line in lines} <= {Restoration.ALREADY_BACK}


@given(later())
def test_no_later_edit_is_overwritten_unasked_and_nothing_is_touched_that_the_run_did_not_write(sides: Sides) -> None:
    before, after, now = sides
    back, _ = undone(before, after, now)
    for name in FIELDS:
        held = live_value(now, name)
        if alike(name, live_value(before, name), live_value(after, name)) or not alike(
            name, held, live_value(after, name)
        ):
            assert alike(name, live_value(back, name), held)
        else:
            assert alike(name, live_value(back, name), live_value(before, name))
    for sheet in LIST_SHEETS:
        was, wrote, held_now, became = (keyed(entries(one, sheet)) for one in (before, after, now, back))
        for key in {*was, *wrote, *held_now}:
            left_alone = was.get(key) == wrote.get(key) or held_now.get(key) != wrote.get(key)
            assert became.get(key) == (held_now if left_alone else was).get(key)


@given(later())
def test_what_stays_in_a_list_keeps_its_order_unless_the_run_had_changed_it(sides: Sides) -> None:
    before, after, now = sides
    back, _ = undone(before, after, now)
    for sheet in LIST_SHEETS:
        was, wrote, held, became = ([*keyed(entries(one, sheet))] for one in (before, after, now, back))
        common = {*was} & {*wrote} & {*held} & {*became}
        orders = [[key for key in side if key in common] for side in (was, wrote, held, became)]
        expected = orders[0] if orders[0] != orders[1] and orders[2] == orders[1] else orders[2]
        assert orders[3] == expected


@given(later())
def test_what_may_be_overwritten_is_back_in_everything_that_the_run_wrote(sides: Sides) -> None:
    before, after, now = sides
    back, lines = undone(before, after, now, overwrite=True)
    assert not any(line.fate in {Restoration.KEPT, Restoration.LOST} for line in lines)
    for name in written(before, after) & FIELDS.keys():
        assert alike(name, live_value(back, name), live_value(before, name))
    for sheet in LIST_SHEETS:
        was, wrote, became = (keyed(entries(one, sheet)) for one in (before, after, back))
        for key in {*was, *wrote}:
            if was.get(key) != wrote.get(key):
                assert became.get(key) == was.get(key)


@given(later())
def test_all_that_the_run_wrote_has_its_line_with_three_sides(sides: Sides) -> None:
    before, after, now = sides
    _, lines = undone(before, after, now)
    told = {line.field for line in lines}
    changed = {
        f"{sheet.column(sheet.number).label} {key[0] if isinstance(key[0], str) else key[0][1]}"  # type: ignore[index]
        for sheet in LIST_SHEETS
        for was, wrote in [(keyed(entries(before, sheet)), keyed(entries(after, sheet)))]
        for key in {*was, *wrote}
        if was.get(key) != wrote.get(key)
    }
    assert changed <= told
    assert all(line.before or line.wrote or line.now for line in lines)
