from __future__ import annotations

import pytest

from batch.trunks.patterns import is_pattern, matches


@pytest.mark.parametrize(
    ("pattern", "number", "takes"),
    [
        ("442079460100", "+442079460100", True),
        ("+44X", "445", True),
        ("44z", "440", False),
        ("44N", "441", False),
        ("44[27-9]", "448", True),
        ("44[27-9]", "445", False),
        ("44.", "44", False),
        ("44.", "441", True),
        ("44!", "44", True),
        ("4*4", "4*4", True),
        ("44[9-2]", "442", False),
        ("44[a--b]", "44b", True),
        ("44[", "44[", True),
    ],
)
def test_a_pattern_takes_what_it_says(pattern: str, number: str, takes: bool) -> None:  # noqa: FBT001 - a table
    assert matches(pattern, number) is takes


def test_a_pattern_is_told_from_a_number() -> None:
    assert [is_pattern(did) for did in ("+442", "442", "44X", "44n", "4[2]", "*98", "4.")] == [
        False,
        False,
        True,
        True,
        True,
        False,
        True,
    ]
