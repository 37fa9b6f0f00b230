"""CSV files, alone, in a folder with one per sheet, or in a zip of such a folder."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, TypeVar

from batch.errors import WorkbookError
from batch.readers.csv_records import HEAD, Dialect, LooseRecords, detect_dialect, neat_records
from batch.readers.encodings import Encoding, detect_encoding
from batch.readers.list_folders import list_files, list_parts, put_together
from batch.readers.workbook import (
    BLANK,
    CellValue,
    CsvDialect,
    RawSheet,
    by_column,
    cannot_be_opened,
    too_large,
)
from batch.schema.column_model import Column, ListSheet, Sheet
from batch.schema.columns import RESULT_HEADERS, SHEETS
from batch.schema.dialects import dialect_of
from batch.wording import folded, some_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from batch.readers.packages import Package


FILES: Final = tuple(sheet.csv for sheet in SHEETS)

SUMMARY_FILE: Final = "summary.csv"
RESULTS_TITLE: Final = "trunk-batch results"
"""First cell of the summary in a results folder: our mark."""

MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384
"""As many as a spreadsheet has."""

MAX_BYTES: Final = 512 << 20

_BLOCK: Final = 20_000
"""Rows turned into columns at a time, so that rows and columns never both fill the memory."""

_MOST_ROWS: Final = 5
"""Rows that a remark names."""
_MOST_FILES: Final = 12
"""Files that a remark names."""

_SHOWN: Final = 3
"""Files that are named in a message."""
_TITLES: Final = 30
"""So many rows from the top are thought to hold the header."""

_EXPORTED: Final = re.compile(r"(?:.* - )?(.+?)(?:-(?:Table|Tabelle|Tableau|Tabla|表格) ?\d+)?")
"""Names that exports give: ``Book - DIDs`` (Google) and ``DIDs-Table 1`` (Numbers)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFolder:
    """What was read of a folder or zip."""

    sheets: tuple[RawSheet, ...]
    remarks: dict[str, str]
    """Per sheet title, what was detected."""
    sha256: str
    """Of the sheets' files, one after the other."""
    ours: bool


def sheet_of_file(name: str) -> Sheet | None:
    """Return the sheet that a file stands for by its name, whatever its case; None for other files."""
    path = PurePosixPath(name)
    if path.suffix.casefold() != ".csv":
        return None
    stem = folded(path.stem)
    return next((sheet for sheet in SHEETS if stem in map(folded, sheet.names)), None)


def files_in(folder: Path) -> dict[str, Path]:
    """Return the CSVs of a folder, by the layout's file name and in its order, and the summary.

    What a file stands for, its name says; beside one of such a name also its headers, if another system wrote it.

    Raises:
        WorkbookError: Two files stand for one sheet.
    """
    paths = _csvs_in(folder)
    named = _by_name(folder, [(path.name, path) for path in paths])
    if SUMMARY_FILE in named:
        return named
    return _by_name(folder, [*((name, path) for name, path in named.items()), *_by_headers(paths, named)])


def _csvs_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.casefold() == ".csv" and path.is_file())


def _by_headers(paths: Iterable[Path], named: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Yield the files that are known by their headers alone, and the layout's name of what they stand for."""
    for path in paths:
        if path not in named.values() and (sheet := _sheet_by_headers(path)) and sheet.csv not in named:
            yield sheet.csv, path


def _sheet_by_headers(path: Path) -> Sheet | None:
    with suppress(OSError, csv.Error), path.open("rb") as file:
        head = file.read(HEAD)
        encoding = detect_encoding(head)
        if encoding is None:
            return None
        text = _text(head, encoding, HEAD).read()
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=detect_dialect(text, ()).delimiter)
        for row in islice(lines, _TITLES):
            if dialect := dialect_of(set(map(folded, row))):
                return next(sheet for sheet in SHEETS if sheet.title == dialect.sheet)
    return None


def files_in_zip(package: Package) -> dict[str, str]:
    """Return the CSVs of a zip, at its top or one folder deep, as `files_in` does.

    Raises:
        WorkbookError: Two files stand for one sheet, or two of them have one name.
    """
    paths = [(PurePosixPath(name), name) for name in package.names]
    files = _by_name(
        package.path,
        [
            (path.name, name)
            for path, name in paths
            if len(path.parts) <= 2 and path.parts[0] != "__MACOSX" and not path.name.startswith("._")
        ],
    )
    return {known: package.find(name) or name for known, name in files.items()}


