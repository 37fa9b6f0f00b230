"""Follow-up: what a plan leaves to people, as this tool cannot see or do it, and calls that show what works. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from batch.schema.columns import CALLER_IDS, DIDS
from batch.tables.row_results import ListedSheet, Tone
from batch.trunks.change_plan import Change
from batch.trunks.diff import ChangeKind
from batch.trunks.live import CallerId, Did, LiveTrunk
from batch.trunks.live_checks import Hazard
from batch.trunks.numbers import did_key
from batch.trunks.patterns import is_pattern
from batch.trunks.routes import (
    ByHand,
    InboundRoute,
    InboundRoutes,
    consecutive,
    route_hazards,
    shortly,
    to_change_by_hand,
)
from batch.wording import Who, counted, named

FOLLOW_UP: Final = "Follow-up"
TEST_CALLS: Final = "Test calls"
_TO_FOLLOW_UP: Final = {"What": 60, "Where": 34, "Why": 70, "Who": 20, "Done": 12}
_TO_CALL: Final = {
    "Call": 44, "Trunk": 22, "Number": 24, "Why": 34, "Expect": 44, "Who": 16, "When": 18, "Pass or fail": 14,
}  # fmt: skip
_ROUTES: Final = "Call Control > Inbound Route"
_MAIN: Final = re.compile(r"\b(main|head office|reception|switchboard)\b", re.IGNORECASE)
"""What a main number is often called."""
_RINGS: Final = "It rings where it should"
_STEPS: Final = 50
"""So many changes to one route are written out."""


class ToDo(NamedTuple):
    """One thing that somebody must do or look at."""

    what: str
    where: str
    why: str
    who: str = Who.ADMINISTRATOR
    done: str = ""


class Call(NamedTuple):
    """One call that shows whether something works."""

    call: str
    trunk: str
    number: str
    why: str
    expect: str
    who: str = ""
    when: str = ""
    passed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftToPeople:
    """What a plan leaves to people."""

    hazards: Sequence[Hazard] = ()
    """What must be changed in inbound routes, a hazard for each trunk that makes it necessary."""
    sheets: tuple[ListedSheet, ...] = ()


def left_to_people(
    updates: Sequence[Change],
    whole: Mapping[int, LiveTrunk],
    not_whole: Sequence[str],
    inbound: InboundRoutes,
) -> LeftToPeople:
    """Say what a plan leaves to people.

    ``whole`` has all trunks that can have DIDs, where any of the updates changes DIDs; ``not_whole`` the names of those
    that could not be read, and ``inbound`` the routes then.
    """
    if not updates:
        return LeftToPeople()
    live = {**whole, **{change.live.id: change.live for change in updates}}
    names = {number: trunk.label for number, trunk in live.items()}
    before = {number: [entry.number for entry in trunk.dids.entries] for number, trunk in live.items()}
    after = before | {c.live.id: [did.number for did in _dids(c)] for c in updates if DIDS in c.difference.lists}
    by_hand = [] if inbound.unread else to_change_by_hand(inbound.routes, before, after, names)
    to_do = [*_routes_by_hand(by_hand), *_in_general(updates, not_whole, inbound)]
    routes = None if inbound.unread else _by_trunk(inbound.routes)
    calls = [call for change in updates for call in _calls(change, routes)]
    sheets = (
        ListedSheet(
            name=FOLLOW_UP,
            says="What this tool cannot see or do, and somebody must. Done is for whoever has done it.",
            columns=_TO_FOLLOW_UP,
            lines=to_do,
            answers=frozenset({"Done"}),
            tone=Tone.WARN if by_hand else None,
        ),
        ListedSheet(
            name=TEST_CALLS,
            says="Calls that show whether what was changed works. Make them once the run is over.",
            columns=_TO_CALL,
            lines=calls,
            answers=frozenset({"Who", "When", "Pass or fail"}),
        ),
    )
    return LeftToPeople(
        hazards=route_hazards(by_hand, {change.live.id: change.record.row for change in updates}, names),
        sheets=tuple(sheet for sheet in sheets if sheet.lines),
    )


def _dids(change: Change) -> Sequence[Did]:
    """Return the DIDs that a trunk has afterwards."""
    wanted = change.desired.lists.get(DIDS, change.live.dids.entries)
    return [entry for entry in wanted if isinstance(entry, Did)]


def _routes_by_hand(by_hand: Iterable[ByHand]) -> Iterator[ToDo]:
    for one in by_hand:
        where = f"{_ROUTES} > {one.route}" if one.route else _ROUTES
        yield ToDo(one.change(_STEPS), where, one.why)


def _in_general(updates: Sequence[Change], not_whole: Sequence[str], inbound: InboundRoutes) -> Iterator[ToDo]:
    """Say what is to be looked at because nothing of it is known."""
    with_dids = [change for change in updates if _counted(change, ChangeKind.ADDED, ChangeKind.REMOVED)]
    if inbound.unread:
        why = f"They were not read: {inbound.unread}."
        yield ToDo("Check the inbound routes of the trunks that gain or lose DIDs.", _ROUTES, why)
        for change in with_dids:
            name = change.live.label
            what = f"Check that an inbound route of {name} matches its DIDs as they will be."
            yield ToDo(what, _ROUTES, f"{name} {_gains_and_loses(change)}.")
    changed = {change.live.id for change in with_dids}
    for route in inbound.routes:
        if route.odd and route.trunks & changed:
            why = f"Which DIDs it matches could not be read: {route.odd}."
            yield ToDo("Check that the route still matches what it should.", f"{_ROUTES} > {route.label}", why)
    if with_dids and not_whole:
        why = "Their DIDs could not be read, so a number may be on them as well."
        yield ToDo(f"Look at the DIDs of {named(not_whole)}.", "Extension and Trunk > Trunk", why)
    calling = [c for c in updates if CALLER_IDS in c.difference.lists or "def_outbound_cid" in c.difference.fields]
    concerned = named(dict.fromkeys(change.live.label for change in [*with_dids, *calling]))
    if concerned:
        yield ToDo(
            "Check that outbound routes send calls over the trunk that has the caller ID they show.",
            "Call Control > Outbound Route",
            f"This tool does not read outbound routes. Numbers or caller IDs change on {concerned}.",
        )
        yield ToDo(
            "Check that emergency calls show a number that their trunk has, with the right address at the carrier.",
            "Emergency numbers, and the carrier's portal",
            f"This tool does not read emergency caller IDs. Numbers or caller IDs change on {concerned}.",
        )
        yield ToDo(
            "Tell the provider, if any of these trunks is shared with other PBXs.",
            "The provider's central management",
            f"The numbers of a shared trunk are given out there. Numbers or caller IDs change on {concerned}.",
        )


def _counted(change: Change, *kinds: ChangeKind) -> int:
    return sum(len(change.difference.of(DIDS, kind)) for kind in kinds)


def _gains_and_loses(change: Change) -> str:
    parts = []
    for kind, verb in ((ChangeKind.ADDED, "gains"), (ChangeKind.REMOVED, "loses")):
        entries = change.difference.of(DIDS, kind)
        if entries:
            dids = shortly(entry.new.number for entry in entries)
            parts.append(f"{verb} {counted(len(entries), 'DID')}: {dids}")
    return "; it ".join(parts)


def _by_trunk(routes: Iterable[InboundRoute]) -> Mapping[int, Sequence[InboundRoute]]:
    found: dict[int, list[InboundRoute]] = defaultdict(list)
    for route in routes:
        for trunk in route.trunks:
            found[trunk].append(route)
    return found


def _calls(change: Change, routes: Mapping[int, Sequence[InboundRoute]] | None) -> Iterator[Call]:
    """List the calls for one trunk: its main number, the ends of what it gains, its caller IDs; at least one.

    ``routes`` has the inbound routes of each trunk, by its id; None where they are not known.
    """
    numbers = _to_dial(change)
    for number, why in numbers.items():
        expect = _expected(None if routes is None else routes.get(change.live.id, ()), number)
        yield Call(f"From outside, call {_dialled(number)}", change.live.label, number, why, expect)
    outbound = [*_outbound(change)]
    yield from outbound
    if not numbers and not outbound:
        what = "From outside, call any number of the trunk"
        yield Call(what, change.live.label, "", "one for the trunk", _RINGS)


def _to_dial(change: Change) -> dict[str, str]:
    """Return what to dial on a trunk, and why."""
    dids = _dids(change)
    gained = [entry.new for entry in change.difference.of(DIDS, ChangeKind.ADDED)]
    found: dict[str, str] = {}
    main = _main_number(change, dids)
    if main:
        found[main] = "main number"
    for first, *more in consecutive([did.number for did in gained if isinstance(did, Did)]):
        if more:
            size = counted(len(more) + 1, "DID")
            found.setdefault(first, f"first of {size}")
            found.setdefault(more[-1], f"last of {size}")
        elif is_pattern(first):
            found.setdefault(first, "pattern")
    if not found and dids:
        found[(gained or dids)[0].number] = "one for the trunk"
    return found


def _main_number(change: Change, dids: Sequence[Did]) -> str:
    """Return the DID that is the trunk's own caller ID, else one that is called so; blank where there is none."""
    shown = did_key(str(change.desired.fields.get("def_outbound_cid", change.live.value("def_outbound_cid"))))
    by_key = (did.number for did in dids if shown and did_key(did.number) == shown)
    return next(by_key, next((did.number for did in dids if _MAIN.search(did.name)), ""))


