"""Entries: the rows of the DIDs and Caller IDs sheets, understood, and applied to what the PBX holds.

Half a million DIDs are handled by column; only what is not a plain number is looked at alone. The PBX replaces lists
whole, so what is desired is always a complete list: the live one with an edit applied to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, Generic

import numpy as np
import numpy.typing as npt

from batch.schema.column_model import CLEAR, ListSheet, Mode
from batch.schema.columns import MAX_ENTRY_NAME_BYTES
from batch.schema.problems import LEFT_AS_TAKEN, Finding, Problem
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks.caller_id_cells import CallerIdCells, CallerIdPart, option_of, understood
from batch.trunks.group_names import split_groups
from batch.trunks.live import CallerId, Did, Entry, Extension, Inventory
from batch.trunks.model import CallerIdRow, DidRow, DidRows, EntryRow, EntryRowT, ListEdit, dids_of
from batch.trunks.number_lists import read_lists, read_numbers
from batch.trunks.numbers import (
    PLAIN,
    NumberRange,
    RawId,
    parse_caller_id,
    parse_did,
    parse_extensions,
)
from batch.trunks.values import too_many_bytes

_ALL_NUMBERS: Final = re.compile(r"[0-9+\n]*+")
_ALL_PLAIN: Final = re.compile(r"(?>\n\+?[0-9]{1,30})*")  # before Python 3.11.5 a possessive group matches too much
_CALLER_ID_ROW: Final[Callable[[tuple[Any, ...]], CallerIdRow]] = partial(tuple.__new__, CallerIdRow)
"""``CallerIdRow._make`` without its own frame for each of many thousands."""


@dataclass(frozen=True, kw_only=True)
class Entries(Generic[EntryRowT]):
    """The understood rows of one list sheet, in the sheet's order. All sequences are equally long."""

    rows: Sequence[EntryRowT]
    trunks: npt.NDArray[np.int64]
    """For each, the Trunks row it belongs to."""
    clears: Mapping[int, int]
    """Row of each ``<clear>`` in the DID or Caller ID cell, to the Trunks row it belongs to."""

    @cached_property
    def plain(self) -> bool:
        """Whether all are numbers, and none is a pattern."""
        return _ALL_NUMBERS.fullmatch(self.together) is not None

    @cached_property
    def together(self) -> str:
        """All DIDs or caller IDs, each behind a line break, by which what none of them has is seen at once."""
        rows: Sequence[Any] = self.rows
        return "".join(["\n", "\n".join(dids_of(rows))])


def read_dids(
    table: Table, trunks: npt.NDArray[np.int64], modes: Mapping[int, Mode]
) -> tuple[Entries[DidRow], list[Problem]]:
    """Understand the DIDs sheet; ``trunks`` gives each row's Trunks row, 0 for none, ``modes`` each trunk's."""
    rows, texts, owners = table.rows(), table.texts("did"), trunks
    names, problems = _names(table, "did_name", owners, modes)
    clears: dict[int, int] = {}
    entries = Entries(rows=DidRows(rows, texts, names), trunks=owners, clears=clears)
    one_each = entries.together.count("\n") == len(texts)  # a cell of several lines holds several numbers
    if not rows or (one_each and _ALL_PLAIN.fullmatch(entries.together)):
        return entries, problems
    wanted: list[list[str]] = [[text] for text in texts]
    for i in [i for i, text in enumerate(texts) if not PLAIN.fullmatch(text)]:
        wanted[i], told = _dids(table, rows[i], texts[i])
        problems += told
        if texts[i] == CLEAR:
            clears[rows[i]] = int(owners[i])
    sizes = [len(dids) for dids in wanted]
    dids = [did for many in wanted for did in many]
    spread = np.repeat(np.arange(len(rows)), sizes).tolist()
    return (
        Entries(
            rows=DidRows([rows[i] for i in spread], dids, [names[i] for i in spread]),
            trunks=np.repeat(owners, sizes),
            clears=clears,
        ),
        problems,
    )


def _dids(table: Table, row: int, text: str) -> tuple[list[str], list[Problem]]:
    if text == CLEAR:
        return [], []
    if not text:
        return [], [_required(table, row, "did")] if table.lacks("did", row, text) else []
    dids: list[str] = []
    found, problems = read_numbers(table, row, "did", text, parse_did)
    told = {problem.column for problem in problems}
    for column, one in found:
        dids += one.numbers() if isinstance(one, NumberRange) else [one]
        if isinstance(one, NumberRange) and table.headers.columns.get(column) not in told:
            problems.append(_written_out(table, row, column, one))
    return dids, problems


