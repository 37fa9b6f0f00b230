"""Stories to crash in: what the workbook says, what the PBX held, and what it shall hold in the end.

What is wanted is written down beside each trunk, so that nothing of the tool is needed to know whether it came about.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from batch.practice.state import PbxState
from samples.making.files import Page, write_workbook
from tests.flows.shell import LOSING_NUMBERS, Json, pbx, register

FINAL: Final = frozenset({"applied", "unchanged", "skipped"})
"""Endings that leave nothing to be done."""
_SHEETS: Final = ("Trunks", "Caller IDs", "DIDs")
_SEEN_BY_NOBODY: Final = ("status",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One trunk: as it was, its rows in the workbook, and what is to be different in the end."""

    live: Json
    cells: Mapping[str, str] = field(default_factory=dict)
    """Its row on the sheet Trunks, by header; without one it is not in the workbook."""
    dids: Sequence[tuple[str, str]] = ()
    caller_ids: Sequence[Mapping[str, str]] = ()
    wanted: Json = field(default_factory=dict)
    ending: str = "applied"
    endings: Mapping[str, str] = field(default_factory=dict)
    """By sheet, where its rows do not all end alike."""
    chosen: bool = True

    @property
    def id(self) -> int:
        return int(self.live["id"])

    @property
    def called(self) -> str:
        """What the other sheets call it."""
        return self.cells.get("Trunk ID") or self.cells["Name"]

    def rows(self) -> Counter[tuple[str, str]]:
        """Count its rows by sheet and ending."""
        counts = {"Trunks": 1, "Caller IDs": len(self.caller_ids), "DIDs": len(self.dids)}
        return Counter(
            {(sheet, self.endings.get(sheet, self.ending)): n for sheet, n in counts.items() if n and self.cells}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A workbook, a PBX, and how they are brought together."""

    name: str
    parts: Sequence[Part]
    flags: Sequence[str] = LOSING_NUMBERS
    faults: Sequence[Json] = ()
    csv: bool = False
    sent_again: Mapping[int, int] = field(default_factory=dict)
    """By trunk id: how often its faults make one invocation of a run send it once more."""

    @property
    def exit_code(self) -> int:
        return 0 if all(part.ending in FINAL or not part.chosen for part in self.parts if part.cells) else 5

    @property
    def written(self) -> frozenset[int]:
        """Ids of the trunks that anything is to be sent for."""
        return frozenset(part.id for part in self.parts if part.cells and part.ending in {"applied", "refused"})

    def rows(self) -> Counter[tuple[str, str]]:
        """Count the rows of the workbook by sheet and ending."""
        return sum((part.rows() for part in self.parts), Counter())

    def state(self, **settings: object) -> PbxState:
        return pbx([part.live for part in self.parts], **settings)

    def write(self, folder: Path) -> Path:
        """Write the workbook, or the folder of CSV files; returns where it lies."""
        pages = self._pages()
        if not self.csv:
            path = folder / "book.xlsx"
            write_workbook(path, *(Page(name=name, lines=lines) for name, lines in pages.items()))
            return path
        path = folder / "book"
        path.mkdir()
        for name, lines in pages.items():
            with (path / f"{name.lower().replace(' ', '_')}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(lines)
        return path

    def _pages(self) -> dict[str, list[list[str]]]:
        named = [part for part in self.parts if part.cells]
        rows: dict[str, list[Mapping[str, str]]] = {
            "Trunks": [part.cells for part in named],
            "Caller IDs": [{"Trunk": part.called, **row} for part in named for row in part.caller_ids],
            "DIDs": [{"Trunk": part.called, "DID": did, "DID name": name} for part in named for did, name in part.dids],
        }
        return {sheet: _lined(rows[sheet]) for sheet in _SHEETS if rows[sheet]}

    def wanted(self) -> dict[int, Json]:
        """Return what each trunk of the PBX holds once the story is over."""
        return seen(self.state(), {part.id: part.wanted for part in self.parts})


def _lined(rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    header = list(dict.fromkeys(name for row in rows for name in row))
    return [header, *([row.get(name, "") for name in header] for row in rows)]


def seen(state: PbxState, changed: Mapping[int, Json] | None = None) -> dict[int, Json]:
    """Return all trunks so that they can be compared: without what the box itself numbers and names."""
    return {number: _plain({**trunk, **(changed or {}).get(number, {})}) for number, trunk in state.trunks.items()}


def _plain(trunk: Json) -> Json:
    plain = {name: value for name, value in trunk.items() if name not in _SEEN_BY_NOBODY}
    callers = [
        {
            **{name: value for name, value in entry.items() if name not in {"id", "ext_list"}},
            "for": [(member.get("type"), member["id"]) for member in entry.get("ext_list", [])],
        }
        for entry in trunk.get("outbound_cid_list", [])
    ]
    return {**plain, "outbound_cid_list": callers} if "outbound_cid_list" in trunk else plain


def dids(*entries: tuple[str, str]) -> list[Json]:
    return [{"did": did, "did_name": name} for did, name in entries]


def shared(number: str, *extensions: int, name: str = "") -> Json:
    members = [{"type": "extension", "id": extension} for extension in extensions]
    return {"outbound_cid_option": "shared", "outbound_cid": number, "outbound_cid_name": name, "ext_list": members}


def _bystander(number: int = 90) -> Part:
    """Stand by: a trunk that the workbook does not name."""
    return Part(live=register(number, f"Bystander-{number}", "442079469990"))


def _moved(number: int, **more: str) -> Part:
    """Move a trunk to another carrier, with a password."""
    host, secret = f"new{number}.example", f"Sample-new-{number}"
    return Part(
        live=register(number, f"T{number}", f"4420794601{number:02}"),
        cells={"Name": f"T{number}", "Hostname": host, "Port": "5070", "Password": secret, **more},
        wanted={"hostname": host, "port": 5070, "password": secret},
    )


def _count(rng: Random) -> range:
    return range(1, rng.randint(4, 8) + 1)


def fields(rng: Random) -> Story:
    """Change nothing but fields, of all three types."""
    peer = {"id": 70, "name": "Peer", "type": "peer", "hostname": "old.example", "port": 5060}
    account = {"id": 71, "name": "Branch", "type": "account", "username": "branch", "password": "Sample-old-71"}
    odd = [
        Part(live=peer, cells={"Name": "Peer", "Hostname": "10.0.0.9"}, wanted={"hostname": "10.0.0.9"}),
        Part(live=account, cells={"Name": "Branch", "Username": "branch-2"}, wanted={"username": "branch-2"}),
    ]
    return Story(name="fields", parts=[*map(_moved, _count(rng)), *odd, _bystander()])


def lists_replaced(rng: Random) -> Story:
    """Give trunks other lists, in another order."""
    parts = []
    for n in _count(rng):
        new = [(f"44207947{n:02}{i:02}", f"Desk {i}") for i in range(rng.randint(1, 9), 0, -1)]
        caller = {"Option": "shared", "Caller ID": f"44207948{n:02}", "Caller ID name": "Sales", "Extensions": "1001"}
        parts.append(
            Part(
                live=register(n, f"T{n}", "442079460101", outbound_cid_list=[shared("442079460101", 2)]),
                cells={"Name": f"T{n}", "DIDs mode": "replace", "Caller IDs mode": "replace"},
                dids=new,
                caller_ids=[caller],
                wanted={"did_list": dids(*new), "outbound_cid_list": [shared(f"44207948{n:02}", 1, name="Sales")]},
            )
        )
    return Story(name="lists replaced", parts=[*parts, _bystander()])


def add_and_remove(rng: Random) -> Story:
    """Add to some lists, take from others."""
    parts = []
    for n in _count(rng):
        first, second, third = (f"4420794{i}{n:02}0" for i in (61, 62, 63))
        live = register(n, f"T{n}", first, second)
        if n % 2:
            edit, after = [(third, "New")], dids((first, ""), (second, ""), (third, "New"))
        else:
            edit, after = [(first, "")], dids((second, ""))
        cells = {"Name": f"T{n}", "DIDs mode": "add" if n % 2 else "remove"}
        parts.append(Part(live=live, cells=cells, dids=edit, wanted={"did_list": after}))
    return Story(name="add and remove", parts=parts)


def renames(rng: Random) -> Story:
    """Call trunks otherwise."""
    parts = [
        Part(
            live=register(n, f"T{n}", f"4420794601{n:02}"),
            cells={"Trunk ID": str(n), "Name": f"London-{n}", "Port": "5071"},
            wanted={"name": f"London-{n}", "port": 5071},
        )
        for n in _count(rng)
    ]
    return Story(name="renames", parts=[*parts, _bystander()])


def disabled(rng: Random) -> Story:
    """Switch trunks off, and empty a field and a list."""
    parts = [
        Part(
            live=register(n, f"T{n}", f"4420794601{n:02}", def_outbound_cid="442079460100"),
            cells={"Name": f"T{n}", "Enabled": "no", "Default caller ID": "<clear>"},
            dids=[("<clear>", "")],
            wanted={"enable": 0, "def_outbound_cid": "", "did_list": []},
        )
        for n in _count(rng)
    ]
    return Story(name="disabled", parts=parts, flags=("--allow", "removals", *LOSING_NUMBERS))


def refused(rng: Random) -> Story:
    """Meet a PBX that says no to one of them."""
    parts = list(map(_moved, _count(rng)))
    no = rng.choice(parts)
    parts[parts.index(no)] = Part(live=no.live, cells=no.cells, ending="refused")
    fault = {"call": "trunk/update", "match": {"id": no.id}, "do": "errcode", "errcode": 40002, "times": "always"}
    return Story(name="refused", parts=parts, faults=[fault])


def failing_at_first(rng: Random) -> Story:
    """Meet a PBX that needs a second try for some."""
    parts = list(map(_moved, _count(rng)))
    ways: list[Json] = [{"do": "drop_before"}, {"do": "errcode", "errcode": -2}, {"do": "drop_after"}]
    chosen = rng.sample(parts, 2)
    faults = [{"call": "trunk/update", "match": {"id": part.id}, **rng.choice(ways)} for part in chosen]
    return Story(
        name="failing at first", parts=parts, faults=faults, sent_again=dict.fromkeys((part.id for part in chosen), 1)
    )


def skipping(rng: Random) -> Story:
    """Leave some out, and find others as they shall be."""
    parts = list(map(_moved, _count(rng)))
    skip = Part(live=register(80, "T80"), cells={"Name": "T80", "Port": "1", "Action": "skip"}, ending="skipped")
    kept = Part(live=register(81, "T81"), cells={"Name": "T81", "Hostname": "old.example"}, ending="unchanged")
    return Story(name="skipping", parts=[skip, *parts, kept])


def only(rng: Random) -> Story:
    """Choose some of them."""
    parts = list(map(_moved, _count(rng)))
    names = {part.cells["Name"] for part in rng.sample(parts, 3)}
    whole = [
        part if part.cells["Name"] in names else Part(live=part.live, cells=part.cells, ending="not run", chosen=False)
        for part in parts
    ]
    return Story(name="only", parts=whole, flags=("--only", *sorted(names), *LOSING_NUMBERS))


def invalid(rng: Random) -> Story:
    """Leave out whole what has a mistake in one row."""
    wrong = Part(
        live=register(60, "T60"),
        cells={"Name": "T60", "Hostname": "new.example"},
        dids=[("not a number ?", "")],
        ending="blocked",
        endings={"DIDs": "invalid"},
    )
    return Story(name="invalid", parts=[*map(_moved, _count(rng)), wrong], flags=("--skip-invalid", *LOSING_NUMBERS))


def csv_folder(rng: Random) -> Story:
    """Come as a folder of CSV files."""
    story = lists_replaced(rng)
    return Story(name="CSV folder", parts=story.parts, csv=True)


STORIES: Final[tuple[Callable[[Random], Story], ...]] = (
    fields,
    lists_replaced,
    add_and_remove,
    renames,
    disabled,
    refused,
    failing_at_first,
    skipping,
    only,
    invalid,
    csv_folder,
)
