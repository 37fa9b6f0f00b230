"""Outputs: what a run gives back: its rows with their endings, its report, its results, and what else was asked for.

A new output is a class here, an entry of `OUTPUTS`, and a setting of its name with its flag. It is refused where it
cannot lie before anything is sent, written at the end, told in the report and, where it has a key, in ``--json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from batch.commands.check import Checked
from batch.commands.command_lines import command
from batch.errors import OutputError, UsageError, WorkbookError
from batch.readers.detect import read_workbook
from batch.readers.workbook import Workbook
from batch.runs import folders, journal
from batch.runs.census_report import PlannedCensus
from batch.runs.outcomes import Ending, Outcome, RowEndings, end_rows, failure_groups, outcomes_without_run
from batch.runs.resuming import TAKEN_UP
from batch.runs.returns import ended_returns, left_behind, with_way_back
from batch.runs.run_report import run_headline, summary
from batch.runs.serialization import Approval
from batch.runs.trunk_writer import Lost
from batch.schema.file_metadata import OWN_LISTS
from batch.schema.problems import Problem
from batch.settings import OPTIONS, Settings
from batch.tables.acceptance import text_digest
from batch.tables.row_results import ListedSheet, Summary
from batch.trunks.change_plan import Change, with_orders
from batch.trunks.way_back import Return
from batch.wording import counted, moment, some_of
from batch.writers.failed_rows import write_failed_rows
from batch.writers.printable import results_page, write_page
from batch.writers.run_results import EndedRun, Results, endings_frame, give_back

if TYPE_CHECKING:
    import pandas as pd

_LISTED: Final = 20
"""So many causes, and so many hazards, are listed on the Summary."""
_HELD: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED})
"""Endings of trunks that the PBX holds as wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What came of a run that goes back by itself unless it is confirmed."""

    by: str
    """Who confirmed it, or why it went back, in words."""
    taken_back: bool = False
    failed: str = ""
    """Why it could not go back."""
    undone: Report | None = None
    """The run that took it back, where it did so by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a run went."""

    checked: Checked
    address: str
    practice: bool
    folder: folders.RunFolder
    outcomes: Mapping[int, Outcome]
    """By row of the Trunks sheet."""
    endings: RowEndings
    results: Results
    outputs: Sequence[WrittenOutput] = ()
    listed: Sequence[ListedSheet] = ()
    """What the results list beside the changes."""
    returns: Sequence[Return] = ()
    """What became of each field and entry that was to go back."""
    attention: tuple[str, ...] = ()
    """What to look at first."""
    lost: Lost | None = None
    """Why the PBX, or the run's own journal, could not be used any more."""
    interrupted: bool = False
    only_rewritten: bool = False
    """Whether the run was over already, and just its results were written anew."""
    ended: datetime | None = None
    """When it was over, if it was over already."""
    confirmation: Confirmed | None = None
    """What came of the wait for its confirmation, if it waited."""
    census: PlannedCensus | None = None
    """Of the plan, and what is otherwise on the PBX now."""
    changes: Sequence[Change] = ()
    """What was to be written, against what was there before."""
    problems: Sequence[Problem] = ()
    down: tuple[str, ...] = ()
    """Trunks that were registered before and are not now, a sentence each; they are told in `attention` too."""

    @property
    def exit_code(self) -> int:
        """0 done, 5 some rows not done, 6 PBX lost before anything was sent, 130 interrupted."""
        undone = None if self.confirmation is None else self.confirmation.undone
        if self.interrupted or (undone is not None and undone.interrupted):
            return 130
        if self.lost is not None and not any(outcome.reached for outcome in self.outcomes.values()):
            return self.lost.exit_code
        if self.confirmation is not None and (self.confirmation.taken_back or self.confirmation.failed):
            return 5
        done = all(outcome.as_wanted for outcome in self.outcomes.values()) and not left_behind(self.returns)
        return 0 if done and self.lost is None and self.results.path is not None else 5

    @property
    def unfinished(self) -> bool:
        """Whether ``resume`` would find something to do."""
        return any(o.chosen and o.ending in TAKEN_UP for o in self.outcomes.values())

    def frame(self) -> pd.DataFrame:
        """Return the endings as a table, one line per row of the workbook."""
        return endings_frame(self.endings)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What results are made of: the rows, and what became of each trunk."""

    checked: Checked
    address: str
    practice: bool
    folder: folders.RunFolder
    started: datetime
    """When the run began."""
    problems: Sequence[Problem]
    changes: Mapping[int, Change] = field(default_factory=dict)
    """By row: what the run was to write, against what was there before."""
    hazards: Sequence[str] = ()
    """What was allowed by name, in words."""
    approval: Approval | None = None
    """Who approved its plan, where somebody had to."""
    command: str = "apply"
    """The command that began the run."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What its journal says besides of what it is about."""
    listed: Sequence[ListedSheet] = ()
    """What results list beside the changes."""
    returns: Sequence[Return] = ()
    """What was to become of each field and entry that goes back."""
    census: PlannedCensus | None = None
    """Of the plan; held against the PBX once the run has ended."""

    def ended_returns(self, outcomes: Mapping[int, Outcome]) -> Sequence[Return]:
        """Say what became of each field and entry that was to go back."""
        return ended_returns(self.returns, outcomes)

    def counted_again(self, census: PlannedCensus) -> RunContext:
        """Return it with a census that was held against the PBX."""
        sheets = {one.name: one for one in (*self.listed, *census.sheets())}
        in_order = sorted(sheets.values(), key=lambda one: OWN_LISTS.index(one.name))
        return replace(self, census=census, listed=in_order)

    def endings(self, outcomes: Mapping[int, Outcome]) -> RowEndings:
        """Give the rows of these trunks their endings."""
        return end_rows(self.checked.tables, self.checked.records, outcomes, self.problems)

    def end(self, outcomes: Mapping[int, Outcome]) -> RowEndings:
        """Give every row its ending.

        Raises:
            TotalsDiffer: a row has none, or one too many.
        """
        endings = self.endings(outcomes)
        endings.must_add_up(self.checked.tables, self.folder.path / journal.JOURNAL)
        return endings

    def give_back(
        self,
        outcomes: Mapping[int, Outcome],
        endings: RowEndings,
        target: Path,
        attention: Sequence[str] = (),
        ahead: bytes | None = None,
        *,
        written: Results | None = None,
    ) -> tuple[Results, tuple[WrittenOutput, ...]]:
        """Write the results and all other outputs.

        ``ahead`` has the changes as `ChangesWriter` has written them already, if it has; ``written`` are the results,
        if they lie there already and say all that there is to say.

        Where nothing takes one of them, `Results.note` or `WrittenOutput.lines` says so.
        """
        ended = self.ended(outcomes, endings, attention)
        results = written or give_back(ended, target, ahead=ahead)
        return results, write_outputs(self.checked.settings, ended, results)

    def ended(self, outcomes: Mapping[int, Outcome], endings: RowEndings, attention: Sequence[str] = ()) -> EndedRun:
        """Put together what results are made of."""
        return EndedRun(
            workbook=self._remembering(outcomes),
            tables=self.checked.tables,
            records=self.checked.records,
            problems=self.problems,
            changes=[change for row, change in sorted(self.changes.items()) if row in outcomes],
            outcomes=outcomes,
            endings=endings,
            summary=self.summary(outcomes, endings, attention),
            hazards=self.hazards,
            listed=with_way_back(self.listed, self.ended_returns(outcomes), restores=self.checked.settings.restores),
            address=self.address,
            folder=self.folder,
        )

    def _remembering(self, outcomes: Mapping[int, Outcome]) -> Workbook:
        """Return the workbook as it is given back: it remembers which trunks the PBX holds as wanted."""
        checked = self.checked
        held = {row: outcome.trunk_id for row, outcome in outcomes.items() if outcome.ending in _HELD}
        metadata = with_orders(checked.workbook.metadata, self.address, checked.records.trunks, held)
        read = (problem for problem in self.problems if problem.reading and not problem.stops)
        accepted = frozenset(text_digest(problem.sheet, problem.value) for problem in read)
        return replace(checked.workbook, metadata=replace(metadata, accepted=accepted))

    def summary(self, outcomes: Mapping[int, Outcome], endings: RowEndings, attention: Sequence[str] = ()) -> Summary:
        """Put together what the sheet Summary says, with what to look at first."""
        folded = failure_groups(outcomes.values())
        first = [trouble.describe(some_of(trouble.names, 12)) for trouble in folded[:_LISTED]]
        if more := sum(len(trouble.names) for trouble in folded[_LISTED:]):
            sheet = self.checked.tables.trunks.name
            first.append(f"… and {more:,} more trunks: filter the column Result of the sheet {sheet}.")
        return summary(
            title="Results",
            address=self.address,
            practice=self.practice,
            workbook=self.checked.workbook,
            outcomes=outcomes,
            endings=endings,
            facts=[
                ("Started", moment(self.started)),
                ("Finished", moment(datetime.now().astimezone())),
                ("Run", str(self.folder.path)),
                *([("To undo it", undo)] if (undo := undo_command(self.folder, outcomes)) else ()),
                *(self.approval.facts if self.approval is not None else ()),
                *(self.census.facts if self.census is not None else ()),
            ],
            attention=[*attention, *first],
            hazards=_first(self.hazards),
            says=run_headline(outcomes.values(), "when the run ended"),
        )


