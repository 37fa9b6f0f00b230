"""Resuming: which trunks are taken up again, which stay as they are, and which stand otherwise than they did. Pure.

Taken up are *not run*, *unknown*, *failed* and what was never settled, but only where the PBX still holds what was
there before the run, or nothing of ours was ever sent. *refused* and *partial* stay. What was written before and is
as wanted is *applied*, and is not written again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from batch.runs.journal_reader import History, Tries
from batch.runs.outcomes import Ending, Outcome
from batch.runs.serialization import Intent, desired_json, read_desired
from batch.runs.trunk_writer import CHANGED_SINCE, PASSWORD_NOT_COMPARED, PASSWORD_UNKNOWN
from batch.schema.columns import DIDS, LIST_OF, TRUNKS
from batch.secrets import Secret
from batch.trunks.change_plan import Change, values_of
from batch.trunks.diff import ChangeKind, Difference, ListDifference, comparable, compare, value_text
from batch.trunks.live import Entry, LiveTrunk
from batch.trunks.model import Record
from batch.trunks.schedule import temporary_name

_LONGEST: Final = 60
"""So many characters of a value are shown."""


def deviations(rest: Rest, wanted: Mapping[int, Intent], before: Mapping[int, LiveTrunk]) -> tuple[str, ...]:
    """Say of each trunk that nobody approved as it is what is otherwise, and what was changed after it was written."""
    new = [_since_approved(rest.again[row], wanted.get(row), before) for row in sorted(rest.new)]
    left_alone = [_since_written(outcome) for _, outcome in sorted(rest.stays.items()) if outcome.note == CHANGED_AFTER]
    return (*new, *left_alone)


def since_exported(changes: Iterable[Change]) -> tuple[str, ...]:
    """Say of each trunk what only the PBX changed since the workbook was exported from it."""
    lines = []
    for change in changes:
        difference = change.left_alone
        parts = [
            f"{_called(name)} ({_said(name, was)} → {_said(name, now)})"
            for name, (was, now) in difference.fields.items()
        ]
        parts += [f"the {sheet.words} ({_counted(differs)})" for sheet, differs in difference.lists.items()]
        if parts:
            lines.append(f"{change.live.name}: only the PBX changed {', '.join(parts)} since the export; left alone.")
    return tuple(lines)


def _counted(differs: ListDifference) -> str:
    kinds = (ChangeKind.CHANGED if kind is ChangeKind.RENAMED else kind for kind, *_ in differs.changes)
    return ", ".join(f"{number:,} {kind}" for kind, number in Counter(kinds).items())


def _since_approved(change: Change, wanted: Intent | None, before: Mapping[int, LiveTrunk]) -> str:
    name, then = change.live.name, before.get(change.live.id)
    if wanted is None or then is None:
        return f"{name} was not part of what was approved."
    parts = list(_otherwise(then, change.live, wanted.writes | change.replaces().keys()))
    if parts:
        return f"{name}: {'; '.join(parts)} when it was approved."
    asked = ", ".join(_asked_otherwise(wanted.desired, desired_json(change.desired)))
    return f"{name}: what would be written is not what was approved{f': {asked}' if asked else ''}."


def _otherwise(then: LiveTrunk, now: LiveTrunk, names: Collection[str]) -> Iterator[str]:
    if then.vendor_type != now.vendor_type:
        yield f"its type is {now.vendor_type} now, was {then.vendor_type}"
    was, became = (values_of(trunk, sorted({"name", *names})) for trunk in (then, now))
    for name, old in was.items():
        if old == became[name]:
            continue
        if isinstance(old, Secret) or name in LIST_OF:
            are = "are not as they were" if name in LIST_OF else "is not as it was"
            yield f"{_called(name)} {are}"
        else:
            yield f"{_called(name)} is {_value(became[name])} now, was {_value(old)}"


def _asked_otherwise(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*then["fields"], *now["fields"]}):
        if then["fields"].get(name, LIST_OF) != now["fields"].get(name, LIST_OF):
            yield _called(name)
    yield from (_called(name) for name in LIST_OF if then.get(name) != now.get(name))


def _since_written(outcome: Outcome) -> str:
    parts = [
        f"{_called(name)} is not the wanted one"
        if isinstance(wanted, Secret)
        else f"{_called(name)} is {_value(found)} now, wanted {_value(wanted)}"
        for name, (found, wanted) in outcome.difference.fields.items()
    ]
    parts += [f"the {sheet.words} are not the wanted ones" for sheet in outcome.difference.lists]
    return f"{outcome.name}: changed since it was written, left alone: {'; '.join(parts)}."


def _called(name: str) -> str:
    if name in LIST_OF:
        return f"the {LIST_OF[name].words}"
    return "the password" if name == "password" else TRUNKS.column(name).label


def _said(name: str, value: object) -> str:
    return _value(value_text(name, value))


def _value(value: object) -> str:
    line = " ".join(str(value).split())
    return (line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…") or "(blank)"


TAKEN_UP: Final = frozenset({Ending.NOT_RUN, Ending.UNKNOWN, Ending.FAILED})
"""Endings of chosen trunks that a further invocation takes up."""
STAYS: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED, Ending.REFUSED, Ending.PARTIAL})
"""Endings of an earlier invocation that no problem found later can undo."""

CHANGED_AFTER: Final = "It was right when it was read back; somebody has changed it since."
NEITHER: Final = "It holds neither what was there before nor what was wanted, so it was not written again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is left of a run."""

    stays: Mapping[int, Outcome]
    """By row of the Trunks sheet: the endings of trunks that nothing is sent for."""
    again: Mapping[int, Change] = field(default_factory=dict)
    new: frozenset[int] = frozenset()
    """Rows of those that are not as they were approved before the first invocation."""


