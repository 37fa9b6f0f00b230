"""Running: the part of a run in which something is sent, from the books opened before it to the look at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from batch.connections import Connection
from batch.desks import Desk, Progress
from batch.errors import PbxError
from batch.planning import Planned, batch_size
from batch.runs import folders, journal
from batch.runs.asking import Asker
from batch.runs.dispatch import Dispatch, Limits
from batch.runs.endings import RowEndings, outcomes_without_run
from batch.runs.outcomes import AS_WANTED, Ending, Outcome
from batch.runs.reports import lost_registrations, status_lines, summary
from batch.runs.settling import Settler
from batch.sheets.answers import Summary

_NAMED: Final = 20
"""So many trunks that need attention are named on the Summary."""
_WROTE: Final = (AS_WANTED | {Ending.PARTIAL, Ending.UNKNOWN}) - {Ending.UNCHANGED, Ending.SKIPPED}


def open_books(written: journal.Journal, folder: folders.RunFolder, planned: Planned, started: datetime) -> None:
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
class Run:
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
            Limits(workers=settings.concurrency, batch=batch_size(settings), max_failures=settings.failures_allowed),
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


def run_summary(
    run: Run, folder: folders.RunFolder, endings: RowEndings, attention: tuple[str, ...], started: datetime
) -> Summary:
    """Put together what the sheet Summary says of a run."""
    planned = run.planned
    first = []
    if run.interrupted:
        first.append("The run was stopped before its end; what is not run can be run again.")
    if run.lost is not None:
        first.append(f"{run.lost.message} {run.lost.hint}")
    troubled = [outcome for _, outcome in sorted(run.outcomes.items()) if not outcome.as_wanted]
    first += [f"{outcome.name}: {outcome.ending}. {outcome.said}".rstrip() for outcome in troubled[:_NAMED]]
    if len(troubled) > _NAMED:
        first.append(f"… and {len(troubled) - _NAMED:,} more: filter the column Result of the sheet Trunks.")
    return summary(
        title="Results",
        address=planned.address,
        practice=planned.practice,
        workbook=planned.checked.workbook,
        outcomes=run.outcomes,
        endings=endings,
        facts=[
            ("Started", f"{started.astimezone():%Y-%m-%d %H:%M:%S}"),
            ("Finished", f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"),
            ("Run", str(folder.path)),
        ],
        attention=[*first, *attention],
        hazards=[hazard.message for hazard in planned.plan.hazards],
    )
