"""Inbound routes: which of them takes a DID, and what must be changed in them by hand once DIDs are others. Pure.

A call goes to the first route that has the trunk it comes in by and whose DIDs match. This tool only ever reads routes.
Sources: "Query Information of an Inbound Route", "Inbound Route Parameters".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, Final, NamedTuple, TypeAlias

from batch.trunks.diff import follows
from batch.trunks.live import id_of
from batch.trunks.live_checks import Hazard
from batch.trunks.numbers import did_key
from batch.trunks.patterns import Matcher, is_pattern, overlap
from batch.wording import counted, some_of

_EXTENSION: Final = "{{.Ext}}"
"""Stands for the digits of an extension in a DID pattern."""
_COUNTRY_CODE: Final = 3
"""So many digits a notation of a number may have more in front than another."""
_LEAST: Final = 7
"""A number of fewer digits is not looked for in another notation."""
_SHOWN: Final = 3
_CHANGE: Final = "change DID pattern "


@dataclass(frozen=True, kw_only=True)
class InboundRoute:
    """One inbound route, as far as it says which calls it takes."""

    id: int
    name: str
    trunks: frozenset[int]
    """Ids of the trunks whose calls it takes."""
    accepts: tuple[tuple[str, str], ...] = ()
    """Patterns of the DIDs it takes, each with what the PBX shows for it; empty where it takes every DID."""
    some_callers: bool = False
    """Whether it takes the calls of certain callers only."""
    odd: str = ""
    """Why it is not known which DIDs it takes."""

    @property
    def label(self) -> str:
        """How people know it."""
        return f"{self.name or 'without a name'} (id {self.id})"

    @cached_property
    def is_catch_all(self) -> bool:
        """Whether it takes whatever comes, so that no change of DIDs can be held against it."""
        return not self.accepts or any(
            pattern[-1:] in {".", "!"} and not pattern.strip("XZNxzn.!+") for pattern, _ in self.accepts
        )

    @cached_property
    def literals(self) -> frozenset[str]:
        """What it takes that is one number each."""
        return frozenset(did_key(pattern) for pattern, _ in self.accepts if not is_pattern(pattern))

    @cached_property
    def patterns(self) -> Sequence[str]:
        """What it takes that is more than one number each."""
        return [pattern for pattern, _ in self.accepts if is_pattern(pattern)]

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(pattern for pattern, _ in self.accepts)

    def takes(self, did: str) -> bool:
        """Tell whether it takes a call to a DID, or to any number that a pattern stands for."""
        if did_key(did) in self.literals:
            return True
        if is_pattern(did):
            return any(overlap(pattern, did) for pattern, _ in self.accepts)
        return bool(self.patterns) and self._matcher.first(did) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRoutes:
    """The inbound routes of a PBX, in its order."""

    routes: tuple[InboundRoute, ...] = ()
    unread: str = ""
    """Why they are not known: then none is there, and nothing can be said of them."""


def parse_routes(rows: Iterable[Mapping[str, Any]]) -> InboundRoutes:
    """Understand the objects of ``inbound_route/get`` or ``inbound_route/query``.

    One that does not tell its trunks leaves all in the dark: it may take any call.
    """
    routes = []
    for row in rows:
        try:
            routes.append(_parse_route(row))
        except ValueError as error:
            name = row.get("name") or f"id {row.get('id')}"
            return InboundRoutes(unread=f"the PBX shows the inbound route {name} in a form that is not known: {error}")
    return InboundRoutes(routes=tuple(routes))


def _parse_route(row: Mapping[str, Any]) -> InboundRoute:
    number = id_of(row)
    members = row.get("trunk_list")
    if number is None or not isinstance(members, list):
        raise ValueError("no id" if number is None else "trunk_list is no list")
    trunks = [id_of({"id": m.get("id", m.get("value"))}) for m in members if isinstance(m, Mapping)]
    if len(trunks) < len(members) or None in trunks:
        raise ValueError("trunk_list does not say the ids of its trunks")
    accepts: tuple[tuple[str, str], ...] = ()
    odd = ""
    try:
        accepts = tuple(_accepted(row))
    except ValueError as error:
        odd = str(error)
    return InboundRoute(
        id=number,
        name=str(row.get("name") or ""),
        trunks=frozenset(trunk for trunk in trunks if trunk is not None),
        accepts=accepts,
        some_callers=row.get("cid_option") == "phonebook" or bool(row.get("cid_pattern_list")),
        odd=odd,
    )


def _accepted(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    match row.get("did_option") or "patterns":
        case "patterns":
            yield from ((did, did) for did in _dids_in(row, "did_pattern_list"))
        case "pattern_to_ext":
            pattern = _text_in(row, "did_pattern_to_ext")
            yield pattern.replace(_EXTENSION, "."), pattern
        case "range_to_ext":
            first, last = _text_in(row, "did_to_ext_start"), _text_in(row, "did_to_ext_end")
            yield from ((pattern, f"{first}-{last}") for pattern in _patterns_of_range(first, last))
        case "pattern_to_ext_list":
            yield from ((did, did) for did in _dids_in(row, "did_pattern_to_ext_list"))
        case other:
            raise ValueError(f"did_option is {other}")


def _text_in(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is no text")
    return value.strip()


def _dids_in(row: Mapping[str, Any], key: str) -> list[str]:
    """Read a list of DIDs; null is an empty one, and one that is not there says nothing."""
    entries = row.get(key, "")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ValueError(f"{key} is {'no list' if key in row else 'not there'}")  # noqa: TRY004 - a bad answer, not a bad call
    dids = [entry.get("did_pattern", entry.get("did")) if isinstance(entry, Mapping) else entry for entry in entries]
    if not all(isinstance(did, str) and did for did in dids):
        raise ValueError(f"{key} holds something else than DIDs")
    return [str(did) for did in dids]


def _patterns_of_range(first: str, last: str) -> Iterator[str]:
    """Write a range as few patterns, so that a thousand numbers are no more work than one."""
    low, high = first.removeprefix("+"), last.removeprefix("+")
    if not ((low + high).isdecimal() and len(low) == len(high) and low <= high and first.count("+") == last.count("+")):
        raise ValueError(f"{first}-{last} is no range of numbers")
    plus, width, number, end = first.removesuffix(low), len(low), int(low), int(high)
    while number <= end:
        tens = 0
        while tens < width - 1 and number % 10 ** (tens + 1) == 0 and number + 10 ** (tens + 1) - 1 <= end:
            tens += 1
        digits = f"{number:0{width}d}"[: width - tens]
        more = min(9 - int(digits[-1]), (end - number + 1) // 10**tens - 1)
        place = f"[{digits[-1]}-{int(digits[-1]) + more}]" if more else digits[-1]
        yield f"{plus}{digits[:-1]}{place}{'X' * tens}"
        number += (more + 1) * 10**tens


class ByHand(NamedTuple):
    """One change that somebody must make to inbound routes."""

    trunk: int
    """The id of the trunk whose DIDs change."""
    route: str
    """Which route; blank where there is none yet."""
    steps: tuple[str, ...]
    """What is to be changed in it, one after the other."""
    why: str

    def change(self, most: int) -> str:
        """Write what is to be changed in a sentence, at most so many steps of it."""
        text = some_of(self.steps, most)
        return f"{text[:1].upper()}{text[1:]}."


Dids: TypeAlias = Mapping[int, Sequence[str]]
"""The DIDs of trunks, by the trunk's id."""


