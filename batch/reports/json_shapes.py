"""JSON: the one JSON object that each command prints with ``--json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from batch.schema.columns import DIDS, LIST_OF, LIST_SHEETS
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.trunks.diff import ChangeKind, EntryChange
from batch.trunks.live import Did, Entry

if TYPE_CHECKING:
    from batch.commands.export import Exported
    from batch.commands.fleet_export import FleetExported
    from batch.commands.flow import Planned, Report, Verified
    from batch.commands.outputs import Confirmed
    from batch.commands.undo import WayBackWritten
    from batch.errors import BatchError
    from batch.runs.run_status import RunStatus
    from batch.tables.row_results import ListedSheet
    from batch.trunks.change_plan import Change
    from batch.trunks.diff import Difference
    from batch.trunks.live_checks import Hazard
    from batch.trunks.way_back import Return


def check_json(problems: Iterable[Problem]) -> dict[str, Any]:
    """Make what ``check --json`` prints."""
    listed = [problem.to_json() for problem in problems]
    count = Counter(problem["severity"] for problem in listed)
    return {"problems": listed, "counts": {"problem": count["problem"], "notice": count["notice"]}}


SCHEMA: Final = 1
"""Version of what ``plan --json`` prints: another one once a key has gone or means something else."""


def plan_json(planned: Planned) -> dict[str, Any]:
    """Make what ``plan --json`` prints: always whole, also with problems or hazards.

    ``approval`` is to be filled in by whoever approves it; ``seal`` tells whether anything else was changed since.
    """
    from batch.commands.approval import UNSIGNED, apply_command, json_seal  # noqa: PLC0415 - a check needs none of it
    from batch.runs.plan_document import plan_counts  # noqa: PLC0415

    plan, refused = planned.plan, frozenset(planned.refused_hazards)
    shape = {
        "schema": SCHEMA,
        "pbx": planned.address,
        "practice": planned.practice,
        "workbook": {"path": str(planned.checked.settings.workbook), "sha256": planned.checked.workbook.sha256},
        "digest": planned.digest,
        "exit_code": planned.detailed_exit_code,
        "command": apply_command(planned),
        "counts": plan_counts(plan, planned.refused_hazards),
        "changes": [_change_json(change) for change in plan.changes],
        "hazards": [_hazard_json(hazard, allowed=hazard not in refused) for hazard in plan.hazards],
        "problems": [problem.to_json() for problem in plan.problems],
        "forecast": {"requests": planned.forecast.requests, "seconds": planned.forecast.seconds},
        "census": planned.census and planned.census.to_json(),
        **_listed_json(planned.listed),
        **_way_back_json(planned.returns),
    }
    return {**shape, "approval": UNSIGNED, "seal": json_seal(shape)}


def no_plan_json(problems: Iterable[Problem]) -> dict[str, Any]:
    """Make what ``plan --json`` prints when there is no workbook to plan from: nothing can be approved in it."""
    from batch.commands.approval import UNSIGNED  # noqa: PLC0415 - a check needs none of it
    from batch.runs.plan_document import plan_counts  # noqa: PLC0415
    from batch.trunks.change_plan import Plan  # noqa: PLC0415

    listed = list(problems)
    return {
        "schema": SCHEMA,
        "pbx": "",
        "practice": False,
        "workbook": {"path": "", "sha256": ""},
        "digest": "",
        "exit_code": 3,
        "command": "",
        "counts": plan_counts(Plan(pbx="", problems=listed), ()),
        "changes": [],
        "hazards": [],
        "problems": [problem.to_json() for problem in listed],
        "forecast": {"requests": 0, "seconds": 0},
        "census": None,
        **_listed_json(()),
        "approval": UNSIGNED,
        "seal": "",
    }


_LISTS: Final = {"follow_up": "Follow-up", "test_calls": "Test calls"}


def _listed_json(listed: Iterable[ListedSheet]) -> dict[str, Any]:
    """Return the lines of these sheets, each by its headers, without the columns that are to be filled in."""
    sheets = {sheet.name: sheet for sheet in listed}
    order = {"port_order": "Port order"} if "Port order" in sheets else {}
    return {key: _lines_json(sheets[name]) if name in sheets else [] for key, name in (order | _LISTS).items()}


def _lines_json(sheet: ListedSheet) -> list[dict[str, str | int]]:
    names = {name: name.lower().replace(".", "").replace(" ", "_") for name in sheet.columns}
    lines = (zip(sheet.columns, line, strict=True) for line in sheet.lines)
    return [{names[name]: str(cell) for name, cell in line if name not in sheet.answers} for line in lines]


def _hazard_json(hazard: Hazard, *, allowed: bool) -> dict[str, Any]:
    shape: dict[str, Any] = {"code": hazard.code, "trunk": hazard.trunk, "message": hazard.message}
    shape |= {"flag": hazard.flag, "allowed": allowed}
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
            way = "moves_from" if change.kind is ChangeKind.ADDED else "moves_to"
            return _entry_json(new) | ({way: change.other} if change.other else {})
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
        **_contents_json(exported),
        **({"restrictions": list(exported.restrictions)} if exported.settings.portal else {}),
    }


def fleet_export_json(exported: FleetExported) -> dict[str, Any]:
    """Make what ``export --json`` prints of many PBXs; ``export`` is null where none could be read."""
    parts = {pbx: {"address": one.address, **_contents_json(one)} for pbx, one in exported.exported.items()}
    faults = {pbx: error_json(error) for pbx, error in exported.not_read.items()}
    return {
        "export": None if exported.path is None else str(exported.path),
        "exit_code": exported.exit_code,
        "pbxs": [{"pbx": pbx, **one} for pbx, one in (parts | faults).items()],
    }


def _contents_json(exported: Exported) -> dict[str, Any]:
    return {
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
    from batch.commands.outputs import undo_command  # noqa: PLC0415 - a check needs none of it

    return {
        "run": str(report.folder.path),
        "results": None if report.results.path is None else str(report.results.path),
        **{output.key: output.path and str(output.path) for output in report.outputs if output.key},
        "undo": undo_command(report.folder, report.outcomes),
        "census": report.census and report.census.to_json(),
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
        **_listed_json(report.listed),
        **_way_back_json(report.returns),
        **_confirmation_json(report.confirmation),
    }


def _confirmation_json(said: Confirmed | None) -> dict[str, Any]:
    """Say what came of the wait for a confirmation; nothing where none was waited for."""
    if said is None:
        return {}
    undone = None if said.undone is None else report_json(said.undone)
    shape = {"confirmed": not said.taken_back and not said.failed, "by": said.by, "failed": said.failed}
    return {"confirmation": {**shape, "taken_back": said.taken_back, "undone": undone}}


def _way_back_json(returns: Iterable[Return]) -> dict[str, Any]:
    """Say what becomes of each field and entry that goes back; nothing where nothing does."""
    names = ("trunk", "field", "before", "wrote", "now", "why")
    lines = [{**{name: getattr(line, name) for name in names}, "fate": str(line.fate)} for line in returns]
    return {"way_back": lines} if lines else {}


def way_back_written_json(written: WayBackWritten) -> dict[str, Any]:
    """Make what ``undo -o --json`` prints."""
    return {"way_back": str(written.path), "trunks": written.trunks, "without_password": list(written.passwords)}


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
    """Make what ``status --json`` prints: times with their zone, ``pid`` and ``ended`` null where there is none.

    ``approval`` is there only where somebody signed the plan, ``undoes`` only of an undo, and ``taken_back`` (by what)
    only of a run that was undone.
    """
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
        **({"approval": status.approval.to_json()} if status.approval is not None else {}),
        **({"undoes": status.undoes} if status.undoes else {}),
        **({"taken_back": status.taken_back} if status.taken_back else {}),
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
