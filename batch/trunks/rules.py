"""Rules: what must be true across the cells of a row, across the rows of a trunk, and across trunks.

One small function per rule. What a single cell may hold is in `values` and `numbers`; what can only be seen on the
PBX is in `live_checks`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from batch.schema.column_model import CLEAR, Mode, Parser, TrunkType
from batch.schema.columns import DIDS, LIST_SHEETS, NAME_FORBIDS, TRUNKS
from batch.schema.problems import FEW, ColumnNotice, Finding, Problem
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.tables.written_numbers import MOST_DIGITS
from batch.trunks.entries import Entries
from batch.trunks.model import CallerIdRow, DidRow, ListEdit, Owners, Record, dids_of
from batch.trunks.numbers import NumberRange, digits_of_number, parse_caller_id_range, parse_extension_range
from batch.trunks.patterns import Matcher, did_notices, has_patterns, is_pattern
from batch.trunks.values import choose_among

_LACKING: Final = {kind: [c for c in TRUNKS.columns if kind not in c.types] for kind in TrunkType}
"""Settings that a type of trunk does not have."""


_LIMITED: Final = {
    kind: [c for c in TRUNKS.columns if any(kind is limited for limited, _ in c.not_for)] for kind in TrunkType
}
"""Settings of which a type of trunk cannot have every choice."""


def check_trunks(tables: Tables, records: Sequence[Record]) -> list[Problem]:
    """Apply every rule that needs only the Trunks sheet, to records that may be without their lists yet."""
    done = [record for record in records if not record.skip]
    return [
        *unnamed(tables.trunks),
        *trunk_twice(tables.trunks, done),
        *name_twice(tables.trunks, done),
        *(problem for record in records for problem in of_type(tables, record, record.type)),
        *long_numbers(tables.trunks),
    ]


def check_caller_ids(table: Table, edits: Iterable[ListEdit[CallerIdRow]]) -> list[Problem]:
    """Apply every rule that needs only the caller IDs of each trunk."""
    problems = list(long_numbers(table))
    for edit in edits:
        problems += caller_id_twice(table, edit.rows)
        problems += extension_in_two_entries(table, edit.rows)
    return problems


def check_dids(tables: Tables, records: Sequence[Record], dids: Entries[DidRow]) -> list[Problem]:
    """Apply every rule that needs the DIDs and no PBX, but for `caller_ids_not_dids`."""
    removing = {record.row for record in records if record.modes.get(DIDS.mode) is Mode.REMOVE}
    return [
        *did_twice(tables.dids, dids, removing),
        *did_notices(tables.dids, dids, removing),
        *(problem for record in records for problem in _dids_of_type(tables, record, record.type)),
        *long_numbers(tables.dids),
    ]


def long_numbers(table: Table) -> Iterator[Problem]:
    """No telephone number has more than 15 digits; a carrier that sends more is to be allowed."""
    for column in table.sheet.columns:
        if column.parser is Parser.DIAL:
            yield from _long_numbers(table, column.field)


def _long_numbers(table: Table, field: str) -> Iterator[Problem]:
    texts = table.texts(field)
    if max(map(len, texts), default=0) <= MOST_DIGITS:
        return
    longer = [(row, text) for row, text in zip(table.rows(), texts, strict=True) if len(text) > MOST_DIGITS]
    parts = [(row, *part) for row, text in longer for part in table.parts(field, row, text)]
    for row, column, text in parts:
        if (digits := digits_of_number(text)) > MOST_DIGITS:
            yield table.problem(
                "long-number",
                row,
                column,
                f"The number has {digits} digits; a telephone number has at most {MOST_DIGITS}.",
                "Correct it; or, if the carrier really sends it, allow it with --allow long-numbers.",
                value=text,
            )


def unnamed(table: Table) -> Iterator[Problem]:
    """A row must say which trunk it means."""
    for row, trunk_id, name in zip(table.rows(), table.texts("id"), table.texts("name"), strict=True):
        if table.blank("id", row, trunk_id) and table.blank("name", row, name):
            yield table.problem(
                "trunk-unnamed",
                row,
                "id" if table.has("id") else "name",
                "The row has neither a Trunk ID nor a Name, so it is not clear which trunk it is for.",
                "Type the trunk's Name, or its Trunk ID.",
            )


def trunk_twice(table: Table, records: Iterable[Record]) -> Iterator[Problem]:
    """A trunk stands on one row only."""
    first: dict[int | str, int] = {}
    for record in records:
        key = record.name if record.id is None else record.id
        if key and key in first:
            problem = table.problem(
                "trunk-twice",
                record.row,
                record.found_by,
                f"The same trunk is also in {table.cell(record.found_by, first[key])}.",
                "Put all its changes into one row, and delete the other.",
                value=str(key),
            )
            yield replace(problem, partner=first[key])
        elif key:
            first[key] = record.row


def name_twice(table: Table, records: Iterable[Record]) -> Iterator[Problem]:
    """Names are unique on a PBX."""
    first: dict[str, Record] = {}
    for record in records:
        other = first.setdefault(record.name, record) if record.name else record
        if other is record or (other.id == record.id):
            continue
        problem = table.problem(
            "name-twice",
            record.row,
            "name",
            f"The name {record.name} is also in {table.cell('name', other.row)}.",
            "Give each trunk a different name.",
            value=record.name,
        )
        yield replace(problem, partner=other.row)


_LEAST_OF_NUMBER: Final = 7
"""So many digits where a trunk belongs are a telephone number."""


def unowned(text: str, found: Sequence[int], near: str) -> Finding:
    """Every row of a list sheet belongs to exactly one row of the Trunks sheet; ``near`` is the nearest name."""
    if not text:
        return Finding("required", "Trunk must not be blank.", "Type the trunk's Name or Trunk ID.")
    if text == CLEAR:
        return Finding("clear-not-allowed", "Trunk cannot be emptied.", "Type the trunk's Name or Trunk ID.")
    if found:
        places = " and ".join(f"row {place}" for place in found)
        return Finding(
            "trunk-ambiguous",
            f"{text!r} matches more than one trunk on the Trunks sheet: {places}.",
            "Type the Trunk ID or Name that only one of them has.",
        )
    is_number = digits_of_number(text) >= _LEAST_OF_NUMBER
    could_be_added = not is_number and not any(c in NAME_FORBIDS or c.isspace() for c in text)
    meant = near or "the Name or Trunk ID of a trunk on the Trunks sheet"
    add = ", or add the trunk to the Trunks sheet" if near else "Add the trunk to the Trunks sheet"
    return Finding(
        "trunk-unknown",
        f"There is no trunk {text!r} on the Trunks sheet" + (f"; did you mean {near}?" if near else "."),
        (f"Type {meant}" if near or not could_be_added else "")
        + (add if could_be_added else "")
        + ("; a number goes under its own header." if is_number else "."),
    )


def cut_name(text: str, names: Sequence[str], *, is_id: bool) -> Finding:
    """A number in a Trunk cell may be all that is left of a name like 007."""
    typed = f"Format the cell as text and type {', or '.join(names)}"
    return Finding(
        "cell-number-cut",
        "The cell contains a number, not text, and a trunk has a name with these digits and extra zeros.",
        f"{typed}, or {text} for the trunk with that ID." if is_id else f"{typed}.",
        (*names, text) if is_id else tuple(names),
    )


def of_type(tables: Tables, record: Record, trunk_type: TrunkType | None) -> Iterator[Problem]:
    """A trunk has only the settings of its type. Called again with the PBX's type where the row names none."""
    if trunk_type is None:
        return
    for column in _LACKING[trunk_type]:
        given = record.fields.get(column.field, record.modes.get(column.field))
        if given is not None:
            yield tables.trunks.problem(
                "field-not-of-type",
                record.row,
                column.field,
                f"{column.label} is not a setting of {_article(trunk_type)} trunk.",
                "Clear the cell.",
                value=tables.trunks.text(column.field, record.row),
            )
    for column in _LIMITED[trunk_type]:
        chosen = record.fields.get(column.field)
        if (trunk_type, chosen) in column.not_for:
            yield tables.trunks.problem(
                "field-not-of-type",
                record.row,
                column.field,
                f"{_article(trunk_type).capitalize()} trunk cannot use {chosen}.",
                choose_among(column.choices_of(trunk_type)),
                value=str(chosen),
            )
    yield from _dids_of_type(tables, record, trunk_type)