def left(history: History, chosen: Iterable[int]) -> list[int]:
    """Return those of these rows of the Trunks sheet that a further invocation would take up."""
    endings = {row: outcome.ending for row, outcome in history.outcomes.items()}
    return [row for row in chosen if endings.get(row, Ending.NOT_RUN) in TAKEN_UP]


def sort_out(
    records: Iterable[Record],
    changes: Mapping[int, Change],
    history: History,
    before: Mapping[int, LiveTrunk],
    why_not: Mapping[int, str],
    moving: Collection[int] = (),
) -> Rest:
    """Sort the chosen trunks of a run that is gone on with.

    ``changes`` are the new plan by row, where a trunk with a problem has none; ``why_not`` says what is wrong with it.
    ``moving`` are the rows of trunks that give or get DIDs: what such a one holds half-way is the run's own doing.
    """
    stays: dict[int, Outcome] = {}
    again: dict[int, Change] = {}
    new: set[int] = set()
    for record in records:
        row = record.row
        change, outcome, wanted = changes.get(row), history.outcomes.get(row), history.wanted.get(row)
        if change is None:
            if outcome is not None and (outcome.ending in STAYS or outcome.reached):
                stays[row] = _unseen(outcome, why_not.get(row, ""))
            continue
        ending, approved = _sorted_out(change, outcome, wanted, history, before, moves=row in moving)
        if ending is not None:
            stays[row] = ending
            continue
        again[row] = change
        if not approved:
            new.add(row)
    return Rest(stays=stays, again=again, new=frozenset(new))


def _sorted_out(
    change: Change,
    outcome: Outcome | None,
    wanted: Intent | None,
    history: History,
    before: Mapping[int, LiveTrunk],
    *,
    moves: bool,
) -> tuple[Outcome | None, bool]:
    """Return the ending of a trunk that is not written again, None if it is; and whether that was approved."""
    then = before.get(change.live.id)
    untouched = wanted is not None and is_untouched(wanted, then, change.live)
    half_way = moves and wanted is not None and is_half_way(wanted, then, change.live)
    if half_way and outcome is not None and outcome.ending is Ending.PARTIAL:
        outcome = replace(outcome, ending=Ending.FAILED)  # a move was half done, and can be done now
    tries = history.tries.get(change.live.id, Tries())
    ending = _stays(change, outcome, tries, untouched=untouched or half_way)
    return ending, _is_approved(wanted, change, untouched=untouched, half_way=half_way)


def _is_approved(wanted: Intent | None, change: Change, *, untouched: bool, half_way: bool) -> bool:
    """Tell whether what is to be written, onto what is there, is what was approved or the rest of it."""
    if wanted is None:
        return False
    return (untouched and _is_the_same(wanted, change)) or (half_way and _is_the_rest(wanted, change))


def _is_the_same(wanted: Intent, change: Change) -> bool:
    return wanted.writes == change.replaces().keys() and wanted.desired == desired_json(change.desired)


def _is_the_rest(wanted: Intent, change: Change) -> bool:
    """Tell whether a change is what is left of what was wanted; DIDs that come later may stand elsewhere."""
    then, now = _without_order(wanted.desired), _without_order(desired_json(change.desired))
    fields = {name: value for name, value in then["fields"].items() if name in now["fields"]}
    left = {name: value for name, value in then.items() if name in now} | {"fields": fields}
    return change.replaces().keys() <= wanted.writes and left == now


def _without_order(desired: Mapping[str, Any]) -> dict[str, Any]:
    if DIDS.api not in desired:
        return dict(desired)
    return {**desired, DIDS.api: sorted((entry["did"], entry["did_name"]) for entry in desired[DIDS.api])}


