"""Rows left out by the columns file, and rows that another system marks as not in use."""

from __future__ import annotations

import pytest

from batch.readers.workbook import Workbook
from batch.schema.problems import Problem
from batch.secrets import Secret
from batch.tables.columns_file import NO_FILE, parse_columns
from batch.tables.rows import Tables
from batch.trunks.grouping import group
from tests.builders import sheet, tabulate, told, workbook

TELNYX = "Trunk|phone_number|status|connection_name|tags"
ROWS = (
    "London-1|+442079460100|active|SBC|",
    "London-1|+442079460101|port-pending|SBC|",
    "London-1|+442079460102|deleted||",
    "London-1|+442079460103|Port-Pending|SBC|",
    "London-1|+442079460104|active|SBC|keep",
)


def telnyx(*rows: str) -> Workbook:
    return workbook(sheet("Trunks", "Name|Port", "London-1|5060"), sheet("DIDs", TELNYX, *(rows or ROWS)))


def tables(given: Workbook, text: str = "") -> tuple[Tables, list[Problem]]:
    return tabulate(given, Secret, parse_columns("m.toml", text) if text else NO_FILE)


def told_of(problems: list[Problem], code: str) -> list[str]:
    return [problem.message for problem in problems if problem.code == code]


def test_numbers_that_are_not_in_use_are_asked_about_with_the_line_that_leaves_them_out() -> None:
    found, problems = tables(telnyx())
    (asked,) = [problem for problem in problems if problem.stops]
    assert (asked.code, asked.cell, asked.header) == ("rows-not-in-use", "C1", "status")
    assert asked.message == (
        "status is 'port-pending' (1 row) and 'deleted' (1 row) and 'Port-Pending' (1 row): these numbers are "
        "not in use, and it is not clear whether to send them."
    )
    assert (
        'under [DIDs] it has the line skip_where = {status = ["port-pending", "deleted", "Port-Pending"]}' in asked.fix
    )
    assert 'own = ["status"]' in asked.fix
    assert found.dids.height == 5


def test_rows_are_left_out_as_the_file_says_and_told_with_their_count() -> None:
    found, problems = tables(telnyx(), '[DIDs]\nskip_where = {status = ["port-pending", "deleted"]}\n')
    assert found.dids.texts("did") == ["+442079460100", "+442079460104"]
    assert found.dids.skipped == {
        3: "m.toml leaves it out: status is 'port-pending'.",
        4: "m.toml leaves it out: status is 'deleted'.",
        5: "m.toml leaves it out: status is 'port-pending'.",
    }
    assert told_of(problems, "rows-skipped") == [
        "By m.toml, 3 rows of DIDs are skipped (rows 3-5): status is 'port-pending' in 2, 'deleted' in 1."
    ]
    assert not [problem for problem in problems if problem.stops]


def test_what_the_file_leaves_open_is_asked_about_still() -> None:
    _, problems = tables(telnyx(), '[DIDs]\nskip_where = {status = "deleted"}\n')
    (asked,) = [problem for problem in problems if problem.stops]
    line = 'skip_where = {status = ["port-pending", "Port-Pending"]}'
    assert asked.fix.startswith(f"To leave them out, add to [DIDs] in m.toml: {line}. ")


def test_a_column_that_is_said_to_be_ones_own_marks_nothing() -> None:
    found, problems = tables(telnyx(), '[DIDs]\nown = ["status"]\n')
    assert (found.dids.height, [problem for problem in problems if problem.stops]) == (5, [])


def test_a_word_that_never_stands_there_is_told() -> None:
    _, problems = tables(telnyx(ROWS[0]), '[DIDs]\nskip_where = {status = ["port-pending", "gone"]}\n')
    assert told_of(problems, "rows-skipped") == [
        "m.toml leaves out rows where status is 'port-pending' or 'gone': there are none."
    ]


@pytest.mark.parametrize(
    ("line", "message", "fix"),
    [
        (
            'skip_where = {state = ["deleted"]}',
            "m.toml: row 1 of DIDs has no header 'state', by which rows are to be left out.",
            "Correct m.toml. Did you mean 'status'?",
        ),
        (
            'skip_where = {"column Z" = ["deleted"]}',
            "m.toml: row 1 of DIDs has no header 'column Z', by which rows are to be left out.",
            'Correct m.toml. Write it as it is there, or say "column C".',
        ),
    ],
)
def test_a_header_that_is_not_there_is_a_problem(line: str, message: str, fix: str) -> None:
    _, problems = tables(telnyx(ROWS[0]), f"[DIDs]\n{line}\n")
    assert [(p.message, p.fix) for p in problems if p.stops] == [(message, fix)]


