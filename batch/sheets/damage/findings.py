"""Findings: what was found in one cell, before it is known where the cell stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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
    """A key of `batch.sheets.problems.KINDS`."""
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
