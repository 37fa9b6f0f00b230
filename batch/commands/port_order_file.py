"""The carrier's list of numbers that ``--port-order`` names: any file that can be read as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from batch.commands.check import Checked
from batch.errors import UsageError
from batch.readers.detect import read_workbook
from batch.readers.workbook import RawSheet
from batch.schema.columns import DIDS
from batch.secrets import Secret
from batch.tables.columns_file import NO_FILE
from batch.tables.row_results import ListedSheet
from batch.tables.single_lists import NO_OPTIONS
from batch.tables.table import Table
from batch.tables.table_reading import read_table
from batch.tables.unknown_columns import CellLook, look_of
from batch.trunks.e164 import guess_region
from batch.trunks.live import LiveTrunk
from batch.trunks.live_checks import Hazard
from batch.trunks.port_order import compare_order, order_hazards, order_sheet, read_order


def compare_port_order(
    path: Path, checked: Checked, live: Iterable[LiveTrunk], region: str
) -> tuple[ListedSheet, list[Hazard]]:
    """Put a carrier's list, the numbers of all sheets that have any, against a workbook and what the PBX has.

    Raises:
        WorkbookError: the file cannot be read.
        UsageError: no column of it has numbers.
    """
    read = [found for raw in read_workbook(path).sheets if (found := read_order(_numbers_of(raw)))[0]]
    order = [number for numbers, _ in read for number in numbers]
    if not order:
        raise UsageError(
            f"--port-order {path} has no column of numbers that can be told.",
            "Give the column the header DID, or give a file with that column alone.",
        )
    region = region or guess_region(number for number, _ in order).code
    lines = [line for _, unread in read for line in unread]
    lines += compare_order(order, checked.chosen, checked.tables.dids, live, region)
    return order_sheet(path.name, len(order), lines), [*order_hazards(lines)]


def _numbers_of(raw: RawSheet) -> Table:
    """Read a sheet as a list of DIDs; where no header says which column that is, by the one that holds numbers."""
    table, _ = read_table(DIDS, raw, Secret, NO_FILE, NO_OPTIONS, ours=False)
    if table.has(DIDS.number) or table.raw is None:
        return table
    looks = [sum(look_of(cell) in {CellLook.NUMBER, CellLook.RANGE} for cell in cells) for cells in raw.columns]
    most = max(looks, default=0)
    if not most or looks.count(most) > 1:
        return table
    at = looks.index(most)
    alone = replace(raw, columns=[raw.columns[at]], first_column=raw.first_column + at)
    return read_table(DIDS, alone, Secret, NO_FILE, NO_OPTIONS, ours=False)[0]