def is_half_way(wanted: Intent, before: LiveTrunk | None, now: LiveTrunk) -> bool:
    """Tell whether a trunk holds nothing but what the run itself may have left: all is as before, or as wanted."""
    if before is None or before.vendor_type != now.vendor_type or not wanted.writes:
        return False
    desired = read_desired(wanted.desired, None)
    was, is_ = (values_of(trunk, wanted.writes | {"name"}) for trunk in (before, now))
    own = {"name": {temporary_name(now.id)}}
    for name, value in is_.items():
        wants: Any = desired.lists.get(LIST_OF[name]) if name in LIST_OF else desired.fields.get(name)
        if name == DIDS.api:
            if not _is_among(value, was[name], wants or ()):
                return False
        elif name != "password" and value not in (was[name], wants) and value not in own.get(name, ()):
            return False
    return True


def _is_among(now: Iterable[Entry], before: Iterable[Entry], wanted: Iterable[Entry]) -> bool:
    """Tell whether a list has all that two have in common, and nothing that neither of them has."""
    found, was, wants = ({entry.key: entry for entry in entries} for entries in (now, before, wanted))
    known = all(entry in (was.get(key), wants.get(key)) for key, entry in found.items())
    return known and found.keys() >= was.keys() & wants.keys()


def is_untouched(wanted: Intent, before: LiveTrunk | None, now: LiveTrunk) -> bool:
    """Tell whether a trunk still holds what was there before, in everything that the run was to write."""
    return (
        before is not None
        and bool(wanted.writes)
        and (before.name, before.vendor_type) == (now.name, now.vendor_type)
        and values_of(before, wanted.writes) == values_of(now, wanted.writes)
    )


def _unseen(outcome: Outcome, why: str) -> Outcome:
    """Make the ending of a trunk that something was done with and that cannot be looked at any more."""
    if outcome.ending in {Ending.APPLIED, Ending.UNCHANGED}:
        return replace(outcome, ending=Ending.PARTIAL, note=f"It was right when it was read. Now: {why}".rstrip())
    return replace(outcome, note=why) if outcome.ending in TAKEN_UP and why else outcome


def _stays(change: Change, outcome: Outcome | None, tries: Tries, *, untouched: bool) -> Outcome | None:
    """Make the ending of a trunk that is not to be written again; None if it is."""
    found = outcome or Outcome(
        row=change.record.row, ending=Ending.NOT_RUN, trunk_id=change.live.id, name=change.live.name
    )
    ending = found.ending
    if ending is Ending.REFUSED:
        return found
    if not change.difference:
        as_wanted = Ending.APPLIED if tries.sent else Ending.UNCHANGED
        return replace(found, ending=as_wanted, note="", difference=Difference(), read=True, reached=bool(tries.sent))
    hidden = comparable(change.desired, change.live, change.live)
    if not compare(change.live, hidden):  # all but a password that the PBX does not show
        if ending is Ending.APPLIED or (tries.sent and tries.errcode == 0):
            return replace(found, ending=Ending.APPLIED, note=PASSWORD_NOT_COMPARED, read=True, reached=True)
        if ending is Ending.PARTIAL:
            return found
    differing = replace(found, difference=change.difference, read=True)
    match ending:
        case Ending.PARTIAL:
            return differing
        case Ending.APPLIED:
            return replace(differing, ending=Ending.PARTIAL, note=CHANGED_AFTER)
        case Ending.UNCHANGED:
            return replace(differing, ending=Ending.NOT_RUN, note=CHANGED_SINCE)
        case _:
            pass
    if tries.sent and not untouched:
        return replace(differing, ending=Ending.PARTIAL, note=NEITHER, reached=True)
    return None


def settle_by_look(outcome: Outcome, change: Change, now: LiveTrunk | None, *, untouched: bool) -> Outcome:
    """Settle a trunk whose write got no clear answer by what it holds now.

    ``now`` is what the PBX holds, None if it has no such trunk any more; ``untouched`` is whether that is what was
    there before.
    """
    if now is None:
        return replace(outcome, ending=Ending.PARTIAL, note="The trunk is no longer on the PBX.")
    desired = comparable(change.desired, now, change.live)
    left = compare(now, desired)
    if not left and desired != change.desired and "password" in change.written.fields:
        if change.written.fields.keys() == {"password"} and not change.difference.lists:
            return replace(outcome, note=PASSWORD_UNKNOWN, read=True)
        return replace(outcome, ending=Ending.APPLIED, note=PASSWORD_NOT_COMPARED, difference=left, read=True)
    if not left:
        return replace(outcome, ending=Ending.APPLIED, note="", difference=left, read=True)
    ending, note = (Ending.FAILED, "") if untouched else (Ending.PARTIAL, NEITHER)
    return replace(outcome, ending=ending, note=note, difference=left, read=True)
