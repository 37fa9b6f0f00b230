"""Faults by script: which call goes wrong, how, and how often. Pure matching; ``server`` carries it out.

A script is a JSON list of faults, or ``{"latency": seconds, "faults": [...]}``; that latency is added to every
answer. A request is held against the faults in order and the first that fires decides.

Every fault has:

===========  =================================================================================================
``call``     the call it breaks, for instance ``"trunk/update"``, or ``"*"`` for all
``match``    optional: parameters, of the query or the body, that must have these values: ``{"id": 12}``
``after``    optional: so many matching requests pass unharmed first; default 0
``times``    optional: how often it fires, or ``"always"``; default 1
``latency``  optional: seconds to wait before the PBX looks at the request
``do``       optional: what happens; without it only the latency
===========  =================================================================================================

``do`` is one of these. *Effect* says whether the PBX carries the request out all the same; "or" marks a default,
which the key ``effect`` (true or false) overrides.

=================  =========================  =======  =======================================================
``do``             its keys                   effect   what the client sees
=================  =========================  =======  =======================================================
``pass``                                      yes      the usual answer
``answer``         ``body``, an object        or no    HTTP 200 and the body
``errcode``        ``errcode``, ``errmsg``?,  or no    HTTP 200 and the code; ``body`` holds further fields,
                   ``body``?                           such as ``invalid_param_list``
``status``         ``status``, ``headers``?,  or no    that HTTP status; ``body`` is text, an HTML page
                   ``body``?                           when not given
``empty``                                     or yes   HTTP 200 and nothing
``not_json``                                  or yes   HTTP 200 and an HTML page
``not_object``                                or yes   HTTP 200 and a JSON list
``half_body``                                 or yes   the first half of the usual answer, then the end
``drop_before``                               no       the connection ends without an answer
``drop_after``                                yes      the same
``hang``           ``seconds``, ``when``?     by when  silence, then the end. ``when`` the request is carried
                                                       out: ``never`` (default), ``first``, or ``last``, after
                                                       the seconds, when the client may have given up
``expire_tokens``                             yes      10004, as all access tokens end just before
``edit``           ``id``, ``fields``         yes      the usual answer; somebody else changed that trunk first
                                                       (the trunk must exist: else a traceback and no answer)
``partial``        ``omit``, field names;     yes      that errcode, default 1; the fields were not written
                   ``errcode``?
``show``           ``id``?, ``fields``?,      yes      the usual answer to a read, with rows of an odd shape: of that
                   ``omit``?, ``rows``?                trunk (of all without ``id``) fields are otherwise, fields
                                                       are left out, or ``rows`` stand in its place, none for ``[]``
=================  =========================  =======  =======================================================
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from batch.practice.calls import CALLS
from batch.practice.vendor import PARTIAL_SUCCESS, Json, refusal

HTML_PAGE = "<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedReply:
    """A reply that takes the place of the PBX's own."""

    status: int = 200
    headers: Mapping[str, str]
    content: bytes


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    call: str
    match: dict[str, Any] = Field(default_factory=dict)
    after: NonNegativeInt = 0
    times: PositiveInt | Literal["always"] = 1
    latency: NonNegativeFloat = 0.0

    @field_validator("call")
    @classmethod
    def _exists(cls, call: str) -> str:
        if call != "*" and call not in CALLS:
            raise ValueError(f"there is no call {call!r}; there are *, {', '.join(CALLS)}")
        return call


class PassOn(_Entry):
    """Answer as usual; only the latency counts."""

    do: Literal["pass"]


class AnswerWith(_Entry):
    """Answer with a given JSON object."""

    do: Literal["answer"]
    body: Json
    effect: bool = False

    def make_reply(self) -> CannedReply:
        """Make the reply to send."""
        return _json_reply(self.body)


class RefuseWith(_Entry):
    """Answer with an errcode."""

    do: Literal["errcode"]
    errcode: int
    errmsg: str = ""
    body: Json = Field(default_factory=dict)
    effect: bool = False

    def make_reply(self) -> CannedReply:
        """Make the reply to send."""
        message = {"errmsg": self.errmsg} if self.errmsg else {}
        return _json_reply(refusal(self.errcode) | message | self.body)


class HttpStatus(_Entry):
    """Answer as a proxy in front of the PBX would."""

    do: Literal["status"]
    status: Annotated[int, Field(ge=200, le=599)]
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = HTML_PAGE
    effect: bool = False

    def make_reply(self) -> CannedReply:
        """Make the reply to send."""
        headers = {
            "content-type": "text/html",
            **{name.lower(): value for name, value in self.headers.items()},
        }
        return CannedReply(status=self.status, headers=headers, content=self.body.encode())


class Garble(_Entry):
    """Answer with something that is no JSON object."""

    do: Literal["empty", "not_json", "not_object"]
    effect: bool = True

    def make_reply(self) -> CannedReply:
        """Make the reply to send."""
        content = {"empty": b"", "not_json": HTML_PAGE.encode(), "not_object": b'["SUCCESS"]'}[self.do]
        return CannedReply(headers={"content-type": "application/json"}, content=content)


