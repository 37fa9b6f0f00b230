"""Number lists: several numbers in one cell, and when it is sure that they are that.

Every part must be a number in full by itself: one that begins with ``+`` or ``0``, or as long as all the others. Where
that is not so, nothing is taken: the cell is asked about, with what would be read of it if somebody accepts that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from batch.schema.problems import LEFT_AS_TAKEN, Finding, Problem
from batch.tables.acceptance import TO_ACCEPT
from batch.tables.table import Table
from batch.tables.written_numbers import LONGEST_CELL, MOST_DIGITS, ZERO_KEPT, each_in_a_row, separate_numbers
from batch.trunks.numbers import NumberRange
from batch.wording import some_of

_Part: TypeAlias = str | NumberRange
ParseNumber: TypeAlias = Callable[[str], str | NumberRange | Finding]
"""Understands one number or range."""

_BULLETS: Final = "\u2022\u00b7\u25aa\u25cf\u25e6"
_BETWEEN: Final = re.compile(
    rf"\s*[;,|\n\u3001\uff0c\uff1b{_BULLETS}]+\s*|\s+(?:and|und|et|y|e)\s+|\s*[&\u548c\u53ca\u4e0e\u8207]\s*"
    r"|(?<=[0-9])\s*/\s*(?=\+?[0-9])|(?<=[0-9]{10})\s+(?=\+?[0-9]{10})",
    re.IGNORECASE,
)
"""What stands between the numbers of a list. ``or`` is none of it."""
_WEAK: Final = re.compile(r"[\s/]+")
"""What may as well stand between the two halves of one number."""
_BULLET: Final = re.compile(r"(?:[-*\u2013>]+|[0-9]{1,3}[.)])\s+|tel:/{0,2}\s*", re.IGNORECASE)
"""What stands in front of one of them: a sign, its place in the list, or ``tel:``."""
_NUMBER: Final = re.compile(r"\+?[0-9]{7,15}")
_TOO_LONG: Final = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}")
_READ: Final = re.compile(r"\+?[0-9XZN\[\]-]+[.!]?", re.IGNORECASE)
"""What can be accepted: a number, or a pattern."""
_SHORT: Final = re.compile(r"[0-9]{1,4}")
_WORDS: Final = re.compile(r"[^\W\d_]")
_LEAST_WITH_AREA: Final = 9
"""So many digits behind ``+``, or from the 0 on, are a number in full however long the others are."""
_MOST: Final = 10_000
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class NumberList:
    """Several numbers out of one cell."""

    parts: Sequence[_Part]
    accepted: bool = False
    """Whether they are not sure by themselves, and were accepted."""

    def numbers(self) -> list[str]:
        """Return all of them, ranges written out."""
        return [
            number for part in self.parts for number in (part.numbers() if isinstance(part, NumberRange) else [part])
        ]


def parse_numbers(
    text: str, parse: ParseNumber, accepts: Callable[[str], bool] = lambda _: False
) -> _Part | NumberList | Finding:
    """Understand a cell that holds a number, a range, or a list of them.

    Args:
        text: What the cell says.
        parse: Understands one number or range.
        accepts: Tells of the code of what is wrong whether somebody has accepted what would be read all the same.
    """
    texts = _parts(text) if _BETWEEN.search(text) else []
    if len(texts) > 1 and (sure := _sure(text, texts, parse)):
        return NumberList(sure)
    found = parse(text)
    if len(texts) > 1 and isinstance(found, Finding) and found.code in {"many-numbers", "too-long"}:
        found = _asked(found, texts, text, parse)
    if not isinstance(found, Finding) or not found.reading:
        return found
    if not accepts(found.code):
        return replace(found, fix=f"{found.fix} {TO_ACCEPT[found.code]}")
    read = [parse(part) for part in found.reading]
    return NumberList([part for part in read if not isinstance(part, Finding)], accepted=True)


def read_numbers(
    table: Table, row: int, field: str, text: str, parse: ParseNumber
) -> tuple[list[tuple[str, str | NumberRange]], list[Problem]]:
    """Understand a row's numbers: in one cell, or in several columns.

    Returns each number or range with the column that it comes from, and what is to be told of them.
    """
    numbers: list[tuple[str, _Part]] = []
    problems: list[Problem] = []
    left = _MOST
    for column, part in table.parts(field, row, text):
        found = parse_numbers(part, parse, partial(table.accepts, row, column, part))
        if isinstance(found, Finding):
            problems.append(table.found(row, column, found, part))
            continue
        parts = found.parts if isinstance(found, NumberList) else [found]
        left -= sum(one.size if isinstance(one, NumberRange) else 1 for one in parts)
        if left < 0:
            return [], [*problems, _too_many(table, row, column, part)]
        numbers += [(column, one) for one in parts]
        if isinstance(found, NumberList):
            problems.append(_expanded(table, row, column, part, found))
    return numbers, problems


def _too_many(table: Table, row: int, column: str, text: str) -> Problem:
    message = f"With the numbers in {table.cell(column, row)}, the row has more than {_MOST:,} numbers."
    return table.problem("range-too-long", row, column, message, "Split it into several rows.", value=text)


def read_lists(
    table: Table, row: int, field: str, text: str, parse: ParseNumber
) -> tuple[list[tuple[str, str]], list[Problem]]:
    """Take the lists in a row's cells apart, and leave every other cell as it is.

    Returns each text with the column that it comes from, and what is to be told of the lists.
    """
    texts: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for column, part in table.parts(field, row, text):
        found = parse_numbers(part, parse, partial(table.accepts, row, column, part)) if _BETWEEN.search(part) else part
        if isinstance(found, NumberList):
            texts += [(column, str(one)) for one in found.parts]
            problems.append(_expanded(table, row, column, part, found))
        elif isinstance(found, Finding) and found.reading:
            problems.append(table.found(row, column, found, part))
        else:
            texts.append((column, part))
    return texts, problems


def _expanded(table: Table, row: int, column: str, text: str, many: NumberList) -> Problem:
    """Tell of a list that was read as its numbers."""
    numbers = many.numbers()
    shown = ", ".join(numbers) if len(numbers) <= 3 else f"{numbers[0]} \N{HORIZONTAL ELLIPSIS} {numbers[-1]}"
    accepted = " Accepted as read." if many.accepted else ""
    message = f"{len(numbers):,} numbers in {table.cell(column, row)}: {shown}.{accepted}"
    told = table.problem("list-expanded", row, column, message, LEFT_AS_TAKEN, value=text)
    return replace(told, reading=tuple(numbers)) if many.accepted else told


def _parts(text: str) -> list[str]:
    return [part for one in _BETWEEN.split(text.strip()) if (part := _BULLET.sub("", one, count=1))]


def _sure(text: str, texts: Sequence[str], parse: ParseNumber) -> Sequence[_Part]:
    """Return the parts of a list in which each is surely a number or range in full; none where one is not."""
    parts: list[_Part] = []
    for one in texts[: _MOST + 1]:
        found = one if _NUMBER.fullmatch(one) else parse(one)
        if isinstance(found, Finding) or (isinstance(found, str) and not _NUMBER.fullmatch(found)):
            return ()
        parts.append(found)
    ends = [end for part in parts for end in ((part.first, part.last) if isinstance(part, NumberRange) else (part,))]
    alike = len({(end.startswith("+"), len(end)) for end in ends}) == 1 and _NUMBER.fullmatch(ends[0])
    if any(map(ZERO_KEPT.match, ends)) or not (alike or all(map(_in_full, ends))):
        return ()
    return () if len(parts) > _MOST or (len(ends) == len(parts) == 2 and _perhaps_one(text, *ends)) else parts


def _in_full(number: str) -> bool:
    return number.startswith(("+", "0")) and _LEAST_WITH_AREA <= len(number.lstrip("+")) <= MOST_DIGITS


def _perhaps_one(text: str, first: str, last: str) -> bool:
    """Tell whether two numbers may be the halves of one, or the ends of a block."""
    between = text[text.find(first) + len(first) : text.rfind(last)]
    if _WEAK.fullmatch(between) and len(first + last) <= MOST_DIGITS:
        return True
    return _perhaps_ends(first, last)


def _perhaps_ends(first: str, last: str) -> bool:
    if not (_NUMBER.fullmatch(first) and _NUMBER.fullmatch(last)):
        return False
    size = int(last) - int(first) + 1 if first.endswith("0") and last.endswith("9") else 0
    return len(first) == len(last) and 0 < size <= _MOST


def _asked(found: Finding, texts: Sequence[str], text: str, parse: ParseNumber) -> Finding:
    """Ask about a list that is not sure, with what would be read of it, if each of its parts can be."""
    candidates = (_filled(texts), separate_numbers(text) if len(text) <= LONGEST_CELL else ())
    numbers = next((c for c in candidates if _can_be_read(c, parse)), ())
    if not numbers or _WORDS.search(_BETWEEN.sub(" ", text)):
        return found
    otherwise = found.fix if found.code == "many-numbers" else each_in_a_row(numbers)
    if len(numbers) == 2 and _perhaps_ends(*numbers):
        block = f"If they are the ends of a block, type {numbers[0]}..{numbers[1]}; otherwise"
        otherwise = f"{block} {otherwise[:1].lower()}{otherwise[1:]}"
    return replace(
        found,
        code="many-numbers",
        message=f"The cell contains {len(numbers):,} numbers; it is not certain that they are "
        f"{some_of(numbers, _SHOWN)}.",
        fix=otherwise,
        reading=tuple(numbers),
    )


def _can_be_read(numbers: Sequence[str], parse: ParseNumber) -> bool:
    odd = (number for number in numbers if ZERO_KEPT.match(number) or _TOO_LONG.search(number))
    if not 2 <= len(numbers) <= _MOST or any(odd):
        return False
    whole = [bool(_NUMBER.match(number)) for number in numbers]
    if any(whole) != all(whole):
        return False
    return all(isinstance(found, NumberRange) or _READ.fullmatch(str(found)) for found in map(parse, numbers))


def _filled(texts: Sequence[str]) -> Sequence[str]:
    """Write parts in full that are only the last digits: ``442079460100, 101``; none where a part is neither."""
    numbers: list[str] = []
    for text in texts:
        if _NUMBER.fullmatch(text) or not _SHORT.fullmatch(text):
            numbers.append(text)
        elif numbers and _NUMBER.fullmatch(numbers[-1]):
            numbers.append(numbers[-1][: -len(text)] + text)
        else:
            return ()
    return numbers
