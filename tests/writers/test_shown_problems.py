"""What is said in a marked workbook, and how much of it."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from batch.errors import OutputError, UsageError
from batch.readers.detect import read_workbook
from batch.readers.packages import Package
from batch.readers.workbook import Block, RawSheet
from batch.schema.problems import Problem, Severity
from batch.writers import marked_workbook, own_sheets
from batch.writers.marked_workbook import ALL_SHADES, WRONG, Palette, check_marked_target, write_marked
from batch.writers.own_sheets import by_sheet, lines, problems_headline
from batch.xlsx_edit.package import PackageEdit, Unpatchable
from batch.xlsx_edit.stylesheet import BLANK_STYLESHEET, Stylesheet
from tests.builders import sheet
from tests.furnished import changed


def wrong(row: int, column: int = 1, message: str = "DID is blank.", name: str = "DIDs") -> Problem:
    return Problem(code="required", sheet=name, row=row, column=column, message=message, fix="Type it.")


def noted(row: int, code: str = "cell-number", value: str = "44") -> Problem:
    return Problem(
        code=code, sheet="DIDs", row=row, column=1, header="DID", value=value, message="Taken.", fix="Nothing to do."
    )


DIDS = sheet("DIDs", "Trunk|DID", "London|1")


def test_several_problems_of_a_cell_stand_in_one_note() -> None:
    found = by_sheet([wrong(2), wrong(2, message="It is wrong twice."), wrong(2)], [DIDS])["DIDs"]
    assert found.wrong == {(2, 1)}
    assert found.notes == {(2, 1): "DID is blank.\nType it.\n\nIt is wrong twice.\nType it."}


def test_a_cell_that_is_wrong_and_noted_is_wrong() -> None:
    found = by_sheet([wrong(2), noted(2), noted(3)], [DIDS])["DIDs"]
    assert found.wrong == {(2, 1)}
    assert found.noted == {(3, 1)}
    assert found.notes[2, 1] == "DID is blank.\nType it.\n\nTaken.\nNothing to do."


def test_notices_about_columns_and_rows_are_listed_only() -> None:
    found = by_sheet([noted(1, "own-column"), noted(1, "rows-hidden")], [DIDS])["DIDs"]
    assert (found.wrong, found.noted, found.notes) == (frozenset(), frozenset(), {})


def test_a_problem_of_a_trunk_that_is_not_chosen_is_only_noted() -> None:
    told = Problem(code="required", sheet="DIDs", row=2, message="Blank.", fix="Type it.", severity=Severity.NOTICE)
    assert by_sheet([told], [DIDS])["DIDs"].noted == {(2, 0)}


def test_merged_cells_are_marked_where_they_are_seen() -> None:
    merged = RawSheet(name="DIDs", columns=[[]], merged=(Block(2, 0, 4, 1),))
    assert by_sheet([wrong(4, 0), wrong(3), wrong(5)], [merged])["DIDs"].wrong == {(2, 0), (5, 1)}


def test_a_whole_column_that_is_only_noted_is_not_painted() -> None:
    assert by_sheet([noted(row) for row in range(2, 2003)], [DIDS])["DIDs"].noted == frozenset()
    assert len(by_sheet([noted(row) for row in range(2, 2002)], [DIDS])["DIDs"].noted) == 2000


def test_notes_end_somewhere_but_colours_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_sheets, "MOST_NOTES", 3)
    found = by_sheet([wrong(row) for row in range(2, 9)], [DIDS])["DIDs"]
    assert len(found.wrong) == 7
    assert list(found.notes) == [(2, 1), (3, 1), (4, 1)]


def test_each_problem_has_a_line_and_equal_notices_have_one() -> None:
    listed = list(lines([wrong(2), wrong(3), noted(2), noted(4), noted(5), noted(2, "own-column")]))
    assert [(problem.row, rows) for problem, rows in listed] == [(2, ()), (3, ()), (2, [2, 4, 5]), (2, ())]
    assert listed[2][0].value == "44"


def test_values_that_differ_are_not_said_for_all_rows() -> None:
    ((notice, _),) = lines([noted(2, value="44"), noted(3, value="45")])
    assert notice.value == ""


@pytest.mark.parametrize(
    ("problems", "said"),
    [
        ([], "No errors. There is nothing to correct."),
        ([noted(2)], "No errors. 1 warning, listed below."),
        ([wrong(2)], "1 error to correct."),
        ([wrong(2), wrong(2), noted(2), noted(3)], "2 errors in 1 cell to correct; 2 warnings."),
    ],
)
def test_the_headline_counts(problems: list[Problem], said: str) -> None:
    assert problems_headline(problems) == said


def listed(path: Path, problems: list[Problem]) -> list[list[object]]:
    target = path.with_name("marked.xlsx")
    write_marked(read_workbook(path), problems, target)
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(target)["Problems"].iter_rows(min_row=4)]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as written:
        for name in ("Trunks", "DIDs"):
            written.add_worksheet(name).write_row(0, 0, ("Trunk", "DID"))
    return path


def test_what_has_no_room_on_the_list_is_counted(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_sheets, "MOST_LINES", 2)
    rows = listed(book, [wrong(2), wrong(3), wrong(4)])
    assert [row[2] for row in rows[:2]] == ["B2", "B3"]
    assert rows[2][0] == "and 1 more, which --json lists"


def test_the_rows_of_a_notice_are_named(book: Path) -> None:
    (row,) = listed(book, [noted(2), noted(3), noted(4)])
    assert row[5] == "Taken. (rows 2-4)"
    assert row[7] == "Nobody, if it is as meant"


def test_very_many_rows_are_named_in_part(book: Path) -> None:
    (row,) = listed(book, [noted(number) for number in range(2, 900, 2)])
    assert str(row[5]).endswith(" …)")
    assert len(str(row[5])) < 330


def test_a_stylesheet_runs_out_of_shades_in_the_end() -> None:
    styles = Stylesheet(BLANK_STYLESHEET)
    palette = Palette(styles, {shade: f"a fill of before: {shade}" for shade in sorted(ALL_SHADES)[20:]})
    restyle = palette.on(WRONG)
    for number in range(20):
        restyle(styles.filled(0, f"FF00{number:04X}"))
    assert palette.colours.keys() == ALL_SHADES
    one_more = styles.filled(0, "FF00FFFF")
    with pytest.raises(Unpatchable, match="too many different colours"):
        restyle(one_more)


def test_a_signature_that_would_be_invalid_is_taken_out(book: Path) -> None:
    edit = PackageEdit(Package(book))
    edit.put("_xmlsignatures/origin.sigs", b"", "application/vnd.openxmlformats-package.digital-signature-origin")
    kind = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
    edit.link("", kind, "_xmlsignatures/origin.sigs")
    book.write_bytes(edit.content())
    target = book.with_name("marked.xlsx")
    write_marked(read_workbook(book), [wrong(2)], target)
    assert not [name for name in Package(target).names if "sig" in name]


def test_a_full_disk_is_an_error_that_says_so(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(marked_workbook, "put_marks", full)
    with pytest.raises(OutputError, match="no space left on device"):
        write_marked(read_workbook(book), [wrong(2)], book.with_name("marked.xlsx"))
    assert not book.with_name("marked.xlsx").exists()


def test_a_file_that_is_no_workbook_is_not_replaced(book: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.xlsx").write_text("Dear Anne")
    with pytest.raises(UsageError, match="is there already"):
        check_marked_target(book, tmp_path / "letter.xlsx")


def test_hidden_sheets_of_a_copy_stay_hidden(tmp_path: Path) -> None:
    source, target = tmp_path / "user.xlsx", tmp_path / "marked.xlsx"
    with xlsxwriter.Workbook(source) as written:
        written.add_worksheet("Trunks").write_string(1, 0, "London", written.add_format({"bg_color": "#00FF00"}))
        written.add_worksheet("Notes").hide()
    changed(source, "xl/styles.xml", lambda content: content.replace(b'fillId="2"', b'fillId="two"'))
    marked = write_marked(read_workbook(source), [wrong(2, 0, name="Trunks")], target)
    assert marked.note.startswith("The file could not be marked as it is (")
    assert openpyxl.load_workbook(target)["Notes"].sheet_state == "hidden"
