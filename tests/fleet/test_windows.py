"""Windows that close while a fleet is at work: what is under way is settled, and nobody is said to have stopped it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from batch.commands.check import check
from batch.fleet.crew import Event
from batch.fleet.fleet import Fleet
from batch.fleet.fleet_interface import Nobody
from batch.fleet.tasks import Task, empty_answer
from batch.settings import Settings
from tests.cli.shell import write_book

ROWS = [("PBX", "Name", "Type", "Hostname"), *((pbx, pbx, "register", "a.example") for pbx in ("berlin", "paris"))]


class Stopped:
    """A crew whose tasks end when they are stopped; `done` are done by themselves once another was stopped."""

    def __init__(self, *done: str) -> None:
        self.done, self.tasks, self.stopped = done, dict[str, Task](), list[str | None]()

    def get(self) -> Stopped:
        return self

    def begin(self, task: Task) -> None:
        self.tasks[task["pbx"]] = task

    def events(self, timeout: float) -> list[Event]:
        assert timeout < 2, "a window that closes would be noticed late"
        codes = {**{pbx: 130 for pbx in self.stopped if pbx}, **(dict.fromkeys(self.done, 0) if self.stopped else {})}
        return [
            Event(pbx, "answer", empty_answer(self.tasks[pbx], code, "interrupted", "By you.", ""))
            for pbx, code in codes.items()
        ]

    def stop(self, pbx: str | None = None) -> None:
        self.stopped.append(pbx)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    settings = Settings(workbook=write_book(tmp_path / "book.xlsx", ROWS), practice=True)
    return Fleet.of(check(settings), lambda _: settings, Nobody())


def carried_out(fleet: Fleet, crew: Stopped, **closing: timedelta) -> dict[str, Any]:
    fleet.crew = crew  # type: ignore[assignment] # whoever has `get`
    fleet.closing = {pbx: datetime.now(tz=UTC) + later for pbx, later in closing.items()}
    tasks = [{"pbx": pbx, "slug": pbx, "fleet": "F", "command": "apply"} for pbx in fleet.pbxs]
    fleet.carry_out(tasks, "wave 1", keep=False)
    return {name: pbx.answer for name, pbx in fleet.pbxs.items()}


def test_a_pbx_whose_window_closes_is_settled_and_no_other(fleet: Fleet) -> None:
    crew = Stopped("paris")
    answers = carried_out(fleet, crew, berlin=timedelta(), paris=timedelta(hours=1))
    assert crew.stopped == ["berlin"]
    assert (answers["berlin"]["exit_code"], answers["paris"]["exit_code"]) == (5, 0)
    assert answers["berlin"]["error"] == {
        "code": "window-closed",
        "message": "Its window closed before it was done.",
        "hint": "resume goes on when it opens again.",
    }
    assert fleet.attention == [
        "berlin: Its window closed before it was done. What was under way was settled, the rest is not run."
    ]
    assert not fleet.interrupted


def test_one_that_was_done_all_the_same_is_done(fleet: Fleet) -> None:
    answers = carried_out(fleet, Stopped("berlin", "paris"), berlin=-timedelta(hours=1))
    assert {pbx: answer["exit_code"] for pbx, answer in answers.items()} == {"berlin": 0, "paris": 0}
    assert fleet.attention == []
