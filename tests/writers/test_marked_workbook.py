"""The user's workbook with what is wrong shown in its cells, and the marks taken off again."""

from __future__ import annotations

import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl
import pytest
from lxml import etree
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from batch.commands.check import check, mark
from batch.errors import UsageError
from batch.readers.detect import read_workbook
from batch.readers.packages import Package
from batch.schema.file_metadata import FileKind
from batch.settings import Settings
from batch.writers.marked_workbook import Marked, check_marked_target, take_marks_off
from batch.xlsx_edit.package import PackageEdit
from tests.furnished import changed, parts_of, sheet_part, write_furnished, write_parts
from tests.office import saved_again

PINK = range(0xC0, 0xD0)


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return write_furnished(tmp_path / "user.xlsx")


def marked(path: Path, name: str = "marked.xlsx") -> Path:
    target = path.with_name(name)
    check_marked_target(path, target)
    return marking(path, target).path


def marking(path: Path, target: Path) -> Marked:
    return mark(check(Settings(workbook=path)), target)


def found_in(path: Path) -> list[str]:
    """Return what is wrong, as ``DIDs!B3 did-twice``, and the notices that are about sheets of ours."""
    problems = check(Settings(workbook=path)).problems
    return [f"{p.sheet}!{p.cell} {p.code}" for p in problems if p.stops]


def opened(path: Path) -> openpyxl.Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what it loses, and that is not ours
        return openpyxl.load_workbook(path)


def pages(path: Path, *names: str) -> Iterator[Worksheet]:
    book = opened(path)
    for page in book.worksheets:
        if page.title in (names or ("Trunks", "DIDs")):
            yield page


def behind(page: Worksheet, cell: str) -> str:
    """Return the colour behind a cell: ``pink``, ``yellow``, another one's digits, or nothing."""
    fill = page[cell].fill
    if fill.fill_type is None:
        return ""
    rgb = str(fill.fgColor.rgb)
    if rgb.startswith("FFFFC"):
        return "pink"
    return "yellow" if rgb.startswith("FFFFF4") else rgb


def said(page: Worksheet, cell: str) -> str:
    comment = page[cell].comment
    return "" if comment is None else comment.text


def looks(path: Path) -> dict[str, tuple[object, ...]]:
    """Return value, fill, number format and comment of each cell of the user's sheets."""
    return {
        f"{page.title}!{cell.coordinate}": (
            cell.value,
            cell.fill.fill_type and cell.fill.fgColor.rgb,
            cell.number_format,
            cell.border.left.style,
            cell.font.b,
            said(page, cell.coordinate),
        )
        for page in pages(path, "Trunks", "DIDs", "Charts")
        for row in page.iter_rows()
        for cell in row
        if cell.value is not None
    }


def test_faulty_cells_are_pink_and_no_others(user: Path) -> None:
    coloured = {
        f"{page.title}!{cell.coordinate}"
        for page in pages(marked(user))
        for row in page.iter_rows()
        for cell in row
        if behind(page, cell.coordinate) == "pink"
    }
    assert coloured == {"Trunks!D3", "Trunks!E3", "Trunks!D4", "DIDs!B3", "DIDs!A4", "DIDs!B5"}


def test_a_coloured_cell_keeps_its_format_and_border(user: Path) -> None:
    trunks, _ = pages(marked(user))
    assert trunks["E3"].number_format == "@"
    assert trunks["E3"].border.left.style == "thin"
    assert trunks["E3"].value == "mp3"


def test_each_faulty_cell_says_what_is_wrong_and_what_to_type(user: Path) -> None:
    trunks, dids = pages(marked(user))
    assert said(trunks, "E3").startswith("trunk-batch: ")
    assert "mp3" in said(trunks, "E3")
    assert said(dids, "A4") == "trunk-batch: Trunk must not be blank.\nType the trunk's Name or Trunk ID."
    comment = dids["A4"].comment
    assert comment is not None
    assert comment.author == "trunk-batch"


