"""The README is true: it is short, its commands can be typed, and every file, flag, code and word in it exists."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import batch
from batch.cli.arguments import make_parser, parse
from batch.cli.main import main
from batch.errors import exit_codes_and_errors
from batch.options import HAZARDS
from batch.practice.faults import Faults
from batch.practice.state import PbxSettings
from batch.reports.explanations import every_explanation, find_explanations
from batch.runs.outcomes import Ending
from batch.schema.columns import SHEETS
from tests.cli.shell import write_book

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_BYTES = 20_000


def fences(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    return {flag for action in parser._actions for flag in action.option_strings}  # noqa: SLF001 - argparse shows no other way


_subparsers = next(action for action in make_parser()._actions if action.dest == "command")  # noqa: SLF001 - as above
COMMANDS: dict[str, argparse.ArgumentParser] = dict(_subparsers.choices or {})
FLAGS = {flag for command in (make_parser(), *COMMANDS.values()) for flag in flags_of(command)}

PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)
SPANS = re.findall(r"`([^`\n]+)`", PROSE)
"""What stands in `backticks`."""
FENCED = "\n".join(text for kind in ("sh", "console", "toml") for text in fences(kind))
SHOWN = [
    *re.findall(r"(?:^\$ |: +|bin/|# )trunk-batch ([a-z].*?)(?:  #.*)?$", FENCED, re.MULTILINE),
    *(span.removeprefix("trunk-batch ") for span in SPANS if re.match("trunk-batch [a-z]", span)),
    *(span for span in SPANS if span.split()[0] in COMMANDS and " " in span),
]
"""Every command line, without the program's name."""


def test_it_can_be_read_at_once() -> None:
    assert len(README.encode()) <= MOST_BYTES


def test_the_first_fence_that_names_the_sample_is_one_command_that_sets_up_and_applies() -> None:
    fence = next(text for text in fences("sh") if "samples/carrier-cutover" in text)
    assert len(fence.replace("\\\n", "").splitlines()) == 1
    assert "venv" in fence
    assert "--practice" in fence
    assert "--yes" in fence


def test_the_first_fence_that_names_pytest_is_one_command_that_sets_up_and_tests() -> None:
    fence = next(text for text in fences("sh") if "pytest" in text)
    assert len(fence.replace("\\\n", "").splitlines()) == 1
    assert "'.[dev]'" in fence


@pytest.mark.parametrize("shown", SHOWN)
def test_every_command_that_is_shown_can_be_typed(shown: str) -> None:
    words = [{"DIGEST": "0" * 32}.get(word, word) for word in shlex.split(shown)]
    if "WORKBOOK" in COMMANDS[words[0]].format_usage() and not any(re.match(r".+\.xlsx", word) for word in words[1:2]):
        words.insert(1, "trunks.xlsx")  # a command that is named for its flags
    flags = parse(words)
    assert flags.command in COMMANDS
    if flags.command == "explain" and flags.words != ["COLUMN"]:
        assert find_explanations(flags.words)


def test_commands_are_shown_at_all() -> None:
    assert len(SHOWN) > 15


def test_the_table_of_commands_has_every_command_in_the_order_of_the_help() -> None:
    part = README.partition("## The commands")[2]
    table = part.partition("| --- |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE) == list(COMMANDS)


def test_the_table_of_columns_has_every_column() -> None:
    part = README.partition("## The sheets and columns")[2]
    table = part.partition("| --- |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (.+) \| (.+) \|$", table, re.MULTILINE) == [
        (sheet.title, ", ".join(column.label for column in sheet.columns)) for sheet in SHEETS
    ], "README.md: the table under 'The sheets and columns'"


def test_every_flag_that_it_names_exists() -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README.partition("## For contributors")[0]))
    assert len(named) > 15
    assert named - FLAGS == set()


def test_every_code_that_it_names_is_explained() -> None:
    words = {one.word for one in every_explanation()}
    codes = {span for span in SPANS if re.fullmatch(r"[a-z]+(-[a-z]+)+", span)}
    assert codes - words == set()


def test_endings_hazards_and_exit_codes_are_named_as_they_are() -> None:
    endings = README.partition("one of ten endings:")[2].partition(".")[0]
    assert re.findall(r"\*([a-z ]+)\*", endings) == [str(ending) for ending in Ending]
    hazards = README.partition("must be allowed by name:")[2].partition(". ")[0]
    assert re.findall(r"`([a-z-]+)`", hazards) == list(HAZARDS)
    codes = README.partition("Exit codes:")[2].partition(".")[0]
    assert re.findall(r"(?:^|·)\s*(\d+) ", codes) == [str(code) for code in exit_codes_and_errors()[0]]


def test_the_defaults_that_it_names_are_so() -> None:
    usual = batch.Settings(workbook=Path("trunks.xlsx"))
    named = dict(re.findall(r"`--([a-z-]+)` [a-z ]*\((\d+)\)", README))
    assert len(named) == 3
    assert {name: float(number) for name, number in named.items()} == {
        name: getattr(usual, name.replace("-", "_")) for name in named
    }


def test_the_script_runs_as_it_stands_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (script,) = fences("python")
    write_book(tmp_path / "trunks.xlsx")
    monkeypatch.chdir(tmp_path)
    given: dict[str, object] = {}
    exec(script.replace("practice=True", "practice=True, rate=1000, settle_wait=0"), given)  # noqa: S102 - it is ours
    report = given["done"]
    assert isinstance(report, batch.Report)
    assert report.exit_code == 0


def test_the_profile_that_it_shows_counts(tmp_path: Path) -> None:
    (text,) = fences("toml")
    (name,) = tomllib.loads(text)
    file = tmp_path / "trunk-batch.toml"
    file.write_text(text, encoding="utf-8")
    book = write_book(tmp_path / "trunks.xlsx")
    assert main(["check", str(book), "--profile-file", str(file), "--profile", name]) == 0


def test_the_faults_that_it_shows_can_be_rehearsed() -> None:
    (script,) = fences("json")
    Faults.from_json(json.loads(script))
    assert f"`{PbxSettings().client_secret}`" in README.partition(script)[2]


def test_the_map_shows_every_room_in_the_order_of_the_imports() -> None:
    (text,) = fences("text")
    rooms = re.findall(r"^(\w+)/ ", text, re.MULTILINE)
    assert set(rooms) == {door.parent.name for door in (ROOT / "batch").glob("*/__init__.py")}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = [name.removeprefix("batch.") for layer in contracts[0]["layers"] for name in layer.split(" | ")]
    assert rooms == [name for name in layers if name in rooms] + ["practice"]


def test_every_file_that_it_names_exists() -> None:
    named = [span for span in SPANS if re.fullmatch(r"(batch|tests|samples|\.ci)/[\w/.-]+", span)]
    named += re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists() and not name.endswith(".practice.json")] == []


def test_links_to_headings_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}
    for target in re.findall(r"\]\(#([^)]+)\)", README):
        assert target in anchors
