"""What reading a CSV costs grows with its size, however long its lines are and however odd its quotes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import suppress

import pytest

from batch.readers.csv_records import Dialect, LooseRecords
from batch.readers.encodings import detect_encoding
from tests.growth import STEEP, for_four_times


@pytest.mark.parametrize(
    ("before", "repeated", "after", "encoding"),
    [
        (b"", b"a", b"\xe9t\xe9", "cp1252"),
        (b"Z\xfcrich,", b"a note without an end ", b"", "cp1252"),
        (b"", b"a" * 500 + b"K\xf6ln", b"", "cp1252"),
        (b"", "Straße, Größe; ".encode("cp1252"), b"", "cp1252"),
        (b"", "伦敦办公室".encode("gb18030"), b"", "gb18030"),
        (b"", "東京支店のトランク、".encode("cp932"), b"", "cp932"),
        (b"", b"442079460100\r", "Köln\r".encode("mac_roman"), "mac_roman"),
    ],
)
def test_the_encoding_of_a_line_without_end_is_guessed_in_time_with_its_length(
    before: bytes, repeated: bytes, after: bytes, encoding: str
) -> None:
    def guess(size: int) -> Callable[[], object]:
        content = before + repeated * (size // len(repeated)) + after
        found = detect_encoding(content)
        assert found is not None
        assert found.name == encoding
        return lambda: detect_encoding(content)

    assert for_four_times(guess, 40_000, rounds=2) < STEEP


@pytest.mark.parametrize(
    "repeated",
    ['"a,', '"a,b\n', 'a "b",', '"a\\",', '"a""b,', '"a"x,', '","', '"a" , ', '"x\na,b\nc,d\n'],
)
@pytest.mark.parametrize("spaced", [False, True])
def test_quotes_that_do_not_fit_cost_no_more_the_longer_the_line(repeated: str, spaced: bool) -> None:  # noqa: FBT001 - a parameter of the test
    def split(size: int) -> Callable[[], object]:
        text = "a,b\n" + repeated * (size // len(repeated))

        def count() -> None:
            with suppress(csv.Error):  # a value longer than a spreadsheet's
                for _ in LooseRecords(dialect=Dialect(delimiter=",", spaced=spaced)).records(text):
                    pass

        return count

    assert for_four_times(split, 8_000, rounds=3) < STEEP
