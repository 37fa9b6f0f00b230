"""Readings: what was found in a cell of numbers, and what may have been meant by it.

A sign or a letter can make a number that people read and a PBX does not: no call ever matches, or it means a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from batch.schema.problems import Finding
from batch.tables.digit_groups import together


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
    """A key of `KINDS`."""
    message: str
    offers: Sequence[Offer] = ()
    """The likeliest first."""
    otherwise: str
    """What to do where none of them is taken."""
    before: str = ""
    """What is to be done before any of them is typed."""
    after: str = ""
    """What else could be typed."""

    def fault(self, text: str, takes: Callable[[str], bool]) -> Finding:
        """Make a fault of it, which offers what would be taken if it were typed instead of ``text``."""
        sound = [o for o in {o.text: o for o in reversed(self.offers)}.values() if o.text not in {"", text}]
        sound = [offer for offer in reversed(sound) if takes(offer.text)]
        if not sound:
            return Finding(self.code, self.message, self.otherwise)
        words = "; ".join(
            says.format(", or ".join(offer.text for offer in offers))
            for says, offers in groupby(sound, key=lambda offer: offer.says)
        )
        fix = f"{self.before}{words}{self.after}."
        return Finding(self.code, self.message, fix[0].upper() + fix[1:], tuple(offer.text for offer in sound))


_LETTERS: Final = str.maketrans("OolI", "0011")
_LOOKALIKES: Final = re.compile(r"\+?[0-9OolI]{6,31}")
_LEAST: Final = 5
"""So many digits beside them make letters a slip."""
_PLUSSES: Final = re.compile(r"(?:\+\s*)?(?:\+|00)\s*\+\s*|\+\s*00(?=[1-9])")
_PLUS_INSIDE: Final = re.compile(r"(\+?[0-9]{1,3})\+([0-9]{7,})")
_GROUPED: Final = re.compile(r"(?=.*[()-]|.*\.[0-9]|\.)[+0-9().-]+")
_COUNTRY_APART: Final = re.compile(r"\A(\+|00)\(([1-9][0-9]{0,2})\)")
"""The country in brackets behind its own sign: ``00(44)``."""
_LONG: Final = 9
"""So many digits and more, with signs between them, are no pattern."""
_SET: Final = re.compile(r"\[(\+?[0-9]{7,})\]")
_DOTS_BEHIND: Final = re.compile(r"(\+?[0-9]{11,})\.+|(\+?[0-9]{4,})\.{2,}")
_STARS_BEHIND: Final = re.compile(r"(\+?[0-9]{4,})(\*{2,})")
_END_ALONE: Final = re.compile(r"(?:-+|\.{2,}|\N{HORIZONTAL ELLIPSIS})\s*[0-9]{1,7}")
_FOOTNOTE: Final = re.compile(r"([+(0-9][0-9\s()./-]+[0-9])\s*(?:[*#\u2020\u2021\xa7]+|\([*#\u2020\u2021\xa7]+\))")
_MARKER: Final = re.compile(r"[0-9]{1,2}[.)]\s+(?=\S)(.*)", re.DOTALL)
_AS_DIGITS: Final = "Type the number in digits alone, with a + in front if the carrier sends one."


def odd_signs(text: str) -> Reading | None:
    """Find a number that would be sent with a sign or letter that nobody dials."""
    return (
        _lookalikes(text)
        or _plusses(text)
        or _set(text)
        or _dots(text)
        or _footnote(text)
        or _marker(text)
        or _grouped(text)
    )


def _reading(message: str, *offers: Offer) -> Reading:
    return Reading(code="number-signs", message=message, offers=offers, otherwise=_AS_DIGITS)


def _lookalikes(text: str) -> Reading | None:
    letters = dict.fromkeys(re.findall("[^0-9+]", text))
    if not letters or not _LOOKALIKES.fullmatch(text) or len(re.findall("[0-9]", text)) < _LEAST:
        return None
    named = " and ".join(f"{letter!r}" for letter in letters)
    return _reading(f"The number has {named} where a digit belongs.", Offer(text.translate(_LETTERS)))


def _plusses(text: str) -> Reading | None:
    bare = _PLUSSES.sub("+", text, count=1) if _PLUSSES.match(text) else _PLUS_INSIDE.sub(r"\1\2", text)
    number = together(bare) if bare != text else ""
    if len(number) < _LONG or not (_PLUSSES.match(text) or _PLUS_INSIDE.fullmatch(text)):
        return None
    return _reading(
        "The number is written as an international one twice over, or has a + inside.",
        Offer(number if number.startswith("+") else f"+{number}"),
    )


def _set(text: str) -> Reading | None:
    if not (found := _SET.fullmatch(text)):
        return None
    return _reading("The brackets stand for one digit out of those in them, not for a number.", Offer(found[1]))


def _dots(text: str) -> Reading | None:
    if not (found := _DOTS_BEHIND.fullmatch(text)):
        return None
    if found[2]:
        return _reading(
            "The PBX takes each of the dots for one digit or more.",
            Offer(f"{found[2]}.", "for one digit or more behind it type {}"),
        )
    return _reading(
        f"The dot at the end stands for one digit or more, so a call for {found[1]} itself would not match.",
        Offer(found[1], "for that number type {}"),
        Offer(f"{found[1]}X!", "if more digits follow it, type {}"),
    )


def _footnote(text: str) -> Reading | None:
    """Find stars behind a number, for a remark or for its last digits, and other marks of footnotes."""
    found, hidden = _FOOTNOTE.fullmatch(text), _STARS_BEHIND.fullmatch(text)
    number = together(found[1]) if found else ""
    if not hidden and len(number) < _LONG:
        return None
    pattern = hidden[1] + "X" * len(hidden[2]) if hidden else ""
    return _reading(
        "Signs as of a footnote stand behind the number; a caller would have to dial them.",
        Offer(number if len(number) >= _LONG else ""),
        Offer(pattern, "for any digits in place of the stars type {}"),
    )


def _marker(text: str) -> Reading | None:
    """Find ``1) 442079460100``: a number behind its place in a list."""
    found = _MARKER.fullmatch(text)
    number = together(found[1]) if found else ""
    if not found or len(number) <= _LONG:
        return None
    marker = text[: found.start(1)].strip()
    return _reading(f"{marker} in front looks like a place in a list, and no part of the number.", Offer(number))


def _grouped(text: str) -> Reading | None:
    bare = _COUNTRY_APART.sub(r"\1\2", text.strip(".-"), count=1)
    if _END_ALONE.fullmatch(text):
        return _reading("This looks like the end of a number; its signs in front would be sent with it.")
    number = together(bare) if _GROUPED.fullmatch(text) else ""
    if len(number) < _LONG or re.search("[0-9]-[0-9]", text) or re.search(r"\(0\)", text):
        return None
    return _reading("Brackets, dots and dashes between digits would be sent with the number.", Offer(number))


def shown_characters(characters: str) -> str:
    """Name characters so that they can be told apart, also those that cannot be seen; ten of them at most."""
    kinds = list(
        dict.fromkeys(
            "a line break"
            if c in "\n\r"
            else "a blank"
            if c.isspace()
            else f"'{c}'"
            if c.isprintable()
            else f"U+{ord(c):04X}"
            for c in dict.fromkeys(characters)
        )
    )
    return ", ".join(kinds[:10]) + (" …" if len(kinds) > 10 else "")
