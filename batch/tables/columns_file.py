"""Columns file: what says which column of a workbook means what, where its headers do not.

A TOML file with a table for each sheet. Left of ``=`` stands our column, right of it the header as it stands in the
workbook, or ``column C``, or nothing (``""``) for a column that is to be left alone. ``own`` lists the
headers of columns that are the user's own.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from batch.errors import UsageError
from batch.readers.workbook import CellValue, RawSheet
from batch.schema.column_model import Sheet, words_of
from batch.schema.columns import SHEETS, TRUNKS
from batch.schema.problems import Problem
from batch.wording import column_of, folded, letters

_BY_LETTERS: Final = re.compile(r"column\s+([A-Za-z]{1,3})", re.IGNORECASE)
_LINE: Final = re.compile(r"(.*) \(at (?:line (\d+), column \d+|(end of document))\)")
_KEYS: Final = "sheet, header_row, own and columns"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumns:
    """What the file says of one of the three sheets."""

    sheet: str = ""
    """The sheet's name in the workbook; ``""`` leaves it to be found."""
    header_row: int | None = None
    """None leaves it to be found."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field to header, or to ``column C``, or to ``""`` for none."""
    own: Sequence[str] = ()
    """Headers, or ``column C``, of columns that are the user's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsFile:
    """A whole columns file."""

    name: str
    """Its name, as people are told of it."""
    text: str = field(repr=False, default="")
    """As it was read."""
    sheets: Mapping[str, SheetColumns] = field(default_factory=dict)
    """By the sheet's title."""
    strange: Sequence[Problem] = ()
    """What names no sheet or column of ours."""

    @property
    def sha256(self) -> str:
        """Of its text; ``""`` where there is none."""
        return hashlib.sha256(self.text.encode()).hexdigest() if self.text else ""


