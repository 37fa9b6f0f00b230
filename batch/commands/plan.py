"""Plan: the chosen trunks put against what the PBX holds, and whether an export came from this PBX. Cannot write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

from batch.commands.check import Checked
from batch.commands.connection import NOT_ENCRYPTED, PRACTICE, Connection
from batch.errors import PbxError, PbxUnreachable, UsageError
from batch.pbx.addresses import base_url_of, is_loopback, is_overheard
from batch.runs import folders
from batch.runs.live_reads import BATCH, LiveReads
from batch.runs.returns import with_way_back
from batch.schema.columns import DIDS
from batch.schema.file_metadata import PRACTICE_MARK, FileMetadata
from batch.schema.problems import Problem, Severity
from batch.settings import Settings
from batch.tables.row_results import ListedSheet
from batch.tables.rows import Tables
from batch.trunks.change_plan import (
    Change,
    Plan,
    check_orders,
    not_allowed,
    plan_change,
    resolve,
    stopped_by,
)
from batch.trunks.follow_up import left_to_people
from batch.trunks.grouping import own
from batch.trunks.live import NOT_SHOWN, WHOLE_TRUNK, Inventory, LiveTrunk
from batch.trunks.live_checks import Hazard, deserted, not_sendable, unreadable_trunk_problem
from batch.trunks.model import Record
from batch.trunks.routes import InboundRoutes
from batch.trunks.schedule import MoveOrder, schedule
from batch.trunks.suggestions import against_live
from batch.trunks.way_back import OVERWRITE, Return, WayBack, all_lost, plan_back, restored, way_back_of
from batch.writers.run_results import changes_frame

if TYPE_CHECKING:
    import pandas as pd


def foreign(metadata: FileMetadata, connection: Connection, tables: Tables) -> list[Problem]:
    """Report an export of another PBX: what it began with says nothing about this one.

    On the practice PBX it may be rehearsed, which is only told. What was exported from a practice PBX is for no other.
    """
    if is_same(metadata.pbx, connection.address):
        return []
    came_from = (
        f"This workbook was exported from {metadata.pbx or 'a PBX that it does not name'}{_when(metadata.made_at)}"
    )
    if connection.practice:
        return [
            Problem(
                code="base-practice",
                sheet=tables.trunks.name,
                value=metadata.pbx,
                message=f"{came_from}; here it is rehearsed on the practice PBX.",
                fix="Nothing to do. What the real PBX changed since the export is seen only by a plan against it.",
            )
        ]
    return [
        Problem(
            code="base-elsewhere",
            sheet=tables.trunks.name,
            value=metadata.pbx,
            message=f"{came_from}, not from {connection.address}, so it does not tell what changed on this one since.",
            fix=f"Use a workbook exported from {connection.address}; or copy the rows that are meant into an empty "
            "workbook (trunk-batch template), which is then compared with this PBX alone.",
        )
    ]


def is_same(one: str, other: str) -> bool:
    """Tell whether two addresses are those of one PBX, however they are spelled."""
    return _spelled(one) == _spelled(other)


def may_be_same(one: str, other: str) -> bool:
    """Tell whether two addresses may be those of one PBX: what is served on loopback gets another port each time."""
    return is_same(one, other) or all(address != PRACTICE and is_loopback(address) for address in (one, other))


def _spelled(address: str) -> str:
    if address == PRACTICE:
        return address
    try:
        return base_url_of(address)
    except UsageError:
        return address.strip().casefold()


def _when(made_at: str) -> str:
    try:
        return f" on {datetime.fromisoformat(made_at):%Y-%m-%d %H:%M}"
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run would cost."""

    requests: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, with everything that it came from."""

    checked: Checked
    plan: Plan
    inventory: Inventory
    address: str
    practice: bool
    notes: tuple[str, ...]
    forecast: Forecast
    digest: str
    refused_hazards: tuple[Hazard, ...]
    """Hazards that no ``--allow`` covers."""
    unfinished: tuple[str, ...] = ()
    """Ids of runs of the same workbook that never came to their end."""
    differs: tuple[str, ...] = ()
    """What is otherwise than it was approved for a run that is gone on with, a line for each trunk."""
    whole: Mapping[int, LiveTrunk] = field(default_factory=dict)
    """All trunks of the PBX that can have DIDs, by id, where DIDs change; else none was read for that alone."""
    not_whole: tuple[str, ...] = ()
    """Names of those that cannot be read."""
    listed: tuple[ListedSheet, ...] = ()
    """What plan and results list beside the changes."""
    returns: tuple[Return, ...] = ()
    """What becomes of each field and entry that goes back."""
    beyond: frozenset[int] = frozenset()
    """Rows of trunks of which nothing can go back: that stops no other."""

    @property
    def exit_code(self) -> int:
        """0 if it may be applied, 3 for problems, 4 for hazards or another digest than expected."""
        settings = self.checked.settings
        stopping = [p for p in self.plan.problems if p.stops and p.trunk not in self.beyond]
        if stopping and not (settings.skip_invalid and all(problem.trunk is not None for problem in stopping)):
            return 3
        if self.refused_hazards or not self.expected:
            return 4
        return 0

    @property
    def detailed_exit_code(self) -> int:
        """The same, but 10 if it may be applied and writes something, where that was asked for."""
        asked = self.checked.settings.detailed_exitcode and self.plan.updates
        return 10 if asked and not self.exit_code else self.exit_code

    @property
    def expected(self) -> bool:
        """Whether the digest is the one that was asked for, if one was."""
        return self.checked.settings.expect.strip().casefold() in {"", self.digest}

    def frame(self) -> pd.DataFrame:
        """Return the changes as a table, one line per field or list entry."""
        return changes_frame(self.checked.tables, self.plan.changes, {})


def make_plan(checked: Checked, connection: Connection, done_with: frozenset[int] = frozenset()) -> Planned:
    """Put the chosen trunks against what the PBX holds.

    Rows that are done with are looked at, but not to be written: their problems are only told.
    """
    checked = _with_notices(done_with, checked)
    tables = checked.tables
    chosen = checked.chosen
    base = checked.exported()
    elsewhere = () if base is None else foreign(checked.workbook.metadata, connection, tables)
    around = [*_plain_http(connection, tables), *elsewhere]
    exported = {} if base is None or any(problem.stops for problem in around) else base
    if not chosen:
        return _planned(checked, connection, Inventory(trunks=()), [], [], around)
    rows = [row for record in chosen if record.caller_ids for row in record.caller_ids.rows]
    client = connection.client
    inventory = client.inventory(extensions=any(row.extensions for row in rows), groups=any(row.groups for row in rows))
    ids, found = resolve(tables, chosen, inventory)
    live = client.trunks(list(ids.values()))
    readable = {number: trunk for number, trunk in live.items() if WHOLE_TRUNK not in trunk.unread}
    checked = _against_live(checked, {row: readable[n] for row, n in ids.items() if n in readable})
    checked = _with_notices(done_with, checked)
    stopped = stopped_by(checked.problems.stopping)
    same_pbx = may_be_same(checked.workbook.metadata.run_on, connection.address)
    named = {then.name: then for then in reversed([*exported.values()])}
    changes, hazards, returns = [], [], list[Return]()
    for record in chosen:
        if record.row not in ids:
            continue
        trunk = live.get(ids[record.row])
        if trunk is None or WHOLE_TRUNK in trunk.unread:
            found.append(_not_shown(tables, record, trunk))
            continue
        change, dangers, problems, lines = _planned_change(
            checked, record, trunk, inventory, exported, named, same_pbx=same_pbx
        )
        changes.append(change)
        hazards += dangers
        found += problems
        returns += lines
        if change.difference and record.row not in stopped and not any(problem.stops for problem in problems):
            found += not_sendable(tables, record, trunk, change.body())
    told = _as_notices(done_with, own(found, tables, checked.records))
    blamed = {problem.place for problem in checked.problems.stopping}
    new = [problem for problem in told if problem.place not in blamed]  # not what only follows from a cell at fault
    planned = _planned(checked, connection, inventory, changes, hazards, [*around, *new])
    left = {record.row for record in chosen} - {change.record.row for change in changes}
    return _with_returns(_left_to_people(_with_all_dids(planned, client, live), client), returns, left, exported)


def _planned_change(
    checked: Checked,
    record: Record,
    trunk: LiveTrunk,
    inventory: Inventory,
    exported: Mapping[int, LiveTrunk],
    named: Mapping[str, LiveTrunk],
    *,
    same_pbx: bool,
) -> tuple[Change, list[Hazard], list[Problem], list[Return]]:
    """Put one record against its trunk, or what its trunk goes back to."""
    tables, then = checked.tables, exported.get(trunk.id)
    if (back := _way_back(checked, then)) is not None:
        overwrite = _may_overwrite(checked, trunk)
        change, dangers, lines = plan_back(tables, record, trunk, inventory, back, overwrite=overwrite)
        return change, dangers, [], lines
    change, dangers, problems = plan_change(tables, record, trunk, inventory, then)
    problems += [] if then is None else deserted(tables, checked.records, record, then)
    problems += _another_by_that_name(tables, record, trunk, named)
    change, reorders, order = check_orders(tables, change, checked.workbook.metadata, same_pbx=same_pbx)
    return change, [*dangers, *reorders], [*problems, *order], []


def _with_returns(
    planned: Planned, returns: Sequence[Return], left: Collection[int], exported: Mapping[int, LiveTrunk]
) -> Planned:
    """List what goes back, and that of the trunks in the rows that are left nothing can: they are not to be had."""
    checked, plan = planned.checked, planned.plan
    why = {problem.trunk: problem.message for problem in reversed(plan.problems) if problem.stops}
    gone = [record for record in checked.chosen if record.row in left]
    backs = [(record, _way_back(checked, exported.get(record.id or 0))) for record in gone]
    beyond = [line for record, back in backs if back for line in all_lost(record, back, why.get(record.row, ""))]
    returns = [*returns, *beyond]
    listed = tuple(with_way_back(planned.listed, returns))
    return replace(planned, returns=tuple(returns), beyond=frozenset(line.row for line in beyond), listed=listed)


def _way_back(checked: Checked, then: LiveTrunk | None) -> WayBack | None:
    """Return what a record's trunk goes back to; None where the workbook is one that goes on."""
    if then is None:
        return None
    if checked.settings.restores:
        return restored(then)
    if not checked.goes_back or (back := way_back_of(then)) is None:
        return None
    return replace(back, password_wrote=checked.passwords_wrote.get(then.id))


