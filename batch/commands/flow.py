"""The flow, a page per command: `plan`, `apply`, `resume`, `verify`; `check` and `export` are modules of their own.

read → rows → records → checks → live → plan → question → journal → look, send, read back → results

Nothing here prints, asks or exits: what needs a person comes in as a `UserInterface`.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batch.commands.applying import Declined, carry_out, cut_short
from batch.commands.approval import apply_command, read_signed, write_plan_page, write_plan_workbook
from batch.commands.check import Checked, check
from batch.commands.command_lines import command
from batch.commands.confirming import Remembering, await_confirmation
from batch.commands.connection import open_connection
from batch.commands.outputs import Report, check_output_places, check_places
from batch.commands.plan import Planned, make_plan, narrowed
from batch.commands.previous_run import Verified, return_to
from batch.commands.run import NotApproved, Unattended, UserInterface, begin
from batch.errors import UsageError
from batch.runs import folders, journal
from batch.runs.confirmations import Stage, is_waited_for, read_confirmation
from batch.runs.folders import recording
from batch.runs.locks import Holder, holding, place_of_pbx, place_of_run
from batch.runs.resuming import deviations
from batch.settings import Settings, as_settings, settings_given

__all__ = [
    "Checked",
    "Declined",
    "NotApproved",
    "Planned",
    "Report",
    "UserInterface",
    "Verified",
    "apply",
    "apply_command",
    "check",
    "plan",
    "resume",
    "verify",
    "write_plan_page",
    "write_plan_workbook",
]


def plan(given: Settings | Path | str | Checked, interface: UserInterface | None = None) -> Planned:
    """Check a workbook, read the PBX and say what would change. Cannot write to the PBX.

    A path, or its text, does for settings that name nothing but the workbook, as does a workbook that is checked
    already; so they do for `apply`.

    Raises:
        BatchError: workbook or PBX cannot be used at all; problems and hazards are in what comes back.
    """
    settings = given.settings if isinstance(given, Checked) else as_settings(given)
    check_places(settings)
    checked = _of_one_pbx(given, settings)
    interface = interface or Unattended()
    with (
        recording() as record,
        open_connection(settings, interface, record, checked.records.with_given(), checked.exported) as connection,
    ):
        return make_plan(checked, connection)


def apply(given: Settings | Path | str | Checked, interface: UserInterface | None = None) -> Report | Planned:
    """Check, plan, ask, write, read back, and give the workbook back with an ending for every row.

    Returns:
        The report; or the plan, if problems, hazards or its digest stand against it: then nothing was sent.

    Raises:
        BatchError: workbook or PBX cannot be used at all, the plan that was signed is not this one, and nothing was
            sent; or the question was answered no.
    """
    settings = given.settings if isinstance(given, Checked) else as_settings(given)
    interface = interface or Unattended()
    check_places(settings)
    folders.check_unused(settings.run_dir)
    signed = None if settings.approved is None else read_signed(settings.approved)
    checked = _of_one_pbx(given, settings)
    if signed is not None:
        signed.check_workbook(checked)
    if not settings.confirm_within:
        return carry_out(checked, interface, signed=signed)
    asked = Remembering(interface)
    done = carry_out(checked, asked, signed=signed)
    return await_confirmation(done, asked) if isinstance(done, Report) else done


def _of_one_pbx(given: object, settings: Settings) -> Checked:
    """Check a workbook, where it is not checked already, and refuse one for many PBXs.

    Raises:
        UsageError: it is one for many PBXs.
    """
    checked = given if isinstance(given, Checked) else check(settings)
    if checked.parts:
        raise UsageError(
            f"The workbook names the PBX of each row: {', '.join(checked.parts)}.",
            "Plan and apply it with batch.fleet.fleet_flow, which takes what makes the settings of each.",
        )
    return checked


def resume(
    run: Path | str, interface: UserInterface | None = None, *, yes: bool = False, **given: Any
) -> Report | Planned:
    """Go on with a run: plan again, and take up what is *not run*, *unknown* or *failed*.

    What is given are settings, such as ``allow`` or ``secret``, in place of the run's own. Only if something would be
    written that was not approved for the run, the interface is asked; without one, ``yes`` approves it.

    Returns:
        The report; or the plan, if problems or hazards stand against it: then nothing was sent.

    Raises:
        BatchError: there is no such run, somebody is at it, it is about another PBX, workbook or PBX cannot be used
            at all, or the question was answered no. The run is then as it was.
        NotApproved: something is to be approved, there is nobody to ask, and ``yes`` was not given.
    """
    interface = interface or Unattended(agrees=yes)
    place, flags = Path(run), settings_given(given)
    holder = Holder(command="resume", pid=os.getpid(), started=datetime.now(tz=UTC), run=str(place))
    with ExitStack() as stack:
        stack.enter_context(cut_short(place))
        stack.enter_context(holding(place_of_run(place), f"run {place.name}", holder))
        _check_confirmed(place)
        returned = return_to(place, flags)
        check_places(returned.checked.settings)
        check_output_places(returned.checked.settings, returned.target)
        if returned.is_over:
            return replace(returned.rewritten(), ended=returned.history.invocations[-1].ended)
        record = stack.enter_context(recording())
        checked = returned.checked
        with open_connection(
            checked.settings, interface, record, checked.records.with_given(), checked.exported
        ) as connection:
            stack.enter_context(holding(place_of_pbx(connection.place), connection.called, holder))
            planned = make_plan(checked, connection, returned.done_with, returned.before)
            rest = returned.sort_out(planned)
            differs = deviations(rest, returned.history.wanted, returned.before)
            planned = replace(narrowed(planned, rest.again.keys()), differs=differs)
            if planned.exit_code:
                return planned
            interface.tell(returned.describe(rest))
            if rest.new and not interface.confirm(planned):
                raise Declined
            context = returned.context(planned, rest)
            opened = stack.enter_context(journal.reopen(place))
            again = begin(opened, record, context, planned, interface, rest.stays, returned.history)
            stack.enter_context(again.ahead)
            again.dispatch(connection.client)
            attention = again.count_again(connection.client)
            attention += again.look_at_statuses(connection.client, returned.target)
        return again.conclude(returned.target, attention)


def verify(run: Path | str, interface: UserInterface | None = None, **given: Any) -> Verified:
    """Compare the PBX with what a run wanted, and settle what it left *unknown*. Cannot write to the PBX.

    What is given are settings, such as ``secret``, in place of the run's own.

    Raises:
        BatchError: there is no such run, somebody is at it, or the PBX cannot be read.
    """
    place, flags = Path(run), settings_given(given)
    holder = Holder(command="verify", pid=os.getpid(), started=datetime.now(tz=UTC), run=str(place))
    with holding(place_of_run(place), f"run {place.name}", holder):
        returned = return_to(place, flags)
        checked, interface = returned.checked, interface or Unattended()
        check_places(checked.settings)
        with (
            recording() as record,
            open_connection(
                checked.settings, interface, record, checked.records.with_given(), checked.exported
            ) as connection,
        ):
            live = connection.client.trunks([wanted.trunk_id for wanted in returned.history.wanted.values()])
        return returned.verified(live)


def _check_confirmed(place: Path) -> None:
    """Refuse to go on with a run that was taken back, that waits to be confirmed, or that nobody confirmed in time.

    Raises:
        UsageError: it is such a run.
    """
    said = read_confirmation(place)
    if said is None or said.stage is Stage.CONFIRMED:
        return
    if said.stage is Stage.TAKEN_BACK:
        raise UsageError(
            f"The run {place.resolve().name} was taken back by {said.by}: to go on with it would write it again.",
            "If that is what you want, undo that run, or apply the workbook again. If that run broke off, resume it.",
        )
    keep = f"To keep what it wrote: {command('confirm', place)}; then resume goes on with it."
    if is_waited_for(place):
        raise UsageError("The run waits to be confirmed, and goes back by itself if it is not.", keep)
    raise UsageError(
        "The run was to go back unless somebody confirmed it. Nobody did, and the process that would have taken it "
        "back is gone: what it wrote is still on the PBX.",
        f"To take it back: {command('undo', place)}. {keep}",
    )
