"""Census: every DID of all trunks of a PBX before and after, what becomes of it, and sums that balance. Pure.

An entry of a list is one DID. Entries are compared as they are, and those that would be gone or new also in E.164, so
that a number that only changes its notation is neither lost nor won. Patterns count for what they cover.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from batch.errors import BatchError
from batch.trunks.diff import keyed
from batch.trunks.e164 import HomeRegion, Numbering, guess_region
from batch.trunks.live import Did
from batch.trunks.patterns import Matcher, covered_numbers, has_patterns, is_pattern, numbers_covered, sample_of
from batch.wording import counted

_END: Final = 7
"""Numbers that are one in E.164 have so many characters at their end in one."""
_WRITTEN_OUT: Final = 10_000
"""The most numbers of a pattern that are looked for one by one."""
_BLOCK: Final = 4
"""A carrier's prefix is a number without so many digits at its end."""
NO_PREFIX: Final = "other"
"""Stands for the prefix of what is too short to have one."""


class CensusDiffers(BatchError):
    """The census does not balance: a bug of ours, and nothing is written on the strength of such a plan (exit 1)."""

    exit_code = 1
    code = "census-differs"

    def __init__(self, when: str, counted: int, there: int) -> None:
        super().__init__(
            f"The number census does not balance: {counted:,} DIDs are accounted for {when}, and the trunks have "
            f"{there:,}.",
            "This is a fault of this tool: ask for help with the workbook and the output of export. Nothing was sent "
            "because of this plan.",
        )


class Fate(StrEnum):
    """What becomes of a DID."""

    KEPT = "kept"
    RENAMED = "renamed"
    """On the same trunk with another name, or in another notation."""
    MOVED = "moved"
    ADDED = "added"
    REMOVED = "removed"


class HeldDid(NamedTuple):
    """A DID on a trunk, by the trunk's id."""

    trunk: int
    did: Did


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """The DIDs of all trunks of a PBX at one time."""

    dids: Mapping[int, Sequence[Did]]
    """By trunk id."""
    names: Mapping[int, str]
    """What the trunks are called then."""

    @property
    def count(self) -> int:
        """How many DIDs there are."""
        return sum(map(len, self.dids.values()))


class CensusLine(NamedTuple):
    """A DID that is not just kept."""

    fate: Fate
    before: HeldDid | None
    after: HeldDid | None
    e164: str
    """Blank where it has no such form."""
    was_on: frozenset[int]
    """The trunks that had the number before, in any notation or by a pattern with an end; of what is renamed, its own
    alone."""
    is_on: frozenset[int]
    """Those that have it afterwards."""
    covered_by: str = ""
    """A pattern that takes afterwards what is removed."""
    orphaned: bool = False
    """Whether the number, or one of those that a pattern covers, is on no trunk afterwards."""

    @property
    def here(self) -> HeldDid:
        """Where it is afterwards; of what is removed, where it was."""
        return self.after or self.before  # type: ignore[return-value] # one of the two is there

    @property
    def doubled(self) -> bool:
        """Whether it brings the number to a trunk while another one has it, and they are more than there were."""
        brought = self.after is not None and self.after.trunk not in self.was_on
        return brought and len(self.is_on) > max(1, len(self.was_on))

    @property
    def taken(self) -> bool:
        """Whether the trunk that had the number has it no more, in no notation."""
        return self.before is not None and self.before.trunk not in self.is_on


