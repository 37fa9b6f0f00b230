"""Three-way merge of a list: as it was exported, as the PBX holds it now and as a person wants it.

What only one side changed is taken from that side. What both changed, each otherwise, clashes; the person's side is
then taken, and somebody has to allow it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic

from batch.schema.columns import CLEAR, Mode
from batch.trunks.diff import described
from batch.trunks.edited_cells import Key, filled_cells, keyed, members
from batch.trunks.live import CallerId, Did, Entry
from batch.trunks.model import EntryRow, ListEdit

ENTRY: Final = "entry"
LIST: Final = "list"
ORDER: Final = "order"
"""What clashes where it is more than one cell of an entry; its place is the cell of the DID or caller ID."""
_MEMBERS: Final = frozenset({"extensions", "extension_groups"})
_NAMED: Final = 5
"""So many entries are named where many clash at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """What both sides changed, in words; None where an entry is absent."""

    row: int | None
    """Of its sheet; None where the person deleted it."""
    field: str
    """Its column; or `ENTRY`, `LIST`, `ORDER`."""
    number: str
    """The entry's DID or caller ID; blank for the whole list."""
    base: str | None
    live: str | None
    yours: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Woven(Generic[Entry]):
    """A list that three sides agree on, or that a person has the last word on."""

    entries: tuple[Entry, ...]
    clashes: tuple[Clash, ...] = ()
    mine: frozenset[Key] = frozenset()
    """Entries that the person added, changed or deleted."""
    reordered: bool = False
    """Whether the person put entries into another order."""


def weave(
    edit: ListEdit[EntryRow],
    asked: ListEdit[EntryRow],
    base: Sequence[Entry],
    live: Sequence[Entry],
    filled: Callable[[EntryRow, Entry | None], Entry],
) -> Woven[Entry]:
    """Weave a list.

    Args:
        edit: all rows of the sheet, with mode *replace* or *add*.
        asked: of those, the ones that a person touched, blank where they did not.
        base: the list at the time of the export.
        live: the list now.
        filled: makes an entry from a row and the entry that its blank cells leave alone.
    """
    if edit.clear is not None:
        return _cleared(edit.clear, base, live)
    was: Mapping[Key, Entry] = keyed(base)
    now: Mapping[Key, Entry] = keyed(live)
    rows: Mapping[Key, EntryRow] = keyed(edit.rows)
    touched: Mapping[Key, EntryRow] = keyed(asked.rows)
    kept = {key for key in now if key in rows or key not in was or edit.mode is Mode.ADD}
    woven = {key: now[key] for key in now if key in kept}
    clashes: list[Clash] = []
    for key, row in touched.items():
        then, current = was.get(key), now.get(key)
        woven[key] = filled(row, current or then)
        clashes += _both_changed(row, then, current, woven[key])
    deleted: list[Key] = [key for key in was if key not in rows] if edit.mode is Mode.REPLACE else []
    clashes += [_deleted_though_changed(was[key], now[key]) for key in deleted if key in now and now[key] != was[key]]
    order, reordered = list(woven), False
    if edit.mode is Mode.REPLACE:
        order, reordered = _ordered(woven.keys(), was, now, rows)
        clashes += _both_reordered(edit.rows[0].row, was, now, rows) if reordered else []
    return Woven(
        entries=tuple(woven[key] for key in order),
        clashes=tuple(clashes),
        mine=frozenset([*touched, *deleted]),
        reordered=reordered,
    )


def _cleared(row: int, base: Sequence[Entry], live: Sequence[Entry]) -> Woven[Entry]:
    """Empty a list; what came up on the PBX since, or was changed there, nobody has seen who wanted that."""
    was: Mapping[Key, Entry] = keyed(base)
    now: Mapping[Key, Entry] = keyed(live)
    unseen = [described(entry) for key, entry in now.items() if was.get(key) != entry]
    clash = Clash(
        row=row,
        field=LIST,
        number="",
        base=_some(map(described, base)),
        live=f"changed: {_some(unseen)}",
        yours=CLEAR,
    )
    return Woven(entries=(), clashes=(clash,) if unseen else (), mine=frozenset([*was, *now]))


def _deleted_though_changed(was: Did | CallerId, now: Did | CallerId) -> Clash:
    return Clash(row=None, field=ENTRY, number=_number(was), base=described(was), live=described(now), yours=None)


def _both_changed(row: EntryRow, then: Entry | None, current: Entry | None, wanted: Entry) -> Iterator[Clash]:
    """Find the cells of a touched row in which the PBX holds neither what it held then nor what is wanted."""
    if current is None and then is None:
        return
    for field in filled_cells(row):
        before, now, new = (_part(entry, field) for entry in (then, current, wanted))
        if now not in (before, new):
            yield Clash(
                row=row.row,
                field=field,
                number=row.number,
                base=_said(then, field),
                live=_said(current, field),
                yours=_said(wanted, field),
            )


def _part(entry: Did | CallerId | None, field: str) -> Hashable:
    if isinstance(entry, CallerId) and field in _MEMBERS:
        return frozenset(members(entry, field))
    if isinstance(entry, CallerId) and field == "outbound_cid_to_ext_range":
        return entry.extension_range
    return None if entry is None else entry.name


def _said(entry: Did | CallerId | None, field: str) -> str | None:
    if isinstance(entry, CallerId) and field in _MEMBERS:
        return ", ".join(member.number or f"#{member.id}" for member in members(entry, field))
    part = _part(entry, field)
    return None if part is None else str(part)


def _ordered(
    woven: Collection[Key], was: Iterable[Key], now: Iterable[Key], rows: Iterable[Key]
) -> tuple[list[Key], bool]:
    """Put the entries in order, and tell whether the person put those of the export into another one.

    The PBX's order counts, with new rows behind those that stand before them on the sheet; or the sheet's, where the
    person changed it, with what came up on the PBX behind what stands before it there.
    """
    sheet, earlier = list(rows), set(was)
    theirs = [key for key in sheet if key in earlier and key in woven]
    placed = set(theirs)
    if theirs == [key for key in was if key in placed]:
        head, order = _put_between([key for key in now if key in woven], sheet, woven)
        return head + order, False
    tail, order = _put_between([key for key in sheet if key in woven], now, woven)
    return order + tail, True


def _put_between(order: Sequence[Key], guide: Iterable[Key], woven: Collection[Key]) -> tuple[list[Key], list[Key]]:
    """Put what is not in the order behind what is before it in the guide; what has nothing before it comes apart."""
    placed, behind, last = set(order), defaultdict[Key | None, list[Key]](list), None
    for key in guide:
        if key in placed:
            last = key
        elif key in woven:
            behind[last].append(key)
    return behind[None], [each for key in order for each in (key, *behind[key])]


def _both_reordered(
    row: int, was: Mapping[Key, Entry], now: Mapping[Key, Entry], rows: Mapping[Key, EntryRow]
) -> Iterator[Clash]:
    then = [key for key in was if key in now and key in rows]
    both = set(then)
    current, wanted = ([key for key in side if key in both] for side in (now, rows))
    if current not in (then, wanted):
        numbers = {key: _number(was[key]) for key in then}
        before, live, new = (_some(numbers[key] for key in side) for side in (then, current, wanted))
        yield Clash(row=row, field=ORDER, number="", base=before, live=live, yours=new)


def _number(entry: Did | CallerId) -> str:
    return entry.did if isinstance(entry, Did) else entry.caller_id


def _some(texts: Iterable[str]) -> str:
    listed = list(texts)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
