"""How long it takes to check and mark a big workbook with thousands of problems, beside checking it without any.

Run with ``pytest -m benchmark -s tests/benchmarks/test_marking.py``. Processes take turns; the best of each counts.
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

TRUNKS, DIDS, PROBLEMS = 10_000, 500_000, 5_000
ROUNDS = 3
CHECK = "import sys; from batch.cli import run; sys.argv[0] = 'trunk-batch'; run()"


def write_big_workbook(path: Path, problems: int) -> None:
    """10,000 trunks and 500,000 DIDs; of some the DID is blank, has letters, stands there twice or has no trunk."""
    faults = {
        number * (DIDS // problems) + 7: fault
        for number, fault in zip(
            range(problems), ("", "44207-12", None, "+44 (0)20 7946 0100") * problems, strict=False
        )
    }
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        trunks = book.add_worksheet("Trunks")
        trunks.write_row(0, 0, ("Name", "Hostname"))
        for number in range(TRUNKS):
            trunks.write_row(number + 1, 0, (f"Site-{number:05d}", "sip.new.example"))
        dids = book.add_worksheet("DIDs")
        dids.write_row(0, 0, ("Trunk", "DID", "DID name"))
        for number in range(DIDS):
            did = faults.get(number, f"+4420{number:08d}")
            trunk = f"Site-{number // 50:05d}" if did is not None else f"Side-{number:05d}"
            dids.write_row(number + 1, 0, (trunk, did or "" if did is not None else f"+4420{number:08d}", "Desk"))


def measured(command: Sequence[str], code: int) -> tuple[float, float]:
    """Run a process to its end; returns wall seconds and the most memory it had, in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == code
    return wall, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_checking_and_marking_5000_problems_costs_at_most_three_checks_without_any(tmp_path: Path) -> None:
    plain, faulty, marked = tmp_path / "plain.xlsx", tmp_path / "faulty.xlsx", tmp_path / "marked.xlsx"
    write_big_workbook(plain, 1)
    write_big_workbook(faulty, PROBLEMS)
    checks, only_checks, markings = [], [], []
    check = [sys.executable, "-c", CHECK, "check"]
    for _ in range(ROUNDS):
        marked.unlink(missing_ok=True)
        checks.append(measured([*check, str(plain)], 3))
        only_checks.append(measured([*check, str(faulty)], 3))
        markings.append(measured([*check, str(faulty), "--marked", str(marked)], 3))
    (checking, mib), (with_problems, _), (marking, marking_mib) = min(checks), min(only_checks), min(markings)
    print(
        f"\ncheck {checking:.2f} s, {mib:.0f} MiB; with {PROBLEMS:,} problems {with_problems:.2f} s; "
        f"and marked {marking:.2f} s, {marking_mib:.0f} MiB: {marking / checking:.2f} x (at most 3.00)"
    )
    assert marking / checking <= 3