NO_FILE: Final = ColumnsFile(name="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What the file comes to on the sheet that it is about."""

    positions: Mapping[str, int] = field(default_factory=dict)
    """Field to position of its column; 0 is A."""
    alone: frozenset[str] = frozenset()
    """Fields whose usual headers mean nothing here."""
    own: frozenset[int] = frozenset()
    """Positions of columns that are said to be the user's own."""


NO_FIT: Final = Fit()


def parse_columns(name: str, text: str) -> ColumnsFile:
    """Understand the text of a columns file.

    Raises:
        UsageError: it is no TOML, or not of this form.
    """
    try:
        tables = tomllib.loads(text)
    except ValueError as error:
        raise _not_toml(name, text, str(error)) from None
    sheets: dict[str, SheetColumns] = {}
    strange: list[Problem] = []
    for key, table in tables.items():
        sheet = next((s for s in SHEETS if folded(key) in map(folded, s.names)), None)
        if not isinstance(table, dict):
            raise _not_of_this_form(name, f"{key!r} stands outside of a sheet", "Put a line [Trunks] above it.")
        if sheet is None or sheet.title in sheets:
            again = "names the same sheet as another" if sheet else "is none of the three sheets"
            strange.append(fault(name, TRUNKS.title, f"[{key}] {again}", key, "There are Trunks, Caller IDs and DIDs."))
            continue
        columns, unknown = _columns(name, sheet, table)
        strange += unknown
        sheets[sheet.title] = SheetColumns(
            sheet=_sheet_name(name, key, table.get("sheet", "")),
            header_row=_header_row(name, key, table.get("header_row")),
            columns=columns,
            own=_own(name, key, table.get("own", [])),
        )
    return ColumnsFile(name=name, text=text, sheets=sheets, strange=tuple(strange))


def _not_toml(name: str, text: str, reason: str) -> UsageError:
    found = _LINE.fullmatch(reason)
    number = (int(found[2]) if found[2] else text.count("\n") + 1) if found else 0
    where = f" in line {number}" if number else ""
    line = (text.split("\n")[number - 1 : number] or [""])[0].strip()
    return UsageError(
        f"{name} cannot be understood{where}: {(found[1] if found else reason).rstrip('.')}.",
        (f"The line is: {line}. " if line else "")
        + 'A line says Name = "Header" with straight quotes, and each name stands once.',
    )


def _not_of_this_form(name: str, what: str, fix: str) -> UsageError:
    return UsageError(f"{name}: {what}.", f"{fix} check --write-columns writes one to begin with.")


def _sheet_name(name: str, section: str, value: object) -> str:
    if not isinstance(value, str):
        raise _not_of_this_form(name, f"sheet of [{section}] cannot be {value!r}", "It is a text in quotes.")
    return value.strip()


def _own(name: str, section: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(text, str) and text.strip() for text in value):
        return tuple(text.strip() for text in value)
    raise _not_of_this_form(
        name, f"own of [{section}] cannot be {value!r}", 'It is a list of headers, like ["Site", "column C"].'
    )


def _header_row(name: str, section: str, value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise _not_of_this_form(name, f"header_row of [{section}] cannot be {value!r}", "It is a row number, from 1 on.")


def _columns(name: str, sheet: Sheet, table: Mapping[str, Any]) -> tuple[dict[str, str], list[Problem]]:
    columns: dict[str, str] = {}
    unknown: list[Problem] = []
    known = words_of(sheet)
    given = table.get("columns", {})
    if not isinstance(given, dict):
        raise _not_of_this_form(name, f"columns of [{sheet.title}] is no table", f'Write ["{sheet.title}".columns].')
    strangers = table.keys() - {"sheet", "header_row", "own", "columns"}
    unknown += [
        fault(name, sheet.title, f"[{sheet.title}] cannot have {key}", key, f"It has {_KEYS}; move it to the columns.")
        for key in sorted(strangers)
    ]
    for label, text in given.items():
        if not isinstance(text, str):
            raise _not_of_this_form(name, f"{label} of [{sheet.title}] cannot be {text!r}", "Put it into quotes.")
        meant = known.get(folded(label))
        if meant is None:
            labels = ", ".join(column.label for column in sheet.columns)
            unknown.append(
                fault(name, sheet.title, f"the sheet {sheet.title} has no column {label!r}", label, f"It has {labels}.")
            )
        elif meant in columns:
            called = sheet.column(meant).label
            unknown.append(
                fault(name, sheet.title, f"{label!r} means {called}, which is said already", label, "Keep one of them.")
            )
        else:
            columns[meant] = text.strip()
    return columns, unknown


def fault(name: str, sheet_name: str, what: str, value: str, fix: str) -> Problem:
    """Make a problem of something that the file says and that does not fit."""
    return Problem(
        code="columns-file", sheet=sheet_name, value=value, message=f"{name}: {what}.", fix=f"Correct {name}. {fix}"
    )


def words_with(sheet: Sheet, given: SheetColumns) -> Mapping[str, str]:
    """Return every header that counts as known on a sheet, folded, and its field: ours, as the file changes them."""
    kept = {word: name for word, name in words_of(sheet).items() if name not in given.columns}
    return kept | {folded(text): name for name, text in given.columns.items() if text}


def fit(
    file: ColumnsFile, sheet: Sheet, raw: RawSheet, row: int, header: Mapping[int, CellValue]
) -> tuple[Fit, list[Problem]]:
    """Find the columns that the file names among the headers of a sheet."""
    given = file.sheets.get(sheet.title)
    if given is None:
        return NO_FIT, []
    positions: dict[str, int] = {}
    problems: list[Problem] = []
    for name, text in given.columns.items():
        if not text:
            continue
        label = sheet.column(name).label
        found = _positions(text, header)
        taken = next((other for other, position in positions.items() if found == [position]), None)
        if len(found) > 1:
            where = " and ".join(letters(position) for position in found)
            what = f"{text!r} for {label} stands in the columns {where} of {raw.name}"
            problems.append(fault(file.name, raw.name, what, text, f'Say which: "column {letters(found[0])}".'))
        elif not found:
            what = f"row {row} of {raw.name} has no header {text!r} for {label}"
            problems.append(fault(file.name, raw.name, what, text, _near(sheet, text, header)))
        elif taken is not None:
            what = f"{text!r} cannot mean both {sheet.column(taken).label} and {label}"
            problems.append(fault(file.name, raw.name, what, text, "Keep one of the two lines."))
        else:
            positions[name] = found[0]
    alone = frozenset(name for name, text in given.columns.items() if not text)
    own, faults = _found_own(file, sheet, raw, row, header)
    problems += faults
    return Fit(positions=positions, alone=alone, own=own - set(positions.values())), [
        *problems,
        *_mapped(file, sheet, raw, row, header, positions),
    ]


def _found_own(
    file: ColumnsFile, sheet: Sheet, raw: RawSheet, row: int, header: Mapping[int, CellValue]
) -> tuple[frozenset[int], list[Problem]]:
    own: set[int] = set()
    problems = []
    for text in file.sheets[sheet.title].own:
        found = _positions(text, header)
        own.update(found)
        if not found:
            what = f"row {row} of {raw.name} has no header {text!r}, which is said to be your own"
            problems.append(fault(file.name, raw.name, what, text, _near(sheet, text, header)))
    return frozenset(own), problems


def _near(sheet: Sheet, text: str, header: Mapping[int, CellValue]) -> str:
    """Say which header is likest; a row without a known header may be no header, and its cells are not shown."""
    from rapidfuzz import process  # noqa: PLC0415 - only for a file that does not fit

    texts = [" ".join(str(cell).split()) for cell in header.values() if isinstance(cell, str) and cell.strip()]
    likest = process.extractOne(text, texts, processor=folded, score_cutoff=60)
    if likest is None or not any(folded(there) in words_of(sheet) for there in texts):
        return 'Write it as it stands there, or say "column C".'
    return f"Did you mean {likest[0]!r}?"


def _positions(text: str, header: Mapping[int, CellValue]) -> list[int]:
    """Return where a header stands, the same letter by letter before the same in other spelling."""
    same = [position for position, cell in header.items() if str(cell).strip() == text]
    alike = same or [position for position, cell in header.items() if folded(str(cell)) == folded(text) != ""]
    by_letters = _BY_LETTERS.fullmatch(text)
    if alike or not by_letters:
        return alike
    position = column_of(by_letters[1])
    return [position] if position in header else []


def _mapped(
    file: ColumnsFile,
    sheet: Sheet,
    raw: RawSheet,
    row: int,
    header: Mapping[int, CellValue],
    positions: Mapping[str, int],
) -> list[Problem]:
    if not positions:
        return []
    said = ", ".join(
        f"{letters(position)} ({str(header[position]).strip() or 'no header'}) is {sheet.column(name).label}"
        for name, position in positions.items()
    )
    return [
        Problem(
            code="columns-mapped",
            sheet=raw.name,
            row=row,
            column=min(positions.values()),
            message=f"By {file.name}, column {said}.",
        )
    ]
