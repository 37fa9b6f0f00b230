"""A telephone number has at most 15 digits, unless the operator says that a carrier sends more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from batch.commands.check import check
from batch.errors import UsageError
from batch.settings import Settings
from tests.builders import CALLER_IDS, book, sheet, told, workbook
from tests.builders import check as checked
from tests.flows.shell import bench, register

SIXTEEN = "4420794601001234"


def folder(at: Path, dids: Sequence[str]) -> Path:
    (at / "trunks.csv").write_text("Name,DIDs mode\nLondon,replace\nParis,replace\n")
    (at / "dids.csv").write_text("\n".join(["Trunk,DID", *dids]) + "\n")
    return at


@pytest.mark.parametrize("text", [SIXTEEN, f"+{SIXTEEN}", "1" * 31, f"{SIXTEEN}-1239", f"{SIXTEEN}..1239"])
def test_a_number_of_more_than_15_digits_is_a_problem(text: str) -> None:
    (problem,) = (p for p in checked(book(["Name|DIDs mode", "L|replace"], dids=[f"L|{text}"])) if p.stops)
    assert (problem.code, problem.cell, problem.value, problem.trunk) == ("long-number", "B2", text, 2)
    assert "a telephone number has at most 15." in problem.message
    assert "--allow long-numbers" in problem.fix


def test_caller_ids_are_numbers_too() -> None:
    given = workbook(
        sheet("Trunks", "Name|Default caller ID", f"L|{SIXTEEN}"),
        sheet("Caller IDs", CALLER_IDS, f"L|shared|{SIXTEEN}|||1001|", f"L|range|{SIXTEEN}-{SIXTEEN[:-1]}5||1-2||"),
    )
    found = [line for line in told(checked(given)) if "long-number" in line]
    assert sorted(found) == [
        "Caller IDs!C2 long-number",
        "Caller IDs!C3 long-number",
        "Trunks!B2 long-number",
    ]


@pytest.mark.parametrize(
    "text", ["123456789012345", "+123456789012345", "12345678901234567XX", "[0-9]23456789012345678"]
)
def test_fifteen_digits_and_patterns_are_none_of_it(text: str) -> None:
    assert "DIDs!B2 long-number" not in told(checked(book(["Name|DIDs mode", "L|replace"], dids=[f"L|{text}"])))


def test_a_placeholder_is_no_plain_number() -> None:
    given = book(["Name", "L"], caller_ids=["L|shared|123456789012345678{{.Ext}}|||1001|"])
    assert "Caller IDs!C2 long-number" not in told(checked(given))


@pytest.mark.parametrize(
    ("allow", "stopping"), [((), 2), (("long-numbers",), 0), (("long-numbers=London",), 1), (("removals",), 2)]
)
def test_the_operator_allows_it_for_all_or_for_one(tmp_path: Path, allow: tuple[str, ...], stopping: int) -> None:
    at = folder(tmp_path, [f"London,{SIXTEEN}", f"Paris,{SIXTEEN}1"])
    found = [p for p in check(Settings(workbook=at, allow=allow)).problems if p.code == "long-number"]
    assert (len(found), sum(p.stops for p in found)) == (2, stopping)


def test_plan_and_apply_take_the_flag_and_send_the_number(tmp_path: Path) -> None:
    dids = (("Trunk", "DID"), ("London", SIXTEEN))
    with bench(tmp_path, trunks=(("Name",), ("London",)), dids=dids, live=[register(1, "London")]) as there:
        assert there.run("plan", "--json").code == 3
        assert there.run("plan", "--json", "--allow", "long-numbers").code == 0
        ran = there.run("apply", "--yes", "--allow", "long-numbers=London")
        assert ran.code == 0, ran.said
        (body,) = there.writes()
        assert [did["did"] for did in body["did_list"]] == [SIXTEEN]


def test_there_is_no_such_hazard_as_a_misspelt_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no hazard 'long-number'"):
        Settings(workbook=tmp_path, allow=("long-number",))


def test_what_was_tidied_up_is_not_told_of_a_cell_at_fault(tmp_path: Path) -> None:
    at = folder(tmp_path, ["London,442079460100\u00a02079460101", "Paris, 442079460102"])
    found = check(Settings(workbook=at)).problems
    assert [(p.cell, p.code) for p in found if p.sheet == "DIDs" and p.header == "DID"] == [
        ("B2", "many-numbers"),
        ("B3", "cell-repaired"),
    ]
