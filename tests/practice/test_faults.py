import json
from typing import Any

import pytest

from batch.practice.faults import HTML_PAGE, AnswerWith, Drop, Fault, Faults, Garble, HttpStatus, PassOn, RefuseWith

UPDATE = "trunk/update"


def kinds(faults: Faults, calls: list[str]) -> list[str | None]:
    return [fault.do if (fault := faults.next(call, {})) else None for call in calls]


def only(script: dict[str, Any]) -> Fault:
    fault = Faults.from_json([script]).next(UPDATE, {})
    assert fault is not None
    return fault


def test_without_a_script_nothing_goes_wrong() -> None:
    assert Faults().next(UPDATE, {}) is None
    assert Faults.from_json({}).latency == 0


def test_a_fault_fires_once_unless_it_says_more() -> None:
    faults = Faults.from_json([{"call": UPDATE, "do": "empty"}])
    assert kinds(faults, [UPDATE, UPDATE]) == ["empty", None]
    twice = Faults.from_json([{"call": UPDATE, "do": "empty", "times": 2}])
    assert kinds(twice, [UPDATE] * 3) == ["empty", "empty", None]
    always = Faults.from_json([{"call": UPDATE, "do": "empty", "times": "always"}])
    assert kinds(always, [UPDATE] * 3) == ["empty"] * 3


def test_a_fault_can_wait_for_its_turn_and_counts_only_its_own_call() -> None:
    faults = Faults.from_json([{"call": UPDATE, "do": "drop_after", "after": 2}])
    assert kinds(faults, [UPDATE, "trunk/list", UPDATE, UPDATE, UPDATE]) == [None, None, None, "drop_after", None]


def test_the_first_fault_that_fires_decides() -> None:
    faults = Faults.from_json([{"call": UPDATE, "do": "empty"}, {"call": "*", "do": "not_json", "times": "always"}])
    assert kinds(faults, [UPDATE, UPDATE, "trunk/list"]) == ["empty", "not_json", "not_json"]


def test_a_fault_can_be_meant_for_one_trunk() -> None:
    faults = Faults.from_json([{"call": "*", "match": {"id": 12}, "do": "drop_before"}])
    assert faults.next(UPDATE, {"id": 8}) is None
    assert faults.next("trunk/list", {}) is None
    assert isinstance(faults.next("trunk/get", {"id": "12"}), Drop)


def test_a_fault_that_names_only_a_latency_passes_the_call_on() -> None:
    fault = only({"call": UPDATE, "latency": 1})
    assert isinstance(fault, PassOn)
    assert fault.latency == 1


def test_the_latency_of_all_calls_stands_beside_the_faults() -> None:
    assert Faults.from_json({"latency": 0.05, "faults": []}).latency == 0.05


def test_given_answers_are_sent_as_given() -> None:
    answer = only({"call": UPDATE, "do": "answer", "body": {"errcode": 0}})
    assert isinstance(answer, AnswerWith)
    assert json.loads(answer.make_reply().content) == {"errcode": 0}
    assert not answer.effect


def test_an_errcode_brings_its_own_text_unless_told_otherwise() -> None:
    known = only({"call": UPDATE, "do": "errcode", "errcode": 70082})
    told = only({"call": UPDATE, "do": "errcode", "errcode": 55, "errmsg": "ODD", "body": {"submsg": "x"}})
    unknown = only({"call": UPDATE, "do": "errcode", "errcode": 55})
    assert isinstance(known, RefuseWith)
    assert isinstance(told, RefuseWith)
    assert isinstance(unknown, RefuseWith)
    assert json.loads(known.make_reply().content) == {"errcode": 70082, "errmsg": "OVERLOAD_TASK_RUNNING"}
    assert json.loads(told.make_reply().content) == {"errcode": 55, "errmsg": "ODD", "submsg": "x"}
    assert json.loads(unknown.make_reply().content)["errmsg"] == "UNKNOWN ERROR"


def test_a_proxys_answer_has_its_status_and_headers() -> None:
    fault = only({"call": UPDATE, "do": "status", "status": 503, "headers": {"Retry-After": "3"}})
    assert isinstance(fault, HttpStatus)
    reply = fault.make_reply()
    assert (reply.status, reply.headers) == (503, {"content-type": "text/html", "retry-after": "3"})
    assert reply.content == HTML_PAGE.encode()


@pytest.mark.parametrize(
    ("do", "content"), [("empty", b""), ("not_json", HTML_PAGE.encode()), ("not_object", b'["SUCCESS"]')]
)
def test_garbled_answers_follow_a_request_that_was_carried_out(do: str, content: bytes) -> None:
    fault = only({"call": UPDATE, "do": do})
    assert isinstance(fault, Garble)
    assert fault.effect
    assert fault.make_reply().content == content


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (7, "must be a list"),
        ({"fault": []}, "unknown key 'fault'"),
        ({"latency": "slow"}, "latency must be a number of seconds"),
        ({"latency": -1}, "latency must be a number of seconds"),
        ([{"call": UPDATE}, 1], "fault 2 must be an object"),
        ([{"do": "empty"}], "fault 1: call: Field required"),
        ([{"call": "trunk/change"}], "fault 1: call: .*there is no call 'trunk/change'"),
        ([{"call": UPDATE, "do": "explode"}], "fault 1: do: .*'explode'"),
        ([{"call": UPDATE}, {"call": UPDATE, "tims": 2}], "fault 2: tims: Extra inputs"),
        ([{"call": UPDATE, "times": 0}], "fault 1: times"),
        ([{"call": UPDATE, "do": "errcode"}], "fault 1: errcode: Field required"),
        ([{"call": UPDATE, "do": "hang"}], "fault 1: seconds: Field required"),
        ([{"call": UPDATE, "do": "status", "status": 99}], "fault 1: status: .*greater than or equal to 200"),
        ([{"call": UPDATE, "do": "answer", "body": []}], "fault 1: body: Input should be a valid dictionary"),
    ],
)
def test_a_bad_script_names_its_entry(script: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Faults.from_json(script)
