"""One suite for the practice PBX and for any other: ``pytest tests/contracts --pbx URL``.

A test is a sentence of the contract, marked with what it rests on: ``doc``, the vendor's documentation; ``seen``,
what real boxes did; ``guess``. A failure says which, so that against a real box it tells which guess is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from batch.practice.server import running
from batch.practice.state import PbxSettings, PbxState, invent_state
from tests.contracts.endpoint import Endpoint, words

BASES = {"doc": "the vendor documents", "seen": "real boxes were seen to do", "guess": "this was a guess"}
ID, SECRET = "TRUNK_BATCH_CLIENT_ID", "TRUNK_BATCH_CLIENT_SECRET"

SHARED = {"outbound_cid_option": "shared", "ext_list": [{"type": "extension", "id": 1}, {"type": "ext_group", "id": 3}]}
TRUNKS: list[dict[str, Any]] = [
    {"id": 8, "outbound_cid_list": [{"outbound_cid": "442079460100", **SHARED}], "did_list": [{"did": "4420794601XX"}]},
    {"id": 9, "type": "peer", "force_dod_from": 1},
    {"id": 10, "type": "account", "enable": 0, "status": 44},
    {"id": 11, "type": "FXO"},
]
QUIRKS: dict[str, Any] = {
    "default_page_size": 2,
    "max_page_size": 3,
    "no_extensiongroup_list": True,
    "reject_sort_by_name": True,
    "expiry_as_text": True,
    "ports_as_text": True,
    "trunk_get_as_list": True,
    "refresh_keeps_old_token": True,
}
PRACTICE = {"register": {}, "peer": QUIRKS}
"""Two practice PBXs, the second with all that only some firmware does, by the type of the trunk that is edited."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract", "the PBX to hold against the contract")
    group.addoption("--pbx", metavar="URL", help=f"this one instead of the practice PBX; {ID} and {SECRET} sign in")
    group.addoption("--pbx-insecure", action="store_true", help="trust any certificate (or name one in SSL_CERT_FILE)")
    group.addoption(
        "--pbx-write", metavar="TRUNK_ID", type=int, help="edit this trunk, and put it back after each test"
    )
    group.addoption(
        "--pbx-refused-sign-in", action="store_true", help="send a wrong secret, once; five block an address"
    )


def pytest_configure(config: pytest.Config) -> None:
    for basis, meaning in BASES.items():
        config.addinivalue_line("markers", f"{basis}: a sentence of the contract; {meaning}")
    if config.getoption("--pbx", default=None):
        if missing := [name for name in (ID, SECRET) if not os.environ.get(name)]:
            raise pytest.UsageError(f"--pbx signs in with what the environment holds: set {' and '.join(missing)}")
        if config.getoption("numprocesses", default=None):
            raise pytest.UsageError("--pbx holds one conversation: leave out -n")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pbx" in metafunc.fixturenames:
        given = metafunc.config.getoption("--pbx", default=None)
        metafunc.parametrize("pbx", ["given"] if given else list(PRACTICE), indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Begin a failure's message with what the sentence rests on."""
    (basis,) = [basis for basis in BASES if pyfuncitem.get_closest_marker(basis)]  # one each, or nobody knows
    try:
        return (yield)
    except Exception as error:
        told = f"{BASES[basis]}: {pyfuncitem.originalname.removeprefix('test_').replace('_', ' ')}"
        if isinstance(error, AssertionError):
            error.args = (f"{told}\n{error}",)
        else:
            error.add_note(told)  # a field that is not there, or not what it should be
        raise


def invent(kind: str) -> PbxState:
    extensions = [{"id": number, "number": str(1000 + number)} for number in range(1, 6)]
    state = invent_state(TRUNKS, extensions, [{"id": 3, "name": "Sales"}])
    state.settings = PbxSettings(**PRACTICE[kind])
    return state


def connect(state: PbxState, url: str) -> Endpoint:
    return Endpoint(url, state.settings.client_id, state.settings.client_secret)


@pytest.fixture(scope="session")
def pbx(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """Sign in to the PBX, once for all tests, and out of everything in the end."""
    if request.param in PRACTICE:
        with running(invent(request.param)) as practice:
            with connect(practice.state, practice.url) as endpoint:
                endpoint.sign_in()
                yield endpoint
            assert practice.count_valid_tokens() == 0, "the suite left a token behind"
        return
    url, insecure = request.config.getoption("--pbx"), request.config.getoption("--pbx-insecure")
    with Endpoint(url, os.environ[ID], os.environ[SECRET], insecure=insecure, pause=0.25) as endpoint:
        try:
            answer = endpoint.sign_in()
        except AssertionError as error:
            pytest.exit(str(error), returncode=2)
        if not endpoint.tokens:
            pytest.exit(f"the PBX refused the sign-in, and will not be asked twice: {words(answer)}", returncode=2)
        yield endpoint


@pytest.fixture(autouse=True)
def _signed_out(pbx: Endpoint) -> Iterator[None]:
    """Revoke what a test signed in to, however it ended."""
    yield
    pbx.revoke(keep=1)


@pytest.fixture
def spare(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """Give a PBX that can be blocked and filled up with tokens: a practice PBX, or none."""
    kind = request.node.callspec.params["pbx"]
    if kind not in PRACTICE:
        pytest.skip("it would lock others out of a real PBX")
    with running(invent(kind)) as practice, connect(practice.state, practice.url) as endpoint:
        yield endpoint


@pytest.fixture
def editable(request: pytest.FixtureRequest) -> int:
    """Return the id of the trunk that may be edited."""
    kinds = {trunk.get("type", "register"): trunk["id"] for trunk in TRUNKS}
    kind = request.node.callspec.params["pbx"]
    found: int | None = kinds[kind] if kind in PRACTICE else request.config.getoption("--pbx-write")
    return pytest.skip("--pbx-write TRUNK_ID names a trunk that may be edited") if found is None else found
