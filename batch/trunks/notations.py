"""Notations: numbers as people and programs write them for people, and what could be typed instead.

A `Reading` says what is found and what may have been meant; which of that is offered, the grammar of the column
decides, so that whatever is offered is taken.
"""

from __future__ import annotations

import re
from typing import Final

from batch.tables.written_numbers import (
    BRACKET,
    LONGEST_CELL,
    Offer,
    Reading,
    each_in_a_row,
    holds_two,
    odd_signs,
    offers_beside_rows,
    separate_numbers,
    shown_characters,
    surely_together,
    together,
)

DASH: Final = "-\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{MINUS SIGN}"

_TRUNK_ZERO: Final = re.compile(r"\(\s*0\s*\)")
_ZERO_APART: Final = re.compile(
    r"(\(?(?:\+|00)(?:27|3[1-3]|4[1346-9]|6[14]|8[126]|9[01])\)?)\s*(?:\s0(?=[\s1-9])|\(0(?=[1-9]))"
)
"""The same zero in other groups, for countries that dial one."""
_COUNTRY: Final = re.compile(r"\+?[0-9\s./-]*")
_EXTENSION_BEHIND: Final = re.compile(
    r"(?P<number>\+?\(?[0-9][0-9\s()./-]*[0-9])"
    r"(?:(?P<x>x|\s+[xX]\s*|[xX]\s+)|\s*[,;]?\s*(?i:ext=|ext\.?|extn\.?|extension|durchwahl|nebenstelle|apparat"
    r"|poste|interno|anexo|分机|(?<=\s)dw\.?|(?<=\s)nst\.?|(?<=\s)#):?\s*)"
    r"(?P<extension>[0-9]{1,7})"
)
_MONTHS: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mrz|mär|mai|okt|dez|fév|avr|juin|juil|août|ene|abr|ago|dic"
)
_DATE: Final = re.compile(
    rf"\d{{1,2}}[-. /](?:{_MONTHS})[a-z]*\.?(?:[-. /]\d{{2,4}})?|(?:{_MONTHS})[a-z]*\.?[-. /]\d{{1,4}}"
    r"|\d{1,2}[./]\d{1,2}[./](?:\d{2,4})?|(?:19|20)\d{2}-\d{2}-\d{2}|\d{1,2}-\d{1,2}-(?:19|20)\d{2}"
    r"|\d{1,2}:\d{2}(?::\d{2})?",
    re.IGNORECASE,
)
"""What a spreadsheet writes into a CSV where it has made a date of a range or list."""
_TRUTH: Final = frozenset(["true", "false", "wahr", "falsch", "vrai", "faux", "verdadero", "falso"])
_YES_NO: Final = frozenset(["yes", "no", "on", "off", "ja", "nein", "oui", "non", "sí", "si", "是", "否", "x"])
_THOUSANDS: Final = re.compile(r"\+?[0-9]{1,3}(?:[.,'\u2019][0-9]{3})+|\+?[0-9]+[.,]0{3,}")
_WHOLE: Final = 7
"""Behind fewer digits an ``x`` is part of a pattern, and a count or the end of a range is not looked for."""
_FIRST: Final = r"(?P<first>\(?\+?[0-9][0-9\s()./-]*[0-9])"
_COUNT: Final = r"(?P<count>[1-9][0-9]{0,5})"
_NEXT: Final = (
    r"(?:the\s+next|the\s+following|next|following|more|further|others?|weitere|folgende|suivants|autres|más"
    r"|siguientes)"
)
_MORE: Final = r"(?P<more>[1-9][0-9]{0,4})"
_TIMES: Final = "\N{MULTIPLICATION SIGN}\N{MULTIPLICATION X}"
_COUNT_WORD: Final = re.compile(
    r"number|did|ddi|nummer|n[uú]mero|num[eé]ro|line|leitung|channel|st[uü]ck|stk|pcs|block|from|start|\bab\b|desde"
    r"|partir|consecutive|[个個起]|[0-9]er\b",
    re.IGNORECASE,
)
_COUNTED: Final = (
    re.compile(rf"{_FIRST}(?:\s+[xX*]\s+|\s*[{_TIMES}*]\s*){_COUNT}"),
    re.compile(rf"{_COUNT}(?:\s*[xX*]\s+|\s*[{_TIMES}]\s*){_FIRST}"),
    re.compile(rf"{_FIRST}\s*\(\s*[xX{_TIMES}]?\s*{_COUNT}(?![0-9])[\s\w.-]*\)"),
    re.compile(rf"{_FIRST}\s+{_COUNT}\s+(?:{_COUNT_WORD.pattern})\w*", re.IGNORECASE),
    re.compile(rf"{_FIRST}\s+{_COUNT}\s*er\b[\s\w.-]*", re.IGNORECASE),
    re.compile(
        rf"{_FIRST}\s*(?:\+|\bplus\b|\b(?:and|und|et|y)\s+(?={_NEXT}))\s*(?:{_NEXT}\s+)?{_MORE}(?:\s+{_NEXT})?",
        re.IGNORECASE,
    ),
)
_COUNTS_IN_WORDS: Final = {
    **dict.fromkeys(("ten", "zehn", "dix", "diez"), "10"),
    **dict.fromkeys(("twenty", "zwanzig", "vingt", "veinte"), "20"),
    **dict.fromkeys(("fifty", "fünfzig", "cinquante", "cincuenta"), "50"),
    **dict.fromkeys(("hundred", "hundert", "einhundert", "cent", "cien"), "100"),
    **dict.fromkeys(("thousand", "tausend", "eintausend", "mille", "mil"), "1000"),
}  # fmt: skip
_IN_WORDS: Final = re.compile(rf"\b(?:(?:one|a|ein)\s+)?({'|'.join(_COUNTS_IN_WORDS)})\b", re.IGNORECASE)
_LONG_DASH: Final = f"~\N{WAVE DASH}\N{FULLWIDTH TILDE}\N{HORIZONTAL ELLIPSIS}{DASH[1:]}"
_ENDS_MARK: Final = re.compile(
    rf"\s*(?:\.\.+|[{_LONG_DASH}\N{{RIGHTWARDS ARROW}}]|[-=]*>)\s*|\s+[{DASH}]\s*|\s*[{DASH}]\s+"
    r"|\s*(?:(?<![A-Za-z])(?:up\s+to|to|thru|through|until|till|bis|à|au|jusqu['\u2019](?:à|au)|hasta|al|a(?:\s+la)?"
    r"|t/m|tot(?:\s+en\s+met)?|fino\s+al?)(?![A-Za-z])|至|到)\s*",
    re.IGNORECASE,
)
_BEFORE_RANGE: Final = re.compile(r"\A\s*+(?:[^\W\d_]++[.:]?+\s*+){1,3}+(?=[+(0-9])")
"""Words in front: ``from``, ``DDIs``, ``tranche``."""
_BETWEEN: Final = re.compile(
    r"(?:between|zwischen|entre)\s+(\+?[0-9][0-9\s]*?)\s+(?:and|und|et|y)\s+(\+?[0-9][0-9\s]*)", re.IGNORECASE
)
_COUNT_BEHIND: Final = re.compile(r"(?<=[0-9])\s*[(\[]\s*[0-9]{1,5}(?:\s[^()0-9]*)?[)\]]\s*\Z")
_IN_BRACES: Final = re.compile(
    rf"(?:\s|[{DASH}])*[({{]\s*([0-9]{{1,5}})\s*(?:[{DASH}]|\.\.+)\s*([0-9]{{1,5}})\s*[)}}]\s*\Z"
)
_NOT_ONE: Final = re.compile(rf"{_IN_BRACES.pattern}|[{DASH}.]\s*[{DASH}.]")
"""What no groups of one number have between them."""
_SLASHED_END: Final = re.compile(r"(?P<first>.*[0-9])\s*/\s*(?P<last>[0-9]{1,4})")
_SLASHED_ENDS: Final = re.compile(r"(?<=[0-9])(?:\s?/\s?[0-9]{1,4}){2,20}\Z")
_LAST_GROUPS: Final = re.compile(
    rf"(?P<head>.*[0-9])[{DASH}\s/.]+(?P<first>[0-9]{{1,5}})\s*[{DASH}]\s*(?P<last>[0-9]{{1,5}})"
)
_BARE_ENDS: Final = re.compile(rf"(?P<first>\+?[0-9]+)\s*[{DASH}]\s*(?P<last>\+?[0-9]+)")
_MOST_BY_LAST_GROUPS: Final = 1_000
_RUN: Final = re.compile(r"\+?[0-9XZN]{7,}", re.IGNORECASE)
_IN_BRACKET: Final = re.compile(r"[\s,;|/]+")


