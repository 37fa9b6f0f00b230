"""Departures: how trunks stand otherwise than when they were exported, when a run was approved or when it wrote them.

A line for each. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from batch.runs.keeping import Wanted, desired_json
from batch.runs.outcomes import Outcome
from batch.runs.resuming import CHANGED_AFTER, Rest
from batch.secrets import Secret
from batch.sheets.layout import TRUNKS
from batch.trunks.differences import ListDifference, said
from batch.trunks.live import CallerId, Did, LiveTrunk
from batch.trunks.plans import Change, values_of

_LISTS: Final = {"did_list": "the DIDs", "outbound_cid_list": "the caller IDs"}
_LONGEST: Final = 60
"""So many characters of a value are shown."""


def departures(rest: Rest, wanted: Mapping[int, Wanted], before: Mapping[int, LiveTrunk]) -> tuple[str, ...]:
    """Say of each trunk that nobody approved as it is what is otherwise, and what was changed after it was written.

    Args:
        rest: what is left of the run.
        wanted: what was approved, by row.
        before: the trunks as they were then, by id.
    """
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
        lists = (("did_list", difference.dids), ("outbound_cid_list", difference.caller_ids))
        parts += [f"{_called(name)} ({_counted(differs)})" for name, differs in lists if differs]
        if parts:
            lines.append(f"{change.live.name}: only the PBX changed {', '.join(parts)} since the export; left alone.")
    return tuple(lines)


def _counted(differs: ListDifference[Did] | ListDifference[CallerId]) -> str:
    counts = {
        "added": len(differs.added),
        "removed": len(differs.removed),
        "changed": len(differs.renamed) + len(differs.changed),
        "moved": len(differs.moved),
    }
    return ", ".join(f"{number:,} {word}" for word, number in counts.items() if number)


def _since_approved(change: Change, wanted: Wanted | None, before: Mapping[int, LiveTrunk]) -> str:
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
        if isinstance(old, Secret) or name in _LISTS:
            are = "are not as they were" if name in _LISTS else "is not as it was"
            yield f"{_called(name)} {are}"
        else:
            yield f"{_called(name)} is {_value(became[name])} now, was {_value(old)}"


def _asked_otherwise(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*then["fields"], *now["fields"]}):
        if then["fields"].get(name, _LISTS) != now["fields"].get(name, _LISTS):
            yield _called(name)
    yield from (_called(name) for name in _LISTS if then.get(name) != now.get(name))


def _since_written(outcome: Outcome) -> str:
    parts = [
        f"{_called(name)} is not the wanted one"
        if isinstance(wanted, Secret)
        else f"{_called(name)} is {_value(found)} now, wanted {_value(wanted)}"
        for name, (found, wanted) in outcome.difference.fields.items()
    ]
    lists = (("did_list", outcome.difference.dids), ("outbound_cid_list", outcome.difference.caller_ids))
    parts += [f"{_called(name)} are not the wanted ones" for name, difference in lists if difference]
    return f"{outcome.name}: changed since it was written, left alone: {'; '.join(parts)}."


def _called(name: str) -> str:
    if name in _LISTS:
        return _LISTS[name]
    return "the password" if name == "password" else TRUNKS.column(name).label


def _said(name: str, value: object) -> str:
    return _value(said(name, value))


def _value(value: object) -> str:
    line = " ".join(str(value).split())
    return (line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…") or "(blank)"
