"""The context of a run: what became of each trunk of a run, as rows with their endings, as results, and as a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.commands.check import Checked
from batch.commands.outputs import WrittenOutput, write_outputs
from batch.readers.workbook import Workbook
from batch.runs import folders, journal
from batch.runs.failure_groups import failure_groups
from batch.runs.outcomes import Ending, Outcome
from batch.runs.resuming import TAKEN_UP
from batch.runs.row_endings import RowEndings, end_rows, outcomes_without_run
from batch.runs.run_report import run_headline, summary
from batch.runs.trunk_writer import Lost
from batch.schema.problems import Problem
from batch.tables.row_results import Summary
from batch.trunks.change_plan import Change, remember, stopped_by
from batch.writers.results_rows import EndedRun, Results, endings_frame, give_back

if TYPE_CHECKING:
    import pandas as pd

_LISTED: Final = 20
"""So many causes, and so many hazards, are listed on the Summary."""
_HELD: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED})
"""Endings of trunks that the PBX holds as wanted."""
_NAMED: Final = 12
"""So many trunks are named at each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a run went."""

    checked: Checked
    address: str
    """The PBX's, as people know it."""
    practice: bool
    folder: folders.RunFolder
    outcomes: Mapping[int, Outcome]
    """By row of the Trunks sheet."""
    endings: RowEndings
    results: Results
    outputs: Sequence[WrittenOutput] = ()
    attention: tuple[str, ...] = ()
    """What to look at first."""
    lost: Lost | None = None
    """Why the PBX, or the run's own journal, could not be used any more."""
    interrupted: bool = False
    only_rewritten: bool = False
    """Whether the run was over already, and just its results were written anew."""
    ended: datetime | None = None
    """When it was over, if it was over already."""

    @property
    def exit_code(self) -> int:
        """0 done, 5 some rows not as wanted, 6 PBX lost before anything was sent, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.lost is not None and not any(outcome.reached for outcome in self.outcomes.values()):
            return self.lost.exit_code
        done = all(outcome.as_wanted for outcome in self.outcomes.values())
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
        ahead: Path | None = None,
        *,
        written: Results | None = None,
    ) -> tuple[Results, tuple[WrittenOutput, ...]]:
        """Write the results and all other outputs.

        ``ahead`` has the changes as `ChangesAhead` has written them already, if it has; ``written`` are the results,
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
            address=self.address,
            folder=self.folder,
        )

    def _remembering(self, outcomes: Mapping[int, Outcome]) -> Workbook:
        """Return the workbook as it is given back: it remembers which trunks the PBX holds as wanted."""
        checked = self.checked
        held = {row: outcome.trunk_id for row, outcome in outcomes.items() if outcome.ending in _HELD}
        metadata = remember(checked.workbook.metadata, self.address, checked.records.trunks, held)
        return replace(checked.workbook, metadata=metadata)

    def summary(self, outcomes: Mapping[int, Outcome], endings: RowEndings, attention: Sequence[str] = ()) -> Summary:
        """Put together what the sheet Summary says, with what to look at first."""
        folded = failure_groups(outcomes.values())
        first = [trouble.told(_named(trouble.names)) for trouble in folded[:_LISTED]]
        if more := sum(len(trouble.names) for trouble in folded[_LISTED:]):
            first.append(f"… and {more:,} more trunks: filter the column Result of the sheet Trunks.")
        return summary(
            title="Results",
            address=self.address,
            practice=self.practice,
            workbook=self.checked.workbook,
            outcomes=outcomes,
            endings=endings,
            facts=[
                ("Started", f"{self.started.astimezone():%Y-%m-%d %H:%M:%S}"),
                ("Finished", f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"),
                ("Run", str(self.folder.path)),
            ],
            attention=[*attention, *first],
            hazards=_first(self.hazards),
            says=run_headline(outcomes.values(), "when the run ended"),
        )


def _first(hazards: Sequence[str]) -> list[str]:
    more = len(hazards) - _LISTED
    return [*hazards[:_LISTED], *([f"… and {more:,} more that were allowed."] if more > 0 else [])]


def _named(names: Sequence[str]) -> str:
    """Write the names of the trunks, the first of them, so that a cell of the Summary holds them."""
    first = ", ".join(names[:_NAMED])
    return f"{first} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else first


def without_sending(checked: Checked, problems: Iterable[Problem], stays: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Return the outcomes, by row, of all trunks that nothing is sent for."""
    stopped = stopped_by(problems)
    outcomes = outcomes_without_run(checked.records.trunks, stopped, checked.choice.left_out)
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
