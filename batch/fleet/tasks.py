"""Tasks and answers: what a PBX's part of a fleet's run is handed out as, and what comes back. Plain JSON, both."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, TypeAlias

Task: TypeAlias = dict[str, Any]
TaskAnswer: TypeAlias = dict[str, Any]

FORMAT: Final = 1
"""Of tasks and answers; another one is not understood."""

TRAVELS: Final = (
    *("practice", "only", "allow", "accept", "skip_invalid", "rate", "concurrency", "attempts", "timeout"),
    *("give_up_after", "on_error", "max_failures", "move_order", "region", "read_back", "settle_wait"),
    *("size_percent", "size_trunks"),
)
"""Settings that a task says itself; all others are those of the PBX's own profile, where it is carried out."""


@cache
def own_version() -> str:
    """Return the version of this tool."""
    from importlib.metadata import version  # noqa: PLC0415 - only where a fleet is at work

    return version("trunk-batch")


def empty_answer(task: Task, exit_code: int, code: str, message: str, hint: str) -> TaskAnswer:
    """Make the answer to a task of which nothing was carried out, or nothing is known, and why."""
    return {
        "format": FORMAT,
        "version": own_version(),
        **{name: task[name] for name in ("fleet", "pbx", "command") if name in task},
        "exit_code": exit_code,
        "error": {"code": code, "message": message, "hint": hint},
        **dict.fromkeys(("digest", "run", "address", "started", "ended"), ""),
        **dict.fromkeys(("plan", "trunks_up")),
        **{name: [] for name in ("text", "changes", "listed", "problems")},
        **{name: {} for name in ("outcomes", "counts")},
    }
