"""Nearest: which known name may have been meant by a text that is none of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from batch.sheets.spellings import folded

LOOKED_FOR: Final = 1_000
"""So many texts are compared with every name; who has more of them has other troubles than a slip of the finger."""
_AT_ONCE: Final = 100
_ALIKE: Final = 70
"""Per cent of two texts that must be the same."""


def nearest(texts: Collection[str], names: Collection[str]) -> dict[str, str]:
    """Return the nearest name of each text that has one.

    A name that differs in case, blanks and dashes alone is found for every text; others for the first thousand.
    """
    if not texts:
        return {}
    by_look = {folded(name): name for name in reversed(list(names))}
    found = {text: by_look[look] for text in texts if text and (look := folded(text)) in by_look}
    left = [text for text in dict.fromkeys(texts) if text and text not in found][:LOOKED_FOR]
    if not left or not by_look:
        return found
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a mistyped name needs it

    known = list(names)
    for start in range(0, len(left), _AT_ONCE):
        some = left[start : start + _AT_ONCE]
        scores = process.cdist(some, known, scorer=fuzz.ratio, score_cutoff=_ALIKE, workers=1)
        found |= {text: known[at] for text, at, best in zip(some, scores.argmax(1), scores.max(1), strict=True) if best}
    return found
