"""Outputs: what a run gives back besides its results, each where its setting says.

A new one is a class here, an entry of `OUTPUTS`, and a setting of its name with its flag. It is refused before anything
is sent where it could not lie, written at the end, told in the report and, where it has a key, in ``--json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from batch.errors import OutputError, UsageError, WorkbookError
from batch.readers.detect import read_workbook
from batch.settings import Settings
from batch.wording import counted
from batch.writers.failed_rows import write_failed_rows
from batch.writers.html_page import write_page
from batch.writers.printable import results_page
from batch.writers.results_rows import EndedRun, Results

SUMMARY_PAGE: Final = "summary.html"
"""The printable summary's name in the run's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenOutput:
    """What became of one of them."""

    path: Path | None = None
    """Where it lies of what was asked for."""
    lines: Sequence[str] = ()
    """What there is to say of it; a run is never lost for it."""
    key: str = ""
    """Under which ``--json`` says where it lies; ``""`` for nowhere."""


class RunOutput(Protocol):
    """One kind of output."""

    setting: str
    """Which setting says where it goes."""

    def refuse(self, place: Path, results: Path) -> None:
        """Refuse a place where it cannot lie; ``results`` is where those are going to lie.

        Raises:
            UsageError: it is such a place.
        """

    def write(self, place: Path | None, run: EndedRun, results: Results) -> WrittenOutput:
        """Write it where it was asked for; where it was not, ``place`` is None."""


class PrintablePage:
    """The printable summary: always in the run's folder, and where else it is asked for."""

    setting = "summary"

    def refuse(self, place: Path, results: Path) -> None:
        """Refuse nothing: a page that is there already is written anew."""

    def write(self, place: Path | None, run: EndedRun, results: Results) -> WrittenOutput:
        """Write it."""
        facts = [*run.summary.facts, ("Results", str(results.path or "none yet"))]
        page = results_page(replace(run.summary, facts=facts, hazards=run.hazards), run.workbook.path.name, run.address)
        lines = []
        try:
            write_page(run.folder.path / SUMMARY_PAGE, page, private=True)
        except OutputError as error:
            lines.append(f"The printable summary: {error.message}")
        try:
            path = None if place is None else write_page(place, page)
        except OutputError as error:
            return WrittenOutput(lines=[*lines, f"The printable summary: {error.message}"])
        return WrittenOutput(path=path, lines=lines if path is None else [*lines, f"Printable summary: {path}"])


class FailedRowsAlone:
    """The rows of trunks that are not as wanted, alone, to be corrected and applied."""

    setting = "failed_only"

    def refuse(self, place: Path, results: Path) -> None:
        """Refuse a place where something else lies, or is going to."""
        if place.resolve() == results.resolve():
            raise UsageError(f"--failed-only {place} is where the results go.", "Name another file.")
        if place.exists() and not _is_of_ours(place):
            raise UsageError(
                f"--failed-only {place} is there already, and is no file of failed rows.", "Name another file."
            )

    def write(self, place: Path | None, run: EndedRun, results: Results) -> WrittenOutput:  # noqa: ARG002 - not of them
        """Write them, if there are any."""
        if place is None:
            return WrittenOutput()
        left = write_failed_rows(place, run)
        lines = [left.note] if left.note else []
        if left.path is not None:
            amount = f"{counted(left.trunks, 'trunk')}, {counted(left.rows, 'row')}"
            lines.append(f"Failed rows alone: {left.path} ({amount}). Correct them there and apply that file.")
        elif not left.trunks:
            lines.append("Failed rows alone: there are none, so no file was written.")
        return WrittenOutput(path=left.path, lines=lines, key=self.setting)


OUTPUTS: Final[Sequence[RunOutput]] = (PrintablePage(), FailedRowsAlone())


def refuse_output_places(settings: Settings, results: Path) -> None:
    """Refuse places where outputs cannot lie.

    Raises:
        UsageError: one of them is such a place.
    """
    for output in OUTPUTS:
        place = getattr(settings, output.setting)
        if place is not None:
            output.refuse(place, results)


def write_outputs(settings: Settings, run: EndedRun, results: Results) -> tuple[WrittenOutput, ...]:
    """Write all of them, in order."""
    return tuple(output.write(getattr(settings, output.setting), run, results) for output in OUTPUTS)


def _is_of_ours(place: Path) -> bool:
    try:
        return read_workbook(place).ours
    except WorkbookError:
        return False
