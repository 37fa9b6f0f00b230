"""What the tests of the wire share: a clock that is not one, a scripted PBX, and small loopback servers."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx
import pytest

from batch.pbx.throttle import ConcurrencyLimit, RateLimiter, Throttle
from batch.pbx.wire import Wire
from tests.certificates import Identity, make_identity
from tests.fake_time import FakeTime
from tests.loopback import port_that

TOKEN = "Sample-token-1"
SECRET = "Sample-client-secret"
Behaviour: TypeAlias = Callable[[socket.socket], None]
Serve: TypeAlias = Callable[[Behaviour], AbstractContextManager[int]]


Scripted: TypeAlias = httpx.Response | Exception | Mapping[str, Any]


@dataclass
class ScriptedPbx:
    """Answers each call with the next line of its script; the last line repeats."""

    time: FakeTime
    scripts: dict[str, list[Scripted]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    latency: float = 0.05
    lock: threading.Lock = field(default_factory=threading.Lock)
    tokens: int = 0

    def script(self, call: str, *answers: Scripted) -> None:
        self.scripts[call] = list(answers)

    def calls(self) -> list[str]:
        return [request.url.path.partition("/v1.0/")[2] for request in self.requests]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.requests.append(request)
            self.time.seconds += self.latency
            call = request.url.path.partition("/v1.0/")[2]
            script = self.scripts.get(call, [{"errcode": 0, "errmsg": "SUCCESS"}])
            answer = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, httpx.Response):
                return answer
            if call in ("get_token", "refresh_token") and answer == {"errcode": 0, "errmsg": "SUCCESS"}:
                self.tokens += 1
                answer = granted(self.tokens)
            return httpx.Response(200, json=answer)


def granted(number: int) -> dict[str, Any]:
    return {
        "errcode": 0,
        "errmsg": "SUCCESS",
        "access_token_expire_time": "1800",
        "access_token": f"Sample-token-{number}",
        "refresh_token_expire_time": 86400,
        "refresh_token": f"Sample-refresh-{number}",
    }


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def pbx(fake_time: FakeTime) -> ScriptedPbx:
    return ScriptedPbx(fake_time)


@pytest.fixture
def throttle(fake_time: FakeTime) -> Throttle:
    return Throttle(RateLimiter(1000), ConcurrencyLimit(4), fake_time.clock)


@pytest.fixture
def logged() -> list[Mapping[str, Any]]:
    return []


@pytest.fixture
def wire(pbx: ScriptedPbx, throttle: Throttle, fake_time: FakeTime, logged: list[Mapping[str, Any]]) -> Wire:
    return Wire(
        transport=httpx.MockTransport(pbx),
        base_url="https://pbx.example:8088",
        throttle=throttle,
        clock=fake_time.clock,
        timeout=30,
        log=logged.append,
    )


@pytest.fixture(scope="session")
def expired_identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("tls"), days=-2)


@contextmanager
def _served(behaviour: Behaviour) -> Iterator[int]:
    with port_that(behaviour) as (port, _):
        yield port


@pytest.fixture
def serve() -> Serve:
    return _served


@pytest.fixture
def served_over_tls() -> Callable[[Identity, list[bytes]], Behaviour]:
    """Make a behaviour that answers every request over TLS with success, keeping what it received."""

    def make(identity: Identity, received: list[bytes]) -> Behaviour:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.pem)

        def behave(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                received.append(read_request(secured))
                secured.sendall(http_answer({"errcode": 0, "errmsg": "SUCCESS"}))

        return behave

    return make


def read_request(connection: socket.socket) -> bytes:
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        part = connection.recv(65536)
        if not part:
            break
        request += part
    return request


def http_answer(answer: Mapping[str, Any]) -> bytes:
    body = json.dumps(answer).encode()
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
