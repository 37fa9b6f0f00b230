"""An export end to end, edited by a person while somebody else works on the PBX."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batch.commands.connection import PRACTICE, Connection
from batch.commands.plan import foreign, is_same
from batch.schema.file_metadata import FileMetadata
from tests.builders import book, read
from tests.flows.shell import CLIENT_SECRET, Bench, Ran, lines_of, pbx, register, run, serving

LONDON = register(8, "London", "100", "200", "300", domain="d.example")
PARIS = register(9, "Paris", "400")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bench]:
    """Serve a PBX and export it."""
    with serving(tmp_path / "book.xlsx", pbx(deepcopy([LONDON, PARIS]))) as served:
        where = ("--url", served.pbx.url, "--client-id", "practice")
        secret = {"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET}
        assert run("export", "-o", served.workbook, *where, environment=secret).code == 0
        yield served


def edit(there: Bench, *cells: tuple[str, str, str | None]) -> None:
    """Type into cells: sheet, header and row, what is typed."""
    made = openpyxl.load_workbook(there.workbook)
    for sheet, place, text in cells:
        header, row = place.rsplit(" ", 1)
        page = made[sheet]
        (column,) = [cell.column for cell in page[1] if cell.value in {header, f"{header} *"}]
        page.cell(int(row), column).value = text
    made.save(there.workbook)


def held(there: Bench, number: int = 8) -> dict[str, Any]:
    return there.pbx.state.trunks[number]


def numbers(there: Bench) -> list[str]:
    return [entry["did"] for entry in held(there)["did_list"]]


def trunk(planned: Ran, name: str = "London") -> dict[str, Any]:
    (found,) = [change for change in planned.json["changes"] if change["trunk"]["name"] == name]
    return dict(found)


def test_what_only_one_side_changed_is_taken_from_it(there: Bench) -> None:
    edit(there, ("Trunks", "Hostname 2", "mine.example"), ("DIDs", "DID name 3", "Desk"))
    held(there).update(domain="theirs.example", name="Londinium")
    held(there)["did_list"] = [{"did": "900", "did_name": ""}, *held(there)["did_list"][1:]]
    planned = there.run("plan", "--json")
    assert planned.code == 0, planned.out
    change = trunk(planned, "Londinium")
    assert change["fields"] == {"hostname": ["old.example", "mine.example"]}
    assert change["dids"]["renamed"] == [{"did": "200", "old": "", "new": "Desk"}]
    assert change["left_alone"]["fields"] == {
        "name": ["London", "Londinium"],
        "domain": ["d.example", "theirs.example"],
    }
    assert [entry["did"] for entry in change["left_alone"]["dids"]["added"]] == ["900"]
    assert [entry["did"] for entry in change["left_alone"]["dids"]["removed"]] == ["100"]
    assert "left_alone" not in trunk(planned, "Paris")
    assert there.apply().code == 0
    assert (held(there)["name"], held(there)["domain"]) == ("Londinium", "theirs.example")
    assert (held(there)["hostname"], numbers(there)) == ("mine.example", ["900", "200", "300"])
    again = there.run("plan", "--json")
    assert (again.code, trunk(again, "Londinium")["kind"]) == (0, "keep")


def test_people_read_what_was_left_alone_by_the_columns_labels(there: Bench) -> None:
    edit(there, ("Trunks", "Outbound proxy 2", "yes"), ("Trunks", "Domain 2", "<clear>"))
    held(there).update(enable=0, port=5070)
    said = there.run("plan").out
    for line in (
        "    Domain: d.example → (blank)",
        "    Outbound proxy: (blank) → yes",
        "Only the PBX changed this since the export, so it is left alone:",
        "    Enabled: yes → no",
        "    Port: 5060 → 5070",
    ):
        assert line in said.splitlines()


def test_a_conflict_stops_everything_until_it_is_allowed_and_then_the_workbook_wins(there: Bench) -> None:
    edit(there, ("Trunks", "Hostname 2", "mine.example"), ("DIDs", "DID name 2", "Mine"))
    held(there).update(hostname="theirs.example")
    held(there)["did_list"][0] = {"did": "100", "did_name": "Theirs"}
    planned = there.run("plan", "--json")
    assert planned.code == 4
    assert [
        {key: value for key, value in hazard.items() if key not in {"message", "flag", "allowed"}}
        for hazard in planned.json["hazards"]
    ] == [
        {
            "code": "conflicts",
            "trunk": "London",
            "sheet": "Trunks",
            "cell": "F2",
            "base": "old.example",
            "live": "theirs.example",
            "yours": "mine.example",
        },
        {
            "code": "conflicts",
            "trunk": "London",
            "sheet": "DIDs",
            "cell": "C2",
            "base": "",
            "live": "Theirs",
            "yours": "Mine",
        },
    ]
    assert there.apply().code == 4
    assert there.apply("--allow", "conflicts=Paris").code == 4
    assert there.writes() == []
    applied = there.apply("--allow", "conflicts=London")
    assert applied.code == 0, applied.err
    assert (held(there)["hostname"], held(there)["did_list"][0]["did_name"]) == ("mine.example", "Mine")


def test_people_read_every_cell_in_conflict_with_the_flag_that_allows_it_once(there: Bench) -> None:
    edit(there, ("Trunks", "Hostname 2", "mine.example"), ("Trunks", "Enabled 2", "no"), ("Trunks", "Port 2", "1"))
    held(there).update(hostname="theirs.example", port=2)
    ran = there.run("plan")
    assert ran.code == 4
    lines = ran.out.splitlines()
    at = lines.index("HAZARD  London: 2 cells were changed both in the workbook and on the PBX since the export.")
    assert lines[at + 1] == (
        "    Trunks!F2: Hostname of London was old.example at the export, is theirs.example on the PBX now, "
        "and is mine.example in the workbook."
    )
    assert lines[at + 2 : at + 4] == [
        "    Trunks!G2: Port of London was 5060 at the export, is 2 on the PBX now, and is 1 in the workbook.",
        "    Correct the cells, or export anew. To let the workbook win: --allow conflicts=London",
    ]
    allowed = there.run("plan", "--allow", "conflicts")
    assert allowed.code == 0
    assert "since the export (allowed: the workbook wins)." in allowed.out


def test_a_change_between_plan_and_write_is_seen_as_ever(there: Bench) -> None:
    edit(there, ("DIDs", "DID name 2", "Mine"))
    digest = there.run("plan", "--json").json["digest"]
    held(there)["did_list"].append({"did": "900", "did_name": ""})
    assert there.apply("--expect", digest).code == 4
    assert there.apply().code == 0
    assert numbers(there) == ["100", "200", "300", "900"]


def test_rows_that_were_all_deleted_leave_the_list_alone_and_are_told(there: Bench) -> None:
    made = openpyxl.load_workbook(there.workbook)
    made["DIDs"].delete_rows(2, 3)
    made.save(there.workbook)
    planned = there.run("plan", "--json")
    assert (planned.code, trunk(planned)["kind"]) == (0, "keep")
    (notice,) = [problem for problem in planned.json["problems"] if problem["code"] == "rows-all-gone"]
    assert (notice["severity"], notice["sheet"], notice["cell"]) == ("notice", "Trunks", "A2")
    assert notice["message"] == (
        "All 3 rows of London on the sheet DIDs were deleted since the export; the DIDs of the trunk stay as they are."
    )


def test_a_run_that_is_gone_on_with_still_knows_what_was_exported(there: Bench) -> None:
    edit(there, ("Trunks", "Hostname 2", "mine.example"), ("Trunks", "Hostname 3", "mine.example"))
    ran = there.apply("--first", "1")
    assert ran.code == 0
    held(there, 9).update(domain="theirs.example")
    assert there.resume().code in {0, 5}
    assert there.apply().code == 0
    assert (held(there, 9)["hostname"], held(there, 9)["domain"]) == ("mine.example", "theirs.example")


def test_an_export_of_another_pbx_is_a_problem_that_cannot_be_skipped(there: Bench, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "book.xlsx"
    moved.parent.mkdir()
    shutil.copy(there.workbook, moved)
    with serving(moved, pbx(deepcopy([LONDON, PARIS]))) as other:
        planned = other.run("plan", "--json", "--skip-invalid")
        assert planned.code == 3
        (problem,) = [problem for problem in planned.json["problems"] if problem["severity"] == "problem"]
        assert (problem["code"], problem["sheet"], problem["cell"]) == ("base-elsewhere", "Trunks", "A1")
        assert there.pbx.url in problem["message"]
        assert other.pbx.url in problem["message"]
        assert other.apply("--skip-invalid").code == 3
        assert other.writes() == []


def test_an_export_is_rehearsed_on_a_practice_pbx_that_holds_what_was_exported(there: Bench) -> None:
    edit(there, ("Trunks", "Hostname 2", "mine.example"))
    ran = run("plan", there.workbook, "--practice", "--json")
    assert ran.code == 0, ran.out
    assert "base-practice" in [problem["code"] for problem in ran.json["problems"]]
    assert trunk(ran)["fields"] == {"hostname": ["old.example", "mine.example"]}
    assert trunk(ran, "Paris")["kind"] == "keep"


def test_what_was_exported_from_a_practice_pbx_is_for_no_real_one() -> None:
    tables, _, _ = read(book(["Name", "London"]))
    base = FileMetadata(pbx=PRACTICE, made_at="2026-11-23T02:14:07+01:00")
    real = Connection(client=None, address="https://pbx.example", practice=False, place="")  # type: ignore[arg-type] # nothing is asked
    (problem,) = foreign(base, real, tables)
    assert (problem.code, problem.trunk, problem.cell) == ("base-elsewhere", None, "A1")
    assert problem.message == (
        "This workbook was exported from PRACTICE PBX on 2026-11-23 02:14, not from https://pbx.example, "
        "so it does not tell what changed on this one since."
    )
    rehearsal = Connection(client=None, address=PRACTICE, practice=True, place="")  # type: ignore[arg-type] # nothing is asked
    assert foreign(base, rehearsal, tables) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://PBX.example:443/", "https://pbx.example", True),
        ("pbx.example:8088", "https://pbx.example:8088/openapi/v1.0", True),
        ("https://pbx.example:8088", "https://pbx.example:8089", False),
        ("", "https://pbx.example", False),
        ("not an address", "NOT AN ADDRESS ", True),
    ],
)
def test_one_pbx_is_known_however_its_address_is_spelled(one: str, other: str, *, same: bool) -> None:
    assert is_same(one, other) is same


def test_the_plans_workbook_says_what_was_left_alone_and_what_is_in_conflict(there: Bench, tmp_path: Path) -> None:
    edit(there, ("Trunks", "Hostname 2", "mine.example"))
    held(there).update(hostname="theirs.example", enable=0)
    there.run("plan", "-o", tmp_path / "plan.xlsx")
    said = [str(cell) for line in lines_of(tmp_path / "plan.xlsx", "Summary") for cell in line if cell]
    assert "London: only the PBX changed Enabled (yes → no) since the export; left alone." in said
    assert any("Trunks!F2: Hostname of London was old.example" in cell for cell in said)


def test_a_name_that_another_trunk_bears_by_now_is_asked_about(there: Bench) -> None:
    edit(there, ("Trunks", "Trunk ID 2", None), ("Trunks", "Hostname 2", "mine.example"))
    held(there).update(name="London-2")
    held(there, 9).update(name="London")
    refused = there.apply("--yes")
    assert refused.code == 3
    assert there.writes() == []
    assert ("trunk-ambiguous", "C2") in [(problem["code"], problem["cell"]) for problem in refused.json["problems"]]


def test_results_may_be_sorted_and_what_is_finished_stays_as_it_is(there: Bench) -> None:
    edit(there, ("Trunks", "Port 2", "5099"), ("Trunks", "DIDs mode 2", "replace"))
    assert there.apply("--yes").code == 0
    before = len(there.writes())
    made = openpyxl.load_workbook(there.results)
    page = made["DIDs"]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
    for number, row in enumerate(reversed(rows), 2):
        for column, value in enumerate(row, 1):
            page.cell(number, column).value = value
    made.save(there.results)
    again = there.run("apply", "--yes", workbook=there.results)
    assert again.code == 0
    assert len(there.writes()) == before
    assert numbers(there) == ["100", "200", "300"]
