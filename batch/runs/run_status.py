"""Run status: how runs stand, read without disturbing the command that is at work on one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from batch.errors import UsageError
from batch.runs.confirmations import Confirmation, Stage, is_waited_for, read_confirmation
from batch.runs.fleet_folder import FLEET_FILE, FleetFolder, FleetPbx, is_fleet, read_fleet_folder
from batch.runs.journal import JOURNAL
from batch.runs.journal_reader import History, Invocation, RecordDamaged, read_history
from batch.runs.locks import Holder, held_by, place_of_run
from batch.runs.outcomes import Ending, Outcome
from batch.runs.resuming import left
from batch.runs.serialization import Approval, each, fits
from batch.schema.columns import SHEETS
from batch.schema.file_metadata import PRACTICE_MARK, plain_stem
from batch.wording import counted, folded, moment, some_of

_RUNS: Final = ".runs"
_NAMED: Final = 5
"""So many folders are named in an error."""
_ID_TIME: Final = "%Y%m%d-%H%M%S"
_ID_TIME_LENGTH: Final = len("20261123-021407")


class State(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    FINISHED = "finished"
    """Nothing is left that ``resume`` takes up."""
    UNFINISHED = "unfinished"
    """It came to its end, and left some trunks that ``resume`` takes up."""
    INTERRUPTED = "interrupted"
    LOST = "pbx lost"
    BROKE_OFF = "broke off"
    """Nobody is at it, and it never said how it ended: a crash, or its process was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """How a run stands at this moment."""

    folder: Path
    id: str
    state: State
    counts: Mapping[str, int]
    """Rows of all sheets by each of the ten endings; what was sent and never settled is *unknown*."""
    pid: int | None
    started: datetime
    ended: datetime | None
    """When its last command ended; None where it did not."""
    pbx: str
    practice: bool
    workbook: str
    invocations: int
    """How many commands were at it: ``apply``, and each ``resume``."""
    trunks: int
    settled: int
    """How many of them have an ending: not those that are still to be run."""
    sent: int = 0
    """How many of the others were sent something, or about to be, and nobody has written down yet what came of it."""
    not_chosen: int = 0
    """How many of those that have an ending the run was not to do, so that they count as settled."""
    how: str = ""
    """How its last command ended, as `Invocation.how`; blank where it did not, or somebody is at it."""
    approval: Approval | None = None
    """Who approved its plan, where somebody had to."""
    open_until: str | None = None
    """Of a run that is to be confirmed and is not: until when, in words; blank where that is not known yet."""
    is_waited_for: bool = False
    """Whether a process waits for its confirmation."""
    taken_back: str = ""
    """What took it back, in words; blank where nothing did."""
    undoes: str = ""
    """Id of the run that it takes back, if it does."""
    damaged: bool = False
    """Whether a record of its journal is damaged, so that nothing is known of it."""


def read_status(folder: Path) -> RunStatus:
    """Say how a run stands.

    Raises:
        UsageError: the folder holds no run, or one that cannot be read.
    """
    holder = held_by(place_of_run(folder))  # first, or a run that ends between the two would look broken off
    history = read_history(folder)
    last = history.invocations[-1] if history.invocations else None
    if holder is None and (last is None or last.ended is None):
        holder = held_by(place_of_run(folder))  # or one that was taken up between the two would
    workbook, approval = history.facts.get("workbook"), history.facts.get("approval")
    said = read_confirmation(folder)
    return RunStatus(
        folder=folder,
        id=str(history.facts.get("run", _name(folder))),
        state=_state(history, last, holder),
        counts=_counts(history, frozenset() if holder is None else history.unsettled),
        pid=_pid(last, holder),
        started=_started(history),
        ended=last.ended if last and holder is None else None,
        pbx=str(history.facts.get("pbx", "")),
        practice=bool(history.facts.get("practice")),
        workbook=str(workbook["path"]) if workbook else "",
        invocations=len(history.invocations),
        trunks=len(history.outcomes.keys() | history.wanted.keys()),
        settled=sum(_is_settled(history, row, outcome) for row, outcome in history.outcomes.items()),
        sent=len(history.unsettled),
        not_chosen=sum(not outcome.chosen and row not in history.chosen for row, outcome in history.outcomes.items()),
        how=last.how if last and holder is None else "",
        approval=Approval(**approval) if approval else None,
        open_until=_open_until(said),
        is_waited_for=is_waited_for(folder),
        taken_back=said.by if said is not None and said.stage is Stage.TAKEN_BACK else "",
        undoes=Path(history.facts.get("undoes", "")).name,
    )


def _open_until(said: Confirmation | None) -> str | None:
    if said is None or said.stage is not Stage.OPEN:
        return None
    return moment(said.until) if said.until else ""


def _is_settled(history: History, row: int, outcome: Outcome) -> bool:
    return row not in history.unsettled and (outcome.ending is not Ending.NOT_RUN or row not in history.chosen)


def _started(history: History) -> datetime:
    started = history.facts.get("started")
    return datetime.fromisoformat(started) if started else _made(history.folder)


