"""What holds for every export, whatever a person makes of it and whatever becomes of the PBX meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.readers.workbook import Workbook
from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change
from batch.trunks.live import Did, Entry, LiveTrunk, entry_json
from batch.trunks.live_checks import Hazard
from tests.builders import book, judged, live

often = settings(suppress_health_check=[HealthCheck.filter_too_much])

NAMES = ["", "a", "b"]
entries = st.builds(Did, st.sampled_from("123456"), st.sampled_from(NAMES))
lists = st.lists(entries, max_size=6, unique_by=lambda entry: entry.number)
rows = st.lists(
    st.tuples(st.sampled_from("123456"), st.sampled_from(["", "a", "b", "<clear>"])),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row[0],
)
hosts = st.sampled_from(["h1", "h2", "h3"])
modes = st.sampled_from(["", "replace", "add"])


def trunk(dids: Sequence[Did], host: str) -> LiveTrunk:
    return live(8, "London", hostname=host, did_list=[entry_json(did) for did in dids])


def exported(dids: Sequence[Did], host: str, mode: str = "replace") -> Workbook:
    return typed([(entry.number, entry.name) for entry in dids], host, mode)


def typed(dids: Sequence[tuple[str, str]], host: str, mode: str = "replace") -> Workbook:
    return book(
        ["Trunk ID|Hostname|DIDs mode", f"8|{host}|{mode}"], dids=[f"8|{number}|{name}" for number, name in dids]
    )


def planned(given_book: Workbook, now: LiveTrunk, base: LiveTrunk | None) -> tuple[Change, list[Hazard]]:
    change, hazards, problems = judged(given_book, now, None, base)
    assert [problem for problem in problems if problem.stops] == []
    return change, hazards


def after(change: Change) -> tuple[Entry, ...]:
    return change.desired.lists.get(DIDS, change.live.dids.entries)


def written(change: Change) -> LiveTrunk:
    whole: dict[str, Any] = {**change.live.whole, **change.body()}
    return live(8, **{name: value for name, value in whole.items() if name not in {"id", "type"}})


@often
@given(lists, lists, hosts, hosts, modes)
def test_an_export_that_nobody_touched_writes_nothing_whatever_became_of_the_pbx(
    then: list[Did], now: list[Did], host: str, other: str, mode: str
) -> None:
    change, hazards = planned(exported(then, host, mode), trunk(now, other), trunk(then, host))
    assert (change.kind, hazards) == ("keep", [])
    assert (DIDS in change.left_alone.lists) is (then != now)
    assert bool(change.left_alone.fields) is (host != other)


@often
@given(lists, rows, hosts, hosts, modes)
def test_on_a_pbx_that_did_not_change_an_export_is_as_any_other_workbook(
    then: list[Did], yours: list[tuple[str, str]], host: str, mine: str, mode: str
) -> None:
    base = trunk(then, host)
    with_base, hazards = planned(typed(yours, mine, mode), base, base)
    without, dangers = planned(typed(yours, mine, mode), base, None)
    assert with_base.difference == without.difference
    assert with_base.body() == without.body()
    assert hazards == dangers
    assert not with_base.left_alone


@often
@given(lists, lists, rows, hosts, hosts, hosts, modes)
def test_once_it_is_written_there_is_nothing_left_to_do(
    then: list[Did], now: list[Did], yours: list[tuple[str, str]], host: str, other: str, mine: str, mode: str
) -> None:
    change, _ = planned(typed(yours, mine, mode), trunk(now, other), trunk(then, host))
    again, hazards = planned(typed(yours, mine, mode), written(change), trunk(then, host))
    assert (again.kind, hazards) == ("keep", [])


@often
@given(lists, lists, rows, modes)
def test_what_came_up_on_the_pbx_is_lost_to_nobody(
    then: list[Did], now: list[Did], yours: list[tuple[str, str]], mode: str
) -> None:
    change, _ = planned(typed(yours, "h", mode), trunk(now, "h"), trunk(then, "h"))
    appeared = {entry.number for entry in now} - {entry.number for entry in then}
    assert appeared <= {entry.number for entry in after(change)}


@often
@given(lists, lists, rows, hosts, hosts, hosts, modes)
def test_every_cell_that_the_person_changed_holds_what_was_typed(
    then: list[Did], now: list[Did], yours: list[tuple[str, str]], host: str, other: str, mine: str, mode: str
) -> None:
    change, _ = planned(typed(yours, mine, mode), trunk(now, other), trunk(then, host))
    if mine != host:
        assert written(change).value("hostname") == mine
    was = {entry.number: entry.name for entry in then}
    became = {entry.number: entry.name for entry in after(change)}
    for number, cell in yours:
        name = "" if cell == "<clear>" else cell
        if (cell and name != was.get(number)) or number not in was:
            assert number in became
        if cell and name != was.get(number):
            assert became[number] == name
    if mode != "add":
        deleted = set(was) - {number for number, _ in yours}
        assert not deleted & set(became)


@often
@given(lists, lists, rows, hosts, hosts, hosts, modes)
def test_without_a_conflict_nothing_that_the_pbx_changed_is_undone(
    then: list[Did], now: list[Did], yours: list[tuple[str, str]], host: str, other: str, mine: str, mode: str
) -> None:
    change, hazards = planned(typed(yours, mine, mode), trunk(now, other), trunk(then, host))
    if any(hazard.code == "conflicts" for hazard in hazards):
        return
    if host != other:
        assert written(change).value("hostname") == other
    was = {entry.number: entry.name for entry in then}
    current = {entry.number: entry.name for entry in now}
    became = {entry.number: entry.name for entry in after(change)}
    for number, name in current.items():
        if name != was.get(number):
            assert became[number] == name
    assert not (set(was) - set(current)) & set(became)


@often
@given(st.data(), lists, hosts, hosts)
def test_edits_of_different_entries_all_survive(data: st.DataObject, then: list[Did], host: str, other: str) -> None:
    theirs = data.draw(st.sets(st.sampled_from([e.number for e in then])) if then else st.just(set()))
    now = [replace(e, name=e.name + "x") if e.number in theirs else e for e in then]
    mine = [(e.number, e.name + "y" if e.number not in theirs else e.name) for e in then]
    change, hazards = planned(
        typed([*mine, ("7", "new")], host), trunk([*now, Did("8", "up")], other), trunk(then, host)
    )
    assert hazards == []
    assert [(e.number, e.name) for e in after(change) if e.number not in {"7", "8"}] == [
        (e.number, e.name + ("x" if e.number in theirs else "y")) for e in then
    ]
    assert {("7", "new"), ("8", "up")} <= {(e.number, e.name) for e in after(change)}
    assert "hostname" not in change.difference.fields
