"""What a spreadsheet did to numbers, put against what the PBX holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest

from batch.readers.workbook import CellValue
from batch.schema.problems import Problem
from batch.trunks.live import LiveTrunk
from batch.trunks.suggestions import against_live
from tests.builders import CALLER_IDS, book, dids, live, read, shared, sheet, told, workbook

_RANGE = {"id": 3, "outbound_cid_option": "range", "outbound_cid": "+44100-+44109", "outbound_cid_to_ext_range": "1-2"}


def compared(cells: Sequence[CellValue], *trunks: LiveTrunk, field: str = "DID") -> list[Problem]:
    """Put one cell each, on rows of London and Paris in turn, against the trunks."""
    names: list[CellValue] = ["London", "Paris"]
    lines: list[list[CellValue]] = [["Trunk", field], *([names[i % 2], cell] for i, cell in enumerate(cells))]
    given = workbook(sheet("Trunks", "Name", "London", "Paris"), sheet("DIDs", *lines))
    tables, records, problems = read(given)
    return against_live(tables, records, problems, dict(enumerate(trunks, 2)))


@pytest.mark.parametrize(
    ("held", "offers"),
    [
        (["+442079460100"], ("+442079460100", "442079460100")),
        (["00442079460100"], ("00442079460100", "442079460100")),
        (["00442079460100", "+442079460100"], ("00442079460100", "+442079460100", "442079460100")),
    ],
)
def test_a_number_that_the_pbx_has_with_something_in_front_is_a_problem(
    held: list[str], offers: tuple[str, ...]
) -> None:
    (problem,) = compared([442079460100.0], live(8, "London", did_list=dids(*held)))
    assert (problem.code, problem.cell, problem.value, problem.trunk) == ("cell-number-cut", "B2", "442079460100", 2)
    assert problem.stops
    assert problem.offers == offers
    assert problem.message == (
        "The cell contains a number, not text, so it cannot keep a + or leading zeros; the number on the PBX has them."
    )
    assert problem.fix == (
        f"Format the cell as text and type {', or '.join(offers[:-1])}, which the PBX has; or 442079460100, "
        "if there is nothing in front of it."
    )


@pytest.mark.parametrize("held", [["442079460100"], ["442079460100", "+442079460100"], ["+442079460199"], []])
def test_a_number_that_the_pbx_has_as_it_is_or_not_at_all_is_only_told(held: list[str]) -> None:
    (notice,) = compared([442079460100.0], live(8, "London", did_list=dids(*held)))
    assert (notice.code, notice.stops) == ("cell-number", False)


@pytest.mark.parametrize(
    ("header", "line", "cell"),
    [
        (["Trunk", "From", "To"], ["London", 442079460100.0, 442079460109.0], "B2"),
        (["Trunk", "DID", "Count"], ["London", 442079460100.0, 10.0], "B2"),
        (["Trunk", "DID 1", "DID 2"], ["London", "+442079460101", 442079460100.0], "C2"),
        (["Trunk", "DID 1", "DID 2"], ["London", "", 442079460100.0], "C2"),
    ],
)
def test_a_number_of_a_block_or_of_many_columns_is_doubted_as_well(
    header: list[CellValue], line: list[CellValue], cell: str
) -> None:
    given = workbook(sheet("Trunks", "Name", "London"), sheet("DIDs", header, line))
    tables, records, problems = read(given)
    trunks = {2: live(8, "London", did_list=dids("+442079460100"))}
    found = [problem for problem in against_live(tables, records, problems, trunks) if problem.stops]
    assert [(problem.cell, problem.code, problem.offers) for problem in found] == [
        (cell, "cell-number-cut", ("+442079460100", "442079460100"))
    ]


def test_text_is_never_doubted() -> None:
    assert compared(["442079460100"], live(8, "London", did_list=dids("+442079460100"))) == []


def test_a_number_is_looked_for_on_other_trunks_and_among_caller_ids_too() -> None:
    paris = live(9, "Paris", did_list=dids("+442079460100"))
    (problem,) = compared([442079460100.0], live(8, "London"), paris)
    assert (problem.code, problem.offers[0]) == ("cell-number-cut", "+442079460100")
    london = live(8, "London", outbound_cid_list=[shared("+442079460100", 1)])
    (problem,) = compared([442079460100.0], london)
    assert (problem.code, problem.offers[0]) == ("cell-number-cut", "+442079460100")


def test_what_the_own_trunk_says_goes_before_what_another_says() -> None:
    paris = live(9, "Paris", did_list=dids("+442079460100"))
    (notice,) = compared([442079460100.0], live(8, "London", did_list=dids("442079460100")), paris)
    assert notice.code == "cell-number"


def test_rows_of_trunks_that_were_not_read_are_left_alone() -> None:
    problems = compared([100.0, 200.0], live(8, "London", did_list=dids("0100", "0200")))
    assert sorted(told(problems)) == ["DIDs!B2 cell-number-cut", "DIDs!B3 cell-number"]


def test_extensions_and_default_caller_ids_are_compared_as_well() -> None:
    given = workbook(
        sheet("Trunks", ["Name", "Default caller ID"], ["London", 442079460100.0]),
        sheet("Caller IDs", CALLER_IDS, ["London", "shared", "+442079460100", "", "", 21.0]),
    )
    tables, records, problems = read(given)
    entry = shared("+442079460100") | {"ext_list": [{"type": "extension", "id": 1, "ext_number": "021"}]}
    trunk = live(8, "London", outbound_cid_list=[entry], def_outbound_cid="+442079460100")
    problems = against_live(tables, records, problems, {2: trunk})
    assert [(p.sheet, p.cell, p.offers) for p in problems if p.stops] == [
        ("Trunks", "B2", ("+442079460100", "442079460100")),
        ("Caller IDs", "F2", ("021", "21")),
    ]


@pytest.mark.parametrize(
    ("cell", "held", "offers"),
    [
        ("+44 (0)20 7946 0100", "02079460100", ("02079460100", "+442079460100")),
        ("+44 (0)20 7946 0100", "442079460100", ("442079460100", "+442079460100", "02079460100")),
        ("+44 20 7946 0100", "00442079460100", ("00442079460100", "+442079460100")),
        ("+442079460100 ext. 12", "442079460100", ("442079460100", "+442079460100")),
    ],
)
def test_of_what_may_have_been_meant_the_pbx_s_number_comes_first(
    cell: str, held: str, offers: tuple[str, ...]
) -> None:
    (problem,) = compared([cell], live(8, "London", did_list=dids(held)))
    assert problem.offers == offers
    assert problem.fix.startswith(f"Type {offers[0]}, which the PBX has. Otherwise: Type ")


def test_of_what_a_date_may_have_been_the_pbx_s_extension_range_comes_first() -> None:
    given = workbook(
        sheet("Trunks", "Name", "London"),
        sheet("Caller IDs", CALLER_IDS, ["London", "range", "+44100-+44101", "", dt.date(2026, 2, 1)]),
    )
    tables, records, problems = read(given)
    for held in ("1-2", "2-1"):  # the other way round no cell takes it
        trunk = live(8, "London", outbound_cid_list=[_RANGE | {"outbound_cid_to_ext_range": held}])
        problem = next(p for p in against_live(tables, records, problems, {2: trunk}) if p.code == "cell-date")
        assert problem.offers == ("1-2",)
        assert problem.fix == (
            "Format the cell as text and type 1-2, which the PBX has. Otherwise: Format the cell as text and type 1-2."
            if held == "1-2"
            else "Format the cell as text and type 1-2."
        )


def test_a_problem_with_nothing_on_the_pbx_stays_as_it_is() -> None:
    given = book(["Name", "London"], dids=["London|+44 (0)20 7946 0100"])
    tables, records, problems = read(given)
    assert against_live(tables, records, problems, {2: live(8, "London", did_list=dids("100"))}) == problems
