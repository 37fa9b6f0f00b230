"""Numerals: cells that hold a number, a date, TRUE or FALSE, where people typed text.

The rest of a column shows whether a number has lost its ``+`` or its leading zeros.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from batch.readers import number_formats
from batch.schema.column_model import CellKind
from batch.schema.problems import Finding, Retype, either

MAX_EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits of a number."""

_SEPARATORS: Final = re.compile(r"[\s\u00a0\u202f().,/'-]+")
_WHOLE: Final = re.compile(r"\+?[0-9]+")
_AS_SHOWN: Final = frozenset({CellKind.SPAN, CellKind.LIST, CellKind.FREE})
_ANY_LOOK: Final = frozenset({CellKind.COUNT, CellKind.WORD})
"""Columns of values rather than digits: how a number looks there does not matter."""


def number_finding(kind: CellKind, number: float, number_format: str, example: str) -> str | Finding:
    """Understand a number: its digits, or what was found where they are not the whole story."""
    if abs(number) >= MAX_EXACT:
        return lost_digits(f"{number:.0f}" if abs(number) < 1e30 else repr(number))
    if not number.is_integer() or number < 0:
        return _fraction(kind, number, example)
    digits = str(int(number))
    if not number_format or kind in _ANY_LOOK:
        return digits
    if kind is CellKind.LIST and len(digits) > 3 and number_formats.groups_thousands(number_format):
        return _grouped(digits)
    meant = _meant(kind, number_formats.rendered(int(number), number_format), digits)
    if meant == digits:
        return digits
    return Finding(
        code="cell-repaired",
        found=digits,
        message="The cell contains a number, not text; the value is read as its number format shows it.",
        offers=(meant,),
        text=meant,
    )


def _meant(kind: CellKind, shown: str | None, digits: str) -> str:
    """Return what a person meant who saw the number like this: without separators, where those mean nothing."""
    if not shown or not shown.strip():
        return digits
    if kind is CellKind.SECRET:
        return shown
    seen = " ".join(shown.split())
    if kind in _AS_SHOWN or (kind is CellKind.NUMBER and "(0)" in seen):
        return seen
    bare = _SEPARATORS.sub("", seen)
    if _WHOLE.fullmatch(bare):
        return bare
    return seen if kind in {CellKind.NAME, CellKind.TRUNK} else digits


def lost_digits(found: str) -> Finding:
    """Say that a number was too long for a spreadsheet."""
    return Finding(
        code="cell-number-lost",
        found=found,
        message="The number has more than 15 digits, so the spreadsheet has changed the last ones.",
        fix="Format the cell as text and type the number again from its source.",
    )


def _grouped(digits: str) -> Finding:
    """Ask about ``101,102``, which a spreadsheet takes for a number with a separator of thousands."""
    listed = f"{int(digits):,}".replace(",", ", ")
    return Finding(
        code="cell-list-number",
        found=f"{int(digits):,}",
        message="The spreadsheet may have read a list of extensions as one number.",
        fix=f"Format the cell as text and type {either((listed, digits))}.",
        offers=(listed, digits),
        retype=Retype("Format the cell as text and type", "the extensions with commas between them"),
    )


def _fraction(kind: CellKind, number: float, example: str) -> str | Finding:
    text = repr(number)
    plain = re.fullmatch(r"([0-9]+)\.([0-9]+)", text)
    if plain and kind is CellKind.FREE:
        return Finding(
            code="cell-number",
            found=text,
            message="The cell contains a number with decimals; it is read with a decimal point and without zeros at "
            "the end.",
            offers=(text,),
            text=text,
        )
    offers: tuple[str, ...] = ()
    if plain and kind is CellKind.LIST:
        offers = (f"{plain[1]}, {plain[2].ljust(len(plain[1]), '0')}",)
    elif plain and kind in {CellKind.NAME, CellKind.TRUNK, CellKind.ACCOUNT}:
        offers = (text,)
    form, typed = "a number" if kind is CellKind.COUNT else "text", f"the value again, such as {example}"
    return Finding(
        code="cell-fraction",
        found=text,
        message="The cell contains a number with decimals or a minus sign.",
        fix=f"Format the cell as {form} and type {either((*offers, typed))}.",
        offers=offers,
        retype=Retype(f"Format the cell as {form} and type", typed),
    )


