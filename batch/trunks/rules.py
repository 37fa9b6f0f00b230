"""Rules: what must be true across the cells of a row, across the rows of a trunk, and across trunks.

One small function per rule. What a single cell may hold is in `values` and `numbers`; what can only be seen on the
PBX is in `plans`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from batch.sheets.layout import TRUNKS, Mode, TrunkType
from batch.sheets.problems import Problem
from batch.sheets.rows import Table, Tables
from batch.trunks.entries import Entries
from batch.trunks.numbers import NumberRange, is_pattern, matches, parse_caller_id_range, parse_extension_range
from batch.trunks.records import CallerIdRow, DidRow, Record


def check(tables: Tables, records: Sequence[Record], dids: Entries[DidRow]) -> list[Problem]:
    """Apply every rule that needs no PBX."""
    problems = [
        *unnamed(tables.trunks),
        *trunk_twice(tables.trunks, records),
        *name_twice(tables.trunks, records),
        *did_twice(tables.dids, dids),
    ]
    for record in records:
        problems += of_type(tables, record, record.type)
        problems += mode_without_rows(tables.trunks, record)
        if record.caller_ids:
            problems += caller_id_twice(tables.caller_ids, record.caller_ids.rows)
            problems += extension_in_two_entries(tables.caller_ids, record.caller_ids.rows)
            if record.dids and record.dids.mode is Mode.REPLACE:
                numbers = [entry.did for entry in record.dids.rows]
                problems += caller_id_not_a_did(tables.caller_ids, record, numbers)
    return problems


def unnamed(table: Table) -> Iterator[Problem]:
    """A row must say which trunk it means."""
    for row, trunk_id, name in zip(table.rows(), table.texts("id"), table.texts("name"), strict=True):
        if not trunk_id and not name:
            yield table.problem(
                "trunk-unnamed",
                row,
                "id" if table.has("id") else "name",
                "The row says neither Trunk ID nor Name, so nobody knows which trunk it means.",
                "Type the trunk's Name, or its Trunk ID.",
            )


def trunk_twice(table: Table, records: Iterable[Record]) -> Iterator[Problem]:
    """A trunk stands on one row only."""
    first: dict[int | str, int] = {}
    for record in records:
        key = record.name if record.id is None else record.id
        field = "name" if record.id is None else "id"
        if key and key in first:
            yield table.problem(
                "trunk-twice",
                record.row,
                field,
                f"This trunk already stands in {table.cell(field, first[key])}.",
                "Keep one row for it, with everything that shall change.",
                value=str(key),
            )
        elif key:
            first[key] = record.row


def name_twice(table: Table, records: Iterable[Record]) -> Iterator[Problem]:
    """Names are unique on a PBX."""
    first: dict[str, Record] = {}
    for record in records:
        other = first.setdefault(record.name, record) if record.name else record
        if other is record or (other.id == record.id):
            continue
        yield table.problem(
            "name-twice",
            record.row,
            "name",
            f"The name {record.name} also stands in {table.cell('name', other.row)}.",
            "Give each trunk a name of its own.",
            value=record.name,
        )


def unowned(table: Table, row: int, text: str, found: Sequence[int], names: Mapping[str, list[int]]) -> Problem:
    """Every row of a list sheet belongs to exactly one row of the Trunks sheet."""
    if not text:
        return table.problem("required", row, "trunk", "Trunk must not be blank.", "Type the trunk's Name or Trunk ID.")
    if found:
        places = " and ".join(f"row {place}" for place in found)
        return table.problem(
            "trunk-ambiguous",
            row,
            "trunk",
            f"{text!r} fits more than one trunk of the Trunks sheet: {places}.",
            "Type what only one of them has: its Trunk ID or its Name.",
            value=text,
        )
    from rapidfuzz import process  # noqa: PLC0415 - only a mistyped trunk needs it

    near = process.extractOne(text, list(names), score_cutoff=70)
    return table.problem(
        "trunk-unknown",
        row,
        "trunk",
        f"There is no trunk {text!r} on the Trunks sheet" + (f"; did you mean {near[0]}?" if near else "."),
        f"Type {near[0]}, or add the trunk to the Trunks sheet." if near else "Add the trunk to the Trunks sheet.",
        value=text,
    )


def of_type(tables: Tables, record: Record, trunk_type: TrunkType | None) -> Iterator[Problem]:
    """A trunk has only the settings of its type. Called again with the PBX's type where the row names none."""
    if trunk_type is None:
        return
    for column in TRUNKS.columns:
        given = record.fields.get(column.field, record.modes.get(column.field))
        if given is not None and trunk_type not in column.types:
            yield tables.trunks.problem(
                "field-not-of-type",
                record.row,
                column.field,
                f"{column.label} is not a setting of {_article(trunk_type)} trunk.",
                "Clear the cell.",
                value=str(given),
            )
    if record.fields.get("transport") == "dnsnaptr" and trunk_type is TrunkType.ACCOUNT:
        yield tables.trunks.problem(
            "field-not-of-type",
            record.row,
            "transport",
            "An account trunk cannot use dnsnaptr.",
            "Choose udp, tcp or tls.",
            value="dnsnaptr",
        )
    if record.dids is not None and trunk_type is TrunkType.ACCOUNT:
        for row, did in {entry.row: entry.did for entry in reversed(record.dids.rows)}.items():
            yield tables.dids.problem(
                "field-not-of-type",
                row,
                "did",
                f"{record.label} is an account trunk, and those have no DIDs.",
                "Delete the row, or type the trunk that the DID comes in on.",
                value=did,
            )


def _article(trunk_type: TrunkType) -> str:
    return f"an {trunk_type}" if trunk_type is TrunkType.ACCOUNT else f"a {trunk_type}"


