from __future__ import annotations

import datetime as dt
import gzip
import json
import ssl
import time
from contextlib import suppress
from dataclasses import replace
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from batch.pbx.messages import (
    Answer,
    InvalidResponse,
    NoResponse,
    NotSent,
    Reply,
    get_trunk,
    list_trunks,
    query_trunks,
    sign_in,
    update_trunk,
)
from batch.pbx.throttle import SYSTEM_CLOCK, Clock, ConcurrencyLimit, RateLimiter, Stopped, Throttle
from batch.pbx.transport import Insecure, open_transport
from batch.pbx.wire import AccessToken, Wire
from batch.secrets import Secret

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    from tests.certificates import Identity
    from tests.fake_time import FakeTime
    from tests.pbx.conftest import Behaviour, ScriptedPbx, Serve

PERMIT = AccessToken(token=Secret("Sample-token-1"), serial=3)


def text(status: int, content: str | bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=content, headers=named)


def test_an_answer_is_read_whole(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script("trunk/get", {"errcode": 0, "errmsg": "SUCCESS", "data": {"password": "Sample-live"}})
    reply = wire.send(get_trunk(8), PERMIT)
    assert isinstance(reply, Answer)
    assert (reply.errcode, reply.errmsg, reply.http_status, reply.sign_in) == (0, "SUCCESS", 200, 3)
    assert reply.elapsed == pytest.approx(0.05)
    assert reply.body["data"] == {"password": "Sample-live"}
    assert "Sample-" not in repr(reply)


def test_reads_are_get_with_the_token_in_the_query_only(wire: Wire, pbx: ScriptedPbx) -> None:
    wire.send(query_trunks([8, 12]), PERMIT)
    [sent] = pbx.requests
    assert sent.method == "GET"
    assert sent.url.path == "/openapi/v1.0/trunk/query"
    assert dict(sent.url.params) == {"ids": "8,12", "access_token": "Sample-token-1"}
    assert (sent.headers["user-agent"], sent.headers["connection"]) == ("OpenAPI", "close")
    assert "content-type" not in sent.headers


def test_writes_are_posts_of_json(wire: Wire, pbx: ScriptedPbx) -> None:
    wire.send(update_trunk({"id": 8, "def_outbound_cid_name": "Büro \ud800"}), PERMIT)
    [sent] = pbx.requests
    assert sent.method == "POST"
    assert sent.headers["content-type"] == "application/json"
    assert json.loads(sent.content) == {"id": 8, "def_outbound_cid_name": "Büro \ud800"}
    assert dict(sent.url.params) == {"access_token": "Sample-token-1"}


def test_signing_in_carries_no_token(wire: Wire, pbx: ScriptedPbx) -> None:
    reply = wire.send(sign_in("client", Secret("Sample-secret")))
    assert dict(pbx.requests[0].url.params) == {}
    assert isinstance(reply, Answer)
    assert reply.sign_in == 0
    assert "Sample-" not in repr(reply)


@pytest.mark.parametrize(
    ("errcode", "read"), [("10004", 10004), (" -2 ", -2), (40002.0, 40002), (0, 0), (10**12, 10**12)]
)
def test_an_errcode_may_come_in_other_clothes(wire: Wire, pbx: ScriptedPbx, errcode: Any, read: int) -> None:
    pbx.script("trunk/list", {"errcode": errcode})
    reply = wire.send(list_trunks(1, 10), PERMIT)
    assert isinstance(reply, Answer)
    assert (reply.errcode, reply.errmsg) == (read, "")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (rb'{"errcode": 0, "data": {"name": "T1\ud800", "port": 5060}}', "T1\ufffd"),
        (rb'{"errcode": 0, "data": {"name": "\uDFFFT1", "port": 5060}}', "\ufffdT1"),
        (b'{"errcode": 0, "data": {"name": "T\xed\xa0\x80", "port": 5060}}', "T\ufffd"),
        ('{"errcode": 0, "data": {"name": "T\ud83d", "port": 5060}}'.encode("utf-16", "surrogatepass"), "T\ufffd"),
        (rb'{"errcode": 0, "data": {"name": "T\ud83d\ude00", "port": 5060}}', "T\U0001f600"),
    ],
)
def test_half_a_character_is_read_as_one_that_every_file_takes(
    wire: Wire, pbx: ScriptedPbx, content: bytes, name: str
) -> None:
    pbx.script("trunk/get", text(200, content))
    reply = wire.send(get_trunk(8), PERMIT)
    assert isinstance(reply, Answer)
    assert reply.body["data"] == {"name": name, "port": 5060}


