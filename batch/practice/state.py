"""What the practice PBX holds: trunks, extensions, groups and how the box behaves. Pure values, no I/O.

The state's JSON file format::

    {
      "trunks": [
        {"id": 8, "name": "carrier-a", "type": "register", "status": 1, "enable": 1, "transport": "udp",
         "hostname": "sip.example.net", "port": 5060, "domain": "sip.example.net", "username": "u1",
         "password": "Sample-p1", "auth_name": "u1", "enb_outbound_proxy": 0, "outbound_proxy_server": "",
         "outbound_proxy_port": 5060, "codec_sel": "ulaw,alaw",
         "def_outbound_cid": "", "def_outbound_cid_name": "",
         "outbound_cid_list": [
           {"outbound_cid_option": "shared", "outbound_cid": "442079460100", "outbound_cid_name": "Sales",
            "ext_list": [{"type": "extension", "id": 1}]},
           {"outbound_cid_option": "range", "outbound_cid": "442079460110-442079460119",
            "outbound_cid_name": "", "outbound_cid_to_ext_range": "1010-1019"}],
         "did_list": [{"did": "442079460100", "did_name": "Main"}]}
      ],
      "extensions": [{"id": 1, "number": "1001", "caller_id_name": "Ann"}],
      "extension_groups": [{"id": 1, "name": "Sales"}],
      "inbound_routes": [
        {"id": 1, "name": "Main", "did_option": "patterns", "did_pattern_list": [{"did_pattern": "44207946XXXX"}],
         "trunk_list": [{"id": 8}], "def_dest": "extension", "def_dest_value": "1"}],
      "settings": {"client_id": "practice", "client_secret": "Sample-practice-secret"}
    }

A trunk needs ``id``, ``name`` and ``type``. A field that does not apply to the type is absent. ``enable`` is
1 when it is not given, ``status`` 1 (44 for a disabled trunk) and a list empty; a caller ID gets an ``id`` of
its own, and the ``ext_number`` and ``ext_name`` of its extensions are filled in from their ids. Fields nobody
knows are carried along, in a trunk as in a list's entries. Two fields are hooks of the rehearsal, not shown
to clients: ``"shared": true`` makes a shared trunk of the Cloud edition (see `PbxSettings.shows_shared`),
``"fails_registration": true`` a trunk whose next registration fails (status 41).

``settings`` are the fields of `PbxSettings`; all of the five parts may be left out. Without ``inbound_routes`` the box
has no calls for them, as some firmware has not. A route is shown as it stands here, its trunks with name and type.
"""

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from batch.practice.vendor import FIELDS_BY_TYPE, Json

HOOKS = frozenset({"shared", "fails_registration"})
"""Fields of a trunk that steer the rehearsal and that no client sees."""

STATUS_IDLE = 1
STATUS_REGISTRATION_FAILED = 41
STATUS_DISABLED = 44


class PbxSettings(BaseModel):
    """How this box behaves: credentials, limits, and quirks that some firmware has and some has not."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    client_id: str = "practice"
    client_secret: str = Field(default="Sample-practice-secret", repr=False)
    cloud: bool = False
    """The Cloud edition: no ``[ ]`` and no ``!`` in the DIDs of register and DID-based peer trunks."""
    default_page_size: PositiveInt = 20
    """Rows in a page when the request names no ``page_size``."""
    max_page_size: PositiveInt = 500
    """A larger ``page_size`` is cut to this without a word."""
    access_token_expire_time: PositiveInt = 1800
    """Seconds."""
    refresh_token_expire_time: PositiveInt = 86400
    """Seconds."""
    max_tokens: PositiveInt = 8
    """Valid access tokens at a time."""
    block_seconds: PositiveInt = 600
    """How long an address is blocked after five failed sign-ins in a row."""
    no_extensiongroup_list: bool = False
    """``extensiongroup/list`` answers 10001, so that ``system/get_menuoptions`` is needed."""
    reject_sort_by_name: bool = False
    """``sort_by=name`` answers 40002."""
    expiry_as_text: bool = False
    """The expiry times of a token come as strings."""
    ports_as_text: bool = False
    """``trunk/get`` and ``trunk/query`` show ports as strings."""
    trunk_get_as_list: bool = False
    """``trunk/get`` wraps its object into a list of one."""
    passwords: Literal["clear", "masked", "omitted", "empty"] = "clear"
    """How ``trunk/get`` and ``trunk/query`` show a password that is there."""
    lower_case_hosts: bool = False
    """Hostname, domain and proxy are kept in small letters."""
    upper_case_patterns: bool = False
    """X, Z and N in a DID are kept as capital letters."""
    omits_empty_lists: bool = False
    """``trunk/get`` and ``trunk/query`` leave an empty list out."""
    counts_page: bool = False
    """``total_number`` counts the rows of the page, not those of the list."""
    shows_shared: bool = False
    """``trunk/get`` and ``trunk/query`` show a shared trunk's ``shared``. A guess: how a box tells is not known."""
    refresh_keeps_old_token: bool = False
    """The access token that a refresh replaces stays valid until its time is up."""