def test_a_comment_of_the_users_stays_and_ours_stands_behind_it(user: Path) -> None:
    trunks, _ = pages(marked(user))
    assert said(trunks, "A2") == "The oldest one"
    assert said(trunks, "D3").startswith("From the contract\n-----\ntrunk-batch: ")
    assert trunks["D3"].comment is not None
    assert trunks["D3"].comment.author == "Bob"


def test_all_parts_that_are_not_marked_have_the_bytes_they_had(user: Path) -> None:
    before, after = parts_of(user), parts_of(marked(user))
    touched = {name for name, content in before.items() if after.get(name) != content}
    assert touched == {
        "[Content_Types].xml",
        "_rels/.rels",
        "docProps/app.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/comments1.xml",
        "xl/drawings/vmlDrawing1.vml",
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet2.xml",
        "xl/worksheets/sheet3.xml",
        "xl/worksheets/_rels/sheet2.xml.rels",
    }


def test_of_a_marked_sheet_only_the_marked_cells_are_otherwise(user: Path) -> None:
    before = parts_of(user)["xl/worksheets/sheet1.xml"]
    after = parts_of(marked(user))["xl/worksheets/sheet1.xml"]
    style = re.compile(rb'(<c r="(?:D3|E3|D4)") s="\d+"|(?<=<row r="[34]") spans="1:6"')  # which need not be said
    plain = [etree.tostring(etree.fromstring(content), method="c14n") for content in (after, before)]
    assert style.sub(rb"\1", plain[0]) == style.sub(rb"\1", plain[1])


def test_a_sheet_that_was_open_in_front_is_no_more_selected_beside_ours(user: Path) -> None:
    path = marked(user)
    selected = [name for name, content in parts_of(path).items() if b'tabSelected="1"' in content]
    assert selected == [sheet_part(path, "Problems")]
    assert opened(path).active.title == "Problems"  # type: ignore[union-attr]  # it has one


def test_names_of_a_sheet_still_belong_to_it(user: Path) -> None:
    dids = next(pages(marked(user), "DIDs"))
    assert dids.defined_names["Mine"].attr_text == "DIDs!$B$2:$B$5"
    assert next(pages(user.with_name("marked.xlsx"), "Trunks")).auto_filter.ref == "A1:F4"


def test_macros_stay_in_a_workbook_that_has_them(tmp_path: Path) -> None:
    path = marked(write_furnished(tmp_path / "user.xlsm"), "marked.xlsm")
    assert parts_of(path)["xl/vbaProject.bin"] == b"not really macros"
    assert b"macroEnabled.main+xml" in parts_of(path)["[Content_Types].xml"]


def test_the_list_in_front_leads_to_each_cell(user: Path) -> None:
    path = marked(user)
    assert opened(path).sheetnames == ["Problems", "Trunks", "DIDs", "Charts", "trunk-batch"]
    page = next(pages(path, "Problems"))
    headers = [cell.value for cell in page[3]]
    assert headers == [
        "Severity", "Sheet", "Cell", "Column", "Value", "What is wrong", "What to type instead", "Who must fix it",
    ]  # fmt: skip
    assert [(row[1].value, row[2].value) for row in page.iter_rows(min_row=4, max_row=9)] == [
        ("Trunks", "D3"),
        ("Trunks", "E3"),
        ("Trunks", "D4"),
        ("DIDs", "B3"),
        ("DIDs", "A4"),
        ("DIDs", "B5"),
    ]
    link = page["C7"].hyperlink
    assert link is not None
    assert link.location == "DIDs!B3"
    assert page["H4"].value == "You, in this workbook"
    assert page["A1"].value == "6 errors to correct; 2 warnings."
    assert page.auto_filter.ref == "A3:H11"
    assert page.freeze_panes == "A4"


def test_a_value_that_looks_like_a_formula_is_listed_as_text(user: Path) -> None:
    book = opened(user)
    book["Trunks"]["D3"] = "x"
    book["Trunks"]["D3"].value = "=1+1"
    book["Trunks"]["D3"].data_type = "s"
    book.save(user)
    page = next(pages(marked(user), "Problems"))
    assert page["E4"].value == "=1+1"
    assert page["E4"].data_type == "s"


