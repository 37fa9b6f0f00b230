"""Written numbers: one number as people write it, told from several side by side, and what its signs may have meant.

Two numbers must never become one. So what stands between digits is taken out only where the digits are few enough
for one number and no part of them is a number by itself. A sign or a letter can make a number that people read and
a PBX does not: no call ever matches, or it means a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from batch.schema.problems import Finding

MOST_DIGITS: Final = 15
"""E.164: no number has more."""
LONGEST_CELL: Final = 1_000
"""Characters; what is longer is not looked into where a number belongs."""

_MOST_NATIONAL: Final = 13
"""No number has more that is dialled within its country, with the 0 in front."""
_WHOLE: Final = 7
"""So many digits are a number by themselves."""
_WITH_AREA: Final = 10
"""So many digits are a number with its area code: nothing more belongs to it behind."""
_LISTED: Final = 5
"""So many digits are a number by themselves among others like it."""
_FEW: Final = 6
"""So many digits together, without + or 0 in front, may be a list of short numbers; twice so many are two numbers."""
_SHOWN: Final = 10
ZERO_KEPT: Final = re.compile(r"(?:\+|00)(?:27|3[1-3]|4[1346-9]|6[14]|8[126]|9[01])0[1-9]")
"""A zero that is dialled only inside the country, close behind the country."""
_ROW_FOR_EACH: Final = re.compile(r"\b([Pp]ut|[Tt]ype) each( in full)? in a row of its own")

BRACKET: Final = re.compile(r"\[[^\[\]]*\]")
_SPAN_IN_BRACKET: Final = re.compile(r"\[([0-9]{2,})-([0-9]{2,})\]")
_CLASS_RANGE: Final = re.compile(r"([0-9A-Za-z])-([0-9A-Za-z])")
_GROUPED: Final = re.compile(r"\(?\+?[0-9XZN()\s./\-\u2010-\u2015\u2212]+", re.IGNORECASE)
_BETWEEN_GROUPS: Final = re.compile(r"[()\s./\-\u2010-\u2015\u2212]+")
AND: Final = r"and|und|et|y|e|or|oder|ou|o|plus"
_APART: Final = re.compile(
    rf"(?<=[0-9XZN\])])\s*(?:(?<![A-Za-z])(?:{AND})(?![A-Za-z])|(?<=[0-9])(?:{AND})(?=[+0-9]))\s*"
    r"|[^0-9A-Za-z+*#().!\s/\-\u2010-\u2015\u2212]+|[\t\n\r\v\f\x85\u2028\u2029]+|(?<=\s)/(?=\s)"
    r"|(?<=[0-9]{7})(?:\+|\s+\+\s+)(?=[0-9]{7})",
    re.IGNORECASE,
)
"""What separates numbers and never the groups of one."""
_WORD: Final = re.compile(r"(?![XZNxzn]+(?![A-Za-z]))[A-Za-z]{2,}|(?<![A-Za-z])[A-WYa-wy](?![A-Za-z])")
_MARKER: Final = re.compile(r"(?:(?<=[\s,;|])|\A)[0-9]{1,2}[.)]\s+(?=[+(]?[0-9]{3})")
"""The place of a number in a list: ``1)``, ``2.``"""
_DASHED_END: Final = re.compile(r"(?:\+?[0-9]{7,})(?:-|\.\.+)(?:\+?[0-9]{1,15})")
_BEGINS: Final = re.compile(r"[\s/]+(?=\+|00)")
RUN: Final = re.compile(r"[0-9XZN]{7,}", re.IGNORECASE)


def together(text: str) -> str:
    """Return one number without what separates its groups; ``""`` where it may be more than one or is none."""
    found = _groups(text)
    return _joined(text, found) if found and _one(found, _international(text)) else ""


def surely_together(text: str) -> str:
    """Do the same, only where nothing but one number can be meant."""
    joined = together(text)
    digits = joined.lstrip("+")
    if not joined.startswith(("+", "0")):
        groups = _groups(text)
        if len(digits) <= _FEW or any(len(group) >= _WHOLE for group in groups[:-1]):
            return ""
    return joined


def separate_numbers(text: str) -> tuple[str, ...]:
    """Return the numbers that stand beside each other in a text, in its order; none where they are not several."""
    if len(_MARKER.findall(text)) > 1:
        text = _MARKER.sub(" ; ", text).strip(" ;")
    masked = BRACKET.sub(lambda found: "0" * len(found[0]), text)
    words = _WORD.search(_APART.sub(" ", masked)) is not None
    numbers: list[str] = []
    start = 0
    ends = sorted(found.span() for pattern in (_APART, _WORD) for found in pattern.finditer(masked))
    for begin, end in [*ends, (len(text), len(text))]:
        if begin >= start:
            numbers += _numbers_in(text[start:begin].strip(" ./-("), listed=not words)
        start = max(start, end)
    if words:
        numbers = [number for number in numbers if len(re.findall("[0-9]", number)) >= _LISTED]
    if len(numbers) < 2 or (together(text) and (_international(text) or not _are_numbers(numbers))):
        return ()
    return tuple(numbers)


def holds_two(text: str) -> bool:
    """Tell whether a text has two numbers in it that each could stand by themselves."""
    return len(RUN.findall(BRACKET.sub("0", text))) > 1


def each_in_a_row(numbers: Sequence[str]) -> str:
    """Say what to do with several numbers, of which ten are named, unless they would be wrong as they stand."""
    if any(map(ZERO_KEPT.match, numbers)):
        return (
            "Put each in a row of its own, without the 0 after the country code: it is dialled only inside the country."
        )
    full = in_full(numbers)
    each = "each" if list(full) == list(numbers) else "each in full"
    numbers = full
    more = f" … and {len(numbers) - _SHOWN:,} more" if len(numbers) > _SHOWN else ""
    return f"Put {each} in a row of its own: {'; '.join(numbers[:_SHOWN])}{more}."


def one_of_them(fix: str) -> str:
    """Say the same for a cell that takes one number, and beside which no further row can be made."""
    return _ROW_FOR_EACH.sub(
        lambda found: f"{'Keep' if found[1] == 'Put' else found[1]} the one that is meant{found[2] or ''}", fix
    )


def in_full(numbers: Sequence[str]) -> Sequence[str]:
    """Write numbers in full of which only the first is, and the others by their last digits: ``442079460100, 101``."""
    first = numbers[0]
    if not re.fullmatch(r"\+?[0-9]{9,15}", first) or not all(re.fullmatch("[0-9]{1,4}", n) for n in numbers[1:]):
        return numbers
    return [first, *(first[: -len(number)] + number for number in numbers[1:])]


def as_range(numbers: Sequence[str]) -> str:
    """Return three or more numbers that follow each other as a range; ``""`` for any others."""
    numbers = in_full(numbers)
    plain = all(re.fullmatch(r"\+?[0-9]{7,15}", number) and not ZERO_KEPT.match(number) for number in numbers)
    if len(numbers) < 3 or not plain or any(len(a) != len(b) or int(b) - int(a) != 1 for a, b in pairwise(numbers)):
        return ""
    return f"{numbers[0]}..{numbers[-1]}"


def _groups(text: str) -> list[str]:
    """Return the digits of a text by groups; none if it is no number in groups."""
    masked = BRACKET.sub("0", text)
    if not _GROUPED.fullmatch(masked) or not re.search("[0-9]", masked):
        return []
    return [group for group in _BETWEEN_GROUPS.split(masked.replace("+", "")) if group]


def _joined(text: str, groups: Sequence[str]) -> str:
    parts = re.split(r"(\[[^\[\]]*\])", text)
    bare = "".join(part if part.startswith("[") else _BETWEEN_GROUPS.sub("", part) for part in parts)
    return bare if len(groups) else ""


def _international(text: str) -> bool:
    return text.lstrip(" (").startswith(("+", "00"))


def _one(groups: Sequence[str], international: bool) -> bool:  # noqa: FBT001 - of the text that they come from
    most = _MOST_NATIONAL if groups[0].startswith("0") and not international else MOST_DIGITS
    if sum(map(len, groups)) > most or len(groups) > 8:
        return len(groups) == 1
    if len(groups) == 1:
        return True
    if _alike(groups) or any(len(group) >= _WITH_AREA for group in groups[:-1]):
        return False
    if len(groups[-1]) >= _WITH_AREA and not (len(groups) == 2 and (international or len(groups[0]) <= 2)):
        return False
    whole = _WHOLE if international else _FEW
    return sum(len(group) >= whole for group in groups) < 2 and not _twice(groups)


def _alike(groups: Sequence[str]) -> bool:
    """Tell whether groups are as long as each other and begin alike, as numbers do that follow each other."""
    length = len(groups[0])
    if length < 3 or any(len(group) != length for group in groups):
        return False
    same = min(3, length - 1)
    return all(one[:same] == other[:same] for one, other in pairwise(groups))


def _twice(groups: Sequence[str]) -> bool:
    """Tell whether the second half looks like the first: ``030 1234 030 1235``."""
    half, odd = divmod(len(groups), 2)
    first, second = groups[:half], groups[half:]
    return not odd and half > 1 and first[0] == second[0] and list(map(len, first)) == list(map(len, second))


def _numbers_in(text: str, *, listed: bool) -> list[str]:
    """Return the numbers of a text in which only blanks and slashes may separate them."""
    if not re.search("[0-9]", text):
        return []
    if one := _number(text):
        return [one]
    parts = re.split(r"[\s/]+", text)
    for pieces in (_BEGINS.split(text), *_chunks(re.split(r"\s+", text)), parts):
        numbers = [_number(piece) for piece in pieces]
        if len(numbers) > 1 and all(numbers) and _are_numbers(numbers):
            return numbers
    return [text] if listed else [number for number in parts if re.search("[0-9]", number)]


def _number(text: str) -> str:
    """Return a number, or a range, that stands by itself; ``""`` for anything else."""
    if _DASHED_END.fullmatch(text) or not _BETWEEN_GROUPS.search(text):
        return text if re.search("[0-9]", text) else ""
    return surely_together(text)


def _are_numbers(numbers: Sequence[str]) -> bool:
    digits = [re.sub(r"[^0-9A-Za-z]", "", number) for number in numbers]
    return all(len(number) >= _LISTED for number in digits) or _alike(digits)


def _chunks(groups: Sequence[str]) -> Iterable[list[str]]:
    """Cut groups into pieces that are made alike: ``020 7946 0100 020 7946 0101``."""
    shape = list(map(len, groups))
    for size in range(2, min(len(groups) // 2, 8) + 1):
        if shape == shape[:size] * (len(groups) // size):
            yield [" ".join(groups[at : at + size]) for at in range(0, len(groups), size)]


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
    reading: str = ""
    """What is read of the cell if somebody accepts that."""

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
        dot = " with its dot" if words.endswith(".") else ""
        fix = f"{self.before}{words}{dot}{self.after}."
        reading = (self.reading,) if self.reading and takes(self.reading) else ()
        offers = tuple(offer.text for offer in sound)
        return Finding(self.code, self.message, fix[0].upper() + fix[1:], offers, reading=reading)


def offers_beside_rows(numbers: Sequence[str], text: str) -> list[Offer]:
    """Offer what several numbers of a cell may be but for a row each: a range, or groups of one number."""
    joined = "".join(text.split())
    one = joined if re.fullmatch("[0-9]{7,15}", joined) else ""
    return [
        Offer(as_range(numbers), "they are consecutive, so you can type {} into one row"),
        Offer(one, "for one number type {}"),
    ]


_LETTERS: Final = str.maketrans("OolI", "0011")
_LOOKALIKES: Final = re.compile(r"\+?[0-9OolI]{6,31}")
_LEAST: Final = 5
"""So many digits beside them make letters a slip."""
_WITH_LETTER: Final = re.compile(r"(\+?[0-9]{7,})([XZN]+)(\+?[0-9]{9,})", re.IGNORECASE)
_PLUSSES: Final = re.compile(r"(?:\+\s*)?(?:\+|00)\s*\+\s*|\+\s*00(?=[1-9])")
_PLUS_INSIDE: Final = re.compile(r"(\+?[0-9]{1,3})\+([0-9]{7,})")
_WITH_SIGNS: Final = re.compile(r"(?=.*[()-]|.*\.[0-9]|\.)[+0-9().-]+")
_COUNTRY_APART: Final = re.compile(r"\A(\+|00)\(([1-9][0-9]{0,2})\)")
"""The country in brackets behind its own sign: ``00(44)``."""
_LONG: Final = 9
"""So many digits and more, with signs between them, are no pattern."""
_SET: Final = re.compile(r"\[(\+?[0-9]{7,})\]")
_DOTS_BEHIND: Final = re.compile(r"(\+?[0-9]{11,})\.+|(\+?[0-9]{4,})\.{2,}")
_STARS_BEHIND: Final = re.compile(r"(\+?[0-9]{4,})(\*{2,})")
_END_ALONE: Final = re.compile(r"(?:-+|\.{2,}|\N{HORIZONTAL ELLIPSIS})\s*[0-9]{1,7}")
_FOOTNOTE: Final = re.compile(r"([+(0-9][0-9\s()./-]+[0-9])\s*(?:[*#\u2020\u2021\xa7]+|\([*#\u2020\u2021\xa7]+\))")
_PLACE_IN_LIST: Final = re.compile(r"(?:[0-9]{1,2}[.)]\s+|#\s*)(?=\S)(.*)", re.DOTALL)
_AS_DIGITS: Final = "Type the number in digits only, with a + in front if the carrier sends one."


def odd_signs(text: str) -> Reading | None:
    """Find a number that would be sent with a sign or letter that nobody dials."""
    return (
        _lookalikes(text)
        or _pattern_of_two(text)
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
    return _reading(f"The number contains {named}, which is not a digit.", Offer(text.translate(_LETTERS)))


def _pattern_of_two(text: str) -> Reading | None:
    """Find two numbers with a letter of patterns between them, which would match no call."""
    found = _WITH_LETTER.search(text)
    if found is None:
        return None
    return Reading(
        code="many-numbers",
        message=f"{found[2]} matches any digit, and the whole is longer than any phone number: it looks like two "
        "numbers.",
        otherwise=each_in_a_row([found[1], found[3]]),
    )


def _plusses(text: str) -> Reading | None:
    bare = _PLUSSES.sub("+", text, count=1) if _PLUSSES.match(text) else _PLUS_INSIDE.sub(r"\1\2", text)
    number = together(bare) if bare != text else ""
    if len(number) < _LONG or not (_PLUSSES.match(text) or _PLUS_INSIDE.fullmatch(text)):
        return None
    return _reading(
        "The number has two international prefixes, or a + inside.",
        Offer(number if number.startswith("+") else f"+{number}"),
    )


def _set(text: str) -> Reading | None:
    if not (found := _SET.fullmatch(text)):
        return None
    return _reading("The brackets match one of the digits inside them, not a whole number.", Offer(found[1]))


def _dots(text: str) -> Reading | None:
    if not (found := _DOTS_BEHIND.fullmatch(text)):
        return None
    if found[2]:
        return _reading(
            "The PBX reads each dot as one or more digits.",
            Offer(f"{found[2]}.", "for that number with one or more digits after it type {}"),
        )
    return _reading(
        f"The dot at the end means one or more digits, so a call to {found[1]} would not match.",
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
        "There are footnote marks after the number; a caller would have to dial them.",
        Offer(number if len(number) >= _LONG else ""),
        Offer(pattern, "for any digits in place of the stars type {}"),
    )


def _marker(text: str) -> Reading | None:
    """Find ``1) 442079460100`` and ``#442079460100``: a number behind its place in a list, or out of use."""
    found = _PLACE_IN_LIST.fullmatch(text)
    number = together(found[1]) if found else ""
    if not found or len(number) <= _LONG:
        return None
    marker = text[: found.start(1)].strip()
    if marker == "#":
        return _reading("# in front would be dialled with the number.", Offer(number, "if the row is in use type {}"))
    return _reading(f"{marker} in front looks like a list number, not like part of the phone number.", Offer(number))


