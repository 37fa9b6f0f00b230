"""A crew of processes on this machine: each task has one end, whatever becomes of the process or of who leads it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from batch.fleet.crew import Event, LocalCrew
from tests.fleet.doubles import task

CARRY: Final = "tests.fleet.doubles:carry"
PATIENCE_S: Final = 20
ROOT: Final = Path(__file__).parents[2]
STARTED: Final = pytest.mark.parametrize("spawn", [False, True], ids=["usual", "spawn"])


@contextmanager
def crew_of(at_a_time: int, *, spawn: bool = False) -> Iterator[LocalCrew]:
    with contextlib.closing(LocalCrew(at_a_time, CARRY, spawn=spawn)) as crew:
        yield crew


def heard_until(crew: LocalCrew, ends: int, kind: str = "") -> list[Event]:
    """Hear so many ends of tasks, or events of one kind."""
    found: list[Event] = []
    until = time.monotonic() + PATIENCE_S
    while sum(event.kind == kind if kind else event.kind != "progress" for event in found) < ends:
        assert time.monotonic() < until, found
        found += crew.events(1)
    return found


def answers(crew: LocalCrew, ends: int) -> dict[str, dict[str, Any]]:
    return {event.pbx: event.said for event in heard_until(crew, ends) if event.kind == "answer"}


@STARTED
def test_tasks_are_carried_out_in_their_order_by_one_process_after_the_other(*, spawn: bool) -> None:
    with crew_of(1, spawn=spawn) as crew:
        for pbx in "abcde":
            crew.begin(task(pbx))
        found = heard_until(crew, 5)
    assert [event.pbx for event in found] == [*"abcde"]
    assert {event.kind for event in found} == {"answer"}
    assert len({event.said["process"] for event in found}) == 1


def test_no_more_are_at_work_than_were_allowed_and_all_of_these_are(tmp_path: Path) -> None:
    with crew_of(3) as crew:
        for number in range(12):
            crew.begin(task(str(number), "count", folder=str(tmp_path)))
        found = answers(crew, 12)
    assert len(found) == 12
    assert max(said["beside"] for said in found.values()) <= 3
    assert 1 < len({said["process"] for said in found.values()}) <= 3


def test_progress_comes_before_the_answer() -> None:
    with crew_of(2) as crew:
        crew.begin(task("berlin", "tell"))
        found = heard_until(crew, 1)
    assert [(event.pbx, event.kind, event.said.get("done")) for event in found] == [
        ("berlin", "progress", 0),
        ("berlin", "progress", 1),
        ("berlin", "progress", 2),
        ("berlin", "answer", None),
    ]


def test_nothing_is_waited_for_longer_than_asked() -> None:
    with crew_of(1) as crew:
        began = time.monotonic()
        assert crew.events(0.05) == []
        assert time.monotonic() - began < 5


def test_a_task_is_carried_out_in_a_main_thread_with_our_environment_and_nothing_to_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with crew_of(1) as crew:
        crew.begin(task("first"))
        heard_until(crew, 1)
    monkeypatch.setenv("TRUNK_BATCH_SEEN", "after the first process of all was there")
    with crew_of(1) as crew:
        crew.begin(task("berlin", "see"))
        said = answers(crew, 1)["berlin"]
    assert said["in_main_thread"] is True
    assert said["variable"] == "after the first process of all was there"
    assert said["input"] == ""


def test_a_fault_of_ours_is_an_answer_without_its_values_and_the_next_task_is_done() -> None:
    with crew_of(1) as crew:
        crew.begin(task("faulty", "raise", secret="hunter2"))
        crew.begin(task("next"))
        found = answers(crew, 2)
    assert found["faulty"]["exit_code"] == 1
    assert found["faulty"]["error"]["code"] == "crash"
    assert "hunter2" not in str(found["faulty"])
    assert found["next"]["exit_code"] == 0


@STARTED
def test_a_task_whose_process_is_killed_is_lost_and_the_next_is_done(*, spawn: bool) -> None:
    with crew_of(1, spawn=spawn) as crew:
        crew.begin(task("dying", "die"))
        crew.begin(task("next"))
        found = heard_until(crew, 2)
    assert [(event.pbx, event.kind) for event in found] == [("dying", "lost"), ("next", "answer")]
    assert found[0].said == {"message": "Its process was killed by signal 9 before it could answer."}


def test_what_cannot_even_be_loaded_loses_its_tasks_and_comes_to_an_end() -> None:
    with contextlib.closing(LocalCrew(2, "tests.fleet.doubles:missing")) as crew:
        for pbx in "abc":
            crew.begin(task(pbx))
        found = heard_until(crew, 3)
    assert sorted((event.pbx, event.kind) for event in found) == [("a", "lost"), ("b", "lost"), ("c", "lost")]


@STARTED
def test_a_stop_has_all_settle_and_answer_also_who_has_not_begun(*, spawn: bool) -> None:
    with crew_of(2, spawn=spawn) as crew:
        for pbx in "abc":
            crew.begin(task(pbx, "wait"))
        heard_until(crew, 2, "progress")
        crew.stop()
        found = answers(crew, 3)
    assert {pbx: said["exit_code"] for pbx, said in found.items()} == {"a": 130, "b": 130, "c": 130}
    assert [found[pbx].get("settled") for pbx in "abc"] == [True, True, None]


def test_a_second_stop_changes_nothing() -> None:
    with crew_of(1) as crew:
        crew.begin(task("berlin", "wait"))
        heard_until(crew, 1, "progress")
        for _ in range(5):
            crew.stop()
        found = heard_until(crew, 1)
        crew.stop()
        assert all(event in found for event in crew.events(0.2))
    assert [event.said["settled"] for event in found if event.kind == "answer"] == [True]


def test_a_stop_of_one_lets_the_others_go_on_and_tasks_that_come_later_are_done() -> None:
    with crew_of(2) as crew:
        crew.begin(task("berlin", "wait"))
        crew.begin(task("paris", "wait"))
        heard_until(crew, 2, "progress")
        crew.stop("berlin")
        assert answers(crew, 1)["berlin"]["settled"] is True
        crew.begin(task("rome"))
        assert answers(crew, 1)["rome"]["exit_code"] == 0
        crew.stop("paris")  # which hands over Rome's answer again
        assert answers(crew, 2)["paris"]["settled"] is True


def test_what_a_ctrl_c_may_have_cut_off_is_handed_over_again_after_the_stop() -> None:
    with crew_of(1) as crew:
        crew.begin(task("berlin"))
        found = heard_until(crew, 1)
        crew.stop()
        assert crew.events(0) == found
        assert crew.events(0) == []


def test_an_answer_that_is_there_is_not_lost_to_a_stop() -> None:
    """Many that end at all moments around it: each has one end, and what was carried out says so."""
    with crew_of(4) as crew:
        for number in range(200):
            crew.begin(task(str(number)))
        found = heard_until(crew, 20)
        crew.stop()
        said = {event.pbx: event for event in found} | {event.pbx: event for event in heard_until(crew, 180)}
        while len(said) < 200:
            said |= {event.pbx: event for event in crew.events(1)}
    assert {event.kind for event in said.values()} == {"answer"}
    assert {event.said["exit_code"] for event in said.values()} <= {0, 130}


_LEADER: Final = """
import sys
print("led", flush=True)
from batch.fleet.crew import LocalCrew
from tests.fleet.doubles import task
crew = LocalCrew(2, "tests.fleet.doubles:carry")
for pbx in ("berlin", "paris"):
    crew.begin(task(pbx, "paper", folder=sys.argv[1]))
