"""File metadata: what the tool leaves in a workbook for itself, so that it knows its own again.

A custom document property (`MARK`, its value the kind) says so at a glance. A hidden sheet of the same name
says more, and travels through programs that drop such properties. Every line of that sheet is a word and its values.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from batch.schema.columns import SHEETS
from batch.wording import folded

READ_ONLY: Final = "Read-only lists"
"""The sheet of an export with what a workbook cannot say."""

PROBLEM_SHEET: Final = "Problems"
"""The list of what is wrong, in a marked workbook and in a plan."""

PBX_LIST: Final = "PBXs"
"""Lists each PBX of a workbook for many."""
OWN_LISTS: Final = (PBX_LIST, "Way back", "Census", "Census by prefix", "Port order", "Follow-up", "Test calls")
"""What plan and results list beside the changes, where there is something to list."""

OWN_SHEETS: Final = ("Summary", "Changes", PROBLEM_SHEET, *OWN_LISTS, "How to fill this in", "Glossary", READ_ONLY)
"""Sheets that the tool itself writes; in a file that bears our mark they are not the user's."""

METADATA_SHEET: Final = "trunk-batch"
BASE: Final = "trunk-batch base"
LISTS: Final = "trunk-batch lists"
HIDDEN_SHEETS: Final = (METADATA_SHEET, BASE, LISTS)
"""Sheets that people do not see: what the tool says to itself, what an export began with, lists behind drop-downs."""

MARK: Final = "trunk-batch"
"""Name of the custom document property that a workbook written by the tool bears."""


