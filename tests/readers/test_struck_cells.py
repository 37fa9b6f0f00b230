"""Struck-through cells: whoever strikes a row through means something by it, so it is told in every kind of file."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle

from batch.readers import packages, prescan
from batch.readers.detect import read_workbook
from batch.readers.workbook import RawSheet
from batch.secrets import Secret
from tests.builders import sheet, tabulate, workbook
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

PART = "xl/worksheets/sheet1.xml"
FONTS = (
    f'<styleSheet xmlns="{MAIN}"><fonts><font/><font><strike/></font><font><strike val="0"/></font>'
    '<font><b/><strike val="true"/></font></fonts><cellStyleXfs><xf fontId="1"/></cellStyleXfs><cellXfs>'
    '<xf fontId="0"/><xf fontId="1"/><xf fontId="2"/><xf fontId="3"/></cellXfs>'
    "<dxfs><dxf><font><strike/></font></dxf></dxfs></styleSheet>"
)


def struck(path: Path) -> dict[int, list[int]]:
    found = read_workbook(path).sheets[0]
    return {column: sorted(rows) for column, rows in sorted(found.struck.items()) if rows}


def read_rows(tmp_path: Path, rows: str, **more: str) -> dict[int, list[int]]:
    parts = {"xl/styles.xml": FONTS} | {name.replace("__", "/") + ".xml": text for name, text in more.items()}
    return struck(raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL, more=parts))


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2" s="{}"><v>7</v></c>',
        '<c r="B2" s="{}" t="str"><v>x</v></c>',
        '<c r="B2" t="str" s="{}"><f>A1</f><v>x</v></c>',
        '<c s="{}" r="B2" t="b"><v>1</v></c>',
        "<c r='B2' s='{}' t='inlineStr'>\n<is><t>x</t></is></c>",
        '<c r="B2" s="{}" t="e"><v>#N/A</v></c>',
    ],
)
@pytest.mark.parametrize(("style", "expected"), [(0, {}), (1, {1: [2]}), (2, {}), (3, {1: [2]})])
def test_a_cell_of_any_kind_is_struck_where_its_style_strikes(
    tmp_path: Path, cell: str, style: int, expected: dict[int, list[int]]
) -> None:
    rows = f'<row r="2"><c r="A2"><v>1</v></c>{cell.format(style)}<c r="C2" s="1"/></row>'

    assert read_rows(tmp_path, rows) == expected


def test_a_text_struck_in_part_is_struck_wherever_it_is_shown(tmp_path: Path) -> None:
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>plain</t></si><si><r><t>44</t></r><r><rPr><b/><strike/></rPr><t>20</t></r></si>'
        '<si><r><rPr><strike val="0"/></rPr><t>not</t></r></si></sst>'
    )
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
        '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" t="inlineStr">'
        "<is><r><rPr><strike/></rPr><t>x</t></r></is></c>"
        '<c r="C2" t="inlineStr"><is><r><rPr><strike val="false"/></rPr><t>x</t></r></is></c></row>'
    )

    assert read_rows(tmp_path, rows, xl__sharedStrings=strings) == {0: [2], 1: [1, 2]}


def test_what_openpyxl_and_xlsxwriter_strike_is_struck_and_conditional_formats_are_not(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for row in range(1, 5):
        page.append([f"T{row}", row])
    page["B2"].font = Font(strike=True)
    page["A3"] = CellRichText("a", TextBlock(InlineFont(strike=True), "b"))
    rule = Rule(type="expression", formula=["TRUE"], dxf=DifferentialStyle(font=Font(strike=True)))
    page.conditional_formatting.add("A1:B9", rule)
    book.save(tmp_path / "a.xlsx")
    with xlsxwriter.Workbook(tmp_path / "b.xlsx") as other:
        line, plain = other.add_format({"font_strikeout": True}), other.add_format({"bold": True})
        written = other.add_worksheet()
        written.write_row(0, 0, ["a", "b"])
        written.write_string(1, 0, "x", line)
        written.write_rich_string(2, 1, "a", line, "b")
        written.write_rich_string(3, 1, "a", plain, "b")

    assert struck(tmp_path / "a.xlsx") == {0: [3], 1: [2]}
    assert struck(tmp_path / "b.xlsx") == {0: [2], 1: [3]}


def test_any_mixture_of_struck_and_plain_cells_is_told_exactly(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    for number in range(8):
        expected: dict[int, list[int]] = {}
        path = tmp_path / f"{number}.xlsx"
        with xlsxwriter.Workbook(path, {"constant_memory": number % 2 == 1}) as book:
            line = book.add_format({"font_strikeout": True, "num_format": "0" * (1 + number % 3)})
            page = book.add_worksheet()
            for row in range(60):
                for column in range(3):
                    is_struck = chance.random() < 0.1
                    value = chance.choice(["x", 7, "", True])
                    page.write(row, column, value, line if is_struck else None)
                    if is_struck and value != "":
                        expected.setdefault(column, []).append(row + 1)
        assert struck(path) == dict(sorted(expected.items()))


def test_styles_that_strike_only_blank_cells_cost_no_closer_look(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" s="1"/><c r="B1" s="0"><v>1</v></c><c r="C1" s="3"></c></row>'
    package = packages.Package(raw_package(tmp_path / "book.xlsx", HEAD + rows + TAIL))

    assert not prescan.prescan_sheet(package, PART, struck={"1", "3"}).closer


def test_an_old_workbook_tells_what_is_struck(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("Trunks")
    line = xlwt.easyxf("font: struck_out on")
    page.write(0, 0, "Name")
    page.write(1, 0, "x", line)
    page.write(2, 0, "", line)
    page.write(3, 1, 7, line)
    page.write_rich_text(4, 1, ["a", ("b", line.font)])
    book.save(str(tmp_path / "book.xls"))

    assert struck(tmp_path / "book.xls") == {0: [2], 1: [4, 5]}


def test_a_binary_workbook_tells_what_is_struck(tmp_path: Path) -> None:
    fonts = b"".join(xlsb_record(43, struct.pack("<HH", 220, flags) + b"\x00" * 20) for flags in (0, 8))
    styles = b"".join(xlsb_record(47, struct.pack("<HHH", 0, 0, font) + b"\x00" * 10) for font in (0, 1))
    stylesheet = fonts + xlsb_record(617, struct.pack("<I", 2)) + styles + xlsb_record(618, b"")
    path = xlsb(
        tmp_path / "book.xlsb",
        xlsb_sheet(xlsb_row(0), xlsb_cell(6, 0, wide("a")), xlsb_cell(6, 1, wide("b"), style=1)),
        styles=stylesheet,
    )

    assert struck(path) == {1: [1]}


def test_an_opendocument_workbook_tells_what_is_struck(tmp_path: Path) -> None:
    through = '<style:text-properties style:text-line-through-style="{}"/></style:style>'
    styles = (
        '<style:style style:name="gone" style:family="table-cell">' + through.format("solid")
        + '<style:style style:name="child" style:family="table-cell" style:parent-style-name="gone"/>'
        + '<style:style style:name="back" style:family="table-cell" style:parent-style-name="gone">'
        + through.format("none")
        + '<style:style style:name="T1" style:family="text">' + through.format("solid")
    )  # fmt: skip

    def cell(style: str, text: str = "x") -> str:
        return (
            f'<table:table-cell table:style-name="{style}" office:value-type="string"><text:p>{text}</text:p>'
            "</table:table-cell>"
        )

    part = 'a<text:span text:style-name="T1">b</text:span>'
    rows = (
        f"<table:table-row>{cell('gone')}{cell('child')}{cell('back')}{cell('T1')}</table:table-row>"
        f"<table:table-row>{cell('back', part)}</table:table-row>"
    )
    body = (
        f'<table:table table:name="Trunks"><table:table-column table:number-columns-repeated="4"/>{rows}</table:table>'
    )

    assert struck(raw_ods(tmp_path / "book.ods", body, styles)) == {0: [1, 2], 1: [1]}


# --- what is told of them


def told(raw: RawSheet) -> list[tuple[str, str, bool]]:
    _, problems = tabulate(workbook(raw, sheet("DIDs", "Trunk|DID")), Secret)
    return [(p.cell, f"{p.message} {p.fix}", p.stops) for p in problems if p.code == "cells-struck"]


def test_struck_cells_of_ours_are_told_once_a_sheet_with_what_to_do() -> None:
    rows = ["Name|Hostname|#mine", *(f"T{row}|h.example|x" for row in range(2, 9))]
    do = "Delete the rows that you no longer need, or set their trunk's Action to skip."

    assert told(sheet("Trunks", *rows, struck={0: {5}, 1: {3, 4, 5}})) == [
        ("B3", f"3 rows of Trunks have struck-through cells and are used all the same: 3-5. {do}", False)
    ]
    assert told(sheet("Trunks", *rows, struck={1: {4}})) == [
        ("B4", f"Row 4 of Trunks has a struck-through cell; it is used all the same. {do}", False)
    ]


def test_headers_own_columns_and_cells_outside_of_the_table_may_be_struck() -> None:
    rows = ["Name|Hostname|#mine", "T2|h.example|x", "T3|h.example|x"]

    assert told(sheet("Trunks", *rows, struck={0: {1, 9}, 2: {2, 3}})) == []
