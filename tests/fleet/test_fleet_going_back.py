"""Going on with a fleet's run and going back: nothing twice, nothing that was not approved, and each trunk once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from batch.runs.fleet_folder import FLEET_FILE
from samples.making.files import Page, write_workbook
from tests.cli.json_schema import faults
from tests.fleet.fleet_bench import AWAY, answered, fleet_bench, lines_of_pbx
from tests.flows.shell import lines_of, run

REFUSING = {"call": "trunk/update", "match": {"id": 2}, "do": "errcode", "errcode": 40002, "times": 1}
FAILING = {"call": "trunk/update", "match": {"id": 2}, "do": "status", "status": 500, "times": 1}
OLD = {"Trunk-1": "old.example", "Trunk-2": "old.example"}
NEW = {"Trunk-1": "new.example", "Trunk-2": "new.example"}


def test_resume_does_what_was_away_and_what_failed_and_writes_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, away=["paris"], faults={"rome": [FAILING]}) as bench:
        assert bench.apply(*AWAY).code == 5
        assert bench.writes() == {"berlin": 2, "paris": 0, "rome": 2}
        bench.return_to("paris")
        resumed = bench.on_run("resume", "--yes", "--json")
        assert resumed.code == 0
        assert faults("fleet_report", resumed.json) == []
        assert bench.writes() == {"berlin": 2, "paris": 2, "rome": 3}
        assert set(bench.endings().values()) == {"applied"}
        assert bench.on_run("resume", "--yes").code == 0
        assert bench.writes() == {"berlin": 2, "paris": 2, "rome": 3}


def test_what_was_not_approved_is_asked_first_and_without_an_answer_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), away=["paris"]) as bench:
        bench.apply(*AWAY)
        bench.return_to("paris")
        asked = answered(monkeypatch, "no")
        refused = bench.on_run("resume")
        assert refused.code == 130
        assert asked == ["Type yes to go on: "]
        assert "paris: 2 trunks to write" in refused.out
        assert bench.writes() == {"berlin": 2, "paris": 0}


@pytest.mark.parametrize("answer", ["no", "yes"])
def test_a_trunk_that_somebody_changed_meanwhile_is_written_if_that_is_agreed_to_and_then_the_next_wave_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    with fleet_bench(tmp_path, monkeypatch, faults={"berlin": [{**FAILING, "match": {"id": 1}}]}) as bench:
        careful = ("--attempts", "1", "--on-error", "stop", "--concurrency", "1")
        assert bench.apply("--waves", "2,1", *careful).code == 5
        assert bench.writes() == {"berlin": 1, "paris": 2, "rome": 0}
        bench.pbxs["berlin"].state.trunks[2]["hostname"] = "other.example"
        asked = answered(monkeypatch, answer)
        resumed = bench.on_run("resume", "--gate-command", "exit 0")
        assert asked == ["Type yes to go on: "]
        assert "berlin: Trunk-2" in resumed.err
        assert "These would be written otherwise than it was approved." in resumed.err
        done = answer == "yes"
        assert resumed.code == (0 if done else 5)
        assert bench.writes() == {"berlin": 1 + 2 * done, "paris": 2, "rome": 2 * done}
        assert bench.hostnames("berlin")["Trunk-2"] == ("new.example" if done else "other.example")


def test_what_was_approved_is_not_asked_again_behind_a_gate_that_stayed_shut_unless_the_pbx_is_otherwise_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch) as bench:
        shut = bench.apply("--waves", "1,1,rest", "--gate-command", "exit 1")
        assert shut.code == 5
        assert bench.states() == {"berlin": (1, "as wanted"), "paris": (2, "not run"), "rome": (3, "not run")}
        run_folder = bench.runs[-1]
        said = {row["PBX"]: str(row["What"]) for row in bench.sheet("PBXs")}
        assert f"trunk-batch resume {run_folder}" in said["paris"]
        assert f"trunk-batch undo {run_folder} --wave 1" in said["rome"]
        asked = answered(monkeypatch, "yes")
        assert bench.on_run("resume", "--only-pbx", "paris", "--gate-command", "exit 0").code == 0
        assert asked == []
        assert bench.writes() == {"berlin": 2, "paris": 2, "rome": 0}
        bench.pbxs["rome"].state.trunks[1]["hostname"] = "other.example"
        assert bench.on_run("resume", "--gate-command", "exit 0").code == 0
        assert asked == ["Type yes to go on: "]
        assert bench.writes() == {"berlin": 2, "paris": 2, "rome": 2}


def test_undo_takes_back_what_was_written_alone_once_and_leaves_the_results_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, faults={"rome": [REFUSING]}) as bench:
        bench.apply("--waves", "2,1", "--max-failures", "9")
        first, before = bench.runs[-1], bench.results.read_bytes()
        undone = bench.on_run("undo", "--wave", "1", "--yes", "--json")
        assert undone.code == 0
        assert faults("fleet_report", undone.json) == []
        assert [bench.hostnames(name) for name in bench.pbxs] == [OLD, OLD, {**OLD, "Trunk-1": "new.example"}]
        assert bench.results.read_bytes() == before
        undo_results = tmp_path / "offices-undo-results.xlsx"
        assert [*bench.endings(undo_results).values()] == ["applied"] * 4 + ["not run"] * 2
        assert [line[2:6] for line in lines_of(undo_results, "Changes")[1:3]] == [
            (f"{name} (berlin)", "Hostname", "new.example", "old.example") for name in OLD
        ]
        again = bench.on_run("undo", "--yes", run_folder=first)
        assert again.code == 0
        assert bench.writes() == {"berlin": 4, "paris": 4, "rome": 3}
        assert bench.hostnames("rome") == OLD


def test_going_back_waits_for_no_gate_and_no_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(tz=UTC)
    closed = f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    opened = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    mark = tmp_path / "asked"
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris")) as bench:
        gate = ("--waves", "1,1", "--gate-command", f"touch {mark}")
        assert bench.apply(*gate, "--window", opened, "--time-zone", "UTC").code == 0
        mark.unlink()
        file = bench.runs[-1] / FLEET_FILE
        said = json.loads(file.read_text())
        file.write_text(json.dumps({**said, "settings": {**said["settings"], "window": closed}}))
        assert bench.on_run("undo", "--yes").code == 0
        assert [bench.hostnames(name) for name in bench.pbxs] == [OLD, OLD]
        assert not mark.exists()


def test_undo_of_a_run_that_wrote_nothing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris")) as bench:
        bench.apply("--waves", "1,1", "--gate-command", "exit 1")
        refused = bench.on_run("undo", "--wave", "2", "--yes")
        assert refused.code == 2
        assert "wrote nothing there" in refused.err


def test_resume_of_an_undo_that_was_cut_short_goes_on_going_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris")) as bench:
        assert bench.apply("--waves", "1,1").code == 0
        bench.lead_away("paris")
        cut_short = bench.on_run("undo", "--yes", "--give-up-after", "0.3")
        assert cut_short.code == 5
        assert (bench.hostnames("berlin"), bench.hostnames("paris")) == (OLD, NEW)
        bench.return_to("paris")
        resumed = bench.on_run("resume", "--yes", "--json")
        assert resumed.code == 0
        assert (bench.hostnames("berlin"), bench.hostnames("paris")) == (OLD, OLD)
        assert bench.writes() == {"berlin": 4, "paris": 4}
        assert set(bench.endings(tmp_path / "offices-undo-results.xlsx").values()) == {"applied"}
        assert set(bench.endings().values()) == {"applied"}


def test_a_run_folder_of_somebody_else_leads_nowhere_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "ran"
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris")) as bench:
        bench.apply("--waves", "1,1", "--gate-command", "exit 1")
        theirs = bench.runs[-1]
        said = json.loads((theirs / FLEET_FILE).read_text())
        said["settings"] |= {"gate_command": f"touch {mark}", "url": "http://127.0.0.1:9", "insecure": True}
        said["pbxs"][1]["wave"] = 3
        (theirs / FLEET_FILE).write_text(json.dumps(said))
        (theirs / "berlin.answer.json").unlink()
        resumed = bench.on_run("resume", "--yes")
        assert not mark.exists()
        assert resumed.code in {0, 5}
        assert bench.writes()["paris"] in {0, 2}


def test_a_damaged_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris")) as bench:
        bench.apply()
        (bench.runs[-1] / FLEET_FILE).write_text("{")
        for command, flags in (("resume", ["--yes"]), ("undo", ["--yes"]), ("verify", []), ("status", [])):
            ran = bench.on_run(command, *flags)
            assert (ran.code, "cannot be read" in ran.err) == (2, True)
        assert "broke off" in run("runs", bench.workbook).out


def test_verify_and_status_say_how_each_pbx_stands_and_so_does_its_own_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris")) as bench:
        bench.apply()
        assert bench.on_run("verify").code == 0
        bench.pbxs["paris"].state.trunks[2]["hostname"] = "other.example"
        differs = bench.on_run("verify", "--json")
        assert differs.code == differs.json["exit_code"] == 5
        assert faults("fleet_report", differs.json) == []
        (drift,) = differs.json["pbxs"][1]["verified"]["differ"]
        assert (drift["cell"], drift["wanted"], drift["found"]) == ("C5", "new.example", "other.example")
        assert lines_of(bench.results, "Changes")[1][1] == "C2"
        status = bench.on_run("status", "--json")
        assert faults("fleet_status", status.json) == []
        assert (status.code, status.json["state"], status.json["counts"]["applied"]) == (0, "finished", 4)
        own = bench.on_run("status", "--json", run_folder=bench.runs[-1] / "paris").json
        assert own == status.json["pbxs"][1]["status"]
        assert bench.on_run("resume", "--yes").code == 0
        alone = bench.on_run("undo", "--yes", run_folder=bench.runs[-1] / "berlin")
        assert alone.code == 0
        assert bench.hostnames("berlin") == OLD
        assert bench.hostnames("paris")["Trunk-1"] == "new.example"


def test_names_that_are_addresses_or_differ_by_case_or_by_a_mark_of_ours_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("berlin", "berlin-results", "Berlin")
    with fleet_bench(tmp_path, monkeypatch, names) as bench:
        assert bench.apply().code == 0
        assert set(bench.writes().values()) == {2}
        assert {bench.on_run("status", "--json").json["counts"]["applied"]} == {6}
        assert bench.on_run("undo", "--yes").code == 0
        assert [bench.hostnames(name) for name in names] == [OLD] * 3


def test_an_address_that_a_profile_has_goes_by_that_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin",)) as bench:
        trunks = [("PBX", "Name", "Hostname"), *lines_of_pbx(bench.pbxs["berlin"].url)]
        write_workbook(bench.workbook, Page(name="Trunks", lines=trunks))
        assert bench.apply().code == 0
        assert bench.hostnames("berlin") == NEW
        assert bench.on_run("undo", "--yes").code == 0
        assert bench.hostnames("berlin") == OLD


def test_a_profile_that_leads_elsewhere_by_now_is_not_followed_with_a_run_that_began_at_another_pbx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), faults={"berlin": [FAILING]}) as bench:
        assert bench.apply("--attempts", "1").code == 5
        text = bench.profiles.read_text(encoding="utf-8")
        bench.profiles.write_text(text.replace(bench.pbxs["berlin"].url, bench.pbxs["paris"].url), encoding="utf-8")
        resumed = bench.on_run("resume", "--yes", "--only-pbx", "berlin")
        assert resumed.code == 5
        assert bench.writes() == {"berlin": 2, "paris": 2}
        assert f"not {bench.pbxs['paris'].url}. The run knows its PBX" in resumed.out


def test_the_run_of_one_pbx_is_gone_on_with_alone_and_the_whole_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), faults={"berlin": [FAILING]}) as bench:
        assert bench.apply("--attempts", "1").code == 5
        whole = bench.runs[-1]
        assert bench.on_run("status", "--json").json["state"] == "unfinished"
        assert bench.on_run("resume", "--yes", run_folder=whole / "berlin").code == 0
        assert bench.on_run("verify", run_folder=whole / "berlin").code == 0
        assert bench.on_run("status", "--json").json["state"] == "finished"
        written = bench.writes()
        assert bench.on_run("resume", "--yes").code == 0
        assert bench.writes() == written == {"berlin": 3, "paris": 2}
        assert set(bench.endings().values()) == {"applied"}
