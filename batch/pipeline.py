"""The flow, a page per command: `check`, `plan`, `apply`.

read → rows → records → checks → live → payloads → plan → dispatch → read back → results

Nothing here prints, asks or exits: what needs a person comes in as a `Desk`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from batch.checking import Checked, check, in_order
from batch.connections import Connection, open_connection
from batch.errors import BatchError, Interrupted, PbxError, UsageError
from batch.runs import folders, journal
from batch.runs.asking import BATCH, Asker
from batch.runs.decisions import Policy
from batch.runs.dispatch import Dispatch, Limits
from batch.runs.endings import RowEndings, end_rows, outcomes_without_run
from batch.runs.outcomes import AS_WANTED, Ending, Outcome
from batch.runs.recording import Recording, recording
from batch.runs.reports import change_lines, lost_registrations, plan_headline, status_lines, summary
from batch.runs.results import Results, changes_frame, endings_frame, give_back
from batch.runs.settling import Settler
from batch.settings import Settings
from batch.sheets.answers import Summary
from batch.sheets.naming import PRACTICE
from batch.sheets.problems import Problem
from batch.sheets.reading import fingerprint
from batch.sheets.rows import Tables
from batch.sheets.writing import write_plan
from batch.trunks.grouping import own
from batch.trunks.live import Census
from batch.trunks.plans import Change, Hazard, Plan, judge, not_allowed, not_sendable, resolve
from batch.trunks.records import Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Checked", "Declined", "Desk", "Planned", "Report", "apply", "check", "plan"]


class Declined(BatchError):
    """The question was answered no (exit 130)."""

    exit_code = 130
    code = "declined"

    def __init__(self) -> None:
        super().__init__("Nothing was sent.", "Run it again when you are ready.")


class Progress(Protocol):
    """Somebody who watches a run."""

    def settled(self, outcome: Outcome) -> None:
        """Hear of one trunk's ending."""


