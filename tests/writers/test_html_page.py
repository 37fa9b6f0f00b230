"""The printable page: one file, nothing from elsewhere, nothing lost without a count, and text that stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from batch.errors import OutputError
from batch.tables.row_results import EndingCount, Summary, Tone
from batch.writers.printable import Listing, Page, drawn, page_html, plain, write_page
from batch.writers.summary_sheet import Chart, ChartBar

COUNTS = (
    EndingCount(
        ending="applied",
        tone=Tone.GOOD,
        rows={"Trunks": 2, "DIDs": 1000},
        meaning="It was written.",
        next_step="",
    ),
    EndingCount(ending="refused", tone=Tone.BAD, rows={"Trunks": 1}, meaning="The PBX said no.", next_step=""),
    EndingCount(ending="failed", tone=Tone.BAD, rows={"Trunks": 0}, meaning="It did not work.", next_step=""),
)
PAGE = Page(
    summary=Summary(title="Results", headline="1 of 3 trunks needed attention.", counts=COUNTS),
    subject="book.xlsx on https://pbx.example",
    tone=Tone.BAD,
    column="Result",
    more_in="the results workbook has every one",
)


class Reader(HTMLParser):
    """Reads the words of a page, and what it would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        self.outside += [name for name, _ in attrs if name in {"src", "href", "srcset", "data"} or name[:2] == "on"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style" and data.strip():
            self.words.append(data.strip())


def read(page: Page) -> Reader:
    reader = Reader()
    reader.feed(page_html(page))
    assert reader.open == []
    return reader


def listing(rows: int) -> Listing:
    names = [(f"T{number}", "Port: 5060 → 5061") for number in range(rows)]
    return Listing(title="What changes", header=("Trunk", "What changes"), rows=names, what="trunks")


def test_it_fetches_nothing_and_runs_nothing() -> None:
    found = read(replace(PAGE, charts=[Chart(title="C", bars=[ChartBar(label="a", amount=1)])], listings=[listing(3)]))
    assert found.outside == []
    assert not {"script", "link", "img", "iframe"} & set(found.tags)
    text = page_html(PAGE)
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "@import" not in text
    assert '<html lang="en">' in text
    assert '<meta charset="utf-8">' in text


def test_it_prints_on_any_paper() -> None:
    assert re.search(r"@page \{ margin: [^}]*\}", page_html(PAGE))
    assert not re.search(r"(?<!-)\bsize:", page_html(PAGE))


def test_text_stays_text() -> None:
    evil = '<script>alert("1")</script>&amp;'
    page = replace(
        PAGE,
        summary=Summary(
            title=evil, headline=evil, facts=[(evil, evil)], attention=[evil], hazards=[evil],
            counts=[EndingCount(ending=evil, tone=Tone.BAD, rows={evil: 1}, meaning=evil, next_step=evil)],
        ),
        subject=evil, column=evil, amounts=[(evil, "1")], more_in=evil, to_sign=evil,
        charts=[Chart(title=evil, bars=[ChartBar(label=evil, amount=1)])],
        listings=[Listing(title=evil, header=(evil,), rows=[(evil,)], what=evil)],
    )  # fmt: skip
    found = read(page)
    assert "script" not in found.tags
    assert found.words.count(evil) >= 12


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a&lt;U+202E&gt;b"),
        ("a\x00b\ud800", "a&lt;U+0000&gt;b&lt;U+D800&gt;"),
        ("a\u200bb", "a&lt;U+200B&gt;b"),
        ("  a\u00a0 b\n", "a b"),
        ("نقطة\u200cها", "نقطة\u200cها"),
    ],
)
def test_what_cannot_be_seen_is_shown_to_be_there(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_endings_that_occurred_are_counted_by_sheet_with_what_they_mean() -> None:
    words = read(PAGE).words
    table = words[words.index("What it means") + 1 :]
    assert table[:12] == ["applied", "2", "1,000", "1,002", "It was written.", "refused", "1", "0", "1",
                          "The PBX said no.", "Total", "3"]  # fmt: skip
    assert "failed" not in words


def test_practice_is_said_in_its_title_and_in_large_letters() -> None:
    found = read(replace(PAGE, summary=replace(PAGE.summary, practice=True)))
    assert "PRACTICE Results: book.xlsx on https://pbx.example" in found.words
    assert "PRACTICE: this was the practice PBX, no real trunk was touched" in found.words


@pytest.mark.parametrize("rows", [1, 100, 10_000])
def test_a_long_list_ends_with_how_many_more_there_are(rows: int) -> None:
    words = read(replace(PAGE, listings=[listing(rows)])).words
    listed = sum(bool(re.fullmatch(r"T\d+", word)) for word in words)
    assert 1 <= listed <= 30
    more = [word for word in words if word.startswith("… and ")]
    wanted = f"… and {rows - listed:,} more trunks: the results workbook has every one"
    assert more == ([] if rows == listed else [wanted])


def sentences(number: int) -> Sequence[str]:
    return [f"Trunk {i} is not up to date." for i in range(number)]


def test_sentences_are_counted_too_where_there_is_no_room() -> None:
    summary = replace(PAGE.summary, attention=sentences(500), hazards=sentences(300))
    words = read(replace(PAGE, summary=summary, listings=[listing(50)])).words
    told = [word for word in words if word.startswith("Trunk ")]
    more = [int(word.split()[2]) for word in words if word.startswith("… and ")]
    assert len(told) + sum(more[:2]) == 800
    assert len(told) < 30


def test_a_long_text_is_cut_so_that_it_is_seen() -> None:
    words = read(replace(PAGE, summary=replace(PAGE.summary, attention=["x" * 500]))).words
    assert "x" * 159 + "…" in words


FIELDS = ("Approved by", "Date", "Ticket", "Signature")


def test_there_is_a_place_to_sign_only_where_something_is_approved() -> None:
    assert "Signature" not in read(PAGE).words
    signed = read(replace(PAGE, to_sign="For the plan above.")).words
    assert [word for word in signed if word in FIELDS] == list(FIELDS)


def test_a_chart_says_its_numbers_beside_its_bars_and_what_they_count() -> None:
    drawing = drawn(
        Chart(title="Rows", bars=[ChartBar(label="applied", amount=1200), ChartBar(label="failed", amount=0)])
    )
    assert "<caption>Rows</caption>" in drawing
    assert '<th scope="row">applied</th>' in drawing
    assert drawing.count("<i ") == 1
    assert "1,200</td>" in drawing
    assert "0</td>" in drawing


def test_even_the_smallest_bar_can_be_seen() -> None:
    bars = [ChartBar(label="a", amount=1_000_000), ChartBar(label="b", amount=1)]
    drawing = drawn(Chart(title="Rows", bars=bars))
    assert re.findall(r'<i style="width: ([^%]+)%', drawing) == ["75.0", "0.0"]
    assert re.search(r"\.charts i \{[^}]*min-width: 1px", page_html(PAGE))


def test_it_is_written_as_utf_8_or_it_is_said_why_not(tmp_path: Path) -> None:
    page = replace(PAGE, subject="Zürich.xlsx")
    assert "Zürich.xlsx" in write_page(tmp_path / "page.html", page).read_bytes().decode("utf-8")
    with pytest.raises(OutputError, match="Cannot write"):
        write_page(tmp_path / "no" / "page.html", page)
