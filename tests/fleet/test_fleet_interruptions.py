"""A fleet's run that is stopped or killed: what is under way is settled, all is known, and nothing is sent twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from subprocess import Popen, TimeoutExpired
from typing import Any

import pytest

from batch.errors import OutputError
from batch.runs.fleet_folder import FLEET_FILE, FleetFolder
from batch.runs.locks import held_by, place_of_run
from tests.cli.json_schema import faults
from tests.fleet.fleet_bench import FleetBench, begin, ended, fleet_bench, until
from tests.flows.crashes import SEED

NAMES = ("berlin", "paris", "rome")
SLOW = {name: [{"call": "trunk/update", "latency": 0.15, "times": "always"}] for name in NAMES}
STEADY = ("--concurrency", "1")
TRUNKS = 8


def to_one(process: Popen[str]) -> None:
    os.kill(process.pid, signal.SIGINT)


def to_all(process: Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGINT)


def settled(bench: FleetBench) -> bool:
    """Tell whether nobody is at a run of a PBX any more."""
    return not any(held_by(place_of_run(bench.runs[-1] / name)) for name in NAMES)


def seen(bench: FleetBench) -> int:
    return sum(bench.writes().values())


def gone_on_with(bench: FleetBench) -> None:
    """Go on with the run until all is done; nothing that was answered is written once more."""
    resumed = bench.on_run("resume", "--yes", "--json")
    assert resumed.code == 0, resumed.said
    assert faults("fleet_report", resumed.json) == []
    for name in NAMES:
        assert set(bench.hostnames(name).values()) == {"new.example"}
    assert set(bench.endings().values()) == {"applied"}
    assert bench.on_run("status", "--json").json["state"] == "finished"


@pytest.mark.parametrize("stop", [to_one, to_all])
def test_a_ctrl_c_settles_every_pbx_and_begins_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: Callable[[Popen[str]], None]
) -> None:
    with fleet_bench(tmp_path, monkeypatch, NAMES, faults=SLOW, count=TRUNKS) as bench:
        process = begin(bench, "apply", bench.workbook, *bench.flags, *STEADY, "--yes", "--json", "--waves", "2,1")
        until(lambda: seen(bench) >= 4, process)
        stop(process)
        ran = ended(process)
        assert ran.code == 130, ran.said
        assert faults("fleet_report", ran.json) == []
        states = {pbx["pbx"]: pbx["state"] for pbx in ran.json["pbxs"]}
        assert states == {"berlin": "stopped", "paris": "stopped", "rome": "not run"}
        told = ran.json["counts"]
        assert told["applied"] + told["not run"] == 3 * TRUNKS
        assert told["applied"] == seen(bench) < 2 * TRUNKS
        assert "Traceback" not in ran.err
        gone_on_with(bench)
        assert set(bench.writes().values()) == {TRUNKS}


def test_a_second_ctrl_c_ends_it_at_once_and_resume_knows_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {name: [{"call": "trunk/update", "latency": 4, "times": 1}] for name in NAMES}
    with fleet_bench(tmp_path, monkeypatch, NAMES, faults=slow) as bench:
        process = begin(bench, "apply", bench.workbook, *bench.flags, "--yes")
        until(lambda: seen(bench) == 2 * len(NAMES), process)
        to_one(process)
        with pytest.raises(TimeoutExpired):  # it waits for what is under way
            process.wait(0.5)
        to_one(process)
        ran = ended(process)
        assert ran.code == 130
        assert "Press Ctrl-C again to end at once." in ran.err
        assert "what was sent stays as it is on the PBX.\nGo on with it: trunk-batch resume " in ran.err
        assert "Traceback" not in ran.err
        assert "Nothing was sent" not in ran.err
        until(lambda: settled(bench))
        gone_on_with(bench)
        assert set(bench.writes().values()) == {2}


@pytest.mark.parametrize("number", range(3))
def test_a_coordinator_that_is_killed_at_any_moment_leaves_what_resume_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    rng = Random(f"{SEED}-{number}")  # noqa: S311 - no secret
    moment = rng.randrange(0, 3 * TRUNKS)
    with fleet_bench(tmp_path, monkeypatch, NAMES, faults=SLOW, count=TRUNKS) as bench:
        process = begin(bench, "apply", bench.workbook, *bench.flags, *STEADY, "--yes", "--waves", "2,1")
        until(lambda: any((run / FLEET_FILE).exists() for run in bench.runs) and seen(bench) >= moment, process)
        process.kill()
        ended(process)
        until(lambda: settled(bench))
        written = seen(bench)
        assert written < 3 * TRUNKS
        state = bench.on_run("status", "--json").json
        assert state["state"] in {"broke off", "interrupted", "unfinished"}, SEED
        assert state["counts"]["unknown"] == 0
        assert state["counts"]["applied"] == written
        gone_on_with(bench)
        assert set(bench.writes().values()) == {TRUNKS}


def test_an_answer_that_cannot_be_kept_keeps_no_pbx_from_being_done_nor_any_from_being_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: FleetFolder, slug: str, answer: Mapping[str, Any]) -> None:
        if slug == "paris" or (slug == "rome" and "exit_code" in answer):
            raise OutputError(self.path / f"{slug}.answer.json", "No space left on device")
        keep(self, slug, answer)

    keep = FleetFolder.keep_answer
    with fleet_bench(tmp_path, monkeypatch, NAMES) as bench:
        monkeypatch.setattr(FleetFolder, "keep_answer", refuse)
        ran = bench.apply()
        monkeypatch.setattr(FleetFolder, "keep_answer", keep)
        assert ran.code == 5
        assert bench.writes() == {"berlin": 2, "paris": 0, "rome": 2}
        assert "No space left on device" in next(pbx["why"] for pbx in ran.json["pbxs"] if pbx["pbx"] == "paris")
        assert any("rome: what became of it could not be kept" in line for line in ran.json["attention"])
        gone_on_with(bench)
        assert set(bench.writes().values()) == {2}


def test_a_run_that_somebody_is_at_is_taken_up_by_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"rome": [{"call": "trunk/update", "latency": 5, "times": 1}]}
    with fleet_bench(tmp_path, monkeypatch, NAMES, faults=slow) as bench:
        process = begin(bench, "apply", bench.workbook, *bench.flags, "--yes")
        until(lambda: bench.writes()["rome"] == 2, process)
        for command, flags in (("resume", ["--yes"]), ("undo", ["--yes"]), ("verify", [])):
            refused = bench.on_run(command, *flags)
            assert refused.code == 2, refused.said
            assert "apply" in refused.err
        assert bench.on_run("status", "--json").json["state"] == "running"
        assert ended(process).code == 0
        assert set(bench.writes().values()) == {2}
