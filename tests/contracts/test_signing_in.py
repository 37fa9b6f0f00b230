"""Connection and sign-in (section 1 of the contract)."""

from __future__ import annotations

import pytest

from tests.contracts.endpoint import Endpoint, Json, words

TOKENS = ("access_token", "refresh_token")
EXPIRIES = ("access_token_expire_time", "refresh_token_expire_time")
SIX_FIELDS = {"errcode", "errmsg", *TOKENS, *EXPIRIES}
WRONG = "Sample-wrong-secret"


def refresh(pbx: Endpoint, signed_in: Json) -> Json:
    return pbx.ask("POST", "refresh_token", body={"refresh_token": signed_in["refresh_token"]})


@pytest.mark.doc
def test_a_failure_is_told_by_errcode_in_an_http_200(pbx: Endpoint) -> None:
    response = pbx.send("GET", "trunk/list", token="made-up")
    assert response.status_code == 200
    assert response.json()["errcode"] != 0


@pytest.mark.doc
def test_each_reply_closes_the_connection(pbx: Endpoint) -> None:
    callers = set()
    for _ in range(2):
        pbx.get("trunk/list", page_size=1)
        callers.add(pbx.caller)
    assert len(callers) == 2


@pytest.mark.doc
def test_a_user_agent_is_mandatory(pbx: Endpoint) -> None:
    try:
        response = pbx.send("GET", "trunk/list", pbx.tokens[0], agent="", page_size=1)
    except AssertionError:
        return  # hanging up is a refusal too: how it refuses is not documented
    assert b'"data"' not in response.content


@pytest.mark.doc
def test_a_call_that_the_firmware_lacks_is_answered_with_10001(pbx: Endpoint) -> None:
    assert pbx.get("trunk/no_such_call")["errcode"] == 10001


@pytest.mark.doc
def test_signing_in_gives_six_fields(pbx: Endpoint) -> None:
    answer = pbx.sign_in()
    assert words(answer) == "0 SUCCESS"
    assert set(answer) >= SIX_FIELDS
    assert len({"", *(answer[name] for name in TOKENS)}) == 3


@pytest.mark.seen
def test_expiry_times_are_whole_seconds_perhaps_as_text(pbx: Endpoint) -> None:
    answer = pbx.sign_in()
    assert all(int(answer[name]) > 0 for name in EXPIRIES)


@pytest.mark.seen
def test_a_new_token_leaves_older_ones_valid(pbx: Endpoint) -> None:
    pbx.sign_in()
    assert pbx.get("trunk/list", page_size=1)["errcode"] == 0


@pytest.mark.doc
def test_refreshing_gives_the_six_fields_with_both_tokens_new(pbx: Endpoint) -> None:
    first = pbx.sign_in()
    second = refresh(pbx, first)
    assert set(second) >= SIX_FIELDS
    assert len({answer[name] for answer in (first, second) for name in TOKENS}) == 4
    assert pbx.ask("GET", "trunk/list", second["access_token"], page_size=1)["errcode"] == 0


@pytest.mark.guess
def test_a_refresh_token_is_good_once(pbx: Endpoint) -> None:
    first = pbx.sign_in()
    assert refresh(pbx, first)["errcode"] == 0
    assert refresh(pbx, first)["errcode"] != 0


@pytest.mark.doc
def test_a_revoked_token_is_answered_with_10004(pbx: Endpoint) -> None:
    token = pbx.sign_in()["access_token"]
    assert pbx.ask("GET", "del_token", token)["errcode"] == 0
    assert pbx.ask("GET", "trunk/list", token)["errcode"] == 10004


@pytest.mark.guess
def test_a_token_that_never_was_is_answered_with_10004_as_well(pbx: Endpoint) -> None:
    assert pbx.ask("GET", "trunk/list", "made-up")["errcode"] == 10004


@pytest.mark.doc
def test_a_wrong_secret_is_refused_in_the_documented_words(pbx: Endpoint, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--pbx", None) and not request.config.getoption("--pbx-refused-sign-in"):
        pytest.skip("--pbx-refused-sign-in lets this send a wrong secret, once")
    answer = pbx.sign_in(WRONG)
    assert words(answer) == "-1 FAILURE"
    assert answer["invalid_param_list"] == [{"field": "username or password", "value": "error"}]


@pytest.mark.doc
def test_five_refused_sign_ins_in_a_row_block_the_address(spare: Endpoint) -> None:
    assert [spare.sign_in(WRONG)["errcode"] for _ in range(5)][:4] == [-1] * 4
    blocked = spare.sign_in()
    assert blocked["errcode"] == 70004
    assert int(blocked["block_expire_time"]) > 0


@pytest.mark.doc
def test_the_ninth_token_has_to_wait_for_one_to_be_revoked(spare: Endpoint) -> None:
    assert [spare.sign_in()["errcode"] for _ in range(9)] == [0] * 8 + [60002]
    spare.revoke(keep=7)
    assert spare.sign_in()["errcode"] == 0