def written_for_people(text: str) -> Reading | None:
    """Find what means something else to a PBX than to people, though a PBX may take it."""
    if len(text) > LONGEST_CELL:
        return Reading(
            code="too-long",
            message=f"The cell takes one number, but it has {len(text):,} characters.",
            otherwise="Type one number; if there are several, type each in a row of its own.",
        )
    return (
        odd_signs(text)
        or _trunk_zero(text)
        or _count(text)
        or _extension_behind(text)
        or _spoiled(text)
        or _thousands(text)
        or (_both_ends(text) or _several(text) if holds_two(text) else None)
    )


def why_not_taken(text: str, what: str, odd: str, otherwise: str) -> Reading:
    """Say why a text is no number of a kind (``A DID``), of which it has ``odd`` characters too many."""
    return _underscore(text, what, odd) or _both_ends(text) or _several(text) or _characters(text, what, odd, otherwise)


def dash_unclear(text: str) -> Reading:
    """Ask whether a dash stands between the digits of one number, or between the ends of a range."""
    single, ends = "" if _NOT_ONE.search(text) else together(text), ranges(text)
    if not single and not ends and (other := _no_first_and_last(text) or _several(text)):
        return other
    example = "for a range type both ends in full with .. between them, such as 442079460100..442079460199"
    return Reading(
        code="dash-unclear",
        message="The dash can separate the digits of one number or the ends of a range.",
        offers=[Offer(single, "for one number type {}"), *(Offer(range_, "for a range type {}") for range_ in ends)],
        otherwise=f"For one number type only its digits; {example}.",
        after="" if ends else f"; {example}",
    )


