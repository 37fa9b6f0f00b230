"""No secret that was sent or read comes back in the words of the PBX."""

from __future__ import annotations

import base64
import html
import itertools
import json
import quopri
import threading
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batch.pbx.redaction import Redactor

ODD = 'Sample-Pä"ss\\wört'
HARD = "Sample-é\"/<b>&amp;'+ %41\\n\U0001f511\tß"


def knowing(*secrets: object) -> Redactor:
    redactor = Redactor()
    redactor.learn(*secrets)
    return redactor


def as_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def as_wide_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def as_go(text: str) -> str:
    """As Go's encoder writes a text: what HTML could mistake is escaped too."""
    return as_wide_json(text).replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def as_php(text: str) -> str:
    return as_json(text).replace("/", r"\/")


def as_python(text: str) -> str:
    return repr(text + "'\"")[1:-4]


def as_query(text: str) -> str:
    return quote_plus(text, safe="")


def as_path(text: str) -> str:
    return quote(text, safe="")


def as_lower_query(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def as_html(text: str) -> str:
    return html.escape(text)


def as_decimal(text: str) -> str:
    return "".join(f"&#{ord(c)};" for c in text)


def as_hexadecimal(text: str) -> str:
    return "".join(f"&#x{ord(c):X};" for c in text)


def as_padded(text: str) -> str:
    return "".join(f"&#{ord(c):08d};" for c in text)


def as_javascript(text: str) -> str:
    return "".join(f"\\u{{{ord(c):x}}}" for c in text)


def as_old_query(text: str) -> str:
    units = text.encode("utf-16-be").hex()
    return "".join(f"%u{units[at : at + 4]}" for at in range(0, len(units), 4))


def as_byte_string(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def as_octal(text: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in text.encode())


def as_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def as_url_base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def as_credentials(text: str) -> str:
    return as_base64(f"user:{text}")


def as_hex(text: str) -> str:
    return text.encode().hex().upper()


def as_dump(text: str) -> str:
    return text.encode().hex(" ")


def as_lines(text: str) -> str:
    return f"{text[:7]}\r\n  {text[7:]}"


def as_mail(text: str) -> str:
    quoted = quopri.encodestring(text.encode(), quotetabs=True).decode()
    return quoted.replace("=\n", "=\r\n")


def as_page(text: str) -> str:
    written = html.escape(text)
    return f"{written[:3]}<wbr/>{written[3:6]}<span class='rest'>{written[6:]}"


ENCODERS: list[Callable[[str], str]] = [
    as_json, as_wide_json, as_go, as_php, as_python, as_query, as_path, as_lower_query, as_html, as_decimal,
    as_hexadecimal, as_padded, as_javascript, as_old_query, as_byte_string, as_octal, as_base64, as_url_base64,
    as_credentials, as_hex, as_dump, as_lines, as_mail, as_page,
]  # fmt: skip

STAND_ALONE = {as_base64, as_url_base64, as_credentials, as_hex, as_dump}
"""What is written this way is letters among letters: it is read where it is a word of its own."""


def encoded(text: str, encoders: list[Callable[[str], str]]) -> str:
    for encode in encoders:
        text = encode(text)
    return text


@pytest.mark.parametrize(
    "form", [ODD, json.dumps(ODD)[1:-1], json.dumps(ODD, ensure_ascii=False)[1:-1], quote(ODD, safe="")]
)
def test_a_secret_is_hidden_in_every_form_it_may_stand_in(form: str) -> None:
    assert knowing(ODD).clean(f"json: cannot read {form} here") == "json: cannot read <hidden> here"


@pytest.mark.parametrize("inner", ENCODERS)
@pytest.mark.parametrize("secret", [ODD, HARD])
def test_a_secret_is_hidden_whichever_two_encoders_it_went_through(secret: str, inner: Callable[[str], str]) -> None:
    knows = knowing(secret)
    assert knows.clean(f"got [{inner(secret)}] here") == "got [<hidden>] here"
    for outer in ENCODERS:
        assert knows.clean(f"got [{outer(inner(secret))}] here") == "got [<hidden>] here", outer.__name__


@pytest.mark.parametrize(
    "text",
    [
        r'{"password":"Sample-a\u0026b\u003cc"}',
        r"{\"password\":\"Sample-a\\u0026b\\u003cc\"}",
        "password=Sample-a%26b%3cc",
        "password=Sample-a%26b%3Cc",
        "<b>Sample-a&amp;b&lt;c</b>",
        "<b>Sample-a&#38;b&#60;c</b>",
        "<b>Sample-a&#x26;b&#X3C;c</b>",
        r"Sample-a&amp;b\u003cc",
        r"Sample-a%26b&lt;c",
        "Sample-a%2526b%253Cc",
        "Sample-a&amp;amp;b&amp;lt;c",
    ],
)
def test_a_secret_is_hidden_as_programs_spell_it(text: str) -> None:
    said = knowing("Sample-a&b<c").clean(text)
    assert "<hidden>" in said
    assert "ample" not in said


@pytest.mark.parametrize(
    ("secret", "encode"),
    [*itertools.product(["Sample-1234", ODD], [str, as_hexadecimal, as_base64]), (HARD, str)],
)
def test_of_an_endless_text_the_beginning_is_given_without_a_secret_that_goes_on_behind_its_end(
    secret: str, encode: Callable[[str], str]
) -> None:
    spelled, redaction = encode(secret), knowing(secret)
    places = (4_990 - len(spelled), 5_000 - len(spelled), 4_900, 4_997, 4_998, 4_999, 5_000, 5_010)
    for before in (
        places if secret is not HARD else places[1::4]
    ):  # which is read in so many ways that it takes a second
        said = redaction.clean(f"{'.' * before} {spelled} {'.' * 20_000}")
        assert len(said) <= 5_008
        assert spelled[: max(4, len(spelled) // 8)] not in said


def test_a_text_of_a_hundred_million_characters_costs_no_more_than_its_beginning() -> None:
    text = "\\u0061" * 20_000_000
    began = time.process_time()
    assert knowing(ODD).clean(text).startswith("\\u0061")
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize(
    "text",
    [
        "Sam<b>ple</b>-x-long",
        "Sam<b class='x'>ple-x</b><!-- -->-long",
        "Sample=2Dx=2Dlong",
        "Sam=70le-x=\r\n-long",
        "Sam=\n=70le-x=  \r\n-long",
        "SAMPLE-X-LONG",
        "sample-x-long",
        "sAmple-x-lonG",
        "SAM<B>PLE</B>%2DX-LONG",
        "Sam&lt;b&gt;ple-x-long",
        "SAMPLE=2DX=2DLONG",
        "53414D504C452D582D4C4F4E47",
    ],
)
def test_a_secret_is_hidden_in_mails_pages_and_capitals(text: str) -> None:
    said = knowing("Sample-x-long").clean(f"no [{text}] here")
    assert said == "no [<hidden>] here"


def test_only_a_long_secret_is_hidden_in_any_case() -> None:
    assert knowing("Sample7").clean("SAMPLE7 is not Sample7") == "SAMPLE7 is not <hidden>"
    assert knowing("Sample-8").clean("SAMPLE-8 is sample-8") == "<hidden> is <hidden>"


@pytest.mark.parametrize("secret", ["Sample-Straße", "Sample-İstanbul", "Sample-ΣΑΣ", "Sample-ŉ-ǰ-ﬀ"])
def test_letters_of_which_two_are_left_without_case_are_found_where_they_stand(secret: str) -> None:
    for spelled in (secret, secret.upper(), secret.casefold()):
        assert knowing(secret).clean(f"ßß {spelled} ßß") == "ßß <hidden> ßß"


def test_tags_and_equals_signs_around_a_secret_stay() -> None:
    assert knowing("Sample-1234").clean("<p a=41>Sample-1234</p>=41") == "<p a=41><hidden></p>=41"


def test_a_text_full_of_hints_costs_what_it_is_long() -> None:
    knows = knowing(*(f"Sample-{number:05}" for number in range(4_000)))
    for hint in ("<", "<a", "=4", "=41", "<a>", "=\n", "<a b=41>", "&lt;", "=3C"):
        began = time.process_time()
        knows.clean(hint * (5_000 // len(hint)))
        assert time.process_time() - began < 5.0, hint


def test_a_url_in_latin_1_is_read_too() -> None:
    assert knowing("Sample-Wört").clean("password=Sample-W%F6rt&x=1") == "password=<hidden>&x=1"


def test_a_secret_in_json_inside_json_is_hidden_too() -> None:
    inner = json.dumps({"password": ODD})
    assert ODD[-4:] not in knowing(ODD).clean(json.dumps(inner))


def test_secrets_that_overlap_are_hidden_whole() -> None:
    assert knowing("Sample-1", "1234", "Sample-12").clean("is Sample-1234 or Sample-12") == "is <hidden> or <hidden>"


def test_secrets_beside_each_other_are_each_hidden() -> None:
    assert knowing("Sample-1", "Sample-2").clean("Sample-1Sample-2") == "<hidden><hidden>"


def test_what_is_only_the_beginning_of_a_secret_stays() -> None:
    assert knowing("Sample-12", "Sample-1x").clean("Sample-1") == "Sample-1"


def test_a_short_secret_is_hidden_where_it_stands_alone_and_left_inside_words() -> None:
    assert knowing("abc").clean("abc is not abcdef, password=abc") == "<hidden> is not abcdef, password=<hidden>"
    assert knowing("a&").clean("xa& a&amp; a&x") == "xa& <hidden> a&x"
    assert knowing("7").clean("7, 17, 70 and 7") == "<hidden>, 17, 70 and <hidden>"


def test_every_text_of_a_value_is_cleaned_keys_included() -> None:
    whole = {"invalid_param_list": [{"field": "Sample-1", "value": {"Sample-1": ["x Sample-1", 5, None]}}]}
    assert "Sample-1" not in json.dumps(knowing("Sample-1").clean_all(whole))


def test_passwords_are_learned_from_what_the_pbx_shows() -> None:
    redactor = Redactor()
    redactor.learn_from({"data": [{"id": 1, "password": "Sample-old"}, {"id": 2}, "odd"]})
    redactor.learn_from({"data": {"id": 3, "password": "Sample-third"}})
    redactor.learn_from("odd")
    assert redactor.clean("same as Sample-old and Sample-third") == "same as <hidden> and <hidden>"


def test_what_is_no_text_or_empty_is_no_secret() -> None:
    assert knowing(None, "", 5).clean("5 is fine") == "5 is fine"


def test_threads_may_learn_while_others_clean() -> None:
    redactor = Redactor()
    threads = [threading.Thread(target=redactor.learn, args=(f"Sample-{i}",)) for i in range(20)]
    for thread in threads:
        thread.start()
        redactor.clean("nothing here")
    for thread in threads:
        thread.join()
    assert redactor.clean("Sample-7") == "<hidden>"


SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=4, max_size=20)
AROUND = st.sampled_from(["", " ", '"', "'", "=", "<b>", "&x=", "{", "+44", "0041", ";", "\\n"])


@example("0000", [as_base64, as_hex], "+44", "")
@example("0000", [as_base64, as_dump], "+44", "")
@example("0000000\xad", [as_lines], "", "")
@given(
    secret=SECRETS,
    encoders=st.lists(st.sampled_from(ENCODERS), max_size=3),
    before=AROUND,
    after=AROUND,
)
def test_no_secret_comes_out_however_it_was_encoded(
    secret: str, encoders: list[Callable[[str], str]], before: str, after: str
) -> None:
    form = encoded(secret, encoders)
    gap = ": " if STAND_ALONE & {*encoders} else ""  # a blank alone would make "+44" the first byte of a dump
    assert form not in knowing(secret).clean(f"{before}{gap}{form}{gap}{after}").replace("<hidden>", "")


@given(
    secrets=st.lists(st.text("0123456789", min_size=1, max_size=9), max_size=20),
    text=st.lists(st.sampled_from([*"abcXYZ &;\\%+<>\"'/\n", "\\n", "%C3%A4", "&amp;", "&#x", "\\u00e4", "%zz"])).map(
        "".join
    ),
)
def test_what_holds_no_secret_comes_out_as_it_is(secrets: list[str], text: str) -> None:
    assert knowing(*(f"Q{secret}" for secret in secrets)).clean(text) == text


def test_hiding_costs_the_same_with_ten_thousand_secrets_as_with_a_hundred() -> None:
    text = "The field password of Site-00001 cannot be Sample-00007 \\u0026 more. " * 300

    def seconds(secrets: int) -> float:
        redactor = knowing(*(f"Sample-{number:05d}" for number in range(secrets)))
        times = []
        for _ in range(5):
            started = time.process_time()
            redactor.clean(text)
            times.append(time.process_time() - started)
        return min(times)

    assert seconds(10_000) < 3 * seconds(100)
