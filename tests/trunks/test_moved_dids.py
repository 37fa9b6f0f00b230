"""Moves: what the column Move from means, and what stands against it in the workbook alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from batch.readers.workbook import Block, RawSheet, Workbook
from batch.schema.column_model import Mode
from batch.tables.single_lists import NO_OPTIONS, ListOptions
from batch.trunks.model import Move
from tests.builders import check, read, records, sheet, told, workbook

HEADER = "Trunk|DID|DID name|Move from"


def moving(trunks: Sequence[str], *dids: str, header: str = HEADER) -> Workbook:
    return workbook(sheet("Trunks", *trunks), sheet("DIDs", header, *dids))


def moves(given: Workbook, options: ListOptions = NO_OPTIONS) -> list[tuple[str, str, str]]:
    """Return each move as number, giving trunk and receiving trunk."""
    _, found, problems = read(given, options)
    assert [problem for problem in problems if problem.stops] == []
    names = {record.row: record.label for record in found.trunks}
    return [(move.number, names[move.giver], names[move.receiver]) for move in found.moves]


def problem(*given: str, trunks: Sequence[str]) -> tuple[str, str, str]:
    """Return the one problem of a workbook: where, its message, and what to do."""
    (found,) = [problem for problem in check(moving(trunks, *given)) if problem.stops]
    return f"{found.sheet}!{found.cell} {found.code}", found.message, found.fix


class TestWhoGives:
    TRUNKS = ("Trunk ID|Name", "12|London-1", "|Leeds-1")

    @pytest.mark.parametrize(("text", "giver"), [("Leeds-1", "Leeds-1"), ("12", "London-1"), ("London-1", "London-1")])
    def test_a_trunk_of_the_sheet_is_named_as_in_the_column_trunk(self, text: str, giver: str) -> None:
        receiver = "Leeds-1" if giver != "Leeds-1" else "London-1"
        given = moving(self.TRUNKS, f"{receiver}|442079460100||{text}")
        assert moves(given) == [("442079460100", giver, receiver)]

    def test_a_trunk_that_is_not_on_the_sheet_is_a_record_beyond_it_at_the_cell_that_names_it_first(self) -> None:
        given = moving(self.TRUNKS, "Leeds-1|442079460100||Paris-1", "Leeds-1|442079460101||7", "12|44207||Paris-1")
        tables, found, _ = read(given)
        paris, seven = found.trunks[2:]
        assert [(r.id, r.name, r.gives_only, r.entries, dict(r.fields)) for r in (paris, seven)] == [
            (None, "Paris-1", True, 0, {}),
            (7, "", True, 0, {}),
        ]
        assert [tables.trunks.origin(record.row)[1] for record in (paris, seven)] == [2, 3]
        assert [tables.trunks.cell(record.found_by, record.row) for record in (paris, seven)] == ["D2", "D3"]
        assert tables.trunks.problem("trunk-gone", paris.row, "name", "Gone.", "Look.").sheet == "DIDs"
        assert found.sizes() == {2: 1 + 1, 3: 1 + 2}

    def test_a_trunk_of_the_sheet_is_still_at_its_own_cell(self) -> None:
        tables, found, _ = read(moving(self.TRUNKS, "Leeds-1|442079460100||Paris-1"))
        assert [tables.trunks.cell(record.found_by, record.row) for record in found.trunks] == ["A2", "B3", "D2"]

    def test_a_text_that_fits_two_rows_is_a_problem(self) -> None:
        where, message, fix = problem("Leeds-1|44207946||12", trunks=["Trunk ID|Name", "12|London", "|12", "|Leeds-1"])
        assert where == "DIDs!D2 trunk-ambiguous"
        assert message == "'12' matches more than one trunk on the Trunks sheet: row 2 and row 3."
        assert fix == "Type the Trunk ID or Name that only one of them has."

    def test_a_blank_cell_moves_nothing(self) -> None:
        assert moves(moving(self.TRUNKS, "Leeds-1|442079460100||")) == []

    def test_clear_is_no_trunk(self) -> None:
        where, message, _ = problem("Leeds-1|442079460100||<clear>", trunks=self.TRUNKS)
        assert (where, message) == ("DIDs!D2 clear-not-allowed", "Move from cannot be emptied.")

    def test_merged_cells_count_for_all_their_rows(self) -> None:
        lines = [HEADER, "London-1|442079460100||Paris-1", "London-1|442079460101||"]
        merged = Block(first_row=2, last_row=3, first_column=3, last_column=3)
        given = workbook(sheet("Trunks", *self.TRUNKS), sheet("DIDs", *lines, merged=(merged,)))
        assert moves(given) == [(n, "Paris-1", "London-1") for n in ("442079460100", "442079460101")]


class TestWhatMoves:
    TRUNKS = ("Name|DIDs mode", "London-1|")

    def test_each_number_of_a_range_moves(self) -> None:
        given = moving(self.TRUNKS, "London-1|442079460100-102||Leeds-1")
        assert read(given)[1].moves == tuple(Move(2, f"44207946010{i}", 5, 2) for i in range(3))

    def test_a_pattern_moves_whole(self) -> None:
        assert moves(moving(self.TRUNKS, "London-1|44207946XXXX||Leeds-1")) == [("44207946XXXX", "Leeds-1", "London-1")]

    def test_chains_and_swaps_are_moves_like_others(self) -> None:
        given = moving(
            ["Name", "A1", "B1", "C1"],
            *("B1|442079460100||A1", "C1|442079460200||B1", "B1|442079460300||C1", "A1|442079460400||B1"),
        )
        assert [(giver, receiver) for _, giver, receiver in moves(given)] == [
            ("A1", "B1"),
            ("B1", "C1"),
            ("C1", "B1"),
            ("B1", "A1"),
        ]

    def test_the_same_number_may_move_from_two_trunks_to_two_others(self) -> None:
        given = moving(["Name", "A2", "B2"], "A2|442079460100||A1", "B2|442079460100||B1")
        assert [(giver, receiver) for _, giver, receiver in moves(given)] == [("A1", "A2"), ("B1", "B2")]

    def test_a_row_of_an_unknown_trunk_moves_nothing(self) -> None:
        _, found, problems = read(moving(self.TRUNKS, "Lundon-1|442079460100||Leeds-1"))
        assert found.moves == ()
        assert told([p for p in problems if p.stops]) == ["DIDs!A2 trunk-unknown"]


class TestMode:
    @pytest.mark.parametrize(
        ("mode", "rows", "wanted"),
        [
            ("", ["London-1|442079460100||Leeds-1", "London-1|442079460101||7"], Mode.ADD),
            ("", ["London-1|442079460100||Leeds-1", "London-1|442079460101||"], Mode.REPLACE),
            ("add", ["London-1|442079460100||Leeds-1", "London-1|442079460101||"], Mode.ADD),
            ("replace", ["London-1|442079460100||Leeds-1"], Mode.REPLACE),
        ],
    )
    def test_rows_that_all_move_are_added_where_no_mode_is_typed(
        self, mode: str, rows: list[str], wanted: Mode
    ) -> None:
        (record, *_) = records(moving(["Name|DIDs mode", f"London-1|{mode}"], *rows))
        assert record.dids is not None
        assert record.dids.mode is wanted

    def test_another_trunk_of_the_sheet_keeps_its_meaning(self) -> None:
        given = moving(["Name", "London-1", "Leeds-1"], "London-1|442079460100||Leeds-1", "Leeds-1|442079460101||")
        modes = [record.dids and record.dids.mode for record in records(given)]
        assert modes == [Mode.ADD, Mode.REPLACE, None], "the last stands for the cell that names Leeds-1"


class TestContradictions:
    def test_a_trunk_cannot_move_a_did_from_itself(self) -> None:
        assert problem("London-1|442079460100||12", trunks=["Trunk ID|Name", "12|London-1"]) == (
            "DIDs!D2 move-contradicts",
            "London-1 is the trunk that gets the DID, so it cannot be the one that gives it up.",
            "Type the trunk that gives it up; or clear the cell, if the DID stays where it is.",
        )

    def test_a_trunk_that_removes_gets_nothing(self) -> None:
        assert problem("London-1|442079460100||Leeds-1", trunks=["Name|DIDs mode", "London-1|remove"]) == (
            "DIDs!D2 move-contradicts",
            "The DIDs mode of London-1 is remove (Trunks!B2), so it gets no DID.",
            "Clear the cell, if the DID is to be removed; or let Trunks!B2 say add.",
        )

    def test_a_trunk_that_is_left_out_gives_nothing_up(self) -> None:
        trunks = ["Name|Action", "London-1|", "Leeds-1|skip"]
        assert problem("London-1|442079460100||Leeds-1", trunks=trunks) == (
            "DIDs!D2 move-contradicts",
            "Leeds-1 is left out (skip in Trunks!B3), so it gives no DID up.",
            "Clear Trunks!B3, or take this row out.",
        )

    def test_an_account_trunk_has_no_dids_to_give(self) -> None:
        trunks = ["Name|Type", "London-1|", "Leeds-1|account"]
        assert problem("London-1|442079460100||Leeds-1", trunks=trunks) == (
            "DIDs!D2 field-not-of-type",
            "Leeds-1 is an account trunk, and such trunks have no DIDs.",
            "Type the trunk that has the DID, or clear the cell.",
        )

    @pytest.mark.parametrize("mode", ["", "add", "replace"])
    def test_the_giving_trunks_own_row_must_not_keep_the_did(self, mode: str) -> None:
        trunks = ["Name|DIDs mode", "London-1|", f"Leeds-1|{mode}"]
        rows = ("London-1|442079460100||Leeds-1", "Leeds-1|442079460099-101||")
        assert problem(*rows, trunks=trunks) == (
            "DIDs!D2 move-contradicts",
            "442079460100 is to leave Leeds-1, but DIDs!B3 keeps it there.",
            "Delete the row of DIDs!B3, or clear this cell.",
        )

    def test_the_giving_trunks_own_row_may_remove_it_as_well(self) -> None:
        trunks = ["Name|DIDs mode", "London-1|", "Leeds-1|remove"]
        assert moves(moving(trunks, "London-1|442079460100||Leeds-1", "Leeds-1|442079460100||")) == [
            ("442079460100", "Leeds-1", "London-1")
        ]

    def test_a_did_moves_to_one_trunk_and_both_rows_are_at_fault(self) -> None:
        given = moving(["Name", "A1", "B1"], "A1|442079460100||C1", "B1|442079460100||C1")
        (found,) = [problem for problem in check(given) if problem.stops]
        assert (found.cell, found.code, found.trunk, found.partner) == ("D3", "move-twice", 3, 2)
        assert found.message == "DIDs!D2 takes 442079460100 from C1 as well."

    def test_a_did_does_not_pass_through_a_trunk(self) -> None:
        given = moving(["Name", "A1", "B1"], "A1|442079460100||C1", "B1|442079460100||A1")
        (found,) = [problem for problem in check(given) if problem.stops]
        assert (found.cell, found.code) == ("D3", "move-twice")
        assert found.message == "DIDs!D2 brings 442079460100 to A1 in the same run."

    def test_clear_as_the_did_moves_nothing(self) -> None:
        where, message, fix = problem("London-1|<clear>||Leeds-1", trunks=["Name|DIDs mode", "London-1|replace"])
        assert where == "DIDs!D2 move-contradicts"
        assert (message, fix) == ("<clear> empties the list of this trunk, and no DID moves by it.", "Clear the cell.")

    def test_a_range_at_fault_is_one_problem(self) -> None:
        where, message, _ = problem("London-1|442079460100-199||London-1", trunks=["Name", "London-1"])
        assert where == "DIDs!D2 move-contradicts"
        assert "London-1 is the trunk that gets the DID" in message


class TestOtherFiles:
    def test_a_list_alone_moves_between_the_trunks_that_it_names(self) -> None:
        alone = sheet("dids.csv", "Trunk|Number|Move from", "London-1|442079460100|Leeds-1", "Leeds-1|44207946|12")
        given = workbook(alone)
        assert moves(given) == [("442079460100", "Leeds-1", "London-1"), ("44207946", "trunk 12", "Leeds-1")]
        tables, found, _ = read(given)
        assert [tables.trunks.cell(record.found_by, record.row) for record in found.trunks] == ["A2", "A3", "C2", "C3"]

    def test_dids_of_a_trunk_given_for_all_rows_move_to_it(self) -> None:
        alone = sheet("Numbers", "DID|Move from", "442079460100|Leeds-1")
        assert moves(workbook(alone), ListOptions(trunk="London-1")) == [("442079460100", "Leeds-1", "London-1")]

    def test_a_mode_given_for_all_trunks_contradicts_as_the_flag_that_it_is(self) -> None:
        alone = sheet("Numbers", "Trunk|DID|Move from", "London-1|442079460100|Leeds-1")
        _, _, problems = read(workbook(alone), ListOptions(mode="remove"))
        assert [problem.message for problem in problems] == [
            "The DIDs mode of London-1 is remove (--mode), so it gets no DID."
        ]

    def test_another_systems_list_moves_where_the_column_is_put_beside_it(self) -> None:
        alone = sheet("Numbers", "PhoneNumber|FriendlyName|Sid|Move from", "+442079460100|Desk|PN1|Leeds-1")
        assert moves(workbook(alone), ListOptions(trunk="London-1")) == [("+442079460100", "Leeds-1", "London-1")]

    @pytest.mark.parametrize("header", ["Move from", "move_from", "MOVE-FROM *", "Verschieben von", "Mover desde"])
    def test_the_header_is_known_in_any_spelling(self, header: str) -> None:
        given = moving(["Name", "A1"], "A1|442079460100||B1", header=f"Trunk|DID|DID name|{header}")
        assert moves(given) == [("442079460100", "B1", "A1")]

    @pytest.mark.parametrize("title", ["Trunks", "Caller IDs"])
    def test_on_another_sheet_the_column_is_a_problem(self, title: str) -> None:
        lines = {"Trunks": ["Name", "A1"], "Caller IDs": ["Trunk|Option|Caller ID|Extensions", "A1|shared|1|1001"]}
        lines[title] = [f"{line}|{more}" for line, more in zip(lines[title], ("Move from", "B1"), strict=True)]
        sheets: list[RawSheet] = [sheet(name, *of) for name, of in lines.items()]
        (found,) = [problem for problem in check(workbook(*sheets)) if problem.stops]
        assert (found.sheet, found.code) == (title, "header-reserved")
        assert found.message == "The column 'Move from' belongs on the sheet DIDs."
        assert (
            found.fix
            == "Put the DIDs that move on the sheet DIDs, with this column; or put # in front of its header here."
        )