def _dids_of_type(tables: Tables, record: Record, trunk_type: TrunkType | None) -> Iterator[Problem]:
    if record.dids is not None and trunk_type is not None and trunk_type not in DIDS.types:
        for row, did in record.dids.numbered().items():
            yield tables.dids.problem(
                "field-not-of-type",
                row,
                "did",
                f"{record.label} is {_article(trunk_type)} trunk, and such trunks have no DIDs.",
                "Delete the row, or type the trunk that receives the DID."
                if tables.dids.times is None
                else "Clear the cell, or type the DID in the row of the trunk that receives it.",
                value=did,
            )


def _article(trunk_type: TrunkType) -> str:
    return f"an {trunk_type}" if trunk_type is TrunkType.ACCOUNT else f"a {trunk_type}"


def mode_without_rows(tables: Tables, records: Iterable[Record], owners: Mapping[str, Owners]) -> Iterator[Problem]:
    """Replacing a list with no rows leaves it alone, and says so. ``owners`` by sheet title."""
    for record in records:
        for sheet in LIST_SHEETS:
            if record.modes.get(sheet.mode) is Mode.REPLACE and record.row not in owners[sheet.title].named:
                name = tables.of(sheet).name
                yield tables.trunks.problem(
                    "mode-without-rows",
                    record.row,
                    sheet.mode,
                    f"The sheet {name} has no row for this trunk, so the list on the PBX stays as it is.",
                    f"To empty the list, add a row for the trunk to {name} and type {CLEAR} as its number.",
                    value=Mode.REPLACE,
                )


