"""Carrying out: one command on one PBX's part of a fleet's workbook, by the commands for one PBX, and what came of it.

This runs in a process of its own, on this machine or on a worker near the PBX. The part's rows stand where they stand
in the whole workbook, so whatever is said of a row there is true of that row here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from batch.commands import flow
from batch.commands.applying import Declined
from batch.commands.approval import expected_outcomes, plan_document
from batch.commands.outputs import Report
from batch.commands.plan import Planned
from batch.commands.run import NotApproved, Progress, Unattended
from batch.commands.undo import undo
from batch.errors import BatchError
from batch.fleet.tasks import Task, TaskAnswer, empty_answer
from batch.reports.json_shapes import plan_json, status_json, verified_json
from batch.reports.plan_text import offer_text
from batch.runs.folders import CENSUS, COLUMNS, LOG, SNAPSHOT
from batch.runs.journal import JOURNAL
from batch.runs.journal_reader import never_began, read_history
from batch.runs.locks import held_by, place_of_run
from batch.runs.outcomes import Ending, Outcome
from batch.runs.run_report import change_lines
from batch.runs.run_status import read_status
from batch.runs.serialization import outcome_json
from batch.secrets import Secret
from batch.settings import OPTIONS, WHERE, Settings

_BEFORE_ANYTHING: Final = (
    *(f"{JOURNAL}{more}" for more in ("", "-wal", "-shm", "-journal")),
    *(f"{name}{more}" for name in (SNAPSHOT, CENSUS) for more in ("", ".new")),
    *("input.xlsx", COLUMNS, LOG, "lock", "lock.json"),
)
"""What a run's folder has at most before anything of it is sent."""
Heard = Callable[[dict[str, Any]], None]


def carry(task: Task, heard: Heard) -> TaskAnswer:
    """Carry out a task's command in this thread.

    Args:
        task: with ``own``: ``settings``, those of the PBX's profile; ``folder``, where its run and its results lie;
            ``part``, its part of the workbook; and ``workbook``, whose name its practice PBX goes by.
        heard: hears how many trunks are done, ``of`` how many, and how many ``failed``.

    Returns:
        The answer. What went wrong is in it, too: of a run that began, its journal says what became of each row.
    """
    try:
        part = _Part(task, heard)
    except BatchError as error:  # a task may ask for a setting that cannot be
        return empty_answer(task, error.exit_code, error.code, error.message, error.hint)
    started = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
    try:
        said = _COMMANDS[task["command"]](part)
    except Declined:
        said = {"plan": part.interface.plan, "digest": part.interface.digest}
    except BatchError as error:
        said = {"exit_code": error.exit_code, **part.journal_says()}
        said["error"] = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint.replace("--url", "the url of its profile"),
        }
        if isinstance(error, NotApproved):
            said["differs"] = list(error.planned.differs)
    answer = {
        **empty_answer(task, 0, "", "", ""),
        "error": None,
        "started": started,
        "ended": datetime.now(tz=UTC).isoformat(timespec="milliseconds"),
        **said,
    }
    return dict(json.loads(json.dumps(answer)))  # as it is after any journey: lists, and no tuples


class _Watched(Unattended):
    """Nobody is there; whoever leads the fleet hears how far it is."""

    def __init__(self, heard: Heard, *, agrees: bool) -> None:
        super().__init__(agrees=agrees)
        self._heard = heard
        self._counts = Counter[str]()
        self.plan: dict[str, Any] | None = None
        self.digest = ""

    def confirm(self, planned: Planned) -> bool:
        self.plan, self.digest = plan_json(planned), planned.digest
        return super().confirm(planned)

    def watch(self, total: int) -> Progress:
        self._counts.update(of=total)
        self._heard(dict(self._counts))
        return self

    def settled(self, outcome: Outcome) -> None:
        self._counts.update(done=1, failed=int(not outcome.as_wanted and outcome.ending is not Ending.NOT_RUN))
        self._heard(dict(self._counts))


class _Asking(_Watched):
    """The same, to whom a plan is shown, but who does not go on with it."""

    def confirm(self, planned: Planned) -> bool:
        super().confirm(planned)
        return False


