"""What a journal holds of its run, wishes and outcomes, as JSON and back. Pure, and without a secret.

A run's folder may have come from anybody, so what is read is believed only where it fits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from batch.pbx.error_codes import FieldFault
from batch.runs.outcomes import Ending, Outcome
from batch.schema.column_model import ListSheet
from batch.schema.columns import LIST_OF, LIST_SHEETS
from batch.schema.file_metadata import OWN_LISTS
from batch.schema.problems import KINDS, Problem, Severity
from batch.secrets import HIDDEN, Secret
from batch.settings import OPTIONS
from batch.tables.row_results import Tone
from batch.trunks.change_plan import Change
from batch.trunks.diff import ChangeKind, Desired, Difference, EntryChange, ListDifference, compare
from batch.trunks.live import Entry, LiveTrunk, entry_json, parse_trunk
from batch.trunks.model import Record
from batch.trunks.values import Value
from batch.trunks.way_back import Restoration

Shape: TypeAlias = type | Callable[[Any], bool] | list["Shape"] | tuple["Shape", ...] | Mapping[str, "Shape"] | None
"""A type; a rule; what all items of a list are; several of which one fits; what the names of an object are; nothing."""

_MOST: Final = 2**53
"""A number beyond it was never written."""


def fits(value: Any, shape: Shape) -> bool:
    """Tell whether a value is of a shape; an object may lack names, and has no others. A truth is no number."""
    match shape:
        case None:
            return value is None
        case type():
            return type(value) is shape
        case list():
            return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
        case tuple():
            return any(fits(value, one) for one in shape)
        case Mapping():
            return isinstance(value, dict) and all(
                name in shape and fits(item, shape[name]) for name, item in value.items()
            )
        case _:
            try:
                return shape(value) is True  # and not that the two cannot be compared
            except TypeError:  # it cannot be looked up
                return False


def whole(value: Any) -> bool:
    """Tell whether a value counts something, or is a row or an id."""
    return type(value) is int and 0 <= value <= _MOST


def each(shape: Shape) -> Callable[[Any], bool]:
    """Return the shape of an object whose names may be any."""
    return lambda value: isinstance(value, dict) and all(fits(item, shape) for item in value.values())


def is_census(value: Any) -> bool:
    """Tell whether a value is what a run keeps of a census."""
    return fits(value, {"not_read": [str], "before": [_is_held]}) and len(value) == 2


def _is_held(value: Any) -> bool:
    of_trunk = isinstance(value, list) and [type(part) for part in value] == [int, str, list]
    return of_trunk and all(fits(did, [str]) and len(did) == 2 for did in value[2])


def is_listed(value: Any) -> bool:
    """Tell whether a value is what a run keeps of the sheets that its results list."""
    tone: Shape = (None, lambda tone: tone in set(Tone))
    names: dict[str, Shape] = {"name": lambda name: name in OWN_LISTS, "says": str, "columns": each(int)}
    shape: Mapping[str, Shape] = {
        **names, "lines": [[(str, int)]], "tones": [tone], "answers": [str], "tone": tone,
    }  # fmt: skip
    return fits(value, [shape]) and all(one.keys() == shape.keys() for one in value)


def is_moment(value: Any) -> bool:
    """Tell whether a value is a time with its zone."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def parse_moment(text: str) -> datetime:
    """Read a time.

    Raises:
        ValueError: it is none, or has no zone.
    """
    if not is_moment(text):
        raise ValueError("no time")
    return datetime.fromisoformat(text)


def is_plain_name(value: Any) -> bool:
    """Tell whether a value names a file or folder in a folder, whatever the system."""
    return isinstance(value, str) and re.fullmatch(r"\w(?:[\w .@+-]{0,118}[\w@+-])?", value) is not None


_PROBLEM: Final[Shape] = {
    "code": KINDS.__contains__,
    **dict.fromkeys(("sheet", "header", "value", "message", "fix", "pbx"), str),
    **dict.fromkeys(("row", "column"), whole),
    **dict.fromkeys(("trunk", "partner"), (whole, None)),
    "offers": [str],
    "reading": [str],
    "retype": (dict, None),
    "severity": (None, *(value.__eq__ for value in map(str, Severity))),
}
_NEEDED_OF_A_PROBLEM: Final = frozenset({"code", "sheet", "message", "fix", "severity"})


def read_problem(kept: Any) -> Problem | None:
    """Read a problem that was kept; None where it is none."""
    if not fits(kept, _PROBLEM) or kept.keys() < _NEEDED_OF_A_PROBLEM:
        return None
    severity = None if kept["severity"] is None else Severity(kept["severity"])
    lists = {name: tuple(kept.get(name, ())) for name in ("offers", "reading")}
    return Problem(**{**kept, **lists, "severity": severity, "retype": None})


