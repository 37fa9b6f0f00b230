"""Results put into the user's own workbook: what is put in, and that all else stays."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import etree
from xlsxwriter import Workbook as Book

from batch.readers.detect import read_workbook
from batch.schema.columns import RESULT_HEADERS
from batch.schema.file_metadata import FileKind, FileMetadata
from batch.schema.problems import Problem
from batch.tables.row_results import AnsweredSheet, ChangeLine, EndingCount, RowResult, Summary, Tone
from batch.writers.marked_workbook import write_marked
from batch.writers.results_workbook import Written, write_into, write_results
from batch.xlsx_edit.package import Unpatchable
from tests.open_xml import look_through, made, parts, prefixed, repacked, strict

APPLIED = RowResult(
    result="applied", tone=Tone.GOOD, errcode=0, errmsg="SUCCESS", http_status=200, attempts=1, elapsed_ms=1212,
    finished_at="2026-11-23 02:14:07", what_to_do="Nothing.",
)  # fmt: skip
REFUSED = RowResult(result="refused", tone=Tone.BAD, errcode=40002, errmsg="a < b & c", what_to_do="Correct the cell.")
SUMMARY = Summary(
    title="Results",
    headline="All fine.",
    counts=[EndingCount(ending="applied", tone=Tone.GOOD, rows={"DIDs": 2}, meaning="m", next_step="n")],
)
MADE_AT = "2026-11-23T02:14:07+01:00"
ROWS = (("Trunk", "DID", "Note"), ("London", "442079460100", "first"), ("Paris", "33140205050", ""))


def fill_dids(book: Book, rows: tuple[tuple[str, ...], ...] = ROWS, name: str = "DIDs") -> Any:
    page = book.add_worksheet(name)
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            page.write_string(row, column, text)
    return page


def answered(path: Path, *, header: int = 1, **more: Any) -> list[AnsweredSheet]:
    """Every visible sheet of the user's; DIDs has results in each row below its header."""
    book = read_workbook(path)
    sheets = []
    for raw in book.sheets:
        if raw.name.startswith("trunk-batch") or book.metadata.is_own_sheet(raw.name):
            continue
        if raw.name != "DIDs":
            sheets.append(AnsweredSheet(raw=raw))
            continue
        rows = range(header + 1, raw.first_row + raw.height)
        ours = [
            column
            for column, cells in enumerate(raw.columns, raw.first_column)
            if book.ours and str(cells[header - raw.first_row]) in RESULT_HEADERS
        ]
        given = {"results": {row: APPLIED if row % 2 == 0 else REFUSED for row in rows}, "dropped": frozenset(ours)}
        sheets.append(AnsweredSheet(raw=raw, header_row=header, **(given | more)))
    return sheets


def into(path: Path, name: str = "results.xlsx", summary: Summary = SUMMARY, **more: Any) -> Path:
    return written(path, name, summary, **more).path


def written(path: Path, name: str = "results.xlsx", summary: Summary = SUMMARY, **more: Any) -> Written:
    changes = [ChangeLine(sheet="DIDs", cell="B2", trunk="London", field="DID", before="1", wanted="2", found="3")]
    metadata = read_workbook(path).metadata
    place = path.with_name(name)
    found = write_into(place, path, answered(path, **more), summary, changes, metadata=metadata, made_at=MADE_AT)
    look_through(found.path)
    return found


def lines(path: Path, sheet: str = "DIDs") -> list[list[Any]]:
    raw = next(raw for raw in read_workbook(path).sheets if raw.name == sheet)
    return [list(row) for row in zip(*raw.columns, strict=True)]


def page(path: Path, sheet: str = "DIDs") -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says what it would lose on saving
        return openpyxl.load_workbook(path)[sheet]


def sheet_xml(path: Path, sheet: str = "DIDs") -> bytes:
    book = etree.fromstring(parts(path)["xl/workbook.xml"])
    place = [s.get("name") for s in book.iter("{*}sheet")].index(sheet)
    link = next(v for k, v in list(book.iter("{*}sheet"))[place].attrib.items() if str(k).endswith("}id"))
    links = etree.fromstring(parts(path)["xl/_rels/workbook.xml.rels"])
    target = next(str(one.get("Target")) for one in links if one.get("Id") == link)
    return parts(path)[target.lstrip("/") if target.startswith("/") else f"xl/{target}"]


