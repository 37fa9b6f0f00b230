"""CSV from anywhere: code pages, separators, quotes, line ends. A folder each."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from tests.corpus.making.books import SHEETS, Row

_GERMAN: Final[Mapping[str, Sequence[Row]]] = {
    "trunks.csv": [("Trunk ID", "Name", "Port"), ("11", "London-1", "5060"), ("12", "Zürich-1", "5061")],
    "dids.csv": [
        ("Trunk", "DID", "DID name"),
        ("London-1", "+442079460100", "Empfang für Gäste"),
        ("Zürich-1", "0041445556677", "Büro Österreich"),
    ],
}
_POLISH: Final[Mapping[str, Sequence[Row]]] = {
    **_GERMAN,
    "dids.csv": [("Trunk", "DID", "DID name"), ("London-1", "+442079460100", "Księgowość, piętro źródło łódź")],
    "trunks.csv": [("Trunk ID", "Name"), ("11", "London-1")],
}
_CYRILLIC: Final[Mapping[str, Sequence[Row]]] = {
    **_POLISH,
    "dids.csv": [("Trunk", "DID", "DID name"), ("London-1", "+442079460100", "Приёмная отдела")],
}
_CHINESE: Final[Mapping[str, Sequence[Row]]] = {
    "trunks.csv": [("中继", "名称"), ("11", "London-1")],
    "dids.csv": [("中继", "DID号码", "DID名称"), ("London-1", "+442079460100", "前台接待处和客户服务中心")],
}
_FILES: Final = {"Trunks": "trunks.csv", "Caller IDs": "caller_ids.csv", "DIDs": "dids.csv"}
_SOUND: Final[Mapping[str, Sequence[Row]]] = {_FILES[name]: rows for name, rows in SHEETS.items()}


@dataclass(frozen=True, kw_only=True)
class Folder:
    """One folder of CSV files."""

    files: Mapping[str, Sequence[Row]] = field(default_factory=lambda: _SOUND)
    encoding: str = "utf-8"
    delimiter: str = ","
    ends: str = "\r\n"
    before: str = ""
    """Put before the header of each file."""
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL


FOLDERS: Final[Mapping[str, Folder]] = {
    "utf-8": Folder(files=_GERMAN),
    "utf-8-with-mark": Folder(files=_GERMAN, encoding="utf-8-sig"),
    "utf-16": Folder(files=_GERMAN, encoding="utf-16", delimiter="\t"),
    "utf-16-without-mark": Folder(files=_GERMAN, encoding="utf-16-le", delimiter="\t"),
    "windows-western": Folder(files=_GERMAN, encoding="cp1252", delimiter=";"),
    "windows-central": Folder(files=_POLISH, encoding="cp1250", delimiter=";"),
    "windows-cyrillic": Folder(files=_CYRILLIC, encoding="cp1251", delimiter=";"),
    "mac-roman": Folder(files=_GERMAN, encoding="mac_roman", delimiter=";", ends="\r"),
    "gb18030": Folder(files=_CHINESE, encoding="gb18030"),
    "commas": Folder(),
    "semicolons": Folder(delimiter=";"),
    "tabs": Folder(delimiter="\t"),
    "vertical-bars": Folder(delimiter="|"),
    "sep-line": Folder(delimiter=";", before="sep=;"),
    "sep-line-with-an-odd-separator": Folder(delimiter="^", before="sep=^"),
    "all-quoted": Folder(quoting=csv.QUOTE_ALL),
    "unix-line-ends": Folder(ends="\n"),
}

_HEAD: Final = "Trunk,DID,DID name\n"
TEXTS: Final[Mapping[str, str]] = {
    "line-break-in-a-cell": _HEAD + 'London-1,+442079460100,"Front\ndesk"\nLondon-1,+442079460101,\n',
    "doubled-quotes": _HEAD + 'London-1,+442079460100,"The ""big"" desk"\n',
    "quote-inside-a-value": _HEAD + 'London-1,+442079460100,19" rack\nLondon-1,+442079460101,Desk\n',
    "quote-never-closed": _HEAD + 'London-1,+442079460100,"Desk\nLondon-1,+442079460101,\n',
    "rows-too-short": _HEAD + "London-1,+442079460100\nLondon-1,+442079460101,Desk\n",
    "rows-too-long": _HEAD + "London-1,+442079460100,Desk, second floor\nLondon-1,+442079460101,\n",
    "trailing-separators": "Trunk,DID,DID name,,\nLondon-1,+442079460100,Desk,,\n",
    "blank-lines": "\n\n" + _HEAD + "\nLondon-1,+442079460100,Desk\n\n\n",
    "decimal-commas": "Trunk;DID;DID name\nLondon-1;442079460100,0;Desk\n",
    "e-notation": _HEAD + "London-1,4.42079E+11,Desk\n",
    "spreadsheet-error-as-text": _HEAD + "London-1,#N/A,Desk\n",
    "formula-as-text": _HEAD + 'London-1,"=""+442079460100""",Desk\n',
    "title-above": "Numbers for Friday,,\n,,\n" + _HEAD + "London-1,+442079460100,Desk\n",
}
"""What dids.csv says, as it stands; trunks.csv beside it is sound."""


def make(folder: Path) -> None:
    """Write them all."""
    for name, given in FOLDERS.items():
        place = empty(folder / name)
        for file, rows in given.files.items():
            text = io.StringIO(newline="")
            csv.writer(text, delimiter=given.delimiter, lineterminator=given.ends, quoting=given.quoting).writerows(
                rows
            )
            before = f"{given.before}{given.ends}" if given.before else ""
            (place / file).write_bytes((before + text.getvalue()).encode(given.encoding))
    for name, words in TEXTS.items():
        place = empty(folder / name)
        (place / "trunks.csv").write_text("Trunk ID,Name\n11,London-1\n", encoding="utf-8")
        (place / "dids.csv").write_text(words, encoding="utf-8", newline="")


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write a CSV file in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def empty(place: Path) -> Path:
    """Make a folder anew, without anything in it."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place
