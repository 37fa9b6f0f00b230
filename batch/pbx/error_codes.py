"""Error codes: THE table of what the PBX's numbers mean, for the program and for a person at 2 a.m.

Sources: the vendor's page "Error Code and Error Message", and what programs talking to real boxes have met.
Everything that asks "what does 40003 mean?" asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from batch.pbx.messages import Answer
from batch.secrets import HIDDEN
from batch.wording import Who


class Verdict(Enum):
    """What an answer means for the run."""

    DONE = "done"
    PARTIAL = "partial"
    """Some of it was taken: read back and report what differs."""
    PROCESSING = "processing"
    """Not finished yet: wait, then read back."""
    TRANSIENT = "transient"
    """The PBX is overloaded: everybody slows down, then again."""
    RETRY = "retry"
    """The PBX stumbled: a few more tries are worth it."""
    SIGN_IN_AGAIN = "sign in again"
    STOP_PBX = "stop this PBX"
    """No further request to this PBX can succeed."""
    PERMANENT = "permanent"
    """Sending the same again gives the same."""


REACTIONS: Final[Mapping[Verdict, str]] = {
    Verdict.DONE: "The run reads the trunk back and compares it.",
    Verdict.PARTIAL: "The run reads the trunk back and says what differs.",
    Verdict.PROCESSING: "The run waits, and reads the trunk back.",
    Verdict.TRANSIENT: "The run slows down and sends it again.",
    Verdict.RETRY: "The run looks at the trunk and sends it again, a few times.",
    Verdict.SIGN_IN_AGAIN: "The run signs in again, once for all, and goes on.",
    Verdict.STOP_PBX: "The run ends, because nothing more would be taken.",
    Verdict.PERMANENT: "The run never sends the same again.",
}
"""What the run does by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errcode:
    """One line of the table."""

    code: int
    errmsg: str
    """The vendor's own words; empty for a code that is not in the table."""
    verdict: Verdict
    meaning: str
    """What happened, in one plain sentence."""
    next_step: str
    """What to do about it, in one plain sentence."""
    who: Who
    example: str
    """When it comes, for instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """One field that the PBX named in ``invalid_param_list`` or ``duplicate_field_list``."""

    field: str
    """The field's name as the PBX spells it; empty if it named none."""
    value: Any = None
    """The JSON value it quoted; None if it quoted none; never a password."""
    validation_type: str = ""
    """The rule that was broken, in the PBX's word; empty if it gave none."""


