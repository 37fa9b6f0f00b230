"""Our notes in the cells of a sheet, beside the user's own comments, and taken off again."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from lxml import etree

from batch.readers.packages import Package
from batch.xlsx_edit.book import Book
from batch.xlsx_edit.comments import add_notes, drop_notes
from batch.xlsx_edit.package import STRICT, PackageEdit, Unpatchable
from batch.xlsx_edit.sheet import SheetPatch
from batch.xlsx_edit.sheet_frame import Frame, cell_grid
from tests.furnished import changed, parts_of


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("First", "Second"):
            book.add_worksheet(name).write_row(0, 0, ("Name", "DID"))
    return path


@pytest.fixture
def commented(tmp_path: Path) -> Path:
    path = tmp_path / "commented.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("First")
        sheet.write_comment("A1", "Mine", {"author": "Anne"})
        sheet.write_comment("B2", "Mine too", {"author": "Anne"})
    return path


def edited(path: Path, texts: dict[tuple[int, int], str], sheet: str = "First") -> Path:
    edit = PackageEdit(Package(path))
    patch = SheetPatch(edit, Book(edit).parts()[sheet])
    add_notes(patch, texts)
    patch.apply()
    path.write_bytes(edit.content())
    return path


def dropped(path: Path, sheet: str = "First") -> Path:
    edit = PackageEdit(Package(path))
    drop_notes(edit, Book(edit).parts()[sheet])
    path.write_bytes(edit.content())
    return path


def comments(path: Path, sheet: str = "First") -> dict[str, str]:
    page = openpyxl.load_workbook(path)[sheet]
    return {c.coordinate: c.comment.text for row in page.iter_rows() for c in row if c.comment}


def same_xml(one: bytes, other: bytes) -> bool:
    first, second = (etree.tostring(etree.fromstring(content), method="c14n") for content in (one, other))
    return bool(first == second)


def drawing(path: Path) -> bytes:
    (found,) = (content for name, content in parts_of(path).items() if name.endswith(".vml"))
    return found


def test_a_note_says_whose_it_is(plain: Path) -> None:
    assert comments(edited(plain, {(2, 1): "DID is blank.\nType it."})) == {
        "B2": "trunk-batch: DID is blank.\nType it."
    }


def test_a_note_is_drawn_at_its_cell_and_out_of_sight(plain: Path) -> None:
    drawn = drawing(edited(plain, {(2, 1): "DID is blank."}))
    assert b"<x:Row>1</x:Row><x:Column>1</x:Column>" in drawn
    assert b"visibility:hidden" in drawn


def test_two_sheets_do_not_share_numbers_of_shapes(plain: Path) -> None:
    edited(edited(plain, {(2, 1): "one"}), {(2, 1): "two"}, "Second")
    drawn = [content for name, content in parts_of(plain).items() if name.endswith(".vml")]
    assert [re.findall(rb'data="([^"]*)"', content) for content in drawn] == [[b"1"], [b"2"]]
    assert [re.findall(rb"_x0000_s(\d+)", content) for content in drawn] == [[b"1025"], [b"2049"]]


def test_many_notes_take_as_many_blocks_of_numbers_as_they_need(plain: Path) -> None:
    drawn = drawing(edited(plain, {(row, 0): "wrong" for row in range(2, 2500)}))
    assert b'data="1,2,3"' in drawn
    assert b"_x0000_s3522" in drawn


def test_a_longer_note_is_drawn_larger(plain: Path) -> None:
    edited(plain, {(2, 0): "short", (40, 0): "word " * 60})
    anchors = [found.split(b",") for found in re.findall(rb"<x:Anchor>([^<]*)", drawing(plain))]
    heights = [int(sides[6]) - int(sides[2]) for sides in anchors]
    assert heights[0] == 1
    assert heights[1] > 4


def test_the_width_of_a_note_does_not_depend_on_that_of_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "wide.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("First").set_column(1, 1, 100)
    drawn = drawing(edited(path, {(2, 0): "wrong"}))
    assert b"<x:Anchor>1, 15, 0, 4, 1, 345," in drawn


def test_comments_of_the_users_stay_and_ours_follow(commented: Path) -> None:
    edited(commented, {(1, 0): "wrong", (5, 5): "wrong too"})
    assert comments(commented) == {
        "A1": "Mine\n-----\ntrunk-batch: wrong",
        "B2": "Mine too",
        "F5": "trunk-batch: wrong too",
    }


def test_dropping_ours_leaves_the_users_as_they_were(commented: Path) -> None:
    before = drawing(commented), comments(commented)
    edited(commented, {(1, 0): "wrong " * 40, (5, 5): "wrong too"})
    assert drawing(commented).count(b"<v:shape ") == 3
    dropped(commented)
    assert comments(commented) == before[1]
    blocks = re.compile(rb'\s|data="[^"]*"')
    assert blocks.sub(b"", drawing(commented)) == blocks.sub(b"", before[0])


def test_dropping_all_leaves_nothing_behind(plain: Path) -> None:
    before = parts_of(plain)
    after = parts_of(dropped(edited(plain, {(2, 1): "wrong"})))
    assert after.keys() - before.keys() == {"xl/worksheets/_rels/sheet1.xml.rels"}
    assert same_xml(after["xl/worksheets/sheet1.xml"], before["xl/worksheets/sheet1.xml"])


def test_a_note_that_somebody_began_anew_is_theirs(plain: Path) -> None:
    edited(plain, {(2, 1): "wrong"})
    changed(plain, "xl/comments1.xml", lambda content: content.replace(b"trunk-batch: wrong", b"Called the carrier"))
    assert comments(dropped(plain)) == {"B2": "Called the carrier"}


def test_buttons_in_the_drawing_stay(tmp_path: Path) -> None:
    path = tmp_path / "button.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("First").insert_button("D2", {"caption": "Go"})
    edited(path, {(2, 1): "wrong"})
    assert comments(path) == {"B2": "trunk-batch: wrong"}
    assert b"Go" in drawing(path)
    dropped(path)
    assert comments(path) == {}
    assert b"Go" in drawing(path)


def test_a_comment_that_is_plain_text_becomes_one_of_runs(commented: Path) -> None:
    changed(
        commented,
        "xl/comments1.xml",
        lambda content: re.sub(rb"<text>.*?</text>", b"<text><t>Mine</t></text>", content),
    )
    assert comments(edited(commented, {(1, 0): "wrong"}))["A1"] == "Mine\n-----\ntrunk-batch: wrong"
    assert comments(dropped(commented))["A1"] == "Mine"


def test_what_xml_cannot_hold_is_shown_as_such(plain: Path) -> None:
    assert comments(edited(plain, {(2, 1): "a\x00b\ud800 <c> & d"}))["B2"] == "trunk-batch: a\ufffdb\ufffd <c> & d"


def test_an_endless_note_is_cut(plain: Path) -> None:
    assert len(comments(edited(plain, {(2, 1): "x" * 50_000}))["B2"]) == 30_002


def test_a_drawing_without_an_end_is_left_alone(commented: Path) -> None:
    changed(commented, "xl/drawings/vmlDrawing1.vml", lambda content: content.replace(b"</xml>", b""))
    before = commented.read_bytes()
    with pytest.raises(Unpatchable):
        edited(commented, {(1, 0): "wrong"})
    assert commented.read_bytes() == before


def test_a_drawing_that_binds_no_names_gets_shapes_that_do(commented: Path) -> None:
    changed(
        commented,
        "xl/drawings/vmlDrawing1.vml",
        lambda content: re.sub(rb"<xml [^>]*>", b'<xml xmlns:v="urn:schemas-microsoft-com:vml">', content, count=1),
    )
    drawn = drawing(edited(commented, {(9, 0): "wrong"}))
    assert b'<v:shape xmlns:o="urn:schemas-microsoft-com:office:office"' in drawn


def framed(sheet: str) -> Frame:
    return Frame(iter([sheet.encode()]))


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("<pageMargins/>", "<pageMargins/>|"),
        ("<drawing a='a'/><extLst><ext><legacyDrawing/></ext></extLst>", '<drawing a="a"/>|<extLst>'),
        ("<tableParts><tablePart/></tableParts>", "|<tableParts>"),
        ("<legacyDrawingHF a='a'/>", "|<legacyDrawingHF"),
        ("<!-- <tableParts> --><pageMargins/>", "<pageMargins/>|"),
        ("<a:AlternateContent xmlns:a='m'><a:Choice><controls/></a:Choice></a:AlternateContent>", "|<a:AlternateC"),
    ],
)
def test_the_link_to_the_drawing_stands_where_excel_insists_on(tail: str, expected: str) -> None:
    frame = framed(f"<worksheet xmlns:r='u'><sheetData/>{tail}</worksheet>")
    frame.link_drawing("rId9", "u")
    assert expected in frame.halves()[1].decode().replace('<legacyDrawing r:id="rId9"/>', "|")
    assert frame.drawing_link == "rId9"
    frame.drop_drawing()
    assert frame.is_as_read


def test_in_a_strict_sheet_the_link_stands_in_a_choice() -> None:
    frame = framed(f"<worksheet xmlns:r='{STRICT}'><sheetData/><tableParts/></worksheet>")
    frame.link_drawing("rId9", STRICT)
    assert (
        b'Requires="v"><legacyDrawing r:id="rId9"/></mc:Choice></mc:AlternateContent><tableParts' in frame.halves()[1]
    )
    assert frame.drawing_link == "rId9"
    frame.drop_drawing()
    assert frame.is_as_read


def test_a_sheet_without_a_drawing_has_none_to_take_out() -> None:
    frame = framed("<worksheet><sheetData/></worksheet>")
    frame.drop_drawing()
    assert frame.drawing_link is None
    assert frame.is_as_read


@pytest.mark.parametrize("sheet", ["<worksheet/>", "<worksheet><sheetData/><pageMargins/>"])
def test_what_breaks_off_is_no_sheet(sheet: str) -> None:
    with pytest.raises(Unpatchable):
        framed(sheet)


def test_widths_and_heights_are_those_of_the_sheet() -> None:
    head = (
        '<sheetFormatPr defaultColWidth="10" defaultRowHeight="30"/><cols><col min="1" max="2" width="20"/>'
        '<col min="3" max="3" width="9" hidden="1"/></cols>'
    )
    grid = cell_grid(framed(f"<worksheet>{head}<sheetData/></worksheet>"))
    assert (grid.usual, grid.height) == (70, 40.0)
    assert grid.own == {0: 140, 1: 140, 2: 0}


def test_a_width_that_is_no_number_is_refused() -> None:
    with pytest.raises(Unpatchable, match="'y' where a number belongs"):
        cell_grid(framed('<worksheet><cols><col min="4" max="4" width="y"/></cols><sheetData/></worksheet>'))


def test_the_package_stays_one_that_opens(plain: Path) -> None:
    edited(plain, {(2, 1): "wrong"})
    with zipfile.ZipFile(io.BytesIO(plain.read_bytes())) as archive:
        assert archive.testzip() is None
    assert b'Extension="vml"' in parts_of(plain)["[Content_Types].xml"]
