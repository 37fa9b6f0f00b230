"""Files as other programs write them: by LibreOffice itself, and in the XML of Google Sheets, Numbers and others."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import msoffcrypto.format.ooxml
import xlwt

from tests.corpus.making.books import SHEETS, Book, Cell, Row, rewrite, write_excel
from tests.corpus.making.numbers import BOOKS as NUMBERS
from tests.corpus.making.structures import BOOKS as STRUCTURES
from tests.office import saved_again

_SPOILED: Final = Book(
    spoiled={
        "DIDs!B3": Cell(value=442079460101, format='"+"0'),
        "DIDs!B4": Cell(value=33144556677, format="0000000000000"),
        "DIDs!B5": Cell(value='="0033"&"144556678"', result="0033144556678"),
        "Caller IDs!E3": Cell(value=dt.date(2026, 1, 2), format="d-mmm"),
        "Trunks!C3": Cell(value="=NA()", result="#N/A"),
    }
)
"""Several faults at once, to see what a program keeps of them."""

_AGAIN: Final[Mapping[str, Book]] = {
    "sound": Book(),
    "spoiled": _SPOILED,
    "hidden-row": STRUCTURES["hidden-row"],
    "hidden-column": STRUCTURES["hidden-column"],
    "filter-active": STRUCTURES["filter-active"],
    "merged-trunk": STRUCTURES["merged-trunk"],
    "header-in-row-4": STRUCTURES["header-in-row-4"],
    "formula-with-number": NUMBERS["formula-with-number"],
}
"""Opened in LibreOffice and saved again."""

_KINDS: Final = {"xlsx": tuple(_AGAIN), "ods": tuple(_AGAIN), "xls": ("sound", "spoiled", "hidden-row")}


def make(folder: Path) -> None:
    """Write them all; needs LibreOffice."""
    with tempfile.TemporaryDirectory() as place:
        _by_libreoffice(Path(place), folder)
    _google(folder / "google-sheets.xlsx", SHEETS)
    _google(folder / "google-sheets-with-numbers.xlsx", SHEETS, plain=True)
    _numbers(folder / "numbers-with-a-summary-sheet.xlsx")
    _prefixed(folder / "elements-with-a-prefix.xlsx")
    _strict(folder / "strict-open-xml.xlsx")
    _macros(folder / "with-macros.xlsm")
    _password(folder / "with-a-password.xlsx")
    _old_excel(folder / "excel-97.xls")
    (folder / "numbers-own.xlsx").write_bytes(
        _zipped({"Index/Document.iwa": b"\x00", "Metadata/Properties.plist": b""})
    )
    (folder / "cut-off.xlsx").write_bytes((folder / "google-sheets.xlsx").read_bytes()[:900])
    (folder / "web-page.xls").write_text("<html><table><tr><td>Trunk</td></tr></table></html>")
    (folder / "empty.xlsx").write_bytes(b"")


def _by_libreoffice(place: Path, folder: Path) -> None:
    for name, book in _AGAIN.items():
        write_excel(place / f"{name}.xlsx", book)
    for kind, names in _KINDS.items():
        for made in saved_again([place / f"{name}.xlsx" for name in names], place / kind, kind):
            shutil.copyfile(made, folder / f"libreoffice-{made.name}")


def _zipped(parts: Mapping[str, str | bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return content.getvalue()


_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"


def _google(path: Path, sheets: Mapping[str, Sequence[Row]], *, plain: bool = False) -> None:
    """Write a workbook as Google Sheets downloads it: no dimension, own attributes, a style on every cell.

    ``plain`` turns what looks like a number into one, as happens to cells that were never formatted as text.
    """
    texts: list[str] = []

    def cell(value: str, name: str) -> str:
        if not value:
            return f'<c r="{name}" s="1"/>'
        if plain and value.isdecimal():
            return f'<c r="{name}" s="1"><v>{float(value)}</v></c>'
        texts.append(value)
        return f'<c r="{name}" s="2" t="s"><v>{len(texts) - 1}</v></c>'

    parts: dict[str, str | bytes] = {}
    for number, rows in enumerate(sheets.values(), 1):
        lines = "".join(
            f'<row r="{y}" ht="15.75" customHeight="1">'
            + "".join(cell(value, f"{chr(65 + x)}{y}") for x, value in enumerate(row))
            + "</row>"
            for y, row in enumerate(rows, 1)
        )
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="{_MAIN}" xmlns:r="{_LINKS}">'
            '<sheetPr><outlinePr summaryBelow="0" summaryRight="0"/></sheetPr><sheetViews><sheetView '
            'workbookViewId="0"/></sheetViews><sheetFormatPr customHeight="1" defaultColWidth="12.63" '
            f'defaultRowHeight="15.75"/><sheetData>{lines}</sheetData></worksheet>'
        )
    strings = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    parts["xl/sharedStrings.xml"] = (
        f'<sst xmlns="{_MAIN}" count="{len(texts)}" uniqueCount="{len(texts)}">{strings}</sst>'
    )
    parts["xl/styles.xml"] = (
        f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="10.0"/><name val="Arial"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="lightGray"/>'
        '</fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs '
        'count="3"><xf/><xf applyFont="1"/><xf numFmtId="49" applyNumberFormat="1"/></cellXfs></styleSheet>'
    )
    _book(path, parts, list(sheets))


def _book(path: Path, parts: Mapping[str, str | bytes], names: Sequence[str]) -> None:
    """Write a workbook around sheets, shared strings and styles; links are absolute, as Google writes them."""
    sheets = "".join(
        f'<sheet state="visible" name={quoteattr(name)} sheetId="{i}" r:id="rId{i + 3}"/>'
        for i, name in enumerate(names, 1)
    )
    linked = "".join(
        f'<Relationship Id="rId{i + 3}" Type="{_LINKS}/worksheet" Target="/xl/worksheets/sheet{i}.xml"/>'
        for i in range(1, len(names) + 1)
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{kind}.worksheet+xml"/>'
        for i in range(1, len(names) + 1)
    )
    path.write_bytes(
        _zipped(
            {
                "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
                f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
                f'ContentType="{kind}.sheet.main+xml"/>'
                f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/><Override '
                f'PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>{types}</Types>',
                "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
                f'Type="{_LINKS}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
                "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><workbookPr/><sheets>'
                f"{sheets}</sheets>"
                "<definedNames/><calcPr/></workbook>",
                "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
                f'Id="rId1" Type="{_LINKS}/styles" Target="/xl/styles.xml"/><Relationship Id="rId2" '
                f'Type="{_LINKS}/sharedStrings" Target="/xl/sharedStrings.xml"/>{linked}</Relationships>',
                **parts,
            }
        )
    )


def _numbers(path: Path) -> None:
    """Write a workbook as Numbers exports it: a summary first, a table's name in row 1, sheet and table joined."""
    summary: Sequence[Row] = [("This document was exported from Numbers. Each table was converted to a worksheet.",)]
    tables = {name: [(f"{name} - Table 1",), *rows] for name, rows in SHEETS.items()}
    _google(path, {"Export Summary": summary, **tables})