class _Part:
    """One PBX's part, and its run."""

    def __init__(self, task: Task, heard: Heard) -> None:
        own = task["own"]
        self.folder = Path(own["folder"])
        self.run = self.folder / task["slug"]
        asks = bool(task.get("asks"))
        begun = not never_began(self.run)  # else all of it is what was approved
        self.interface = (_Asking if asks else _Watched)(heard, agrees=not begun or bool(task.get("yes", True)))
        given = {name: _as_kept(name, value) for name, value in task.get("settings", {}).items()}
        self.documents = bool(task.get("documents"))
        self.allow = given.get("allow", ())
        self.undone = Path(own["undone"]) if own.get("undone") else None
        secret: dict[str, Any] = {"secret": Secret(own["secret"])} if own.get("secret") else {}
        profile: Settings = own["settings"]
        self.again: dict[str, Any] = secret | ({} if given.get("practice") else _where(profile))
        self.settings: Settings = replace(
            profile,
            **given,
            **secret,
            workbook=Path(own["workbook"]),
            run_copy=Path(own["part"]),
            results=self.folder / f"{task['slug']}-results.xlsx",
            expect=task.get("digest", ""),
        )

    def plan(self) -> TaskAnswer:
        planned = flow.plan(self.settings, self.interface)
        shown = _to_approve(planned) if self.documents else {}
        return {**_planned(planned), "text": list(offer_text(planned)), **shown}

    def apply(self) -> TaskAnswer:
        return self._done(flow.apply(replace(self.settings, run_dir=self.run), self.interface))

    def resume(self) -> TaskAnswer:
        if never_began(self.run) and held_by(place_of_run(self.run)) is None:  # nothing was sent
            for name in _BEFORE_ANYTHING:  # and nothing else, whatever lies there
                (self.run / name).unlink(missing_ok=True)
            return self.apply() if self.undone is None else self.undo()
        return self._done(flow.resume(self.run, self.interface, allow=self.allow, **self.again))

    def verify(self) -> TaskAnswer:
        verified = flow.verify(self.run, self.interface, **self.again)
        return {"verified": verified_json(verified), **self.journal_says(), "exit_code": verified.exit_code}

    def undo(self) -> TaskAnswer:
        if not self._rows:
            return {"run": ""}
        given: dict[str, Any] = {"allow": self.allow, "expect": self.settings.expect, "results": self.settings.results}
        return self._done(undo(self.undone or self.run, self.interface, run_dir=self.run, **given, **self.again))

    def status(self) -> TaskAnswer:
        return {"status": status_json(read_status(self.run)), **self.journal_says()}

    def journal_says(self) -> TaskAnswer:
        """Return what the run's journal says of its rows; nothing where no run began."""
        if never_began(self.run):
            return {}
        history = read_history(self.run)
        counts, address = read_status(self.run).counts, str(history.facts.get("pbx", ""))
        return {
            "outcomes": self._outcomes(history.outcomes),
            "counts": dict(counts),
            "run": str(self.run),
            "address": address,
        }

    @cached_property
    def _rows(self) -> Mapping[int | None, int]:
        """Rows of the trunks that are taken back, by id: the way back is a workbook of its own, with other rows."""
        if self.undone is None or not (self.undone / JOURNAL).exists():
            return {}
        history = read_history(self.undone)
        return {one.trunk_id: row for row, one in history.outcomes.items() if history.sent(one.trunk_id)}

    def _outcomes(self, outcomes: Mapping[int, Outcome]) -> dict[str, Any]:
        if self.undone is not None:
            told = {self._rows[one.trunk_id]: one for one in outcomes.values() if one.trunk_id in self._rows}
            outcomes = {row: replace(one, row=row) for row, one in told.items()}
        return {str(row): outcome_json(outcome) for row, outcome in outcomes.items()}

    def _done(self, done: Report | Planned) -> TaskAnswer:
        if isinstance(done, Planned):
            return _planned(done)
        lost, lines = done.lost, change_lines(done.checked.tables, done.changes, done.outcomes)
        goes_back = self.undone is not None
        return {
            "exit_code": done.exit_code,
            "error": None if lost is None else {"code": lost.code, "message": lost.message, "hint": lost.hint},
            "outcomes": self._outcomes(done.outcomes),
            "changes": [list(line._replace(cell="") if goes_back else line) for line in lines],
            "listed": [one.to_json() for one in done.listed],
            "problems": [] if goes_back else [asdict(problem) for problem in done.problems if problem.stops],
            "counts": done.endings.total(),
            "attention": list(done.attention),
            "down": list(done.down),
            "run": str(done.folder.path),
            "address": done.address,
        }


_COMMANDS: Final[Mapping[str, Callable[[_Part], TaskAnswer]]] = {
    "plan": _Part.plan,
    "apply": _Part.apply,
    "resume": _Part.resume,
    "verify": _Part.verify,
    "undo": _Part.undo,
    "status": _Part.status,
}


def _as_kept(name: str, value: Any) -> Any:
    """Return a setting as `Settings` has it, out of JSON."""
    return OPTIONS[name].kind(value) if value is not None and OPTIONS[name].kind in {tuple, Path} else value


def _planned(planned: Planned) -> TaskAnswer:
    problems = [asdict(problem) for problem in planned.plan.problems if problem.stops]
    return {
        "exit_code": planned.exit_code,
        "digest": planned.digest,
        "plan": plan_json(planned),
        "problems": problems,
        "address": planned.address,
        "listed": [one.to_json() for one in planned.listed],
    }


def _where(profile: Settings) -> dict[str, Any]:
    """Return where the PBX is and whom to trust: what its own profile says now, whatever a run's folder says."""
    names = [name for name, option in OPTIONS.items() if option.part is WHERE and name not in {"practice", "profile"}]
    said = {name: value for name in names if (value := getattr(profile, name)) != OPTIONS[name].usual}
    return said | {"url_from": profile.url_from}


def _to_approve(planned: Planned) -> TaskAnswer:
    """Return what a PBX's plan says to whoever approves it, as its part of the answer."""
    document = plan_document(planned)
    lines = change_lines(planned.checked.tables, planned.plan.updates, {})
    return {
        "changes": [list(line) for line in lines],
        "document": {
            "attention": list(document.summary.attention),
            "hazards": [asdict(hazard) for hazard in document.hazards],
            "groups": [[list(group.trunks), [list(line) for line in group.lines]] for group in document.groups],
            "counts": dict(document.counts),
            "requests": document.requests,
            "seconds": planned.forecast.seconds,
            "going_back": list(document.going_back),
            "expected": {str(row): [str(one.ending), one.name] for row, one in expected_outcomes(planned).items()},
        },
    }
