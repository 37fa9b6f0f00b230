"""Requests: one line for each, for those who asked to hear of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def request_text(entry: Mapping[str, Any]) -> str:
    """Tell of one request, from its line in the log."""
    return "  ".join(f"{name}={_joined(value)}" for name, value in entry.items())


def _joined(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
