from __future__ import annotations

import pytest

from batch.wording import column_of, folded, letters, spans


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("Trunk ID", "trunkid"),
        (" trunk_id * ", "trunkid"),
        ("TRUNK-ID:", "trunkid"),
        ("Trunk\nID", "trunkid"),
        ("Trunk\N{NO-BREAK SPACE}ID", "trunkid"),
        ("Trunk\N{ZERO WIDTH SPACE}ID\N{BYTE ORDER MARK}", "trunkid"),
        ("Trunk\N{EN DASH}ID", "trunkid"),
        ("\uff34runk\N{IDEOGRAPHIC SPACE}ID\N{FULLWIDTH ASTERISK}", "trunkid"),
        ("Número", "numero"),
        ("Nu\N{COMBINING ACUTE ACCENT}mero", "numero"),
        ("Domäne", "domane"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Nom d\N{RIGHT SINGLE QUOTATION MARK}hôte", "nomdhote"),
        ("DID号码\N{FULLWIDTH COLON}", "did号码"),
        ("Nr.", "nr"),
        ("#PBX", "#pbx"),
        ("Outbound proxy (on/off)", "outboundproxy(on/off)"),
        ("***", ""),
    ],
)
def test_what_makes_no_other_word_does_not_count(written: str, word: str) -> None:
    assert folded(written) == word


@pytest.mark.parametrize("column", [0, 25, 26, 51, 701, 702, 16383])
def test_letters_stand_for_the_column_that_they_name(column: int) -> None:
    assert column_of(letters(column)) == column
    assert column_of(letters(column).lower()) == column


@pytest.mark.parametrize(("rows", "text"), [([2], "2"), ([2, 3, 4], "2-4"), ([2, 4, 5, 9], "2, 4-5, 9"), ([], "")])
def test_row_numbers_are_written_shortly(rows: list[int], text: str) -> None:
    assert spans(rows) == text