def clear_not_alone(table: Table, field: str, row: int) -> Problem:
    """``<clear>`` empties a list only as the trunk's one row, in mode replace."""
    return table.problem(
        "clear-not-alone",
        row,
        field,
        "<clear> empties the whole list, so it must be the trunk's only row on this sheet, with mode blank or replace.",
        "Delete this row, or delete the trunk's other rows and set its mode to replace.",
        value="<clear>",
    )


def did_twice(table: Table, dids: Entries[DidRow], removing: AbstractSet[int]) -> Iterator[Problem]:
    """A DID stands once on a trunk (also inside ranges); on two trunks it is told.

    ``removing`` holds the trunks whose rows say what goes: moving a DID from one trunk to another is no double.
    """
    numbers = dids_of(dids.rows)
    if len(set(numbers)) == len(numbers):
        return
    times = Counter(numbers)
    places: dict[tuple[int, str], int] = {}
    elsewhere: dict[str, int] = {}
    told: set[tuple[int, int, str]] = set()
    for i in [i for i, number in enumerate(numbers) if times[number] > 1]:
        row, did, _ = dids.rows[i]
        trunk = int(dids.trunks[i])
        if not trunk:
            continue
        if (at := places.setdefault((trunk, did), i)) != i:
            first, code, where = dids.rows[at].row, "did-twice", "is already on this trunk"
            fix = f"Delete one of the two{'' if first == row else ' rows'}, or correct the number."
        elif trunk not in removing and (first := elsewhere.setdefault(did, row)) != row:
            code, where = "did-on-two-trunks", "is also on another trunk"
            fix = "Nothing to do, if both carriers deliver it for a while; otherwise delete the wrong row."
        else:
            continue
        if (row, first, code) not in told:
            told.add((row, first, code))
            column, place = _second_place(table, "did", row, first, did)
            yield table.problem(code, row, column, f"{did} {where}, in {place}.", fix, value=did)


def _second_place(table: Table, field: str, row: int, first: int, number: str) -> tuple[str, str]:
    """Return in which column a number stands again, and name the cell where it stands before."""
    columns = table.holding(field, row, number)
    if row != first:
        return columns[0], table.cell(field, first, number)
    return columns[-1], table.cell(columns[0], row) if len(columns) > 1 else "this very cell"


def caller_id_twice(table: Table, rows: Sequence[CallerIdRow]) -> Iterator[Problem]:
    """A caller ID stands once on a trunk for each option."""
    if len({(entry.option, entry.number) for entry in rows}) == len(rows):
        return
    first: dict[tuple[str, str], int] = {}
    for entry in rows:
        if entry.key in first:
            column, place = _second_place(table, "outbound_cid", entry.row, first[entry.key], entry.number)
            yield table.problem(
                "caller-id-twice",
                entry.row,
                column,
                f"{entry.number} is already on this trunk, in {place}.",
                "Put all its extensions into one row.",
                value=entry.number,
            )
        else:
            first[entry.key] = entry.row


def extension_in_two_entries(table: Table, rows: Sequence[CallerIdRow]) -> Iterator[Problem]:
    """Where an extension has two caller IDs on a trunk, the first wins."""
    named = [number for entry in rows for number in _extensions(entry)]
    if len(set(named)) == len(named):
        return
    first: dict[str, CallerIdRow] = {}
    for entry in rows:
        field = "extensions" if entry.option == "shared" else "outbound_cid_to_ext_range"
        again: dict[int, list[str]] = defaultdict(list)
        for number in _extensions(entry):
            holder = first.setdefault(number, entry)
            if holder is not entry:
                again[holder.row].append(number)
        for other, numbers in again.items():
            more = f" (and {len(numbers) - 1} more of this cell)" if len(numbers) > 1 else ""
            yield table.problem(
                "extension-in-two-entries",
                entry.row,
                field,
                f"Extension {numbers[0]}{more} already has a caller ID on this trunk, {_where(other, entry)}; the PBX "
                "shows the first.",
                "Nothing to do, if that is what you mean.",
                value=numbers[0],
            )


