"""What the tool says back to people, as neutral values: the results beside each row, the summary, the changes.

Writers know nothing of trunks or runs, so whoever writes a results or plan workbook says it in these words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from batch.readers.workbook import CellValue, RawSheet
from batch.schema.columns import TRUNKS
from batch.wording import column_of, letters, trunks_and_rows

if TYPE_CHECKING:
    import pandas as pd

FRAME_TYPES: Final = ("str", "str", "Int64", "str", "Int64", "Int64", "Int64", "datetime64[s]")
"""Of the eight result columns, as pandas has them; where nothing was received a number is ``<NA>``."""

RESULT_WIDTHS: Final = (12, 72, 10, 44, 14, 11, 13, 20)
"""Of the eight result columns, in characters."""


_ON_A_PAGE: Final = 16
"""Columns that can still be read on a page in landscape."""


def pages_across(columns: int) -> int:
    """Return over how many pages, side by side, a sheet with so many columns prints."""
    return -(-columns // _ON_A_PAGE)


def typed_frame(lines: Iterable[Sequence[object]], types: Mapping[str, str]) -> pd.DataFrame:
    """Return lines as a pandas frame with these columns, of these types, also where there is no line."""
    import pandas as pd  # noqa: PLC0415 - only scripts want frames

    return pd.DataFrame([*lines], columns=list(types)).astype(dict(types))


class Tone(StrEnum):
    """How an ending is coloured; the word always stands beside the colour."""

    GOOD = "good"
    QUIET = "quiet"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """The eight cells beside a row. One object is shared by all rows of a trunk."""

    result: str
    """The ending's word."""
    tone: Tone
    errcode: int | None = None
    """The last code received; None is a blank cell, as with the other numbers."""
    errmsg: str = ""
    http_status: int | None = None
    attempts: int | None = None
    elapsed_ms: int | None = None
    """Milliseconds."""
    finished_at: str = ""
    """Local time as ``2026-11-23 02:14:07``, or nothing."""
    what_to_do: str = ""

    @property
    def cells(self) -> tuple[str | int | None, ...]:
        """The eight cells in the order of `columns.RESULT_HEADERS`."""
        return (
            self.result,
            self.what_to_do,
            self.errcode,
            self.errmsg,
            self.http_status,
            self.attempts,
            self.elapsed_ms,
            self.finished_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredSheet:
    """One sheet of the user's with what there is to say about its rows."""

    raw: RawSheet
    header_row: int | None = None
    """Row number of the header; None for one of the user's other sheets, which is copied as it is."""
    results: Mapping[int, RowResult] = field(default_factory=dict)
    """By row number as people see it; a row without one gets blank cells."""
    dropped: frozenset[int] = frozenset()
    """Columns (0 is A) that held our results of an earlier round and are left out."""
    renamed: Mapping[int, str] = field(default_factory=dict)
    """Header texts to write instead of what stands there, by column (0 is A)."""
    replaced: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    """Texts to write instead of what stands there, by column (0 is A) and row number: passwords."""
    recalculated: Mapping[int, Collection[int]] = field(default_factory=dict)
    """Of these, by column, the rows in which the text is the result of a formula that stays."""
    lower: int = 0
    """How many rows lower than in the file that was read its rows stand."""

    def headed(self, texts: Mapping[int, str]) -> AnsweredSheet:
        """Return it with these texts, by column, in its header's row, which is put in above its rows if need be."""
        header, raw = self.header_row, self.raw
        if header is None or header >= raw.first_row:
            return self if header is None else self.with_texts({at: {header: text} for at, text in texts.items()})
        lower = max(1, header) - header
        columns = [[texts.get(at, ""), *cells] for at, cells in enumerate(raw.columns, raw.first_column)]
        return replace(
            self,
            raw=replace(raw, columns=columns, first_row=header + lower, merged=(), formats={}, formulas={}, struck={}),
            header_row=header + lower,
            results={row + lower: result for row, result in self.results.items()},
            replaced={at: {row + lower: text for row, text in rows.items()} for at, rows in self.replaced.items()},
            recalculated={},
            lower=lower,
        )

    def with_texts(self, texts: Mapping[int, Mapping[int, str]]) -> AnsweredSheet:
        """Return it with texts to write, by column and row number, where it has nothing else to write yet."""
        columns = dict.fromkeys([*texts, *self.replaced])
        replaced = {column: {**texts.get(column, {}), **self.replaced.get(column, {})} for column in columns}
        return replace(self, replaced=replaced)

    def to_be_done_besides(self, rows: Iterable[int], words: str) -> AnsweredSheet:
        """Return it with more to do in some rows."""
        also = {
            row: replace(was, what_to_do=f"{was.what_to_do} {words}") for row in rows if (was := self.results.get(row))
        }
        return replace(self, results={**self.results, **also}) if also else self

    def columns(self) -> list[Sequence[CellValue]]:
        """Return what is written of the user's columns, from the raw sheet's first column to the last used one.

        Dropped columns are out, renamed headers and replaced cells are in. All are as long as the raw sheet's; those
        in which nothing is replaced are its own lists, not copies.
        """
        kept = [
            self._replaced(column, cells)
            for column, cells in enumerate(self.raw.columns, self.raw.first_column)
            if column not in self.dropped
        ]
        while kept and kept[-1].count("") == len(kept[-1]):
            kept.pop()
        return kept

    def _replaced(self, column: int, cells: list[CellValue]) -> Sequence[CellValue]:
        texts = dict(self.replaced.get(column, {}))
        if self.header_row is not None and column in self.renamed:
            texts[self.header_row] = self.renamed[column]
        if not texts:
            return cells
        copy = list(cells)
        for row, text in texts.items():
            copy[row - self.raw.first_row] = text
        return copy

    def moved(self, cell: str) -> str:
        """Return where a cell (``C14``) of the sheet that was read stands once the dropped columns are out."""
        name = cell.rstrip("0123456789")
        if not ((self.dropped or self.lower) and name.isascii() and name.isalpha()):
            return cell
        column = column_of(name)
        before = sum(1 for dropped in self.dropped if dropped < column)
        return f"{letters(column - before)}{int(cell[len(name) :]) + self.lower}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSheet:
    """A sheet of ours beside *Changes*, in plan and results: a sentence, and a line for each thing there is to say."""

    name: str
    """One of `batch.schema.file_metadata.OWN_LISTS`."""
    says: str
    """In one paragraph above the lines."""
    columns: Mapping[str, int]
    """Headers, and how many characters wide each column is."""
    lines: Sequence[Sequence[str | int]] = ()
    """As many cells as there are columns; numbers are what is counted."""
    tones: Sequence[Tone | None] = ()
    """Of each line, where some are to be seen first; None for a plain one."""
    answers: frozenset[str] = frozenset()
    """Headers of columns that people fill in; what they type is no part of what is signed."""
    tone: Tone | None = None
    """Of its tab; None for the plain one."""

    def to_json(self) -> dict[str, Any]:
        """Make what a run keeps of it; `from_json` reads it back."""
        return {**asdict(self), "answers": sorted(self.answers)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> ListedSheet:
        """Read what a run kept of it."""
        tone = None if kept["tone"] is None else Tone(kept["tone"])
        tones = [None if one is None else Tone(one) for one in kept["tones"]]
        return cls(**{**kept, "answers": frozenset(kept["answers"]), "tone": tone, "tones": tones})


class ChangeLine(NamedTuple):
    """One line of the Changes sheet: what a field or list entry was, was to be, and was found to be."""

    sheet: str
    """The user's sheet, as named in the file that was read."""
    cell: str
    """``C14``, as in the file that was read."""
    trunk: str
    field: str
    before: str
    wanted: str
    found: str = ""
    loses: bool = False
    """Whether a list entry goes, and to no other trunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingCount:
    """How many rows had an ending."""

    ending: str
    tone: Tone
    rows: Mapping[str, int]
    """By sheet."""
    meaning: str
    next_step: str

    @property
    def total(self) -> int:
        """Rows of all sheets."""
        return sum(self.rows.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCount:
    """How many rows carry an errcode."""

    errcode: int | None
    """None: no code was received."""
    errmsg: str
    rows: int
    meaning: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the Summary sheet says."""

    title: str
    """``Results`` or ``Plan``."""
    practice: bool = False
    """Whether it was the practice PBX; the sheet then says PRACTICE in large letters."""
    headline: str
    """One sentence that says how it went."""
    facts: Sequence[tuple[str, str]] = ()
    """When, who, which file, which PBX: a label and a value each."""
    counts: Sequence[EndingCount] = ()
    """One for each ending, in an order of their own."""
    codes: Sequence[CodeCount] = ()
    attention: Sequence[str] = ()
    """What to look at first, a sentence each."""
    hazards: Sequence[str] = ()
    """A sentence each."""

    @property
    def endings(self) -> list[EndingCount]:
        """Its counts, those that occurred first."""
        return sorted(self.counts, key=lambda count: count.total == 0)

    @property
    def amount(self) -> str:
        """How much there is in all: ``60 trunks, 3,360 rows``."""
        trunks = sum(count.rows.get(TRUNKS.title, 0) for count in self.counts)
        return trunks_and_rows(trunks, sum(count.total for count in self.counts))

    @property
    def sheets(self) -> list[str]:
        """The sheets whose rows are counted."""
        return list(dict.fromkeys(sheet for count in self.counts for sheet in count.rows))
