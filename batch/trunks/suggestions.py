"""Suggestions: what may have been meant by a spoiled cell, put against what the PBX holds. Pure.

What would not be accepted if it were typed into the cell is never suggested.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from batch.schema.column_model import Parser, plain_field
from batch.schema.columns import TRUNKS
from batch.schema.problems import Finding, Problem
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks.caller_id_cells import CallerIdCells, understood
from batch.trunks.live import LiveTrunk
from batch.trunks.model import Records
from batch.trunks.numbers import parse_did
from batch.trunks.values import parse_value


def only_taken(problems: Iterable[Problem], tables: Tables) -> Iterator[Problem]:
    """Leave out of problems found in reading what their columns would not take, and word them accordingly."""
    columns = tables.columns
    trunks = {text for field in ("name", "id") for text in tables.trunks.texts(field)}
    for problem in problems:
        table = columns.get((problem.sheet, problem.column))
        if table is None or problem.retype is None:
            yield problem
            continue
        offers = tuple(
            offer
            for offer in problem.offers
            if takes(table, problem.row, problem.column, offer)
            and (offer in trunks or table.headers.columns.get("trunk") != problem.column)
        )
        yield problem if offers == problem.offers else replace(problem, offers=offers, fix=problem.retype.fix(offers))


def takes(table: Table, row: int, position: int, text: str) -> bool:
    """Tell whether a cell of a table takes a text, its own row's other cells as they are.

    Whether there is a trunk of that name is another question.
    """
    field = _field_at(table, position)
    if not field or not text.isprintable():
        return False
    return not isinstance(_read(table, row, field, text), Finding)


def _field_at(table: Table, position: int) -> str:
    return plain_field(next((name for name, at in table.headers.columns.items() if at == position), ""))


def _read(table: Table, row: int, field: str, text: str) -> object:
    if field == "did":
        return parse_did(text)
    if field in CallerIdCells._fields:
        cells = {name: table.text(name, row) if table.has(name) else "" for name in CallerIdCells._fields}
        return understood(CallerIdCells(**cells | {field: text}))[CallerIdCells._fields.index(field)]
    return parse_value(table.sheet.column(field), text)


_OWN_NUMBERS: Final = tuple(c.field for c in TRUNKS.columns if c.parser is Parser.DIAL)
_DIALLED: Final = ("did", "outbound_cid", *_OWN_NUMBERS)
"""Fields that may hold the same number."""
_OWN_ONLY: Final = tuple(c.field for c in TRUNKS.columns if c.parser in {Parser.NAME, Parser.TEXT})
"""Fields that only the trunk itself tells of."""
_SPAN: Final = "outbound_cid_to_ext_range"
_FIELDS: Final = (*_DIALLED, *_OWN_ONLY, _SPAN, "extensions")
_ROWS_KEPT: Final = 2
"""Of so many rows at least one is another one, whichever is asked about."""
_NUMBER: Final = re.compile(r"\+?[0-9]+")
_AS_TEXT: Final = "Format the cell as text and type "


def against_live(
    tables: Tables, records: Records, problems: Sequence[Problem], live: Mapping[int, LiveTrunk]
) -> list[Problem]:
    """Put problems that offer something, and cells that held a plain number, against the trunks that were read.

    An offer that the PBX holds comes first. A plain number of which the PBX holds the digits with ``+`` or zeros in
    front becomes a problem, in place of its notice. ``live`` is by the trunks' rows on the Trunks sheet.
    """
    numbers = any(map(_with_numbers, tables))
    if not numbers and not any(problem.offers and problem.stops for problem in problems):
        return list(problems)
    known = _known(live)
    cut = list(_cut_numbers(tables, records, known))
    replaced = {(problem.place, problem.value) for problem in cut}
    kept = [p for p in problems if p.code != "cell-number" or (p.place, p.value) not in replaced]
    columns = tables.columns
    tables_of = [columns.get((p.sheet, p.column)) for p in kept]
    return [p if t is None else _likeliest_first(p, t, known) for p, t in zip(kept, tables_of, strict=True)] + cut


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the PBX holds, by field and key."""

    live: Mapping[int, LiveTrunk]
    """The trunks that were read, by their row on the Trunks sheet."""
    forms: Mapping[tuple[str, str], Sequence[tuple[int, str]]]
    """How a number stands on the PBX, each way with its first Trunks rows, as many as it takes to know of another."""
    own: dict[int, Mapping[tuple[str, str], Sequence[str]]]
    """How numbers stand on a trunk itself, by its Trunks row, as far as somebody asked."""

    def forms_of(self, field: str, trunk: int, text: str) -> list[str]:
        """Return how the PBX writes a number: on this trunk in this field first; nothing where it knows it not.

        What a closer place tells, a farther one does not deny.
        """
        key = _key(field, text)
        others = [name for name in _DIALLED if field in _DIALLED and name != field]
        for fields in ([field], others):
            own = [form for name in fields for form in self._own(trunk).get((name, key), ())]
            if field not in _OWN_ONLY and not own:
                own = [form for name in fields for row, form in self.forms.get((name, key), ()) if row != trunk]
            if own:
                return list(dict.fromkeys(own))
        return []

    def _own(self, trunk: int) -> Mapping[tuple[str, str], Sequence[str]]:
        if trunk not in self.own:
            held: dict[tuple[str, str], list[str]] = defaultdict(list)
            for name, form in _forms(self.live[trunk]):
                held[name, _key(name, form)].append(form)
            self.own[trunk] = held
        return self.own[trunk]