def test_errcode_decides_whatever_the_http_status_is(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script("trunk/list", httpx.Response(500, json={"errcode": 40002, "errmsg": "PARAMETER ERROR"}))
    reply = wire.send(list_trunks(1, 10), PERMIT)
    assert isinstance(reply, Answer)
    assert (reply.errcode, reply.http_status) == (40002, 500)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (lambda: text(502, "<html>Bad gateway"), "an HTML page instead of JSON (HTTP 502)"),
        (lambda: text(200, ""), "an empty answer (HTTP 200)"),
        (lambda: text(200, " \n"), "an empty answer (HTTP 200)"),
        (lambda: text(200, "hello"), "an answer that is not JSON (HTTP 200)"),
        (lambda: text(200, b'{"errmsg": "\xff\xfe"}'), "an answer that is not JSON (HTTP 200)"),
        (lambda: text(200, '{"errcode": 0, "da'), "an answer that is not JSON (HTTP 200)"),
        (lambda: text(200, "[" * 100_000), "an answer that is not JSON (HTTP 200)"),
        (lambda: text(200, "[1]"), "JSON, but not an object (HTTP 200)"),
        (lambda: text(200, "{}"), "JSON without an errcode (HTTP 200)"),
        (lambda: text(200, '{"errcode": true}'), "JSON without an errcode (HTTP 200)"),
        (lambda: text(200, '{"errcode": 1.5}'), "JSON without an errcode (HTTP 200)"),
        (lambda: text(200, '{"errcode": "x"}'), "JSON without an errcode (HTTP 200)"),
        (lambda: text(301, "", Location="https://x"), "a redirection to another address (HTTP 301)"),
        (
            lambda: text(200, gzip.compress(b" " * (64 * 1024**2 + 1)), Content_Encoding="gzip"),
            "an answer larger than 64 MiB (HTTP 200)",
        ),
    ],
)
def test_what_is_not_the_api_is_garbled_and_says_what_came(
    wire: Wire, pbx: ScriptedPbx, response: Callable[[], httpx.Response], reason: str
) -> None:
    pbx.script("trunk/list", response())
    reply = wire.send(list_trunks(1, 10), PERMIT)
    assert isinstance(reply, InvalidResponse)
    assert reply.reason == reason
    assert reply.http_status == int(reason[-4:-1])


def test_broken_compression_is_garbled(wire: Wire, pbx: ScriptedPbx) -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"not gzip"

    pbx.script("trunk/list", httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Broken()))
    reply = wire.send(list_trunks(1, 10), PERMIT)
    assert isinstance(reply, InvalidResponse)
    assert reply.reason == "the answer could not be unpacked"