def _with_all_dids(planned: Planned, client: LiveReads, live: Mapping[int, LiveTrunk]) -> Planned:
    """Read all trunks that can have DIDs, where DIDs change: what becomes of a number shows only in all of them."""
    if not any(DIDS in change.difference.lists for change in planned.plan.changes):
        return planned
    with_dids = [trunk for trunk in planned.inventory.trunks if trunk.id and trunk.type in DIDS.types]
    whole = dict(live)
    try:
        whole |= client.trunks([trunk.id for trunk in with_dids if trunk.id not in live])
    except PbxUnreachable:
        raise
    except PbxError:  # of the others none may be shown; that is said, and stops nothing
        pass
    whole = {trunk.id: whole[trunk.id] for trunk in with_dids if trunk.id in whole}
    whole = {number: trunk for number, trunk in whole.items() if _shows_dids(trunk)}
    not_whole = tuple(trunk.label for trunk in with_dids if trunk.id not in whole)
    return replace(planned, whole=whole, not_whole=not_whole)


def _left_to_people(planned: Planned, client: LiveReads) -> Planned:
    """Read inbound routes, where DIDs change, and add what they need and what else is left to people."""
    routes = client.inbound_routes() if planned.whole else InboundRoutes()
    left = left_to_people(planned.plan.updates, planned.whole, planned.not_whole, routes)
    return replace(_with_hazards(planned, left.hazards), listed=(*planned.listed, *left.sheets))


