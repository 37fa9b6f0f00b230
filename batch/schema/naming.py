"""Naming: names for the user's sheets and files beside ours: as they were, unless that cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from batch.schema.columns import SHEETS
from batch.schema.spellings import folded

_OURS: Final = frozenset(folded(name) for name in ("Summary", "Changes", "Problems"))
_FILES: Final = {folded(sheet.title): sheet.csv.removesuffix(".csv") for sheet in SHEETS}
_NOT_IN_SHEET_NAMES: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff]")
_NOT_IN_FILE_NAMES: Final = re.compile(r'[<>:"|?*/\\\x00-\x1f\ud800-\udfff]')
_LONGEST_SHEET_NAME: Final = 31

RESULTS_MARK: Final = "-results"
PRACTICE_MARK: Final = "-PRACTICE"
"""What our own files have behind the workbook's name."""


def plain_stem(workbook: Path) -> str:
    """Return a workbook's name without its ending and without what we put behind it: ``London`` for its results."""
    return workbook.stem.removesuffix(RESULTS_MARK).removesuffix(PRACTICE_MARK) or workbook.stem


def sheet_names(names: Sequence[str]) -> list[str]:
    """Return a name for each sheet that Excel takes and that is none of ours, in the same order.

    An own sheet called *Summary*, *Changes* or *Problems* gets ``(yours)`` behind its name: under the bare name it
    would be taken for ours when the file is read again.
    """
    taken = {"history"}  # which Excel keeps for itself
    given = []
    for name in names:
        plain = _NOT_IN_SHEET_NAMES.sub("-", name).strip("'").strip() or "Sheet"
        wanted = _shortened(plain, " (yours)" if folded(plain) in _OURS else "")
        number = 2
        while wanted.lower() in taken:
            wanted = _shortened(plain, f" ({number})")
            number += 1
        taken.add(wanted.lower())
        given.append(wanted)
    return given


def _shortened(name: str, suffix: str) -> str:
    """Return name and suffix within Excel's 31 UTF-16 units, which must not end with an apostrophe."""
    while len((name + suffix).encode("utf-16-le")) // 2 > _LONGEST_SHEET_NAME:
        name = name[:-1].rstrip("' ")
    return name + suffix


def file_names(names: Sequence[str]) -> list[str]:
    """Return a CSV file's name for each sheet of a CSV folder, none of them ours or there twice."""
    taken = {"summary.csv", "changes.csv"}
    given = []
    for name in names:
        plain = _FILES.get(folded(name)) or _NOT_IN_FILE_NAMES.sub("-", name).removesuffix(".csv") or "sheet"
        wanted = f"{plain}.csv"
        if wanted.lower() in taken:
            plain = f"{plain} (yours)"
            wanted = f"{plain}.csv"
        number = 2
        while wanted.lower() in taken:
            wanted = f"{plain} ({number}).csv"
            number += 1
        taken.add(wanted.lower())
        given.append(wanted)
    return given
