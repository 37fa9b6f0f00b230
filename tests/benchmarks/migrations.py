"""Workbooks as people have them for a migration, and a lean PBX in a process of its own that holds their trunks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import xlsxwriter

from tests.benchmarks.scaling import COMMAND

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""An installed package is compiled once, not at every start."""
ENVIRONMENT |= {"TRUNK_BATCH_CLIENT_SECRET": "Sample-lean-secret"}
HERE = Path(__file__).parent
HEADERS = {
    "Trunks": ("Trunk ID", "Name", "Transport", "Hostname", "Port", "Username", "Password", "Auth name", "DIDs mode"),
    "Caller IDs": ("Trunk", "Option", "Caller ID", "Caller ID name", "Extensions"),
    "DIDs": ("Trunk", "DID", "DID name"),
}


def write_workbook(path: Path, trunks: int, dids: int) -> None:
    """Write a workbook that moves each trunk to another carrier: host, credentials, all DIDs, one caller ID."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False}
    numbers = range(1, trunks + 1)
    rows = {
        "Trunks": (
            [str(i), f"Site-{i:05d}", "tls", "sip.new.example", "5061", f"user{i}", f"Sample-new-{i:05d}", f"user{i}",
             "replace"]
            for i in numbers
        ),
        "Caller IDs": (
            [f"Site-{i:05d}", "shared", f"+4420{i * dids:08d}", f"Site {i}", f"{1001 + i % 100}"] for i in numbers
        ),
        "DIDs": ([f"Site-{i:05d}", f"+4420{i * dids + n:08d}", f"Desk {n}"] for i in numbers for n in range(dids)),
    }  # fmt: skip
    with xlsxwriter.Workbook(path, options) as book:
        for title, lines in rows.items():
            sheet = book.add_worksheet(title)
            for number, line in enumerate([HEADERS[title], *lines]):
                for column, text in enumerate(line):
                    sheet.write_string(number, column, text)


@contextmanager
def lean_pbx(trunks: int, dids: int, latency: float) -> Iterator[str]:
    """Serve so many trunks; every answer takes so many seconds. Yields the URL."""
    command = [sys.executable, str(HERE / "lean_pbx.py"), str(trunks), str(dids), str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def calls_since(url: str) -> dict[str, int]:
    """Return how many requests came since this was last asked, by call."""
    with urllib.request.urlopen(f"{url}/openapi/v1.0/count") as answer:  # noqa: S310 - our own server
        calls: dict[str, int] = json.load(answer)["calls"]
    return calls


def command(*arguments: str) -> list[str]:
    """Return a command of the tool for `scaling.cost_of`, which `ENVIRONMENT` goes with."""
    return [*COMMAND, *arguments]


def at(url: str, at_once: int = 20) -> list[str]:
    """Return the flags for a PBX that is worked as hard as it lets itself be worked."""
    where = ["--url", url, "--client-id", "lean", "--rate", "10000", "--concurrency", str(at_once)]
    return [*where, "--settle-wait", "0"]


def careful_script(workbook: Path, url: str, results: Path, at_once: int = 20) -> list[str]:
    """Return the command of the careful script."""
    return [sys.executable, str(HERE / "careful_script.py"), str(workbook), url, str(at_once), str(results)]


def cut_off(arguments: Sequence[str], url: str) -> None:
    """Run a command of the tool and kill it as soon as the PBX was sent a first write."""
    with subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, env=ENVIRONMENT) as process:  # noqa: S603 - our own command
        while "trunk/update" not in calls_since(url):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
