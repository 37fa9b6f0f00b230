"""Live checks: what stands against a record once its live trunk is known, and the dangers to be allowed by name.

Last what the models of ``trunk/update`` refuse, one per type, which can express only what the vendor's page allows. The
plain fields, their types and limits are those of the columns. Source: "Edit a SIP Trunk", tables 1 to 11.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator

from batch.schema.column_model import CLEAR, Column, Mode, Parser, TrunkType
from batch.schema.columns import (
    CALLER_IDS,
    CODECS,
    DIDS,
    LIST_SHEETS,
    MAX_DID,
    MAX_ENTRY_NAME_BYTES,
    MAX_EXTENSION_DIGITS,
    NAME_FORBIDS,
    TRUNKS,
)
from batch.schema.problems import Problem
from batch.tables.rows import Tables
from batch.trunks import rules
from batch.trunks.diff import ChangeKind, Desired, Difference
from batch.trunks.live import NOT_SHOWN, WHOLE_TRUNK, CallerId, Inventory, LiveTrunk
from batch.trunks.model import ListEdit, Record, Records
from batch.wording import quoted

Held: TypeAlias = str | int | None
"""What a cell stands for; None where the whole entry is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A cell that both a person and the PBX changed since the export, each otherwise."""

    sheet: str
    cell: str
    """As ``C14``."""
    base: Held
    """At the time of the export."""
    live: Held
    """Now."""
    yours: Held
    """In the workbook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """A danger of the plan that must be allowed by name."""

    code: str
    """A name of `batch.settings.HAZARDS`."""
    row: int
    """Of the Trunks sheet; 0 where it is about the plan as a whole."""
    trunk: str
    """Its name, or its id; blank where it is about the plan as a whole."""
    message: str
    conflict: Conflict | None = None
    """Set with the code ``conflicts``."""

    @property
    def flag(self) -> str:
        """The narrow flag that allows it."""
        return f"--allow {quoted(f'{self.code}={self.trunk}' if self.trunk else self.code)}"


def hazards(asked: Record, live: LiveTrunk, difference: Difference, given: Collection[str] = ()) -> Iterable[Hazard]:
    """Name what a rewrite of a trunk's lists would lose; ``given`` has the keys of DIDs that go to another trunk."""
    name = live.name or str(live.id)
    for sheet, edit in asked.lists.items():
        what, unread, differs = sheet.word, live.unread.get(sheet.api), difference.lists.get(sheet)
        if unread is not None and is_replaceable(edit, unread):
            yield Hazard(
                code="unread-lists",
                row=asked.row,
                trunk=name,
                message=f"The PBX does not show the {sheet.words} of {live.label} (some firmware leaves an empty list "
                "out), and the rows of the workbook replace them, whatever they are.",
            )
        if differs is None:
            continue
        removed = [change for change in differs.of(ChangeKind.REMOVED) if change.old.key not in given]
        if not edit.explicit and removed:
            yield Hazard(
                code="removals",
                row=asked.row,
                trunk=name,
                message=f"{live.label} would lose {len(removed)} {sheet.words if len(removed) > 1 else what} that the "
                f"workbook does not have, beginning with {removed[0].old.number}. To keep them, use --mode add, or "
                f"type add as {TRUNKS.column(sheet.mode).label} on the sheet Trunks. To remove them, type replace.",
            )
        if unknown_keys := live.lists[sheet].unknown_keys:
            yield Hazard(
                code="unknown-keys",
                row=asked.row,
                trunk=name,
                message=f"The {what} list of {live.label} has settings that this tool does not know "
                f"({', '.join(sorted(unknown_keys))}); writing the list would delete them.",
            )


def is_replaceable(edit: ListEdit[Any], unread: str) -> bool:
    """Tell whether a list that could not be read can be replaced: where it is not shown, but not one that is odd."""
    return edit.mode is Mode.REPLACE and unread == NOT_SHOWN


def check_live(tables: Tables, record: Record, live: LiveTrunk, inventory: Inventory) -> list[Problem]:
    """Report what a record asks for and its live trunk cannot be given."""
    if live.type is None:
        return [
            tables.trunks.problem(
                "trunk-not-editable",
                record.row,
                record.found_by,
                f"{live.name} is a {live.vendor_type or 'trunk of unknown type'}, which the API cannot edit.",
                "Delete the row, and change this trunk in the PBX's web interface.",
                value=record.label,
            )
        ]
    problems: list[Problem] = []
    if record.type is None:
        problems += rules.of_type(tables, record, live.type)
    elif record.type is not live.type:
        problems.append(
            tables.trunks.problem(
                "type-differs",
                record.row,
                "type",
                f"On the PBX, {live.name} is a trunk of type {live.type}, and the type cannot be changed.",
                f"Type {live.type}, or clear the cell. If the row is for another trunk, correct its ID or Name.",
                value=record.type,
            )
        )
    wanted = record.fields.get("name")
    holder = inventory.by_name.get(str(wanted), live) if wanted is not None else live
    if holder.id != live.id:
        problems.append(
            tables.trunks.problem(
                "name-taken",
                record.row,
                "name",
                f"Trunk {holder.id} on the PBX already has the name {wanted}.",
                "Choose another name. To swap names, rename the other trunk first, in a run of its own.",
                value=str(wanted),
            )
        )
    if live.shared:
        problems += _shared(tables, record)
    if inventory.cloud and live.vendor_type in {"register", "peer_did"}:
        problems += _cloud_patterns(tables, record)
    return problems


