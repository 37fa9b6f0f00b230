"""What holds for every workbook, number and list."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.schema.column_model import TrunkType
from batch.schema.columns import CALLER_IDS, CODECS, DIDS, NAME_FORBIDS
from batch.trunks.diff import ChangeKind, Desired, compare, compare_lists
from batch.trunks.group_names import split_groups
from batch.trunks.live import CallerId, Did, Extension, LiveTrunk, entry_json, parse_trunk
from batch.trunks.live_checks import refusals
from batch.trunks.numbers import (
    NumberRange,
    parse_caller_id,
    parse_caller_id_range,
    parse_did,
    parse_extension_range,
    parse_extensions,
)
from batch.trunks.patterns import Matcher
from tests.builders import book, inventory, judged, live, read, sheet, workbook

did_lists = st.lists(
    st.builds(Did, st.text("0123", min_size=1, max_size=2), st.sampled_from(["", "a", "b"])), max_size=8
)
unique_dids = st.lists(
    st.builds(Did, st.text("0123456789", min_size=1, max_size=3), st.sampled_from(["", "a"])),
    max_size=10,
    unique_by=lambda entry: entry.number,
)
caller_ids = st.builds(
    lambda option, number, name, ids: CallerId(
        option,
        number,
        name,
        "" if option == "shared" else "1001-1001",
        frozenset(Extension("extension", i) for i in ids) if option == "shared" else frozenset(),
        tuple(Extension("extension", i) for i in ids) if option == "shared" else (),
    ),
    st.sampled_from(["shared", "range"]),
    st.text("12", min_size=1, max_size=2),
    st.sampled_from(["", "a"]),
    st.lists(st.integers(1, 3), min_size=1, unique=True),
)


def trunk_of(dids: list[Did], callers: list[CallerId], **fields: Any) -> LiveTrunk:
    lists = {"did_list": [entry_json(d) for d in dids], "outbound_cid_list": [entry_json(c) for c in callers]}
    return parse_trunk({"id": 1, "name": "L", "type": "register"} | fields | lists)


@given(did_lists, st.lists(caller_ids, max_size=5), st.text(max_size=5), st.integers(0, 65535))
def test_a_trunk_does_not_differ_from_itself(
    dids: list[Did], callers: list[CallerId], hostname: str, port: int
) -> None:
    trunk = trunk_of(dids, callers, hostname=hostname, port=port)
    same = Desired(
        fields={"hostname": trunk.value("hostname"), "port": port},
        lists={DIDS: trunk.dids.entries, CALLER_IDS: trunk.caller_ids.entries},
    )
    assert not compare(trunk, same)


@given(did_lists, did_lists, st.lists(caller_ids, max_size=5), st.lists(caller_ids, max_size=5))
def test_once_the_desired_lists_are_written_nothing_differs(
    old: list[Did], new: list[Did], callers: list[CallerId], wanted: list[CallerId]
) -> None:
    desired = Desired(lists={DIDS: tuple(new), CALLER_IDS: tuple(wanted)})
    before = compare(trunk_of(old, callers), desired)
    assert not compare(trunk_of(new, wanted), desired)
    assert (DIDS in before.lists) is (old != new)
    assert (CALLER_IDS in before.lists) is (callers != wanted)


@given(did_lists, did_lists)
def test_a_difference_accounts_for_every_entry(old: list[Did], new: list[Did]) -> None:
    found = compare_lists(old, new)
    assert len(found.of(ChangeKind.REMOVED)) + found.stays == len(old)
    assert len(found.of(ChangeKind.ADDED)) + found.stays == len(new)


@given(st.permutations(list(range(7))))
def test_taking_the_moved_entries_out_leaves_the_others_in_order(order: list[int]) -> None:
    old = [Did(str(i)) for i in range(7)]
    moved = {change.new for change in compare_lists(old, [Did(str(i)) for i in order]).of(ChangeKind.MOVED)}
    resting = [i for i in order if Did(str(i)) not in moved]
    assert resting == sorted(resting)


numbers = st.integers(7, 15).flatmap(
    lambda width: st.tuples(
        st.sampled_from(["", "+"]), st.just(width), st.integers(0, 10**width - 500), st.integers(0, 499)
    )
)


@given(numbers)
def test_a_range_that_is_printed_is_read_as_the_same(made: tuple[str, int, int, int]) -> None:
    plus, width, first, more = made
    span = NumberRange(f"{plus}{first:0{width}d}", f"{plus}{first + more:0{width}d}")
    assert parse_did(str(span)) == span
    assert parse_did(f"{span.first}..{span.last}") == span
    assert parse_caller_id_range(str(span)) == span
    assert (len(span.numbers()), span.numbers()[0], span.numbers()[-1]) == (span.size, span.first, span.last)
    assert {len(number) for number in span.numbers()} == {len(span.first)}


@given(st.integers(1, 7), st.data())
def test_an_extension_range_that_is_printed_is_read_as_the_same(width: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, 10**width - 1))
    last = data.draw(st.integers(first, 10**width - 1))
    span = NumberRange(f"{first:0{width}d}", f"{last:0{width}d}")
    assert parse_extension_range(str(span)) == span


@given(
    st.text(string.printable + "\N{EN DASH}\N{HORIZONTAL ELLIPSIS}é", max_size=40), st.text("0123456789+", max_size=12)
)
def test_no_text_is_too_odd_to_be_understood_or_refused(text: str, number: str) -> None:
    for parse in (parse_did, parse_caller_id, parse_caller_id_range, parse_extension_range, parse_extensions):
        assert parse(text) is not None
    assert Matcher([text]).first(number) in {0, None}
    assert len(split_groups(text)) <= len(text)


@given(unique_dids)
def test_the_order_of_a_list_survives_from_the_sheet_to_the_body(entries: list[Did]) -> None:
    given_book = book(
        ["Name|DIDs mode", "London|replace"], dids=[f"London|{e.number}|{e.name or '<clear>'}" for e in entries]
    )
    trunk = live(did_list=[{"did": "x"}])
    change, _, problems = judged(given_book, trunk)
    assert problems == []
    if entries:
        assert change.body()["did_list"] == [entry_json(entry) for entry in entries]


names = st.text(st.characters(exclude_characters=NAME_FORBIDS, exclude_categories=["C", "Z"]), min_size=1, max_size=63)
texts = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/,;<"), max_size=20)
rows = st.fixed_dictionaries(
    {
        "Trunk ID": st.just("1"),
        "Name": names,
        "Enabled": st.sampled_from(["", "yes", "0", "maybe"]),
        "Transport": st.sampled_from(["", "udp", "DNSNAPTR", "sctp"]),
        "Hostname": texts,
        "Port": st.sampled_from(["", "0", "65535", "65536"]),
        "Domain": st.sampled_from(["", "<clear>", "d.example"]),
        "Username": texts,
        "Password": st.sampled_from(["", "Sample-1"]),
        "Outbound proxy": st.sampled_from(["", "on"]),
        "Codecs": st.lists(st.sampled_from([*CODECS, "pcmu"]), max_size=3).map("; ".join),
        "Default caller ID": st.sampled_from(["", "<clear>", "+44", "4 4"]),
    }
)
entries = st.lists(st.sampled_from(["100", "+44[1-9]X", "442079460100-109", "1-2", "", "100 "]), max_size=3)
callers = st.lists(
    st.sampled_from(
        [
            ["1", "shared", "100", "é" * 63, "", "1001, #9", "Sales"],
            ["1", "shared", "{{.Ext}}", "", "", "1002"],
            ["1", "range", "+4420100-+4420109", "", "1001-1010"],
            ["1", "range", "4420100-4420109", "", "1001-1009"],
            ["1", "shared", "1" * 31, "", "", "1001-1003"],
        ]
    ),
    max_size=3,
)


@pytest.mark.parametrize("kind", list(TrunkType))
@given(row=rows, listed=entries, called=callers)
def test_what_check_and_plan_accept_passes_the_model_of_its_type(
    kind: TrunkType, row: dict[str, str], listed: list[str], called: list[list[str]]
) -> None:
    present = {name: cell for name, cell in row.items() if cell}
    given_book = book([list(present), list(present.values())], dids=[["1", did] for did in listed], caller_ids=called)
    _, _, problems = read(given_book)
    trunk = live(1, "Old", kind)
    change, _, more = judged(given_book, trunk, inventory(trunk))
    if not any(p.stops for p in problems + more) and change.difference:
        assert refusals(kind, change.body()) == []


cells = st.sampled_from(["", "London", "Paris", "1", "x", "<clear>", "100", "shared", "range", "1-2", 5.0, 1.5, True])


@given(
    st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5),
    st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5),
    st.lists(st.lists(cells, min_size=4, max_size=4), max_size=5),
)
def test_every_row_has_at_most_one_trunk_and_every_problem_a_cell_that_exists(
    trunks: list[list[str]], dids: list[list[str]], calls: list[list[str]]
) -> None:
    given_book = workbook(
        sheet("Trunks", ["Trunk ID", "Name", "Port"], *trunks),
        sheet("DIDs", ["Trunk", "DID", "DID name"], *dids, first_row=4, first_column=2),
        sheet("Caller IDs", ["Trunk", "Option", "Caller ID", "Extensions"], *calls),
    )
    tables, found, problems = read(given_book)
    assert [record.row for record in found.trunks] == list(tables.trunks.rows())
    for table in tables:
        for row in table.rows():
            assert found.owners[table.sheet.title].of(row) in {None, *tables.trunks.rows()}
    raw = {s.name: s for s in given_book.sheets}
    for problem in problems:
        where = raw[problem.sheet]
        assert where.first_row <= problem.row < where.first_row + where.height
        assert (
            where.first_column <= problem.column < where.first_column + len(where.columns)
            or problem.code == "sheet-empty"
        )
        assert problem.message
        assert problem.fix
    assert len({(p.sheet, p.cell, p.code, p.message) for p in problems}) == len(problems)
