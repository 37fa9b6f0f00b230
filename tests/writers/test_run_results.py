"""The user's workbook given back: beside it if that can be, and never lost."""

from __future__ import annotations

import os
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from batch.readers.detect import fingerprint, read_workbook
from batch.readers.workbook import Format, Workbook
from batch.runs.folders import RunFolder
from batch.runs.outcomes import Ending, Outcome, end_rows
from batch.runs.run_report import summary
from batch.schema.columns import RESULT_HEADERS
from batch.writers.atomic import Replace
from batch.writers.run_results import EndedRun, Results, changes_frame, endings_frame, give_back
from tests import builders
from tests.builders import judged, live

BOOK = builders.book(["Trunk ID|Hostname", "1|new.example", "2|new.example"], ["2|1001|Main"])
OUTCOMES = {
    2: Outcome(row=2, ending=Ending.APPLIED, errcode=0, attempts=1, read=True),
    3: Outcome(row=3, ending=Ending.REFUSED, errcode=40002, errmsg="PARAMETER ERROR", attempts=1),
}


def give(folder: Path, given: Workbook, target: Path, *, swap: Replace = os.replace, copy: str = "") -> Results:
    place = folder / "run"
    place.mkdir(exist_ok=True)
    tables, records, _ = builders.read(given)
    endings = end_rows(tables, records, OUTCOMES, [])
    run = EndedRun(
        workbook=given,
        tables=tables,
        records=records,
        problems=[],
        changes=[judged(given, live(1, hostname="old.example"))[0]],
        outcomes=OUTCOMES,
        endings=endings,
        summary=summary(
            title="Results",
            address="https://pbx.example",
            practice=False,
            workbook=given,
            outcomes=OUTCOMES,
            endings=endings,
            facts=[],
        ),
        hazards=[],
        address="https://pbx.example",
        folder=RunFolder(path=place, id="run", copy=copy),
    )
    return give_back(run, target, replace=swap)


def cells(path: Path, sheet: str) -> list[list[Any]]:
    found = read_workbook(path)
    raw = next(raw for raw in found.sheets if raw.name == sheet)
    return [list(row) for row in zip(*raw.columns, strict=True)]


def test_results_lie_where_asked_for_and_in_the_runs_folder(tmp_path: Path) -> None:
    target = tmp_path / "book-results.xlsx"
    assert give(tmp_path, BOOK, target) == Results(path=target)
    kept = tmp_path / "run" / "results.xlsx"
    assert kept.read_bytes() == target.read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert read_workbook(target).ours
    rows = cells(target, "Trunks")
    assert rows[0] == ["Trunk ID", "Hostname", *RESULT_HEADERS]
    assert [[*row[:3], *row[4:6]] for row in rows[1:]] == [
        ["1", "new.example", "applied", 0.0, ""],
        ["2", "new.example", "refused", 40002.0, "PARAMETER ERROR"],
    ]
    assert cells(target, "DIDs")[1][:4] == ["2", "1001", "Main", "refused"]
    assert cells(target, "Changes")[1][2:] == ["London", "Hostname", "old.example", "new.example", "new.example"]


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """What the user sent, as the run's folder has it: with a look of its own."""
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "input.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Trunks")
        for row, line in enumerate((("Trunk ID", "Hostname"), ("1", "new.example"), ("2", "new.example"))):
            for column, text in enumerate(line):
                page.write_string(row, column, text, book.add_format({"italic": True}))
        dids = book.add_worksheet("DIDs")
        dids.write_row(0, 0, ("Trunk", "DID", "DID name"))
        dids.write_row(1, 0, ("2", "1001", "Main"))
    return path


def test_results_keep_the_look_of_what_was_sent(tmp_path: Path, sent: Path) -> None:
    target = tmp_path / "book-results.xlsx"
    assert give(tmp_path, read_workbook(sent), target, copy=sent.name) == Results(path=target)
    assert (tmp_path / "run" / "results.xlsx").read_bytes() == target.read_bytes()
    assert cells(target, "Trunks")[1][:3] == ["1", "new.example", "applied"]
    book = openpyxl.load_workbook(target)
    assert book["Trunks"]["A2"].font.i
    assert not book["Trunks"]["C2"].font.i


def test_where_the_look_cannot_be_kept_the_values_are_and_it_says_so(tmp_path: Path, sent: Path) -> None:
    given = read_workbook(sent)
    with zipfile.ZipFile(sent) as package:
        found = {name: package.read(name) for name in package.namelist()}
    found["xl/styles.xml"] = b"<looks/>"
    with zipfile.ZipFile(sent, "w") as package:
        for name, content in found.items():
            package.writestr(name, content)
    target = tmp_path / "book-results.xlsx"
    changed = replace(given, sha256=fingerprint(sent), path=tmp_path / "book.xlsx")
    result = give(tmp_path, changed, target, copy=sent.name)
    assert result.note == ("The formatting of book.xlsx could not be kept: the part with the styles is something else.")
    assert cells(target, "Trunks")[1][:3] == ["1", "new.example", "applied"]


def test_a_copy_that_is_not_what_was_read_any_more_is_not_written_into(tmp_path: Path, sent: Path) -> None:
    given = replace(read_workbook(sent), sha256="of something else")
    target = tmp_path / "book-results.xlsx"
    assert give(tmp_path, given, target, copy=sent.name).note == (
        "The formatting of input.xlsx could not be kept: the run's copy of it is not what was read."
    )
    assert not openpyxl.load_workbook(target)["Trunks"]["A2"].font.i


