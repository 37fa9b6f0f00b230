"""Whatever is offered for a spoiled cell, in any column, is taken when it is typed there, without a problem."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.readers.workbook import CellError, CellValue
from batch.schema.column_model import Parser
from batch.schema.columns import CALLER_IDS, DIDS, TRUNKS
from batch.schema.problems import Problem
from batch.trunks.numbers import NumberRange, parse_did
from tests.builders import check, sheet, workbook


@dataclass(frozen=True)
class Place:
    """A column of one row, whose other cells are sound."""

    sheet: str
    label: str
    others: tuple[tuple[str, str], ...]

    def problems(self, cell: CellValue) -> list[Problem]:
        others = dict(self.others)
        others.pop(self.label, None)
        header, row = [*others, self.label], [*others.values(), cell]
        rows = [sheet("Trunks", ["Name"], ["London"])] if self.sheet != "Trunks" else []
        given = workbook(*rows, sheet(self.sheet, header, row))
        return [problem for problem in check(given) if problem.sheet == self.sheet and problem.header == self.label]


_SHARED = (("Trunk", "London"), ("Option", "shared"), ("Caller ID", "+442079460100"), ("Extensions", "1001"))
_RANGE = (("Trunk", "London"), ("Option", "range"), ("Caller ID", "4420-4421"), ("Extension range", "1001-1002"))
PLACES = [
    *(Place("Trunks", c.label, (("Name", "London"),)) for c in TRUNKS.columns if c.parser is not Parser.SECRET),
    *(Place("DIDs", c.label, (("Trunk", "London"), ("DID", "442079460100"))) for c in DIDS.columns),
    *(Place("Caller IDs", c.label, _SHARED) for c in CALLER_IDS.columns if c.label != "Extension range"),
    Place("Caller IDs", "Caller ID", _RANGE),
    Place("Caller IDs", "Extension range", _RANGE),
]

pieces = st.sampled_from(
    [
        *("442079460100", "+44 20 7946 0100", "020", "7946", "1001", "1002", "5060", "(0)", "sip.example", "London"),
        *("alaw", "ulaw", "udp", "yes", "replace", "shared", "Sales", "X", "[2,3]", "ext", "x", "12", "100", "#12"),
        *("http://", "é", " ", "\u00a0", "\u200b", "\n", "\t", ",", ", ", ";", "/", "-", " - ", "..", "|", "'", '"'),
        *("_", "+", "&", ".0"),
    ]
)
cells: st.SearchStrategy[CellValue] = st.one_of(
    st.lists(pieces, min_size=1, max_size=5).map("".join),
    st.text("0123456789+-/(). xX,", min_size=1, max_size=16),
    st.floats(-5, 1e13, allow_nan=False),
    st.integers(0, 10**12).map(float),
    st.integers(0, 10**6).map(lambda n: n / 10),
    st.booleans(),
    st.dates(dt.date(1900, 3, 1), dt.date(2040, 1, 1)),
    st.times().map(lambda t: t.replace(microsecond=0, tzinfo=None)),
    st.sampled_from([CellError("#N/A"), "TRUE", "4.4E+11", "12-Jan", "1,000", "101,102", "\u0664\u0664\u0662"]),
)


@pytest.mark.parametrize(
    "place", PLACES, ids=lambda place: f"{place.sheet}-{place.label}-{dict(place.others).get('Option', '')}"
)
@settings(max_examples=10)
@given(cell=cells)
def test_every_offer_is_taken_where_it_is_typed(place: Place, cell: CellValue) -> None:
    for problem in place.problems(cell):
        if not problem.stops:
            continue
        assert len(problem.message) + len(problem.fix) < 1_000
        for offer in problem.offers:
            assert offer.isprintable()
            again = [found for found in place.problems(offer) if found.stops]
            assert not again, f"{cell!r}: {offer!r} was offered by {problem.code}, then {again[0].message}"


digits = st.integers(0, 9_999).map("{:04d}".format)
SPOILT = [
    ("0207946{0} x {1}", 1), ("0207946{0} ({1})", 1), ("{1} x 0207946{0}", 1), ("0207946{0} + {1}", 0),
    ("{1} numbers from 020 7946 {0}", 1), ("+44 20 7946 {0} ({1} DIDs)", 1),
]  # fmt: skip


@given(tail=digits, count=st.integers(2, 999), how=st.sampled_from(SPOILT))
def test_a_count_offers_as_many_numbers_as_it_says(tail: str, count: int, how: tuple[str, int]) -> None:
    form, off = how
    found = parse_did(form.format(tail, count))
    assert not isinstance(found, str | NumberRange)
    spans = [span for span in map(parse_did, found.offers) if isinstance(span, NumberRange)]
    assert [(span.first[-8:], span.size) for span in spans] == [(f"7946{tail}"[-8:], count + 1 - off)]
    assert {re.sub(r"[^0-9]", "", span.first)[-4:] for span in spans} == {tail}
