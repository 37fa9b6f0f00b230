from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from batch.schema.columns import CALLER_IDS, DIDS
from batch.secrets import Secret
from batch.trunks.change_plan import Change
from batch.trunks.diff import ChangeKind, entry_text
from batch.trunks.live import LiveTrunk
from batch.trunks.live_checks import Hazard
from tests.builders import book, dids, inventory, judged, live, shared, told

HOST = "Trunk ID|Name|Hostname|Enabled|Codecs|Password"
EXPORTED = "8|London|old|yes|alaw, ulaw|"


def trunk(name: str = "London", **now: Any) -> LiveTrunk:
    held: dict[str, Any] = {"hostname": "old", "enable": 1, "codec_sel": "alaw,ulaw", **now}
    return live(8, name, **held)


def plan(
    base: LiveTrunk, now: LiveTrunk, row: str = "8|London", header: str = "Trunk ID|Name", **lists: Sequence[str]
) -> tuple[Change, list[Hazard], list[str]]:
    change, hazards, problems = judged(book([header, row], **lists), now, inventory(now), base)
    return change, hazards, told([problem for problem in problems if problem.stops])


def fields(row: str, **now: Any) -> tuple[dict[str, object], list[Hazard]]:
    change, hazards, problems = plan(trunk(), trunk(**now), row, HOST)
    assert problems == []
    return dict(change.difference.fields), [hazard for hazard in hazards if hazard.conflict]


def numbers(base: Sequence[str], now: Sequence[str], *rows: str, mode: str = "") -> tuple[list[str], list[Hazard]]:
    """Put rows upon DIDs: what the list becomes (as it is now, where it is left alone), and the conflicts."""
    change, hazards, problems = plan(
        trunk(did_list=dids(*base)),
        trunk(did_list=dids(*now)),
        f"8|London|{mode}",
        "Trunk ID|Name|DIDs mode",
        dids=[f"8|{row}" for row in rows],
    )
    assert problems == []
    wanted = change.desired.lists.get(DIDS, change.live.dids.entries)
    return [f"{e.number}={e.name}" if e.name else e.number for e in wanted], [h for h in hazards if h.conflict]


def at(conflicts: Sequence[Hazard]) -> list[tuple[str, object, object, object]]:
    return [(f"{c.sheet}!{c.cell}", c.base, c.live, c.yours) for h in conflicts if (c := h.conflict)]


# --- fields


def test_what_nobody_touched_is_left_alone_and_what_only_the_pbx_changed_is_told() -> None:
    change, hazards, _ = plan(trunk(), trunk(hostname="new", domain="d"), EXPORTED, HOST)
    assert (change.kind, change.desired.fields, hazards) == ("keep", {}, [])
    assert change.left_alone.fields == {"hostname": ("old", "new"), "domain": ("", "d")}


def test_what_only_the_person_changed_is_applied() -> None:
    assert fields("8|London|mine|no|ulaw|") == (
        {"hostname": ("old", "mine"), "enable": (1, 0), "codec_sel": ("alaw,ulaw", "ulaw")},
        [],
    )


def test_what_both_changed_to_the_same_is_no_conflict_and_no_change() -> None:
    assert fields("8|London|mine|yes||", hostname="mine") == ({}, [])


def test_what_both_changed_otherwise_is_a_conflict_at_its_cell_and_the_persons_side_is_planned() -> None:
    found, conflicts = fields("8|London|mine|yes||", hostname="theirs", enable="0")
    assert found == {"hostname": ("theirs", "mine")}
    assert at(conflicts) == [("Trunks!C2", "old", "theirs", "mine")]
    assert conflicts[0].message == (
        "Trunks!C2: Hostname of London was old at the export, is theirs on the PBX now, and is mine in the workbook."
    )


def test_values_are_compared_as_the_pbx_means_them() -> None:
    change, hazards, _ = plan(
        trunk(port="5060", transport="UDP", codec_sel="alaw, ulaw"),
        trunk(port=5061, transport="udp", codec_sel="ALAW,ulaw"),
        "8|London|5060|udp|alaw,ulaw",
        "Trunk ID|Name|Port|Transport|Codecs",
    )
    assert (change.difference.fields, hazards) == ({}, [])
    assert change.left_alone.fields == {"port": (5060, 5061)}


def test_yes_and_no_are_said_as_people_type_them() -> None:
    change, hazards, _ = plan(
        trunk(enable=0, domain="d"), trunk(enable="", domain="e"), "8|yes|<clear>", "Trunk ID|Enabled|Domain"
    )
    assert change.difference.fields == {"enable": ("", 1), "domain": ("e", "")}
    assert [hazard.message.partition(" was ")[2] for hazard in hazards] == [
        "no at the export, is (blank) on the PBX now, and is yes in the workbook.",
        "d at the export, is e on the PBX now, and is (blank) in the workbook.",
    ]


