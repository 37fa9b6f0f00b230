"""How long ``trunk-batch check`` takes on a big workbook, beside a process that only walks its rows.

Run with ``pytest -m benchmark -s tests/benchmarks/test_checking.py``. Processes take turns; the best of each counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter

from batch.sheets import layout

TRUNKS, CALLER_IDS, DIDS = 10_000, 50_000, 500_000
ROUNDS = 5

WALK = """
import sys
from python_calamine import CalamineWorkbook
book = CalamineWorkbook.from_path(sys.argv[1])
for name in book.sheet_names:
    for row in book.get_sheet_by_name(name).iter_rows():
        pass
"""
CHECK = "import sys; from batch.cli import run; sys.argv[0] = 'trunk-batch'; run()"


def trunk_row(i: int) -> list[str]:
    return [
        str(i + 1), "register", f"Site-{i:05d}", "yes", "tls", "sip.new.example", "5061", "new.example", f"user{i}",
        f"Sample-{i}", f"auth{i}", "on", "proxy.example", "5060", "alaw,ulaw", f"+4420{i * 50:08d}", "Acme", "replace",
        "replace", "",
    ]  # fmt: skip


def write_big_workbook(path: Path) -> None:
    """10,000 trunks, 50,000 caller IDs and 500,000 DIDs, numbers as text, nothing wrong."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        rows = {
            layout.TRUNKS: (trunk_row(i) for i in range(TRUNKS)),
            layout.CALLER_IDS: (
                [f"Site-{i // 5:05d}", "shared", f"+4420{i // 5 * 50 + i % 5:08d}", f"Name {i}", "",
                 f"{1000 + i % 5 * 2}, {1001 + i % 5 * 2}", ""]
                for i in range(CALLER_IDS)
            ),
            layout.DIDS: ([f"Site-{i // 50:05d}", f"+4420{i:08d}", f"Desk {i}"] for i in range(DIDS)),
        }  # fmt: skip
        for sheet, lines in rows.items():
            target = book.add_worksheet(sheet.title)
            for column, text in enumerate(column.label for column in sheet.columns):
                target.write_string(0, column, text)
            for number, line in enumerate(lines, 1):
                for column, text in enumerate(line):
                    if text:
                        target.write_string(number, column, text)


def measured(command: Sequence[str]) -> tuple[float, float]:
    """Run a process to its end; returns wall seconds and the most memory it had, in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return wall, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_a_whole_check_costs_at_most_two_and_a_half_walks_and_700_mib(tmp_path: Path) -> None:
    path = tmp_path / "big.xlsx"
    write_big_workbook(path)
    walks, checks = [], []
    for _ in range(ROUNDS):
        walks.append(measured([sys.executable, "-c", WALK, str(path)]))
        checks.append(measured([sys.executable, "-c", CHECK, "check", str(path)]))
    (walk, walk_mib), (check, check_mib) = min(walks), min(checks)
    print(f"\nwalk {walk:.2f} s, {walk_mib:.0f} MiB; check {check:.2f} s, {check_mib:.0f} MiB: {check / walk:.2f} x")
    assert check / walk <= 2.5
    assert check_mib <= 700
