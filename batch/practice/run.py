"""The practice PBX as a command: state and faults from files, served until Ctrl-C."""

import json
from collections.abc import Callable
from pathlib import Path

from batch.practice.faults import Faults
from batch.practice.inventing import invent_state
from batch.practice.saving import read_state
from batch.practice.server import serve


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
    state = read_state(state_file) if state_file is not None and state_file.exists() else invent_state(_EXAMPLES)
    faults = None
    if faults_file is not None:
        faults = Faults.from_json(json.loads(faults_file.read_text(encoding="utf-8-sig")))
    serve(
        state,
        port=port,
        faults=faults,
        path=state_file,
        on_ready=lambda url: ready(url, state.settings.client_id),
    )


_EXAMPLES = ({"name": "London-1"}, {"name": "Paris-1", "type": "peer"}, {"name": "Branch-1", "type": "account"})
