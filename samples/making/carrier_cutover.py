"""carrier-cutover: a company with twenty sites leaves its old carrier for a new one, all in one night.

Every site has a main trunk (register), a back-up trunk (peer) and the account its branch exchange signs in with.
Brisbane went ahead as a pilot, Cardiff's back-up line is given up, and Cologne's branch moves house and waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batch.schema import columns
from samples.making.files import Cell, Page, page_of, write_pbx, write_workbook

MAIN_DIDS: Final = 90
BACKUP_DIDS: Final = 60
"""Rows on the DIDs sheet for each main and each back-up trunk; with 20 sites 3,000 in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place of the company. A block is what stands before the last two digits of its numbers."""

    at: int
    name: str
    main: str
    backup: str
    contact: str
    reception: str
    sales: str

    @property
    def pilot(self) -> bool:
        """Whether it was moved before the others."""
        return self.name == "Brisbane"

    def number(self, block: str, i: int) -> str:
        """Return the DID number ``i`` of a block."""
        return f"{block}{i:02d}"

    def extension(self, i: int) -> str:
        """Return the extension number ``i`` of the site."""
        return f"{21 + self.at}{i:02d}"

    def extension_id(self, i: int) -> int:
        """Return the PBX's own id of it."""
        return self.at * 30 + i

    def trunk(self, which: str) -> str:
        """Return a trunk's name once all is done."""
        return f"{self.name}-{which}"

    def trunk_id(self, which: str) -> int:
        """Return the PBX's own id of a trunk."""
        return 11 + self.at * 3 + ("Main", "Backup", "Branch").index(which)


_PLACES: Final = (
    ("London", "4420794601", "4420794602", "Ann Whitfield", "Reception", "Sales"),
    ("Manchester", "4416149601", "4416149602", "Tom Ogden", "Reception", "Sales"),
    ("Birmingham", "4412149601", "4412149602", "Priya Nair", "Reception", "Sales"),
    ("Edinburgh", "4413149601", "4413149602", "Iain Muir", "Reception", "Sales"),
    ("Cardiff", "4429201801", "4429201802", "Siân Rhys", "Derbynfa", "Gwerthu"),
    ("Belfast", "4428964961", "4428964962", "Aoife Kane", "Reception", "Sales"),
    ("Paris", "331990010", "331990011", "Zoé Lefèvre", "Accueil", "Ventes"),
    ("Lyon", "334657101", "334657102", "François Bœuf", "Accueil", "Ventes"),
    ("Berlin", "4930231251", "4930231252", "Jörg Weiß", "Empfang", "Vertrieb"),
    ("Hamburg", "4940669691", "4940669692", "Käthe Brügge", "Empfang", "Vertrieb"),
    ("Munich", "4989999981", "4989999982", "Änne Groß", "Empfang München", "Vertrieb"),
    ("Frankfurt", "4969900091", "4969900092", "Uğur Şahin", "Empfang", "Vertrieb"),
    ("Cologne", "4922147101", "4922147102", "Nele Öztürk", "Empfang Köln", "Vertrieb"),
    ("Stockholm", "4684650041", "4684650042", "Åsa Sjöberg", "Reception", "Försäljning"),
    ("Gothenburg", "4631390061", "4631390062", "Göran Ek", "Växel", "Försäljning"),
    ("Warsaw", "4822555011", "4822555012", "Łucja Żak", "Recepcja", "Sprzedaż"),
    ("Athens", "3021055501", "3021055502", "Ελένη Δήμου", "Υποδοχή", "Πωλήσεις"),
    ("Tokyo", "8135550101", "8135550102", "佐藤 花子", "受付", "営業部"),
    ("Montreal", "151455501", "143855501", "Chloé Tremblay", "Réception", "Ventes"),
    ("Brisbane", "6175550101", "6175550102", "Ruby Lee", "Reception", "Sales"),
)
SITES: Final = tuple(
    Site(at=at, name=name, main=main, backup=backup, contact=contact, reception=reception, sales=sales)
    for at, (name, main, backup, contact, reception, sales) in enumerate(_PLACES)
)
_OLD_NAMES: Final = {"London": "LDN-old-1", "Munich": "Muenchen_1", "Tokyo": "JP-1", "Montreal": "MTL-1"}
"""Main trunks that get a new name on the way."""
_DESKS: Final = ("English desk", "Ligne française", "Deutsche Hotline", "Linia polska", "日本語窓口", "خط العربية")


