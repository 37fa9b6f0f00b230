"""Folders: where a run keeps its copy of the input, its journal, its snapshot, its log and its results.

Log and journal are kept from the first request on, also before a run has its folder (`Recording`).

A folder may have come from anybody. What it says of where the PBX is, whom to trust and where secrets lie counts only
if it is what was noted in the operator's own state when the run began.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

from platformdirs import user_state_path

from batch.errors import OutputError, UsageError
from batch.pbx.messages import Reply, Request
from batch.pbx.throttle import Stopped
from batch.readers.list_folders import is_list_folder
from batch.runs.journal import JOURNAL, Journal, JournalError, Kept
from batch.runs.journal_reader import is_finished
from batch.runs.serialization import Shape, fits
from batch.schema.file_metadata import PRACTICE_MARK, RESULTS_MARK, UNDO_MARK, plain_stem
from batch.trunks.change_plan import Change
from batch.trunks.live import LiveTrunk, parse_trunk

SNAPSHOT: Final = "snapshot.jsonl"
LOG: Final = "log.jsonl"
CENSUS: Final = "census.json"
"""The DIDs of all trunks before the run."""
LISTED: Final = "listed.json"
"""What the results list beside the changes."""
COLUMNS: Final = "columns.toml"
"""The run's own copy of the file given by ``--columns``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """The folder of one run."""

    path: Path
    id: str
    """``DATE-TIME-ID``; the last part of the default path."""
    copy: str = ""
    """Name of the run's own copy of the input, in it."""


def new_id(now: datetime) -> str:
    """Make the id of a run that starts now."""
    return f"{now.astimezone():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def check_unused(asked_for: Path | None) -> None:
    """Refuse a folder for a new run that is not the run's own: one that holds a run already, or anything else.

    Raises:
        UsageError: it does.
    """
    if asked_for is not None and (asked_for / JOURNAL).exists():
        raise UsageError(
            f"The folder {asked_for} already holds a run.", "Name another --run-dir, or leave it out for a new folder."
        )
    if asked_for is not None and asked_for.is_dir() and any(asked_for.iterdir()):
        raise UsageError(
            f"The folder {asked_for} is not empty, and a run needs one of its own.",
            "Name a folder that is not there yet, or leave --run-dir out.",
        )


def create_folder(
    workbook: Path,
    asked_for: Path | None,
    now: datetime,
    mark: str = "",
    *,
    source: Path | None = None,
    columns: str = "",
) -> RunFolder:
    """Make a run's folder and put a copy of the input into it.

    That is ``--run-dir``, or ``NAME.runs/DATE-TIME-ID/`` beside the workbook; a rehearsal's id ends with the mark. The
    input is the workbook, or ``source`` where that lies elsewhere.

    Raises:
        UsageError: the folder holds a run already.
        OutputError: it cannot be made.
    """
    check_unused(asked_for)
    run_id = f"{new_id(now)}{mark}"
    path = asked_for or workbook.with_name(f"{plain_stem(workbook)}.runs") / run_id
    workbook = source or workbook
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        if workbook.is_dir():
            copy = path / "input"
            shutil.copytree(
                workbook,
                copy,
                ignore=lambda where, names: [n for n in names if not _belongs(n, inside=Path(where) != workbook)],
                copy_function=_copy,
                dirs_exist_ok=True,
            )
            for file in copy.rglob("*"):
                _onto_disk(file)
        else:
            copy = path / f"input{workbook.suffix.lower()}"
            _copy(workbook, copy)
            _onto_disk(copy)
        if columns:
            with open_private(path / COLUMNS) as kept:
                kept.write(columns)
            _onto_disk(path / COLUMNS)
        _onto_disk(path)
    except OSError as error:
        raise OutputError(path, error.strerror or str(error)) from error
    return RunFolder(path=path, id=run_id if asked_for is None else path.resolve().name, copy=copy.name)


def _belongs(name: str, *, inside: bool) -> bool:
    """Tell whether a file or folder is part of a CSV workbook; ``inside`` of a folder of a list only files are."""
    return name.lower().endswith(".csv") or (not inside and is_list_folder(name))


def _copy(source: str | Path, target: str | Path) -> str | Path:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600))
    Path(target).chmod(0o600)
    return shutil.copyfile(source, target)