def to_change_by_hand(
    routes: Sequence[InboundRoute], before: Dids, after: Dids, names: Mapping[int, str]
) -> list[ByHand]:
    """Say what must be changed in inbound routes once trunks have other DIDs.

    ``before`` and ``after`` have every trunk that is known, those that stay as they are included. What a route takes on
    a trunk that is not among them cannot be told, and is not held against it.
    """
    changed = [number for number in after if after[number] is not before[number]]
    gained = {number: _only_in(after[number], before[number]) for number in changed}
    lost = {number: _only_in(before[number], after[number]) for number in changed}
    comparison = _Comparison(routes=routes, before=before, after=after, names=names, gained=gained, lost=lost)
    for number in changed:
        comparison.look_at(number)
    return [*comparison.other_notations(), *comparison.not_taken(), *comparison.without_dids()]


def _only_in(dids: Sequence[str], others: Sequence[str]) -> list[str]:
    keys = set(map(did_key, others))
    return [did for did in dids if did_key(did) not in keys]


class _Lookup:
    """Routes in their order, asked which of them takes a DID first."""

    def __init__(self, routes: Iterable[InboundRoute]) -> None:
        accepted = [(pattern, (route, shown)) for route in routes for pattern, shown in route.accepts]
        self._taken = [taken for _, taken in accepted]
        self._matcher = Matcher(pattern for pattern, _ in accepted)

    def first(self, did: str) -> _Taken | None:
        """Return the route, and what it shows for it; of a pattern, the one that takes all it stands for."""
        found = self._matcher.first_for(did) if is_pattern(did) else self._matcher.first(did)
        return None if found is None else self._taken[found]


_Taken: TypeAlias = tuple[InboundRoute, str]
"""A route that takes a DID, and what the PBX shows of it for that."""


