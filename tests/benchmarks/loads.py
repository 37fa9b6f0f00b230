"""Workbooks as people have them: trunks with passwords, five caller IDs and fifty DIDs each."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final

import xlsxwriter

from batch.schema import columns
from batch.schema.column_model import Sheet

CALLER_IDS, DIDS = 5, 50
"""Rows of each trunk."""


def trunk_row(i: int) -> list[str]:
    return [
        str(i + 1), "register", f"Site-{i:05d}", "yes", "tls", "sip.new.example", "5061", "new.example", f"user{i}",
        f"Sample-{i}", f"auth{i}", "on", "proxy.example", "5060", "alaw,ulaw", f"+4420{i * DIDS:08d}", "Acme",
        "replace", "replace", "",
    ]  # fmt: skip


def rows_of(trunks: int, *, notices: bool, faults: int = 0) -> dict[Sheet, Iterable[Sequence[str]]]:
    """Make the rows of all three sheets, numbers as text.

    Args:
        trunks: so many.
        notices: whether no caller ID is among its trunk's DIDs.
        faults: so many DIDs, evenly spread, are blank, have letters or blanks, or belong to no trunk.
    """
    shift = 90_000_000 if notices else 0
    every = trunks * DIDS // faults if faults else 0

    def did(i: int) -> list[str]:
        trunk, number = f"Site-{i // DIDS:05d}", f"+4420{i:08d}"
        if every and i % every == 7:
            fault = i // every % 4
            trunk = f"Side-{i:06d}" if fault == 3 else trunk
            number = ("", "44207-12", "+44 (0)20 7946 0100", number)[fault]
        return [trunk, number, f"Desk {i}"]

    return {
        columns.TRUNKS: (trunk_row(i) for i in range(trunks)),
        columns.CALLER_IDS: (
            [f"Site-{i // CALLER_IDS:05d}", "shared", f"+4420{shift + i // CALLER_IDS * DIDS + i % CALLER_IDS:08d}",
             f"Name {i}", "", f"{1000 + i % CALLER_IDS * 2}, {1001 + i % CALLER_IDS * 2}", ""]
            for i in range(trunks * CALLER_IDS)
        ),
        columns.DIDS: (did(i) for i in range(trunks * DIDS)),
    }  # fmt: skip


def write_load(path: Path, trunks: int, *, notices: bool = False, faults: int = 0) -> None:
    """Write the rows as a workbook."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        for sheet, lines in rows_of(trunks, notices=notices, faults=faults).items():
            target = book.add_worksheet(sheet.title)
            for number, line in enumerate(_with_header(sheet, lines)):
                for column, text in enumerate(line):
                    if text:
                        target.write_string(number, column, text)


def write_csv_load(folder: Path, trunks: int) -> None:
    """Write the rows as a folder of CSV files."""
    folder.mkdir()
    for sheet, lines in rows_of(trunks, notices=False).items():
        with (folder / sheet.csv).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(_with_header(sheet, lines))


def write_ods_load(path: Path, trunks: int) -> None:
    """Write the rows as an ``.ods`` file, as LibreOffice does: all of its text in ``content.xml``."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
        "<office:body><office:spreadsheet>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest'
        ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _ODS, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", manifest)
        with archive.open("content.xml", "w") as part:
            part.write(head.encode())
            for sheet, lines in rows_of(trunks, notices=False).items():
                part.write(f'<table:table table:name="{sheet.title}">'.encode())
                for line in _with_header(sheet, lines):
                    part.write(f"<table:table-row>{''.join(map(_ods_cell, line))}</table:table-row>".encode())
                part.write(b"</table:table>")
            part.write(b"</office:spreadsheet></office:body></office:document-content>")


_ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"


def _ods_cell(text: str) -> str:
    if not text:
        return "<table:table-cell/>"
    return f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>'


def _with_header(sheet: Sheet, lines: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield [column.label for column in sheet.columns]
    yield from lines
