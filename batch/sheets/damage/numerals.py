"""Numerals: cells that hold a number, or TRUE or FALSE, where people typed text."""

from __future__ import annotations

import re
from typing import Final

from batch.sheets.damage import masks
from batch.sheets.damage.cares import Care
from batch.sheets.damage.findings import Finding, Retype, either

MAX_EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits of a number."""

_SEPARATORS: Final = re.compile(r"[\s\u00a0\u202f().,/'-]+")
_WHOLE: Final = re.compile(r"\+?[0-9]+")
_AS_SHOWN: Final = frozenset({Care.SPAN, Care.LIST, Care.FREE})
_ANY_LOOK: Final = frozenset({Care.COUNT, Care.WORD})
"""Columns of values rather than digits: how a number looks there does not matter."""


def number_finding(care: Care, number: float, mask: str, example: str) -> str | Finding:
    """Understand a number: its digits, or what was found where they are not the whole story."""
    if abs(number) >= MAX_EXACT:
        return lost_digits(f"{number:.0f}" if abs(number) < 1e30 else repr(number))
    if not number.is_integer() or number < 0:
        return _fraction(care, number, example)
    digits = str(int(number))
    if not mask or care in _ANY_LOOK:
        return digits
    if care is Care.LIST and len(digits) > 3 and masks.groups_thousands(mask):
        return _grouped(digits)
    meant = _meant(care, masks.shown(int(number), mask), digits)
    if meant == digits:
        return digits
    return Finding(
        code="cell-repaired",
        found=digits,
        message="The cell holds a number; it was taken as its number format shows it.",
        offers=(meant,),
        text=meant,
    )


def _meant(care: Care, shown: str | None, digits: str) -> str:
    """Return what a person meant who saw the number like this: without separators, where those mean nothing."""
    if not shown or not shown.strip():
        return digits
    if care is Care.SECRET:
        return shown
    seen = " ".join(shown.split())
    if care in _AS_SHOWN or (care is Care.NUMBER and "(0)" in seen):
        return seen
    bare = _SEPARATORS.sub("", seen)
    if _WHOLE.fullmatch(bare):
        return bare
    return seen if care in {Care.NAME, Care.TRUNK} else digits


def lost_digits(found: str) -> Finding:
    """Say that a number was too long for a spreadsheet."""
    return Finding(
        code="cell-number-lost",
        found=found,
        message="The number has more than 15 digits; the spreadsheet has changed the last ones.",
        fix="Format the cell as text and type the number again, from where you have it.",
    )


def _grouped(digits: str) -> Finding:
    """Ask about ``101,102``, which a spreadsheet takes for a number with a separator of thousands."""
    listed = f"{int(digits):,}".replace(",", ", ")
    return Finding(
        code="cell-list-number",
        found=f"{int(digits):,}",
        message="The spreadsheet may have taken a list of extensions for one number.",
        fix=f"Format the cell as text and type {either((listed, digits))}.",
        offers=(listed, digits),
        retype=Retype("Format the cell as text and type", "the extensions with commas between"),
    )


def _fraction(care: Care, number: float, example: str) -> str | Finding:
    text = repr(number)
    plain = re.fullmatch(r"([0-9]+)\.([0-9]+)", text)
    if plain and care is Care.FREE:
        return Finding(
            code="cell-number",
            found=text,
            message="The cell holds a number with decimals; it is taken with a point and without zeros at the end.",
            offers=(text,),
            text=text,
        )
    offers: tuple[str, ...] = ()
    if plain and care is Care.LIST:
        offers = (f"{plain[1]}, {plain[2].ljust(len(plain[1]), '0')}",)
    elif plain and care in {Care.NAME, Care.TRUNK, Care.ACCOUNT}:
        offers = (text,)
    kind, typed = "a number" if care is Care.COUNT else "text", f"the value again, like {example}"
    return Finding(
        code="cell-fraction",
        found=text,
        message="The cell holds a number with decimals or a minus sign.",
        fix=f"Format the cell as {kind} and type {either((*offers, typed))}.",
        offers=offers,
        retype=Retype(f"Format the cell as {kind} and type", typed),
    )


def truth_finding(care: Care, *, value: bool, example: str) -> Finding:
    """Say that a cell holds TRUE or FALSE where that is no answer."""
    word = str(value).upper()
    offers: tuple[str, ...]
    match care:
        case Care.NUMBER | Care.SPAN | Care.LIST | Care.COUNT:
            offers = (str(int(value)),)
        case Care.ACCOUNT | Care.NAME | Care.TRUNK | Care.FREE:
            offers = (word,)
        case _:
            offers = ()
    typed = f"the value again, like {example}"
    return Finding(
        code="cell-boolean",
        found=word,
        message=f"The spreadsheet holds {word} here, not text.",
        fix=f"Format the cell as text and type {either((typed, *offers))}.",
        offers=offers,
        retype=Retype("Format the cell as text and type", typed),
    )
