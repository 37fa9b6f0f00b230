"""Run report: what a run or a plan tells people, as the values that `batch.writers.results_workbook` writes."""

from __future__ import annotations

import getpass
import platform
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from batch.pbx.error_codes import explain
from batch.readers.workbook import Workbook
from batch.runs.outcomes import ENDINGS, TONES, Ending, Outcome, RowEndings
from batch.schema.column_model import ListSheet
from batch.schema.columns import DIDS, LIST_SHEETS
from batch.secrets import HIDDEN, Secret
from batch.tables.row_results import ChangeLine, CodeCount, EndingCount, Summary
from batch.tables.rows import Tables
from batch.tables.table import Table
from batch.trunks.change_plan import Change, Plan, tally
from batch.trunks.diff import NO_DIFFERENCE, ChangeKind, Difference, ListDifference, entry_text, value_text
from batch.trunks.live import Entry, LiveTrunk
from batch.trunks.model import EntryRow
from batch.trunks.schedule import MoveOrder, schedule
from batch.wording import counted

_SAME: Final = ListDifference()
_UP: Final = frozenset({1, 2, 3})
_DOWN: Final = frozenset({4, 41, 42, 43, 45})

STATUSES: Final[Mapping[int, str]] = {
    0: "unknown",
    1: "idle",
    2: "busy",
    3: "idle (not monitored)",
    4: "registering",
    41: "registration failed",
    42: "unreachable",
    43: "account trunk unavailable",
    44: "disabled",
    45: "authentication failed",
}
"""What ``status`` of a trunk means (vendor's API)."""