class Desk(Protocol):
    """The person in front: where there is none, `Silent` stands in."""

    def prompt_secret(self, text: str) -> str:
        """Ask for a secret without showing it; nothing where nobody can be asked."""

    def tell(self, text: str) -> None:
        """Say something by the way."""

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Hear of each request, as the log has it: never a secret."""

    def confirm(self, planned: Planned) -> bool:
        """Ask whether to go on."""

    def watch(self, total: int) -> Progress:
        """Show the progress of so many trunks."""


class Silent:
    """A desk with nobody at it: goes on without asking, for scripts that call the Python API."""

    def prompt_secret(self, text: str) -> str:  # noqa: ARG002
        """Nobody can be asked."""
        return ""

    def tell(self, text: str) -> None:
        """Nobody listens."""

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Nobody listens."""

    def confirm(self, planned: Planned) -> bool:  # noqa: ARG002
        """Whoever called `apply` has decided."""
        return True

    def watch(self, total: int) -> Progress:  # noqa: ARG002
        """Nobody watches."""
        return self

    def settled(self, outcome: Outcome) -> None:
        """Nobody watches."""


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
    census: Census
    address: str
    practice: bool
    notes: tuple[str, ...]
    """What should be told about the connection."""
    forecast: Forecast
    digest: str
    refused_hazards: tuple[Hazard, ...]
    """Hazards that no ``--allow`` covers."""
    unfinished: tuple[str, ...] = ()
    """Ids of runs of the same workbook that never came to their end."""

    @property
    def exit_code(self) -> int:
        """0 if it may be applied, 3 for problems, 4 for hazards or another digest than expected."""
        settings = self.checked.settings
        stopping = [problem for problem in self.plan.problems if problem.stops]
        if stopping and not (settings.skip_invalid and all(problem.trunk is not None for problem in stopping)):
            return 3
        if self.refused_hazards or not self.expected:
            return 4
        return 0

    @property
    def expected(self) -> bool:
        """Whether the digest is the one that was asked for, if one was."""
        return self.checked.settings.expect.strip().casefold() in {"", self.digest}

    def frame(self) -> pd.DataFrame:
        """Return the changes as a table, one line per field or list entry."""
        return changes_frame(self.checked.tables, self.plan.changes, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a run went."""

    planned: Planned
    folder: folders.RunFolder
    outcomes: Mapping[int, Outcome]
    """By row of the Trunks sheet."""
    endings: RowEndings
    results: Results
    attention: tuple[str, ...] = ()
    """What to look at first."""
    lost: PbxError | None = None
    """Why the PBX could not be used any more."""
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 done, 5 some rows not as wanted, 6 PBX lost before anything was sent, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.lost is not None and not any(outcome.attempts for outcome in self.outcomes.values()):
            return 6
        return 0 if all(outcome.as_wanted for outcome in self.outcomes.values()) else 5

    def frame(self) -> pd.DataFrame:
        """Return the endings as a table, one line per row of the workbook."""
        return endings_frame(self.endings)


def plan(settings: Settings, desk: Desk | None = None) -> Planned:
    """Check a workbook, read the PBX and say what would change. Cannot write to the PBX.

    Raises:
        BatchError: workbook or PBX cannot be used at all; problems and hazards are in what comes back.
    """
    _refuse_places(settings)
    checked = check(settings)
    with recording() as record, _asker(checked, desk or Silent(), record) as (connection, asker, _):
        return _draw_up(checked, connection, asker)


def apply(settings: Settings, desk: Desk | None = None) -> Report | Planned:
    """Check, plan, ask, write, read back, and give the workbook back with an ending for every row.

    Returns:
        The report; or the plan, if problems, hazards or its digest stand against it: then nothing was sent.

    Raises:
        BatchError: workbook or PBX cannot be used at all, and nothing was sent; or the question was answered no.
    """
    desk = desk or Silent()
    started = datetime.now(tz=UTC)
    _refuse_places(settings)
    folders.refuse_used(settings.run_dir)
    checked = check(settings)
    mark = PRACTICE if settings.practice else ""
    target = folders.results_path(settings.workbook, settings.results, mark)
    with ExitStack() as books:
        record = books.enter_context(recording())
        with _asker(checked, desk, record) as (connection, asker, stopping):
            planned = _draw_up(checked, connection, asker)
            if planned.exit_code:
                return planned
            if planned.plan.updates and not desk.confirm(planned):
                raise Declined
            _refuse_saved_meanwhile(checked)
            folder = folders.create(settings.workbook, settings.run_dir, started, mark)
            books.enter_context(_cut_short(folder))
            record.into_file(folder.path / folders.LOG)
            written = books.enter_context(journal.create(folder.path))
            record.into_journal(written)
            _open_books(written, folder, planned, started)
            run = _Run(planned=planned, asker=asker, journal=written, stopping=stopping, desk=desk)
            run.dispatch(connection)
            attention = run.look_at_statuses() if not run.interrupted else ()
        record.end_journal()
        endings = end_rows(checked.tables, checked.records, run.outcomes, planned.plan.problems)
        endings.must_add_up(checked.tables)
        results = give_back(
            workbook=checked.workbook,
            tables=checked.tables,
            changes=planned.plan.updates,
            outcomes=run.outcomes,
            endings=endings,
            summary=_summary(planned, run, endings, _facts(folder, started), attention),
            folder=folder,
            target=target,
        )
        if run.came_to_its_end:
            written.fact("finished", datetime.now(tz=UTC).isoformat())
    return Report(
        planned=planned,
        folder=folder,
        outcomes=run.outcomes,
        endings=endings,
        results=results,
        attention=attention,
        lost=run.lost,
        interrupted=run.interrupted or run.hurried,
    )


def _refuse_saved_meanwhile(checked: Checked) -> None:
    """Refuse to go on with a workbook that is another one by now: the run keeps a copy of what it was about."""
    if fingerprint(checked.settings.workbook) != checked.workbook.sha256:
        raise UsageError(
            f"{checked.settings.workbook} was saved again since it was read, so the plan is not about it any more.",
            "Start again; nothing was sent.",
        )


def _refuse_places(settings: Settings) -> None:
    """Refuse places for files of ours where they cannot be, or where they would take the workbook's.

    Raises:
        UsageError: there is one.
    """
    for flag, place in (("-o", settings.output), ("--log", settings.log)):
        if place is None:
            continue
        if place.is_dir() or not place.parent.is_dir():
            raise UsageError(f"{flag} {place} cannot be written: no such folder.", "Name a file in a folder there is.")
        if place.exists() and settings.workbook.exists() and place.samefile(settings.workbook):
            raise UsageError(f"{flag} {place} is the workbook itself.", "Name another file: this would replace it.")
    if settings.output is not None and settings.output.suffix.lower() != ".xlsx":
        raise UsageError(f"-o {settings.output} does not end in .xlsx.", "Name a file that ends in .xlsx.")


@contextmanager
def _cut_short(folder: folders.RunFolder) -> Iterator[None]:
    """Say what is true of a run that is not even left the time to end in good order."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped by you before the run could end in good order; what was sent stays as it is on the PBX.",
            "Run the workbook again: it reads first and sends only what is still needed. "
            f"The journal of this run is in {folder.path}.",
        ) from None


