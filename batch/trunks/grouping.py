"""Grouping: from the tables of three sheets to one record per trunk."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from batch.schema.column_model import Column, ListSheet, Mode, Parser, TrunkType
from batch.schema.columns import CALLER_IDS, DIDS, LIST_SHEETS, TRUNKS
from batch.schema.problems import Finding, Problem, Problems
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks import rules
from batch.trunks.entries import Entries, read_caller_ids, read_dids
from batch.trunks.model import EntryRowT, ListEdit, Owners, Record, Records, rows_at
from batch.trunks.moved_dids import check_moves, read_moves, trunks_that_add
from batch.trunks.suggestions import only_taken
from batch.trunks.values import Value, parse_value
from batch.wording import nearest_names

_SENT: Final = tuple(column.field for column in TRUNKS.columns if column.sent)
_READERS: Final[Mapping[ListSheet, Callable[..., tuple[Entries[Any], list[Problem]]]]] = {
    CALLER_IDS: read_caller_ids,
    DIDS: read_dids,
}

_OF_ONE_PBX: Final = frozenset({"trunk-twice", "name-twice", "trunk-ambiguous", "mode-without-rows"})
"""What is only wrong if all rows are about one PBX."""


def group(tables: Tables) -> tuple[Records, Problems]:
    """Gather the rows under their trunks and check everything that can be checked without a PBX.

    Returns one record per row of the Trunks sheet, in its order, then those of trunks that only give DIDs up, and all
    problems, each tied to its trunk where it belongs to one. A cell at fault is left out of its record, whose trunk is
    then not to be sent.
    """
    trunks, problems = _read_trunks(tables.trunks)
    modes = {
        sheet: {row: Mode(str(values[sheet.mode])) for row, values in trunks.items() if values.get(sheet.mode)}
        for sheet in LIST_SHEETS
    }
    places = places_of(tables.trunks)
    rows = tables.trunks.row_numbers
    owners = {TRUNKS.title: Owners(rows=rows, trunks=rows, counted=tables.trunks.times is None)}
    without_lists = [_record(row, values, modes) for row, values in trunks.items()]
    problems += rules.check_trunks(tables, without_lists)
    entries: dict[ListSheet, Entries[Any]] = {}
    edits: dict[ListSheet, dict[int, ListEdit[Any]]] = {}
    for sheet in reversed(LIST_SHEETS):  # the longest sheet last: it may still be being read
        table = tables.of(sheet)
        owners[sheet.title], unowned = _owners(table, places)
        if sheet is DIDS:
            adding = trunks_that_add(table, owners[sheet.title].trunks, modes[sheet])
            modes[sheet] = {**modes[sheet], **dict.fromkeys(adding, Mode.ADD)}
        entries[sheet], faults = _READERS[sheet](table, owners[sheet.title].trunks, modes[sheet])
        edits[sheet], not_alone = _edits(table, sheet, entries[sheet], owners[sheet.title], modes[sheet])
        problems += [*unowned, *faults, *not_alone]
        if sheet is CALLER_IDS:
            problems += rules.check_caller_ids(table, edits[sheet].values())
    records = tuple(
        replace(record, lists={sheet: edits[sheet][record.row] for sheet in LIST_SHEETS if record.row in edits[sheet]})
        for record in without_lists
    )
    cut = _cut_names(tables.dids, "move_from", tables.dids.texts("move_from"), places)
    found = read_moves(tables, entries[DIDS], places.of, cut)
    records = (*records, *found.givers)
    problems += [*found.problems, *check_moves(tables, records, found.moves)]
    problems += rules.check_dids(tables, records, entries[DIDS])
    not_dids, by_column = rules.caller_ids_not_dids(tables, records, plain=entries[DIDS].plain)
    problems += not_dids
    problems += rules.mode_without_rows(tables, records, owners)
    if "pbx" in tables.trunks.headers.reserved:  # told at the header: the same name is another trunk on another PBX
        problems = [problem for problem in problems if problem.code not in _OF_ONE_PBX]
    single = _owned(problems, tables, owners)
    gathered = Records(trunks=records, owners=owners, moves=found.moves, named_at=found.named_at)
    return gathered, Problems(single=single, by_column=by_column)


def _owned(problems: list[Problem], tables: Tables, owners: Mapping[str, Owners]) -> list[Problem]:
    owned = list(problems)
    for name, title in {name: table.sheet.title for name, table in tables.by_name.items()}.items():
        at = [i for i, problem in enumerate(problems) if problem.sheet == name]
        found = owners[title].of_all([problems[i].row for i in at])
        for i, trunk in zip(at, found, strict=True):
            if trunk != problems[i].trunk:
                owned[i] = replace(problems[i], trunk=trunk)
    return owned


def own(problems: list[Problem], tables: Tables, records: Records) -> list[Problem]:
    """Tie problems found elsewhere (in reading, or against the PBX) to their trunks."""
    return _owned(list(only_taken(problems, tables)), tables, records.owners)


def _read_trunks(table: Table) -> tuple[dict[int, dict[str, Value]], list[Problem]]:
    """Understand the Trunks sheet: row number to the fields that the row fills."""
    found: dict[int, dict[str, Value]] = {row: {} for row in table.rows()}
    problems: list[Problem] = []
    for column in table.sheet.columns:
        texts = table.texts(column.field)
        if not any(texts):
            continue
        name = column.field
        for (row, values), text, value in zip(found.items(), texts, _values(column, texts), strict=True):
            if isinstance(value, Finding):
                problems.append(table.found(row, name, value, str(text)))
            elif value is not None:
                values[name] = value
    return found, problems


def _values(column: Column, texts: Sequence[Any]) -> Iterable[Value | Finding | None]:
    """Understand a column's cells, equal ones once; None for a blank one."""
    if column.parser is Parser.SECRET:
        return (text or None for text in texts)
    understood = {text: parse_value(column, text) for text in dict.fromkeys(texts) if text}
    return map(understood.get, texts)


