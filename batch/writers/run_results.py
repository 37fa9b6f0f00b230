"""What a run gives back: the user's workbook with an ending beside every row."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.errors import OutputError
from batch.readers.detect import fingerprint
from batch.readers.workbook import Format, Workbook
from batch.runs.folders import RunFolder
from batch.runs.outcomes import Outcome, RowEndings
from batch.runs.run_report import change_lines
from batch.schema.columns import RESULT_HEADERS
from batch.schema.problems import Problem
from batch.tables.password_cells import SecretSearch
from batch.tables.row_results import (
    FRAME_TYPES,
    AnsweredSheet,
    ChangeLine,
    ListedSheet,
    RowResult,
    Summary,
    typed_frame,
)
from batch.tables.rows import Tables
from batch.trunks.change_plan import Change
from batch.trunks.model import Records
from batch.writers.atomic import Replace, free_name, place_file
from batch.writers.hidden_passwords import answered_sheets, secrets_in
from batch.writers.results_anew import write_results_file, write_results_folder
from batch.writers.results_workbook import Written, write_into, write_results
from batch.xlsx_edit.package import Unpatchable

if TYPE_CHECKING:
    import pandas as pd


RESULTS_WORKBOOK: Final = "results.xlsx"
"""Their name in the run's folder."""
_CSV = frozenset({Format.CSV, Format.ZIP})
KEPT_FORMATS = frozenset({Format.XLSX, Format.XLSM})
"""Of these the results keep everything that they do not say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Where the results lie."""

    path: Path | None
    """The workbook; None where nothing took it."""
    folder: Path | None = None
    """The CSV twin, where the input was CSV."""
    note: str = ""
    """Why they lie elsewhere than asked for, if so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """What results, and whatever else a run gives back, are made of."""

    workbook: Workbook
    """As it is given back: it remembers which trunks the PBX holds as wanted."""
    tables: Tables
    records: Records
    problems: Sequence[Problem]
    changes: Sequence[Change]
    """Of the trunks that have an outcome."""
    outcomes: Mapping[int, Outcome]
    """By row of the Trunks sheet."""
    endings: RowEndings
    """Of all rows."""
    summary: Summary
    hazards: Sequence[str]
    """What was allowed by name, in words."""
    listed: Sequence[ListedSheet] = ()
    """What is listed on sheets of ours beside the changes."""
    address: str
    """The PBX's, as people know it."""
    folder: RunFolder
    lines: Sequence[ChangeLine] = ()
    """Of a run over many PBXs, whose changes are known as these lines alone."""


def give_back(run: EndedRun, target: Path, *, replace: Replace = os.replace, ahead: bytes | None = None) -> Results:
    """Write the results into the run's folder and beside the workbook.

    ``ahead`` has the changes as `ChangesWriter` has written them already, if it has.

    They are never lost: where they cannot be put beside the workbook, they stay in the run's folder; where that takes
    none either, the journal can still make them. `Results.note` says which.
    """
    workbook, tables, folder, summary = run.workbook, run.tables, run.folder, run.summary
    search = secrets_in(workbook, tables)
    sheets = answered_sheets(workbook, tables, run.endings, run.outcomes, search)
    if any(sheet.lower for sheet in sheets):
        subsets = {sheet.raw.name: _whole(sheet) for sheet in sheets}
        sheets, summary = with_cells_placed(subsets), with_cells_named(summary, subsets)
    place = target if is_as_written(target, folder.path, RESULTS_WORKBOOK) else free_name(target)

    def lines() -> Iterator[ChangeLine]:
        return iter(run.lines) if run.lines else change_lines(tables, run.changes, run.outcomes)

    def write(path: Path) -> Written:
        return _write(path, run, sheets, summary, lines, search=search, ahead=ahead)

    try:
        written = write(folder.path / RESULTS_WORKBOOK)
        kept = written.path
    except OutputError as error:
        return _straight_to(place, error, lambda: write(place).path)
    try:
        placed = place_file(place, kept.read_bytes(), replace=replace)
    except OutputError as error:
        return Results(path=kept, note=f"{error.message} The results are in {kept} instead.")
    notes = list(written.notes)
    if place != target:
        notes.append(f"{target.name} was there already, and somebody has worked in it since; it was left as it is.")
    if placed != place:
        notes.append(f"{place.name} is open elsewhere, so they are in {placed.name}.")
    if workbook.format not in {*_CSV, *KEPT_FORMATS, Format.CSV_FILE}:
        notes.append(f"A .{workbook.format} file cannot be written; the results are an .xlsx file.")
    twin = None
    try:
        if workbook.format in _CSV:
            twin = write_results_folder(place.with_suffix(""), sheets, summary, lines())
        elif workbook.format is Format.CSV_FILE:
            twin = _write_csv_file(place, workbook, folder, sheets[0])
    except OutputError as error:
        notes.append(f"{error.message} There is only {placed.name}, and no CSV files.")
    return Results(path=placed, folder=twin, note=" ".join(notes))


