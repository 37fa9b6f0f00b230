"""Workers, who leads them, their broker and their processes, killed at random moments, round after round."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Redis, unwrapped
from tests.fleet.rounds import Site, play
from tests.flows.shell import CLIENT_SECRET

pytestmark = pytest.mark.redis


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("redis")
    server = Redis(folder)
    server.start()
    site = Site(server, tmp_path_factory.mktemp("there"))
    yield site
    site.close()
    kept = unwrapped(b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).replace(b"\\", b""))
    assert b"new.example" in kept
    for secret in (CLIENT_SECRET, "Sample-old-", "access_token"):
        assert secret.encode() not in kept


@pytest.mark.parametrize("number", range(20))
def test_each_pbx_ends_as_planned_whoever_is_killed(number: int, site: Site, tmp_path: Path) -> None:
    play(number, site, tmp_path / "round")


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
def test_two_hundred_nights(site: Site, tmp_path: Path) -> None:
    for number in range(200):
        play(1_000 + number, site, tmp_path / str(number))
