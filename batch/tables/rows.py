"""Rows: the three linked sheets found in a workbook, their headers matched, their cells as text, by column.

A row's key is its row number on its sheet; it is the index of the frame and stays with the row until its result
is written. Nothing is ever joined by position.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from batch.readers.workbook import BLANK, Block, CellValue, RawSheet, Workbook
from batch.schema.column_model import ListSheet, Parser, Sheet, plain_field
from batch.schema.columns import CALLER_IDS, DIDS, TRUNKS
from batch.schema.dialects import SheetDialect
from batch.schema.file_metadata import HIDDEN_SHEETS
from batch.schema.problems import LEFT_AS_TAKEN, Problem
from batch.tables.acceptance import acceptance_in, is_list_of_problems
from batch.tables.cells import ColumnPlace, ColumnTexts, FindSecret, secrets_of, texts_of
from batch.tables.columns_file import NO_FILE, ColumnsFile, SheetColumns, fault, fit, words_with
from batch.tables.combined_columns import CombinedTexts, combine, read_together
from batch.tables.dialect_sheets import (
    dialect_in,
    fit_dialect,
    in_our_words,
    told_of_work_by_hand,
    words_of_dialect,
)
from batch.tables.headers import Headers, match_headers
from batch.tables.layout import (
    Merges,
    hidden_column_problems,
    hidden_rows,
    merge_problems,
    merges_of,
    rows_without_data,
    struck_cells,
    totals_rows,
)
from batch.tables.regions import Region, find_region, is_blank
from batch.tables.row_filters import without_skipped
from batch.tables.sheets import find_sheets
from batch.tables.table import Table
from batch.tables.unknown_columns import cells_below, nameless
from batch.wording import letters


class Tables:
    """The three linked sheets of a workbook, each made a table when it is first asked for.

    So what needs only the trunks goes on while the other sheets are still being read.

    Args:
        workbook: as it was read, or is being read.
        find_secret: finds the password that a cell names or is.
        columns_file: what says which sheet and which column means what, where their names do not.
        accept: which kinds of what is not sure are accepted as read, as ``--accept`` has them.
    """

    def __init__(
        self,
        workbook: Workbook,
        find_secret: FindSecret,
        columns_file: ColumnsFile = NO_FILE,
        accept: Collection[str] = (),
    ) -> None:
        self._columns_file = columns_file
        self._accepted = partial(acceptance_in, workbook, accept)
        self._asks = partial(is_list_of_problems, workbook=workbook)
        self._found, problems = find_sheets(workbook, columns_file)
        self._problems = [*columns_file.strange, *problems]
        self._make = partial(_table, find_secret=find_secret, columns_file=columns_file, ours=workbook.ours)

    @cached_property
    def trunks(self) -> Table:
        """One row per trunk."""
        return self._table(TRUNKS, None)

    @cached_property
    def caller_ids(self) -> Table:
        """One row per outbound caller ID."""
        return self._table(CALLER_IDS, self.trunks)

    @cached_property
    def dids(self) -> Table:
        """One row per DID."""
        return self._table(DIDS, self.trunks)

    def of(self, sheet: ListSheet) -> Table:
        """Return the rows of one of the two lists."""
        return self.dids if sheet is DIDS else self.caller_ids

    def _table(self, sheet: Sheet, trunks: Table | None) -> Table:
        table, problems = self._make(sheet, self._found.get(sheet.title))
        if table.dialect is not None:
            table, problems = in_our_words(table, problems)
        if table.dialect is not None or table.fit.skip_where:
            table, problems = without_skipped(table, problems, self._columns_file.name)
            problems += told_of_work_by_hand(table)
        table, problems = _without_asides(table, problems, trunks)
        self._problems += problems
        return replace(table, accepted=self._accepted()) if isinstance(sheet, ListSheet) else table

    def needs(self, raw: RawSheet) -> bool:
        """Tell whether a sheet is one of the three, or says what the tool itself has left in the file."""
        return raw.name in HIDDEN_SHEETS or self._asks(raw) or any(raw is found for found in self._found.values())

    def __iter__(self) -> Iterator[Table]:
        return iter((self.trunks, self.caller_ids, self.dids))

    @cached_property
    def problems(self) -> Sequence[Problem]:
        """Everything wrong with sheets, headers and kinds of cell.

        A cell in fault is blank in its frame, but its row is kept.
        """
        trunks, *_ = self
        found = list(self._problems)
        if trunks.raw is not None and not trunks.height and not any(p.stops and p.sheet == trunks.name for p in found):
            found.append(
                Problem(
                    code="sheet-empty",
                    sheet=trunks.name,
                    row=trunks.header_row,
                    message=f"The sheet {trunks.name} has no rows, so there is nothing to do.",
                    fix="Fill in one row per trunk below the header.",
                )
            )
        return found


def _without_asides(table: Table, problems: list[Problem], trunks: Table | None) -> tuple[Table, list[Problem]]:
    """Leave out the rows that are no data, with what was found in them, and say so once."""
    if table.raw is None or not table.height or (trunks is not None and not trunks.height):
        return table, problems
    known = {text for name in ("id", "name") for text in trunks.texts(name)} - {""} if trunks is not None else set()
    rows, told = rows_without_data(table.sheet, table.raw, table.rows(), table.columns, table.headers, known)
    if not rows:
        return table, problems
    gone = frozenset(rows)
    kept = [p for p in problems if p.row not in gone or not p.header]  # what concerns more than a cell is told still
    return table.without(gone), [*kept, *told]


def _only(columns: Mapping[str, Sequence[Any]], kept: npt.NDArray[np.bool_]) -> Mapping[str, Sequence[Any]]:
    """Leave out the rows that are not kept."""
    if kept.all():
        return columns
    chosen = kept.tolist()
    return {name: list(compress(column, chosen)) for name, column in columns.items()}


def _table(
    sheet: Sheet, raw: RawSheet | None, find_secret: FindSecret, columns_file: ColumnsFile, *, ours: bool
) -> tuple[Table, list[Problem]]:
    if raw is None:
        return Table(sheet=sheet, raw=None), []
    dialect = dialect_in(raw, sheet.title)
    region, problems = _region(sheet, raw, columns_file, dialect)
    if region is None:
        return Table(sheet=sheet, raw=raw), problems
    fitted, faults = fit(columns_file, sheet, raw, region.header_row, region.header)
    problems += faults
    if dialect is not None:
        fitted = fit_dialect(dialect, sheet, region.header, fitted)
    below = partial(cells_below, raw, region)
    headers, faults = match_headers(
        sheet, raw.name, region.header_row, region.header, ours=ours, fit=fitted, below=below
    )
    problems += faults
    merges = merges_of(sheet, raw, region, headers)
    totals, faults = totals_rows(raw, region)
    problems += faults
    places = _places(sheet, raw, region, headers, merges)
    read = {
        name: texts_of(place, _values(raw, region, place.position, merges.spread.get(name, {}), totals))
        for name, place in places.items()
    }
    rows = np.arange(region.header_row + 1, region.end)
    occupied = _occupied(read, merges, rows) if dialect is None else _filled(raw, region, totals)
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
    sources, faults = _combined(sheet, headers, places, read)
    problems += faults
    return (
        Table(
            sheet=sheet,
            raw=raw,
            header_row=region.header_row,
            headers=headers,
            columns={
                **_only({name: column.texts for name, column in read.items()}, occupied),
                **{name: [text] * int(occupied.sum()) for name, text in fitted.always.items()},
            },
            row_numbers=rows[occupied],
            faulty=_with({name: column.faulty for name, column in read.items()}, headers, covered),
            numbers={name: column.numbers for name, column in read.items()},
            spread=merges.spread,
            sources=sources,
            dialect=dialect,
            fit=fitted,
        ),
        problems,
    )


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
            numbers=frozenset().union(*(part.numbers for part in parts)),
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


def _filled(raw: RawSheet, region: Region, totals: Sequence[Block]) -> npt.NDArray[np.bool_]:
    """Find the rows in which any cell is filled: of a system's own file none is there for nothing."""
    start, end = region.header_row + 1 - raw.first_row, region.end - raw.first_row
    filled = np.zeros(end - start, dtype=bool)
    for column in raw.columns:
        filled |= np.fromiter((not is_blank(cell) for cell in column[start:end]), dtype=bool, count=end - start)
    others = [*region.repeated, *(row for block in totals for row in range(block.first_row, block.last_row + 1))]
    filled[[row - region.header_row - 1 for row in others]] = False
    return filled


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