class FileKind(StrEnum):
    """What a file was made as. A file may be several: results that were marked later."""

    RESULTS = "results"
    PLAN = "plan"
    MARKED = "marked"
    """The user's workbook with its faults marked."""
    EXPORT = "export"
    """What a PBX held, to be edited."""
    WAY_BACK = "way back"
    """What trunks held before a run wrote them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMetadata:
    """What the hidden sheet says. Empty for a file that the tool has not written."""

    kinds: frozenset[FileKind] = frozenset()
    made_at: str = ""
    """``2026-11-23T02:14:07+01:00``."""
    pbx: str = ""
    """Address of the PBX that an export came from."""
    pbxs: Mapping[str, str] = field(default_factory=dict)
    """Of an export of many PBXs: the address that each came from, by its name."""
    sheets: frozenset[str] = frozenset()
    """Names of the sheets in the file that the tool wrote, and takes out again."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """Of marked cells: the colour that we put behind them (``FFFFC7CE``) to the fill that was there before, as XML of
    a stylesheet; ``""`` where there was none."""
    run_on: str = ""
    """Of results: address of the PBX of the run that wrote them."""
    finished: frozenset[int] = frozenset()
    """Of results: ids of the trunks that the PBX held as wanted when the run ended."""
    orders: frozenset[str] = frozenset()
    """Of results: what the lists of all other trunks are known by while their rows stand in the order of the run."""
    accepted: frozenset[str] = frozenset()
    """Of results: what the texts are known by that were not sure, and were accepted."""
    workbook: str = ""
    """Of a plan: SHA-256 of the workbook that it is about."""
    digest: str = ""
    """Of a plan: its digest."""
    undoes: str = ""
    """Of a way back: id of the run that it undoes."""
    seals: Mapping[str, str] = field(default_factory=dict)
    """Of a plan: the seal of each of its sheets, by name."""
    checksum: str = ""
    """What tells whether a marked file still is what the tool wrote, and nobody has worked in it."""

    def is_own_sheet(self, name: str) -> bool:
        """Tell whether a sheet of the file is one that the tool wrote for people: a Summary, a list of Problems.

        Where the hidden sheet is gone, the usual names have to do.
        """
        return name in (self.sheets or (OWN_SHEETS if self.kinds else ()))


NO_METADATA: Final = FileMetadata()

_FORM: Final = "1"
_IDS: Final = 1000
"""So many ids stand in one cell, which takes 32,767 characters."""


_SINGLE: Final = {
    "made": "made_at",
    "pbx": "pbx",
    "ran": "run_on",
    "seal": "checksum",
    "workbook": "workbook",
    "digest": "digest",
    "undoes": "undoes",
}
"""The word of what is said once, and where it stands in `FileMetadata`."""


def metadata_lines(metadata: FileMetadata) -> list[tuple[str, ...]]:
    """Return the lines of the hidden sheet."""
    single = ((word, getattr(metadata, name)) for word, name in _SINGLE.items())
    ids = sorted(metadata.finished)
    return [
        ("trunk-batch", _FORM, "This sheet belongs to the tool; leave it as it is."),
        *(("kind", kind) for kind in sorted(metadata.kinds)),
        *((word, value) for word, value in single if value),
        *(("sheet", name) for name in sorted(metadata.sheets)),
        *(("finished", ",".join(map(str, ids[at : at + _IDS]))) for at in range(0, len(ids), _IDS)),
        *(("order", order) for order in sorted(metadata.orders)),
        *(("accepted", text) for text in sorted(metadata.accepted)),
        *(("pbxs", name, address) for name, address in metadata.pbxs.items()),
        *(("colour", ours, theirs) for ours, theirs in metadata.colours.items()),
        *(("sealed", name, seal) for name, seal in metadata.seals.items()),
    ]


def metadata_of(metadata: FileMetadata, pbx: str) -> FileMetadata:
    """Return what a workbook for many PBXs says of one of them, by its name; a part of it is no export of another."""
    kinds = metadata.kinds - {FileKind.PLAN, FileKind.MARKED}
    return FileMetadata(
        kinds=kinds if pbx in metadata.pbxs else kinds - {FileKind.EXPORT},
        made_at=metadata.made_at,
        pbx=metadata.pbxs.get(pbx, ""),
        orders=metadata.orders,
        undoes=metadata.undoes,
    )


class Seal:
    """What a sheet says, as a number: another one once somebody has changed it, the same one if rows are only sorted.

    It tells what happened by accident from what was signed; whoever means to forge a file can.
    """

    def __init__(self) -> None:
        self._sum = 0

    def add(self, cells: Iterable[object]) -> None:
        """Take in a row; blank ones do not count, nor do blanks around and within texts."""
        line = "\0".join([cell if cell.__class__ is str else _sealed(cell) for cell in cells])
        line = " ".join(line.rstrip("\0").split())
        if line:
            self._sum += int.from_bytes(hashlib.sha256(line.encode("utf-8", "surrogatepass")).digest())

    def __str__(self) -> str:
        return f"{self._sum % 2**256:064x}"


def _sealed(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell)


def read_lines(lines: Iterable[Sequence[object]]) -> FileMetadata:
    """Understand the lines of the hidden sheet; what is not understood is left aside."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    pairs: dict[str, dict[str, str]] = {"colour": {}, "sealed": {}, "pbxs": {}}
    for line in lines:
        word, value, more, *_ = [*(str(cell) for cell in line), "", "", ""]
        found[word].append(value)
        if word in pairs:
            pairs[word][value] = more
    ids = (text for texts in found["finished"] for text in texts.split(","))
    return FileMetadata(
        kinds=frozenset(FileKind(value) for value in found["kind"] if value in set(FileKind)),
        sheets=frozenset(found["sheet"]),
        pbxs=pairs["pbxs"],
        colours=pairs["colour"],
        seals=pairs["sealed"],
        finished=frozenset(int(text) for text in ids if text.isascii() and text.isdecimal()),
        orders=frozenset(found["order"]),
        accepted=frozenset(found["accepted"]),
        **{name: found[word][-1] for word, name in _SINGLE.items() if word in found},
    )


_OURS: Final = frozenset(folded(name) for name in ("Summary", "Changes", PROBLEM_SHEET, *OWN_LISTS))
_FILES: Final = {folded(sheet.title): sheet.csv.removesuffix(".csv") for sheet in SHEETS}
_NOT_IN_SHEET_NAMES: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff]")
_NOT_IN_FILE_NAMES: Final = re.compile(r'[<>:"|?*/\\\x00-\x1f\ud800-\udfff]')
_LONGEST_SHEET_NAME: Final = 31

RESULTS_MARK: Final = "-results"
UNDO_MARK: Final = "-undo"
PRACTICE_MARK: Final = "-PRACTICE"
"""What our own files have behind the workbook's name; behind that of results there may be a profile's name."""
_OUR_ENDING: Final = re.compile(rf"(?:{UNDO_MARK})?(?:{PRACTICE_MARK})?(?:{RESULTS_MARK}(?:-[\w.]+)?)?$")


def plain_stem(workbook: Path) -> str:
    """Return a workbook's name without its ending and without what we put behind it: ``London`` for its results."""
    return _OUR_ENDING.sub("", workbook.stem, count=1) or workbook.stem


def sheet_names(names: Sequence[str]) -> list[str]:
    """Return a name for each sheet that Excel takes and that is none of ours, in the same order.

    An own sheet called *Summary*, *Changes* or *Census* gets ``(yours)`` behind its name: under the bare name it
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
