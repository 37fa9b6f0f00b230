"""Workers near the PBXs, as they really are: `trunk-batch worker` in processes, a real Redis, real folders."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from batch.fleet.broker import TASK, WorkerCrew, make_app, queue_of
from batch.fleet.crew import Event
from batch.fleet.tasks import Task, travelling
from tests.brokers import PATIENCE_S, Redis, until, unwrapped
from tests.fleet.night import FAST, NEW, PASSWORD, Night, night, task_for
from tests.fleet.test_crew import heard_until
from tests.flows.shell import CLIENT_SECRET

SILENT_S: Final = 60.0
WITH_REDIS: Final = pytest.mark.redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=[pytest.param("redis", marks=WITH_REDIS), "filesystem"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "redis":
        return str(request.getfixturevalue("redis").url)
    return f"filesystem://{tmp_path}/broker"


@contextmanager
def crew_of(told: Night, silent_after: float = SILENT_S, tell: Callable[[str], None] | None = None) -> Iterator[Any]:
    sites = dict.fromkeys([*told.pbxs, "paris"], "north")
    with closing(WorkerCrew(told.broker, sites, silent_after, tell)) as crew:
        yield crew


def answer_to(told: Night, task: Task) -> dict[str, Any]:
    with crew_of(told) as crew:
        crew.begin(task)
        (end,) = (event for event in heard_until(crew, 1) if event.kind != "progress")
    assert end.kind == "answer", end
    return end.said


def send(told: Night, message: dict[str, Any], name: str = TASK) -> None:
    with closing(make_app(told.broker)) as app:
        app.send_task(name, kwargs=message, queue=queue_of("north"))


def test_a_workbook_of_many_pbxs_is_written_by_workers(tmp_path: Path, broker: str) -> None:
    with night(tmp_path, broker) as told, told.worker() as process:
        ran = told.run("apply", None, *FAST)
        assert ran.code == 0, ran.said + process.said
        assert told.hosts() == {NEW}
        assert set(told.writes().values()) == {1}
        assert told.run("verify", told.fleet_run).code == 0
        assert told.run("undo", told.fleet_run, *FAST).code == 0
        assert told.hosts() == {"old.example"}


def test_two_runs_in_folders_of_one_name_are_two_for_a_worker_too(tmp_path: Path) -> None:
    with night(tmp_path, f"filesystem://{tmp_path}/broker", pbxs=1) as told, told.worker():
        for number, folder in enumerate(("a", "b"), 1):
            (tmp_path / folder).mkdir()
            ran = told.run("apply", None, *FAST, "--run-dir", tmp_path / folder / "night (1)")
            assert ran.code == 0, ran.said
            assert set(told.writes().values()) == {number}
            for trunk in told.pbxs["berlin0"].state.trunks.values():
                trunk["hostname"] = "old.example"


@WITH_REDIS
def test_no_secret_is_ever_in_the_broker_or_in_what_a_worker_says(tmp_path: Path, redis: Redis) -> None:
    with (
        redis.monitored() as heard,
        night(tmp_path, redis.url, password="env:SIP_NORTH") as told,
        told.worker("--verbose") as process,
    ):
        ran = told.run("apply", None, *FAST)
        assert ran.code == 0, ran.said + process.said
        assert {trunk["password"] for pbx in told.pbxs.values() for trunk in pbx.state.trunks.values()} == {PASSWORD}
        said = process.said.encode()
    told_to_broker = unwrapped(b"".join(heard).replace(b"\\", b""))
    assert b"env:SIP_NORTH" in told_to_broker  # it is looked into deep enough
    for secret in (CLIENT_SECRET, PASSWORD, "Sample-old-1"):
        assert secret.encode() not in told_to_broker
        assert secret.encode() not in said
    assert b"access_token" not in told_to_broker + said


def test_a_password_in_a_cell_is_a_problem_and_nothing_is_sent(tmp_path: Path) -> None:
    with night(tmp_path, f"filesystem://{tmp_path}/broker", password="Sample-typed-pw") as told:
        ran = told.run("apply", None, *FAST)
        assert ran.code == 3
        assert "Sample-typed-pw" not in ran.said
    assert not any(b"Sample-typed-pw" in path.read_bytes() for path in tmp_path.glob("broker/**/*") if path.is_file())


@WITH_REDIS
def test_a_message_that_comes_twice_is_carried_out_once_and_answered_from_the_journal(
    tmp_path: Path, redis: Redis
) -> None:
    with night(tmp_path, redis.url, pbxs=1, latency=0.02) as told, told.worker() as process:
        task = task_for(told, "berlin0", "apply")
        send(told, {"task": travelling(task)})
        send(told, {"task": travelling(task)})
        answer = answer_to(told, task)  # the third, while the first may still be at work
        until(lambda: process.said.count("Ended: berlin0, apply") == 3, lambda: process.said)
        assert answer["exit_code"] == 0
        assert {row: one["ending"] for row, one in answer["outcomes"].items()} == dict.fromkeys("234", "applied")
        assert set(told.writes().values()) == {1}


@WITH_REDIS
def test_what_is_no_message_of_ours_is_dropped_and_the_worker_goes_on(tmp_path: Path, redis: Redis) -> None:
    with night(tmp_path, redis.url, pbxs=1) as told, told.worker() as process:
        good = travelling(task_for(told, "berlin0", "apply"))
        others: list[dict[str, Any]] = [
            {"task": "apply"},
            {"task": {"command": "apply"}},
            {"task": good, "more": 1},
            {"task": {**good, "slug": "../../elsewhere"}},
            {"task": {**good, "fleet": "/tmp"}},
            {"task": {**good, "command": "rm"}},
            {"task": {**good, "workbook": "no base64!"}},
            {"task": {**good, "undoes": ".."}},
            *({"task": {**good, "settings": {name: value}}} for name, value in _MATTERS_OF_TRUST.items()),
        ]
        for message in others:
            send(told, message)
        send(told, {"task": good}, name="os.system")
        until(lambda: process.said.count("Dropped a message") == len(others) + 1, lambda: process.said)
        redis.push("trunk-batch.north", '{"body": "bm90aGluZw==", "headers": {}, "properties": {}}')
        assert answer_to(told, task_for(told, "berlin0", "plan", fleet=""))["exit_code"] == 0
        assert not told.writes()
        assert {path.name for path in told.there.iterdir()} == {"trunk-batch.toml", "runs"}
        assert [*(told.there / "runs").iterdir()] == []


_MATTERS_OF_TRUST: Final = {
    "url": "https://192.0.2.1",
    "secret": "x",
    "secret_file": "/etc/passwd",
    "ca_file": "/tmp/ca.pem",
    "fingerprint": "AA",
    "insecure": True,
    "proxy": "env",
    "secrets_from": ["*"],
    "results": "/tmp/x.xlsx",
    "run_dir": "/tmp",
    "log": "/tmp/log",
    "profile_file": "/tmp/trunk-batch.toml",
}


@WITH_REDIS
def test_a_worker_works_for_its_own_site_by_its_own_profiles_and_for_its_own_version(
    tmp_path: Path, redis: Redis
) -> None:
    with night(tmp_path, redis.url, pbxs=2) as told, told.worker() as process:
        there = told.there / "trunk-batch.toml"
        there.write_text(there.read_text().replace('site = "north"', 'site = "south"', 1))
        with there.open("a") as file:
            file.write('[paris]\nsite = "north"\n')
        cases = {
            "berlin0": "its profile is of site south.",
            "paris": "its profile has no address.",
        }
        for name, why in cases.items():
            answer = answer_to(told, task_for(told, name, "apply"))
            assert (answer["exit_code"], answer["error"]["code"]) == (6, "not-allowed")
            assert answer["error"]["message"] == f"The worker of site north is not allowed to work on {name}: {why}"
        there.write_text(there.read_text().replace("[paris]", "[rome]"))
        assert "There is no profile paris." in answer_to(told, task_for(told, "paris", "apply"))["error"]["message"]
        later = answer_to(told, task_for(told, "berlin1", "apply", format=2, version="9.9", something="new"))
        assert (later["exit_code"], later["error"]["code"]) == (2, "other-version")
        assert "version 9.9 (format 2)" in later["error"]["message"]
        assert "(format 1)" in later["error"]["message"]
        assert answer_to(told, task_for(told, "berlin1", "apply", version="9.9"))["exit_code"] == 0
        assert "Refused berlin0, apply" in process.said
        assert {name for name, _ in told.writes()} == {"berlin1"}


def test_a_stop_has_workers_settle_what_is_on_its_way_and_begin_nothing_else(tmp_path: Path, broker: str) -> None:
    with (
        night(tmp_path, broker, pbxs=2, trunks=30, latency=0.1) as told,
        told.worker("--pbxs", 1),
        crew_of(told) as crew,
    ):
        for name in told.pbxs:
            crew.begin(task_for(told, name, "apply"))
        until(lambda: told.writes().total() > 2)
        crew.stop()
        crew.stop()
        ends = {event.pbx: event for event in heard_until(crew, 2) if event.kind == "answer"}
        assert {name: end.said["exit_code"] for name, end in ends.items()} == dict.fromkeys(told.pbxs, 130)
        written = {name for name, _ in told.writes()}
        assert len(written) == 1
        (name,) = written
        endings = [one["ending"] for one in ends[name].said["outcomes"].values()]
        assert endings.count("applied") == told.writes().total() < 30


@WITH_REDIS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_leave_settles_answers_and_ends_well(
    tmp_path: Path, redis: Redis, number: signal.Signals
) -> None:
    with (
        night(tmp_path, redis.url, pbxs=1, trunks=30, latency=0.1) as told,
        told.worker() as process,
        crew_of(told) as crew,
    ):
        crew.begin(task_for(told, "berlin0", "apply"))
        until(lambda: told.writes().total() > 2)
        process.send_signal(number)
        (end,) = (event for event in heard_until(crew, 1) if event.kind == "answer")
        assert end.said["exit_code"] == 130
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0


@WITH_REDIS
def test_a_worker_that_is_killed_loses_its_task_which_resume_ends_without_writing_twice(
    tmp_path: Path, redis: Redis
) -> None:
    with night(tmp_path, redis.url, pbxs=1, trunks=30, latency=0.1) as told:
        with told.worker() as process, crew_of(told, silent_after=5) as crew:
            crew.begin(task_for(told, "berlin0", "apply"))
            until(lambda: told.writes().total() > 2)
            process.kill()
            (end,) = (event for event in heard_until(crew, 1) if event.kind != "progress")
        assert end == Event("berlin0", "lost", {"message": "Nothing was heard of it for 5 seconds."})
        sent = told.writes().total()
        assert sent < 30
        with told.worker():
            answer = answer_to(told, task_for(told, "berlin0", "resume"))
        assert answer["exit_code"] == 0
        assert len(answer["outcomes"]) == 30
        assert told.hosts() == {NEW}
        assert told.writes().total() <= 30 + 4  # what was in flight when it had to settle


@WITH_REDIS
def test_a_task_that_nobody_waits_for_any_more_is_not_begun(tmp_path: Path, redis: Redis) -> None:
    with night(tmp_path, redis.url, pbxs=1) as told:
        with crew_of(told, silent_after=0.5) as crew:
            crew.begin(task_for(told, "berlin0", "apply"))
            (end,) = heard_until(crew, 1)
            assert end.kind == "lost"
        with told.worker() as process:
            assert answer_to(told, task_for(told, "berlin0", "plan", fleet=""))["exit_code"] == 0
            assert "berlin0, apply" not in process.said
        assert not told.writes()


@WITH_REDIS
def test_a_broker_that_is_killed_and_comes_back_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    redis = Redis(tmp_path / "redis")
    redis.start()
    said: list[str] = []
    try:
        with (
            night(tmp_path, redis.url, pbxs=3, trunks=10, latency=0.05) as told,
            told.worker("--pbxs", 2) as process,
            crew_of(told, tell=said.append) as crew,
        ):
            for name in told.pbxs:
                crew.begin(task_for(told, name, "apply"))
            until(lambda: told.writes().total() > 2)
            redis.kill()
            until(lambda: said, process.said.__str__)
            redis.start()
            ends = [event for event in heard_until(crew, 3) if event.kind != "progress"]
            assert {(end.kind, end.said.get("exit_code")) for end in ends} == {("answer", 0)}
            assert told.hosts() == {NEW}
            assert set(told.writes().values()) == {1}
            name = f"redis://127.0.0.1:{redis.port}/0"
            assert said == [f"The broker {name} is away; waiting for it.", f"The broker {name} is there again."]
            assert f"The broker {name} is there again." in process.said
            # and the worker is not silent afterwards
            crew.begin(task_for(told, "berlin0", "plan", fleet=""))
            assert heard_until(crew, 1)[-1].said["exit_code"] == 0
    finally:
        redis.kill()
