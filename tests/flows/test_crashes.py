"""Killed at any moment, the command line loses nothing and doubles nothing: going on ends as if nothing had been."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from batch.practice.state import read_state, write_state
from tests.flows.crash_stories import STORIES, fields, seen
from tests.flows.crashes import (
    FLAGS,
    SEED,
    Tally,
    command,
    ended,
    looking_at,
    must_have_ended,
    play,
    run_folders,
    until,
)

ROUNDS = len(STORIES)
NIGHTLY_ROUNDS = 300


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_run_that_is_gone_on_with_ends_as_planned(number: int, tmp_path: Path) -> None:
    play(number, STORIES, tmp_path)


def is_applied(book: Path) -> bool:
    """Tell whether the run says of some trunk that all is well."""
    for run in run_folders(book):
        with suppress(sqlite3.OperationalError), looking_at(run) as journal:
            return bool(journal.execute("SELECT count(*) FROM outcomes WHERE ending = 'applied'").fetchone()[0])
    return False


def test_a_killed_rehearsal_that_is_gone_on_with_ends_as_planned(tmp_path: Path) -> None:
    told = fields(Random(1))  # noqa: S311 - not for secrets
    book = told.write(tmp_path)
    write_state(told.state(), tmp_path / "pbx.json")
    process = command("apply", book, "--practice", *FLAGS)
    until(lambda: is_applied(book), process)
    process.kill()
    assert ended(process).code == -9
    last = ended(command("resume", run_folders(book)[-1], "--yes", "--json"))
    assert last.code == 0, last.said
    assert seen(read_state(tmp_path / "book.practice.json")) == told.wanted()
    must_have_ended(told, last.json)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_three_hundred_rounds_lose_and_double_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    with ThreadPoolExecutor(max(2, (os.cpu_count() or 2) - 1)) as pool:
        rounds = [
            pool.submit(play, number, STORIES, tmp_path / str(number), tally)
            for number in range(ROUNDS, ROUNDS + NIGHTLY_ROUNDS)
        ]
    for one in rounds:
        one.result()
    with capsys.disabled():
        print(f"\nCRASH_SEED={SEED} {tally}")
    assert (tally.rounds, tally.lost) == (NIGHTLY_ROUNDS, 0)
