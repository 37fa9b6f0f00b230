"""A run's folder: what is put there, who may read it, and where the results go."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
from pathlib import Path

import pytest

from batch.errors import OutputError, UsageError
from batch.runs import folders, journal
from batch.runs.folders import RunFolder, create_folder, open_private, results_path, unfinished, write_snapshot
from tests.runs.fakes import FakePbx, changes, trunk

NOW = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "Book.XLSX"
    path.write_bytes(b"\x00any bytes\r\n\xff")
    path.chmod(0o644)
    return path


def test_a_run_has_a_folder_of_its_own_beside_the_workbook(book: Path) -> None:
    folder = create_folder(book, None, NOW)
    assert folder.path.parent == book.with_name("Book.runs")
    assert folder.path.name == folder.id
    assert folder.id.startswith(f"{NOW.astimezone():%Y%m%d-%H%M%S}-")
    assert mode(folder.path) == 0o700
    copy = folder.path / "input.xlsx"
    assert copy.read_bytes() == book.read_bytes()
    assert mode(copy) == 0o600
    assert create_folder(book, None, NOW).id != folder.id


def test_a_folder_that_was_asked_for_is_made_or_used_and_is_the_runs_id(book: Path, tmp_path: Path) -> None:
    place = tmp_path / "deep" / "er"
    assert create_folder(book, place, NOW) == RunFolder(path=place, id="er", copy="input.xlsx")
    place = tmp_path / "there"
    place.mkdir(mode=0o755)
    assert create_folder(book, place, NOW).id == "there"
    assert mode(place) == 0o700
    assert create_folder(book, tmp_path / "x" / ".." / "there", NOW).id == "there"


def test_a_folder_that_holds_a_run_is_refused_and_left_alone(book: Path, tmp_path: Path) -> None:
    place = tmp_path / "run"
    place.mkdir()
    with journal.create_journal(place):
        pass
    before = sorted(path.name for path in place.iterdir())
    with pytest.raises(UsageError, match="already holds a run"):
        create_folder(book, place, NOW)
    with pytest.raises(UsageError, match="already holds a run"):
        folders.check_unused(place)
    folders.check_unused(None)
    folders.check_unused(tmp_path / "not there yet")
    with pytest.raises(UsageError, match="is not empty"):
        folders.check_unused(tmp_path)
    assert sorted(path.name for path in place.iterdir()) == before


def test_a_csv_folder_is_copied_byte_for_byte_and_nothing_else_of_it(tmp_path: Path) -> None:
    source = tmp_path / "csv"
    source.mkdir()
    (source / "trunks.csv").write_bytes(b"\xef\xbb\xbfName;Port\r\n")
    (source / "DIDs.CSV").write_bytes(b"a\x00b")
    (source / "notes.txt").write_text("private")
    (source / "more").mkdir()
    place = tmp_path / "run"
    folder = create_folder(source, place, NOW)
    copy = folder.path / "input"
    assert sorted(path.name for path in copy.iterdir()) == ["DIDs.CSV", "trunks.csv"]
    assert (copy / "trunks.csv").read_bytes() == b"\xef\xbb\xbfName;Port\r\n"
    assert {mode(path) for path in copy.iterdir()} == {0o600}


@pytest.mark.parametrize("obstacle", ["file", "gone", "below a file"])
def test_a_folder_that_cannot_be_made_is_told(book: Path, tmp_path: Path, obstacle: str) -> None:
    place = tmp_path / "run"
    if obstacle == "gone":
        book.unlink()
    else:
        (tmp_path / "run").write_text("in the way")
        place = place / "run" if obstacle == "below a file" else place
    with pytest.raises(OutputError, match="Cannot write"):
        create_folder(book, place, NOW)


def test_the_snapshot_is_whole_private_and_keeps_only_passwords_that_change(pbx: FakePbx, tmp_path: Path) -> None:
    pbx.add(trunk(1, name="Zürich", transparent_trans_180_msg=1))
    planned = changes(pbx, "Trunk ID|Hostname|Password", "1|new.example|", "2||Sample-new", "3|new.example|Sample-old")
    write_snapshot(tmp_path, planned)
    path = tmp_path / folders.SNAPSHOT
    kept = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert kept[0] == {key: value for key, value in pbx.trunks[1].items() if key != "password"}
    assert kept[1] == pbx.trunks[2]
    assert "password" not in kept[2]
    assert mode(path) == 0o600
    assert b"Sample-new" not in path.read_bytes()


def test_a_snapshot_that_cannot_be_written_stops_the_run(pbx: FakePbx, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_snapshot(tmp_path / "gone", changes(pbx, "Trunk ID|Hostname", "1|new.example"))


def test_a_later_invocation_keeps_what_an_earlier_one_saw_and_adds_its_own(pbx: FakePbx, tmp_path: Path) -> None:
    first = changes(pbx, "Trunk ID|Hostname", "1|new.example", "2|new.example")
    write_snapshot(tmp_path, first)
    pbx.edit(1, hostname="ours.example")
    pbx.edit(2, hostname="theirs.example")
    (again,) = changes(pbx, "Trunk ID|Hostname", "2|new.example")
    earlier = folders.read_snapshot(tmp_path)
    write_snapshot(tmp_path, [again], [earlier[1]])
    kept = folders.read_snapshot(tmp_path)
    assert {number: trunk.value("hostname") for number, trunk in kept.items()} == {
        1: "old.example",
        2: "theirs.example",
    }
    assert mode(tmp_path / folders.SNAPSHOT) == 0o600


def test_no_snapshot_is_an_empty_one_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    assert folders.read_snapshot(tmp_path) == {}
    for content in (b'{"id":1', b"\xff\xfe", b'{"name": "no id"}'):
        (tmp_path / folders.SNAPSHOT).write_bytes(content)
        with pytest.raises(UsageError, match="snapshot"):
            folders.read_snapshot(tmp_path)


def test_a_private_file_is_for_its_owner(tmp_path: Path) -> None:
    with open_private(tmp_path / "x") as file:
        file.write("ä\n")
    assert (tmp_path / "x").read_bytes() == "ä\n".encode()
    assert mode(tmp_path / "x") == 0o600


def test_results_lie_beside_the_workbook_and_never_in_its_place(book: Path, tmp_path: Path) -> None:
    assert results_path(book, None) == tmp_path / "Book-results.xlsx"
    assert results_path(tmp_path / "Book-results.xlsx", None) == tmp_path / "Book-results.xlsx"
    again = tmp_path / "Book-results.xlsx"
    again.write_bytes(b"1")
    assert results_path(again, None) == tmp_path / "Book-results-2.xlsx"
    assert results_path(book, tmp_path / "other.xlsx") == tmp_path / "other.xlsx"
    assert results_path(again, again) == tmp_path / "Book-results-2.xlsx"


@pytest.mark.parametrize("name", ["results.csv", "results", "gone/results.xlsx", "folder.xlsx"])
def test_a_place_where_results_cannot_be_is_refused_before_anything_is_sent(
    book: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(UsageError):
        results_path(book, tmp_path / name)


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_sent(book: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(OutputError, match="cannot be written to"):
            results_path(book, None)
    finally:
        tmp_path.chmod(0o700)


def test_runs_that_never_came_to_their_end_are_named(book: Path) -> None:
    assert unfinished(book) == ()
    ids = []
    for finished in (True, False, False):
        folder = create_folder(book, None, NOW)
        with journal.create_journal(folder.path) as made:
            made.begin_invocation("apply", facts={}, wanted=[], settled_rows={})
            if finished:
                made.end_invocation("finished", {})
        ids.append(folder.id)
    (book.with_name("Book.runs") / "not a run").mkdir()
    assert unfinished(book) == tuple(sorted(ids[1:]))


def test_a_run_that_broke_off_is_forgotten_once_a_later_one_came_to_its_end(book: Path) -> None:
    ids = []
    for hours, finished in ((0, False), (1, True), (2, False)):
        folder = create_folder(book, None, NOW + dt.timedelta(hours=hours))
        with journal.create_journal(folder.path) as made:
            made.begin_invocation("apply", facts={}, wanted=[], settled_rows={})
            if finished:
                made.end_invocation("finished", {})
        ids.append(folder.id)
    assert unfinished(book) == (ids[2],)


def test_what_says_which_column_means_what_is_kept_beside_the_copy(book: Path) -> None:
    folder = create_folder(book, None, NOW, columns='[Trunks]\nsheet = "Größe"\n')
    kept = folder.path / "columns.toml"
    assert kept.read_text(encoding="utf-8") == '[Trunks]\nsheet = "Größe"\n'
    assert mode(kept) == 0o600
    assert not (create_folder(book, None, NOW).path / "columns.toml").exists()