def mode_without_rows(table: Table, record: Record) -> Iterator[Problem]:
    """Replacing a list with no rows leaves it alone, and says so."""
    for field, edit, sheet in (
        ("dids_mode", record.dids, "DIDs"),
        ("caller_ids_mode", record.caller_ids, "Caller IDs"),
    ):
        if edit is None and record.modes.get(field) is Mode.REPLACE:
            yield table.problem(
                "mode-without-rows",
                record.row,
                field,
                f"The {sheet} sheet has no row for this trunk, so its list is left alone.",
                f"To empty the list, add a row on {sheet} that says <clear>.",
                value=Mode.REPLACE,
            )


def clear_not_alone(table: Table, row: int) -> Problem:
    """``<clear>`` empties a list only as the trunk's one row, in mode replace."""
    field = "did" if table.sheet.csv == "dids.csv" else "outbound_cid"
    return table.problem(
        "clear-not-alone",
        row,
        field,
        "<clear> empties the whole list, so it must be the trunk's only row here, with the mode blank or replace.",
        "Delete this row, or delete the trunk's other rows and set its mode to replace.",
        value="<clear>",
    )


def did_twice(table: Table, dids: Entries[DidRow]) -> Iterator[Problem]:
    """A DID stands once on a trunk (also inside ranges); on two trunks it is told."""
    numbers = pd.Series([entry.did for entry in dids.rows], dtype=object)
    again = numbers.duplicated(keep=False).to_numpy()
    places: dict[str, dict[int, int]] = defaultdict(dict)
    told: set[tuple[int, int, bool]] = set()
    for i in np.flatnonzero(again).tolist():
        row, did, _ = dids.rows[i]
        trunk = int(dids.trunks[i])
        others = places[did]
        if trunk in others:
            yield from _once(told, (row, others[trunk], True), _did_twice(table, row, did, others[trunk]))
        else:
            for first in others.values():
                yield from _once(told, (row, first, False), _did_elsewhere(table, row, did, first))
            others[trunk] = row


def _once(told: set[tuple[int, int, bool]], key: tuple[int, int, bool], problem: Problem) -> Iterator[Problem]:
    if key not in told:
        told.add(key)
        yield problem


def _did_twice(table: Table, row: int, did: str, first: int) -> Problem:
    return table.problem(
        "did-twice",
        row,
        "did",
        f"{did} already stands on this trunk, in {table.cell('did', first)}."
        if row != first
        else f"{did} stands twice in this cell.",
        "Delete one of the two rows, or correct the number.",
        value=did,
    )


def _did_elsewhere(table: Table, row: int, did: str, first: int) -> Problem:
    return table.problem(
        "did-on-two-trunks",
        row,
        "did",
        f"{did} is also on another trunk, in {table.cell('did', first)}.",
        "Nothing to do, if both carriers deliver it for a while.",
        value=did,
    )


def caller_id_twice(table: Table, rows: Iterable[CallerIdRow]) -> Iterator[Problem]:
    """A caller ID stands once on a trunk for each option."""
    first: dict[tuple[str, str], int] = {}
    for entry in rows:
        if entry.key in first:
            yield table.problem(
                "caller-id-twice",
                entry.row,
                "outbound_cid",
                f"{entry.caller_id} already stands on this trunk, in {table.cell('outbound_cid', first[entry.key])}.",
                "Put all its extensions into one row.",
                value=entry.caller_id,
            )
        else:
            first[entry.key] = entry.row


def extension_in_two_entries(table: Table, rows: Iterable[CallerIdRow]) -> Iterator[Problem]:
    """Where an extension has two caller IDs on a trunk, the first wins."""
    first: dict[str, int] = {}
    for entry in rows:
        field = "extensions" if entry.option == "shared" else "outbound_cid_to_ext_range"
        for number in _extensions(entry):
            other = first.setdefault(number, entry.row)
            if other != entry.row:
                yield table.problem(
                    "extension-in-two-entries",
                    entry.row,
                    field,
                    f"Extension {number} already has a caller ID on this trunk, in row {other}; the PBX uses the "
                    "first.",
                    "Nothing to do, if that is what you mean.",
                    value=number,
                )


def _extensions(entry: CallerIdRow) -> Iterable[str]:
    if entry.extension_range:
        span = parse_extension_range(entry.extension_range)
        return span.numbers() if isinstance(span, NumberRange) else ()
    return (number for number in entry.extensions or () if isinstance(number, str))


def caller_id_not_a_did(table: Table, record: Record, dids: Sequence[str]) -> Iterator[Problem]:
    """A caller ID that nobody can call back is worth telling."""
    edit = record.caller_ids
    if edit is None or edit.mode is Mode.REMOVE or not dids:
        return
    known = {did.lstrip("+") for did in dids}
    patterns = [did for did in dids if is_pattern(did)]
    for entry in edit.rows:
        missing = [
            number
            for number in _shown_numbers(entry)
            if number.lstrip("+") not in known and not any(matches(pattern, number) for pattern in patterns)
        ]
        if missing:
            yield table.problem(
                "caller-id-not-a-did",
                entry.row,
                "outbound_cid",
                f"{missing[0]} is not among the trunk's DIDs"
                + (f", nor are {len(missing) - 1} more of this range." if len(missing) > 1 else "."),
                "Nothing to do, if the carrier lets you show this number.",
                value=entry.caller_id,
            )


def _shown_numbers(entry: CallerIdRow) -> Sequence[str]:
    if entry.option == "range":
        span = parse_caller_id_range(entry.caller_id)
        return span.numbers() if isinstance(span, NumberRange) else ()
    return (entry.caller_id,) if entry.caller_id.lstrip("+").isdigit() else ()
