"""Going on with a run: what is taken up, what stays, and what is never written twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from batch.practice.state import PbxState
from samples.making.files import Page, write_workbook
from tests.flows.shell import LOSING_NUMBERS, Bench, bench, endings, pbx, register, rows_of, run, serving

TRUNKS = (("Name", "Port"), *((f"T{i}", "5061") for i in range(1, 6)))
DIDS = (("Trunk", "DID"), *((f"T{i}", f"44207946010{i}") for i in range(1, 6)))
LIVE = tuple(register(i, f"T{i}", f"44207946010{i}") for i in range(1, 6))
ONE_AT_A_TIME = ("--concurrency", "1", "--on-error", "stop")


def fault(do: str, trunk: int, **more: Any) -> dict[str, Any]:
    return {"call": "trunk/update", "match": {"id": trunk}, "do": do, **more}


def ports(there: Bench) -> list[int]:
    return [there.pbx.state.trunks[i]["port"] for i in range(1, 6)]


STOPS = fault("errcode", 3, errcode=10009)
"""The third trunk is refused once, and the run stops there."""


class TestWhatIsTakenUp:
    def test_what_is_not_run_is_written_and_what_is_applied_is_not_written_again(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[STOPS]) as there:
            first = there.apply(*ONE_AT_A_TIME)
            assert (first.code, endings(first.json)) == (5, ["applied", "applied", "refused", "not run", "not run"])
            again = there.resume()
            assert (again.code, endings(again.json)) == (5, ["applied", "applied", "refused", "applied", "applied"])
            assert [body["id"] for body in there.writes()] == [1, 2, 3, 4, 5]
            assert [trunk["attempts"] for trunk in again.json["trunks"]] == [1, 1, 1, 1, 1]
            assert again.json["results"] == str(there.results)
            assert [row["Result"] for row in rows_of(there.results, "DIDs")] == endings(again.json)
            assert sum(again.json["counts"].values()) == 10
            assert there.pbx.count_valid_tokens() == 0

    def test_what_failed_is_tried_again_and_its_attempts_add_up(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[fault("drop_before", 2, times=2)]) as there:
            assert endings(there.apply("--attempts", "2").json)[1] == "failed"
            again = there.resume()
            assert (again.code, again.json["trunks"][1]["ending"], again.json["trunks"][1]["attempts"]) == (
                0,
                "applied",
                3,
            )
            assert ports(there) == [5061] * 5

    def test_what_is_partial_stays_and_is_not_written_over(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[fault("partial", 2, omit=["port"]), STOPS]) as there:
            assert endings(there.apply(*ONE_AT_A_TIME).json)[1] == "partial"
            again = there.resume()
            assert endings(again.json)[1] == "partial"
            assert ports(there) == [5061, 5060, 5060, 5061, 5061]
            changes = {(row["Trunk"], row["Wanted"], row["Found"]) for row in rows_of(there.results, "Changes")}
            assert ("T2", 5061, 5060) in changes or ("T2", "5061", "5060") in changes

    def test_only_the_chosen_trunks_are_taken_up_unless_others_are_chosen(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[STOPS]) as there:
            there.apply(*ONE_AT_A_TIME, "--only", "T1", "T3", "T4")
            again = there.resume()
            assert endings(again.json) == ["applied", "not run", "refused", "applied", "not run"]
            assert ports(there) == [5061, 5060, 5060, 5061, 5060]
            more = there.resume("--only", "T5", "--yes")
            assert endings(more.json) == ["applied", "not run", "refused", "applied", "applied"]


class TestWhatIsOver:
    def test_a_run_that_is_over_says_so_and_its_results_are_written_anew(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[fault("errcode", 2, errcode=10009)]) as there:
            first = there.apply()
            before = rows_of(there.results, "Trunks")
            changes = rows_of(there.results, "Changes")
            there.results.unlink()
            sent = len(there.pbx.requests)
            again = there.resume()
            assert again.code == 5
            assert again.json == first.json
            assert "had already ended" in again.err
            assert len(there.pbx.requests) == sent
            assert rows_of(there.results, "Trunks") == before
            assert rows_of(there.results, "Changes") == changes

    def test_rows_that_were_left_out_for_problems_are_told_again_from_the_books(self, tmp_path: Path) -> None:
        trunks = (*TRUNKS, ("Gone", "5061"))
        dids = (*DIDS, ("Gone", "442079460109"))
        with bench(tmp_path, trunks=trunks, dids=dids, live=LIVE) as there:
            first = there.apply("--skip-invalid")
            before = rows_of(there.results, "DIDs")
            there.results.unlink()
            assert there.resume().json == first.json
            assert rows_of(there.results, "DIDs") == before
            assert before[-1]["Result"] == "blocked"


class TestWhateverHappenedToTheWorkbook:
    @pytest.mark.parametrize("fate", ["edited", "deleted", "folder gone"])
    def test_the_runs_own_copy_is_what_counts(self, tmp_path: Path, fate: str) -> None:
        place = tmp_path / "deep"
        place.mkdir()
        with bench(place, trunks=TRUNKS, live=LIVE, faults=[STOPS]) as there:
            where = tmp_path / "run"
            there.apply(*ONE_AT_A_TIME, "--run-dir", where)
            if fate == "edited":
                there.workbook.write_bytes(b"something else")
            elif fate == "deleted":
                there.workbook.unlink()
            else:
                shutil.rmtree(place)
            again = run("resume", where, "--json", environment={"TRUNK_BATCH_CLIENT_SECRET": "Sample-practice-secret"})
            assert endings(again.json) == ["applied", "applied", "refused", "applied", "applied"]
            assert Path(again.json["results"]).is_file()
            expected = where if fate == "folder gone" else place
            assert Path(again.json["results"]).parent == expected

    def test_a_copy_that_is_not_what_it_was_is_refused(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[STOPS]) as there:
            there.apply(*ONE_AT_A_TIME)
            (copy,) = there.runs[-1].glob("input*")
            write_workbook(copy, Page(name="Trunks", lines=TRUNKS[:3]))
            ran = there.resume()
            assert ran.code == 2
            assert "not what it was" in ran.json["error"]["message"]
            copy.unlink()
            assert there.resume().code == 2

    def test_a_folder_of_csv_files_is_gone_on_with(self, tmp_path: Path) -> None:
        folder = tmp_path / "book"
        folder.mkdir()
        (folder / "trunks.csv").write_text("Name,Port\nT1,5061\nT3,5061\nT4,5061\n", encoding="utf-8")
        with serving(folder, pbx(LIVE), faults=[STOPS]) as there:
            there.apply(*ONE_AT_A_TIME)
            assert endings(there.resume().json) == ["applied", "refused", "applied"]


class TestWhatChangedOnThePbx:
    def change(self, there: Bench, trunk: int, **fields: Any) -> None:
        there.pbx.state.edit_trunk(trunk, fields)

    def test_what_was_applied_and_was_changed_since_is_named_and_left_alone(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[STOPS]) as there:
            there.apply(*ONE_AT_A_TIME)
            self.change(there, 1, port=7000)
            again = there.resume()
            assert endings(again.json) == ["partial", "applied", "refused", "applied", "applied"]
            assert ports(there)[0] == 7000
            assert "somebody has changed it since" in rows_of(there.results, "Trunks")[0]["What to do"]

    def test_what_it_does_not_touch_may_have_changed(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[STOPS]) as there:
            there.apply(*ONE_AT_A_TIME)
            self.change(there, 4, hostname="theirs.example")
            assert endings(there.resume().json)[3] == "applied"
            assert there.pbx.state.trunks[4]["hostname"] == "theirs.example"

    def test_a_trunk_that_was_done_with_and_is_gone_stops_nobody(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[STOPS]) as there:
            there.apply(*ONE_AT_A_TIME)
            del there.pbx.state.trunks[1]
            again = there.resume()
            assert endings(again.json) == ["partial", "applied", "refused", "applied", "applied"]
            assert "no trunk named T1" in rows_of(there.results, "Trunks")[0]["What to do"]

    def test_a_hazard_that_was_allowed_stays_allowed_and_a_new_one_is_not(self, tmp_path: Path) -> None:
        dids = (("Trunk", "DID"), *((f"T{i}", f"44207946020{i}") for i in range(1, 6)))
        with bench(tmp_path, trunks=TRUNKS, dids=dids, live=LIVE, faults=[STOPS]) as there:
            there.apply(
                *ONE_AT_A_TIME,
                *LOSING_NUMBERS,
                *(f"--allow=removals=T{i}" for i in range(1, 5)),
                "--only",
                "T1",
                "T3",
                "T4",
            )
            assert endings(there.resume().json)[3] == "applied"
            other = there.resume("--only", "T5", "--yes")
            assert other.code == 4


class TestWhichRun:
    def test_a_rehearsal_is_gone_on_with_on_the_practice_pbx(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE) as there:
            state = {"trunks": list(LIVE)}
            there.workbook.with_name("pbx.json").write_text(json.dumps(state), encoding="utf-8")
            first = run(
                "apply", there.workbook, "--practice", "--yes", "--json", "--settle-wait", "0", "--rate", "9999"
            )
            assert first.code == 0
            with sqlite3.connect(there.runs[-1] / "journal.sqlite") as book:
                book.execute("DELETE FROM outcomes WHERE row = 3")
                book.execute("UPDATE invocations SET ended = NULL, how = NULL, counts = NULL")
            book.close()
            again = run("resume", there.runs[-1], "--json")
            assert again.json == first.json
            assert "PRACTICE" in again.json["results"]
            assert there.pbx.requests == []

    def test_an_old_or_empty_folder_is_no_run(self, tmp_path: Path) -> None:
        ran = run("resume", tmp_path, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (2, "usage")
        (tmp_path / "journal.sqlite").touch()
        assert run("verify", tmp_path, "--json").code == 2


class TestVerify:
    def test_what_was_unknown_and_was_never_done_failed(self, tmp_path: Path) -> None:
        faults = [fault("half_body", 2, effect=False)]
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=faults) as there:
            first = there.apply("--no-read-back")
            assert endings(first.json) == ["applied", "unknown", "applied", "applied", "applied"]
            verified = there.verify()
            assert verified.code == 5
            assert rows_of(there.results, "Trunks")[1]["Result"] == "failed"
            assert rows_of(there.results, "DIDs")[1]["Result"] == "failed"


def test_each_invocation_is_in_the_books_and_no_secret_is(tmp_path: Path) -> None:
    changed: list[PbxState] = []
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[STOPS], on_change=changed.append) as there:
        there.apply(*ONE_AT_A_TIME)
        there.resume()
        book = sqlite3.connect(there.runs[-1] / "journal.sqlite")
        assert book.execute("SELECT invocation, command, how FROM invocations").fetchall() == [
            (1, "apply", "finished"),
            (2, "resume", "finished"),
        ]
        tries = book.execute("SELECT invocation, ids FROM requests WHERE call = 'trunk/update'").fetchall()
        assert tries == [(1, "1"), (1, "2"), (1, "3"), (2, "4"), (2, "5")]
        book.close()
        assert b"Sample-" not in (there.runs[-1] / "journal.sqlite").read_bytes()
        log = (there.runs[-1] / "log.jsonl").read_text(encoding="utf-8").splitlines()
        assert len(log) == len(there.pbx.requests)
