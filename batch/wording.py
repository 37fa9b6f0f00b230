"""Wording: how paths, numbers, times and long lists are written for people, and how what people write is compared.

Characters that nobody sees, or that a terminal obeys, are shown by their number (``<U+001B>``): control characters,
line separators, what turns the direction of writing, what has no width. Text in any script, accents and emoji stay.
"""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Who(StrEnum):
    """Who can put something right."""

    EDITOR = "spreadsheet editor"
    ADMINISTRATOR = "PBX administrator"
    CARRIER = "carrier"
    OPERATOR = "operator"
    """Whoever started the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What an exit code, an error, an ending or a hazard means to people."""

    means: str
    example: str
    next_step: str
    who: Who = Who.OPERATOR


def meaning_of(facts: Mapping[str, str]) -> Meaning:
    """Make one of what a table of texts says."""
    who = Who(facts.get("who", Who.OPERATOR))
    return Meaning(means=facts["means"], example=facts["example"], next_step=facts["next_step"], who=who)


def read_texts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a table of texts: that beside a module, named by its ``__file__``, or another one, named without ending."""
    import tomllib  # noqa: PLC0415 - not for --help
    from pathlib import Path  # noqa: PLC0415

    return tomllib.loads(Path(path).with_suffix(".toml").read_text(encoding="utf-8"))


def quoted(word: object) -> str:
    """Write a path or a name as it is typed."""
    text = str(word)
    if os.name != "nt":
        return shlex.quote(text)
    return f'"{text}"' if re.search(r"[\s&^()|<>;,=%!]", text) else text


_JOINERS: Final = "\u200c\u200d"
_UNSEEN: Final = (
    "\\x00-\\x1f\\x7f-\\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\ud800-\udfff"
)
_NEEDED: Final = (
    # a joiner between two signs that are not ASCII: scripts and emoji are written so; and the flags of regions
    f"(?<=[^\\x00-\\x9f])[{_JOINERS}](?=[^\\x00-\\x9f])|\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f"
)
_FOUND: Final = re.compile(f"({_NEEDED})|[{_UNSEEN}{_JOINERS}]")


def visible(text: str) -> str:
    """Return a text on one line with everything in it to be seen."""
    if text.isascii() and text.isprintable():
        return text
    return _FOUND.sub(lambda found: found[1] or f"<U+{ord(found[0]):04X}>", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How much is listed before the rest is only counted; None is all of it."""

    trunks: int | None = None
    items: int | None = None
    """Cells of one kind of problem, or entries of one list."""


BRIEF: Final = Shown(trunks=40, items=12)
IN_FULL: Final = Shown()


def counted(number: int, what: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def trunks_and_rows(trunks: int, rows: int) -> str:
    """Write how much something is about: ``2 trunks, 39 rows``; rows alone where the trunks are counted elsewhere."""
    return f"{counted(trunks, 'trunk')}, {counted(rows, 'row')}" if trunks else counted(rows, "row")


def list_entries(number: int) -> str:
    """Write a number of list entries."""
    return f"{number:,} list {'entry' if number == 1 else 'entries'}"


def named(all_of_them: Iterable[str], shown: Shown = BRIEF) -> str:
    """Write names with commas between, the first of them."""
    return some_of(all_of_them, shown.items)


def some_of(texts: Iterable[str], most: int | None) -> str:
    """Write texts with commas between, at most so many, and how many more there are."""
    every = list(texts)
    rest = len(every) - len(every[:most])
    return ", ".join(every[:most]) + (f" and {rest:,} more" if rest else "")


def size(amount: int) -> str:
    """Write how many bytes something has."""
    return counted(amount, "byte") if amount < 1024 else f"{amount / 1024:,.1f} KiB"


def duration(seconds: float) -> str:
    """Write how long something takes."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def moment(at: datetime) -> str:
    """Write when something was, by the clock of this machine."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def moment_and_zone(at: datetime) -> str:
    """Write when something is for somebody who may be elsewhere: ``2026-11-23 05:15:08 (UTC+01:00)``."""
    return f"{moment(at)} (UTC{at.astimezone().isoformat()[-6:]})"


def shortened(text: str, limit: int = 60) -> str:
    """Write a text on one line, not endless."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


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


_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})")


def words_in(header: str) -> list[str]:
    """Return the words and numbers of a header, folded; capitals begin one too: ``SipUser``."""
    return [folded(word) for word in _WORD.findall(_HUMP.sub(" ", header))]


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
