"""Text about workbooks: what is wrong with one, grouped for people; what an export put into one; what to type next."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from batch.commands.command_lines import command, profile_of, where, which
from batch.schema.columns import DIDS, LIST_SHEETS, TRUNKS
from batch.schema.file_metadata import READ_ONLY
from batch.schema.problems import UNSEEN, ColumnNotice, Problem, Problems
from batch.secret_sources import said_of
from batch.wording import BRIEF, Shown, counted, named, shortened, size, spans

if TYPE_CHECKING:
    from pathlib import Path

    from batch.commands.check import Checked
    from batch.commands.export import Exported
    from batch.commands.fleet_export import FleetExported
    from batch.errors import BatchError
    from batch.writers.marked_workbook import Marked


_ONE_BY_ONE: Final = 3
"""So many wordings of one problem in one column are told each."""
_PARTICULARS: Final = re.compile(r"\"[^\"]*\"|'[^']*'|“[^”]*”|[0-9+*#]+")
"""What tells one message from another of the same kind: quotations and numbers."""


def problems_text(problems: Sequence[Problem], shown: Shown = BRIEF, *, notices: bool = True) -> Iterator[str]:
    """Tell problems and notices grouped by kind, the gravest first, what is the same in many rows once."""
    columns: Sequence[ColumnNotice] = ()
    if isinstance(problems, Problems) and shown.items is not None:
        columns, problems = problems.by_column if notices else (), problems.in_order
    kinds: dict[tuple[bool, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        if notices or problem.stops:
            kinds[not problem.stops, problem.code].append(problem)
    groups: dict[tuple[bool, str], list[_Group]] = defaultdict(list)
    for notice in columns:
        groups[True, notice.code].append(_column_group(notice))
    for kind, found in kinds.items():
        groups[kind] += map(_group, _word_for_word(found) if shown.items is None else _alike(found))
    for quiet, code in sorted(groups):
        yield from _kind_text(groups[quiet, code], shown, stops=not quiet)


def first_code(stopping: Iterable[Problem]) -> str:
    """Return the code that `problems_text` tells first."""
    return min(problem.code for problem in stopping)


def unseen_text(problems: Sequence[Problem]) -> Iterator[str]:
    """Name what counts although it does not look so: hidden rows, columns and sheets, struck-through cells."""
    for problem in problems:
        if problem.code in UNSEEN:
            yield f"{problem.sheet}!{problem.cell}: {problem.message}"


def secrets_text(checked: Checked, shown: Shown = BRIEF) -> Iterator[str]:
    """Name what passwords were read from, where cells name it."""
    if checked.secrets_read:
        yield f"Secrets read from: {said_of(checked.secrets_read, shown.items)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Problems or notices that are told at once."""

    first: Problem
    rows: Sequence[int]
    """One for each of them."""
    wordings: int
    """How many of them differ in their words."""
    one_value: bool
    """Whether all are about the same value."""
    offered: Sequence[Problem] = ()
    """Those that offer something."""


def _group(same: Sequence[Problem]) -> _Group:
    return _Group(
        first=same[0],
        rows=[problem.row for problem in same],
        wordings=len({(problem.message, problem.fix) for problem in same}),
        one_value=len({problem.value for problem in same}) == 1,
        offered=[problem for problem in same if problem.offers],
    )


def _column_group(notice: ColumnNotice) -> _Group:
    values = len(set(notice.values))
    first = notice.at(min(range(len(notice.rows)), key=notice.rows.__getitem__))
    return _Group(first=first, rows=notice.rows, wordings=values, one_value=values == 1)


def _kind_text(groups: Sequence[_Group], shown: Shown, *, stops: bool) -> Iterator[str]:
    first, count = groups[0].first, sum(len(group.rows) for group in groups)
    label = "ERROR" if stops else "warning"
    folded = "; -v lists every one" if any(group.wordings > 1 for group in groups) else ""
    times = f" ({count:,} times{folded})" if count > 1 else ""
    yield f"{label}  {first.kind.title}{times}  [{first.code}; {first.kind.who}]"
    for i, group in enumerate(groups):
        if i == shown.items:
            yield f"    … and {len(groups) - i:,} more of this kind; -v lists every one."
            break
        yield from _group_text(group, shown)


def _alike(problems: list[Problem]) -> list[list[Problem]]:
    """Group what differs in nothing but the values; a few are still told one by one."""
    by_form: dict[tuple[str, int, str], list[Problem]] = {}
    for problem in problems:
        by_form.setdefault((problem.sheet, problem.column, _form(problem)), []).append(problem)
    groups = []
    for same in by_form.values():
        words = _word_for_word(same)
        groups += words if len(words) <= _ONE_BY_ONE else [same]
    return groups


def _word_for_word(problems: list[Problem]) -> list[list[Problem]]:
    by_words: dict[tuple[str, int, str, str], list[Problem]] = {}
    for problem in problems:
        words = (problem.sheet, problem.column, problem.message, problem.fix)
        by_words.setdefault(words, []).append(problem)
    return list(by_words.values())


