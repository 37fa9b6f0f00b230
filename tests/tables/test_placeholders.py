"""What people write for nothing, and spreadsheet errors: asked about in every cell, with a way out that is accepted."""

from __future__ import annotations

import pytest

from batch.readers.workbook import CellError, CellValue, Workbook
from batch.schema.column_model import Column, Sheet
from batch.schema.columns import CALLER_IDS, DIDS, SHEETS, TRUNKS
from batch.schema.problems import Problem
from tests.builders import check, sheet, workbook

CELLS = [(of, column) for of in SHEETS for column in of.columns]
NAMES = [f"{of.title}-{column.field}" for of, column in CELLS]
NOTHING = (
    *("-", "--", "\u2013", "\u2014", "?", "???", "...", "\u2026", "n/a", "N/A", "N.A.", "none", "None", "NONE", "nil"),
    *("null", "NULL", "TBD", "tbd", "tbc", "TBA", "xxx", "unknown", "Unknown", "(none)", "<null>", "nan", "___"),
    *(
        "keine",
        "unbekannt",
        "k.A.",
        "entfällt",
        "offen",
        "n.d.",
        "aucun",
        "inconnu",
        "néant",
        "à définir",
        "ninguno",
        "desconocido",
    ),
    *(
        "无",
        "未知",
        "待定",
        "暂无",
        "[n/a]",
        "[TBD]",
        "tbd.",
        "none...",
        "{None}",
        "TBD?",
    ),
)
ELSEWHERE = (
    "leer",
    "Blank",
    "pending",
    "to follow",
    "same",
    "ditto",
    "see above",
    "siehe oben",
    "voir ci-dessus",
    "同上",
    *(
        "todo",
        "unchanged",
        "Unchanged",
        "no change",
        "as before",
        "unverändert",
        "wie bisher",
        "inchangé",
        "sin cambios",
    ),
)
ROWS = {
    TRUNKS.title: {"name": "London-1", "type": "register"},
    CALLER_IDS.title: {"trunk": "London-1", "outbound_cid_option": "shared", "outbound_cid": "442079460100"},
    DIDS.title: {"trunk": "London-1", "did": "442079460100"},
}


def book(of: Sheet, column: Column, cell: CellValue) -> Workbook:
    """Make a workbook that is sound but for one cell."""
    sheets = []
    for title, row in ROWS.items():
        cells: dict[str, CellValue] = dict(row)
        if title == of.title:
            cells[column.field] = cell
            if of is CALLER_IDS and column.field == "outbound_cid_to_ext_range":
                cells |= {"outbound_cid_option": "range", "outbound_cid": "442079460100-442079460109"}
        if title == CALLER_IDS.title and cells["outbound_cid_option"] == "shared":
            cells.setdefault("extensions", "1001")
        labels = {c.field: c.label for s in SHEETS if s.title == title for c in s.columns}
        sheets.append(sheet(title, [labels[name] for name in cells], list(cells.values())))
    return workbook(*sheets)


def problems_at(of: Sheet, column: Column, cell: CellValue) -> list[Problem]:
    """Return the problems of that cell's sheet."""
    return [p for p in check(book(of, column, cell)) if p.stops and p.sheet == of.title]


@pytest.mark.parametrize(("of", "column"), CELLS, ids=NAMES)
def test_what_stands_for_nothing_is_one_problem_in_every_field(of: Sheet, column: Column) -> None:
    for text in NOTHING[CELLS.index((of, column)) % 5 :: 5]:  # each comes to six fields
        found = problems_at(of, column, text)
        assert [p.code for p in found] == ["placeholder"], text
        assert found[0].value == ("<hidden>" if column.field == "password" else text)


@pytest.mark.parametrize(
    ("of", "label"), [(DIDS, "DID"), (TRUNKS, "Hostname"), (TRUNKS, "Username"), (TRUNKS, "Domain")]
)
def test_what_says_that_it_stands_elsewhere_is_no_value(of: Sheet, label: str) -> None:
    (column,) = [column for column in of.columns if column.label == label]
    for text in ELSEWHERE:
        assert [p.code for p in problems_at(of, column, text)] == ["placeholder"], text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "changeme",
            "ChangeMe",
            "CHANGEME",
            "change me",
            "password",
            "Password",
            "<password>",
            "[Password]",
            "Passwort",
        ),
        *("Mot de passe", "contraseña", "密码", "secret", "your password", "(hidden)", "REDACTED", "***", "unchanged"),
        *("keep", "wie bisher", "see KeePass", "siehe KeePass", "per SMS", "as agreed", "{password}", "xxxxxxxx"),
    ],
)
def test_what_stands_for_a_password_is_not_sent_as_one(text: str) -> None:
    (problem,) = problems_at(TRUNKS, TRUNKS.column("password"), text)
    assert (problem.code, problem.value) == ("placeholder", "<hidden>")
    assert text not in f"{problem.message}".replace("a password", "").replace("the password", "")


