"""Numbers: DIDs, patterns, caller IDs, extensions, and the ranges of each.

A number is text here, always: leading zeros and ``+`` count. Rules are those of the vendor's import pages.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeGuard

from batch.sheets.layout import (
    MAX_CALLER_IDS_IN_RANGE,
    MAX_DID,
    MAX_DIDS_IN_RANGE,
    MAX_EXTENSION_DIGITS,
)
from batch.trunks.faults import Fault
from batch.trunks.notations import notation_fault, sound

PLAIN: Final = re.compile(r"\+?[0-9]{1,30}")
"""A number that needs no second look: digits, perhaps with a plus in front."""

_DID: Final = re.compile(r"[0-9A-Za-z\[\]*#().\-+!]+")
_CALLER_ID: Final = re.compile(r"(?:[0-9A-Za-z\[\]().\-+*#]|\{\{\.Ext\}\})+")
_DASH: Final = "-\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{MINUS SIGN}"
_RANGE: Final = re.compile(
    rf"(?P<plus>\+?)(?P<first>[0-9]+)\s*(?P<by>[{_DASH}]|\.\.+|\N{{HORIZONTAL ELLIPSIS}}|to)\s*"
    r"(?P<plus_too>\+?)(?P<last>[0-9]+)",
    re.IGNORECASE,
)
_DASHED_DIGITS: Final = re.compile(rf"[0-9]\s*[{_DASH}]\s*[0-9]")
_BRACKETS: Final = re.compile(r"\[[^\[\]]*\]")
_CLASS_RANGE: Final = re.compile(r"([0-9A-Za-z])-([0-9A-Za-z])")
_NUMBER_LIKE: Final = re.compile(r"(?=.*[0-9])[-+0-9XZN\[\]().!*#]+", re.IGNORECASE)
_AROUND: Final = " =\t\xa0\"'`\u2018\u2019\u201a\u201c\u201d\u201e\xab\xbb"
"""Blanks, quotes and the ``="…"`` of CSV: what may be left out of a number without a question."""
_SEPARATORS: Final = re.compile(r"[,;&\n\r]+")
_EXTENSION: Final = re.compile(rf"[0-9]{{1,{MAX_EXTENSION_DIGITS}}}")
_COMMA_ZERO: Final = re.compile(r"(?<=[0-9]),0+(?=\s*\Z)")
_RAW_ID: Final = re.compile(r"#\s*([0-9]{1,18})")
_EXTENSION_RANGE: Final = re.compile(rf"([0-9]+)\s*(?:[{_DASH}]|\.\.+|to)\s*([0-9]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Consecutive numbers of the same length, first and last included."""

    first: str
    """With its ``+``, if it has one."""
    last: str

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return int(self.last) - int(self.first) + 1

    def numbers(self) -> list[str]:
        """Write it out, leading zeros and ``+`` kept."""
        plus = "+" if self.first.startswith("+") else ""
        width = len(self.first) - len(plus)
        return [f"{plus}{n:0{width}d}" for n in range(int(self.first), int(self.last) + 1)]

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def parse_did(text: str, *, limit: int = MAX_DIDS_IN_RANGE) -> str | NumberRange | Fault:
    """Understand a DID cell: one DID or pattern as it stands, or a range to be written out.

    A dash makes a range only between two ends of seven or more digits, or before one to four digits after
    eight or more; ``..`` and ``to`` always do.
    """
    if PLAIN.fullmatch(text):
        return text
    if fault := notation_fault(text, parse_did):
        return fault
    found = _RANGE.fullmatch(text)
    if found and _joins(found):
        return _number_range(found, limit)
    if _DASHED_DIGITS.search(_BRACKETS.sub("0", text)):
        return _dash_unclear(text, found)
    if not _DID.fullmatch(text):
        kept = _only(_DID, text, _DID.sub("", text))
        return Fault(
            "bad-characters",
            f"A DID cannot hold {shown_characters(_DID.sub('', text))}.",
            f"Type {kept}." if kept else _one_a_row(text, "Type the number as the carrier sends it."),
            sound([kept], parse_did, instead_of=text),
        )
    if fault := _bracket_fault(text):
        return fault
    if len(text) > MAX_DID:
        return Fault("too-long", f"A DID has at most {MAX_DID} characters; this has {len(text)}.", "Shorten it.")
    return text


