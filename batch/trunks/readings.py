"""Readings: what was found in a cell of numbers, and what may have been meant by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from batch.trunks.faults import Fault


@dataclass(frozen=True, slots=True)
class Offer:
    """What may have been meant by a cell, as it would be typed."""

    text: str
    says: str = "type {}"
    """How it is named in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was found in a cell, and what may have been meant."""

    code: str
    """A key of `batch.sheets.problems.KINDS`."""
    message: str
    offers: Sequence[Offer] = ()
    """The likeliest first."""
    otherwise: str
    """What to do where none of them is taken."""
    before: str = ""
    """What is to be done before any of them is typed."""
    after: str = ""
    """What else could be typed."""

    def fault(self, text: str, takes: Callable[[str], bool]) -> Fault:
        """Make a fault of it, which offers what would be taken if it were typed instead of ``text``."""
        sound = [o for o in {o.text: o for o in reversed(self.offers)}.values() if o.text not in {"", text}]
        sound = [offer for offer in reversed(sound) if takes(offer.text)]
        if not sound:
            return Fault(self.code, self.message, self.otherwise)
        words = "; ".join(
            says.format(", or ".join(offer.text for offer in offers))
            for says, offers in groupby(sound, key=lambda offer: offer.says)
        )
        fix = f"{self.before}{words}{self.after}."
        return Fault(self.code, self.message, fix[0].upper() + fix[1:], tuple(offer.text for offer in sound))
