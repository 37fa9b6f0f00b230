"""What was done to numbers on the way: repaired and told, asked about with an offer, or lost."""

from __future__ import annotations

import datetime as dt

import pytest

from batch.readers import number_formats
from batch.readers.workbook import CellError, CellValue, NoValue
from batch.schema.column_model import CellKind, Column
from batch.schema.columns import CALLER_IDS, DIDS, TRUNKS
from batch.tables.cells import MAX_TOLD, ColumnPlace, ColumnTexts, texts_of
from batch.tables.repairs import repaired

DID = DIDS.column("did")
DID_NAME = DIDS.column("did_name")
EXTENSIONS = CALLER_IDS.column("extensions")
RANGE = CALLER_IDS.column("outbound_cid_to_ext_range")
PORT = TRUNKS.column("port")
TRUNK_NAME = TRUNKS.column("name")


def read(
    column: Column, *values: CellValue, look: str = "", formulas: dict[int, str] | None = None, date_format: str = ""
) -> ColumnTexts:
    """Read a column from row 2 down, of which the first cell has a number format."""
    mask = look or date_format
    place = ColumnPlace(
        sheet_name="Sheet",
        column=column,
        position=1,
        header=column.label,
        first_row=2,
        formats={2: mask} if mask else {},
        formulas=formulas or {},
    )
    return texts_of(place, list(values))


@pytest.mark.parametrize(
    ("typed", "taken", "words"),
    [
        ("'+442079460100", "+442079460100", "The apostrophe in front was removed."),
        ("\u2019+442079460100", "+442079460100", "The apostrophe in front was removed."),
        ("+44\u00a020\u202f7946\u20070100", "+442079460100", "Non-breaking spaces were removed."),
        ("\u200b+442079\u200b460100\ufeff", "+442079460100", "Invisible characters were removed."),
        ("\u202a+442079460100\u202c", "+442079460100", "Invisible characters were removed."),
        ("+44207946\u00ad0100", "+442079460100", "Invisible characters were removed."),
        (" +442079460100\t", "+442079460100", "Spaces before or after the value were removed."),
        (
            "\uff0b\uff14\uff14\uff12",
            "+442",
            "Digits or signs of another script or width were changed into ordinary ones.",
        ),
        (
            "+\u0664\u0664\u0662\u0660",
            "+4420",
            "Digits or signs of another script or width were changed into ordinary ones.",
        ),
        ("tel:+442079460100", "+442079460100", "The tel: in front was removed."),
        ("TEL:02079460100", "02079460100", "The tel: in front was removed."),
        ("442079460100.0", "442079460100", "The .0 at the end was removed."),
        ("442079460100,00", "442079460100", "The .0 at the end was removed."),
    ],
)
def test_what_nobody_typed_is_taken_off_a_number_and_told(typed: str, taken: str, words: str) -> None:
    found = read(DID, typed)
    (notice,) = found.problems
    assert found.texts == [taken]
    assert (notice.code, notice.stops, notice.value, notice.message) == ("cell-repaired", False, typed, words)
    assert notice.offers == (taken,)


@pytest.mark.parametrize("between", ["\u200b", "\u200e", "\u00ad", "\ufeff", "\u2060", "\u00a0", "\u202f", "\u2007"])
@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        (DID, "442079460100", "442079460101"),
        (DID, "1001", "1002"),
        (DID, "44207946XXXX", "44207947XXXX"),
        (EXTENSIONS, "101", "102"),
        (PORT, "50", "61"),
        (TRUNK_NAME, "1", "2"),
        (DIDS.column("trunk"), "1", "2"),
        (TRUNKS.column("username"), "442079460100", "442079460101"),
    ],
)
def test_what_stood_between_two_numbers_leaves_a_blank(column: Column, one: str, between: str, other: str) -> None:
    assert read(column, f"{one}{between}{other}").texts == [f"{one} {other}"]


