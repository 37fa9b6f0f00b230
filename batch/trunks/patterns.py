"""Patterns: DIDs that stand for more than one number."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final


def matches(pattern: str, number: str) -> bool:
    """Tell whether a DID or DID pattern takes a number, ``+`` aside.

    ``X`` 0-9, ``Z`` 1-9, ``N`` 2-9, ``[27-9]``, ``.`` one or more, ``!`` zero or more.
    """
    return _pattern(pattern.lstrip("+")).fullmatch(number.lstrip("+")) is not None


_WILD: Final = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    parts = re.findall(r"\[[^\[\]]+\]|.", text)
    return re.compile(
        "".join(
            _alternatives(part[1:-1]) if len(part) > 1 else _WILD.get(part.upper(), re.escape(part)) for part in parts
        )
    )


def _alternatives(bracket: str) -> str:
    """Turn the inside of ``[27-9]`` into an expression, whatever a PBX lets stand there."""
    parts = re.findall(r".-.|.", bracket)
    return f"(?:{'|'.join(f'[{re.escape(p[0])}-{re.escape(p[2])}]' if _rises(p) else re.escape(p) for p in parts)})"


def _rises(part: str) -> bool:
    return len(part) == 3 and part[0] <= part[2]


def is_pattern(did: str) -> bool:
    """Tell whether a DID stands for more than one number."""
    return not did.lstrip("+").isdecimal() and any(c in "XZN[].!" for c in did.upper())
