"""Failed rows: the rows of trunks that are not as wanted, alone, to be corrected and applied."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from batch.errors import OutputError
from batch.readers.packages import Package
from batch.runs.outcomes import Outcome, RowEndings
from batch.runs.run_report import change_lines, code_counts, counts, run_headline
from batch.schema.file_metadata import BASE
from batch.tables.row_results import AnsweredSheet, ChangeLine, Summary
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks.model import Records
from batch.writers.atomic import free_name, place_file
from batch.writers.hidden_passwords import answered_sheets, secrets_in
from batch.writers.results_workbook import write_into, write_results
from batch.writers.run_results import (
    KEPT_FORMATS,
    EndedRun,
    RowSubset,
    is_as_written,
    must_be_what_was_read,
    row_subset,
    with_cells_named,
    with_cells_placed,
)
from batch.xlsx_edit.package import PackageEdit, Unpatchable
from batch.xlsx_edit.row_selection import RowSelection, keep_rows

FAILED_ROWS: Final = "failed-only.xlsx"
"""Its name in the run's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRows:
    """What was left over, and where it lies."""

    path: Path | None
    """None where everything is as wanted, so that there is nothing to write, or where nothing took it."""
    trunks: int = 0
    rows: int = 0
    note: str = ""
    """Why it lies elsewhere than asked for, or nowhere, if so."""


def write_failed_rows(target: Path, run: EndedRun) -> FailedRows:
    """Write the rows of trunks that are not as wanted; a trunk that was not chosen is not among them.

    A copy goes into the run's folder, so that a later run knows whether somebody has worked in the file since.

    Args:
        target: where it shall lie; a file there that somebody has worked in stays, and this one goes beside it.
    """
    workbook, tables, records, outcomes, folder = run.workbook, run.tables, run.records, run.outcomes, run.folder.path
    left = {row: outcome for row, outcome in outcomes.items() if not outcome.as_wanted}
    if not left:
        return FailedRows(path=None)
    rows = {title: _left(records, title, left) for title in run.endings.by_sheet}
    count = sum(map(len, rows.values()))
    faulty = {problem.place for problem in run.problems if problem.stops}
    answered = answered_sheets(workbook, tables, run.endings, outcomes, secrets_in(workbook, tables))
    by_name = tables.by_name
    subsets = {
        sheet.raw.name: row_subset(sheet, rows[table.sheet.title], _as_understood(tables, table, faulty))
        for sheet in answered
        if sheet.header_row is not None
        for table in [by_name[sheet.raw.name]]
    }
    alone = RowEndings(
        by_sheet={
            title: {row: results[row] for row in rows[title] if row in results}
            for title, results in run.endings.by_sheet.items()
        }
    )
    changes = [change for change in run.changes if change.record.row in left]

    def lines() -> Iterator[ChangeLine]:
        return _placed(change_lines(tables, changes, outcomes), subsets)

    try:
        summary = with_cells_named(_summary(run.summary, alone, left), subsets)
        kept = _write(run, answered, subsets, summary, lines)
        place = target if is_as_written(target, folder, FAILED_ROWS) else free_name(target)
        placed = place_file(place, kept.read_bytes())
    except OutputError as error:
        return FailedRows(path=None, trunks=len(left), rows=count, note=f"The failed rows alone: {error.message}")
    note = "" if placed == target else f"{target.name} is open, or somebody has worked in it; it was left as it is."
    return FailedRows(path=placed, trunks=len(left), rows=count, note=note)


def _write(
    run: EndedRun,
    answered: Sequence[AnsweredSheet],
    subsets: Mapping[str, RowSubset],
    summary: Summary,
    lines: Callable[[], Iterator[ChangeLine]],
) -> Path:
    """Write the rows into what the user sent, with its looks and drop-downs, or anew where that cannot be."""
    workbook, path = run.workbook, run.folder.path / FAILED_ROWS
    made_at = datetime.now().astimezone().isoformat(timespec="seconds")
    placed = {sheet.raw.name: sheet for sheet in with_cells_placed(subsets)}
    with suppress(Unpatchable), _selected(run, answered, subsets) as original:
        sheets = [placed.get(sheet.raw.name, sheet) for sheet in answered]
        search = secrets_in(workbook, run.tables)
        metadata = workbook.metadata
        return write_into(
            path, original, sheets, summary, lines(), search=search, metadata=metadata, made_at=made_at, private=True
        ).path
    bases = [AnsweredSheet(raw=raw) for raw in workbook.sheets if raw.name == BASE]
    return write_results(
        path, [*placed.values(), *bases], summary, lines(), metadata=workbook.metadata, made_at=made_at, private=True
    )


@contextmanager
def _selected(run: EndedRun, answered: Sequence[AnsweredSheet], subsets: Mapping[str, RowSubset]) -> Iterator[Path]:
    """Give a copy of what the user sent in which only these rows are left.

    Raises:
        Unpatchable: it cannot be made with certainty.
    """
    workbook, folder = run.workbook, run.folder
    if workbook.format not in KEPT_FORMATS or not folder.copy:
        raise Unpatchable("only an Excel workbook keeps its looks")
    if any(block.last_row > (sheet.header_row or block.last_row) for sheet in answered for block in sheet.raw.merged):
        raise Unpatchable("some of its rows are merged")
    must_be_what_was_read(folder.path / folder.copy, workbook, answered)
    edit = PackageEdit(Package(folder.path / folder.copy))
    for name, subset in subsets.items():
        header = subset.sheet.header_row or 0
        places = {row: place for row, place in subset.rows.items() if row > header}
        keep_rows(edit, name, RowSelection(header=header, places=places))
    path = place_file(folder.path / f"selected-{FAILED_ROWS}", edit.content(), private=True)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _left(records: Records, title: str, left: Collection[int]) -> list[int]:
    """Return the rows of a sheet that belong to trunks left over."""
    owners = records.owners[title]
    return [row for row, trunk in zip(owners.rows.tolist(), owners.trunks.tolist(), strict=True) if trunk in left]


def _as_understood(tables: Tables, sheet: Table, faulty: Collection[tuple[str, int, int]]) -> dict[int, dict[int, str]]:
    """Return the cells of a sheet that would say something else without their format, formula or merged neighbours.

    A cell with a problem goes out as it is, so that the problem is found again.
    """
    raw = sheet.raw
    if raw is None:
        return {}
    texts: dict[int, dict[int, str]] = {}
    read_here = ((table, *column) for table in tables if table.raw is raw for column in table.headers.columns.items())
    for table, column, position in read_here:
        if column == "password":
            continue
        cells = raw.columns[position - raw.first_column]
        shown = raw.formats.get(position, {})
        texts[position] = {
            row: text
            for row, text in table.filled_of(column)
            if (row in shown or cells[row - raw.first_row] == "") and (table.name, row, position) not in faulty
        }
    return texts


def _summary(summary: Summary, alone: RowEndings, left: Mapping[int, Outcome]) -> Summary:
    return replace(
        summary,
        title="Failed rows",
        headline=f"{run_headline(left.values())} Correct the rows here, then apply this file as the workbook.",
        counts=counts(alone),
        codes=code_counts(alone),
        hazards=(),  # they are judged anew when these rows are planned
    )


def _placed(lines: Iterable[ChangeLine], subsets: Mapping[str, RowSubset]) -> Iterator[ChangeLine]:
    for line in lines:
        one = subsets.get(line.sheet)
        yield line if one is None else line._replace(cell=one.place(line.cell))
