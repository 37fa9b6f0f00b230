"""The empty workbook that people fill in, and its twin as a CSV folder; both made from `columns.SHEETS` alone.

Each column is text all the way down and says what it is; closed lists are drop-downs. The sheet Glossary says what the
words mean. An export looks the same.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from batch.schema import columns
from batch.schema.column_model import CLEAR, EVERY_TYPE, Column, Sheet
from batch.schema.file_metadata import LISTS
from batch.schema.fleet_columns import PBX
from batch.schema.problems import GLOSSARY_LEAD, GLOSSARY_SHEET, glossary
from batch.wording import letters, read_texts
from batch.writers.atomic import place_file, place_folder
from batch.writers.new_workbook import (
    LAST_ROW,
    DocumentProperties,
    DropDown,
    NewSheet,
    NewWorkbook,
    SheetCell,
    workbook_bytes,
)

_WORDS: Final = read_texts(__file__)
GUIDE: Final[str] = _WORDS["title"]
_COMMANDS_TITLE: Final = "For the person who runs the program"
_COLOURS: Final = (
    ("Column name *", "required", "must be filled in every row of that sheet; of Trunk ID and Name, one of the two"),
    ("Column name", "header", "may stay empty; rest the mouse on it to read what it is"),
)
_MESSAGE: Final = 255
"""Most characters Excel takes in the message of a drop-down."""
_NOTE_WIDTH: Final = 307
"""In pixels."""
_TABS: Final = {columns.TRUNKS.title: "1F4E79", columns.CALLER_IDS.title: "2E75B6", columns.DIDS.title: "9DC3E6"}
_FROZEN: Final = {columns.TRUNKS.title: 3}
"""Columns that stay in sight; elsewhere the first one."""
_HELP_TAB: Final = "70AD47"


def lay_out(
    target: NewSheet,
    sheet: Sheet,
    shown: Sequence[Column] = (),
    *,
    lists: Mapping[str, DropDown] | None = None,
    remark: str = "",
) -> None:
    """Lay a sheet out: headers with notes, columns of text, drop-downs, print.

    Args:
        shown: Its columns, where they are not those of a workbook for one PBX.
        lists: By field, drop-downs besides those of closed lists.
        remark: Put under the note of the first header.
    """
    shown = shown or sheet.columns
    drop_downs = {**{c.field: _drop_down(c) for c in shown if c.choices}, **(lists or {})}
    target.set_columns((column.width for column in shown), "text")
    for index, column in enumerate(shown):
        text = note(column) + (f"\n{remark}" if remark and not index else "")
        size = (_NOTE_WIDTH, 22 + 18 * lines_in(text, 46))
        target.note(index, header(column), _header_style(column), text, size)
        if column.field in drop_downs:
            name = letters(index)
            target.add_drop_down(f"{name}2:{name}{LAST_ROW}", drop_downs[column.field])
    page = target.page
    page.row_dimensions[1].height = 33
    page.auto_filter.ref = f"A1:{letters(len(shown) - 1)}{LAST_ROW}"
    page.freeze_panes = f"{letters(_FROZEN.get(sheet.title, 1) + shown.index(sheet.columns[0]))}2"
    page.sheet_properties.tabColor = _TABS[sheet.title]
    target.numbers_are_text()
    if sheet is columns.TRUNKS:  # too many columns for one page to be read; every page says which trunk it is about
        name = letters(shown.index(sheet.column("name")))
        page.print_title_cols = f"{name}:{name}"
    target.print_across(pages=2 if sheet is columns.TRUNKS else 1, header=1)


def _drop_down(column: Column) -> DropDown:
    choices = [*column.choices, *([CLEAR] if column.clearable else [])]
    words = f"Choose one of: {', '.join(choices)}."
    words += " Or leave the cell empty; then that setting stays as it is." if column.may_be_blank else ""
    short = f"Choose one from the list{', or leave the cell empty' if column.may_be_blank else ''}."
    return DropDown(
        source='"{}"'.format(",".join(choices)),
        title="This is not in the list",
        words=words if len(words) <= _MESSAGE else short,
    )


def lines_in(text: str, width: float) -> int:
    """Return how many lines a text takes where a line holds so many characters."""
    return sum(max(1, math.ceil(len(line) / width)) for line in text.split("\n"))


_GLOSSARY_WIDTHS: Final = (2, 20, 96)
"""Of its columns, in characters: a margin, the word, what it means."""
_ROOM: Final = 1.1
"""How many characters of running text a column takes for each that its width says."""


def add_glossary(book: NewWorkbook) -> None:
    """Add the sheet that says what the words mean."""
    target = _help_sheet(book, GLOSSARY_SHEET, _GLOSSARY_WIDTHS)
    target.print_across(header=3, landscape=False)
    target.page.freeze_panes = "A4"
    target.add(1, [(GLOSSARY_SHEET, "guide title", 1)], 36, first=1)
    target.add(2, [(GLOSSARY_LEAD, "prose", 2)], 24, first=1)
    target.add(3, [("Word", "header", 1), ("What it means", "header", 1)], first=1)
    for row, (word, meaning) in enumerate(glossary().items(), 4):
        height = 5 + 15 * lines_in(meaning, _GLOSSARY_WIDTHS[2] * _ROOM)
        target.add(row, [(word, "topic", 1), (meaning, "help", 1)], height, first=1)


def _help_sheet(book: NewWorkbook, name: str, widths: Sequence[float]) -> NewSheet:
    target = book.sheet(name)
    target.set_columns(widths)
    target.page.sheet_view.showGridLines = False
    target.page.sheet_properties.tabColor = _HELP_TAB
    return target


README: Final = "README.txt"

_CREATED: Final = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - spreadsheets know no time zones
"""Fixed, so that the same layout always gives the same bytes."""

_WIDTHS: Final = (2, 24, 24, 24, 24, 24, 24, 24)
"""Of the help sheet's columns, in characters: a margin, then seven equal ones."""


