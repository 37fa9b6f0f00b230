"""Several trunks at a time: looks just ahead, every trunk one ending, and an end to everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from batch.pbx.messages import Reply, Request
from batch.runs.journal import JournalError
from batch.runs.outcomes import Ending, Outcome
from batch.runs.retries import Policy
from batch.runs.retrying_client import RetryingClient
from batch.runs.trunk_writer import FRESH_S, TrunkWriter, Work
from batch.runs.worker_pool import STOPPED_BY_YOU, STOPPING, Limits, WorkerPool
from batch.runs.write_order import WriteOrder
from batch.trunks.change_plan import Change
from tests.runs.fakes import FakePbx, Keyboard, answer, changes, connected, running, trunk, until


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
    assert run.trunk_writer.lost is not None
    assert len(run.outcomes) == 9
    assert set(run.endings.values()) == {"unknown", "not run"}
    for outcome in run.outcomes:
        assert outcome.ending is (Ending.UNKNOWN if outcome.trunk_id in pbx.written else Ending.NOT_RUN)
        assert outcome.note == run.trunk_writer.lost.message


def test_threads_that_wait_while_the_pbx_is_lost_sleep(pbx: FakePbx, tmp_path: Path) -> None:
    """One thread is still at a write when another one has lost the PBX; those without work must not spin."""
    planned = many(pbx, 6)
    turns = 0
    held = threading.Event()

    class Counting(TrunkWriter):
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
            run.client.listed()
        trunk_writer = Counting(run.client)
        WorkerPool(WriteOrder(planned), trunk_writer, Limits(workers=4), run.outcomes.extend).run()
    assert len(run.outcomes) == 6
    assert turns < 100


class Odd(TrunkWriter):
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

    def tell(outcomes: Sequence[Outcome]) -> None:
        if station == "outcome":
            raise ZeroDivisionError
        told.extend(outcomes)

    with running(pbx, tmp_path) as run:
        trunk_writer = Odd(run.client)
        trunk_writer.at = station
        dispatch = WorkerPool(WriteOrder(planned), trunk_writer, Limits(workers=workers, batch=3), tell)
        with pytest.raises(ZeroDivisionError):
            dispatch.run()
    assert len({outcome.row for outcome in told}) == len(told)
    assert alone()
    if station == "write":
        assert 3 not in {o.trunk_id for o in told}, "nobody knows how that one went"
        assert {o.note for o in told if o.ending is Ending.NOT_RUN} <= {"Stopped by a fault of this tool."}


def test_a_crash_in_one_thread_does_not_keep_the_main_thread_busy(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 4)
    pbx.at_write = lambda number: time.sleep(0.15) if number == 1 else None
    with running(pbx, tmp_path) as run:
        for _ in range(30):
            run.client.listed()
        trunk_writer = Odd(run.client)
        began = time.process_time()
        with pytest.raises(ZeroDivisionError):
            WorkerPool(WriteOrder(planned), trunk_writer, Limits(workers=4), run.outcomes.extend).run()
    assert time.process_time() - began < 0.1


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    with Keyboard() as made:
        yield made


def interrupt_at(keyboard: Keyboard, *writes: int) -> Callable[[int], None]:
    """Send Ctrl-C while these writes are under way."""
    seen = 0

    def act(_: int) -> None:
        nonlocal seen
        seen += 1
        if seen in writes:
            keyboard.ctrl_c()

    return act


def alone() -> bool:
    """Tell whether no thread of a run is left."""
    return not any(thread.name.startswith("trunk-") for thread in threading.enumerate())


def test_ctrl_c_starts_nothing_new_and_lets_what_runs_settle(pbx: FakePbx, tmp_path: Path, keyboard: Keyboard) -> None:
    planned = many(pbx, 12)
    pbx.at_write = interrupt_at(keyboard, 3)
    pbx.script("trunk/update", "ok", "ok", "timeout+")
    with running(pbx, tmp_path, concurrency=1) as run:
        keyboard.answered = partial(bool, run.words)
        done = run.dispatch(planned, workers=1, batch=4)
    assert done.interrupted
    assert pbx.written == [1, 2, 3]
    assert len(run.outcomes) == 12
    assert [number for number, ending in run.endings.items() if ending == "applied"] == [3, 1, 2]
    assert {o.note for o in run.outcomes if o.ending is Ending.NOT_RUN} == {STOPPED_BY_YOU}
    assert run.words == [STOPPING]


def test_ctrl_c_is_answered_in_words_while_requests_are_still_under_way(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard
) -> None:
    planned = many(pbx, 3)
    heard: list[list[str]] = []

    def hang(number: int) -> None:
        if number == 1:
            keyboard.ctrl_c()
            until(lambda: bool(run.words))
            heard.append(list(run.words))

    pbx.at_write = hang
    with running(pbx, tmp_path, concurrency=1) as run:
        run.dispatch(planned, workers=1)
    assert heard == [[STOPPING]]
    assert run.endings == {1: "applied", 2: "not run", 3: "not run"}


def test_ctrl_c_during_a_pause_ends_the_pause(pbx: FakePbx, tmp_path: Path, keyboard: Keyboard) -> None:
    planned = many(pbx, 2)
    pbx.script("trunk/update", "busy")
    ended: list[bool] = []

    def wait(seconds: float | None, event: threading.Event) -> bool:
        if seconds == 0.5:
            keyboard.ctrl_c()
            ended.append(event.wait(5))
            return ended[-1]
        return original(seconds, event)

    original = pbx.time.wait
    pbx.time.wait = wait  # type: ignore[method-assign] # the fake's own
    with running(pbx, tmp_path, concurrency=1) as run:
        keyboard.answered = partial(bool, run.words)
        done = run.dispatch(planned, workers=1)
    assert ended == [True]
    assert done.interrupted
    assert run.endings == {1: "failed", 2: "not run"}


def test_what_is_in_flight_at_ctrl_c_is_settled_only_as_long_as_one_request_may_take(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard
) -> None:
    planned = many(pbx, 2)

    def slowly(number: int) -> None:
        keyboard.ctrl_c()
        pbx.time.seconds += 29 if number == 1 else 31

    pbx.at_write = slowly
    for number, ending in ((1, "applied"), (2, "unknown")):
        pbx.script("trunk/update", "timeout+")
        with running(pbx, _sub(tmp_path), concurrency=1) as run:
            keyboard.answered = partial(bool, run.words)
            run.dispatch([planned[number - 1]], workers=1)
        assert run.endings == {number: ending}


def _sub(folder: Path) -> Path:
    made = folder / str(len(list(folder.iterdir())))
    made.mkdir()
    return made


def test_at_ctrl_c_a_pause_that_the_pbx_asked_for_holds_nobody_up(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard
) -> None:
    planned = many(pbx, 2)
    pbx.answers["trunk/update"] = lambda _: httpx.Response(503, text="<html>", headers={"Retry-After": "600"})
    began = pbx.time.seconds

    def wait(seconds: float | None, event: threading.Event) -> bool:
        if seconds == 600.0:
            keyboard.ctrl_c()
            assert event.wait(5)
        return original(seconds, event)

    original = pbx.time.wait
    pbx.time.wait = wait  # type: ignore[method-assign] # the fake's own
    with running(pbx, tmp_path, concurrency=1) as run:
        keyboard.answered = partial(bool, run.words)
        run.dispatch(planned, workers=1)
    assert run.endings == {1: "failed", 2: "not run"}
    assert {outcome.read for outcome in run.outcomes if outcome.trunk_id == 1} == {True}
    assert pbx.time.seconds - began < 30


def test_a_last_look_that_is_asked_to_wait_beyond_the_end_is_not_waited_for(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard
) -> None:
    planned = many(pbx, 1)
    pbx.at_write = interrupt_at(keyboard, 1)
    pbx.script("trunk/update", "timeout+")
    began = pbx.time.seconds
    with running(pbx, tmp_path, concurrency=1) as run:
        keyboard.answered = partial(bool, run.words)
        looks = iter([answer(data=[pbx.trunks[1]])])
        refusal = httpx.Response(503, text="<html>", headers={"Retry-After": "90"})
        pbx.answers["trunk/query"] = lambda _: next(looks, refusal)
        run.dispatch(planned, workers=1)
    assert run.only.ending is Ending.UNKNOWN
    assert pbx.time.seconds - began < 30


class Hanging:
    """Lets a write hang in the PBX until it is let go, and the user press Ctrl-C twice meanwhile."""

    def __init__(self, pbx: FakePbx, keyboard: Keyboard) -> None:
        self.over = threading.Event()
        self._keyboard = keyboard
        pbx.at_call = self.hang

    def hang(self, call: str) -> None:
        if call == "trunk/update" and not self.over.is_set():
            self._keyboard.ctrl_c()
            self._keyboard.ctrl_c()
            self.over.wait(10)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_second_ctrl_c_ends_it_at_once_though_a_request_hangs(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard, workers: int
) -> None:
    planned = many(pbx, 12)
    hanging = Hanging(pbx, keyboard)
    with running(pbx, tmp_path, concurrency=1) as run:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run.dispatch(planned, workers=workers, batch=4)
        assert time.monotonic() - began < 2
        assert not alone()
        told = list(run.outcomes)
        hanging.over.set()
        until(alone)
    assert pbx.calls().count("trunk/update") == 1
    assert run.outcomes == told
    assert {outcome.ending for outcome in told} <= {Ending.NOT_RUN}
    (hung,) = (number for number in range(1, 13) if pbx.was_asked_to_write(number))
    assert hung not in run.endings, "nobody knows how that one went"


class Startled(threading.Condition):
    """A lock during whose taking, in the main thread, Ctrl-C is pressed: it stays taken, as Python leaves it then."""

    def __enter__(self) -> bool:
        taken = super().__enter__()
        if self.armed and threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        return taken

    armed = False


def test_a_second_ctrl_c_right_after_the_first_leaves_no_lock_taken(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = many(pbx, 12)
    with running(pbx, tmp_path, concurrency=1) as run:
        pool = WorkerPool(WriteOrder(planned), run.trunk_writer, Limits(workers=2), run.outcomes.extend)
        startled = Startled()
        monkeypatch.setattr(pool, "_changed", startled)

        def press(_: int) -> None:
            if not startled.armed:
                startled.armed = True
                keyboard.ctrl_c()

        pbx.at_write = press
        with suppress(KeyboardInterrupt):
            pool.run()
        until(alone)
    assert pool.interrupted
    assert {outcome.ending for outcome in run.outcomes} <= {Ending.APPLIED, Ending.NOT_RUN}


def test_threads_that_are_left_to_themselves_die_in_silence(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    cried: list[object] = []
    monkeypatch.setattr(threading, "excepthook", cried.append)
    planned = many(pbx, 4)
    hanging = Hanging(pbx, keyboard)

    class Clumsy(TrunkWriter):
        def write(self, work: Work) -> Outcome | None:
            super().write(work)
            raise ZeroDivisionError

    with running(pbx, tmp_path, concurrency=1) as run:
        trunk_writer = Clumsy(run.client)
        with pytest.raises(KeyboardInterrupt):
            WorkerPool(WriteOrder(planned), trunk_writer, Limits(workers=2), run.outcomes.extend).run()
    told = list(run.outcomes)
    hanging.over.set()
    until(alone)
    assert cried == []
    assert run.outcomes == told


def test_a_second_ctrl_c_waits_for_what_is_being_told_just_now(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard
) -> None:
    planned = many(pbx, 4)
    told: list[Outcome] = []

    def tell(outcomes: Sequence[Outcome]) -> None:
        keyboard.ctrl_c()
        keyboard.ctrl_c()
        told.extend(outcomes)

    with running(pbx, tmp_path, concurrency=1, read_back=False) as run:
        with pytest.raises(KeyboardInterrupt):
            WorkerPool(WriteOrder(planned), run.trunk_writer, Limits(workers=1), tell).run()
        at_once = len(told)
        until(alone)
    assert at_once == len(told) == 1


def test_a_fault_while_stopping_stops_all_the_same(pbx: FakePbx, tmp_path: Path, keyboard: Keyboard) -> None:
    planned = many(pbx, 12)
    pbx.at_write = interrupt_at(keyboard, 2)

    class Clumsy(TrunkWriter):
        stopped = False

        def wind_down(self, why: str) -> None:
            raise ZeroDivisionError(why)

        def stop(self, why: str) -> None:
            super().stop(why)
            self.stopped = True

    with running(pbx, tmp_path, concurrency=1) as run:
        trunk_writer = Clumsy(run.client)
        pool = WorkerPool(WriteOrder(planned), trunk_writer, Limits(workers=1), run.outcomes.extend)
        keyboard.answered = lambda: trunk_writer.stopped
        with pytest.raises(ZeroDivisionError):
            pool.run()
        until(alone)
    assert pbx.written == [1, 2]
    assert {number for number, ending in run.endings.items() if ending == "applied"} == {1, 2}


def test_a_fault_while_telling_of_the_stop_leaves_nothing_running(
    pbx: FakePbx, tmp_path: Path, keyboard: Keyboard
) -> None:
    planned = many(pbx, 12)
    pbx.at_write = interrupt_at(keyboard, 2)

    def tell(_: str) -> None:
        raise BrokenPipeError

    with running(pbx, tmp_path, concurrency=1) as run:
        with pytest.raises(BrokenPipeError):
            WorkerPool(WriteOrder(planned), run.trunk_writer, Limits(workers=1), run.outcomes.extend, tell).run()
        until(alone)
    assert pbx.written == [1, 2]


def test_endings_are_told_by_one_thread_at_a_time(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 30)
    inside = 0
    most = 0
    told: list[Outcome] = []

    def tell(outcomes: Sequence[Outcome]) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.001)
        told.extend(outcomes)
        inside -= 1

    with running(pbx, tmp_path, read_back=False) as run:
        WorkerPool(WriteOrder(planned), run.trunk_writer, Limits(workers=8), tell).run()
    assert most == 1
    assert sorted(outcome.trunk_id or 0 for outcome in told) == list(range(1, 31))


def test_whoever_keeps_the_endings_slowly_holds_up_no_other_thread(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 8)
    told: list[Outcome] = []

    def tell(outcomes: Sequence[Outcome]) -> None:
        if not told:
            until(lambda: len(pbx.written) == 8)
        told.extend(outcomes)

    with running(pbx, tmp_path, read_back=False) as run:
        WorkerPool(WriteOrder(planned), run.trunk_writer, Limits(workers=3), tell).run()
    assert len(told) == 8


def test_the_rest_of_a_large_run_is_told_of_in_one(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 300)
    pbx.script("trunk/update", "40002")
    told: list[int] = []
    with running(pbx, tmp_path, concurrency=1) as run:
        tell = lambda outcomes: told.append(len(outcomes))  # noqa: E731 - the shortest
        WorkerPool(WriteOrder(planned), run.trunk_writer, Limits(workers=1, max_failures=1), tell).run()
    assert told == [1, 299]


def test_a_stop_wakes_writes_that_wait_for_their_turn(pbx: FakePbx, tmp_path: Path) -> None:
    """One write hangs at the PBX, another one waits at the gate meanwhile."""
    planned = many(pbx, 4)
    waiting = threading.Event()

    def wait(seconds: float | None, event: threading.Event) -> bool:
        if seconds is None:
            waiting.set()
        return original(seconds, event)

    def hang(_: int) -> None:
        until(waiting.is_set)
        dispatch.stop("Enough.")
        until(lambda: 2 in run.endings)

    original = pbx.time.wait
    pbx.time.wait = wait  # type: ignore[method-assign] # the fake's own
    pbx.at_write = hang
    with running(pbx, tmp_path, concurrency=1) as run:
        dispatch = run.prepared(planned, workers=2)
        dispatch.run()
    assert pbx.written == [1]
    assert run.endings == {1: "applied", 2: "not run", 3: "not run", 4: "not run"}
    assert {outcome.note for outcome in run.outcomes if outcome.trunk_id != 1} == {"Enough."}


class Broken:
    """An account of requests that from some write on takes no more."""

    def __init__(self, after: int) -> None:
        self._left = after

    def leaving(self, request: Request, sign_in: int) -> int:
        assert sign_in >= 0
        if request.writes:
            self._left -= 1
            if self._left < 0:
                raise JournalError(Path("journal.sqlite"), "disk full")
        return 0

    def settled(self, number: int, reply: Reply) -> None:
        pass


@pytest.mark.parametrize("workers", [1, 3])
def test_a_journal_that_breaks_ends_the_rest_and_what_was_written_is_read_back(pbx: FakePbx, workers: int) -> None:
    planned = many(pbx, 9)
    outcomes: list[Outcome] = []
    with connected(pbx, account=Broken(after=3)) as api:
        trunk_writer = TrunkWriter(RetryingClient(api, Policy(), threading.Event()))
        WorkerPool(WriteOrder(planned), trunk_writer, Limits(workers=workers, batch=4), outcomes.extend).run()
    assert isinstance(trunk_writer.lost, JournalError)
    assert len(pbx.written) == 3
    assert len(outcomes) == 9
    for outcome in outcomes:
        written = outcome.trunk_id in pbx.written
        assert outcome.ending is (Ending.APPLIED if written else Ending.NOT_RUN)
        assert ("disk full" in outcome.note) is not written


@pytest.mark.parametrize(("word", "ending"), [("timeout+", Ending.APPLIED), ("timeout", Ending.FAILED)])
def test_a_write_without_an_answer_is_settled_by_a_look_though_the_journal_broke(
    pbx: FakePbx, word: str, ending: Ending
) -> None:
    planned = many(pbx, 1)
    outcomes: list[Outcome] = []
    pbx.script("trunk/update", word)
    with connected(pbx, account=Broken(after=1)) as api:
        trunk_writer = TrunkWriter(RetryingClient(api, Policy(), threading.Event()))
        WorkerPool(WriteOrder(planned), trunk_writer, Limits(), outcomes.extend).run()
    (outcome,) = outcomes
    assert (outcome.ending, outcome.attempts) == (ending, 1)
    assert ("disk full" in outcome.note) is (ending is Ending.FAILED)


def test_endings_that_cannot_be_kept_end_the_rest_like_a_lost_pbx(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 9)
    told: list[Outcome] = []

    def tell(outcomes: Sequence[Outcome]) -> None:
        told.extend(outcomes)
        if len(told) == 3:
            raise JournalError(tmp_path, "disk full")

    with running(pbx, tmp_path, concurrency=1) as run:
        WorkerPool(WriteOrder(planned), run.trunk_writer, Limits(workers=1, batch=3), tell).run()
    assert isinstance(run.trunk_writer.lost, JournalError)
    assert len(told) == 9
    assert {outcome.note for outcome in told if outcome.ending is Ending.NOT_RUN} == {run.trunk_writer.lost.message}
    assert pbx.written == [1, 2, 3]


def test_at_a_few_requests_a_minute_every_trunk_is_still_written(pbx: FakePbx, tmp_path: Path) -> None:
    planned = many(pbx, 4)
    with running(pbx, tmp_path, rate=0.1) as run:
        run.dispatch(planned, workers=4, batch=1)
    assert set(run.endings.values()) == {"applied"}
    assert sorted(pbx.written) == [1, 2, 3, 4]
    assert len(pbx.requests) < 40
