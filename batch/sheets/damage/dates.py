"""Dates: what was typed, where a spreadsheet took ``1-2``, ``10-12`` or ``10:12`` for a date or a time."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, TypeAlias

from batch.sheets.damage.cares import Care
from batch.sheets.damage.findings import Finding, Retype

Moment: TypeAlias = dt.datetime | dt.date | dt.time | dt.timedelta

_DAY_ONE: Final = dt.date(1899, 12, 30)
_LONG_AGO: Final = 1930
"""A date before this year is more likely a number whose cell was formatted as a date."""
_TRUSTED_FROM: Final = dt.date(1900, 3, 1)
"""Before it, programs do not agree which number a date stands for."""
_NOT_LETTERS: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|AM/PM|A/P', re.IGNORECASE)
_HAS_DASH: Final = frozenset({Care.NUMBER, Care.SPAN, Care.LIST})
_NO_OFFERS: Final = frozenset({Care.WORD, Care.SECRET})


def date_finding(care: Care, value: Moment, mask: str, example: str) -> Finding:
    """Say that a cell holds a date or a time, and what may have been typed."""
    offers = () if care in _NO_OFFERS else tuple(dict.fromkeys(_readings(care, value, mask)))
    retype = Retype(
        f"Format the cell as {'a number' if care is Care.COUNT else 'text'} and type",
        f"the value again, like {example}",
    )
    return Finding(
        code="cell-date",
        found=_as_text(value),
        message="The spreadsheet turned what was typed here into a date or time.",
        fix=retype.fix(offers),
        offers=offers,
        retype=retype,
    )


def _as_text(value: Moment) -> str:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return str(value.date())
    return str(value)


def _readings(care: Care, value: Moment, mask: str) -> list[str]:
    match value:
        case dt.timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return _times(care, *divmod(minutes, 60), seconds) if minutes >= 0 else []
        case dt.time():
            return _times(care, value.hour, value.minute, value.second)
        case dt.datetime() if value.date() <= _DAY_ONE + dt.timedelta(days=1):
            return _times(care, value.hour, value.minute, value.second)
        case dt.datetime() if value.time() != dt.time():
            return []
        case dt.datetime():
            return _days(care, value.date(), mask)
        case dt.date():
            return _days(care, value, mask)


def _times(care: Care, hours: int, minutes: int, seconds: int) -> list[str]:
    if care is Care.COUNT:
        return []
    parts = [f"{hours}", f"{minutes:02d}", *([f"{seconds:02d}"] if seconds else [])]
    if care not in _HAS_DASH:
        return [":".join(parts)]
    return ["-".join(parts), *([", ".join(parts)] if care is Care.LIST else [":".join(parts)])]


def _days(care: Care, day: dt.date, mask: str) -> list[str]:
    """Return the texts that a spreadsheet may have taken for this day, the likeliest first."""
    number = [str((day - _DAY_ONE).days)] if day >= _TRUSTED_FROM and day.year < _LONG_AGO else []
    if care is Care.COUNT:
        return number
    pairs = _pairs(day, _order(mask))
    return number + [f"{a}-{b}" for a, b in pairs] + [f"{a}, {b}" for a, b in pairs if care is Care.LIST]


def _order(mask: str) -> str:
    """Return in which order a mask shows day, month and year: ``dm``, ``my``, ``ymd``; a month's name is ``M``."""
    letters = re.findall(r"d+|m+|y+|h+|s+", _NOT_LETTERS.sub("", mask.partition(";")[0]).casefold())
    return "".join("M" if part.startswith("mmm") else part[0] for part in letters if len(part) < 3 or part[0] in "my")


def _pairs(day: dt.date, order: str) -> list[tuple[str, str]]:
    month_of_year = (str(day.month), f"{day.year % 100:02d}")
    if order.casefold() in {"my", "ym"} and day.day == 1:
        whole = (str(day.month), str(day.year))
        pairs = [month_of_year, whole]
        return pairs if order.casefold() == "my" else [(b, a) for a, b in pairs]
    day_first, month_first = (str(day.day), str(day.month)), (str(day.month), str(day.day))
    if "M" not in order and order.startswith(("d", "m")):
        return [day_first, month_first] if order.startswith("d") else [month_first, day_first]
    return [month_first, day_first] if day.month <= day.day else [day_first, month_first]
