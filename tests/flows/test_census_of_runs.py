"""The number census in plan and results, and the carrier's list beside the workbook, from the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from batch.practice.state import PbxState
from tests.flows.shell import LOSING_NUMBERS, Bench, Json, Line, bench, endings, lines_of, register, rows_of

TRUNKS: Sequence[Line] = (("Name", "DIDs mode"), ("London", "replace"), ("Paris", "add"))
DIDS: Sequence[Line] = (
    ("Trunk", "DID", "DID name"),
    ("London", "+442079460100", "Desk"),
    ("London", "442079460101", ""),
    ("Paris", "442079460102", ""),
    ("Paris", "442079460103", ""),
)
LIVE = (
    register(1, "London", "02079460100", "442079460101", "442079460102", "442079460104"),
    register(2, "Paris", "33140000000"),
    register(3, "Rome", "442079460103"),
    {"id": 4, "name": "Fax", "type": "account", "username": "fax"},
)


def codes(hazards: Sequence[Json]) -> list[tuple[str, str, str]]:
    return [(one["code"], one["trunk"], one["message"]) for one in hazards if one["code"] not in {"routes", "removals"}]


def test_a_plan_says_what_becomes_of_each_number_of_all_trunks_and_what_is_wrong_with_that(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE) as there:
        ran = there.run("plan", "--json", "--region", "gb", "-o", tmp_path / "plan.xlsx")
        said = there.run("plan").out
    assert ran.code == 4
    assert codes(ran.json["hazards"]) == [
        ("did-orphaned", "London", "London: 442079460104 (Trunks!B2) would be on no trunk any more."),
        ("did-doubled", "Paris", "Paris: 442079460103 (DIDs!B5) would be on Paris and Rome at once."),
        (
            "size",
            "",
            "The plan takes away or moves 2 of the PBX's 6 DIDs (33 %, more than 20 %). Is it the right file?",
        ),
    ]
    census = ran.json["census"]
    assert {name: census[name] for name in ("before", "after", "kept", "renamed", "moved", "added", "removed")} == {
        "before": 6, "after": 6, "kept": 3, "renamed": 1, "moved": 1, "added": 1, "removed": 1,
    }  # fmt: skip
    assert (census["region"], census["region_guessed"], census["not_read"]) == ("GB", False, [])
    assert "Census: 6 DIDs before, 6 after: 3 kept, 1 renamed, 1 moved, 1 added, 1 removed." in said
    assert re.search(r"^Left to people: \d+ on the sheet Follow-up, \d+ on the sheet Test calls\.$", said, re.MULTILINE)
    says, _, *lines = lines_of(tmp_path / "plan.xlsx", "Census")
    assert str(says[0]).endswith("Region of national numbers: GB.")
    assert [tuple(cell or "" for cell in line) for line in lines] == [
        ("442079460104", "+442079460104", "London", "on no trunk", "removed", "Trunks!B2; on no trunk"),
        ("442079460103", "+442079460103", "on no trunk", "Paris", "added", "DIDs!B5; on Paris and Rome"),
        ("+442079460100", "+442079460100", "London: 02079460100", "London (Desk)", "renamed",
         "DIDs!B2; the same number in another notation"),
        ("442079460102", "+442079460102", "London", "Paris", "moved", "DIDs!B4"),
    ]  # fmt: skip
    assert rows_of(tmp_path / "plan.xlsx", "Census by prefix", 2)[1]["Prefix"] == "+44207946"


def test_after_the_run_it_is_held_against_the_pbx_and_what_somebody_did_meanwhile_stands_first(tmp_path: Path) -> None:
    def edit(state: PbxState) -> None:
        state.trunks[3]["did_list"] = [{"did": "442079460105", "did_name": ""}]

    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, on_change=edit) as there:
        ran = there.apply(*LOSING_NUMBERS, "--allow", "did-doubled", "--allow", "routes")
        again = there.run("plan", "--json", *LOSING_NUMBERS, workbook=there.results)
    assert ran.code == 0
    assert ran.json["census"]["differences"] == 2
    summary = [cell for line in lines_of(there.results, "Summary") for cell in line if isinstance(cell, str)]
    first = next(place for place, text in enumerate(summary) if text.startswith("Census: "))
    assert summary[first : first + 2] == [
        "Census: 442079460103: Rome planned, on no trunk found.",
        "Census: 442079460105: on no trunk planned, Rome found.",
    ]
    found = {(row["Number"], row["What"]): row["Found"] for row in rows_of(there.results, "Census", 2)}
    assert found == {
        ("+442079460100", "renamed"): "London (Desk)",
        ("442079460104", "removed"): "on no trunk",
        ("442079460102", "moved"): "Paris",
        ("442079460103", "added"): "Paris",
        ("442079460103", "not planned"): "on no trunk",
        ("442079460105", "not planned"): "Rome",
    }
    assert again.json["census"] is None  # nothing changes any more, and its own sheets are not read


def test_a_run_that_is_gone_on_with_has_the_census_of_its_plan(tmp_path: Path) -> None:
    silence = {"call": "trunk/update", "match": {"id": 2}, "do": "drop_before"}
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[silence]) as there:
        first = there.apply(*LOSING_NUMBERS, "--allow", "did-doubled", "--allow", "routes", "--attempts", "1")
        assert endings(first.json) == ["applied", "failed"]
        assert first.json["census"]["differences"] == 2
        ran = there.resume("--yes")
    assert ran.code == 0, ran.said
    assert ran.json["census"] == {**ran.json["census"], "before": 6, "after": 6, "moved": 1, "differences": 0}
    assert {row["What"] for row in rows_of(there.results, "Census", 2)} == {"renamed", "removed", "moved", "added"}


@pytest.mark.parametrize("kept", ["", "[]", '{"before": [[1, "London", [["x"]]]], "not_read": []}', '{"not_read": []}'])
def test_a_run_whose_census_is_damaged_is_gone_on_with_all_the_same(tmp_path: Path, kept: str) -> None:
    silence = {"call": "trunk/update", "match": {"id": 2}, "do": "drop_before"}
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[silence]) as there:
        there.apply(*LOSING_NUMBERS, "--allow", "did-doubled", "--allow", "routes", "--attempts", "1")
        for name in ("census.json", "listed.json"):
            (there.runs[-1] / name).write_text(kept, encoding="utf-8")
        ran = there.resume("--yes")
    assert (ran.code, ran.json["census"]) == (0, None)


def test_results_that_are_written_anew_have_their_sheets_again(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE) as there:
        there.apply(*LOSING_NUMBERS, "--allow", "did-doubled", "--allow", "routes")
        before = lines_of(there.results, "Census")
        there.results.unlink()
        assert there.resume().code == 0
    assert lines_of(there.results, "Census") == before


def test_a_trunk_that_cannot_be_read_is_named_and_not_counted(tmp_path: Path) -> None:
    no = {"do": "errcode", "errcode": 10009, "times": "always"}
    faults = [{"call": "trunk/query", **no}, {"call": "trunk/get", "match": {"id": 3}, **no}]
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=faults) as there:
        ran = there.run("plan", "--json")
    assert (ran.json["census"]["before"], ran.json["census"]["not_read"]) == (5, ["Rome"])


def test_a_plan_that_writes_more_trunks_than_usual_asks_whether_it_is_the_right_file(tmp_path: Path) -> None:
    live = tuple(register(n, f"T{n}") for n in range(1, 4))
    trunks = (("Name", "Port"), *((f"T{n}", "5070") for n in range(1, 4)))
    with bench(tmp_path, trunks=trunks, live=live) as there:
        assert there.run("plan", "--size-trunks", "3").code == 0
        ran = there.run("plan", "--json", "--size-trunks", "2")
        assert there.apply("--size-trunks", "2", "--allow", "size").code == 0
    assert codes(ran.json["hazards"]) == [("size", "", "The plan writes 3 trunks (more than 2). Is it the right file?")]


def order(there: Bench, path: Path) -> list[tuple[str, ...]]:
    ran = there.run("plan", "--json", "--port-order", path, "--region", "GB")
    keys = ("number", "what", "order", "workbook", "on_pbx")
    return [tuple(one[key] for key in keys) for one in ran.json["port_order"]]


def write(path: Path, lines: Sequence[Sequence[Any]]) -> Path:
    if path.suffix == ".xlsx":
        book = Workbook()
        sheet = book.create_sheet("order", 0)
        for line in lines:
            sheet.append(list(line))
        book.save(path)
    else:
        path.write_text("\n".join(";".join(map(str, line)) for line in lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bench]:
    """Paris gets four numbers and has one of them already; Rome has one that the carrier ports as well."""
    dids: Sequence[Line] = (("Trunk", "DID"), ("Paris", "442079460200-442079460203"))
    live = (register(2, "Paris", "442079460201"), register(3, "Rome", "02079460204"))
    with bench(tmp_path, trunks=(("Name", "DIDs mode"), ("Paris", "add")), dids=dids, live=live) as served:
        yield served


@pytest.mark.parametrize("name", ["order.xlsx", "order.csv", "order.txt"])
@pytest.mark.parametrize("header", ["Telephone number", "Rufnummer", "号码"])
def test_the_carriers_list_is_put_against_workbook_and_pbx_in_any_notation(
    there: Bench, name: str, header: str
) -> None:
    numbers = ["020 7946 0200", "+44 (0)20 7946 0201", "0044 20 7946 0202", "442079460204", "+442079460200"]
    path = write(there.workbook.with_name(name), [[header, "Site"], *([number, "Mayfair"] for number in numbers)])
    assert order(there, path) == [
        ("+442079460201", "already on the PBX", "order!A3", "DIDs!B2", "Paris"),
        ("442079460204", "in the order, not in the workbook", "order!A5", "", "Rome"),
        ("+442079460200", "twice in the order", "order!A2, order!A6", "DIDs!B2", ""),
        ("442079460203", "in the workbook, not in the order", "", "DIDs!B2", ""),
    ]
    ran = there.run("plan", "--json", "--port-order", path, "--region", "GB", "-o", path.with_name("plan.xlsx"))
    assert "--port-order" in ran.json["command"]
    assert ran.code == 4
    assert [one["message"] for one in ran.json["hazards"] if one["code"] == "port-order"] == [
        "Port order: 1 number in the order, not in the workbook: 442079460204 (order!A5).",
        "Port order: 1 number twice in the order: +442079460200 (order!A2, order!A6).",
        "Port order: 1 number in the workbook, not in the order: 442079460203 (DIDs!B2).",
    ]
    says, header_line, *lines = lines_of(path.with_name("plan.xlsx"), "Port order")
    assert says[0] == f"{name} has 5 numbers. 4 lines to look at."
    assert header_line == ("Number", "E.164", "What", "Order", "Workbook", "On PBX")
    assert len(lines) == 4
    assert there.apply("--port-order", path, "--region", "GB").code == 4
    assert there.apply("--port-order", path, "--region", "GB", "--allow", "port-order").code == 0
    assert len(lines_of(there.results, "Port order")) == 6


@pytest.mark.parametrize(
    "lines",
    [
        [["From", "To"], ["442079460200", "442079460203"]],
        [["DID"], ["442079460200-203"]],
        [["DID"], ["02079460200..02079460203"]],
        [["DID"], ["020 7946 0200 - 020 7946 0203"]],
        [["Rufnummer"], ["+44 20 7946 0200 bis +44 20 7946 0203"]],
        [["DID"], ["(020) 7946-0200 to (020) 7946-0203"]],
        [["442079460200"], ["442079460201"], ["442079460202"], ["442079460203"]],
        [["Porting request 4711"], ["Nummer"], [2079460200], [2079460201], [2079460202], [2079460203]],
        [["Ref", "Line"], ["A1", "02079460200"], ["A2", "02079460201"], ["A3", "02079460202"], ["A4", "02079460203"]],
    ],
)
def test_ranges_national_numbers_and_lists_without_a_header_are_read(there: Bench, lines: list[list[Any]]) -> None:
    found = order(there, write(there.workbook.with_name("order.xlsx"), lines))
    assert [one[1] for one in found] == ["already on the PBX"]
    assert there.run("plan", "--port-order", there.workbook.with_name("order.xlsx"), "--region", "GB").code == 0


def test_a_pattern_in_the_workbook_takes_the_numbers_of_the_order(tmp_path: Path) -> None:
    dids: Sequence[Line] = (("Trunk", "DID"), ("Paris", "44207946020X"), ("Paris", "44207946030X"))
    with bench(tmp_path, trunks=(("Name",), ("Paris",)), dids=dids, live=(register(2, "Paris"),)) as there:
        found = order(
            there, write(tmp_path / "order.csv", [["DID"], ["02079460200"], ["02079460209"], ["02079460210"]])
        )
    assert found == [
        ("02079460210", "in the order, not in the workbook", "order!A4", "", ""),
        ("44207946030X", "in the workbook, not in the order", "", "DIDs!B3", ""),
    ]


def test_a_cell_of_the_order_that_is_no_number_is_named(there: Bench) -> None:
    lines = [["DID"], ["02079460200-02079460203"], ["to be confirmed"], ["4,42E+11"]]
    found = order(there, write(there.workbook.with_name("order.xlsx"), lines))
    assert [one[:3] for one in found if one[1] == "cannot be read as a number"] == [
        ("", "cannot be read as a number", "order!A3"),
        ("", "cannot be read as a number", "order!A4"),
    ]


def test_a_list_without_numbers_or_that_is_not_there_is_refused(there: Bench) -> None:
    path = write(there.workbook.with_name("order.csv"), [["Remark"], ["none"]])
    ran = there.run("plan", "--json", "--port-order", path)
    assert (ran.code, ran.json["error"]["message"]) == (
        2, f"--port-order {path} has no column of numbers that can be told.",
    )  # fmt: skip
    assert there.run("plan", "--json", "--port-order", path.with_name("gone.csv")).code == 3
