"""Columns file: what says which column of a workbook means what, where its headers do not.

A TOML file with a table for each sheet. In ``[DIDs.columns]`` stands our column left of ``=``, right of it the header
as it is in the workbook, or ``column C``, or nothing (``""``) for a column that is to be left alone. In ``[DIDs]``
itself a column of ours has what all rows say (``trunk = "London-1"``), ``skip_where`` has the rows to be left out, by
header and what the cells say, and ``own`` the headers of columns that are the user's own.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from batch.errors import UsageError
from batch.readers.workbook import CellValue, RawSheet
from batch.schema.column_model import Sheet, words_of
from batch.schema.columns import DIDS, LIST_SHEETS, SHEETS, TRUNKS
from batch.schema.problems import Problem
from batch.wording import column_of, folded, letters

_BY_LETTERS: Final = re.compile(r"column\s+([A-Za-z]{1,3})", re.IGNORECASE)
_LINE: Final = re.compile(r"(.*) \(at (?:line (\d+), column \d+|(end of document))\)")
_KEYS: Final = frozenset({"sheet", "header_row", "own", "columns", "skip_where"})
_NEVER_ALWAYS: Final = frozenset({"id", "name", "password", *(sheet.number for sheet in LIST_SHEETS)})
"""Columns in which no two rows say the same, and the password, which belongs into no such file."""


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
    always: Mapping[str, str] = field(default_factory=dict)
    """Field to what all rows say."""
    skip_where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Header, or ``column C``, to what its cells say in rows that are left out; ``""`` is a blank cell."""


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
    theirs: frozenset[int] = frozenset()
    """Positions of columns that another system writes into such a file, and that mean nothing to a trunk."""
    always: Mapping[str, str] = field(default_factory=dict)
    """Field to what all rows say; it has no column."""
    skip_where: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Position to what its cells say in rows that are left out."""

    @property
    def known(self) -> frozenset[str]:
        """Fields that have a column, or the same in all rows."""
        return frozenset({*self.positions, *self.always})


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
            above = "DIDs" if key == "skip_where" or words_of(DIDS).get(folded(key)) == "trunk" else TRUNKS.title
            raise _not_of_this_form(name, f"{key!r} is outside of a sheet", f"Put a line [{above}] above it.")
        if sheet is None or sheet.title in sheets:
            again = "names the same sheet as another" if sheet else "is none of the three sheets"
            strange.append(fault(name, TRUNKS.title, f"[{key}] {again}", key, "There are Trunks, Caller IDs and DIDs."))
            continue
        columns, unknown = _columns(name, sheet, table)
        always, wrong = _always(name, sheet, table)
        strange += [*unknown, *wrong]
        sheets[sheet.title] = SheetColumns(
            sheet=_sheet_name(name, key, table.get("sheet", "")),
            header_row=_header_row(name, key, table.get("header_row")),
            columns=columns,
            own=_own(name, key, table.get("own", [])),
            always=always,
            skip_where=_skip_where(name, key, table.get("skip_where", {})),
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
        + 'A line says Name = "Header" with straight quotes, and each name occurs once.',
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


def _always(name: str, sheet: Sheet, table: Mapping[str, Any]) -> tuple[dict[str, str], list[Problem]]:
    """Return what all rows say, by field."""
    always: dict[str, str] = {}
    wrong: list[Problem] = []
    for key in sorted(table.keys() - _KEYS):
        field_name, value = words_of(sheet).get(folded(key)), table[key]
        if field_name is None:
            has = f"It has {', '.join(sorted(_KEYS))}, and columns that say the same in all rows; a header belongs"
            what = f"[{sheet.title}] cannot have {key}"
            wrong.append(fault(name, sheet.title, what, key, f"{has} under [{toml_key(sheet.title)}.columns]."))
        elif field_name in _NEVER_ALWAYS:
            what = f"{sheet.column(field_name).label} cannot be the same in all rows of {sheet.title}"
            fix = f"Name its column under [{toml_key(sheet.title)}.columns]."
            wrong.append(fault(name, sheet.title, what, key, fix))
        elif isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            always[field_name] = str(value).strip()
        else:
            raise _not_of_this_form(name, f"{key} of [{sheet.title}] cannot be {value!r}", "Put it into quotes.")
    return always, wrong


def _skip_where(name: str, section: str, value: object) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for header, words in value.items() if isinstance(value, dict) else [("", None)]:
        each = words if isinstance(words, list) else [words]
        if not header.strip() or not all(isinstance(word, str | int) for word in each):
            raise _not_of_this_form(
                name,
                f"skip_where of [{section}] cannot be {value!r}",
                'It has headers, each with what its cells say in the rows to be left out: {status = ["deleted"]}.',
            )
        found[header.strip()] = tuple(str(word).strip() for word in each)
    return found


def toml_key(name: str) -> str:
    """Write a key as TOML does."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_text(name)


