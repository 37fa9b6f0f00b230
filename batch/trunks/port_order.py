"""Port order: the numbers that a carrier ports, put against the workbook and the PBX. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

from batch.schema.column_model import Mode
from batch.schema.columns import DIDS
from batch.schema.problems import Finding
from batch.tables.row_results import ListedSheet, Tone
from batch.tables.table import Table
from batch.tables.written_numbers import together
from batch.trunks.e164 import e164, identity
from batch.trunks.live import LiveTrunk
from batch.trunks.live_checks import Hazard
from batch.trunks.model import Record
from batch.trunks.number_lists import NumberList, parse_numbers
from batch.trunks.numbers import NumberRange, parse_did
from batch.trunks.patterns import Matcher, is_pattern
from batch.wording import counted, some_of

_MOST: Final = 1_000_000
"""So many numbers a range of a carrier's list may have."""
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
    """One thing to say of a number: a line of the sheet."""

    number: str
    e164: str
    found: OrderFinding
    order: str
    """Its cell in the order: ``Sheet1!A4``."""
    workbook: str = ""
    """Its cell in the workbook."""
    on_pbx: str = ""
    """The trunk that has it already."""


_NOT_IN_WORKBOOK, _NOT_IN_ORDER, _ON_PBX, _TWICE, _NO_NUMBER = OrderFinding


def read_order(table: Table) -> tuple[list[tuple[str, str]], list[OrderLine]]:
    """Return the numbers of a carrier's list, ranges written out, each with its cell; and what cannot be read."""
    numbers: list[tuple[str, str]] = []
    unread = [("", row) for row in sorted(table.faulty.get(DIDS.number, ()))]
    for row, text in table.filled(DIDS.number):
        found = _numbers_in(text)
        numbers += [(number, table.place(DIDS.number, row)) for number in found]
        if not found and (numbers or any(map(str.isdigit, text))):  # else it is a title
            unread.append((text, row))
    return numbers, [OrderLine(text, "", _NO_NUMBER, table.place(DIDS.number, row)) for text, row in unread]


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


def compare_order(
    order: Iterable[tuple[str, str]], records: Iterable[Record], dids: Table, live: Iterable[LiveTrunk], region: str
) -> Iterator[OrderLine]:
    """Put a carrier's list against the rows that add or keep DIDs, and against what the PBX has, in any notation."""
    edits = [record.dids for record in records if record.dids is not None and record.dids.mode is not Mode.REMOVE]
    rows = {identity(row.number, region): row for edit in edits for row in edit.rows}
    held = {identity(did.number, region): trunk.label for trunk in live for did in trunk.dids.entries}
    patterns = [own for own, row in rows.items() if is_pattern(row.number)]
    matcher = Matcher(patterns)
    first: dict[str, str] = {}
    ordered: set[str] = set()

    def line(found: OrderFinding, number: str, own: str, cell: str = "") -> OrderLine:
        at = dids.place(DIDS.number, row.row, row.number) if (row := rows.get(own)) else ""
        return OrderLine(number, e164(number, region), found, cell, at, held.get(own, ""))

    for number, cell in order:
        own = identity(number, region)
        if own in first:
            yield line(_TWICE, number, own, f"{first[own]}, {cell}")
            continue
        first[own] = cell
        taking = matcher.first(own)
        ordered |= {own} if taking is None else {own, patterns[taking]}
        if own not in rows and taking is None:
            yield line(_NOT_IN_WORKBOOK, number, own, cell)
        elif own in held:
            yield line(_ON_PBX, number, own, cell)
    yield from (line(_NOT_IN_ORDER, row.number, own) for own, row in rows.items() if own not in ordered)


def order_hazards(lines: Iterable[OrderLine]) -> Iterator[Hazard]:
    """Name what tells the order from the workbook; what is in both and on the PBX already is only listed."""
    kinds: dict[OrderFinding, list[str]] = {}
    for line in lines:
        where = line.order or line.workbook
        kinds.setdefault(line.found, []).append(f"{line.number} ({where})" if line.number else where)
    for found, numbers in kinds.items():
        if found is not _ON_PBX:
            what = "line" if found is _NO_NUMBER else "number"
            message = f"Port order: {counted(len(numbers), what)} {found}: {some_of(numbers, _SHOWN)}."
            yield Hazard(code="port-order", row=0, trunk="", message=message)


def order_sheet(file: str, numbers: int, lines: Sequence[OrderLine]) -> ListedSheet:
    """List what is found of each number."""
    found = f"{counted(len(lines), 'line')} to look at" if lines else "Order and workbook have the same numbers"
    return ListedSheet(
        name="Port order",
        says=f"{file} has {counted(numbers, 'number')}. {found}.",
        columns={"Number": 20, "E.164": 20, "What": 34, "Order": 26, "Workbook": 18, "On PBX": 24},
        lines=lines,
        tone=Tone.WARN if lines else Tone.GOOD,
    )
