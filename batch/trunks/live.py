"""Live: what the PBX holds, read leniently.

Integers may come as strings, absent fields are absent rather than null, and firmware adds fields we do not know:
those are carried in `LiveTrunk.whole` and never sent.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from batch.sheets.layout import TRUNKS, Parser, TrunkType

_INTEGERS: Final = frozenset(c.field for c in TRUNKS.columns if c.parser in {Parser.NUMBER, Parser.YES_NO})
_VENDOR_TYPES: Final[Mapping[str, TrunkType]] = {
    "register": TrunkType.REGISTER,
    "peer": TrunkType.PEER,
    "peer_did": TrunkType.PEER,
    "peer_port": TrunkType.PEER,
    "peer_private": TrunkType.PEER,
    "account": TrunkType.ACCOUNT,
}
LISTS: Final = ("did_list", "outbound_cid_list")
"""The two lists of a trunk, by their names in the API."""
_EXACT: Final = 10**15
_MEMBER_KEYS: Final = frozenset({"type", "id", "ext_number", "ext_name"})
_DID_KEYS: Final = frozenset({"did", "did_name", "id"})
_CALLER_ID_KEYS: Final = frozenset(
    {"outbound_cid_option", "outbound_cid", "outbound_cid_name", "outbound_cid_to_ext_range", "ext_list", "id"}
)


@dataclass(frozen=True, slots=True)
class Did:
    """One entry of a trunk's DID list."""

    did: str
    name: str = ""

    @property
    def key(self) -> str:
        """What tells the entries of a trunk apart."""
        return self.did


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension or extension group that an outbound caller ID is for."""

    type: str
    """``extension`` or ``ext_group``."""
    id: int
    number: str = field(default="", compare=False)
    """Its number, or the group's name."""


@dataclass(frozen=True, slots=True)
class CallerId:
    """One entry of a trunk's outbound caller-ID list."""

    option: str
    caller_id: str
    name: str = ""
    extension_range: str = ""
    extensions: frozenset[Extension] = frozenset()
    order: tuple[Extension, ...] = field(default=(), compare=False)
    """The same extensions in the order in which they are sent; their order means nothing to the PBX."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells the entries of a trunk apart."""
        return (self.option, self.caller_id)


Entry = TypeVar("Entry", Did, CallerId)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveList(Generic[Entry]):
    """One list of a trunk, in the PBX's order."""

    entries: tuple[Entry, ...] = ()
    unknown_keys: frozenset[str] = frozenset()
    """Keys inside its entries that we do not know and that a rewrite would lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTrunk:
    """One trunk as the PBX holds it."""

    id: int
    name: str
    vendor_type: str
    """As the PBX says it: ``register``, ``peer_did``, ``webtrunk``, ``FXO`` …"""
    status: int | None
    whole: Mapping[str, Any] = field(repr=False)
    """Everything as it came, with the password in clear: for the snapshot only."""
    dids: LiveList[Did] = LiveList()
    caller_ids: LiveList[CallerId] = LiveList()
    unseen: frozenset[str] = frozenset()
    """Lists that its type has and that the PBX did not show: what they hold is not known, so they are not empty."""

    @property
    def type(self) -> TrunkType | None:
        """The kind of trunk; None for those that the API cannot edit."""
        return _VENDOR_TYPES.get(self.vendor_type)

    @property
    def shared(self) -> bool:
        """Whether it is a Cloud shared trunk. How the PBX marks one is a guess, kept here."""
        return str(self.whole.get("shared", "0")).casefold() in {"1", "true", "yes"}

    def value(self, field_name: str) -> str | int:
        """Return a plain field, ``""`` where the trunk does not have it or it is empty."""
        value = self.whole.get(field_name)
        if value is None or value == "":
            return ""
        if field_name in _INTEGERS:
            return _integer(value)
        if field_name == "transport":
            return str(value).strip().casefold()
        if field_name == "codec_sel":
            return ",".join(part.strip().casefold() for part in str(value).split(",") if part.strip())
        return str(value)


def _integer(value: object) -> int | str:
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    text = str(value).strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def parse_trunk(whole: Mapping[str, Any]) -> LiveTrunk:
    """Understand one object of ``trunk/get`` or ``trunk/query``.

    Raises:
        ValueError: it has no usable id, or its lists are not lists of objects.
    """
    vendor_type = str(whole.get("type") or "")
    return LiveTrunk(
        id=_required_id(whole, "trunk"),
        name=str(whole.get("name") or ""),
        vendor_type=vendor_type,
        unseen=frozenset(name for name in _lists_of(vendor_type) if not isinstance(whole.get(name), list | tuple)),
        status=_status(whole.get("status")),
        whole=whole,
        dids=LiveList(
            entries=tuple(Did(_text(e.get("did")), _text(e.get("did_name"))) for e in _objects(whole, "did_list")),
            unknown_keys=_unknown(_objects(whole, "did_list"), _DID_KEYS),
        ),
        caller_ids=LiveList(
            entries=tuple(_caller_id(e) for e in _objects(whole, "outbound_cid_list")),
            unknown_keys=_unknown(_objects(whole, "outbound_cid_list"), _CALLER_ID_KEYS)
            | frozenset(
                key
                for entry in _objects(whole, "outbound_cid_list")
                for key in _unknown(_objects(entry, "ext_list"), _MEMBER_KEYS)
            ),
        ),
    )


def _lists_of(vendor_type: str) -> Iterable[str]:
    kind = _VENDOR_TYPES.get(vendor_type)
    if kind is None:
        return ()
    return ("outbound_cid_list",) if kind is TrunkType.ACCOUNT else LISTS


def _text(value: object) -> str:
    """Read a text leniently: a whole number's digits, and nothing of what cannot be one for sure."""
    match value:
        case str():
            return value
        case bool() | None:
            return ""
        case int():
            return str(value)
        case float() if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        case _:
            return ""


