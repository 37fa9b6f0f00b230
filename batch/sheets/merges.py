"""Merges: cells joined into one, of which only the first holds the value that people see in all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from batch.sheets.headers import Headers
from batch.sheets.layout import Parser, Sheet, letters
from batch.sheets.problems import Problem
from batch.sheets.regions import Region, is_blank
from batch.sheets.spellings import spans
from batch.sheets.workbooks import Block, CellValue, RawSheet

_NAMED: Final = 2000
"""So many covered cells of one block are named one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merges:
    """What merged cells come to in the rows of a table."""

    spread: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """By field and row number: the row above it whose value counts there as well."""
    blocks: Sequence[Block] = ()
    """Merged cells, anywhere in the table's rows, whose value does not count in all of them."""


def merges_of(sheet: Sheet, raw: RawSheet, region: Region, headers: Headers) -> Merges:
    """Look at the merged cells in the rows of a table.

    A column that says which trunk is meant counts for every row that it is merged over.
    """
    links = {
        headers.columns[column.field]: column.field
        for column in sheet.columns
        if column.parser is Parser.TRUNK and column.field in headers.columns
    }
    spread: dict[str, dict[int, int]] = {name: {} for name in links.values()}
    blocks = []
    for block in raw.merged:
        if _value(raw, block) is None or block.first_row <= region.header_row or block.first_row >= region.end:
            continue
        name = links.get(block.first_column)
        if name is None or block.first_column != block.last_column:
            blocks.append(block)
        else:
            last = min(block.last_row, region.end - 1)
            spread[name].update(dict.fromkeys(range(block.first_row + 1, last + 1), block.first_row))
    return Merges(spread={name: rows for name, rows in spread.items() if rows}, blocks=blocks)


def _value(raw: RawSheet, block: Block) -> CellValue | None:
    column, offset = block.first_column - raw.first_column, block.first_row - raw.first_row
    if not (0 <= column < len(raw.columns) and 0 <= offset < raw.height):
        return None
    value = raw.columns[column][offset]
    return None if is_blank(value) else value


def merge_problems(
    sheet: Sheet, raw: RawSheet, headers: Headers, merges: Merges, occupied: Collection[int], header_row: int
) -> list[Problem]:
    """Tell which cells have no value of their own, in rows that count, and which values count for several rows.

    A block that covers more cells than anybody wants to read of is told at the header, and so stops everything.
    """
    known = {position: name for name, position in headers.columns.items()}
    problems: list[Problem] = []
    for block in merges.blocks:
        covered = list(islice(_covered(block, known, occupied), _NAMED + 1))
        if len(covered) > _NAMED:
            problems.append(_large(raw, headers, block, known[covered[0][1]], header_row))
            continue
        value = _value(raw, block)
        name = known.get(block.first_column)
        shown = value if isinstance(value, str) and name and sheet.column(name).parser is not Parser.SECRET else ""
        problems += [
            _problem(raw, headers, block, known[position], row, shown if position == block.first_column else "")
            for row, position in covered
        ]
    for name, rows in merges.spread.items():
        counted = [row for row in rows if row in occupied]
        if counted:
            problems.append(_counts(raw, headers, name, counted))
    return problems


def _covered(block: Block, known: Mapping[int, str], occupied: Collection[int]) -> Iterator[tuple[int, int]]:
    """Return row and position of every cell that counts and has no value because another one is spread over it."""
    positions = [at for at in sorted(known) if block.first_column <= at <= block.last_column]
    for row in range(block.first_row, block.last_row + 1):
        if row in occupied:
            yield from ((row, at) for at in positions if (row, at) != (block.first_row, block.first_column))


def _problem(raw: RawSheet, headers: Headers, block: Block, name: str, row: int, shown: str) -> Problem:
    position = headers.columns[name]
    first = f"{letters(block.first_column)}{block.first_row}"
    return Problem(
        code="cell-merged",
        sheet=raw.name,
        row=row,
        column=position,
        header=headers.texts[name],
        message=f"{letters(position)}{row} is merged with {first}, so it has no value of its own.",
        fix=f"Unmerge the cells and fill in each of them{f', like {shown} here' if shown else ''}.",
        offers=(shown,) if shown else (),
    )


def _large(raw: RawSheet, headers: Headers, block: Block, name: str, header_row: int) -> Problem:
    first = f"{letters(block.first_column)}{block.first_row}"
    return Problem(
        code="cell-merged",
        sheet=raw.name,
        row=header_row,
        column=headers.columns[name],
        header=headers.texts[name],
        message=f"{first} is merged with all cells up to {letters(block.last_column)}{block.last_row}, so these have "
        "no values of their own.",
        fix="Unmerge the cells and fill in each of them.",
    )


def _counts(raw: RawSheet, headers: Headers, name: str, rows: list[int]) -> Problem:
    return Problem(
        code="cells-merged",
        sheet=raw.name,
        row=rows[0],
        column=headers.columns[name],
        header=headers.texts[name],
        message=f"Merged cells of {headers.texts[name]} count for all their rows: "
        f"row{'s' if len(rows) > 1 else ''} {spans(sorted(rows))} too.",
        fix="Nothing to do.",
    )
