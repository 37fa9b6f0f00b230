"""Wording: how paths, numbers, times and long lists are written for people, and what a code is to say to them.

Characters that nobody sees, or that a terminal obeys, are shown by their number (``<U+001B>``): control characters,
line separators, what turns the direction of writing, what has no width. Text in any script, accents and emoji stay.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Who(StrEnum):
    """Who can put something right."""

    EDITOR = "spreadsheet editor"
    ADMINISTRATOR = "PBX administrator"
    CARRIER = "carrier"
    OPERATOR = "operator"
    """Whoever started the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What an exit code, an error, an ending or a hazard means to people."""

    means: str
    example: str
    next_step: str
    who: Who = Who.OPERATOR


def meaning_of(facts: Mapping[str, str]) -> Meaning:
    """Make one of what a table of texts says."""
    who = Who(facts.get("who", Who.OPERATOR))
    return Meaning(means=facts["means"], example=facts["example"], next_step=facts["next_step"], who=who)


def read_texts(module: str) -> dict[str, Any]:
    """Read the table of texts that lies beside a module, which is named by its ``__file__``."""
    import tomllib  # noqa: PLC0415 - not for --help
    from pathlib import Path  # noqa: PLC0415

    return tomllib.loads(Path(module).with_suffix(".toml").read_text(encoding="utf-8"))


def quoted(word: object) -> str:
    """Write a path or a name as it is typed."""
    text = str(word)
    if os.name != "nt":
        return shlex.quote(text)
    return f'"{text}"' if re.search(r"[\s&^()|<>;,=%!]", text) else text


_JOINERS: Final = "\u200c\u200d"
_UNSEEN: Final = (
    "\\x00-\\x1f\\x7f-\\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\ud800-\udfff"
)
_NEEDED: Final = (
    # a joiner between two signs that are not ASCII: scripts and emoji are written so; and the flags of regions
    f"(?<=[^\\x00-\\x9f])[{_JOINERS}](?=[^\\x00-\\x9f])|\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f"
)
_FOUND: Final = re.compile(f"({_NEEDED})|[{_UNSEEN}{_JOINERS}]")


def visible(text: str) -> str:
    """Return a text on one line with everything in it to be seen."""
    if text.isascii() and text.isprintable():
        return text
    return _FOUND.sub(lambda found: found[1] or f"<U+{ord(found[0]):04X}>", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How much is listed before the rest is only counted; None is all of it."""

    trunks: int | None = None
    items: int | None = None
    """Cells of one kind of problem, or entries of one list."""


BRIEF: Final = Shown(trunks=40, items=12)
IN_FULL: Final = Shown()


def counted(number: int, what: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def list_entries(number: int) -> str:
    """Write a number of list entries."""
    return f"{number:,} list {'entry' if number == 1 else 'entries'}"


def named(all_of_them: Iterable[str], shown: Shown = BRIEF) -> str:
    """Write names with commas between, the first of them."""
    return some_of(all_of_them, shown.items)


def some_of(texts: Iterable[str], most: int | None) -> str:
    """Write texts with commas between, at most so many, and how many more there are."""
    every = list(texts)
    rest = len(every) - len(every[:most])
    return ", ".join(every[:most]) + (f" and {rest:,} more" if rest else "")


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
