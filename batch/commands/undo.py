"""Undo: what a run wrote, taken back from its snapshot and its journal by a run of its own.

The way back is a workbook in the template's layout. It is planned and applied like any other; what tells it apart is
that it knows what the run wrote, so that what somebody changed since is kept.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from batch.commands.applying import carry_out
from batch.commands.check import check
from batch.commands.command_lines import command
from batch.commands.outputs import Report, check_places
from batch.commands.plan import Planned
from batch.commands.previous_run import PreviousRun, return_to, with_old_passwords
from batch.commands.run import Unattended, UserInterface
from batch.errors import UsageError
from batch.runs import folders
from batch.runs.confirmations import Confirmation, Stage, note_confirmation
from batch.runs.locks import Holder, holding, place_of_run
from batch.runs.serialization import Intent, Json
from batch.schema.columns import DIDS, LIST_OF
from batch.schema.file_metadata import PRACTICE_MARK, UNDO_MARK, FileKind, plain_stem
from batch.settings import Settings, as_settings, settings_given
from batch.trunks.list_merge import put_back
from batch.trunks.live import Did, LiveTrunk, entry_json, parse_trunk
from batch.wording import some_of
from batch.writers.atomic import already_there
from batch.writers.way_back_workbook import Overwritten, write_way_back

_NAMED: Final = 5
"""So many trunks are named in an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBackWritten:
    """The way back as a workbook."""

    path: Path
    run: Path
    settings: Settings
    """Of the run that it undoes."""
    trunks: int
    passwords: tuple[str, ...]
    """Names of the trunks whose old password is not in it."""


def undo(
    run: Path | str,
    interface: UserInterface | None = None,
    *,
    only: Collection[str] = (),
    yes: bool = True,
    **given: Any,
) -> Report | Planned:
    """Take back what a run wrote, by a run of its own: plan, ask, write, read back.

    Args:
        run: the folder of the run that is undone.
        interface: is asked and told; without one, ``yes`` approves.
        only: trunks, by id or by their name before or after the run; all of them where none is named.
        yes: whether it is agreed to where nobody can be asked.
        given: settings in place of the run's own, such as ``allow`` or ``secret``.

    Returns:
        The report; or the plan, if hazards stand against it: then nothing was sent.

    Raises:
        BatchError: there is no such run, it wrote nothing, somebody is at it, the PBX cannot be used, or the question
            was answered no.
    """
    place = Path(run)
    with holding_run(place, "undo"):
        return take_back(place, interface or Unattended(agrees=yes), settings_given(given), only)


def holding_run(place: Path, name: str) -> AbstractContextManager[object]:
    """Hold the lock of a run for a command that decides what becomes of it."""
    holder = Holder(command=name, pid=os.getpid(), started=datetime.now(tz=UTC), run=str(place))
    return holding(place_of_run(place), f"run {place.name}", holder)


def take_back(
    place: Path, interface: UserInterface, flags: dict[str, Any], only: Collection[str] = ()
) -> Report | Planned:
    """Take back what a run wrote, where its lock is held already."""
    undone = return_to(place, flags)
    trunks = _chosen(undone, only)
    with TemporaryDirectory(prefix="trunk-batch-") as folder:
        book = _write(undone, trunks, Path(folder) / "input.xlsx")
        settings = _settings(undone, flags, book)
        check_places(settings)
        folders.check_unused(settings.run_dir)
        checked = with_old_passwords(check(settings))
        return carry_out(
            checked,
            interface,
            command="undo",
            target=_target(settings, place),
            facts={"undoes": str(place.resolve())},
            begun=None if only else partial(_note_taken_back, undone),
        )


