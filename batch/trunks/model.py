"""Records: what the rows mean, gathered under their trunk, and which trunks of the workbook are to be done."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from batch.schema.column_model import CLEAR, ListSheet, Mode, TrunkType
from batch.schema.columns import CALLER_IDS, DIDS, LIST_SHEETS
from batch.schema.problems import Problem, Severity
from batch.secrets import Secret
from batch.trunks.group_names import split_groups
from batch.trunks.numbers import RawId, did_key
from batch.trunks.values import Value
from batch.wording import nearest_few


class DidRow(NamedTuple):
    """One wanted DID. A range has as many of these as it has numbers, all with its row."""

    row: int
    number: str
    name: str | None
    """None leaves the name of a live entry alone; ``""`` empties it."""

    @property
    def key(self) -> str:
        """What tells the entries of a trunk apart."""
        return did_key(self.number)


_DID_ROW: Final[Callable[[tuple[int, str, str | None]], DidRow]] = partial(tuple.__new__, DidRow)
"""``DidRow._make`` without its own frame for each of half a million."""


@dataclass(frozen=True, slots=True, eq=False)
class DidRows(Sequence[DidRow]):
    """Wanted DIDs kept by column, each made when it is asked for. All columns are equally long."""

    rows: Sequence[int]
    dids: Sequence[str]
    names: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.dids)

    def __iter__(self) -> Iterator[DidRow]:
        return map(_DID_ROW, zip(self.rows, self.dids, self.names, strict=True))

    @overload
    def __getitem__(self, index: int) -> DidRow: ...

    @overload
    def __getitem__(self, index: slice) -> DidRows: ...

    def __getitem__(self, index: int | slice) -> DidRow | DidRows:
        if isinstance(index, slice):
            return DidRows(self.rows[index], self.dids[index], self.names[index])
        return DidRow(self.rows[index], self.dids[index], self.names[index])

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # like a list


def dids_of(rows: Sequence[DidRow]) -> Sequence[str]:
    """Return the wanted DIDs alone."""
    return rows.dids if isinstance(rows, DidRows) else [row.number for row in rows]


class CallerIdRow(NamedTuple):
    """One wanted entry of the outbound caller-ID list. None leaves that part of a live entry alone."""

    row: int
    option: str
    """``shared`` or ``range``."""
    number: str
    name: str | None
    extension_range: str | None
    extensions: tuple[str | RawId, ...] | None
    """Numbers or raw ids of extensions."""
    groups: str | None
    """The cell's text; it is split once the PBX's group names are known."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells the entries of a trunk apart."""
        return (self.option, self.number)


EntryRow: TypeAlias = DidRow | CallerIdRow
EntryRowT = TypeVar("EntryRowT", DidRow, CallerIdRow)
"""A wanted entry of either list."""