def toml_text(text: str) -> str:
    """Write a text as TOML does; JSON's way is the same but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_list(texts: Iterable[str]) -> str:
    """Write a list of texts as TOML does."""
    return f"[{', '.join(map(toml_text, texts))}]"


def _columns(name: str, sheet: Sheet, table: Mapping[str, Any]) -> tuple[dict[str, str], list[Problem]]:
    columns: dict[str, str] = {}
    unknown: list[Problem] = []
    known = words_of(sheet)
    given = table.get("columns", {})
    if not isinstance(given, dict):
        raise _not_of_this_form(name, f"columns of [{sheet.title}] is no table", f'Write ["{sheet.title}".columns].')
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
    always = dict(given.always)
    for name, text in given.columns.items():
        if not text:
            continue
        label = sheet.column(name).label
        found = _positions(text, header)
        taken = next((other for other, position in positions.items() if found == [position]), None)
        if len(found) > 1:
            where = " and ".join(letters(position) for position in found)
            what = f"{text!r} for {label} is in the columns {where} of {raw.name}"
            problems.append(fault(file.name, raw.name, what, text, f'Say which: "column {letters(found[0])}".'))
        elif not found and name == "trunk" and not _likest(text, header):
            always.setdefault(name, text)
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
    words = words_of(sheet)
    own |= {at for at, cell in header.items() if isinstance(cell, str) and words.get(folded(cell)) in alone}
    problems += faults
    skipped, faults = _found_skipped(file, sheet, raw, row, header)
    problems += faults
    own -= set(positions.values())
    fitted = Fit(positions=positions, alone=alone, own=own, always=always, skip_where=skipped)
    return fitted, [*problems, *_mapped(file, sheet, raw, row, header, fitted)]


def _found_skipped(
    file: ColumnsFile, sheet: Sheet, raw: RawSheet, row: int, header: Mapping[int, CellValue]
) -> tuple[Mapping[int, Sequence[str]], list[Problem]]:
    skipped: dict[int, Sequence[str]] = {}
    problems = []
    for text, words in file.sheets[sheet.title].skip_where.items():
        found = _positions(text, header)
        if found:
            skipped[found[0]] = words
        else:
            what = f"row {row} of {raw.name} has no header {text!r}, by which rows are to be left out"
            problems.append(fault(file.name, raw.name, what, text, _near(sheet, text, header)))
    return skipped, problems


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
    likest = _likest(text, header)
    if not likest or not any(folded(str(there)) in words_of(sheet) for there in header.values()):
        return 'Write it as it is there, or say "column C".'
    return f"Did you mean {likest!r}?"


def _likest(text: str, header: Mapping[int, CellValue]) -> str:
    """Return the header that is almost this text, if there is one."""
    from rapidfuzz import process  # noqa: PLC0415 - only for a file that does not fit

    texts = [" ".join(str(cell).split()) for cell in header.values() if isinstance(cell, str) and cell.strip()]
    likest = process.extractOne(text, texts, processor=folded, score_cutoff=60)
    return likest[0] if likest else ""


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
    file: ColumnsFile, sheet: Sheet, raw: RawSheet, row: int, header: Mapping[int, CellValue], fitted: Fit
) -> list[Problem]:
    if not fitted.known:
        return []
    said = ", ".join(
        f"{letters(position)} ({str(header[position]).strip() or 'no header'}) is {sheet.column(name).label}"
        for name, position in fitted.positions.items()
    )
    same = " and ".join(f"{sheet.column(name).label} is {text!r}" for name, text in fitted.always.items())
    sentences = [f"column {said}"] if said else []
    sentences += [f"{same} in all rows"] if same else []
    return [
        Problem(
            code="columns-mapped",
            sheet=raw.name,
            row=row,
            column=min(fitted.positions.values(), default=0),
            message=f"By {file.name}, {'; '.join(sentences)}.",
        )
    ]