def _onto_disk(path: Path) -> None:
    """Make sure that a file, or what a folder lists, is on the disk and outlives a power cut."""
    if path.is_dir() and os.name == "nt":  # there a folder cannot be opened, nor need it be
        return
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_snapshot(folder: Path, changes: Iterable[Change], earlier: Iterable[LiveTrunk] = ()) -> None:
    """Keep each trunk that will be written whole, as the PBX gave it, one JSON object a line, mode 0600.

    The old password is kept only of trunks whose password the run changes: it is needed to undo that.

    ``earlier`` is what an earlier invocation kept and that stays as it is.

    Raises:
        OutputError: it cannot be written; then nothing may be sent.
    """
    path, made = folder / SNAPSHOT, folder / f"{SNAPSHOT}.new"
    try:
        with open_private(made) as file:
            for trunk in earlier:
                file.write(json.dumps(trunk.whole) + "\n")
            for change in changes:
                whole = dict(change.live.whole)
                if "password" not in change.difference.fields:
                    whole.pop("password", None)
                file.write(json.dumps(whole) + "\n")
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
        _onto_disk(folder)
    except OSError as error:
        unwritten = OutputError(path, error.strerror or str(error))
        unwritten.hint = "Nothing was sent. Make room there, then give the same command again."
        raise unwritten from error


def read_snapshot(folder: Path) -> dict[int, LiveTrunk]:
    """Return the trunks, by id, as the PBX held them before the run wrote them.

    Raises:
        UsageError: it is there and cannot be read.
    """
    path, trunks = folder / SNAPSHOT, list[LiveTrunk]()
    try:
        for line in path.read_bytes().splitlines():
            trunks.append(parse_trunk(json.loads(line)))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        damaged = f"line {len(trunks) + 1} is damaged"
        raise UsageError(
            f"The snapshot {path} cannot be read: {getattr(error, 'strerror', None) or damaged}.",
            "Take a copy of the run's folder, then ask for help.",
        ) from None
    return {trunk.id: trunk for trunk in trunks}


def keep(folder: Path, name: str, value: Any) -> None:
    """Keep something as JSON, mode 0600.

    Raises:
        OutputError: it cannot be written.
    """
    made = folder / f"{name}.new"
    try:
        with open_private(made) as file:
            file.write(json.dumps(value))
        made.replace(folder / name)
    except OSError as error:
        raise OutputError(folder / name, error.strerror or str(error)) from error


def kept(folder: Path, name: str, shape: Shape) -> Any:
    """Return what was kept as JSON; None where that is gone, or damaged."""
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if fits(value, shape) else None


def open_private(path: Path, *, append: bool = False) -> TextIO:
    """Open a file that only its owner can read, anew or to go on with it."""
    how = os.O_APPEND if append else os.O_TRUNC
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "w", encoding="utf-8", newline="\n")


def results_name(workbook: Path, mark: str = "", profile: str = "") -> str:
    """Return what results are called: ``NAME-results.xlsx``, or ``NAME-results-berlin.xlsx`` with a profile."""
    of_pbx = re.sub(r"[^\w.]+", "_", profile)
    stem = plain_stem(workbook)
    undo = UNDO_MARK if workbook.stem.startswith(f"{stem}{UNDO_MARK}") else ""
    return f"{stem}{undo}{mark}{RESULTS_MARK}{of_pbx and '-'}{of_pbx}.xlsx"


def results_path(workbook: Path, asked_for: Path | None, mark: str = "", profile: str = "") -> Path:
    """Return where the results go: beside the workbook, by `results_name`, and never in the workbook's place.

    Raises:
        UsageError: the folder that was asked for is not there, or the name is no workbook's.
    """
    if asked_for is None:
        path = workbook.with_name(results_name(workbook, mark, profile))
    else:
        path = asked_for
        if path.suffix.lower() != ".xlsx":
            raise UsageError(f"--results {path} does not end in .xlsx.", "Name a file that ends in .xlsx.")
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(
                f"--results {path} cannot be written: no such folder.", "Name a file in a folder that is there."
            )
    if not os.access(path.parent, os.W_OK):
        raise OutputError(path, "the folder cannot be written to, or is gone")
    number = 2
    free = path
    while workbook.exists() and any(
        p.exists() and p.samefile(workbook) for p in (free, free.with_suffix(""), free.with_suffix(workbook.suffix))
    ):
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


def near(workbook: Path) -> list[Path]:
    """Return the folders of all runs of this workbook and of those beside it, in their default places.

    A run over many PBXs has those of its PBXs in it.
    """
    return [path.parent for depth in ("*", "*/*") for path in workbook.parent.glob(f"*.runs/{depth}/{JOURNAL}")]


