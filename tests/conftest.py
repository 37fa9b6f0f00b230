"""What all tests share: whatever they or the processes that they start keep about this machine is thrown away.

Tests marked ``libreoffice`` or ``redis`` are deselected where that program is missing, and the summary says so. Where
``TRUNK_BATCH_TESTS_NEED_LIBREOFFICE`` or ``…_REDIS`` is set they must have run, else the whole run fails.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from tests.certificates import Identity, make_identity
from tests.office import SOFFICE, throw_profile_away
from tests.soundness import faults_of

_MOST_LOOKED_AT: Final = 1 << 19
"""Bytes of a workbook."""
_PROGRAMS: Final = {
    "libreoffice": ("LibreOffice", SOFFICE, "tests that save workbooks through it"),
    "redis": ("Redis", shutil.which("redis-server"), "tests of workers with a real broker"),
}
"""By the marker of tests that need it: a program, where it is, and what they are."""
_MISSING: Final = {marker for marker, (_, place, _) in _PROGRAMS.items() if place is None}
_NEEDED: Final = {marker for marker in _PROGRAMS if os.environ.get(f"TRUNK_BATCH_TESTS_NEED_{marker.upper()}")}
_REAL_TIME: Final = frozenset({"cli", "contracts", "flows", "pbx", "practice", "runs"})
"""Folders whose tests watch real sockets, processes, signals or the clock. What comes too late on a busy machine is
tried twice more, and the summary counts it; what is wrong is wrong each time."""

settings.register_profile("same", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("many", deadline=None, max_examples=2_000)


def pytest_configure(config: pytest.Config) -> None:
    """Draw the same few examples for the same code; hear Ctrl-C also in the background, where a shell ignores it.

    ``--hypothesis-profile many`` draws many, and others each time.
    """
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("same")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if not drawn and item.path.parent.name in _REAL_TIME:
            item.add_marker(pytest.mark.flaky(reruns=2))
    without = [item for item in items if not any(item.get_closest_marker(marker) for marker in _MISSING)]
    if len(without) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in without])
        items[:] = without


def pytest_report_header() -> list[str]:
    found = [f"{name}: {place}" for name, place, _ in _PROGRAMS.values() if place is not None]
    return [*found, *(f"{line} are deselected" for line in _not_installed())]


def _not_installed() -> list[str]:
    return [f"{name} is not installed: {what}" for name, place, what in _PROGRAMS.values() if place is None]


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _not_installed():
        terminalreporter.write_line(f"{line} did not run")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    throw_profile_away()
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not _NEEDED or reporter is None or hasattr(session.config, "workerinput"):
        return
    ran = {
        keyword
        for reports in reporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for keyword in report.keywords
    }
    for marker in sorted(_NEEDED - ran):
        reporter.write_line(f"None of the {_PROGRAMS[marker][2]} has run, and they were needed", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def _state_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep locks in a folder of the tests, one for each process that runs them."""
    folder = str(tmp_path_factory.mktemp("state"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", folder)
        patch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", folder)  # the same on Windows
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # else each process that is started compiles all anew
        yield


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("tls"), days=20)


@pytest.fixture(scope="session", autouse=True)
def _digests_at_once(pytestconfig: pytest.Config) -> Iterator[None]:
    """Derive the digests of plans in one round, unless speed is measured: each plan has one, of a tenth of a second."""
    derive = hashlib.pbkdf2_hmac
    with pytest.MonkeyPatch.context() as patch:
        if pytestconfig.option.markexpr != "benchmark":
            patch.setattr(
                hashlib, "pbkdf2_hmac", lambda name, key, salt, _rounds, size: derive(name, key, salt, 1, size)
            )
        yield


@pytest.fixture(scope="session", autouse=True)
def _sound_workbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Look at every workbook of ours that the tests left as a strict program would, and name those that it refuses."""
    yield
    books = (path for path in tmp_path_factory.getbasetemp().rglob("*.xls[xm]") if _is_ours(path))
    each = {hashlib.sha256(path.read_bytes()).digest(): path for path in books}  # a run keeps a copy of its results
    unsound = [f"{path}: {fault}" for path in each.values() for fault in _new_faults(path)]
    if unsound:
        pytest.fail("\n".join(unsound), pytrace=False)


def _new_faults(path: Path) -> list[str]:
    """Return what is unsound in a workbook of ours, but for what is so in a workbook beside it that is not."""
    if not (faults := faults_of(path)):
        return []
    others = (other for other in path.parent.glob("*.xls[xm]") if other.is_file() and not _is_ours(other))
    theirs = {fault for other in others for fault in faults_of(other)}
    return [fault for fault in faults if fault not in theirs]


def _is_ours(path: Path) -> bool:
    """Tell whether the tool itself wrote it last; what takes long to look at is left out."""
    if not path.is_file() or path.stat().st_size > _MOST_LOOKED_AT or not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as package:
            said = {name: package.read(name) for name in package.namelist() if name.startswith("docProps/")}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):  # damaged on purpose, or encrypted
        return False
    app, custom = (said.get(f"docProps/{name}.xml", b"") for name in ("app", "custom"))
    return b"trunk-batch" in custom and b"LibreOffice" not in app