@pytest.mark.parametrize("between", ["\u200b", "\u00a0", "\u202f"])
def test_what_stood_between_the_groups_of_one_number_leaves_nothing(between: str) -> None:
    assert read(DID, between.join(["+44", "20", "7946", "0100"])).texts == ["+442079460100"]
    assert read(DID, between.join(["020", "7946", "0100"])).texts == ["02079460100"]


def test_a_port_may_have_its_thousands_apart() -> None:
    assert read(PORT, "5\u202f060").texts == ["5060"]


@pytest.mark.parametrize(
    "typed", ["'alaw','ulaw'", '"alaw", "ulaw"', "\u201calaw\u201d,\u201culaw\u201d", "`alaw`,`ulaw`"]
)
def test_quotes_around_the_words_of_a_list_are_all_taken_off(typed: str) -> None:
    found = read(TRUNKS.column("codec_sel"), typed)
    assert found.texts[0].replace(" ", "") == "alaw,ulaw"
    assert [problem.code for problem in found.problems] == ["cell-repaired"]


@pytest.mark.parametrize(
    ("cell", "code", "fix"),
    [
        ("+44 20\n7946 0100", "cell-line-break", "Type +442079460100."),
        ("442079460100\nSales", "cell-line-break", "Type the value again, on one line."),
    ],
)
def test_a_line_break_in_a_number_says_what_can_be_typed(cell: str, code: str, fix: str) -> None:
    found = read(DID, cell)
    (problem,) = found.problems
    assert found.texts == [""]
    assert (problem.code, problem.fix, problem.value) == (code, fix, cell)


def test_every_repair_of_a_cell_is_told_in_one_notice() -> None:
    found = read(DID, "\u00a0'tel:+44\u200b20 ")
    (notice,) = found.problems
    assert found.texts == ["+4420"]
    assert notice.message == (
        "Invisible characters were removed. Non-breaking spaces were removed. "
        "Spaces before or after the value were removed. The apostrophe in front was removed. "
        "The tel: in front was removed."
    )


@pytest.mark.parametrize("text", ["+442079460100", "0207", "44X.", "44[27-9]", "442079460100-442079460109", ""])
def test_sound_numbers_and_patterns_are_left_alone_without_a_word(text: str) -> None:
    assert (read(DID, text).texts, read(DID, text).problems) == ([text], [])


@pytest.mark.parametrize("text", ["Zo\u00eb\u2019s desk", "'t Zand", "tel:anna", "Room 1.0", "\u0663 desks", "No. #4"])
def test_a_name_that_people_read_keeps_what_may_be_meant(text: str) -> None:
    assert (read(DID_NAME, text).texts, read(DID_NAME, text).problems) == ([text], [])


def test_a_name_keeps_its_blanks_as_ordinary_ones() -> None:
    found = read(DID_NAME, "Front\u00a0desk")
    assert (found.texts, [p.message for p in found.problems]) == (
        ["Front desk"],
        ["Non-breaking spaces were changed into ordinary ones."],
    )


@pytest.mark.parametrize("text", ["4.42E+11", "4,42E+11", "4.42e11", "1E+05"])
def test_a_shortened_number_is_lost_also_as_text(text: str) -> None:
    found = read(DID, text)
    (problem,) = found.problems
    assert found.texts == [""]
    assert (problem.code, problem.stops, problem.value, problem.offers) == ("cell-number-lost", True, text, ())
    assert "type the full number again from its source" in problem.fix


@pytest.mark.parametrize("value", [4420794601001234.0, "4420794601001234.0", 1e15])
def test_more_than_15_digits_are_lost(value: CellValue) -> None:
    (problem,) = read(DID, value).problems
    assert (problem.code, problem.stops, problem.offers) == ("cell-number-lost", True, ())
    assert problem.message == "The number has more than 15 digits, so the spreadsheet has changed the last ones."


@pytest.mark.parametrize(
    "value", [CellError("#N/A"), "#N/A", CellError("#REF!"), "#REF!", "#NV", "#\u00a1REF!", "####"]
)
def test_an_error_is_lost_also_as_text(value: CellValue) -> None:
    (problem,) = read(DID, value).problems
    assert (problem.code, problem.stops, problem.fix) == (
        "cell-error",
        True,
        "Type the value.",
    )