def unfinished(workbook: Path, mark: str = "") -> tuple[str, ...]:
    """Return the ids of runs of this workbook that broke off, as long as no later one came to its end.

    Looks in their default place. Rehearsals and real runs are told apart by the mark that their ids end with, and do
    not count for each other.
    """
    place = workbook.with_name(f"{plain_stem(workbook)}.runs")
    journals = place.glob(f"*/{JOURNAL}") if place.is_dir() else ()
    runs = sorted((path.parent.name[:_TO_THE_SECOND], not is_finished(path), path.parent.name) for path in journals)
    names: list[str] = []
    for _, broke_off, name in runs:
        if name.endswith(PRACTICE_MARK) is (mark == PRACTICE_MARK):
            names = [*names, name] if broke_off else []
    return tuple(names)


_TO_THE_SECOND: Final = len("20261123-021407")


_LATER: Final = frozenset({"only", "first"})
"""Settings that a later invocation may change."""


def note_begun(facts: Mapping[str, Any]) -> None:
    """Note a run that begins. Where nothing can be noted, going on with it takes the address once more."""
    place = _place()
    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"{_mark(facts)}\n".encode())
        finally:
            os.close(descriptor)


def was_begun_here(facts: Mapping[str, Any]) -> bool:
    """Tell whether a run was begun by the operator, on this machine, as it says."""
    try:
        return _mark(facts) in _place().read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return False


def _place() -> Path:
    return user_state_path("trunk-batch", appauthor=False) / "runs"


def _mark(facts: Mapping[str, Any]) -> str:
    """Return what stands for a run, and for all that it says of PBX and secrets."""
    settings = {name: value for name, value in facts["settings"].items() if name not in _LATER}
    told = {"run": facts["run"], "pbx": facts["pbx"], "settings": settings}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Recording:
    """Takes log entries and requests from any thread, and writes them where they belong once that is known."""

    def __init__(self) -> None:
        """Begin with nothing to write to."""
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._kept: list[Kept] = []
        self._files: dict[Path, TextIO] = {}
        self._journal: Journal | None = None
        self.unwritten: list[str] = []
        """What could not be written any more, in words: a run goes on without its log."""

    def log(self, entry: Mapping[str, Any]) -> None:
        """Keep one entry, redacted by whoever made it."""
        at = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, **entry}, default=str, ensure_ascii=False) + "\n"
        with self._lock:
            self._lines.append(line)
            for path, file in list(self._files.items()):
                try:
                    file.write(line)
                    file.flush()
                except OSError as error:  # a full disk must not end a run: what was written is in the journal
                    del self._files[path]
                    with suppress(OSError):
                        file.close()
                    self.unwritten.append(f"The log {path} ends early: {error.strerror or error}.")

    def leaving(self, request: Request, sign_in: int) -> int:
        """Keep a request that is about to leave; returns its number, negative before there is a journal.

        Raises:
            JournalError: it is a write, and it cannot be recorded: it must not leave.
            Stopped: it is a write, and there is no journal.
        """
        with self._lock:
            if self._journal is None and request.writes:
                raise Stopped  # the books are not open yet, or closed already
            if self._journal is None:
                self._kept.append(Kept(request=request, sign_in=sign_in, sent_at=datetime.now(tz=UTC)))
                return -len(self._kept)
            journal = self._journal
        try:
            return journal.leaving(request, sign_in)
        except JournalError:
            if request.writes:
                raise
            return 0  # a read harms nobody, and may settle what was written

    def settled(self, number: int, reply: Reply) -> None:
        """Keep what came of a request. Where that fails, the journal still says that it left."""
        with self._lock:
            if number < 0 and self._journal is None:
                kept = self._kept[-number - 1]
                kept.reply, kept.settled_at = reply, datetime.now(tz=UTC)
                return
            journal = self._journal
        if number > 0 and journal is not None:
            with suppress(JournalError):
                journal.settled(number, reply)

    def into_file(self, path: Path) -> None:
        """Write to this file too, from the first entry on; what stands in it stays.

        Raises:
            OutputError: it cannot be written.
        """
        with self._lock:
            try:
                file = self._files[path] = open_private(path, append=True)
                file.writelines(self._lines)
                file.flush()
            except OSError as error:
                raise OutputError(path, error.strerror or str(error)) from error

    def into_journal(self, journal: Journal) -> None:
        """Write the requests to this journal too, from the first on.

        Raises:
            JournalError: it does not take them.
        """
        with self._lock:
            journal.take_over(self._kept)
            self._journal, self._kept = journal, []

    def close(self) -> None:
        """Write to nothing any more."""
        with self._lock:
            self._journal = None
            for file in self._files.values():
                with suppress(OSError):
                    file.close()
            self._files = {}


@contextmanager
def recording() -> Iterator[Recording]:
    """Record until the end, whatever happens."""
    record = Recording()
    try:
        yield record
    finally:
        record.close()
