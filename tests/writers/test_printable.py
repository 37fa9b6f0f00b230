"""What stands on the printable page of a plan and of results."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from batch.runs.plan_document import GOING_BACK, ChangeGroup, HazardLine, PlanDocument, PlanLine, plan_counts
from batch.tables.row_results import CodeCount, EndingCount, Summary, Tone
from batch.trunks.change_plan import Plan
from batch.writers.printable import page_html, plan_page, results_page

SUMMARY = Summary(
    title="Plan",
    headline="1 trunk would be written.",
    counts=[EndingCount(ending="to be written", tone=Tone.GOOD, rows={"Trunks": 1}, meaning="Would be.", next_step="")],
)
LONG = "h" * 300
DOCUMENT = PlanDocument(
    summary=SUMMARY,
    workbook="book.xlsx",
    pbx="https://pbx.example",
    hazards=[
        HazardLine(message=f"T{number} loses {LONG}.", flag=f"--allow removals=T{number}", allowed=number > 1)
        for number in range(30)
    ],
    counts=plan_counts(Plan(pbx=""), ()) | {"trunks_to_write": 60, "entries_added": 2, "entries_removed": 1},
    requests=69,
    takes="about 11 s",
    groups=[
        ChangeGroup(trunks=(f"Trunk-{number}",), lines=(PlanLine(f"Hostname: old → {LONG}{number}"),))
        for number in range(60)
    ],
    command="trunk-batch apply book.xlsx --expect 0123",
)


def words(document: PlanDocument) -> str:
    return unescape(re.sub("<[^>]*>", " ", page_html(plan_page(document)).partition("</head>")[2]))


def test_a_plan_says_all_that_is_decided_and_cuts_nothing() -> None:
    said = words(DOCUMENT)
    assert all(f"T{number} loses {LONG}." in said for number in range(30))
    assert all(f"Hostname: old → {LONG}{number} " in said for number in range(60))
    assert "…" not in said


def test_hazards_come_first_in_red_with_their_flags() -> None:
    html = page_html(plan_page(DOCUMENT))
    first = html[html.index("headline bad") :]
    assert first.index('<section class="dangers">') < first.index('<ul class="amounts">')
    assert "NOT ALLOWED YET: T0 loses" in words(DOCUMENT)
    assert "To let it happen: --allow removals=T0" in words(DOCUMENT)
    assert re.search(r"\.dangers [{][^}]*#c62828", html)


def test_a_plan_is_signed_with_name_date_and_ticket_and_says_how_to_apply_it_and_how_to_go_back() -> None:
    said = words(DOCUMENT)
    assert re.search(r"Approval .* Approved by +Date +Ticket +Signature", " ".join(said.split()))
    assert "trunk-batch apply book.xlsx --expect 0123" in said
    assert GOING_BACK[0] in said
    assert re.search(r"about 11 s +for [0-9]+ requests", said)
    assert "60  trunks to be written" in said


def test_what_is_lost_is_red() -> None:
    lines = (PlanLine("Port: 1 → 2"), PlanLine("Enabled: yes → no", loses=True))
    html = page_html(plan_page(replace(DOCUMENT, groups=[ChangeGroup(trunks=("Paris",), lines=lines)])))
    assert '<li class="short">Port: 1 → 2</li><li class="short lost">Enabled: yes → no</li>' in html
    assert re.search(r"\.changes \.lost [{][^}]*#8e0000", html)


def test_whoever_signs_is_told_that_the_hazards_happen() -> None:
    assert "Whoever signs allows the 30 hazards above: the command lets them happen." in words(DOCUMENT)
    one = replace(DOCUMENT, hazards=DOCUMENT.hazards[:1])
    assert "Whoever signs allows the hazard above: the command lets it happen." in words(one)
    assert "Whoever signs" not in words(replace(DOCUMENT, hazards=()))


def test_a_plan_that_cannot_be_approved_has_no_place_to_sign() -> None:
    said = words(replace(DOCUMENT, why_not="This cannot be approved.", command=""))
    assert "This cannot be approved." in said
    assert "Signature" not in said


def test_the_practice_pbx_has_not_been_touched_yet() -> None:
    said = words(replace(DOCUMENT, summary=replace(SUMMARY, practice=True)))
    assert "PRACTICE: this plan is for the practice PBX, no real trunk is touched" in said


def test_a_chart_has_no_bar_of_nothing() -> None:
    assert [(bar.label, bar.amount) for bar in plan_page(DOCUMENT).charts[0].bars] == [("added", 2), ("removed", 1)]


def test_results_count_what_the_pbx_answered() -> None:
    codes = [CodeCount(errcode=code, errmsg="", rows=2, meaning="", who="") for code in (*range(10), None)]
    page = results_page(replace(SUMMARY, title="Results", codes=codes), "book.xlsx", "https://pbx.example")
    assert [(bar.label, bar.amount) for bar in page.charts[0].bars][-2:] == [("7", 2), ("3 more", 6)]
    (answers,) = page.listings
    assert [row[0] for row in answers.rows][-1] == "none"
    assert page.to_sign == ""