def incomplete(
    tables: Tables, record: Record, live: LiveTrunk, desired: Desired, difference: Difference
) -> list[Problem]:
    """Report live entries that would have to be sent back with the list, and that the API takes from nobody.

    A caller ID whose last extension was deleted is one.
    """
    if record.caller_ids is None or CALLER_IDS not in difference.lists:
        return []
    ours = {row.key for row in record.caller_ids.rows}
    return [
        tables.trunks.problem(
            "live-entry-incomplete",
            record.row,
            record.found_by,
            f"On the PBX, the caller ID {entry.number} of {live.name} has no extension; a list with such an entry "
            "cannot be sent.",
            "On the PBX, give it an extension or delete it; or add a row for it to the workbook.",
            value=record.label,
        )
        for entry in desired.lists[CALLER_IDS]
        if isinstance(entry, CallerId)
        and entry.key not in ours
        and not (entry.extension_range if entry.option == "range" else entry.order)
    ]


def unread(tables: Tables, record: Record, live: LiveTrunk) -> Iterable[Problem]:
    """Report a list that is to be changed and that cannot be read: nobody knows what it would be added to."""
    for sheet, edit in record.lists.items():
        why = live.unread.get(sheet.api)
        if why is None or is_replaceable(edit, why):
            continue
        what, mode = sheet.words, TRUNKS.column(sheet.mode).label
        how = f"The PBX does not show the {what} of {live.label}"
        fix = f"Name all its {what} in the workbook, with {Mode.REPLACE} as {mode}; or check the trunk on the PBX."
        if why != NOT_SHOWN:
            how = f"The {what} of {live.label} cannot be read as the PBX shows them ({why})"
            fix = f"Correct them on the PBX, or leave its {what} out of the workbook."
        yield tables.trunks.problem(
            "live-entry-incomplete",
            record.row,
            record.found_by,
            f"{how}, so it is not known what writing them would delete.",
            fix,
            value=record.label,
        )


def unreadable_trunk_problem(tables: Tables, record: Record, live: LiveTrunk) -> Problem:
    """Report a trunk of which nothing can be read."""
    return tables.trunks.problem(
        "live-entry-incomplete",
        record.row,
        record.found_by,
        f"{record.label} cannot be read: {live.unread[WHOLE_TRUNK]}.",
        "Check this trunk on the PBX, then plan again; or leave it out of the workbook.",
        value=record.label,
    )


def deserted(
    tables: Tables, records: Records, record: Record, base: LiveTrunk, given: Collection[str] = ()
) -> Iterator[Problem]:
    """Tell of lists all of whose rows were deleted since the export: that alone empties none.

    ``given`` has the keys of DIDs that go to another trunk.
    """
    for sheet in LIST_SHEETS:
        entries, table = [entry for entry in base.lists[sheet].entries if entry.key not in given], tables.of(sheet)
        if sheet in record.lists or not entries or sheet.api in base.unread:
            continue
        if record.modes.get(sheet.mode) is Mode.REPLACE:  # that is told for every workbook
            continue
        if record.row in records.owners[sheet.title].named:
            continue
        rows = f"All {len(entries):,} rows" if len(entries) > 1 else "The only row"
        yield tables.trunks.problem(
            "rows-all-gone",
            record.row,
            record.found_by,
            f"{rows} of {record.label} on the sheet {table.name} {'were' if len(entries) > 1 else 'was'} deleted since "
            f"the export; the {sheet.title} of the trunk stay as they are.",
            f"Nothing to do, if they should stay. To empty the list, add a row for the trunk with {CLEAR} as its "
            f"{sheet.column(sheet.number).label}.",
            value=record.label,
        )


def _shared(tables: Tables, record: Record) -> Iterator[Problem]:
    said = f"{record.label} is a shared trunk; only its caller IDs can be changed here."
    for name in record.fields:
        if not TRUNKS.column(name).shared:
            text = tables.trunks.text(name, record.row)
            fix = "Clear the cell; only the trunk's owner can change this."
            yield tables.trunks.problem("trunk-shared", record.row, name, said, fix, value=text)
    rows = record.dids.numbered() if record.dids else {}
    if record.dids and not rows:
        fix = "Restore the DID rows that were deleted or moved; only the trunk's owner can change its DIDs."
        yield tables.trunks.problem("trunk-shared", record.row, record.found_by, said, fix, value=record.label)
    for row, did in rows.items():
        what = "Delete the row" if tables.dids.times is None else "Clear the cell"
        fix = f"{what}; only the trunk's owner can change its DIDs."
        yield tables.dids.problem("trunk-shared", row, "did", said, fix, value=did)


def _cloud_patterns(tables: Tables, record: Record) -> list[Problem]:
    if record.dids is None or record.dids.mode is Mode.REMOVE:
        return []
    return [
        tables.dids.problem(
            "pattern-not-on-cloud",
            entry.row,
            "did",
            f"The Cloud edition does not accept [ ] or ! in a DID of this trunk: {entry.number}.",
            "Type the numbers one by one, or use X, Z, N and the dot.",
            value=entry.number,
        )
        for entry in record.dids.rows
        if set(entry.number) & set("[]!")
    ]


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


def not_sendable(tables: Tables, record: Record, live: LiveTrunk, body: Mapping[str, Any]) -> list[Problem]:
    """Report what the payload's model refuses although no check did: live entries that are odd in another way."""
    return [
        tables.trunks.problem(
            "live-entry-incomplete",
            record.row,
            record.found_by,
            f"The list for {live.name} contains an entry from the PBX that the API does not accept ({refusal}).",
            "Correct or delete that entry on the PBX, or write the whole list in the workbook with mode replace.",
            value=record.label,
        )
        for refusal in (refusals(live.type, body)[:1] if live.type else ())
    ]
