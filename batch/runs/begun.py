"""Begun: which runs the operator began on this machine, at an address that they gave.

A run's folder may have come from anybody. What it says of where the PBX is, whom to trust and where secrets lie
counts only if it is what was noted here, in the operator's own state, when the run began.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from platformdirs import user_state_path

_LATER: Final = frozenset({"only", "first"})
"""Settings that a later leg may change."""


def note_begun(facts: Mapping[str, Any]) -> None:
    """Note a run that begins. Where nothing can be noted, going on with it takes the address once more."""
    place = _place()
    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"{_mark(facts)}\n".encode())
        finally:
            os.close(descriptor)


def was_begun_here(facts: Mapping[str, Any]) -> bool:
    """Tell whether a run was begun by the operator, on this machine, as it says."""
    try:
        return _mark(facts) in _place().read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return False


def _place() -> Path:
    return user_state_path("trunk-batch", appauthor=False) / "runs"


def _mark(facts: Mapping[str, Any]) -> str:
    """Return what stands for a run, and for all that it says of PBX and secrets."""
    settings = {name: value for name, value in facts["settings"].items() if name not in _LATER}
    told = {"run": facts["run"], "pbx": facts["pbx"], "settings": settings}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
