"""Reading along: how runs stand, which run was meant, and which runs there are."""

from __future__ import annotations

import datetime as dt
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from batch.errors import UsageError
from batch.runs import journal
from batch.runs.journal import Journal
from batch.runs.locks import Holder, holding, place_of_run
from batch.runs.outcomes import Ending, Outcome
from batch.runs.run_status import RunStatus, State, find_run, find_runs, read_status
from batch.runs.serialization import Intent

STARTED = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
NONE = dict.fromkeys(
    ("applied", "unchanged", "skipped", "invalid", "blocked", "refused", "failed", "partial", "unknown", "not run"), 0
)


def wanted(row: int, rows: int, writes: Sequence[str] = ("hostname",)) -> Intent:
    return Intent(
        row=row,
        trunk_id=row,
        name=f"T{row}",
        rows=rows,
        writes=frozenset(writes),
        desired={"fields": {"hostname": "a"}},
    )


def ended(row: int, ending: Ending, *, chosen: bool = True) -> Outcome:
    return Outcome(row=row, ending=ending, trunk_id=row, name=f"T{row}", chosen=chosen)


def begin(written: Journal) -> None:
    """Begin a run of seven trunks: rows 2 to 5 are to be written, 6 is so already, 7 is not chosen, 8 is invalid."""
    written.begin_invocation(
        "apply",
        facts={
            "run": "the-id",
            "started": STARTED.isoformat(),
            "pbx": "https://pbx.example:8088",
            "practice": False,
            "rows": 22,
            "chosen": [2, 3, 4, 5, 6],
            "workbook": {"path": "book.xlsx"},
        },
        wanted=[wanted(2, 3), wanted(3, 1), wanted(4, 2), wanted(5, 1), wanted(6, 5, ())],
        settled_rows={"unchanged": 5, "not run": 7, "invalid": 1, "blocked": 2},
    )
    written.end([ended(6, Ending.UNCHANGED), ended(7, Ending.NOT_RUN, chosen=False), ended(8, Ending.INVALID)])


def run(
    folder: Path,
    endings: Mapping[int, Ending],
    how: str = "",
    counts: Mapping[str, int] | None = None,
    started: dt.datetime = STARTED,
) -> Path:
    """Make a run of these trunks, a row each; without ``how`` it broke off."""
    folder.mkdir(parents=True, exist_ok=True)
    with journal.create_journal(folder) as written:
        written.begin_invocation(
            "apply",
            facts={
                "run": folder.name,
                "started": started.isoformat(),
                "pbx": "https://pbx.example:8088",
                "workbook": {"path": "book.xlsx"},
                "chosen": list(endings),
            },
            wanted=[wanted(row, 1) for row in endings],
            settled_rows={},
        )
        written.end(ended(row, ending) for row, ending in endings.items())
        if how:
            written.end_invocation(how, counts or {})
    return folder


def ids(standings: Sequence[RunStatus]) -> list[str]:
    return [standing.id for standing in standings]


