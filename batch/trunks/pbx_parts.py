"""PBX parts: a workbook for many PBXs as one set of tables for each, every row under its own number; judged apart.

A trunk's name, id and DIDs are its PBX's alone. A row of a list belongs to the PBX that it names, else to the one that
has its trunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from batch.schema.column_model import CLEAR, Mode
from batch.schema.columns import CALLER_IDS, DIDS, LIST_SHEETS, TRUNKS
from batch.schema.fleet_columns import PBX, WAVE
from batch.schema.problems import FEW, ColumnNotice, Finding, Problem, Problems
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks import rules
from batch.trunks.grouping import group, own, places_of
from batch.trunks.model import Owners, Record, Records
from batch.trunks.values import parse_value
from batch.wording import nearest_names, some_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """The records of a workbook, and what is wrong with them."""

    records: Records
    problems: Problems
    parts: Mapping[str, Tables] = field(default_factory=dict)
    """Of a workbook for many PBXs: the rows of each, by the PBX as its cells name it, in the order of the Trunks sheet.
    """
    waves: Mapping[str, int] = field(default_factory=dict)
    """Of each PBX whose rows give one."""


def group_all(tables: Tables, faults_of: Callable[[Sequence[str]], Mapping[str, Finding]]) -> Grouped:
    """Gather the rows of a workbook under their trunks, those of each PBX apart where it has a column for that.

    ``faults_of`` says of the texts of that column which name no PBX, and why.
    """
    if not tables.trunks.has(PBX.field):
        records, problems = group(tables)
        lonely = [_without_trunks(table) for table in tables.counted if table.has(PBX.field)]
        return Grouped(records=records, problems=replace(problems, single=[*problems.single, *lonely]))
    division = _Division(tables, faults_of)
    grouped = {name: group(part) for name, part in division.parts.items()}
    if any(record.gives_only for records, _ in grouped.values() for record in records.trunks):
        tables.add_to_trunks(tables.dids)
    records = _together([records for records, _ in grouped.values()], tables)
    twice, many = _on_two_pbxs(tables.dids, [records for name, (records, _) in grouped.items() if name])
    waves, against = _waves(division.parts)
    single = [_of_pbx(problem, name) for name, (_, found) in grouped.items() for problem in found.single]
    single += [*division.problems, *against, *twice]
    by_column = [*many, *(notice for _, found in grouped.values() for notice in found.by_column)]
    return Grouped(
        records=records,
        problems=Problems(single=own(single, tables, records), by_column=by_column),
        parts={name: part for name, part in division.parts.items() if name and part.trunks.height},
        waves=waves,
    )


def _of_pbx(problem: Problem, name: str) -> Problem:
    return replace(problem, pbx=name) if name and problem.trunk is None else problem


def _waves(parts: Mapping[str, Tables]) -> tuple[dict[str, int], list[Problem]]:
    """Return the wave of each PBX that gives one, and what is wrong with those cells."""
    waves: dict[str, int] = {}
    problems = []
    for name, part in parts.items():
        for row, text in part.trunks.filled(WAVE.field):
            value = parse_value(WAVE, text)
            if not isinstance(value, int) or value < 1:
                problems.append(part.trunks.found(row, WAVE.field, _NO_WAVE, text))
            elif waves.setdefault(name, value) != value:
                message = f"The PBX {name} is in wave {waves[name]} by a row above, and in {value} by this one."
                fault = Finding("wave-contradicts", message, f"Type {waves[name]}, or correct the rows above.")
                problems.append(part.trunks.found(row, WAVE.field, fault, text))
    return waves, problems


_NO_WAVE: Final = Finding(
    "not-a-number", f"A wave is a whole number from 1 to {WAVE.limit}.", "Type 1 for the first wave."
)


def _without_trunks(table: Table) -> Problem:
    return table.problem(
        "header-reserved",
        table.header_row,
        PBX.field,
        "The PBX of each row is given here, but not on the sheet Trunks.",
        "Add the column PBX to the sheet Trunks; or put # in front of its header here to keep it as your own.",
    )


class _Division:
    """The rows of a workbook by their PBX; those without one, or with a faulty one, under a blank name."""

    def __init__(self, tables: Tables, faults_of: Callable[[Sequence[str]], Mapping[str, Finding]]) -> None:
        trunks, lists = tables.trunks, {sheet: tables.of(sheet) for sheet in LIST_SHEETS}
        named = trunks.texts(PBX.field)
        told = dict.fromkeys([*named, *(text for table in lists.values() for text in table.texts(PBX.field))])
        self._faults = faults_of([text for text in told if text])
        self.problems = [*self._at_fault(trunks, required=True)]
        names = ["" if text in self._faults else text for text in named]
        self._trunks, self._places = trunks, places_of(trunks)
        self._pbx_of = dict(zip(trunks.rows(), names, strict=True))
        at = _by_text(names)
        divided = {sheet: self._divide(table) for sheet, table in lists.items()}
        self.parts: dict[str, Tables] = {}
        for name in dict.fromkeys([*at, *(name for of in divided.values() for name in of)]):
            part = self.parts[name] = copy(tables)
            part.trunks, part.problems = trunks.at(_array(at.get(name))), ()
            part.dids = lists[DIDS].at(_array(divided[DIDS].get(name)))
            part.caller_ids = lists[CALLER_IDS].at(_array(divided[CALLER_IDS].get(name)))

    def _at_fault(self, table: Table, *, required: bool = False) -> Iterator[Problem]:
        for row, text in zip(table.rows(), table.texts(PBX.field), strict=True):
            if text in self._faults:
                yield table.found(row, PBX.field, self._faults[text], text)
            elif required and table.blank(PBX.field, row, text):
                yield table.found(row, PBX.field, _BLANK, "")

    def _divide(self, table: Table) -> dict[str, list[int]]:
        """Return the places of a list's rows by their PBX; what is wrong with one is told, and it belongs to none."""
        if table.times is not None:  # its rows are those of the trunks once more
            return _by_text([self._pbx_of.get(row, "") for row in table.rows()])
        self.problems += self._at_fault(table)
        said, of_trunk = table.texts(PBX.field), table.texts("trunk")
        understood = {both: self._belongs(*both) for both in set(zip(said, of_trunk, strict=True))}
        names: list[str | None] = []
        pbxs = {*self._pbx_of.values()}
        for row, both in zip(table.rows(), zip(said, of_trunk, strict=True), strict=True):
            name = understood[both]
            names.append(None if isinstance(name, Finding) else name)
            if isinstance(name, Finding):
                said_of = both[0] if both[0] in pbxs else ""
                self.problems.append(_of_pbx(table.found(row, "trunk", name, both[1]), said_of))
        return _by_text(names)

    def _belongs(self, said: str, trunk: str) -> str | Finding:
        """Return the PBX of a row that names this PBX, or none, and this trunk."""
        having = dict.fromkeys(self._pbx_of[row] for row in self._places.of(trunk)) if trunk else {}
        if said in self._faults:
            return ""
        if said:
            return _elsewhere(said, trunk, [*filter(None, having)]) if having and said not in having else said
        if len(having) > 1:
            return Finding(
                "trunk-ambiguous",
                f"{trunk!r} is the name of a trunk on several PBXs: {some_of(filter(None, having), _NAMED)}.",
                f"Type in the column {PBX.label} of this row which of them is meant.",
            )
        if having or not trunk or trunk == CLEAR:
            return next(iter(having), "")
        near = nearest_names([trunk], self._places.names)
        return rules.unowned(trunk, [], near.get(trunk, ""))