def make(folder: Path) -> None:
    """Write workbook and PBX."""
    own = ("Site contact", "Notes")
    write_workbook(
        folder / "trunks.xlsx",
        page_of(columns.TRUNKS, _trunks(), own),
        page_of(columns.CALLER_IDS, _caller_ids()),
        page_of(columns.DIDS, _dids(), ("Porting order",)),
        Page(
            name="Night plan",
            lines=[
                ("When", "Who", "What"),
                ("22:00", "Carrier", "Numbers are released"),
                ("22:15", "Telephony", "trunk-batch plan, read by two people"),
                ("22:30", "Telephony", "trunk-batch apply"),
                ("23:00", "Site contacts", "Test calls in and out"),
            ],
            widths=(10, 18, 40),
        ),
    )
    write_pbx(folder / "pbx.json", _pbx())


def _trunks() -> Iterator[dict[str, Cell]]:
    for site in SITES:
        yield _main(site)
        yield _backup(site)
        yield _branch(site)
        if site.name in {"Belfast", "Lyon"}:
            yield {}  # people leave a blank row between countries


def _main(site: Site) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "type": "register",
        "name": site.trunk("Main"),
        "enable": "yes",
        "transport": "tls",
        "hostname": "sbc1.northwind-voice.example",
        "port": "5061",
        "domain": "northwind-voice.example",
        "username": f"nw{site.main}",
        "password": _new_password(site, "Main"),
        "auth_name": f"nw{site.main}",
        "enb_outbound_proxy": "yes",
        "outbound_proxy_server": "edge.northwind-voice.example",
        "outbound_proxy_port": "5061",
        "codec_sel": "g722, alaw, ulaw",
        "def_outbound_cid": f"+{site.number(site.main, 0)}",
        "def_outbound_cid_name": f"Alder & Sons {site.reception}",
        "dids_mode": "replace",
        "caller_ids_mode": "replace",
        "Site contact": site.contact,
    }
    if site.name in _OLD_NAMES:
        row |= {"id": str(site.trunk_id("Main")), "Notes": f"was {_OLD_NAMES[site.name]}"}
    if site.name == "Paris":
        row |= {"auth_name": "<clear>", "Notes": "no auth name with the new carrier"}
    if site.pilot:
        row["Notes"] = "pilot, moved last week"
    return row


def _backup(site: Site) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "id": str(site.trunk_id("Backup")),
        "type": "peer",
        "enable": "yes",
        "transport": "tcp",
        "hostname": f"198.51.100.{10 + site.at}",
        "port": "5060",
        "domain": "<clear>",
        "codec_sel": "alaw,ulaw,g729",
        "def_outbound_cid": f"+{site.number(site.backup, 0)}",
        "Site contact": site.contact,
    }
    if site.at % 2:
        row["dids_mode"] = "add"
    if site.name == "Cardiff":
        row |= {"enable": "no", "Notes": "line given up, kept until the end of the year"}
    return row


def _branch(site: Site) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "name": site.trunk("Branch"),
        "transport": "tls" if site.at % 3 else "tcp",
        "username": f"branch{site.extension(0)}",
        "password": _new_password(site, "Branch"),
        "codec_sel": "g722,alaw",
        "caller_ids_mode": "add",
        "Site contact": site.contact,
    }
    if site.at < 10:
        row["type"] = "account"
    if site.name == "Cologne":
        row |= {"action": "skip", "Notes": "moves house in spring, leave alone"}
    return row


def _new_password(site: Site, which: str) -> str:
    return f"Sample-new-{site.name}-{which}-{(site.at * 7919 + len(which) * 104729) % 100000:05d}"


def _caller_ids() -> Iterator[dict[str, Cell]]:
    """Yield five rows for each trunk."""
    for site in SITES:
        for which, block in (("Main", site.main), ("Backup", site.backup)):
            trunk = site.trunk(which) if which == "Main" else str(site.trunk_id(which))
            first, last = site.number(block, 10), site.number(block, 19)
            common: dict[str, Cell] = {"trunk": trunk, "outbound_cid_option": "shared"}
            yield {
                "trunk": trunk,
                "outbound_cid_option": "range",
                "outbound_cid": f"+{first}-+{last}",
                "outbound_cid_to_ext_range": f"{site.extension(1)}-{site.extension(10)}",
            }
            yield common | {
                "outbound_cid": f"+{site.number(block, 0)}",
                "outbound_cid_name": f"Alder & Sons {site.reception}",
                "extensions": f"{site.extension(11)}, {site.extension(12)}",
            }
            yield common | {
                "outbound_cid": f"+{site.number(block, 1)}",
                "outbound_cid_name": site.sales,
                "extension_groups": f"{site.name} Sales",
            }
            yield common | {
                "outbound_cid": f"+{site.number(block, 2)}",
                "outbound_cid_name": _DESKS[site.at % len(_DESKS)],
                "extensions": site.extension(13),
                "extension_groups": f'"{site.name} Service, Parts"',
            }
            # London shows the head office's free-phone number, which comes in elsewhere
            shown = "+448081570200" if site.name == "London" and which == "Main" else f"+{site.number(block, 3)}"
            yield common | {"outbound_cid": shown, "extensions": f"{site.extension(14)};{site.extension(15)}"}
        for i in range(5):
            yield {
                "trunk": site.trunk("Branch"),
                "outbound_cid_option": "shared",
                "outbound_cid": f"+{site.number(site.main, 40 + i)}",
                "outbound_cid_name": f"{site.sales} {i + 1}",
                "extensions": site.extension(21 + i),
            }