def test_a_sheet_of_the_users_called_problems_stays(user: Path) -> None:
    book = opened(user)
    book.create_sheet("Problems")["A1"] = "Mine"
    book.save(user)
    path = marked(user)
    assert opened(path).sheetnames[0] == "Problems (trunk-batch)"
    again = marked(path, "again.xlsx")
    assert opened(again).sheetnames == ["Problems (trunk-batch)", "Trunks", "DIDs", "Charts", "Problems", "trunk-batch"]
    assert opened(again)["Problems"]["A1"].value == "Mine"


def test_marks_are_taken_off_not_stacked(user: Path) -> None:
    once = marked(user)
    twice = marked(once, "twice.xlsx")
    assert found_in(twice) == found_in(user)
    assert looks(twice) == looks(once)
    assert opened(twice).sheetnames == opened(once).sheetnames
    assert parts_of(twice)["xl/styles.xml"].count(b"<fill>") == parts_of(once)["xl/styles.xml"].count(b"<fill>")


def test_taking_marks_off_brings_back_what_was_there(user: Path) -> None:
    path = marked(user)
    edit = PackageEdit(Package(path))
    take_marks_off(edit, read_workbook(path).metadata)
    bare = path.with_name("bare.xlsx")
    bare.write_bytes(edit.content())
    assert looks(bare) == looks(user)
    assert parts_of(bare)["xl/drawings/vmlDrawing1.vml"].count(b"<v:shape ") == 3
    anchors = [re.findall(rb"<x:Anchor>[^<]*", parts_of(p)["xl/drawings/vmlDrawing1.vml"]) for p in (bare, user)]
    assert [b"".join(a.split()) for a in anchors[0]] == [b"".join(a.split()) for a in anchors[1]]
    assert not [name for name in parts_of(bare) if "comments2" in name or "vmlDrawing3" in name]


def test_a_corrected_copy_is_a_valid_workbook_without_a_word_about_our_sheets(user: Path) -> None:
    path = marked(user)
    book = opened(path)
    for sheet, cell, value in (
        ("Trunks", "D3", "5070"), ("Trunks", "E3", "alaw"), ("Trunks", "D4", "5071"),
        ("DIDs", "B3", "442079460109"), ("DIDs", "A4", "Berlin"), ("DIDs", "B5", "442079460110"),
    ):  # fmt: skip
        book[sheet][cell] = value
    book.save(path)
    problems = check(Settings(workbook=path)).problems
    assert not [problem for problem in problems if problem.stops]
    assert {problem.sheet for problem in problems} <= {"Trunks", "DIDs", "Charts"}
    clean = marked(path, "clean.xlsx")
    page = next(pages(clean, "Problems"))
    assert str(page["A1"].value).startswith("No errors.")
    for page in pages(clean):
        assert not [c for row in page.iter_rows() for c in row if behind(page, c.coordinate) in {"pink", "yellow"}]
    assert said(next(pages(clean, "Trunks")), "D3") == "From the contract"


def test_marks_come_off_after_rows_were_moved(user: Path) -> None:
    path = marked(user)
    book = opened(path)
    book["Trunks"].move_range("A3:F3", rows=6)
    book.save(path)
    edit = PackageEdit(Package(path))
    take_marks_off(edit, read_workbook(path).metadata)
    path.write_bytes(edit.content())
    trunks = next(pages(path, "Trunks"))
    assert behind(trunks, "E9") == "FFC6EFCE"
    assert behind(trunks, "D9") == ""
    assert trunks["E9"].value == "mp3"


def test_the_colour_of_excels_bad_cells_is_not_taken_for_ours(user: Path) -> None:
    book = opened(user)
    bad = PatternFill("solid", fgColor="FFFFC7CE")
    book["Trunks"]["C2"].fill = bad
    book["Trunks"]["E3"].fill = bad
    book.save(user)
    twice = marked(marked(user), "twice.xlsx")
    fills = {cell: str(next(pages(twice, "Trunks"))[cell].fill.fgColor.rgb) for cell in ("C2", "E3")}
    assert fills["C2"] == "FFFFC7CE"
    assert fills["E3"] != "FFFFC7CE"


