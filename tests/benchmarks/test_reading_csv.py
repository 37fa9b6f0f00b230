"""What it costs to find out how a CSV is encoded: at most 2 s for 10 MB, and no more per byte in a longer line.

Run with ``pytest -m benchmark -s tests/benchmarks/test_reading_csv.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.benchmarks.scaling import COMMAND, LIMIT, Cost, cost_of, growth_of

TEXTS: Mapping[str, bytes] = {
    "one line of plain letters but for its end": b"a",
    "one line with names": "Köln, Straße 12, 442079460100; ".encode("cp1252"),
    "lines": "Köln,Straße 12,442079460100\n".encode("cp1252"),
    "one line in Chinese": "伦敦办公室线路".encode("gb18030"),
}


@pytest.mark.benchmark
@pytest.mark.parametrize("text", TEXTS)
def test_the_guess_of_an_encoding_grows_with_the_file(tmp_path: Path, text: str) -> None:
    guess = "import sys, batch.readers.encodings as e; e.detect_encoding(open(sys.argv[1], 'rb').read())"

    def cost(size: int) -> Cost:
        path = tmp_path / str(size)
        if not path.exists():
            path.write_bytes(TEXTS[text] * (size // len(TEXTS[text])) + b"\nA,Z\xfcrich\n")
        return cost_of([COMMAND[0], "-c", guess, str(path)])

    growth = growth_of(cost, 10_000_000)
    print(f"\n{text}: {growth}")
    costs = growth.costs  # with the start: the beginning that is judged closely costs the same at any size
    assert costs[40_000_000].cpu <= 4**LIMIT * costs[10_000_000].cpu
    assert costs[10_000_000].wall - growth.start.wall <= 2
