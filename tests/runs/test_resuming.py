"""What a further invocation of a run takes up, and what it leaves as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch.runs.journal_reader import History, Tries
from batch.runs.outcomes import Ending, Outcome
from batch.runs.resuming import CHANGED_AFTER, NEITHER, Rest, left, settle_by_look, sort_out
from batch.runs.serialization import intent_of, planned_then
from batch.trunks.change_plan import Change
from batch.trunks.live import LiveTrunk
from tests import builders
from tests.builders import dids, judged, live

BOOK = builders.book(["Trunk ID|Hostname|Password", "1|new.example|Sample-new"], ["1|1001|", "1|1002|"])
OLD: Mapping[str, Any] = {"hostname": "old.example", "password": "Sample-old", "did_list": dids("1003")}
NEW: Mapping[str, Any] = {"hostname": "new.example", "password": "Sample-new", "did_list": dids("1001", "1002")}
BEFORE = live(1, **OLD)
THEIRS = live(1, **{**OLD, "hostname": "theirs.example"})
HALF = live(1, **{**OLD, "hostname": "new.example"})
ELSEWHERE = live(1, **OLD, codec_sel="alaw")


def invocation(now: LiveTrunk, ending: Ending | None, sent: int = 0, **more: Any) -> Outcome | Change | str:
    """Take up a run of one trunk: its ending if it stays, its change if not; *asked* where nobody approved that."""
    then, _, _ = judged(BOOK, BEFORE)
    change, _, _ = judged(BOOK, now)
    outcome = Outcome(row=2, ending=ending, trunk_id=1, name="London", errmsg="WORDS") if ending else None
    rest = sort_out([change.record], {2: change}, past(then, outcome, sent), more.get("before", {1: BEFORE}), {})
    if 2 in rest.new:
        assert rest.again.keys() == {2}
        return "asked"
    assert rest.stays.keys() ^ rest.again.keys() == {2}
    return rest.again[2] if rest.again else rest.stays[2]


def past(then: Change, outcome: Outcome | None, sent: int = 0) -> History:
    return History(
        folder=Path("run"),
        facts={},
        invocations=(),
        wanted={2: intent_of(then, 3)},
        outcomes={2: outcome} if outcome else {},
        unsettled=frozenset(),
        tries={1: Tries(sent=sent, invocation=1, errcode=0)} if sent else {},
    )


@pytest.mark.parametrize("ending", [None, Ending.NOT_RUN, Ending.FAILED, Ending.UNKNOWN])
@pytest.mark.parametrize("sent", [0, 1])
@pytest.mark.parametrize("now", [BEFORE, ELSEWHERE])
def test_what_holds_what_was_there_before_is_taken_up(now: LiveTrunk, ending: Ending | None, sent: int) -> None:
    assert isinstance(invocation(now, ending, sent), Change)


@pytest.mark.parametrize("ending", [None, Ending.UNKNOWN, Ending.FAILED, Ending.NOT_RUN, Ending.PARTIAL])
def test_what_was_sent_and_is_as_wanted_is_applied_and_not_written_again(ending: Ending | None) -> None:
    stays = invocation(live(1, **NEW), ending, sent=2)
    assert isinstance(stays, Outcome)
    assert (stays.ending, stays.note, stays.read, stays.reached) == (Ending.APPLIED, "", True, True)
    assert not stays.difference


@pytest.mark.parametrize("ending", [None, Ending.NOT_RUN, Ending.UNCHANGED, Ending.FAILED])
def test_what_was_never_sent_and_is_as_wanted_is_unchanged(ending: Ending | None) -> None:
    stays = invocation(live(1, **NEW), ending)
    assert isinstance(stays, Outcome)
    assert (stays.ending, stays.reached) == (Ending.UNCHANGED, False)


@pytest.mark.parametrize("now", [BEFORE, THEIRS, live(1, **NEW)])
def test_what_was_refused_stays_refused_with_its_words(now: LiveTrunk) -> None:
    stays = invocation(now, Ending.REFUSED, sent=1)
    assert isinstance(stays, Outcome)
    assert (stays.ending, stays.errmsg) == (Ending.REFUSED, "WORDS")


@pytest.mark.parametrize("now", [BEFORE, THEIRS, HALF])
def test_what_was_partial_stays_partial_and_says_how_it_differs_now(now: LiveTrunk) -> None:
    stays = invocation(now, Ending.PARTIAL, sent=1)
    assert isinstance(stays, Outcome)
    assert (stays.ending, bool(stays.difference), stays.read) == (Ending.PARTIAL, True, True)


def test_what_was_applied_and_was_changed_since_is_not_written_over() -> None:
    stays = invocation(THEIRS, Ending.APPLIED, sent=1)
    assert isinstance(stays, Outcome)
    assert (stays.ending, stays.note) == (Ending.PARTIAL, CHANGED_AFTER)
    assert stays.difference.fields["hostname"] == ("theirs.example", "new.example")


def test_what_was_unchanged_and_was_changed_since_is_not_written_over() -> None:
    stays = invocation(THEIRS, Ending.UNCHANGED)
    assert isinstance(stays, Outcome)
    assert stays.ending is Ending.NOT_RUN
    assert "Changed on the PBX since the plan" in stays.note


@pytest.mark.parametrize("ending", [None, Ending.FAILED, Ending.UNKNOWN])
@pytest.mark.parametrize("now", [THEIRS, HALF])
def test_what_was_sent_and_is_neither_old_nor_new_is_never_sent_blindly_again(
    now: LiveTrunk, ending: Ending | None
) -> None:
    stays = invocation(now, ending, sent=1)
    assert isinstance(stays, Outcome)
    assert (stays.ending, stays.note, stays.reached) == (Ending.PARTIAL, NEITHER, True)


@pytest.mark.parametrize("ending", [None, Ending.FAILED, Ending.UNKNOWN])
def test_what_was_sent_and_has_no_snapshot_is_never_sent_blindly_again(ending: Ending | None) -> None:
    stays = invocation(BEFORE, ending, sent=1, before={})
    assert isinstance(stays, Outcome)
    assert stays.ending is Ending.PARTIAL


@pytest.mark.parametrize("ending", [None, Ending.NOT_RUN])
@pytest.mark.parametrize("now", [THEIRS, HALF, live(1, **{**OLD, "did_list": dids("1003", "9")})])
def test_what_was_never_sent_and_was_changed_meanwhile_is_asked_about(now: LiveTrunk, ending: Ending | None) -> None:
    assert invocation(now, ending) == "asked"


def test_what_has_no_snapshot_and_was_never_sent_is_asked_about() -> None:
    assert invocation(BEFORE, None, before={}) == "asked"


def test_a_trunk_that_the_run_has_never_seen_is_asked_about() -> None:
    change, _, _ = judged(BOOK, BEFORE)
    nothing = replace(past(change, None), wanted={})
    assert sort_out([change.record], {2: change}, nothing, {}, {}) == Rest(
        stays={}, again={2: change}, new=frozenset({2})
    )


def test_what_would_write_more_than_was_approved_is_asked_about() -> None:
    given = builders.book(["Trunk ID|Hostname|Port", "1|new.example|5060"])
    then, _, _ = judged(given, live(1, hostname="old.example", port=5060))
    now = live(1, hostname="old.example", port=7000)
    change, _, _ = judged(given, now)
    for sent in (0, 1):
        rest = sort_out([change.record], {2: change}, past(then, None, sent), {1: then.live}, {})
        assert rest.new == {2}


def test_a_wish_that_is_another_one_now_is_asked_about() -> None:
    then, _, _ = judged(BOOK, BEFORE)
    change, _, _ = judged(builders.book(["Trunk ID|Hostname|Port", "1|new.example|5061"]), BEFORE)
    assert sort_out([change.record], {2: change}, past(then, None), {1: BEFORE}, {}).new == {2}


@pytest.mark.parametrize(
    ("ending", "becomes"),
    [
        (Ending.APPLIED, Ending.PARTIAL),
        (Ending.UNCHANGED, Ending.PARTIAL),
        (Ending.REFUSED, Ending.REFUSED),
        (Ending.PARTIAL, Ending.PARTIAL),
        (Ending.FAILED, None),
        (Ending.NOT_RUN, None),
        (Ending.INVALID, None),
    ],
)
def test_a_trunk_that_cannot_be_planned_any_more_keeps_what_it_had_and_says_why(
    ending: Ending, becomes: Ending | None
) -> None:
    then, _, _ = judged(BOOK, BEFORE)
    kept = past(then, Outcome(row=2, ending=ending))
    stays = sort_out([then.record], {}, kept, {1: BEFORE}, {2: "It is gone."}).stays
    if ending is Ending.FAILED:
        reached = replace(kept, outcomes={2: Outcome(row=2, ending=ending, reached=True)})
        told = sort_out([then.record], {}, reached, {1: BEFORE}, {2: "It is gone."}).stays[2]
        assert (told.ending, told.note) == (Ending.FAILED, "It is gone.")
    assert [outcome.ending for outcome in stays.values()] == ([becomes] if becomes else [])
    if ending in {Ending.APPLIED, Ending.UNCHANGED}:
        assert stays[2].note == "It was right when it was read. Now: It is gone."


def test_left_are_chosen_trunks_that_were_not_done_with() -> None:
    then, _, _ = judged(BOOK, BEFORE)
    for ending in Ending:
        run = past(then, Outcome(row=2, ending=ending))
        assert left(run, [2]) == ([2] if ending in {Ending.NOT_RUN, Ending.UNKNOWN, Ending.FAILED} else [])
        assert left(run, []) == []
    assert left(past(then, None), [2]) == [2]


@pytest.mark.parametrize(
    ("now", "untouched", "ending"),
    [
        (live(1, **NEW), False, Ending.APPLIED),
        (BEFORE, True, Ending.FAILED),
        (HALF, False, Ending.PARTIAL),
        (None, False, Ending.PARTIAL),
    ],
)
def test_a_look_settles_what_was_unknown(now: LiveTrunk | None, ending: Ending, *, untouched: bool) -> None:
    then, _, _ = judged(BOOK, BEFORE)
    again = planned_then(intent_of(then, 3), then.record, BEFORE)
    unknown = Outcome(row=2, ending=Ending.UNKNOWN, attempts=1, note="Not read back.", reached=True)
    settled = settle_by_look(unknown, again, now, untouched=untouched)
    assert (settled.ending, settled.attempts, settled.reached) == (ending, 1, True)
    assert "Not read back" not in settled.note
