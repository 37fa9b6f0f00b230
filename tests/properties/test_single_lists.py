"""Of every list alone: each row has exactly one trunk and one ending, whatever the trunks are called and said to be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from batch.readers.workbook import RawSheet
from batch.runs.outcomes import Ending, Outcome, end_rows
from batch.schema.columns import CALLER_IDS, DIDS
from batch.tables.single_lists import ListOptions
from batch.trunks.change_plan import stopped_by
from tests.builders import read, sheet, workbook

names = st.sampled_from(["London-1", "Leeds-1", "Bath-1", "12", "7001", "007", "Bath 1"])
numbers = st.integers(0, 99).map(lambda n: f"4420794601{n:02}")
cells = st.one_of(numbers, st.sampled_from(["44-20", "442079460100-103", "442079460101; 442079460102"]))
dids = st.lists(st.tuples(names, cells), min_size=1, max_size=12)
callers = st.lists(st.tuples(names, numbers), max_size=6)


def did_sheet(rows: list[tuple[str, str]], *, with_trunk: bool) -> RawSheet:
    lines = [list(row) if with_trunk else [row[1]] for row in rows]
    return sheet("DIDs", ["Trunk", "DID"] if with_trunk else ["DID"], *lines)


def caller_sheet(rows: list[tuple[str, str]]) -> RawSheet:
    lines = [[trunk, "shared", number, "1001"] for trunk, number in rows]
    return sheet("Caller IDs", ["Trunk", "Option", "Caller ID", "Extensions"], *lines)


@given(dids, callers)
def test_every_row_of_lists_has_one_trunk_and_one_ending_and_the_totals_add_up(
    rows: list[tuple[str, str]], more: list[tuple[str, str]]
) -> None:
    given_sheets = [did_sheet(rows, with_trunk=True), *([caller_sheet(more)] if more else [])]
    tables, records, problems = read(workbook(*given_sheets))
    stopped = stopped_by(problems)
    outcomes = {
        record.row: Outcome(
            row=record.row, ending=Ending.INVALID if record.row in stopped else Ending.APPLIED, name=record.label
        )
        for record in records.trunks
    }
    endings = end_rows(tables, records, outcomes, problems)
    endings.must_add_up(tables, Path("journal"))
    assert endings.total().total() == len(rows) + len(more) == records.sizes().total()
    called = Counter(trunk for trunk, _ in [*rows, *more])
    assert len(records.trunks) == len(called)
    owned = {title: owners.trunks.tolist() for title, owners in records.owners.items()}
    assert all(trunk in outcomes for title in (DIDS.title, CALLER_IDS.title) for trunk in owned[title])
    assert [problem for problem in problems if problem.row < 1] == []


@given(dids)
def test_what_is_said_of_all_rows_is_as_if_a_column_said_it(rows: list[tuple[str, str]]) -> None:
    _, by_column, _ = read(workbook(did_sheet([("London-1", did) for _, did in rows], with_trunk=True)))
    _, by_flag, _ = read(workbook(did_sheet(rows, with_trunk=False)), ListOptions(trunk="London-1"))
    assert [(r.row, r.name, r.lists) for r in by_flag.trunks] == [(r.row, r.name, r.lists) for r in by_column.trunks]