def _where(row: int, entry: CallerIdRow) -> str:
    return "an earlier number of this row" if row == entry.row else f"in row {row}"


def _extensions(entry: CallerIdRow) -> Iterable[str]:
    if entry.extension_range:
        span = parse_extension_range(entry.extension_range)
        return span.numbers() if isinstance(span, NumberRange) else ()
    return (number for number in entry.extensions or () if isinstance(number, str))


def caller_id_not_a_did(table: Table, record: Record, dids: Sequence[str]) -> Iterator[Problem]:
    """A caller ID that nobody can call back is worth telling."""
    for entry, missing in _not_among(record, dids, plain=False):
        yield _not_a_did(table, entry, missing)


def caller_ids_not_dids(
    tables: Tables, records: Iterable[Record], *, plain: bool
) -> tuple[list[Problem], list[ColumnNotice]]:
    """Tell of all caller IDs of a workbook that are none of their trunk's DIDs; many of them by column.

    ``plain`` says whether none of the DIDs is a pattern.
    """
    table = tables.caller_ids
    found = [
        (record.row, entry, missing)
        for record in records
        if record.caller_ids and record.dids and record.dids.mode is Mode.REPLACE
        for entry, missing in _not_among(record, dids_of(record.dids.rows), plain=plain)
    ]
    alike = [(row, entry) for row, entry, missing in found if missing == [entry.number]]
    if len({entry.number for _, entry in alike}) <= FEW:
        return [_not_a_did(table, entry, missing) for _, entry, missing in found], []
    notice = ColumnNotice(
        code="caller-id-not-a-did",
        sheet=table.name,
        column=table.headers.columns["outbound_cid"],
        header=table.headers.texts["outbound_cid"],
        message=_NOT_A_DID,
        fix=_IF_THE_CARRIER_LETS,
        rows=[entry.row for _, entry in alike],
        values=[entry.number for _, entry in alike],
        trunks=[row for row, _ in alike],
    )
    return [_not_a_did(table, entry, missing) for _, entry, missing in found if missing != [entry.number]], [notice]


_NOT_A_DID: Final = "{value} is not among the trunk's DIDs."
_IF_THE_CARRIER_LETS: Final = "Nothing to do, if the carrier allows this number."


def _not_a_did(table: Table, entry: CallerIdRow, missing: Sequence[str]) -> Problem:
    number = missing[0] + (f" (and {len(missing) - 1} more of this range)" if len(missing) > 1 else "")
    return table.problem(
        "caller-id-not-a-did",
        entry.row,
        "outbound_cid",
        _NOT_A_DID.replace("{value}", number),
        _IF_THE_CARRIER_LETS,
        value=entry.number,
    )


def _not_among(record: Record, dids: Sequence[str], *, plain: bool) -> Iterator[tuple[CallerIdRow, list[str]]]:
    """Find the trunk's caller IDs that are none of these DIDs, each with its numbers of which that is so."""
    edit = record.caller_ids
    if edit is None or edit.mode is Mode.REMOVE or not dids:
        return
    shown = [(entry, _shown_numbers(entry)) for entry in edit.rows]
    others = {number for _, numbers in shown for number in numbers}.difference(dids)
    if not others:
        return
    bare = {number.lstrip("+") for number in others}
    absent = bare.union([f"+{number}" for number in bare]).difference(dids)
    patterned = not plain and has_patterns(dids)
    patterns = Matcher(did.lstrip("+") for did in dids if is_pattern(did)) if patterned else None
    unknown = {
        number
        for number in bare
        if number in absent and f"+{number}" in absent and (patterns is None or patterns.first(number) is None)
    }
    for entry, numbers in shown:
        missing = [number for number in numbers if number in others and number.lstrip("+") in unknown]
        if missing:
            yield entry, missing


def _shown_numbers(entry: CallerIdRow) -> Sequence[str]:
    if entry.option == "range":
        span = parse_caller_id_range(entry.number)
        return span.numbers() if isinstance(span, NumberRange) else ()
    return (entry.number,) if entry.number.lstrip("+").isdigit() else ()
