from __future__ import annotations

from typing import cast

import pytest

from batch.schema.columns import CALLER_IDS, DIDS
from batch.schema.problems import Problem
from batch.trunks.change_plan import Change
from batch.trunks.diff import ChangeKind
from batch.trunks.live import CallerId, Extension
from tests.builders import book, dids, inventory, judged, live, shared

LIVE = live(did_list=dids("100=One", "200=Two", "300=Three"))


def wanted(mode: str, *rows: str) -> list[str]:
    change, _, _ = judged(book(["Name|DIDs mode", f"London|{mode}"], dids=[f"London|{row}" for row in rows]), LIVE)
    return [f"{entry.number}={entry.name}" for entry in change.desired.lists[DIDS]]


def callers(
    mode: str, *rows: str, entries: list[dict[str, object]], groups: dict[str, int] | None = None
) -> tuple[tuple[CallerId, ...], list[Problem]]:
    trunk = live(outbound_cid_list=entries)
    given = book(["Name|Caller IDs mode", f"London|{mode}"], caller_ids=[f"London|{row}" for row in rows])
    change, _, problems = judged(given, trunk, inventory(trunk, groups=groups))
    return cast("tuple[CallerId, ...]", change.desired.lists[CALLER_IDS]), problems


def members(entry: CallerId) -> list[tuple[str, int]]:
    return [(extension.type, extension.id) for extension in entry.order]


@pytest.mark.parametrize("mode", ["replace", ""])
def test_replace_is_exactly_the_rows_in_their_order_and_a_blank_name_keeps_the_live_one(mode: str) -> None:
    assert wanted(mode, "300|", "400|Four", "100|<clear>") == ["300=Three", "400=Four", "100="]


def test_add_keeps_live_entries_in_place_and_puts_new_ones_at_the_end() -> None:
    assert wanted("add", "500|", "200|Zwei", "400|Four", "100|", "300|<clear>") == [
        "100=One",
        "200=Zwei",
        "300=",
        "500=",
        "400=Four",
    ]


def test_remove_takes_the_whole_entry_and_ignores_the_name() -> None:
    assert wanted("remove", "200|whatever", "999|") == ["100=One", "300=Three"]


def test_clear_empties_the_list() -> None:
    assert wanted("", "<clear>") == []


def test_an_entry_to_remove_that_is_not_there_is_told_once_for_a_row() -> None:
    given = book(["Name|DIDs mode", "London|remove"], dids=["London|442079460100-103", "London|9"])
    _, _, problems = judged(given, LIVE)
    assert [(p.code, p.cell, p.message, p.stops) for p in problems] == [
        (
            "entry-not-there",
            "B2",
            "442079460100 (and 3 more of this cell) is not on the trunk, so there is nothing to remove.",
            False,
        ),
        ("entry-not-there", "B3", "9 is not on the trunk, so there is nothing to remove.", False),
    ]


@pytest.mark.parametrize("mode", ["add", "remove"])
def test_a_key_that_stands_twice_on_the_pbx_is_a_problem(mode: str) -> None:
    trunk = live(did_list=dids("100=a", "100=b"))
    _, _, (problem,) = judged(book(["Name|DIDs mode", f"London|{mode}"], dids=["London|100|c"]), trunk)
    assert (problem.code, problem.cell, problem.value) == ("key-ambiguous", "B2", "100")
    assert problem.message == "100 is on the PBX 2 times, so it is not clear which one to change."


def test_a_key_that_stands_twice_on_the_pbx_may_be_replaced() -> None:
    trunk = live(did_list=dids("100=a", "100=b"))
    change, _, problems = judged(book(["Name|DIDs mode", "London|replace"], dids=["London|100"]), trunk)
    assert problems == []
    assert [e.name for e in change.desired.lists[DIDS]] == ["a"]
    assert [removed.old.name for removed in change.difference.of(DIDS, ChangeKind.REMOVED)] == ["b"]


