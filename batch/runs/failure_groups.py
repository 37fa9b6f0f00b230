"""Failure groups: the trunks that are not as wanted, those with the same words together, the worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from batch.runs.outcomes import Ending, Outcome
from batch.trunks.diff import Difference

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
    """In a sentence or two; blank where the ending says it all."""
    names: tuple[str, ...]
    """Of the trunks, in the workbook's order."""
    errcode: int | None
    """The last code that the PBX gave."""

    def told(self, names: str) -> str:
        """Say it in a line.

        Args:
            names: the names, as many of them as there is room for.
        """
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
    """Count what reading found otherwise than wanted."""
    fields, entries = len(difference.fields), sum(differs.touched for differs in difference.lists.values())
    parts = [f"{fields:,} field{'' if fields == 1 else 's'}"] if fields else []
    parts += [f"{entries:,} list {'entry' if entries == 1 else 'entries'}"] if entries else []
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