def ranges(text: str) -> list[str]:
    """Return the ranges that a text with a dash or a word between numbers may be."""
    text = _IN_BRACES.sub(r" \1-\2", _COUNT_BEHIND.sub("", text))
    if found := _BETWEEN.fullmatch(text):
        text = f"{found[1]} .. {found[2]}"
    *ends, mark = _ends(text)
    if len(ends) == 2 and all(numbers := [together(end) for end in ends]):
        if re.search("[>\N{RIGHTWARDS ARROW}]", mark) and len(ends[1]) < _WHOLE and not ends[1].endswith("9"):
            return []  # an arrow may point to the extension that takes the calls
        shorter = len(re.findall("[0-9]*", ends[0])[-2]) < len(ends[1]) < _WHOLE
        return [] if shorter and not ends[0].lstrip("+").isdecimal() else _from_to(*numbers)
    if found := _BARE_ENDS.fullmatch(_BEFORE_RANGE.sub("", text)):
        return _from_to(found["first"], found["last"])
    found = _LAST_GROUPS.fullmatch(text)
    if found and len(found["first"]) == len(found["last"]) and (head := together(found["head"])):
        size = int(found["last"]) - int(found["first"])
        return _from_to(head + found["first"], head + found["last"]) if size < _MOST_BY_LAST_GROUPS else []
    return []


def _from_to(first: str, last: str) -> list[str]:
    """Write a range so that it can be typed back: with ``..``, which is never unclear; nothing if it is none."""
    digits, end = first.removeprefix("+"), last.removeprefix("+")
    if not (digits.isdecimal() and end.isdecimal()) or len(end) > len(digits):
        return []
    end = digits[: len(digits) - len(end)] + end
    return [f"{first}..{first[: -len(digits)]}{end}"] if digits < end else []


def _ends(text: str) -> list[str]:
    """Split a text at what stands between the ends of a range, and return it behind them."""
    text = _BEFORE_RANGE.sub("", text)
    return [part.strip(f" {DASH}") for part in (*_ENDS_MARK.split(text), "".join(_ENDS_MARK.findall(text)))]


