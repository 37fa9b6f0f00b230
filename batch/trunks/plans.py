"""Plans: desired against live, for all chosen trunks. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from batch.secrets import Secret
from batch.sheets.layout import Mode, TrunkType
from batch.sheets.problems import Problem
from batch.sheets.rows import Tables
from batch.trunks import rules
from batch.trunks.bodies import body_of, caller_id_json, did_json
from batch.trunks.differences import Desired, Difference, compare, live_value
from batch.trunks.live import Census, LiveTrunk
from batch.trunks.merging import merge
from batch.trunks.payloads import refusals
from batch.trunks.records import ListEdit, Record

REGISTRATION_FIELDS: Final = frozenset(
    {
        "enable",
        "transport",
        "hostname",
        "port",
        "domain",
        "username",
        "password",
        "auth_name",
        "enb_outbound_proxy",
        "outbound_proxy_server",
        "outbound_proxy_port",
    }
)
"""Fields whose change can cost a trunk its registration."""

_SHARED_TRUNK_FIELDS: Final = frozenset({"def_outbound_cid", "def_outbound_cid_name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """A danger of the plan that must be allowed by name."""

    code: str
    """``removals`` or ``unknown-keys``."""
    row: int
    trunk: str
    message: str

    @property
    def flag(self) -> str:
        """The narrow flag that allows it."""
        name = f'"{self.trunk}"' if " " in self.trunk else self.trunk
        return f"--allow {self.code}={name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one trunk of the workbook becomes."""

    record: Record
    live: LiveTrunk
    desired: Desired
    difference: Difference

    @property
    def kind(self) -> str:
        """``update`` when something is to be written, ``keep`` when it already is as wanted."""
        return "update" if self.difference else "keep"

    @property
    def trunk_type(self) -> TrunkType:
        """The live trunk's type, which is one that the API can edit."""
        if self.live.type is None:
            raise ValueError(f"{self.live.name} is not a trunk that the API edits")
        return self.live.type

    @property
    def renames(self) -> bool:
        """Whether the trunk gets another name."""
        return "name" in self.difference.fields

    @property
    def disables(self) -> bool:
        """Whether the trunk is switched off."""
        return self.difference.fields.get("enable", (1, 1))[1] == 0

    @property
    def removals(self) -> int:
        """How many list entries it loses."""
        return len(self.difference.dids.removed) + len(self.difference.caller_ids.removed)

    @property
    def bears_on_registration(self) -> bool:
        """Whether the write can cost the trunk its registration."""
        return bool(REGISTRATION_FIELDS & self.difference.fields.keys())

    @property
    def written(self) -> Desired:
        """What the write sets, and nothing else: what reading back must find."""
        return Desired(
            fields={name: new for name, (_, new) in self.difference.fields.items()},
            dids=self.desired.dids if self.difference.dids else None,
            caller_ids=self.desired.caller_ids if self.difference.caller_ids else None,
        )

    def as_planned(self, now: LiveTrunk) -> bool:
        """Tell whether everything that the write replaces still is what the plan saw."""
        return (
            (now.name, now.vendor_type) == (self.live.name, self.live.vendor_type)
            and replaced(now, self.difference) == self.replaces()
            and (not self.difference.dids or now.dids.unknown_keys == self.live.dids.unknown_keys)
            and (not self.difference.caller_ids or now.caller_ids.unknown_keys == self.live.caller_ids.unknown_keys)
        )

    def body(self) -> dict[str, Any]:
        """Make the body of the write; with a new password in clear, so make it only to send it."""
        return body_of(self.live.id, self.desired, self.difference)

    def replaces(self) -> dict[str, Any]:
        """Return the live values that the write replaces, secrets as `Secret`: what must still be so just before."""
        return replaced(self.live, self.difference)


def replaced(live: LiveTrunk, difference: Difference) -> dict[str, Any]:
    """Return a trunk's values of the fields and lists in which it differs."""
    lists = {"did_list": difference.dids, "outbound_cid_list": difference.caller_ids}
    return values_of(live, [*difference.fields, *(name for name, differs in lists.items() if differs)])