_TABLE: Final[tuple[tuple[int, str, Verdict, str, str, Who, str], ...]] = (
    (
        0,
        "SUCCESS",
        Verdict.DONE,
        "The PBX took it.",
        "Nothing.",
        Who.OPERATOR,
        "A write that is then read back and compared.",
    ),
    (
        1,
        "PARTIAL SUCCESS",
        Verdict.PARTIAL,
        "The PBX took a part of it and does not say which.",
        "Look at the differences listed for this trunk, then run again.",
        Who.ADMINISTRATOR,
        "Of a hundred DIDs ninety-nine are on the trunk afterwards.",
    ),
    (
        2,
        "PROCESSING",
        Verdict.PROCESSING,
        "The PBX has taken the request and is still working on it.",
        "Wait a little, then verify or run again.",
        Who.OPERATOR,
        "A list of thousands of DIDs.",
    ),
    (
        -1,
        "FAILURE",
        Verdict.PERMANENT,
        "The PBX said no, without a reason.",
        "Make the same change by hand in the PBX's web interface: it often says there what is wrong.",
        Who.ADMINISTRATOR,
        "A setting that this box does not offer, such as a transport that is switched off.",
    ),
    (
        -2,
        "INTERNAL SERVER ERROR",
        Verdict.RETRY,
        "The PBX stumbled over the request.",
        "Run again later; if it goes on, restart the PBX or ask the vendor.",
        Who.ADMINISTRATOR,
        "A write while the PBX is being updated.",
    ),
    (
        10001,
        "INTERFACE NOT EXISTED",
        Verdict.PERMANENT,
        "This firmware does not know the call.",
        "Update the PBX's firmware, or make this change in its web interface.",
        Who.ADMINISTRATOR,
        "trunk/update on firmware that is older than the API for trunks.",
    ),
    (
        10002,
        "API VERSION OUT OF MAINTENANCE",
        Verdict.STOP_PBX,
        "The PBX no longer serves this version of its API.",
        "Look for a newer trunk-batch, or ask the vendor which firmware still serves API v1.0.",
        Who.ADMINISTRATOR,
        "A PBX that was updated past API v1.0.",
    ),
    (
        10003,
        "API VERSION UNSUPPORTED",
        Verdict.STOP_PBX,
        "The PBX does not serve this version of its API.",
        "Update the PBX's firmware so that it serves API v1.0.",
        Who.ADMINISTRATOR,
        "A PBX with old firmware.",
    ),
    (
        10004,
        "TOKEN EXPIRED",
        Verdict.SIGN_IN_AGAIN,
        "The sign-in had run out; the tool signs in again by itself.",
        "Run again if it goes on; somebody may be revoking this client's tokens.",
        Who.OPERATOR,
        "A run of more than 30 minutes.",
    ),
    (
        10005,
        "ACCESS DENIED",
        Verdict.STOP_PBX,
        "This API client has no permission on the PBX.",
        "In the PBX: Integrations > API, give the client access to trunks and extensions.",
        Who.ADMINISTRATOR,
        "A client that may read extensions, and not trunks.",
    ),
    (
        10009,
        "OPERATION FAILED",
        Verdict.PERMANENT,
        "The PBX would not do it: the permission is missing or the feature is off.",
        "Check the API client's permissions and that the feature is switched on.",
        Who.ADMINISTRATOR,
        "The SIP trunk feature is not part of the licence.",
    ),
    (
        40001,
        "PARAMETER SYNTAX ERROR",
        Verdict.PERMANENT,
        "The PBX could not read a value of this trunk.",
        "Correct the field that the PBX names, then run again.",
        Who.EDITOR,
        "A port that the PBX got as text where it wants a number.",
    ),
    (
        40002,
        "PARAMETER ERROR",
        Verdict.PERMANENT,
        "The PBX does not allow a value of this trunk.",
        "Correct the field that the PBX names, then run again.",
        Who.EDITOR,
        "A transport that this type of trunk does not have, or an extension that is no longer there.",
    ),
    (
        40003,
        "DUPLICATE KEY VALUE",
        Verdict.PERMANENT,
        "Something else on the PBX already has this value.",
        "Choose another value for the field that the PBX names, or free it on the PBX first.",
        Who.EDITOR,
        "A trunk is to be called Paris-1, and another one is.",
    ),
    (
        60001,
        "DATA NOT FOUND",
        Verdict.PERMANENT,
        "The trunk, or an extension it names, is no longer on the PBX.",
        "Plan again: that shows what is gone; then correct the sheet or restore it on the PBX.",
        Who.EDITOR,
        "The trunk was deleted on the PBX after the plan.",
    ),
    (
        60002,
        "MAX LIMITATION EXCEEDED",
        Verdict.PERMANENT,
        "The PBX has no room for more of this.",
        "Make the list shorter, or ask what this model and licence allow.",
        Who.ADMINISTRATOR,
        "A list of more DIDs than this model takes; at the sign-in: all eight access tokens are out.",
    ),
    (
        70004,
        "ACCOUNT IP BLOCKED",
        Verdict.STOP_PBX,
        "The PBX has blocked this machine's address after failed sign-ins.",
        "Wait until the block ends, or lift it in the PBX under Security > Blocked IPs.",
        Who.ADMINISTRATOR,
        "Five sign-ins with a wrong client secret.",
    ),
    (
        70082,
        "OVERLOAD_TASK_RUNNING",
        Verdict.TRANSIENT,
        "The PBX is busy with a heavy task.",
        "Run again when it has finished; a lower --concurrency and --rate help.",
        Who.OPERATOR,
        "A backup is being made.",
    ),
    (
        70084,
        "ACTION FORBIDDEN",
        Verdict.PERMANENT,
        "The PBX does not let this trunk be changed this way; it may be a shared one.",
        "Look at the trunk in the web interface; a shared trunk is edited where it is owned.",
        Who.ADMINISTRATOR,
        "A shared trunk, whose owner alone may change its DIDs.",
    ),
    (
        70087,
        "IP FORBIDDEN",
        Verdict.STOP_PBX,
        "The PBX does not accept API requests from this machine's address.",
        "In the PBX: Integrations > API, add this address to the allowed ones.",
        Who.ADMINISTRATOR,
        "The API client is bound to the address of another machine.",
    ),
    (
        70091,
        "CONNECTION_RELATION_EXISTED",
        Verdict.PERMANENT,
        "Something else on the PBX still uses what this would take away.",
        "Remove that use on the PBX first, then run again.",
        Who.ADMINISTRATOR,
        "A DID that an inbound route still names.",
    ),
    (
        70123,
        "API UNAVAILABLE",
        Verdict.STOP_PBX,
        "The PBX's API is switched off or not part of its plan.",
        "In the PBX: Integrations > API, switch it on; check that the plan includes it.",
        Who.ADMINISTRATOR,
        "The API was switched off after an update.",
    ),
)

