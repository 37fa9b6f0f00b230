"""The previous run, which is gone on with: its settings, what it wanted and what became of it, from its own folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from batch.commands.check import SECRET_LACKED, Checked, check
from batch.commands.outputs import Report, RunContext
from batch.commands.plan import Planned
from batch.errors import OutputError, UsageError, WorkbookError
from batch.joined_settings import settings_again
from batch.pbx.addresses import base_url_of
from batch.runs import folders, journal
from batch.runs.census_report import count_again
from batch.runs.folders import was_begun_here
from batch.runs.journal import JOURNAL
from batch.runs.journal_reader import History, read_history
from batch.runs.outcomes import Ending, Outcome
from batch.runs.resuming import CHANGED_AFTER, STAYS, Rest, is_untouched, left, settle_by_look, sort_out
from batch.runs.run_report import change_lines
from batch.runs.serialization import Approval, Intent, are_whole, is_census, is_listed, planned_then
from batch.schema.columns import DIDS
from batch.schema.file_metadata import PRACTICE_MARK
from batch.schema.problems import Problem, Severity
from batch.secrets import HIDDEN, Secret
from batch.settings import Origin, Settings
from batch.tables.row_results import ChangeLine, ListedSheet
from batch.trunks.change_plan import Change, stopped_by
from batch.trunks.diff import Desired, comparable, compare
from batch.trunks.live import NOT_SHOWN, WHOLE_TRUNK, LiveTrunk
from batch.trunks.live_moves import only_giving
from batch.trunks.model import Record
from batch.trunks.way_back import Restoration, Return, way_back_of
from batch.writers.run_results import Results

NOT_COMPARED: Final = "not compared: what the cell names (env: or file:) is not to be found now, or may not be read"
_NAMED: Final = 12
"""So many trunks are named in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The PBX put against what a run wanted."""

    checked: Checked
    """The run's own copy of the workbook."""
    folder: Path
    address: str
    practice: bool
    match: int
    """Trunks that hold everything as wanted."""
    differ: tuple[ChangeLine, ...]
    """What is not as the run wanted it: what is ``wanted``, and what was ``found`` now."""
    not_compared: tuple[str, ...]
    """Trunks whose password was wanted and is not shown by the PBX."""
    settled: Counter[Ending]
    """How many trunks that were *unknown* ended how."""
    results: Results | None = None
    """The results, written anew because something was settled."""

    @property
    def exit_code(self) -> int:
        """0 where all is as wanted, 5 where something differs."""
        return 5 if self.differ else 0


