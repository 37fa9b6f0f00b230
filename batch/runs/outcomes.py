"""Outcomes: the ten endings, how each trunk came to its own, those that failed alike, and the ending of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from batch.errors import BatchError
from batch.pbx.error_codes import FieldFault
from batch.schema.columns import TRUNKS
from batch.schema.problems import Problem
from batch.tables.row_results import RowResult, Tone
from batch.trunks.diff import Difference
from batch.wording import Meaning, counted, list_entries, meaning_of, moment, read_texts, some_of, spans

if TYPE_CHECKING:  # explain needs neither
    from batch.tables.rows import Tables
    from batch.tables.table import Table
    from batch.trunks.model import Record, Records


class Ending(StrEnum):
    """How a row ended. Every row has exactly one."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    INVALID = "invalid"
    BLOCKED = "blocked"
    REFUSED = "refused"
    FAILED = "failed"
    PARTIAL = "partial"
    UNKNOWN = "unknown"
    NOT_RUN = "not run"


ENDINGS: Final[Mapping[Ending, Meaning]] = {
    Ending(name): meaning_of(facts) for name, facts in read_texts(__file__).items()
}

AS_WANTED: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED, Ending.SKIPPED})
"""Endings that leave nothing to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one trunk ended."""

    row: int
    """Its row on the Trunks sheet."""
    ending: Ending
    """The ending of all its rows; where it is *invalid*, those without a problem of their own are *blocked*."""
    trunk_id: int | None = None
    name: str = ""
    note: str = ""
    """Why, and what to do, in a sentence; blank where the ending says it all."""
    errcode: int | None = None
    errmsg: str = ""
    http_status: int | None = None
    attempts: int = 0
    elapsed_ms: int | None = None
    """From the first send to the last reply."""
    finished_at: datetime | None = None
    faults: tuple[FieldFault, ...] = ()
    difference: Difference = Difference()  # noqa: RUF009 - frozen and empty
    """What reading found otherwise than wanted."""
    read: bool = False
    """Whether it was read at the end, so that `difference` says how it stands."""
    reached: bool = False
    """Whether some attempt may have reached the PBX."""
    chosen: bool = True
    """False for trunks left out by ``--only`` or ``--first``: they do not make the run unfinished."""

    @property
    def as_wanted(self) -> bool:
        """Whether nothing is left to be done for it."""
        return self.ending in AS_WANTED or not self.chosen


_WORST_FIRST: Final = (
    Ending.PARTIAL,
    Ending.UNKNOWN,
    Ending.FAILED,
    Ending.REFUSED,
    Ending.INVALID,
    Ending.BLOCKED,
    Ending.NOT_RUN,
)
"""The endings that leave something to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """What one or more trunks have in common that are not as wanted."""

    ending: Ending
    why: str
    names: tuple[str, ...]
    """Of the trunks, in the workbook's order."""
    errcode: int | None

    def describe(self, names: str) -> str:
        """Say it in a line."""
        count = len(self.names)
        who = f"{count:,} trunks {self.ending}: {names}." if count > 1 else f"{names}: {self.ending}."
        return f"{who} {self.why}".rstrip()


def failure_groups(outcomes: Iterable[Outcome]) -> list[FailureGroup]:
    """Fold the trunks that are not as wanted."""
    open_ones = [outcome for outcome in outcomes if not outcome.as_wanted]
    groups: dict[tuple[Ending, str], list[Outcome]] = {}
    for outcome in sorted(open_ones, key=lambda o: (_WORST_FIRST.index(o.ending), o.row)):
        groups.setdefault((outcome.ending, _why(outcome)), []).append(outcome)
    return [
        FailureGroup(ending=ending, why=why, names=tuple(one.name for one in alike), errcode=alike[0].errcode)
        for (ending, why), alike in groups.items()
    ]