@dataclass(slots=True, kw_only=True)
class PrefixCount:
    """What becomes of the DIDs that begin alike."""

    before: int = 0
    after: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What becomes of every DID of a PBX."""

    before: Holdings
    after: Holdings
    region: HomeRegion
    lines: Sequence[CensusLine]
    """Those that are not just kept, by trunk and in the order of its list."""
    counts: Mapping[Fate, int]
    numbers: tuple[int, int]
    """How many numbers the DIDs stand for before and after; those without an end count for nothing."""
    endless: tuple[int, int]
    """How many patterns have no end, before and after."""
    prefixes: Mapping[str, PrefixCount]
    """By prefix in E.164 as far as there is one, ascending; all DIDs are in it."""

    @property
    def says(self) -> str:
        """All of it in a line."""
        count = self.counts
        fates = ", ".join(f"{count[fate]:,} {fate}" for fate in Fate)
        text = f"{self.before.count:,} DIDs before, {self.after.count:,} after: {fates}."
        if self.numbers == (self.before.count, self.after.count):
            return text
        endless = f", and {counted(self.endless[1], 'pattern')} without an end" if self.endless[1] else ""
        return f"{text} With patterns they are {self.numbers[0]:,} numbers before, {self.numbers[1]:,} after{endless}."


def take_census(before: Holdings, after: Holdings, region: str = "") -> Census:
    """Say of every DID what becomes of it.

    Args:
        before: what the trunks hold.
        after: what they shall hold, or do by now.
        region: whose national numbers are meant, as ``GB``; else it is guessed from the numbers.

    Raises:
        CensusDiffers: the sums do not balance.
    """
    told = HomeRegion(region.upper()) if region else guess_region(dict.fromkeys(_numbers(before, after)))
    numbering = Numbering(told.code)
    fates = _Fates()
    for trunk in dict.fromkeys([*before.dids, *after.dids]):
        fates.compare(trunk, before.dids.get(trunk, ()), after.dids.get(trunk, ()))
    pairs = fates.paired(numbering)
    counts = Counter(fate for fate, _, _ in pairs)
    counts[Fate.KEPT] = fates.kept
    both = fates.kept + counts[Fate.RENAMED] + counts[Fate.MOVED]
    for when, one_sided, holdings in (("before", Fate.REMOVED, before), ("after", Fate.ADDED, after)):
        if both + counts[one_sided] != holdings.count:
            raise CensusDiffers(when, both + counts[one_sided], holdings.count)
    lines = _lines(pairs, before, after, numbering)
    stands_for = [[numbers_covered(number) for number in _numbers(holdings)] for holdings in (before, after)]
    return Census(
        before=before,
        after=after,
        region=told,
        lines=lines,
        counts=counts,
        numbers=(sum(stands_for[0]), sum(stands_for[1])),
        endless=(stands_for[0].count(0), stands_for[1].count(0)),
        prefixes=_by_prefix(before, after, lines, numbering),
    )


def _numbers(*holdings: Holdings) -> Iterator[str]:
    return (did.number for held in holdings for dids in held.dids.values() for did in dids)


_Pair: TypeAlias = tuple[Fate, HeldDid | None, HeldDid | None]


class _Fates:
    """Pairs what is gone from trunks with what is new on them."""

    def __init__(self) -> None:
        self.kept = 0
        self._pairs: list[_Pair] = []
        self._gone: list[HeldDid] = []
        self._new: list[HeldDid] = []

    def compare(self, trunk: int, old: Sequence[Did], new: Sequence[Did]) -> None:
        """Take in what one trunk holds before and after."""
        if old is new or tuple(old) == tuple(new):
            self.kept += len(old)
            return
        was, becomes = keyed(old), keyed(new)
        for key, did in was.items():
            now = becomes.get(key)
            if now is None:
                self._gone.append(HeldDid(trunk, did))
            elif now.name == did.name:
                self.kept += 1
            else:
                self._pairs.append((Fate.RENAMED, HeldDid(trunk, did), HeldDid(trunk, now)))
        self._new += [HeldDid(trunk, did) for key, did in becomes.items() if key not in was]

    def paired(self, numbering: Numbering) -> list[_Pair]:
        """Pair the same text first, then the same number in two notations; what is left is removed or added."""
        self._pair(lambda did: did.key)
        shared = {_end(held.did) for held in self._gone} & {_end(held.did) for held in self._new}
        self._pair(lambda did: _identity(did, numbering) if _end(did) in shared else "")
        self._pairs += [(Fate.REMOVED, held, None) for held in self._gone]
        self._pairs += [(Fate.ADDED, None, held) for held in self._new]
        return self._pairs

    def _pair(self, identity: Callable[[Did], str]) -> None:
        """Pair all that have one identity, on one trunk rather than on two; a blank one is none."""
        waiting: defaultdict[str, list[int]] = defaultdict(list)
        for place, held in enumerate(self._gone):
            waiting[identity(held.did)].append(place)
        waiting.pop("", None)
        taken, unpaired = set(), []
        for held in self._new:
            places = waiting.get(identity(held.did))
            if not places:
                unpaired.append(held)
                continue
            own = (turn for turn, place in enumerate(places) if self._gone[place].trunk == held.trunk)
            place = places.pop(next(own, 0))
            taken.add(place)
            before = self._gone[place]
            self._pairs.append((Fate.RENAMED if before.trunk == held.trunk else Fate.MOVED, before, held))
        self._gone = [held for place, held in enumerate(self._gone) if place not in taken]
        self._new = unpaired


def _end(did: Did) -> str:
    return did.number[-_END:].upper()


def _identity(did: Did, numbering: Numbering) -> str:
    """Return what all notations of a number have in common."""
    return numbering.e164(did.number) or did.key


class _Patterns:
    """Patterns, asked which of them take a number, in its own notation or in E.164; one that takes all is no answer."""

    def __init__(self, patterns: Iterable[HeldDid], numbering: Numbering) -> None:
        self.trunks: defaultdict[str, set[int]] = defaultdict(set)
        """By pattern."""
        self._numbering = numbering
        self._heads: defaultdict[str, dict[str, tuple[str, Matcher]]] = defaultdict(dict)
        for trunk, did in patterns:
            self.trunks[did.key].add(trunk)
        for pattern in self.trunks:
            for form in {pattern, numbering.e164(pattern)} - {""}:
                head = sample_of(form)[0]
                if head.strip("+") or numbers_covered(pattern):
                    self._heads[head][form] = pattern, Matcher([form])
        self._lengths = sorted({len(head) for head in self._heads})

    def taking(self, did: str) -> set[str]:
        """Return those that take all that a DID stands for."""
        if not self._heads:
            return set()
        found = set()
        for form in {did, self._numbering.e164(did)} - {""}:
            heads = (self._heads.get(form[:length], {}) for length in self._lengths)
            for pattern, matcher in (one for head in heads for one in head.values()):
                if matcher.first_for(form) is not None:
                    found.add(pattern)
        return found


class _Where:
    """Which trunks have a number at one time, asked of those whose ends, or patterns, are given."""

    def __init__(self, holdings: Holdings, ends: AbstractSet[str], sought: _Patterns, numbering: Numbering) -> None:
        self._numbering = numbering
        self._trunks: defaultdict[str, set[int]] = defaultdict(set)
        self._inside: defaultdict[str, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        patterns: list[HeldDid] = []
        for trunk, dids in holdings.dids.items():
            if has_patterns(did.number for did in dids):
                patterns += [HeldDid(trunk, did) for did in dids if is_pattern(did.number)]
            for did in dids:
                if _end(did) in ends:
                    self._trunks[_identity(did, numbering)].add(trunk)
                if sought.trunks:
                    for pattern in sought.taking(did.number):
                        self._inside[pattern][_identity(did, numbering)].add(trunk)
        self._patterns = _Patterns(patterns, numbering)

    def trunks(self, did: Did, identity: str) -> frozenset[int]:
        """Return the trunks that have a number, or one that a pattern covers; patterns without an end do not count."""
        found = {*self._trunks.get(identity, ())}
        for trunks in self._inside.get(did.key, {}).values() if self._inside else ():
            found |= trunks
        for pattern in self._patterns.taking(did.number):
            if numbers_covered(pattern):
                found |= self._patterns.trunks[pattern]
        return frozenset(found)

    def covering(self, did: Did) -> str:
        """Return a pattern that takes all that a DID stands for; blank where none does."""
        return min(self._patterns.taking(did.number), default="")

    def has_all(self, pattern: Did) -> bool:
        """Tell whether each number of a pattern is on a trunk; what is too much to be written out is not."""
        if not 0 < numbers_covered(pattern.number) <= _WRITTEN_OUT:
            return False
        inside: Mapping[str, AbstractSet[int]] = self._inside.get(pattern.key, {})
        numbers = map(Did, covered_numbers(pattern.number))
        return all(_identity(did, self._numbering) in inside or self.covering(did) for did in numbers)


def _lines(pairs: Sequence[_Pair], before: Holdings, after: Holdings, numbering: Numbering) -> list[CensusLine]:
    """Say of each DID that is not just kept which trunks have its number before and after."""
    elsewhere = [new or old for fate, old, new in pairs if fate is not Fate.RENAMED]
    held = [one for one in elsewhere if one is not None]
    sought = _Patterns((one for one in held if numbers_covered(one.did.number) > 1), numbering)
    ends = {_end(one.did) for one in held}
    was, becomes = (_Where(holdings, ends, sought, numbering) for holdings in (before, after))

    def line(pair: _Pair) -> CensusLine:
        fate, old, new = pair
        trunk, did = new or old  # type: ignore[misc] # one of the two is there
        e164 = numbering.e164(did.number)
        if fate is Fate.RENAMED:
            own = frozenset([trunk])
            return CensusLine(*pair, e164, own, own)
        identity = e164 or did.key
        was_on, is_on = was.trunks(did, identity), becomes.trunks(did, identity)
        covered_by = becomes.covering(did) if fate is Fate.REMOVED else ""
        orphaned = fate is Fate.REMOVED and not covered_by
        if orphaned:
            orphaned = not becomes.has_all(did) if is_pattern(did.number) else not is_on
        return CensusLine(*pair, e164, was_on, is_on, covered_by, orphaned)

    order = {trunk: place for place, trunk in enumerate(dict.fromkeys([*before.dids, *after.dids]))}
    return sorted(map(line, pairs), key=lambda line: order[line.here.trunk])


def _by_prefix(
    before: Holdings, after: Holdings, lines: Iterable[CensusLine], numbering: Numbering
) -> Mapping[str, PrefixCount]:
    fates: defaultdict[Fate, list[str]] = defaultdict(list)
    for line in lines:
        fates[line.fate].append(line.here.did.number)
    counts: defaultdict[str, PrefixCount] = defaultdict(PrefixCount)
    for prefix, count in _prefixes(_numbers(before), numbering):
        counts[prefix].before += count
    for prefix, count in _prefixes(_numbers(after), numbering):
        counts[prefix].after += count
    for fate, numbers in fates.items():
        for prefix, count in _prefixes(numbers, numbering):
            counts[prefix].fates[fate] += count
    for of_prefix in counts.values():
        of_prefix.fates[Fate.KEPT] = of_prefix.after - sum(
            n for fate, n in of_prefix.fates.items() if fate is not Fate.REMOVED
        )
    return dict(sorted(counts.items()))


def _prefixes(numbers: Iterable[str], numbering: Numbering) -> Iterator[tuple[str, int]]:
    """Yield what the numbers of each carrier's block begin with, their last four digits left off, and how many."""
    blocks: Counter[tuple[str, int]] = Counter()
    samples: dict[tuple[str, int], str] = {}
    for number in numbers:
        block = (number[:-_BLOCK], len(number)) if number[-_BLOCK:].isdecimal() else (number, 0)
        blocks[block] += 1
        samples[block] = number
    for block, count in blocks.items():
        number = samples[block]
        fixed = sample_of((numbering.e164(number) or number)[:-_BLOCK])[0]
        yield fixed if len(fixed.lstrip("+")) > 2 else NO_PREFIX, count
