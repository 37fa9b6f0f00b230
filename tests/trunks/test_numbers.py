from __future__ import annotations

import pytest

from batch.schema.problems import Finding
from batch.trunks.group_names import split_groups
from batch.trunks.numbers import (
    NumberRange,
    RawId,
    parse_caller_id,
    parse_caller_id_range,
    parse_did,
    parse_extension_range,
    parse_extensions,
)

IN_FULL = "for a range type both ends in full with .. between them, such as "
HUNDRED = NumberRange("442079460100", "442079460199")


@pytest.mark.parametrize(
    "text",
    [
        "442079460100",
        "+442079460100",
        "0044207",
        "reception",
        "44207946XXXX",
        "4420794601[27-9]X",
        "9.",
        "_".replace("_", "X!"),
        "(20).7946",
        "*98#",
        "office-1",
        "1" * 31,
    ],
)
def test_one_did_or_pattern_goes_through_as_it_stands(text: str) -> None:
    assert parse_did(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "442079460100-442079460199",
        "442079460100-199",
        "442079460100..199",
        "442079460100 .. 442079460199",
        "442079460100 to 442079460199",
        "442079460100TO199",
        "442079460100\N{EN DASH}199",
        "442079460100 \N{EM DASH} 442079460199",
        "442079460100\N{HORIZONTAL ELLIPSIS}199",
    ],
)
def test_a_range_is_understood_in_every_form(text: str) -> None:
    assert parse_did(text) == HUNDRED


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1234567-1234569", "1234567", "1234569"),
        ("12345678-9", "12345678", "12345679"),
        ("+442079460100-109", "+442079460100", "+442079460109"),
        ("+442079460100-+442079460109", "+442079460100", "+442079460109"),
        ("100..199", "100", "199"),
        ("0098 to 0102", "0098", "0102"),
        ("1234567-1234567", "1234567", "1234567"),
    ],
)
def test_the_ends_of_a_range_are_written_out(text: str, first: str, last: str) -> None:
    assert parse_did(text) == NumberRange(first, last)


def test_a_range_keeps_leading_zeros_and_plus() -> None:
    assert NumberRange("0098", "0101").numbers() == ["0098", "0099", "0100", "0101"]
    assert NumberRange("+098", "+101").numbers() == ["+098", "+099", "+100", "+101"]
    assert (HUNDRED.size, str(HUNDRED)) == (100, "442079460100-442079460199")


@pytest.mark.parametrize(
    ("text", "like", "offers"),
    [
        ("1001-1010", "1001..1010", ("10011010", "1001..1010")),
        ("7946-0100", "442079460100..442079460199", ("79460100",)),
        ("03023125-0", "442079460100..442079460199", ("030231250",)),
        ("020-7946-0100", "442079460100..442079460199", ("02079460100",)),
        ("+44 20 7946-0100", "442079460100..442079460199", ("+442079460100",)),
        ("12-1234567", "442079460100..442079460199", ("121234567",)),
        ("44-20[2-9]", "442079460100..442079460199", ("4420[2-9]",)),
        ("4420[27-9]-1", "442079460100..442079460199", ("4420[27-9]1",)),
    ],
)
def test_any_other_dash_between_digits_offers_both_readings(text: str, like: str, offers: tuple[str, ...]) -> None:
    assert parse_did(text) == Finding(
        "dash-unclear",
        "The dash can separate the digits of one number or the ends of a range.",
        f"For one number type {offers[0]}; " + (f"for a range type {like}." if like in offers else f"{IN_FULL}{like}."),
        offers,
    )


