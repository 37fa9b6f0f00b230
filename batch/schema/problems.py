"""Problems: what is wrong with a value, a cell or a workbook; THE table of all that can be said so; the glossary.

A problem stops the sending of its trunk; a notice of the same shape stops nothing. A finding is either of them before
it is known in which cell it stands. What goes for thousands of cells is kept as columns, and made cell by cell only
where it is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Final, overload

from batch.wording import Meaning, Who, letters, meaning_of, read_texts


class Severity(StrEnum):
    """Whether it stops anything."""

    PROBLEM = "problem"
    NOTICE = "notice"

    @property
    def called(self) -> str:
        """What people call it."""
        return "error" if self is Severity.PROBLEM else "warning"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem or notice; what ``explain`` says of it beside is in `problem_texts`."""

    severity: Severity
    title: str
    """What all of them have in common, as a heading."""
    who: Who = Who.EDITOR


_problem = partial(ProblemKind, Severity.PROBLEM)
_notice = partial(ProblemKind, Severity.NOTICE)

KINDS: Final[dict[str, ProblemKind]] = {
    # the file and its sheets
    "base-elsewhere": _problem("An export of another PBX"),
    "columns-file": _problem("The file given by --columns does not fit", Who.OPERATOR),
    "not-readable": _problem("The file cannot be read"),
    "sheet-missing": _problem("It is not clear whether the rows are trunks, DIDs or caller IDs"),
    "sheet-twice": _problem("Two sheets mean the same sheet"),
    "sheet-near": _problem("A sheet's name looks misspelt"),
    "dids-on-two-sheets": _problem("DIDs on two sheets"),
    "sheet-empty": _problem("There are no rows"),
    # headers
    "header-missing": _problem("A column is missing"),
    "column-unknown": _problem("An unknown column that looks like data for the PBX"),
    "header-near": _problem("A header looks misspelt"),
    "header-twice": _problem("Two headers mean the same column"),
    "header-reserved": _problem("A column that is not supported here"),
    "header-unreadable": _problem("A header that cannot be read"),
    "header-again": _problem("A second table on the sheet"),
    "rows-no-data": _problem("Rows that are not data"),
    "cell-merged": _problem("A cell that is merged with others"),
    "cell-shifted": _problem("A row with more values than headers"),
    "rows-not-in-use": _problem("Numbers that the file marks as not in use"),
    # what stands in a cell
    "cell-error": _problem("A cell shows a spreadsheet error"),
    "cell-picture": _problem("A picture where a value belongs"),
    "cell-no-value": _problem("A formula without a result"),
    "cell-date": _problem("A date or time where text belongs"),
    "cell-boolean": _problem("TRUE or FALSE where text belongs"),
    "cell-number-lost": _problem("A number too long for the spreadsheet to keep"),
    "cell-number-cut": _problem("A number that may have lost its + or leading zeros"),
    "trunk-prefix": _problem("A number with (0) in it"),
    "extension-behind": _problem("A number with an extension behind it"),
    "cell-list-number": _problem("A list that may have become one number"),
    "cell-fraction": _problem("A number with decimals where digits belong"),
    "cell-line-break": _problem("A line break or control character inside a cell"),
    "placeholder": _problem("A placeholder such as n/a or TBD instead of a value"),
    "required": _problem("A cell must not be blank"),
    "clear-not-allowed": _problem("<clear> in a setting that cannot be emptied"),
    "not-a-choice": _problem("A value that is not in the list"),
    "not-a-number": _problem("A cell must hold a whole number"),
    "too-long": _problem("A value is too long"),
    "not-a-host": _problem("A cell must hold a host name or an IP address"),
    "bad-characters": _problem("Characters that the PBX does not accept"),
    "codec-unknown": _problem("A codec the PBX does not have"),
    "codec-twice": _problem("A codec named twice"),
    "secret-hidden": _problem("A password must be typed again"),
    "secret-not-allowed": _problem("A password from env: or file: that is not allowed", Who.OPERATOR),
    "secret-not-found": _problem("A password from env: or file: that cannot be found", Who.OPERATOR),
    # a trunk and its rows
    "trunk-unnamed": _problem("A row without Trunk ID and Name"),
    "trunk-twice": _problem("The same trunk on two rows"),
    "name-twice": _problem("Two trunks with the same name"),
    "trunk-unknown": _problem("A row whose trunk is not on the Trunks sheet"),
    "trunk-ambiguous": _problem("A Trunk cell that matches more than one trunk"),
    "pbx-unknown": _problem("A PBX that is no profile and no address", Who.OPERATOR),
    "pbx-twice": _problem("Two names for one PBX", Who.OPERATOR),
    "wave-contradicts": _problem("Two waves for one PBX"),
    "trunk-contradicts": _problem("A row for another trunk than the one given for all rows", Who.OPERATOR),
    "field-not-of-type": _problem("A setting that this type of trunk does not have"),
    # list entries
    "clear-not-alone": _problem("<clear> together with other rows, or with another mode"),
    "range-backwards": _problem("A range that ends before it begins"),
    "range-malformed": _problem("A range that cannot be read"),
    "range-too-long": _problem("A range with too many numbers"),
    "range-unequal": _problem("Caller ID range and extension range differ in size"),
    "many-numbers": _problem("Several numbers in one cell"),
    "number-count": _problem("A count in a cell that takes numbers"),
    "number-signs": _problem("Characters that do not belong in a phone number"),
    "no-number": _problem("A cell without a phone number"),
    "long-number": _problem("A number of more than 15 digits", Who.CARRIER),
    "dash-unclear": _problem("A dash that can mean one number or a range"),
    "did-twice": _problem("The same DID twice on one trunk"),
    "caller-id-twice": _problem("The same caller ID twice on one trunk"),
    "extension-malformed": _problem("A value that is not an extension number"),
    "extensions-missing": _problem("A caller ID without extensions"),
    "extension-range-missing": _problem("A caller-ID range without an extension range"),
    "option-mismatch": _problem("A cell that does not go with the row's option"),
    # moves between trunks
    "move-contradicts": _problem("A Move from that other cells contradict"),
    "move-twice": _problem("A DID that moves twice"),
    "move-not-there": _problem("A DID to move that is not on the trunk"),
    "move-in-pattern": _problem("A DID to move that is part of a pattern"),
    "move-blocked": _problem("A DID to move from a trunk that is not written"),
    # seen only against the PBX
    "trunk-gone": _problem("A trunk that the PBX does not have"),
    "trunk-not-editable": _problem("A trunk that the API cannot edit", Who.ADMINISTRATOR),
    "trunk-shared": _problem("A shared trunk: only its caller IDs can be changed", Who.ADMINISTRATOR),
    "type-differs": _problem("The type differs from the PBX"),
    "name-taken": _problem("A name that another trunk on the PBX has"),
    "same-live-trunk": _problem("Two rows for the same trunk on the PBX"),
    "extension-unknown": _problem("An extension that the PBX does not have", Who.ADMINISTRATOR),
    "group-unknown": _problem("An extension group that the PBX does not have", Who.ADMINISTRATOR),
    "key-ambiguous": _problem("A list entry that is on the PBX twice", Who.ADMINISTRATOR),
    "pattern-not-on-cloud": _problem("A pattern that the Cloud edition does not accept"),
    "live-entry-incomplete": _problem("A list on the PBX that cannot be sent back", Who.ADMINISTRATOR),
    # notices
    "did-on-two-trunks": _notice("The same DID on two trunks"),
    "did-on-two-pbxs": _notice("The same DID on two PBXs"),
    "did-never-reached": _notice("A DID that never matches, because one above it matches first"),
    "did-zero-lost": _notice("A number that may have lost its 0 in front"),
    "did-notations": _notice("One number in several formats", Who.CARRIER),
    "pattern-word": _notice("A word that the PBX reads as a pattern"),
    "pattern-span": _notice("A bracket that matches more than it seems to"),
    "extension-in-two-entries": _notice("An extension with two caller IDs on one trunk: the first wins"),
    "move-done": _notice("A DID to move that has moved already"),
    "move-unordered": _notice("A DID that changes trunks without Move from"),
    "caller-id-not-a-did": _notice("A caller ID that is not among the trunk's DIDs", Who.CARRIER),
    "mode-without-rows": _notice("A mode without rows: the list is left alone"),
    "range-expanded": _notice("A range becomes single numbers"),
    "list-expanded": _notice("A cell with several numbers: each becomes an entry"),
    "columns-combined": _notice("Columns are read together"),
    "cell-repaired": _notice("A value is cleaned up"),
    "cell-number": _notice("A number, not text, is read as its digits"),
    "cell-formula": _notice("A formula's result is used as the value"),
    "header-found": _notice("The header is not in the first row"),
    "header-repeated": _notice("A repeated header is ignored"),
    "only-column": _notice("The only column of a list is read as its numbers"),
    "totals-row": _notice("A table's totals row is ignored"),
    "cells-merged": _notice("A merged cell applies to all its rows"),
    "columns-hidden": _notice("Hidden columns are used"),
    "dialect-read": _notice("A sheet is recognised by its headers"),
    "set-by-hand": _notice("Settings that a trunk does not have: set them by hand", Who.OPERATOR),
    "rows-skipped": _notice("Rows are left out"),
    "columns-mapped": _notice("Columns are mapped by the file given by --columns"),
    "order-left": _notice("Results in another order: the order on the PBX stays"),
    "rows-all-gone": _notice("All rows of a list were deleted: the list is left alone"),
    "base-practice": _notice("An export of another PBX, tried on the practice PBX"),
    "secret-blanks": _notice("A password begins or ends with a space"),
    "rows-hidden": _notice("Hidden or filtered rows are used"),
    "cells-struck": _notice("Struck-through cells are used"),
    "sheet-hidden": _notice("A hidden sheet is used"),
    "own-column": _notice("Columns of your own are kept"),
    "own-sheet": _notice("Sheets of your own are kept"),
    "parts-unreadable": _notice("Damaged parts of the file are kept as they are"),
    "entry-not-there": _notice("An entry to remove that is not on the PBX"),
    "plain-http": _notice("The connection is not encrypted", Who.OPERATOR),
    "file-detected": _notice("How a file is read"),
    "csv-formula": _notice("A CSV cell that Excel would run as a formula"),
}

