"""Whatever the PBX answers: every trunk has one ending, and the ending is true."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.runs.outcomes import Ending
from batch.trunks.differences import compare
from batch.trunks.live import parse_trunk
from tests.runs.fakes import FakePbx, changes, running, trunk

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


def folders(root: Path) -> Any:
    return (root / str(number) for number in itertools.count())


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return folders(tmp_path_factory.mktemp("runs"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    count=st.integers(1, 8),
    workers=st.integers(1, 4),
    batch=st.integers(1, 5),
    writes=st.lists(WRITES, max_size=14),
    reads=st.lists(READS, max_size=14),
    sign_ins=st.lists(SIGN_INS, max_size=4),
    attempts=st.integers(1, 4),
    most=st.none() | st.integers(1, 3),
    read_back=st.sampled_from([True, True, True, False]),
)
def test_no_script_of_replies_loses_doubles_or_invents_an_outcome(  # noqa: PLR0917 - one for each thing drawn
    places: Any,
    count: int,
    workers: int,
    batch: int,
    writes: list[str],
    reads: list[str],
    sign_ins: list[str],
    attempts: int,
    most: int | None,
    read_back: bool,  # noqa: FBT001 - drawn
) -> None:
    pbx = FakePbx()
    pbx.add(*(trunk(number) for number in range(1, count + 1)))
    planned = changes(
        pbx,
        "Trunk ID|Hostname|Port|Password",
        *(f"{number}|new{number}.example|5060|Sample-new-{number}" for number in range(1, count + 1)),
        dids=[f"{number}|44207947{number:04}|{name}" for number in range(1, count + 1) for name in ("Sales",)],
    )
    given_words = [*writes]
    allowed = AGAIN | ({"expired"} if sign_ins else set())
    all_is_well = not (writes or reads or sign_ins)
    pbx.scripts = {"trunk/update": writes, "trunk/query": reads, "get_token": ["ok", *sign_ins]}
    folder = next(places)
    folder.mkdir()
    with running(pbx, folder, attempts=attempts, read_back=read_back, give_up_after=60) as run:
        run.dispatch(planned, workers=workers, batch=batch, max_failures=most)
        lost = run.settler.lost

    assert sorted(outcome.trunk_id or 0 for outcome in run.outcomes) == list(range(1, count + 1))
    assert pbx.broken == []
    for outcome in run.outcomes:
        change = planned[(outcome.trunk_id or 0) - 1]
        left = compare(parse_trunk(pbx.trunks[change.live.id]), change.desired)
        arrived = pbx.written.count(change.live.id)
        assert arrived <= attempts + 5, "an expired token, five times at most, is no attempt"
        assert outcome.attempts <= attempts
        match outcome.ending:
            case Ending.APPLIED:
                assert read_back or outcome.errcode == 0
                assert not left or (not read_back and not outcome.read and "edit+" in given_words)
                assert outcome.attempts >= 1
            case Ending.UNCHANGED:
                assert not left
            case Ending.NOT_RUN:
                assert outcome.note != ""
            case Ending.UNKNOWN:
                assert lost is not None or not read_back or most is not None
                assert outcome.attempts >= 1
            case Ending.FAILED | Ending.REFUSED:
                assert outcome.attempts >= 1
            case Ending.PARTIAL:
                assert outcome.difference
                assert outcome.read
            case _:
                raise AssertionError(outcome.ending)
        if outcome.attempts > 1:
            assert allowed & {word.rstrip("+~") for word in given_words}, "nothing allowed a second send"
    if all_is_well:
        assert set(run.endings.values()) == {"applied"}
