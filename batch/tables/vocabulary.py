"""Vocabulary: what the header of a column that we do not know betrays, by the words in ``vocabulary.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from batch.schema import columns
from batch.wording import folded, read_texts


class Sense(StrEnum):
    """What a header says of its column."""

    OURS = "a word of ours"
    HINT = "a word that may be ours or the user's"
    OWN = "a word for a column of the user's own"
    BOTH = "a word of ours beside one for a column of the user's own"
    NOTHING = "nothing"


_TABLES: Final = read_texts(__file__)


def _words(name: str) -> frozenset[str]:
    return frozenset(_TABLES[name].split())


def _stems(name: str) -> tuple[str, ...]:
    return tuple(_TABLES[name].split())


_SEVERAL: Final = _words("several")
_OURS: Final = (
    frozenset(folded(text) for sheet in columns.SHEETS for column in sheet.columns for text in column.headers)
    | frozenset(folded(text) for sheet in columns.SHEETS for text in sheet.names)
    | _words("ours")
) - _SEVERAL
_HINTS: Final = _SEVERAL | _words("hints")
_COUNTS: Final = _words("counts")
_NUMBERED: Final = _words("numbered")
_OWN: Final = _NUMBERED | _words("own")
_OUR_STEMS, _HINT_STEMS, _OWN_STEMS = map(_stems, ("our_stems", "hint_stems", "own_stems"))
ORDINARY: Final = _words("ordinary")
"""Words that look almost like one of ours, and are never meant for it."""
_TELEPHONY: Final = _words("telephony")

_STAND_INS: Final = {name: frozenset(words.split()) for name, words in _TABLES["stand_ins"].items()}
PLACEHOLDERS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(re.split(r"[|\n]", words.strip())) for name, words in _TABLES["placeholders"].items()
}
"""What a cell says that means nothing: ``nothing``, ``elsewhere`` and ``for_passwords``."""

_SECRET_HEADERS: Final = frozenset(map(folded, columns.TRUNKS.column("password").headers)) | {"pass", "sippass"}
_SECRET_WORDS: Final = _words("secret_words")
_SECRET_ENDS, _SECRET_STEMS = map(_stems, ("secret_ends", "secret_stems"))

_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})")
_MOST: Final = 5
"""So many words next to each other may be one of ours."""


@cache
def sense_of(header: str) -> Sense:
    """Return what a header says of its column."""
    plain = folded(header)
    words = [folded(word) for word in _WORD.findall(_HUMP.sub(" ", header))]
    runs = {"".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + _MOST, len(words)) + 1)}
    ours = not runs.isdisjoint(_OURS) or any(stem in plain for stem in _OUR_STEMS)
    own = not _OWN.isdisjoint(words) or plain in ORDINARY - _TELEPHONY or any(stem in plain for stem in _OWN_STEMS)
    counts = not _COUNTS.isdisjoint(runs)
    if ours:
        return Sense.BOTH if own and not counts else Sense.OURS
    if own and not counts:
        return Sense.OWN
    hints = counts or not _HINTS.isdisjoint(words) or any(stem in plain for stem in _HINT_STEMS)
    return Sense.HINT if hints else Sense.NOTHING


@cache
def numbers_other_things(header: str) -> bool:
    """Tell whether a header says that numbers of something else than telephones stand below it."""
    return not _NUMBERED.isdisjoint(folded(word) for word in _WORD.findall(header))


@cache
def stands_in_for(header: str) -> frozenset[str]:
    """Return the fields for which people use such a header."""
    plain = folded(header)
    return frozenset(name for name, headers in _STAND_INS.items() if plain in headers)


@cache
def names_secret(header: str) -> bool:
    """Tell whether a column's header says that passwords, secrets or PINs stand below it."""
    plain = folded(header)
    words = [folded(word).removesuffix("s") for word in _WORD.findall(_HUMP.sub(" ", header))]
    return (
        plain in _SECRET_HEADERS
        or any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDS) for word in words)
        or any(stem in plain for stem in _SECRET_STEMS)
    )
