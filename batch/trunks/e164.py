"""E.164: one form for numbers written ``+4420…``, ``0044…``, ``4420…`` or ``020…``, and the region that takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import takewhile
from typing import Final, NamedTuple

from batch.trunks.patterns import is_pattern, sample_of
from batch.wording import counted

_BLOCK: Final = 4
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
        told = [number[len(mark) :] for number in known if number.startswith(mark)]
        regions: Counter[str] = Counter()
        first = {number[:6]: number for number in told if mark or len(number) >= _WITH_COUNTRY}
        counts = Counter(number[:6] for number in told if mark or len(number) >= _WITH_COUNTRY)
        for head, number in first.items():
            if region := _region_of(number):
                regions[region] += counts[head]
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


class Numbering:
    """Writes numbers of a region in E.164. Each block of ten thousand numbers is looked up once.

    Args:
        region: as ``GB``; blank where it is not known, and then only numbers with their country are understood.
    """

    def __init__(self, region: str = "") -> None:
        self.region = region
        self._blocks: dict[tuple[str, int], tuple[str, int]] = {}

    def e164(self, number: str) -> str:
        """Return a number, or a pattern that ends in its wildcards, in E.164; blank where it has no such form."""
        if number.startswith("+") and number[1:].isdecimal():
            return number
        if not number.isdecimal():
            return self._pattern(number) if is_pattern(number) else ""
        key = number[:-_BLOCK], len(number)
        if key not in self._blocks:
            self._blocks[key] = self._written(number)
        put, cut = self._blocks[key]
        return put + number[cut:] if put else ""

    def _pattern(self, pattern: str) -> str:
        """Write a pattern by a number that it stands for: what is fixed in front of it changes, the rest stays."""
        fixed, rest, sample = sample_of(pattern)
        written = self.e164(sample) if sample else ""
        wild = len(sample) - len(fixed)
        return written[: len(written) - wild] + rest if written and written.endswith(sample[len(fixed) :]) else ""

    def _written(self, number: str) -> tuple[str, int]:
        """Return what goes in front of a number in place of so many of its digits; nothing where it has no E.164."""
        written = next((found for found in self._readings(number) if found), "")
        pairs = zip(reversed(number), reversed(written), strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return (written[: len(written) - same], len(number) - same) if same >= _BLOCK else ("", 0)

    def _readings(self, number: str) -> Iterator[str]:
        """Yield a number in E.164 in the ways it can be read, the surest first; blank for what it is not."""
        country, with_zero = _country(self.region) if self.region else ("", True)
        international = "" if number.startswith("0") else f"+{number}"
        if with_zero and international and (len(number) >= _WITH_COUNTRY or (country and number.startswith(country))):
            yield _parsed(international)  # national numbers begin with 0 there
        if country and with_zero and number.startswith(country):
            yield _parsed(international, surely=False)
        if self.region:
            yield _parsed(number, self.region)
        if number.startswith("00"):
            yield _parsed(f"+{number[2:]}")
        elif self.region and international:
            yield _parsed(international)
        if self.region:
            yield _parsed(number, self.region, surely=False)


@cache
def _country(region: str) -> tuple[str, bool]:
    """Return a region's country code, and whether its national numbers are written with a 0 in front."""
    import phonenumbers  # noqa: PLC0415 - only what reads a PBX needs it

    code = phonenumbers.country_code_for_region(region)
    return str(code or ""), phonenumbers.ndd_prefix_for_region(region, True) == "0"


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