@pytest.mark.parametrize("text", ["#XXX!", "#12", "#", "#4420."])
def test_what_begins_with_a_hash_may_be_a_pattern(text: str) -> None:
    assert read(DID, text).texts == [text]


def test_a_formula_without_a_result_is_lost_and_one_with_a_result_is_told() -> None:
    (problem,) = read(DID, NoValue("=A1")).problems
    assert (problem.code, problem.stops, problem.value) == ("cell-no-value", True, "=A1")
    found = read(DID, "+4420", formulas={2: '="+44"&"20"'})
    (notice,) = found.problems
    assert found.texts == ["+4420"]
    assert (notice.code, notice.stops, notice.value, notice.offers) == (
        "cell-formula",
        False,
        '="+44"&"20"',
        ("+4420",),
    )


@pytest.mark.parametrize(
    ("value", "look", "taken"),
    [
        (2079460100.0, "00000000000", "02079460100"),
        (2079460100.0, "000 0000 0000", "02079460100"),
        (442079460100.0, '"+"0', "+442079460100"),
        (442079460100.0, "+0", "+442079460100"),
        (442079460100.0, '[Blue]"+"## #### ####;-0', "+442079460100"),
        (2079460100.0, "(000) 0000-0000", "02079460100"),
    ],
)
def test_a_number_that_its_format_shows_with_zeros_or_plus_is_taken_as_shown(
    value: float, look: str, taken: str
) -> None:
    found = read(DID, value, look=look)
    (notice,) = found.problems
    assert found.texts == [taken]
    assert (notice.code, notice.stops, notice.offers) == ("cell-repaired", False, (taken,))
    assert notice.message == "The cell contains a number, not text; the value is read as its number format shows it."


@pytest.mark.parametrize("look", ["General", "0", "@", "#,##0", "0.00E+00", "#,##0.00", "0%"])
def test_a_number_whose_format_shows_nothing_more_is_its_digits(look: str) -> None:
    found = read(DID, 442079460100.0, look=look)
    assert (found.texts, [p.code for p in found.problems]) == (["442079460100"], ["cell-number"])
    assert found.numbers == {2}


@pytest.mark.parametrize(
    ("number", "mask", "shown"),
    [
        (7, "000", "007"),
        (0, "000", "000"),
        (0, '0;-0;"none"00', "none00"),
        (1234, "00-00", "12-34"),
        (12345, "00-00", "123-45"),
        (1, "??0", "  1"),
        (5, "0.0", None),
        (5, "yyyy", None),
        (5, "[>3]0", None),
        (5, '"open', None),
        (5, "[$-407]00", "05"),
    ],
)
def test_only_a_look_that_is_certain_is_rendered(number: int, mask: str, shown: str | None) -> None:
    assert number_formats.rendered(number, mask) == shown


@pytest.mark.parametrize(
    ("column", "day", "mask", "offers"),
    [
        (RANGE, dt.date(2026, 1, 2), "d-mmm", ("1-2", "2-1")),
        (RANGE, dt.date(2026, 5, 10), "d-mmm", ("5-10", "10-5")),
        (RANGE, dt.date(2012, 10, 1), "mmm-yy", ("10-12", "10-2012")),
        (RANGE, dt.date(2026, 5, 10), "dd/mm/yyyy", ("10-5", "5-10")),
        (RANGE, dt.date(2026, 5, 10), "mm/dd/yyyy", ("5-10", "10-5")),
        (EXTENSIONS, dt.date(2026, 5, 10), "d-mmm", ("5-10", "10-5", "5, 10", "10, 5")),
        (EXTENSIONS, dt.time(10, 12), "h:mm", ("10-12", "10, 12")),
        (PORT, dt.datetime(1913, 11, 7), "yyyy-mm-dd", ("5060",)),  # noqa: DTZ001 - as a spreadsheet has it
    ],
)
def test_a_date_offers_what_was_likely_typed(
    column: Column, day: dt.date | dt.time, mask: str, offers: tuple[str, ...]
) -> None:
    (problem,) = read(column, day, date_format=mask).problems
    assert (problem.code, problem.stops, problem.offers) == ("cell-date", True, offers)
    assert problem.fix.endswith(f"and type {', or '.join(offers)}.")


