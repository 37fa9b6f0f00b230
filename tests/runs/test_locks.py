"""Locks: a second writing command is refused and told who is at work, and a process that dies locks nothing."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import filelock
import pytest
from filelock import FileLock

from batch.errors import OutputError, UsageError
from batch.runs import locks
from batch.runs.locks import Busy, Holder, NoLock, held_by, holding, place_of_pbx, place_of_run
from batch.wording import quoted

STARTED = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
HERE = str(Path("book.xlsx").absolute())
APPLY = Holder(command="apply", pid=4711, started=STARTED, workbook=HERE)
ADDRESS = "https://pbx.example:8088"
WHAT = "the PBX https://pbx.example:8088"

HOLD = """
import os, sys
from datetime import datetime
from pathlib import Path
from batch.runs.locks import Busy, Holder, holding
holder = Holder(command="resume", pid=os.getpid(), started=datetime.fromisoformat(sys.argv[2]), run="/a.runs/1")
try:
    with holding(Path(sys.argv[1]), "the run 1", holder):
        print("held", flush=True)
        sys.stdin.read()
except Busy as busy:
    print(busy.exit_code, busy.message, flush=True)
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(tmp_path / "state"))


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tell local time an hour east of Greenwich."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of this system cannot be set")
    monkeypatch.setenv("TZ", "XXX-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@contextmanager
def another(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that tries for the lock and, having it, keeps it until its input ends."""
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", HOLD, str(place), STARTED.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        if process.poll() is None:
            process.communicate(timeout=30)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_nobody_holds_a_lock_that_was_never_taken_and_asking_makes_nothing(tmp_path: Path) -> None:
    assert held_by(place_of_run(tmp_path)) is None
    assert held_by(tmp_path / "gone" / "lock") is None
    assert list(tmp_path.iterdir()) == []


def test_who_holds_it_is_told_as_long_as_it_is_held(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    with holding(place, WHAT, APPLY):
        assert held_by(place) == APPLY
        assert held_by(place) == APPLY
    assert held_by(place) is None


def test_once_the_run_has_its_folder_that_is_told_too(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    later = replace(APPLY, run=str(tmp_path / "book.runs" / "20300102-030405-ab"))
    with holding(place, WHAT, APPLY) as lock:
        lock.tell(later)
        assert held_by(place) == later


@pytest.mark.usefixtures("utc")
def test_a_second_command_is_told_what_which_run_which_process_and_since_when(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    with holding(place, WHAT, APPLY) as lock:
        with pytest.raises(Busy) as busy, holding(place, WHAT, APPLY):
            pass
        assert busy.value.message == (
            f"The PBX https://pbx.example:8088 is in use by apply of {HERE}, no run yet, process 4711, "
            "started 2030-01-02 04:04:05."
        )
        assert busy.value.hint == (
            "Wait until it has ended; it may be waiting for an answer in another window. "
            "To stop it, press Ctrl-C there; only if that does not help, end process 4711. It has written nothing yet."
        )
        lock.tell(Holder(command="resume", pid=4711, started=STARTED, run=str(tmp_path / "my book.runs" / "1")))
        with pytest.raises(Busy) as busy, holding(place, WHAT, APPLY):
            pass
    assert busy.value.message == (
        f"The PBX https://pbx.example:8088 is in use by resume, run {tmp_path / 'my book.runs' / '1'}, process 4711, "
        "started 2030-01-02 04:04:05."
    )
    assert busy.value.hint == (
        f"Wait until it has ended; `trunk-batch status {quoted(tmp_path / 'my book.runs' / '1')}` says how far it is. "
        "To stop it, press Ctrl-C in its window; only if that does not help, end process 4711. What it did is kept, "
        "and `trunk-batch resume` goes on from there."
    )
    assert isinstance(busy.value, UsageError)
    assert (busy.value.exit_code, busy.value.code) == (2, "busy")


def test_paths_are_told_so_that_they_can_be_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    holder = Holder(command="apply", pid=1, started=STARTED, workbook="b.xlsx", run="b.runs/1")
    with holding(place_of_run(tmp_path), WHAT, holder):
        told = held_by(place_of_run(tmp_path))
    whole = replace(holder, workbook=str(tmp_path / "b.xlsx"), run=str(tmp_path / "b.runs" / "1"))
    assert told == whole


def test_a_second_process_is_refused_and_the_first_is_not_disturbed(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    with another(place) as first:
        assert said(first) == "held"
        held = Holder(command="resume", pid=first.pid, started=STARTED, run=str(Path("/a.runs/1").absolute()))
        assert held_by(place) == held
        with pytest.raises(Busy, match=f"process {first.pid}"), holding(place, WHAT, APPLY):
            pass
        with another(place) as second:
            assert said(second).startswith(f"2 The run 1 is in use by resume, run {held.run}, process {first.pid}, ")
        assert held_by(place) == held
    assert held_by(place) is None


def test_a_process_that_is_killed_holds_nothing_and_what_it_left_is_not_believed(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    with another(place) as first:
        assert said(first) == "held"
        first.kill()
        first.wait(30)
        assert place.with_name("lock.json").exists()
        assert held_by(place) is None
        with holding(place, WHAT, APPLY):
            assert held_by(place) == APPLY


@pytest.mark.parametrize(
    "left",
    ["", "{", "null", "[1]", '"x"', '{"pid": 1}', '{"command":"apply","pid":"x","started":"","workbook":"","run":""}'],
)
def test_of_a_lock_whose_holder_cannot_be_read_as_much_is_told_as_is_known(tmp_path: Path, left: str) -> None:
    place = place_of_run(tmp_path)
    before = dt.datetime.now(tz=dt.UTC) - dt.timedelta(seconds=5)
    with holding(place, WHAT, APPLY):
        place.with_name("lock.json").write_text(left, encoding="utf-8")
        holder = held_by(place)
        with pytest.raises(Busy) as busy, holding(place, WHAT, APPLY):
            pass
    assert holder is not None
    assert (holder.command, holder.pid, holder.run, holder.workbook) == ("", 0, "", "")
    assert before < holder.started < dt.datetime.now(tz=dt.UTC)
    since = f"{holder.started.astimezone():%Y-%m-%d %H:%M:%S}"
    assert busy.value.message == f"The PBX {ADDRESS} is in use since {since}, and by whom cannot be read."
    assert busy.value.hint == ("Wait until it has ended; `trunk-batch runs` lists the runs and says which is at work.")


def test_a_holder_that_nobody_wrote_down_is_told_as_unknown(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    with holding(place, WHAT, APPLY):
        place.with_name("lock.json").unlink()
        holder = held_by(place)
        assert holder is not None
        assert holder.pid == 0


def test_a_lock_taken_twice_in_one_thread_or_in_two_is_refused(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    refused: list[Busy] = []

    def try_it() -> None:
        try:
            with holding(place, WHAT, APPLY):
                pass
        except Busy as busy:
            refused.append(busy)

    with holding(place, WHAT, APPLY):
        try_it()
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join(30)
        assert len(refused) == 2
        assert held_by(place) == APPLY
    try_it()
    assert len(refused) == 2


def test_of_many_threads_one_at_a_time_has_it(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(3):
            try:
                with holding(place, WHAT, APPLY):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
            except Busy:
                most.append(0)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert max(most) == 1


def test_asking_all_the_time_keeps_no_command_from_starting_and_sees_no_holder_that_is_not_there(
    tmp_path: Path,
) -> None:
    place = place_of_run(tmp_path)
    with holding(place, WHAT, APPLY):
        pass
    over = threading.Event()
    seen: list[Holder | None] = []

    def ask() -> None:
        while not over.is_set():
            seen.append(held_by(place))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.3)
        assert set(seen) == {None}
        for _ in range(10):
            with holding(place, WHAT, APPLY):
                pass
    finally:
        over.set()
        for thread in threads:
            thread.join(30)


def test_a_lock_is_free_again_after_whatever_ended_its_work(tmp_path: Path) -> None:
    place = place_of_run(tmp_path)
    with pytest.raises(KeyboardInterrupt), holding(place, WHAT, APPLY):
        raise KeyboardInterrupt
    assert held_by(place) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock"]


@pytest.mark.skipif(os.name == "nt", reason="modes of Unix")
def test_only_its_owner_can_read_it() -> None:
    place = place_of_pbx(ADDRESS)
    with holding(place, WHAT, APPLY):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (place.parent, *place.parent.iterdir())}
    assert modes == {"locks": 0o700, place.name: 0o600, f"{place.name}.json": 0o600}


def test_what_is_told_is_json_beside_the_lock(tmp_path: Path) -> None:
    with holding(place_of_run(tmp_path), WHAT, APPLY):
        told = json.loads((tmp_path / "lock.json").read_text(encoding="utf-8"))
    assert told == {
        "command": "apply",
        "pid": 4711,
        "started": "2030-01-02T03:04:05+00:00",
        "workbook": HERE,
        "run": "",
    }


def test_each_pbx_has_a_lock_of_its_own_for_each_user(tmp_path: Path) -> None:
    place = place_of_pbx(ADDRESS)
    assert place.is_relative_to(tmp_path / "state")
    assert place.parts[-3:-1] == ("trunk-batch", "locks")
    assert place.name.startswith("pbx-pbx.example-8088-")
    assert place == place_of_pbx("https://PBX.Example:8088")
    others = [
        "https://pbx.example",
        "http://pbx.example:8088",
        "https://pbx.example:8089",
        "https://pbx.example:8088/a",
        "https://pbx.example:8088/A",
        "https://[2001:db8::1]:8088",
        f"https://{'long.' * 60}example",
    ]
    places = [place_of_pbx(address) for address in others]
    assert len({place, *places}) == 1 + len(others)
    assert places[-2].name.startswith("pbx-2001-db8-1-8088-")
    assert all(len(place.name) < 120 for place in places)


def test_practice_pbxs_are_told_apart_by_their_files() -> None:
    place = place_of_pbx("/a/Book.practice.json")
    assert place.name.startswith("pbx-book.practice.json-")
    assert place != place_of_pbx("/b/Book.practice.json")
    assert place == place_of_pbx("/a/Book.practice.json")


def test_a_run_that_there_is_not_is_not_made_by_locking_it(tmp_path: Path) -> None:
    place = place_of_run(tmp_path / "gone")
    with pytest.raises(NoLock) as refused, holding(place, "run gone", APPLY):
        pass
    assert refused.value.message == f"Cannot lock run gone: {place}: no such file or directory."
    assert list(tmp_path.iterdir()) == []


def test_two_pbxs_do_not_wait_for_each_other() -> None:
    with holding(place_of_pbx(ADDRESS), WHAT, APPLY), holding(place_of_pbx("https://b.example"), WHAT, APPLY):
        pass


@pytest.mark.skipif(os.name == "nt", reason="the hint of Unix")
def test_where_no_lock_can_be_made_the_place_and_a_way_out_are_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    place = place_of_pbx(ADDRESS)
    with pytest.raises(OutputError) as refused, holding(place, WHAT, APPLY):
        pass
    assert refused.value.message == f"Cannot lock the PBX {ADDRESS}: {place}: not a directory."
    assert str(refused.value) == refused.value.message
    assert refused.value.hint == (
        "It takes a folder that you may write to, on a disk with room and a file system with locks; "
        "for the lock of a PBX, XDG_STATE_HOME names another."
    )
    assert refused.value.exit_code == 2


def test_a_folder_where_the_lock_should_be_is_told(tmp_path: Path) -> None:
    place_of_run(tmp_path).mkdir()
    with pytest.raises(NoLock, match="Cannot lock the run 1"), holding(place_of_run(tmp_path), "the run 1", APPLY):
        pass
    assert held_by(place_of_run(tmp_path)) is None


def test_a_holder_that_cannot_be_written_down_does_not_begin(tmp_path: Path) -> None:
    (tmp_path / "lock.json").mkdir()
    with pytest.raises(NoLock), holding(place_of_run(tmp_path), WHAT, APPLY):
        pytest.fail("it began")
    assert held_by(place_of_run(tmp_path)) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "lock.json"]


@pytest.mark.parametrize("error", [NotImplementedError(), OSError(errno.ENOLCK, "x"), OSError(errno.ENOSYS, "x")])
def test_a_file_system_without_locks_is_told_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(_: object) -> None:
        raise error

    # no file system without locks can be had in a test
    monkeypatch.setattr(FileLock, "_acquire", refuse)
    with (
        pytest.raises(NoLock, match=r"lock: the file system there has no locks\.$"),
        holding(place_of_run(tmp_path), WHAT, APPLY),
    ):
        pass


def test_where_locks_cannot_be_asked_for_nobody_holds_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bool:
        raise OSError(errno.ENOLCK, "x")

    place_of_run(tmp_path).touch()
    monkeypatch.setattr(locks, "lock_descriptor", refuse)
    assert held_by(place_of_run(tmp_path)) is None


def test_the_library_offers_locks_that_the_system_keeps() -> None:
    assert filelock.FileLock is not filelock.SoftFileLock
