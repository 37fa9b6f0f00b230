"""Fleet: the PBXs of a workbook while a command is at them: their plans, wave after wave, what is heard of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from batch.commands.check import Checked, check
from batch.commands.command_lines import command as command_line
from batch.errors import Interrupted, OutputError, UsageError
from batch.fleet.crew import Crew, LocalCrew
from batch.fleet.fleet_interface import FleetInterface, FleetPlanned
from batch.fleet.gate import why_shut
from batch.fleet.pbxs import NOT_CHOSEN, Pbx, ProfileSettings, digest_of, find_pbxs, part_in, stops_all, typed_passwords
from batch.fleet.results import GATE_SHUT, FleetReport, write_fleet_results
from batch.fleet.tasks import FORMAT, TRAVELS, Task, TaskAnswer, empty_answer, own_version
from batch.fleet.waves import Gate, Window, forecast_text, gate_after, pbx_done, shut_text, window_of
from batch.joined_settings import settings_again
from batch.pbx.redaction import Redactor
from batch.runs.fleet_folder import FleetFolder, read_fleet_folder
from batch.runs.folders import COLUMNS
from batch.runs.outcomes import Ending
from batch.runs.worker_pool import STOPPING
from batch.schema.file_metadata import metadata_of
from batch.schema.problems import Problem
from batch.secret_sources import SECRET_VARIABLE
from batch.settings import OPTIONS, Origin, Settings
from batch.trunks.merge import base_lines_of
from batch.writers.part_workbook import write_part

_LISTENS_S: Final = 0.5
_THEN: Final = "Nothing was sent. resume begins it then."
NOTHING_WRITTEN: Final = "Nothing was written there."


class _Crews(ExitStack):
    """Whoever carries tasks out, once somebody is needed."""

    def __init__(self, settings: Settings, pbxs: Mapping[str, Pbx], tell: Callable[[str], None]) -> None:
        super().__init__()
        self._settings, self._pbxs, self._tell = settings, pbxs, tell
        self._crew: Crew | None = None

    def get(self) -> Crew:
        if self._crew is None:
            settings = self._settings
            if settings.workers is None:
                self._crew = LocalCrew(settings.pbxs)
            else:
                from batch.fleet.broker import WorkerCrew  # noqa: PLC0415 - only where there are workers

                sites = {name: pbx.site for name, pbx in self._pbxs.items()}
                self._crew = WorkerCrew(settings.workers.reveal(), sites, settings.give_up_after, tell=self._tell)
            self.callback(self._crew.close)
        return self._crew


@dataclass(slots=True, kw_only=True)
class Fleet:
    """The PBXs of a workbook while a command is at them."""

    checked: Checked
    settings: Settings
    interface: FleetInterface
    pbxs: dict[str, Pbx]
    crew: _Crews
    folder: FleetFolder | None = None
    interrupted: bool = False
    attention: list[str] = field(default_factory=list)
    closing: dict[str, datetime] = field(default_factory=dict)
    """When the window of each PBX closes that is being written."""
    bases: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    """Of an export: the lines of its hidden sheet, by PBX."""

    @classmethod
    def of(cls, checked: Checked, profile_settings: ProfileSettings, interface: FleetInterface) -> Fleet:
        """Make the fleet of a workbook.

        Raises:
            UsageError: a PBX is named that is not in it, or it cannot be told which wave is which.
        """
        pbxs = find_pbxs(checked, profile_settings)
        settings = checked.settings
        crew = _Crews(settings, pbxs, interface.tell)
        bases = base_lines_of(checked.workbook)
        return cls(checked=checked, settings=settings, interface=interface, pbxs=pbxs, crew=crew, bases=bases)

    @classmethod
    def again(
        cls, run: Path, profile_settings: ProfileSettings, interface: FleetInterface, given: Mapping[str, Any]
    ) -> Fleet:
        """Return to a run: its workbook, its PBXs, and what was heard of each."""
        folder = read_fleet_folder(run)
        copy = run / folder.copy
        places = {"workbook": folder.workbook, "run_dir": run, "run_copy": copy}
        places |= {"columns": run / COLUMNS} if folder.columns else {}
        origin = Origin(words=f"the run {folder.id}", vouched=folder.was_begun_here)
        checked = check(settings_again(folder.settings, dict(given), origin, **places))
        if (checked.workbook.sha256, checked.columns_file.sha256) != (folder.sha256, folder.columns):
            raise UsageError(
                f"The run's own copy of the workbook, {copy}, or of the columns file, is not what it was.",
                "A run is gone on with as it was approved. Put the copy back, or apply the workbook anew.",
            )
        fleet = cls.of(checked, profile_settings, interface)
        fleet.folder = folder
        known = {one.name: one for one in folder.pbxs}
        for name, pbx in fleet.pbxs.items():
            if name in known:
                pbx.wave, pbx.digest, pbx.slug = known[name].wave, known[name].digest, known[name].slug
                pbx.answer = folder.answer(pbx.slug) or {}
                fleet.ask_journal(pbx)
            else:
                pbx.chosen, pbx.why = False, pbx.why or NOT_CHOSEN
        return fleet

    def ask_journal(self, pbx: Pbx) -> None:
        """Find out what became of a PBX that was handed out and not heard of, where its run lies on this machine."""
        if pbx.answer and pbx.exit_code is None and pbx.settings and self.settings.workers is None:
            lost = self._lost(self.task(pbx, pbx.answer["command"], self.known_folder.path), "It was not heard of.")
            pbx.answer = lost if lost["run"] else {}

    @property
    def known_folder(self) -> FleetFolder:
        """The run's folder; there is one by now."""
        if self.folder is None:
            raise ValueError("no folder yet")
        return self.folder

    def write_part(self, folder: Path, pbx: Pbx) -> None:
        """Write a PBX's part of the workbook into a folder."""
        metadata = metadata_of(self.checked.workbook.metadata, pbx.name)
        write_part(part_in(folder, pbx), pbx.tables, metadata, self.bases.get(pbx.name, ()), pbx.invalid)

    def task(self, pbx: Pbx, command: str, folder: Path, **more: Any) -> Task:
        """Make the task of one PBX; what is ``own`` stays on this machine."""
        settings = pbx.settings
        if settings is None:
            raise ValueError(pbx.why)
        undone = more.pop("undone", None) or (self.folder.undoes if self.folder else "")
        there = Path(undone) if undone else self.folder.path if self.folder else folder
        part = part_in(folder if part_in(folder, pbx).exists() else there, pbx)
        secret = settings.secret or self.settings.secret
        return {
            "format": FORMAT,
            "version": own_version(),
            "fleet": self.folder.id if self.folder else "",
            "pbx": pbx.name,
            "slug": pbx.slug,
            "wave": pbx.wave,
            "command": command,
            "digest": pbx.digest,
            "settings": {
                name: _plain(value) for name in TRAVELS if (value := getattr(settings, name)) != OPTIONS[name].usual
            },
            **more,
            "own": {
                "settings": replace(settings, secret=None, workers=None),
                "secret": secret.reveal() if secret else "",
                "folder": str(folder),
                "part": str(part),
                "workbook": str(settings.workbook),
                "undone": str(Path(undone) / pbx.slug) if undone else "",
            },
        }

    def plan(self, folder: Path, pbxs: Sequence[Pbx] | None = None, command: str = "plan", **more: Any) -> FleetPlanned:
        """Plan those PBXs, or all; of what is taken back, ask each what that would be."""
        among = [*self.pbxs.values()] if pbxs is None else pbxs
        chosen, stopping = [pbx for pbx in among if pbx.chosen and not pbx.why], self._stopping(command)
        for pbx in among:
            pbx.digest = ""
        if not stopping:
            more |= self._write_parts(folder, chosen) if command == "plan" else {"asks": True}
            self.carry_out([self.task(pbx, command, folder, **more) for pbx in chosen], "planned", keep=False)
        if self.interrupted:
            raise Interrupted("Stopped by you. Nothing was sent.", "Run it again when you are ready.")
        for pbx in (pbx for pbx in chosen if pbx.exit_code == 0):
            pbx.digest = pbx.answer["digest"]
            if not pbx.digest:
                pbx.chosen, pbx.why = False, NOTHING_WRITTEN
        return FleetPlanned(
            checked=self.checked,
            pbxs={pbx.name: pbx for pbx in among},
            digest=digest_of(chosen),
            stopping=stopping,
            command=command,
        )

    def _write_parts(self, folder: Path, pbxs: Sequence[Pbx]) -> dict[str, bool]:
        """Write the parts of PBXs; returns what their tasks say besides."""
        for pbx in pbxs:
            self.write_part(folder, pbx)
        return {"documents": bool(self.settings.output or self.settings.summary)}

    def _stopping(self, command: str) -> list[Problem]:
        found = [] if command == "undo" else stops_all(self.checked, self.pbxs)
        return found if self.settings.workers is None else [*found, *typed_passwords(self.pbxs.values())]

    def run_waves(self, command: str, pbxs: Sequence[Pbx], **more: Any) -> None:
        """Carry a command out on PBXs, one wave after the other, as long as the gates between them open.

        What goes back waits for none.
        """
        goes_back = self.known_folder.undoes
        in_wave = {pbx.name: 0 if goes_back else pbx.wave for pbx in pbxs}
        waves = {wave: [pbx for pbx in pbxs if in_wave[pbx.name] == wave] for wave in sorted({*in_wave.values()})}
        done: list[Pbx] = []
        for wave, of_wave in waves.items():
            later = {number: waves[number] for number in waves if number >= wave}
            if not done and (len(waves) > 1 or (self.settings.window and not goes_back)):
                self._forecast(wave, of_wave, done)
            if self.interrupted or (done and not self._opens(done, later)):
                break
            if not self._run_wave(command, wave, of_wave, **more):  # what follows waits for it
                after = [pbx for number, pbxs in later.items() if number > wave for pbx in pbxs]
                _leave(after, "window-closed", "The windows of the wave before it are closed.", _THEN)
                break
            done += of_wave
        if self.interrupted:
            left = [pbx for wave in waves.values() for pbx in wave if pbx not in done]
            _leave(left, "interrupted", "Stopped by you before its turn came.", "Nothing was sent. resume begins it.")

    def _run_wave(self, command: str, wave: int, pbxs: Sequence[Pbx], **more: Any) -> bool:
        """Carry a command out on those PBXs of a wave whose windows are open; tells whether there are any."""
        inside = [pbx for pbx in pbxs if self._is_inside(pbx)]
        folder, now = self.known_folder.path, datetime.now(tz=UTC)
        self.closing = {pbx.name: window.closes_at(now) for pbx in inside if (window := self._window(pbx))}
        what = f"wave {wave}" if wave else "going back"
        self.carry_out([self.task(pbx, command, folder, **more) for pbx in inside], what)
        return bool(inside)

    def _opens(self, done: Sequence[Pbx], later: Mapping[int, Sequence[Pbx]]) -> bool:
        """Tell whether the next wave may begin, by how the last one went and by whoever decides."""
        wave, run = done[-1].wave, self.known_folder
        last = [pbx_done(pbx.answer) for pbx in done if pbx.wave == wave and pbx.answer]
        gate: Gate = gate_after(wave, last, self.settings.failures_allowed)
        for line in gate.text():
            self.interface.tell(line)
        if not gate.reasons:
            self._forecast(min(later), later[min(later)], done)
        names = {number: [pbx.name for pbx in pbxs] for number, pbxs in later.items()}
        decider = self.settings.gate_command or self.interface.ask
        try:
            why = why_shut(gate, run.id, names, decider, self._redactor().clean)
        except KeyboardInterrupt:
            self.interrupted, why = True, "Stopped by you."
        if why:
            shut = f"The gate after wave {wave} did not open: {why.removesuffix('.')}."
            self.attention += [shut, *shut_text(run.path, wave, names)]
            undo = command_line("undo", run.path, ["--wave", wave])
            hint = f"Once it is put right: {command_line('resume', run.path)}. To take back wave {wave}: {undo}"
            for pbxs in later.values():
                _leave(pbxs, GATE_SHUT, shut, hint)
        return not why

    def _redactor(self) -> Redactor:
        """Return what knows the secrets that a command may meet in the environment of this process."""
        redactor = Redactor()
        redactor.learn(os.environ.get(SECRET_VARIABLE))
        redactor.learn(
            *(one.settings.secret.reveal() for one in self.pbxs.values() if one.settings and one.settings.secret)
        )
        if self.settings.workers is not None:
            redactor.learn(self.settings.workers.reveal(), urlsplit(self.settings.workers.reveal()).password)
        return redactor

    def _is_inside(self, pbx: Pbx) -> bool:
        window, now = self._window(pbx), datetime.now(tz=UTC)
        if window is None or window.is_open(now):
            return True
        opens = f"{window.opens_at(now).astimezone(window.zone):%Y-%m-%d %H:%M} ({window.zone})"
        _leave([pbx], "window-closed", f"Its window is closed until {opens}.", _THEN)
        return False

    def _window(self, pbx: Pbx) -> Window | None:
        if self.known_folder.undoes:
            return None
        own = pbx.settings or self.settings
        zone = self.settings.time_zone or own.time_zone
        return window_of(replace(self.settings, time_zone=zone), pbx.name)

    def _forecast(self, wave: int, pbxs: Sequence[Pbx], done: Sequence[Pbx]) -> None:
        now = datetime.now(tz=UTC)
        hours = {pbx.name: self._window(pbx) for pbx in pbxs}
        pbxs = [pbx for pbx in pbxs if (window := hours[pbx.name]) is None or window.is_open(now)]
        if not pbxs:
            return
        windows = [window for pbx in pbxs if (window := hours[pbx.name])]
        first = min(windows, key=lambda window: window.closes_at(now), default=None)
        to_write = {pbx.name: pbx.updates for pbx in pbxs}
        before = [pbx_done(pbx.answer) for pbx in done if pbx.answer]
        for line in forecast_text(wave, to_write, before, self.settings.pbxs, now, first):
            self.interface.tell(line)

    def carry_out(self, tasks: Sequence[Task], what: str, *, keep: bool = True) -> None:
        """Have tasks carried out and note what is heard of each; Ctrl-C has all settle, a second one ends it."""
        if not tasks:
            return
        crew, open_ones = self.crew.get(), {task["pbx"]: task for task in tasks}
        self.interface.begins([*open_ones], what)
        for task in tasks:
            if keep and (fault := self._keep(task["slug"], {"outcomes": {}, "command": task["command"]})):
                _leave(
                    [self.pbxs[task["pbx"]]], "output", fault, "Nothing was sent. Make room there; resume begins it."
                )
                del open_ones[task["pbx"]]
            else:
                crew.begin(task)
        while open_ones:
            try:
                self._hear(crew, open_ones, keep=keep)
                self._settle_closed(crew, open_ones)
            except KeyboardInterrupt:
                if self.interrupted:
                    raise
                self.interrupted = True
                crew.stop()
                if keep:
                    self.interface.tell(STOPPING)

    def _hear(self, crew: Crew, open_ones: dict[str, Task], *, keep: bool) -> None:
        for pbx, kind, said in crew.events(_LISTENS_S):
            if kind == "progress":
                self.interface.hears(pbx, said)
            elif pbx in open_ones:
                task = open_ones[pbx]
                self._note(task, said if kind == "answer" else self._lost(task, said["message"]), keep=keep)
                del open_ones[pbx]  # last: after a Ctrl-C it is heard again

    def _settle_closed(self, crew: Crew, open_ones: dict[str, Task]) -> None:
        """Have the PBXs settle whose windows have closed, and those not begin whose turn has not come."""
        now = datetime.now(tz=UTC)
        for pbx in [pbx for pbx, at in self.closing.items() if at <= now]:
            del self.closing[pbx]
            if pbx in open_ones:
                open_ones[pbx] = {**open_ones[pbx], "closed": True}
                crew.stop(pbx)

    def _note(self, task: Task, answer: TaskAnswer, *, keep: bool) -> None:
        pbx = self.pbxs[task["pbx"]]
        if task.get("closed") and answer["exit_code"] == Interrupted.exit_code:
            why = {"message": "Its window closed before it was done.", "hint": "resume goes on when it opens again."}
            answer = {**answer, "exit_code": 5, "error": {"code": "window-closed", **why}}
            self.attention.append(f"{pbx.name}: {why['message']} What was under way was settled, the rest is not run.")
        if task["command"] == "verify":  # what was to change is said by the run alone
            said = {name: answer[name] for name in ("outcomes", "counts", "verified") if answer.get(name)}
            answer = {**answer, **pbx.answer, "verified": None, **said, "error": answer["error"]}
            answer["exit_code"] = _left(answer)
        other = f"{pbx.name}: its worker is version {answer['version']} of this tool, not {own_version()}."
        if answer["version"] != own_version() and other not in self.attention:
            self.attention.append(other)
        pbx.answer = answer
        self.interface.hears(pbx.name, None)
        now_alone = dict.fromkeys(("verified", "error")) if task["command"] == "verify" else {}
        if keep and (fault := self._keep(pbx.slug, {**pbx.answer, **now_alone, "plan": None, "text": []})):
            self.attention.append(f"{pbx.name}: what became of it could not be kept. {fault}")

    def _keep(self, slug: str, answer: TaskAnswer) -> str:
        """Keep an answer in the run's folder; returns why it cannot be, if it cannot."""
        try:
            self.known_folder.keep_answer(slug, answer)
        except OutputError as error:
            return error.message
        return ""

    def _lost(self, task: Task, why: str) -> TaskAnswer:
        """Answer for a task that nobody is heard of any more; on this machine, by what its run's journal says."""
        lost = empty_answer(task, 5, "lost", why, "resume goes on with it, by what its own journal says.")
        if self.settings.workers is not None:
            return lost
        from batch.fleet.carrying import carry  # noqa: PLC0415 - rarely needed

        known = carry({**task, "command": "status"}, lambda _: None)
        return {**lost, **{name: known[name] for name in ("outcomes", "counts", "run") if name in known}}

    def report(self) -> FleetReport:
        """Give the workbook back."""
        return write_fleet_results(
            self.checked, self.pbxs, self.known_folder, interrupted=self.interrupted, attention=self.attention
        )


def _leave(pbxs: Iterable[Pbx], code: str, message: str, hint: str) -> None:
    """Note why PBXs were not begun."""
    for pbx in pbxs:
        pbx.answer = {**pbx.answer, "error": {"code": code, "message": message, "hint": hint}}


def _left(answer: TaskAnswer) -> int:
    """Return 0 if all trunks of a PBX are as wanted by now, else 5."""
    wanted = {Ending.APPLIED, Ending.UNCHANGED, Ending.SKIPPED}
    said = answer["outcomes"].values()
    return 0 if said and all(one["ending"] in wanted or not one["chosen"] for one in said) else 5


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
