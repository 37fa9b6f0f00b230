"""What a person sees of a number and what its value is: which number formats make a difference."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
import xlsxwriter
import xlwt

from batch.readers.detect import read_workbook
from batch.readers.number_formats import shows_otherwise
from tests.packages import (
    HEAD,
    TAIL,
    raw_ods,
    raw_package,
    stylesheet,
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


@pytest.mark.parametrize(
    "code",
    [
        "00", "0000000000", "0000\\ 000000", "000-000-0000", "+0", '"+"0', "\\+0", '0" pcs"', "(00) 000",
        "00000;-00000",
        "[<=9999999]###-####;(###) ###-####", "d-mmm", "mmm-yy", "m/d/yyyy", "[h]:mm", "mm:ss.0", 'yyyy"年"m"月"',
        "#,##0", "#,##0 ;(#,##0)",
        "[$-F800]dddd\\,\\ mmmm\\ dd", 'General" x"', "[Red]D-MMM",
    ],
)  # fmt: skip
def test_formats_that_show_more_than_the_digits_matter(code: str) -> None:
    assert shows_otherwise(code)


@pytest.mark.parametrize(
    "code",
    [
        "", "General", "GENERAL", "0", "@", "#,##0.0", "0.00", "0.000", "0%", "0.00E+00", "##0.0E+0", "# ?/?", "# ##0",
        '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', '"$"#,##0.00', "[$€-407] #,##0.00",
        "[Red]0", "0;[Red]-0",
    ],
)  # fmt: skip
def test_formats_that_show_the_digits_as_they_are_do_not(code: str) -> None:
    assert not shows_otherwise(code)


def styled(tmp_path: Path, rows: str, *codes: str | int, more: dict[str, str] | None = None) -> RawSheet:
    parts = {"xl/styles.xml": stylesheet(*codes), **(more or {})}
    (sheet,) = read_workbook(raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL, more=parts)).sheets
    return sheet


def test_numbers_of_such_a_format_are_named_by_column_and_row(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("DIDs")
        zeros, date = book.add_format({"num_format": "0000000000"}), book.add_format({"num_format": "d-mmm"})
        page.write_row(1, 1, ["Trunk", "DID"])
        page.write_row(2, 1, ["A", 207], zeros)
        page.write_row(3, 1, ["B", 46032], date)
        page.write_row(4, 1, ["C", 208])

    (sheet,) = read_workbook(path).sheets

    assert sheet.first_row == 2
    assert sheet.formats == {2: {3: "0000000000", 4: "d-mmm"}}


def test_only_numbers_count_and_neither_texts_nor_blanks_nor_errors(tmp_path: Path) -> None:
    sheet = styled(
        tmp_path,
        '<row r="1" s="1" customFormat="1"><c r="A1" s="1" t="str"><v>7</v></c><c r="B1" s="1"/><c r="C1" s="1" t="b">'
        '<v>1</v></c><c r="D1" s="1" t="e"><v>#N/A</v></c><c r="E1" s="1" t="inlineStr"><is><t>7</t></is></c>'
        '<c r="F1" s="1" t="n"><v>7</v></c><c r="G1" s="1"><f>3+4</f><v>7</v></c><c r="H1" s="1"><f>X</f></c>'
        '<c r="I1"><v>7</v></c><c r="J1" s="2"><v>7</v></c></row>',
        "000",
        "#,##0.00",
    )

    assert sheet.formats == {5: {1: "000"}, 6: {1: "000"}}


def test_formats_that_have_only_a_number_are_spelt_out(tmp_path: Path) -> None:
    numbers = (14, 16, 17, 20, 46, 27, 57, 30)
    cells = "".join(f'<c r="{"ABCDEFGH"[place]}1" s="{place + 1}"><v>46054</v></c>' for place in range(8))

    sheet = styled(tmp_path, f'<row r="1">{cells}</row>', *numbers)

    assert [rows[1] for rows in sheet.formats.values()] == [
        "m/d/yyyy",
        "d-mmm",
        "mmm-yy",
        "h:mm",
        "[h]:mm:ss",
        'yyyy"年"m"月"',
        'yyyy"年"m"月"',
        "m/d/yy",
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "<c r='A1' s='1'><v>7</v></c>",
        '<c s="1" r="A1"><v>7</v></c>',
        '<c r="A1" t="n" s="1">\n<v>7</v></c>',
        '<c r="A1"\ns="1"\n><v>7</v></c>',
        '<c s="1"><v>7</v></c>',
    ],
)
def test_however_the_cell_is_written_its_format_is_found(tmp_path: Path, cell: str) -> None:
    assert styled(tmp_path, f'<row r="1">{cell}</row>', "000").formats == {0: {1: "000"}}


def test_a_style_whose_number_begins_like_another_is_not_taken_for_it(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" s="1"><v>7</v></c><c r="B1" s="11"><v>7</v></c><c r="C1" t="e"><v>#N/A</v></c></row>'

    sheet = styled(tmp_path, rows, "000", *["0"] * 10)

    assert sheet.formats == {0: {1: "000"}}


def test_dates_counted_from_1904_are_the_same_dates(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        page = book.add_worksheet("DIDs")
        page.write_number(0, 0, 44592, book.add_format({"num_format": "d-mmm"}))
        page.write_number(0, 1, 44592, book.add_format({"num_format": "00000000"}))

    (sheet,) = read_workbook(path).sheets

    assert str(sheet.columns[0][0]) == "2026-02-01"
    assert sheet.columns[1] == [44592.0]
    assert sheet.formats == {0: {1: "d-mmm"}, 1: {1: "00000000"}}


def test_a_style_that_the_file_does_not_have_is_none(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" s="77"><v>7</v></c><c r="B1" s="1"><v>7</v></c></row>'

    assert styled(tmp_path, rows, "000").formats == {1: {1: "000"}}


# --- other kinds of file


def test_an_old_workbook_tells_its_number_formats(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("DIDs")
    page.write(0, 0, 207, xlwt.easyxf(num_format_str="0000000000"))
    page.write(1, 0, "text", xlwt.easyxf(num_format_str="0000000000"))
    page.write(2, 1, 46054, xlwt.easyxf(num_format_str="D-MMM"))
    page.write(3, 1, 5, xlwt.easyxf(num_format_str="#,##0.00"))
    book.save(str(tmp_path / "book.xls"))

    (sheet,) = read_workbook(tmp_path / "book.xls").sheets

    assert sheet.formats == {0: {1: "0000000000"}, 1: {3: "d-mmm"}}


def test_a_binary_workbook_tells_its_number_formats(tmp_path: Path) -> None:
    def style(number: int) -> bytes:
        return xlsb_record(47, b"\xff\xff" + number.to_bytes(2, "little") + bytes(12))

    styles = b"".join(
        (
            xlsb_record(615, struct.pack("<I", 1)), xlsb_record(44, b"\xa4\x00" + wide("0000000000")), xlsb_record(616),
            xlsb_record(626, struct.pack("<I", 1)), style(14), xlsb_record(627),
            xlsb_record(617, struct.pack("<I", 3)), style(0), style(164), style(16), xlsb_record(618),
        )
    )  # fmt: skip
    number = struct.pack("<d", 207)
    rows = xlsb_sheet(xlsb_row(0), xlsb_cell(5, 0, number, 1), xlsb_cell(5, 1, number, 2), xlsb_cell(5, 2, number))

    (sheet,) = read_workbook(xlsb(tmp_path / "book.xlsb", rows, styles=styles)).sheets

    assert sheet.formats == {0: {1: "0000000000"}, 1: {1: "d-mmm"}}


ODS_STYLES = (
    '<number:number-style style:name="N1"><number:number number:decimal-places="0" number:min-integer-digits="10"/>'
    "</number:number-style>"
    '<number:number-style style:name="N2"><number:text>+</number:text><number:number number:min-integer-digits="1"/>'
    "</number:number-style>"
    '<number:number-style style:name="N3"><number:number number:min-integer-digits="10"><number:embedded-text '
    'number:position="4">-</number:embedded-text><number:embedded-text number:position="7">-</number:embedded-text>'
    "</number:number></number:number-style>"
    '<number:date-style style:name="N4"><number:day/><number:text>-</number:text><number:month number:textual="true"/>'
    "</number:date-style>"
    '<number:time-style style:name="N5" number:truncate-on-overflow="false"><number:hours/><number:text>:'
    '</number:text><number:minutes number:style="long"/></number:time-style>'
    '<number:number-style style:name="N6P"><number:number number:min-integer-digits="5"/></number:number-style>'
    '<number:number-style style:name="N6"><number:text>-</number:text><number:number number:min-integer-digits="5"/>'
    '<style:map style:condition="value()&gt;=0" style:apply-style-name="N6P"/></number:number-style>'
    '<number:number-style style:name="N7"><number:number number:grouping="true" number:min-integer-digits="1"/>'
    "</number:number-style>"
    '<number:number-style style:name="N8"><number:number number:min-integer-digits="1"/><number:text> pcs'
    "</number:text></number:number-style>"
    '<number:percentage-style style:name="N10"><number:number number:decimal-places="1" '
    'number:min-integer-digits="2"/><number:text>%</number:text></number:percentage-style>'
    '<number:number-style style:name="N11"><number:fraction/></number:number-style>'
    '<number:number-style style:name="N9"><number:scientific-number number:min-integer-digits="3"/>'
    "</number:number-style>"
) + "".join(
    f'<style:style style:name="c{number}" style:family="table-cell" style:data-style-name="N{number}"/>'
    for number in range(1, 12)
)


def ods_sheet(tmp_path: Path, rows: str, styles: str = ODS_STYLES, **more: str) -> RawSheet:
    body = f'<table:table table:name="DIDs">{rows}</table:table>'
    (sheet,) = read_workbook(raw_ods(tmp_path / "book.ods", body, styles, **more)).sheets
    return sheet


def ods_cells(*styles: str) -> str:
    return "".join(
        f'<table:table-cell table:style-name="{style}" office:value-type="float" office:value="7"/>' for style in styles
    )


def test_formats_of_an_opendocument_workbook_are_told_in_excels_notation(tmp_path: Path) -> None:
    cells = ods_cells(*(f"c{number}" for number in range(1, 12)))

    sheet = ods_sheet(tmp_path, f"<table:table-row>{cells}</table:table-row>")

    assert [sheet.formats.get(column, {}).get(1) for column in range(11)] == [
        "0000000000", "+0", "000-000-0000", "d-mmm", "[h]:mm", "00000", "#,##0", '0" pcs"', None, None, None,
    ]  # fmt: skip


def test_a_cell_without_a_style_has_that_of_its_row_or_else_of_its_column(tmp_path: Path) -> None:
    number = '<table:table-cell office:value-type="float" office:value="7"/>'
    rows = (
        '<table:table-column table:number-columns-repeated="2" table:default-cell-style-name="c1"/>'
        f"<table:table-row>{number}{number}{number}{ods_cells('c2')}</table:table-row>"
        f'<table:table-row table:default-cell-style-name="c3">{number}{ods_cells("c2")}</table:table-row>'
    )

    sheet = ods_sheet(tmp_path, rows)

    assert sheet.formats == {0: {1: "0000000000", 2: "000-000-0000"}, 1: {1: "0000000000", 2: "+0"}, 3: {1: "+0"}}


def test_a_style_that_is_derived_has_the_format_of_its_parent(tmp_path: Path) -> None:
    derived = (
        '<style:style style:name="d" style:family="table-cell" style:parent-style-name="c1"/>'
        '<style:style style:name="ring" style:family="table-cell" style:parent-style-name="ring"/>'
    )
    cells = f"<table:table-row>{ods_cells('d', 'ring', 'nowhere')}</table:table-row>"
    common = (
        '<office:document-styles xmlns:office="o" xmlns:style="s" xmlns:number="n"><office:styles>'
        f"{ODS_STYLES}</office:styles></office:document-styles>"
    )

    sheet = ods_sheet(tmp_path, cells, derived, **{"styles.xml": common})

    assert sheet.formats == {0: {1: "0000000000"}}


def test_only_numbers_and_dates_of_an_opendocument_workbook_have_a_format(tmp_path: Path) -> None:
    rows = (
        '<table:table-row><table:table-cell table:style-name="c1" office:value-type="string"><text:p>7</text:p>'
        '</table:table-cell><table:table-cell table:style-name="c1"/><table:table-cell table:style-name="c4" '
        'office:value-type="date" office:date-value="2026-05-01"/><table:table-cell table:style-name="c5" '
        'office:value-type="time" office:time-value="PT36H05M00S"/></table:table-row>'
    )

    sheet = ods_sheet(tmp_path, rows)

    assert sheet.formats == {2: {1: "d-mmm"}, 3: {1: "[h]:mm"}}
    assert [str(column[0]) for column in sheet.columns] == ["7", "", "2026-05-01", "1 day, 12:05:00"]


def test_a_number_repeated_over_rows_and_columns_has_its_format_everywhere(tmp_path: Path) -> None:
    rows = (
        '<table:table-row table:number-rows-repeated="2"><table:table-cell table:style-name="c1" '
        'table:number-columns-repeated="2" office:value-type="float" office:value="7"/></table:table-row>'
    )

    assert ods_sheet(tmp_path, rows).formats == {
        0: {1: "0000000000", 2: "0000000000"},
        1: {1: "0000000000", 2: "0000000000"},
    }
