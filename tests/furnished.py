"""A workbook with all that loading and saving it would lose, and packages looked at part by part."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import xlsxwriter

TRUNKS = (
    ("Name", "Type", "Hostname", "Port", "Codecs", "My remark"),
    ("London", "register", "sip.example.com", "5060", "alaw", "ask Anne"),
    ("Paris", "peer", "paris.example.com", "70000", "mp3", ""),
    ("Berlin", "register", "berlin.example.com", "abc", "alaw", ""),
)
DIDS = (
    ("Trunk", "DID", "DID name"),
    ("London", "442079460100", "Main"),
    ("London", "442079460100", "Again"),
    ("", "442079460101", "Nobody's"),
    ("Paris", "", "Blank"),
)
PROBLEMS = ("Trunks!D3", "Trunks!E3", "Trunks!D4", "DIDs!B3", "DIDs!A4", "DIDs!B5")
"""What is wrong in it."""


def write_furnished(path: Path) -> Path:
    """Write a workbook with six problems and furniture of every kind; as ``.xlsm`` with macros too."""
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        if path.suffix == ".xlsm":
            book.add_vba_project(io.BytesIO(b"not really macros"), is_stream=True)
        trunks, dids, charts = (book.add_worksheet(name) for name in ("Trunks", "DIDs", "Charts"))
        header = book.add_format({"bold": True, "bg_color": "#1F3A4D", "font_color": "#FFFFFF"})
        green = book.add_format({"bg_color": "#C6EFCE", "num_format": "@", "border": 1})
        for sheet, lines in ((trunks, TRUNKS), (dids, DIDS)):
            for row, line in enumerate(lines):
                for column, text in enumerate(line):
                    if text:
                        looks = header if row == 0 else green if text in {"alaw", "mp3"} else None
                        sheet.write_string(row, column, text, looks)
        trunks.set_column(0, 0, 30, book.add_format({"italic": True}))
        trunks.freeze_panes(1, 0)
        trunks.autofilter("A1:F4")
        trunks.data_validation("B2:B99", {"validate": "list", "source": ["register", "peer", "account"]})
        trunks.conditional_format("C2:C99", {"type": "duplicate", "format": green})
        trunks.add_sparkline("H2", {"range": "Charts!A1:A5"})
        trunks.insert_textbox("H8", "Remember to tell the carrier")
        trunks.insert_button("J2", {"caption": "Go"})
        trunks.write_comment("A2", "The oldest one", {"author": "Anne"})
        trunks.write_comment("D3", "From the contract", {"author": "Bob"})
        trunks.set_header("&L&G", {"image_left": "dot.png", "image_data_left": io.BytesIO(dot())})
        dids.add_table("A1:C5", {"columns": [{"header": text} for text in DIDS[0]], "name": "Dids"})
        charts.write_column("A1", [1, 2, 3, 4, 5])
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=Charts!$A$1:$A$5"})
        charts.insert_chart("C2", chart)
        charts.set_tab_color("#00FF00")
        charts.activate()
        book.define_name("Rates", "=Charts!$A$1:$A$5")
        book.define_name("DIDs!Mine", "=DIDs!$B$2:$B$5")
    return path


def dot() -> bytes:
    """Return a PNG of one pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def parts_of(path: Path) -> dict[str, bytes]:
    """Return what each part of a package holds."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_parts(path: Path, parts: Mapping[str, bytes]) -> Path:
    """Write a package."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Change one part of a package in place."""
    parts = parts_of(path)
    assert part in parts
    return write_parts(path, parts | {part: change(parts[part])})


def sheet_part(path: Path, name: str) -> str:
    """Return which part holds a sheet, going by what any program would go by."""
    parts = parts_of(path)
    entry = re.search(rf'<(?:\w+:)?sheet [^>]*name="{re.escape(name)}"[^>]*>'.encode(), parts["xl/workbook.xml"])
    assert entry is not None
    link = re.search(rb'\w+:id="([^"]+)"', entry[0])
    assert link is not None
    linked = next(
        found
        for found in re.findall(rb"<Relationship [^>]*>", parts["xl/_rels/workbook.xml.rels"])
        if b'"%s"' % link[1] in found
    )
    target = re.search(rb'Target="([^"]+)"', linked)
    assert target is not None
    return "xl/" + target[1].decode().removeprefix("/xl/")