@contextmanager
def _asker(checked: Checked, desk: Desk, record: Recording) -> Iterator[tuple[Connection, Asker, threading.Event]]:
    """Open the way to the PBX."""
    settings = checked.settings
    if settings.log is not None:
        record.into_file(settings.log)
    stopping = threading.Event()

    def log(entry: Mapping[str, Any]) -> None:
        record.log(entry)
        desk.requested(entry)

    with open_connection(
        settings,
        checked.records.trunks,
        prompt=desk.prompt_secret,
        log=log,
        tell=desk.tell,
        signing_in=record.signing_in,
    ) as connection:
        policy = Policy(attempts=settings.attempts, give_up_after=settings.give_up_after, read_back=settings.read_back)
        yield connection, Asker(connection.api, policy, stopping), stopping


def _draw_up(checked: Checked, connection: Connection, asker: Asker) -> Planned:
    """Put the chosen trunks against what the PBX holds."""
    tables = checked.tables
    chosen = checked.chosen
    if not chosen:
        return _planned(checked, connection, Census(trunks=()), [], [], [])
    rows = [row for record in chosen if record.caller_ids for row in record.caller_ids.rows]
    census = asker.census(extensions=any(row.extensions for row in rows), groups=any(row.groups for row in rows))
    resolved = resolve(tables, chosen, census)
    live = asker.trunks(list(resolved.ids.values()))
    found = [*resolved.problems]
    stopped = Plan(pbx=connection.address, problems=checked.problems).stopped
    changes, hazards = [], []
    for record in chosen:
        if record.row not in resolved.ids:
            continue
        trunk = live.get(resolved.ids[record.row])
        if trunk is None:
            found.append(_just_gone(tables, record))
        else:
            change, dangers, problems = judge(tables, record, trunk, census)
            changes.append(change)
            hazards += dangers
            found += problems
            if record.row not in stopped and not any(problem.stops for problem in problems):
                found += not_sendable(tables, change)
    return _planned(checked, connection, census, changes, hazards, own(found, tables, checked.records))


def _just_gone(tables: Tables, record: Record) -> Problem:
    return tables.trunks.problem(
        "trunk-gone",
        record.row,
        "name" if record.id is None else "id",
        f"The PBX lists {record.label}, but does not show it when asked for it.",
        "Somebody may just have deleted it: look on the PBX, then plan again.",
        value=record.label,
    )


def _plain_http(connection: Connection, tables: Tables) -> list[Problem]:
    if not connection.address.startswith("http:"):
        return []
    return [
        Problem(
            code="plain-http",
            sheet=tables.trunks.name,
            message=f"{connection.address} is spoken to without encryption: passwords can be read on the way.",
            fix="Give the PBX's https address, usually the same host with port 8088, if it has one.",
        )
    ]


