"""Stopped at any record of its journal, a run that is gone on with ends as planned: the crash test's exact twin."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from batch.commands.flow import Report, apply, resume
from batch.errors import UsageError
from batch.practice.faults import Faults
from batch.practice.server import RunningPbx, running
from batch.reports.json_shapes import report_json
from batch.secrets import Secret
from batch.settings import Settings
from tests.flows.crash_stories import Part, Story, dids, seen
from tests.flows.crashes import most_noted, must_have_ended, run_folders, sent_by
from tests.flows.deaths import Died, Fate, When, dying, files_of
from tests.flows.shell import CLIENT_SECRET, Json, register

_MOST_RECORDS = 90


def story() -> Story:
    """Tell of each way in which a trunk may go: fields, lists, a refusal, a second try, nothing to do, skipped."""
    host: Json = {"hostname": "new.example"}
    new = (("442079470101", "Main"), ("442079470102", ""))
    no = {"call": "trunk/update", "match": {"id": 3}, "do": "errcode", "errcode": 40002, "times": "always"}
    return Story(
        name="every record",
        parts=[
            Part(live=register(1, "T1"), cells={"Name": "T1", "Hostname": "new.example"}, wanted=host),
            Part(
                live=register(2, "T2", "442079460102"),
                cells={"Name": "T2", "DIDs mode": "replace"},
                dids=new,
                wanted={"did_list": dids(*new)},
            ),
            Part(live=register(3, "T3"), cells={"Name": "T3", "Port": "5071"}, ending="refused"),
            Part(live=register(4, "T4"), cells={"Name": "T4", "Hostname": "new.example"}, wanted=host),
            Part(live=register(5, "T5"), cells={"Name": "T5", "Port": "5060"}, ending="unchanged"),
            Part(live=register(6, "T6"), cells={"Name": "T6", "Port": "1", "Action": "skip"}, ending="skipped"),
            Part(live=register(7, "Bystander")),
        ],
        faults=[no],
    )


def settings(book: Path, served: RunningPbx, workers: int) -> Settings:
    return Settings(
        workbook=book,
        url=served.url,
        client_id="practice",
        secret=Secret(CLIENT_SECRET),
        allow=("did-orphaned", "size"),
        settle_wait=0,
        rate=10_000,
        concurrency=workers,
    )


def writes(served: RunningPbx) -> Counter[int]:
    return Counter(int(request.body["id"]) for request in served.requests if request.call == "trunk/update")


def _began(run: Path) -> bool:
    with closing(sqlite3.connect(run / "journal.sqlite")) as journal:
        return bool(journal.execute("SELECT count(*) FROM facts").fetchone()[0])


def go_on(book: Path, served: RunningPbx, workers: int) -> Report:
    """Go on with the run, or apply anew what never began."""
    for run in run_folders(book):
        if not _began(run):
            with pytest.raises(UsageError, match="never began"):
                resume(run, secret=Secret(CLIENT_SECRET))
            assert not writes(served)
            continue
        done = resume(run, secret=Secret(CLIENT_SECRET))
        assert isinstance(done, Report)
        return done
    done = apply(settings(book, served, workers))
    assert isinstance(done, Report)
    return done


def outlive(fate: Fate, folder: Path, served: RunningPbx, workers: int) -> None:
    """Die when it is fated, and go on."""
    told = story()
    folder.mkdir()
    book = told.write(folder)
    served.state.trunks.update(told.state().trunks)
    served.requests.clear()
    tokens = served.count_valid_tokens()
    with dying(fate):
        try:
            apply(settings(book, served, workers))
        except Died:
            (run,) = run_folders(book)
            assert files_of(run) == fate.left, "something was written after the end"
    in_flight = sent_by(run_folders(book)[0], in_flight=True)
    assert in_flight.total() <= most_noted(workers)
    report = go_on(book, served, workers)
    assert seen(served.state) == told.wanted()
    must_have_ended(told, report_json(report))
    assert report.exit_code == told.exit_code
    arrived = writes(served)
    assert arrived.keys() == told.written
    assert arrived - Counter(told.written) <= in_flight, "sent again, though its answer had been written down"
    assert served.count_valid_tokens() - tokens <= 1, "only what died keeps its token"


@pytest.mark.parametrize(
    ("when", "workers"),
    [
        (When.RIGHT_BEFORE, 1),
        (When.RIGHT_AFTER, 3),
        pytest.param(When.RIGHT_AFTER, 1, marks=pytest.mark.nightly),
        pytest.param(When.RIGHT_BEFORE, 3, marks=pytest.mark.nightly),
    ],
)
def test_stopped_at_any_record_a_run_that_is_gone_on_with_ends_as_planned(
    when: When, workers: int, tmp_path: Path
) -> None:
    with running(story().state(max_tokens=200), faults=Faults.from_json(list(story().faults))) as served:
        for number in range(1, _MOST_RECORDS):
            fate = Fate(at=number, when=when)
            try:
                outlive(fate, tmp_path / str(number), served, workers)
            except Exception as error:
                error.add_note(f"Stopped {when.value} record {number}.")
                raise
            if number % 10:
                shutil.rmtree(tmp_path / str(number))  # else each of its workbooks is looked at when all is over
            if not fate.died:
                assert number > 12, "a run has more records than that"
                return
    raise AssertionError("there is no end to the records")
