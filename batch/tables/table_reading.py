"""Reading tables: a sheet as it was read becomes a table: its header found, its headers matched, its cells as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from batch.readers.workbook import BLANK, Block, CellValue, RawSheet
from batch.schema.column_model import Parser, Sheet, plain_field
from batch.schema.columns import DIDS, TRUNKS
from batch.schema.dialects import SheetDialect
from batch.schema.problems import LEFT_AS_TAKEN, Problem
from batch.tables.cells import ColumnPlace, ColumnTexts, FindSecret, secrets_of, texts_of
from batch.tables.columns_file import ColumnsFile, Fit, SheetColumns, fault, fit, words_with
from batch.tables.combined_columns import CombinedTexts, combine, read_together
from batch.tables.dialect_sheets import (
    dialect_in,
    fit_dialect,
    words_of_dialect,
)
from batch.tables.headers import Headers, match_headers
from batch.tables.layout import (
    Merges,
    hidden_column_problems,
    hidden_rows,
    merge_problems,
    merges_of,
    struck_cells,
    totals_rows,
)
from batch.tables.regions import Region, cells_below, find_region, is_blank
from batch.tables.single_lists import ListOptions, did_columns, names_dids, only_numbers, with_where_headers_go
from batch.tables.table import Constant, Table
from batch.tables.unknown_columns import nameless
from batch.wording import letters


def _only(columns: Mapping[str, Sequence[Any]], kept: npt.NDArray[np.bool_]) -> Mapping[str, Sequence[Any]]:
    """Leave out the rows that are not kept."""
    if kept.all():
        return columns
    chosen = kept.tolist()
    return {name: list(compress(column, chosen)) for name, column in columns.items()}


def read_table(
    sheet: Sheet,
    raw: RawSheet | None,
    find_secret: FindSecret,
    columns_file: ColumnsFile,
    options: ListOptions,
    *,
    ours: bool,
) -> tuple[Table, list[Problem]]:
    """Read one of the three sheets, which may not be there, with what is said of it; ``ours`` says that it is results.

    Returns its table, and what is wrong with headers and kinds of cell.
    """
    if raw is None:
        return Table(sheet=sheet, raw=None), []
    dialect = dialect_in(raw, sheet.title)
    region, problems = _region(sheet, raw, columns_file, dialect)
    if region is None:
        return Table(sheet=sheet, raw=raw), problems
    given = columns_file.sheets.get(sheet.title, SheetColumns())
    words = {**words_with(sheet, given), **words_of_dialect(dialect, given)}
    region, numbers, notices = only_numbers(sheet, raw, region, words, ours=ours)
    fitted, faults = fit(columns_file, sheet, raw, region.header_row, region.header)
    problems += [*notices, *faults]
    if dialect is not None:
        fitted = fit_dialect(dialect, sheet, region.header, fitted)
    constants = {name: Constant(text, columns_file.name) for name, text in fitted.always.items()}
    if dialect is not None:
        constants = {name: Constant(text, dialect.called) for name, text in dialect.always.items()} | constants
    constants |= options.constants(sheet)
    fitted = replace(
        fitted,
        positions={**numbers, **fitted.positions},
        always={name: said.text for name, said in constants.items()},
    )
    beside = did_columns(raw, region, fitted) if sheet is TRUNKS else ()
    fitted = replace(fitted, theirs=fitted.theirs | frozenset(beside))
    table, faults = _read(sheet, raw, region, fitted, find_secret, dialect, ours=ours)
    unheaded = {name: at for name, at in numbers.items() if not region.header[at]}
    table = replace(table, unheaded=unheaded, did_columns=beside)
    filled, more = _with_constants(table, constants)
    return filled, [*problems, *faults, *more]


def _read(
    sheet: Sheet,
    raw: RawSheet,
    region: Region,
    fitted: Fit,
    find_secret: FindSecret,
    dialect: SheetDialect | None = None,
    *,
    ours: bool,
) -> tuple[Table, list[Problem]]:
    """Match the headers of a sheet and read the cells below them."""
    below = partial(cells_below, raw, region)
    headers, problems = match_headers(
        sheet, raw.name, region.header_row, region.header, ours=ours, fit=fitted, below=below
    )
    if not headers.columns:
        problems = with_where_headers_go(sheet, raw, region, problems)
    merges = merges_of(sheet, raw, region, headers)
    totals, faults = totals_rows(raw, region)
    problems += faults
    places = _places(sheet, raw, region, headers, merges)
    read = {
        name: texts_of(place, _values(raw, region, place.position, merges.spread.get(name, {}), totals))
        for name, place in places.items()
    }
    rows = np.arange(region.header_row + 1, region.end)
    occupied = _occupied(read, merges, rows)
    occupied = occupied if dialect is None else _with_others(occupied, raw, region, totals)
    for name, place in places.items():
        if place.column.parser is Parser.SECRET:
            read[name] = secrets_of(place, read[name], find_secret)
    counted = set(rows[occupied].tolist()) if raw.hidden_rows or raw.merged or raw.struck else set()
    covered = merge_problems(sheet, raw, headers, merges, counted, region.header_row)
    problems += [
        *(problem for column in read.values() for problem in column.problems),
        *nameless(sheet, raw, region, headers.columns, fitted.own),
        *covered,
        *hidden_rows(raw, counted),
        *struck_cells(raw, counted, headers.columns.values()),
        *hidden_column_problems(raw, region.header_row, headers),
    ]
    were_numbers = {name: column.numbers for name, column in read.items()}
    sources, faults = _combined(sheet, headers, places, read)
    problems += faults
    table = Table(
        sheet=sheet,
        raw=raw,
        header_row=region.header_row,
        headers=headers,
        columns=_only({name: column.texts for name, column in read.items()}, occupied),
        row_numbers=rows[occupied],
        faulty=_with({name: column.faulty for name, column in read.items()}, headers, covered),
        numbers=were_numbers,
        spread=merges.spread,
        sources=sources,
        dialect=dialect,
        fit=fitted,
    )
    return table, problems


def read_dids_beside(
    trunks: Table, find_secret: FindSecret, columns_file: ColumnsFile, *, ours: bool
) -> tuple[Table, list[Problem]]:
    """Read the DIDs that stand on the Trunks sheet, in columns beside the settings of each trunk."""
    raw = trunks.raw
    region = None if raw is None else _region(TRUNKS, raw, columns_file, trunks.dialect)[0]
    if raw is None or region is None or not trunks.did_columns:
        return Table(sheet=DIDS, raw=None), []
    rest = frozenset(range(raw.first_column, raw.first_column + len(raw.columns))) - {*trunks.did_columns}
    plural = [at for at in trunks.did_columns if names_dids(region.header[at])]
    fitted = Fit(positions=dict.fromkeys([DIDS.number], plural[0]) if plural else {}, theirs=rest, always={"trunk": ""})
    table, problems = _read(DIDS, raw, region, fitted, find_secret, ours=ours)
    faulty = table.faulty.get(DIDS.number, frozenset())
    texts = zip(table.rows(), table.texts(DIDS.number), strict=True)
    filled = {row for row, text in texts if text or row in faulty}
    known = {*trunks.rows()}
    table = table.without(frozenset(table.rows()) - (filled & known))
    told = [p for p in problems if p.column in trunks.did_columns and (p.row in known or p.code == "header-twice")]
    strays = [_stray(table, row) for row in sorted(filled - known)]
    return replace(table, times=dict.fromkeys(table.rows(), 1)), [*told, *strays, _told_of_dids(trunks, table)]


def _stray(table: Table, row: int) -> Problem:
    return table.problem(
        "trunk-unnamed",
        row,
        DIDS.number,
        "The row has DIDs but no trunk.",
        f"Type the trunk's Name in this row, or move its DIDs to the sheet {DIDS.title}, one row each.",
    )


def _told_of_dids(trunks: Table, table: Table) -> Problem:
    first, last = trunks.did_columns[0], trunks.did_columns[-1]
    texts = {at: table.headers.texts[name] for name, at in table.headers.columns.items()}
    ones = f"column {texts.get(first, '')!r} ({letters(first)}) is"
    many = f"columns {texts.get(first, '')!r} ({letters(first)}) to {texts.get(last, '')!r} ({letters(last)}) are"
    return Problem(
        code="columns-combined",
        sheet=table.name,
        row=table.header_row,
        column=first,
        header=texts.get(first, ""),
        message=f"The {ones if first == last else many} read as the DIDs of the trunk in each row.",
        fix=LEFT_AS_TAKEN,
    )


def _with_constants(table: Table, constants: Mapping[str, Constant]) -> tuple[Table, list[Problem]]:
    """Fill in what is said of every row, where the row says nothing; a row that says another trunk is told."""
    if not constants:
        return table, []
    columns, problems = dict(table.columns), []
    for name, said in constants.items():
        if not table.has(name):
            columns[name] = [said.text] * table.height
            continue
        faulty = table.faulty.get(name, frozenset())
        texts = list(zip(table.rows(), table.texts(name), strict=True))
        columns[name] = [text if text or row in faulty else said.text for row, text in texts]
        if table.sheet.column(name).parser is Parser.TRUNK:
            problems += [
                table.problem(
                    "trunk-contradicts",
                    row,
                    name,
                    f"The row is for trunk {text}, but {said.said_by} gives {said.text}.",
                    f"If the column is right, leave {said.said_by} out; otherwise clear the cell, or delete the row.",
                    value=text,
                )
                for row, text in texts
                if text and text != said.text
            ]
    return replace(table, columns=columns, constants=constants), problems


def _combined(
    sheet: Sheet, headers: Headers, places: Mapping[str, ColumnPlace], read: dict[str, ColumnTexts]
) -> tuple[Mapping[str, Mapping[int, tuple[str, ...]]], list[Problem]]:
    """Put columns that together say one field into its text; returns where the lines of the texts come from."""
    sources: dict[str, Mapping[int, tuple[str, ...]]] = {}
    problems: list[Problem] = []
    for name, combined in combine(
        sheet, headers.columns, {n: column.texts for n, column in read.items()}, headers.texts
    ):
        faults = [places[column].found(offset, finding) for offset, column, finding in combined.findings]
        parts = [read.pop(part) for part in combined.columns]
        first_row = places[name].first_row
        read[name] = ColumnTexts(
            texts=combined.texts,
            problems=[*(problem for part in parts for problem in part.problems), *faults],
        )
        sources[name] = {first_row + offset: columns for offset, columns in combined.sources.items()}
        problems += [*faults, _told(combined, name, places)]
    return sources, problems


def _told(combined: CombinedTexts, name: str, places: Mapping[str, ColumnPlace]) -> Problem:
    """Tell which columns are read together."""
    place = places[combined.columns[0]]
    return Problem(
        code="columns-combined",
        sheet=place.sheet_name,
        row=place.first_row - 1,
        column=place.position,
        header=place.header,
        message=read_together(
            combined, name, lambda column: f"{places[column].header} ({letters(places[column].position)})"
        ),
        fix=LEFT_AS_TAKEN,
    )


def _places(sheet: Sheet, raw: RawSheet, region: Region, headers: Headers, merges: Merges) -> Mapping[str, ColumnPlace]:
    """Say by field where the known columns stand, and how the numbers and formulas in them look."""
    return {
        name: ColumnPlace(
            sheet_name=raw.name,
            column=sheet.column(name),
            position=position,
            header=headers.texts[name],
            first_row=region.header_row + 1,
            formats=_spread(raw.formats.get(position, {}), merges.spread.get(name, {})),
            formulas=_spread(raw.formulas.get(position, {}), merges.spread.get(name, {})),
        )
        for name, position in headers.columns.items()
    }


def _occupied(columns: Mapping[str, ColumnTexts], merges: Merges, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Find the rows in which a cell is filled, also with what is at fault; what is merged into one does not count."""
    occupied = np.zeros(rows.size, dtype=bool)
    for name, column in columns.items():
        if occupied.all():
            break
        filled = np.fromiter(map(bool, column.texts), dtype=bool, count=rows.size)
        filled |= np.isin(rows, list(column.faulty))
        filled &= ~np.isin(rows, list(merges.spread.get(name, ())))
        occupied |= filled
    return occupied


