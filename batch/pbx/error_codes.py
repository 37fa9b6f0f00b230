"""Error codes: THE table of what the PBX's numbers mean, for the program and for a person at 2 a.m.

Sources: the vendor's page "Error Code and Error Message", and what programs talking to real boxes have met.
Everything that asks "what does 40003 mean?" asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from batch.pbx.messages import Answer
from batch.secrets import HIDDEN
from batch.wording import Who, read_texts


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
    next_step: str
    who: Who
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """One field that the PBX named in ``invalid_param_list`` or ``duplicate_field_list``."""

    field: str
    """The field's name as the PBX spells it; empty if it named none."""
    value: Any = None
    """The JSON value it quoted; None if it quoted none; never a password."""
    validation_type: str = ""
    """The rule that was broken, in the PBX's word; empty if it gave none."""


ERRCODES: Final[Mapping[int, Errcode]] = {
    int(code): Errcode(**{**facts, "code": int(code), "verdict": Verdict(facts["verdict"]), "who": Who(facts["who"])})
    for code, facts in read_texts(__file__).items()
}


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
