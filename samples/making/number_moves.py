"""number-moves: a company in Leeds changes its carrier, and departments change floors in the same night.

A block, a pattern and single numbers leave the old carrier's trunk, which has no row; two departments swap numbers; a
third one's goes on to a fourth. One number ends nowhere and one on two trunks, as somebody overlooked; and the
carrier's order has one that the workbook lacks, lacks one, and has one twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from batch.schema import columns
from samples.making.files import Cell, page_of, write_pbx, write_workbook

OLD, NEW = "Old-Carrier", "New-Carrier"
_BLOCK: Final = [f"4411349600{i:02}" for i in range(20)]
_SINGLES: Final = [f"441134960{i}" for i in (140, 152, 163)]
_DEPARTMENTS: Final = {
    "Sales": ["441134960300", "441134960301"],
    "Service": ["441134960310", "441134960311"],
    "Legal": ["441134960320", "441134960321"],
    "Finance": ["441134960330"],
    "Archive": ["441134960340", "441134960341"],
}


def make(folder: Path) -> None:
    """Write workbook, PBX and the carrier's order."""
    write_workbook(
        folder / "trunks.xlsx",
        page_of(columns.TRUNKS, _trunks()),
        page_of(columns.DIDS, _dids(), ("Ticket",)),
    )
    write_pbx(folder / "pbx.json", {"trunks": list(_live()), "inbound_routes": list(_routes())})
    (folder / "port-order.csv").write_text(_order(), encoding="utf-8", newline="")


def _trunks() -> Iterator[dict[str, Cell]]:
    yield {"name": NEW}
    yield {"name": "Sales"}
    yield {"name": "Service"}
    yield {"name": "Legal"}
    yield {"name": "Finance", "dids_mode": "add"}
    yield {"name": "Archive", "dids_mode": "remove"}


def _dids() -> Iterator[dict[str, Cell]]:
    ported: dict[str, Cell] = {"trunk": NEW, "move_from": OLD, "Ticket": "PORT-7714"}
    yield {**ported, "did": "441134960000-441134960019"}
    yield {**ported, "did": "44113496009X", "did_name": "Conference rooms"}
    yield from ({**ported, "did": did} for did in _SINGLES)
    yield {"trunk": "Sales", "did": "441134960310", "move_from": "Service", "Ticket": "FLOOR-2"}
    yield {"trunk": "Service", "did": "441134960301", "did_name": "Service desk", "move_from": "Sales"}
    yield {"trunk": "Legal", "did": "441134960300", "move_from": "Sales", "Ticket": "FLOOR-3"}
    yield {"trunk": "Finance", "did": "441134960320", "move_from": "Legal"}
    yield {"trunk": "Finance", "did": "01134960341", "did_name": "Pensions"}
    yield {"trunk": "Archive", "did": "441134960340"}


def _live() -> Iterator[dict[str, Any]]:
    old = [{"did": did, "did_name": f"Line {did[-2:]}"} for did in _BLOCK]
    old += [{"did": "44113496009X", "did_name": ""}, *({"did": did, "did_name": "Reception"} for did in _SINGLES)]
    old.append({"did": "441134960199", "did_name": "Lift"})
    yield _trunk(1, OLD, old)
    yield _trunk(2, NEW, [])
    for number, (name, dids) in enumerate(_DEPARTMENTS.items(), 3):
        yield _trunk(number, name, [{"did": did, "did_name": name} for did in dids])


def _trunk(number: int, name: str, dids: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "type": "register" if number > 1 else "peer",
        "hostname": "sip.aire-voice.example" if name == NEW else "sip.wharfe-telecom.example",
        "port": 5060,
        "did_list": dids,
    }


def _order() -> str:
    """Return the carrier's order: one number that the workbook lacks, one of it too few, and one twice."""
    block = "0113 496 0000 - 0113 496 0019"
    lines = ["Order PORT-7714;Aire Voice", "Number;Service", f"{block};Basic"]
    lines += [f"0113 496 0{i};Basic" for i in (140, 152, 152, 175)]
    lines += ["0113 496 0090 - 0113 496 0099;Conference"]
    return "\r\n".join(lines) + "\r\n"


def _routes() -> Iterator[dict[str, Any]]:
    """Yield a route for whatever comes by either carrier, and one for the departments' own lines that names numbers."""
    yield {"id": 1, "name": "Carriers", "did_option": "patterns", "did_pattern_list": [], "trunk_list": _ids(1, 2)}
    yield {
        "id": 2,
        "name": "Departments",
        "did_option": "patterns",
        "did_pattern_list": [{"did_pattern": "44113496030X"}, {"did_pattern": "44113496031X"}],
        "trunk_list": _ids(3, 4),
    }
    yield {
        "id": 3,
        "name": "Back office",
        "did_option": "patterns",
        "did_pattern_list": [{"did_pattern": "4411349603[234]X"}],
        "trunk_list": _ids(5, 6, 7),
    }


def _ids(*numbers: int) -> list[dict[str, int]]:
    return [{"id": number} for number in numbers]