def _prefixed(path: Path) -> None:
    write_excel(path, Book(spoiled={"DIDs!B3": Cell(value="=NA()", result="#N/A")}))
    with zipfile.ZipFile(path) as package:
        sheets = [name for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
    for name in sheets:
        rewrite(path, name, (r"<(/?)([a-zA-Z])", r"<\1x:\2"), ("xmlns=", "xmlns:x="))


def _strict(path: Path) -> None:
    write_excel(path, Book())
    with zipfile.ZipFile(path) as package:
        names = [name for name in package.namelist() if name.endswith((".xml", ".rels"))]
        parts = {name: package.read(name).decode() for name in names}
    for name, text in parts.items():
        parts[name] = text.replace(_MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main").replace(
            _LINKS, "http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
    path.write_bytes(_zipped(parts))


def _macros(path: Path) -> None:
    write_excel(path, Book())
    rewrite(
        path,
        "[Content_Types].xml",
        (
            r"application/vnd\.openxmlformats-officedocument\.spreadsheetml\.sheet\.main\+xml",
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        ),
    )


def _password(path: Path) -> None:
    plain = io.BytesIO()
    with tempfile.TemporaryDirectory() as place:
        write_excel(Path(place) / "plain.xlsx", Book())
        plain.write((Path(place) / "plain.xlsx").read_bytes())
    plain.seek(0)
    with path.open("wb") as file:
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt("Sample-open", file)


def _old_excel(path: Path) -> None:
    book = xlwt.Workbook()
    for name, rows in SHEETS.items():
        page = book.add_sheet(name, cell_overwrite_ok=True)
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                page.write(y, x, value)
        if name == "DIDs":
            page.write(2, 1, 442079460101, xlwt.easyxf(num_format_str='"+"0'))
            page.row(3).hidden = True
    book.save(str(path))
