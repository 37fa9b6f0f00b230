"""mistakes: a workbook in which everything is wrong once, each row named for what is wrong with it.

What cannot stand beside the others (no Trunks sheet, no rows …) has a small workbook of its own in ``also/``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from batch.schema import columns
from samples.making.files import Cell, Formula, Page, page_of, write_csv, write_pbx, write_text, write_workbook

_WRONG: Final = "#What is wrong here"
_NOT_AVAILABLE: Final = Formula("=NA()", "#N/A")


def make(folder: Path) -> None:
    """Write the workbook, its PBX, and the small ones."""
    trunks = page_of(columns.TRUNKS, _trunks(), (_WRONG,))
    header = [*trunks.lines[0], "Outbund proxy server", "Host", "PBX ID", _NOT_AVAILABLE]
    write_workbook(
        folder / "trunks.xlsx",
        Page(
            name=trunks.name,
            lines=[header, *trunks.lines[1:]],
            widths=trunks.widths,
            colours=trunks.colours,
            hidden_rows=frozenset({2}),
        ),
        page_of(columns.CALLER_IDS, _caller_ids(), (_WRONG,), hidden=True),
        page_of(columns.DIDS, _dids(), (_WRONG,)),
        Page(name="DID numbers", lines=[("Trunk", "DID"), ("lists", "442079460999")]),
        Page(name="Remarks", lines=[("Nothing here is read.",)]),
    )
    write_pbx(folder / "pbx.json", _pbx())
    _also(folder / "also")


def _also(folder: Path) -> None:
    write_text(folder / "not-readable.xlsx", "%PDF-1.7 pretends to be a workbook\n")
    write_workbook(folder / "sheet-missing.xlsx", Page(name="Lines", lines=[("Name",), ("London-1",)]))
    write_workbook(folder / "sheet-empty.xlsx", Page(name="Trunks", lines=[("Name", "Enabled")]))
    trunks = Page(name="Trunks", lines=[("Name", "Enabled"), ("London-1", "yes")])
    write_workbook(
        folder / "sheet-near.xlsx", trunks, Page(name="DIIDs", lines=[("Trunk", "DID"), ("London-1", "442079460100")])
    )
    write_workbook(
        folder / "header-missing.xlsx",
        trunks,
        Page(name="DIDs", lines=[("Trunk", "Telephone"), ("London-1", "442079460100")]),
    )
    lines = [["Name", "Default caller ID name"], ["London-1", "Zoë's café"]]
    write_csv(folder / "file-detected" / "trunks.csv", lines, delimiter=";", encoding="cp1252")


def _wrong(code: str, **cells: Cell) -> dict[str, Cell]:
    """Make a row of the Trunks sheet that is found by its name, which says what is wrong."""
    return {"name": code, **cells, _WRONG: code}


def _trunks() -> Iterator[dict[str, Cell]]:
    yield _wrong("rows-hidden", enable="yes")
    yield _wrong("cell-error", hostname=_NOT_AVAILABLE)
    yield _wrong("cell-no-value", hostname=Formula('=B3&".example"'))
    yield _wrong("cell-date", port=dt.date(2026, 6, 5))
    yield _wrong("cell-boolean", domain=True)
    yield _wrong("cell-fraction", port=5060.5)
    yield _wrong("cell-line-break", domain="sip.example\nport 5060")
    yield _wrong("cell-repaired", domain="  sip.example ")
    yield _wrong("clear-not-allowed", hostname="<clear>")
    yield _wrong("not-a-choice", transport="sctp")
    yield _wrong("not-a-number", port="sip")
    yield _wrong("too-long", auth_name="a" * 256)
    yield {"id": "20", "name": "bad characters", _WRONG: "bad-characters"}
    yield _wrong("codec-unknown", codec_sel="alaw,mp3")
    yield _wrong("codec-twice", codec_sel="alaw,ulaw,alaw")
    yield _wrong("secret-hidden", password="<type again>")  # noqa: S106 - the sample's own
    yield _wrong("secret-not-allowed", password="env:NO_SUCH_VARIABLE")  # noqa: S106 - as above
    yield _wrong("secret-blanks", password="Sample-with-a-blank ")  # noqa: S106 - as above
    yield {"enable": "yes", _WRONG: "trunk-unnamed"}
    yield {"id": "25", "enable": "yes"}
    yield {"id": "25", "port": "5061", _WRONG: "trunk-twice"}
    yield {"id": "21", "name": "name-twice"}
    yield {"id": "22", "name": "name-twice", _WRONG: "name-twice"}
    yield {"id": "40", "enable": "yes"}
    yield {"name": "40", "enable": "yes"}
    yield _wrong("field-not-of-type", type="account", hostname="sip.example")
    yield _wrong("mode-without-rows", dids_mode="replace")
    yield _wrong("trunk-gone-missing", enable="yes") | {_WRONG: "trunk-gone"}
    yield _wrong("trunk-not-editable", enable="yes")
    yield _wrong("trunk-shared", enable="no")
    yield _wrong("type-differs", type="peer")
    yield {"id": "23", "name": "taken-by-another", _WRONG: "name-taken"}
    yield {"id": "24", "enable": "yes"}
    yield _wrong("same-live-trunk", port="5061")
    yield {"name": "lists", "dids_mode": "replace", "caller_ids_mode": "replace"}
    yield {"name": "add", "dids_mode": "add", "caller_ids_mode": "add", _WRONG: "live-entry-incomplete"}
    yield {"name": "remove", "dids_mode": "remove"}
    yield {"name": "cloud", "dids_mode": "add"}
    yield {"name": "clear"}
    yield {"name": "callers"}


def _did(trunk: str, did: Cell, wrong: str = "", **more: Cell) -> dict[str, Cell]:
    return {"trunk": trunk, "did": did, **more, _WRONG: wrong}


def _dids() -> Iterator[dict[str, Cell]]:
    yield _did("lists", "", "required", did_name="Reception")
    yield _did("lists", float(442079460100123456), "cell-number-lost")
    yield _did("lists", "442079460109-442079460100", "range-backwards")
    yield _did("lists", "442079460100..4420794602000", "range-malformed")
    yield _did("lists", "442079400000-442079499999", "range-too-long")
    yield _did("lists", "0207-946", "dash-unclear")
    yield _did("lists", "442079460120-122", "range-expanded")
    yield _did("lists", "442079460121", "did-twice")
    yield _did("trunk-unknwon", "442079460130", "trunk-unknown")
    yield _did("40", "442079460131", "trunk-ambiguous")
    yield _did("clear", "<clear>", "clear-not-alone")
    yield _did("clear", "442079460140")
    yield _did("add", "442079460122", "did-on-two-trunks")
    yield _did("add", "442079460150", "key-ambiguous")
    yield _did("remove", "442079460160", "entry-not-there")
    yield _did("cloud", "44207946017[0-4]", "pattern-not-on-cloud")


def _caller(caller_id: str, wrong: str = "", trunk: str = "lists", **more: Cell) -> dict[str, Cell]:
    option = "range" if "-" in caller_id else "shared"
    return {"trunk": trunk, "outbound_cid_option": option, "outbound_cid": caller_id, **more, _WRONG: wrong}


def _caller_ids() -> Iterator[dict[str, Cell]]:
    yield _caller("442079460120-442079460122", "range-unequal", outbound_cid_to_ext_range="1001-1002")
    yield _caller("442079460120", extensions="1001")
    yield _caller("442079460120", "caller-id-twice", extensions="1002")
    yield _caller("442079460121", "extension-malformed", extensions="Ann")
    yield _caller("442079460122", "option-mismatch", extensions="1003", outbound_cid_to_ext_range="1003-1003")
    yield _caller("442079460140", "extensions-missing", trunk="callers")
    yield _caller("442079460140-442079460141", "extension-range-missing", trunk="callers")
    yield _caller("442079460142", "extension-unknown", trunk="callers", extensions="1999")
    yield _caller("442079460143", "group-unknown", trunk="callers", extension_groups="Salse")
    yield _caller("442079460150", trunk="add", extensions="1004")
    yield _caller("442079460151", "extension-in-two-entries", trunk="add", extensions="1004")
    yield _caller("448081570200", "caller-id-not-a-did", trunk="add", extensions="1005")


def _pbx() -> dict[str, Any]:
    """Make a PBX that has every trunk which the workbook does not get wrong."""
    named = [str(row["name"]) for row in _trunks() if "name" in row and "id" not in row]
    known = [name for name in dict.fromkeys(named) if name != "trunk-gone-missing"]
    trunks = [_register(number, name) for number, name in enumerate(known, 101) if name != "same-live-trunk"]
    trunks += [_register(number, f"by-id-{number}") for number in (20, 21, 22, 23, 25, 40)]
    trunks += [_register(24, "same-live-trunk"), _register(60, "taken-by-another")]
    by_name = {trunk["name"]: trunk for trunk in trunks}
    account = by_name["field-not-of-type"]
    for field in ("hostname", "port", "domain", "did_list"):
        account.pop(field)
    account["type"] = "account"
    by_name["trunk-not-editable"]["type"] = "FXO"
    by_name["trunk-shared"]["shared"] = True
    by_name["cloud"] |= {"type": "peer_did"}
    for field in ("username", "password"):
        by_name["cloud"].pop(field)
    numbers = ("442079460150", "442079460151", "442079460150")
    by_name["add"]["did_list"] = [{"did": number, "did_name": ""} for number in numbers]
    by_name["add"]["outbound_cid_list"] = [
        {"outbound_cid_option": "shared", "outbound_cid": "442079460159", "outbound_cid_name": "", "ext_list": []}
    ]
    by_name["remove"]["did_list"] = [{"did": "442079460161", "did_name": ""}]
    return {
        "trunks": trunks,
        "extensions": [{"id": i, "number": str(1000 + i), "caller_id_name": f"Person {i}"} for i in range(1, 11)],
        "extension_groups": [{"id": 1, "name": "Sales"}],
        "settings": {"shows_shared": True},
    }


def _register(number: int, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "type": "register",
        "hostname": "sip.oldtel.example",
        "port": 5060,
        "domain": "oldtel.example",
        "username": f"user{number}",
        "password": f"Sample-{number}",
        "did_list": [],
        "outbound_cid_list": [],
    }
