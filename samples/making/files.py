"""Files of the samples: the same input always gives the same bytes."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import xlsxwriter

from batch.schema.column_model import Sheet
from batch.writers.template import header as header_of


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell with a formula; ``result`` is what the file keeps of it, ``""`` for nothing."""

    text: str
    result: str = ""


Cell: TypeAlias = str | float | bool | dt.date | Formula
Line: TypeAlias = Sequence[Cell]

_CREATED: Final = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - spreadsheets know no time zones
_FONT: Final = {"font_name": "Calibri", "font_size": 11}
_HEADER: Final = {**_FONT, "bold": True, "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter", "border": 1}
_BLUE, _ORANGE, _GREY = "#1F4E79", "#C55A11", "#7F7F7F"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One sheet of a workbook to be written: the first line is the header, an empty line a blank row."""

    name: str
    lines: Sequence[Line]
    widths: Sequence[int] = ()
    colours: Sequence[str] = ()
    """Of the header cells."""
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    """Row numbers as people see them."""


def page_of(sheet: Sheet, rows: Iterable[Mapping[str, Cell]], own: Sequence[str] = (), **more: Any) -> Page:
    """Lay rows (field or own header to cell) out under the layout's columns, then the own ones; ``{}`` is blank."""
    listed = list(rows)
    columns = (*sheet.of_fleets, *sheet.columns)
    used = [column for column in columns if any(column.field in row for row in listed)]
    keys = [*(column.field for column in used), *own]
    return Page(
        name=sheet.title,
        lines=[
            [*(header_of(column) for column in used), *own],
            *([row.get(key, "") for key in keys] if row else [] for row in listed),
        ],
        widths=[*(column.width for column in used), *(30 for _ in own)],
        colours=[*(_ORANGE if column.required else _BLUE for column in used), *(_GREY for _ in own)],
        **more,
    )


def write_workbook(path: Path, *pages: Page) -> None:
    """Write an ``.xlsx`` in which whatever is text stays text."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"title": path.stem, "created": _CREATED})
        text = book.add_format({**_FONT, "num_format": "@"})
        date = book.add_format({**_FONT, "num_format": "yyyy-mm-dd"})
        headers = {c: book.add_format({**_HEADER, "bg_color": c}) for c in (_BLUE, _ORANGE, _GREY)}
        for page in pages:
            target = book.add_worksheet(page.name)
            for column, width in enumerate(page.widths):
                target.set_column(column, column, width, text)
            for row, line in enumerate(page.lines):
                for column, value in enumerate(line):
                    if row == 0 and isinstance(value, str):
                        colour = page.colours[column] if column < len(page.colours) else _BLUE
                        target.write_string(row, column, value, headers[colour])
                    else:
                        _write(target, row, column, value, text, date)
            target.freeze_panes(1, 1)
            target.set_row(0, 33)
            target.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
            if page.lines and page.lines[0]:
                target.autofilter(0, 0, max(1, len(page.lines) - 1), len(page.lines[0]) - 1)
            for number in page.hidden_rows:
                target.set_row(number - 1, options={"hidden": True})
            if page.hidden:
                target.hide()
    _write_bytes(path, content.getvalue())


def _write(target: Any, row: int, column: int, value: Cell, text: Any, date: Any) -> None:
    match value:
        case Formula():
            target.write_formula(row, column, value.text, None, value.result)
        case bool():
            target.write_boolean(row, column, value)
        case int() | float():
            target.write_number(row, column, value)
        case dt.date():
            target.write_datetime(row, column, value, date)
        case str() if value:
            target.write_string(row, column, value, text)
        case _:
            pass


def write_csv(path: Path, lines: Iterable[Sequence[str]], *, delimiter: str, encoding: str) -> None:
    """Write a CSV file the way spreadsheet programs do."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(lines)
    _write_bytes(path, text.getvalue().encode(encoding))


def write_pbx(path: Path, parts: Mapping[str, Any]) -> None:
    """Write what the PBX holds before, one trunk, extension or group a line."""
    write_text(path, lined(parts, deep=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, in UTF-8 and with plain line ends on every system."""
    _write_bytes(path, text.encode())


def lined(value: Any, *, deep: int, margin: str = "") -> str:
    """Write JSON with a line for each item down to a depth, and what is deeper on one line."""
    if deep and value and isinstance(value, dict | list):
        inner = margin + " "
        if isinstance(value, dict):
            items = [f"{json.dumps(k)}: {lined(v, deep=deep - 1, margin=inner)}" for k, v in value.items()]
        else:
            items = [lined(v, deep=deep - 1, margin=inner) for v in value]
        opened, closed = "{}" if isinstance(value, dict) else "[]"
        return f"{opened}\n{inner}" + f",\n{inner}".join(items) + f"\n{margin}{closed}"
    return json.dumps(value, ensure_ascii=False)


def _write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
