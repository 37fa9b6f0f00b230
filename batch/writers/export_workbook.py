"""Export workbook: what a PBX holds, as a filled workbook in the template's layout.

Besides the three sheets and the help it has drop-downs of what there is on that PBX, a sheet of what a workbook
cannot say, and hidden sheets with what it began with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from batch.readers.workbook import CellValue, Format, RawSheet, Workbook
from batch.schema.column_model import CLEAR, Column, Sheet
from batch.schema.columns import CALLER_IDS, DIDS, SHEETS
from batch.schema.file_metadata import BASE, LISTS, READ_ONLY, FileKind, FileMetadata
from batch.schema.fleet_columns import PBX
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
    """By field, every column of the sheet: its cells from row 2 down, all equally many; for many PBXs that of the PBX,
    too."""

    @property
    def shown(self) -> list[Column]:
        """The columns, in their order."""
        return [column for column in template.of_many_pbxs(self.sheet) if column.field in self.columns]

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
    pbx: str = ""
    """In an export of many PBXs: whose trunk it is."""


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
    layout = _Layout(
        kind=export.kind,
        origin=_origin(export),
        facts=[*_came_from(export), *_facts(export.sheets, export.read_only)],
        steps=_STEPS_BACK if export.undoes else _STEPS,
        sheets=export.sheets,
        drop_downs=_drop_downs(export),
        read_only=export.read_only,
        metadata=FileMetadata(
            kinds=frozenset({export.kind}), made_at=_made_at(export), pbx=export.pbx, undoes=export.undoes
        ),
        base=export.base,
        lists=zip_longest(export.trunks, export.extensions, export.groups, fillvalue=""),
    )
    return _write(path, layout, private=bool(export.undoes))


def write_fleet_export(path: Path, exports: Mapping[str, Export]) -> Path:
    """Write the exports of many PBXs, by their names, as one workbook; returns and raises as `write_workbook`."""
    newest = max(exports.values(), key=lambda export: export.made_at)
    origin = f"Exported from {len(exports):,} PBXs on {newest.made_at:%Y-%m-%d %H:%M}."
    sheets = _together(exports)
    read_only = [line._replace(pbx=name) for name, export in exports.items() for line in export.read_only]
    lists = _Lists(exports)
    layout = _Layout(
        kind=FileKind.EXPORT,
        origin=origin if len(exports) > 1 else _origin(newest),
        facts=[
            *(("Exported from", f"{name}: {export.pbx}") for name, export in exports.items()),
            ("Exported on", f"{newest.made_at:%Y-%m-%d %H:%M:%S %Z}"),
            *_facts(sheets, read_only),
        ],
        steps=_STEPS,
        sheets=sheets,
        drop_downs=lists.drop_downs(),
        read_only=read_only,
        metadata=FileMetadata(
            kinds=frozenset({FileKind.EXPORT}),
            made_at=_made_at(newest),
            pbxs={name: export.pbx for name, export in exports.items()},
        ),
        base=chain.from_iterable(export.base for export in exports.values()),
        lists=lists.lines(),
    )
    return _write(path, layout)


def _made_at(export: Export) -> str:
    return export.made_at.isoformat(timespec="seconds")


def _together(exports: Mapping[str, Export]) -> list[Filled]:
    """Put the rows of all PBXs below each other, each with its PBX."""
    sheets = []
    for of_sheet in zip(*(export.sheets for export in exports.values()), strict=True):
        pbxs = [[name] * filled.height for name, filled in zip(exports, of_sheet, strict=True)]
        columns = {PBX.field: [*chain.from_iterable(pbxs)]}
        for column in of_sheet[0].sheet.columns:
            columns[column.field] = [*chain.from_iterable(filled.columns[column.field] for filled in of_sheet)]
        sheets.append(Filled(sheet=of_sheet[0].sheet, columns=columns))
    return sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """A workbook of one PBX or of many, as it is written."""

    kind: FileKind
    origin: str
    facts: Sequence[tuple[str, str]]
    steps: Sequence[str]
    sheets: Sequence[Filled]
    drop_downs: Mapping[str, Mapping[str, DropDown]]
    """By sheet and field."""
    read_only: Sequence[ReadOnly]
    metadata: FileMetadata
    base: Iterable[Sequence[str]]
    lists: Iterable[Sequence[str]]
    """Lines of the hidden sheet that the drop-downs look at."""


def _write(path: Path, layout: _Layout, *, private: bool = False) -> Path:
    properties = DocumentProperties(kind=layout.kind, title=f"trunk-batch {layout.kind}", subject=layout.origin)
    return write_workbook(path, lambda book: _fill(book, layout), properties, private=private)


def _fill(book: NewWorkbook, layout: _Layout) -> None:
    shown = template.of_many_pbxs if layout.metadata.pbxs else template.of_one_pbx
    add_guide(book, layout.facts, layout.steps, shown)
    for filled in layout.sheets:
        target = book.sheet(filled.sheet.title)
        lists = layout.drop_downs.get(filled.sheet.title)
        lay_out(target, filled.sheet, filled.shown, lists=lists, remark=layout.origin)
        rows = zip(*(filled.columns[column.field] for column in filled.shown), strict=True)
        for row, texts in enumerate(rows, 2):
            target.add_texts(row, texts, "text")
    add_glossary(book)
    ours = [template.GUIDE, GLOSSARY_SHEET]
    if layout.read_only:
        _read_only(book.sheet(READ_ONLY), layout.read_only)
        ours.append(READ_ONLY)
    for sheet in book.sheets.values():
        sheet.head.left.text = layout.origin.replace("&", "&&")
        sheet.head.right.text = "&A"
    book.add_metadata(replace(layout.metadata, sheets=frozenset(ours)))
    book.add_hidden(BASE, layout.base, "text")
    book.add_hidden(LISTS, layout.lists, "text")


def _origin(export: Export) -> str:
    if export.undoes:
        return f"What trunks on {export.pbx} held before the run {export.undoes}."
    return f"Exported from {export.pbx} on {export.made_at:%Y-%m-%d %H:%M}."


def _came_from(export: Export) -> list[tuple[str, str]]:
    if export.undoes:
        return [("Undoes the run", export.undoes), ("On the PBX", export.pbx)]
    return [("Exported from", export.pbx), ("Exported on", f"{export.made_at:%Y-%m-%d %H:%M:%S %Z}")]


def _facts(sheets: Iterable[Filled], read_only: Sequence[ReadOnly]) -> list[tuple[str, str]]:
    rows = {filled.sheet.title: filled.height for filled in sheets}
    facts = [("Rows on its sheets", ", ".join(f"{title} {count:,}" for title, count in rows.items()))]
    if read_only:
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
    lists = {"A": export.trunks, "B": export.extensions, "C": export.groups}
    sources = (f"'{LISTS}'!${column}$1:${column}${len(texts)}" if texts else "" for column, texts in lists.items())
    return _from_lists(*sources)


def _from_lists(of_trunks: str, of_extensions: str, of_groups: str) -> dict[str, dict[str, DropDown]]:
    """Return drop-downs by sheet and field; of what is blank there is none."""
    trunk = DropDown(
        source=of_trunks,
        style="warning",
        title="This is no trunk of this export",
        words="Choose a trunk from the list, or type a Trunk ID or Name as it is on the sheet Trunks.",
    )
    extensions = DropDown(
        source=of_extensions,
        style="information",
        title="More than one extension?",
        words="Several extensions go into one cell with commas between, like 1001, 1002. The plan looks up each of "
        "them on the PBX.",
    )
    groups = DropDown(
        source=of_groups,
        style="information",
        title="More than one group?",
        words='Several groups go into one cell with commas between; a name with a comma goes into "double quotes". The '
        "plan looks up each of them on the PBX.",
    )
    giver = replace(trunk, words="Choose the trunk that gives the DID up, or type its Trunk ID or Name.")
    of_caller_ids = {"trunk": trunk, "extensions": extensions, "extension_groups": groups}
    lists = {CALLER_IDS.title: of_caller_ids, DIDS.title: {"trunk": trunk, "move_from": giver}}
    return {title: {field: one for field, one in of.items() if one.source} for title, of in lists.items()}


class _Lists:
    """What there is on many PBXs, for drop-downs that know the PBX of their row.

    The hidden sheet has the names of the PBXs in its column A. Behind it are three pairs of columns: a PBX, and a trunk
    of it; a PBX, and an extension; a PBX, and a group.
    """

    def __init__(self, exports: Mapping[str, Export]) -> None:
        self._pbxs = list(exports)
        kinds = [(export.trunks, export.extensions, export.groups) for export in exports.values()]
        self._pairs = [
            [(name, text) for name, texts in zip(exports, of_kind, strict=True) for text in texts]
            for of_kind in zip(*kinds, strict=True)
        ]

    def lines(self) -> Iterator[tuple[str, ...]]:
        """Return the lines of the hidden sheet."""
        for pbx, *pairs in zip_longest(self._pbxs, *self._pairs):
            yield (pbx or "", *chain.from_iterable(pair or ("", "") for pair in pairs))

    def drop_downs(self) -> dict[str, dict[str, DropDown]]:
        """Return the drop-downs, by sheet and field."""
        found = _from_lists(*(self._source(at) for at in range(len(self._pairs))))
        return {sheet.title: {**template.pbx_drop_down(self._pbxs), **found.get(sheet.title, {})} for sheet in SHEETS}

    def _source(self, at: int) -> str:
        """Return what is to choose from in a row of a PBX, which stands in its column A; of all where it is blank."""
        key, value, last = letters(1 + 2 * at), letters(2 + 2 * at), len(self._pairs[at])
        keys, values = (f"'{LISTS}'!${name}$1:${name}${last}" for name in (key, value))
        of_pbx = f"OFFSET('{LISTS}'!${value}$1,MATCH($A2,{keys},0)-1,0,COUNTIF({keys},$A2),1)"
        return f'IF($A2="",{values},{of_pbx})' if last else ""


def _read_only(target: NewSheet, lines: Sequence[ReadOnly]) -> None:
    """Write the sheet of what cannot be said: for people only, so it cannot be typed into."""
    columns = (*([("PBX", 16)] if lines[0].pbx else ()), *_READ_ONLY_COLUMNS)
    target.set_columns(width for _, width in columns)
    target.add(1, [("Nothing on this sheet is read. It stays on the PBX as it is.", "subtitle", 1)], 24)
    target.add(2, [(header, "header", 1) for header, _ in columns], 24)
    room = LAST_ROW - 3
    for row, line in enumerate(lines[:room], 3):
        target.add(row, [(to_be_seen(text), "help", 1) for text in (line.pbx, *line[:-1])[-len(columns) :]])
    if len(lines) > room:
        target.add(LAST_ROW, [(f"… and {len(lines) - room:,} more", "help", 1)])
    page = target.page
    page.auto_filter.ref = f"A2:{letters(len(columns) - 1)}{min(len(lines) + 2, LAST_ROW)}"
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