def _with_others(
    occupied: npt.NDArray[np.bool_], raw: RawSheet, region: Region, totals: Sequence[Block]
) -> npt.NDArray[np.bool_]:
    """Count also the rows in which only other columns are filled: in a system's own file none is there for nothing."""
    start, end = region.header_row + 1 - raw.first_row, region.end - raw.first_row
    found = occupied.copy()
    for column in raw.columns:
        blank = np.flatnonzero(~found)
        if not blank.size:
            break
        cells = column[start:end]
        found[blank] = [not is_blank(cells[i]) for i in blank.tolist()]
    others = [*region.repeated, *(row for block in totals for row in range(block.first_row, block.last_row + 1))]
    found[[row - region.header_row - 1 for row in others]] = False
    return found


def _region(
    sheet: Sheet, raw: RawSheet, columns_file: ColumnsFile, dialect: SheetDialect | None
) -> tuple[Region | None, list[Problem]]:
    """Find the table on a sheet, where the columns file says or else by its header."""
    given = columns_file.sheets.get(sheet.title, SheetColumns())
    words = {**words_with(sheet, given), **words_of_dialect(dialect, given)}
    said = given.header_row
    if said is None or not raw.height or raw.first_row <= said < raw.first_row + raw.height:
        return find_region(sheet, raw, words, said)
    what = f"header_row says {said}, and the last row of {raw.name} is {raw.first_row + raw.height - 1}"
    region, _ = find_region(sheet, raw, words)
    return region, [fault(columns_file.name, raw.name, what, str(said), "Give another row, or leave the line out.")]


