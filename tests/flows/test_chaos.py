"""Whatever a PBX answers: all ends as planned, or it is said truthfully that it does not. Only pauses are shortened."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings

from batch.commands.flow import Report, apply, resume
from batch.errors import PbxError
from batch.practice.server import RunningPbx, running
from batch.runs import retries
from batch.runs.outcomes import Ending, Outcome
from batch.secrets import Secret
from batch.settings import Settings
from tests.flows.chaos import MINE, NIGHTS, OK, TIMEOUT_S, WORDS, WRITES, Night, Script
from tests.flows.crash_stories import Part, Story, dids
from tests.flows.shell import CLIENT_SECRET, Json, register

_SLACK_S = 0.1
"""What a request may take from its start to the PBX, on a busy machine."""


@pytest.fixture(autouse=True, scope="module")
def _hardly_any_pauses() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retries, "FIRST_PAUSE", 0.02)
        yield


def story(trunks: int) -> Story:
    """Set fields and a list of each trunk, and its password."""
    parts = []
    for n in range(1, trunks + 1):
        new = ((f"44207947{n:02}01", "Main"), (f"44207947{n:02}00", ""))
        fields: Json = {"hostname": f"new{n}.example", "port": 5071, "password": f"Sample-new-{n}"}
        parts.append(
            Part(
                live=register(n, f"T{n}", f"44207946{n:02}00", domain="old.example"),
                cells={
                    "Name": f"T{n}",
                    "Hostname": fields["hostname"],
                    "Port": "5071",
                    "Password": fields["password"],
                    "DIDs mode": "replace",
                },
                dids=new,
                wanted={**fields, "did_list": dids(*new)},
            )
        )
    return Story(name="chaos", parts=parts)


def holds(served: RunningPbx, part: Part, values: Mapping[str, object]) -> bool:
    """Tell whether the PBX holds these values, in all that the workbook names."""
    return all(served.state.trunks[part.id].get(name) == values.get(name) for name in part.wanted)


def must_be_true(outcome: Outcome, report: Report, part: Part, served: RunningPbx, script: Script) -> None:
    """What an ending says is so, unless somebody changed it after the tool had looked."""
    edited = part.id in script.trunks("edit of ours")
    late = part.id in script.trunks("effect after the time-out")
    new, old = holds(served, part, part.wanted), holds(served, part, part.live)
    about = (outcome, script.said)
    match outcome.ending:
        case Ending.APPLIED | Ending.UNCHANGED:
            assert new or edited, about
        case Ending.FAILED | Ending.REFUSED:
            assert old or edited or late, about
            assert outcome.attempts >= 1
        case Ending.NOT_RUN:
            assert old or edited, about
            assert outcome.note
        case Ending.PARTIAL:
            assert not new or edited or late, about
            assert outcome.difference
        case Ending.UNKNOWN:
            assert report.lost is not None, about
        case _:
            raise AssertionError(outcome.ending)


def must_all_be_true(report: Report, told: Story, served: RunningPbx, script: Script) -> None:
    parts = {part.called: part for part in told.parts}
    assert sorted(outcome.name for outcome in report.outcomes.values()) == sorted(parts)
    assert report.endings.total() == {
        ending: 3 * [str(o.ending) for o in report.outcomes.values()].count(ending) for ending in report.endings.total()
    }
    for outcome in report.outcomes.values():
        must_be_true(outcome, report, parts[outcome.name], served, script)


def must_keep_limits(night: Night, served: RunningPbx, script: Script, first: int) -> None:
    """Hold one command's requests, from this one on, against rate and concurrency."""
    starts = [request.started for request in served.requests[first:]]
    for place, start in enumerate(starts):
        window = sum(start <= other < start + 1 - _SLACK_S for other in starts[place:])
        assert window <= night.rate + 1, "more in a second than the rate"
    for request in served.requests[first:]:
        # a request that was hung up on is still open at the PBX, and long over for us
        assert request.open_requests <= night.workers + script.count("time-out")
    assert max(script.tokens) <= 8