UNSEEN: Final = frozenset(
    {"rows-hidden", "columns-hidden", "sheet-hidden", "cells-struck", "dialect-read", "set-by-hand", "rows-skipped"}
)
"""Notices of what counts although it does not look so, or does not although it looks so: named before anything is sent,
also where notices are not."""


@cache
def problem_texts() -> dict[str, dict[str, str]]:
    """Read what ``explain`` says of each kind: what it ``means``, an ``example``, and how to ``fix`` it."""
    return read_texts(__file__)


@cache
def hazard_texts() -> dict[str, Meaning]:
    """Read what ``explain`` says of each hazard, by the name that ``--allow`` takes."""
    return {name: meaning_of(facts) for name, facts in read_texts(Path(__file__).with_name("hazards")).items()}


@cache
def glossary_texts() -> dict[str, dict[str, str]]:
    """Read what words mean: the ten ``endings``, all other ``words``, and to some of them ``more``."""
    return read_texts(Path(__file__).with_name("glossary"))


def glossary() -> dict[str, str]:
    """Return what each word of the trade and of this tool means, in the order of the alphabet."""
    words = glossary_texts()["endings"] | glossary_texts()["words"]
    return dict(sorted(words.items(), key=lambda term: term[0].casefold().strip("<")))


GLOSSARY_SHEET: Final = "Glossary"
GLOSSARY_LEAD: Final = "What the words mean, in this workbook, in the program's messages and in the results."

