"""Crashes: the command line in a process of its own, killed at a random moment and gone on with, round after round.

The practice PBX is served by the process of the tests, so that it lives on, and can be looked at.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sqlite3
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from batch.practice.faults import Faults
from batch.practice.server import RunningPbx, running
from batch.runs.run_status import read_status
from samples.making.files import Page, write_workbook
from tests.flows.crash_stories import Story, seen
from tests.flows.shell import CLIENT_SECRET, Json, Ran, rows_of
from tests.forked import Forked

SEED: Final = os.environ.get("CRASH_SEED") or secrets.token_hex(4)
"""What all moments are drawn from; told where a round fails, so that it can be had again."""
CLI: Final = (sys.executable, "-c", "from batch.cli import run; run()")
WORKERS: Final = 4
FLAGS: Final = ("--yes", "--json", "--settle-wait", "0", "--rate", "10000", "--concurrency", str(WORKERS))
MOST_KILLS: Final = 3
_PATIENCE_S: Final = 60
_SHEETS: Final = ("Trunks", "Caller IDs", "DIDs")
_ENDINGS: Final = frozenset(
    "applied unchanged skipped invalid blocked refused failed partial unknown".split()  # noqa: SIM905 - reads best
) | {"not run"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When to kill: so many requests of a command have arrived, and then so many seconds."""

    requests: int
    seconds: float


def command(*words: object, first: Callable[[], None] | None = None) -> Forked:
    """Start a command in a process, and a group of processes, of its own."""
    return Forked(*words, env=environment(), first=first)


