"""The README's recipes: what is left half done is named, with the file that lacks it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from batch.options import HAZARDS
from batch.pbx.error_codes import ERRCODES, REACTIONS
from batch.practice.vendor import FIELDS, FIELDS_BY_TYPE, MESSAGES
from batch.schema import columns
from batch.schema.column_model import Column, TrunkType
from batch.schema.columns import TRUNKS
from batch.schema.problems import KINDS
from tests.cli.shell import rows_of, write_book

BATCH = Path(__file__).parents[2] / "batch"
PRACTICE = "practice/vendor.py"
COLUMNS = "schema/columns.py"
PLACE = 'Column(\n            label="Caller IDs mode"'

ENTRY = """Column(
    label="Max channels",
    field="max_channels",
    parser=Parser.NUMBER,
    limit=100,
    help="How many calls the trunk takes at a time.",
    example="30",
    types=NOT_ACCOUNT,
    sent=True,
    registration=False,
),
"""
OPTION = """    longest_pause: float = entry(
        30.0, "seconds between two tries", _ASKING, metavar="S", bounds=(1, 60),
        profile="longest_pause",
    )
"""
OUTPUT_SETTING = """    endings: Path | None = entry(
        None, "write the endings of all trunks", _ENDING, metavar="FILE.txt", kept=False, apart=True
    )
"""
OUTPUT = """class Endings:
    setting = "endings"

    def check_place(self, place: Path, results: Path) -> None:
        if place.exists():
            raise UsageError(f"--endings {place} is there already.", "Name another file.")

    def write(self, place: Path | None, run: EndedRun, results: Results) -> WrittenOutput:
        if place is None:
            return WrittenOutput()
        place.write_text(" ".join(outcome.ending for outcome in run.outcomes.values()))
        return WrittenOutput(path=place, lines=[f"Endings: {place}"], key=self.setting)


"""
MADE_UP: Column = eval(ENTRY.rstrip(",\n"), vars(columns))  # noqa: S307 - it is ours


def lacking_in_practice(column: Column) -> list[str]:
    """Name the line of the practice PBX's own table that does not have a column as the PBX takes it."""
    source = (BATCH / PRACTICE).read_text(encoding="utf-8").splitlines()
    known = [number for number, line in enumerate(source, 1) if re.match(r' +"\w+": Field\(', line)]
    types = [kind for kind in TrunkType if kind in column.types]
    if column.field not in FIELDS:
        return [f'batch/practice/vendor.py:{known[-1] + 1}: add "{column.field}": Field(…) for {", ".join(types)}']
    if types == [kind for kind in TrunkType if column.field in FIELDS_BY_TYPE[kind]]:
        return []
    line = next(number for number in known if f'"{column.field}"' in source[number - 1])
    return [f"batch/practice/vendor.py:{line}: {column.field} is a field of {', '.join(types)}"]


def test_a_column_that_is_sent_is_known_to_the_practice_pbx() -> None:
    assert [line for column in TRUNKS.columns if column.sent for line in lacking_in_practice(column)] == []


def copy_with(folder: Path, *additions: tuple[str, str, str]) -> Path:
    """Copy the package, and put text into some of its files: each by name, what it goes in front of, and the text."""
    package = folder / "batch"
    shutil.copytree(BATCH, package, ignore=shutil.ignore_patterns("*.pyc.*"))  # which are being written
    for name, place, text in additions:
        before, last, after = (package / name).read_text(encoding="utf-8").partition(place)
        assert last
        (package / name).write_text(before + text + last + after, encoding="utf-8")
    return package