def values_of(live: LiveTrunk, names: Iterable[str]) -> dict[str, Any]:
    """Return a trunk's values of these fields and lists, the password as a `Secret`."""
    lists = {"did_list": live.dids.entries, "outbound_cid_list": live.caller_ids.entries}
    return {name: lists[name] if name in lists else live_value(live, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done, and what stands against it."""

    pbx: str
    """The PBX's address."""
    changes: tuple[Change, ...] = ()
    """One per chosen trunk without problems, in the workbook's order."""
    hazards: tuple[Hazard, ...] = ()
    problems: tuple[Problem, ...] = ()
    """All problems and notices, of the workbook and of the PBX."""

    @property
    def updates(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(change for change in self.changes if change.difference)

    @property
    def stopped(self) -> frozenset[int]:
        """Rows of the Trunks sheet that problems stand against."""
        return stopped_by(self.problems)

    def digest(self) -> str:
        """Return what stands for address, chosen trunks, ordered writes and the live values they replace.

        Passwords are part of the writes; deriving a key from all of it makes it useless for guessing one.
        """
        return digest_of(self.pbx, self.changes)


def stopped_by(problems: Iterable[Problem]) -> frozenset[int]:
    """Return the rows of the Trunks sheet that problems stand against."""
    rows = {row for problem in problems if problem.stops for row in (problem.trunk, problem.partner)}
    return frozenset(row for row in rows if row is not None)


def digest_of(pbx: str, changes: Iterable[Change]) -> str:
    """Return 32 hexadecimal digits: equal only if the same writes replace the same live values at the same PBX."""
    seed = hashlib.sha256(pbx.encode())
    for change in changes:
        before = {
            name: value.reveal() if isinstance(value, Secret) else _plain(value)
            for name, value in change.replaces().items()
        }
        body: dict[str, Any] = change.body() if change.difference else {"id": change.live.id}
        for entry in [*body.get("outbound_cid_list", ()), *before.get("outbound_cid_list", ())]:
            entry.get("ext_list", []).sort(key=lambda member: (member["type"], member["id"]))
        seed.update(json.dumps([body, before], sort_keys=True).encode())
    return hashlib.pbkdf2_hmac("sha256", seed.digest(), pbx.encode(), 100_000, 16).hex()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [did_json([entry])[0] if hasattr(entry, "did") else caller_id_json(entry) for entry in value]
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Which live trunk each record means."""

    ids: Mapping[int, int] = field(default_factory=dict)
    """Row of the Trunks sheet to trunk id."""
    problems: tuple[Problem, ...] = ()


def resolve(tables: Tables, records: Iterable[Record], census: Census) -> Resolved:
    """Find each record's trunk, by id or by exact name."""
    table = tables.trunks
    by_id, by_name = census.by_id, census.by_name
    ids: dict[int, int] = {}
    taken: dict[int, int] = {}
    problems: list[Problem] = []
    for record in records:
        if record.id is None and not record.name:
            continue
        trunk = by_name.get(record.name) if record.id is None else by_id.get(record.id)
        cell = "name" if record.id is None else "id"
        if trunk is None:
            problems.append(_gone(tables, record, cell, by_name))
        elif record.id is None and record.name in census.doubled:
            problems.append(
                table.problem(
                    "trunk-ambiguous",
                    record.row,
                    cell,
                    f"More than one trunk on the PBX is named {record.name}.",
                    "Type the Trunk ID of the one that is meant.",
                    value=record.name,
                )
            )
        elif trunk.id in taken:
            problem = table.problem(
                "same-live-trunk",
                record.row,
                cell,
                f"This is the same trunk on the PBX as row {taken[trunk.id]}: {trunk.name}, id {trunk.id}.",
                "Keep one row for it, with everything that shall change.",
                value=record.label,
            )
            problems.append(replace(problem, partner=taken[trunk.id]))
        else:
            ids[record.row] = trunk.id
            taken[trunk.id] = record.row
    return Resolved(ids=ids, problems=tuple(problems))


def _gone(tables: Tables, record: Record, cell: str, by_name: Mapping[str, LiveTrunk]) -> Problem:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a mistyped trunk needs it

    near = process.extractOne(record.name, by_name.keys(), scorer=fuzz.ratio, score_cutoff=70) if record.name else None
    what = f"named {record.name}" if cell == "name" else f"with the id {record.id}"
    return tables.trunks.problem(
        "trunk-gone",
        record.row,
        cell,
        f"The PBX has no trunk {what}" + (f"; did you mean {near[0]}?" if near else "."),
        f"Type {near[0]}, or its Trunk ID {by_name[near[0]].id}."
        if near
        else "Correct it, or delete the row; this tool does not create trunks.",
        value=record.name if cell == "name" else str(record.id),
    )


def judge(
    tables: Tables, record: Record, live: LiveTrunk, census: Census
) -> tuple[Change, list[Hazard], list[Problem]]:
    """Put one record against its live trunk."""
    desired, problems = merge(tables, record, live, census)
    problems += _against_live(tables, record, live, census)
    if record.caller_ids and (record.dids is None or record.dids.mode is not Mode.REPLACE):
        numbers = [entry.did for entry in (live.dids.entries if desired.dids is None else desired.dids)]
        problems += rules.caller_id_not_a_did(tables.caller_ids, record, numbers)
    change = Change(record=record, live=live, desired=desired, difference=compare(live, desired))
    problems += [*_incomplete(tables, change), *_unseen(tables, record, live)]
    return change, list(_hazards(change)), problems


def _against_live(tables: Tables, record: Record, live: LiveTrunk, census: Census) -> list[Problem]:
    if live.type is None:
        return [
            tables.trunks.problem(
                "trunk-not-editable",
                record.row,
                "name" if record.id is None else "id",
                f"{live.name} is a {live.vendor_type or 'trunk of unknown type'}, which the API cannot edit.",
                "Delete the row, and change this trunk on the PBX's own pages.",
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
                f"On the PBX {live.name} is a trunk of type {live.type}, and a type cannot be changed.",
                f"Type {live.type}, or clear the cell; if you mean another trunk, correct its ID or Name.",
                value=record.type,
            )
        )
    wanted = record.fields.get("name")
    holder = census.by_name.get(str(wanted), live) if wanted is not None else live
    if holder.id != live.id:
        problems.append(
            tables.trunks.problem(
                "name-taken",
                record.row,
                "name",
                f"The name {wanted} belongs to trunk {holder.id} on the PBX.",
                "Choose another name. To swap names, rename the other trunk first, in a run of its own.",
                value=str(wanted),
            )
        )
    if live.shared:
        problems += _shared(tables, record)
    if census.cloud and live.vendor_type in {"register", "peer_did"}:
        problems += _cloud_patterns(tables, record)
    return problems


def _incomplete(tables: Tables, change: Change) -> list[Problem]:
    """Report live entries that would have to be sent back with the list, and that the API takes from nobody.

    A caller ID whose last extension was deleted is one.
    """
    record = change.record
    if record.caller_ids is None or change.desired.caller_ids is None or not change.difference.caller_ids:
        return []
    ours = {row.key for row in record.caller_ids.rows}
    return [
        tables.trunks.problem(
            "live-entry-incomplete",
            record.row,
            "name" if record.id is None else "id",
            f"On the PBX, the caller ID {entry.caller_id} of {change.live.name} is for no extension; a list with it "
            "cannot be written.",
            "Give it an extension on the PBX, or delete it there; or add a row for it to the workbook.",
            value=record.label,
        )
        for entry in change.desired.caller_ids
        if entry.key not in ours and not (entry.extension_range if entry.option == "range" else entry.order)
    ]


def _unseen(tables: Tables, record: Record, live: LiveTrunk) -> Iterable[Problem]:
    """Report a list that is to be changed and that the PBX does not show: nobody knows what a rewrite would lose."""
    for name, edit, what in (("did_list", record.dids, "DIDs"), ("outbound_cid_list", record.caller_ids, "caller IDs")):
        if edit is not None and name in live.unseen:
            yield tables.trunks.problem(
                "live-entry-incomplete",
                record.row,
                "name" if record.id is None else "id",
                f"The PBX does not show the {what} of {live.name}, so nobody knows what would be lost by writing them.",
                f"Look at the trunk on the PBX; leave its {what} out of the workbook until it shows them.",
                value=record.label,
            )


def not_sendable(tables: Tables, change: Change) -> list[Problem]:
    """Report what the payload's model refuses although no check did: live entries that are odd in another way."""
    if not change.difference:
        return []
    return [
        tables.trunks.problem(
            "live-entry-incomplete",
            change.record.row,
            "name" if change.record.id is None else "id",
            f"The list that {change.live.name} would be sent holds something from the PBX that the API does not take "
            f"({refusal}).",
            "Correct or delete that entry on the PBX, or name every entry in the workbook with mode replace.",
            value=change.record.label,
        )
        for refusal in refusals(change.trunk_type, change.body())[:1]
    ]


def _shared(tables: Tables, record: Record) -> list[Problem]:
    outside = [name for name in record.fields if name not in _SHARED_TRUNK_FIELDS]
    problems = [
        tables.trunks.problem(
            "trunk-shared",
            record.row,
            name,
            f"{record.label} is a shared trunk; it takes only caller IDs.",
            "Clear the cell; the trunk's owner must change this.",
            value=tables.trunks.text(name, record.row),
        )
        for name in outside
    ]
    rows = record.dids.numbered() if record.dids is not None else {}
    return problems + [
        tables.dids.problem(
            "trunk-shared",
            row,
            "did",
            f"{record.label} is a shared trunk; it takes only caller IDs.",
            "Delete the row; the trunk's owner must change its DIDs.",
            value=did,
        )
        for row, did in rows.items()
    ]


def _cloud_patterns(tables: Tables, record: Record) -> list[Problem]:
    if record.dids is None or record.dids.mode is Mode.REMOVE:
        return []
    return [
        tables.dids.problem(
            "pattern-not-on-cloud",
            entry.row,
            "did",
            f"The Cloud edition takes no [ ] and no ! in a DID of this trunk: {entry.did}.",
            "Write the numbers out, or use X, Z, N and the dot.",
            value=entry.did,
        )
        for entry in record.dids.rows
        if set(entry.did) & set("[]!")
    ]


def _hazards(change: Change) -> Iterable[Hazard]:
    record, difference = change.record, change.difference
    lists: Sequence[tuple[str, ListEdit[Any] | None, Any, frozenset[str]]] = (
        ("DID", record.dids, difference.dids, change.live.dids.unknown_keys),
        ("caller ID", record.caller_ids, difference.caller_ids, change.live.caller_ids.unknown_keys),
    )
    for what, edit, differs, unknown_keys in lists:
        if edit is not None and not edit.explicit and differs.removed:
            lost = len(differs.removed)
            yield Hazard(
                code="removals",
                row=record.row,
                trunk=change.live.name,
                message=f"{change.live.name} would lose {lost} {what}{'s' if lost > 1 else ''} that the workbook does "
                f"not name, the first of them {_named(differs.removed[0])}. If that is meant, set the mode to replace.",
            )
        if differs and unknown_keys:
            yield Hazard(
                code="unknown-keys",
                row=record.row,
                trunk=change.live.name,
                message=f"The {what} list of {change.live.name} holds settings that this tool does not know "
                f"({', '.join(sorted(unknown_keys))}); rewriting the list would lose them.",
            )


def _named(entry: Any) -> str:
    return str(entry.did if hasattr(entry, "did") else entry.caller_id)


def not_allowed(hazards: Iterable[Hazard], allowed: Iterable[str], changes: Iterable[Change]) -> tuple[Hazard, ...]:
    """Return the hazards that no ``--allow`` covers.

    ``allowed`` holds what was typed: ``removals`` for all trunks, ``removals=TRUNK`` for one, by name or id.
    """
    ids = {change.record.row: str(change.live.id) for change in changes}
    granted = set(allowed)
    return tuple(
        hazard
        for hazard in hazards
        if not granted & {hazard.code, f"{hazard.code}={hazard.trunk}", f"{hazard.code}={ids.get(hazard.row)}"}
    )


def tally(changes: Iterable[Change]) -> Counter[str]:
    """Count what stands at the top of a plan: updates, keeps, renames, disabled, removals, explicit replacements."""
    count: Counter[str] = Counter()
    for change in changes:
        count[change.kind] += 1
        count["renames"] += change.renames
        count["disabled"] += change.disables
        count["removals"] += change.removals
        edits = ((change.record.dids, change.difference.dids), (change.record.caller_ids, change.difference.caller_ids))
        count["replacements"] += sum(
            1 for edit, differs in edits if edit and edit.explicit and edit.mode is Mode.REPLACE and differs
        )
    return count