_NAMED: Final = 5
"""So many PBXs are named in a sentence."""
_BLANK: Final = Finding(
    "required",
    f"{PBX.label} must not be blank in a workbook for several PBXs.",
    "Type the name of the trunk's profile in trunk-batch.toml, or the PBX's address.",
)


def _elsewhere(said: str, trunk: str, having: Sequence[str]) -> Finding:
    others = some_of(having, _NAMED)
    return Finding(
        "trunk-unknown",
        f"The PBX {said} has no trunk {trunk!r} on the Trunks sheet" + (f"; it is on {others}." if others else "."),
        f"Type {having[0]} as its PBX, or correct the trunk." if len(having) == 1 else "Correct its PBX or its trunk.",
    )


def _by_text(texts: Iterable[str | None]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        if text is not None:
            places.setdefault(text, []).append(i)
    return places


def _array(places: Sequence[int] | None) -> npt.NDArray[np.int64]:
    return np.array(places or [], dtype=np.int64)


def _together(records: Sequence[Records], tables: Tables) -> Records:
    """Join the records of all PBXs in the order of the Trunks sheet, last those that only give DIDs up."""
    owners = {}
    for title in (TRUNKS.title, *(sheet.title for sheet in LIST_SHEETS)):
        table = next(table for table in tables if table.sheet.title == title)
        rows = np.concatenate([one.owners[title].rows for one in records])
        trunks = np.concatenate([one.owners[title].trunks for one in records])
        missing = np.setdiff1d(table.row_numbers, rows)
        rows, trunks = np.concatenate([rows, missing]), np.concatenate([trunks, np.zeros(missing.size, dtype=np.int64)])
        order = np.argsort(rows, kind="stable")
        owners[title] = Owners(rows=rows[order], trunks=trunks[order], counted=table.times is None)
    return Records(
        trunks=tuple(sorted(chain.from_iterable(one.trunks for one in records), key=_in_order)),
        owners=owners,
        moves=tuple(sorted((move for one in records for move in one.moves), key=lambda move: move.row)),
        named_at={at: row for one in records for at, row in one.named_at.items()},
    )


def _in_order(record: Record) -> tuple[bool, int]:
    return record.gives_only, record.row


def _on_two_pbxs(table: Table, pbxs: Iterable[Records]) -> tuple[list[Problem], list[ColumnNotice]]:
    """Tell of DIDs that stay on two PBXs; many of them by column."""
    first: dict[str, tuple[int, int]] = {}
    again: dict[tuple[int, int], tuple[int, str]] = {}
    for at, records in enumerate(pbxs):
        edits = ((record.row, record.dids) for record in records.trunks if record.dids)
        for trunk, edit in edits:
            for row in edit.rows if edit.mode is not Mode.REMOVE else ():
                pbx, place = first.setdefault(row.number, (at, row.row))
                if pbx != at:
                    again.setdefault((row.row, place), (trunk, row.number))
    fix = "Nothing to do, if both are to take its calls; otherwise delete the wrong row."
    if len(again) <= FEW:
        return [
            table.problem(
                "did-on-two-pbxs",
                row,
                DIDS.number,
                f"{did} is also on another PBX, in {table.cell(DIDS.number, place, did)}.",
                fix,
                value=did,
            )
            for (row, place), (_, did) in again.items()
        ], []
    notice = ColumnNotice(
        code="did-on-two-pbxs",
        sheet=table.name,
        column=table.headers.columns.get(DIDS.number, 0),
        header=table.headers.texts.get(DIDS.number, DIDS.column(DIDS.number).label),
        message="{value} is also on another PBX of this workbook.",
        fix=fix,
        rows=[row for row, _ in again],
        values=[did for _, did in again.values()],
        trunks=[trunk for trunk, _ in again.values()],
    )
    return [], [notice]
