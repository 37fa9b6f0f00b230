"""The plan as whoever approves it reads it: all that is decided, whole, and nothing that has not happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from batch.runs.plan_document import (
    PlanLine,
    entry_runs,
    hazard_lines,
    like_changes,
    plan_counts,
    to_be_approved,
)
from batch.schema.problems import Problem
from batch.tables.row_results import EndingCount, Summary, Tone
from batch.trunks.change_plan import Change, Plan
from batch.trunks.live import Did
from batch.trunks.live_checks import Hazard
from tests import builders
from tests.builders import dids, document, judged, live
from tests.growth import STEEP, for_four_times

BOOK = builders.book(
    ["Name|Hostname|Password|DIDs mode", "London|new.example|Sample-one|replace"], ["London|1001|Main"]
)
CHANGE = judged(BOOK, live(hostname="old.example", password="Sample-old", did_list=dids("1001", "1002=Night")))[0]
PLAN = Plan(pbx="https://pbx.example", changes=(CHANGE,))


def counted(ending: str, rows: int, tone: Tone = Tone.GOOD) -> EndingCount:
    return EndingCount(ending=ending, tone=tone, rows={"Trunks": rows}, meaning="This run wrote it.", next_step="Go.")


def hazard(trunk: str) -> Hazard:
    return Hazard(code="removals", row=2, trunk=trunk, message=f"{trunk} would lose 1 DID.")


def branch(number: int, host: str) -> Change:
    given = builders.book(["Name|Hostname", f"Branch-{number}|{host}"])
    return judged(given, live(number, f"Branch-{number}", hostname="old.example"))[0]


def test_a_change_is_told_whole_and_shows_no_password() -> None:
    ((group),) = like_changes([CHANGE])
    assert group.called == "London"
    assert tuple(line.text for line in group.lines) == (
        "Hostname: old.example → new.example",
        "Password: <hidden> → <hidden>",
        "DIDs, 1 removed: 1002 (Night)",
        "DIDs, 1 renamed: 1001: (no name) → Main",
        "DIDs, 1 stays",
    )
    assert [line.text for line in group.lines if line.loses] == ["DIDs, 1 removed: 1002 (Night)"]


def test_a_trunk_that_is_switched_off_and_a_list_of_which_nothing_stays_are_lost() -> None:
    given = builders.book(["Name|Enabled|DIDs mode", "London|no|replace"], ["London|2001"])
    (group,) = like_changes([judged(given, live(enable=1, did_list=dids("1001")))[0]])
    assert [line for line in group.lines if line.loses] == [
        PlanLine("Enabled: yes → no", loses=True),
        PlanLine("DIDs, 1 removed: 1001", loses=True),
        PlanLine("DIDs, none stays", loses=True),
    ]
    (first,) = like_changes([judged(given, live(enable=0))[0]])
    assert [line.text for line in first.lines] == ["DIDs, 1 added: 2001"]


def test_trunks_that_change_alike_are_one_paragraph_that_names_them_all() -> None:
    changes = [branch(number, "a.example" if number != 20 else "b.example") for number in range(1, 41)]
    groups = like_changes(changes)
    assert [len(group.trunks) for group in groups] == [39, 1]
    assert groups[0].called.startswith("39 trunks: Branch-1, Branch-2, Branch-3")
    assert groups[0].called.endswith(", Branch-39, Branch-40")
    assert groups[1].lines == (PlanLine("Hostname: old.example → b.example"),)


def test_long_values_are_never_cut() -> None:
    long = ".".join(["h" * 60] * 4)
    (group,) = like_changes([branch(1, long)])
    assert group.lines == (PlanLine(f"Hostname: old.example → {long}"),)


def test_numbers_that_follow_each_other_are_told_by_both_ends_and_how_many() -> None:
    listed = [Did(f"44207946{number:04d}", "Sales") for number in range(98, 103)]
    listed += [Did("442079460103"), Did("442079460104"), Did("4420794601XX"), Did("+1"), Did("+2"), Did("+3"), Did("4")]
    assert list(entry_runs(listed)) == [
        "442079460098 to 442079460102 (Sales), 5 in all",
        "442079460103",
        "442079460104",
        "4420794601XX",
        "+1 to +3, 3 in all",
        "4",
    ]
    assert list(entry_runs([Did("9"), Did("10"), Did("11")])) == ["9", "10", "11"]


def test_what_is_not_allowed_comes_first_with_the_flag_that_the_terminal_prints() -> None:
    lines = hazard_lines((hazard("London"), hazard("Old Box")), [hazard("Old Box")])
    assert [line.text for line in lines] == [
        "NOT ALLOWED YET: Old Box would lose 1 DID. To let it happen: --allow 'removals=Old Box'",
        "Allowed: London would lose 1 DID.",
    ]


def test_nothing_is_told_as_if_it_had_happened() -> None:
    endings = [counted("applied", 2), counted("unchanged", 1), counted("invalid", 1), counted("failed", 0)]
    summary = to_be_approved(Summary(title="Plan", headline="x", counts=endings), PLAN)
    assert [(count.ending, count.meaning, count.next_step) for count in summary.counts] == [
        ("to be written", "Would be written, and read back.", ""),
        ("unchanged", "The PBX already holds this; nothing would be sent.", ""),
        (
            "invalid",
            "There is an error in this row; its trunk would not be written.",
            "Correct the cell that is named, then plan again.",
        ),
    ]


def test_what_stands_against_it_and_what_nobody_sees_comes_first() -> None:
    found = (
        Problem(code="required", sheet="DIDs", row=3, column=1, message="It is blank.", fix="Type it."),
        Problem(code="own-column", sheet="DIDs", message="Yours.", fix="Nothing to do."),
        Problem(code="rows-hidden", sheet="DIDs", row=7, message="Row 7 is hidden.", fix="Show it."),
    )
    summary = to_be_approved(Summary(title="Plan", headline="x"), replace(PLAN, problems=found))
    assert summary.attention == ["DIDs!B3: It is blank. Type it.", "DIDs!A7: Row 7 is hidden. Show it."]


def test_totals_are_told_in_words_one_and_many() -> None:
    counts = plan_counts(replace(PLAN, hazards=(hazard("London"),)), [hazard("London")])
    assert {name: count for name, count in counts.items() if count} == {
        "trunks_to_write": 1,
        "entries_removed": 1,
        "entries_changed": 1,
        "lists_replaced": 1,
        "hazards": 1,
        "hazards_not_allowed": 1,
    }
    assert document(counts=counts | {"entries_removed": 2}).totals == [
        ("trunk to be written", 1),
        ("list entries removed", 2),
        ("list entry renamed or changed", 1),
        ("list replaced on purpose", 1),
        ("hazard", 1),
        ("errors", 0),
    ]


def test_it_stands_red_while_a_hazard_is_not_allowed_or_nothing_can_be_approved() -> None:
    allowed, refused = hazard_lines([hazard("A")], []), hazard_lines([hazard("A")], [hazard("A")])
    assert document().tone is Tone.GOOD
    assert document(hazards=allowed).tone is Tone.GOOD
    assert document(hazards=refused).tone is Tone.BAD
    assert document(why_not="There are problems.").tone is Tone.BAD


def test_four_times_as_many_hazards_take_about_four_times_as_long() -> None:
    def lines(hazards: int) -> Callable[[], object]:
        found = tuple(hazard(f"Trunk {number}") for number in range(hazards))
        return lambda: hazard_lines(found, found)

    assert for_four_times(lines, 500) < STEEP