def _write(
    path: Path,
    run: EndedRun,
    sheets: Sequence[AnsweredSheet],
    summary: Summary,
    changes: Callable[[], Iterable[ChangeLine]],
    *,
    search: SecretSearch,
    ahead: bytes | None,
) -> Written:
    """Write the results into what the user sent, or anew where that cannot be."""
    workbook, folder, listed = run.workbook, run.folder, run.listed
    private = path.parent == folder.path
    made_at = datetime.now().astimezone().isoformat(timespec="seconds")
    original = folder.path / folder.copy
    notes = []
    if workbook.format in KEPT_FORMATS and folder.copy:
        try:
            must_be_what_was_read(original, workbook, sheets)
            return write_into(
                path,
                original,
                sheets,
                summary,
                changes(),
                listed=listed,
                search=search,
                metadata=workbook.metadata,
                made_at=made_at,
                ahead=ahead,
                private=private,
            )
        except Unpatchable as error:
            notes.append(f"The formatting of {workbook.path.name} could not be kept: {error}.")
    written = write_results(
        path, sheets, summary, changes(), listed=listed, metadata=workbook.metadata, made_at=made_at, private=private
    )
    return Written(path=written, notes=tuple(notes))


def must_be_what_was_read(copy: Path, workbook: Workbook, sheets: Iterable[AnsweredSheet]) -> None:
    """Make sure that a run's copy of the workbook still is what was read, and its sheets what was understood.

    Raises:
        Unpatchable: it is not so.
    """
    if any(sheet.raw is not raw for sheet in sheets for raw in workbook.sheets if raw.name == sheet.raw.name):
        raise Unpatchable("its list has no header, so a row is put in above it")
    if not copy.is_file() or fingerprint(copy) != workbook.sha256:
        raise Unpatchable("the run's copy of it is not what was read")


def _write_csv_file(place: Path, workbook: Workbook, folder: RunFolder, sheet: AnsweredSheet) -> Path:
    """Write the results of a CSV file as such a file too, beside the workbook of results."""
    ending = workbook.path.suffix if workbook.path.suffix.lower() not in {"", ".xlsx", ".xlsm"} else ".csv"
    kept = write_results_file(folder.path / f"results{ending}", sheet)
    target = place.with_suffix(ending)
    free = target if is_as_written(target, folder.path, kept.name) else free_name(target)
    return place_file(free, kept.read_bytes())


def _straight_to(place: Path, error: OutputError, write: Callable[[], Path]) -> Results:
    """Write the results beside the workbook, where the run's folder takes them no more."""
    with suppress(OutputError):
        return Results(path=write(), note=error.message)
    return Results(
        path=None,
        note=f"{error.message} {place.name} could not be written either. The run's journal has every ending: make "
        "room, then resume the run, and the results are written from it.",
    )


def is_as_written(target: Path, folder: Path, name: str) -> bool:
    """Tell whether a file may be replaced: it is not there, or still is what a run left in its folder."""
    if not target.is_file():
        return True
    size, content = target.stat().st_size, None
    for kept in folder.parent.glob(f"*/{name}"):
        if kept.stat().st_size == size:
            content = content or target.read_bytes()
            if kept.read_bytes() == content:
                return True
    return False


def endings_frame(endings: RowEndings) -> pd.DataFrame:
    """Return one line per row of the workbook: sheet, row, and the eight result columns."""
    lines = (
        (sheet, row, *result.cells) for sheet, rows in endings.by_sheet.items() for row, result in sorted(rows.items())
    )
    types = dict(zip(RESULT_HEADERS, FRAME_TYPES, strict=True))
    return typed_frame(lines, {"Sheet": "str", "Row": "int64", **types})