@dataclass(slots=True, kw_only=True)
class PbxState:
    """All that the PBX knows, by id and in the order of the file.

    Objects are replaced, never changed in place, so another thread may read while the server writes.
    """

    trunks: dict[int, Json] = field(default_factory=dict, repr=False)
    extensions: dict[int, Json] = field(default_factory=dict, repr=False)
    extension_groups: dict[int, Json] = field(default_factory=dict, repr=False)
    inbound_routes: dict[int, Json] | None = None
    """None where the firmware has no calls for them."""
    settings: PbxSettings = field(default_factory=PbxSettings)

    def edit_trunk(self, trunk_id: int, fields: Json) -> None:
        """Change a trunk as somebody at the PBX's own web page would: no rule is checked.

        Raises:
            KeyError: there is no such trunk.
        """
        edited = {**self.trunks[trunk_id], **fields}
        if "outbound_cid_list" in fields:
            edited["outbound_cid_list"] = self.complete_caller_ids(fields["outbound_cid_list"])
        self.trunks[trunk_id] = edited

    def complete_caller_ids(self, entries: Iterable[Json], first_id: int = 1) -> list[Json]:
        """Give caller IDs what the box shows of them on read.

        Returns:
            Copies which have an ``id``, and the ``ext_number`` and ``ext_name`` of each extension or group
            that exists.
        """
        completed = []
        for next_id, entry in enumerate(entries, start=first_id):
            shown = {"id": next_id, **entry}
            if "ext_list" in entry:
                shown["ext_list"] = [member | (self.find_extension(member) or {}) for member in entry["ext_list"]]
            completed.append(shown)
        return completed

    def find_extension(self, member: Json) -> Json | None:
        """Look up who is meant by a member of an ``ext_list``.

        An id alone is an extension if there is one, else a group.

        Returns:
            ``{"type", "id", "ext_number", "ext_name"}``, or None when nobody has that id.
        """
        kind, wanted = member.get("type") or None, member["id"]
        if kind != "ext_group" and wanted in self.extensions:
            extension = self.extensions[wanted]
            name = extension.get("caller_id_name", "")
            return {"type": "extension", "id": wanted, "ext_number": extension["number"], "ext_name": name}
        if kind != "extension" and wanted in self.extension_groups:
            name = self.extension_groups[wanted]["name"]
            return {"type": "ext_group", "id": wanted, "ext_number": name, "ext_name": name}
        return None