def _why(outcome: Outcome) -> str:
    """Say why a trunk is open: what the PBX said, unless the note says it as well, then the note, or what differs."""
    said, note = _said(outcome), outcome.note
    if said.rstrip(".").casefold() in note.casefold():
        said = ""
    if not note and outcome.ending is Ending.PARTIAL:
        note = _differing(outcome.difference)
    return " ".join(filter(None, (said, note)))


def _differing(difference: Difference) -> str:
    fields, entries = len(difference.fields), sum(differs.touched for differs in difference.lists.values())
    parts = [*([counted(fields, "field")] if fields else ()), *([list_entries(entries)] if entries else ())]
    if not parts:
        return ""
    one = fields + entries == 1
    return f"{' and '.join(parts)} {'differs' if one else 'differ'}; the sheet Changes lists {'it' if one else 'them'}."


def _said(outcome: Outcome) -> str:
    """Quote what came last, where it was not plain success."""
    if outcome.errcode:
        return f"{outcome.errcode} {outcome.errmsg}".strip().rstrip(".") + "."
    if outcome.errcode is None and outcome.errmsg:
        return f"{outcome.errmsg[:1].upper()}{outcome.errmsg[1:]}".rstrip(".") + "."
    return ""


TONES: Final[Mapping[Ending, Tone]] = {
    Ending.APPLIED: Tone.GOOD,
    Ending.UNCHANGED: Tone.GOOD,
    Ending.SKIPPED: Tone.QUIET,
    Ending.NOT_RUN: Tone.QUIET,
    Ending.BLOCKED: Tone.WARN,
    Ending.UNKNOWN: Tone.WARN,
    Ending.PARTIAL: Tone.WARN,
    Ending.INVALID: Tone.BAD,
    Ending.REFUSED: Tone.BAD,
    Ending.FAILED: Tone.BAD,
}


