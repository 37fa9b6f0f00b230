"""The results and plan workbooks, read back by two programs that know nothing of ours."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from batch.readers.detect import read_workbook
from batch.readers.workbook import CellError, CellValue, NoValue, RawSheet
from batch.schema.columns import RESULT_HEADERS
from batch.schema.file_metadata import FileKind, FileMetadata
from batch.tables.row_results import AnsweredSheet, ChangeLine, RowResult, Tone
from batch.writers.results_workbook import write_results
from tests.writers.results import PLAIN, cells, opened, part, raw, results

APPLIED = RowResult(
    result="applied",
    tone=Tone.GOOD,
    errcode=0,
    errmsg="SUCCESS",
    http_status=200,
    attempts=1,
    elapsed_ms=1212,
    finished_at="2026-11-23 02:14:07",
    what_to_do="Nothing.",
)
NOT_RUN = RowResult(result="not run", tone=Tone.WARN, what_to_do="Run again.")
moment = dt.datetime.fromisoformat


def change(cell: str) -> ChangeLine:
    return ChangeLine(sheet="DIDs", cell=cell, trunk="London", field="DID", before="", wanted="4420")


# the user's sheets


def test_the_eight_columns_come_right_after_the_last_used_one_and_blank_rows_stay_where_they_were(
    tmp_path: Path,
) -> None:
    sheet = raw(("Trunk", "DID", ""), ("London", "442079460100", ""), ("", "", ""), ("Paris", "33", ""))
    path = results(tmp_path, AnsweredSheet(raw=sheet, header_row=1, results={2: APPLIED, 4: NOT_RUN}))
    assert cells(path, "DIDs") == [
        ["Trunk", "DID", *RESULT_HEADERS],
        [
            "London",
            "442079460100",
            "applied",
            "Nothing.",
            0.0,
            "SUCCESS",
            200.0,
            1.0,
            1212.0,
            "2026-11-23 02:14:07",
        ],
        [""] * 10,
        ["Paris", "33", "not run", "Run again.", "", "", "", "", "", ""],
    ]


def test_a_table_that_does_not_begin_at_a1_stays_where_it_was(tmp_path: Path) -> None:
    sheet = raw(("A title", ""), ("Trunk", "DID"), ("London", "44"), first_row=3, first_column=1)
    path = results(tmp_path, AnsweredSheet(raw=sheet, header_row=4, results={5: APPLIED}))
    read = cells(path, "DIDs")
    assert read[2][:3] == ["", "A title", ""]
    assert read[3][1:5] == ["Trunk", "DID", "Result", "What to do"]
    assert read[4][1:4] == ["London", "44", "applied"]


def test_sheets_stand_between_summary_and_changes_in_the_users_order(tmp_path: Path) -> None:
    sheets = [AnsweredSheet(raw=raw(("x",), name=name)) for name in ("DIDs", "Notes", "Trunks")]
    path = results(tmp_path, *sheets)
    book = opened(path)
    assert book.sheetnames == ["Summary", "DIDs", "Notes", "Trunks", "Changes", "trunk-batch"]
    assert book.active is book["Summary"]


def test_what_the_file_said_of_itself_is_said_again_on_a_sheet_that_nobody_sees(tmp_path: Path) -> None:
    said = FileMetadata(
        kinds=frozenset({FileKind.EXPORT}),
        made_at="2026-01-01",
        pbx="https://pbx.example",
        pbxs={"berlin": "https://192.0.2.1", "paris": "https://192.0.2.2"},
        sheets=frozenset({"x"}),
    )
    path = write_results(tmp_path / "r.xlsx", [], PLAIN, [], metadata=said, made_at="2026-11-23")
    assert opened(path)["trunk-batch"].sheet_state == "veryHidden"
    assert read_workbook(path).metadata == FileMetadata(
        kinds=frozenset({FileKind.EXPORT, FileKind.RESULTS}),
        made_at="2026-01-01",
        pbx="https://pbx.example",
        pbxs=said.pbxs,
        sheets=frozenset({"Summary", "Changes"}),
    )


def test_a_wide_sheet_prints_over_several_pages_side_by_side(tmp_path: Path) -> None:
    sheets = [AnsweredSheet(raw=raw(("x",) * width, name=f"S{width}"), header_row=1) for width in (3, 20)]
    book = opened(results(tmp_path, *sheets))
    assert [book[name].page_setup.fitToWidth for name in ("S3", "S20")] == [None, 2]  # 1 is not said


def test_old_result_columns_are_left_out_and_the_rest_moves_left_links_included(tmp_path: Path) -> None:
    sheet = raw(("Trunk", "Result", "DID", "Errcode"), ("London", "failed", "44", 1.0))
    answered = AnsweredSheet(raw=sheet, header_row=1, results={2: APPLIED}, dropped=frozenset({1, 3}))
    path = results(tmp_path, answered, changes=[change(cell) for cell in ("C2", "A2", "")])
    assert cells(path, "DIDs")[0] == ["Trunk", "DID", *RESULT_HEADERS]
    assert cells(path, "DIDs")[1][:3] == ["London", "44", "applied"]
    assert [row[1] for row in cells(path, "Changes")[1:]] == ["B2", "A2", ""]


def test_an_own_column_called_result_is_renamed_and_passwords_are_replaced(tmp_path: Path) -> None:
    sheet = raw(("Result", "Password"), ("mine", "Sample-1"), ("mine too", "Sample-2"))
    answered = AnsweredSheet(
        raw=sheet,
        header_row=1,
        renamed={0: "Result (yours)"},
        replaced={1: {2: "<hidden>", 3: "<type again>"}},
    )
    path = results(tmp_path, answered)
    assert [row[:2] for row in cells(path, "DIDs")] == [
        ["Result (yours)", "Password"],
        ["mine", "<hidden>"],
        ["mine too", "<type again>"],
    ]
    assert sheet.columns[1][1] == "Sample-1"  # what was read is not touched
    assert b"Sample-" not in b"".join(_parts(path))


def _parts(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as package:
        yield from (package.read(name) for name in package.namelist())


def test_what_came_in_as_text_goes_out_as_text_and_never_as_a_formula_or_link(tmp_path: Path) -> None:
    values = ["=1+1", "+442079460100", "@x", "-5", "00442071234567", "http://x.example", "{=1}", " both ", "a\nb", "NA"]
    values += ["<r>x</r>", "<r><t>&</r>", "<r>", "naïve 漢 \U0001f4de", "a\rb", "a\x01b", "_x0041_"]
    path = results(tmp_path, AnsweredSheet(raw=raw(("H",), *[(value,) for value in values]), header_row=1))
    assert [row[0] for row in cells(path, "DIDs")[1:]] == values
    sheet = opened(path)["DIDs"]
    assert {cell.data_type for (cell,) in sheet.iter_rows(min_row=2, max_col=1)} == {"s"}
    assert [cell.value for (cell,) in sheet.iter_rows(min_row=2, max_row=14, max_col=1)] == values[:13]
    assert "<f>" not in part(path, "xl/worksheets/sheet2.xml")
    assert "<hyperlink" not in part(path, "xl/worksheets/sheet2.xml")


def test_text_that_no_file_can_hold_does_not_break_it(tmp_path: Path) -> None:
    values = ["half \ud83d", "x" * 40_000, "<r>" + "y" * 40_000, "<r>" + "</r>" * 9_000, "\ufffe"]
    path = results(tmp_path, AnsweredSheet(raw=raw(("H",), *[(value,) for value in values]), header_row=1))
    read = [row[0] for row in cells(path, "DIDs")[1:]]
    assert read[0] == "half \ufffd"
    assert read[1] == "x" * 32_767
    assert read[2] == "<r>" + "y" * 32_764
    assert read[3].startswith("<r></r></r>")
    assert len(opened(path)["DIDs"]["C1"].value) > 0


def test_numbers_booleans_dates_and_errors_keep_their_kind(tmp_path: Path) -> None:
    row: tuple[CellValue, ...] = (
        442079460100.0,
        12.0,
        1.5,
        True,
        moment("2026-11-23 02:14:07"),
        dt.date(2026, 11, 23),
        dt.time(2, 14),
        dt.timedelta(hours=30),
        CellError("#REF!"),
        NoValue("=A1"),
        float("inf"),
        dt.date(1815, 6, 18),
        moment("2026-11-23 02:14:07+00:00"),
        7,
    )
    path = results(tmp_path, AnsweredSheet(raw=raw(row)))
    sheet = opened(path)["DIDs"]
    assert [cell.value for cell in sheet[1]] == [
        442079460100,
        12,
        1.5,
        True,
        moment("2026-11-23 02:14:07"),
        moment("2026-11-23 00:00:00"),
        dt.time(2, 14),
        dt.timedelta(hours=30),
        "#REF!",
        None,
        "inf",
        "1815-06-18",
        moment("2026-11-23 02:14:07"),
        7,
    ]
    assert sheet["A1"].number_format == "0"  # not 4.42E+11
    read = cells(path, "DIDs")[0]
    assert (read[0], read[3], read[5]) == (442079460100.0, True, dt.date(2026, 11, 23))


def test_a_header_may_be_anything(tmp_path: Path) -> None:
    path = results(tmp_path, AnsweredSheet(raw=raw(("Trunk", 2026.0, ""), ("x", "y", "z")), header_row=1))
    assert cells(path, "DIDs")[0][:4] == ["Trunk", 2026.0, "", "Result"]


def test_the_header_is_frozen_filtered_and_as_wide_as_its_column_needs(tmp_path: Path) -> None:
    sheet = raw(("Trunk", "DID", "Note"), *[("London", f"{n}", "n" * 90) for n in range(30)])
    book = opened(results(tmp_path, AnsweredSheet(raw=sheet, header_row=1)))
    target = book["DIDs"]
    assert target.freeze_panes == "A2"
    assert target.auto_filter.ref == "A1:K31"
    widths = [round(target.column_dimensions[letter].width) for letter in "ABC"]
    assert widths == [10, 10, 43]
    assert target["D1"].fill.fgColor.rgb == "FF1F3A4D"


def test_a_header_far_down_is_not_frozen_because_then_nothing_could_be_scrolled(tmp_path: Path) -> None:
    sheet = raw(*[("title",)] * 30, ("Trunk",), ("London",))
    target = opened(results(tmp_path, AnsweredSheet(raw=sheet, header_row=31)))["DIDs"]
    assert target.freeze_panes is None
    assert target.auto_filter.ref == "A31:I32"


def test_a_column_of_numbers_as_text_stays_a_text_column_for_what_is_typed_into_it_later(tmp_path: Path) -> None:
    sheet = raw(("Trunk", "DID", "Count"), ("London", "0044207", 5.0), ("", "", ""))
    target = opened(results(tmp_path, AnsweredSheet(raw=sheet, header_row=1)))["DIDs"]
    formats = [target.column_dimensions[letter].number_format for letter in "ABC"]
    assert formats == ["General", "@", "General"]


@pytest.mark.parametrize(
    ("tone", "colour"),
    [(Tone.GOOD, "FFD5EBD8"), (Tone.QUIET, "FFECEFF1"), (Tone.WARN, "FFFFE8A3"), (Tone.BAD, "FFF5B7B1")],
)
def test_the_result_says_the_word_on_the_tones_colour(tmp_path: Path, tone: Tone, colour: str) -> None:
    answer = RowResult(result="the word", tone=tone)
    sheet = AnsweredSheet(raw=raw(("DID",), ("44",)), header_row=1, results={2: answer})
    cell = opened(results(tmp_path, sheet))["DIDs"]["B2"]
    assert (cell.value, cell.fill.fgColor.rgb) == ("the word", colour)


def test_results_may_be_made_on_the_fly(tmp_path: Path) -> None:
    class Fresh(Mapping[int, RowResult]):
        def __getitem__(self, row: int) -> RowResult:
            return RowResult(result=f"row {row}", tone=Tone.GOOD, errmsg=f"said {row}")

        def __iter__(self) -> Iterator[int]:
            return iter(range(2, 52))

        def __len__(self) -> int:
            return 50

    sheet = AnsweredSheet(raw=raw(("DID",), *[("44",)] * 50), header_row=1, results=Fresh())
    read = cells(results(tmp_path, sheet), "DIDs")[1:]
    assert [(row[1], row[4]) for row in read] == [(f"row {n}", f"said {n}") for n in range(2, 52)]


def test_a_hidden_sheet_of_the_users_own_stays_hidden_but_never_one_with_results(tmp_path: Path) -> None:
    own = AnsweredSheet(raw=raw(("x",), name="Own", hidden=True))
    ours = AnsweredSheet(raw=raw(("DID",), name="DIDs", hidden=True), header_row=1)
    book = opened(results(tmp_path, own, ours))
    assert (book["Own"].sheet_state, book["DIDs"].sheet_state) == ("hidden", "visible")


def test_an_empty_sheet_and_no_sheet_at_all_are_written_too(tmp_path: Path) -> None:
    empty = AnsweredSheet(raw=RawSheet(name="Empty", columns=[]), header_row=1)
    blank = AnsweredSheet(raw=raw(("",), ("",), name="Blank"))
    assert opened(results(tmp_path, empty, blank)).sheetnames == ["Summary", "Empty", "Blank", "Changes", "trunk-batch"]
    assert opened(results(tmp_path)).sheetnames == ["Summary", "Changes", "trunk-batch"]
