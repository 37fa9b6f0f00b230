"""What stands on the printable page of a plan and of results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from batch.schema.problems import Problem
from batch.tables.row_results import CodeCount, EndingCount, Summary, Tone
from batch.trunks.change_plan import Plan
from batch.trunks.live_checks import Hazard
from batch.writers.printable import plan_page, results_page
from tests import builders
from tests.builders import dids, judged, live
from tests.growth import STEEP, for_four_times

SUMMARY = Summary(
    title="Plan",
    headline="1 trunk would be written.",
    counts=[
        EndingCount(ending="applied", tone=Tone.GOOD, rows={"Trunks": 1}, meaning="This run wrote it.", next_step="")
    ],
)
BOOK = builders.book(
    ["Name|Hostname|Password|DIDs mode", "London|new.example|Sample-one|replace"], ["London|1001|Main"]
)
CHANGE = judged(BOOK, live(hostname="old.example", password="Sample-old", did_list=dids("1001", "1002=Night")))[0]
PLAN = Plan(pbx="https://pbx.example", changes=(CHANGE,))


def hazard(trunk: str) -> Hazard:
    return Hazard(code="removals", row=2, trunk=trunk, message=f"{trunk} would lose 1 DID.")


def test_a_plan_says_what_would_be_done_and_shows_no_password() -> None:
    page = plan_page(SUMMARY, "book.xlsx", PLAN, (), 3)
    assert page.subject == "book.xlsx on https://pbx.example"
    assert dict(page.amounts) == {
        "trunks to be written": 1,
        "already as wanted": 0,
        "renamed": 0,
        "switched off": 0,
        "list entries added": 0,
        "list entries removed": 1,
        "problems": 0,
        "minutes, about": 3,
    }
    assert page.listing is not None
    ((name, what),) = page.listing.rows
    assert name == "London"
    assert what.split("; ") == [
        "Hostname: old.example → new.example",
        "Password: <hidden> → <hidden>",
        "DIDs: 1 removed (1002 (Night)), 1 renamed or changed (1001 (Main))",
    ]
    assert [(bar.label, bar.amount) for bar in page.charts[0].bars] == [
        ("added", 0),
        ("removed", 1),
        ("renamed", 1),
        ("changed", 0),
        ("moved", 0),
    ]
    assert [count.meaning for count in page.summary.counts] == ["Would be written, and read back."]
    assert "digest" in page.to_sign
    assert page.tone is Tone.GOOD


def test_hazards_say_whether_they_are_allowed_and_many_of_one_kind_are_one_line() -> None:
    many = tuple(hazard(f"T{number}") for number in range(1, 12))
    plan = replace(PLAN, hazards=(hazard("London"), *many))
    assert plan_page(SUMMARY, "b", plan, plan.hazards[1:], 1).summary.hazards == [
        "removals on 11 trunks. NOT ALLOWED so far; --allow removals would. T1, T2, T3, T4, T5, T6, T7, T8 and 3 more.",
        "removals on London. Allowed. London would lose 1 DID.",
    ]


def test_what_stands_against_it_and_what_nobody_sees_comes_first() -> None:
    found = (
        Problem(code="required", sheet="DIDs", row=3, column=1, message="It is blank.", fix="Type it."),
        Problem(code="own-column", sheet="DIDs", message="Yours.", fix="Nothing to do."),
        Problem(code="rows-hidden", sheet="DIDs", row=7, message="Row 7 is hidden.", fix="Show it."),
    )
    page = plan_page(SUMMARY, "b", replace(PLAN, problems=found), (), 1)
    assert page.summary.attention == ["DIDs!B3: It is blank.", "DIDs!A7: Row 7 is hidden."]
    assert page.tone is Tone.BAD


def test_results_count_what_the_pbx_answered() -> None:
    codes = [CodeCount(errcode=code, errmsg="", rows=2, meaning="", who="") for code in (*range(10), None)]
    page = results_page(replace(SUMMARY, title="Results", codes=codes), "book.xlsx", "https://pbx.example")
    assert [(bar.label, bar.amount) for bar in page.charts[0].bars][-2:] == [("7", 2), ("3 more", 6)]
    assert page.listing is not None
    assert [row[0] for row in page.listing.rows][-1] == "none"
    assert page.to_sign == ""


def test_four_times_as_many_hazards_take_about_four_times_as_long() -> None:
    def page(hazards: int) -> Callable[[], object]:
        found = tuple(hazard(f"Trunk {number}") for number in range(hazards))
        plan = replace(PLAN, hazards=found)
        return lambda: plan_page(SUMMARY, "book.xlsx", plan, found, 3)

    assert for_four_times(page, 500) < STEEP