class CutInHalf(_Entry):
    """Send the first half of the usual answer."""

    do: Literal["half_body"]
    effect: bool = True


class Drop(_Entry):
    """End the connection without an answer."""

    do: Literal["drop_before", "drop_after"]


class Hang(_Entry):
    """Be silent, then end the connection without an answer."""

    do: Literal["hang"]
    seconds: NonNegativeFloat
    when: Literal["never", "first", "last"] = "never"


class ExpireTokens(_Entry):
    """End all access tokens, then answer as usual."""

    do: Literal["expire_tokens"]


class EditTrunk(_Entry):
    """Let somebody else change a trunk, then answer as usual."""

    do: Literal["edit"]
    id: int
    fields: Json


class WritePart(_Entry):
    """Carry out the request without some of its fields."""

    do: Literal["partial"]
    omit: list[str]
    errcode: int = PARTIAL_SUCCESS


class ShowOtherwise(_Entry):
    """Answer a read with a trunk of an odd shape; what the PBX holds stays as it is."""

    do: Literal["show"]
    id: int | None = None
    fields: Json = Field(default_factory=dict)
    omit: list[str] = Field(default_factory=list)
    rows: list[Any] | None = None

    def show(self, answer: Json) -> Json:
        """Return an answer as it is shown."""
        data = answer.get("data")
        if isinstance(data, list):
            return answer | {"data": [shown for row in data for shown in self._shown(row)]}
        rows = self._shown(data) if isinstance(data, dict) else [data]
        return answer | {"data": rows[0] if len(rows) == 1 else rows} if "data" in answer else answer

    def _shown(self, row: Any) -> list[Any]:
        if not isinstance(row, dict) or self.id not in (None, row.get("id")):
            return [row]
        if self.rows is not None:
            return list(self.rows)
        return [{name: value for name, value in (row | self.fields).items() if name not in self.omit}]


Instead = AnswerWith | RefuseWith | HttpStatus | Garble
"""Faults that replace the answer by one of their own, with or without effect."""

Fault = PassOn | Instead | CutInHalf | Drop | Hang | ExpireTokens | EditTrunk | WritePart | ShowOtherwise

_ENTRY: TypeAdapter[Fault] = TypeAdapter(Annotated[Fault, Field(discriminator="do")])
_LATENCY: TypeAdapter[float] = TypeAdapter(NonNegativeFloat, config=ConfigDict(strict=True))


class Faults:
    """A script, and how far it has come."""

    def __init__(self, entries: Sequence[Fault] = (), *, latency: float = 0.0) -> None:
        self.latency = latency
        self._entries = tuple(entries)
        self._seen = [0] * len(self._entries)
        self._fired = [0] * len(self._entries)

    @classmethod
    def from_json(cls, script: Any) -> "Faults":
        """Read a script from parsed JSON.

        Raises:
            ValueError: the message names the fault by its place, counted from 1, and the key.
        """
        latency: Any = 0.0
        if isinstance(script, dict):
            if unknown := sorted(set(script) - {"latency", "faults"}):
                raise ValueError(f"the fault script has an unknown key {unknown[0]!r}; there are latency, faults")
            latency, script = script.get("latency", 0.0), script.get("faults", [])
        if not isinstance(script, list):
            raise ValueError("the fault script must be a list, or an object with one as faults")  # noqa: TRY004 - a bad file is a bad value
        try:
            seconds = _LATENCY.validate_python(latency)
        except ValidationError:
            raise ValueError("the fault script's latency must be a number of seconds, 0 or more") from None
        return cls([_read_entry(place, entry) for place, entry in enumerate(script, start=1)], latency=seconds)

    def next(self, call: str, params: Mapping[str, Any]) -> Fault | None:
        """Take the fault for one request, if there is one, and count it.

        Parameters, of the query and the body, are compared as text, as a query holds nothing else.
        """
        for place, entry in enumerate(self._entries):
            if entry.call not in ("*", call):
                continue
            if any(name not in params or str(params[name]) != str(value) for name, value in entry.match.items()):
                continue
            self._seen[place] += 1
            if self._seen[place] <= entry.after:
                continue
            if entry.times == "always" or self._fired[place] < entry.times:
                self._fired[place] += 1
                return entry
        return None


def _read_entry(place: int, entry: Any) -> Fault:
    if not isinstance(entry, dict):
        raise ValueError(f"fault {place} must be an object")  # noqa: TRY004 - a bad file is a bad value, whatever its type
    entry = {"do": "pass", **entry}
    try:
        return _ENTRY.validate_python(entry)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        steps = [str(step) for step in first["loc"][1:]]  # the first is the kind
        raise ValueError(f"fault {place}: {'.'.join(steps) or 'do'}: {first['msg']}") from None


def _json_reply(body: Json) -> CannedReply:
    return CannedReply(headers={"content-type": "application/json"}, content=json.dumps(body).encode())
