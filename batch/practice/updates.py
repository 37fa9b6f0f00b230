"""``trunk/update``, the one call that writes, and what the PBX says about its values. Pure.

Two looks, as on the box: first the Go decoder, which stops at the first value of a wrong JSON type; then the rules,
which report every field they dislike. Source: the vendor's page "Edit a SIP Trunk".
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from batch.practice.state import STATUS_DISABLED, STATUS_IDLE, STATUS_REGISTRATION_FAILED, PbxState
from batch.practice.vendor import (
    ACCOUNT_TRANSPORTS,
    ACTION_FORBIDDEN,
    CALLER_ID_SHAPE,
    CODECS,
    DATA_NOT_FOUND,
    DID_SHAPE,
    DUPLICATE_KEY_VALUE,
    EXTENSION_SHAPE,
    FIELDS,
    FIELDS_BY_TYPE,
    INTERNAL_SERVER_ERROR,
    SHARED_TRUNK_FIELDS,
    TRANSPORTS,
    TRUNK_SHAPE,
    Json,
    Shape,
    invalid,
    parameter_error,
    refusal,
    success,
)

MAX_NAME = 63
MAX_TEXT = 255
MAX_NUMBER = 31
MAX_LABEL_BYTES = 127
MAX_RANGE = 500
MAX_PORT = 65535

_FORBIDDEN_IN_NAME = frozenset(" :!$()/#;,[]\\\"=<>&'`^%@{}|")
_DID = re.compile(r"[0-9A-Za-z\[\]*#().\-+!]*")
_CALLER_ID = re.compile(r"[0-9A-Za-z\[\]().\-+*#]*")
_NUMBER_RANGE = re.compile(r"(\+?)([0-9]+)-(\+?)([0-9]+)")
_EXTENSION_RANGE = re.compile(r"([0-9]{1,7})-([0-9]{1,7})")
_NO_BRACKETS_ON_CLOUD = frozenset({"register", "peer_did"})


def _type_errors(sent: Mapping[str, Any], shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    """Yield what the box's decoder would stumble over: the field and its message. A null is as good as absent."""
    for name, expected in shape.items():
        value = sent.get(name)
        found = None if value is None else _found_instead(value, expected)
        if found is not None:
            yield name, _decoder_message(found, path + name, expected)
        elif value is not None and not isinstance(expected, str):
            yield from _type_errors_of_entries(value, expected, name, path + name)


def _type_errors_of_entries(entries: list[Any], shape: Shape, name: str, path: str) -> Iterator[tuple[str, str]]:
    for entry in entries:
        if isinstance(entry, dict):
            yield from _type_errors(entry, shape, f"{path}.")
        else:
            yield name, _decoder_message(_go_kind(entry), path, "object")


def _found_instead(value: Any, expected: str | Shape) -> str | None:
    found = _go_kind(value)
    wanted = {"int": "number", "string": "string"}[expected] if isinstance(expected, str) else "array"
    if found == wanted:
        return f"number {value}" if expected == "int" and not isinstance(value, int) else None
    return found


def _go_kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"


def _decoder_message(found: str, path: str, expected: str | Shape) -> str:
    go_type = expected if isinstance(expected, str) else "[]"
    return f"json: cannot unmarshal {found} into Go struct field TrunkUpdate.{path} of type {go_type}"


def find_invalid(sent: Json, trunk_type: str, *, cloud: bool) -> list[Json]:
    """Check every value of an update whose JSON types are right.

    Returns:
        Entries for ``invalid_param_list``, in the order sent; empty when all is well.
    """
    fields = FIELDS_BY_TYPE[trunk_type]
    found: list[Json] = []
    for name, value in sent.items():
        if name not in fields:
            found.append(invalid(name, "unsupported", value))
        else:
            found.extend(_check_field(name, value, trunk_type, cloud=cloud))
    return found


def _check_field(name: str, value: Any, trunk_type: str, *, cloud: bool) -> Iterator[Json]:
    if name == "outbound_cid_list":
        for entry in value:
            yield from _check_caller_id_entry(entry)
    elif name == "did_list":
        forbidden = "[]!" if cloud and trunk_type in _NO_BRACKETS_ON_CLOUD else ""
        for entry in value:
            yield from _check_did_entry(entry, forbidden)
    elif not value and FIELDS[name].required:
        yield invalid(name, "required")
    else:
        yield from _check_value(name, value, trunk_type)