class TestStanding:
    def test_rows_that_are_not_settled_yet_are_not_run_and_nothing_is_lost(self, tmp_path: Path) -> None:
        with journal.create_journal(tmp_path) as written:
            begin(written)
            standing = read_status(tmp_path)
            assert standing.counts == NONE | {"unchanged": 5, "invalid": 1, "blocked": 2, "not run": 7 + 7}
            assert (standing.settled, standing.trunks) == (3, 7)
            written.end([ended(2, Ending.APPLIED), ended(3, Ending.FAILED)])
            standing = read_status(tmp_path)
        assert standing.counts == (
            NONE | {"applied": 3, "failed": 1, "unchanged": 5, "invalid": 1, "blocked": 2, "not run": 10}
        )
        assert (standing.settled, standing.trunks) == (5, 7)

    def test_what_a_later_command_does_is_counted_into_the_same_rows(self, tmp_path: Path) -> None:
        counts = {"applied": 3, "failed": 1, "unchanged": 5, "invalid": 1, "blocked": 2, "not run": 10}
        with journal.create_journal(tmp_path) as written:
            begin(written)
            written.end([ended(2, Ending.APPLIED), ended(3, Ending.FAILED)])
            written.end([ended(row, Ending.NOT_RUN) for row in (4, 5)])
            written.end_invocation("interrupted", counts)
        assert read_status(tmp_path).counts == NONE | counts
        with journal.reopen(tmp_path) as written:
            again = [wanted(3, 1), wanted(4, 2), wanted(5, 1)]
            settled = {"applied": 3, "unchanged": 5, "not run": 7, "invalid": 3}
            written.begin_invocation("resume", facts={}, wanted=again, settled_rows=settled)
            written.end([ended(3, Ending.APPLIED), ended(4, Ending.PARTIAL)])
            standing = read_status(tmp_path)
        assert standing.counts == (NONE | {"applied": 4, "unchanged": 5, "invalid": 3, "partial": 2, "not run": 8})
        assert standing.invocations == 2
        assert standing.ended is None

    def test_a_command_that_was_killed_before_it_could_count_loses_no_rows_either(self, tmp_path: Path) -> None:
        with journal.create_journal(tmp_path) as written:
            begin(written)
            written.end([ended(2, Ending.APPLIED)])
        with journal.reopen(tmp_path) as written:
            again = [wanted(3, 1), wanted(4, 2), wanted(5, 1)]
            settled = {"applied": 3, "unchanged": 5, "not run": 7, "invalid": 1, "blocked": 2}
            written.begin_invocation("resume", facts={}, wanted=again, settled_rows=settled)
        counts = read_status(tmp_path).counts
        assert counts == NONE | settled | {"not run": 7 + 4}
        assert sum(counts.values()) == 22

    def test_it_says_what_it_is_about(self, tmp_path: Path) -> None:
        with journal.create_journal(tmp_path) as written:
            begin(written)
        standing = read_status(tmp_path)
        assert standing.folder == tmp_path
        assert standing.id == "the-id"
        assert standing.pbx == "https://pbx.example:8088"
        assert standing.workbook == "book.xlsx"
        assert standing.started == STARTED
        assert not standing.practice
        assert standing.invocations == 1

    @pytest.mark.parametrize(
        ("how", "last", "state"),
        [
            ("finished", Ending.APPLIED, State.FINISHED),
            ("finished", Ending.REFUSED, State.FINISHED),
            ("finished", Ending.PARTIAL, State.FINISHED),
            ("finished", Ending.FAILED, State.UNFINISHED),
            ("finished", Ending.UNKNOWN, State.UNFINISHED),
            ("finished", Ending.NOT_RUN, State.UNFINISHED),
            ("interrupted", Ending.NOT_RUN, State.INTERRUPTED),
            ("interrupted", Ending.APPLIED, State.FINISHED),
            ("lost", Ending.NOT_RUN, State.LOST),
            ("lost", Ending.APPLIED, State.FINISHED),
            ("", Ending.NOT_RUN, State.BROKE_OFF),
            ("", Ending.APPLIED, State.BROKE_OFF),
        ],
    )
    def test_how_it_stands_is_how_its_last_command_ended_and_what_is_left(
        self, tmp_path: Path, how: str, last: Ending, state: State
    ) -> None:
        standing = read_status(run(tmp_path / "run", {2: Ending.APPLIED, 3: last}, how, {"applied": 1, str(last): 1}))
        assert standing.state is state
        assert standing.pid is None
        assert (standing.ended is None) is (state is State.BROKE_OFF)

    def test_trunks_that_were_not_chosen_leave_nothing_to_do(self, tmp_path: Path) -> None:
        with journal.create_journal(tmp_path) as written:
            written.begin_invocation("apply", facts={}, wanted=[], settled_rows={"not run": 1})
            written.end([ended(2, Ending.NOT_RUN, chosen=False)])
            written.end_invocation("finished", {"not run": 1})
        assert read_status(tmp_path).state is State.FINISHED

    def test_a_trunk_nobody_lived_to_settle_is_left(self, tmp_path: Path) -> None:
        with journal.create_journal(tmp_path) as written:
            written.begin_invocation("apply", facts={"chosen": [2]}, wanted=[wanted(2, 1)], settled_rows={})
            written.end_invocation("lost", {"not run": 1})
        assert read_status(tmp_path).state is State.LOST

    def test_a_run_that_somebody_is_at_is_running_and_says_which_process(self, tmp_path: Path) -> None:
        folder = run(tmp_path / "run", {2: Ending.NOT_RUN}, "interrupted", {"not run": 1})
        with holding(place_of_run(folder), "the run", Holder(command="resume", pid=4711, started=STARTED)):
            standing = read_status(folder)
        assert (standing.state, standing.pid, standing.ended) == (State.RUNNING, 4711, None)
        assert read_status(folder).state is State.INTERRUPTED

    def test_where_the_lock_does_not_say_which_process_the_journal_does(self, tmp_path: Path) -> None:
        folder = run(tmp_path / "run", {2: Ending.NOT_RUN})
        with holding(place_of_run(folder), "the run", Holder(command="apply", pid=0, started=STARTED)):
            assert read_status(folder).pid == os.getpid()

    def test_a_run_whose_process_was_killed_broke_off(self, tmp_path: Path) -> None:
        folder = run(tmp_path / "run", {2: Ending.APPLIED})
        code = (
            "import datetime as dt, os, sys, time; from pathlib import Path; from batch.runs import journal, locks\n"
            "folder = Path(sys.argv[1])\n"
            "holder = locks.Holder(command='resume', pid=os.getpid(), started=dt.datetime.now(tz=dt.UTC))\n"
            "with locks.holding(locks.place_of_run(folder), 'x', holder), journal.reopen(folder) as written:\n"
            "    written.begin_invocation('resume', facts={}, wanted=[], settled_rows={})\n"
            "    print(flush=True); time.sleep(60)\n"
        )
        with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE) as process:  # noqa: S603 - ours
            assert process.stdout is not None
            process.stdout.readline()
            try:
                running = read_status(folder)
            finally:
                process.kill()
        assert (running.state, running.pid, running.invocations) == (State.RUNNING, process.pid, 2)
        killed = read_status(folder)
        assert (killed.state, killed.pid, killed.invocations) == (State.BROKE_OFF, None, 2)

    def test_reading_along_does_not_disturb_whoever_writes(self, tmp_path: Path) -> None:
        with journal.create_journal(tmp_path) as written:
            begin(written)
            names = sorted(path.name for path in tmp_path.iterdir())
            content = (tmp_path / journal.JOURNAL).read_bytes()
            for count, row in enumerate(range(2, 6), 1):
                written.end([ended(row, Ending.APPLIED)])
                assert read_status(tmp_path).settled == 3 + count
            assert sorted(path.name for path in tmp_path.iterdir()) == names
            assert (tmp_path / journal.JOURNAL).read_bytes() == content

    def test_a_run_in_a_folder_that_takes_no_files_is_read_as_it_stands(self, tmp_path: Path) -> None:
        folder = run(tmp_path / "run", {2: Ending.APPLIED}, "finished", {"applied": 1})
        before = sorted(path.name for path in folder.iterdir())
        folder.chmod(0o500)
        try:
            if os.access(folder, os.W_OK):
                pytest.skip("this user may write everywhere")
            assert read_status(folder).state is State.FINISHED
        finally:
            folder.chmod(0o700)
        assert sorted(path.name for path in folder.iterdir()) == before

    def test_what_is_no_run_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="holds no run"):
            read_status(tmp_path)

    def test_a_run_that_never_began_is_dated_by_its_name(self, tmp_path: Path) -> None:
        folder = tmp_path / "20300102-030405-ab12"
        folder.mkdir()
        with journal.create_journal(folder):
            pass
        standing = read_status(folder)
        assert standing.state is State.BROKE_OFF
        assert standing.started == dt.datetime(2030, 1, 2, 3, 4, 5).astimezone()
        assert standing.counts == NONE


