"""Outcomes: the ten endings, how one trunk came to its own, and those that failed alike together, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from batch.pbx.error_codes import FieldFault
from batch.trunks.diff import Difference
from batch.wording import Meaning, Who


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
    Ending.APPLIED: Meaning(
        means="This run wrote it, and reading it back showed everything as wanted.",
        example="Errcode 0, and on the PBX the trunk has the new host and all its DIDs.",
        next_step="Nothing.",
    ),
    Ending.UNCHANGED: Meaning(
        means="The PBX already held this; nothing was sent.",
        example="The same workbook is applied a second time.",
        next_step="Nothing.",
    ),
    Ending.SKIPPED: Meaning(
        means="The row's trunk says skip.",
        example="Its column Action says skip.",
        next_step="Nothing.",
    ),
    Ending.INVALID: Meaning(
        means="Never sent: there is a problem in this row.",
        example="DIDs!B7 says 4.42E+11, and --skip-invalid let the other trunks go.",
        next_step="Correct the cell that is named, then run again.",
        who=Who.EDITOR,
    ),
    Ending.BLOCKED: Meaning(
        means="Never sent: another row of the same trunk is at fault.",
        example="All other rows of the trunk whose DID in DIDs!B7 is invalid.",
        next_step="Correct that row, then run again.",
        who=Who.EDITOR,
    ),
    Ending.REFUSED: Meaning(
        means="The PBX said no; its code and words are quoted.",
        example="Errcode 40003: the new name belongs to another trunk.",
        next_step="Correct what it names, or see what its code means; then run again.",
        who=Who.EDITOR,
    ),
    Ending.FAILED: Meaning(
        means="All attempts were used up, and reading shows the old state.",
        example="Five attempts, each answered with HTTP 502.",
        next_step="Resume the run, or run again.",
    ),
    Ending.PARTIAL: Meaning(
        means="Reading it back shows something else than wanted.",
        example="The PBX answered 0 and kept the old transport.",
        next_step="Look at the trunk on the PBX (the sheet Changes lists what differs), then run again.",
        who=Who.ADMINISTRATOR,
    ),
    Ending.UNKNOWN: Meaning(
        means="It was sent, and could not be read afterwards.",
        example="The VPN went away between the write and the look.",
        next_step="Verify or resume the run later: both look at the PBX first.",
    ),
    Ending.NOT_RUN: Meaning(
        means="Not chosen, stopped before its turn, or changed on the PBX since the plan.",
        example="Ctrl-C after 34 of 60 trunks, or a trunk that --only does not name.",
        next_step="Resume the run, or run again.",
    ),
}
"""What each ending means and what to do next. Results and `explain` are made from it."""

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
    """The last code received."""
    errmsg: str = ""
    http_status: int | None = None
    attempts: int = 0
    elapsed_ms: int | None = None
    """From the first send to the last reply."""
    finished_at: datetime | None = None
    faults: tuple[FieldFault, ...] = ()
    """The fields that the PBX named."""
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
