"""Plan: the chosen trunks put against what the PBX holds, and whether an export came from this PBX. Cannot write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

from batch.commands.check import Checked
from batch.commands.connection import NOT_ENCRYPTED, PRACTICE, Connection
from batch.commands.going_back import find_way_back, going_back_of, with_moves_back
from batch.commands.port_order_file import compare_port_order
from batch.errors import UsageError
from batch.pbx.addresses import base_url_of, is_loopback, is_overheard
from batch.runs import folders
from batch.runs.census_report import PlannedCensus, count_plan, holdings, size_hazards
from batch.runs.live_reads import BATCH, LiveReads
from batch.runs.returns import with_way_back
from batch.runs.run_report import moves_line
from batch.schema.columns import DIDS
from batch.schema.file_metadata import PRACTICE_MARK, FileMetadata
from batch.schema.problems import Problem, Severity
from batch.settings import Settings
from batch.tables.row_results import ListedSheet
from batch.tables.rows import Tables
from batch.trunks.change_plan import (
    Plan,
    not_allowed,
    resolve,
    stopped_by,
)
from batch.trunks.follow_up import left_to_people
from batch.trunks.grouping import own
from batch.trunks.live import WHOLE_TRUNK, Inventory, LiveTrunk
from batch.trunks.live_checks import Hazard, unreadable_trunk_problem
from batch.trunks.live_moves import NO_CHANGES, Against, AllChanges, only_giving
from batch.trunks.model import Record
from batch.trunks.routes import InboundRoutes
from batch.trunks.schedule import MoveOrder, schedule
from batch.trunks.suggestions import against_live
from batch.trunks.way_back import (
    Return,
    all_lost,
)
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
    census: PlannedCensus | None = None
    """What becomes of every DID of the PBX, where DIDs change."""
    listed: tuple[ListedSheet, ...] = ()
    """What plan and results list beside the changes."""
    returns: tuple[Return, ...] = ()
    """What becomes of each field and entry that goes back."""
    beyond: frozenset[int] = frozenset()
    """Rows of trunks of which nothing can go back: that stops no other."""

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What becomes of DIDs, over all trunks: how they move, and their census."""
        moves = moves_line(self.plan, MoveOrder(self.checked.settings.move_order))
        facts = [*([("Moves", moves)] if moves else ()), *(self.census.facts if self.census is not None else ())]
        if self.census is not None and self.checked.settings.undoes is not None:  # no hazard holds an undo up
            twice = [hazard.message for hazard in self.census.hazards() if hazard.code == "did-doubled"]
            facts += [("On two trunks", " ".join(twice))] if twice else []
        return facts

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


def make_plan(
    checked: Checked,
    connection: Connection,
    done_with: frozenset[int] = frozenset(),
    before: Mapping[int, LiveTrunk] | None = None,
) -> Planned:
    """Put the chosen trunks against what the PBX holds.

    Rows that are done with are looked at, but not to be written: their problems are only told. ``before`` has the
    trunks, by id, as they were before a run that is gone on with: a DID on its way from one to another may be on none.
    """
    checked = _with_notices(done_with, checked)
    tables = checked.tables
    chosen = checked.chosen
    base = checked.exported()
    elsewhere = () if base is None else foreign(checked.workbook.metadata, connection, tables)
    around = [*_plain_http(connection, tables), *elsewhere]
    exported = {} if base is None or any(problem.stops for problem in around) else base
    if not chosen:
        return _planned(checked, connection, Inventory(trunks=()), NO_CHANGES, around)
    rows = [row for record in chosen if record.caller_ids for row in record.caller_ids.rows]
    client = connection.client
    inventory = client.inventory(extensions=any(row.extensions for row in rows), groups=any(row.groups for row in rows))
    records = [*chosen, *only_giving(checked.records, checked.choice.rows)]
    ids, found = resolve(tables, records, inventory)
    live = client.trunks([*dict.fromkeys(ids.values())])
    readable = {row: live[n] for row, n in ids.items() if n in live and WHOLE_TRUNK not in live[n].unread}
    lost = [record for record in records if record.row in ids and record.row not in readable]
    found += [_not_shown(tables, record, live.get(ids[record.row])) for record in lost]
    checked = _with_notices(done_with, _against_live(checked, readable))
    against = Against(
        tables=tables,
        records=checked.records,
        metadata=checked.workbook.metadata,
        inventory=inventory,
        ids=ids,
        live=readable,
        exported=exported,
        before=before or {},
        stopping=checked.problems.stopping,
        same_pbx=may_be_same(checked.workbook.metadata.run_on, connection.address),
        going_back=going_back_of(checked, inventory, exported, readable) if checked.goes_back else None,
    )
    put = against.put_all(records, lambda more: _as_notices(done_with, own([*found, *more], tables, checked.records)))
    if checked.goes_back:
        live = {**live, **client.trunks([*(exported.keys() & inventory.by_id.keys() - live.keys())])}
        stopped = stopped_by([*checked.problems.stopping, *put.problems])
        put = with_moves_back(put, checked, exported, live, stopped)
    blamed = {problem.place for problem in checked.problems.stopping}
    new = [problem for problem in put.problems if problem.place not in blamed]  # not what only follows from another
    planned = _planned(checked, connection, inventory, put, [*around, *new])
    left = {record.row for record in chosen} - {change.record.row for change in put.changes}
    planned = _with_port_order(_with_census(_with_all_dids(planned, client, live)))
    planned = _left_to_people(planned, client)
    return _with_returns(planned, put.returns, left, exported)