class TestFindingARun:
    def test_it_is_found_by_its_folder(self, tmp_path: Path) -> None:
        folder = run(tmp_path / "elsewhere" / "deep" / "my run", {2: Ending.APPLIED})
        assert find_run(str(folder)) == folder

    @pytest.mark.parametrize("room", ["book.runs", "customer/book.runs"])
    def test_it_is_found_by_its_id_here_and_one_folder_below(self, room: str) -> None:
        folder = run(Path(room) / "20300102-030405-ab12", {2: Ending.APPLIED})
        assert find_run("20300102-030405-ab12") == folder
        assert not folder.is_absolute()

    def test_deeper_it_is_not_looked_for(self) -> None:
        run(Path("a/b/book.runs/20300102-030405-ab12"), {2: Ending.APPLIED})
        with pytest.raises(UsageError, match=r"Looked for a NAME\.runs in "):
            find_run("20300102-030405-ab12")

    def test_an_id_that_is_not_there_says_where_was_looked_and_what_is_near(self) -> None:
        for name in ("20300102-030405-ab12", "20300102-030405-ab13", "other"):
            run(Path("book.runs") / name, {2: Ending.APPLIED})
        with pytest.raises(UsageError) as refused:
            find_run("20300102-030405-ab1")
        assert refused.value.message == "There is no run 20300102-030405-ab1. Looked in book.runs."
        assert refused.value.hint == "Did you mean 20300102-030405-ab12 or 20300102-030405-ab13?"
        with pytest.raises(UsageError) as refused:
            find_run("zzz")
        assert refused.value.hint == "Name the run's folder; trunk-batch runs FOLDER lists those of a folder."

    def test_where_there_are_many_places_some_are_named(self) -> None:
        for number in range(7):
            Path(f"{number}.runs").mkdir()
        with pytest.raises(UsageError, match=re.escape("Looked in 0.runs, 1.runs, 2.runs, 3.runs, 4.runs and 2 more.")):
            find_run("zzz")

    def test_an_id_that_is_there_twice_is_asked_about(self) -> None:
        for room in ("a.runs", "copies/a.runs"):
            run(Path(room) / "one", {2: Ending.APPLIED})
        with pytest.raises(UsageError) as refused:
            find_run("one")
        places = ", ".join(str(Path(room) / "one") for room in ("a.runs", "copies/a.runs"))
        assert refused.value.message == f"There are 2 runs one: {places}."

    @pytest.mark.parametrize("text", ["book.runs", "book.xlsx", "."])
    def test_what_has_runs_is_none_and_the_way_to_them_is_told(self, text: str) -> None:
        run(Path("book.runs/one"), {2: Ending.APPLIED})
        Path("book.xlsx").touch()
        with pytest.raises(UsageError) as refused:
            find_run(text)
        assert refused.value.message == f"{text} is no run."
        assert refused.value.hint == f'Name one of its runs: trunk-batch runs "{text}" lists them.'

    @pytest.mark.parametrize("text", ["", "..", "/", "book.runs/one/", "[*]", "a/b"])
    def test_whatever_was_typed_never_leaves_the_rooms(self, text: str) -> None:
        run(Path("book.runs/two"), {2: Ending.APPLIED})
        with pytest.raises(UsageError):
            find_run(text)

    def test_a_final_slash_is_no_matter(self) -> None:
        folder = run(Path("book.runs/one"), {2: Ending.APPLIED})
        assert find_run("one/") == folder
        assert find_run("book.runs/one/") == folder


