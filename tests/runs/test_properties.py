"""Whatever the PBX answers: every trunk has one ending, and the ending is true."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.pbx.session import Session
from batch.runs.outcomes import Ending, Outcome
from batch.runs.retries import Policy
from batch.runs.retrying_client import RetryingClient
from batch.runs.trunk_writer import TrunkWriter
from batch.runs.worker_pool import STOPPED_BY_YOU, Limits, WorkerPool
from batch.runs.write_order import WriteOrder
from batch.trunks.change_plan import Change
from batch.trunks.diff import compare
from batch.trunks.live import parse_trunk
from tests.runs.fakes import FakePbx, Keyboard, changes, connected, trunk, until

UNCLEAR = ["timeout", "reset", "cut", "half", "html", "empty", "list", "-2"]
WRITES = st.sampled_from(
    [
        "ok",
        *UNCLEAR,
        *(f"{word}+" for word in UNCLEAR),
        "timeout~",
        "reset~",
        "1",
        "1+",
        "1-",
        "2",
        "2+",
        "2-",
        "busy",
        "busy9",
        "slow",
        "slow+",
        "down",
        "expired",
        "edit",
        "edit+",
        "-1",
        "-2p",
        "40002",
        "60001",
        "10005",
    ]
)
READS = st.sampled_from(
    ["ok", "ok", "ok", *UNCLEAR, "busy", "slow", "down", "expired", "edit", "10001", "1", "2", "70004"]
)
SIGN_INS = st.sampled_from(["ok", "ok", "ok", "html", "down", "-1", "60002", "timeout"])
AGAIN = {"busy", "busy9", "slow", "timeout", "reset", "cut", "half", "html", "empty", "list", "-2", "down"}


DURING = st.sampled_from(["down", "timeout", "reset", "html"])
LATE = {"timeout~", "reset~", "2", "edit", "edit+"}
"""Words after which a trunk may come to hold something else than when it was last looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is wanted, and all that goes wrong."""

    count: int
    workers: int
    batch: int
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    sign_ins: tuple[str, ...]
    attempts: int
    most: int | None
    read_back: bool
    outage: tuple[float, float, str] | None
    """After how many seconds, for how many, and what comes instead of an answer."""
    stop: int | None
    """The user stops it at this reply."""
    abandon: int | None
    """And ends it at this one."""

    @property
    def words(self) -> list[str]:
        return [*self.writes, *self.reads, *self.sign_ins, *([self.outage[2]] if self.outage else [])]

    @property
    def all_is_well(self) -> bool:
        return not self.words and self.stop is None and self.abandon is None


OUTAGES = st.tuples(st.floats(0, 5), st.sampled_from([1.0, 5.0, 20.0, 45.0, 200.0]), DURING)
SCRIPTS = st.builds(
    Script,
    count=st.integers(1, 8),
    workers=st.integers(1, 4),
    batch=st.integers(1, 5),
    writes=st.lists(WRITES, max_size=14).map(tuple),
    reads=st.lists(READS, max_size=14).map(tuple),
    sign_ins=st.lists(SIGN_INS, max_size=4).map(tuple),
    attempts=st.integers(1, 4),
    most=st.none() | st.integers(1, 3),
    read_back=st.sampled_from([True, True, True, False]),
    outage=st.none() | OUTAGES,
    stop=st.none() | st.integers(1, 20),
    abandon=st.none() | st.none() | st.integers(1, 30),
)


@cache
def planned_for(count: int) -> tuple[Change, ...]:
    """Plan the same for so many trunks: it is the same each time, and takes longer than the run."""
    pbx = FakePbx()
    pbx.add(*(trunk(number) for number in range(1, count + 1)))
    made = changes(
        pbx,
        "Trunk ID|Hostname|Port|Password",
        *(f"{number}|new{number}.example|5060|Sample-new-{number}" for number in range(1, count + 1)),
        dids=[f"{number}|44207947{number:04}|Sales" for number in range(1, count + 1)],
    )
    return tuple(made)


def prepared(script: Script) -> tuple[FakePbx, tuple[Change, ...]]:
    pbx = FakePbx()
    pbx.add(*(trunk(number) for number in range(1, script.count + 1)))
    pbx.scripts = {
        "trunk/update": [*script.writes],
        "trunk/query": [*script.reads],
        "get_token": ["ok", *script.sign_ins],
    }
    if script.outage:
        after, seconds, word = script.outage
        start = pbx.time.seconds + 0.2 + after
        pbx.outages.append((start, start + seconds, word))
    return pbx, planned_for(script.count)


def check(script: Script, pbx: FakePbx, change: Change, outcome: Outcome, *, cut_short: bool) -> None:
    """Check that an ending is true."""
    left = compare(parse_trunk(pbx.trunks[change.live.id]), change.desired)
    arrived = pbx.written.count(change.live.id)
    settled = LATE.isdisjoint(script.words)
    assert arrived <= script.attempts + 5, "an expired token, five times at most, is no attempt"
    assert outcome.attempts <= script.attempts
    assert outcome.reached <= pbx.was_asked_to_write(change.live.id), "what was never there cannot have reached it"
    match outcome.ending:
        case Ending.APPLIED:
            assert script.read_back or outcome.errcode == 0
            assert not left or (not script.read_back and not outcome.read and "edit+" in script.words)
            assert outcome.attempts >= 1
        case Ending.UNCHANGED:
            assert not left
        case Ending.NOT_RUN:
            assert outcome.note
            assert not outcome.reached or "edit" in script.words
            assert left or not settled
        case Ending.UNKNOWN:
            assert cut_short or not script.read_back
            assert outcome.attempts >= 1
            assert outcome.reached
        case Ending.FAILED:
            assert outcome.attempts >= 1
            assert left or not settled
        case Ending.REFUSED:
            assert outcome.attempts >= 1
            assert outcome.reached
        case Ending.PARTIAL:
            assert outcome.difference
            assert outcome.read
        case _:
            raise AssertionError(outcome.ending)
    if outcome.attempts > 1:
        allowed = AGAIN | ({"expired"} if script.sign_ins else set())
        assert allowed & {word.rstrip("+~") for word in script.words}, "nothing allowed a second send"


class Watched:
    """A run of a script, and what was told of it."""

    def __init__(self, script: Script, planned: Sequence[Change], api: Session) -> None:
        policy = Policy(attempts=script.attempts, read_back=script.read_back, give_up_after=60)
        self.trunk_writer = TrunkWriter(RetryingClient(api, policy, threading.Event()))
        self.told: list[Outcome] = []
        limits = Limits(workers=script.workers, batch=script.batch, max_failures=script.most)
        self.dispatch = WorkerPool(WriteOrder(planned), self.trunk_writer, limits, self.told.extend)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(script=SCRIPTS)
def test_no_script_of_replies_loses_doubles_or_invents_an_outcome(script: Script) -> None:
    pbx, planned = prepared(script)
    with connected(pbx) as api:
        run = Watched(script, planned, api)

        def at_reply(count: int) -> None:
            if count == script.stop:
                run.trunk_writer.wind_down(STOPPED_BY_YOU)
                run.dispatch.stop(STOPPED_BY_YOU)
            if count == script.abandon:
                run.trunk_writer.abandon()

        pbx.at_reply = at_reply
        run.dispatch.run()

    assert sorted(outcome.trunk_id or 0 for outcome in run.told) == list(range(1, script.count + 1))
    assert pbx.broken == []
    cut_short = (run.trunk_writer.lost, script.most, script.stop, script.abandon) != (None, None, None, None)
    for outcome in run.told:
        check(script, pbx, planned[(outcome.trunk_id or 0) - 1], outcome, cut_short=cut_short)
    if script.all_is_well:
        assert {outcome.ending for outcome in run.told} == {Ending.APPLIED}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(script=SCRIPTS, first=st.integers(2, 12), second=st.integers(0, 6))
def test_what_was_told_before_the_second_ctrl_c_is_true_and_nothing_is_told_after_it(
    script: Script, first: int, second: int
) -> None:
    pbx, planned = prepared(script)
    under_way = threading.Event()

    def at_reply(count: int) -> None:
        if under_way.is_set() and count in {first, first + second}:
            keyboard.ctrl_c()

    with Keyboard() as keyboard, connected(pbx) as api:
        run = Watched(script, planned, api)
        pbx.at_reply = at_reply
        ended = True
        try:
            under_way.set()
            run.dispatch.run()
        except KeyboardInterrupt:
            ended = False
        finally:
            keyboard.listened_to = False
            under_way.clear()
        told = list(run.told)
        until(lambda: not any(thread.name.startswith("trunk-") for thread in threading.enumerate()))
    assert run.told == told
    assert len({outcome.row for outcome in told}) == len(told)
    assert not ended or len(told) == script.count
    assert pbx.broken == []
    for outcome in told:
        check(script, pbx, planned[(outcome.trunk_id or 0) - 1], outcome, cut_short=True)
