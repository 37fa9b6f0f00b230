"""Answers that nobody of ours gave, in a run's folder or by a broker: they are known, and stop and mislead nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batch.fleet.broker import AT_WORK, WorkerCrew
from batch.fleet.carrying import carry
from batch.fleet.crew import Event
from batch.fleet.pbxs import _slugs
from batch.fleet.tasks import empty_answer
from batch.runs.fleet_folder import is_answer, is_slug
from batch.runs.serialization import fits, read_problem
from batch.settings import Settings
from tests.brokers import PATIENCE_S, until
from tests.fleet.fleet_bench import AWAY, REFUSED, fleet_bench

ROWS: list[dict[str, Any]] = [
    {"outcomes": {"2": 5}},
    {"outcomes": {"9" * 5000: {}}},
    {"outcomes": {"²": {}}},
    {"outcomes": []},
]
SAID: list[dict[str, Any]] = [
    *ROWS,
    {"error": "x"},
    {"error": {"message": 5}},
    {"problems": [1]},
    {"problems": [{"code": [], "sheet": "x", "message": "", "fix": "", "severity": 5}]},
    {"counts": {"applied": "x"}},
    {"plan": {"changes": [1]}},
    {"verified": {"differ": [1], "match": 0}},
    {"verified": "x"},
    {"attention": [[1]]},
    {"changes": 5},
    {"listed": [{"name": []}]},
    {"started": "yesterday"},
    {"version": None},
    {"command": ["x"]},
    {"differs": 5},
    {"document": {"groups": [1]}},
    {"exit_code": True},
]
TASK = {"fleet": "F", "pbx": "berlin", "command": "apply"}


@pytest.mark.parametrize("said", SAID, ids=str)
def test_what_does_not_fit_is_no_answer(said: dict[str, Any]) -> None:
    good = empty_answer(TASK, 0, "", "", "")
    assert is_answer(good)
    assert not is_answer({**good, **said})


def test_what_cannot_be_compared_or_looked_up_does_not_fit() -> None:
    assert not fits([], {}.__contains__)
    assert not fits("1", (1).__eq__)
    assert read_problem({"code": [], "sheet": "x", "message": "", "fix": "", "severity": None}) is None


@pytest.mark.parametrize("kept", [{"outcomes": {}}, {"problems": [1], "exit_code": 3}, {"attention": 5}], ids=str)
def test_an_answer_in_a_runs_folder_that_is_none_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: dict[str, Any]
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ["berlin"]) as bench:
        assert bench.apply().code == 0
        (bench.runs[-1] / "berlin.answer.json").write_text(json.dumps(kept), encoding="utf-8")
        verified = bench.on_run("verify", "--json")
        assert (verified.code, verified.json["counts"]["applied"]) == (0, 2)


@pytest.mark.parametrize(
    "meta",
    ["x", {}, {"progress": 5}, {"progress": {"done": "x"}}, {"progress": {"done": 1, "of": 2, "failed": 0}}],
    ids=str,
)
def test_progress_of_any_kind_keeps_nobody_from_hearing_the_answer(tmp_path: Path, meta: Any) -> None:
    part = tmp_path / "berlin.xlsx"
    part.write_bytes(b"part")
    crew = WorkerCrew(f"filesystem://{tmp_path / 'broker'}", {"berlin": "north"}, 30)
    try:
        crew.begin({**TASK, "own": {"part": str(part)}})
        until(lambda: crew._sent)  # noqa: SLF001 - the id of the message
        sent, backend = crew._sent["berlin"], crew._app.backend  # noqa: SLF001
        backend.store_result(sent.id, before := {"progress": {"done": 0, "of": 2, "failed": 0}}, AT_WORK)
        until(lambda: sent.meta == before)
        backend.store_result(sent.id, meta, AT_WORK)
        until(lambda: sent.meta == meta)
        backend.store_result(sent.id, empty_answer(TASK, 0, "", "", ""), "SUCCESS")
        heard: list[Event] = []
        while "answer" not in [event.kind for event in heard]:
            events = crew.events(PATIENCE_S)
            assert events, heard
            heard += events
        assert all(fits(event.said["done"], int) for event in heard if event.kind == "progress")
    finally:
        crew.close()


@pytest.mark.parametrize("slug", ["..", "fleet.json", "paris", "Paris", "a\0b", "a/b", "a" * 300, ""])
def test_a_run_whose_folder_names_a_place_that_is_not_its_own_is_not_gone_on_with_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slug: str
) -> None:
    with fleet_bench(tmp_path, monkeypatch, ["berlin", "paris"]) as bench:
        assert bench.apply("--only-pbx", "paris").code == 0
        facts = json.loads((bench.runs[-1] / "fleet.json").read_text(encoding="utf-8"))
        facts["pbxs"][0]["slug"] = slug
        (bench.runs[-1] / "fleet.json").write_text(json.dumps(facts), encoding="utf-8")
        there = sorted(tmp_path.rglob("*"))
        resumed = bench.on_run("resume", "--yes", "--only-pbx", "berlin")
        assert (resumed.code, sorted(tmp_path.rglob("*"))) == (2, there)
        assert "fleet.json cannot be read" in resumed.err


def test_what_lies_where_a_run_never_began_is_not_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_bench(tmp_path, monkeypatch, ["berlin", "paris"], faults={"paris": [REFUSED]}) as bench:
        assert bench.apply(*AWAY).code == 5
        kept = bench.runs[-1] / "paris" / "letters" / "dear.txt"
        kept.parent.mkdir(parents=True)
        kept.write_text("Dear", encoding="utf-8")
        bench.on_run("resume", "--yes", *AWAY)
        assert kept.read_text(encoding="utf-8") == "Dear"


def test_whatever_a_run_that_was_killed_before_it_began_leaves_does_not_stand_in_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = ["input.xlsx", "columns.toml", "log.jsonl", "lock", "lock.json", "journal.sqlite", "journal.sqlite-journal"]
    left += [f"{name}{more}" for name in ("snapshot.jsonl", "census.json") for more in ("", ".new")]
    with fleet_bench(tmp_path, monkeypatch, ["berlin", "paris"], away=["paris"]) as bench:
        assert bench.apply(*AWAY).code == 5
        paris = bench.runs[-1] / "paris"
        paris.mkdir()
        for name in left:
            (paris / name).touch()
        bench.return_to("paris")
        assert bench.on_run("resume", "--yes", *AWAY).code == 0
        assert bench.writes() == {"berlin": 2, "paris": 2}


def test_no_pbx_is_called_in_paths_as_a_file_of_the_run_is() -> None:
    names = ["berlin", "berlin.xlsx", "Berlin", "fleet.json", "lock", "NUL", f"{'a' * 59}.b", "..", "https://192.0.2.1"]
    slugs = [*_slugs(names).values()]
    assert len({slug.casefold() for slug in slugs}) == len(names)
    assert all(map(is_slug, slugs))
    assert not {"lock", "nul"} & {slug.casefold() for slug in slugs}


def test_a_task_with_a_setting_that_cannot_be_is_answered_with_what_it_may_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own: dict[str, Any] = {"folder": str(tmp_path), "part": str(tmp_path / "p.xlsx"), "workbook": "w.xlsx"}
    own["settings"] = Settings(workbook=tmp_path / "w.xlsx")
    task = {**TASK, "slug": "berlin", "settings": {"rate": -1}, "own": own}
    answer = carry(task, lambda _: None)
    assert is_answer(answer)
    assert (answer["exit_code"], answer["error"]["hint"]) == (2, "Give another number.")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "kept",
    ["garbage", "[]", "{}", "5", '{"status": ["x"], "result": 5}', '{"status": "FAILURE", "result": 5}',
     '{"status": "FAILURE", "result": {"exc_type": "system", "exc_module": "os", "exc_message": ["exit 1"]}}'],
)  # fmt: skip
def test_a_result_that_cannot_be_read_is_as_if_nothing_was_heard(tmp_path: Path, kept: str) -> None:
    part = tmp_path / "berlin.xlsx"
    part.write_bytes(b"part")
    crew = WorkerCrew(f"filesystem://{tmp_path / 'broker'}", {"berlin": "north"}, 0.5)
    try:
        crew.begin({**TASK, "own": {"part": str(part)}})
        until(lambda: crew._sent)  # noqa: SLF001 - the id of the message
        backend = crew._app.backend  # noqa: SLF001
        backend.set(backend.get_key_for_task(crew._sent["berlin"].id), kept.encode())  # noqa: SLF001
        assert [event.kind for event in crew.events(PATIENCE_S)] == ["lost"]
    finally:
        crew.close()
