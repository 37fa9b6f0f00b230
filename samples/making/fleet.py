"""fleet: an insurance company's twelve offices leave their carrier in one night, in three waves, from one workbook.

Leeds goes first and alone. Cardiff's PBX is away that night, Glasgow's refuses the sign-in, Birmingham's is
slow, and a row of Nottingham is wrong: the other offices do not wait for them. One number is answered in two offices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from batch.schema import columns
from samples.making.files import Cell, lined, page_of, write_pbx, write_text, write_workbook


class Office(NamedTuple):
    """One office, and its PBX."""

    wave: int
    numbers: str
    """What its numbers begin with; three digits follow."""
    held: int
    """So many numbers it has."""
    site: str
    contact: str


OFFICES: Final[Mapping[str, Office]] = {
    "leeds": Office(1, "441134960", 9, "north", "Anna Whitaker"),
    "bristol": Office(2, "441174960", 5, "south", "Tom Hale"),
    "cardiff": Office(2, "442920180", 4, "south", "Rhys Bevan"),
    "leicester": Office(2, "441164960", 4, "south", "Priya Shah"),
    "nottingham": Office(2, "441154960", 5, "south", "Ellen Marsh"),
    "belfast": Office(3, "442896496", 4, "north", "Niall Quinn"),
    "birmingham": Office(3, "441214960", 8, "south", "Grace Obi"),
    "edinburgh": Office(3, "441314960", 6, "north", "Isla Munro"),
    "glasgow": Office(3, "441414960", 6, "north", "Ewan Reid"),
    "liverpool": Office(3, "441514960", 5, "north", "Kate Rimmer"),
    "manchester": Office(3, "441614960", 8, "north", "Omar Aziz"),
    "sheffield": Office(3, "441144960", 4, "north", "Joe Lister"),
}
_DESKS: Final = ("Reception", "Claims", "Policies", "Renewals", "Complaints", "Canteen", "Legal", "Surveyors", "Lift")
_CLAIMS_LINE: Final = "443069990123"
"""A number of the whole company, which two offices answer."""
_ANSWERING: Final = ("leeds", "manchester")
_MISHAPS: Final[Mapping[str, Any]] = {
    "birmingham": {"latency": 0.1},
    "cardiff": [{"call": "*", "do": "drop_before", "times": "always"}],
    "glasgow": [{"call": "get_token", "do": "errcode", "errcode": -1, "times": "always"}],
}


def make(folder: Path) -> None:
    """Write the workbook, a PBX for each office, what is the matter with three of them, and profiles."""
    write_workbook(
        folder / "offices.xlsx",
        page_of(columns.TRUNKS, _trunks(), ("Contact",)),
        page_of(columns.CALLER_IDS, _caller_ids()),
        page_of(columns.DIDS, _dids()),
    )
    for name, office in OFFICES.items():
        write_pbx(folder / f"offices.{name}.pbx.json", _pbx(name, office))
    for name, mishaps in _MISHAPS.items():
        write_text(folder / f"offices.{name}.faults.json", lined(mishaps, deep=1) + "\n")
    write_text(folder / "profiles.toml", _profiles())


def _trunks() -> Iterator[dict[str, Cell]]:
    for name, office in OFFICES.items():
        yield {
            "pbx": name,
            "wave": f"{office.wave}",
            "name": "Carrier",
            "hostname": "sbc.northwind-voice.example",
            "def_outbound_cid": f"{office.numbers}000",
            "username": f"nw-{name}",
            "password": f"Sample-{name}-2026" if name == "leeds" else "",
            "Contact": office.contact,
        }
        yield {"pbx": name, "name": "Backup", "hostname": "sbc2.northwind-voice.example", "Contact": office.contact}


def _caller_ids() -> Iterator[dict[str, Cell]]:
    for name, office in OFFICES.items():
        row = {"pbx": name, "trunk": "Carrier", "outbound_cid_option": "shared"}
        yield {**row, "outbound_cid": f"{office.numbers}001", "outbound_cid_name": "Claims", "extensions": "1001, 1002"}


def _dids() -> Iterator[dict[str, Cell]]:
    for name, office in OFFICES.items():
        row: dict[str, Cell] = {"pbx": name, "trunk": "Carrier"}
        for desk in range(office.held):
            yield {**row, "did": f"{office.numbers}{desk:03}", "did_name": _DESKS[desk]}
        yield {**row, "did": f"{office.numbers}100-{'109' if name != 'nottingham' else '010'}"}
        if name in _ANSWERING:
            yield {**row, "did": _CLAIMS_LINE, "did_name": "Claims line"}


def _pbx(name: str, office: Office) -> dict[str, Any]:
    dids: Sequence[tuple[str, str]] = [(f"{desk:03}", _DESKS[desk]) for desk in range(office.held)]
    carrier = {
        "id": 1,
        "name": "Carrier",
        "type": "register",
        "hostname": "sip.oldtel.example",
        "port": 5060,
        "username": f"{name}@oldtel",
        "password": f"Sample-{name}-2019",
        "def_outbound_cid": "",
        "did_list": [{"did": f"{office.numbers}{number}", "did_name": desk} for number, desk in dids],
        "outbound_cid_list": [],
    }
    backup = {"id": 2, "name": "Backup", "type": "peer", "hostname": "sip2.oldtel.example", "port": 5060}
    people = [{"id": at, "number": f"{1000 + at}", "caller_id_name": desk} for at, (_, desk) in enumerate(dids, 1)]
    return {"trunks": [carrier, backup | {"did_list": [], "outbound_cid_list": []}], "extensions": people}


def _profiles() -> str:
    lines = ["# A table for each PBX: what the column PBX of the workbook names. See README.md beside this file."]
    for at, (name, office) in enumerate(OFFICES.items(), 1):
        lines += [
            "",
            f"[{name}]",
            f'url = "https://192.0.2.{at}:8088"',
            f'client_id = "trunk-batch-{name}"',
            f'secret_file = "secrets/{name}"',
            f"wave = {office.wave}",
            f'site = "{office.site}"',
            'time_zone = "Europe/London"',
        ]
    return "\n".join(lines) + "\n"
