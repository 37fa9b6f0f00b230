"""A long night: fifty thousand trunks, one write in a hundred going wrong somehow, and nothing lost or doubled."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from batch.commands.flow import Report, apply, resume
from batch.practice.state import read_state, write_state
from batch.secrets import Secret
from batch.settings import Settings
from tests.flows.crash_stories import Part, Story, seen
from tests.flows.crashes import CLI, run_folders
from tests.flows.shell import CLIENT_SECRET, Json

TRUNKS = int(os.environ.get("NIGHTLY_TRUNKS", "50000"))
EVERY = 100
WAYS: Sequence[Json] = (
    {"do": "drop_before"},
    {"do": "drop_after"},
    {"do": "half_body"},
    {"do": "status", "status": 502},
    {"do": "status", "status": 502, "effect": True},
    {"do": "status", "status": 503, "headers": {"Retry-After": "0.1"}},
    {"do": "empty"},
    {"do": "not_object"},
    {"do": "errcode", "errcode": 2, "effect": True},
    {"do": "errcode", "errcode": 70082},
    {"do": "errcode", "errcode": -2},
    {"do": "expire_tokens"},
)


def story() -> Story:
    live = {"type": "peer", "hostname": "old.example", "port": 5060}
    return Story(
        name="a long night",
        parts=[
            Part(
                live={"id": n, "name": f"T{n}", **live},
                cells={"Trunk ID": str(n), "Hostname": f"new{n}.example"},
                wanted={"hostname": f"new{n}.example"},
            )
            for n in range(1, TRUNKS + 1)
        ],
    )


@contextmanager
def pbx_of_its_own(folder: Path, told: Story, faults: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Serve a PBX in another process; its state is in ``pbx.json`` once it has ended."""
    state, script = folder / "pbx.json", folder / "faults.json"
    write_state(told.state(), state)
    script.write_text(json.dumps(list(faults)), encoding="utf-8")
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*CLI, "practice", "--port", "0", "--state", str(state), "--faults", str(script), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)


def carried_out(run: Path) -> Counter[int]:
    """Count the writes of each trunk, but for those that an expired token kept from being looked at."""
    query = "SELECT ids FROM requests WHERE call = 'trunk/update' AND (errcode IS NULL OR errcode != 10004)"
    with closing(sqlite3.connect(run / "journal.sqlite")) as journal:
        return Counter(int(ids) for (ids,) in journal.execute(query))


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform == "win32", reason="the PBX is ended by a signal of Unix")
def test_fifty_thousand_trunks_with_one_fault_in_a_hundred(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = story()
    book = told.write(tmp_path)
    faults = [
        {"call": "trunk/update", "match": {"id": place}, **WAYS[number % len(WAYS)]}
        for number, place in enumerate(range(EVERY, TRUNKS + 1, EVERY))
    ]
    began = time.monotonic()
    with pbx_of_its_own(tmp_path, told, faults) as url:
        how = Settings(
            workbook=book,
            url=url,
            client_id="practice",
            secret=Secret(CLIENT_SECRET),
            settle_wait=0,
            rate=10_000,
            concurrency=20,
        )
        report = apply(how)
        invocations = 1
        while isinstance(report, Report) and report.unfinished and invocations < 5:
            report = resume(report.folder.path, secret=Secret(CLIENT_SECRET))
            invocations += 1
    seconds = time.monotonic() - began
    assert isinstance(report, Report)
    rows = report.endings.total()
    held, wanted = seen(read_state(tmp_path / "pbx.json")), told.wanted()
    lost = [number for number in wanted if held[number] != wanted[number]]
    (run,) = run_folders(book)
    sent = carried_out(run)
    doubled = {trunk: count - 1 for trunk, count in sent.items() if count > 1}
    with capsys.disabled():
        figures = {"rows": rows.total(), "faults": len(faults), "invocations": invocations, "lost": len(lost)}
        print(f"\n{figures | {'sent again': sum(doubled.values()), 'seconds': round(seconds)}}")
    assert lost == []
    assert rows == Counter({"applied": TRUNKS})
    assert sent.keys() == wanted.keys()
    assert all(trunk % EVERY == 0 for trunk in doubled), "sent again, though nothing had gone wrong"
    assert max(doubled.values()) == 1
