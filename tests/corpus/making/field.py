"""Lists as carriers and colleagues write them: blocks, lists in a cell, totals, placeholders, columns of their own."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from tests.corpus.making.books import SHEETS, Book, Row, write_excel
from tests.corpus.making.csvs import empty, write_rows

_DOT: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
"""A picture of one dot."""

LISTS: Final[Mapping[str, Sequence[Row]]] = {
    "dial-plan-patterns": [
        ("Trunk", "DID"),
        ("London-1", "_0207946XXXX"),
        ("London-1", "_[2,3]XX"),
        ("London-1", "[+-X]."),
        ("London-1", "zentrale"),
        ("Paris-1", "X!"),
        ("Paris-1", "0033144556677"),
    ],
    "counts-in-the-cell": [
        ("Trunk", "DID"),
        ("London-1", "02079460100 x 100"),
        ("London-1", "02079460200 (100)"),
        ("London-1", "02079460300 + 99"),
        ("London-1", "1234500-99"),
        ("London-1", "02079460400/499"),
        ("London-1", "100 numbers starting at 02079460500"),
    ],
    "counts-in-a-column": [("Trunk", "First number", "Quantity"), ("London-1", "02079460100", "100")],
    "blocks-in-two-columns": [("Trunk", "DID", "DID to"), ("London-1", "02079460100", "02079460199")],
    "a-column-for-each-number": [
        ("Trunk", "DID 1", "DID 2", "DID 3"),
        ("London-1", "02079460100", "02079460101", "02079460102"),
    ],
    "many-in-a-cell": [
        ("Trunk", "DID"),
        ("London-1", "442079460100; 442079460101"),
        ("London-1", "442079460110\N{NO-BREAK SPACE}442079460111"),
        ("London-1", "442079460120\N{THIN SPACE}442079460121"),
        ("London-1", "442079460130\n442079460131"),
        ("London-1", "442079460140 and 442079460141"),
        ("London-1", "02/6330101"),
        ("London-1", "442079460150, 151, 152"),
    ],
    "a-zero-lost": [
        ("Trunk", "DID"),
        ("London-1", "02079460105"),
        ("London-1", "2079460106"),
        ("London-1", "02079460107"),
    ],
    "telnyx-list": [
        ("Trunk", "phone_number", "status", "connection_name"),
        ("London-1", "+442079460100", "active", "PBX London"),
        ("London-1", "+442079460101", "port-pending", "PBX London"),
    ],
    "freepbx-list": [
        ("Trunk", "extension", "cidnum", "destination", "description"),
        ("London-1", "442079460100", "", "ext-group,600,1", "Sales"),
        ("London-1", "442079460100", "441134960100", "ext-group,601,1", "Sales for one caller"),
        ("London-1", "", "", "app-blackhole,hangup,1", "any other"),
    ],
    "german-extensions": [
        ("Trunk", "DID"),
        ("London-1", "030/23125-0"),
        ("London-1", "03023125 00-29"),
        ("London-1", "+49 (0)30 23125-401"),
    ],
    "placeholders": [
        ("Trunk", "DID", "DID name"),
        ("London-1", "-", "Reception"),
        ("London-1", "n/a", "tbd"),
        ("Paris-1", "folgt", "?"),
        ("Paris-1", "#", ""),
    ],
    "several-notations": [
        ("Trunk", "DID"),
        ("London-1", "+442079460100"),
        ("London-1", "00442079460100"),
        ("Paris-1", "02079460100"),
    ],
    "signs-among-digits": [("Trunk", "DID"), ("London-1", "0207946O1OO"), ("London-1", "++442079460101")],
    "names-that-become-formulas": [("Trunk", "DID", "DID name"), ("London-1", "442079460100", "=Desk")],
    "too-many-digits": [("Trunk", "DID"), ("London-1", "44207946010012345")],
    "own-columns": [
        ("Trunk", "DID", "Ort", "PO", "Cost", "Ticket", "#Count"),
        ("London-1", "442079460100", "Köln", "4711", "12.50", "see mail", "3"),
    ],
}
"""What dids.csv says; trunks.csv beside it is sound."""


def _with(name: str, *rows: Row) -> Mapping[str, Sequence[Row]]:
    return {**SHEETS, name: rows}


def _struck(file: xlsxwriter.Workbook, pages: Mapping[str, Worksheet]) -> None:
    pages["DIDs"].write_string("B3", "+442079460101", file.add_format({"font_strikeout": True}))


def _totals(_file: xlsxwriter.Workbook, pages: Mapping[str, Worksheet]) -> None:
    columns = [{"header": "Trunk", "total_string": "Total"}, {"header": "DID", "total_function": "count"}]
    pages["DIDs"].add_table("A1:B4", {"columns": columns, "total_row": True, "style": None})


def _picture(_file: xlsxwriter.Workbook, pages: Mapping[str, Worksheet]) -> None:
    pages["DIDs"].embed_image("C2", "dot.png", {"image_data": io.BytesIO(_DOT)})


BOOKS: Final[Mapping[str, Book]] = {
    "struck-through": Book(finish=_struck),
    "totals-row-of-a-table": Book(
        sheets=_with("DIDs", ("Trunk", "DID"), ("London-1", "+442079460100"), ("London-1", "+442079460101")),
        finish=_totals,
    ),
    "totals-and-notes-below": Book(
        sheets=_with(
            "DIDs",
            ("Trunk", "DID"),
            ("London-1", "+442079460100"),
            ("Subtotal London", "1"),
            ("Paris-1", "0033144556677"),
            ("", ""),
            ("Total", "2"),
            ("As of", "12.11.2026"),
            ("green = ported", ""),
        )
    ),
    "hosts-that-are-none": Book(
        sheets=_with(
            "Trunks",
            ("Name", "Hostname", "Domain"),
            ("London-1", "?", "sip carrier"),
            ("Paris-1", "x y", "-"),
            ("Rome-1", "***", "sip..example"),
        )
    ),
    "picture-in-a-cell": Book(finish=_picture),
}


def make(folder: Path) -> None:
    """Write them all."""
    for name, rows in LISTS.items():
        place = empty(folder / name)
        (place / "trunks.csv").write_text("Trunk ID,Name\n11,London-1\n12,Paris-1\n", encoding="utf-8")
        write_rows(place / "dids.csv", rows)
    for name, book in BOOKS.items():
        write_excel(folder / f"{name}.xlsx", book)