def _form(problem: Problem) -> str:
    """Return a message without its value, what it quotes, and its numbers."""
    said = problem.message.replace(problem.value, "#") if problem.value else problem.message
    return _PARTICULARS.sub("#", said)


def _group_text(group: _Group, shown: Shown) -> Iterator[str]:
    first = group.first
    cells = f"{first.sheet}!{first.cell}"
    if len(group.rows) > 1:
        column = first.cell.rstrip("0123456789")
        what = "rows" if len(set(group.rows)) > 1 else "row"
        cells = f"{first.sheet}, column {column}, {what} {_some_spans(group.rows, shown)}"
        cells += "" if group.wordings == 1 else f": e.g. {first.cell}"
    quoted = group.one_value or group.wordings > 1
    value = f' "{shortened(first.value)}"' if first.value and quoted else ""
    yield f"    {cells}{value}: {first.message}"
    if not first.fix.startswith("Nothing to do"):
        yield f"        {first.fix}"
    if group.offered:
        yield from _offers_text(group.offered, first, shown)


def _offers_text(offered: Sequence[Problem], first: Problem, shown: Shown) -> Iterator[str]:
    """Say what to type, where the fix does not say it for all of them."""
    if all(problem.fix == first.fix for problem in offered) and all(offer in first.fix for offer in first.offers):
        return
    listed = offered[: shown.items]
    typed = "; ".join(f"{problem.cell} {_either(problem.offers)}" for problem in listed)
    more = f"; {len(offered) - len(listed):,} more with -v" if len(offered) > len(listed) else ""
    yield f"        Type: {typed}{more}."


def _either(offers: Sequence[str]) -> str:
    return " or ".join(f'"{offer}"' for offer in offers)


def _some_spans(rows: Sequence[int], shown: Shown) -> str:
    parts = spans(sorted(set(rows))).split(", ")
    return ", ".join(parts[: shown.items]) + (" …" if len(parts) > len(parts[: shown.items]) else "")


def check_text(checked: Checked, shown: Shown = BRIEF, *, known: str = "", notices: bool = True) -> Iterator[str]:
    """Tell what a check found.

    Args:
        known: address of the PBX that is meant where no other is named, if there is one.
    """
    found = list(problems_text(checked.problems, shown, notices=notices))
    yield from [*found, ""] if found else []
    drafts, tables = checked.drafts, checked.tables
    on_pbxs = f", on {counted(len(checked.parts), 'PBX')}" if checked.parts else ""
    yield from secrets_text(checked, shown)
    yield (
        f"{checked.workbook.path.name}: {counted(tables.trunks.height, 'trunk')}, "
        f"{counted(tables.caller_ids.height, 'caller-ID row')}, {counted(tables.dids.height, 'DID row')}"
        f"{_dids_of_rows(checked)}{on_pbxs}."
    )
    if drafts.trunks and not checked.stops:
        yield (
            f"{counted(drafts.trunks, 'trunk')} would be sent; the largest request is that of {drafts.largest}, "
            f"{size(drafts.largest_bytes)}."
        )
    stopping = len(checked.problems.stopping)
    if stopping:
        them = "they are" if stopping > 1 else "it is"
        apart = checked.parts and all(problem.trunk is not None for problem in checked.problems.stopping)
        to = " to a PBX with errors" if apart else ""
        yield f"{counted(stopping, 'error')}. Nothing will be sent{to} until {them} corrected."
        yield f"Correct {'them' if stopping > 1 else 'it'} and check again."
        yield more_about(first_code(checked.problems.stopping))
    else:
        yield "No errors."
        yield from _next_text(checked, known)


def _next_text(checked: Checked, known: str) -> Iterator[str]:
    """Tell what to type to see what would change, on which PBX."""
    settings, names = checked.settings, len(checked.parts)
    flags, profile = which(settings), profile_of(replace(settings, profile="") if names else settings)
    if names and settings.pbx_addresses is not None:
        there = "the PBX that it names" if names == 1 else f"the {names:,} PBXs that it names"
        without = "it" if names == 1 else "them"
        yield f"To see what would change on {there} (add --practice to rehearse without {without}):"
        flags += profile
    elif profile and not names:
        yield "To see what would change on the PBX of the profile (add --practice to rehearse without it):"
        flags += profile
    elif known and not names:
        yield f"To see what would change on {known} (add --practice to rehearse without it):"
    else:
        yours = "make a profile of each, and leave out" if names else "give --url and --client-id in place of"
        yield f"To rehearse it without a PBX; for yours, {yours} --practice:"
        flags.append("--practice")
    yield f"Next: {command('plan', checked.workbook.path, flags)}"


def _dids_of_rows(checked: Checked) -> str:
    """Say how many DIDs the rows stand for, where they are more than the rows."""
    dids = sum(len(record.lists[DIDS].rows) for record in checked.records.trunks if DIDS in record.lists)
    return f" with {dids:,} DIDs" if dids > checked.tables.dids.height else ""


