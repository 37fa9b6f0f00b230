from __future__ import annotations

import datetime as dt

import pytest

from batch.readers.workbook import CellError, CellValue, NoValue
from batch.schema.column_model import Column
from batch.schema.columns import CALLER_IDS, DIDS, TRUNKS
from batch.schema.problems import Problem
from batch.secrets import NoSecret, Secret
from batch.tables.cells import ColumnPlace, ColumnTexts, secrets_of, texts_of

DID = DIDS.column("did")
NAME = TRUNKS.column("name")
PASSWORD = TRUNKS.column("password")


def place(column: Column) -> ColumnPlace:
    return ColumnPlace(sheet_name="S", column=column, position=2, header=column.label, first_row=5)


def read(column: Column, *values: CellValue) -> tuple[list[str], list[Problem]]:
    found = texts_of(place(column), list(values))
    return list(found.texts), found.problems


def fault(column: Column, value: CellValue) -> Problem:
    texts, (problem,) = read(column, "a", value)
    assert texts == ["a", ""]
    assert (problem.sheet, problem.cell, problem.header, problem.stops) == ("S", "C6", column.label, True)
    return problem


def secret(text: str, found: Secret | NoSecret | None = None) -> tuple[Secret | str, list[Problem]]:
    typed = ColumnTexts(texts=[text], problems=[])
    column = secrets_of(place(PASSWORD), typed, lambda said: Secret(said) if found is None else found)
    return column.texts[0], column.problems


@pytest.mark.parametrize(
    ("value", "text"),
    [(442079460100.0, "442079460100"), (999999999999999.0, "999999999999999"), (7, "7"), (0.0, "0"), (-0.0, "0")],
)
def test_a_whole_number_of_at_most_15_digits_is_its_digits(value: float, text: str) -> None:
    texts, (notice,) = read(DID, value)
    assert texts == [text]
    assert (notice.code, notice.stops, notice.value, notice.offers) == ("cell-number", False, text, (text,))
    assert notice.message == "The cell contains a number, not text; its digits are used."


@pytest.mark.parametrize(
    ("value", "code", "found", "message", "fix"),
    [
        (
            CellError("#N/A"),
            "cell-error",
            "#N/A",
            "The spreadsheet shows #N/A here.",
            "Type the value.",
        ),
        (
            NoValue("=B2&C2"),
            "cell-no-value",
            "=B2&C2",
            "The cell contains a formula, but the file does not contain its result.",
            "Open the file in Excel or LibreOffice, save it and try again; or type the value.",
        ),
        (
            dt.date(2026, 3, 4),
            "cell-date",
            "2026-03-04",
            "The spreadsheet has changed the typed value into a date or time.",
            "Format the cell as text and type 3-4, or 4-3.",
        ),
        (
            dt.timedelta(hours=10, minutes=1),
            "cell-date",
            "10:01:00",
            "The spreadsheet has changed the typed value into a date or time.",
            "Format the cell as text and type 10-01, or 10:01.",
        ),
        (
            True,
            "cell-boolean",
            "TRUE",
            "The spreadsheet has changed this value into TRUE, or a formula gives it.",
            "Format the cell as text and type the value again, such as 442079460100, or 1.",
        ),
        (
            1e15,
            "cell-number-lost",
            "1000000000000000",
            "The number has more than 15 digits, so the spreadsheet has changed the last ones.",
            "Format the cell as text and type the number again from its source.",
        ),
        (
            1e300,
            "cell-number-lost",
            "1e+300",
            "The number has more than 15 digits, so the spreadsheet has changed the last ones.",
            "Format the cell as text and type the number again from its source.",
        ),
        (
            4420.5,
            "cell-fraction",
            "4420.5",
            "The cell contains a number with decimals or a minus sign.",
            "Format the cell as text and type the value again, such as 442079460100.",
        ),
        (
            -44.0,
            "cell-fraction",
            "-44.0",
            "The cell contains a number with decimals or a minus sign.",
            "Format the cell as text and type the value again, such as 442079460100.",
        ),
        (
            float("nan"),
            "cell-fraction",
            "nan",
            "The cell contains a number with decimals or a minus sign.",
            "Format the cell as text and type the value again, such as 442079460100.",
        ),
    ],
)
def test_what_is_neither_text_nor_a_whole_number_is_a_problem_and_never_a_blank(
    value: CellValue, code: str, found: str, message: str, fix: str
) -> None:
    problem = fault(DID, value)
    assert (problem.code, problem.value, problem.message, problem.fix) == (code, found, message, fix)


def test_true_and_false_are_yes_and_no_where_those_are_asked_for() -> None:
    assert read(TRUNKS.column("enable"), True, False) == (["true", "false"], [])


def test_a_number_with_decimals_may_be_a_name_and_is_told() -> None:
    texts, (notice,) = read(DIDS.column("did_name"), 3.5)
    assert (texts, notice.code, notice.stops, notice.value) == (["3.5"], "cell-number", False, "3.5")