def test_extensions_and_groups_become_ids() -> None:
    (entry,), problems = callers("", "shared|100|Acme||1002,1001,#77|Sales;#9", entries=[])
    assert problems == []
    assert entry.key == ("shared", "100")
    assert members(entry) == [("extension", 2), ("extension", 1), ("extension", 77), ("ext_group", 1), ("ext_group", 9)]


def test_the_longest_known_group_wins() -> None:
    (entry,), problems = callers(
        "", "shared|100||||Sales, London; Sales", entries=[], groups={"Sales, London": 5, "Sales": 6}
    )
    assert (members(entry), problems) == ([("ext_group", 5), ("ext_group", 6)], [])


def test_blank_cells_of_a_live_entry_keep_what_it_has() -> None:
    entries = [shared("100", 1, 2, groups=[7], name="Acme")]
    (entry,), _ = callers("", "shared|100", entries=entries)
    assert (entry.name, members(entry)) == ("Acme", [("extension", 1), ("extension", 2), ("ext_group", 7)])
    (entry,), _ = callers("", "shared|100|||1003", entries=entries)
    assert members(entry) == [("extension", 3), ("ext_group", 7)]
    (entry,), _ = callers("add", "shared|100|<clear>|||Support", entries=entries)
    assert (entry.name, members(entry)) == ("", [("extension", 1), ("extension", 2), ("ext_group", 2)])


def test_a_range_keeps_its_extension_range() -> None:
    entries: list[dict[str, object]] = [
        {"outbound_cid_option": "range", "outbound_cid": "100-109", "outbound_cid_to_ext_range": "1001-1010"}
    ]
    assert callers("", "range|100-109|New", entries=entries) == (
        (CallerId("range", "100-109", "New", "1001-1010"),),
        [],
    )


def test_a_new_entry_must_say_for_whom_it_is() -> None:
    _, problems = callers("add", "shared|100", "range|100-109", entries=[])
    assert [(p.code, p.cell, p.message, p.fix) for p in problems] == [
        (
            "extensions-missing",
            "F2",
            "The caller ID 100 is new on this trunk, so it needs Extensions or Extension groups.",
            "Fill in Extensions or Extension groups.",
        ),
        (
            "extension-range-missing",
            "E3",
            "The caller ID 100-109 is new on this trunk, so it needs Extension range.",
            "Fill in Extension range.",
        ),
    ]


def test_unknown_extensions_and_groups_are_named_each() -> None:
    _, problems = callers("", "shared|100|||1001,2001,2002|Slaes;Nowhere", entries=[])
    assert [(p.code, p.cell, p.value, p.message, p.fix) for p in problems] == [
        (
            "extension-unknown",
            "F2",
            "2001",
            "The PBX has no extension 2001.",
            "Correct it, or ask the administrator to add the extension first.",
        ),
        (
            "extension-unknown",
            "F2",
            "2002",
            "The PBX has no extension 2002.",
            "Correct it, or ask the administrator to add the extension first.",
        ),
        (
            "group-unknown",
            "G2",
            "Slaes",
            "The PBX has no extension group Slaes; did you mean Sales?",
            "Type Sales.",
        ),
        (
            "group-unknown",
            "G2",
            "Nowhere",
            "The PBX has no extension group Nowhere.",
            "Correct it, or ask the administrator to add the extension group first.",
        ),
    ]


def test_the_same_extension_by_number_and_by_id_is_one() -> None:
    (entry,), _ = callers("", "shared|100|||1001,#1", entries=[])
    assert entry.extensions == {Extension("extension", 1)}
    assert len(entry.order) == 1


def test_what_the_workbook_does_not_name_is_not_desired() -> None:
    change: Change
    change, _, _ = judged(book(["Name|Port", "London|5061"]), LIVE)
    assert (change.desired.lists, change.desired.fields) == ({}, {"port": 5061})