ERRCODES: Final[Mapping[int, Errcode]] = MappingProxyType(
    {
        code: Errcode(
            code=code, errmsg=errmsg, verdict=verdict, meaning=meaning, next_step=next_step, who=who, example=example
        )
        for code, errmsg, verdict, meaning, next_step, who, example in _TABLE
    }
)
"""Every errcode that the tool knows, by number."""


def explain(code: int) -> Errcode:
    """Return the table's line for a code; an unknown one is permanent and shown as it came."""
    known = ERRCODES.get(code)
    if known is not None:
        return known
    return Errcode(
        code=code,
        errmsg="",
        verdict=Verdict.PERMANENT,
        meaning=f"The PBX answered with code {code}, which this tool does not know.",
        next_step=f"Look up {code} in the vendor's list of error codes; its message is quoted as it came.",
        who=Who.ADMINISTRATOR,
        example="A code that came with newer firmware.",
    )


def verdict_of(answer: Answer) -> Verdict:
    """Judge an answer by its errcode; -2 is worth another try only if it names no field at fault."""
    verdict = explain(answer.errcode).verdict
    if verdict is Verdict.RETRY and faults_of(answer):
        return Verdict.PERMANENT
    return verdict


def faults_of(answer: Answer) -> tuple[FieldFault, ...]:
    """Read the fields that the PBX names as invalid or duplicate, in its order.

    Lenient about shape: a list of objects as documented, but also one object, bare field names, or entries that
    lack keys. Values of fields for passwords, secrets and tokens are replaced by ``<hidden>``, at any depth.
    """
    faults: list[FieldFault] = []
    for key in ("invalid_param_list", "duplicate_field_list"):
        named = answer.body.get(key)
        entries = named if isinstance(named, list) else [] if named in (None, "", {}) else [named]
        faults.extend(_fault(entry) for entry in entries)
    return tuple(faults)


def _fault(entry: Any) -> FieldFault:
    if not isinstance(entry, Mapping):
        return FieldFault(field=str(entry))
    name = entry.get("field")
    rule = entry.get("validation_type")
    field_name = "" if name is None else str(name)
    return FieldFault(
        field=field_name,
        value=_without_secrets(field_name, entry.get("value")),
        validation_type="" if rule is None else str(rule),
    )


def _without_secrets(name: str, value: Any) -> Any:
    if value is not None and is_secret_name(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _without_secrets(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_secrets(name, inner) for inner in value]
    return value


def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name holds a password, secret or token."""
    return any(word in name.lower() for word in ("password", "secret", "token"))