def _dialled(number: str) -> str:
    return f"a number that {number} matches" if is_pattern(number) else number


def _expected(routes: Sequence[InboundRoute] | None, number: str) -> str:
    known = routes is not None
    for route in routes or ():
        if route.some_callers or route.odd:
            known = False
        elif not route.accepts or route.takes(number):
            return f"Inbound route {route.label} answers"
        if route.odd:
            break
    return "No inbound route takes it yet: see Follow-up" if known else _RINGS


def _outbound(change: Change) -> Iterator[Call]:
    trunk, seen = change.live.label, "The phone that is called shows "
    if shown := change.difference.fields.get("def_outbound_cid", ("", ""))[1]:
        who = "From an extension without a caller ID of its own, call out"
        yield Call(who, trunk, str(shown), "default caller ID", f"{seen}{shown}")
    for kind in (ChangeKind.ADDED, ChangeKind.RENAMED, ChangeKind.CHANGED):
        for one in change.difference.of(CALLER_IDS, kind):
            if isinstance(one.new, CallerId):
                number = one.new.number.partition("-")[0] if one.new.option == "range" else one.new.number
                yield Call(f"{_caller(one.new)}, call out", trunk, number, f"caller ID {kind}", f"{seen}{number}")


def _caller(entry: CallerId) -> str:
    if entry.option == "range":
        return f"From extension {entry.extension_range.partition('-')[0]}"
    if not entry.order:
        return "From an extension of this caller ID"
    first = entry.order[0]
    called = first.number or f"#{first.id}"
    return f"From an extension of the group {called}" if first.type == "ext_group" else f"From extension {called}"