LEFT_AS_TAKEN: Final = "Nothing to do, if that is what you mean."


@dataclass(frozen=True, slots=True)
class Retype:
    """How to say what to type, where it is known later which offers would be taken."""

    before: str
    """As ``Format the cell as text and type``."""
    otherwise: str
    """What follows it where there is nothing to offer."""

    def fix(self, offers: Sequence[str]) -> str:
        """Name the offers in words."""
        return f"{self.before} {either(offers) if offers else self.otherwise}."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a text or cell: a repair, or why nothing can be taken from it."""

    code: str
    """A key of `KINDS`."""
    message: str
    fix: str = LEFT_AS_TAKEN
    offers: tuple[str, ...] = ()
    """What may have been meant, the likeliest first; `fix` names them in words. Of a repair, what was taken."""
    retype: Retype | None = None
    """How `fix` is said again with fewer offers."""
    found: str = ""
    """What stands in the cell, as a person knows it."""
    text: str = ""
    """What is taken as the cell's text; ``""`` where nothing can be."""
    reading: tuple[str, ...] = ()
    """The numbers that are read of the cell if somebody accepts that."""


def either(offers: Sequence[str]) -> str:
    """Name offers in words: ``1-2, or 2-1``."""
    return ", or ".join(offers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong at one cell, or one thing worth telling."""

    code: str
    """A key of `KINDS`."""
    sheet: str
    """The sheet's name as it is in the workbook."""
    row: int = 1
    """Row number as people see it."""
    column: int = 0
    """0 is A."""
    header: str = ""
    """The column's header as the user wrote it."""
    value: str = ""
    """What was found; never a secret."""
    message: str
    """What is wrong, in one sentence."""
    fix: str = "Nothing to do."
    """What to type or do instead."""
    trunk: int | None = None
    """Row of the Trunks sheet it belongs to; None where it belongs to no single trunk and so stops everything."""
    pbx: str = ""
    """In a workbook for many PBXs: whose row it is where it belongs to no trunk, so that it stops that PBX alone."""
    partner: int | None = None
    """Row of the Trunks sheet of another trunk that it concerns as much, and stops with it."""
    offers: tuple[str, ...] = ()
    """What may have been meant, the likeliest first; `fix` names them in words."""
    retype: Retype | None = None
    """How `fix` is said again with fewer offers, where it is not known yet that all of them would be taken."""
    reading: tuple[str, ...] = ()
    """The numbers that are read of the cell if somebody accepts that."""
    severity: Severity | None = None
    """Set where a problem of a trunk that is not going to be sent is only told."""

    @property
    def kind(self) -> ProblemKind:
        """The entry of `KINDS`."""
        return KINDS[self.code]

    @property
    def stops(self) -> bool:
        """Whether it is a problem rather than a notice."""
        return (self.severity or self.kind.severity) is Severity.PROBLEM

    @property
    def place(self) -> tuple[str, int, int]:
        """Sheet, row and column: what tells its cell from all others."""
        return (self.sheet, self.row, self.column)

    @property
    def cell(self) -> str:
        """The cell as ``C14``."""
        return f"{letters(self.column)}{self.row}"

    def to_json(self) -> dict[str, Any]:
        """Return the shape that ``--json`` prints."""
        return {
            "severity": str(self.severity or self.kind.severity),
            "code": self.code,
            "sheet": self.sheet,
            "cell": self.cell,
            "row": self.row,
            "column": self.header,
            "value": self.value,
            "message": self.message,
            "fix": self.fix,
            "who": str(self.kind.who),
        }


FEW: Final = 100
"""So many notices of one kind in one column are made one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNotice:
    """A notice that goes for many cells of one column, in each with the cell's own value."""

    code: str
    """A key of `KINDS`: that of a notice."""
    sheet: str
    column: int
    header: str
    message: str
    """With ``{value}`` where the cell's value stands."""
    fix: str
    rows: Sequence[int]
    values: Sequence[str]
    trunks: Sequence[int]
    """For each row, the row of its trunk on the Trunks sheet. All three are equally long."""

    def __len__(self) -> int:
        return len(self.rows)

    def each(self) -> Iterator[Problem]:
        """Make the notice of each cell."""
        return map(self.at, range(len(self.rows)))

    def at(self, index: int) -> Problem:
        """Make the notice of one cell."""
        value = self.values[index]
        return Problem(
            code=self.code,
            sheet=self.sheet,
            row=self.rows[index],
            column=self.column,
            header=self.header,
            value=value,
            message=self.message.replace("{value}", value),
            fix=self.fix,
            trunk=self.trunks[index],
        )


@dataclass(frozen=True, kw_only=True)
class Problems(Sequence[Problem]):
    """Problems and notices in the workbook's order; those kept by column are made when they are listed."""

    single: Sequence[Problem] = ()
    by_column: Sequence[ColumnNotice] = ()
    sheets: Sequence[str] = field(default=())
    """Names of the sheets, in the order in which their problems are listed; without, they are listed as they came."""

    @cached_property
    def _each(self) -> Sequence[Problem]:
        if not self.by_column:
            return self.in_order
        return self._sorted([*self.single, *(problem for notice in self.by_column for problem in notice.each())])

    @cached_property
    def in_order(self) -> Sequence[Problem]:
        """Those that are not kept by column, as they stand in the workbook, notices after problems."""
        return self._sorted(self.single)

    def _sorted(self, problems: Iterable[Problem]) -> Sequence[Problem]:
        if not self.sheets:
            return tuple(problems)
        place = {name: i for i, name in enumerate(self.sheets)}
        return tuple(
            sorted(problems, key=lambda p: (not p.stops, place.get(p.sheet, -1), p.row, p.column, p.code, p.message))
        )

    def __len__(self) -> int:
        return len(self.single) + sum(map(len, self.by_column))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._each)

    @overload
    def __getitem__(self, index: int) -> Problem: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Problem]: ...

    def __getitem__(self, index: int | slice) -> Problem | Sequence[Problem]:
        return self._each[index]

    @property
    def stopping(self) -> list[Problem]:
        """Those that stand against sending, in no order."""
        return [problem for problem in self.single if problem.stops]
