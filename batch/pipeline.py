"""The flow, a page per command: `check`, `plan`, `apply`.

read → rows → records → checks → live → payloads → plan → dispatch → read back → results

Nothing here prints, asks or exits: what needs a person comes in as a `Desk`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from batch.checking import Checked, check
from batch.desks import Desk, Silent
from batch.errors import BatchError, Interrupted, PbxError, UsageError
from batch.planning import Planned, draw_up, open_asker, write_plan_workbook
from batch.running import Run, open_books, run_summary
from batch.runs import folders, journal
from batch.runs.endings import RowEndings, end_rows
from batch.runs.outcomes import Outcome
from batch.runs.recording import recording
from batch.runs.results import Results, endings_frame, give_back
from batch.settings import Settings
from batch.sheets.naming import PRACTICE
from batch.sheets.reading import fingerprint

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Checked", "Declined", "Desk", "Planned", "Report", "apply", "check", "plan", "write_plan_workbook"]


class Declined(BatchError):
    """The question was answered no (exit 130)."""

    exit_code = 130
    code = "declined"

    def __init__(self) -> None:
        super().__init__("Nothing was sent.", "Run it again when you are ready.")


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
    with recording() as record, open_asker(checked, desk or Silent(), record) as (connection, asker, _):
        return draw_up(checked, connection, asker)


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
        with open_asker(checked, desk, record) as (connection, asker, stopping):
            planned = draw_up(checked, connection, asker)
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
            open_books(written, folder, planned, started)
            run = Run(planned=planned, asker=asker, journal=written, stopping=stopping, desk=desk)
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
            summary=run_summary(run, folder, endings, attention, started),
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
        if settings.workbook.is_dir() and place.parent.samefile(settings.workbook):
            raise UsageError(f"{flag} {place} lies among the workbook's own files.", "Name a file in another folder.")
        if place.exists() and settings.workbook.exists() and place.samefile(settings.workbook):
            raise UsageError(f"{flag} {place} is the workbook itself.", "Name another file: this would replace it.")
    if settings.output is not None and settings.output.suffix.lower() != ".xlsx":
        raise UsageError(f"-o {settings.output} does not end in .xlsx.", "Name a file that ends in .xlsx.")


def _refuse_saved_meanwhile(checked: Checked) -> None:
    """Refuse to go on with a workbook that is another one by now: the run keeps a copy of what it was about."""
    try:
        same = fingerprint(checked.settings.workbook) == checked.workbook.sha256
    except OSError:
        same = False
    if not same:
        raise UsageError(
            f"{checked.settings.workbook} was saved again, or is gone, since it was read.",
            "The plan is not about it any more: start again. Nothing was sent.",
        )


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
