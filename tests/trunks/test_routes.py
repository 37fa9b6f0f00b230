"""Inbound routes: which DIDs they take, and what is to be changed in them by hand."""

from __future__ import annotations

from typing import Any

import pytest

from batch.trunks.census import Holdings, take_census
from batch.trunks.live import Did
from batch.trunks.routes import ByHand, InboundRoute, parse_routes, route_hazards, to_change_by_hand

NAMES = {1: "London", 2: "Paris", 3: "Rome"}


def route(number: int, name: str, trunks: list[int], *patterns: str, **fields: Any) -> dict[str, Any]:
    """Make what ``inbound_route/get`` shows of a route of DID patterns."""
    listed = [{"did_pattern": pattern} for pattern in patterns]
    members = [{"id": trunk, "name": NAMES.get(trunk, ""), "type": "register"} for trunk in trunks]
    shape = {"id": number, "name": name, "did_option": "patterns", "did_pattern_list": listed, "trunk_list": members}
    return shape | fields


def only(row: dict[str, Any]) -> InboundRoute:
    (found,) = parse_routes([row]).routes
    return found


def taken(row: dict[str, Any], *dids: str) -> list[bool]:
    return [only(row).takes(did) for did in dids]


def by_hand(rows: list[dict[str, Any]], before: dict[int, list[str]], after: dict[int, list[str]]) -> list[ByHand]:
    """``after`` names only the trunks that change."""
    then, now = (
        Holdings(dids={trunk: [Did(did) for did in dids] for trunk, dids in world.items()}, names=NAMES)
        for world in (before, before | after)
    )
    return to_change_by_hand(parse_routes(rows), take_census(then, now, "GB"))


def test_dids_by_patterns_are_taken_as_the_pbx_takes_them() -> None:
    row = route(1, "Main", [1], "442079460100", "44207946012X", "+1.")
    assert taken(row, "442079460100", "442079460101", "442079460125", "+12", "12") == [True, False, True, True, False]


def test_the_digits_of_an_extension_stand_in_for_part_of_a_did() -> None:
    row = route(1, "Desks", [1], did_option="pattern_to_ext", did_pattern_to_ext="44207946{{.Ext}}")
    assert taken(row, "442079461001", "44207946", "442079471001") == [True, False, False]


@pytest.mark.parametrize(
    ("first", "last"),
    [("0", "9"), ("07", "13"), ("1003", "1187"), ("0000", "9999"), ("+4401", "+4420"), ("998", "999"), ("5", "5")],
)
def test_a_range_takes_its_numbers_and_no_others(first: str, last: str) -> None:
    row = route(1, "Desks", [1], did_option="range_to_ext", did_to_ext_start=first, did_to_ext_end=last)
    plus, low, high = "+" * first.count("+"), int(first), int(last)
    width = len(first) - len(plus)
    numbers = [f"{plus}{n:0{width}d}" for n in range(10**width)]
    shown = only(row)
    assert [n for n in numbers if shown.takes(n)] == numbers[low : high + 1]


def test_dids_with_an_extension_each_are_taken_one_by_one() -> None:
    pairs = [{"did_pattern": "442079460100", "ext_id": 1}, {"did": "442079460101", "ext_id": 2}]
    row = route(1, "Desks", [1], did_option="pattern_to_ext_list", did_pattern_to_ext_list=pairs)
    assert taken(row, "442079460100", "442079460101", "442079460102") == [True, True, False]


