"""The flow, a page per command: `export`, `plan`, `apply`, `resume`, `verify`; `check` is a module of its own.

read → rows → records → checks → live → plan → question → journal → look, send, read back → results

Nothing here prints, asks or exits: what needs a person comes in as a `UserInterface`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batch.commands.check import Checked, check
from batch.commands.connection import open_client
from batch.commands.export import Exported, export_from, refuse_target
from batch.commands.outputs import refuse_output_places
from batch.commands.plan import Planned, draw_up, narrowed, write_plan_page, write_plan_workbook
from batch.commands.previous_run import Drift, Verified, return_to
from batch.commands.run import begin
from batch.commands.run_context import Report, RunContext, unchanged, without_sending
from batch.commands.user_interface import Unattended, UserInterface
from batch.errors import BatchError, Interrupted, UsageError
from batch.readers.detect import fingerprint
from batch.runs import folders, journal
from batch.runs.locks import Holder, holding, place_of_pbx, place_of_run
from batch.runs.recording import recording
from batch.runs.resuming import departures
from batch.schema.file_metadata import PRACTICE_MARK
from batch.settings import OPTIONS, Settings
from batch.wording import quoted

__all__ = [
    "Checked",
    "Declined",
    "Drift",
    "Exported",
    "Planned",
    "Report",
    "UserInterface",
    "Verified",
    "apply",
    "check",
    "export",
    "plan",
    "resume",
    "verify",
    "write_plan_page",
    "write_plan_workbook",
]


class Declined(BatchError):
    """The question was answered no (exit 130)."""

    exit_code = 130
    code = "declined"

    def __init__(self) -> None:
        super().__init__("Nothing was sent.", "Run it again when you are ready.")


def export(settings: Settings, interface: UserInterface | None = None) -> Exported:
    """Read the PBX and write what it holds as a filled workbook, `Settings.workbook`. Cannot write to the PBX.

    Raises:
        BatchError: the file is there already or cannot be written, the PBX cannot be used, or there is nothing that
            could be exported.
    """
    interface = interface or Unattended()
    refuse_target(settings)
    _refuse_places(settings)
    with recording() as record, open_client(settings, (), interface, record) as (connection, client, _):
        return export_from(settings, connection, client, interface)


def plan(settings: Settings, interface: UserInterface | None = None) -> Planned:
    """Check a workbook, read the PBX and say what would change. Cannot write to the PBX.

    Raises:
        BatchError: workbook or PBX cannot be used at all; problems and hazards are in what comes back.
    """
    _refuse_places(settings)
    checked = check(settings)
    interface = interface or Unattended()
    with (
        recording() as record,
        open_client(settings, checked.records.trunks, interface, record, checked.exported) as (connection, client, _),
    ):
        return draw_up(checked, connection, client)


def apply(settings: Settings, interface: UserInterface | None = None) -> Report | Planned:
    """Check, plan, ask, write, read back, and give the workbook back with an ending for every row.

    Returns:
        The report; or the plan, if problems, hazards or its digest stand against it: then nothing was sent.

    Raises:
        BatchError: workbook or PBX cannot be used at all, and nothing was sent; or the question was answered no.
    """
    interface = interface or Unattended()
    started = datetime.now(tz=UTC)
    _refuse_places(settings)
    folders.refuse_used(settings.run_dir)
    checked = check(settings)
    mark = PRACTICE_MARK if settings.practice else ""
    target = folders.results_path(settings.workbook, settings.results, mark)
    refuse_output_places(settings, target)
    holder = Holder(command="apply", pid=os.getpid(), started=started, workbook=str(settings.workbook))
    with ExitStack() as stack:
        record = stack.enter_context(recording())
        with open_client(settings, checked.records.trunks, interface, record, checked.exported) as (
            connection,
            client,
            stopping,
        ):
            at_pbx = stack.enter_context(holding(place_of_pbx(connection.place), connection.called, holder))
            planned = draw_up(checked, connection, client)
            if planned.exit_code:
                return planned
            if planned.plan.updates and not interface.confirm(planned):
                raise Declined
            _refuse_saved_meanwhile(checked)
            folder = folders.create_folder(
                settings.workbook, settings.run_dir, started, mark, columns=checked.columns_file.text
            )
            stack.enter_context(_cut_short(folder.path))
            holder = replace(holder, run=str(folder.path))
            stack.enter_context(holding(place_of_run(folder.path), f"run {folder.id}", holder))
            at_pbx.tell(holder)
            account = RunContext(
                checked=checked,
                address=connection.address,
                practice=connection.practice,
                folder=folder,
                started=started,
                problems=planned.plan.problems,
                changes={change.record.row: change for change in planned.plan.updates},
                hazards=[hazard.message for hazard in planned.plan.hazards],
            )
            settled = without_sending(checked, account.problems, unchanged(planned.plan.changes))
            run = begin(
                stack.enter_context(journal.create_journal(folder.path)), record, account, planned, interface, settled
            )
            stack.enter_context(run.ahead)
            run.dispatch(connection, client)
            attention = run.look_at_statuses(client, stopping, target)
        return run.conclude(target, attention)


def resume(
    place: Path, flags: Mapping[str, Any] | None = None, interface: UserInterface | None = None
) -> Report | Planned:
    """Go on with a run: plan again, and take up what is *not run*, *unknown* or *failed*.

    Args:
        place: the run's folder.
        flags: settings given again, by their names; all others are the run's own.
        interface: is asked only if something would be written that was not approved for the run.

    Returns:
        The report; or the plan, if problems or hazards stand against it: then nothing was sent.

    Raises:
        BatchError: there is no such run, somebody is at it, it is about another PBX, workbook or PBX cannot be used
            at all, or the question was answered no. The run is then as it was.
    """
    interface = interface or Unattended()
    holder = Holder(command="resume", pid=os.getpid(), started=datetime.now(tz=UTC), run=str(place))
    with ExitStack() as stack:
        stack.enter_context(_cut_short(place))
        stack.enter_context(holding(place_of_run(place), f"run {place.name}", holder))
        returned = return_to(place, flags or {})
        _refuse_places(returned.checked.settings)
        refuse_output_places(returned.checked.settings, returned.target)
        if returned.is_over:
            return replace(returned.rewritten(), ended=returned.past.legs[-1].ended)
        record = stack.enter_context(recording())
        checked = returned.checked
        with open_client(checked.settings, checked.records.trunks, interface, record, checked.exported) as (
            connection,
            client,
            stopping,
        ):
            stack.enter_context(holding(place_of_pbx(connection.place), connection.called, holder))
            planned = draw_up(returned.checked, connection, client, returned.done_with)
            rest = returned.sort_out(planned)
            differs = departures(rest, returned.past.wanted, returned.before)
            planned = replace(narrowed(planned, rest.again.keys()), differs=differs)
            if planned.exit_code:
                return planned
            interface.tell(returned.told(rest))
            if rest.new and not interface.confirm(planned):
                raise Declined
            account = returned.account(planned, rest)
            settled = without_sending(returned.checked, account.problems, rest.stays)
            run = begin(
                stack.enter_context(journal.reopen(place)), record, account, planned, interface, settled, returned.past
            )
            stack.enter_context(run.ahead)
            run.dispatch(connection, client)
            attention = run.look_at_statuses(client, stopping, returned.target)
        return run.conclude(returned.target, attention)


def verify(place: Path, flags: Mapping[str, Any] | None = None, interface: UserInterface | None = None) -> Verified:
    """Compare the PBX with what a run wanted, and settle what it left *unknown*. Cannot write to the PBX.

    Args:
        place: the run's folder.
        flags: settings given again, by their names; all others are the run's own.
        interface: where a secret may be asked for.

    Raises:
        BatchError: there is no such run, somebody is at it, or the PBX cannot be read.
    """
    holder = Holder(command="verify", pid=os.getpid(), started=datetime.now(tz=UTC), run=str(place))
    with holding(place_of_run(place), f"run {place.name}", holder):
        returned = return_to(place, flags or {})
        checked, interface = returned.checked, interface or Unattended()
        _refuse_places(checked.settings)
        with (
            recording() as record,
            open_client(checked.settings, checked.records.trunks, interface, record, checked.exported) as (
                _,
                client,
                _,
            ),
        ):
            live = client.trunks([wanted.trunk_id for wanted in returned.past.wanted.values()])
        return returned.verified(live)


def _refuse_places(settings: Settings) -> None:
    """Refuse places for files of ours where they cannot be, or where they would take the workbook's.

    Raises:
        UsageError: there is one.
    """
    for option in OPTIONS.values():
        place: Path | None = getattr(settings, option.name) if option.apart else None
        if place is not None:
            _refuse_place(f"{option.flags[0]} {place}", place, settings.workbook, Path(option.metavar or "").suffix)


def _refuse_place(typed: str, place: Path, workbook: Path, ending: str) -> None:
    if place.is_dir() or not place.parent.is_dir():
        raise UsageError(f"{typed} cannot be written: no such folder.", "Name a file in a folder there is.")
    if workbook.is_dir() and place.parent.samefile(workbook):
        raise UsageError(f"{typed} lies among the workbook's own files.", "Name a file in another folder.")
    if place.exists() and workbook.exists() and place.samefile(workbook):
        raise UsageError(f"{typed} is the workbook itself.", "Name another file: this would replace it.")
    if ending and place.suffix.lower() != ending:
        raise UsageError(f"{typed} does not end in {ending}.", f"Name a file that ends in {ending}.")


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
def _cut_short(place: Path) -> Iterator[None]:
    """Say what is true of a run that is not even left the time to end in good order."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped by you before the run could end in good order; what was sent stays as it is on the PBX.",
            f"Go on with it: trunk-batch resume {quoted(place)}",
        ) from None