def test_a_rename_on_the_pbx_is_not_undone_by_a_cell_that_nobody_touched() -> None:
    found, conflicts = fields(EXPORTED, name="Londinium")
    assert (found, conflicts) == ({}, [])
    found, conflicts = fields("8|Londres|old|yes||", name="Londinium")
    assert at(conflicts) == [("Trunks!B2", "London", "Londinium", "Londres")]


def test_a_password_is_as_typed_always_and_no_conflict() -> None:
    found, conflicts = fields("8|London|old|yes||Sample-1", password="Sample-0")
    assert found == {"password": (Secret("Sample-0"), Secret("Sample-1"))}
    assert conflicts == []


def test_a_trunk_that_a_wall_stands_against_may_stay_in_the_export_untouched() -> None:
    box = trunk(shared=1, did_list=dids("100"))
    _, hazards, problems = plan(box, box, EXPORTED, HOST, dids=["8|100"])
    assert (hazards, problems) == ([], [])
    _, _, problems = plan(box, box, "8|London|new|yes||", HOST, dids=["8|100|A"])
    assert problems == ["Trunks!C2 trunk-shared", "DIDs!B2 trunk-shared"]
    box = trunk(shared=1, did_list=dids("100", "200"))
    assert plan(box, box, EXPORTED, HOST, dids=["8|100"])[2] == ["Trunks!A2 trunk-shared"]


# --- lists


def test_a_list_that_nobody_touched_is_left_alone_whatever_became_of_it() -> None:
    base, now = trunk(did_list=dids("1=A", "2", "3")), trunk(did_list=dids("3", "9", "1=Z"))
    change, hazards, problems = plan(base, now, dids=["8|1|A", "8|2|", "8|3"])
    assert (change.desired.lists, change.kind, hazards, problems) == ({}, "keep", [], [])
    since = change.left_alone.lists[DIDS]
    assert [(each.kind, entry_text(each.new)) for each in since.changes if each.kind is not ChangeKind.MOVED] == [
        (ChangeKind.ADDED, "9"),
        (ChangeKind.REMOVED, "2"),
        (ChangeKind.RENAMED, "1 (Z)"),
    ]
    assert since.of(ChangeKind.MOVED) != []


def test_a_list_that_the_pbx_does_not_show_is_no_problem_while_nobody_touched_it() -> None:
    base = trunk(did_list=dids("1"))
    assert plan(base, trunk(did_list=None), dids=["8|1"])[2] == []
    _, hazards, problems = plan(base, trunk(did_list=None), dids=["8|1|A"])
    assert ([hazard.code for hazard in hazards], problems) == (["unread-lists"], [])


def test_entries_that_came_up_on_the_pbx_stay_where_they_stand() -> None:
    assert numbers(["1", "2"], ["7", "1", "8", "2", "9"], "1|A", "2") == (["7", "1=A", "8", "2", "9"], [])


def test_new_rows_come_behind_the_row_above_them() -> None:
    assert numbers(["1", "2"], ["1", "2", "9"], "5", "1", "6", "2", "7") == (["5", "1", "6", "2", "7", "9"], [])


def test_an_entry_that_the_pbx_removed_is_not_put_back_by_a_row_that_nobody_touched() -> None:
    assert numbers(["1", "2", "3"], ["1", "3"], "1", "2", "3|C") == (["1", "3=C"], [])
    assert numbers(["1=A", "2", "3"], ["1=A", "3"], "1|A", "2|", "3|C", mode="add") == (["1=A", "3=C"], [])


def test_a_row_that_was_deleted_takes_its_entry_with_it_and_asks_as_ever() -> None:
    change, hazards, _ = plan(
        trunk(did_list=dids("1", "2")), trunk(did_list=dids("1", "2", "9")), "8", "Trunk ID", dids=["8|1"]
    )
    assert [entry_text(e) for e in change.desired.lists[DIDS]] == ["1", "9"]
    assert [(hazard.code, hazard.flag) for hazard in hazards] == [("removals", "--allow removals=London")]


def test_a_row_that_was_deleted_and_whose_entry_the_pbx_changed_is_a_conflict_at_the_trunk() -> None:
    found, conflicts = numbers(["1", "2=B"], ["1", "2=Z"], "1", mode="replace")
    assert found == ["1"]
    assert at(conflicts) == [("Trunks!A2", "2 (B)", "2 (Z)", None)]
    assert conflicts[0].message == (
        "Trunks!A2: DID 2 of London was 2 (B) at the export, is 2 (Z) on the PBX now, and is absent in the workbook."
    )
    assert numbers(["1", "2=B"], ["1"], "1") == (["1"], [])


