"""A PBX of a fleet that cannot be done: the others are, and its rows say why; what stops all of them sends nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.cli.json_schema import faults
from tests.fleet.fleet_bench import AWAY, REFUSED, FleetBench, begin, ended, fleet_bench, lines_of_pbx, until
from tests.flows.shell import rows_of

HEADER = ("PBX", "Name", "Hostname", "Port")


def what_to_do(bench: FleetBench, pbx: str, sheet: str = "Trunks") -> set[str]:
    return {row["What to do"] for row in rows_of(bench.results, sheet) if row["PBX"] == pbx}


def test_one_away_one_that_refuses_the_sign_in_and_one_with_faulty_rows_keep_no_other_from_being_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("berlin", "paris", "rome", "oslo")
    trunks = [
        HEADER,
        *(line for name in names[:3] for line in lines_of_pbx(name)),
        ("oslo", "Trunk-1", "new.example", "many"),
        ("oslo", "Trunk-2", "new.example", "5060"),
        ("https://192.0.2.7", "Trunk-9", "new.example", ""),
    ]
    dids = [("PBX", "Trunk", "DID"), ("berlin", "Trunk-1", "+493001001"), ("paris", "Trunk-1", "+4930")]
    with fleet_bench(
        tmp_path, monkeypatch, names, trunks=trunks, dids=dids, away=["paris"], faults={"rome": [REFUSED]}
    ) as bench:
        plan = bench.plan(*AWAY)
        assert plan.code == plan.json["exit_code"] == 5
        assert faults("fleet_plan", plan.json) == []
        states = ["planned", "not reached", "sign-in refused", "to correct", "cannot be done"]
        assert [pbx["state"] for pbx in plan.json["pbxs"]] == states
        applied = bench.apply(*AWAY, "--expect", plan.json["digest"])
        assert applied.code == applied.json["exit_code"] == 5
        assert faults("fleet_report", applied.json) == []
        assert bench.writes() == {"berlin": 2, "paris": 0, "rome": 0, "oslo": 0}
        assert bench.endings() == {
            ("berlin", "Trunk-1"): "applied",
            ("berlin", "Trunk-2"): "applied",
            ("paris", "Trunk-1"): "not run",
            ("paris", "Trunk-2"): "not run",
            ("rome", "Trunk-1"): "not run",
            ("rome", "Trunk-2"): "not run",
            ("oslo", "Trunk-1"): "invalid",
            ("oslo", "Trunk-2"): "not run",
            ("https://192.0.2.7", "Trunk-9"): "not run",
        }
        assert "connection refused" in str(what_to_do(bench, "paris"))
        assert "connection refused" in str(what_to_do(bench, "paris", "DIDs"))
        assert "The PBX refused the sign-in (70028" in str(what_to_do(bench, "rome"))
        assert "This PBX has errors, in Trunks!D8" in str(what_to_do(bench, "oslo"))
        rows = Counter(
            row["Result"] for sheet in ("Trunks", "DIDs") for row in rows_of(bench.results, sheet) if row["PBX"]
        )
        assert {ending: count for ending, count in applied.json["counts"].items() if count} == rows


@pytest.mark.parametrize("flag", ["", "--skip-invalid"])
def test_a_name_that_is_no_profile_belongs_to_no_pbx_so_that_nothing_is_sent_until_it_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    trunks = [HEADER, *lines_of_pbx("berlin"), ("brelin", "Trunk-2", "new.example", "")]
    with fleet_bench(tmp_path, monkeypatch, ("berlin",), trunks=trunks) as bench:
        plan = bench.run("plan", *filter(None, [flag]))
        applied = bench.apply(*filter(None, [flag]))
        if not flag:
            assert plan.code == applied.code == 3
            assert 'Trunks!A4 "brelin"' in plan.out
            assert "berlin" in plan.out.partition("brelin")[2]
            assert [problem["cell"] for problem in applied.json["problems"]] == ["A4"]
            assert faults("fleet_plan", applied.json) == []
            assert bench.writes() == {"berlin": 0}
            assert not bench.runs
            assert not bench.results.exists()
        else:
            assert applied.code == 5
            assert list(bench.endings().values()) == ["applied", "applied", "invalid"]


def test_a_hazard_on_one_pbx_holds_all_back_until_it_is_allowed_or_the_pbx_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dids = [("PBX", "Trunk", "DID"), ("paris", "Trunk-1", "+493099999")]
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), dids=dids) as bench:
        held = bench.run("apply", "--yes")
        assert held.code == 4
        assert "paris: held back" in held.out
        assert "--allow did-orphaned" in held.out
        assert (
            "Nothing is sent until every hazard is allowed by name, or its PBX is left out with --skip-pbx." in held.out
        )
        assert bench.writes() == {"berlin": 0, "paris": 0}
        skipped = bench.apply("--skip-pbx", "paris")
        assert skipped.code == 0
        assert bench.writes() == {"berlin": 2, "paris": 0}
        assert bench.states() == {"berlin": (1, "as wanted"), "paris": (1, "not chosen")}
        allowed = bench.apply("--allow", "did-orphaned", "--allow", "removals", "--allow", "size")
        assert allowed.code == 0
        assert bench.writes() == {"berlin": 2, "paris": 2}


@pytest.mark.parametrize("flag", ["--only-pbx", "--skip-pbx"])
def test_a_pbx_that_is_named_and_is_not_in_the_workbook_is_refused_with_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    with fleet_bench(tmp_path, monkeypatch) as bench:
        refused = bench.run("apply", "--yes", flag, "brelin")
        assert refused.code == 2
        assert f"{flag} names brelin, which no row of the workbook does." in refused.err
        assert "Did you mean berlin?" in refused.err
        assert set(bench.writes().values()) == {0}


def test_rows_are_chosen_across_pbxs_by_name_by_number_and_by_being_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunks = [HEADER, *lines_of_pbx("berlin"), ("paris", "Trunk-1", "new.example", "many"), *lines_of_pbx("paris")[1:]]
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), trunks=trunks) as bench:
        assert bench.apply("--first", "1").code == 0
        assert bench.writes() == {"berlin": 1, "paris": 0}
        assert bench.apply("--only", "Trunk-2").code == 0
        assert bench.writes() == {"berlin": 2, "paris": 1}
        assert bench.apply("--skip-invalid").code == 5
        assert bench.writes() == {"berlin": 2, "paris": 1}
        assert list(bench.endings().values()) == ["unchanged", "unchanged", "invalid", "unchanged"]


def test_another_digest_is_refused_and_a_digest_is_another_where_a_pbx_a_wave_or_a_plan_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris")) as bench:
        digest = bench.plan().json["digest"]
        assert bench.plan().json["digest"] == digest
        others = [
            bench.plan("--skip-pbx", "paris").json["digest"],
            bench.plan("--waves", "1,1").json["digest"],
            bench.plan("--only", "Trunk-1").json["digest"],
        ]
        assert len({digest, *others}) == 4
        refused = bench.run("apply", "--yes", "--expect", others[0])
        assert refused.code == 4
        assert "This is not the expected plan" in refused.out
        assert set(bench.writes().values()) == {0}
        assert bench.apply("--expect", digest).code == 0


def test_a_pbx_that_somebody_is_at_is_left_alone_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {"call": "trunk/update", "latency": 5, "times": 1}
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), faults={"paris": [slow]}) as bench:
        first = begin(bench, "apply", bench.workbook, *bench.flags, "--only-pbx", "paris", "--yes")
        until(lambda: bench.is_writing("paris"), first)
        second = bench.apply()
        assert second.code == 5
        assert bench.states()["paris"][1] == "cannot be done"
        assert "apply" in str(what_to_do(bench, "paris"))
        assert ended(first).code == 0
        assert bench.writes() == {"berlin": 2, "paris": 2}


def test_what_only_a_pbx_finds_wrong_ends_its_rows_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunks = [HEADER[:3], *lines_of_pbx("berlin"), *lines_of_pbx("paris", 1), ("paris", "Trunk-9", "new.example")]
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), trunks=trunks) as bench:
        applied = bench.apply()
        assert applied.code == 5
        assert bench.writes() == {"berlin": 2, "paris": 0}
        assert bench.endings()["paris", "Trunk-9"] == "invalid"
        assert bench.endings()["paris", "Trunk-1"] == "not run"
        assert any("has no trunk named Trunk-9" in told for told in what_to_do(bench, "paris"))
        said = bench.on_run("resume", "--yes").out
        assert "correct it in the results" in said
        assert "Go on with it" not in said  # which would end the same


def test_nobody_is_said_to_go_on_where_a_hazard_of_one_keeps_all_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunks = [HEADER[:3], *lines_of_pbx("berlin"), *lines_of_pbx("paris", 1)]
    dids = [("PBX", "Trunk", "DID"), ("paris", "Trunk-1", "+4930")]
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), trunks=trunks, dids=dids) as bench:
        plan = bench.run("plan")
        assert plan.code == 4
        assert "Nothing is sent until every hazard is allowed by name" in plan.out
        assert "do not wait" not in plan.out


def test_a_plan_says_what_is_wrong_with_the_rows_of_a_pbx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trunks = [HEADER, *lines_of_pbx("berlin"), ("paris", "Trunk-1", "new.example", "many")]
    trunks.append(("paris", "Trunk-1", "other.example", ""))
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), trunks=trunks) as bench:
        said = bench.run("plan").out
        assert "Trunks!B5: The same trunk is also in B4. Put all its changes into one row" in said
        assert "Trunks!D4: " in said


def test_a_row_of_a_pbx_that_belongs_to_none_of_its_trunks_keeps_that_pbx_alone_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunks = [HEADER, *lines_of_pbx("berlin"), *lines_of_pbx("paris")]
    dids = [("PBX", "Trunk", "DID"), ("paris", "Trnk-1", "4930"), ("berlin", "Trunk-1", "+493001001")]
    with fleet_bench(tmp_path, monkeypatch, ("berlin", "paris"), trunks=trunks, dids=dids) as bench:
        assert bench.plan("--skip-invalid").code == 5  # which can leave no trunk out for it
        applied = bench.apply()
        assert applied.code == 5
        assert bench.writes() == {"berlin": 2, "paris": 0}
        assert "Rows of this PBX belong to no trunk, in DIDs!B2" in str(what_to_do(bench, "paris"))
        assert [row["Result"] for row in rows_of(bench.results, "DIDs")] == ["invalid", "applied"]
        assert bench.apply("--skip-pbx", "paris").code == 0
