"""A PBX that goes away in the midst of it: one place to wait, one thread that asks for it, and an end to that too."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from batch.errors import PbxError, PbxUnreachable, SignInRefused
from batch.pbx import messages
from batch.pbx.messages import NotSent
from batch.pbx.throttle import Stopped
from batch.runs.outcomes import Ending
from batch.runs.retries import FAILURES_TO_OPEN, Policy, pause_after
from batch.runs.retrying_client import RetryingClient
from batch.runs.trunk_writer import CHANGED_SINCE, FRESH_S
from batch.trunks.change_plan import Change
from tests.runs.fakes import FakePbx, Run, changes, connected, running, trunk, until

OPENED = "The PBX does not answer (connection refused). Waiting for it, up to 300 s (--give-up-after)."


def many(pbx: FakePbx, count: int) -> list[Change]:
    pbx.add(*(trunk(number) for number in range(1, count + 1)))
    return changes(pbx, "Trunk ID|Hostname", *(f"{number}|new.example" for number in range(1, count + 1)))


def away(pbx: FakePbx, seconds: float, word: str = "down", after: float = 0.0) -> None:
    """Let the PBX go away for so long."""
    start = pbx.time.seconds + after
    pbx.outages.append((start, start + seconds, word))


def is_probe(request: httpx.Request) -> bool:
    return str(request.url.params.get("page_size")) == "1"


def at(pbx: FakePbx) -> int:
    return len(pbx.requests)


@pytest.mark.parametrize("word", ["down", "timeout", "reset", "html", "half"])
def test_after_three_failures_only_probes_leave_until_one_is_answered(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    with running(pbx, tmp_path) as run:
        run.client.listed()
        away(pbx, 42, word)
        first = at(pbx)
        assert len(run.client.listed()) == 3
    probes = [is_probe(request) for request in pbx.requests[first:-1]]
    assert probes[:FAILURES_TO_OPEN] == [False] * FAILURES_TO_OPEN
    assert probes[FAILURES_TO_OPEN:-1] == [True] * (len(probes) - FAILURES_TO_OPEN - 1)
    assert not probes[-1]


def test_probes_come_at_growing_pauses(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        run.client.listed()
        away(pbx, 200)
        times: list[float] = []
        pbx.at_call = lambda call: times.append(pbx.time.seconds) if call == "trunk/list" else None
        run.client.listed()
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[3:-1])]
    assert gaps == pytest.approx([pause_after(number) for number in range(1, len(gaps) + 1)], abs=0.1)
    assert max(gaps) == pytest.approx(30.0, abs=0.1)


def test_the_user_is_told_once_that_it_is_away_and_once_that_it_is_back(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        run.client.listed()
        away(pbx, 42)
        run.client.listed()
    assert run.words[0] == OPENED
    assert len(run.words) == 2
    assert run.words[1].startswith("The PBX answers again after ")
    assert 42 <= int(run.words[1].split()[5]) <= 70
    assert run.words[1].endswith(" s; going on.")


def test_each_time_that_it_is_away_is_told(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        for _ in range(2):
            run.client.listed()
            away(pbx, 20)
            run.client.listed()
    assert ["answers again" in words for words in run.words] == [False, True] * 2


@pytest.mark.parametrize("word", ["busy", "slow", "-2"])
def test_a_pbx_that_asks_for_patience_is_not_away(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    with running(pbx, tmp_path, attempts=9) as run:
        run.client.listed()
        first = at(pbx)
        pbx.script("trunk/list", *[word] * 6)
        run.client.listed()
    assert run.words == []
    assert not any(map(is_probe, pbx.requests[first:]))


def test_a_useful_answer_in_between_begins_the_count_anew(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        run.client.listed()
        for _ in range(3):
            pbx.script("trunk/list", "down", "down", "ok")
            run.client.listed()
    assert run.words == []


@pytest.mark.parametrize("word", ["busy", "-2", "10009", "1"])
def test_any_answer_of_the_api_to_a_probe_lets_all_go_on(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    with running(pbx, tmp_path) as run:
        run.client.trunks([1])
        pbx.script("trunk/query", "down", "down", "down")
        pbx.script("trunk/list", word)
        assert set(run.client.trunks([1])) == {1}
    assert pbx.calls().count("trunk/list") == 1
    assert len(run.words) == 2


@pytest.mark.parametrize("word", ["slow", "html", "timeout"])
def test_a_gateway_in_front_of_it_that_answers_a_probe_is_not_the_pbx(pbx: FakePbx, tmp_path: Path, word: str) -> None:
    with running(pbx, tmp_path) as run:
        run.client.trunks([1])
        pbx.script("trunk/query", "down", "down", "down")
        pbx.script("trunk/list", word, word)
        assert set(run.client.trunks([1])) == {1}
    assert pbx.calls()[-4:] == ["trunk/list"] * 3 + ["trunk/query"]


def test_a_read_that_fails_while_probes_are_answered_is_given_up_as_well_and_told_of_once(
    pbx: FakePbx, tmp_path: Path
) -> None:
    with running(pbx, tmp_path, give_up_after=300) as run:
        run.client.trunks([1])
        began = pbx.time.seconds
        pbx.script("trunk/query", *["timeout"] * 500)
        with pytest.raises(PbxUnreachable):
            run.client.trunks([1])
    assert 300 <= pbx.time.seconds - began <= 400
    assert len(run.words) == 1


def test_when_patience_is_over_it_is_over_for_good(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path, give_up_after=60) as run:
        run.client.listed()
        began = pbx.time.seconds
        away(pbx, 1000)
        with pytest.raises(PbxUnreachable, match="connection refused"):
            run.client.listed()
        assert 60 <= pbx.time.seconds - began <= 60 + 30
        sent = at(pbx)
        for client in (run.client, run.client.for_last_looks()):
            with pytest.raises(PbxUnreachable, match="connection refused"):
                client.listed()
        assert at(pbx) == sent
    assert len(run.words) == 1


def test_a_token_that_runs_out_meanwhile_is_renewed_by_whoever_probes(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path, give_up_after=3600) as run:
        run.client.listed()
        away(pbx, 2500)
        assert len(run.client.listed()) == 3
    assert len(run.words) == 2


def test_a_sign_in_that_is_refused_when_it_is_back_ends_the_wait(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path, give_up_after=9000) as run:
        run.client.listed()
        away(pbx, 2500)
        pbx.script("refresh_token", "-1")
        pbx.script("get_token", "-1", "-1", "-1")
        for _ in range(2):
            with pytest.raises(SignInRefused):
                run.client.listed()


def test_at_the_door_nobody_waits(pbx: FakePbx, tmp_path: Path) -> None:
    away(pbx, 1000)
    with running(pbx, tmp_path) as run, pytest.raises(PbxUnreachable):
        run.client.listed()
    assert run.words == []
    assert at(pbx) == 3


class Outage:
    """Four threads read, and the PBX is away; one probe hangs in it until it is let go."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.probing = threading.Event()
        self.let_go = threading.Event()
        self.pool = ThreadPoolExecutor(4)
        for _ in range(30):  # until four at a time are allowed
            run.client.listed()
        away(run.pbx, 10_000)
        run.pbx.at_call = self._hang
        self.first = at(run.pbx)
        self.reads = [self.pool.submit(run.client.ask, messages.get_trunk(number % 3 + 1)) for number in range(4)]
        assert self.probing.wait(10)
        until(lambda: run.pbx.time.asleep == 3)

    def _hang(self, call: str) -> None:
        if call == "trunk/list":
            self.probing.set()
            assert self.let_go.wait(10)

    def over(self) -> list[BaseException | None]:
        """Let the probe go; returns what each read raised."""
        self.let_go.set()
        self.pool.shutdown()
        return [read.exception() for read in self.reads]


