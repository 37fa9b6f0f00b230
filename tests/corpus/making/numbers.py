"""What spreadsheets did to a number: one file a fault, in Excel's own XML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.corpus.making.books import SHEETS, Book, Cell, rewrite, write_excel

_BARE: Final = {
    **SHEETS,
    "DIDs": [
        ("Trunk", "DID", "DID name"),
        ("London-1", "442079460100", "Reception"),
        ("London-1", "442079460101", ""),
        ("Paris-1", "33144556677", "Accueil"),
    ],
}
"""The same with DIDs as a carrier gives them that knows no plus."""


def _day(month: int, day: int, look: str = "d-mmm") -> Cell:
    return Cell(value=dt.date(2026, month, day), format=look)


BOOKS: Final[Mapping[str, Book]] = {
    "sound": Book(),
    # text that became a number
    "plus-lost": Book(spoiled={"DIDs!B3": 442079460101}),
    "zeros-lost": Book(spoiled={"DIDs!B4": 33144556677}),
    "plus-lost-of-a-number-that-another-cell-has": Book(spoiled={"DIDs!B2": Cell(value=442079460101)}),
    "extension-zeros-lost": Book(
        sheets={
            **SHEETS,
            "Caller IDs": [
                SHEETS["Caller IDs"][0],
                ("London-1", "shared", "+442079460100", "Acme", "", "0101", ""),
                ("London-1", "shared", "+442079460101", "Acme", "", "0102", ""),
            ],
        },
        spoiled={"Caller IDs!F3": 102},
    ),
    "plain-numbers": Book(
        sheets=_BARE, spoiled={"DIDs!B2": 442079460100, "DIDs!B3": 442079460101, "DIDs!B4": 33144556677}
    ),
    "plain-number-as-extension": Book(spoiled={"Caller IDs!F2": 1001}),
    "trunk-named-by-number": Book(spoiled={"DIDs!A4": 12, "DIDs!A5": 12}),
    "port-as-number": Book(spoiled={"Trunks!C2": 5060, "Trunks!A2": 11}),
    "name-as-number": Book(spoiled={"DIDs!C2": 2024}),
    # shown otherwise than held
    "e-notation-shown": Book(sheets=_BARE, spoiled={"DIDs!B3": Cell(value=442079460101, format="0.00E+00")}),
    "e-notation-as-text": Book(spoiled={"DIDs!B3": "4.42079E+11"}),
    "e-notation-as-text-with-comma": Book(spoiled={"DIDs!B3": "4,42079E+11"}),
    "e-notation-as-extension": Book(spoiled={"Caller IDs!F2": "1E+05"}),
    "e-notation-as-trunk-id": Book(spoiled={"Trunks!A2": "1.1E+01"}),
    "format-shows-zeros": Book(spoiled={"DIDs!B4": Cell(value=33144556677, format="0000000000000")}),
    "format-shows-zeros-and-blanks": Book(spoiled={"DIDs!B4": Cell(value=33144556677, format="0000 000 000 000")}),
    "format-shows-plus": Book(spoiled={"DIDs!B3": Cell(value=442079460101, format='"+"0')}),
    "format-shows-dashes": Book(sheets=_BARE, spoiled={"DIDs!B3": Cell(value=442079460101, format="00-00-0000-0000")}),
    "format-shows-thousands": Book(sheets=_BARE, spoiled={"DIDs!B3": Cell(value=442079460101, format="#,##0")}),
    "format-of-text-on-a-number": Book(sheets=_BARE, spoiled={"DIDs!B3": Cell(value=442079460101, format="@")}),
    # digits lost for good
    "sixteen-digits": Book(spoiled={"DIDs!B3": 4420794601011234}),
    "twenty-digits": Book(spoiled={"DIDs!B3": 44207946010112345678}),
    "sixteen-digits-point-zero-as-text": Book(spoiled={"DIDs!B3": "4420794601011234.0"}),
    "decimals": Book(spoiled={"DIDs!B3": 442079460101.5}),
    "list-became-one-number": Book(spoiled={"Caller IDs!F2": Cell(value=101102, format="#,##0")}),
    "list-became-decimals": Book(spoiled={"Caller IDs!F2": 1001.1002}),
    "negative": Book(spoiled={"DIDs!B3": -442079460101}),
    # point zero
    "point-zero-as-text": Book(sheets=_BARE, spoiled={"DIDs!B3": "442079460101.0"}),
    "comma-zero-as-text": Book(sheets=_BARE, spoiled={"DIDs!B3": "442079460101,0"}),
    "point-zero-as-port": Book(spoiled={"Trunks!C2": "5060.0"}),
    # dates
    "range-became-a-date": Book(spoiled={"Caller IDs!E3": _day(1, 2)}),
    "range-became-the-fifth-or-the-tenth": Book(spoiled={"Caller IDs!E3": _day(10, 5)}),
    "range-became-a-month": Book(spoiled={"Caller IDs!E3": Cell(value=dt.date(2012, 10, 1), format="mmm-yy")}),
    "extensions-became-a-date": Book(spoiled={"Caller IDs!F2": _day(5, 10)}),
    "did-became-a-date": Book(spoiled={"DIDs!B3": Cell(value=dt.date(1964, 2, 20), format="yyyy-mm-dd")}),
    "range-became-a-date-counted-from-1904": Book(spoiled={"Caller IDs!E3": _day(1, 2)}, options={"date_1904": True}),
    "extensions-became-a-time": Book(spoiled={"Caller IDs!F2": Cell(value=dt.time(10, 12), format="h:mm")}),
    "name-became-a-date": Book(spoiled={"DIDs!C2": _day(3, 1)}),
    # booleans, errors, formulas
    "true-as-did": Book(spoiled={"DIDs!B3": True}),
    "false-as-extension": Book(spoiled={"Caller IDs!F2": False}),
    "not-available": Book(spoiled={"DIDs!B3": Cell(value="=VLOOKUP(1,A1:A2,2)", result="#N/A")}),
    "lost-reference": Book(spoiled={"Trunks!C2": Cell(value="=#REF!", result="#REF!")}),
    "formula-with-text": Book(spoiled={"DIDs!B3": Cell(value='="+44"&"2079460101"', result="+442079460101")}),
    "formula-with-number": Book(sheets=_BARE, spoiled={"DIDs!B3": Cell(value="=442079460100+1", result=442079460101)}),
    "formula-in-a-name": Book(spoiled={"DIDs!C2": Cell(value='=UPPER("reception")', result="RECEPTION")}),
    # text that looks right
    "apostrophe": Book(spoiled={"DIDs!B3": "'+442079460101"}),
    "curly-apostrophe": Book(spoiled={"DIDs!B3": "’+442079460101"}),
    "apostrophe-of-a-dutch-name": Book(spoiled={"DIDs!C3": "'t Zand"}),
    "no-break-blanks": Book(spoiled={"DIDs!B3": "+44\u00a020\u00a07946\u00a00101"}),
    "no-break-blank-in-a-name": Book(spoiled={"DIDs!C2": "Front\u00a0desk"}),
    "outer-blanks": Book(spoiled={"DIDs!B3": " +442079460101 "}),
    "zero-width": Book(spoiled={"DIDs!B3": "\u200b+44207946\u200b0101\ufeff"}),
    "directional-marks": Book(spoiled={"DIDs!B3": "\u202a+442079460101\u202c"}),
    "soft-hyphen": Book(spoiled={"DIDs!B3": "+44207946\u00ad0101"}),
    "full-width-digits": Book(spoiled={"DIDs!B3": "＋４４２０７９４６０１０１"}),
    "arabic-digits": Book(spoiled={"DIDs!B3": "+٤٤٢٠٧٩٤٦٠١٠١"}),
    "tel": Book(spoiled={"DIDs!B3": "tel:+442079460101"}),
    "smart-quotes": Book(spoiled={"DIDs!B3": "“+442079460101”"}),
    "smart-dash-range": Book(spoiled={"DIDs!B4": "0033144556670–0033144556677", "DIDs!C4": ""}),
    "smart-dashes-in-one-number": Book(spoiled={"DIDs!B3": "+44–20–7946–0101"}),
    "blanks-inside": Book(spoiled={"DIDs!B3": "+44 20 7946 0101"}),
    "trunk-prefix": Book(spoiled={"DIDs!B3": "+44 (0)20 7946 0101"}),
    "trunk-prefix-without-plus": Book(spoiled={"DIDs!B3": "44(0)2079460101"}),
    "extension-behind-x": Book(spoiled={"DIDs!B3": "02079460101 x12"}),
    "extension-behind-ext": Book(spoiled={"DIDs!B3": "+442079460101 ext. 12"}),
    "pattern-with-x-is-no-extension": Book(spoiled={"DIDs!B3": "+4420794602XX"}),
    "line-break-inside": Book(spoiled={"DIDs!B3": "+4420794\n60101"}),
    "dash-between-two-long-ends": Book(spoiled={"DIDs!B4": "0033144556670-0033144556676", "DIDs!C4": ""}),
    "dash-that-could-be-both": Book(spoiled={"DIDs!B3": "020-7946-0101"}),
}


def make(folder: Path) -> None:
    """Write them all."""
    for name, book in BOOKS.items():
        write_excel(folder / f"{name}.xlsx", book)
    path = folder / "formula-without-value.xlsx"
    write_excel(path, Book(spoiled={"DIDs!B3": Cell(value='="+44"&"2079460101"', result="gone")}))
    rewrite(path, "xl/worksheets/sheet3.xml", (r"<v>gone</v>", ""))
    path = folder / "not-available-typed.xlsx"
    write_excel(path, Book(spoiled={"DIDs!B3": 424242}))
    rewrite(path, "xl/worksheets/sheet3.xml", (r'r="B3"><v>424242</v>', 'r="B3" t="e"><v>#N/A</v>'))
