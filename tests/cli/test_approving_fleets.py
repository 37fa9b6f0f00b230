"""The plans of many PBXs as one to be approved: a workbook to sign, a page, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import openpyxl
import pytest

from batch.practice.server import RunningPbx
from tests.cli.shell import FAST, SECRET, Ran, Shell, calls, pbx, write_book

OFFICES = ("berlin", "paris")
ROWS = [("Name", "Hostname", "PBX"), *(("London", "new.example", pbx) for pbx in OFFICES)]


class Approval:
    """Two offices, and what is to be approved."""

    def __init__(self, shell: Shell, folder: Path, offices: dict[str, RunningPbx]) -> None:
        self.shell, self.folder, self.offices = shell, folder, offices
        self.book = write_book(folder / "book.xlsx", ROWS)
        self.profiles = folder / "trunk-batch.toml"
        self.profiles.write_text(
            "".join(f'[{name}]\nurl = "{one.url}"\nclient_id = "script"\n' for name, one in offices.items())
        )

    def __call__(self, command: str, *flags: object) -> Ran:
        return self.shell(command, self.book, "--profile-file", self.profiles, *FAST, *flags)

    def wrote(self) -> list[str]:
        return [name for name, one in self.offices.items() if "trunk/update" in calls(one)]


@pytest.fixture
def approval(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Approval]:
    monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", SECRET)
    with ExitStack() as stack:
        yield Approval(shell, tmp_path, {name: stack.enter_context(pbx()) for name in OFFICES})


def sign(plan: Path) -> Path:
    """Fill in the fields of a plan's Summary."""
    book = openpyxl.load_workbook(plan)
    page = book["Summary"]
    for row in list(page.iter_rows()):
        for cell in row:
            if cell.value in {"Approved by", "Date"}:
                page.cell(cell.row, cell.column + 1).value = "Anna" if cell.value == "Approved by" else "2026-11-30"
    signed = plan.with_name("signed.xlsx")
    book.save(signed)
    return signed


def test_a_plan_of_many_pbxs_that_nobody_signed_is_not_applied(approval: Approval) -> None:
    plan = approval.folder / "plan.xlsx"
    assert approval("plan", "-o", plan).code == 0
    ran = approval("apply", "--yes", "--approved", plan)
    assert ran.code == 4
    assert "plan.xlsx is not signed: Approved by and Date are blank." in ran.err
    assert approval.wrote() == []


def test_what_was_signed_is_applied_only_as_long_as_all_pbxs_are_as_then(approval: Approval) -> None:
    plan = approval.folder / "plan.xlsx"
    approval("plan", "-o", plan)
    signed = sign(plan)
    approval.offices["paris"].state.edit_trunk(1, {"hostname": "other.example"})
    ran = approval("apply", "--yes", "--approved", signed)
    assert (ran.code, approval.wrote()) == (4, [])
    assert "signed.xlsx approves another plan" in ran.err


def test_a_signed_plan_is_applied_and_the_results_say_who_approved_it(approval: Approval) -> None:
    plan = approval.folder / "plan.xlsx"
    approval("plan", "-o", plan)
    ran = approval("apply", "--yes", "--approved", sign(plan))
    assert (ran.code, approval.wrote()) == (0, ["berlin", "paris"])
    results = openpyxl.load_workbook(approval.folder / "book-results.xlsx")
    told = [[cell.value for cell in row if cell.value] for row in results["Summary"].iter_rows()]
    assert ["Approved by", "Anna, 2026-11-30 (signed.xlsx)"] in told


def test_the_workbook_to_sign_names_the_pbx_of_every_trunk_and_what_cannot_be_done(approval: Approval) -> None:
    plan = approval.folder / "plan.xlsx"
    approval.profiles.write_text(approval.profiles.read_text().replace(approval.offices["paris"].url, "http://[::1]:1"))
    assert approval("plan", "-o", plan, "--give-up-after", 0).code == 5
    book = openpyxl.load_workbook(plan)
    assert [row[2] for row in book["Changes"].iter_rows(min_row=2, values_only=True)] == ["London (berlin)"]
    lines = {row[0]: row[2:5] for row in book["PBXs"].iter_rows(values_only=True) if row[0] in OFFICES}
    assert lines == {"berlin": ("planned", 1, 0), "paris": ("not reached", 0, 0)}


def test_the_page_and_the_json_can_be_approved_too(approval: Approval) -> None:
    page = approval.folder / "plan.html"
    ran = approval("plan", "--summary", page, "--json")
    assert "London (berlin)" in page.read_text(encoding="utf-8")
    plan = json.loads(ran.out)
    plan["approval"] |= {"approved_by": "Anna", "date": "2026-11-30"}
    signed = approval.folder / "plan.json"
    signed.write_text(json.dumps(plan, indent=1))
    assert approval("apply", "--yes", "--approved", signed).code == 0
    plan["pbxs"][0]["plan"]["changes"] = []
    signed.write_text(json.dumps(plan))
    assert "was changed after it was made" in approval("apply", "--yes", "--approved", signed).err
