"""What the vendor's pages say: the fields of a trunk by type, the error codes, and the bodies of answers.

Sources: "Edit a SIP Trunk", "Error Code and Error Message".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Shape = Mapping[str, "str | Shape"]
"""A field's name to ``int``, ``string``, or, for a list of objects, the shape of one of them."""

EXTENSION_SHAPE: Shape = MappingProxyType({"type": "string", "ext_number": "string", "ext_name": "string", "id": "int"})
CALLER_ID_SHAPE: Shape = MappingProxyType(
    {
        "outbound_cid_option": "string",
        "outbound_cid": "string",
        "outbound_cid_name": "string",
        "outbound_cid_to_ext_range": "string",
        "ext_list": EXTENSION_SHAPE,
    }
)
DID_SHAPE: Shape = MappingProxyType({"did": "string", "did_name": "string"})
_REGISTER = frozenset({"register"})
_PEERS = frozenset({"peer", "peer_did", "peer_port", "peer_private"})
_ACCOUNT = frozenset({"account"})
_EVERY_TYPE = _REGISTER | _PEERS | _ACCOUNT

Rule = Literal["id", "name", "switch", "transport", "host", "port", "text", "codecs", "caller id", "label"]
"""What the value of a field must be: a whole number for an id, a switch and a port, else a text."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a trunk that is no list."""

    rule: Rule
    types: frozenset[str] = _EVERY_TYPE
    required: bool = False
    registration: bool = False
    """Whether the PBX looks at the trunk's registration again, which moves its ``status``."""


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "id": Field("id"),
        "name": Field("name", required=True),
        "enable": Field("switch", registration=True),
        "transport": Field("transport", registration=True),
        "hostname": Field("host", _REGISTER | _PEERS, required=True, registration=True),
        "port": Field("port", _REGISTER | _PEERS, registration=True),
        "domain": Field("host", _REGISTER | _PEERS, registration=True),
        "username": Field("text", _REGISTER | _ACCOUNT, required=True, registration=True),
        "password": Field("text", _REGISTER | _ACCOUNT, required=True, registration=True),
        "auth_name": Field("text", _REGISTER | _ACCOUNT, registration=True),
        "enb_outbound_proxy": Field("switch", _REGISTER, registration=True),
        "outbound_proxy_server": Field("host", _REGISTER, registration=True),
        "outbound_proxy_port": Field("port", _REGISTER, registration=True),
        "codec_sel": Field("codecs"),
        "def_outbound_cid": Field("caller id"),
        "def_outbound_cid_name": Field("label"),
    }
)
"""By name. This table is the practice PBX's own, taken from the vendor's page and from nowhere else."""

TRUNK_SHAPE: Shape = MappingProxyType(
    {name: "int" if field.rule in {"id", "switch", "port"} else "string" for name, field in FIELDS.items()}
    | {"outbound_cid_list": CALLER_ID_SHAPE, "did_list": DID_SHAPE}
)
FIELDS_BY_TYPE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        kind: frozenset(name for name, field in FIELDS.items() if kind in field.types)
        | ({"outbound_cid_list"} if kind in _ACCOUNT else {"outbound_cid_list", "did_list"})
        for kind in _EVERY_TYPE
    }
)
"""The types this API can edit. Any other (``webtrunk``, ``FXO``, ``BRI``, …) can only be read."""

SHARED_TRUNK_FIELDS = frozenset({"id", "def_outbound_cid", "def_outbound_cid_name", "outbound_cid_list"})
"""All that a shared trunk of the Cloud edition lets a customer change."""

TRANSPORTS = ("udp", "tcp", "tls", "dnsnaptr")
ACCOUNT_TRANSPORTS = ("udp", "tcp", "tls")

CODECS = frozenset(
    "ulaw alaw g729 gsm h264 h263 h263p ilbc g722 g726 speex adpcm mpeg4 vp8 opus".split()  # noqa: SIM905 - reads as the list it is
)


Json = dict[str, Any]
"""One JSON object, as the wire and the state file carry it."""

SUCCESS = 0
PARTIAL_SUCCESS = 1
FAILURE = -1
INTERNAL_SERVER_ERROR = -2
INTERFACE_NOT_EXISTED = 10001
TOKEN_EXPIRED = 10004
ACCESS_DENIED = 10005
PARAMETER_SYNTAX_ERROR = 40001
PARAMETER_ERROR = 40002
DUPLICATE_KEY_VALUE = 40003
DATA_NOT_FOUND = 60001
MAX_LIMITATION_EXCEEDED = 60002
ACCOUNT_IP_BLOCKED = 70004
ACTION_FORBIDDEN = 70084

MISSING_USER_AGENT = ACCESS_DENIED
"""The answer to a request without ``User-Agent``. A guess: the vendor says only that it is mandatory."""

MESSAGES: Mapping[int, str] = MappingProxyType(
    {
        SUCCESS: "SUCCESS",
        PARTIAL_SUCCESS: "PARTIAL SUCCESS",
        2: "PROCESSING",
        FAILURE: "FAILURE",
        INTERNAL_SERVER_ERROR: "INTERNAL SERVER ERROR",
        INTERFACE_NOT_EXISTED: "INTERFACE NOT EXISTED",
        10002: "API VERSION ERROR",
        10003: "API VERSION NOT SUPPORTED",
        TOKEN_EXPIRED: "TOKEN EXPIRED",
        ACCESS_DENIED: "ACCESS DENIED",
        10009: "OPERATION FAILED",
        PARAMETER_SYNTAX_ERROR: "PARAMETER SYNTAX ERROR",
        PARAMETER_ERROR: "PARAMETER ERROR",
        DUPLICATE_KEY_VALUE: "DUPLICATE KEY VALUE",
        DATA_NOT_FOUND: "DATA NOT FOUND",
        MAX_LIMITATION_EXCEEDED: "MAX LIMITATION EXCEEDED",
        ACCOUNT_IP_BLOCKED: "ACCOUNT IP BLOCKED",
        70082: "OVERLOAD_TASK_RUNNING",
        ACTION_FORBIDDEN: "ACTION FORBIDDEN",
        70087: "IP FORBIDDEN",
        70091: "CONNECTION_RELATION_EXISTED",
        70123: "API UNAVAILABLE",
    }
)


def success(**fields: Any) -> Json:
    """Make the answer to a call that went well.

    Returns:
        ``{"errcode": 0, "errmsg": "SUCCESS", ...}``.
    """
    return {"errcode": SUCCESS, "errmsg": MESSAGES[SUCCESS], **fields}


def refusal(errcode: int, **fields: Any) -> Json:
    """Make the answer to a call that went wrong.

    A code that is not in the table is called ``UNKNOWN ERROR``.

    Returns:
        ``{"errcode": ..., "errmsg": ..., ...}``.
    """
    return {"errcode": errcode, "errmsg": MESSAGES.get(errcode, "UNKNOWN ERROR"), **fields}


def invalid(field: str, validation_type: str, value: Any = None) -> Json:
    """Make one entry of ``invalid_param_list``.

    The field is the parameter's own name, also inside a list: ``did``, not ``did_list[3].did``. A value of None is left
    out, as the vendor's example of a missing name does.
    """
    entry = {"field": field, "validation_type": validation_type}
    return entry if value is None else {"field": field, "value": value, "validation_type": validation_type}


def parameter_error(*entries: Json) -> Json:
    """Make a 40002 which names what is wrong."""
    return refusal(PARAMETER_ERROR, invalid_param_list=list(entries))
