"""Problems: what is wrong with a value, a cell or a workbook.

A problem stops the sending of its trunk; a notice of the same shape stops nothing. A fault is a problem before it is
known in which cell it stands. `problem_kinds.KINDS` is the table of everything that can be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from batch.schema.problem_kinds import KINDS, ProblemKind, Severity
from batch.schema.spellings import letters


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text cannot be taken."""

    code: str
    """A key of `batch.schema.problem_kinds.KINDS`."""
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
    """A key of `batch.schema.problem_kinds.KINDS`."""
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