def _no_first_and_last(text: str) -> Reading | None:
    """Find two numbers with a word for a range between them, which are no first and last number as they stand."""
    *ends, mark = _ends(text)
    if not mark or len(ends) != 2 or not all(numbers := [together(end) for end in ends]):
        return None
    return Reading(
        code="range-malformed",
        message=f"This looks like a range, but {' and '.join(numbers)} are not its first and last number.",
        otherwise="Type both ends in full and with the same number of digits, the lower first, with .. between them, "
        "such as 442079460100..442079460199.",
    )


def _trunk_zero(text: str) -> Reading | None:
    """Take out the ``(0)`` that is dialled only inside the country, also that of ``+44 (020)`` and ``+44 020``."""
    if (apart := _ZERO_APART.match(text)) and not separate_numbers(text):
        text = f"{apart[1].strip('()')} (0)" + text[apart.end() :].replace(")", "", apart[0].endswith("(0"))
    found = _TRUNK_ZERO.search(text)
    country = text[: found.start()] if found else ""
    more = len(_TRUNK_ZERO.findall(text)) > 1
    bare = _TRUNK_ZERO.sub(" " if more else "", text)
    if not found or not _COUNTRY.fullmatch(country):
        return None
    bare = behind["number"] if (behind := _EXTENSION_BEHIND.fullmatch(bare)) else bare
    if country.strip(" +0./-") not in {"", "39"}:  # it may stand there once more
        bare = country + re.sub(r"^[\s./-]*0(?=[1-9])", "", bare[len(country) :])
    if other := _beside_it(bare, listed=more):
        return other
    readings, rest = [bare], bare[len(country) :]
    if not more and re.match(r"[\s./-]*[1-9XZNxzn\[]", rest):
        readings.insert(1 if country.strip() else 0, "0" + rest.lstrip(" ./-"))
    offers = [Offer(one) for text in readings for one in (together(text) or text.strip(), *ranges(text))]
    return Reading(
        code="trunk-prefix",
        message="The (0) is dialled only inside the country; it is not part of the number that the PBX gets.",
        offers=offers,
        otherwise="Type the number without it.",
    )


def _beside_it(text: str, *, listed: bool) -> Reading | None:
    if listed and not ranges(text) and (several := _several(text)):
        return several
    *first, last = re.split(rf"\s*[{DASH}]\s*", text)
    return dash_unclear(text) if _from_to(_whole(" ".join(first)), last) else _count(text)


def _count(text: str) -> Reading | None:
    """Read ``02079460100 x 100`` and the like: a first number, and how many there are from it on."""
    for pattern in _COUNTED:
        if (found := pattern.fullmatch(text)) and (first := _whole(found["first"])):
            more = found.groupdict().get("more")
            return _counted(first, int(more) + 1 if more else int(found["count"]), "x" in text.casefold())
    text = _IN_WORDS.sub(lambda word: _COUNTS_IN_WORDS[word[1].casefold()], text)
    return _counted_in_words(text) or _slashed(text)


def _counted_in_words(text: str) -> Reading | None:
    """Read ``02079460100, 100 numbers``: of two numbers one is a size, and words say that something is counted."""
    numbers = re.findall(r"\(?\+?[0-9](?:[0-9()./-]|\s(?=[0-9(]))*", text)
    words = re.sub(r"[^\w]", "", re.sub(r"[0-9]", "", text))
    counts = words and _COUNT_WORD.search(text) and not _EXTENSION_BEHIND.fullmatch(text) and not ranges(text)
    if len(numbers) == 2 and counts:
        sizes = [size for n in numbers if re.fullmatch("[1-9][0-9]{0,5}", size := n.strip(" ./-()"))]
        firsts = [first for n in numbers if (first := _whole(n.strip(" ./-(")))]
        if len(sizes) == len(firsts) == 1:
            return _counted(firsts[0], int(sizes[0]), alone=False)
    return None


def _slashed(text: str) -> Reading | None:
    """Read ``02079460100/101/102`` and ``02079460100/9``: ends of further numbers behind a slash."""
    if (slashes := _SLASHED_ENDS.search(text)) and _whole(text[: slashes.start()]):
        return _several(_whole(text[: slashes.start()]) + slashes[0].replace("/", ","))
    if (found := _SLASHED_END.fullmatch(text)) and (first := _whole(found["first"])):
        return _short_end(first, found["last"], grouped="/" in found["first"])
    return None


