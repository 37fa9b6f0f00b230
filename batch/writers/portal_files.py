"""Portal files: what live trunks hold, as the PBX's own portal writes and imports it.

One file has the trunks; of their DIDs and outbound caller IDs the portal has a file for each trunk.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch.readers.list_folders import list_file_names
from batch.schema.column_model import ListSheet, TrunkType
from batch.schema.columns import CALLER_IDS, DIDS, LIST_SHEETS, TRUNKS
from batch.tables.dialect_sheets import portal_members
from batch.trunks.group_names import split_groups
from batch.trunks.live import CallerId, Did, Entry, Inventory, LiveTrunk
from batch.writers.atomic import place_folder
from batch.writers.exportable import Directory, Exportable, NotExportable

_TRUNKS: Final[Mapping[str, str]] = {
    "Name": "name",
    "Trunk Status": "enable",
    "Trunk Type": "type",
    "Transport": "transport",
    "Hostname/IP": "hostname",
    "Port": "port",
    "Domain": "domain",
    "Username": "username",
    "Password": "password",
    "Authentication Name": "auth_name",
    "Enable Outbound Proxy": "enb_outbound_proxy",
    "Outbound Proxy Server": "outbound_proxy_server",
}
"""The portal's headers, as its guide has them under Trunk Parameters, and our fields."""
_LISTS: Final[Mapping[ListSheet, tuple[str, ...]]] = {
    DIDS: ("DID/DDI", "DID/DDI Name"),
    CALLER_IDS: (
        *("Create Method", "Short Code", "Outbound Caller ID", "Outbound Caller ID Name"),
        "Associated Extensions",
    ),
}
"""The same of the lists: Trunk DIDs/DDIs Parameters and Trunk Outbound Caller ID Parameters."""
_ON_OFF: Final = {"yes": "1", "no": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalFiles:
    """What goes into the files."""

    trunks: Sequence[Sequence[str]]
    """The rows of the one file with trunks."""
    lists: Mapping[ListSheet, Mapping[str, Sequence[Sequence[str]]]]
    """For each list, by name of the file, its rows; no file where there are none."""
    not_exportable: tuple[NotExportable, ...]
    restrictions: tuple[str, ...]
    """What is to be known of the files as a whole, a sentence each."""

    def count(self, sheet: ListSheet) -> int:
        """Return how many entries there are of all trunks."""
        return sum(map(len, self.lists[sheet].values()))


def portal_files(said: Exportable, inventory: Inventory) -> PortalFiles:
    """Put what a workbook can say of trunks into the portal's words, as far as it has some."""
    directory = Directory(inventory)
    names = list_file_names(trunk.name for trunk in said.trunks)
    refused = [
        NotExportable(trunk=trunk, what="", reason=reason)
        for trunk, key in zip(said.trunks, said.keys, strict=True)
        if (reason := _why_not(trunk, key, names))
    ]
    out = {unsaid.trunk.id for unsaid in refused}
    trunks = [trunk for trunk in said.trunks if trunk.id not in out]
    lists: dict[ListSheet, dict[str, Sequence[Sequence[str]]]] = {}
    for sheet in LIST_SHEETS:
        lists[sheet] = {}
        for trunk in trunks:
            entries = () if sheet.api in trunk.unread else trunk.lists[sheet].entries
            rows, reason = _rows(entries, directory, inventory)
            if reason:
                refused.append(NotExportable(trunk=trunk, what=sheet.api, reason=reason))
            elif rows:
                lists[sheet][names[trunk.name]] = rows
    cells = said.sheets[0].columns
    at = [i for i, trunk in enumerate(said.trunks) if trunk.id not in out]
    return PortalFiles(
        trunks=[[_cell(field, cells[field][i]) for field in _TRUNKS.values()] for i in at],
        lists=lists,
        not_exportable=(*said.not_exportable, *refused),
        restrictions=tuple(_restrictions(trunks)),
    )


def _why_not(trunk: LiveTrunk, key: str, names: Mapping[str, str]) -> str:
    """Say why the portal's files cannot have a trunk."""
    if trunk.type is TrunkType.ACCOUNT:
        return "The portal's file has no account trunks."
    if trunk.shared:
        return "It is a shared trunk, whose owner alone exports it."
    if key != trunk.name:
        return "The portal's files know a trunk by its name alone, and this one's is not clear."
    return "" if trunk.name in names else "Its name is too long for the name of a file."


def _cell(field: str, text: str) -> str:
    if field == "password":
        return ""
    return _ON_OFF[text] if field in {"enable", "enb_outbound_proxy"} and text else text


def _rows(entries: Iterable[Entry], directory: Directory, inventory: Inventory) -> tuple[Sequence[Sequence[str]], str]:
    """Return the rows of a list, or why the portal's file cannot say it."""
    rows: list[tuple[str, ...]] = []
    for entry in entries:
        if isinstance(entry, Did):
            rows.append((entry.number, entry.name))
            continue
        members, reason = _members(entry, directory, inventory)
        if reason:
            return [], f"{entry.number} {reason}"
        method = "range" if entry.option == "range" else "single"
        rows.append((method, "", entry.number, entry.name, members))
    return rows, ""


def _members(entry: CallerId, directory: Directory, inventory: Inventory) -> tuple[str, str]:
    if entry.option == "range":
        return entry.extension_range, ""
    names = {group_id: name for name, group_id in inventory.groups.items()}
    extensions, _ = directory.cells_of([member for member in entry.order if member.type == "extension"])
    groups = [names.get(member.id, "") for member in entry.order if member.type != "extension"]
    numbers = list(filter(None, extensions.split(", ")))
    if "#" in extensions or "" in groups:
        return "", "is for an extension or group that can be named by its id alone, which the portal's file cannot say."
    text = "&".join([*numbers, *groups])
    read, cell = portal_members(text)
    if list(filter(None, read.split(", "))) != numbers or list(split_groups(cell, inventory.groups)) != groups:
        return "", f"is for {text!r}, which the portal's file cannot part again into extensions and groups."
    return text, ""


def _restrictions(trunks: Sequence[LiveTrunk]) -> Iterator[str]:
    if any(trunk.type is TrunkType.REGISTER for trunk in trunks):
        yield "Passwords are left blank: type those of register trunks into trunks.csv before the portal imports it."
    lacking = [
        column.label
        for column in TRUNKS.columns
        if column.sent and column.field not in _TRUNKS.values() and any(trunk.value(column.field) for trunk in trunks)
    ]
    if lacking:
        yield f"The portal's files have no {', '.join(lacking)}: these stay as they are on the PBX."
    if any(trunk.type is TrunkType.PEER for trunk in trunks):
        yield "A Cloud PBX's portal takes did_based, port_based or private_network where trunks.csv says peer."
    if any(trunk.lists[CALLER_IDS].entries for trunk in trunks):
        yield "Short codes are left blank: the API does not give them."


def write_portal_files(path: Path, files: PortalFiles) -> Path:
    """Write the files into a new folder; returns and raises as `place_folder`."""

    def fill(folder: Path) -> None:
        _write(folder / TRUNKS.csv, tuple(_TRUNKS), files.trunks)
        for sheet, by_name in files.lists.items():
            place = folder / Path(sheet.csv).stem
            if by_name:
                place.mkdir()
            for name, rows in by_name.items():
                _write(place / name, _LISTS[sheet], rows)

    return place_folder(path, fill, ours=lambda _: False)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\r\n").writerows([header, *rows])
