"""Patterns: DIDs that stand for more than one number, and which of many a PBX takes first.

``X`` 0-9, ``Z`` 1-9, ``N`` 2-9 (either case), ``[27-9]``, ``.`` one or more of anything, ``!`` none or more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

_Characters: TypeAlias = frozenset[str]
_DIGITS: Final[dict[str, _Characters]] = {
    "X": frozenset("0123456789"),
    "Z": frozenset("123456789"),
    "N": frozenset("23456789"),
}
_NUMBERS: Final = re.compile(r"[0-9+]*+")
_PARTS: Final = re.compile(r"\[[^\[\]]+\]|.", re.DOTALL)
_IN_BRACKET: Final = re.compile(r".-.|.", re.DOTALL)
_MOST_STATES: Final = 100_000
_MOST_PLACES: Final = 300_000
"""So much is remembered of where patterns lead, and in so many places of them; then it is begun anew."""


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


class Matcher:
    """DIDs in their order on a trunk, asked which of them a PBX takes first.

    All of them are followed at once, a character at a time; where they lead is remembered, so that many numbers
    cost little more than the characters they have, however many patterns there are.
    """

    def __init__(self, dids: Iterable[str], *, most_places: int = _MOST_PLACES) -> None:
        """Put them together by how they begin; of where they lead, so many places are remembered."""
        self._most_places = most_places
        self._nodes = [_Node()]
        for order, did in enumerate(dids):
            at = 0
            for element in _elements(did):
                at = self._next(at, element)
            if self._nodes[at].order is None:
                self._nodes[at].order = order
        self._states: dict[frozenset[int], _State] = {}
        self._places = 0
        self._start = self._state(frozenset([0]))

    def first(self, number: str) -> int | None:
        """Return the place of the first DID that takes a number; None where none does."""
        return self._led(number if number.isdecimal() else number.casefold()).order

    def first_for(self, did: str) -> int | None:
        """Return the place of the first DID that takes everything that a DID or pattern stands for."""
        return self._led(_elements(did)).order

    def _led(self, elements: Iterable[str | _Element]) -> _State:
        """Follow characters, or places of a pattern, from the beginning."""
        if len(self._states) > _MOST_STATES or self._places > self._most_places:
            self._states.clear()
            self._places = 0
            self._start = self._state(frozenset([0]))
        state = self._start
        for element in elements:
            state = state[element]
            if not state.nodes:
                break
        return state

    def _next(self, at: int, element: _Element) -> int:
        node = self._nodes[at]
        if element not in node.next:
            node.next[element] = len(self._nodes)
            self._nodes.append(_Node(loops=isinstance(element, _Any)))
        return node.next[element]

    def _state(self, nodes: frozenset[int]) -> _State:
        if nodes not in self._states:
            self._states[nodes] = _State(self, self._with_none(nodes))
            self._places += len(nodes)
        return self._states[nodes]

    def _with_none(self, nodes: Iterable[int]) -> frozenset[int]:
        """Go on over every ``!``, which takes none as well."""
        found, left = set(nodes), list(nodes)
        while left:
            more = self._nodes[left.pop()].next.get(_Any.NONE_OR_MORE)
            if more is not None and more not in found:
                found.add(more)
                left.append(more)
        return frozenset(found)

    def follow(self, nodes: Iterable[int], element: str | _Element) -> _State:
        """Return where a character, or a place of a pattern, leads to."""
        taken: set[int] = set()
        for at in nodes:
            node = self._nodes[at]
            if node.loops:
                taken.add(at)
            for place, after in node.next.items():
                if _takes(place, element):
                    taken.add(after)
        return self._state(frozenset(taken))

    def order_of(self, nodes: Iterable[int]) -> int | None:
        """Return the first of the DIDs that end here."""
        return min((o for o in (self._nodes[at].order for at in nodes) if o is not None), default=None)


class _Node:
    """A place that DIDs beginning alike have in common."""

    __slots__ = ("loops", "next", "order")

    def __init__(self, *, loops: bool = False) -> None:
        self.next: dict[_Element, int] = {}
        self.loops = loops
        """Whether anything more may stand here."""
        self.order: int | None = None
        """Which DID ends here, the first of equal ones."""


class _State(dict["str | _Element", "_State"]):
    """Where all DIDs are that take what has been seen; asked for a character, where they are then."""

    __slots__ = ("_matcher", "nodes", "order")

    def __init__(self, matcher: Matcher, nodes: frozenset[int]) -> None:
        super().__init__()
        self._matcher = matcher
        self.nodes = nodes
        self.order = matcher.order_of(nodes)

    def __missing__(self, element: str | _Element) -> _State:
        state = self._matcher.follow(self.nodes, element)
        self[element] = state
        return state


def _takes(place: _Element, element: str | _Element) -> bool:
    """Tell whether a place of a DID takes a character, or everything that a place of another DID may be."""
    if isinstance(place, _Any):
        return place is _Any.NONE_OR_MORE or element is not _Any.NONE_OR_MORE
    if isinstance(element, _Any):
        return False
    return element in place if isinstance(element, str) else element <= place


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