def _short_end(first: str, last: str, *, grouped: bool) -> Reading | None:
    """Ask what the digits behind a slash are; nothing is offered where a slash is between the groups as well."""
    size = int(last) - int(first[-len(last) :]) + 1
    if size < 2:
        return None
    if grouped:
        return Reading(
            code="number-count",
            message=f"{last} after the slash can be another number, the end of a range or the last digits.",
            otherwise="Type one number in digits only, or the first and last of a range with .. between them; for two "
            "numbers type each in full in a row of its own.",
        )
    return Reading(
        code="number-count",
        message=f"{last} after the slash can be the last digits of a range of {size:,} numbers.",
        offers=[
            *(Offer(ends, "for a range type {}") for ends in _from_to(first, last)),
            Offer(together(f"{first} {last}"), "for one number type {}"),
        ],
        otherwise="Type the first and the last number with .. between them.",
        after="" if size == 2 else "; for two numbers type each in full in a row of its own",
    )


def _whole(text: str) -> str:
    """Return a number that can be the first of many."""
    number = together(text)
    return number if re.fullmatch(rf"\+?[0-9]{{{_WHOLE},15}}", number) else ""


def _counted(first: str, size: int, alone: bool) -> Reading:  # noqa: FBT001 - whether the first may be meant alone
    last = f"{first[: first.startswith('+')]}{int(first) + size - 1:0{len(first.lstrip('+'))}d}"
    return Reading(
        code="number-count",
        message=f"The cell has the first number, {first}, and a count, {size:,}.",
        offers=[
            Offer(f"{first}..{last}" if size > 1 else "", f"for {size:,} numbers type {{}}"),
            Offer(first if alone or size == 1 else "", "for only that number type {}"),
        ],
        otherwise="Type the first and the last number with .. between them; split longer ranges into several rows.",
        reading=f"{first}..{last}" if size > 1 else "",
    )


def _extension_behind(text: str) -> Reading | None:
    found = _EXTENSION_BEHIND.fullmatch(text)
    if not found or len(re.findall("[0-9]", found["number"])) < _WHOLE:
        return None
    number = together(found["number"])
    pattern = f"{number}[0-9]{found['extension']}" if found["x"] and number else ""
    return Reading(
        code="extension-behind",
        message="The number has an extension after it, which the PBX would read as part of the number.",
        offers=[
            Offer(number, "type {} without the extension"),
            Offer(pattern, "if the x means any digit, type {}"),
        ],
        otherwise="Type the number without it.",
    )


def _spoiled(text: str) -> Reading | None:
    again = "Format the cell as text and type the number again from its source."
    if _DATE.fullmatch(text):
        message = f"This is a {'time' if ':' in text else 'date'}; the spreadsheet may have changed the typed value."
        return Reading(code="cell-date", message=message, otherwise=again)
    if text.casefold() in _TRUTH:
        message = "This is what a spreadsheet writes for true or false, not a number."
        return Reading(code="cell-boolean", message=message, otherwise=again)
    if text.casefold() in _YES_NO:
        message = f"The cell {'contains a tick' if text in 'xX' else 'contains yes or no'} instead of a number."
        return Reading(code="no-number", message=message, otherwise="Type the number, or delete the row.")
    return None


def _thousands(text: str) -> Reading | None:
    """Ask about ``1.000``, which is a thousand to some and one to others."""
    if not _THOUSANDS.fullmatch(text):
        return None
    several = _several(text) if "," in text and not text.startswith("+") else None
    if several and not together(text.replace(",", " ")):
        return several
    return Reading(
        code="cell-fraction",
        message="The number contains a point or comma, which can separate thousands or decimals."
        if re.search("[.,]", text)
        else "The number contains apostrophes, as between thousands.",
        offers=[Offer(together(re.sub("[,'\u2019]", ".", text))), Offer(re.sub(r"[.,]0+$", "", text))],
        otherwise="Type the number without it.",
        before="Format the cell as text and ",
    )


