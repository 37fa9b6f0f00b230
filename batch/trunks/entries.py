"""Entries: the rows of the DIDs and Caller IDs sheets, understood.

Half a million DIDs are handled by column; only what is not a plain number is looked at alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np
import numpy.typing as npt

from batch.sheets.layout import CALLER_IDS, CLEAR, MAX_ENTRY_NAME_BYTES, Mode
from batch.sheets.problems import Problem
from batch.sheets.rows import Table
from batch.trunks.faults import Fault
from batch.trunks.numbers import (
    PLAIN,
    NumberRange,
    parse_caller_id,
    parse_caller_id_range,
    parse_did,
    parse_extension_range,
    parse_extensions,
)
from batch.trunks.records import CallerIdRow, DidRow, Row
from batch.trunks.values import parse_value, too_many_bytes

_WHOM = ("outbound_cid_to_ext_range", "extensions", "extension_groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries(Generic[Row]):
    """The understood rows of one list sheet, in the sheet's order. All sequences are equally long."""

    rows: list[Row]
    trunks: npt.NDArray[np.int64]
    """For each, the Trunks row it belongs to."""
    clears: Mapping[int, int]
    """Row of each ``<clear>`` in the DID or Caller ID cell, to the Trunks row it belongs to."""


def read_dids(table: Table, trunks: npt.NDArray[np.int64]) -> tuple[Entries[DidRow], list[Problem]]:
    """Understand the DIDs sheet; ``trunks`` gives each row's Trunks row, 0 for none."""
    rows, texts, owners = list(table.rows()), list(table.texts("did")), trunks
    names, problems = _names(table, "did_name")
    plain = [PLAIN.fullmatch(text) is not None for text in texts]
    clears: dict[int, int] = {}
    if all(plain):
        return Entries(rows=_did_rows(rows, texts, names), trunks=owners, clears=clears), problems
    wanted: list[list[str]] = [[text] for text in texts]
    for i in np.flatnonzero(~np.array(plain, dtype=bool)).tolist():
        wanted[i], problem = _did(table, rows[i], texts[i])
        problems += [problem] if problem else []
        if texts[i] == CLEAR:
            clears[rows[i]] = int(owners[i])
    sizes = [len(dids) for dids in wanted]
    dids = [did for many in wanted for did in many]
    spread = np.repeat(np.arange(len(rows)), sizes).tolist()
    return (
        Entries(
            rows=_did_rows([rows[i] for i in spread], dids, [names[i] for i in spread]),
            trunks=np.repeat(owners, sizes),
            clears=clears,
        ),
        problems,
    )


def _did_rows(rows: Sequence[int], dids: Sequence[str], names: Sequence[str | None]) -> list[DidRow]:
    return list(map(DidRow._make, zip(rows, dids, names, strict=True)))


def _did(table: Table, row: int, text: str) -> tuple[list[str], Problem | None]:
    if text == CLEAR:
        return [], None
    if not text:
        return [], _required(table, row, "did")
    found = parse_did(text)
    match found:
        case Fault():
            return [], table.problem(found.code, row, "did", found.message, found.fix, value=text)
        case NumberRange():
            return found.numbers(), table.problem(
                "range-expanded",
                row,
                "did",
                f"{text} was written out into {found.size:,} DIDs, {found.first} to {found.last}.",
                "Nothing to do, if that is what you mean.",
                value=text,
            )
        case str():
            return [found], None


def _names(table: Table, field: str) -> tuple[list[str | None], list[Problem]]:
    """Return the names of list entries, None where blank and ``""`` where cleared."""
    problems = []
    names: list[str | None] = [text or None for text in table.texts(field)]
    if CLEAR in names:
        names = ["" if name == CLEAR else name for name in names]
    rows = table.rows()
    for i, name in enumerate(names):
        if name and len(name) > MAX_ENTRY_NAME_BYTES // 4 and (fault := too_many_bytes(name, MAX_ENTRY_NAME_BYTES)):
            problems.append(table.problem(fault.code, rows[i], field, fault.message, fault.fix, value=name))
    return names, problems


def _required(table: Table, row: int, field: str) -> Problem:
    column = table.sheet.column(field)
    return table.problem(
        "required", row, field, f"{column.label} must not be blank.", f"Type it, like {column.example}."
    )