def _with_hazards(planned: Planned, hazards: Sequence[Hazard]) -> Planned:
    plan = replace(planned.plan, hazards=(*planned.plan.hazards, *hazards))
    refused = not_allowed(plan.hazards, planned.checked.settings.allow, plan.changes)
    return replace(planned, plan=plan, refused_hazards=refused)


def _shows_dids(trunk: LiveTrunk) -> bool:
    return WHOLE_TRUNK not in trunk.unread and trunk.unread.get(DIDS.api, NOT_SHOWN) == NOT_SHOWN


def _may_overwrite(checked: Checked, trunk: LiveTrunk) -> bool:
    granted = {OVERWRITE, f"{OVERWRITE}={trunk.name}", f"{OVERWRITE}={trunk.id}"}
    return not granted.isdisjoint(checked.settings.allow)


def _against_live(checked: Checked, live: Mapping[int, LiveTrunk]) -> Checked:
    """Put what a spreadsheet did to numbers against the trunks as they are, by their row on the Trunks sheet."""
    single = against_live(checked.tables, checked.records, checked.problems.single, live)
    return replace(checked, problems=replace(checked.problems, single=single))


def _with_notices(rows: frozenset[int], checked: Checked) -> Checked:
    single = _as_notices(rows, checked.problems.single)
    return replace(checked, problems=replace(checked.problems, single=single))


