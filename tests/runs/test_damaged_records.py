"""Records that are not as they were written are called damaged; what somebody was killed over is no such record."""

from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path

import pytest

from batch.pbx.messages import update_trunk
from batch.runs import journal
from batch.runs.journal import JOURNAL
from batch.runs.journal_reader import RecordDamaged, is_finished, read_history, tokens_out
from batch.runs.run_status import find_runs

WRITE = update_trunk({"id": 8, "hostname": "new.example"})
WAL = f"{JOURNAL}-wal"
FRAME = 24 + 4096


def begun(folder: Path, commits: int) -> Path:
    """Leave a run as a crash does after so many records."""
    (folder / "at work").mkdir(parents=True)
    with journal.create_journal(folder / "at work") as book:
        facts = {"run": "x", "pbx": "https://pbx.example", "client_id": "client"}
        book.begin_invocation("apply", facts=facts, wanted=[], settled_rows={})
        for _ in range(commits):
            book.leaving(WRITE, 1)
        left = folder / "left"
        left.mkdir()
        for name in (JOURNAL, WAL):
            shutil.copyfile(folder / "at work" / name, left / name)
    return left


@pytest.mark.parametrize("commits", [0, 1, 5])
def test_a_bit_that_flips_anywhere_is_told_and_no_record_is_lost_in_silence(tmp_path: Path, commits: int) -> None:
    folder = begun(tmp_path, commits)
    whole = (folder / WAL).read_bytes()
    assert read_history(folder).sent(8) == commits
    drawn = random.Random(commits)  # noqa: S311 - the same each time
    anywhere = [drawn.randrange(len(whole)) for _ in range(30)]
    starts = range(32, len(whole), FRAME)
    header = range(0, 32, 1 if commits else 4)
    in_frames = (start + at for start in starts for at in (0, 4, 7, 12, 16, 19, 23))
    for place in {*header, *in_frames, *anywhere}:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << drawn.randrange(8)
        (folder / WAL).write_bytes(spoilt)
        with pytest.raises(RecordDamaged) as caught:
            read_history(folder)
        assert str(folder) in caught.value.message
        assert WAL in caught.value.message
        assert "never began" not in caught.value.message
    assert not is_finished(folder / JOURNAL)
    assert tokens_out([folder], "https://pbx.example", "client") == []
    assert [run.damaged for run in find_runs(folder)] == [True]


def test_a_log_of_something_else_is_told(tmp_path: Path) -> None:
    folder = begun(tmp_path, 3)
    for content in (b"\xff" * 9000, b"spoilt" * 99, bytes(4000) + (folder / WAL).read_bytes()[4000:]):
        (folder / WAL).write_bytes(content)
        with pytest.raises(RecordDamaged):
            read_history(folder)


def test_a_log_that_ends_anywhere_is_what_a_kill_leaves_behind(tmp_path: Path) -> None:
    folder = begun(tmp_path, 3)
    whole = (folder / WAL).read_bytes()
    for length in {0, 1, 31, 32, 33, *range(40, len(whole), 331), *range(32, len(whole), FRAME), len(whole) - 1}:
        (folder / WAL).write_bytes(whole[:length])
        try:
            assert read_history(folder).sent(8) <= 3
        except RecordDamaged:
            raise
        except Exception as other:  # noqa: BLE001 - too little is left to read; it only must not be called damaged
            assert "damaged" not in str(other)  # noqa: PT017 - as above
    (folder / WAL).write_bytes(whole + bytes(FRAME))  # room that was made and not written to
    assert read_history(folder).sent(8) == 3


def test_a_kill_while_a_log_is_written_over_from_its_beginning_damages_nothing(tmp_path: Path) -> None:
    before = (begun(tmp_path / "before", 499) / WAL).read_bytes()
    folder = begun(tmp_path / "after", 503)
    log = bytearray((folder / WAL).read_bytes())
    salts, end = log[16:24], len(log)
    older = bytearray(before[end : end + 3 * FRAME])  # as it stays there while somebody looks on
    for start in range(0, len(older), FRAME):
        older[start + 8 : start + 12] = (int.from_bytes(salts[:4]) - 1).to_bytes(4)
    (folder / WAL).write_bytes(log + older)
    assert read_history(folder).sent(8) == 503
    older[8:16] = salts  # the header of the next frame, before its page
    (folder / WAL).write_bytes(log + older)
    assert read_history(folder).sent(8) == 503


def test_somebody_who_writes_at_this_moment_damages_nothing(tmp_path: Path) -> None:
    over = threading.Event()

    def write() -> None:
        for _ in range(1200):
            book.leaving(WRITE, 1)
        over.set()

    with journal.create_journal(tmp_path) as book:
        book.begin_invocation("apply", facts={}, wanted=[], settled_rows={})
        writer = threading.Thread(target=write)
        writer.start()
        seen = [0]
        while not over.is_set():
            seen.append(read_history(tmp_path).sent(8))
        writer.join()
        assert seen == sorted(seen)
        assert read_history(tmp_path).sent(8) == 1200
