"""Text about an export: what was put into a workbook, and what a workbook cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from batch.reports.next_steps import command, where
from batch.schema.columns import LIST_SHEETS, TRUNKS
from batch.schema.file_metadata import READ_ONLY
from batch.wording import BRIEF, Shown, counted, named

if TYPE_CHECKING:
    from batch.commands.flow import Exported
    from batch.writers.exportable import NotExportable

_CALLED = {sheet.api: sheet.title for sheet in LIST_SHEETS} | {c.field: c.label for c in TRUNKS.columns}


def export_text(exported: Exported, shown: Shown = BRIEF) -> Iterator[str]:
    """Tell what an export holds, what it does not, and what comes next."""
    yield from exported.notes
    yield (
        f"{'PRACTICE: ' if exported.practice else ''}Exported {counted(exported.trunks, 'trunk')}, "
        f"{counted(exported.caller_ids, 'caller ID')} and {counted(exported.dids, 'DID')} of {exported.address} "
        f"to {exported.path}."
    )
    yield f"Its drop-downs know the PBX's {counted(exported.extensions, 'extension')}."
    yield from _read_only_text(exported, shown)
    if exported.left_out:
        names = named((f"{t.name or t.id} ({t.vendor_type or 'no type'})" for t in exported.left_out), shown)
        why = "is left out, since it" if len(exported.left_out) == 1 else "are left out, since they"
        yield f"{counted(len(exported.left_out), 'trunk')} {why} cannot be edited here: {names}."
    yield "Change what shall change, save it, and see what that comes to:"
    yield f"Next: {command('plan', exported.path, where(exported.settings))}"


def _read_only_text(exported: Exported, shown: Shown) -> Iterator[str]:
    found = exported.read_only
    if not found:
        return
    what, they, have = (
        ("list or setting", "It stays on the PBX as it is", "has it")
        if len(found) == 1
        else ("lists or settings", "They stay on the PBX as they are", "has them")
    )
    yield f"{len(found):,} {what} cannot be said in a workbook. {they}; the sheet {READ_ONLY!r} {have}:"
    listed = found[: shown.trunks]
    yield from (f"    {_export_told(unsaid)}" for unsaid in listed)
    if len(found) > len(listed):
        yield f"    … and {len(found) - len(listed):,} more; -v or --json names every one."


def _export_told(unsaid: NotExportable) -> str:
    return f"{unsaid.trunk.name or unsaid.trunk.id}, {_CALLED[unsaid.what]}: {unsaid.reason}"