def _planned(
    checked: Checked,
    connection: Connection,
    census: Census,
    changes: list[Change],
    hazards: list[Hazard],
    found: list[Problem],
) -> Planned:
    settings = checked.settings
    blamed = {problem.place for problem in checked.problems if problem.stops}
    new = [problem for problem in found if problem.place not in blamed]  # what only follows from a cell at fault
    problems = in_order([*checked.problems, *_plain_http(connection, checked.tables), *new], checked.tables)
    stopped = Plan(pbx=connection.address, problems=problems).stopped
    sound = tuple(change for change in changes if change.record.row not in stopped)
    plan = Plan(
        pbx=connection.address,
        changes=sound,
        hazards=tuple(hazard for hazard in hazards if hazard.row not in stopped),
        problems=problems,
    )
    return Planned(
        checked=checked,
        plan=plan,
        census=census,
        address=connection.address,
        practice=connection.practice,
        notes=connection.notes,
        forecast=_forecast(len(plan.updates), settings),
        digest=plan.digest(),
        refused_hazards=not_allowed(plan.hazards, settings.allow, sound),
        unfinished=folders.unfinished(settings.workbook, PRACTICE if connection.practice else ""),
    )


def _forecast(writes: int, settings: Settings) -> Forecast:
    """Foresee the requests of a run and how long they take at the rate, at half a second each."""
    if not writes:
        return Forecast()
    batch = _batch(settings)
    batches = ceil(writes / batch)
    requests = writes + batches * (2 if settings.read_back else 1) + (1 if settings.settle_wait else 0)
    seconds = max(requests / settings.rate, requests * 0.5 / settings.concurrency) + settings.settle_wait
    return Forecast(requests=requests, seconds=round(seconds, 1))


def _batch(settings: Settings) -> int:
    """Return how many trunks are looked at in one call: a second's worth of writes, so that looks stay fresh."""
    return max(1, min(BATCH, int(settings.rate)))


def _open_books(written: journal.Journal, folder: folders.RunFolder, planned: Planned, started: datetime) -> None:
    """Keep everything that the run needs to be understood later, before anything is sent."""
    settings = planned.checked.settings
    written.fact("run", folder.id)
    written.fact("started", started.isoformat())
    written.fact("pbx", planned.address)
    written.fact("client_id", settings.client_id)
    written.fact("workbook", {"path": str(settings.workbook), "sha256": planned.checked.workbook.sha256})
    written.fact("digest", planned.digest)
    written.fact(
        "options",
        {
            "only": settings.only,
            "first": settings.first,
            "allow": settings.allow,
            "skip_invalid": settings.skip_invalid,
            "rate": settings.rate,
            "concurrency": settings.concurrency,
            "attempts": settings.attempts,
            "timeout": settings.timeout,
            "read_back": settings.read_back,
            "results": str(settings.results) if settings.results else None,
        },
    )
    written.want(
        (change.record.row, change.live.id, change.live.name, change.replaces().keys())
        for change in planned.plan.updates
    )
    folders.write_snapshot(folder, planned.plan.updates)