# what is put in


def test_eight_columns_come_right_of_the_last_used_one_with_widths_colours_and_a_header(tmp_path: Path) -> None:
    path = into(made(tmp_path / "book.xlsx", fill_dids))
    assert lines(path) == [
        ["Trunk", "DID", "Note", *RESULT_HEADERS],
        [
            "London",
            "442079460100",
            "first",
            "applied",
            "Nothing.",
            0.0,
            "SUCCESS",
            200.0,
            1.0,
            1212.0,
            "2026-11-23 02:14:07",
        ],
        ["Paris", "33140205050", "", "refused", "Correct the cell.", 40002.0, "a < b & c", "", "", "", ""],
    ]
    sheet = page(path)
    assert sheet["D1"].fill.fgColor.rgb == "FF1F3A4D"
    assert (sheet["D2"].fill.fgColor.rgb, sheet["D3"].fill.fgColor.rgb) == ("FFD5EBD8", "FFF5B7B1")
    assert [round(sheet.column_dimensions[c].width) for c in "DEFGK"] == [13, 73, 11, 45, 21]
    assert sheet["J2"].number_format == "#,##0"
    assert sheet.dimensions == "A1:K3"


def test_ours_are_around_the_users_and_the_file_bears_our_mark(tmp_path: Path) -> None:
    path = into(made(tmp_path / "book.xlsx", fill_dids))
    book = read_workbook(path)
    assert [sheet.name for sheet in book.sheets] == ["Summary", "DIDs", "Changes", "trunk-batch"]
    assert book.ours
    assert book.metadata == FileMetadata(
        kinds=frozenset({FileKind.RESULTS}), made_at=MADE_AT, sheets=frozenset({"Summary", "Changes"})
    )
    assert openpyxl.load_workbook(path)["trunk-batch"].sheet_state == "veryHidden"
    assert page(path, "Changes")["B2"].hyperlink.location == "DIDs!B2"


def test_a_second_round_writes_over_its_own_and_grows_nothing(tmp_path: Path) -> None:
    first = into(made(tmp_path / "book.xlsx", fill_dids))
    second = into(first, "second.xlsx")
    assert lines(second) == lines(first)
    third = into(second, "third.xlsx")
    assert parts(third).keys() == parts(second).keys()
    assert parts(third)["xl/styles.xml"] == parts(second)["xl/styles.xml"]


def test_a_missing_column_of_ours_is_added_and_a_doubled_one_is_emptied(tmp_path: Path) -> None:
    first = into(made(tmp_path / "book.xlsx", fill_dids))
    book = openpyxl.load_workbook(first)
    sheet = book["DIDs"]
    sheet.delete_cols(6)  # Errcode
    sheet["L1"], sheet["L2"] = "Result", "failed"
    sheet["M1"], sheet["M2"] = "mine", "kept"
    book.save(tmp_path / "edited.xlsx")
    path = into(tmp_path / "edited.xlsx", "second.xlsx")
    header, one, *_ = lines(path)
    rest = RESULT_HEADERS[3:]
    assert header == ["Trunk", "DID", "Note", "Result", "What to do", *rest, "", "", "mine", "Errcode"]
    assert one[3:6] == ["applied", "Nothing.", "SUCCESS"]
    assert one[-4:] == ["", "", "kept", 0.0]


def test_results_of_an_earlier_version_keep_their_columns_where_they_are_in_a_sound_file(tmp_path: Path) -> None:
    then = ("Result", "Errcode", "Errmsg", "HTTP status", "Attempts", "Elapsed ms", "Finished at", "What to do")
    rows = ((*ROWS[0], *then), *((*row, "failed", "", "", "", "", "", "", "Run again.") for row in ROWS[1:]))
    first = into(made(tmp_path / "book.xlsx", lambda book: fill_dids(book, rows)), dropped=frozenset(range(3, 11)))
    assert lines(first)[0] == ["Trunk", "DID", "Note", *then]
    assert lines(first)[2][3:] == ["refused", 40002.0, "a < b & c", "", "", "", "", "Correct the cell."]


