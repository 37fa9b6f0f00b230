"""Single lists: what is said of a workbook that is only a list, and tables made of another table's sheet.

A list alone has no Trunks sheet, so the Trunks table is made of it: its rows are the different texts of the list's
column Trunk, each where it stands first. No row of a sheet is counted twice for that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from string import digits
from types import MappingProxyType
from typing import Final

import numpy as np

from batch.readers.workbook import CellValue, RawSheet
from batch.schema.column_model import CLEAR, ListSheet, Sheet, plain_field, words_of
from batch.schema.columns import CALLER_IDS, DIDS, LIST_SHEETS, RESULT_HEADERS, SHEETS, TRUNKS
from batch.schema.problems import Problem
from batch.tables.columns_file import Fit
from batch.tables.dialect_sheets import dialect_in
from batch.tables.headers import Headers, match_headers
from batch.tables.regions import Region, cells_below, find_region, is_blank
from batch.tables.table import Constant, Table
from batch.tables.unknown_columns import CellLook, look_of, shown_cell
from batch.wording import folded, letters, quoted

SHEET_OPTIONS: Final[Mapping[str, Sheet]] = {"dids": DIDS, "caller-ids": CALLER_IDS, "trunks": TRUNKS}
"""What ``--as`` takes."""
EXAMPLE: Final = "London-1"
"""A trunk's name, where a command needs one and none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """What is said of a workbook besides its cells and a columns file."""

    sheet: Sheet | None = None
    """What its only sheet, or its first filled one, is."""
    trunk: str = ""
    """Whose all rows of its lists are."""
    mode: str = ""
    """What the rows do to a trunk's list, where no cell says it."""
    typed: tuple[object, ...] = ("trunk-batch", "check", "WORKBOOK")
    """The command that checks the workbook, as far as it is known."""

    def command(self, *flags: object) -> str:
        """Write the command that says more, as it is typed."""
        return " ".join(map(quoted, [*self.typed, *flags]))

    def constants(self, sheet: Sheet) -> Mapping[str, Constant]:
        """Return what it says of the rows of a sheet, by field."""
        if isinstance(sheet, ListSheet):
            return {"trunk": Constant(self.trunk, "--trunk")} if self.trunk else {}
        return {listed.mode: Constant(self.mode, "--mode") for listed in LIST_SHEETS} if self.mode else {}


NO_OPTIONS: Final = ListOptions()


def kind_by_headers(raw: RawSheet) -> Sheet | None:
    """Return which of the three a sheet is, as far as its headers alone say it beyond doubt."""
    dialect = dialect_in(raw)
    if dialect is not None:
        return next(sheet for sheet in SHEETS if sheet.title == dialect.sheet)
    told = {sheet: _told_fields(sheet, raw) for sheet in SHEETS}
    fitting = [sheet for sheet in SHEETS if _is_told_by(sheet, told[sheet])]
    most = max((len(told[sheet]) for sheet in fitting), default=0)
    best = [sheet for sheet in fitting if len(told[sheet]) == most]
    return best[0] if len(best) == 1 else None


def _told_fields(sheet: Sheet, raw: RawSheet) -> frozenset[str]:
    """Return the fields that a sheet's headers name if it is this one, but for those of any list of numbers."""
    return frozenset(name for name, word in _words_above(sheet, raw).items() if word not in _ANY_NUMBER)


def _words_above(sheet: Sheet, raw: RawSheet) -> Mapping[str, str]:
    """Return the words of ours that a sheet's headers are if it is this one, folded, by field."""
    region, _ = find_region(sheet, raw, words_of(sheet))
    if region is None or region.header_row + 1 >= region.end:
        return {}
    below = partial(cells_below, raw, region)
    headers, _ = match_headers(sheet, raw.name, region.header_row, region.header, ours=False, below=below)
    words = {name: folded(text).rstrip(digits) for name, text in headers.texts.items()}
    return {name: word for name, word in words.items() if word in words_of(sheet)}


