"""The night of the fleet: twelve offices in three waves; some are in trouble, are put right, and one wave goes back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from samples.making.files import lined
from samples.making.fleet import OFFICES
from tests.flows.shell import FAST, rows_of, run
from tests.flows.stories import FLEET, SAMPLES, Night, copy_of, tell_night

IN_TROUBLE = {"cardiff", "glasgow", "nottingham"}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return tell_night(tmp_path_factory.mktemp(FLEET))


def test_what_is_said_and_what_the_pbxs_hold_is_what_is_expected(night: Night, *, updating: bool) -> None:
    folder = SAMPLES / FLEET / "expect"
    found = {"night.txt": night.transcript(), "pbxs-after.json": lined(night.holds(), deep=2) + "\n"}
    if updating:
        folder.mkdir(exist_ok=True)
        for name, text in found.items():
            (folder / name).write_bytes(text.encode())
    assert sorted(path.name for path in folder.iterdir()) == sorted(found)
    for name, text in found.items():
        assert text.splitlines() == (folder / name).read_text(encoding="utf-8").splitlines(), name


def test_each_command_ends_with_the_code_that_says_how_the_fleet_stands(night: Night) -> None:
    assert night.codes() == [
        ("check", 3),
        ("plan", 5),
        ("apply", 5),
        ("status", 0),
        ("resume", 5),
        ("verify", 5),
        ("apply", 0),
        ("undo", 0),
    ]


def test_offices_in_trouble_keep_no_other_from_being_done_and_their_rows_say_why(night: Night) -> None:
    rows = rows_of(night.first_results, "Trunks")
    ended = Counter((row["PBX"] in IN_TROUBLE, row["Result"]) for row in rows)
    assert ended == {(False, "applied"): 18, (True, "not run"): 5, (True, "blocked"): 1}
    why = {row["PBX"]: row["What to do"] for row in rows if row["Result"] == "not run"}
    assert why.keys() == IN_TROUBLE
    assert "No P-Series PBX answers" in why["cardiff"]
    assert "client id or client secret is wrong" in why["glasgow"]
    assert "This PBX has errors, in DIDs!C34" in why["nottingham"]


def test_the_results_have_a_row_for_each_pbx_and_what_is_left_to_people_by_pbx(night: Night) -> None:
    listed = {row["PBX"]: row for row in rows_of(night.first_results, "PBXs", header_row=2)}
    assert {name: row["Wave"] for name, row in listed.items()} == {name: of.wave for name, of in OFFICES.items()}
    states = {name: row["State"] for name, row in listed.items() if row["State"] != "as wanted"}
    assert states == {"cardiff": "not reached", "glasgow": "sign-in refused", "nottingham": "to correct"}
    calls = {row["PBX"] for row in rows_of(night.first_results, "Test calls", header_row=2)}
    assert calls == OFFICES.keys() - IN_TROUBLE


def test_a_wave_that_is_taken_back_is_as_it_was_before_and_the_others_stay_as_they_are(night: Night) -> None:
    before, then, now = night.holds("pbx"), night.held, night.holds()
    taken = {name for name, office in OFFICES.items() if office.wave == 2} - {"nottingham"}  # which another run wrote
    assert {name: now[name] for name in taken} == {name: before[name] for name in taken}
    assert {name: now[name] for name in OFFICES.keys() - taken} == {n: then[n] for n in OFFICES.keys() - taken}
    assert not [name for name in OFFICES if then[name] == before[name]]


def test_errors_of_an_office_that_is_not_chosen_are_not_told_of_those_that_are(tmp_path: Path) -> None:
    ran = run("apply", copy_of(FLEET, tmp_path), "--practice", "--yes", "--only-pbx", "leeds", *FAST)
    assert ran.code == 0
    assert ran.out.startswith("PRACTICE: All 2 trunks are up to date. 22 were not chosen.\n1 PBX: 1 as wanted.\n")