def _state(history: History, last: Invocation | None, holder: Holder | None) -> State:
    if holder is not None:
        return State.RUNNING
    if last is None or last.ended is None:
        return State.BROKE_OFF
    if not left(history, history.chosen):
        return State.FINISHED
    return {"interrupted": State.INTERRUPTED, "lost": State.LOST}.get(last.how, State.UNFINISHED)


def _pid(last: Invocation | None, holder: Holder | None) -> int | None:
    if holder is None:
        return None
    return holder.pid or (last.pid if last and last.ended is None else None)


_NEVER_SENT: Final = frozenset({Ending.SKIPPED, Ending.INVALID, Ending.BLOCKED})
"""Endings that no write can have, so that the invocation knew all their rows when it began."""


def _counts(history: History, under_way: AbstractSet[int]) -> dict[str, int]:
    """Count the rows of all sheets by ending: as the last invocation counted them, or by what is settled so far.

    What was sent and never settled is *unknown*, or *refused* if the PBX had said so.

    Rows ``under_way``, of the Trunks sheet, are being settled at this moment: they count as *not run* yet.
    """
    counts = dict.fromkeys(map(str, Ending), 0)
    if history.invocations and history.invocations[-1].ended is not None:
        return counts | dict(history.invocations[-1].counts)
    known = history.invocations[-1].settled_rows if history.invocations else {}
    counts |= {ending: known.get(ending, 0) for ending in _NEVER_SENT}
    for row, wanted in history.wanted.items():
        outcome = None if row in under_way else history.outcomes.get(row)
        if outcome is not None and outcome.ending not in _NEVER_SENT:
            counts[outcome.ending] += wanted.rows
    # of rows that are not run an invocation knows only some, so they are what is left
    counts[Ending.NOT_RUN] = 0
    counts[Ending.NOT_RUN] = max(history.facts.get("rows", 0) - sum(counts.values()), 0)
    return counts


def _name(folder: Path) -> str:
    return folder.resolve().name


def _made(folder: Path) -> datetime:
    """Return when a run that says nothing of it started: by its id, or by its folder's date."""
    with suppress(ValueError):
        return datetime.strptime(_name(folder)[:_ID_TIME_LENGTH], _ID_TIME).astimezone()
    return datetime.fromtimestamp(folder.stat().st_mtime).astimezone()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStatus:
    """How a run over many PBXs stands at this moment."""

    whole: RunStatus
    pbxs: Sequence[tuple[FleetPbx, RunStatus | None]]
    """Each with how its own run stands; None where it was not begun, or lies with its worker alone."""


def read_fleet_status(folder: Path) -> FleetStatus:
    """Say how a run over many PBXs stands, by the runs of its PBXs.

    Raises:
        UsageError: the folder is none of such a run, or cannot be read.
    """
    fleet, holder = read_fleet_folder(folder), held_by(place_of_run(folder))
    pbxs = [(pbx, _of_pbx(fleet, pbx)) for pbx in fleet.pbxs]
    begun = [one for _, one in pbxs if one is not None]
    counts = Counter[str]()
    for pbx, one in pbxs:
        counts.update({str(Ending.NOT_RUN): pbx.rows} if one is None else one.counts)
    states = {one.state for one in begun} | ({State.UNFINISHED} if len(begun) < len(pbxs) else set())
    ended = [one.ended for one in begun if one.ended is not None]
    whole = RunStatus(
        folder=folder,
        id=fleet.id,
        state=State.RUNNING if holder is not None else next(state for state in _WORST_FIRST if state in states),
        counts={str(ending): counts[str(ending)] for ending in Ending},
        pid=holder.pid if holder is not None else None,
        started=fleet.started,
        ended=max(ended, default=None) if holder is None else None,
        pbx=counted(len(pbxs), "PBX"),
        practice=fleet.practice,
        workbook=str(fleet.workbook),
        invocations=max((one.invocations for one in begun), default=0),
        trunks=sum(pbx.trunks for pbx in fleet.pbxs),
        settled=sum(one.settled for one in begun),
        undoes=Path(fleet.undoes).name,
    )
    return FleetStatus(whole=whole, pbxs=pbxs)


def _of_pbx(fleet: FleetFolder, pbx: FleetPbx) -> RunStatus | None:
    """Say how a PBX's own run stands; by what was heard of it last, where that lies with a worker."""
    place = fleet.path / pbx.slug
    if _holds_run(place):
        return _stand_or_broken(place)
    answer = fleet.answer(pbx.slug) if fleet.workers else None
    if answer is None:
        return None
    states = {0: State.FINISHED, 130: State.INTERRUPTED, None: State.BROKE_OFF}
    rows = answer.get("counts") if fits(answer.get("counts"), each(int)) else None
    rows = rows or {str(Ending.UNKNOWN if "exit_code" not in answer else Ending.NOT_RUN): pbx.rows}
    left = sum(one.get("ending") == Ending.NOT_RUN for one in answer["outcomes"].values() if isinstance(one, dict))
    return RunStatus(
        folder=place,
        id=pbx.slug,
        state=states.get(answer.get("exit_code"), State.UNFINISHED),
        counts=dict.fromkeys(map(str, Ending), 0) | rows,
        pid=None,
        started=fleet.started,
        ended=None,
        pbx=pbx.name,
        practice=fleet.practice,
        workbook=str(fleet.workbook),
        invocations=1,
        trunks=pbx.trunks,
        settled=len(answer["outcomes"]) - left,
    )