def _values(
    raw: RawSheet, region: Region, position: int, spread: Mapping[int, int], totals: Sequence[Block]
) -> list[CellValue]:
    """Return one column of the table's rows; merged cells count as they show, repeated headers and totals do not."""
    start = region.header_row + 1
    column = raw.columns[position - raw.first_column]
    values = column[start - raw.first_row : region.end - raw.first_row]
    for row in region.repeated:
        values[row - start] = BLANK
    for block in totals:
        if block.first_column <= position <= block.last_column:
            for row in range(block.first_row, block.last_row + 1):
                values[row - start] = BLANK
    for row, above in spread.items():
        values[row - start] = column[above - raw.first_row]
    return values


def _spread(texts: Mapping[int, str], spread: Mapping[int, int]) -> Mapping[int, str]:
    return {**texts, **{row: texts[above] for row, above in spread.items() if above in texts}} if spread else texts


def _with(
    faulty: Mapping[str, frozenset[int]], headers: Headers, covered: Iterable[Problem]
) -> Mapping[str, frozenset[int]]:
    """Count cells that have no value of their own among those that could not be read."""
    names = {position: plain_field(name) for name, position in headers.columns.items()}
    more: dict[str, set[int]] = {}
    for problem in covered:
        if problem.stops:
            more.setdefault(names[problem.column], set()).add(problem.row)
    return {name: rows | more.get(name, set()) for name, rows in faulty.items()}