_LISTED: Final = 5_000
"""Row of the sheet Trunks down to which the list of names is looked for."""


def _names(shown: Sequence[Column]) -> dict[str, dict[str, DropDown]]:
    """Return the drop-downs of the names that are typed on the sheet Trunks, down to the last of them, by sheet.

    They are counted from the header, since any row below may be deleted, and rows put in above the first.
    """
    name = f"${letters(shown.index(columns.TRUNKS.column('name')))}$"
    header_cell = f"Trunks!{name}1"
    typed = f"{header_cell}:{name}{_LISTED}"
    last = f'SUMPRODUCT(MAX(({typed}<>"")*(ROW({typed})-ROW({header_cell}))))'
    names = DropDown(
        source=f"OFFSET({header_cell},1,0,MAX(1,{last}),1)",
        style="warning",
        title="This is no Name of the sheet Trunks",
        words="If it is a Trunk ID of the sheet Trunks, keep it. Otherwise choose a trunk from the list.",
    )
    givers = replace(
        names,
        style="information",
        title="Not on the sheet Trunks",
        words="A trunk that gives a DID up need not be on the sheet Trunks: type its Name or Trunk ID as the PBX has "
        "it.",
    )
    return {columns.CALLER_IDS.title: {"trunk": names}, columns.DIDS.title: {"trunk": names, "move_from": givers}}


def of_one_pbx(sheet: Sheet) -> tuple[Column, ...]:
    """Return the columns of a sheet in a workbook for one PBX."""
    return sheet.columns


def of_many_pbxs(sheet: Sheet) -> tuple[Column, ...]:
    """Return the columns of a sheet in a workbook for many PBXs; each trunk says where it is."""
    needed = (replace(column, required=sheet.required and column is PBX) for column in sheet.of_fleets)
    return (*needed, *sheet.columns)


def pbx_drop_down(pbxs: Sequence[str]) -> dict[str, DropDown]:
    """Return the drop-down of the column *PBX*, by field, as far as there are any; `LISTS` has them in its column A."""
    if not pbxs:
        return {}
    words = "Choose a PBX from the list, or type the name of another profile, or the PBX's address."
    source = f"'{LISTS}'!$A$1:$A${len(pbxs)}"
    return {PBX.field: DropDown(source=source, style="warning", title="This PBX is not in the list", words=words)}


def write_template(path: Path, pbxs: Sequence[str] = ()) -> Path:
    """Write the empty workbook, for those PBXs if any, and return where it is; raises as `place_file`."""
    properties = DocumentProperties(title="trunk-batch template", created=_CREATED)
    return place_file(path, workbook_bytes(partial(_fill, pbxs), properties))