def test_a_changed_row_whose_entry_the_pbx_changed_otherwise_is_a_conflict_at_its_cell() -> None:
    found, conflicts = numbers(["1=A", "2"], ["1=Z", "2"], "1|M", "2")
    assert (found, at(conflicts)) == (["1=M", "2"], [("DIDs!C2", "A", "Z", "M")])
    assert numbers(["1=A"], ["1=M"], "1|M") == (["1=M"], [])
    found, conflicts = numbers(["1=A"], ["1="], "1|<clear>")
    assert (found, conflicts) == (["1"], [])


def test_a_changed_row_whose_entry_the_pbx_removed_is_a_conflict_at_its_cell() -> None:
    found, conflicts = numbers(["1=A", "2"], ["2"], "1|M", "2")
    assert (found, at(conflicts)) == (["1=M", "2"], [("DIDs!C2", "A", None, "M")])


def test_a_new_row_whose_entry_came_up_on_the_pbx_too_is_compared_with_it() -> None:
    assert numbers(["1"], ["1", "5=X"], "1", "5|X") == (["1", "5=X"], [])
    assert numbers(["1"], ["1", "5=X"], "1", "5|") == (["1", "5=X"], [])
    found, conflicts = numbers(["1"], ["1", "5=X"], "1", "5|Y")
    assert (found, at(conflicts)) == (["1", "5=Y"], [("DIDs!C3", None, "X", "Y")])


def test_the_order_is_that_of_whoever_changed_it() -> None:
    assert numbers(["1", "2", "3"], ["3", "2", "1"], "1", "2|B", "3") == (["3", "2=B", "1"], [])
    assert numbers(["1", "2", "3"], ["9", "1", "8", "2", "3"], "3", "2", "1") == (["3", "2", "1", "8", "9"], [])
    assert numbers(["1", "2"], ["2", "1"], "2", "1") == (["2", "1"], [])


def test_an_order_that_both_changed_is_a_conflict_at_the_first_row() -> None:
    found, conflicts = numbers(["1", "2", "3"], ["2", "1", "3"], "3", "2", "1")
    assert found == ["3", "2", "1"]
    assert at(conflicts) == [("DIDs!B2", "1, 2, 3", "2, 1, 3", "3, 2, 1")]
    assert conflicts[0].message.startswith("DIDs!B2: the order of the DID list of London was 1, 2, 3 at")


def test_a_range_counts_as_its_numbers() -> None:
    base = ["442079460100", "442079460101", "442079460102"]
    assert numbers(base, [*base, "5"], "442079460100-102") == ([*base, "5"], [])
    found, conflicts = numbers(base, [base[0], base[1] + "=Z", base[2]], "442079460100-102|Desk")
    assert found == [f"{number}=Desk" for number in base]
    assert at(conflicts) == [("DIDs!C2", "", "Z", "Desk")]


def test_clearing_takes_what_was_exported_and_asks_for_what_came_up_since() -> None:
    assert numbers(["1", "2"], ["1", "2"], "<clear>") == ([], [])
    assert numbers(["1", "2"], ["1"], "<clear>") == ([], [])
    found, conflicts = numbers(["1", "2"], ["1", "2", "9=N"], "<clear>")
    assert (found, at(conflicts)) == ([], [("DIDs!B2", "1, 2", "changed: 9 (N)", "<clear>")])


def test_removing_is_as_typed() -> None:
    assert numbers(["1", "2", "3"], ["1", "2=Z", "3", "9"], "2|x", mode="remove") == (["1", "3", "9"], [])


def test_adding_changes_only_what_was_changed() -> None:
    assert numbers(["1=A", "2"], ["9", "1=Z", "2"], "1|A", "2|B", "5", mode="add") == (
        ["9", "1=Z", "2=B", "5"],
        [],
    )
    assert numbers(["1", "2"], ["2", "9"], "1", mode="add") == (["2", "9"], [])


def test_a_number_that_came_to_stand_twice_on_the_pbx_stays_so() -> None:
    assert numbers(["1", "2"], ["1=A", "2", "1=B"], "1", "2|M") == (["1=A", "2=M", "1=B"], [])


def test_what_an_export_could_not_say_has_no_base_to_go_by() -> None:
    base = live(8, "London", did_list=None)
    change, hazards, _ = plan(base, trunk(did_list=dids("1", "2")), dids=["8|1"])
    assert [entry_text(e) for e in change.desired.lists[DIDS]] == ["1"]
    assert [hazard.code for hazard in hazards] == ["removals"]