def marked_text(marked: Marked) -> Iterator[str]:
    """Tell where the marked workbook is."""
    cells = counted(marked.marks.cells, "cell")
    yield f"Marked workbook: {marked.path} ({cells}, sheet {marked.marks.sheet} in front)"
    if marked.note:
        yield marked.note


def unreadable_file(error: BatchError) -> Problem:
    """Tell of a file that is no workbook in the shape of a problem."""
    return Problem(code="not-readable", sheet="Trunks", message=error.message, fix=error.hint)


def columns_text(workbook: Path, written: Path) -> Iterator[str]:
    """Tell what to do with a columns file that was guessed."""
    yield f"Columns: {written}. Correct it where the guess is wrong or commented out."
    yield f"Then: {command('check', workbook, ['--columns', written])}"


_CALLED = {sheet.api: sheet.title for sheet in LIST_SHEETS} | {c.field: c.label for c in TRUNKS.columns}


def export_text(exported: Exported, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell what an export holds, what it does not, and what comes next."""
    yield from exported.notes
    yield (
        f"{'PRACTICE: ' if exported.practice else ''}Exported {counted(exported.trunks, 'trunk')}, "
        f"{counted(exported.caller_ids, 'caller ID')} and {counted(exported.dids, 'DID')} of {exported.address} "
        f"to {exported.path}."
    )
    if exported.settings.portal:
        yield "The lists have a file for each trunk, in the folders dids and caller_ids."
        yield from exported.restrictions
    else:
        yield f"Its drop-downs know the PBX's {counted(exported.extensions, 'extension')}."
    yield from _left_text(exported, shown)
    yield "Edit it, save it, and see what would change:"
    yield f"Next: {command('plan', exported.path, where(exported.settings))}"


def fleet_export_text(exported: FleetExported, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell what an export of many PBXs holds, which of them it does not, and what comes next."""
    parts, lost = exported.exported, exported.not_read
    if parts:
        trunks, caller_ids, dids = (
            counted(sum(getattr(one, of) for one in parts.values()), word)
            for of, word in (("trunks", "trunk"), ("caller_ids", "caller ID"), ("dids", "DID"))
        )
        yield f"Exported {trunks}, {caller_ids} and {dids} of {counted(len(parts), 'PBX')} to {exported.path}."
    if lost:
        yield (
            f"{counted(len(lost), 'PBX')} could not be read:" if parts else "No PBX could be read; nothing is written:"
        )
        yield from (f"    {pbx}: {error.message} {error.hint}" for pbx, error in [*lost.items()][: shown.trunks])
        if shown.trunks is not None and len(lost) > shown.trunks:
            yield f"    … and {len(lost) - shown.trunks:,} more; -v or --json names every one."
    for pbx, one in parts.items():
        yield from (line if line.startswith(" ") else f"{pbx}: {line}" for line in _left_text(one, shown))
    if exported.path is not None:
        yield "Edit it, save it, and see what would change:"
        yield f"Next: {command('plan', exported.path, profile_of(exported.settings))}"


def _left_text(exported: Exported, shown: Shown) -> Iterator[str]:
    """Tell what an export does not hold."""
    yield from _read_only_text(exported, shown)
    if exported.left_out:
        names = named((f"{t.name or t.id} ({t.vendor_type or 'no type'})" for t in exported.left_out), shown)
        why = "is left out, since it" if len(exported.left_out) == 1 else "are left out, since they"
        yield f"{counted(len(exported.left_out), 'trunk')} {why} cannot be edited here: {names}."


def _read_only_text(exported: Exported, shown: Shown) -> Iterator[str]:
    found = exported.read_only
    if not found:
        return
    what, they, have = (
        ("list or setting", "It stays on the PBX as it is", "has it")
        if len(found) == 1
        else ("lists or settings", "They stay on the PBX as they are", "has them")
    )
    if exported.settings.portal:
        what = "trunk, list or setting" if len(found) == 1 else "trunks, lists or settings"
        yield f"{len(found):,} {what} cannot be said in the portal's files. {they}:"
    else:
        yield f"{len(found):,} {what} cannot be said in a workbook. {they}; the sheet {READ_ONLY!r} {have}:"
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for left in found:
        alike[left.what, left.reason].append(left.trunk.name or str(left.trunk.id))
    listed = list(alike.items())[: shown.trunks]
    for (what, reason), trunks in listed:
        yield f"    {named(trunks, shown)}{f', {_CALLED[what]}' if what else ''}: {reason}"
    told = sum(len(trunks) for _, trunks in listed)
    if len(found) > told:
        yield f"    … and {len(found) - told:,} more; -v or --json names every one."


def more_about(word: object) -> str:
    """Say how to read more about a code; once a report, not once a problem."""
    return f"More about {word}:  {command('explain', word)}"
