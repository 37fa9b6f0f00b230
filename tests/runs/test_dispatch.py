"""Several trunks at a time: looks just ahead, every trunk one ending, and an end to everything."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from batch.runs.dispatch import Dispatch, Limits
from batch.runs.outcomes import Ending, Outcome
from batch.runs.settling import FRESH_S, Settler, Work
from batch.trunks.plans import Change
from tests.runs.fakes import FakePbx, changes, running, trunk


def many(pbx: FakePbx, count: int) -> list[Change]:
    pbx.add(*(trunk(number) for number in range(1, count + 1)))
    return changes(pbx, "Trunk ID|Hostname", *(f"{number}|new.example" for number in range(1, count + 1)))


def test_every_trunk_is_written_once_and_ends_once(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 30)
    with running(pbx, tmp_path) as run:
        run.dispatch(planned, workers=4, batch=7)
    assert sorted(pbx.written) == list(range(1, 31))
    assert len(run.outcomes) == 30
    assert set(run.endings.values()) == {"applied"}
    assert all(one["hostname"] == "new.example" for one in pbx.trunks.values())


def test_one_worker_writes_in_the_workbooks_order_and_looks_only_a_little_ahead(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 8)
    with running(pbx, tmp_path, concurrency=1) as run:
        run.dispatch(planned, workers=1, batch=3)
    assert pbx.written == list(range(1, 9))
    asked = [request.url.params["ids"] for request in pbx.requests if "query" in request.url.path]
    assert asked == ["1,2,3", "1,2,3", "4,5,6", "4,5,6", "7,8", "7,8"]
    batch = ["trunk/query", *["trunk/update"] * 3, "trunk/query"]
    assert pbx.calls() == [*batch, *batch, *batch[:3], "trunk/query"]


def test_nothing_to_write_sends_nothing(pbx: FakePbx, tmp_path: Path) -> None:
    with running(pbx, tmp_path) as run:
        run.dispatch([])
    assert (run.outcomes, pbx.requests) == ([], [])


def test_no_more_go_at_once_than_the_gate_lets_through(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 40)
    pbx.at_call = lambda _: time.sleep(0.002)
    with running(pbx, tmp_path, concurrency=3) as run:
        run.dispatch(planned, workers=8, batch=5)
    assert 1 < pbx.most_under_way <= 3


def test_a_look_that_has_grown_old_is_taken_anew(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 3)

    def dawdle(number: int) -> None:
        pbx.time.seconds += FRESH_S + 1
        if number == 1:
            pbx.edit(2)

    pbx.at_write = dawdle
    with running(pbx, tmp_path, concurrency=1) as run:
        run.dispatch(planned, workers=1, batch=3)
    assert run.endings == {1: "applied", 2: "not run", 3: "applied"}
    assert pbx.written == [1, 3]
    asked = [request.url.params["ids"] for request in pbx.requests if "query" in request.url.path]
    assert asked == ["1,2,3", "2,3", "1,3"]


@pytest.mark.parametrize(("most", "written"), [(1, 1), (2, 2), (None, 6)])
def test_so_many_trunks_gone_wrong_stop_the_rest(pbx: FakePbx, tmp_path: Path, most: int | None, written: int) -> None:
    planned = many(pbx, 6)
    pbx.script("trunk/update", *["40002"] * 6)
    with running(pbx, tmp_path, concurrency=1) as run:
        done = run.dispatch(planned, workers=1, max_failures=most)
    assert list(run.endings.values()) == ["refused"] * written + ["not run"] * (6 - written)
    assert not done.interrupted
    notes = {outcome.note for outcome in run.outcomes if outcome.ending is Ending.NOT_RUN}
    word = "1 trunk" if most == 1 else "2 trunks"
    assert notes == ({f"Stopped after {word} went wrong."} if most else set())


def test_trunks_that_went_well_before_such_a_stop_are_still_read_back(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 4)
    pbx.script("trunk/update", "ok", "ok", "40002")
    pbx.script("trunk/query", "ok", "html", "ok")
    with running(pbx, tmp_path, concurrency=1) as run:
        run.dispatch(planned, workers=1, max_failures=1)
    assert run.endings == {3: "refused", 4: "not run", 1: "applied", 2: "applied"}


def test_a_lost_pbx_ends_the_rest_as_not_run_with_the_reason_and_what_was_written_as_unknown(
    pbx: FakePbx, tmp_path: Path
) -> None:
    planned = many(pbx, 9)
    pbx.script("trunk/query", "ok", *["down"] * 200)
    with running(pbx, tmp_path) as run:
        run.dispatch(planned, workers=2, batch=4)
    assert run.settler.lost is not None
    assert len(run.outcomes) == 9
    assert set(run.endings.values()) == {"unknown", "not run"}
    for outcome in run.outcomes:
        assert outcome.ending is (Ending.UNKNOWN if outcome.trunk_id in pbx.written else Ending.NOT_RUN)
        assert outcome.note == run.settler.lost.message


def test_threads_that_wait_while_the_pbx_is_lost_sleep(pbx: FakePbx, tmp_path: Path) -> None:
    """One thread is still at a write when another one has lost the PBX; those without work must not spin."""
    planned = many(pbx, 6)
    turns = 0
    held = threading.Event()

    class Counting(Settler):
        @property
        def lost(self):  # type: ignore[no-untyped-def] # noqa: ANN202 - counts who looks at it
            nonlocal turns
            turns += 1
            return self._lost

        @lost.setter
        def lost(self, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            self._lost = value

    def hold(number: int) -> None:
        if number == 1:
            held.wait(0.15)

    pbx.at_write = hold
    pbx.script("trunk/update", "ok", "10005")
    with running(pbx, tmp_path) as run:
        for _ in range(30):
            run.asker.listed()
        settler = Counting(run.asker, run.journal, pbx.time.clock)
        Dispatch(planned, settler, Limits(workers=4), run.stopping, run.outcomes.append).run()
    assert len(run.outcomes) == 6
    assert turns < 100


class Odd(Settler):
    """A settler with a fault of its own at one station."""

    at = "write"

    def look(self, works: Sequence[Work]) -> tuple[list[Work], list[Outcome]]:
        if self.at == "look":
            raise ZeroDivisionError
        return super().look(works)

    def write(self, work: Work) -> Outcome | None:
        if self.at == "write" and work.trunk_id == 3:
            raise ZeroDivisionError
        return super().write(work)

    def read_back(self, works: Sequence[Work]) -> list[Outcome]:
        if self.at == "read back":
            raise ZeroDivisionError
        return super().read_back(works)


@pytest.mark.parametrize("station", ["look", "write", "read back", "outcome"])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_fault_of_ours_comes_out_and_nothing_hangs(pbx: FakePbx, tmp_path: Path, station: str, workers: int) -> None:
    planned = many(pbx, 9)
    told: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        if station == "outcome":
            raise ZeroDivisionError
        told.append(outcome)

    with running(pbx, tmp_path) as run:
        settler = Odd(run.asker, run.journal, pbx.time.clock)
        settler.at = station
        dispatch = Dispatch(planned, settler, Limits(workers=workers, batch=3), run.stopping, tell)
        with pytest.raises(ZeroDivisionError):
            dispatch.run()
    assert len({outcome.row for outcome in told}) == len(told)
    assert threading.active_count() == 1
    if station == "write":
        assert 3 not in {o.trunk_id for o in told}, "nobody knows how that one went"
        assert {o.note for o in told if o.ending is Ending.NOT_RUN} <= {"Stopped by a fault of this tool."}


def test_a_crash_in_one_thread_does_not_keep_the_main_thread_busy(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 4)
    pbx.at_write = lambda number: time.sleep(0.15) if number == 1 else None
    with running(pbx, tmp_path) as run:
        for _ in range(30):
            run.asker.listed()
        settler = Odd(run.asker, run.journal, pbx.time.clock)
        began = time.process_time()
        with pytest.raises(ZeroDivisionError):
            Dispatch(planned, settler, Limits(workers=4), run.stopping, run.outcomes.append).run()
    assert time.process_time() - began < 0.1


def ctrl_c() -> None:
    """Interrupt the main thread, and give it time to hear."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(0.05)


