"""Results: the user's workbook given back, an ending beside every row, and without passwords."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.errors import OutputError
from batch.readers.detect import fingerprint
from batch.readers.workbook import Format, RawSheet, Workbook
from batch.runs.folders import RunFolder
from batch.runs.outcomes import Ending, Outcome
from batch.runs.row_endings import RowEndings
from batch.runs.run_report import change_lines
from batch.schema.columns import RESULT_HEADERS
from batch.schema.file_metadata import BASE
from batch.schema.problems import Problem
from batch.secrets import HIDDEN
from batch.tables.cells import TYPE_AGAIN
from batch.tables.password_cells import SecretSearch, as_text, cells_to_hide, hidden_values
from batch.tables.row_results import AnsweredSheet, ChangeLine, Summary
from batch.tables.rows import Table, Tables
from batch.tables.sheets import is_ours
from batch.trunks.change_plan import Change
from batch.trunks.model import Records
from batch.writers.atomic import Replace, free_name, place_file
from batch.writers.csv_results import write_results_folder
from batch.writers.results_workbook import Written, write_into, write_results
from batch.xlsx_edit.package import Unpatchable

if TYPE_CHECKING:
    import pandas as pd


_FINISHED: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED})


def secrets_in(workbook: Workbook, tables: Tables) -> SecretSearch:
    """Return what finds the passwords of a workbook: those typed, those looked up, and those of the user's own."""
    trunks = tables.trunks
    found = {secret.reveal() for _, secret in trunks.filled("password")}
    if trunks.raw is not None and trunks.has("password"):
        cells = trunks.raw.columns[trunks.headers.columns["password"] - trunks.raw.first_column]
        typed = (as_text(cells[row - trunks.raw.first_row]).strip() for row in trunks.rows())
        found |= {text for text in typed if text not in {TYPE_AGAIN, HIDDEN}}
    for raw, header_row, columns in _own_columns(workbook, tables):
        for column, rows in cells_to_hide(raw, header_row, columns).items():
            own = (as_text(raw.columns[column - raw.first_column][row - raw.first_row]).strip() for row in rows)
            found |= {text for text in own if not text.isdecimal()}  # else it could be any extension or port
    return SecretSearch(text for text in found if not _only_names(text))


def _only_names(text: str) -> bool:
    """Tell whether a cell says where the password is to be found."""
    return text.strip().casefold().startswith(("env:", "file:"))


def _own_columns(workbook: Workbook, tables: Tables) -> Iterator[tuple[RawSheet, int, Sequence[int]]]:
    """Yield the sheets, the row of their header and which of their columns are the user's own, from the first on."""
    by_name = {table.name: table for table in tables if table.raw is not None}
    for raw in workbook.sheets:
        table = by_name.get(raw.name)
        if table is not None and table.raw is raw:
            yield raw, table.header_row, [position - raw.first_column for position in table.headers.own]
        elif not is_ours(raw, workbook.metadata):
            yield raw, raw.first_row, range(len(raw.columns))


def answered_sheets(
    workbook: Workbook,
    tables: Tables,
    endings: RowEndings,
    outcomes: Mapping[int, Outcome],
    search: SecretSearch,
) -> list[AnsweredSheet]:
    """Put the results beside the user's own sheets, all of them, in the user's order; passwords are hidden.

    Args:
        workbook: as it was read.
        tables: its three sheets.
        endings: of all rows.
        outcomes: by row of the Trunks sheet.
        search: finds the passwords, `secrets_in`.
    """
    by_name = {table.name: table for table in tables if table.raw is not None}
    own = {raw.name: cells_to_hide(raw, header, columns) for raw, header, columns in _own_columns(workbook, tables)}
    sheets = []
    for raw in workbook.sheets:
        table = by_name.get(raw.name)
        if table is not None and table.raw is raw:
            sheet = _answered(table, endings, outcomes, own[raw.name], ours=workbook.ours)
            sheets.append(_without_values(sheet, search, _meant(table)))
        elif raw.name in own:
            sheets.append(_without_values(AnsweredSheet(raw=raw, replaced=own[raw.name]), search, {}))
        elif raw.name == BASE:  # without it, nobody could tell any more what was changed since an export
            sheets.append(AnsweredSheet(raw=raw))
    return sheets