def _dids() -> Iterator[dict[str, Cell]]:
    for site in SITES:
        yield from _did_rows(site, site.trunk("Main"), site.main, MAIN_DIDS)
        yield from _did_rows(site, str(site.trunk_id("Backup")), site.backup, BACKUP_DIDS)


def _did_rows(site: Site, trunk: str, block: str, rows: int) -> Iterator[dict[str, Cell]]:
    order = f"NW-{site.at + 1:02d}-{block[-2:]}"
    numbers = [site.number(block, i) for i in range(rows)]
    names = _new_names(site)
    for i, number in enumerate(numbers):
        row: dict[str, Cell] = {"trunk": trunk, "did": number, "Porting order": order}
        if block == site.main and i in names:
            row["did_name"] = names[i]
        if (site.name, trunk, i) in {("London", "London-Main", 89), ("Berlin", "Berlin-Main", 89)}:
            row |= {"did": f"{site.number(block, 89)}-{site.number(block, 99)}", "did_name": "Direct lines"}
        elif block == site.main and i == 88:
            row |= {"did": f"{block[:-1]}9XX", "did_name": "Everything else"}
        elif site.name == "Stockholm" and block == site.backup and i == 59:
            row |= {"did": f"{block}[6-9]X"}
        yield row
    if site.name == "Edinburgh" and block == site.main:
        yield {}


def _new_names(site: Site) -> dict[int, str]:
    return {0: site.reception, 1: site.sales, 2: _DESKS[site.at % len(_DESKS)], 3: "Fax"}


def _pbx() -> dict[str, Any]:
    """Make the PBX before: old carrier, numbers mostly as they will be, a few that are not ported."""
    return {
        "trunks": [trunk for site in SITES for trunk in (_old_main(site), _old_backup(site), _old_branch(site))]
        + [{"id": 90, "name": "Lift-alarm", "type": "FXO"}],
        "extensions": [
            {"id": site.extension_id(i), "number": site.extension(i), "caller_id_name": f"{site.name} {i}"}
            for site in SITES
            for i in range(1, 31)
        ],
        "extension_groups": [
            {"id": site.at * 2 + i, "name": f"{site.name} {name}"}
            for site in SITES
            for i, name in enumerate(("Sales", "Service, Parts"), 1)
        ],
        "settings": {"no_extensiongroup_list": True, "ports_as_text": True},
    }


def _old_main(site: Site) -> dict[str, Any]:
    numbers = [site.number(site.main, i) for i in range(88)]
    if not site.pilot:
        # three numbers are not ported, five are new, and two departments stood the other way round
        numbers = [*numbers[:80], f"{site.main}97", f"{site.main}98", f"{site.main}99"]
        numbers[4], numbers[5] = numbers[5], numbers[4]
    names = _new_names(site)
    dids = [{"did": did, "did_name": names.get(i, "") if i != 1 else "Sales (old)"} for i, did in enumerate(numbers)]
    trunk: dict[str, Any] = {
        "id": site.trunk_id("Main"),
        "name": _OLD_NAMES.get(site.name, site.trunk("Main")),
        "type": "register",
        "status": 1,
        "enable": 1,
        "transport": "udp",
        "hostname": "sip.oldtel.example",
        "port": 5060,
        "domain": "oldtel.example",
        "username": f"ot{site.main}",
        "password": f"Sample-old-{site.name}-Main",
        "auth_name": f"ot{site.main}",
        "enb_outbound_proxy": 0,
        "outbound_proxy_server": "",
        "outbound_proxy_port": 5060,
        "codec_sel": "ulaw,alaw",
        "def_outbound_cid": site.number(site.main, 0),
        "def_outbound_cid_name": "Alder & Sons",
        "transparent_trans_180_msg": 0,
        "outbound_cid_list": [
            _shared(site.number(site.main, 0), "Alder & Sons", ("extension", site.extension_id(11))),
            _shared(site.number(site.main, 1), "", ("ext_group", site.at * 2 + 1)),
        ],
        "did_list": dids,
    }
    return _wanted_main(site, trunk) if site.pilot else trunk


