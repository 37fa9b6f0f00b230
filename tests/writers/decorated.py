"""A workbook as people decorate it, with two faults in it, for the tests of marking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from tests.open_xml import made

FAULTY = "44-20"
"""Stands in DIDs!B3, and could mean two things."""


def decorated(path: Path, **options: Any) -> Path:
    """Write it: own colours, notes, drop-downs, a chart, a sparkline, a shape, a conditional format, a name."""

    def fill(book: Workbook) -> None:
        green = book.add_format({"bg_color": "#C6EFCE", "bold": True, "num_format": "@", "border": 1})
        trunks = book.add_worksheet("Trunks")
        for row, values in enumerate([("Name", "Enabled", "Budget"), ("London", "yes", "1"), ("Paris", "no", "2")]):
            for column, value in enumerate(values):
                trunks.write_string(row, column, value)
        trunks.data_validation("B2:B9", {"validate": "list", "source": ["yes", "no"]})
        trunks.add_sparkline("E2", {"range": "Trunks!C2:C3"})
        dids = book.add_worksheet("DIDs")
        lines = [
            ("Trunk", "DID", "DID name"),
            ("London", "442079460100", "Main"),
            ("London", FAULTY, ""),
            ("", "1", ""),
        ]
        for row, values in enumerate(lines):
            for column, value in enumerate(values):
                if value:
                    dids.write_string(row, column, value, green if row == 2 else None)
        dids.write_comment("B3", "Ask Anna", {"author": "Bert"})
        dids.write_comment("C2", "Her desk", {"author": "Bert"})
        dids.conditional_format("C2:C9", {"type": "blanks", "format": green})
        dids.insert_textbox("G2", "A shape")
        dids.set_column("B:B", 33)
        notes = book.add_worksheet("Notes")
        notes.write_column("A1", [1, 2, 3])
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=Notes!$A$1:$A$3"})
        notes.insert_chart("C2", chart)
        book.define_name("Rates", "=Notes!$A$1:$A$3")

    return made(path, fill, **options)
