"""The sound workbook that every file of the corpus is a spoiled copy of, and how it is written in Excel's own XML."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

Row: TypeAlias = Sequence[str]

SHEETS: Final[Mapping[str, Sequence[Row]]] = {
    "Trunks": [
        ("Trunk ID", "Name", "Port", "Default caller ID"),
        ("11", "London-1", "5060", "+442079460100"),
        ("12", "Paris-1", "5061", ""),
    ],
    "Caller IDs": [
        ("Trunk", "Option", "Caller ID", "Caller ID name", "Extension range", "Extensions", "Extension groups"),
        ("London-1", "shared", "+442079460100", "Acme", "", "1001, 1002", "Sales"),
        ("London-1", "range", "+442079460110-+442079460119", "", "1010-1019", "", ""),
    ],
    "DIDs": [
        ("Trunk", "DID", "DID name"),
        ("London-1", "+442079460100", "Reception"),
        ("London-1", "+442079460101", ""),
        ("Paris-1", "0033144556677", "Accueil"),
        ("Paris-1", "0033144556678", ""),
    ],
}
"""What a colleague would have typed into the template, all of it as text."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What stands in a cell instead of the sound text."""

    value: Any
    format: str = ""
    """A number format, in Excel's notation."""
    result: Any = ""
    """What a formula has given; None where the file does not say."""


Spoiled: TypeAlias = Mapping[str, Any]
"""By ``DIDs!B3``: a `Cell`, or a plain value."""


@dataclass(frozen=True, kw_only=True)
class Book:
    """One workbook to be written."""

    spoiled: Spoiled = field(default_factory=dict)
    sheets: Mapping[str, Sequence[Row]] = field(default_factory=lambda: SHEETS)
    top: int = 0
    """So many rows stay free above each header."""
    left: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    """For xlsxwriter."""
    finish: Callable[[xlsxwriter.Workbook, Mapping[str, Worksheet]], None] | None = None
    """What else is done to the sheets, last."""


def write_excel(path: Path, book: Book) -> None:
    """Write a workbook as Excel does."""
    with xlsxwriter.Workbook(path, {"strings_to_urls": False, **book.options}) as file:
        file.set_properties({"created": dt.datetime(2026, 1, 1)})  # noqa: DTZ001 - spreadsheets know no time zones
        pages = {name: file.add_worksheet(name) for name in book.sheets}
        text = file.add_format({"num_format": "@"})
        for name, rows in book.sheets.items():
            for number, row in enumerate(rows, book.top):
                for column, value in enumerate(row, book.left):
                    if value:
                        pages[name].write_string(number, column, value, text if number > book.top else None)
        for place, given in book.spoiled.items():
            name, cell = place.split("!")
            _spoil(file, pages[name], cell, given if isinstance(given, Cell) else Cell(value=given))
        if book.finish is not None:
            book.finish(file, pages)


def _spoil(file: xlsxwriter.Workbook, page: Worksheet, cell: str, given: Cell) -> None:
    look = file.add_format({"num_format": given.format}) if given.format else None
    match given.value:
        case str() if given.value.startswith("="):
            page.write_formula(cell, given.value, look, given.result)
        case str():
            page.write_string(cell, given.value, look)
        case bool():
            page.write_boolean(cell, given.value, look)
        case int() | float():
            page.write_number(cell, given.value, look)
        case dt.datetime() | dt.date() | dt.time() | dt.timedelta():
            page.write_datetime(cell, given.value, look or file.add_format({"num_format": "d-mmm"}))
        case _:
            page.write_blank(cell, None, look)


def rewrite(path: Path, part: str, *changes: tuple[str, str]) -> None:
    """Replace text by pattern in a part of a package, as no library writes it and some program does."""
    import zipfile

    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    text = parts[part].decode()
    for pattern, new in changes:
        changed = re.sub(pattern, new, text, flags=re.DOTALL)
        if changed == text:
            raise ValueError(f"{path.name}: {pattern} is not in {part}")
        text = changed
    parts[part] = text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
