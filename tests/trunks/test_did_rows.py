"""Wanted DIDs kept by column behave like a list of them."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from batch.trunks.model import DidRow, DidRows, dids_of, rows_at

ENTRIES = st.lists(
    st.builds(
        DidRow,
        st.integers(min_value=2, max_value=1_000_000),
        st.text(alphabet="0123456789+XZN", min_size=1, max_size=6),
        st.none() | st.text(max_size=4),
    )
)
PLACES = st.none() | st.integers(min_value=-8, max_value=8)


def by_column(rows: list[DidRow]) -> DidRows:
    return DidRows([row.row for row in rows], [row.number for row in rows], [row.name for row in rows])


@given(ENTRIES, PLACES, PLACES)
def test_they_are_listed_counted_and_cut_like_a_list(rows: list[DidRow], start: int | None, end: int | None) -> None:
    kept = by_column(rows)
    assert (len(kept), list(kept), list(reversed(kept))) == (len(rows), rows, rows[::-1])
    assert list(kept[start:end]) == rows[start:end]
    assert [kept[i] for i in range(-len(rows), len(rows))] == rows + rows
    assert list(dids_of(kept)) == list(dids_of(rows))


@given(ENTRIES, st.randoms(use_true_random=False))
def test_they_are_put_into_another_order_like_a_list(rows: list[DidRow], random: Random) -> None:
    places = list(range(len(rows)))
    random.shuffle(places)
    assert list(rows_at(by_column(rows), places)) == rows_at(rows, places)


@given(ENTRIES, ENTRIES)
def test_they_equal_the_same_dids_however_those_are_kept(rows: list[DidRow], others: list[DidRow]) -> None:
    assert (by_column(rows) == others) == (rows == others) == (by_column(rows) == by_column(others))
    assert by_column(rows) == rows
    assert by_column(rows) != "442079460100"
