"""Workbooks as other programs write them: the same sheet, whoever saved it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlsxwriter

from batch.errors import WorkbookError
from batch.readers.detect import read_workbook
from batch.readers.workbook import Block, CellError, Format
from batch.schema.file_metadata import MARK, METADATA_SHEET, FileKind, FileMetadata, metadata_lines
from tests.office import saved_again
from tests.packages import HEAD, MAIN, TAIL, raw_ods, raw_package, stylesheet

if TYPE_CHECKING:
    from pathlib import Path

    from batch.readers.workbook import RawSheet

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def read_one(path: Path) -> RawSheet:
    (sheet,) = read_workbook(path).sheets
    return sheet


def links(*targets: tuple[str, str], relations: str = OFFICE) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{relations}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{listed}</Relationships>'


def test_a_google_export_is_read_whose_links_are_absolute_and_which_tells_no_size(tmp_path: Path) -> None:
    sheet = (
        f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheetPr><outlinePr summaryBelow="0"/></sheetPr>'
        '<sheetViews><sheetView workbookViewId="0"/></sheetViews><sheetFormatPr customHeight="1" '
        'defaultColWidth="12.63" defaultRowHeight="15.75"/><cols><col hidden="1" min="2" max="2" width="12.63"/></cols>'
        '<sheetData><row r="1"><c r="A1" s="1" t="s"><v>0</v></c><c r="B1" s="1" t="s"><v>0</v></c></row>'
        '<row r="2" hidden="1"><c r="A2" s="2"><v>207.0</v></c><c r="B2" s="3"><f>A2</f><v>207.0</v></c></row>'
        '</sheetData><autoFilter ref="$A$1:$B$2"><filterColumn colId="0"><filters><filter val="x"/></filters>'
        '</filterColumn></autoFilter><drawing r:id="rId1"/></worksheet>'
    )
    more = {
        "_rels/.rels": links(("officeDocument", "/xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": links(
            ("worksheet", "/xl/worksheets/sheet1.xml"),
            ("styles", "/xl/styles.xml"),
            ("sharedStrings", "/xl/sharedStrings.xml"),
        ),
        "xl/styles.xml": stylesheet("@", "0000000000", "0"),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t xml:space="preserve">DID </t></si></sst>',
    }

    found = read_one(raw_package(tmp_path / "book.xlsx", sheet, more=more))

    assert found.columns == [["DID ", 207.0], ["DID ", 207.0]]
    assert found.formats == {0: {2: "0000000000"}}
    assert found.formulas == {1: {2: "=A2"}}
    assert (found.hidden_rows, found.hidden_columns, found.filtered) == ((2,), (1,), True)


def test_an_export_of_numbers_is_read_whose_tables_have_a_title_and_numbers_as_text(tmp_path: Path) -> None:
    sheet = HEAD + (
        '<row r="1" ht="27.65" customHeight="1"><c r="A1" t="s" s="1"><v>0</v></c><c r="B1" s="1"/></row>'
        '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" t="s"><v>2</v></c></row>'
        '<row r="3"><c r="A3" t="str"><v>0044207</v></c><c r="B3" s="1"/></row></sheetData>'
        '<mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells></worksheet>'
    )
    strings = "".join(f"<si><t>{text}</t></si>" for text in ("Table 1", "DID", "DID name"))
    more = {
        "xl/styles.xml": stylesheet("0"),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        "xl/_rels/workbook.xml.rels": links(
            ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")
        ),
    }

    found = read_one(raw_package(tmp_path / "book.xlsx", sheet, more=more))

    assert found.columns == [["Table 1", "DID", "0044207"], ["", "DID name", ""]]
    assert found.merged == (Block(1, 0, 1, 1),)


def test_a_strict_workbook_is_read_whose_namespaces_and_dates_are_others(tmp_path: Path) -> None:
    main, office = (
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
    )
    sheet = (
        f'<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>207</v></c>'
        '<c r="C1" s="2" t="d"><v>2026-02-01</v></c><c r="D1" t="e"><v>#N/A</v></c></row></sheetData></worksheet>'
    )
    more = {
        "_rels/.rels": links(("officeDocument", "xl/workbook.xml"), relations=office),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}" conformance="strict"><sheets>'
        '<sheet name="DIDs" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": links(
            ("worksheet", "worksheets/sheet1.xml"),
            ("styles", "styles.xml"),
            ("sharedStrings", "sharedStrings.xml"),
            relations=office,
        ),
        "xl/styles.xml": stylesheet("0000000000", 16).replace(MAIN, main),
        "xl/sharedStrings.xml": f'<sst xmlns="{main}"><si><t>A</t></si></sst>',
    }

    found = read_one(raw_package(tmp_path / "book.xlsx", sheet, more=more))

    assert found.columns == [["A"], [207.0], [dt.date(2026, 2, 1)], [CellError("#N/A")]]
    assert found.formats == {1: {1: "0000000000"}, 2: {1: "d-mmm"}}


def test_a_workbook_with_namespace_prefixes_everywhere_is_read_alike(tmp_path: Path) -> None:
    sheet = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:cols><x:col min="2" max="2" hidden="1"/></x:cols><x:sheetData>'
        '<x:row r="1"><x:c r="A1" s="1"><x:v>207</x:v></x:c><x:c r="B1"><x:f>A1</x:f><x:v>207</x:v></x:c></x:row>'
        '</x:sheetData><x:mergeCells><x:mergeCell ref="A3:B4"/></x:mergeCells></x:worksheet>'
    )

    found = read_one(raw_package(tmp_path / "book.xlsx", sheet, more={"xl/styles.xml": stylesheet("000")}))

    assert found.columns == [[207.0], [207.0]]
    assert (found.formats, found.formulas) == ({0: {1: "000"}}, {1: {1: "=A1"}})
    assert (found.hidden_columns, found.merged) == ((1,), (Block(3, 0, 4, 1),))


def test_texts_in_place_and_in_pieces_are_one_text_and_reading_aids_none(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><r><t>Lon</t></r><r><rPr><b/></rPr><t>don</t></r></is></c>'
        '<c r="B1" t="inlineStr"><is><t xml:space="preserve"> x </t></is></c>'
        '<c r="C1" t="inlineStr"><is><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></is></c></row>'
    )

    found = read_one(raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL))

    assert found.columns == [["London"], [" x "], ["東京"]]


def test_protected_sheets_and_structure_are_read_and_deeply_hidden_sheets_are_hidden(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(["Name"])
    page.protection.sheet = True
    page.protection.password = "Sample-lock"
    book.create_sheet("Deep").sheet_state = "veryHidden"
    book.security = openpyxl.workbook.protection.WorkbookProtection(workbookPassword="Sample-lock", lockStructure=True)
    book.save(tmp_path / "book.xlsx")

    first, second = read_workbook(tmp_path / "book.xlsx").sheets

    assert first.columns == [["Name"]]
    assert (first.hidden, second.hidden) == (False, True)


def test_a_workbook_with_macros_is_read_and_its_macros_are_bytes_to_us(tmp_path: Path) -> None:
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName='
        '"/xl/workbook.xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
    )
    rows = '<row r="1"><c r="A1" t="str"><v>Name</v></c></row>'
    more = {"[Content_Types].xml": types, "xl/vbaProject.bin": "\xd0\xcf not a macro at all"}

    book = read_workbook(raw_package(tmp_path / "book.xlsm", HEAD + rows + TAIL, more=more))

    assert book.format is Format.XLSM
    assert book.sheets[0].columns == [["Name"]]


def test_an_opendocument_workbook_encrypted_as_a_whole_or_in_parts_says_so(tmp_path: Path) -> None:
    entry = '<m:file-entry m:full-path="content.xml"><m:encryption-data m:checksum="x"/></m:file-entry>'
    path = raw_ods(
        tmp_path / "book.ods",
        "",
        **{"META-INF/manifest.xml": f'<m:manifest xmlns:m="x">{entry}</m:manifest>', "content.xml": "\x00\x01\x02"},
    )

    with pytest.raises(WorkbookError, match="protected with a password"):
        read_workbook(path)


# --- what the tool left in the file

METADATA = FileMetadata(
    kinds=frozenset({FileKind.RESULTS, FileKind.MARKED}),
    made_at="2026-11-23T02:14:07+01:00",
    pbx="192.0.2.10",
    sheets=frozenset({"Problems"}),
    colours={"FFFFC7CE": "", "FF000001": "<fill/>"},
)


def written(path: Path, metadata: FileMetadata, mark: str = "") -> Path:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Trunks").write_row(0, 0, ["Name"])
        page = book.add_worksheet(METADATA_SHEET)
        page.very_hidden()
        for row, line in enumerate(metadata_lines(metadata)):
            for column, text in enumerate(line):
                page.write_string(row, column, text)
        if mark:
            book.set_custom_property(MARK, mark)
    return path


def test_the_hidden_sheet_alone_tells_what_the_file_is(tmp_path: Path) -> None:
    assert read_workbook(written(tmp_path / "book.xlsx", METADATA)).metadata == METADATA


def test_the_property_adds_to_what_the_hidden_sheet_tells(tmp_path: Path) -> None:
    path = written(tmp_path / "book.xlsx", FileMetadata(kinds=frozenset({FileKind.EXPORT})), mark="marked")

    assert read_workbook(path).metadata.kinds == {FileKind.EXPORT, FileKind.MARKED}


FORMATS = {
    "0000000000": 207, "+0": 442071, "0000 000000": 2071234567, "000-000-0000": 2071234567, "d-mmm": 46054,
    "mmm-yy": 46054, "m/d/yyyy": 46054, "[h]:mm": 1.5, "#,##0": 5, "0.00": 5,
}  # fmt: skip


@pytest.mark.libreoffice
@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_libreoffice_keeps_what_the_tool_left_in_the_file_and_what_is_hidden_merged_and_shown_otherwise(
    tmp_path: Path, kind: str
) -> None:
    ours, path = written(tmp_path / "ours.xlsx", METADATA, mark="results"), tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as made:
        page = made.add_worksheet("DIDs")
        for row, (code, number) in enumerate(FORMATS.items()):
            page.write_number(row, 0, number, made.add_format({"num_format": code}))
        page.write_formula(0, 1, "=A1+1", None, 208)
        page.merge_range(2, 1, 3, 2, "M")
        page.set_column(3, 3, None, None, {"hidden": True})
        page.write_string(0, 3, "h")
        page.set_row(5, None, None, {"hidden": True})
        page.set_row(6, 0)

    ours_again, again = saved_again([ours, path], tmp_path / "again", kind)

    book = read_workbook(ours_again)
    assert book.metadata == METADATA
    assert next(sheet for sheet in book.sheets if sheet.name == METADATA_SHEET).hidden
    sheet = read_one(again)
    shown = {row: code.replace("\\", "") for row, code in sheet.formats[0].items()}
    assert shown == {row: code for row, code in enumerate(FORMATS, 1) if code != "0.00"}
    assert sheet.merged == (Block(3, 1, 4, 2),)
    assert sheet.hidden_columns == (3,)
    assert sheet.hidden_rows == (6, 7)
    assert sheet.formulas == {1: {1: "=…" if kind == "xls" else "=A1+1"}}