def test_ids_may_be_texts_and_a_list_that_is_null_is_empty() -> None:
    shown = only(route(1, "Main", [], did_pattern_list=None, trunk_list=[{"value": "2", "text": "Paris"}]))
    assert (shown.trunks, shown.is_catch_all, shown.odd) == (frozenset({2}), True, "")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"trunk_list": "London"}, "trunk_list is no list"),
        ({"trunk_list": [{"name": "London"}]}, "trunk_list does not say the ids of its trunks"),
        ({"id": "main"}, "no id"),
    ],
)
def test_a_route_that_does_not_tell_its_trunks_leaves_all_in_the_dark(fields: dict[str, Any], why: str) -> None:
    found = parse_routes([route(1, "Good", [1], "1"), route(2, "Main", [1], "2", **fields)])
    assert (found.routes, found.unread) == (
        (),
        f"the PBX shows the inbound route Main in a form that is not known: {why}",
    )


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"did_option": "by_moon"}, "did_option is by_moon"),
        ({"did_pattern_list": "44"}, "did_pattern_list is no list"),
        ({"did_pattern_list": [{"pattern": "44"}]}, "did_pattern_list holds something else than DIDs"),
        ({"did_option": "pattern_to_ext"}, "did_pattern_to_ext is no text"),
        ({"did_option": "pattern_to_ext_list"}, "did_pattern_to_ext_list is not there"),
        (
            {"did_option": "range_to_ext", "did_to_ext_start": "1", "did_to_ext_end": "22"},
            "1-22 is no range of numbers",
        ),
    ],
)
def test_a_route_whose_dids_are_in_another_shape_is_not_guessed_at_and_blamed_for_nothing(
    fields: dict[str, Any], why: str
) -> None:
    row = route(1, "Odd", [1], **fields)
    assert only(row).odd == why
    assert by_hand([row], {1: ["100"]}, {1: ["200"]}) == []


def test_nothing_is_said_where_the_routes_take_the_dids_of_afterwards() -> None:
    rows = [route(1, "Main", [1, 2], "4420794601XX")]
    assert by_hand(rows, {1: ["442079460100", "442079460101"], 2: []}, {1: ["442079460101"], 2: ["442079460100"]}) == []


def test_a_moved_did_that_no_route_of_its_new_trunk_takes_names_the_route_that_would() -> None:
    rows = [route(1, "Main", [1], "44207946XXXX"), route(2, "Paris", [2], "33.")]
    before = {1: ["442079460100", "442079460101"], 2: ["33140000000"]}
    after = {1: ["442079460101"], 2: ["33140000000", "442079460100"]}
    assert by_hand(rows, before, after) == [
        ByHand(
            2,
            "Main (id 1)",
            "Add the trunk Paris.",
            "Paris gets 442079460100, which this route does not take there.",
        )
    ]


def test_a_did_that_no_route_at_all_takes_needs_one() -> None:
    rows = [route(1, "Main", [1], "44.")]
    assert by_hand(rows, {1: ["441"], 2: []}, {2: ["33140000000", "33140000001"]}) == [
        ByHand(
            2,
            "",
            "Add an inbound route for Paris that matches 33140000000 to 33140000001.",
            "Paris gets 33140000000 to 33140000001, which no inbound route of it takes: those calls are lost.",
        )
    ]


@pytest.mark.parametrize("everything", [(), (".",), ("!",), ("X.",)])
def test_a_catch_all_takes_what_moves_and_is_not_blamed_for_what_leaves(everything: tuple[str, ...]) -> None:
    rows = [route(1, "All", [1], *everything), route(2, "All", [2], *everything)]
    assert by_hand(rows, {1: ["441"], 2: ["331"]}, {1: [], 2: ["331", "441"]}) == []


def test_a_catch_all_of_digits_does_not_take_a_plus() -> None:
    rows = [route(1, "All", [1], "X.")]
    assert by_hand(rows, {1: ["02079460100"]}, {1: ["+442079460100"]}) == [
        ByHand(
            1,
            "All (id 1)",
            "Make it match +442079460100.",
            "London gets +442079460100 (02079460100 before), which this route does not take there.",
        )
    ]


def test_a_route_for_certain_callers_does_not_take_all_calls() -> None:
    rows = [route(1, "VIP", [2], cid_pattern_list=[{"cid_pattern": "4479."}])]
    (found,) = by_hand(rows, {1: ["441"], 2: []}, {1: [], 2: ["441"]})
    assert found.change == "Add an inbound route for Paris that matches 441."


def test_a_literal_pattern_that_the_new_notation_does_not_match_is_to_be_changed_even_beside_a_catch_all() -> None:
    rows = [route(1, "Sales", [1], "02079460100"), route(2, "All", [1])]
    assert by_hand(rows, {1: ["02079460100", "1"]}, {1: ["+442079460100", "1"]}) == [
        ByHand(
            1,
            "Sales (id 1)",
            "Make it match +442079460100.",
            "London gets +442079460100 (02079460100 before), which this route does not take there.",
        )
    ]


