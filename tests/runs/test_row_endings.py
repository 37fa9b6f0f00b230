"""From the outcome of each trunk to one ending for every row."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from batch.pbx.error_codes import FieldFault
from batch.runs.outcomes import (
    AS_WANTED,
    ENDINGS,
    TONES,
    Ending,
    Outcome,
    RowEndings,
    TotalsDiffer,
    end_rows,
    outcomes_without_run,
)
from batch.schema.problems import Problem
from batch.tables.row_results import RowResult
from tests import builders

TRUNKS = ["Trunk ID|Hostname|Port", "1|new.example|5060", "2|new.example|", "3|new.example|"]
DIDS = ["1|442079460001|Main", "1|442079460002|Night", "2|442079460003|", "3|442079460100-442079460199|Many"]
CALLER_IDS = ["1|shared|442079460001|Sales||1001|", "2|range|442079460010-442079460011||1001-1002||"]
NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def ended(outcomes: list[Outcome], problems: list[Problem] | None = None, **sheets: Any) -> RowEndings:
    given = builders.book(sheets.get("trunks", TRUNKS), sheets.get("dids", DIDS), sheets.get("caller_ids", CALLER_IDS))
    tables, records, found = builders.read(given)
    endings = end_rows(tables, records, {o.row: o for o in outcomes}, [*found, *(problems or [])])
    endings.must_add_up(tables, "run/journal.sqlite")
    return endings


def applied(*rows: int, **more: Any) -> list[Outcome]:
    return [Outcome(row=row, ending=Ending.APPLIED, **more) for row in rows]


def words(endings: RowEndings) -> dict[str, list[str]]:
    return {sheet: [rows[row].result for row in sorted(rows)] for sheet, rows in endings.by_sheet.items()}


def said(endings: RowEndings) -> dict[str, list[str]]:
    return {sheet: [rows[row].errmsg for row in sorted(rows)] for sheet, rows in endings.by_sheet.items()}


def test_every_ending_has_its_words_and_its_colour() -> None:
    assert set(ENDINGS) == set(TONES) == set(Ending)
    assert len(Ending) == 10
    assert {Ending.APPLIED, Ending.UNCHANGED, Ending.SKIPPED} == AS_WANTED


@pytest.mark.parametrize("ending", list(Ending))
def test_as_wanted_is_what_leaves_nothing_to_be_done(ending: Ending) -> None:
    assert Outcome(row=2, ending=ending).as_wanted is (ending in AS_WANTED)
    assert Outcome(row=2, ending=ending, chosen=False).as_wanted


def test_all_rows_of_a_trunk_carry_its_ending_its_code_and_its_attempts() -> None:
    outcomes = [
        Outcome(
            row=2,
            ending=Ending.REFUSED,
            errcode=40002,
            errmsg="PARAMETER ERROR",
            http_status=200,
            attempts=2,
            elapsed_ms=70,
            finished_at=NOW,
            note="Correct it.",
        ),
        Outcome(row=3, ending=Ending.SKIPPED),
        Outcome(row=4, ending=Ending.UNCHANGED),
    ]
    endings = ended(outcomes)
    assert words(endings) == {
        "Trunks": ["refused", "skipped", "unchanged"],
        "Caller IDs": ["refused", "skipped"],
        "DIDs": ["refused", "refused", "skipped", "unchanged"],
    }
    first, second = endings.by_sheet["DIDs"][2], endings.by_sheet["DIDs"][3]
    assert first is second
    assert first.cells == (
        "refused",
        "Correct it.",
        40002,
        "PARAMETER ERROR",
        200,
        2,
        70,
        f"{NOW.astimezone():%Y-%m-%d %H:%M:%S}",
    )
    assert endings.by_sheet["Trunks"][3].cells == ("skipped", "Nothing.", None, "", None, None, None, "")
    assert endings.total() == {"refused": 4, "skipped": 3, "unchanged": 2}
    assert endings.counts()["Caller IDs"] == {"refused": 1, "skipped": 1}


def test_the_row_at_fault_is_invalid_and_the_others_of_its_trunk_are_blocked() -> None:
    dids = [*DIDS[:1], "1|not a number!|", *DIDS[2:]]
    endings = ended([Outcome(row=2, ending=Ending.INVALID), *applied(3, 4)], dids=dids)
    assert words(endings) == {
        "Trunks": ["blocked", "applied", "applied"],
        "Caller IDs": ["blocked", "applied"],
        "DIDs": ["blocked", "invalid", "applied", "applied"],
    }
    assert endings.by_sheet["DIDs"][3].what_to_do.startswith("B3: ")
    assert endings.by_sheet["Trunks"][2].what_to_do == "Correct DIDs!B3, then have it run again."


def test_a_notice_makes_no_row_invalid_nor_does_a_problem_of_a_trunk_that_ended_otherwise() -> None:
    problem = Problem(code="trunk-gone", sheet="Trunks", row=3, column=0, message="Gone.", fix="Look.")
    notice = Problem(code="own-column", sheet="Trunks", row=2, column=0, message="Yours.", fix="Nothing.")
    nobodys = Problem(code="header-missing", sheet="DIDs", row=1, column=0, message="No.", fix="Add.")
    outcomes = [Outcome(row=2, ending=Ending.INVALID), *applied(3, 4)]
    endings = ended(outcomes, [problem, notice, nobodys])
    assert words(endings)["Trunks"] == ["blocked", "applied", "applied"]


def test_every_problem_of_a_row_is_told_and_every_cell_at_fault_beside_the_others() -> None:
    problems = [
        Problem(code="trunk-gone", sheet="Trunks", row=2, column=0, message="First.", fix="A."),
        Problem(code="name-taken", sheet="Trunks", row=2, column=1, message="Second.", fix="B."),
        Problem(code="not-a-number", sheet="Trunks", row=2, column=2, message="Third.", fix="C."),
        Problem(code="not-a-number", sheet="Trunks", row=2, column=2, message="Third.", fix="C."),
        *(
            Problem(code="did-twice", sheet="DIDs", row=r, column=1, trunk=2, message="No.", fix="D.")
            for r in range(3, 9)
        ),
    ]
    endings = ended([Outcome(row=2, ending=Ending.INVALID), *applied(3, 4)], problems)
    assert endings.by_sheet["Trunks"][2].what_to_do == "A2: First. A. B2: Second. B. C2: Third. C."
    assert endings.by_sheet["DIDs"][2].what_to_do == (
        "Correct DIDs!B3, DIDs!B4, DIDs!B5, DIDs!B6, DIDs!B7 and 1 more, then have it run again."
    )


def refused(*faults: FieldFault, row: int = 2) -> list[Outcome]:
    outcome = Outcome(row=row, ending=Ending.REFUSED, errcode=40002, errmsg="PARAMETER ERROR", faults=faults)
    return [outcome, *applied(*({2, 3, 4} - {row}))]


def test_an_entry_named_by_the_pbx_is_quoted_at_its_row_and_the_others_point_to_it() -> None:
    endings = ended(refused(FieldFault(field="did", value="442079460002", validation_type="format")))
    pointer = "PARAMETER ERROR: see DIDs!B3"
    assert said(endings) == {
        "Trunks": [pointer, "", ""],
        "Caller IDs": [pointer, ""],
        "DIDs": [pointer, 'PARAMETER ERROR: did "442079460002" (format) (DIDs!B3)', "", ""],
    }


@pytest.mark.parametrize(
    ("fault", "sheet", "row", "quote"),
    [
        (FieldFault(field="did_name", value="Night"), "DIDs", 3, 'did_name "Night" (DIDs!C3)'),
        (FieldFault(field="did_list[1].did", value=442079460002), "DIDs", 3, ' "442079460002" (DIDs!B3)'),
        (FieldFault(field="outbound_cid", value="442079460001"), "Caller IDs", 2, " (Caller IDs!C2)"),
        (FieldFault(field="outbound_cid_name", value="Sales"), "Caller IDs", 2, " (Caller IDs!D2)"),
        (FieldFault(field="hostname", value="new.example"), "Trunks", 2, 'hostname "new.example" (Trunks!B2)'),
        (FieldFault(field="hostname"), "Trunks", 2, ": hostname (Trunks!B2)"),
    ],
)
def test_what_is_named_is_found_on_its_sheet(fault: FieldFault, sheet: str, row: int, quote: str) -> None:
    result = ended(refused(fault)).by_sheet[sheet][row]
    assert result.errmsg.endswith(quote)


def test_a_number_out_of_a_written_out_range_is_quoted_at_the_ranges_row() -> None:
    endings = ended(refused(FieldFault(field="did", value="442079460150"), row=4))
    assert endings.by_sheet["DIDs"][5].errmsg == 'PARAMETER ERROR: did "442079460150" (DIDs!B5)'
    assert endings.by_sheet["Trunks"][4].errmsg == "PARAMETER ERROR: see DIDs!B5"


def test_all_that_is_named_in_one_row_is_quoted_there() -> None:
    endings = ended(refused(FieldFault(field="hostname", value="new.example"), FieldFault(field="port", value=5060)))
    assert endings.by_sheet["Trunks"][2].errmsg == (
        'PARAMETER ERROR: hostname "new.example" (Trunks!B2); port "5060" (Trunks!C2)'
    )


@pytest.mark.parametrize("value", [[{"did": "442079460002"}], {"did": 1}, [], {}, None, "", 0, True, 1.5])
def test_whatever_value_the_pbx_quotes_no_row_is_lost(value: Any) -> None:
    endings = ended(refused(FieldFault(field="did_list", value=value)))
    shown = f' "{value}"' if value not in (None, "") and not isinstance(value, dict | list) else ""
    assert set(said(endings)["DIDs"][:2]) == {f"PARAMETER ERROR: did_list{shown}"}


@pytest.mark.parametrize("fault", [FieldFault(field="did", value="000"), FieldFault(field="whatever", value="x")])
def test_what_cannot_be_found_in_the_workbook_is_quoted_everywhere(fault: FieldFault) -> None:
    endings = ended(refused(fault))
    assert set(said(endings)["Caller IDs"]) == {f'PARAMETER ERROR: {fault.field} "{fault.value}"', ""}


def test_a_row_that_empties_a_list_points_to_the_cell_as_well() -> None:
    endings = ended(
        refused(FieldFault(field="hostname", value="new.example")), dids=["1|<clear>|"], caller_ids=["1|shared|<clear>"]
    )
    assert said(endings)["DIDs"] == said(endings)["Caller IDs"] == ["PARAMETER ERROR: see Trunks!B2"]


def test_a_field_of_a_sheet_that_the_workbook_lacks_is_quoted_everywhere() -> None:
    endings = ended(
        refused(FieldFault(field="did", value="1"), FieldFault(field="outbound_cid")), dids=[], caller_ids=[]
    )
    assert endings.by_sheet["Trunks"][2].errmsg == 'PARAMETER ERROR: did "1", outbound_cid'


@pytest.mark.parametrize("missing", [2, 3, 4])
def test_totals_that_differ_are_never_a_green_summary(missing: int) -> None:
    given = builders.book(TRUNKS, DIDS, CALLER_IDS)
    tables, records, _ = builders.read(given)
    outcomes = {o.row: o for o in applied(2, 3, 4) if o.row != missing}
    with pytest.raises(TotalsDiffer) as caught:
        end_rows(tables, records, outcomes, []).must_add_up(tables, "run/journal.sqlite")
    assert (caught.value.exit_code, caught.value.code) == (1, "totals-differ")
    assert f"the rows of Trunks: look at row {missing}." in caught.value.message
    assert "run/journal.sqlite" in caught.value.hint


def test_a_row_too_many_is_found_as_well() -> None:
    tables, records, _ = builders.read(builders.book(TRUNKS))
    endings = end_rows(tables, records, {o.row: o for o in applied(2, 3, 4)}, [])
    extra = RowResult(result="applied", tone=TONES[Ending.APPLIED])
    more = replace(endings, by_sheet={**endings.by_sheet, "DIDs": {2: extra}})
    with pytest.raises(TotalsDiffer, match="the rows of DIDs: look at row 2"):
        more.must_add_up(tables, "run/journal.sqlite")


def test_trunks_that_are_never_sent_have_their_outcome_without_a_run() -> None:
    lines = ["Trunk ID|Hostname|Action", "1|a.example|", "2|b.example|skip", "3|c.example|", "4|d.example|skip"]
    _, records, _ = builders.read(builders.book([*lines, "5|e.example|skip"]))
    problems = [
        Problem(code="not-a-number", sheet=sheet, row=7, column=column, trunk=trunk, message="No.", fix="Yes.")
        for sheet, column, trunk in (("Trunks", 1, 4), ("DIDs", 1, 4), ("DIDs", 2, 5))
    ]
    found = outcomes_without_run(records.trunks, problems, frozenset({6}))
    assert [(o.row, o.trunk_id, str(o.ending), o.note, o.chosen) for o in found] == [
        (3, 2, "skipped", "", True),
        (4, 3, "invalid", "Correct Trunks!B7, DIDs!B7.", True),
        (5, 4, "skipped", "", True),
        (6, 5, "skipped", "", True),
    ]


def test_a_row_that_is_as_wanted_quotes_no_time_out_of_the_way_there() -> None:
    endings = ended(
        [*applied(2, errmsg="timed out after 30 s", attempts=1), *applied(3, 4, errcode=0, errmsg="SUCCESS")]
    )
    rows = endings.by_sheet["Trunks"]
    assert (rows[2].errcode, rows[2].errmsg) == (None, "")
    assert rows[2].what_to_do == "Nothing. No clear answer came, but it was read, and holds all of it."
    assert (rows[3].errcode, rows[3].errmsg, rows[3].what_to_do) == (0, "SUCCESS", "Nothing.")
