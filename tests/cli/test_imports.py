"""What an import or a command loads: nothing heavy that it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = {"pandas", "numpy", "httpx", "pydantic", "openpyxl", "xlsxwriter", "tqdm", "tenacity", "keyring"}
WIRE = {"httpx", "pydantic", "tenacity", "tqdm", "keyring"}
QUICK = [
    ["--help"],
    ["apply", "--help"],
    ["resume", "--help"],
    ["runs", "-h"],
    ["resume"],
    ["--version"],
    ["explain"],
    ["explain", "40003"],
    ["explain", "trunk-unknwn"],
]
COMMAND = "import sys; from batch.cli.main import main; main({!r}); print(*sys.modules, file=sys.stderr)"


def loaded(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return set(done.stderr.split())


def test_importing_the_package_is_quick() -> None:
    assert not loaded("import sys, batch; print(*sys.modules, file=sys.stderr)") & HEAVY


def test_help_and_refusals_are_quick() -> None:
    code = f"from batch.cli.main import main; import sys\nfor words in {QUICK}:\n    main(words)\n"
    code += f"    assert not {HEAVY} & sys.modules.keys(), words\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    assert not loaded(COMMAND.format(["template", "-o", "no/t.xlsx"])) & (HEAVY - {"xlsxwriter"})


def test_a_check_loads_nothing_of_the_wire_and_no_frames(book: Path) -> None:
    assert not loaded(COMMAND.format(["check", str(book)])) & (WIRE | {"pandas"})


def test_a_look_at_runs_loads_no_way_to_a_pbx() -> None:
    assert not loaded(COMMAND.format(["runs"])) & {
        "batch.commands.flow",
        "keyring",
        "batch.practice.server",
        "openpyxl",
    }
