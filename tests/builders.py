"""Workbooks, tables and live trunks for tests, from a line or two of cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from batch.readers.workbook import CellValue, Format, RawSheet, Workbook
from batch.runs.plan_document import PlanDocument, plan_counts
from batch.schema.file_metadata import FileKind, FileMetadata
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.cells import FindSecret
from batch.tables.columns_file import NO_FILE, ColumnsFile
from batch.tables.row_results import Summary
from batch.tables.rows import Tables
from batch.tables.single_lists import NO_OPTIONS, ListOptions
from batch.trunks.change_plan import Change, Plan, plan_change
from batch.trunks.grouping import own
from batch.trunks.live import Inventory, LiveTrunk, parse_trunk
from batch.trunks.live_checks import Hazard
from batch.trunks.model import Record, Records
from batch.trunks.pbx_parts import group_all

Line = str | Sequence[CellValue]
"""The cells of one row; as text they are separated by ``|``."""

CALLER_IDS = "Trunk|Option|Caller ID|Caller ID name|Extension range|Extensions|Extension groups"
DIDS = "Trunk|DID|DID name"


def sheet(name: str, *lines: Line, **where: Any) -> RawSheet:
    """Make a sheet whose first line is the header, unless it is not."""
    rows = [[cell.strip(" ") for cell in line.split("|")] if isinstance(line, str) else list(line) for line in lines]
    width = max(map(len, rows), default=0)
    columns: list[list[CellValue]] = [[row[i] if i < len(row) else "" for row in rows] for i in range(width)]
    return RawSheet(name=name, columns=columns, **where)


def workbook(*sheets: RawSheet, ours: bool = False, **more: Any) -> Workbook:
    """Make a workbook; ``ours`` says that it was written as results."""
    if ours:
        more["metadata"] = FileMetadata(kinds=frozenset({FileKind.RESULTS}))
    return Workbook(path=Path("book.xlsx"), sha256="0", format=Format.XLSX, sheets=sheets, **more)


def book(trunks: Sequence[Line], dids: Sequence[Line] = (), caller_ids: Sequence[Line] = ()) -> Workbook:
    """Make a workbook; the headers of DIDs and Caller IDs are put in."""
    sheets = [sheet("Trunks", *trunks)]
    if caller_ids:
        sheets.append(sheet("Caller IDs", CALLER_IDS, *caller_ids))
    if dids:
        sheets.append(sheet("DIDs", DIDS, *dids))
    return workbook(*sheets)


def tabulate(
    given: Workbook,
    find_secret: FindSecret,
    columns_file: ColumnsFile = NO_FILE,
    options: ListOptions = NO_OPTIONS,
) -> tuple[Tables, list[Problem]]:
    """Return the three sheets as tables, and everything wrong with sheets, headers and kinds of cell."""
    tables = Tables(given, find_secret, columns_file, options=options)
    return tables, list(tables.problems)


def read(given: Workbook, options: ListOptions = NO_OPTIONS) -> tuple[Tables, Records, list[Problem]]:
    """Take a workbook through everything that needs no PBX."""
    tables, problems = tabulate(given, Secret, options=options)
    grouped = group_all(tables, lambda _: {})
    return tables, grouped.records, [*own(problems, tables, grouped.records), *grouped.problems]


def told(problems: Sequence[Problem]) -> list[str]:
    """Return each problem shortly: ``DIDs!B2 did-twice``."""
    return [f"{p.sheet}!{p.cell} {p.code}" for p in problems]


def check(given: Workbook) -> list[Problem]:
    return read(given)[2]


def records(given: Workbook) -> tuple[Record, ...]:
    return read(given)[1].trunks


def live(number: int = 1, name: str = "London", kind: str = "register", **fields: Any) -> LiveTrunk:
    lists: dict[str, Any] = (
        {"outbound_cid_list": []} if kind == "account" else {"did_list": [], "outbound_cid_list": []}
    )
    return parse_trunk({"id": number, "name": name, "type": kind} | lists | fields)


def dids(*entries: str) -> list[dict[str, Any]]:
    """Make a ``did_list`` from ``number`` or ``number=name``."""
    return [{"id": i, "did": e.partition("=")[0], "did_name": e.partition("=")[2]} for i, e in enumerate(entries, 1)]


def shared(number: str, *extensions: int, groups: Sequence[int] = (), name: str = "") -> dict[str, Any]:
    """Make a *shared* entry of an ``outbound_cid_list`` as the PBX gives it."""
    members = [{"type": "extension", "id": e, "ext_number": str(1000 + e)} for e in extensions]
    members += [{"type": "ext_group", "id": g, "ext_number": f"group{g}"} for g in groups]
    return {"id": 7, "outbound_cid_option": "shared", "outbound_cid": number, "outbound_cid_name": name} | {
        "ext_list": members
    }


def inventory(*trunks: LiveTrunk, groups: dict[str, int] | None = None) -> Inventory:
    """Make a census in which extension 1001 has the id 1, and so on up to 1099."""
    return Inventory(
        trunks=trunks,
        extensions={str(1000 + i): i for i in range(1, 100)},
        groups=groups if groups is not None else {"Sales": 1, "Support": 2},
    )


def judged(
    given: Workbook, trunk: LiveTrunk, around: Inventory | None = None, base: LiveTrunk | None = None
) -> tuple[Change, list[Hazard], list[Problem]]:
    """Put the first trunk of a workbook against what the PBX holds, and held when it was exported."""
    tables, found, _ = read(given)
    return plan_change(tables, found.trunks[0], trunk, around or inventory(trunk), base)


def document(**more: Any) -> PlanDocument:
    """Make a plan as whoever approves it reads it, with nothing in it."""
    given: dict[str, Any] = {
        "summary": Summary(title="Plan", headline="x"), "workbook": "b.xlsx", "pbx": "https://pbx.example",
        "hazards": (), "counts": plan_counts(Plan(pbx=""), ()), "requests": 3, "takes": "11 s", "groups": (),
        "command": "trunk-batch apply b.xlsx --approved plan.xlsx",
    }  # fmt: skip
    return PlanDocument(**(given | more))
