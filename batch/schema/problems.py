"""Problems: what is wrong with a value, a cell or a workbook, and who can put it right.

`KINDS` is the table of everything the tool can say about a workbook. A problem stops the sending of its trunk; a
notice of the same shape stops nothing. A fault is a problem before it is known in which cell it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from batch.schema.columns import letters


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text cannot be taken."""

    code: str
    """A key of `batch.schema.problems.KINDS`."""
    message: str
    fix: str
    offers: tuple[str, ...] = ()
    """What may have been meant, the likeliest first; `fix` names them in words."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found in one cell: a repair, or why nothing can be taken from it."""

    code: str
    """A key of `batch.schema.problems.KINDS`."""
    found: str
    """What stands in the cell, as a person knows it."""
    message: str
    fix: str = LEFT_AS_TAKEN
    offers: tuple[str, ...] = ()
    """What may have been meant, the likeliest first; of a repair, what was taken."""
    retype: Retype | None = None
    """How `fix` is said again with fewer offers."""
    text: str = ""
    """What is taken as the cell's text; ``""`` where nothing can be."""


def either(offers: Sequence[str]) -> str:
    """Name offers in words: ``1-2, or 2-1``."""
    return ", or ".join(offers)


class Severity(StrEnum):
    """Whether it stops anything."""

    PROBLEM = "problem"
    NOTICE = "notice"