def rows_at(rows: Sequence[EntryRowT], places: Sequence[int]) -> Sequence[EntryRowT]:
    """Return the rows at these places, kept as they were."""
    if isinstance(rows, DidRows):
        numbers, dids, names = rows.rows, rows.dids, rows.names
        return DidRows([numbers[i] for i in places], [dids[i] for i in places], [names[i] for i in places])
    return [rows[i] for i in places]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEdit(Generic[EntryRowT]):
    """What the rows of one sheet shall do to one list of one trunk."""

    mode: Mode
    explicit: bool
    """Whether the mode was typed; a blank one replaces, and asks before entries are lost."""
    rows: Sequence[EntryRowT] = ()
    """In the sheet's order. Empty when the list is emptied on purpose by ``<clear>``."""
    clear: int | None = None
    """The row that says ``<clear>``."""

    def numbered(self) -> Mapping[int, str]:
        """Return the edit's rows in the sheet's order, each with the first number it stands for."""
        if self.clear is not None:
            return {self.clear: CLEAR}
        numbers: dict[int, str] = {}
        for row in self.rows:
            numbers.setdefault(row.row, row.number)
        return numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One trunk as the workbook wants it."""

    row: int
    """Its row on the Trunks sheet: the trunk's key from here to the results."""
    id: int | None = None
    name: str = ""
    """With an id the name it shall have (or ``""``), without one the name to find."""
    type: TrunkType | None = None
    skip: bool = False
    gives_only: bool = False
    """Whether nothing of it is asked for but that others take DIDs from it; it mostly has no row of its own."""
    modes: Mapping[str, Mode] = field(default_factory=dict)
    """The modes that were typed, by column: ``dids_mode``, ``caller_ids_mode``."""
    fields: Mapping[str, Value] = field(default_factory=dict)
    """The API's plain fields that the row fills, `name` only where it is wanted; ``""`` empties."""
    lists: Mapping[ListSheet, ListEdit[Any]] = field(default_factory=dict)
    """What it edits, in the order of `LIST_SHEETS`; a list that is not among them is left alone."""

    @property
    def dids(self) -> ListEdit[DidRow] | None:
        """What becomes of its DIDs."""
        return self.lists.get(DIDS)

    @property
    def caller_ids(self) -> ListEdit[CallerIdRow] | None:
        """What becomes of its caller IDs."""
        return self.lists.get(CALLER_IDS)

    @property
    def label(self) -> str:
        """How people know it."""
        return self.name or f"trunk {self.id}"

    @property
    def found_by(self) -> str:
        """The column that says which trunk of the PBX is meant."""
        return "name" if self.id is None else "id"

    @property
    def entries(self) -> int:
        """How many entries its rows have for its lists."""
        return sum(len(edit.rows) for edit in self.lists.values())


