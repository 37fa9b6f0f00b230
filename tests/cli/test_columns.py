"""A workbook that is laid out otherwise, mapped by a file that the tool guesses and the user corrects."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from tests.cli.shell import Shell, at, ending_of, last_run, pbx, plan_at

pytestmark = pytest.mark.usefixtures("secret")

SHEETS: dict[str, list[tuple[str, ...]]] = {
    "Standorte": [
        ("Our lines",),
        ("Site", "Line", "SIP peer"),
        ("x", "London", "new.example"),
        ("y", "Paris", "new.example"),
    ],
    "Nummern": [("Belongs to", "Tel"), ("London", "442079460100")],
}
MAPPED = """\
[Trunks]
sheet = "Standorte"
header_row = 2
[Trunks.columns]
Name = "Line"
Hostname = "SIP peer"
[DIDs]
sheet = "Nummern"
[DIDs.columns]
Trunk = "Belongs to"
DID = "column B"
"""
DENIED = {"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 10005, "times": 1}
"""London makes the tool stop, so that something is left to go on with."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in SHEETS.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


@pytest.fixture
def mapped(tmp_path: Path) -> Path:
    path = tmp_path / "m.toml"
    path.write_text(MAPPED, encoding="utf-8")
    return path


def test_check_writes_its_guess_and_says_what_to_do_with_it(shell: Shell, site: Path, tmp_path: Path) -> None:
    guess = tmp_path / "guess.toml"
    ran = shell("check", site, "--write-columns", guess)
    assert ran.code == 3
    assert f"Columns: {guess}. Correct it where the guess is wrong or commented out." in ran.out
    assert '# sheet = "Standorte"' in guess.read_text(encoding="utf-8")
    again = shell("check", site, "--write-columns", guess)
    assert (again.code, "is there already" in again.err) == (2, True)


def test_what_is_mapped_is_checked_planned_and_applied(shell: Shell, site: Path, mapped: Path) -> None:
    assert shell("check", site).code == 3
    checked = shell("check", site, "--columns", mapped)
    assert (checked.code, "2 trunks, 0 caller-ID rows, 1 DID row." in checked.out) == (0, True)
    with pbx() as served:
        planned = shell("plan", site, *plan_at(served), "--columns", mapped)
        assert "--columns" in planned.out.rpartition("Next:")[2]
        assert shell("apply", site, *at(served), "--columns", mapped, "--yes").code == 0
        after = shell("plan", site, *plan_at(served), "--columns", mapped, "--json").json["changes"]
        assert [(change["trunk"]["name"], change["kind"]) for change in after] == [
            ("London", "keep"),
            ("Paris", "keep"),
        ]


def test_a_run_keeps_its_columns_and_is_gone_on_with_by_them(shell: Shell, site: Path, mapped: Path) -> None:
    with pbx(faults=[DENIED]) as served:
        first = shell("apply", site, *at(served), "--columns", mapped, "--yes", "--concurrency", "1", "--json")
        assert ending_of(first)["Paris"] == "not run"
        folder = last_run(site)
        assert (folder / "columns.toml").read_text(encoding="utf-8") == MAPPED
        mapped.unlink()
        ran = shell("resume", folder, "--yes", "--json")
    assert ending_of(ran)["Paris"] == "applied"


def test_a_run_whose_columns_were_changed_is_not_gone_on_with(shell: Shell, site: Path, mapped: Path) -> None:
    with pbx(faults=[DENIED]) as served:
        shell("apply", site, *at(served), "--columns", mapped, "--yes")
        kept = last_run(site) / "columns.toml"
        kept.write_text(MAPPED.replace('"Line"', '"Site"'), encoding="utf-8")
        ran = shell("resume", last_run(site), "--yes")
    assert (ran.code, "is not what it was" in ran.err) == (2, True)


@pytest.mark.parametrize(("text", "words"), [("[Trunks\n", "in line 1"), ("[Trunks]\nsheet = 3\n", "cannot be 3")])
def test_a_file_that_cannot_be_understood_is_named(
    shell: Shell, site: Path, mapped: Path, text: str, words: str
) -> None:
    mapped.write_text(text, encoding="utf-8")
    ran = shell("check", site, "--columns", mapped)
    assert (ran.code, words in ran.err) == (2, True)


def test_a_run_whose_columns_are_gone_is_not_gone_on_with(shell: Shell, site: Path, mapped: Path) -> None:
    with pbx(faults=[DENIED]) as served:
        shell("apply", site, *at(served), "--columns", mapped, "--yes")
        (last_run(site) / "columns.toml").unlink()
        ran = shell("verify", last_run(site))
    assert (ran.code, "columns.toml, is gone." in ran.err) == (2, True)


def test_a_guess_says_nothing_on_stdout_beside_the_json(shell: Shell, site: Path, tmp_path: Path) -> None:
    ran = shell("check", site, "--write-columns", tmp_path / "guess.toml", "--json")
    assert {"problems", "counts"} <= ran.json.keys()
    assert "Columns: " in ran.err
