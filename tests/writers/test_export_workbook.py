"""The workbook of an export: the template, filled, with drop-downs of the PBX and hidden sheets."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from batch.errors import OutputError
from batch.readers.detect import read_workbook
from batch.schema import columns
from batch.schema.column_model import Sheet
from batch.schema.file_metadata import FileKind
from batch.secrets import Secret
from batch.writers import template
from batch.writers.export_workbook import Export, Filled, ReadOnly, read_again, write_export
from tests.builders import tabulate

MADE_AT = dt.datetime(2026, 11, 23, 2, 14, 7, tzinfo=dt.timezone(dt.timedelta(hours=1)))


def filled(sheet: Sheet, *rows: dict[str, str]) -> Filled:
    return Filled(sheet=sheet, columns={c.field: [row.get(c.field, "") for row in rows] for c in sheet.columns})


def export(**more: Any) -> Export:
    usual: dict[str, Any] = {
        "pbx": "https://pbx.example:8088/a&b",
        "made_at": MADE_AT,
        "sheets": (
            filled(columns.TRUNKS, {"id": "7", "name": "London", "password": "<hidden>"}),
            filled(columns.CALLER_IDS, {"trunk": "London", "outbound_cid": "+44", "extensions": "1001, 1002"}),
            filled(
                columns.DIDS, {"trunk": "London", "did": "0044"}, {"trunk": "London", "did": "45", "did_name": "=1"}
            ),
        ),
        "trunks": ["London", "Paris"],
        "extensions": ["1001", "1002"],
        "groups": ['"Sales, North"'],
        "read_only": [],
        "base": [("7", '{"id":7}')],
    }
    return Export(**{**usual, **more})


def page(book: openpyxl.Workbook, name: str) -> Worksheet:
    found = book[name]
    assert isinstance(found, Worksheet)
    return found


def lines(book: openpyxl.Workbook, name: str) -> list[tuple[Any, ...]]:
    return list(page(book, name).iter_rows(values_only=True))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write_export(tmp_path / "pbx.xlsx", export())


@pytest.fixture
def book(written: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(written)


def test_the_sheets_are_those_of_the_template_and_three_that_nobody_sees(book: openpyxl.Workbook) -> None:
    assert [(sheet.title, sheet.sheet_state) for sheet in book] == [
        ("How to fill this in", "visible"),
        ("Trunks", "visible"),
        ("Caller IDs", "visible"),
        ("DIDs", "visible"),
        ("Glossary", "visible"),
        ("trunk-batch", "veryHidden"),
        ("trunk-batch base", "veryHidden"),
        ("trunk-batch lists", "veryHidden"),
    ]


def test_every_filled_cell_is_text_and_none_is_a_formula(book: openpyxl.Workbook) -> None:
    assert lines(book, "DIDs")[1:] == [("London", "0044", None, None), ("London", "45", "=1", None)]
    for sheet in columns.SHEETS:
        for row in page(book, sheet.title).iter_rows(min_row=2):
            assert {(cell.data_type, cell.number_format) for cell in row if cell.value is not None} == {("s", "@")}


def test_headers_notes_and_closed_lists_are_as_in_the_template(book: openpyxl.Workbook) -> None:
    for sheet in columns.SHEETS:
        assert [cell.value for cell in page(book, sheet.title)[1]] == [template.header(c) for c in sheet.columns]
    (enabled,) = (
        one for one in page(book, "Trunks").data_validations.dataValidation if str(one.sqref) == "D2:D1048576"
    )
    assert enabled.formula1 == '"yes,no"'


def test_drop_downs_know_the_trunks_extensions_and_groups_and_let_others_pass(book: openpyxl.Workbook) -> None:
    found = {
        (name, str(one.sqref)): (one.formula1, one.errorStyle)
        for name in ("Caller IDs", "DIDs")
        for one in page(book, name).data_validations.dataValidation
    }
    assert found == {
        ("Caller IDs", "A2:A1048576"): ("'trunk-batch lists'!$A$1:$A$2", "warning"),
        ("Caller IDs", "B2:B1048576"): ('"shared,range"', None),
        ("Caller IDs", "F2:F1048576"): ("'trunk-batch lists'!$B$1:$B$2", "information"),
        ("Caller IDs", "G2:G1048576"): ("'trunk-batch lists'!$C$1:$C$1", "information"),
        ("DIDs", "A2:A1048576"): ("'trunk-batch lists'!$A$1:$A$2", "warning"),
        ("DIDs", "D2:D1048576"): ("'trunk-batch lists'!$A$1:$A$2", "warning"),
    }
    assert lines(book, "trunk-batch lists") == [("London", "1001", '"Sales, North"'), ("Paris", "1002", None)]


def test_a_pbx_without_groups_gets_no_drop_down_of_groups(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write_export(tmp_path / "pbx.xlsx", export(groups=[])))
    cells = {str(one.sqref) for one in page(book, "Caller IDs").data_validations.dataValidation}
    assert cells == {"A2:A1048576", "B2:B1048576", "F2:F1048576"}


def test_the_pbx_and_the_day_are_seen_on_the_help_sheet_in_the_first_note_and_on_paper(book: openpyxl.Workbook) -> None:
    words = [cell for row in lines(book, template.GUIDE) for cell in row if cell]
    assert words[words.index("Exported from") + 1] == "https://pbx.example:8088/a&b"
    assert words[words.index("Exported on") + 1] == "2026-11-23 02:14:07 UTC+01:00"
    note = page(book, "DIDs")["A1"].comment
    assert note is not None
    assert note.text.endswith("Exported from https://pbx.example:8088/a&b on 2026-11-23 02:14.")
    header = page(book, "DIDs").oddHeader
    assert header is not None
    assert header.left.text == "Exported from https://pbx.example:8088/a&&b on 2026-11-23 02:14."


def test_read_back_it_is_known_as_an_export_and_its_help_is_nobodys_own_sheet(written: Path) -> None:
    found = read_workbook(written)
    assert found.metadata.kinds == {FileKind.EXPORT}
    assert (found.metadata.made_at, found.metadata.pbx) == ("2026-11-23T02:14:07+01:00", "https://pbx.example:8088/a&b")
    assert not found.ours
    tables, problems = tabulate(found, Secret)
    assert problems == []
    assert tables.dids.texts("did") == ["0044", "45"]
    assert tables.trunks.texts("password") == [""]


def test_what_cannot_be_said_stands_on_a_protected_sheet_as_it_is(tmp_path: Path) -> None:
    made = export(read_only=[ReadOnly("Paris", "DIDs", "4\u0007", "<r>x</r>", reason="Odd."), ReadOnly("FXO", "Whole")])
    path = write_export(tmp_path / "pbx.xlsx", made)
    book = openpyxl.load_workbook(path)
    assert lines(book, "Read-only lists")[1:] == [
        ("Trunk", "What", "Entry", "Name", "For", "Why it cannot be changed here"),
        ("Paris", "DIDs", "4<U+0007>", "<r>x</r>", None, "Odd."),
        ("FXO", "Whole", None, None, None, None),
    ]
    assert page(book, "Read-only lists").protection.sheet
    assert "Read-only lists" in read_workbook(path).metadata.sheets
    assert tabulate(read_workbook(path), Secret)[1] == []


def test_a_text_of_any_length_is_cut_on_the_sheet_of_what_cannot_be_said(tmp_path: Path) -> None:
    path = write_export(tmp_path / "pbx.xlsx", export(read_only=[ReadOnly("a", "b", "x" * 40_000)]))
    assert lines(openpyxl.load_workbook(path), "Read-only lists")[2][2] == "x" * 500 + " …"


def test_in_memory_the_sheets_are_read_as_they_are_from_the_file(written: Path) -> None:
    again, problems = read_again(export().sheets)
    from_file, _ = tabulate(read_workbook(written), Secret)
    assert problems == []
    for one, other in zip(again, from_file, strict=True):
        assert one.frame.equals(other.frame)


def test_an_export_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_export(tmp_path / "none" / "pbx.xlsx", export())
    assert list(tmp_path.iterdir()) == []
