"""Workbooks written row by row: whole, or an error that says where there was no room."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import openpyxl
import pytest

from batch.errors import OutputError
from batch.writers.listings import streamed


def test_what_is_put_in_is_there_as_text() -> None:
    out = io.BytesIO()
    with streamed(Path("a.xlsx"), out) as book:
        sheet = book.add_worksheet("A")
        for row, text in enumerate(("=1+1", "0044", "https://pbx.example")):
            sheet.write(row, 0, text)
    found = openpyxl.load_workbook(out)["A"]
    assert [(cell.value, cell.data_type, cell.hyperlink) for cell in found["A"]] == [
        ("=1+1", "s", None),
        ("0044", "s", None),
        ("https://pbx.example", "s", None),
    ]


def test_no_room_on_the_way_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError) as caught, streamed(Path("a.xlsx"), io.BytesIO()):
        pass
    assert caught.value.message.startswith("Cannot write a.xlsx: there was no room for it on the way")


def test_nothing_is_left_of_a_workbook_that_is_stopped_half_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    out = io.BytesIO()
    with pytest.raises(KeyboardInterrupt):
        _stop_half_way(out)
    assert list(tmp_path.iterdir()) == []
    assert out.getvalue() == b""


def _stop_half_way(out: io.BytesIO) -> None:
    with streamed(Path("a.xlsx"), out) as book:
        book.add_worksheet("A").write_string(0, 0, "a")
        raise KeyboardInterrupt
