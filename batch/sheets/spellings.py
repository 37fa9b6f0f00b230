"""Spellings: headers, names, columns and rows as people write them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

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
    every = list(texts)
    named = [repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…") for text in every[:most]]
    return ", ".join(named) + (f" and {len(every) - most:,} more" if len(every) > most else "")


_LONGEST: Final = 60
"""Characters of one text in a sentence."""