def _dash_unclear(text: str, found: re.Match[str] | None) -> Fault:
    return Fault(
        "dash-unclear",
        "The dash could separate the digits of one number or make a range.",
        f"For one number type {_together(text)}; for a range write both ends in full with .. between, "
        f"like {_both_ends(found)}.",
        sound([_together(text), _both_ends(found) if _has_ends(found) else ""], parse_did, instead_of=text),
    )


def _only(allowed: re.Pattern[str], text: str, odd: str) -> str:
    """Leave out what is not allowed, and of digits put into groups also what groups them.

    Nothing is offered where what is left out may have stood between two numbers, or a number and a word.
    """
    if re.fullmatch(r"\+?[0-9()\s.-]+", text):
        return re.sub(r"[^0-9+]", "", text)
    kept = "".join(allowed.findall(text))
    return kept if _NUMBER_LIKE.fullmatch(kept) and not odd.strip(_AROUND) else ""


def _one_a_row(text: str, else_: str) -> str:
    many = re.search(r"[0-9]\s*[,;/&|]\s*[0-9+]", text)
    return "Type one number in a row, and each other number in a row of its own." if many else else_


def _together(text: str) -> str:
    """Take dashes and blanks out of a number, but not out of the brackets of a pattern."""
    return "".join(
        part if part.startswith("[") else re.sub(rf"[{_DASH}\s]", "", part)
        for part in re.split(r"(\[[^\[\]]*\])", text)
    )


def _bracket_fault(text: str) -> Fault | None:
    bare = _BRACKETS.sub("", text)
    if "[" in bare or "]" in bare:
        return Fault(
            "bad-characters", f"{text} has a bracket without its partner.", "Close it, as in 44207946010[0-4]."
        )
    for bracket in _BRACKETS.findall(text):
        backwards = [f"{a}-{b}" for a, b in _CLASS_RANGE.findall(bracket) if a > b]
        if bracket == "[]" or backwards:
            return Fault(
                "bad-characters",
                f"No digit fits {bracket}" + (f": {backwards[0]} runs backwards." if backwards else "."),
                "Put the digits meant into it, the smaller first, as in 44207946010[0-4].",
            )
    return None


def shown_characters(characters: str) -> str:
    """Name characters so that they can be told apart, also those that cannot be seen."""
    names = (
        "a blank" if c.isspace() else f"'{c}'" if c.isprintable() else f"U+{ord(c):04X}"
        for c in dict.fromkeys(characters)
    )
    return ", ".join(dict.fromkeys(names))


def _has_ends(found: re.Match[str] | None) -> TypeGuard[re.Match[str]]:
    return found is not None and len(found["last"]) <= len(found["first"])


def _both_ends(found: re.Match[str] | None) -> str:
    if not _has_ends(found):
        return "442079460100..442079460199"
    return f"{found['plus']}{found['first']}..{found['plus']}{_full_end(found)}"


def _typed(first: str, last: str) -> str:
    """Write a range so that it can be typed back: a dash between short ends would be unclear."""
    return f"{first}{'-' if len(first.lstrip('+')) >= 7 else '..'}{last}"


def _full_end(found: re.Match[str]) -> str:
    first, last = found["first"], found["last"]
    return first[: len(first) - len(last)] + last if len(last) < len(first) else last


def _joins(found: re.Match[str]) -> bool:
    if found["by"] not in _DASH:
        return True
    first, last = len(found["first"]), len(found["last"])
    return (first >= 7 and last >= 7) or (first >= 8 and last <= 4)