def _meant(table: Table) -> dict[int, range]:
    """Return the cells that say what is to be sent, and the header, by column: they stay as they are."""
    last = max(table.rows(), default=table.header_row)
    known = {*table.headers.columns.values()} - {table.headers.columns.get("password")}
    rows = range(table.header_row, last + 1)
    raw = table.raw
    columns = () if raw is None else range(raw.first_column, raw.first_column + len(raw.columns))
    return {column: rows if column in known else rows[:1] for column in columns}


def _without_values(sheet: AnsweredSheet, search: SecretSearch, kept: Mapping[int, range]) -> AnsweredSheet:
    """Hide passwords in a sheet wherever they stand, but for cells that are kept."""
    if not search:
        return sheet
    raw = sheet.raw
    found = hidden_values(raw, search, kept)
    replaced = {
        column: {**found.get(column, {}), **sheet.replaced.get(column, {})} for column in {*found, *sheet.replaced}
    }
    stays = {
        column: {
            row
            for row in rows
            if row not in sheet.replaced.get(column, ())
            and row in raw.formulas.get(column, ())
            and search.hidden(raw.formulas[column][row]) == raw.formulas[column][row]
        }
        for column, rows in found.items()
    }
    return replace(sheet, replaced=replaced, recalculated=stays)


def _answered(
    table: Table,
    endings: RowEndings,
    outcomes: Mapping[int, Outcome],
    own: Mapping[int, Mapping[int, str]],
    *,
    ours: bool,
) -> AnsweredSheet:
    raw = table.raw
    if raw is None:
        raise ValueError("a sheet that is not in the workbook has no results")
    replaced = dict(own)
    if table.has("password"):
        position = table.headers.columns["password"]
        replaced[position] = _passwords(raw, position, outcomes)
    for name, rows in table.spread.items():  # a new file has no merged cells: each row says itself what it means
        position = table.headers.columns[name]
        replaced[position] = {row: text for row, text in table.filled(name) if row in rows}
    taken = {header.casefold() for header in RESULT_HEADERS}
    return AnsweredSheet(
        raw=raw,
        header_row=table.header_row,
        results=endings.by_sheet[table.sheet.title],
        dropped=table.headers.ours,
        renamed={}
        if ours
        else {p: f"{text} (yours)" for p, text in table.headers.own.items() if text.strip().casefold() in taken},
        replaced=replaced,
    )


def _passwords(raw: RawSheet, position: int, outcomes: Mapping[int, Outcome]) -> dict[int, str]:
    """Hide the passwords; what only names where the password lies comes back as typed."""
    replaced: dict[int, str] = {}
    for offset, value in enumerate(raw.columns[position - raw.first_column]):
        row = raw.first_row + offset
        text = str(value)
        if row in outcomes and text.strip() and not _only_names(text):
            finished = outcomes[row].ending in _FINISHED or text == HIDDEN
            replaced[row] = HIDDEN if finished else TYPE_AGAIN
    return replaced


RESULTS_WORKBOOK: Final = "results.xlsx"
"""Their name in the run's folder."""
_CSV = frozenset({Format.CSV, Format.ZIP})
_KEPT = frozenset({Format.XLSX, Format.XLSM})
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
    address: str
    """The PBX's, as people know it."""
    folder: RunFolder


