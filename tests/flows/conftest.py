"""The stories of ``samples/``, each taken through the command line once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.stories import NAMES, Told, tell


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-expectations", action="store_true", help="write samples/*/expect anew; read every line that changes"
    )


@pytest.fixture(scope="session")
def updating(request: pytest.FixtureRequest) -> bool:
    # the option is known only where these tests were named on the command line
    return bool(request.config.getoption("--update-expectations", default=False))


@pytest.fixture(scope="session", params=NAMES)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return tell(str(request.param), tmp_path_factory.mktemp(str(request.param)))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for profiles in an empty folder."""
    monkeypatch.chdir(tmp_path)
