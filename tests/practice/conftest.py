"""A small PBX and a client that signs in to it, for every test of the practice PBX."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from batch.practice.server import RunningPbx, running
from batch.practice.state import PbxState, from_json

SECRET = "Sample-practice-secret"

SMALL_PBX: dict[str, Any] = {
    "trunks": [
        {
            "id": 8,
            "name": "carrier-a",
            "type": "register",
            "hostname": "sip.example.net",
            "port": 5060,
            "domain": "sip.example.net",
            "username": "user-a",
            "password": "Sample-a",
            "def_outbound_cid": "442079460100",
            "outbound_proxy_port": 5061,
            "force_dod_from": 1,
            "outbound_cid_list": [
                {
                    "outbound_cid_option": "shared",
                    "outbound_cid": "442079460100",
                    "outbound_cid_name": "Sales",
                    "ext_list": [{"type": "extension", "id": 1}, {"type": "ext_group", "id": 3}],
                    "short_code": "*7",
                }
            ],
            "did_list": [{"did": "442079460100", "did_name": "Main"}],
        },
        {"id": 9, "name": "carrier-b", "type": "peer", "hostname": "192.0.2.9", "port": 5060},
        {"id": 10, "name": "desk-phones", "type": "account", "username": "u10", "password": "Sample-10"},
        {"id": 11, "name": "analogue", "type": "FXO"},
        {"id": 12, "name": "cloud-shared", "type": "register", "shared": True},
    ],
    "extensions": [
        {"id": 1, "number": "1001", "caller_id_name": "Ann"},
        {"id": 2, "number": "1002", "caller_id_name": "Bob"},
        {"id": 3, "number": "1003", "caller_id_name": "Cy"},
    ],
    "extension_groups": [{"id": 3, "name": "Sales"}, {"id": 4, "name": "Support"}],
}


@pytest.fixture
def make_state() -> Callable[..., PbxState]:
    """Make the small PBX, with settings of the test's own."""

    def make(**settings: Any) -> PbxState:
        return from_json({**SMALL_PBX, "settings": settings})

    return make


@pytest.fixture
def state(make_state: Callable[..., PbxState]) -> PbxState:
    return make_state()


class Client:
    """What a program that talks to the PBX does, without any of its care."""

    def __init__(self, url: str, trusting: ssl.SSLContext) -> None:
        self.base = url + "/openapi/v1.0/"
        self.http = httpx.Client(verify=trusting, trust_env=False, timeout=5)
        self.token = ""

    def sign_in(self, secret: str = SECRET) -> Any:
        answer = self.post("get_token", {"username": "practice", "password": secret})
        self.token = answer.get("access_token", self.token)
        return answer

    def get(self, call: str, **params: Any) -> Any:
        return self.http.get(self.base + call, params={**params, "access_token": self.token}).json()

    def post(self, call: str, body: Any) -> Any:
        return self.raw_post(call, body).json()

    def raw_post(self, call: str, body: Any) -> httpx.Response:
        return self.http.post(self.base + call, params={"access_token": self.token}, json=body)

    def update(self, **fields: Any) -> Any:
        return self.post("trunk/update", fields)

    def trunk(self, trunk_id: int) -> Any:
        return self.get("trunk/get", id=trunk_id)["data"]


@pytest.fixture
def reach() -> Iterator[Callable[..., Client]]:
    """Make a client of whatever is served at an address; without a context of its own it trusts no certificate."""
    clients = []

    def reach_it(url: str, trusting: ssl.SSLContext | None = None) -> Client:
        # the certificates that this machine trusts take longer to load than most tests take
        clients.append(Client(url, trusting or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
        return clients[-1]

    yield reach_it
    for client in clients:
        client.http.close()


@pytest.fixture
def connect(reach: Callable[..., Client]) -> Callable[..., Client]:
    """Sign in to a running PBX."""

    def connect_to(pbx: RunningPbx, trusting: ssl.SSLContext | None = None) -> Client:
        client = reach(pbx.url, trusting)
        client.sign_in()
        return client

    return connect_to


@pytest.fixture
def client(state: PbxState, connect: Callable[..., Client]) -> Iterator[Client]:
    """Serve the small PBX, and sign in to it."""
    with running(state) as pbx:
        yield connect(pbx)
