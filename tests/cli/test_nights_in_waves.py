"""A night in waves: a gate that stays shut, what is left then, going on and going back, and hours that are not now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from batch.practice.server import RunningPbx
from tests.cli.shell import FAST, SECRET, Ran, Shell, calls, last_run, pbx, rows_of, write_book

OFFICES = ("berlin", "paris", "oslo")
ROWS = [
    ("Name", "Hostname", "PBX", "Wave"),
    *(("London", "new.example", pbx, str(n)) for n, pbx in enumerate(OFFICES, 1)),
]
REFUSING = {"call": "trunk/update", "do": "errcode", "errcode": 40002, "times": "always"}


class Night:
    """Three offices in three waves."""

    def __init__(self, shell: Shell, folder: Path, offices: dict[str, RunningPbx]) -> None:
        self.shell, self.offices = shell, offices
        self.book = write_book(folder / "book.xlsx", ROWS)
        self.profiles = folder / "trunk-batch.toml"
        self.profiles.write_text(
            "".join(f'[{name}]\nurl = "{one.url}"\nclient_id = "script"\n' for name, one in offices.items())
        )

    def __call__(self, command: str, target: Path, *flags: object) -> Ran:
        return self.shell(command, target, "--yes", "--profile-file", self.profiles, *FAST, *flags)

    def written(self) -> list[str]:
        """Name the offices that were written, without the way in which."""
        return [name for name, one in self.offices.items() if one.state.trunks[1]["hostname"] == "new.example"]

    def endings(self) -> list[Any]:
        rows = rows_of(self.book.with_name("book-results.xlsx"), "Trunks")
        return [row[rows[0].index("Result")] for row in rows[1:]]


@pytest.fixture
def night(
    request: pytest.FixtureRequest, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Night]:
    monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", SECRET)
    faults = getattr(request, "param", {})
    with ExitStack() as stack:
        yield Night(shell, tmp_path, {name: stack.enter_context(pbx(faults=faults.get(name, ()))) for name in OFFICES})


def test_a_gate_whose_command_says_no_leaves_the_rest_which_resume_goes_on_with_and_undo_takes_back(
    night: Night, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    ran = night("apply", night.book, "--gate-command", f"cat >{asked}; echo lines are busy; exit 3")
    assert ran.code == 5
    assert night.written() == ["berlin"]
    assert night.endings() == ["applied", "not run", "not run"]
    assert "trunk/update" in calls(night.offices["berlin"])
    assert "trunk/update" not in calls(night.offices["paris"])
    assert "has ended with exit code 3, not 0. It said: lines are busy" in ran.out
    assert "Wave 1 is done: 1 trunk on 1 PBX.\nWave 2: 1 PBX, 1 trunk to write. At the speed so far " in ran.err
    facts = json.loads(asked.read_text())
    assert [one["pbx"] for one in facts["pbxs"]] == ["berlin"]
    assert facts["later"] == [{"wave": 2, "pbxs": ["paris"]}, {"wave": 3, "pbxs": ["oslo"]}]
    assert SECRET not in asked.read_text()

    run = last_run(night.book)
    assert f"trunk-batch undo {run} --wave 1" in ran.out
    ran = night("resume", run, "--gate-command", "exit 0")
    assert (ran.code, night.written()) == (0, list(OFFICES))
    ran = night("undo", run, "--wave", 2)
    assert (ran.code, night.written()) == (0, ["berlin", "oslo"])


@pytest.mark.parametrize("night", [{"berlin": [REFUSING]}], indirect=True)
def test_where_a_trunk_was_refused_nobody_is_asked_unless_so_many_may_be(night: Night, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    ran = night("apply", night.book, "--gate-command", f"touch {asked}")
    assert (ran.code, night.written(), asked.exists()) == (5, [], False)
    assert "1 trunk refused or failed: London on berlin." in ran.out
    assert night.endings() == ["refused", "not run", "not run"]
    ran = night("apply", night.book, "--gate-command", f"touch {asked}", "--max-failures", 2)
    assert (ran.code, night.written(), asked.exists()) == (5, ["paris", "oslo"], True)


def test_outside_of_its_window_no_office_is_written(night: Night) -> None:
    now = datetime.now(tz=UTC)
    later, end = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (2, 3))
    ran = night("apply", night.book, "--window", f"{later}-{end}", "--time-zone", "UTC")
    assert (ran.code, night.written()) == (5, [])
    assert night.endings() == ["not run"] * 3
    assert (
        f"berlin (wave 1): not run. Its window is closed until {now + timedelta(hours=2):%Y-%m-%d %H:%M} (UTC)."
        in ran.out
    )
    assert not [call for one in night.offices.values() for call in calls(one) if call == "trunk/update"]
    ran = night("resume", last_run(night.book), "--window", f"{now - timedelta(hours=1):%H:%M}-{later}")
    assert (ran.code, night.written()) == (0, list(OFFICES))


def test_what_keeps_many_offices_back_is_told_once(night: Night, tmp_path: Path) -> None:
    book = write_book(tmp_path / "plain.xlsx", [row[:3] for row in ROWS])
    later, end = (f"{datetime.now(tz=UTC) + timedelta(hours=hours):%H:%M}" for hours in (2, 3))
    ran = night("apply", book, "--window", f"{later}-{end}", "--time-zone", "UTC")
    assert "\n  berlin (wave 1), paris (wave 1), oslo (wave 1): not run. Its window is closed until " in ran.out
    assert ran.out.count("Its window is closed") == 1


def test_what_could_not_go_back_is_said_to_be_on_its_sheet(night: Night) -> None:
    assert night("apply", night.book, "--gate-command", "exit 0").code == 0
    night.offices["paris"].state.trunks[1]["hostname"] = "somebody-elses.example"
    ran = night("undo", last_run(night.book))
    assert (ran.code, night.written()) == (5, [])
    assert "paris (wave 2): unfinished. What was not taken back, and why, is on the sheet Way back." in ran.out


def test_the_hours_of_an_office_are_by_its_own_clock_not_by_the_one_that_profiles_have_by_default(night: Night) -> None:
    now = datetime.now(tz=UTC)
    window = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    own = night.profiles.read_text().replace("[oslo]", '[oslo]\ntime_zone = "Etc/GMT+5"')
    night.profiles.write_text(f'[default]\ntime_zone = "UTC"\n{own}')
    ran = night.shell("plan", night.book, "--profile-file", night.profiles)
    assert f"--profile-file {night.profiles} --expect" in ran.out  # with --time-zone, it would be that of every office
    ran = night("apply", night.book, "--window", window, "--gate-command", "exit 0")
    assert (ran.code, night.written()) == (5, ["berlin", "paris"])
    ran = night("resume", last_run(night.book), "--gate-command", "exit 0")
    assert (ran.code, night.written()) == (5, ["berlin", "paris"])
    assert "oslo (wave 3): not run. Its window is closed until " in ran.out


def test_a_window_without_a_time_zone_is_refused_before_anything_is_sent(night: Night) -> None:
    ran = night("apply", night.book, "--window", "01:00-04:00")
    assert (ran.code, night.written()) == (2, [])
    assert "--window 01:00-04:00 needs a time zone, and berlin has none." in ran.err
