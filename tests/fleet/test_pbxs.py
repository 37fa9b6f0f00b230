"""PBXs are found among the rows of a workbook, however many rows each has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from batch.commands.check import check
from batch.fleet.pbxs import find_pbxs
from batch.settings import Settings
from tests.cli.shell import write_book
from tests.growth import STEEP, for_four_times


def test_pbxs_are_found_in_time_that_grows_with_their_rows(tmp_path: Path) -> None:
    def find(trunks: int) -> Callable[[], object]:
        lines = [("PBX", "Name", "Hostname")]
        lines += [(f"p{pbx}", f"Trunk-{n}", "new.example") for pbx in range(20) for n in range(trunks)]
        book = write_book(tmp_path / f"{trunks}.xlsx", lines)
        settings = Settings(workbook=book, practice=True)
        checked = check(settings)
        return lambda: find_pbxs(checked, lambda _: settings)

    assert for_four_times(find, 50) < STEEP
