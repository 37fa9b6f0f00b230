"""Export workbook: what a PBX holds, as a filled workbook in the template's layout.

Besides the three sheets and the help it has drop-downs of what there is on that PBX, a sheet of what a workbook
cannot say, and hidden sheets with what it began with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Final, Literal, NamedTuple

from batch.readers.workbook import CellValue, Format, RawSheet, Workbook
from batch.schema.column_model import CLEAR, Sheet
from batch.schema.columns import CALLER_IDS, DIDS
from batch.schema.file_metadata import BASE, LISTS, READ_ONLY, FileKind, FileMetadata
from batch.schema.problems import GLOSSARY_SHEET, Problem
from batch.secrets import Secret
from batch.tables.rows import Tables
from batch.wording import letters
from batch.writers import template
from batch.writers.new_workbook import LAST_ROW, DocumentProperties, DropDown, NewSheet, NewWorkbook, write_workbook
from batch.writers.template import add_glossary, add_guide, lay_out

MOST_ROWS: Final = LAST_ROW - 1
"""Rows that a sheet takes below its header."""
_READ_ONLY_COLUMNS: Final = (
    ("Trunk", 24),
    ("What", 18),
    ("Entry", 34),
    ("Name", 26),
    ("For", 34),
    ("Why it cannot be changed here", 70),
)
_STEPS: Final = (
    "Change the cells that are to change, and leave all others as they are.",
    (
        "For a new caller ID or DID add a row, in the place where the PBX is to look at it; to take one away delete "
        f"its row. To empty a whole list, keep one row and type {CLEAR} in place of the number."
    ),
    "To move a DID to another trunk, change its Trunk and type the trunk that it was on as its Move from.",
    "Save the file and give it back to the person who sent it to you. Nothing on the PBX changes before that.",
    "What you did not change stays as it is on the PBX, also where somebody changes it there in the meantime.",
)


_STEPS_BACK: Final = (
    (
        "Each row of the sheet Trunks is a trunk that the run wrote. Its cells say what the run replaced there, as it "
        "was before; what the run did not write is blank, and is left alone. Lists are whole, and go back entry by "
        "entry."
    ),
    "To leave something as it is now, clear its cell or delete its row; for a whole trunk, type skip as its Action.",
    "Then plan and apply this file like any other. What somebody changed on the PBX since the run is kept.",
    "Old passwords are not in this file. To have them back, undo the run itself (trunk-batch undo), or type them.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One of the three sheets, filled."""

    sheet: Sheet
    columns: Mapping[str, list[str]]
    """By field, every column of the sheet: its cells from row 2 down, all equally many."""

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())))


class ReadOnly(NamedTuple):
    """A line about something that the workbook cannot say."""

    trunk: str
    what: str
    """Which list or setting; for a trunk that is not in the workbook, its type."""
    entry: str = ""
    name: str = ""
    whom: str = ""
    """Extensions and groups."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Everything that goes into the workbook."""

    kind: FileKind = FileKind.EXPORT
    undoes: str = ""
    """Of a way back: id of the run that it undoes."""

    pbx: str
    """Address of the PBX."""
    made_at: datetime
    sheets: Sequence[Filled]
    """The three sheets, in the layout's order."""
    trunks: Sequence[str]
    """What the column *Trunk* may say."""
    extensions: Sequence[str]
    groups: Sequence[str]
    """Names of extension groups, as a cell says them."""
    read_only: Sequence[ReadOnly]
    base: Iterable[Sequence[str]]
    """Lines of the hidden sheet with what the PBX held. Read once."""


def read_again(sheets: Iterable[Filled]) -> tuple[Tables, list[Problem]]:
    """Read filled sheets as they will be read from the file."""
    raw = []
    for filled in sheets:
        columns: list[list[CellValue]] = [
            [template.header(column), *filled.columns[column.field]] for column in filled.sheet.columns
        ]
        raw.append(RawSheet(name=filled.sheet.title, columns=columns))
    workbook = Workbook(path=Path(), sha256="", format=Format.XLSX, sheets=tuple(raw))
    tables = Tables(workbook, Secret)
    return tables, list(tables.problems)


def write_export(path: Path, export: Export) -> Path:
    """Write the workbook; returns and raises as `write_workbook`."""
    properties = DocumentProperties(kind=export.kind, title=f"trunk-batch {export.kind}", subject=_origin(export))
    return write_workbook(path, lambda book: _fill(book, export), properties, private=bool(export.undoes))


