"""Single cells of a sheet, found by their bytes and given another style."""

from __future__ import annotations

import pytest

from batch.xlsx_edit.package import Unpatchable
from batch.xlsx_edit.single_cells import restyle


def restyled(rows: str, *places: tuple[int, int], head: str = "", by: int = 100) -> str:
    """Restyle cells to the style that they had plus ``by``; returns what became of the rows."""
    begin, end = f"<worksheet>{head}<sheetData>", "</sheetData><pageMargins/></worksheet>"
    sheet = restyle((begin + rows + end).encode(), dict.fromkeys(places, lambda style: style + by)).decode()
    assert sheet.startswith(begin)
    assert sheet.endswith(end)
    return sheet.removeprefix(begin).removesuffix(end)


def test_a_cell_gets_the_style_and_all_others_keep_their_bytes() -> None:
    rows = '<row r="1"><c r="A1" s="2" t="s"><v>0</v></c><c r="B1"><v>7</v></c></row><row r="2"/>'
    assert restyled(rows, (1, 0), (1, 1)) == (
        '<row r="1"><c r="A1" s="102" t="s"><v>0</v></c><c r="B1" s="100"><v>7</v></c></row><row r="2"/>'
    )


def test_without_places_nothing_changes() -> None:
    assert restyled('<row r="1"/>') == '<row r="1"/>'


def test_a_cell_that_is_not_there_is_made_where_it_belongs() -> None:
    rows = '<row r="4" spans="1:3" ht="20"><c r="A4"/><c r="C4"/></row>'
    assert restyled(rows, (4, 1), (4, 3)) == (
        '<row r="4" ht="20"><c r="A4"/><c r="B4" s="100"/><c r="C4"/><c r="D4" s="100"/></row>'
    )


def test_a_row_of_one_tag_gets_an_end() -> None:
    assert restyled('<row r="4" ht="20"/>', (4, 0)) == '<row r="4" ht="20"><c r="A4" s="100"/></row>'


def test_a_row_that_is_not_there_is_made_between_the_others_or_at_the_end() -> None:
    rows = '<row r="1"><c r="A1"/></row><row r="5"><c r="A5"/></row>'
    assert restyled(rows, (3, 1), (9, 0), (5, 0)) == (
        '<row r="1"><c r="A1"/></row><row r="3"><c r="B3" s="100"/></row><row r="5"><c r="A5" s="100"/></row>'
        '<row r="9"><c r="A9" s="100"/></row>'
    )


def test_rows_and_cells_without_numbers_are_counted() -> None:
    rows = "<row><c/><c s='3'><v>1</v></c></row><row><c t='s'><v>0</v></c></row>"
    assert restyled(rows, (1, 1), (2, 0)) == (
        '<row><c/><c s="103"><v>1</v></c></row><row><c s="100" t=\'s\'><v>0</v></c></row>'
    )


def test_numbers_may_stand_behind_other_attributes() -> None:
    rows = '<row spans="1:1" r="7"><c s="1" r="A7"/></row>'
    assert restyled(rows, (7, 0)) == '<row spans="1:1" r="7"><c s="101" r="A7"/></row>'


def test_a_new_cell_has_the_style_of_its_row_or_else_of_its_column() -> None:
    cols = '<cols><col min="1" max="1" width="9"/><col min="2" max="4" width="9" style="5"/></cols>'
    rows = '<row r="1"></row><row r="2" s="8" customFormat="1"></row><row r="3" s="8"></row>'
    assert restyled(rows, (1, 2), (2, 2), (3, 0), head=cols) == (
        '<row r="1"><c r="C1" s="105"/></row><row r="2" s="8" customFormat="1"><c r="C2" s="108"/></row>'
        '<row r="3" s="8"><c r="A3" s="100"/></row>'
    )


def test_a_sheet_without_rows_gets_one() -> None:
    sheet = restyle(b"<worksheet><sheetData/></worksheet>", {(2, 1): lambda style: style + 4})
    assert sheet == b'<worksheet><sheetData><row r="2"><c r="B2" s="4"/></row></sheetData></worksheet>'


def test_prefixes_are_kept() -> None:
    sheet = b'<x:worksheet xmlns:x="u"><x:sheetData><x:row r="1"><x:c r="A1"/></x:row></x:sheetData></x:worksheet>'
    assert restyle(sheet, {(1, 0): lambda _: 4, (1, 1): lambda _: 5}) == (
        b'<x:worksheet xmlns:x="u"><x:sheetData><x:row r="1"><x:c r="A1" s="4"/><x:c r="B1" s="5"/></x:row>'
        b"</x:sheetData></x:worksheet>"
    )


@pytest.mark.parametrize(
    "sheet", [b"<worksheet/>", b'<worksheet><sheetData><row r="1"><c r="A1"/></sheetData></worksheet>']
)
def test_what_is_no_sheet_is_not_patched(sheet: bytes) -> None:
    with pytest.raises(Unpatchable):
        restyle(sheet, {(1, 0): lambda style: style})
