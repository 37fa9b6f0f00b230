"""A plan goes out to be approved, and comes back signed: accepted for what it was signed for, and for nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from batch.practice.server import RunningPbx
from batch.runs.journal_reader import read_history
from tests.cli.json_schema import faults
from tests.cli.shell import DIDS, TRUNKS, Ran, Shell, at, calls, ending_of, last_run, pbx, plan_at, rows_of, write_book
from tests.office import saved_again

FULL = {"Approved by": "Ann Lee", "Date": "2026-11-29", "Ticket": "CHG-7"}
NO = {"call": "trunk/update", "match": {"id": 2}, "do": "errcode", "errcode": 10009}

pytestmark = pytest.mark.usefixtures("secret")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_book(tmp_path / "book.xlsx", trunks=TRUNKS, dids=DIDS)


def sign(path: Path, fields: dict[str, Any] | None = None, change: Callable[[Any], object] = str) -> Path:
    """Fill in the fields of a plan in a spreadsheet program, and do what else somebody did to it."""
    book = load_workbook(path)
    for row in book["Summary"].iter_rows():
        if row[0].value in FULL:
            row[1].value = (FULL if fields is None else fields).get(str(row[0].value))
    change(book)
    book.save(path)
    return path


def planned(shell: Shell, book: Path, served: RunningPbx, *flags: object) -> Path:
    path = book.with_name("plan.xlsx")
    assert shell("plan", book, *plan_at(served), *flags, "-o", path).code in {0, 4}
    return path


def printed(shell: Shell, book: Path, served: RunningPbx, **approval: str) -> Path:
    path = book.with_name("plan.json")
    plan = shell("plan", book, *plan_at(served), "--json").json
    plan["approval"] |= approval
    path.write_text(json.dumps(plan, indent=4), encoding="utf-8-sig")
    return path


def apply(shell: Shell, book: Path, served: RunningPbx, signed: Path, *flags: object) -> Ran:
    return shell("apply", book, *at(served), "--yes", "--approved", signed, *flags)


def refused(ran: Ran, served: RunningPbx, says: str, then: str) -> None:
    assert ran.code == 4, ran.out + ran.err
    assert says in ran.err
    assert then in ran.err
    assert "trunk/update" not in calls(served)


def test_a_signed_plan_is_applied_and_who_signed_is_recorded_everywhere(shell: Shell, book: Path) -> None:
    with pbx() as served:
        signed = sign(planned(shell, book, served))
        ran = apply(shell, book, served, signed, "--json")
    assert ran.code == 0
    assert set(ending_of(ran).values()) == {"applied"}
    said = "Ann Lee, 2026-11-29, ticket CHG-7 (plan.xlsx)"
    run = last_run(book)
    approval = read_history(run).facts["approval"]
    assert (approval["approved_by"], approval["date"], approval["ticket"]) == ("Ann Lee", "2026-11-29", "CHG-7")
    assert (run / "approved.xlsx").read_bytes() == signed.read_bytes()
    assert said in [cell for row in rows_of(Path(ran.json["results"]), "Summary") for cell in row]
    assert said in (run / "summary.html").read_text(encoding="utf-8")
    assert f"Approved by: {said}" in shell("status", run).out.splitlines()
    status = shell("status", run, "--json").json
    assert status["approval"]["approved_by"] == "Ann Lee"
    assert faults("status", status) == []


def test_resume_keeps_who_signed(shell: Shell, book: Path) -> None:
    with pbx(faults=[{**NO, "times": 1}]) as served:
        signed = sign(planned(shell, book, served))
        assert apply(shell, book, served, signed, "--attempts", 1).code == 5
        signed.unlink()
        results = book.with_name("book-results.xlsx")
        results.unlink()
        ran = shell("resume", last_run(book), "--yes", "--json")
    assert "Ann Lee, 2026-11-29, ticket CHG-7 (plan.xlsx)" in [
        cell for row in rows_of(Path(ran.json["results"]), "Summary") for cell in row
    ]


def test_the_signature_may_have_a_date_cell_and_no_ticket_and_rows_may_be_sorted(shell: Shell, book: Path) -> None:
    def sort(workbook: Any) -> None:
        sheet = workbook["Changes"]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        for number, row in enumerate(reversed(rows), 2):
            for column, value in enumerate(row, 1):
                sheet.cell(number, column).value = value

    with pbx() as served:
        signed = sign(planned(shell, book, served), {"Approved by": "Ann Lee", "Date": date(2026, 11, 29)}, sort)
        assert apply(shell, book, served, signed).code == 0
    assert read_history(last_run(book)).facts["approval"]["date"] == "2026-11-29"
    assert read_history(last_run(book)).facts["approval"]["ticket"] == ""


@pytest.mark.libreoffice
@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_a_signed_plan_may_have_been_saved_by_another_program(shell: Shell, book: Path, ending: str) -> None:
    with pbx() as served:
        (saved,) = saved_again([sign(planned(shell, book, served))], book.with_name("saved"), ending)
        assert apply(shell, book, served, saved).code == 0


def test_a_printed_plan_is_signed_in_its_approval(shell: Shell, book: Path) -> None:
    with pbx() as served:
        signed = printed(shell, book, served, approved_by="Ann Lee", date="2026-11-29")
        ran = apply(shell, book, served, signed)
    assert ran.code == 0
    assert read_history(last_run(book)).facts["approval"]["plan"] == "plan.json"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_a_plan_that_a_shell_kept_is_read_in_its_encoding(shell: Shell, book: Path, encoding: str) -> None:
    with pbx() as served:
        signed = printed(shell, book, served, approved_by="Zoë", date="2026-11-29")
        signed.write_text(signed.read_text(encoding="utf-8-sig"), encoding=encoding)
        ran = apply(shell, book, served, signed)
    assert ran.code == 0
    assert "Approved by Zoë, 2026-11-29 (plan.json)." in ran.err


@pytest.mark.parametrize(
    ("fields", "blank"),
    [
        ({}, "Approved by and Date are blank"),
        ({"Approved by": "Ann"}, "Date is blank"),
        ({"Approved by": "  ", "Date": "2026-11-29"}, "Approved by is blank"),
    ],
)
def test_an_unsigned_plan_is_refused(shell: Shell, book: Path, fields: dict[str, str], blank: str) -> None:
    with pbx() as served:
        ran = apply(shell, book, served, sign(planned(shell, book, served), fields))
        refused(ran, served, f"plan.xlsx is not signed: {blank}.", "fills in Approved by and Date on its sheet Summary")


def test_an_unsigned_printed_plan_is_refused(shell: Shell, book: Path) -> None:
    with pbx() as served:
        ran = apply(shell, book, served, printed(shell, book, served, approved_by="Ann"))
        refused(ran, served, "plan.json is not signed: Date is blank.", 'Fill in "approved_by" and "date"')


def test_the_sheet_changes_says_what_is_or_becomes_blank(shell: Shell, book: Path) -> None:
    write_book(book, trunks=(("Name", "Default caller ID"), ("London", "442079460100")), dids=DIDS[:1])
    with pbx() as served:
        changes = load_workbook(planned(shell, book, served))["Changes"]
    assert [cell.value for cell in changes[2]][3:] == ["Default caller ID", "(blank)", "442079460100"]


@pytest.mark.parametrize(
    ("sheet", "cell"), [("Changes", "F2"), ("Summary", "A2"), ("Problems", "A1"), ("Summary", "H40")]
)
def test_a_plan_that_was_changed_is_refused(shell: Shell, book: Path, sheet: str, cell: str) -> None:
    def change(workbook: Any) -> None:
        workbook[sheet][cell] = "something else"

    with pbx() as served:
        ran = apply(shell, book, served, sign(planned(shell, book, served), None, change))
        refused(
            ran,
            served,
            f"plan.xlsx was changed after it was made: the sheet {sheet} is not as the plan wrote it. "
            "Only Approved by, Date and Ticket may be filled in.",
            "Make the plan anew and have that one signed: trunk-batch plan",
        )


def test_a_plan_that_lost_a_sheet_is_refused(shell: Shell, book: Path) -> None:
    with pbx() as served:
        signed = sign(planned(shell, book, served), None, lambda workbook: workbook.remove(workbook["Changes"]))
        refused(apply(shell, book, served, signed), served, "the sheet Changes is not as the plan wrote it", "anew")


def test_a_printed_plan_that_was_changed_is_refused(shell: Shell, book: Path) -> None:
    with pbx() as served:
        signed = printed(shell, book, served, approved_by="Ann", date="today")
        text = signed.read_text(encoding="utf-8-sig")
        signed.write_text(text.replace("new.carrier.example", "evil.example"), encoding="utf-8")
        ran = apply(shell, book, served, signed)
        refused(ran, served, "plan.json was changed after it was made", " --rate 1000 --settle-wait 0 --json")


def test_another_workbook_is_refused(shell: Shell, book: Path) -> None:
    with pbx() as served:
        signed = sign(planned(shell, book, served))
        write_book(book, trunks=(*TRUNKS[:2],))
        ran = apply(shell, book, served, signed)
        refused(
            ran,
            served,
            "plan.xlsx approves another workbook than book.xlsx",
            f"{signed.with_name('plan (2).xlsx')}",
        )


def test_another_pbx_is_refused(shell: Shell, book: Path) -> None:
    with pbx() as served, pbx() as other:
        signed = sign(planned(shell, book, served))
        ran = apply(shell, book, other, signed)
        refused(ran, other, f"plan.xlsx approves a plan for {served.url}; this is {other.url}.", "Make the plan anew")


def test_another_plan_is_refused(shell: Shell, book: Path) -> None:
    with pbx() as served:
        signed = sign(planned(shell, book, served))
        refused(
            apply(shell, book, served, signed, "--only", "London"),
            served,
            "plan.xlsx approves another plan: its digest is",
            "It may be applied already, the PBX may have changed since, or other trunks are chosen.",
        )


def test_a_refusal_is_one_object_for_programs(shell: Shell, book: Path) -> None:
    with pbx() as served:
        ran = apply(shell, book, served, planned(shell, book, served), "--json")
    assert (ran.code, ran.error["code"]) == (4, "approval-refused")


@pytest.mark.parametrize("name", ["book.xlsx", "notes.txt", "none.xlsx", "empty.json"])
def test_what_is_no_plan_is_wrong_usage(shell: Shell, book: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("yes, go on", encoding="utf-8")
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    ran = shell("apply", book, "--practice", "--yes", "--approved", tmp_path / name)
    assert ran.code == 2
    assert f"{name} is no plan that can be read." in ran.err


def test_the_command_on_a_plan_allows_its_hazards_and_runs_as_printed(shell: Shell, book: Path) -> None:
    live = ({"id": 1, "name": "London", "did_list": [{"did": "1"}, {"did": "2"}]}, {"id": 2, "name": "Paris"})
    with pbx(*live) as served:
        plan = planned(shell, book, served)
        said = [cell for row in rows_of(plan, "Summary") for cell in row if isinstance(cell, str)]
        (typed,) = (text for text in said if text.startswith("trunk-batch apply"))
        assert (
            f"--allow removals=London --allow did-orphaned=London --allow size --rate 1000 --approved {plan}" in typed
        )
        assert any(re.fullmatch("about [0-9]+ s", text) for text in said)
        assert any("NOT ALLOWED YET: London would lose 2 DIDs" in text for text in said)
        sign(plan)
        ran = apply(shell, book, served, plan)
        refused(ran, served, "", "")
        offered = ran.out.splitlines()[-1]
        assert offered.startswith(f"To apply what was signed: trunk-batch apply {book} ")
        assert "--allow removals=London" in offered
        assert f"--approved {plan}" in offered
        assert shell(*typed.split()[1:], "--settle-wait", 0, "--yes").code == 0


def test_a_plan_with_problems_cannot_be_signed(shell: Shell, tmp_path: Path) -> None:
    wrong = write_book(tmp_path / "wrong.xlsx", trunks=[("Name", "Port"), ("London", "many")])
    with pbx() as served:
        assert shell("plan", wrong, *plan_at(served), "-o", tmp_path / "plan.xlsx").code == 3
    said = [cell for row in rows_of(tmp_path / "plan.xlsx", "Summary") for cell in row]
    assert "This cannot be approved: the workbook has 1 error, and nothing is sent until it is corrected." in said
    assert "Approved by" not in said


class TestDetailedExitCode:
    def test_10_where_something_would_be_written_and_0_where_nothing(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            ran = shell("plan", book, *plan_at(served), "--detailed-exitcode", "--json")
            assert (ran.code, ran.json["exit_code"]) == (10, 10)
            assert shell("plan", book, *plan_at(served)).code == 0
            shell("apply", book, *at(served), "--yes")
            assert shell("plan", book, *plan_at(served), "--detailed-exitcode").code == 0

    def test_3_and_4_as_ever(self, shell: Shell, book: Path, tmp_path: Path) -> None:
        live = ({"id": 1, "name": "London", "did_list": [{"did": "1"}]}, {"id": 2, "name": "Paris"})
        wrong = write_book(tmp_path / "wrong.xlsx", trunks=[("Name", "Port"), ("London", "many")])
        with pbx(*live) as served:
            assert shell("plan", book, *plan_at(served), "--detailed-exitcode").code == 4
            assert shell("plan", wrong, *plan_at(served), "--detailed-exitcode").code == 3

    def test_it_is_in_the_help_and_explained(self, shell: Shell) -> None:
        assert "--detailed-exitcode" in shell("plan", "--help").out
        assert "--detailed-exitcode" in shell("explain", "exit", "code", "10").out
