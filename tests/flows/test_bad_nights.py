"""Nights on which this machine fails: a full disk, a folder that takes nothing, a jumping clock, two runs at once."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from batch.practice.faults import Fault, Faults
from batch.practice.server import RunningPbx, running
from tests.afflictions import fill_up, find_it_full, give_up_rights, let_clocks_jump
from tests.flows.crash_stories import Part, Story, seen
from tests.flows.crashes import command, ended, must_have_ended, run_folders, until
from tests.flows.shell import Json, Ran, register
from tests.forked import Forked

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits, users and signals of Unix")
resource = pytest.importorskip("resource")
FAST = ("--rate", "10000")


def story(trunks: int = 4) -> Story:
    return Story(
        name="bad night",
        parts=[
            Part(
                live=register(n, f"T{n}"),
                cells={"Name": f"T{n}", "Port": "5071", "Password": f"Sample-new-{n}"},
                wanted={"port": 5071, "password": f"Sample-new-{n}"},
            )
            for n in range(1, trunks + 1)
        ],
    )


class Watched(Faults):
    """Breaks nothing, and does something at a certain request, before it is answered."""

    def __init__(self, call: str = "", number: int = 1) -> None:
        super().__init__()
        self._call = call
        self._number = number
        self._came = 0
        self.act: Callable[[], object] = int

    def next(self, call: str, params: Mapping[str, Any]) -> Fault | None:
        self._came += call == self._call
        if call == self._call and self._came == self._number:
            self.act()
        return super().next(call, params)


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A workbook, a PBX, and commands in processes of their own."""

    told: Story
    book: Path
    pbx: RunningPbx
    more: Mapping[str, Any] = field(default_factory=dict)
    """How processes are started."""

    def apply(self, *flags: object, **more: Any) -> Forked:
        where = ("--url", self.pbx.url, "--client-id", "practice", "--settle-wait", "0", "--yes", "--json")
        given = (*where, *(flags or FAST))
        return command("apply", self.book, *given, **{**self.more, **more})

    def resume(self, run: Path | None = None, **more: Any) -> Ran:
        words = ("resume", run or self.run, "--yes", "--json", *FAST)
        return ended(command(*words, **{**self.more, **more}))

    @property
    def run(self) -> Path:
        return run_folders(self.book)[-1]

    def writes(self) -> Counter[int]:
        return Counter(int(request.body["id"]) for request in self.pbx.requests if request.call == "trunk/update")

    def must_be_over(self, last: Ran) -> None:
        """All is as planned, every trunk was written once, and every row has its ending."""
        assert last.code == 0, last.said
        assert seen(self.pbx.state) == self.told.wanted()
        assert self.writes() == {part.id: 1 for part in self.told.parts}
        must_have_ended(self.told, last.json)

    def must_be_true(self, report: Json) -> None:
        """What the endings say is so."""
        wanted, held, before = self.told.wanted(), seen(self.pbx.state), seen(self.told.state())
        for trunk in report["trunks"]:
            holds = held[trunk["id"]]
            match trunk["ending"]:
                case "applied" | "unchanged":
                    assert holds == wanted[trunk["id"]]
                case "not run" | "failed":
                    assert holds == before[trunk["id"]]
                case ending:
                    assert ending == "unknown"


@contextmanager
def there(
    folder: Path,
    faults: Faults | None = None,
    told: Story | None = None,
    more: Mapping[str, Any] | None = None,
    **how: Any,
) -> Iterator[There]:
    told = told or story()
    with running(told.state(), faults=faults, **how) as served:
        yield There(told=told, book=told.write(folder), pbx=served, more=more or {})


def killed(night: There, faults: Watched) -> None:
    """Apply one trunk after the other, until it is killed where the faults are watched."""
    process = night.apply("--rate", "10000", "--concurrency", "1")
    faults.act = process.kill
    assert ended(process).code == -9


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process can be set on Linux only")
class TestAFullDisk:
    @pytest.mark.parametrize(
        ("call", "number", "codes"),
        [
            pytest.param("get_token", 1, {2}, id="before there is a run"),
            pytest.param("trunk/query", 2, {2}, id="just before the first write"),
            pytest.param("trunk/update", 1, {5}, id="at the first write"),
            pytest.param("trunk/update", 3, {5}, id="in the middle"),
            pytest.param("trunk/query", 3, {5}, id="while it is read back"),
            pytest.param("del_token", 1, {5}, id="when only the results are left"),
        ],
    )
    def test_it_ends_truthfully_and_with_room_again_resume_ends_it_well(
        self, tmp_path: Path, call: str, number: int, codes: set[int]
    ) -> None:
        faults = Watched(call, number)
        with there(tmp_path, faults) as night:
            process = night.apply("--rate", "10000", "--concurrency", "1")
            faults.act = lambda: fill_up(process.pid)
            ran = ended(process)
            assert ran.code in codes, ran.said
            assert "Traceback" not in ran.err
            if "trunks" in ran.json:
                night.must_be_true(ran.json)
            else:
                assert not night.writes()
            if call == "get_token":
                assert run_folders(night.book) == []
                night.must_be_over(ended(night.apply()))
            else:
                night.must_be_over(night.resume())

    def test_resume_that_finds_it_full_changes_nothing(self, tmp_path: Path) -> None:
        faults = Watched("trunk/update", 2)
        with there(tmp_path, faults) as night:
            killed(night, faults)
            before = {path: path.read_bytes() for path in night.run.iterdir() if path.suffix in {".xlsx", ".jsonl"}}
            again = command("resume", night.run, "--yes", "--json", first=find_it_full)
            ran = ended(again)
            assert ran.code == 2
            assert ran.json["error"]["code"] == "cannot-write"
            assert {path: path.read_bytes() for path in before} == before
            assert night.writes().total() == 2
            night.must_be_over(night.resume())


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    files = [path for path in folder.iterdir() if path.is_file()]
    modes = {path: path.stat().st_mode for path in (folder, *files)}
    for path, mode in modes.items():
        path.chmod(mode & 0o555)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


