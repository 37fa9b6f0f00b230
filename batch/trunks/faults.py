"""Faults: what is wrong with one value, before it is known in which cell it stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text cannot be taken."""

    code: str
    """A key of `batch.sheets.problems.KINDS`."""
    message: str
    fix: str
    offers: tuple[str, ...] = ()
    """What may have been meant, the likeliest first; `fix` names them in words."""