@dataclass(slots=True, kw_only=True)
class _Run:
    """The part of a run in which something is sent."""

    planned: Planned
    asker: Asker
    journal: journal.Journal
    stopping: threading.Event
    desk: Desk
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    lost: PbxError | None = None
    interrupted: bool = False
    hurried: bool = False
    """Whether the look at the statuses at the end was cut short."""

    @property
    def came_to_its_end(self) -> bool:
        """Whether nothing cut it short."""
        return not self.interrupted and self.lost is None

    def dispatch(self, connection: Connection) -> None:
        """Write what differs, and note an outcome for every trunk of the workbook."""
        checked, plan = self.planned.checked, self.planned.plan
        stopped = plan.stopped
        for outcome in outcomes_without_run(checked.records.trunks, stopped, checked.choice.left_out):
            self.outcomes[outcome.row] = outcome
        for change in plan.changes:
            if not change.difference:
                self.outcomes[change.record.row] = Outcome(
                    row=change.record.row,
                    ending=Ending.UNCHANGED,
                    trunk_id=change.live.id,
                    name=change.live.name,
                )
        settings = checked.settings
        progress = self.desk.watch(len(plan.updates))
        settler = Settler(self.asker, self.journal, connection.api.wire.clock)
        dispatch = Dispatch(
            plan.updates,
            settler,
            Limits(workers=settings.concurrency, batch=_batch(settings), max_failures=settings.failures_allowed),
            self.stopping,
            self._settled(progress),
        )
        dispatch.run()
        self.lost, self.interrupted = settler.lost, dispatch.interrupted

    def _settled(self, progress: Progress) -> Callable[[Outcome], None]:
        def settled(outcome: Outcome) -> None:
            self.journal.end(outcome)
            self.outcomes[outcome.row] = outcome
            progress.settled(outcome)

        return settled

    def look_at_statuses(self) -> tuple[str, ...]:
        """Read the trunks' statuses once more, some time after the last write that bears on registration."""
        wait = self.planned.checked.settings.settle_wait
        written = [
            change
            for change in self.planned.plan.updates
            if change.bears_on_registration and self.outcomes[change.record.row].ending in _WROTE
        ]
        if not written or not wait or self.lost is not None:
            return ()
        self.stopping.clear()
        try:
            self.desk.tell(f"Waiting {wait:g} s, then looking whether the trunks are up again.")
            self.asker.pause(wait)
            now = self.asker.listed()
        except KeyboardInterrupt:
            self.hurried = True
            return ("Whether the trunks are up again was not looked at: stopped by you.",)
        except PbxError as error:
            return (f"Whether the trunks are up again could not be read: {error.message}",)
        before = self.planned.census.trunks
        return (*lost_registrations(before, now, written), *status_lines(before, now, written))


def _facts(folder: folders.RunFolder, started: datetime) -> list[tuple[str, str]]:
    return [
        ("Started", f"{started.astimezone():%Y-%m-%d %H:%M:%S}"),
        ("Finished", f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"),
        ("Run", str(folder.path)),
    ]


def _summary(
    planned: Planned, run: _Run, endings: RowEndings, facts: list[tuple[str, str]], attention: tuple[str, ...]
) -> Summary:
    first = []
    if run.interrupted:
        first.append("The run was stopped before its end; what is not run can be run again.")
    if run.lost is not None:
        first.append(f"{run.lost.message} {run.lost.hint}")
    return summary(
        title="Results",
        address=planned.address,
        practice=planned.practice,
        workbook=planned.checked.workbook,
        outcomes=run.outcomes,
        endings=endings,
        facts=facts,
        attention=[*first, *attention],
        hazards=[hazard.message for hazard in planned.plan.hazards],
    )


def write_plan_workbook(planned: Planned, path: Path) -> Path:
    """Write a plan as a workbook: Summary, Changes, Problems.

    Returns:
        Where it lies.

    Raises:
        OutputError: it cannot be written.
    """
    checked = planned.checked
    stopped = planned.plan.stopped
    expected = {
        outcome.row: outcome
        for outcome in outcomes_without_run(checked.records.trunks, stopped, checked.choice.left_out)
    }
    for change in planned.plan.changes:
        ending = Ending.APPLIED if change.difference else Ending.UNCHANGED
        expected[change.record.row] = Outcome(
            row=change.record.row, ending=ending, trunk_id=change.live.id, name=change.live.name
        )
    lost = [record for record in checked.records.trunks if record.row not in expected]
    for record in lost:
        expected[record.row] = Outcome(row=record.row, ending=Ending.INVALID, name=record.label)
    endings = end_rows(checked.tables, checked.records, expected, planned.plan.problems)
    page = summary(
        title="Plan",
        address=planned.address,
        practice=planned.practice,
        workbook=checked.workbook,
        outcomes=expected,
        endings=endings,
        facts=[
            ("Made at", f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"),
            ("Digest", planned.digest),
            ("Requests", f"{planned.forecast.requests:,}, about {max(1, ceil(planned.forecast.seconds / 60))} min"),
        ],
        hazards=[f"{hazard.message} Allow it with {hazard.flag}." for hazard in planned.plan.hazards],
        says=plan_headline(planned.plan),
    )
    lines = change_lines(checked.tables, planned.plan.updates, {})
    return write_plan(path, page, lines, planned.plan.problems)


_WROTE = (AS_WANTED | {Ending.PARTIAL}) - {Ending.UNCHANGED, Ending.SKIPPED}
