"""How long the results workbook of the big input takes, beside a bare XlsxWriter loop over the same cells.

Written into the user's own workbook it is to take half of that; written anew, at most half as long again.

Run with ``pytest -m benchmark -s tests/benchmarks/test_writing.py``. Each side runs in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from batch.readers.workbook import CellValue, RawSheet
from batch.schema.columns import RESULT_HEADERS
from batch.tables.row_results import AnsweredSheet, EndingCount, RowResult, Summary, Tone
from batch.writers.results_workbook import write_into, write_results

SHAPES = {"Trunks": (10_000, 20), "Caller IDs": (50_000, 7), "DIDs": (500_000, 3)}


def answered(name: str, rows: int, width: int) -> AnsweredSheet:
    columns: list[list[CellValue]] = []
    for column in range(width):
        cells: list[CellValue] = [f"Header {column}"]
        cells.extend(f"{442079000000 + 131 * column + row}" for row in range(rows))
        columns.append(cells)
    answers = [
        RowResult(
            result="applied" if trunk % 50 else "refused",
            tone=Tone.GOOD if trunk % 50 else Tone.BAD,
            errcode=0 if trunk % 50 else 40002,
            errmsg="SUCCESS" if trunk % 50 else "did_list: the value 4420790 is not allowed",
            http_status=200,
            attempts=1 + trunk % 3,
            elapsed_ms=50 + trunk % 400,
            finished_at=f"2026-11-23 02:{trunk // 60 % 60:02}:{trunk % 60:02}",
            what_to_do="nothing" if trunk % 50 else "correct the cell and run again",
        )
        for trunk in range(10_000)
    ]
    return AnsweredSheet(
        raw=RawSheet(name=name, columns=columns),
        header_row=1,
        results={row: answers[row * 7 % 10_000] for row in range(2, rows + 2)},
    )


def sent(path: Path, sheets: list[AnsweredSheet]) -> None:
    """What the user sent: the same cells without results, its texts in a table apart, as Excel keeps them."""
    from xlsxwriter import Workbook

    with Workbook(path, {"strings_to_numbers": False}) as book:
        for sheet in sheets:
            target = book.add_worksheet(sheet.raw.name)
            for row, cells in enumerate(zip(*sheet.raw.columns, strict=True)):
                for column, value in enumerate(cells):
                    target.write_string(row, column, value)


def bare(path: Path, sheets: list[AnsweredSheet]) -> None:
    from xlsxwriter import Workbook

    book = Workbook(
        path,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    for sheet in sheets:
        target = book.add_worksheet(sheet.raw.name)
        for row, cells in enumerate(zip(*sheet.raw.columns, strict=True)):
            for column, value in enumerate(cells):
                target.write_string(row, column, value)
            right = len(cells)
            if not row:
                for column, header in enumerate(RESULT_HEADERS, right):
                    target.write_string(row, column, header)
                continue
            result = sheet.results[row + 1]
            target.write_string(row, right, result.result)
            target.write_number(row, right + 1, result.errcode)
            target.write_string(row, right + 2, result.errmsg)
            target.write_number(row, right + 3, result.http_status)
            target.write_number(row, right + 4, result.attempts)
            target.write_number(row, right + 5, result.elapsed_ms)
            target.write_string(row, right + 6, result.finished_at)
            target.write_string(row, right + 7, result.what_to_do)
    book.close()


def told(sheets: list[AnsweredSheet]) -> Summary:
    counts = [
        EndingCount(
            ending="applied", tone=Tone.GOOD, rows={one.raw.name: 1 for one in sheets}, meaning="", next_step=""
        )
    ]
    return Summary(title="Results", headline="All trunks are up to date.", counts=counts)


def anew(path: Path, sheets: list[AnsweredSheet]) -> None:
    write_results(path, sheets, told(sheets), [])


def into(path: Path, sheets: list[AnsweredSheet]) -> None:
    write_into(path, path.with_name("sent.xlsx"), sheets, told(sheets), [])


def peak_kib() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measured(side: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, side, str(folder / f"{side}.xlsx")]
    answer: dict[str, float] = json.loads(subprocess.check_output(command))  # noqa: S603 - this file itself
    return answer


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_results_of_the_big_workbook_take_half_of_a_bare_loop_in_the_users_file_and_little_more_anew(
    tmp_path: Path,
) -> None:
    measured("sent", tmp_path)
    rounds = [[measured(side, tmp_path) for side in ("bare", "into", "anew")] for _ in range(2)]
    plain, inside, fresh = (min(side, key=lambda figures: figures["seconds"]) for side in zip(*rounds, strict=True))
    ratios = [side["seconds"] / plain["seconds"] for side in (inside, fresh)]
    print(
        f"\nwriting results: bare {plain['seconds']:.1f} s, +{plain['mib']:.0f} MiB; "
        f"into the user's file {inside['seconds']:.1f} s, +{inside['mib']:.0f} MiB, ratio {ratios[0]:.2f} (at most "
        f"0.50); anew {fresh['seconds']:.1f} s, +{fresh['mib']:.0f} MiB, ratio {ratios[1]:.2f} (at most 1.50)"
    )
    assert ratios[0] <= 0.5
    assert ratios[1] <= 1.5
    assert max(inside["mib"], fresh["mib"]) <= 250


def main(side: str, path: str) -> dict[str, Any]:
    sheets = [answered(name, *shape) for name, shape in SHAPES.items()]
    before = peak_kib()
    began = time.perf_counter()
    {"sent": sent, "bare": bare, "into": into, "anew": anew}[side](Path(path), sheets)
    return {"seconds": time.perf_counter() - began, "mib": (peak_kib() - before) / 1024}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2])))
