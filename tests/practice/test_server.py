import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from batch.practice.calls import Pbx, Request
from batch.practice.faults import CannedReply, Faults
from batch.practice.server import Api, Certificate, rehearse, running
from batch.practice.state import PbxState, read_state, write_state
from tests.certificates import Identity

NEW_NAME = {"id": 8, "name": "renamed"}


def raw(url: str, lines: list[str]) -> bytes:
    """Send bytes and read until the PBX ends the connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while part := wire.recv(65536):
            received += part
    return received


# --- the wire ---------------------------------------------------------------------------------------------------


def test_every_reply_ends_the_connection_and_is_json_with_status_200(client: Any) -> None:
    response = client.raw_post("trunk/update", {"id": 99})
    assert response.status_code == 200
    assert response.json()["errcode"] == 60001
    assert response.headers["connection"] == "close"
    assert response.headers["content-type"] == "application/json"


def test_a_request_without_a_user_agent_is_refused(state: PbxState) -> None:
    with running(state) as pbx:
        reply = raw(pbx.url, ["GET /openapi/v1.0/trunk/list HTTP/1.1", "Host: pbx"])
    assert reply.startswith(b"HTTP/1.1 200 OK")
    assert reply.endswith(b'{"errcode":10005,"errmsg":"ACCESS DENIED"}')


def test_another_base_path_is_not_found(state: PbxState, reach: Any) -> None:
    with running(state) as pbx:
        assert reach(pbx.url).http.get(pbx.url + "/openapi/v2.0/trunk/list").status_code == 404


@pytest.mark.parametrize(
    ("method", "call"),
    [("GET", "trunk/explode"), ("GET", "trunk/update"), ("POST", "trunk/list"), ("PUT", "get_token")],
)
def test_an_unknown_call_or_the_wrong_method_does_not_exist(
    state: PbxState, reach: Any, method: str, call: str
) -> None:
    with running(state) as pbx:
        client = reach(pbx.url)
        answer = client.http.request(method, client.base + call).json()
    assert answer["errcode"] == 10001


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_a_body_that_is_no_object_is_a_syntax_error(client: Any, content: bytes) -> None:
    url = f"{client.base}trunk/update?access_token={client.token}"
    assert client.http.post(url, content=content).json()["errcode"] == 40001


def test_every_request_is_logged_without_its_token(state: PbxState, connect: Any) -> None:
    began = time.monotonic()
    with running(state) as pbx:
        client = connect(pbx)
        client.get("trunk/get", id=8)
        client.update(**NEW_NAME)
    seen = [(request.call, request.method, request.params, request.body) for request in pbx.requests]
    assert seen == [
        ("get_token", "POST", {}, {"username": "practice", "password": "Sample-practice-secret"}),
        ("trunk/get", "GET", {"id": "8"}, None),
        ("trunk/update", "POST", {}, NEW_NAME),
    ]
    assert [request.open_requests for request in pbx.requests] == [1, 1, 1]
    assert began <= pbx.requests[0].started <= pbx.requests[2].started <= time.monotonic()
    assert "Sample-" not in repr(pbx) + repr(pbx.requests)


def test_requests_are_answered_side_by_side(state: PbxState, connect: Any) -> None:
    faults = Faults.from_json([{"call": "trunk/get", "latency": 0.15, "times": "always"}])
    with running(state, faults=faults) as pbx:
        client = connect(pbx)
        threads = [threading.Thread(target=client.get, args=("trunk/get",), kwargs={"id": 8}) for _ in range(4)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
    assert max(request.open_requests for request in pbx.requests) == 4
    assert 0.15 <= took < 0.6


def test_it_stops_cleanly_and_can_be_started_again(state: PbxState, reach: Any) -> None:
    with running(state) as pbx:
        pass
    with pytest.raises(httpx.ConnectError):
        reach(pbx.url).sign_in()
    with running(state) as other:
        assert other.url.startswith("http://127.0.0.1:")


# --- signing in -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="there a port is free at once")
def test_its_port_can_be_had_again_while_old_connections_still_linger(state: PbxState) -> None:
    with running(state) as pbx:
        raw(pbx.url, ["GET / HTTP/1.1"])  # answered and ended by the server, so that its side lingers
    seen = []

    def ready(url: str, _client_id: str) -> None:
        seen.append(url)
        raise KeyboardInterrupt

    rehearse(port=int(pbx.url.rpartition(":")[2]), state_file=None, faults_file=None, ready=ready)
    assert seen == [pbx.url]


def test_signing_in_gives_six_fields(client: Any) -> None:
    answer = client.sign_in()
    tokens = {answer.pop("access_token"), answer.pop("refresh_token")}
    assert len(tokens) == 2
    assert answer == {
        "errcode": 0,
        "errmsg": "SUCCESS",
        "access_token_expire_time": 1800,
        "refresh_token_expire_time": 86400,
    }


def test_expiry_times_may_come_as_text(make_state: Callable[..., PbxState], connect: Any) -> None:
    with running(make_state(expiry_as_text=True, access_token_expire_time=60)) as pbx:
        assert connect(pbx).sign_in()["access_token_expire_time"] == "60"


def test_a_call_without_a_valid_token_is_refused(client: Any) -> None:
    client.token = "made-up"
    assert client.get("trunk/list") == {"errcode": 10004, "errmsg": "TOKEN EXPIRED"}
    assert client.get("del_token")["errcode"] == 10004


def test_a_token_ends_when_its_time_is_up(state: PbxState, connect: Any) -> None:
    now = [1000.0]
    with running(state, clock=lambda: now[0]) as pbx:
        client = connect(pbx)
        now[0] += 1799
        assert client.get("trunk/list")["errcode"] == 0
        now[0] += 1
        assert client.get("trunk/list")["errcode"] == 10004
        assert pbx.count_valid_tokens() == 0
        assert client.sign_in()["errcode"] == 0
        assert client.get("trunk/list")["errcode"] == 0


def test_a_refresh_token_is_good_once(client: Any) -> None:
    first = client.sign_in()
    second = client.post("refresh_token", {"refresh_token": first["refresh_token"]})
    assert second["errcode"] == 0
    assert client.post("refresh_token", {"refresh_token": first["refresh_token"]})["errcode"] == 10004
    assert client.get("trunk/list")["errcode"] == 10004
    client.token = second["access_token"]
    assert client.get("trunk/list")["errcode"] == 0


def test_some_boxes_keep_the_old_token_after_a_refresh(make_state: Callable[..., PbxState], connect: Any) -> None:
    with running(make_state(refresh_keeps_old_token=True, max_tokens=2)) as pbx:
        client = connect(pbx)
        answer = client.sign_in()
        assert client.post("refresh_token", {"refresh_token": answer["refresh_token"]})["errcode"] == 60002
        assert client.get("trunk/list")["errcode"] == 0


def test_five_failures_in_a_row_block_the_address_for_a_time(state: PbxState, connect: Any) -> None:
    now = [1000.0]
    with running(state, clock=lambda: now[0]) as pbx:
        client = connect(pbx)
        answers = [client.sign_in("Sample-wrong") for _ in range(5)]
        assert [answer["errcode"] for answer in answers] == [-1, -1, -1, -1, 70004]
        assert answers[4]["block_expire_time"] == 1600
        assert client.sign_in()["errcode"] == 70004
        assert client.get("trunk/list")["errcode"] == 0
        now[0] = 1600
        assert client.sign_in()["errcode"] == 0


def test_a_success_in_between_starts_the_count_again(client: Any) -> None:
    for secret in ["Sample-wrong"] * 4 + ["Sample-practice-secret"] + ["Sample-wrong"] * 4:
        client.sign_in(secret)
    assert client.sign_in()["errcode"] == 0


# --- reading ----------------------------------------------------------------------------------------------------


def test_the_list_of_trunks_has_short_rows(client: Any) -> None:
    answer = client.get("trunk/list")
    assert answer["total_number"] == 5
    assert answer["data"][:3] == [
        {
            "id": 8,
            "status": 1,
            "name": "carrier-a",
            "type": "register",
            "host_port": "sip.example.net:5060",
            "def_outbound_cid": "442079460100",
            "username": "user-a",
        },
        {"id": 9, "status": 1, "name": "carrier-b", "type": "peer", "host_port": "192.0.2.9:5060"},
        {"id": 10, "status": 1, "name": "desk-phones", "type": "account", "username": "u10"},
    ]


def test_a_trunk_without_a_port_shows_its_host_alone(state: PbxState, connect: Any) -> None:
    state.edit_trunk(12, {"hostname": "h"})
    with running(state) as pbx:
        assert connect(pbx).get("trunk/list")["data"][4]["host_port"] == "h"


def test_lists_come_in_pages(make_state: Callable[..., PbxState], connect: Any) -> None:
    with running(make_state(default_page_size=2, max_page_size=3)) as pbx:
        client = connect(pbx)

        def ids(**params: Any) -> list[int]:
            answer = client.get("trunk/list", **params)
            assert answer["total_number"] == 5
            return [row["id"] for row in answer["data"]]

        assert ids() == [8, 9]
        assert ids(page=3) == [12]
        assert ids(page=4) == []
        assert ids(page_size=100) == [8, 9, 10]
        assert ids(page_size=100, page=2) == [11, 12]
        assert ids(order_by="desc") == [12, 11]
        assert ids(sort_by="name", order_by="asc") == [11, 8]
        assert ids(sort_by="id", order_by="desc") == [12, 11]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"page": "x"}, "page"),
        ({"page": 0}, "page"),
        ({"page_size": -1}, "page_size"),
        ({"sort_by": "colour"}, "sort_by"),
        ({"sort_by": "name"}, "sort_by"),
        ({"order_by": "up"}, "order_by"),
    ],
)
def test_a_page_that_makes_no_sense_is_refused(
    make_state: Callable[..., PbxState], connect: Any, params: dict[str, Any], field: str
) -> None:
    with running(make_state(reject_sort_by_name=True)) as pbx:
        answer = connect(pbx).get("trunk/list", **params)
    assert answer["errcode"] == 40002
    assert [entry["field"] for entry in answer["invalid_param_list"]] == [field]


def test_a_search_looks_into_several_columns(client: Any) -> None:

    def found(text: str) -> list[int]:
        return [row["id"] for row in client.get("trunk/search", search_value=text)["data"]]

    assert found("CARRIER") == [8, 9]
    assert found("5060") == [8, 9]
    assert found("u10") == [10]
    assert found("9460") == [8]
    assert found("nobody") == []
    assert client.get("trunk/search")["errcode"] == 40002


def test_one_trunk_is_shown_whole_with_its_password_and_without_our_hooks(state: PbxState, client: Any) -> None:
    assert client.trunk(8) == state.trunks[8]
    assert client.trunk(8)["password"] == "Sample-a"
    assert "shared" not in client.trunk(12)


@pytest.mark.parametrize(("trunk_id", "errcode"), [("99", 60001), ("", 40002), ("x", 40002), ("-1", 40002)])
def test_a_trunk_that_is_not_there_is_not_shown(client: Any, trunk_id: str, errcode: int) -> None:
    assert client.get("trunk/get", id=trunk_id)["errcode"] == errcode


def test_quirks_of_reading_can_be_turned_on(make_state: Callable[..., PbxState], connect: Any) -> None:
    with running(make_state(trunk_get_as_list=True, ports_as_text=True)) as pbx:
        (trunk,) = connect(pbx).trunk(8)
    assert (trunk["port"], trunk["outbound_proxy_port"]) == ("5060", "5061")


def test_many_trunks_are_read_in_one_call_in_the_order_asked(client: Any) -> None:
    answer = client.get("trunk/query", ids="10,99,8")
    assert [trunk["id"] for trunk in answer["data"]] == [10, 8]
    assert answer["data"][1] == client.trunk(8)
    assert client.get("trunk/query", ids="8,x")["errcode"] == 40002
    assert client.get("trunk/query")["errcode"] == 40002


def test_extensions_and_groups_are_listed(client: Any) -> None:
    assert client.get("extension/list", page_size=1, page=2) == {
        "errcode": 0,
        "errmsg": "SUCCESS",
        "total_number": 3,
        "data": [{"id": 2, "number": "1002", "caller_id_name": "Bob"}],
    }
    assert client.get("extensiongroup/list")["data"] == [{"id": 3, "name": "Sales"}, {"id": 4, "name": "Support"}]


def test_a_box_without_the_list_of_groups_has_the_menu(make_state: Callable[..., PbxState], connect: Any) -> None:
    with running(make_state(no_extensiongroup_list=True)) as pbx:
        client = connect(pbx)
        assert client.get("extensiongroup/list")["errcode"] == 10001
        assert client.get("system/get_menuoptions", menu="ext_group")["data"] == [
            {"text": "Sales", "value": "3"},
            {"text": "Support", "value": "4"},
        ]
        assert client.get("system/get_menuoptions", menu="queue")["errcode"] == 40002


MAIN = {
    "id": 1, "name": "Main", "did_option": "patterns", "did_pattern_list": [{"did_pattern": "44."}], "def_dest": "ivr",
    "trunk_list": [{"id": 8}],
}  # fmt: skip


def test_inbound_routes_are_listed_in_short_and_shown_whole(state: PbxState, connect: Any) -> None:
    state.inbound_routes = {1: MAIN, 2: {**MAIN, "id": 2, "name": "Night", "trunk_list": "odd"}}
    carrier_a = {"id": 8, "name": "carrier-a", "type": "register"}
    with running(state) as pbx:
        client = connect(pbx)
        page = client.get("inbound_route/list", page=1, page_size=1)
        short = {"id": 1, "name": "Main", "trunk_list": [carrier_a], "def_dest": "ivr", "pos": 1}
        assert (page["total_number"], page["data"]) == (2, [short])
        assert client.get("inbound_route/get", id=1)["data"] == {**MAIN, "trunk_list": [carrier_a]}
        assert [row["trunk_list"] for row in client.get("inbound_route/query", ids="2,1,7")["data"]] == [
            [carrier_a],
            "odd",
        ]
        assert client.get("inbound_route/get", id=7)["errcode"] == 60001
        assert client.get("inbound_route/get")["errcode"] == 40002
        assert client.get("inbound_route/query", ids="x")["errcode"] == 40002


def test_a_box_whose_state_has_no_inbound_routes_has_no_calls_for_them(client: Any) -> None:
    for call in ("list", "get", "query"):
        assert client.get(f"inbound_route/{call}")["errcode"] == 10001


# --- writing ----------------------------------------------------------------------------------------------------


def test_a_write_shows_on_the_next_read_and_is_told_to_whoever_listens(state: PbxState, connect: Any) -> None:
    told: list[str] = []
    with running(state, on_change=lambda changed: told.append(changed.trunks[8]["name"])) as pbx:
        client = connect(pbx)
        assert client.update(**NEW_NAME)["errcode"] == 0
        assert client.update(id=8, port="1")["errcode"] == -2
        assert client.trunk(8)["name"] == "renamed"
    assert told == ["renamed"]
    assert pbx.state.trunks[8]["name"] == "renamed"


def test_accepted_writes_are_in_the_file_at_the_end(state: PbxState, connect: Any, tmp_path: Path) -> None:
    with running(state, path=tmp_path / "pbx.json") as pbx:
        connect(pbx).update(**NEW_NAME)
    assert read_state(tmp_path / "pbx.json").trunks[8]["name"] == "renamed"


def test_with_an_interval_of_nought_a_write_is_in_the_file_before_its_answer(
    state: PbxState, connect: Any, tmp_path: Path
) -> None:
    with running(state, path=tmp_path / "pbx.json", save_every=0) as pbx:
        connect(pbx).update(**NEW_NAME)
        assert read_state(tmp_path / "pbx.json").trunks[8]["name"] == "renamed"


def test_a_write_that_cannot_be_saved_before_its_answer_is_an_error_of_the_server(
    state: PbxState, connect: Any, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError), running(state, path=tmp_path / "gone" / "pbx.json", save_every=0) as pbx:
        assert connect(pbx).raw_post("trunk/update", NEW_NAME).status_code == 500


def test_whoever_connects_and_says_nothing_does_not_hold_up_the_end(state: PbxState) -> None:
    with socket.socket() as silent, running(state) as pbx:
        silent.connect(("127.0.0.1", int(pbx.url.rsplit(":", 1)[1])))
        silent.sendall(b"GET /openapi")
        began = time.monotonic()
    assert time.monotonic() - began < 5


def test_a_state_that_cannot_be_saved_is_told_at_the_end(state: PbxState, connect: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), running(state, path=tmp_path / "gone" / "pbx.json") as pbx:
        connect(pbx).update(**NEW_NAME)


# --- faults -----------------------------------------------------------------------------------------------------


def after_fault(state: PbxState, connect: Any, script: dict[str, Any]) -> tuple[Any, str]:
    """Rename trunk 8 under a fault; return the response, or the error's class, and the name it has then."""
    faults = Faults.from_json([{"call": "trunk/update", **script}])
    with running(state, faults=faults) as pbx:
        client = connect(pbx)
        try:
            seen: Any = client.raw_post("trunk/update", NEW_NAME)
        except httpx.HTTPError as error:
            seen = type(error)
        return seen, pbx.state.trunks[8]["name"]


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ({"do": "drop_before"}, "carrier-a"),
        ({"do": "drop_after"}, "renamed"),
        ({"do": "half_body"}, "renamed"),
        ({"do": "half_body", "effect": False}, "carrier-a"),
        ({"do": "hang", "seconds": 0.02}, "carrier-a"),
        ({"do": "hang", "seconds": 0.02, "when": "first"}, "renamed"),
        ({"do": "hang", "seconds": 0.02, "when": "last"}, "renamed"),
    ],
)
def test_a_connection_can_end_without_a_whole_answer(
    state: PbxState, connect: Any, script: dict[str, Any], name: str
) -> None:
    seen, name_then = after_fault(state, connect, script)
    assert issubclass(seen, httpx.RemoteProtocolError | httpx.ReadError)
    assert name_then == name