def _wanted_main(site: Site, trunk: dict[str, Any]) -> dict[str, Any]:
    """Return the pilot's main trunk as the workbook wants it."""
    names = _new_names(site)
    dids = [{"did": site.number(site.main, i), "did_name": names.get(i, "")} for i in range(MAIN_DIDS)]
    dids[88] = {"did": f"{site.main[:-1]}9XX", "did_name": "Everything else"}
    return trunk | {
        "transport": "tls",
        "hostname": "sbc1.northwind-voice.example",
        "port": 5061,
        "domain": "northwind-voice.example",
        "username": f"nw{site.main}",
        "password": _new_password(site, "Main"),
        "auth_name": f"nw{site.main}",
        "enb_outbound_proxy": 1,
        "outbound_proxy_server": "edge.northwind-voice.example",
        "outbound_proxy_port": 5061,
        "codec_sel": "g722,alaw,ulaw",
        "def_outbound_cid": f"+{site.number(site.main, 0)}",
        "def_outbound_cid_name": f"Alder & Sons {site.reception}",
        "outbound_cid_list": _wanted_caller_ids(site, site.main),
        "did_list": dids,
    }


def _wanted_caller_ids(site: Site, block: str) -> list[dict[str, Any]]:
    def person(i: int) -> tuple[str, int]:
        return ("extension", site.extension_id(i))

    return [
        {
            "outbound_cid_option": "range",
            "outbound_cid": f"+{site.number(block, 10)}-+{site.number(block, 19)}",
            "outbound_cid_name": "",
            "outbound_cid_to_ext_range": f"{site.extension(1)}-{site.extension(10)}",
        },
        _shared(f"+{site.number(block, 0)}", f"Alder & Sons {site.reception}", person(11), person(12)),
        _shared(f"+{site.number(block, 1)}", site.sales, ("ext_group", site.at * 2 + 1)),
        _shared(f"+{site.number(block, 2)}", _DESKS[site.at % len(_DESKS)], person(13), ("ext_group", site.at * 2 + 2)),
        _shared(f"+{site.number(block, 3)}", "", person(14), person(15)),
    ]


def _old_backup(site: Site) -> dict[str, Any]:
    rows = BACKUP_DIDS if site.pilot else 40
    return {
        "id": site.trunk_id("Backup"),
        "name": site.trunk("Backup"),
        "type": "peer",
        "status": 42 if site.name == "Lyon" else 3,
        "enable": 1,
        "transport": "tcp" if site.pilot else "udp",
        "hostname": f"198.51.100.{10 + site.at}" if site.pilot else f"203.0.113.{10 + site.at}",
        "port": 5060,
        "domain": "" if site.pilot else "oldtel.example",
        "codec_sel": "alaw,ulaw,g729" if site.pilot else "ulaw,alaw",
        "def_outbound_cid": f"+{site.number(site.backup, 0)}" if site.pilot else "",
        "def_outbound_cid_name": "",
        "outbound_cid_list": _wanted_caller_ids(site, site.backup) if site.pilot else [],
        "did_list": [{"did": site.number(site.backup, i), "did_name": ""} for i in range(rows)],
    }


def _old_branch(site: Site) -> dict[str, Any]:
    old = [_shared(site.number(site.main, 40), "Branch", ("extension", site.extension_id(20)))]
    new = [
        _shared(f"+{site.number(site.main, 40 + i)}", f"{site.sales} {i + 1}", ("extension", site.extension_id(21 + i)))
        for i in range(5)
    ]
    return {
        "id": site.trunk_id("Branch"),
        "name": site.trunk("Branch"),
        "type": "account",
        "status": 1,
        "enable": 1,
        "transport": ("tls" if site.at % 3 else "tcp") if site.pilot else "udp",
        "username": f"branch{site.extension(0)}",
        "password": _new_password(site, "Branch") if site.pilot else f"Sample-old-{site.name}-Branch",
        "auth_name": "",
        "codec_sel": "g722,alaw" if site.pilot else "ulaw",
        "def_outbound_cid": "",
        "def_outbound_cid_name": "",
        "outbound_cid_list": old + new if site.pilot else old,
    }


def _shared(number: str, name: str, *members: tuple[str, int]) -> dict[str, Any]:
    return {
        "outbound_cid_option": "shared",
        "outbound_cid": number,
        "outbound_cid_name": name,
        "ext_list": [{"type": kind, "id": member} for kind, member in members],
    }