def _note_taken_back(undone: PreviousRun, by: folders.RunFolder) -> None:
    """Say in the folder of a run which one takes it back; what it had taken back itself holds again then."""
    note_confirmation(undone.folder.path, Confirmation(stage=Stage.TAKEN_BACK, by=f"the run {by.id}"))
    if (first := Path(undone.history.facts.get("undoes", ""))).is_absolute() and first.is_dir():
        again = f"the run {by.id}, which takes back the run {undone.folder.id}"
        note_confirmation(first, Confirmation(stage=Stage.CONFIRMED, by=again))


def restore(settings: Settings | Path | str, interface: UserInterface | None = None) -> Report | Planned:
    """Bring every trunk of an export back to what the export holds: plan, ask, write, read back.

    What somebody changed since is a hazard, trunk by trunk.

    Returns:
        The report; or the plan, if problems or hazards stand against it: then nothing was sent.

    Raises:
        BatchError: it is no export, or cannot be read, the PBX cannot be used, or the question was answered no.
    """
    settings = replace(as_settings(settings), restores=True)
    check_places(settings)
    folders.check_unused(settings.run_dir)
    checked = check(settings)
    if checked.parts:
        raise UsageError(
            f"{settings.workbook} is an export of several PBXs, and restore brings one back.",
            "Restore takes an export of that PBX alone. What a run wrote on many PBXs, trunk-batch undo takes back.",
        )
    if FileKind.EXPORT not in checked.workbook.metadata.kinds or not checked.exported():
        raise UsageError(
            f"{settings.workbook} is no export, so it does not say what trunks held.",
            f"Give a workbook that trunk-batch export wrote; or, to write what this one says: "
            f"{command('plan', settings.workbook)}",
        )
    return carry_out(checked, interface or Unattended(), command="restore", facts={"restores": True})


def write_undo(run: Path | str, path: Path, only: Collection[str] = ()) -> WayBackWritten:
    """Write the way back of a run as a workbook, to be read, trimmed and applied. Contacts no PBX.

    Raises:
        BatchError: there is no such run, it wrote nothing, or the file is there already or cannot be written.
    """
    place = Path(run)
    if path.suffix.lower() != ".xlsx":
        raise UsageError(f"-o {path} does not end in .xlsx.", "Name a file that ends in .xlsx.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", "Make it first, or name another file with -o.")
    if os.path.lexists(path):
        raise already_there(path)
    undone = return_to(place, {})
    trunks = _chosen(undone, only)
    return WayBackWritten(
        path=_write(undone, trunks, path),
        run=place,
        settings=undone.checked.settings,
        trunks=len(trunks),
        passwords=tuple(trunk.before.label for trunk in trunks if "password" in trunk.names),
    )


def _write(undone: PreviousRun, trunks: list[Overwritten], path: Path) -> Path:
    return write_way_back(path, trunks, run=undone.folder.id, pbx=undone.history.facts["pbx"])


def _chosen(undone: PreviousRun, only: Collection[str]) -> list[Overwritten]:
    """Return the trunks that the run may have written, those that were named.

    Raises:
        UsageError: there are none, one was named that is not among them, or what one held before is not known.
    """
    named, sent = frozenset(only), undone.history.sent
    wanted = [one for one in undone.history.wanted.values() if one.writes and sent(one.trunk_id)]
    called = {one.trunk_id: _called(undone, one) for one in wanted}
    if unknown := sorted(named.difference(*called.values())):
        raise UsageError(
            f"--only names {', '.join(unknown)}, which the run did not write.",
            "Give the id of a trunk, or its name before or after the run.",
        )
    if not wanted:
        raise UsageError(f"The run {undone.folder.id} wrote nothing to the PBX.", "There is nothing to undo.")
    ids = {one.trunk_id for one in wanted if not named or named & called[one.trunk_id]}
    before = undone.before
    if lost := [one.name for one in wanted if one.trunk_id in ids - before.keys()]:
        raise UsageError(
            f"The run wrote {some_of(lost, _NAMED)}, and its snapshot does not say any more what was there before.",
            f"Correct {'it' if len(lost) == 1 else 'them'} on the PBX. To take back the others, name them with --only.",
        )
    known = [
        Overwritten(
            before=before[one.trunk_id],
            wrote=_after(before[one.trunk_id], one.desired, one.writes),
            names=one.writes,
        )
        for one in wanted
        if one.trunk_id in before
    ]
    chosen = [one for one in known if one.before.id in ids]
    got = {key for one in chosen for key in _dids(one.wrote).keys() - _dids(one.before)}
    gave = {key for one in chosen for key in _dids(one.before).keys() - _dids(one.wrote)}
    others = (_with_moves_alone(one, got, gave) for one in known if one.before.id not in ids)
    return [*chosen, *(other for other in others if other is not None)]