def _fill(book: NewWorkbook, export: Export) -> None:
    add_guide(book, _facts(export), _STEPS_BACK if export.undoes else _STEPS)
    lists = _drop_downs(export)
    for filled in export.sheets:
        target = book.sheet(filled.sheet.title)
        lay_out(target, filled.sheet, lists=lists.get(filled.sheet.title), remark=_origin(export))
        rows = zip(*(filled.columns[column.field] for column in filled.sheet.columns), strict=True)
        for row, texts in enumerate(rows, 2):
            target.add_texts(row, texts, "text")
    add_glossary(book)
    ours = [template.GUIDE, GLOSSARY_SHEET]
    if export.read_only:
        _read_only(book.sheet(READ_ONLY), export.read_only)
        ours.append(READ_ONLY)
    for sheet in book.sheets.values():
        sheet.head.left.text = _origin(export).replace("&", "&&")
        sheet.head.right.text = "&A"
    book.add_metadata(
        FileMetadata(
            kinds=frozenset({export.kind}),
            made_at=export.made_at.isoformat(timespec="seconds"),
            pbx=export.pbx,
            undoes=export.undoes,
            sheets=frozenset(ours),
        )
    )
    book.add_hidden(BASE, export.base, "text")
    book.add_hidden(LISTS, zip_longest(export.trunks, export.extensions, export.groups, fillvalue=""), "text")


def _origin(export: Export) -> str:
    if export.undoes:
        return f"What trunks on {export.pbx} held before the run {export.undoes}."
    return f"Exported from {export.pbx} on {export.made_at:%Y-%m-%d %H:%M}."


def _facts(export: Export) -> list[tuple[str, str]]:
    rows = {filled.sheet.title: filled.height for filled in export.sheets}
    came_from = [("Exported from", export.pbx), ("Exported on", f"{export.made_at:%Y-%m-%d %H:%M:%S %Z}")]
    if export.undoes:
        came_from = [("Undoes the run", export.undoes), ("On the PBX", export.pbx)]
    facts = [
        *came_from,
        ("Rows on its sheets", ", ".join(f"{title} {count:,}" for title, count in rows.items())),
    ]
    if export.read_only:
        facts.append(
            (
                "What is not in it",
                (
                    "Some of what the PBX holds cannot be put into these sheets. It is on the sheet "
                    f"{READ_ONLY}, with the reasons, and stays as it is on the PBX."
                ),
            )
        )
    return facts


def _drop_downs(export: Export) -> dict[str, dict[str, DropDown]]:
    """Return the drop-downs of what there is on the PBX, by sheet and field, which take other texts after a word.

    What there is stands in the columns of a hidden sheet; where there is nothing, there is no drop-down.
    """
    trunk = _from_list(
        "A",
        export.trunks,
        "warning",
        "This is no trunk of this export",
        "Choose a trunk from the list, or type a Trunk ID or Name as it is on the sheet Trunks.",
    )
    extensions = _from_list(
        "B",
        export.extensions,
        "information",
        "More than one extension?",
        "Several extensions go into one cell with commas between, like 1001, 1002. The plan looks up each of them on "
        "the PBX.",
    )
    groups = _from_list(
        "C",
        export.groups,
        "information",
        "More than one group?",
        'Several groups go into one cell with commas between; a name with a comma goes into "double quotes". The plan '
        "looks up each of them on the PBX.",
    )
    of_caller_ids = {"trunk": trunk, "extensions": extensions, "extension_groups": groups}
    giver = trunk and replace(trunk, words="Choose the trunk that gives the DID up, or type its Trunk ID or Name.")
    lists = {CALLER_IDS.title: of_caller_ids, DIDS.title: {"trunk": trunk, "move_from": giver}}
    return {title: {field: one for field, one in of.items() if one is not None} for title, of in lists.items()}


def _from_list(
    column: str, texts: Sequence[str], style: Literal["warning", "information"], title: str, words: str
) -> DropDown | None:
    if not texts:
        return None
    return DropDown(source=f"'{LISTS}'!${column}$1:${column}${len(texts)}", style=style, title=title, words=words)


def _read_only(target: NewSheet, lines: Sequence[ReadOnly]) -> None:
    """Write the sheet of what cannot be said: for people only, so it cannot be typed into."""
    target.set_columns(width for _, width in _READ_ONLY_COLUMNS)
    target.add(1, [("Nothing on this sheet is read. It stays on the PBX as it is.", "subtitle", 1)], 24)
    target.add(2, [(header, "header", 1) for header, _ in _READ_ONLY_COLUMNS], 24)
    room = LAST_ROW - 3
    for row, line in enumerate(lines[:room], 3):
        target.add(row, [(to_be_seen(text), "help", 1) for text in line])
    if len(lines) > room:
        target.add(LAST_ROW, [(f"… and {len(lines) - room:,} more", "help", 1)])
    page = target.page
    page.auto_filter.ref = f"A2:{letters(len(_READ_ONLY_COLUMNS) - 1)}{min(len(lines) + 2, LAST_ROW)}"
    page.freeze_panes = "B3"
    page.sheet_properties.tabColor = "A6A6A6"
    target.print_across(header=2)
    page.protection.sheet = True
    page.protection.autoFilter = page.protection.sort = False  # which says that they are allowed
    page.protection.formatColumns = page.protection.formatRows = False


def to_be_seen(text: str, limit: int = 500) -> str:
    """Write a text so that a person sees what is in it, whatever it is."""
    seen = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in text[:limit])
    return seen if len(text) <= limit else f"{seen} …"
