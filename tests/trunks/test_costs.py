"""What a workbook costs grows with its rows, whatever its trunks have in common."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import product

import numpy as np

from batch.readers.workbook import CellValue
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.trunks.census import Holdings, take_census
from batch.trunks.group_names import split_groups
from batch.trunks.grouping import group, own
from batch.trunks.live import Did
from batch.trunks.model import Owners
from batch.trunks.patterns import Matcher
from batch.trunks.port_order import compare_order
from batch.trunks.suggestions import against_live
from tests.builders import book, inventory, live, read, sheet, tabulate, workbook
from tests.growth import STEEP, for_four_times


def test_trunks_are_asked_whether_they_have_rows_without_a_walk_over_all_rows() -> None:
    def asked(trunks: int) -> Callable[[], object]:
        rows = np.arange(2, 2 + 10 * trunks)
        owners = Owners(rows=rows, trunks=rows // 10)
        return lambda: sum(trunk in owners.named for trunk in range(trunks))

    assert for_four_times(asked, 2_000) < STEEP


def test_the_trunk_of_a_row_is_found_for_all_rows_at_once_as_for_each() -> None:
    owners = Owners(rows=np.array([2, 3, 7]), trunks=np.array([5, 0, 6]))
    assert owners.of_all([7, 2, 3, 4, 1, 9]) == [6, 5, None, None, None, None]
    assert [owners.of(row) for row in (7, 2, 3, 4, 1, 9)] == [6, 5, None, None, None, None]
    assert Owners(rows=np.array([], dtype=np.int64), trunks=np.array([], dtype=np.int64)).of_all([1]) == [None]


def test_problems_are_tied_to_their_trunks_in_about_the_time_that_their_number_says() -> None:
    def tied(rows: int) -> Callable[[], object]:
        tables, _ = tabulate(book(["Name", "London"], dids=[f"London|{1000 + row}" for row in range(rows)]), Secret)
        records, _ = group(tables)
        problems = [Problem(code="required", sheet="DIDs", row=row + 2, message="", fix="") for row in range(rows)]
        return lambda: own(problems, tables, records)

    assert for_four_times(tied, 1_000) < STEEP


def test_caller_ids_put_against_patterns_take_as_long_as_their_number_says() -> None:
    def grouped(trunks: int) -> Callable[[], object]:
        names = [f"Site-{trunk}" for trunk in range(trunks)]
        places = [(name, f"{trunk}{digit}") for trunk, name in enumerate(names) for digit in range(5)]
        tables, _ = tabulate(
            book(
                ["Name", *names],
                dids=[f"{name}|{place}XX" for name, place in places],
                caller_ids=[
                    f"{name}|shared|999{trunk}{digit}" for trunk, name in enumerate(names) for digit in range(5)
                ],
            ),
            Secret,
        )
        return lambda: group(tables)

    assert for_four_times(grouped, 100) < STEEP


def test_a_number_that_all_trunks_have_is_not_gone_through_for_each_of_them() -> None:
    def compared(trunks: int) -> Callable[[], object]:
        rows: list[list[CellValue]] = [[f"Site-{i}", 442079460100.0] for i in range(trunks)]
        given = workbook(sheet("Trunks", ["Name", "Default caller ID"], *rows))
        tables, records, problems = read(given)
        there = {row: live(row, f"Site-{row}", def_outbound_cid="+442079460100") for row in range(2, 2 + trunks)}
        return lambda: against_live(tables, records, problems, there)

    assert for_four_times(compared, 200) < STEEP


def test_the_first_thousand_extension_groups_that_are_not_there_are_looked_for_and_each_once() -> None:
    there = inventory(groups={f"Sales team {i}": i for i in range(1, 9)})
    found = [there.nearest_group(f"Sales tean {i}") for i in range(1_500)]
    assert found[3] == "Sales team 3"
    assert there.nearest_group("Sales tean 3") == "Sales team 3"
    assert found[1_000:] == [None] * 500


def test_a_cell_of_all_extension_groups_is_split_in_the_time_that_their_number_says() -> None:
    def split(names: int) -> Callable[[], object]:
        known = {f"Sales {i}" for i in range(names)}
        cell = ", ".join(known)
        return lambda: split_groups(cell, known)

    assert for_four_times(split, 500, rounds=3) < STEEP


def test_patterns_that_overlap_cost_little_more_however_many_they_are() -> None:
    places = [f"[{first}-{last}]" for first in range(5) for last in range(first + 3, first + 6)][:14]
    numbers = [f"{number:03d}00" for number in range(1_000)]

    def asked(most: int) -> Callable[[], object]:
        patterns = ["".join(begin) + "XX" for begin in product(places[:most], places, places)]
        return lambda: [found.first(number) for found in [Matcher(patterns)] for number in numbers]

    assert for_four_times(asked, 3) < STEEP


def test_of_patterns_that_overlap_only_so_much_is_remembered_and_the_answers_are_the_same() -> None:
    places = [f"[{first}-{last}]" for first in range(5) for last in range(first + 3, first + 6)][:14]
    patterns = ["".join(begin) + "XX" for begin in product(places, repeat=2)]
    numbers = [f"{number:02d}00" for number in range(100)]

    def asked(matcher: Matcher) -> tuple[list[int | None], int]:
        tracemalloc.start()
        try:
            found = [matcher.first(number) for number in numbers]
            return found, tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    few, little = asked(Matcher(patterns, most_octets=20_000))
    all_of_them, much = asked(Matcher(patterns))
    assert few == all_of_them
    assert little < much / 3


def test_a_census_takes_as_long_as_the_dids_that_there_are() -> None:
    def counted(dids: int) -> Callable[[], object]:
        before = {trunk: [Did(f"0207{trunk:03}{n:04}") for n in range(dids // 10)] for trunk in range(10)}
        after = {trunk: [Did(f"+44207{(trunk + 1) % 10:03}{n:04}") for n in range(dids // 10)] for trunk in range(10)}
        names = {trunk: f"T{trunk}" for trunk in range(10)}
        return lambda: take_census(Holdings(dids=before, names=names), Holdings(dids=after, names=names), "GB")

    assert for_four_times(counted, 1_000) < STEEP


def test_patterns_in_a_census_cost_no_walk_over_all_of_them_for_each_number() -> None:
    def counted(dids: int) -> Callable[[], object]:
        before = {1: [Did(f"44207{n:06}") for n in range(dids)], 2: [Did(f"44208{n:05}XX") for n in range(dids // 4)]}
        after = {1: before[2], 2: before[1]}
        names = {1: "A", 2: "B"}
        return lambda: take_census(Holdings(dids=before, names=names), Holdings(dids=after, names=names), "GB")

    assert for_four_times(counted, 400) < STEEP


def test_a_port_order_takes_as_long_as_its_numbers() -> None:
    def compared(numbers: int) -> Callable[[], object]:
        rows = [f"T|44207946{n:04}" for n in range(numbers)]
        tables, found, _ = read(book(["Name|DIDs mode", "T|add"], dids=rows))
        order = [(f"0207946{n:04}", f"order!A{n}") for n in range(5, numbers + 5)]
        return lambda: [*compare_order(order, found.trunks, tables.dids, [], "GB")]

    assert for_four_times(compared, 1_000) < STEEP
