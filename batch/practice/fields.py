"""Which fields a SIP trunk has, by type, and what may be in each (vendor: "Edit a SIP Trunk")."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

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
    """Types of trunk that have it."""
    required: bool = False
    """Whether it cannot be sent empty."""
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
