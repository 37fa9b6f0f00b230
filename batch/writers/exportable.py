"""Exportable: what of live trunks a workbook can say, and the cells that say it.

A workbook can say something if its cells, read like those of any workbook, come to exactly that and to no problem.
This is tried rather than foreseen: what does not come back as it went in is taken out, with the reason, until all of
the rest does. So a plan of what is left finds nothing to do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from batch.schema.column_model import Column, ListSheet, Parser
from batch.schema.columns import DIDS, LIST_OF, LIST_SHEETS, SHEETS, TRUNKS
from batch.schema.problems import Problem
from batch.secrets import HIDDEN
from batch.trunks.change_plan import plan_change, resolve
from batch.trunks.diff import value_text
from batch.trunks.group_names import split_groups
from batch.trunks.grouping import group
from batch.trunks.live import EMPTY_LISTS, NOT_SHOWN, WHOLE_TRUNK, CallerId, Did, Entry, Extension, Inventory, LiveTrunk
from batch.trunks.model import Record
from batch.trunks.numbers import parse_extensions
from batch.writers.export_workbook import Filled, read_again, to_be_seen

_NEEDS_QUOTES: Final = re.compile(r'[,;"#]')


class Directory:
    """Who has which id on a PBX."""

    def __init__(self, inventory: Inventory) -> None:
        self._known = inventory.groups
        self._numbers = {
            number_id: number
            for number, number_id in inventory.extensions.items()
            if parse_extensions(number) == (number,)
        }
        self._names = {group_id: name for name, group_id in inventory.groups.items() if self._can_name(name)}
        self._cells: dict[tuple[int, ...], str] = {}

    @property
    def extensions(self) -> tuple[str, ...]:
        """The numbers that a cell can name."""
        return tuple(self._numbers.values())

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that a cell can name, each as it does."""
        return tuple(map(_quoted, self._names.values()))

    def cells_of(self, members: Sequence[Extension]) -> tuple[str, str]:
        """Return the cells *Extensions* and *Extension groups*: by number and name, by ``#id`` where there is none."""
        extensions = [self._numbers.get(m.id, f"#{m.id}") for m in members if m.type == "extension"]
        return ", ".join(extensions), self._groups(tuple(m.id for m in members if m.type == "ext_group"))

    def _groups(self, ids: tuple[int, ...]) -> str:
        if ids not in self._cells:
            self._cells[ids] = self._cell_of_groups(ids)
        return self._cells[ids]

    def _cell_of_groups(self, ids: tuple[int, ...]) -> str:
        if not ids or not self._names.keys() >= set(ids):
            return ", ".join(_quoted(self._names[i]) if i in self._names else f"#{i}" for i in ids)
        names = tuple(dict.fromkeys(self._names[i] for i in ids))
        cell = ", ".join(map(_quoted, names))
        if split_groups(cell, self._known) == names:
            return cell
        return ", ".join(f"#{i}" for i in ids)  # side by side they look like the name of another group

    def _can_name(self, name: str) -> bool:
        return name.isprintable() and name == name.strip() and split_groups(_quoted(name), self._known) == (name,)


def _quoted(name: str) -> str:
    """Write a group's name as it is typed."""
    return '"{}"'.format(name.replace('"', '""')) if _NEEDS_QUOTES.search(name) else name


_Refused: TypeAlias = dict[tuple[int, str], str]
"""Id of a trunk and what of it is not said, to the reason; ``""`` is the whole trunk."""

