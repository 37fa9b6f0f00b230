"""Way-back workbook: what trunks held before a run, in the cells that the run wrote, to be planned and applied.

What the run left there stands on the hidden sheet, so that a plan can tell it from what somebody changed since. No
password is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from batch.schema.column_model import CLEAR, ListSheet, Mode
from batch.schema.columns import LIST_OF, LIST_SHEETS, TRUNKS
from batch.schema.file_metadata import FileKind
from batch.secrets import HIDDEN
from batch.trunks.list_merge import GROUP_KIND
from batch.trunks.live import Inventory, LiveTrunk, entry_json
from batch.trunks.merge import WAY_BACK, base_lines
from batch.writers.export_workbook import Export, Filled, ReadOnly, write_export
from batch.writers.exportable import Directory, Exportable, find_exportable

_BLANK_BEFORE: Final = "It was blank before the run, and the API cannot empty it."
_UNKNOWN_KEYS: Final = "The run deleted these settings, which this tool does not know."


@dataclass(frozen=True, slots=True, kw_only=True)
class Overwritten:
    """One trunk that a run wrote."""

    before: LiveTrunk
    wrote: LiveTrunk
    """The same with what the run wrote."""
    names: frozenset[str]
    """The fields and lists that it wrote, by the API's names."""


@dataclass(slots=True, kw_only=True)
class _Back:
    """What one trunk goes back to, and what of it cannot be put into cells."""

    before: dict[str, Any] = field(default_factory=dict)
    lost: list[tuple[str, str]] = field(default_factory=list)


def write_way_back(path: Path, trunks: Sequence[Overwritten], *, run: str, pbx: str) -> Path:
    """Write the workbook, for its owner alone.

    Raises:
        OutputError: it cannot be written.
    """
    return write_export(path, way_back_export(trunks, run=run, pbx=pbx))


def way_back_export(trunks: Sequence[Overwritten], *, run: str, pbx: str) -> Export:
    """Put what goes back into cells, and on the hidden sheet what the run left there."""
    earlier = [trunk.before for trunk in trunks]
    inventory = _known_to(earlier)
    said = find_exportable(earlier, inventory)
    refused = {(left.trunk.id, left.what): left.reason for left in said.not_exportable}
    backs = {trunk.before.id: _back_of(trunk, refused) for trunk in trunks}
    wrote = {trunk.before.id: trunk.wrote for trunk in trunks}
    directory = Directory(inventory)
    return Export(
        kind=FileKind.WAY_BACK,
        undoes=run,
        pbx=pbx,
        made_at=datetime.now().astimezone(),
        sheets=[_trunks(said, backs), *(_list(said, sheet, backs) for sheet in reversed(LIST_SHEETS))],
        trunks=said.keys,
        extensions=directory.extensions,
        groups=directory.groups,
        read_only=[ReadOnly(trunk.name, what, reason=why) for trunk in earlier for what, why in backs[trunk.id].lost],
        base=base_lines(_with_way_back(wrote[t.id], backs[t.id]) for t in said.trunks),
    )


def _with_way_back(wrote: LiveTrunk, back: _Back) -> LiveTrunk:
    return replace(wrote, whole={**wrote.whole, WAY_BACK: {"before": back.before, "lost": back.lost}})


def _known_to(trunks: Iterable[LiveTrunk]) -> Inventory:
    """Return who has which id, as far as the trunks themselves say."""
    members = {m for trunk in trunks for entry in trunk.caller_ids.entries for m in entry.order if m.number}
    return Inventory(
        trunks=tuple(trunks),
        extensions={m.number: m.id for m in members if m.type != GROUP_KIND},
        groups={m.number: m.id for m in members if m.type == GROUP_KIND},
    )


def _back_of(trunk: Overwritten, refused: Mapping[tuple[int, str], str]) -> _Back:
    """Sort what a run wrote on a trunk into what cells can say as it was before, and what they cannot."""
    back, before = _Back(), trunk.before
    for name in sorted(trunk.names):
        called = LIST_OF[name].title if name in LIST_OF else TRUNKS.column(name).label
        reason = refused.get((before.id, name), "")
        if name in LIST_OF:
            live = before.lists[LIST_OF[name]]
            if live.unknown_keys:
                back.lost.append((f"{called}: {', '.join(sorted(live.unknown_keys))}", _UNKNOWN_KEYS))
            value: Any = [entry_json(entry) for entry in live.entries]
        elif name == "password":
            value, reason = None, ""
        else:
            value = before.value(name)
            reason = reason or ("" if value != "" or TRUNKS.column(name).clearable else _BLANK_BEFORE)
        if reason:
            back.lost.append((called, reason))
        else:
            back.before[name] = value
    return back


def _trunks(said: Exportable, backs: Mapping[int, _Back]) -> Filled:
    """Return the rows of the trunks, with nothing in them but what says which trunk it is, and what goes back."""
    filled = said.sheets[0]
    columns = {}
    for name, cells in filled.columns.items():
        columns[name] = [
            _cell(name, cell, backs[trunk.id].before) for trunk, cell in zip(said.trunks, cells, strict=True)
        ]
    return Filled(sheet=filled.sheet, columns=columns)


def _cell(name: str, cell: str, before: Mapping[str, Any]) -> str:
    for sheet in LIST_SHEETS:
        if name == sheet.mode:
            return str(Mode.REPLACE) if sheet.api in before else ""
    if name in {"id", "type", "name"}:
        return cell
    if name not in before:
        return ""
    return HIDDEN if name == "password" else cell or CLEAR


def _list(said: Exportable, sheet: ListSheet, backs: Mapping[int, _Back]) -> Filled:
    """Return the rows of the lists that go back; one that was empty has a row that empties it."""
    filled = next(one for one in said.sheets if one.sheet is sheet)
    goes_back = {
        key: backs[t.id] for t, key in zip(said.trunks, said.keys, strict=True) if sheet.api in backs[t.id].before
    }
    kept = [place for place, key in enumerate(filled.columns["trunk"]) if key in goes_back]
    columns = {name: [cells[place] for place in kept] for name, cells in filled.columns.items()}
    for key in (key for key, back in goes_back.items() if not back.before[sheet.api]):
        for name, cells in columns.items():
            cells.append(key if name == "trunk" else CLEAR if name == sheet.number else "")
    return Filled(sheet=sheet, columns=columns)
