"""The end of a connection: quick when somebody waits for it, and harmless to threads that are still at it."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from batch.errors import BatchError
from batch.pbx.messages import Answer, InvalidResponse, NoResponse, NotSent, Reply, get_trunk, revoke, update_trunk
from batch.pbx.session import Endpoint, Session, connect
from batch.pbx.throttle import Stopped
from batch.pbx.wire import AccessToken
from batch.secrets import Secret
from tests.pbx.conftest import http_answer
from tests.pbx.threads import until

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from batch.pbx.messages import Request
    from batch.pbx.throttle import Throttle
    from batch.pbx.wire import Wire
    from tests.fake_time import FakeTime
    from tests.pbx.conftest import ScriptedPbx, Serve

PERMIT = AccessToken(token=Secret("Sample-token-1"), serial=1)
GRANT = {"errcode": 0, "access_token": "Sample-token-1", "refresh_token": "Sample-refresh-1"}


def endpoint(port: int, *, timeout: float = 30.0) -> Endpoint:
    return Endpoint(
        base_url=f"http://127.0.0.1:{port}",
        client_id="client",
        secret=Secret("Sample-client-secret"),
        timeout=timeout,
        rate=1000,
    )


class SlowPbx:
    """Answers each connection in a thread of its own, and some calls only when told to."""

    def __init__(self, *held: str) -> None:
        self.held = held
        self.release = threading.Event()
        self.calls: list[str] = []
        self.threads: list[threading.Thread] = []

    def __call__(self, connection: socket.socket) -> None:
        own = connection.dup()
        own.settimeout(5)
        thread = threading.Thread(target=self._answer, args=(own,))
        self.threads.append(thread)
        thread.start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            call = whole_request(connection).split()[1].decode().partition("/v1.0/")[2].partition("?")[0]
            self.calls.append(call)
            if call in self.held:
                self.release.wait(10)
            connection.sendall(http_answer(GRANT if call == "get_token" else {"errcode": 0}))


def whole_request(connection: socket.socket) -> bytes:
    request = b""
    while True:
        request += connection.recv(65536)
        head, blank, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if blank and len(body) >= int(length[1] if length else 0):
            return request


@contextmanager
def slow_pbx(serve: Serve, *held: str) -> Iterator[tuple[SlowPbx, Endpoint]]:
    pbx = SlowPbx(*held)
    with serve(pbx) as port:
        try:
            yield pbx, endpoint(port)
        finally:
            pbx.release.set()
            for thread in pbx.threads:
                thread.join()


class Crowd:
    """Threads that go on sending until they are stopped, as those of a run that was cut short do."""

    def __init__(self, api: Session, count: int) -> None:
        self.ended: list[Reply | Exception] = []
        self._api = api
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while True:
            try:
                self.ended.append(self._api.send(get_trunk(8)))
            except (Stopped, BatchError) as error:
                self.ended.append(error)
                return

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def test_in_a_hurry_a_pbx_that_hangs_costs_a_second_in_all(serve: Serve) -> None:
    with slow_pbx(serve, "del_token") as (pbx, where):
        with connect(where) as api:
            for serial in range(3):
                api.renew(serial)
            api.throttle.hurry()
            begun = time.monotonic()
        assert time.monotonic() - begun < 1.6
        assert pbx.calls.count("del_token") == 1


def test_in_a_hurry_a_pbx_that_answers_takes_its_token_back(serve: Serve) -> None:
    with slow_pbx(serve) as (pbx, where):
        with connect(where) as api:
            api.send(get_trunk(8))
            api.throttle.hurry()
        assert pbx.calls == ["get_token", "trunk/get", "del_token"]
        assert api.wire.closed.is_set()


def test_in_a_hurry_a_token_is_given_back_though_every_place_is_taken(serve: Serve) -> None:
    with slow_pbx(serve, "trunk/get") as (pbx, where):
        with connect(replace(where, concurrency=1)) as api:
            crowd = Crowd(api, 8)
            until(lambda: "trunk/get" in pbx.calls)
            api.throttle.hurry()
            begun = time.monotonic()
        assert time.monotonic() - begun < 1.6
        until(lambda: "del_token" in pbx.calls)
        pbx.release.set()
        crowd.join()
    assert sorted(type(end).__name__ for end in crowd.ended) == ["Answer"] + ["Stopped"] * 8


def test_in_a_hurry_a_sign_in_that_hangs_is_not_waited_for_and_gives_its_token_back_itself(serve: Serve) -> None:
    with slow_pbx(serve, "get_token") as (pbx, where):
        with connect(where) as api:
            crowd = Crowd(api, 8)
            until(lambda: "get_token" in pbx.calls)
            api.throttle.hurry()
            begun = time.monotonic()
        assert time.monotonic() - begun < 1.6
        assert pbx.calls == ["get_token"]
        pbx.release.set()
        crowd.join()
        assert pbx.calls == ["get_token", "del_token"]
    assert [type(end) for end in crowd.ended] == [Stopped] * 8


def test_threads_that_are_still_at_it_end_with_a_reply_or_stopped(serve: Serve) -> None:
    """A thread that raised anything else would fail this test: its traceback is an error here."""
    with slow_pbx(serve) as (_, where):
        for _ in range(10):
            with connect(where) as api:
                crowd = Crowd(api, 20)
                until(lambda: len(crowd.ended) > 30)  # noqa: B023 - called before the next one is made
            crowd.join()
            kinds = (Answer, NotSent, NoResponse, InvalidResponse, Stopped)
            assert all(isinstance(end, kinds) for end in crowd.ended)
            assert [type(end) for end in crowd.ended if isinstance(end, Exception)] == [Stopped] * 20


def test_no_socket_is_closed_under_a_thread_so_that_its_answer_still_comes(serve: Serve) -> None:
    with slow_pbx(serve, "trunk/update") as (pbx, where):
        late: list[Reply] = []
        with connect(where) as api:
            api.send(get_trunk(8))
            thread = threading.Thread(target=lambda: late.append(api.send(update_trunk({"id": 8}))), daemon=True)
            thread.start()
            until(lambda: "trunk/update" in pbx.calls)
        assert not api.wire.closed.is_set()
        pbx.release.set()
        thread.join()
    [reply] = late
    assert isinstance(reply, Answer)
    assert reply.errcode == 0


def test_with_nothing_in_flight_the_wire_is_closed(pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    with connect(endpoint(8088), clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        api.send(get_trunk(8))
    assert api.wire.closed.is_set()


class Book:
    def __init__(self) -> None:
        self.settled_as: list[Reply] = []

    def leaving(self, _request: Request, _sign_in: int) -> int:
        return 7

    def settled(self, number: int, reply: Reply) -> None:
        assert number == 7
        self.settled_as.append(reply)


def test_through_a_closed_wire_nothing_is_sent_and_the_account_hears_that(wire: Wire, pbx: ScriptedPbx) -> None:
    book = Book()
    closed = replace(wire, request_log=book)
    closed.close()
    with pytest.raises(Stopped):
        closed.send(get_trunk(8), PERMIT)
    assert isinstance(closed.send_last(revoke(), PERMIT), NotSent)
    assert [type(reply) for reply in book.settled_as] == [NotSent, NotSent]
    assert pbx.calls() == []


def test_a_session_whose_wire_is_closed_closes_without_raising(wire: Wire, pbx: ScriptedPbx) -> None:
    session = Session(wire, base_url="https://pbx.example:8088", client_id="client", secret=Secret("Sample-secret"))
    session.token()
    wire.close()
    assert not session.close()
    assert pbx.calls() == ["get_token"]


def test_in_a_hurry_a_last_request_hardly_waits_for_its_turn(
    wire: Wire, throttle: Throttle, fake_time: FakeTime
) -> None:
    throttle.hurry()
    begun = fake_time.seconds
    with throttle.passing():
        reply = wire.send_last(revoke(), PERMIT)
    assert isinstance(reply, Answer)
    assert fake_time.seconds - begun == pytest.approx(0.1 + 0.05)
