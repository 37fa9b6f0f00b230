"""Where a finished file or folder goes, and under which name."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from batch.errors import OutputError
from batch.schema.file_metadata import file_names, sheet_names
from batch.writers.atomic import place_file, place_folder


def held(*names: str) -> Callable[[Path, Path], None]:
    """`os.replace` as Windows has it while another program holds these names open."""

    def replace(source: Path, target: Path) -> None:
        if target.name in names or source.name in names:
            raise PermissionError(13, "Permission denied")
        source.replace(target)

    return replace


def fill(folder: Path) -> None:
    (folder / "new.csv").write_text("new")


def test_a_file_that_is_open_elsewhere_stays_and_the_new_one_gets_the_next_free_name(tmp_path: Path) -> None:
    for name in ("r.xlsx", "r (2).xlsx"):
        (tmp_path / name).write_text("old")
    assert place_file(tmp_path / "r.xlsx", b"new", replace=held("r.xlsx")) == tmp_path / "r (3).xlsx"
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {
        "r.xlsx": "old",
        "r (2).xlsx": "old",
        "r (3).xlsx": "new",
    }


def test_where_no_name_is_free_it_is_said_so_and_nothing_is_left(tmp_path: Path) -> None:
    names = [f"r ({number}).xlsx" for number in range(2, 20)]
    with pytest.raises(OutputError, match="permission denied"):
        place_file(tmp_path / "r.xlsx", b"new", replace=held("r.xlsx", *names))
    assert not list(tmp_path.iterdir())


def test_after_a_thousand_names_it_gives_up(tmp_path: Path) -> None:
    for number in range(2, 1000):
        (tmp_path / f"r ({number}).xlsx").touch()
    with pytest.raises(OutputError, match="permission denied"):
        place_file(tmp_path / "r.xlsx", b"new", replace=held("r.xlsx"))


def test_any_other_fault_of_the_system_is_said_in_its_words(tmp_path: Path) -> None:
    def full(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="no space left on device"):
        place_file(tmp_path / "r.xlsx", b"new", replace=full)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder"):
        place_file(tmp_path, b"new")


def test_a_file_can_be_read_by_whoever_reads_the_folder(tmp_path: Path) -> None:
    (tmp_path / "made").touch()
    placed = place_file(tmp_path / "r.xlsx", b"new")
    assert placed.stat().st_mode == (tmp_path / "made").stat().st_mode


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize(("private", "then"), [(False, 0o640), (True, 0o600)])
def test_nobody_else_reads_a_file_on_its_way_nor_a_private_one_later(
    tmp_path: Path, *, private: bool, then: int
) -> None:
    seen = []

    def looking(source: Path, target: Path) -> None:
        seen.append((source.name.endswith(".part"), stat.S_IMODE(source.stat().st_mode)))
        source.replace(target)

    before = os.umask(0o027)
    try:
        placed = place_file(tmp_path / "r.xlsx", b"new", private=private, replace=looking)
    finally:
        os.umask(before)
    assert seen == [(True, then)]
    assert stat.S_IMODE(placed.stat().st_mode) == then


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_nobody_else_reads_a_folder_on_its_way(tmp_path: Path) -> None:
    seen = []

    def fill_and_look(folder: Path) -> None:
        fill(folder)
        seen.append(stat.S_IMODE(folder.stat().st_mode))

    (tmp_path / "made").mkdir()
    placed = place_folder(tmp_path / "r", fill_and_look, ours=lambda _: True)
    assert seen == [0o700]
    assert placed.stat().st_mode == (tmp_path / "made").stat().st_mode


def test_a_folder_of_ours_is_swapped_whole(tmp_path: Path) -> None:
    old = tmp_path / "r"
    old.mkdir()
    (old / "old.csv").touch()
    assert place_folder(old, fill, ours=lambda _: True) == old
    assert [entry.name for entry in old.iterdir()] == ["new.csv"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]


def test_a_folder_with_a_file_that_is_open_stays_and_the_new_one_goes_beside(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    placed = place_folder(tmp_path / "r", fill, ours=lambda _: True, replace=held("r"))
    assert placed == tmp_path / "r (2)"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["r", "r (2)"]


def test_a_folder_comes_back_when_the_new_one_cannot_take_its_place(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "old.csv").touch()
    calls: list[Path] = []

    def second_fails(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        source.replace(target)

    with pytest.raises(OutputError, match="input/output error"):
        place_folder(tmp_path / "r", fill, ours=lambda _: True, replace=second_fails)
    assert [entry.name for entry in (tmp_path / "r").iterdir()] == ["old.csv"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]


def test_the_current_folder_has_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert place_folder(Path(), fill, ours=lambda _: False) == tmp_path / "here (2)"


def test_own_sheets_named_as_ours_get_yours_behind_their_name() -> None:
    assert sheet_names(["Summary", "changes", "PROBLEMS", "Summary", "Trunks"]) == [
        "Summary (yours)",
        "changes (yours)",
        "PROBLEMS (yours)",
        "Summary (2)",
        "Trunks",
    ]


def test_names_that_excel_does_not_take_are_mended() -> None:
    long = "A sheet name that has more letters than Excel takes"
    assert sheet_names([long, long, "a/b:c*d", "'quoted'", "", "History", "DIDs", "dids", "\U0001f4de" * 20]) == [
        "A sheet name that has more lett",
        "A sheet name that has more (2)",
        "a-b-c-d",
        "quoted",
        "Sheet",
        "History (2)",
        "DIDs",
        "dids (2)",
        "\U0001f4de" * 15,
    ]


def test_a_shortened_name_does_not_end_with_an_apostrophe() -> None:
    assert sheet_names(["x" * 30 + "'yy"]) == ["x" * 30]


def test_csv_files_are_named_as_they_came() -> None:
    assert file_names(["Trunks", "Caller IDs", "DIDs", "own.csv", "a/b", "summary", "Summary", "own", ""]) == [
        "trunks.csv",
        "caller_ids.csv",
        "dids.csv",
        "own.csv",
        "a-b.csv",
        "summary (yours).csv",
        "Summary (yours) (2).csv",
        "own (yours).csv",
        "sheet.csv",
    ]


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_whoever_is_stopped_on_the_way_leaves_the_file_of_before_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    place = tmp_path / "results.xlsx"
    place.write_bytes(b"before")
    if step == "fsync":
        monkeypatch.setattr(os, "fsync", stopped)
    if step == "chmod":
        monkeypatch.setattr(Path, "chmod", stopped)
    with pytest.raises(KeyboardInterrupt):
        place_file(place, b"after", replace=stopped if step == "replace" else os.replace)
    assert place.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [place]