def _written_out(table: Table, row: int, column: str, numbers: NumberRange) -> Problem:
    text = table.text_of(column, row)
    said = text if text != f"{numbers.first}..{numbers.last}" else "The block"
    return table.problem(
        "range-expanded",
        row,
        column,
        f"{said} becomes {numbers.size:,} DIDs, {numbers.first} to {numbers.last}.",
        LEFT_AS_TAKEN,
        value=text,
    )


def _names(
    table: Table, field: str, owners: npt.NDArray[np.int64], modes: Mapping[int, Mode]
) -> tuple[Sequence[str | None], list[Problem]]:
    """Return the names of list entries, None where blank and ``""`` where cleared; *remove* does not look at them."""
    problems: list[Problem] = []
    texts = table.texts(field)
    names: Sequence[str | None] = texts if all(texts) else [text or None for text in texts]
    if CLEAR in names:
        names = ["" if name == CLEAR else name for name in names]
    if max(map(len, texts), default=0) <= MAX_ENTRY_NAME_BYTES // 4:
        return names, problems
    rows = table.rows()
    for i, name in enumerate(texts):
        fault = too_many_bytes(name, MAX_ENTRY_NAME_BYTES)
        if fault and modes.get(int(owners[i])) is not Mode.REMOVE:
            problems.append(table.found(rows[i], field, fault, name))
    return names, problems


def _required(table: Table, row: int, field: str) -> Problem:
    column = table.sheet.column(field)
    fix = f"Type {' or '.join(column.choices)}." if column.choices else f"Type a value, such as {column.example}."
    return table.problem("required", row, field, f"{column.label} must not be blank.", fix)


def read_caller_ids(
    table: Table, trunks: npt.NDArray[np.int64], modes: Mapping[int, Mode]
) -> tuple[Entries[CallerIdRow], list[Problem]]:
    """Understand the Caller IDs sheet. ``modes`` by Trunks row: in mode *remove* only the key counts."""
    names, problems = _names(table, "outbound_cid_name", trunks, modes)
    found: list[CallerIdRow] = []
    owners: list[int] = []
    clears: dict[int, int] = {}
    cells = map(CallerIdCells._make, zip(*map(table.texts, CallerIdCells._fields), strict=True))
    shared = frozenset(text for text in set(table.texts("outbound_cid_option")) if option_of(text) == "shared")
    for row, trunk, name, texts in zip(table.rows(), trunks.tolist(), names, cells, strict=True):
        removes = modes.get(trunk) is Mode.REMOVE
        if texts.outbound_cid == CLEAR:
            clears[row] = trunk
            continue
        if not removes and (extensions := _of_plain_entry(texts, shared)) is not None:
            found.append(_CALLER_ID_ROW((row, "shared", texts[1], name, None, extensions or None, None)))
            owners.append(trunk)
            continue
        meant, faults = _entries(table, row, texts.key_only() if removes else texts, None if removes else name)
        problems += faults
        found += meant
        owners += [trunk] * len(meant)
    return Entries(rows=found, trunks=np.array(owners, dtype=np.int64), clears=clears), problems


def _entries(
    table: Table, row: int, texts: CallerIdCells, name: str | None
) -> tuple[Sequence[CallerIdRow], Iterable[Problem]]:
    """Make the entries of a row: as many as it has numbers, all for the same extensions."""
    numbers, problems = list(table.parts("outbound_cid", row, texts.outbound_cid)), list[Problem]()
    if option_of(texts.outbound_cid_option) != "range":  # whose two ends are no list
        numbers, problems = read_lists(table, row, "outbound_cid", texts.outbound_cid, parse_caller_id)
    entries: list[CallerIdRow] = []
    for column, number in numbers:
        entry, faults = _entry(table, row, texts._replace(outbound_cid=number), name, column)
        problems += faults
        entries += [entry] if entry is not None else []
    if len(entries) > 1 and entries[0].extensions and len(entries[0].extensions) == len(entries):
        problems.append(_pairs(table, row, texts, len(entries)))
    return entries, dict.fromkeys(problems)