_RETURN: Final[Mapping[str, Shape]] = {
    "row": whole,
    **dict.fromkeys(("trunk", "field", "before", "wrote", "now", "why"), str),
    "fate": lambda value: value in {str(fate) for fate in Restoration},
    "later": bool,
}
_FACTS: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("run", "pbx", "client_id", "digest"), str),
    "started": is_moment,
    "practice": bool,
    "workbook": {"path": str, "sha256": str, "copy": is_plain_name, "columns": str},
    "rows": whole,
    "settings": {name: option.fits for name, option in OPTIONS.items() if option.kept},
    "chosen": [whole],
    "hazards": [str],
    "approval": dict.fromkeys(("approved_by", "date", "ticket", "plan", "sha256"), str),
    "undoes": str,
    "restores": bool,
    "returns": [lambda value: fits(value, _RETURN) and value.keys() == _RETURN.keys()],
    "problems": [lambda value: fits(value, _PROBLEM) and value.keys() >= _NEEDED_OF_A_PROBLEM],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved a plan."""

    approved_by: str
    date: str
    """As it was typed; a date cell as ``2026-11-29``."""
    ticket: str = ""
    plan: str = ""
    """The signed file's name."""
    sha256: str = ""
    """Of the signed file."""

    def __str__(self) -> str:
        """In one line."""
        ticket = f", ticket {self.ticket}" if self.ticket else ""
        return f"{self.approved_by}, {self.date}{ticket} ({self.plan})"

    def to_json(self) -> dict[str, str]:
        """Return it as a journal keeps it."""
        return asdict(self)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What results say of it."""
        return [("Approved by", str(self)), ("SHA-256 of that", self.sha256)]


def read_facts(kept: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Read the facts of a run, each as JSON.

    Raises:
        ValueError: one of them is not what this tool writes.
    """
    facts = {name: json.loads(value) for name, value in kept}
    for name, shape in _FACTS.items():
        if name in facts and not fits(facts[name], shape):
            raise ValueError(name)
    return facts


def are_whole(facts: Mapping[str, Any]) -> bool:
    """Tell whether all facts are there that a run is gone on with."""
    needed = _FACTS.keys() - {"approval", "undoes", "restores", "returns"}
    return facts.keys() >= needed and facts["workbook"].keys() >= {"path", "sha256", "copy"}


Json: TypeAlias = dict[str, Any]

_VALUE: Final[Shape] = (str, int, None)
DESIRED: Final[Shape] = {"fields": each(_VALUE), **{name: [dict] for name in LIST_OF}}
"""The shape of what `desired_json` makes."""
_LIST: Final[Shape] = {"changes": [[(str, dict, whole)]], "stays": whole}
OUTCOME: Final[Shape] = {
    **dict.fromkeys(("ending", "name", "note", "errmsg"), str),
    **dict.fromkeys(("trunk_id", "errcode", "http_status", "elapsed_ms"), (int, None)),
    "attempts": whole,
    "finished_at": (is_moment, None),
    "faults": [list],
    "found": ({"fields": each([_VALUE]), **dict.fromkeys(LIST_OF, _LIST)}, None),
    **dict.fromkeys(("read", "chosen", "reached"), bool),
}
"""The shape of what `outcome_json` makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a run wants of one trunk."""

    row: int
    trunk_id: int
    name: str
    """As the PBX called it when it was planned."""
    rows: int
    """How many rows of all sheets are about it."""
    writes: frozenset[str]
    """The fields and lists that are to be set; empty where the PBX held everything already."""
    desired: Json


def intent_of(change: Change, rows: int) -> Intent:
    """Keep what a change is to bring about, and how many rows of all sheets are about it."""
    return Intent(
        row=change.record.row,
        trunk_id=change.live.id,
        name=change.live.name,
        rows=rows,
        writes=frozenset(change.replaces()) if change.difference else frozenset(),
        desired=desired_json(change.desired),
    )


def joined(before: Intent | None, change: Change, rows: int) -> Intent:
    """Keep what a change is to bring about besides what was sent for the same trunk before: some of that may stand."""
    wanted = intent_of(change, rows)
    if before is None or before.trunk_id != wanted.trunk_id:
        return wanted
    fields = {**before.desired["fields"], **wanted.desired["fields"]}
    desired = {**before.desired, **wanted.desired, "fields": fields}
    return replace(wanted, writes=before.writes | wanted.writes, desired=desired)