def _as_notices(rows: frozenset[int], problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(
        replace(problem, severity=Severity.NOTICE) if problem.stops and problem.trunk in rows else problem
        for problem in problems
    )


def _another_by_that_name(
    tables: Tables, record: Record, trunk: LiveTrunk, named: Mapping[str, LiveTrunk]
) -> list[Problem]:
    """Report a trunk found by a name that another one bore at the time of the export; ``named`` has those of then."""
    was = named.get(record.name)
    if record.id is not None or was is None or was.id == trunk.id:
        return []
    return [
        tables.trunks.problem(
            "trunk-ambiguous",
            record.row,
            "name",
            f"When this was exported, the trunk of this name had the Trunk ID {was.id}; the one of now has {trunk.id}.",
            f"Type {was.id} as the Trunk ID if the trunk of then is meant, {trunk.id} if that of now is.",
            value=record.name,
        )
    ]


def _not_shown(tables: Tables, record: Record, trunk: LiveTrunk | None) -> Problem:
    if trunk is not None:
        return unreadable_trunk_problem(tables, record, trunk)
    return tables.trunks.problem(
        "trunk-gone",
        record.row,
        record.found_by,
        f"The PBX lists {record.label}, but does not show it when asked for it.",
        "Somebody may just have deleted it: look on the PBX, then plan again.",
        value=record.label,
    )


def _plain_http(connection: Connection, tables: Tables) -> list[Problem]:
    if connection.practice or not is_overheard(connection.address):
        return []
    return [
        Problem(
            code="plain-http",
            sheet=tables.trunks.name,
            message=f"{connection.address}: {NOT_ENCRYPTED}",
            fix="Give the PBX's https address, usually the same host with port 8088, if it has one.",
        )
    ]


def _planned(
    checked: Checked,
    connection: Connection,
    inventory: Inventory,
    changes: list[Change],
    hazards: list[Hazard],
    found: Sequence[Problem],
) -> Planned:
    settings = checked.settings
    problems = replace(checked.problems, single=[*checked.problems.single, *found])
    stopped = stopped_by(problems.stopping)
    sound = tuple(change for change in changes if change.record.row not in stopped)
    plan = Plan(
        pbx=connection.address,
        changes=sound,
        hazards=tuple(hazard for hazard in hazards if hazard.row not in stopped),
        problems=problems,
    )
    if plan.moves and not settings.read_back:
        raise UsageError(
            "--no-read-back and the column Move from do not go together.",
            "Leave --no-read-back out: the second half of a move waits until the first was read back.",
        )
    return Planned(
        checked=checked,
        plan=plan,
        inventory=inventory,
        address=connection.address,
        practice=connection.practice,
        notes=connection.notes,
        forecast=_forecast(plan, settings),
        digest=plan.digest(),
        refused_hazards=not_allowed(plan.hazards, settings.allow, sound),
        unfinished=folders.unfinished(settings.workbook, PRACTICE_MARK if connection.practice else ""),
    )


def narrowed(planned: Planned, rows: Collection[int]) -> Planned:
    """Return the plan with nothing written but these rows of the Trunks sheet, and with their hazards alone."""
    settings = planned.checked.settings
    changes = tuple(c for c in planned.plan.changes if c.record.row in rows or not c.difference)
    hazards = tuple(hazard for hazard in planned.plan.hazards if hazard.row in rows)
    plan = replace(planned.plan, changes=changes, hazards=hazards)
    return replace(
        planned,
        plan=plan,
        forecast=_forecast(plan, settings),
        digest=plan.digest(),
        refused_hazards=not_allowed(hazards, settings.allow, changes),
    )


def _forecast(plan: Plan, settings: Settings) -> Forecast:
    """Foresee the requests of a run and how long they take at the rate, at half a second each."""
    updates = plan.updates
    if not updates:
        return Forecast()
    writes = len(updates) + len(schedule(updates, plan.moves, MoveOrder(settings.move_order)).twice)
    wait = settings.settle_wait if any(change.bears_on_registration for change in updates) else 0
    batch = batch_size(settings)
    batches = ceil(writes / batch)
    requests = writes + batches * (2 if settings.read_back else 1) + (1 if wait else 0)
    seconds = max(requests / settings.rate, requests * 0.5 / settings.concurrency) + wait
    return Forecast(requests=requests, seconds=round(seconds, 1))


def batch_size(settings: Settings) -> int:
    """Return how many trunks are looked at in one call: a second's worth of writes, so that looks stay fresh."""
    return max(1, min(BATCH, int(settings.rate)))