def _pairs(table: Table, row: int, texts: CallerIdCells, many: int) -> Problem:
    return table.problem(
        "many-numbers",
        row,
        "outbound_cid",
        f"The row has {many} caller IDs and {many} extensions; it is not clear whether each extension has its own "
        "caller ID.",
        "Put each caller ID with its extension into its own row. If an extension has several, the PBX shows the first.",
        value=texts.outbound_cid,
    )


def _entry(
    table: Table, row: int, texts: CallerIdCells, name: str | None, column: str
) -> tuple[CallerIdRow | None, Iterable[Problem]]:
    option, number, *whom = parts = understood(texts)
    at_fault = not option or not number or Finding in map(type, parts)
    faults = _faults(table, row, texts, parts, column) if at_fault else ()
    if not isinstance(option, str) or not isinstance(number, str | NumberRange):
        return None, faults
    meant = (None if isinstance(part, Finding) else part for part in whom)
    return CallerIdRow(row, option, str(number), name, *meant), faults  # type: ignore[arg-type] # in the order of CallerIdCells


def _of_plain_entry(texts: CallerIdCells, shared: Collection[str]) -> tuple[str | RawId, ...] | None:
    """Return the extensions of an entry that needs no second look: one number for extensions, none at fault."""
    option, number, span, extensions, groups = texts
    if option not in shared or span or groups or not number or parse_caller_id(number) != number:
        return None
    found = parse_extensions(extensions) if extensions else ()
    return None if isinstance(found, Finding) else found


def _faults(
    table: Table, row: int, texts: CallerIdCells, parts: Iterable[CallerIdPart], column: str
) -> Iterator[Problem]:
    """Report the cells at fault; ``column`` is that of the number."""
    for field, text, part in zip(CallerIdCells._fields, texts, parts, strict=True):
        if isinstance(part, Finding):
            place = column if field == "outbound_cid" else field
            yield _beside_block(table, row, part, text) or table.found(row, place, part, text)
        elif part is None and table.sheet.column(field).required and table.lacks(field, row, text):
            yield _required(table, row, field)


def _beside_block(table: Table, row: int, found: Finding, text: str) -> Problem | None:
    """Say of a block in columns of its own what to do in the column of its end, where that is at fault."""
    if found.code == "many-numbers" and ".." in text:
        ends = [name for name in ("outbound_cid_to", "outbound_cid_count") if table.has(name)]
        message = "Option shared takes one number, but the row has a block of numbers."
        fix = "Clear the cell, or choose option range."
        return table.problem("option-mismatch", row, ends[0], message, fix) if ends else None
    last = "outbound_cid_to_ext_range_to"
    if found.code != "range-unequal" or not found.offers or not table.has(last):
        return None
    end = found.offers[0].partition("-")[2]
    fix = f"Type {end}, or change the caller ID."
    return table.problem(found.code, row, last, found.message, fix, offers=(end,))


class Filling:
    """Makes entries from rows, and collects what stands in the way."""

    def __init__(self, tables: Tables, inventory: Inventory) -> None:
        self.problems: list[Problem] = []
        self._tables = tables
        self._inventory = inventory

    def __call__(self, row: EntryRow, old: Entry | None) -> Entry:
        """Make an entry from a row and the entry that its blank cells leave alone, if there is one."""
        name = row.name if row.name is not None else old.name if old else ""
        if isinstance(row, DidRow):
            return Did(row.number, name)
        span, order = (old.extension_range, old.order) if isinstance(old, CallerId) else ("", ())
        table, faults = self._tables.caller_ids, []
        if row.option == "range":
            span = row.extension_range or span
            faults = [] if span else [_missing(table, row, "extension-range-missing", "outbound_cid_to_ext_range")]
        else:
            order, faults = _members_of(table, row, order, self._inventory)
            if not order and not faults:
                faults = [_missing(table, row, "extensions-missing", "extensions")]
        self.problems += faults
        return CallerId(row.option, row.number, name, span, frozenset(order), order)