class TotalsDiffer(BatchError):
    """The endings do not add up to the rows that were read: a bug of ours, and never a green summary (exit 1)."""

    exit_code = 1
    code = "totals-differ"

    def __init__(self, sheet: str, wrong: Sequence[int], journal: object) -> None:
        rows = spans(wrong)
        super().__init__(
            f"The endings do not add up to the rows of {sheet}: look at row{'' if len(wrong) == 1 else 's'} {rows}.",
            f"This is a fault of this tool. Trust only the run's journal, {journal}, and ask for help with its folder.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEndings:
    """The ending of every row."""

    by_sheet: Mapping[str, Mapping[int, RowResult]]
    """By sheet title, then by row number."""

    def counts(self) -> dict[str, Counter[str]]:
        """Count the rows of each sheet by ending."""
        return {title: Counter(result.result for result in rows.values()) for title, rows in self.by_sheet.items()}

    def must_add_up(self, tables: Tables, journal: object) -> None:
        """Make sure that every row that was read has its ending, and that there are no others.

        Raises:
            TotalsDiffer: it is not so.
        """
        for table in tables.counted:
            found = self.by_sheet[table.sheet.title]
            wrong = found.keys() ^ {*table.rows(), *table.skipped}
            if wrong:
                raise TotalsDiffer(table.name, sorted(wrong), journal)

    def total(self) -> Counter[str]:
        """Count the rows of all sheets by ending."""
        total: Counter[str] = Counter()
        for count in self.counts().values():
            total += count
        return total


def end_rows(
    tables: Tables, records: Records, outcomes: Mapping[int, Outcome], problems: Sequence[Problem]
) -> RowEndings:
    """Give every row of a trunk its ending; of rows that belong to no trunk only those of a PBX among others have one.

    Problems that stopped a trunk make their row *invalid*.
    """
    faulty, blamed = _faulty_rows(problems), _blamed_problems(problems)
    quotes = _quotes(tables, records, outcomes)
    shared = {row: _result(outcome, blamed.get(row, {})) for row, outcome in outcomes.items()}
    invalid = {row for row, outcome in outcomes.items() if outcome.ending is Ending.INVALID}
    of_no_trunk = {(p.sheet, p.row) for p in problems if p.stops and p.pbx and p.trunk is None}
    by_sheet = {}
    for table in tables.counted:
        owners = records.owners[table.sheet.title]
        results = {
            row: shared[trunk]
            for row, trunk in zip(owners.rows.tolist(), owners.trunks.tolist(), strict=True)
            if trunk in shared
        }
        for row, found in faulty.get(table.name, {}).items():
            if owners.of(row) in invalid or ((table.name, row) in of_no_trunk and row in owners.rows):
                results[row] = _invalid(found)
        for row, quote in quotes.get(table.name, {}).items():
            if row in results:
                results[row] = replace(results[row], errmsg=quote)
        results |= _with_work_by_hand(table, results)
        results |= {row: _skipped(why) for row, why in table.skipped.items()}
        by_sheet[table.sheet.title] = results
    return RowEndings(by_sheet=by_sheet)


def _with_work_by_hand(table: Table, results: Mapping[int, RowResult]) -> dict[int, RowResult]:
    """Return what is to be done besides in rows that are as wanted, where another system says more than a trunk has."""
    if table.dialect is None:
        return {}
    from batch.tables.dialect_sheets import set_by_hand  # noqa: PLC0415 - as above

    as_wanted = {str(ending): ENDINGS[ending].next_step for ending in (Ending.APPLIED, Ending.UNCHANGED)}
    found: dict[int, RowResult] = {}
    for row, what in set_by_hand(table).items():
        result = results.get(row)
        if result is not None and result.result in as_wanted:
            before = "" if result.what_to_do == as_wanted[result.result] else f"{result.what_to_do} "
            found[row] = replace(result, what_to_do=f"{before}Set by hand: {what}.")
    return found


def _skipped(why: str) -> RowResult:
    ending = Ending.SKIPPED
    return RowResult(result=str(ending), tone=TONES[ending], what_to_do=why)


def _faulty_rows(problems: Iterable[Problem]) -> dict[str, dict[int, list[Problem]]]:
    faulty: dict[str, dict[int, list[Problem]]] = {}
    for problem in problems:
        if problem.stops:
            faulty.setdefault(problem.sheet, {}).setdefault(problem.row, []).append(problem)
    return faulty


def _blamed_problems(problems: Iterable[Problem]) -> dict[int, dict[str, None]]:
    """Return the cells at fault, in order, by row of the Trunks sheet."""
    blamed: dict[int, dict[str, None]] = {}
    for problem in problems:
        if problem.stops:
            for row in filter(None, (problem.trunk, problem.partner)):
                blamed.setdefault(row, {})[f"{problem.sheet}!{problem.cell}"] = None
    return blamed


_NEEDS_MORE: Final = frozenset({Ending.NOT_RUN, Ending.UNKNOWN, Ending.FAILED, Ending.PARTIAL})
"""Endings whose note says why, and whose next step is to be told besides."""


_MOST_CELLS: Final = 5
"""So many cells at fault are named beside the other rows of a trunk."""


def _what_to_do(outcome: Outcome, blamed: Collection[str]) -> str:
    if outcome.ending is Ending.INVALID:
        return f"Correct {some_of(blamed, _MOST_CELLS) or 'that row'}, then have it run again."
    if _is_without_answer(outcome):
        return f"{ENDINGS[outcome.ending].next_step} No clear answer came, but it was read, and holds all of it."
    steps = [outcome.note] if outcome.note else []
    if not steps or (outcome.ending in _NEEDS_MORE and "again" not in outcome.note):
        steps.append(ENDINGS[outcome.ending].next_step)
    return " ".join(steps)


def _is_without_answer(outcome: Outcome) -> bool:
    """Tell whether it is as wanted although no code ever came: what went wrong on the way is nobody's concern."""
    return outcome.ending in AS_WANTED and outcome.errcode is None and bool(outcome.errmsg) and not outcome.note


def _result(outcome: Outcome, blamed: Collection[str]) -> RowResult:
    ending = Ending.BLOCKED if outcome.ending is Ending.INVALID else outcome.ending
    return RowResult(
        result=str(ending),
        tone=TONES[ending],
        errcode=outcome.errcode,
        errmsg="" if _is_without_answer(outcome) else outcome.errmsg,
        http_status=outcome.http_status,
        attempts=outcome.attempts or None,
        elapsed_ms=outcome.elapsed_ms,
        finished_at=moment(outcome.finished_at) if outcome.finished_at else "",
        what_to_do=_what_to_do(outcome, blamed),
    )


def _invalid(problems: Iterable[Problem]) -> RowResult:
    said = dict.fromkeys(f"{problem.cell}: {problem.message} {problem.fix}" for problem in problems)
    return RowResult(result=str(Ending.INVALID), tone=TONES[Ending.INVALID], what_to_do=" ".join(said))


def _quotes(tables: Tables, records: Records, outcomes: Mapping[int, Outcome]) -> dict[str, dict[int, str]]:
    """Return what the PBX named, by the name of the table and the row that is to say it."""
    found: dict[str, dict[int, str]] = {}
    for record in records.trunks:
        if record.row in outcomes and outcomes[record.row].faults:
            for table, row, quote in _named(tables, record, outcomes[record.row]):
                found.setdefault(table.name, {})[row] = quote
    return found


def _named(tables: Tables, record: Record, outcome: Outcome) -> Iterator[tuple[Table, int, str]]:
    """Quote what the PBX named at its own row, and point the trunk's other rows to that cell."""
    quotes: dict[tuple[str, int], list[str]] = {}
    cells = []
    for fault in outcome.faults:
        for table, row, field in _blamed(tables, record, fault):
            cell = f"{table.name}!{table.cell(field, row, str(fault.value))}"
            cells.append(cell)
            quotes.setdefault((table.name, row), []).append(f"{_quote(fault)} ({cell})")
    rows = [tables.trunks.origin(record.row)]
    rows += [(tables.of(sheet), row) for sheet, edit in record.lists.items() for row in edit.numbered()]
    for table, row in rows:
        if (table.name, row) in quotes:
            yield table, row, f"{outcome.errmsg}: {'; '.join(quotes[table.name, row])}"
        elif cells:
            yield table, row, f"{outcome.errmsg}: see {cells[0]}"
        else:
            named = ", ".join(_quote(fault) for fault in outcome.faults)
            yield table, row, f"{outcome.errmsg}: {named}"


def _quote(fault: FieldFault) -> str:
    value = "" if fault.value in (None, "") or isinstance(fault.value, dict | list) else f' "{fault.value}"'
    rule = f" ({fault.validation_type})" if fault.validation_type else ""
    return f"{fault.field}{value}{rule}"


def _blamed(tables: Tables, record: Record, fault: FieldFault) -> Iterator[tuple[Table, int, str]]:
    """Find the cells that a field named by the PBX stands for: by its value in a list, else on the Trunks sheet."""
    value = str(fault.value)
    field = fault.field.rpartition(".")[2]
    if field in {column.field for column in TRUNKS.columns}:
        yield *tables.trunks.origin(record.row), field
    for sheet, edit in record.lists.items():
        if field in {column.field for column in sheet.columns}:
            yield from ((tables.of(sheet), row.row, field) for row in edit.rows if value in row)


def outcomes_without_run(
    records: Sequence[Record], problems: Iterable[Problem], left_out: frozenset[int]
) -> list[Outcome]:
    """Make the outcomes of trunks that are never sent: skipped, not chosen, or stopped by a problem."""
    outcomes, blamed = [], _blamed_problems(problems)
    for record in records:
        ending, note, chosen = Ending.INVALID, "", True
        if record.skip:
            ending = Ending.SKIPPED
        elif record.row in left_out:
            ending, note, chosen = Ending.NOT_RUN, "Not chosen.", False
        elif record.row in blamed:
            note = f"Correct {some_of(blamed[record.row], _MOST_CELLS)}."
        else:
            continue
        outcomes.append(
            Outcome(row=record.row, ending=ending, trunk_id=record.id, name=record.label, note=note, chosen=chosen)
        )
    return outcomes