def _several(text: str) -> Reading | None:
    numbers = separate_numbers(text) or (tuple(_RUN.findall(text)) if holds_two(text) else ())
    if not numbers:
        return None
    return Reading(
        code="many-numbers",
        message=f"The cell contains {len(numbers):,} numbers, but a row takes only one.",
        offers=offers_beside_rows(numbers, text),
        otherwise=each_in_a_row(numbers),
        before=f"{each_in_a_row(numbers)[:-1]}; or, ",
    )


def _underscore(text: str, what: str, odd: str) -> Reading | None:
    """Take the ``_`` off a pattern from an Asterisk dial plan, and the commas out of its brackets."""
    bare = BRACKET.sub(lambda found: _IN_BRACKET.sub("", found[0]), text.removeprefix("_"))
    if bare == text or re.search(r"[\s,;|/_]", bare):
        return None
    return Reading(
        code="bad-characters",
        message=f"{what} cannot contain {shown_characters(odd)}.",
        offers=[Offer(bare)],
        otherwise="Type the pattern as the PBX has it, such as 44207946XXXX.",
    )


def _both_ends(text: str) -> Reading | None:
    """Find a range that is written for people: with blanks in its ends, or a word between them."""
    if not (found := ranges(text)):
        return _no_first_and_last(text)
    if re.search(rf"[0-9]\s*[{DASH}]\s*[0-9]", text):
        return dash_unclear(text)
    return Reading(
        code="range-malformed",
        message="This looks like the first and the last number of a range.",
        offers=[Offer(ends) for ends in found],
        otherwise="Type the first and the last number with .. between them.",
    )


def _characters(text: str, what: str, odd: str, otherwise: str) -> Reading:
    """Leave out what is not allowed, where nothing but the groups of one number, or quotes around it, is lost."""
    single, around = together(text), _without_quotes(text) or _amid_words(text)
    clear = not single or surely_together(text) == single
    apart = "; if there are several, type each in a row of its own"
    return Reading(
        code="bad-characters",
        message=f"{what} cannot contain {shown_characters(odd)}.",
        offers=[Offer(single, "type {}" if clear else "for one number type {}"), Offer(around)],
        otherwise=otherwise,
        after="" if clear else apart,
    )


_AROUND: Final = " =\t\xa0\"'`\u2018\u2019\u201a\u201c\u201d\u201e\xab\xbb"
"""Blanks, quotes and the ``="…"`` of CSV: what may be left off the ends of a number without a question."""
_NUMBER_LIKE: Final = re.compile(r"(?=.*[0-9])[-+0-9XZN\[\]().!*#]+", re.IGNORECASE)


def _without_quotes(text: str) -> str:
    bare = text.strip(_AROUND)
    return bare if _NUMBER_LIKE.fullmatch(bare) else ""


_AMID: Final = re.compile(r"([^0-9+]*?)(\(?\+?[0-9][0-9\s()./-]*[0-9])([^0-9]*)")
_WORDS_ONLY: Final = re.compile(r"[^\W\d_]{2,}|[\s:=,;.<>@()\"'&%~\u2116\u2013-]")
_PATTERN_BESIDE: Final = re.compile(
    r"[0-9)\]][\s./-]*[XZN]+(?![A-Za-z])|(?<![A-Za-z])[XZN]+[\s./-]*[0-9(]", re.IGNORECASE
)
_MORE_BESIDE: Final = re.compile(
    r"[0-9]\s*%|[^\W0-9](?<=[\u2070-\u209f\xb2\xb3\xb9])|(?<![^\W\d_])(?:ff?|ss|seqq?|etc|usw|onwards?|upwards?|following|"
    r"(?:fort)?folgende|suivants?|siguientes?|upto|others)(?![^\W\d_])",
    re.IGNORECASE,
)
"""Beside a number: what stands for more numbers, and digits that are written high or low."""


def _amid_words(text: str) -> str:
    """Return the one number that stands among words: ``Reception: 442079460100``, or in an address."""
    found = _AMID.fullmatch(text)
    if (
        not found
        or _PATTERN_BESIDE.search(text)
        or _MORE_BESIDE.search(text)
        or _WORDS_ONLY.sub("", found[1] + found[3])
    ):
        return ""
    return _whole(found[2])