def _cut_numbers(tables: Tables, records: Records, known: _Known) -> Iterator[Problem]:
    """Report cells that held a plain number whose digits the PBX has only with something in front of them."""
    keys = {key for _, key in known.forms}
    columns = ((table, column) for table in tables for column in _with_numbers(table))
    for table, column in columns:
        field, owners, at = plain_field(column), records.owners[table.sheet.title], table.headers.columns[column]
        held = table.numbers[column]
        firsts = ((row, text.partition("..")[0]) for row, text in table.filled_in(column) if row in held)
        suspects = [(row, text) for row, text in firsts if text.lstrip("0") in keys]
        for row, digits in suspects:
            trunk = owners.of(row) or 0
            forms = known.forms_of(field, trunk, digits) if trunk in known.live else []
            if digits in forms or not (forms := [form for form in forms if takes(table, row, at, form)]):
                continue
            problem = table.problem(
                "cell-number-cut",
                row,
                column,
                "The cell contains a number, not text, so it cannot keep a + or leading zeros; the number on the PBX "
                "has them.",
                f"{_AS_TEXT}{', or '.join(forms)}, which the PBX has; or {digits}, if there is nothing in front of it.",
                value=digits,
                offers=(*forms, digits),
            )
            yield replace(problem, trunk=trunk)


def _with_numbers(table: Table) -> list[str]:
    """Return the columns that held plain numbers, which may have lost what stood in front."""
    fields = set(_FIELDS) - {_SPAN}
    return [column for column, rows in table.numbers.items() if rows and plain_field(column) in fields]


def _likeliest_first(problem: Problem, table: Table, known: _Known) -> Problem:
    """Put those offers first that the PBX holds, as it writes them."""
    trunk, field = problem.trunk, _field_at(table, problem.column)
    if not problem.stops or not problem.offers or field not in _FIELDS or trunk is None or trunk not in known.live:
        return problem
    held = (form for offer in problem.offers for form in known.forms_of(field, trunk, offer))
    forms = [form for form in held if takes(table, problem.row, problem.column, form)]
    if not forms:
        return problem
    offers = tuple(dict.fromkeys((*forms, *problem.offers)))
    typed = f"{_AS_TEXT if problem.fix.startswith(_AS_TEXT) else 'Type '}{forms[0]}, which the PBX has."
    return replace(problem, offers=offers, fix=f"{typed} Otherwise: {problem.fix}")


def _known(live: Mapping[int, LiveTrunk]) -> _Known:
    forms: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for row, trunk in live.items():
        for field, form in _forms(trunk):
            held = forms[field, _key(field, form)]
            if (row, form) not in held and sum(form == known for _, known in held) < _ROWS_KEPT:
                held.append((row, form))
    return _Known(live=live, forms=forms, own={})


def _forms(trunk: LiveTrunk) -> Iterator[tuple[str, str]]:
    return ((field, form) for field, form in _written(trunk) if form)


def _written(trunk: LiveTrunk) -> Iterator[tuple[str, str]]:
    for did in trunk.dids.entries:
        yield "did", did.number
    for entry in trunk.caller_ids.entries:
        yield "outbound_cid", entry.number
        yield _SPAN, entry.extension_range
        for member in entry.order:
            yield "extensions", member.number
    for field in (*_OWN_NUMBERS, *_OWN_ONLY):
        yield field, str(trunk.value(field))


def _key(field: str, text: str) -> str:
    """Return what two ways of writing the same number have in common."""
    if field == _SPAN:
        return re.sub(r"\s*(?:-|\.\.+|to)\s*", "-", text)
    bare = re.sub(r"\(0\)|[\s./-]", "", text) if field in _DIALLED else text
    return bare.lstrip("+0") if _NUMBER.fullmatch(bare) else text