@dataclass(frozen=True, kw_only=True)
class PreviousRun:
    """A run that is gone on with, or looked at again."""

    history: History
    checked: Checked
    folder: folders.RunFolder
    target: Path

    @cached_property
    def before(self) -> Mapping[int, LiveTrunk]:
        """The trunks, by id, as the PBX held them before the run wrote them."""
        return folders.read_snapshot(self.folder.path)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to go on with."""
        rows = self.checked.choice.rows
        giving = {record.row for record in only_giving(self.checked.records, rows)} & self.history.outcomes.keys()
        return self.history.finished and not left(self.history, rows | giving) and not self._secrets_found & rows

    @property
    def _secrets_found(self) -> set[int]:
        """Rows of the Trunks sheet that were stopped for want of a password alone, which is to be found now."""
        stopped = [problem for problem in self._problems() if problem.stops]
        now = stopped_by(self.checked.problems)
        others = {problem.trunk for problem in stopped if problem.code not in SECRET_LACKED}
        lacked = {problem.trunk for problem in stopped if problem.code in SECRET_LACKED}
        return {row for row in lacked - others if row is not None and row not in now}

    @property
    def done_with(self) -> frozenset[int]:
        """Rows of the Trunks sheet that are not written again, whatever is found wrong with them now."""
        return frozenset(row for row, outcome in self.history.outcomes.items() if outcome.ending in STAYS)

    def sort_out(self, planned: Planned) -> Rest:
        """Sort what is left of the run, by a plan for all its chosen trunks."""
        why_not = {p.trunk: f"{p.message} {p.fix}" for p in reversed(planned.plan.problems) if p.trunk is not None}
        changes = {change.record.row: change for change in planned.plan.changes}
        of_rows = self.checked.records
        moving = {row for move in of_rows.moves for row in (move.giver, move.receiver)} | {*of_rows.named_at.values()}
        if self.checked.goes_back:  # its moves, and names that cross, are in no row
            moving |= {row for row, wanted in self.history.wanted.items() if wanted.writes & {DIDS.api, "name"}}
        records = [*self.checked.chosen, *only_giving(of_rows, self.checked.choice.rows)]
        rest = sort_out(records, changes, self.history, self.before, why_not, moving)
        not_chosen = self.checked.choice.left_out
        kept = {
            row: o for row, o in self.history.outcomes.items() if row in not_chosen and o.ending is not Ending.NOT_RUN
        }
        return replace(rest, stays={**kept, **rest.stays})

    def describe(self, rest: Rest) -> str:
        """Say what is left, in a sentence."""
        count, new = len(rest.again), [rest.again[row].live.name for row in sorted(rest.new)]
        left = f"{count:,} trunk{' is' if count == 1 else 's are'} left of run {self.folder.id}"
        if new:
            told = f"{left}; not as when it was approved: {_some(new)}."
        else:
            told = (
                f"{left}, as when it was approved." if count else f"Nothing is left to be sent of run {self.folder.id}."
            )
        changed = [outcome.name for _, outcome in sorted(rest.stays.items()) if outcome.note == CHANGED_AFTER]
        return f"{told} Changed since written, left alone: {_some(changed)}." if changed else told

    def context(self, planned: Planned, rest: Rest) -> RunContext:
        """Return what the results of the next invocation are made of."""
        stays = {row: change for row, change in self._changes.items() if row in rest.stays}
        context = self._context(planned.plan.problems, {**stays, **rest.again})
        sent = {row for row, wanted in self.history.wanted.items() if self.history.sent(wanted.trunk_id)}
        then = [line for line in context.returns if line.row in sent]  # since then they may just be back
        context = replace(context, returns=[*then, *(line for line in planned.returns if line.row not in sent)])
        counted = folders.kept(self.folder.path, folders.CENSUS, is_census)
        if counted is None:
            return context
        census = count_again(self.checked.tables, context.changes.values(), counted, self.checked.settings.region)
        return context.counted_again(census)

    @cached_property
    def _changes(self) -> dict[int, Change]:
        """What earlier invocations were to write, against what was there before."""
        records = {record.row: record for record in self.checked.records.trunks}
        return {
            row: planned_then(wanted, records[row], self.before[wanted.trunk_id])
            for row, wanted in self.history.wanted.items()
            if wanted.writes and wanted.trunk_id in self.before and row in records
        }

    def _context(self, problems: Sequence[Problem], changes: Mapping[int, Change]) -> RunContext:
        facts = self.history.facts
        return RunContext(
            checked=self.checked,
            address=facts["pbx"],
            practice=facts["practice"],
            folder=self.folder,
            started=datetime.fromisoformat(facts["started"]),
            problems=problems,
            changes=changes,
            hazards=facts["hazards"],
            approval=Approval(**facts["approval"]) if "approval" in facts else None,
            listed=[
                ListedSheet.from_json(one)
                for one in (
                    *(folders.kept(self.folder.path, folders.LISTED, is_listed) or ()),
                    *facts.get("left_to_people", ()),
                )
            ],
            returns=[Return(**{**line, "fate": Restoration(line["fate"])}) for line in facts.get("returns", ())],
        )

    def rewritten(self) -> Report:
        """Write the results anew from what the journal says, without asking the PBX."""
        ended = self.history.outcomes
        context = self._context(self._problems(), self._changes)
        endings = context.end(ended)
        results, outputs = context.give_back(ended, endings, self.target)
        return Report(
            checked=self.checked,
            address=context.address,
            practice=context.practice,
            folder=self.folder,
            outcomes=ended,
            endings=endings,
            results=results,
            outputs=outputs,
            listed=context.listed,
            returns=context.ended_returns(ended),
            only_rewritten=True,
            changes=[*context.changes.values()],
            problems=context.problems,
        )

    def _problems(self) -> list[Problem]:
        """Return what is to be told of the workbook, with the problems that the PBX showed when it was planned."""
        kept = self.history.facts.get("problems", ())
        then = [Problem(**{**p, "severity": Severity(p["severity"]) if p["severity"] else None}) for p in kept]
        return [*then, *(problem for problem in self.checked.problems if not problem.stops)]

    def verified(self, live: Mapping[int, LiveTrunk]) -> Verified:
        """Put what the PBX holds against what the run wanted, and settle what it left *unknown*."""
        records = {record.row: record for record in self.checked.records.trunks}
        differ: list[ChangeLine] = []
        match, settled, hidden = 0, dict[int, Outcome](), list[str]()
        for row, wanted in self.history.wanted.items():
            now, record = live.get(wanted.trunk_id), records[row]
            before = self.before.get(wanted.trunk_id)
            then = planned_then(wanted, record, before or _named(wanted.trunk_id, wanted.name))
            drifts = self._drifts(then, now)
            if _is_secret_lost(wanted, record):
                drifts.append(self._not_compared(record))
            differ += drifts
            match += not drifts
            if now is not None and comparable(then.desired, now, then.live) != then.desired:
                hidden.append(then.live.label)
            outcome = self.history.outcomes.get(row)
            readable = now is None or WHOLE_TRUNK not in now.unread
            unknown = outcome is not None and outcome.ending is Ending.UNKNOWN and readable
            if outcome is not None and unknown and not _is_secret_lost(wanted, record):
                untouched = now is not None and is_untouched(wanted, before, now)
                settled[row] = settle_by_look(outcome, then, now, untouched=untouched)
        results = self._corrected(settled) if settled else None
        return Verified(
            checked=self.checked,
            folder=self.folder.path,
            address=self.history.facts["pbx"],
            practice=self.history.facts["practice"],
            match=match,
            differ=tuple(differ),
            not_compared=tuple(hidden),
            settled=Counter(outcome.ending for outcome in settled.values()),
            results=results,
        )

    def _corrected(self, settled: Mapping[int, Outcome]) -> Results | None:
        ended = bool(self.history.invocations) and self.history.invocations[-1].ended is not None
        outcomes = {**self.history.outcomes, **settled}
        context = self._context(self._problems(), self._changes)
        endings = context.end(outcomes) if ended else None
        with journal.reopen(self.folder.path) as opened:
            opened.correct(settled.values(), endings.total() if endings else None)
        return context.give_back(outcomes, endings, self.target)[0] if endings else None

    def _not_compared(self, record: Record) -> ChangeLine:
        """Stand for a password that was wanted and that nobody can tell any more."""
        table, row = self.checked.tables.trunks.origin(record.row)
        return ChangeLine(
            sheet=table.name,
            cell=table.cell("password", row),
            trunk=record.label,
            field=table.sheet.column("password").label,
            before="",
            wanted=HIDDEN,
            found=NOT_COMPARED,
        )

    def _drifts(self, then: Change, now: LiveTrunk | None) -> list[ChangeLine]:
        tables = self.checked.tables
        table, row = tables.trunks.origin(then.record.row)
        name, where = then.live.name, table.cell(then.record.found_by, row)

        def told(field: str, wanted: str, found: str) -> ChangeLine:
            return ChangeLine(table.name, where, name, field, before="", wanted=wanted, found=found)

        if now is None:
            return [told("Name", name, "no such trunk")]
        if unread := _unread(now, then.desired):
            return [told(what, "as the run wrote it", f"cannot be read: {why}") for what, why in unread.items()]
        desired = comparable(then.desired, now, then.live)
        change = replace(then, live=now, desired=desired, difference=compare(now, desired))
        lines = change_lines(tables, [change], {})
        return [line._replace(before="", found=line.before) for line in lines]


def _unread(now: LiveTrunk, desired: Desired) -> dict[str, str]:
    """Return what was wanted of a trunk and cannot be read now, in people's words, with the reason."""
    if WHOLE_TRUNK in now.unread:
        return {"Name": now.unread[WHOLE_TRUNK]}
    return {
        sheet.column(sheet.number).label: now.unread[sheet.api]
        for sheet in desired.lists
        if now.unread.get(sheet.api, NOT_SHOWN) != NOT_SHOWN
    }