@pytest.mark.parametrize(
    ("text", "code", "message", "fix"),
    [
        (
            "442079460199-100",
            "range-backwards",
            "The last number, 442079460100, is lower than the first, 442079460199.",
            "Type 442079460100-442079460199.",
        ),
        ("199..100", "range-backwards", "The last number, 100, is lower than the first, 199.", "Type 100..199."),
        (
            "44207946000-44207956000",
            "range-too-long",
            "The range has 10,001 numbers; a row takes at most 10,000.",
            "Split it into several rows.",
        ),
        (
            "1234567-12345678",
            "range-malformed",
            "The two ends of the range have 7 and 8 digits.",
            "Type both ends with the same number of digits.",
        ),
        (
            "442079460100-2079460199",
            "range-malformed",
            "The two ends of the range have 12 and 10 digits.",
            "If you mean 442079460100-442079460199, type it so.",
        ),
        (
            "+442079460100-2079460199",
            "range-malformed",
            "The two ends of the range have 12 and 10 digits.",
            "If you mean +442079460100-+442079460199, type it so.",
        ),
        (
            "442079460100-+442079460199",
            "range-malformed",
            "Only one end of the range has a +.",
            "Type +442079460100-+442079460199.",
        ),
        (
            "+442079460100-442079460199",
            "range-malformed",
            "Only one end of the range has a +.",
            "Type +442079460100-+442079460199.",
        ),
        ("+100..199", "range-malformed", "Only one end of the range has a +.", "Type +100..+199."),
        ("1" * 32 + "-9", "too-long", "A number has at most 31 characters.", "Shorten both ends."),
        ("020 7946", "bad-characters", "A DID cannot contain a blank.", "Type 0207946."),
        ("44\u201d", "bad-characters", "A DID cannot contain '\u201d'.", "Type 44."),
        (
            "442079460100, 442079460101",
            "many-numbers",
            "The cell contains 2 numbers, but a row takes only one.",
            "Put each in a row of its own: 442079460100; 442079460101.",
        ),
        (
            "442079 460100",
            "many-numbers",
            "The cell contains 2 numbers, but a row takes only one.",
            "Put each in a row of its own: 442079; 460100; or, for one number type 442079460100.",
        ),
        (
            "123456-123459",
            "dash-unclear",
            "The dash can separate the digits of one number or the ends of a range.",
            "For a range type 123456..123459.",
        ),
        (
            "442079460100-12345",
            "dash-unclear",
            "The dash can separate the digits of one number or the ends of a range.",
            f"For one number type only its digits; {IN_FULL}442079460100..442079460199.",
        ),
        *(
            (
                text,
                "no-number",
                f"A DID needs a digit or a pattern character, and '{text}' has none.",
                "Type the number in the format that the carrier sends.",
            )
            for text in ("-", "+", "--", "()", "*", "#", "office-a")
        ),
        ("n/a", "bad-characters", "A DID cannot contain '/'.", "Type the number alone, as the carrier sends it."),
        (
            "442079460100 Sales",
            "bad-characters",
            "A DID cannot contain a blank.",
            "Type 442079460100.",
        ),
        *(
            (
                text,
                "cell-date",
                "This is a date; the spreadsheet may have changed the typed value.",
                "Format the cell as text and type the number again from its source.",
            )
            for text in ("Jan-12", "12-Jan", "10-Dec", "05.10.2026", "01.02.", "2026-02-20")
        ),
        *(
            (
                text,
                "cell-boolean",
                "This is what a spreadsheet writes for true or false, not a number.",
                "Format the cell as text and type the number again from its source.",
            )
            for text in ("TRUE", "wahr", "VRAI")
        ),
        (
            "1.000",
            "cell-fraction",
            "The number contains a point or comma, which can separate thousands or decimals.",
            "Format the cell as text and type 1000, or 1.",
        ),
        (
            "日本",
            "bad-characters",
            "A DID cannot contain '日', '本'.",
            "Type the number alone, as the carrier sends it.",
        ),
        (
            "44[27",
            "bad-characters",
            "44[27 has an opening or closing bracket without the other.",
            "Close it, as in 44207946010[0-4].",
        ),
        (
            "44[9-2]",
            "bad-characters",
            "No digit fits [9-2]: 9-2 is in the wrong order.",
            "Type its digits with the lower one first, as in 44207946010[0-4].",
        ),
        (
            "44[]",
            "bad-characters",
            "No digit fits [].",
            "Type its digits with the lower one first, as in 44207946010[0-4].",
        ),
        ("1" * 32, "too-long", "A DID takes at most 31 characters; this value has 32.", "Shorten it."),
    ],
)
def test_a_did_that_cannot_be_says_why_and_what_to_type(text: str, code: str, message: str, fix: str) -> None:
    fault = parse_did(text)
    assert isinstance(fault, Finding)
    assert (fault.code, fault.message, fault.fix) == (code, message, fix)


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("442079460199-100", ("442079460100-442079460199",)),
        ("199..100", ("100..199",)),
        ("442079460100-2079460199", ("442079460100-442079460199",)),
        ("+442079460100-442079460199", ("+442079460100-+442079460199",)),
        ("+100..199", ("+100..+199",)),
        ("020 7946", ("0207946",)),
        ("(020) 7946.0100", ("02079460100",)),
        ("\N{LEFT DOUBLE QUOTATION MARK}+4420\N{RIGHT DOUBLE QUOTATION MARK}", ("+4420",)),
        ("44_1/2/\u200b", ()),
        ('="44"', ("44",)),
        ("442.079.460.100", ("442079460100",)),
        ("\N{CJK UNIFIED IDEOGRAPH-65E5}", ()),
        ("44[27", ()),
        ("1" * 32, ()),
    ],
)
def test_what_may_have_been_meant_by_a_did_is_offered_and_would_be_taken(text: str, offers: tuple[str, ...]) -> None:
    fault = parse_did(text)
    assert isinstance(fault, Finding)
    assert fault.offers == offers
    assert not [offer for offer in offers if isinstance(parse_did(offer), Finding)]


