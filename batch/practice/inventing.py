"""A PBX made up from what a workbook mentions, for a rehearsal without a state file."""

from collections.abc import Iterable, Mapping
from typing import Any

from batch.practice.answers import Json
from batch.practice.fields import FIELDS_BY_TYPE
from batch.practice.state import PbxState, from_json


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
