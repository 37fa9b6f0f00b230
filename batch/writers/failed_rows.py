"""Failed rows: those of trunks that are not as wanted, alone in a workbook that can be corrected and applied."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from batch.errors import OutputError
from batch.readers.workbook import Workbook
from batch.runs.outcomes import Outcome
from batch.runs.row_endings import RowEndings
from batch.runs.run_report import change_lines, code_counts, counts, run_headline
from batch.schema.file_metadata import BASE
from batch.tables.row_results import AnsweredSheet, ChangeLine, RowResult, Summary
from batch.tables.rows import Table, Tables
from batch.trunks.model import Records
from batch.writers.atomic import free_name, place_file
from batch.writers.results_rows import EndedRun, answered_sheets, secrets_in
from batch.writers.results_workbook import write_results


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Some rows of a sheet."""

    sheet: AnsweredSheet
    rows: Mapping[int, int]
    """Where each row of the whole sheet stands now."""

    def place(self, cell: str) -> str:
        """Return where a cell (``C14``) of the whole sheet stands now."""
        column = cell.rstrip("0123456789")
        row = int(cell[len(column) :])
        return f"{column}{self.rows.get(row, row)}"


def excerpt(sheet: AnsweredSheet, rows: Iterable[int], texts: Mapping[int, Mapping[int, str]]) -> Excerpt:
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
    kept = sorted(rows)
    places = {row: row for row in range(raw.first_row, header + 1)}
    places |= dict(zip(kept, range(header + 1, header + 1 + len(kept)), strict=True))
    columns = [[column[row - raw.first_row] for row in places] for column in raw.columns]
    replaced = {
        column: {places[row]: text for row, text in by_row.items() if row in places}
        for column, by_row in _joined(texts, sheet.replaced).items()
    }
    alone = replace(
        sheet,
        raw=replace(
            raw, columns=columns, hidden_rows=(), hidden_columns=(), merged=(), formats={}, formulas={}, struck={}
        ),
        results={places[row]: result for row, result in sheet.results.items() if row in places},
        replaced=replaced,
    )
    return Excerpt(sheet=alone, rows=places)


def _joined(
    texts: Mapping[int, Mapping[int, str]], stronger: Mapping[int, Mapping[int, str]]
) -> dict[int, Mapping[int, str]]:
    return {
        column: {**texts.get(column, {}), **stronger.get(column, {})} for column in dict.fromkeys([*texts, *stronger])
    }


def with_cells_placed(excerpts: Mapping[str, Excerpt]) -> list[AnsweredSheet]:
    """Return the sheets, with every cell that a result names (``DIDs!C14``) named as it stands now.

    Args:
        excerpts: by the name of their sheet.
    """
    names = "|".join(re.escape(name) for name in sorted(excerpts, key=len, reverse=True))
    cell = re.compile(
        rf"(?:\b(?P<sheet>{names})!|^(?=[A-Z]{{1,3}}[0-9]+: )|(?<=\bin ))(?P<cell>[A-Z]{{1,3}}[0-9]+)\b"
        r"|(?<=\b[ai][sn] row )(?P<row>[0-9]+)\b"
    )
    return [replace(one.sheet, results=_row_placed(one, excerpts, cell)) for one in excerpts.values()]


