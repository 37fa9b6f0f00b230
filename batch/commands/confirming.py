"""Confirming: a run that goes back by itself unless somebody confirms it in time, as routers do it.

It waits in the foreground. Yes at the prompt confirms, and so does ``confirm RUN`` in another window; silence takes it
back, and so does no.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from batch.commands.command_lines import command
from batch.commands.outputs import Confirmed, Report
from batch.commands.plan import Planned
from batch.commands.run import Progress, UserInterface
from batch.commands.undo import holding_run, take_back
from batch.errors import BatchError, Interrupted, UsageError
from batch.options import HAZARDS, seconds_of
from batch.runs.confirmations import Confirmation, Stage, note_confirmation, place_of_waiting, read_confirmation
from batch.runs.locks import Holder, held_by, holding, place_of_run
from batch.settings import settings_given
from batch.trunks.way_back import OVERWRITE
from batch.wording import duration, moment

_POLL_S: Final = 0.2
_SHORT_POLL_S: Final = 0.02
_LAST_CALL_S: Final = 60.0
_WINDOW: Final = "trunk-batch confirm in another window"


@dataclass(slots=True)
class Remembering:
    """An interface that asks for a secret once: whoever goes back at night has nobody to ask."""

    inner: UserInterface
    agrees: bool = False
    """Whether what is planned is agreed to, since it was agreed to beforehand."""
    _secrets: dict[str, str] | None = None

    def prompt_secret(self, text: str) -> str:
        """Ask, or say what was answered before."""
        known = self._secrets = self._secrets or {}
        if text not in known:
            known[text] = self.inner.prompt_secret(text)
        return known[text]

    def tell(self, text: str) -> None:
        """Pass it on."""
        self.inner.tell(text)

    def insist(self, text: str) -> None:
        """Pass it on."""
        self.inner.insist(text)

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Pass it on."""
        self.inner.requested(entry)

    def confirm(self, planned: Planned) -> bool:
        """Pass the question on, unless it is answered already."""
        return self.agrees or self.inner.confirm(planned)

    def watch(self, total: int) -> Progress:
        """Pass it on."""
        return self.inner.watch(total)

    def show(self, report: Report) -> None:
        """Pass it on."""
        self.inner.show(report)

    def listen(self, text: str) -> Callable[[], str]:
        """Pass it on."""
        return self.inner.listen(text)


def await_confirmation(report: Report, interface: Remembering) -> Report:
    """Wait until a run is confirmed, and take it back if it is not.

    Returns:
        The report, which says what came of it.

    Raises:
        Interrupted: somebody stopped the waiting: the run is neither confirmed nor taken back.
    """
    folder = report.folder.path
    if not any(outcome.reached for outcome in report.outcomes.values()):
        note_confirmation(folder, Confirmation(stage=Stage.CONFIRMED, by="nothing was sent"))
        return report
    if report.interrupted:
        keep, back = command("confirm", folder), command("undo", folder)
        left = f"It is not confirmed, and does not go back by itself. To take it back: {back}. To keep it: {keep}"
        return replace(report, attention=(*report.attention, left))
    seconds = seconds_of(report.checked.settings.confirm_within)
    until = datetime.now(tz=UTC) + timedelta(seconds=seconds)
    with holding_run(folder, "apply"):
        if (read_confirmation(folder) or Confirmation()).stage is Stage.OPEN:
            note_confirmation(folder, Confirmation(until=until))
    interface.show(report)
    holder = Holder(command="apply", pid=os.getpid(), started=datetime.now(tz=UTC), run=str(folder))
    try:
        with holding(place_of_waiting(folder), f"run {report.folder.id}", holder):
            found = _wait(report, seconds, until, interface)
            if found.stage is not Stage.OPEN:
                return replace(report, confirmation=Confirmed(by=found.by, taken_back=found.stage is Stage.TAKEN_BACK))
            return _go_back(report, interface, found.by)
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped by you while the run waited to be confirmed. It is neither confirmed nor taken back: what it "
            "wrote stays on the PBX.",
            f"To keep it: {command('confirm', folder)}. To take it back: {command('undo', folder)}",
        ) from None