def applied(edit: ListEdit[Any], live: Sequence[Entry], filled: Filling) -> tuple[Entry, ...]:
    """Apply an edit to a list."""
    old: dict[Hashable, Entry] = {entry.key: entry for entry in reversed(live)}
    match edit.mode:
        case Mode.REPLACE:
            return tuple(filled(row, old.get(row.key)) for row in edit.rows)
        case Mode.ADD:
            new: dict[Hashable, Entry] = {row.key: filled(row, old.get(row.key)) for row in edit.rows}
            kept = tuple(new.get(entry.key, entry) for entry in live)
            return kept + tuple(entry for key, entry in new.items() if key not in old)
        case Mode.REMOVE:
            gone = {row.key for row in edit.rows}
            return tuple(entry for entry in live if entry.key not in gone)


def ambiguous(tables: Tables, sheet: ListSheet, edit: ListEdit[Any], live: Sequence[Entry]) -> list[Problem]:
    """Report rows of add and remove that fit two live entries, and removals of what is not there."""
    if edit.mode is Mode.REPLACE:
        return []
    table, field = tables.of(sheet), sheet.number
    count: Counter[Hashable] = Counter(entry.key for entry in live)
    problems = []
    absent: dict[int, list[str]] = {}
    for row in edit.rows:
        text = row.number
        if count[row.key] > 1:
            problems.append(
                table.problem(
                    "key-ambiguous",
                    row.row,
                    field,
                    f"{text} is on the PBX {count[row.key]} times, so it is not clear which one to change.",
                    "Remove the duplicates on the PBX, or replace the whole list.",
                    value=text,
                )
            )
        elif edit.mode is Mode.REMOVE and not count[row.key]:
            absent.setdefault(row.row, []).append(text)
    return problems + [_not_there(table, field, row, numbers) for row, numbers in absent.items()]


def _not_there(table: Table, field: str, row: int, numbers: Sequence[str]) -> Problem:
    more = f" (and {len(numbers) - 1} more of this cell)" if len(numbers) > 1 else ""
    return table.problem(
        "entry-not-there",
        row,
        field,
        f"{numbers[0]}{more} is not on the trunk, so there is nothing to remove.",
        "Nothing to do, if it is already gone; otherwise check the number.",
        value=numbers[0],
    )


def _members_of(
    table: Table, row: CallerIdRow, live: Sequence[Extension], inventory: Inventory
) -> tuple[tuple[Extension, ...], list[Problem]]:
    """Look up the extensions and groups of a row; a blank cell keeps the live ones of its kind."""
    groups = split_groups(row.groups, inventory.groups) if row.groups else ()
    extensions, strange = _looked_up("extension", row.extensions or (), inventory.extensions)
    ext_groups, strange_groups = _looked_up("ext_group", groups, inventory.groups)
    if row.extensions is None:
        extensions = [one for one in live if one.type == "extension"]
    if row.groups is None:
        ext_groups = [one for one in live if one.type != "extension"]
    problems = [_not_on_pbx(table, row, "extension-unknown", "extensions", number) for number in strange]
    for name in strange_groups:
        near = inventory.nearest_group(name)
        problems.append(_not_on_pbx(table, row, "group-unknown", "extension_groups", name, near))
    return tuple(dict.fromkeys([*extensions, *ext_groups])), problems


def _looked_up(kind: str, wanted: Iterable[str | RawId], ids: Mapping[str, int]) -> tuple[list[Extension], list[str]]:
    """Look up what a cell names, by number or name; also return what the PBX does not have."""
    found: list[Extension] = []
    strange: list[str] = []
    for one in wanted:
        if isinstance(one, RawId):
            found.append(Extension(kind, one.id))
        elif one in ids:
            found.append(Extension(kind, ids[one], one))
        else:
            strange.append(one)
    return found, strange


def _not_on_pbx(table: Table, row: CallerIdRow, code: str, field: str, name: str, near: str | None = None) -> Problem:
    what = "extension" if field == "extensions" else "extension group"
    return table.problem(
        code,
        row.row,
        field,
        f"The PBX has no {what} {name}" + (f"; did you mean {near}?" if near else "."),
        f"Type {near}." if near else f"Correct it, or ask the administrator to add the {what} first.",
        value=name,
    )


def _missing(table: Table, row: CallerIdRow, code: str, field: str) -> Problem:
    needed = "Extensions or Extension groups" if field == "extensions" else "Extension range"
    return table.problem(
        code,
        row.row,
        field,
        f"The caller ID {row.number} is new on this trunk, so it needs {needed}.",
        f"Fill in {needed}.",
        value="",
    )
