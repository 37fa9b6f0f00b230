"""JSON: the one JSON object that each command prints with ``--json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from batch.schema.columns import DIDS, LIST_OF, LIST_SHEETS
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.trunks.diff import ChangeKind, EntryChange
from batch.trunks.live import Did, Entry

if TYPE_CHECKING:
    from batch.commands.export import Exported
    from batch.commands.flow import Planned, Report, Verified
    from batch.errors import BatchError
    from batch.runs.run_status import RunStatus
    from batch.trunks.change_plan import Change
    from batch.trunks.diff import Difference
    from batch.trunks.live_checks import Hazard


def check_json(problems: Iterable[Problem]) -> dict[str, Any]:
    """Make what ``check --json`` prints."""
    listed = [problem.to_json() for problem in problems]
    count = Counter(problem["severity"] for problem in listed)
    return {"problems": listed, "counts": {"problem": count["problem"], "notice": count["notice"]}}


def plan_json(planned: Planned) -> dict[str, Any]:
    """Make what ``plan --json`` prints: always whole, also with problems or hazards."""
    return {
        "digest": planned.digest,
        "changes": [_change_json(change) for change in planned.plan.changes],
        "hazards": [_hazard_json(hazard) for hazard in planned.plan.hazards],
        "problems": [problem.to_json() for problem in planned.plan.problems],
        "forecast": {"requests": planned.forecast.requests, "seconds": planned.forecast.seconds},
    }


def no_plan_json(problems: Iterable[Problem]) -> dict[str, Any]:
    """Make what ``plan --json`` prints when there is no workbook to plan from."""
    return {
        "digest": "",
        "changes": [],
        "hazards": [],
        "problems": [problem.to_json() for problem in problems],
        "forecast": {"requests": 0, "seconds": 0},
    }


def _hazard_json(hazard: Hazard) -> dict[str, Any]:
    shape: dict[str, Any] = {"code": hazard.code, "trunk": hazard.trunk, "message": hazard.message}
    if (conflict := hazard.conflict) is not None:
        shape |= {name: getattr(conflict, name) for name in ("sheet", "cell", "base", "live", "yours")}
    return shape


def _change_json(change: Change) -> dict[str, Any]:
    shape = {
        "trunk": {"id": change.live.id, "name": change.live.name},
        "kind": change.kind,
        **_difference_json(change.difference),
    }
    return shape | ({"left_alone": _difference_json(change.left_alone)} if change.left_alone else {})


def _difference_json(difference: Difference) -> dict[str, Any]:
    return {
        "fields": {name: [_plain(old), _plain(new)] for name, (old, new) in difference.fields.items()},
        **{
            sheet.name: {
                str(kind): [_entry_change_json(change) for change in difference.of(sheet, kind)]
                for kind in ChangeKind
                if sheet is not DIDS or kind is not ChangeKind.CHANGED  # of a DID, nothing but its name can be another
            }
            for sheet in LIST_SHEETS
        },
    }


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Secret) else value


def _entry_change_json(change: EntryChange) -> dict[str, Any]:
    old, new = change.old, change.new
    match change.kind:
        case ChangeKind.ADDED | ChangeKind.REMOVED:
            return _entry_json(new)
        case ChangeKind.RENAMED:
            return {**_key(new), "old": old.name, "new": new.name}
        case ChangeKind.CHANGED:
            return {**_key(new), "old": _entry_json(old), "new": _entry_json(new)}
        case ChangeKind.MOVED:
            return {**_key(new), "from": change.was, "to": change.becomes}


def _key(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Did):
        return {"did": entry.number}
    return {"option": entry.option, "caller_id": entry.number}


def _entry_json(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Did):
        return {"did": entry.number, "did_name": entry.name}
    whom = (
        {"extension_range": entry.extension_range}
        if entry.option == "range"
        else {"extensions": [{"type": e.type, "id": e.id, "number": e.number} for e in entry.order]}
    )
    return {**_key(entry), "name": entry.name, **whom}


def export_json(exported: Exported) -> dict[str, Any]:
    """Make what ``export --json`` prints."""
    return {
        "export": str(exported.path),
        "counts": {
            "trunks": exported.trunks,
            "caller_ids": exported.caller_ids,
            "dids": exported.dids,
            "extensions": exported.extensions,
        },
        "read_only": [
            {
                "trunk": left.trunk.name,
                "list": LIST_OF[left.what].name if left.what in LIST_OF else left.what,
                "reason": left.reason,
            }
            for left in exported.read_only
        ],
        "left_out": [{"id": t.id, "name": t.name, "type": t.vendor_type} for t in exported.left_out],
    }


def report_json(report: Report) -> dict[str, Any]:
    """Make what ``apply --json`` and ``resume --json`` print; ``results`` is null where nothing took them.

    ``failed_only`` is there only where it was asked for, and null where everything is as wanted.
    """
    return {
        "run": str(report.folder.path),
        "results": None if report.results.path is None else str(report.results.path),
        **{output.key: output.path and str(output.path) for output in report.outputs if output.key},
        "counts": _all_endings(report.endings.total()),
        "sheets": {title: _all_endings(count) for title, count in report.endings.counts().items()},
        "trunks": [
            {
                "id": outcome.trunk_id,
                "name": outcome.name,
                "ending": str(outcome.ending),
                "errcode": outcome.errcode,
                "errmsg": outcome.errmsg,
                "attempts": outcome.attempts,
            }
            for _, outcome in sorted(report.outcomes.items())
        ],
    }


def verified_json(verified: Verified) -> dict[str, Any]:
    """Make what ``verify --json`` prints."""
    return {
        "match": verified.match,
        "differ": [
            {
                "sheet": drift.sheet,
                "cell": drift.cell,
                "trunk": drift.trunk,
                "field": drift.field,
                "wanted": drift.wanted,
                "found": drift.found,
            }
            for drift in verified.differ
        ],
        **({"not_compared": list(verified.not_compared)} if verified.not_compared else {}),
    }


def status_json(status: RunStatus) -> dict[str, Any]:
    """Make what ``status --json`` prints: times with their zone, ``pid`` and ``ended`` null where there is none."""
    return {
        "run": str(status.folder),
        "state": str(status.state),
        "counts": _all_endings(status.counts),
        "pid": status.pid,
        "started": status.started.isoformat(timespec="seconds"),
        "ended": None if status.ended is None else status.ended.isoformat(timespec="seconds"),
        "trunks": status.trunks,
        "settled": status.settled,
        "sent": status.sent,
        "pbx": status.pbx,
        "workbook": status.workbook,
    }


def runs_json(statuses: Iterable[RunStatus]) -> dict[str, Any]:
    """Make what ``runs --json`` prints, oldest first."""
    return {"runs": [status_json(status) for status in statuses]}


def _all_endings(count: Mapping[str, int]) -> dict[str, int]:
    from batch.runs.outcomes import Ending  # noqa: PLC0415 - a check needs none of the runs

    return {str(ending): count.get(str(ending), 0) for ending in Ending}


def error_json(error: BatchError) -> dict[str, Any]:
    """Make what any command prints with ``--json`` when it cannot be carried out."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