def environment() -> dict[str, str]:
    return {**os.environ, "TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET}


def ended(process: Forked) -> Ran:
    """Wait for the end of a command."""
    out, err = process.communicate(timeout=_PATIENCE_S)
    return Ran(code=process.returncode, out=out, err=err)


def until(true: Callable[[], bool], process: Forked) -> None:
    """Wait until something is so, or the command has ended."""
    end = time.monotonic() + _PATIENCE_S
    while process.poll() is None and not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def run_folders(workbook: Path) -> list[Path]:
    """Return the folders of a workbook's runs that have a journal, in the order they were made."""
    journals = workbook.with_name(f"{workbook.stem}.runs").glob("*/journal.sqlite")
    return sorted((path.parent for path in journals), key=lambda folder: folder.stat().st_ctime_ns)


@contextmanager
def looking_at(folder: Path) -> Iterator[sqlite3.Connection]:
    """Look at a run's journal without touching it: whoever may write would gather the records of a killed run."""
    at_rest = "" if (folder / "journal.sqlite-wal").exists() else "&immutable=1"
    address = f"{(folder / 'journal.sqlite').as_uri()}?mode=ro{at_rest}"
    with closing(sqlite3.connect(address, uri=True)) as journal:
        yield journal


def sent_by(folder: Path, *, in_flight: bool = False) -> Counter[int]:
    """Count the writes of each trunk that the journal knows of, or those that nobody lived to settle."""
    query = "SELECT ids FROM requests WHERE call = 'trunk/update'"
    if in_flight:
        query += " AND settled_at IS NULL AND invocation = (SELECT max(invocation) FROM invocations)"
    with looking_at(folder) as journal:
        try:
            return Counter(int(ids) for (ids,) in journal.execute(query))
        except sqlite3.OperationalError:  # killed before it had its tables
            return Counter()


def most_noted(workers: int) -> int:
    """Return how many requests may be noted and not settled: those under way, and the next ones, noted meanwhile."""
    return workers + 1 + workers // 2


@dataclass(slots=True, kw_only=True)
class Round:
    """One story, with as many kills as fate will have it."""

    story: Story
    workbook: Path
    pbx: RunningPbx
    rng: Random
    latency: float
    """Seconds that the PBX takes for each answer."""
    kills: int = 0
    in_flight: Counter[int] = field(default_factory=Counter)
    """By trunk id: how often it was in flight when the command was killed."""
    said: list[Ran] = field(default_factory=list)
    _begun: int = 0

    def tell(self) -> Ran:
        """Apply, kill, go on, kill, go on; returns what the last command said."""
        ran = self._invocation("apply", killed=True)
        for _ in range(MOST_KILLS):
            self._tamper()
            ran = self._go_on(killed=self.kills < MOST_KILLS and self.rng.random() < 0.35)
            if ran.code >= 0:
                break
        while ran.code < 0:
            ran = self._go_on(killed=False)
        return ran

    def _go_on(self, *, killed: bool) -> Ran:
        folder = self.folder
        if folder is None:
            assert not self.writes(), "sent before there was a run"
            return self._invocation("apply", killed=killed)
        ran = self._invocation("resume", killed=killed)
        if ran.code == 2 and "never began" in ran.out:
            assert not self.writes(), "sent by a run that never began"
            return self._invocation("apply", killed=killed)
        return ran

    @property
    def folder(self) -> Path | None:
        """The folder of the last run, once there is one."""
        return next(reversed(run_folders(self.workbook)), None)

    def writes(self) -> Counter[int]:
        """Count the writes of each trunk that arrived."""
        return Counter(int(request.body["id"]) for request in self.pbx.requests if request.call == "trunk/update")

    def _invocation(self, word: str, *, killed: bool) -> Ran:
        self._begun = len(self.pbx.requests)
        process = command(*self._words(word))
        try:
            if killed:
                self._kill(process, self._moment())
            ran = ended(process)
        finally:
            process.kill()
        if ran.code < 0 and (folder := self.folder) is not None:
            self.in_flight += sent_by(folder, in_flight=True)
        self.said.append(ran)
        return ran

    def _words(self, word: str) -> Sequence[object]:
        if word == "resume":
            return (word, self.folder, "--yes", "--json")
        return (word, self.workbook, "--url", self.pbx.url, "--client-id", "practice", *FLAGS, *self.story.flags)

    def _moment(self) -> Moment:
        """Draw when: all the way from the start to what comes after the last request."""
        most = 7 + len(self.story.written)
        longest = self.rng.choice((self.latency * 1.5, self.latency * 1.5, self.latency * 1.5, 0.4))
        return Moment(requests=self.rng.randint(0, most), seconds=self.rng.uniform(0, longest))

    def _kill(self, process: Forked, moment: Moment) -> None:
        until(lambda: len(self.pbx.requests) - self._begun >= moment.requests, process)
        time.sleep(moment.seconds)
        if process.poll() is None:
            process.kill()
            self.kills += 1

    def _tamper(self) -> None:
        """Let somebody save another workbook in its place, or delete it, once the run has its copy."""
        if self.folder is None or not sent_by(self.folder) or self.workbook.is_dir():
            return
        match self.rng.randrange(4):
            case 0:
                self.workbook.unlink(missing_ok=True)
            case 1:
                lines = [["Name", "Hostname"], ["Bystander-90", "elsewhere.example"]]
                write_workbook(self.workbook, Page(name="Trunks", lines=lines))
            case _:
                pass


@contextmanager
def round_of(story: Story, folder: Path, rng: Random, **settings: Any) -> Iterator[Round]:
    """Prepare a round: the workbook is written and the PBX served."""
    latency = rng.uniform(0.01, 0.05)
    faults = Faults.from_json({"latency": latency, "faults": list(story.faults)})
    with running(story.state(**settings), faults=faults) as served:
        yield Round(story=story, workbook=story.write(folder), pbx=served, rng=rng, latency=latency)


def must_be_well(told: Round, last: Ran) -> None:
    """Hold everything against the story: PBX, endings, writes, secrets, tokens."""
    story = told.story
    assert last.code == story.exit_code, last.said
    assert seen(told.pbx.state) == story.wanted()
    must_have_ended(story, last.json)
    must_not_be_doubled(told)
    assert told.pbx.count_valid_tokens() <= told.kills, "what is not killed gives its token back"
    must_keep_secrets(told)
    assert told.folder is not None
    stands = read_status(told.folder)
    assert (stands.state, stands.pid, stands.counts) == ("finished", None, last.json["counts"])


def must_have_ended(story: Story, report: Json) -> None:
    """Every row of the three sheets has one ending, the story's, in the results as in the JSON."""
    results = Path(report["results"])
    expected = story.rows()
    for sheet in _SHEETS:
        wanted = Counter({ending: n for (name, ending), n in expected.items() if name == sheet})
        told = Counter({ending: n for ending, n in report["sheets"][sheet].items() if n})
        assert told == wanted, (sheet, report)
        if wanted:
            given = [str(row["Result"]) for row in rows_of(results, sheet)]
            assert set(given) <= _ENDINGS
            assert Counter(given) == wanted
    assert sum(report["counts"].values()) == expected.total()
    named = [part for part in story.parts if part.cells]
    assert len(report["trunks"]) == len(named)
    endings = {trunk["id"] or trunk["name"]: trunk["ending"] for trunk in report["trunks"]}
    for part in named:
        ending = endings.get(part.id) or endings[part.called]
        assert ending == ("invalid" if part.ending == "blocked" else part.ending)


def must_not_be_doubled(told: Round) -> None:
    """No write beyond one a trunk but what was in flight, and none that the journals do not know of."""
    arrived, story = told.writes(), told.story
    assert arrived.keys() <= story.written, "written, though nobody asked for it"
    for trunk, count in arrived.items():
        tries = 1 + story.sent_again.get(trunk, 0)
        assert count <= tries + told.in_flight[trunk], (trunk, arrived, told.in_flight)
    known: Counter[int] = sum(map(sent_by, run_folders(told.workbook)), Counter())
    assert arrived <= known
    assert told.in_flight.total() <= told.kills * most_noted(WORKERS)


def must_keep_secrets(told: Round) -> None:
    """No secret in any file or word of the runs, but in the copy of the input and the old passwords kept for undo."""
    passwords = {part.live.get("password", "") for part in told.story.parts}
    wanted = {part.cells.get("Password", "") for part in told.story.parts}
    forbidden = {text.encode() for text in (CLIENT_SECRET, *passwords, *wanted) if text}
    files = [*told.workbook.parent.glob("*-results*.xlsx"), *told.workbook.parent.rglob("*.runs/*/**/*")]
    for path in (file for file in files if file.is_file()):
        content = _content(path)
        if path.name.startswith("snapshot"):
            assert not any(text.encode() in content for text in (CLIENT_SECRET, *wanted) if text), path
        elif not any(part.startswith("input") for part in path.relative_to(told.workbook.parent).parts):
            assert not any(secret in content for secret in forbidden), path
            assert not re.search(rb"access_token=", content), path
    words = "".join(ran.said for ran in told.said).encode()
    assert not any(secret in words for secret in forbidden)


def _content(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as book:
        return b"".join(book.read(name) for name in book.namelist())


@dataclass(slots=True)
class Tally:
    """What many rounds came to."""

    rounds: int = 0
    kills: int = 0
    rows: int = 0
    lost: int = 0
    doubled: int = 0
    requests: int = 0

    def __str__(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    def add(self, told: Round) -> None:
        self.rounds += 1
        self.kills += told.kills
        self.rows += told.story.rows().total()
        self.requests += len(told.pbx.requests)
        again = {trunk: count - 1 for trunk, count in told.writes().items()}
        self.doubled += sum(max(0, extra - told.story.sent_again.get(trunk, 0)) for trunk, extra in again.items())
        wanted = told.story.wanted()
        self.lost += sum(held != wanted[trunk] for trunk, held in seen(told.pbx.state).items())


def play(number: int, stories: Sequence[Callable[[Random], Story]], folder: Path, tally: Tally | None = None) -> None:
    """Play one round; where it fails, say how to have it again."""
    rng = Random(f"{SEED}-{number}")  # noqa: S311 - not for secrets
    story = stories[number % len(stories)](rng)
    folder.mkdir(exist_ok=True)
    try:
        with round_of(story, folder, rng) as told:
            last = told.tell()
            must_be_well(told, last)
            if tally is not None:
                tally.add(told)
    except Exception as error:
        error.add_note(f"Round {number}, {story.name}. The same again: CRASH_SEED={SEED}")
        raise
    if tally is not None:
        shutil.rmtree(folder)
