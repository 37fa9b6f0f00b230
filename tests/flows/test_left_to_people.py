"""What a plan leaves to people: inbound routes that are read, and the sheets Follow-up and Test calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from batch.practice.state import from_json
from samples.making.files import Page, write_workbook
from tests.flows.shell import Bench, Json, Line, lines_of, register, rows_of, serving

LONDON = register(1, "London", "442079460100", "442079460101", "442079460102", "442079460199")
PARIS = register(2, "Paris", "33140000000")
MAIN = {"id": 1, "name": "Main", "did_option": "patterns", "did_pattern_list": [{"did_pattern": "44207946XXXX"}]}
ROUTES: tuple[Json, ...] = (
    {**MAIN, "trunk_list": [{"id": 1}]},
    {"id": 2, "name": "France", "did_option": "patterns", "did_pattern_list": [{"did_pattern": "33."}]}
    | {"trunk_list": [{"id": 2}]},
)
TO_PARIS: Sequence[Line] = (
    ("Trunk", "DID"),
    ("London", "442079460199"),
    ("Paris", "33140000000"),
    *(("Paris", f"44207946010{n}") for n in range(3)),
)
REPLACE: Sequence[Line] = (("Name", "DIDs mode"), ("London", "replace"), ("Paris", "replace"))


@contextmanager
def moving(
    folder: Path,
    routes: Sequence[Json] | None = ROUTES,
    faults: Sequence[Json] = (),
    *,
    trunks: Sequence[Line] = REPLACE,
    dids: Sequence[Line] = TO_PARIS,
    caller_ids: Sequence[Line] = (),
    live: Sequence[Json] = (LONDON, PARIS),
) -> Iterator[Bench]:
    """Serve a PBX with inbound routes beside a workbook that moves three DIDs from London to Paris."""
    pages = {"Trunks": trunks, "Caller IDs": caller_ids, "DIDs": dids}
    path = folder / "book.xlsx"
    write_workbook(path, *(Page(name=name, lines=lines) for name, lines in pages.items() if lines))
    extensions = [{"id": i, "number": str(1000 + i)} for i in range(1, 4)]
    state = from_json(
        {"trunks": list(live), "extensions": extensions, "extension_groups": [{"id": 1, "name": "Sales"}]}
        | ({} if routes is None else {"inbound_routes": list(routes)})
    )
    with serving(path, state, faults=list(faults)) as there:
        yield there


@pytest.fixture(autouse=True)
def _small_pbx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNK_BATCH_SIZE_PERCENT", "100")


def routes_of(there: Bench) -> list[Json]:
    return [hazard for hazard in there.run("plan", "--json").json["hazards"] if hazard["code"] == "routes"]


def left(there: Bench) -> list[str]:
    """Return what there is to do, each with its why."""
    return [f"{one['what']} {one['why']}" for one in there.run("plan", "--json").json["follow_up"]]


def test_a_route_that_lacks_the_new_trunk_is_a_hazard_until_it_is_changed_or_allowed(tmp_path: Path) -> None:
    with moving(tmp_path) as there:
        ran = there.run("plan", "--json")
        assert (ran.code, ran.json["hazards"]) == (
            4,
            [
                {
                    "code": "routes",
                    "trunk": "Paris",
                    "message": "Inbound route Main (id 1): Paris gets 442079460100 to 442079460102, which this route "
                    "does not take there. By hand: Add the trunk Paris.",
                    "flag": "--allow routes=Paris",
                    "allowed": False,
                }
            ],
        )
        assert there.apply().code == 4
        assert there.writes() == []
        assert there.apply("--allow", "routes=Paris").code == 0
    with moving(tmp_path, [{**ROUTES[0], "trunk_list": [{"id": 1}, {"id": 2}]}, ROUTES[1]]) as there:
        assert there.run("plan", "--json").json["hazards"] == []


def test_what_to_do_and_whom_to_call_stand_in_plan_and_results_for_people_to_fill_in(tmp_path: Path) -> None:
    with moving(tmp_path) as there:
        there.run("plan", "-o", tmp_path / "plan.xlsx")
        assert there.apply("--allow", "routes").code == 0
        for path in (tmp_path / "plan.xlsx", there.results):
            first, *general = rows_of(path, "Follow-up", 2)
            assert first == {
                "What": "Add the trunk Paris.",
                "Where": "Call Control > Inbound Route > Main (id 1)",
                "Why": "Paris gets 442079460100 to 442079460102, which this route does not take there.",
                "Who": "PBX administrator",
                "Done": None,
            }
            assert [one["What"] for one in general] == [
                "Check that outbound routes send calls over the trunk that has the caller ID they show.",
                "Check that emergency calls show a number that their trunk has, with the right address at the carrier.",
                "Tell the provider, if any of these trunks is shared with other PBXs.",
            ]
            assert [tuple(one.values())[:5] for one in rows_of(path, "Test calls", 2)] == [
                ("From outside, call 442079460199", "London", "442079460199", "one for the trunk",
                 "Inbound route Main (id 1) answers"),
                ("From outside, call 442079460100", "Paris", "442079460100", "first of 3 DIDs",
                 "No inbound route takes it yet: see Follow-up"),
                ("From outside, call 442079460102", "Paris", "442079460102", "last of 3 DIDs",
                 "No inbound route takes it yet: see Follow-up"),
            ]  # fmt: skip
            assert lines_of(path, "Test calls")[1][5:] == ("Who", "When", "Pass or fail")


def test_results_are_read_again_without_these_sheets(tmp_path: Path) -> None:
    with moving(tmp_path) as there:
        there.apply("--allow", "routes")
        again = there.run("plan", "--json", workbook=there.results).json
        assert (again["problems"], again["counts"]["trunks_to_write"], again["test_calls"]) == ([], 0, [])


def test_a_report_and_a_resumed_run_say_what_is_left_as_the_plan_did(tmp_path: Path) -> None:
    refusing = {"call": "trunk/update", "match": {"id": 2}, "do": "errcode", "errcode": 70082, "times": 60}
    with moving(tmp_path, faults=[refusing]) as there:
        planned = there.run("plan", "--json").json
        report = there.apply("--allow", "routes", "--attempts", "1").json
        resumed = there.resume("--yes").json
        for one in (report, resumed, there.resume().json):
            assert {key: one[key] for key in ("follow_up", "test_calls")} == {
                key: planned[key] for key in ("follow_up", "test_calls")
            }
        assert rows_of(there.results, "Follow-up", 2)[0]["What"] == "Add the trunk Paris."


def test_firmware_without_inbound_routes_is_told_with_the_trunks_to_be_looked_at(tmp_path: Path) -> None:
    with moving(tmp_path, None) as there:
        assert there.run("plan").code == 0
        assert left(there)[0] == (
            "Check that inbound routes match the DIDs of London, Paris as they will be. They were not read: The PBX "
            "answered 10001 INTERFACE NOT EXISTED to a read. This firmware does not know the call."
        )


def test_a_pbx_that_shows_no_route_at_all_is_not_taken_at_its_word(tmp_path: Path) -> None:
    with moving(tmp_path, []) as there:
        assert there.run("plan").code == 0
        assert "They were not read: the PBX shows none." in left(there)[0]


@pytest.mark.parametrize(
    ("call", "fault", "why"),
    [
        ("inbound_route/list", {"do": "errcode", "errcode": 10005},
         "The PBX answered 10005 ACCESS DENIED to a read. This"),
        ("inbound_route/list", {"do": "errcode", "errcode": 10009},
         "The PBX answered 10009 OPERATION FAILED to a read."),
        ("inbound_route/query", {"do": "answer", "body": {"errcode": 0, "errmsg": "SUCCESS", "data": [{"id": 1}]}},
         "the PBX shows the inbound route id 1 in a form that is not known: trunk_list is no list"),
    ],
)  # fmt: skip
def test_routes_that_a_client_may_not_read_or_that_look_otherwise_stop_nothing(
    tmp_path: Path, call: str, fault: Json, why: str
) -> None:
    with moving(tmp_path, faults=[{"call": call, "times": "always", **fault}]) as there:
        assert f"They were not read: {why}" in left(there)[0]
        assert there.apply().code == 0


def test_a_route_in_a_mode_that_is_not_known_is_to_be_looked_at(tmp_path: Path) -> None:
    odd = {**ROUTES[0], "did_option": "by_moon", "trunk_list": [{"id": 2}]}
    with moving(tmp_path, [odd]) as there:
        assert left(there)[0] == (
            "Check that the route still matches what it should. Which DIDs it matches could not be read: did_option is "
            "by_moon."
        )


def test_routes_are_asked_for_alone_where_the_firmware_cannot_show_many(tmp_path: Path) -> None:
    no_query = {"call": "inbound_route/query", "do": "errcode", "errcode": 10001, "times": "always"}
    with moving(tmp_path, faults=[no_query]) as there:
        assert len(routes_of(there)) == 1
        assert there.calls().count("inbound_route/get") == 2


def test_a_route_that_goes_while_they_are_read_is_none(tmp_path: Path) -> None:
    gone = {"call": "inbound_route/get", "do": "errcode", "errcode": 60001, "times": "always"}
    no_query = {"call": "inbound_route/query", "do": "errcode", "errcode": 10001, "times": "always"}
    with moving(tmp_path, faults=[no_query, gone]) as there:
        assert "By hand: Add an inbound route for Paris that matches" in routes_of(there)[0]["message"]


def test_a_route_shown_without_an_id_is_not_guessed_at(tmp_path: Path) -> None:
    faults: list[Json] = [
        {"call": f"inbound_route/{call}", "do": "answer", "times": "always"}
        | {"body": {"errcode": 0, "errmsg": "SUCCESS", "data": {"name": "Main"}}}
        for call in ("query", "get")
    ]
    with moving(tmp_path, faults=faults) as there:
        assert "the PBX shows the inbound route id 1 in a form that is not known: no id" in left(there)[0]


def test_routes_are_not_read_where_no_did_changes(tmp_path: Path) -> None:
    with moving(tmp_path, trunks=[("Name", "Port"), ("Paris", "5070")], dids=()) as there:
        plan = there.run("plan", "--json").json
        assert plan["follow_up"] == []
        assert [(one["number"], one["why"]) for one in plan["test_calls"]] == [("33140000000", "one for the trunk")]
        assert not [call for call in there.calls() if call.startswith("inbound_route")]


def test_a_route_on_a_trunk_that_is_not_in_the_workbook_is_judged_with_that_trunks_dids(tmp_path: Path) -> None:
    rome = register(3, "Rome", "442079460155")
    pattern = {**MAIN, "id": 3, "name": "Sales", "did_pattern_list": [{"did_pattern": "4420794601[05]X"}]}
    routes = [{**pattern, "trunk_list": [{"id": 1}, {"id": 3}]}, *ROUTES]
    gone: Sequence[Line] = (("Trunk", "DID"), ("London", "442079460199"))
    london: Sequence[Line] = (("Name", "DIDs mode"), ("London", "replace"))
    with moving(tmp_path, routes, trunks=london, dids=gone, live=[LONDON, PARIS, rome]) as there:
        assert routes_of(there) == []
    rome = register(3, "Rome", "442079460177")
    with moving(tmp_path, routes, trunks=london, dids=gone, live=[LONDON, PARIS, rome]) as there:
        assert routes_of(there)[0]["message"] == (
            "Inbound route Sales (id 3): All DIDs that it matches leave London: 442079460100 to 442079460102. Then it "
            "matches nothing. By hand: Delete the route."
        )


def test_a_move_needs_the_route_of_the_trunk_that_gives_on_the_one_that_gets(tmp_path: Path) -> None:
    moved: Sequence[Line] = (
        ("Trunk", "DID", "Move from"),
        ("Paris", "442079460100-442079460102", "London"),
    )
    with moving(tmp_path, trunks=[("Name",), ("Paris",)], dids=moved) as there:
        (hazard,) = routes_of(there)
        assert hazard["message"] == (
            "Inbound route Main (id 1): Paris gets 442079460100 to 442079460102, which this route does not take "
            "there. By hand: Add the trunk Paris."
        )


def test_going_back_waits_for_nobody_to_change_a_route_and_says_what_is_to_be_changed(tmp_path: Path) -> None:
    with moving(tmp_path) as there:
        assert there.apply("--allow", "routes").code == 0
        there.pbx.state.inbound_routes = {1: {**ROUTES[0], "trunk_list": [{"id": 2}]}, 2: ROUTES[1]}
        ran = there.on_run("undo", "--yes")
        assert ran.code == 0
        assert ran.json["follow_up"][0]["what"] == "Add the trunk London."
        assert [did["did"] for did in there.pbx.state.trunks[2]["did_list"]] == ["33140000000"]


def calls(there: Bench) -> list[tuple[str, ...]]:
    return [tuple(one.values()) for one in there.run("plan", "--json").json["test_calls"]]


def test_the_main_number_is_called_first_and_each_caller_id_shown_once(tmp_path: Path) -> None:
    live = register(1, "London", "442079460100", "442079460150", def_outbound_cid="442079460150")
    entries: Sequence[Line] = (
        ("Trunk", "Option", "Caller ID", "Extension range", "Extensions", "Extension groups"),
        ("London", "range", "442079460100-442079460101", "1001-1002", "", ""),
        ("London", "shared", "442079460150", "", "1003", ""),
        ("London", "shared", "442079460151", "", "", "Sales"),
    )
    dids: Sequence[Line] = (
        ("Trunk", "DID"),
        ("London", "442079460160-442079460169"),
        ("London", "442079460171"),
        ("London", "4420794602XX"),
    )
    trunks: Sequence[Line] = (("Name", "DIDs mode", "Default caller ID"), ("London", "add", ""))
    shows = "The phone that is called shows "
    with moving(tmp_path, None, live=[live], trunks=trunks, dids=dids, caller_ids=entries) as there:
        assert [(call, number, why, expect) for call, _, number, why, expect in calls(there)] == [
            ("From outside, call 442079460150", "442079460150", "main number", "It rings where it should"),
            ("From outside, call 442079460160", "442079460160", "first of 10 DIDs", "It rings where it should"),
            ("From outside, call 442079460169", "442079460169", "last of 10 DIDs", "It rings where it should"),
            ("From outside, call a number that 4420794602XX matches", "4420794602XX", "pattern",
             "It rings where it should"),
            ("From extension 1001, call out", "442079460100", "caller ID added", f"{shows}442079460100"),
            ("From extension 1003, call out", "442079460150", "caller ID added", f"{shows}442079460150"),
            ("From an extension of the group Sales, call out", "442079460151", "caller ID added",
             f"{shows}442079460151"),
        ]  # fmt: skip


def test_a_new_default_caller_id_is_shown_and_a_trunk_without_dids_is_called_all_the_same(tmp_path: Path) -> None:
    trunks: Sequence[Line] = (("Name", "Default caller ID", "Port"), ("London", "4420", "5070"), ("Bare", "", "5070"))
    live = [register(1, "London"), register(2, "Bare")]
    with moving(tmp_path, None, live=live, trunks=trunks, dids=()) as there:
        assert calls(there) == [
            ("From an extension without a caller ID of its own, call out", "London", "4420", "default caller ID",
             "The phone that is called shows 4420"),
            ("From outside, call any number of the trunk", "Bare", "", "one for the trunk", "It rings where it should"),
        ]  # fmt: skip
        assert there.run("plan", "--json").json["follow_up"][0]["why"] == (
            "This tool does not read outbound routes. Numbers or caller IDs change on London."
        )


def test_a_did_that_is_called_main_is_the_main_number(tmp_path: Path) -> None:
    named: Any = register(1, "London", "1", "2") | {
        "did_list": [{"did": "441"}, {"did": "442", "did_name": "Main desk"}]
    }
    trunks: Sequence[Line] = (("Name", "Port"), ("London", "5070"))
    with moving(tmp_path, None, live=[named], trunks=trunks, dids=()) as there:
        assert [(number, why) for _, _, number, why, _ in calls(there)] == [("442", "main number")]
