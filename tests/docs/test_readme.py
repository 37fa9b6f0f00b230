"""The README is true: its tables come from the code, its commands are complete, its links lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from batch.practice.faults import Faults
from batch.practice.state import PbxSettings
from batch.schema.problems import KINDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

_spec = importlib.util.spec_from_file_location("readme_parts", Path(__file__).with_name("readme_parts.py"))
assert _spec is not None
assert _spec.loader is not None
readme_parts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme_parts)


def sh_fences() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


COMMANDS = re.findall(
    r"^    ([a-z]+)  ", readme_parts.commands().partition("COMMAND\n")[2].partition("\n\n")[0], re.MULTILINE
)

MADE = [name for name in readme_parts.PARTS if name != "commands" or sys.version_info[:2] == (3, 11)]
"""Each Python writes its help a little differently; the README has it as the oldest one does."""


@pytest.mark.parametrize("name", MADE)
def test_every_part_made_from_the_code_is_in_the_readme_as_the_code_says_it(name: str) -> None:
    assert f"<!-- made: {name} -->" in README
    assert readme_parts.PARTS[name]() in README


def test_the_first_fence_that_names_the_sample_is_one_command_that_sets_up_and_applies() -> None:
    fence = next(text for text in sh_fences() if "samples/carrier-cutover" in text)
    assert len(fence.replace("\\\n", "").splitlines()) == 1
    assert "venv" in fence
    assert "--practice" in fence
    assert "--yes" in fence


def test_the_first_fence_that_names_pytest_is_one_command_that_sets_up_and_tests() -> None:
    fence = next(text for text in sh_fences() if "pytest" in text)
    assert len(fence.replace("\\\n", "").splitlines()) == 1
    assert "'.[dev]'" in fence


def test_the_table_of_commands_has_every_command_in_the_order_of_the_help() -> None:
    part = README.partition("## The commands")[2]
    table = part.partition("| --- |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE) == COMMANDS


def test_every_command_that_is_shown_exists() -> None:
    shown = re.findall(r"(?:^\$ |:  |/bin/)trunk-batch ([a-z]+)", README, re.MULTILINE)
    assert len(shown) > 5
    assert set(shown) <= set(COMMANDS)


def test_the_faults_that_it_shows_can_be_rehearsed() -> None:
    (script,) = re.findall(r"^```json\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    Faults.from_json(json.loads(script))
    assert f"`{PbxSettings().client_secret}`" in README.partition(script)[2]


def test_links_inside_the_project_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_links_to_headings_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}
    for target in re.findall(r"\]\(#([^)]+)\)", README):
        assert target in anchors


def test_every_problem_code_that_the_readme_names_exists() -> None:
    for code in re.findall(r"\[code: ([a-z0-9-]+)\]", README):
        assert code in KINDS