def _wait(report: Report, seconds: float, until: datetime, interface: UserInterface) -> Confirmation:
    """Wait, and return how it was left: open where nobody confirmed it, with the reason."""
    folder, end = report.folder.path, time.monotonic() + seconds
    wrong = "" if not report.exit_code else " Not everything is as wanted: look at the results first."
    interface.insist(
        f"Waiting {duration(seconds)} to be confirmed, until {moment(until)}; else the run goes back by itself.{wrong}"
    )
    interface.insist(f"To confirm it from another window:  {command('confirm', folder)}")
    typed = interface.listen("Type yes to keep what was written, no to take it back now: ")
    calls = sorted({left for left in (seconds / 2, _LAST_CALL_S) if left < seconds}, reverse=True)
    pause = threading.Event()
    while (said := read_confirmation(folder) or Confirmation()).stage is Stage.OPEN:
        left, answer = end - time.monotonic(), typed()
        if held_by(place_of_run(folder)) is not None:
            pass  # it is confirmed or taken back in another window at this moment
        elif answer in {"yes", "y"}:
            said = _keep(folder, "yes at the prompt")
            break
        elif answer in {"no", "n"} or left <= 0:
            by = "no at the prompt" if answer else f"nobody confirmed it within {duration(seconds)}"
            return Confirmation(by=by)
        while calls and left <= calls[0]:
            interface.insist(f"Not confirmed yet: the run goes back in {duration(calls.pop(0))}.")
        pause.wait(min(_POLL_S, max(left, _SHORT_POLL_S)))
    return said


def _keep(folder: Path, by: str) -> Confirmation:
    """Confirm a run unless that is decided otherwise, and return how it is.

    Raises:
        UsageError: it is being written or taken back.
    """
    with holding_run(folder, "confirm"):
        said = read_confirmation(folder) or Confirmation()
        if said.stage is Stage.OPEN:
            said = replace(said, stage=Stage.CONFIRMED, by=by)
            note_confirmation(folder, said)
        return said


def _go_back(report: Report, interface: Remembering, why: str) -> Report:
    """Take a run back, without asking: that was agreed to with the time that was given."""
    folder, settings = report.folder.path, report.checked.settings
    allow = (*settings.allow, *(code for code in HAZARDS if code != OVERWRITE))  # whoever gave the time allowed them
    given: dict[str, Any] = {"allow": allow, "secret": settings.secret}
    try:
        with holding_run(folder, "undo"):
            said = read_confirmation(folder) or Confirmation()
            if said.stage is not Stage.OPEN:  # at the last moment
                return replace(report, confirmation=Confirmed(by=said.by, taken_back=said.stage is Stage.TAKEN_BACK))
            interface.insist(f"Going back: {why}.")
            interface.agrees = True
            done = take_back(folder, interface, settings_given(given))
    except Interrupted:  # part of it may be back
        raise
    except BatchError as error:
        return replace(report, confirmation=Confirmed(by=why, failed=f"{error.message} {error.hint}"))
    if isinstance(done, Planned):
        hazards = " ".join(hazard.message for hazard in done.refused_hazards)
        return replace(
            report, confirmation=Confirmed(by=why, failed=f"Something stands against it. {hazards}".rstrip())
        )
    return replace(report, confirmation=Confirmed(by=why, taken_back=True, undone=done))


def confirm(run: Path | str) -> Confirmation:
    """Confirm a run that would go back by itself, or that was stopped while it waited. Contacts no PBX.

    Raises:
        UsageError: it needs no confirmation, is being written or taken back, or was taken back already.
    """
    place = Path(run)
    if not place.is_dir() or read_confirmation(place) is None:
        raise UsageError(
            f"The run {place.name} needs no confirmation: it was not applied with --confirm-within.", "Nothing to do."
        )
    said = _keep(place, _WINDOW)
    if said.stage is Stage.TAKEN_BACK:
        raise UsageError(f"The run {place.name} was taken back already.", "To have it again, apply the workbook again.")
    return said