def must_give_tokens_back(report: Report, served: RunningPbx) -> None:
    """No token is left but those whose grant or end was not clear."""
    query = "SELECT count(*) FROM requests WHERE call LIKE '%_token' AND (errcode IS NULL OR errcode NOT IN (0, 60002))"
    with closing(sqlite3.connect(report.folder.path / "journal.sqlite")) as journal:
        (unclear,) = journal.execute(query).fetchone()
    assert served.count_valid_tokens() == 0 or unclear


def go_through(night: Night, folder: Path) -> list[str]:
    """Apply on a bad night, and go on once it is over; returns the endings of the bad night."""
    told, script = story(night.trunks), Script(night=night)
    book = told.write(folder)
    with running(told.state(), faults=script) as served:
        script.count_tokens = served.count_valid_tokens
        how = Settings(
            workbook=book,
            url=served.url,
            client_id="practice",
            secret=Secret(CLIENT_SECRET),
            allow=("did-orphaned", "did-doubled", "size"),
            settle_wait=0,
            timeout=TIMEOUT_S,
            rate=night.rate,
            concurrency=night.workers,
            attempts=night.attempts,
            give_up_after=night.give_up_after,
        )
        report = invocation(partial(apply, how), night, served, script)
        endings = [str(outcome.ending) for outcome in report.outcomes.values()] if report else ["no run"]
        if report is None:
            assert "trunk/update" not in [request.call for request in served.requests]
        else:
            must_all_be_true(report, told, served, script)
            must_give_tokens_back(report, served)
        script.healed = True
        while report is not None and report.unfinished:
            before = report.endings.total()
            again = partial(resume, report.folder.path, yes=True, secret=Secret(CLIENT_SECRET))
            report = invocation(again, night, served, script)
            assert report is not None
            must_all_be_true(report, told, served, script)
            assert report.endings.total() != before, "going on changes nothing"
        for outcome in report.outcomes.values() if report else ():
            assert outcome.ending in {Ending.APPLIED, Ending.UNCHANGED, Ending.REFUSED, Ending.PARTIAL}
        last = invocation(partial(apply, how), night, served, script)
        assert last is not None
        assert last.exit_code == 0
        for part in told.parts:
            assert holds(served, part, part.wanted)
            edited = part.id in script.trunks("edit of theirs")
            assert served.state.trunks[part.id]["domain"] == (MINE["domain"] if edited else "old.example")
    return endings


def invocation(command: Callable[[], object], night: Night, served: RunningPbx, script: Script) -> Report | None:
    """Carry out one command; None where the PBX could not be used at all."""
    first = len(served.requests)
    try:
        report = command()
    except PbxError:
        return None
    finally:
        must_keep_limits(night, served, script, first)
    assert isinstance(report, Report)
    return report


HOW = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def patient(trunks: int, words: Mapping[str, Sequence[str]]) -> Night:
    return Night(trunks=trunks, words=words, workers=2, attempts=3, rate=10_000, give_up_after=1)


@pytest.mark.parametrize("first", range(0, len(WRITES), 8))
def test_each_thing_that_can_go_wrong_with_a_write_ends_truthfully(first: int, tmp_path: Path) -> None:
    words = sorted(WRITES, key=lambda word: (word == "10005", word))[first : first + 8]  # which stops all that follow
    go_through(patient(len(words), {"trunk/update": words}), tmp_path)


@pytest.mark.parametrize("call", ["trunk/query", "trunk/list", "get_token"])
def test_each_thing_that_can_go_wrong_with_a_read_or_a_sign_in_ends_truthfully(call: str, tmp_path: Path) -> None:
    words = [both for word in sorted(WORDS[call]) for both in (OK, word)]
    go_through(patient(6, {call: words}), tmp_path)


@settings(HOW, max_examples=8, phases=[Phase.generate])  # to find the least night would take minutes
@given(night=NIGHTS)
def test_all_ends_as_planned_or_says_truthfully_that_it_does_not(night: Night) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for ending in go_through(night, Path(folder)):
            event(ending)


@pytest.mark.nightly
@pytest.mark.timeout(10_800)
@settings(HOW, max_examples=1_500)
@given(night=NIGHTS)
def test_no_script_of_replies_makes_an_ending_untrue(night: Night) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for ending in go_through(night, Path(folder)):
            event(ending)