def names_numbers(sheet: Sheet, raw: RawSheet) -> bool:
    """Tell whether the headers of a sheet name its numbers if it is this list, though they may be those of another."""
    return isinstance(sheet, ListSheet) and sheet.number in _words_above(sheet, raw)


def holds_numbers(raw: RawSheet, digits_of_one: int = 7) -> bool:
    """Tell whether numbers of so many digits or more stand near the top of a sheet, whatever its headers say."""
    cells = (cell for column in raw.columns for cell in column[:_SAMPLE])
    looks = {CellLook.NUMBER, CellLook.RANGE}
    return any(look_of(cell) in looks and len(_DIGIT.findall(shown_cell(cell))) >= digits_of_one for cell in cells)


def is_whole_list(sheet: ListSheet, raw: RawSheet, options: ListOptions, read: RawSheet | None) -> bool:
    """Tell whether the headers of a sheet that is not ``read`` say all that its rows could be read by.

    They say whose they are, unless ``--trunk`` does, and name the numbers, if only as the sheet that is read does.
    """
    words = _words_above(sheet, raw)
    number = words.get(sheet.number)
    if number is None or not ("trunk" in words or options.trunk):
        return False
    return number not in _ANY_NUMBER or (read is not None and _words_above(sheet, read).get(sheet.number) == number)


_ANY_NUMBER: Final = frozenset(
    word
    for word, name in words_of(DIDS).items()
    if name == DIDS.number and (word in words_of(CALLER_IDS) or not re.search("did|ddi|sda|durchwahl", word))
)
"""Headers, folded, that a list of either kind may have."""


def may_be_trunks(raw: RawSheet) -> bool:
    """Tell whether the headers of a sheet name trunks and settings of theirs, whatever else they name."""
    return _is_told_by(TRUNKS, _told_fields(TRUNKS, raw))


def _is_told_by(sheet: Sheet, fields: frozenset[str]) -> bool:
    if isinstance(sheet, ListSheet):
        return sheet.number in map(plain_field, fields) or "move_from" in fields
    return bool(fields & {"id", "name"}) and bool(fields - {"id", "name"})


def ways_to_say(raw: RawSheet, options: ListOptions) -> str:
    """Say how to tell what a sheet is, where neither its name nor its headers do; only what is missing."""
    has_trunks = any("trunk" in _told_fields(sheet, raw) for sheet in LIST_SHEETS)
    whose = () if options.trunk or has_trunks else ("--trunk", EXAMPLE)
    of_one = f" of one trunk, with its name in place of {EXAMPLE}" if whose else ""
    return (
        "If they are caller IDs, give --as caller-ids; if settings of trunks, --as trunks; "
        f"if DIDs{of_one}: {options.command('--as', 'dids', *whose)}"
    )


_NUMBER: Final = re.compile(
    r"(?:tel:|sips?:)?[\s'(\[+]*[0-9XZN][0-9XZN\s()+./\[\]!#*,;&\-\u2010-\u2015]*", re.IGNORECASE
)
_DIGIT: Final = re.compile("[0-9]")
_FEWEST_DIGITS: Final = 3
_SAMPLE: Final = 100


def _is_number(value: CellValue) -> bool:
    if isinstance(value, str):
        text = value.strip()
        return _NUMBER.fullmatch(text) is not None and len(_DIGIT.findall(text)) >= _FEWEST_DIGITS
    return isinstance(value, int | float) and not isinstance(value, bool)