def test_true_and_false_are_a_problem_where_they_are_no_answer() -> None:
    (problem,) = read(EXTENSIONS, False).problems
    assert (problem.code, problem.stops, problem.value, problem.offers) == ("cell-boolean", True, "FALSE", ("0",))
    (problem,) = read(TRUNK_NAME, True).problems
    assert problem.offers == ("TRUE",)


def test_a_list_of_extensions_taken_for_one_number_is_asked_about() -> None:
    (problem,) = read(EXTENSIONS, 101102.0, look="#,##0").problems
    assert (problem.code, problem.offers) == ("cell-list-number", ("101, 102", "101102"))
    (problem,) = read(EXTENSIONS, 1001.1002).problems
    assert (problem.code, problem.offers) == ("cell-fraction", ("1001, 1002",))


@pytest.mark.parametrize(
    ("others", "offers"),
    [
        (["+442079460101"], ("+442079460100", "442079460100")),
        (["00442079460101"], ("00442079460100", "442079460100")),
        (["+442079460101", "0033144556677"], ("+442079460100", "442079460100")),
        (["+33144556677", "0049301234567"], ("+442079460100", "0442079460100", "442079460100")),
        (["+33144556677", "0044207946010[1-9]"], ("00442079460100", "442079460100")),
        (["00442079460100", "+33144556677"], ("00442079460100", "442079460100")),
        (["+442079460100", "00442079460100"], ("+442079460100", "00442079460100", "442079460100")),
    ],
)
def test_a_number_is_asked_about_where_its_neighbours_have_more_in_front(
    others: list[str], offers: tuple[str, ...]
) -> None:
    found = read(DID, 442079460100.0, *others)
    (problem,) = found.problems
    assert found.texts == ["", *others]
    assert (problem.code, problem.cell, problem.stops, problem.offers) == ("cell-number-cut", "B2", True, offers)
    assert problem.fix == (
        f"Format the cell as text and type {', or '.join(offers)}, if there is nothing in front of it."
    )


@pytest.mark.parametrize("others", [["442079460101"], ["Sales"], ["0100"], []])
def test_neighbours_that_have_nothing_more_in_front_leave_a_number_its_digits(others: list[str]) -> None:
    found = read(DID, 442079460100.0, *others)
    assert (found.texts[0], [p.code for p in found.problems]) == ("442079460100", ["cell-number"])


def test_an_internal_number_is_not_doubted_because_others_have_a_plus() -> None:
    assert [p.code for p in read(DID, 1001.0, "+442079460100").problems] == ["cell-number"]


def test_a_text_that_was_a_number_once_is_put_against_its_neighbours_too() -> None:
    (problem,) = read(DID, "442079460100.0", "+442079460101").problems
    assert (problem.code, problem.offers) == ("cell-number-cut", ("+442079460100", "442079460100"))


def test_beyond_a_thousand_notices_of_a_column_the_rest_is_one_with_the_rows() -> None:
    count = MAX_TOLD + 500
    found = read(DID, *(442079460000.0 + i for i in range(count)))
    assert len(found.texts) == count
    assert len(found.problems) == MAX_TOLD + 1
    last = found.problems[-1]
    assert (last.code, last.row, last.stops) == ("cell-number", 1002, False)
    assert last.message == "The same applies to 500 more cells of this column: rows 1002-1501."


def test_problems_are_never_folded() -> None:
    found = read(DID, *(442079460000.5 + i for i in range(MAX_TOLD + 500)))
    assert len(found.problems) == MAX_TOLD + 500


