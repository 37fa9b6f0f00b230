"""Applying: from a workbook that is checked to the report, for whatever command begins a run.

live → plan → question → journal → look, send, read back → results
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batch.commands.approval import SignedPlan
from batch.commands.check import Checked
from batch.commands.connection import open_connection
from batch.commands.outputs import Report, RunContext, check_output_places, unchanged
from batch.commands.plan import Planned, make_plan
from batch.commands.run import UserInterface, begin
from batch.errors import BatchError, Interrupted, UsageError
from batch.readers.detect import fingerprint
from batch.runs import folders, journal
from batch.runs.confirmations import Confirmation, note_confirmation
from batch.runs.folders import recording
from batch.runs.locks import Holder, holding, place_of_pbx, place_of_run
from batch.schema.file_metadata import PRACTICE_MARK
from batch.wording import quoted


class Declined(BatchError):
    """The question was answered no (exit 130)."""

    exit_code = 130
    code = "declined"

    def __init__(self) -> None:
        super().__init__("Nothing was sent.", "Run it again when you are ready.")


def carry_out(
    checked: Checked,
    interface: UserInterface,
    *,
    command: str = "apply",
    signed: SignedPlan | None = None,
    target: Path | None = None,
    facts: Mapping[str, Any] | None = None,
    begun: Callable[[folders.RunFolder], None] | None = None,
) -> Report | Planned:
    """Plan what a workbook asks for, ask, write, read back, and give the workbook back.

    Args:
        checked: the workbook.
        interface: is asked and told.
        command: what the journal calls it.
        signed: the plan that somebody approved.
        target: where the results go; beside the workbook where nothing else is said.
        facts: what the journal is to say of the run besides.
        begun: hears of the run's folder before anything is sent.

    Returns:
        The report; or the plan, if problems, hazards or its digest stand against it: then nothing was sent.
    """
    started, settings = datetime.now(tz=UTC), checked.settings
    mark = PRACTICE_MARK if settings.practice else ""
    target = target or folders.results_path(settings.workbook, settings.results, mark, settings.profile)
    check_output_places(settings, target)
    holder = Holder(command=command, pid=os.getpid(), started=started, workbook=str(settings.workbook))
    with ExitStack() as stack:
        record = stack.enter_context(recording())
        with open_connection(settings, interface, record, checked.records.with_given(), checked.exported) as connection:
            at_pbx = stack.enter_context(holding(place_of_pbx(connection.place), connection.called, holder))
            planned = make_plan(checked, connection)
            if signed is not None and planned.exit_code != 3:
                signed.check_plan(planned)
            if planned.exit_code:
                return planned
            if signed is not None:
                interface.tell(f"Approved by {signed.approval}.")
            if planned.plan.updates and not interface.confirm(planned):
                raise Declined
            _check_still_the_same(checked)
            folder = folders.create_folder(
                settings.workbook,
                settings.run_dir,
                started,
                mark,
                source=settings.run_copy,
                columns=checked.columns_file.text,
            )
            stack.enter_context(cut_short(folder.path))
            if settings.confirm_within:
                note_confirmation(folder.path, Confirmation())
            if begun is not None:
                begun(folder)
            holder = replace(holder, run=str(folder.path))
            stack.enter_context(holding(place_of_run(folder.path), f"run {folder.id}", holder))
            at_pbx.tell(holder)
            context = RunContext(
                checked=checked,
                address=connection.address,
                practice=connection.practice,
                folder=folder,
                started=started,
                problems=planned.plan.problems,
                changes={change.record.row: change for change in planned.plan.updates},
                hazards=[hazard.message for hazard in planned.plan.hazards],
                approval=None if signed is None else signed.keep_in(folder.path),
                command=command,
                facts=facts or {},
                listed=planned.listed,
                returns=planned.returns,
                census=planned.census,
            )
            opened = stack.enter_context(journal.create_journal(folder.path))
            stays = unchanged(planned.plan.changes)
            run = begin(opened, record, context, planned, interface, stays)
            stack.enter_context(run.ahead)
            run.dispatch(connection.client)
            attention = run.count_again(connection.client)
            attention += run.look_at_statuses(connection.client, target)
        return run.conclude(target, attention)


def _check_still_the_same(checked: Checked) -> None:
    """Refuse to go on with a workbook that is another one by now: the run keeps a copy of what it was about."""
    try:
        same = fingerprint(checked.settings.run_copy or checked.settings.workbook) == checked.workbook.sha256
    except OSError:
        same = False
    if not same:
        raise UsageError(
            f"{checked.settings.workbook} was saved again, or is gone, since it was read.",
            "The plan is not about it any more: start again. Nothing was sent.",
        )


@contextmanager
def cut_short(place: Path) -> Iterator[None]:
    """Say what is true of a run that is not even left the time to end in good order."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped by you before the run could end in good order; what was sent stays as it is on the PBX.",
            f"Go on with it: trunk-batch resume {quoted(place)}",
        ) from None
