from __future__ import annotations

from batch.readers.workbook import Block
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.rows import Tables
from tests.builders import Line, sheet, tabulate, told, workbook


def block(first_row: int, last_row: int, first_column: int, last_column: int) -> Block:
    return Block(first_row=first_row, last_row=last_row, first_column=first_column, last_column=last_column)


def dids(*lines: Line, merged: Block) -> tuple[Tables, list[Problem]]:
    given = workbook(sheet("Trunks", "Name", "London"), sheet("DIDs", "Trunk|DID|DID name", *lines, merged=(merged,)))
    return tabulate(given, Secret)


def test_a_trunk_merged_over_rows_counts_for_each_of_them_and_is_told() -> None:
    found, problems = dids("London|100|", "|101|", merged=block(2, 3, 0, 0))
    assert found.dids.texts("trunk") == ["London", "London"]
    assert [(p.code, p.cell, p.message) for p in problems] == [
        ("cells-merged", "A3", "Merged cells of Trunk apply to all their rows: row 3 too.")
    ]


def test_rows_that_hold_nothing_but_a_merged_trunk_are_no_rows() -> None:
    found, problems = dids("London|100|", "||", merged=block(2, 3, 0, 0))
    assert (list(found.dids.rows()), problems) == ([2], [])


def test_any_other_merged_value_is_a_problem_at_each_cell_without_one_of_its_own() -> None:
    found, problems = dids("London|100|Desk", "London|101|", merged=block(2, 3, 2, 2))
    (problem,) = problems
    assert (problem.code, problem.cell, problem.offers) == ("cell-merged", "C3", ("Desk",))
    assert problem.message == "C3 is merged with C2, so it has no value of its own."
    assert problem.fix == "Unmerge the cells and fill in each one, like Desk here."
    assert found.dids.faulty["did_name"] == {3}


def test_cells_merged_across_offer_nothing_as_the_columns_differ() -> None:
    _, (problem,) = dids("London|100|", merged=block(2, 2, 1, 2))
    assert (problem.cell, problem.offers) == ("C2", ())


def test_a_merged_block_without_a_value_is_blank() -> None:
    assert dids("London|100|", "London|101|", merged=block(2, 3, 2, 2))[1] == []


def test_a_merged_password_is_never_shown() -> None:
    given = workbook(sheet("Trunks", "Name|Password", "London|Sample-1", "Paris|", merged=(block(2, 3, 1, 1),)))
    problems = tabulate(given, Secret)[1]
    assert told(problems) == ["Trunks!B3 cell-merged"]
    assert "Sample-1" not in repr(problems)