def _check_value(name: str, value: Any, trunk_type: str) -> Iterator[Json]:
    match FIELDS[name].rule:
        case "id":
            pass
        case "name":
            yield from _check_text(name, value, MAX_NAME, _FORBIDDEN_IN_NAME)
        case "switch":
            yield from _check_choice(name, value, (0, 1))
        case "transport":
            yield from _check_choice(name, value, ACCOUNT_TRANSPORTS if trunk_type == "account" else TRANSPORTS)
        case "port":
            if not 0 <= value <= MAX_PORT:
                yield invalid(name, "range", value)
        case "codecs":
            if not CODECS.issuperset(value.split(",")):
                yield invalid(name, "oneof", value)
        case "caller id":
            yield from _check_caller_id(name, value)
        case "label":
            yield from _check_label(name, value)
        case "host" | "text":
            yield from _check_text(name, value, MAX_TEXT)


def _check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> Iterator[Json]:
    if value not in choices:
        yield invalid(name, "oneof", value)


def _check_text(name: str, value: str, most: int, forbidden: frozenset[str] = frozenset()) -> Iterator[Json]:
    if len(value) > most:
        yield invalid(name, "max", value)
    elif forbidden & set(value):
        yield invalid(name, "charset", value)


def _check_label(name: str, value: str) -> Iterator[Json]:
    if len(value.encode()) > MAX_LABEL_BYTES:
        yield invalid(name, "max", value)


def _check_caller_id(name: str, value: str) -> Iterator[Json]:
    if len(value) > MAX_NUMBER:
        yield invalid(name, "max", value)
    elif not _CALLER_ID.fullmatch(value.replace("{{.Ext}}", "")):
        yield invalid(name, "charset", value)


def _check_did_entry(entry: Json, forbidden: str) -> Iterator[Json]:
    yield from _check_keys(entry, DID_SHAPE)
    did = entry.get("did") or ""
    if not did:
        yield invalid("did", "required")
    elif len(did) > MAX_NUMBER:
        yield invalid("did", "max", did)
    elif not _DID.fullmatch(did) or set(forbidden) & set(did):
        yield invalid("did", "charset", did)
    yield from _check_label("did_name", entry.get("did_name") or "")


def _check_caller_id_entry(entry: Json) -> Iterator[Json]:
    yield from _check_keys(entry, CALLER_ID_SHAPE)
    yield from _check_label("outbound_cid_name", entry.get("outbound_cid_name") or "")
    caller_id = entry.get("outbound_cid") or ""
    if not caller_id:
        yield invalid("outbound_cid", "required")
    match entry.get("outbound_cid_option") or "":
        case "":
            yield invalid("outbound_cid_option", "required")
        case "shared":
            yield from _check_caller_id("outbound_cid", caller_id)
            yield from _check_members(entry.get("ext_list") or [])
        case "range":
            if entry.get("ext_list"):
                yield from _check_members(entry["ext_list"])
            yield from _check_ranges(caller_id, entry.get("outbound_cid_to_ext_range") or "")
        case other:
            yield invalid("outbound_cid_option", "oneof", other)


def _check_members(members: list[Json]) -> Iterator[Json]:
    if not members:
        yield invalid("ext_list", "required")
    for member in members:
        yield from _check_keys(member, EXTENSION_SHAPE)
        if member.get("id") is None:
            yield invalid("id", "required")
        if member.get("type") is not None:
            yield from _check_choice("type", member["type"], ("extension", "ext_group"))


def _check_ranges(caller_ids: str, extensions: str) -> Iterator[Json]:
    numbers = _count_numbers(caller_ids)
    if caller_ids and numbers is None:
        yield invalid("outbound_cid", "range", caller_ids)
    if not extensions:
        yield invalid("outbound_cid_to_ext_range", "required")
        return
    ends = _EXTENSION_RANGE.fullmatch(extensions)
    size = int(ends[2]) - int(ends[1]) + 1 if ends else 0
    if size < 1 or (numbers is not None and numbers != size):
        yield invalid("outbound_cid_to_ext_range", "range", extensions)


def _count_numbers(caller_ids: str) -> int | None:
    ends = _NUMBER_RANGE.fullmatch(caller_ids)
    if not ends or ends[1] != ends[3] or len(ends[2]) != len(ends[4]) or len(ends[1] + ends[2]) > MAX_NUMBER:
        return None
    size = int(ends[4]) - int(ends[2]) + 1
    return size if 1 <= size <= MAX_RANGE else None


def _check_keys(entry: Json, shape: Shape) -> Iterator[Json]:
    for name, value in entry.items():
        if name not in shape:
            yield invalid(name, "unsupported", value)


