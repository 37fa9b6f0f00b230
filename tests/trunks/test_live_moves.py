"""Moves against the PBX: what both trunks are to hold, what stands against it, and whom a fault leaves out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pytest

from batch.readers.workbook import Workbook
from batch.schema.columns import DIDS
from batch.schema.file_metadata import FileMetadata
from batch.schema.problems import Problem
from batch.trunks.change_plan import Change, resolve, stopped_by
from batch.trunks.diff import entry_text
from batch.trunks.grouping import own
from batch.trunks.live import LiveTrunk
from batch.trunks.live_moves import Against, AllChanges, only_giving
from tests import growth
from tests.builders import dids, inventory, live, read, sheet, workbook

HEADER = "Trunk|DID|DID name|Move from"
LEEDS = live(1, "Leeds-1", did_list=dids("100100100=Front", "100100101", "100100102=Back"))
LONDON = live(2, "London-1", did_list=dids("200200200"))
PARIS = live(3, "Paris-1", did_list=dids("300300300", "30040XXXX"))
NOTHING: Mapping[int, LiveTrunk] = {}
THEN = {1: LEEDS, 2: LONDON}


@dataclass
class Plan:
    """What a workbook comes to on a PBX."""

    all: AllChanges

    @property
    def changes(self) -> Mapping[str, Change]:
        """Those of trunks that nothing stands against, by name."""
        stopped = stopped_by(self.all.problems)
        return {change.live.name: change for change in self.all.changes if change.record.row not in stopped}

    @property
    def lists(self) -> dict[str, list[str]]:
        """The DIDs that trunks are to hold, where that is another list."""
        written = {name: change.written.lists for name, change in self.changes.items() if change.difference}
        return {name: list(map(entry_text, lists[DIDS])) for name, lists in written.items()}

    @property
    def moves(self) -> list[str]:
        names = {change.record.row: change.live.name for change in self.all.changes}
        return [f"{entry_text(m.entry)}: {names[m.giver]} > {names[m.receiver]}" for m in self.all.moves]

    @property
    def told(self) -> list[str]:
        return [f"{p.sheet}!{p.cell} {p.code}" for p in self.all.problems]

    @property
    def problem(self) -> tuple[str, str, str]:
        (only,) = self.all.problems
        return f"{only.sheet}!{only.cell} {only.code}", only.message, only.fix

    @property
    def hazards(self) -> list[str]:
        return [f"{hazard.trunk} {hazard.code}" for hazard in self.all.hazards]


def moving(trunks: Sequence[str], *rows: str) -> Workbook:
    return workbook(sheet("Trunks", *trunks), sheet("DIDs", HEADER, *rows))


def plan(
    given: Workbook,
    *trunks: LiveTrunk,
    only: Collection[str] = (),
    exported: Mapping[int, LiveTrunk] = NOTHING,
    before: Mapping[int, LiveTrunk] = NOTHING,
) -> Plan:
    """Put a workbook against the trunks of a PBX, as the command does."""
    trunks = trunks or (LEEDS, LONDON, PARIS)
    tables, records, problems = read(given)
    rows = {r.row for r in records.trunks if not (r.gives_only or r.skip) and (not only or r.label in only)}
    everyone = [*(r for r in records.trunks if r.row in rows), *only_giving(records, rows)]
    ids, found = resolve(tables, everyone, inventory(*trunks))
    by_id = {trunk.id: trunk for trunk in trunks}
    against = Against(
        tables=tables,
        records=records,
        metadata=FileMetadata(),
        inventory=inventory(*trunks),
        ids=ids,
        live={row: by_id[number] for row, number in ids.items()},
        exported=exported,
        before=before,
        stopping=[problem for problem in problems if problem.stops],
        same_pbx=False,
    )

    def as_told(more: list[Problem]) -> list[Problem]:
        return own([*found, *more], tables, records)

    return Plan(against.put_all(everyone, as_told))


class TestBothLists:
    def test_a_trunk_without_a_row_gives_the_did_up_and_the_other_keeps_its_own(self) -> None:
        found = plan(moving(["Name", "London-1"], "London-1|100100100||Leeds-1"))
        assert found.lists == {
            "London-1": ["200200200", "100100100 (Front)"],
            "Leeds-1": ["100100101", "100100102 (Back)"],
        }
        assert found.moves == ["100100100 (Front): Leeds-1 > London-1"]
        assert (found.told, found.hazards) == ([], [])

    def test_by_id_it_is_the_same(self) -> None:
        found = plan(moving(["Name", "London-1"], "London-1|100100100||1"))
        assert found.moves == ["100100100 (Front): Leeds-1 > London-1"]

    def test_two_texts_for_one_trunk_are_one_trunk(self) -> None:
        found = plan(moving(["Name", "London-1"], "London-1|100100100||1", "London-1|100100102||Leeds-1"))
        assert found.lists["Leeds-1"] == ["100100101"]
        assert len(found.moves) == 2

    def test_the_name_goes_along_unless_the_row_gives_one(self) -> None:
        rows = ["London-1|100100100|Desk|Leeds-1", "London-1|100100101|New|Leeds-1", "London-1|100100102|<clear>|1"]
        assert plan(moving(["Name", "London-1"], *rows)).lists == {
            "London-1": ["200200200", "100100100 (Desk)", "100100101 (New)", "100100102"],
            "Leeds-1": [],
        }

    def test_a_trunk_with_rows_of_its_own_loses_what_moves_besides(self) -> None:
        trunks = ["Name|DIDs mode", "London-1|", "Leeds-1|add"]
        found = plan(moving(trunks, "London-1|100100100||Leeds-1", "Leeds-1|100100103||"))
        assert found.lists["Leeds-1"] == ["100100101", "100100102 (Back)", "100100103"]

    def test_losing_a_moved_entry_is_no_hazard_but_losing_another_is(self) -> None:
        trunks = ["Name", "London-1", "Leeds-1"]
        rows = ["London-1|100100100||Leeds-1", "Leeds-1|100100101||"]
        assert plan(moving(trunks, *rows, "Leeds-1|100100102||")).hazards == []
        found = plan(moving(trunks, *rows))
        assert found.hazards == ["Leeds-1 removals"]
        assert "would lose 1 DID " in found.all.hazards[0].message
        assert "beginning with 100100102" in found.all.hazards[0].message

    def test_the_receivers_whole_list_may_be_written_too(self) -> None:
        found = plan(moving(["Name|DIDs mode", "London-1|replace"], "London-1|100100100||Leeds-1"))
        assert found.lists["London-1"] == ["100100100 (Front)"]

    def test_what_a_rewrite_of_the_giving_list_would_lose_is_a_hazard(self) -> None:
        odd = live(1, "Leeds-1", did_list=[{"did": "100100100", "did_name": "", "ring": 1}, {"did": "100100101"}])
        found = plan(moving(["Name", "London-1"], "London-1|100100101||Leeds-1"), odd, LONDON)
        assert found.hazards == ["Leeds-1 unknown-keys"]

    def test_a_range_moves_whole(self) -> None:
        found = plan(moving(["Name", "London-1"], "London-1|100100100-102||Leeds-1"))
        assert found.lists["Leeds-1"] == []
        assert len(found.moves) == 3

    def test_a_pattern_moves_whole_however_it_is_spelled(self) -> None:
        found = plan(moving(["Name", "London-1"], "London-1|30040xxxx||Paris-1"))
        assert found.lists == {"London-1": ["200200200", "30040xxxx"], "Paris-1": ["300300300"]}

    def test_a_chain_is_planned_as_one(self) -> None:
        trunks = ["Name", "London-1", "Paris-1"]
        found = plan(moving(trunks, "London-1|100100100||Leeds-1", "Paris-1|200200200||London-1"))
        assert found.lists == {
            "London-1": ["100100100 (Front)"],
            "Paris-1": ["300300300", "30040XXXX", "200200200"],
            "Leeds-1": ["100100101", "100100102 (Back)"],
        }

    def test_a_swap_is_planned_as_one(self) -> None:
        trunks = ["Name", "London-1", "Leeds-1"]
        found = plan(moving(trunks, "London-1|100100100||Leeds-1", "Leeds-1|200200200||London-1"))
        assert found.lists == {
            "London-1": ["100100100 (Front)"],
            "Leeds-1": ["100100101", "100100102 (Back)", "200200200"],
        }
        assert found.moves == ["100100100 (Front): Leeds-1 > London-1", "200200200: London-1 > Leeds-1"]

    def test_a_renamed_trunk_is_known_by_its_old_name_and_has_one_change(self) -> None:
        trunks = ["Trunk ID|Name", "|London-1", "1|Leeds-new"]
        found = plan(moving(trunks, "London-1|100100100||Leeds-1"))
        assert sorted(found.changes) == ["Leeds-1", "London-1"]
        assert found.changes["Leeds-1"].desired.fields == {"name": "Leeds-new"}
        assert found.lists["Leeds-1"] == ["100100101", "100100102 (Back)"]

    def test_the_change_says_where_each_did_comes_from_and_goes_to(self) -> None:
        found = plan(moving(["Name", "London-1"], "London-1|100100100||Leeds-1", "London-1|100100101||Leeds-1"))
        ways = {name: [one.way for one in change.difference.entries] for name, change in found.changes.items()}
        assert ways == {"London-1": [" from Leeds-1"] * 2, "Leeds-1": [" to London-1"] * 2}


class TestAlreadyThere:
    def test_what_has_moved_already_is_told(self) -> None:
        there = live(2, "London-1", did_list=dids("200200200", "900900900"))
        found = plan(moving(["Name", "London-1"], "London-1|900900900||Leeds-1"), LEEDS, there)
        assert (found.lists, found.moves) == ({}, [])
        assert found.problem == (
            "DIDs!D2 move-done",
            "900900900 is on London-1 already, and not on Leeds-1: there is nothing to move.",
            "Nothing to do.",
        )

    def test_what_is_on_both_leaves_the_giving_trunk(self) -> None:
        there = live(2, "London-1", did_list=dids("100100100=Here"))
        found = plan(moving(["Name", "London-1"], "London-1|100100100||Leeds-1"), LEEDS, there)
        assert found.lists == {"Leeds-1": ["100100101", "100100102 (Back)"]}
        assert found.moves == ["100100100 (Here): Leeds-1 > London-1"]

    def test_what_a_run_took_off_one_trunk_and_did_not_add_yet_goes_on(self) -> None:
        given = moving(["Name", "London-1"], "London-1|100100100||Leeds-1")
        after = live(1, "Leeds-1", did_list=dids("100100101", "100100102=Back"))
        found = plan(given, after, LONDON, before={1: LEEDS, 2: LONDON})
        assert found.lists == {"London-1": ["200200200", "100100100 (Front)"]}
        assert found.moves == ["100100100 (Front): Leeds-1 > London-1"]
        assert sorted(found.changes) == ["Leeds-1", "London-1"]
        assert plan(given, after, LONDON).told == ["DIDs!B2 move-not-there"]


class TestNotThere:
    def test_on_neither_trunk_is_a_problem(self) -> None:
        assert plan(moving(["Name", "London-1"], "London-1|100100109||Leeds-1")).problem == (
            "DIDs!B2 move-not-there",
            "100100109 is neither on Leeds-1 nor on London-1.",
            "Correct the DID, or its Move from; clear Move from for a number that is new on London-1.",
        )

    def test_a_range_of_which_some_are_not_there_is_one_problem(self) -> None:
        where, message, _ = plan(moving(["Name", "London-1"], "London-1|100100101-106||Leeds-1")).problem
        assert where == "DIDs!B2 move-not-there"
        assert message == "100100103 (and 3 more of this cell) is neither on Leeds-1 nor on London-1."

    def test_another_notation_is_offered(self) -> None:
        assert plan(moving(["Name", "London-1"], "London-1|+100100100||Leeds-1")).problem[1:] == (
            "+100100100 is not on Leeds-1, which has 100100100.",
            "Type 100100100.",
        )

    @pytest.mark.parametrize("number", ["300401234", "3004012XX"])
    def test_one_number_out_of_a_pattern_names_the_pattern(self, number: str) -> None:
        assert plan(moving(["Name", "London-1"], f"London-1|{number}||Paris-1")).problem == (
            "DIDs!B2 move-in-pattern",
            f"Paris-1 has no entry {number}: its pattern 30040XXXX covers it.",
            "Type 30040XXXX to move the pattern whole; or write its numbers out on Paris-1 first.",
        )

    def test_an_entry_that_is_there_twice_is_not_clear(self) -> None:
        twice = live(1, "Leeds-1", did_list=dids("100100100", "100100100=Front"))
        found = plan(moving(["Name", "London-1"], "London-1|100100100||Leeds-1"), twice, LONDON)
        assert found.told == ["DIDs!B2 key-ambiguous"]

    def test_a_trunk_that_the_pbx_does_not_have_is_named_at_the_cell(self) -> None:
        found = plan(moving(["Name", "London-1"], "London-1|100100100||Leds-1", "London-1|100100101||Leds-1"))
        assert found.problem == (
            "DIDs!D2 trunk-gone",
            "The PBX has no trunk named Leds-1; did you mean Leeds-1? 2 rows name it.",
            "Type Leeds-1, or its Trunk ID 1.",
        )
        found = plan(moving(["Name", "London-1"], "London-1|100100100||77"))
        assert found.problem[2] == "Correct it; this tool does not create trunks."

    def test_a_number_may_be_the_name_of_a_trunk(self) -> None:
        odd = live(9, "77", did_list=dids("100100100"))
        assert plan(moving(["Name", "London-1"], "London-1|100100100||77"), odd, LONDON).moves == [
            "100100100: 77 > London-1"
        ]

    @pytest.mark.parametrize(
        ("giver", "code", "message"),
        [
            (
                live(1, "Leeds-1", "account"),
                "field-not-of-type",
                "Leeds-1 is an account trunk, and such trunks have no",
            ),
            (live(1, "Leeds-1", "FXO"), "trunk-not-editable", "Leeds-1 is a FXO, which the API cannot edit."),
            (live(1, "Leeds-1", shared=1), "trunk-shared", "Leeds-1 is a shared trunk; only its caller IDs can be"),
            (live(1, "Leeds-1", did_list="?"), "live-entry-incomplete", "The DIDs of Leeds-1 cannot be read (did_list"),
        ],
        ids=["account", "type", "shared", "unread"],
    )
    def test_a_trunk_that_can_give_nothing_up_is_told_once_at_the_cell(
        self, giver: LiveTrunk, code: str, message: str
    ) -> None:
        given = moving(["Name", "London-1"], "London-1|100100100||Leeds-1", "London-1|100100101||Leeds-1")
        where, said, _ = plan(given, giver, LONDON).problem
        assert where == f"DIDs!D2 {code}"
        assert said.startswith(message)

    def test_a_trunk_that_is_left_out_by_its_id_gives_nothing_up_by_its_name(self) -> None:
        trunks = ["Trunk ID|Name|Action", "|London-1|", "1||skip"]
        found = plan(moving(trunks, "London-1|100100100||Leeds-1"))
        assert found.told == ["DIDs!D2 move-contradicts"]
        assert found.lists == {}

    def test_a_row_of_the_trunk_under_another_name_must_not_keep_the_did(self) -> None:
        trunks = ["Trunk ID|Name", "|London-1", "1|Leeds-new"]
        found = plan(moving(trunks, "London-1|100100100||Leeds-1", "Leeds-new|100100100||"))
        assert found.problem[:2] == (
            "DIDs!D2 move-contradicts",
            "100100100 is to leave Leeds-new, but DIDs!B3 keeps it there.",
        )


class TestOneBadMove:
    TRUNKS = ("Name|Port", "London-1|", "Paris-1|", "Leeds-1|")

    def test_a_receiver_at_fault_leaves_its_numbers_where_they_are_and_the_others_move(self) -> None:
        rows = ["London-1|100100100||Leeds-1", "London-1|900||Leeds-1", "Paris-1|100100101||Leeds-1"]
        found = plan(moving(["Name", "London-1", "Paris-1"], *rows))
        assert found.told == ["DIDs!B3 move-not-there"]
        assert found.lists == {
            "Paris-1": ["300300300", "30040XXXX", "100100101"],
            "Leeds-1": ["100100100 (Front)", "100100102 (Back)"],
        }
        assert found.moves == ["100100101: Leeds-1 > Paris-1"]

    def test_a_trunk_whose_rows_say_its_whole_list_keeps_what_nobody_takes_in_its_place(self) -> None:
        trunks = ["Name|DIDs mode", "London-1|", "Leeds-1|replace"]
        rows = ["London-1|100100101||Leeds-1", "London-1|900||Leeds-1", "Leeds-1|100100100||", "Leeds-1|100100102||"]
        found = plan(moving(trunks, *rows))
        assert found.lists == {}
        assert [entry.number for entry in found.changes["Leeds-1"].desired.lists[DIDS]] == [
            "100100100",
            "100100101",
            "100100102",
        ]

    def test_a_giver_at_fault_leaves_out_who_gets_its_numbers_and_theirs_in_turn(self) -> None:
        trunks = ["Name|Port", "London-1|", "Paris-1|", "Leeds-1|none"]
        found = plan(moving(trunks, "London-1|100100100||Leeds-1", "Paris-1|200200200||London-1"))
        assert found.told == ["DIDs!D2 move-blocked", "DIDs!D3 move-blocked"]
        assert [problem.message for problem in found.all.problems] == [
            "100100100 is to leave Leeds-1, which is not written (Trunks!B4).",
            "200200200 is to leave London-1, which is not written (DIDs!D2).",
        ]
        assert found.moves == []

    def test_a_chain_whose_end_is_at_fault_keeps_its_beginning(self) -> None:
        trunks = ["Name|Port", "London-1|", "Paris-1|none"]
        found = plan(moving(trunks, "London-1|100100100||Leeds-1", "Paris-1|200200200||London-1"))
        assert found.lists["London-1"] == ["200200200", "100100100 (Front)"]
        assert found.moves == ["100100100 (Front): Leeds-1 > London-1"]

    def test_a_trunk_that_cannot_be_found_leaves_out_all_who_name_it(self) -> None:
        rows = ["London-1|100100100||Leds-1", "Paris-1|100100101||Leds-1"]
        found = plan(moving(["Name", "London-1", "Paris-1"], *rows))
        assert found.told == ["DIDs!D2 trunk-gone", "DIDs!D3 move-blocked"]
        assert found.lists == {}

    def test_a_list_that_cannot_be_sent_back_leaves_out_all_who_take_from_it(self) -> None:
        odd = live(1, "Leeds-1", did_list=[*dids("100100100", "100100101"), {"did": "1" * 40, "did_name": ""}])
        rows = ["London-1|100100100||Leeds-1", "Paris-1|100100101||Leeds-1"]
        found = plan(moving(["Name", "London-1", "Paris-1"], *rows), odd, LONDON, PARIS)
        assert found.told == ["DIDs!D2 live-entry-incomplete", "DIDs!D3 move-blocked"]
        assert found.lists == {}


class TestOnly:
    def test_a_trunk_that_is_not_chosen_gives_up_and_does_nothing_else(self) -> None:
        trunks = ["Name|Port|DIDs mode", "London-1||", "Leeds-1|5061|replace"]
        rows = ["London-1|100100100||Leeds-1", "Leeds-1|100100101||"]
        found = plan(moving(trunks, *rows), only=["London-1"])
        assert found.lists == {
            "London-1": ["200200200", "100100100 (Front)"],
            "Leeds-1": ["100100101", "100100102 (Back)"],
        }
        assert found.changes["Leeds-1"].desired.fields == {}
        assert found.changes["Leeds-1"].record.gives_only
        assert found.hazards == []

    def test_a_trunk_keeps_what_one_that_is_not_chosen_was_to_get(self) -> None:
        trunks = ["Name|DIDs mode", "London-1|", "Leeds-1|replace"]
        rows = ["London-1|100100100||Leeds-1", "Leeds-1|100100101|Left|"]
        found = plan(moving(trunks, *rows), only=["Leeds-1"])
        assert found.lists == {"Leeds-1": ["100100100 (Front)", "100100101 (Left)"]}
        assert found.moves == []


class TestExports:
    TRUNKS = ("Trunk ID|Name", "1|Leeds-1", "2|London-1")

    def test_the_row_that_is_put_under_another_trunk_moves(self) -> None:
        rows = ["Leeds-1|100100101||", "Leeds-1|100100102|Back|", "London-1|200200200||", "London-1|100100100|Front|1"]
        found = plan(moving(self.TRUNKS, *rows), LEEDS, LONDON, exported=THEN)
        assert found.lists == {
            "Leeds-1": ["100100101", "100100102 (Back)"],
            "London-1": ["200200200", "100100100 (Front)"],
        }
        assert (found.hazards, found.told) == ([], [])

    def test_a_name_that_only_the_pbx_changed_since_goes_along(self) -> None:
        now = live(1, "Leeds-1", did_list=dids("100100100=Lobby", "100100101", "100100102=Back"))
        rows = ["Leeds-1|100100101||", "Leeds-1|100100102|Back|", "London-1|200200200||", "London-1|100100100|Front|1"]
        found = plan(moving(self.TRUNKS, *rows), now, LONDON, exported=THEN)
        assert found.lists["London-1"] == ["200200200", "100100100 (Lobby)"]

    def test_a_trunk_all_of_whose_rows_move_does_not_keep_its_dids(self) -> None:
        rows = [f"London-1|{number}||Leeds-1" for number in ("100100100", "100100101", "100100102")]
        found = plan(moving(self.TRUNKS, "London-1|200200200||", *rows), LEEDS, LONDON, exported=THEN)
        assert found.lists["Leeds-1"] == []
        assert found.told == []


class TestWithoutMoveFrom:
    TRUNKS = ("Name|DIDs mode", "London-1|add", "Leeds-1|remove")

    def test_a_did_that_changes_trunks_without_it_is_told_with_what_to_type(self) -> None:
        rows = ["London-1|100100100||", "London-1|100100101||", "Leeds-1|100100100-101||"]
        assert plan(moving(self.TRUNKS, *rows)).problem == (
            "DIDs!D2 move-unordered",
            (
                "100100100 leaves Leeds-1 and comes to London-1 without an order between the two, so calls to it may "
                "fail for a moment. So does 1 more."
            ),
            "Type Leeds-1 as its Move from: then it is on one of them all the time.",
        )

    def test_without_the_column_it_is_told_at_the_did(self) -> None:
        lines = ["Trunk|DID", "London-1|100100100", "Leeds-1|100100100"]
        given = workbook(sheet("Trunks", *self.TRUNKS), sheet("DIDs", *lines))
        assert plan(given).told == ["DIDs!B2 move-unordered"]


def test_ten_thousand_moves_cost_in_proportion() -> None:
    def many(n: int) -> object:
        givers = [live(i, f"A{i}", did_list=dids(*(f"44{i:03}{j:06}" for j in range(n // 10)))) for i in range(1, 11)]
        receivers = [live(100 + i, f"B{i}") for i in range(1, 11)]
        rows = [f"B{i}|44{i:03}{j:06}||A{i}" for i in range(1, 11) for j in range(n // 10)]
        given = moving(["Name", *(f"B{i}" for i in range(1, 11))], *rows)
        return lambda: plan(given, *givers, *receivers)

    assert growth.for_four_times(many, 2_500) < growth.STEEP  # type: ignore[arg-type] # what is to be timed