@pytest.mark.parametrize(
    ("script", "status", "text", "name"),
    [
        ({"do": "pass", "latency": 0.01}, 200, '{"errcode":0,"errmsg":"SUCCESS"}', "renamed"),
        ({"do": "answer", "body": {"errcode": 0}}, 200, '{"errcode": 0}', "carrier-a"),
        ({"do": "errcode", "errcode": 2, "effect": True}, 200, '{"errcode": 2, "errmsg": "PROCESSING"}', "renamed"),
        ({"do": "status", "status": 502, "body": "<p>no</p>"}, 502, "<p>no</p>", "carrier-a"),
        ({"do": "empty"}, 200, "", "renamed"),
        ({"do": "not_object", "effect": False}, 200, '["SUCCESS"]', "carrier-a"),
        ({"do": "expire_tokens"}, 200, '{"errcode":10004,"errmsg":"TOKEN EXPIRED"}', "carrier-a"),
        ({"do": "partial", "omit": ["name"]}, 200, '{"errcode":1,"errmsg":"PARTIAL SUCCESS"}', "carrier-a"),
        ({"do": "partial", "omit": ["name"], "errcode": 0}, 200, '{"errcode":0,"errmsg":"SUCCESS"}', "carrier-a"),
        ({"do": "edit", "id": 8, "fields": {"name": "x"}}, 200, '{"errcode":0,"errmsg":"SUCCESS"}', "renamed"),
    ],
)
def test_an_answer_can_be_another_than_the_usual(
    state: PbxState, connect: Any, script: dict[str, Any], status: int, text: str, name: str
) -> None:
    response, name_then = after_fault(state, connect, script)
    assert (response.status_code, response.text, name_then) == (status, text, name)


