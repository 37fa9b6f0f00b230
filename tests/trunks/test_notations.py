"""What stands in a cell where one number belongs: two never become one, and whatever is offered is taken."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from batch.schema.problems import Finding, Problem
from batch.trunks.numbers import NumberRange, parse_caller_id, parse_did
from tests.builders import check, read, sheet, workbook

SEPARATORS = [
    *(" ", "  ", "\u00a0", "\u2009", "\u202f", "\u2007", "\u3000", "\n", "\r\n", "\t", "\u2028", "\x0b"),
    *(",", ", ", ";", "; ", "/", " / ", "|", "&", " & ", "+", " + ", ".", "#", ":", "_", "=", "\\", "\u2022", "\u3001"),
    *(
        " and ",
        " und ",
        " et ",
        " y ",
        "\u548c",
        "and",
        "und",
        " or ",
        "\u200b",
        "\u200e",
        "\u00ad",
        "\ufeff",
        "\u2060",
    ),
]
COLUMNS = ["DIDs DID", "Caller IDs Caller ID", "Trunks Default caller ID"]


def checked(column: str, cell: str) -> list[Problem]:
    """Check a workbook with one cell of numbers, which stands in row 2, and return what is found at it."""
    title, _, label = column.partition(" ") if not column.startswith("Caller") else ("Caller IDs", "", "Caller ID")
    header: dict[str, str] = {"Trunks": "Name", "Caller IDs": "Trunk|Option|Extensions", "DIDs": "Trunk"}
    rest: dict[str, list[str]] = {
        "Trunks": ["London"], "Caller IDs": ["London", "shared", "1001"], "DIDs": ["London"]
    }  # fmt: skip
    sheets = [sheet("Trunks", "Name", "London")] if title != "Trunks" else []
    sheets.append(sheet(title, [*header[title].split("|"), label], [*rest[title], cell]))
    problems = check(workbook(*sheets))
    return [problem for problem in problems if problem.header == label and problem.stops]


def listed(column: str, cell: str) -> list[str]:
    """Check the same, and return the numbers that are taken, none if anything stands against it."""
    title, _, label = column.partition(" ") if not column.startswith("Caller") else ("Caller IDs", "", "Caller ID")
    header = {"Caller IDs": ["Trunk", "Option", label], "DIDs": ["Trunk", label]}[title]
    row = ["London", "shared", cell] if title == "Caller IDs" else ["London", cell]
    given = workbook(sheet("Trunks", "Name", "London"), sheet(title, header, row))
    _, found, problems = read(given)
    edits = found.trunks[0].lists.values()
    return [] if any(problem.stops for problem in problems) else [row.number for edit in edits for row in edit.rows]


numbers = st.tuples(
    st.sampled_from(["44207946", "+44207946", "0207946", "0044207946", "+4930231"]), st.integers(0, 9999)
).map(lambda made: f"{made[0]}{made[1]:04d}")


@pytest.mark.parametrize("column", COLUMNS)
@given(one=numbers, other=numbers, between=st.sampled_from(SEPARATORS), edge=st.sampled_from(["", " ", "'", "\u200b"]))
def test_two_numbers_never_become_one(column: str, one: str, other: str, between: str, edge: str) -> None:
    cell = f"{edge}{one}{between}{other}{edge}"
    found = checked(column, cell)
    if not found:
        assert not column.startswith("Trunks"), "it must not be taken"
        assert listed(column, cell) == [one, other] or one == other
        return
    glued = re.sub(r"[^0-9]", "", one + other)
    for problem in found:
        said = f"{problem.fix} {' '.join(problem.offers)}"
        assert glued not in re.sub(r"(?<=[0-9])[ +](?=[0-9])", "", said.replace("..", " | "))
    if {"did-twice", "caller-id-twice"} & {problem.code for problem in found}:
        assert one == other
        return
    assert [problem.code for problem in found] == ["many-numbers"]
    advice = "keep the one that is meant" if column.startswith("Trunks") else "put each in a row of its own"
    assert f"{advice}: {one}; {other}".casefold() in found[0].fix.casefold()


@pytest.mark.parametrize("column", ["DIDs DID", "Caller IDs Caller ID"])
@pytest.mark.parametrize(
    "between", [",", ";", "\n", "\r\n", " and ", " und ", " y ", " ", "\u00a0", "\t", " / ", "\n\u2022 ", " & "]
)
def test_numbers_in_full_beside_each_other_are_as_many_entries(column: str, between: str) -> None:
    numbers = ["442079460100", "442079460101", "442079460105"]
    for address in ("tel:{}", "sip:{}@carrier.example", "tel:{};ext=12"):
        assert listed(column, between.join(map(address.format, numbers))) in ([], numbers)
    assert listed(column, between.join(numbers)) == numbers
    assert listed(column, between.join(["+442079460100", "02079460101", "+4930231250"])) == [
        "+442079460100",
        "02079460101",
        "+4930231250",
    ]


entries = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["44207946", "+44207946", "0207946", "0044207946"]), st.integers(0, 9999)).map(
            lambda made: f"{made[0]}{made[1]:04d}"
        ),
        st.integers(0, 9_999).map(str),
        st.integers(10**6, 10**15 - 1).map(str),
    ),
    min_size=1,
    max_size=6,
)
between = st.sampled_from(
    [
        *SEPARATORS,
        ",",
        ";",
        "\r\n",
        "\n\n",
        " ; ",
        " und ",
        " et ",
        " y ",
        "/",
        "\n- ",
        "\n\u2022 ",
        " & ",
        "\u3001",
        " | ",
    ]
)


@given(texts=entries, separators=st.lists(between, min_size=5, max_size=5), edge=st.sampled_from(["", " ", "\n", ";"]))
def test_numbers_with_anything_between_are_exactly_these_or_a_problem(
    texts: list[str], separators: list[str], edge: str
) -> None:
    used = separators[: len(texts) - 1]
    # between a few digits, a blank or a dot may belong to one number
    assume(min(map(len, texts)) >= 7 or all(re.search(r"[,;|\n&\u2022\u3001]", one) for one in used))
    cell = "".join(part for pair in zip(texts, [*used, ""], strict=True) for part in pair)
    assert listed("DIDs DID", f"{edge}{cell}{edge}") in ([], texts)


@pytest.mark.parametrize(
    "text",
    [
        "tel:442079460100\ntel:442079460101",
        "1) 442079460100\n2) 442079460101",
        "1. 442079460100; 2. 442079460101",
        "- 442079460100\n- 442079460101",
        "* 442079460100\n* 442079460101",
        "\u2022 442079460100 \u2022 442079460101",
        "442079460100;442079460101;",
        "\n442079460100\n\n442079460101\n",
        "442079460100/442079460101",
        "442079460100-101",
    ],
)
def test_what_stands_around_the_numbers_of_a_list_is_no_part_of_them(text: str) -> None:
    found = listed("DIDs DID", text)
    assert found == ["442079460100", "442079460101"]


@pytest.mark.parametrize(
    ("header", "cells", "cell"),
    [
        ("DID", ["442070000000-442070009999; 442080000000"], "B2"),
        ("DID", ["; ".join(f"442{i:09d}" for i in range(10_001))], "B2"),
        ("DID 1|DID 2", ["442070000000-442070009999", "442080000000"], "C2"),
    ],
)
def test_a_row_holds_ten_thousand_numbers_at_most(header: str, cells: list[str], cell: str) -> None:
    given = workbook(sheet("Trunks", "Name", "London"), sheet("DIDs", f"Trunk|{header}", ["London", *cells]))
    (problem,) = [problem for problem in check(given) if problem.stops]
    assert problem.cell == cell
    assert problem.code in {"range-too-long", "too-long"}


def test_three_hundred_numbers_are_told_in_a_line() -> None:
    numbers = [f"44207946{i:04d}" for i in range(0, 900, 3)]
    for between in (",", "\n", " "):
        given = workbook(
            sheet("Trunks", "Name", "London"), sheet("DIDs", ["Trunk", "DID"], ["London", between.join(numbers)])
        )
        (notice,) = [problem for problem in check(given) if problem.sheet == "DIDs"]
        assert (notice.code, notice.message) == (
            "list-expanded",
            "300 numbers in B2: 442079460000 \u2026 442079460897.",
        )
        assert listed("DIDs DID", between.join(numbers)) == numbers


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("442079460100, 101, 102", ("442079460100", "442079460101", "442079460102")),
        ("442079460100\n101", ("442079460100", "442079460101")),
        ("442079460100; 2079460101", ("442079460100", "2079460101")),
        ("4001, 4002", ("4001", "4002")),
        ("+44 20 7946 0100, +44 20 7946 0101", ("+442079460100", "+442079460101")),
        ("442079460100/442079460199", ("442079460100", "442079460199")),
        ("0207946\n0100123", ("0207946", "0100123")),
        ("442079460100, 101-105", ()),
        ("442079460100 or 442079460101", ()),
        ("442079460100 Reception\n442079460101 Sales", ()),
        ("442079460100, 12345", ()),
        ("+44 02079460100, +44 02079460101", ()),
    ],
)
def test_a_list_that_is_not_sure_is_one_problem_with_what_would_be_read(text: str, reading: tuple[str, ...]) -> None:
    (problem,) = checked("DIDs DID", text)
    assert (problem.reading, listed("DIDs DID", text)) == (reading, [])
    for number in reading:
        assert number in problem.message
    assert ("--accept lists" in problem.fix) == bool(reading)


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("441134960100, 441134960101 / 441134960102 and 441134960103", 4),
        ("+44 20 7946 0100 +44 20 7946 0101", 2),
        ("020 7946 0100 020 7946 0101", 2),
        ("020 7946 0100, 020 7946 0101; 020 7946 0105", 3),
        ("PRIMARY|123-456-7890,123-215-4876", 2),
        ("0301234 0301235", 2),
        ("030 1234 030 1235", 2),
        ("1001 1002 1003", 3),
        ("101,102", 2),
        ("+44 (0)20 7946 0100/+44 (0)20 7946 0101", 2),
        ("441134960120-129, 441134960150", 2),
        ("442079460100 442079460105 (Sales)", 2),
        ("1) 442079460100 2) 442079460105", 2),
        ("442079460100 (442079460101)", 2),
        ("442079460100|442079460199", 2),
    ],
)
def test_numbers_in_groups_are_told_from_each_other(text: str, listed: int) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert (found.code, found.message[:20]) == ("many-numbers", f"The cell contains {listed} ")
    each = found.fix.removeprefix("Put each in a row of its own: ").partition("; or, ")[0].rstrip(".").split("; ")
    assert not [number for number in each if isinstance(parse_did(number), Finding)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("02/6330101", "026330101"),
        ("030/231250", "030231250"),
        ("020 7946 0100", "02079460100"),
        ("(020) 7946 0100", "02079460100"),
        ("+44 20 7946 0100", "+442079460100"),
        ("+44 2079460100", "+442079460100"),
        ("01 23 45 67 89", "0123456789"),
        ("202 555 0100", "2025550100"),
        ("+44\u200920\u20097946\u20090100", "+442079460100"),
        ("44 20 7946 XXXX", "44207946XXXX"),
        ("0171/123 45-67", "01711234567"),
    ],
)
def test_one_number_in_groups_is_offered_whole(text: str, number: str) -> None:
    for parse in (parse_did, parse_caller_id):
        found = parse(text)
        assert isinstance(found, Finding)
        assert found.offers[0] == number


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("02079460100 x 100", "02079460100", "02079460199"),
        ("02079460100 X 100", "02079460100", "02079460199"),
        ("02079460100 \u00d7 10", "02079460100", "02079460109"),
        ("100 x 02079460100", "02079460100", "02079460199"),
        ("02079460200 (100)", "02079460200", "02079460299"),
        ("02079460200(100)", "02079460200", "02079460299"),
        ("020 7946 0200 (100 DIDs)", "02079460200", "02079460299"),
        ("02079460300 + 99", "02079460300", "02079460399"),
        ("02079460300+99", "02079460300", "02079460399"),
        ("+44 20 7946 0300 +99", "+442079460300", "+442079460399"),
        ("02079460200 (x100)", "02079460200", "02079460299"),
        ("02079460200 100 numbers", "02079460200", "02079460299"),
        ("02079460400 / 499", "02079460400", "02079460499"),
        ("1234500-99", "1234500", "1234599"),
        ("02079460400/499", "02079460400", "02079460499"),
        ("100 numbers starting at 02079460500", "02079460500", "02079460599"),
        ("02079460500, 100 numbers", "02079460500", "02079460599"),
        ("Block of 10 from +44 20 7946 0500", "+442079460500", "+442079460509"),
        ("100 Nummern ab 02079460500", "02079460500", "02079460599"),
        ("100 num\u00e9ros \u00e0 partir de 02079460500", "02079460500", "02079460599"),
        ("100 n\u00fameros desde 02079460500", "02079460500", "02079460599"),
        ("\u4ece 02079460500 \u5f00\u59cb 100 \u4e2a", "02079460500", "02079460599"),
        ("02/6330102 - 02/6330103", "026330102", "026330103"),
        ("442079460100 bis 442079460199", "442079460100", "442079460199"),
        ("+44 20 7946 0100 - 0199", "+442079460100", "+442079460199"),
        ("+44 (0)20 7946 0100 - +44 (0)20 7946 0199", "+442079460100", "+442079460199"),
        ("03023125 00-29", "0302312500", "0302312529"),
        ("030/23125 00-29", "0302312500", "0302312529"),
        ("030 23125 (00-99)", "0302312500", "0302312599"),
        ("0207946(0100-0199)", "02079460100", "02079460199"),
        ("0207946{0100-0199}", "02079460100", "02079460199"),
        ("0207946 0100-0199", "02079460100", "02079460199"),
        ("020 7946 0100/0199", "02079460100", "02079460199"),
        ("from 02079460100 to 02079460199", "02079460100", "02079460199"),
        ("von 02079460100 bis 02079460199", "02079460100", "02079460199"),
        ("de 02079460100 \u00e0 02079460199", "02079460100", "02079460199"),
        ("desde 02079460100 hasta 02079460199", "02079460100", "02079460199"),
        ("\u4ece02079460100\u523002079460199", "02079460100", "02079460199"),
        ("between 02079460100 and 02079460199", "02079460100", "02079460199"),
        ("02079460100 up to 02079460199", "02079460100", "02079460199"),
        ("DDIs 01632 960100 - 149", "01632960100", "01632960149"),
        ("tranche 0144556600 - 0144556699", "0144556600", "0144556699"),
        ("Numbers: 01632 960100 to 149", "01632960100", "01632960149"),
        ("02079460[00-99]", "0207946000", "0207946099"),
        ("44207946[0100-0199]", "442079460100", "442079460199"),
        ("070-3456700 t/m 070-3456799", "0703456700", "0703456799"),
        ("van 070-3456700 tot en met 070-3456799", "0703456700", "0703456799"),
        ("070 345 67 00 t/m 99", "0703456700", "0703456799"),
        ("dal 02 1234500 al 02 1234599", "021234500", "021234599"),
        ("02 1234500 fino a 02 1234599", "021234500", "021234599"),
        ("01 44 55 66 00 jusqu'\u00e0 01 44 55 66 99", "0144556600", "0144556699"),
        ("030 23125-00 bis 030 23125-99", "0302312500", "0302312599"),
        ("030 23125-00 bis -99", "0302312500", "0302312599"),
        ("030 23125-00 \u2013 -99", "0302312500", "0302312599"),
        ("02079460100 -> 02079460199", "02079460100", "02079460199"),
        ("02079460100 \u2192 199", "02079460100", "02079460199"),
        ("02079460100 - 02079460199 (100 numbers)", "02079460100", "02079460199"),
        ("02079460100*10", "02079460100", "02079460109"),
        ("02079460100 (block of 100)", "02079460100", "02079460199"),
        ("02079460100 (10er-Block)", "02079460100", "02079460109"),
        ("02079460100 100er Block", "02079460100", "02079460199"),
        ("02079460100 + 9 more", "02079460100", "02079460109"),
        ("02079460100 plus 99", "02079460100", "02079460199"),
        ("02079460100 and the next 9", "02079460100", "02079460109"),
        ("ten numbers from 02079460100", "02079460100", "02079460109"),
        ("hundert Nummern ab 02079460100", "02079460100", "02079460199"),
    ],
)
def test_a_count_or_a_written_range_offers_the_first_and_the_right_last(text: str, first: str, last: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    spans = [span for span in map(parse_did, found.offers) if isinstance(span, NumberRange)]
    assert spans == [NumberRange(first, last)]
    assert found.offers[[isinstance(parse_did(offer), NumberRange) for offer in found.offers].index(True)] in found.fix


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("O2O79460100", "02079460100"),
        ("44207946O1OO", "442079460100"),
        ("44207946l00", "44207946100"),
        ("++442079460100", "+442079460100"),
        ("00+442079460100", "+442079460100"),
        ("+0044 20 7946 0100", "+442079460100"),
        ("+44+2079460100", "+442079460100"),
        ("+(44)2079460100", "+442079460100"),
        ("(02079460100)", "02079460100"),
        ("[442079460100]", "442079460100"),
        ("020.7946.0100", "02079460100"),
        ("02079460100-", "02079460100"),
        ("-02079460100", "02079460100"),
        ("442079460100.", "442079460100"),
        ("1) 442079460100", "442079460100"),
        ("#442079460100", "442079460100"),
        ("# +442079460100", "+442079460100"),
        ("2. 020 7946 0100", "02079460100"),
    ],
)
def test_a_sign_or_letter_that_no_call_has_is_a_problem_and_goes(text: str, number: str) -> None:
    for parse in (parse_did, parse_caller_id):
        found = parse(text)
        assert isinstance(found, Finding)
        assert (found.code, found.offers[0]) == ("number-signs", number)


@pytest.mark.parametrize(
    "text", ["reception", "4420794601.", "(20).7946", "44[27-9].", "*98#", "X!", "anonymous1", "O2", "office-1"]
)
def test_patterns_and_words_keep_their_signs(text: str) -> None:
    assert parse_did(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Main: 442079460100", "442079460100 (Reception)", "Reception 44 20 7946 0100", "DID: 442079460100",
        "442079460100 - London", "442079460100,", "<tel:442079460100>", "sip:442079460100@newtel.example",
        "442079460100 Durchwahl 12", "442079460100 DW 12", "442079460100 poste 12", "442079460100 #12",
    ],
)  # fmt: skip
def test_one_number_among_words_is_offered(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert found.offers == ("442079460100",)


@pytest.mark.parametrize(
    "text", ["030 23125-XX", "XX 442079460100", "442079460100 at 12", "0207946010?", "Nx2079460100"]
)
def test_a_number_beside_what_may_belong_to_it_is_not_offered_alone(text: str) -> None:
    found = parse_did(text)
    assert not isinstance(found, Finding) or not {"03023125", "442079460100", "0207946010"} & set(found.offers)


@pytest.mark.parametrize("between", [", ", ";", " & ", " and "])
def test_numbers_by_their_last_digits_are_listed_in_full(between: str) -> None:
    (problem,) = checked("DIDs DID", between.join(["442079460100", "105", "111"]))
    assert problem.fix.startswith("Put each in full in a row of its own: 442079460100; 442079460105; 442079460111.")


@pytest.mark.parametrize("text", ["442079460100-109", "+442079460100-0109", "442079460100..109", "442079460100 to 109"])
def test_a_short_range_is_no_caller_id(text: str) -> None:
    found = parse_caller_id(text)
    assert isinstance(found, Finding)
    assert found.code == "many-numbers"


@pytest.mark.parametrize("text", ["yes", "no", "On", "ja", "oui", "s\u00ed", "\u662f"])
def test_yes_and_no_are_no_numbers(text: str) -> None:
    for parse in (parse_did, parse_caller_id):
        found = parse(text)
        assert isinstance(found, Finding)
        assert found.message == "The cell contains yes or no instead of a number."


def test_a_line_break_between_the_ends_of_a_caller_id_range_offers_the_range() -> None:
    row = ["London", "range", "442079460100\n442079460109", "1001-1010"]
    given = workbook(
        sheet("Trunks", "Name", "London"), sheet("Caller IDs", ["Trunk", "Option", "Caller ID", "Extension range"], row)
    )
    (problem,) = [p for p in check(given) if p.stops]
    assert (problem.code, problem.offers) == ("range-malformed", ("442079460100-442079460109",))


@pytest.mark.parametrize("text", ["030/23125-0", "030 23125-0", "03023125-0", "030.23125-0", "030/23125/0"])
def test_a_head_number_and_its_zero_is_one_number_and_no_range(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert found.offers[0] == "030231250"
    assert not [offer for offer in found.offers if isinstance(parse_did(offer), NumberRange)]


def test_a_head_number_with_a_block_of_extensions_names_both_readings() -> None:
    found = parse_did("03023125 00-29")
    assert isinstance(found, Finding)
    assert found.fix == "For one number type 030231250029; for a range type 0302312500..0302312529."


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("_0207946XXXX", "0207946XXXX"),
        ("_+44207946XXXX", "+44207946XXXX"),
        ("_X.", "X."),
        ("_nxx[2-9]!", "nxx[2-9]!"),
        ("_[2,3]XX", "[23]XX"),
        ("[2,3]XX", "[23]XX"),
        ("[2, 3]XX", "[23]XX"),
        ("44[1;3-5]X", "44[13-5]X"),
        ("44[2|3]X", "44[23]X"),
    ],
)
def test_a_pattern_as_a_dial_plan_has_it_is_offered_as_the_pbx_has_it(text: str, offer: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert (found.code, found.offers) == ("bad-characters", (offer,))
    assert found.fix == (f"Type {offer} with its dot." if offer.endswith(".") else f"Type {offer}.")


@pytest.mark.parametrize(
    "text", ["(0)" * 40, "+44" + "(0)" * 300, "(0)" * 2_000, "1" * 1_001, "1 " * 600, "x(0)" * 500]
)
def test_a_cell_full_of_anything_is_a_problem_that_stays_short(text: str) -> None:
    for parse in (parse_did, parse_caller_id):
        found = parse(text)
        assert isinstance(found, Finding)
        assert len(found.message) + len(found.fix) < 400


spoiled = st.one_of(
    st.text("0123456789+-/(). ", max_size=24),
    st.text("0123456789+-/().,;|&xXzZnN[]_#*=\"' \u00a0\u200b\n\t\u2013", max_size=24),
    st.lists(
        st.sampled_from(
            ["+44", "020", "7946", "0100", "(0)", "-", "/", " ", "..", "to", "x", "100", "ext", "[2,3]", "_"]
        ),
        max_size=8,
    ).map("".join),
)
OTHER_DIGITS = {"number-count", "trunk-prefix", "extension-behind", "cell-fraction", "number-signs"}
"""Kinds of problem whose offers have other digits than the cell on purpose."""


@pytest.mark.parametrize("parse", [parse_did, parse_caller_id])
@given(text=spoiled)
def test_every_offer_is_taken_and_has_the_digits_of_the_cell(parse: type[str], text: str) -> None:
    found = parse(text)
    if not isinstance(found, Finding):
        return
    for offer in found.offers:
        taken = parse(offer)
        assert not isinstance(taken, Finding)
        assert offer.isprintable()
        assert offer in found.fix
        if isinstance(taken, str) and found.code not in OTHER_DIGITS:
            assert re.sub("[^0-9]", "", offer) == re.sub("[^0-9]", "", text)


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("+44 (020) 7946 0100", ("+442079460100", "02079460100")),
        ("+44 020 7946 0100", ("+442079460100", "02079460100")),
        ("+44 0 20 7946 0100", ("+442079460100", "02079460100")),
        ("(+44) 020 7946 0100", ("+442079460100", "02079460100")),
        ("0044 020 7946 0100", ("00442079460100", "02079460100")),
        ("+49 (030) 23125-0", ("+4930231250", "030231250")),
        ("+33 01 70 18 00 00", ("+33170180000", "0170180000")),
        ("+39 06 1234 5678", ("+390612345678",)),
        ("+39 (0) 06 1234 5678", ("+390612345678",)),
        ("+44 (0) 0207 946 0102", ("+442079460102", "02079460102")),
        ("+49 (0)030 23125000", ("+493023125000", "03023125000")),
    ],
)
def test_the_zero_of_a_number_inside_its_country_is_not_offered_behind_the_country_that_has_none(
    text: str, offers: tuple[str, ...]
) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert found.offers == offers


@pytest.mark.parametrize(
    "text",
    [
        *("020794601%", "02079460100 ff", "02079460100 ff.", "02079460100 etc.", "02079460100 usw."),
        *("02079460100 onwards", "02079460100 und folgende", "02079460100 y siguientes", "02079460100 et suivants"),
        *("\u2084\u20842079460100", "442079460100\xb2"),
    ],
)
def test_a_number_beside_what_stands_for_more_is_not_offered_alone(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert found.offers == ()


@pytest.mark.parametrize("text", ["912345600 a 912345699", "912345600 a la 912345699", "912 34 56 00 a 99"])
def test_a_spanish_range_is_no_two_numbers(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert found.offers == ("912345600..912345699",)


@pytest.mark.parametrize("text", ["0207 946 0100/01/02", "0207 946 0100/1/2", "0207 946 0100 / 101 / 102"])
def test_several_ends_behind_slashes_are_numbers_of_their_own_and_no_one_number(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert found.code == "many-numbers"
    assert found.fix.startswith("Put each in full in a row of its own: 02079460100; 02079460101; 02079460102")
    assert found.offers == ("02079460100..02079460102",)


@pytest.mark.parametrize(
    "text",
    ["442079460100, 442079460150", "442079460100, 150", "442079460100 " * 90, "441134 442079460100", "02/6330101/05"],
)
def test_a_default_caller_id_is_never_told_to_take_a_row_for_each_number(text: str) -> None:
    (problem,) = checked("Trunks Default caller ID", text)
    assert "row" not in problem.fix
    assert "range" not in problem.fix
    assert ".." not in problem.fix


@pytest.mark.parametrize("text", ["0207 946 0100 / 0109", "0207946 0100-0109", "02079460100 x 100", "0301234-40"])
def test_a_caller_id_that_is_shown_is_never_told_to_be_a_range(text: str) -> None:
    for problem in checked("Caller IDs Caller ID", text):
        assert ".." not in problem.fix


@pytest.mark.parametrize("country", ["+44 ", "+44", "0044 ", "+49 ", "0033 "])
@pytest.mark.parametrize("between", [" / ", ", ", "; ", " and ", "\n"])
def test_numbers_of_a_list_are_not_repeated_with_the_zero_of_their_country(country: str, between: str) -> None:
    (problem,) = checked("DIDs DID", f"{country}02079460100{between}{country}02079460101")
    assert problem.code == "many-numbers"
    assert "without the 0 after the country code" in problem.fix
    assert "02079460100" not in problem.fix
    assert problem.offers == ()


def test_the_zero_of_italian_numbers_stays_in_a_list() -> None:
    (problem,) = checked("DIDs DID", "+39 0612345678, +39 0612345679")
    assert problem.fix.startswith("Put each in a row of its own: +390612345678; +390612345679")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("text", ["[0-9", "4420[0-9", "44207946010[0-4", "44207946010]", "4420[0-4]0-4]", "44[2[3]"])
def test_a_bracket_without_its_partner_is_said_to_be_that(column: str, text: str) -> None:
    (problem,) = checked(column, text)
    assert problem.message == f"{text} has an opening or closing bracket without the other."
    assert problem.offers == ()


@pytest.mark.parametrize("text", ["02/6330101/05", "030/2312501/10", "0207/946010/19"])
def test_an_end_behind_a_second_slash_offers_nothing(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert (found.code, found.offers) == ("number-count", ())


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("00(44)2079460100", "00442079460100"),
        ("+(44)2079460100", "+442079460100"),
        ("00(49)30231250", "004930231250"),
        ("00(351)210123456", "00351210123456"),
    ],
)
def test_a_country_in_brackets_is_never_sent_with_them(column: str, text: str, offer: str) -> None:
    (problem,) = checked(column, text)
    assert problem.offers == (offer,)


@pytest.mark.parametrize("text", ["+49 30 23125 0..99", "030 23125-0 bis 99", "030 23125 0 to 99", "030 23125 00..199"])
def test_an_end_that_is_longer_than_the_last_group_of_the_first_is_no_range_of_other_numbers(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert not [offer for offer in found.offers if ".." in offer]


@pytest.mark.parametrize("text", ["+49 30 23125 00..99", "030 23125-00 bis 99", "0302312500 .. 99"])
def test_an_end_as_long_as_the_last_group_makes_a_range(text: str) -> None:
    found = parse_did(text)
    spans = [found] if isinstance(found, NumberRange) else [parse_did(o) for o in found.offers]  # type: ignore[union-attr]
    assert [str(span)[-2:] for span in spans] == ["99"]


@pytest.mark.parametrize("column", ["DIDs DID", "Caller IDs Caller ID"])
@pytest.mark.parametrize(
    "text",
    [
        *("030 23125-0 bis 030 23125-99", "030 23125-0 to 030 23125-99", "030 23125-0 \u00e0 030 23125-99"),
        *("030/23125-0 bis -99", "030 23125-0\u2026-99", "+49 30 23125-0 bis +49 30 23125-99", "030 23125-0 .. 99"),
        *("020 7946 0199 to 020 7946 0100", "070-3456799 t/m 070-3456700", "442079460100 -> 1001"),
        *("442079460100 \u2192 101", "020 7946 0100 > 2001"),
    ],
)
def test_a_range_without_a_first_and_a_last_number_is_not_told_to_be_two_numbers(column: str, text: str) -> None:
    (problem,) = checked(column, text)
    assert problem.offers == ()
    assert "row of its own" not in problem.fix
    assert "looks like a range" in problem.message


@pytest.mark.parametrize("dash", ["-", "\u2013", " \u2013 ", " - "])
def test_what_has_two_dashes_in_a_row_is_not_glued(dash: str) -> None:
    for cell in (f"030 23125-00{dash}-99", f"030 23125-0{dash}-99"):
        for problem in checked("DIDs DID", cell):
            assert "23125099" not in f"{problem.fix}{problem.offers}"
            assert "231250099" not in f"{problem.fix}{problem.offers}"


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("mark", ["*", "**", " *", "(*)", " (*)", "#", "\u2020", " \u2021", "\xa7"])
@pytest.mark.parametrize("number", ["442079460105", "+44 20 7946 0105", "020 7946 0105"])
def test_the_mark_of_a_footnote_is_no_part_of_a_number(column: str, number: str, mark: str) -> None:
    (problem,) = checked(column, f"{number}{mark}")
    assert (problem.code, problem.offers[0]) == ("number-signs", number.replace(" ", ""))


@pytest.mark.parametrize("did", ["*72", "72*", "#31#", "4420794*", "44207946XXXX#", "[0-9]*"])
def test_stars_and_hashes_of_short_numbers_and_patterns_are_left_alone(did: str) -> None:
    assert parse_did(did) == did


@pytest.mark.parametrize(
    ("did", "offers"),
    [
        ("02079460[00-99]", ("0207946000..0207946099", "02079460XX")),
        ("44207946[10-29]", ("4420794610..4420794629",)),
        ("44207946[00-99]X", ("44207946XXX",)),
        ("+44[20-79]!", ()),
        ("01 44 55 66 [00-99]", ()),
        ("212-555-01[00-99]", ()),
        ("212555****", ("212555XXXX",)),
        ("442079460108**", ("442079460108", "442079460108XX")),
        ("02219876...", ("02219876.",)),
    ],
)
def test_a_pattern_that_does_not_mean_what_it_looks_like_is_asked_about(did: str, offers: tuple[str, ...]) -> None:
    found = parse_did(did)
    assert isinstance(found, Finding)
    assert found.offers == offers
    assert "[00-99]" not in found.fix


@pytest.mark.parametrize(
    "did", ["44207946[0-49]", "44207946010[1-35]", "4420794[1-3][0-9]", "44[135]", "02219876.", "44!"]
)
def test_brackets_and_dots_that_stand_for_one_place_are_left_alone(did: str) -> None:
    assert parse_did(did) == did


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("text", ["-105", "--105", "..104", "...104", "\u2026103"])
def test_the_end_of_a_number_is_no_number(column: str, text: str) -> None:
    (problem,) = checked(column, text)
    assert (problem.code, problem.offers) == ("number-signs", ())
    assert problem.fix == "Type the number in digits only, with a + in front if the carrier sends one."
