"""Which fields a SIP trunk has, by type, and which JSON type each is (vendor: "Edit a SIP Trunk")."""

from collections.abc import Mapping
from types import MappingProxyType

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
TRUNK_SHAPE: Shape = MappingProxyType(
    {
        "id": "int",
        "name": "string",
        "enable": "int",
        "transport": "string",
        "hostname": "string",
        "port": "int",
        "domain": "string",
        "username": "string",
        "password": "string",
        "auth_name": "string",
        "enb_outbound_proxy": "int",
        "outbound_proxy_server": "string",
        "outbound_proxy_port": "int",
        "codec_sel": "string",
        "def_outbound_cid": "string",
        "def_outbound_cid_name": "string",
        "outbound_cid_list": CALLER_ID_SHAPE,
        "did_list": DID_SHAPE,
    }
)

SHARED_TRUNK_FIELDS = frozenset({"id", "def_outbound_cid", "def_outbound_cid_name", "outbound_cid_list"})
"""All that a shared trunk of the Cloud edition lets a customer change."""

_EVERY_TYPE = SHARED_TRUNK_FIELDS | {"name", "enable", "transport", "codec_sel"}
_ADDRESS = {"hostname", "port", "domain"}
_CREDENTIALS = {"username", "password", "auth_name"}
_PROXY = {"enb_outbound_proxy", "outbound_proxy_server", "outbound_proxy_port"}
_PEER = frozenset(_EVERY_TYPE | _ADDRESS | {"did_list"})

FIELDS_BY_TYPE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "register": frozenset(_EVERY_TYPE | _ADDRESS | _CREDENTIALS | _PROXY | {"did_list"}),
        "peer": _PEER,
        "peer_did": _PEER,
        "peer_port": _PEER,
        "peer_private": _PEER,
        "account": frozenset(_EVERY_TYPE | _CREDENTIALS),
    }
)
"""The types this API can edit. Any other (``webtrunk``, ``FXO``, ``BRI``, …) can only be read."""

REGISTRATION_FIELDS = frozenset(_ADDRESS | _CREDENTIALS | _PROXY | {"transport", "enable"})
"""What makes the PBX look at its registration again, and so what moves a trunk's ``status``."""

HOSTS = frozenset({"hostname", "domain", "outbound_proxy_server"})
"""Names and addresses of hosts, which mean the same in small and in capital letters."""

TRANSPORTS = ("udp", "tcp", "tls", "dnsnaptr")
ACCOUNT_TRANSPORTS = ("udp", "tcp", "tls")

CODECS = frozenset(
    "ulaw alaw g729 gsm h264 h263 h263p ilbc g722 g726 speex adpcm mpeg4 vp8 opus".split()  # noqa: SIM905 - reads as the list it is
)
