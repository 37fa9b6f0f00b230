"""csv-from-a-colleague: three CSV files out of another spreadsheet program.

Semicolons between the values, one file in UTF-8 with a mark, two in the Western encoding of old; headers in several
spellings, columns in the colleague's own order, and one column more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from samples.making.files import write_csv, write_pbx

_TRUNKS = (
    ("Name", "Bemerkung", "Codecs", "hostname", "PORT", "Password", "DIDs mode", "Default caller ID name"),
    ("Koeln-1", "Hauptleitung", "g722, alaw", "sip.nordstimme.example", "5061", "Sample-koeln-neu", "", "Möbel Groß"),
    ("Koeln-2", "Lager", "alaw", "sip.nordstimme.example", "5061", "", "add", ""),
    ("", "", "", "", "", "", "", ""),
    ("Zuerich-1", "übernimmt Basel", "alaw;ulaw", "192.0.2.41", "5060", "", "remove", "Möbel Groß Zürich"),
    ("Lille-1", "neu seit März", "alaw", "192.0.2.42", "5060", "", "", "<clear>"),
    ("Aussendienst", "Konto", "alaw,gsm", "", "", "Sample-aussen-neu", "", ""),
)
_CALLER_IDS = (
    ("Option", "Trunk", "caller_id", "Caller ID name", "Extensions", "Extension-Range", "Extension groups"),
    ("shared", "Koeln-1", "+4922147101", "Empfang Köln", "2001,2002", "", ""),
    ("range", "Koeln-1", "+49221471011-+49221471015", "", "", "2011-2015", ""),
    ("shared", "Koeln-2", "+4922147120", "Lager Süd", "", "", "Lager & Versand"),
    ("shared", "Zuerich-1", "+41445550101", "Zürich", "2003", "", "Außendienst"),
    ("shared", "Aussendienst", "+4922147109", "Außendienst", "", "", "Außendienst"),
)
_DIDS = (
    ("DDI", "Trunk", "DID_name"),
    ("4922147101", "Koeln-1", "Empfang Köln"),
    ("4922147102", "Koeln-1", "Geschäftsführung"),
    ("49221471011-15", "Koeln-1", "Durchwahl"),
    ("4922147109X", "Koeln-1", ""),
    ("4922147120", "Koeln-2", "Lager Süd"),
    ("4922147121", "Koeln-2", "Fräserei"),
    ("41445550199", "Zuerich-1", ""),
    ("33365710101", "Lille-1", "Accueil été"),
    ("33365710102", "Lille-1", "Société Mère"),
)


def make(folder: Path) -> None:
    """Write the CSV folder and the PBX beside it."""
    write_csv(folder / "trunks" / "trunks.csv", _TRUNKS, delimiter=";", encoding="utf-8-sig")
    write_csv(folder / "trunks" / "caller_ids.csv", _CALLER_IDS, delimiter=";", encoding="cp1252")
    write_csv(folder / "trunks" / "dids.csv", _DIDS, delimiter=";", encoding="cp1252")
    write_pbx(folder / "pbx.json", _pbx())


def _pbx() -> dict[str, Any]:
    credentials = {"username": "moebel-gross", "auth_name": "", "enb_outbound_proxy": 0}
    old = {"hostname": "alt.telefon.example", "port": 5060, "domain": ""}
    return {
        "trunks": [
            {"id": 1, "name": "Koeln-1", "type": "register", "password": "Sample-koeln-alt", **old, **credentials}
            | {"codec_sel": "alaw,ulaw", "did_list": _list("4922147101", "4922147102")},
            {"id": 2, "name": "Koeln-2", "type": "register", "password": "Sample-lager-alt", **old, **credentials}
            | {"codec_sel": "alaw", "did_list": _list("4922147120")},
            {"id": 3, "name": "Zuerich-1", "type": "peer", **old, "codec_sel": "ulaw"}
            | {"did_list": _list("41445550101", "41445550199")},
            {"id": 4, "name": "Lille-1", "type": "peer", "hostname": "192.0.2.42", "port": 5060, "codec_sel": "alaw"}
            | {
                "def_outbound_cid_name": "",
                "did_list": [_did("33365710101", "Accueil été"), _did("33365710102", "Société Mère")],
            },
            {"id": 5, "name": "Aussendienst", "type": "account", "username": "ad", "password": "Sample-aussen-alt"}
            | {"codec_sel": "gsm"},
        ],
        "extensions": [
            {"id": i, "number": str(2000 + i), "caller_id_name": name}
            for i, name in enumerate(("Jürgen", "Käthe", "Bärbel", *["Arbeitsplatz"] * 12), 1)
        ],
        "extension_groups": [{"id": 7, "name": "Lager & Versand"}, {"id": 8, "name": "Außendienst"}],
        "settings": {"expiry_as_text": True, "trunk_get_as_list": True},
    }


def _list(*numbers: str) -> list[dict[str, str]]:
    return [_did(number, "") for number in numbers]


def _did(number: str, name: str) -> dict[str, str]:
    return {"did": number, "did_name": name}
