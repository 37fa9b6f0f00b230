"""Way back: a trunk as it was before a run, or at an export, put together with what the PBX holds by now. Pure.

Three sides of each field and each entry of a list: *before*, what it goes back to; *wrote*, what the run left there;
*now*. What still is as the run wrote it goes back. What is neither the one nor the other somebody has changed since:
that is kept, unless it may be overwritten. What the run did not write is not looked at, so an entry added since stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from batch.schema.column_model import ListSheet, Mode
from batch.schema.columns import LIST_SHEETS, TRUNKS
from batch.secrets import HIDDEN, Secret
from batch.tables.rows import Tables
from batch.trunks.change_plan import Change
from batch.trunks.diff import (
    Desired,
    Key,
    alike,
    compare,
    entry_text,
    keyed,
    live_value,
    value_text,
)
from batch.trunks.entries import Filling
from batch.trunks.list_merge import put_between
from batch.trunks.live import NOT_SHOWN, Entry, Inventory, LiveTrunk, is_masked, parse_trunk
from batch.trunks.live_checks import Hazard, check_live, hazards, incomplete, refusals, unread
from batch.trunks.merge import WAY_BACK
from batch.trunks.model import ListEdit, Record
from batch.trunks.values import Value
from batch.wording import some_of

OVERWRITE: Final = "overwrite-later-edits"
"""The hazard that somebody's later edit is overwritten."""
_ABSENT: Final = "absent"
_NAMED: Final = 5
"""So many entries are named where their order is another."""
_LATER: Final = "Somebody changed it since."
_MASKED: Final = "The PBX does not show the old password."
_NOT_KNOWN: Final = "What the run wrote is not known any more, so whether somebody changed it since cannot be told."
_NOT_TYPED: Final = "The old password is not in this file: type it into the cell, or undo the run in its folder."


class Restoration(StrEnum):
    """What becomes of a field or an entry that a run wrote."""

    RESTORED = "restored"
    KEPT = "kept"
    """Somebody changed it since."""
    ALREADY_BACK = "already back"
    LOST = "cannot be restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What becomes of one field or entry, with its three sides in words."""

    row: int
    """Of its trunk on the Trunks sheet."""
    trunk: str
    field: str
    """``Hostname``, ``DID 442079460100``, ``Order of the DIDs``."""
    before: str
    wrote: str
    now: str
    fate: Restoration
    why: str = ""
    later: bool = False
    """Whether somebody changed it since, also where that is overwritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """What one trunk goes back to."""

    wrote: LiveTrunk
    """As the run left it; of an export, as it was then."""
    before: Mapping[str, Any]
    """Fields and lists that go back, by the API's name, as JSON has them; of a password only that there was one."""
    lost: Sequence[tuple[str, str]] = ()
    """What cannot be put into cells, as people call it, and why."""
    whole: bool = False
    """Whether everything goes back, whoever changed it: an export that is restored."""
    password_wrote: Secret | None = None
    """The password that the run wrote, where it is known."""

    def entries(self, sheet: ListSheet) -> tuple[Entry, ...]:
        """Return the entries of a list before the run."""
        return parse_trunk({"id": 0, sheet.api: self.before[sheet.api]}).lists[sheet].entries


def way_back_of(base: LiveTrunk) -> WayBack | None:
    """Read what the hidden sheet of a way back says of a trunk; None where it says nothing of the kind."""
    said = base.whole.get(WAY_BACK)
    if not isinstance(said, dict) or not isinstance(said.get("before"), dict):
        return None
    return WayBack(wrote=base, before=said["before"], lost=[(what, why) for what, why in said.get("lost", ())])


