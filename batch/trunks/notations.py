"""Notations: numbers as people and programs write them for people, with ``(0)`` inside, or made a date of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from batch.trunks.faults import Fault

_TRUNK_PREFIX: Final = re.compile(r"(?P<country>\+?[0-9\s./-]*)\(\s*0\s*\)(?P<rest>.*)", re.DOTALL)
_EXTENSION_BEHIND: Final = re.compile(
    r"(?P<number>\+?\(?[0-9][0-9\s()./-]*[0-9])"
    r"(?:(?P<x>x|\s+[xX]\s*|[xX]\s+)|\s*[,;]?\s*(?i:ext=|ext\.?|extn\.?|extension):?\s*)"
    r"(?P<extension>[0-9]{1,7})"
)
_MONTHS: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mrz|mär|mai|okt|dez|fév|avr|juin|juil|août|ene|abr|ago|dic"
)
_DATE: Final = re.compile(
    rf"\d{{1,2}}[-. /](?:{_MONTHS})[a-z]*\.?(?:[-. /]\d{{2,4}})?|(?:{_MONTHS})[a-z]*\.?[-. /]\d{{1,4}}"
    r"|\d{1,2}[./]\d{1,2}[./](?:\d{2,4})?|(?:19|20)\d{2}-\d{2}-\d{2}",
    re.IGNORECASE,
)
"""What a spreadsheet writes into a CSV where it has made a date of a range or list."""
_TRUTH: Final = frozenset(["true", "false", "wahr", "falsch", "vrai", "faux", "verdadero", "falso"])
_GROUPED: Final = re.compile(r"\+?[0-9]{1,3}(?:[.,][0-9]{3})+|\+?[0-9]+[.,]0{3,}")
_LEAST_DIGITS: Final = 7
"""Behind fewer digits an ``x`` is part of a pattern."""

Parse = Callable[[str], Any]
"""Understands a text, or returns a `Fault`."""


def notation_fault(text: str, parse: Parse) -> Fault | None:
    """Find what is written for people and means something else to a PBX; ``parse`` says what could be typed."""
    if found := _TRUNK_PREFIX.fullmatch(text):
        return _trunk_prefix(found, parse)
    if (found := _EXTENSION_BEHIND.fullmatch(text)) and len(re.findall("[0-9]", found["number"])) >= _LEAST_DIGITS:
        return _extension_behind(found, parse)
    if _DATE.fullmatch(text):
        return Fault(
            "cell-date",
            "This is a date, which a spreadsheet may have made of what was typed.",
            "Format the cell as text and type the number again, from where you have it.",
        )
    if text.casefold() in _TRUTH:
        return Fault(
            "cell-boolean",
            "This is what a spreadsheet writes for true or false, and no number.",
            "Format the cell as text and type the number again, from where you have it.",
        )
    if _GROUPED.fullmatch(text):
        return _grouped(text, parse)
    return None


def _grouped(text: str, parse: Parse) -> Fault:
    """Ask about ``1.000``, which is a thousand to some and one to others."""
    together, cut = re.sub("[.,]", "", text), re.sub(r"[.,]0+$", "", text)
    offers = sound([together, cut], parse, instead_of=text)
    return Fault(
        "cell-fraction",
        "The number has a point or comma in it, which could separate thousands or decimals.",
        f"Format the cell as text and type {', or '.join(offers)}." if offers else "Type the number without it.",
        offers,
    )


def sound(candidates: Iterable[str], parse: Parse, *, instead_of: str) -> tuple[str, ...]:
    """Return those texts that would be taken if they were typed instead."""
    others = [text for text in dict.fromkeys(candidates) if text not in {"", instead_of}]
    return tuple(text for text in others if not isinstance(parse(text), Fault))


def _trunk_prefix(found: re.Match[str], parse: Parse) -> Fault:
    country, rest = found["country"], found["rest"]
    if behind := _EXTENSION_BEHIND.fullmatch(country + rest):
        rest = behind["number"][len(country) :]
    readings = [_written(country + rest)]
    if re.match(r"[\s./-]*[0-9XZNxzn\[]", rest):
        readings.insert(1 if country.strip() else 0, _written("0" + rest))
    offers = sound([close for pair in zip(*readings, strict=True) for close in pair], parse, instead_of=found[0])
    return Fault(
        "trunk-prefix",
        "The (0) is dialled only inside the country; it is no part of the number that the PBX sees.",
        f"Type {', or '.join(offers)}." if offers else "Type the number without it.",
        offers,
    )


def _written(text: str) -> tuple[str, str]:
    """Write a number without what separates its digits; then with its dashes, of which one may make a range."""
    close = re.sub(r"[\s/]|(?<=[0-9])\.(?=[0-9])", "", text)
    parts = re.split(r"(\[[^\[\]]*\])", close)
    return "".join(part if part.startswith("[") else part.replace("-", "") for part in parts), close


def _extension_behind(found: re.Match[str], parse: Parse) -> Fault:
    number = re.sub(r"[\s()./-]", "", found["number"])
    pattern = f"{number}[0-9]{found['extension']}" if found["x"] else ""
    offers = sound([number, pattern], parse, instead_of=found[0])
    meant = {number: f"Type {number} without the extension", pattern: f"if the x stands for any digit, type {pattern}"}
    return Fault(
        "extension-behind",
        "The number has an extension behind it, which the PBX would take for part of the number.",
        f"{'; '.join(meant[offer] for offer in offers)}." if offers else "Type the number without it.",
        offers,
    )