def write_template_folder(path: Path, pbxs: Sequence[str] = ()) -> Path:
    """Write the empty CSV folder (header lines only, and a README) and return where it is; raises as `place_folder`."""
    shown = of_many_pbxs if pbxs else of_one_pbx

    def fill(folder: Path) -> None:
        for sheet in columns.SHEETS:
            line = ",".join(column.label for column in shown(sheet))
            (folder / sheet.csv).write_bytes(f"{line}\r\n".encode("utf-8-sig"))
        (folder / README).write_bytes(csv_readme(shown).encode("utf-8-sig"))

    return place_folder(path, fill, ours=lambda _: False)


def _fill(pbxs: Sequence[str], book: NewWorkbook) -> None:
    shown = of_many_pbxs if pbxs else of_one_pbx
    names = _names(shown(columns.TRUNKS))
    add_guide(book, shown=shown)
    for sheet in columns.SHEETS:
        lists = {**pbx_drop_down(pbxs), **names.get(sheet.title, {})}
        lay_out(book.sheet(sheet.title), sheet, shown(sheet), lists=lists)
    add_glossary(book)
    if pbxs:
        book.add_hidden(LISTS, ([pbx] for pbx in pbxs), "text")


def add_guide(
    book: NewWorkbook,
    origin: Sequence[tuple[str, str]] = (),
    steps: Sequence[str] = tuple(_WORDS["steps"]),
    shown: Callable[[Sheet], Sequence[Column]] = of_one_pbx,
) -> None:
    """Add the help sheet.

    Args:
        origin: Where the workbook comes from: topics, and what there is to say of each.
        shown: Tells the columns of a sheet.
    """
    _Guide(_help_sheet(book, GUIDE, _WIDTHS), shown).write(origin, steps or _WORDS["steps"])


def _topics(shown: Callable[[Sheet], Sequence[Column]]) -> dict[str, str]:
    """Return what is good to know."""
    of_many = _WORDS["topics_of_many"] if len(shown(columns.TRUNKS)) > len(columns.TRUNKS.columns) else {}
    return {**_WORDS["topics"], **of_many}


class _Guide:
    """Writes the help sheet from top to bottom, in blocks that each know how many rows they take."""

    def __init__(self, target: NewSheet, shown: Callable[[Sheet], Sequence[Column]]) -> None:
        self.target = target
        self.shown = shown
        self.row = 1
        self.last = len(_WIDTHS) - 1

    def write(self, origin: Sequence[tuple[str, str]], steps: Sequence[str]) -> None:
        self.target.print_across()
        self._line([(GUIDE, "guide title", 7)], height=36)
        self._line([(_WORDS["lead"], "prose", 7)])
        if origin:
            self._section("Where this workbook comes from")
            for topic, words in origin:
                self._line([(topic, "topic", 1), (words, "sample", 6)])
        self._section("In short")
        for number, step in enumerate(steps, 1):
            self._line([(f"{number}.  {step}", "prose", 7)])
        self._section("The three sheets")
        for sheet in columns.SHEETS:
            self._line([(sheet.title, "topic", 1), (sheet.help, "help", 6)])
        self._section("Colours")
        for text, style, words in _COLOURS:
            self._line([(text, style, 1), (words, "help", 6)])
        self.target.break_page(self.row - 1)
        self._section("Good to know")
        for topic, words in _topics(self.shown).items():
            self._line([(topic, "topic", 1), (words, "help", 6)])
        self._section(_COMMANDS_TITLE)
        for command, words in _WORDS["commands"].items():
            self._line([(command, "command", 2), (words, "help", 5)])
        self._line([(_WORDS["commands_note"], "prose", 7)])
        self._examples()
        self.target.break_page(self.row - 1)
        self._columns()

    def _examples(self) -> None:
        self._section("One filled row of each sheet")
        for sheet in columns.SHEETS:
            cells = list(zip(self.shown(sheet), example_row(self.shown(sheet)), strict=True))
            self._line([(sheet.title, "subtitle", 7)], height=30)
            for start in range(0, len(cells), self.last):
                band = cells[start : start + self.last]
                self._line([(header(c), _header_style(c), 1) for c, _ in band])
                self._line([(value, "sample", 1) for _, value in band])

    def _columns(self) -> None:
        for sheet in columns.SHEETS:
            self._section(f"Every column of the sheet {sheet.title}")
            self._line(
                [
                    ("Column", "header", 1),
                    ("What it is", "header", 3),
                    ("What may be in it", "header", 1),
                    ("Example", "header", 1),
                    ("Trunk types", "header", 1),
                ]
            )
            for column in self.shown(sheet):
                self._line(
                    [
                        (header(column), "topic", 1),
                        (column.help, "help", 3),
                        (column.allowed, "help", 1),
                        (column.example, "help", 1),
                        (column.type_names, "help", 1),
                    ]
                )

    def _section(self, title: str) -> None:
        self.target.add(self.row, (), 12)
        self.row += 1
        self._line([(title, "guide section", 7)], height=26)

    def _line(self, blocks: Sequence[SheetCell], height: float = 0) -> None:
        """Write blocks of text side by side, each over so many columns, and make the row as high as needed."""
        column = 1
        lines = 1
        for text, _, span in blocks:
            lines = max(lines, lines_in(str(text), sum(_WIDTHS[column : column + span]) * 1.15 - 3))
            column += span
        self.target.add(self.row, blocks, height or 6 + 15 * lines, first=1)
        self.row += 1