def _with_returns(
    planned: Planned, returns: Sequence[Return], left: Collection[int], exported: Mapping[int, LiveTrunk]
) -> Planned:
    """List what goes back, and that of the trunks in the rows that are left nothing can: they are not to be had."""
    checked, plan = planned.checked, planned.plan
    why = {problem.trunk: problem.message for problem in reversed(plan.problems) if problem.stops}
    gone = [record for record in checked.chosen if record.row in left]
    backs = [(record, find_way_back(checked, exported.get(record.id or 0))) for record in gone]
    beyond = [line for record, back in backs if back for line in all_lost(record, back, why.get(record.row, ""))]
    returns = [*returns, *beyond]
    listed = tuple(with_way_back(planned.listed, returns, restores=checked.settings.restores))
    return replace(planned, returns=tuple(returns), beyond=frozenset(line.row for line in beyond), listed=listed)


def _with_all_dids(planned: Planned, client: LiveReads, live: Mapping[int, LiveTrunk]) -> Planned:
    """Read all trunks that can have DIDs, where DIDs change: what becomes of a number shows only in all of them."""
    changed = any(DIDS in change.difference.lists for change in planned.plan.changes)
    if not changed and planned.checked.settings.port_order is None:
        return planned
    whole, not_whole = client.all_with_dids(planned.inventory.trunks, live)
    return replace(planned, whole=whole, not_whole=tuple(trunk.label for trunk in not_whole))


def _with_census(planned: Planned) -> Planned:
    """Count what becomes of every DID, where DIDs change, and name what that endangers and how large the plan is."""
    settings, plan, tables = planned.checked.settings, planned.plan, planned.checked.tables
    census = None
    if planned.whole:
        before = holdings(planned.whole.values())
        census = count_plan(tables, plan.changes, before, planned.not_whole, settings.region)
    dangers = [*(census.hazards() if census else ())]
    counted = census.census if census else None
    dangers += size_hazards(counted, len(plan.updates), settings.size_percent, settings.size_trunks)
    listed = (*planned.listed, *(census.sheets() if census else ()))
    if planned.checked.goes_back:  # as what is left to people; what an export holds may be long ago
        dangers = [danger for danger in dangers if settings.restores and danger.code == "did-doubled"]
    return replace(_with_hazards(planned, dangers), census=census, listed=listed)


def _left_to_people(planned: Planned, client: LiveReads) -> Planned:
    """Read inbound routes, where DIDs change, and add what they need and what else is left to people.

    Going back must not wait for anybody's hand on a route: it is what one does when something is wrong.
    """
    routes = client.inbound_routes() if planned.whole else InboundRoutes()
    census = planned.census.census if planned.census else None
    dangers, sheets = left_to_people(planned.plan.updates, census, planned.not_whole, routes)
    hazards = () if planned.checked.goes_back else dangers
    return replace(_with_hazards(planned, hazards), listed=(*planned.listed, *sheets))


def _with_hazards(planned: Planned, hazards: Sequence[Hazard]) -> Planned:
    plan = replace(planned.plan, hazards=(*planned.plan.hazards, *hazards))
    refused = not_allowed(plan.hazards, planned.checked.settings.allow, plan.changes)
    return replace(planned, plan=plan, refused_hazards=refused)


def _with_port_order(planned: Planned) -> Planned:
    """Put the carrier's list, where one is given, against the workbook and what the PBX has."""
    checked, live = planned.checked, planned.whole.values()
    if checked.settings.port_order is None:
        return planned
    region = planned.census.census.region.code if planned.census else checked.settings.region
    sheet, hazards = compare_port_order(checked.settings.port_order, checked, live, region)
    return replace(_with_hazards(planned, hazards), listed=(*planned.listed, sheet))


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
    put: AllChanges,
    found: Sequence[Problem],
) -> Planned:
    settings = checked.settings
    problems = replace(checked.problems, single=[*checked.problems.single, *found])
    stopped = stopped_by(problems.stopping)
    sound = tuple(change for change in put.changes if change.record.row not in stopped)
    plan = Plan(
        pbx=connection.address,
        changes=sound,
        moves=put.moves,
        hazards=tuple(hazard for hazard in put.hazards if hazard.row not in stopped),
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
