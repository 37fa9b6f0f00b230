"""Regions: where on a sheet its table stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Final

from batch.readers.workbook import CellValue, RawSheet
from batch.schema.column_model import Sheet
from batch.schema.problems import Problem
from batch.wording import folded, spans

_LOOKED_AT: Final = 100
"""The header is looked for in so many filled rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where the table of a sheet stands."""

    header_row: int
    header: Mapping[int, CellValue] = field(default_factory=dict)
    """Position (0 is A) to header cell; a header that is merged over several rows counts in the last of them."""
    end: int
    """The row behind the last one."""
    repeated: tuple[int, ...] = ()
    """Rows in which only the header stands again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    offset: int
    cells: Mapping[int, CellValue]
    filled: int
    known: Mapping[int, str]
    """Position to field."""

    @property
    def fields(self) -> int:
        return len(set(self.known.values()))

    @property
    def is_header(self) -> bool:
        return self.fields >= 2 and 2 * len(self.known) > self.filled


def is_blank(value: CellValue) -> bool:
    """Tell whether nothing stands in a cell."""
    return isinstance(value, str) and not value.strip()


def find_region(
    sheet: Sheet, raw: RawSheet, words: Mapping[str, str], header_row: int | None = None
) -> tuple[Region | None, list[Problem]]:
    """Find the header, or take the row that is said to be it, and what belongs to it; None where all rows are blank.

    The header is the row with the most known headers among the first filled ones. Where none has two, it is the
    first with one that has nothing but titles above it, and else the first filled row. ``words`` are the folded
    headers that count as known, and their fields.
    """
    lines = list(islice(_lines(raw, words), _LOOKED_AT))
    if not lines:
        return None, []
    if header_row is None:
        header = _header(lines)
    else:
        header = _line(raw, words, header_row - raw.first_row, _merged_headers(raw))
    passed = any(line.offset < header.offset for line in lines)
    row = raw.first_row + header.offset
    problems = []
    if passed and header_row is None:
        problems.append(
            Problem(
                code="header-found",
                sheet=raw.name,
                row=row,
                column=min(header.known, default=raw.first_column),
                message=f"The header is in row {row}; the rows above it are not read.",
                fix="Nothing to do, unless a row above the header contains data.",
            )
        )
    repeated, again = _later_headers(sheet, raw, header, words)
    if repeated:
        rows = [raw.first_row + offset for offset in repeated]
        problems.append(
            Problem(
                code="header-repeated",
                sheet=raw.name,
                row=rows[0],
                column=min(header.known),
                message=f"The header is repeated in row{'s' if len(rows) > 1 else ''} {spans(rows)}, "
                f"which {'are' if len(rows) > 1 else 'is'} ignored.",
            )
        )
    if again is not None:
        problems.append(_second_table(raw, again, row))
    return (
        Region(
            header_row=row,
            header=header.cells,
            end=raw.first_row + (raw.height if again is None else again.offset),
            repeated=tuple(raw.first_row + offset for offset in repeated),
        ),
        problems,
    )


def cells_below(raw: RawSheet, region: Region, position: int) -> Sequence[CellValue]:
    """Return what stands in one column of a table, from the first row below the header on."""
    start = region.header_row + 1 - raw.first_row
    return raw.columns[position - raw.first_column][start : region.end - raw.first_row]


def _lines(raw: RawSheet, words: Mapping[str, str]) -> Iterator[_Line]:
    merged = _merged_headers(raw)
    for offset in range(raw.height):
        if not all(is_blank(column[offset]) for column in raw.columns):
            yield _line(raw, words, offset, merged)


def _line(raw: RawSheet, words: Mapping[str, str], offset: int, merged: Mapping[tuple[int, int], CellValue]) -> _Line:
    row = raw.first_row + offset
    cells = {
        position: merged.get((row, position), column[offset])
        for position, column in enumerate(raw.columns, raw.first_column)
    }
    texts = {position: cell for position, cell in cells.items() if isinstance(cell, str) and cell.strip()}
    return _Line(
        offset=offset,
        cells=cells,
        filled=sum(not is_blank(cell) for cell in cells.values()),
        known={position: words[word] for position, text in texts.items() if (word := folded(text)) in words},
    )


