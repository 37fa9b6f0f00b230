"""Facts: what a journal says of its run, and whether it can be believed. Its folder may have come from anybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from batch.sheets.problems import KINDS, Severity

Shape: TypeAlias = type | Callable[[Any], bool] | list["Shape"] | tuple["Shape", ...] | Mapping[str, "Shape"] | None
"""A type; a rule; what all items of a list are; several of which one fits; what the names of an object are; nothing."""

_MOST: Final = 2**53
"""A number beyond it was never written."""


def fits(value: Any, shape: Shape) -> bool:
    """Tell whether a value is of a shape; an object may lack names, and has no others. A truth is no number."""
    match shape:
        case None:
            return value is None
        case type():
            return type(value) is shape
        case list():
            return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
        case tuple():
            return any(fits(value, one) for one in shape)
        case Mapping():
            return isinstance(value, dict) and all(
                name in shape and fits(item, shape[name]) for name, item in value.items()
            )
        case _:
            return shape(value)


def whole(value: Any) -> bool:
    """Tell whether a value counts something, or is a row or an id."""
    return type(value) is int and 0 <= value <= _MOST


def each(shape: Shape) -> Callable[[Any], bool]:
    """Return the shape of an object whose names may be any."""
    return lambda value: isinstance(value, dict) and all(fits(item, shape) for item in value.values())


def is_moment(value: Any) -> bool:
    """Tell whether a value is a time with its zone."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def moment(text: str) -> datetime:
    """Read a time.

    Raises:
        ValueError: it is none, or has no zone.
    """
    if not is_moment(text):
        raise ValueError("no time")
    return datetime.fromisoformat(text)


def _is_plain_name(value: Any) -> bool:
    return isinstance(value, str) and value == Path(value).name != ""


_SETTINGS: Final[Shape] = {
    **dict.fromkeys(("url", "client_id", "secret_file", "ca_file", "fingerprint", "proxy", "results"), (str, None)),
    **{name: [str] for name in ("secrets_from", "only", "allow")},
    **dict.fromkeys(("practice", "insecure", "skip_invalid", "read_back"), bool),
    **dict.fromkeys(("first", "concurrency", "attempts", "max_failures"), (int, None)),
    **dict.fromkeys(("rate", "timeout", "give_up_after", "settle_wait"), (int, float)),
    "on_error": str,
}
_PROBLEM: Final[Shape] = {
    "code": KINDS.__contains__,
    **dict.fromkeys(("sheet", "header", "value", "message", "fix"), str),
    **dict.fromkeys(("row", "column"), whole),
    **dict.fromkeys(("trunk", "partner"), (whole, None)),
    "offers": [str],
    "retype": (dict, None),
    "severity": (None, *(value.__eq__ for value in map(str, Severity))),
}
_NEEDED_OF_A_PROBLEM: Final = frozenset({"code", "sheet", "message", "fix", "severity"})
_FACTS: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("run", "pbx", "client_id", "digest"), str),
    "started": is_moment,
    "practice": bool,
    "workbook": {"path": str, "sha256": str, "copy": _is_plain_name, "columns": str},
    "rows": whole,
    "settings": _SETTINGS,
    "chosen": [whole],
    "hazards": [str],
    "problems": [lambda value: fits(value, _PROBLEM) and value.keys() >= _NEEDED_OF_A_PROBLEM],
}


def read_facts(kept: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Read the facts of a run, each as JSON.

    Raises:
        ValueError: one of them is not what this tool writes.
    """
    facts = {name: json.loads(value) for name, value in kept}
    for name, shape in _FACTS.items():
        if name in facts and not fits(facts[name], shape):
            raise ValueError(name)
    return facts


def are_whole(facts: Mapping[str, Any]) -> bool:
    """Tell whether all facts are there that a run is gone on with."""
    return facts.keys() >= _FACTS.keys() and facts["workbook"].keys() >= {"path", "sha256", "copy"}
