"""Port order: the numbers that a carrier ports, put against the workbook and the PBX. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final, NamedTuple

from batch.schema.column_model import Mode
from batch.schema.columns import DIDS
from batch.schema.problems import Finding
from batch.tables.row_results import ListedSheet, Tone
from batch.tables.table import Table
from batch.tables.unknown_columns import shown_cell
from batch.tables.written_numbers import together
from batch.trunks.e164 import Numbering
from batch.trunks.live import LiveTrunk
from batch.trunks.live_checks import Hazard
from batch.trunks.model import Record
from batch.trunks.number_lists import NumberList, parse_numbers
from batch.trunks.numbers import NumberRange, did_key, parse_did
from batch.trunks.patterns import Matcher, covered_numbers, is_pattern, numbers_covered
from batch.wording import counted, some_of

_MOST: Final = 1_000_000
"""So many numbers a range of a carrier's list may have."""
_WRITTEN_OUT: Final = 10_000
"""The most numbers of a pattern that are looked for one by one."""
_TRUNK_ZERO: Final = re.compile(r"\(0\)")
_BETWEEN_ENDS: Final = re.compile(r"\s+[-\u2013\u2014]\s+|\s*\.\.+\s*|\s+(?:to|bis|a|au|al)\s+")
"""What stands between the ends of a range whose numbers may be grouped by blanks."""
_SHOWN: Final = 3


class OrderFinding(StrEnum):
    """What is found of a number."""

    NOT_IN_WORKBOOK = "in the order, not in the workbook"
    NOT_IN_ORDER = "in the workbook, not in the order"
    ON_PBX = "already on the PBX"
    TWICE = "twice in the order"
    NO_NUMBER = "cannot be read as a number"


class OrderLine(NamedTuple):
    """One thing to say of a number."""

    found: OrderFinding
    number: str
    e164: str = ""
    order: str = ""
    """Its cell in the order: ``Sheet1!A4``."""
    workbook: str = ""
    """Its cell in the workbook."""
    on_pbx: str = ""
    """The trunk that has it already."""


def read_order(table: Table) -> tuple[list[tuple[str, str]], list[OrderLine]]:
    """Return the numbers of a carrier's list, ranges written out, each with its cell; and what cannot be read."""
    numbers: list[tuple[str, str]] = []
    faulty = sorted(table.faulty.get(DIDS.number, ()))
    unread = [OrderLine(OrderFinding.NO_NUMBER, _shown(table, row), order=_cell(table, row)) for row in faulty]
    for row, text in table.filled(DIDS.number):
        found = _numbers_in(text)
        numbers += [(number, _cell(table, row)) for number in found]
        if not found and (numbers or any(map(str.isdigit, text))):  # else it is a title
            unread.append(OrderLine(OrderFinding.NO_NUMBER, text, order=_cell(table, row)))
    return numbers, unread


def _numbers_in(text: str) -> list[str]:
    """Return the numbers that a cell stands for; none where it cannot be read, or is a pattern."""
    written = _TRUNK_ZERO.sub("", text) if text.startswith(("+", "00")) else text
    ends = [together(end) for end in _BETWEEN_ENDS.split(written)]
    if len(ends) == 2 and all(end.lstrip("+").isdecimal() for end in ends):
        written = "..".join(ends)
    found = parse_numbers(written, partial(parse_did, limit=_MOST))
    if isinstance(found, NumberList | NumberRange):
        return found.numbers()
    number = together(written) if isinstance(found, Finding) else found
    return [number] if number.lstrip("+").isdecimal() else []


def _shown(table: Table, row: int) -> str:
    at = table.headers.columns.get(DIDS.number)
    if table.raw is None or at is None:
        return ""
    return shown_cell(table.raw.columns[at - table.raw.first_column][row - table.raw.first_row])


def _cell(table: Table, row: int) -> str:
    return f"{table.name}!{table.cell(DIDS.number, row)}"


