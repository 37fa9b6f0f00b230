"""Headers: which column of a sheet means what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Final

from batch.readers.workbook import CellError, CellPicture, CellValue, NoValue
from batch.schema.column_model import (
    BlockColumns,
    Column,
    ListSheet,
    Parser,
    Sheet,
    bare_words,
    numbered_words,
    several_words,
    vocabulary_of,
    words_of,
)
from batch.schema.columns import RESULT_HEADERS
from batch.schema.dialects import PBX_HEADERS, is_reserved, why_reserved
from batch.schema.problems import Problem
from batch.tables.columns_file import NO_FIT, Fit
from batch.tables.combined_columns import combined_names, is_numbered
from batch.tables.password_cells import names_secret
from batch.tables.regions import is_blank
from batch.tables.unknown_columns import Below, CellLook, look_of, shown_cell, unclear
from batch.wording import MOST_EDITS, edits_for, folded, letters, listed

_ERROR: Final = re.compile(
    r"#N/[AD]|#NV|#DIV/0!|#(?:REF|VALUE|NUM|NULL|CALC|SPILL|BEZUG|WERT|ZAHL|VALEUR|NOMBRE|VALOR|RIF|VALORE|VERW|WAARDE)!"
    r"|#(?:NAME|NOM|\N{INVERTED QUESTION MARK}NOMBRE|NOME|NAAM)\?"
)
"""What spreadsheets show for an error where a header was, as it comes in CSV files; no header with a ``#`` in front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What the columns of one sheet mean. Positions count from 0 for column A."""

    columns: Mapping[str, int] = field(default_factory=dict)
    """Field to position."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Field to header as the user wrote it."""
    own: Mapping[int, str] = field(default_factory=dict)
    """Position to header of the user's own columns."""
    unclear: AbstractSet[int] = frozenset()
    """Positions of own columns that could mean something of ours."""
    reserved: AbstractSet[str] = frozenset()
    """Headers, folded, that are not supported yet."""
    ours: frozenset[int] = frozenset()
    """Positions of result columns that an earlier run wrote."""


