"""The results as a folder of CSV files, for those who sent CSV; the user's sheets with result columns beside."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final, TypeAlias

from batch.readers.workbook import CellError, CellValue, CsvDialect, NoValue
from batch.schema.columns import RESULT_HEADERS
from batch.schema.file_metadata import MARK, file_names
from batch.tables.row_results import AnsweredSheet, ChangeLine, RowResult, Summary
from batch.writers.atomic import place_folder
from batch.writers.summary import NO_CODE, PRACTICE_NOTE

Advance: TypeAlias = Callable[[int], None]
"""Told how many rows were written since it was last told."""

CSV_MARK: Final = f"{MARK} results"
"""First cell of ``summary.csv``; it is how a folder of ours is known when it comes back."""

_SUMMARY: Final = "summary.csv"
_CHANGES: Final = "changes.csv"
_CHANGE_HEADERS: Final = ("Sheet", "Cell", "Trunk", "Field", "Before", "Wanted", "Found")
_EVERY: Final = 1_000
_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins with one of these may be run as a formula by a spreadsheet program that opens the file; the last
four are the wide ones of East Asia."""
_FALL_BACK: Final = "utf-8-sig"
_OURS: Final = CsvDialect(encoding=_FALL_BACK, delimiter=",")
_BLANKS: Final = ("",) * len(RESULT_HEADERS)


def write_results_folder(
    path: Path,
    sheets: Sequence[AnsweredSheet],
    summary: Summary,
    changes: Iterable[ChangeLine],
    *,
    advance: Advance | None = None,
) -> Path:
    """Write the results as CSV files in a folder: the user's own, ``summary.csv`` and ``changes.csv``.

    The user's files are written as they were (separator, encoding), in UTF-8 with a mark where that encoding lacks
    a character; ours always in UTF-8 with a mark. The user's cells stay as typed; cells of ours that a spreadsheet
    program would run get an apostrophe in front.

    Args:
        path: The folder. One that lies there is replaced if it holds nothing but earlier results.
        sheets: All files of the user's, in the user's order.
        summary: What ``summary.csv`` says.
        changes: Read once, in order.
        advance: Told about every 1,000 of the user's rows.

    Returns:
        Where it lies: ``path``, or a name beside it where ``path`` is open or holds something else.

    Raises:
        OutputError: It cannot be written there; then nothing is.
    """
    names = file_names([sheet.raw.name for sheet in sheets])
    first = next((sheet.raw.dialect for sheet in sheets if sheet.raw.dialect), _OURS)
    ours = CsvDialect(encoding=_FALL_BACK, delimiter=first.delimiter)  # the reader looks for the mark in UTF-8

    def fill(folder: Path) -> None:
        for name, sheet in zip(names, sheets, strict=True):
            _write(folder / name, sheet.raw.dialect or _OURS, _told(_sheet_rows(sheet), advance))
        _write(folder / _SUMMARY, ours, _summary_rows(summary))
        _write(folder / _CHANGES, ours, _change_rows(changes, {sheet.raw.name: sheet for sheet in sheets}))

    expected = {*names, _SUMMARY, _CHANGES}
    return place_folder(path, fill, ours=lambda place: _holds_only(place, expected))


def _holds_only(folder: Path, expected: AbstractSet[str]) -> bool:
    """Tell whether a folder is empty or holds earlier results and nothing else."""
    there = {entry.name for entry in folder.iterdir()}
    if not there:
        return True
    if not there <= expected or _SUMMARY not in there:
        return False
    return (folder / _SUMMARY).read_bytes().removeprefix(codecs.BOM_UTF8).startswith(CSV_MARK.encode())


def _write(path: Path, dialect: CsvDialect, rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file in the dialect, or in UTF-8 with a mark if its encoding lacks a character."""
    with path.open("w", encoding=_FALL_BACK, errors="replace", newline="") as out:
        csv.writer(out, delimiter=dialect.delimiter, lineterminator="\r\n").writerows(rows)
    encoding = codecs.lookup(dialect.encoding).name
    if encoding == _FALL_BACK:
        return
    recoded = path.with_name(f".{path.name}.part")
    try:
        with (
            path.open(encoding=_FALL_BACK, newline="") as given,
            recoded.open("w", encoding=encoding, newline="") as out,
        ):
            if encoding in {"utf-16-le", "utf-16-be"}:
                out.write("\ufeff")  # which Python writes only where the byte order is left open
            shutil.copyfileobj(given, out, 1 << 20)
    except UnicodeEncodeError:
        recoded.unlink()
    else:
        recoded.replace(path)


def _told(rows: Iterable[list[str]], advance: Advance | None) -> Iterator[list[str]]:
    count = 0
    for count, row in enumerate(rows, 1):
        yield row
        if advance and count % _EVERY == 0:
            advance(_EVERY)
    if advance and count % _EVERY:
        advance(count % _EVERY)


def _sheet_rows(sheet: AnsweredSheet) -> Iterator[list[str]]:
    raw = sheet.raw
    columns = sheet.columns()
    margin = [""] * raw.first_column
    yield from ([""] * (raw.first_column + len(columns)) for _ in range(1, raw.first_row))
    answers: dict[int, tuple[list[str], RowResult]] = {}  # the result is kept, so that its id stays its own
    for row, cells in enumerate(zip(*columns, strict=True), raw.first_row):
        line = margin + [value if value.__class__ is str else _text(value) for value in cells]
        if sheet.header_row is not None:
            result = sheet.results.get(row)
            if row == sheet.header_row:
                line += RESULT_HEADERS
            elif result is None:
                line += _BLANKS
            else:
                if id(result) not in answers:
                    answers[id(result)] = (_answers(result), result)
                line += answers[id(result)][0]
        yield line


def _answers(result: RowResult) -> list[str]:
    return ["" if cell is None else _harmless(str(cell)) for cell in result.cells]


def _text(value: CellValue) -> str:
    match value:
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime():
            return value.isoformat(sep=" ")
        case CellError(text=text):
            return text
        case NoValue():
            return ""
        case _:
            return str(value)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_RUNS) or text.lstrip().startswith(_RUNS) else text


def _summary_rows(summary: Summary) -> Iterator[list[str]]:
    yield [CSV_MARK]
    if summary.practice:
        yield [PRACTICE_NOTE]
    yield [_harmless(summary.headline)]
    yield from ([label, _harmless(text)] for label, text in summary.facts)
    yield from (["Look at this first", _harmless(text)] for text in summary.attention)
    yield from (["Hazard", _harmless(text)] for text in summary.hazards)
    yield []
    yield ["Sheet", "Result", "Rows", "What it means", "What next"]
    for count in summary.counts:
        yield [_harmless(count.sheet), count.ending, str(count.rows), count.meaning, count.next_step]
    yield ["Total", "", str(sum(count.rows for count in summary.counts))]
    yield []
    yield ["Errcode", "Errmsg", "Rows", "What it means", "Who can help"]
    for code in summary.codes:
        errcode = NO_CODE if code.errcode is None else str(code.errcode)
        yield [errcode, _harmless(code.errmsg), str(code.rows), code.meaning, code.who]


def _change_rows(changes: Iterable[ChangeLine], sheets: Mapping[str, AnsweredSheet]) -> Iterator[list[str]]:
    yield list(_CHANGE_HEADERS)
    for change in changes:
        sheet = sheets.get(change.sheet)
        cell = sheet.moved(change.cell) if sheet else change.cell
        texts = (change.trunk, change.field, change.before, change.wanted, change.found)
        yield [_harmless(change.sheet), cell, *map(_harmless, texts)]
