"""The one token of a session against a PBX that counts tokens as the real one does."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from batch.errors import SignInRefused
from batch.pbx.messages import Answer, get_trunk
from batch.pbx.session import Endpoint, Session, connect
from batch.secrets import Secret
from tests.fake_time import FakeTime
from tests.pbx.threads import in_threads

ENDPOINT = Endpoint(
    base_url="https://pbx.example:8088",
    client_id="client",
    secret=Secret("Sample-client-secret"),
    rate=10_000,
    concurrency=20,
)
LIFE_S = 1800.0
MOST_OUT = 8


@dataclass
class CountingPbx:
    """Gives each token 30 minutes, refuses a ninth, and calls every other one expired."""

    time: FakeTime
    secret: str = "Sample-client-secret"
    latency: float = 0.0
    """Real seconds before an answer, so that threads meet."""
    refreshes: bool = True
    calls: list[str] = field(default_factory=list)
    most_out: int = 0
    _valid: dict[str, float] = field(default_factory=dict)
    _given: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def out(self) -> set[str]:
        return {token for token, end in self._valid.items() if self.time.seconds < end}

    def forget_all(self) -> None:
        """Let every token be expired at once, as after a restart."""
        self._valid.clear()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        time.sleep(self.latency)
        call = request.url.path.partition("/v1.0/")[2]
        with self._lock:
            self.calls.append(call)
            return httpx.Response(200, json=self._answer(call, request))

    def _answer(self, call: str, request: httpx.Request) -> dict[str, Any]:
        if call == "get_token":
            right = json.loads(request.content)["password"] == self.secret
            return self._grant() if right else {"errcode": -1, "errmsg": "FAILURE"}
        if call == "refresh_token":
            return self._grant() if self.refreshes else {"errcode": -1, "errmsg": "FAILURE"}
        token = request.url.params["access_token"]
        if token not in self.out:
            return {"errcode": 10004, "errmsg": "TOKEN EXPIRED"}
        if call == "del_token":
            del self._valid[token]
        return {"errcode": 0, "errmsg": "SUCCESS"}

    def _grant(self) -> dict[str, Any]:
        if len(self.out) >= MOST_OUT:
            return {"errcode": 60002, "errmsg": "MAX LIMITATION EXCEEDED"}
        self._given += 1
        self._valid[f"Sample-token-{self._given}"] = self.time.seconds + LIFE_S
        self.most_out = max(self.most_out, len(self.out))
        return {
            "errcode": 0,
            "access_token": f"Sample-token-{self._given}",
            "access_token_expire_time": LIFE_S,
            "refresh_token": f"Sample-refresh-{self._given}",
            "refresh_token_expire_time": 86400,
        }


@pytest.fixture
def counting(fake_time: FakeTime) -> CountingPbx:
    return CountingPbx(fake_time)


def sent(api: Session) -> Answer:
    """Send one request as a run does: where its token has expired, sign in again and send it once more."""
    while True:
        reply = api.send(get_trunk(8))
        assert isinstance(reply, Answer)
        if reply.errcode != 10004:
            return reply
        api.renew(reply.sign_in)


def earn_every_place(api: Session) -> None:
    for _ in range(300):
        assert sent(api).errcode == 0


@pytest.mark.parametrize("how", ["the PBX forgets", "time passes"])
def test_an_expiry_amid_a_burst_of_twenty_threads_costs_one_new_token(
    counting: CountingPbx, fake_time: FakeTime, how: str
) -> None:
    with connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(counting)) as api:
        earn_every_place(api)
        counting.latency = 0.005
        counting.calls.clear()

        def expire() -> None:
            if how == "time passes":
                fake_time.seconds += LIFE_S - 30
            else:
                counting.forget_all()

        midst = threading.Barrier(20, action=expire)

        def burst() -> list[int]:
            codes = [sent(api).errcode for _ in range(5)]
            midst.wait()
            return codes + [sent(api).errcode for _ in range(10)]

        assert in_threads(20, burst) == [[0] * 15] * 20
    renewals = [call for call in counting.calls if call in {"get_token", "refresh_token"}]
    assert renewals == (["refresh_token"] if how == "time passes" else ["get_token"])
    assert counting.out == set()


def test_a_secret_that_is_refused_amid_a_burst_is_sent_once_by_all(counting: CountingPbx, fake_time: FakeTime) -> None:
    with connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(counting)) as api:
        earn_every_place(api)
        counting.latency = 0.005
        counting.calls.clear()
        counting.secret = "Sample-another-secret"
        counting.forget_all()
        for _ in range(3):  # what comes later finds it refused, too
            assert [type(result) for result in in_threads(20, lambda: sent(api))] == [SignInRefused] * 20
    assert counting.calls.count("get_token") == 1
    assert counting.calls.count("refresh_token") == 0


def test_a_secret_that_is_refused_to_many_threads_at_the_start_is_sent_once(
    counting: CountingPbx, fake_time: FakeTime
) -> None:
    counting.secret, counting.latency = "Sample-another-secret", 0.05
    with connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(counting)) as api:
        assert [type(result) for result in in_threads(20, lambda: sent(api))] == [SignInRefused] * 20
    assert counting.calls == ["get_token"]


@pytest.mark.parametrize("refreshes", [True, False])
def test_over_many_renewals_never_more_than_two_tokens_are_out(
    counting: CountingPbx, fake_time: FakeTime, *, refreshes: bool
) -> None:
    counting.refreshes = refreshes
    with connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(counting)) as api:
        for _ in range(20 * 30):
            assert sent(api).errcode == 0
            fake_time.seconds += 60
    assert counting.calls.count("refresh_token") >= 20
    assert counting.most_out == 2
    assert counting.out == set()


def test_renewals_in_quick_succession_never_take_more_than_eight(counting: CountingPbx, fake_time: FakeTime) -> None:
    with connect(ENDPOINT, clock=fake_time.clock, transport=httpx.MockTransport(counting)) as api:
        for _ in range(40):
            reply = sent(api)
            api.renew(reply.sign_in)  # as if it were expired, which it is not
        assert counting.most_out <= MOST_OUT
    assert counting.out == set()