def compare_order(
    order: Iterable[tuple[str, str]], records: Iterable[Record], dids: Table, live: Iterable[LiveTrunk], region: str
) -> Iterator[OrderLine]:
    """Put a carrier's list against the rows that add or keep DIDs, and against what the PBX has, in any notation."""
    numbering = Numbering(region)
    wanted = _Wanted(records, dids, numbering)
    held = {_identity(did.number, numbering): trunk.label for trunk in live for did in trunk.dids.entries}
    first: dict[str, str] = {}
    for number, cell in order:
        key = _identity(number, numbering)
        more = wanted.cell(key), held.get(key, "")
        e164 = numbering.e164(number)
        if key in first:
            yield OrderLine(OrderFinding.TWICE, number, e164, f"{first[key]}, {cell}", *more)
            continue
        first[key] = cell
        if not wanted.takes(key, number):
            yield OrderLine(OrderFinding.NOT_IN_WORKBOOK, number, e164, cell, *more)
        elif more[1]:
            yield OrderLine(OrderFinding.ON_PBX, number, e164, cell, *more)
    for key, number in wanted.not_among(first):
        cells = "", wanted.cell(key), held.get(key, "")
        yield OrderLine(OrderFinding.NOT_IN_ORDER, number, numbering.e164(number), *cells)


def _identity(number: str, numbering: Numbering) -> str:
    return numbering.e164(number) or did_key(number)


class _Wanted:
    """The DIDs that rows add or keep, by what all notations of a number have in common."""

    def __init__(self, records: Iterable[Record], dids: Table, numbering: Numbering) -> None:
        edits = [record.dids for record in records if record.dids is not None and record.dids.mode is not Mode.REMOVE]
        self._rows = {_identity(row.number, numbering): row for edit in edits for row in edit.rows}
        self._dids, self._numbering = dids, numbering
        self._patterns = [key for key, row in self._rows.items() if is_pattern(row.number)]
        self._matcher = Matcher(self._patterns)
        self._taking: set[int | None] = set()

    def cell(self, key: str) -> str:
        """Name the cell of a number; blank where the workbook has none."""
        row = self._rows.get(key)
        if row is None:
            return ""
        return f"{self._dids.origin(row.row)[0].name}!{self._dids.cell(DIDS.number, row.row, row.number)}"

    def takes(self, key: str, number: str) -> bool:
        """Tell whether the workbook has a number, or a pattern that takes it."""
        taking = {self._matcher.first(key), self._matcher.first(number)} - {None}
        self._taking |= taking
        return key in self._rows or bool(taking)

    def not_among(self, numbers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield what the workbook has and none of these numbers, all of which were asked for, is."""
        taking = {self._patterns[place] for place in self._taking if place is not None}
        for key, row in self._rows.items():
            if key not in numbers and key not in taking and not self._stands_for_any(row.number, numbers):
                yield key, row.number

    def _stands_for_any(self, did: str, numbers: Mapping[str, str]) -> bool:
        """Look for the numbers of a pattern one by one: behind another pattern it takes nothing first."""
        if not is_pattern(did) or not 0 < numbers_covered(did) <= _WRITTEN_OUT:
            return False
        return any(_identity(number, self._numbering) in numbers for number in covered_numbers(did))


def order_hazards(lines: Iterable[OrderLine]) -> Iterator[Hazard]:
    """Name what tells the order from the workbook; what is in both and on the PBX already is only listed."""
    kinds: dict[OrderFinding, list[str]] = {}
    for line in lines:
        where = line.order or line.workbook
        kinds.setdefault(line.found, []).append(f"{line.number} ({where})" if line.number else where)
    for found, numbers in kinds.items():
        if found is not OrderFinding.ON_PBX:
            what = "line" if found is OrderFinding.NO_NUMBER else "number"
            message = f"Port order: {counted(len(numbers), what)} {found}: {some_of(numbers, _SHOWN)}."
            yield Hazard(code="port-order", row=0, trunk="", message=message)


def order_sheet(file: str, numbers: int, lines: Iterable[OrderLine]) -> ListedSheet:
    """List what is found of each number."""
    listed = [[line.number, line.e164, str(line.found), *line[3:]] for line in lines]
    says = f"{file} has {counted(numbers, 'number')}. "
    says += f"{counted(len(listed), 'line')} to look at." if listed else "Order and workbook have the same numbers."
    columns = {"Number": 20, "E.164": 20, "What": 34, "Order": 26, "Workbook": 18, "On the PBX": 24}
    return ListedSheet(
        name="Port order", says=says, columns=columns, lines=listed, tone=Tone.WARN if listed else Tone.GOOD
    )


def order_json(sheet: ListedSheet) -> list[Mapping[str, Any]]:
    """Make what ``--json`` has of it."""
    names = ("number", "e164", "what", "order", "workbook", "on_pbx")
    return [dict(zip(names, line, strict=True)) for line in sheet.lines]