def _number_range(found: re.Match[str], limit: int) -> NumberRange | Fault:
    first, last = found["first"], _full_end(found)
    short = len(found["last"]) < len(first)
    if len(first) != len(last):
        return Fault(
            "range-malformed",
            f"The ends of the range have {len(first)} and {len(last)} digits.",
            "Type both ends with the same number of digits.",
        )
    if short and len(found["last"]) >= 7:
        return Fault(
            "range-malformed",
            f"The ends of the range have {len(first)} and {len(found['last'])} digits.",
            f"If you mean {_typed(found['plus'] + first, found['plus'] + last)}, type it so.",
            (_typed(found["plus"] + first, found["plus"] + last),),
        )
    if (found["plus_too"] and not found["plus"]) or (found["plus"] and not found["plus_too"] and not short):
        typed = _typed("+" + first, "+" + last)
        return Fault("range-malformed", "Only one end of the range has a +.", f"Type {typed}.", (typed,))
    if len(found["plus"]) + len(first) > MAX_DID:
        return Fault("too-long", f"A number has at most {MAX_DID} characters.", "Shorten both ends.")
    numbers = NumberRange(found["plus"] + first, found["plus"] + last)
    if numbers.size < 1:
        return Fault(
            "range-backwards",
            f"The range ends at {numbers.last}, before it begins at {numbers.first}.",
            f"Type {_typed(numbers.last, numbers.first)}.",
            (_typed(numbers.last, numbers.first),),
        )
    if numbers.size > limit:
        return Fault(
            "range-too-long",
            f"The range holds {numbers.size:,} numbers; at most {limit:,} go into one row.",
            "Split it over several rows.",
        )
    return numbers


def parse_caller_id(text: str) -> str | Fault:
    """Understand the caller ID of a *shared* entry or a default caller ID."""
    if PLAIN.fullmatch(text):
        return text
    if fault := notation_fault(text, parse_caller_id):
        return fault
    if not _CALLER_ID.fullmatch(text):
        kept = "" if _RANGE.fullmatch(text) else _only(_CALLER_ID, text, _CALLER_ID.sub("", text))
        return Fault(
            "bad-characters",
            f"A caller ID cannot hold {shown_characters(_CALLER_ID.sub('', text))}.",
            f"Type {kept}." if kept else _one_a_row(text, "Type the one number that is to be shown."),
            sound([kept], parse_caller_id, instead_of=text),
        )
    if len(text) > MAX_DID:
        return Fault("too-long", f"A caller ID has at most {MAX_DID} characters; this has {len(text)}.", "Shorten it.")
    return text


def parse_caller_id_range(text: str) -> NumberRange | Fault:
    """Understand the caller ID of a *range* entry: ``start-end``, at most 500 numbers."""
    found = _RANGE.fullmatch(text)
    if found is None and (fault := notation_fault(text, parse_caller_id_range)):
        return fault
    if found is None:
        return Fault(
            "range-malformed",
            "With option range the caller ID is first and last number with a dash between.",
            "Type it like +442079460100-+442079460109, or choose option shared for a single number.",
        )
    return _number_range(found, MAX_CALLER_IDS_IN_RANGE)


def parse_extension_range(text: str) -> NumberRange | Fault:
    """Understand an extension range: ``1001-1010``, each end at most 7 digits."""
    found = _EXTENSION_RANGE.fullmatch(text)
    if found is None:
        return Fault("range-malformed", "An extension range is first and last extension.", "Type it like 1001-1010.")
    first, last = found[1], found[2]
    if max(len(first), len(last)) > MAX_EXTENSION_DIGITS:
        return Fault(
            "range-malformed",
            f"An extension has at most {MAX_EXTENSION_DIGITS} digits.",
            "Type it like 1001-1010.",
        )
    if len(first) != len(last):
        return Fault(
            "range-malformed",
            f"The ends of the range have {len(first)} and {len(last)} digits.",
            "Type both ends with the same number of digits, like 1001-1010.",
        )
    numbers = NumberRange(first, last)
    if numbers.size < 1:
        return Fault(
            "range-backwards",
            f"The range ends at {last}, before it begins at {first}.",
            f"Type {last}-{first}.",
            (f"{last}-{first}",),
        )
    return numbers