def test_a_thread_of_comments_is_left_alone(user: Path) -> None:
    def threaded(content: bytes) -> bytes:
        return content.replace(b"<author>Bob</author>", b"<author>tc={9A2C2F0E-0000-4000-8000-000000000001}</author>")

    changed(user, "xl/comments1.xml", threaded)
    trunks = next(pages(marked(user), "Trunks"))
    assert said(trunks, "D3") == "From the contract"
    assert behind(trunks, "D3") == "pink"


def test_a_value_taken_otherwise_than_it_stands_there_is_pale_yellow(user: Path) -> None:
    book = opened(user)
    book["DIDs"]["B2"] = 442079460100
    book.save(user)
    dids = next(pages(marked(user), "DIDs"))
    assert behind(dids, "B2") == "yellow"
    assert said(dids, "B2").startswith("trunk-batch: ")


def test_a_drawing_that_cannot_be_added_to_costs_the_notes_but_not_the_colours(user: Path) -> None:
    changed(user, "xl/drawings/vmlDrawing1.vml", lambda content: content.replace(b"</xml>", b""))
    found = marking(user, user.with_name("marked.xlsx"))
    assert found.note == "The notes could not be added to the sheet Trunks."
    assert behind(next(pages(found.path, "Trunks")), "D3") == "pink"


def test_a_package_that_cannot_be_patched_is_copied_by_its_values(user: Path) -> None:
    changed(user, "xl/styles.xml", lambda content: content.replace(b'fillId="3"', b'fillId="three"'))
    found = marking(user, user.with_name("marked.xlsx"))
    assert "so this holds its values only" in found.note
    assert behind(next(pages(found.path, "Trunks")), "D3") == "pink"
    assert found_in(found.path) == found_in(user)


def test_elements_with_a_prefix_are_marked_too(user: Path) -> None:
    part = sheet_part(user, "DIDs")

    def prefixed(content: bytes) -> bytes:
        content = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", content).replace(b"<?x:xml", b"<?xml")
        return content.replace(b" xmlns=", b" xmlns:x=")

    changed(user, part, prefixed)
    path = marked(user)
    dids = next(pages(path, "DIDs"))
    assert behind(dids, "B3") == "pink"
    assert said(dids, "B5").startswith("trunk-batch: ")
    assert found_in(path) == found_in(user)


def test_of_csv_files_the_values_are_taken_over_and_marked(user: Path, tmp_path: Path) -> None:
    source = tmp_path / "folder"
    source.mkdir()
    for title, file in (("Trunks", "trunks.csv"), ("DIDs", "dids.csv")):
        rows = opened(user)[title].iter_rows(max_col=6, values_only=True)
        lines = (",".join("" if value is None else str(value) for value in row) for row in rows)
        (source / file).write_text("\n".join(lines) + "\n")
    found = marking(source, tmp_path / "marked.xlsx")
    assert found.note.startswith("The file was a folder of CSV files, so this is an .xlsx file with its values only")
    assert found.marks.cells == 6
    assert found_in(found.path) == found_in(source)
    assert "with its values only" in str(next(pages(found.path, "Problems"))["A2"].value)


@pytest.mark.libreoffice
def test_of_an_ods_file_the_values_are_taken_over_and_marked(user: Path, tmp_path: Path) -> None:
    (source,) = saved_again([user], tmp_path / "office", "ods")
    found = marking(source, tmp_path / "marked.xlsx")
    assert found.note.startswith("The file was a .ods file, so this is an .xlsx file with its values only")
    assert found_in(found.path) == found_in(source) == found_in(user)
    (marked_ods,) = saved_again([found.path], tmp_path / "office", "ods")
    again = marking(marked_ods, tmp_path / "again.xlsx")
    assert opened(again.path).sheetnames == opened(found.path).sheetnames
    assert found_in(again.path) == found_in(user)


def test_a_file_with_passwords_is_for_its_owner_alone(user: Path) -> None:
    book = opened(user)
    book["Trunks"]["G1"], book["Trunks"]["G2"] = "Password", "Sample-1"
    book.save(user)
    path = marked(user)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed = [cell.value for page in pages(path, "Problems") for row in page.iter_rows() for cell in row]
    assert not [value for value in listed if "Sample-1" in str(value)]
    assert opened(path)["Trunks"]["G2"].value == "Sample-1"