def truth_finding(kind: CellKind, *, value: bool, example: str) -> Finding:
    """Say that a cell holds TRUE or FALSE where that is no answer."""
    word = str(value).upper()
    offers: tuple[str, ...]
    match kind:
        case CellKind.NUMBER | CellKind.SPAN | CellKind.LIST | CellKind.COUNT:
            offers = (str(int(value)),)
        case CellKind.ACCOUNT | CellKind.NAME | CellKind.TRUNK | CellKind.FREE:
            offers = (word,)
        case _:
            offers = ()
    typed = f"the value again, such as {example}"
    return Finding(
        code="cell-boolean",
        found=word,
        message=f"The spreadsheet has changed this value into {word}, or a formula gives it.",
        fix=f"Format the cell as text and type {either((typed, *offers))}.",
        offers=offers,
        retype=Retype("Format the cell as text and type", typed),
    )


Moment: TypeAlias = dt.datetime | dt.date | dt.time | dt.timedelta

_DAY_ONE: Final = dt.date(1899, 12, 30)
_LONG_AGO: Final = 1930
"""A date before this year is more likely a number whose cell was formatted as a date."""
_TRUSTED_FROM: Final = dt.date(1900, 3, 1)
"""Before it, programs do not agree which number a date stands for."""
_NOT_LETTERS: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|AM/PM|A/P', re.IGNORECASE)
_HAS_DASH: Final = frozenset({CellKind.NUMBER, CellKind.SPAN, CellKind.LIST})
_NO_OFFERS: Final = frozenset({CellKind.WORD, CellKind.SECRET})


def date_finding(kind: CellKind, value: Moment, number_format: str, example: str) -> Finding:
    """Say that a cell holds a date or a time, and what may have been typed."""
    offers = () if kind in _NO_OFFERS else tuple(dict.fromkeys(_readings(kind, value, number_format)))
    retype = Retype(
        f"Format the cell as {'a number' if kind is CellKind.COUNT else 'text'} and type",
        f"the value again, such as {example}",
    )
    return Finding(
        code="cell-date",
        found=_as_text(value),
        message="The spreadsheet has changed the typed value into a date or time.",
        fix=retype.fix(offers),
        offers=offers,
        retype=retype,
    )


def _as_text(value: Moment) -> str:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return str(value.date())
    return str(value)


def _readings(kind: CellKind, value: Moment, number_format: str) -> list[str]:
    match value:
        case dt.timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return _times(kind, *divmod(minutes, 60), seconds) if minutes >= 0 else []
        case dt.time():
            return _times(kind, value.hour, value.minute, value.second)
        case dt.datetime() if value.date() <= _DAY_ONE + dt.timedelta(days=1):
            return _times(kind, value.hour, value.minute, value.second)
        case dt.datetime() if value.time() != dt.time():
            return []
        case dt.datetime():
            return _days(kind, value.date(), number_format)
        case dt.date():
            return _days(kind, value, number_format)


def _times(kind: CellKind, hours: int, minutes: int, seconds: int) -> list[str]:
    if kind is CellKind.COUNT:
        return []
    parts = [f"{hours}", f"{minutes:02d}", *([f"{seconds:02d}"] if seconds else [])]
    if kind not in _HAS_DASH:
        return [":".join(parts)]
    return ["-".join(parts), *([", ".join(parts)] if kind is CellKind.LIST else [":".join(parts)])]


