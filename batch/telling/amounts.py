"""Amounts: how much is listed before the rest is only counted, and how numbers, times and lists of names read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How much is listed before the rest is only counted; None is all of it."""

    trunks: int | None
    items: int | None
    """Cells of one kind of problem, or entries of one list."""


BRIEF: Final = Shown(trunks=40, items=12)
WHOLE: Final = Shown(trunks=None, items=None)


def counted(number: int, what: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def list_entries(number: int) -> str:
    """Write a number of list entries."""
    return f"{number:,} list {'entry' if number == 1 else 'entries'}"


def named(all_of_them: Iterable[str], shown: Shown = BRIEF) -> str:
    """Write names with commas between, the first of them."""
    listed = list(all_of_them)
    first = listed[: shown.items]
    return ", ".join(first) + (f" and {len(listed) - len(first):,} more" if len(listed) > len(first) else "")


def size(amount: int) -> str:
    """Write how many bytes something has."""
    return counted(amount, "byte") if amount < 1024 else f"{amount / 1024:,.1f} KiB"


def duration(seconds: float) -> str:
    """Write how long something takes."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def moment(at: datetime) -> str:
    """Write when something was, by the clock of this machine."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def shortened(text: str, limit: int = 60) -> str:
    """Write a text on one line, not endless."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
