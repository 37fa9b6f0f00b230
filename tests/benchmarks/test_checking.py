"""How long ``trunk-batch check`` takes on a big workbook, beside a process that only walks its rows; and how it grows.

Run with ``pytest -m benchmark -s tests/benchmarks/test_checking.py``. Processes take turns; the best of each counts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.loads import write_load
from tests.benchmarks.scaling import COMMAND, LIMIT, Cost, cost_of, growth_of

TRUNKS = 10_000
ROUNDS = 5

WALK = """
import sys
from python_calamine import CalamineWorkbook
book = CalamineWorkbook.from_path(sys.argv[1])
for name in book.sheet_names:
    for row in book.get_sheet_by_name(name).iter_rows():
        pass
"""


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("notices", [False, True])
def test_a_whole_check_costs_at_most_two_walks_and_500_mib(tmp_path: Path, notices: bool) -> None:  # noqa: FBT001
    path = tmp_path / "big.xlsx"
    write_load(path, TRUNKS, notices=notices)
    walks, checks = [], []
    for _ in range(ROUNDS):
        walks.append(cost_of([sys.executable, "-c", WALK, str(path)]))
        checks.append(cost_of([*COMMAND, "check", str(path)]))
    walk, check = (min(found, key=lambda cost: cost.wall) for found in (walks, checks))
    print(
        f"\nwalk {walk}; check with {5 * TRUNKS if notices else 0:,} notices {check}: "
        f"{check.wall / walk.wall:.2f} x (at most 2.00)"
    )
    assert check.wall / walk.wall <= 2.0
    assert check.mib <= 500


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
def test_checking_grows_with_the_rows(tmp_path: Path) -> None:
    def check(trunks: int) -> Cost:
        path = tmp_path / f"{trunks}.xlsx"
        if not path.exists():
            write_load(path, trunks, notices=True)
        return cost_of([*COMMAND, "check", str(path)])

    growth = growth_of(check, TRUNKS // 4)
    print(f"\ncheck of so many trunks, with 55 rows each: {growth}")
    assert growth.exponent <= LIMIT
