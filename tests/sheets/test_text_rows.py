"""Rows that go straight into a sheet's file read the same as those that XlsxWriter writes."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.writers.listings import TextRows, streamed

ROWS = st.lists(
    st.lists(
        st.text(max_size=8)
        | st.sampled_from(["_x000A_", " a ", "a\nb", "=1+1", "<r>x</r>", "&amp;", "\x07", "1", "+44"]),
        min_size=3,
        max_size=3,
    ),
    min_size=1,
    max_size=4,
)


def written(rows: list[list[str]], *, straight: bool) -> bytes:
    out = io.BytesIO()
    with streamed(Path("never.xlsx"), out) as book:
        plain, bold = book.add_format({"align": "left"}), book.add_format({"bold": True})
        sheet = book.add_worksheet("List")
        sheet.set_column(0, 2, 10, plain)
        fast = TextRows(sheet, [plain] * 3)
        for row, texts in enumerate(rows):
            if straight and row < len(rows) - 1:
                fast.write(row, texts, (None, bold, None))
                continue
            for column, text in enumerate(texts):
                if text:
                    sheet.write_string(row, column, text, bold if column == 1 else None)
        sheet.write_string(len(rows), 0, "end")
    return out.getvalue()


def cells(content: bytes) -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [
        (cell.coordinate, cell.value, cell.data_type, cell.font.bold, cell.alignment.horizontal)
        for row in book["List"].iter_rows()
        for cell in row
        if cell.value is not None
    ]


@settings(deadline=None, max_examples=30)
@given(rows=ROWS.filter(lambda rows: not any(t.startswith("<r>") for row in rows for t in row)))
def test_rows_put_straight_into_the_file_read_as_those_of_xlsxwriter(rows: list[list[str]]) -> None:
    assert cells(written([*rows, ["last", "", ""]], straight=True)) == cells(
        written([*rows, ["last", "", ""]], straight=False)
    )


def test_a_text_that_looks_rich_is_text() -> None:
    content = written([["<r>x</r>", "", " blank "], ["last", "", ""]], straight=True)
    assert [cell[:3] for cell in cells(content)] == [
        ("A1", "<r>x</r>", "s"), ("C1", " blank ", "s"), ("A2", "last", "s"), ("A3", "end", "s"),
    ]  # fmt: skip


def test_a_text_is_cut_where_a_cell_ends_and_what_no_file_holds_is_replaced() -> None:
    content = written([["\U0001f511" * 20_000, "a\ud800b", "\ufffe"], ["last", "", ""]], straight=True)
    (_, first, *_), (_, second, *_), (_, third, *_), *_ = cells(content)
    assert first == "\U0001f511" * 16_383 + "\ufffd"
    assert (second, third) == ("a\ufffdb", "_xFFFE_")
