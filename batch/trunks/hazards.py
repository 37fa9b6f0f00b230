"""Hazards: the dangers of a plan, each to be allowed by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from batch.schema.column_model import Mode
from batch.trunks.diff import ChangeKind
from batch.trunks.live import NOT_SHOWN
from batch.wording import Meaning, Who

if TYPE_CHECKING:
    from batch.trunks.diff import Difference
    from batch.trunks.live import LiveTrunk
    from batch.trunks.model import ListEdit, Record

Held: TypeAlias = str | int | None
"""What a cell stands for; None where the whole entry is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A cell that both a person and the PBX changed since the export, each otherwise."""

    sheet: str
    cell: str
    """As ``C14``."""
    base: Held
    """At the time of the export."""
    live: Held
    """Now."""
    yours: Held
    """In the workbook."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """A danger of the plan that must be allowed by name."""

    code: str
    """A key of `HAZARD_KINDS`."""
    row: int
    trunk: str
    message: str
    conflict: Conflict | None = None
    """Set with the code ``conflicts``."""

    @property
    def flag(self) -> str:
        """The narrow flag that allows it."""
        name = f'"{self.trunk}"' if " " in self.trunk else self.trunk
        return f"--allow {self.code}={name}"


HAZARD_KINDS: Final[Mapping[str, Meaning]] = {
    "removals": Meaning(
        means="A list would lose entries that the workbook does not name, and the list's mode is blank.",
        example="The PBX has 86 DIDs on London-1, the sheet DIDs has 83 of them.",
        next_step="Type add to keep the others, or replace if they shall go. To let it happen this once: "
        "--allow removals=TRUNK.",
        who=Who.EDITOR,
    ),
    "unknown-keys": Meaning(
        means="The PBX holds settings inside a list that this program does not know; rewriting it would lose them.",
        example="Newer firmware gives each DID a distinctive ring.",
        next_step="Make the change on the PBX's own pages; or, if those settings may go: --allow unknown-keys=TRUNK.",
        who=Who.ADMINISTRATOR,
    ),
    "unread-lists": Meaning(
        means="The PBX does not show a list that is to be replaced, so nobody can say what would be lost.",
        example="Some firmware leaves a list out where it is empty.",
        next_step="Look at the list on the PBX's own pages; if it may be replaced: --allow unread-lists=TRUNK.",
        who=Who.ADMINISTRATOR,
    ),
    "reorder": Meaning(
        means="An export, or results, would put a list into another order; it may just have been sorted to read it. "
        "The PBX takes the first entry that fits a call.",
        example="The sheet DIDs sorted by DID name.",
        next_step="Sort the rows as they were. If the new order is meant: --allow reorder=TRUNK.",
        who=Who.EDITOR,
    ),
    "conflicts": Meaning(
        means="You and the PBX changed the same cell since the export, each to something else.",
        example="The port was 5060 at the export, is 5061 on the PBX now, and 5070 in the workbook.",
        next_step="Correct the cells, or export anew. To let the workbook win: --allow conflicts=TRUNK.",
        who=Who.EDITOR,
    ),
    "long-numbers": Meaning(
        means="A DID or caller ID has more than 15 digits, as no telephone number has.",
        example="442079460100442079460101, two numbers in one.",
        next_step="Correct the number. If the carrier really sends it: --allow long-numbers=TRUNK.",
        who=Who.CARRIER,
    ),
}
"""By the name that ``--allow`` takes."""


def hazard_of(conflict: Conflict, row: int, trunk: str) -> Hazard:
    """Make the hazard that a conflict is for its trunk."""
    return Hazard(code="conflicts", row=row, trunk=trunk, message=conflict.message, conflict=conflict)


def hazards(asked: Record, live: LiveTrunk, difference: Difference) -> Iterable[Hazard]:
    """Name what a rewrite of a trunk's lists would lose."""
    name = live.name or str(live.id)
    for sheet, edit in asked.lists.items():
        what, unread, differs = sheet.word, live.unread.get(sheet.api), difference.lists.get(sheet)
        if unread is not None and is_replaceable(edit, unread):
            yield Hazard(
                code="unread-lists",
                row=asked.row,
                trunk=name,
                message=f"The PBX does not show the {sheet.words} of {live.label}, as some firmware does not where "
                "there are none; whatever they are, the rows of the workbook take their place.",
            )
        if differs is None:
            continue
        if not edit.explicit and (removed := differs.of(ChangeKind.REMOVED)):
            yield Hazard(
                code="removals",
                row=asked.row,
                trunk=name,
                message=f"{live.label} would lose {len(removed)} {sheet.words if len(removed) > 1 else what} that the "
                f"workbook does not name, the first of them {removed[0].old.number}. If that is meant, set the mode "
                "to replace.",
            )
        if unknown_keys := live.lists[sheet].unknown_keys:
            yield Hazard(
                code="unknown-keys",
                row=asked.row,
                trunk=name,
                message=f"The {what} list of {live.label} holds settings that this tool does not know "
                f"({', '.join(sorted(unknown_keys))}); rewriting the list would lose them.",
            )


def is_replaceable(edit: ListEdit[Any], unread: str) -> bool:
    """Tell whether a list that could not be read can be replaced: where it is not shown, but not one that is odd."""
    return edit.mode is Mode.REPLACE and unread == NOT_SHOWN
