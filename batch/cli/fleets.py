"""Fleets at the terminal: the commands for a workbook, or a run, that is about many PBXs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch.cli.console import Console, on_terminal
from batch.cli.fleet_profiles import fleet_profiles, settings_by_pbx
from batch.cli.profiles import environment_of, given_by
from batch.errors import UsageError
from batch.fleet import fleet_flow
from batch.fleet.approving import apply_signed, write_fleet_page, write_fleet_plan
from batch.fleet.fleet_interface import FleetPlanned
from batch.fleet.results import FleetReport
from batch.fleet.text import (
    flags_again,
    fleet_apply_command,
    fleet_offer_text,
    fleet_plan_json,
    fleet_plan_text,
    fleet_question,
    fleet_report_json,
    fleet_report_text,
    fleet_status_json,
    fleet_status_text,
)
from batch.joined_settings import from_environment
from batch.runs.fleet_folder import FleetFolder, read_fleet_folder
from batch.runs.run_status import read_fleet_status
from batch.settings import OPTIONS, WHERE

if TYPE_CHECKING:
    import argparse

    from tqdm import tqdm

    from batch.commands.check import Checked

_NOT_FOR_MANY = ("confirm_within", "port_order", "detailed_exitcode", "log")
_OF_EACH = ["time_zone", "rate", "concurrency", "attempts", "timeout", "settle_wait", "size_percent", "size_trunks"]
"""What the profile of each PBX decides for it, unless it was said for all of them."""


def show_fleet_plan(checked: Checked, flags: argparse.Namespace, console: Console) -> int:
    """Show what would change on each PBX."""
    _refuse(flags)
    checked = _as_said(checked, flags)
    with _watching(console, assume_yes=False) as watcher:
        planned = fleet_flow.plan_fleet(checked, fleet_profiles(flags, watcher.tell), watcher)
    settings = checked.settings
    signed = apply_signed(planned, settings.output or Path("PLAN.xlsx"), flags_again(settings))
    written = None if settings.output is None else write_fleet_plan(planned, settings.output, signed)
    page = (
        None if settings.summary is None else write_fleet_page(planned, settings.summary, fleet_apply_command(planned))
    )
    code = _show_plan(planned, console)
    if written is not None:
        console.say([f"Plan: {written}", *([f"Once it is signed there: {signed}"] if signed else ())])
    if page is not None:
        console.say([f"To be approved: {page}"])
    return code


def write_fleet(checked: Checked, flags: argparse.Namespace, console: Console) -> int:
    """Write what a workbook asks for to each of its PBXs."""
    _refuse(flags)
    checked = _as_said(checked, flags)
    with _watching(console, assume_yes=flags.yes) as watcher:
        done = fleet_flow.apply_fleet(checked, fleet_profiles(flags, watcher.tell), watcher)
    return _show(done, console)


def _as_said(checked: Checked, flags: argparse.Namespace) -> Checked:
    """Leave to each profile what ``[default]`` says: it holds where a PBX has no word of its own, and was not typed."""
    said = {**from_environment(environment_of(flags.command)), **given_by(flags)}
    usual = {name: OPTIONS[name].usual for name in _OF_EACH if name not in said}
    return replace(checked, settings=replace(checked.settings, **usual))


def go_on_with_fleet(command: str, run: Path, flags: argparse.Namespace, console: Console) -> int:
    """Resume, verify or undo a run over many PBXs."""
    _refuse(flags)
    carry_out: Callable[..., FleetReport | FleetPlanned] = getattr(fleet_flow, f"{command}_fleet")
    assume_yes = bool(getattr(flags, "yes", False))
    if command == "undo" and flags.way_back is not None:
        raise UsageError(
            "A way back as a workbook is one PBX's.", f"Name the run of one PBX: a folder in {run}, with -o as it is."
        )
    if command != "verify" and not assume_yes and not on_terminal():
        raise UsageError(f"{command} may ask, and there is no terminal to ask on.", "Add --yes.")
    given = {name: value for name, value in given_by(flags).items() if name != "workbook"}
    folder = read_fleet_folder(run)
    given |= _workers(folder, given)
    with _watching(console, assume_yes=assume_yes) as watcher:
        profile_settings = settings_by_pbx({**_typed_then(folder), **given}, {}, watcher.tell)
        done = carry_out(run, profile_settings, watcher, **given)
    return _show(done, console)


def _workers(folder: FleetFolder, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the broker of a run that was handed to workers: it is kept nowhere.

    Raises:
        UsageError: none is given, or one is for a run whose PBXs' runs lie here.
    """
    option = OPTIONS["workers"]
    typed = os.environ.get(option.variable)
    broker = given.get("workers") or (option.parse(typed) if typed and folder.workers else None)
    if folder.workers and broker is None:
        raise UsageError(
            "The run was handed to workers, and its PBXs' own runs lie with them.",
            f"Give the broker: {option.variable}, or --workers BROKER_URL.",
        )
    if broker is not None and not folder.workers:
        raise UsageError("The runs of the PBXs lie on this machine, not with workers.", "Leave --workers out.")
    return {} if broker is None else {"workers": broker}


