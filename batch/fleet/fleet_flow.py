"""What the commands do with many PBXs: plan, apply, resume, verify, undo. Each PBX is one ordinary run.

parts → plan of each → one question → wave by wave: write, gate → one workbook of results
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from batch.commands.applying import Declined, cut_short
from batch.commands.approval import read_signed
from batch.commands.check import Checked, check
from batch.commands.outputs import check_output_places
from batch.errors import UsageError
from batch.fleet.fleet import Fleet
from batch.fleet.fleet_interface import FleetInterface, FleetPlanned, Nobody
from batch.fleet.pbxs import Pbx, ProfileSettings, part_in
from batch.fleet.results import GATE_SHUT, FleetReport, results_place
from batch.runs.fleet_folder import create_fleet_folder, with_approval, with_pbxs
from batch.runs.folders import check_unused
from batch.runs.locks import Holder, holding, place_of_run
from batch.settings import Settings
from batch.writers.atomic import place_file


def plan_fleet(
    given: Settings | Checked, profile_settings: ProfileSettings, interface: FleetInterface | None = None
) -> FleetPlanned:
    """Plan what a workbook asks for of each of its PBXs. Cannot write to any of them.

    Raises:
        BatchError: the workbook cannot be used at all, or a PBX is named that is not in it.
    """
    checked = given if isinstance(given, Checked) else check(given)
    with TemporaryDirectory(prefix="trunk-batch-") as folder:
        fleet = Fleet.of(checked, profile_settings, interface or Nobody())
        with fleet.crew:
            return fleet.plan(Path(folder))


def apply_fleet(
    given: Settings | Checked, profile_settings: ProfileSettings, interface: FleetInterface | None = None
) -> FleetReport | FleetPlanned:
    """Plan all PBXs, ask, write them wave by wave, and give the workbook back with an ending for every row.

    Returns:
        The report; or the plan, if what stands against it keeps all of them back: then nothing was sent.

    Raises:
        BatchError: the workbook cannot be used at all, or the question was answered no.
    """
    checked, interface = given if isinstance(given, Checked) else check(given), interface or Nobody()
    started, settings = datetime.now(tz=UTC), checked.settings
    signed = None if settings.approved is None else read_signed(settings.approved)
    if signed is not None:
        signed.check_workbook(checked)
    check_unused(settings.run_dir)
    check_output_places(settings, results_place(settings))
    with ExitStack() as stack:
        draft = Path(stack.enter_context(TemporaryDirectory(prefix="trunk-batch-")))
        fleet = Fleet.of(checked, profile_settings, interface)
        stack.enter_context(fleet.crew)
        planned = fleet.plan(draft)
        if planned.exit_code not in {0, 5} or not planned.plannable:
            return planned
        if signed is not None:
            signed.check_plan(planned)
            interface.tell(f"Approved by {signed.approval}.")
        if planned.to_write and not interface.approve(planned):
            raise Declined
        kept = [pbx.kept() for pbx in fleet.pbxs.values()]
        about = (checked.workbook.sha256, checked.columns_file)
        fleet.folder = create_fleet_folder(settings, started, "apply", *about, planned.digest, kept)
        if signed is not None:
            fleet.folder = with_approval(fleet.folder, signed.keep_in(fleet.folder.path))
        stack.enter_context(_held(fleet.folder.path, "apply"))
        stack.enter_context(cut_short(fleet.folder.path))
        for pbx in planned.plannable:
            place_file(part_in(fleet.folder.path, pbx), part_in(draft, pbx).read_bytes(), private=True)
        fleet.run_waves("apply", planned.plannable)
        return fleet.report()


def resume_fleet(
    run: Path, profile_settings: ProfileSettings, interface: FleetInterface | None = None, **given: Any
) -> FleetReport | FleetPlanned:
    """Go on with a run over many PBXs: with those that were begun, and with those that were not, planned anew.

    Raises:
        BatchError: there is no such run, somebody is at it, or the question was answered no.
    """
    interface = interface or Nobody()
    with ExitStack() as stack:
        stack.enter_context(_held(run, "resume"))
        stack.enter_context(cut_short(run))
        fleet = Fleet.again(run, profile_settings, interface, given)
        stack.enter_context(fleet.crew)
        left = [pbx for pbx in fleet.pbxs.values() if pbx.chosen and not pbx.why and pbx.is_left]
        begun, others = [pbx for pbx in left if pbx.is_begun], [pbx for pbx in left if not pbx.is_begun]
        approved = {pbx.name: pbx.digest for pbx in others}
        planned = fleet.plan(run, others, "undo" if fleet.known_folder.undoes else "plan")
        if planned.exit_code == 4 or planned.stopping:
            return planned
        new = [pbx for pbx in others if pbx.digest]
        if any(pbx.digest != approved[pbx.name] for pbx in new) and not interface.approve(planned):
            raise Declined
        kept = [replace(pbx.kept(), digest=pbx.digest or approved.get(pbx.name, "")) for pbx in fleet.pbxs.values()]
        fleet.folder = with_pbxs(fleet.known_folder, kept)
        fleet.run_waves("resume", [*begun, *new], yes=False)
        differing = [pbx for pbx in begun if pbx.answer.get("differs")]
        if differing and not fleet.interrupted and interface.ask(_otherwise(differing)):
            fleet.attention.clear()
            behind = [pbx for pbx in (*begun, *new) if pbx.error == GATE_SHUT]
            fleet.run_waves("resume", [*differing, *behind], yes=True)
        return fleet.report()


def _otherwise(pbxs: Sequence[Pbx]) -> str:
    lines = [f"{pbx.name}: {line}" for pbx in pbxs for line in pbx.answer["differs"]]
    return "\n".join([*lines, "These would be written otherwise than it was approved. Write them so?"])


def verify_fleet(
    run: Path, profile_settings: ProfileSettings, interface: FleetInterface | None = None, **given: Any
) -> FleetReport:
    """Compare all PBXs of a run with what it wanted, and settle what it left *unknown*. Cannot write to any of them.

    Raises:
        BatchError: there is no such run, or somebody is at it.
    """
    with ExitStack() as stack:
        stack.enter_context(_held(run, "verify"))
        fleet = Fleet.again(run, profile_settings, interface or Nobody(), given)
        stack.enter_context(fleet.crew)
        begun = [pbx for pbx in fleet.pbxs.values() if pbx.is_begun and pbx.chosen and not pbx.why]
        fleet.carry_out([fleet.task(pbx, "verify", run) for pbx in begun], "looked at")
        return fleet.report()


def undo_fleet(
    run: Path, profile_settings: ProfileSettings, interface: FleetInterface | None = None, **given: Any
) -> FleetReport | FleetPlanned:
    """Take back what a run wrote on all its PBXs, or on those of one wave, by a run of its own.

    Raises:
        BatchError: there is no such run, it wrote nothing, somebody is at it, or the question was answered no.
    """
    run = run.resolve()
    interface, started, wave = interface or Nobody(), datetime.now(tz=UTC), given.pop("wave", None)
    with ExitStack() as stack:
        stack.enter_context(_held(run, "undo"))
        fleet = Fleet.again(run, profile_settings, interface, given)
        stack.enter_context(fleet.crew)
        written = [pbx for pbx in fleet.pbxs.values() if pbx.chosen and pbx.is_begun and wave in {None, pbx.wave}]
        for pbx in fleet.pbxs.values():
            if pbx not in written:
                pbx.set_aside()
        draft = Path(stack.enter_context(TemporaryDirectory(prefix="trunk-batch-")))
        planned = fleet.plan(draft, written, "undo", undone=run)
        if not planned.plannable and not planned.left:
            raise UsageError(f"The run {run.name} wrote nothing there.", "There is nothing to undo.")
        if planned.exit_code not in {0, 5} or not planned.plannable:
            return planned
        if planned.to_write and not interface.approve(planned):
            raise Declined
        settings = replace(fleet.settings, run_dir=given.get("run_dir"), results=given.get("results"), undoes=run)
        kept = [pbx.kept() for pbx in planned.pbxs.values() if pbx.chosen]
        about = (fleet.checked.workbook.sha256, fleet.checked.columns_file)
        fleet.folder = create_fleet_folder(settings, started, "undo", *about, planned.digest, kept)
        stack.enter_context(_held(fleet.folder.path, "undo"))
        stack.enter_context(cut_short(fleet.folder.path))
        fleet.run_waves("undo", planned.plannable)
        return fleet.report()


def _held(run: Path, name: str) -> AbstractContextManager[object]:
    holder = Holder(command=name, pid=os.getpid(), started=datetime.now(tz=UTC), run=str(run))
    return holding(place_of_run(run), f"run {run.name}", holder)