def test_an_answer_that_drips_in_is_given_up(wire: Wire, pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    class Dripping(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                fake_time.seconds += 20
                yield b" "

    pbx.script("trunk/list", httpx.Response(200, stream=Dripping()))
    reply = wire.send(list_trunks(1, 10), PERMIT)
    assert isinstance(reply, NoResponse)
    assert reply.reason == "the answer had not ended after 60 s"
    assert reply.timed_out


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("1.5", 1.5),
        ("soon", None),
        ("-5", None),
        ("99999999999999", None),
        ("Wed, 21 Oct 2026 07:28:00 -0000", None),
        ("Wed, 21 Oct 1999 07:28:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_in_both_its_forms(
    wire: Wire, pbx: ScriptedPbx, header: str, seconds: float | None
) -> None:
    pbx.script("trunk/list", text(503, "<html>", Retry_After=header))
    reply = wire.send(list_trunks(1, 10), PERMIT)
    assert isinstance(reply, InvalidResponse)
    assert reply.retry_after == seconds


def test_retry_after_as_a_date_is_counted_from_now(wire: Wire, pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    until = fake_time.clock.now() + dt.timedelta(seconds=90)
    pbx.script(
        "trunk/list",
        httpx.Response(200, json={"errcode": 70082}, headers={"Retry-After": format_datetime(until, usegmt=True)}),
    )
    reply = wire.send(list_trunks(1, 10), PERMIT)
    assert isinstance(reply, Answer)
    assert reply.retry_after == pytest.approx(90, abs=1)


def test_what_was_secret_in_a_request_is_cut_out_of_the_message(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script(
        "trunk/update",
        {"errcode": -2, "errmsg": "bad\x1b[31m\n Sample-pw in access_token=Sample-token-1 " + "x" * 900},
    )
    reply = wire.send(update_trunk({"id": 8, "password": "Sample-pw"}), PERMIT)
    assert isinstance(reply, Answer)
    assert reply.errmsg.startswith("bad [31m <hidden> in access_token=<hidden> xxx")
    assert len(reply.errmsg) == 500


@pytest.mark.parametrize("errcode", [0, 40002])
@pytest.mark.parametrize("message", ["x" * 4_000_000, ["x"] * 400_000, {"x" * 4_000_000: 1}], ids=type)
def test_of_an_endless_answer_the_code_and_the_beginning_of_its_message_count(
    wire: Wire, pbx: ScriptedPbx, errcode: int, message: Any
) -> None:
    faults = [{"field": "hostname", "value": r"a\u0062"}] * 40_000
    pbx.script("trunk/update", {"errcode": errcode, "errmsg": message, "invalid_param_list": faults})
    began = time.process_time()
    reply = wire.send(update_trunk({"id": 7, "password": "Sample-x"}), PERMIT)
    assert isinstance(reply, Answer)
    assert (reply.errcode, len(reply.errmsg)) == (errcode, 500)
    assert time.process_time() - began < 5.0


def test_a_message_that_is_no_text_is_shown_as_json(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script("trunk/update", {"errcode": -1, "errmsg": {"why": 1}})
    reply = wire.send(update_trunk({"id": 8, "password": "abc"}), PERMIT)
    assert isinstance(reply, Answer)
    assert reply.errmsg == '{"why": 1}'


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        ({"errcode": 0}, 3),
        ({"errcode": 40002}, 3),
        ({"errcode": 10004}, 3),
        ({"errcode": -2}, 2),
        ({"errcode": 70082}, 1),
        (httpx.Response(503, json={"errcode": 0}), 1),
        (httpx.Response(200, json={"errcode": 0}, headers={"Retry-After": "1"}), 1),
        (text(429, "slow"), 1),
        (text(503, "<html>"), 1),
        (text(502, "<html>", Retry_After="3"), 1),
        (text(502, "<html>"), 2),
        (httpx.ReadTimeout("x"), 1),
        (httpx.ConnectTimeout("x"), 1),
        (httpx.ConnectError("x"), 2),
        (httpx.ReadError("x"), 2),
    ],
)
def test_every_reply_tells_the_gate_how_it_went(
    wire: Wire, pbx: ScriptedPbx, throttle: Throttle, answer: Any, allowed: int
) -> None:
    concurrency_limit = throttle._concurrency_limit  # noqa: SLF001 - what it made of a reply shows only in later waits
    concurrency_limit.allowed = 2
    concurrency_limit.stumbled()
    concurrency_limit.succeeded(0.0, 0.0)
    pbx.script("trunk/list", answer)
    wire.send(list_trunks(1, 10), PERMIT)
    assert concurrency_limit.allowed == allowed


def test_the_log_tells_each_request_and_no_secret(
    wire: Wire, pbx: ScriptedPbx, logged: list[Mapping[str, Any]]
) -> None:
    pbx.script("trunk/update", {"errcode": 40002, "errmsg": "Sample-pw", "x": "Sample-y"}, text(502, "<html>"))
    pbx.script("trunk/get", httpx.ReadTimeout("Sample-token-1"), httpx.ConnectError("Sample-token-1"))
    body = {"id": 8, "password": "Sample-pw"}
    for request in (update_trunk(body), update_trunk(body), get_trunk(8), get_trunk(8)):
        wire.send(request, PERMIT)
    wire.send(sign_in("client", Secret("Sample-secret")))
    ms = {"elapsed_ms": 50.0}
    update = {"call": "trunk/update", "ids": [8], "sign_in": 3}
    get = {"call": "trunk/get", "ids": [8], "sign_in": 3}
    html = "an HTML page instead of JSON (HTTP 502)"
    assert logged == [
        update | {"reply": "answer", "http_status": 200, "errcode": 40002} | ms,
        update | {"reply": "garbled", "http_status": 502, "reason": html} | ms,
        get | {"reply": "no answer", "reason": "no answer within 30 s"} | ms,
        get | {"reply": "not sent", "reason": "no connection could be made"} | ms,
        {"call": "get_token", "reply": "answer", "http_status": 200, "errcode": 0} | ms,
    ]
    assert "Sample-" not in json.dumps(logged)


def test_nothing_is_sent_through_a_stopped_gate_but_the_last_request(
    wire: Wire, pbx: ScriptedPbx, throttle: Throttle
) -> None:
    throttle.stop()
    with pytest.raises(Stopped):
        wire.send(list_trunks(1, 10), PERMIT)
    assert pbx.requests == []
    assert isinstance(wire.send_last(list_trunks(1, 10), PERMIT), Answer)


def over_the_net(port: int, *, scheme: str = "http", timeout: float = 5.0) -> Reply:
    throttle = Throttle(RateLimiter(1000), ConcurrencyLimit(1), SYSTEM_CLOCK)
    base_url = f"{scheme}://127.0.0.1:{port}"
    transport = open_transport(base_url, Insecure(), proxy=False)
    wire = Wire(transport=transport, base_url=base_url, throttle=throttle, clock=Clock(), timeout=timeout)
    return wire.send(list_trunks(1, 10), PERMIT)


def test_a_port_where_nobody_listens_refuses(serve: Serve) -> None:
    with serve(lambda _: None) as port:
        pass
    reply = over_the_net(port)
    assert isinstance(reply, NotSent)
    assert reply.reason == "connection refused"


def test_a_connection_closed_before_an_answer_is_no_answer(serve: Serve) -> None:
    def close(connection: socket.socket) -> None:
        connection.recv(65536)

    with serve(close) as port:
        reply = over_the_net(port)
    assert isinstance(reply, NoResponse)
    assert reply.reason == "the connection was closed without an HTTP answer"


def test_half_a_body_is_garbled(serve: Serve) -> None:
    def half(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"errcode": 0, ')

    with serve(half) as port:
        reply = over_the_net(port)
    assert isinstance(reply, InvalidResponse)
    assert (reply.reason, reply.http_status) == ("the answer broke off", 200)


def test_silence_is_a_time_out(serve: Serve) -> None:
    def silent(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.recv(1)

    with serve(silent) as port:
        reply = over_the_net(port, timeout=0.2)
    assert isinstance(reply, NoResponse)
    assert reply.reason == "no answer within 0.2 s"
    assert reply.timed_out


DRIPPING = [
    b"HTTP/1.1 200 OK\r\nX: ",
    b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\n",  # a body without a length
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 900\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0",
]


@pytest.mark.parametrize(
    ("scheme", "begin"), [*(("http", begin) for begin in DRIPPING), ("https", DRIPPING[0]), ("https", DRIPPING[1])]
)
def test_whatever_drips_in_is_cut_off_after_twice_the_time(
    serve: Serve, identity: Identity, scheme: str, begin: bytes
) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(begin)
        until = time.monotonic() + 20
        with suppress(OSError):
            while time.monotonic() < until:
                connection.sendall(b"7")
                time.sleep(0.05)

    def drip_over_tls(connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.pem)
        with context.wrap_socket(connection, server_side=True) as secured:
            drip(secured)

    began = time.monotonic()
    with serve(drip if scheme == "http" else drip_over_tls) as port:
        reply = over_the_net(port, scheme=scheme, timeout=1.0)
        took = time.monotonic() - began
    assert isinstance(reply, NoResponse)
    assert reply.reason == "the answer had not ended after 2 s"
    assert reply.timed_out
    assert took < 10.0


def test_http_spoken_to_an_https_port_is_recognised(
    serve: Serve, served_over_tls: Callable[[Identity, list[bytes]], Behaviour], identity: Identity
) -> None:
    with serve(served_over_tls(identity, [])) as port:
        reply = over_the_net(port)
    assert isinstance(reply, NoResponse)
    assert reply.reason in (
        "http was spoken to an https port",
        "the connection was closed without an HTTP answer",
        "the connection broke before an answer",
    )


def test_a_tls_alert_in_answer_to_http_names_the_cause(serve: Serve) -> None:
    def alert(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46")

    with serve(alert) as port:
        reply = over_the_net(port)
    assert isinstance(reply, NoResponse)
    assert reply.reason == "http was spoken to an https port"


def test_https_spoken_to_an_http_port_is_recognised(serve: Serve) -> None:
    def http(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with serve(http) as port:
        reply = over_the_net(port, scheme="https")
    assert isinstance(reply, NotSent)
    assert reply.reason == "https was spoken to a port that does not speak it (an http port?)"


def test_a_request_whose_turn_comes_too_late_does_not_leave(wire: Wire, pbx: ScriptedPbx) -> None:
    reply = wire.send(replace(update_trunk({"id": 8}), not_after=wire.clock.monotonic() - 1), PERMIT)
    assert isinstance(reply, NotSent)
    assert reply.late
    assert pbx.requests == []


def test_a_number_that_no_errcode_has_is_no_answer_of_the_api(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script("trunk/list", {"errcode": 10**30})
    assert isinstance(wire.send(list_trunks(1, 10), PERMIT), InvalidResponse)


def test_a_pbx_that_quotes_an_old_password_or_token_anywhere_is_not_repeated(wire: Wire, pbx: ScriptedPbx) -> None:
    pbx.script("trunk/get", {"errcode": 0, "data": {"id": 8, "password": "Sample-old-1"}})
    wire.send(get_trunk(8), PERMIT)
    fault = {"field": "params", "value": '{"password": "Sample-new-1"}', "validation_type": "not Sample-old-1"}
    pbx.script(
        "trunk/update", {"errcode": 40002, "errmsg": "?access_token=Sample-token-1", "invalid_param_list": [fault]}
    )
    reply = wire.send(update_trunk({"id": 8, "password": "Sample-new-1"}), PERMIT)
    assert isinstance(reply, Answer)
    assert "Sample-" not in reply.errmsg + json.dumps(reply.body)