_WORST_FIRST: Final = (
    State.RUNNING,
    State.BROKE_OFF,
    State.LOST,
    State.INTERRUPTED,
    State.UNFINISHED,
    State.FINISHED,
)


def find_run(text: str) -> Path:
    """Find the run that was named.

    By its folder, a file in that, or its id: that is looked for in the ``NAME.runs`` of the current folder and of the
    folders in it.

    Raises:
        UsageError: there is none, or there are several.
    """
    folder = Path(text)
    if _holds_run(folder):
        return folder
    if folder.is_file() and _holds_run(folder.parent):
        return folder.parent
    rooms = sorted([*Path().glob(f"*{_RUNS}"), *Path().glob(f"*/*{_RUNS}")])
    found = [room / folder for room in rooms if folder.name == str(folder) and _holds_run(room / folder)]
    if len(found) == 1:
        return found[0]
    folders = some_of(map(str, found or rooms), _NAMED)
    if found:
        raise UsageError(
            f"There are {len(found)} runs {text}: {folders}.",
            "Name the folder of the one you mean.",
        )
    if folder.exists():
        raise UsageError(f"{text} is no run.", f'Name one of its runs: trunk-batch runs "{text}" lists them.')
    where = f"in {folders}" if rooms else f"for a NAME{_RUNS} in {Path.cwd()} and the folders in it"
    raise UsageError(f"There is no run {text}. Looked {where}.", _nearest(folder.name, rooms))


def _nearest(text: str, rooms: Iterable[Path]) -> str:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a mistyped run needs it

    ids = [run.name for room in rooms for run in _runs_in(room)]
    near = process.extract(text, ids, scorer=fuzz.ratio, score_cutoff=70, limit=3)
    if near:
        return f"Did you mean {' or '.join(name for name, _, _ in near)}?"
    return "Name the run's folder; trunk-batch runs FOLDER lists those of a folder."


def find_runs(place: Path | None) -> list[RunStatus]:
    """Say how all runs stand that belong to a workbook or lie in a folder, oldest first.

    One whose journal cannot be read hides none of the others: it is there as broken off.

    The place is a workbook or its results, a folder with workbooks or with folders of them, a ``NAME.runs``, or a run;
    None for the current folder.

    Raises:
        UsageError: there is no such workbook or folder.
    """
    return sorted(map(_stand_or_broken, _runs_of(place or Path())), key=lambda standing: standing.started)


def _runs_of(place: Path) -> list[Path]:
    if _holds_run(place):
        return [place]
    rooms: list[Path] = []
    if place.is_dir():
        rooms += place.glob(f"*{_RUNS}")
        rooms += [place] if _name(place).endswith(_RUNS) else []
    if not place.is_dir() or _is_workbook(place):
        whole = place.resolve() if place.name in {"", ".."} else place
        beside = sorted(whole.with_name(f"{stem}{_RUNS}") for stem in {whole.stem, plain_stem(whole)})
        rooms += (room for room in beside if room.is_dir())
    if not rooms and not place.exists():
        raise UsageError(f"There is no {place}.", "Name a workbook that was applied, or a folder with runs in it.")
    found = [run for room in rooms for run in _runs_in(room)]
    return found or [run for room in place.glob(f"*/*{_RUNS}") for run in _runs_in(room)]


def _is_workbook(folder: Path) -> bool:
    names = {folded(sheet.title) for sheet in SHEETS}
    return any(file.suffix.lower() == ".csv" and folded(file.stem) in names for file in folder.glob("*"))


def _runs_in(room: Path) -> list[Path]:
    return sorted(run.parent for name in (JOURNAL, FLEET_FILE) for run in room.glob(f"*/{name}"))


def _holds_run(folder: Path) -> bool:
    return any(
        any(folder.glob(name)) for name in (JOURNAL, FLEET_FILE)
    )  # unlike is_file, says no of somebody else's folder that it may not look into


def _stand_or_broken(folder: Path) -> RunStatus:
    try:
        return read_fleet_status(folder).whole if is_fleet(folder) else read_status(folder)
    except UsageError as error:
        holder = held_by(place_of_run(folder))
        return RunStatus(
            folder=folder,
            id=_name(folder),
            state=State.RUNNING if holder else State.BROKE_OFF,
            counts=dict.fromkeys(map(str, Ending), 0),
            pid=_pid(None, holder),
            started=_made(folder),
            ended=None,
            pbx="",
            practice=_name(folder).endswith(PRACTICE_MARK),
            workbook="",
            invocations=0,
            trunks=0,
            settled=0,
            damaged=isinstance(error, RecordDamaged),
        )
