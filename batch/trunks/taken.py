"""Taken: whether a text would be taken if it were typed into a cell; what would not is never offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from batch.sheets.layout import MAX_ENTRY_NAME_BYTES, Parser
from batch.sheets.problems import Problem
from batch.sheets.rows import Table, Tables
from batch.trunks.faults import Fault
from batch.trunks.numbers import (
    no_groups_in,
    parse_caller_id,
    parse_caller_id_range,
    parse_did,
    parse_extension_range,
    parse_extensions,
)
from batch.trunks.values import parse_value, too_many_bytes


def only_taken(problems: Iterable[Problem], tables: Tables) -> Iterator[Problem]:
    """Leave out of problems found in reading what their columns would not take, and word them accordingly."""
    by_name = {table.name: table for table in tables}
    for problem in problems:
        table = by_name.get(problem.sheet)
        if table is None or problem.retype is None:
            yield problem
            continue
        offers = tuple(offer for offer in problem.offers if takes(table, problem.row, problem.column, offer))
        yield problem if offers == problem.offers else replace(problem, offers=offers, fix=problem.retype.fix(offers))


def takes(table: Table, row: int, position: int, text: str) -> bool:
    """Tell whether a cell of a table takes a text, its own row's other cells as they are."""
    field = next((name for name, at in table.headers.columns.items() if at == position), "")
    if not field or not text.isprintable():
        return False
    return not isinstance(_read(table, row, field, text), Fault)


def _read(table: Table, row: int, field: str, text: str) -> object:
    column = table.sheet.column(field)
    match field:
        case "did":
            return parse_did(text)
        case "outbound_cid":
            option = table.text("outbound_cid_option", row) if table.has("outbound_cid_option") else ""
            return (parse_caller_id_range if option.casefold() == "range" else parse_caller_id)(text)
        case "outbound_cid_to_ext_range":
            return parse_extension_range(text)
        case "extensions":
            return parse_extensions(text)
        case "did_name" | "outbound_cid_name":
            return too_many_bytes(text, MAX_ENTRY_NAME_BYTES)
        case _ if column.parser is Parser.GROUPS:
            return no_groups_in(text)
        case _:
            return parse_value(column, text)