def test_blanks_around_a_value_are_taken_off_and_told() -> None:
    texts, (notice,) = read(DID, "100", "\N{NO-BREAK SPACE}200 ", "   ")
    assert texts == ["100", "200", ""]
    assert (notice.code, notice.cell, notice.stops, notice.value) == ("cell-repaired", "C6", False, "\xa0200 ")


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("1001\n1002", "Type the value again: 1001 1002"),
        ("a\x07b", "Type the value again: a b"),
        ("\u200b\x07", "Type the value."),
        ("a\x85b", "Type the value again: a b"),
    ],
)
def test_line_breaks_and_characters_that_cannot_be_seen_are_a_problem(text: str, fix: str) -> None:
    problem = fault(NAME, text)
    assert (problem.code, problem.value, problem.fix) == ("cell-line-break", text, fix)
    assert problem.message == "The cell contains a line break or an invisible character."


def test_a_line_break_separates_extensions_groups_and_codecs() -> None:
    for column in (CALLER_IDS.column("extensions"), CALLER_IDS.column("extension_groups"), TRUNKS.column("codec_sel")):
        assert read(column, "a\nb") == (["a\nb"], [])


def test_letters_of_every_script_and_joined_signs_are_text() -> None:
    assert read(DIDS.column("did_name"), "Zürich", "می‌خواهم", "👩‍💻", "日本 1") == (
        ["Zürich", "می‌خواهم", "👩‍💻", "日本 1"],
        [],
    )


def test_clear_is_understood_however_it_is_capitalised() -> None:
    assert read(TRUNKS.column("domain"), "<Clear>", "<other>") == (["<clear>", "<other>"], [])


def test_a_password_is_taken_as_it_stands_but_for_a_cell_of_blanks_only() -> None:
    texts = [" Sample-1 ", "'Sample-2", "tel:Sample-3", "\u200bSample-4\u00a0", "1.0", "#N/A", "4.4E+11"]
    assert read(PASSWORD, *texts, "   ") == ([*texts, ""], [])


def test_a_password_that_came_as_a_number_is_told_without_showing_it() -> None:
    texts, (notice,) = read(PASSWORD, 12345.0)
    assert texts == ["12345"]
    assert (notice.code, notice.stops, notice.value, notice.offers) == ("cell-number", False, "<hidden>", ())
    assert "12345" not in repr(notice)


def test_a_password_that_cannot_be_read_is_reported_without_showing_it() -> None:
    _, problems = read(PASSWORD, 1234567890123456.0, -17.5, True, 17.5, dt.date(2031, 5, 10))
    assert [(p.code, p.value, p.offers) for p in problems] == [
        ("cell-number-lost", "<hidden>", ()),
        ("cell-fraction", "<hidden>", ()),
        ("cell-boolean", "<hidden>", ()),
        ("cell-fraction", "<hidden>", ()),
        ("cell-date", "<hidden>", ()),
    ]
    assert not any(shown in repr(problems) for shown in ("1234567890123456", "17.5", "2031", "5-10"))


def test_a_password_becomes_a_secret() -> None:
    assert secret("Sample-1") == (Secret("Sample-1"), [])


@pytest.mark.parametrize("text", ["", "<hidden>", " <hidden>", "<Hidden>"])
def test_a_blank_or_hidden_password_leaves_it_alone(text: str) -> None:
    assert secret(text) == ("", [])


@pytest.mark.parametrize("text", ["<type again>", "<Type again> "])
def test_a_password_that_results_asked_for_must_be_typed(text: str) -> None:
    found, (problem,) = secret(text)
    assert (found, problem.code, problem.value) == ("", "secret-hidden", "<type again>")
    assert problem.fix == (
        "Type the password again, or env:NAME or file:PATH; or clear the cell to leave the password unchanged."
    )


def test_a_password_cannot_be_emptied() -> None:
    found, (problem,) = secret("<clear>")
    assert (found, problem.code, problem.message) == ("", "clear-not-allowed", "A password cannot be emptied.")


def test_env_and_file_are_looked_up_by_whoever_can() -> None:
    assert secret("env:LONDON_SIP", Secret("Sample-2")) == (Secret("Sample-2"), [])


def test_a_secret_that_is_not_there_says_why() -> None:
    none = NoSecret(code="secret-not-found", message="The environment has no LONDON_SIP.", fix="Set it.")
    found, (problem,) = secret("env:LONDON_SIP", none)
    assert (found, problem.code, problem.value) == ("", "secret-not-found", "<hidden>")
    assert problem.message == "The environment has no LONDON_SIP."
    assert problem.fix == "Set it."


def test_blanks_around_a_password_are_told_and_kept() -> None:
    found, (notice,) = secret("Sample-3 ")
    assert (found, notice.code, notice.stops) == (Secret("Sample-3 "), "secret-blanks", False)


def test_a_password_has_at_most_255_characters() -> None:
    long = "Sample-" + "x" * 249
    _, (problem,) = secret(long)
    assert (problem.code, problem.message) == ("too-long", "Password takes at most 255 characters; this value has 256.")
    assert long not in repr(problem)
    assert secret(long[:255])[1] == []
