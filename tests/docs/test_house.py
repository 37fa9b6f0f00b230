"""The package as a whole: how many modules there are, what they are called, and that nothing is left behind."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from cognitive_complexity.api import get_cognitive_complexity

BATCH = Path(__file__).parents[2] / "batch"
MODULES = sorted(BATCH.rglob("*.py"))
ROOMS = [path for path in MODULES if path.name == "__init__.py"]
MOST_MODULES = 199
"""Fewer is better; whoever needs one more takes two away."""
MOST_LINES = 450
MOST_COMPLEX = 15
"""Cognitive complexity: each turn of the flow counts one, and one more for every other that it stands in."""


def test_there_are_no_more_modules_than_there_were() -> None:
    assert len(MODULES) <= MOST_MODULES


def test_all_that_modules_read_is_installed_with_them() -> None:
    project = tomllib.loads((BATCH.parent / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["batch"]
    installed = {path for pattern in patterns for path in BATCH.glob(pattern)}
    there = {path for path in BATCH.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
    assert there
    assert there - installed == set()


def test_no_two_modules_are_called_the_same() -> None:
    stems = Counter(path.stem for path in MODULES if path not in ROOMS)
    assert [stem for stem, count in stems.items() if count > 1] == []


def test_no_module_is_longer_than_can_be_read_at_once() -> None:
    lines = {path.stem: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {stem for stem, count in lines.items() if count > MOST_LINES} == set()


def test_no_function_is_more_complex_than_can_be_followed() -> None:
    above = {
        f"{path.relative_to(BATCH).parent.as_posix()}/{path.stem}.{node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and get_cognitive_complexity(node) > MOST_COMPLEX
    }
    assert above == set()


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.parent.name)
def test_every_room_says_at_its_door_what_it_is_for(room: Path) -> None:
    said = ast.get_docstring(ast.parse(room.read_text(encoding="utf-8")))
    assert said is not None
    assert len(said.splitlines()) <= 10


def test_no_public_name_means_two_things() -> None:
    """The practice PBX apart, which shares nothing with the rest; a type variable is no name of a thing."""
    homes = Counter(name for path in MODULES if "practice" not in path.parts for name in _public_names(path))
    assert [name for name, count in homes.items() if count > 1 and len(name) > 1] == []


def _public_names(path: Path) -> set[str]:
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case _:
                pass
    return {name for name in names if not name.startswith("_")}