def _status(value: object) -> int | None:
    status = "" if value is None else _integer(value)
    return status if isinstance(status, int) else None


def _required_id(whole: Mapping[str, Any], what: str) -> int:
    number = _integer(whole.get("id", ""))
    if not isinstance(number, int):
        raise ValueError(f"a {what} without an id")  # noqa: TRY004 - it is the value that is wrong
    return number


def _objects(whole: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    entries = whole.get(key) or ()
    if not isinstance(entries, list | tuple) or not all(isinstance(e, Mapping) for e in entries):
        raise ValueError(f"{key} is not a list of objects")
    return entries


def _unknown(entries: Iterable[Mapping[str, Any]], known: frozenset[str]) -> frozenset[str]:
    return frozenset(key for entry in entries for key in entry) - known


def _caller_id(entry: Mapping[str, Any]) -> CallerId:
    extensions = tuple(_extension(e) for e in _objects(entry, "ext_list"))
    return CallerId(
        option=str(entry.get("outbound_cid_option") or "shared"),
        caller_id=_text(entry.get("outbound_cid")),
        name=_text(entry.get("outbound_cid_name")),
        extension_range=_text(entry.get("outbound_cid_to_ext_range")),
        extensions=frozenset(extensions),
        order=extensions,
    )


def _extension(entry: Mapping[str, Any]) -> Extension:
    number = str(entry.get("ext_number") or entry.get("ext_name") or "")
    kind = str(entry.get("type") or ("extension" if number.isdigit() or not number else "ext_group"))
    return Extension(kind, _required_id(entry, "caller ID's extension"), number)


@dataclass(frozen=True, kw_only=True)
class Census:
    """Everything on the PBX that a plan needs to look up."""

    trunks: tuple[LiveTrunk, ...]
    """All trunks, from ``trunk/list``: id, name, type and status only."""
    extensions: Mapping[str, int] = field(default_factory=dict)
    """Number to id."""
    groups: Mapping[str, int] = field(default_factory=dict)
    """Name of an extension group to id."""

    @cached_property
    def by_id(self) -> Mapping[int, LiveTrunk]:
        """The trunks by id."""
        return {trunk.id: trunk for trunk in self.trunks}

    @cached_property
    def by_name(self) -> Mapping[str, LiveTrunk]:
        """The trunks by name."""
        return {trunk.name: trunk for trunk in self.trunks}

    @cached_property
    def doubled(self) -> frozenset[str]:
        """Names that more than one trunk bears."""
        return frozenset(name for name, count in Counter(trunk.name for trunk in self.trunks).items() if count > 1)

    @cached_property
    def cloud(self) -> bool:
        """Whether it is the Cloud edition, going by its kinds of peer trunk."""
        return any(trunk.vendor_type.startswith("peer_") for trunk in self.trunks)


def parse_extensions(objects: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Understand ``extension/list``: number to id; a number that two extensions bear is left out."""
    return _once((_text(e.get("number")), _required_id(e, "extension")) for e in objects)


def parse_groups(objects: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Understand ``extensiongroup/list``, or ``get_menuoptions`` with its ``text`` and string ``value``.

    A name that two groups bear is left out.
    """
    return _once(
        (_text(e.get("name", e.get("text"))), _required_id({"id": e.get("id", e.get("value", ""))}, "group"))
        for e in objects
    )


def _once(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Keep what says for sure which one is meant."""
    found: dict[str, set[int]] = defaultdict(set)
    for name, number in pairs:
        found[name].add(number)
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1}