def test_of_many_dids_in_a_new_notation_the_first_and_the_last_are_named() -> None:
    span = {"did_option": "range_to_ext", "did_to_ext_start": "02079460100", "did_to_ext_end": "02079460199"}
    old = [f"020794601{n:02}" for n in range(100)]
    (found,) = by_hand([route(1, "Desks", [1], **span)], {1: old}, {1: [f"+44{did[1:]}" for did in old]})
    assert found.change == "Make it match +442079460100 to +442079460199."
    assert found.why.startswith("London gets +442079460100 to +442079460199 (02079460100 to 02079460199 before), which")


def test_a_did_that_moves_and_changes_its_notation_needs_trunk_and_pattern() -> None:
    rows = [route(1, "Sales", [1], "02079460100"), route(2, "Paris", [2], "33.")]
    assert by_hand(rows, {1: ["02079460100"], 2: ["331"]}, {1: [], 2: ["331", "+442079460100"]})[0].change == (
        "Add the trunk Paris and make it match +442079460100."
    )


def test_a_route_that_would_match_nothing_any_more_says_which_trunk_has_its_dids_now() -> None:
    rows = [route(1, "Sales", [1], "442079460100"), route(2, "All", [2])]
    assert by_hand(rows, {1: ["442079460100", "1"], 2: ["2"]}, {1: ["1"], 2: ["2", "442079460100"]}) == [
        ByHand(
            1,
            "Sales (id 1)",
            "Put Paris in place of London in its trunks.",
            "All DIDs that it matches leave London: 442079460100. Then it matches nothing.",
        )
    ]


def test_a_route_of_dids_that_are_given_back_can_go() -> None:
    rows = [route(1, "Old", [1], "44207946XXXX")]
    (found,) = by_hand(rows, {1: ["442079460100", "1"]}, {1: ["1"]})
    assert found.change == "Delete the route."


def test_a_route_that_another_of_its_trunks_feeds_is_left_in_peace() -> None:
    rows = [route(1, "Sales", [1, 3], "4420794601XX")]
    before = {1: ["442079460100"], 3: ["442079460155"]}
    assert by_hand(rows, before, {1: []}) == []
    assert len(by_hand(rows, before | {3: ["2"]}, {1: []})) == 1


def test_a_route_with_a_trunk_of_which_the_dids_are_not_known_is_left_in_peace() -> None:
    rows = [route(1, "Sales", [1, 77], "442079460100")]
    assert by_hand(rows, {1: ["442079460100"]}, {1: []}) == []
    rows = [route(1, "Sales", [1, 2], "442079460100")]
    assert by_hand(rows, {1: ["442079460100"], 2: []}, {1: []}) == []  # calls come in without any DID, too


def test_a_pattern_on_a_trunk_is_taken_where_a_route_takes_any_of_it() -> None:
    before: dict[int, list[str]] = {1: []}
    for of_route in ("442079460100", "44207946XXXX", "4420794[67]01X0", "44."):
        assert by_hand([route(1, "Main", [1], of_route)], before, {1: ["4420794601XX"]}) == []
    assert len(by_hand([route(1, "Main", [1], "4420794602XX")], before, {1: ["4420794601XX"]})) == 1


def test_another_spelling_of_a_pattern_is_no_change() -> None:
    assert by_hand([route(1, "Main", [1], "1XX")], {1: ["44xx"]}, {1: ["44XX"]}) == []


def test_what_is_needed_for_a_trunk_is_one_hazard_with_the_first_change_in_full() -> None:
    needed = [ByHand(2, "Main (id 1)", "Add it.", "Paris gets 1."), ByHand(2, "", "See.", "Two.")]
    assert [(h.code, h.row, h.trunk, h.message) for h in route_hazards(needed, {2: 5}, NAMES)] == [
        (
            "routes",
            5,
            "Paris",
            "Inbound route Main (id 1): Paris gets 1. By hand: Add it. And 1 more change: sheet Follow-up.",
        )
    ]


def test_many_routes_and_dids_are_looked_up_once_each() -> None:
    moved = [f"44207{n:07}" for n in range(20_000)]
    rows = [route(n, f"R{n}", [1], *moved[n * 20 : n * 20 + 20]) for n in range(1_000)]
    found = by_hand(rows, {1: [*moved, "1"], 2: ["2"]}, {1: ["1"], 2: ["2", *moved]})
    assert [one.trunk for one in found] == [2] * 1_000