def _is_secret_lost(wanted: Intent, record: Record) -> bool:
    """Tell whether a password was wanted that the run's copy names, and that is not to be found where it says."""
    return "password" in wanted.desired["fields"] and "password" not in record.fields


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")


def _named(trunk_id: int, name: str) -> LiveTrunk:
    """Stand for a trunk of which no snapshot was kept, because nothing was to be written."""
    return LiveTrunk(id=trunk_id, name=name, vendor_type="", status=None, whole={})


def return_to(place: Path, flags: Mapping[str, Any]) -> PreviousRun:
    """Return to a run.

    Flags are settings given again; all others are the run's own.

    Raises:
        UsageError: there is no such run, its copy of the workbook is not what it was, or another PBX is named.
        WorkbookError: the copy cannot be read.
    """
    history = read_history(place)
    facts = history.facts
    if not facts:
        raise UsageError(f"The run in {place} never began: nothing was sent.", "Apply the workbook anew.")
    if not are_whole(facts):
        raise _damaged(place)
    _check_same_pbx(facts, flags)
    copy = place / facts["workbook"]["copy"]
    if not copy.exists():
        raise UsageError(f"The run's own copy of the workbook, {copy}, is gone.", "Apply the workbook anew.")
    workbook = Path(facts["workbook"]["path"])
    columns = {"columns": place / folders.COLUMNS} if facts["workbook"].get("columns") else {}
    for path in columns.values():
        if not path.exists():
            raise UsageError(f"The run's own copy of the columns file, {path}, is gone.", "Apply the workbook anew.")
    origin = Origin(words=f"the run {facts['run']}", vouched=was_begun_here(facts))
    places = {"workbook": workbook, "run_dir": place, "run_copy": copy, **columns}
    settings = settings_again(facts["settings"], flags, origin, **places)
    undoes = Path(facts["undoes"]) if "undoes" in facts else None
    settings = replace(settings, undoes=undoes, restores=facts.get("restores", False))
    checked = with_old_passwords(check(settings))
    if checked.columns_file.sha256 != facts["workbook"].get("columns", ""):
        raise UsageError(
            f"The run's own copy of the columns file, {settings.columns}, is not what it was.",
            "A run is gone on with as it was approved. Put the copy back, or apply the workbook anew.",
        )
    if checked.workbook.sha256 != facts["workbook"]["sha256"]:
        raise UsageError(
            f"The run's own copy of the workbook, {copy}, is not what it was.",
            "A run is gone on with as it was approved. Put the copy back, or apply the changed workbook anew.",
        )
    if not history.wanted.keys() <= {record.row for record in checked.records.trunks}:
        raise _damaged(place)
    folder = folders.RunFolder(path=place, id=facts["run"], copy=copy.name)
    return PreviousRun(history=history, checked=checked, folder=folder, target=_target(settings, flags, facts, place))


