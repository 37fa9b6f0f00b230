"""Row filters: rows that are left out because the columns file says so, or because they hold no number of their own.

Rows that another system, or a column Status, marks as not in use are asked about: neither sent nor left out without a
word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from batch.schema.column_model import ListSheet, vocabulary_of
from batch.schema.dialects import RowsAre
from batch.schema.problems import Problem
from batch.tables.columns_file import toml_key, toml_list
from batch.tables.dialect_sheets import set_by_hand, told_of_work_by_hand
from batch.tables.table import Table
from batch.wording import counted, folded, letters, some_of, spans

_SPANS: Final = 12
"""So many runs of rows are named."""

_WHEN: Final = re.compile(
    r"[\s(,]+(?:(?:on|per|from|since|effective|as of|zum|am|ab|seit|le|du|au|el|desde)\s+)?"
    r"[0-9]{1,4}([./-])[0-9]{1,2}(?:\1[0-9]{0,4})?(?:[ T][0-9:.]+)?\)?\Z",
    re.IGNORECASE,
)
"""The date behind a status: ``cancelled on 01/12/2026``."""


def without_skipped(
    table: Table, problems: list[Problem], file: str, command: Callable[..., str]
) -> tuple[Table, list[Problem]]:
    """Leave out rows; on the sheet Trunks they are kept, as if their Action said skip.

    Args:
        table: the sheet.
        problems: what was found in it; what is wrong in rows that are left out is not told.
        file: the name of the columns file, if there is one.
        command: writes the command that checks the workbook, with more flags.
    """
    skipped: dict[int, str] = {}
    told = list(_by_columns_file(table, file, skipped))
    if table.sheet.required:
        pairs = zip(table.rows(), table.texts("action"), strict=True)
        actions = ["skip" if row in skipped else text for row, text in pairs]
        return replace(table, columns={**table.columns, "action": actions}), [*problems, *told]
    left = table.without(skipped.keys()) if skipped else table
    if marks := _not_in_use(left):
        told += [_asked(left, position, words, file, command) for position, words in marks.items()]
        left = replace(left, not_in_use={left.header_texts[at]: words for at, words in marks.items()})
    if (dialect := left.dialect) is not None:
        told += told_of_work_by_hand(left)
        if dialect.rows is not RowsAre.NUMBERS and isinstance(left.sheet, ListSheet):
            told += _without_own_number(left, left.sheet, skipped)
            left = left.without(skipped.keys()) if skipped else left
    kept = [problem for problem in problems if problem.row not in skipped or not problem.header]
    return replace(left, skipped=skipped), [*kept, *told]


def _at_header(table: Table, code: str, position: int, message: str, fix: str = "Nothing to do.") -> Problem:
    header = table.header_texts.get(position, "")
    return Problem(
        code=code, sheet=table.name, row=table.header_row, column=position, header=header, message=message, fix=fix
    )


def _by_columns_file(table: Table, file: str, skipped: dict[int, str]) -> Iterator[Problem]:
    for position, words in table.fit.skip_where.items():
        header = table.header_texts.get(position, "")
        wanted = {word.casefold(): word for word in words}
        found: Counter[str] = Counter()
        rows = []
        for row, text in zip(table.rows(), table.beside(position), strict=True):
            word = wanted.get(text.casefold())
            if word is not None:
                found[word] += 1
                rows.append(row)
                skipped.setdefault(row, f"{file} leaves it out: {header} is {_word(word)}.")
        if rows:
            how_many = ", ".join(f"{_word(word)} in {number:,}" for word, number in found.items())
            message = f"By {file}, {_skipped(rows, table.name)}: {header} is {how_many}."
            yield _at_header(table, "rows-skipped", position, message)
        if never := [word for word in words if not found[word]]:
            message = f"{file} leaves out rows where {header} is {' or '.join(map(_word, never))}: there are none."
            yield _at_header(
                table, "rows-skipped", position, message, f"Nothing to do, if {header} is spelled so there."
            )


def _word(word: str) -> str:
    return repr(word) if word else "blank"


def _skipped(rows: Sequence[int], name: str) -> str:
    one = len(rows) == 1
    where = some_of(spans(rows).split(", "), _SPANS)
    return f"{counted(len(rows), 'row')} of {name} {'is' if one else 'are'} skipped (row{'' if one else 's'} {where})"


def _not_in_use(table: Table) -> dict[int, Sequence[str]]:
    """Return by position what marks rows as not in use, in the words of the file."""
    meant = {*table.headers.columns.values(), *table.fit.own}
    found: dict[int, Sequence[str]] = {}
    is_useless: Callable[[str], bool]
    for position, text in sorted(table.header_texts.items()):
        header = folded(text)
        if position in meant or text.startswith("#"):
            continue
        if table.dialect is not None and table.dialect.marks(header):
            is_useless = partial(table.dialect.is_useless, header)
        elif header in vocabulary_of("statuses"):
            is_useless = vocabulary_of("not_in_use").__contains__
        else:
            continue
        useless = [text for text in dict.fromkeys(table.beside(position)) if is_useless(folded(_WHEN.sub("", text)))]
        found |= {position: useless} if useless else {}
    return found


def _asked(table: Table, position: int, words: Sequence[str], file: str, command: Callable[..., str]) -> Problem:
    header = table.header_texts[position]
    count = Counter(table.beside(position))
    how_many = " and ".join(f"{_word(word)} ({counted(count[word], 'row')})" for word in words)
    line = f"skip_where = {{{toml_key(header)} = {toml_list(words)}}}"
    section = toml_key(table.sheet.title)
    are, keep = "may not be", f"put # in front of {header} in {letters(position)}{table.header_row}"
    if table.dialect is not None and table.dialect.marks(folded(header)):
        are, keep = "are not", f"put own = {toml_list([header])} there instead"
    if file:
        leave_out = f"To leave them out, add to [{section}] in {file}: {line}"
    else:
        written = command("--write-columns", "columns.toml")
        leave_out = (
            f"To leave them out, write a columns file that does so and use it with --columns columns.toml: {written} "
            f"(under [{section}] it has the line {line})"
        )
    return _at_header(
        table,
        "rows-not-in-use",
        position,
        f"{header} is {how_many}: these numbers {are} in use, and it is not clear whether to send them.",
        f"{leave_out}. To send them anyway, {keep}.",
    )


def _without_own_number(table: Table, sheet: ListSheet, skipped: dict[int, str]) -> Iterator[Problem]:
    """Leave out rows without a number, or with one again; where a route leads is set by hand all the same."""
    position = table.headers.columns.get(sheet.number, 0)
    faulty = table.faulty.get(sheet.number, frozenset())
    by_hand = {row: f" Set by hand: {what}." for row, what in set_by_hand(table).items()}
    leads = by_hand if table.dialect and table.dialect.rows is RowsAre.ROUTES else {}
    first: dict[tuple[str, str], int] = {}
    blank, again = [], []
    for row, trunk, number in zip(table.rows(), table.texts("trunk"), table.texts(sheet.number), strict=True):
        if row in faulty:
            continue
        if not number:
            blank.append(row)
            skipped[row] = f"The row has no number.{leads.get(row, '')}"
        elif (before := first.setdefault((trunk, number), row)) != row:
            again.append(row)
            skipped[row] = f"Row {before} has the same number.{by_hand.get(row, '')}"
    if blank:
        why = "it has no number" if len(blank) == 1 else "they have no number"
        yield _at_header(table, "rows-skipped", position, f"{_skipped(blank, table.name)}: {why}.")
    if again:
        why = "its number is in a row above it" if len(again) == 1 else "their numbers are in rows above them"
        yield _at_header(table, "rows-skipped", position, f"{_skipped(again, table.name)}: {why}.")
