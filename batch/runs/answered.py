"""Answered: the user's sheets with the results beside their rows, and without passwords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from batch.runs.endings import RowEndings
from batch.runs.outcomes import Ending, Outcome
from batch.secrets import HIDDEN
from batch.sheets import layout
from batch.sheets.answers import AnsweredSheet
from batch.sheets.rows import Table, Tables
from batch.sheets.secrecy import SecretSearch, as_text, hidden_columns, hidden_values
from batch.sheets.strips import TYPE_AGAIN
from batch.sheets.tabs import is_ours
from batch.sheets.workbooks import RawSheet, Workbook

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
        for column, rows in hidden_columns(raw, header_row, columns).items():
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
        elif not is_ours(raw, workbook.imprint):
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
    own = {raw.name: hidden_columns(raw, header, columns) for raw, header, columns in _own_columns(workbook, tables)}
    sheets = []
    for raw in workbook.sheets:
        table = by_name.get(raw.name)
        if table is not None and table.raw is raw:
            sheet = _answered(table, endings, outcomes, own[raw.name], ours=workbook.ours)
            sheets.append(_without_values(sheet, search, _meant(table)))
        elif raw.name in own:
            sheets.append(_without_values(AnsweredSheet(raw=raw, replaced=own[raw.name]), search, {}))
        elif raw.name == layout.BASE:  # without it, nobody could tell any more what was changed since an export
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
    taken = {header.casefold() for header in layout.RESULT_HEADERS}
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