def test_rows_are_left_out_of_any_sheet_by_letters_blank_cells_and_numbers() -> None:
    given = workbook(
        sheet("Trunks", "Name", "London-1"),
        sheet("DIDs", ["Trunk", "DID", "Site", "#Use"], ["London-1", "1", "", 1.0], ["London-1", "2", "Bath", 2.0]),
    )
    found, problems = tables(given, '[DIDs]\nskip_where = {Site = [""], "column D" = [3]}\n')
    assert found.dids.texts("did") == ["2"]
    assert told_of(problems, "rows-skipped")[0] == "By m.toml, 1 row of DIDs is skipped (row 2): Site is blank in 1."
    found, _ = tables(given, '[DIDs]\nskip_where = {"column D" = [2]}\n')
    assert found.dids.texts("did") == ["1"]


def test_what_is_wrong_in_a_row_that_is_left_out_is_not_told() -> None:
    given = telnyx(ROWS[0], "London-1|4.42E+11|deleted||", "Nobody|+442079460102|deleted||")
    found, problems = tables(given, '[DIDs]\nskip_where = {status = ["deleted"]}\n')
    _, more = group(found)
    assert [problem for problem in [*problems, *more] if problem.stops] == []


def test_a_trunk_that_is_left_out_is_skipped_with_all_its_rows() -> None:
    given = workbook(
        sheet("Trunks", "Name|Site|Port", "London-1|Bath|5060", "Leeds-1|York|5060"),
        sheet("DIDs", "Trunk|DID", "London-1|442079460100", "Leeds-1|441134960100"),
    )
    found, problems = tables(given, '[Trunks]\nskip_where = {Site = ["york"]}\n')
    records, _ = group(found)
    assert [record.skip for record in records.trunks] == [False, True]
    assert "Trunks!B1 rows-skipped" in told(problems)


def test_what_a_dialect_knows_as_its_own_can_be_said_to_be_the_trunk() -> None:
    given = workbook(
        sheet("Trunks", "Name", "London-1", "Leeds-1"),
        sheet("DIDs", TELNYX.removeprefix("Trunk|"), "442079460100|active|London-1|", "441134960100|active|Leeds-1|"),
    )
    found, problems = tables(given, '[DIDs.columns]\nTrunk = "connection_name"\n')
    assert found.dids.texts("trunk") == ["London-1", "Leeds-1"]
    assert "set-by-hand" not in {problem.code for problem in problems}
    assert not [problem for problem in problems if problem.stops]


@pytest.mark.parametrize(
    ("header", "word"),
    [
        *(("Status", "Port Pending"), ("status", "cancelled"), ("State", "PortInPending"), ("Zustand", "gekündigt")),
        *(("Status", "gekündigt zum 31.12."), ("Status", "Cancelled on 01/12/2026"), ("Status", "ceased (2026-12-01)")),
        *(("Statut", "résilié le 31/12/2026"), ("Status", "Deleted 2026-12-01 00:00:00")),
        *(("Statut", "résilié"), ("Estado", "baja"), ("状态", "已注销"), ("Number Status", "Deleted")),
    ],
)
def test_a_column_status_of_any_list_is_asked_about_where_it_marks_numbers(header: str, word: str) -> None:
    lines = ["London-1|442079460100|active", f"London-1|442079460101|{word}"]
    given = workbook(sheet("Trunks", "Name", "London-1"), sheet("DIDs", f"Trunk|DID|{header}", *lines))
    _, problems = tables(given)
    (asked,) = [problem for problem in problems if problem.stops]
    assert (asked.code, asked.cell) == ("rows-not-in-use", "C1")
    assert asked.message.startswith(f"{header} is '{word}' (1 row): these numbers may not be in use, ")
    assert asked.fix.endswith(f"To send them anyway, put # in front of {header} in C1.")
    found, problems = tables(given, f'[DIDs]\nskip_where = {{"{header}" = ["{word}"]}}\n')
    assert (found.dids.texts("did"), [p for p in problems if p.stops]) == (["442079460100"], [])
    for said in (f"#{header}", "Remark"):
        given = workbook(sheet("Trunks", "Name", "London-1"), sheet("DIDs", f"Trunk|DID|{said}", *lines))
        assert not [problem for problem in tables(given)[1] if problem.stops]


def test_a_column_status_that_marks_nothing_is_ones_own() -> None:
    lines = ["London-1|442079460100|active", "London-1|442079460101|", "London-1|442079460102|tested"]
    lines += ["London-1|442079460103|live from 01/12/2026", "London-1|442079460104|01/12/2026"]
    _, problems = tables(workbook(sheet("Trunks", "Name", "London-1"), sheet("DIDs", "Trunk|DID|Status", *lines)))
    assert told(problems) == ["DIDs!C1 own-column"]
