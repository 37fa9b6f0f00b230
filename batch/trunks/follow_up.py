"""Follow-up: what a plan leaves to people, as this tool cannot see or do it, and calls that show what works. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from batch.schema.columns import CALLER_IDS, DIDS
from batch.tables.row_results import ListedSheet, Tone
from batch.trunks.census import Census
from batch.trunks.change_plan import Change
from batch.trunks.diff import ChangeKind
from batch.trunks.live import CallerId, Did
from batch.trunks.live_checks import Hazard
from batch.trunks.numbers import did_key
from batch.trunks.patterns import is_pattern
from batch.trunks.routes import InboundRoutes, consecutive, route_hazards, to_change_by_hand
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
_NOT_SEEN: Final = (
    (
        "Check that outbound routes send calls over the trunk that has the caller ID they show.",
        "Call Control > Outbound Route",
        "This tool does not read outbound routes.",
    ),
    (
        "Check that emergency calls show a number that their trunk has, with the right address at the carrier.",
        "Emergency numbers, and the carrier's portal",
        "This tool does not read emergency caller IDs.",
    ),
    (
        "Tell the provider, if any of these trunks is shared with other PBXs.",
        "The provider's central management",
        "The numbers of a shared trunk are given out there.",
    ),
)
_ADDED, _REMOVED, _RENAMED, _CHANGED, _ = ChangeKind
_RINGS: Final = "It rings where it should"


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


def left_to_people(
    updates: Sequence[Change], census: Census | None, not_whole: Sequence[str], inbound: InboundRoutes
) -> tuple[Sequence[Hazard], Sequence[ListedSheet]]:
    """Say what a plan leaves to people: what must be changed in inbound routes, a hazard a trunk, and all as sheets.

    There is a ``census``, and ``inbound`` routes are read, where any of the updates changes DIDs; ``not_whole`` has the
    names of the trunks that could not be read then.
    """
    if not updates:
        return (), ()
    by_hand = to_change_by_hand(inbound, census) if census and not inbound.unread else []
    to_do = [ToDo(one.change, f"{_ROUTES} > {one.route}" if one.route else _ROUTES, one.why) for one in by_hand]
    to_do += _in_general(updates, not_whole, inbound)
    calls = [call for change in updates for call in _calls(change, inbound)]
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
    rows = {change.live.id: change.record.row for change in updates}
    hazards = route_hazards(by_hand, rows, {change.live.id: change.live.label for change in updates})
    return hazards, [sheet for sheet in sheets if sheet.lines]


def _dids(change: Change) -> Sequence[Did]:
    """Return the DIDs that a trunk has afterwards."""
    wanted = change.desired.lists.get(DIDS, change.live.dids.entries)
    return [entry for entry in wanted if isinstance(entry, Did)]


def _in_general(updates: Sequence[Change], not_whole: Sequence[str], inbound: InboundRoutes) -> Iterator[ToDo]:
    """Say what is to be looked at because nothing of it is known."""
    with_dids = [c for c in updates if any(c.difference.of(DIDS, kind) for kind in (_ADDED, _REMOVED))]
    if inbound.unread:
        names = named(change.live.label for change in with_dids)
        why = f"They were not read: {inbound.unread}."
        yield ToDo(f"Check that inbound routes match the DIDs of {names} as they will be.", _ROUTES, why)
    changed = {change.live.id for change in with_dids}
    for route in inbound.routes:
        if route.odd and route.trunks & changed:
            why = f"Which DIDs it matches could not be read: {route.odd}."
            yield ToDo("Check that the route still matches what it should.", f"{_ROUTES} > {route.label}", why)
    if with_dids and not_whole:
        why = "Their DIDs could not be read, so a number may be on them as well."
        yield ToDo(f"Look at the DIDs of {named(not_whole)}.", "Extension and Trunk > Trunk", why)
    calling = [c for c in updates if CALLER_IDS in c.difference.lists or "def_outbound_cid" in c.difference.fields]
    if concerned := named(dict.fromkeys(change.live.label for change in [*with_dids, *calling])):
        for what, where, why in _NOT_SEEN:
            yield ToDo(what, where, f"{why} Numbers or caller IDs change on {concerned}.")


def _calls(change: Change, inbound: InboundRoutes) -> Iterator[Call]:
    """List the calls for one trunk: its main number, the ends of what it gains, its caller IDs; at least one."""
    numbers, outbound = _to_dial(change), [*_outbound(change)]
    for number, why in numbers.items():
        what = f"From outside, call {f'a number that {number} matches' if is_pattern(number) else number}"
        yield Call(what, change.live.label, number, why, _expected(inbound, change.live.id, number))
    yield from outbound
    if not numbers and not outbound:
        what = "From outside, call any number of the trunk"
        yield Call(what, change.live.label, "", "one for the trunk", _RINGS)


def _to_dial(change: Change) -> dict[str, str]:
    """Return what to dial on a trunk, and why."""
    dids = _dids(change)
    gained = [entry.new for entry in change.difference.of(DIDS, _ADDED)]
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


def _expected(inbound: InboundRoutes, trunk: int, number: str) -> str:
    route = inbound.first(trunk, number)
    if route is not None and not route.odd:
        return f"Inbound route {route.label} answers"
    some_callers = any(one.some_callers for one in inbound.by_trunk.get(trunk, ()))
    return _RINGS if route or some_callers or inbound.unread else "No inbound route takes it yet: see Follow-up"


def _outbound(change: Change) -> Iterator[Call]:
    trunk, seen = change.live.label, "The phone that is called shows "
    if shown := change.difference.fields.get("def_outbound_cid", ("", ""))[1]:
        who = "From an extension without a caller ID of its own, call out"
        yield Call(who, trunk, str(shown), "default caller ID", f"{seen}{shown}")
    for kind in (_ADDED, _RENAMED, _CHANGED):
        for one in change.difference.of(CALLER_IDS, kind):
            if isinstance(one.new, CallerId):
                number = one.new.number.partition("-")[0] if one.new.option == "range" else one.new.number
                yield Call(f"{_caller(one.new)}, call out", trunk, number, f"caller ID {kind}", f"{seen}{number}")


def _caller(entry: CallerId) -> str:
    if entry.option == "range":
        return f"From extension {entry.extension_range.partition('-')[0]}"
    first = next(iter(entry.order), None)
    if first is None:
        return "From an extension of this caller ID"
    kind = "an extension of the group" if first.type == "ext_group" else "extension"
    return f"From {kind} {first.number or f'#{first.id}'}"