def _typed_then(folder: FleetFolder) -> dict[str, Any]:
    """Return what was said when the run began, but for which PBX is meant: its profiles say that, now as then."""
    said = {
        name: value
        for name, value in folder.settings.items()
        if OPTIONS[name].part is not WHERE and (folder.was_begun_here or not OPTIONS[name].trust)
    }
    said |= {"practice": folder.practice}
    again = {name: value for name, value in said.items() if value != OPTIONS[name].usual and value != []}
    return {name: OPTIONS[name].kind(value) for name, value in again.items()} | {"workbook": folder.workbook}


def show_fleet_status(run: Path, console: Console) -> int:
    """Say how a run over many PBXs stands."""
    status = read_fleet_status(run)
    if console.json:
        console.hand_over(fleet_status_json(status))
    else:
        console.say(fleet_status_text(status))
    return 0


def _refuse(flags: argparse.Namespace) -> None:
    """Refuse options that are about one PBX alone."""
    for name in _NOT_FOR_MANY:
        if getattr(flags, name, None):
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{flag} is for a workbook of one PBX, and this one names several.",
                "Leave it out; or plan one PBX's rows alone, in a workbook of their own.",
            )


def _show(done: FleetReport | FleetPlanned, console: Console) -> int:
    if isinstance(done, FleetPlanned):
        return _show_plan(done, console)
    if console.json:
        console.hand_over(fleet_report_json(done))
    else:
        console.say(fleet_report_text(done, console.shown))
    return done.exit_code


def _show_plan(planned: FleetPlanned, console: Console) -> int:
    if console.json:
        console.hand_over(fleet_plan_json(planned))
    else:
        console.say(fleet_plan_text(planned, console.shown))
    return planned.exit_code


@contextmanager
def _watching(console: Console, *, assume_yes: bool) -> Iterator[_Watcher]:
    watcher = _Watcher(console, assume_yes=assume_yes)
    try:
        yield watcher
    finally:
        watcher.close()


class _Watcher:
    """The person at the terminal, in front of many PBXs: one line for all, and one for each that is at work."""

    def __init__(self, console: Console, *, assume_yes: bool) -> None:
        self._console, self._assume_yes = console, assume_yes
        self._whole: tqdm[Any] | None = None
        self._lines: dict[str, tqdm[Any]] = {}

    def tell(self, text: str) -> None:
        if not self._console.quiet:
            self.close()
            self._console.complain(text)

    def approve(self, planned: FleetPlanned) -> bool:
        console = self._console
        self.close()
        if self._assume_yes:
            return True
        if not console.quiet:
            console.say(fleet_offer_text(planned, console.shown))
        console.complain(*fleet_question(planned))
        console.flush()
        if not on_terminal():
            raise UsageError("It asks before it writes, and there is no terminal to ask on.", "Add --yes.")
        return self._yes("Type yes to go on: ")

    def ask(self, question: str) -> bool:
        self.close()
        if self._assume_yes:
            return True
        self._console.complain(*question.split("\n"))
        return on_terminal() and self._yes("Type yes to go on: ")

    def _yes(self, text: str) -> bool:
        return self._console.ask(text).casefold() in {"yes", "y"}

    def begins(self, pbxs: Sequence[str], what: str) -> None:
        self.close()
        self._whole = self._bar(len(pbxs), "PBX", what)

    def hears(self, pbx: str, progress: Mapping[str, int] | None) -> None:
        line = self._lines.get(pbx)
        if progress is not None and line is None:
            line = self._lines[pbx] = self._bar(progress.get("of", 0), "trunk", pbx)
        if progress is not None and line is not None:
            line.total = progress.get("of", line.total)
            line.set_postfix({"failed": progress.get("failed", 0)}, refresh=False)
            line.update(progress.get("done", 0) - line.n)
        if progress is None:
            if line is not None:
                line.close()
                del self._lines[pbx]
            if self._whole is not None:
                self._whole.update(1)

    def _bar(self, total: int, unit: str, what: str) -> tqdm[Any]:
        from tqdm import tqdm  # noqa: PLC0415 - slow to import

        hidden = self._console.quiet or sys.stderr is None or not sys.stderr.isatty()
        return tqdm(total=total, unit=unit, desc=what, leave=False, dynamic_ncols=True, disable=hidden)

    def close(self) -> None:
        """Take all lines off the screen."""
        for line in (*self._lines.values(), *filter(None, [self._whole])):
            line.close()
        self._lines, self._whole = {}, None
