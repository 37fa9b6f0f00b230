"""What a run tells people: counts, headlines, what changed, and nothing secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from batch.readers.workbook import RawSheet, Workbook
from batch.runs.outcomes import Ending, Outcome, end_rows
from batch.runs.run_report import (
    STATUSES,
    change_lines,
    code_counts,
    counts,
    lost_registrations,
    plan_headline,
    run_headline,
    status_lines,
    summary,
)
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.row_results import AnsweredSheet
from batch.trunks.change_plan import Change, Plan
from batch.trunks.diff import Desired, compare, entry_text
from batch.trunks.live import CallerId, Did, Extension, LiveTrunk
from batch.writers.hidden_passwords import answered_sheets, secrets_in
from tests import builders
from tests.builders import dids, judged, live, shared, sheet, tabulate

HEADER = "Trunk ID|Name|Hostname|Password|Enabled|DIDs mode|Caller IDs mode"


def outcome(row: int, ending: Ending, **more: Any) -> Outcome:
    return Outcome(row=row, ending=ending, **more)


def found(change: Change, now: LiveTrunk, ending: Ending = Ending.PARTIAL) -> dict[int, Outcome]:
    """Make the outcome of a trunk that was read and holds this now."""
    row = change.record.row
    return {row: outcome(row, ending, read=True, difference=compare(now, change.desired))}


def lines(given: Workbook, change: Change, outcomes: dict[int, Outcome]) -> list[tuple[str, str, str, str, str]]:
    tables = builders.read(given)[0]
    return [
        (f"{line.sheet}!{line.cell}", line.field, line.before, line.wanted, line.found)
        for line in change_lines(tables, [change], outcomes)
    ]


BEFORE = live(
    1,
    "London",
    hostname="old.example",
    password="Sample-old",
    enable=1,
    did_list=dids("1001=A", "1002=B", "1003", "1004"),
    outbound_cid_list=[shared("2001", 1)],
)
BOOK = builders.book(
    [HEADER, "1||new.example|Sample-new||replace|"],
    ["1|1002|Bee", "1|1005|New", "1|1001|A", "1|1004|"],
    ["1|shared|2001|||1001, 1002|", "1|shared|2002|Two||1003|"],
)
WANTED_LINES = [
    ("Trunks!C2", "Hostname", "old.example", "new.example"),
    ("Trunks!D2", "Password", "<hidden>", "<hidden>"),
    ("DIDs!B3", "DID", "absent", "1005 (New)"),
    ("Trunks!F2", "DID", "1003", "absent"),
    ("DIDs!B2", "DID", "1002 (B)", "1002 (Bee)"),
    ("DIDs!B4", "DID", "place 1: 1001 (A)", "place 3: 1001 (A)"),
    ("Caller IDs!C3", "Caller ID", "absent", "2002 (Two) for 1003"),
    ("Caller IDs!C2", "Caller ID", "2001 for 1001", "2001 for 1001, 1002"),
]


def as_wanted(**other: Any) -> LiveTrunk:
    fields: dict[str, Any] = {
        "hostname": "new.example",
        "password": "Sample-new",
        "enable": 1,
        "did_list": dids("1002=Bee", "1005=New", "1001=A", "1004"),
        "outbound_cid_list": [shared("2001", 1, 2), shared("2002", 3, name="Two")],
    }
    return live(1, "London", **fields | other)


def test_changes_are_listed_with_before_and_wanted_and_found_only_if_it_was_read() -> None:
    change, _, problems = judged(BOOK, BEFORE)
    assert [p for p in problems if p.stops] == []
    bare = [(*line, "") for line in WANTED_LINES]
    assert lines(BOOK, change, {}) == bare
    for ending in (Ending.NOT_RUN, Ending.UNKNOWN, Ending.APPLIED):
        assert lines(BOOK, change, {2: outcome(2, ending)}) == bare


def test_what_was_found_as_wanted_says_so() -> None:
    change, _, _ = judged(BOOK, BEFORE)
    told = lines(BOOK, change, found(change, as_wanted(), Ending.APPLIED))
    assert told == [(*line, line[3]) for line in WANTED_LINES]


def test_what_was_found_as_before_says_so_in_every_line() -> None:
    change, _, _ = judged(BOOK, BEFORE)
    told = lines(BOOK, change, found(change, BEFORE, Ending.FAILED))
    assert told == [(*line, line[2]) for line in WANTED_LINES]


def test_what_was_found_otherwise_is_told_line_by_line() -> None:
    change, _, _ = judged(BOOK, BEFORE)
    now = as_wanted(
        hostname="foreign.example", did_list=dids("1001=A", "1005=New", "1004=Late", "1009"), outbound_cid_list=[]
    )
    assert lines(BOOK, change, found(change, now)) == [
        ("Trunks!C2", "Hostname", "old.example", "new.example", "foreign.example"),
        ("Trunks!D2", "Password", "<hidden>", "<hidden>", "<hidden>"),
        ("DIDs!B3", "DID", "absent", "1005 (New)", "1005 (New)"),
        ("Trunks!F2", "DID", "1003", "absent", "absent"),
        ("DIDs!B2", "DID", "1002 (B)", "1002 (Bee)", "absent"),
        ("DIDs!B4", "DID", "place 1: 1001 (A)", "place 3: 1001 (A)", "place 1: 1001 (A)"),
        ("Trunks!F2", "DID", "absent", "absent", "1009"),
        ("DIDs!B5", "DID", "1004", "1004", "1004 (Late)"),
        ("Caller IDs!C3", "Caller ID", "absent", "2002 (Two) for 1003", "absent"),
        ("Caller IDs!C2", "Caller ID", "2001 for 1001", "2001 for 1001, 1002", "absent"),
    ]


def test_a_moved_entry_that_is_gone_is_absent() -> None:
    change, _, _ = judged(BOOK, BEFORE)
    now = as_wanted(did_list=dids("1002=Bee", "1005=New", "1004"))
    moved = [line for line in lines(BOOK, change, found(change, now)) if "1001" in line[3] and line[0] == "DIDs!B4"]
    assert moved == [("DIDs!B4", "DID", "place 1: 1001 (A)", "place 3: 1001 (A)", "absent")]


def test_a_wanted_field_that_somebody_moved_meanwhile_is_listed_though_nothing_was_to_change() -> None:
    change, _, _ = judged(builders.book(["Trunk ID|Hostname|Enabled", "1|new.example|yes"]), BEFORE)
    told = lines(
        builders.book(["Trunk ID|Hostname|Enabled", "1|new.example|yes"]), change, found(change, as_wanted(enable=0))
    )
    assert told == [
        ("Trunks!C2", "Enabled", "yes", "yes", "no"),
        ("Trunks!B2", "Hostname", "old.example", "new.example", "new.example"),
    ]


def test_entries_are_described_on_one_line() -> None:
    assert entry_text(Did("1001")) == "1001"
    assert entry_text(Did("1001", "A")) == "1001 (A)"
    assert entry_text(CallerId("range", "2001-2002", "N", "1-2")) == "2001-2002 (N) for 1-2"
    both = (Extension("extension", 4, "1004"), Extension("ext_group", 9))
    assert entry_text(CallerId("shared", "2001", "", "", frozenset(both), both)) == "2001 for 1004, #9"


def changing(number: int, name: str, *, enable: int | None = None) -> Change:
    fields = {"Enabled": {0: "no", 1: "yes", None: ""}[enable]}
    given = builders.book([f"Trunk ID|Hostname|{'|'.join(fields)}", f"{number}|new.example|{fields['Enabled']}"])
    return judged(given, live(number, name, hostname="old.example", enable=1))[0]


@pytest.mark.parametrize("up", [1, 2, 3])
@pytest.mark.parametrize(("down", "words"), [(4, "registering"), (41, "registration failed"), (45, "authentication")])
def test_a_trunk_that_was_up_and_is_not_any_more_is_named(up: int, down: int, words: str) -> None:
    change = changing(1, "London")
    (line,) = lost_registrations([live(1, status=up)], [live(1, status=down)], [change])
    assert line.startswith("London was up before")
    assert words in line


@pytest.mark.parametrize(
    ("before", "after"), [(1, 1), (1, 44), (1, 0), (41, 41), (0, 41), (None, 41), (1, None), (1, 77)]
)
def test_one_that_was_not_up_or_is_not_down_is_not(before: int | None, after: int | None) -> None:
    assert lost_registrations([live(1, status=before)], [live(1, status=after)], [changing(1, "London")]) == []


def test_a_trunk_switched_off_on_purpose_and_one_not_written_are_not_named() -> None:
    before, after = [live(1, status=1), live(2, status=1)], [live(1, status=42), live(2, status=42)]
    assert lost_registrations(before, after, [changing(1, "London", enable=0)]) == []
    assert lost_registrations(before, [], [changing(1, "London")]) == []


def test_a_renamed_trunk_is_named_as_it_is_called_now() -> None:
    given = builders.book(["Trunk ID|Name", "1|Paris"])
    change = judged(given, live(1, "London"))[0]
    (line,) = lost_registrations([live(1, status=1)], [live(1, status=4)], [change])
    assert line.startswith("Paris was up before (idle) and is now registering")


def test_statuses_before_and_after_are_counted_for_what_was_written() -> None:
    written = [changing(1, "London"), changing(2, "Paris")]
    before = [live(1, status=1), live(2, status=1), live(3, status=45)]
    after = [live(1, status=1), live(2, status=77), live(3, status=45)]
    assert status_lines(before, after, written) == ["Status before: 2 idle.", "Status after: 1 idle, 1 status 77."]
    assert not any("," in status for status in STATUSES.values()), "they are told with commas between"


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([outcome(2, Ending.APPLIED)], "1 trunk is up to date."),
        ([outcome(2, Ending.APPLIED), outcome(3, Ending.SKIPPED)], "All 2 trunks are up to date."),
        ([], "0 trunks are up to date."),
        (
            [outcome(2, Ending.UNCHANGED), outcome(3, Ending.NOT_RUN, chosen=False)],
            "1 trunk is up to date. 1 was not chosen.",
        ),
        (
            [
                outcome(2, Ending.FAILED),
                outcome(3, Ending.FAILED),
                outcome(4, Ending.NOT_RUN),
                outcome(5, Ending.APPLIED),
            ],
            "3 of 4 trunks need attention: 2 failed, 1 not run.",
        ),
    ],
)
def test_a_headline_says_how_it_went(outcomes: Sequence[Outcome], words: str) -> None:
    assert run_headline(outcomes) == words


def test_a_plans_headline_says_what_it_would_do() -> None:
    keep = judged(builders.book(["Trunk ID|Hostname", "1|old.example"]), BEFORE)[0]
    write = judged(BOOK, BEFORE)[0]
    off = judged(builders.book(["Trunk ID|Name|Enabled", "1|Paris|no"]), BEFORE)[0]
    problem = Problem(code="trunk-gone", sheet="Trunks", message="Gone.", fix="Look.")
    assert plan_headline(Plan(pbx="x", problems=(problem,))) == "Nothing can be planned yet: see the errors."
    assert plan_headline(Plan(pbx="x")) == "Nothing to do: no trunk is chosen that does not say skip."
    assert plan_headline(Plan(pbx="x", problems=(problem,), changes=(keep,))) == (
        "Nothing would be written: see the errors."
    )
    assert plan_headline(Plan(pbx="x", changes=(keep,))) == "No changes: 1 trunk is already up to date."
    assert plan_headline(Plan(pbx="x", changes=(keep, keep))) == "No changes: 2 trunks are already up to date."
    assert plan_headline(Plan(pbx="x", changes=(keep, write, off))) == (
        "2 trunks would be written, 1 already up to date, 1 renamed, 1 switched off, 1 list entry removed, "
        "1 list put into another order, 1 list replaced on purpose."
    )
    assert plan_headline(Plan(pbx="x", changes=(off,))) == "1 trunk would be written, 1 renamed, 1 switched off."


def test_rows_are_counted_by_ending_and_by_code() -> None:
    given = builders.book(["Trunk ID|Hostname", "1|a.example", "2|b.example", "3|c.example"], ["1|1001|", "2|1002|"])
    tables, records, _ = builders.read(given)
    outcomes = {
        2: outcome(2, Ending.APPLIED, errcode=0, attempts=1),
        3: outcome(3, Ending.REFUSED, errcode=99999, attempts=1),
        4: outcome(4, Ending.NOT_RUN),
    }
    endings = end_rows(tables, records, outcomes, [])
    found_counts = {(sheet, c.ending): rows for c in counts(endings) for sheet, rows in c.rows.items() if rows}
    assert found_counts == {
        ("Trunks", "applied"): 1,
        ("Trunks", "refused"): 1,
        ("Trunks", "not run"): 1,
        ("DIDs", "applied"): 1,
        ("DIDs", "refused"): 1,
    }
    assert len(counts(endings)) == 10
    assert [(c.errcode, c.rows) for c in code_counts(endings)] == [(0, 2), (99999, 2), (None, 1)]
    assert "does not know" in code_counts(endings)[1].meaning
    page = summary(
        title="Results",
        address="https://pbx.example:8088",
        practice=True,
        workbook=given,
        outcomes=outcomes,
        endings=endings,
        facts=[("Run", "id")],
    )
    assert page.headline == "2 of 3 trunks need attention: 1 refused, 1 not run."
    assert dict(page.facts).keys() == {"PBX", "Workbook", "Its SHA-256", "Run", "Who"}
    assert len(page.codes) == 3
    plan_page = summary(
        title="Plan",
        address="x",
        practice=False,
        workbook=given,
        outcomes=outcomes,
        endings=endings,
        facts=[],
        says="So many.",
    )
    assert (plan_page.headline, list(plan_page.codes)) == ("So many.", [])


def answered(given: Workbook, *found_outcomes: Outcome) -> list[AnsweredSheet]:
    tables, records, _ = builders.read(given)
    outcomes = {o.row: o for o in found_outcomes}
    return answered_sheets(given, tables, end_rows(tables, records, outcomes, []), outcomes, secrets_in(given, tables))


def column(sheet_: AnsweredSheet, place: int) -> list[Any]:
    return list(sheet_.columns()[place])


@pytest.mark.parametrize(
    ("ending", "shown"),
    [
        (ending, "<hidden>" if ending in {Ending.APPLIED, Ending.UNCHANGED} else "<type again>")
        for ending in Ending
        if ending is not Ending.BLOCKED
    ],
)
def test_a_password_comes_back_hidden_or_to_be_typed_again(ending: Ending, shown: str) -> None:
    given = builders.book(
        [
            "Trunk ID|Password",
            "1|Sample-one",
            "2|env:SAMPLE_VARIABLE",
            "3| file:/Sample/path",
            "4|",
            ["5", "<hidden>"],
            ["6", 12345.0],
            ["", ""],
            ["7", "<type again>"],
        ]
    )
    (told,) = answered(given, *(outcome(row, ending) for row in (2, 3, 4, 5, 6, 7, 9)))
    assert column(told, 1) == [
        "Password",
        shown,
        "env:SAMPLE_VARIABLE",
        "file:/Sample/path",
        "",
        "<hidden>",
        shown,
        "",
        shown,
    ]


@pytest.mark.parametrize(
    ("header", "hidden"),
    [
        ("#Password", True),
        ("SIP passwords", True),
        ("voicemail-PIN", True),
        ("PINs", True),
        ("old_secret", True),
        ("SIPpassword", True),
        ("Kennwort / Passwort", True),
        ("Passcode2", True),
        ("pwd", True),
        ("SIP-Pwd", True),
        ("SIP Passwd", True),
        ("Kennwörter", True),
        ("Le code secret", True),
        ("Contraseñas", True),
        ("SIP密码", True),
        ("Pass", True),
        ("Pass/Fail", False),
        ("Bypass", False),
        ("Secretary", False),
        ("Spinning", False),
        ("Notes", False),
    ],
)
def test_own_columns_headed_like_a_secret_come_back_hidden(header: str, *, hidden: bool) -> None:
    given = builders.book([["Trunk ID", "Hostname", header], ["1", "a.example", "Sample-x"], ["2", "b.example", ""]])
    (told,) = answered(given, outcome(2, Ending.APPLIED), outcome(3, Ending.APPLIED))
    assert column(told, 2) == [header, "<hidden>" if hidden else "Sample-x", ""]


REMARK = "Remark"


@pytest.mark.parametrize(
    ("password", "said", "shown"),
    [
        ("Sample-one", "Sample-one", "<hidden>"),
        ("Sample-one", "SIP: Sample-one!", "SIP: <hidden>!"),
        ("Sample-one", "xSample-onex", "x<hidden>x"),
        ("Sample-one", "sample-one", "sample-one"),
        ("Sample", "a Sample, Samples", "a <hidden>, Samples"),
        ("471147", 471147.0, "<hidden>"),
        ("471147", "+44 471147", "+44 <hidden>"),
        ("471147", "4711471", "4711471"),
        ("abc", "abc", "abc"),
        ("env:SAMPLE_PASSWORD", "env:SAMPLE_PASSWORD", "env:SAMPLE_PASSWORD"),
    ],
)
def test_a_password_is_hidden_in_the_users_own_cells_wherever_it_stands(password: str, said: Any, shown: str) -> None:
    given = builders.book([["Trunk ID", "Hostname", "Password", REMARK], ["1", "a.example", password, said]])
    (told,) = answered(given, outcome(2, Ending.APPLIED))
    assert column(told, 3) == [REMARK, shown]


def test_a_password_that_was_looked_up_is_hidden_too() -> None:
    given = builders.book(["Trunk ID|Password|Remark", "1|env:SAMPLE_PASSWORD|it is Sample-looked-up"])
    tables, _ = tabulate(given, lambda _: Secret("Sample-looked-up"))
    assert secrets_in(given, tables).hidden("it is Sample-looked-up") == "it is <hidden>"


def test_cells_that_say_what_is_sent_stay_as_they_are_whatever_the_password_is() -> None:
    trunks = sheet("Trunks", "Trunk ID|Name|Password", "1|London|London", "see London||")
    numbers = sheet("DIDs", "Trunk|DID|Note", "London|442079460100|in London", "|||", "London|442079460101|")
    own = sheet("Handover", "Site|London", "London calling|x")
    kept = answered(builders.workbook(trunks, numbers, own), outcome(2, Ending.APPLIED), outcome(3, Ending.INVALID))
    assert [list(cells) for cells in kept[0].columns()][1:] == [["Name", "London", ""], ["Password", "<hidden>", ""]]
    assert [list(cells) for cells in kept[1].columns()][::2] == [
        ["Trunk", "London", "", "London"],
        ["Note", "in <hidden>", "", ""],
    ]
    assert list(kept[2].columns()[0]) == ["Site", "<hidden> calling"]


def test_a_formula_stays_where_only_its_result_is_a_password() -> None:
    raw = RawSheet(
        name="Own",
        columns=[["Sample-one", "Sample-one", "harmless"]],
        formulas={0: {2: "=Trunks!B2", 3: '=IF(TRUE,"harmless","Sample-one")'}},
    )
    given = builders.workbook(sheet("Trunks", "Trunk ID|Password", "1|Sample-one"), raw)
    own = answered(given, outcome(2, Ending.APPLIED))[1]
    assert own.replaced == {0: {1: "<hidden>", 2: "<hidden>", 3: "harmless"}}
    assert own.recalculated == {0: {2}}


def test_own_sheets_are_kept_with_their_secrets_hidden_and_ours_are_not_kept() -> None:
    trunks = sheet("Trunks", "Trunk ID|Hostname", "1|a.example")
    mine = RawSheet(name="Handover", columns=[["Who", "Ann"], ["PIN", "1234"]], first_row=3, first_column=1)
    empty = RawSheet(name="Empty", columns=[])
    old = sheet("Changes", "Sheet|Cell")
    kept = answered(builders.workbook(mine, trunks, empty, old, ours=True), outcome(2, Ending.APPLIED))
    assert [told.raw.name for told in kept] == ["Handover", "Trunks", "Empty"]
    assert [list(cells) for cells in kept[0].columns()] == [["Who", "Ann"], ["PIN", "<hidden>"]]
    assert kept[0].header_row is None
    kept = answered(builders.workbook(mine, trunks, old), outcome(2, Ending.APPLIED))
    assert [told.raw.name for told in kept] == ["Handover", "Trunks", "Changes"]


def test_an_own_column_called_like_one_of_ours_is_kept_as_yours() -> None:
    given = builders.book([["Trunk ID", "Hostname", "Result", "Attempts"], ["1", "a.example", "mine", "3"]])
    (told,) = answered(given, outcome(2, Ending.APPLIED))
    assert told.renamed == {2: "Result (yours)", 3: "Attempts (yours)"}
    assert told.dropped == frozenset()
    again = builders.workbook(
        sheet("Trunks", ["Trunk ID", "Hostname", "Result (yours)", "Result"], ["1", "a.example", "mine", "applied"]),
        ours=True,
    )
    (told,) = answered(again, outcome(2, Ending.APPLIED))
    assert (told.renamed, told.dropped) == ({}, frozenset({3}))


def test_lines_of_a_caller_id_range_and_a_cleared_list_find_their_cells() -> None:
    given = builders.book(["Trunk ID", "1"], ["1|<clear>|"], ["1|range|442079460010-442079460011||1001-1002||"])
    before = live(did_list=dids("1001"))
    change, _, problems = judged(given, before)
    assert [p for p in problems if p.stops] == []
    assert lines(given, change, {}) == [
        ("Trunks!A2", "DID", "1001", "absent", ""),
        ("Caller IDs!C2", "Caller ID", "absent", "442079460010-442079460011 for 1001-1002", ""),
    ]


def test_a_desired_state_without_lists_has_no_lines_for_them() -> None:
    assert not compare(BEFORE, Desired())
