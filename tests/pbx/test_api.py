from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from batch.errors import OutputError, SignInRefused, UsageError
from batch.pbx.messages import Answer, NoResponse, NotSent, Reply, Request, get_trunk, list_trunks, update_trunk
from batch.pbx.session import Endpoint, connect
from batch.pbx.sign_ins import SignInUnanswered
from batch.pbx.throttle import SYSTEM_CLOCK, Stopped
from batch.pbx.transport import Fingerprint
from batch.secrets import Secret
from tests.pbx.threads import until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake_time import FakeTime
    from tests.pbx.conftest import ScriptedPbx

ENDPOINT = Endpoint(
    base_url="https://pbx.example:8088",
    client_id="client",
    secret=Secret("Sample-client-secret"),
    rate=1000,
    concurrency=4,
)


def test_it_signs_in_sends_and_gives_the_token_back(pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    logged: list[Mapping[str, Any]] = []
    with connect(ENDPOINT, log=logged.append, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        reply = api.send(list_trunks(1, 10))
    assert isinstance(reply, Answer)
    assert reply.sign_in == 1
    assert pbx.calls() == ["get_token", "trunk/list", "del_token"]
    assert [entry["call"] for entry in logged] == pbx.calls()
    assert "Sample-" not in json.dumps(logged) + repr(ENDPOINT) + repr(api)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_token_is_given_back_whatever_happens(
    pbx: ScriptedPbx, fake_time: FakeTime, error: type[BaseException]
) -> None:
    connection = connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(pbx))
    api = connection.__enter__()
    api.send(get_trunk(8))
    assert not connection.__exit__(error, error(), None)
    assert pbx.calls()[-1] == "del_token"
    assert api.throttle.stopped
    with pytest.raises(Stopped):
        api.send(get_trunk(8))


def test_an_expired_token_comes_back_as_an_answer_and_is_not_replayed(pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    pbx.script("trunk/update", {"errcode": 10004, "errmsg": "TOKEN EXPIRED"}, {"errcode": 0})
    with connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        reply = api.send(update_trunk({"id": 8}))
        assert isinstance(reply, Answer)
        assert (reply.errcode, reply.sign_in) == (10004, 1)
        assert pbx.calls() == ["get_token", "trunk/update"]
        api.renew(reply.sign_in)
        again = api.send(update_trunk({"id": 8}))
        assert isinstance(again, Answer)
        assert (again.errcode, again.sign_in) == (0, 2)


def test_a_refused_sign_in_is_raised_and_nothing_else_sent(pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    pbx.script("get_token", {"errcode": -1, "errmsg": "FAILURE"})
    with (
        pytest.raises(SignInRefused),
        connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api,
    ):
        api.send(get_trunk(8))
    assert pbx.calls() == ["get_token"]


class Book:
    """Notes what was sent by the time that a request is told of, and what is told afterwards."""

    def __init__(self, pbx: ScriptedPbx) -> None:
        self.pbx = pbx
        self.told: list[tuple[str, int, int]] = []
        self.settled_as: dict[int, Reply] = {}

    def leaving(self, request: Request, sign_in: int) -> int:
        self.told.append((request.call, sign_in, len(self.pbx.requests)))
        return len(self.told)

    def settled(self, number: int, reply: Reply) -> None:
        self.settled_as[number] = reply


def test_every_request_is_told_before_it_leaves_and_after_it_is_settled(pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    book = Book(pbx)
    pbx.script("trunk/update", httpx.ReadTimeout(""))
    with connect(ENDPOINT, request_log=book, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        api.send(get_trunk(8))
        api.send(update_trunk({"id": 8}))
    assert book.told == [("get_token", 0, 0), ("trunk/get", 1, 1), ("trunk/update", 1, 2), ("del_token", 1, 3)]
    assert [type(book.settled_as[number]) for number in (1, 2, 3, 4)] == [Answer, Answer, NoResponse, Answer]


def test_sign_ins_that_may_have_given_a_token_are_told_as_such(pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    book = Book(pbx)
    pbx.script("get_token", httpx.ConnectError(""), httpx.ReadTimeout(""), {"errcode": 0, "errmsg": "SUCCESS"})
    with connect(ENDPOINT, request_log=book, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        for _ in range(2):
            with pytest.raises(SignInUnanswered):
                api.send(get_trunk(8))
        api.send(get_trunk(8))
    assert [call for call, _, _ in book.told] == ["get_token", "get_token", "get_token", "trunk/get", "del_token"]
    assert [type(book.settled_as[number]) for number in (1, 2, 3)] == [NotSent, NoResponse, Answer]


def test_what_cannot_be_accounted_for_does_not_leave(pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    class FullDisk(Book):
        def leaving(self, request: Request, sign_in: int) -> int:
            if request.writes:
                raise OutputError("journal", "no space left")
            return super().leaving(request, sign_in)

    book = FullDisk(pbx)
    with connect(ENDPOINT, request_log=book, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        with pytest.raises(OutputError):
            api.send(update_trunk({"id": 8}))
        assert api.throttle.idle
    assert pbx.calls() == ["get_token", "del_token"]


@pytest.mark.parametrize("stopped", [True, False])
def test_a_write_that_is_accounted_for_before_its_turn_and_does_not_leave_is_told_as_not_sent(
    pbx: ScriptedPbx, *, stopped: bool
) -> None:
    book = Book(pbx)
    endpoint = replace(ENDPOINT, concurrency=1)
    with connect(endpoint, request_log=book, transport=httpx.MockTransport(pbx)) as api:
        api.send(get_trunk(8))
        write = replace(update_trunk({"id": 8}), not_after=SYSTEM_CLOCK.monotonic() + 0.05)
        with ThreadPoolExecutor(1) as pool:
            with api.throttle.passing():
                sent = pool.submit(api.send, write)
                until(lambda: book.told[-1][0] == "trunk/update")
                time.sleep(0.1)
                if stopped:
                    api.throttle.stop()
            words = "stopped before its turn" if stopped else "its turn came too late"
            assert isinstance(sent.exception(), Stopped) if stopped else sent.result() == book.settled_as[3]
    assert book.settled_as[3] == NotSent(reason=words, late=not stopped)
    assert "trunk/update" not in pbx.calls()


def test_being_asked_for_less_is_told(pbx: ScriptedPbx, fake_time: FakeTime) -> None:
    told: list[str] = []
    pbx.script("trunk/get", {"errcode": 70082, "errmsg": "OVERLOAD_TASK_RUNNING"})
    with connect(ENDPOINT, notice=told.append, clock=fake_time.clock, transport=httpx.MockTransport(pbx)) as api:
        api.send(get_trunk(8))
        fake_time.seconds += 10
        api.send(get_trunk(8))
    assert told == ["The PBX asks for less; going on with 1 request at a time."]


def test_what_cannot_be_used_is_said_before_anything_is_sent() -> None:
    endpoint = Endpoint(
        base_url="https://pbx.example",
        client_id="client",
        secret=Secret("Sample-client-secret"),
        verification=Fingerprint(sha256="Sample"),
    )
    with pytest.raises(UsageError), connect(endpoint):
        pass


def test_threads_share_the_connection_and_its_limits() -> None:
    running = most = 0
    lock = threading.Lock()

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return httpx.Response(200, json={"errcode": 0, "access_token": "Sample-token"})

    replies: list[Any] = []
    with connect(ENDPOINT, transport=httpx.MockTransport(answer)) as api:

        def work() -> None:
            replies.extend(api.send(get_trunk(8)) for _ in range(10))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [reply.errcode for reply in replies] == [0] * 80
    assert most == 4