def changes_frame(tables: Tables, changes: Iterable[Change], outcomes: Mapping[int, Outcome]) -> pd.DataFrame:
    """Return one line per changed field or list entry, with the columns of the sheet Changes."""
    *texts, _ = ChangeLine._fields
    lines = ([*line][: len(texts)] for line in change_lines(tables, changes, outcomes))
    return typed_frame(lines, dict.fromkeys(texts, "str"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSubset:
    """Some rows of a sheet."""

    sheet: AnsweredSheet
    rows: Mapping[int, int]
    """Where each row of the whole sheet stands now."""

    def place(self, cell: str) -> str:
        """Return where a cell (``C14``) of the whole sheet stands now."""
        column = cell.rstrip("0123456789")
        row = int(cell[len(column) :])
        return f"{column}{self.rows.get(row, row)}"


def row_subset(sheet: AnsweredSheet, rows: Iterable[int], texts: Mapping[int, Mapping[int, str]]) -> RowSubset:
    """Take rows out of a sheet.

    Args:
        sheet: with a header.
        rows: numbers of rows below the header.
        texts: what to write instead of what stands there, by column (0 is A) and row number, where the sheet itself
            has nothing else to be written.
    """
    raw, header = sheet.raw, sheet.header_row
    if header is None:
        raise ValueError(f"{raw.name} has no header")
    kept = sorted(row + sheet.lower for row in rows)
    texts = {column: {row + sheet.lower: text for row, text in by_row.items()} for column, by_row in texts.items()}
    places = {row: row for row in range(raw.first_row, header + 1)}
    places |= dict(zip(kept, range(header + 1, header + 1 + len(kept)), strict=True))
    columns = [[column[row - raw.first_row] for row in places] for column in raw.columns]
    replaced = {
        column: {places[row]: text for row, text in by_row.items() if row in places}
        for column, by_row in sheet.with_texts(texts).replaced.items()
    }
    alone = replace(
        sheet,
        raw=replace(
            raw, columns=columns, hidden_rows=(), hidden_columns=(), merged=(), formats={}, formulas={}, struck={}
        ),
        results={places[row]: result for row, result in sheet.results.items() if row in places},
        replaced=replaced,
        lower=0,
        recalculated={},
    )
    return RowSubset(sheet=alone, rows={row - sheet.lower: place for row, place in places.items()})


def _whole(sheet: AnsweredSheet) -> RowSubset:
    """Return a whole sheet as the subset of its rows that it is, where they may stand lower now."""
    raw = sheet.raw
    rows = range(raw.first_row, raw.first_row + raw.height) if sheet.lower else ()
    return RowSubset(sheet=sheet, rows={row - sheet.lower: row for row in rows})


def with_cells_placed(subsets: Mapping[str, RowSubset]) -> list[AnsweredSheet]:
    """Return the sheets, with every cell that a result names (``DIDs!C14``) named as it stands now."""
    names = "|".join(re.escape(name) for name in sorted(subsets, key=len, reverse=True))
    cell = re.compile(
        rf"(?:\b(?P<sheet>{names})!|(?:^|(?<= ))(?=[A-Z]{{1,3}}[0-9]+: )|(?<=\bin ))(?P<cell>[A-Z]{{1,3}}[0-9]+)\b"
        r"|(?<=\b[ai][sn] row )(?P<row>[0-9]+)\b"
    )
    return [replace(one.sheet, results=_row_placed(one, subsets, cell)) for one in subsets.values()]


def with_cells_named(summary: Summary, subsets: Mapping[str, RowSubset]) -> Summary:
    """Return the summary, with every cell that it says to look at (``DIDs!C14``) named as it stands now."""
    names = "|".join(re.escape(name) for name in sorted(subsets, key=len, reverse=True))
    cell = re.compile(rf"\b({names})!([A-Z]{{1,3}}[0-9]+)\b")

    def now(found: re.Match[str]) -> str:
        return f"{found[1]}!{subsets[found[1]].place(found[2])}"

    return replace(summary, attention=[cell.sub(now, text) for text in summary.attention])


def _row_placed(one: RowSubset, subsets: Mapping[str, RowSubset], cell: re.Pattern[str]) -> dict[int, RowResult]:
    def now(found: re.Match[str]) -> str:
        name, row = found["sheet"], found["row"]
        if row is not None:
            return str(one.rows.get(int(row), row))
        return one.place(found["cell"]) if name is None else f"{name}!{subsets[name].place(found['cell'])}"

    anew: dict[int, RowResult] = {}
    for result in one.sheet.results.values():
        if id(result) not in anew:
            errmsg, what_to_do = cell.sub(now, result.errmsg), cell.sub(now, result.what_to_do)
            anew[id(result)] = replace(result, errmsg=errmsg, what_to_do=what_to_do)
    return {row: anew[id(result)] for row, result in one.sheet.results.items()}
