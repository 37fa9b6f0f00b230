"""How marking, results, export and reading of other kinds of file grow with their rows.

Run with ``pytest -m benchmark -s tests/benchmarks/test_growth.py``. Each is done at n, 2n and 4n in new processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.benchmarks.loads import DIDS, write_csv_load, write_load, write_ods_load
from tests.benchmarks.practices import practice
from tests.benchmarks.scaling import COMMAND, LIMIT, Cost, cost_of, growth_of

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

SECRET = {"TRUNK_BATCH_CLIENT_SECRET": "Sample-practice-secret"}


def at(url: str) -> Sequence[str]:
    return ("--url", url, "--client-id", "practice", "--rate", "10000", "--concurrency", "20", "--settle-wait", "0")


def assert_grows_with_the_rows(what: str, work: Callable[[int], Cost], n: int, rounds: int = 3) -> None:
    growth = growth_of(work, n, rounds=rounds)
    print(f"\n{what}: {growth}")
    assert growth.exponent <= LIMIT


def test_marking_20000_problems(tmp_path: Path) -> None:
    def mark(problems: int) -> Cost:
        path, marked = tmp_path / f"{problems}.xlsx", tmp_path / "marked.xlsx"
        if not path.exists():
            write_load(path, problems // 4, faults=problems)
        marked.unlink(missing_ok=True)
        return cost_of([*COMMAND, "check", str(path), "--marked", str(marked)], code=3)

    assert_grows_with_the_rows("marking so many problems", mark, 5_000)


def test_checking_csv_of_500000_rows(tmp_path: Path) -> None:
    def check(rows: int) -> Cost:
        folder = tmp_path / str(rows)
        if not folder.exists():
            write_csv_load(folder, rows // DIDS)
        return cost_of([*COMMAND, "check", str(folder)])

    assert_grows_with_the_rows("check of a CSV folder with so many DIDs", check, 125_000)


def test_checking_ods_of_100000_rows(tmp_path: Path) -> None:
    def check(rows: int) -> Cost:
        path = tmp_path / f"{rows}.ods"
        if not path.exists():
            write_ods_load(path, rows // DIDS)
        return cost_of([*COMMAND, "check", str(path)])

    assert_grows_with_the_rows("check of an .ods file with so many DIDs", check, 25_000)


def test_results(tmp_path: Path) -> None:
    def apply(trunks: int) -> Cost:
        folder = tmp_path / f"{trunks}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        write_load(folder / "trunks.xlsx", trunks)
        with practice(folder, trunks, latency=0) as url:
            command = [*COMMAND, "apply", str(folder / "trunks.xlsx"), "--yes", "--allow", "removals", *at(url)]
            return cost_of(command, environment=os.environ | SECRET)

    assert_grows_with_the_rows("apply and results of so many trunks, 50 DIDs each", apply, 100, rounds=2)


def test_export(tmp_path: Path) -> None:
    def export(trunks: int) -> Cost:
        folder = tmp_path / f"{trunks}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        with practice(folder, trunks, latency=0) as url:
            return cost_of(
                [*COMMAND, "export", "-o", str(folder / "export.xlsx"), *at(url)[:-2]], environment=os.environ | SECRET
            )

    assert_grows_with_the_rows("export of so many trunks", export, 500, rounds=2)