@pytest.mark.parametrize(
    "text", ["<hidden>", "<HIDDEN>", "Sample-1", "1234", "Sample password", "Sample-changeme", "hunter-Sample-2"]
)
def test_any_other_text_is_a_password_or_the_mark_for_the_one_there_is(text: str) -> None:
    assert problems_at(TRUNKS, TRUNKS.column("password"), text) == []


def test_a_name_that_people_read_may_be_any_word_but_those_for_nothing() -> None:
    assert problems_at(DIDS, DIDS.column("did_name"), "Pending") == []
    assert problems_at(DIDS, DIDS.column("did_name"), "Secret") == []


@pytest.mark.parametrize(("of", "column"), CELLS, ids=NAMES)
def test_the_way_out_is_accepted_in_every_field(of: Sheet, column: Column) -> None:
    for cell in ("n/a", CellError("#N/A"), "#N/A", "<clear>"):
        said = " ".join(p.fix for p in problems_at(of, column, cell)).casefold()
        if "cell blank" in said or "clear the cell" in said or "leave the cell" in said:
            if column.field == "name":
                assert "only where the row has a trunk id may the cell be blank" in said
            else:
                assert problems_at(of, column, "") == []
        if "type <clear>" in said:
            assert problems_at(of, column, "<clear>") == []


@pytest.mark.parametrize(
    ("field", "fix"),
    [
        ("domain", "Clear the cell to leave Domain unchanged, or type <clear> to empty it."),
        ("hostname", "Clear the cell to leave Hostname unchanged, or type the value."),
        (
            "password",
            (
                "Clear the cell to leave the password unchanged, or type the password. If this really is the "
                "password, use env: or file: for it."
            ),
        ),
        ("name", "Type the trunk's name; the cell may be blank only if the row has a Trunk ID."),
    ],
)
def test_it_says_what_there_is_to_choose_from(field: str, fix: str) -> None:
    (problem,) = problems_at(TRUNKS, TRUNKS.column(field), "-")
    assert problem.fix == fix


def test_in_the_cell_of_a_number_it_says_how_to_leave_it_out() -> None:
    (problem,) = problems_at(DIDS, DIDS.column("did"), "-")
    assert problem.message == "'-' looks like a placeholder, and the PBX would get it as the value."
    assert (
        problem.fix
        == "Type the number, or delete the row. To empty the trunk's whole list, type <clear> in its only row here."
    )
    (problem,) = problems_at(DIDS, DIDS.column("did"), "xxx")
    assert problem.fix.endswith("If it is a pattern, type XXX.")
    assert problems_at(DIDS, DIDS.column("did"), "XXX") == []


def test_an_option_must_be_chosen() -> None:
    (problem,) = problems_at(CALLER_IDS, CALLER_IDS.column("outbound_cid_option"), "n/a")
    assert problem.fix == "Type shared or range."
    (problem,) = problems_at(CALLER_IDS, CALLER_IDS.column("outbound_cid_option"), "<clear>")
    assert problem.fix == "Type the new value."


@pytest.mark.parametrize(
    ("of", "field", "text"),
    [
        (DIDS, "did", "."),
        (DIDS, "did", "!"),
        (DIDS, "did", "XXXX"),
        (DIDS, "did_name", "NA"),
        (DIDS, "did_name", "Unknown caller"),
        (DIDS, "did_name", "X"),
        (DIDS, "did_name", "Nonet"),
        (TRUNKS, "name", "x"),
        (TRUNKS, "password", "Sample-none"),
        (TRUNKS, "enable", "no"),
    ],
)
def test_what_means_something_is_left_alone(of: Sheet, field: str, text: str) -> None:
    assert problems_at(of, of.column(field), text) == []


@pytest.mark.parametrize("text", ["****", "••••••••", "xxxxxxxx", "NA"])
def test_a_password_that_was_masked_is_none(text: str) -> None:
    (problem,) = problems_at(TRUNKS, TRUNKS.column("password"), text)
    assert (problem.code, problem.value) == ("placeholder", "<hidden>")
    assert text not in problem.message + problem.fix
