from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.pbx.error_codes import ERRCODES, FieldFault, Verdict, explain, faults_of, verdict_of
from batch.pbx.messages import Answer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def answer(errcode: int, **body: Any) -> Answer:
    return Answer(errcode=errcode, errmsg="", body={"errcode": errcode, **body})


@pytest.mark.parametrize(
    ("verdict", "codes"),
    [
        (Verdict.DONE, [0]),
        (Verdict.PARTIAL, [1]),
        (Verdict.PROCESSING, [2]),
        (Verdict.RETRY, [-2]),
        (Verdict.SIGN_IN_AGAIN, [10004]),
        (Verdict.TRANSIENT, [70082]),
        (Verdict.STOP_PBX, [10002, 10003, 10005, 70004, 70087, 70123]),
        (Verdict.PERMANENT, [-1, 10001, 10009, 40001, 40002, 40003, 60001, 60002, 70084, 70091]),
    ],
)
def test_every_code_has_the_verdict_of_the_vendors_table(verdict: Verdict, codes: list[int]) -> None:
    assert [code for code, line in ERRCODES.items() if line.verdict is verdict] == codes


def test_every_code_is_explained_in_sentences_to_somebody() -> None:
    for code, line in ERRCODES.items():
        assert line.code == code
        assert line.errmsg
        assert line.meaning.endswith(".")
        assert line.next_step.endswith(".")
        assert line.who in ("spreadsheet editor", "PBX administrator", "carrier", "operator")


def test_an_unknown_code_is_permanent_and_shown_as_it_came() -> None:
    line = explain(987654)
    assert line.verdict is Verdict.PERMANENT
    assert "987654" in line.meaning
    assert line.errmsg == ""


def test_a_server_error_is_tried_again_unless_it_names_a_field() -> None:
    assert verdict_of(answer(-2)) is Verdict.RETRY
    assert verdict_of(answer(-2, invalid_param_list=[])) is Verdict.RETRY
    assert verdict_of(answer(-2, invalid_param_list=None)) is Verdict.RETRY
    assert verdict_of(answer(-2, invalid_param_list=[{"field": "port"}])) is Verdict.PERMANENT


def test_other_verdicts_do_not_depend_on_named_fields() -> None:
    assert verdict_of(answer(40002, invalid_param_list=[{"field": "port"}])) is Verdict.PERMANENT
    assert verdict_of(answer(0)) is Verdict.DONE


def test_named_fields_are_read_in_order_from_both_lists() -> None:
    reply = answer(
        40002,
        invalid_param_list=[{"field": "port", "value": 70000, "validation_type": "range"}, {"field": "name"}],
        duplicate_field_list=[{"field": "did", "value": "+44"}],
    )
    assert faults_of(reply) == (
        FieldFault(field="port", value=70000, validation_type="range"),
        FieldFault(field="name"),
        FieldFault(field="did", value="+44"),
    )


def test_odd_shapes_of_the_lists_are_read_all_the_same() -> None:
    assert faults_of(answer(40003, duplicate_field_list=["name", 7])) == (
        FieldFault(field="name"),
        FieldFault(field="7"),
    )
    assert faults_of(answer(40003, duplicate_field_list={"field": "name"})) == (FieldFault(field="name"),)
    assert faults_of(answer(40003, duplicate_field_list={})) == ()
    assert faults_of(answer(40002, invalid_param_list=[{"value": "x"}])) == (FieldFault(field="", value="x"),)


def test_values_of_secret_fields_are_never_carried() -> None:
    reply = answer(
        40002,
        invalid_param_list=[
            {"field": "password", "value": "Sample-password"},
            {"field": "Client_Secret", "value": ["Sample-secret"]},
            {"field": "trunk", "value": {"auth": [{"access_token": "Sample-token", "port": 1}]}},
            {"field": "password"},
        ],
    )
    faults = faults_of(reply)
    assert [fault.value for fault in faults] == [
        "<hidden>",
        "<hidden>",
        {"auth": [{"access_token": "<hidden>", "port": 1}]},
        None,
    ]
    assert "Sample-" not in repr(faults)


@given(JSON, JSON)
def test_no_shape_of_the_lists_is_too_odd(invalid: Any, duplicate: Any) -> None:
    faults = faults_of(answer(40002, invalid_param_list=invalid, duplicate_field_list=duplicate))
    json.dumps([fault.value for fault in faults])
