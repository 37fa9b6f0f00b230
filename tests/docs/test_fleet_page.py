"""The page on many PBXs is true: what can be copied from it works as it stands there, and says what it shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from batch.cli.arguments import parse
from batch.cli.fleet_profiles import settings_by_pbx
from tests.docs.test_readme import COMMANDS, FLAGS, ROOT

PAGE: Final = (ROOT / "samples" / "fleet" / "README.md").read_text(encoding="utf-8")
FENCES: Final = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
PROSE: Final = re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE)
QUICKLY: Final = {"TRUNK_BATCH_ATTEMPTS": "2", "TRUNK_BATCH_SETTLE_WAIT": "0", "TRUNK_BATCH_RATE": "1000"}
MARK: Final = "==== "


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Copy all that can be copied into one shell, in a clone; return what each block says."""
    clone = tmp_path_factory.mktemp("clone")
    left = shutil.ignore_patterns("expect", "*.practice.json", "*.runs", "*-results*")
    shutil.copytree(ROOT / "samples" / "fleet", clone / "samples" / "fleet", ignore=left)
    activate = clone / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text(f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH\n", encoding="utf-8")
    blocks = [text for kind, text in FENCES if kind == "sh"]
    script = "trap 'kill $NORTH $SOUTH 2>/dev/null; wait' EXIT\n" + "".join(f"echo '{MARK}'\n{text}" for text in blocks)
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRUNK_BATCH_")}
    places = {"HOME": str(clone), "XDG_CONFIG_HOME": str(clone / "config")}
    told = clone / "told.txt"  # a pipe would be waited for as long as a worker has it
    with told.open("wb") as out:
        subprocess.run(  # noqa: S603 - it is ours
            [shutil.which("bash") or "bash", "-c", script],
            cwd=clone,
            env=own | places | QUICKLY,
            stdout=out,
            stderr=out,
            check=True,
            timeout=240,
        )
    return told.read_text(encoding="utf-8").split(MARK)[1:]


def test_every_block_that_can_be_copied_works_and_says_what_is_shown_below_it(said: list[str]) -> None:
    at = -1
    shown = 0
    for kind, text in FENCES:
        at += kind == "sh"
        for line in text.splitlines() if kind == "text" else ():
            shown += 1
            for part in filter(None, map(str.strip, line.split("…"))):
                assert part in said[at], said[at]
    assert at + 1 == len(said)
    assert shown > 10
    assert "Traceback" not in "".join(said)


@pytest.mark.parametrize("shown", re.findall(r"`trunk-batch ([a-z][^`]*)`", PROSE))
def test_every_command_in_its_words_can_be_typed(shown: str) -> None:
    assert parse(shlex.split(shown)).command in COMMANDS


def test_every_flag_that_it_names_exists() -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert len(named) > 10
    assert named - FLAGS == set()


def test_the_profile_that_it_shows_counts(tmp_path: Path) -> None:
    (text,) = [text for kind, text in FENCES if kind == "toml"]
    file = tmp_path / "trunk-batch.toml"
    file.write_text(text.replace("3F5A0C…", "3F" * 32), encoding="utf-8")
    notes: list[str] = []
    given = {"workbook": tmp_path / "elsewhere" / "offices.xlsx", "profile_file": file}
    settings = settings_by_pbx(given, {}, notes.append)("leeds")
    assert (settings.url, settings.client_id) == ("https://192.0.2.1:8088", "trunk-batch-leeds")
    assert settings.secret_file == tmp_path / "secrets" / "leeds"
    assert (settings.in_wave, settings.site, settings.time_zone) == (1, "north", "Europe/London")
    assert notes == []
