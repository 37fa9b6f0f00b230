"""How runs stand, for somebody with a second terminal, and for programs."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from batch.reports.run_text import runs_text, status_text
from batch.runs.locks import Holder, holding, place_of_run
from batch.runs.run_status import RunStatus, State, read_status
from batch.wording import moment, quoted
from tests.cli.shell import FAST, Shell, at, last_run, pbx, write_book

STATUS = [
    "run", "state", "counts", "pid", "started", "ended", "trunks", "settled", "sent", "pbx", "workbook",
]  # fmt: skip
ENDINGS = [
    "applied", "unchanged", "skipped", "invalid", "blocked", "refused", "failed", "partial", "unknown", "not run",
]  # fmt: skip
STOPS = {"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 40002}
HOLDER = Holder(command="resume", pid=4711, started=dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC))


@pytest.fixture
def stopped(shell: Shell, book: Path, secret: str) -> Path:
    """A run that was stopped when London was refused; Paris is left."""
    assert secret
    with pbx(faults=[STOPS]) as served:
        shell("apply", book, *at(served), "--yes", "--concurrency", "1", "--on-error", "stop")
    return last_run(book)


@pytest.fixture
def finished(shell: Shell, tmp_path: Path) -> Path:
    """A rehearsal that came to a good end."""
    book = write_book(tmp_path / "other.xlsx", trunks=[("Name", "Hostname"), ("Rome", "new.example")])
    assert shell("apply", book, "--practice", "--yes", *FAST).code == 0
    return last_run(book)


class TestStatus:
    def test_it_says_how_far_the_run_is_and_what_comes_next(self, shell: Shell, stopped: Path, book: Path) -> None:
        ran = shell("status", stopped.name)
        standing = read_status(stopped)
        assert ran.code == 0
        folder = f"book.runs/{stopped.name}"
        assert standing.ended is not None
        assert [line.replace("\\", "/") for line in ran.out.splitlines()] == [
            f"Run {stopped.name}: at its end, and something is left that resume takes up.",
            f"Started: {moment(standing.started)}; ended: {moment(standing.ended)}",
            f"Workbook: {book}".replace("\\", "/"),
            f"PBX: {standing.pbx}",
            "1 of 2 trunks settled:",
            "          3 rows refused",
            "           1 row not run",
            f"Folder: {folder}",
            f"Results: {folder}/results.xlsx",
            f"Go on with it:  trunk-batch resume {folder}",
        ]

    def test_a_program_gets_the_object(self, shell: Shell, stopped: Path, book: Path) -> None:
        ran = shell("status", stopped, "--json")
        assert (ran.code, ran.err) == (0, "")
        status = ran.json
        assert list(status) == STATUS
        assert list(status["counts"]) == ENDINGS
        assert status["counts"] == dict.fromkeys(ENDINGS, 0) | {"refused": 3, "not run": 1}
        assert (status["run"], status["state"], status["pid"]) == (str(stopped), "unfinished", None)
        assert (status["trunks"], status["settled"], status["workbook"]) == (2, 1, str(book))
        for name in ("started", "ended"):
            assert dt.datetime.fromisoformat(status[name]).tzinfo is not None

    def test_while_somebody_is_at_it_it_says_who_and_since_when(self, shell: Shell, stopped: Path) -> None:
        with holding(place_of_run(stopped), "run", HOLDER):
            ran = shell("status", stopped)
            status = shell("status", stopped, "--json").json
        assert ran.code == 0
        assert ran.out.splitlines()[0] == (
            f"Run {stopped.name}: running: resume, process 4711, since {moment(HOLDER.started)}."
        )
        assert ran.out.splitlines()[-1] == (
            f"Ctrl-C in its window stops it cleanly. Look again:  trunk-batch status {quoted(stopped)}"
        )
        assert "Results:" not in ran.out
        assert (status["state"], status["pid"], status["ended"]) == ("running", 4711, None)

    def test_a_finished_run_leaves_nothing_to_be_done(self, shell: Shell, finished: Path) -> None:
        ran = shell("status", finished)
        assert f"Run {finished.name}: finished." in ran.out
        assert "PBX: PRACTICE PBX" in ran.out
        assert ran.out.splitlines()[-1] == (
            f"Nothing is left to do. To compare the PBX with it:  trunk-batch verify {quoted(finished)}"
        )

    def test_what_was_sent_and_has_no_ending_is_counted_apart(self, shell: Shell, stopped: Path) -> None:
        journal = sqlite3.connect(stopped / "journal.sqlite")
        with journal:  # as a kill leaves it
            journal.execute("DELETE FROM outcomes WHERE row = 2")
            journal.execute("UPDATE requests SET reply = NULL, errcode = NULL WHERE call = 'trunk/update'")
            journal.execute("UPDATE invocations SET ended = NULL, how = NULL, counts = NULL")
        journal.close()
        said = shell("status", stopped).out.splitlines()
        assert "0 of 2 trunks settled:" in said
        assert [line for line in said if " row" in line] == ["          3 rows unknown", "           1 row not run"]
        assert (
            "1 trunk was sent something, or about to be, and is not settled yet: resume or verify settles it by a look."
            in said
        )
        assert said[-2:] == [
            f"Go on with it:  trunk-batch resume {quoted(stopped)}",
            f"To look first, without writing, at what was sent:  trunk-batch verify {quoted(stopped)}",
        ]
        assert shell("status", stopped, "--json").json["sent"] == 1
        with holding(place_of_run(stopped), "run", HOLDER):
            said = shell("status", stopped).out.splitlines()
        assert "1 trunk is being written." in said
        assert [line for line in said if " row" in line] == ["          4 rows not run"]
        many = list(status_text(replace(read_status(stopped), sent=13), None, None))
        assert any(line.startswith("13 trunks were sent something, or about to be, and are not") for line in many)

    @pytest.mark.usefixtures("secret")
    def test_trunks_that_were_not_chosen_are_counted_apart(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            shell("apply", book, *at(served), "--yes", "--only", "London")
        assert "1 of 1 trunk settled, 1 not chosen:" in shell("status", last_run(book)).out.splitlines()
        assert "  1/1 trunks  " in shell("runs").out

    def test_a_file_in_the_folder_of_a_run_means_the_run(
        self, shell: Shell, stopped: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        by_folder = shell("status", stopped).out
        for name in ("journal.sqlite", "results.xlsx"):
            assert shell("status", stopped / name).out == by_folder
        monkeypatch.chdir(stopped)
        assert shell("status", "journal.sqlite").out.startswith(f"Run {stopped.name}: ")

    def test_it_contacts_no_pbx(self, shell: Shell, stopped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TRUNK_BATCH_CLIENT_SECRET")
        assert shell("status", stopped).code == 0
        assert shell("runs").code == 0


class TestRuns:
    def test_a_line_for_each_oldest_first(self, shell: Shell, stopped: Path, finished: Path) -> None:
        ran = shell("runs")
        first, second = read_status(stopped), read_status(finished)
        assert ran.code == 0
        assert ran.out.splitlines()[:2] == [
            f"{stopped.name:<{len(finished.name)}}  unfinished   {moment(first.started)}       1/2 trunks  {first.pbx}",
            f"{finished.name}  finished     {moment(second.started)}       1/1 trunks  PRACTICE",
        ]
        assert ran.out.splitlines()[2].startswith("More about one:  trunk-batch status ")
        assert stopped.name in ran.out.splitlines()[2]

    def test_those_of_a_workbook_alone(self, shell: Shell, stopped: Path, finished: Path, book: Path) -> None:
        ran = shell("runs", book, "--json")
        assert (ran.code, set(ran.json)) == (0, {"runs"})
        assert [list(run) for run in ran.json["runs"]] == [STATUS]
        assert Path(ran.json["runs"][0]["run"]).name == stopped.name
        assert finished.name not in ran.out

    def test_a_folder_of_folders_shows_those_one_level_down(self, shell: Shell, stopped: Path) -> None:
        outer = stopped.parents[1] / "customers"
        (outer / "north").mkdir(parents=True)
        stopped.parent.rename(outer / "north" / "book.runs")
        ran = shell("runs", "customers", "--json")
        assert [Path(run["run"]).name for run in ran.json["runs"]] == [stopped.name]
        assert shell("runs", "--json").json == {"runs": []}

    def test_no_runs_is_no_error(self, shell: Shell) -> None:
        ran = shell("runs")
        assert (ran.code, ran.out) == (
            0,
            "No runs here. They are in the folder NAME.runs beside their workbook:  trunk-batch runs WORKBOOK\n",
        )
        assert shell("runs", "--json").json == {"runs": []}

    def test_no_such_place_is_one(self, shell: Shell) -> None:
        ran = shell("runs", "nowhere.xlsx", "--json")
        assert (ran.code, ran.error["message"]) == (2, "There is no nowhere.xlsx.")

    def test_a_damaged_journal_hides_none_of_the_others(self, shell: Shell, stopped: Path) -> None:
        broken = stopped.with_name("20200101-000000-aaaa")
        broken.mkdir()
        (broken / "journal.sqlite").write_text("what a disk leaves behind" * 99)
        ran = shell("runs")
        assert ran.code == 0
        assert ran.out.splitlines()[0].startswith("20200101-000000-aaaa  broke off    2020-01-01 00:00:00 ")
        assert ran.out.splitlines()[0].endswith("  its journal says nothing")
        assert ran.out.splitlines()[1].startswith(stopped.name)


class TestWords:
    def told(self, standing: RunStatus, holder: Holder | None = None) -> Sequence[str]:
        return list(status_text(standing, holder, None))

    def test_every_way_to_stand_has_its_words(self, stopped: Path) -> None:
        standing = read_status(stopped)
        for state, words in (
            (State.INTERRUPTED, "interrupted by somebody."),
            (State.LOST, "ended early: the PBX could not be reached or used any more."),
            (
                State.BROKE_OFF,
                "broke off: no process is running it, and it did not end by itself (a crash, or it was killed).",
            ),
        ):
            said = self.told(replace(standing, state=state))
            assert said[0] == f"Run {standing.id}: {words}"
            assert said[-1] == f"Go on with it:  trunk-batch resume {quoted(stopped)}"

    def test_a_journal_that_took_no_more_is_not_a_lost_pbx(self, stopped: Path) -> None:
        standing = replace(read_status(stopped), how="stopped")
        assert self.told(standing)[0] == f"Run {standing.id}: ended early: its journal could not be written any more."
        running = replace(standing, state=State.RUNNING)
        assert self.told(running)[0].startswith(f"Run {standing.id}: running: ")

    def test_one_that_nobody_can_be_named_for_is_running_all_the_same(self, stopped: Path) -> None:
        running = replace(read_status(stopped), state=State.RUNNING, pid=None)
        nobody = replace(HOLDER, command="", pid=0)
        assert self.told(running, nobody)[0] == f"Run {running.id}: running: by a process that cannot be named."
        assert self.told(replace(running, pid=12))[0] == f"Run {running.id}: running: process 12."

    def test_for_the_unknown_there_is_verify_as_well(self, stopped: Path) -> None:
        standing = read_status(stopped)
        said = self.told(replace(standing, counts={**standing.counts, "unknown": 3}))
        assert said[-1] == (
            f"To look first, without writing, at what is unknown:  trunk-batch verify {quoted(stopped)}"
        )

    def test_what_is_over_and_needs_a_correction_says_so(self, stopped: Path) -> None:
        said = self.told(replace(read_status(stopped), state=State.FINISHED))
        assert said[-1].startswith("Next: do what the column What to do of the results says")

    def test_a_run_that_never_began_is_not_gone_on_with(self, stopped: Path) -> None:
        nothing = replace(read_status(stopped), state=State.BROKE_OFF, invocations=0, pbx="", workbook="")
        said = self.told(nothing)
        assert said[-1] == "Its journal is empty, so it wrote nothing to the PBX. Apply the workbook again."
        assert not any(line.startswith(("Workbook:", "PBX:")) for line in said)

    def test_many_runs_are_counted(self, stopped: Path) -> None:
        many = [replace(read_status(stopped), id=f"run-{i:03}") for i in range(50)]
        said = list(runs_text(many))
        assert said[0] == "… 10 earlier ones; -v or --json shows every one."
        assert said[-2].startswith("run-049 ")
        assert len(said) == 42
