"""What a journal holds of wishes and outcomes: the same when it is read back, and without a secret."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from batch.pbx.error_codes import FieldFault
from batch.runs.outcomes import Ending, Outcome
from batch.runs.serialization import desired_json, intent_of, outcome_json, planned_then, read_desired, read_outcome
from batch.schema.columns import CALLER_IDS, DIDS
from batch.secrets import HIDDEN, Secret
from batch.trunks.diff import Desired, compare
from batch.trunks.live import CallerId, Did, Extension
from tests import builders
from tests.builders import dids, judged, live, shared

MEMBERS = (Extension("extension", 1, "1001"), Extension("ext_group", 2, "Sales"))
DESIRED = Desired(
    fields={"name": "Zürich", "port": 5061, "domain": "", "password": Secret("Sample-new")},
    lists={
        DIDS: (Did("+442079460100", "Main"), Did("X.", "")),
        CALLER_IDS: (
            CallerId("shared", "1", "n", "", frozenset(MEMBERS), MEMBERS),
            CallerId("range", "10-19", "", "1010-1019"),
        ),
    },
)


def through_json(kept: Any) -> Any:
    return json.loads(json.dumps(kept))


@pytest.mark.parametrize(
    "desired",
    [DESIRED, Desired(), Desired(lists={DIDS: ()}), Desired(lists={CALLER_IDS: ()}), Desired(fields={"enable": 0})],
)
def test_what_is_wanted_reads_back_as_it_was(desired: Desired) -> None:
    kept = through_json(desired_json(desired))
    assert read_desired(kept, desired.fields.get("password")) == desired
    assert through_json(desired_json(read_desired(kept, Secret("another")))) == kept


def test_a_wanted_password_is_not_kept_and_not_wanted_where_nobody_has_it_any_more() -> None:
    kept = json.dumps(desired_json(DESIRED))
    assert "Sample-new" not in kept
    assert "password" not in read_desired(json.loads(kept), None).fields


def test_the_order_in_which_extensions_are_sent_is_kept() -> None:
    callers = read_desired(through_json(desired_json(DESIRED)), None).lists[CALLER_IDS]
    assert [entry.order for entry in callers if isinstance(entry, CallerId)] == [MEMBERS, ()]


def test_a_change_is_made_again_from_what_was_kept() -> None:
    given = builders.book(
        ["Trunk ID|Hostname|Password", "1|new.example|Sample-new"], ["1|1001|Main", "1|1002|"], ["1|shared|7||| 1001|"]
    )
    before = live(1, hostname="old.example", password="Sample-old", did_list=dids("1003"), outbound_cid_list=[])
    change, _, _ = judged(given, before)
    wanted = intent_of(change, 4)
    assert (wanted.row, wanted.trunk_id, wanted.name, wanted.rows) == (2, 1, "London", 4)
    assert wanted.writes == {"hostname", "password", "did_list", "outbound_cid_list"}
    assert planned_then(wanted, change.record, before) == change


def test_a_trunk_that_held_everything_is_wanted_as_it_is_and_nothing_is_to_be_set() -> None:
    change, _, _ = judged(builders.book(["Trunk ID|Hostname", "1|same.example"]), live(1, hostname="same.example"))
    wanted = intent_of(change, 1)
    assert wanted.writes == frozenset()
    assert wanted.desired == {"fields": {"hostname": "same.example"}}


def found_otherwise() -> Outcome:
    now = live(
        1,
        hostname="theirs.example",
        password="Sample-theirs",
        did_list=dids("3", "2=Old", "1"),
        outbound_cid_list=[shared("7", 1), shared("8", 2)],
    )
    wanted = Desired(
        fields={"hostname": "new.example", "password": Secret("Sample-new"), "port": 5061},
        lists={
            DIDS: (Did("1"), Did("2", "New"), Did("4")),
            CALLER_IDS: (CallerId("shared", "7", "", "", frozenset(MEMBERS), MEMBERS),),
        },
    )
    return Outcome(
        row=2,
        ending=Ending.PARTIAL,
        trunk_id=1,
        name="London",
        note="Look.",
        errcode=1,
        errmsg="PARTIAL SUCCESS",
        http_status=200,
        attempts=2,
        elapsed_ms=31,
        finished_at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
        faults=(FieldFault(field="did_list", value=["x"], validation_type="unique"),),
        difference=compare(now, wanted),
        read=True,
        reached=True,
    )


@pytest.mark.parametrize(
    "outcome", [Outcome(row=2, ending=Ending.NOT_RUN, chosen=False), Outcome(row=2, ending=Ending.UNCHANGED, read=True)]
)
def test_an_outcome_reads_back_as_it_was(outcome: Outcome) -> None:
    assert read_outcome(2, through_json(outcome_json(outcome))) == outcome


def test_what_was_found_otherwise_reads_back_but_for_passwords() -> None:
    outcome = found_otherwise()
    kept = json.dumps(outcome_json(outcome))
    assert "Sample-" not in kept
    back = read_outcome(2, json.loads(kept))
    assert back.difference.lists == outcome.difference.lists
    assert back.difference.fields == {
        "hostname": ("theirs.example", "new.example"),
        "password": (Secret(HIDDEN), Secret(HIDDEN)),
        "port": ("", 5061),
    }
    assert outcome_json(back) == outcome_json(outcome)