def update_trunk(state: PbxState, sent: Json) -> Json:
    """Check an update and, if nothing is wrong with it, carry it out.

    Partial by field; a list replaces the list whole, and its caller IDs get new ids. Nothing is changed
    unless everything is.

    Returns:
        The answer. -2 for a wrong JSON type, 40002 for a bad value or a field the type does not have, 60001
        for a trunk or extension that is not there, 70084 for what may not be edited, 40003 for a name that is
        taken.
    """
    if wrong_type := next(_type_errors(sent, TRUNK_SHAPE, ""), None):
        field, message = wrong_type
        entry = invalid(field, "type", sent.get(field))
        return {"errcode": INTERNAL_SERVER_ERROR, "errmsg": message, "invalid_param_list": [entry]}
    sent = {name: value for name, value in sent.items() if value is not None}
    if "id" not in sent:
        return parameter_error(invalid("id", "required"))
    trunk = state.trunks.get(sent["id"])
    if trunk is None:
        return refusal(DATA_NOT_FOUND, invalid_param_list=[invalid("id", "exist", sent["id"])])
    if refused := _refuse(state, trunk, sent):
        return refused
    state.trunks[trunk["id"]] = _apply(state, trunk, sent)
    return success()


def _refuse(state: PbxState, trunk: Json, sent: Json) -> Json | None:
    if trunk["type"] not in FIELDS_BY_TYPE or (trunk.get("shared") and not SHARED_TRUNK_FIELDS.issuperset(sent)):
        return refusal(ACTION_FORBIDDEN)
    if wrong := find_invalid(sent, trunk["type"], cloud=state.settings.cloud):
        return parameter_error(*wrong)
    if "name" in sent:
        for other in state.trunks.values():
            if other["name"] == sent["name"] and other["id"] != trunk["id"]:
                return _name_is_taken(other)
    missing = [
        invalid("id", "exist", member["id"])
        for entry in sent.get("outbound_cid_list", [])
        if entry["outbound_cid_option"] == "shared"
        for member in entry["ext_list"]
        if state.find_extension(member) is None
    ]
    return refusal(DATA_NOT_FOUND, invalid_param_list=missing) if missing else None


def _name_is_taken(other: Json) -> Json:
    return refusal(
        DUPLICATE_KEY_VALUE,
        submsg="Trunk update fail for duplicate fields",
        duplicate_field_list=[
            {
                "field": "name",
                "value": other["name"],
                "external_source": "trunk",
                "external_source_name": other["name"],
            }
        ],
    )


def _apply(state: PbxState, trunk: Json, sent: Json) -> Json:
    if state.settings.lower_case_hosts:
        sent = sent | {n: sent[n].lower() for n, field in FIELDS.items() if n in sent and field.rule == "host"}
    updated = {**trunk, **sent}
    if "did_list" in sent:
        capitals = str.maketrans("xzn", "XZN" if state.settings.upper_case_patterns else "xzn")
        updated["did_list"] = [
            {"did": entry["did"].translate(capitals), "did_name": entry.get("did_name") or ""}
            for entry in sent["did_list"]
        ]
    if "outbound_cid_list" in sent:
        entries = [_keep_caller_id(entry) for entry in sent["outbound_cid_list"]]
        last_id = max((int(entry["id"]) for entry in trunk.get("outbound_cid_list", [])), default=0)
        updated["outbound_cid_list"] = state.complete_caller_ids(entries, first_id=last_id + 1)
    if any(FIELDS[name].registration for name in FIELDS.keys() & sent.keys()):
        updated["status"] = _status_after(updated)
    return updated


def _keep_caller_id(entry: Json) -> Json:
    kept = {
        "outbound_cid_option": entry["outbound_cid_option"],
        "outbound_cid": entry["outbound_cid"],
        "outbound_cid_name": entry.get("outbound_cid_name") or "",
    }
    if entry["outbound_cid_option"] == "range":
        kept["outbound_cid_to_ext_range"] = entry["outbound_cid_to_ext_range"]
    if not entry.get("ext_list"):
        return kept
    members = [{name: value for name, value in member.items() if value is not None} for member in entry["ext_list"]]
    return {**kept, "ext_list": members}


def _status_after(trunk: Json) -> int:
    if not trunk["enable"]:
        return STATUS_DISABLED
    return STATUS_REGISTRATION_FAILED if trunk.get("fails_registration") else STATUS_IDLE
