"""How sheets are built: titles, merged cells, hidden things, several tables, other languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from tests.corpus.making.books import SHEETS, Book, rewrite, write_excel

_Pages = Mapping[str, Worksheet]


def _with(name: str, *rows: tuple[str, ...]) -> Mapping[str, list[tuple[str, ...]]]:
    return {**{title: list(map(tuple, lines)) for title, lines in SHEETS.items()}, name: list(rows)}


def _renamed(**headers: Mapping[str, str]) -> Mapping[str, list[tuple[str, ...]]]:
    given = {name.replace("_", " "): words for name, words in headers.items()}
    return {
        name: [tuple(given.get(name, {}).get(cell, cell) for cell in rows[0]), *map(tuple, rows[1:])]
        for name, rows in SHEETS.items()
    }


def _titles(file: xlsxwriter.Workbook, pages: _Pages) -> None:
    big = file.add_format({"bold": True, "font_size": 18})
    pages["DIDs"].merge_range("A1:C1", "Numbers that move on Friday", big)
    pages["DIDs"].write("A2", "Prepared by Anna; please return until Thursday")
    pages["Trunks"].write("A1", "Trunks", big)


def _merge_trunk(file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["DIDs"].merge_range("A2:A3", "London-1", file.add_format({"valign": "vcenter"}))


def _merge_name(file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["DIDs"].merge_range("C2:C3", "Reception", file.add_format())


def _merge_across(file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["DIDs"].merge_range("B4:C4", "0033144556677", file.add_format())


def _hide_rows(_file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["DIDs"].set_row(2, None, None, {"hidden": True})


def _hide_column(_file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["Trunks"].set_column("C:C", None, None, {"hidden": True})


def _hide_sheet(_file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["DIDs"].hide()


def _hide_deeply(_file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["DIDs"].very_hidden()


def _filter(_file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["DIDs"].autofilter("A1:C5")
    pages["DIDs"].filter_column("A", "x == Paris-1")
    for row in (1, 2):
        pages["DIDs"].set_row(row, None, None, {"hidden": True})


def _notes(_file: xlsxwriter.Workbook, pages: _Pages) -> None:
    pages["DIDs"].write_comment("B3", "Is this one still in use?")
    pages["DIDs"].insert_textbox("E2", "A shape")


def _protect(_file: xlsxwriter.Workbook, pages: _Pages) -> None:
    for page in pages.values():
        page.protect("Sample-sheet")


def _table(_file: xlsxwriter.Workbook, pages: _Pages) -> None:
    columns = [{"header": text} for text in SHEETS["DIDs"][0]]
    pages["DIDs"].add_table("A1:C5", {"columns": columns, "name": "Numbers"})


def _formatted(file: xlsxwriter.Workbook, pages: _Pages) -> None:
    grey = file.add_format({"bg_color": "#EEEEEE"})
    for row in range(10, 3_000):
        pages["DIDs"].write_blank(row, 1, None, grey)
    pages["DIDs"].write_blank(1_048_575, 2, None, grey)


_DID_ROWS: Final = [tuple(row) for row in SHEETS["DIDs"]]
_AGAIN: Final = [*_DID_ROWS[:3], _DID_ROWS[0], *_DID_ROWS[3:]]
_SECOND: Final = [*_DID_ROWS, ("", "", ""), ("DID", "DID name", "Trunk"), ("0033144556679", "", "Paris-1")]
_GAPS: Final = [_DID_ROWS[0], ("", "", ""), *_DID_ROWS[1:3], ("", "", ""), ("", "", ""), *_DID_ROWS[3:]]
_BESIDE: Final = [(*row, "", more) for row, more in zip(_DID_ROWS, ("Contact", "Anna", "Bert", "", ""), strict=True)]
_TWICE: Final = [(*row, "", *row[:2]) for row in _DID_ROWS]
_GAP_COLUMN: Final = [(row[0], "", *row[1:]) for row in _DID_ROWS]

BOOKS: Final[Mapping[str, Book]] = {
    "header-in-row-4": Book(top=3, finish=_titles),
    "blank-rows-above-and-columns-beside": Book(top=2, left=1),
    "blank-rows-inside": Book(sheets=_with("DIDs", *_GAPS)),
    "blank-column-inside": Book(sheets=_with("DIDs", *_GAP_COLUMN)),
    "header-repeated-below": Book(sheets=_with("DIDs", *_AGAIN)),
    "second-table-below": Book(sheets=_with("DIDs", *_SECOND)),
    "own-table-beside": Book(sheets=_with("DIDs", *_BESIDE)),
    "second-table-beside": Book(sheets=_with("DIDs", *_TWICE)),
    "merged-trunk": Book(spoiled={}, finish=_merge_trunk),
    "merged-name": Book(finish=_merge_name),
    "merged-across": Book(finish=_merge_across),
    "hidden-row": Book(finish=_hide_rows),
    "hidden-column": Book(finish=_hide_column),
    "hidden-sheet": Book(finish=_hide_sheet),
    "very-hidden-sheet": Book(finish=_hide_deeply),
    "filter-active": Book(finish=_filter),
    "notes-and-shapes": Book(finish=_notes),
    "protected-sheets": Book(finish=_protect),
    "excel-table": Book(finish=_table),
    "formatted-rows-to-the-end": Book(finish=_formatted),
    "counted-from-1904": Book(options={"date_1904": True}),
    "extra-sheets": Book(sheets={**SHEETS, "Notes": [("Ask Bert",)], "Old list": [("Trunk", "DID")]}),
    "values-under-no-header": Book(
        sheets=_with("DIDs", (*_DID_ROWS[0], ""), *[(*row, "seen") for row in _DID_ROWS[1:]])
    ),
    "only-trunks": Book(sheets={"Trunks": SHEETS["Trunks"]}),
    "dids-alone": Book(sheets={"DIDs": SHEETS["DIDs"]}),
    "one-column-without-a-header": Book(sheets={"DIDs": [(row[1],) for row in SHEETS["DIDs"][1:]]}),
    "dids-on-two-sheets": Book(
        sheets={**SHEETS, "Trunks": [("Name", "DIDs"), ("London-1", "+442079460100"), ("Paris-1", "")]}
    ),
    "no-trunks-sheet": Book(sheets={"Sheet1": SHEETS["Trunks"], "DIDs": SHEETS["DIDs"]}),
    # headers
    "headers-as-the-api-names-them": Book(sheets=_renamed(
        Trunks={"Trunk ID": "id", "Name": "name", "Port": "port", "Default caller ID": "def_outbound_cid"},
        Caller_IDs={"Option": "outbound_cid_option", "Caller ID": "outbound_cid",
                    "Extension range": "outbound_cid_to_ext_range"},
        DIDs={"DID": "did", "DID name": "did_name"},
    )),
    "headers-with-odd-blanks": Book(sheets=_renamed(
        Trunks={"Trunk ID": " trunk_id* ", "Default caller ID": "Default\u00a0caller-ID"},
        DIDs={"DID name": "DID\nname"},
    )),
    "header-almost-right": Book(sheets=_renamed(DIDs={"DID name": "DID nmae"})),
    "header-twice": Book(sheets=_with("Trunks", ("Trunk ID", "Name", "trunk name"), ("11", "London-1", "x"))),
    "header-reserved": Book(sheets=_with("DIDs", *[(*row, more) for row, more in
                                                  zip(_DID_ROWS, ("Wave", "", "", "", ""), strict=True)])),
    "move-from-on-another-sheet": Book(sheets=_with("Trunks", *[(*row, more) for row, more in zip(
        SHEETS["Trunks"], ("Move from", "Leeds-1", ""), strict=True)])),
    "moves": Book(sheets=_with("DIDs", *[(*row, more) for row, more in
                                         zip(_DID_ROWS, ("Move from", "Leeds-1", "7", "London-1", ""), strict=True)])),
    "moves-at-fault": Book(sheets=_with("DIDs", (*_DID_ROWS[0], "Move from"), *[
        ("London-1", "+442079460100", "", "London-1"),
        ("London-1", "+442079460101", "", "Leeds-1"),
        ("Paris-1", "+442079460101", "", "Leeds-1"),
        ("Paris-1", "+442079460100", "", "11"),
        ("Paris-1", "+442079460102", "", "<clear>"),
    ])),
    "many-pbxs": Book(sheets={
        "Trunks": [("PBX", "Wave", "Name", "Port"), ("london", "1", "Carrier-1", "5060"),
                   ("paris", "1", "Carrier-1", "5061"), ("https://192.0.2.7:8088", "2", "Rome-1", "5062")],
        "DIDs": [("PBX", "Trunk", "DID"), ("london", "Carrier-1", "+442079460100"),
                 ("paris", "Carrier-1", "0033144556677"), ("", "Rome-1", "+390612345678")],
    }),
    "many-pbxs-at-fault": Book(sheets={
        "Trunks": [("PBX", "Wave", "Name"), ("london", "1", "Carrier-1"), ("london", "2", "Carrier-2"),
                   ("paris", "one", "Carrier-1"), ("", "1", "Rome-1")],
        "DIDs": [("PBX", "Trunk", "DID"), ("london", "Carrier-1", "+442079460100"),
                 ("paris", "Carrier-1", "+442079460100"), ("", "Carrier-1", "+442079460101"),
                 ("paris", "Carrier-2", "+442079460102")],
    }),
    "header-missing": Book(sheets=_with("DIDs", *[(row[0], row[2]) for row in _DID_ROWS])),
    "german": Book(sheets={
        "Leitungen": [("Leitungs-ID", "Name", "Port", "Standard-Rufnummer"), *SHEETS["Trunks"][1:]],
        "Rufnummern": [("Leitung", "Rufnummer", "Bezeichnung"), *SHEETS["DIDs"][1:]],
    }),
    "french": Book(sheets={"Lignes": [("ID", "Nom", "Port"), ("11", "London-1", "5060"), ("12", "Paris-1", "5061")],
                           "Numéros SDA": [("Ligne", "Numéro SDA", "Nom SDA"), *SHEETS["DIDs"][1:]]}),
    "spanish": Book(sheets={"Troncales": [("ID", "Nombre", "Puerto"), ("11", "London-1", "5060"),
                                          ("12", "Paris-1", "5061")],
                            "DIDs": [("Troncal", "Número DID", "Nombre DID"), *SHEETS["DIDs"][1:]]}),
    "chinese": Book(sheets={"中继": [("ID", "名称", "端口"), ("11", "London-1", "5060"), ("12", "Paris-1", "5061")],
                            "DID号码": [("中继", "DID号码", "DID名称"), *SHEETS["DIDs"][1:]]}),
    "sheet-name-almost-right": Book(sheets={"Trunks": SHEETS["Trunks"], "DDIDs": SHEETS["DIDs"]}),
}  # fmt: skip


def make(folder: Path) -> None:
    """Write them all."""
    for name, book in BOOKS.items():
        write_excel(folder / f"{name}.xlsx", book)
    path = folder / "row-of-no-height.xlsx"
    write_excel(path, Book())
    rewrite(path, "xl/worksheets/sheet3.xml", (r'<row r="3"', '<row r="3" ht="0" customHeight="1"'))