def _row_placed(one: Excerpt, excerpts: Mapping[str, Excerpt], cell: re.Pattern[str]) -> dict[int, RowResult]:
    def now(found: re.Match[str]) -> str:
        name, row = found["sheet"], found["row"]
        if row is not None:
            return str(one.rows.get(int(row), row))
        return one.place(found["cell"]) if name is None else f"{name}!{excerpts[name].place(found['cell'])}"

    anew: dict[int, RowResult] = {}
    for result in one.sheet.results.values():
        if id(result) not in anew:
            errmsg, what_to_do = cell.sub(now, result.errmsg), cell.sub(now, result.what_to_do)
            anew[id(result)] = replace(result, errmsg=errmsg, what_to_do=what_to_do)
    return {row: anew[id(result)] for row, result in one.sheet.results.items()}


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
        run: what came of the whole run.
    """
    workbook, tables, records, outcomes, folder = run.workbook, run.tables, run.records, run.outcomes, run.folder.path
    left = {row: outcome for row, outcome in outcomes.items() if not outcome.as_wanted}
    if not left:
        return FailedRows(path=None)
    rows = {title: _left(records, title, left) for title in run.endings.by_sheet}
    count = sum(map(len, rows.values()))
    faulty = {problem.place for problem in run.problems if problem.stops}
    excerpts = {
        table.name: excerpt(sheet, rows[table.sheet.title], _as_understood(table, faulty))
        for table, sheet in _answered(workbook, tables, run.endings, outcomes)
    }
    bases = [AnsweredSheet(raw=raw) for raw in workbook.sheets if raw.name == BASE]
    alone = RowEndings(
        by_sheet={
            title: {row: results[row] for row in rows[title] if row in results}
            for title, results in run.endings.by_sheet.items()
        }
    )
    lines = change_lines(tables, [change for change in run.changes if change.record.row in left], outcomes)
    try:
        kept = write_results(
            folder / FAILED_ROWS,
            [*with_cells_placed(excerpts), *bases],
            _summary(run.summary, alone, left),
            _placed(lines, excerpts),
            metadata=workbook.metadata,
            made_at=datetime.now().astimezone().isoformat(timespec="seconds"),
            private=True,
        )
        place = target if _is_untouched(target, folder) else free_name(target)
        placed = place_file(place, kept.read_bytes())
    except OutputError as error:
        return FailedRows(path=None, trunks=len(left), rows=count, note=f"The failed rows alone: {error.message}")
    note = "" if placed == target else f"{target.name} is open, or somebody has worked in it; it was left as it is."
    return FailedRows(path=placed, trunks=len(left), rows=count, note=note)


def _answered(
    workbook: Workbook, tables: Tables, endings: RowEndings, outcomes: Mapping[int, Outcome]
) -> Iterator[tuple[Table, AnsweredSheet]]:
    by_name = {table.name: table for table in tables if table.raw is not None}
    for sheet in answered_sheets(workbook, tables, endings, outcomes, secrets_in(workbook, tables)):
        if sheet.header_row is not None:
            yield by_name[sheet.raw.name], sheet


def _left(records: Records, title: str, left: Collection[int]) -> list[int]:
    """Return the rows of a sheet that belong to trunks left over."""
    owners = records.owners[title]
    return [row for row, trunk in zip(owners.rows.tolist(), owners.trunks.tolist(), strict=True) if trunk in left]


def _as_understood(table: Table, faulty: Collection[tuple[str, int, int]]) -> dict[int, dict[int, str]]:
    """Return the cells that would say something else without their number format, formula or merged neighbours.

    A cell with a problem goes out as it is, so that the problem is found again.
    """
    raw = table.raw
    if raw is None:
        return {}
    texts: dict[int, dict[int, str]] = {}
    for field, position in table.headers.columns.items():
        if field == "password":
            continue
        cells = raw.columns[position - raw.first_column]
        shown = raw.formats.get(position, {})
        texts[position] = {
            row: text
            for row, text in table.filled(field)
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


def _placed(lines: Iterable[ChangeLine], excerpts: Mapping[str, Excerpt]) -> Iterator[ChangeLine]:
    for line in lines:
        one = excerpts.get(line.sheet)
        yield line if one is None else line._replace(cell=one.place(line.cell))


def _is_untouched(target: Path, folder: Path) -> bool:
    """Tell whether a file may be replaced: it is not there, or still is what a run left in its folder."""
    if not target.is_file():
        return True
    content = target.read_bytes()
    return any(kept.read_bytes() == content for kept in folder.parent.glob(f"*/{FAILED_ROWS}"))
