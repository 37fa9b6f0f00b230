from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.trunks.patterns import Matcher, is_pattern, overlap


@pytest.mark.parametrize(
    ("pattern", "number", "takes"),
    [
        ("442079460100", "442079460100", True),
        ("442079460100", "+442079460100", False),
        ("44X", "445", True),
        ("44z", "440", False),
        ("44N", "441", False),
        ("44[27-9]", "448", True),
        ("44[27-9]", "445", False),
        ("44.", "44", False),
        ("44.", "441", True),
        ("44!", "44", True),
        ("44!", "4412", True),
        ("!4", "4", True),
        ("!4", "1414", True),
        (".4", "4", False),
        ("..", "4", False),
        ("..", "44", True),
        ("4*4", "4*4", True),
        ("Sales", "sALES", True),
        ("44[9-2]", "442", False),
        ("44[a--b]", "44b", True),
        ("44[+-X].", "44+1", True),
        ("44[", "44[", True),
    ],
)
def test_a_pattern_takes_what_it_says(pattern: str, number: str, takes: bool) -> None:  # noqa: FBT001 - a table
    assert (Matcher([pattern]).first(number) is not None) is takes


def test_of_several_the_first_wins() -> None:
    matcher = Matcher(["44X", "441", "4.", "441"])
    assert [matcher.first(number) for number in ("441", "4", "4499", "5")] == [0, None, 2, None]


@pytest.mark.parametrize(
    ("above", "below", "takes"),
    [
        (".", "44X", True),
        (".", ".", True),
        ("!", ".", True),
        (".", "!", False),
        ("44.", "44!", False),
        ("44!", "44X!", True),
        ("44X", "44[27-9]", True),
        ("44[27-9]", "44X", False),
        ("44N", "44Z", False),
        ("44X", "44XX", False),
        ("4420.", "442079460[1-4]XX", True),
        ("X!", "+44.", False),
        ("zentrale", "zentrale", True),
    ],
)
def test_a_pattern_hides_what_it_takes_whole(above: str, below: str, takes: bool) -> None:  # noqa: FBT001 - a table
    assert (Matcher([above]).first_for(below) is not None) is takes


def plainly_takes(pattern: list[str], number: str) -> bool:
    """Tell by trying every way, slowly and surely."""
    if not pattern:
        return not number
    head, *rest = pattern
    if head in {".", "!"}:
        return any(plainly_takes(rest, number[n:]) for n in range(head == ".", len(number) + 1))
    return number[:1] != "" and number[0] in head and plainly_takes(rest, number[1:])


places = st.sampled_from([".", "!", "0", "1", "2", "0123456789", "123456789", "12"])
spelled = {"0123456789": "X", "123456789": "Z", "12": "[12]"}


@given(st.lists(st.lists(places, max_size=6), min_size=1, max_size=5), st.lists(st.text("0123", max_size=7)))
def test_many_patterns_at_once_are_the_same_as_one_after_the_other(
    patterns: list[list[str]], numbers: list[str]
) -> None:
    matcher = Matcher("".join(spelled.get(place, place) for place in pattern) for pattern in patterns)
    for number in numbers:
        takers = [i for i, pattern in enumerate(patterns) if plainly_takes(pattern, number)]
        assert matcher.first(number) == (takers[0] if takers else None)


@given(st.lists(places, min_size=1, max_size=5), st.lists(places, max_size=5), st.lists(st.text("0123", max_size=6)))
def test_what_a_hidden_pattern_takes_the_other_takes_too(
    above: list[str], below: list[str], numbers: list[str]
) -> None:
    texts = ["".join(spelled.get(place, place) for place in pattern) for pattern in (above, below)]
    if Matcher([texts[0]]).first_for(texts[1]) is not None:
        assert all(plainly_takes(above, number) for number in numbers if plainly_takes(below, number))


def steps(work: Callable[[], object]) -> int:
    """Count the lines of Python that some work takes."""
    count = 0
    before = sys.gettrace()

    def trace(_frame: FrameType, _event: str, _value: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("wild", ["!", ".", "!.", "X!", "!8", "[0-9]!"])
def test_a_pattern_of_nothing_but_wildcards_costs_in_proportion(wild: str) -> None:
    def ask(size: int) -> int:
        matcher = Matcher([(wild * 30)[:30] + "8"])
        return steps(lambda: matcher.first("7" * size))

    assert ask(800) < 5 * ask(200)


def test_what_a_number_costs_does_not_grow_with_the_patterns() -> None:
    def ask(patterns: int) -> int:
        matcher = Matcher(f"4420{i:06d}XX" for i in range(patterns))
        numbers = [f"4420{i % patterns:06d}{i % 100:02d}" for i in range(1_000)]
        _ = [matcher.first(number) for number in numbers]
        return steps(lambda: [matcher.first(number) for number in numbers])

    assert ask(1_000) < 1.5 * ask(250)


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


def test_two_patterns_overlap_where_a_number_is_taken_by_both() -> None:
    numbers = ["".join(places) for size in range(7) for places in itertools.product("12", repeat=size)]
    patterns = ["".join(places) for size in (1, 2, 3) for places in itertools.product("12.!", repeat=size)]
    taken = {
        pattern: set(filter(re.compile(pattern.replace(".", ".+").replace("!", ".*")).fullmatch, numbers))
        for pattern in patterns
    }
    for one, other in itertools.product(patterns, repeat=2):
        assert overlap(one, other) is bool(taken[one] & taken[other]), (one, other)
    assert overlap("44X0", "44[2-9]N") is False
    assert overlap("44XN", "44[2-9]5") is True