class TestAReadOnlyFolder:
    def test_apply_stops_before_anything_is_sent_and_goes_on_where_other_folders_are_named(
        self, tmp_path: Path
    ) -> None:
        books = tmp_path / "books"
        books.mkdir()
        with there(books, more={"first": give_up_rights}) as night, read_only(books):
            ran = ended(night.apply())
            assert (ran.code, ran.json["error"]["code"]) == (2, "cannot-write"), ran.said
            assert night.pbx.requests == []
            places = ("--run-dir", tmp_path / "run", "--results", tmp_path / "results.xlsx")
            night.must_be_over(ended(night.apply(*places, *FAST)))

    def test_resume_stops_before_anything_is_sent_and_the_run_stays_as_it_was(self, tmp_path: Path) -> None:
        faults = Watched("trunk/update", 2)
        with there(tmp_path, faults, more={"first": give_up_rights}) as night:
            killed(night, faults)
            run, sent = night.run, len(night.pbx.requests)
            before = {path.name: path.read_bytes() for path in run.iterdir()}
            with read_only(run):
                ran = night.resume()
                assert (ran.code, ran.json["error"]["code"]) == (2, "cannot-write"), ran.said
                status = ended(command("status", run, "--json", first=give_up_rights))
                assert (status.code, status.json["state"]) == (0, "broke off")
            assert {path.name: path.read_bytes() for path in run.iterdir()} == before
            assert len(night.pbx.requests) == sent
            night.must_be_over(night.resume())


class TestAClockThatJumps:
    def test_ours_jumps_at_every_look_and_all_ends_well(self, tmp_path: Path) -> None:
        faults = Watched("trunk/update", 2)
        with there(tmp_path, faults, more={"first": let_clocks_jump}) as night:
            killed(night, faults)
            night.must_be_over(night.resume())

    @pytest.mark.parametrize("days", [-400, 400])
    def test_a_run_that_seems_to_be_of_another_year_is_gone_on_with(self, tmp_path: Path, days: int) -> None:
        faults = Watched("trunk/update", 2)
        with there(tmp_path, faults) as night:
            killed(night, faults)
            with closing(sqlite3.connect(night.run / "journal.sqlite")) as journal, journal:
                for table, column in (("requests", "sent_at"), ("requests", "settled_at"), ("invocations", "started")):
                    shift = f"strftime('%Y-%m-%dT%H:%M:%S+00:00', {column}, '{days} days')"
                    journal.execute(f"UPDATE {table} SET {column} = {shift} WHERE {column} IS NOT NULL")  # noqa: S608
            night.must_be_over(night.resume())

    @pytest.mark.parametrize("jump", [-7_200, 7_200])
    def test_the_clock_of_the_pbx_jumps_and_all_ends_well(self, tmp_path: Path, jump: int) -> None:
        seconds = [1_800_000_000]
        faults = Watched("trunk/update", 2)
        faults.act = lambda: seconds.__setitem__(0, seconds[0] + jump)
        with there(tmp_path, faults, clock=lambda: seconds[0]) as night:
            ran = ended(night.apply())
            assert ran.code == 0, ran.said
            assert seen(night.pbx.state) == night.told.wanted()
            assert night.pbx.count_valid_tokens() == 0
            twice = 1 if jump > 0 else 0  # its token had run out: that write did nothing
            assert night.writes().total() in {len(night.told.parts), len(night.told.parts) + 3 * twice}


class TestTwoAtOnce:
    def test_the_second_is_told_who_is_at_it_and_a_killed_one_is_in_nobodys_way(self, tmp_path: Path) -> None:
        one, two = tmp_path / "one", tmp_path / "two"
        one.mkdir()
        two.mkdir()
        with there(one, told=story(24)) as night:
            first = night.apply("--rate", "4", "--concurrency", "1")
            try:
                until(lambda: bool(night.writes()), first)
                os.kill(first.pid, signal.SIGSTOP)  # it is at it for as long as this takes
                run = night.run
                other = night.told.write(two)
                where = ("--url", night.pbx.url, "--client-id", "practice", "--yes", "--json")
                busy = [command("apply", other, *where), command("resume", run, "--yes", "--json")]
                status = command("status", run, "--json")
                for ran in map(ended, busy):
                    assert (ran.code, ran.json["error"]["code"]) == (2, "busy"), ran.said
                    said = ran.json["error"]["message"]
                    assert str(run) in said
                    assert f"process {first.pid}" in said
                    assert "started" in said
                assert not run_folders(other)
                standing = ended(status).json
                assert (standing["state"], standing["pid"]) == ("running", first.pid)
                assert sum(standing["counts"].values()) == len(night.told.parts)
            finally:
                first.kill()
                ended(first)
            stands = ended(command("status", run, "--json")).json
            assert (stands["state"], stands["pid"]) == ("broke off", None)
            last = night.resume()
            assert last.code == 0
            assert seen(night.pbx.state) == night.told.wanted()
            assert max(night.writes().values()) <= 2