@pytest.mark.parametrize(
    ("text", "code", "offers"),
    [
        ("+44 (0)20 7946 0101", "trunk-prefix", ("+442079460101", "02079460101")),
        ("44(0)2079460101", "trunk-prefix", ("442079460101", "02079460101")),
        ("+44 (0)20-7946-0101", "trunk-prefix", ("+442079460101", "02079460101")),
        ("+44 (0) 20 7946 0101 ext. 12", "trunk-prefix", ("+442079460101", "02079460101")),
        ("(0)2079460101", "trunk-prefix", ("02079460101", "2079460101")),
        ("(0)+442079460101", "trunk-prefix", ("+442079460101",)),
        ("442079460101(0)", "trunk-prefix", ("442079460101",)),
        ("+442079460101 ext. 12", "extension-behind", ("+442079460101",)),
        ("02079460101x12", "extension-behind", ("02079460101", "02079460101[0-9]12")),
        ("+442079460101;ext=12", "extension-behind", ("+442079460101",)),
    ],
)
def test_what_is_written_for_people_is_no_number_for_a_pbx(text: str, code: str, offers: tuple[str, ...]) -> None:
    for parse in (parse_did, parse_caller_id):
        fault = parse(text)
        assert isinstance(fault, Finding)
        assert (fault.code, fault.offers) == (code, offers)


@pytest.mark.parametrize(
    ("text", "code", "offers"),
    [
        ("+44 (0)20 7946 0200-99", "dash-unclear", ("+44207946020099",)),
        ("+33 (0)1 23 45 67 89-99", "dash-unclear", ("+3312345678999", "+33123456789..+33123456799")),
        ("+44 (0)20 7946 0200 to 0299", "trunk-prefix", ("+442079460200..+442079460299", "02079460200..02079460299")),
        ("+44 (0)20 7946 0200 (100)", "number-count", ("+442079460200..+442079460299",)),
        ("+44 (0)20 7946 0200 + 99", "number-count", ("+442079460200..+442079460299",)),
        ("+44 (0)20 7946 0200/01", "number-count", ("+442079460200..+442079460201",)),
    ],
)
def test_a_count_or_an_end_behind_a_zero_in_brackets_is_not_glued_to_the_number(
    text: str, code: str, offers: tuple[str, ...]
) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert (found.code, found.offers) == (code, offers)
    assert not [offer for offer in offers if isinstance(parse_did(offer), Finding)]


