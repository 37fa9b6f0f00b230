"""did-reassignment: two thousand numbers find new homes when departments move between twenty trunks.

Seven trunks gain numbers (*add*), seven lose some (*remove*), four get a wholly new list (*replace*), one is emptied
on purpose, and one, with its mode left blank, only gains and so is no hazard.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from batch.schema import columns
from samples.making.files import Cell, page_of, write_pbx, write_workbook

TRUNKS: Final = tuple(f"HQ-{number:02d}" for number in range(1, 21))
ROWS: Final = 105
"""DID rows of each trunk but the first and the last two."""
_TEAMS: Final = ("Claims", "Policies", "Legal", "Réclamations", "Buchhaltung", "Atención", "お客様窓口")


def make(folder: Path) -> None:
    """Write workbook and PBX."""
    write_workbook(
        folder / "trunks.xlsx",
        page_of(columns.TRUNKS, _trunks(), ("Moved by",)),
        page_of(columns.DIDS, _dids(), ("Floor",)),
    )
    write_pbx(folder / "pbx.json", {"trunks": [_live(at) for at in range(len(TRUNKS))]})


def mode(at: int) -> str:
    """Return the mode of trunk number ``at``, counted from 0."""
    if at < 7:
        return "add"
    if at < 14:
        return "remove"
    return "replace" if at < 18 else ""


def _trunks() -> Iterator[dict[str, Cell]]:
    for at, name in enumerate(TRUNKS):
        row: dict[str, Cell] = {"name": name, "Moved by": "Facilities" if at % 2 else "Telephony"}
        if mode(at):
            row["dids_mode"] = mode(at)
        yield row


def _number(at: int, i: int) -> str:
    return f"4420794{at:02d}{i:03d}"


def _dids() -> Iterator[dict[str, Cell]]:
    """Yield 2,000 rows."""
    for at in range(len(TRUNKS)):
        for row in _rows(at):
            yield {"trunk": TRUNKS[at], **row, "Floor": f"{at % 5 + 1}"}


def _rows(at: int) -> Iterator[dict[str, Cell]]:
    match mode(at):
        case "add":  # the first ones are live already: one gets a name, one loses its own, the rest is new
            for i in range(140, 140 + ROWS + (5 if at == 0 else 0)):
                row: dict[str, Cell] = {"did": _number(at, i)}
                if i == 140:
                    row["did_name"] = "<clear>"
                elif i == 141:
                    row["did_name"] = _TEAMS[at % len(_TEAMS)]
                yield row
        case "remove":  # every second one, and one that is not there
            for i in range(0, 2 * ROWS, 2):
                yield {"did": _number(at, i if at > 7 or i else 999)}
        case "replace":  # backwards, with two that were not there before
            for i in reversed(range(ROWS)):
                yield {"did": _number(at, i + 2), "did_name": _TEAMS[i % len(_TEAMS)] if i % 3 == 0 else ""}
        case _ if at == len(TRUNKS) - 1:
            yield {"did": "<clear>"}
        case _:  # the live ones in their order, and four more
            for i in range(104):
                yield {"did": _number(at, i)}


def _live(at: int) -> dict[str, Any]:
    held = {"add": 150, "remove": 2 * ROWS, "replace": ROWS}.get(mode(at), 100)
    return {
        "id": 101 + at,
        "name": TRUNKS[at],
        "type": "peer" if at % 4 == 3 else "register",
        "hostname": "sip.northwind-voice.example",
        "port": 5060,
        "did_list": [{"did": _number(at, i), "did_name": f"Desk {i}" if i % 20 == 0 else ""} for i in range(held)],
    }
