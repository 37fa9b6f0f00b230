"""Rows: the three linked sheets found in a workbook, their headers matched, their cells as text, by column.

A row's key is its row number on its sheet; it is the index of the frame and stays with the row until its result
is written. Nothing is ever joined by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from batch.sheets import layout
from batch.sheets.cells import FindSecret, Strip, secrets_of, texts_of
from batch.sheets.headers import Headers, match_headers
from batch.sheets.imprints import Imprint
from batch.sheets.layout import Parser, Sheet, folded
from batch.sheets.problems import Problem
from batch.sheets.workbooks import CellValue, RawSheet, Workbook

_GUIDES: Final = frozenset({"How to fill this in", "Glossary"})
"""Sheets of the template, which bears no mark: it becomes the user's own as soon as it is filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of one sheet."""

    sheet: Sheet
    raw: RawSheet | None
    """None where the workbook has no such sheet."""
    header_row: int = 1
    headers: Headers = field(default_factory=Headers)
    frame: pd.DataFrame = field(repr=False)
    """One column of text per known column the sheet has, named by field; ``""`` is blank; the password column
    holds `Secret`; index: row numbers as people see them. Wholly blank rows are left out."""
    faulty: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Per field, the rows whose cell could not be read: blank in the frame, but not blank, and already reported."""

    @property
    def name(self) -> str:
        """The sheet's name as the user wrote it."""
        return self.raw.name if self.raw else self.sheet.title

    def has(self, field_name: str) -> bool:
        """Tell whether the sheet has the column."""
        return field_name in self.headers.columns

    def texts(self, field_name: str) -> Sequence[Any]:
        """Return one column, `Secret` for the password and text otherwise; blank where the sheet lacks it."""
        if field_name in self.frame:
            return self.frame[field_name].tolist()
        return [""] * len(self.frame)

    def rows(self) -> Sequence[int]:
        """Return the row numbers, ascending."""
        return self.frame.index.tolist()

    def filled(self, field_name: str) -> list[tuple[int, Any]]:
        """Return row number and text of every cell of a column that is not blank."""
        return [(row, text) for row, text in zip(self.rows(), self.texts(field_name), strict=True) if text]

    def text(self, field_name: str, row: int) -> str:
        """Return what one cell says; a password says ``<hidden>``."""
        return str(self.frame.loc[row, field_name])

    def blank(self, field_name: str, row: int, text: str) -> bool:
        """Tell whether a cell is blank because nobody filled it, rather than because it could not be read."""
        return not text and row not in self.faulty.get(field_name, ())

    def lacks(self, field_name: str, row: int, text: str) -> bool:
        """Tell whether a cell that must be filled is not; a column that is missing is told once, at the header."""
        return self.has(field_name) and self.blank(field_name, row, text)

    def cell(self, field_name: str, row: int) -> str:
        """Name a cell of this sheet, as ``C14``."""
        return f"{layout.letters(self.headers.columns.get(field_name, 0))}{row}"

    def problem(self, code: str, row: int, field_name: str, message: str, fix: str, *, value: str = "") -> Problem:
        """Make a problem at a cell of this sheet."""
        return Problem(
            code=code,
            sheet=self.name,
            row=row,
            column=self.headers.columns.get(field_name, 0),
            header=self.headers.texts.get(field_name, self.sheet.column(field_name).label),
            value=value,
            message=message,
            fix=fix,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The three linked sheets of a workbook."""

    trunks: Table
    caller_ids: Table
    dids: Table

    def __iter__(self) -> Iterator[Table]:
        return iter((self.trunks, self.caller_ids, self.dids))


def tabulate(workbook: Workbook, find_secret: FindSecret) -> tuple[Tables, list[Problem]]:
    """Find the three sheets, match their headers and turn their cells into text.

    Returns the tables and everything wrong with sheets, headers and kinds of cell. A cell in fault is blank in the
    frame, but its row is kept.
    """
    found, problems = _find_sheets(workbook)
    tables = []
    for sheet in layout.SHEETS:
        table, faults = _table(sheet, found.get(sheet.title), find_secret, ours=workbook.ours)
        tables.append(table)
        problems += faults
    trunks, caller_ids, dids = tables
    if trunks.raw is not None and trunks.frame.empty and not any(p.stops and p.sheet == trunks.name for p in problems):
        problems.append(
            Problem(
                code="sheet-empty",
                sheet=trunks.name,
                row=trunks.header_row,
                message=f"The sheet {trunks.name} has no rows, so there is nothing to do.",
                fix="Fill in one row per trunk below the header.",
            )
        )
    return Tables(trunks=trunks, caller_ids=caller_ids, dids=dids), problems


def is_own_sheet(raw: RawSheet, imprint: Imprint) -> bool:
    """Tell whether a sheet is neither one of the three nor one that the tool itself wrote."""
    if raw.name in layout.HIDDEN_SHEETS:
        return False
    return sheet_of(raw) is None and not imprint.is_sheet_of_ours(raw.name)


def sheet_of(raw: RawSheet) -> Sheet | None:
    """Return which of the three sheets a sheet is, going by its name."""
    name = folded(raw.name)
    return next((s for s in layout.SHEETS if name in {folded(s.title), *map(folded, s.aliases)}), None)


def _find_sheets(workbook: Workbook) -> tuple[dict[str, RawSheet], list[Problem]]:
    found: dict[str, RawSheet] = {}
    problems: list[Problem] = []
    own = []
    for raw in workbook.sheets:
        sheet = sheet_of(raw)
        if sheet is None:
            own.append(raw)
        elif sheet.title in found:
            problems.append(
                Problem(
                    code="sheet-twice",
                    sheet=raw.name,
                    message=f"The sheets {found[sheet.title].name!r} and {raw.name!r} both mean {sheet.title}.",
                    fix=f"Keep one of them, and rename the other to something that is not like {sheet.title}.",
                )
            )
        else:
            found[sheet.title] = raw
    for raw in own:
        problems += _own_sheet(raw, found, workbook)
    for title, raw in found.items():
        if raw.hidden:
            problems.append(
                Problem(
                    code="sheet-hidden",
                    sheet=raw.name,
                    message=f"The sheet {title} is hidden; its rows count all the same.",
                    fix="Unhide it to see what will be done.",
                )
            )
        if raw.name in workbook.remarks:
            problems.append(
                Problem(
                    code="file-detected",
                    sheet=raw.name,
                    message=workbook.remarks[raw.name],
                    fix="If names look odd, save the file as CSV UTF-8.",
                )
            )
    if layout.TRUNKS.title not in found and not any(_nearest(raw, found) is layout.TRUNKS for raw in own):
        names = ", ".join(repr(raw.name) for raw in workbook.sheets) or "no sheet at all"
        problems.append(
            Problem(
                code="sheet-missing",
                sheet=layout.TRUNKS.title,
                message=f"There is no sheet named Trunks; the file has {names}.",
                fix="Name the sheet with one row per trunk Trunks, or start from `trunk-batch template`.",
            )
        )
    return found, problems


def _own_sheet(raw: RawSheet, found: Mapping[str, RawSheet], workbook: Workbook) -> list[Problem]:
    if not is_own_sheet(raw, workbook.imprint) or raw.name in _GUIDES:
        return []
    if near := _nearest(raw, found):
        return [
            Problem(
                code="sheet-near",
                sheet=raw.name,
                value=raw.name,
                message=f"The sheet {raw.name!r} is not known; did you mean {near.title}?",
                fix=f"Rename it to {near.title}, or to something that is not like it.",
            )
        ]
    return [
        Problem(
            code="own-sheet",
            sheet=raw.name,
            message=f"The sheet {raw.name!r} is your own; it is kept and not read.",
            fix="Nothing to do.",
        )
    ]


def _nearest(raw: RawSheet, found: Mapping[str, RawSheet]) -> Sheet | None:
    """Return the sheet that the workbook lacks and whose name is within two edits, if there is one."""
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - only a few workbooks need it

    name = folded(raw.name)
    lacking = [sheet for sheet in layout.SHEETS if sheet.title not in found]
    return next((sheet for sheet in lacking if Levenshtein.distance(name, folded(sheet.title)) <= 2), None)


def _table(sheet: Sheet, raw: RawSheet | None, find_secret: FindSecret, *, ours: bool) -> tuple[Table, list[Problem]]:
    start = None if raw is None else _header_offset(raw)
    if raw is None or start is None:
        return Table(sheet=sheet, raw=raw, frame=_frame({}, [])), []
    header_row = raw.first_row + start
    cells = {raw.first_column + i: values[start] for i, values in enumerate(raw.columns)}
    headers, problems = match_headers(sheet, raw.name, header_row, cells, ours=ours)
    rows = np.arange(header_row + 1, raw.first_row + raw.height)
    columns: dict[str, Sequence[Any]] = {}
    faulty: dict[str, frozenset[int]] = {}
    occupied = np.zeros(len(rows), dtype=bool)
    for name, position in headers.columns.items():
        strip = Strip(
            sheet_name=raw.name,
            column=sheet.column(name),
            position=position,
            header=headers.texts[name],
            first_row=header_row + 1,
            formats=raw.formats.get(position, {}),
            formulas=raw.formulas.get(position, {}),
        )
        values = raw.columns[position - raw.first_column][start + 1 :]
        texts, faults = texts_of(strip, values)
        if not occupied.all():
            occupied |= np.fromiter(map(bool, texts), dtype=bool, count=len(texts))
        occupied[[fault.row - strip.first_row for fault in faults]] = True
        columns[name] = texts
        if strip.column.parser is Parser.SECRET:
            columns[name], unfound = secrets_of(strip, texts, find_secret)
            faults += unfound
        problems += faults
        faulty[name] = frozenset(fault.row for fault in faults if fault.stops)
    if not occupied.all():
        kept = occupied.tolist()
        columns = {name: list(compress(column, kept)) for name, column in columns.items()}
        rows = rows[occupied]
    problems += _hidden_rows(raw, occupied=set(rows.tolist()) if raw.hidden_rows else set())
    return (
        Table(sheet=sheet, raw=raw, header_row=header_row, headers=headers, frame=_frame(columns, rows), faulty=faulty),
        problems,
    )


def _header_offset(raw: RawSheet) -> int | None:
    """Return how many blank rows stand above the header; None where all rows are blank."""
    return next((i for i in range(raw.height) if not all(_is_blank(column[i]) for column in raw.columns)), None)


def _is_blank(value: CellValue) -> bool:
    return isinstance(value, str) and not value.strip()


def _frame(texts: Mapping[str, Sequence[Any]], rows: Any) -> pd.DataFrame:
    index = pd.Index(rows, dtype="int64", name="row")
    columns = {name: pd.Series(_objects(column), index=index, dtype=object) for name, column in texts.items()}
    return pd.DataFrame(columns, index=index, copy=False)


def _objects(column: Sequence[Any]) -> npt.NDArray[np.object_]:
    return np.array(column, dtype=object)


def _hidden_rows(raw: RawSheet, *, occupied: set[int]) -> list[Problem]:
    hidden = [row for row in raw.hidden_rows if row in occupied]
    if not hidden:
        return []
    return [
        Problem(
            code="rows-hidden",
            sheet=raw.name,
            row=hidden[0],
            message=f"{len(hidden)} hidden or filtered rows of {raw.name} count as rows: {spans(hidden)}."
            if len(hidden) > 1
            else f"Row {hidden[0]} of {raw.name} is hidden or filtered; it counts all the same.",
            fix="Show all rows to see them; delete those that are not meant.",
        )
    ]


def spans(rows: Iterable[int]) -> str:
    """Write row numbers shortly: ``2-5, 9``."""
    parts: list[list[int]] = []
    for row in rows:
        if parts and row == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], row]
        else:
            parts.append([row])
    return ", ".join("-".join(map(str, part)) for part in parts)
