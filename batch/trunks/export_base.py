"""Export base: what a PBX held when a workbook was exported from it, kept on the hidden sheet of that workbook.

A base tells what a person changed from what the PBX changed since. It holds no password.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from batch.readers.workbook import Workbook
from batch.schema.columns import LIST_SHEETS, TRUNKS
from batch.schema.file_metadata import BASE
from batch.trunks.live import LiveTrunk, entry_json, parse_trunk

_PIECE: Final = 30_000
"""Most characters put into one cell: Excel takes 32,767."""
_KEPT: Final = ("id", "name", "type", "shared", *(c.field for c in TRUNKS.columns if c.sent and c.field != "password"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a PBX held at the time of an export."""

    pbx: str
    """Its address."""
    made_at: str
    """When, as ``2026-11-23T02:14:07+01:00``."""
    trunks: Mapping[int, LiveTrunk]
    """By id. A list that the workbook could not say is among `LiveTrunk.unread`."""


def base_lines(trunks: Iterable[LiveTrunk]) -> Iterator[tuple[str, ...]]:
    """Return the lines of the hidden sheet: a trunk's id, then what it held as JSON, over as many cells as it takes."""
    for trunk in trunks:
        text = json.dumps(_held(trunk), ensure_ascii=True, separators=(",", ":"))
        yield (str(trunk.id), *(text[at : at + _PIECE] for at in range(0, len(text), _PIECE)))


def _held(trunk: LiveTrunk) -> dict[str, Any]:
    held: dict[str, Any] = {name: trunk.whole[name] for name in _KEPT if trunk.whole.get(name) is not None}
    lists = {s.api: [entry_json(e) for e in trunk.lists[s].entries] for s in LIST_SHEETS if s.api not in trunk.unread}
    return held | lists


def read_base(workbook: Workbook) -> Base | None:
    """Read what a workbook was exported with; None where it is no export, or its hidden sheet is gone.

    A trunk whose line was damaged is left out: it then counts as one that was never exported.
    """
    sheet = next((sheet for sheet in workbook.sheets if sheet.name == BASE), None)
    if sheet is None:
        return None
    trunks = {}
    for line in zip(*sheet.columns, strict=True):
        try:
            trunk = parse_trunk(json.loads("".join(str(cell) for cell in line[1:])))
        except (ValueError, TypeError, AttributeError):
            continue
        trunks[trunk.id] = trunk
    return Base(pbx=workbook.metadata.pbx, made_at=workbook.metadata.made_at, trunks=trunks)