@dataclass(frozen=True, slots=True)
class RawId:
    """An extension or group by the PBX's internal id, typed as ``#12``."""

    id: int


@lru_cache(maxsize=65536)
def parse_extensions(text: str) -> tuple[str | RawId, ...] | Fault:
    """Understand an *Extensions* cell: numbers or ``#id``, with ``,`` ``;`` ``&`` or line breaks between."""
    if fault := _comma_zero(text):
        return fault
    found: list[str | RawId] = []
    odd: list[str] = []
    for token in filter(None, (t.strip() for t in _SEPARATORS.split(text))):
        if _EXTENSION.fullmatch(token):
            found.append(token)
        elif raw := _RAW_ID.fullmatch(token):
            found.append(RawId(int(raw[1])))
        elif _EXTENSION_RANGE.fullmatch(token):
            return Fault(
                "extension-malformed",
                f"{token} is a range of extensions; this column takes single ones.",
                f"With option range type {token} into Extension range; with option shared name each extension.",
            )
        else:
            odd.append(repr(token))
    if odd or not found:
        named = ", ".join(odd) or repr(text)
        return Fault(
            "extension-malformed",
            f"{named} {'are not extension numbers' if len(odd) > 1 else 'is not an extension number'}.",
            "Type extension numbers with commas between, like 1001, 1002. Names of groups belong into "
            "Extension groups.",
            sound([", ".join(re.findall(r"[^\s,;&]+", text))], parse_extensions, instead_of=text),
        )
    return tuple(dict.fromkeys(found))


def _comma_zero(text: str) -> Fault | None:
    """Ask about ``1004,0``: a number with a decimal comma, or two extensions."""
    comma = _COMMA_ZERO.search(text)
    if comma is None:
        return None
    without, listed = text[: comma.start()], f"{text[: comma.start()]}, {comma[0].strip(',')}"
    return Fault(
        "extension-malformed",
        f"The {comma[0]} at the end may be an extension, or the end of a number with a decimal comma.",
        f"Type {without}; or {listed}, if {comma[0].strip(',')} is an extension.",
        (without, listed),
    )


def no_groups_in(text: str) -> Fault | None:
    """Check that an *Extension groups* cell names something. Which groups there are, only the PBX knows."""
    if split_groups(text):
        return None
    return Fault(
        "extension-malformed",
        f"{text!r} names no extension group.",
        "Type names of groups with commas between, or clear the cell to leave them as they are.",
    )


def split_groups(text: str, known: Collection[str] = ()) -> tuple[str | RawId, ...]:
    """Split an *Extension groups* cell into names.

    The longest known name wins before any split, double quotes protect, and ``,`` ``;`` or a line break separate.
    """
    longest_first = sorted(known, key=len, reverse=True)
    names: list[str | RawId] = []
    rest = text.strip(" \t,;\r\n")
    while rest:
        name, rest = _first_group(rest, longest_first)
        names.append(name)
        rest = rest.lstrip(" \t,;\r\n")
    return tuple(dict.fromkeys(names))


_QUOTED: Final = re.compile(r'"((?:[^"]|"")+)"(?=\s*(?:[,;\r\n]|$))')
_RAW_GROUP: Final = re.compile(r"#[ \t]*([0-9]{1,18})(?=[ \t]*(?:[,;\r\n]|$))")


def _first_group(rest: str, longest_first: list[str]) -> tuple[str | RawId, str]:
    """Take the first name off, with what follows it."""
    if raw := _RAW_GROUP.match(rest):
        return RawId(int(raw[1])), rest[raw.end() :]
    for name in longest_first:
        if rest.startswith(name) and re.match(r"[ \t]*(?:[,;\r\n]|$)", rest[len(name) :]):
            return name, rest[len(name) :]
    if quoted := _QUOTED.match(rest):
        return quoted[1].replace('""', '"'), rest[quoted.end() :]
    name, *_ = re.split(r"[,;\r\n]", rest, maxsplit=1)
    return name.strip(), rest[len(name) :]
