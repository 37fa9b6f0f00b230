"""Sheets set into a workbook and taken out again: the rest keeps every byte, and what counts sheets counts right."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from xlsxwriter import Workbook

from batch.readers.packages import Package
from batch.xlsx_edit.book import Book, copy_sheets, open_at
from batch.xlsx_edit.package import PackageEdit, Unpatchable, whole_tags
from tests.open_xml import look_through, made, parts, prefixed, repacked, strict


def users(book: Workbook) -> None:
    first = book.add_worksheet("Trunks")
    first.write_string(0, 0, "Name", book.add_format({"bold": True}))
    first.autofilter(0, 0, 5, 3)
    second = book.add_worksheet("My DIDs")
    second.write_comment(0, 0, "of the user's")
    second.repeat_rows(0)
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "='My DIDs'!$A$1:$A$3"})
    second.insert_chart("D4", chart)
    second.activate()
    book.define_name("everywhere", "='My DIDs'!$A$1")


def ours(book: Workbook) -> None:
    page = book.add_worksheet("Summary")
    page.write_string(0, 0, "Results", book.add_format({"italic": True, "bg_color": "#123456"}))
    page.set_column(0, 0, 30, book.add_format({"num_format": "#,##0;-"}))
    page.conditional_format(
        0, 0, 9, 0, {"type": "cell", "criteria": ">", "value": 1, "format": book.add_format({"bold": True})}
    )
    chart = book.add_chart({"type": "bar"})
    chart.add_series({"values": ["Summary", 0, 1, 2, 1]})
    page.insert_chart("D4", chart)
    page.write_comment(1, 1, "a note")
    changes = book.add_worksheet("Changes")
    changes.write_url(0, 0, "internal:'My DIDs'!A1", None, "A1")
    changes.autofilter(0, 0, 3, 3)
    changes.repeat_rows(0)
    book.add_worksheet("trunk-batch").very_hidden()


@pytest.fixture
def donor(tmp_path: Path) -> bytes:
    return made(tmp_path / "donor.xlsx", ours, constant_memory=True).read_bytes()


def edited(path: Path) -> PackageEdit:
    return PackageEdit(Package(path))


def saved(edit: PackageEdit, path: Path) -> Path:
    path.write_bytes(edit.content())
    return path


def names(path: Path) -> dict[tuple[str, str], str]:
    book = etree.fromstring(parts(path)["xl/workbook.xml"])
    return {(n.get("name", ""), n.get("localSheetId", "")): n.text or "" for n in book.iter("{*}definedName")}


def grafted(path: Path, donor: bytes) -> Path:
    edit = edited(path)
    copy_sheets(edit, donor, front=["Summary"], end=["Changes", "trunk-batch"])
    open_at(edit, "Summary")
    return saved(edit, path.with_name("grafted.xlsx"))


def test_sheets_come_with_their_looks_charts_notes_and_links(tmp_path: Path, donor: bytes) -> None:
    path = grafted(made(tmp_path / "book.xlsx", users), donor)
    look_through(path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Summary", "Trunks", "My DIDs", "Changes", "trunk-batch"]
    assert [sheet.sheet_state for sheet in book] == ["visible"] * 4 + ["veryHidden"]
    cell = book["Summary"]["A1"]
    assert (cell.value, cell.font.i, cell.fill.fgColor.rgb) == ("Results", True, "FF123456")
    assert book["Summary"].column_dimensions["A"].number_format == "#,##0;-"
    assert book["Summary"]["B2"].comment.text == "a note"
    assert book["Changes"]["A1"].hyperlink.location == "'My DIDs'!A1"
    conditions = [rule for rules in book["Summary"].conditional_formatting for rule in rules.rules]
    assert [rule.dxf.font.b for rule in conditions] == [True]
    charts = [content for name, content in parts(path).items() if "charts/chart" in name]
    assert len(charts) == 2
    assert sum(b"Summary!$B$1:$B$3" in chart for chart in charts) == 1
    assert book["Trunks"]["A1"].font.b


def test_all_that_is_not_about_the_list_of_sheets_keeps_every_byte(tmp_path: Path, donor: bytes) -> None:
    source = made(tmp_path / "book.xlsx", users)
    before, after = parts(source), parts(grafted(source, donor))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "[Content_Types].xml",
        "docProps/app.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/workbook.xml",
        "xl/worksheets/sheet2.xml",  # which is not selected any more
    }


def test_names_that_belong_to_a_sheet_go_on_belonging_to_it(tmp_path: Path, donor: bytes) -> None:
    path = grafted(made(tmp_path / "book.xlsx", users), donor)
    assert names(path) == {
        ("_xlnm._FilterDatabase", "1"): "Trunks!$A$1:$D$6",
        ("_xlnm.Print_Titles", "2"): "'My DIDs'!$1:$1",
        ("everywhere", ""): "'My DIDs'!$A$1",
        ("_xlnm._FilterDatabase", "3"): "Changes!$A$1:$D$4",
        ("_xlnm.Print_Titles", "3"): "Changes!$1:$1",
    }


def test_one_sheet_alone_is_selected_and_in_front(tmp_path: Path, donor: bytes) -> None:
    path = grafted(made(tmp_path / "book.xlsx", users), donor)
    book = openpyxl.load_workbook(path)
    assert book.active is not None
    assert book.active.title == "Summary"
    assert [sheet.sheet_view.tabSelected or False for sheet in book] == [True, False, False, False, False]


def test_where_nobody_says_which_sheet_is_in_front_it_is_the_one_that_was(tmp_path: Path, donor: bytes) -> None:
    edit = edited(made(tmp_path / "book.xlsx", users))
    copy_sheets(edit, donor, front=["Summary"])
    book = openpyxl.load_workbook(saved(edit, tmp_path / "out.xlsx"))
    assert book.active is not None
    assert book.active.title == "My DIDs"


def test_taken_out_again_nothing_of_them_is_left(tmp_path: Path, donor: bytes) -> None:
    source = made(tmp_path / "book.xlsx", users)
    edit = edited(grafted(source, donor))
    for name in ("Summary", "Changes", "trunk-batch"):
        Book(edit).remove(name)
    path = saved(edit, tmp_path / "out.xlsx")
    look_through(path)
    assert parts(path).keys() == parts(source).keys()
    assert names(path) == names(source)
    assert openpyxl.load_workbook(path).sheetnames == ["Trunks", "My DIDs"]


def test_what_is_said_of_a_parts_links_goes_with_them(tmp_path: Path) -> None:
    def say(found: dict[str, bytes]) -> dict[str, bytes]:  # as LibreOffice does
        kind = b'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
        override = b'<Override PartName="/xl/worksheets/_rels/sheet2.xml.rels" ' + kind
        return found | {"[Content_Types].xml": found["[Content_Types].xml"].replace(b"</Types>", override)}

    edit = edited(repacked(made(tmp_path / "book.xlsx", users), say))
    Book(edit).remove("My DIDs")
    look_through(saved(edit, tmp_path / "out.xlsx"))


def test_a_part_that_another_sheet_has_too_stays(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", users)

    def share(found: dict[str, bytes]) -> dict[str, bytes]:
        links = found["xl/worksheets/_rels/sheet2.xml.rels"]
        return found | {"xl/worksheets/_rels/sheet1.xml.rels": links}

    edit = edited(repacked(source, share))
    Book(edit).remove("My DIDs")
    assert "xl/charts/chart1.xml" in edit.names()


def test_the_list_of_titles_in_the_properties_is_left_to_the_spreadsheet_program(tmp_path: Path, donor: bytes) -> None:
    path = grafted(made(tmp_path / "book.xlsx", users), donor)
    properties = parts(path)["docProps/app.xml"]
    assert b"TitlesOfParts" not in properties
    assert b"HeadingPairs" not in properties
    assert b"<Application>" in properties


def test_a_name_that_is_taken_is_refused_whatever_its_case(tmp_path: Path, donor: bytes) -> None:
    def fill(book: Workbook) -> None:
        book.add_worksheet("SUMMARY")

    edit = edited(made(tmp_path / "book.xlsx", fill))
    with pytest.raises(Unpatchable, match="there is a sheet 'Summary' already"):
        copy_sheets(edit, donor, front=["Summary"])


def test_prefixed_names_are_no_obstacle(tmp_path: Path, donor: bytes) -> None:
    def fill(book: Workbook) -> None:
        book.add_worksheet("Trunks").write_string(0, 0, "Name")

    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        own = ("xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml")
        return found | {name: prefixed(found[name]) for name in own}

    source = repacked(made(tmp_path / "book.xlsx", fill), bend)
    path = grafted(source, donor)
    look_through(path)
    assert openpyxl.load_workbook(path).sheetnames == ["Summary", "Trunks", "Changes", "trunk-batch"]


def test_what_comes_into_a_strict_package_is_strict_too(tmp_path: Path, donor: bytes) -> None:
    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        return {name: strict(content) for name, content in found.items()}

    source = repacked(made(tmp_path / "book.xlsx", users), bend)
    found = parts(grafted(source, donor))
    assert Book(edited(tmp_path / "grafted.xlsx")).parts().keys() == {
        "Summary",
        "Trunks",
        "My DIDs",
        "Changes",
        "trunk-batch",
    }
    loose = [name for name, content in found.items() if b"schemas.openxmlformats.org/spreadsheetml" in content]
    assert loose == []
    assert b"schemas.openxmlformats.org/officeDocument/2006/relationships" not in found["xl/_rels/workbook.xml.rels"]


def test_a_workbook_without_looks_gets_some(tmp_path: Path, donor: bytes) -> None:
    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        types = found["[Content_Types].xml"]
        start = types.index(b'<Override PartName="/xl/styles.xml"')
        links = found["xl/_rels/workbook.xml.rels"]
        at = links.index(b'<Relationship Id="rId3"')
        return {name: content for name, content in found.items() if name != "xl/styles.xml"} | {
            "[Content_Types].xml": types[:start] + types[types.index(b"/>", start) + 2 :],
            "xl/_rels/workbook.xml.rels": links[:at] + links[links.index(b"/>", at) + 2 :],
        }

    def fill(book: Workbook) -> None:
        book.add_worksheet("Trunks")

    source = repacked(made(tmp_path / "book.xlsx", fill), bend)
    assert "xl/styles.xml" not in parts(source)
    path = grafted(source, donor)
    look_through(path)
    assert openpyxl.load_workbook(path)["Summary"]["A1"].font.i


def test_a_large_sheet_is_copied_without_ever_being_held_whole(tmp_path: Path) -> None:
    def long_list(book: Workbook) -> None:
        page = book.add_worksheet("Changes")
        wanted = book.add_format({"italic": True})
        for row in range(14_000):
            page.write_string(row, 0, f"+4420{row:08d}", wanted)
            page.write_string(row, 1, f"Desk {row}")

    given = made(tmp_path / "donor.xlsx", long_list, constant_memory=True)
    size, donor = Package(given).size("xl/worksheets/sheet1.xml"), given.read_bytes()
    assert size > 1_900_000
    edit = edited(made(tmp_path / "book.xlsx", users))
    tracemalloc.start()
    try:
        copy_sheets(edit, donor, end=["Changes"])
        path = saved(edit, tmp_path / "grafted.xlsx")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size
    page = openpyxl.load_workbook(path)["Changes"]
    assert (page["A14000"].value, page["A14000"].font.i) == ("+442000013999", True)


@given(st.lists(st.text("<>ab", max_size=8), max_size=12))
def test_no_tag_is_in_two_pieces_however_a_part_comes(texts: list[str]) -> None:
    pieces = [text.encode() for text in texts]
    cut = list(whole_tags(pieces))
    assert b"".join(cut) == b"".join(pieces)
    assert all(piece.endswith(b">") for piece in cut[:-1])


def test_a_donor_that_keeps_its_texts_elsewhere_is_refused(tmp_path: Path) -> None:
    donor = made(tmp_path / "donor.xlsx", ours).read_bytes()
    with pytest.raises(Unpatchable):
        copy_sheets(edited(made(tmp_path / "book.xlsx", users)), donor, front=["Summary"])


@pytest.mark.parametrize("missing", ["xl/workbook.xml", "_rels/.rels"])
def test_a_package_without_a_list_of_sheets_is_refused(tmp_path: Path, missing: str) -> None:
    source = repacked(
        made(tmp_path / "book.xlsx", users), lambda found: {n: c for n, c in found.items() if n != missing}
    )
    with pytest.raises(Unpatchable, match="no list of sheets"):
        Book(edited(source))
