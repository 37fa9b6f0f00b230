"""Answers never leave their rows: they are in the table or filter that moves the rows, and clear of what is drawn."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from xlsxwriter import Workbook as Book

from batch.schema.columns import RESULT_HEADERS
from batch.xlsx_edit.sheet_frame import CellGrid
from batch.xlsx_edit.sheet_objects import EMU
from tests.furnished import dot
from tests.open_xml import made, parts, prefixed, repacked, strict
from tests.writers.test_results_package import ROWS, fill_dids, into, lines, page, sheet_xml, written

COLUMNS = [{"header": header} for header in ROWS[0]]
OUTSIDE = (
    "On the sheet DIDs the results are outside its {0}, because of what is beside it: sorting by the {0} does "
    "not move them along. To sort, select all columns first."
)


def table(path: Path) -> etree._Element:
    (content,) = (content for name, content in parts(path).items() if name.startswith("xl/tables/"))
    return etree.fromstring(content)


def names(path: Path) -> list[str]:
    return [column.get("name", "") for column in table(path).iter("{*}tableColumn")]


def ids(path: Path) -> list[str]:
    return [column.get("id", "") for column in table(path).iter("{*}tableColumn")]


def with_table(where: str = "A1:C3", **options: Any) -> Callable[[Book], Any]:
    def fill(book: Book) -> Any:
        sheet = fill_dids(book)
        sheet.add_table(where, {"columns": COLUMNS, **options})
        return sheet

    return fill


# tables


def test_a_table_takes_the_results_in_with_its_filter(tmp_path: Path) -> None:
    path = into(made(tmp_path / "book.xlsx", with_table()))
    assert table(path).get("ref") == "A1:K3"
    assert [found.get("ref") for found in table(path).iter("{*}autoFilter")] == ["A1:K3"]
    assert names(path) == [*ROWS[0], *RESULT_HEADERS]
    assert ids(path) == [str(number) for number in range(1, 12)]
    assert lines(path)[0] == [*ROWS[0], *RESULT_HEADERS]
    assert page(path).auto_filter.ref is None


def test_results_of_results_grow_the_table_no_further(tmp_path: Path) -> None:
    first = into(made(tmp_path / "book.xlsx", with_table()))
    second = into(first, "second.xlsx")
    assert (table(second).get("ref"), names(second), lines(second)) == ("A1:K3", names(first), lines(first))


def test_a_column_of_ours_that_was_deleted_comes_back_into_the_table(tmp_path: Path) -> None:
    first = into(made(tmp_path / "book.xlsx", with_table()))

    def without_the_last(found: dict[str, bytes]) -> dict[str, bytes]:
        (name,) = (name for name in found if name.startswith("xl/tables/"))
        bent = re.sub(rb'<(?:\w+:)?tableColumn [^>]*"Finished at"[^>]*/>', b"", found[name])
        bent = bent.replace(b'A1:K3"', b'A1:J3"').replace(b'count="11"', b'count="10"')
        sheet = next(n for n, content in found.items() if b">What to do<" in content and b"<row" in content)
        return found | {name: bent, sheet: re.sub(rb'<c r="K\d+".*?</c>', b"", found[sheet])}

    second = into(repacked(first, without_the_last), "second.xlsx")
    assert (table(second).get("ref"), names(second)) == ("A1:K3", [*ROWS[0], *RESULT_HEADERS])


def test_a_totals_row_stays_the_last_and_its_sort_takes_all_in(tmp_path: Path) -> None:
    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        order = b'<sortState ref="A2:C3"><sortCondition ref="B2:B3"/></sortState>'
        name = "xl/tables/table1.xml"
        return found | {name: found[name].replace(b"</autoFilter>", b"</autoFilter>" + order).replace(
            b'<autoFilter ref="A1:C3"/>', b'<autoFilter ref="A1:C3"/>' + order)}  # fmt: skip

    source = made(tmp_path / "book.xlsx", with_table("A1:C4", total_row=True))
    path = into(repacked(source, bend), results={})
    assert (table(path).get("ref"), table(path).get("totalsRowCount")) == ("A1:K4", "1")
    assert [found.get("ref") for found in table(path).iter("{*}autoFilter", "{*}sortState")] == ["A1:K3", "A2:K3"]
    assert [found.get("ref") for found in table(path).iter("{*}sortCondition")] == ["B2:B3"]


@pytest.mark.parametrize(
    "bend",
    [
        lambda found: found | {"xl/tables/table1.xml": prefixed(found["xl/tables/table1.xml"])},
        lambda found: found | {"xl/tables/table1.xml": found["xl/tables/table1.xml"].replace(b' count="3"', b"")},
    ],
)
def test_tables_of_other_programs_grow_too(
    tmp_path: Path, bend: Callable[[dict[str, bytes]], dict[str, bytes]]
) -> None:
    path = into(repacked(made(tmp_path / "book.xlsx", with_table()), bend))
    assert (table(path).get("ref"), names(path)) == ("A1:K3", [*ROWS[0], *RESULT_HEADERS])
    assert {etree.QName(c).namespace for c in table(path).iter("*")} == {
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    }


def test_a_table_in_a_strict_package_grows_too(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", with_table())
    repacked(source, lambda found: {name: strict(content) for name, content in found.items()})
    path = into(source)
    assert {etree.QName(c).namespace for c in table(path).iter("*")} == {
        "http://purl.oclc.org/ooxml/spreadsheetml/main"
    }
    assert table(path).get("ref") == "A1:K3"


def test_a_table_without_a_header_row_grows_beside_its_rows(tmp_path: Path) -> None:
    path = into(made(tmp_path / "book.xlsx", with_table("A2:C3", header_row=False)))
    assert table(path).get("ref") == "A2:K3"
    assert lines(path)[0] == [*ROWS[0], *RESULT_HEADERS]


def test_results_are_in_the_table_also_where_something_stands_far_to_the_right(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        with_table()(book).write_string(1, 20, "a legend")

    path = into(made(tmp_path / "book.xlsx", fill))
    assert lines(path)[0][:11] == [*ROWS[0], *RESULT_HEADERS]
    assert lines(path)[1][20] == "a legend"
    assert table(path).get("ref") == "A1:K3"


def a_word(sheet: Any) -> None:
    sheet.write_string(2, 6, "mine")


def merged_cells(sheet: Any) -> None:
    sheet.merge_range(2, 6, 2, 7, "")


def another_table(sheet: Any) -> None:
    sheet.add_table("G1:H3", {"columns": [{"header": "x"}, {"header": "y"}]})


@pytest.mark.parametrize("there", [a_word, merged_cells, another_table])
def test_where_there_is_no_room_beside_the_table_nothing_of_the_users_is_taken_and_it_is_said(
    tmp_path: Path, there: Callable[[Any], None]
) -> None:
    source = made(tmp_path / "book.xlsx", lambda book: there(with_table()(book)))
    found = written(source)
    assert found.notes == (OUTSIDE.format("table"),)
    place = lines(found.path)[0].index("Result")
    assert place >= 7
    assert [row[place] for row in lines(found.path)[1:3]] == ["applied", "refused"]
    tables = {name: content for name, content in parts(source).items() if name.startswith("xl/tables/")}
    assert {name: parts(found.path)[name] for name in tables} == tables


def test_a_table_that_a_query_fills_is_left_alone(tmp_path: Path) -> None:
    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        name = "xl/tables/table1.xml"
        return found | {name: found[name].replace(b"<table ", b'<table tableType="queryTable" ')}

    found = written(repacked(made(tmp_path / "book.xlsx", with_table()), bend))
    assert table(found.path).get("ref") == "A1:C3"
    assert found.notes == (OUTSIDE.format("table"),)


# filters


def test_a_filter_with_a_remembered_order_takes_the_results_in(tmp_path: Path) -> None:
    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        name = "xl/worksheets/sheet1.xml"
        order = rb'<autoFilter ref="A1:C3"><sortState ref="A2:C3"><sortCondition ref="A1:A3"/></sortState></autoFilter>'
        return found | {name: re.sub(rb'<autoFilter ref="A1:C3"/>', order, found[name])}

    source = made(tmp_path / "book.xlsx", lambda book: fill_dids(book).autofilter("A1:C3"))
    root = etree.fromstring(sheet_xml(into(repacked(source, bend))))
    assert [found.get("ref") for found in root.iter("{*}autoFilter", "{*}sortState")] == ["A1:K3", "A2:K3"]


def test_a_filter_beside_which_a_legend_stands_does_not_take_the_legend_in(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        sheet = fill_dids(book)
        sheet.autofilter("A1:C3")
        sheet.write_string(1, 5, "a legend")

    found = written(made(tmp_path / "book.xlsx", fill))
    assert page(found.path).auto_filter.ref == "A1:C3"
    assert found.notes == (OUTSIDE.format("filter"),)
    assert lines(found.path)[0][6] == "Result"


def test_no_filter_is_laid_over_a_table_that_stands_elsewhere(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        sheet = fill_dids(book, (*ROWS, ("", "", ""), ("", "", "")))
        sheet.add_table("A4:B5", {"columns": [{"header": "x"}, {"header": "y"}]})

    path = into(made(tmp_path / "book.xlsx", fill), results={})
    assert page(path).auto_filter.ref is None


# what is drawn


def drawn(path: Path) -> list[tuple[list[int], list[int]]]:
    """Return column and row in which each thing begins and ends."""
    (content,) = (content for name, content in parts(path).items() if name == "xl/drawings/drawing1.xml")
    corners = []
    for anchor in etree.fromstring(content):
        ends = [e for e in anchor if etree.QName(e).localname in {"from", "to"}]
        corners.append(tuple([int(end.findtext(f"{{*}}{axis}", "")) for axis in ("col", "row")] for end in ends))
    return corners  # type: ignore[return-value] # two ends each


def widths(path: Path) -> list[int]:
    """Return how wide each thing is, in pixels, as the columns are."""
    root = etree.fromstring(sheet_xml(path))
    own = {
        column: round(float(c.get("width", "")) * 7)
        for c in root.iter("{*}col")
        for column in range(int(c.get("min", "")) - 1, int(c.get("max", "")))
    }
    columns = CellGrid(own=own)
    found = []
    for anchor in etree.fromstring(parts(path)["xl/drawings/drawing1.xml"]):
        ends = {etree.QName(e).localname: e for e in anchor}
        if "to" in ends:
            left, right = (
                columns.left_of(int(ends[name].findtext("{*}col", "")))
                + int(ends[name].findtext("{*}colOff", "")) / EMU
                for name in ("from", "to")
            )
            found.append(round(right - left))
        else:
            found.append(int(ends["ext"].get("cx", "")) // EMU)
    return found


def pictures(*cells: str, **options: Any) -> Callable[[Book], Any]:
    def fill(book: Book) -> Any:
        sheet = fill_dids(book)
        for cell in cells:
            sheet.insert_textbox(cell, "a shape", {"width": 200, "height": 60, **options})
        return sheet

    return fill


@pytest.mark.parametrize("how", [1, 2, 3])
def test_what_is_drawn_beside_the_rows_moves_right_and_keeps_its_size(tmp_path: Path, how: int) -> None:
    source = made(tmp_path / "book.xlsx", pictures("D2", "E1", object_position=how))
    path = into(source)
    assert [begin for begin, *_ in drawn(source)] == [[3, 1], [4, 0]]
    assert [begin for begin, *_ in drawn(path)] == [[11, 1], [12, 0]]
    assert widths(path) == widths(source) == [200, 200]
    again = into(path, "second.xlsx")
    assert (drawn(again), widths(again)) == (drawn(path), [200, 200])


def test_what_reaches_from_the_rows_into_the_results_stands_beside_them(tmp_path: Path) -> None:
    path = into(made(tmp_path / "book.xlsx", pictures("C2")))
    assert drawn(path)[0][0] == [11, 1]
    assert widths(path) == [200]


def test_what_is_drawn_below_the_rows_stays_where_it_is_and_keeps_its_size(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", pictures("A9", "F9", width=900))
    path = into(source)
    assert [begin for begin, *_ in drawn(path)] == [[0, 8], [5, 8]]
    assert widths(path) == widths(source) == [900, 900]


def test_what_is_drawn_over_cells_of_the_users_stays_there(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        pictures("A2")(book).set_column(0, 2, 60)

    source = made(tmp_path / "book.xlsx", fill)
    assert parts(into(source))["xl/drawings/drawing1.xml"] == parts(source)["xl/drawings/drawing1.xml"]


def test_pictures_and_charts_move_like_all_else_and_show_what_they_showed(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        sheet = fill_dids(book)
        sheet.insert_image("E2", "dot.png", {"image_data": io.BytesIO(dot()), "x_scale": 90, "y_scale": 40})
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=DIDs!$B$2:$B$3"})
        sheet.insert_chart("G2", chart)

    source = made(tmp_path / "book.xlsx", fill)
    path = into(source)
    assert [begin for begin, *_ in drawn(path)] == [[12, 1], [14, 1]]
    assert widths(path) == widths(source)
    assert parts(path)["xl/charts/chart1.xml"] == parts(source)["xl/charts/chart1.xml"]


def test_what_stands_nowhere_in_the_cells_moves_as_far_as_the_results_are_wide(tmp_path: Path) -> None:
    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        name = "xl/drawings/drawing1.xml"
        place = b'<xdr:absoluteAnchor><xdr:pos x="%d" y="190500"/><xdr:ext cx="1905000" cy="571500"/>' % (200 * EMU)
        bent = re.sub(rb"(?s)<xdr:twoCellAnchor[^>]*>.*?</xdr:to>", place, found[name])
        return found | {name: bent.replace(b"twoCellAnchor", b"absoluteAnchor")}

    source = repacked(made(tmp_path / "book.xlsx", pictures("D2")), bend)
    (anchor,) = etree.fromstring(parts(into(source))["xl/drawings/drawing1.xml"])
    (place,) = anchor.iter("{*}pos")
    added = sum(round((width + 0.7109375) * 7) for width in (12, 10, 44, 14, 11, 13, 20, 72))
    assert int(place.get("x", "")) == (3 * 64 + added + 200 - 3 * 64) * EMU
    assert place.get("y") == "190500"


def test_a_note_beside_the_results_is_as_wide_as_it_was(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", lambda book: fill_dids(book).write_comment("C2", "a note"))
    found = [
        re.findall(rb"<x:Anchor>\s*([^<]*)<", parts(p)["xl/drawings/vmlDrawing1.vml"])[0]
        for p in (source, into(source))
    ]
    before, after = ([int(side) for side in sides.split(b",")] for sides in found)
    assert before == [3, 15, 0, 10, 5, 15, 4, 4]
    assert after == [3, 15, 0, 10, 4, 54, 4, 4]  # 128 pixels: 74 of the first column of ours, which is 89 wide