def test_rows_that_have_no_result_any_more_lose_the_one_they_had(tmp_path: Path) -> None:
    first = into(made(tmp_path / "book.xlsx", fill_dids))
    second = into(first, "second.xlsx", results={3: REFUSED})
    assert [row[3:5] for row in lines(second)[1:]] == [["", ""], ["refused", "Correct the cell."]]


def test_texts_replace_what_stood_there_and_nothing_keeps_the_old_ones(tmp_path: Path) -> None:
    rows = (("Password", "Result", "Same"), ("Sample-one", "mine", "x"), ("Sample-two", "mine", "Sample-two"))
    source = made(tmp_path / "book.xlsx", lambda book: fill_dids(book, rows))
    replaced = {0: {2: "<hidden>", 3: "<type again>"}}
    path = into(source, replaced=replaced, renamed={1: "Result (yours)"})
    assert [row[:4] for row in lines(path)] == [
        ["Password", "Result (yours)", "Same", "Result"],
        ["<hidden>", "mine", "x", "applied"],
        ["<type again>", "mine", "Sample-two", "refused"],
    ]
    assert not any(b"Sample-one" in content for content in parts(path).values())
    strings = parts(path)["xl/sharedStrings.xml"]
    assert strings.count(b"Sample-two") == 1  # the user's own cell says it openly
    assert strings.count(b"<si>") == parts(source)["xl/sharedStrings.xml"].count(b"<si>")