while True:
    try:
        for event in crew.events(60):
            print(event.kind, event.said.get("process", event.said.get("exit_code")), flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@contextmanager
def leader(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A program with a crew of two at work, in a group of its own like that of a terminal."""
    script = folder.parent / "leader.py"
    script.write_text(_LEADER)
    command = [sys.executable, str(script), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(  # noqa: S603 - a program of our own
        command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as program:
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == "led\n"
            yield program, [int(program.stdout.readline().split()[1]) for _ in range(2)]
        finally:
            program.kill()


def ended(process: int) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "settled").mkdir()
    return tmp_path / "settled"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_who_leads_is_killed_and_the_processes_settle_and_end_by_themselves(folder: Path) -> None:
    with leader(folder) as (program, processes):
        program.kill()
        program.wait()
        assert all(ended(process) for process in processes)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"berlin": "settled", "paris": "settled"}


def test_the_program_that_leads_is_not_run_once_more_in_each_process(folder: Path) -> None:
    """One that does not look whether it is the one that was started would do all of its work again."""
    with leader(folder) as (program, _):
        program.kill()
        assert program.stdout is not None
        assert "led" not in program.stdout.read()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_of_a_terminal_reaches_who_leads_and_no_process_of_the_crew(folder: Path) -> None:
    with leader(folder) as (program, processes):
        assert program.stdout is not None
        os.killpg(program.pid, signal.SIGINT)
        assert program.stdout.readline() == "interrupted\n"
        time.sleep(0.2)
        assert [*folder.iterdir()] == []
        for process in processes:
            os.kill(process, 0)


def test_where_no_process_can_be_started_tasks_are_lost_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(24, "Too many open files")

    with crew_of(2) as crew:
        monkeypatch.setattr("batch.fleet.crew.multiprocessing.Pipe", refuse)
        for pbx in "ab":
            crew.begin(task(pbx))
        lost = heard_until(crew, 2)
        monkeypatch.undo()
        crew.begin(task("c"))
        assert [*answers(crew, 1)] == ["c"]
    assert [(event.pbx, event.kind, event.said["message"]) for event in lost] == [
        (pbx, "lost", "No process could be started for it: Too many open files.") for pbx in "ab"
    ]