def _merged_headers(raw: RawSheet) -> Mapping[tuple[int, int], CellValue]:
    """Return what a cell merged downwards shows in the rows that it covers, near the top of the sheet."""
    return {
        (row, block.first_column): raw.columns[index][block.first_row - raw.first_row]
        for block in raw.merged
        if 0 <= block.first_row - raw.first_row < min(_LOOKED_AT, raw.height)
        and 0 <= (index := block.first_column - raw.first_column) < len(raw.columns)
        for row in range(block.first_row + 1, min(block.last_row, block.first_row + _LOOKED_AT) + 1)
    }


def _header(lines: list[_Line]) -> _Line:
    best = max(lines, key=lambda line: line.fields)
    at = lines.index(best)
    if best.fields >= 2:
        # a table above it, with rows of its own, is the first of two tables rather than a title
        return next((line for i, line in enumerate(lines[:at]) if line.is_header and i + 1 < at), best)
    if best.fields and all(line.filled <= 1 for line in lines[:at]):
        return best
    return lines[0]


def _later_headers(
    sheet: Sheet, raw: RawSheet, header: _Line, words: Mapping[str, str]
) -> tuple[list[int], _Line | None]:
    """Return the rows in which the header stands again, up to the first that is another table's header."""
    start = header.offset + 1
    needed = min(2, header.fields)
    if not needed:
        return [], None
    hits: Counter[int] = Counter()
    spellings = _spellings(sheet, header)
    for left, column in zip(range(len(raw.columns), 0, -1), raw.columns, strict=True):
        if not hits and left < needed:
            break
        found = spellings.intersection(islice(column, start, None))
        if found:
            hits.update(offset for offset, value in enumerate(islice(column, start, None), start) if value in found)
    repeated: list[int] = []
    for offset in sorted(offset for offset, count in hits.items() if count >= needed):
        line = _line(raw, words, offset, {})
        if _repeats(line, header):
            repeated.append(offset)
        elif line.is_header and any(header.known.get(position) != name for position, name in line.known.items()):
            return repeated, line
    return repeated, None


def _repeats(line: _Line, header: _Line) -> bool:
    """Tell whether a row says, in every known column that it fills, what the header says there."""
    compared = header.cells if header.fields == 1 else header.known
    filled = [position for position in compared if not is_blank(line.cells[position])]
    return (
        len(line.known) >= min(2, header.fields)
        and all(
            folded(str(line.cells[position])) == folded(str(header.cells[position]))
            or (position in header.known and line.known.get(position) == header.known[position])
            for position in filled
        )
        and all(position in header.known for position in line.known)
    )


def _spellings(sheet: Sheet, header: _Line) -> frozenset[CellValue]:
    """Return the texts by which headers are known from afar, so that a large sheet is not folded cell by cell."""
    return _spellings_of_columns(sheet) | _cased(str(header.cells[position]) for position in header.known)


@cache
def _spellings_of_columns(sheet: Sheet) -> frozenset[str]:
    return _cased(text for column in sheet.columns for text in column.headers)


def _cased(texts: Iterable[str]) -> frozenset[str]:
    cased = {form for text in texts for form in (text, text.lower(), text.upper(), text.title(), text.capitalize())}
    return frozenset(form + end for form in cased for end in ("", "*", " *", ":"))


def _second_table(raw: RawSheet, line: _Line, header_row: int) -> Problem:
    row, position = raw.first_row + line.offset, min(line.known)
    text = str(line.cells[position])
    return Problem(
        code="header-again",
        sheet=raw.name,
        row=row,
        column=position,
        header=text,
        value=text,
        message=f"Row {row} is a header that differs from the one in row {header_row}: a second table begins here.",
        fix="Keep one table on each sheet: move this one to its own sheet or file, or put its rows into the columns "
        f"of the first. Nothing from row {row} on was read.",
    )
