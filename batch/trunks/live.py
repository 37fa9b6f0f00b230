"""Live: what the PBX holds, read leniently, and its lists as they are sent. The vendor's spellings live here.

Integers may come as strings, absent fields are absent rather than null, and firmware adds fields we do not know:
those are carried in `LiveTrunk.whole` and never sent. What cannot be understood is a value too, with the reason:
a failure is as wide as its cause, which is one list or one trunk.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Generic, TypeAlias, TypeVar

from batch.schema.column_model import NO_WORDS, YES_WORDS, ListSheet, Parser, TrunkType
from batch.schema.columns import CALLER_IDS, DIDS, LIST_SHEETS, TRUNKS
from batch.trunks.numbers import did_key
from batch.wording import LOOKED_FOR, nearest_names

_PARSERS: Final = {column.field: column.parser for column in TRUNKS.columns}
_VENDOR_TYPES: Final[Mapping[str, TrunkType]] = {
    "register": TrunkType.REGISTER,
    "peer": TrunkType.PEER,
    "peer_did": TrunkType.PEER,
    "peer_port": TrunkType.PEER,
    "peer_private": TrunkType.PEER,
    "account": TrunkType.ACCOUNT,
}
WHOLE_TRUNK: Final = ""
"""Stands for a whole trunk in `LiveTrunk.unread`."""
NOT_SHOWN: Final = "the PBX does not show it"
"""Why a list is unread that is absent; any other reason is about a list that is there."""
_EXACT: Final = 10**15
_STRUCTURES: Final = (dict, list, tuple)
"""What JSON nests."""
_MEMBER_KEYS: Final = frozenset({"type", "id", "ext_number", "ext_name"})
_KNOWN_KEYS: Final[Mapping[ListSheet, frozenset[str]]] = {
    DIDS: frozenset({"did", "did_name", "id"}),
    CALLER_IDS: frozenset(
        {"outbound_cid_option", "outbound_cid", "outbound_cid_name", "outbound_cid_to_ext_range", "ext_list", "id"}
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Did:
    """One entry of a trunk's DID list; a pattern is the same in either case."""

    number: str
    name: str = ""

    @property
    def key(self) -> str:
        """What tells the entries of a trunk apart."""
        return did_key(self.number)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Did)
            and self.name == other.name
            and (self.number == other.number or self.key == other.key)
        )

    def __hash__(self) -> int:
        return hash((self.key, self.name))


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
    number: str
    name: str = ""
    extension_range: str = ""
    extensions: frozenset[Extension] = frozenset()
    order: tuple[Extension, ...] = field(default=(), compare=False)
    """The same extensions in the order in which they are sent; their order means nothing to the PBX."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells the entries of a trunk apart."""
        return (self.option, self.number)


Entry: TypeAlias = Did | CallerId
EntryT = TypeVar("EntryT", Did, CallerId)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveList(Generic[EntryT]):
    """One list of a trunk, in the PBX's order."""

    entries: tuple[EntryT, ...] = ()
    unknown_keys: frozenset[str] = frozenset()
    """Keys inside its entries that we do not know and that a rewrite would lose."""


EMPTY_LISTS: Final[Mapping[ListSheet, LiveList[Any]]] = dict.fromkeys(LIST_SHEETS, LiveList())


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
    lists: Mapping[ListSheet, LiveList[Any]] = field(default_factory=lambda: EMPTY_LISTS)
    unread: Mapping[str, str] = field(default_factory=dict)
    """Lists that its type has and that could not be read, by the API's name, and why: what they hold is not known, so
    they are not empty. `WHOLE_TRUNK` stands for all of the trunk."""

    @property
    def dids(self) -> LiveList[Did]:
        """Its DIDs."""
        return self.lists[DIDS]

    @property
    def caller_ids(self) -> LiveList[CallerId]:
        """Its outbound caller IDs."""
        return self.lists[CALLER_IDS]

    @property
    def type(self) -> TrunkType | None:
        """The kind of trunk; None for those that the API cannot edit."""
        return _VENDOR_TYPES.get(self.vendor_type.casefold())

    @property
    def label(self) -> str:
        """How people know it."""
        return self.name or f"trunk {self.id}"

    @property
    def shared(self) -> bool:
        """Whether it is a Cloud shared trunk. How the PBX marks one is a guess, kept here."""
        return str(self.whole.get("shared", "0")).casefold() in {"1", "true", "yes"}

    @property
    def hides_password(self) -> bool:
        """Whether its password cannot be read: it is masked, or there is none to be seen."""
        return is_masked(str(self.value("password")))

    def value(self, field_name: str) -> str | int:
        """Return a plain field, ``""`` where the trunk does not have it or it is empty.

        What is neither a text nor a number comes back as the JSON that it is.
        """
        value = self.whole.get(field_name)
        if value is None or value == "":
            return ""
        if isinstance(value, _STRUCTURES):
            return json.dumps(value, ensure_ascii=False, default=str)
        match _PARSERS.get(field_name):
            case Parser.YES_NO:
                return _switch(value)
            case Parser.NUMBER:
                return _integer(value)
            case Parser.CHOICE:
                return str(value).strip().casefold()
            case Parser.CODECS:
                return ",".join(part.strip().casefold() for part in str(value).split(",") if part.strip())
            case _:
                return str(value)


