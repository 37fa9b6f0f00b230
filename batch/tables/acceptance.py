"""Acceptance: what somebody has said yes to that is not sure by itself, such as a list with numbers cut short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ACCEPTED_AS: Final[Mapping[str, str]] = {"many-numbers": "lists", "number-count": "counts"}
"""What ``--accept`` calls what is wrong with a cell, by its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What was accepted: kinds of problem as a whole, and single cells for as long as they say the same."""

    kinds: frozenset[str] = frozenset()
    """Words of ``--accept``."""
    cells: frozenset[tuple[str, str, str]] = frozenset()
    """Sheet, cell and its text on one line."""

    def covers(self, code: str, sheet: str, cell: str, text: str) -> bool:
        """Tell whether what would be read of a cell is accepted, in spite of what is wrong with it."""
        return ACCEPTED_AS.get(code) in self.kinds or (sheet, cell, as_listed(text)) in self.cells


NOTHING_ACCEPTED: Final = Acceptance()


def as_listed(text: str) -> str:
    """Return a cell's text on one line, as a list of problems has it."""
    return " ".join(text.split())