def desired_json(desired: Desired) -> Json:
    """Write down what a trunk shall hold; of a password only that there is one."""
    kept: Json = {"fields": {name: _open(value) for name, value in desired.fields.items()}}
    return kept | {sheet.api: [entry_json(entry) for entry in entries] for sheet, entries in desired.lists.items()}


def _open(value: Value) -> str | int | None:
    return None if isinstance(value, Secret) else value


def read_desired(kept: Json, password: Value | None) -> Desired:
    """Read back what a trunk shall hold.

    The password is as the run's own copy of the workbook has it; where it cannot be had any more, none is wanted.
    """
    fields: dict[str, Value] = {}
    for name, value in kept["fields"].items():
        found = password if value is None else value
        if found is not None:
            fields[name] = found
    return Desired(
        fields=fields,
        lists={sheet: _read_entries(sheet, kept[sheet.api]) for sheet in LIST_SHEETS if sheet.api in kept},
    )


def _read_entries(sheet: ListSheet, entries: Sequence[Json]) -> tuple[Entry, ...]:
    return parse_trunk({"id": 0, sheet.api: entries}).lists[sheet].entries


def planned_then(wanted: Intent, record: Record, before: LiveTrunk) -> Change:
    """Make the change again that a run planned, from what it kept."""
    desired = read_desired(wanted.desired, record.fields.get("password"))
    return Change(record=record, live=before, desired=desired, difference=compare(before, desired))


def outcome_json(outcome: Outcome) -> Json:
    """Write down how a trunk ended."""
    return {
        "ending": str(outcome.ending),
        "trunk_id": outcome.trunk_id,
        "name": outcome.name,
        "note": outcome.note,
        "errcode": outcome.errcode,
        "errmsg": outcome.errmsg,
        "http_status": outcome.http_status,
        "attempts": outcome.attempts,
        "elapsed_ms": outcome.elapsed_ms,
        "finished_at": outcome.finished_at.isoformat() if outcome.finished_at else None,
        "faults": [[fault.field, fault.value, fault.validation_type] for fault in outcome.faults],
        "found": _difference_json(outcome.difference) if outcome.difference else None,
        "read": outcome.read,
        "chosen": outcome.chosen,
        "reached": outcome.reached,
    }


def read_outcome(row: int, kept: Json) -> Outcome:
    """Read back how a trunk ended."""
    plain = {name: value for name, value in kept.items() if name not in {"ending", "finished_at", "faults", "found"}}
    return Outcome(
        row=row,
        ending=Ending(kept["ending"]),
        finished_at=datetime.fromisoformat(kept["finished_at"]) if kept["finished_at"] else None,
        faults=tuple(FieldFault(field=f, value=value, validation_type=rule) for f, value, rule in kept["faults"]),
        difference=_read_difference(kept["found"]),
        **plain,
    )


def is_outcome(value: Any) -> bool:
    """Tell whether a value is how a trunk ended, as `outcome_json` writes it down, and can be read back."""
    try:
        return fits(value, OUTCOME) and read_outcome(0, value) is not None
    except (ValueError, TypeError, AttributeError, KeyError):
        return False


def _difference_json(difference: Difference) -> Json:
    return {
        "fields": {name: [_shown(found), _shown(wanted)] for name, (found, wanted) in difference.fields.items()},
        **{sheet.api: _list_json(differs) for sheet, differs in difference.lists.items()},
    }


def _shown(value: str | int | Secret) -> str | int:
    return HIDDEN if isinstance(value, Secret) else value


def _list_json(difference: ListDifference) -> Json:
    changes = [
        [str(kind), entry_json(old), entry_json(new), was, becomes]
        for kind, old, new, was, becomes, _ in difference.changes
    ]
    return {"changes": changes, "stays": difference.stays}


def _read_difference(kept: Json | None) -> Difference:
    if kept is None:
        return Difference()
    fields = {
        name: (Secret(str(found)), Secret(str(wanted))) if name == "password" else (found, wanted)
        for name, (found, wanted) in kept["fields"].items()
    }
    lists = {sheet: _read_list(sheet, kept[sheet.api]) for sheet in LIST_SHEETS if sheet.api in kept}
    return Difference(fields=fields, lists=lists)


def _read_list(sheet: ListSheet, kept: Json) -> ListDifference:
    changes = []
    for kind, *entries, was, becomes in kept["changes"]:
        old, new = _read_entries(sheet, entries)
        changes.append(EntryChange(ChangeKind(kind), old, new, was, becomes))
    return ListDifference(changes=tuple(changes), stays=kept["stays"])