class Who(StrEnum):
    """Who can put it right."""

    EDITOR = "spreadsheet editor"
    ADMINISTRATOR = "PBX administrator"
    CARRIER = "carrier"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One kind of problem or notice."""

    title: str
    """What all of them have in common, as a heading."""
    severity: Severity = Severity.PROBLEM
    who: Who = Who.EDITOR


def _notice(title: str, who: Who = Who.EDITOR) -> ProblemKind:
    return ProblemKind(title=title, severity=Severity.NOTICE, who=who)


KINDS: Final[dict[str, ProblemKind]] = {
    # the file and its sheets
    "base-elsewhere": ProblemKind(title="An export of another PBX"),
    "columns-file": ProblemKind(title="The file given by --columns does not fit", who=Who.OPERATOR),
    "not-readable": ProblemKind(title="The file cannot be read"),
    "sheet-missing": ProblemKind(title="A sheet is missing"),
    "sheet-twice": ProblemKind(title="Two sheets have the same name"),
    "sheet-near": ProblemKind(title="A sheet's name is almost right"),
    "sheet-empty": ProblemKind(title="There are no rows"),
    # headers
    "header-missing": ProblemKind(title="A column is missing"),
    "column-unknown": ProblemKind(title="A column that is not known and could be meant"),
    "header-near": ProblemKind(title="A header is almost right"),
    "header-twice": ProblemKind(title="Two headers mean the same column"),
    "header-reserved": ProblemKind(title="A column that is not supported yet"),
    "header-unreadable": ProblemKind(title="A header that cannot be read"),
    "header-again": ProblemKind(title="A second table on the sheet"),
    "rows-no-data": ProblemKind(title="Rows that are no data"),
    "cell-merged": ProblemKind(title="A cell that is merged with others"),
    "cell-shifted": ProblemKind(title="A row with more values than headers"),
    # what stands in a cell
    "cell-error": ProblemKind(title="A cell shows a spreadsheet error"),
    "cell-picture": ProblemKind(title="A picture where a value belongs"),
    "cell-no-value": ProblemKind(title="A formula without a result"),
    "cell-date": ProblemKind(title="A date or time where text belongs"),
    "cell-boolean": ProblemKind(title="TRUE or FALSE where text belongs"),
    "cell-number-lost": ProblemKind(title="A number too long for the spreadsheet to keep"),
    "cell-number-cut": ProblemKind(title="A number that may have lost its + or leading zeros"),
    "trunk-prefix": ProblemKind(title="A number with (0) in it"),
    "extension-behind": ProblemKind(title="A number with an extension behind it"),
    "cell-list-number": ProblemKind(title="A list that may have become one number"),
    "cell-fraction": ProblemKind(title="A number with decimals where digits belong"),
    "cell-line-break": ProblemKind(title="A line break or control character inside a cell"),
    "placeholder": ProblemKind(title="A cell that says that there is nothing"),
    "required": ProblemKind(title="A cell must not be blank"),
    "clear-not-allowed": ProblemKind(title="<clear> where nothing can be emptied"),
    "not-a-choice": ProblemKind(title="A value that is not in the list"),
    "not-a-number": ProblemKind(title="A cell must hold a whole number"),
    "too-long": ProblemKind(title="A value is too long"),
    "not-a-host": ProblemKind(title="A cell must hold a host name or an IP address"),
    "bad-characters": ProblemKind(title="Characters that the PBX does not take"),
    "codec-unknown": ProblemKind(title="A codec the PBX does not have"),
    "codec-twice": ProblemKind(title="A codec named twice"),
    "secret-hidden": ProblemKind(title="A password must be typed again"),
    "secret-not-allowed": ProblemKind(title="A cell names what it may not read", who=Who.OPERATOR),
    "secret-not-found": ProblemKind(title="A password is not where the cell says", who=Who.OPERATOR),
    # a trunk and its rows
    "trunk-unnamed": ProblemKind(title="A row without Trunk ID and Name"),
    "trunk-twice": ProblemKind(title="The same trunk on two rows"),
    "name-twice": ProblemKind(title="Two trunks to have the same name"),
    "trunk-unknown": ProblemKind(title="A row whose trunk is not on the Trunks sheet"),
    "trunk-ambiguous": ProblemKind(title="A row that fits two trunks"),
    "field-not-of-type": ProblemKind(title="A setting that this type of trunk does not have"),
    # list entries
    "clear-not-alone": ProblemKind(title="<clear> beside other rows or another mode"),
    "range-backwards": ProblemKind(title="A range that ends before it begins"),
    "range-malformed": ProblemKind(title="A range that cannot be read"),
    "range-too-long": ProblemKind(title="A range with too many numbers"),
    "range-unequal": ProblemKind(title="Caller ID range and extension range differ in size"),
    "many-numbers": ProblemKind(title="Several numbers in one cell"),
    "number-count": ProblemKind(title="A count of numbers in the cell of one"),
    "number-signs": ProblemKind(title="A sign or letter in a number that no call has"),
    "no-number": ProblemKind(title="No number where one belongs"),
    "long-number": ProblemKind(title="A number of more than 15 digits", who=Who.CARRIER),
    "dash-unclear": ProblemKind(title="A dash that could mean two things"),
    "did-twice": ProblemKind(title="The same DID twice on one trunk"),
    "caller-id-twice": ProblemKind(title="The same caller ID twice on one trunk"),
    "extension-malformed": ProblemKind(title="Something that is not an extension"),
    "extensions-missing": ProblemKind(title="A caller ID without extensions"),
    "extension-range-missing": ProblemKind(title="A caller-ID range without an extension range"),
    "option-mismatch": ProblemKind(title="A cell that does not go with the row's option"),
    # seen only against the PBX
    "trunk-gone": ProblemKind(title="A trunk that the PBX does not have"),
    "trunk-not-editable": ProblemKind(title="A trunk that the API cannot edit", who=Who.ADMINISTRATOR),
    "trunk-shared": ProblemKind(title="A shared trunk that takes only caller IDs", who=Who.ADMINISTRATOR),
    "type-differs": ProblemKind(title="The type differs from the PBX"),
    "name-taken": ProblemKind(title="A name that another trunk holds"),
    "same-live-trunk": ProblemKind(title="Two rows found to be the same trunk"),
    "extension-unknown": ProblemKind(title="An extension that the PBX does not have", who=Who.ADMINISTRATOR),
    "group-unknown": ProblemKind(title="An extension group that the PBX does not have", who=Who.ADMINISTRATOR),
    "key-ambiguous": ProblemKind(title="A list entry that stands twice on the PBX", who=Who.ADMINISTRATOR),
    "pattern-not-on-cloud": ProblemKind(title="A pattern that the Cloud edition does not take"),
    "live-entry-incomplete": ProblemKind(title="A list on the PBX that cannot be sent back", who=Who.ADMINISTRATOR),
    # notices
    "did-on-two-trunks": _notice("The same DID on two trunks"),
    "did-never-reached": _notice("A DID that another one above it always takes first"),
    "did-notations": _notice("One number in several notations", Who.CARRIER),
    "pattern-word": _notice("A word whose letters stand for digits"),
    "pattern-span": _notice("A bracket that stands for more than it seems"),
    "extension-in-two-entries": _notice("An extension in two entries of one trunk: the first wins"),
    "caller-id-not-a-did": _notice("A caller ID that is not among the trunk's DIDs", Who.CARRIER),
    "mode-without-rows": _notice("A mode without rows: the list is left alone"),
    "range-expanded": _notice("A range was written out into single numbers"),
    "cell-repaired": _notice("A value was tidied up"),
    "cell-number": _notice("A number was taken as its digits"),
    "cell-formula": _notice("A formula's result was taken as the value"),
    "header-found": _notice("The header is not in the first row"),
    "header-repeated": _notice("A repeated header was left out"),
    "totals-row": _notice("A table's totals row was left out"),
    "cells-merged": _notice("A merged cell counts for all its rows"),
    "columns-hidden": _notice("Hidden columns count as columns"),
    "columns-mapped": _notice("Columns were found by the file given by --columns"),
    "order-left": _notice("Results in another order: the order on the PBX stays"),
    "rows-all-gone": _notice("All rows of a list were deleted: the list is left alone"),
    "base-practice": _notice("An export is rehearsed on the practice PBX"),
    "secret-blanks": _notice("A password begins or ends with a blank"),
    "rows-hidden": _notice("Hidden or filtered rows count as rows"),
    "cells-struck": _notice("Struck-through cells count as cells"),
    "sheet-hidden": _notice("A hidden sheet counts as a sheet"),
    "own-column": _notice("Columns of your own are kept"),
    "own-sheet": _notice("Sheets of your own are kept"),
    "parts-unreadable": _notice("Damaged parts of your own are kept as they are"),
    "entry-not-there": _notice("An entry to remove is not on the PBX"),
    "plain-http": _notice("The connection is not encrypted", Who.OPERATOR),
    "file-detected": _notice("What was detected about a file"),
    "csv-formula": _notice("A cell of a CSV file that a spreadsheet program runs as a formula"),
}

UNSEEN: Final = frozenset({"rows-hidden", "columns-hidden", "sheet-hidden", "cells-struck"})
"""Notices of what counts although it does not look so: named before anything is sent, also where notices are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong at one cell, or one thing worth telling."""

    code: str
    """A key of `KINDS`."""
    sheet: str
    """The sheet's name as it stands in the workbook."""
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
    fix: str
    """What to type or do instead."""
    trunk: int | None = None
    """Row of the Trunks sheet it belongs to; None where it belongs to no single trunk and so stops everything."""
    partner: int | None = None
    """Row of the Trunks sheet of another trunk that it concerns as much, and stops with it."""
    offers: tuple[str, ...] = ()
    """What may have been meant, the likeliest first; `fix` names them in words."""
    retype: Retype | None = None
    """How `fix` is said again with fewer offers, where it is not known yet that all of them would be taken."""
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