@pytest.mark.parametrize(
    ("text", "fix", "offers"),
    [
        ("442079462003(ported)", "Type 442079462003.", ("442079462003",)),
        ("(fax)+442079462003", "Type +442079462003.", ("+442079462003",)),
        ("442079462003(ported1Dec)", "Type the number alone, as the carrier sends it.", ()),
    ],
)
def test_words_in_brackets_are_no_part_of_a_number(text: str, fix: str, offers: tuple[str, ...]) -> None:
    told = Finding("number-signs", f"{text} has words in brackets beside the number.", fix, offers)
    assert parse_did(text) == told
    assert parse_caller_id(text) == told


def test_a_pattern_may_have_brackets() -> None:
    assert parse_did("4420794620(XX)") == "4420794620(XX)"


@pytest.mark.parametrize("text", ["4420x12", "44X", "12345678X", "442079460XXX", "442079460X12"])
def test_an_x_is_part_of_a_pattern_behind_few_digits_or_where_it_is_written_large(text: str) -> None:
    assert parse_did(text) == text


def test_ten_thousand_dids_go_into_a_row() -> None:
    found = parse_did("44207946000-44207955999")
    assert isinstance(found, NumberRange)
    assert found.size == 10_000


@pytest.mark.parametrize("text", ["442079460100", "+44", "{{.Ext}}", "44{{.Ext}}", "[0-9]*#", "anonymous", "1" * 31])
def test_a_caller_id_may_be_a_number_letters_or_hold_the_placeholder(text: str) -> None:
    assert parse_caller_id(text) == text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("044 20", Finding("bad-characters", "A caller ID cannot contain a blank.", "Type 04420.", ("04420",))),
        (
            "44 20",
            Finding(
                "bad-characters",
                "A caller ID cannot contain a blank.",
                "For one number type 4420; if there are several, type each in a row of its own.",
                ("4420",),
            ),
        ),
        (
            "+442079460100-+442079460101",
            Finding(
                "many-numbers",
                "The cell contains a range of numbers, but it takes one number.",
                "Type the one number to show. Consecutive numbers go with the option range.",
            ),
        ),
        (
            "-",
            Finding(
                "no-number",
                "A caller ID needs a digit or a letter, and '-' has none.",
                "Type the number in the format that the carrier sends.",
            ),
        ),
        ("!", Finding("bad-characters", "A caller ID cannot contain '!'.", "Type the one number to show.")),
        (
            "{{.ext}}",
            Finding("bad-characters", "A caller ID cannot contain '{', '}'.", "Type the one number to show."),
        ),
        ("1" * 32, Finding("too-long", "A caller ID takes at most 31 characters; this value has 32.", "Shorten it.")),
    ],
)
def test_a_caller_id_that_cannot_be_says_why(text: str, fault: Finding) -> None:
    assert parse_caller_id(text) == fault


def test_a_caller_id_range_holds_at_most_500_numbers() -> None:
    assert parse_caller_id_range("+44100-+44599") == NumberRange("+44100", "+44599")
    assert parse_caller_id_range("44100-44600") == Finding(
        "range-too-long",
        "The range has 501 numbers; a row takes at most 500.",
        "Split it into several rows.",
    )


def test_a_caller_id_range_needs_two_ends() -> None:
    assert parse_caller_id_range("442079460100") == Finding(
        "range-malformed",
        "With option range the caller ID is the first and last number with a dash between them.",
        "Type it in the form +442079460100-+442079460109, or choose option shared for a single number.",
    )


