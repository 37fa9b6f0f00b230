"""How a sheet is built: formulas, hidden rows and columns, filters, merged cells, and how far it reaches."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlsxwriter
import xlwt
from openpyxl.worksheet.formula import ArrayFormula

from batch.errors import WorkbookError
from batch.readers import packages, prescan
from batch.readers.detect import read_workbook
from batch.readers.number_formats import CellFormats
from batch.readers.workbook import Block, CellDetails, CellError, NoValue
from tests.packages import (
    HEAD,
    MAIN,
    TAIL,
    raw_ods,
    raw_package,
    wide,
    xlsb,
    xlsb_cell,
    xlsb_record,
    xlsb_row,
    xlsb_sheet,
)

if TYPE_CHECKING:
    from pathlib import Path

    from batch.readers.workbook import RawSheet

PART = "xl/worksheets/sheet1.xml"


def read_sheet(tmp_path: Path, sheet: str, more: dict[str, str] | None = None) -> RawSheet:
    (found,) = read_workbook(raw_package(tmp_path / "book.xlsx", sheet, more=more)).sheets
    return found


def read_rows(tmp_path: Path, rows: str, *, before: str = "", after: str = "") -> RawSheet:
    sheet = f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'
    return read_sheet(tmp_path, sheet)


# --- formulas


def test_formulas_with_a_result_are_named_beside_it(tmp_path: Path) -> None:
    sheet = read_rows(
        tmp_path,
        '<row r="3"><c r="B3"><f>A1*2</f><v>442</v></c><c r="C3" t="str"><f>A1&amp;"x"</f><v>44x</v></c>'
        '<c r="D3" t="str"><f>""</f><v></v></c><c r="E3" t="b"><f>TRUE()</f><v>1</v></c></row>'
        '<row r="4"><c r="B4" t="e"><f>NA()</f><v>#N/A</v></c><c r="C4"><f>A2</f></c><c r="D4"><v>1</v></c></row>',
    )

    assert sheet.columns[:2] == [[442.0, CellError("#N/A")], ["44x", NoValue("=A2")]]
    assert sheet.formulas == {1: {3: "=A1*2"}, 2: {3: '=A1&"x"'}, 3: {3: '=""'}, 4: {3: "=TRUE()"}}


def test_a_shared_formula_is_named_in_every_cell_and_an_array_formula_where_it_stands(tmp_path: Path) -> None:
    sheet = read_rows(
        tmp_path,
        '<row r="1"><c r="A1"><f t="shared" ref="A1:A2" si="0">B1*2</f><v>2</v></c>'
        '<c r="C1"><f t="array" ref="C1">SUM(B1:B2)</f><v>3</v></c></row>'
        '<row r="2"><c r="A2"><f t="shared" si="0"/><v>4</v></c><c r="B2"><f t="shared" si="9"/><v>5</v></c></row>',
    )

    assert sheet.formulas == {0: {1: "=B1*2", 2: "=B1*2"}, 2: {1: "=SUM(B1:B2)"}, 1: {2: "="}}


def test_an_array_formula_without_a_result_is_told_from_a_blank(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = ArrayFormula("A1", "=SUM(B1:B2)")
    book.save(tmp_path / "book.xlsx")

    (sheet,) = read_workbook(tmp_path / "book.xlsx").sheets

    assert sheet.columns == [[NoValue("=SUM(B1:B2)")]]
    assert sheet.formulas == {}


# --- hidden, filtered, merged


def test_columns_are_hidden_by_a_word_or_by_having_no_width(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Trunks")
        page.write_row(0, 1, ["b", "c", "d", "e"])
        page.set_column(2, 2, None, None, {"hidden": True})
        page.set_column(3, 3, 0)
        page.set_column(9, 16_383, None, None, {"hidden": True})

    (sheet,) = read_workbook(path).sheets

    assert sheet.hidden_columns == (2, 3)


def test_rows_without_height_and_folded_rows_are_hidden(tmp_path: Path) -> None:
    sheet = read_rows(
        tmp_path,
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="2" ht="0" customHeight="1"><c r="A2"><v>2</v></c></row>'
        '<row r="3" ht="0.75"><c r="A3"><v>3</v></c></row>'
        '<row r="4" outlineLevel="1" hidden="1"><c r="A4"><v>4</v></c></row>'
        '<row r="5" collapsed="1"><c r="A5"><v>5</v></c></row>',
    )

    assert sheet.hidden_rows == (2, 4)


@pytest.mark.parametrize(
    ("before", "after", "filtered"),
    [
        ("", '<autoFilter ref="A1:C9"/>', False),
        ("", '<autoFilter ref="A1:C9"><filterColumn colId="1" hiddenButton="1"/></autoFilter>', False),
        (
            "",
            '<autoFilter ref="A1:C9"><filterColumn colId="1"><filters blank="1"/></filterColumn></autoFilter>',
            True,
        ),
        ("", '<autoFilter ref="A1:C9"><filterColumn colId="0"><top10 val="3"/></filterColumn></autoFilter>', True),
        ('<sheetPr filterMode="1"/>', "", True),
        ('<sheetPr filterMode="0"/>', "", False),
        (
            "",
            "<customSheetViews><autoFilter><filterColumn><filters/></filterColumn></autoFilter></customSheetViews>",
            False,
        ),
    ],
)
def test_a_filter_counts_when_it_is_active(tmp_path: Path, before: str, after: str, filtered: bool) -> None:  # noqa: FBT001 - an expectation
    rows = '<row r="1"><c r="A1"><v>1</v></c></row>'

    assert read_rows(tmp_path, rows, before=before, after=after).filtered is filtered


def test_the_filter_of_a_table_counts_too(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Trunks")
        page.add_table(0, 0, 3, 1, {"data": [["a", 1], ["b", 2]]})
    (sheet,) = read_workbook(path).sheets
    assert not sheet.filtered

    criteria = '<filterColumn colId="0"><customFilters><customFilter val="a"/></customFilters></filterColumn>'
    table = f'<table xmlns="{MAIN}"><autoFilter ref="A1:B4">{criteria}</autoFilter></table>'
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/table" '
        'Target="../tables/table1.xml"/></Relationships>'
    )
    filtered = read_sheet(
        tmp_path,
        HEAD + '<row r="1"><c r="A1"><v>1</v></c></row></sheetData><tableParts><tablePart/></tableParts></worksheet>',
        {"xl/tables/table1.xml": table, "xl/worksheets/_rels/sheet1.xml.rels": links},
    )

    assert filtered.filtered


def test_merged_cells_are_named_with_their_corners(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Trunks")
        page.merge_range(4, 2, 6, 2, "London-1")
        page.merge_range(0, 0, 0, 3, "Our trunks")

    (sheet,) = read_workbook(path).sheets

    assert sheet.merged == (Block(1, 0, 1, 3), Block(5, 2, 7, 2))
    assert sheet.columns[2] == ["", "", "", "", "London-1"]


def test_a_merge_that_names_no_cells_is_none(tmp_path: Path) -> None:
    package = packages.Package(raw_package(tmp_path / "book.xlsx", HEAD + TAIL))
    merges = b'<x><mergeCell ref="A1"/><mergeCell ref="A:B"/><mergeCell/><mergeCell ref="$A$1:$B$2"/></x>'
    look = CellDetails()

    prescan.read_margins(package, PART, merges, look)

    assert look.merged == [Block(1, 0, 2, 1)]


def test_what_stands_around_the_rows_costs_no_closer_look(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Trunks")
        page.write_row(0, 0, ["a", "b"])
        page.set_column(1, 1, None, None, {"hidden": True})
        page.merge_range(4, 2, 6, 2, "x")
        page.autofilter(0, 0, 9, 1)
        page.filter_column(0, "x == a")

    found = prescan.prescan_sheet(packages.Package(path), PART)

    assert not found.closer
    assert not found.far
    assert found.margins.startswith(b"<?xml")


@pytest.mark.parametrize("after", ["<mergeCells><mergeCell ref='A1:B2'></worksheet>", "<mergeCell/>"])
def test_a_sheet_that_breaks_off_after_its_rows_is_damaged(tmp_path: Path, after: str) -> None:
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>{after}'

    with pytest.raises(WorkbookError, match="is damaged"):
        read_sheet(tmp_path, sheet)


@pytest.mark.parametrize(
    "value", ["4&#50;7", "&#x34;27", "4<![CDATA[2]]>7", "4<!-- 2 & 3 -->27", "&#52;<![CDATA[27]]>"]
)
@pytest.mark.parametrize("padding", [0, 131_000, 131_040])
def test_no_half_of_a_number_is_read_however_it_is_spelt(tmp_path: Path, value: str, padding: int) -> None:
    rows = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"x" * padding}</t></is></c><c r="B1"><v>{value}</v></c></row>'
    assert read_rows(tmp_path, rows).columns[1] == [427.0]


@pytest.mark.parametrize("value", ["4&nothing;27", "&nothing;427", "427&nothing;", "4 & 27", "427&#50"])
@pytest.mark.parametrize("padding", [*range(130_980, 131_000, 3), 0])
def test_a_number_with_something_that_is_no_xml_in_it_is_damaged(tmp_path: Path, value: str, padding: int) -> None:
    rows = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"x" * padding}</t></is></c><c r="B1"><v>{value}</v></c></row>'
    with pytest.raises(WorkbookError, match="is damaged"):
        read_rows(tmp_path, rows)


# --- formatted but empty


def test_formatted_but_empty_rows_by_the_million_count_for_nothing(tmp_path: Path) -> None:
    empty = "".join(f'<row r="{row}" s="3" customFormat="1"><c r="A{row}" s="3"/></row>' for row in range(3, 3000))
    last = '<row r="1048576" s="3" customFormat="1"><c r="A1048576" s="3"/><c r="XFD1048576" s="3"/></row>'
    rows = f'<row r="1"><c r="A1" t="str"><v>Name</v></c></row><row r="2"><c r="A2"><f>B1</f></c></row>{empty}{last}'

    sheet = read_rows(tmp_path, rows)

    assert sheet.columns == [["Name", NoValue("=B1")]]


def test_the_closer_look_passes_over_plain_cells_but_misses_none_that_matters(tmp_path: Path) -> None:
    plain = "".join(
        f'<row r="{row}" spans="1:6"><c r="A{row}" t="s"><v>0</v></c><c r="B{row}" s="2"><v>7</v></c>'
        f'<c r="C{row}" s="1" t="inlineStr"><is><t xml:space="preserve"> x</t></is></c><c r="D{row}" s="1"/>'
        f'<c r="E{row}" t="str"><v>y</v></c><c r="F{row}" s="1" t="n"><v>9</v></c></row>'
        for row in range(1, 500)
    )
    odd = '<row r="500" hidden="1"><c r="A500" t="e"><v>#N/A</v></c><c r="B500"><f>A1</f><v>1</v></c></row>'
    path = raw_package(tmp_path / "book.xlsx", HEAD + plain + odd + TAIL)

    look = prescan.read_details(packages.Package(path), PART, CellFormats(formats={"1": "000"}), far=False)

    assert look.cells == {(499, 0): CellError("#N/A")}
    assert look.formulas == {1: {500: "=A1"}}
    assert look.hidden_rows == [500]
    assert look.formats == {5: dict.fromkeys(range(1, 500), "000")}


def test_cells_without_a_name_stand_where_they_stand_also_beside_named_ones(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"/><c t="e"><v>#N/A</v></c></row>'
    path = raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL)

    look = prescan.read_details(packages.Package(path), PART, CellFormats(), far=False)

    assert look.cells == {(0, 2): CellError("#N/A")}


def test_a_closer_look_is_the_same_however_the_sheet_is_cut_into_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f'<row r="{row}"><c r="A{row}" s="1"><v>7</v></c><c r="B{row}"/></row>' for row in range(1, 40))
    before, after = (
        '<cols><col min="1" max="1" hidden="1"/></cols>',
        '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>',
    )
    sheet = f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'
    package = packages.Package(raw_package(tmp_path / "book.xlsx", sheet))
    for size in range(20, 400, 19):
        monkeypatch.setattr(packages, "CHUNK", size)
        found = prescan.prescan_sheet(package, PART, {"1"})
        look = prescan.read_details(package, PART, CellFormats(formats={"1": "000"}), far=False)
        prescan.read_margins(package, PART, found.margins, look)
        assert found.closer
        assert look.formats == {0: dict.fromkeys(range(1, 40), "000")}
        assert (look.hidden_columns, look.merged) == ([(0, 0)], [Block(1, 0, 2, 0)])


# --- other kinds of file


def test_an_old_workbook_tells_hidden_columns_and_merged_cells(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("Trunks")
    for column in range(4):
        page.write(0, column, "x")
    page.col(1).hidden = True
    page.write_merge(2, 3, 0, 2, "M")
    book.save(str(tmp_path / "book.xls"))

    (sheet,) = read_workbook(tmp_path / "book.xls").sheets

    assert sheet.hidden_columns == (1,)
    assert sheet.merged == (Block(3, 0, 4, 2),)
    assert (sheet.filtered, sheet.formulas) == (False, {})


def test_a_binary_workbook_tells_formulas_hidden_columns_merged_cells_and_filters(tmp_path: Path) -> None:
    value = struct.pack("<d", 7) + struct.pack("<HII", 0, 0, 0)
    hidden, narrow = (struct.pack("<IIIIH", *numbers) for numbers in ((1, 1, 300, 0, 1), (2, 2, 0, 0, 0)))
    path = xlsb(
        tmp_path / "book.xlsb",
        xlsb_sheet(
            xlsb_row(0),
            xlsb_cell(6, 0, wide("a")),
            xlsb_cell(9, 1, value),
            xlsb_cell(6, 2, wide("c")),
            xlsb_cell(6, 3, wide("d")),
        )
        + xlsb_record(60, hidden)
        + xlsb_record(60, narrow)
        + xlsb_record(176, struct.pack("<IIII", 4, 5, 0, 2))
        + xlsb_record(165, struct.pack("<II", 0, 0)),
    )

    (sheet,) = read_workbook(path).sheets

    assert sheet.columns == [["a"], [7.0], ["c"], ["d"]]
    assert sheet.formulas == {1: {1: "=…"}}
    assert sheet.hidden_columns == (1, 2)
    assert sheet.merged == (Block(5, 0, 6, 2),)
    assert sheet.filtered


def read_ods(tmp_path: Path, table: str, styles: str = "") -> RawSheet:
    body = f'<table:table table:name="Trunks">{table}</table:table>'
    (sheet,) = read_workbook(raw_ods(tmp_path / "book.ods", body, styles)).sheets
    return sheet


NUMBER = '<table:table-cell office:value-type="float" office:value="7"/>'


def test_an_opendocument_workbook_tells_formulas_with_their_result(tmp_path: Path) -> None:
    sheet = read_ods(
        tmp_path,
        '<table:table-row><table:table-cell table:formula="of:=[.B1]+SUM([.B1:.B2])+[$DIDs.C3]" '
        'office:value-type="float" office:value="7"/><table:table-cell table:formula="of:=[.A1]"/></table:table-row>',
    )

    assert sheet.columns == [[7.0], [NoValue("=A1")]]
    assert sheet.formulas == {0: {1: "=B1+SUM(B1:B2)+$DIDs.C3"}}


def test_an_opendocument_workbook_tells_hidden_columns_and_rows_and_filters(tmp_path: Path) -> None:
    flat = (
        '<style:style style:name="flat" style:family="table-row"><style:table-row-properties style:row-height="0cm"/>'
        '</style:style><style:style style:name="thin" style:family="table-column"><style:table-column-properties '
        'style:column-width="0.0in"/></style:style><style:style style:name="usual" style:family="table-row">'
        '<style:table-row-properties style:row-height="0.45cm"/></style:style>'
    )
    row = f"{NUMBER * 6}</table:table-row>"

    sheet = read_ods(
        tmp_path,
        '<table:table-column/><table:table-column table:visibility="collapse" table:number-columns-repeated="2"/>'
        '<table:table-column table:style-name="thin"/>'
        '<table:table-column-group table:display="false"><table:table-column/></table:table-column-group>'
        "<table:table-column/>"
        f'<table:table-row table:style-name="usual">{row}<table:table-row table:visibility="filter">{row}'
        f'<table:table-row table:style-name="flat">{row}'
        f'<table:table-row-group table:display="false"><table:table-row-group><table:table-row>{row}'
        f"</table:table-row-group></table:table-row-group><table:table-row>{row}",
        flat,
    )

    assert sheet.hidden_columns == (1, 2, 3, 4)
    assert sheet.hidden_rows == (2, 3, 4)
    assert sheet.filtered


def test_an_opendocument_workbook_tells_merged_cells(tmp_path: Path) -> None:
    sheet = read_ods(
        tmp_path,
        f'<table:table-row>{NUMBER}<table:table-cell table:number-columns-spanned="2" table:number-rows-spanned="3" '
        'office:value-type="string"><text:p>M</text:p></table:table-cell><table:covered-table-cell/></table:table-row>',
    )

    assert sheet.merged == (Block(1, 1, 3, 2),)
    assert not sheet.filtered


def test_rows_and_cells_repeated_by_the_million_without_content_count_for_nothing(tmp_path: Path) -> None:
    sheet = read_ods(
        tmp_path,
        f'<table:table-column table:number-columns-repeated="16384"/><table:table-row>{NUMBER}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048575" table:visibility="collapse"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>',
    )

    assert sheet.columns == [[7.0]]
    assert (sheet.hidden_rows, sheet.hidden_columns) == ((), ())
