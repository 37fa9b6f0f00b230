"""Results: the user's workbook given back, with an ending for every row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.errors import OutputError
from batch.runs.answered import answered_sheets, secrets_in
from batch.runs.endings import RowEndings
from batch.runs.folders import RunFolder
from batch.runs.outcomes import Outcome
from batch.runs.reports import change_lines
from batch.sheets.answers import AnsweredSheet, ChangeLine, Summary
from batch.sheets.csv_writing import write_results_folder
from batch.sheets.layout import RESULT_HEADERS
from batch.sheets.patching.edits import Unpatchable
from batch.sheets.placing import Replace, free_name, place_file
from batch.sheets.reading import fingerprint
from batch.sheets.rows import Tables
from batch.sheets.secrecy import SecretSearch
from batch.sheets.workbooks import Format, Workbook
from batch.sheets.writing import Written, write_into, write_results
from batch.trunks.plans import Change

if TYPE_CHECKING:
    import pandas as pd

RESULTS: Final = "results.xlsx"
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


def give_back(  # noqa: PLR0913 - everything that a results workbook is made of
    *,
    workbook: Workbook,
    tables: Tables,
    changes: Iterable[Change],
    outcomes: Mapping[int, Outcome],
    endings: RowEndings,
    summary: Summary,
    folder: RunFolder,
    target: Path,
    replace: Replace = os.replace,
    ahead: Path | None = None,
) -> Results:
    """Write the results into the run's folder and beside the workbook.

    They are never lost: where they cannot be put beside the workbook, they stay in the run's folder; where that takes
    none either, the journal can still make them. `Results.note` says which.
    """
    search = secrets_in(workbook, tables)
    sheets = answered_sheets(workbook, tables, endings, outcomes, search)
    changed = list(changes)
    place = target if _is_ours(target, folder) else free_name(target)

    def lines() -> Iterator[ChangeLine]:
        return change_lines(tables, changed, outcomes)

    def write(path: Path) -> Written:
        return _write(path, workbook, folder, sheets, summary, lines, search=search, ahead=ahead)

    try:
        written = write(folder.path / RESULTS)
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
                imprint=workbook.imprint,
                made_at=made_at,
                ahead=ahead,
                private=private,
            )
        except Unpatchable as error:
            notes.append(f"The formatting of {workbook.path.name} could not be kept: {error}.")
    written = write_results(
        path, sheets, summary, changes(), imprint=workbook.imprint, made_at=made_at, private=private
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
    earlier = folder.path.parent.glob(f"*/{RESULTS}")
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
