"""E.164: one form for numbers written ``+4420…``, ``0044…``, ``4420…`` or ``020…``, and the region that takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import takewhile
from operator import eq
from typing import Final, NamedTuple

from batch.trunks.numbers import did_key
from batch.trunks.patterns import is_pattern, sample_of
from batch.wording import counted

BLOCK: Final = 4
"""Numbers that differ in so many digits at their end alone are written alike."""
_WITH_COUNTRY: Final = 11
"""So many digits without a ``+`` or 0 in front are taken for a number with its country where no region is known."""


class HomeRegion(NamedTuple):
    """The region whose national numbers are meant."""

    code: str
    """``GB``; blank where it is not known."""
    telling: int = 0
    """Of how many numbers it was guessed; 0 where it was given, or is not known."""

    @property
    def says(self) -> str:
        """What it is and where it comes from, for people."""
        if not self.code:
            return "not known (no number says it): national numbers are compared only as they are"
        return f"{self.code}, guessed from {counted(self.telling, 'number')}" if self.telling else self.code


def guess_region(numbers: Iterable[str]) -> HomeRegion:
    """Guess the region from the numbers that say their country: ``+44…``, else ``0044…``, else ``4420…``."""
    known = [number for number in numbers if number.lstrip("+").isdecimal()]
    for mark in ("+", "00", ""):
        told = [number.removeprefix(mark) for number in known if number.startswith(mark)]
        blocks = Counter(number[:6] for number in told if mark or len(number) >= _WITH_COUNTRY)
        examples = {number[:6]: number for number in told}
        regions: Counter[str] = Counter()
        for block, count in blocks.items():
            regions[_region_of(examples[block])] += count
        del regions[""]
        if regions:
            return HomeRegion(*regions.most_common(1)[0])
    return HomeRegion("")


def _region_of(number: str) -> str:
    import phonenumbers  # noqa: PLC0415 - only what reads a PBX needs it

    try:
        found = phonenumbers.parse(f"+{number}")
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_country_code(found.country_code or 0)
    return region if region.isalpha() and phonenumbers.is_valid_number(found) else ""


def identity(did: str, region: str) -> str:
    """Return what all notations of a number have in common."""
    return e164(did, region) or did_key(did)


def e164(number: str, region: str) -> str:
    """Return a number, or a pattern that ends in its wildcards, in E.164; blank where it has no such form.

    Args:
        number: as a trunk has it.
        region: as ``GB``; blank where it is not known, and then only numbers with their country are understood.
    """
    if number.startswith("+") and number[1:].isdecimal():
        return number
    if number.isdecimal():
        head, cut = _head(number[:-BLOCK], len(number), region)
        return head + number[cut:] if head else ""
    fixed, rest, sample = sample_of(number) if is_pattern(number) else ("", "", "")
    written = e164(sample, region) if sample else ""
    wild = sample[len(fixed) :]
    return written.removesuffix(wild) + rest if written.endswith(wild) and written else ""


@lru_cache(maxsize=1 << 17)
def _head(block: str, length: int, region: str) -> tuple[str, int]:
    """Return what goes in front of a block's numbers in place of so many of their digits; blank: they have no E.164."""
    number = block.ljust(length, "0")
    written = next(filter(None, _readings(number, region)), "") if block else ""
    same = sum(takewhile(bool, map(eq, reversed(number), reversed(written))))
    return (written[: len(written) - same], length - same) if same >= BLOCK else ("", 0)


def _readings(number: str, region: str) -> Iterator[str]:
    """Yield a number in E.164 in the ways it can be read, the surest first; blank for what it is not."""
    import phonenumbers  # noqa: PLC0415 - only what reads a PBX needs it

    country = str(phonenumbers.country_code_for_region(region) or "-") if region else "-"
    with_zero = not region or phonenumbers.ndd_prefix_for_region(region, True) == "0"
    international = "" if number.startswith("0") else f"+{number}"
    if with_zero and international and (len(number) >= _WITH_COUNTRY or number.startswith(country)):
        yield _parsed(international)  # national numbers begin with 0 there
    if with_zero and number.startswith(country):
        yield _parsed(international, surely=False)
    if region:
        yield _parsed(number, region)
    if number.startswith("00"):
        yield _parsed(f"+{number[2:]}")
    elif region and international:
        yield _parsed(international)
    if region:
        yield _parsed(number, region, surely=False)


def _parsed(number: str, region: str | None = None, *, surely: bool = True) -> str:
    """Write a number in E.164 if it is one that is given out, or, not ``surely``, has the length of one."""
    import phonenumbers  # noqa: PLC0415 - only what reads a PBX needs it

    try:
        found = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return ""
    if surely:
        fits = phonenumbers.is_valid_number(found)
    else:
        fits = phonenumbers.is_possible_number_with_reason(found) == phonenumbers.ValidationResult.IS_POSSIBLE
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164) if fits else ""
