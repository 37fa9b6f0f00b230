"""Every story of the samples: what it gives is what stands in its ``expect/``, and it is safe to tell twice."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from batch.schema.problems import KINDS
from samples.make import make_samples
from tests.corpus.outcomes import ENDING, FILES
from tests.flows.shell import FAST, lines_of, rows_of, run
from tests.flows.stories import FLEET, NAMES, SAMPLES, Told, allowances, copy_of, expectations

MARK_OF_SECRETS = "Sample-"
MORE_THAN_A_WORKBOOK = [
    "base-elsewhere",
    "base-practice",
    "columns-file",
    "columns-mapped",
    "move-blocked",
    "move-done",
    "move-in-pattern",
    "move-not-there",
    "move-unordered",
    "order-left",
    "parts-unreadable",
    "pbx-twice",
    "pbx-unknown",
    "plain-http",
    "rows-all-gone",
    "secret-not-found",
    "trunk-contradicts",
]
"""Kinds that need a PBX, an export, profiles, a damaged file, or --columns, --secrets-from, --trunk, with own tests."""


def codes_of_the_corpus() -> set[str]:
    """Return the kinds that the spoiled workbooks of the corpus come to."""
    told = re.compile(r"^(?:problem|notice) .+?![A-Z]+\d+ ([a-z-]+)", re.MULTILINE)
    return {code for path in FILES.rglob(f"*{ENDING}") for code in told.findall(path.read_text(encoding="utf-8"))}


def test_a_story_gives_what_is_expected(told: Told, *, updating: bool) -> None:
    folder = SAMPLES / told.name / "expect"
    found = expectations(told)
    if updating:
        folder.mkdir(exist_ok=True)
        for name, text in found.items():
            (folder / name).write_bytes(text.encode())
    assert sorted(path.name for path in folder.iterdir()) == sorted(found)
    for name, text in found.items():
        assert text.splitlines() == (folder / name).read_text(encoding="utf-8").splitlines(), name


def test_nothing_secret_stands_in_an_expectation() -> None:
    for path in SAMPLES.glob("*/expect/*"):
        assert MARK_OF_SECRETS not in path.read_text(encoding="utf-8"), path


def test_the_samples_in_the_repository_are_the_ones_the_script_makes(tmp_path: Path) -> None:
    make_samples(tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    kept = [
        path.relative_to(SAMPLES)
        for name in (*NAMES, FLEET)
        for path in (SAMPLES / name).rglob("*")
        if path.is_file() and "expect" not in path.parts and path.name != "README.md"
    ]
    assert [path for path in kept if path not in made and not _left_by_a_run(path)] == []
    for path in made:
        assert _content(SAMPLES / path) == _content(tmp_path / path), path


def _left_by_a_run(path: Path) -> bool:
    return ".practice.json" in path.name or any("results" in part or part.endswith(".runs") for part in path.parts)


def _content(path: Path) -> object:
    """Return what a file holds; of a workbook its parts, as compressing differs between machines."""
    if path.suffix != ".xlsx" or not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_the_same_plan_has_the_same_digest(told: Told) -> None:
    assert told.plan.json == told.plan_again.json
    assert len(told.plan.json["digest"]) == 32


def test_a_plan_never_writes(told: Told) -> None:
    assert "trunk/update" not in told.wire_calls_of_plan
    assert set(told.wire_calls_of_plan) <= {
        "get_token",
        "trunk/list",
        "trunk/query",
        "inbound_route/list",
        "inbound_route/query",
        "extension/list",
        "extensiongroup/list",
        "system/get_menuoptions",
        "del_token",
    }


def test_what_is_planned_is_what_is_sent(told: Told) -> None:
    planned = [change["trunk"]["id"] for change in told.wire_plan.json["changes"] if change["kind"] == "update"]
    sent = Counter(body["id"] for body in told.wire_writes)
    twice = {4} if told.name == "number-moves" else set()  # Service, which swaps a number with Sales
    assert sent == (Counter([*planned, *twice]) if told.goes_through else Counter())


def test_after_applying_there_is_nothing_left_to_do(told: Told) -> None:
    if not told.goes_through:
        return
    assert {change["kind"] for change in told.plan_after.json["changes"]} == {"keep"}
    assert told.plan_after.json["forecast"] == {"requests": 0, "seconds": 0.0}
    endings = {trunk["ending"] for trunk in told.apply_again.json["trunks"]}
    assert endings <= {"unchanged", "skipped"}
    assert told.wire_writes_again == ()


def test_the_results_are_a_valid_workbook_that_changes_nothing(told: Told) -> None:
    if not told.goes_through:
        assert told.plan_of_results is None
        return
    assert told.plan_of_results is not None
    assert told.plan_of_results.code == 0, told.plan_of_results.said
    assert {change["kind"] for change in told.plan_of_results.json["changes"]} == {"keep"}
    before, after = told.plan_after.json["changes"], told.plan_of_results.json["changes"]
    assert [change["trunk"] for change in after] == [change["trunk"] for change in before]


def test_practice_and_wire_end_alike(told: Told) -> None:
    assert told.wire_apply.code == told.apply.code
    assert told.wire_apply_again.code == told.apply_again.code
    if told.goes_through:
        assert told.wire_apply.json["counts"] == told.apply.json["counts"]
        assert told.wire_apply.json["trunks"] == told.apply.json["trunks"]


def test_every_row_has_one_ending_and_the_totals_add_up(told: Told) -> None:
    if not told.goes_through:
        return
    report = told.apply.json
    rows = sum(sum(count.values()) for count in report["sheets"].values())
    assert rows == sum(report["counts"].values())
    kept = Path(report["run"]) / "results.xlsx"  # what lies beside the workbook is of the second run
    there = {sheet: count for sheet, count in report["sheets"].items() if sum(count.values())}
    for sheet, count in there.items():
        found = Counter(row["Result"] for row in rows_of(kept, sheet) if row["Result"])
        assert found == +Counter(count)


def test_all_tokens_are_given_back(told: Told) -> None:
    assert told.tokens_left == 0


def test_a_story_with_problems_begins_no_run(told: Told) -> None:
    if told.goes_through:
        return
    assert told.apply.code == 3
    assert not told.results.exists()
    assert not told.workbook.with_name("trunks.runs").exists()
    assert told.apply.json == told.plan.json


def test_the_plan_workbook_says_what_the_plan_says(told: Told) -> None:
    path = told.workbook.with_name("plan.xlsx")
    listed = rows_of(path, "Problems", header_row=3)
    problems = told.plan.json["problems"]
    assert [(row["Sheet"], row["Cell"]) for row in listed if row["Severity"] == "error"] == [
        (problem["sheet"], problem["cell"]) for problem in problems if problem["severity"] == "problem"
    ]
    notices = {(problem["sheet"], problem["message"]) for problem in problems if problem["severity"] == "notice"}
    said = [(row["Sheet"], row["What is wrong"]) for row in listed if row["Severity"] == "warning"]
    assert {(sheet, words.partition(" (rows ")[0]) for sheet, words in said} == notices
    names = {row["Trunk"] for row in rows_of(path, "Changes")}
    updated = {c["trunk"]["name"] for c in told.plan.json["changes"] if c["kind"] == "update"}
    assert names == updated
    words = [cell for line in lines_of(path, "Summary") for cell in line if isinstance(cell, str)]
    assert any("PRACTICE" in word for word in words)
    assert told.plan.json["digest"] in words


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    workbook = copy_of("mistakes", tmp_path_factory.mktemp("mistakes"))
    return workbook, run("plan", workbook, "--practice", "--json").json["problems"]


class TestMistakes:
    """The catalogue of everything the tool can say about a workbook."""

    def test_every_kind_of_problem_and_notice_occurs(self, mistakes: tuple[Path, list[dict[str, Any]]]) -> None:
        workbook, problems = mistakes
        found = {p["code"] for p in problems}
        for path in (workbook.parent / "also").iterdir():
            found |= {p["code"] for p in run("check", path, "--json").json["problems"]}
        assert sorted(KINDS.keys() - found - codes_of_the_corpus()) == MORE_THAN_A_WORKBOOK

    def test_each_stands_there_once(self, mistakes: tuple[Path, list[dict[str, Any]]]) -> None:
        more_than_once = {code: n for code, n in Counter(p["code"] for p in mistakes[1]).items() if n > 1}
        assert more_than_once == {"own-column": 3}  # each sheet says what is wrong in a column of its own

    def test_each_row_is_named_for_what_is_wrong_with_it(self, mistakes: tuple[Path, list[dict[str, Any]]]) -> None:
        workbook, problems = mistakes
        for sheet in ("Trunks", "Caller IDs", "DIDs"):
            lines = rows_of(workbook, sheet)
            named = {i: row["#What is wrong here"] for i, row in enumerate(lines, 2) if row["#What is wrong here"]}
            found = {p["row"]: p["code"] for p in problems if p["sheet"] == sheet and p["row"] > 1}
            assert named.items() <= {**found, **_notices_of(problems, sheet, named)}.items()

    def test_every_problem_says_where_and_what_to_do(self, mistakes: tuple[Path, list[dict[str, Any]]]) -> None:
        for problem in mistakes[1]:
            assert list(problem) == [
                "severity", "code", "sheet", "cell", "row", "column", "value", "message", "fix", "who",
            ]  # fmt: skip
            assert problem["cell"].endswith(str(problem["row"]))
            assert problem["message"].endswith((".", "?"))
            assert problem["fix"]


def _notices_of(problems: list[dict[str, str]], sheet: str, named: dict[int, str]) -> dict[int, str]:
    codes = {(int(p["row"]), p["code"]) for p in problems if p["sheet"] == sheet}
    return {row: code for row, code in named.items() if (row, code) in codes}


@pytest.mark.parametrize("name", NAMES)
def test_all_commands_speak_to_people_too_and_tell_no_secret(name: str, tmp_path: Path) -> None:
    workbook = copy_of(name, tmp_path / name)
    checked, planned = run("check", workbook), run("plan", workbook, "--practice", "-v", *allowances(name, workbook))
    applied = run("apply", workbook, "--practice", "--yes", "-v", *allowances(name, workbook), *FAST)
    assert checked.code == planned.code == (3 if name == "mistakes" else 0)
    assert planned.out.startswith("Plan for PRACTICE PBX")
    if name == "mistakes":
        assert "ERROR  A cell shows a spreadsheet error" in checked.out
    else:
        assert "No errors." in checked.out
        assert planned.out.rstrip().splitlines()[-1].startswith("Next: trunk-batch apply ")
    assert MARK_OF_SECRETS not in checked.said + planned.said + applied.said
