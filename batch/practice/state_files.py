"""The PBX's state in a JSON file, or made up from what a workbook mentions, for a rehearsal without one."""

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from batch.practice.fields import FIELDS_BY_TYPE
from batch.practice.replies import Json
from batch.practice.state import PbxState, from_json, to_json


def invent_state(
    trunks: Iterable[Mapping[str, Any]],
    extensions: Iterable[Mapping[str, Any]] = (),
    groups: Iterable[Mapping[str, Any]] = (),
) -> PbxState:
    """Make a PBX that holds the given trunks, extensions and groups, with made-up old values around them.

    The same input gives the same PBX. Lists are exactly as given, empty where nothing is given, so that
    nothing made up can be lost by replacing them.

    Args:
        trunks: each any of a trunk's fields; ``id``, ``name``, ``type`` (``register`` when absent),
            ``outbound_cid_list`` and ``did_list`` are what a workbook can tell. One without an id gets a free
            one.
        extensions: ``{"number", "id"?, "caller_id_name"?}``; with an id alone the number is made up.
        groups: ``{"name", "id"?}``; with an id alone the name is made up.

    Raises:
        ValueError: two have the same id, name or number.
    """
    return from_json(
        {
            "trunks": [_invent_trunk(trunk) for trunk in _number(trunks)],
            "extensions": [_invent_extension(extension) for extension in _number(extensions)],
            "extension_groups": [{"name": f"group-{group['id']}", **group} for group in _number(groups)],
        }
    )


def _number(entries: Iterable[Mapping[str, Any]]) -> Iterable[Json]:
    listed = [{name: value for name, value in entry.items() if value is not None} for entry in entries]
    taken = {entry["id"] for entry in listed if "id" in entry}
    free = 1
    for entry in listed:
        if "id" not in entry:
            while free in taken:
                free += 1
            taken.add(free)
        yield {"id": free, **entry}


def _invent_trunk(trunk: Json) -> Json:
    number = trunk["id"]
    old: Json = {
        "name": f"trunk-{number}",
        "type": "register",
        "status": 1,
        "enable": 1,
        "transport": "udp",
        "hostname": f"old-{number}.carrier.example",
        "port": 5060,
        "domain": f"old-{number}.carrier.example",
        "username": f"old-user-{number}",
        "password": f"Sample-old-{number}",
        "auth_name": f"old-user-{number}",
        "enb_outbound_proxy": 0,
        "outbound_proxy_server": "",
        "outbound_proxy_port": 5060,
        "codec_sel": "ulaw,alaw",
        "def_outbound_cid": "",
        "def_outbound_cid_name": "",
        "outbound_cid_list": [],
        "did_list": [],
    }
    fields = FIELDS_BY_TYPE.get(trunk.get("type", "register"), frozenset()) | {
        "name",
        "type",
        "status",
        "enable",
    }
    return {"id": number, **{name: value for name, value in old.items() if name in fields}, **trunk}


def _invent_extension(extension: Json) -> Json:
    number = extension.get("number") or str(9000 + extension["id"])
    return {"number": number, "caller_id_name": f"Extension {number}", **extension}


SAVE_EVERY = 0.2
"""Seconds between two saves, at least."""


def read_state(path: Path) -> PbxState:
    """Read a state file.

    Args:
        path: JSON in UTF-8, as the docstring of ``state`` describes.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no JSON, or not a state.
    """
    return from_json(json.loads(path.read_text(encoding="utf-8-sig")))


def write_state(state: PbxState, path: Path) -> None:
    """Write a state file, whole or not at all: beside it first, mode 0600, then put in its place.

    One trunk, extension or group a line, so that two states compare well line by line.

    Args:
        state: may be changed by another thread meanwhile; each trunk is written as it was at one moment.
        path: in a folder that exists.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(_render(to_json(state)))
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _render(document: Json) -> str:
    parts = []
    for name, part in document.items():
        if isinstance(part, list) and part:
            lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in part)
            parts.append(f" {json.dumps(name)}: [\n{lines}\n ]")
        else:
            parts.append(f" {json.dumps(name)}: {json.dumps(part, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


class StateFile:
    """Saves a state after its changes, in a thread of its own, so that no answer waits for the disk.

    Many changes become one save: at most one every ``save_every`` seconds, and never more than a tenth of the
    time goes into saving. What a crash can lose is therefore about that much; ``save_every=0`` saves within
    `mark`, so that an answer is only given for what is on the disk.

    Args:
        state: what to save.
        path: where to. None saves nowhere.
        save_every: seconds.
    """

    def __init__(self, state: PbxState, path: Path | None, save_every: float = SAVE_EVERY) -> None:
        self._state = state
        self._path = path
        self._save_every = save_every
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def mark(self) -> None:
        """Note that the state has changed.

        Raises:
            OSError: only with ``save_every=0``, when the file cannot be written.
        """
        if self._path is None:
            return
        self._changed.set()
        if self._save_every <= 0:
            self._save(self._path)
        elif self._thread is None:
            self._thread = threading.Thread(target=self._keep_saving, args=(self._path,), daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Save what is not saved yet and end the thread. May be called again.

        Raises:
            OSError: the last state could not be written; the file holds an older one.
        """
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        if self._path is not None and self._changed.is_set():
            self._save(self._path)

    def _keep_saving(self, path: Path) -> None:
        pause = self._save_every
        while not self._closing.wait(pause):
            if self._changed.is_set():
                began = time.monotonic()
                with contextlib.suppress(OSError):  # tried again next time; `close` tells
                    self._save(path)
                pause = max(self._save_every, 10 * (time.monotonic() - began))

    def _save(self, path: Path) -> None:
        self._changed.clear()
        try:
            write_state(self._state, path)
        except OSError:
            self._changed.set()
            raise