_IN_NO_FILE: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
_LONGEST: Final = 32_767
_SHOWN: Final = 60
_KINDS_OF_MEMBER: Final = frozenset({"extension", "ext_group"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotExportable:
    """Something that a trunk holds and that a workbook cannot say."""

    trunk: LiveTrunk
    what: str
    """A field or list in the API's spelling; ``""`` for the whole trunk."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """Trunks as a workbook says them."""

    trunks: tuple[LiveTrunk, ...]
    """Those that are in it. A list that it cannot say is among `LiveTrunk.unread`."""
    sheets: tuple[Filled, ...]
    """The three sheets."""
    keys: tuple[str, ...]
    """For each trunk, what the column *Trunk* says."""
    not_exportable: tuple[NotExportable, ...]
    """In the order of the trunks."""


def find_exportable(trunks: Sequence[LiveTrunk], inventory: Inventory) -> Exportable:
    """Put trunks into cells.

    Args:
        trunks: whole ones, of types that the API edits.
        inventory: all of the PBX's trunks, extensions and groups.
    """
    directory = Directory(inventory)
    refused: _Refused = {(trunk.id, what): reason for trunk in trunks for what, reason in _foreseen(trunk)}
    while True:
        draft = _Draft(trunks, refused, directory)
        found = _not_come_back(draft, inventory)
        if not found:
            break
        for (trunk_id, what), reason in found.items():
            refused[trunk_id, "" if (trunk_id, what) in refused else what] = reason
    return Exportable(
        trunks=tuple(
            replace(t, unread={**t.unread, **{n: refused[t.id, n] for n in LIST_OF if (t.id, n) in refused}})
            for t in draft.trunks
        ),
        sheets=draft.sheets,
        keys=tuple(draft.keys[t.id] for t in draft.trunks),
        not_exportable=tuple(_not_exportable(trunks, refused)),
    )


def _not_exportable(trunks: Sequence[LiveTrunk], refused: _Refused) -> Iterator[NotExportable]:
    order = ["", *(column.field for column in TRUNKS.columns), *LIST_OF]
    places = {trunk.id: (place, trunk) for place, trunk in enumerate(trunks)}
    for (trunk_id, what), reason in sorted(refused.items(), key=lambda i: (places[i[0][0]][0], order.index(i[0][1]))):
        if not what or (trunk_id, "") not in refused:
            yield NotExportable(trunk=places[trunk_id][1], what=what, reason=reason)


def _foreseen(trunk: LiveTrunk) -> Iterator[tuple[str, str]]:
    """Yield what a workbook never says, or what could only be explained in words about a workbook."""
    if WHOLE_TRUNK in trunk.unread:
        yield WHOLE_TRUNK, _sentence(trunk.unread[WHOLE_TRUNK])
    elif trunk.type is None:
        yield WHOLE_TRUNK, f"It is a trunk of type {trunk.vendor_type or 'unknown'}, which the API cannot edit."
    for column in TRUNKS.columns:
        if column.sent and not _keepable(str(trunk.value(column.field))):
            yield column.field, "It holds characters that no workbook can keep."
    for sheet in LIST_SHEETS:
        if sheet.api in trunk.unread:
            yield sheet.api, _sentence(trunk.unread[sheet.api])
        elif reason := _fault_of(trunk, sheet):
            yield sheet.api, reason


def _sentence(why: str) -> str:
    return f"It cannot be read: {why}." if why != NOT_SHOWN else "The PBX does not show it."


def _fault_of(trunk: LiveTrunk, sheet: ListSheet) -> str | None:
    """Return why a list cannot be said, as far as it can be told from the list alone."""
    entries = trunk.lists[sheet].entries
    if sheet is DIDS and entries and trunk.shared:
        return "It is a shared trunk, whose owner alone changes its DIDs."
    if entries and trunk.type and trunk.type not in sheet.types:
        return "An account trunk should have no DIDs."
    count = Counter(entry.key for entry in entries)
    if len(count) < len(entries):
        number = next(entry.number for entry in entries if count[entry.key] > 1)
        return f"{_shown(number)} is in it more than once; the PBX uses the first."
    for entry in entries:
        if not entry.number:
            return "It has an entry without a number."
        if not (_keepable(entry.number) and _keepable(entry.name)):
            return f"{_shown(entry.number)} holds characters that no workbook can keep."
        if isinstance(entry, CallerId) and (reason := _whom_at_fault(entry)):
            return f"{_shown(entry.number)} {reason}"
    return None


def _whom_at_fault(entry: CallerId) -> str | None:
    if not (entry.extension_range if entry.option == "range" else entry.order):
        return "is for no extension."
    if odd := next((member.type for member in entry.order if member.type not in _KINDS_OF_MEMBER), None):
        return f"is for {_shown(odd)}, which is neither an extension nor a group."
    return None


def _keepable(text: str) -> bool:
    return len(text) <= _LONGEST and (text.isascii() or not _IN_NO_FILE.search(text))


class _Draft:
    """The cells of all that is not refused, and which trunk each row is about."""

    def __init__(self, trunks: Sequence[LiveTrunk], refused: _Refused, directory: Directory) -> None:
        self.trunks = [trunk for trunk in trunks if (trunk.id, "") not in refused]
        self.refused = refused
        self.keys = self._keys()
        self.owners = {TRUNKS.title: self.trunks, **{sheet.title: list[LiveTrunk]() for sheet in LIST_SHEETS}}
        columns: dict[str, dict[str, list[str]]] = {s.title: {c.field: [] for c in s.columns} for s in SHEETS}
        for trunk in self.trunks:
            for column in TRUNKS.columns:
                columns[TRUNKS.title][column.field].append(self._cell(trunk, column))
            for sheet in LIST_SHEETS:
                if self.holds(trunk, sheet.api):
                    self._add_entries(sheet, columns[sheet.title], trunk, directory)
        self.sheets = tuple(Filled(sheet=sheet, columns=columns[sheet.title]) for sheet in SHEETS)

    def holds(self, trunk: LiveTrunk, what: str) -> bool:
        return (trunk.id, what) not in self.refused

    def owner(self, problem: Problem) -> LiveTrunk:
        """Return the trunk whose row a problem is at.

        Raises:
            ValueError: it is at no such row; then the layout itself is at fault.
        """
        if problem.row < 2:
            raise ValueError(f"{problem.sheet}!{problem.cell}: {problem.message}")
        return self.owners[problem.sheet][problem.row - 2]

    def _named(self, trunk: LiveTrunk) -> bool:
        return bool(trunk.name) and self.holds(trunk, "name")

    def _keys(self) -> dict[int, str]:
        """Return what the list sheets call each trunk: its name, or its id where that would fit another one too."""
        ids = {str(trunk.id): trunk.id for trunk in self.trunks}
        names = Counter(trunk.name for trunk in self.trunks if self._named(trunk))
        return {
            trunk.id: trunk.name
            if self._named(trunk) and names[trunk.name] == 1 and ids.get(trunk.name.lstrip("0"), trunk.id) == trunk.id
            else str(trunk.id)
            for trunk in self.trunks
        }

    def _cell(self, trunk: LiveTrunk, column: Column) -> str:
        kind = trunk.type
        if kind is None or kind not in column.types or not self.holds(trunk, column.field):
            return ""
        if column.field == "id":
            return "" if self._by_name(trunk) else str(trunk.id)
        if column.field == "type":
            return kind
        if column.field == "name":
            return trunk.name if not trunk.shared or self._by_name(trunk) else ""
        if not column.sent or (trunk.shared and not column.shared):
            return ""
        if column.parser is Parser.SECRET:
            return HIDDEN
        value = trunk.value(column.field)
        return "" if value == "" else value_text(column.field, value)

    def _by_name(self, trunk: LiveTrunk) -> bool:
        """Tell whether a trunk is found by its name: a shared one takes no name, so beside an id there is no room."""
        return trunk.shared and self.keys[trunk.id] == trunk.name

    def _add_entries(
        self, sheet: ListSheet, columns: dict[str, list[str]], trunk: LiveTrunk, directory: Directory
    ) -> None:
        entries: Sequence[Entry] = trunk.lists[sheet].entries
        for entry in entries:
            for field, text in _entry_cells(entry, directory).items():
                columns[field].append(text)
        columns["trunk"] += [self.keys[trunk.id]] * len(entries)
        self.owners[sheet.title] += [trunk] * len(entries)


def _entry_cells(entry: Entry, directory: Directory) -> dict[str, str]:
    if isinstance(entry, Did):
        return {"did": entry.number, "did_name": entry.name, "move_from": ""}
    extensions, groups = directory.cells_of(entry.order)
    return {
        "outbound_cid_option": entry.option,
        "outbound_cid": entry.number,
        "outbound_cid_name": entry.name,
        "outbound_cid_to_ext_range": entry.extension_range,
        "extensions": extensions,
        "extension_groups": groups,
    }


def _not_come_back(draft: _Draft, inventory: Inventory) -> _Refused:
    """Read a draft like any workbook, and return what is at fault or otherwise than it was."""
    if not draft.trunks:
        return {}
    found: _Refused = {}
    tables, problems = read_again(draft.sheets)
    records, faults = group(tables)
    problems += [*faults, *resolve(tables, records.trunks, inventory)[1]]
    differing: list[tuple[LiveTrunk, str, str]] = []
    read = {record.row: record for record in records.trunks}
    for row, trunk in enumerate(draft.trunks, 2):
        if row not in read:
            found[trunk.id, ""] = "Its row would not be read as that of a trunk."
            continue
        record = read[row]
        bare = replace(trunk, lists=EMPTY_LISTS)  # so that no cell borrows anything from it
        change, _, against = plan_change(tables, record, bare, inventory)
        problems += against
        differing += [(trunk, field, reason) for field, reason in _other_fields(draft, trunk, record)]
        for sheet in LIST_SHEETS:
            held, back = trunk.lists[sheet].entries, change.desired.lists.get(sheet, ())
            if draft.holds(trunk, sheet.api) and back != held:
                differing.append((trunk, sheet.api, _first_other(held, back)))
    for problem in problems:
        if problem.stops and problem.code != "long-number":
            found.setdefault((draft.owner(problem).id, _blamed(problem)), _reason(problem))
    for trunk, what, reason in differing:
        found.setdefault((trunk.id, what), reason)
    return found


def _blamed(problem: Problem) -> str:
    """Return what cannot be said, going by the cell at fault."""
    for sheet in LIST_SHEETS:
        if problem.sheet == sheet.title:
            return sheet.api
    field = TRUNKS.columns[problem.column].field
    return "" if field in {"id", "type"} else field


def _reason(problem: Problem) -> str:
    named = re.search(rf"(?<!\w){re.escape(problem.value)}(?!\w)", problem.message)
    if named or not problem.value:
        return problem.message
    return f"{_shown(problem.value)}: {problem.message}"


def _other_fields(draft: _Draft, trunk: LiveTrunk, record: Record) -> Iterator[tuple[str, str]]:
    """Yield the fields whose cell was filled, and whose value came back as another one."""
    for column, cells in ((c, draft.sheets[0].columns[c.field]) for c in TRUNKS.columns):
        cell = cells[record.row - 2]
        if not cell or not column.sent or column.parser is Parser.SECRET:
            continue
        back = record.name if column.field == "name" else record.fields.get(column.field, "")
        if back != trunk.value(column.field):
            yield column.field, f"{_shown(cell)} would be read as {_shown(str(back))}."


def _first_other(entries: Sequence[Entry], back: Sequence[Entry]) -> str:
    """Say how a list comes back as another one, at its first entry that does."""
    for i, entry in enumerate(entries):
        if i >= len(back):
            return f"{_shown(entry.number)} would be lost."
        if back[i] != entry:
            was, becomes = entry.number, back[i].number
            if was != becomes:
                return f"{_shown(was)} would be read as {_shown(becomes)}."
            if entry.name != back[i].name:
                return f"The name {_shown(entry.name)} of {_shown(was)} would be read as {_shown(back[i].name)}."
            return f"For whom {_shown(was)} is cannot be said."
    return "It would be read as a longer list."


def _shown(text: str) -> str:
    return f'"{to_be_seen(text, _SHOWN)}"'
