"""``trunk/update``: the one call that writes."""

from batch.practice.answers import (
    ACTION_FORBIDDEN,
    DATA_NOT_FOUND,
    DUPLICATE_KEY_VALUE,
    INTERNAL_SERVER_ERROR,
    Json,
    invalid,
    parameter_error,
    refusal,
    success,
)
from batch.practice.fields import FIELDS_BY_TYPE, HOSTS, REGISTRATION_FIELDS, SHARED_TRUNK_FIELDS
from batch.practice.state import STATUS_DISABLED, STATUS_IDLE, STATUS_REGISTRATION_FAILED, PbxState
from batch.practice.validation import find_invalid, find_type_error


def update_trunk(state: PbxState, sent: Json) -> Json:
    """Check an update and, if nothing is wrong with it, carry it out.

    Partial by field; a list replaces the list whole, and its caller IDs get new ids. Nothing is changed
    unless everything is.

    Args:
        state: changed in place when the update is accepted.
        sent: the request's body.

    Returns:
        The answer. -2 for a wrong JSON type, 40002 for a bad value or a field the type does not have, 60001
        for a trunk or extension that is not there, 70084 for what may not be edited, 40003 for a name that is
        taken.
    """
    if wrong_type := find_type_error(sent):
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
        sent = sent | {name: sent[name].lower() for name in HOSTS & sent.keys()}
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
    if REGISTRATION_FIELDS & sent.keys():
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
