"""Rows that are no data: told once, left out, and never taken for a number; rows that are data stay rows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import xlsxwriter

from batch.readers.detect import read_workbook
from batch.readers.workbook import Block
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.rows import Tables
from tests.builders import Line, check, sheet, tabulate, told, workbook

TRUNKS = sheet("Trunks", "Name|Type", "London-1|register", "Leeds-1|peer")
GOOD = ("London-1|442079460100|Reception", "Leeds-1|441134960100|")


def dids(*lines: Line) -> list[Problem]:
    """Check a DIDs sheet with two good rows, these, and one more good one."""
    rows = [*GOOD, *lines, "Leeds-1|441134960101|"]
    return check(workbook(TRUNKS, sheet("DIDs", "Trunk|DID|DID name", *rows)))


ASIDES: list[Line] = [
    "Total|3|",
    "Subtotal London|2|",
    "Sub-total|2|",
    "Grand total|3|",
    "Sum:|3|",
    "Summe|3|",
    "Zwischensumme London|2|",
    "Gesamt|3|",
    "Sous-total|2|",
    "Somme|3|",
    "Suma|3|",
    "合计|3|",
    "小计 London|2|",
    ["Total", 3.0, ""],
    "Legend: red = still with the old carrier||",
    "* not ported yet||",
    "As of|12.11.2026|",
    ["As of", dt.date(2026, 11, 12), ""],
    "12.11.2026||",
    ["", dt.date(2026, 11, 12), ""],
    "Prepared by A. Person, ext. 1001||",
    "|see the other sheet for Leeds|",
    "||all numbers are with Newtel now",
    "Stand: 12.11.2026||",
    "Erstellt von Frau Muster||",
    "London Total|2|",
    "Gesamtanzahl|3|",
    "Anzahl|3|",
    "Count London|1|",
]


@pytest.mark.parametrize("line", ASIDES, ids=str)
def test_a_row_that_is_no_data_is_told_once_and_nothing_is_made_of_it(line: Line) -> None:
    (problem,) = dids(line)
    assert (problem.code, problem.row, problem.trunk, problem.stops) == ("rows-no-data", 4, None, True)


def test_all_of_them_are_told_at_once() -> None:
    (problem,) = dids(*ASIDES)
    assert problem.message.startswith(
        "Rows 4-32 of DIDs are not data: 'Total', 'Subtotal London', 'Sub-total', 'Grand total'"
    )
    assert problem.message.endswith("and 25 more.")
    assert problem.fix == "Delete them, or move them all to another sheet."


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Lodnon-1|442079460101|", ["DIDs!A4 trunk-unknown"]),
        ("London 1|442079460101|", ["DIDs!A4 trunk-unknown"]),
        ("Total|442079460101|", ["DIDs!A4 trunk-unknown"]),
        ("|442079460101|", ["DIDs!A4 required"]),
        ("|+44 20 7946 0101|", ["DIDs!A4 required", "DIDs!B4 bad-characters"]),
        ("|101|", ["DIDs!A4 required"]),
        ("London-1||", ["DIDs!B4 required"]),
        ("London-1|12.11.2026|", ["DIDs!B4 cell-date"]),
        ("London-1|Total|", ["DIDs!B4 no-number"]),
        ("Lodnon-1|101|", ["DIDs!A4 trunk-unknown"]),
        ("Lodnon-1||", ["DIDs!A4 trunk-unknown", "DIDs!B4 required"]),
        ("Lodnon-1||Reception", ["DIDs!A4 trunk-unknown", "DIDs!B4 required"]),
        ("||Reception", ["DIDs!A4 required", "DIDs!B4 required"]),
        ("12|442079460101|", ["DIDs!A4 trunk-unknown"]),
        ("Nobody|<clear>|", ["DIDs!A4 trunk-unknown"]),
    ],
)
def test_a_faulty_row_of_data_stays_one(line: Line, expected: list[str]) -> None:
    assert [cell for p, cell in zip(dids(line), told(dids(line)), strict=True) if p.stops] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Total|", ["Trunks!A3 rows-no-data"]),
        ("2 trunks in all|", ["Trunks!A3 rows-no-data"]),
        ("Stand: 12.11.2026|", ["Trunks!A3 rows-no-data"]),
        ("12.11.2026|", ["Trunks!A3 rows-no-data"]),
        ("Total|register", []),
        ("London 2|", ["Trunks!A3 bad-characters"]),
        ("London 2 old|register", ["Trunks!A3 bad-characters"]),
        ("sbc.example|", []),
    ],
)
def test_on_the_trunks_sheet_a_label_alone_is_no_trunk(line: str, expected: list[str]) -> None:
    given = workbook(sheet("Trunks", "Name|Type", "London-1|register", line))
    assert told([p for p in check(given) if p.stops]) == expected


def test_caller_ids_have_totals_too() -> None:
    rows = ["London-1|shared|442079460100||| 1001|", "Total||1||||"]
    header = "Trunk|Option|Caller ID|Caller ID name|Extension range|Extensions|Extension groups"
    (problem,) = check(workbook(TRUNKS, sheet("Caller IDs", header, *rows)))
    assert (problem.code, problem.cell) == ("rows-no-data", "A3")


def test_a_total_labelled_in_an_own_column_is_seen() -> None:
    lines = ["Acme|London-1|442079460100", "Total||2", "Acme|Leeds-1|441134960100"]
    problems = check(workbook(TRUNKS, sheet("DIDs", "Customer|Trunk|DID", *lines)))
    assert told([p for p in problems if p.stops]) == ["DIDs!A3 rows-no-data"]


def with_table(path: Path, *, totals: bool) -> tuple[Tables, list[Problem]]:
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        trunks, numbers = book.add_worksheet("Trunks"), book.add_worksheet("DIDs")
        trunks.write_column("A1", ["Name", "London-1"])
        names = [{"header": "Trunk", "total_string": "Total"}, {"header": "DID", "total_string": "2"}, {"header": "#n"}]
        rows = [
            ["London-1", "442079460100", "1"],
            ["London-1", "442079460101", "2"],
            *([] if totals else [["Total", "2"]]),
        ]
        numbers.add_table("A1:C4", {"data": rows, "columns": names, "total_row": totals})
    return tabulate(read_workbook(path), Secret)


def test_the_totals_row_of_a_table_is_left_out_with_a_notice(tmp_path: Path) -> None:
    tables, problems = with_table(tmp_path / "a.xlsx", totals=True)
    assert tables.dids.rows() == [2, 3]
    (notice,) = [p for p in problems if p.code != "own-column"]
    assert (notice.code, notice.cell, notice.stops) == ("totals-row", "A4", False)
    assert notice.message == "Row 4: the file says that this is the totals row of a table; it is ignored."


def test_a_table_without_a_totals_row_has_none(tmp_path: Path) -> None:
    _, problems = with_table(tmp_path / "a.xlsx", totals=False)
    assert [p.code for p in problems if p.code != "own-column"] == ["rows-no-data"]


def test_the_totals_row_of_another_table_beside_the_list_takes_nothing_from_it() -> None:
    lines = ["London-1|442079460100|x", "London-1|442079460101|3"]
    given = workbook(TRUNKS, sheet("DIDs", "Trunk|DID|#Lookup", *lines, totals=(Block(3, 2, 3, 2),)))
    tables, _ = tabulate(given, Secret)
    assert tables.dids.rows() == [2, 3]


CONTACTS = ["||", "Contacts|Name|Phone", "Carrier|BT|0800 800 152", "NOC|Jim|+44 20 7946 0999", "Office|Ann|n/a"]


@pytest.mark.parametrize(
    "table",
    [
        CONTACTS,
        ["||", "Ansprechpartner|Name|Telefon", "Anbieter|Frau Muster|030 23125000"],
        ["||", "||", "Change|By|When", "Ported|Jim|", "Checked|Ann|12.11.2026"],
        ["||", "Contacto|Nombre|", "Operador|Ana|"],
        ["||", "Legend:||", "grey|not ported|", "red|cancelled|", "As of|12.11.2026|"],
    ],
)
def test_another_table_below_a_list_is_told_once(table: list[Line]) -> None:
    (problem,) = check(workbook(TRUNKS, sheet("DIDs", "Trunk|DID|DID name", *GOOD, *table)))
    assert (problem.code, problem.stops) == ("rows-no-data", True)
    assert problem.message.startswith("Rows ")
    assert problem.fix == "Delete them, or move them all to another sheet."


@pytest.mark.parametrize(
    "table",
    [
        ["||", "Contact|Phone|", "Anne|020 7946 0200|", "Bob|020 7946 0201|"],
        ["||", "Ansprechpartner|Telefon|", "Frau Muster|030 23125000|"],
        ["||", "Numbers to port:||", "442079460200||", "442079460201||"],
        ["||", "|Noch zu portieren:|", "|442079460200|", "|442079460201|"],
        ["||", "Site|Main number|Name", "Bonn|+49 228 9876500|Reception", "", "Köln|0221 9876500|"],
        ["||", "Room|Extension|", "Lobby|101|", "Bar|102|"],
    ],
)
def test_another_table_that_holds_numbers_is_told_once_and_not_told_to_be_deleted(table: list[Line]) -> None:
    (problem,) = check(workbook(TRUNKS, sheet("DIDs", "Trunk|DID|DID name", *GOOD, *table)))
    assert (problem.code, problem.row, problem.trunk, problem.stops) == ("rows-no-data", 5, None, True)
    assert problem.message.endswith(
        " look like another table, which begins with " + repr(str(table[1]).strip("|").split("|")[0]) + "."
    )
    assert problem.fix == (
        "Move them to another sheet; or, if they contain numbers to send, type the trunk of each in the column Trunk."
    )


def test_totals_above_such_a_table_are_told_apart_from_it() -> None:
    rows = ["Total|2|", "||", "Contact|Phone|", "Anne|020 7946 0200|"]
    problems = check(workbook(TRUNKS, sheet("DIDs", "Trunk|DID|DID name", *GOOD, *rows)))
    assert told(problems) == ["DIDs!A4 rows-no-data", "DIDs!A6 rows-no-data"]


@pytest.mark.parametrize(
    "rows",
    [
        ["||", "Lodnon|zentrale|", "Lodnon|442079460101|"],
        ["||", "Contacts|Name|Phone", "London-1|442079460101|"],
        ["||", "Lodnon-1|zentrale|", "Leeds-1|441134960101|"],
        ["||", "Lodnon-1|442079460101|", "Lodnon-1|442079460102|"],
        ["||", "Lodnon|100|", "Lodnon|101|"],
        ["Contacts|Name|Phone", "Carrier|BT|0800 800 152"],
        ["||", "Lodnon|Name|"],
    ],
)
def test_rows_that_may_be_data_are_told_one_by_one(rows: list[Line]) -> None:
    problems = check(workbook(TRUNKS, sheet("DIDs", "Trunk|DID|DID name", *GOOD, *rows)))
    assert "rows-no-data" not in {problem.code for problem in problems}
    assert "trunk-unknown" in {problem.code for problem in problems}