def from_json(document: Any) -> PbxState:
    """Read a state from parsed JSON.

    Raises:
        ValueError: the document is not of that shape; the message names the part and the entry.
    """
    known = ("trunks", "extensions", "extension_groups", "inbound_routes", "settings")
    if not isinstance(document, Mapping):
        raise ValueError("the state must be a JSON object")  # noqa: TRY004 - a bad file is a bad value, whatever its type
    if unknown := sorted(set(document) - set(known)):
        raise ValueError(f"the state has an unknown part {unknown[0]!r}; there are {', '.join(known)}")
    try:
        settings = PbxSettings.model_validate(document.get("settings", {}))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(["settings", *(str(step) for step in first["loc"])])
        raise ValueError(f"{where}: {first['msg']}") from None
    state = PbxState(
        extensions=_by_id(document, "extensions", texts=("number",), unique="number"),
        extension_groups=_by_id(document, "extension_groups", texts=("name",), unique="name"),
        settings=settings,
    )
    if "inbound_routes" in document:
        state.inbound_routes = _by_id(document, "inbound_routes", texts=("name",), unique="name")
    for trunk in _by_id(document, "trunks", texts=("name", "type"), unique="name").values():
        state.trunks[trunk["id"]] = _complete_trunk(trunk, state)
    return state


def to_json(state: PbxState) -> Json:
    """Make the JSON document of a state; `from_json` reads it back to an equal one."""
    return {
        "trunks": list(state.trunks.values()),
        "extensions": list(state.extensions.values()),
        "extension_groups": list(state.extension_groups.values()),
        **({} if state.inbound_routes is None else {"inbound_routes": list(state.inbound_routes.values())}),
        "settings": state.settings.model_dump(exclude_unset=True),
    }


def _complete_trunk(trunk: Json, state: PbxState) -> Json:
    enabled = trunk.get("enable", 1)
    completed = {"status": STATUS_IDLE if enabled else STATUS_DISABLED, "enable": enabled, **trunk}
    fields = FIELDS_BY_TYPE.get(trunk["type"], frozenset())
    for name in ("outbound_cid_list", "did_list"):
        entries = completed.setdefault(name, []) if name in fields else completed.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError(f"trunk {trunk['id']}: {name} must be a list of objects")
    if "outbound_cid_list" in completed:
        completed["outbound_cid_list"] = state.complete_caller_ids(completed["outbound_cid_list"])
    return completed


def _by_id(document: Mapping[str, Any], part: str, *, texts: tuple[str, ...], unique: str) -> dict[int, Json]:
    entries = document.get(part, [])
    if not isinstance(entries, list):
        raise ValueError(f"{part} must be a list")  # noqa: TRY004 - a bad file is a bad value, whatever its type
    found: dict[int, Json] = {}
    taken: set[str] = set()
    for place, entry in enumerate(entries, start=1):
        where = f"entry {place} of {part}"
        number = _id_of(entry, where)
        if number in found:
            raise ValueError(f"{where} has the id {number} of an earlier one")
        for name in texts:
            if not isinstance(entry.get(name), str) or not entry[name]:
                raise ValueError(f"{where} needs a {name}, a text")
        if entry[unique] in taken:
            raise ValueError(f"{where} has the {unique} {entry[unique]!r} of an earlier one")
        taken.add(entry[unique])
        found[number] = entry
    return found


def _id_of(entry: Any, where: str) -> int:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} must be an object")  # noqa: TRY004 - a bad file is a bad value, whatever its type
    number = entry.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError(f"{where} needs an id, a whole number")  # noqa: TRY004 - as above
    return number


def invent_state(
    trunks: Iterable[Mapping[str, Any]],
    extensions: Iterable[Mapping[str, Any]] = (),
    groups: Iterable[Mapping[str, Any]] = (),
) -> PbxState:
    """Make a PBX that holds the given trunks, extensions and groups, with made-up old values around them.

    The same input gives the same PBX. Lists are exactly as given, empty where nothing is given, so that
    nothing made up can be lost by replacing them.

    Of a trunk a workbook can tell ``id``, ``name``, ``type`` (``register`` when absent), ``outbound_cid_list`` and
    ``did_list``; one without an id gets a free one. Of extensions and groups with an id alone, number and name are made
    up.

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

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no JSON, or not a state.
    """
    return from_json(json.loads(path.read_text(encoding="utf-8-sig")))


def write_state(state: PbxState, path: Path) -> None:
    """Write a state file, whole or not at all: beside it first, mode 0600, then put in its place.

    One trunk, extension or group a line, so that two states compare well line by line.

    The state may be changed by another thread meanwhile; each trunk is written as it was at one moment.

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