def test_numbers_that_are_secret_go_too(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        sheet = fill_dids(book, (("PIN", "DID"), ("", "44")))
        sheet.write_number(1, 0, 471147)

    path = into(made(tmp_path / "book.xlsx", fill), replaced={0: {2: "<hidden>"}})
    assert not any(b"471147" in content for content in parts(path).values())


def test_secrets_in_an_own_sheet_are_hidden_too(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        fill_dids(book)
        fill_dids(book, (("Who", "PIN"), ("Ann", "Sample-4711")), "Notes")

    source = made(tmp_path / "book.xlsx", fill)
    sheets = [
        replace(sheet, replaced={1: {2: "<hidden>"}}) if sheet.raw.name == "Notes" else sheet
        for sheet in answered(source)
    ]
    path = write_into(tmp_path / "r.xlsx", source, sheets, SUMMARY, [], made_at=MADE_AT).path
    assert lines(path, "Notes") == [["Who", "PIN"], ["Ann", "<hidden>"]]
    assert not any(b"Sample-4711" in content for content in parts(path).values())


def test_what_a_filter_or_a_pivot_table_remembers_of_a_hidden_cell_is_hidden_too(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        sheet = fill_dids(book, (("PIN", "DID"), ("4711", "44"), ("4712", "4711")))
        sheet.autofilter(0, 0, 2, 1)
        sheet.filter_column_list(0, ["4711", "4713"])

    def remember(found: dict[str, bytes]) -> dict[str, bytes]:
        kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.pivotCacheRecords+xml"
        override = b'<Override PartName="/xl/pivotCache/pivotCacheRecords1.xml" ContentType="' + kind + b'"/></Types>'
        link = b'<Relationship Id="rId80" Type="x/pivotCacheRecords" Target="pivotCache/pivotCacheRecords1.xml"/>'
        books = "xl/_rels/workbook.xml.rels"
        return found | {
            "[Content_Types].xml": found["[Content_Types].xml"].replace(b"</Types>", override),
            books: found[books].replace(b"</Relationships>", link + b"</Relationships>"),
            "xl/pivotCache/pivotCacheRecords1.xml": b'<r><s v="4711"/><n v="4712"/><s v="47110"/></r>',
        }

    source = repacked(made(tmp_path / "book.xlsx", fill), remember)
    path = into(source, replaced={0: {2: "<hidden>", 3: "<hidden>"}})
    memory = etree.fromstring(parts(path)["xl/pivotCache/pivotCacheRecords1.xml"])
    assert [entry.get("v") for entry in memory] == ["<hidden>", "0", "47110"]
    (criterion, other) = etree.fromstring(sheet_xml(path)).iter("{*}filter")
    assert (criterion.get("val"), other.get("val")) == ("<hidden>", "4713")
    assert lines(path)[2][1] == "4711"


# what stays


def decorated(book: Book) -> None:
    sheet = fill_dids(book)
    bold = book.add_format({"bold": True, "bg_color": "#00FF00"})
    sheet.write_string(1, 0, "London", bold)
    sheet.set_column(0, 0, 33)
    sheet.set_row(1, 45)
    sheet.freeze_panes(1, 2)
    sheet.data_validation(1, 0, 50, 0, {"validate": "list", "source": ["London", "Paris"]})
    sheet.conditional_format(1, 1, 50, 1, {"type": "duplicate", "format": bold})
    sheet.write_comment(1, 1, "a note of the user's")
    sheet.add_sparkline(4, 0, {"range": "DIDs!A1:C1"})
    sheet.insert_textbox(6, 0, "a shape")
    sheet.set_portrait()
    sheet.set_paper(8)
    sheet.set_header("&Lby the user")
    sheet.ignore_errors({"number_stored_as_text": "A1:C9"})
    sheet.merge_range(8, 0, 8, 2, "merged")
    sheet.protect("Sample-secret")
    other = book.add_worksheet("Own")
    other.write_formula(0, 0, "=DIDs!A1", None, "Trunk")
    other.hide()
    chart = book.add_chart({"type": "pie"})
    chart.add_series({"values": "=DIDs!$A$1:$A$3"})
    other.insert_chart("C3", chart)


def test_everything_of_the_users_is_still_there(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", decorated)
    path = into(source)
    sheet = page(path)
    assert (sheet["A2"].font.b, sheet["A2"].fill.fgColor.rgb) == (True, "FF00FF00")
    assert (round(sheet.column_dimensions["A"].width), sheet.row_dimensions[2].height) == (34, 45)
    assert sheet.freeze_panes == "C2"
    assert sheet["B2"].comment.text == "a note of the user's"
    assert [str(range_) for v in sheet.data_validations.dataValidation for range_ in v.sqref.ranges] == ["A2:A51"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("portrait", 8)
    assert sheet.oddHeader.left.text == "by the user"
    assert sheet.protection.sheet
    xml = sheet_xml(path)
    for word in (b"sparkline", b"<ignoredErrors>", b"conditionalFormatting", b"<drawing ", b"<legacyDrawing "):
        assert word in xml
    assert page(path, "Own").sheet_state == "hidden"
    assert page(path, "Own")["A1"].value == "=DIDs!A1"


def test_parts_that_are_not_concerned_keep_every_byte(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", decorated)
    before, after = parts(source), parts(into(source))
    assert {name for name in before if before[name] != after.get(name)} == {
        "[Content_Types].xml",
        "_rels/.rels",  # the mark is linked there
        "docProps/app.xml",
        "xl/drawings/vmlDrawing1.vml",  # the note reaches into our columns, and is not stretched with them
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",
    }


def test_a_filter_over_all_is_put_where_there_was_none(tmp_path: Path) -> None:
    path = into(made(tmp_path / "book.xlsx", fill_dids))
    assert page(path).auto_filter.ref == "A1:K3"
    assert (
        b'<definedName name="_xlnm._FilterDatabase" localSheetId="1" hidden="1">DIDs!$A$1:$K$3<'
        in parts(path)["xl/workbook.xml"]
    )


@pytest.mark.parametrize(("given", "wanted"), [("A1:C1000", "A1:K1000"), ("A1:B3", "A1:K3"), ("A2:C3", "A2:C3")])
def test_a_filter_on_the_header_takes_in_the_results_and_any_other_stays(
    tmp_path: Path, given: str, wanted: str
) -> None:
    def fill(book: Book) -> None:
        fill_dids(book).autofilter(given)

    assert page(into(made(tmp_path / "book.xlsx", fill))).auto_filter.ref == wanted


def test_results_come_right_of_a_table_and_are_part_of_it(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        fill_dids(book).add_table(
            "A1:E3", {"columns": [{"header": h} for h in ("Trunk", "DID", "Note", "four", "five")]}
        )

    path = into(made(tmp_path / "book.xlsx", fill))
    assert lines(path)[0] == ["Trunk", "DID", "Note", "four", "five", *RESULT_HEADERS]
    sheet = page(path)
    assert [table.ref for table in sheet.tables.values()] == ["A1:M3"]
    assert sheet.auto_filter.ref is None


def test_results_come_right_of_sparklines_and_stay_there_in_the_second_round(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        fill_dids(book).add_sparkline(1, 3, {"range": "DIDs!A2:C2"})

    first = into(made(tmp_path / "book.xlsx", fill))
    assert lines(first)[0] == ["Trunk", "DID", "Note", "", *RESULT_HEADERS]
    assert lines(into(first, "second.xlsx")) == lines(first)


def test_a_header_in_a_table_is_renamed_in_both_places(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        sheet = fill_dids(book, (("Trunk", "Result"), ("London", "mine")))
        sheet.add_table("A1:B2", {"columns": [{"header": "Trunk"}, {"header": "Result"}]})

    sheet = page(into(made(tmp_path / "book.xlsx", fill), renamed={1: "Result (yours)"}))
    (table,) = sheet.tables.values()
    assert [column.name for column in table.tableColumns] == ["Trunk", "Result (yours)", *RESULT_HEADERS]
    assert sheet["B1"].value == "Result (yours)"


def test_results_come_right_of_merged_cells_but_not_of_a_title(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        sheet = fill_dids(book, (("", "", ""), *ROWS))
        sheet.merge_range(0, 0, 0, 9, "A title")
        sheet.merge_range(3, 2, 3, 4, "wide")

    assert lines(into(made(tmp_path / "book.xlsx", fill), header=2))[1][:6] == [
        "Trunk",
        "DID",
        "Note",
        "",
        "",
        "Result",
    ]


def test_a_sheet_that_nobody_set_up_for_print_is_in_landscape_on_pages_that_can_be_read(tmp_path: Path) -> None:
    sheet = page(into(made(tmp_path / "book.xlsx", fill_dids)))
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (
        "landscape",
        1,
        0,
    )
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    wide = made(tmp_path / "wide.xlsx", lambda book: fill_dids(book, (tuple(f"c{n}" for n in range(20)),)))
    assert page(into(wide)).page_setup.fitToWidth == 2


def test_columns_that_were_hidden_up_to_the_edge_do_not_hide_the_results(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        fill_dids(book).set_column(3, 16_383, None, None, {"hidden": True})

    xml = etree.fromstring(sheet_xml(into(made(tmp_path / "book.xlsx", fill))))
    columns = [(c.get("min"), c.get("max"), c.get("hidden")) for c in xml.iter("{*}col")]
    assert columns == [*((str(n), str(n), None) for n in range(4, 12)), ("12", "16384", "1")]


def test_a_hidden_sheet_with_results_comes_into_sight(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        book.add_worksheet("Own")
        fill_dids(book).hide()

    assert page(into(made(tmp_path / "book.xlsx", fill))).sheet_state == "visible"


def test_where_there_is_no_room_left_it_is_said(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        fill_dids(book).write_string(0, 16_380, "far")

    found = written(made(tmp_path / "book.xlsx", fill))
    lost = "Errmsg, HTTP status, Attempts, Elapsed ms, Finished at"
    assert found.notes == (f"The sheet DIDs has no room right of column XFD for {lost}.",)
    assert page(found.path)["XFB2"].value == "applied"


# sheets of ours and of theirs


def test_own_sheets_keep_their_names_and_ours_get_others(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        fill_dids(book)
        fill_dids(book, (("mine",),), "summary")
        fill_dids(book, (("mine",),), "Problems")

    first = into(made(tmp_path / "book.xlsx", fill))
    names = ["Summary (trunk-batch)", "DIDs", "summary", "Problems", "Changes", "trunk-batch"]
    assert [sheet.name for sheet in read_workbook(first).sheets] == names
    charts = [content for name, content in parts(first).items() if "charts/" in name]
    assert all(b"'Summary (trunk-batch)'!" in chart for chart in charts)
    second = into(first, "second.xlsx")
    assert [sheet.name for sheet in read_workbook(second).sheets] == names


def test_results_of_before_that_lost_their_hidden_sheet_are_replaced_all_the_same(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", fill_dids)
    old = write_results(tmp_path / "old.xlsx", answered(source), SUMMARY, [])
    book = openpyxl.load_workbook(old)
    del book["trunk-batch"]
    book.save(old)
    path = into(old)
    assert [sheet.name for sheet in read_workbook(path).sheets] == ["Summary", "DIDs", "Changes", "trunk-batch"]


def test_what_an_export_says_of_itself_stays(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        book.set_custom_property("trunk-batch", "export")
        book.set_custom_property("theirs", "kept")
        fill_dids(book)
        fill_dids(book, (("lists",),), "Read-only lists")
        lines = (
            ("trunk-batch", "1"), ("kind", "export"), ("made", "2026-01-01T00:00:00+00:00"),
            ("pbx", "https://pbx.example"), ("sheet", "Read-only lists"), ("colour", "FFFFC7CE", ""),
            ("pbxs", "berlin", "https://192.0.2.1"),
        )  # fmt: skip
        fill_dids(book, lines, "trunk-batch").hide()
        fill_dids(book, (("1", "{}"),), "trunk-batch base").hide()

    path = into(made(tmp_path / "book.xlsx", fill))
    book = read_workbook(path)
    assert book.metadata == FileMetadata(
        kinds=frozenset({FileKind.RESULTS, FileKind.EXPORT}),
        made_at="2026-01-01T00:00:00+00:00",
        pbx="https://pbx.example",
        pbxs={"berlin": "https://192.0.2.1"},
        sheets=frozenset({"Summary", "Changes", "Read-only lists"}),
    )
    assert [sheet.name for sheet in book.sheets] == [
        "Summary", "DIDs", "Read-only lists", "trunk-batch base", "Changes", "trunk-batch",
    ]  # fmt: skip
    assert b"theirs" in parts(path)["docProps/custom.xml"]


def test_marks_are_off_in_the_results_of_a_marked_workbook(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", fill_dids)
    fault = Problem(
        code="cell-number", sheet="DIDs", row=2, column=1, value="x", message="It is wrong.", fix="Type it."
    )
    marked = write_marked(read_workbook(source), [fault], tmp_path / "marked.xlsx").path
    assert page(marked)["B2"].comment.text.startswith("trunk-batch")
    path = into(marked)
    assert page(path)["B2"].comment is None
    assert page(path)["B2"].fill.fill_type is None
    book = read_workbook(path)
    assert book.metadata.kinds == {FileKind.RESULTS}
    assert book.metadata.colours == {}
    assert [sheet.name for sheet in book.sheets] == ["Summary", "DIDs", "Changes", "trunk-batch"]


def test_practice_is_said_on_every_page_that_says_nothing_else_and_is_taken_back(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", fill_dids)
    rehearsed = into(source, summary=replace(SUMMARY, practice=True))
    assert page(rehearsed).oddHeader.center.text == "PRACTICE"
    real = into(rehearsed, "real.xlsx")
    assert b"headerFooter" not in sheet_xml(real)
    kept = into(made(tmp_path / "own.xlsx", decorated), summary=replace(SUMMARY, practice=True))
    assert page(kept).oddHeader.left.text == "by the user"


# packages as they are found


def macros(found: dict[str, bytes]) -> dict[str, bytes]:
    types = found["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    bin_ = b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
    end = b"</Relationships>"
    link = b'<Relationship Id="rId90" Type="http://schemas.microsoft.com/office/2006/relationships/%s" Target="%s"/>'
    link += end
    signature = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    return found | {
        "[Content_Types].xml": types.replace(b"<Default", bin_ + b"<Default", 1),
        "xl/vbaProject.bin": b"macros",
        "xl/vbaProjectSignature.bin": b"signed",
        "xl/_rels/workbook.xml.rels": found["xl/_rels/workbook.xml.rels"].replace(
            end, link % (b"vbaProject", b"vbaProject.bin")
        ),
        "xl/_rels/vbaProject.bin.rels": signature + link % (b"vbaProjectSignature", b"vbaProjectSignature.bin"),
        "customUI/customUI.xml": b"<customUI/>",
        "_rels/.rels": found["_rels/.rels"].replace(end, link % (b"ui/extensibility", b"customUI/customUI.xml")),
    }


def test_a_workbook_with_macros_comes_back_without_and_it_is_said(tmp_path: Path) -> None:
    source = repacked(made(tmp_path / "book.xlsx", fill_dids), macros)
    source = source.rename(tmp_path / "book.xlsm")
    found = written(source)
    assert found.notes == ("The macros are left out; everything else is as it was.",)
    after = parts(found.path)
    assert not [name for name in after if "vba" in name or "customUI" in name]
    assert b"macroEnabled" not in after["[Content_Types].xml"]
    assert b"vba" not in after["[Content_Types].xml"] + after["xl/_rels/workbook.xml.rels"]


def test_a_sheet_made_of_macros_cannot_be_kept(tmp_path: Path) -> None:
    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        return macros(found) | {
            "xl/_rels/workbook.xml.rels": found["xl/_rels/workbook.xml.rels"].replace(
                b"</Relationships>",
                b'<Relationship Id="rId91" Type="http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet" '
                b'Target="worksheets/sheet1.xml"/></Relationships>',
            )
        }

    with pytest.raises(Unpatchable, match="made of macros"):
        into(repacked(made(tmp_path / "book.xlsx", fill_dids), bend))


def odd(found: dict[str, bytes]) -> dict[str, bytes]:
    """An odd name for the sheet, and its target from the root."""
    old, new = "xl/worksheets/sheet1.xml", "xl/odd/Blatt.xml"
    renamed = {new if name == old else name: content for name, content in found.items()}
    types, links = renamed["[Content_Types].xml"], renamed["xl/_rels/workbook.xml.rels"]
    return renamed | {
        "[Content_Types].xml": types.replace(old.encode(), new.encode()),
        "xl/_rels/workbook.xml.rels": links.replace(b'"worksheets/sheet1.xml', b'"/xl/odd/Blatt.xml'),
    }


def prefix_all(found: dict[str, bytes]) -> dict[str, bytes]:
    own = ("xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml")
    return found | {name: prefixed(found[name]) for name in own}


@pytest.mark.parametrize("bend", [odd, prefix_all])
def test_packages_of_other_programs_are_patched_too(
    tmp_path: Path, bend: Callable[[dict[str, bytes]], dict[str, bytes]]
) -> None:
    source = repacked(made(tmp_path / "book.xlsx", fill_dids), bend)
    path = into(source, replaced={2: {2: "<hidden>"}})
    assert [row[:4] for row in lines(path)] == [
        ["Trunk", "DID", "Note", "Result"],
        ["London", "442079460100", "<hidden>", "applied"],
        ["Paris", "33140205050", "", "refused"],
    ]
    assert [name for name, content in parts(path).items() if b">first<" in content] == []
    assert lines(into(path, "second.xlsx"))[0] == ["Trunk", "DID", "Note", *RESULT_HEADERS]


def test_a_strict_package_stays_strict(tmp_path: Path) -> None:
    source = repacked(
        made(tmp_path / "book.xlsx", fill_dids),
        lambda found: {name: strict(content) for name, content in found.items()},
    )
    sheets = answered(made(tmp_path / "loose.xlsx", fill_dids))
    path = write_into(tmp_path / "r.xlsx", source, sheets, SUMMARY, []).path
    found = parts(path)
    assert b"purl.oclc.org/ooxml/officeDocument/customProperties" in found["docProps/custom.xml"]
    assert not any(b"schemas.openxmlformats.org/spreadsheetml" in content for content in found.values())
    assert b'<c r="D2"' in found["xl/worksheets/sheet1.xml"]


def test_a_formula_that_is_written_over_is_forgotten_everywhere(tmp_path: Path) -> None:
    def fill(book: Book) -> None:
        fill_dids(book, (("Password", "DID"), ("", "44"))).write_formula(1, 0, '="Sample-"&"x"', None, "Sample-x")

    def bend(found: dict[str, bytes]) -> dict[str, bytes]:
        kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"
        override = b'<Override PartName="/xl/calcChain.xml" ContentType="' + kind + b'"/></Types>'
        office = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        link = b'<Relationship Id="rId80" Type="' + office + b'/calcChain" Target="calcChain.xml"/></Relationships>'
        return found | {
            "[Content_Types].xml": found["[Content_Types].xml"].replace(b"</Types>", override),
            "xl/_rels/workbook.xml.rels": found["xl/_rels/workbook.xml.rels"].replace(b"</Relationships>", link),
            "xl/calcChain.xml": b'<calcChain xmlns="x"><c r="A2" i="1"/></calcChain>',
        }

    source = repacked(made(tmp_path / "book.xlsx", fill), bend)
    assert "xl/calcChain.xml" in parts(into(source))
    path = into(source, replaced={0: {2: "<hidden>"}})
    assert "xl/calcChain.xml" not in parts(path)
    assert b"<f>" not in sheet_xml(path)


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/workbook.xml", b'sheetId="1"', b'sheetId="one"'),
        ("xl/worksheets/sheet1.xml", b'<col min="4"', b'<col min="four"'),
        ("docProps/custom.xml", b'pid="2"', b'pid="two"'),
        ("docProps/app.xml", b"</Properties>", b""),
    ],
)
def test_what_makes_no_sense_is_refused_and_never_a_crash(tmp_path: Path, part: str, old: bytes, new: bytes) -> None:
    def fill(book: Book) -> None:
        fill_dids(book).set_column(3, 5, 20)
        book.set_custom_property("theirs", "kept")

    source = made(tmp_path / "book.xlsx", fill)
    sheets = answered(source)
    assert old in parts(source)[part]
    bent = repacked(source, lambda found: found | {part: found[part].replace(old, new)})
    with pytest.raises(Unpatchable, match="one of its parts"):
        write_into(tmp_path / "r.xlsx", bent, sheets, replace(SUMMARY, practice=True), [])


def test_a_signature_that_would_not_be_valid_any_more_is_left_out(tmp_path: Path) -> None:
    def sign(found: dict[str, bytes]) -> dict[str, bytes]:
        kind = b"http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
        link = b'<Relationship Id="rId70" Type="' + kind + b'" Target="_xmlsignatures/origin.sigs"/></Relationships>'
        types = b'<Default Extension="sigs" ContentType="application/x"/></Types>'
        return found | {
            "[Content_Types].xml": found["[Content_Types].xml"].replace(b"</Types>", types),
            "_rels/.rels": found["_rels/.rels"].replace(b"</Relationships>", link),
            "_xmlsignatures/origin.sigs": b"",
        }

    path = into(repacked(made(tmp_path / "book.xlsx", fill_dids), sign))
    assert not [name for name in parts(path) if "signature" in name]
    assert b"signature" not in parts(path)["_rels/.rels"]


def test_a_sheet_that_the_package_does_not_have_is_no_small_matter(tmp_path: Path) -> None:
    source = made(tmp_path / "book.xlsx", fill_dids)
    sheets = [replace(sheet, raw=replace(sheet.raw, name="Gone")) for sheet in answered(source)]
    with pytest.raises(Unpatchable, match="Gone"):
        write_into(tmp_path / "r.xlsx", source, sheets, SUMMARY, [])
    assert not (tmp_path / "r.xlsx").exists()
