"""Headers: which column of a sheet means what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from batch.sheets.columns import NO_FIT, Fit
from batch.sheets.layout import RESERVED_HEADERS, RESULT_HEADERS, Column, Sheet, folded, letters
from batch.sheets.problems import Problem
from batch.sheets.regions import words_of
from batch.sheets.spellings import listed
from batch.sheets.workbooks import CellError, CellValue, NoValue

_LONG: Final = 6
"""Letters of a word that is seldom almost another."""


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
    sheet: Sheet, sheet_name: str, row: int, cells: Mapping[int, CellValue], *, ours: bool, fit: Fit = NO_FIT
) -> tuple[Headers, list[Problem]]:
    """Match a sheet's header cells with the layout.

    Case, accents, blanks, ``_``, ``-`` and a trailing ``*`` do not count; label, field, aliases and translations all
    work.

    Args:
        sheet: which of the three it is.
        sheet_name: as it stands in the workbook.
        row: the header's.
        cells: by position, left to right.
        ours: whether the file was written by the tool, whose result columns are then set aside.
        fit: what a columns file says of them; it goes before everything else.
    """
    sorting = _Sorting(sheet=sheet, sheet_name=sheet_name, row=row, cells=cells, fit=fit)
    for position, cell in cells.items():
        text = _text(cell)
        if position in fit.positions.values():
            continue
        if isinstance(cell, CellError | NoValue):
            sorting.problem("header-unreadable", position, *_unreadable(cell))
        elif ours and text in RESULT_HEADERS:
            sorting.results.add(position)
        elif text:
            sorting.sort(position, text)
    near = sorting.ask_about_near()
    problems = sorting.problems
    problems += _missing(sheet, sheet_name, row, sorting.columns.keys() | near)
    if sorting.columns or near:  # else the row is no header, and its cells may be anything: passwords too
        problems += _own_columns(sheet_name, row, sorting.own, {p.column for p in problems})
    return (
        Headers(columns=sorting.columns, texts=sorting.texts, own=sorting.own, ours=frozenset(sorting.results)),
        problems,
    )


@dataclass(slots=True, kw_only=True)
class _Sorting:
    """Headers being sorted, from left to right."""

    sheet: Sheet
    sheet_name: str
    row: int
    cells: Mapping[int, CellValue]
    fit: Fit
    columns: dict[str, int] = field(init=False)
    texts: dict[str, str] = field(init=False)
    own: dict[int, str] = field(default_factory=dict)
    results: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    second: int | None = None
    """Where a second table seems to begin."""

    def __post_init__(self) -> None:
        self.columns = dict(self.fit.positions)
        self.texts = {name: _text(self.cells[at]) or f"column {letters(at)}" for name, at in self.columns.items()}

    @property
    def said(self) -> frozenset[str]:
        """Fields of which the columns file has said all."""
        return self.fit.alone | self.fit.positions.keys()

    def problem(self, code: str, position: int, text: str, message: str, fix: str) -> None:
        self.problems.append(
            Problem(
                code=code,
                sheet=self.sheet_name,
                row=self.row,
                column=position,
                header=text,
                value=text,
                message=message,
                fix=fix,
            )
        )

    def sort(self, position: int, text: str) -> None:
        """Say what one header means."""
        name = words_of(self.sheet).get(folded(text))
        if name is not None and name in self.columns and name not in self.said:
            self._again(position, text, self.sheet.column(name))
        elif name is not None and name not in self.said:
            self.columns[name], self.texts[name] = position, text
        elif folded(text) in map(folded, RESERVED_HEADERS):
            self.problem(
                "header-reserved",
                position,
                text,
                f"The column {text!r} is not supported yet.",
                "Delete the column, or put # in front of its header to keep it as your own.",
            )
        else:
            self.own[position] = text

    def _again(self, position: int, text: str, column: Column) -> None:
        if self.second is not None:
            return  # it has been told that a second table begins to the left of it
        first = self.columns[column.field]
        if any(not _text(self.cells.get(between, "")) for between in range(first + 1, position)):
            self.second = position
            self.problem(
                "header-again",
                position,
                text,
                f"{text!r} means {column.label}, which stands in {letters(first)}{self.row} already, and there is a "
                "column without a header between them: this looks like a second table beside the first.",
                "Keep one table on a sheet: move this one to a sheet or file of its own, or put its rows below the "
                "first. If it is only a column too many, put # in front of its header to keep it as your own.",
            )
            return
        self.problem(
            "header-twice",
            position,
            text,
            f"{text!r} and {self.texts[column.field]!r} in {letters(first)}{self.row} both mean {column.label}.",
            "Keep one of the two columns; put # in front of the other's header to keep it as your own.",
        )

    def ask_about_near(self) -> set[str]:
        """Ask about own columns whose header is almost a known one; returns the fields that they may mean."""
        lacking = [c for c in self.sheet.columns if c.field not in self.columns and c.field not in self.said]
        guessed: set[str] = set()
        for position, text in self.own.items():
            near = None if text.startswith("#") else nearest(text, lacking)
            if near:
                column, word = near
                guessed.add(column.field)
                meant = column.label if word == column.label else f"{word} ({column.label})"
                self.problem(
                    "header-near",
                    position,
                    text,
                    f"The column {text!r} is not known; did you mean {meant}?",
                    f"Type {word}, or #{text} if it is a column of your own.",
                )
        return guessed


def _text(cell: CellValue) -> str:
    """Return a header on one line."""
    return "" if isinstance(cell, CellError | NoValue) else " ".join(str(cell).split())


def _unreadable(cell: CellError | NoValue) -> tuple[str, str, str]:
    """Return what to show of a header without a text, what is wrong, and what to do."""
    if isinstance(cell, CellError):
        return cell.text, f"The spreadsheet shows {cell.text} where a header belongs.", "Type the header itself."
    return (
        cell.formula,
        "The header has a formula, but its result is not in the file.",
        "Type the header itself; or open the file in the spreadsheet program, save it and try again.",
    )


def _own_columns(sheet_name: str, row: int, own: Mapping[int, str], blamed: Collection[int]) -> list[Problem]:
    kept = {position: text for position, text in own.items() if position not in blamed}
    if not kept:
        return []
    are = "is a column of your own, kept as it is" if len(kept) == 1 else "are columns of your own, kept as they are"
    leftmost = min(kept)
    return [
        Problem(
            code="own-column",
            sheet=sheet_name,
            row=row,
            column=leftmost,
            header=kept[leftmost],
            value=kept[leftmost],
            message=f"{listed(kept.values())} {are} and not sent.",
            fix="Nothing to do.",
        )
    ]


def nearest(text: str, lacking: Iterable[Column]) -> tuple[Column, str] | None:
    """Return the column that a header nearly names, and the word that it nearly is, if there is one.

    Label and field may be two edits away; aliases and translations, of which there are many, no more than a quarter
    of their letters, and only where both words are long: a short word is soon like another (Note and Hôte).
    """
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - only own columns need it

    word, best = folded(text), None
    for column in lacking:
        for name in column.headers:
            plain = folded(name)
            most = 2 if name in {column.label, column.field} and len(plain) > 2 else edits_for(word, plain)
            distance = Levenshtein.distance(word, plain, score_cutoff=most)
            if distance <= most and (best is None or distance < best[0]):
                best = (distance, column, column.label if name == column.field else name)
    return best[1:] if best else None


def edits_for(word: str, known: str) -> int:
    """Return how many edits a word may be away from a known one and still be the one that was meant."""
    shorter = min(len(word), len(known))
    return min(2, shorter // 4) if known.isascii() and shorter >= _LONG else 0


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