class Move(NamedTuple):
    """One DID that a row takes from one trunk and gives to another."""

    row: int
    """Of the DIDs sheet."""
    number: str
    giver: int
    """Row of the trunk that gives it up, among `Records.trunks`."""
    receiver: int
    """Row of the trunk that gets it."""

    @property
    def key(self) -> str:
        """What tells the entries of a trunk apart."""
        return did_key(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All trunks of a workbook, and which trunk each row belongs to."""

    trunks: tuple[Record, ...]
    """Last those that give DIDs up, as the cells name them, and beyond the sheet; one may have a row of its own too."""
    owners: Mapping[str, Owners]
    """By sheet title."""
    moves: tuple[Move, ...] = ()
    """What the column *Move from* asks for, in the order of the rows."""
    named_at: Mapping[int, int] = field(default_factory=dict)
    """For each trunk with a row of its own that gives DIDs up, by that row: its row beyond the sheet."""

    def with_given(self) -> tuple[Record, ...]:
        """Return the trunks; of each that gives DIDs up, those are what its rows take away besides."""
        given: dict[int, list[DidRow]] = defaultdict(list)
        for move in self.moves:
            given[move.giver].append(DidRow(move.row, move.number, None))
        edits = {record.row: record.dids for record in self.trunks if record.dids and record.dids.mode is Mode.REMOVE}
        for row, edit in edits.items():
            given[row] += edit.rows
        taken = {row: ListEdit(mode=Mode.REMOVE, explicit=True, rows=rows) for row, rows in given.items()}
        return tuple(
            replace(record, lists={**record.lists, DIDS: taken[record.row]}) if record.row in taken else record
            for record in self.trunks
            if record.row in taken or not record.gives_only
        )

    def sizes(self) -> Counter[int]:
        """Count the rows of all sheets by the row of their trunk."""
        counted = (owners.trunks.tolist() for owners in self.owners.values() if owners.counted)
        return sum(map(Counter, counted), Counter())


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Which trunk the rows of one sheet belong to."""

    rows: npt.NDArray[np.int64]
    """Row numbers, ascending."""
    trunks: npt.NDArray[np.int64]
    """For each, the row of its trunk on the Trunks sheet; 0 where it belongs to none."""
    counted: bool = True
    """Whether they are rows of their own, not those of another sheet once more."""

    @cached_property
    def named(self) -> frozenset[int]:
        """The Trunks rows that any row belongs to."""
        return frozenset(np.unique(self.trunks).tolist())

    def of(self, row: int) -> int | None:
        """Return the Trunks row that a row belongs to."""
        return self.of_all([row])[0]

    def of_all(self, rows: Sequence[int]) -> list[int | None]:
        """Return for each of these rows the Trunks row that it belongs to."""
        if not self.rows.size:
            return [None] * len(rows)
        wanted = np.asarray(rows, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.rows, wanted), self.rows.size - 1)
        found = np.where(self.rows[at] == wanted, self.trunks[at], 0)
        return [trunk or None for trunk in found.tolist()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which trunks are chosen."""

    rows: frozenset[int]
    """Rows of the Trunks sheet that are to be done: chosen, and not *skip*."""
    left_out: frozenset[int]
    """Rows that ``--only`` or ``--first`` leaves out."""
    unknown: tuple[str, ...] = ()
    """What ``--only`` named that fits no row."""


def choose(records: Sequence[Record], only: Iterable[str], first: int | None) -> Choice:
    """Choose by name or id, then the first so many of those."""
    wanted = tuple(only)
    records = [record for record in records if not record.gives_only]
    named = [r for r in records if not wanted or not _called(r).isdisjoint(wanted)]
    seen = {text for r in named for text in _called(r)}
    rows = [r.row for r in named if not r.skip][:first]
    return Choice(
        rows=frozenset(rows),
        left_out=frozenset(r.row for r in records if not r.skip) - frozenset(rows),
        unknown=tuple(text for text in wanted if text not in seen),
    )


def _called(record: Record) -> set[str]:
    return {text for text in (record.name, "" if record.id is None else str(record.id)) if text}


def nearest_trunk(text: str, records: Iterable[Record]) -> str:
    """Return the Name of the Trunks sheet that is nearest to what was typed; blank where none is near."""
    names = [*dict.fromkeys(record.name for record in records if record.name)]
    return next(iter(nearest_few(text, names, 1)), "")


def notices_only(problems: Iterable[Problem], choice: Choice) -> list[Problem]:
    """Turn the problems of trunks that are not to be done into notices."""
    return [
        replace(p, severity=Severity.NOTICE) if p.stops and p.trunk is not None and p.trunk not in choice.rows else p
        for p in problems
    ]


def long_numbers_allowed(problems: Iterable[Problem], allow: Iterable[str], records: Sequence[Record]) -> list[Problem]:
    """Turn numbers of more than 15 digits into notices where ``--allow long-numbers`` or ``=TRUNK`` says so."""
    granted = {text.partition("=")[2] for text in allow if text.partition("=")[0] == "long-numbers"}
    rows = {record.row for record in records if "" in granted or not granted.isdisjoint(_called(record))}
    return [
        replace(p, severity=Severity.NOTICE) if p.code == "long-number" and (p.trunk in rows or "" in granted) else p
        for p in problems
    ]


def draft(record: Record) -> dict[str, Any]:
    """Make the body that a record alone asks for, before any PBX was read.

    Ids of extensions are not known yet, and lists in mode add or remove hold only the record's own entries: it shows
    what would be sent and how large that is, and is never sent.
    """
    body: dict[str, Any] = {"id": record.id}
    body |= {name: "" if isinstance(value, Secret) else value for name, value in record.fields.items()}
    edits = [(sheet.api, record.lists[sheet]) for sheet in reversed(LIST_SHEETS) if sheet in record.lists]
    return body | {name: [_entry_draft(row) for row in edit.rows] for name, edit in edits}


def _entry_draft(row: EntryRow) -> dict[str, Any]:
    if isinstance(row, DidRow):
        return {"did": row.number, "did_name": row.name or ""}
    draft: dict[str, Any] = {
        "outbound_cid_option": row.option,
        "outbound_cid": row.number,
        "outbound_cid_name": row.name or "",
    }
    if row.option == "range":
        return draft | {"outbound_cid_to_ext_range": row.extension_range or ""}
    members = [("extension", number) for number in row.extensions or ()]
    members += [("ext_group", name) for name in (split_groups(row.groups) if row.groups else ())]
    draft["ext_list"] = [
        {"type": kind} | ({"id": name.id} if isinstance(name, RawId) else {"ext_number": name})
        for kind, name in members
    ]
    return draft
