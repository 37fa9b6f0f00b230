"""No secret in anything that a run says or leaves, but for the three files that must hold some."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xlsxwriter

from batch.practice.state import read_state
from tests.flows.shell import CLIENT_SECRET, FAST, LOSING_NUMBERS, run, serving
from tests.flows.stories import SAMPLES, Told, copy_of

MARK = "Sample-"
"""Every password in a sample begins so; tokens are looked for by name."""
_TOKEN = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
"""What the practice PBX's tokens look like: 32 hexadecimal digits."""
_DIGEST = re.compile(r"(?<=igest)(\W{1,12})[0-9a-f]{32}|(?<=--expect )[0-9a-f]{32}")
"""A plan's digest looks the same, but stands behind its name."""
_MAY_HOLD_SECRETS = ("input", "snapshot.jsonl", ".practice.json", "pbx.json")


def texts_in(folder: Path, inputs: Path) -> Iterator[tuple[Path, str]]:
    """Yield the text of every file below a folder that is not the input itself."""
    for path in sorted(folder.rglob("*")):
        known = path == inputs or inputs in path.parents
        if not path.is_file() or known or "also" in path.parts:
            continue
        if any(word in part for word in _MAY_HOLD_SECRETS for part in path.relative_to(folder).parts):
            assert path.name == "pbx.json" or path.stat().st_mode & 0o077 == 0, path
            continue
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as package:
                yield (
                    path,
                    "\n".join(
                        package.read(name).decode() for name in package.namelist() if name.endswith(("xml", "rels"))
                    ),
                )
        elif path.suffix == ".sqlite":
            with sqlite3.connect(path) as journal:
                yield path, "\n".join(journal.iterdump())
        else:
            yield path, path.read_bytes().decode("utf-8", errors="replace")


def test_nothing_that_a_story_says_or_leaves_holds_a_secret(told: Told) -> None:
    for ran in told.runs:
        assert MARK not in ran.said
    looked_at = []
    for folder in (told.folder / "practice", told.folder / "wire"):
        for path, text in texts_in(folder, folder / told.workbook.name):
            assert MARK not in text, path
            assert "access_token=" not in text, path
            looked_at.append(path.name)
    assert {"plan.xlsx", "log.jsonl"} <= set(looked_at)
    if told.goes_through:
        assert {"journal.sqlite", "results.xlsx", "trunks-results.xlsx"} <= set(looked_at)


def test_no_token_is_written_anywhere(tmp_path: Path) -> None:
    workbook = copy_of("csv-from-a-colleague", tmp_path / "story")
    with serving(workbook, read_state(workbook.with_name("pbx.json"))) as there:
        ran = there.run("apply", *LOSING_NUMBERS, "--yes", "-v", "--log", workbook.with_name("all.jsonl"))
        assert ran.code == 0
    log = [json.loads(line) for line in workbook.with_name("all.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {"get_token", "trunk/update", "del_token"} <= {entry.get("call") for entry in log}
    for path, text in texts_in(tmp_path / "story", workbook):
        assert _TOKEN.findall(_DIGEST.sub("", text)) == [], path
    assert _TOKEN.findall(_DIGEST.sub("", ran.said)) == []


def test_the_snapshot_holds_an_old_password_only_where_a_new_one_is_written(told: Told) -> None:
    if not told.goes_through:
        return
    written = {body["id"]: body for body in told.wire_writes}
    before = {
        trunk["id"]: trunk for trunk in json.loads((SAMPLES / told.name / "pbx.json").read_text("utf-8"))["trunks"]
    }
    runs = sorted(told.workbook.parent.glob("*.runs/*/snapshot.jsonl"))
    lines = [json.loads(line) for path in runs for line in path.read_text(encoding="utf-8").splitlines()]
    assert {line["id"] for line in lines} == set(written)
    for line in lines:
        assert ("password" in line) == ("password" in written[line["id"]])
        if "password" in line:
            assert line["password"] == before[line["id"]]["password"]
        assert len(line.get("did_list", [])) == len(before[line["id"]].get("did_list", []))


def test_an_error_on_the_way_holds_none(tmp_path: Path) -> None:
    workbook = copy_of("csv-from-a-colleague", tmp_path / "story")
    state = read_state(workbook.with_name("pbx.json"))
    for do in ("drop_before", "not_json", "half_body"):
        with serving(workbook, state, faults=[{"call": "get_token", "times": "always", "do": do}]) as there:
            ran = there.run("plan", "-v", "--json", "--log", tmp_path / "log.jsonl")
            assert ran.code == 6
            for text in (ran.said, (tmp_path / "log.jsonl").read_text(encoding="utf-8")):
                assert CLIENT_SECRET not in text
                assert MARK not in text


TRUNKS_ROWS = (
    ("Name", "Hostname", "Password", "SIP Passwd", "Remark"),
    ("London", "a.example", "Sample-one", "Sample-own", "it is Sample-one, before: Sample-own"),
    ("Paris", "not a host", "Sample-two", "", "like Sample-one"),
)


def spreadsheet(folder: Path) -> Path:
    with xlsxwriter.Workbook(folder / "trunks.xlsx") as book:
        trunks, own = book.add_worksheet("Trunks"), book.add_worksheet("Handover")
        for row, cells in enumerate(TRUNKS_ROWS):
            for column, text in enumerate(cells):
                trunks.write_string(row, column, text)
        trunks.write_comment("A2", "Sample-one")
        trunks.insert_textbox("H2", "Sample-two")
        own.write_formula("A1", "=Trunks!C2", None, "Sample-one")
        own.data_validation("B1", {"validate": "list", "source": ["Sample-two", "x"]})
    return folder / "trunks.xlsx"


def csv_files(folder: Path) -> Path:
    place = folder / "trunks"
    place.mkdir()
    with (place / "trunks.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(TRUNKS_ROWS)
    return place


@pytest.mark.parametrize("make", [spreadsheet, csv_files])
def test_a_password_that_stands_elsewhere_too_is_in_nothing_that_a_run_leaves(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    workbook = make(tmp_path)
    left = tmp_path / "failed.xlsx"
    flags = ("--practice", "--yes", "--skip-invalid", "--failed-only", left)
    ran = run("apply", workbook, *flags, *FAST)
    assert MARK not in ran.said
    looked_at = {path.name: text for path, text in texts_in(tmp_path, workbook)}
    assert {"failed.xlsx", "results.xlsx", "trunks-PRACTICE-results.xlsx"} <= looked_at.keys()
    assert [name for name, text in looked_at.items() if MARK in text] == []
