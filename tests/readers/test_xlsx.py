"""Reading .xlsx and .xlsm: values as they are, and what the fast reader would drop."""

from __future__ import annotations

import datetime as dt
import gc
import hashlib
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlsxwriter
from openpyxl.chart import BarChart
from openpyxl.packaging.custom import StringProperty
from python_calamine import PasswordError

from batch.errors import WorkbookError
from batch.readers import packages, prescan, workbook
from batch.readers.detect import begin_workbook, read_workbook
from batch.readers.workbook import CellError, Format, NoValue, RawSheet
from batch.schema.file_metadata import MARK
from tests.open_xml import repacked
from tests.packages import HEAD, MAIN, TAIL, raw_package

if TYPE_CHECKING:
    from pathlib import Path


def only_sheet(path: Path) -> RawSheet:
    (sheet,) = read_workbook(path).sheets
    return sheet


def read_xml(tmp_path: Path, rows: str) -> RawSheet:
    return only_sheet(raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL))


def test_each_kind_of_cell_comes_as_what_it_is(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    values = (
        "00442071234567",
        442071234567,
        1.5,
        True,
        dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - a spreadsheet has no time zones
        dt.date(2026, 1, 2),
        dt.time(3, 4),
    )
    page.append(values)
    book.save(tmp_path / "book.xlsx")

    sheet = only_sheet(tmp_path / "book.xlsx")

    assert [column[0] for column in sheet.columns] == list(values)
    assert [type(column[0]) for column in sheet.columns[:4]] == [str, float, float, bool]


def test_a_table_that_begins_elsewhere_keeps_its_place_and_its_blank_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page["C4"] = "Trunk"
    page["D4"] = "DID"
    page["C8"] = "London-1"
    book.save(tmp_path / "book.xlsx")

    sheet = only_sheet(tmp_path / "book.xlsx")

    assert (sheet.first_row, sheet.first_column, sheet.height) == (4, 2, 5)
    assert sheet.columns == [["Trunk", "", "", "", "London-1"], ["DID", "", "", "", ""]]


def test_error_cells_are_errors_and_never_blanks(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page["A1"] = "Name"
    page["A2"] = "#N/A"
    page["B3"] = "#REF!"
    page["A4"] = "text with #N/A in it"
    book.save(tmp_path / "book.xlsx")

    sheet = only_sheet(tmp_path / "book.xlsx")

    assert sheet.columns[0] == ["Name", CellError("#N/A"), "", "text with #N/A in it"]
    assert sheet.columns[1] == ["", "", CellError("#REF!"), ""]


def test_a_formula_without_a_result_is_told_from_a_blank(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page["B2"] = "Name"
    page["B3"] = "=A1&A2"
    page["D6"] = "=1+1"
    page["A1"] = None
    book.save(tmp_path / "book.xlsx")

    sheet = only_sheet(tmp_path / "book.xlsx")

    assert (sheet.first_row, sheet.first_column) == (2, 1)
    assert sheet.columns[0] == ["Name", NoValue("=A1&A2"), "", "", ""]
    assert sheet.columns[2] == ["", "", "", "", NoValue("=1+1")]


def test_a_formula_with_a_result_is_its_result_even_where_that_is_empty_text(tmp_path: Path) -> None:
    sheet = read_xml(
        tmp_path,
        '<row r="1"><c r="A1"><f>1+2</f><v>3</v></c><c r="B1" t="str"><f>""</f><v></v></c>'
        '<c r="C1" t="str"><f>"x"</f><v>x</v></c></row>',
    )

    assert sheet.columns == [[3.0], [""], ["x"]]


def test_a_shared_formula_without_results_names_the_formula_in_every_cell(tmp_path: Path) -> None:
    sheet = read_xml(
        tmp_path,
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f t="shared" ref="B1:B2" si="0">A1*2</f></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><f t="shared" si="0"/></c></row>',
    )

    assert sheet.columns[1] == [NoValue("=A1*2"), NoValue("=A1*2")]


def test_a_sheet_of_nothing_but_formulas_without_results_is_not_empty(tmp_path: Path) -> None:
    sheet = read_xml(tmp_path, '<row r="3"><c r="C3"><f>A1</f></c></row>')

    assert (sheet.first_row, sheet.first_column, sheet.columns) == (3, 2, [[NoValue("=A1")]])


def test_errors_left_of_and_above_the_values_widen_the_table(tmp_path: Path) -> None:
    sheet = read_xml(
        tmp_path,
        '<row r="1"><c r="A1"><f>X</f></c></row><row r="2"><c r="B2"><v>5</v></c></row>',
    )

    assert (sheet.first_row, sheet.first_column) == (1, 0)
    assert sheet.columns == [[NoValue("=X"), ""], ["", 5.0]]


def test_cells_and_rows_without_a_number_stand_after_the_one_before(tmp_path: Path) -> None:
    sheet = read_xml(
        tmp_path,
        '<row>\n <c><v>1</v></c>\n <c t="e"><v>#N/A</v></c><c t="str"><v>x</v></c></row>'
        '<row hidden="1"><c/><c t="e"><v>#REF!</v></c></row>'
        '<row r="5"><c r="B5"><v>2</v></c><c t="e"><v>#NUM!</v></c></row>',
    )

    assert sheet.columns[1] == [CellError("#N/A"), CellError("#REF!"), "", "", 2.0]
    assert sheet.columns[2] == ["x", "", "", "", CellError("#NUM!")]
    assert sheet.hidden_rows == (2,)


@pytest.mark.parametrize(
    "rows",
    [
        "<row r='1'><c r='A1' t='e'><v>#N/A</v></c><c r='B1'><v>1</v></c></row>",
        '<row r="1"><c\nr="A1"\nt="e"><v>#N/A</v></c><c r="B1"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="e"><v> #N/A\n</v></c><c r="B1"><v>1</v></c></row>',
    ],
)
def test_however_the_xml_is_written_errors_are_found(tmp_path: Path, rows: str) -> None:
    assert read_xml(tmp_path, rows).columns == [[CellError("#N/A")], [1.0]]


def test_xml_with_a_namespace_prefix_is_read_alike(tmp_path: Path) -> None:
    sheet = (
        f'<?xml version="1.0"?><x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1" hidden="true">'
        '<x:c r="A1" t="str"><x:v>a</x:v></x:c><x:c r="B1"><x:f>NOW()</x:f></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )

    found = only_sheet(raw_package(tmp_path / "book.xlsx", sheet))

    assert found.columns == [["a"], [NoValue("=NOW()")]]
    assert found.hidden_rows == (1,)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_errors_newer_than_the_reader_are_read_too(tmp_path: Path, quote: str) -> None:
    rows = (
        '<row r="1"><c r="A1" t="e"><f>B1:B3</f><v>#SPILL!</v></c><c r="B1" t="str"><v>#SPILL!</v></c>'
        '<c r="C1" t="e"><f t="shared" si="1"/><v>#CALC!</v></c><c r="D1"><f>1</f></c></row>'
    ).replace('"', quote)
    path = raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL, HEAD + TAIL)

    first, second = read_workbook(path).sheets

    assert first.columns == [[CellError("#SPILL!")], ["#SPILL!"], [CellError("#CALC!")], [NoValue("=1")]]
    assert second.columns == []


def test_an_error_cell_without_a_text_is_still_an_error(tmp_path: Path) -> None:
    sheet = read_xml(tmp_path, '<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="e"><v></v></c></row>')

    assert sheet.columns == [[1.0], [CellError("#ERROR!")]]


def test_words_that_betray_something_are_seen_where_two_chunks_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = raw_package(tmp_path / "book.xlsx", HEAD + '<row r="1"><c r="A1" t="e"><v>#N/A</v></c></row>' + TAIL)
    for size in range(20, 60):
        monkeypatch.setattr(packages, "CHUNK", size)
        package = packages.Package(path)
        assert prescan.prescan_sheet(package, "xl/worksheets/sheet1.xml").closer


def test_plain_sheets_get_no_closer_look(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("DIDs")
        page.write_row(0, 0, ["Trunk", "DID", "It's 'quoted' and =' too"])
        page.data_validation(1, 0, 9, 0, {"validate": "list", "source": ["a", "b"]})
        page.autofilter(0, 0, 1, 1)

    found = prescan.prescan_sheet(packages.Package(path), "xl/worksheets/sheet1.xml")

    assert not found.closer
    assert not found.far


def test_hidden_and_filtered_rows_are_named_but_kept(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for number in range(1, 6):
        page.append([number])
    page.row_dimensions[2].hidden = True
    page.row_dimensions[4].hidden = True
    page.row_dimensions[90].hidden = True
    page.column_dimensions["C"].hidden = True
    book.save(tmp_path / "book.xlsx")

    sheet = only_sheet(tmp_path / "book.xlsx")

    assert sheet.hidden_rows == (2, 4)
    assert sheet.columns == [[1.0, 2.0, 3.0, 4.0, 5.0]]


def test_all_sheets_are_kept_in_order_but_chart_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "Mine & yours"
    book.create_chartsheet("Chart").add_chart(BarChart())
    book.create_sheet("Hidden").sheet_state = "veryHidden"
    book.create_sheet("Trünks")["A1"] = "x"
    book.save(tmp_path / "book.xlsx")

    sheets = read_workbook(tmp_path / "book.xlsx").sheets

    assert [(sheet.name, sheet.hidden) for sheet in sheets] == [
        ("Mine & yours", False),
        ("Hidden", True),
        ("Trünks", False),
    ]
    assert sheets[0].columns == []
    assert sheets[0].height == 0


def test_our_mark_is_seen_and_other_properties_are_not_it(tmp_path: Path) -> None:
    for name in (MARK, "Department"):
        book = openpyxl.Workbook()
        book.custom_doc_props.append(  # type: ignore[attr-defined] # newer than the stubs
            StringProperty(name=name, value="1")
        )
        book.save(tmp_path / f"{name}.xlsx")
    openpyxl.Workbook().save(tmp_path / "plain.xlsx")

    assert read_workbook(tmp_path / f"{MARK}.xlsx").ours
    assert not read_workbook(tmp_path / "Department.xlsx").ours
    assert not read_workbook(tmp_path / "plain.xlsx").ours


def test_the_hash_is_of_the_file_and_the_kind_is_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "renamed.xls"
    openpyxl.Workbook().save(path)

    book = read_workbook(path)

    assert book.format is Format.XLSX
    assert book.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert book.path == path
    assert book.remarks == {}


def test_a_workbook_with_macros_is_read_and_known_as_one(tmp_path: Path) -> None:
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override '
        'PartName="/xl/workbook.xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
    )
    path = raw_package(tmp_path / "book.xlsm", HEAD + TAIL, more={"[Content_Types].xml": types})

    assert read_workbook(path).format is Format.XLSM


@pytest.mark.parametrize(
    ("types", "known_as"),
    [
        ('<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>', "xlsx"),
        ('<Default Extension="xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/>', "xlsm"),
        (
            '<Default Extension="xml" ContentType="macroEnabled"/><Override PartName="/xl/Workbook.xml"/>',
            "xlsx",
        ),
    ],
)
def test_only_what_is_said_of_its_list_of_sheets_makes_a_workbook_one_with_macros(
    tmp_path: Path, types: str, known_as: str
) -> None:
    said = f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{types}</Types>'
    path = raw_package(tmp_path / "book.xlsx", HEAD + TAIL, more={"[Content_Types].xml": said})

    assert read_workbook(path).format.name.casefold() == known_as


def test_a_stray_cell_far_away_is_named_instead_of_filling_the_memory(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>3</v></c></row><row r="1048576"><c r="XFD1048576"><v>3</v></c></row>'
    for text in (rows, rows.replace('"', "'")):
        with pytest.raises(WorkbookError, match='sheet "Trunks" reaches as far as cell XFD1048576') as refusal:
            read_xml(tmp_path, text)
        assert "delete the rows and columns" in refusal.value.hint


@pytest.mark.parametrize(
    ("stray", "cell"),
    [
        ('<row><c r="B3000000000"><v>3</v></c></row>', "B3000000000"),
        ('<row r="300000000"><c r="B300000000"><v>3</v></c></row>', "B300000000"),
        ('<row r="300000000"><c><v>3</v></c></row>', "A300000000"),
        ('<row><c r="xfd1000000"><v>3</v></c></row>', "XFD1000000"),
        ("<row r='300000'><c r = \n 'XFD300000'><v>3</v></c></row>", "XFD300000"),
        (f'<row r="300000"><c r{" " * 5000}={" " * 5000}"AZZ300000"><v>3</v></c></row>', "AZZ300000"),
        ('<row r="300000"><c s="1" r="rrr300000"><v>3</v></c></row>', "RRR300000"),
    ],
)
def test_a_stray_cell_is_seen_however_its_place_is_spelt(tmp_path: Path, stray: str, cell: str) -> None:
    """The fast reader would ask for hundreds of gigabytes, and take the process with it."""
    with pytest.raises(WorkbookError, match=f'sheet "Trunks" reaches as far as cell {cell}[.]'):
        read_xml(tmp_path, '<row r="1"><c r="A1"><v>3</v></c></row>' + stray)


def test_a_stray_cell_is_seen_where_two_chunks_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = '<row r="1"><c r="A1"><v>3</v></c></row><row r="300000"><c r="XFD300000"><v>3</v></c></row>'
    path = raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL)
    for size in range(20, 60):
        monkeypatch.setattr(packages, "CHUNK", size)
        assert prescan.prescan_sheet(packages.Package(path), "xl/worksheets/sheet1.xml").far


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="999999" ht="15.0000000"><c r="Z999999"><v>4420794600000</v></c></row>',
        '<row r="7"><c r="A7" t="inlineStr"><is><t>="XFD1048576"</t></is></c></row>',
        '<row r="7" spans="1:30"><c r="AD7" s="123456"><v>1</v></c></row>',
    ],
)
def test_what_lies_near_is_not_taken_for_far(tmp_path: Path, rows: str) -> None:
    path = raw_package(tmp_path / "book.xlsx", HEAD + '<row r="1"><c r="A1"><v>3</v></c></row>' + rows + TAIL)
    assert not prescan.prescan_sheet(packages.Package(path), "xl/worksheets/sheet1.xml").far


def test_formatted_but_empty_cells_far_away_do_no_harm(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>3</v></c></row><row r="1048576"><c r="XFD1048576" s="0"/></row>'

    assert read_xml(tmp_path, rows).columns == [[3.0]]


def test_a_sheet_of_empty_formatted_cells_only_is_empty(tmp_path: Path) -> None:
    assert read_xml(tmp_path, '<row r="1048576"><c r="XFD1048576" s="0"/></row>').columns == []


def test_results_columns_beyond_z_need_no_closer_look(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_row(0, 0, [f"c{number}" for number in range(30)])

    assert not prescan.prescan_sheet(packages.Package(path), "xl/worksheets/sheet1.xml").far
    assert len(only_sheet(path).columns) == 30


def test_the_collector_is_as_it_was_before(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "book.xlsx")
    read_workbook(tmp_path / "book.xlsx")
    assert gc.isenabled()

    gc.disable()
    try:
        read_workbook(tmp_path / "book.xlsx")
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("sheet", "more"),
    [
        (HEAD + '<row r="1"><c r="A1"><v>1</v></c>', {}),
        (HEAD + '<row r="1"><c r="A1" t="s"><v>99</v></c></row>' + TAIL, {}),
        (HEAD + '<row r="1"><c r="A1" t="e"><v>#N/A</v></c></rou>' + TAIL, {}),
        (HEAD + '<row r="1"><c r="1A" t="e"><v>#N/A</v></c></row>' + TAIL, {}),
        (HEAD + TAIL, {"xl/_rels/workbook.xml.rels": "<Relationships/>"}),
        (
            HEAD + TAIL,
            {
                "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" '
                'Type="x/worksheet" Target="worksheets/nowhere.xml"/></Relationships>'
            },
        ),
        (HEAD + TAIL, {"xl/workbook.xml": "<workbook><sheets>"}),
        (HEAD + TAIL, {"xl/styles.xml": "nothing at all"}),
        ((HEAD + TAIL).encode("utf-16").decode("latin-1"), {}),
    ],
)
def test_a_package_that_contradicts_itself_is_called_damaged(tmp_path: Path, sheet: str, more: dict[str, str]) -> None:
    path = raw_package(tmp_path / "book.xlsx", sheet, more=more)

    with pytest.raises(WorkbookError, match="is damaged") as refusal:
        read_workbook(path)
    assert refusal.value.__cause__ is None


def test_a_workbook_whose_list_of_sheets_has_no_links_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")

    with pytest.raises(WorkbookError, match="no list of sheets"):
        read_workbook(path)


def test_a_list_of_sheets_that_two_programs_read_otherwise_is_damaged(tmp_path: Path) -> None:
    path, part = tmp_path / "book.xlsx", "xl/workbook.xml"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Trunks").write_row(0, 0, ["Name"])
        book.add_worksheet("Notes")
    repacked(path, lambda parts: parts | {part: parts[part].replace(b'name="Notes"', b'nome="Notes"')})

    with pytest.raises(WorkbookError, match="its list of sheets cannot be understood"):
        read_workbook(path)


def test_a_panic_inside_the_reader_is_a_damaged_file_and_other_interruptions_pass(tmp_path: Path) -> None:
    class PanicException(BaseException):
        pass

    with pytest.raises(WorkbookError, match="cannot be understood"), workbook.calamine_failures(tmp_path):
        raise PanicException
    with pytest.raises(KeyboardInterrupt), workbook.calamine_failures(tmp_path):
        raise KeyboardInterrupt
    with pytest.raises(WorkbookError, match="protected"), workbook.calamine_failures(tmp_path):
        raise PasswordError


def test_a_sheet_waits_for_its_cells_only_where_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Trunks").write_row(0, 0, ["Name"])
    (begun,) = begin_workbook(path).sheets
    (read,) = read_workbook(path).sheets

    assert (begun.name, begun.hidden, begun.dialect) == ("Trunks", False, None)
    assert replace(begun, name="Mine") == replace(read, name="Mine")
    assert begun.columns == [["Name"]]
    assert begun.height == 1


def test_what_is_wrong_with_a_sheet_is_said_by_whoever_asks_for_its_cells(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>3</v></c></row><row r="1048576"><c r="XFD1048576"><v>3</v></c></row>'
    book = begin_workbook(raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL))

    (sheet,) = book.sheets
    assert sheet.name == "Trunks"
    for _ in range(2):
        with pytest.raises(WorkbookError, match="reaches as far as"):
            sheet.height  # noqa: B018 - asking for it is what waits
    with pytest.raises(WorkbookError, match="reaches as far as"):
        book.wait()
