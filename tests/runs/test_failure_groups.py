"""What is open: the worst first, one line for what has one cause."""

from __future__ import annotations

from batch.runs.outcomes import Ending, Outcome, failure_groups
from batch.trunks.diff import Difference


def test_trunks_with_one_cause_are_told_together_and_the_worst_first() -> None:
    found = failure_groups(
        [
            Outcome(row=2, name="London", ending=Ending.REFUSED, errcode=10009, errmsg="OPERATION FAILED"),
            Outcome(row=3, name="Paris", ending=Ending.APPLIED),
            Outcome(row=4, name="Madrid", ending=Ending.REFUSED, errcode=10009, errmsg="OPERATION FAILED"),
            Outcome(row=5, name="Rome", ending=Ending.PARTIAL, difference=Difference(fields={"port": (1, 2)})),
            Outcome(row=6, name="Oslo", ending=Ending.NOT_RUN, chosen=False),
        ]
    )
    assert [trouble.describe(", ".join(trouble.names)) for trouble in found] == [
        "Rome: partial. 1 field differs; the sheet Changes lists it.",
        "2 trunks refused: London, Madrid. 10009 OPERATION FAILED.",
    ]


def test_what_the_note_says_is_not_said_twice() -> None:
    outcome = Outcome(row=2, name="London", ending=Ending.FAILED, errmsg="no answer in time", note="No answer in time.")
    assert [trouble.why for trouble in failure_groups([outcome])] == ["No answer in time."]


def test_where_all_is_well_there_are_none() -> None:
    assert failure_groups([Outcome(row=2, ending=Ending.UNCHANGED)]) == []
