"""A practice PBX in a process of its own, and workbooks of many trunks, for what is measured."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xlsxwriter


@contextmanager
def practice(folder: Path, trunks: int, latency: float) -> Iterator[str]:
    """Serve so many trunks; every answer takes so many seconds. Yields the URL."""
    state = {
        "trunks": [
            {"id": i, "name": f"Site-{i}", "type": "register", "hostname": "old.example", "port": 5060,
             "did_list": [{"did": f"4420{i * 10 + n:08d}"} for n in range(10)]}
            for i in range(1, trunks + 1)
        ],
        "extensions": [{"id": i, "number": str(999 + i)} for i in range(1, 11)],
    }  # fmt: skip
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "faults.json").write_text(json.dumps({"latency": latency, "faults": []}))
    command = [sys.executable, "-c", "from batch.cli import run; run()", "practice", "--port", "0"]
    command += ["--state", str(folder / "state.json"), "--faults", str(folder / "faults.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
        try:
            assert server.stdout is not None
            found = None
            while found is None:
                found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            yield found[0]
        finally:
            server.terminate()


def write_workbook(path: Path, trunks: int, hostname: str = "new.example") -> None:
    """Write a workbook that gives each trunk this host, over TLS."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Trunks")
        for column, header in enumerate(("Trunk ID", "Hostname", "Transport")):
            sheet.write_string(0, column, header)
        for i in range(1, trunks + 1):
            for column, text in enumerate((str(i), hostname, "tls")):
                sheet.write_string(i, column, text)