def restored(base: LiveTrunk) -> WayBack:
    """Take everything that an export says of a trunk for what it goes back to."""
    names = [c.field for c in TRUNKS.columns if c.sent and c.field != "password" and base.type in c.types]
    fields = {name: base.value(name) for name in names if not base.shared or TRUNKS.column(name).shared}
    lists = {s.api: base.whole.get(s.api, ()) for s in LIST_SHEETS if base.type in s.types and s.api not in base.unread}
    return WayBack(wrote=base, before=fields | lists, whole=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One field or list on its way back."""

    name: str
    fields: Mapping[str, Value] = field(default_factory=dict)
    lists: Mapping[ListSheet, tuple[Entry, ...]] = field(default_factory=dict)
    edits: Mapping[ListSheet, ListEdit[Any]] = field(default_factory=dict)
    lines: Sequence[Return] = ()


def plan_back(
    tables: Tables, record: Record, live: LiveTrunk, inventory: Inventory, back: WayBack, *, overwrite: bool
) -> tuple[Change, list[Hazard], list[Return]]:
    """Put what a trunk goes back to against what it holds now.

    What the PBX would not take, or nobody can look up any more, stays as it is, and stops nothing else.
    """
    sides = _Sides(tables, record, live, inventory, back, overwrite=overwrite or back.whole)
    lines, sound = list(sides.lost()), list[_Part]()
    for part in (*sides.fields(), *sides.lists()):
        why = _refusal(tables, record, live, inventory, part) if part.fields or part.lists else ""
        lines += [_refused(line, why) for line in part.lines] if why else part.lines
        sound += [] if why else [part]
    desired = Desired(
        fields={name: value for part in sound for name, value in part.fields.items()},
        lists={sheet: entries for part in sound for sheet, entries in part.lists.items()},
    )
    edits = {sheet: edit for part in sound for sheet, edit in part.edits.items()}
    asked = replace(record, fields=desired.fields, lists=edits)
    change = Change(record=record, live=live, desired=desired, difference=compare(live, desired))
    return change, [*hazards(asked, live, change.difference)], lines


def _refused(line: Return, why: str) -> Return:
    return replace(line, fate=Restoration.LOST, why=why, later=False) if line.fate is Restoration.RESTORED else line


def all_lost(record: Record, back: WayBack, why: str) -> list[Return]:
    """Say of everything that a run wrote on a trunk that it cannot be restored."""
    called = [TRUNKS.column(what).label for what in back.before if what in {c.field for c in TRUNKS.columns}]
    called += [sheet.title for sheet in LIST_SHEETS if sheet.api in back.before]
    lost = [*((what, why) for what in called), *back.lost]
    return [_lost(record.row, record.label, what, reason) for what, reason in lost]


def with_names_given_up(
    inventory: Inventory, backs: Iterable[tuple[Record, LiveTrunk, WayBack]], overwrite: Callable[[LiveTrunk], bool]
) -> Inventory:
    """Leave out of an inventory the trunks that give up their names on the way back: another one may have them.

    One whose old name somebody else has, who keeps it, gives up nothing.
    """
    wanted: dict[int, str] = {}
    for record, live, back in backs:
        name = record.fields.get("name", live.name) if "name" in back.before else live.name
        if name != live.name and (live.name == back.wrote.name or back.whole or overwrite(live)):
            wanted[live.id] = str(name)
    staying: set[int] | None = None
    while staying is None or staying:
        holders = {number: inventory.by_name.get(name) for number, name in wanted.items()}
        staying = {n for n, holder in holders.items() if holder is not None and holder.id not in {n, *wanted}}
        wanted = {number: name for number, name in wanted.items() if number not in staying}
    return replace(inventory, trunks=tuple(trunk for trunk in inventory.trunks if trunk.id not in wanted))


def _lost(row: int, trunk: str, what: str, why: str) -> Return:
    return Return(row=row, trunk=trunk, field=what, before="", wrote="", now="", fate=Restoration.LOST, why=why)


def overwritten(record: Record, live: LiveTrunk, lines: Sequence[Return]) -> Iterator[Hazard]:
    """Name what somebody changed since on a trunk and what goes back all the same."""
    later = [line for line in lines if line.later and line.fate is Restoration.RESTORED]
    if later:
        first = later[0]
        said = f"{first.field} is {first.now} now and would be {first.before} again"
        more = f", and {len(later) - 1:,} more" if len(later) > 1 else ""
        yield Hazard(
            code=OVERWRITE,
            row=record.row,
            trunk=live.name or str(live.id),
            message=f"{live.label}: what somebody changed since would be overwritten: {said}{more}.",
        )


def _refusal(tables: Tables, record: Record, live: LiveTrunk, inventory: Inventory, part: _Part) -> str:
    """Say why a part cannot be written, looked at by itself; blank where it can."""
    asked = replace(record, fields=part.fields, lists=part.edits)
    desired = Desired(fields=part.fields, lists=part.lists)
    change = Change(record=asked, live=live, desired=desired, difference=compare(live, desired))
    found = [*check_live(tables, asked, live, inventory), *unread(tables, asked, live)]
    found += incomplete(tables, asked, live, desired, change.difference)
    said = next((problem.message for problem in found if problem.stops), "")
    if said or live.type is None or not change.difference:
        return said
    return next((f"The API does not take it back ({why})." for why in refusals(live.type, change.body())), "")


class _Sides:
    """The three sides of one trunk."""

    def __init__(
        self, tables: Tables, record: Record, live: LiveTrunk, inventory: Inventory, back: WayBack, *, overwrite: bool
    ) -> None:
        self._tables, self._record, self._live = tables, record, live
        self._inventory, self._back, self._overwrite = inventory, back, overwrite

    def lost(self) -> Iterator[Return]:
        for what, why in self._back.lost:
            yield _lost(self._record.row, self._live.label, what, why)

    def _line(
        self, called: str, sides: tuple[str, str, str], fate: Restoration, why: str = "", *, later: bool
    ) -> Return:
        before, wrote, now = sides
        why = why or (_LATER if later else "")
        trunk, row = self._live.label, self._record.row
        return Return(
            row=row, trunk=trunk, field=called, before=before, wrote=wrote, now=now, fate=fate, why=why, later=later
        )

    def _fate(self, *, back: bool, as_wrote: bool) -> Restoration:
        if back:
            return Restoration.ALREADY_BACK
        return Restoration.RESTORED if as_wrote or self._overwrite else Restoration.KEPT

    def fields(self) -> Iterator[_Part]:
        """Yield the plain fields that a cell says, or that were blank at an export that is restored."""
        back, asked = self._back, dict(self._record.fields)
        if back.whole:
            blank = {name: "" for name in back.before if back.before[name] == ""}
            asked = blank | asked
        if "password" in back.before or "password" in asked:
            yield self._password(asked.pop("password", None))
        for name, before in asked.items():
            wrote, now = live_value(back.wrote, name), live_value(self._live, name)
            if name not in back.before and alike(name, before, wrote):
                continue  # a Name that only says which trunk it is
            as_wrote = alike(name, now, wrote)
            fate = self._fate(back=alike(name, now, before), as_wrote=as_wrote)
            later = fate is not Restoration.ALREADY_BACK and not as_wrote
            if back.whole and fate is Restoration.ALREADY_BACK:
                continue
            said = (value_text(name, before), value_text(name, wrote), value_text(name, now))
            line = self._line(TRUNKS.column(name).label, said, fate, later=later)
            yield _Part(name=name, fields={name: before} if fate is Restoration.RESTORED else {}, lines=[line])

    def _password(self, typed: Value | None) -> _Part:
        """Return the part of the password, whose sides nobody sees."""
        before = typed if isinstance(typed, Secret) else None
        fate, why = self._fate_of_password(before)
        sides = (HIDDEN, HIDDEN, HIDDEN)
        line = self._line(TRUNKS.column("password").label, sides, fate, why, later=fate is Restoration.KEPT)
        fields = {"password": before} if fate is Restoration.RESTORED and before is not None else {}
        return _Part(name="password", fields=fields, lines=[line])

    def _fate_of_password(self, before: Secret | None) -> tuple[Restoration, str]:
        if before is None:
            return Restoration.LOST, _NOT_TYPED
        if is_masked(before.reveal()):
            return Restoration.LOST, _MASKED
        wrote, now = self._back.password_wrote, live_value(self._live, "password")
        as_wrote = wrote is not None and not self._live.hides_password and alike("password", now, wrote)
        fate = self._fate(back=alike("password", now, before), as_wrote=as_wrote)
        return fate, "" if fate is not Restoration.KEPT else _NOT_KNOWN if wrote is None else _LATER

    def lists(self) -> Iterator[_Part]:
        """Yield the lists whose rows are there, or that were empty at an export that is restored."""
        for sheet in LIST_SHEETS:
            edit = self._record.lists.get(sheet)
            if sheet.api not in self._back.before:
                continue
            if edit is None and self._back.whole and not self._back.before[sheet.api]:
                edit = ListEdit(mode=Mode.REPLACE, explicit=True)
            if edit is not None:
                yield self._list(sheet, replace(edit, mode=Mode.REPLACE, explicit=True))

    def _list(self, sheet: ListSheet, edit: ListEdit[Any]) -> _Part:
        live, wrote = self._live, self._back.wrote.lists[sheet].entries
        unread = live.unread.get(sheet.api)
        if unread is not None and (wrote or unread != NOT_SHOWN):
            why = f"It cannot be read now: {unread}."
            return _Part(name=sheet.api, lines=[_lost(self._record.row, live.label, sheet.title, why)])
        one = _ListSides(
            target={}, before=keyed(self._back.entries(sheet)), wrote=keyed(wrote), now=keyed(live.lists[sheet].entries)
        )
        self._fill(one, edit)
        merged, lines = dict(one.now), list[Return]()
        for key in dict.fromkeys([*one.target, *one.wrote, *(one.now if self._back.whole else ())]):
            trimmed = key in one.before and key not in one.target and edit.clear is None
            if not trimmed and (self._back.whole or one.target.get(key) != one.wrote.get(key)):
                lines += self._entry(sheet, key, one, merged)
        order, moved = self._order(sheet, one, merged)
        entries = tuple(merged[key] for key in order)
        changed = entries != tuple(one.now.values())
        return _Part(
            name=sheet.api,
            lists={sheet: entries} if changed else {},
            edits={sheet: edit} if changed else {},
            lines=[*lines, *moved],
        )

    def _fill(self, one: _ListSides, edit: ListEdit[Any]) -> None:
        """Make entries of the rows, each by itself: one that cannot be looked up any more holds up no other."""
        for key, row in keyed(edit.rows).items():
            filled = Filling(self._tables, self._inventory)
            entry = filled(row, None)
            if filled.problems and key in one.before:
                entry = one.before[key]
            if filled.problems:
                one.at_fault[key] = filled.problems[0].message
            one.target[key] = entry

    def _entry(self, sheet: ListSheet, key: Key, one: _ListSides, merged: dict[Key, Entry]) -> Iterator[Return]:
        """Take one entry back in what is merged, and say so."""
        target, wrote, now = one.target.get(key), one.wrote.get(key), one.now.get(key)
        fate = self._fate(back=now == target, as_wrote=now == wrote)
        why = one.at_fault.get(key, "") if fate is Restoration.RESTORED else ""
        fate = Restoration.LOST if why else fate
        later = fate in {Restoration.KEPT, Restoration.RESTORED} and now != wrote
        if fate is Restoration.RESTORED and target is None:
            merged.pop(key, None)
        elif fate is Restoration.RESTORED and target is not None:
            merged[key] = target
        if not self._back.whole or fate is not Restoration.ALREADY_BACK:
            known = next(entry for entry in (target, wrote, now) if entry is not None)
            said = (_said(target), _said(wrote), _said(now))
            yield self._line(f"{sheet.column(sheet.number).label} {known.number}", said, fate, why, later=later)

    def _order(
        self, sheet: ListSheet, one: _ListSides, merged: Mapping[Key, Entry]
    ) -> tuple[Sequence[Key], Sequence[Return]]:
        """Put the entries in order; where the run had put them into another one, say what becomes of that."""
        shared = {key for key in one.target if key in one.wrote and key in one.now and key in merged}
        before, wrote, now = ([key for key in side if key in shared] for side in (one.target, one.wrote, one.now))
        head, as_now = put_between([key for key in one.now if key in merged], one.target, merged)
        if before == (now if self._back.whole else wrote):
            return [*head, *as_now], ()
        fate = self._fate(back=before == now, as_wrote=now == wrote)
        numbers = (some_of((merged[key].number for key in side), _NAMED) for side in (before, wrote, now))
        first, second, third = numbers
        later = fate is not Restoration.ALREADY_BACK and now != wrote
        line = self._line(f"Order of the {sheet.words}", (first, second, third), fate, later=later)
        if fate is Restoration.KEPT:
            return [*head, *as_now], [line]
        tail, as_before = put_between([key for key in one.target if key in merged], one.now, merged)
        return [*as_before, *tail], [line]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ListSides:
    """The sides of one list, each entry by its key."""

    target: dict[Key, Entry]
    """What the rows say."""
    before: Mapping[Key, Entry]
    """What the trunk held, also where somebody took its row out: then it is left as it is."""
    wrote: Mapping[Key, Entry]
    now: Mapping[Key, Entry]
    at_fault: dict[Key, str] = field(default_factory=dict)
    """Why an entry cannot be made of its row."""


def _said(entry: Entry | None) -> str:
    return _ABSENT if entry is None else entry_text(entry)
