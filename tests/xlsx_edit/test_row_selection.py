"""Some rows of a sheet kept alone: what goes with them, what stays, and that the file is sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from xlsxwriter import Workbook as Book

from batch.readers.detect import read_workbook
from batch.readers.packages import Package
from batch.readers.workbook import Block
from batch.xlsx_edit.package import PackageEdit
from batch.xlsx_edit.row_selection import RowSelection, keep_rows
from tests.open_xml import look_through, made, parts, prefixed, repacked, strict

ROWS = (
    ("Trunk", "DID", "Price"),
    ("London", "1001", "a"),
    ("Paris", "1002", "b"),
    ("Rome", "1003", "c"),
    ("Oslo", "1004", "d"),
)
SELECTION = RowSelection(header=1, places={3: 2, 5: 3})
"""Paris and Oslo."""


def filled(more: Callable[[Book, Any], object] = lambda _book, _sheet: None) -> Callable[[Book], None]:
    def fill(book: Book) -> None:
        sheet = book.add_worksheet("DIDs")
        for row, line in enumerate(ROWS):
            sheet.write_row(row, 0, line)
        more(book, sheet)

    return fill


def kept(path: Path, selection: RowSelection = SELECTION) -> Path:
    edit = PackageEdit(Package(path))
    keep_rows(edit, "DIDs", selection)
    target = path.with_name("kept.xlsx")
    target.write_bytes(edit.content())
    look_through(target)
    return target


def lines(path: Path) -> list[list[Any]]:
    raw = next(raw for raw in read_workbook(path).sheets if raw.name == "DIDs")
    return [list(row) for row in zip(*raw.columns, strict=True)]


def test_rows_stay_in_their_order_right_below_the_header_whoever_wrote_the_file(tmp_path: Path) -> None:
    path = made(tmp_path / "book.xlsx", filled())
    wanted = [list(ROWS[0]), list(ROWS[2]), list(ROWS[4])]
    assert lines(kept(path)) == wanted
    sheet = "xl/worksheets/sheet1.xml"
    assert lines(kept(repacked(path, lambda found: found | {sheet: prefixed(found[sheet])}))) == wanted
    made(path, filled())
    assert lines(kept(repacked(path, lambda found: {n: strict(content) for n, content in found.items()}))) == wanted


def test_titles_above_the_header_stay(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        sheet = book.add_worksheet("DIDs")
        for row, line in enumerate((("A title",), (), *ROWS)):
            sheet.write_row(row, 0, line)

    found = lines(kept(made(tmp_path / "book.xlsx", fill), RowSelection(header=3, places={7: 4})))
    assert [row[0] for row in found] == ["A title", "", "Trunk", "Oslo"]


def test_formulas_of_rows_that_stay_give_way_to_what_they_came_to(tmp_path: Path) -> None:
    def fill(_book: Book, sheet: Any) -> None:
        for row in range(1, 5):
            sheet.write_formula(row, 3, f"=B{row + 1}&C{row + 1}", value=f"came to {row + 1}")

    path = kept(made(tmp_path / "book.xlsx", filled(fill)))
    assert [row[3] for row in lines(path)] == ["", "came to 3", "came to 5"]
    assert not any(b"<f" in content for name, content in parts(path).items() if "sheet1" in name)


def test_what_is_about_whole_columns_stays_and_what_is_about_single_rows_goes_with_them(tmp_path: Path) -> None:
    def fill(book: Book, sheet: Any) -> None:
        red = book.add_format({"bg_color": "#FF0000"})
        sheet.data_validation("A2:A100", {"validate": "list", "source": ["London", "Paris"]})
        sheet.data_validation("B3", {"validate": "length", "criteria": "<", "value": 9})
        sheet.data_validation("B4", {"validate": "length", "criteria": "<", "value": 5})
        sheet.conditional_format("C2:C100", {"type": "duplicate", "format": red})
        sheet.conditional_format("C4", {"type": "blanks", "format": red})
        sheet.write_url("D5", "https://oslo.example", string="site")
        sheet.write_url("D4", "https://rome.example", string="site")
        sheet.merge_range("E4:F4", "merged")
        sheet.set_h_pagebreaks([2])
        sheet.set_column(0, 0, 40)
        sheet.freeze_panes(1, 0)
        sheet.add_sparkline("G3", {"range": "B2:B5"})

    path = kept(made(tmp_path / "book.xlsx", filled(fill)))
    sheet = load_workbook(path)["DIDs"]
    assert sorted(str(rule.sqref) for rule in sheet.data_validations.dataValidation) == ["A2:A100", "B2"]
    assert [str(rule.sqref) for rule in sheet.conditional_formatting] == ["C2:C100"]
    assert [(cell.coordinate, cell.hyperlink.target) for cell in sheet["D"] if cell.hyperlink] == [
        ("D3", "https://oslo.example")
    ]
    assert sheet.merged_cells.ranges == set()
    assert sheet.column_dimensions["A"].width > 39
    assert sheet.freeze_panes == "A2"
    assert b"sparkline" not in parts(path)["xl/worksheets/sheet1.xml"]


def test_rows_that_a_filter_hid_are_seen_and_nothing_is_filtered_any_more(tmp_path: Path) -> None:
    def fill(_book: Book, sheet: Any) -> None:
        sheet.autofilter("A1:C5")
        sheet.filter_column(0, "x == London")
        for row in range(2, 5):
            sheet.set_row(row, None, None, {"hidden": True})

    path = kept(made(tmp_path / "book.xlsx", filled(fill)))
    sheet = load_workbook(path)["DIDs"]
    assert not any(sheet.row_dimensions[row].hidden for row in (2, 3))
    assert sheet.auto_filter.ref == "A1:C3"
    assert not sheet.auto_filter.filterColumn
    assert b"DIDs'!$A$1:$C$3" in parts(path)["xl/workbook.xml"]


@pytest.mark.parametrize(("places", "ref"), [({3: 2, 5: 3}, "A1:C3"), ({}, "A1:C2")])
def test_a_table_shrinks_to_its_rows_and_loses_its_totals_and_one_below_goes(
    tmp_path: Path, places: dict[int, int], ref: str
) -> None:
    def fill(_book: Book, sheet: Any) -> None:
        columns = [{"header": text} for text in ROWS[0]]
        sheet.add_table("A1:C6", {"columns": columns, "name": "Dids", "total_row": True})
        sheet.write_row("A10", ["x", "y"])
        sheet.add_table("A10:B12", {"columns": [{"header": "x"}, {"header": "y"}], "name": "Below"})

    path = kept(made(tmp_path / "book.xlsx", filled(fill)), RowSelection(header=1, places=places))
    tables = load_workbook(path)["DIDs"].tables
    assert {table.name: table.ref for table in tables.values()} == {"Dids": ref}
    assert tables["Dids"].totalsRowCount is None


def test_notes_go_with_their_rows(tmp_path: Path) -> None:
    def fill(_book: Book, sheet: Any) -> None:
        for cell in ("A1", "B2", "C5"):
            sheet.write_comment(cell, f"of {cell}")

    path = kept(made(tmp_path / "book.xlsx", filled(fill)))
    found = {c.coordinate: c.comment.text for row in load_workbook(path)["DIDs"].rows for c in row if c.comment}
    assert found == {"A1": "of A1", "C3": "of C5"}
    drawing = parts(path)["xl/drawings/vmlDrawing1.vml"]
    assert drawing.count(b"<x:Row>") == 2
    assert b"<x:Row>2</x:Row>" in drawing


def test_where_all_notes_went_their_drawing_goes_too(tmp_path: Path) -> None:
    path = kept(made(tmp_path / "book.xlsx", filled(lambda _book, sheet: sheet.write_comment("B2", "gone"))))
    assert not [name for name in parts(path) if "comment" in name or "vml" in name]
    assert b"legacyDrawing" not in parts(path)["xl/worksheets/sheet1.xml"]


@pytest.mark.parametrize(
    ("block", "then"),
    [
        (Block(1, 0, 1, 5), Block(1, 0, 1, 5)),
        (Block(1, 0, 9, 0), Block(1, 0, 9, 0)),
        (Block(2, 0, 9, 0), Block(2, 0, 9, 0)),
        (Block(2, 0, 2, 0), None),
        (Block(3, 1, 4, 1), Block(2, 1, 2, 1)),
        (Block(3, 1, 9, 1), Block(2, 1, 3, 1)),
        (Block(6, 0, 9, 0), None),
    ],
)
def test_a_range_is_about_the_rows_of_it_that_stay(block: Block, then: Block | None) -> None:
    assert SELECTION.block(block) == then
