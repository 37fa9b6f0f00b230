"""Pictures placed in cells: no error, and harmless where no value of ours belongs."""

from __future__ import annotations

import io
from pathlib import Path

import xlsxwriter

from batch.readers.detect import read_workbook
from batch.readers.workbook import CellError, CellPicture
from batch.secrets import Secret
from tests.builders import tabulate
from tests.furnished import dot
from tests.packages import HEAD, TAIL, raw_package


def with_pictures(path: Path, *places: tuple[int, int]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Trunks")
        page.write_row(0, 0, ["Name", "Hostname", "Logo"])
        page.write_row(1, 0, ["London", "h.example"])
        page.write_row(2, 0, ["Paris", "h.example"])
        for row, column in places:
            page.embed_image(row, column, "dot.png", {"image_data": io.BytesIO(dot())})
    return path


def test_a_picture_in_a_cell_is_told_from_an_error(tmp_path: Path) -> None:
    (sheet,) = read_workbook(with_pictures(tmp_path / "book.xlsx", (1, 2), (0, 3))).sheets

    assert sheet.columns[2:] == [["Logo", CellPicture(), ""], [CellPicture(), "", ""]]
    rows = '<row r="1"><c r="A1" t="e" vm="1"><v>#VALUE!</v></c></row>'
    (other,) = read_workbook(raw_package(tmp_path / "other.xlsx", HEAD + rows + TAIL)).sheets
    assert other.columns == [[CellError("#VALUE!")]]


def test_pictures_in_headers_and_own_columns_do_no_harm(tmp_path: Path) -> None:
    _, problems = tabulate(read_workbook(with_pictures(tmp_path / "book.xlsx", (1, 2), (2, 2), (0, 3))), Secret)

    assert [p.code for p in problems if p.stops] == []


def test_a_picture_where_a_value_belongs_is_named(tmp_path: Path) -> None:
    _, problems = tabulate(read_workbook(with_pictures(tmp_path / "book.xlsx", (2, 1))), Secret)

    assert [(p.code, p.cell, p.message) for p in problems if p.stops] == [
        ("cell-picture", "B3", "The cell contains a picture instead of a value.")
    ]