def _with_moves_alone(other: Overwritten, got: AbstractSet[str], gave: AbstractSet[str]) -> Overwritten | None:
    """Return of a trunk that was not named only the DIDs that the named ones got from it or gave it; None for none.

    Else such a DID would be on no trunk, or on two.
    """
    before, wrote = _dids(other.before), _dids(other.wrote)
    come, gone = (before.keys() - wrote.keys()) & got, (wrote.keys() - before.keys()) & gave
    if not come and not gone:
        return None
    left = [entry for key, entry in wrote.items() if key not in gone]
    entries = [entry_json(entry) for entry in put_back(left, come, other.before.dids.entries)]
    return Overwritten(
        before=parse_trunk({**other.wrote.whole, DIDS.api: entries}), wrote=other.wrote, names=frozenset({DIDS.api})
    )


def _dids(trunk: LiveTrunk) -> dict[str, Did]:
    return {entry.key: entry for entry in trunk.dids.entries}


def _called(undone: PreviousRun, wanted: Intent) -> set[str]:
    """Return what a trunk may be called by: its id, or its name before or after the run."""
    before = undone.before.get(wanted.trunk_id)
    names = {wanted.name, before.name if before else "", wanted.desired["fields"].get("name") or ""}
    return {str(wanted.trunk_id), *filter(None, names)}


def _after(before: LiveTrunk, desired: Json, names: Collection[str]) -> LiveTrunk:
    """Return a trunk as the run left it, without its password."""
    whole = {name: value for name, value in before.whole.items() if name != "password"}
    fields = {name: value for name, value in desired["fields"].items() if name in names and value is not None}
    lists = {name: desired[name] for name in LIST_OF if name in names and name in desired}
    return parse_trunk({**whole, **fields, **lists})


def _settings(undone: PreviousRun, flags: dict[str, Any], book: Path) -> Settings:
    """Return the settings of the run, with a workbook, places and permissions of its own."""
    then = undone.checked.settings
    workbook = then.workbook.with_name(f"{plain_stem(then.workbook)}{UNDO_MARK}.xlsx")
    room = undone.folder.path.resolve().parent
    run_dir = flags.get("run_dir")
    if run_dir is None and room.name.endswith(".runs") and room != workbook.with_name(f"{plain_stem(workbook)}.runs"):
        workbook = room.with_name(workbook.name)  # the folder was moved, with the runs in it
    return replace(
        then,
        workbook=workbook,
        run_copy=book,
        run_dir=run_dir,
        undoes=undone.folder.path.resolve(),
        allow=tuple(flags.get("allow") or ()),
        expect=flags.get("expect") or "",
        skip_invalid=False,
        columns=None,
        as_="",
        trunk="",
        mode="",
        only=(),
        first=None,
        accept=(),
        results=flags.get("results"),
        failed_only=flags.get("failed_only"),
        summary=flags.get("summary"),
    )


def _target(settings: Settings, place: Path) -> Path:
    """Return where the results go: beside the workbook, or into the folder of the run where that place is gone."""
    mark = PRACTICE_MARK if settings.practice else ""
    if settings.results is None and not os.access(settings.workbook.parent, os.W_OK):
        return place / folders.results_name(settings.workbook, mark, settings.profile)
    return folders.results_path(settings.workbook, settings.results, mark, settings.profile)