def _days(kind: CellKind, day: dt.date, number_format: str) -> list[str]:
    """Return the texts that a spreadsheet may have taken for this day, the likeliest first."""
    number = [str((day - _DAY_ONE).days)] if day >= _TRUSTED_FROM and day.year < _LONG_AGO else []
    if kind is CellKind.COUNT:
        return number
    pairs = _pairs(day, _order(number_format))
    return number + [f"{a}-{b}" for a, b in pairs] + [f"{a}, {b}" for a, b in pairs if kind is CellKind.LIST]


def _order(number_format: str) -> str:
    """Return in which order a format shows day, month and year: ``dm``, ``my``, ``ymd``; a month's name is ``M``."""
    letters = re.findall(r"d+|m+|y+|h+|s+", _NOT_LETTERS.sub("", number_format.partition(";")[0]).casefold())
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


_PARTS: Final = re.compile(r"[,;&\n]")
_LEAD: Final = re.compile(r"\+?(?:[0-9XZNxzn]|\[[^\[\]]*\])+")
_PLAIN: Final = re.compile(r"\+?[0-9]+")
_WITH_PLUS: Final = 7
"""A number of fewer digits is an internal one, which never had a ``+``."""
_ZEROS: Final = 4
"""Most zeros that are put in front of a number to offer it."""
_LEADING: Final = 4
"""Characters by which two numbers begin alike: ``+442``, ``0044``, ``0207``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnContext:
    """The texts of a column that begin with ``+`` or ``0``."""

    forms: Mapping[str, tuple[str, ...]]
    """By their digits without ``+`` and leading zeros: the numbers themselves."""
    plus: bool
    lengths: tuple[int, ...]
    """How many digits those have that begin with 0, ascending."""
    leads: frozenset[str]
    """How they begin: country and area."""

    def forms_of(self, digits: str) -> tuple[str, ...] | None:
        """Return what a number may have been before, the likeliest first; None where nothing speaks against it."""
        same = self.forms.get(digits, ())
        if same:
            return same
        plus = self.plus and len(digits) >= _WITH_PLUS
        if not plus and (not self.lengths or self.lengths[-1] <= len(digits)):
            return None
        filled = [digits.zfill(length) for length in self.lengths if 0 < length - len(digits) <= _ZEROS]
        alike = [text for text in (f"+{digits}", *filled) if text[:_LEADING] in self.leads]
        return tuple(alike or ([f"+{digits}"] if plus else []) + filled[:1])


def column_context(texts: Iterable[str]) -> ColumnContext | None:
    """Gather what the texts of a column, numbers left out, tell of numbers; None where they tell nothing."""
    forms: dict[str, list[str]] = defaultdict(list)
    lengths: set[int] = set()
    leads: set[str] = set()
    plus = False
    telling = (text for text in texts if "0" in text or "+" in text)
    for part in (part.strip() for text in telling for part in _PARTS.split(text)):
        lead = _LEAD.match(part) if part[:1] in {"+", "0"} else None
        if lead is None:
            continue
        if _PLAIN.fullmatch(part):
            forms[part.lstrip("+0")].append(part)
        leads.add(part[:_LEADING])
        if part.startswith("+"):
            plus = True
        else:
            lengths.add(len(re.sub(r"\[[^\[\]]*\]", "X", lead[0])))
    if not plus and not lengths:
        return None
    return ColumnContext(
        forms={key: tuple(dict.fromkeys(same)) for key, same in forms.items()},
        plus=plus,
        lengths=tuple(sorted(lengths)),
        leads=frozenset(leads),
    )


def cut_finding(digits: str, forms: tuple[str, ...]) -> Finding:
    """Say that a number may have lost what stood in front of it."""
    bare = f"{digits}, if there is nothing in front of it"
    return Finding(
        code="cell-number-cut",
        found=digits,
        message="The cell contains a number, not text, so it cannot keep a + or leading zeros; other cells of this "
        "column have them.",
        fix=f"Format the cell as text and type {', or '.join((*forms, bare))}.",
        offers=(*forms, digits),
        retype=Retype("Format the cell as text and type", "the number again, with its + or leading zeros"),
    )
