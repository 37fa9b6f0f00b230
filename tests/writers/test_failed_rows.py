"""Some rows of a sheet alone: the header where it was, the rows in their order, every cell named as it stands now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batch.tables.row_results import AnsweredSheet, RowResult, Tone
from batch.writers.run_results import row_subset, with_cells_placed
from tests.builders import sheet

REFUSED = RowResult(result="refused", tone=Tone.BAD, errmsg="PARAMETER ERROR: see DIDs!B9")
INVALID = RowResult(result="invalid", tone=Tone.BAD, what_to_do="B9: 1 is already on this trunk, in B5. Use G722.")
DIDS = AnsweredSheet(
    raw=sheet("DIDs", "A title|", "Trunk|DID", "|", "London|5", "Paris|6", "|", "London|8", "Paris|9", first_row=2),
    header_row=3,
    results={5: REFUSED, 6: REFUSED, 8: REFUSED, 9: INVALID},
    replaced={1: {9: "<hidden>"}},
)


def test_title_and_header_stay_where_they_were_and_rows_follow_in_order() -> None:
    alone = row_subset(DIDS, [9, 5], {})
    assert alone.sheet.raw.first_row == 2
    assert alone.sheet.header_row == 3
    assert [list(column) for column in alone.sheet.columns()] == [
        ["A title", "Trunk", "London", "Paris"],
        ["", "DID", "5", "<hidden>"],
    ]
    assert {row: result.result for row, result in alone.sheet.results.items()} == {4: "refused", 5: "invalid"}


def test_texts_stand_in_for_what_is_there_but_not_for_what_is_hidden() -> None:
    alone = row_subset(DIDS, [5, 9], {1: {5: "005", 9: "009", 6: "006"}})
    assert alone.sheet.columns()[1] == ["", "DID", "005", "<hidden>"]


def test_cells_are_named_as_they_stand_now() -> None:
    alone = row_subset(DIDS, [5, 9], {})
    assert (alone.place("B5"), alone.place("AA9"), alone.place("B3")) == ("B4", "AA5", "B3")
    (placed,) = with_cells_placed({"DIDs": alone})
    assert placed.results[4].errmsg == "PARAMETER ERROR: see DIDs!B5"
    assert placed.results[5].what_to_do == "B5: 1 is already on this trunk, in B4. Use G722."


def test_every_cell_that_a_row_names_is_named_as_it_stands_now() -> None:
    both = RowResult(result="invalid", tone=Tone.BAD, what_to_do="B9: Not a port. Type 5060. C9: No host. Type one.")
    (placed,) = with_cells_placed({"DIDs": row_subset(replace(DIDS, results={9: both}), [9], {})})
    assert placed.results[4].what_to_do == "B4: Not a port. Type 5060. C4: No host. Type one."


def test_a_row_is_named_as_it_stands_now() -> None:
    same = RowResult(
        result="invalid", tone=Tone.BAD, what_to_do="B9: The same trunk on the PBX as row 5: London, id 5."
    )
    (placed,) = with_cells_placed({"DIDs": row_subset(replace(DIDS, results={9: same}), [5, 9], {})})
    assert placed.results[5].what_to_do == "B5: The same trunk on the PBX as row 4: London, id 5."


def test_a_cell_of_another_sheet_is_looked_up_there() -> None:
    other = AnsweredSheet(raw=sheet("My trunks", "Name", "London"), header_row=1, results={2: REFUSED})
    (_, placed) = with_cells_placed({"DIDs": row_subset(DIDS, [9], {}), "My trunks": row_subset(other, [2], {})})
    assert placed.results[2].errmsg == "PARAMETER ERROR: see DIDs!B4"


def test_a_sheet_without_a_header_has_no_rows_to_take() -> None:
    with pytest.raises(ValueError, match="Notes has no header"):
        row_subset(AnsweredSheet(raw=sheet("Notes", "x")), [1], {})
