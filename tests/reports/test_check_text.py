"""Notices kept by column say and hold what they would if each had been made by itself."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from batch.reports.check_text import problems_text
from batch.schema.problems import FEW, ColumnNotice, Problem, Problems
from batch.wording import BRIEF


def notice(rows: list[int], values: list[str]) -> ColumnNotice:
    return ColumnNotice(
        code="caller-id-not-a-did",
        sheet="Caller IDs",
        column=2,
        header="Number",
        message="{value} is not among the trunk's DIDs.",
        fix="Nothing to do, if the carrier allows this number.",
        rows=rows,
        values=values,
        trunks=[row // 5 + 2 for row in rows],
    )


def test_the_notice_of_a_cell_has_its_row_value_and_trunk() -> None:
    assert list(notice([7, 30], ["+44100", "+44200"]).each())[1] == Problem(
        code="caller-id-not-a-did",
        sheet="Caller IDs",
        row=30,
        column=2,
        header="Number",
        value="+44200",
        message="+44200 is not among the trunk's DIDs.",
        fix="Nothing to do, if the carrier allows this number.",
        trunk=8,
    )


@settings(max_examples=30)
@given(
    count=st.integers(FEW + 1, 300),
    order=st.integers(0, 1000),
    other=st.lists(st.sampled_from(["rows-hidden", "own-column", "did-twice", "required"]), max_size=5),
)
def test_what_is_told_and_listed_is_the_same_as_if_each_had_been_made_by_itself(
    count: int, order: int, other: list[str]
) -> None:
    rows = Random(order).sample(range(2, 5000), count)  # noqa: S311 - rows in any order, no secret
    made = notice(rows, [f"+4420{row}" for row in rows])
    single = [
        Problem(code=code, sheet="DIDs", row=i + 2, message=f"What {i}.", fix="Do.") for i, code in enumerate(other)
    ]
    sheets = ["Trunks", "Caller IDs", "DIDs"]
    kept = Problems(single=single, by_column=[made], sheets=sheets)
    each = Problems(single=[*single, *made.each()], sheets=sheets)
    assert list(kept) == list(each)
    assert (len(kept), kept[0], kept[-1]) == (len(each), each[0], each[-1])
    assert kept.stopping == each.stopping
    for shown in (BRIEF, replace(BRIEF, items=None)):
        for notices in (True, False):
            assert list(problems_text(kept, shown, notices=notices)) == list(
                problems_text(each, shown, notices=notices)
            )


def test_several_problems_of_one_cell_are_told_of_one_row() -> None:
    problems = [
        Problem(code="extension-unknown", sheet="Caller IDs", row=2, column=5, message=f"No extension {i}.", fix="Do.")
        for i in range(9)
    ]
    assert "Caller IDs, column F, row 2: e.g. F2" in "\n".join(problems_text(problems, BRIEF))
