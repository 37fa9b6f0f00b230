"""DID notices: DIDs that a PBX never comes to, and DIDs that do not mean what they look like. By column."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import dropwhile
from operator import itemgetter
from typing import Final

import numpy as np

from batch.sheets.problems import Problem
from batch.sheets.rows import Table
from batch.sheets.spellings import spans
from batch.sheets.strips import MAX_TOLD
from batch.trunks.entries import Entries
from batch.trunks.patterns import Matcher, is_pattern
from batch.trunks.records import DidRow, dids_of

_ALL_NUMBERS: Final = re.compile(r"[0-9+\n]*+")
_NUMBER: Final = re.compile(r"\+?[0-9]++")
_BRACKETS: Final = re.compile(r"\[[^\[\]]*\]")
_SPAN: Final = re.compile(r"([^\[\]])-([^\[\]])")
_LEAD: Final = itemgetter(slice(0, 2))
_STAND_FOR: Final = {"x": "0-9", "z": "1-9", "n": "2-9"}
_SPANS_SHOWN: Final = 5
_NATIONAL: Final = 7
"""A number of fewer digits, its 0 in front left out, is not looked for among international ones."""


def did_notices(table: Table, dids: Entries[DidRow], removing: AbstractSet[int]) -> Iterator[Problem]:
    """Tell of patterns that hide rows below them, of words and brackets that are patterns, and of other notations.

    Args:
        table: the DIDs sheet.
        dids: its understood rows.
        removing: Trunks rows whose list says what goes: nothing is matched by it.
    """
    numbers = dids_of(dids.rows)
    together = "\n" + "\n".join(numbers)
    if together.count("\n+") < len(numbers):  # or else all have one notation
        yield from _other_notations(table, dids.rows, numbers)
    if _ALL_NUMBERS.fullmatch(together):
        return
    odd = [i for i, number in enumerate(numbers) if not _NUMBER.fullmatch(number)]
    yield from _each(table, "pattern-word", [(dids.rows[i], _word(numbers[i])) for i in odd], _word_message)
    yield from _each(table, "pattern-span", [(dids.rows[i], _odd_span(numbers[i])) for i in odd], _span_message)
    patterns = {i for i in odd if is_pattern(numbers[i])}
    trunks = np.setdiff1d(dids.trunks[list(patterns)], [0, *removing])
    places = np.flatnonzero(np.isin(dids.trunks, trunks))
    places = places[np.argsort(dids.trunks[places], kind="stable")]
    for own in np.split(places, np.flatnonzero(np.diff(dids.trunks[places])) + 1):
        yield from _hidden(table, [(dids.rows[i], i in patterns) for i in own.tolist()])


def _hidden(table: Table, rows: Sequence[tuple[DidRow, bool]]) -> Iterator[Problem]:
    """Tell of the patterns of one trunk that take all that rows below them stand for: the first match wins.

    ``rows`` says of each DID whether it is a pattern.
    """
    patterns = [row for row, is_one in rows if is_one]
    matcher = _matcher(tuple(pattern.did for pattern in patterns))
    hidden: dict[int, dict[int, str]] = defaultdict(dict)
    for row, is_one in dropwhile(lambda of: not of[1], rows):
        found = matcher.first_for(row.did) if is_one else matcher.first(row.did)
        if found is not None and patterns[found].row < row.row:
            hidden[found].setdefault(row.row, row.did)
    for found, below in sorted(hidden.items()):
        at, pattern, _ = patterns[found]
        first, *rest = below
        more = f" Nor do {len(rest):,} more rows: {_some(rest)}." if len(rest) > 1 else ""
        more = f" Nor does {table.cell('did', rest[0])}." if len(rest) == 1 else more
        yield table.problem(
            "did-never-reached",
            at,
            "did",
            f"{pattern} takes every call for {below[first]} first, so {table.cell('did', first)} never matches.{more}",
            f"Move {pattern} below the rows that shall match before it: the PBX takes the first that fits.",
            value=pattern,
        )


@lru_cache(maxsize=64)
def _matcher(patterns: tuple[str, ...]) -> Matcher:
    """Put patterns together once for all trunks that have the same."""
    return Matcher(patterns)


def _some(rows: Iterable[int]) -> str:
    parts = spans(sorted(rows)).split(", ")
    return ", ".join(parts[:_SPANS_SHOWN]) + (" …" if len(parts) > _SPANS_SHOWN else "")


def _each(
    table: Table, code: str, found: Iterable[tuple[DidRow, str]], message: Callable[[str, str], tuple[str, str]]
) -> Iterator[Problem]:
    """Tell of DIDs one by one, and of those beyond a thousand at once."""
    rows = {row.row: (row.did, what) for row, what in found if what}
    for row in list(rows)[:MAX_TOLD]:
        yield table.problem(code, row, "did", *message(*rows[row]), value=rows[row][0])
    if rest := list(rows)[MAX_TOLD:]:
        more = f"The same goes for {len(rest):,} more cells of this column: rows {_some(rest)}."
        yield table.problem(code, rest[0], "did", more, "Nothing to do, if that is what you mean.")


def _word(did: str) -> str:
    """Return the pattern letters of a text that looks like a word."""
    letters = [c.casefold() for c in _BRACKETS.sub("", did) if c.isalpha()]
    if all(letter in _STAND_FOR for letter in letters):
        return ""
    return "".join(letter for letter in dict.fromkeys(letters) if letter in _STAND_FOR)


def _word_message(did: str, letters: str) -> tuple[str, str]:
    digits = " and ".join(f"{letter} for a digit {_STAND_FOR[letter]}" for letter in letters)
    stand = "stands" if len(letters) == 1 else "stand"
    return (
        f"On the PBX {digits} {stand}, in capitals or not, so {did} is a pattern and not this word.",
        "Nothing to do, if digits are meant; for a word, ask the carrier for a number to match instead.",
    )


def _odd_span(did: str) -> str:
    """Return a bracket in which a dash joins what nobody counts from one to the other."""
    for bracket in _BRACKETS.findall(did):
        for first, last in _SPAN.findall(bracket[1:-1]):
            letters = (first + last).isalpha() and first.isupper() == last.isupper()
            if not letters and not (first + last).isdecimal():
                return str(bracket)
    return ""


def _span_message(did: str, bracket: str) -> tuple[str, str]:
    first, last = next(iter(_SPAN.findall(bracket[1:-1])))
    return (
        f"{bracket} in {did} stands for any one character from {first} to {last}, in the order of the character table.",
        f"Nothing to do, if that is what you mean; for {first} or any digit type [{first}0-9].",
    )


def _other_notations(table: Table, rows: Sequence[DidRow], numbers: Sequence[str]) -> Iterator[Problem]:
    """Tell of one number that stands on the sheet as ``0…``, ``+44…``, ``0044…`` or ``44…``."""
    heads = set(map(_head, set(map(_LEAD, numbers))))
    if len(heads - {""}) < 2:
        return
    first: dict[str, int] = {}
    national: dict[str, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int]] = []
    for i, number in enumerate(numbers):
        head = _head(number[:2])
        digits = number.removeprefix(head) if head != "1" else number
        if not head or not digits.isdecimal():
            continue
        if head == "0":
            national[digits].append(i)
        elif (other := first.setdefault(digits, i)) != i and numbers[other] != number:
            pairs.append((other, i))
    if national:
        for digits, other in first.items():
            pairs += [
                (min(i, other), max(i, other))
                for cut in (1, 2, 3)
                if len(digits) - cut >= _NATIONAL
                for i in national.get(digits[cut:], ())
            ]
    if pairs:
        yield _notations_told(table, rows, sorted(pairs, key=itemgetter(1)))


def _head(lead: str) -> str:
    """Return what tells the notation of a number: ``+``, ``00``, ``0``, or ``1`` for one that begins with itself."""
    if lead[:1] == "+" or lead == "00":
        return "+" if lead[:1] == "+" else "00"
    if lead[:1] == "0":
        return "0"
    return "1" if lead.isdecimal() else ""


def _notations_told(table: Table, rows: Sequence[DidRow], pairs: Sequence[tuple[int, int]]) -> Problem:
    one, other = (rows[i] for i in pairs[0])
    rest = {rows[i].row for _, i in pairs} - {other.row}
    more = f" So do {len(rest):,} more: rows {_some(rest)}." if rest else ""
    return table.problem(
        "did-notations",
        other.row,
        "did",
        f"{other.did} and {one.did} ({table.cell('did', one.row)}) look like one number in two notations; to the PBX "
        f"they are two.{more}",
        "Keep the notation in which the carrier sends it, if it is one number.",
        value=other.did,
    )