def _grouped(text: str) -> Reading | None:
    bare = _COUNTRY_APART.sub(r"\1\2", text.strip(".-"), count=1)
    if _END_ALONE.fullmatch(text):
        return _reading("This looks like only the end of a number; the characters in front would be sent with it.")
    number = together(bare) if _WITH_SIGNS.fullmatch(text) else ""
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


def bracket_reading(text: str) -> Reading | None:
    """Find a bracket of a pattern that stands for no digit, or for more than one."""
    readings = (_empty_bracket(bracket) or _span_in_bracket(text, bracket) for bracket in BRACKET.findall(text))
    return next(filter(None, readings), None)


def _empty_bracket(bracket: str) -> Reading | None:
    backwards = [f"{a}-{b}" for a, b in _CLASS_RANGE.findall(bracket) if a > b]
    if bracket != "[]" and not backwards:
        return None
    return Reading(
        code="bad-characters",
        message=f"No digit fits {bracket}" + (f": {backwards[0]} is in the wrong order." if backwards else "."),
        otherwise="Type its digits with the lower one first, as in 44207946010[0-4].",
    )


def _span_in_bracket(text: str, bracket: str) -> Reading | None:
    span = _SPAN_IN_BRACKET.fullmatch(bracket)
    if span is None or len(span[1]) != len(span[2]):
        return None
    head, _, tail = text.partition(bracket)
    any_digits = {*span[1]} == {"0"} and {*span[2]} == {"9"}
    return Reading(
        code="bad-characters",
        message=f"A bracket matches one digit, so {bracket} does not mean the numbers from {span[1]} to {span[2]}.",
        offers=[
            Offer("" if tail else f"{head}{span[1]}..{head}{span[2]}", "for a range type {}"),
            Offer(f"{head}{'X' * len(span[1])}{tail}" if any_digits else "", "for a pattern type {}"),
        ],
        otherwise="Type one bracket for each digit, as in 442079460[1-2][0-9].",
    )