@pytest.mark.parametrize("text", ["1001-1010", "1001 - 1010", "1001..1010", "1001 to 1010", "1001\N{EN DASH}1010"])
def test_an_extension_range_is_first_and_last(text: str) -> None:
    assert parse_extension_range(text) == NumberRange("1001", "1010")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("1001", "range-malformed", "An extension range is the first and last extension."),
        ("12345678-12345679", "range-malformed", "An extension has at most 7 digits."),
        ("998-1002", "range-malformed", "The two ends of the range have 3 and 4 digits."),
        ("1010-1001", "range-backwards", "The last extension, 1001, is lower than the first, 1010."),
    ],
)
def test_an_extension_range_that_cannot_be_says_why(text: str, code: str, message: str) -> None:
    fault = parse_extension_range(text)
    assert isinstance(fault, Finding)
    assert (fault.code, fault.message) == (code, message)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1001, 1002", ("1001", "1002")),
        ("1001;1002&1003\n1004", ("1001", "1002", "1003", "1004")),
        ("1001,,1001,", ("1001",)),
        ("#12, 1001, # 12", (RawId(12), "1001")),
    ],
)
def test_extensions_are_separated_and_may_be_raw_ids(text: str, found: tuple[str | RawId, ...]) -> None:
    assert parse_extensions(text) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Sales", "'Sales' is not an extension number."),
        ("1001 1002, x", "'1001 1002', 'x' are not extension numbers."),
        ("12345678", "'12345678' is not an extension number."),
        (";", "';' is not an extension number."),
    ],
)
def test_what_is_not_an_extension_is_named(text: str, message: str) -> None:
    fault = parse_extensions(text)
    assert isinstance(fault, Finding)
    assert (fault.code, fault.message) == ("extension-malformed", message)


@pytest.mark.parametrize(
    ("text", "offers"), [("1004,0", ("1004", "1004, 0")), ("1001, 1002,00", ("1001, 1002", "1001, 1002, 00"))]
)
def test_a_zero_close_behind_the_last_comma_may_be_decimals(text: str, offers: tuple[str, ...]) -> None:
    fault = parse_extensions(text)
    assert isinstance(fault, Finding)
    assert (fault.code, fault.offers) == ("extension-malformed", offers)
    assert [parse_extensions(offer) for offer in offers] == [
        tuple(offers[0].split(", ")),
        tuple(offers[1].split(", ")),
    ]


@pytest.mark.parametrize("text", ["1004, 0", "0", "0,1004", "1004;0", "1004,10"])
def test_a_zero_that_stands_by_itself_is_an_extension(text: str) -> None:
    assert not isinstance(parse_extensions(text), Finding)


def test_a_range_among_extensions_is_sent_to_its_column() -> None:
    assert parse_extensions("1001-1010") == Finding(
        "extension-malformed",
        "1001-1010 is a range of extensions; this column takes single extensions.",
        "With option range type 1001-1010 into Extension range; with option shared type each extension.",
    )


@pytest.mark.parametrize(
    ("text", "known", "found"),
    [
        ("Sales, Support", (), ("Sales", "Support")),
        ("Sales & More; R&D", (), ("Sales & More", "R&D")),
        ("Sales, London, Paris", ("Sales, London", "Sales"), ("Sales, London", "Paris")),
        ("Sales, London", ("Sales",), ("Sales", "London")),
        ("Salesmen", ("Sales",), ("Salesmen",)),
        ('"Sales, London"; "say ""hi"""', (), ("Sales, London", 'say "hi"')),
        ('"#12", #12', (), ("#12", RawId(12))),
        ('7" desks', ('7" desks',), ('7" desks',)),
        ('"open, end', (), ('"open', "end")),
        ("Sales\nSupport\n", (), ("Sales", "Support")),
        ("Sales,Sales", (), ("Sales",)),
        (" ; ", (), ()),
    ],
)
def test_groups_are_split_by_the_longest_known_name_then_quotes_then_commas(
    text: str, known: tuple[str, ...], found: tuple[str | RawId, ...]
) -> None:
    assert split_groups(text, known) == found