@pytest.mark.parametrize(
    ("column", "moment", "mask", "found", "offers"),
    [
        (RANGE, dt.timedelta(hours=30, minutes=5), "[h]:mm", "1 day, 6:05:00", ("30-05", "30:05")),
        (RANGE, dt.datetime(1899, 12, 30, 10, 12), "h:mm", "1899-12-30 10:12:00", ("10-12", "10:12")),  # noqa: DTZ001 - as a spreadsheet has it
        (RANGE, dt.datetime(2026, 5, 10, 8, 30), "", "2026-05-10 08:30:00", ()),  # noqa: DTZ001 - as a spreadsheet has it
        (PORT, dt.time(10, 12), "h:mm", "10:12:00", ()),
        (DID_NAME, dt.time(10, 12), "h:mm", "10:12:00", ("10:12",)),
    ],
)
def test_a_time_offers_the_two_numbers_that_it_may_have_been(
    column: Column, moment: CellValue, mask: str, found: str, offers: tuple[str, ...]
) -> None:
    (problem,) = read(column, moment, date_format=mask).problems
    assert (problem.code, problem.value, problem.offers) == ("cell-date", found, offers)


@pytest.mark.parametrize(
    ("column", "number", "look", "taken"),
    [
        (DID, 0.0, "#", "0"),  # the format shows nothing at all
        (DID, 442.0, '"Line "0', "442"),
        (DID, 442.0, "00000_)", "00442"),
        (DID, 442.0, "*-00000", "00442"),
        (DID, 442.0, "0/0", "442"),
        (DID_NAME, 7.0, '"Room "000', "Room 007"),
        (TRUNK_NAME, 7.0, '"London-"00', "London-07"),
        (RANGE, 10011010.0, "0000-0000", "1001-1010"),
        (TRUNKS.column("password"), 207.0, "0000", "0207"),
    ],
)
def test_how_a_number_is_shown_counts_as_far_as_it_can_be_meant(
    column: Column, number: float, look: str, taken: str
) -> None:
    found = read(column, number, look=look)
    assert found.texts == [taken]
    assert not [problem for problem in found.problems if problem.stops]


def test_a_format_that_shows_the_trunk_prefix_leaves_it_to_be_asked_about() -> None:
    assert read(DID, 442079460100.0, look='+00" (0)"00 0000 0000').texts == ["+44 (0)20 7946 0100"]


def test_a_name_with_decimals_offers_itself_where_it_must_be_exact() -> None:
    (problem,) = read(TRUNK_NAME, 1.5).problems
    assert (problem.code, problem.stops, problem.offers) == ("cell-fraction", True, ("1.5",))


def test_repairs_by_the_thousand_are_told_shortly_too() -> None:
    found = read(DID, *(f"'{442079460000 + i}" for i in range(MAX_TOLD + 3)))
    assert len(found.problems) == MAX_TOLD + 1
    assert (found.problems[-1].code, found.problems[-1].message) == (
        "cell-repaired",
        "The same applies to 3 more cells of this column: rows 1002-1004.",
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("tel:+442079460100;ext=100", "+442079460100"),
        ("TEL:+442079460100;ext=100;phone-context=x", "+442079460100"),
        ("sip:+442079460100@sbc.example.com;user=phone", "+442079460100"),
        ("sips:442079460100@192.0.2.1:5061", "442079460100"),
        ("sip:+442079460100", "+442079460100"),
    ],
)
def test_of_an_address_the_number_is_taken(text: str, number: str) -> None:
    found, done = repaired(CellKind.NUMBER, text)
    assert (found, len(done)) == (number, 1)
    assert "nly the number of the address is used" in done[0]


@pytest.mark.parametrize("text", ["sip:anna@example.com", "tel:", "tel:anna;ext=1", "https://442079460100"])
def test_an_address_without_a_number_stays_as_it_is(text: str) -> None:
    assert repaired(CellKind.NUMBER, text)[0] in {text, text.removeprefix("tel:")}
