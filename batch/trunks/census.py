"""Census: every DID of all trunks of a PBX before and after, what becomes of it, and sums that balance. Pure.

An entry of a list is one DID. Entries are compared as they are, and those that would be gone or new also in E.164, so
that a number that only changes its notation is neither lost nor won. Patterns count for what they cover.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from batch.errors import BatchError
from batch.trunks.e164 import BLOCK, HomeRegion, e164, guess_region, identity
from batch.trunks.live import Did
from batch.trunks.patterns import Matcher, is_pattern, numbers_covered, sample_of
from batch.wording import counted

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


COUNTED: Final = ("before", "after", *map(str, Fate))
"""What is counted for each prefix."""


class HeldDid(NamedTuple):
    """A DID on a trunk, by the trunk's id."""

    trunk: int
    did: Did


@dataclass(frozen=True, kw_only=True)
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

    @property
    def entries(self) -> Iterator[tuple[int, str]]:
        """All DIDs as text, each with its trunk."""
        return ((trunk, did.number) for trunk, dids in self.dids.items() for did in dids)

    @cached_property
    def numbers(self) -> int:
        """How many numbers the DIDs stand for; those without an end count for nothing."""
        return sum(numbers_covered(did) for _, did in self.entries)

    @cached_property
    def endless(self) -> int:
        """How many patterns have no end."""
        return sum(not numbers_covered(did) for _, did in self.entries)


class CensusLine(NamedTuple):
    """A DID that is not just kept."""

    fate: Fate
    before: HeldDid | None
    after: HeldDid | None
    e164: str
    """Blank where it has no such form."""
    was_on: frozenset[int]
    """The trunks that had the number before, in any notation or by a pattern with an end."""
    is_on: frozenset[int]
    """Those that have it afterwards."""
    orphaned: bool
    """Whether it is removed, and the number, or one of those that a pattern covers, is on no trunk afterwards."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What becomes of every DID of a PBX."""

    before: Holdings
    after: Holdings
    region: HomeRegion
    lines: Sequence[CensusLine]
    """Those that are not just kept, by trunk and in the order of its list."""
    counts: Mapping[Fate, int]
    prefixes: Mapping[str, Counter[str]]
    """All DIDs by prefix, in E.164 as far as there is one, ascending; what is counted of each is `COUNTED`."""

    @property
    def says(self) -> str:
        """All of it in a line."""
        fates = ", ".join(f"{self.counts[fate]:,} {fate}" for fate in Fate)
        text = f"{counted(self.before.count, 'DID')} before, {self.after.count:,} after: {fates}."
        was, becomes = self.before.numbers, self.after.numbers
        if (was, becomes) == (self.before.count, self.after.count):
            return text
        endless = self.after.endless
        more = f", and {counted(endless, 'pattern')} without an end" if endless else ""
        return f"{text} With patterns they are {was:,} numbers before, {becomes:,} after{more}."


def take_census(before: Holdings, after: Holdings, region: str = "") -> Census:
    """Say of every DID what becomes of it.

    Args:
        before: what the trunks hold.
        after: what they shall hold, or do by now.
        region: whose national numbers are meant, as ``GB``; else it is guessed from the numbers.

    Raises:
        CensusDiffers: the sums do not balance.
    """
    told = (
        HomeRegion(region.upper())
        if region
        else guess_region({did: None for _, did in (*before.entries, *after.entries)})
    )
    same = [trunk for trunk, dids in before.dids.items() if dids == after.dids.get(trunk)]
    gone, new = (
        [HeldDid(trunk, did) for trunk, dids in held.dids.items() if trunk not in {*same} for did in dids]
        for held in (before, after)
    )
    pairs = [*_paired(gone, new, told.code)]
    counts = Counter(fate for fate, _, _ in pairs)
    counts[Fate.KEPT] += sum(len(before.dids[trunk]) for trunk in same)
    both = counts[Fate.KEPT] + counts[Fate.RENAMED] + counts[Fate.MOVED]
    for when, one_sided, holdings in (("before", Fate.REMOVED, before), ("after", Fate.ADDED, after)):
        if both + counts[one_sided] != holdings.count:
            raise CensusDiffers(when, both + counts[one_sided], holdings.count)
    lines = _lines([pair for pair in pairs if pair[0] is not Fate.KEPT], before, after, told.code)
    return Census(
        before=before,
        after=after,
        region=told,
        lines=lines,
        counts=counts,
        prefixes=_by_prefix(before, lines, told.code),
    )


_Pair: TypeAlias = tuple[Fate, HeldDid | None, HeldDid | None]


