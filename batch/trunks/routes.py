"""Inbound routes: which of them takes a DID, and what must be changed in them by hand once DIDs are others. Pure.

A call goes to the first route that has the trunk it comes in by and whose DIDs match. This tool only ever reads routes.
Sources: "Query Information of an Inbound Route", "Inbound Route Parameters".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final, NamedTuple

from batch.trunks.census import Census, CensusLine, HeldDid
from batch.trunks.diff import follows
from batch.trunks.live import id_of
from batch.trunks.live_checks import Hazard
from batch.trunks.patterns import Matcher, is_pattern, overlap
from batch.wording import counted, some_of

_EXTENSION: Final = "{{.Ext}}"
"""Stands for the digits of an extension in a DID pattern."""
_EVERY: Final = ("!",)
"""Takes every DID, and calls without one."""
_MOST: Final = 100_000
"""The most numbers of a range."""
_SHOWN: Final = 3
_LISTED: Final = 50
"""So many DIDs, or rows of them, are listed to be typed into a route."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InboundRoute:
    """One inbound route, as far as it says which calls it takes."""

    id: int
    name: str
    trunks: frozenset[int]
    """Ids of the trunks whose calls it takes."""
    accepts: Sequence[str] = _EVERY
    """Patterns of the DIDs it takes."""
    some_callers: bool = False
    """Whether it takes the calls of certain callers only."""
    odd: str = ""
    """Why it is not known which DIDs it takes: then it may be all."""

    @property
    def label(self) -> str:
        """How people know it."""
        return f"{self.name or 'without a name'} (id {self.id})"

    @cached_property
    def is_catch_all(self) -> bool:
        """Whether it takes whatever comes, so that no change of DIDs can be held against it."""
        return any(pattern[-1:] in {".", "!"} and not pattern.strip("XZNxzn.!+") for pattern in self.accepts)

    @cached_property
    def _lookup(self) -> _Lookup:
        return _Lookup([self])

    def takes(self, did: str) -> bool:
        """Tell whether it takes a call to a DID, or to any number that a pattern stands for."""
        return self._lookup.first(did) is not None


class _Lookup:
    """Routes in their order, asked which of them takes a DID first."""

    def __init__(self, routes: Iterable[InboundRoute]) -> None:
        self._accepted = [(pattern, route) for route in routes for pattern in route.accepts]
        self._matcher = Matcher(pattern for pattern, _ in self._accepted)

    def first(self, did: str) -> InboundRoute | None:
        """Return it; of a pattern, that which takes all it stands for, else any of it."""
        if not is_pattern(did):
            found = self._matcher.first(did)
        elif (found := self._matcher.first_for(did)) is None:
            return next((route for pattern, route in self._accepted if overlap(pattern, did)), None)
        return None if found is None else self._accepted[found][1]


@dataclass(frozen=True, kw_only=True)
class InboundRoutes:
    """The inbound routes of a PBX, in its order."""

    routes: tuple[InboundRoute, ...] = ()
    unread: str = ""
    """Why they are not known: then none is there, and nothing can be said of them."""

    @cached_property
    def by_trunk(self) -> Mapping[int, Sequence[InboundRoute]]:
        """Those of each trunk, by its id."""
        found: defaultdict[int, list[InboundRoute]] = defaultdict(list)
        for route in self.routes:
            for trunk in route.trunks:
                found[trunk].append(route)
        return found

    @cached_property
    def _lookups(self) -> Mapping[int, Sequence[_Lookup]]:
        """For each trunk its routes for all callers; of those that do not take every DID, for all and for some."""
        lookup = cache(_Lookup)  # many trunks have the same ones
        return {
            trunk: [
                lookup(tuple(route for route in routes if not route.some_callers)),
                lookup(tuple(route for route in routes if not (route.some_callers or route.is_catch_all))),
                lookup(tuple(route for route in routes if route.some_callers and not route.is_catch_all)),
            ]
            for trunk, routes in self.by_trunk.items()
        }

    @cached_property
    def anywhere(self) -> _Lookup:
        """Those for all callers that do not take every DID, of all trunks."""
        return _Lookup(route for route in self.routes if not (route.some_callers or route.is_catch_all))

    def first(self, trunk: int, did: str) -> InboundRoute | None:
        """Return the route that takes a DID on a trunk, whoever calls."""
        return self._lookups[trunk][0].first(did) if trunk in self._lookups else None

    def specific(self, trunk: int, did: str) -> list[InboundRoute]:
        """Return the routes that take a DID on a trunk, but not every DID: one for all callers, one for some."""
        found = (lookup.first(did) for lookup in self._lookups.get(trunk, ())[1:])
        return [route for route in found if route is not None]


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
    accepts: Sequence[str] = ()
    odd = ""
    try:
        accepts = _accepted(row)
    except ValueError as error:
        odd = str(error)
    return InboundRoute(
        id=number,
        name=str(row.get("name") or ""),
        trunks=frozenset(trunk for trunk in trunks if trunk is not None),
        accepts=accepts or _EVERY,
        some_callers=row.get("cid_option") == "phonebook" or bool(row.get("cid_pattern_list")),
        odd=odd,
    )


def _accepted(row: Mapping[str, Any]) -> Sequence[str]:
    match row.get("did_option") or "patterns":
        case "patterns":
            return _dids_in(row, "did_pattern_list")
        case "pattern_to_ext":
            return [_text_in(row, "did_pattern_to_ext").replace(_EXTENSION, ".")]
        case "range_to_ext":
            return _numbers_in(_text_in(row, "did_to_ext_start"), _text_in(row, "did_to_ext_end"))
        case "pattern_to_ext_list":
            return _dids_in(row, "did_pattern_to_ext_list")
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


