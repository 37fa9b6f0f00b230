"""The CSV twin of the results: readable by the program that wrote the input, and harmless to open."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch.errors import OutputError
from batch.readers.workbook import CellError, CellValue, CsvDialect, NoValue, RawSheet
from batch.schema.columns import RESULT_HEADERS
from batch.tables.row_results import AnsweredSheet, ChangeLine, CodeCount, EndingCount, RowResult, Summary, Tone
from batch.writers.results_anew import write_results_folder

SUMMARY = Summary(
    title="Results",
    practice=True,
    headline="1 of 2 trunks needs somebody to look.",
    facts=[("File", "=evil.csv")],
    counts=[EndingCount(ending="applied", tone=Tone.GOOD, rows={"DIDs": 2}, meaning="m", next_step="n")],
    codes=[
        CodeCount(errcode=40002, errmsg="=cmd()", rows=1, meaning="m", who="carrier"),
        CodeCount(errcode=None, errmsg="", rows=1, meaning="m", who="operator"),
    ],
    attention=["London is unreachable."],
    hazards=["removals"],
)
REFUSED = RowResult(
    result="refused", tone=Tone.BAD, errcode=40002, errmsg="=HYPERLINK(1)", attempts=1, what_to_do="Correct."
)
SEMICOLONS = CsvDialect(encoding="latin-1", delimiter=";")


def answered(*rows: tuple[CellValue, ...], dialect: CsvDialect | None = SEMICOLONS, **more: Any) -> AnsweredSheet:
    place = {key: more.pop(key) for key in ("first_row", "first_column") if key in more}
    columns = [list(column) for column in zip(*rows, strict=True)]
    raw = RawSheet(name=more.pop("name", "DIDs"), columns=columns, dialect=dialect, **place)
    return AnsweredSheet(raw=raw, **more)


def written(folder: Path, *sheets: AnsweredSheet, changes: Any = ()) -> Path:
    return write_results_folder(folder / "results", sheets, SUMMARY, changes)


def rows(path: Path, encoding: str = "utf-8-sig", delimiter: str = ";") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as lines:
        return list(csv.reader(lines, delimiter=delimiter))


def test_each_file_is_written_as_the_users_was(tmp_path: Path) -> None:
    sheet = answered(("Trunk", "DID"), ("Zürich", "4144"), ("", ""), header_row=1, results={2: REFUSED})
    folder = written(tmp_path, sheet)
    assert sorted(entry.name for entry in folder.iterdir()) == ["changes.csv", "dids.csv", "summary.csv"]
    text = (folder / "dids.csv").read_bytes().decode("latin-1")
    assert text == (
        f"Trunk;DID;{';'.join(RESULT_HEADERS)}\r\n"
        "Zürich;4144;refused;Correct.;40002;'=HYPERLINK(1);;1;;\r\n"
        ";;;;;;;;;\r\n"
    )


@pytest.mark.parametrize(
    ("encoding", "start"),
    [
        ("utf-8", b"Z\xc3"),
        ("utf-8-sig", b"\xef\xbb\xbfZ"),
        ("utf-16", b"\xff\xfeZ\0"),
        ("utf-16-le", b"\xff\xfeZ\0"),
        ("utf-16-be", b"\xfe\xff\0Z"),
        ("cp1252", b"Z\xfc"),
        ("mac-roman", b"Z\x9f"),
    ],
)
def test_the_encoding_is_the_inputs(tmp_path: Path, encoding: str, start: bytes) -> None:
    sheet = answered(("Zürich",), dialect=CsvDialect(encoding=encoding, delimiter=","))
    assert (written(tmp_path, sheet) / "dids.csv").read_bytes().startswith(start)


def test_a_character_that_the_encoding_lacks_makes_the_file_utf_8_with_a_mark(tmp_path: Path) -> None:
    folder = written(tmp_path, answered(("漢",), ("ü",)))
    assert rows(folder / "dids.csv") == [["漢"], ["ü"]]
    assert not list(folder.glob("*.part"))


def test_half_a_surrogate_pair_does_not_stop_it(tmp_path: Path) -> None:
    assert rows(written(tmp_path, answered(("x\ud83d",))) / "dids.csv") == [["x?"]]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\n\t=", "\uff1d", "\uff0b", "\u3000="])
def test_nothing_of_ours_is_run_by_the_program_that_opens_the_file(tmp_path: Path, begin: str) -> None:
    text = f"{begin}cmd()"
    result = replace(REFUSED, errmsg=text, what_to_do=text)
    change = ChangeLine(sheet=text, cell="B2", trunk=text, field="DID", before=text, wanted=text, found=text)
    folder = written(tmp_path, answered(("DID",), ("44",), header_row=1, results={2: result}), changes=[change])
    assert [rows(folder / "dids.csv", "latin-1" if begin.isascii() else "utf-8-sig")[1][place] for place in (2, 4)] == [
        f"'{text}"
    ] * 2
    assert rows(folder / "changes.csv")[1] == [f"'{text}", "B2", f"'{text}", "DID", *[f"'{text}"] * 3]


def test_the_users_cells_stay_as_typed_and_round_trip(tmp_path: Path) -> None:
    values = ["=1+1", "+44 20", "-5", "@x", 'say "hi"', "a;b", "a\nb", "a\rb", " x ", "'x", "00442071234567"]
    folder = written(tmp_path, answered(*[(value,) for value in values]))
    assert [row[0] for row in rows(folder / "dids.csv")] == values


def test_values_that_are_no_text_are_written_as_they_read(tmp_path: Path) -> None:
    line: tuple[CellValue, ...] = (
        442079460100.0,
        1.5,
        7,
        True,
        dt.datetime.fromisoformat("2026-11-23 02:14:00"),
        dt.date(2026, 11, 23),
        CellError("#N/A"),
        NoValue("=A1"),
    )
    assert rows(written(tmp_path, answered(line)) / "dids.csv") == [
        ["442079460100", "1.5", "7", "TRUE", "2026-11-23 02:14:00", "2026-11-23", "#N/A", ""]
    ]


def test_rows_and_columns_stay_where_they_were(tmp_path: Path) -> None:
    sheet = answered(
        ("DID", "Result"),
        ("44", "old"),
        first_row=3,
        first_column=1,
        header_row=3,
        results={4: REFUSED},
        dropped=frozenset({2}),
    )
    read = rows(written(tmp_path, sheet) / "dids.csv")
    assert read[:2] == [["", ""], ["", ""]]
    assert read[2] == ["", "DID", *RESULT_HEADERS]
    assert read[3][:3] == ["", "44", "refused"]


def test_the_summary_bears_the_mark_and_says_all_that_the_sheet_says(tmp_path: Path) -> None:
    read = rows(written(tmp_path, answered(("x",))) / "summary.csv")
    assert read[0] == ["trunk-batch results"]
    assert read[1][0].startswith("PRACTICE")
    assert read[2:] == [
        ["1 of 2 trunks needs somebody to look."],
        ["File", "'=evil.csv"],
        ["Look at this first", "London is unreachable."],
        ["Hazard", "removals"],
        [],
        ["Sheet", "Result", "Rows", "What it means", "What next"],
        ["DIDs", "applied", "2", "m", "n"],
        ["Total", "", "2"],
        [],
        ["Errcode", "Errmsg", "Rows", "What it means", "Who can help"],
        ["40002", "'=cmd()", "1", "m", "carrier"],
        ["none", "", "1", "m", "operator"],
    ]


def test_changes_are_listed_with_nothing_that_would_be_run(tmp_path: Path) -> None:
    change = ChangeLine(sheet="DIDs", cell="C2", trunk="@x", field="DID", before="=1", wanted="+44", found="44")
    other = ChangeLine(sheet="Gone", cell="C2", trunk="T", field="DID", before="", wanted="", found="")
    sheet = answered(("A", "Result", "DID"), ("a", "b", "c"), header_row=1, dropped=frozenset({1}))
    assert rows(written(tmp_path, sheet, changes=iter([change, other])) / "changes.csv") == [
        ["Sheet", "Cell", "Trunk", "Field", "Before", "Wanted", "Found"],
        ["DIDs", "B2", "'@x", "DID", "'=1", "'+44", "44"],
        ["Gone", "C2", "T", "DID", "", "", ""],
    ]


def test_without_a_dialect_it_is_commas_and_utf_8_with_a_mark(tmp_path: Path) -> None:
    plain = Summary(title="Results", headline="x")
    folder = write_results_folder(tmp_path / "r", [answered(("ü", "b"), dialect=None)], plain, [])
    assert (folder / "dids.csv").read_bytes() == "\ufeffü,b\r\n".encode()
    assert (folder / "summary.csv").read_text(encoding="utf-8-sig").splitlines()[:2] == ["trunk-batch results", "x"]


def test_earlier_results_are_replaced(tmp_path: Path) -> None:
    written(tmp_path, answered(("old",)))
    folder = written(tmp_path, answered(("new",)))
    assert folder == tmp_path / "results"
    assert rows(folder / "dids.csv") == [["new"]]
    assert [entry.name for entry in tmp_path.iterdir()] == ["results"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    assert written(tmp_path, answered(("x",))) == tmp_path / "results"


@pytest.mark.parametrize(
    ("name", "text"), [("dids.csv", "the input itself"), ("notes.txt", "x"), ("summary.csv", "Sheet,Rows")]
)
def test_a_folder_that_holds_anything_else_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / name).write_text(text)
    assert written(tmp_path, answered(("x",))) == tmp_path / "results (2)"
    assert (tmp_path / "results" / name).read_text() == text


def test_a_file_of_that_name_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("x")
    with pytest.raises(OutputError, match="it is a file"):
        written(tmp_path, answered(("x",)))


def test_nothing_half_written_is_left_when_it_is_stopped(tmp_path: Path) -> None:
    def changes() -> Iterator[ChangeLine]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        write_results_folder(tmp_path / "r", [answered(*[("x",)] * 1500)], SUMMARY, changes())
    assert not list(tmp_path.iterdir())
