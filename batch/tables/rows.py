"""Rows: the three linked sheets found in a workbook and read into tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Final

from batch.readers.workbook import RawSheet, Workbook
from batch.schema.column_model import ListSheet, Sheet
from batch.schema.columns import CALLER_IDS, DIDS, LIST_SHEETS, TRUNKS
from batch.schema.file_metadata import HIDDEN_SHEETS
from batch.schema.problems import Problem
from batch.tables.acceptance import acceptance_in, is_list_of_problems
from batch.tables.cells import FindSecret
from batch.tables.columns_file import NO_FILE, ColumnsFile, SheetColumns
from batch.tables.dialect_sheets import (
    in_our_words,
)
from batch.tables.layout import (
    rows_without_data,
    trunks_with_numbers,
)
from batch.tables.row_filters import without_skipped
from batch.tables.sheets import find_sheets
from batch.tables.single_lists import EXAMPLE, NAMING, NO_OPTIONS, ListOptions, trunks_of
from batch.tables.table import Constant, Table
from batch.tables.table_reading import read_dids_beside, read_table
from batch.tables.unknown_columns import shown_cell


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
        self._read_beside = partial(
            read_dids_beside, find_secret=find_secret, columns_file=columns_file, ours=workbook.ours
        )
        self._make = partial(
            read_table, find_secret=find_secret, columns_file=columns_file, options=options, ours=workbook.ours
        )

    @cached_property
    def trunks(self) -> Table:
        """One row per trunk."""
        if TRUNKS.title in self._found or self._found.keys().isdisjoint(sheet.title for sheet in LIST_SHEETS):
            return self._table(TRUNKS)
        return trunks_of([table for table in (self.dids, self.caller_ids) if table.raw is not None], self._modes)

    def add_to_trunks(self, named: Table) -> int:
        """Let rows beyond those of the trunks stand for cells of another sheet that name trunks.

        Returns how much larger their numbers are there than on their own sheet.
        """
        trunks = self.trunks
        parts = [*(trunks.of_sheets or [(0, trunks)])]
        more = max(more + (0 if part.raw is None else part.raw.first_row + part.raw.height) for more, part in parts)
        self.trunks = replace(trunks, of_sheets=[*parts, (more, named)])
        return more

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
        """One row per DID; or per trunk, where its DIDs stand in columns of the Trunks sheet."""
        own = self._table(DIDS)
        if TRUNKS.title not in self._found or not self.trunks.did_columns:
            return own
        made, problems = self._read_beside(self.trunks)
        if own.height and made.height:
            self._problems.append(_on_two_sheets(self.trunks, own))
            return own
        self._problems += problems
        return replace(made, accepted=self._accepted()) if made.height else own

    def of(self, sheet: ListSheet) -> Table:
        """Return the rows of one of the two lists."""
        return self.dids if sheet is DIDS else self.caller_ids

    def _table(self, sheet: Sheet) -> Table:
        trunks = self.trunks if isinstance(sheet, ListSheet) and TRUNKS.title in self._found else None
        table, problems = self._make(sheet, self._found.get(sheet.title))
        if table.dialect is not None:
            table, problems = in_our_words(table, problems)
        if table.dialect is not None or table.fit.skip_where or isinstance(sheet, ListSheet):
            table, problems = without_skipped(table, problems, self._columns_file.name, self._options.command)
        table, problems = _without_asides(table, problems, trunks)
        self._problems += [self._with_ways(problem, trunks) for problem in problems]
        return replace(table, accepted=self._accepted()) if isinstance(sheet, ListSheet) else table

    def _with_ways(self, problem: Problem, trunks: Table | None) -> Problem:
        """Say how to go on without the column Trunk; and name no row above the first."""
        if problem.code == "header-missing" and problem.message.endswith(f" {_TRUNK.label}."):
            names = [] if trunks is None else list(filter(None, trunks.texts("name")))
            command = self._options.command("--trunk", names[0] if names else EXAMPLE)
            theirs = "" if names else f", with its name in place of {EXAMPLE}"
            where = problem.fix.rstrip(".").replace("in row 0", "in a row above the first")
            fix = f"{where}; or, if all its rows belong to one trunk{theirs}: {command}"
            problem = replace(problem, fix=fix)
        return problem if problem.row else replace(problem, row=1)

    def _said_in_vain(self, lists: Sequence[Table]) -> list[Problem]:
        """Report ``--trunk`` where there is no list: who gives it may mean to choose one."""
        trunk = self._options.trunk
        if not trunk or not self.trunks.height or any(table.height and table.times is None for table in lists):
            return []
        return [
            Problem(
                code="trunk-contradicts",
                sheet=self.trunks.name,
                row=self.trunks.header_row,
                value=trunk,
                header="--trunk",
                message="--trunk gives the trunk for all rows of a list, but this workbook contains no list.",
                fix=f"Leave it out. To take only one trunk of the workbook, give --only {trunk}.",
            )
        ]

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
    def columns(self) -> dict[tuple[str, int], Table]:
        """Whose each column that is read is, by name of the sheet and position."""
        return {(table.name, at): table for table in self for at in table.headers.columns.values()}

    @property
    def by_name(self) -> dict[str, Table]:
        """Those with rows of their own, by the name of their sheet."""
        return {table.name: table for table in self.counted}

    @cached_property
    def problems(self) -> Sequence[Problem]:
        """Everything wrong with sheets, headers and kinds of cell.

        A cell in fault is blank in its frame, but its row is kept.
        """
        trunks, *lists = self
        found = [*self._problems, *self._said_in_vain(lists)]
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
    columns = _with_numbers_as_written(table)
    known = {text for name in NAMING for text in trunks.texts(name)} - {""} if trunks is not None else set()
    if trunks is None and isinstance(table.sheet, ListSheet):
        blank = [""] * table.height
        known = trunks_with_numbers(table.texts("trunk"), columns.get(table.sheet.number, blank))
    if "trunk" in table.constants:  # which says nothing of a row
        columns, known = {**columns, "trunk": [""] * table.height}, set()
    rows, told = rows_without_data(table.sheet, table.raw, table.rows(), columns, table.headers, known)
    if not rows:
        return table, problems
    gone = frozenset(rows)
    kept = [p for p in problems if p.row not in gone or not p.header]  # what concerns more than a cell is told still
    return table.without(gone), [*kept, *told]


def _with_numbers_as_written(table: Table) -> Mapping[str, Sequence[Any]]:
    """Return the columns, with numbers in fault as they are written: such a row is still one with a number."""
    name = table.sheet.number if isinstance(table.sheet, ListSheet) else ""
    faulty = table.faulty.get(name)
    if table.raw is None or not faulty or not table.has(name):
        return table.columns
    cells = table.raw.columns[table.headers.columns[name] - table.raw.first_column]
    numbers = [
        text or (shown_cell(cells[row - table.raw.first_row]) if row in faulty else "")
        for row, text in zip(table.rows(), table.texts(name), strict=True)
    ]
    return {**table.columns, name: numbers}


def _on_two_sheets(trunks: Table, dids: Table) -> Problem:
    at = trunks.did_columns[0]
    header = trunks.header_texts[at]
    return Problem(
        code="dids-on-two-sheets",
        sheet=trunks.name,
        row=trunks.header_row,
        column=at,
        header=header,
        value=header,
        message=f"DIDs are in the column {header!r} here and on the sheet {dids.name}; it is not clear which to use.",
        fix=f"Keep one of the two: put # in front of the headers of DIDs here, or delete the rows of {dids.name}.",
    )