@pytest.mark.parametrize("between", [" ", ", ", " / ", ";"])
def test_two_numbers_of_a_caller_id_range_are_its_ends(between: str) -> None:
    fault = parse_caller_id_range(f"+442079460100{between}+442079460109")
    assert isinstance(fault, Finding)
    assert (fault.code, fault.offers) == ("range-malformed", ("+442079460100-+442079460109",))


@pytest.mark.parametrize(
    ("text", "did", "caller_id"),
    [
        ("4711+4712", ("many-numbers", ("4711", "4712")), ("many-numbers", ("4711", "4712"))),
        ("4711 + 4712", ("many-numbers", ("4711", "4712")), ("many-numbers", ("4711", "4712"))),
        ("123456und123457", ("many-numbers", ("123456", "123457")), ("many-numbers", ("123456", "123457"))),
        ("+4930123 y +4930124", ("many-numbers", ("+4930123", "+4930124")), ("many-numbers", ("+4930123", "+4930124"))),
        ("02079460300+99", ("number-count", ("02079460300..02079460399",)), ("number-count", ())),
        ("442079460200ff", ("number-count", ()), ("number-count", ())),
        ("442079460200+", ("bad-characters", ()), ("bad-characters", ())),
        ("+44207946+0200", ("bad-characters", ()), ("bad-characters", ())),
        ("4711(4712", ("bad-characters", ()), ("bad-characters", ())),
        ("4711)", ("bad-characters", ()), ("bad-characters", ())),
        ("49 30 23125 0 - 99", ("dash-unclear", ("493023125099",)), ("dash-unclear", ("493023125099",))),
    ],
)
def test_what_joins_two_numbers_or_stands_behind_one_is_never_sent_as_it_is(
    text: str, did: tuple[str, tuple[str, ...]], caller_id: tuple[str, tuple[str, ...]]
) -> None:
    for parse, wanted in ((parse_did, did), (parse_caller_id, caller_id)):
        found = parse(text)
        assert isinstance(found, Finding)
        code, numbers = wanted
        assert found.code == code
        assert all(number in found.fix for number in numbers)
        assert not any(isinstance(parse(number), Finding) for number in numbers if code != "number-count")


@pytest.mark.parametrize("text", ["4711*4712", "+442079460200", "4420794602XX"])
def test_signs_that_a_number_may_hold_stay(text: str) -> None:
    assert parse_did(text) == text


@pytest.mark.parametrize(
    "text", ["442079460130+131", "442079460130 + 131", "442079460130+442079460131", "442079460130+31"]
)
def test_the_next_number_behind_a_plus_is_no_count(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert (found.code, "442079460130; 442079460131" in found.fix) == ("many-numbers", True)


@pytest.mark.parametrize(
    "text",
    [
        *("442079460100 onwards", "from 442079460100", "442079460100 ...", "442079460100\u2026", "442079460100 etc."),
        *("ab 030 23125100", "442079460100 ff", "442079460100ff.", "442079460100 usw.", "\u00e0 partir de 0140000100"),
        *("desde 910000100", "442079460100 and following", "starting at 442079460100"),
    ],
)
def test_a_number_and_those_that_follow_is_never_offered_as_that_number_alone(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert (found.code, found.offers) == ("number-count", ())
    assert "but does not say how many" in found.message


@pytest.mark.parametrize(
    "text", ["from 02079460100-02079460199", "from 02079460100 to 02079460199", "DDIs 02079460100-199"]
)
def test_a_number_that_says_where_it_ends_is_offered_as_a_range(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert found.offers[0] == "02079460100..02079460199"


@pytest.mark.parametrize("text", ["x", "X"])
def test_a_tick_is_no_pattern(text: str) -> None:
    found = parse_did(text)
    assert isinstance(found, Finding)
    assert (found.code, found.message) == ("no-number", "The cell contains a tick instead of a number.")
