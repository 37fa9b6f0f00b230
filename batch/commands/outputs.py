"""Outputs: what a run gives back at its end besides its results, and what to say of what could not be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch.errors import OutputError, UsageError, WorkbookError
from batch.readers.detect import read_workbook
from batch.writers.failed_rows import FailedRows
from batch.writers.html_page import Page, write_page

SUMMARY_PAGE: Final = "summary.html"
"""The printable summary's name in the run's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutputs:
    """What a run hands back besides its results."""

    page: Path | None = None
    """The printable summary, where one was asked for and something took it."""
    failed_rows: FailedRows | None = None
    """The rows of trunks that are not as wanted, alone; None where nobody asked for them."""
    notes: tuple[str, ...] = ()
    """What could not be written."""


def print_out(page: Page, folder: Path, asked_for: Path | None) -> tuple[Path | None, tuple[str, ...]]:
    """Write the printable summary into the run's folder, and where else it was asked for.

    Returns:
        Where it lies of what was asked for, and what could not be written: a run is never lost for a page.
    """
    notes = []
    try:
        write_page(folder / SUMMARY_PAGE, page, private=True)
    except OutputError as error:
        notes.append(f"The printable summary: {error.message}")
    if asked_for is None:
        return None, tuple(notes)
    try:
        return write_page(asked_for, page), tuple(notes)
    except OutputError as error:
        return None, (*notes, f"The printable summary: {error.message}")


def check_failed_rows_place(place: Path | None, results: Path) -> None:
    """Refuse a place for the failed rows alone where something else lies, or is going to.

    Args:
        place: what was asked for, if anything was.
        results: where the results are going to lie.

    Raises:
        UsageError: it is such a place.
    """
    if place is None:
        return
    if place.resolve() == results.resolve():
        raise UsageError(f"--failed-only {place} is where the results go.", "Name another file.")
    if place.exists() and not _is_of_ours(place):
        raise UsageError(
            f"--failed-only {place} is there already, and is no file of failed rows.", "Name another file."
        )


def _is_of_ours(place: Path) -> bool:
    try:
        return read_workbook(place).ours
    except WorkbookError:
        return False
