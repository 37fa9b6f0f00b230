"""Going on with a run after it was killed in the midst of an invocation: nothing is taken for what it is not."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.flows.shell import Bench, bench, endings, register, rows_of
from tests.flows.test_resume import LIVE, ONE_AT_A_TIME, STOPS, TRUNKS, fault


def killed_before_the_ending(there: Bench, row: int, *, answered: bool = True) -> None:
    """Leave of the last run what kill -9 leaves: no ending of one trunk, perhaps no answer, and no end of it."""
    with sqlite3.connect(there.runs[-1] / "journal.sqlite") as book:
        book.execute("DELETE FROM outcomes WHERE row = ?", (row,))
        book.execute("UPDATE invocations SET ended = NULL, how = NULL, counts = NULL")
        if not answered:
            left = "UPDATE requests SET settled_at = NULL, reply = NULL, errcode = NULL WHERE ids = ? AND call = ?"
            book.execute(left, (str(row - 1), "trunk/update"))
    book.close()


@pytest.mark.parametrize("looked", [False, True])
def test_what_the_pbx_had_refused_is_not_sent_again_nor_called_failed(tmp_path: Path, *, looked: bool) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[fault("errcode", 3, errcode=40002)]) as there:
        there.apply()
        killed_before_the_ending(there, 4)
        if looked:
            there.verify()
        again = there.resume()
        assert again.json["trunks"][2] | {"errmsg": ""} == {
            "id": 3, "name": "T3", "ending": "refused", "errcode": 40002, "errmsg": "", "attempts": 1,
        }  # fmt: skip
        assert len(there.writes()) == 5


def test_what_left_and_was_never_settled_is_no_not_chosen_though_others_are_chosen_now(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE) as there:
        there.apply()
        killed_before_the_ending(there, 4, answered=False)
        again = there.resume("--only", "T5")
        assert (again.code, endings(again.json)[2]) == (5, "unknown")
        assert there.resume().code == 0


def test_what_left_and_cannot_be_planned_any_more_is_unknown_and_is_settled_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Sample-new")
    monkeypatch.chdir(tmp_path)
    trunks = (("Name", "Port", "Password"), ("T1", "5061", ""), ("T2", "5061", "file:secret"))
    with bench(tmp_path, trunks=trunks, live=LIVE[:2]) as there:
        there.apply("--skip-invalid", "--secrets-from", tmp_path)
        killed_before_the_ending(there, 3, answered=False)
        secret.unlink()
        morning = there.resume()
        assert (morning.code, endings(morning.json)) == (5, ["applied", "unknown"])
        secret.write_text("Sample-new")
        assert endings(there.resume().json) == ["applied", "applied"]
        assert len(there.writes()) == 2


def test_what_could_not_be_sent_for_want_of_a_password_is_taken_up_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trunks = (("Name", "Port", "Password"), ("T1", "5061", ""), ("T2", "5061", "file:secret"))
    with bench(tmp_path, trunks=trunks, live=LIVE[:2]) as there:
        assert endings(there.apply("--skip-invalid", "--secrets-from", tmp_path).json) == ["applied", "invalid"]
        assert endings(there.resume().json) == ["applied", "invalid"]
        (tmp_path / "secret").write_text("Sample-new")
        assert endings(there.resume("--yes").json) == ["applied", "applied"]


def test_a_password_that_nobody_can_tell_any_more_is_not_called_as_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("Sample-new")
    trunks = (("Name", "Port", "Password"), ("T1", "5061", "file:secret"), ("T2", "5061", ""))
    with bench(tmp_path, trunks=trunks, live=LIVE[:2], faults=[fault("partial", 1, omit=["password"])]) as there:
        there.apply("--no-read-back", "--secrets-from", tmp_path)
        secret.unlink()
        verified = there.verify()
        assert (verified.code, verified.json["match"]) == (5, 1)
        (drift,) = verified.json["differ"]
        assert (drift["trunk"], drift["field"], drift["cell"]) == ("T1", "Password", "C2")
        assert drift["found"].startswith("not compared")
        assert there.on_run("status").json["counts"]["unknown"] == 1
        secret.write_text("Sample-new")
        assert there.verify().code == 5
        assert there.on_run("status").json["counts"]["partial"] == 1


def test_a_place_for_the_results_that_is_gone_is_noticed_before_anything_is_sent(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[STOPS]) as there:
        there.apply(*ONE_AT_A_TIME, "--results", out / "r.xlsx")
        shutil.rmtree(out)
        asked_for = there.resume("--results", out / "r.xlsx")
        assert (asked_for.code, len(there.writes())) == (2, 3)
        again = there.resume()
        assert endings(again.json) == ["applied", "applied", "refused", "applied", "applied"]
        assert Path(again.json["results"]).parent == there.runs[-1]


def test_a_trunk_chosen_later_is_the_runs_from_then_on(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[fault("drop_before", 5)]) as there:
        there.apply("--only", "T1", "--attempts", "1")
        assert endings(there.resume("--only", "T5", "--yes").json)[4] == "failed"
        assert there.on_run("status").json["state"] == "unfinished"
        again = there.resume()
        assert (again.code, endings(again.json)) == (0, ["applied", "not run", "not run", "not run", "applied"])
        assert there.on_run("status").json["state"] == "finished"


def test_what_was_chosen_later_and_held_everything_already_is_verified_too(tmp_path: Path) -> None:
    live = (*LIVE[:4], register(5, "T5", port=5061))
    with bench(tmp_path, trunks=TRUNKS, live=live) as there:
        there.apply("--only", "T1")
        assert endings(there.resume("--only", "T5").json)[4] == "unchanged"
        there.pbx.state.edit_trunk(5, {"port": 7000})
        assert [drift["trunk"] for drift in there.verify().json["differ"]] == ["T5"]


def test_a_write_that_only_an_expired_token_answered_was_never_taken(tmp_path: Path) -> None:
    expired: list[dict[str, Any]] = [
        fault("errcode", 1, errcode=10004),
        {"call": "get_token", "do": "errcode", "errcode": 10005, "after": 1},
    ]
    with bench(tmp_path, trunks=TRUNKS[:2], live=LIVE[:1], faults=expired) as there:
        assert there.apply().code == 6
        there.pbx.state.edit_trunk(1, {"port": 5061})
        again = there.resume()
        assert (again.json["trunks"][0]["ending"], again.json["trunks"][0]["attempts"]) == ("unchanged", 0)


def test_notes_do_not_pile_up_invocation_after_invocation(tmp_path: Path) -> None:
    faults = [fault("drop_before", 1, times=6)]
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=faults) as there:
        there.apply("--attempts", "1", *ONE_AT_A_TIME)
        for _ in range(3):
            there.resume()
        told = rows_of(there.results, "Trunks")[4]["What to do"]
        assert told.count("Stopped after 1 trunk went wrong.") == 1
