"""Export: what a PBX holds, put into a workbook that can be edited, or into files as the PBX's own portal has them.

Reads, and cannot write to the PBX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from batch.commands.connection import Connection, open_connection, practice_file
from batch.commands.outputs import check_places
from batch.commands.run import Unattended, UserInterface
from batch.errors import UsageError
from batch.runs.folders import recording
from batch.schema.columns import CALLER_IDS, DIDS, LIST_OF, TRUNKS
from batch.settings import Settings
from batch.trunks.live import WHOLE_TRUNK, Did, Entry, Inventory, LiveTrunk
from batch.trunks.merge import base_lines
from batch.writers.export_workbook import MOST_ROWS, Export, ReadOnly, write_export
from batch.writers.exportable import Directory, Exportable, NotExportable, find_exportable
from batch.writers.portal_files import portal_files, write_portal_files

_MANY = 500
"""So many trunks take a while to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A workbook, or a folder of the portal's files, that was made from what a PBX holds."""

    settings: Settings
    path: Path
    address: str
    practice: bool
    notes: tuple[str, ...]
    extensions: int
    left_out: tuple[LiveTrunk, ...]
    """Trunks that the API cannot edit, or that the workbook cannot name."""
    trunks: int = 0
    caller_ids: int = 0
    dids: int = 0
    read_only: tuple[NotExportable, ...] = ()
    """Lists and settings that cannot be said, for the portal whole trunks too: they stay as they are on the PBX."""
    restrictions: tuple[str, ...] = ()
    """What is to be known of the portal's files, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPbx:
    """What was read of a PBX, and what of it an export can say."""

    exported: Exported
    said: Exportable
    inventory: Inventory
    made_at: datetime


def check_export_target(settings: Settings) -> None:
    """Refuse to write an export where something is, or a workbook as something else than a spreadsheet.

    Raises:
        UsageError: it would be; or it is to come from a practice PBX that there is not.
    """
    path = settings.workbook
    flag, what = ("--portal", "folder") if settings.portal else ("-o", "file")
    if not settings.portal and path.suffix.lower() != ".xlsx":
        raise UsageError(f"-o {path} does not end in .xlsx.", "Name a file that ends in .xlsx.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", f"Make it first, or name another {what} with {flag}.")
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} is there already; it may have been edited.", f"Name another {what} with {flag}.")
    if settings.log is not None and settings.log.resolve() == path.resolve():
        raise UsageError(f"--log and {flag} are both {path}.", "Name two files.")
    state, before = practice_file(path), path.with_name("pbx.json")
    if settings.practice and not (state.exists() or before.exists()):
        raise UsageError(
            f"There is no practice PBX to export: neither {before} nor {state} is there.",
            "Put one of them there, or start one with trunk-batch practice and give its --url.",
        )


def export(settings: Settings, interface: UserInterface | None = None) -> Exported:
    """Read the PBX and write what it holds as a filled workbook, `Settings.workbook`; or as files in `Settings.portal`.

    Cannot write to the PBX.

    Raises:
        BatchError: the file is there already or cannot be written, the PBX cannot be used, or there is nothing that
            could be exported.
    """
    interface = interface or Unattended()
    settings = settings if settings.portal is None else replace(settings, workbook=settings.portal)
    check_export_target(settings)
    check_places(settings)
    with recording() as record, open_connection(settings, interface, record) as connection:
        read = read_pbx(settings, connection, interface)
        return _with_portal_files(read) if settings.portal else _with_workbook(read)


def read_pbx(settings: Settings, connection: Connection, interface: UserInterface) -> ReadPbx:
    """Read a PBX, and find out what of it an export can say.

    Raises:
        BatchError: it cannot be read, or there is nothing that could be exported.
    """
    client = connection.client
    inventory = client.inventory(extensions=True, groups=True)
    chosen = _chosen(settings, inventory)
    editable = [trunk.id for trunk in chosen if trunk.type is not None][: settings.first]
    if len(editable) > _MANY:
        interface.tell(f"Reading {len(editable):,} trunks …")
    whole = client.trunks(editable)
    made_at = datetime.now().astimezone()
    said = find_exportable([whole[trunk_id] for trunk_id in editable if trunk_id in whole], inventory)
    left_out = [trunk for trunk in chosen if trunk.type is None]
    left_out += [unsaid.trunk for unsaid in said.not_exportable if not unsaid.what]
    if not said.trunks:
        raise UsageError(
            f"There is nothing to export: {connection.address} has no such trunk that could be edited.",
            "This tool edits trunks of the types register, peer and account.",
        )
    exported = Exported(
        settings=settings,
        path=settings.workbook,
        address=connection.address,
        practice=connection.practice,
        notes=connection.notes,
        extensions=len(inventory.extensions),
        left_out=tuple(left_out),
    )
    return ReadPbx(exported=exported, said=said, inventory=inventory, made_at=made_at)


def _with_portal_files(read: ReadPbx) -> Exported:
    exported, files = read.exported, portal_files(read.said, read.inventory)
    out = {unsaid.trunk.id for unsaid in files.not_exportable if not unsaid.what}
    return replace(
        exported,
        path=write_portal_files(exported.path, files),
        trunks=len(files.trunks),
        caller_ids=files.count(CALLER_IDS),
        dids=files.count(DIDS),
        read_only=files.not_exportable,
        left_out=tuple(trunk for trunk in exported.left_out if trunk.id not in out),
        restrictions=files.restrictions,
    )


def _with_workbook(read: ReadPbx) -> Exported:
    check_heights({filled.sheet.title: filled.height for filled in read.said.sheets})
    return counted_rows(read, write_export(read.exported.path, workbook_of(read)))


def check_heights(rows: Mapping[str, int]) -> None:
    """Refuse sheets that no spreadsheet takes, by their numbers of rows.

    Raises:
        UsageError: there is one.
    """
    for title, height in rows.items():
        if height > MOST_ROWS:
            raise UsageError(
                f"The sheet {title} would have {height:,} rows, and a spreadsheet takes {MOST_ROWS:,}.",
                "Export fewer trunks at a time: --only TRUNK …, or --first N.",
            )


def workbook_of(read: ReadPbx, pbx: str = "") -> Export:
    """Return what goes into the workbook; for one of many PBXs, under its name."""
    directory = Directory(read.inventory)
    return Export(
        pbx=read.exported.address,
        made_at=read.made_at,
        sheets=read.said.sheets,
        trunks=read.said.keys,
        extensions=directory.extensions,
        groups=directory.groups,
        read_only=list(_read_only(read.said, read.exported.left_out, directory)),
        base=base_lines(read.said.trunks, pbx),
    )


def counted_rows(read: ReadPbx, path: Path) -> Exported:
    """Return what was exported, now that it is written."""
    rows = {sheet.sheet.title: sheet.height for sheet in read.said.sheets}
    return replace(
        read.exported,
        path=path,
        trunks=rows[TRUNKS.title],
        caller_ids=rows[CALLER_IDS.title],
        dids=rows[DIDS.title],
        read_only=tuple(unsaid for unsaid in read.said.not_exportable if unsaid.what),
    )


def _chosen(settings: Settings, inventory: Inventory) -> list[LiveTrunk]:
    wanted = set(settings.only)
    named = [trunk for trunk in inventory.trunks if not wanted or {trunk.name, str(trunk.id)} & wanted]
    seen = {text for trunk in named for text in (trunk.name, str(trunk.id))}
    if unknown := [text for text in settings.only if text not in seen]:
        raise UsageError(
            f"--only names {', '.join(unknown)}, which the PBX does not have.",
            "Give a name or id as the PBX shows it.",
        )
    return named


def _read_only(said: Exportable, left_out: Sequence[LiveTrunk], directory: Directory) -> Iterator[ReadOnly]:
    """Return the lines of the sheet of what the workbook cannot say."""
    why = {unsaid.trunk.id: unsaid.reason for unsaid in said.not_exportable if not unsaid.what}
    why |= {
        trunk.id: f"It cannot be read: {trunk.unread[WHOLE_TRUNK]}."
        for trunk in left_out
        if WHOLE_TRUNK in trunk.unread
    }
    for unsaid in said.not_exportable:
        trunk, what, reason = unsaid.trunk, unsaid.what, unsaid.reason
        if what in LIST_OF:
            title, entries = LIST_OF[what].title, trunk.lists[LIST_OF[what]].entries
            lines = [ReadOnly(trunk.name, title, *_told(entry, directory), reason) for entry in entries]
            yield from lines or [ReadOnly(trunk.name, title, reason=reason)]
        elif what:
            yield ReadOnly(trunk.name, TRUNKS.column(what).label, str(trunk.value(what)), reason=reason)
    for trunk in left_out:
        reason = why.get(
            trunk.id, f"It is a trunk of type {trunk.vendor_type or 'unknown'}, which the API cannot edit."
        )
        yield ReadOnly(trunk.name, "Whole trunk", f"id {trunk.id}", reason=reason)


def _told(entry: Entry, directory: Directory) -> tuple[str, str, str]:
    if isinstance(entry, Did):
        return entry.number, entry.name, ""
    whom = (entry.extension_range, *directory.cells_of(entry.order))
    return entry.number, entry.name, "; ".join(filter(None, whom))
