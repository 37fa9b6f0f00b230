"""Live reads: lists read to their end and trunks whole, several requests at a time."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from batch.errors import PbxError, PbxUnreachable
from batch.pbx import messages
from batch.pbx.error_codes import explain
from batch.pbx.messages import Answer, Request
from batch.schema.columns import DIDS, LIST_OF
from batch.trunks.live import (
    NOT_SHOWN,
    WHOLE_TRUNK,
    Inventory,
    LiveTrunk,
    extension_ids,
    id_of,
    parse_groups,
    parse_listed,
    parse_trunk,
    unreadable_trunk,
)
from batch.trunks.routes import InboundRoutes, parse_routes

PAGE_SIZE: Final = 200
"""Rows asked for in one page; the PBX may serve fewer."""
BATCH: Final = 50
"""Trunks read whole in one call."""
T = TypeVar("T")

_MOST_ROWS: Final = 200_000
_READINGS: Final = 3
"""So many times a list is read that becomes another one meanwhile."""
_PAGES_AHEAD: Final = 100
"""The most pages asked for without looking at what they bring."""
_IN_VAIN: Final = 3
"""After so many trunks in a row that the PBX refuses to show, it is not asked for more of them."""
_LEAST_CUT: Final = 8
"""A first page of fewer rows is taken for the whole list where its count says so: no box serves less than that."""
_NO_SUCH_CALL: Final = 10001
_NOT_FOUND: Final = 60001
_POLL_S: Final = 0.2
"""The waiting thread wakes this often, so that Ctrl-C is heard on Windows too."""


class LiveReads(ABC):
    """What can be read of a PBX, by whoever can ask it.

    Raises from each of its methods:
        PbxError: the PBX cannot be read, does not serve what is asked for, or serves pages that do not add up.
        Stopped: nothing more is to be sent.
    """

    def __init__(self, at_once: int, notice: Callable[[str], None]) -> None:
        """Read with so many threads; ``notice`` is told, in words, of a list that is shorter than it says."""
        self._at_once = at_once
        self._notice = notice

    @abstractmethod
    def ask(self, request: Request) -> Answer:
        """Send a read; returns an answer with errcode 0, or one that says no for good."""

    def pages(self, page_of: Callable[[int, int], Request]) -> list[Mapping[str, Any]]:
        """Read a list to its end.

        Raises:
            PbxError: the PBX does not serve it, or serves pages that do not add up.
        """
        found = self._pages(page_of)
        if isinstance(found, Answer):
            raise _cannot_read(found)
        return found

    def _pages(self, page_of: Callable[[int, int], Request]) -> list[Mapping[str, Any]] | Answer:
        """Read a list to its end, or return what the PBX said instead. A row that comes twice counts once.

        What grows or shrinks while it is read may hide a row between two pages, so it is read again, a few times.
        """
        found: list[Mapping[str, Any]] | Answer = []
        for _ in range(_READINGS):
            pages = _Pages()
            found = self._read_pages(page_of, pages)
            if isinstance(found, Answer) or not pages.moved:
                break
        return found

    def _read_pages(self, page_of: Callable[[int, int], Request], pages: _Pages) -> list[Mapping[str, Any]] | Answer:
        """Read a list once: its first page, then as many side by side as that says, then one by one to the end.

        Some firmware counts the page rather than the list, so a first page that may have been cut is not believed.
        """
        brought = True
        while brought and not pages.complete:
            if len(pages.rows) > _MOST_ROWS:
                raise _odd("a list without an end")
            numbers = range(pages.read + 1, pages.read + 1 + pages.ahead)
            steps = [partial(self.ask, page_of(number, PAGE_SIZE)) for number in numbers]
            brought = False
            for answer in concurrently(steps, self._at_once):
                if answer.errcode:
                    return answer
                brought |= pages.add(_rows(answer), _count(answer.body.get("total_number")))
        said, shown = pages.total, len(pages.rows)
        if not brought and not pages.moved and said:
            if not shown:
                raise _odd(f"a list of {said:,} rows, of which it shows none")
            if shown < said:
                self._notice(f"The PBX says that a list of it has {said:,} rows, and shows {shown:,} of them.")
        return list(pages.rows.values())

    def listed(self) -> tuple[LiveTrunk, ...]:
        """Read all trunks as ``trunk/list`` gives them: id, name, type and status."""
        return parse_listed(self.pages(messages.list_trunks))

    def inventory(self, *, extensions: bool, groups: bool) -> Inventory:
        """Read what a plan looks up; extensions and groups only where the workbook names any."""
        lists: dict[str, Callable[[], Any]] = {"trunks": self.listed}
        if extensions:
            lists["extensions"] = lambda: extension_ids(self.pages(messages.list_extensions))
        if groups:
            lists["groups"] = self._groups
        found = concurrently([*lists.values()], self._at_once)
        return Inventory(**dict(zip(lists, found, strict=True)))

    def _groups(self) -> dict[str, int]:
        found = self._pages(messages.list_extension_groups)
        if isinstance(found, Answer):
            menu = self.ask(messages.menu_of_groups()) if found.errcode == _NO_SUCH_CALL else found
            if menu.errcode:
                raise _cannot_read(menu)
            found = _rows(menu)
        return parse_groups(found)

    def inbound_routes(self) -> InboundRoutes:
        """Read the inbound routes, many in a call, or say why they cannot be read: firmware and clients may lack them.

        Raises:
            PbxUnreachable: the PBX is not there any more.
            Stopped: nothing more is to be sent.
        """
        try:
            ids = [id_of(row) for row in self.pages(messages.list_inbound_routes)]
            known = [number for number in ids if number is not None]
            if len(known) < len(ids) or not ids:
                return InboundRoutes(unread="the PBX lists one without a usable id" if ids else "the PBX shows none")
            batches = [known[start : start + BATCH] for start in range(0, len(known), BATCH)]
            read = concurrently([partial(self._routes, batch) for batch in batches], self._at_once)
        except PbxUnreachable:
            raise
        except PbxError as error:
            return InboundRoutes(unread=error.message.rstrip("."))
        return parse_routes(row for batch in read for row in batch)

    def _routes(self, ids: Sequence[int]) -> list[Mapping[str, Any]]:
        """Read inbound routes whole; one that such a call leaves out is asked for alone, and may be gone by then."""
        answer = self.ask(messages.query_inbound_routes(ids))
        rows = {id_of(row): row for row in _rows(answer)} if not answer.errcode else {}
        for number in ids:
            if number not in rows:
                answer = self.ask(messages.get_inbound_route(number))
                if answer.errcode not in {0, _NOT_FOUND}:
                    raise _cannot_read(answer)
                shown = _rows(answer) or [{"name": f"id {number}"}]  # something without an id
                rows |= {number: shown[0]} if not answer.errcode else {}
        return [rows[number] for number in ids if number in rows]

    def trunks(self, ids: Sequence[int], before: Iterable[LiveTrunk] = ()) -> dict[int, LiveTrunk]:
        """Read trunks whole, many in a call; those that the PBX does not have are left out.

        What such a call leaves out, shows twice or shows in part is asked for alone before it is believed. One that
        cannot be read even then is `WHOLE_TRUNK` among what is unread of it, and the others are read all the same.

        Raises:
            PbxError: the PBX cannot be read.
            Stopped: nothing more is to be sent.
        """
        known = {trunk.id: trunk for trunk in before}
        batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
        read = concurrently([partial(self._batch, batch, known) for batch in batches], self._at_once)
        return {number: trunk for batch in read for number, trunk in batch.items()}

    def all_with_dids(
        self, listed: Iterable[LiveTrunk], live: Mapping[int, LiveTrunk]
    ) -> tuple[dict[int, LiveTrunk], list[LiveTrunk]]:
        """Read those trunks whole that can have DIDs and are not ``live`` yet; also return those that are not shown.

        Raises:
            PbxUnreachable: nothing answers any more.
        """
        with_dids = [trunk for trunk in listed if trunk.id and trunk.type in DIDS.types]
        found = dict(live)
        try:
            found |= self.trunks([trunk.id for trunk in with_dids if trunk.id not in live])
        except PbxUnreachable:
            raise
        except PbxError:  # of the others none may be shown; that is said, and stops nothing
            pass
        whole = {trunk.id: found[trunk.id] for trunk in with_dids if trunk.id in found}
        whole = {number: trunk for number, trunk in whole.items() if _shows_dids(trunk)}
        return whole, [trunk for trunk in with_dids if trunk.id not in whole]

    def _batch(self, ids: Sequence[int], known: Mapping[int, LiveTrunk]) -> dict[int, LiveTrunk]:
        answer = self.ask(messages.query_trunks(ids))
        seen = _whole_ones(_rows(answer), ids, known) if not answer.errcode else {}
        return seen | self._one_by_one([number for number in ids if number not in seen])

    def _one_by_one(self, ids: Sequence[int]) -> dict[int, LiveTrunk]:
        """Read trunks each alone; a list that is null even then is an empty one.

        Raises:
            PbxError: none of the first ones can be read, so it is not the trunks that are at fault.
        """
        found: dict[int, LiveTrunk] = {}
        for place, number in enumerate(ids, 1):
            answer = self.ask(messages.get_trunk(number))
            in_vain = place == _IN_VAIN and all(WHOLE_TRUNK in trunk.unread for trunk in found.values())
            if answer.errcode == _NO_SUCH_CALL or (answer.errcode not in {0, _NOT_FOUND} and in_vain and found):
                raise _cannot_read(answer)
            if answer.errcode != _NOT_FOUND and (trunk := _alone(answer, number)) is not None:
                found[number] = trunk
        return found


def _shows_dids(trunk: LiveTrunk) -> bool:
    return WHOLE_TRUNK not in trunk.unread and trunk.unread.get(DIDS.api, NOT_SHOWN) == NOT_SHOWN


def concurrently(steps: Sequence[Callable[[], T]], at_once: int) -> list[T]:
    """Take steps in threads of their own, so many at a time, and return what each gave, in their order.

    After one that fails no other is begun, and those under way are waited for; only Ctrl-C leaves them to themselves.

    Raises:
        BaseException: whatever the first one to fail raised.
    """
    if len(steps) <= 1 or at_once <= 1:
        return [step() for step in steps]
    left = deque(enumerate(steps))
    found: dict[int, T] = {}
    failures: list[BaseException] = []
    working = min(at_once, len(steps))
    lock, over = threading.Lock(), threading.Event()

    def take() -> tuple[int, Callable[[], T]] | None:
        with lock:
            return left.popleft() if left and not failures else None

    def work() -> None:
        nonlocal working
        try:
            while taken := take():
                place, step = taken
                found[place] = step()
        except BaseException as failure:  # noqa: BLE001 - raised below, in the thread that waits
            failures.append(failure)
        finally:
            with lock:
                working -= 1
                if not working:
                    over.set()

    try:  # from here on Ctrl-C may come at any moment, also while they start
        for number in range(working):
            threading.Thread(target=work, name=f"read-{number + 1}", daemon=True).start()
        while not over.wait(_POLL_S):
            pass
    finally:
        left.clear()
    if failures:
        raise failures[0]
    return [found[place] for place in range(len(steps))]


@dataclass(slots=True, kw_only=True)
class _Pages:
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    read: int = 0
    """How many pages."""
    served: int = 0
    """How many rows the first one had."""
    total: int | None = None
    """How many rows the last one said that the list has."""
    totals: set[int] = field(default_factory=set)
    """All that was said, but for what is only the number of rows of that page."""

    def add(self, rows: Sequence[Mapping[str, Any]], total: int | None) -> bool:
        """Take in the next page, and tell whether it brought anything new."""
        before = len(self.rows)
        self.rows |= {_key(row): row for row in rows}
        self.read += 1
        self.served = self.served or len(rows)
        self.total = total
        if total is not None and (total != len(rows) or not rows):
            self.totals.add(total)
        return len(self.rows) > before

    @property
    def complete(self) -> bool:
        return len(self.rows) == self.total and (self.read > 1 or self.served < _LEAST_CUT)

    @property
    def moved(self) -> bool:
        """Whether the list became another one while it was read."""
        return len(self.totals) > 1

    @property
    def ahead(self) -> int:
        """How many pages are still missing, going by what the PBX says; at least one."""
        missing = (self.total or 0) - self.served * self.read
        return max(1, min(-(-missing // self.served), _PAGES_AHEAD)) if self.served else 1


def _whole_ones(
    rows: Iterable[Mapping[str, Any]], ids: Sequence[int], known: Mapping[int, LiveTrunk]
) -> dict[int, LiveTrunk]:
    """Return those of these trunks that are shown once, and with their lists."""
    shown: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        number = id_of(row)
        if number is not None and row not in shown[number]:
            shown[number].append(row)
    once = {number: shown[number][0] for number in ids if len(shown.get(number, ())) == 1}
    trunks = {number: _parsed(row, known.get(number)) for number, row in once.items()}
    return {number: trunk for number, trunk in trunks.items() if not trunk.unread}


def _parsed(row: Mapping[str, Any], before: LiveTrunk | None) -> LiveTrunk:
    return parse_trunk(row) if before is None or row != before.whole else before


def _alone(answer: Answer, number: int) -> LiveTrunk | None:
    """Understand the answer to a question about one trunk; None if it is not there."""
    if answer.errcode:
        return unreadable_trunk(number, "", f"the PBX answers {_answered(answer)} when asked for it")
    data = answer.body.get("data")
    found = data if isinstance(data, list) else [] if data is None else [data]
    if not found:
        return None
    rows = [row for row in found if isinstance(row, Mapping) and id_of(row) == number]
    if not rows:
        return unreadable_trunk(number, "", "the PBX answers with something else when asked for it")
    return parse_trunk(_nulls_emptied(rows[0]))


def _nulls_emptied(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, **{name: [] for name in LIST_OF if name in row and row[name] is None}}


def _key(row: Mapping[str, Any]) -> str:
    """Return what tells the rows of a list apart; two that share an id by mistake are two."""
    return str((row.get("id", row), row.get("name"), row.get("number")))


def _rows(answer: Answer) -> list[Mapping[str, Any]]:
    """Return the objects of a list; what is none says nothing about anything. An object with an id is its only row."""
    data = answer.body.get("data")
    if isinstance(data, Mapping):
        return [data] if {"id", "value"} & data.keys() else []
    return [row for row in (data if isinstance(data, list) else ()) if isinstance(row, Mapping)]


def _count(total: object) -> int | None:
    try:
        return int(total) if isinstance(total, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def _odd(what: str) -> PbxError:
    return PbxError(
        f"The PBX sent something that this tool cannot read: {what}.",
        "Check that the address is the PBX's own, then ask for help with the run's log.",
    )


def _answered(answer: Answer) -> str:
    return f"{answer.errcode} {answer.errmsg or explain(answer.errcode).errmsg}"


def _cannot_read(answer: Answer) -> PbxError:
    known = explain(answer.errcode)
    return PbxError(
        f"The PBX answered {answer.errcode} {answer.errmsg or known.errmsg} to a read. {known.meaning}",
        known.next_step,
    )
