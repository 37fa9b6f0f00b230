"""Spellings: headers, names, columns and rows as people write them, and the known name nearest to a misspelt one."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

from batch.wording import some_of

_NOT_COUNTED: Final = frozenset({"Mn", "Zs", "Zl", "Zp", "Cc", "Cf", "Pc", "Pd"})
"""Categories of characters that make no other word: accents, blanks, line breaks, what cannot be seen, dashes."""
_APOSTROPHES: Final = "'`\u2018\u2019\u02bc"


class _Counting(dict[int, int | None]):
    """What becomes of each character in a comparison, looked up once: None where it does not count."""

    def __missing__(self, code: int) -> int | None:
        c = chr(code)
        counts = c.isalnum() or not (c in _APOSTROPHES or unicodedata.category(c) in _NOT_COUNTED)
        self[code] = code if counts else None
        return self[code]


_COUNTING: Final = _Counting()


def folded(text: str) -> str:
    """Return a header or sheet name as it is compared.

    Case, accents, width, blanks and line breaks, ``_``, dashes and apostrophes do not count, nor do ``*``, ``:`` and
    a full stop at the end.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return plain.translate(_COUNTING).rstrip("*:.")


def letters(column: int) -> str:
    """Return the letters of a column counted from 0: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_of(name: str) -> int:
    """Return the column that letters stand for, counted from 0: A is 0, AA is 26."""
    column = 0
    for letter in name.upper():
        column = column * 26 + ord(letter) - 64
    return column - 1


def spans(rows: Iterable[int]) -> str:
    """Write row numbers shortly: ``2-5, 9``."""
    parts: list[list[int]] = []
    for row in rows:
        if parts and row == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], row]
        else:
            parts.append([row])
    return ", ".join("-".join(map(str, part)) for part in parts)


def listed(texts: Iterable[str], most: int = 12) -> str:
    """Write texts as they stand in a sentence: ``'Site', 'Remark'``; of more than ``most``, how many more there are.

    A long text is cut.
    """
    return some_of((repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…") for text in texts), most)


_LONGEST: Final = 60
"""Characters of one text in a sentence."""


LOOKED_FOR: Final = 1_000
"""So many texts are compared with every name; who has more of them has other troubles than a slip of the finger."""
_AT_ONCE: Final = 100
_ALIKE: Final = 70
"""Per cent of two texts that must be the same."""


def nearest_names(texts: Collection[str], names: Collection[str]) -> dict[str, str]:
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


def nearest_few(text: str, names: Collection[str], most: int = 3) -> list[str]:
    """Return the names nearest to one text, the nearest first; none where none is near."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a mistyped name needs it

    found = process.extract(text, list(names), scorer=fuzz.ratio, processor=folded, score_cutoff=_ALIKE, limit=most)
    return [name for name, _, _ in found]


_LONG_WORD: Final = 6
"""Letters of a word that is seldom almost another."""
_SHORT_WORD: Final = 4
"""Letters below which every word is almost another."""
MOST_EDITS: Final = 2
"""So far away from a known word the longest may be."""


def edits_for(word: str, known: str, *, loose: bool) -> int:
    """Return how many edits a word may be away from a known one and still be the one that was meant.

    An edit is a letter too many, too few or another one, or two that changed places.

    Args:
        word: what somebody typed, folded.
        known: the known word, folded.
        loose: whether it is the label of a column or the title of a sheet: two edits then count from six letters on
            and one from four on; for the many other words, one for each four letters and none below six.
    """
    shorter = min(len(word), len(known))
    if loose:
        return MOST_EDITS if shorter >= _LONG_WORD else 1 if shorter >= _SHORT_WORD else 0
    return min(MOST_EDITS, shorter // 4) if known.isascii() and shorter >= _LONG_WORD else 0
