"""Taken: whether a text would be taken if it were typed into a cell; what would not is never offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from batch.sheets.layout import MAX_ENTRY_NAME_BYTES
from batch.sheets.problems import Problem
from batch.sheets.rows import Table, Tables
from batch.trunks.entries import CallerIdCells, understood
from batch.trunks.faults import Fault
from batch.trunks.numbers import parse_did
from batch.trunks.values import parse_value, too_many_bytes


def only_taken(problems: Iterable[Problem], tables: Tables) -> Iterator[Problem]:
    """Leave out of problems found in reading what their columns would not take, and word them accordingly."""
    by_name = {table.name: table for table in tables}
    trunks = {text for field in ("name", "id") for text in tables.trunks.texts(field)}
    for problem in problems:
        table = by_name.get(problem.sheet)
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
    field = next((name for name, at in table.headers.columns.items() if at == position), "")
    if not field or not text.isprintable():
        return False
    return not isinstance(_read(table, row, field, text), Fault)


def _read(table: Table, row: int, field: str, text: str) -> object:
    if field == "did":
        return parse_did(text)
    if field in CallerIdCells._fields:
        cells = {name: table.text(name, row) if table.has(name) else "" for name in CallerIdCells._fields}
        return understood(CallerIdCells(**cells | {field: text}))[CallerIdCells._fields.index(field)]
    if field in {"did_name", "outbound_cid_name"}:
        return too_many_bytes(text, MAX_ENTRY_NAME_BYTES)
    return parse_value(table.sheet.column(field), text)