def told_by(script: str, folder: Path) -> Any:
    """Run a script on the copy of the package that lies in a folder, and return what it prints."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(Path(__file__).with_name(script))],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(BATCH.parent)])},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_made_up_column_needs_one_entry_and_one_of_the_practice_pbx_where_a_test_says(tmp_path: Path) -> None:
    (lacking,) = lacking_in_practice(MADE_UP)
    line = re.fullmatch(r'batch/practice/vendor\.py:(\d+): add "max_channels": Field\(…\) for register, peer', lacking)
    assert line is not None
    there = "".join((BATCH / PRACTICE).read_text(encoding="utf-8").splitlines(keepends=True)[int(line[1]) - 1 :])
    package = copy_with(
        tmp_path,
        (PRACTICE, there, '    "max_channels": Field("port", _REGISTER | _PEERS),\n'),
        (COLUMNS, PLACE, ENTRY),
    )
    header = ("Name", "Max channels", "Type")
    write_book(tmp_path / "wrong.xlsx", [header, ("London", "101", "register"), ("Desk", "5", "account")])
    write_book(tmp_path / "right.xlsx", [header, ("London", "30", "register")])
    told = told_by("column_story.py", tmp_path)
    assert Path(told["package"]).parent == package

    assert "Max channels" in rows_of(tmp_path / "template.xlsx", "Trunks")[0]
    assert "How many calls the trunk takes at a time. A whole number up to 100." in " ".join(told["explain"].split())
    assert [(p["code"], p["cell"], p["message"]) for p in told["check"]["problems"]] == [
        ("not-a-number", "B2", "'101' is not a whole number from 0 to 100."),
        ("field-not-of-type", "B3", "Max channels is not a setting of an account trunk."),
    ]
    assert "Max channels: 10 → 30" in told["plan"]
    assert told["refused"] == [
        "max_channels: Input should be less than or equal to 100",
        "max_channels: Extra inputs are not permitted",
    ]
    assert told["sent"] == [{"id": 1, "max_channels": 30}]
    assert rows_of(tmp_path / "right-results.xlsx", "Trunks")[1][:4] == ["London", "30", "register", "applied"]
    names, london, desk = rows_of(tmp_path / "pbx.xlsx", "Trunks")
    assert [row[names.index("Max channels")] for row in (london, desk)] == ["30", None]


def test_a_made_up_output_is_refused_written_and_told_by_its_class_and_its_setting(tmp_path: Path) -> None:
    package = copy_with(
        tmp_path,
        ("settings.py", "    on_error: str = entry(", OUTPUT_SETTING),
        ("commands/outputs.py", "OUTPUTS: Final", OUTPUT),
        ("commands/outputs.py", ")\n\n\ndef check_output_places", ", Endings()"),
    )
    write_book(tmp_path / "b.xlsx")
    (tmp_path / "notes.txt").touch()
    told = told_by("output_story.py", tmp_path)
    assert Path(told["package"]).parent == package

    assert told["refused"] == "--endings notes.txt is there already."
    assert "\nEndings: endings.txt\n" in told["text"]
    assert (tmp_path / "endings.txt").read_text(encoding="utf-8") == "applied applied"
    assert told["json"]["endings"] == "again.txt"


def test_a_made_up_option_needs_one_entry(tmp_path: Path) -> None:
    package = copy_with(tmp_path, ("settings.py", "    on_error: str = entry(", OPTION))
    write_book(tmp_path / "b.xlsx")
    told = told_by("option_story.py", tmp_path)
    assert Path(told["package"]).parent == package

    assert "--longest-pause S seconds between two tries (default: 30)" in " ".join(told["help"].split())
    assert told["refused"] == [
        "--longest-pause: must be a number from 1 to 60.",
        "TRUNK_BATCH_LONGEST_PAUSE: 'x' is not a number.",
        ": longest_pause cannot be 'x'.",
    ]
    given = [re.findall(r"^Next: .* --longest-pause (\S+)", plan, re.MULTILINE) for plan in told["plans"]]
    assert given == [["9"], ["8"], ["7"], []]
    assert told["again"] == [7, 9]


def test_every_errcode_has_a_verdict_that_says_what_the_run_does() -> None:
    for errcode in ERRCODES.values():
        assert REACTIONS[errcode.verdict].endswith(".")
    assert ERRCODES.keys() == MESSAGES.keys(), "MESSAGES of batch/practice/vendor.py says it for the practice PBX"


def test_every_code_of_a_rule_is_in_the_table_and_given_somewhere() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in BATCH.rglob("*.py")}
    given = "\n".join(text for path, text in sources.items() if path.stem != "problems")
    assert [code for code in KINDS if f'"{code}"' not in given] == []
    named = {code for text in sources.values() for code in re.findall(r'(?:\.problem\(\s*|code=)"([a-z-]+)"', text)}
    assert named - set(HAZARDS) - KINDS.keys() == set(), "batch/schema/problems.py lacks them"