@dataclass(kw_only=True)
class _Comparison:
    """What routes do with the DIDs of before and of after."""

    routes: Sequence[InboundRoute]
    before: Dids
    after: Dids
    names: Mapping[int, str]
    gained: Dids
    lost: Dids
    notations: dict[tuple[int, int], list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    """By trunk and route: what the route shows, the DID that it took, and that DID as it does not take it any more."""
    untaken: dict[tuple[int, int], list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """By trunk and the route that could take it (0 for none): a DID, and what that route shows for its old notation."""
    lookups: dict[tuple[int, ...], _Lookup] = field(default_factory=dict)
    """By the ids of the routes: many trunks have the same ones."""

    @cached_property
    def by_id(self) -> Mapping[int, InboundRoute]:
        return {route.id: route for route in self.routes}

    @cached_property
    def anywhere(self) -> _Lookup:
        return _Lookup(route for route in self.routes if not route.is_catch_all and not route.some_callers)

    @cached_property
    def by_trunk(self) -> Mapping[int, Sequence[InboundRoute]]:
        found: dict[int, list[InboundRoute]] = defaultdict(list)
        for route in self.routes:
            for trunk in route.trunks:
                found[trunk].append(route)
        return found

    @cached_property
    def keys(self) -> Mapping[int, frozenset[str]]:
        """What the trunks have afterwards."""
        return {trunk: frozenset(map(did_key, dids)) for trunk, dids in self.after.items()}

    @cached_property
    def old_notations(self) -> Mapping[tuple[int, str], tuple[int, str]]:
        """The DIDs that are gained, each with the lost one that is the same number, rather of its own trunk's."""
        gained, lost = _by_number(self.gained), _by_number(self.lost)
        pairs = [*_alike(gained, lost), *((new, old) for old, new in _alike(lost, gained))]
        others = {new: old for new, old in pairs if new[1] != old[1]}
        return others | {new: old for new, old in pairs if new[1] != old[1] and new[0] == old[0]}

    def look_at(self, trunk: int) -> None:
        """Find out what the routes of a trunk do with the DIDs that it gains."""
        here = self.by_trunk.get(trunk, ())
        of_some = [route for route in here if not route.is_catch_all]
        sure = [route for route in here if not route.some_callers]
        takes_all = any(not route.accepts for route in sure)
        if takes_all and not of_some:
            return
        specific, taking = self._lookup(of_some), self._lookup(sure)
        for did in self.gained[trunk]:
            of, old = self.old_notations.get((trunk, did), (0, ""))
            was = specific.first(old) if of == trunk else None
            now = specific.first(did)
            if was is not None and (now is None or now[0] is not was[0]):
                self.notations[trunk, was[0].id].append((was[1], old, did))
            elif not takes_all and taking.first(did) is None and not any(r.takes(did) for r in sure if is_pattern(did)):
                self._note_untaken(trunk, did, old)

    def _note_untaken(self, trunk: int, did: str, old: str) -> None:
        found, shown = self.anywhere.first(did), ""
        if found is None and old:
            found = self._lookup(self.by_trunk.get(trunk, ())).first(old) or self.anywhere.first(old)
            shown = found[1] if found else ""
        self.untaken[trunk, found[0].id if found else 0].append((did, shown))

    def _lookup(self, routes: Iterable[InboundRoute]) -> _Lookup:
        those = list(routes)
        ids = tuple(route.id for route in those)
        if ids not in self.lookups:
            self.lookups[ids] = _Lookup(those)
        return self.lookups[ids]

    def other_notations(self) -> Iterator[ByHand]:
        """Say which routes know a DID only by a notation that it does not have any more."""
        for (trunk, number), found in self.notations.items():
            route, name = self.by_id[number], self.names[trunk]
            by_shown: dict[str, list[str]] = defaultdict(list)
            for shown, _, did in found:
                by_shown[shown].append(did)
            _, old, new = found[0]
            first, *rest = (self._new_notation(route, shown, dids) for shown, dids in by_shown.items())
            same = first.startswith(_CHANGE)
            yield ByHand(
                trunk=trunk,
                route=route.label,
                steps=(first, *(step.removeprefix(_CHANGE) if same else step for step in rest)),
                why=f"{name} has {counted(len(found), 'DID')} in another notation afterwards ({old} becomes {new}), "
                "which this route does not match.",
            )

    def _new_notation(self, route: InboundRoute, shown: str, dids: Sequence[str]) -> str:
        """Say what a route needs for DIDs to be matched as they were; what other trunks still need stays."""
        if did_key(shown) not in route.literals:
            return f"{_CHANGE}{shown} to match {shortly(dids)}"
        needed = any(did_key(shown) in self.keys.get(trunk, ()) for trunk in route.trunks)
        return f"add DID pattern {dids[0]}" if needed else f"{_CHANGE}{shown} to {dids[0]}"

    def not_taken(self) -> Iterator[ByHand]:
        """Say which trunks gain DIDs that none of their routes matches."""
        for (trunk, number), found in self.untaken.items():
            name, dids = self.names[trunk], [did for did, _ in found]
            gets = f"{name} gets {shortly(dids)}, which no inbound route of it matches"
            if not number:
                steps = [f"add an inbound route for {name} that matches {shortly(dids, None)}"]
                calls = f"calls to {'it' if len(dids) == 1 else 'them'} are lost"
                yield ByHand(trunk, "", tuple(steps), f"{gets}: {calls}.")
                continue
            route = self.by_id[number]
            steps = [] if trunk in route.trunks else [f"add the trunk {name}"]
            if changed := [did for did, shown in found if shown]:
                steps.append(f"make it match {shortly(changed, None)}")
            yield ByHand(trunk, route.label, tuple(steps), f"{gets}; this one could.")

    def without_dids(self) -> Iterator[ByHand]:
        """Say which routes match no DID any more, where all of their trunks are known and one loses what they match."""
        told = {number for _, number in [*self.notations, *self.untaken]}
        losing = {trunk for trunk, dids in self.lost.items() if dids}
        to = {did_key(did): trunk for trunk, dids in self.gained.items() for did in dids}
        for route in self.routes:
            known = all(self.before.get(trunk) for trunk in route.trunks)
            if route.is_catch_all or route.id in told or not known or losing.isdisjoint(route.trunks):
                continue
            left = {t: [did for did in self.lost[t] if route.takes(did)] for t in sorted(losing & route.trunks)}
            gone = [did for dids in left.values() for did in dids]
            if not gone or any(self._is_needed(route, trunk) for trunk in route.trunks):
                continue
            names = " and ".join(self.names[trunk] for trunk, dids in left.items() if dids)
            there = dict.fromkeys(self.names[to[did_key(did)]] for did in gone if did_key(did) in to)
            instead = f"put {some_of(there, _SHOWN)} in place of {names} in its trunks" if there else "delete the route"
            yield ByHand(
                trunk=next(trunk for trunk, dids in left.items() if dids),
                route=route.label,
                steps=(instead,),
                why=f"All DIDs that it matches leave {names}: {shortly(gone)}. Then it matches nothing.",
            )

    def _is_needed(self, route: InboundRoute, trunk: int) -> bool:
        """Tell whether a trunk still has a DID that a route matches."""
        if not route.literals.isdisjoint(self.keys[trunk]):
            return True
        dids = self.after[trunk] if route.patterns else filter(is_pattern, self.after[trunk])
        return any(route.takes(did) for did in dids)


def _by_number(dids: Dids) -> Mapping[str, Sequence[tuple[int, str]]]:
    """Put DIDs, with their trunks, under their numbers without what a notation puts in front: ``+``, ``00``, ``0``."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for trunk, some in dids.items():
        for did in some:
            found[did_key(did).removeprefix("+").lstrip("0")].append((trunk, did))
    return found


def _alike(
    longer: Mapping[str, Sequence[tuple[int, str]]], shorter: Mapping[str, Sequence[tuple[int, str]]]
) -> Iterator[tuple[tuple[int, str], tuple[int, str]]]:
    """Pair DIDs with those that lack the country code in front, or nothing."""
    for number, ones in longer.items():
        for cut in range(min(_COUNTRY_CODE, len(number) - _LEAST) + 1):
            yield from product(ones, shorter.get(number[cut:], ()))


def consecutive(numbers: Iterable[str]) -> Iterator[list[str]]:
    """Put DIDs together that follow each other."""
    run: list[str] = []
    for number in numbers:
        if run and not follows(run[-1], number):
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def shortly(dids: Iterable[str], most: int | None = _SHOWN) -> str:
    """Write DIDs, at most so many runs of them, those that follow each other as the first and the last."""
    return some_of((" to ".join(dict.fromkeys((run[0], run[-1]))) for run in consecutive(dids)), most)


def route_hazards(by_hand: Iterable[ByHand], rows: Mapping[int, int], names: Mapping[int, str]) -> list[Hazard]:
    """Make one hazard of what must be changed by hand for a trunk; ``rows`` has the trunks' rows by their ids."""
    of: dict[int, list[ByHand]] = defaultdict(list)
    for one in by_hand:
        of[one.trunk].append(one)
    return [
        Hazard(code="routes", row=rows[trunk], trunk=names[trunk], message=_message(needed))
        for trunk, needed in of.items()
        if trunk in rows
    ]


def _message(needed: Sequence[ByHand]) -> str:
    first = needed[0]
    where = f"Inbound route {first.route}: " if first.route else ""
    more = f" And {counted(len(needed) - 1, 'more change')}: sheet Follow-up." if needed[1:] else ""
    return f"{where}{first.why} By hand: {first.change(_SHOWN)}{more}"
