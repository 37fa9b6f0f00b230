"""Hazards: the dangers of a plan, each to be allowed by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from batch.schema.columns import Mode
from batch.trunks.live import NOT_SHOWN, Did

if TYPE_CHECKING:
    from batch.trunks.diff import Difference
    from batch.trunks.live import CallerId, LiveTrunk
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
    """One of `batch.settings.HAZARDS`."""
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


def hazard_of(conflict: Conflict, row: int, trunk: str) -> Hazard:
    """Make the hazard that a conflict is for its trunk."""
    return Hazard(code="conflicts", row=row, trunk=trunk, message=conflict.message, conflict=conflict)


def hazards(asked: Record, live: LiveTrunk, difference: Difference) -> Iterable[Hazard]:
    """Name what a rewrite of a trunk's lists would lose."""
    name = live.name or str(live.id)
    lists: Sequence[tuple[str, ListEdit[Any] | None, Any, frozenset[str], str | None]] = (
        ("DID", asked.dids, difference.dids, live.dids.unknown_keys, live.unread.get("did_list")),
        (
            "caller ID",
            asked.caller_ids,
            difference.caller_ids,
            live.caller_ids.unknown_keys,
            live.unread.get("outbound_cid_list"),
        ),
    )
    for what, edit, differs, unknown_keys, unread in lists:
        if edit is not None and unread is not None and is_replaceable(edit, unread):
            yield Hazard(
                code="unread-lists",
                row=asked.row,
                trunk=name,
                message=f"The PBX does not show the {what}s of {live.label}, as some firmware does not where there "
                "are none; whatever they are, the rows of the workbook take their place.",
            )
        if edit is not None and not edit.explicit and differs.removed:
            lost = len(differs.removed)
            yield Hazard(
                code="removals",
                row=asked.row,
                trunk=name,
                message=f"{live.label} would lose {lost} {what}{'s' if lost > 1 else ''} that the workbook does "
                f"not name, the first of them {_named(differs.removed[0])}. If that is meant, set the mode to replace.",
            )
        if differs and unknown_keys:
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


def _named(entry: Did | CallerId) -> str:
    return entry.did if isinstance(entry, Did) else entry.caller_id