def test_all_threads_wait_in_one_place_while_one_of_them_probes(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        outage = Outage(run)
        failed = at(pbx) - outage.first
        assert FAILURES_TO_OPEN <= failed <= FAILURES_TO_OPEN + 3, "those already under way"
        pbx.outages.clear()
        assert outage.over() == [None] * 4
    assert sum(map(is_probe, pbx.requests[outage.first :])) == 1
    assert len(run.words) == 2


def test_when_patience_is_over_every_thread_is_told_the_same(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path, give_up_after=60) as run:
        raised = Outage(run).over()
    assert {type(error) for error in raised} == {PbxUnreachable}
    assert len({id(error) for error in raised}) == 1
    assert len(run.words) == 1


@pytest.mark.parametrize("how", [RetryingClient.stop, RetryingClient.wind_down, RetryingClient.abandon])
def test_whoever_waits_leaves_at_once_when_all_is_to_stop(
    pbx: FakePbx, tmp_path: Path, how: Callable[[RetryingClient], None]
) -> None:
    with running(pbx, tmp_path) as run:
        outage = Outage(run)
        how(run.client)
        until(lambda: sum(read.done() for read in outage.reads) == 3)
        assert {type(error) for error in outage.over()} == {Stopped}


def test_a_prober_that_fails_for_a_reason_of_its_own_leaves_it_to_the_next(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        run.client.listed()
        away(pbx, 20)
        clumsy = [True]

        def fall(_: str) -> None:
            if clumsy and len(run.words) == 1:
                clumsy.clear()
                raise ZeroDivisionError

        pbx.at_call = fall
        with ThreadPoolExecutor(2) as pool:
            reads = [pool.submit(run.client.ask, messages.get_trunk(number)) for number in (1, 2)]
        errors = [read.exception() for read in reads]
    assert sorted(type(error).__name__ for error in errors) == ["NoneType", "ZeroDivisionError"]


def test_a_run_survives_an_outage_and_no_trunk_loses_its_attempts(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 20)
    seen = 0

    def fall(_: int) -> None:
        nonlocal seen
        seen += 1
        if seen == 7:
            away(pbx, 250)

    pbx.at_write = fall
    with running(pbx, tmp_path, attempts=3) as run:
        run.dispatch(planned, workers=4, batch=5)
    assert set(run.endings.values()) == {"applied"}
    assert all(pbx.written.count(number) == 1 for number in range(1, 21))
    assert max(outcome.attempts for outcome in run.outcomes) <= 2
    assert run.words[0] == OPENED
    assert "answers again" in run.words[-1]


@pytest.mark.parametrize("word", ["down", "timeout", "html"])
def test_a_pbx_that_stays_away_ends_the_rest_as_not_run_with_the_reason(
    pbx: FakePbx, tmp_path: Path, word: str
) -> None:
    planned = many(pbx, 20)
    pbx.at_write = lambda _: away(pbx, 10_000, word) if len(pbx.written) == 7 else None
    with running(pbx, tmp_path) as run:
        run.dispatch(planned, workers=4, batch=5)
        lost = run.trunk_writer.lost
    assert isinstance(lost, PbxUnreachable)
    assert len(run.outcomes) == 20
    for outcome in run.outcomes:
        if outcome.trunk_id not in pbx.written and not outcome.reached:
            assert (outcome.ending, outcome.note) == (Ending.NOT_RUN, lost.message)
        assert outcome.ending in {Ending.NOT_RUN, Ending.UNKNOWN, Ending.APPLIED}
    assert "does not answer" in run.words[-1]


def test_a_look_that_grew_old_while_its_write_waited_is_taken_anew(pbx: FakePbx, tmp_path: Path) -> None:
    planned = changes(pbx, "Trunk ID|Hostname", "1|new.example", "2|new.example")
    with running(pbx, tmp_path, concurrency=1) as run:
        first, second = run.looked_at(*planned)
        away(pbx, 100)
        for _ in range(FAILURES_TO_OPEN):
            reply, _ = run.client.send(messages.get_trunk(3), 1)
            assert isinstance(reply, NotSent)
        pbx.edit(2)
        began = at(pbx)
        assert run.trunk_writer.write(first) is None
        changed = run.trunk_writer.write(second)
    calls = [c for r in pbx.requests[began:] if not is_probe(r) for c in [r.url.path.rpartition("/")[2]]]
    assert calls[:3] == ["query", "update", "query"]
    assert first.attempts == 1
    assert changed is not None
    assert (changed.ending, changed.note, changed.attempts) == (Ending.NOT_RUN, CHANGED_SINCE, 0)
    assert pbx.written == [1]


def test_a_write_that_is_sent_again_after_a_new_sign_in_goes_by_the_same_look(pbx: FakePbx, tmp_path: Path) -> None:
    (change,) = changes(pbx, "Trunk ID|Hostname", "1|new.example")
    pbx.script("trunk/update", "expired", "ok")
    with running(pbx, tmp_path) as run:
        (work,) = run.looked_at(change)
        assert run.trunk_writer.write(work) is None
    assert pbx.calls() == ["trunk/query", "trunk/update", "trunk/update"]
    assert work.attempts == 1


def test_but_not_if_the_sign_in_took_so_long_that_the_look_grew_old(pbx: FakePbx, tmp_path: Path) -> None:
    (change,) = changes(pbx, "Trunk ID|Hostname", "1|new.example")
    pbx.script("trunk/update", "expired", "ok")

    def slowly(call: str) -> None:
        if call in {"get_token", "refresh_token"} and pbx.calls():
            pbx.time.seconds += FRESH_S
            pbx.edit(1)

    pbx.at_call = slowly
    with running(pbx, tmp_path) as run:
        (work,) = run.looked_at(change)
        outcome = run.trunk_writer.write(work)
    assert pbx.calls() == ["trunk/query", "trunk/update", "trunk/query"]
    assert outcome is not None
    assert (outcome.ending, outcome.note, outcome.attempts) == (Ending.NOT_RUN, CHANGED_SINCE, 0)


def test_without_anybody_to_tell_it_waits_all_the_same(pbx: FakePbx) -> None:
    with connected(pbx) as api:
        client = RetryingClient(api, Policy(), threading.Event())
        client.listed()
        away(pbx, 42)
        assert len(client.listed()) == 3


@pytest.mark.parametrize("read", ["html", "busy", "slow"])
def test_last_looks_are_not_waited_for_even_after_one_of_them_was_answered(pbx: FakePbx, read: Any) -> None:
    with connected(pbx) as api:
        hurried = RetryingClient(api, Policy(), threading.Event()).for_last_looks()
        hurried.listed()
        pbx.script("trunk/list", *[read] * 9)
        began = pbx.time.seconds
        with pytest.raises(PbxError):
            hurried.listed()
        assert pbx.time.seconds - began < 30
