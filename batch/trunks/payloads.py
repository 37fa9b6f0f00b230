"""Payloads: models of ``trunk/update``, one per type, that can express only what the vendor's page allows.

A plan asks them about every body that it would send, where what they refuse is still a problem. The plain fields, their
types and limits are those of the columns; the lists are here. Source: "Edit a SIP Trunk", tables 1 to 11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator

from batch.schema.column_model import Column, Parser, TrunkType
from batch.schema.columns import (
    CODECS,
    DIDS,
    MAX_DID,
    MAX_ENTRY_NAME_BYTES,
    MAX_EXTENSION_DIGITS,
    NAME_FORBIDS,
    TRUNKS,
)

Id: TypeAlias = Annotated[int, Field(ge=1)]
Number: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_DID)]
CallerNumber: TypeAlias = Annotated[str, Field(min_length=1, max_length=2 * MAX_DID + 1)]
"""A range is two numbers and a dash."""
EntryName: TypeAlias = Annotated[str, Field(max_length=MAX_ENTRY_NAME_BYTES)]
_EXTENSION: Final = f"[0-9]{{1,{MAX_EXTENSION_DIGITS}}}"


class _Part(BaseModel):
    """Something that is sent. What is not is absent, and never null: the defaults stay here."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class DidEntry(_Part):
    """An entry of ``did_list``."""

    did: Number
    did_name: EntryName = ""


class Member(_Part):
    """An entry of ``ext_list``."""

    type: Literal["extension", "ext_group"]
    id: Id
    ext_number: str = ""


class SharedCallerId(_Part):
    """An entry of ``outbound_cid_list`` for named extensions and groups."""

    outbound_cid_option: Literal["shared"]
    outbound_cid: Number
    outbound_cid_name: EntryName = ""
    outbound_cid_to_ext_range: str = ""
    """Not needed; what the PBX holds goes back as it was."""
    ext_list: Annotated[list[Member], Field(min_length=1)]


class RangeCallerId(_Part):
    """An entry of ``outbound_cid_list`` for consecutive extensions."""

    outbound_cid_option: Literal["range"]
    outbound_cid: CallerNumber
    outbound_cid_name: EntryName = ""
    outbound_cid_to_ext_range: Annotated[str, Field(pattern=f"^{_EXTENSION}-{_EXTENSION}$")]
    ext_list: list[Member] = []
    """Not needed; what the PBX holds goes back as it was."""


CallerIdEntry: TypeAlias = Annotated[SharedCallerId | RangeCallerId, Field(discriminator="outbound_cid_option")]


class _Update(_Part):
    """What all types have; ``""`` empties a text that can be emptied."""

    id: Id
    outbound_cid_list: list[CallerIdEntry] = []

    @model_validator(mode="after")
    def _something_changes(self) -> Self:
        if self.model_fields_set <= {"id"}:
            raise ValueError("nothing to change")
        return self


def _model(kind: TrunkType) -> type[_Update]:
    fields: dict[str, Any] = {
        column.field: (_type_of(column, kind), Field(default=None, repr=column.parser is not Parser.SECRET))
        for column in TRUNKS.columns
        if column.sent and kind in column.types
    }
    if kind in DIDS.types:
        fields["did_list"] = (list[DidEntry], [])
    return create_model(f"{kind.title()}Update", __base__=_Update, **fields)


def _type_of(column: Column, kind: TrunkType) -> Any:
    """Return the JSON type of a column and what limits it."""
    match column.parser:
        case Parser.YES_NO:
            return Annotated[int, Field(ge=0, le=1)]
        case Parser.NUMBER:
            return Annotated[int, Field(ge=0, le=column.limit)]
        case Parser.CHOICE:
            return Annotated[str, Field(pattern=f"^{_one_of(column.choices_of(kind))}$")]
        case Parser.CODECS:
            return Annotated[str, Field(pattern=f"^{_one_of(CODECS)}(?:,{_one_of(CODECS)})*$")]
        case Parser.NAME:
            return Annotated[str, Field(pattern=f"^[^{re.escape(NAME_FORBIDS)}]+$", max_length=column.limit)]
        case _:
            return Annotated[str, Field(min_length=0 if column.clearable else 1, max_length=column.limit)]


def _one_of(words: Sequence[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, words))})"


MODELS: Final[Mapping[TrunkType, type[_Update]]] = {kind: _model(kind) for kind in TrunkType}


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