# --- caller IDs


def callers(
    base: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]], *rows: str, extensions: dict[str, int] | None = None
) -> tuple[list[str] | None, list[Hazard], list[str]]:
    before, after = trunk(outbound_cid_list=list(base)), trunk(outbound_cid_list=list(now))
    around = inventory(after)
    if extensions is not None:
        around = type(around)(trunks=around.trunks, extensions=extensions, groups=around.groups)
    given = book(["Trunk ID|Caller IDs mode", "8|replace"], caller_ids=[f"8|{row}" for row in rows])
    change, hazards, problems = judged(given, after, around, before)
    wanted = change.desired.lists.get(CALLER_IDS)
    return (
        None if wanted is None else [entry_text(entry) for entry in wanted],
        [hazard for hazard in hazards if hazard.conflict],
        told([problem for problem in problems if problem.stops]),
    )


def test_extensions_are_compared_by_what_they_mean() -> None:
    base = [shared("100", 1, 2, groups=[9], name="Acme")]
    assert callers(base, base, "shared|100|Acme||1002; 1001|group9") == (None, [], [])
    assert callers(base, base, "shared|100|Acme||#2, 1001|#9") == (None, [], [])
    assert callers(base, base, "shared|100|||1001|group9")[0] == ["100 (Acme) for 1001, group9"]


def test_an_extension_that_was_renumbered_since_is_still_the_one_that_was_exported() -> None:
    base = [shared("100", 1)]
    now = [shared("100", 1, name="New")]
    assert callers(base, now, "shared|100|||1001", extensions={"1101": 1}) == (None, [], [])
    assert callers(base, now, "shared|100|||1001", extensions={"1101": 1, "1001": 5}) == (None, [], [])


def test_each_cell_of_a_caller_id_is_merged_alone() -> None:
    base = [shared("100", 1, groups=[9], name="Acme"), shared("200", 3)]
    now = [shared("100", 1, 2, groups=[9], name="Acme"), shared("200", 3)]
    assert callers(base, now, "shared|100|Mine||1001|group9", "shared|200|||1003") == (
        ["100 (Mine) for 1001, 1002, group9", "200 for 1003"],
        [],
        [],
    )
    found, conflicts, _ = callers(base, now, "shared|100|Acme||1005|group9", "shared|200|||1003")
    assert found == ["100 (Acme) for 1005, group9", "200 for 1003"]
    assert at(conflicts) == [("Caller IDs!F2", "1001", "1001, 1002", "1005")]


def test_the_extension_range_is_merged_too() -> None:
    def spanning(span: str) -> list[dict[str, Any]]:
        return [{"outbound_cid_option": "range", "outbound_cid": "100-102", "outbound_cid_to_ext_range": span}]

    assert callers(spanning("1-3"), spanning("4-6"), "range|100-102||1-3") == (None, [], [])
    found, conflicts, _ = callers(spanning("1-3"), spanning("4-6"), "range|100-102||7-9")
    assert (found, at(conflicts)) == (["100-102 for 7-9"], [("Caller IDs!E2", "1-3", "4-6", "7-9")])


def test_an_entry_that_cannot_be_sent_back_stands_only_against_a_list_that_is_changed() -> None:
    base, now = [shared("100", 1), shared("200", 2)], [shared("100"), shared("200", 2)]
    assert callers(base, now, "shared|100|||1001", "shared|200|||1002") == (None, [], [])
    _, _, problems = callers(base, now, "shared|100|||1001", "shared|200|||1003")
    assert problems == ["Trunks!A2 live-entry-incomplete"]


def test_a_trunk_without_a_base_is_as_ever() -> None:
    given = book(["Trunk ID|Name|Hostname", "8|London|old"], dids=["8|1"])
    change, hazards, _ = judged(given, trunk(hostname="new", did_list=dids("1", "2")))
    assert change.difference.fields == {"hostname": ("new", "old")}
    assert [hazard.code for hazard in hazards] == ["removals"]
    assert not change.left_alone


@pytest.mark.parametrize("mode", ["", "add"])
def test_what_is_allowed_holds_what_the_person_typed(mode: str) -> None:
    found, conflicts = numbers(["1=A", "2"], ["2=Z", "3"], "1|M", "2|N", "3|O", mode=mode)
    assert sorted(found) == ["1=M", "2=N", "3=O"]
    assert [cell for cell, *_ in at(conflicts)] == ["DIDs!C2", "DIDs!C3", "DIDs!C4"]