_NOT_IN_EXAMPLE: Final = frozenset({"outbound_proxy_server", "outbound_proxy_port", "outbound_cid_to_ext_range"})
"""Columns that do not go together with the examples of their neighbours."""


def header(column: Column) -> str:
    """Return the header cell's text; a required column is marked."""
    return f"{column.label} *" if column.required or column.either else column.label


def _header_style(column: Column) -> str:
    return "required" if column.required or column.either else "header"


def example_row(shown: Sequence[Column]) -> list[str]:
    """Return one filled row of columns that makes sense as a whole."""
    return ["" if column.field in _NOT_IN_EXAMPLE else column.example for column in shown]


def note(column: Column) -> str:
    """Return the note on a header: what it is, what may stand in it, which trunks have it, an example."""
    lines = [column.help]
    if column.required:
        lines.append("Must be filled in every row.")
    if column.either:
        lines.append("Fill in the Trunk ID or the Name, or both.")
    if column.allowed:
        lines.append(f"Allowed: {column.allowed}.")
    if column.types != EVERY_TYPE:
        lines.append(f"Only for trunks of type {column.type_names}.")
    lines.append(f"Example: {column.example}")
    return "\n".join(lines)


def csv_readme(shown: Callable[[Sheet], Sequence[Column]] = of_one_pbx) -> str:
    """Return the text that lies beside the CSV files."""
    lines = [GUIDE, "=" * len(GUIDE), "", _WORDS["lead"], ""]
    lines += [
        "Here each sheet is a file that Excel and LibreOffice open: "
        + ", ".join(f"{sheet.csv} is {sheet.title}" for sheet in columns.SHEETS)
        + ". Keep the names of the files and of the columns. Save as CSV UTF-8.",
        (
            "Excel turns 0044 into 44 and +44 into 44 when it opens a CSV. If you can, use the template "
            "trunks.xlsx, where that cannot happen."
        ),
        "",
    ]
    lines += [f"{number}. {step}" for number, step in enumerate(_WORDS["steps"], 1)]
    lines += ["", "Good to know", "------------", ""]
    lines += [f"{topic}: {words}" for topic, words in _topics(shown).items()]
    lines += ["", _COMMANDS_TITLE, "-" * len(_COMMANDS_TITLE), ""]
    lines += [
        f"{command.replace('trunks.xlsx', 'FOLDER')}   {words}"
        for command, words in list(_WORDS["commands"].items())[:2]
    ]
    lines += ["trunk-batch apply FOLDER   shows the plan, asks, changes it, and writes the results beside FOLDER."]
    for sheet in columns.SHEETS:
        lines += ["", f"{sheet.csv}: {sheet.help}", ""]
        for column in shown(sheet):
            words = f" Allowed: {column.allowed}." if column.allowed else ""
            must = " Must be filled." if column.required else " Fill in this or the other." if column.either else ""
            lines.append(f"  {column.label}: {column.help}{must}{words} Example: {column.example}")
    lines += ["", GLOSSARY_SHEET, "-" * len(GLOSSARY_SHEET), "", GLOSSARY_LEAD, ""]
    lines += [f"{word}: {meaning}" for word, meaning in glossary().items()]
    return "\r\n".join([*lines, ""])