@pytest.mark.parametrize("obstacle", ["folder", "gone"])
def test_results_that_cannot_be_put_there_stay_in_the_runs_folder_and_it_says_so(tmp_path: Path, obstacle: str) -> None:
    target = tmp_path / "gone" / "book-results.xlsx"
    if obstacle == "folder":
        target.mkdir(parents=True)
    found = give(tmp_path, BOOK, target)
    kept = tmp_path / "run" / "results.xlsx"
    assert found.path == kept
    assert kept.exists()
    assert str(target) in found.note
    assert f"The results are in {kept} instead." in found.note


def test_what_an_earlier_run_left_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "book-results.xlsx"
    target.write_bytes(b"old")
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "results.xlsx").write_bytes(b"old")
    assert give(tmp_path, BOOK, target).note == ""
    assert target.read_bytes() != b"old"


def test_results_that_somebody_has_worked_in_are_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "book-results.xlsx"
    target.write_bytes(b"corrected by hand")
    found = give(tmp_path, BOOK, target)
    assert target.read_bytes() == b"corrected by hand"
    assert found.path == tmp_path / "book-results (2).xlsx"
    assert (
        found.note == "book-results.xlsx was there already, and somebody has worked in it since; it was left as it is."
    )


def test_a_file_that_is_open_elsewhere_is_left_and_the_new_one_goes_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "book-results.xlsx"
    target.write_bytes(b"open in a spreadsheet program")
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "results.xlsx").write_bytes(b"open in a spreadsheet program")

    def refuse_the_open_one(source: Path, place: Path) -> None:
        if place == target:
            raise PermissionError
        source.replace(place)

    beside = tmp_path / "book-results (2).xlsx"
    found = give(tmp_path, replace(BOOK, format=Format.XLS), target, swap=refuse_the_open_one)
    assert found.path == beside
    assert beside.exists()
    assert target.read_bytes() == b"open in a spreadsheet program"
    assert found.note == (
        "book-results.xlsx is open elsewhere, so they are in book-results (2).xlsx. "
        "A .xls file cannot be written; the results are an .xlsx file."
    )


@pytest.mark.parametrize("kind", [Format.XLS, Format.XLSB, Format.ODS])
def test_a_format_that_cannot_be_written_comes_back_as_another_and_it_says_so(tmp_path: Path, kind: Format) -> None:
    found = give(tmp_path, replace(BOOK, format=kind), tmp_path / "r.xlsx")
    assert found == Results(
        path=tmp_path / "r.xlsx", note=f"A .{kind} file cannot be written; the results are an .xlsx file."
    )


@pytest.mark.parametrize("kind", [Format.CSV, Format.ZIP])
def test_csv_in_gives_csv_out_as_well(tmp_path: Path, kind: Format) -> None:
    target = tmp_path / "book-results.xlsx"
    found = give(tmp_path, replace(BOOK, format=kind), target)
    assert found == Results(path=target, folder=tmp_path / "book-results")
    assert found.folder is not None
    assert any("applied" in path.read_text(encoding="utf-8-sig") for path in found.folder.iterdir())


def test_a_csv_folder_that_cannot_be_written_leaves_the_workbook_in_its_place(tmp_path: Path) -> None:
    target = tmp_path / "book-results.xlsx"
    (tmp_path / "book-results").write_text("a file in the way")
    found = give(tmp_path, replace(BOOK, format=Format.CSV), target)
    assert (found.path, found.folder) == (target, None)
    assert "it is a file" in found.note
    assert found.note.endswith("There is only book-results.xlsx, and no CSV files.")


def test_where_not_even_the_runs_folder_takes_them_they_go_beside_the_workbook(tmp_path: Path) -> None:
    (tmp_path / "run" / "results.xlsx").mkdir(parents=True)
    found = give(tmp_path, BOOK, tmp_path / "r.xlsx")
    assert found.path == tmp_path / "r.xlsx"
    assert "results.xlsx" in found.note


def test_where_nothing_takes_them_it_says_how_to_get_them_later(tmp_path: Path) -> None:
    (tmp_path / "run" / "results.xlsx").mkdir(parents=True)
    found = give(tmp_path, BOOK, tmp_path / "gone" / "r.xlsx")
    assert found.path is None
    assert "make room, then resume the run" in found.note


def test_frames_hold_a_line_per_row_and_per_change() -> None:
    tables, records, _ = builders.read(BOOK)
    endings = end_rows(tables, records, OUTCOMES, [])
    frame = endings_frame(endings)
    assert list(frame.columns) == ["Sheet", "Row", *RESULT_HEADERS]
    assert frame[["Sheet", "Row", "Result"]].to_numpy().tolist() == [
        ["Trunks", 2, "applied"],
        ["Trunks", 3, "refused"],
        ["DIDs", 2, "refused"],
    ]
    change = judged(BOOK, live(1, hostname="old.example"))[0]
    changed = changes_frame(tables, [change], OUTCOMES)
    assert changed.to_numpy().tolist() == [
        ["Trunks", "B2", "London", "Hostname", "old.example", "new.example", "new.example"]
    ]
    assert list(changes_frame(tables, [], {}).columns) == list(changed.columns)
