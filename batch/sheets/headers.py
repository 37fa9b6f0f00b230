"""Headers: which column of a sheet means what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from batch.sheets.layout import RESERVED_HEADERS, RESULT_HEADERS, Column, Sheet, folded, letters
from batch.sheets.problems import Problem
from batch.sheets.workbooks import CellError, CellValue, NoValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What the columns of one sheet mean. Positions count from 0 for column A."""

    columns: Mapping[str, int] = field(default_factory=dict)
    """Field to position."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Field to header as the user wrote it."""
    own: Mapping[int, str] = field(default_factory=dict)
    """Position to header of the user's own columns."""
    ours: frozenset[int] = frozenset()
    """Positions of result columns that an earlier run wrote."""


def match_headers(
    sheet: Sheet, sheet_name: str, row: int, cells: Mapping[int, CellValue], *, ours: bool
) -> tuple[Headers, list[Problem]]:
    """Match a sheet's header cells with the layout.

    Case, blanks, ``_``, ``-`` and a trailing ``*`` do not count; label, field and aliases all work. ``ours`` says
    that the file was written by the tool, whose result columns are then set aside.
    """
    known = {folded(text): column for column in sheet.columns for text in column.headers}
    reserved = {folded(text) for text in RESERVED_HEADERS}
    columns: dict[str, int] = {}
    texts: dict[str, str] = {}
    own: dict[int, str] = {}
    results: set[int] = set()
    problems: list[Problem] = []

    def problem(code: str, position: int, text: str, message: str, fix: str) -> None:
        problems.append(
            Problem(
                code=code,
                sheet=sheet_name,
                row=row,
                column=position,
                header=text,
                value=text,
                message=message,
                fix=fix,
            )
        )

    for position, cell in cells.items():
        if isinstance(cell, CellError | NoValue):
            problem("header-unreadable", position, *_unreadable(cell))
            continue
        text = str(cell).strip()
        column = known.get(folded(text))
        if ours and text in RESULT_HEADERS:
            results.add(position)
        elif column is not None and column.field in columns:
            first = letters(columns[column.field])
            problem(
                "header-twice",
                position,
                text,
                f"{text!r} and {texts[column.field]!r} in {first}{row} both mean {column.label}.",
                "Keep one of the two columns; put # in front of the other's header to keep it as your own.",
            )
        elif column is not None:
            columns[column.field], texts[column.field] = position, text
        elif folded(text) in reserved:
            problem(
                "header-reserved",
                position,
                text,
                f"The column {text!r} is not supported yet.",
                "Delete the column, or put # in front of its header to keep it as your own.",
            )
        elif text:
            own[position] = text
    lacking = [column for column in sheet.columns if column.field not in columns]
    guessed: set[str] = set()
    for position, text in own.items():
        near = None if text.startswith("#") else _nearest(folded(text), lacking)
        if near:
            guessed.add(near.field)
            problem(
                "header-near",
                position,
                text,
                f"The column {text!r} is not known; did you mean {near.label}?",
                f"Type {near.label}, or #{text} if it is a column of your own.",
            )
    problems += _missing(sheet, sheet_name, row, columns.keys() | guessed)
    blamed = {p.column for p in problems}
    kept = {position: text for position, text in own.items() if position not in blamed}
    if kept:
        leftmost = min(kept)
        problem(
            "own-column",
            leftmost,
            kept[leftmost],
            f"{_listed(kept.values())} "
            + (
                "is a column of your own, kept as it is"
                if len(kept) == 1
                else "are columns of your own, kept as they are"
            )
            + " and not sent.",
            "Nothing to do.",
        )
    return Headers(columns=columns, texts=texts, own=own, ours=frozenset(results)), problems


def _unreadable(cell: CellError | NoValue) -> tuple[str, str, str]:
    """Return what to show of a header without a text, what is wrong, and what to do."""
    if isinstance(cell, CellError):
        return cell.text, f"The spreadsheet shows {cell.text} where a header belongs.", "Type the header itself."
    return (
        cell.formula,
        "The header has a formula, but its result is not in the file.",
        "Type the header itself; or open the file in the spreadsheet program, save it and try again.",
    )


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(repr(text) for text in texts)


def _nearest(text: str, lacking: list[Column]) -> Column | None:
    """Return the column whose label or field is within two edits, if there is one."""
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - only own columns need it

    scored = [
        (Levenshtein.distance(text, folded(name)), column)
        for column in lacking
        for name in (column.label, column.field)
        if len(folded(name)) > 2
    ]
    distance, column = min(scored, key=lambda pair: pair[0], default=(99, None))
    return column if distance <= 2 else None


def _missing(sheet: Sheet, sheet_name: str, row: int, there: AbstractSet[str]) -> list[Problem]:
    """Report columns that must be there; ``there`` holds also those that a header which is almost right stands for."""
    missing = [column.label for column in sheet.columns if column.required and column.field not in there]
    if sheet.required and not {"id", "name"} & there:
        missing.append("Trunk ID or Name")
    return [
        Problem(
            code="header-missing",
            sheet=sheet_name,
            row=row,
            message=f"The sheet {sheet_name} has no column {label}.",
            fix=f"Add a column with the header {label} in row {row}.",
        )
        for label in missing
    ]
