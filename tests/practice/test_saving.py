import json
import os
import threading
from pathlib import Path

import pytest

from batch.practice.state import PbxState, StateFile, read_state, write_state


def test_a_saved_state_is_read_back(state: PbxState, tmp_path: Path) -> None:
    write_state(state, tmp_path / "pbx.json")
    assert read_state(tmp_path / "pbx.json") == state


def test_every_trunk_is_a_line_of_its_own(state: PbxState, tmp_path: Path) -> None:
    state.trunks[9]["name"] = "Zürich"
    write_state(state, tmp_path / "pbx.json")
    lines = (tmp_path / "pbx.json").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if '"type": "peer"' in line and "Zürich" in line]
    assert len(lines) == 2 + (2 + 5) + (2 + 3) + (2 + 2) + 1


def test_an_empty_state_is_saved_too(tmp_path: Path) -> None:
    write_state(PbxState(), tmp_path / "pbx.json")
    assert json.loads((tmp_path / "pbx.json").read_text(encoding="utf-8")) == {
        "trunks": [],
        "extensions": [],
        "extension_groups": [],
        "settings": {},
    }


@pytest.mark.skipif(os.name == "nt", reason="there are no modes on Windows")
def test_the_file_is_for_its_owner_only(state: PbxState, tmp_path: Path) -> None:
    write_state(state, tmp_path / "pbx.json")
    assert (tmp_path / "pbx.json").stat().st_mode & 0o777 == 0o600


def test_a_save_that_fails_leaves_the_old_file_and_no_rubbish(state: PbxState, tmp_path: Path) -> None:
    path = tmp_path / "pbx.json"
    write_state(state, path)
    before = path.read_bytes()
    state.trunks[9]["odd"] = object()
    with pytest.raises(TypeError):
        write_state(state, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pbx.json"]
    assert path.read_bytes() == before


def test_nothing_is_written_while_nothing_changes(state: PbxState, tmp_path: Path) -> None:
    StateFile(state, tmp_path / "pbx.json").close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_nothing_is_written(state: PbxState) -> None:
    keeper = StateFile(state, None)
    keeper.mark()
    keeper.close()


def test_a_change_is_saved_by_itself_after_a_while(state: PbxState, tmp_path: Path) -> None:
    keeper = StateFile(state, tmp_path / "pbx.json", save_every=0.01)
    keeper.mark()
    keeper.mark()
    for _ in range(200):
        if (tmp_path / "pbx.json").exists():
            break
        threading.Event().wait(0.01)
    threading.Event().wait(0.05)
    assert read_state(tmp_path / "pbx.json") == state
    keeper.close()


def test_a_change_is_saved_at_the_end_however_long_the_interval(state: PbxState, tmp_path: Path) -> None:
    keeper = StateFile(state, tmp_path / "pbx.json", save_every=3600)
    keeper.mark()
    keeper.close()
    keeper.close()
    assert read_state(tmp_path / "pbx.json") == state


def test_an_interval_of_nought_saves_at_once(state: PbxState, tmp_path: Path) -> None:
    keeper = StateFile(state, tmp_path / "pbx.json", save_every=0)
    keeper.mark()
    assert read_state(tmp_path / "pbx.json") == state
    keeper.close()


def test_a_save_that_fails_in_between_is_told_at_the_end(state: PbxState, tmp_path: Path) -> None:
    keeper = StateFile(state, tmp_path / "gone" / "pbx.json", save_every=0.01)
    keeper.mark()
    threading.Event().wait(0.05)
    with pytest.raises(FileNotFoundError):
        keeper.close()
    (tmp_path / "gone").mkdir()
    keeper.close()
    assert read_state(tmp_path / "gone" / "pbx.json") == state


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "pbx.json").write_text('{"trunks": []}', encoding="utf-8-sig")
    assert read_state(tmp_path / "pbx.json") == PbxState()
