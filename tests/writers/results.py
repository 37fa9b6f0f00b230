"""Results workbooks for tests, written and read back by two programs that know nothing of ours."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine

from batch.readers.workbook import CellValue, RawSheet
from batch.tables.row_results import AnsweredSheet, Summary
from batch.writers.results_workbook import write_results

PLAIN = Summary(title="Results", headline="All 2 trunks are up to date.")


def raw(*rows: tuple[CellValue, ...], name: str = "DIDs", **place: Any) -> RawSheet:
    return RawSheet(name=name, columns=[list(column) for column in zip(*rows, strict=True)], **place)


def results(path: Path, *sheets: AnsweredSheet, summary: Summary = PLAIN, changes: Any = ()) -> Path:
    return write_results(path / "results.xlsx", sheets, summary, changes)


def cells(path: Path, sheet: str) -> list[list[Any]]:
    """All cells from A1 on, as calamine reads them."""
    book = python_calamine.load_workbook(path)
    return book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def texts(path: Path, sheet: str = "Summary") -> list[str]:
    return [str(cell) for row in cells(path, sheet) for cell in row if cell != ""]


def opened(path: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as package:
        return package.read(name).decode()