def _paired(gone: Sequence[HeldDid], new: Sequence[HeldDid], region: str) -> Iterator[_Pair]:
    """Pair what trunks held with what they hold: the same text on one trunk, the same number, then on any trunk."""
    identities: Sequence[Callable[[HeldDid], Hashable]] = (
        lambda held: (held.trunk, held.did.key),
        lambda held: (held.trunk, identity(held.did.number, region)),
        lambda held: held.did.key,
        lambda held: identity(held.did.number, region),
    )
    for of in identities:
        waiting: defaultdict[Hashable, deque[HeldDid]] = defaultdict(deque)
        for held in gone:
            waiting[of(held)].append(held)
        olds = [same.popleft() if (same := waiting.get(of(held))) else None for held in new]
        yield from ((_fate(old, held), old, held) for old, held in zip(olds, new, strict=True) if old)
        gone = [held for some in waiting.values() for held in some]
        new = [held for old, held in zip(olds, new, strict=True) if not old]
    yield from ((Fate.REMOVED, held, None) for held in gone)
    yield from ((Fate.ADDED, None, held) for held in new)


def _fate(old: HeldDid, new: HeldDid) -> Fate:
    if old.trunk != new.trunk:
        return Fate.MOVED
    return Fate.KEPT if old == new else Fate.RENAMED


class _Patterns:
    """Patterns, asked which of them take all that a DID stands for; one that takes everything is no answer."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._heads: defaultdict[str, dict[str, Matcher]] = defaultdict(dict)
        for pattern in patterns:
            head = sample_of(pattern)[0]
            if head.strip("+") or numbers_covered(pattern):
                self._heads[head][pattern] = Matcher([pattern])
        self._lengths = sorted({*map(len, self._heads)})

    def taking(self, *notations: str) -> set[str]:
        """Return those that take a DID in any of its notations."""
        return {
            pattern
            for did in notations
            for length in self._lengths
            for pattern, matcher in self._heads.get(did[:length], {}).items()
            if matcher.first_for(did) is not None
        }


class _Where:
    """Which trunks have what is asked for at one time: the number itself, what a pattern covers, or one that covers it.

    All are named by what their notations have in common.
    """

    def __init__(self, holdings: Holdings, asked: AbstractSet[str], region: str) -> None:
        self._inside: defaultdict[str, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._on: defaultdict[str, set[int]] = defaultdict(set)
        patterns = [one for one in asked if numbers_covered(one) > 1]
        taking = _Patterns(patterns).taking
        for trunk, did in holdings.entries:
            own = identity(did, region)
            if own in asked:
                self._inside[own][own].add(trunk)
            if is_pattern(own):
                self._on[own].add(trunk)
            for pattern in taking(did, own) if patterns else ():
                self._inside[pattern][own].add(trunk)
        self._patterns = _Patterns(self._on)

    def find(self, did: str, own: str) -> tuple[frozenset[int], bool]:
        """Return the trunks, those of patterns without an end left out, and whether nothing of it is on no trunk."""
        taking = self._patterns.taking(did, own)
        inside: Mapping[str, set[int]] = self._inside.get(own, {})
        covering = [self._on[pattern] for pattern in taking if numbers_covered(pattern)]
        whole = bool(taking) or 0 < numbers_covered(own) <= sum(map(numbers_covered, inside))
        return frozenset().union(*inside.values(), *covering), whole


def _lines(pairs: Sequence[_Pair], before: Holdings, after: Holdings, region: str) -> list[CensusLine]:
    """Say of each DID that is not just kept which trunks have its number before and after."""
    asked = {identity(held.did.number, region) for _, *sides in pairs for held in sides if held is not None}
    was, becomes = (_Where(holdings, asked, region) for holdings in (before, after))

    def line(pair: _Pair) -> CensusLine:
        did = (pair[2] or pair[1]).did.number  # type: ignore[union-attr] # one of the two is there
        own = identity(did, region)
        is_on, whole = becomes.find(did, own)
        orphaned = pair[0] is Fate.REMOVED and not whole
        return CensusLine(*pair, e164(did, region), was.find(did, own)[0], is_on, orphaned)

    order = {trunk: place for place, trunk in enumerate([*before.dids, *after.dids])}
    return sorted(map(line, pairs), key=lambda line: order[line.here.trunk])


def _by_prefix(before: Holdings, lines: Sequence[CensusLine], region: str) -> Mapping[str, Counter[str]]:
    """Count by what numbers begin with, their last four digits left off."""

    def counted_by(dids: Iterable[str]) -> Iterator[tuple[str, int]]:
        for head, count in Counter(identity(did, region)[:-BLOCK] for did in dids).items():
            fixed = sample_of(head)[0]
            yield fixed if len(fixed.lstrip("+")) > 2 else NO_PREFIX, count

    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for prefix, count in counted_by(did for _, did in before.entries):
        counts[prefix] += Counter(before=count, after=count, kept=count)
    gone = [line.before.did.number for line in lines if line.before]
    new = [line.after.did.number for line in lines if line.after]
    fates = ((fate, 1, [line.here.did.number for line in lines if line.fate is fate]) for fate in Fate)
    for what, sign, dids in (("kept", -1, gone), ("after", -1, gone), ("after", 1, new), *fates):
        for prefix, count in counted_by(dids):
            counts[prefix][what] += sign * count
    return dict(sorted(counts.items()))
