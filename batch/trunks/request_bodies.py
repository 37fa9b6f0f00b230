"""Request bodies: the JSON of ``trunk/update``. The vendor's spellings live here and in `live`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from batch.secrets import Secret
from batch.trunks.diff import Desired, Difference
from batch.trunks.live import CallerId, Did
from batch.trunks.model import CallerIdRow, DidRow, Record
from batch.trunks.numbers import RawId, split_groups
from batch.trunks.values import Value


def body_of(trunk_id: int, desired: Desired, difference: Difference) -> dict[str, Any]:
    """Make the body that turns the live trunk into the desired one: nothing that does not change, lists complete.

    The password stands in it in clear, so it is made just before it is sent and never kept.
    """
    body: dict[str, Any] = {"id": trunk_id}
    body |= {name: _plain(wanted) for name, (_, wanted) in difference.fields.items()}
    if difference.caller_ids and desired.caller_ids is not None:
        body["outbound_cid_list"] = [caller_id_json(entry) for entry in desired.caller_ids]
    if difference.dids and desired.dids is not None:
        body["did_list"] = did_json(desired.dids)
    return body


def _plain(value: Value) -> str | int:
    return value.reveal() if isinstance(value, Secret) else value


def did_json(entries: Iterable[Did]) -> list[dict[str, str]]:
    """Write a DID list."""
    return [{"did": entry.did, "did_name": entry.name} for entry in entries]


def caller_id_json(entry: CallerId) -> dict[str, Any]:
    """Write one entry of an outbound caller-ID list; its own id is not sent back.

    What its option does not need and the PBX holds all the same goes back as it was.
    """
    common: dict[str, Any] = {
        "outbound_cid_option": entry.option,
        "outbound_cid": entry.caller_id,
        "outbound_cid_name": entry.name,
    }
    if entry.option == "range" or entry.extension_range:
        common |= {"outbound_cid_to_ext_range": entry.extension_range}
    if entry.option == "range" and not entry.order:
        return common
    return common | {
        "ext_list": [{"type": e.type, "id": e.id} | ({"ext_number": e.number} if e.number else {}) for e in entry.order]
    }


def draft(record: Record) -> dict[str, Any]:
    """Make the body that a record alone asks for, before any PBX was read.

    Ids of extensions are not known yet, and lists in mode add or remove hold only the record's own entries: it shows
    what would be sent and how large that is, and is never sent.
    """
    body: dict[str, Any] = {"id": record.id}
    body |= {name: "" if isinstance(value, Secret) else value for name, value in record.fields.items()}
    if record.caller_ids is not None:
        body["outbound_cid_list"] = [_caller_id_draft(row) for row in record.caller_ids.rows]
    if record.dids is not None:
        body["did_list"] = _did_draft(record.dids.rows)
    return body


def _did_draft(rows: Iterable[DidRow]) -> list[Mapping[str, str]]:
    return [{"did": did, "did_name": name or ""} for _, did, name in rows]


def _caller_id_draft(row: CallerIdRow) -> dict[str, Any]:
    draft: dict[str, Any] = {
        "outbound_cid_option": row.option,
        "outbound_cid": row.caller_id,
        "outbound_cid_name": row.name or "",
    }
    if row.option == "range":
        return draft | {"outbound_cid_to_ext_range": row.extension_range or ""}
    members = [("extension", number) for number in row.extensions or ()]
    members += [("ext_group", name) for name in (split_groups(row.groups) if row.groups else ())]
    draft["ext_list"] = [
        {"type": kind} | ({"id": name.id} if isinstance(name, RawId) else {"ext_number": name})
        for kind, name in members
    ]
    return draft
