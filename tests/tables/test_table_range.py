from __future__ import annotations

import pytest

from batch.readers.workbook import Block
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.rows import Tables
from tests.builders import Line, sheet, tabulate, told, workbook


def dids(*lines: Line, **where: object) -> tuple[Tables, list[Problem]]:
    return tabulate(workbook(sheet("Trunks", "Name", "London"), sheet("DIDs", *lines, **where)), Secret)


@pytest.mark.parametrize("above", [["DID list of London"], ["", "DID list", ""], ["Made by|Ann", "On|Monday", "", ""]])
def test_a_header_below_titles_and_blank_rows_is_found_and_told(above: list[str]) -> None:
    found, problems = dids(*above, "Trunk|DID", "London|100")
    row = len(above) + 1
    assert (found.dids.header_row, found.dids.texts("did")) == (row, ["100"])
    assert told(problems) == [f"DIDs!A{row} header-found"]
    assert problems[0].message == f"The header is in row {row}; the rows above it are not read."


def test_blank_rows_alone_above_it_are_not_worth_a_word() -> None:
    found, problems = dids("", "", "Trunk|DID", "London|100")
    assert (found.dids.header_row, problems) == (3, [])


def test_a_header_that_stands_again_is_left_out() -> None:
    found, problems = dids("Trunk|DID", "London|100", "Trunk|DID", "London|101", "TRUNK|DID", "London|102")
    assert (list(found.dids.rows()), found.dids.texts("did")) == ([2, 4, 6], ["100", "101", "102"])
    assert [p.message for p in problems] == ["The header is repeated in rows 3, 5, which are ignored."]


def test_a_row_that_only_holds_one_word_of_the_header_is_a_row() -> None:
    found, _ = dids("Trunk|DID", "London|100", "London|DID")
    assert list(found.dids.rows()) == [2, 3]


def test_another_header_below_begins_a_second_table_which_is_a_problem() -> None:
    found, problems = dids("Trunk|DID", "London|100", "", "DID|DID name|Trunk", "101|x|London")
    assert found.dids.texts("did") == ["100"]
    (problem,) = problems
    assert (problem.code, problem.cell, problem.stops) == ("header-again", "A4", True)
    assert problem.message == "Row 4 is a header that differs from the one in row 1: a second table begins here."


def test_a_second_table_beside_the_first_is_a_problem_once() -> None:
    _, problems = dids("Trunk|DID||Trunk|DID", "London|100||London|101")
    assert told(problems) == ["DIDs!D1 header-again"]


def test_a_column_with_values_and_no_header_is_the_users_own_and_told() -> None:
    found, problems = dids("Trunk||DID", "London|x|100")
    assert found.dids.texts("did") == ["100"]
    assert told(problems) == ["DIDs!B1 own-column"]


def test_headers_merged_over_two_rows_count() -> None:
    blocks = (Block(first_row=1, last_row=2, first_column=0, last_column=0),)
    found, _ = dids("Trunk|Numbers", "|DID", "London|100", merged=blocks)
    assert (found.dids.header_row, found.dids.texts("trunk"), found.dids.texts("did")) == (2, ["London"], ["100"])
