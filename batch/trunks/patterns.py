"""Patterns: DIDs that stand for more than one number, which of many a PBX takes first, and those it never comes to.

``X`` 0-9, ``Z`` 1-9, ``N`` 2-9 (either case), ``[27-9]``, ``.`` one or more of anything, ``!`` none or more.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import lru_cache, reduce
from itertools import dropwhile, takewhile
from math import prod
from operator import and_, itemgetter, or_
from typing import Final, TypeAlias

import numpy as np

from batch.schema.problems import Problem
from batch.tables.cells import MAX_TOLD
from batch.tables.table import Table
from batch.tables.written_numbers import BRACKET
from batch.trunks.entries import Entries
from batch.trunks.model import DidRow, dids_of
from batch.wording import counted, spans

_Characters: TypeAlias = frozenset[str]
_DIGITS: Final[dict[str, _Characters]] = {
    "X": frozenset("0123456789"),
    "Z": frozenset("123456789"),
    "N": frozenset("23456789"),
}
_NUMBERS: Final = re.compile(r"[0-9+]*+")
_PARTS: Final = re.compile(r"\[[^\[\]]+\]|.", re.DOTALL)
_IN_BRACKET: Final = re.compile(r".-.|.", re.DOTALL)
_MOST_OCTETS: Final = 64 << 20
_OCTETS_OF_A_STATE: Final = 800
"""So much is remembered of where patterns lead, then it is begun anew; and about so much of it by what is no number."""


class _Any(Enum):
    """A place that takes whatever there is."""

    ONE_OR_MORE = "."
    NONE_OR_MORE = "!"


_Element: TypeAlias = _Characters | _Any
"""What one place of a DID takes."""


def is_pattern(did: str) -> bool:
    """Tell whether a DID stands for more than one number."""
    return not did.lstrip("+").isdecimal() and any(c in "XZN[].!" for c in did.upper())


def has_patterns(dids: Iterable[str]) -> bool:
    """Tell of many DIDs in one go whether any of them may stand for more than one number."""
    return not _NUMBERS.fullmatch("".join(dids))


def numbers_covered(did: str) -> int:
    """Count the numbers that a DID stands for; 0 where there is no end to them."""
    if not is_pattern(did):
        return 1
    return prod(0 if isinstance(place, _Any) else len(place) for place in _elements(did))


def sample_of(pattern: str) -> tuple[str, str, str]:
    """Return what is fixed in front of a pattern, the rest of it, and a number that it stands for.

    The number is blank where that has something else than digits in it.
    """
    parts = _PARTS.findall(pattern)
    fixed = "".join(takewhile(lambda part: part.isdecimal() or part == "+", parts))
    places = [place for place in _elements(pattern[len(fixed) :]) if place is not _Any.NONE_OR_MORE]
    wild = ("5" if isinstance(place, _Any) or "5" in place else min(place, default="") for place in places)
    sample = "".join([fixed, *wild])
    return fixed, pattern[len(fixed) :], sample if sample.lstrip("+").isdecimal() else ""


class Matcher:
    """DIDs in their order on a trunk, asked which of them a PBX takes first.

    All of them are followed at once, a character at a time: those that are at the same of their places are the bits of
    one number, the first DID the lowest. Where they lead is remembered, up to ``most_octets``, so that many numbers
    cost little more than the characters they have.
    """

    def __init__(self, dids: Iterable[str], *, most_octets: int = _MOST_OCTETS) -> None:
        taking: dict[tuple[int, _Element], list[int]] = defaultdict(list)
        ending: dict[int, list[int]] = defaultdict(list)
        for order, did in enumerate(dids):
            elements = _elements(did)
            ending[len(elements)].append(order)
            for place, element in enumerate(elements):
                taking[place, element].append(order)
        self._ends = [_bits(ending[place]) for place in range(max(ending, default=0) + 1)]
        self._elements: list[dict[_Element, int]] = [{} for _ in self._ends]
        for (place, element), orders in taking.items():
            self._elements[place][element] = _bits(orders)
        none = [of.get(_Any.NONE_OR_MORE, 0) for of in self._elements]
        self._loops = [0, *(of.get(_Any.ONE_OR_MORE, 0) | more for of, more in zip(self._elements, none, strict=True))]
        self._skips = [(place, orders) for place, orders in enumerate(none) if orders]
        self._takers: dict[tuple[int, str | _Element], int] = {}
        self._most_octets = most_octets
        self._octets = 0
        self._states: dict[Hashable, _State] = {}
        self._start = self._state({0: reduce(or_, self._ends)}, None)

    def first(self, number: str) -> int | None:
        """Return the place of the first DID that takes a number; None where none does."""
        return self._led(number if number.isdecimal() else number.casefold())

    def first_for(self, did: str) -> int | None:
        """Return the place of the first DID that takes everything that a DID or pattern stands for."""
        return self._led(_elements(did))

    def _led(self, elements: Iterable[str | _Element]) -> int | None:
        if self._octets > self._most_octets:
            self._octets = 0
            self._states.clear()
            self._start = self._state({0: reduce(or_, self._ends)}, None)
        state = self._start
        for element in elements:
            state = state[element]
            if not state.at:
                break
        return state.order

    def follow(self, state: _State, element: str | _Element) -> _State:
        """Return where a character, or a place of a pattern, leads to."""
        after: dict[int, int] = defaultdict(int)
        for place, orders in state.at.items():
            if staying := orders & self._loops[place]:
                after[place] |= staying
            if going := orders & self._taking(place, element):
                after[place + 1] |= going
        return self._state(after, state.taken)

    def _taking(self, place: int, element: str | _Element) -> int:
        if isinstance(element, frozenset) and element:
            return reduce(and_, (self._taking(place, character) for character in element))
        if (place, element) not in self._takers:
            taking = (orders for of, orders in self._elements[place].items() if _takes(of, element))
            self._takers[place, element] = reduce(or_, taking, 0)
        return self._takers[place, element]

    def _state(self, at: dict[int, int], taken: int | None) -> _State:
        """Go on over every ``!``, which takes none as well; of those that take whatever follows, keep the first."""
        for place, orders in self._skips:
            if skipping := at.get(place, 0) & orders:
                at[place + 1] = at.get(place + 1, 0) | skipping
        taken = _least(taken, (orders & self._loops[place] & self._ends[place] for place, orders in at.items()))
        below = -1 if taken is None else (1 << taken) - 1
        places = tuple(sorted((place, orders & below) for place, orders in at.items() if orders & below))
        if (places, taken) not in self._states:
            order = _least(taken, (orders & self._ends[place] for place, orders in places))
            self._states[places, taken] = _State(self, dict(places), taken, order)
            self._octets += _OCTETS_OF_A_STATE + sum(orders.bit_length() for _, orders in places) // 8
        return self._states[places, taken]


class _State(dict["str | _Element", "_State"]):
    """Where all DIDs are that take what has been seen; asked for a character, where they are then."""

    __slots__ = ("_matcher", "at", "order", "taken")

    def __init__(self, matcher: Matcher, at: Mapping[int, int], taken: int | None, order: int | None) -> None:
        super().__init__()
        self._matcher = matcher
        self.at = at
        """Which DIDs are at which of their places."""
        self.taken = taken
        """The first DID that has taken all that may follow; those after it are followed no more."""
        self.order = order
        """The first DID that takes what has been seen."""

    def __missing__(self, element: str | _Element) -> _State:
        state = self._matcher.follow(self, element)
        self[element] = state
        return state


def _least(known: int | None, more: Iterable[int]) -> int | None:
    """Return the lowest of the bits that are set in any number, and of the one that is known."""
    lowest = [(orders & -orders).bit_length() - 1 for orders in more if orders]
    return min(lowest if known is None else [*lowest, known], default=None)


def _bits(orders: Sequence[int]) -> int:
    """Return a number of which these bits are set; they ascend."""
    if len(orders) < 2:
        return 1 << orders[0] if orders else 0
    octets = bytearray(orders[-1] // 8 + 1)
    for order in orders:
        octets[order >> 3] |= 1 << (order & 7)
    return int.from_bytes(octets, "little")


def _takes(place: _Element, element: str | _Element) -> bool:
    """Tell whether a place of a DID takes a character, or everything that a place of another DID may be."""
    if isinstance(place, _Any):
        return place is _Any.NONE_OR_MORE or element is not _Any.NONE_OR_MORE
    if isinstance(element, _Any):
        return False
    return element in place if isinstance(element, str) else element <= place


def overlap(one: str, other: str) -> bool:
    """Tell whether any number is taken by both of two DIDs or patterns."""
    return _meet(_elements(one), _elements(other))


@lru_cache(maxsize=4096)
def _meet(mine: Sequence[_Element], theirs: Sequence[_Element]) -> bool:
    if not (mine and theirs):
        return {*mine, *theirs} <= {_Any.NONE_OR_MORE}
    one, other = mine[0], theirs[0]
    if _Any.NONE_OR_MORE in {one, other}:  # it takes none, or all of the other's place
        return _meet(mine[1:], theirs) or _meet(mine, theirs[1:])
    if not (isinstance(one, _Any) or isinstance(other, _Any) or one & other):
        return False
    more = [(_Any.NONE_OR_MORE,) if isinstance(place, _Any) else () for place in (one, other)]
    return _meet((*more[0], *mine[1:]), (*more[1], *theirs[1:]))


@lru_cache(maxsize=4096)
def _elements(did: str) -> Sequence[_Element]:
    return tuple(_element(part) for part in _PARTS.findall(did))


def _element(part: str) -> _Element:
    if part in {".", "!"}:
        return _Any(part)
    if len(part) > 1:
        return _characters_of(part[1:-1])
    return _DIGITS.get(part.upper(), frozenset(part.casefold()))


def _characters_of(inside: str) -> _Characters:
    """Return what ``[27-9]`` stands for, whatever a PBX lets stand there."""
    found: set[str] = set()
    for part in _IN_BRACKET.findall(inside):
        if len(part) == 1:
            found.add(part.casefold())
        else:
            found.update(chr(code).casefold() for code in range(ord(part[0]), ord(part[2]) + 1))
    return frozenset(found)


_NUMBER: Final = re.compile(r"\+?[0-9]++")
_SPAN: Final = re.compile(r"([^\[\]])-([^\[\]])")
_LEAD: Final = itemgetter(slice(0, 2))
_STAND_FOR: Final = {"x": "0-9", "z": "1-9", "n": "2-9"}
_SPANS_SHOWN: Final = 5
_NATIONAL: Final = 7
"""A number of fewer digits, its 0 in front left out, is not looked for among international ones."""


def did_notices(table: Table, dids: Entries[DidRow], removing: AbstractSet[int]) -> Iterator[Problem]:
    """Tell of patterns that hide rows below them, of words and brackets that are patterns, and of other notations.

    ``removing`` holds the Trunks rows whose list says what goes: nothing is matched by it.
    """
    numbers = dids_of(dids.rows)
    if dids.together.count("\n+") < len(numbers):  # or else all have one notation
        yield from _other_notations(table, dids.rows, numbers)
        yield from _zeros_lost(table, dids.rows, numbers)
    if dids.plain:
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
    matcher = _matcher(tuple(pattern.number for pattern in patterns))
    hidden: dict[int, dict[int, str]] = defaultdict(dict)
    for row, is_one in dropwhile(lambda of: not of[1], rows):
        found = matcher.first_for(row.number) if is_one else matcher.first(row.number)
        if found is not None and patterns[found].row < row.row:
            hidden[found].setdefault(row.row, row.number)
    for found, below in sorted(hidden.items()):
        at, pattern, _ = patterns[found]
        first, *rest = below
        more = f" Nor do {len(rest):,} more rows: {_some(rest)}." if len(rest) > 1 else ""
        more = f" Nor does {table.cell('did', rest[0])}." if len(rest) == 1 else more
        yield table.problem(
            "did-never-reached",
            at,
            "did",
            f"{pattern} matches every call to {below[first]} first, so {table.cell('did', first)} never matches.{more}",
            f"Move {pattern} below the rows that must match before it: the PBX uses the first match.",
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
    rows = {row.row: (row.number, what) for row, what in found if what}
    for row in list(rows)[:MAX_TOLD]:
        yield table.problem(code, row, "did", *message(*rows[row]), value=rows[row][0])
    if rest := list(rows)[MAX_TOLD:]:
        more = f"The same applies to {len(rest):,} more cells of this column: rows {_some(rest)}."
        yield table.problem(code, rest[0], "did", more, "Nothing to do, if that is what you mean.")


def _word(did: str) -> str:
    """Return the pattern letters of a text that looks like a word."""
    letters = [c.casefold() for c in BRACKET.sub("", did) if c.isalpha()]
    if all(letter in _STAND_FOR for letter in letters):
        return ""
    return "".join(letter for letter in dict.fromkeys(letters) if letter in _STAND_FOR)


def _word_message(did: str, letters: str) -> tuple[str, str]:
    digits = " and ".join(f"{letter} as any digit {_STAND_FOR[letter]}" for letter in letters)
    return (
        f"The PBX reads {digits}, in upper or lower case, so {did} is a pattern, not a word.",
        "Nothing to do, if you mean digits; if you mean the word, ask the carrier for a number to match instead.",
    )


def _odd_span(did: str) -> str:
    """Return a bracket in which a dash joins what nobody counts from one to the other."""
    for bracket in BRACKET.findall(did):
        for first, last in _SPAN.findall(bracket[1:-1]):
            letters = (first + last).isalpha() and first.isupper() == last.isupper()
            if not letters and not (first + last).isdecimal():
                return str(bracket)
    return ""


def _span_message(did: str, bracket: str) -> tuple[str, str]:
    first, last = next(iter(_SPAN.findall(bracket[1:-1])))
    return (
        f"{bracket} in {did} matches any one character from {first} to {last} in the order of the character table.",
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


def _zeros_lost(table: Table, rows: Sequence[DidRow], numbers: Sequence[str]) -> Iterator[Problem]:
    """Tell of numbers that would begin as others do, and be as long, if they had a 0 in front."""
    national = {(len(number), number[:3]) for number in numbers if number[:1] == "0" and number.isdecimal()}
    if not national:
        return
    others = ((i, number) for i, number in enumerate(numbers) if number[:1] != "0")
    lost = [i for i, n in others if (len(n) + 1, f"0{n[:2]}") in national and n.isdecimal()]
    if lost:
        row = rows[lost[0]]
        rest = {rows[i].row for i in lost} - {row.row}
        more = f" The same goes for {counted(len(rest), 'other row')}: {_some(rest)}." if rest else ""
        yield table.problem(
            "did-zero-lost",
            row.row,
            "did",
            f"{row.number} may have lost a 0 in front: others of its length begin with 0{row.number[:2]}.{more}",
            f"Type 0{row.number}, if that is the number.",
            value=row.number,
        )


def _notations_told(table: Table, rows: Sequence[DidRow], pairs: Sequence[tuple[int, int]]) -> Problem:
    one, other = (rows[i] for i in pairs[0])
    rest = {rows[i].row for _, i in pairs} - {other.row}
    more = f" So do {len(rest):,} more: rows {_some(rest)}." if rest else ""
    return table.problem(
        "did-notations",
        other.row,
        "did",
        f"{other.number} and {one.number} ({table.cell('did', one.row)}) look like one number in two formats; to the "
        f"PBX they are two numbers.{more}",
        "If it is one number, keep the format that the carrier sends.",
        value=other.number,
    )
