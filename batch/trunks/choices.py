"""Choices: which trunks of the workbook are to be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from batch.sheets.problems import Problem, Severity
from batch.trunks.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which trunks are chosen."""

    rows: frozenset[int]
    """Rows of the Trunks sheet that are to be done: chosen, and not *skip*."""
    left_out: frozenset[int]
    """Rows that ``--only`` or ``--first`` leaves out."""
    unknown: tuple[str, ...] = ()
    """What ``--only`` named that fits no row."""


def choose(records: Sequence[Record], only: Iterable[str], first: int | None) -> Choice:
    """Choose by name or id, then the first so many of those."""
    wanted = tuple(only)
    named = [r for r in records if not wanted or not _called(r).isdisjoint(wanted)]
    seen = {text for r in named for text in _called(r)}
    rows = [r.row for r in named if not r.skip][:first]
    return Choice(
        rows=frozenset(rows),
        left_out=frozenset(r.row for r in records if not r.skip) - frozenset(rows),
        unknown=tuple(text for text in wanted if text not in seen),
    )


def _called(record: Record) -> set[str]:
    """Return what the workbook calls a trunk."""
    return {text for text in (record.name, "" if record.id is None else str(record.id)) if text}


def nearest(text: str, records: Iterable[Record]) -> str:
    """Return the Name of the Trunks sheet that is nearest to what was typed; blank where none is near."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a mistyped trunk needs it

    names = {record.name.casefold(): record.name for record in records if record.name}
    near = process.extractOne(text.casefold(), names.keys(), scorer=fuzz.ratio, score_cutoff=70)
    return names[near[0]] if near else ""


def only_told(problems: Iterable[Problem], choice: Choice) -> list[Problem]:
    """Turn the problems of trunks that are not to be done into notices."""
    return [
        replace(p, severity=Severity.NOTICE) if p.stops and p.trunk is not None and p.trunk not in choice.rows else p
        for p in problems
    ]


def long_numbers_allowed(problems: Iterable[Problem], allow: Iterable[str], records: Sequence[Record]) -> list[Problem]:
    """Turn numbers of more than 15 digits into notices where ``--allow long-numbers`` or ``=TRUNK`` says so."""
    granted = {text.partition("=")[2] for text in allow if text.partition("=")[0] == "long-numbers"}
    rows = {record.row for record in records if "" in granted or not granted.isdisjoint(_called(record))}
    return [
        replace(p, severity=Severity.NOTICE) if p.code == "long-number" and (p.trunk in rows or "" in granted) else p
        for p in problems
    ]