def _numbers_in(first: str, last: str) -> Sequence[str]:
    low, high = first.removeprefix("+"), last.removeprefix("+")
    alike = len(low) == len(high) and first.count("+") == last.count("+")
    if not ((low + high).isdecimal() and alike and 0 <= int(high) - int(low) < _MOST):
        raise ValueError(f"{first}-{last} is no range of numbers")
    return [f"{first.removesuffix(low)}{number:0{len(low)}d}" for number in range(int(low), int(high) + 1)]


class ByHand(NamedTuple):
    """One change that somebody must make to inbound routes."""

    trunk: int
    """The id of the trunk whose DIDs change."""
    route: str
    """Which route; blank where there is none yet."""
    change: str
    """What is to be changed in it, in a sentence."""
    why: str


def to_change_by_hand(inbound: InboundRoutes, census: Census) -> list[ByHand]:
    """Say what must be changed in inbound routes once trunks have other DIDs.

    What a route takes on a trunk that is not in the census cannot be told, and is not held against it.
    """
    lines = [line for line in census.lines if _place(line.before) != _place(line.after)]
    needs: defaultdict[tuple[int, InboundRoute | None], list[CensusLine]] = defaultdict(list)
    for line in lines:
        for route in _lacking(inbound, line):
            needs[line.here.trunk, route].append(line)
    needed = [_need(census.before.names[trunk], trunk, route, some) for (trunk, route), some in needs.items()]
    return [*needed, *_without_dids(inbound, census, lines, {route for _, route in needs})]


def _place(held: HeldDid | None) -> tuple[int, str] | None:
    return held and (held.trunk, held.did.key)


def _lacking(inbound: InboundRoutes, line: CensusLine) -> Sequence[InboundRoute | None]:
    """Return the routes that should take a DID that is new on a trunk; None is one that is not there yet."""
    if line.after is None:
        return []
    trunk, did = line.after.trunk, line.after.did.number
    old = line.before.did.number if line.before else did
    if line.before and line.before.trunk == trunk:
        lacking = [route for route in inbound.specific(trunk, old) if not route.takes(did)]
        if lacking:
            return lacking
    if inbound.first(trunk, did):
        return []
    return [inbound.anywhere.first(did) or inbound.first(trunk, old) or inbound.anywhere.first(old)]


def _need(name: str, trunk: int, route: InboundRoute | None, lines: Sequence[CensusLine]) -> ByHand:
    dids = [line.here.did.number for line in lines]
    old = [line.before.did.number for line in lines if line.before and line.before.did.key != line.here.did.key]
    gets = f"{name} gets {shortly(dids)}{f' ({shortly(old)} before)' if old else ''}, which"
    if route is None:
        change = f"Add an inbound route for {name} that matches {shortly(dids, _LISTED)}."
        return ByHand(trunk, "", change, f"{gets} no inbound route of it takes: those calls are lost.")
    steps = [f"add the trunk {name}"] if trunk not in route.trunks else []
    if unmatched := [did for did in dids if not route.takes(did)]:
        steps.append(f"make it match {shortly(unmatched, _LISTED)}")
    change = " and ".join(steps)
    return ByHand(trunk, route.label, f"{change[:1].upper()}{change[1:]}.", f"{gets} this route does not take there.")


def _without_dids(
    inbound: InboundRoutes, census: Census, lines: Iterable[CensusLine], told: Collection[InboundRoute | None]
) -> Iterator[ByHand]:
    """Say which routes match no DID any more, where the DIDs of all their trunks are known."""
    leaving: defaultdict[InboundRoute, list[HeldDid]] = defaultdict(list)
    to = {(line.before.trunk, line.before.did.key): line.after.trunk for line in lines if line.before and line.after}
    for held in (line.before for line in lines if line.before):
        for route in inbound.specific(held.trunk, held.did.number):
            if route not in told and all(census.before.dids.get(trunk) for trunk in route.trunks):
                leaving[route].append(held)
    trunks = {trunk for route in leaving for trunk in route.trunks}
    stay = (HeldDid(trunk, did) for trunk in trunks for did in census.after.dids[trunk])
    needed = {route for held in stay for route in inbound.specific(held.trunk, held.did.number)}
    names = census.before.names
    for route, gone in leaving.items():
        if route not in needed:
            off = " and ".join(dict.fromkeys(names[held.trunk] for held in gone))
            there = dict.fromkeys(names[to[place]] for held in gone if (place := _place(held)) in to)
            yield ByHand(
                trunk=gone[0].trunk,
                route=route.label,
                change=f"Put {some_of(there, _SHOWN)} in place of {off} in its trunks."
                if there
                else "Delete the route.",
                why=f"All DIDs that it matches leave {off}: {shortly(held.did.number for held in gone)}. "
                "Then it matches nothing.",
            )


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
    of: defaultdict[int, list[str]] = defaultdict(list)
    for one in by_hand:
        where = f"Inbound route {one.route}: " if one.route else ""
        of[one.trunk].append(f"{where}{one.why} By hand: {one.change}")
    hazards = []
    for trunk, (first, *rest) in of.items():
        if trunk in rows:
            more = f" And {counted(len(rest), 'more change')}: sheet Follow-up." if rest else ""
            hazards.append(Hazard(code="routes", row=rows[trunk], trunk=names[trunk], message=f"{first}{more}"))
    return hazards
