"""Payloads: models of ``trunk/update``, one per type, that can express only what the vendor's page allows.

Made at the moment a trunk is about to be sent: the last gate before the wire. Source: "Edit a SIP Trunk", tables
1 to 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from batch.schema.columns import CODECS, MAX_ENTRY_NAME_BYTES, NAME_FORBIDS, TrunkType

Id: TypeAlias = Annotated[int, Field(ge=1)]
Switch: TypeAlias = Annotated[int, Field(ge=0, le=1)]
Port: TypeAlias = Annotated[int, Field(ge=0, le=65535)]
Text: TypeAlias = Annotated[str, Field(max_length=255)]
"""``""`` empties it."""
Needed: TypeAlias = Annotated[str, Field(min_length=1, max_length=255)]
Dialled: TypeAlias = Annotated[str, Field(max_length=31)]
Number: TypeAlias = Annotated[str, Field(min_length=1, max_length=31)]
CallerNumber: TypeAlias = Annotated[str, Field(min_length=1, max_length=63)]
"""A range is two numbers and a dash."""
EntryName: TypeAlias = Annotated[str, Field(max_length=MAX_ENTRY_NAME_BYTES)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=63)]
CodecSelection: TypeAlias = Annotated[str, Field(pattern=rf"^(?:{'|'.join(CODECS)})(?:,(?:{'|'.join(CODECS)}))*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    @model_validator(mode="after")
    def _absent_rather_than_null(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("a field is null; what is not sent must be absent")
        return self


class DidEntry(_Part):
    """An entry of ``did_list``."""

    did: Number
    did_name: EntryName = ""


class Member(_Part):
    """An entry of ``ext_list``."""

    type: Literal["extension", "ext_group"]
    id: Id
    ext_number: str | None = None


class SharedCallerId(_Part):
    """An entry of ``outbound_cid_list`` for named extensions and groups."""

    outbound_cid_option: Literal["shared"]
    outbound_cid: Number
    outbound_cid_name: EntryName = ""
    outbound_cid_to_ext_range: str | None = None
    """Not needed; what the PBX holds goes back as it was."""
    ext_list: Annotated[list[Member], Field(min_length=1)]


class RangeCallerId(_Part):
    """An entry of ``outbound_cid_list`` for consecutive extensions."""

    outbound_cid_option: Literal["range"]
    outbound_cid: CallerNumber
    outbound_cid_name: EntryName = ""
    outbound_cid_to_ext_range: Annotated[str, Field(pattern=r"^[0-9]{1,7}-[0-9]{1,7}$")]
    ext_list: list[Member] | None = None
    """Not needed; what the PBX holds goes back as it was."""


CallerIdEntry: TypeAlias = Annotated[SharedCallerId | RangeCallerId, Field(discriminator="outbound_cid_option")]


class _Update(_Part):
    """What all three types have."""

    id: Id
    name: Name | None = None
    enable: Switch | None = None
    codec_sel: CodecSelection | None = None
    def_outbound_cid: Dialled | None = None
    def_outbound_cid_name: EntryName | None = None
    outbound_cid_list: list[CallerIdEntry] | None = None

    @model_validator(mode="after")
    def _something_changes_and_the_name_is_allowed(self) -> Self:
        if self.model_fields_set <= {"id"}:
            raise ValueError("nothing to change")
        if self.name and set(self.name) & set(NAME_FORBIDS):
            raise ValueError("a character that a trunk name cannot hold")
        return self


class PeerUpdate(_Update):
    """Table 5: a peer trunk has no credentials and no outbound proxy."""

    transport: Literal["udp", "tcp", "tls", "dnsnaptr"] | None = None
    hostname: Needed | None = None
    port: Port | None = None
    domain: Text | None = None
    did_list: list[DidEntry] | None = None


class RegisterUpdate(PeerUpdate):
    """Table 1: a register trunk has everything."""

    username: Needed | None = None
    password: Needed | None = Field(default=None, repr=False)
    auth_name: Text | None = None
    enb_outbound_proxy: Switch | None = None
    outbound_proxy_server: Text | None = None
    outbound_proxy_port: Port | None = None


class AccountUpdate(_Update):
    """Table 9: an account trunk has no host, no proxy and no DIDs."""

    transport: Literal["udp", "tcp", "tls"] | None = None
    username: Needed | None = None
    password: Needed | None = Field(default=None, repr=False)
    auth_name: Text | None = None


MODELS: Final[Mapping[TrunkType, type[_Update]]] = {
    TrunkType.REGISTER: RegisterUpdate,
    TrunkType.PEER: PeerUpdate,
    TrunkType.ACCOUNT: AccountUpdate,
}


def payload(trunk_type: TrunkType, body: Mapping[str, Any]) -> dict[str, Any]:
    """Pass a body through its type's model and return it as it goes onto the wire.

    Raises:
        pydantic.ValidationError: the body says something that the vendor's page does not allow; checks should have
            found it, so it is a bug, and nothing is sent. The error shows no value.
    """
    return MODELS[trunk_type].model_validate(body).model_dump(exclude_unset=True)


def refusals(trunk_type: TrunkType, body: Mapping[str, Any]) -> list[str]:
    """Return why a body's model refuses it, one place and reason each, without any value; empty if it does not."""
    try:
        MODELS[trunk_type].model_validate(body)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    return []
