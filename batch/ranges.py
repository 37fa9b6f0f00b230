"""Ranges: what the numbers of flags, profile and `Settings` may be, and the hazards that can be allowed."""

from __future__ import annotations

from typing import Final, NamedTuple


class Range(NamedTuple):
    """From least to most, both included."""

    least: float
    most: float
    whole: bool = False


RANGES: Final = {
    "port": Range(0, 65_535, whole=True),
    "first": Range(1, 1_000_000, whole=True),
    "rate": Range(0.1, 10_000),
    "concurrency": Range(1, 500, whole=True),
    "attempts": Range(1, 100, whole=True),
    "timeout": Range(0.1, 3_600),
    "max_failures": Range(1, 1_000_000, whole=True),
    "give_up_after": Range(0, 86_400),
    "settle_wait": Range(0, 3_600),
}
"""By flag. Times are in seconds, the rate in starts a second."""

HAZARDS: Final = ("removals", "unknown-keys", "unread-lists", "reorder", "conflicts", "long-numbers")
"""What ``--allow`` takes."""


def why_not(name: str, number: float) -> str:
    """Say what is wrong with a number, in a few words; nothing if nothing is."""
    least, most, whole = RANGES[name]
    if least <= number <= most and (not whole or number == int(number)):
        return ""
    return f"must be a {'whole ' if whole else ''}number from {least:,} to {most:,}"