def only_numbers(
    sheet: Sheet, raw: RawSheet, region: Region, words: Mapping[str, str], *, ours: bool
) -> tuple[Region, Mapping[str, int], list[Problem]]:
    """Find the numbers of a list that is one column under no header that is known, or under none at all.

    Returns where its table stands, then with the first number as its first row; the position of the numbers by field,
    nothing where it is no such list; and a notice. Columns of ours do not count in a file that is ``ours``.
    """
    texts = {at: str(cell).strip() for at, cell in region.header.items()}
    if not isinstance(sheet, ListSheet) or any(folded(text) in words for text in texts.values()):
        return region, {}, []
    filled = [
        at
        for at, cells in enumerate(raw.columns, raw.first_column)
        if not (ours and texts[at] in RESULT_HEADERS) and not all(map(is_blank, cells))
    ]
    cells = raw.columns[filled[0] - raw.first_column][region.header_row - raw.first_row :] if len(filled) == 1 else []
    below = list(islice((cell for cell in cells[1:] if not is_blank(cell)), _SAMPLE))
    headed = bool(cells) and not _is_number(cells[0])
    if not cells or (headed and not below) or 5 * sum(map(_is_number, below)) < 4 * len(below):
        return region, {}, []
    at, row = filled[0], region.header_row
    read = f"column {letters(at)} is read as {sheet.column(sheet.number).label}"
    notice = Problem(
        code="only-column",
        sheet=raw.name,
        row=row,
        column=at,
        header=texts[at] if headed else "",
        value=shown_cell(region.header[at]),
        message=f"It is the only column of the list: {read}."
        if headed
        else f"No header was found: {read}, and row {row} counts as its first row.",
        fix="Nothing to do, if that is what you mean.",
    )
    return region if headed else replace(region, header_row=row - 1, header={at: ""}), {sheet.number: at}, [notice]


_DID_WORDS: Final = frozenset(
    {word for word, name in words_of(DIDS).items() if name == DIDS.number} | set(map(folded, DIDS.names))
) - (_ANY_NUMBER | words_of(TRUNKS).keys())


def names_dids(header: CellValue) -> bool:
    """Tell whether a header means all DIDs of a row: ``DIDs``, as the sheet is called, rather than ``DID 2``."""
    return isinstance(header, str) and folded(header) in _DID_WORDS - words_of(DIDS).keys()


def did_columns(raw: RawSheet, region: Region, fitted: Fit) -> tuple[int, ...]:
    """Return the positions of columns of the Trunks sheet that hold DIDs; a column of counts is none."""
    said = {*fitted.positions.values(), *fitted.own, *fitted.theirs}
    headed = {at: text for at, text in region.header.items() if isinstance(text, str) and at not in said}
    found = [at for at, text in headed.items() if folded(text).rstrip(digits) in _DID_WORDS]
    plural = [at for at in found if names_dids(headed[at])]
    holding = [at for at in found if at not in plural or _holds_numbers(cells_below(raw, region, at))]
    return tuple(holding) if len(plural) < 2 else ()


def _holds_numbers(cells: Sequence[CellValue]) -> bool:
    filled = list(islice((str(cell) for cell in cells if not is_blank(cell)), _SAMPLE))
    return all(len(_DIGIT.findall(text)) >= _FEWEST_OF_WHOLE or text == CLEAR for text in filled)


_FEWEST_OF_WHOLE: Final = 6
"""Digits of a number that is no count."""

NAMING: Final = ("id", "name")
"""Columns of the Trunks sheet that say which trunk is meant."""
NOTHING_SAID: Final[Mapping[str, Constant]] = MappingProxyType({})


def trunks_of(lists: Sequence[Table], said: Mapping[str, Constant]) -> Table:
    """Make the Trunks table of lists that name trunks: a row for each text of their columns Trunk, where it is first.

    ``said`` is what is said of all of them, by field.

    A text of digits is a Trunk ID as long as the PBX has one; see `change_plan.resolve`.
    """
    seen: set[str] = set()
    made, parts, more = [], [], 0
    for table in lists:
        part = trunks_named_in(table, "trunk", seen, said)
        made += [row + more for row in part.rows()]
        seen.update(table.texts("trunk"))
        parts.append((more, part))
        more += table.rows()[-1] if table.height else 0
    columns = {name: [text for _, part in parts for text in part.texts(name)] for name in parts[0][1].columns}
    first = parts[0][1]
    return replace(first, columns=columns, row_numbers=np.array(made, dtype=np.int64), of_sheets=parts)