def match_headers(
    sheet: Sheet,
    sheet_name: str,
    row: int,
    cells: Mapping[int, CellValue],
    *,
    ours: bool,
    fit: Fit = NO_FIT,
    below: Below = lambda _: (),
) -> tuple[Headers, list[Problem]]:
    """Match a sheet's header cells, by position from left to right, with the layout.

    Case, accents, blanks, ``_``, ``-`` and a trailing ``*`` do not count; label, field, aliases and translations all
    work. Of a file that is ``ours`` the result columns are set aside. What a columns file says (``fit``) goes before
    everything else. By what stands ``below`` it, a column that is not known is the user's own, or is asked about.
    """
    sorting = _Sorting(sheet=sheet, sheet_name=sheet_name, row=row, cells=cells, fit=fit)
    for position, cell in cells.items():
        sorting.take_in(position, cell, ours=ours)
    if isinstance(sheet, ListSheet):
        sorting.settle(sheet, below)
    sorting.refuse_numbers()
    near = sorting.ask_about_near()
    problems = sorting.problems
    problems += _missing(sheet, sheet_name, row, sorting.columns.keys() | fit.always.keys() | near)
    strange: AbstractSet[int] = frozenset()
    if sorting.columns or near:  # else the row is no header, and its cells may be anything: passwords too
        kept = {at: text for at, text in sorting.own.items() if at not in {p.column for p in problems}}
        said = {at: text for at, text in kept.items() if at not in fit.own | fit.theirs}
        if sheet.required and "password" in sorting.columns:
            said = {at: text for at, text in said.items() if not names_secret(text)}
        asked, strange = unclear(sheet, sheet_name, row, said, sorting.columns.keys() | fit.always.keys() | near, below)
        own = {at: text for at, text in kept.items() if at not in strange | fit.theirs}
        problems += [*asked, *_own_columns(sheet_name, row, own)]
    return (
        Headers(
            columns=sorting.columns,
            texts=sorting.texts,
            own=sorting.own,
            unclear=strange,
            reserved=sorting.reserved,
            ours=frozenset(sorting.results),
        ),
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
    reserved: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    numbered: dict[int, str] = field(default_factory=dict)
    """Headers like ``DID 2``, by position."""
    several: dict[int, str] = field(default_factory=dict)
    """Headers like ``DIDs``, by position."""
    second: int | None = None
    """Where a second table seems to begin."""

    def __post_init__(self) -> None:
        self.columns = dict(self.fit.positions)
        self.texts = {name: header_text(self.cells[at]) or f"column {letters(at)}" for name, at in self.columns.items()}

    @property
    def said(self) -> frozenset[str]:
        """Fields of which the columns file, or the dialect, has said all."""
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

    def take_in(self, position: int, cell: CellValue, *, ours: bool) -> None:
        """Say what one header is, by the columns file, as an answer of ours, or by what it says."""
        text = header_text(cell)
        if position in self.fit.own | self.fit.theirs:
            self.own[position] = text or f"column {letters(position)}"
        elif position in self.fit.positions.values() or isinstance(cell, CellPicture):
            return
        elif isinstance(cell, CellError | NoValue):
            self.problem("header-unreadable", position, *_unreadable(cell))
        elif _ERROR.fullmatch(text):
            self.problem("header-unreadable", position, *_unreadable(CellError(text)))
        elif ours and text in RESULT_HEADERS:
            self.results.add(position)
        elif text:
            self.sort(position, text)

    def sort(self, position: int, text: str) -> None:
        name = words_of(self.sheet).get(folded(text))
        if name is not None and name in self.columns and name not in self.said:
            self._again(position, text, self.sheet.column(name))
        elif name is not None and name not in self.said:
            self.columns[name], self.texts[name] = position, text
        elif is_reserved(text):
            self.reserve(position, text)
        elif isinstance(self.sheet, ListSheet) and is_numbered(text, numbered_words(self.sheet)):
            self.numbered[position] = text
        elif isinstance(self.sheet, ListSheet) and folded(text) in several_words(self.sheet):
            self.several[position] = text
        else:
            self.own[position] = text

    def reserve(self, position: int, text: str) -> None:
        """Report a column that is not supported here; a workbook of several PBXs is no workbook of one without it."""
        self.reserved.add(folded(text))
        if folded(text) in map(folded, PBX_HEADERS):
            self.reserved.add(folded(PBX_HEADERS[0]))
        self.problem("header-reserved", position, text, *why_reserved(text))

    def settle(self, sheet: ListSheet, below: Below) -> None:
        """Decide which headers of blocks and of several columns of numbers mean that; the others are the user's own."""
        self._settle_several(sheet, below)
        for block in sheet.blocks:
            there = [column.field for column in block.columns if column.field in self.columns]
            kept = self._meant(block, frozenset(there), below) if there else frozenset()
            for name in there:
                if name not in kept and name not in self.fit.positions:
                    self.own[self.columns.pop(name)] = self.texts.pop(name)
            if block.first.field in kept:
                self.columns[block.field] = self.columns.pop(block.first.field)
                self.texts[block.field] = self.texts.pop(block.first.field)
        self._settle_numbered(sheet, below)
        if f"{sheet.number}+2" in self.columns:
            self._refuse_names_of_numbers(sheet)
        self.own = dict(sorted(self.own.items()))

    def _meant(self, block: BlockColumns, there: AbstractSet[str], below: Below) -> AbstractSet[str]:
        """Return which columns of a block are meant, by what stands beside and below them."""
        first = block.first.field
        has_number = block.field in self.columns
        if has_number and (block.count is None or self.numbered):
            return frozenset()
        beside = there - {first} if has_number else there
        kept = frozenset(name for name in beside if self._fits(block, name, below, alone=has_number))
        needed = {first} | ({block.last.field} if block.count is None else set())
        return kept if kept - {first} and (has_number or needed <= kept) else frozenset()

    def _fits(self, block: BlockColumns, name: str, below: Below, *, alone: bool) -> bool:
        """Tell whether what stands below speaks for a header that is not sure; ``alone`` it needs whole numbers."""
        if name in self.said or folded(self.texts[name]) not in bare_words():
            return True
        counts = block.count is not None and name == block.count.field
        if alone and not counts and not _as_long(below(self.columns[block.field]), below(self.columns[name])):
            return False
        return _mostly(_COUNTS if counts else _NUMBERS if alone else _ENDS, below(self.columns[name]))

    def _settle_several(self, sheet: ListSheet, below: Below) -> None:
        """Take a column like ``DIDs`` for that of the number, where no other is and numbers stand below it."""
        fits = [at for at in self.several if any(below(at)) and _name_numbers(below(at))]
        others = {sheet.number, *(block.first.field for block in sheet.blocks)} & (self.columns.keys() | self.said)
        if len(fits) == 1 and not others and not self.numbered:
            self.columns[sheet.number], self.texts[sheet.number] = fits[0], self.several.pop(fits[0])
        self.own |= self.several

    def _settle_numbered(self, sheet: ListSheet, below: Below) -> None:
        """Take columns like ``DID 2`` for further ones of the number, unless no numbers stand below them."""
        explicit = words_of(sheet)
        for position, text in self.numbered.items():
            sure = is_numbered(text, [word for word, name in explicit.items() if name == sheet.number])
            if sheet.number in self.fit.alone or not (sure or _mostly(_NUMBERS, below(position))):
                self.own[position] = text
                continue
            others = combined_names(self.columns)[sheet.number] if sheet.number in self.columns else []
            again = next((name for name in others if folded(self.texts[name]) == folded(text)), None)
            if again is not None:
                first = f"{letters(self.columns[again])}{self.row}"
                message = f"The header {text!r} is also in {first}."
                fix = (
                    "Give each column a different number, or put # in front of the header of a column that is your own."
                )
                self.problem("header-twice", position, text, message, fix)
                continue
            name = f"{sheet.number}+{len(others) + 1}" if others else sheet.number
            self.columns[name], self.texts[name] = position, text

    def _refuse_names_of_numbers(self, sheet: ListSheet) -> None:
        """Report ``DID 2 name`` beside several columns of numbers: a row has one name."""
        names = {folded(text) for c in sheet.columns if c.parser is Parser.LABEL for text in c.headers}
        for position, text in self.own.items():
            if re.sub("[0-9]", "", folded(text)) in names and not text.startswith("#"):
                self.problem(
                    "column-unknown",
                    position,
                    text,
                    f"{text!r} would name only one number of its row, but all numbers of a row share one name.",
                    "Put each number with its name into its own row; or put # in front of the header to keep the "
                    "column as your own.",
                )

    def refuse_numbers(self) -> None:
        """Report a telephone number where a header belongs, beside known headers: it would be passed over."""
        for position, text in self.own.items() if self.columns else ():
            if position not in self.fit.own | self.fit.theirs and _is_called(self.cells[position]):
                self.problem(
                    "header-unreadable",
                    position,
                    text,
                    f"{text} is a phone number, not a header, so neither it nor the cells below it would be sent.",
                    "Type each number into a row of its own, or put a header above the numbers; # in front makes it a "
                    "column of your own.",
                )

    def _again(self, position: int, text: str, column: Column) -> None:
        if self.second is not None:
            return  # it has been told that a second table begins to the left of it
        first = self.columns[column.field]
        if any(not header_text(self.cells.get(between, "")) for between in range(first + 1, position)):
            self.second = position
            self.problem(
                "header-again",
                position,
                text,
                f"{text!r} means {column.label}, which is already in {letters(first)}{self.row}, and there is a column "
                "without a header between the two: this looks like a second table beside the first.",
                "Keep one table on each sheet: move this one to its own sheet or file, or put its rows below the "
                "first. If it is only an extra column, put # in front of its header to keep it as your own.",
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
        told = {problem.column for problem in self.problems}
        for position, text in self.own.items():
            is_said = text.startswith("#") or position in self.fit.own | self.fit.theirs | told
            near = None if is_said else nearest_column(text, lacking)
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


_COUNTS: Final = frozenset({CellLook.COUNT})
_NUMBERS: Final = frozenset({CellLook.NUMBER, CellLook.RANGE})
_ENDS: Final = _NUMBERS | _COUNTS
_LOOKED_AT: Final = 500


def _mostly(looks: AbstractSet[CellLook], cells: Sequence[CellValue]) -> bool:
    """Tell whether most cells that are not blank look so; also where all are blank."""
    filled = list(islice((cell for cell in cells if not is_blank(cell)), _LOOKED_AT))
    return 2 * sum(look_of(cell) in looks for cell in filled) >= len(filled)


def _name_numbers(cells: Sequence[CellValue]) -> bool:
    """Tell whether most cells hold numbers that can be called, perhaps with words around them."""
    filled = list(islice((cell for cell in cells if not is_blank(cell)), _LOOKED_AT))
    whole = sum(re.search("[0-9]{7}", shown_cell(cell)) is not None for cell in filled)
    return _mostly(_NUMBERS, filled) or 2 * whole > len(filled)


def _as_long(firsts: Sequence[CellValue], lasts: Sequence[CellValue]) -> bool:
    """Tell whether most numbers have as many digits as those beside them: a date or an order number has not."""
    pairs = ((_digits_of(first), _digits_of(last)) for first, last in zip(firsts, lasts, strict=True))
    both = list(islice((pair for pair in pairs if all(pair)), _LOOKED_AT))
    return 2 * sum(first == last for first, last in both) >= len(both)


def _digits_of(cell: CellValue) -> int:
    return 0 if "E+" in (text := shown_cell(cell)).upper() else sum(map(str.isdigit, text))


_FEWEST_DIALLED: Final = 9
"""So many digits in a header are a telephone number rather than a year or a customer's number."""


def _is_called(cell: CellValue) -> bool:
    return look_of(cell) in _NUMBERS and _digits_of(cell) >= _FEWEST_DIALLED


def header_text(cell: CellValue) -> str:
    """Return a header on one line."""
    return "" if isinstance(cell, CellError | NoValue) else " ".join(str(cell).split())


def _unreadable(cell: CellError | NoValue) -> tuple[str, str, str]:
    """Return what to show of a header without a text, what is wrong, and what to do."""
    if isinstance(cell, CellError):
        return cell.text, f"The header cell shows the spreadsheet error {cell.text}.", "Type the header as text."
    return (
        cell.formula,
        "The header is a formula, but the file does not contain its result.",
        "Type the header as text; or open the file in Excel or LibreOffice, save it and try again.",
    )


def _own_columns(sheet_name: str, row: int, own: Mapping[int, str]) -> Iterator[Problem]:
    if not own:
        return
    are = "is a column of your own, kept as it is" if len(own) == 1 else "are columns of your own, kept as they are"
    hidden = [text for text in own.values() if names_secret(text)]
    hides = f" In results the cells of {listed(hidden)} show <hidden>." if hidden else ""
    leftmost = min(own)
    yield Problem(
        code="own-column",
        sheet=sheet_name,
        row=row,
        column=leftmost,
        header=own[leftmost],
        value=own[leftmost],
        message=f"{listed(own.values())} {are} and not sent.{hides}",
    )


def nearest_column(text: str, lacking: Iterable[Column]) -> tuple[Column, str] | None:
    """Return the column that a header nearly names, and the word that it nearly is, if there is one.

    Aliases and translations, of which there are many, are taken for meant only where both words are long: a short word
    is soon like another (Note and Hôte).
    """
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - only own columns need it

    word, best = folded(text), None
    if word in vocabulary_of("ordinary"):
        return None
    for column, (plain, name, loose) in ((one, spelled) for one in lacking for spelled in _spelled(one)):
        apart = abs(len(word) - len(plain))
        if apart > MOST_EDITS or apart > (most := edits_for(word, plain, loose=loose)):
            continue
        distance = OSA.distance(word, plain, score_cutoff=most)
        if distance <= most and (best is None or distance < best[0]):
            best = (distance, column, column.label if name == column.field else name)
    return best[1:] if best else None


@lru_cache(maxsize=64)
def _spelled(column: Column) -> list[tuple[str, str, bool]]:
    """Return each header of a column folded and as it is written, and whether it is the label or the field."""
    return [(folded(name), name, name in {column.label, column.field}) for name in column.headers]


def _missing(sheet: Sheet, sheet_name: str, row: int, there: AbstractSet[str]) -> list[Problem]:
    """Report columns that must be there; ``there`` holds also those that a header which is almost right stands for."""
    lacking = [column for column in sheet.columns if column.required and column.field not in there]
    missing = {column.label: " or ".join(column.choices) for column in lacking}
    if sheet.required and not {"id", "name"} & there:
        missing["Trunk ID or Name"] = ""
    return [
        Problem(
            code="header-missing",
            sheet=sheet_name,
            row=row,
            message=f"The sheet {sheet_name} has no column {label}.",
            fix=f"Add a column with the header {label} in row {row}{f', and {words} below it' if words else ''}.",
        )
        for label, words in missing.items()
    ]