def _record(row: int, values: Mapping[str, Value], modes: Mapping[ListSheet, Mapping[int, Mode]]) -> Record:
    trunk_id = values.get("id")
    fields = {name: values[name] for name in _SENT if name in values}
    if trunk_id is None:
        fields.pop("name", None)
    return Record(
        row=row,
        id=trunk_id if isinstance(trunk_id, int) else None,
        name=str(values.get("name", "")),
        type=TrunkType(str(values["type"])) if "type" in values else None,
        skip=values.get("action") == "skip",
        modes={sheet.mode: of_trunks[row] for sheet, of_trunks in modes.items() if row in of_trunks},
        fields=fields,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Rows of the Trunks sheet by what the cells of other sheets call them."""

    ids: Mapping[str, list[int]]
    names: Mapping[str, list[int]]

    def of(self, text: str) -> list[int]:
        """Return the rows that a text may mean."""
        return sorted({*self.ids.get(text.lstrip("0") or text, ()), *self.names.get(text, ())})


def places_of(table: Table) -> Places:
    """Return where the trunks stand, by Trunk ID and by Name."""
    ids, names = defaultdict(list), defaultdict(list)
    for row, text in table.filled("id"):
        ids[text.lstrip("0")].append(row)
    for row, text in table.filled("name"):
        names[text].append(row)
    return Places(ids=ids, names=names)


def _owners(table: Table, places: Places) -> tuple[Owners, list[Problem]]:
    """Find the Trunks row of each row of a list sheet, going once over the different texts."""
    if table.times is not None:
        return Owners(rows=table.row_numbers, trunks=table.row_numbers, counted=False), []
    texts = table.texts("trunk")
    rows = {text: places.of(text) if text else [] for text in set(texts)}
    trunk_of = {text: found[0] if len(found) == 1 else 0 for text, found in rows.items()}
    trunks = np.fromiter(map(trunk_of.__getitem__, texts), dtype=np.int64, count=len(texts))
    numbers = table.rows()
    cut = _cut_names(table, "trunk", texts, places)
    trunks[list(cut)] = 0
    owners = Owners(rows=table.row_numbers, trunks=trunks, counted=table.times is None)
    lost = [i for i in np.flatnonzero(trunks == 0).tolist() if texts[i] or table.lacks("trunk", numbers[i], "")]
    lost = lost if table.has("trunk") else lost[:1]  # what all rows say is wrong once
    unknown = dict.fromkeys(texts[i] for i in lost)
    near = nearest_names([text for text in unknown if not rows[text]], places.names)
    faults = {text: rules.unowned(text, rows[text], near.get(text, "")) for text in unknown}
    return owners, [table.found(numbers[i], "trunk", cut.get(i) or faults[texts[i]], texts[i]) for i in lost]


def _cut_names(table: Table, column: str, texts: Sequence[str], places: Places) -> dict[int, Finding]:
    """Find the cells that hold a number where a trunk's name has the same digits and more around them."""
    held = table.numbers.get(column, frozenset())
    if not held:
        return {}
    known: dict[str, list[str]] = defaultdict(list)
    for name in places.names:
        if found := re.fullmatch(r"0*([1-9][0-9]*)(?:[.,]0+)?", name):
            known[found[1]].append(name)
    return {
        i: rules.cut_name(text, names, is_id=text in places.ids)
        for i, (row, text) in enumerate(zip(table.rows(), texts, strict=True))
        if row in held and (names := [name for name in known.get(text, ()) if name != text])
    }


def _edits(
    table: Table, sheet: ListSheet, entries: Entries[EntryRowT], owners: Owners, modes: Mapping[int, Mode]
) -> tuple[dict[int, ListEdit[EntryRowT]], list[Problem]]:
    """Cut the entries into one list edit per trunk, keeping the sheet's order."""
    order = np.argsort(entries.trunks, kind="stable")
    trunks: npt.NDArray[np.int64] = entries.trunks[order]
    rows = entries.rows
    if not np.array_equal(order, np.arange(order.size)):
        rows = rows_at(rows, order.tolist())
    cuts = [0, *(np.flatnonzero(np.diff(trunks)) + 1).tolist(), len(rows)]
    edits: dict[int, ListEdit[EntryRowT]] = {}
    for start, end in pairwise(cuts):
        if start < end and (trunk := int(trunks[start])):
            edits[trunk] = ListEdit(mode=modes.get(trunk, Mode.REPLACE), explicit=trunk in modes, rows=rows[start:end])
    problems: list[Problem] = []
    rows_of = Counter(owners.trunks.tolist()) if entries.clears else {}
    for row, trunk in entries.clears.items():
        if trunk and (modes.get(trunk, Mode.REPLACE) is not Mode.REPLACE or rows_of[trunk] > 1):
            problems.append(rules.clear_not_alone(table, sheet.number, row))
        elif trunk:
            edits[trunk] = ListEdit(mode=Mode.REPLACE, explicit=True, clear=row)
    return edits, problems