def summary(  # noqa: PLR0913 - the parts of a page
    *,
    title: str,
    address: str,
    practice: bool,
    workbook: Workbook,
    outcomes: Mapping[int, Outcome],
    endings: RowEndings,
    facts: Sequence[tuple[str, str]],
    attention: Sequence[str] = (),
    hazards: Sequence[str] = (),
    says: str = "",
) -> Summary:
    """Put together what the sheet Summary says."""
    return Summary(
        title=title,
        practice=practice,
        headline=says or run_headline(outcomes.values()),
        facts=[
            ("PBX", address),
            ("Workbook", str(workbook.path)),
            ("Its SHA-256", workbook.sha256),
            *facts,
            ("Made by" if title == "Plan" else "Who", f"{_user()} on {platform.node()}"),
        ],
        counts=counts(endings),
        codes=code_counts(endings) if title == "Results" else (),
        attention=attention,
        hazards=hazards,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        return "somebody"


def counts(endings: RowEndings) -> list[EndingCount]:
    """Count rows per ending and sheet, with what each ending means."""
    by_sheet = endings.counts()
    return [
        EndingCount(
            ending=str(ending),
            tone=TONES[ending],
            rows={title: count[str(ending)] for title, count in by_sheet.items()},
            meaning=ENDINGS[ending].means,
            next_step=ENDINGS[ending].next_step,
        )
        for ending in Ending
    ]


def code_counts(endings: RowEndings) -> list[CodeCount]:
    """Count rows per errcode."""
    rows = Counter(result.errcode for sheet in endings.by_sheet.values() for result in sheet.values())
    found = []
    for code, count in sorted(rows.items(), key=lambda pair: (pair[0] is None, -pair[1])):
        known = explain(code) if code is not None else None
        found.append(
            CodeCount(
                errcode=code,
                errmsg=known.errmsg if known else "",
                rows=count,
                meaning=known.meaning if known else "No code was received: nothing was sent, or nothing answered.",
                who=known.who if known else "",
            )
        )
    return found


def run_headline(outcomes: Iterable[Outcome], when: str = "") -> str:
    """Say in one sentence how it went.

    ``when`` says when it was so, where that is over; blank for just now.
    """
    is_, are = ("was", "were") if when else ("is", "are")
    then = f" {when}" if when else ""
    all_of_them = list(outcomes)
    open_ones = [outcome for outcome in all_of_them if not outcome.as_wanted]
    left_out = sum(not outcome.chosen for outcome in all_of_them)
    rest = f" {left_out} {'was' if left_out == 1 else 'were'} not chosen." if left_out else ""
    if not open_ones:
        done = len(all_of_them) - left_out
        return (
            f"{'All ' if done > 1 else ''}{counted(done, 'trunk')} {are if done != 1 else is_} up to date{then}.{rest}"
        )
    words = Counter(str(outcome.ending) for outcome in open_ones)
    parts = ", ".join(f"{n} {word}" for word, n in words.most_common())
    need = "needed" if when else "needs" if len(open_ones) == 1 else "need"
    return f"{len(open_ones)} of {counted(len(all_of_them), 'trunk')} {need} attention{then}: {parts}.{rest}"


_COUNTED: Final = (
    ("renames", "renamed", "renamed"),
    ("disabled", "switched off", "switched off"),
    ("moves", "DID moved to another trunk", "DIDs moved to another trunk"),
    ("removals", "list entry removed", "list entries removed"),
    ("reorders", "list put into another order", "lists put into another order"),
    ("replacements", "list replaced on purpose", "lists replaced on purpose"),
)
"""What a plan's headline counts, one of it and many."""


def plan_headline(plan: Plan) -> str:
    """Say in one sentence what a plan would do."""
    count = tally(plan.changes)
    if not plan.changes:
        if any(problem.stops for problem in plan.problems):
            return "Nothing can be planned yet: see the errors."
        return "Nothing to do: no trunk is chosen that does not say skip."
    if not plan.updates:
        if any(problem.stops for problem in plan.problems):
            return "Nothing would be written: see the errors."
        are = "are" if len(plan.changes) != 1 else "is"
        return f"No changes: {counted(len(plan.changes), 'trunk')} {are} already up to date."
    parts = [f"{counted(count['update'], 'trunk')} would be written"]
    if count["keep"]:
        parts.append(f"{count['keep']:,} already up to date")
    parts += [f"{count[name]:,} {one if count[name] == 1 else many}" for name, one, many in _COUNTED if count[name]]
    return ", ".join(parts) + "."


def moves_line(plan: Plan, order: MoveOrder) -> str:
    """Say in how many writes DIDs move, and where each is in between; blank where none moves."""
    if not plan.moves:
        return ""
    rows = {row for move in plan.moves for row in (move.giver, move.receiver)}
    writes = sum(update.record.row in rows for update in plan.updates)
    writes += len(schedule(plan.updates, plan.moves, order).twice & rows)
    first, second, where = (
        ("added", "removed", "on both trunks, so that no call is lost")
        if order is MoveOrder.ADD_FIRST
        else ("removed", "added", "on no trunk, and calls to it are lost")
    )
    return (
        f"{counted(len(plan.moves), 'DID')} in {counted(writes, 'write')}. Each is {first} before it is {second} "
        f"(--move-order {order}); in between it is {where}."
    )


def lost_registrations(before: Iterable[LiveTrunk], after: Iterable[LiveTrunk], written: Iterable[Change]) -> list[str]:
    """Name the trunks that were up before the run and are not now."""
    was = {trunk.id: trunk.status for trunk in before}
    now = {trunk.id: trunk.status for trunk in after}
    switched_off = {change.live.id for change in written if change.disables}
    lines = []
    for change in written:
        old, new = was.get(change.live.id), now.get(change.live.id)
        if old in _UP and new in _DOWN and change.live.id not in switched_off:
            lines.append(
                f"{change.desired.fields.get('name', change.live.name)} was up before ({_status(old)}) and is now "
                f"{_status(new)}: look at it first."
            )
    return lines


def _status(status: int | None) -> str:
    return STATUSES.get(status if status is not None else 0, f"status {status}")


def status_lines(before: Iterable[LiveTrunk], after: Iterable[LiveTrunk], written: Iterable[Change]) -> list[str]:
    """Count the written trunks' statuses before and after."""
    ids = {change.live.id for change in written}
    lines = []
    for label, trunks in (("before", before), ("after", after)):
        found = Counter(_status(trunk.status) for trunk in trunks if trunk.id in ids)
        lines.append(f"Status {label}: " + ", ".join(f"{n} {word}" for word, n in found.most_common()) + ".")
    return lines


def change_lines(tables: Tables, changes: Iterable[Change], outcomes: Mapping[int, Outcome]) -> Iterator[ChangeLine]:
    """List every field and list entry that changes: before, wanted, and found by reading back.

    What was found to be otherwise than wanted is listed too where nothing was to change.
    """
    for change in changes:
        outcome = outcomes.get(change.record.row)
        yield from _field_lines(tables.trunks, change, outcome)
        yield from _list_lines(tables, change, outcome)


def _field_lines(table: Table, change: Change, outcome: Outcome | None) -> Iterator[ChangeLine]:
    table, row = table.origin(change.record.row)
    also = {name: (new, new) for name, (_, new) in _found(outcome).fields.items()}
    for name, (old, new) in {**also, **change.difference.fields}.items():
        found = ""
        if outcome is not None and outcome.read:
            wrong = outcome.difference.fields.get(name)
            found = _shown(name, wrong[0] if wrong else new)
        yield ChangeLine(
            sheet=table.name,
            cell=table.cell(name, row),
            trunk=change.live.name,
            field=table.sheet.column(name).label,
            before=_shown(name, old),
            wanted=_shown(name, new),
            found=found,
        )


def _shown(name: str, value: str | int | Secret) -> str:
    if isinstance(value, Secret):
        return HIDDEN
    return value_text(name, value) if value != "" else ""


def _list_lines(tables: Tables, change: Change, outcome: Outcome | None) -> Iterator[ChangeLine]:
    wrong = _found(outcome)
    seen = outcome is not None and outcome.read
    record = change.record
    home, at = tables.trunks.origin(record.row)
    for sheet in LIST_SHEETS:
        table, rows = tables.of(sheet), _rows_of(change, sheet)
        ways = {one.new.key: one.way for one in change.difference.entries if one.other}
        label, where = sheet.column(sheet.number).label, record.found_by if record.gives_only else sheet.mode
        lines = _lines_of(change.difference.lists.get(sheet, _SAME), wrong.lists.get(sheet, _SAME))
        for entry, before, wanted, found in lines:
            row, way = rows.get(entry.key), ways.get(entry.key, "")
            yield ChangeLine(
                sheet=table.name if row else home.name,
                cell=table.cell(sheet.number, row.row, row.number) if row else home.cell(where, at),
                trunk=change.live.name,
                field=f"{label}{way}",
                before=before,
                wanted=wanted,
                found=found if seen else "",
                loses=(wanted, way) == ("absent", ""),
            )


def _rows_of(change: Change, sheet: ListSheet) -> dict[Hashable, EntryRow]:
    """Return the rows that say what becomes of a list, by the key of their entry."""
    edit = change.record.lists.get(sheet)
    given = change.given if sheet is DIDS else ()
    return {row.key: row for row in (*given, *(edit.rows if edit else ()))}


def _found(outcome: Outcome | None) -> Difference:
    return outcome.difference if outcome else NO_DIFFERENCE


def _lines_of(planned: ListDifference, left: ListDifference) -> Iterator[tuple[Entry, str, str, str]]:
    """Yield each entry that was to change with before, wanted and found; then what else was found otherwise."""
    open_ones = {(entry.key, wanted): (entry, found, wanted) for entry, found, wanted in _entries(left)}
    missing = {change.new.key for change in left.of(ChangeKind.ADDED)}
    for entry, before, wanted in _entries(planned):
        _, found, _ = open_ones.pop((entry.key, wanted), (entry, wanted, wanted))
        yield entry, before, wanted, "absent" if entry.key in missing else found
        if entry.key in missing:
            open_ones.pop((entry.key, entry_text(entry)), None)
    for entry, found, wanted in open_ones.values():
        yield entry, wanted, wanted, found


def _entries(difference: ListDifference) -> Iterator[tuple[Entry, str, str]]:
    for kind, old, new, was, becomes, _ in difference.changes:
        match kind:
            case ChangeKind.ADDED:
                yield new, "absent", entry_text(new)
            case ChangeKind.REMOVED:
                yield old, entry_text(old), "absent"
            case ChangeKind.MOVED:
                yield new, f"place {was}: {entry_text(new)}", f"place {becomes}: {entry_text(new)}"
            case _:
                yield new, entry_text(old), entry_text(new)
