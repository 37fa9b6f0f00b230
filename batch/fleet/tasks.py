"""Tasks and answers: what a PBX's part of a fleet's run is handed out as, and what comes back. Plain JSON, both.

A task may travel by a broker, which is open to others: what is none of ours is known by `is_task`. One for a process
of this machine has besides ``own``, what its machine knows of the PBX; that never travels.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from batch.runs.fleet_folder import is_slug, read_fleet_folder
from batch.runs.serialization import Shape, fits, is_plain_name, whole
from batch.settings import OPTIONS

Task: TypeAlias = dict[str, Any]
TaskAnswer: TypeAlias = dict[str, Any]

FORMAT: Final = 1
"""Of tasks and answers; another one is not understood."""
TASK_COMMANDS: Final = ("plan", "apply", "resume", "verify", "undo", "status")
TRAVELS: Final = (
    *("practice", "only", "allow", "accept", "skip_invalid", "rate", "concurrency", "attempts", "timeout"),
    *("give_up_after", "on_error", "max_failures", "move_order", "region", "read_back", "settle_wait"),
    *("size_percent", "size_trunks"),
)
"""Settings that a task says itself; all others are those of the PBX's own profile, where it is carried out."""
_ANSWERED: Final = frozenset({"attention", "differs", "document", "down", "status", "verified"})
"""What answers have besides what all of them have."""


def _is_base64(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(base64.b64decode(value, validate=True))
    except binascii.Error:
        return False


_TASK: Final[Mapping[str, Shape]] = {
    "format": FORMAT.__eq__,
    "version": str,
    "fleet": lambda value: value == "" or is_plain_name(value),
    "pbx": str,
    "slug": is_slug,
    "wave": whole,
    "command": TASK_COMMANDS.__contains__,
    "digest": str,
    "workbook": _is_base64,
    "settings": {name: OPTIONS[name].fits for name in TRAVELS},
    **dict.fromkeys(("asks", "documents"), bool),
    "yes": bool,
    "undoes": is_plain_name,
}
"""``fleet`` is blank where no run is there yet. ``asks``: show the plan, and do not go on; ``documents``:
with what whoever approves it reads. ``yes``: go on also with
what was not approved then. ``undoes``: the id of the fleet's run whose part is taken back."""
_NEEDED: Final = _TASK.keys() - {"asks", "documents", "yes", "undoes", "wave", "workbook"}
_OF_A_PART: Final = ("plan", "apply", "resume")


def is_task(said: Any) -> bool:
    """Tell whether what came by a broker is a task of ours, of this format."""
    return (
        fits(said, _TASK)
        and said.keys() >= _NEEDED
        and bool(said["fleet"] or said["command"] == "plan")
        and ("workbook" in said or said["command"] not in _OF_A_PART)
    )


def travelling(task: Task) -> Task:
    """Return a task as it travels: without what its machine knows of the PBX, and with the part of the workbook."""
    own, more = task["own"], {}
    if task["command"] in _OF_A_PART:
        more["workbook"] = base64.b64encode(Path(own["part"]).read_bytes()).decode()
    if own.get("undone"):
        more["undoes"] = read_fleet_folder(Path(own["undone"]).parent).id
    return {**{name: value for name, value in task.items() if name != "own"}, **more}


def only_outcomes(answer: TaskAnswer) -> TaskAnswer:
    """Return what of an answer may travel."""
    known = empty_answer({}, 0, "", "", "").keys() | _ANSWERED | {"fleet", "pbx", "command"}
    return {name: value for name, value in answer.items() if name in known}


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