def undo_command(folder: folders.RunFolder, outcomes: Mapping[int, Outcome]) -> str:
    """Return the command that takes back what a run wrote; blank where it sent nothing."""
    sent = any(outcome.reached for outcome in outcomes.values())
    return command("undo", folder.path) if sent else ""


def _first(hazards: Sequence[str]) -> list[str]:
    more = len(hazards) - _LISTED
    return [*hazards[:_LISTED], *([f"… and {more:,} more that were allowed."] if more > 0 else [])]


def without_sending(checked: Checked, problems: Iterable[Problem], stays: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Return the outcomes, by row, of all trunks that nothing is sent for."""
    outcomes = outcomes_without_run(checked.records.trunks, problems, checked.choice.left_out)
    return {outcome.row: outcome for outcome in outcomes} | dict(stays)


def unchanged(changes: Iterable[Change]) -> dict[int, Outcome]:
    """Return the outcomes, by row, of trunks that already are as wanted."""
    return {
        change.record.row: Outcome(
            row=change.record.row, ending=Ending.UNCHANGED, trunk_id=change.live.id, name=change.live.name
        )
        for change in changes
        if not change.difference
    }


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

    def check_place(self, place: Path, results: Path) -> None:
        """Refuse a place where it cannot lie; ``results`` is where those are going to lie.

        Raises:
            UsageError: it is such a place.
        """

    def write(self, place: Path | None, run: EndedRun, results: Results) -> WrittenOutput:
        """Write it where it was asked for; where it was not, ``place`` is None."""


class PrintablePage:
    """The printable summary: always in the run's folder, and where else it is asked for."""

    setting = "summary"

    def check_place(self, place: Path, results: Path) -> None:
        """Refuse nothing: a page that is there already is written anew."""

    def write(self, place: Path | None, run: EndedRun, results: Results) -> WrittenOutput:
        """Write it."""
        facts = [*run.summary.facts, ("Results", str(results.path or "none yet"))]
        summary = replace(run.summary, facts=facts, hazards=run.hazards)
        page = results_page(summary, run.workbook.path.name, run.address, run.listed)
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

    def check_place(self, place: Path, results: Path) -> None:
        """Refuse a place where something else lies, or is going to."""
        if place.resolve() == results.resolve():
            raise UsageError(f"--failed-only {place} is where the results go.", "Name another file.")
        if place.exists() and not _is_own_file(place):
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


def check_output_places(settings: Settings, results: Path) -> None:
    """Refuse places where outputs cannot lie.

    Raises:
        UsageError: one of them is such a place.
    """
    for output in OUTPUTS:
        place = getattr(settings, output.setting)
        if place is not None:
            output.check_place(place, results)


def check_places(settings: Settings) -> None:
    """Refuse places for files of ours where they cannot be, or where they would take the workbook's.

    Raises:
        UsageError: there is one.
    """
    for option in OPTIONS.values():
        place: Path | None = getattr(settings, option.name) if option.apart else None
        if place is not None:
            _check_place(f"{option.flags[0]} {place}", place, settings.workbook, Path(option.metavar or "").suffix)


def _check_place(typed: str, place: Path, workbook: Path, ending: str) -> None:
    if place.is_dir() or not place.parent.is_dir():
        raise UsageError(f"{typed} cannot be written: no such folder.", "Name a file in a folder there is.")
    if workbook.is_dir() and place.parent.samefile(workbook):
        raise UsageError(f"{typed} is one of the workbook's own files.", "Name a file in another folder.")
    if place.exists() and workbook.exists() and place.samefile(workbook):
        raise UsageError(f"{typed} is the workbook itself.", "Name another file: this would replace it.")
    if ending and place.suffix.lower() != ending:
        raise UsageError(f"{typed} does not end in {ending}.", f"Name a file that ends in {ending}.")


def write_outputs(settings: Settings, run: EndedRun, results: Results) -> tuple[WrittenOutput, ...]:
    """Write all of them, in order."""
    return tuple(output.write(getattr(settings, output.setting), run, results) for output in OUTPUTS)


def _is_own_file(place: Path) -> bool:
    try:
        return read_workbook(place).ours
    except WorkbookError:
        return False