def test_the_file_says_of_itself_what_it_is(user: Path) -> None:
    metadata = read_workbook(marked(user)).metadata
    assert metadata.kinds == {FileKind.MARKED}
    assert metadata.sheets == {"Problems"}
    assert len(metadata.checksum) == 64


def test_a_marked_file_may_be_replaced_until_somebody_works_in_it(user: Path) -> None:
    path = marked(user)
    check_marked_target(user, path)
    book = opened(path)
    book.save(path)
    with pytest.raises(UsageError, match="somebody may have worked in it"):
        check_marked_target(user, path)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("user.xlsx", "is the workbook itself"),
        ("other.xlsx", "is there already"),
        ("notes.txt", "does not end in .xlsx"),
        ("missing/marked.xlsx", "no such folder"),
        (".", "no such folder"),
    ],
)
def test_places_where_something_of_somebodys_lies_are_refused(target: str, message: str, user: Path) -> None:
    openpyxl.Workbook().save(user.with_name("other.xlsx"))
    with pytest.raises(UsageError, match=message):
        check_marked_target(user, user.parent / target)


def test_among_csv_files_there_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "trunks.csv").write_text("Name\nLondon\n")
    with pytest.raises(UsageError, match="one of the workbook's own files"):
        check_marked_target(tmp_path, tmp_path / "marked.xlsx")


@pytest.mark.parametrize(("workbook", "target"), [("user.xlsx", "m.xlsm"), ("user.xlsm", "m.xlsx")])
def test_the_ending_must_be_the_workbooks(workbook: str, target: str, tmp_path: Path) -> None:
    path = write_furnished(tmp_path / workbook)
    with pytest.raises(UsageError, match=f"must end in {path.suffix}"):
        marking(path, tmp_path / target)


def test_a_workbook_saved_again_meanwhile_is_not_marked(user: Path) -> None:
    checked = check(Settings(workbook=user))
    write_parts(user, parts_of(user) | {"extra.txt": b"more"})
    with pytest.raises(UsageError, match="was saved again while it was checked"):
        mark(checked, user.with_name("marked.xlsx"))
    assert not user.with_name("marked.xlsx").exists()


@pytest.mark.libreoffice
def test_saved_again_by_libreoffice_it_is_still_ours_and_marks_come_off(user: Path, tmp_path: Path) -> None:
    path = marked(user)
    (again,) = saved_again([path], tmp_path / "office")
    trunks, dids = pages(again)
    assert said(trunks, "E3").startswith("trunk-batch: ")
    assert said(dids, "B5").startswith("trunk-batch: ")
    assert found_in(again) == found_in(user)
    assert read_workbook(again).metadata.kinds == {FileKind.MARKED}
    with pytest.raises(UsageError, match="somebody may have worked in it"):
        check_marked_target(user, again)
    twice = marked(again, "twice.xlsx")
    trunks = next(pages(twice, "Trunks"))
    assert opened(twice).sheetnames == ["Problems", "Trunks", "DIDs", "Charts", "trunk-batch"]
    assert said(trunks, "D3").count("trunk-batch:") == 1
    assert said(trunks, "D4").count("trunk-batch:") == 1
    assert said(trunks, "A2") == "The oldest one"
    edit = PackageEdit(Package(again))
    take_marks_off(edit, read_workbook(again).metadata)
    bare = tmp_path / "bare.xlsx"
    bare.write_bytes(edit.content())
    assert [behind(next(pages(bare, "Trunks")), cell) for cell in ("D3", "E3", "A2")] == ["", "FFC6EFCE", ""]


def cells(problems: Sequence[str]) -> list[str]:
    return [problem.partition(" ")[0] for problem in problems]


def test_what_is_wrong_is_the_same_before_and_after(user: Path) -> None:
    assert cells(found_in(marked(user))) == ["Trunks!D3", "Trunks!E3", "Trunks!D4", "DIDs!B3", "DIDs!A4", "DIDs!B5"]