def is_masked(password: str) -> bool:
    """Tell whether a PBX shows stars, dots or nothing instead of a password."""
    return not password.strip("*•●∙·")


def _switch(value: object) -> int | str:
    word = str(value).strip().casefold()
    return 1 if word in YES_WORDS else 0 if word in NO_WORDS else _integer(value)


def _integer(value: object) -> int | str:
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    text = str(value).strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def id_of(whole: Mapping[str, Any]) -> int | None:
    """Return the id of an object of the API; None where there is none that can be used."""
    value = whole.get("id")
    found = None if isinstance(value, bool) else _integer(value)
    return found if isinstance(found, int) else None


def parse_trunk(whole: Mapping[str, Any]) -> LiveTrunk:
    """Understand one object of ``trunk/get`` or ``trunk/query``; a list that cannot be is `LiveTrunk.unread`.

    Raises:
        ValueError: it has no usable id, so nobody knows which trunk it is.
    """
    number = id_of(whole)
    if number is None:
        raise ValueError("a trunk without an id")
    vendor_type = _word(whole.get("type"))
    kind = _VENDOR_TYPES.get(vendor_type.casefold())
    unread: dict[str, str] = {}
    lists = dict(EMPTY_LISTS)
    for sheet in LIST_SHEETS:
        if kind in sheet.types and not (whole.get(sheet.api) or _is_list(whole.get(sheet.api))):
            unread[sheet.api] = NOT_SHOWN
        try:
            lists[sheet] = _parse_list(sheet, whole)
        except ValueError as error:
            unread[sheet.api] = str(error)
    return LiveTrunk(
        id=number,
        name=_word(whole.get("name")),
        vendor_type=vendor_type,
        unread=unread,
        status=_status(whole.get("status")),
        whole=whole,
        lists=lists,
    )


def unreadable_trunk(number: int, name: str, why: str) -> LiveTrunk:
    """Stand for a trunk that is there, and of which nothing can be read."""
    return LiveTrunk(id=number, name=name, vendor_type="", status=None, whole={}, unread={WHOLE_TRUNK: why})


def parse_listed(rows: Iterable[Mapping[str, Any]]) -> tuple[LiveTrunk, ...]:
    """Understand the rows of ``trunk/list``: id, name, type and status; one without an id has the id 0 here.

    What nobody can tell apart, or ask for, is unread as a whole.
    """
    trunks = [
        unreadable_trunk(0, _word(row.get("name")), "the PBX lists it without a usable id")
        if id_of(row) is None
        else parse_trunk(row)
        for row in rows
    ]
    shared: dict[int, list[str]] = defaultdict(list)
    for trunk in trunks:
        shared[trunk.id].append(trunk.name)
    return tuple(
        unreadable_trunk(trunk.id, trunk.name, f"the PBX gives the id {trunk.id} to {' and '.join(shared[trunk.id])}")
        if trunk.id and len(shared[trunk.id]) > 1
        else trunk
        for trunk in trunks
    )


def _word(value: object) -> str:
    """Read a text of which nothing depends; blank where it is none."""
    try:
        return _text(value)
    except ValueError:
        return ""


def _text(value: object) -> str:
    """Read a text leniently: a whole number's digits, and nothing for null.

    Raises:
        ValueError: it is something else.
    """
    match value:
        case str():
            return value
        case None:
            return ""
        case int() if not isinstance(value, bool):
            return str(value)
        case float() if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        case _:
            raise ValueError("is no text")