def read_caller_ids(
    table: Table, trunks: npt.NDArray[np.int64], modes: Mapping[int, Mode]
) -> tuple[Entries[CallerIdRow], list[Problem]]:
    """Understand the Caller IDs sheet. ``modes`` by Trunks row: in mode *remove* only the key counts."""
    names, problems = _names(table, "outbound_cid_name")
    found: list[CallerIdRow] = []
    owners: list[int] = []
    clears: dict[int, int] = {}
    cells = {name: table.texts(name) for name in (column.field for column in CALLER_IDS.columns)}
    for i, (row, trunk) in enumerate(zip(table.rows(), trunks.tolist(), strict=True)):
        texts = {name: column[i] for name, column in cells.items()}
        if texts["outbound_cid"] == CLEAR:
            clears[row] = trunk
            continue
        entry, faults = _caller_id(table, row, texts, names[i], key_only=modes.get(trunk) is Mode.REMOVE)
        problems += faults
        if entry:
            found.append(entry)
            owners.append(trunk)
    return Entries(rows=found, trunks=np.array(owners, dtype=np.int64), clears=clears), problems


def _caller_id(
    table: Table, row: int, texts: Mapping[str, str], name: str | None, *, key_only: bool
) -> tuple[CallerIdRow | None, list[Problem]]:
    """Understand one row; an entry comes with it unless its key is at fault."""
    blank = [_required(table, row, field) for field in ("outbound_cid_option", "outbound_cid") if not texts[field]]
    if blank:
        return None, blank
    option = parse_value(CALLER_IDS.column("outbound_cid_option"), texts["outbound_cid_option"])
    if isinstance(option, Fault):
        return None, [_at(table, row, "outbound_cid_option", texts, option)]
    number = (parse_caller_id_range if option == "range" else parse_caller_id)(texts["outbound_cid"])
    if isinstance(number, Fault):
        return None, [_at(table, row, "outbound_cid", texts, number)]
    entry = CallerIdRow(row, str(option), str(number), None, None, None, None)
    if key_only:
        return entry, []
    misplaced = [
        _at(table, row, field, texts, fault)
        for field in _WHOM
        if (fault := _misplaced(field, str(option), texts[field]))
    ]
    if misplaced:
        return entry, misplaced
    span = _span(number, texts["outbound_cid_to_ext_range"])
    extensions = parse_extensions(texts["extensions"]) if texts["extensions"] else None
    return entry._replace(
        name=name,
        extension_range=None if isinstance(span, Fault) else span,
        extensions=None if isinstance(extensions, Fault) else extensions,
        groups=texts["extension_groups"] or None,
    ), [
        _at(table, row, field, texts, fault)
        for field, fault in (("outbound_cid_to_ext_range", span), ("extensions", extensions))
        if isinstance(fault, Fault)
    ]


def _at(table: Table, row: int, field: str, texts: Mapping[str, str], fault: Fault) -> Problem:
    return table.problem(fault.code, row, field, fault.message, fault.fix, value=texts[field])


def _misplaced(field: str, option: str, text: str) -> Fault | None:
    if text == CLEAR:
        return Fault("clear-not-allowed", "This cannot be emptied.", "Name what it shall be instead.")
    if text and (option == "range") is not (field == "outbound_cid_to_ext_range"):
        return _mismatch(option, field)
    return None


def _span(number: str | NumberRange, text: str) -> str | Fault | None:
    """Understand the extension range that goes with a caller-ID range."""
    if not text:
        return None
    span = parse_extension_range(text)
    if isinstance(span, Fault):
        return span
    if isinstance(number, NumberRange) and span.size != number.size:
        return _unequal(number, span)
    return str(span)


def _mismatch(option: str, field: str) -> Fault:
    label = CALLER_IDS.column(field).label
    if option == "range":
        return Fault(
            "option-mismatch",
            f"With option range, {label} has no meaning.",
            "Clear the cell and fill Extension range, or choose option shared.",
        )
    return Fault(
        "option-mismatch",
        f"With option shared, {label} has no meaning.",
        "Clear the cell and fill Extensions or Extension groups, or choose option range.",
    )


def _unequal(number: NumberRange, span: NumberRange) -> Fault:
    last = str(int(span.first) + number.size - 1).zfill(len(span.first))
    return Fault(
        "range-unequal",
        f"{number.size} numbers ({number}) do not go with {span.size} extensions ({span}).",
        f"For {number.size} extensions type {span.first}-{last}, or change the Caller ID.",
    )
