"""A migration as carriers are changed: 40 trunks, DIDs that go to new ones, down a chain, and round in circles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import NamedTuple, TypeAlias

from batch.practice.state import PbxState
from tests.flows.shell import Json, pbx

Entry: TypeAlias = tuple[str, str]
"""A DID and its name."""
Lists: TypeAlias = Mapping[int, Sequence[Entry]]
"""By trunk id, in order."""

OLD, NEW, SWAPPING = range(1, 21), range(21, 33), range(33, 41)
NAMES = {i: f"{'Old' if i in OLD else 'New' if i in NEW else 'Site'}-{i}" for i in (*OLD, *NEW, *SWAPPING)}
BLOCK = 10
"""So many numbers follow each other; some blocks are a range in one row."""


class Move(NamedTuple):
    """A DID, by the ids of the trunks that give it up and get it, and the name that the row gives it."""

    number: str
    giver: int
    receiver: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What a PBX holds, and what moves."""

    before: Lists
    moves: Sequence[Move]
    rows: Sequence[Sequence[str]]
    """Of the sheet DIDs, with its header."""

    @property
    def after(self) -> dict[int, dict[str, str]]:
        """Return what each trunk shall hold: the names by DID."""
        wanted = {trunk: dict(entries) for trunk, entries in self.before.items()}
        for number, giver, receiver, name in self.moves:
            had = wanted[giver].pop(number)
            wanted[receiver][number] = name or had
        return wanted

    @property
    def trunks(self) -> set[int]:
        """Return the ids of those that change."""
        return {trunk for move in self.moves for trunk in (move.giver, move.receiver)}

    @property
    def least_writes(self) -> int:
        """Return the least possible number of writes: one a trunk, and another of each that must be written twice."""
        return len(self.trunks) + fewest_twice((move.giver, move.receiver) for move in self.moves)

    def state(self) -> PbxState:
        """Return a PBX that holds it."""
        return pbx([_trunk(i, entries) for i, entries in self.before.items()])


def migration(moves: int, seed: int = 5) -> Migration:
    """Draw a migration of about so many DIDs, whole blocks of them.

    Of each 25 blocks 20 go from old trunks to new ones, one down a chain of five old ones, and four among eight trunks
    that swap: each gives to two others. One DID in three stays where it is; four in five have a name.
    """
    rng = Random(seed)  # noqa: S311 - not for secrets
    blocks = moves // BLOCK
    ways = [(OLD[i % 20], NEW[i // 20 % 12]) for i in range(blocks * 20 // 25)]
    ways += [(OLD[i % 5], OLD[i % 5 + 1]) for i in range(blocks // 25)]
    others = {i: rng.sample([j for j in SWAPPING if j != i], 2) for i in SWAPPING}
    ways += [(SWAPPING[i % 8], others[SWAPPING[i % 8]][i // 8 % 2]) for i in range(blocks - len(ways))]
    before: defaultdict[int, list[Entry]] = defaultdict(list, {i: [] for i in NAMES})
    moved: list[Move] = []
    rows: list[Sequence[str]] = [("Trunk", "DID", "DID name", "Move from")]
    for at, (giver, receiver) in enumerate(ways):
        first = 442_000_000_000 + at * 100
        numbers = [str(first + i) for i in range(BLOCK)]
        name = f"Renamed {at}" if at % 7 == 0 else ""
        there = [(did, f"Desk {did[-6:]}" if rng.random() < 0.8 else "") for did in numbers]
        stay = [(str(first + 50 + i), f"Stays {i}") for i in range(BLOCK // 2)]
        before[giver] += rng.sample([*there, *stay], len(there) + len(stay)) if at % 3 else [*stay, *there]
        moved += [Move(did, giver, receiver, name) for did in numbers]
        cells = [f"{numbers[0]}-{numbers[-1]}"] if at % 5 == 0 else numbers
        rows += [(NAMES[receiver], cell, name, NAMES[giver]) for cell in cells]
    return Migration(before=dict(before), moves=moved, rows=rows)


def _trunk(number: int, entries: Iterable[Entry]) -> Json:
    dids = [{"did": did, "did_name": name} for did, name in entries]
    return {"id": number, "name": NAMES[number], "type": "register", "hostname": "sip.example", "did_list": dids}


def lists_of(state: PbxState) -> dict[int, list[Entry]]:
    """Return what a PBX holds."""
    return {i: [(one["did"], one["did_name"]) for one in trunk["did_list"]] for i, trunk in state.trunks.items()}


def census(lists: Lists) -> Counter[str]:
    """Count on how many trunks each DID is."""
    return Counter(did for entries in lists.values() for did, _ in entries)


def fewest_twice(ways: Iterable[tuple[int, int]]) -> int:
    """Return how many trunks at least must be written twice, by trying: without them nothing goes round in a circle.

    A trunk that is written once gets all and gives all in one write, which waits for the write of each that gets
    something from it.
    """
    edges = set(ways)
    left = {trunk for edge in edges for trunk in edge}
    while ends := {t for t in left if not all(any(e[k] == t and e[1 - k] in left for e in edges) for k in (0, 1))}:
        left -= ends
    for count in range(len(left) + 1):
        for chosen in combinations(sorted(left), count):
            if not any(_circles(edges, left.difference(chosen))):
                return count
    raise AssertionError


def _circles(edges: set[tuple[int, int]], trunks: set[int]) -> Iterator[int]:
    """Yield the trunks that are on a circle, or between two."""
    left = set(trunks)
    while True:
        givers = {giver for giver, receiver in edges if giver in left and receiver in left}
        if givers == left:
            break
        left = givers
    yield from left
