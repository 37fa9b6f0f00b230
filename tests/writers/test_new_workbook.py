"""New workbooks, written row by row: whole, all text as text, or an error that says where there was no room."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.errors import OutputError
from batch.writers.new_workbook import DocumentProperties, NewWorkbook, workbook_bytes, write_workbook

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=8)
TEXTS |= st.sampled_from(["_x000A_", " a ", "a\nb", "=1+1", "<r>x</r>", "&amp;", "\x07", "1", "+44", "#N/A"])
BLANKS = st.just("")


def made(rows: list[list[str]]) -> bytes:
    def fill(book: NewWorkbook) -> None:
        sheet = book.sheet("List")
        for row, texts in enumerate(rows, 1):
            sheet.add(row, [(text, "their header" if column == 1 else "", 1) for column, text in enumerate(texts)])

    return workbook_bytes(fill, DocumentProperties())


def cells(content: bytes) -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    found = [cell for row in book["List"].iter_rows() for cell in row if cell.value is not None]
    return [(cell.coordinate, cell.value, cell.data_type, bool(cell.font.bold)) for cell in found]


@given(rows=st.lists(st.lists(TEXTS | BLANKS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_every_text_is_read_back_as_the_text_it_was(rows: list[list[str]]) -> None:
    assert cells(made(rows)) == [
        (f"{'ABC'[column]}{row}", _escaped(text), "s", column == 1)
        for row, texts in enumerate(rows, 1)
        for column, text in enumerate(texts)
        if text
    ]


def _escaped(text: str) -> str:
    """What openpyxl reads, which takes Excel's notation for letters."""
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    return re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]", lambda found: f"_x{ord(found[0]):04X}_", text)


def test_a_text_is_cut_where_a_cell_ends_and_what_no_file_holds_is_replaced() -> None:
    (_, first, *_), (_, second, *_), (_, third, *_) = cells(made([["\U0001f511" * 20_000, "a\ud800b", "\ufffe"]]))
    assert first == "\U0001f511" * 16_383 + "\ufffd"
    assert (second, third) == ("a\ufffdb", "_xFFFE_")


def test_a_sheet_s_name_is_quoted_in_links_where_it_could_be_mistaken() -> None:
    def fill(book: NewWorkbook) -> None:
        for name in ("DIDs", "A1", "My 'list", "Zürich"):
            book.sheet(name)
        sheet = book.sheet("List")
        for row, name in enumerate(("DIDs", "A1", "My 'list", "Zürich"), 1):
            sheet.add(row, [("B2", "link", 1)])
            sheet.link(f"A{row}", name, "B2")

    found = openpyxl.load_workbook(io.BytesIO(workbook_bytes(fill, DocumentProperties())))["List"]
    assert [cell.hyperlink and cell.hyperlink.location for (cell,) in found.iter_rows()] == [
        "DIDs!B2", "'A1'!B2", "'My ''list'!B2", "'Zürich'!B2",
    ]  # fmt: skip


def test_no_room_on_the_way_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError) as caught:
        write_workbook(Path("a.xlsx"), lambda book: book.add_hidden("A", []), DocumentProperties())
    assert caught.value.message.startswith("Cannot write a.xlsx: there was no room for it on the way")


def test_nothing_is_left_of_a_workbook_that_is_stopped_half_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        workbook_bytes(_stop_half_way, DocumentProperties())
    assert list(tmp_path.iterdir()) == []


def _stop_half_way(book: NewWorkbook) -> None:
    book.sheet("A").add(1, [("a", "", 1)])
    raise KeyboardInterrupt
