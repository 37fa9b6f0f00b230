"""The changes for the results, written while the run goes on."""

from __future__ import annotations

import io
import tempfile
import threading
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batch.runs.outcomes import Ending, Outcome
from batch.trunks.change_plan import plan_change
from batch.trunks.diff import Difference
from batch.writers.results_workbook import ChangesWriter
from tests import builders
from tests.builders import inventory, live

BOOK = builders.book(["Trunk ID|Hostname", "1|one.example", "2|two.example", "3|three.example"])
WANTED = {2: "one.example", 3: "two.example", 4: "three.example"}


def ended(row: int, found: str = "") -> Outcome:
    wrong = Difference(fields={"hostname": (found, WANTED[row])}) if found else Difference()
    return Outcome(row=row, ending=Ending.PARTIAL if found else Ending.APPLIED, read=True, difference=wrong)


class Ahead:
    """The changes of three trunks, and a reader of their lines that says how far it has come."""

    def __init__(self) -> None:
        tables, records, _ = builders.read(BOOK)
        trunks = [live(record.id or 0, hostname="old.example") for record in records.trunks]
        changes = [
            plan_change(tables, record, trunk, inventory(*trunks), None)[0]
            for record, trunk in zip(records.trunks, trunks, strict=True)
        ]
        self.outcomes: dict[int, Outcome] = {}
        self.writer = ChangesWriter(tables, changes, self.outcomes, [2, 3, 4], practice=False)
        self.read: list[tuple[str, str]] = []
        self.came = threading.Semaphore(0)

    def tell(self, *outcomes: Outcome) -> None:
        self.outcomes.update({outcome.row: outcome for outcome in outcomes})
        self.writer.add_ended(outcomes)

    def reads(self) -> None:
        for line in self.writer.lines():
            self.read.append((line.cell, line.found))
            self.came.release()

    def reader(self) -> threading.Thread:
        thread = threading.Thread(target=self.reads, daemon=True)
        thread.start()
        return thread


def cells(content: bytes | None) -> list[list[Any]]:
    assert content is not None
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(content))["Changes"].iter_rows()]


def test_a_trunks_changes_are_listed_as_soon_as_it_and_those_above_it_have_ended() -> None:
    ahead = Ahead()
    reader = ahead.reader()
    ahead.tell(ended(2))
    assert ahead.came.acquire(timeout=10)
    assert ahead.read == [("B2", "one.example")]
    ahead.tell(ended(4))
    assert not ahead.came.acquire(timeout=0.05)
    ahead.tell(ended(3, found="else.example"))
    reader.join(10)
    assert ahead.read == [("B2", "one.example"), ("B3", "else.example"), ("B4", "three.example")]


def test_the_sheet_is_there_when_the_run_is_over_and_lacks_what_never_ended() -> None:
    ahead = Ahead()
    with ahead.writer:
        ahead.tell(ended(2), ended(4))
        written = ahead.writer.finished()
        assert [row[1] for row in cells(written)] == ["Cell", "B2", "B4"]
        assert cells(written)[1][2:] == ["London", "Hostname", "old.example", "one.example", "one.example"]


def test_a_run_that_is_cut_short_leaves_nothing_of_it_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ahead = Ahead()
    with ahead.writer:
        ahead.tell(ended(2))
    assert not [*tmp_path.iterdir()]
    assert not any(thread.name == "changes" for thread in threading.enumerate())


def test_where_there_is_no_room_for_it_the_run_goes_on_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    ahead = Ahead()
    with ahead.writer:
        ahead.tell(ended(2), ended(3), ended(4))
        assert ahead.writer.finished() is None
