"""The empty workbook: made from the layout, helpful in every cell, and no rows when read back."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from batch.errors import OutputError
from batch.readers.detect import read_workbook
from batch.schema import columns
from batch.schema.column_model import Column, Parser, Sheet, TrunkType
from batch.schema.file_metadata import OWN_SHEETS
from batch.schema.problems import GLOSSARY_SHEET, glossary
from batch.wording import folded, letters
from batch.writers.template import GUIDE, README, example_row, note, write_template, write_template_folder

KEPT = Path(__file__).parents[2] / "templates"
SHEETS = pytest.mark.parametrize("sheet", columns.SHEETS, ids=lambda sheet: sheet.title)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_template(tmp_path_factory.mktemp("template") / "trunks.xlsx")


@pytest.fixture(scope="module")
def book(template: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(template.read_bytes()))


def page(book: openpyxl.Workbook, sheet: Sheet) -> Worksheet:
    found = book[sheet.title]
    assert isinstance(found, Worksheet)
    return found


def guide_text(book: openpyxl.Workbook) -> str:
    return "\n".join(str(cell) for row in book[GUIDE].iter_rows(values_only=True) for cell in row if cell is not None)


def parts(package: Path) -> dict[str, bytes]:
    """Return what is in a package, of which Pythons write the frame differently."""
    with ZipFile(package) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_the_templates_in_the_repository_are_the_ones_the_code_makes(template: Path, tmp_path: Path) -> None:
    assert parts(KEPT / "trunks.xlsx") == parts(template), "trunk-batch template -o templates/trunks.xlsx"
    folder = write_template_folder(tmp_path / "csv")
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {path.name: path.read_bytes() for path in (KEPT / "csv").iterdir()} == made, (
        "trunk-batch template -o templates/csv"
    )


def test_read_back_unchanged_it_has_headers_and_no_rows(template: Path, tmp_path: Path) -> None:
    for path in (template, write_template_folder(tmp_path / "csv")):
        found = read_workbook(path)
        sheets = [sheet for sheet in found.sheets if sheet.name not in {GUIDE, GLOSSARY_SHEET}]
        assert not found.ours
        assert [sheet.name for sheet in sheets] == [sheet.title for sheet in columns.SHEETS]
        for raw, sheet in zip(sheets, columns.SHEETS, strict=True):
            assert (raw.height, raw.first_row, raw.first_column) == (1, 1, 0)
            headers = [folded(str(column[0])) for column in raw.columns]
            assert headers == [folded(column.label) for column in sheet.columns]


@SHEETS
def test_required_headers_are_marked_and_look_different(book: openpyxl.Workbook, sheet: Sheet) -> None:
    colours: dict[bool, set[Any]] = {True: set(), False: set()}
    for cell, column in zip(page(book, sheet)[1], sheet.columns, strict=True):
        marked = column.required or column.either
        assert str(cell.value).endswith(" *") is marked
        colours[marked].add(cell.fill.fgColor.rgb)
    assert len(colours[False]) == 1
    assert not colours[True] & colours[False]


def test_who_fills_it_in_is_told_what_she_can_do_before_any_command(book: openpyxl.Workbook) -> None:
    told = [str(cell.value or "") for row in book[GUIDE].rows for cell in row]
    words = [text for text in told if text]
    commands = next(i for i, text in enumerate(words) if text.startswith("trunk-batch "))
    assert words[commands - 1] == "For the person who runs the program"
    assert any("give it back to the person who sent it to you" in text for text in words[:commands])
    assert any("pink" in text for text in words[:commands])


@SHEETS
def test_every_header_has_a_note_that_says_what_it_is(book: openpyxl.Workbook, sheet: Sheet) -> None:
    for cell, column in zip(page(book, sheet)[1], sheet.columns, strict=True):
        assert cell.comment is not None
        assert column.help in cell.comment.text
        assert f"Example: {column.example}" in cell.comment.text


@SHEETS
def test_every_column_is_text_all_the_way_down(book: openpyxl.Workbook, sheet: Sheet) -> None:
    formatted = {
        index
        for group in page(book, sheet).column_dimensions.values()
        if group.number_format == "@"
        for index in range(group.min or 0, (group.max or 0) + 1)
    }
    assert formatted == set(range(1, len(sheet.columns) + 1))


@SHEETS
def test_closed_lists_are_drop_downs_all_the_way_down(book: openpyxl.Workbook, sheet: Sheet) -> None:
    found = {str(one.sqref): one for one in page(book, sheet).data_validations.dataValidation}
    wanted = {
        f"{letters(index)}2:{letters(index)}1048576": column
        for index, column in enumerate(sheet.columns)
        if column.choices
    }
    if not sheet.required:
        names = found.pop("A2:A1048576")
        names_of = "Trunks!$C$1:$C$5000"
        last = f'SUMPRODUCT(MAX(({names_of}<>"")*(ROW({names_of})-ROW(Trunks!$C$1))))'
        assert names.formula1 == f"OFFSET(Trunks!$C$1,1,0,MAX(1,{last}),1)", "whatever row is deleted or blank"
        assert len(names.formula1) <= 255, "Excel takes no more"
        assert names.errorStyle == "warning", "a Trunk ID is right, too"
        assert page(book, columns.TRUNKS)["C1"].value == "Name *"
        givers = found.pop("D2:D1048576", names)
        assert givers.formula1 == names.formula1
        assert (givers.errorStyle == "information") is (sheet is columns.DIDS), "it may be on the PBX alone"
    assert found.keys() == wanted.keys()
    for cells, column in wanted.items():
        assert found[cells].formula1 == f'"{",".join(column.choices)}"'
        assert "Choose one of" in str(found[cells].error)


@SHEETS
def test_the_header_stays_in_sight_and_can_be_filtered(book: openpyxl.Workbook, sheet: Sheet) -> None:
    found = page(book, sheet)
    assert str(found.freeze_panes).endswith("2")
    assert str(found.auto_filter.ref).startswith("A1:")
    assert found.page_setup.orientation == "landscape"
    assert found.sheet_properties.pageSetUpPr is not None
    assert found.sheet_properties.pageSetUpPr.fitToPage


def test_the_help_sheet_comes_first_and_explains_every_column(book: openpyxl.Workbook) -> None:
    assert book.sheetnames[0] == GUIDE
    assert GUIDE in OWN_SHEETS
    words = guide_text(book)
    for sheet in columns.SHEETS:
        assert sheet.help in words
        for column in sheet.columns:
            assert column.help in words
    for promise in ("<clear>", "env:NAME", "trunk-batch check", "trunk-batch plan", "trunk-batch apply"):
        assert promise in words


def test_the_example_rows_use_no_setting_the_example_trunk_cannot_have() -> None:
    row = dict(
        zip((column.field for column in columns.TRUNKS.columns), example_row(columns.TRUNKS.columns), strict=True)
    )
    for column in columns.TRUNKS.columns:
        assert not row[column.field] or TrunkType(row["type"]) in column.types
    entry = dict(
        zip(
            (column.field for column in columns.CALLER_IDS.columns),
            example_row(columns.CALLER_IDS.columns),
            strict=True,
        )
    )
    assert (entry["outbound_cid_option"], entry["outbound_cid_to_ext_range"]) == ("shared", "")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (Column(label="A", field="a", help="", example=""), ""),
        (Column(label="A", field="a", help="", example="", limit=63), "up to 63 characters"),
        (
            Column(label="A", field="a", help="", example="", parser=Parser.LABEL, limit=127, clearable=True),
            "up to 127 characters (accented letters count as two or more); <clear> empties it",
        ),
        (
            Column(label="A", field="a", help="", example="", parser=Parser.NUMBER, limit=65535),
            "a whole number up to 65535",
        ),
        (Column(label="A", field="a", help="", example="", parser=Parser.NUMBER), "a whole number"),
        (Column(label="A", field="a", help="", example="", choices=("yes", "no")), "one of: yes, no"),
    ],
)
def test_limits_are_said_in_words(column: Column, words: str) -> None:
    assert column.allowed == words


def test_notes_name_the_trunk_types_where_not_all_have_the_column() -> None:
    assert "Only for trunks of type register, account." in note(columns.TRUNKS.column("username"))
    assert "Only for" not in note(columns.TRUNKS.column("name"))
    assert "Must be filled in every row." in note(columns.DIDS.column("did"))


def test_the_csv_folder_holds_header_lines_and_a_readme(tmp_path: Path) -> None:
    folder = write_template_folder(tmp_path / "csv")

    assert (folder / "dids.csv").read_bytes() == b"\xef\xbb\xbfTrunk,DID,DID name,Move from\r\n"
    readme = (folder / README).read_text(encoding="utf-8-sig")
    assert "dids.csv is DIDs" in readme
    assert "trunk-batch check FOLDER" in readme


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for write in (write_template, write_template_folder):
        with pytest.raises(OutputError, match="Cannot write"):
            write(tmp_path / "file" / "trunks")


def test_the_glossary_comes_last_and_has_a_sentence_for_every_word(book: openpyxl.Workbook) -> None:
    assert book.sheetnames[-1] == GLOSSARY_SHEET
    assert GLOSSARY_SHEET in OWN_SHEETS
    lines = [(word, meaning) for _, word, meaning in book[GLOSSARY_SHEET].iter_rows(min_row=4, values_only=True)]
    assert lines == list(glossary().items())


def test_the_trunks_sheet_prints_two_pages_wide_with_the_name_on_each(book: openpyxl.Workbook) -> None:
    found = page(book, columns.TRUNKS)
    assert (found.page_setup.fitToWidth, found.page_setup.fitToHeight) == (2, 0)
    assert str(found.print_title_cols) == "$C:$C"
    assert page(book, columns.DIDS).page_setup.fitToWidth in {None, 1}
