"""DIDs that a PBX never comes to, and DIDs that do not mean what they look like."""

from __future__ import annotations

import pytest

from batch.schema.problems import Problem
from tests.builders import book, check, sheet, workbook


def noticed(*dids: str, code: str, mode: str = "replace") -> list[Problem]:
    """Check rows of London, or of the trunk named before a ``|``, and return the notices of a kind."""
    rows = [did if "|" in did else f"London|{did}" for did in dids]
    given = book(["Name|DIDs mode", f"London|{mode}", f"Paris|{mode}"], dids=rows)
    problems = check(given)
    assert not [problem for problem in problems if problem.stops]
    return [problem for problem in problems if problem.code == code]


@pytest.mark.parametrize(
    ("dids", "cell", "message"),
    [
        (["X!", "441134960100"], "B2", "X! matches every call to 441134960100 first, so B3 never matches."),
        ([".", "44X", "441"], "B2", ". matches every call to 44X first, so B3 never matches. Nor does B4."),
        (["441", "44X", "442"], "B3", "44X matches every call to 442 first, so B4 never matches."),
        (["44x.", "44123[4-6]"], "B2", "44x. matches every call to 44123[4-6] first, so B3 never matches."),
        (
            ["4420794601XX", "442079460100-442079460109", "442079460100", "5"][:2],
            "B2",
            "4420794601XX matches every call to 442079460100 first, so B3 never matches.",
        ),
        (
            ["London|.", "Paris|1", "London|2", "Paris|3", "London|4"],
            "B2",
            ". matches every call to 2 first, so B4 never matches. Nor does B6.",
        ),
    ],
)
def test_a_pattern_above_what_it_takes_is_told(dids: list[str], cell: str, message: str) -> None:
    (notice,) = noticed(*dids, code="did-never-reached")
    assert (notice.cell, notice.value, notice.message) == (cell, dids[int(cell[1:]) - 2].split("|")[-1], message)
    assert notice.fix == (
        f"Move {notice.value} below the rows that must match before it: the PBX uses the first match."
    )
    assert notice.trunk == 2


@pytest.mark.parametrize(
    "dids",
    [
        ["441134960100", "X!"],
        ["441134960100", "44."],
        ["44[0-4]", "445"],
        ["44X", "44XX"],
        ["X!", "+44X"],
        ["London|.", "Paris|441134960100"],
    ],
)
def test_what_is_matched_by_itself_is_not_told(dids: list[str]) -> None:
    assert noticed(*dids, code="did-never-reached") == []


def test_a_list_that_says_what_goes_hides_nothing() -> None:
    assert noticed(".", "441", code="did-never-reached", mode="remove") == []


def test_rows_by_the_thousand_are_told_shortly() -> None:
    (notice,) = noticed(".", *(f"44{i:06d}" for i in range(4000)), code="did-never-reached")
    assert notice.message == (
        ". matches every call to 44000000 first, so B3 never matches. Nor do 3,999 more rows: 4-4002."
    )


@pytest.mark.parametrize(
    ("did", "digits"),
    [
        ("zentrale", "z as any digit 1-9 and n as any digit 2-9"),
        ("ZENTRALE", "z as any digit 1-9 and n as any digit 2-9"),
        ("line-next", "n as any digit 2-9 and x as any digit 0-9"),
        ("reception", "n as any digit 2-9"),
    ],
)
def test_a_word_whose_letters_stand_for_digits_is_told(did: str, digits: str) -> None:
    (notice,) = noticed(did, code="pattern-word")
    assert (notice.cell, notice.value) == ("B2", did)
    assert notice.message == f"The PBX reads {digits}, in upper or lower case, so {did} is a pattern, not a word."


@pytest.mark.parametrize("did", ["44X", "nxx.", "44[a-z]1", "1office", "ZXN"])
def test_a_pattern_or_a_word_without_its_letters_is_not_told(did: str) -> None:
    assert noticed(did, code="pattern-word") == []


@pytest.mark.parametrize("did", ["[+-X].", "44[*-9]", "44[A-z]", "44[1-X]"])
def test_a_bracket_from_one_kind_of_character_to_another_is_told(did: str) -> None:
    (notice,) = noticed(did, code="pattern-span")
    assert notice.value == did
    assert "matches any one character from" in notice.message


@pytest.mark.parametrize("did", ["44[0-9]", "44[A-F]", "44[a-f]", "44[*#]", "44[27-9]"])
def test_an_ordinary_bracket_is_not_told(did: str) -> None:
    assert noticed(did, code="pattern-span") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+442079460100", "02079460100"),
        ("02079460100", "+442079460100"),
        ("00442079460100", "+442079460100"),
        ("442079460100", "+442079460100"),
        ("00442079460100", "02079460100"),
        ("442079460100", "02079460100"),
        ("+12025550100", "02025550100"),
        ("+3532025550100", "02025550100"),
    ],
)
def test_one_number_in_two_notations_is_told_at_the_later_cell(one: str, other: str) -> None:
    (notice,) = noticed(f"London|{one}", f"Paris|{other}", code="did-notations")
    assert (notice.cell, notice.value) == ("B3", other)
    assert notice.message == (
        f"{other} and {one} (B2) look like one number in two formats; to the PBX they are two numbers."
    )


def test_many_numbers_in_two_notations_are_told_at_once() -> None:
    dids = [f"+44207946{i:04d}" for i in range(50)] + [f"0207946{i:04d}" for i in range(50)]
    (notice,) = noticed(*dids, code="did-notations")
    assert notice.message == (
        "02079460000 and +442079460000 (B2) look like one number in two formats; to the PBX they are two numbers. "
        "So do 49 more: rows 53-101."
    )


@pytest.mark.parametrize(
    "dids",
    [
        ["+442079460100", "+442079460101"],
        ["London|+442079460100", "Paris|+442079460100"],
        ["0100", "+44100"],
        ["+49", "0"],
    ],
)
def test_other_numbers_and_the_same_one_again_are_not_told(dids: list[str]) -> None:
    assert noticed(*dids, code="did-notations") == []


def test_caller_ids_that_a_pattern_takes_are_among_the_dids() -> None:
    given = workbook(
        sheet("Trunks", "Name|DIDs mode", "London|replace"),
        sheet("DIDs", "Trunk|DID", "London|+4420794601XX", "London|!!!!!!!!!!!8"),
        sheet(
            "Caller IDs",
            "Trunk|Option|Caller ID|Extensions",
            "London|shared|442079460199|1001",
            "London|shared|+33|1002",
            "London|shared|338|1003",
        ),
    )
    found = [problem for problem in check(given) if problem.code == "caller-id-not-a-did"]
    assert [problem.value for problem in found] == ["+33"]


def test_a_number_that_would_go_with_others_if_it_had_a_zero_is_told() -> None:
    (notice,) = noticed("02079460105", "2079460106", "442079460107", "2079460108-109", code="did-zero-lost")
    assert (notice.cell, notice.value) == ("B3", "2079460106")
    assert notice.message == (
        "2079460106 may have lost a 0 in front: others of its length begin with 020. The same goes for 1 other row: 5."
    )
    assert notice.fix == "Type 02079460106, if that is the number."


def test_numbers_of_other_lengths_or_beginnings_have_lost_no_zero() -> None:
    assert noticed("02079460105", "442079460106", "3079460106", "207946010", "0", "1", code="did-zero-lost") == []
    assert noticed("001142079460100", "01142079460100", code="did-zero-lost") == []