def _status(value: object) -> int | None:
    status = "" if value is None else _integer(value)
    return status if isinstance(status, int) else None


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _objects(whole: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    entries = whole.get(key) or ()
    if not _is_list(entries):
        raise ValueError(f"{key} is no list")
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise ValueError(f"{key} holds something else than objects")
    return entries


def _texts(entry: Mapping[str, Any], place: int, *keys: str) -> Iterator[str]:
    for key in keys:
        try:
            yield _text(entry.get(key))
        except ValueError as error:
            raise ValueError(f"{key} of its entry {place} {error}") from None


def _parse_list(sheet: ListSheet, whole: Mapping[str, Any]) -> LiveList[Any]:
    objects = _objects(whole, sheet.api)
    unknown = _unknown(objects, _KNOWN_KEYS[sheet])
    if sheet is DIDS:
        dids = tuple(Did(*_texts(entry, place, "did", "did_name")) for place, entry in enumerate(objects, 1))
        return LiveList(entries=dids, unknown_keys=unknown)
    entries = tuple(_caller_id(entry, place) for place, entry in enumerate(objects, 1))
    members = [member for entry in objects for member in _objects(entry, "ext_list")]
    return LiveList(entries=entries, unknown_keys=unknown | _unknown(members, _MEMBER_KEYS))


def _unknown(entries: Iterable[Mapping[str, Any]], known: frozenset[str]) -> frozenset[str]:
    return frozenset(key for entry in entries for key in entry) - known


def _caller_id(entry: Mapping[str, Any], place: int) -> CallerId:
    extensions = tuple(_extension(member, place) for member in _objects(entry, "ext_list"))
    number, name, span = _texts(entry, place, "outbound_cid", "outbound_cid_name", "outbound_cid_to_ext_range")
    return CallerId(
        option=str(entry.get("outbound_cid_option") or "shared").casefold(),
        number=number,
        name=name,
        extension_range=span,
        extensions=frozenset(extensions),
        order=extensions,
    )


def _extension(member: Mapping[str, Any], place: int) -> Extension:
    number = str(member.get("ext_number") or member.get("ext_name") or "")
    kind = str(member.get("type") or ("extension" if number.isdigit() or not number else "ext_group"))
    member_id = id_of(member)
    if member_id is None:
        raise ValueError(f"an extension of its entry {place} has no usable id")
    return Extension(kind.casefold(), member_id, number)


def entry_json(entry: Entry) -> dict[str, Any]:
    """Write one entry of a list; its own id is not sent back.

    What the option of a caller ID does not need and the PBX holds all the same goes back as it was.
    """
    if isinstance(entry, Did):
        return {"did": entry.number, "did_name": entry.name}
    common: dict[str, Any] = {
        "outbound_cid_option": entry.option,
        "outbound_cid": entry.number,
        "outbound_cid_name": entry.name,
    }
    if entry.option == "range" or entry.extension_range:
        common |= {"outbound_cid_to_ext_range": entry.extension_range}
    if entry.option == "range" and not entry.order:
        return common
    return common | {
        "ext_list": [{"type": e.type, "id": e.id} | ({"ext_number": e.number} if e.number else {}) for e in entry.order]
    }


@dataclass(frozen=True, kw_only=True)
class Inventory:
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
        return {trunk.id: trunk for trunk in self.trunks if trunk.id}

    @cached_property
    def by_name(self) -> Mapping[str, LiveTrunk]:
        """The trunks by name."""
        return {trunk.name: trunk for trunk in self.trunks}

    @cached_property
    def doubled(self) -> frozenset[str]:
        """Names that more than one trunk bears."""
        return frozenset(name for name, count in Counter(trunk.name for trunk in self.trunks).items() if count > 1)

    def nearest_group(self, name: str) -> str | None:
        """Return the name of the extension group that may be meant by one that is none, for the first thousand."""
        found = self._nearest_groups
        if name not in found and len(found) < LOOKED_FOR:
            found[name] = nearest_names([name], self.groups).get(name)
        return found.get(name)

    @cached_property
    def _nearest_groups(self) -> dict[str, str | None]:
        return {}

    @cached_property
    def cloud(self) -> bool:
        """Whether it is the Cloud edition, going by its kinds of peer trunk."""
        return any(trunk.vendor_type.casefold().startswith("peer_") for trunk in self.trunks)


def extension_ids(objects: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Understand ``extension/list``: number to id.

    A number that two extensions bear is left out, and one without a usable id.
    """
    return _once((_word(e.get("number")), id_of(e)) for e in objects)


def parse_groups(objects: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Understand ``extensiongroup/list``, or ``get_menuoptions`` with its ``text`` and string ``value``.

    A name that two groups bear is left out, and one without a usable id.
    """
    return _once((_word(e.get("name", e.get("text"))), id_of({"id": e.get("id", e.get("value"))})) for e in objects)


def _once(pairs: Iterable[tuple[str, int | None]]) -> dict[str, int]:
    """Keep what says for sure which one is meant."""
    found: dict[str, set[int]] = defaultdict(set)
    for name, number in pairs:
        if name and number is not None:
            found[name].add(number)
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1}