def interrupt_at(*writes: int) -> Callable[[int], None]:
    """Send Ctrl-C while these writes are under way."""
    seen = 0

    def act(_: int) -> None:
        nonlocal seen
        seen += 1
        if seen in writes:
            ctrl_c()

    return act


def test_ctrl_c_starts_nothing_new_and_lets_what_runs_settle(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 12)
    pbx.at_write = interrupt_at(3)
    pbx.script("trunk/update", "ok", "ok", "timeout+")
    with running(pbx, tmp_path, concurrency=1) as run:
        done = run.dispatch(planned, workers=1, batch=4)
    assert done.interrupted
    assert pbx.written == [1, 2, 3]
    assert len(run.outcomes) == 12
    assert [number for number, ending in run.endings.items() if ending == "applied"] == [3, 1, 2]
    assert {o.note for o in run.outcomes if o.ending is Ending.NOT_RUN} == {"Stopped by you before its turn."}


def test_ctrl_c_during_a_pause_ends_the_pause(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 2)
    pbx.script("trunk/update", "busy")
    paused = threading.Event()

    def wait(seconds: float | None, event: threading.Event) -> bool:
        if seconds == 0.5:
            paused.set()
            return event.wait(5)
        return original(seconds, event)

    original = pbx.time.wait
    pbx.time.wait = wait  # type: ignore[method-assign] # the fake's own
    with running(pbx, tmp_path, concurrency=1) as run:
        timer = threading.Timer(0.05, ctrl_c)
        timer.start()
        began = time.monotonic()
        done = run.dispatch(planned, workers=1)
        timer.join()
    assert paused.is_set()
    assert time.monotonic() - began < 2
    assert done.interrupted
    assert run.endings == {1: "failed", 2: "not run"}


def test_a_second_ctrl_c_lets_through_no_request_more(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 12)

    def twice(_: int) -> None:
        ctrl_c()
        ctrl_c()

    pbx.at_write = twice
    with running(pbx, tmp_path, concurrency=1) as run, pytest.raises(KeyboardInterrupt):
        run.dispatch(planned, workers=1, batch=4)
    assert pbx.calls() == ["trunk/query", "trunk/update"]
    assert len(run.outcomes) == 12
    assert run.endings.pop(1) == "unknown"
    assert threading.active_count() == 1


def test_an_ending_is_told_by_one_thread_at_a_time(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 30)
    inside = 0
    most = 0

    def tell(_: Outcome) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.001)
        inside -= 1

    with running(pbx, tmp_path, read_back=False) as run:
        Dispatch(planned, run.settler, Limits(workers=8), run.stopping, tell).run()
    assert most == 1