def with_old_passwords(checked: Checked) -> Checked:
    """Look up the passwords that go back, and those that were written, where the run lies that is undone.

    They are in none of the files that tell what goes back. Where they cannot be had any more, that is said of each.
    """
    place = checked.settings.undoes
    backs = {id_: way_back_of(base) for id_, base in (checked.exported() or {}).items()} if place else {}
    ids = {id_ for id_, back in backs.items() if back is not None and "password" in back.before}
    if place is None or not ids:
        return checked
    try:
        undone = return_to(place, {})
    except (UsageError, WorkbookError):
        return checked
    records = {record.row: record for record in undone.checked.records.trunks}
    wrote = {one.trunk_id: records[row].fields.get("password") for row, one in undone.history.wanted.items()}
    old = {id_: Secret(str(undone.before[id_].value("password"))) for id_ in ids & undone.before.keys()}
    trunks = tuple(
        replace(one, fields={**one.fields, "password": old[one.id]}) if one.id in old else one
        for one in checked.records.trunks
    )
    return replace(
        checked,
        records=replace(checked.records, trunks=trunks),
        passwords_wrote={id_: value for id_, value in wrote.items() if id_ in ids and isinstance(value, Secret)},
    )


def _damaged(place: Path) -> UsageError:
    return UsageError(
        f"The journal {place / JOURNAL} cannot be read: it is damaged.",
        "Take a copy of the run's folder, then ask for help.",
    )


def _target(settings: Settings, flags: Mapping[str, Any], facts: Mapping[str, Any], place: Path) -> Path:
    """Return where the results go; into the run's folder where the place that the run had for them is gone."""
    mark = PRACTICE_MARK if facts["practice"] else ""
    try:
        return folders.results_path(settings.workbook, settings.results, mark, settings.profile)
    except (UsageError, OutputError):
        if "results" in flags:
            raise
        return place / folders.results_name(settings.workbook, mark, settings.profile)


def _check_same_pbx(facts: Mapping[str, Any], flags: Mapping[str, Any]) -> None:
    practice, url = flags.get("practice"), flags.get("url")
    if facts["practice"] and url:
        asked = base_url_of(url)
    elif not facts["practice"] and practice:
        asked = "the practice PBX"
    elif url and base_url_of(url) != facts["pbx"]:
        asked = base_url_of(url)
    else:
        return
    raise UsageError(
        f"The run is about {facts['pbx']}, not {asked}.",
        "The run knows its PBX: leave --url and --practice out, or correct its profile. For another PBX, apply the "
        "workbook anew.",
    )