def _by_name(where: Path, files: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, list[T]] = {}
    for known, file in _named(
        [(name, file) for name, file in files if PurePosixPath(name).suffix.casefold() == ".csv"]
    ):
        found.setdefault(known, []).append(file)
    for known, alike in found.items():
        if len(alike) > 1:
            names = some_of((Path(str(file)).name for file in alike), _SHOWN)
            raise WorkbookError(
                f'"{where}" holds {len(alike)} files of {known.removesuffix(".csv")}: {names}.',
                f"If each is of one trunk, put them into a folder {PurePosixPath(known).stem} in it, each called after "
                "its trunk; else keep one and move the rest away.",
            )
    known_ones = {name: found[name][0] for name in (*FILES, SUMMARY_FILE) if name in found}
    return known_ones if set(found) & set(FILES) else {}


def _named(files: Sequence[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """Yield what each file stands for; names as exports give them count only where no file has the plain name."""
    plain = set()
    for name, file in files:
        sheet = sheet_of_file(name)
        if sheet is not None or name.casefold() == SUMMARY_FILE:
            known = sheet.csv if sheet else SUMMARY_FILE
            plain.add(known)
            yield known, file
    for name, file in files:
        exported = _EXPORTED.fullmatch(PurePosixPath(name).stem)
        sheet = sheet_of_file(f"{exported[1]}.csv") if exported and sheet_of_file(name) is None else None
        if sheet is not None and sheet.csv not in plain:
            yield sheet.csv, file


def sheets_in(folder: Path) -> list[Path]:
    """Return the files of a folder that stand for sheets, in the layout's order, and then those of single trunks."""
    files = [path for name, path in files_in(folder).items() if sheet_of_file(name) is not None]
    return [*files, *chain.from_iterable(list_files(folder).values())]


def read_folder(folder: Path) -> CsvFolder:
    """Read the CSVs of a folder; whoever calls has seen that there are some.

    Raises:
        WorkbookError: A file is no text, too large, or breaks off inside quotes; or a list stands there twice.
    """
    files, lists = files_in(folder), list_files(folder)
    if twice := next((sheet for sheet in lists if sheet.csv in files), None):
        what = f'"{folder}" holds {twice.csv} and a folder with files of {twice.title}.'
        raise WorkbookError(what, "Keep one of them and move the other away.")
    read = _read(
        ((name, path, _bytes(path)) for name, path in files.items()),
        {sheet: [(path, _bytes(path)) for path in paths] for sheet, paths in lists.items()},
    )
    unread = [path.name for path in _csvs_in(folder) if path not in files.values()]
    if unread and not read.ours:
        first = read.sheets[0].name
        read.remarks[first] += f" Not read: {some_of(unread, _MOST_FILES)}."
    return read


def read_zip(package: Package) -> CsvFolder:
    """Read the CSVs of a zip, as `read_folder` does."""
    files, lists = files_in_zip(package), list_parts(package.names)
    for part in chain(files.values(), *lists.values()):
        _check_large(package.path / part, package.size(part))
    return _read(
        ((name, package.path / part, package.read(part)) for name, part in files.items()),
        {
            sheet: [(package.path / part, package.read(part)) for part in parts]
            for sheet, parts in lists.items()
            if sheet.csv not in files
        },
    )


_SURELY_OURS: Final = 4
"""So many headers of results in one row are ours."""


def read_alone(path: Path, title: str) -> CsvFolder:
    """Read one CSV file alone, of whichever list it is, as a sheet of this title; raises as `read_folder`."""
    raw = _bytes(path)
    sheet, remark = _sheet(title, [column for known in SHEETS for column in known.columns], path, raw)
    rows = zip(*(column[:20] for column in sheet.columns), strict=True)
    ours = any(len({*RESULT_HEADERS} & {*row}) >= _SURELY_OURS for row in rows)
    return CsvFolder(sheets=(sheet,), remarks={title: remark}, sha256=hashlib.sha256(raw).hexdigest(), ours=ours)


def _bytes(path: Path) -> bytes:
    try:
        _check_large(path, path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise cannot_be_opened(path, error) from None


def _check_large(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise too_large(path, f"it has {size / 2**20:,.0f} MiB")


def _read(
    files: Iterable[tuple[str, Path, bytes]], lists: Mapping[ListSheet, Sequence[tuple[Path, bytes]]]
) -> CsvFolder:
    digest = hashlib.sha256()
    sheets: list[RawSheet] = []
    remarks: dict[str, str] = {}
    ours = False
    for name, path, raw in files:
        known = sheet_of_file(name)
        if known is None:
            ours = rough_first_cell(raw) == RESULTS_TITLE
            continue
        digest.update(raw)
        sheet, remark = _sheet(known.title, known.columns, path, raw)
        sheets.append(sheet)
        remarks[sheet.name] = remark
    for listed, contents in lists.items():
        digest.update(b"".join(raw for _, raw in contents))
        parts = [(path, _sheet(listed.title, listed.columns, path, raw)[0]) for path, raw in contents]
        sheet, remarks[listed.title] = put_together(listed, parts)
        sheets.append(sheet)
    return CsvFolder(sheets=tuple(sheets), remarks=remarks, sha256=digest.hexdigest(), ours=ours)


def rough_first_cell(raw: bytes) -> str:
    """Return the first cell of a CSV file of ours, which is in UTF-8 whatever its separator."""
    first = raw[:HEAD].decode("utf-8-sig", errors="replace").splitlines()[:1]
    return re.split(r"[,;\t|]", first[0])[0].strip('" ') if first else ""


def _sheet(title: str, known: Iterable[Column], path: Path, raw: bytes) -> tuple[RawSheet, str]:
    encoding = detect_encoding(raw)
    if encoding is None:
        raise WorkbookError(
            f'"{path}" is not a CSV file: it holds bytes that are no text.',
            'Save the sheet again as "CSV UTF-8" and give that file.',
        )
    head = _text(raw, encoding, HEAD).read(HEAD)
    dialect = detect_dialect(head, [header for column in known for header in column.headers])
    said = f"{path.name} was read as {encoding.words}, with {dialect.words}"
    try:
        columns = _columns(neat_records(_text(raw, encoding), dialect), path)
    except csv.Error:
        columns, oddities = _loose_columns(_text(raw, encoding), dialect, path)
        said += oddities
    return (
        RawSheet(
            name=title,
            columns=columns,
            dialect=CsvDialect(encoding=encoding.name, delimiter=dialect.delimiter),
        ),
        f"{said}.",
    )


def _loose_columns(text: io.TextIOBase, dialect: Dialect, path: Path) -> tuple[list[list[CellValue]], str]:
    """Return the columns of a file whose quotes do not fit, and what is told of them."""
    loose = LooseRecords(dialect=dialect)
    try:
        columns = _columns(loose.records(text.read()), path)
    except csv.Error:
        raise WorkbookError(
            f'"{path}" has a cell of more than {csv.field_size_limit():,} characters.',
            "Look for a quote that is never closed, or save the sheet again as CSV.",
        ) from None
    said = '; \\" stands for a quote inside of quotes' if loose.escaped else ""
    if loose.odd_rows:
        rows = ", ".join(map(str, loose.odd_rows[:_MOST_ROWS])) + (", ..." if len(loose.odd_rows) > _MOST_ROWS else "")
        said += f"; a quote that encloses no value is taken as text (row{'s' * (len(loose.odd_rows) > 1)} {rows})"
    return columns, said


def _text(raw: bytes, encoding: Encoding, most: int | None = None) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BytesIO(raw if most is None else raw[:most]),
        encoding=encoding.name,
        errors="strict" if most is None else "ignore",  # a head may be cut inside a character
        newline="",
    )


def _columns(records: Iterator[list[str]], path: Path) -> list[list[CellValue]]:
    """Return the records by column, ragged ones filled up; blank lines are blank rows."""
    columns: list[list[CellValue]] = []
    height = 0
    for block in iter(lambda: list(islice(records, _BLOCK)), []):
        width = max(map(len, block))
        if height + len(block) > MAX_ROWS or width > MAX_COLUMNS:
            raise too_large(path, f"it has more than {MAX_ROWS:,} rows or {MAX_COLUMNS:,} columns")
        columns.extend([BLANK] * height for _ in range(len(columns), width))
        width = len(columns)
        padding = [BLANK] * width
        rows = [row if len(row) == width else row + padding[len(row) :] for row in block]
        for column, values in zip(columns, by_column(rows, width), strict=True):
            column.extend(values)
        height += len(block)
    return columns
