"""Numbers: DIDs, patterns, caller IDs, extensions, and the ranges of each.

A number is text here, always: leading zeros and ``+`` count. Rules are those of the vendor's import pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Final, TypeVar

from batch.schema.columns import MAX_CALLER_IDS_IN_RANGE, MAX_DID, MAX_DIDS_IN_RANGE, MAX_EXTENSION_DIGITS
from batch.schema.problems import Finding
from batch.tables.written_numbers import (
    AND,
    BRACKET,
    LONGEST_CELL,
    Offer,
    Reading,
    bracket_reading,
    one_of_them,
    separate_numbers,
    together,
)
from batch.trunks.notations import DASH, dash_unclear, ranges, why_not_taken, written_for_people
from batch.wording import some_of

_PATTERN_CASE: Final = str.maketrans("xzn", "XZN")

PLAIN: Final = re.compile(r"\+?[0-9]{1,30}")
"""A number that needs no second look: digits, perhaps with a plus in front."""

_DID: Final = re.compile(r"[0-9A-Za-z\[\]*#().\-+!]+")
_CALLER_ID: Final = re.compile(r"(?:[0-9A-Za-z\[\]().\-+*#]|\{\{\.Ext\}\})+")
_MEANS_NUMBERS: Final = re.compile(r"[0-9XZN\[.!]", re.IGNORECASE)
_MEANS_ANYTHING: Final = re.compile(r"[0-9A-Za-z]")
_RANGE: Final = re.compile(
    rf"(?P<plus>\+?)(?P<first>[0-9]+)\s*(?P<by>[{DASH}]|\.\.+|\N{{HORIZONTAL ELLIPSIS}}|to)\s*"
    r"(?P<plus_too>\+?)(?P<last>[0-9]+)",
    re.IGNORECASE,
)
_DASHED_DIGITS: Final = re.compile(rf"[0-9]\s*[{DASH}]\s*[0-9]")
_ABOUT_RANGES: Final = frozenset(["number-count", "dash-unclear", "range-malformed"])
_SEPARATORS: Final = re.compile(r"[,;&\n\r]+")
_EXTENSION: Final = re.compile(rf"[0-9]{{1,{MAX_EXTENSION_DIGITS}}}")
_COMMA_ZERO: Final = re.compile(r"(?<=[0-9]),0+(?=\s*\Z)")
_LONG_BLANKS: Final = re.compile(r"\s{3,}")
_JOINED: Final = re.compile(rf"(\+?[0-9]{{3,}})(?:\+|\s*\+\s+|\s*(?:{AND})\s*)(\+?[0-9]{{2,}})", re.IGNORECASE)
_NUMBER_ALONE: Final = r"\(?\+?[0-9][0-9\s()]*[0-9]"
_FOLLOWING: Final = re.compile(
    rf"(?:from|starting(?:\s+(?:at|from|with))?|ab|von|beginnend\s+mit|dès|à\s+partir\s+d[eu]|a\s+partir\s+de(?:l)?|desde|从)"
    rf"\s*:?\s+{_NUMBER_ALONE}|{_NUMBER_ALONE}(?:ff?\.?|\s+ff?\.?|\s+\.{{3,}}|\s*(?:\u2026|,?\s*(?:onwards?|and\s+up|upwards?|"
    r"et\s+seq\.?|etc\.?|usw\.?|and\s+following|aufwärts|fortlaufend|und\s+folgende|et\s+suivants?|y\s+siguientes?|起)))",
    re.IGNORECASE,
)
"""A number and, without saying how many, those that follow it."""
_PLUS_BEHIND: Final = re.compile(r"[0-9]\+")
_WORDS_BESIDE: Final = re.compile(r"(?:\((?P<before>[^()]*)\))?(?P<number>\+?[0-9]{7,})(?:\((?P<behind>[^()]*)\))?")
_NO_PATTERN: Final = re.compile("[A-MO-WY]", re.IGNORECASE)
"""Letters that stand for no digit."""
_SPACED_DASH: Final = re.compile(rf"[0-9](?:\s+[{DASH}]\s*|\s*[{DASH}]\s+)[0-9]")
_ODD_SHOWN, _SHOWN_OF_ONE = 10, 40
_RAW_ID: Final = re.compile(r"#\s*([0-9]{1,18})")
_EXTENSION_RANGE: Final = re.compile(rf"([0-9]+)\s*(?:[{DASH}]|\.\.+|to)\s*([0-9]+)", re.IGNORECASE)


_Taken = TypeVar("_Taken")
"""What a text is understood as."""


def did_key(did: str) -> str:
    """Tell DIDs apart: the letters of a pattern mean the same in either case, other letters are what they are."""
    return did if did.upper() == did else did.translate(_PATTERN_CASE)


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


def digits_of_number(text: str) -> int:
    """Count the digits of a plain number, or of the ends of a range; 0 for what cannot be taken or is a pattern."""
    if re.fullmatch(rf"\+?[0-9]{{1,{MAX_DID}}}", text):
        return len(text.lstrip("+"))
    found = _RANGE.fullmatch(text) if len(text) <= LONGEST_CELL else None
    return max(len(found["first"]), len(found["last"])) if found and len(found["first"]) < MAX_DID else 0


def parse_did(text: str, *, limit: int = MAX_DIDS_IN_RANGE) -> str | NumberRange | Finding:
    """Understand a DID cell: one DID or pattern as it stands, or a range to be written out.

    A dash makes a range only between two ends of seven or more digits, or before one to four digits after
    eight or more; ``..`` and ``to`` always do.
    """
    return text if PLAIN.fullmatch(text) else _told(partial(_did, limit=limit), text)


def _told(read: Callable[[str], _Taken | Reading], text: str) -> _Taken | Finding:
    """Read a text; where it cannot be taken, make a fault that offers only what could."""
    found = read(text)
    return (
        found.fault(text, lambda offer: not isinstance(read(offer), Reading)) if isinstance(found, Reading) else found
    )


def _did(text: str, limit: int) -> str | NumberRange | Reading:
    text = _apart(text)
    found = _RANGE.fullmatch(text) if len(text) <= LONGEST_CELL else None
    if found and _joins(found):
        span = _number_range(found, limit)
        backwards = isinstance(span, Reading) and span.code == "range-backwards"
        return dash_unclear(text) if backwards and found["by"] in DASH and together(text) else span
    closing = "Close it, as in 44207946010[0-4]."
    if reading := _following(text) or _unclosed(text, closing) or written_for_people(text):
        return reading
    if _DASHED_DIGITS.search(BRACKET.sub("0", text)):
        return dash_unclear(text)
    if not _DID.fullmatch(text):
        return why_not_taken(text, "A DID", _DID.sub("", text), _ALONE)
    return bracket_reading(text) or _as_it_stands(text, "A DID", _MEANS_NUMBERS)


def _apart(text: str) -> str:
    """Shorten long blanks, and put a comma between two numbers that a plus or a word joins.

    They are as long as each other, or the second is how the next one ends.
    """
    text = _LONG_BLANKS.sub("  ", text)
    found = _JOINED.fullmatch(text) if len(text) <= LONGEST_CELL else None
    if found is None:
        return text
    first, second = found[1].lstrip("+"), found[2].lstrip("+")
    are_two = len(first) == len(second) or (len(first) > 6 and f"0{int(first) + 1}".endswith(second))
    return f"{found[1]}, {found[2]}" if are_two else text


def _following(text: str) -> Reading | None:
    """Find a number that stands for those that follow it as well: ``ff``, ``onwards``, ``from`` in front."""
    if len(text) > LONGEST_CELL or not _FOLLOWING.fullmatch(text) or sum(map(str.isdigit, text)) not in range(7, 16):
        return None
    message = f"{text} can mean a range that starts at that number, but does not say how many numbers it has."
    otherwise = "Type first and last number with .. between; or the number alone, if only that is meant."
    return Reading(code="number-count", message=message, otherwise=otherwise)


def _signs_behind(text: str) -> Reading | None:
    """Find a + behind a digit."""
    message = f"{text} has a + after a digit; a number has it only in front."
    otherwise = "Type the number in the format that the carrier sends."
    return Reading(code="bad-characters", message=message, otherwise=otherwise) if _PLUS_BEHIND.search(text) else None


def _words_beside(text: str) -> Reading | None:
    """Find a note in brackets beside a number, which would be dialled with it: ``442079460100(ported)``."""
    found = _WORDS_BESIDE.fullmatch(text)
    beside = f"{found['before'] or ''}{found['behind'] or ''}" if found else ""
    if found is None or not _NO_PATTERN.search(beside):
        return None
    alone = "" if re.search("[0-9]", beside) else found["number"]
    message = f"{text} has words in brackets beside the number."
    return Reading(code="number-signs", message=message, offers=[Offer(alone)] if alone else [], otherwise=_ALONE)


_ALONE: Final = "Type the number alone, as the carrier sends it."


def _as_it_stands(text: str, what: str, meaning: re.Pattern[str]) -> str | Reading:
    return (
        _too_long(text, what)
        or _without_number(text, what, meaning)
        or _signs_behind(text)
        or _words_beside(text)
        or text
    )


def _too_long(text: str, what: str) -> Reading | None:
    if len(text) <= MAX_DID:
        return None
    message = f"{what} takes at most {MAX_DID} characters; this value has {len(text)}."
    return Reading(code="too-long", message=message, otherwise="Shorten it.")


def _without_number(text: str, what: str, meaning: re.Pattern[str]) -> Reading | None:
    if meaning.search(text):
        return None
    needs = "a digit or a pattern character" if meaning is _MEANS_NUMBERS else "a digit or a letter"
    message = f"{what} needs {needs}, and {text!r} has none."
    return Reading(code="no-number", message=message, otherwise="Type the number in the format that the carrier sends.")


def _unclosed(text: str, otherwise: str) -> Reading | None:
    """Find a bracket without its partner among the characters of a pattern or a number."""
    bare = BRACKET.sub("", text) if len(text) <= LONGEST_CELL and _DID.fullmatch(text) else ""
    square = "[" in bare or "]" in bare
    if not square and bare.count("(") == bare.count(")"):
        return None
    message = f"{text} has an opening or closing bracket without the other."
    otherwise = otherwise if square else "Type one number, in digits only."
    return Reading(code="bad-characters", message=message, otherwise=otherwise)


def _typed(first: str, last: str) -> str:
    """Write a range so that it can be typed back: a dash between short ends would be unclear."""
    return f"{first}{'-' if len(first.lstrip('+')) >= 7 else '..'}{last}"


def _full_end(found: re.Match[str]) -> str:
    first, last = found["first"], found["last"]
    return first[: len(first) - len(last)] + last if len(last) < len(first) else last


def _joins(found: re.Match[str]) -> bool:
    if found["by"] not in DASH:
        return True
    first, last = len(found["first"]), len(found["last"])
    return (first >= 7 and last >= 7) or (first >= 8 and last <= 4)


def _number_range(found: re.Match[str], limit: int) -> NumberRange | Reading:
    first, last = found["first"], _full_end(found)
    short = len(found["last"]) < len(first)
    if len(first) != len(last) or (short and len(found["last"]) >= 7):
        full = f"{found['plus']}{first}", f"{found['plus']}{last}"
        return Reading(
            code="range-malformed",
            message=f"The two ends of the range have {len(first)} and {len(found['last'])} digits.",
            offers=[Offer(_typed(*full), "if you mean {}, type it so")] if short else [],
            otherwise="Type both ends with the same number of digits.",
        )
    if (found["plus_too"] and not found["plus"]) or (found["plus"] and not found["plus_too"] and not short):
        return Reading(
            code="range-malformed",
            message="Only one end of the range has a +.",
            offers=[Offer(_typed("+" + first, "+" + last))],
            otherwise="Type both ends with a +, or both without.",
        )
    if len(found["plus"]) + len(first) > MAX_DID:
        message = f"A number has at most {MAX_DID} characters."
        return Reading(code="too-long", message=message, otherwise="Shorten both ends.")
    numbers = NumberRange(found["plus"] + first, found["plus"] + last)
    if numbers.size < 1:
        return Reading(
            code="range-backwards",
            message=f"The last number, {numbers.last}, is lower than the first, {numbers.first}.",
            offers=[Offer(_typed(numbers.last, numbers.first))],
            otherwise="Type the lower number first.",
        )
    if numbers.size > limit:
        return Reading(
            code="range-too-long",
            message=f"The range has {numbers.size:,} numbers; a row takes at most {limit:,}.",
            otherwise="Split it into several rows.",
        )
    return numbers


def parse_caller_id(text: str) -> str | Finding:
    """Understand the caller ID of a *shared* entry."""
    return text if PLAIN.fullmatch(text) else _told(_caller_id, text)


def parse_default_caller_id(text: str) -> str | Finding:
    """Understand the default caller ID of a trunk: one number, for which no further row can be made."""
    found = parse_caller_id(text)
    if not isinstance(found, Finding):
        return found
    return replace(found, fix=one_of_them(found.fix).replace(_RANGE_GOES, ""))


_ONE_SHOWN: Final = "Type the one number to show."
_RANGE_GOES: Final = " Consecutive numbers go with the option range."


def _caller_id(text: str) -> str | Reading:
    found = _caller_id_or_range(text)
    if isinstance(found, Reading) and found.code in _ABOUT_RANGES:
        after = "" if ".." in found.after else found.after
        return replace(found, otherwise=_ONE_SHOWN + _RANGE_GOES, after=after)
    return found


def _caller_id_or_range(text: str) -> str | Reading:
    text = _apart(text)
    if len(text) <= LONGEST_CELL and (found := _RANGE.fullmatch(text)) and _joins(found):
        return Reading(
            code="many-numbers",
            message="The cell contains a range of numbers, but it takes one number.",
            otherwise=_ONE_SHOWN + _RANGE_GOES,
        )
    if reading := _following(text) or _unclosed(text, _ONE_SHOWN) or written_for_people(text):
        return reading
    if _SPACED_DASH.search(text):
        return dash_unclear(text)
    if not _CALLER_ID.fullmatch(text):
        odd = _CALLER_ID.sub("", text)
        return why_not_taken(text, "A caller ID", odd, _ONE_SHOWN)
    return _as_it_stands(text, "A caller ID", _MEANS_ANYTHING)


def parse_caller_id_range(text: str) -> NumberRange | Finding:
    """Understand the caller ID of a *range* entry: ``start-end``, at most 500 numbers."""
    return _told(_caller_id_range, text)


def _caller_id_range(text: str) -> NumberRange | Reading:
    text = _LONG_BLANKS.sub("  ", text)
    if len(text) <= LONGEST_CELL and (found := _RANGE.fullmatch(text)):
        return _number_range(found, MAX_CALLER_IDS_IN_RANGE)
    ends = separate_numbers(text) if len(text) <= LONGEST_CELL else ()
    if len(ends) == 2:
        return Reading(
            code="range-malformed",
            message="With option range the caller ID is the first and last number with a dash between them.",
            offers=[Offer("-".join(ends))],
            otherwise="Type it in the form +442079460100-+442079460109.",
        )
    return written_for_people(text) or Reading(
        code="range-malformed",
        message="With option range the caller ID is the first and last number with a dash between them.",
        offers=[Offer(ends) for ends in ranges(text)],
        otherwise="Type it in the form +442079460100-+442079460109, or choose option shared for a single number.",
    )


def parse_extension_range(text: str) -> NumberRange | Finding:
    """Understand an extension range: ``1001-1010``, each end at most 7 digits."""
    found = _EXTENSION_RANGE.fullmatch(text)
    if found is None:
        meant = _ends_of_extensions(text)
        fix = f"Type {meant}." if meant else "Type it in the form 1001-1010."
        return Finding(
            "range-malformed", "An extension range is the first and last extension.", fix, (meant,) if meant else ()
        )
    first, last = found[1], found[2]
    if max(len(first), len(last)) > MAX_EXTENSION_DIGITS:
        return Finding(
            "range-malformed",
            f"An extension has at most {MAX_EXTENSION_DIGITS} digits.",
            "Type it in the form 1001-1010.",
        )
    if len(first) != len(last):
        return Finding(
            "range-malformed",
            f"The two ends of the range have {len(first)} and {len(last)} digits.",
            "Type both ends with the same number of digits, such as 1001-1010.",
        )
    numbers = NumberRange(first, last)
    if numbers.size < 1:
        return Finding(
            "range-backwards",
            f"The last extension, {last}, is lower than the first, {first}.",
            f"Type {last}-{first}.",
            (f"{last}-{first}",),
        )
    return numbers


def _ends_of_extensions(text: str) -> str:
    """Return the range that two extensions of the same length are the ends of; ``""`` for anything else."""
    ends = re.findall("[0-9]+", text) if len(text) <= LONGEST_CELL else []
    if len(ends) != 2 or len(ends[0]) != len(ends[1]) or not 2 <= len(ends[0]) <= MAX_EXTENSION_DIGITS:
        return ""
    return f"{ends[0]}-{ends[1]}" if int(ends[0]) < int(ends[1]) and "#" not in text else ""


@dataclass(frozen=True, slots=True)
class RawId:
    """An extension or group by the PBX's internal id, typed as ``#12``."""

    id: int


