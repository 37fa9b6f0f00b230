"""Rows: the three linked sheets found in a workbook and read into tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import compress
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from batch.readers.workbook import BLANK, Block, CellValue, RawSheet, Workbook
from batch.schema.column_model import ListSheet, Parser, Sheet, plain_field
from batch.schema.columns import CALLER_IDS, DIDS, LIST_SHEETS, TRUNKS
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
    trunks_with_numbers,
)
from batch.tables.regions import Region, find_region, is_blank
from batch.tables.row_filters import without_skipped
from batch.tables.sheets import find_sheets
from batch.tables.single_lists import EXAMPLE, NAMING, NO_OPTIONS, ListOptions, only_numbers, trunks_of
from batch.tables.table import Constant, Table
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
        options: ListOptions = NO_OPTIONS,
    ) -> None:
        self._columns_file = columns_file
        self._accepted = partial(acceptance_in, workbook, accept)
        self._asks = partial(is_list_of_problems, workbook=workbook)
        self._found, problems = find_sheets(workbook, columns_file, options)
        self._problems = [*columns_file.strange, *problems]
        self._options = options
        self._make = partial(
            _table, find_secret=find_secret, columns_file=columns_file, options=options, ours=workbook.ours
        )

    @cached_property
    def trunks(self) -> Table:
        """One row per trunk."""
        if TRUNKS.title in self._found or self._found.keys().isdisjoint(sheet.title for sheet in LIST_SHEETS):
            return self._table(TRUNKS)
        return trunks_of([table for table in (self.dids, self.caller_ids) if table.raw is not None], self._modes)

    @property
    def _modes(self) -> Mapping[str, Constant]:
        """What is said of all trunks of a workbook without a Trunks sheet."""
        file = self._columns_file
        said = file.sheets.get(TRUNKS.title, SheetColumns()).always
        of_file = {name: Constant(text, file.name) for name, text in said.items()}
        return {**of_file, **self._options.constants(TRUNKS)}

    @cached_property
    def caller_ids(self) -> Table:
        """One row per outbound caller ID."""
        return self._table(CALLER_IDS)

    @cached_property
    def dids(self) -> Table:
        """One row per DID."""
        return self._table(DIDS)

    def of(self, sheet: ListSheet) -> Table:
        """Return the rows of one of the two lists."""
        return self.dids if sheet is DIDS else self.caller_ids

    def _table(self, sheet: Sheet) -> Table:
        trunks = self.trunks if isinstance(sheet, ListSheet) and TRUNKS.title in self._found else None
        table, problems = self._make(sheet, self._found.get(sheet.title))
        if table.dialect is not None:
            table, problems = in_our_words(table, problems)
        if table.dialect is not None or table.fit.skip_where:
            whose = ("--trunk", self._options.trunk) if self._options.trunk else ()
            command = partial(self._options.command, *whose)
            table, problems = without_skipped(table, problems, self._columns_file.name, command)
        table, problems = _without_asides(table, problems, trunks)
        self._problems += [self._with_ways(problem, trunks) for problem in problems]
        return replace(table, accepted=self._accepted()) if isinstance(sheet, ListSheet) else table

    def _with_ways(self, problem: Problem, trunks: Table | None) -> Problem:
        """Say how to go on without the column Trunk; and name no row above the first."""
        if problem.code == "header-missing" and problem.message.endswith(f" {_TRUNK.label}."):
            names = [] if trunks is None else list(filter(None, trunks.texts("name")))
            command = self._options.command("--trunk", names[0] if names else EXAMPLE)
            theirs = "" if names else f", with its own name for {EXAMPLE}"
            where = problem.fix.rstrip(".").replace("in row 0", "in a row above the first")
            fix = f"{where}; or, if all its rows belong to one trunk{theirs}: {command}"
            problem = replace(problem, fix=fix)
        return problem if problem.row else replace(problem, row=1)

    def needs(self, raw: RawSheet) -> bool:
        """Tell whether a sheet is one of the three, or says what the tool itself has left in the file."""
        return raw.name in HIDDEN_SHEETS or self._asks(raw) or any(raw is found for found in self._found.values())

    def __iter__(self) -> Iterator[Table]:
        return iter((self.trunks, self.caller_ids, self.dids))

    @property
    def counted(self) -> list[Table]:
        """Those with rows of their own, which are counted and get results; the others are made of their sheets."""
        return [table for table in self if table.times is None]

    @property
    def by_name(self) -> dict[str, Table]:
        """Those with rows of their own, by the name of their sheet."""
        return {table.name: table for table in self.counted}

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
                    fix="Fill in one row per trunk below the header."
                    if trunks.times is None
                    else "Fill in its rows below the header.",
                )
            )
        return found


_TRUNK: Final = DIDS.column("trunk")


def _without_asides(table: Table, problems: list[Problem], trunks: Table | None) -> tuple[Table, list[Problem]]:
    """Leave out the rows that are no data, with what was found in them, and say so once."""
    if table.raw is None or not table.height or (trunks is not None and not trunks.height):
        return table, problems
    columns = table.columns
    known = {text for name in NAMING for text in trunks.texts(name)} - {""} if trunks is not None else set()
    if trunks is None and isinstance(table.sheet, ListSheet):
        known = trunks_with_numbers(table.texts("trunk"), table.texts(table.sheet.number))
    if "trunk" in table.constants:  # which says nothing of a row
        columns, known = {**columns, "trunk": [""] * table.height}, set()
    rows, told = rows_without_data(table.sheet, table.raw, table.rows(), columns, table.headers, known)
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
    sheet: Sheet,
    raw: RawSheet | None,
    find_secret: FindSecret,
    columns_file: ColumnsFile,
    options: ListOptions,
    *,
    ours: bool,
) -> tuple[Table, list[Problem]]:
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
    constants |= options.constants(sheet)
    fitted = replace(
        fitted,
        positions={**numbers, **fitted.positions},
        always={name: said.text for name, said in constants.items()},
    )
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
        unheaded={name: at for name, at in numbers.items() if not region.header[at]},
    )
    filled, faults = _with_constants(table, constants)
    return filled, [*problems, *faults]


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
                    f"The row is of {text}, and {said.said_by} says {said.text}.",
                    f"Leave {said.said_by} out, if the column is right; otherwise clear the cell, or delete the row.",
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
