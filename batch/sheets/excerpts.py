"""Excerpts: some of a sheet's rows alone, below the same header, with their results beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from batch.sheets.answers import AnsweredSheet, RowResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Some rows of a sheet."""

    sheet: AnsweredSheet
    rows: Mapping[int, int]
    """Where each row of the whole sheet stands now."""

    def place(self, cell: str) -> str:
        """Return where a cell (``C14``) of the whole sheet stands now."""
        column = cell.rstrip("0123456789")
        row = int(cell[len(column) :])
        return f"{column}{self.rows.get(row, row)}"


def excerpt(sheet: AnsweredSheet, rows: Iterable[int], texts: Mapping[int, Mapping[int, str]]) -> Excerpt:
    """Take rows out of a sheet.

    Args:
        sheet: with a header.
        rows: numbers of rows below the header.
        texts: what to write instead of what stands there, by column (0 is A) and row number, where the sheet itself
            has nothing else to be written.
    """
    raw, header = sheet.raw, sheet.header_row
    if header is None:
        raise ValueError(f"{raw.name} has no header")
    kept = sorted(rows)
    places = {row: row for row in range(raw.first_row, header + 1)}
    places |= dict(zip(kept, range(header + 1, header + 1 + len(kept)), strict=True))
    columns = [[column[row - raw.first_row] for row in places] for column in raw.columns]
    replaced = {
        column: {places[row]: text for row, text in by_row.items() if row in places}
        for column, by_row in _joined(texts, sheet.replaced).items()
    }
    alone = replace(
        sheet,
        raw=replace(
            raw, columns=columns, hidden_rows=(), hidden_columns=(), merged=(), formats={}, formulas={}, struck={}
        ),
        results={places[row]: result for row, result in sheet.results.items() if row in places},
        replaced=replaced,
    )
    return Excerpt(sheet=alone, rows=places)


def _joined(
    texts: Mapping[int, Mapping[int, str]], stronger: Mapping[int, Mapping[int, str]]
) -> dict[int, Mapping[int, str]]:
    return {
        column: {**texts.get(column, {}), **stronger.get(column, {})} for column in dict.fromkeys([*texts, *stronger])
    }


def with_cells_placed(excerpts: Mapping[str, Excerpt]) -> list[AnsweredSheet]:
    """Return the sheets, with every cell that a result names (``DIDs!C14``) named as it stands now.

    Args:
        excerpts: by the name of their sheet.
    """
    names = "|".join(re.escape(name) for name in sorted(excerpts, key=len, reverse=True))
    cell = re.compile(
        rf"(?:\b(?P<sheet>{names})!|^(?=[A-Z]{{1,3}}[0-9]+: )|(?<=\bin ))(?P<cell>[A-Z]{{1,3}}[0-9]+)\b"
        r"|(?<=\b[ai][sn] row )(?P<row>[0-9]+)\b"
    )
    return [replace(one.sheet, results=_placed(one, excerpts, cell)) for one in excerpts.values()]


def _placed(one: Excerpt, excerpts: Mapping[str, Excerpt], cell: re.Pattern[str]) -> dict[int, RowResult]:
    def now(found: re.Match[str]) -> str:
        name, row = found["sheet"], found["row"]
        if row is not None:
            return str(one.rows.get(int(row), row))
        return one.place(found["cell"]) if name is None else f"{name}!{excerpts[name].place(found['cell'])}"

    anew: dict[int, RowResult] = {}
    for result in one.sheet.results.values():
        if id(result) not in anew:
            errmsg, what_to_do = cell.sub(now, result.errmsg), cell.sub(now, result.what_to_do)
            anew[id(result)] = replace(result, errmsg=errmsg, what_to_do=what_to_do)
    return {row: anew[id(result)] for row, result in one.sheet.results.items()}
