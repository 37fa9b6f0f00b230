"""Reading .xls, .xlsb and .ods: the same shape as from .xlsx."""

from __future__ import annotations

import datetime as dt
import struct
from typing import TYPE_CHECKING, Any

import pytest
import xlwt
from odf import opendocument, table
from odf.meta import UserDefined
from odf.text import P

from batch.errors import WorkbookError
from batch.readers.detect import read_workbook
from batch.readers.workbook import CellError, Format, NoValue
from batch.schema.file_metadata import MARK
from tests.packages import WORKBOOK, raw_ods, wide, xlsb, xlsb_cell, xlsb_record, xlsb_row, xlsb_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# --- .xls


def test_an_old_workbook_keeps_values_errors_and_hidden_rows(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("Trunks")
    dated = xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM")
    for row, value in enumerate(("Trunk ID", "00442071234567", 442071234567, True)):
        page.write(row, 0, value)
    page.write(1, 1, dt.datetime(2026, 1, 2, 3, 4), dated)  # noqa: DTZ001 - spreadsheets have no time zones
    page.write(2, 1, dt.date(2026, 1, 2), dated)
    page.write(3, 1, dt.time(3, 4), dated)
    page.write(4, 1, 99_999_999, dated)
    page.write(5, 3, "", xlwt.easyxf("font: bold on"))
    page.write(1, 3, "", xlwt.easyxf("font: bold on"))
    page.row(1).write(2, "x")
    page.row(2).set_cell_error(2, "#N/A!")
    page.row(2).hidden = True
    book.add_sheet("Hidden").visibility = 1
    book.save(str(tmp_path / "book.xls"))

    found = read_workbook(tmp_path / "book.xls")
    trunks, hidden = found.sheets

    assert found.format is Format.XLS
    assert not found.ours
    assert trunks.columns == [
        ["Trunk ID", "00442071234567", 442071234567.0, True, ""],
        ["", dt.datetime(2026, 1, 2, 3, 4), dt.date(2026, 1, 2), dt.time(3, 4), 99_999_999.0],  # noqa: DTZ001 - as above
        ["", "x", CellError("#N/A"), "", ""],
    ]
    assert trunks.hidden_rows == (3,)
    assert (hidden.name, hidden.hidden, hidden.columns) == ("Hidden", True, [])


def test_an_old_file_that_breaks_off_is_damaged(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("Trunks")
    for row in range(200):
        page.write(row, 0, f"trunk {row}")
    book.save(str(tmp_path / "whole.xls"))
    whole = (tmp_path / "whole.xls").read_bytes()
    path = tmp_path / "cut.xls"
    for length in (600, 1500, 4000, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(WorkbookError, match=r"is damaged|is not a spreadsheet"):
            read_workbook(path)


def test_an_old_file_with_records_overwritten_never_ends_in_a_traceback(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("Trunks")
    for row in range(50):
        page.write(row, 0, f"trunk {row}")
    book.save(str(tmp_path / "whole.xls"))
    whole = bytearray((tmp_path / "whole.xls").read_bytes())
    path = tmp_path / "bent.xls"
    refused = 0
    for place in range(512, len(whole), 97):
        bent = whole.copy()
        bent[place : place + 8] = b"\xff" * 8
        path.write_bytes(bent)
        try:
            read_workbook(path)
        except WorkbookError:
            refused += 1
    assert refused > 0


def test_another_office_file_is_named_as_such(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("Trunks")
    book.save(str(tmp_path / "book.xls"))
    path = tmp_path / "letter.xls"
    path.write_bytes(
        (tmp_path / "book.xls").read_bytes().replace("Workbook".encode("utf-16-le"), "WordDocu".encode("utf-16-le"))
    )

    with pytest.raises(WorkbookError, match="an older Office file of another kind"):
        read_workbook(path)


def test_an_old_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    def record(number: int, content: bytes) -> bytes:
        return struct.pack("<HH", number, len(content)) + content

    start = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    path = tmp_path / "locked.xls"
    path.write_bytes(start + record(0x002F, b"\x00" * 6) + record(0x000A, b""))

    with pytest.raises(WorkbookError, match="protected with a password") as refusal:
        read_workbook(path)
    assert "save it without one" in refusal.value.hint


# --- .xlsb, put together by hand: no free program writes it


def test_a_binary_workbook_keeps_values_errors_and_hidden_rows(tmp_path: Path) -> None:
    formula_rest = struct.pack("<HII", 0, 0, 0)
    path = xlsb(
        tmp_path / "book.xlsb",
        xlsb_sheet(
            xlsb_row(1),
            xlsb_cell(6, 1, wide("Name")),
            xlsb_cell(5, 2, struct.pack("<d", 442071234567.0)),
            xlsb_row(2, hidden=True),
            xlsb_cell(3, 1, b"\x2a"),
            xlsb_cell(4, 2, b"\x01"),
            xlsb_row(4),
            xlsb_cell(11, 2, b"\x17" + formula_rest),
            xlsb_cell(1, 3, b""),
        ),
    )

    book = read_workbook(path)
    (trunks,) = book.sheets

    assert book.format is Format.XLSB
    assert (trunks.first_row, trunks.first_column, trunks.hidden_rows) == (2, 1, (3,))
    assert trunks.columns == [
        ["Name", CellError("#N/A"), "", ""],
        [442071234567.0, True, "", CellError("#REF!")],
    ]


def test_cells_of_a_binary_workbook_that_do_not_say_their_column_stand_right_of_the_one_before(tmp_path: Path) -> None:
    style = struct.pack("<I", 0)
    rows = xlsb_sheet(
        xlsb_row(0),
        xlsb_cell(6, 1, wide("Name")),
        xlsb_record(17, style + wide("Port")),
        xlsb_record(12, style),
        xlsb_record(18, style + struct.pack("<I", 1)),
        xlsb_row(1),
        xlsb_record(15, style + b"\x01"),
        xlsb_record(13, style + struct.pack("<i", -5 << 2 | 2)),
        xlsb_record(16, style + struct.pack("<d", 442071234567.0)),
        xlsb_cell(1, 3, b""),
        xlsb_record(14, style + b"\x2a"),
    )
    texts = b"".join(
        (
            xlsb_record(159, struct.pack("<II", 2, 2)),
            *(xlsb_record(19, b"\x00" + wide(text)) for text in ("other", "shared")),
            xlsb_record(160),
        )
    )

    (sheet,) = read_workbook(xlsb(tmp_path / "book.xlsb", rows, texts=texts)).sheets

    assert (sheet.first_row, sheet.first_column) == (1, 0)
    assert list(zip(*sheet.columns, strict=True)) == [
        ("", "Name", "Port", "", "shared"),
        (True, -5.0, 442071234567.0, "", CellError("#N/A")),
    ]


def test_a_stray_cell_that_does_not_say_its_column_is_seen_far_away(tmp_path: Path) -> None:
    far = xlsb_sheet(
        xlsb_row(0),
        xlsb_cell(6, 0, wide("x")),
        xlsb_row(1_048_575),
        xlsb_cell(1, 16_382, b""),
        xlsb_record(17, bytes(4) + wide("y")),
        last_row=1_048_575,
    )

    with pytest.raises(WorkbookError, match="as far as cell XFD1048576"):
        read_workbook(xlsb(tmp_path / "book.xlsb", far))


def test_a_binary_workbook_with_a_stray_cell_far_away_is_refused(tmp_path: Path) -> None:
    far = xlsb_sheet(
        xlsb_row(0),
        xlsb_cell(6, 0, wide("x")),
        xlsb_row(1_048_575),
        xlsb_cell(6, 16_383, wide("y")),
        last_row=1_048_575,
    )

    with pytest.raises(WorkbookError, match="as far as cell XFD1048576"):
        read_workbook(xlsb(tmp_path / "book.xlsb", far))


@pytest.mark.parametrize(
    ("content", "more"),
    [
        (xlsb_sheet(xlsb_row(0), xlsb_record(3, b"\x00\x00\x00\x00")), {}),
        *((xlsb_sheet(xlsb_row(0), xlsb_record(number, bytes(4))), {}) for number in (13, 14, 15, 16, 17, 18)),
        (xlsb_sheet(xlsb_row(0), xlsb_record(18, bytes(4) + b"\x07\x00\x00\x00")), {}),
        (xlsb_sheet(), {"target": "worksheets/nowhere.bin"}),
        (xlsb_sheet(), {"xl/_rels/workbook.bin.rels": b"<Relationships/>"}),
        # one reader takes four bytes for a record's number, the other two: only one of them sees the sheet
        (xlsb_sheet(), {"xl/workbook.bin": b"\x83\x81\x81\x00\x7f" + WORKBOOK}),
    ],
)
def test_a_binary_workbook_that_contradicts_itself_is_damaged(
    tmp_path: Path, content: bytes, more: dict[str, Any]
) -> None:
    with pytest.raises(WorkbookError, match="is damaged"):
        read_workbook(xlsb(tmp_path / "book.xlsb", content, **more))


# --- .ods


def ods(path: Path, rows: Sequence[table.TableRow], name: str = "Trunks", mark: str = "") -> Path:
    book = opendocument.OpenDocumentSpreadsheet()
    page = table.Table(name=name)
    for line in rows:
        page.addElement(line)
    book.spreadsheet.addElement(page)
    if mark:
        book.meta.addElement(UserDefined(name=mark, valuetype="string", text="1"))
    book.save(str(path))
    return path


def ods_row(*cells: table.TableCell, **attributes: Any) -> table.TableRow:
    line = table.TableRow(**attributes)
    for one in cells:
        line.addElement(one)
    return line


def ods_cell(text: str = "", **attributes: Any) -> table.TableCell:
    one = table.TableCell(**attributes)
    if text:
        one.addElement(P(text=text))
    return one


def test_an_opendocument_workbook_keeps_values_errors_and_hidden_rows(tmp_path: Path) -> None:
    text = {"valuetype": "string"}
    path = ods(
        tmp_path / "book.ods",
        [
            ods_row(numberrowsrepeated=2),
            ods_row(ods_cell(numbercolumnsrepeated=1), ods_cell("Name", **text), ods_cell("#1", **text)),
            ods_row(
                ods_cell(),
                ods_cell("#N/A", formula="of:=NA()", stringvalue="", **text),
                ods_cell("44", valuetype="float", value="44"),
                visibility="collapse",
            ),
            ods_row(ods_cell(), ods_cell(formula="of:=FOO()"), ods_cell("Err:508", formula="of:=(", **text)),
            ods_row(
                ods_cell(),
                ods_cell("#VALUE!", formula="of:=1", numbercolumnsrepeated=2, **text),
                visibility="filter",
                numberrowsrepeated=2,
            ),
            ods_row(ods_cell(numbercolumnsrepeated=16384), numberrowsrepeated=1048568, visibility="collapse"),
        ],
    )

    book = read_workbook(path)
    (trunks,) = book.sheets

    assert (book.format, book.ours) == (Format.ODS, False)
    assert (trunks.first_row, trunks.first_column, trunks.hidden_rows) == (3, 1, (4, 6, 7))
    assert trunks.columns == [
        ["Name", CellError("#N/A"), NoValue("=FOO()"), CellError("#VALUE!"), CellError("#VALUE!")],
        ["#1", 44.0, CellError("Err:508"), CellError("#VALUE!"), CellError("#VALUE!")],
    ]


def test_libreoffice_errors_are_errors_and_notes_and_old_versions_are_not_values(tmp_path: Path) -> None:
    path = raw_ods(
        tmp_path / "book.ods",
        '<table:tracked-changes><table:cell-content-change><table:table-cell office:value-type="string">'
        "<text:p>old</text:p></table:table-cell></table:cell-content-change></table:tracked-changes>"
        '<table:table table:name="Trunks"><table:table-row><table:table-cell table:formula="of:=1/0" '
        'office:value-type="string" office:string-value="" calcext:value-type="error"><office:annotation>'
        "<text:p>a note</text:p></office:annotation><text:p>#DIV/0!</text:p></table:table-cell>"
        '<table:table-cell office:value-type="string" calcext:value-type="error"/>'
        '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
        "</table:table-row></table:table>",
    )

    assert read_workbook(path).sheets[0].columns == [[CellError("#DIV/0!")], [CellError("#ERROR!")], ["x"]]


def test_our_mark_survives_in_an_opendocument_workbook(tmp_path: Path) -> None:
    path = ods(tmp_path / "book.ods", [ods_row(ods_cell("x", valuetype="string"))], mark=MARK)

    assert read_workbook(path).ours


def test_cells_repeated_without_end_are_refused(tmp_path: Path) -> None:
    cells = ods_cell("#N/A", formula="of:=NA()", valuetype="string", numbercolumnsrepeated=16384)
    path = ods(tmp_path / "book.ods", [ods_row(cells, numberrowsrepeated=1048576)])

    with pytest.raises(WorkbookError, match="as far as cell XFD1048576"):
        read_workbook(path)


def test_an_encrypted_opendocument_workbook_says_so(tmp_path: Path) -> None:
    manifest = '<m:manifest xmlns:m="x"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    path = raw_ods(tmp_path / "book.ods", "", **{"META-INF/manifest.xml": manifest})

    with pytest.raises(WorkbookError, match="protected with a password"):
        read_workbook(path)


@pytest.mark.parametrize(
    "more",
    [{"content.xml": ""}, {"content.xml": "<a><b></a>"}],
)
def test_an_opendocument_workbook_without_readable_content_is_damaged(tmp_path: Path, more: dict[str, str]) -> None:
    with pytest.raises(WorkbookError, match="is damaged"):
        read_workbook(raw_ods(tmp_path / "book.ods", "", **more))


def test_a_count_of_repeats_that_is_no_number_is_damaged(tmp_path: Path) -> None:
    body = '<table:table><table:table-row table:number-rows-repeated="many"/></table:table>'

    with pytest.raises(WorkbookError, match="is damaged"):
        read_workbook(raw_ods(tmp_path / "book.ods", body, **{"META-INF/manifest.xml": ""}))