class TestFindingRuns:
    @pytest.fixture(autouse=True)
    def _runs(self) -> None:
        for number, name in enumerate(["book.runs/b", "book.runs/a", "other.runs/c", "below/book.runs/d"]):
            at = STARTED + dt.timedelta(hours=number)
            run(Path(name), {2: Ending.APPLIED}, "finished", {"applied": 1}, started=at)
        (Path("book.runs") / "not a run").mkdir()
        Path("book.xlsx").touch()

    @pytest.mark.parametrize(
        ("place", "found"),
        [
            (None, ["b", "a", "c"]),
            (".", ["b", "a", "c"]),
            ("book.xlsx", ["b", "a"]),
            ("book-results.xlsx", ["b", "a"]),
            ("book-PRACTICE-results.xlsx", ["b", "a"]),
            ("below/book.xlsx", ["d"]),
            ("below", ["d"]),
            ("book.runs", ["b", "a"]),
            ("book.runs/a", ["a"]),
        ],
    )
    def test_they_are_found_oldest_first(self, place: str | None, found: list[str]) -> None:
        assert ids(find_runs(None if place is None else Path(place))) == found

    def test_the_current_folder_may_be_the_one_with_the_runs_in_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir("book.runs")
        assert ids(find_runs(None)) == ["b", "a"]
        assert ids(find_runs(Path(".."))) == ["b", "a", "c"]

    def test_runs_of_results_that_were_applied_again_are_among_them(self) -> None:
        run(Path("book-results.runs/e"), {2: Ending.APPLIED}, started=STARTED + dt.timedelta(days=1))
        assert ids(find_runs(Path("book-results.xlsx"))) == ["b", "a", "e"]

    def test_a_folder_of_csvs_is_a_workbook(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("other").mkdir()
        (Path("other") / "Trunks.CSV").touch()
        assert ids(find_runs(Path("other"))) == ["c"]
        monkeypatch.chdir("other")
        assert ids(find_runs(None)) == ["c"]
        (Path("../below") / "dids.csv").touch()
        assert ids(find_runs(Path("../below"))) == ["d"]

    def test_a_workbook_without_runs_has_none(self) -> None:
        Path("new.xlsx").touch()
        assert find_runs(Path("new.xlsx")) == []
        Path("empty").mkdir()
        assert find_runs(Path("empty")) == []

    def test_a_place_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"There is no gone\.xlsx"):
            find_runs(Path("gone.xlsx"))

    def test_a_broken_journal_is_listed_and_hides_none_of_the_others(self) -> None:
        for name, content in (
            ("20300102-030405-ab12", b"SQLite format 3\x00 and then rubbish" * 99),
            ("20300102-030406-ab12-PRACTICE", b""),
            ("nameless", b"rubbish"),
        ):
            folder = Path("book.runs") / name
            folder.mkdir()
            (folder / journal.JOURNAL).write_bytes(content)
        found = find_runs(Path("book.runs"))
        assert sorted(ids(found)) == [
            "20300102-030405-ab12",
            "20300102-030406-ab12-PRACTICE",
            "a",
            "b",
            "nameless",
        ]
        broken = {standing.id: standing for standing in found if standing.state is State.BROKE_OFF}
        assert len(broken) == 3
        first = broken["20300102-030405-ab12"]
        assert first.started == dt.datetime(2030, 1, 2, 3, 4, 5).astimezone()
        assert first.counts == NONE
        assert (first.invocations, first.trunks, first.settled, first.pid, first.ended) == (0, 0, 0, None, None)
        assert broken["20300102-030406-ab12-PRACTICE"].practice
        assert not first.practice
        assert broken["nameless"].started > STARTED - dt.timedelta(days=36500)

    def test_a_journal_of_another_version_that_somebody_is_at_is_running(self) -> None:
        folder = run(Path("book.runs/e"), {2: Ending.APPLIED})
        written = sqlite3.connect(folder / journal.JOURNAL)
        written.execute("PRAGMA user_version=99")
        written.close()
        with holding(place_of_run(folder), "the run", Holder(command="apply", pid=4711, started=STARTED)):
            standing = find_runs(folder)[0]
        assert (standing.state, standing.pid) == (State.RUNNING, 4711)
