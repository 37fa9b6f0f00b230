"""Summary, Changes and Problems, and the file they are in."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch.errors import OutputError
from batch.readers.detect import read_workbook
from batch.runs.plan_document import GOING_BACK, HazardLine
from batch.schema.file_metadata import MARK
from batch.schema.problems import Problem
from batch.tables.row_results import AnsweredSheet, ChangeLine, CodeCount, EndingCount, ListedSheet, Summary, Tone
from batch.writers.new_workbook import DocumentProperties, NewWorkbook, workbook_bytes
from batch.writers.results_workbook import write_plan, write_results
from tests.builders import document
from tests.writers.results import PLAIN, cells, opened, part, raw, results, texts


def count(ending: str, tone: Tone, trunks: int, dids: int) -> EndingCount:
    rows = {"Trunks": trunks, "DIDs": dids}
    return EndingCount(ending=ending, tone=tone, rows=rows, meaning=f"{ending} means", next_step=f"after {ending}")


def change(cell: str = "B2", sheet: str = "DIDs", *, loses: bool = False, **texts: str) -> ChangeLine:
    said = {"trunk": "London", "field": "DID", "before": "", "wanted": "4420", "found": "4420"}
    return ChangeLine(sheet=sheet, cell=cell, loses=loses, **(said | texts))


# changes


def test_changes_link_to_their_cells_and_show_where_something_else_was_found(tmp_path: Path) -> None:
    sheet = AnsweredSheet(raw=raw(("Trunk", "DID"), ("London", "44"), name="My 'DIDs"), header_row=1)
    lines = [
        change("B2", "My 'DIDs", before="=1", wanted="44", found="45"),
        change("C3", "Gone", found="", before="-5"),
    ]
    path = results(tmp_path, sheet, changes=iter(lines))
    assert cells(path, "Changes") == [
        ["Sheet", "Cell", "Trunk", "Field", "Before", "Wanted", "Found"],
        ["My 'DIDs", "B2", "London", "DID", "=1", "44", "45"],
        ["Gone", "C3", "London", "DID", "-5", "4420", ""],
    ]
    target = opened(path)["Changes"]
    assert target["B2"].hyperlink.location == "'My ''DIDs'!B2"
    assert target["B3"].hyperlink is None
    assert target["G2"].fill.fgColor.rgb == "FFFFE8A3"
    assert target.auto_filter.ref == "A1:G3"
    assert target.freeze_panes == "A2"


def test_beyond_twenty_thousand_changes_cells_are_no_links(tmp_path: Path) -> None:
    sheet = AnsweredSheet(raw=raw(("DID",), ("44",)), header_row=1)
    path = results(tmp_path, sheet, changes=(change(f"A{n}") for n in range(2, 20_012)))
    assert part(path, "xl/worksheets/sheet3.xml").count("<hyperlink ") == 20_000
    assert len(cells(path, "Changes")) == 20_011


def test_what_a_sheet_has_no_room_for_is_counted_in_its_last_row(tmp_path: Path) -> None:
    def fill(book: NewWorkbook) -> None:
        target = book.sheet("List")
        target.add_list({"Number": 10}, range(12), lambda row, item: target.add(row, [(item, "", 1)]), last_row=10)

    (tmp_path / "list.xlsx").write_bytes(workbook_bytes(fill, DocumentProperties()))
    read = [row[0] for row in cells(tmp_path / "list.xlsx", "List")]
    assert read == ["Number", *range(8), "and 4 more, for which a sheet has no room"]


# the summary


COUNTS = [
    count("applied", Tone.GOOD, 3, 30),
    count("skipped", Tone.QUIET, 0, 0),
    count("refused", Tone.BAD, 1, 10),
]
CODES = [
    CodeCount(errcode=0, errmsg="SUCCESS", rows=33, meaning="The PBX took it.", who="nobody"),
    CodeCount(errcode=40002, errmsg="=cmd()", rows=11, meaning="A value is not allowed.", who="spreadsheet editor"),
    CodeCount(errcode=None, errmsg="", rows=1, meaning="No answer came.", who="operator"),
]


def test_the_summary_says_who_when_which_file_and_what_to_look_at(tmp_path: Path) -> None:
    summary = Summary(
        title="Results",
        practice=True,
        headline="1 of 4 trunks needs somebody to look.",
        facts=[("When", "2026-11-23 02:14"), ("File", "=cutover.xlsx")],
        counts=COUNTS,
        codes=CODES,
        attention=["London was registered before and is unreachable now."],
        hazards=["removals: London loses 4 DIDs."],
    )
    path = results(tmp_path, summary=summary)
    said = texts(path)
    assert said[0] == "Results"
    assert said[1].startswith("PRACTICE")
    assert said[2] == "1 of 4 trunks needs somebody to look."
    for text in ("=cutover.xlsx", "=cmd()", *summary.attention, *summary.hazards):
        assert text in said
    assert "PRACTICE</oddHeader>" in part(path, "xl/worksheets/sheet2.xml")  # on every page that is printed


def test_the_summary_counts_rows_per_ending_and_sheet_and_its_totals_add_up(tmp_path: Path) -> None:
    path = results(tmp_path, summary=Summary(title="Results", headline="x", counts=COUNTS, codes=CODES))
    rows = [[cell for cell in row if cell != ""] for row in cells(path, "Summary")]
    start = rows.index(["Result", "Trunks", "DIDs", "All rows", "What it means", "What next"])
    assert rows[start + 1 : start + 5] == [
        ["applied", 3, 30, 33, "applied means", "after applied"],
        ["refused", 1, 10, 11, "refused means", "after refused"],
        ["skipped", 0, 0, 0, "skipped means", "after skipped"],
        ["Total", 4, 40, 44],
    ]
    start = rows.index(["Errcode", "Rows", "Errmsg", "What it means", "Who can help"])
    assert rows[start + 1 : start + 4] == [
        [0, 33, "SUCCESS", "The PBX took it.", "nobody"],
        [40002, 11, "=cmd()", "A value is not allowed.", "spreadsheet editor"],
        ["none", 1, "No answer came.", "operator"],
    ]
    start = rows.index(["What the colours mean"])
    assert rows[start + 1 :] == [
        ["green", "Nothing is left to do. Applied."],
        ["grey", "Left as it was. Skipped."],
        ["amber", "Somebody should look at it."],
        ["red", "Something has to be put right first. Refused."],
    ]


def test_the_summary_has_a_chart_of_endings_that_occurred_and_one_of_errcodes(tmp_path: Path) -> None:
    path = results(tmp_path, summary=Summary(title="Results", headline="x", counts=COUNTS, codes=CODES))
    endings, codes = (part(path, f"xl/charts/chart{n}.xml") for n in (1, 2))
    assert "applied" in endings
    assert "skipped" not in endings
    assert "<v>33</v>" in endings
    assert "40002" in codes


def test_a_chart_shows_the_cells_of_its_table(tmp_path: Path) -> None:
    path = results(tmp_path, summary=Summary(title="Results", headline="x", counts=COUNTS, codes=CODES))
    sheet = opened(path)["Summary"]
    assert "<f>Summary!$A$6:$A$7</f>" in part(path, "xl/charts/chart1.xml")
    assert "<f>Summary!$D$6:$D$7</f>" in part(path, "xl/charts/chart1.xml")
    assert (sheet["A6"].value, sheet["D7"].value) == ("applied", 11)


@pytest.mark.parametrize(
    ("counts", "codes", "charts"), [(COUNTS, [], 1), ([], CODES, 1), ([], [], 0), (COUNTS[1:2], [], 0)]
)
def test_there_is_no_chart_of_nothing(
    tmp_path: Path, counts: list[EndingCount], codes: list[CodeCount], charts: int
) -> None:
    path = results(tmp_path, summary=Summary(title="Results", headline="x", counts=counts, codes=codes))
    with zipfile.ZipFile(path) as package:
        assert sum(name.startswith("xl/charts/chart") for name in package.namelist()) == charts


def test_long_sentences_get_high_rows(tmp_path: Path) -> None:
    summary = Summary(title="Results", headline="x", attention=["short", "a long sentence " * 40])
    sheet = opened(results(tmp_path, summary=summary))["Summary"]
    rows = {sheet.cell(row, 1).value: sheet.row_dimensions[row].height for row in range(1, sheet.max_row + 1)}
    assert rows["a long sentence " * 40] > 3 * rows["short"]


# the file


def test_a_workbook_bears_our_mark(tmp_path: Path) -> None:
    path = results(tmp_path)
    plan = write_plan(tmp_path / "plan.xlsx", document(), [], [])
    for file, kind in ((path, "results"), (plan, "plan")):
        properties = part(file, "docProps/custom.xml")
        assert f'name="{MARK}"' in properties
        assert f">{kind}</vt:lpwstr>" in properties


def test_a_plan_is_summary_changes_and_problems(tmp_path: Path) -> None:
    problems = [
        Problem(
            code="did-twice",
            sheet="DIDs",
            row=14,
            column=1,
            header="DID",
            value="=44",
            message="This DID already stands at B3. " * 5,
            fix="Delete one of the two rows.",
        ),
        Problem(code="plain-http", sheet="Trunks", message="m", fix="f"),
    ]
    path = write_plan(
        tmp_path / "plan.xlsx",
        document(),
        [change(found="never shown")],
        problems,
    )
    book = opened(path)
    assert book.sheetnames == ["Summary", "Changes", "Problems", "trunk-batch"]
    assert cells(path, "Changes") == [
        ["Sheet", "Cell", "Trunk", "Field", "Before", "Wanted"],
        ["DIDs", "B2", "London", "DID", "", "4420"],
    ]
    assert book["Changes"]["B2"].hyperlink is None
    headers = [
        "Severity",
        "Sheet",
        "Cell",
        "Column",
        "Value",
        "What is wrong",
        "What to type instead",
        "Who must fix it",
    ]
    fault = problems[0]
    assert cells(path, "Problems") == [
        ["1 error to correct; 1 warning.", *[""] * 7],
        ["Correct these cells in the workbook, save it, and plan again.", *[""] * 7],
        headers,
        ["error", "DIDs", "B14", "DID", "=44", fault.message, fault.fix, "You, in this workbook"],
        ["warning", "Trunks", "A1", "", "", "m", "f", "Who runs trunk-batch"],
    ]
    assert book["Problems"].auto_filter.ref == "A3:H5"
    assert book["Problems"]["C4"].hyperlink is None
    assert book["Problems"]["A4"].fill.fgColor.rgb == "FFFFC7CE"
    assert "Expected result: 0 rows" in texts(path)


def test_a_plan_has_its_hazards_first_in_red_and_fields_to_sign(tmp_path: Path) -> None:
    danger = HazardLine(message=f"London loses {'h' * 300}.", flag="--allow removals=London", allowed=False)
    path = write_plan(tmp_path / "plan.xlsx", document(hazards=[danger]), [], [])
    sheet, said = opened(path)["Summary"], texts(path)
    rows = {str(sheet.cell(row, 1).value): row for row in range(1, sheet.max_row + 1)}
    assert said[1:4] == ["x", "Hazards", f"NOT ALLOWED YET: {danger.message} To let it happen: {danger.flag}"]
    assert sheet.cell(rows[said[3]], 1).fill.fgColor.rgb == "FFF5B7B1"
    assert sheet.row_dimensions[rows[said[3]]].height > 2.5 * 15.5
    for field in ("Approved by", "Date", "Ticket"):
        assert sheet.cell(rows[field], 2).fill.fgColor.rgb == "FFFFF7C2"
        assert sheet.cell(rows[field], 2).number_format == "@"
    assert "trunk-batch apply b.xlsx --approved plan.xlsx" in said
    assert "Whoever signs allows the hazard above: the command lets it happen." in said
    assert GOING_BACK[0] in said
    assert not any(text.startswith("This run") for text in said)


def test_a_plan_that_cannot_be_approved_says_why_and_has_no_fields(tmp_path: Path) -> None:
    said = texts(write_plan(tmp_path / "plan.xlsx", document(why_not="There are problems.", command=""), [], []))
    assert "There are problems." in said
    assert "Approved by" not in said


def test_a_long_value_of_a_plan_is_seen_whole_over_several_rows_if_need_be(tmp_path: Path) -> None:
    long = ", ".join(str(number) for number in range(1000, 1700))
    path = write_plan(tmp_path / "plan.xlsx", document(), [change(wanted=long), change(wanted="h" * 300)], [])
    header, *rows = cells(path, "Changes")
    assert [row[3] for row in rows] == [*(f"DID ({part} of 5)" for part in range(1, 6)), "DID"]
    assert " ".join(row[5] for row in rows[:5]) == long
    assert rows[5][5] == "h" * 300
    sheet = opened(path)["Changes"]
    assert sheet["F7"].alignment.wrap_text
    assert sheet.row_dimensions[7].height > 5 * 15
    assert "Found" not in header


@pytest.mark.parametrize("notices", [0, 1])
def test_a_plan_without_problems_asks_for_no_correction(tmp_path: Path, notices: int) -> None:
    problems = [Problem(code="plain-http", sheet="Trunks", message="m", fix="f")] * notices
    path = write_plan(tmp_path / "plan.xlsx", document(), [], problems)
    assert cells(path, "Problems")[1][0] == "Nothing in the workbook has to be corrected."


def test_a_file_that_lies_there_is_replaced_and_nothing_else_appears(tmp_path: Path) -> None:
    (tmp_path / "results.xlsx").write_text("old")
    assert opened(results(tmp_path)).sheetnames == ["Summary", "Changes", "trunk-batch"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.xlsx"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_nothing_half_written_is_left_when_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    rows_folder = tmp_path / "rows"
    rows_folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(rows_folder))

    def changes() -> Iterator[ChangeLine]:
        raise stop
        yield

    sheet = AnsweredSheet(raw=raw(*[("x",)] * 3000))
    with pytest.raises(stop):
        write_results(tmp_path / "results.xlsx", [sheet], PLAIN, changes())
    assert [entry.name for entry in tmp_path.iterdir()] == ["rows"]
    assert not list(rows_folder.iterdir())


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no such file or directory"):
        write_results(tmp_path / "gone" / "results.xlsx", [], PLAIN, [])


def test_no_room_for_the_rows_on_the_way_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="no room"):
        write_results(tmp_path / "results.xlsx", [], PLAIN, [])
    assert not list(tmp_path.iterdir())


def test_a_plan_colours_what_is_lost(tmp_path: Path) -> None:
    lost, calm = change(before="4420", wanted="absent", loses=True), change(field="DID to Paris", wanted="absent")
    tones = [Tone.BAD, None]
    numbers = ListedSheet(
        name="Census",
        says="",
        columns={"Number": 20, "Why": 20, "Amount": 9},
        lines=[["4420", "B2", 2], ["4421", "B3", 0]],
        tones=tones,
    )
    book = opened(write_plan(tmp_path / "plan.xlsx", document(), [lost, calm], [], listed=[numbers]))
    assert [book["Changes"][cell].fill.fgColor.rgb for cell in ("F2", "F3")] == ["FFF5B7B1", "00000000"]
    assert [book["Census"][cell].fill.fgColor.rgb for cell in ("A3", "B3", "A4")] == ["FFF5B7B1"] * 2 + ["00000000"]
    assert [(book["Census"][cell].value, book["Census"][cell].alignment.horizontal) for cell in ("C3", "C4")] == [
        (2, "right"),
        (0, "right"),
    ]
    assert ListedSheet.from_json(json.loads(json.dumps(numbers.to_json()))) == numbers


def test_a_listed_sheet_stands_behind_the_changes_and_only_what_people_fill_in_is_not_sealed(tmp_path: Path) -> None:
    census = ListedSheet(name="Census", says="2 DIDs before, 3 after.", columns={"Number": 20}, lines=[["+4420…"]])
    calls = ListedSheet(
        name="Test calls", says="Ring these.", columns={"Call": 20, "Who": 9}, answers=frozenset({"Who"})
    )
    book = read_workbook(write_plan(tmp_path / "plan.xlsx", document(), [], [], listed=[census, calls]))
    assert [sheet.name for sheet in book.sheets][:5] == ["Summary", "Changes", "Census", "Test calls", "Problems"]
    assert book.metadata.seals.keys() == {"Summary", "Changes", "Census", "Problems"}
    assert all(book.metadata.is_own_sheet(name) for name in ("Census", "Test calls"))
    said = {sheet.name: sheet.columns for sheet in book.sheets}
    assert said["Census"] == [["2 DIDs before, 3 after.", "Number", "+4420…"]]
