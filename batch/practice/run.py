"""The practice PBX as a command: state and faults from files, served until Ctrl-C."""

import json
from collections.abc import Callable
from pathlib import Path

from batch.practice.faults import Faults
from batch.practice.inventing import invent_state
from batch.practice.saving import read_state
from batch.practice.server import serve
from batch.practice.state import PbxState


def rehearse(
    *, port: int, state_file: Path | None, faults_file: Path | None, ready: Callable[[str, str], None]
) -> None:
    """Serve until interrupted.

    Args:
        port: on 127.0.0.1; 0 for any free one.
        state_file: read at the start, where it is there, and kept up to date.
        faults_file: a script as ``faults`` describes it.
        ready: is told URL and client id once it answers.

    Raises:
        OSError: a file cannot be read, or the port is taken.
        ValueError: state or faults are not what they should be.
    """
    if state_file is not None and not state_file.parent.is_dir():
        raise ValueError(f"there is no folder {state_file.parent}")
    try:
        state = _state(state_file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{state_file}: {_reason(error)}") from None
    try:
        faults = _faults(faults_file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{faults_file}: {_reason(error)}") from None
    serve(
        state,
        port=port,
        faults=faults,
        path=state_file,
        on_ready=lambda url: ready(url, state.settings.client_id),
    )


def _state(file: Path | None) -> PbxState:
    return read_state(file) if file is not None and file.exists() else invent_state(_EXAMPLES)


def _faults(file: Path | None) -> Faults | None:
    return None if file is None else Faults.from_json(json.loads(file.read_text(encoding="utf-8-sig")))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


_EXAMPLES = ({"name": "London-1"}, {"name": "Paris-1", "type": "peer"}, {"name": "Branch-1", "type": "account"})
