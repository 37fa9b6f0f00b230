"""Confirmations: whether a run that goes back by itself was confirmed, in a file of its folder that others may change.

It is there from before the first write, so that a run that was killed at any moment is not taken for confirmed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from batch.errors import OutputError, UsageError
from batch.runs.folders import open_private
from batch.runs.locks import held_by, place_of_run
from batch.runs.serialization import parse_moment

_FILE: Final = "confirmation.json"


class Stage(StrEnum):
    """How far it is."""

    OPEN = "not confirmed"
    CONFIRMED = "confirmed"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Whether a run was confirmed."""

    stage: Stage = Stage.OPEN
    until: datetime | None = None
    """When it goes back by itself; None before its results are there."""
    by: str = ""
    """Who confirmed it or took it back, in words."""


def place_of_waiting(folder: Path) -> Path:
    """Return where the lock of the process lies that waits for a run's confirmation."""
    return place_of_run(folder).with_name("waiting.lock")


def is_waited_for(folder: Path) -> bool:
    """Tell whether a process waits, and will take the run back."""
    return held_by(place_of_waiting(folder)) is not None


def note_confirmation(folder: Path, confirmation: Confirmation) -> None:
    """Write down how far it is.

    Raises:
        OutputError: it cannot be written.
    """
    path, made = folder / _FILE, folder / f"{_FILE}.new"
    until = None if confirmation.until is None else confirmation.until.isoformat(timespec="seconds")
    try:
        with open_private(made) as file:
            json.dump({"stage": str(confirmation.stage), "until": until, "by": confirmation.by}, file)
        made.replace(path)
    except OSError as error:
        raise OutputError(path, error.strerror or str(error)) from error


def read_confirmation(folder: Path) -> Confirmation | None:
    """Read how far it is; None for a run that needs no confirmation.

    Raises:
        UsageError: it cannot be read.
    """
    path = folder / _FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        until = said["until"] and parse_moment(said["until"])
        return Confirmation(stage=Stage(said["stage"]), until=until, by=str(said["by"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise UsageError(f"{path} cannot be read: {reason}.", "Take the run back, or delete that file.") from None
