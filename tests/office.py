"""LibreOffice, as the program that people open our workbooks with: saves a file again as another kind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SOFFICE: Final = shutil.which("soffice") or shutil.which("libreoffice")
"""The program; None where it is not installed."""

_PROFILE: Final = Path(tempfile.gettempdir()) / f"trunk-batch-office-{os.getpid()}"
"""One for each process that runs tests: two of the program cannot share one."""


def saved_again(files: Sequence[Path], folder: Path, kind: str = "xlsx") -> list[Path]:
    """Open files in LibreOffice and save them into a folder, under their names with another ending.

    Args:
        files: What is opened, in one start of the program.
        folder: Where the new files go; not where the old ones lie.
        kind: The ending, or the ending and a filter's name with a colon between.
    """
    if SOFFICE is None:
        raise FileNotFoundError("LibreOffice is not installed")
    folder.mkdir(exist_ok=True, parents=True)
    command = [SOFFICE, f"-env:UserInstallation=file://{_PROFILE}", "--headless", "--norestore", "--convert-to", kind]
    subprocess.run(  # noqa: S603 - the program that was found, and files of the tests
        [*command, "--outdir", str(folder), *map(str, files)], check=True, capture_output=True, timeout=120
    )
    ending = kind.partition(":")[0]
    made = [folder / f"{file.stem}.{ending}" for file in files]
    missing = [path for path in made if not path.exists()]
    if missing:
        raise FileNotFoundError(f"LibreOffice made no {missing[0].name}")
    return made


def throw_profile_away() -> None:
    """Delete what the program kept about this process's use of it."""
    shutil.rmtree(_PROFILE, ignore_errors=True)