def give_back(run: EndedRun, target: Path, *, replace: Replace = os.replace, ahead: Path | None = None) -> Results:
    """Write the results into the run's folder and beside the workbook.

    ``ahead`` has the changes as `ChangesAhead` has written them already, if it has.

    They are never lost: where they cannot be put beside the workbook, they stay in the run's folder; where that takes
    none either, the journal can still make them. `Results.note` says which.
    """
    workbook, tables, folder, summary = run.workbook, run.tables, run.folder, run.summary
    search = secrets_in(workbook, tables)
    sheets = answered_sheets(workbook, tables, run.endings, run.outcomes, search)
    place = target if _is_ours(target, folder) else free_name(target)

    def lines() -> Iterator[ChangeLine]:
        return change_lines(tables, run.changes, run.outcomes)

    def write(path: Path) -> Written:
        return _write(path, workbook, folder, sheets, summary, lines, search=search, ahead=ahead)

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
    if workbook.format not in _CSV | _KEPT:
        notes.append(f"A .{workbook.format} file cannot be written; the results are an .xlsx file.")
    twin = None
    if workbook.format in _CSV:
        try:
            twin = write_results_folder(place.with_suffix(""), sheets, summary, lines())
        except OutputError as error:
            notes.append(f"{error.message} There is only {placed.name}, and no CSV files.")
    return Results(path=placed, folder=twin, note=" ".join(notes))


def _write(  # noqa: PLR0913 - everything that a results workbook is made of
    path: Path,
    workbook: Workbook,
    folder: RunFolder,
    sheets: Sequence[AnsweredSheet],
    summary: Summary,
    changes: Callable[[], Iterable[ChangeLine]],
    *,
    search: SecretSearch,
    ahead: Path | None,
) -> Written:
    """Write the results into what the user sent, or anew where that cannot be."""
    private = path.parent == folder.path
    made_at = datetime.now().astimezone().isoformat(timespec="seconds")
    original = folder.path / folder.copy
    notes = []
    if workbook.format in _KEPT and folder.copy:
        try:
            _must_be_what_was_read(original, workbook)
            return write_into(
                path,
                original,
                sheets,
                summary,
                changes(),
                search=search,
                metadata=workbook.metadata,
                made_at=made_at,
                ahead=ahead,
                private=private,
            )
        except Unpatchable as error:
            notes.append(f"The formatting of {workbook.path.name} could not be kept: {error}.")
    written = write_results(
        path, sheets, summary, changes(), metadata=workbook.metadata, made_at=made_at, private=private
    )
    return Written(path=written, notes=tuple(notes))


def _must_be_what_was_read(copy: Path, workbook: Workbook) -> None:
    if not copy.is_file() or fingerprint(copy) != workbook.sha256:
        raise Unpatchable("the run's copy of it is not what was read")


def _straight_to(place: Path, error: OutputError, write: Callable[[], Path]) -> Results:
    """Write the results beside the workbook, where the run's folder takes them no more."""
    with suppress(OutputError):
        return Results(path=write(), note=error.message)
    return Results(
        path=None,
        note=f"{error.message} {place.name} could not be written either. The run's journal has every ending: make "
        "room, then resume the run, and the results are written from it.",
    )


def _is_ours(target: Path, folder: RunFolder) -> bool:
    """Tell whether a file may be replaced: it is not there, or still is what an earlier run left in its folder."""
    if not target.is_file():
        return True
    earlier = folder.path.parent.glob(f"*/{RESULTS_WORKBOOK}")
    size, content = target.stat().st_size, None
    for kept in earlier:
        if kept.stat().st_size == size:
            content = content or target.read_bytes()
            if kept.read_bytes() == content:
                return True
    return False


def endings_frame(endings: RowEndings) -> pd.DataFrame:
    """Return one line per row of the workbook: sheet, row, and the eight result columns."""
    import pandas as pd  # noqa: PLC0415 - only scripts want frames

    return pd.DataFrame(
        [
            (sheet, row, *result.cells)
            for sheet, rows in endings.by_sheet.items()
            for row, result in sorted(rows.items())
        ],
        columns=["Sheet", "Row", *RESULT_HEADERS],
    )


def changes_frame(tables: Tables, changes: Iterable[Change], outcomes: Mapping[int, Outcome]) -> pd.DataFrame:
    """Return one line per changed field or list entry, with the columns of the sheet Changes."""
    import pandas as pd  # noqa: PLC0415 - only scripts want frames

    return pd.DataFrame([*change_lines(tables, changes, outcomes)], columns=list(ChangeLine._fields))
