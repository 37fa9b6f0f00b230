"""No secret that was sent or read comes back in the words of the PBX."""

from __future__ import annotations

import json
import threading
from urllib.parse import quote

import pytest

from batch.pbx.redaction import Redactor

ODD = 'Sample-Pä"ss\\wört'


def knowing(*secrets: object) -> Redactor:
    redactor = Redactor()
    redactor.learn(*secrets)
    return redactor


@pytest.mark.parametrize(
    "form", [ODD, json.dumps(ODD)[1:-1], json.dumps(ODD, ensure_ascii=False)[1:-1], quote(ODD, safe="")]
)
def test_a_secret_is_hidden_in_every_form_it_may_stand_in(form: str) -> None:
    assert knowing(ODD).clean(f"json: cannot read {form} here") == "json: cannot read <hidden> here"


def test_a_secret_in_json_inside_json_is_hidden_too() -> None:
    inner = json.dumps({"password": ODD})
    assert ODD[-4:] not in knowing(ODD).clean(json.dumps(inner))


def test_a_short_secret_is_hidden_where_it_stands_alone_and_left_inside_words() -> None:
    assert knowing("abc").clean("abc is not abcdef, password=abc") == "<hidden> is not abcdef, password=<hidden>"


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