@lru_cache(maxsize=65536)
def parse_extensions(text: str) -> tuple[str | RawId, ...] | Finding:
    """Understand an *Extensions* cell: numbers or ``#id``, with ``,`` ``;`` ``&`` or line breaks between."""
    return _told(_extensions, text)


def _extensions(text: str) -> tuple[str | RawId, ...] | Reading:
    if reading := _comma_zero(text):
        return reading
    found: list[str | RawId] = []
    odd: list[str] = []
    for token in filter(None, (t.strip() for t in _SEPARATORS.split(text))):
        if _EXTENSION.fullmatch(token):
            found.append(token)
        elif raw := _RAW_ID.fullmatch(token):
            found.append(RawId(int(raw[1])))
        elif _EXTENSION_RANGE.fullmatch(token):
            return Reading(
                code="extension-malformed",
                message=f"{token} is a range of extensions; this column takes single extensions.",
                otherwise=f"With option range type {token} into Extension range; with option shared type each "
                "extension.",
            )
        else:
            odd.append(repr(token if len(token) <= _SHOWN_OF_ONE else f"{token[:_SHOWN_OF_ONE]}…"))
    if not odd and found:
        return tuple(dict.fromkeys(found))
    return Reading(
        code="extension-malformed",
        message=f"{some_of(odd, _ODD_SHOWN) or repr(text)} "
        f"{'are not extension numbers' if len(odd) > 1 else 'is not an extension number'}.",
        offers=[Offer(_listed(text), "type {} with commas between them")],
        otherwise="Type extension numbers with commas between them, such as 1001, 1002. Names of groups go into "
        "Extension groups.",
    )


def _listed(text: str) -> str:
    """Return extensions with commas between where something else stands between them, a dash left out."""
    tokens = re.findall(r"#?[0-9]+", text)
    between = re.sub(r"#?[0-9]+|\b(?:and|und|et|y|e|or|oder|ou|o)\b", "", text, flags=re.IGNORECASE)
    return ", ".join(tokens) if not re.search(rf"[A-Za-z{DASH}]", between) else ""


def _comma_zero(text: str) -> Reading | None:
    """Ask about ``1004,0``: a number with a decimal comma, or two extensions."""
    comma = _COMMA_ZERO.search(text)
    if comma is None:
        return None
    without, zeros = text[: comma.start()], comma[0].strip(",").strip()
    return Reading(
        code="extension-malformed",
        message=f"The {comma[0]} at the end may be an extension, or the end of a number with a decimal comma.",
        offers=[Offer(without), Offer(f"{without}, {zeros}", f"or {{}}, if {zeros} is an extension")],
        otherwise="Type extension numbers with commas between them, such as 1001, 1002.",
    )