def test_a_refusal_stays_one_when_only_a_part_would_be_written(state: PbxState, connect: Any) -> None:
    response, _ = after_fault(state, connect, {"do": "partial", "omit": ["id"]})
    assert response.json()["errcode"] == 40002


def test_an_edit_from_elsewhere_comes_before_the_read_that_meets_it(state: PbxState, connect: Any) -> None:
    faults = Faults.from_json([{"call": "trunk/query", "do": "edit", "id": 9, "fields": {"port": 5099}}])
    with running(state, faults=faults) as pbx:
        assert connect(pbx).get("trunk/query", ids="9")["data"][0]["port"] == 5099


def test_retry_after_reaches_the_client(state: PbxState, connect: Any) -> None:
    script = {"do": "status", "status": 429, "headers": {"Retry-After": "7"}}
    response, _ = after_fault(state, connect, script)
    assert response.headers["retry-after"] == "7"
    assert response.headers["connection"] == "close"


def test_a_latency_for_all_delays_every_answer(state: PbxState, connect: Any) -> None:
    with running(state, faults=Faults(latency=0.03)) as pbx:
        began = time.monotonic()
        connect(pbx).get("trunk/list")
        assert time.monotonic() - began >= 0.06


def test_a_hanging_answer_does_not_hold_up_the_end(state: PbxState, connect: Any) -> None:
    faults = Faults.from_json([{"call": "trunk/list", "do": "hang", "seconds": 60}])
    with running(state, faults=faults) as pbx:
        client = connect(pbx)
        with pytest.raises(httpx.ReadTimeout):
            client.http.get(client.base + "trunk/list", params={"access_token": client.token}, timeout=0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 5


def test_no_new_pause_begins_once_the_end_has_come(state: PbxState) -> None:
    api = Api(Pbx(state, time.time), Faults(latency=60), lambda _request: None)
    api.stopped.set()
    began = time.monotonic()
    reply = api.respond(Request(call="trunk/list", method="GET", params={}, token=""), b"")
    assert time.monotonic() - began < 5
    assert isinstance(reply, CannedReply)
    assert json.loads(reply.content)["errcode"] == 10004


# --- TLS --------------------------------------------------------------------------------------------------------


def test_it_speaks_tls_with_a_certificate_of_its_own(
    state: PbxState, reach: Any, connect: Any, identity: Identity
) -> None:
    faults = Faults.from_json([{"call": "trunk/list", "do": "drop_after"}, {"call": "trunk/list", "do": "half_body"}])
    trusting = ssl.create_default_context(cafile=identity.pem)
    with running(state, faults=faults, certificate=identity.served) as pbx:
        assert pbx.url.startswith("https://127.0.0.1:")
        client = connect(pbx, trusting)
        for _ in range(2):
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                client.get("trunk/list")
        assert client.get("trunk/list")["total_number"] == 5
        with pytest.raises(httpx.ConnectError):
            reach(pbx.url).sign_in()


def test_a_certificate_that_cannot_be_read_is_the_callers_error(state: PbxState, tmp_path: Path) -> None:
    missing = Certificate(certificate_file=tmp_path / "no.crt", key_file=tmp_path / "no.key")
    with pytest.raises(FileNotFoundError), running(state, certificate=missing):
        pass


# --- in the foreground ------------------------------------------------------------------------------------------

FOREGROUND = """
import sys
from pathlib import Path
from batch.practice.server import rehearse

rehearse(port=0, state_file=Path(sys.argv[1]), faults_file=None, ready=lambda url, _: print(url, flush=True))
print("ended", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="a test cannot send Ctrl-C to one process there")
def test_ctrl_c_ends_the_server_with_its_state_saved(state: PbxState, reach: Any, tmp_path: Path) -> None:
    path = tmp_path / "pbx.json"
    write_state(state, path)
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", FOREGROUND, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        client = reach(process.stdout.readline().strip())
        client.sign_in()
        assert client.update(**NEW_NAME)["errcode"] == 0
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err) == ("ended\n", "")
    assert read_state(path).trunks[8]["name"] == "renamed"


def test_the_foreground_server_answers_until_ctrl_c(state: PbxState, reach: Any, tmp_path: Path) -> None:
    seen: list[Any] = []

    def visit(url: str) -> None:
        client = reach(url)
        client.sign_in()
        seen.append(client.update(**NEW_NAME))
        signal.raise_signal(signal.SIGINT)

    write_state(state, tmp_path / "pbx.json")
    rehearse(
        port=0,
        state_file=tmp_path / "pbx.json",
        faults_file=None,
        ready=lambda url, _: threading.Thread(target=visit, args=(url,)).start(),
    )
    assert seen == [{"errcode": 0, "errmsg": "SUCCESS"}]
    assert read_state(tmp_path / "pbx.json").trunks[8]["name"] == "renamed"


def test_a_port_that_is_taken_is_the_callers_error(state: PbxState) -> None:
    with running(state) as pbx, pytest.raises(OSError, match="in use"):
        rehearse(port=int(pbx.url.rsplit(":", 1)[1]), state_file=None, faults_file=None, ready=lambda *_: None)
