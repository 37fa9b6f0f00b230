"""Packages of spreadsheets put together by hand: what no program at hand writes, and no more than a test is about."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from pathlib import Path

# --- .xlsx

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>'
TAIL = "</sheetData></worksheet>"


def raw_package(path: Path, *sheets: str, more: dict[str, str] | None = None) -> Path:
    """Write the smallest package that is a workbook, around worksheets given as XML."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(("Trunks", "DIDs")[: len(sheets)], 1)
    )
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    linked = "".join(
        f'<Relationship Id="rId{number}" Type="{relations}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    linked += f'<Relationship Id="rId90" Type="{relations}/styles" Target="styles.xml"/>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{relations}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">{linked}</Relationships>',
        **{f"xl/worksheets/sheet{number}.xml": sheet for number, sheet in enumerate(sheets, 1)},
        **(more or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def stylesheet(*codes: str | int) -> str:
    """Return a stylesheet: style 1 has the first of these number formats, and so on; style 0 has none."""
    spelt = {code: 164 + place for place, code in enumerate(codes) if isinstance(code, str)}
    listed = "".join(f"<numFmt numFmtId='{number}' formatCode={quoteattr(code)}/>" for code, number in spelt.items())
    styles = "".join(f'<xf numFmtId="{spelt[code] if isinstance(code, str) else code}"/>' for code in (0, *codes))
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{listed}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f"<cellXfs>{styles}</cellXfs><dxfs><dxf><numFmt numFmtId='164' formatCode='0'/></dxf></dxfs></styleSheet>"
    )


# --- .xlsb


def xlsb_record(number: int, content: bytes = b"") -> bytes:
    """Return one BIFF12 record; lengths here stay under 128 bytes."""
    kind = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
    return kind + bytes([len(content)]) + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_cell(number: int, column: int, content: bytes, style: int = 0) -> bytes:
    return xlsb_record(number, struct.pack("<II", column, style) + content)


def xlsb_row(number: int, *, hidden: bool = False) -> bytes:
    flags = 0x10 if hidden else 0
    return xlsb_record(0, struct.pack("<IIHBBB", number, 0, 300, 0, flags, 0) + struct.pack("<I", 0))


def xlsb_sheet(*records: bytes, last_row: int = 9, last_column: int = 9) -> bytes:
    return b"".join(
        (
            xlsb_record(129),
            xlsb_record(148, struct.pack("<IIII", 0, last_row, 0, last_column)),
            xlsb_record(145),
            *records,
            xlsb_record(146),
            xlsb_record(130),
        )
    )


WORKBOOK = b"".join(
    (
        xlsb_record(131),
        xlsb_record(143),
        xlsb_record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Trunks")),
        xlsb_record(144),
        xlsb_record(132),
    )
)


def xlsb(
    path: Path,
    content: bytes,
    *,
    target: str = "worksheets/sheet1.bin",
    styles: bytes = b"",
    texts: bytes = b"",
    **more: bytes,
) -> Path:
    """Write the smallest package that is a binary workbook, around the records of one sheet."""
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{links}/officeDocument" '
        'Target="xl/workbook.bin"/></Relationships>'.encode(),
        "xl/workbook.bin": WORKBOOK,
        "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" '
        f'Type="{links}/worksheet" Target="{target}"/><Relationship Id="rId2" Type="{links}/styles" '
        f'Target="styles.bin"/><Relationship Id="rId3" Type="{links}/sharedStrings" '
        'Target="sharedStrings.bin"/></Relationships>'.encode(),
        "xl/worksheets/sheet1.bin": content,
        **({"xl/styles.bin": styles} if styles else {}),
        **({"xl/sharedStrings.bin": texts} if texts else {}),
        **more,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return path


# --- .ods


def raw_ods(path: Path, body: str, styles: str = "", **more: str) -> Path:
    """Write the smallest package that is an OpenDocument spreadsheet, around the XML of its tables."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
        f'xmlns:text="{names}:text:1.0" xmlns:calcext="{names}:calcext:1.0" '
        f'xmlns:style="{names}:style:1.0" xmlns:number="{names}:datastyle:1.0">'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f"{body}</office:spreadsheet></office:body></office:document-content>"
    )
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": content,
        "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"/>',
        **more,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            if part:
                archive.writestr(name, part)
    return path