def trunks_named_in(
    table: Table, column: str, seen: AbstractSet[str], said: Mapping[str, Constant] = NOTHING_SAID
) -> Table:
    """Make a Trunks table of the texts of one column of a list but for those that are ``seen`` elsewhere."""
    times = Counter(table.texts(column))
    first = {text: row for row, text in zip(reversed(table.rows()), reversed(table.texts(column)), strict=True)}
    rows = sorted((row, text) for text, row in first.items() if text and text not in seen)
    given = {name: table.constants[column] for name in NAMING if column in table.constants} if rows else {}
    at, header = table.headers.columns.get(column), table.headers.texts.get(column, "")
    texts = [text for _, text in rows]
    by_id = [text.isdecimal() and text.isascii() and not text.startswith("0") for text in texts]
    return Table(
        sheet=TRUNKS,
        raw=table.raw,
        header_row=table.header_row,
        headers=Headers(
            columns={} if at is None else dict.fromkeys(NAMING, at),
            texts={} if at is None else dict.fromkeys(NAMING, header),
        ),
        columns={
            "id": [text if is_id else "" for text, is_id in zip(texts, by_id, strict=True)],
            "name": ["" if is_id else text for text, is_id in zip(texts, by_id, strict=True)],
            **{name: [constant.text] * len(texts) for name, constant in said.items()},
        },
        row_numbers=np.array([row for row, _ in rows], dtype=np.int64),
        constants={**said, **given},
        times={row: times[text] for row, text in rows},
    )


def with_where_headers_go(sheet: Sheet, raw: RawSheet, region: Region, problems: list[Problem]) -> list[Problem]:
    """Say of a list of which no header is known whether its first row is one, and over which columns one goes."""
    if not isinstance(sheet, ListSheet):
        return problems
    missing = {f"The sheet {raw.name} has no column {column.label}.": column for column in sheet.columns}
    is_data = any(_can_be_called(cell) for cell in region.header.values() if not is_blank(cell))
    numbers = [letters(at) for at in region.header if _hold_numbers(cells_below(raw, region, at))]
    found: list[Problem] = []
    for problem in problems:
        column = missing.get(problem.message) if problem.code == "header-missing" else None
        columns = numbers if column is not None and column.field == sheet.number else []
        if column is None or not (is_data or columns):
            found.append(problem)
        else:
            fix = _where_it_goes(column.label, columns, region.header_row, is_data=is_data)
            found.append(replace(problem, fix=fix))
    return found


def _where_it_goes(label: str, columns: Sequence[str], row: int, *, is_data: bool) -> str:
    """Say over which of the columns that may be meant a header goes."""
    if len(columns) == 1 and not is_data:
        return f"If the numbers are those of column {columns[0]}, type {label} in {columns[0]}{row}."
    where = f"{label} over column {columns[0]}" if columns else f"{label} over its column"
    if len(columns) > 1:
        where = (
            f"{where} and {label} to over {columns[1]}, if those are the first and last number of a block; {label} 1, "
            f"{label} 2 and so on, if each is a number of its row"
        )
    if is_data:
        return f"Row {row} is not a header row: insert one above it, with {where}."
    return f"Type headers for the columns of numbers in row {row}: {where}."


def _hold_numbers(cells: Sequence[CellValue]) -> bool:
    filled = list(islice((cell for cell in cells if not is_blank(cell)), _SAMPLE))
    return bool(filled) and 2 * sum(map(_can_be_called, filled)) >= len(filled)


def _can_be_called(value: CellValue) -> bool:
    return look_of(value) in {CellLook.NUMBER, CellLook.RANGE}
